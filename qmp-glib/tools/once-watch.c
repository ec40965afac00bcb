/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <string.h>

#include "once-select.h"
#include "tool-streams.h"
#include "tool-value.h"

/* "qmp watch": what becomes of machines, line by line. Where "qmp monitor" shows what a server says over one connection, this
 * shows what it means, and goes on when the connection has ended. */

#define PROGRESS_MILLISECONDS 1000
#define STALL_MILLISECONDS 3000

static gboolean keeps;

typedef struct {
  Once           *once;
  QmpMachineList *list;
  GPtrArray      *members;   /* of Member, as in the list */
  gboolean        all;       /* of this computer: there are others to come */
  gboolean        over;
  GError         *error;     /* nullable: why it is over, unless all is well */
} Watch;

typedef struct {
  Watch           *watch;    /* borrowed */
  QmpMachineEntry *entry;
  QmpMigration    *migration;  /* nullable, owned: that is followed */
  GHashTable      *seen;     /* what was said last of a job or a migration: char * by it, borrowed */
  GPtrArray       *jobs;     /* of QmpJob, as in the machine's list */
  gboolean         open;
  gboolean         opened;   /* it once was */
  gboolean         wrong;    /* an error was said, and is not over */
  gboolean         over;
} Member;

/* --- a line --- */

typedef struct {
  Member  *member;
  GString *text;
  GString *json;
} Line;

static void
add_member (Line       *line,
            const char *name,
            const char *json)
{
  g_string_append_printf (line->json, "%s\"%s\": %s", line->json->len > 1 ? ", " : "", name, json);
}

/* text: nullable. */
static void
add_text (Line       *line,
          const char *name,
          const char *text)
{
  g_autofree char *quoted = text != NULL ? tool_value_quote (text, strlen (text)) : NULL;

  if (text == NULL)
    return;
  g_string_append_printf (line->text, "%s%s", line->text->len > 0 ? " " : "", text);
  add_member (line, name, quoted);
}

static Line
begin (Member     *member,
       const char *what)
{
  Line line = { member, g_string_new (NULL), g_string_new ("{") };
  g_autoptr(GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *time = g_date_time_format (now, "%F %T");
  g_autofree char *fine = g_strdup_printf ("%s.%06d", time, g_date_time_get_microsecond (now));

  add_text (&line, "time", fine);
  add_text (&line, "machine", qmp_machine_entry_get_title (member->entry));
  add_text (&line, "what", what);
  return line;
}

static void
end (Line line)
{
  Watch *watch = line.member->watch;
  GError *error = NULL;

  g_string_append_c (line.json, '}');
  if (watch->once->json)
    once_print_json (watch->once, line.json->str, line.json->len, FALSE);
  else
    once_print_line (watch->once, "%s", line.text->str);
  g_string_free (line.text, TRUE);
  g_string_free (line.json, TRUE);
  if (once_flush (watch->once, &error))
    return;
  watch->over = TRUE;
  g_clear_error (&watch->error);
  watch->error = error;
}

/* value: nullable, as is why. */
static void
say (Member       *member,
     const char   *what,
     const char   *name,
     const char   *value,
     const GError *why)
{
  Line line = begin (member, what);

  add_text (&line, name, value);
  add_text (&line, "error", why != NULL ? why->message : NULL);
  end (line);
}

/* --- its end --- */

static void
leave_if_all_are_over (Watch *watch)
{
  if (keeps || watch->all)
    return;
  for (guint i = 0; i < watch->members->len; i++)
    if (!((Member *) watch->members->pdata[i])->over)
      return;
  watch->over = TRUE;
}

static void
ended_cb (QmpMachine *machine,
          QmpOutcome *outcome,
          Member     *member)
{
  say (member, "ended", "outcome", qmp_outcome_get_text (outcome), NULL);
  member->over = TRUE;
  leave_if_all_are_over (member->watch);
}

/* One that cannot be had is waited for only if that is wanted; one that is held, or hangs, always. */
static gboolean
is_hopeless (Member       *member,
             const GError *why)
{
  return !keeps && !member->watch->all && !member->opened &&
         !g_error_matches (why, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_BUSY) &&
         !g_error_matches (why, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_NO_ANSWER);
}

/* Why is said in the end when it is the only one. */
static void
fail (Member       *member,
      const GError *why)
{
  Watch *watch = member->watch;

  if (member->over)
    return;
  member->over = TRUE;
  if (watch->members->len == 1)
    {
      watch->error = g_error_copy (why);
    }
  else
    {
      once_print_error ("%s: %s", qmp_machine_entry_get_title (member->entry), why->message);
      watch->once->status = ONCE_STATUS_FAILED;
    }
  leave_if_all_are_over (watch);
}

/* --- the link --- */

/* Why a link has ended is what "link closed" says, and that one is not there any more which was, is what "ended" says. */
static gboolean
is_said_anyway (Member       *member,
                const GError *error)
{
  const GError *why = qmp_machine_get_link_error (qmp_machine_entry_get_machine (member->entry));

  if (member->open && why != NULL && g_str_equal (why->message, error->message))
    return TRUE;
  return member->opened && g_error_matches (error, QMP_FINDER_ERROR, QMP_FINDER_ERROR_NOT_FOUND);
}

static void
error_cb (QmpMachineEntry *entry,
          GParamSpec      *pspec,
          Member          *member)
{
  const GError *error = qmp_machine_entry_get_error (entry);

  if (error == NULL && member->wrong && member->open)
    say (member, "answers", NULL, NULL, NULL);
  member->wrong = FALSE;
  if (error == NULL || is_said_anyway (member, error))
    return;
  if (is_hopeless (member, error))
    {
      fail (member, error);
      return;
    }
  member->wrong = TRUE;
  say (member, "error", NULL, NULL, error);
}

static void
status_cb (QmpMachine *machine,
           GParamSpec *pspec,
           Member     *member)
{
  const char *name = qmp_machine_get_status_name (machine);

  if (name != NULL && member->open)
    say (member, "status", "status", name, NULL);
}

static void
connected_cb (QmpMachine *machine,
              GParamSpec *pspec,
              Member     *member)
{
  gboolean connected = qmp_machine_get_connected (machine);

  member->open = connected;
  member->opened = member->opened || connected;
  member->over = member->over && !connected;
  say (member, "link", "link", connected ? "open" : "closed", connected ? NULL : qmp_machine_get_link_error (machine));
  status_cb (machine, NULL, member);
}

/* --- jobs and migrations --- */

/* Whether it is another one than was said last. */
static gboolean
is_news (Member     *member,
         gpointer    object,
         const char *text)
{
  if (g_strcmp0 (g_hash_table_lookup (member->seen, object), text) == 0)
    return FALSE;
  g_hash_table_replace (member->seen, object, g_strdup (text));
  return TRUE;
}

/* id: nullable. */
static void
say_progress (Member       *member,
              gpointer      object,
              const char   *what,
              const char   *id,
              const char   *status,
              double        fraction,
              const GError *why)
{
  g_autofree char *percent = g_strdup_printf ("%d", (int) (CLAMP (fraction, 0, 1) * 100));
  g_autofree char *all = g_strdup_printf ("%s %s %s", status, percent, why != NULL ? why->message : "");
  Line line;

  if (!is_news (member, object, all))
    return;
  line = begin (member, what);
  add_text (&line, "id", id);
  add_text (&line, "status", status);
  add_member (&line, "percent", percent);
  g_string_append_printf (line.text, " %s %%", percent);
  add_text (&line, "error", why != NULL ? why->message : NULL);
  end (line);
}

static void
job_cb (QmpJob     *job,
        GParamSpec *pspec,
        Member     *member)
{
  if (qmp_job_get_status_name (job) != NULL)
    say_progress (member, job, "job", qmp_job_get_id (job), qmp_job_get_status_name (job), qmp_job_get_fraction (job),
                  qmp_job_get_error (job));
}

static void
forget_job (Member *member,
            QmpJob *job)
{
  g_signal_handlers_disconnect_by_data (job, member);
  g_hash_table_remove (member->seen, job);
}

static void
jobs_cb (GListModel *jobs,
         guint       position,
         guint       n_removed,
         guint       n_added,
         Member     *member)
{
  for (guint i = position; i < position + n_removed; i++)
    forget_job (member, member->jobs->pdata[i]);
  if (n_removed > 0)
    g_ptr_array_remove_range (member->jobs, position, n_removed);
  for (guint i = position; i < position + n_added; i++)
    {
      QmpJob *job = g_list_model_get_item (jobs, i);

      g_ptr_array_insert (member->jobs, (int) i, job);
      g_signal_connect (job, "notify", G_CALLBACK (job_cb), member);
      job_cb (job, NULL, member);
    }
}

static void
progress_cb (QmpMigration *migration,
             GParamSpec   *pspec,
             Member       *member)
{
  if (qmp_migration_get_status_name (migration) != NULL)
    say_progress (member, migration, "migration", NULL, qmp_migration_get_status_name (migration),
                  qmp_migration_get_fraction (migration), qmp_migration_get_error (migration));
}

static void
forget_migration (Member *member)
{
  if (member->migration == NULL)
    return;
  g_signal_handlers_disconnect_by_data (member->migration, member);
  g_hash_table_remove (member->seen, member->migration);
  g_clear_object (&member->migration);
}

static void
migration_cb (QmpMachine *machine,
              GParamSpec *pspec,
              Member     *member)
{
  QmpMigration *migration = qmp_machine_get_migration (machine);

  if (migration == member->migration)
    return;
  forget_migration (member);
  if (migration == NULL)
    return;
  member->migration = g_object_ref (migration);
  g_signal_connect (migration, "notify", G_CALLBACK (progress_cb), member);
  progress_cb (migration, NULL, member);
}

/* --- events --- */

/* What they mean is said anyway. */
static gboolean
is_said (const char *name)
{
  static const char * const names[] = { "STOP", "RESUME", "JOB_STATUS_CHANGE", "MIGRATION", "MIGRATION_PASS", NULL };

  return g_strv_contains (names, name) || g_str_has_prefix (name, "BLOCK_JOB_");
}

static void
event_cb (QmpClient *client,
          QmpEvent  *event,
          Member    *member)
{
  g_autofree char *data = qmp_message_dup_member_text (QMP_MESSAGE (event), "data");
  Line line;

  if (is_said (qmp_event_get_name (event)))
    return;
  line = begin (member, "event");
  add_text (&line, "event", qmp_event_get_name (event));
  if (data != NULL)
    {
      add_member (&line, "data", data);
      g_string_append_printf (line.text, " %s", data);
    }
  end (line);
}

/* --- the machines --- */

static Member *
member_new (Watch           *watch,
            QmpMachineEntry *entry)
{
  Member *member = g_new0 (Member, 1);
  QmpMachine *machine = qmp_machine_entry_get_machine (entry);
  QmpClient *client = qmp_machine_get_client (machine);

  member->watch = watch;
  member->entry = g_object_ref (entry);
  member->seen = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  member->jobs = g_ptr_array_new_with_free_func (g_object_unref);
  qmp_machine_set_progress_interval (machine, PROGRESS_MILLISECONDS);
  qmp_client_set_stall_time (client, STALL_MILLISECONDS);
  g_signal_connect (entry, "notify::error", G_CALLBACK (error_cb), member);
  g_signal_connect (machine, "notify::connected", G_CALLBACK (connected_cb), member);
  g_signal_connect (machine, "notify::status-name", G_CALLBACK (status_cb), member);
  g_signal_connect (machine, "notify::migration", G_CALLBACK (migration_cb), member);
  g_signal_connect (machine, "ended", G_CALLBACK (ended_cb), member);
  g_signal_connect (qmp_machine_get_jobs (machine), "items-changed", G_CALLBACK (jobs_cb), member);
  g_signal_connect (client, "event", G_CALLBACK (event_cb), member);
  return member;
}

static void
member_free (gpointer data)
{
  Member *member = data;
  QmpMachine *machine = qmp_machine_entry_get_machine (member->entry);

  forget_migration (member);
  for (guint i = 0; i < member->jobs->len; i++)
    forget_job (member, member->jobs->pdata[i]);
  g_signal_handlers_disconnect_by_data (member->entry, member);
  g_signal_handlers_disconnect_by_data (machine, member);
  g_signal_handlers_disconnect_by_data (qmp_machine_get_jobs (machine), member);
  g_signal_handlers_disconnect_by_data (qmp_machine_get_client (machine), member);
  g_ptr_array_unref (member->jobs);
  g_hash_table_unref (member->seen);
  g_object_unref (member->entry);
  g_free (member);
}

static void
items_cb (GListModel *list,
          guint       position,
          guint       n_removed,
          guint       n_added,
          Watch      *watch)
{
  if (n_removed > 0)
    g_ptr_array_remove_range (watch->members, position, n_removed);
  for (guint i = position; i < position + n_added; i++)
    {
      g_autoptr(QmpMachineEntry) entry = g_list_model_get_item (list, i);
      Member *member = member_new (watch, entry);

      g_ptr_array_insert (watch->members, (int) i, member);
    }
}

/* --- all of it --- */

static gboolean
signal_cb (gpointer user_data)
{
  Watch *watch = user_data;

  watch->over = TRUE;
  return G_SOURCE_CONTINUE;
}

static gboolean
timeout_cb (gpointer user_data)
{
  Watch *watch = user_data;

  g_clear_error (&watch->error);
  watch->over = TRUE;
  once_fail (&watch->error, ONCE_STATUS_TIMEOUT, _("The time is over"));
  return G_SOURCE_REMOVE;
}

static gboolean
follow (Watch   *watch,
        GError **error)
{
  tool_streams_watch_output ();
  g_unix_signal_add (SIGINT, signal_cb, watch);
  g_unix_signal_add (SIGTERM, signal_cb, watch);
  g_unix_signal_add (SIGHUP, signal_cb, watch);
  if (watch->once->deadline != 0)
    g_timeout_add (once_remaining (watch->once), timeout_cb, watch);
  while (!watch->over)
    g_main_context_iteration (NULL, TRUE);
  if (watch->error == NULL)
    return TRUE;
  g_propagate_error (error, watch->error);
  return FALSE;
}

static gboolean
run_watch (Once                *once,
           const char * const  *words,
           GError             **error)
{
  g_autoptr(QmpMachineList) list = qmp_machine_list_new ();
  Watch watch = { once, list };
  gboolean good;

  watch.members = g_ptr_array_new_with_free_func (member_free);
  watch.all = once_select_is_found (once);
  g_signal_connect (list, "items-changed", G_CALLBACK (items_cb), &watch);
  good = once_add_machines (once, list, TRUE, error) && follow (&watch, error);
  g_signal_handlers_disconnect_by_data (list, &watch);
  g_ptr_array_unref (watch.members);
  return good;
}

static const GOptionEntry watch_entries[] = {
  { "keep", 'k', 0, G_OPTION_ARG_NONE, &keeps, N_("Go on when machines have ended, and wait for those that are not there"), NULL },
  G_OPTION_ENTRY_NULL
};

const OnceVerb once_watch = {
  .words = "watch",
  .parameters = N_("[ADDRESS…]"),
  .summary = N_("Show what becomes of machines, line by line"),
  .entries = watch_entries,
  .local = TRUE,
  .addresses = TRUE,
  .many = TRUE,
  .run = run_watch,
};
