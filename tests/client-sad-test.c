/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "test-peer.h"

/* A server that does what it should not. In each case it is known what the client makes of it, and where possible the
 * link lives on. More of that kind: client-call-test (bad replies, foreign replies), client-link-test (half messages,
 * messages over the limit, junk, other protocols), client-test (telnet), client-live-test (a QEMU that is stopped). */

#define PARSE_ERROR(desc) "{\"error\": {\"class\": \"GenericError\", \"desc\": \"" desc "\"}}\r\n"

static QmpMessage *
message_without_id (const char *command)
{
  g_autofree char *text = g_strdup_printf ("{\"execute\": \"%s\"}", command);
  QmpMessage *message = test_message (text);

  qmp_message_set_assign_id (message, FALSE);
  return message;
}

static void
assert_lives (QmpClient *client)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = test_execute (client, "alive", &error);

  g_assert_no_error (error);
  test_assert_json (value, "\"yes\"");
}

#define PEER_ALIVE PEER_EXPECT ("alive"), PEER_REPLY ("\"yes\"")

/* errors without id */

/* It belongs to the oldest command without an id, and to none that has one; when there is no such command
 * any more, it is reported. */
static void
test_error_for_without_id (gconstpointer data)
{
  gboolean exchange = GPOINTER_TO_INT (data);
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("with"), PEER_EXPECT ("without"), PEER_EXPECT ("after"),
                                    PEER_SEND (PARSE_ERROR ("one") "{\"return\": 5}\r\n" PARSE_ERROR ("two")),
                                    PEER_REPLY ("1"), PEER_SEND_FOR (""), PEER_SEND_FOR (""), PEER_ALIVE);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpMessage) without = message_without_id ("without");
  g_autoptr (QmpMessage) after = message_without_id ("after");
  GAsyncResult *results[3] = { NULL };
  g_autoptr (JsonNode) with_value = NULL;
  g_autoptr (JsonNode) after_value = NULL;
  g_autoptr (QmpMessage) reply = NULL;
  g_autoptr (GError) error = NULL;

  qmp_client_execute_async (client, "with", NULL, NULL, test_result_cb, &results[0]);
  if (exchange)
    qmp_client_exchange_async (client, without, NULL, test_result_cb, &results[1]);
  else
    qmp_client_execute_message_async (client, without, NULL, test_result_cb, &results[1]);
  qmp_client_execute_message_async (client, after, NULL, test_result_cb, &results[2]);
  test_spin_until (results[0] != NULL && results[1] != NULL && results[2] != NULL);

  if (exchange)
    {
      reply = qmp_client_exchange_finish (client, results[1], &error);
      g_assert_no_error (error);
      test_assert_json (qmp_message_get_member (reply, "error"), "{\"class\": \"GenericError\", \"desc\": \"one\"}");
    }
  else
    {
      g_assert_null (qmp_client_execute_message_finish (client, results[1], &error));
      g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC);
      g_assert_cmpstr (error->message, ==, "one");
      g_clear_error (&error);
    }
  with_value = qmp_client_execute_finish (client, results[0], &error);
  g_assert_no_error (error);
  test_assert_json (with_value, "1");
  after_value = qmp_client_execute_message_finish (client, results[2], &error);
  g_assert_no_error (error);
  test_assert_json (after_value, "5");
  g_assert_cmpstr (test_log_get (log), ==, "protocol-error(server-parse)");
  assert_lives (client);
  for (guint i = 0; i < 3; i++)
    g_object_unref (results[i]);
  test_peer_close (peer, client);
}

/* As many as QEMU has for one input that is nested too deep. */
#define N_ERRORS 1027

static gboolean
send_errors (TestPeer *peer,
             gpointer  user_data)
{
  for (guint i = 0; i < N_ERRORS; i++)
    if (!test_peer_send (peer, PARSE_ERROR ("JSON parse error, expecting value"), -1))
      return FALSE;
  return TRUE;
}

static void
test_many_errors (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("alive"),
                                    PEER_CALL (send_errors, NULL), PEER_REPLY ("\"yes\""), PEER_ALIVE);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);

  assert_lives (client);
  g_assert_cmpuint (test_log_count (log, "protocol-error(server-parse)"), ==, N_ERRORS);
  assert_lives (client);
  test_peer_close (peer, client);
}

/* things that belong to nobody, or cannot be read */

typedef struct {
  const char *bytes;
  const char *log;   /* what is told of it */
} Oddity;

static const Oddity oddities[] = {
  { "{\"return\": 1, \"id\": inf}\r\n", "protocol-error(deserialization)" },
  { "{\"id\": [-nan], \"return\": 1}\r\n", "protocol-error(deserialization)" },
  { "{\"return\": 1, \"id\": \"\\ud800\"}\r\n", "protocol-error(deserialization)" },
  { "{\"return\": 1, \"id\": \"\377\"}\r\n", "protocol-error(deserialization) protocol-error(deserialization)" },
  { "{\"return\": 1, \"id\": 1e999}\r\n", "" },
  { "{\"return\": 1, \"id\": 4294967297}\r\n", "" },
  { "{\"return\": 1, \"id\": 1, \"id\": {\"a\": []}}\r\n", "" },
  { "{\"error\": null}\r\n", "protocol-error(bad-reply)" },
  { "{\"error\": {\"class\": 5, \"desc\": \"x\"}}\r\n", "protocol-error(bad-reply)" },
  { "{\"error\": {\"class\": \"GenericError\", \"desc\": \"x\"}, \"id\": \"foreign\"}\r\n", "" },
  { "{\"return\": 1, \"error\": 1, \"id\": \"foreign\"}\r\n", "" },
  { "{\"event\": 5}\r\n", "" },
  { "{\"event\": null, \"return\": 1}\r\n", "" },
  { "{\"event\": \"E\", \"data\": [], \"timestamp\": \"now\"}\r\n", "E" },
  { "{\"event\": \"E\", \"data\": null, \"timestamp\": {\"seconds\": 1e400}}\r\n", "E" },
  { "{\"event\": \"E\", \"timestamp\": {\"seconds\": -1, \"microseconds\": -1}, \"id\": 5, \"return\": {}}\r\n", "E" },
  { "{\"event\": \"\"}\r\n", "" },
  { "{\"QMP\": {}}\r\n", "" },
  { "{\"QMP\": []}\r\n", "protocol-error(greeting)" },
  { "[]\r\n", "protocol-error(unexpected-type)" },
  { "\001\002\r\n", "protocol-error(deserialization)" },
  { "\377\373\001\377\373\003", "protocol-error(deserialization) protocol-error(deserialization)" },
};

static gboolean
send_oddity (TestPeer *peer,
             gpointer  data)
{
  return test_peer_send (peer, data, -1);
}

/* While a command waits, which gets its own reply. */
static void
test_oddity (gconstpointer data)
{
  const Oddity *oddity = data;
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("alive"),
                                    PEER_CALL (send_oddity, (gpointer) oddity->bytes), PEER_REPLY ("\"yes\""),
                                    PEER_ALIVE);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);

  assert_lives (client);
  g_assert_cmpstr (test_log_get (log), ==, oddity->log);
  assert_lives (client);
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_RUNNING);
  test_peer_close (peer, client);
}

/* The id of a command that waits in the client: the server cannot have seen it. */
static gboolean
answer_unseen (TestPeer *peer,
               gpointer  user_data)
{
  g_autofree char *id = test_peer_pop_id (peer);
  g_autofree char *text = NULL;

  text = g_strdup_printf ("{\"return\": \"forged\", \"id\": %" G_GINT64_FORMAT "}\r\n"
                          "{\"return\": 0, \"id\": %s}\r\n", g_ascii_strtoll (id, NULL, 10) + 7, id);
  return test_peer_send (peer, text, -1);
}

static void
test_reply_to_unsent (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_GREET_OOB, PEER_NEGOTIATE, PEER_EXPECT_MANY ("a", 7),
                                    PEER_CALL (answer_unseen, NULL), PEER_EXPECT ("a"),
                                    PEER_REPLY ("1"), PEER_REPLY ("2"), PEER_REPLY ("3"), PEER_REPLY ("4"),
                                    PEER_REPLY ("5"), PEER_REPLY ("6"), PEER_REPLY ("7"));
  QmpClient *client = test_peer_open (peer);
  GAsyncResult *results[8] = { NULL };
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 8; i++)
    qmp_client_execute_async (client, "a", NULL, NULL, test_result_cb, &results[i]);
  test_spin_until (results[7] != NULL);
  for (guint i = 0; i < 8; i++)
    {
      g_autoptr (JsonNode) value = qmp_client_execute_finish (client, results[i], &error);

      g_assert_no_error (error);
      g_assert_cmpint (json_node_get_int (value), ==, i);
      g_object_unref (results[i]);
    }
  test_peer_close (peer, client);
}

/* a server that stops reading */

#define N_STALLED 8

/* Everybody's deadline works; what is not begun is never sent; it goes on when the server reads again. */
static void
test_stops_reading (void)
{
  g_autofree char *filler = g_strnfill (1000 * 1000, 'x');
  g_autofree char *text = g_strdup_printf ("{\"execute\": \"big\", \"arguments\": {\"a\": \"%s\"}}", filler);
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_TELL, PEER_WAIT,
                                    PEER_EXPECT ("big"), PEER_REPLY ("\"late\""), PEER_ALIVE);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpMessage) message = test_message (text);
  GAsyncResult *results[N_STALLED] = { NULL };
  g_autoptr (GError) error = NULL;

  qmp_message_set_timeout (message, 50);
  for (guint i = 0; i < N_STALLED; i++)
    qmp_client_execute_message_async (client, message, NULL, test_result_cb, &results[i]);
  g_assert_null (qmp_client_execute_message (client, message, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  for (guint i = 0; i < N_STALLED; i++)
    {
      test_spin_until (results[i] != NULL);
      g_assert_null (qmp_client_execute_message_finish (client, results[i], &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      g_clear_error (&error);
      g_object_unref (results[i]);
    }
  test_peer_signal (peer);
  assert_lives (client);
  g_assert_cmpstr (test_log_get (log), ==, "");
  test_peer_close (peer, client);
}

/* Its success is not answered, but it was not written either. */
static void
test_stops_reading_silent (void)
{
  g_autofree char *filler = g_strnfill (1000 * 1000, 'x');
  g_autofree char *text = g_strdup_printf ("{\"execute\": \"big\", \"arguments\": {\"a\": \"%s\"}}", filler);
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT, PEER_RESET);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpMessage) message = test_message (text);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  qmp_message_set_success_response (message, FALSE);
  qmp_message_set_timeout (message, 20);
  g_assert_null (test_execute_message (client, message, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  qmp_message_set_timeout (message, QMP_TIMEOUT_NONE);
  qmp_client_execute_message_async (client, message, NULL, test_result_cb, &result);
  test_spin_ready ();
  test_peer_signal (peer);
  test_spin_until (result != NULL);
  g_assert_null (qmp_client_execute_message_finish (client, result, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
  g_clear_object (&result);
  test_spin_until (qmp_client_get_runstate (client) == QMP_RUNSTATE_IDLE);
  test_peer_close (peer, client);
}

/* large messages */

/* Valgrind takes a minute for what takes a second without. */
static gsize
large_size (void)
{
  const char *preload = g_getenv ("LD_PRELOAD");

  return preload != NULL && strstr (preload, "vgpreload") != NULL ? 1024 * 1024 : 64 * 1024 * 1024;
}

static gboolean
send_large (TestPeer *peer,
            gpointer  user_data)
{
  g_autofree char *filler = g_strnfill (GPOINTER_TO_SIZE (user_data), 'x');
  g_autofree char *id = test_peer_pop_id (peer);
  g_autofree char *end = g_strdup_printf ("\", \"id\": %s}\r\n", id);

  return test_peer_send (peer, "{\"return\": \"", -1) &&
         test_peer_send (peer, filler, GPOINTER_TO_SIZE (user_data)) &&
         test_peer_send (peer, end, -1);
}

/* With the limit as it is by default. */
static void
test_large_reply (void)
{
  gsize size = large_size ();
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("big"), PEER_CALL (send_large, GSIZE_TO_POINTER (size)),
                                    PEER_EXPECT ("big"), PEER_CALL (send_large, GSIZE_TO_POINTER (size)), PEER_ALIVE);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = test_execute (client, "big", &error);
  g_autoptr (QmpMessage) reply = NULL;

  g_assert_no_error (error);
  g_assert_cmpuint (strlen (json_node_get_string (value)), ==, size);
  reply = test_exchange (client, "{\"execute\": \"big\"}", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (qmp_message_get_bytes (reply)), >, size);
  assert_lives (client);
  test_peer_close (peer, client);
}

/* Whatever kind of message it is: the link ends, everybody is told why, and the client can be opened again. */
static void
test_over_limit (gconstpointer start)
{
  /* Little more than the limit: the peer has sent all of it before the client can close. */
  g_autofree char *filler = g_strnfill (80 * 1000, 'x');
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_EXPECT ("b"),
                                    PEER_REPLY ("1"), PEER_SEND (start), PEER_SEND (filler), PEER_DRAIN,
                                    PEER_HANDSHAKE, PEER_ALIVE);
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (TestLog) log = NULL;
  g_autoptr (GError) error = NULL;

  qmp_client_set_max_message_size (client, 70000);
  g_assert_true (test_open (client, test_peer_get_address (peer), &error));
  log = test_log_new (client);
  test_log_execute_async (log, "a", client, "a", NULL);
  test_log_execute_async (log, "b", client, "b", NULL);
  test_spin_until (test_log_has (log, "closed(too-large)"));
  g_assert_cmpstr (test_log_get (log), ==, "a DISCONNECTING b!interrupted IDLE closed(too-large)");
  g_assert_true (test_open (client, test_peer_get_address (peer), &error));
  assert_lives (client);
  test_peer_close (peer, client);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/client/sad/error-without-id/execute", GINT_TO_POINTER (FALSE), test_error_for_without_id);
  g_test_add_data_func ("/client/sad/error-without-id/exchange", GINT_TO_POINTER (TRUE), test_error_for_without_id);
  g_test_add_func ("/client/sad/error-without-id/many", test_many_errors);
  for (guint i = 0; i < G_N_ELEMENTS (oddities); i++)
    {
      g_autofree char *path = g_strdup_printf ("/client/sad/odd/%u", i);

      g_test_add_data_func (path, &oddities[i], test_oddity);
    }
  g_test_add_func ("/client/sad/reply-to-unsent", test_reply_to_unsent);
  g_test_add_func ("/client/sad/stops-reading", test_stops_reading);
  g_test_add_func ("/client/sad/stops-reading/silent", test_stops_reading_silent);
  g_test_add_func ("/client/sad/large/reply", test_large_reply);
  g_test_add_data_func ("/client/sad/large/over-limit/string", "{\"event\": \"", test_over_limit);
  g_test_add_data_func ("/client/sad/large/over-limit/array", "[\"", test_over_limit);
  return g_test_run ();
}
