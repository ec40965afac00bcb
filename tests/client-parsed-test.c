/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-peer.h"

/* The short ways: a client by its address, a command in one line, a listener that is added at once. */

static void
assert_returns (QmpClient  *client,
                const char *command,
                const char *value)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) returned = test_execute (client, command, &error);

  g_assert_no_error (error);
  test_assert_json (returned, value);
}

static void
test_parsed (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("qom-get"), PEER_REPLY ("{\"n\": 18446744073709551615, \"s\": \"a\"}"),
                                    PEER_EXPECT ("stop"), PEER_REPLY ("{}"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (GError) error = NULL;
  g_autoptr (QmpMessage) reply = NULL, nothing = NULL;
  g_autofree char *text = NULL;
  guint64 number;

  reply = qmp_client_execute_parsed (client, NULL, &error, "qom-get", "{'path': %s, 'n': %t}", "/a\"", G_MAXUINT64);
  g_assert_no_error (error);
  g_assert_true (qmp_message_lookup (reply, &error, "return.n", "t", &number, "return.s", "s", &text, NULL));
  g_assert_no_error (error);
  g_assert_cmpuint (number, ==, G_MAXUINT64);
  g_assert_cmpstr (text, ==, "a");

  nothing = qmp_client_execute_parsed (client, NULL, &error, "stop", NULL);
  g_assert_no_error (error);
  g_assert_true (qmp_message_has_path (nothing, "return"));
  test_peer_close (peer, client);
}

static void
test_parsed_fails (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("device_del"), PEER_ERROR ("DeviceNotFound", "no such device"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *id = NULL;

  g_assert_null (qmp_client_execute_parsed (client, NULL, &error, "device_del", "{'id': %s}", "nope"));
  g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_DEVICE_NOT_FOUND);
  g_assert_cmpstr (error->message, ==, "no such device");
  id = qmp_message_dup_string (qmp_command_error_get_sent (error), "arguments.id", NULL);
  g_assert_cmpstr (id, ==, "nope");
  g_assert_true (qmp_message_has_path (qmp_command_error_get_received (error), "error.desc"));
  g_clear_error (&error);

  /* Nothing of these is sent. */
  g_assert_null (qmp_client_execute_parsed (client, NULL, &error, "a", "{'a': %s}", "\xff"));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
  g_clear_error (&error);
  g_assert_null (qmp_client_execute_parsed (client, NULL, &error, "a", "%j", "3"));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE);
  g_clear_error (&error);
  g_cancellable_cancel (cancellable);
  g_assert_null (qmp_client_execute_parsed (client, cancellable, &error, "a", NULL));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_true (test_close (client, &error));
  g_assert_null (qmp_client_execute_parsed (client, NULL, &error, "a", NULL));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  test_client_free (client);
  test_peer_finish (peer);
}

static gboolean
check_cb (QmpClient   *client,
          QmpMessage  *command,
          gpointer     user_data,
          GError     **error)
{
  GString *seen = user_data;
  GBytes *text = qmp_message_get_bytes (command);

  g_string_append_len (seen, g_bytes_get_data (text, NULL), g_bytes_get_size (text));
  if (qmp_message_has_path (command, "arguments.a"))
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "not without");
  return FALSE;
}

/* Whoever checks commands sees these, too. */
static void
test_parsed_checked (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("x"), PEER_REPLY ("1"),
                                    PEER_EXPECT ("x"), PEER_ERROR ("GenericError", "no"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (GString) seen = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (QmpMessage) reply = NULL;

  qmp_client_set_command_check (client, check_cb, seen, NULL);
  reply = qmp_client_execute_parsed (client, NULL, &error, "x", "{'a': %i}", 5);
  g_assert_no_error (error);
  g_assert_true (qmp_message_has_path (reply, "return"));
  g_assert_cmpstr (seen->str, ==, "{\"execute\":\"x\",\"arguments\":{\"a\":5}}");
  g_assert_null (qmp_client_execute_parsed (client, NULL, &error, "x", "{'a': %i}", 5));
  g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC);
  g_clear_error (&error);
  g_assert_null (qmp_client_execute_parsed (client, NULL, &error, "x", NULL));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  test_peer_close (peer, client);
}

static void
test_address (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_REPLY ("7"));
  g_autoptr (GError) error = NULL;
  QmpClient *client = qmp_client_new_for_address (test_peer_get_path (peer), NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_RUNNING);
  assert_returns (client, "a", "7");
  test_peer_close (peer, client);

  g_assert_null (qmp_client_new_for_address ("tcp:", NULL, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_ADDRESS);
  g_clear_error (&error);
  g_assert_null (qmp_client_new_for_address ("/nonexistent/socket", NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

static QmpClient *
new_in_background (const char    *address,
                   GCancellable  *cancellable,
                   GError       **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  qmp_client_new_for_address_async (address, cancellable, test_result_cb, &result);
  g_assert_null (result);
  test_spin_until (result != NULL);
  return qmp_client_new_for_address_finish (result, error);
}

static void
test_address_async (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_REPLY ("7"));
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  QmpClient *client = new_in_background (test_peer_get_path (peer), NULL, &error);

  g_assert_no_error (error);
  assert_returns (client, "a", "7");
  test_peer_close (peer, client);

  g_assert_null (new_in_background ("tcp:", NULL, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_ADDRESS);
  g_clear_error (&error);
  g_assert_null (new_in_background ("/nonexistent/socket", NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_cancellable_cancel (cancellable);
  g_assert_null (new_in_background ("/nonexistent/socket", cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_subscribe (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("a"),
                                    PEER_EVENT ("A"), PEER_EVENT ("B"), PEER_REPLY ("1"), PEER_EXPECT ("b"),
                                    PEER_EVENT ("B"), PEER_REPLY ("2"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpEventListener) b = qmp_client_subscribe (client, (const char *[]) { "B", NULL });
  g_autoptr (QmpEventListener) all = qmp_client_subscribe (client, NULL);

  assert_returns (client, "a", "1");
  test_assert_drain (b, "B");
  test_assert_drain (all, "A B");
  qmp_client_remove_listener (client, b);
  assert_returns (client, "b", "2");
  test_assert_drain (b, "");
  test_assert_drain (all, "B");
  test_peer_close (peer, client);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/client-parsed/execute", test_parsed);
  g_test_add_func ("/client-parsed/execute/fails", test_parsed_fails);
  g_test_add_func ("/client-parsed/execute/checked", test_parsed_checked);
  g_test_add_func ("/client-parsed/address", test_address);
  g_test_add_func ("/client-parsed/address/async", test_address_async);
  g_test_add_func ("/client-parsed/subscribe", test_subscribe);

  return g_test_run ();
}
