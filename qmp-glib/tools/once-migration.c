/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>

#include "once.h"

static gboolean detaches;

/* Transfer full: the one that is under way, or was the last; NULL with error set if there was none. */
static QmpMigration *
open_and_find (Once    *once,
               GError **error)
{
  QmpMigration *migration;

  if (!once_open_machine (once, error))
    return NULL;
  migration = qmp_machine_get_migration (once->machine);
  if (migration == NULL)
    once_fail (error, ONCE_STATUS_FAILED, _("There is no migration"));
  return migration != NULL ? g_object_ref (migration) : NULL;
}

static gboolean
look (gpointer data)
{
  QmpMigration *migration = data;
  gint64 total = qmp_migration_get_total (migration);
  const OnceProgress progress = {
    _("migration"), qmp_migration_get_status_name (migration), total - qmp_migration_get_remaining (migration), total, TRUE
  };

  if (qmp_migration_get_finished (migration))
    return TRUE;
  once_show_progress (&progress);
  return FALSE;
}

static gboolean
wait_for_end (Once          *once,
              QmpMigration  *migration,
              GError       **error)
{
  gboolean followed = once_follow (once, look, migration, error);

  once_end_progress ();
  if (!followed || qmp_migration_get_error (migration) == NULL)
    return followed;
  g_propagate_error (error, g_error_copy (qmp_migration_get_error (migration)));
  return FALSE;
}

static gboolean
run_wait (Once                *once,
          const char * const  *words,
          GError             **error)
{
  g_autoptr(QmpMigration) migration = open_and_find (once, error);

  return migration != NULL && wait_for_end (once, migration, error);
}

static gboolean
run_status (Once                *once,
            const char * const  *words,
            GError             **error)
{
  g_autoptr(QmpMigration) migration = NULL;
  g_autofree char *amount = NULL;
  gint64 total;

  if (once->json)
    return once_open (once, error) &&
           once_execute_and_print (once, qmp_message_new_command ("query-migrate", NULL, error), error);
  migration = open_and_find (once, error);
  if (migration == NULL)
    return FALSE;
  total = qmp_migration_get_total (migration);
  amount = total > 0 ? once_format_amount (total - qmp_migration_get_remaining (migration), total) : g_strdup ("");
  once_print_line (once, "%s%s%s", qmp_migration_get_status_name (migration), *amount != '\0' ? "  " : "", amount);
  return TRUE;
}

static gboolean
run_start (Once                *once,
           const char * const  *words,
           GError             **error)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(QmpMigration) migration = NULL;

  if (!once_open_machine (once, error))
    return FALSE;
  qmp_machine_start_migration_async (once->machine, words[0], cancellable, once_take_result, &result);
  if (!once_await_result (once, &result, cancellable, error))
    return FALSE;
  migration = qmp_machine_start_migration_finish (once->machine, result, error);
  return migration != NULL && (detaches || wait_for_end (once, migration, error));
}

static gboolean
run_cancel (Once                *once,
            const char * const  *words,
            GError             **error)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(QmpMigration) migration = open_and_find (once, error);

  if (migration == NULL)
    return FALSE;
  qmp_migration_cancel_async (migration, cancellable, once_take_result, &result);
  return once_await_result (once, &result, cancellable, error) && qmp_migration_cancel_finish (migration, result, error);
}

/* --- */

const OnceVerb once_migration_status = {
  .words = "migration status",
  .parameters = "",
  .summary = N_("Print how far the last migration is"),
  .run = run_status,
};

static const GOptionEntry start_entries[] = {
  { "detach", 0, 0, G_OPTION_ARG_NONE, &detaches, N_("Do not wait for its end"), NULL },
  G_OPTION_ENTRY_NULL
};

const OnceVerb once_migration_start = {
  .words = "migration start",
  .parameters = N_("URI"),
  .summary = N_("Let the machine migrate, and wait for the end, with the progress"),
  .entries = start_entries,
  .min_words = 1,
  .max_words = 1,
  .prints_no_json = TRUE,
  .run = run_start,
};

const OnceVerb once_migration_wait = {
  .words = "migration wait",
  .parameters = "",
  .summary = N_("Wait for the end of a migration, with its progress"),
  .prints_no_json = TRUE,
  .run = run_wait,
};

const OnceVerb once_migration_cancel = {
  .words = "migration cancel",
  .parameters = "",
  .summary = N_("Cancel the migration"),
  .prints_no_json = TRUE,
  .run = run_cancel,
};
