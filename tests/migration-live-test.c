/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-machine.h"
#include "test-server.h"

#include <glib-unix.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Migrations of real machines: into a file and back, from one to another, and all that goes wrong. Each test is run in the
 * background and in blocking calls. migration-test.c has the books, machine-migration-test.c what is told, and when. */

static gboolean blocking;

/* --- what the tests share --- */

static gpointer
end_start (QmpMigration *migration,
           GError       *failure,
           GError      **error)
{
  g_assert_true ((migration != NULL) == (failure == NULL));
  if (failure != NULL)
    g_propagate_error (error, failure);
  return migration;
}

#define START(name, type, argument)                                                                   \
  static QmpMigration *                                                                               \
  name (QmpMachine  *vm,                                                                              \
        type         argument,                                                                        \
        GError     **error)                                                                           \
  {                                                                                                   \
    g_autoptr(GAsyncResult) result = NULL;                                                            \
    GError *failure = NULL;                                                                           \
    QmpMigration *migration;                                                                          \
                                                                                                      \
    if (blocking)                                                                                     \
      migration = qmp_machine_##name (vm, argument, NULL, &failure);                                  \
    else                                                                                              \
      {                                                                                               \
        qmp_machine_##name##_async (vm, argument, NULL, test_result_cb, &result);                     \
        test_spin_until (result != NULL);                                                             \
        migration = qmp_machine_##name##_finish (vm, result, &failure);                               \
      }                                                                                               \
    return end_start (migration, failure, error);                                                     \
  }

START (start_migration, const char *, uri)
START (start_migration_fd, int, fd)
START (start_incoming, const char *, uri)
START (start_incoming_fd, int, fd)

static gboolean
wait_for (QmpMigration  *migration,
          GError       **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  if (blocking)
    return qmp_migration_wait (migration, QMP_TIMEOUT_NONE, NULL, error);
  qmp_migration_wait_async (migration, QMP_TIMEOUT_NONE, NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  return qmp_migration_wait_finish (migration, result, error);
}

static gboolean
cancel (QmpMigration  *migration,
        GError       **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  if (blocking)
    return qmp_migration_cancel (migration, NULL, error);
  qmp_migration_cancel_async (migration, NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  return qmp_migration_cancel_finish (migration, result, error);
}

static void
assert_success (QmpMigration *migration)
{
  g_autoptr(GError) error = NULL;

  wait_for (migration, &error);
  g_assert_no_error (error);
  g_assert_true (qmp_migration_get_finished (migration));
  g_assert_no_error (qmp_migration_get_error (migration));
  g_assert_cmpint (qmp_migration_get_status (migration), ==, QMP_MIGRATION_STATUS_COMPLETED);
  g_assert_cmpfloat (qmp_migration_get_fraction (migration), ==, 1);
}

static void
assert_failure (QmpMigration *migration,
                int           code,
                const char   *text)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (wait_for (migration, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, code);
  test_assert_error_has (error, text);
  g_assert_true (qmp_migration_get_finished (migration));
  g_assert_error (qmp_migration_get_error (migration), QMP_MACHINE_ERROR, code);
}

/* With memory, so that there is something to be copied. */
#define new_machine_with(...) test_machine_new (test_launcher_new ("-m", "16" __VA_OPT__ (,) __VA_ARGS__))
#define new_machine() new_machine_with ()
#define new_waiting() new_machine_with ("-incoming", "defer")

static void
execute (QmpMachine *vm,
         const char *text)
{
  g_autoptr(QmpMessage) message = test_message (text);
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) reply = test_execute_message (qmp_machine_get_client (vm), message, &error);

  g_assert_no_error (error);
}

/* It is in the middle for as long as one likes: zero would be without a limit, and so are a few bytes a second. */
static void
slow_down (QmpMachine *vm)
{
  execute (vm, "{\"execute\": \"migrate-set-parameters\", \"arguments\": {\"max-bandwidth\": 100}}");
}

static void
speed_up (QmpMachine *vm)
{
  execute (vm, "{\"execute\": \"migrate-set-parameters\", \"arguments\": {\"max-bandwidth\": 1000000000}}");
}

static QmpMigration *
start_slow (QmpMachine *vm)
{
  g_autoptr(GError) error = NULL;
  QmpMigration *migration;

  slow_down (vm);
  migration = start_migration (vm, "exec:cat >/dev/null", &error);
  g_assert_no_error (error);
  return migration;
}

static int
new_file (const char *text)
{
  int fd = memfd_create ("state", MFD_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, text, strlen (text)), ==, strlen (text));
  g_assert_cmpint (lseek (fd, 0, SEEK_SET), ==, 0);
  return fd;
}

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

/* The machine is there as before. */
static void
assert_still_runs (QmpMachine *vm)
{
  g_assert_cmpint (qmp_machine_get_status (vm), ==, QMP_MACHINE_STATUS_RUNNING);
  g_assert_true (qmp_machine_get_alive (vm));
}

/* --- into a file and back --- */

static void
save (QmpMachine *vm,
      int         fd)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpMigration) migration = start_migration_fd (vm, fd, &error);

  g_assert_no_error (error);
  g_assert_true (migration == qmp_machine_get_migration (vm));
  g_assert_cmpint (qmp_migration_get_direction (migration), ==, QMP_MIGRATION_DIRECTION_OUTGOING);
  assert_success (migration);
  g_assert_cmpint (qmp_machine_get_status (vm), ==, QMP_MACHINE_STATUS_POSTMIGRATE);
  g_assert_cmpint (qmp_migration_get_total (migration), >, 0);
  g_assert_cmpint (qmp_migration_get_remaining (migration), ==, 0);
}

static void
restore (QmpMachine *vm,
         int         fd)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpMigration) migration = NULL;

  g_assert_cmpint (lseek (fd, 0, SEEK_SET), ==, 0);
  g_assert_null (qmp_machine_get_migration (vm));
  g_assert_cmpint (qmp_machine_get_status (vm), ==, QMP_MACHINE_STATUS_INMIGRATE);
  migration = start_incoming_fd (vm, fd, &error);
  g_assert_no_error (error);
  g_assert_cmpint (qmp_migration_get_direction (migration), ==, QMP_MIGRATION_DIRECTION_INCOMING);
  assert_success (migration);
}

static void
test_file (void)
{
  QmpMachine *vm = test_machine_new (test_launcher_new_pc ());
  int fd = new_file ("");

  save (vm, fd);
  test_machine_quit (vm);
  g_assert_cmpint (lseek (fd, 0, SEEK_END), >, 10000);
  vm = test_machine_new (test_launcher_new_pc ("-incoming", "defer"));
  restore (vm, fd);
  assert_still_runs (vm);
  /* and once more, from there */
  g_assert_cmpint (ftruncate (fd, 0), ==, 0);
  g_assert_cmpint (lseek (fd, 0, SEEK_SET), ==, 0);
  save (vm, fd);
  test_machine_quit (vm);
  close (fd);
}

/* Who asks again and again, and never waits, sees the end as well. */
static void
test_refreshed (void)
{
  QmpMachine *vm = test_machine_new (test_launcher_new_pc ());
  int fd = new_file ("");
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpMigration) migration = qmp_machine_start_migration_fd (vm, fd, NULL, &error);

  g_assert_no_error (error);
  while (!qmp_migration_get_finished (migration))
    g_assert_true (qmp_machine_refresh (vm, NULL, &error));
  assert_success (migration);
  g_assert_cmpint (qmp_machine_get_status (vm), ==, QMP_MACHINE_STATUS_POSTMIGRATE);
  test_machine_quit (vm);
  close (fd);
}

/* What did not run does not run afterwards. */
static void
test_file_paused (void)
{
  QmpMachine *vm = new_machine_with ("-S");
  int fd = new_file ("");

  save (vm, fd);
  test_machine_quit (vm);
  vm = new_waiting ();
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
  QmpMachine *vm = new_machine ();
  int fd = new_file ("");

  save (vm, fd);
  g_assert_true (qmp_machine_resume (vm, NULL, NULL));
  assert_still_runs (vm);
  g_assert_cmpint (lseek (fd, 0, SEEK_SET), ==, 0);
  save (vm, fd);
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

  assert_failure (migration, QMP_MACHINE_ERROR_MIGRATION, text);
  g_assert_false (qmp_machine_get_alive (vm));
  outcome = test_wait_ended (vm);
  g_assert_cmpint (qmp_outcome_get_reason (outcome), ==, QMP_OUTCOME_REASON_MIGRATION_FAILED);
  g_assert_cmpint (qmp_outcome_get_exit_status (outcome), ==, 1);
  g_assert_false (qmp_outcome_get_clean (outcome));
}

static void
test_garbage (void)
{
  QmpMachine *vm = new_waiting ();
  int fd = new_file ("This is not a machine.");
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpMigration) migration = start_incoming_fd (vm, fd, &error);

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
  QmpMachine *vm = new_machine ();
  g_autoptr(QmpLauncher) launcher = test_launcher_new ("-m", "16", "-incoming", "defer");
  g_autoptr(QmpMigration) migration = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpOutcome) outcome = NULL;
  int fd = new_file ("");

  save (vm, fd);
  qmp_machine_quit_async (vm, NULL, NULL, NULL);
  outcome = test_wait_ended (vm);
  g_assert_cmpint (ftruncate (fd, 100), ==, 0);
  g_assert_cmpint (lseek (fd, 0, SEEK_SET), ==, 0);
  /* It is the last one of the run before. */
  g_assert_nonnull (qmp_machine_get_migration (vm));
  g_assert_true (test_launch (vm, launcher, &error));
  g_assert_null (qmp_machine_get_migration (vm));
  migration = start_incoming_fd (vm, fd, &error);
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
  g_autoptr(QmpMigration) leaving = start_migration (source, uri, &error);

  g_assert_no_error (error);
  assert_success (leaving);
  assert_success (qmp_machine_get_migration (destination));
  g_assert_cmpint (qmp_machine_get_status (source), ==, QMP_MACHINE_STATUS_POSTMIGRATE);
  assert_still_runs (destination);
  test_machine_quit (source);
  test_machine_quit (destination);
}

static void
test_unix (void)
{
  QmpMachine *destination = new_waiting ();
  char *path = new_socket_path ();
  g_autofree char *uri = g_strconcat ("unix:", path, NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpMigration) arriving = start_incoming (destination, uri, &error);

  g_assert_no_error (error);
  g_assert_true (arriving == qmp_machine_get_migration (destination));
  g_assert_cmpint (qmp_migration_get_status (arriving), ==, QMP_MIGRATION_STATUS_SETUP);
  migrate (new_machine (), destination, uri);
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
  QmpMachine *destination = new_waiting ();
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpMigration) arriving = start_incoming (destination, "tcp:127.0.0.1:0", &error);
  g_autofree char *uri = NULL;

  g_assert_no_error (error);
  uri = find_tcp_uri (destination);
  migrate (new_machine (), destination, uri);
}

/* Both ends of a socketpair. */
static void
test_pair (void)
{
  QmpMachine *destination = new_waiting ();
  QmpMachine *source = new_machine ();
  g_autoptr(QmpMigration) arriving = NULL;
  g_autoptr(QmpMigration) leaving = NULL;
  g_autoptr(GError) error = NULL;
  int fds[2];

  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
  arriving = start_incoming_fd (destination, fds[0], &error);
  g_assert_no_error (error);
  leaving = start_migration_fd (source, fds[1], &error);
  g_assert_no_error (error);
  close (fds[0]);
  close (fds[1]);
  assert_success (leaving);
  assert_success (arriving);
  assert_still_runs (destination);
  test_machine_quit (source);
  test_machine_quit (destination);
}

/* A machine that was launched to arrive, and one that nobody has told anything. */
static void
test_launched_incoming (void)
{
  char *path = new_socket_path ();
  g_autofree char *uri = g_strconcat ("unix:", path, NULL);
  QmpMachine *destination = new_machine_with ("-incoming", uri);

  g_assert_nonnull (qmp_machine_get_migration (destination));
  g_assert_cmpint (qmp_migration_get_direction (qmp_machine_get_migration (destination)), ==,
                   QMP_MIGRATION_DIRECTION_INCOMING);
  migrate (new_machine (), destination, uri);
  free_socket_path (path);
}

/* --- what goes wrong in the middle --- */

static void
test_cancel (void)
{
  QmpMachine *vm = new_machine ();
  g_autoptr(GError) error = NULL;

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr(QmpMigration) migration = start_slow (vm);

      g_assert_true (cancel (migration, &error));
      g_assert_no_error (error);
      g_assert_true (qmp_migration_get_finished (migration));
      g_assert_cmpint (qmp_migration_get_status (migration), ==, QMP_MIGRATION_STATUS_CANCELLED);
      assert_failure (migration, QMP_MACHINE_ERROR_MIGRATION_CANCELLED, "");
      assert_still_runs (vm);
      g_assert_false (cancel (migration, &error));
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

  execute (vm, "{\"execute\": \"migrate-set-capabilities\", \"arguments\": {\"capabilities\": "
               "[{\"capability\": \"pause-before-switchover\", \"state\": true}]}}");
  migration = start_migration (vm, "exec:cat >/dev/null", &error);
  g_assert_no_error (error);
  test_spin_until (qmp_migration_get_status (migration) == QMP_MIGRATION_STATUS_PRE_SWITCHOVER);
  g_assert_false (qmp_machine_get_running (vm));
  g_assert_true (cancel (migration, &error));
  g_assert_no_error (error);
  assert_still_runs (vm);
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
  pair->destination = new_waiting ();
  pair->source = new_machine ();
  pair->arriving = start_incoming (pair->destination, uri, &error);
  g_assert_no_error (error);
  slow_down (pair->source);
  pair->leaving = start_migration (pair->source, uri, &error);
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
  assert_failure (pair.leaving, QMP_MACHINE_ERROR_MIGRATION, "");
  assert_still_runs (pair.source);
  /* Whoever is killed cannot say what it is killed for. */
  assert_failure (pair.arriving, QMP_MACHINE_ERROR_MIGRATION, "");
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
  if (blocking)
    g_assert_true (qmp_machine_kill (pair.source, NULL, NULL));
  else
    {
      qmp_machine_kill_async (pair.source, NULL, NULL, NULL);
      outcome = test_wait_ended (pair.source);
    }
  assert_failure (pair.leaving, QMP_MACHINE_ERROR_LOST, "");
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
  g_assert_false (cancel (pair.arriving, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  g_assert_true (cancel (pair.leaving, &error));
  assert_still_runs (pair.source);
  assert_not_arrived (pair.destination, pair.arriving, "load of migration failed");
  test_machine_quit (pair.source);
  test_machine_free (pair.destination);
  clear_pair (&pair);
}

/* QEMU cancels it before it goes. */
static void
test_quit (void)
{
  QmpMachine *vm = new_machine ();
  g_autoptr(QmpMigration) migration = start_slow (vm);

  test_spin_until (qmp_migration_get_status (migration) == QMP_MIGRATION_STATUS_ACTIVE);
  qmp_machine_quit_async (vm, NULL, NULL, NULL);
  assert_failure (migration, QMP_MACHINE_ERROR_MIGRATION_CANCELLED, "");
  g_object_unref (test_wait_ended (vm));
  test_machine_free (vm);
}

/* --- what cannot begin --- */

static void
test_no_connection (void)
{
  QmpMachine *vm = new_machine ();
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpMigration) migration = start_migration (vm, "unix:/nonexistent/socket", &error);

  g_assert_no_error (error);
  assert_failure (migration, QMP_MACHINE_ERROR_MIGRATION, "Failed to connect to '/nonexistent/socket'");
  g_assert_cmpint (qmp_migration_get_status (migration), ==, QMP_MIGRATION_STATUS_FAILED);
  assert_still_runs (vm);
  test_machine_quit (vm);
}

/* A command that does not read. */
static void
test_bad_command (void)
{
  QmpMachine *vm = test_machine_new (test_launcher_new_pc ());
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpMigration) migration = start_migration (vm, "exec:false", &error);

  g_assert_no_error (error);
  assert_failure (migration, QMP_MACHINE_ERROR_MIGRATION, "");
  assert_still_runs (vm);
  test_machine_quit (vm);
}

/* One error, and no migration. */
static void
test_bad_uri (void)
{
  static const char * const uris[] = { "nosuch:address", "fd:nosuch", "", "unix" };
  QmpMachine *vm = new_machine ();
  QmpMachine *waiting = new_waiting ();
  g_autoptr(GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (uris); i++)
    {
      g_assert_null (start_migration (vm, uris[i], &error));
      g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC);
      g_clear_error (&error);
      g_assert_null (start_incoming (waiting, uris[i], &error));
      g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC);
      g_clear_error (&error);
    }
  g_assert_null (start_incoming (vm, "unix:/nonexistent/socket", &error));
  test_assert_error_has (error, "-incoming");
  test_spin_ready ();
  g_assert_null (qmp_machine_get_migration (vm));
  g_assert_null (qmp_machine_get_migration (waiting));
  assert_still_runs (vm);
  test_machine_quit (vm);
  test_machine_quit (waiting);
}

static void
test_bad_fd (void)
{
  QmpMachine *vm = new_machine ();
  g_autoptr(GError) error = NULL;
  int fds[2];

  /* Nobody has that one. */
  g_assert_null (start_migration_fd (vm, G_MAXINT, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  /* This one is to be read. */
  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
  {
    g_autoptr(QmpMigration) migration = start_migration_fd (vm, fds[0], &error);

    g_assert_no_error (error);
    assert_failure (migration, QMP_MACHINE_ERROR_MIGRATION, "");
  }
  assert_still_runs (vm);
  close (fds[0]);
  close (fds[1]);
  test_machine_quit (vm);
}

/* A second one is refused, and nothing of it is left in QEMU. */
static void
test_second (void)
{
  QmpMachine *vm = new_machine ();
  g_autoptr(QmpMigration) migration = start_slow (vm);
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) reply = NULL;
  g_autoptr(QmpMessage) closefd = test_message ("{\"execute\": \"closefd\", \"arguments\": {\"fdname\": "
                                                "\"qmp-glib-migration\"}}");
  int fd = new_file ("");

  g_assert_null (start_migration_fd (vm, fd, &error));
  g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC);
  g_clear_error (&error);
  g_assert_true (migration == qmp_machine_get_migration (vm));
  reply = test_execute_message (qmp_machine_get_client (vm), closefd, &error);
  test_assert_error_has (error, "not found");
  g_clear_error (&error);
  g_assert_true (cancel (migration, &error));
  speed_up (vm);
  save (vm, fd);
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
      QmpMachine *vm = new_machine ();
      g_autoptr(QmpMigration) migration = NULL;

      execute (vm, commands[i]);
      test_spin_until (qmp_machine_get_migration (vm) != NULL);
      migration = g_object_ref (qmp_machine_get_migration (vm));
      assert_success (migration);
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
  assert_failure (migration, QMP_MACHINE_ERROR_MIGRATION_CANCELLED, "");
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
  assert_success (migration);
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
  assert_success (qmp_machine_get_migration (vm));
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
  migration = start_slow (vm);
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
  QmpMachine *vm = new_machine ();
  g_autoptr(QmpMigration) migration = NULL;
  g_autoptr(GError) error = NULL;
  guint n = 0;

  qmp_machine_set_progress_interval (vm, 1);
  migration = start_slow (vm);
  g_signal_connect (migration, "notify::fraction", G_CALLBACK (notify_cb), &n);
  test_spin_until (qmp_migration_get_total (migration) > 0);
  g_assert_cmpint (qmp_migration_get_remaining (migration), >, 0);
  speed_up (vm);
  assert_success (migration);
  test_spin_until (n > 0);
  g_signal_handlers_disconnect_by_data (migration, &n);
  test_machine_quit (vm);
}

/* --- giving up --- */

static void
test_given_up (void)
{
  QmpMachine *vm = new_machine ();
  g_autoptr(QmpMigration) migration = start_slow (vm);
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
  g_assert_true (cancel (migration, &error));
  test_machine_quit (vm);
}

static void
run (gconstpointer data)
{
  void (* const *function) (void) = data;

  (*function) ();
}

static const struct {
  void      (* function) (void);
  const char  *name;
} tests[] = {
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

static void
run_in_background (gconstpointer data)
{
  blocking = FALSE;
  run (data);
}

static void
run_blocking (gconstpointer data)
{
  blocking = TRUE;
  run (data);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  test_warm_up ();

  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *background = g_strdup_printf ("/migration-live/%s/background", tests[i].name);
      g_autofree char *blocking_path = g_strdup_printf ("/migration-live/%s/blocking", tests[i].name);

      g_test_add_data_func (background, &tests[i].function, run_in_background);
      g_test_add_data_func (blocking_path, &tests[i].function, run_blocking);
    }
  return g_test_run ();
}
