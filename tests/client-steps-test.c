/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test-listening.h"
#include "test-peer.h"

/* What handlers of notify are told of the client's state, and what they may do then. */

static void
say (int         fd,
     const char *text)
{
  g_assert_cmpint (write (fd, text, strlen (text)), ==, strlen (text));
}

/* One end of a pair whose other end has greeted already. */
static GIOStream *
greeted_stream (int *peer_fd)
{
  GIOStream *stream = test_socketpair (peer_fd);

  say (*peer_fd, PEER_GREETING);
  return stream;
}

static QmpClient *
new_client (void)
{
  return g_object_new (QMP_TYPE_CLIENT, "negotiate", FALSE, NULL);
}

static void
open_blocking (QmpClient *client,
               int       *peer_fd)
{
  g_autoptr (GIOStream) stream = greeted_stream (peer_fd);
  g_autoptr (GError) error = NULL;

  g_assert_true (qmp_client_open_stream (client, stream, NULL, &error));
  g_assert_no_error (error);
}

/* What a handler does, once, when it is told of that runstate, or of the greeting. */
typedef void (* Deed) (QmpClient *client,
                       gpointer   data);

typedef struct {
  QmpRunstate  when;
  Deed         deed;
  gpointer     data;
  gboolean     done;
} Doing;

static void
runstate_cb (QmpClient  *client,
             GParamSpec *pspec,
             Doing      *doing)
{
  if (doing->done || qmp_client_get_runstate (client) != doing->when)
    return;
  doing->done = TRUE;
  doing->deed (client, doing->data);
  /* It sees its own step to its end. */
  g_assert_cmpint (qmp_client_get_runstate (client), ==, doing->when);
}

static void
close_blocking (QmpClient *client,
                gpointer   data)
{
  g_assert_true (qmp_client_close (client, NULL, NULL));
}

static void
close_async (QmpClient *client,
             gpointer   data)
{
  qmp_client_close_async (client, NULL, NULL, NULL);
}

static const Deed closings[] = { close_async, close_blocking };

static void
assert_opens_again (QmpClient *client)
{
  int peer_fd;

  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_IDLE);
  open_blocking (client, &peer_fd);
  g_assert_true (qmp_client_close (client, NULL, NULL));
  test_client_free (client);
  close (peer_fd);
}

/* Opens in the background, which has to fail because the client is closed meanwhile. */
static void
open_in_vain (QmpClient *client)
{
  int peer_fd;
  g_autoptr (GIOStream) stream = greeted_stream (&peer_fd);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  qmp_client_open_stream_async (client, stream, NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_IDLE);
  g_assert_false (qmp_client_open_stream_finish (client, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_spin_ready ();
  close (peer_fd);
}

/* Handlers before and behind the one that does something see the same. */
static void
test_all_handlers (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (closings); i++)
    {
      QmpClient *client = new_client ();
      TestLog *before = test_log_new (client);
      Doing doing = { QMP_RUNSTATE_RUNNING, closings[i] };
      gulong handler = g_signal_connect (client, "notify::runstate", G_CALLBACK (runstate_cb), &doing);
      TestLog *behind = test_log_new (client);

      open_in_vain (client);
      g_assert_cmpstr (test_log_get (before), ==, "CONNECTING RUNNING DISCONNECTING IDLE closed");
      g_assert_cmpstr (test_log_get (behind), ==, test_log_get (before));
      g_signal_handler_disconnect (client, handler);
      test_log_free (before);
      test_log_free (behind);
      assert_opens_again (client);
    }
}

static void
greeting_cb (QmpClient  *client,
             GParamSpec *pspec,
             Doing      *doing)
{
  QmpRunstate told = qmp_client_get_runstate (client);

  /* The two change together. */
  g_assert_cmpint (told, ==, qmp_client_get_greeting (client) != NULL ? QMP_RUNSTATE_RUNNING : QMP_RUNSTATE_CONNECTING);
  if (told == doing->when)
    doing->deed (client, doing->data);
}

/* A client that is closed when it has seen the server's version, or when it hears that the last one does not count any
 * more. */
static void
test_close_in_greeting (void)
{
  const QmpRunstate steps[] = { QMP_RUNSTATE_RUNNING, QMP_RUNSTATE_CONNECTING };

  for (guint i = 0; i < G_N_ELEMENTS (closings) * G_N_ELEMENTS (steps); i++)
    {
      QmpClient *client = new_client ();
      Doing doing = { steps[i / 2], closings[i % 2] };
      gulong handler;
      int peer_fd;

      /* So that there is a greeting to go. */
      open_blocking (client, &peer_fd);
      g_assert_true (qmp_client_close (client, NULL, NULL));
      close (peer_fd);
      handler = g_signal_connect (client, "notify::greeting", G_CALLBACK (greeting_cb), &doing);
      open_in_vain (client);
      g_signal_handler_disconnect (client, handler);
      assert_opens_again (client);
    }
}

static void
refused_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  guint *n_refused = user_data;
  g_autoptr (GError) error = NULL;

  g_assert_false (qmp_client_open_stream_finish (QMP_CLIENT (object), result, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  (*n_refused)++;
}

typedef struct {
  GIOStream *stream;
  guint      n_refused;
} Another;

static void
open_another (QmpClient *client,
              gpointer   data)
{
  Another *another = data;

  qmp_client_open_stream_async (client, another->stream, NULL, refused_cb, &another->n_refused);
}

/* There is one opening at a time, whatever step is told. */
static void
test_open_in_greeting (void)
{
  int fds[2], peer_fd;
  QmpClient *client = new_client ();
  Another another = { greeted_stream (&fds[0]) };
  Doing doing = { QMP_RUNSTATE_CONNECTING, open_another, &another };
  g_autoptr (GIOStream) stream = greeted_stream (&fds[1]);
  g_autoptr (GError) error = NULL;
  gulong handler;

  open_blocking (client, &peer_fd);
  g_assert_true (qmp_client_close (client, NULL, NULL));
  close (peer_fd);
  handler = g_signal_connect (client, "notify::greeting", G_CALLBACK (greeting_cb), &doing);
  g_assert_true (test_open_stream (client, stream, &error));
  g_assert_no_error (error);
  test_spin_until (another.n_refused == 1);
  g_signal_handler_disconnect (client, handler);
  g_assert_true (qmp_client_close (client, NULL, NULL));
  test_client_free (client);
  g_object_unref (another.stream);
  close (fds[0]);
  close (fds[1]);
}

static void
accept_refused_cb (GObject      *object,
                   GAsyncResult *result,
                   gpointer      user_data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (qmp_client_accept_finish (QMP_CLIENT (object), result, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  (*(guint *) user_data)++;
}

static void
accept_another (QmpClient *client,
                gpointer   data)
{
  qmp_client_accept_async (client, NULL, accept_refused_cb, data);
}

static void
test_accept_in_greeting (void)
{
  TestListening fixture;
  guint n_refused = 0;
  Doing doing = { QMP_RUNSTATE_RUNNING, accept_another, &n_refused };
  TestPeer *peer;
  gulong handler;

  test_listening_begin (&fixture);
  handler = g_signal_connect (fixture.client, "notify::greeting", G_CALLBACK (greeting_cb), &doing);
  peer = test_peer_start_connecting (fixture.address, PEER_HANDSHAKE, PEER_EXPECT_EOF);
  test_accept_well (&fixture);
  test_spin_until (n_refused == 1);
  g_signal_handler_disconnect (fixture.client, handler);
  g_assert_true (qmp_client_close (fixture.client, NULL, NULL));
  test_listening_clear (&fixture);
  test_peer_finish (peer);
}

/* blocking calls */

/* Nothing is told within one, and all of it afterwards; the property is right at once. */
static void
test_blocking (void)
{
  int peer_fd;
  QmpClient *client = new_client ();
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (GError) error = NULL;

  open_blocking (client, &peer_fd);
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_RUNNING);
  shutdown (peer_fd, SHUT_WR);
  g_assert_null (qmp_client_execute (client, "x", NULL, NULL, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_IDLE);
  g_assert_cmpstr (test_log_get (log), ==, "");
  test_spin_until (test_log_has (log, "closed(broken-pipe)"));
  g_assert_cmpstr (test_log_get (log), ==, "CONNECTING RUNNING DISCONNECTING IDLE closed(broken-pipe)");
  close (peer_fd);
  g_clear_pointer (&log, test_log_free);
  test_client_free (client);
}

/* What a blocking call owes is told before the next step. */
static void
test_in_order (void)
{
  int fds[2];
  QmpClient *client = new_client ();
  TestLog *log = test_log_new (client);
  g_autoptr (GIOStream) stream = greeted_stream (&fds[1]);
  g_autoptr (GAsyncResult) result = NULL;

  open_blocking (client, &fds[0]);
  g_assert_true (qmp_client_close (client, NULL, NULL));
  qmp_client_open_stream_async (client, stream, NULL, test_result_cb, &result);
  g_assert_cmpstr (test_log_get (log), ==, "CONNECTING RUNNING DISCONNECTING IDLE CONNECTING");
  test_spin_until (result != NULL);
  g_assert_true (qmp_client_open_stream_finish (client, result, NULL));
  g_assert_true (qmp_client_close (client, NULL, NULL));
  g_clear_object (&result);
  test_spin_ready ();
  test_log_free (log);
  test_client_free (client);
  close (fds[0]);
  close (fds[1]);
}

/* main loops */

static void
running_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_assert_true (qmp_client_open_stream_finish (QMP_CLIENT (object), result, NULL));
  g_assert_cmpint (qmp_client_get_runstate (QMP_CLIENT (object)), ==, QMP_RUNSTATE_RUNNING);
  *(gboolean *) user_data = TRUE;
}

static void
spin_until (QmpClient *client,
            gpointer   condition)
{
  test_spin_until (*(gboolean *) condition);
}

/* A handler of CONNECTING waits for the callback, in which the client runs. */
static void
test_loop_in_handler (void)
{
  int peer_fd;
  QmpClient *client = new_client ();
  gboolean opened = FALSE;
  Doing doing = { QMP_RUNSTATE_CONNECTING, spin_until, &opened };
  g_autoptr (GIOStream) stream = greeted_stream (&peer_fd);
  TestLog *log;

  g_signal_connect (client, "notify::runstate", G_CALLBACK (runstate_cb), &doing);
  log = test_log_new (client);
  qmp_client_open_stream_async (client, stream, NULL, running_cb, &opened);
  g_assert_true (opened);
  g_assert_cmpstr (test_log_get (log), ==, "CONNECTING RUNNING");
  g_assert_true (qmp_client_close (client, NULL, NULL));
  test_spin_ready ();
  test_log_free (log);
  test_client_free (client);
  close (peer_fd);
}

/* closing */

static void
execute_much (QmpClient *client)
{
  g_autofree char *text = g_strnfill (4 * 1024 * 1024, 'x');
  g_autoptr (JsonNode) arguments = test_json ("{}");

  json_object_set_string_member (json_node_get_object (arguments), "text", text);
  qmp_client_execute_async (client, "much", arguments, NULL, NULL, NULL);
}

static void
close_with_much (QmpClient *client,
                 gpointer   data)
{
  execute_much (client);
  qmp_client_close_async (client, NULL, NULL, NULL);
}

/* Flushing takes its time; who opened is told behind that, so that the client is idle then. */
static void
test_close_that_flushes (void)
{
  QmpClient *client = new_client ();
  Doing doing = { QMP_RUNSTATE_RUNNING, close_with_much };
  gulong handler = g_signal_connect (client, "notify::runstate", G_CALLBACK (runstate_cb), &doing);

  qmp_client_set_close_timeout (client, 50);
  open_in_vain (client);
  g_signal_handler_disconnect (client, handler);
  assert_opens_again (client);
}

typedef struct {
  int           peer_fd;
  GAsyncResult *result;
} Next;

/* Its close is another than the one that it is told of. */
static void
close_open_close (QmpClient *client,
                  gpointer   data)
{
  Next *next = data;

  g_assert_true (qmp_client_close (client, NULL, NULL));
  open_blocking (client, &next->peer_fd);
  execute_much (client);
  qmp_client_close_async (client, NULL, test_result_cb, &next->result);
}

static void
test_close_in_close (void)
{
  int peer_fd;
  QmpClient *client = new_client ();
  Next next = { -1 };
  Doing doing = { QMP_RUNSTATE_DISCONNECTING, close_open_close, &next };
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  TestLog *log;

  open_blocking (client, &peer_fd);
  test_spin_ready ();
  qmp_client_set_close_timeout (client, 50);
  g_signal_connect (client, "notify::runstate", G_CALLBACK (runstate_cb), &doing);
  log = test_log_new (client);
  qmp_client_close_async (client, NULL, test_result_cb, &result);
  test_spin_until (result != NULL && next.result != NULL);
  g_assert_true (qmp_client_close_finish (client, result, NULL));
  g_assert_false (qmp_client_close_finish (client, next.result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  test_spin_ready ();
  g_assert_cmpuint (test_log_count (log, "closed"), ==, 2);
  g_assert_true (g_str_has_prefix (test_log_get (log),
                                   "DISCONNECTING IDLE CONNECTING RUNNING DISCONNECTING"));
  g_assert_cmpuint (test_log_count (log, "IDLE"), ==, 2);
  g_clear_object (&result);
  g_clear_object (&next.result);
  test_log_free (log);
  test_client_free (client);
  close (peer_fd);
  close (next.peer_fd);
}

/* An opening that was closed by a handler is over, and its place free for the next, which no longer has anything to
 * do with it. */
static void
open_after_delivery (QmpClient *client,
                     gpointer   data)
{
  Next *next = data;
  gboolean *delivered = (gboolean *) &next->result;
  g_autoptr (GIOStream) stream = greeted_stream (&next->peer_fd);

  g_assert_true (qmp_client_close (client, NULL, NULL));
  test_spin_until (*delivered);
  g_assert_true (qmp_client_open_stream (client, stream, NULL, NULL));
}

static void
cancelled_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      user_data)
{
  Next *next = user_data;
  g_autoptr (GError) error = NULL;

  g_assert_false (qmp_client_open_finish (QMP_CLIENT (object), result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  next->result = (gpointer) TRUE;
}

static void
test_open_in_opening (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_ACCEPT, PEER_EXPECT_EOF);
  QmpClient *client = new_client ();
  Next next = { -1 };
  Doing doing = { QMP_RUNSTATE_CONNECTING, open_after_delivery, &next };
  g_autoptr (JsonNode) value = NULL;
  TestLog *log;

  g_signal_connect (client, "notify::runstate", G_CALLBACK (runstate_cb), &doing);
  log = test_log_new (client);
  qmp_client_open_async (client, test_peer_get_address (peer), NULL, cancelled_cb, &next);
  test_spin_ready ();
  g_assert_cmpstr (test_log_get (log), ==, "CONNECTING DISCONNECTING IDLE CONNECTING RUNNING");
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_RUNNING);
  g_assert_true (qmp_client_close (client, NULL, NULL));
  test_spin_ready ();
  test_log_free (log);
  test_client_free (client);
  test_peer_finish (peer);
  close (next.peer_fd);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/steps/all-handlers", test_all_handlers);
  g_test_add_func ("/steps/close-in-greeting", test_close_in_greeting);
  g_test_add_func ("/steps/open-in-greeting", test_open_in_greeting);
  g_test_add_func ("/steps/accept-in-greeting", test_accept_in_greeting);
  g_test_add_func ("/steps/blocking", test_blocking);
  g_test_add_func ("/steps/in-order", test_in_order);
  g_test_add_func ("/steps/loop-in-handler", test_loop_in_handler);
  g_test_add_func ("/steps/close-that-flushes", test_close_that_flushes);
  g_test_add_func ("/steps/close-in-close", test_close_in_close);
  g_test_add_func ("/steps/open-in-opening", test_open_in_opening);
  return g_test_run ();
}
