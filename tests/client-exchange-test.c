/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "test-peer.h"
#include "test-server.h"

/* Raw exchange: ids of one's own, in whatever spelling they come back; no ids; what is refused. */

static QmpMessage *
message_without_id (const char *command)
{
  g_autofree char *text = g_strdup_printf ("{\"execute\": \"%s\"}", command);
  QmpMessage *message = test_message (text);

  qmp_message_set_assign_id (message, FALSE);
  return message;
}

static void
assert_reply (QmpClient    *client,
              GAsyncResult *result,
              const char   *value)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (QmpMessage) reply = qmp_client_exchange_finish (client, result, &error);

  g_assert_no_error (error);
  test_assert_json (qmp_message_get_member (reply, "return"), value);
}

/* ids of one's own */

typedef struct {
  const char *sent;
  const char *echo;
} IdCase;

static const IdCase id_cases[] = {
  { "1", "1" }, { "1.0", "1" }, { "1", "1.0" }, { "1e2", "100" }, { "100", "1E+2" }, { "-0.0", "-0" }, { "0", "0" },
  { "-5", "-5" }, { "0.5", "0.5" }, { "0.1", "0.10000000000000001" }, { "1e16", "10000000000000000" },
  { "1e18", "1e+18" }, { "9007199254740993", "9007199254740993" }, { "9223372036854775807", "9223372036854775807" },
  { "18446744073709551615", "18446744073709551615" }, { "18446744073709551616", "1.8446744073709552e+19" },
  { "-9223372036854775808", "-9223372036854775808" }, { "-9223372036854775809", "-9.2233720368547758e+18" },
  { "123456789012345678901234567890", "1.2345678901234568e+29" },
  { "null", "null" }, { "true", "true" }, { "\"\"", "\"\"" }, { "\"1\"", "\"1\"" },
  { "\"gr\303\274n\\u0000\"", "\"gr\\u00fcn\\u0000\"" }, { "\"\\ud83d\\ude00\"", "\"\360\237\230\200\"" },
  { "[]", "[ ]" }, { "{}", "{\r\n    }" }, { "[1,2]", "[1.0, 2]" },
  { "{\"a\":1,\"b\":[18446744073709551616]}", "{\"b\": [1.8446744073709552e+19], \"a\": 1}" },
  { "{\"1,5\":\"[2.0]\"}", "{\"1,5\": \"[2.0]\"}" },
};

static void
test_id_spelling (gconstpointer data)
{
  const IdCase *id = data;
  g_autofree char *text = g_strdup_printf ("{\"execute\": \"a\", \"id\": %s}", id->sent);
  g_autofree char *reply_text = g_strdup_printf ("{\"return\": 7, \"id\": %s}\r\n", id->echo);
  g_autofree char *wire = g_strdup_printf ("\"id\":%s}", id->sent);
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_SEND (reply_text));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (GError) error = NULL;
  g_autoptr (QmpMessage) reply = test_exchange (client, text, &error);
  g_autofree char *id_text = NULL;
  g_autofree char *sent = test_peer_dup_text (peer);

  g_assert_no_error (error);
  test_assert_json (qmp_message_get_member (reply, "return"), "7");
  id_text = qmp_message_dup_member_text (reply, "id");
  g_assert_cmpstr (id_text, ==, id->echo);
  g_assert_nonnull (strstr (sent, wire));
  test_peer_close (peer, client);
}

static const IdCase different_ids[] = {
  { "1", "\"1\"" }, { "9007199254740993", "9007199254740992" }, { "18446744073709551615", "18446744073709551614" },
  { "18446744073709551616", "18446744073709551615" }, { "null", "0" }, { "false", "0" }, { "\"a\"", "\"A\"" },
  { "[1,2]", "[2,1]" }, { "[]", "{}" }, { "{\"a\":1}", "{\"a\":1,\"b\":null}" }, { "\"\\u0000\"", "\"\"" },
  { "-1", "1" }, { "[18446744073709551616]", "[18446744073709551615]" },
};

static void
test_different_ids (gconstpointer data)
{
  const IdCase *id = data;
  g_autofree char *text = g_strdup_printf ("{\"execute\": \"a\", \"id\": %s}", id->sent);
  g_autofree char *replies = g_strdup_printf ("{\"return\": 1, \"id\": %s}\r\n{\"return\": 2, \"id\": %s}\r\n",
                                              id->echo, id->sent);
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_SEND (replies));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (GError) error = NULL;
  g_autoptr (QmpMessage) reply = test_exchange (client, text, &error);

  g_assert_no_error (error);
  test_assert_json (qmp_message_get_member (reply, "return"), "2");
  test_peer_close (peer, client);
}

/* Refused in any spelling, for as long as a reply may come; then free again. */
static void
test_id_in_use (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("a"), PEER_EXPECT ("b"), PEER_WAIT,
                                    PEER_SEND ("{\"return\": 1, \"id\": 7}\r\n"
                                               "{\"return\": 2, \"id\": {\"y\": 2, \"x\": 1}}\r\n"),
                                    PEER_EXPECT ("c"), PEER_SEND ("{\"return\": 3, \"id\": 7}\r\n"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpMessage) number = test_message ("{\"execute\": \"a\", \"id\": 7}");
  g_autoptr (QmpMessage) object = test_message ("{\"execute\": \"b\", \"id\": {\"x\": 1, \"y\": 2}}");
  static const char * const refused[] = { "7", "7.0", "0.7e1", "{\"y\": 2.0, \"x\": 1}" };
  g_autoptr (GAsyncResult) a = NULL;
  g_autoptr (GAsyncResult) b = NULL;
  g_autoptr (QmpMessage) reply = NULL;
  g_autoptr (GError) error = NULL;

  qmp_client_exchange_async (client, number, NULL, test_result_cb, &a);
  qmp_client_exchange_async (client, object, NULL, test_result_cb, &b);
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autofree char *text = g_strdup_printf ("{\"execute\": \"never\", \"id\": %s}", refused[i]);
      g_autoptr (QmpMessage) message = test_message (text);

      g_assert_null (test_exchange (client, text, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
      g_clear_error (&error);
      g_assert_null (qmp_client_exchange (client, message, NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
      g_clear_error (&error);
    }
  test_peer_signal (peer);
  test_spin_until (a != NULL && b != NULL);
  assert_reply (client, a, "1");
  assert_reply (client, b, "2");
  reply = test_exchange (client, "{\"execute\": \"c\", \"id\": 7}", &error);
  g_assert_no_error (error);
  g_clear_object (&a);
  g_clear_object (&b);
  test_peer_close (peer, client);
}

/* One that was given up: its late reply would be taken for the next one's. */
static void
test_id_given_up (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_WAIT,
                                    PEER_SEND ("{\"return\": \"late\", \"id\": \"x\"}\r\n"), PEER_TELL,
                                    PEER_EXPECT ("b"), PEER_SEND ("{\"return\": 1, \"id\": \"x\"}\r\n"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpMessage) message = test_message ("{\"execute\": \"a\", \"id\": \"x\"}");
  g_autoptr (QmpMessage) reply = NULL;
  g_autoptr (GError) error = NULL;

  qmp_message_set_timeout (message, 10);
  g_assert_null (qmp_client_exchange (client, message, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  g_assert_null (test_exchange (client, "{\"execute\": \"b\", \"id\": \"x\"}", &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
  g_clear_error (&error);
  test_peer_signal (peer);
  test_spin_until (test_peer_get_told (peer) == 1);
  test_spin_ready ();
  reply = test_exchange (client, "{\"execute\": \"b\", \"id\": \"x\"}", &error);
  g_assert_no_error (error);
  test_assert_json (qmp_message_get_member (reply, "return"), "1");
  test_peer_close (peer, client);
}

/* The library's own ids step over one that is in use. */
static void
test_own_id_collides (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_REPLY ("1"),
                                    PEER_EXPECT_MANY (NULL, 4), PEER_REPLY ("\"own\""),
                                    PEER_REPLY ("1"), PEER_REPLY ("2"), PEER_REPLY ("3"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpMessage) reply = NULL;
  g_autoptr (QmpMessage) own = NULL;
  GAsyncResult *results[4] = { NULL };
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  reply = test_exchange (client, "{\"execute\": \"a\"}", &error);
  g_assert_no_error (error);
  text = g_strdup_printf ("{\"execute\": \"own\", \"id\": %" G_GINT64_FORMAT "}",
                          json_node_get_int (qmp_message_get_member (reply, "id")) + 2);
  own = test_message (text);
  qmp_client_exchange_async (client, own, NULL, test_result_cb, &results[0]);
  for (guint i = 1; i < 4; i++)
    qmp_client_execute_async (client, "b", NULL, NULL, test_result_cb, &results[i]);
  test_spin_until (results[0] != NULL && results[1] != NULL && results[2] != NULL && results[3] != NULL);
  assert_reply (client, results[0], "\"own\"");
  for (guint i = 1; i < 4; i++)
    {
      g_autoptr (JsonNode) value = qmp_client_execute_finish (client, results[i], &error);

      g_assert_no_error (error);
      g_assert_cmpint (json_node_get_int (value), ==, i);
    }
  for (guint i = 0; i < 4; i++)
    g_object_unref (results[i]);
  test_peer_close (peer, client);
}

#define N_MANY 300

static gboolean
answer_backwards (TestPeer *peer,
                  gpointer  user_data)
{
  for (guint i = 0; i < N_MANY; i++)
    if (test_peer_read_command (peer) == NULL)
      return FALSE;
  for (guint i = N_MANY; i > 0; i--)
    {
      g_autofree char *text = g_strdup_printf ("{\"id\": {\"n\": %u}, \"return\": %u}\r\n", i - 1, i - 1);

      if (!test_peer_send (peer, text, -1))
        return FALSE;
    }
  return TRUE;
}

static void
test_many_in_flight (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_CALL (answer_backwards, NULL));
  QmpClient *client = test_peer_open (peer);
  GAsyncResult *results[N_MANY] = { NULL };

  for (guint i = 0; i < N_MANY; i++)
    {
      g_autofree char *text = g_strdup_printf ("{\"execute\": \"a\", \"id\": {\"n\": %u}}", i);
      g_autoptr (QmpMessage) message = test_message (text);

      qmp_client_exchange_async (client, message, NULL, test_result_cb, &results[i]);
    }
  test_spin_until (results[0] != NULL);
  for (guint i = 0; i < N_MANY; i++)
    {
      g_autofree char *value = g_strdup_printf ("%u", i);

      g_assert_nonnull (results[i]);
      assert_reply (client, results[i], value);
      g_object_unref (results[i]);
    }
  test_peer_close (peer, client);
}

/* no id */

static void
test_without_id (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT_MANY ("a", 2), PEER_EXPECT ("with"), PEER_EXPECT ("a"),
                                    PEER_SEND ("{\"return\": 1}\r\n{\"return\": 2}\r\n{\"return\": 3}\r\n"
                                               "{\"return\": \"nobody\"}\r\n"),
                                    PEER_SEND_FOR (""), PEER_SEND_FOR (""), PEER_REPLY ("\"with\""));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpMessage) message = message_without_id ("a");
  g_autoptr (GAsyncResult) with = NULL;
  GAsyncResult *results[3] = { NULL };
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (JsonNode) with_value = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *sent = NULL;

  qmp_client_exchange_async (client, message, NULL, test_result_cb, &results[0]);
  qmp_client_execute_message_async (client, message, NULL, test_result_cb, &results[1]);
  qmp_client_execute_async (client, "with", NULL, NULL, test_result_cb, &with);
  qmp_client_exchange_async (client, message, NULL, test_result_cb, &results[2]);
  test_spin_until (with != NULL);
  assert_reply (client, results[0], "1");
  value = qmp_client_execute_message_finish (client, results[1], &error);
  g_assert_no_error (error);
  test_assert_json (value, "2");
  assert_reply (client, results[2], "3");
  with_value = qmp_client_execute_finish (client, with, &error);
  g_assert_no_error (error);
  test_assert_json (with_value, "\"with\"");
  g_assert_cmpstr (test_log_get (log), ==, "");
  sent = test_peer_dup_text (peer);
  g_assert_nonnull (strstr (sent, "{\"execute\":\"a\"}{\"execute\":\"a\"}{\"execute\":\"with\",\"id\":"));
  for (guint i = 0; i < 3; i++)
    g_object_unref (results[i]);
  g_clear_object (&with);
  test_peer_close (peer, client);
}

/* One that is given up keeps its place in the order: its late reply goes to nobody. */
static void
test_without_id_given_up (gconstpointer data)
{
  gboolean cancel = GPOINTER_TO_INT (data);
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("one"), PEER_EXPECT ("two"), PEER_EXPECT ("three"), PEER_TELL,
                                    PEER_WAIT, PEER_SEND ("{\"return\": 1}\r\n{\"return\": 2}\r\n{\"return\": 3}\r\n"),
                                    PEER_EXPECT ("four"), PEER_SEND ("{\"return\": 4}\r\n"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (QmpMessage) one = message_without_id ("one");
  g_autoptr (QmpMessage) two = message_without_id ("two");
  g_autoptr (QmpMessage) three = message_without_id ("three");
  g_autoptr (QmpMessage) four = message_without_id ("four");
  g_autoptr (QmpMessage) reply = NULL;
  GAsyncResult *results[3] = { NULL };
  g_autoptr (GError) error = NULL;

  qmp_message_set_timeout (two, cancel ? QMP_TIMEOUT_NONE : 20);
  qmp_client_exchange_async (client, one, NULL, test_result_cb, &results[0]);
  qmp_client_exchange_async (client, two, cancellable, test_result_cb, &results[1]);
  qmp_client_exchange_async (client, three, NULL, test_result_cb, &results[2]);
  test_spin_until (test_peer_get_told (peer) == 1);
  if (cancel)
    g_cancellable_cancel (cancellable);
  test_spin_until (results[1] != NULL);
  g_assert_null (qmp_client_exchange_finish (client, results[1], &error));
  g_assert_error (error, G_IO_ERROR, (cancel ? G_IO_ERROR_CANCELLED : G_IO_ERROR_TIMED_OUT));
  g_clear_error (&error);
  test_peer_signal (peer);
  test_spin_until (results[0] != NULL && results[2] != NULL);
  assert_reply (client, results[0], "1");
  assert_reply (client, results[2], "3");
  reply = qmp_client_exchange (client, four, NULL, &error);
  g_assert_no_error (error);
  test_assert_json (qmp_message_get_member (reply, "return"), "4");
  for (guint i = 0; i < 3; i++)
    g_object_unref (results[i]);
  test_peer_close (peer, client);
}

/* One whose success is not answered leaves no place behind. */
static void
test_without_id_silent (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("one"), PEER_EXPECT ("two"),
                                    PEER_SEND ("{\"return\": 2}\r\n"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpMessage) one = message_without_id ("one");
  g_autoptr (QmpMessage) two = message_without_id ("two");
  g_autoptr (JsonNode) silence = NULL;
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  qmp_message_set_success_response (one, FALSE);
  qmp_message_set_timeout (one, 10);
  silence = test_execute_message (client, one, &error);
  g_assert_no_error (error);
  g_assert_true (JSON_NODE_HOLDS_NULL (silence));
  value = test_execute_message (client, two, &error);
  g_assert_no_error (error);
  test_assert_json (value, "2");
  test_peer_close (peer, client);
}

/* assign-id */

static void
test_assign_id (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("a"), PEER_REPLY ("1"), PEER_EXPECT ("a"), PEER_REPLY ("2"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpMessage) message = test_message ("{\"execute\": \"a\", \"id\": \"mine\"}");
  g_autoptr (JsonNode) replaced = NULL;
  g_autoptr (JsonNode) kept = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *sent = NULL;

  replaced = test_execute_message (client, message, &error);
  g_assert_no_error (error);
  sent = test_peer_dup_text (peer);
  g_assert_null (strstr (sent, "mine"));
  qmp_message_set_assign_id (message, FALSE);
  kept = test_execute_message (client, message, &error);
  g_assert_no_error (error);
  g_free (sent);
  sent = test_peer_dup_text (peer);
  g_assert_true (g_str_has_suffix (sent, "{\"execute\":\"a\",\"id\":\"mine\"}"));
  test_peer_close (peer, client);
}

/* It would be answered out of order. */
static void
test_out_of_band_without_id (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_GREET_OOB, PEER_NEGOTIATE, PEER_EXPECT ("yank"),
                                    PEER_REPLY ("1"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpMessage) message = test_message ("{\"exec-oob\": \"yank\"}");
  g_autoptr (JsonNode) id = json_node_new (JSON_NODE_VALUE);
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  qmp_message_set_assign_id (message, FALSE);
  g_assert_null (qmp_client_exchange (client, message, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (test_execute_message (client, message, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  json_node_set_int (id, 1);
  g_assert_true (qmp_message_set_member (message, "id", id, &error));
  value = test_execute_message (client, message, &error);
  g_assert_no_error (error);
  test_peer_close (peer, client);
}

/* a real server */

static const char * const live_ids[] = {
  "1", "1.0", "1e2", "-0.0", "-5", "0.1", "1e16", "1e18", "1e300", "9007199254740993", "9223372036854775807",
  "18446744073709551615", "18446744073709551616", "-9223372036854775809", "123456789012345678901234567890",
  "null", "true", "\"\"", "\"gr\303\274n\"", "\"\\ud83d\\ude00\"", "\"\\u0000\"", "[]", "{}", "[1.0,[2]]",
  "{\"z\":1,\"a\":[18446744073709551616,1e17],\"\":null}",
};

static void
test_live (void)
{
  TestServer *server = test_server_new (TEST_SERVER_QEMU);
  QmpClient *client = test_server_open (server);
  g_autoptr (QmpMessage) without = message_without_id ("query-status");
  g_autoptr (QmpMessage) nonsense = message_without_id ("nonsense");
  g_autoptr (QmpMessage) reply = NULL;
  g_autoptr (QmpMessage) failure = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (live_ids); i++)
    {
      g_autofree char *text = g_strdup_printf ("{\"execute\": \"query-name\", \"id\": %s}", live_ids[i]);
      g_autoptr (QmpMessage) message = test_message (text);
      g_autoptr (QmpMessage) answer = NULL;
      g_autofree char *echo = NULL;

      qmp_message_set_timeout (message, 10000);
      answer = qmp_client_exchange (client, message, NULL, &error);
      g_assert_no_error (error);
      echo = qmp_message_dup_member_text (answer, "id");
      g_test_message ("%s came back as %s", live_ids[i], echo);
    }
  reply = test_exchange (client, "{\"execute\": \"query-name\", \"id\": \"x\", \"more\": 1}", &error);
  g_assert_no_error (error);
  g_assert_true (qmp_message_has_member (reply, "error"));
  g_clear_object (&reply);
  reply = qmp_client_exchange (client, without, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (qmp_message_has_member (reply, "return"));
  g_assert_false (qmp_message_has_member (reply, "id"));
  failure = qmp_client_exchange (client, nonsense, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (qmp_message_has_member (failure, "error"));
  g_assert_true (test_close (client, &error));
  test_client_free (client);
  test_server_free (server);
}

static void
add_id_tests (const char    *prefix,
              const IdCase  *cases,
              guint          n_cases,
              GTestDataFunc  func)
{
  for (guint i = 0; i < n_cases; i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/%u", prefix, i);

      g_test_add_data_func (path, &cases[i], func);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  add_id_tests ("/client/exchange/id/spelling", id_cases, G_N_ELEMENTS (id_cases), test_id_spelling);
  add_id_tests ("/client/exchange/id/different", different_ids, G_N_ELEMENTS (different_ids), test_different_ids);
  g_test_add_func ("/client/exchange/id/in-use", test_id_in_use);
  g_test_add_func ("/client/exchange/id/given-up", test_id_given_up);
  g_test_add_func ("/client/exchange/id/collides", test_own_id_collides);
  g_test_add_func ("/client/exchange/id/many", test_many_in_flight);
  g_test_add_func ("/client/exchange/no-id/order", test_without_id);
  g_test_add_data_func ("/client/exchange/no-id/given-up/timeout", GINT_TO_POINTER (FALSE), test_without_id_given_up);
  g_test_add_data_func ("/client/exchange/no-id/given-up/cancel", GINT_TO_POINTER (TRUE), test_without_id_given_up);
  g_test_add_func ("/client/exchange/no-id/silent", test_without_id_silent);
  g_test_add_func ("/client/exchange/no-id/out-of-band", test_out_of_band_without_id);
  g_test_add_func ("/client/exchange/assign-id", test_assign_id);
  g_test_add_func ("/live/exchange/ids", test_live);
  return g_test_run ();
}
