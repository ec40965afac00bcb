/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <string.h>

#include "test-server.h"

/* A real guest agent, on this very machine: it is asked nothing that changes it, and writes in a temporary directory. */

static QmpGuestAgent *
start (TestServer **server)
{
  g_autoptr(QmpClient) client = qmp_client_new (NULL);
  g_autoptr(GError) error = NULL;

  *server = test_server_new (TEST_SERVER_GUEST_AGENT);
  qmp_client_set_guest_agent (client, TRUE);
  test_open (client, test_server_get_address (*server), &error);
  g_assert_no_error (error);
  return qmp_guest_agent_new (client);
}

static void
stop (TestServer    *server,
      QmpGuestAgent *agent)
{
  QmpClient *client = g_object_ref (qmp_guest_agent_get_client (agent));

  test_spin_until (qmp_client_get_n_pending (client) == 0);
  test_spin_ready ();
  g_assert_finalize_object (agent);
  test_server_close (server, client);
}

static QmpGuestExecResult *
run (QmpGuestAgent      *agent,
     GBytes             *input,
     const char * const *argv)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  QmpGuestExecResult *outcome;

  qmp_guest_agent_exec_async (agent, argv, NULL, input, QMP_GUEST_EXEC_DEFAULT, QMP_TIMEOUT_NONE, NULL, test_result_cb,
                              &result);
  test_spin_until (result != NULL);
  outcome = qmp_guest_agent_exec_finish (agent, result, &error);
  g_assert_no_error (error);
  return outcome;
}

static void
assert_bytes (GBytes     *bytes,
              const char *text)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);

  g_assert_cmpmem (data, size, text, strlen (text));
}

static void
test_exec (void)
{
  TestServer *server;
  QmpGuestAgent *agent = start (&server);
  g_autoptr(GBytes) input = g_bytes_new_static ("hello", 5);
  g_autoptr(QmpGuestExecResult) result = NULL;
  g_autoptr(QmpGuestExecResult) killed = NULL;
  g_autoptr(GError) error = NULL;

  result = run (agent, input, (const char * const []) { "sh", "-c", "tr a-z A-Z; echo no >&2; exit 7", NULL });
  g_assert_cmpint (qmp_guest_exec_result_get_exit_status (result), ==, 7);
  assert_bytes (qmp_guest_exec_result_get_output (result), "HELLO");
  assert_bytes (qmp_guest_exec_result_get_error_output (result), "no\n");
  killed = run (agent, NULL, (const char * const []) { "sh", "-c", "kill -9 $$", NULL });
  g_assert_cmpint (qmp_guest_exec_result_get_exit_status (killed), ==, -1);
  g_assert_cmpint (qmp_guest_exec_result_get_signal (killed), ==, 9);
  g_assert_null (qmp_guest_agent_exec (agent, (const char * const []) { "/nonexistent", NULL }, NULL, NULL,
                                       QMP_GUEST_EXEC_DEFAULT, QMP_TIMEOUT_NONE, NULL, &error));
  g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC);
  stop (server, agent);
}

/* QEMU's agent keeps 16 MiB. */
static void
test_too_much (void)
{
  TestServer *server;
  QmpGuestAgent *agent = start (&server);
  g_autoptr(QmpGuestExecResult) result = NULL;

  result = run (agent, NULL, (const char * const []) { "head", "-c", "17000000", "/dev/zero", NULL });
  g_assert_cmpint (qmp_guest_exec_result_get_exit_status (result), ==, 0);
  g_assert_cmpuint (g_bytes_get_size (qmp_guest_exec_result_get_output (result)), ==, 16 * 1024 * 1024);
  g_assert_true (qmp_guest_exec_result_get_output_truncated (result));
  stop (server, agent);
}

/* Of the sizes about those of a piece. */
static void
test_file (void)
{
  const gsize sizes[] = { 0, 1, 256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 3 * 256 * 1024, 5000000 };
  TestServer *server;
  QmpGuestAgent *agent = start (&server);
  g_autofree char *path = g_build_filename (test_server_get_directory (server), "file", NULL);
  g_autoptr(GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *data = g_malloc (sizes[i] + 1);
      g_autoptr(GBytes) bytes = NULL;
      g_autoptr(GBytes) back = NULL;
      g_autoptr(GBytes) part = NULL;

      for (gsize n = 0; n < sizes[i]; n++)
        data[n] = n * 7 + n / 251;
      bytes = g_bytes_new_static (data, sizes[i]);
      qmp_guest_agent_write_file (agent, path, bytes, QMP_GUEST_WRITE_REPLACE, NULL, &error);
      g_assert_no_error (error);
      back = qmp_guest_agent_read_file (agent, path, 0, -1, NULL, &error);
      g_assert_no_error (error);
      g_assert_true (g_bytes_equal (back, bytes));
      part = qmp_guest_agent_read_file (agent, path, sizes[i] / 2, 4, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpmem (g_bytes_get_data (part, NULL), g_bytes_get_size (part), data + sizes[i] / 2,
                       MIN (4, sizes[i] - sizes[i] / 2));
    }
  g_remove (path);
  stop (server, agent);
}

static void
test_append (void)
{
  TestServer *server;
  QmpGuestAgent *agent = start (&server);
  g_autofree char *path = g_build_filename (test_server_get_directory (server), "file", NULL);
  g_autoptr(GBytes) bytes = g_bytes_new_static ("ab", 2);
  g_autoptr(GBytes) back = NULL;
  g_autoptr(GError) error = NULL;

  for (guint i = 0; i < 3; i++)
    g_assert_true (qmp_guest_agent_write_file (agent, path, bytes, QMP_GUEST_WRITE_APPEND, NULL, &error));
  back = qmp_guest_agent_read_file (agent, path, 0, -1, NULL, &error);
  g_assert_no_error (error);
  assert_bytes (back, "ababab");
  g_remove (path);
  stop (server, agent);
}

/* The agent has as many descriptors as before, after whatever has failed. */
static void
test_handles (void)
{
  TestServer *server;
  QmpGuestAgent *agent = start (&server);
  g_autofree char *fds = g_strdup_printf ("/proc/%d/fd", (int) test_server_get_pid (server));
  g_autoptr(GDir) before = g_dir_open (fds, 0, NULL);
  g_autoptr(GDir) after = NULL;
  guint n_before = 0;
  guint n_after = 0;

  while (g_dir_read_name (before) != NULL)
    n_before++;
  for (guint i = 0; i < 20; i++)
    {
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(GBytes) none = NULL;
      g_autoptr(GError) error = NULL;

      g_assert_null (qmp_guest_agent_read_file (agent, "/", 0, -1, NULL, &error));
      g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC);
      g_clear_error (&error);
      qmp_guest_agent_read_file_async (agent, "/dev/zero", 0, -1, cancellable, test_result_cb, &result);
      for (guint turn = 0; turn < i; turn++)
        g_main_context_iteration (NULL, TRUE);
      g_cancellable_cancel (cancellable);
      test_spin_until (result != NULL);
      none = qmp_guest_agent_read_file_finish (agent, result, &error);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    }
  test_spin_until (qmp_client_get_n_pending (qmp_guest_agent_get_client (agent)) == 0);
  after = g_dir_open (fds, 0, NULL);
  while (g_dir_read_name (after) != NULL)
    n_after++;
  g_assert_cmpuint (n_after, ==, n_before);
  stop (server, agent);
}

/* What can be asked without harm. */
static void
test_about (void)
{
  TestServer *server;
  QmpGuestAgent *agent = start (&server);
  g_autoptr(QmpMessage) info = NULL;
  g_autoptr(QmpMessage) osinfo = NULL;
  g_autoptr(QmpMessage) interfaces = NULL;
  g_autoptr(QmpMessage) users = NULL;
  g_autoptr(GError) error = NULL;
  gint64 before = g_get_real_time ();
  gint64 time;

  info = qmp_guest_agent_get_info (agent, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (qmp_message_has_path (info, "return.supported_commands[0].enabled"));
  osinfo = qmp_guest_agent_get_osinfo (agent, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (qmp_message_has_path (osinfo, "return.kernel-release"));
  interfaces = qmp_guest_agent_get_network_interfaces (agent, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (qmp_message_has_path (interfaces, "return[0].name"));
  users = qmp_guest_agent_get_users (agent, NULL, &error);
  g_assert_no_error (error);
  time = qmp_guest_agent_get_time (agent, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (time, >=, before);
  g_assert_cmpint (time, <=, g_get_real_time ());
  stop (server, agent);
}

static void
test_ready (void)
{
  TestServer *server;
  QmpGuestAgent *agent = start (&server);
  g_autoptr(GError) error = NULL;

  g_assert_true (qmp_guest_agent_wait_ready (agent, 60000, NULL, &error));
  g_assert_no_error (error);
  stop (server, agent);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/live/guest/exec", test_exec);
  g_test_add_func ("/live/guest/too-much", test_too_much);
  g_test_add_func ("/live/guest/file", test_file);
  g_test_add_func ("/live/guest/append", test_append);
  g_test_add_func ("/live/guest/handles", test_handles);
  g_test_add_func ("/live/guest/about", test_about);
  g_test_add_func ("/live/guest/ready", test_ready);
  return g_test_run ();
}
