/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>

#include "once.h"

/* How often progress is looked at, in milliseconds. */
#define TICK 250

static gboolean until_ready;
static gboolean dismisses;

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

static void
print_job (Once     *once,
           JsonNode *job)
{
  const char *error_text = once_get_string (job, "error");

  once_print (once, "%s %s %s %" G_GINT64_FORMAT "/%" G_GINT64_FORMAT "%s%s\n", once_get_string (job, "id"),
              once_get_string (job, "type"), once_get_string (job, "status"), once_get_int (job, "current-progress"),
              once_get_int (job, "total-progress"), *error_text != '\0' ? " " : "", error_text);
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
  for (guint i = 0; i < once_get_length (jobs); i++)
    print_job (once, once_get_element (jobs, i));
  return TRUE;
}

/* --- wait --- */

typedef struct {
  Once       *once;
  const char *id;
  gboolean    seen;      /* in the list, at least once */
  gboolean    present;   /* in the list, when it was looked at last */
  gboolean    done;
  char       *failure;   /* nullable */
} Watch;

static JsonNode *
find_job (JsonNode   *jobs,
          const char *id)
{
  for (guint i = 0; i < once_get_length (jobs); i++)
    if (g_str_equal (once_get_string (once_get_element (jobs, i), "id"), id))
      return once_get_element (jobs, i);
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

static void
take_job (Watch    *watch,
          JsonNode *job)
{
  watch->seen = TRUE;
  take_failure (watch, once_get_string (job, "error"));
  watch->done = is_end (once_get_string (job, "status"));
  once_show_progress (watch->id, once_get_int (job, "current-progress"), once_get_int (job, "total-progress"));
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
  else if (!watch->seen)
    return once_fail (error, ONCE_STATUS_FAILED, _("There is no job “%s”"), watch->id);
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
    take_failure (watch, once_get_string (data, "error"));
  else if (is_end (once_get_string (data, "status")))
    return look (watch, error);
  return TRUE;
}

static QmpEventListener *
new_job_listener (const char *id)
{
  const char * const names[] = { "JOB_STATUS_CHANGE", "BLOCK_JOB_COMPLETED", "BLOCK_JOB_CANCELLED", NULL };
  QmpEventListener *listener = qmp_event_listener_new (names);

  qmp_event_listener_add_match (listener, "JOB_STATUS_CHANGE", "id", id);
  qmp_event_listener_add_match (listener, "BLOCK_JOB_COMPLETED", "device", id);
  qmp_event_listener_add_match (listener, "BLOCK_JOB_CANCELLED", "device", id);
  return listener;
}

static gboolean
follow (Watch             *watch,
        QmpEventListener  *listener,
        GError           **error)
{
  int tick = once_shows_progress () ? TICK : -1;

  if (!look (watch, error))
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
  return TRUE;
}

static gboolean
dismiss (Watch    *watch,
         GError  **error)
{
  g_autoptr(JsonNode) value = NULL;

  if (!dismisses || !watch->present)
    return TRUE;
  value = once_execute (watch->once, qmp_message_new_parsed (error, "job-dismiss", "{'id': %s}", watch->id), error);
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

  if (!once_open (once, error))
    return FALSE;
  qmp_client_add_listener (once->client, listener);
  followed = follow (&watch, listener, error);
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
  const char *status = once_get_string (migration, "status");
  const char *text = once_get_string (migration, "error-desc");

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
  JsonNode *ram = once_get_member (migration, "ram");
  gint64 total = once_get_int (ram, "total");

  if (migration == NULL || !judge_migration (migration, done, error))
    return FALSE;
  once_show_progress (_("migration"), total - once_get_int (ram, "remaining"), total);
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
  .run = run_wait,
};

const OnceVerb once_migration_wait = {
  .words = "migration wait",
  .parameters = "",
  .summary = N_("Wait for the end of a migration, with its progress"),
  .run = run_migration_wait,
};
