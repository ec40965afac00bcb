/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-migration.h"

#include <glib-unix.h>
#include <glib/gstdio.h>
#include <unistd.h>

/* Migrations of real machines: into a file and back, from one to another, and what goes wrong then. migration-begun-test.c has
 * how they begin, migration-test.c the books, machine-migration-test.c what is told, and when. */

static char *
new_socket_path (void)
{
  g_autofree char *directory = g_dir_make_tmp ("qmp-test-XXXXXX", NULL);

  g_assert_nonnull (directory);
  return g_build_filename (directory, "migration", NULL);
}

static void
free_socket_path (char *path)
{
  g_autofree char *directory = g_path_get_dirname (path);

  g_unlink (path);
  g_assert_cmpint (g_rmdir (directory), ==, 0);
  g_free (path);
}

/* --- into a file and back --- */

static void
restore (QmpMachine *vm,
         int         fd)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpMigration) migration = NULL;

  g_assert_cmpint (lseek (fd, 0, SEEK_SET), ==, 0);
  g_assert_null (qmp_machine_get_migration (vm));
  g_assert_cmpint (qmp_machine_get_status (vm), ==, QMP_MACHINE_STATUS_INMIGRATE);
  migration = test_start_incoming_fd (vm, fd, &error);
  g_assert_no_error (error);
  g_assert_cmpint (qmp_migration_get_direction (migration), ==, QMP_MIGRATION_DIRECTION_INCOMING);
  test_migration_assert_success (migration);
}

static void
test_file (void)
{
  QmpMachine *vm = test_machine_new (test_launcher_new_pc ());
  int fd = test_migration_new_file ("");

  test_migration_save (vm, fd);
  test_machine_quit (vm);
  g_assert_cmpint (lseek (fd, 0, SEEK_END), >, 10000);
  vm = test_machine_new (test_launcher_new_pc ("-incoming", "defer"));
  restore (vm, fd);
  test_migration_assert_runs (vm);
  /* and once more, from there */
  g_assert_cmpint (ftruncate (fd, 0), ==, 0);
  g_assert_cmpint (lseek (fd, 0, SEEK_SET), ==, 0);
  test_migration_save (vm, fd);
  test_machine_quit (vm);
  close (fd);
}

/* Who asks again and again, and never waits, sees the end as well. */
static void
test_refreshed (void)
{
  QmpMachine *vm = test_machine_new (test_launcher_new_pc ());
  int fd = test_migration_new_file ("");
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpMigration) migration = qmp_machine_start_migration_fd (vm, fd, NULL, &error);

  g_assert_no_error (error);
  while (!qmp_migration_get_finished (migration))
    g_assert_true (qmp_machine_refresh (vm, NULL, &error));
  test_migration_assert_success (migration);
  g_assert_cmpint (qmp_machine_get_status (vm), ==, QMP_MACHINE_STATUS_POSTMIGRATE);
  test_machine_quit (vm);
  close (fd);
}

/* What did not run does not run afterwards. */
static void
test_file_paused (void)
{
  QmpMachine *vm = test_migration_machine_with ("-S");
  int fd = test_migration_new_file ("");

  test_migration_save (vm, fd);
  test_machine_quit (vm);
  vm = test_migration_waiting ();
  restore (vm, fd);
  g_assert_false (qmp_machine_get_running (vm));
  g_assert_cmpint (qmp_machine_get_status (vm), !=, QMP_MACHINE_STATUS_INMIGRATE);
  test_machine_quit (vm);
  close (fd);
}

/* QEMU takes the machine back, if somebody tells it: the library does not. */
static void
test_taken_back (void)
{
  QmpMachine *vm = test_migration_machine ();
  int fd = test_migration_new_file ("");

  test_migration_save (vm, fd);
  g_assert_true (qmp_machine_resume (vm, NULL, NULL));
  test_migration_assert_runs (vm);
  g_assert_cmpint (lseek (fd, 0, SEEK_SET), ==, 0);
  test_migration_save (vm, fd);
  test_machine_quit (vm);
  close (fd);
}

/* --- what is not a machine --- */

static void
assert_not_arrived (QmpMachine   *vm,
                    QmpMigration *migration,
                    const char   *text)
{
  g_autoptr(QmpOutcome) outcome = NULL;

  test_migration_assert_failure (migration, QMP_MACHINE_ERROR_MIGRATION, text);
  g_assert_false (qmp_machine_get_alive (vm));
  outcome = test_wait_ended (vm);
  g_assert_cmpint (qmp_outcome_get_reason (outcome), ==, QMP_OUTCOME_REASON_MIGRATION_FAILED);
  g_assert_cmpint (qmp_outcome_get_exit_status (outcome), ==, 1);
  g_assert_false (qmp_outcome_get_clean (outcome));
}

static void
test_garbage (void)
{
  QmpMachine *vm = test_migration_waiting ();
  int fd = test_migration_new_file ("This is not a machine.");
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpMigration) migration = test_start_incoming_fd (vm, fd, &error);

  g_assert_no_error (error);
  assert_not_arrived (vm, migration, "Not a migration stream");
  test_assert_no_children ();
  test_machine_free (vm);
  close (fd);
}

/* Half of one, into a machine that is used again. */
static void
test_truncated (void)
{
  QmpMachine *vm = test_migration_machine ();
  g_autoptr(QmpLauncher) launcher = test_launcher_new ("-m", "16", "-incoming", "defer");
  g_autoptr(QmpMigration) migration = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpOutcome) outcome = NULL;
  int fd = test_migration_new_file ("");

  test_migration_save (vm, fd);
  qmp_machine_quit_async (vm, NULL, NULL, NULL);
  outcome = test_wait_ended (vm);
  g_assert_cmpint (ftruncate (fd, 100), ==, 0);
  g_assert_cmpint (lseek (fd, 0, SEEK_SET), ==, 0);
  /* It is the last one of the run before. */
  g_assert_nonnull (qmp_machine_get_migration (vm));
  g_assert_true (test_launch (vm, launcher, &error));
  g_assert_null (qmp_machine_get_migration (vm));
  migration = test_start_incoming_fd (vm, fd, &error);
  g_assert_no_error (error);
  assert_not_arrived (vm, migration, "load of migration failed");
  test_assert_no_children ();
  test_machine_free (vm);
  close (fd);
}

/* --- to another machine --- */

static void
migrate (QmpMachine *source,
         QmpMachine *destination,
         const char *uri)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpMigration) leaving = test_start_migration (source, uri, &error);

  g_assert_no_error (error);
  test_migration_assert_success (leaving);
  test_migration_assert_success (qmp_machine_get_migration (destination));
  g_assert_cmpint (qmp_machine_get_status (source), ==, QMP_MACHINE_STATUS_POSTMIGRATE);
  test_migration_assert_runs (destination);
  test_machine_quit (source);
  test_machine_quit (destination);
}

static void
test_unix (void)
{
  QmpMachine *destination = test_migration_waiting ();
  char *path = new_socket_path ();
  g_autofree char *uri = g_strconcat ("unix:", path, NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpMigration) arriving = test_start_incoming (destination, uri, &error);

  g_assert_no_error (error);
  g_assert_true (arriving == qmp_machine_get_migration (destination));
  g_assert_cmpint (qmp_migration_get_status (arriving), ==, QMP_MIGRATION_STATUS_SETUP);
  migrate (test_migration_machine (), destination, uri);
  free_socket_path (path);
}

static char *
find_tcp_uri (QmpMachine *vm)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) answer = test_execute (qmp_machine_get_client (vm), "query-migrate", &error);
  JsonObject *address = NULL;

  g_assert_no_error (error);
  address = json_array_get_object_element (json_object_get_array_member (json_node_get_object (answer), "socket-address"), 0);
  return g_strdup_printf ("tcp:127.0.0.1:%s", json_object_get_string_member (address, "port"));
}

static void
test_tcp (void)
{
  QmpMachine *destination = test_migration_waiting ();
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpMigration) arriving = test_start_incoming (destination, "tcp:127.0.0.1:0", &error);
  g_autofree char *uri = NULL;

  g_assert_no_error (error);
  uri = find_tcp_uri (destination);
  migrate (test_migration_machine (), destination, uri);
}

/* Both ends of a socketpair. */
static void
test_pair (void)
{
  QmpMachine *destination = test_migration_waiting ();
  QmpMachine *source = test_migration_machine ();
  g_autoptr(QmpMigration) arriving = NULL;
  g_autoptr(QmpMigration) leaving = NULL;
  g_autoptr(GError) error = NULL;
  int fds[2];

  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
  arriving = test_start_incoming_fd (destination, fds[0], &error);
  g_assert_no_error (error);
  leaving = test_start_migration_fd (source, fds[1], &error);
  g_assert_no_error (error);
  close (fds[0]);
  close (fds[1]);
  test_migration_assert_success (leaving);
  test_migration_assert_success (arriving);
  test_migration_assert_runs (destination);
  test_machine_quit (source);
  test_machine_quit (destination);
}

/* A machine that was launched to arrive, and one that nobody has told anything. */
static void
test_launched_incoming (void)
{
  char *path = new_socket_path ();
  g_autofree char *uri = g_strconcat ("unix:", path, NULL);
  QmpMachine *destination = test_migration_machine_with ("-incoming", uri);

  g_assert_nonnull (qmp_machine_get_migration (destination));
  g_assert_cmpint (qmp_migration_get_direction (qmp_machine_get_migration (destination)), ==,
                   QMP_MIGRATION_DIRECTION_INCOMING);
  migrate (test_migration_machine (), destination, uri);
  free_socket_path (path);
}

/* --- what goes wrong in the middle --- */

static void
test_cancel (void)
{
  QmpMachine *vm = test_migration_machine ();
  g_autoptr(GError) error = NULL;

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr(QmpMigration) migration = test_migration_start_slow (vm);

      g_assert_true (test_migration_cancel (migration, &error));
      g_assert_no_error (error);
      g_assert_true (qmp_migration_get_finished (migration));
      g_assert_cmpint (qmp_migration_get_status (migration), ==, QMP_MIGRATION_STATUS_CANCELLED);
      test_migration_assert_failure (migration, QMP_MACHINE_ERROR_MIGRATION_CANCELLED, "");
      test_migration_assert_runs (vm);
      g_assert_false (test_migration_cancel (migration, &error));
      g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_ENDED);
      g_clear_error (&error);
    }
  test_machine_quit (vm);
}

/* It has stopped for good already, but for a word. */
static void
test_cancel_before_switchover (void)
{
  QmpMachine *vm = test_machine_new (test_launcher_new_pc ());
  g_autoptr(QmpMigration) migration = NULL;
  g_autoptr(GError) error = NULL;

  test_migration_execute (vm, "{\"execute\": \"migrate-set-capabilities\", \"arguments\": {\"capabilities\": "
               "[{\"capability\": \"pause-before-switchover\", \"state\": true}]}}");
  migration = test_start_migration (vm, "exec:cat >/dev/null", &error);
  g_assert_no_error (error);
  test_spin_until (qmp_migration_get_status (migration) == QMP_MIGRATION_STATUS_PRE_SWITCHOVER);
  g_assert_false (qmp_machine_get_running (vm));
  g_assert_true (test_migration_cancel (migration, &error));
  g_assert_no_error (error);
  test_migration_assert_runs (vm);
  test_machine_quit (vm);
}

/* Not before it is active at both ends. */
static void
spin_until_active (QmpMigration *leaving,
                   QmpMigration *arriving)
{
  test_spin_until (qmp_migration_get_status (leaving) == QMP_MIGRATION_STATUS_ACTIVE &&
                   qmp_migration_get_status (arriving) == QMP_MIGRATION_STATUS_ACTIVE);
}

typedef struct {
  QmpMachine   *source;
  QmpMachine   *destination;
  QmpMigration *leaving;
  QmpMigration *arriving;
  char         *path;
} Pair;

static void
start_pair (Pair *pair)
{
  g_autofree char *uri = NULL;
  g_autoptr(GError) error = NULL;

  pair->path = new_socket_path ();
  uri = g_strconcat ("unix:", pair->path, NULL);
  pair->destination = test_migration_waiting ();
  pair->source = test_migration_machine ();
  pair->arriving = test_start_incoming (pair->destination, uri, &error);
  g_assert_no_error (error);
  test_migration_slow_down (pair->source);
  pair->leaving = test_start_migration (pair->source, uri, &error);
  g_assert_no_error (error);
  spin_until_active (pair->leaving, pair->arriving);
}

static void
clear_pair (Pair *pair)
{
  g_object_unref (pair->leaving);
  g_object_unref (pair->arriving);
  free_socket_path (pair->path);
}

static void
test_destination_killed (void)
{
  Pair pair;
  g_autoptr(QmpOutcome) outcome = NULL;

  start_pair (&pair);
  qmp_machine_kill_async (pair.destination, NULL, NULL, NULL);
  outcome = test_wait_ended (pair.destination);
  test_migration_assert_failure (pair.leaving, QMP_MACHINE_ERROR_MIGRATION, "");
  test_migration_assert_runs (pair.source);
  /* Whoever is killed cannot say what it is killed for. */
  test_migration_assert_failure (pair.arriving, QMP_MACHINE_ERROR_MIGRATION, "");
  g_assert_cmpint (qmp_outcome_get_reason (outcome), ==, QMP_OUTCOME_REASON_KILLED);
  test_machine_quit (pair.source);
  test_machine_free (pair.destination);
  clear_pair (&pair);
}

static void
test_source_killed (void)
{
  Pair pair;
  g_autoptr(QmpOutcome) outcome = NULL;

  start_pair (&pair);
  if (test_migration_blocking)
    g_assert_true (qmp_machine_kill (pair.source, NULL, NULL));
  else
    {
      qmp_machine_kill_async (pair.source, NULL, NULL, NULL);
      outcome = test_wait_ended (pair.source);
    }
  test_migration_assert_failure (pair.leaving, QMP_MACHINE_ERROR_LOST, "");
  assert_not_arrived (pair.destination, pair.arriving, "load of migration failed");
  test_machine_free (pair.source);
  test_machine_free (pair.destination);
  clear_pair (&pair);
}

/* For the destination that is a failure. */
static void
test_source_cancels (void)
{
  Pair pair;
  g_autoptr(GError) error = NULL;

  start_pair (&pair);
  g_assert_false (test_migration_cancel (pair.arriving, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  g_assert_true (test_migration_cancel (pair.leaving, &error));
  test_migration_assert_runs (pair.source);
  assert_not_arrived (pair.destination, pair.arriving, "load of migration failed");
  test_machine_quit (pair.source);
  test_machine_free (pair.destination);
  clear_pair (&pair);
}

/* QEMU cancels it before it goes. */
static void
test_quit (void)
{
  QmpMachine *vm = test_migration_machine ();
  g_autoptr(QmpMigration) migration = test_migration_start_slow (vm);

  test_spin_until (qmp_migration_get_status (migration) == QMP_MIGRATION_STATUS_ACTIVE);
  qmp_machine_quit_async (vm, NULL, NULL, NULL);
  test_migration_assert_failure (migration, QMP_MACHINE_ERROR_MIGRATION_CANCELLED, "");
  g_object_unref (test_wait_ended (vm));
  test_machine_free (vm);
}

static const TestMigrationCase cases[] = {
  { test_file, "file" },
  { test_refreshed, "refreshed" },
  { test_file_paused, "file-paused" },
  { test_taken_back, "taken-back" },
  { test_garbage, "garbage" },
  { test_truncated, "truncated" },
  { test_unix, "unix" },
  { test_tcp, "tcp" },
  { test_pair, "pair" },
  { test_launched_incoming, "launched-incoming" },
  { test_cancel, "cancel" },
  { test_cancel_before_switchover, "cancel-before-switchover" },
  { test_destination_killed, "destination-killed" },
  { test_source_killed, "source-killed" },
  { test_source_cancels, "source-cancels" },
  { test_quit, "quit" },
};

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  test_warm_up ();

  test_migration_add ("/migration-live/", cases, G_N_ELEMENTS (cases));
  return g_test_run ();
}
