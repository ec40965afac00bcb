/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-migration.h"
#include "test-server.h"

#include <glib-unix.h>
#include <unistd.h>

/* Migrations of real machines: those that cannot begin, those that others have begun, and who waits for one. */

/* --- what cannot begin --- */

static void
test_no_connection (void)
{
  QmpMachine *vm = test_migration_machine ();
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpMigration) migration = test_start_migration (vm, "unix:/nonexistent/socket", &error);

  g_assert_no_error (error);
  test_migration_assert_failure (migration, QMP_MACHINE_ERROR_MIGRATION, "Failed to connect to '/nonexistent/socket'");
  g_assert_cmpint (qmp_migration_get_status (migration), ==, QMP_MIGRATION_STATUS_FAILED);
  test_migration_assert_runs (vm);
  test_machine_quit (vm);
}

/* A command that does not read. */
static void
test_bad_command (void)
{
  QmpMachine *vm = test_machine_new (test_launcher_new_pc ());
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpMigration) migration = test_start_migration (vm, "exec:false", &error);

  g_assert_no_error (error);
  test_migration_assert_failure (migration, QMP_MACHINE_ERROR_MIGRATION, "");
  test_migration_assert_runs (vm);
  test_machine_quit (vm);
}

/* One error, and no migration. */
static void
test_bad_uri (void)
{
  static const char * const uris[] = { "nosuch:address", "fd:nosuch", "", "unix" };
  QmpMachine *vm = test_migration_machine ();
  QmpMachine *waiting = test_migration_waiting ();
  g_autoptr(GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (uris); i++)
    {
      g_assert_null (test_start_migration (vm, uris[i], &error));
      g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC);
      g_clear_error (&error);
      g_assert_null (test_start_incoming (waiting, uris[i], &error));
      g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC);
      g_clear_error (&error);
    }
  g_assert_null (test_start_incoming (vm, "unix:/nonexistent/socket", &error));
  test_assert_error_has (error, "-incoming");
  test_spin_ready ();
  g_assert_null (qmp_machine_get_migration (vm));
  g_assert_null (qmp_machine_get_migration (waiting));
  test_migration_assert_runs (vm);
  test_machine_quit (vm);
  test_machine_quit (waiting);
}

static void
test_bad_fd (void)
{
  QmpMachine *vm = test_migration_machine ();
  g_autoptr(GError) error = NULL;
  int fds[2];

  /* Nobody has that one. */
  g_assert_null (test_start_migration_fd (vm, G_MAXINT, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  /* This one is to be read. */
  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
  {
    g_autoptr(QmpMigration) migration = test_start_migration_fd (vm, fds[0], &error);

    g_assert_no_error (error);
    test_migration_assert_failure (migration, QMP_MACHINE_ERROR_MIGRATION, "");
  }
  test_migration_assert_runs (vm);
  close (fds[0]);
  close (fds[1]);
  test_machine_quit (vm);
}

/* A second one is refused, and nothing of it is left in QEMU. */
static void
test_second (void)
{
  QmpMachine *vm = test_migration_machine ();
  g_autoptr(QmpMigration) migration = test_migration_start_slow (vm);
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) reply = NULL;
  g_autoptr(QmpMessage) closefd = test_message ("{\"execute\": \"closefd\", \"arguments\": {\"fdname\": "
                                                "\"qmp-glib-migration\"}}");
  int fd = test_migration_new_file ("");

  g_assert_null (test_start_migration_fd (vm, fd, &error));
  g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC);
  g_clear_error (&error);
  g_assert_true (migration == qmp_machine_get_migration (vm));
  reply = test_execute_message (qmp_machine_get_client (vm), closefd, &error);
  test_assert_error_has (error, "not found");
  g_clear_error (&error);
  g_assert_true (test_migration_cancel (migration, &error));
  test_migration_speed_up (vm);
  test_migration_save (vm, fd);
  close (fd);
  test_machine_quit (vm);
}

/* --- begun by others --- */

static void
test_by_hand (void)
{
  static const char * const commands[] = {
    "{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"exec:cat >/dev/null\"}}",
    "{\"execute\": \"human-monitor-command\", \"arguments\": {\"command-line\": \"migrate -d \\\"exec:cat >/dev/null\\\"\"}}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      QmpMachine *vm = test_migration_machine ();
      g_autoptr(QmpMigration) migration = NULL;

      test_migration_execute (vm, commands[i]);
      test_spin_until (qmp_machine_get_migration (vm) != NULL);
      migration = g_object_ref (qmp_machine_get_migration (vm));
      test_migration_assert_success (migration);
      g_assert_cmpint (qmp_machine_get_status (vm), ==, QMP_MACHINE_STATUS_POSTMIGRATE);
      g_assert_true (migration == qmp_machine_get_migration (vm));
      test_machine_quit (vm);
    }
}

static void
execute_over (QmpClient  *client,
              const char *text)
{
  g_autoptr(QmpMessage) message = test_message (text);
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) reply = test_execute_message (client, message, &error);

  g_assert_no_error (error);
}

static void
test_second_monitor (void)
{
  g_autoptr(TestServer) server = test_server_new (TEST_SERVER_QEMU_MACHINE);
  QmpMachine *vm = qmp_machine_new (NULL);
  QmpClient *other = qmp_client_new (NULL);
  g_autoptr(QmpMigration) migration = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_true (qmp_machine_open (vm, test_server_get_address (server), NULL, &error));
  g_assert_true (test_open (other, test_server_get_second_address (server), &error));
  execute_over (other, "{\"execute\": \"migrate-set-parameters\", \"arguments\": {\"max-bandwidth\": 100}}");
  execute_over (other, "{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"exec:cat >/dev/null\"}}");
  test_spin_until (qmp_machine_get_migration (vm) != NULL);
  migration = g_object_ref (qmp_machine_get_migration (vm));
  execute_over (other, "{\"execute\": \"migrate_cancel\"}");
  test_migration_assert_failure (migration, QMP_MACHINE_ERROR_MIGRATION_CANCELLED, "");
  g_assert_true (qmp_machine_get_running (vm));
  g_assert_true (test_close (other, NULL));
  test_client_free (other);
  g_assert_true (test_close (qmp_machine_get_client (vm), NULL));
  test_machine_free (vm);
}

/* It was begun before the machine was opened, and the server has no events. */
static void
test_opened_late (void)
{
  g_autoptr(TestServer) server = test_server_new (TEST_SERVER_QEMU_MACHINE);
  QmpMachine *vm = qmp_machine_new (NULL);
  QmpClient *other = qmp_client_new (NULL);
  g_autoptr(QmpMigration) migration = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_true (test_open (other, test_server_get_second_address (server), &error));
  execute_over (other, "{\"execute\": \"migrate-set-parameters\", \"arguments\": {\"max-bandwidth\": 100}}");
  execute_over (other, "{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"exec:cat >/dev/null\"}}");
  g_assert_true (qmp_machine_open (vm, test_server_get_address (server), NULL, &error));
  migration = g_object_ref (qmp_machine_get_migration (vm));
  g_assert_cmpint (qmp_migration_get_direction (migration), ==, QMP_MIGRATION_DIRECTION_OUTGOING);
  g_assert_false (qmp_migration_get_finished (migration));
  execute_over (other, "{\"execute\": \"migrate-set-parameters\", \"arguments\": {\"max-bandwidth\": 1000000000}}");
  test_migration_assert_success (migration);
  g_assert_cmpint (qmp_machine_get_status (vm), ==, QMP_MACHINE_STATUS_POSTMIGRATE);
  g_assert_true (test_close (qmp_machine_get_client (vm), NULL));
  /* What has ended before is known, too. */
  g_assert_true (qmp_machine_open (vm, test_server_get_address (server), NULL, &error));
  g_assert_true (migration == qmp_machine_get_migration (vm));
  g_assert_true (test_close (qmp_machine_get_client (vm), NULL));
  test_machine_free (vm);
  vm = qmp_machine_new (NULL);
  g_assert_true (qmp_machine_open (vm, test_server_get_address (server), NULL, &error));
  g_assert_true (qmp_migration_get_status (qmp_machine_get_migration (vm)) == QMP_MIGRATION_STATUS_COMPLETED);
  test_migration_assert_success (qmp_machine_get_migration (vm));
  g_assert_true (test_close (other, NULL));
  test_client_free (other);
  g_assert_true (test_close (qmp_machine_get_client (vm), NULL));
  test_machine_free (vm);
}

/* --- a gap --- */

/* A link ends in the middle. Over the next one the migration is found again. */
static void
test_gap (void)
{
  g_autoptr(TestServer) server = test_server_new (TEST_SERVER_QEMU_MACHINE);
  QmpMachine *vm = qmp_machine_new (NULL);
  QmpClient *other = qmp_client_new (NULL);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(QmpMigration) migration = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_true (qmp_machine_open (vm, test_server_get_address (server), NULL, &error));
  migration = test_migration_start_slow (vm);
  qmp_migration_wait_async (migration, QMP_TIMEOUT_NONE, NULL, test_result_cb, &result);
  g_assert_true (test_close (qmp_machine_get_client (vm), &error));
  test_spin_ready ();
  g_assert_null (result);
  /* Nobody can open another one meanwhile. */
  g_assert_false (qmp_migration_wait (migration, QMP_TIMEOUT_NONE, NULL, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_LOST);
  g_clear_error (&error);
  g_assert_false (qmp_migration_get_finished (migration));
  g_assert_true (test_open (other, test_server_get_second_address (server), &error));
  execute_over (other, "{\"execute\": \"migrate_cancel\"}");
  g_assert_true (qmp_machine_open (vm, test_server_get_address (server), NULL, &error));
  test_spin_until (result != NULL);
  g_assert_false (qmp_migration_wait_finish (migration, result, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_MIGRATION_CANCELLED);
  g_assert_true (test_close (other, NULL));
  test_client_free (other);
  g_assert_true (test_close (qmp_machine_get_client (vm), NULL));
  test_machine_free (vm);
}

/* --- progress --- */

static void
notify_cb (QmpMigration *migration,
           GParamSpec   *pspec,
           guint        *n)
{
  double fraction = qmp_migration_get_fraction (migration);

  g_assert_true (fraction >= 0 && fraction <= 1);
  ++*n;
}

static void
test_progress (void)
{
  QmpMachine *vm = test_migration_machine ();
  g_autoptr(QmpMigration) migration = NULL;
  g_autoptr(GError) error = NULL;
  guint n = 0;

  qmp_machine_set_progress_interval (vm, 1);
  migration = test_migration_start_slow (vm);
  g_signal_connect (migration, "notify::fraction", G_CALLBACK (notify_cb), &n);
  test_spin_until (qmp_migration_get_total (migration) > 0);
  g_assert_cmpint (qmp_migration_get_remaining (migration), >, 0);
  test_migration_speed_up (vm);
  test_migration_assert_success (migration);
  test_spin_until (n > 0);
  g_signal_handlers_disconnect_by_data (migration, &n);
  test_machine_quit (vm);
}

/* --- giving up --- */

static void
test_given_up (void)
{
  QmpMachine *vm = test_migration_machine ();
  g_autoptr(QmpMigration) migration = test_migration_start_slow (vm);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) late = NULL;
  g_autoptr(GAsyncResult) cancelled = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_false (qmp_migration_wait (migration, 1, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  qmp_migration_wait_async (migration, 1, NULL, test_result_cb, &late);
  qmp_migration_wait_async (migration, QMP_TIMEOUT_NONE, cancellable, test_result_cb, &cancelled);
  g_cancellable_cancel (cancellable);
  test_spin_until (late != NULL && cancelled != NULL);
  g_assert_false (qmp_migration_wait_finish (migration, late, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  g_assert_false (qmp_migration_wait_finish (migration, cancelled, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_false (qmp_migration_wait (migration, QMP_TIMEOUT_NONE, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_false (qmp_migration_get_finished (migration));
  g_assert_true (test_migration_cancel (migration, &error));
  test_machine_quit (vm);
}

static const TestMigrationCase cases[] = {
  { test_no_connection, "no-connection" },
  { test_bad_command, "bad-command" },
  { test_bad_uri, "bad-uri" },
  { test_bad_fd, "bad-fd" },
  { test_second, "second" },
  { test_by_hand, "by-hand" },
  { test_second_monitor, "second-monitor" },
  { test_opened_late, "opened-late" },
  { test_gap, "gap" },
  { test_progress, "progress" },
  { test_given_up, "given-up" },
};

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  test_warm_up ();

  test_migration_add ("/migration-begun/", cases, G_N_ELEMENTS (cases));
  return g_test_run ();
}
