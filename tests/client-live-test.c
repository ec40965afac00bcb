/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test-server.h"

/* Against real servers: QEMU, the storage daemon, the guest agent. */

static void
test_status (void)
{
  TestServer *server = test_server_new (TEST_SERVER_QEMU);
  QmpClient *client = test_server_open (server);
  QmpGreeting *greeting = qmp_client_get_greeting (client);
  g_autoptr (JsonNode) status = NULL;
  g_autoptr (JsonNode) version = NULL;
  g_autoptr (GError) error = NULL;
  guint major, minor, micro;

  g_assert_nonnull (greeting);
  qmp_greeting_get_version (greeting, &major, &minor, &micro);
  g_test_message ("QEMU %u.%u.%u, %s", major, minor, micro, qmp_greeting_get_package (greeting));
  g_assert_cmpuint (major, >=, 7);
  status = test_execute (client, "query-status", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (json_object_get_string_member (json_node_get_object (status), "status"), ==, "prelaunch");
  version = qmp_client_execute (client, "query-version", NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (test_member_int (json_object_get_member (json_node_get_object (version), "qemu"), "major"), ==, major);
  test_server_close (server, client);
}

/* QEMU sends the event before the reply. */
static void
test_events (void)
{
  TestServer *server = test_server_new (TEST_SERVER_QEMU);
  QmpClient *client = test_server_open (server);
  g_autoptr (TestLog) log = test_log_new (client);

  test_log_execute_async (log, "cont", client, "cont", NULL);
  test_log_execute_async (log, "stop", client, "stop", NULL);
  test_log_execute_async (log, "cont", client, "cont", NULL);
  test_spin_until (test_log_count (log, "cont") == 2);
  g_assert_cmpstr (test_log_get (log), ==, "RESUME cont STOP stop RESUME cont");
  test_server_close (server, client);
}

static void
test_command_error (void)
{
  TestServer *server = test_server_new (TEST_SERVER_QEMU);
  QmpClient *client = test_server_open (server);
  g_autoptr (QmpMessage) command = test_message ("{\"execute\": \"device_del\", \"arguments\": {\"id\": \"nope\"}}");
  g_autoptr (GError) error = NULL;

  g_assert_null (test_execute_message (client, command, &error));
  g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_DEVICE_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "nope"));
  g_assert_cmpstr (qmp_command_error_get_class (error), ==, "DeviceNotFound");
  g_clear_error (&error);
  g_assert_null (test_execute (client, "no-such-command", &error));
  g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_COMMAND_NOT_FOUND);
  test_server_close (server, client);
}

static void
test_add_fd (void)
{
  TestServer *server = test_server_new (TEST_SERVER_QEMU);
  QmpClient *client = test_server_open (server);
  g_autoptr (QmpMessage) command = test_message ("{\"execute\": \"add-fd\", \"arguments\": {\"fdset-id\": 7, \"opaque\": \"x\"}}");
  g_autoptr (QmpMessage) getfd = test_message ("{\"execute\": \"getfd\", \"arguments\": {\"fdname\": \"y\"}}");
  g_autoptr (GUnixFDList) list = g_unix_fd_list_new ();
  g_autoptr (JsonNode) added = NULL;
  g_autoptr (JsonNode) added_again = NULL;
  g_autoptr (JsonNode) sets = NULL;
  g_autoptr (JsonNode) got = NULL;
  g_autoptr (GError) error = NULL;
  int fd = memfd_create ("qmp-test", MFD_CLOEXEC);
  JsonObject *set;

  g_unix_fd_list_append (list, fd, &error);
  g_assert_no_error (error);
  qmp_message_set_fd_list (command, list);
  added = test_execute_message (client, command, &error);
  g_assert_no_error (error);
  g_assert_cmpint (test_member_int (added, "fdset-id"), ==, 7);
  added_again = qmp_client_execute_message (client, command, NULL, &error);
  g_assert_no_error (error);
  sets = test_execute (client, "query-fdsets", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (json_array_get_length (json_node_get_array (sets)), ==, 1);
  set = json_array_get_object_element (json_node_get_array (sets), 0);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (set, "fds")), ==, 2);

  /* By itself, beside the command. */
  g_assert_true (qmp_client_send_fd (client, fd, &error));
  got = test_execute_message (client, getfd, &error);
  g_assert_no_error (error);
  close (fd);
  test_server_close (server, client);
}

static void
test_fds_pipelined (void)
{
  TestServer *server = test_server_new (TEST_SERVER_QEMU);
  QmpClient *client = test_server_open (server);
  GAsyncResult *results[20] = { NULL };
  int fd = memfd_create ("qmp-test", MFD_CLOEXEC);

  for (guint i = 0; i < G_N_ELEMENTS (results); i += 2)
    {
      g_autofree char *text = g_strdup_printf ("{\"execute\": \"getfd\", \"arguments\": {\"fdname\": \"fd%u\"}}", i);
      g_autoptr (QmpMessage) getfd = test_message (text);
      g_autoptr (GUnixFDList) list = g_unix_fd_list_new ();

      g_unix_fd_list_append (list, fd, NULL);
      qmp_message_set_fd_list (getfd, list);
      qmp_client_execute_async (client, "query-name", NULL, NULL, test_result_cb, &results[i]);
      qmp_client_execute_message_async (client, getfd, NULL, test_result_cb, &results[i + 1]);
    }
  close (fd);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      test_spin_until (results[i] != NULL);
      g_assert_false (g_task_had_error (G_TASK (results[i])));
      g_clear_object (&results[i]);
    }
  test_server_close (server, client);
}

static void
check_schema (QmpClient *client,
              guint      at_least)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) schema = test_execute (client, "query-qmp-schema", &error);

  g_assert_no_error (error);
  g_assert_true (JSON_NODE_HOLDS_ARRAY (schema));
  g_assert_cmpuint (json_array_get_length (json_node_get_array (schema)), >, at_least);
  g_test_message ("%u entries", json_array_get_length (json_node_get_array (schema)));
}

static void
test_schema (gconstpointer data)
{
  TestServerKind kind = GPOINTER_TO_INT (data);
  gboolean is_qemu = kind == TEST_SERVER_QEMU || kind == TEST_SERVER_QEMU_PRETTY;
  TestServer *server = test_server_new (kind);
  QmpClient *client = test_server_open (server);

  check_schema (client, is_qemu ? 1000 : 300);
  check_schema (client, is_qemu ? 1000 : 300);
  test_server_close (server, client);
}

typedef struct {
  guint n_replies;
} Pipeline;

static void
pipeline_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  Pipeline *pipeline = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = qmp_client_execute_finish (QMP_CLIENT (object), result, &error);

  g_assert_no_error (error);
  pipeline->n_replies++;
}

static void
test_pipelined (gconstpointer data)
{
  TestServer *server = test_server_new (GPOINTER_TO_INT (data));
  QmpClient *client = test_server_open (server);
  Pipeline pipeline = { 0 };
  gint64 start = g_get_monotonic_time ();

  for (guint i = 0; i < 1000; i++)
    qmp_client_execute_async (client, "query-version", NULL, NULL, pipeline_cb, &pipeline);
  test_spin_until (pipeline.n_replies == 1000);
  g_test_message ("1000 commands in %d ms", (int) ((g_get_monotonic_time () - start) / 1000));
  test_server_close (server, client);
}

/* Each is a QEMU that starts. */
#define N_QUITS (TEST_FEW ? 3 : 20)

/* quit: the reply, or a good end; and QEMU is gone. */
static void
test_quit (gconstpointer data)
{
  gboolean blocking = GPOINTER_TO_INT (data);
  guint n_replies = 0, n_interrupted = 0;

  for (guint i = 0; i < N_QUITS; i++)
    {
      TestServer *server = test_server_new (TEST_SERVER_QEMU);
      QmpClient *client = test_server_open (server);
      g_autoptr (TestLog) log = test_log_new (client);
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) value = NULL;

      value = blocking ? qmp_client_execute (client, "quit", NULL, NULL, &error)
                       : test_execute (client, "quit", &error);
      if (value != NULL)
        n_replies++;
      else if (g_error_matches (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED))
        n_interrupted++;
      else
        g_assert_no_error (error);
      test_spin_until (test_log_has (log, "closed(broken-pipe)"));
      g_assert_true (g_str_has_suffix (test_log_get (log), "IDLE closed(broken-pipe)"));
      g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_IDLE);
      g_assert_cmpint (test_server_wait (server), ==, 0);
      test_client_free (client);
      test_server_free (server);
    }
  g_test_message ("%u replies, %u interrupted", n_replies, n_interrupted);
  g_assert_cmpuint (n_replies, ==, N_QUITS);
}

/* quit with commands behind it: QEMU never answers those, and resets the connection. */
static void
test_quit_pipelined (void)
{
  TestServer *server = test_server_new (TEST_SERVER_QEMU);
  QmpClient *client = test_server_open (server);
  g_autoptr (TestLog) log = test_log_new (client);

  test_log_execute_async (log, "quit", client, "quit", NULL);
  for (guint i = 0; i < 4; i++)
    test_log_execute_async (log, "a", client, "query-version", NULL);
  test_spin_until (test_log_has (log, "closed(broken-pipe)"));
  g_test_message ("%s", test_log_get (log));
  g_assert_cmpuint (test_log_count (log, "quit"), ==, 1);
  g_assert_cmpuint (test_log_count (log, "a") + test_log_count (log, "a!interrupted"), ==, 4);
  g_assert_cmpint (test_server_wait (server), ==, 0);
  test_client_free (client);
  test_server_free (server);
}

/* A monitor that another client holds. */
static void
test_busy (void)
{
  TestServer *server = test_server_new (TEST_SERVER_QEMU);
  QmpClient *first = test_server_open (server);
  QmpClient *second = qmp_client_new (NULL);
  g_autoptr (GAsyncResult) waiting = NULL;
  g_autoptr (GError) error = NULL;

  qmp_client_set_open_timeout (second, 30);
  g_assert_false (test_open (second, test_server_get_address (server), &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_BUSY);
  g_test_message ("%s", error->message);
  g_clear_error (&error);

  /* Waiting long enough, it gets its turn when the first leaves. */
  qmp_client_set_open_timeout (second, QMP_TIMEOUT_NONE);
  qmp_client_open_async (second, test_server_get_address (server), NULL, test_result_cb, &waiting);
  test_spin_ready ();
  g_assert_null (waiting);
  g_assert_true (test_close (first, &error));
  test_spin_until (waiting != NULL);
  g_assert_true (qmp_client_open_finish (second, waiting, &error));
  g_assert_no_error (error);
  g_clear_object (&waiting);
  test_client_free (first);
  test_server_close (server, second);
}

static void
test_killed (void)
{
  TestServer *server = test_server_new (TEST_SERVER_QEMU);
  QmpClient *client = test_server_open (server);
  g_autoptr (TestLog) log = test_log_new (client);

  /* Stopped first, so that none of the calls is answered. */
  kill (test_server_get_pid (server), SIGSTOP);
  for (guint i = 0; i < 4; i++)
    test_log_execute_async (log, "a", client, "query-version", NULL);
  test_spin_ready ();
  test_server_kill (server);
  test_spin_until (test_log_has (log, "closed(broken-pipe)"));
  g_assert_cmpstr (test_log_get (log), ==,
                   "DISCONNECTING a!interrupted a!interrupted a!interrupted a!interrupted IDLE closed(broken-pipe)");
  test_client_free (client);
  test_server_free (server);
}

/* Stopped and continued: the reply comes late, and is nobody else's. */
static void
test_stopped (void)
{
  TestServer *server = test_server_new (TEST_SERVER_QEMU);
  QmpClient *client = test_server_open (server);
  g_autoptr (QmpMessage) slow = test_message ("{\"execute\": \"query-version\"}");
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  kill (test_server_get_pid (server), SIGSTOP);
  qmp_message_set_timeout (slow, 20);
  g_assert_null (test_execute_message (client, slow, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  kill (test_server_get_pid (server), SIGCONT);
  value = test_execute (client, "query-status", &error);
  g_assert_no_error (error);
  g_assert_true (json_object_has_member (json_node_get_object (value), "status"));
  test_server_close (server, client);
}

/* A monitor on a socketpair, handed over as a stream. */
static void
test_pair (void)
{
  TestServer *server = test_server_new (TEST_SERVER_QEMU_PAIR);
  QmpClient *client = test_server_open (server);
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  value = test_execute (client, "query-status", &error);
  g_assert_no_error (error);
  g_clear_pointer (&value, json_node_unref);
  value = test_execute (client, "quit", &error);
  g_assert_no_error (error);
  test_spin_until (qmp_client_get_runstate (client) == QMP_RUNSTATE_IDLE);
  g_assert_cmpint (test_server_wait (server), ==, 0);
  test_client_free (client);
  test_server_free (server);
}

static void
test_storage_daemon (gconstpointer data)
{
  TestServer *server = test_server_new (GPOINTER_TO_INT (data));
  QmpClient *client = test_server_open (server);
  g_autoptr (QmpMessage) add = NULL;
  g_autoptr (JsonNode) added = NULL;
  g_autoptr (JsonNode) nodes = NULL;
  g_autoptr (JsonNode) quit = NULL;
  g_autoptr (GError) error = NULL;

  add = qmp_message_new_parsed ("blockdev-add", &error, "{'driver': 'null-co', 'node-name': %s, 'size': %x}",
                                "n0", G_GINT64_CONSTANT (4096));
  g_assert_no_error (error);
  added = test_execute_message (client, add, &error);
  g_assert_no_error (error);
  nodes = test_execute (client, "query-named-block-nodes", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (json_array_get_length (json_node_get_array (nodes)), ==, 1);
  quit = test_execute (client, "quit", &error);
  g_assert_no_error (error);
  test_spin_until (qmp_client_get_runstate (client) == QMP_RUNSTATE_IDLE);
  g_assert_cmpint (test_server_wait (server), ==, 0);
  test_client_free (client);
  test_server_free (server);
}

static void
test_guest_agent (void)
{
  TestServer *server = test_server_new (TEST_SERVER_GUEST_AGENT);
  QmpClient *client = test_server_open (server);
  g_autoptr (JsonNode) pong = NULL;
  g_autoptr (JsonNode) info = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_null (qmp_client_get_greeting (client));
  pong = test_execute (client, "guest-ping", &error);
  g_assert_no_error (error);
  test_assert_json (pong, "{}");
  info = test_execute (client, "guest-info", &error);
  g_assert_no_error (error);
  g_assert_true (json_object_has_member (json_node_get_object (info), "supported_commands"));
  test_server_close (server, client);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/live/qemu/status", test_status);
  g_test_add_func ("/live/qemu/events", test_events);
  g_test_add_func ("/live/qemu/error", test_command_error);
  g_test_add_func ("/live/qemu/add-fd", test_add_fd);
  g_test_add_func ("/live/qemu/fds-pipelined", test_fds_pipelined);
  g_test_add_func ("/live/qemu/pair", test_pair);
  g_test_add_func ("/live/qemu/busy", test_busy);
  g_test_add_func ("/live/qemu/killed", test_killed);
  g_test_add_func ("/live/qemu/stopped", test_stopped);
  g_test_add_data_func ("/live/qemu/quit/async", GINT_TO_POINTER (FALSE), test_quit);
  g_test_add_data_func ("/live/qemu/quit/blocking", GINT_TO_POINTER (TRUE), test_quit);
  g_test_add_func ("/live/qemu/quit/pipelined", test_quit_pipelined);
  g_test_add_data_func ("/live/qemu/schema/compact", GINT_TO_POINTER (TEST_SERVER_QEMU), test_schema);
  g_test_add_data_func ("/live/qemu/schema/pretty", GINT_TO_POINTER (TEST_SERVER_QEMU_PRETTY), test_schema);
  g_test_add_data_func ("/live/qemu/pipelined/compact", GINT_TO_POINTER (TEST_SERVER_QEMU), test_pipelined);
  g_test_add_data_func ("/live/qemu/pipelined/pretty", GINT_TO_POINTER (TEST_SERVER_QEMU_PRETTY), test_pipelined);
  g_test_add_data_func ("/live/storage-daemon/compact", GINT_TO_POINTER (TEST_SERVER_STORAGE_DAEMON), test_storage_daemon);
  g_test_add_data_func ("/live/storage-daemon/pretty", GINT_TO_POINTER (TEST_SERVER_STORAGE_DAEMON_PRETTY), test_storage_daemon);
  g_test_add_data_func ("/live/storage-daemon/schema/compact", GINT_TO_POINTER (TEST_SERVER_STORAGE_DAEMON), test_schema);
  g_test_add_data_func ("/live/storage-daemon/schema/pretty", GINT_TO_POINTER (TEST_SERVER_STORAGE_DAEMON_PRETTY), test_schema);
  g_test_add_func ("/live/guest-agent/ping", test_guest_agent);
  return g_test_run ();
}
