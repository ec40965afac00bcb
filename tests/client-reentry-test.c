/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <malloc.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test-peer.h"

/* Calls from inside of callbacks, where the link is about to end, or has ended unnoticed. */

#define SHORT_EVENT(name) "{\"event\": \"" name "\"}\r\n"

/* A link without a handshake, whose far end the test writes to itself. */
static void
open_pair (QmpClient *client,
           int       *peer_fd)
{
  g_autoptr (GIOStream) stream = test_socketpair (peer_fd);
  g_autoptr (GError) error = NULL;

  g_assert_true (qmp_client_open_stream (client, stream, NULL, &error));
  g_assert_no_error (error);
}

static QmpClient *
build_client (int *peer_fd)
{
  QmpClient *client = qmp_client_new (NULL);

  qmp_client_set_await_greeting (client, FALSE);
  qmp_client_set_negotiate (client, FALSE);
  open_pair (client, peer_fd);
  return client;
}

static void
say (int         fd,
     const char *text)
{
  g_assert_cmpint (write (fd, text, strlen (text)), ==, strlen (text));
}

static void
close_and_free (QmpClient *client,
                int        peer_fd)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (test_close (client, &error));
  g_assert_no_error (error);
  test_client_free (client);
  close (peer_fd);
}

/* Takes the result. */
static void
assert_wait_interrupted (QmpClient     *client,
                         GAsyncResult **result)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (qmp_client_execute_and_wait_finish (client, *result, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
  g_clear_object (result);
}

/* sending, while something waits in the socket */

typedef struct {
  int           peer_fd;
  int           fd;
  gboolean      sent;
  GAsyncResult *result;
} Sending;

static void
send_in_event_cb (QmpClient *client,
                  QmpEvent  *event,
                  Sending   *sending)
{
  g_autoptr (QmpEventMatch) wanted = TEST_MATCH ("Z");
  g_autoptr (QmpMessage) message = test_message ("{\"execute\": \"x\"}");
  g_autoptr (GError) error = NULL;

  if (sending->sent)
    return;
  sending->sent = TRUE;
  say (sending->peer_fd, SHORT_EVENT ("B"));
  qmp_client_execute_and_wait_async (client, message, wanted, NULL, test_result_cb, &sending->result);
  g_assert_true (qmp_client_send_fd (client, sending->fd, &error));
  g_assert_no_error (error);
}

/* The listener gets what came meanwhile, from inside of the delivery of another event. */
static void
test_send_in_event (void)
{
  Sending sending = { .fd = open ("/dev/null", O_RDONLY | O_CLOEXEC) };
  QmpClient *client = build_client (&sending.peer_fd);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);

  qmp_client_add_listener (client, listener);
  g_signal_connect (client, "event", G_CALLBACK (send_in_event_cb), &sending);
  say (sending.peer_fd, SHORT_EVENT ("A"));
  test_spin_until (qmp_event_listener_get_n_events (listener) == 2);
  say (sending.peer_fd, SHORT_EVENT ("C"));
  test_spin_until (qmp_event_listener_get_n_events (listener) == 3);
  test_assert_drain (listener, "A B C");

  qmp_client_close (client, NULL, NULL);
  test_spin_until (sending.result != NULL);
  assert_wait_interrupted (client, &sending.result);
  close_and_free (client, sending.peer_fd);
  close (sending.fd);
}

/* a server that is gone */

static void
check_server_gone (gboolean blocking)
{
  int peer_fd;
  QmpClient *client = build_client (&peer_fd);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpEventMatch) match = qmp_event_match_new (NULL);
  g_autoptr (QmpMessage) message = test_message ("{\"execute\": \"x\"}");
  g_autoptr (GAsyncResult) waited = NULL;
  g_autoptr (GAsyncResult) closed = NULL;

  close (peer_fd);
  qmp_client_execute_and_wait_async (client, message, match, NULL, test_result_cb, &waited);
  if (blocking)
    qmp_client_close (client, NULL, NULL);
  else
    qmp_client_close_async (client, NULL, test_result_cb, &closed);
  test_spin_until (waited != NULL && (blocking || closed != NULL));
  assert_wait_interrupted (client, &waited);
  g_clear_object (&closed);
  test_spin_ready ();
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_IDLE);
  g_assert_nonnull (strstr (test_log_get (log), "DISCONNECTING IDLE"));
  g_assert_nonnull (strstr (test_log_get (log), "closed"));
  g_assert_true (strstr (test_log_get (log), "closed") == g_strrstr (test_log_get (log), "closed"));
  test_client_free (client);
}

static void
test_server_gone (void)
{
  check_server_gone (FALSE);
}

static void
test_server_gone_blocking (void)
{
  check_server_gone (TRUE);
}

/* closing from inside of a failed opening */

static void
close_in_runstate_cb (QmpClient     *client,
                      GParamSpec    *pspec,
                      GAsyncResult **result)
{
  if (qmp_client_get_runstate (client) == QMP_RUNSTATE_DISCONNECTING)
    qmp_client_close_async (client, NULL, test_result_cb, result);
}

static void
test_close_in_failed_open (void)
{
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new ("/nonexistent/x");
  g_autoptr (GAsyncResult) opened = NULL;
  g_autoptr (GAsyncResult) closed = NULL;
  g_autoptr (GError) error = NULL;

  g_signal_connect (client, "notify::runstate", G_CALLBACK (close_in_runstate_cb), &closed);
  qmp_client_open_async (client, G_SOCKET_CONNECTABLE (address), NULL, test_result_cb, &opened);
  test_spin_until (opened != NULL && closed != NULL);
  g_assert_false (qmp_client_open_finish (client, opened, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_true (qmp_client_close_finish (client, closed, &error));
  g_assert_no_error (error);
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_IDLE);
  g_clear_object (&opened);
  g_clear_object (&closed);
  test_client_free (client);
}

/* reopening from inside of the end */

typedef struct {
  TestPeer         *peer;
  QmpEventListener *listener; /* nullable: somebody waits for an event of the new link */
  TestLog          *log;
  gboolean          reopened;
  GAsyncResult     *result;
} Reopening;

static void
reopen_cb (QmpClient  *client,
           GParamSpec *pspec,
           Reopening  *reopening)
{
  g_autoptr (GError) error = NULL;

  if (qmp_client_get_runstate (client) != QMP_RUNSTATE_DISCONNECTING || reopening->reopened)
    return;
  reopening->reopened = TRUE;
  g_assert_true (qmp_client_close (client, NULL, &error));
  g_assert_no_error (error);
  qmp_client_open_async (client, test_peer_get_address (reopening->peer), NULL, test_result_cb, &reopening->result);
  /* That is told to all handlers first. */
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_DISCONNECTING);
  if (reopening->listener != NULL)
    qmp_event_listener_next_async (reopening->listener, -1, NULL, test_log_next_cb, reopening->log);
}

static void
assert_reopened (QmpClient *client,
                 Reopening *reopening)
{
  g_autoptr (GError) error = NULL;

  test_spin_until (reopening->result != NULL);
  g_assert_true (qmp_client_open_finish (client, reopening->result, &error));
  g_assert_no_error (error);
  g_clear_object (&reopening->result);
  test_spin_ready ();
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_RUNNING);
}

static void
test_reopen_in_execute (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, PEER_CLOSE, PEER_TELL,
                                    PEER_HANDSHAKE, PEER_EXPECT ("again"), PEER_REPLY ("1"));
  Reopening reopening = { .peer = peer };
  QmpClient *client = test_peer_open (peer);
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;
  gulong handler = g_signal_connect (client, "notify::runstate", G_CALLBACK (reopen_cb), &reopening);

  test_peer_wait_told (peer, 1);
  g_assert_null (qmp_client_execute (client, "x", NULL, NULL, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
  g_clear_error (&error);
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_IDLE);
  assert_reopened (client, &reopening);
  value = test_execute (client, "again", &error);
  g_assert_no_error (error);
  test_assert_json (value, "1");
  g_signal_handler_disconnect (client, handler);
  test_peer_close (peer, client);
}

/* Who waits for an event of the new link is not told of the end of the old one. */
static void
test_wait_in_reopen (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, PEER_WAIT, PEER_CLOSE,
                                    PEER_HANDSHAKE, PEER_WAIT, PEER_EVENT ("NEW"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);
  Reopening reopening = { .peer = peer, .listener = listener, .log = log };
  gulong handler = g_signal_connect (client, "notify::runstate", G_CALLBACK (reopen_cb), &reopening);

  qmp_client_add_listener (client, listener);
  test_peer_signal (peer);
  assert_reopened (client, &reopening);
  test_log_clear (log);
  test_peer_signal (peer);
  test_spin_until (test_log_has (log, "next(NEW)"));
  g_assert_cmpstr (test_log_get (log), ==, "NEW next(NEW)");
  g_signal_handler_disconnect (client, handler);
  test_peer_close (peer, client);
}

/* Who waited for an event of the old link is told of its end, however soon the next one was there. */
static void
test_waiter_of_old_link (void)
{
  int peer_fd;
  QmpClient *client = build_client (&peer_fd);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);
  g_autoptr (GError) error = NULL;

  qmp_client_add_listener (client, listener);
  qmp_event_listener_next_async (listener, -1, NULL, test_log_next_cb, log);
  close (peer_fd);
  g_assert_null (qmp_client_execute (client, "x", NULL, NULL, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
  open_pair (client, &peer_fd);
  say (peer_fd, SHORT_EVENT ("NEW"));
  test_spin_until (test_log_has (log, "next(interrupted)") && test_log_has (log, "NEW"));
  g_assert_cmpuint (test_log_count (log, "next(interrupted)"), ==, 1);
  g_assert_cmpuint (test_log_count (log, "next(NEW)"), ==, 0);
  test_assert_drain (listener, "NEW");
  close_and_free (client, peer_fd);
}

/* listeners */

typedef struct {
  int               peer_fd;
  QmpEventListener *listener;
  TestLog          *log;
} Asking;

static gboolean
ask_twice_cb (gpointer user_data)
{
  Asking *asking = user_data;

  qmp_event_listener_next_async (asking->listener, -1, NULL, test_log_next_cb, asking->log);
  qmp_event_listener_next_async (asking->listener, -1, NULL, test_log_next_cb, asking->log);
  say (asking->peer_fd, SHORT_EVENT ("B"));
  return G_SOURCE_REMOVE;
}

/* The first gets what is queued, the second what comes next, in that order. */
static void
test_two_waiters (void)
{
  Asking asking;
  QmpClient *client = build_client (&asking.peer_fd);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);

  asking.listener = listener;
  asking.log = log;
  qmp_client_add_listener (client, listener);
  say (asking.peer_fd, SHORT_EVENT ("A"));
  test_spin_until (test_log_has (log, "A"));
  g_assert_cmpuint (qmp_event_listener_get_n_events (listener), ==, 1);
  test_log_clear (log);

  g_idle_add_full (G_PRIORITY_DEFAULT, ask_twice_cb, &asking, NULL);
  test_spin_until (test_log_has (log, "next(A)") && test_log_has (log, "next(B)"));
  g_assert_cmpstr (test_log_get (log), ==, "next(A) B next(B)");
  close_and_free (client, asking.peer_fd);
}

typedef struct {
  QmpEventListener *listener;
  guint             n_calls;
  guint             n_destroyed;
} Filtering;

static void
filter_destroyed (gpointer user_data)
{
  ((Filtering *) user_data)->n_destroyed++;
}

static gboolean
replace_filter (QmpEvent *event,
                gpointer  user_data)
{
  Filtering *filtering = user_data;

  filtering->n_calls++;
  test_set_filter (filtering->listener, NULL, NULL, NULL);
  /* It is still in use. */
  g_assert_cmpuint (filtering->n_destroyed, ==, 0);
  return TRUE;
}

static void
test_filter_replaces_itself (void)
{
  int peer_fd;
  Filtering filtering = { 0 };
  QmpClient *client = build_client (&peer_fd);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);

  qmp_client_add_listener (client, listener);
  filtering.listener = listener;
  test_set_filter (listener, replace_filter, &filtering, filter_destroyed);
  say (peer_fd, SHORT_EVENT ("A") SHORT_EVENT ("B"));
  test_spin_until (qmp_event_listener_get_n_events (listener) == 2);
  test_assert_drain (listener, "A B");
  g_assert_cmpuint (filtering.n_calls, ==, 1);
  g_assert_cmpuint (filtering.n_destroyed, ==, 1);
  close_and_free (client, peer_fd);
}

/* what was lost */

static void
check_lost_output (gboolean blocking)
{
  int peer_fd;
  QmpClient *client = build_client (&peer_fd);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (shutdown (peer_fd, SHUT_RD), ==, 0);
  test_log_execute_async (log, "stop", client, "stop", NULL);
  g_assert_false (blocking ? qmp_client_close (client, NULL, &error) : test_close (client, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_IDLE);
  test_spin_until (test_log_has (log, "closed"));
  g_assert_cmpuint (test_log_count (log, "stop!interrupted"), ==, 1);
  test_client_free (client);
  close (peer_fd);
}

static void
test_lost_output (void)
{
  check_lost_output (FALSE);
}

static void
test_lost_output_blocking (void)
{
  check_lost_output (TRUE);
}

static void
assert_far_end_closed (int peer_fd)
{
  char byte;

  g_assert_cmpint (recv (peer_fd, &byte, 1, MSG_DONTWAIT), ==, 0);
}

/* The stream is the client's from the call on, whatever becomes of it. */
static void
test_open_cancelled (void)
{
  int peer_fd;
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (GIOStream) stream = test_socketpair (&peer_fd);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_false (qmp_client_open_stream (client, stream, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (g_io_stream_is_closed (stream));
  assert_far_end_closed (peer_fd);
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_IDLE);
  test_client_free (client);
  close (peer_fd);
}

static void
test_open_cancelled_async (void)
{
  int peer_fd;
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (GIOStream) stream = test_socketpair (&peer_fd);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  qmp_client_open_stream_async (client, stream, cancellable, test_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_false (qmp_client_open_stream_finish (client, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_far_end_closed (peer_fd);
  g_assert_true (g_io_stream_is_closed (stream));
  g_clear_object (&result);
  test_client_free (client);
  close (peer_fd);
}

/* A call that was cancelled is told in its place, too. */
static void
test_cancelled_then_closed (void)
{
  int peer_fd;
  QmpClient *client = build_client (&peer_fd);
  TestLog *log = test_log_new (client);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  test_log_execute_async (log, "a", client, "a", cancellable);
  test_spin_ready ();
  g_cancellable_cancel (cancellable);
  qmp_client_close_async (client, NULL, NULL, NULL);
  test_spin_until (test_log_has (log, "closed"));
  g_assert_cmpstr (test_log_get (log), ==, "DISCONNECTING a!interrupted IDLE closed");

  test_log_free (log);
  close_and_free (client, peer_fd);
}

/* handlers of "notify::runstate" */

static void
run_loop_cb (QmpClient *client)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* Who waits for an event is told before "closed", also where a handler runs a main loop in the middle of the end. The
 * log hears of each step, when the handlers before it are through with it. */
static void
test_loop_in_runstate (void)
{
  int peer_fd;
  QmpClient *client = build_client (&peer_fd);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);
  TestLog *log;

  qmp_client_add_listener (client, listener);
  g_signal_connect (client, "notify::runstate", G_CALLBACK (run_loop_cb), NULL);
  log = test_log_new (client);
  qmp_event_listener_next_async (listener, -1, NULL, test_log_next_cb, log);
  close (peer_fd);
  test_spin_until (test_log_count (log, "IDLE") > 0 && !g_main_context_pending (NULL));
  g_assert_cmpstr (test_log_get (log), ==, "next(interrupted) closed(broken-pipe) DISCONNECTING IDLE");

  test_log_free (log);
  test_client_free (client);
}

static void
drop_cb (QmpClient  *client,
         GParamSpec *pspec,
         QmpClient **last)
{
  run_loop_cb (client);
  g_clear_object (last);
}

/* The last reference goes while handlers are told that it was closed: the opening, which held it too, is over by then. */
static void
test_drop_in_close (void)
{
  int peer_fd;
  g_autoptr (GIOStream) stream = test_socketpair (&peer_fd);
  QmpClient *client = qmp_client_new (NULL);
  QmpClient *watched = client;

  g_object_add_weak_pointer (G_OBJECT (client), (gpointer *) &watched);
  qmp_client_open_stream_async (client, stream, NULL, NULL, NULL);
  g_signal_connect (client, "notify::runstate", G_CALLBACK (drop_cb), &client);
  g_assert_true (qmp_client_close (client, NULL, NULL));
  test_spin_until (watched == NULL);
  g_assert_null (client);
  close (peer_fd);
}

/* without a main loop, for long */

static void
run_cycles (QmpClient *client,
            guint      n_cycles)
{
  for (guint i = 0; i < n_cycles; i++)
    {
      int peer_fd;

      open_pair (client, &peer_fd);
      g_assert_true (qmp_client_close (client, NULL, NULL));
      close (peer_fd);
    }
}

/* Nothing is left for a main loop that never runs. */
static void
test_many_cycles (void)
{
  gboolean few = TEST_FEW;
  int peer_fd;
  QmpClient *client = build_client (&peer_fd);
  gsize before, after;

  g_assert_true (qmp_client_close (client, NULL, NULL));
  close (peer_fd);
  run_cycles (client, 50);
  before = mallinfo2 ().uordblks;
  run_cycles (client, few ? 50 : 2000);
  after = mallinfo2 ().uordblks;
  if (!few)
    g_assert_cmpuint (after, <, before + 32 * 1024);
  /* It would want to be delivered. */
  g_assert_false (g_main_context_pending (NULL));
  g_assert_finalize_object (client);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/client/reentry/send-in-event", test_send_in_event);
  g_test_add_func ("/client/reentry/server-gone", test_server_gone);
  g_test_add_func ("/client/reentry/server-gone-blocking", test_server_gone_blocking);
  g_test_add_func ("/client/reentry/close-in-failed-open", test_close_in_failed_open);
  g_test_add_func ("/client/reentry/reopen-in-execute", test_reopen_in_execute);
  g_test_add_func ("/client/reentry/wait-in-reopen", test_wait_in_reopen);
  g_test_add_func ("/client/reentry/waiter-of-old-link", test_waiter_of_old_link);
  g_test_add_func ("/client/reentry/two-waiters", test_two_waiters);
  g_test_add_func ("/client/reentry/filter-replaces-itself", test_filter_replaces_itself);
  g_test_add_func ("/client/reentry/lost-output", test_lost_output);
  g_test_add_func ("/client/reentry/lost-output-blocking", test_lost_output_blocking);
  g_test_add_func ("/client/reentry/open-cancelled", test_open_cancelled);
  g_test_add_func ("/client/reentry/open-cancelled-async", test_open_cancelled_async);
  g_test_add_func ("/client/reentry/cancelled-then-closed", test_cancelled_then_closed);
  g_test_add_func ("/client/reentry/loop-in-runstate", test_loop_in_runstate);
  g_test_add_func ("/client/reentry/drop-in-close", test_drop_in_close);
  g_test_add_func ("/client/reentry/many-cycles", test_many_cycles);
  return g_test_run ();
}
