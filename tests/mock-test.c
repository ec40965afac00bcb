/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qmp-glib/qmp-enums.h"
#include "test-line.h"
#include "test-peer.h"

/* Mocks, from the program's own thread: blocking calls of clients, and bare sockets that block. */

static QmpMock *
mock_new (QmpMockPreset preset)
{
  QmpMock *mock = qmp_mock_new (preset);
  g_autoptr(GError) error = NULL;

  g_assert_null (qmp_mock_get_address (mock));
  g_assert_null (qmp_mock_get_path (mock));
  qmp_mock_listen (mock, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (qmp_mock_get_path (mock));
  return mock;
}

static void
mock_free (QmpMock *mock)
{
  g_autofree char *path = g_strdup (qmp_mock_get_path (mock));
  g_autofree char *directory = g_path_get_dirname (path);

  test_spin_ready ();
  g_assert_finalize_object (mock);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_assert_false (g_file_test (directory, G_FILE_TEST_EXISTS));
}

static QmpExpectation *
expect (QmpMock    *mock,
        const char *command,
        const char *arguments)
{
  g_autoptr(JsonNode) node = arguments != NULL ? test_json (arguments) : NULL;

  return qmp_mock_expect (mock, command, node);
}

static void
returns (QmpExpectation *expectation,
         const char     *json)
{
  g_autoptr(JsonNode) node = test_json (json);

  qmp_expectation_returns (expectation, node);
}

static QmpClient *
open_client (QmpMock *mock)
{
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr(GError) error = NULL;

  qmp_client_open (client, qmp_mock_get_address (mock), NULL, &error);
  g_assert_no_error (error);
  return client;
}

static JsonNode *
execute (QmpClient   *client,
         const char  *command,
         GError     **error)
{
  return qmp_client_execute (client, command, NULL, NULL, error);
}

#define assert_returns(client, command, expected)                              \
  G_STMT_START {                                                               \
    g_autoptr(GError) own_error = NULL;                                        \
    g_autoptr(JsonNode) own_reply = execute (client, command, &own_error);     \
    g_assert_no_error (own_error);                                             \
    test_assert_json (own_reply, expected);                                    \
  } G_STMT_END

#define assert_fails(client, command, code, text)                              \
  G_STMT_START {                                                               \
    g_autoptr(GError) own_error = NULL;                                        \
    g_assert_null (execute (client, command, &own_error));                     \
    g_assert_error (own_error, QMP_COMMAND_ERROR, code);                       \
    g_assert_cmpstr (own_error->message, ==, text);                            \
  } G_STMT_END

#define assert_verified(mock)                                                  \
  G_STMT_START {                                                               \
    g_autoptr(GError) own_error = NULL;                                        \
    g_assert_true (qmp_mock_verify (mock, &own_error));                        \
    g_assert_no_error (own_error);                                             \
  } G_STMT_END

/* --- answers --- */

static void
test_answers (void)
{
  QmpMock *mock = mock_new (QMP_MOCK_PRESET_NONE);
  QmpClient *client = open_client (mock);

  returns (expect (mock, "query-name", NULL), "{\"name\": \"a\"}");
  returns (expect (mock, "query-null", NULL), "null");
  qmp_expectation_fails (expect (mock, "stop", NULL), "DeviceNotFound", "there is none");
  expect (mock, "cont", NULL);
  qmp_expectation_returns (expect (mock, "cont", NULL), NULL);
  assert_returns (client, "query-name", "{\"name\": \"a\"}");
  assert_returns (client, "query-null", "null");
  assert_fails (client, "stop", QMP_COMMAND_ERROR_DEVICE_NOT_FOUND, "there is none");
  assert_returns (client, "cont", "{}");
  assert_returns (client, "cont", "{}");
  assert_fails (client, "query-status", QMP_COMMAND_ERROR_COMMAND_NOT_FOUND, "The command query-status has not been found");
  assert_verified (mock);
  g_object_unref (client);
  mock_free (mock);
}

static void
test_unexpected (void)
{
  QmpMock *mock = mock_new (QMP_MOCK_PRESET_MACHINE);
  QmpClient *client = open_client (mock);
  g_autoptr(GError) error = NULL;

  expect (mock, "stop", NULL);
  expect (mock, "cont", NULL);
  assert_fails (client, "cont", QMP_COMMAND_ERROR_GENERIC, "The mock did not expect this command now: Expected “stop”, but “cont” without arguments came");
  assert_returns (client, "query-name", "{\"name\": \"mock\"}");
  g_assert_false (qmp_mock_verify (mock, &error));
  g_assert_error (error, QMP_MOCK_ERROR, QMP_MOCK_ERROR_UNEXPECTED);
  g_assert_cmpstr (error->message, ==, "Expected “stop”, but “cont” without arguments came");
  g_object_unref (client);
  mock_free (mock);
}

/* What the preset says is said of what is expected as well, if nothing else is. */
static void
test_preset_answers (void)
{
  QmpMock *mock = mock_new (QMP_MOCK_PRESET_MACHINE);
  QmpClient *client = open_client (mock);

  expect (mock, "stop", NULL);
  assert_returns (client, "stop", "{}");
  assert_returns (client, "query-status", "{\"status\": \"paused\", \"running\": false}");
  assert_verified (mock);
  g_object_unref (client);
  mock_free (mock);
}

static void
test_events (void)
{
  QmpMock *mock = mock_new (QMP_MOCK_PRESET_NONE);
  g_autoptr(TestLine) line = test_line_open (qmp_mock_get_path (mock));
  QmpExpectation *expectation = expect (mock, "a", NULL);
  g_autoptr(JsonNode) data = test_json ("{\"x\": 1}");
  g_autoptr(GError) error = NULL;
  g_autofree char *all = NULL;

  qmp_expectation_emits_before (expectation, "ONE", NULL);
  qmp_expectation_emits_before (expectation, "TWO", data);
  qmp_expectation_emits_after (expectation, "THREE", NULL);
  test_line_say (line, "{\"execute\": \"a\", \"id\": 7}");
  test_line_assert (line, "{\"event\": \"ONE\"}");
  test_line_assert (line, "{\"event\": \"TWO\", \"data\": {\"x\": 1}}");
  test_line_assert (line, "{\"return\": {}, \"id\": 7}");
  test_line_assert (line, "{\"event\": \"THREE\"}");
  g_assert_true (qmp_mock_emit_event (mock, "FOUR", data, &error));
  test_line_assert (line, "{\"event\": \"FOUR\", \"data\": {\"x\": 1}}");
  g_clear_pointer (&data, json_node_unref);
  data = test_json ("[1]");
  g_assert_false (qmp_mock_emit_event (mock, "FOUR", data, &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE);
  mock_free (mock);
}

/* All that belongs to one answer is one packet, if the client is as slow. */
static void
test_together (void)
{
  QmpMock *mock = mock_new (QMP_MOCK_PRESET_NONE);
  g_autoptr(TestLine) line = test_line_open (qmp_mock_get_path (mock));
  QmpExpectation *held = expect (mock, "a", NULL);
  QmpExpectation *second = expect (mock, "b", NULL);
  g_autofree char *all = NULL;

  qmp_expectation_holds (held);
  qmp_expectation_emits_after (held, "E", NULL);
  test_line_say (line, "{\"execute\": \"a\"} {\"execute\": \"b\"}");
  g_assert_true (qmp_expectation_wait (second, QMP_TIMEOUT_NONE, NULL, NULL));
  g_assert_false (test_line_has_any (line));
  qmp_expectation_release (held);
  all = test_line_read_all (line);
  g_assert_true (g_str_has_suffix (all, "{\"return\": {}}\r\n{\"event\": \"E\"}\r\n") ||
                 g_str_has_prefix (all, "{\"return\": {}}\r\n{\"return\": {}}\r\n{"));
  mock_free (mock);
}

static void
test_held (void)
{
  QmpMock *mock = mock_new (QMP_MOCK_PRESET_MACHINE);
  QmpClient *client = open_client (mock);
  QmpExpectation *expectation = expect (mock, "stop", NULL);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) reply = NULL;

  qmp_expectation_holds (expectation);
  qmp_client_execute_async (client, "stop", NULL, NULL, test_result_cb, &result);
  test_spin_until (qmp_expectation_get_met (expectation));
  test_spin_ready ();
  g_assert_null (result);
  qmp_expectation_release (expectation);
  test_spin_until (result != NULL);
  reply = qmp_client_execute_finish (client, result, &error);
  g_assert_no_error (error);
  /* Released before it comes. */
  expectation = expect (mock, "cont", NULL);
  qmp_expectation_holds (expectation);
  qmp_expectation_release (expectation);
  assert_returns (client, "cont", "{}");
  g_clear_object (&result);
  g_object_unref (client);
  mock_free (mock);
}

static void
test_silent (void)
{
  QmpMock *mock = mock_new (QMP_MOCK_PRESET_NONE);
  g_autoptr(TestLine) line = test_line_open (qmp_mock_get_path (mock));

  qmp_expectation_stays_silent (expect (mock, "a", NULL));
  expect (mock, "b", NULL);
  test_line_say (line, "{\"execute\": \"a\", \"id\": 1}");
  test_line_assert_answer (line, "{\"execute\": \"b\", \"id\": 2}", "{\"return\": {}, \"id\": 2}");
  assert_verified (mock);
  mock_free (mock);
}

/* In QEMU's order, and dismissed by whoever started it. */
static void
test_failed_job (void)
{
  QmpMock *mock = mock_new (QMP_MOCK_PRESET_MACHINE);
  QmpMachine *vm = qmp_machine_new (NULL);
  g_autoptr(QmpMessage) command = test_message ("{\"execute\": \"blockdev-backup\", \"arguments\": {\"job-id\": \"j\", "
                                                "\"device\": \"d\", \"target\": \"t\", \"sync\": \"full\"}}");
  g_autoptr(QmpJob) job = NULL;
  g_autoptr(GError) error = NULL;

  qmp_expectation_fails_job (expect (mock, "blockdev-backup", "{\"device\": \"d\"}"), "No space left on device");
  qmp_machine_open (vm, qmp_mock_get_address (mock), NULL, &error);
  g_assert_no_error (error);
  job = qmp_machine_start_job (vm, command, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (qmp_job_wait (job, QMP_TIMEOUT_NONE, NULL, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_JOB);
  g_assert_cmpstr (error->message, ==, "No space left on device");
  assert_verified (mock);
  g_clear_object (&job);
  g_object_unref (vm);
  mock_free (mock);
}

/* --- what came --- */

static void
test_received (void)
{
  QmpMock *mock = mock_new (QMP_MOCK_PRESET_NONE);
  QmpClient *client = open_client (mock);
  QmpExpectation *expectation = expect (mock, "getfd", NULL);
  g_autoptr(QmpMessage) command = test_message ("{\"execute\": \"getfd\", \"arguments\": {\"fdname\": \"f\"}}");
  g_autoptr(GUnixFDList) fds = g_unix_fd_list_new ();
  g_autoptr(QmpMessage) message = NULL;
  g_autolist(QmpMessage) list = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *name = NULL;

  g_assert_cmpstr (qmp_expectation_get_command (expectation), ==, "getfd");
  g_assert_false (qmp_expectation_get_met (expectation));
  g_assert_null (qmp_expectation_dup_message (expectation));
  g_unix_fd_list_append (fds, STDERR_FILENO, &error);
  g_assert_no_error (error);
  qmp_message_set_fd_list (command, fds);
  json_node_unref (qmp_client_execute_message (client, command, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (qmp_expectation_get_met (expectation));
  message = qmp_expectation_dup_message (expectation);
  name = qmp_message_dup_string (message, "arguments.fdname", &error);
  g_assert_cmpstr (name, ==, "f");
  g_assert_cmpint (g_unix_fd_list_get_length (qmp_message_get_fd_list (message)), ==, 1);
  execute (client, "other", NULL);
  list = qmp_mock_list_commands (mock);
  g_assert_cmpuint (g_list_length (list), ==, 2);
  g_assert_cmpint (g_unix_fd_list_get_length (qmp_message_get_fd_list (list->data)), ==, 1);
  g_assert_null (qmp_message_get_fd_list (list->next->data));
  g_object_unref (client);
  mock_free (mock);
}

static void
notify_cb (GObject    *object,
           GParamSpec *pspec,
           gpointer    user_data)
{
  GString *log = user_data;

  g_string_append_printf (log, "%s ", g_param_spec_get_name (pspec));
}

static void
test_notifies (void)
{
  QmpMock *mock = mock_new (QMP_MOCK_PRESET_MACHINE);
  g_autofree char *path = g_strdup (qmp_mock_get_path (mock));
  QmpClient *client = open_client (mock);
  QmpExpectation *expectation = expect (mock, "stop", NULL);
  g_autoptr(GString) log = g_string_new (NULL);
  g_autoptr(GError) error = NULL;

  g_signal_connect (expectation, "notify", G_CALLBACK (notify_cb), log);
  g_signal_connect (mock, "notify", G_CALLBACK (notify_cb), log);
  assert_returns (client, "stop", "{}");
  g_assert_cmpstr (log->str, ==, "");
  test_spin_until (log->len > 0);
  g_assert_cmpstr (log->str, ==, "met ");
  g_assert_false (qmp_mock_get_ended (mock));
  assert_returns (client, "quit", "{}");
  test_spin_until (strstr (log->str, "ended") != NULL);
  g_assert_cmpstr (log->str, ==, "met ended ");
  g_assert_true (qmp_mock_get_ended (mock));
  /* As after QEMU's end. */
  test_spin_until (qmp_client_get_runstate (client) == QMP_RUNSTATE_IDLE);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  qmp_mock_close (mock);
  test_spin_ready ();
  g_assert_cmpstr (log->str, ==, "met ended ");
  g_assert_true (qmp_expectation_get_met (expectation));
  g_object_unref (client);
  mock_free (mock);
}

/* --- monitors --- */

static void
test_one_client (void)
{
  QmpMock *mock = mock_new (QMP_MOCK_PRESET_MACHINE);
  TestLine *first = test_line_open (qmp_mock_get_path (mock));
  g_autoptr(TestLine) second = test_line_new (qmp_mock_get_path (mock));
  g_autofree char *greeting = NULL;

  test_line_assert_answer (first, "{\"execute\": \"query-name\"}", "{\"return\": {\"name\": \"mock\"}}");
  g_assert_false (test_line_has_any (second));
  test_line_free (first);
  greeting = test_line_read (second);
  g_assert_true (g_str_has_prefix (greeting, "{\"QMP\""));
  mock_free (mock);
}

/* Of one machine. */
static void
test_two_monitors (void)
{
  QmpMock *mock = mock_new (QMP_MOCK_PRESET_MACHINE);
  g_autoptr(GSocketAddress) address = NULL;
  g_autofree char *path = g_strconcat (qmp_mock_get_path (mock), "2", NULL);
  g_autoptr(TestLine) first = test_line_open (qmp_mock_get_path (mock));
  g_autoptr(TestLine) second = NULL;
  g_autoptr(GError) error = NULL;
  int fd;
  g_autoptr(GIOStream) stream = test_socketpair (&fd);

  address = g_unix_socket_address_new (path);
  qmp_mock_listen (mock, G_SOCKET_CONNECTABLE (address), &error);
  g_assert_no_error (error);
  g_assert_false (qmp_mock_listen (mock, G_SOCKET_CONNECTABLE (address), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  g_clear_error (&error);
  g_assert_false (qmp_mock_listen (mock, NULL, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  g_clear_error (&error);
  g_assert_cmpstr (qmp_mock_get_path (mock), !=, path);
  second = test_line_open (path);
  test_line_say (first, "{\"execute\": \"stop\"}");
  test_line_assert (second, "{\"event\": \"STOP\"}");
  test_line_assert (first, "{\"event\": \"STOP\"}");
  test_line_assert (first, "{\"return\": {}}");
  g_assert_true (qmp_mock_add_stream (mock, stream, &error));
  g_assert_no_error (error);
  close (fd);
  mock_free (mock);
}

/* --- faults --- */

static void
test_fault (gconstpointer data)
{
  QmpMockFault fault = GPOINTER_TO_INT (data);
  QmpMock *mock = mock_new (QMP_MOCK_PRESET_NONE);
  g_autoptr(TestLine) line = test_line_open (qmp_mock_get_path (mock));
  QmpExpectation *expectation = expect (mock, "a", NULL);

  returns (expectation, "[\"some\", \"values\"]");
  qmp_expectation_emits_after (expectation, "E", NULL);
  qmp_expectation_breaks (expectation, fault);
  test_line_say (line, "{\"execute\": \"a\"}");
  test_line_assert (line, "{\"return\": [\"some\", \"values\"]}");
  test_line_assert (line, "{\"event\": \"E\"}");
  test_line_assert (line, NULL);
  g_assert_cmpint (errno, ==, fault == QMP_MOCK_FAULT_RESET ? ECONNRESET : 0);
  /* It is there for the next. */
  g_clear_pointer (&line, test_line_free);
  line = test_line_open (qmp_mock_get_path (mock));
  mock_free (mock);
}

static void
test_cut (void)
{
  QmpMock *mock = mock_new (QMP_MOCK_PRESET_NONE);
  g_autoptr(TestLine) line = test_line_open (qmp_mock_get_path (mock));
  QmpExpectation *expectation = expect (mock, "a", NULL);
  g_autofree char *text = NULL;
  g_autofree char *rest = NULL;

  returns (expectation, "[\"some\", \"values\"]");
  qmp_expectation_breaks (expectation, QMP_MOCK_FAULT_CUT);
  test_line_say (line, "{\"execute\": \"a\"}");
  text = test_line_read_all (line);
  g_assert_cmpuint (strlen (text), >, 0);
  g_assert_true (g_str_has_prefix ("{\"return\": [\"some\",\"values\"]}", text));
  rest = test_line_read_all (line);
  g_assert_cmpstr (rest, ==, "");
  mock_free (mock);
}

static void
test_stall (void)
{
  QmpMock *mock = mock_new (QMP_MOCK_PRESET_MACHINE);
  QmpClient *client = open_client (mock);
  g_autoptr(GError) error = NULL;

  qmp_expectation_breaks (expect (mock, "stop", NULL), QMP_MOCK_FAULT_STALL);
  assert_returns (client, "stop", "{}");
  qmp_client_set_timeout (client, 1);
  g_assert_null (execute (client, "query-status", &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_RUNNING);
  g_object_unref (client);
  mock_free (mock);
}

static void
test_bytewise (void)
{
  QmpMock *mock = qmp_mock_new (QMP_MOCK_PRESET_MACHINE);
  g_autoptr(GError) error = NULL;
  QmpClient *client;
  QmpMachine *vm;

  g_assert_false (qmp_mock_get_bytewise (mock));
  g_object_set (mock, "bytewise", TRUE, NULL);
  g_assert_true (qmp_mock_get_bytewise (mock));
  g_assert_true (qmp_mock_listen (mock, NULL, &error));
  vm = qmp_machine_new (NULL);
  qmp_machine_open (vm, qmp_mock_get_address (mock), NULL, &error);
  g_assert_no_error (error);
  client = qmp_machine_get_client (vm);
  assert_returns (client, "query-name", "{\"name\": \"mock\"}");
  g_object_unref (vm);
  mock_free (mock);
}

/* --- ends --- */

static void
test_closed (void)
{
  QmpMock *mock = mock_new (QMP_MOCK_PRESET_MACHINE);
  g_autoptr(TestLine) line = test_line_open (qmp_mock_get_path (mock));
  g_autoptr(QmpExpectation) expectation = g_object_ref (expect (mock, "stop", NULL));
  g_autoptr(GError) error = NULL;
  int fd;
  g_autoptr(GIOStream) stream = test_socketpair (&fd);

  qmp_expectation_holds (expectation);
  test_line_say (line, "{\"execute\": \"stop\"}");
  g_assert_true (qmp_expectation_wait (expectation, QMP_TIMEOUT_NONE, NULL, &error));
  qmp_mock_close (mock);
  test_line_assert (line, NULL);
  qmp_mock_close (mock);
  g_assert_false (qmp_mock_listen (mock, NULL, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  g_clear_error (&error);
  g_assert_false (qmp_mock_add_stream (mock, stream, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  g_clear_error (&error);
  g_assert_false (qmp_mock_emit_event (mock, "E", NULL, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  g_clear_error (&error);
  assert_verified (mock);
  mock_free (mock);
  /* One outlives the other. */
  qmp_expectation_release (expectation);
  qmp_expectation_returns (expectation, NULL);
  g_assert_true (qmp_expectation_get_met (expectation));
  close (fd);
}

static gpointer
unref_cb (gpointer mock)
{
  g_object_unref (mock);
  return NULL;
}

/* By a thread that is not its own: it comes to its end in its own. */
static void
test_unref_elsewhere (void)
{
  QmpMock *mock = mock_new (QMP_MOCK_PRESET_MACHINE);
  g_autoptr(TestLine) line = test_line_open (qmp_mock_get_path (mock));
  g_autofree char *path = g_strdup (qmp_mock_get_path (mock));

  expect (mock, "stop", NULL);
  test_line_say (line, "{\"execute\": \"stop\"}");
  g_thread_join (g_thread_new ("unref", unref_cb, mock));
  test_spin_until (!g_file_test (path, G_FILE_TEST_EXISTS));
}

static void
drop_cb (GObject    *expectation,
         GParamSpec *pspec,
         QmpMock   **mock)
{
  g_clear_object (mock);
}

/* In what it calls. */
static void
test_unref_inside (void)
{
  QmpMock *mock = mock_new (QMP_MOCK_PRESET_MACHINE);
  QmpClient *client = open_client (mock);

  g_signal_connect (expect (mock, "stop", NULL), "notify::met", G_CALLBACK (drop_cb), &mock);
  qmp_client_execute_async (client, "stop", NULL, NULL, NULL, NULL);
  test_spin_until (mock == NULL);
  test_client_free (client);
}

/* There is no thread in a child: it drops what it has, and the parent notices nothing. */
static void
test_forked (void)
{
  QmpMock *mock = mock_new (QMP_MOCK_PRESET_MACHINE);
  QmpClient *client = open_client (mock);
  int status;
  pid_t pid = fork ();

  if (pid == 0)
    {
      if (qmp_mock_emit_event (mock, "E", NULL, NULL))
        _exit (1);
      g_object_unref (mock);
      /* What the thread has is lost, which valgrind would say. */
      kill (getpid (), SIGKILL);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFSIGNALED (status));
  assert_returns (client, "query-name", "{\"name\": \"mock\"}");
  g_object_unref (client);
  mock_free (mock);
}

/* --- scripts --- */

static void
test_script (void)
{
  QmpMock *mock = mock_new (QMP_MOCK_PRESET_MACHINE);
  g_autoptr(TestLine) line = test_line_open (qmp_mock_get_path (mock));
  g_autoptr(GError) error = NULL;
  const char *text =
    "# A comment\n"
    "\n"
    "{\"expect\": \"a\", \"arguments\": {\"x\": 1}, \"return\": [null]}\r\n"
    "{\"expect\": \"b\", \"error\": {\"class\": \"DeviceNotFound\", \"desc\": \"none\"}}\n"
    "{\"expect\": \"b\", \"silent\": true}\n"
    "{\"expect\": \"poll\", \"repeat\": true, \"return\": 5}\n"
    "{\"expect\": \"block-stream\", \"fail-job\": \"no\"}\n"
    "{\"expect\": \"stop\", \"before\": [{\"event\": \"ONE\"}], \"after\": [{\"event\": \"TWO\", \"data\": {}}], "
    "\"break\": \"hang-up\"}";
  g_autofree char *lines = NULL;

  g_assert_true (qmp_mock_add_script (mock, text, &error));
  g_assert_no_error (error);
  test_line_assert_answer (line, "{\"execute\": \"poll\"}", "{\"return\": 5}");
  test_line_assert_answer (line, "{\"execute\": \"a\", \"arguments\": {\"x\": 1}}", "{\"return\": [null]}");
  test_line_assert_answer (line, "{\"execute\": \"b\"}", test_raw_error ("DeviceNotFound", "none", NULL));
  test_line_say (line, "{\"execute\": \"b\"}");
  test_line_say (line, "{\"execute\": \"block-stream\", \"arguments\": {\"job-id\": \"j\", \"device\": \"d\"}}");
  lines = test_line_until (line, "null");
  g_assert_nonnull (strstr (lines, "\"error\":\"no\""));
  test_line_assert_answer (line, "{\"execute\": \"stop\"}", "{\"event\": \"ONE\"}");
  test_line_assert (line, "{\"event\": \"STOP\"}");
  test_line_assert (line, "{\"return\": {}}");
  test_line_assert (line, "{\"event\": \"TWO\", \"data\": {}}");
  test_line_assert (line, NULL);
  assert_verified (mock);
  mock_free (mock);
}

static const struct {
  const char *text;
  const char *part;
} wrong_scripts[] = {
  { "\n{", "Line 2 of the script: " },
  { "[]", "it is not an object" },
  { "{}", "names no command" },
  { "{\"expect\": 5}", "what “expect” says" },
  { "{\"expect\": \"a\", \"returns\": 5}", "“returns” is not known" },
  { "{\"expect\": \"a\", \"return\": 5, \"silent\": true}", "more than one answer" },
  { "{\"expect\": \"a\", \"silent\": false}", "what “silent” says" },
  { "{\"expect\": \"a\", \"error\": {\"class\": \"x\"}}", "an error has" },
  { "{\"expect\": \"a\", \"return\": 1e999}", "Line 2" },
  { "{\"expect\": \"a\", \"break\": \"leg\"}", "what “break” says" },
  { "{\"expect\": \"a\", \"before\": {}}", "what “before” says" },
  { "{\"expect\": \"a\", \"before\": [5]}", "what “before” says" },
  { "{\"expect\": \"a\", \"before\": [{\"event\": \"E\", \"data\": 5}]}", "what “before” says" },
  { "{\"expect\": \"a\", \"before\": [{\"event\": \"E\", \"date\": {}}]}", "what “before” says" },
};

/* Also what is right in it is not expected. */
static void
test_wrong_scripts (void)
{
  g_autoptr(QmpMock) mock = qmp_mock_new (QMP_MOCK_PRESET_NONE);

  for (gsize i = 0; i < G_N_ELEMENTS (wrong_scripts); i++)
    {
      g_autofree char *text = g_strconcat ("{\"expect\": \"good\"}\n", wrong_scripts[i].text, NULL);
      g_autoptr(GError) error = NULL;

      g_test_message ("%s", wrong_scripts[i].text);
      g_assert_false (qmp_mock_add_script (mock, i == 0 ? wrong_scripts[i].text : text, &error));
      g_assert_error (error, QMP_MOCK_ERROR, QMP_MOCK_ERROR_SCRIPT);
      test_assert_error_has (error, wrong_scripts[i].part);
      assert_verified (mock);
    }
}

static void
test_alone (void)
{
  g_autoptr(QmpMock) mock = qmp_mock_new (QMP_MOCK_PRESET_MACHINE);
  g_autoptr(QmpExpectation) nobodys = g_object_new (QMP_TYPE_EXPECTATION, NULL);

  g_assert_cmpint (qmp_mock_get_preset (mock), ==, QMP_MOCK_PRESET_MACHINE);
  g_assert_null (qmp_expectation_get_command (nobodys));
  g_assert_false (qmp_expectation_get_met (nobodys));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mock/answers", test_answers);
  g_test_add_func ("/mock/unexpected", test_unexpected);
  g_test_add_func ("/mock/preset-answers", test_preset_answers);
  g_test_add_func ("/mock/events", test_events);
  g_test_add_func ("/mock/together", test_together);
  g_test_add_func ("/mock/held", test_held);
  g_test_add_func ("/mock/silent", test_silent);
  g_test_add_func ("/mock/failed-job", test_failed_job);
  g_test_add_func ("/mock/received", test_received);
  g_test_add_func ("/mock/notifies", test_notifies);
  g_test_add_func ("/mock/one-client", test_one_client);
  g_test_add_func ("/mock/two-monitors", test_two_monitors);
  g_test_add_data_func ("/mock/fault/hang-up", GINT_TO_POINTER (QMP_MOCK_FAULT_HANG_UP), test_fault);
  g_test_add_data_func ("/mock/fault/reset", GINT_TO_POINTER (QMP_MOCK_FAULT_RESET), test_fault);
  g_test_add_func ("/mock/fault/cut", test_cut);
  g_test_add_func ("/mock/fault/stall", test_stall);
  g_test_add_func ("/mock/fault/bytewise", test_bytewise);
  g_test_add_func ("/mock/closed", test_closed);
  g_test_add_func ("/mock/unref-elsewhere", test_unref_elsewhere);
  g_test_add_func ("/mock/unref-inside", test_unref_inside);
  g_test_add_func ("/mock/forked", test_forked);
  g_test_add_func ("/mock/script", test_script);
  g_test_add_func ("/mock/wrong-scripts", test_wrong_scripts);
  g_test_add_func ("/mock/alone", test_alone);
  return g_test_run ();
}
