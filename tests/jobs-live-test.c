/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-server.h"

#include <glib/gstdio.h>

#include "machine/qmp-jobs-private.h"

#include <qmp-glib/qmp-machine.h>

/* Jobs of real servers, and of the preset of a mock, which does the same. Each is waited for in the background, and then in
 * a blocking call. */

/* What a test is given. */
#define BLOCKING (1 << 0)
#define MOCK     (1 << 1)

typedef struct {
  TestServer *server;
  QmpClient  *client;
  QmpJobs    *jobs;
  GListModel *list;
  gboolean    blocking;
} Desk;

static Desk *
desk_new (TestServerKind kind,
          gconstpointer  data)
{
  Desk *desk = g_new0 (Desk, 1);
  guint flags = GPOINTER_TO_UINT (data);
  g_autoptr(QmpIoContext) io = qmp_io_context_get (g_main_context_default ());

  desk->server = test_server_new (flags & MOCK ? TEST_SERVER_MOCK : kind);
  desk->client = test_server_open (desk->server);
  desk->jobs = qmp_jobs_new (desk->client, io);
  desk->list = G_LIST_MODEL (desk->jobs->list);
  desk->blocking = flags & BLOCKING;
  return desk;
}

static void
desk_free (Desk *desk)
{
  test_spin_until (g_list_model_get_n_items (desk->list) == 0);
  qmp_jobs_unref (desk->jobs);
  test_server_close (desk->server, desk->client);
  g_free (desk);
}

static void
execute (Desk       *desk,
         const char *text)
{
  g_autoptr(QmpMessage) message = test_message (text);
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) reply = desk->blocking ? qmp_client_execute_message (desk->client, message, NULL, &error) :
                                               test_execute_message (desk->client, message, &error);

  g_assert_no_error (error);
}

#define DISK(name, size)                                                                                     \
  "{\"execute\": \"blockdev-add\", \"arguments\": {\"driver\": \"null-co\", \"node-name\": \"" name "\", "   \
  "\"size\": " size ", \"read-zeroes\": true}}"
/* Whatever is written to it fails. */
#define FULL_DISK(name, size)                                                                                \
  "{\"execute\": \"blockdev-add\", \"arguments\": {\"driver\": \"blkdebug\", \"node-name\": \"" name "\", "  \
  "\"inject-error\": [{\"event\": \"none\", \"iotype\": \"write\", \"errno\": 28}], "                   \
  "\"image\": {\"driver\": \"null-co\", \"size\": " size ", \"read-zeroes\": true}}}"
#define JOB(command, more) "{\"execute\": \"" command "\", \"arguments\": {\"job-id\": \"j\", " more "}}"
#define BACKUP(more) JOB ("blockdev-backup", "\"device\": \"d\", \"target\": \"t\", \"sync\": \"full\"" more)
#define MIRROR(more) JOB ("blockdev-mirror", "\"device\": \"d\", \"target\": \"t\", \"sync\": \"full\"" more)

static void
add_disks (Desk *desk)
{
  execute (desk, DISK ("d", "4194304"));
  execute (desk, DISK ("t", "4194304"));
}

static void
started_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static QmpJob *
start (Desk       *desk,
       const char *text)
{
  g_autoptr(QmpMessage) command = test_message (text);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  QmpJob *job;

  if (desk->blocking)
    job = qmp_jobs_start (desk->jobs, command, NULL, &error);
  else
    {
      qmp_jobs_start_async (desk->jobs, command, NULL, g_task_new (NULL, NULL, started_cb, &result));
      test_spin_until (result != NULL);
      job = g_task_propagate_pointer (G_TASK (result), &error);
    }
  g_assert_no_error (error);
  return job;
}

static gboolean
wait_for (Desk    *desk,
          QmpJob  *job,
          GError **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  if (desk->blocking)
    return qmp_job_wait (job, QMP_TIMEOUT_NONE, NULL, error);
  qmp_job_wait_async (job, QMP_TIMEOUT_NONE, NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  return qmp_job_wait_finish (job, result, error);
}

#define VERB(verb)                                                                                           \
  static void                                                                                                \
  verb##_job (Desk   *desk,                                                                                  \
              QmpJob *job)                                                                                   \
  {                                                                                                          \
    g_autoptr(GAsyncResult) result = NULL;                                                                   \
    g_autoptr(GError) error = NULL;                                                                          \
                                                                                                             \
    if (desk->blocking)                                                                                      \
      qmp_job_##verb (job, NULL, &error);                                                                    \
    else                                                                                                     \
      {                                                                                                      \
        qmp_job_##verb##_async (job, NULL, test_result_cb, &result);                                         \
        test_spin_until (result != NULL);                                                                    \
        qmp_job_##verb##_finish (job, result, &error);                                                       \
      }                                                                                                      \
    g_assert_no_error (error);                                                                               \
  }

VERB (pause)
VERB (resume)
VERB (complete)
VERB (cancel)
VERB (dismiss)

static void
assert_success (Desk   *desk,
                QmpJob *job)
{
  g_autoptr(GError) error = NULL;

  wait_for (desk, job, &error);
  g_assert_no_error (error);
  g_assert_true (qmp_job_get_finished (job));
  g_assert_null (qmp_job_get_error (job));
  g_assert_cmpfloat (qmp_job_get_fraction (job), ==, 1);
}

static void
assert_failure (Desk       *desk,
                QmpJob     *job,
                int         code,
                const char *text)
{
  g_autoptr(GError) error = NULL;

  g_assert_false (wait_for (desk, job, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, code);
  test_assert_error_has (error, text);
  g_assert_true (qmp_job_get_finished (job));
  g_assert_cmpint (qmp_job_get_cancelled (job), ==, code == QMP_MACHINE_ERROR_JOB_CANCELLED);
}

/* --- the tests --- */

/* The ID is free again, each time. */
static void
test_backup (gconstpointer data)
{
  Desk *desk = desk_new (TEST_SERVER_STORAGE_DAEMON, data);

  add_disks (desk);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr(QmpJob) job = start (desk, i < 2 ? BACKUP ("") : BACKUP (", \"auto-dismiss\": true"));

      assert_success (desk, job);
      if (i < 2)
        g_assert_cmpint (qmp_job_get_total (job), ==, 4194304);
      g_assert_cmpstr (qmp_job_get_job_type (job), ==, "backup");
    }
  desk_free (desk);
}

/* In a program that never runs its main loop nothing piles up. */
static void
test_many (void)
{
  Desk *desk = desk_new (TEST_SERVER_STORAGE_DAEMON, GUINT_TO_POINTER (BLOCKING));
  g_autoptr(QmpJob) kept = NULL;

  add_disks (desk);
  kept = start (desk, BACKUP (""));
  assert_success (desk, kept);
  for (guint i = 0; i < 150; i++)
    {
      g_autoptr(QmpJob) job = start (desk, BACKUP (""));

      assert_success (desk, job);
    }
  g_assert_cmpuint (desk->jobs->untold.length, <=, 65);
  g_assert_true (kept->queued);
  desk_free (desk);
}

static void
test_no_space (gconstpointer data)
{
  Desk *desk = desk_new (TEST_SERVER_STORAGE_DAEMON, data);

  /* zeroes would not be written */
  execute (desk, "{\"execute\": \"blockdev-add\", \"arguments\": {\"driver\": \"null-co\", \"node-name\": \"d\", "
                 "\"size\": 4194304, \"read-zeroes\": false}}");
  execute (desk, FULL_DISK ("t", "4194304"));
  /* Whose disks cannot be full. */
  if (GPOINTER_TO_UINT (data) & MOCK)
    {
      QmpExpectation *backup = qmp_mock_expect (test_server_get_mock (desk->server), "blockdev-backup", NULL);

      qmp_expectation_repeats (backup);
      qmp_expectation_fails_job (backup, "No space left on device");
    }
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr(QmpJob) job = start (desk, i == 0 ? BACKUP ("") : BACKUP (", \"auto-dismiss\": true"));

      assert_failure (desk, job, QMP_MACHINE_ERROR_JOB, "No space left on device");
    }
  desk_free (desk);
}

/* So slow that it is in the middle for as long as one likes. */
static void
test_cancel (gconstpointer data)
{
  Desk *desk = desk_new (TEST_SERVER_STORAGE_DAEMON, data);

  add_disks (desk);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr(QmpJob) job = start (desk, i == 0 ? BACKUP (", \"speed\": 1") :
                                                    BACKUP (", \"speed\": 1, \"auto-dismiss\": true"));

      g_assert_false (qmp_job_get_finished (job));
      cancel_job (desk, job);
      assert_failure (desk, job, QMP_MACHINE_ERROR_JOB_CANCELLED, "");
    }
  desk_free (desk);
}

static void
test_pause (gconstpointer data)
{
  Desk *desk = desk_new (TEST_SERVER_STORAGE_DAEMON, data);
  g_autoptr(QmpJob) job = NULL;
  g_autoptr(GError) error = NULL;

  add_disks (desk);
  job = start (desk, BACKUP (", \"speed\": 1"));
  pause_job (desk, job);
  g_assert_false (qmp_job_pause (job, NULL, &error));
  g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC);
  test_assert_error_has (error, "already paused");
  resume_job (desk, job);
  execute (desk, "{\"execute\": \"block-job-set-speed\", \"arguments\": {\"device\": \"j\", \"speed\": 0}}");
  assert_success (desk, job);
  desk_free (desk);
}

/* It may be ready before its command is answered. */
static void
test_mirror (gconstpointer data)
{
  Desk *desk = desk_new (TEST_SERVER_STORAGE_DAEMON, data);

  add_disks (desk);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr(QmpJob) job = start (desk, MIRROR (""));

      g_assert_cmpstr (qmp_job_get_job_type (job), ==, "mirror");
      if (i == 0)
        {
          complete_job (desk, job);
          assert_success (desk, job);
          execute (desk, "{\"execute\": \"blockdev-del\", \"arguments\": {\"node-name\": \"d\"}}");
          execute (desk, DISK ("d", "0"));
          execute (desk, "{\"execute\": \"blockdev-del\", \"arguments\": {\"node-name\": \"t\"}}");
          execute (desk, DISK ("t", "0"));
        }
      else
        {
          cancel_job (desk, job);
          assert_failure (desk, job, QMP_MACHINE_ERROR_JOB_CANCELLED, "");
        }
    }
  desk_free (desk);
}

static void
create (Desk       *desk,
        const char *options,
        const char *text)
{
  g_autofree char *command = g_strdup_printf (JOB ("blockdev-create", "\"options\": %s"), options);
  g_autoptr(QmpJob) job = start (desk, command);

  g_assert_cmpstr (qmp_job_get_id (job), ==, "j");
  if (text == NULL)
    assert_success (desk, job);
  else
    assert_failure (desk, job, QMP_MACHINE_ERROR_JOB, text);
  g_assert_cmpstr (qmp_job_get_job_type (job), ==, "create");
}

/* No block job: no event of it says why it has failed, which may be before the reply. */
static void
test_create_and_stream (gconstpointer data)
{
  Desk *desk = desk_new (TEST_SERVER_STORAGE_DAEMON, data);
  const char *directory = test_server_get_directory (desk->server);
  g_autofree char *path = g_build_filename (directory, "top.qcow2", NULL);
  g_autofree char *bad = g_strdup_printf ("{\"driver\": \"file\", \"size\": 0, \"filename\": \"%s/no/top\"}", directory);
  g_autofree char *good = g_strdup_printf ("{\"driver\": \"file\", \"size\": 0, \"filename\": \"%s\"}", path);
  g_autofree char *file = g_strdup_printf ("{\"execute\": \"blockdev-add\", \"arguments\": {\"driver\": \"file\", "
                                           "\"node-name\": \"file\", \"filename\": \"%s\"}}", path);
  g_autoptr(QmpJob) job = NULL;

  create (desk, bad, "No such file or directory");
  create (desk, good, NULL);
  execute (desk, file);
  create (desk, "{\"driver\": \"qcow2\", \"file\": \"file\", \"size\": 1048576}", NULL);
  execute (desk, DISK ("base", "1048576"));
  execute (desk, "{\"execute\": \"blockdev-add\", \"arguments\": {\"driver\": \"qcow2\", \"node-name\": \"top\", "
                 "\"file\": \"file\", \"backing\": \"base\"}}");
  job = start (desk, JOB ("block-stream", "\"device\": \"top\""));
  assert_success (desk, job);
  g_assert_cmpstr (qmp_job_get_job_type (job), ==, "stream");
  g_remove (path);
  desk_free (desk);
}

static void
test_quit (gconstpointer data)
{
  Desk *desk = desk_new (TEST_SERVER_QEMU, data);
  g_autoptr(QmpJob) job = NULL;

  add_disks (desk);
  job = start (desk, BACKUP (", \"speed\": 1"));
  qmp_client_execute_async (desk->client, "quit", NULL, NULL, NULL, NULL);
  assert_failure (desk, job, QMP_MACHINE_ERROR_JOB_CANCELLED, "");
  test_server_wait (desk->server);
  desk_free (desk);
}

static void
test_kill (gconstpointer data)
{
  Desk *desk = desk_new (TEST_SERVER_QEMU, data);
  g_autoptr(QmpJob) job = NULL;
  g_autoptr(GError) error = NULL;

  add_disks (desk);
  job = start (desk, BACKUP (", \"speed\": 1"));
  test_server_kill (desk->server);
  if (desk->blocking)
    {
      g_assert_false (wait_for (desk, job, &error));
      g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_LOST);
    }
  qmp_jobs_lose (desk->jobs);
  assert_failure (desk, job, QMP_MACHINE_ERROR_LOST, "");
  desk_free (desk);
}

/* Of a job that another client has started we see all, and it is that client's to dismiss. */
static void
test_of_another (gconstpointer data)
{
  Desk *desk = desk_new (TEST_SERVER_QEMU_MACHINE, data);
  Desk other = { .client = qmp_client_new (NULL) };
  g_autoptr(QmpJob) job = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_true (test_open (other.client, test_server_get_second_address (desk->server), &error));
  add_disks (desk);
  execute (&other, BACKUP (", \"auto-dismiss\": false"));
  test_spin_until (g_list_model_get_n_items (desk->list) == 1);
  job = g_list_model_get_item (desk->list, 0);
  assert_success (desk, job);
  test_spin_ready ();
  g_assert_cmpuint (g_list_model_get_n_items (desk->list), ==, 1);
  dismiss_job (desk, job);
  test_close (other.client, NULL);
  test_client_free (other.client);
  desk_free (desk);
}

/* The figures of one that runs, for as long as it does. */
static void
test_progress (void)
{
  Desk *desk = desk_new (TEST_SERVER_STORAGE_DAEMON, NULL);
  g_autoptr(QmpJob) job = NULL;

  add_disks (desk);
  qmp_jobs_set_interval (desk->jobs, 1);
  job = start (desk, BACKUP (", \"speed\": 1"));
  test_spin_until (qmp_job_get_fraction (job) > 0);
  g_assert_cmpint (qmp_job_get_total (job), ==, 4194304);
  cancel_job (desk, job);
  assert_failure (desk, job, QMP_MACHINE_ERROR_JOB_CANCELLED, "");
  test_spin_ready ();
  g_assert_false (qmp_io_timer_is_set (&desk->jobs->tick));
  desk_free (desk);
}

/* What the library takes for granted is so. */
static void
test_auto_dismiss (gconstpointer kind)
{
  g_autoptr(TestServer) server = test_server_new (GPOINTER_TO_INT (kind));
  QmpClient *client = test_server_open (server);
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpSchema) schema = qmp_schema_fetch (client, NULL, &error);
  g_auto(GStrv) commands = NULL;

  g_assert_no_error (error);
  commands = qmp_schema_list_commands (schema);
  for (guint i = 0; commands[i] != NULL; i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/arg-type/auto-dismiss", commands[i]);

      if (qmp_jobs_has_auto_dismiss (commands[i]) != qmp_schema_has_path (schema, path))
        g_error ("%s: %d in the schema", commands[i], qmp_schema_has_path (schema, path));
    }
  g_assert_true (qmp_schema_has_path (schema, "block-stream/arg-type/auto-dismiss"));
  test_server_close (g_steal_pointer (&server), client);
}

static void
add (const char     *name,
     GTestDataFunc   func)
{
  g_autofree char *background = g_strconcat ("/jobs-live/", name, "/background", NULL);
  g_autofree char *blocking = g_strconcat ("/jobs-live/", name, "/blocking", NULL);

  g_test_add_data_func (background, NULL, func);
  g_test_add_data_func (blocking, GUINT_TO_POINTER (BLOCKING), func);
}

/* Also with a mock. */
static void
add_both (const char    *name,
          GTestDataFunc  func)
{
  g_autofree char *background = g_strconcat ("/jobs-live/", name, "/mock/background", NULL);
  g_autofree char *blocking = g_strconcat ("/jobs-live/", name, "/mock/blocking", NULL);

  add (name, func);
  g_test_add_data_func (background, GUINT_TO_POINTER (MOCK), func);
  g_test_add_data_func (blocking, GUINT_TO_POINTER (MOCK | BLOCKING), func);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_both ("backup", test_backup);
  add_both ("no-space", test_no_space);
  add_both ("cancel", test_cancel);
  add_both ("pause", test_pause);
  add_both ("mirror", test_mirror);
  add ("create-and-stream", test_create_and_stream);
  add_both ("quit", test_quit);
  add_both ("kill", test_kill);
  add_both ("of-another", test_of_another);
  g_test_add_func ("/jobs-live/many", test_many);
  g_test_add_func ("/jobs-live/progress", test_progress);
  g_test_add_data_func ("/jobs-live/auto-dismiss/qemu", GINT_TO_POINTER (TEST_SERVER_QEMU), test_auto_dismiss);
  g_test_add_data_func ("/jobs-live/auto-dismiss/storage-daemon", GINT_TO_POINTER (TEST_SERVER_STORAGE_DAEMON),
                        test_auto_dismiss);
  return g_test_run ();
}
