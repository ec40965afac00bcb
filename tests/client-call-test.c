/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "test-peer.h"

/* One command and its end: results, errors, bad replies, timeouts, cancellation, what is sent. */

/* results */

static const char * const values[] = {
  "{}", "{\"a\": 1}", "[]", "[1, \"b\", {}]", "\"text\"", "\"\"", "0", "-7", "1.5", "true", "false",
};

static void
test_results (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("a"), PEER_REPLY ("{}"),
                                    PEER_EXPECT ("a"), PEER_REPLY ("{\"a\": 1}"),
                                    PEER_EXPECT ("a"), PEER_REPLY ("[]"),
                                    PEER_EXPECT ("a"), PEER_REPLY ("[1, \"b\", {}]"),
                                    PEER_EXPECT ("a"), PEER_REPLY ("\"text\""),
                                    PEER_EXPECT ("a"), PEER_REPLY ("\"\""),
                                    PEER_EXPECT ("a"), PEER_REPLY ("0"),
                                    PEER_EXPECT ("a"), PEER_REPLY ("-7"),
                                    PEER_EXPECT ("a"), PEER_REPLY ("1.5"),
                                    PEER_EXPECT ("a"), PEER_REPLY ("true"),
                                    PEER_EXPECT ("a"), PEER_REPLY ("false"),
                                    PEER_EXPECT ("a"), PEER_REPLY ("null"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (JsonNode) null = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    {
      g_autoptr (JsonNode) value = test_execute (client, "a", &error);

      g_assert_no_error (error);
      test_assert_json (value, values[i]);
    }

  /* JSON null is a node, not C NULL. */
  null = test_execute (client, "a", &error);
  g_assert_no_error (error);
  g_assert_nonnull (null);
  g_assert_true (JSON_NODE_HOLDS_NULL (null));
  test_peer_close (peer, client);
}

#define N_LENGTHS 200

/* All at once: a string of each length. */
static gboolean
send_lengths (TestPeer *peer,
              gpointer  user_data)
{
  g_autoptr (GString) replies = g_string_new (NULL);

  for (guint i = 0; i < N_LENGTHS; i++)
    {
      g_autofree char *id = NULL;
      g_autofree char *letters = g_strnfill (i, 'a' + i % 26);

      if (test_peer_read_command (peer) == NULL)
        return FALSE;
      id = test_peer_pop_id (peer);
      g_string_append_printf (replies, "{\"return\": \"%s\", \"id\": %s}\r\n", letters, id);
    }
  return test_peer_send (peer, replies->str, -1);
}

/* Long values are made when they come, short ones when they are returned. */
static void
test_result_lengths (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_CALL (send_lengths, NULL));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (GPtrArray) results = g_ptr_array_new_full (N_LENGTHS, g_object_unref);

  g_ptr_array_set_size (results, N_LENGTHS);
  for (guint i = 0; i < N_LENGTHS; i++)
    qmp_client_execute_async (client, "a", NULL, NULL, test_result_cb, (GAsyncResult **) &results->pdata[i]);
  test_spin_until (results->pdata[N_LENGTHS - 1] != NULL);
  for (guint i = 0; i < N_LENGTHS; i++)
    {
      g_autofree char *letters = g_strnfill (i, 'a' + i % 26);
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) value = qmp_client_execute_finish (client, results->pdata[i], &error);

      g_assert_no_error (error);
      g_assert_cmpstr (json_node_get_string (value), ==, letters);
    }
  g_ptr_array_set_size (results, 0);
  test_peer_close (peer, client);
}

/* error replies */

typedef struct {
  const char      *class;
  QmpCommandError  code;
  const char      *desc;     /* as JSON has it */
  const char      *message;  /* as it is */
} ErrorCase;

static const ErrorCase error_cases[] = {
  { "GenericError", QMP_COMMAND_ERROR_GENERIC, "a \\\"b\\\" %s %n\\n", "a \"b\" %s %n\n" },
  { "CommandNotFound", QMP_COMMAND_ERROR_COMMAND_NOT_FOUND, "gr\\u00fc\\u00df", "gr\303\274\303\237" },
  { "DeviceNotActive", QMP_COMMAND_ERROR_DEVICE_NOT_ACTIVE, "No vnc", "No vnc" },
  { "DeviceNotFound", QMP_COMMAND_ERROR_DEVICE_NOT_FOUND, "Device 'x' not found", "Device 'x' not found" },
  { "KVMMissingCap", QMP_COMMAND_ERROR_KVM_MISSING_CAP, "", "" },
  { "SomethingNew", QMP_COMMAND_ERROR_UNKNOWN, "d", "d" },
  { "", QMP_COMMAND_ERROR_UNKNOWN, "d", "d" },
};

static gboolean
send_error_cases (TestPeer *peer,
                  gpointer  user_data)
{
  for (guint i = 0; i < G_N_ELEMENTS (error_cases); i++)
    {
      g_autofree char *id = NULL;
      g_autofree char *text = NULL;

      if (test_peer_read_command (peer) == NULL)
        return FALSE;
      id = test_peer_pop_id (peer);
      text = g_strdup_printf ("{\"id\": %s, \"error\": {\"class\": \"%s\", \"desc\": \"%s\"}}\r\n",
                              id, error_cases[i].class, error_cases[i].desc);
      if (!test_peer_send (peer, text, -1))
        return FALSE;
    }
  return TRUE;
}

static void
test_command_errors (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_CALL (send_error_cases, NULL));
  QmpClient *client = test_peer_open (peer);

  for (guint i = 0; i < G_N_ELEMENTS (error_cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GError) copy = NULL;
      g_autoptr (JsonNode) value = test_execute (client, "device_del", &error);
      QmpMessage *sent, *received;

      g_assert_null (value);
      g_assert_error (error, QMP_COMMAND_ERROR, (int) error_cases[i].code);
      g_assert_cmpstr (error->message, ==, error_cases[i].message);
      copy = g_error_copy (error);
      g_clear_error (&error);
      g_assert_cmpstr (qmp_command_error_get_class (copy), ==, error_cases[i].class);
      sent = qmp_command_error_get_sent (copy);
      g_assert_true (QMP_IS_MESSAGE (sent));
      g_assert_cmpstr (json_node_get_string (qmp_message_get_member (sent, "execute")), ==, "device_del");
      received = qmp_command_error_get_received (copy);
      g_assert_true (QMP_IS_MESSAGE (received));
      g_assert_true (qmp_message_has_member (received, "error"));
      g_assert_true (qmp_message_is_read_only (received));
    }
  test_peer_close (peer, client);
}

/* exchange */

static void
test_exchange_replies (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("a"), PEER_REPLY ("[1]"),
                                    PEER_EXPECT ("b"), PEER_ERROR ("GenericError", "no"),
                                    PEER_EXPECT ("c"), PEER_REPLY ("{}"),
                                    PEER_EXPECT ("d"), PEER_REPLY ("{}"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (GError) error = NULL;
  g_autoptr (QmpMessage) plain = test_exchange (client, "{\"execute\": \"a\"}", &error);
  g_autoptr (QmpMessage) failed = test_exchange (client, "{\"execute\": \"b\", \"id\": \"my id\"}", &error);
  g_autoptr (QmpMessage) object = test_exchange (client, "{\"execute\": \"c\", \"id\": {\"n\": [1]}}", &error);
  g_autoptr (QmpMessage) number = test_exchange (client, "{\"execute\": \"d\", \"id\": 77}", &error);
  g_autofree char *id_b = NULL;
  g_autofree char *id_c = NULL;
  g_autofree char *id_d = NULL;
  g_autofree char *sent = test_peer_dup_text (peer);

  g_assert_no_error (error);
  test_assert_json (qmp_message_get_member (plain, "return"), "[1]");
  test_assert_json (qmp_message_get_member (failed, "error"), "{\"class\": \"GenericError\", \"desc\": \"no\"}");
  id_b = qmp_message_dup_member_text (failed, "id");
  id_c = qmp_message_dup_member_text (object, "id");
  id_d = qmp_message_dup_member_text (number, "id");
  g_assert_cmpstr (id_b, ==, "\"my id\"");
  test_assert_json (qmp_message_get_member (object, "id"), "{\"n\": [1]}");
  g_assert_cmpstr (id_d, ==, "77");
  g_assert_nonnull (strstr (sent, "{\"execute\":\"b\",\"id\":\"my id\"}"));
  g_assert_nonnull (strstr (sent, "{\"execute\":\"c\",\"id\":{\"n\":[1]}}"));
  g_assert_nonnull (strstr (sent, "{\"execute\":\"d\",\"id\":77}"));
  test_peer_close (peer, client);
}

/* bad replies: that call fails, the link lives */

typedef struct {
  const char       *reply;
  QmpProtocolError  code;
} BadReply;

static const BadReply bad_replies[] = {
  { "{\"id\": @}\r\n", QMP_PROTOCOL_ERROR_BAD_REPLY },
  { "{\"id\": @, \"error\": \"x\"}\r\n", QMP_PROTOCOL_ERROR_BAD_REPLY },
  { "{\"id\": @, \"error\": null}\r\n", QMP_PROTOCOL_ERROR_BAD_REPLY },
  { "{\"id\": @, \"error\": {}}\r\n", QMP_PROTOCOL_ERROR_BAD_REPLY },
  { "{\"id\": @, \"error\": {\"class\": \"GenericError\"}}\r\n", QMP_PROTOCOL_ERROR_BAD_REPLY },
  { "{\"id\": @, \"error\": {\"desc\": \"x\"}}\r\n", QMP_PROTOCOL_ERROR_BAD_REPLY },
  { "{\"id\": @, \"error\": {\"class\": 1, \"desc\": \"x\"}}\r\n", QMP_PROTOCOL_ERROR_BAD_REPLY },
  { "{\"id\": @, \"error\": {\"class\": \"GenericError\", \"desc\": []}}\r\n", QMP_PROTOCOL_ERROR_BAD_REPLY },
  { "{\"id\": @, \"return\": {}, \"error\": {\"class\": \"GenericError\", \"desc\": \"x\"}}\r\n",
    QMP_PROTOCOL_ERROR_BAD_REPLY },
  { "{\"id\": @, \"return\": inf}\r\n", QMP_PROTOCOL_ERROR_DESERIALIZATION },
  { "{\"return\": {\"x\": -inf, \"y\": [nan]}, \"id\": @}\r\n", QMP_PROTOCOL_ERROR_DESERIALIZATION },
  { "{\"return\": {\"x\": 0,5}, \"id\": @}\r\n", QMP_PROTOCOL_ERROR_DESERIALIZATION },
};

static void
test_arguments_no_object (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("one"), PEER_REPLY ("1"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (JsonNode) array = json_from_string ("[1]", NULL);
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_null (qmp_client_execute (client, "never", array, NULL, &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE);
  g_clear_error (&error);
  value = test_execute (client, "one", &error);
  g_assert_no_error (error);
  test_assert_json (value, "1");
  test_peer_close (peer, client);
}

static void
test_bad_reply (gconstpointer data)
{
  const BadReply *bad = data;
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("one"), PEER_EXPECT ("two"),
                                    PEER_SEND_FOR (bad->reply), PEER_REPLY ("2"),
                                    PEER_EXPECT ("three"), PEER_REPLY ("3"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (GAsyncResult) one = NULL;
  g_autoptr (GAsyncResult) two = NULL;
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (JsonNode) value_two = NULL;
  g_autoptr (JsonNode) value_three = NULL;
  g_autoptr (GError) error = NULL;

  qmp_client_execute_async (client, "one", NULL, NULL, test_result_cb, &one);
  qmp_client_execute_async (client, "two", NULL, NULL, test_result_cb, &two);
  test_spin_until (one != NULL && two != NULL);
  value = qmp_client_execute_finish (client, one, &error);
  g_assert_null (value);
  g_assert_error (error, QMP_PROTOCOL_ERROR, (int) bad->code);
  g_test_message ("%s", error->message);
  g_clear_error (&error);
  value_two = qmp_client_execute_finish (client, two, &error);
  g_assert_no_error (error);
  test_assert_json (value_two, "2");
  value_three = test_execute (client, "three", &error);
  g_assert_no_error (error);
  test_assert_json (value_three, "3");
  g_assert_cmpstr (test_log_get (log), ==, "");
  g_clear_object (&one);
  g_clear_object (&two);
  test_peer_close (peer, client);
}

/* An error that names no command: reported, ends nothing. */
static void
test_error_without_id (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("a"),
                                    PEER_SEND ("{\"error\": {\"class\": \"GenericError\", \"desc\": \"JSON parse error\"}}\r\n"),
                                    PEER_SEND ("{\"error\": 5}\r\n"),
                                    PEER_REPLY ("1"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = test_execute (client, "a", &error);

  g_assert_no_error (error);
  test_assert_json (value, "1");
  g_assert_true (g_str_has_prefix (test_log_get (log), "protocol-error(server-parse)"));
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_RUNNING);
  test_peer_close (peer, client);
}

static void
test_foreign_replies (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("a"),
                                    PEER_SEND ("{\"return\": \"no\", \"id\": 18446744073709551615}\r\n"
                                               "{\"return\": \"no\", \"id\": -1}\r\n"
                                               "{\"return\": \"no\", \"id\": 0.5}\r\n"
                                               "{\"return\": \"no\", \"id\": null}\r\n"
                                               "{\"return\": \"no\", \"id\": []}\r\n"
                                               "{\"return\": \"no\"}\r\n"
                                               "{}\r\n"
                                               "[]\r\n"
                                               "{\"hello\": 1}\r\n"),
                                    PEER_SEND_FOR ("{\"return\": \"no\", \"id\": \"@\"}\r\n"
                                                   "{\"return\": \"yes\", \"id\": @}\r\n"
                                                   "{\"return\": \"again\", \"id\": @}\r\n"),
                                    PEER_EXPECT ("b"), PEER_REPLY ("\"b\""));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) a = test_execute (client, "a", &error);
  g_autoptr (JsonNode) b = test_execute (client, "b", &error);

  g_assert_no_error (error);
  test_assert_json (a, "\"yes\"");
  test_assert_json (b, "\"b\"");
  test_peer_close (peer, client);
}

/* timeouts */

static void
assert_next_call_works (QmpClient *client)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = test_execute (client, "next", &error);

  g_assert_no_error (error);
  test_assert_json (value, "\"next\"");
}

static void
test_timeout_of_message (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("slow"), PEER_WAIT, PEER_REPLY ("\"late\""),
                                    PEER_EXPECT ("next"), PEER_REPLY ("\"next\""));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpMessage) message = test_message ("{\"execute\": \"slow\"}");
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = NULL;

  g_assert_cmpint (qmp_message_get_timeout (message), ==, QMP_TIMEOUT_CLIENT);
  qmp_message_set_timeout (message, 5);
  value = test_execute_message (client, message, &error);
  g_assert_null (value);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_RUNNING);
  test_peer_signal (peer);
  assert_next_call_works (client);
  test_peer_close (peer, client);
}

/* The client's timeout holds for messages that have none; 0 on a message means none. */
static void
test_timeout_of_client (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("endless"), PEER_EXPECT ("slow"), PEER_WAIT,
                                    PEER_REPLY ("\"endless\""), PEER_REPLY ("\"late\""),
                                    PEER_EXPECT ("next"), PEER_REPLY ("\"next\""));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpMessage) message = test_message ("{\"execute\": \"endless\"}");
  g_autoptr (GAsyncResult) endless = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (JsonNode) endless_value = NULL;

  qmp_client_set_timeout (client, 5);
  qmp_message_set_timeout (message, QMP_TIMEOUT_NONE);
  qmp_client_execute_message_async (client, message, NULL, test_result_cb, &endless);
  value = test_execute (client, "slow", &error);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_null (endless);
  g_clear_error (&error);

  qmp_client_set_timeout (client, QMP_TIMEOUT_NONE);
  test_peer_signal (peer);
  assert_next_call_works (client);
  test_spin_until (endless != NULL);
  endless_value = qmp_client_execute_message_finish (client, endless, &error);
  g_assert_no_error (error);
  test_assert_json (endless_value, "\"endless\"");
  g_clear_object (&endless);
  test_peer_close (peer, client);
}

/* cancellation */

static void
assert_cancelled (QmpClient    *client,
                  GAsyncResult *result)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = qmp_client_execute_finish (client, result, &error);

  g_assert_null (value);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_cancel_before (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("next"), PEER_REPLY ("\"next\""));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;

  g_cancellable_cancel (cancellable);
  qmp_client_execute_async (client, "never", NULL, cancellable, test_result_cb, &result);
  g_assert_null (result);
  test_spin_until (result != NULL);
  assert_cancelled (client, result);
  assert_next_call_works (client);
  g_clear_object (&result);
  test_peer_close (peer, client);
}

static QmpMessage *
build_big_command (const char *name,
                   gsize       size)
{
  g_autofree char *filler = g_strnfill (size, 'x');
  g_autofree char *text = g_strdup_printf ("{\"execute\": \"%s\", \"arguments\": {\"a\": \"%s\"}}", name, filler);

  return test_message (text);
}

/* Two commands in the queue behind a peer that does not read: the first is partly written and must go out
 * whole, the second must never go out. */
static void
test_cancel_queued (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT,
                                    PEER_EXPECT ("big"), PEER_REPLY ("\"late\""),
                                    PEER_EXPECT ("next"), PEER_REPLY ("\"next\""));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpMessage) big = build_big_command ("big", 4 * 1024 * 1024);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) first = NULL;
  g_autoptr (GAsyncResult) second = NULL;

  qmp_client_execute_message_async (client, big, cancellable, test_result_cb, &first);
  qmp_client_execute_async (client, "never", NULL, cancellable, test_result_cb, &second);
  test_spin_ready ();
  g_cancellable_cancel (cancellable);
  g_assert_null (first);
  g_assert_null (second);
  test_spin_until (first != NULL && second != NULL);
  assert_cancelled (client, second);
  test_peer_signal (peer);
  assert_next_call_works (client);
  g_clear_object (&first);
  g_clear_object (&second);
  test_peer_close (peer, client);
}

static void
test_cancel_while_waiting (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("slow"), PEER_TELL, PEER_WAIT, PEER_REPLY ("\"late\""),
                                    PEER_EXPECT ("next"), PEER_REPLY ("\"next\""));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;

  qmp_client_execute_async (client, "slow", NULL, cancellable, test_result_cb, &result);
  test_spin_until (test_peer_get_told (peer) == 1);
  g_assert_null (result);
  g_cancellable_cancel (cancellable);
  g_assert_null (result);
  test_spin_until (result != NULL);
  assert_cancelled (client, result);
  test_peer_signal (peer);
  assert_next_call_works (client);
  g_clear_object (&result);
  test_peer_close (peer, client);
}

typedef struct {
  GCancellable *cancellable;
  TestLog      *log;
} CancelData;

static void
cancel_in_callback_cb (GObject      *object,
                       GAsyncResult *result,
                       gpointer      user_data)
{
  CancelData *data = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = NULL;

  g_cancellable_cancel (data->cancellable);
  value = qmp_client_execute_finish (QMP_CLIENT (object), result, &error);
  g_assert_no_error (error);
  test_log_add (data->log, "first");
}

/* A call's own cancellable, cancelled in its callback and after it: the reply has won. */
static void
test_cancel_own (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("a"), PEER_REPLY ("1"), PEER_EXPECT ("next"), PEER_REPLY ("\"next\""));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (TestLog) log = test_log_new (client);
  CancelData data = { cancellable, log };

  qmp_client_execute_async (client, "a", NULL, cancellable, cancel_in_callback_cb, &data);
  test_spin_until (test_log_has (log, "first"));
  g_cancellable_reset (cancellable);
  g_cancellable_cancel (cancellable);
  assert_next_call_works (client);
  g_assert_cmpstr (test_log_get (log), ==, "first");
  test_peer_close (peer, client);
}

static void
test_cancel_from_other_callback (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("a"), PEER_EXPECT ("b"), PEER_REPLY ("1"), PEER_WAIT, PEER_REPLY ("2"),
                                    PEER_EXPECT ("next"), PEER_REPLY ("\"next\""));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (TestLog) log = test_log_new (client);
  CancelData data = { cancellable, log };

  qmp_client_execute_async (client, "a", NULL, NULL, cancel_in_callback_cb, &data);
  test_log_execute_async (log, "second", client, "b", cancellable);
  test_spin_until (test_log_has (log, "second!cancelled"));
  g_assert_cmpstr (test_log_get (log), ==, "first second!cancelled");
  test_peer_signal (peer);
  assert_next_call_works (client);
  test_peer_close (peer, client);
}

/* Both replies in one read: whichever way it goes, each call ends once, and nothing else is hurt. */
static void
test_cancel_race (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_ECHO (0, 3));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (TestLog) log = test_log_new (client);
  CancelData data = { cancellable, log };

  qmp_client_execute_async (client, "a", NULL, NULL, cancel_in_callback_cb, &data);
  test_log_execute_async (log, "second", client, "b", cancellable);
  test_log_execute_async (log, "third", client, "c", NULL);
  test_spin_until (test_log_has (log, "third") &&
                   (test_log_has (log, "second") || test_log_has (log, "second!cancelled")));
  test_spin_ready ();
  g_test_message ("%s", test_log_get (log));
  g_assert_cmpuint (test_log_count (log, "first"), ==, 1);
  g_assert_cmpuint (test_log_count (log, "third"), ==, 1);
  g_assert_cmpuint (test_log_count (log, "second") + test_log_count (log, "second!cancelled"), ==, 1);
  test_peer_close (peer, client);
}

/* what is sent */

/* The id of the index-th command. */
static gint64
find_id (const char *sent,
         guint       index)
{
  const char *id = sent;

  for (guint i = 0; i <= index; i++)
    {
      id = strstr (id, "\"id\":");
      g_assert_nonnull (id);
      id += 5;
    }
  g_assert_true (g_ascii_isdigit (*id));
  return g_ascii_strtoll (id, NULL, 10);
}

static void
test_wire_form (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_ECHO (0, 0));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (JsonNode) empty = test_json ("{}");
  g_autoptr (JsonNode) arguments = test_json ("{ \"a\": [1, 2.5, null, true],  \"b\" : \"\\u00e4 \\n\" }");
  g_autoptr (GError) error = NULL;
  g_autoptr (QmpMessage) pretty = test_message ("{ \"execute\" : \"y\" ,\r\n \"arguments\" : { \"u\" : 18446744073709551615 } }");
  g_autoptr (JsonNode) a = test_execute (client, "query-status", &error);
  g_autoptr (JsonNode) b = qmp_client_execute (client, "query-status", empty, NULL, &error);
  g_autoptr (JsonNode) c = qmp_client_execute (client, "x", arguments, NULL, &error);
  g_autoptr (JsonNode) d = qmp_client_execute_message (client, pretty, NULL, &error);
  g_autofree char *sent = test_peer_dup_text (peer);
  g_autofree char *expected = NULL;
  gint64 handshake_id = find_id (sent, 0);
  gint64 id = find_id (sent, 1);

  g_assert_no_error (error);
  g_assert_cmpint (id, <, 1000 * 1000);
  expected = g_strdup_printf ("{\"execute\":\"qmp_capabilities\",\"id\":%" G_GINT64_FORMAT "}"
                              "{\"execute\":\"query-status\",\"id\":%" G_GINT64_FORMAT "}"
                              "{\"execute\":\"query-status\",\"id\":%" G_GINT64_FORMAT "}"
                              "{\"execute\":\"x\",\"arguments\":{\"a\":[1,2.5,null,true],\"b\":\"\303\244 \\n\"},"
                              "\"id\":%" G_GINT64_FORMAT "}"
                              "{\"execute\":\"y\",\"arguments\":{\"u\":18446744073709551615},"
                              "\"id\":%" G_GINT64_FORMAT "}",
                              handshake_id, id, id + 1, id + 2, id + 3);
  g_assert_cmpstr (sent, ==, expected);
  g_assert_false (qmp_message_has_member (pretty, "id"));
  test_peer_close (peer, client);
}

/* Ids start anywhere, so that a reply to an earlier client's command does not match. */
static void
test_random_ids (void)
{
  gint64 first_ids[2] = { 0 };
  gboolean different[2] = { FALSE };

  for (guint i = 0; i < 8; i++)
    {
      TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_ECHO (0, 0));
      QmpClient *client = test_peer_open (peer);
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) value = test_execute (client, "a", &error);
      g_autofree char *sent = test_peer_dup_text (peer);

      g_assert_no_error (error);
      for (guint j = 0; j < 2; j++)
        {
          gint64 id = find_id (sent, j);

          if (i == 0)
            first_ids[j] = id;
          different[j] = different[j] || id != first_ids[j];
        }
      test_peer_close (peer, client);
    }
  g_assert_true (different[0]);
  g_assert_true (different[1]);
}

/* What QEMU would refuse fails here, and nothing is sent. */
static void
test_not_sendable (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("next"), PEER_REPLY ("\"next\""));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (JsonNode) noncharacter = test_json ("{\"a\": \"\\uffff\"}");
  g_autoptr (JsonNode) key = test_json ("{\"\\ufdd0\": 1}");
  g_autoptr (JsonNode) infinite = test_json ("{\"a\": [0]}");
  g_autoptr (JsonNode) bad_utf8 = test_json ("{\"a\": \"\"}");
  g_autoptr (QmpMessage) twice = test_message ("{\"execute\": \"x\", \"arguments\": {\"a\": 1, \"a\": 2}}");
  struct {
    const char *command;
    JsonNode   *arguments;
  } bad[] = {
    { "x", noncharacter }, { "x", key }, { "x", infinite }, { "x", bad_utf8 }, { "x\357\277\277", NULL },
    { "x\377", NULL },
  };
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) none = NULL;

  json_array_add_double_element (json_object_get_array_member (json_node_get_object (infinite), "a"), INFINITY);
  json_object_set_string_member (json_node_get_object (bad_utf8), "a", "\303(");
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GAsyncResult) bad_result = NULL;

      qmp_client_execute_async (client, bad[i].command, bad[i].arguments, NULL, test_result_cb, &bad_result);
      g_assert_null (bad_result);
      test_spin_until (bad_result != NULL);
      none = qmp_client_execute_finish (client, bad_result, &error);
      g_assert_null (none);
      g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
      g_clear_error (&error);
      none = qmp_client_execute (client, bad[i].command, bad[i].arguments, NULL, &error);
      g_assert_null (none);
      g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
      g_clear_error (&error);
    }
  none = test_execute_message (client, twice, &error);
  g_assert_null (none);
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
  assert_next_call_works (client);
  test_peer_close (peer, client);
}

/* wrong runstates */

static void
assert_state_errors (QmpClient  *client,
                     const char *state)
{
  g_autoptr (QmpMessage) message = test_message ("{\"execute\": \"x\"}");
  GError *errors[7] = { NULL };
  gboolean is_idle = qmp_client_get_runstate (client) == QMP_RUNSTATE_IDLE;

  g_assert_null (test_execute (client, "x", &errors[0]));
  g_assert_null (qmp_client_execute (client, "x", NULL, NULL, &errors[1]));
  g_assert_null (test_execute_message (client, message, &errors[2]));
  g_assert_null (qmp_client_execute_message (client, message, NULL, &errors[3]));
  g_assert_null (test_exchange (client, "{\"execute\": \"x\"}", &errors[4]));
  g_assert_null (qmp_client_exchange (client, message, NULL, &errors[5]));
  g_assert_false (qmp_client_send_fd (client, 0, &errors[6]));
  g_assert_true ((qmp_client_get_runstate (client) == QMP_RUNSTATE_IDLE) == is_idle);
  g_test_message ("%s", errors[0]->message);
  for (guint i = 0; i < G_N_ELEMENTS (errors); i++)
    {
      g_autofree char *text = g_ascii_strdown (errors[i]->message, -1);

      g_assert_error (errors[i], QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
      g_assert_nonnull (strstr (text, state));
      g_assert_nonnull (strstr (text, "running"));
      g_clear_error (&errors[i]);
    }
}

static void
test_wrong_state (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_ACCEPT, PEER_WAIT, PEER_HANDSHAKE);
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  assert_state_errors (client, "idle");
  qmp_client_open_async (client, test_peer_get_address (peer), NULL, test_result_cb, &result);
  assert_state_errors (client, "connecting");
  test_peer_signal (peer);
  test_spin_until (result != NULL);
  g_assert_true (qmp_client_open_finish (client, result, &error));
  g_assert_true (test_close (client, &error));
  assert_state_errors (client, "idle");
  g_clear_object (&result);
  test_peer_close (peer, client);
}

/* Out-of-band on: seven commands are under way, the rest wait here, an out-of-band one gets through. */
static void
test_window (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_GREET_OOB, PEER_NEGOTIATE,
                                    PEER_EXPECT_MANY ("in-band", 7), PEER_EXPECT ("yank"),
                                    PEER_REPLY ("0"), PEER_EXPECT ("in-band"),
                                    PEER_REPLY ("1"), PEER_EXPECT ("in-band"),
                                    PEER_REPLY ("2"), PEER_EXPECT ("in-band"),
                                    PEER_REPLY ("3"), PEER_REPLY ("4"), PEER_REPLY ("5"), PEER_REPLY ("6"),
                                    PEER_REPLY ("\"yank\""), PEER_REPLY ("7"), PEER_REPLY ("8"), PEER_REPLY ("9"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpMessage) yank = test_message ("{\"execute\": \"yank\"}");
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *sent = NULL;

  for (guint i = 0; i < 10; i++)
    {
      g_autofree char *name = g_strdup_printf ("%u", i);

      test_log_execute_async (log, name, client, "in-band", NULL);
    }
  qmp_message_set_out_of_band (yank, TRUE);
  qmp_client_execute_message_async (client, yank, NULL, test_result_cb, &result);
  test_spin_until (result != NULL && test_log_has (log, "9"));
  value = qmp_client_execute_message_finish (client, result, &error);
  g_assert_no_error (error);
  test_assert_json (value, "\"yank\"");
  g_assert_cmpstr (test_log_get (log), ==, "0 1 2 3 4 5 6 7 8 9");
  sent = test_peer_dup_text (peer);
  g_assert_nonnull (strstr (sent, "{\"exec-oob\":\"yank\",\"id\":"));
  g_clear_object (&result);
  test_peer_close (peer, client);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/client/call/results", test_results);
  g_test_add_func ("/client/call/result-lengths", test_result_lengths);
  g_test_add_func ("/client/call/errors", test_command_errors);
  g_test_add_func ("/client/call/arguments-no-object", test_arguments_no_object);
  g_test_add_func ("/client/call/exchange", test_exchange_replies);
  for (guint i = 0; i < G_N_ELEMENTS (bad_replies); i++)
    {
      g_autofree char *path = g_strdup_printf ("/client/call/bad-reply/%u", i);

      g_test_add_data_func (path, &bad_replies[i], test_bad_reply);
    }
  g_test_add_func ("/client/call/error-without-id", test_error_without_id);
  g_test_add_func ("/client/call/foreign-replies", test_foreign_replies);
  g_test_add_func ("/client/call/timeout/message", test_timeout_of_message);
  g_test_add_func ("/client/call/timeout/client", test_timeout_of_client);
  g_test_add_func ("/client/call/cancel/before", test_cancel_before);
  g_test_add_func ("/client/call/cancel/queued", test_cancel_queued);
  g_test_add_func ("/client/call/cancel/waiting", test_cancel_while_waiting);
  g_test_add_func ("/client/call/cancel/own", test_cancel_own);
  g_test_add_func ("/client/call/cancel/from-other-callback", test_cancel_from_other_callback);
  g_test_add_func ("/client/call/cancel/race", test_cancel_race);
  g_test_add_func ("/client/call/wire/form", test_wire_form);
  g_test_add_func ("/client/call/wire/random-ids", test_random_ids);
  g_test_add_func ("/client/call/wire/not-sendable", test_not_sendable);
  g_test_add_func ("/client/call/state", test_wrong_state);
  g_test_add_func ("/client/call/window", test_window);
  return g_test_run ();
}
