/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>

#include "once.h"
#include "tool-print.h"

static gboolean until_ready;
static gboolean dismisses;
static char *call_line;

/* --- list --- */

/* Whose progress is in bytes: the block jobs. */
static gboolean
is_in_bytes (QmpJob *job)
{
  static const char * const types[] = { "backup", "commit", "mirror", "stream", NULL };
  const char *type = qmp_job_get_job_type (job);

  return type != NULL && g_strv_contains (types, type);
}

static char *
format_progress (QmpJob *job)
{
  if (is_in_bytes (job))
    return once_format_amount (qmp_job_get_current (job), qmp_job_get_total (job));
  return g_strdup_printf ("%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT, qmp_job_get_current (job), qmp_job_get_total (job));
}

static const char *
or_nothing (const char *text)
{
  return text != NULL ? text : "";
}

/* Why it has failed; NULL if it has not. */
static const char *
get_failure (QmpJob *job)
{
  if (qmp_job_get_cancelled (job))
    return _("it was cancelled");
  return qmp_job_get_error (job) != NULL ? qmp_job_get_error (job)->message : NULL;
}

static void
add_job (OnceTable *table,
         QmpJob    *job)
{
  g_autofree char *progress = format_progress (job);
  const char *cells[] = { qmp_job_get_id (job), qmp_job_get_job_type (job), qmp_job_get_status_name (job), progress,
                          get_failure (job) };

  once_table_add (table, cells);
}

static void
print_jobs (Once       *once,
            GListModel *jobs)
{
  const char *header[] = { _("ID"), _("TYPE"), _("STATUS"), _("PROGRESS"), _("ERROR"), NULL };
  g_autoptr(OnceTable) table = once_table_new (header);

  for (guint i = 0; i < g_list_model_get_n_items (jobs); i++)
    {
      g_autoptr(QmpJob) job = g_list_model_get_item (jobs, i);

      add_job (table, job);
    }
  once_table_print (table, once);
}

static gboolean
run_list (Once                *once,
          const char * const  *words,
          GError             **error)
{
  if (once->json)
    return once_open (once, error) &&
           once_execute_and_print (once, qmp_message_new_command ("query-jobs", NULL, error), error);
  if (!once_open_machine (once, error))
    return FALSE;
  print_jobs (once, qmp_machine_get_jobs (once->machine));
  return TRUE;
}

/* --- wait --- */

typedef struct {
  const char *id;
  QmpJob     *job;      /* nullable, owned: not seen yet */
  gboolean    hinted;   /* it was said that it waits for somebody */
} Watch;

/* The command that it waits for; NULL if it goes on by itself. */
static const char *
find_wanted (QmpJob *job)
{
  if (qmp_job_get_finished (job))
    return NULL;
  if (qmp_job_get_status (job) == QMP_JOB_STATUS_PENDING)
    return "job-finalize";
  return qmp_job_get_status (job) == QMP_JOB_STATUS_READY ? "job-complete" : NULL;
}

static gboolean
is_over (Watch *watch)
{
  return qmp_job_get_finished (watch->job) || (until_ready && find_wanted (watch->job) != NULL);
}

/* It may wait for ever otherwise, without a word. */
static void
hint (Watch *watch)
{
  const char *wanted = find_wanted (watch->job);
  g_autofree char *id = NULL;

  if (watch->hinted || wanted == NULL)
    return;
  watch->hinted = TRUE;
  id = tool_print_harmless_line (watch->id);
  once_end_progress ();
  g_printerr (_("qmp: The job “%s” is %s, and waits for “%s id=%s”\n"), id, qmp_job_get_status_name (watch->job), wanted, id);
}

static gboolean
look (gpointer data)
{
  Watch *watch = data;
  QmpJob *job = watch->job;
  const OnceProgress progress = {
    watch->id, or_nothing (qmp_job_get_status_name (job)), qmp_job_get_current (job), qmp_job_get_total (job), is_in_bytes (job)
  };

  if (is_over (watch))
    return TRUE;
  hint (watch);
  once_show_progress (&progress);
  return FALSE;
}

/* The last of that name: with --call it is another one than there was before. */
static void
jobs_cb (GListModel *jobs,
         guint       position,
         guint       n_removed,
         guint       n_added,
         Watch      *watch)
{
  for (guint i = position; i < position + n_added; i++)
    {
      g_autoptr(QmpJob) job = g_list_model_get_item (jobs, i);

      if (g_str_equal (qmp_job_get_id (job), watch->id))
        g_set_object (&watch->job, job);
    }
}

/* Before anything is sent. */
static gboolean
check_call (Once    *once,
            GError **error)
{
  g_autoptr(QmpMessage) checked = call_line != NULL ? once_check_line (once, call_line, error) : NULL;

  return call_line == NULL || checked != NULL;
}

/* Executes what --call says. */
static gboolean
start (Once    *once,
       GError **error)
{
  g_autoptr(JsonNode) value = NULL;

  if (call_line == NULL)
    return TRUE;
  value = once_execute (once, once_parse_line (once, call_line, error), error);
  /* What has come meanwhile is told. */
  while (value != NULL && g_main_context_iteration (NULL, FALSE))
    ;
  return value != NULL;
}

static gboolean
fail_by_absence (Watch   *watch,
                 GError **error)
{
  return once_fail (error, ONCE_STATUS_FAILED,
                    _("There is no job “%s”; one that has ended may be gone, and --call waits from its beginning"), watch->id);
}

/* Returns FALSE with error set when it has failed, or it is not known whether it has. */
static gboolean
judge (Watch    *watch,
       GError  **error)
{
  const GError *why = qmp_job_get_error (watch->job);

  if (why == NULL)
    return TRUE;
  if (!g_error_matches (why, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_LOST))
    return once_fail (error, ONCE_STATUS_FAILED, _("The job “%s” has failed: %s"), watch->id, get_failure (watch->job));
  g_propagate_error (error, g_error_copy (why));
  return FALSE;
}

static gboolean
dismiss (Once    *once,
         QmpJob  *job,
         GError **error)
{
  if (!dismisses || qmp_job_get_status (job) != QMP_JOB_STATUS_CONCLUDED)
    return TRUE;
  once_set_timeout (once);
  return qmp_job_dismiss (job, NULL, error);
}

static gboolean
wait_for_job (Once    *once,
              Watch   *watch,
              GError **error)
{
  gboolean followed;

  if (!start (once, error))
    return FALSE;
  if (watch->job == NULL)
    return fail_by_absence (watch, error);
  followed = once_follow (once, look, watch, error);
  once_end_progress ();
  return followed && dismiss (once, watch->job, error) && judge (watch, error);
}

static gboolean
run_wait (Once                *once,
          const char * const  *words,
          GError             **error)
{
  Watch watch = { words[0] };
  GListModel *jobs;
  gboolean done;

  if (!check_call (once, error) || !once_open_machine (once, error))
    return FALSE;
  jobs = qmp_machine_get_jobs (once->machine);
  jobs_cb (jobs, 0, 0, g_list_model_get_n_items (jobs), &watch);
  g_signal_connect (jobs, "items-changed", G_CALLBACK (jobs_cb), &watch);
  done = wait_for_job (once, &watch, error);
  g_signal_handlers_disconnect_by_data (jobs, &watch);
  g_clear_object (&watch.job);
  return done;
}

/* --- verbs --- */

typedef void     (*StartFunc)  (QmpJob               *job,
                                GCancellable         *cancellable,
                                GAsyncReadyCallback   callback,
                                gpointer              user_data);
typedef gboolean (*FinishFunc) (QmpJob               *job,
                                GAsyncResult         *result,
                                GError              **error);

/* Transfer full; NULL with error set if there is none. */
static QmpJob *
find_job (Once        *once,
          const char  *id,
          GError     **error)
{
  GListModel *jobs = qmp_machine_get_jobs (once->machine);

  for (guint i = 0; i < g_list_model_get_n_items (jobs); i++)
    {
      g_autoptr(QmpJob) job = g_list_model_get_item (jobs, i);

      if (g_str_equal (qmp_job_get_id (job), id))
        return g_steal_pointer (&job);
    }
  once_fail (error, ONCE_STATUS_FAILED, _("There is no job “%s”"), id);
  return NULL;
}

static gboolean
act (Once        *once,
     const char  *id,
     StartFunc    start_verb,
     FinishFunc   finish,
     GError     **error)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(QmpJob) job = NULL;

  if (!once_open_machine (once, error))
    return FALSE;
  job = find_job (once, id, error);
  if (job == NULL)
    return FALSE;
  start_verb (job, cancellable, once_take_result, &result);
  return once_await_result (once, &result, cancellable, error) && finish (job, result, error);
}

static gboolean
run_pause (Once                *once,
           const char * const  *words,
           GError             **error)
{
  return act (once, words[0], qmp_job_pause_async, qmp_job_pause_finish, error);
}

static gboolean
run_resume (Once                *once,
            const char * const  *words,
            GError             **error)
{
  return act (once, words[0], qmp_job_resume_async, qmp_job_resume_finish, error);
}

static gboolean
run_complete (Once                *once,
              const char * const  *words,
              GError             **error)
{
  return act (once, words[0], qmp_job_complete_async, qmp_job_complete_finish, error);
}

static gboolean
run_cancel (Once                *once,
            const char * const  *words,
            GError             **error)
{
  return act (once, words[0], qmp_job_cancel_async, qmp_job_cancel_finish, error);
}

static gboolean
run_dismiss (Once                *once,
             const char * const  *words,
             GError             **error)
{
  return act (once, words[0], qmp_job_dismiss_async, qmp_job_dismiss_finish, error);
}

/* --- */

const OnceVerb once_job_list = {
  .words = "job list",
  .parameters = "",
  .summary = N_("List the jobs: their name, type, status, progress and error"),
  .pages = TRUE,
  .run = run_list,
};

static const GOptionEntry wait_entries[] = {
  { "call", 'c', 0, G_OPTION_ARG_STRING, &call_line,
    N_("Execute that first, which starts the job: it is not missed then, however quick it is"),
    N_("'COMMAND KEY=VALUE…'") },
  { "ready", 0, 0, G_OPTION_ARG_NONE, &until_ready,
    N_("Wait only until the job is ready to be completed, or pending to be finalized"), NULL },
  { "dismiss", 0, 0, G_OPTION_ARG_NONE, &dismisses, N_("Let the server forget the job when it has ended"), NULL },
  G_OPTION_ENTRY_NULL
};

const OnceVerb once_job_wait = {
  .words = "job wait",
  .parameters = N_("ID"),
  .summary = N_("Wait for the end of a job, with its progress"),
  .entries = wait_entries,
  .min_words = 1,
  .max_words = 1,
  .prints_no_json = TRUE,
  .run = run_wait,
};

const OnceVerb once_job_pause = {
  .words = "job pause",
  .parameters = N_("ID"),
  .summary = N_("Pause a job"),
  .min_words = 1,
  .max_words = 1,
  .prints_no_json = TRUE,
  .run = run_pause,
};

const OnceVerb once_job_resume = {
  .words = "job resume",
  .parameters = N_("ID"),
  .summary = N_("Let a job go on"),
  .min_words = 1,
  .max_words = 1,
  .prints_no_json = TRUE,
  .run = run_resume,
};

const OnceVerb once_job_complete = {
  .words = "job complete",
  .parameters = N_("ID"),
  .summary = N_("Let a job that is ready, or pending, come to its end"),
  .min_words = 1,
  .max_words = 1,
  .prints_no_json = TRUE,
  .run = run_complete,
};

const OnceVerb once_job_cancel = {
  .words = "job cancel",
  .parameters = N_("ID"),
  .summary = N_("Cancel a job"),
  .min_words = 1,
  .max_words = 1,
  .prints_no_json = TRUE,
  .run = run_cancel,
};

const OnceVerb once_job_dismiss = {
  .words = "job dismiss",
  .parameters = N_("ID"),
  .summary = N_("Let the server forget a job that has ended"),
  .min_words = 1,
  .max_words = 1,
  .prints_no_json = TRUE,
  .run = run_dismiss,
};
