/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <signal.h>

#include "test-machine.h"
#include "test-peer.h"
#include "test-server.h"

/* Jobs of a machine: where they stand in the order of what is told, and over a link that ends. jobs-test.c and
 * jobs-live-test.c have the jobs themselves. */

static QmpMachine *
new_with_disks (void)
{
  return test_machine_new (test_launcher_new ("-blockdev", "null-co,node-name=d,size=4194304,read-zeroes=on",
                                              "-blockdev", "null-co,node-name=t,size=4194304,read-zeroes=on"));
}

/* With data it is the preset of a mock, whose disks need not be there. */
static QmpMachine *
new_with_disks_or_mock (gconstpointer  data,
                        QmpMock       *mock)
{
  QmpMachine *vm;
  g_autoptr(GError) error = NULL;

  if (data == NULL)
    return new_with_disks ();
  vm = qmp_machine_new (NULL);
  if (qmp_mock_listen (mock, NULL, &error))
    qmp_machine_open (vm, qmp_mock_get_address (mock), NULL, &error);
  g_assert_no_error (error);
  return vm;
}

#define BACKUP(id, more)                                                                                     \
  "{\"execute\": \"blockdev-backup\", \"arguments\": {\"job-id\": \"" id "\", \"device\": \"d\", "           \
  "\"target\": \"t\", \"sync\": \"full\"" more "}}"

static QmpJob *
start (QmpMachine *vm,
       const char *text)
{
  g_autoptr(QmpMessage) command = test_message (text);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  QmpJob *job;

  qmp_machine_start_job_async (vm, command, NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  job = qmp_machine_start_job_finish (vm, result, &error);
  g_assert_no_error (error);
  g_assert_true (QMP_IS_JOB (job));
  return job;
}

static void
finished_cb (QmpJob     *job,
             GParamSpec *pspec,
             GString    *log)
{
  g_string_append_printf (log, "%sfinished", log->len > 0 ? " " : "");
}

static void
items_changed_cb (GListModel *list,
                  guint       position,
                  guint       removed,
                  guint       added,
                  GString    *log)
{
  g_string_append_printf (log, "%sjobs-%u+%u", log->len > 0 ? " " : "", removed, added);
}

static void
waited_cb (GObject      *job,
           GAsyncResult *result,
           gpointer      user_data)
{
  GString *log = user_data;
  g_autoptr(GError) error = NULL;

  if (!qmp_job_wait_finish (QMP_JOB (job), result, &error))
    g_string_append_printf (log, " waited(%d)", error->code);
  else
    g_string_append (log, " waited");
}

static void
test_success (gconstpointer data)
{
  g_autoptr(QmpMock) mock = qmp_mock_new (QMP_MOCK_PRESET_MACHINE);
  QmpMachine *vm = new_with_disks_or_mock (data, mock);
  GListModel *jobs = qmp_machine_get_jobs (vm);
  GString *log = g_string_new (NULL);
  QmpJob *job;

  g_assert_true (g_list_model_get_item_type (jobs) == QMP_TYPE_JOB);
  g_signal_connect (jobs, "items-changed", G_CALLBACK (items_changed_cb), log);
  job = start (vm, BACKUP ("b", ""));
  g_signal_connect (job, "notify::finished", G_CALLBACK (finished_cb), log);
  qmp_job_wait_async (job, QMP_TIMEOUT_NONE, NULL, waited_cb, log);
  test_spin_until (g_str_has_suffix (log->str, "waited"));
  g_assert_cmpstr (log->str, ==, "jobs-0+1 finished jobs-1+0 waited");
  g_assert_cmpuint (g_list_model_get_n_items (jobs), ==, 0);
  g_signal_handlers_disconnect_by_data (jobs, log);
  g_object_unref (job);
  test_machine_quit (vm);
  g_string_free (log, TRUE);
}

static void
test_blocking (gconstpointer data)
{
  g_autoptr(QmpMock) mock = qmp_mock_new (QMP_MOCK_PRESET_MACHINE);
  QmpMachine *vm = new_with_disks_or_mock (data, mock);
  g_autoptr(GError) error = NULL;

  qmp_machine_set_progress_interval (vm, 100);
  g_assert_cmpuint (qmp_machine_get_progress_interval (vm), ==, 100);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr(QmpMessage) command = test_message (BACKUP ("b", ""));
      g_autoptr(QmpJob) job = qmp_machine_start_job (vm, command, NULL, &error);

      g_assert_no_error (error);
      g_assert_true (qmp_job_wait (job, QMP_TIMEOUT_NONE, NULL, &error));
      g_assert_no_error (error);
    }
  test_machine_quit (vm);
}

/* Who asks again and again, and never waits, sees the end as well. */
static void
test_refreshed (gconstpointer data)
{
  g_autoptr(QmpMock) mock = qmp_mock_new (QMP_MOCK_PRESET_MACHINE);
  QmpMachine *vm = new_with_disks_or_mock (data, mock);
  g_autoptr(QmpMessage) command = test_message (BACKUP ("b", ""));
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpJob) job = qmp_machine_start_job (vm, command, NULL, &error);

  g_assert_no_error (error);
  while (!qmp_job_get_finished (job))
    g_assert_true (qmp_machine_refresh (vm, NULL, &error));
  g_assert_no_error (qmp_job_get_error (job));
  test_machine_quit (vm);
}

/* QEMU cancels them, and what it says comes before the end of the link. */
static void
test_quit (gconstpointer data)
{
  g_autoptr(QmpMock) mock = qmp_mock_new (QMP_MOCK_PRESET_MACHINE);
  QmpMachine *vm = new_with_disks_or_mock (data, mock);
  GString *log = NULL;
  QmpJob *job = start (vm, BACKUP ("b", ", \"speed\": 1"));

  log = test_machine_log (vm);
  g_signal_connect (job, "notify::finished", G_CALLBACK (finished_cb), log);
  g_signal_connect (qmp_machine_get_jobs (vm), "items-changed", G_CALLBACK (items_changed_cb), log);
  qmp_job_wait_async (job, QMP_TIMEOUT_NONE, NULL, waited_cb, log);
  qmp_machine_quit_async (vm, NULL, NULL, NULL);
  g_object_unref (test_wait_ended (vm));
  g_assert_true (g_str_has_prefix (log->str, "finished jobs-1+0 waited(6) closed -connected"));
  g_assert_true (qmp_job_get_cancelled (job));
  g_signal_handlers_disconnect_by_data (qmp_machine_get_jobs (vm), log);
  g_object_unref (job);
  test_machine_free (vm);
  g_string_free (log, TRUE);
}

/* It cannot say anything. */
static void
test_kill (void)
{
  QmpMachine *vm = new_with_disks ();
  GString *log = NULL;
  QmpJob *job = start (vm, BACKUP ("b", ", \"speed\": 1"));

  log = test_machine_log (vm);
  g_signal_connect (job, "notify::finished", G_CALLBACK (finished_cb), log);
  g_signal_connect (qmp_machine_get_jobs (vm), "items-changed", G_CALLBACK (items_changed_cb), log);
  qmp_job_wait_async (job, QMP_TIMEOUT_NONE, NULL, waited_cb, log);
  qmp_machine_kill_async (vm, NULL, NULL, NULL);
  g_object_unref (test_wait_ended (vm));
  g_assert_true (g_str_has_prefix (log->str, "finished jobs-1+0 waited(7) closed -connected"));
  g_assert_error (qmp_job_get_error (job), QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_LOST);
  g_signal_handlers_disconnect_by_data (qmp_machine_get_jobs (vm), log);
  g_object_unref (job);
  test_machine_free (vm);
  g_string_free (log, TRUE);
}

/* One fails and one goes while nobody looks. What was to be kept has been kept, and tells. */
static void
test_gap (void)
{
  g_autoptr(TestServer) server = test_server_new (TEST_SERVER_QEMU_MACHINE);
  QmpMachine *vm = qmp_machine_new (NULL);
  QmpClient *client = qmp_machine_get_client (vm);
  QmpClient *other = qmp_client_new (NULL);
  GListModel *jobs = qmp_machine_get_jobs (vm);
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpMessage) disks = test_message ("{\"execute\": \"blockdev-add\", \"arguments\": {\"driver\": \"null-co\", "
                                              "\"node-name\": \"d\", \"size\": 4194304}}");
  g_autoptr(QmpMessage) full = test_message ("{\"execute\": \"blockdev-add\", \"arguments\": {\"driver\": \"blkdebug\", "
                                             "\"node-name\": \"t\", \"inject-error\": [{\"event\": \"none\", "
                                             "\"iotype\": \"write\", \"errno\": 28}], \"image\": {\"driver\": \"null-co\", "
                                             "\"size\": 4194304}}}");
  g_autoptr(QmpMessage) cancel = test_message ("{\"execute\": \"job-cancel\", \"arguments\": {\"id\": \"b\"}}");
  g_autoptr(QmpEventMatch) concluded = TEST_MATCH ("JOB_STATUS_CHANGE");
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(QmpEvent) event = NULL;
  g_autoptr(QmpJob) job = NULL;
  g_autoptr(QmpJob) listed = NULL;

  g_assert_true (qmp_machine_open (vm, test_server_get_address (server), NULL, &error));
  json_node_unref (test_execute_message (client, disks, &error));
  json_node_unref (test_execute_message (client, full, &error));
  /* It rests at the error. */
  job = start (vm, BACKUP ("b", ", \"on-target-error\": \"stop\""));
  test_spin_until (qmp_job_get_status (job) == QMP_JOB_STATUS_PAUSED);
  qmp_job_wait_async (job, QMP_TIMEOUT_NONE, NULL, test_result_cb, &result);
  g_assert_true (qmp_client_close (client, NULL, &error));
  test_spin_ready ();
  g_assert_null (result);
  g_assert_false (qmp_machine_get_connected (vm));

  g_assert_true (test_open (other, test_server_get_second_address (server), &error));
  qmp_event_match_add_string_member (concluded, NULL, "status", "concluded");
  event = qmp_client_execute_and_wait (other, cancel, concluded, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (event);

  g_assert_true (qmp_machine_open (vm, test_server_get_address (server), NULL, &error));
  test_spin_until (result != NULL);
  g_assert_false (qmp_job_wait_finish (job, result, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_JOB_CANCELLED);
  g_clear_error (&error);
  g_assert_cmpuint (g_list_model_get_n_items (jobs), ==, 0);
  /* and it was dismissed */
  g_clear_object (&job);
  job = start (vm, BACKUP ("b", ""));
  listed = g_list_model_get_item (jobs, 0);
  g_assert_true (listed == job || qmp_job_get_finished (job));
  g_assert_false (qmp_job_wait (job, QMP_TIMEOUT_NONE, NULL, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_JOB);
  g_assert_cmpstr (error->message, ==, "No space left on device");
  g_assert_true (test_close (other, NULL));
  test_client_free (other);
  g_clear_object (&job);
  g_clear_object (&listed);
  test_machine_quit (vm);
}

/* Whoever waits for a job needs no machine. */
static void
test_machine_dropped (void)
{
  g_autoptr(TestServer) server = test_server_new (TEST_SERVER_QEMU);
  QmpMachine *vm = qmp_machine_new (NULL);
  g_autoptr(QmpClient) client = g_object_ref (qmp_machine_get_client (vm));
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpMessage) disk = test_message ("{\"execute\": \"blockdev-add\", \"arguments\": {\"driver\": \"null-co\", "
                                             "\"node-name\": \"d\", \"size\": 4194304}}");
  g_autoptr(QmpMessage) target = test_message ("{\"execute\": \"blockdev-add\", \"arguments\": {\"driver\": \"null-co\", "
                                               "\"node-name\": \"t\", \"size\": 4194304}}");
  g_autoptr(QmpJob) job = NULL;

  g_assert_true (qmp_machine_open (vm, test_server_get_address (server), NULL, &error));
  json_node_unref (test_execute_message (client, disk, &error));
  json_node_unref (test_execute_message (client, target, &error));
  job = start (vm, BACKUP ("b", ""));
  qmp_job_wait_async (job, QMP_TIMEOUT_NONE, NULL, test_result_cb, &result);
  test_machine_free (vm);
  test_spin_until (result != NULL);
  g_assert_true (qmp_job_wait_finish (job, result, &error));
  g_assert_no_error (error);
  g_assert_true (test_close (client, NULL));
}

/* --- in blocking calls --- */

/* QEMU answers nothing any more. Shutting down goes on in whatever call blocks, and ends that. */
static void
test_shut_down_goes_on (gconstpointer data)
{
  gboolean starts = GPOINTER_TO_INT (data);
  QmpMachine *vm = new_with_disks ();
  g_autoptr(QmpJob) running = start (vm, BACKUP ("b", ", \"speed\": 1"));
  g_autoptr(QmpMessage) command = test_message (BACKUP ("c", ""));
  g_autoptr(QmpOutcome) outcome = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  /* No limit but what shutting down sets. */
  qmp_client_set_timeout (qmp_machine_get_client (vm), QMP_TIMEOUT_NONE);
  g_assert_cmpint (kill (qmp_machine_get_pid (vm), SIGSTOP), ==, 0);
  qmp_machine_shut_down_async (vm, QMP_SHUT_DOWN_NONE, 0, 1, NULL, test_result_cb, &result);
  if (starts)
    g_assert_null (qmp_machine_start_job (vm, command, NULL, &error));
  else
    g_assert_false (qmp_job_wait (running, QMP_TIMEOUT_NONE, NULL, &error));
  if (starts)
    g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
  else
    g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_LOST);
  g_clear_error (&error);
  test_spin_until (result != NULL);
  outcome = qmp_machine_shut_down_finish (vm, result, &error);
  g_assert_no_error (error);
  g_assert_cmpint (qmp_outcome_get_stage (outcome), ==, QMP_SHUT_DOWN_STAGE_KILLING);
  g_clear_object (&running);
  g_clear_object (&result);
  test_machine_free (vm);
}

static gboolean
runs (QmpMachine *vm,
      QmpMessage *command)
{
  g_autoptr(QmpJob) job = qmp_machine_start_job (vm, command, NULL, NULL);

  return job != NULL && qmp_job_wait (job, QMP_TIMEOUT_NONE, NULL, NULL);
}

/* The client's limit is that of the command. */
static void
test_start_times_out (void)
{
  QmpMachine *vm = new_with_disks ();
  g_autoptr(QmpMessage) command = test_message (BACKUP ("b", ""));
  g_autoptr(GError) error = NULL;
  pid_t pid = qmp_machine_get_pid (vm);

  qmp_client_set_timeout (qmp_machine_get_client (vm), 1);
  g_assert_cmpint (kill (pid, SIGSTOP), ==, 0);
  g_assert_null (qmp_machine_start_job (vm, command, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  qmp_client_set_timeout (qmp_machine_get_client (vm), QMP_TIMEOUT_NONE);
  g_assert_cmpint (kill (pid, SIGCONT), ==, 0);
  /* It was carried out, and is dismissed: the ID can be had again. */
  test_spin_until (runs (vm, command));
  test_machine_quit (vm);
}

#define add_both(name, function)                                                     \
  g_test_add_data_func ("/machine-jobs/" name, NULL, function);                      \
  g_test_add_data_func ("/machine-jobs/" name "/mock", GINT_TO_POINTER (TRUE), function)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_both ("success", test_success);
  add_both ("blocking", test_blocking);
  add_both ("refreshed", test_refreshed);
  add_both ("quit", test_quit);
  g_test_add_func ("/machine-jobs/kill", test_kill);
  g_test_add_func ("/machine-jobs/gap", test_gap);
  g_test_add_func ("/machine-jobs/machine-dropped", test_machine_dropped);
  g_test_add_data_func ("/machine-jobs/shut-down-goes-on/start", GINT_TO_POINTER (TRUE), test_shut_down_goes_on);
  g_test_add_data_func ("/machine-jobs/shut-down-goes-on/wait", GINT_TO_POINTER (FALSE), test_shut_down_goes_on);
  g_test_add_func ("/machine-jobs/start-times-out", test_start_times_out);
  return g_test_run ();
}
