/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>

#include "once.h"
#include "tool-json.h"
#include "tool-print.h"

/* How often progress is looked at, in milliseconds. */
#define TICK 250

static gboolean until_ready;
static gboolean dismisses;
static char *call_line;

/* Waits for an event, or until it is time to look. NULL without an error when nothing has come. */
static QmpEvent *
next_event (Once              *once,
            QmpEventListener  *listener,
            int                tick,
            GError           **error)
{
  GError *local_error = NULL;
  QmpEvent *event = qmp_event_listener_next (listener, once_remaining (once, tick), NULL, &local_error);

  if (event != NULL)
    return event;
  if (!g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    {
      g_propagate_error (error, local_error);
      return NULL;
    }
  g_clear_error (&local_error);
  if (once_is_late (once))
    once_fail (error, ONCE_STATUS_TIMEOUT, _("It has not ended in time"));
  return NULL;
}

/* --- list --- */

/* Whose progress is in bytes: the block jobs. */
static gboolean
is_in_bytes (JsonNode *job)
{
  static const char * const types[] = { "backup", "commit", "mirror", "stream", NULL };

  return g_strv_contains (types, tool_json_get_string (job, "type"));
}

static char *
format_progress (JsonNode *job)
{
  gint64 current = tool_json_get_int (job, "current-progress"), total = tool_json_get_int (job, "total-progress");

  if (is_in_bytes (job))
    return once_format_amount (current, total);
  return g_strdup_printf ("%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT, current, total);
}

enum { COLUMN_ID, COLUMN_TYPE, COLUMN_STATUS, COLUMN_PROGRESS, COLUMN_ERROR, N_COLUMNS };

/* Transfer full; what a server has put into it makes no other line. */
static char **
new_row (JsonNode *job)
{
  g_autofree char *progress = format_progress (job);
  const char *cells[N_COLUMNS] = {
    [COLUMN_ID] = tool_json_get_string (job, "id"), [COLUMN_TYPE] = tool_json_get_string (job, "type"),
    [COLUMN_STATUS] = tool_json_get_string (job, "status"), [COLUMN_PROGRESS] = progress,
    [COLUMN_ERROR] = tool_json_get_string (job, "error"),
  };
  char **row = g_new0 (char *, N_COLUMNS + 1);

  for (guint i = 0; i < N_COLUMNS; i++)
    row[i] = tool_print_harmless_line (cells[i]);
  return row;
}

static char **
new_header (void)
{
  char **row = g_new0 (char *, N_COLUMNS + 1);

  row[COLUMN_ID] = g_strdup (_("ID"));
  row[COLUMN_TYPE] = g_strdup (_("TYPE"));
  row[COLUMN_STATUS] = g_strdup (_("STATUS"));
  row[COLUMN_PROGRESS] = g_strdup (_("PROGRESS"));
  row[COLUMN_ERROR] = g_strdup (_("ERROR"));
  return row;
}

static void
print_row (Once        *once,
           char       **row,
           const guint *widths)
{
  g_autoptr(GString) line = g_string_new (NULL);

  for (guint i = 0; i < N_COLUMNS; i++)
    g_string_append_printf (line, "%s%*s", row[i], (int) (widths[i] + 2 - once_width (row[i])), "");
  once_print_line (once, "%s", g_strchomp (line->str));
}

static void
print_table (Once     *once,
             JsonNode *jobs)
{
  g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  guint widths[N_COLUMNS] = { 0 };

  if (tool_json_get_length (jobs) == 0)
    return;
  g_ptr_array_add (rows, new_header ());
  for (guint i = 0; i < tool_json_get_length (jobs); i++)
    g_ptr_array_add (rows, new_row (tool_json_get_element (jobs, i)));
  for (guint i = 0; i < rows->len; i++)
    for (guint j = 0; j < N_COLUMNS; j++)
      widths[j] = MAX (widths[j], once_width (((char **) rows->pdata[i])[j]));
  for (guint i = 0; i < rows->len; i++)
    print_row (once, rows->pdata[i], widths);
}

static QmpMessage *
new_query (GError **error)
{
  return qmp_message_new_command ("query-jobs", NULL, error);
}

static gboolean
run_list (Once                *once,
          const char * const  *words,
          GError             **error)
{
  g_autoptr(JsonNode) jobs = NULL;

  if (!once_open (once, error))
    return FALSE;
  if (once->json)
    return once_execute_and_print (once, new_query (error), error);
  jobs = once_execute (once, new_query (error), error);
  if (jobs == NULL)
    return FALSE;
  print_table (once, jobs);
  return TRUE;
}

/* --- wait --- */

typedef struct {
  Once       *once;
  const char *id;
  gboolean    seen;      /* in the list, at least once */
  gboolean    present;   /* in the list, when it was looked at last */
  gboolean    done;
  gboolean    hinted;    /* it was said that it waits for somebody */
  char       *failure;   /* nullable */
} Watch;

static JsonNode *
find_job (JsonNode   *jobs,
          const char *id)
{
  for (guint i = 0; i < tool_json_get_length (jobs); i++)
    if (g_str_equal (tool_json_get_string (tool_json_get_element (jobs, i), "id"), id))
      return tool_json_get_element (jobs, i);
  return NULL;
}

static gboolean
is_end (const char *status)
{
  if (until_ready && (g_str_equal (status, "ready") || g_str_equal (status, "pending")))
    return TRUE;
  return g_str_equal (status, "concluded") || g_str_equal (status, "null");
}

static void
take_failure (Watch      *watch,
              const char *text)
{
  if (watch->failure == NULL && *text != '\0')
    watch->failure = g_strdup (text);
}

/* The command that a job in that status waits for; NULL if it goes on by itself. */
static const char *
find_wanted (const char *status)
{
  if (g_str_equal (status, "pending"))
    return "job-finalize";
  return g_str_equal (status, "ready") ? "job-complete" : NULL;
}

/* It may wait for ever otherwise, without a word. */
static void
hint (Watch      *watch,
      const char *status)
{
  const char *wanted = find_wanted (status);
  g_autofree char *id = NULL;

  if (watch->done || watch->hinted || wanted == NULL)
    return;
  watch->hinted = TRUE;
  id = tool_print_harmless_line (watch->id);
  once_end_progress ();
  g_printerr (_("qmp: The job “%s” is %s, and waits for “%s id=%s”\n"), id, status, wanted, id);
}

static void
take_job (Watch    *watch,
          JsonNode *job)
{
  const char *status = tool_json_get_string (job, "status");
  const OnceProgress progress = {
    watch->id, status, tool_json_get_int (job, "current-progress"), tool_json_get_int (job, "total-progress"),
    is_in_bytes (job)
  };

  watch->seen = TRUE;
  take_failure (watch, tool_json_get_string (job, "error"));
  watch->done = is_end (status);
  hint (watch, status);
  once_show_progress (&progress);
}

static gboolean
look (Watch    *watch,
      GError  **error)
{
  g_autoptr(JsonNode) jobs = once_execute (watch->once, new_query (error), error);
  JsonNode *job = find_job (jobs, watch->id);

  if (jobs == NULL)
    return FALSE;
  watch->present = job != NULL;
  if (job != NULL)
    take_job (watch, job);
  else if (!watch->seen && call_line == NULL)
    return once_fail (error, ONCE_STATUS_FAILED,
                      _("There is no job “%s”; one that has ended may be gone, and --call waits from its beginning"),
                      watch->id);
  else
    watch->done = TRUE;
  return TRUE;
}

/* A job that dismisses itself is gone when it is looked for: the events of block jobs say why it ended. */
static gboolean
take_event (Watch     *watch,
            QmpEvent  *event,
            GError   **error)
{
  JsonNode *data = qmp_event_get_data (event);

  if (g_str_equal (qmp_event_get_name (event), "BLOCK_JOB_CANCELLED"))
    take_failure (watch, _("it was cancelled"));
  else if (g_str_equal (qmp_event_get_name (event), "BLOCK_JOB_COMPLETED"))
    take_failure (watch, tool_json_get_string (data, "error"));
  else if (find_wanted (tool_json_get_string (data, "status")) != NULL || is_end (tool_json_get_string (data, "status")))
    return look (watch, error);
  return TRUE;
}

static QmpEventListener *
new_job_listener (const char *id)
{
  const char * const names[] = { "JOB_STATUS_CHANGE", "BLOCK_JOB_COMPLETED", "BLOCK_JOB_CANCELLED", NULL };
  g_autoptr(QmpEventMatch) match = qmp_event_match_new (names);

  qmp_event_match_add_string_member (match, "JOB_STATUS_CHANGE", "id", id);
  qmp_event_match_add_string_member (match, "BLOCK_JOB_COMPLETED", "device", id);
  qmp_event_match_add_string_member (match, "BLOCK_JOB_CANCELLED", "device", id);
  return qmp_event_listener_new_for_match (match);
}

/* What has come before the reply says why a job is gone. */
static gboolean
take_rest (Watch             *watch,
           QmpEventListener  *listener,
           GError           **error)
{
  while (watch->done && !qmp_event_listener_is_empty (listener))
    {
      g_autoptr(QmpEvent) event = qmp_event_listener_try_next (listener);

      if (!g_str_equal (qmp_event_get_name (event), "JOB_STATUS_CHANGE") && !take_event (watch, event, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
follow (Watch             *watch,
        QmpEventListener  *listener,
        GError           **error)
{
  int tick = once_shows_progress () ? TICK : -1;

  if (!look (watch, error) || !take_rest (watch, listener, error))
    return FALSE;
  while (!watch->done)
    {
      GError *local_error = NULL;
      g_autoptr(QmpEvent) event = next_event (watch->once, listener, tick, &local_error);

      if (local_error != NULL)
        {
          g_propagate_error (error, local_error);
          return FALSE;
        }
      if (!(event != NULL ? take_event (watch, event, error) : look (watch, error)))
        return FALSE;
    }
  return take_rest (watch, listener, error);
}

static gboolean
dismiss (Watch    *watch,
         GError  **error)
{
  g_autoptr(JsonNode) value = NULL;

  if (!dismisses || !watch->present)
    return TRUE;
  value = once_execute (watch->once, qmp_message_new_parsed ("job-dismiss", error, "{'id': %s}", watch->id), error);
  return value != NULL;
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
  return value != NULL;
}

static gboolean
run_wait (Once                *once,
          const char * const  *words,
          GError             **error)
{
  g_autoptr(QmpEventListener) listener = new_job_listener (words[0]);
  g_autofree char *failure = NULL;
  Watch watch = { once, words[0] };
  gboolean followed;

  if (!check_call (once, error) || !once_open (once, error))
    return FALSE;
  qmp_client_add_listener (once->client, listener);
  followed = start (once, error) && follow (&watch, listener, error);
  once_end_progress ();
  failure = watch.failure;
  if (!followed || !dismiss (&watch, error))
    return FALSE;
  return failure == NULL || once_fail (error, ONCE_STATUS_FAILED, _("The job “%s” has failed: %s"), words[0], failure);
}

/* --- migration --- */

static gboolean
is_any (const char         *status,
        const char * const *statuses)
{
  return g_strv_contains (statuses, status);
}

/* Returns FALSE with error set when it has failed; done is set when it is complete. */
static gboolean
judge_migration (JsonNode  *migration,
                 gboolean  *done,
                 GError   **error)
{
  static const char * const failures[] = { "failed", "cancelled", NULL };
  const char *status = tool_json_get_string (migration, "status");
  const char *text = tool_json_get_string (migration, "error-desc");

  *done = g_str_equal (status, "completed");
  if (*status == '\0' || g_str_equal (status, "none"))
    return once_fail (error, ONCE_STATUS_FAILED, _("There is no migration"));
  if (!is_any (status, failures))
    return TRUE;
  if (*text == '\0')
    return once_fail (error, ONCE_STATUS_FAILED, _("The migration has ended as “%s”"), status);
  return once_fail (error, ONCE_STATUS_FAILED, _("The migration has ended as “%s”: %s"), status, text);
}

static gboolean
look_at_migration (Once      *once,
                   gboolean  *done,
                   GError   **error)
{
  g_autoptr(JsonNode) migration = once_execute (once, qmp_message_new_command ("query-migrate", NULL, error), error);
  JsonNode *ram = tool_json_get_member (migration, "ram");
  gint64 total = tool_json_get_int (ram, "total");
  const OnceProgress progress = {
    _("migration"), tool_json_get_string (migration, "status"), total - tool_json_get_int (ram, "remaining"), total, TRUE
  };

  if (migration == NULL || !judge_migration (migration, done, error))
    return FALSE;
  once_show_progress (&progress);
  return TRUE;
}

/* The event comes only where the capability “events” is on, so it is looked at now and then, too. */
static gboolean
follow_migration (Once              *once,
                  QmpEventListener  *listener,
                  GError           **error)
{
  gboolean done = FALSE;

  for (;;)
    {
      GError *local_error = NULL;
      g_autoptr(QmpEvent) event = NULL;

      if (!look_at_migration (once, &done, error) || done)
        return done;
      event = next_event (once, listener, TICK, &local_error);
      if (local_error == NULL)
        continue;
      g_propagate_error (error, local_error);
      return FALSE;
    }
}

static gboolean
run_migration_wait (Once                *once,
                    const char * const  *words,
                    GError             **error)
{
  const char * const names[] = { "MIGRATION", NULL };
  g_autoptr(QmpEventListener) listener = qmp_event_listener_new (names);
  gboolean done;

  if (!once_open (once, error))
    return FALSE;
  qmp_client_add_listener (once->client, listener);
  done = follow_migration (once, listener, error);
  once_end_progress ();
  return done;
}

/* --- */

const OnceVerb once_job_list = {
  .words = "job list",
  .parameters = "",
  .summary = N_("List the jobs: their name, type, status, progress and error"),
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

const OnceVerb once_migration_wait = {
  .words = "migration wait",
  .parameters = "",
  .summary = N_("Wait for the end of a migration, with its progress"),
  .prints_no_json = TRUE,
  .run = run_migration_wait,
};
