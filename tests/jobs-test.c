/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-peer.h"

#include <string.h>

#include "machine/qmp-jobs-private.h"

#include <qmp-glib/qmp-machine.h>

/* The jobs of one server, with a server that plays what QEMU does, and what it may do. jobs-live-test.c has the real ones. */

#define J_TEXT(id, status)                                                                                   \
  PEER_EVENT_DATA_TEXT ("JOB_STATUS_CHANGE", "{\"id\": \"" id "\", \"status\": \"" status "\"}")
#define J(id, status) PEER_SEND (J_TEXT (id, status))
#define RETURN_TEXT "{\"return\": {}, \"id\": @}\r\n"
#define B_COMPLETED_TEXT(id, more)                                                                           \
  PEER_EVENT_DATA_TEXT ("BLOCK_JOB_COMPLETED", "{\"device\": \"" id "\", \"type\": \"backup\", \"len\": 100, " \
                                               "\"offset\": 40, \"speed\": 0" more "}")
#define B_COMPLETED(id, more) PEER_SEND (B_COMPLETED_TEXT (id, more))
#define B_CANCELLED(id)                                                                                      \
  PEER_EVENT_DATA ("BLOCK_JOB_CANCELLED", "{\"device\": \"" id "\", \"type\": \"backup\", \"len\": 100, "    \
                                          "\"offset\": 40, \"speed\": 0}")
#define ENTRY(id, status, more)                                                                              \
  "{\"id\": \"" id "\", \"type\": \"backup\", \"status\": \"" status "\", \"current-progress\": 10, "        \
  "\"total-progress\": 40" more "}"
#define REPLY_JOBS(entries) PEER_EXPECT ("query-jobs"), PEER_REPLY ("[" entries "]")
#define REPLY_STARTED PEER_REPLY ("{}")
/* The event ends what the tests wait for, so the reply has to be out with it. */
#define DISMISSED(id) PEER_EXPECT ("job-dismiss"), PEER_SEND_FOR (J_TEXT (id, "null") RETURN_TEXT)

/* --- what the tests share --- */

typedef struct {
  TestPeer   *peer;
  QmpClient  *client;
  QmpJobs    *jobs;
  GListModel *list;
  GString    *told;     /* what is notified, with spaces between */
  QmpJob     *job;      /* nullable: has been started */
  GError     *error;    /* nullable: has not */
  gboolean    returned;
} Desk;

static void
notify_cb (GObject    *object,
           GParamSpec *pspec,
           Desk       *desk)
{
  static const char * const names[] = { "status-name", "ready", "finished", NULL };
  const char *id = qmp_job_get_id (QMP_JOB (object));

  if (!g_strv_contains (names, pspec->name))
    return;
  if (g_str_equal (pspec->name, "status-name"))
    g_string_append_printf (desk->told, "%s:%s ", id, qmp_job_get_status_name (QMP_JOB (object)));
  else
    g_string_append_printf (desk->told, "%s:%s ", id, pspec->name);
}

static void
items_changed_cb (GListModel *list,
                  guint       position,
                  guint       removed,
                  guint       added,
                  Desk       *desk)
{
  g_autoptr(QmpJob) job = NULL;

  g_string_append_printf (desk->told, "-%u+%u ", removed, added);
  if (added == 0)
    return;
  job = g_list_model_get_item (list, position);
  g_assert_true (QMP_IS_JOB (job));
  g_signal_connect (job, "notify", G_CALLBACK (notify_cb), desk);
}

static Desk *
desk_new (TestPeer *peer)
{
  Desk *desk = g_new0 (Desk, 1);
  g_autoptr(QmpIoContext) io = qmp_io_context_get (g_main_context_default ());

  desk->peer = peer;
  desk->client = test_peer_open (peer);
  desk->jobs = qmp_jobs_new (desk->client, io);
  desk->list = G_LIST_MODEL (desk->jobs->list);
  desk->told = g_string_new (NULL);
  g_signal_connect (desk->list, "items-changed", G_CALLBACK (items_changed_cb), desk);
  return desk;
}

static void
desk_free (Desk *desk)
{
  qmp_jobs_unref (desk->jobs);
  if (desk->job != NULL)
    g_signal_handlers_disconnect_by_data (desk->job, desk);
  g_clear_object (&desk->job);
  g_clear_error (&desk->error);
  test_peer_close (desk->peer, desk->client);
  g_string_free (desk->told, TRUE);
  g_free (desk);
}

static void
release (Desk    *desk,
         QmpJob **job)
{
  g_signal_handlers_disconnect_by_data (*job, desk);
  g_clear_object (job);
}

static void
started_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  Desk *desk = user_data;

  g_assert_false (desk->returned);
  desk->returned = TRUE;
  desk->job = g_task_propagate_pointer (G_TASK (result), &desk->error);
}

static void
start_async (Desk       *desk,
             const char *text)
{
  g_autoptr(QmpMessage) command = test_message (text);

  qmp_jobs_start_async (desk->jobs, command, NULL, g_task_new (NULL, NULL, started_cb, desk));
}

#define BACKUP "{\"execute\": \"blockdev-backup\", \"arguments\": {\"job-id\": \"b\", \"sync\": \"full\"}}"

static QmpJob *
start (Desk *desk)
{
  start_async (desk, BACKUP);
  test_spin_until (desk->returned);
  g_assert_no_error (desk->error);
  return desk->job;
}

static gboolean
wait_for (QmpJob  *job,
          GError **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  qmp_job_wait_async (job, QMP_TIMEOUT_NONE, NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  return qmp_job_wait_finish (job, result, error);
}

#define assert_job(job, code, cancelled)                                                                     \
  G_STMT_START {                                                                                             \
    g_assert_true (qmp_job_get_finished (job));                                                              \
    g_assert_error (qmp_job_get_error (job), QMP_MACHINE_ERROR, code);                                       \
    g_assert_cmpint (qmp_job_get_cancelled (job), ==, cancelled);                                            \
  } G_STMT_END

/* --- started by us --- */

static void
test_success (void)
{
  Desk *desk = desk_new (test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("blockdev-backup"),
                                          J ("b", "created"), J ("b", "running"), REPLY_STARTED,
                                          REPLY_JOBS (ENTRY ("b", "running", "")), PEER_WAIT,
                                          J ("b", "waiting"), J ("b", "pending"), B_COMPLETED ("b", ""),
                                          J ("b", "concluded"), REPLY_JOBS (ENTRY ("b", "concluded", "")),
                                          DISMISSED ("b")));
  QmpJob *job = start (desk);
  g_autofree char *sent = test_peer_dup_text (desk->peer);
  GError *error = NULL;

  g_assert_nonnull (strstr (sent, "\"auto-dismiss\""));
  g_assert_cmpstr (qmp_job_get_id (job), ==, "b");
  g_assert_cmpstr (qmp_job_get_job_type (job), ==, "backup");
  g_assert_cmpint (qmp_job_get_status (job), ==, QMP_JOB_STATUS_RUNNING);
  g_assert_cmpfloat (qmp_job_get_fraction (job), ==, 0.25);
  g_assert_cmpuint (g_list_model_get_n_items (desk->list), ==, 1);
  test_peer_signal (desk->peer);
  g_assert_true (wait_for (job, &error));
  g_assert_no_error (error);
  g_assert_no_error (qmp_job_get_error (job));
  g_assert_cmpfloat (qmp_job_get_fraction (job), ==, 1);
  g_assert_cmpuint (g_list_model_get_n_items (desk->list), ==, 0);
  g_assert_true (g_str_has_suffix (desk->told->str, "b:null b:finished -1+0 ") ||
                 g_str_has_suffix (desk->told->str, "b:finished b:null -1+0 "));
  /* at once */
  g_assert_true (wait_for (job, &error));
  desk_free (desk);
}

/* QEMU's text, which is nowhere but in the reply. */
static void
test_failure (void)
{
  Desk *desk = desk_new (test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("blockdev-backup"),
                                          J ("b", "created"), J ("b", "running"), REPLY_STARTED,
                                          REPLY_JOBS (ENTRY ("b", "running", "")),
                                          J ("b", "aborting"), J ("b", "concluded"),
                                          REPLY_JOBS (ENTRY ("b", "concluded", ", \"error\": \"No space left\"")),
                                          DISMISSED ("b")));
  QmpJob *job = start (desk);
  g_autoptr(GError) error = NULL;

  g_assert_false (wait_for (job, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_JOB);
  g_assert_cmpstr (error->message, ==, "No space left");
  assert_job (job, QMP_MACHINE_ERROR_JOB, FALSE);
  desk_free (desk);
}

/* All of its life is over before the command is answered. */
static void
test_ends_before_reply (void)
{
  Desk *desk = desk_new (test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("blockdev-backup"),
                                          J ("b", "created"), J ("b", "running"), J ("b", "aborting"),
                                          J ("b", "concluded"), PEER_EXPECT ("query-jobs"), REPLY_STARTED,
                                          PEER_REPLY ("[" ENTRY ("b", "concluded", ", \"error\": \"Bad size\"") "]"),
                                          DISMISSED ("b")));
  QmpJob *job = start (desk);
  g_autoptr(GError) error = NULL;

  g_assert_false (wait_for (job, &error));
  g_assert_cmpstr (error->message, ==, "Bad size");
  desk_free (desk);
}

/* The caller has its way: the job dismisses itself, and what the events have said is all there is. */
static void
test_dismisses_itself (void)
{
  Desk *desk = desk_new (test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("blockdev-backup"),
                                          J ("b", "created"), J ("b", "running"), J ("b", "aborting"),
                                          B_COMPLETED ("b", ", \"error\": \"No space left\""),
                                          PEER_SEND (J_TEXT ("b", "concluded") J_TEXT ("b", "null")), REPLY_STARTED));
  g_autoptr(GError) error = NULL;
  g_autofree char *sent = NULL;

  start_async (desk, "{\"execute\": \"blockdev-backup\", \"arguments\": {\"job-id\": \"b\", \"auto-dismiss\": true}}");
  test_spin_until (desk->returned);
  sent = test_peer_dup_text (desk->peer);
  g_assert_null (strstr (sent, "false"));
  g_assert_false (wait_for (desk->job, &error));
  g_assert_cmpstr (error->message, ==, "No space left");
  g_assert_cmpint (qmp_job_get_current (desk->job), ==, 40);
  g_assert_cmpint (qmp_job_get_total (desk->job), ==, 100);
  g_assert_cmpstr (qmp_job_get_job_type (desk->job), ==, "backup");
  g_assert_cmpuint (g_list_model_get_n_items (desk->list), ==, 0);
  desk_free (desk);
}

static void
test_refused (void)
{
  Desk *desk = desk_new (test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("blockdev-backup"),
                                          PEER_ERROR ("GenericError", "Job ID 'b' already in use")));

  start_async (desk, "{\"execute\": \"blockdev-backup\", \"arguments\": {\"device\": \"d\"}}");
  test_spin_until (desk->returned);
  g_assert_error (desk->error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&desk->error);
  desk->returned = FALSE;
  start_async (desk, BACKUP);
  test_spin_until (desk->returned);
  g_assert_error (desk->error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC);
  g_assert_null (desk->job);
  desk_free (desk);
}

/* Somebody else's has the ID: it is not taken for ours. */
static void
test_id_in_use (void)
{
  Desk *desk = desk_new (test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("blockdev-backup"),
                                          J ("b", "created"), J ("b", "running"),
                                          PEER_ERROR ("GenericError", "Job ID 'b' already in use"),
                                          REPLY_JOBS (ENTRY ("b", "running", "")), J ("b", "concluded"),
                                          REPLY_JOBS (ENTRY ("b", "concluded", ""))));
  g_autoptr(QmpJob) job = NULL;

  start_async (desk, BACKUP);
  test_spin_until (desk->returned);
  g_assert_error (desk->error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC);
  job = g_list_model_get_item (desk->list, 0);
  g_assert_nonnull (job);
  test_spin_until (qmp_job_get_finished (job));
  g_assert_no_error (qmp_job_get_error (job));
  g_assert_cmpuint (g_list_model_get_n_items (desk->list), ==, 1);
  release (desk, &job);
  desk_free (desk);
}

/* --- started by us, and not waited for --- */

static void
start_and_cancel (Desk *desk,
                  guint n_told,
                  guint n_jobs)
{
  g_autoptr(QmpMessage) command = test_message (BACKUP);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  qmp_jobs_start_async (desk->jobs, command, cancellable, g_task_new (NULL, NULL, started_cb, desk));
  test_spin_until (test_peer_get_told (desk->peer) == n_told && g_list_model_get_n_items (desk->list) == n_jobs);
  g_cancellable_cancel (cancellable);
  test_spin_until (desk->returned);
  g_assert_error (desk->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* There is a job then, and it is dismissed. */
static void
test_cancelled_seen (void)
{
  Desk *desk = desk_new (test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("blockdev-backup"),
                                          J ("b", "created"), PEER_EXPECT ("query-jobs"), REPLY_STARTED,
                                          PEER_REPLY ("[" ENTRY ("b", "running", "") "]"), J ("b", "concluded"),
                                          REPLY_JOBS (ENTRY ("b", "concluded", "")),
                                          PEER_EXPECT ("job-dismiss"), PEER_REPLY ("{}")));

  start_and_cancel (desk, 0, 1);
  test_spin_until (g_list_model_get_n_items (desk->list) == 0);
  desk_free (desk);
}

static void
test_cancelled_unseen (void)
{
  Desk *desk = desk_new (test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("blockdev-backup"), PEER_TELL,
                                          PEER_EXPECT ("query-jobs"), REPLY_STARTED,
                                          PEER_REPLY ("[" ENTRY ("b", "running", "") "]"), J ("b", "concluded"),
                                          REPLY_JOBS (ENTRY ("b", "concluded", "")),
                                          PEER_EXPECT ("job-dismiss"), PEER_REPLY ("{}"), PEER_TELL));

  start_and_cancel (desk, 1, 0);
  test_spin_until (test_peer_get_told (desk->peer) == 2 && g_list_model_get_n_items (desk->list) == 0);
  desk_free (desk);
}

/* The command was refused, and somebody else's job has the ID later: that is left to them. */
static void
test_cancelled_refused (void)
{
  Desk *desk = desk_new (test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("blockdev-backup"), PEER_TELL,
                                          PEER_EXPECT ("query-jobs"), PEER_ERROR ("GenericError", "no"),
                                          PEER_REPLY ("[]"), PEER_TELL, PEER_WAIT, J ("b", "created"),
                                          REPLY_JOBS (ENTRY ("b", "running", "")), J ("b", "concluded"),
                                          REPLY_JOBS (ENTRY ("b", "concluded", ""))));
  g_autoptr(QmpJob) job = NULL;

  start_and_cancel (desk, 1, 0);
  test_spin_until (test_peer_get_told (desk->peer) == 2 && qmp_client_get_n_pending (desk->client) == 0);
  test_peer_signal (desk->peer);
  test_spin_until (g_list_model_get_n_items (desk->list) == 1);
  job = g_list_model_get_item (desk->list, 0);
  test_spin_until (qmp_job_get_finished (job));
  g_assert_cmpuint (g_list_model_get_n_items (desk->list), ==, 1);
  release (desk, &job);
  desk_free (desk);
}

static void
test_two (void)
{
  Desk *desk = desk_new (test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("blockdev-backup"),
                                          J ("b", "created"), REPLY_STARTED, REPLY_JOBS (ENTRY ("b", "created", "")),
                                          PEER_EXPECT ("blockdev-backup"), J ("c", "created"), REPLY_STARTED,
                                          REPLY_JOBS (ENTRY ("b", "created", "") "," ENTRY ("c", "created", "")),
                                          B_CANCELLED ("c"), J ("c", "concluded"), J ("b", "concluded"),
                                          REPLY_JOBS (ENTRY ("b", "concluded", "") ","
                                                      ENTRY ("c", "concluded", ", \"error\": \"Operation canceled\"")),
                                          PEER_EXPECT ("job-dismiss"), PEER_REPLY ("{}"),
                                          PEER_EXPECT ("job-dismiss"), PEER_REPLY ("{}")));
  g_autoptr(QmpJob) first = g_object_ref (start (desk));
  g_autoptr(GError) error = NULL;

  g_clear_object (&desk->job);
  desk->returned = FALSE;
  start_async (desk, "{\"execute\": \"blockdev-backup\", \"arguments\": {\"job-id\": \"c\"}}");
  test_spin_until (desk->returned);
  g_assert_false (wait_for (desk->job, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_JOB_CANCELLED);
  assert_job (desk->job, QMP_MACHINE_ERROR_JOB_CANCELLED, TRUE);
  g_clear_error (&error);
  g_assert_true (wait_for (first, &error));
  g_assert_cmpuint (g_list_model_get_n_items (desk->list), ==, 0);
  release (desk, &first);
  desk_free (desk);
}

/* --- of others --- */

/* Listed and observed, not dismissed: whoever dismisses it takes it out of the list. */
static void
test_of_another (void)
{
  Desk *desk = desk_new (test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT, J ("b", "created"),
                                          REPLY_JOBS (ENTRY ("b", "running", "")), J ("b", "running"),
                                          J ("b", "concluded"), REPLY_JOBS (ENTRY ("b", "concluded", "")), PEER_TELL,
                                          PEER_WAIT, J ("b", "null"), PEER_EVENT ("END")));
  g_autoptr(TestLog) log = test_log_new (desk->client);
  g_autoptr(QmpJob) job = NULL;

  test_peer_signal (desk->peer);
  test_spin_until (g_list_model_get_n_items (desk->list) == 1);
  job = g_list_model_get_item (desk->list, 0);
  test_spin_until (qmp_job_get_finished (job));
  g_assert_no_error (qmp_job_get_error (job));
  g_assert_cmpstr (qmp_job_get_job_type (job), ==, "backup");
  g_assert_cmpuint (g_list_model_get_n_items (desk->list), ==, 1);
  test_peer_signal (desk->peer);
  test_spin_until (test_log_has (log, "END"));
  g_assert_cmpuint (g_list_model_get_n_items (desk->list), ==, 0);
  release (desk, &job);
  desk_free (desk);
}

static void
take_failed_cb (GListModel *list,
                guint       position,
                guint       removed,
                guint       added,
                QmpJob    **job)
{
  g_autoptr(QmpJob) last = added > 0 ? g_list_model_get_item (list, position) : NULL;

  if (last != NULL && g_str_equal (qmp_job_get_id (last), "b"))
    g_set_object (job, last);
}

/* The list shows it though it is gone, and why it has failed is known though that came before the answer was told. */
static void
test_quick_of_another (void)
{
  Desk *desk = desk_new (test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT, J ("a", "created"),
                                          PEER_EXPECT ("query-jobs"),
                                          PEER_SEND_FOR ("{\"return\": [" ENTRY ("a", "running", "") ", "
                                                         ENTRY ("b", "running", "") "], \"id\": @}\r\n"
                                                         B_COMPLETED_TEXT ("b", ", \"error\": \"No space left\"")
                                                         J_TEXT ("b", "concluded") J_TEXT ("b", "null"))));
  QmpJob *job = NULL;

  g_signal_connect (desk->list, "items-changed", G_CALLBACK (take_failed_cb), &job);
  test_peer_signal (desk->peer);
  test_spin_until (job != NULL && qmp_job_get_finished (job));
  assert_job (job, QMP_MACHINE_ERROR_JOB, FALSE);
  g_assert_cmpstr (qmp_job_get_error (job)->message, ==, "No space left");
  g_assert_cmpuint (g_list_model_get_n_items (desk->list), ==, 1);
  release (desk, &job);
  job = g_list_model_get_item (desk->list, 0);
  g_assert_cmpstr (qmp_job_get_id (job), ==, "a");
  release (desk, &job);
  desk_free (desk);
}

/* --- the end of a link --- */

/* QEMU cancels them before it goes. */
static void
test_quit (void)
{
  Desk *desk = desk_new (test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("blockdev-backup"),
                                          J ("b", "created"), REPLY_STARTED, REPLY_JOBS (ENTRY ("b", "created", "")),
                                          PEER_WAIT, J ("b", "aborting"), B_CANCELLED ("b"), J ("b", "concluded"),
                                          J ("b", "null"), PEER_CLOSE));
  QmpJob *job = start (desk);
  g_autoptr(TestLog) log = test_log_new (desk->client);
  g_autoptr(GError) error = NULL;

  test_peer_signal (desk->peer);
  g_assert_false (wait_for (job, &error));
  assert_job (job, QMP_MACHINE_ERROR_JOB_CANCELLED, TRUE);
  g_assert_cmpuint (test_log_count (log, "closed"), ==, 0);
  test_spin_until (qmp_client_get_runstate (desk->client) == QMP_RUNSTATE_IDLE);
  desk_free (desk);
}

/* Nobody says how it goes on. What is known of it over the next link decides. */
#define SHUTDOWN_TEXT PEER_EVENT_DATA_TEXT ("SHUTDOWN", "{\"guest\": true, \"reason\": \"guest-shutdown\"}")

static guint
count_queries (Desk *desk)
{
  g_autofree char *sent = test_peer_dup_text (desk->peer);
  guint n = 0;

  for (const char *at = sent; (at = strstr (at, "query-jobs")) != NULL; at++)
    n++;
  return n;
}

/* QEMU may hang if it is asked while it leaves; with -no-shutdown it stays, and is asked then. */
static void
test_leaving (void)
{
  Desk *desk = desk_new (test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("blockdev-backup"),
                                          J ("b", "created"), REPLY_STARTED, REPLY_JOBS (ENTRY ("b", "running", "")), PEER_WAIT,
                                          PEER_SEND (SHUTDOWN_TEXT J_TEXT ("b", "concluded") PEER_EVENT_TEXT ("END")),
                                          REPLY_JOBS (ENTRY ("b", "concluded", "")), DISMISSED ("b")));
  g_autoptr(TestLog) log = test_log_new (desk->client);
  QmpJob *job = start (desk);
  GError *error = NULL;

  test_peer_signal (desk->peer);
  test_spin_until (test_log_has (log, "END"));
  test_spin_ready ();
  g_assert_false (qmp_job_get_finished (job));
  g_assert_cmpuint (count_queries (desk), ==, 1);
  g_assert_true (qmp_io_context_hurry (desk->jobs->io));
  g_assert_true (wait_for (job, &error));
  g_assert_no_error (error);
  desk_free (desk);
}

/* Within a blocking call too. */
static void
test_leaving_blocking (gconstpointer resumes)
{
  Desk *desk = desk_new (test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("blockdev-backup"),
                                          J ("b", "created"), REPLY_STARTED, REPLY_JOBS (ENTRY ("b", "running", "")), PEER_WAIT,
                                          PEER_SEND (SHUTDOWN_TEXT J_TEXT ("b", "concluded")),
                                          PEER_SEND (resumes != NULL ? PEER_EVENT_TEXT ("RESUME") : PEER_EVENT_TEXT ("STOP")),
                                          REPLY_JOBS (ENTRY ("b", "concluded", "")), DISMISSED ("b")));
  QmpJob *job = start (desk);
  g_autoptr(GError) error = NULL;

  test_peer_signal (desk->peer);
  g_assert_true (qmp_job_wait (job, QMP_TIMEOUT_NONE, NULL, &error));
  g_assert_no_error (error);
  desk_free (desk);
}

static void
test_gap (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_ACCEPT, PEER_HANDSHAKE, PEER_WAIT,
                                    PEER_SEND (J_TEXT ("a", "created") J_TEXT ("b", "created") J_TEXT ("c", "created")),
                                    REPLY_JOBS (ENTRY ("a", "created", "") "," ENTRY ("b", "created", "") ","
                                                ENTRY ("c", "created", "")), PEER_WAIT, PEER_CLOSE,
                                    PEER_ACCEPT, PEER_HANDSHAKE,
                                    REPLY_JOBS (ENTRY ("a", "running", "") ","
                                                ENTRY ("b", "concluded", ", \"error\": \"No space left\"") ","
                                                ENTRY ("d", "running", "")));
  Desk *desk = desk_new (peer);
  g_autoptr(QmpJob) a = NULL;
  g_autoptr(QmpJob) b = NULL;
  g_autoptr(QmpJob) c = NULL;
  g_autoptr(QmpJob) d = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) reply = NULL;
  QmpJobsTicket ticket;

  test_peer_signal (peer);
  test_spin_until (g_list_model_get_n_items (desk->list) == 3);
  a = g_list_model_get_item (desk->list, 0);
  b = g_list_model_get_item (desk->list, 1);
  c = g_list_model_get_item (desk->list, 2);
  test_spin_until (qmp_job_get_job_type (c) != NULL);
  qmp_job_wait_async (c, QMP_TIMEOUT_NONE, NULL, test_result_cb, &result);
  test_peer_signal (peer);
  test_spin_until (qmp_client_get_runstate (desk->client) == QMP_RUNSTATE_IDLE);
  test_spin_ready ();
  g_assert_null (result);

  g_assert_true (test_open (desk->client, test_peer_get_address (peer), &error));
  ticket = qmp_jobs_ask (desk->jobs);
  reply = test_execute (desk->client, "query-jobs", &error);
  qmp_jobs_answer (desk->jobs, ticket, reply);
  test_spin_until (result != NULL);
  g_assert_false (qmp_job_wait_finish (c, result, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_LOST);
  g_assert_cmpint (qmp_job_get_status (a), ==, QMP_JOB_STATUS_RUNNING);
  g_assert_false (qmp_job_get_finished (a));
  assert_job (b, QMP_MACHINE_ERROR_JOB, FALSE);
  g_assert_cmpuint (g_list_model_get_n_items (desk->list), ==, 3);
  d = g_list_model_get_item (desk->list, 2);
  g_assert_cmpstr (qmp_job_get_id (d), ==, "d");

  qmp_jobs_lose (desk->jobs);
  test_spin_until (g_list_model_get_n_items (desk->list) == 0);
  assert_job (a, QMP_MACHINE_ERROR_LOST, FALSE);
  assert_job (b, QMP_MACHINE_ERROR_JOB, FALSE);
  release (desk, &a);
  release (desk, &b);
  release (desk, &c);
  release (desk, &d);
  desk_free (desk);
}

/* An answer that is older than what has been heard meanwhile: the job that it lists is gone, and its ID another's. */
static void
test_old_answer (void)
{
  Desk *desk = desk_new (test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT, J ("a", "created"),
                                          PEER_EXPECT ("query-jobs"),
                                          PEER_SEND_FOR ("{\"return\": [" ENTRY ("a", "running", "") "], \"id\": @}\r\n"
                                                         J_TEXT ("a", "null") J_TEXT ("x", "created")),
                                          REPLY_JOBS (ENTRY ("x", "running", ""))));
  g_autoptr(QmpJob) x = NULL;

  test_peer_signal (desk->peer);
  test_spin_until (strstr (desk->told->str, "-1+0") != NULL);
  test_spin_until (g_list_model_get_n_items (desk->list) == 1);
  x = g_list_model_get_item (desk->list, 0);
  g_assert_cmpstr (qmp_job_get_id (x), ==, "x");
  test_spin_until (qmp_job_get_job_type (x) != NULL);
  g_assert_false (qmp_job_get_finished (x));
  release (desk, &x);
  desk_free (desk);
}

/* --- waiting --- */

static void
test_wait_ends (void)
{
  Desk *desk = desk_new (test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("blockdev-backup"),
                                          J ("b", "created"), REPLY_STARTED, REPLY_JOBS (ENTRY ("b", "running", ""))));
  QmpJob *job = start (desk);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) cancelled = NULL;
  g_autoptr(GAsyncResult) late = NULL;
  g_autoptr(GError) error = NULL;

  qmp_job_wait_async (job, QMP_TIMEOUT_NONE, cancellable, test_result_cb, &cancelled);
  qmp_job_wait_async (job, 0, NULL, test_result_cb, &late);
  g_cancellable_cancel (cancellable);
  test_spin_until (cancelled != NULL && late != NULL);
  g_assert_false (qmp_job_wait_finish (job, cancelled, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_false (qmp_job_wait_finish (job, late, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  g_assert_false (qmp_job_wait (job, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  g_assert_false (qmp_job_wait (job, QMP_TIMEOUT_NONE, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (qmp_job_get_finished (job));
  desk_free (desk);
}

/* It can be waited for without anybody else that follows it. */
static void
test_wait_alone (void)
{
  Desk *desk = desk_new (test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("blockdev-backup"),
                                          J ("b", "created"), REPLY_STARTED, REPLY_JOBS (ENTRY ("b", "running", "")),
                                          PEER_WAIT, J ("b", "concluded"), REPLY_JOBS (ENTRY ("b", "concluded", "")),
                                          PEER_EXPECT ("job-dismiss"), PEER_REPLY ("{}")));
  QmpJob *job = start (desk);
  g_autoptr(GAsyncResult) result = NULL;
  GError *error = NULL;

  qmp_job_wait_async (job, QMP_TIMEOUT_NONE, NULL, test_result_cb, &result);
  qmp_jobs_unref (desk->jobs);
  test_peer_signal (desk->peer);
  test_spin_until (result != NULL);
  g_assert_true (qmp_job_wait_finish (job, result, &error));
  g_assert_no_error (error);
  g_clear_object (&result);
  g_signal_handlers_disconnect_by_data (job, desk);
  g_assert_finalize_object (g_steal_pointer (&desk->job));
  test_peer_close (desk->peer, desk->client);
  g_string_free (desk->told, TRUE);
  g_free (desk);
}

/* But not for ever: nobody opens another link for it. */
static void
test_wait_left (gconstpointer before)
{
  Desk *desk = desk_new (test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("blockdev-backup"),
                                          J ("b", "created"), REPLY_STARTED, REPLY_JOBS (ENTRY ("b", "running", "")),
                                          PEER_WAIT, PEER_CLOSE));
  QmpJob *job = start (desk);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  qmp_job_wait_async (job, QMP_TIMEOUT_NONE, NULL, test_result_cb, &result);
  if (before != NULL)
    qmp_jobs_leave (desk->jobs);
  test_peer_signal (desk->peer);
  test_spin_until (qmp_client_get_runstate (desk->client) == QMP_RUNSTATE_IDLE);
  if (before == NULL)
    qmp_jobs_leave (desk->jobs);
  test_spin_until (result != NULL);
  g_assert_false (qmp_job_wait_finish (job, result, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_LOST);
  g_clear_object (&result);
  g_signal_handlers_disconnect_by_data (job, desk);
  g_assert_finalize_object (g_steal_pointer (&desk->job));
  test_peer_close (desk->peer, desk->client);
  g_string_free (desk->told, TRUE);
  g_free (desk);
}

/* And who does not wait keeps what there was. */
static void
test_nobody_follows (void)
{
  Desk *desk = desk_new (test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("blockdev-backup"),
                                          J ("b", "created"), REPLY_STARTED, REPLY_JOBS (ENTRY ("b", "running", ""))));
  g_autoptr(QmpJob) job = g_object_ref (start (desk));
  g_autoptr(GError) error = NULL;

  desk_free (desk);
  assert_job (job, QMP_MACHINE_ERROR_LOST, FALSE);
  g_assert_false (qmp_job_wait (job, QMP_TIMEOUT_NONE, NULL, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_LOST);
  g_clear_error (&error);
  g_assert_false (qmp_job_pause (job, NULL, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_ENDED);
  g_clear_error (&error);
  g_assert_true (qmp_job_dismiss (job, NULL, &error));
}

/* Nothing is told meanwhile, and all of it afterwards. */
static void
test_blocking (void)
{
  Desk *desk = desk_new (test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("blockdev-backup"),
                                          J ("b", "created"), REPLY_STARTED, REPLY_JOBS (ENTRY ("b", "running", "")),
                                          J ("b", "aborting"), J ("b", "concluded"),
                                          REPLY_JOBS (ENTRY ("b", "concluded", ", \"error\": \"No space left\"")),
                                          DISMISSED ("b"),
                                          PEER_EXPECT ("blockdev-backup"),
                                          J ("b", "created"), REPLY_STARTED, REPLY_JOBS (ENTRY ("b", "running", "")),
                                          PEER_CLOSE));
  g_autoptr(QmpMessage) command = test_message (BACKUP);
  g_autoptr(QmpJob) job = NULL;
  g_autoptr(QmpJob) second = NULL;
  g_autoptr(GError) error = NULL;

  job = qmp_jobs_start (desk->jobs, command, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (qmp_job_get_job_type (job), ==, "backup");
  g_assert_false (qmp_job_wait (job, QMP_TIMEOUT_NONE, NULL, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_JOB);
  g_assert_cmpstr (error->message, ==, "No space left");
  g_clear_error (&error);
  g_assert_cmpstr (desk->told->str, ==, "");

  second = qmp_jobs_start (desk->jobs, command, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (second != job);
  g_assert_false (qmp_job_wait (second, QMP_TIMEOUT_NONE, NULL, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_LOST);
  test_spin_until (g_list_model_get_n_items (desk->list) == 1);
  release (desk, &second);
  desk_free (desk);
}

/* One that a program makes by itself. */
static void
test_bare (void)
{
  g_autoptr(QmpJob) job = g_object_new (QMP_TYPE_JOB, NULL);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_true (qmp_job_wait (job, QMP_TIMEOUT_NONE, NULL, &error));
  qmp_job_wait_async (job, QMP_TIMEOUT_NONE, NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_false (qmp_job_cancel (job, NULL, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_ENDED);
  g_assert_cmpstr (qmp_job_get_id (job), ==, "");
}

/* --- ready --- */

static void
test_complete (void)
{
  Desk *desk = desk_new (test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("blockdev-backup"),
                                          J ("b", "created"), REPLY_STARTED, REPLY_JOBS (ENTRY ("b", "running", "")),
                                          PEER_WAIT, J ("b", "ready"), PEER_EXPECT ("job-complete"), PEER_REPLY ("{}"),
                                          PEER_EXPECT ("job-pause"), PEER_ERROR ("GenericError", "Job is already paused"),
                                          J ("b", "concluded"),
                                          REPLY_JOBS (ENTRY ("b", "concluded", "")), PEER_EXPECT ("job-dismiss"),
                                          PEER_REPLY ("{}")));
  QmpJob *job = start (desk);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GAsyncResult) paused = NULL;
  g_autoptr(GAsyncResult) late = NULL;
  g_autoptr(GError) error = NULL;

  qmp_job_complete_async (job, NULL, test_result_cb, &result);
  test_peer_signal (desk->peer);
  test_spin_until (result != NULL);
  g_assert_true (qmp_job_complete_finish (job, result, &error));
  g_assert_true (qmp_job_get_ready (job));
  qmp_job_pause_async (job, NULL, test_result_cb, &paused);
  test_spin_until (paused != NULL);
  g_assert_false (qmp_job_pause_finish (job, paused, &error));
  g_assert_cmpstr (error->message, ==, "Job is already paused");
  g_clear_error (&error);
  g_assert_true (wait_for (job, &error));
  qmp_job_complete_async (job, NULL, test_result_cb, &late);
  test_spin_until (late != NULL);
  g_assert_false (qmp_job_complete_finish (job, late, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_FAILED);
  desk_free (desk);
}

/* --- progress --- */

static void
test_progress (void)
{
  Desk *desk = desk_new (test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("blockdev-backup"),
                                          J ("b", "created"), J ("b", "running"), REPLY_STARTED,
                                          REPLY_JOBS (ENTRY ("b", "running", "")),
                                          PEER_EXPECT ("query-jobs"),
                                          PEER_REPLY ("[{\"id\": \"b\", \"type\": \"backup\", \"status\": \"running\", "
                                                      "\"current-progress\": 30, \"total-progress\": 20}]"),
                                          J ("b", "paused"), PEER_EVENT ("END")));
  g_autoptr(TestLog) log = test_log_new (desk->client);
  QmpJob *job = start (desk);
  g_autoptr(QmpIoContext) io = qmp_io_context_get (g_main_context_default ());

  g_assert_cmpfloat (qmp_job_get_fraction (job), ==, 0.25);
  g_assert_false (qmp_io_timer_is_set (&desk->jobs->tick));
  qmp_jobs_set_interval (desk->jobs, 3600 * 1000);
  test_spin_until (qmp_io_timer_is_set (&desk->jobs->tick));
  g_assert_true (qmp_io_context_hurry (io));
  test_spin_until (test_log_has (log, "END"));
  g_assert_cmpfloat (qmp_job_get_fraction (job), ==, 1);
  g_assert_cmpint (qmp_job_get_current (job), ==, 30);
  /* only while one runs */
  g_assert_false (qmp_io_timer_is_set (&desk->jobs->tick));
  desk_free (desk);
}

/* --- absurd --- */

static void
test_absurd (void)
{
  Desk *desk = desk_new (test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT,
                                          PEER_EVENT ("JOB_STATUS_CHANGE"),
                                          PEER_EVENT_DATA ("JOB_STATUS_CHANGE", "{\"id\": 3, \"status\": {}}"),
                                          PEER_EVENT_DATA ("BLOCK_JOB_COMPLETED", "{\"device\": \"nobody's\"}"),
                                          J ("x", "null"), J ("", "dreaming"),
                                          PEER_EXPECT ("query-jobs"), PEER_REPLY ("[3, {}, {\"id\": \"\", \"status\": \"dreaming\"}, "
                                                                        "{\"id\": \"y\", \"status\": 4}]"),
                                          J ("", "concluded"), PEER_EXPECT ("query-jobs"),
                                          PEER_ERROR ("CommandNotFound", "What?"), PEER_EVENT ("END")));
  g_autoptr(TestLog) log = test_log_new (desk->client);
  g_autoptr(QmpJob) job = NULL;

  test_peer_signal (desk->peer);
  test_spin_until (g_list_model_get_n_items (desk->list) == 1);
  job = g_list_model_get_item (desk->list, 0);
  test_spin_until (qmp_job_get_finished (job));
  test_spin_until (test_log_has (log, "END"));
  g_assert_null (strstr (desk->told->str, "ready"));
  g_assert_nonnull (strstr (desk->told->str, ":dreaming"));
  g_assert_cmpuint (g_list_model_get_n_items (desk->list), ==, 0);
  release (desk, &job);
  desk_free (desk);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/jobs/success", test_success);
  g_test_add_func ("/jobs/failure", test_failure);
  g_test_add_func ("/jobs/ends-before-reply", test_ends_before_reply);
  g_test_add_func ("/jobs/dismisses-itself", test_dismisses_itself);
  g_test_add_func ("/jobs/refused", test_refused);
  g_test_add_func ("/jobs/id-in-use", test_id_in_use);
  g_test_add_func ("/jobs/cancelled/seen", test_cancelled_seen);
  g_test_add_func ("/jobs/cancelled/unseen", test_cancelled_unseen);
  g_test_add_func ("/jobs/cancelled/refused", test_cancelled_refused);
  g_test_add_func ("/jobs/two", test_two);
  g_test_add_func ("/jobs/of-another", test_of_another);
  g_test_add_func ("/jobs/of-another/quick", test_quick_of_another);
  g_test_add_func ("/jobs/quit", test_quit);
  g_test_add_func ("/jobs/leaving", test_leaving);
  g_test_add_data_func ("/jobs/leaving/blocking", NULL, test_leaving_blocking);
  g_test_add_data_func ("/jobs/leaving/blocking/resumes", "", test_leaving_blocking);
  g_test_add_func ("/jobs/gap", test_gap);
  g_test_add_func ("/jobs/old-answer", test_old_answer);
  g_test_add_func ("/jobs/wait-ends", test_wait_ends);
  g_test_add_func ("/jobs/wait-alone", test_wait_alone);
  g_test_add_data_func ("/jobs/wait-left/before", "before", test_wait_left);
  g_test_add_data_func ("/jobs/wait-left/after", NULL, test_wait_left);
  g_test_add_func ("/jobs/nobody-follows", test_nobody_follows);
  g_test_add_func ("/jobs/blocking", test_blocking);
  g_test_add_func ("/jobs/bare", test_bare);
  g_test_add_func ("/jobs/complete", test_complete);
  g_test_add_func ("/jobs/progress", test_progress);
  g_test_add_func ("/jobs/absurd", test_absurd);
  return g_test_run ();
}
