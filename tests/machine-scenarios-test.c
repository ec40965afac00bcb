/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "qmp-enums.h"
#include "test-machine.h"

/* What a program does with real machines, from end to end. */

typedef struct {
  char *directory;
  char *path;       /* of an image in it */
} Room;

static void
set_up (Room          *room,
        gconstpointer  data)
{
  room->directory = g_dir_make_tmp ("qmp-glib-XXXXXX", NULL);
  room->path = g_build_filename (room->directory, "image", NULL);
}

static void
tear_down (Room          *room,
           gconstpointer  data)
{
  g_unlink (room->path);
  g_assert_cmpint (g_rmdir (room->directory), ==, 0);
  g_free (room->path);
  g_free (room->directory);
  test_assert_no_children ();
}

/* --- an image that somebody else has --- */

static QmpLauncher *
image_launcher_new (Room *room)
{
  g_autofree char *blockdev = g_strdup_printf ("driver=file,node-name=d,filename=%s", room->path);

  return test_launcher_new_pc ("-S", "-blockdev", blockdev, "-device", "virtio-blk-pci,drive=d");
}

static void
test_locked (Room          *room,
             gconstpointer  data)
{
  g_autoptr(QmpLauncher) launcher = NULL;
  QmpMachine *first;
  QmpMachine *second;
  g_autofree char *nothing = g_malloc0 (4096);
  g_autoptr(GError) error = NULL;

  g_assert_true (g_file_set_contents (room->path, nothing, 4096, NULL));
  launcher = image_launcher_new (room);
  first = test_machine_new (g_object_ref (launcher));
  second = qmp_machine_new (NULL);
  g_assert_false (test_launch (second, launcher, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_LAUNCH);
  test_assert_error_has (error, "lock");
  test_assert_error_has (error, "Is another process using the image");
  test_machine_free (second);
  test_machine_quit (first);
}

/* --- a disk that cannot be read --- */

#define BROKEN                                                                        \
  "{\"driver\": \"blkdebug\", \"node-name\": \"d\", "                                 \
  "\"image\": {\"driver\": \"null-co\", \"size\": 1048576, \"read-zeroes\": true}, "   \
  "\"inject-error\": [{\"event\": \"none\", \"iotype\": \"read\"}]}"

static gboolean
is_at_rest (QmpMachine *vm)
{
  return qmp_client_get_n_pending (qmp_machine_get_client (vm)) == 0 &&
         qmp_machine_get_status (vm) == QMP_MACHINE_STATUS_IO_ERROR;
}

/* The BIOS reads it, and reads it again when it is resumed. */
static void
test_io_error (Room          *room,
               gconstpointer  data)
{
  QmpMachine *vm;
  g_autoptr(GError) error = NULL;

  vm = test_machine_new (test_launcher_new_pc ("-S", "-blockdev", BROKEN, "-device", "virtio-blk-pci,drive=d,rerror=stop"));
  for (int i = 0; i < 3; i++)
    {
      QmpEvent *event;

      qmp_machine_resume (vm, NULL, &error);
      g_assert_no_error (error);
      test_spin_until (is_at_rest (vm));
      g_assert_false (qmp_machine_get_running (vm));
      event = qmp_machine_get_pause_event (vm);
      g_assert_cmpstr (qmp_event_get_name (event), ==, "BLOCK_IO_ERROR");
    }
  test_machine_quit (vm);
}

/* --- snapshots --- */

static void
run_job (QmpMachine  *vm,
         const char  *command,
         const char  *tag,
         const char  *more,
         GError     **error)
{
  g_autofree char *text = g_strdup_printf ("{\"execute\": \"%s\", \"arguments\": {\"job-id\": \"j\", \"tag\": \"%s\", "
                                           "\"devices\": [\"d\"]%s}}", command, tag, more);
  g_autoptr(QmpMessage) message = test_message (text);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(QmpJob) job = NULL;
  g_autoptr(GError) start_error = NULL;

  job = qmp_machine_start_job (vm, message, NULL, &start_error);
  g_assert_no_error (start_error);
  qmp_job_wait_async (job, QMP_TIMEOUT_NONE, NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  qmp_job_wait_finish (job, result, error);
  g_clear_object (&result);
  test_spin_until (qmp_client_get_n_pending (qmp_machine_get_client (vm)) == 0);
}

/* QEMU would abort. It is asked for the status, which need not be known yet. */
static void
assert_cannot_leave (QmpMachine *vm)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GError) blocking_error = NULL;

  g_assert_null (qmp_machine_start_migration (vm, "exec:cat >/dev/null", NULL, &blocking_error));
  g_assert_error (blocking_error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  test_assert_error_has (blocking_error, "snapshot");
  qmp_machine_start_migration_async (vm, "exec:cat >/dev/null", NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_null (qmp_machine_start_migration_finish (vm, result, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  g_assert_true (qmp_machine_get_connected (vm));
}

static void
test_snapshots (Room          *room,
                gconstpointer  data)
{
  const char *create[] = { "qemu-img", "create", "-q", "-f", "qcow2", room->path, "1M", NULL };
  g_autofree char *file = g_strdup_printf ("driver=file,node-name=f,filename=%s", room->path);
  g_autoptr(QmpMigration) migration = NULL;
  g_autoptr(GError) error = NULL;
  QmpMachine *vm;

  g_assert_true (g_spawn_sync (NULL, (char **) create, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
  vm = test_machine_new (test_launcher_new_pc ("-blockdev", file, "-blockdev", "driver=qcow2,node-name=d,file=f",
                                               "-device", "virtio-blk-pci,drive=d"));
  run_job (vm, "snapshot-save", "one", ", \"vmstate\": \"d\"", &error);
  g_assert_no_error (error);
  test_spin_until (qmp_machine_get_running (vm));
  run_job (vm, "snapshot-load", "one", ", \"vmstate\": \"d\"", &error);
  g_assert_no_error (error);
  test_spin_until (qmp_machine_get_running (vm));
  run_job (vm, "snapshot-delete", "one", "", &error);
  g_assert_no_error (error);
  g_assert_true (qmp_machine_get_running (vm));
  /* One that is not there any more: it has stopped for that, and stays so. */
  run_job (vm, "snapshot-load", "one", ", \"vmstate\": \"d\"", &error);
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_JOB);
  g_clear_error (&error);
  assert_cannot_leave (vm);
  test_spin_until (qmp_machine_get_status (vm) == QMP_MACHINE_STATUS_RESTORE_VM);
  assert_cannot_leave (vm);
  g_assert_true (qmp_machine_resume (vm, NULL, NULL));
  g_assert_true (qmp_machine_get_running (vm));
  migration = qmp_machine_start_migration (vm, "exec:cat >/dev/null", NULL, &error);
  g_assert_no_error (error);
  g_assert_true (qmp_migration_wait (migration, QMP_TIMEOUT_NONE, NULL, &error));
  test_machine_quit (vm);
}

/* --- many at once --- */

#define MANY (TEST_FEW ? 4u : 50u)

typedef struct {
  QmpMachine   *vm;
  GAsyncResult *launched;
  GAsyncResult *ended;
} One;

/* On a machine that is busy it takes as long as it takes. */
static QmpMachine *
patient_machine_new (void)
{
  g_autoptr(QmpClient) client = qmp_client_new (NULL);

  qmp_client_set_open_timeout (client, QMP_TIMEOUT_NONE);
  return qmp_machine_new (client);
}

/* One of them does nothing any more, which does not hold up the others. */
static void
test_many (Room          *room,
           gconstpointer  data)
{
  g_autoptr(QmpLauncher) launcher = test_launcher_new ();
  g_autofree One *all = g_new0 (One, MANY);
  g_autoptr(GError) error = NULL;
  guint n_fds = test_count_fds ();

  for (guint i = 0; i < MANY; i++)
    {
      all[i].vm = patient_machine_new ();
      qmp_machine_launch_async (all[i].vm, launcher, NULL, test_result_cb, &all[i].launched);
    }
  for (guint i = 0; i < MANY; i++)
    {
      test_spin_until (all[i].launched != NULL);
      qmp_machine_launch_finish (all[i].vm, all[i].launched, &error);
      g_assert_no_error (error);
    }
  g_assert_cmpint (kill (qmp_machine_get_pid (all[0].vm), SIGSTOP), ==, 0);
  for (guint i = 0; i < MANY; i++)
    qmp_machine_shut_down_async (all[i].vm, QMP_SHUT_DOWN_NONE, 0, QMP_TIMEOUT_NONE, NULL, test_result_cb, &all[i].ended);
  for (guint i = 1; i < MANY; i++)
    test_spin_until (all[i].ended != NULL);
  g_assert_null (all[0].ended);
  g_assert_true (qmp_machine_kill (all[0].vm, NULL, NULL));
  test_spin_until (all[0].ended != NULL);
  for (guint i = 0; i < MANY; i++)
    {
      g_autoptr(QmpOutcome) outcome = qmp_machine_shut_down_finish (all[i].vm, all[i].ended, &error);

      g_assert_no_error (error);
      g_assert_cmpint (qmp_outcome_get_signal (outcome), ==, i == 0 ? SIGKILL : 0);
      g_clear_object (&all[i].launched);
      g_clear_object (&all[i].ended);
      test_machine_free (all[i].vm);
    }
  test_assert_n_fds (n_fds);
}

/* --- many words --- */

#define LIMIT 65536
/* Of what it says: a line for each block that its BIOS is translated in. */
#define MUCH (1024 * 1024)

static guint64
count_written (QmpMachine *vm)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/io", qmp_machine_get_pid (vm));
  g_autofree char *text = NULL;
  const char *line;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  line = strstr (text, "wchar: ");
  g_assert_nonnull (line);
  return g_ascii_strtoull (line + strlen ("wchar: "), NULL, 10);
}

/* It says more than there is room for while nobody runs a main loop, and answers all the time. */
static void
test_flood (Room          *room,
            gconstpointer  data)
{
  g_autoptr(QmpLauncher) launcher = test_launcher_new_pc ("-d", "in_asm,op,out_asm");
  QmpMachine *vm = qmp_machine_new (NULL);
  QmpClient *client = qmp_machine_get_client (vm);
  g_autoptr(QmpOutcome) outcome = NULL;
  g_autoptr(GError) error = NULL;
  const char *output;

  qmp_launcher_set_output_limit (launcher, LIMIT);
  g_assert_true (qmp_machine_launch (vm, launcher, NULL, &error));
  g_assert_no_error (error);
  do
    {
      g_autoptr(JsonNode) value = qmp_client_execute (client, "query-status", NULL, NULL, &error);

      g_assert_no_error (error);
    }
  while (count_written (vm) < (TEST_FEW ? MUCH / 4 : MUCH));
  g_assert_cmpint (kill (qmp_machine_get_pid (vm), SIGTERM), ==, 0);
  outcome = qmp_machine_wait_ended (vm, NULL, &error);
  g_assert_no_error (error);
  output = qmp_outcome_get_output (outcome);
  g_assert_cmpuint (strlen (output), <=, LIMIT);
  g_assert_cmpuint (strlen (output), >, LIMIT / 2);
  test_machine_free (vm);
}

/* --- who stops it --- */

#define TIMES 100

typedef struct {
  guint n_queries;
  guint n_replies;
} Traffic;

static void
wire_cb (QmpClient        *client,
         QmpWireDirection  direction,
         const char       *text,
         Traffic          *traffic)
{
  traffic->n_queries += direction == QMP_WIRE_DIRECTION_SENT && strstr (text, "query-status") != NULL;
}

static void
executed_cb (GObject      *client,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) value = qmp_client_execute_finish (QMP_CLIENT (client), result, &error);

  g_assert_no_error (error);
  ((Traffic *) user_data)->n_replies++;
}

static void
say (QmpMachine *vm,
     const char *line)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpMessage) reply = qmp_client_execute_parsed (qmp_machine_get_client (vm), NULL, &error, "human-monitor-command",
                                                           "{'command-line': %s}", line);

  g_assert_no_error (error);
}

/* The program in the words of HMP, and 200 commands of its own at once: few are followed by a question, and the last one
 * counts. machine-open-test has a second monitor. */
static void
test_stopped_otherwise (Room          *room,
                        gconstpointer  data)
{
  QmpMachine *vm = test_machine_new (test_launcher_new_pc ());
  QmpClient *client = qmp_machine_get_client (vm);
  Traffic traffic = { 0 };

  say (vm, "stop");
  test_spin_until (qmp_machine_get_status (vm) == QMP_MACHINE_STATUS_PAUSED);
  g_assert_nonnull (qmp_machine_get_pause_event (vm));
  say (vm, "cont");
  test_spin_until (qmp_machine_get_running (vm));
  g_assert_null (qmp_machine_get_pause_event (vm));
  test_spin_until (qmp_client_get_n_pending (client) == 0);
  g_signal_connect (client, "wire", G_CALLBACK (wire_cb), &traffic);
  for (int i = 0; i < TIMES; i++)
    {
      qmp_client_execute_async (client, "cont", NULL, NULL, executed_cb, &traffic);
      qmp_client_execute_async (client, "stop", NULL, NULL, executed_cb, &traffic);
    }
  test_spin_until (traffic.n_replies == 2 * TIMES && qmp_client_get_n_pending (client) == 0);
  test_spin_ready ();
  g_assert_cmpint (qmp_machine_get_status (vm), ==, QMP_MACHINE_STATUS_PAUSED);
  g_test_message ("%u queries", traffic.n_queries);
  g_assert_cmpuint (traffic.n_queries, <=, 5);
  g_signal_handlers_disconnect_by_data (client, &traffic);
  test_machine_quit (vm);
}

#define add(name, function) g_test_add ("/machine-scenarios/" name, Room, NULL, set_up, function, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  test_warm_up ();

  add ("locked", test_locked);
  add ("io-error", test_io_error);
  add ("snapshots", test_snapshots);
  add ("many", test_many);
  add ("flood", test_flood);
  add ("stopped-otherwise", test_stopped_otherwise);

  return g_test_run ();
}
