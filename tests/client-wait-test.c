/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/ioctl.h>

#include "test-peer.h"
#include "test-server.h"

/* A command and the event that it brings. Each case in both forms: in the background, and blocking. */

#define RETURN "{\"return\": {}, \"id\": @}\r\n"

typedef enum {
  ASYNC,
  BLOCKING,
} Form;

static Form form;

/* Runs one to its end: "event NAME", or the error's word. */
static char *
run (QmpClient         *client,
     const char        *text,
     QmpEventMatch     *match,
     GCancellable      *cancellable,
     char             **message)
{
  g_autoptr (QmpMessage) command = test_message (text);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (QmpEvent) event = NULL;
  g_autoptr (GError) error = NULL;

  if (form == BLOCKING)
    {
      event = qmp_client_execute_and_wait (client, command, match, cancellable, &error);
    }
  else
    {
      qmp_client_execute_and_wait_async (client, command, match, cancellable, test_result_cb, &result);
      test_spin_until (result != NULL);
      event = qmp_client_execute_and_wait_finish (client, result, &error);
    }
  g_assert_true ((event == NULL) == (error != NULL));
  if (message != NULL)
    *message = g_strdup (error != NULL ? error->message : "");
  if (error != NULL)
    return test_error_word (error);
  return g_strconcat ("event ", qmp_event_get_name (event), NULL);
}

#define assert_run(client, text, match, expected)                                        \
  G_STMT_START {                                                                            \
    g_autofree char *test_word = run (client, text, match, NULL, NULL);                  \
    g_assert_cmpstr (test_word, ==, expected);                                              \
  } G_STMT_END

#define assert_run_text(client, text, match, cancellable, expected, part)                \
  G_STMT_START {                                                                            \
    g_autofree char *test_text = NULL;                                                      \
    g_autofree char *test_word = run (client, text, match, cancellable, &test_text);     \
    g_assert_cmpstr (test_word, ==, expected);                                              \
    if (strstr (test_text, part) == NULL)                                                   \
      g_error ("“%s” does not have “%s” in it", test_text, part);                           \
  } G_STMT_END

#define COMMAND(name) "{\"execute\": \"" name "\"}"

/* where the event stands */

static void
test_place (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("before"), PEER_EVENT ("X"), PEER_EVENT ("E"), PEER_REPLY ("{}"),
                                    PEER_EXPECT ("behind"), PEER_REPLY ("{}"), PEER_EVENT ("X"), PEER_EVENT ("E"),
                                    PEER_EXPECT ("chunk-before"), PEER_SEND_FOR (PEER_EVENT_TEXT ("E") RETURN),
                                    PEER_EXPECT ("chunk-behind"), PEER_SEND_FOR (RETURN PEER_EVENT_TEXT ("E")),
                                    PEER_EXPECT ("bytes"), PEER_SEND_FOR_CHUNKS (RETURN PEER_EVENT_TEXT ("E"), 1),
                                    PEER_EXPECT ("twice"), PEER_EVENT ("E"), PEER_EVENT ("E"), PEER_REPLY ("{}"),
                                    PEER_EXPECT ("last"), PEER_REPLY ("{}"), PEER_EVENT ("E"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpEventMatch) match = TEST_MATCH ("E");

  assert_run (client, COMMAND ("before"), match, "event E");
  assert_run (client, COMMAND ("behind"), match, "event E");
  assert_run (client, COMMAND ("chunk-before"), match, "event E");
  assert_run (client, COMMAND ("chunk-behind"), match, "event E");
  assert_run (client, COMMAND ("bytes"), match, "event E");
  assert_run (client, COMMAND ("twice"), match, "event E");
  assert_run (client, COMMAND ("last"), match, "event E");
  test_peer_close (peer, client);
}

static void
test_which (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("any"), PEER_EVENT ("X"), PEER_EVENT ("F"), PEER_EVENT ("E"), PEER_REPLY ("{}"),
                                    PEER_EXPECT ("data"), PEER_EVENT_DATA ("D", "{\"id\": \"b\"}"), PEER_REPLY ("{}"),
                                    PEER_EVENT ("D"), PEER_EVENT_DATA ("D", "{\"id\": \"a\"}"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpEventMatch) any = TEST_MATCH ("E", "F");
  g_autoptr (QmpEventMatch) data = TEST_MATCH ("D");

  qmp_event_match_add_string_member (data, NULL, "id", "a");
  assert_run (client, COMMAND ("any"), any, "event F");
  assert_run (client, COMMAND ("data"), data, "event D");
  test_peer_close (peer, client);
}

static void
test_failure_event (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("a"), PEER_EVENT_DATA ("FAILED", "{\"device\": \"net0\"}"), PEER_REPLY ("{}"),
                                    PEER_EXPECT ("b"), PEER_REPLY ("{}"), PEER_EVENT ("FAILED"),
                                    PEER_EXPECT ("c"), PEER_REPLY ("{}"),
                                    PEER_SEND (PEER_EVENT_TEXT ("OK") PEER_EVENT_TEXT ("FAILED")));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpEventMatch) match = TEST_MATCH ("OK");

  qmp_event_match_add_failure (match, "FAILED", NULL, NULL);
  assert_run_text (client, COMMAND ("a"), match, NULL, "failure-event", "a: FAILED {\"device\":\"net0\"}");
  assert_run_text (client, COMMAND ("b"), match, NULL, "failure-event", "b: FAILED");
  assert_run (client, COMMAND ("c"), match, "event OK");
  test_peer_close (peer, client);
}

/* The same event tells of either. */
static void
test_failure_value (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("a"), PEER_REPLY ("{}"), PEER_EVENT_DATA ("M", "{\"status\": \"active\"}"),
                                    PEER_EVENT_DATA ("M", "{\"status\": \"completed\"}"),
                                    PEER_EXPECT ("b"), PEER_REPLY ("{}"), PEER_EVENT_DATA ("M", "{\"status\": \"active\"}"),
                                    PEER_EVENT_DATA ("M", "{\"status\": \"failed\"}"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpEventMatch) match = TEST_MATCH ("M");
  g_autoptr (JsonNode) failed = test_json ("\"failed\"");

  qmp_event_match_add_string_member (match, NULL, "status", "completed");
  qmp_event_match_add_failure (match, "M", "status", failed);
  assert_run (client, COMMAND ("a"), match, "event M");
  assert_run_text (client, COMMAND ("b"), match, NULL, "failure-event", "b: M {\"status\":\"failed\"}");
  test_peer_close (peer, client);
}

typedef struct {
  QmpEventMatch *match;
  QmpClient     *client;
  guint          n_calls;
  guint          n_destroyed;
} Filtered;

static void
filtered_destroyed (gpointer user_data)
{
  ((Filtered *) user_data)->n_destroyed++;
}

static gboolean
free_match_cb (QmpEvent *event,
               gpointer  user_data)
{
  Filtered *filtered = user_data;

  g_clear_pointer (&filtered->match, qmp_event_match_free);
  return ++filtered->n_calls == 2;
}

/* The call has a copy: the program may free its own, even from the filter. The filter lives as long as the call. */
static void
test_match_freed (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_EVENT_DATA ("E", "1"),
                                    PEER_EVENT_DATA ("E", "2"), PEER_REPLY ("{}"));
  QmpClient *client = test_peer_open (peer);
  Filtered filtered = { TEST_MATCH ("E") };

  qmp_event_match_set_filter (filtered.match, free_match_cb, &filtered, filtered_destroyed);
  assert_run (client, COMMAND ("a"), filtered.match, "event E");
  g_assert_null (filtered.match);
  g_assert_cmpuint (filtered.n_calls, ==, 2);
  g_assert_cmpuint (filtered.n_destroyed, ==, 1);
  test_peer_close (peer, client);
}

static gboolean
close_cb (QmpEvent *event,
          gpointer  user_data)
{
  Filtered *filtered = user_data;

  qmp_client_close_async (filtered->client, NULL, NULL, NULL);
  filtered->n_calls++;
  return FALSE;
}

/* The filter ends the link, and the call with it. */
static void
test_filter_closes (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_REPLY ("{}"), PEER_EVENT ("E"));
  QmpClient *client = test_peer_open (peer);
  Filtered filtered = { TEST_MATCH ("E"), client };

  qmp_event_match_set_filter (filtered.match, close_cb, &filtered, filtered_destroyed);
  assert_run (client, COMMAND ("a"), filtered.match, "interrupted");
  g_assert_cmpuint (filtered.n_calls, ==, 1);
  qmp_event_match_free (filtered.match);
  g_assert_cmpuint (filtered.n_destroyed, ==, 1);
  test_peer_close (peer, client);
}

static void
test_error_reply (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("a"), PEER_ERROR ("DeviceNotFound", "no such device"),
                                    PEER_EXPECT ("b"), PEER_EVENT ("E"), PEER_ERROR ("GenericError", "half done"),
                                    PEER_EXPECT ("c"), PEER_REPLY ("{}"), PEER_EVENT ("E"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpEventMatch) match = TEST_MATCH ("E");

  assert_run_text (client, COMMAND ("a"), match, NULL, "device-not-found", "no such device");
  assert_run_text (client, COMMAND ("b"), match, NULL, "generic", "half done");
  assert_run (client, COMMAND ("c"), match, "event E");
  test_peer_close (peer, client);
}

/* The event is in the client's socket before the command is sent: it is not taken for the command's. */
static void
test_stale (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT,
                                    PEER_EVENT_DATA ("E", "{\"n\": 1}"), PEER_EVENT_DATA ("E", "{\"n\": 2}"), PEER_TELL,
                                    PEER_EXPECT ("x"), PEER_REPLY ("{}"), PEER_EVENT_DATA ("E", "{\"n\": 3}"));
  g_autoptr (GIOStream) stream = test_peer_steal_stream (peer);
  int fd = g_socket_get_fd (g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream)));
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpEventMatch) match = TEST_MATCH ("E");
  g_autoptr (QmpEventListener) all = TEST_LISTENER ("E");
  g_autoptr (QmpMessage) command = test_message (COMMAND ("x"));
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (QmpEvent) event = NULL;
  g_autoptr (GError) error = NULL;
  int n_bytes = 0;

  g_assert_true (test_open_stream (client, stream, &error));
  g_clear_object (&stream);
  qmp_client_add_listener (client, all);
  test_peer_signal (peer);
  test_peer_wait_told (peer, 1);
  g_assert_cmpint (ioctl (fd, FIONREAD, &n_bytes), ==, 0);
  g_assert_cmpint (n_bytes, >=, (int) strlen (PEER_EVENT_DATA_TEXT ("E", "{\"n\": 1}")));
  if (form == BLOCKING)
    {
      event = qmp_client_execute_and_wait (client, command, match, NULL, &error);
    }
  else
    {
      qmp_client_execute_and_wait_async (client, command, match, NULL, test_result_cb, &result);
      test_spin_until (result != NULL);
      event = qmp_client_execute_and_wait_finish (client, result, &error);
      g_clear_object (&result);
    }
  g_assert_no_error (error);
  g_assert_cmpint (test_member_int (qmp_event_get_data (event), "n"), ==, 3);
  g_assert_cmpuint (qmp_event_listener_get_n_events (all), ==, 3);
  test_spin_until (test_log_count (log, "E") == 3);
  test_peer_close (peer, client);
}

/* the end comes early */

static void
test_timeout (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_EVENT ("X"),
                                    PEER_EXPECT ("b"), PEER_REPLY ("1"), PEER_REPLY ("2"), PEER_EVENT ("E"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpEventMatch) match = TEST_MATCH ("E");

  qmp_client_set_timeout (client, 1);
  assert_run_text (client, COMMAND ("a"), match, NULL, "timed-out", "did not answer “a” in time");
  qmp_client_set_timeout (client, QMP_TIMEOUT_NONE);
  assert_run (client, COMMAND ("b"), match, "event E");
  test_peer_close (peer, client);
}

/* How long the reply takes is not known: longer and longer ones, until it was there in time. */
static void
test_timeout_after_reply (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_ECHO (0, 0));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpEventMatch) match = TEST_MATCH ("E");
  gboolean was_executed = FALSE;

  for (int timeout = 20; !was_executed; timeout *= 2)
    {
      g_autofree char *text = NULL;
      g_autofree char *word = NULL;

      g_assert_cmpint (timeout, <, TEST_DEADLINE_SECONDS * 1000);
      qmp_client_set_timeout (client, timeout);
      word = run (client, COMMAND ("a"), match, NULL, &text);
      g_assert_cmpstr (word, ==, "timed-out");
      was_executed = strstr (text, "“a” was executed, but no event") != NULL;
    }
  test_peer_close (peer, client);
}

static gpointer
cancel_in_thread (gpointer user_data)
{
  gpointer *data = user_data;

  test_peer_wait_told (data[0], GPOINTER_TO_UINT (data[2]));
  g_cancellable_cancel (data[1]);
  return NULL;
}

static void
run_cancelled (TestPeer         *peer,
               QmpClient        *client,
               const char       *text,
               QmpEventMatch    *match,
               guint             told)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  gpointer data[] = { peer, cancellable, GUINT_TO_POINTER (told) };
  GThread *thread = told > 0 ? g_thread_new ("canceller", cancel_in_thread, data) : NULL;

  if (thread == NULL)
    g_cancellable_cancel (cancellable);
  assert_run_text (client, text, match, cancellable, "cancelled", "");
  if (thread != NULL)
    g_thread_join (thread);
}

static void
test_cancel (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("no-reply"), PEER_TELL,
                                    PEER_EXPECT ("event-only"), PEER_EVENT ("E"), PEER_TELL,
                                    PEER_EXPECT ("no-event"), PEER_REPLY ("1"), PEER_REPLY ("2"), PEER_REPLY ("3"), PEER_TELL,
                                    PEER_EXPECT ("last"), PEER_EVENT ("E"), PEER_REPLY ("{}"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpEventMatch) match = TEST_MATCH ("E");

  run_cancelled (peer, client, COMMAND ("never-sent"), match, 0);
  run_cancelled (peer, client, COMMAND ("no-reply"), match, 1);
  run_cancelled (peer, client, COMMAND ("event-only"), match, 2);
  run_cancelled (peer, client, COMMAND ("no-event"), match, 3);
  assert_run (client, COMMAND ("last"), match, "event E");
  test_peer_close (peer, client);
}

static void
test_link_end (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX,
                                    PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_CLOSE,
                                    PEER_HANDSHAKE, PEER_EXPECT ("b"), PEER_EVENT ("E"), PEER_CLOSE,
                                    PEER_HANDSHAKE, PEER_EXPECT ("c"), PEER_REPLY ("{}"), PEER_CLOSE,
                                    PEER_HANDSHAKE, PEER_EXPECT ("d"), PEER_SEND_FOR (RETURN PEER_EVENT_TEXT ("E")), PEER_CLOSE);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpEventMatch) match = TEST_MATCH ("E");
  const char *commands[] = { COMMAND ("a"), COMMAND ("b"), COMMAND ("c") };

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      assert_run_text (client, commands[i], match, NULL, "interrupted",
                       i == 2 ? "“c” was executed, but the connection ended before its event came: The server closed"
                              : "The server closed");
      test_spin_until (test_log_count (log, "closed(broken-pipe)") == i + 1);
      g_assert_true (test_open (client, test_peer_get_address (peer), NULL));
    }
  assert_run (client, COMMAND ("d"), match, "event E");
  test_spin_until (test_log_count (log, "closed(broken-pipe)") == 4);
  /* No link: nothing is sent. */
  assert_run (client, COMMAND ("e"), match, "state");
  test_peer_close (peer, client);
}

/* in the background only */

static void
log_wait_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (QmpEvent) event = qmp_client_execute_and_wait_finish (QMP_CLIENT (object), result, &error);
  g_autofree char *word = error != NULL ? test_error_word (error) : g_strdup (qmp_event_get_name (event));

  test_log_add (user_data, "wait(%s)", word);
}

static void
start (QmpClient        *client,
       const char       *text,
       QmpEventMatch    *match,
       TestLog          *log)
{
  g_autoptr (QmpMessage) command = test_message (text);

  qmp_client_execute_and_wait_async (client, command, match, NULL, log_wait_cb, log);
}

/* It completes where the later of the two stands, however they are cut. */
static void
test_order (gconstpointer data)
{
  guint chunk = GPOINTER_TO_UINT (data);
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("a"),
                                    PEER_SEND_FOR_CHUNKS (PEER_EVENT_TEXT ("U") PEER_EVENT_TEXT ("E") PEER_EVENT_TEXT ("V")
                                                          RETURN PEER_EVENT_TEXT ("W"), chunk),
                                    PEER_EXPECT ("b"),
                                    PEER_SEND_FOR_CHUNKS (RETURN PEER_EVENT_TEXT ("X") PEER_EVENT_TEXT ("E") PEER_EVENT_TEXT ("Y"),
                                                          chunk),
                                    PEER_EXPECT ("end"), PEER_REPLY ("{}"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpEventMatch) match = TEST_MATCH ("E");

  start (client, COMMAND ("a"), match, log);
  test_spin_until (test_log_has (log, "W"));
  g_assert_cmpstr (test_log_get (log), ==, "U E V wait(E) W");
  test_log_clear (log);
  start (client, COMMAND ("b"), match, log);
  test_spin_until (test_log_has (log, "Y"));
  g_assert_cmpstr (test_log_get (log), ==, "X E wait(E) Y");
  test_log_execute_async (log, "end", client, "end", NULL);
  test_spin_until (test_log_has (log, "end"));
  test_peer_close (peer, client);
}

/* Many at once, with one match; one event ends all that were out. */
static void
test_many (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT_MANY ("a", 50),
                                    PEER_EVENT ("E"), PEER_EXPECT ("b"), PEER_SEND_FOR (RETURN), PEER_WAIT);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpEventMatch) match = TEST_MATCH ("E");
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new_for_match (match);

  /* A listener of the same match hears the event on its own account. */
  qmp_client_add_listener (client, listener);
  for (guint i = 0; i < 50; i++)
    start (client, COMMAND ("a"), match, log);
  test_spin_until (test_log_has (log, "E"));
  start (client, COMMAND ("b"), match, log);
  test_assert_drain (listener, "E");
  test_spin_until (test_log_count (log, "wait(E)") == 1);
  g_assert_true (test_close (client, NULL));
  g_assert_cmpuint (test_log_count (log, "wait(interrupted)"), ==, 50);
  test_peer_signal (peer);
  test_peer_close (peer, client);
}

/* Held back by the window: what comes meanwhile is not the command's. */
static void
test_held (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_GREET_OOB, PEER_NEGOTIATE, PEER_EXPECT_MANY ("slow", 7),
                                    PEER_EVENT_DATA ("E", "{\"n\": 1}"), PEER_WAIT, PEER_REPLY ("{}"),
                                    PEER_EXPECT ("held"), PEER_EVENT ("F"),
                                    PEER_REPLY ("{}"), PEER_REPLY ("{}"), PEER_REPLY ("{}"), PEER_REPLY ("{}"),
                                    PEER_REPLY ("{}"), PEER_REPLY ("{}"), PEER_REPLY ("{}"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpEventMatch) match = TEST_MATCH ("E", "F");

  for (guint i = 0; i < 7; i++)
    test_log_execute_async (log, "slow", client, "slow", NULL);
  start (client, COMMAND ("held"), match, log);
  test_spin_until (test_log_has (log, "E"));
  test_peer_signal (peer);
  test_spin_until (test_log_has (log, "wait(F)"));
  test_peer_close (peer, client);
}

/* The end of its link is its end, though another link is there when it is told. */
static void
test_reopened (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_REPLY ("{}"),
                                    PEER_EXPECT ("x"), PEER_CLOSE,
                                    PEER_HANDSHAKE, PEER_WAIT, PEER_EVENT ("E"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpEventMatch) match = TEST_MATCH ("E");
  g_autoptr (QmpEventListener) all = TEST_LISTENER ("E");
  g_autoptr (QmpEvent) event = NULL;
  g_autoptr (GError) error = NULL;

  start (client, COMMAND ("a"), match, log);
  g_assert_null (qmp_client_execute (client, "x", NULL, NULL, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
  g_clear_error (&error);
  g_assert_true (qmp_client_open (client, test_peer_get_address (peer), NULL, &error));
  qmp_client_add_listener (client, all);
  test_peer_signal (peer);
  event = qmp_event_listener_next (all, -1, NULL, &error);
  g_assert_no_error (error);
  test_spin_until (test_log_has (log, "E"));
  g_assert_cmpuint (test_log_count (log, "wait(interrupted)"), ==, 1);
  test_peer_close (peer, client);
}

/* real servers */

static void
test_qemu (void)
{
  g_autoptr (TestServer) server = test_server_new (TEST_SERVER_QEMU);
  QmpClient *client = test_server_open (server);
  g_autoptr (QmpEventMatch) stop = TEST_MATCH ("STOP");
  g_autoptr (QmpEventMatch) resume = TEST_MATCH ("RESUME");
  g_autoptr (QmpEventMatch) job = TEST_MATCH ("JOB_STATUS_CHANGE");
  g_autoptr (QmpEventMatch) shutdown = TEST_MATCH ("SHUTDOWN");
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 3; i++)
    {
      assert_run (client, COMMAND ("cont"), resume, "event RESUME");
      assert_run (client, COMMAND ("stop"), stop, "event STOP");
    }
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *text = g_strdup_printf ("{\"execute\": \"blockdev-add\", \"arguments\": {\"driver\": \"null-co\", "
                                               "\"node-name\": \"n%u\", \"size\": 65536, \"read-zeroes\": true}}", i);
      g_autoptr (QmpMessage) add = test_message (text);
      g_autoptr (JsonNode) value = qmp_client_execute_message (client, add, NULL, &error);

      g_assert_no_error (error);
    }
  qmp_event_match_add_string_member (job, NULL, "id", "j");
  qmp_event_match_add_string_member (job, NULL, "status", "ready");
  assert_run (client, "{\"execute\": \"blockdev-mirror\", \"arguments\": {\"job-id\": \"j\", \"device\": \"n0\", "
                      "\"target\": \"n1\", \"sync\": \"full\"}}", job, "event JOB_STATUS_CHANGE");
  assert_run (client, COMMAND ("quit"), shutdown, "event SHUTDOWN");
  test_server_wait (server);
  g_assert_true (test_close (client, NULL));
  test_client_free (client);
}

/* both forms */

typedef struct {
  void (*func) (void);
  Form   form;
} Case;

static void
run_case (gconstpointer data)
{
  const Case *test = data;

  form = test->form;
  test->func ();
}

static void
add_case (const char *path,
          void      (*func) (void))
{
  static const char * const names[] = { "async", "blocking" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *full = g_strdup_printf ("/wait/%s/%s", path, names[i]);
      Case *test = g_new (Case, 1);

      *test = (Case) { func, i };
      g_test_add_data_func_full (full, test, run_case, g_free);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  add_case ("place", test_place);
  add_case ("which", test_which);
  add_case ("failure-event", test_failure_event);
  add_case ("failure-value", test_failure_value);
  add_case ("match-freed", test_match_freed);
  add_case ("filter-closes", test_filter_closes);
  add_case ("error-reply", test_error_reply);
  add_case ("stale", test_stale);
  add_case ("timeout", test_timeout);
  add_case ("timeout-after-reply", test_timeout_after_reply);
  add_case ("cancel", test_cancel);
  add_case ("link-end", test_link_end);
  add_case ("qemu", test_qemu);
  g_test_add_data_func ("/wait/order/whole", GUINT_TO_POINTER (100000), test_order);
  g_test_add_data_func ("/wait/order/bytes", GUINT_TO_POINTER (1), test_order);
  g_test_add_func ("/wait/many", test_many);
  g_test_add_func ("/wait/held", test_held);
  g_test_add_func ("/wait/reopened", test_reopened);
  return g_test_run ();
}
