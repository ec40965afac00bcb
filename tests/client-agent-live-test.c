/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <string.h>

#include "test-server.h"

/* A real guest agent, on this very machine: it is asked nothing that changes it. */

static QmpClient *
agent_client_new (void)
{
  QmpClient *client = qmp_client_new (NULL);

  qmp_client_set_guest_agent (client, TRUE);
  return client;
}

static QmpClient *
live_open (TestServer *server)
{
  QmpClient *client = agent_client_new ();
  g_autoptr (GError) error = NULL;

  test_open (client, test_server_get_address (server), &error);
  g_assert_no_error (error);
  return client;
}

static void
assert_pong (QmpClient *client)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) pong = test_execute (client, "guest-ping", &error);

  g_assert_no_error (error);
  test_assert_json (pong, "{}");
}

static void
test_live (void)
{
  TestServer *server = test_server_new (TEST_SERVER_GUEST_AGENT);
  QmpClient *client = live_open (server);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpMessage) sync = NULL;
  g_autoptr (QmpMessage) reply = NULL;
  g_autoptr (JsonNode) info = NULL;
  g_autoptr (JsonNode) number = NULL;
  g_autoptr (GError) error = NULL;

  assert_pong (client);
  info = test_execute (client, "guest-info", &error);
  g_assert_no_error (error);
  g_assert_true (json_object_has_member (json_node_get_object (info), "supported_commands"));
  sync = qmp_message_new_parsed ("guest-sync", &error, "{'id': %x}", G_MAXINT64);
  number = test_execute_message (client, sync, &error);
  g_assert_no_error (error);
  g_assert_cmpint (json_node_get_int (number), ==, G_MAXINT64);
  reply = test_exchange (client, "{\"execute\": \"guest-ping\", \"id\": {\"my\": [1.0]}}", &error);
  g_assert_no_error (error);
  g_assert_true (qmp_message_has_member (reply, "return"));
  g_assert_null (test_execute (client, "guest-nonsense", &error));
  g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_COMMAND_NOT_FOUND);
  g_assert_cmpstr (test_log_get (log), ==, "");
  test_server_close (server, client);
}

/* What an earlier client has left half said, and left. The agent hears of it when that is gone: a client that leaves with a reply
 * unread would be an error to it, at which it ends. */
static void
test_live_garbage (gconstpointer data)
{
  TestServer *server = test_server_new (TEST_SERVER_GUEST_AGENT);
  g_autoptr (GSocketClient) raw = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;
  QmpClient *client;
  g_autoptr (TestLog) log = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (kill (test_server_get_pid (server), SIGSTOP), ==, 0);
  connection = g_socket_client_connect (raw, test_server_get_address (server), NULL, &error);
  g_assert_no_error (error);
  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)),
                             data, strlen (data), NULL, NULL, &error);
  g_assert_no_error (error);
  g_io_stream_close (G_IO_STREAM (connection), NULL, NULL);
  g_assert_cmpint (kill (test_server_get_pid (server), SIGCONT), ==, 0);

  client = live_open (server);
  log = test_log_new (client);
  assert_pong (client);
  g_assert_cmpstr (test_log_get (log), ==, "");
  test_server_close (server, client);
}

/* The second waits until the first leaves. */
static void
test_live_two_clients (void)
{
  TestServer *server = test_server_new (TEST_SERVER_GUEST_AGENT);
  QmpClient *first = live_open (server);
  QmpClient *second = agent_client_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  qmp_client_set_open_timeout (second, 100);
  g_assert_false (test_open (second, test_server_get_address (server), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  qmp_client_set_open_timeout (second, 30000);
  qmp_client_open_async (second, test_server_get_address (server), NULL, test_result_cb, &result);
  assert_pong (first);
  g_assert_null (result);
  g_assert_true (test_close (first, &error));
  test_client_free (first);
  test_spin_until (result != NULL);
  qmp_client_open_finish (second, result, &error);
  g_assert_no_error (error);
  g_clear_object (&result);
  assert_pong (second);
  test_server_close (server, second);
}

static void
test_live_killed (void)
{
  TestServer *server = test_server_new (TEST_SERVER_GUEST_AGENT);
  QmpClient *client = live_open (server);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (GAsyncResult) result = NULL;

  g_assert_cmpint (kill (test_server_get_pid (server), SIGSTOP), ==, 0);
  qmp_client_execute_async (client, "guest-ping", NULL, NULL, test_result_cb, &result);
  test_spin_ready ();
  test_server_kill (server);
  test_spin_until (qmp_client_get_runstate (client) == QMP_RUNSTATE_IDLE && result != NULL);
  test_assert_fails (client, result, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
  g_assert_true (g_str_has_prefix (test_log_get (log), "DISCONNECTING IDLE closed("));
  g_clear_object (&result);
  test_client_free (client);
  test_server_free (server);
}

/* An agent that is stuck for a while. */
static void
test_live_stopped (void)
{
  TestServer *server = test_server_new (TEST_SERVER_GUEST_AGENT);
  QmpClient *client = live_open (server);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (kill (test_server_get_pid (server), SIGSTOP), ==, 0);
  qmp_client_set_timeout (client, 50);
  g_assert_null (test_execute (client, "guest-info", &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  qmp_client_set_timeout (client, QMP_TIMEOUT_NONE);
  qmp_client_execute_async (client, "guest-ping", NULL, NULL, test_result_cb, &result);
  test_spin_ready ();
  g_assert_cmpint (kill (test_server_get_pid (server), SIGCONT), ==, 0);
  test_spin_until (result != NULL);
  test_assert_value (client, result, "{}");
  g_assert_cmpstr (test_log_get (log), ==, "");
  g_clear_object (&result);
  test_server_close (server, client);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/live/agent/commands", test_live);
  g_test_add_data_func ("/live/agent/garbage/half", "{\"half", test_live_garbage);
  g_test_add_data_func ("/live/agent/garbage/nested", "{\"execute\": [{\"a", test_live_garbage);
  g_test_add_data_func ("/live/agent/garbage/words", "hello?\n}}}", test_live_garbage);
  g_test_add_data_func ("/live/agent/garbage/command", "{\"execute\":\"guest-info\"}\n{\"execute\":\"guest-ping\"}\n",
                        test_live_garbage);
  g_test_add_func ("/live/agent/two-clients", test_live_two_clients);
  g_test_add_func ("/live/agent/killed", test_live_killed);
  g_test_add_func ("/live/agent/stopped", test_live_stopped);
  return g_test_run ();
}
