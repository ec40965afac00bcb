/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-machine-private.h"

#include <glib/gi18n-lib.h>

/* Its migrations, of which QmpMigrations keeps the books: what is asked, and when. */

/* After a migration the status follows, without an event. */
#define SETTLING_TIME (50 * G_TIME_SPAN_MILLISECOND)
/* How often a migration is looked at that the server has no events for: they cannot be switched on while it is under way. */
#define POLLING_TIME (250 * G_TIME_SPAN_MILLISECOND)

/* --- what is asked --- */

JsonNode *
qmp_machine_new_migration_events (void)
{
  return json_from_string ("{\"capabilities\": [{\"capability\": \"events\", \"state\": true}]}", NULL);
}

gboolean
qmp_machine_wants_migration (QmpMachine *self)
{
  return self->migrations.wanted && !self->migrations.asking;
}

/* Without events an answer is the first to say that it has ended. */
static void
answer (QmpMachine          *self,
        QmpMigrationsTicket  ticket,
        JsonNode            *reply,
        gboolean             first)
{
  QmpMigrations *migrations = &self->migrations;
  gboolean goes_on = first || qmp_migrations_is_under_way (migrations);

  qmp_migrations_answer (migrations, ticket, reply, self->status.value, first);
  if (goes_on && migrations->current != NULL && !migrations->current->finished &&
      qmp_migration_has_ended (migrations->current))
    qmp_status_note_migrated (&self->status);
}

void
qmp_machine_take_migration (QmpMachine          *self,
                            QmpMigrationsTicket  ticket,
                            gboolean             hears,
                            JsonNode            *reply)
{
  QmpMigrations *migrations = &self->migrations;

  migrations->hears = hears || (self->connected && migrations->hears);
  if (reply != NULL)
    answer (self, ticket, reply, !self->connected);
  else
    qmp_migrations_miss (migrations);
}

/* reply: NULL with error. */
static void
take_reply (QmpMachine          *self,
            QmpMigrationsTicket  ticket,
            JsonNode            *reply,
            const GError        *error)
{
  gboolean late = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) ||
                  g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  if (late || !qmp_client_is_linked (self->client))
    qmp_migrations_miss (&self->migrations);
  else
    answer (self, ticket, reply, FALSE);
}

typedef struct {
  QmpMachine          *self;    /* owned */
  QmpMigrationsTicket  ticket;
} Ask;

static void
asked_cb (GObject      *client,
          GAsyncResult *result,
          gpointer      user_data)
{
  Ask *ask = user_data;
  g_autoptr(QmpMachine) self = ask->self;
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) reply = qmp_client_execute_finish (QMP_CLIENT (client), result, &error);

  take_reply (self, ask->ticket, reply, error);
  g_free (ask);
  qmp_machine_tell (self);
}

void
qmp_machine_ask_migration (QmpMachine *self)
{
  Ask *ask;

  if (!qmp_client_is_linked (self->client))
    return;
  ask = g_new (Ask, 1);
  *ask = (Ask) { g_object_ref (self), qmp_migrations_ask (&self->migrations) };
  qmp_client_execute_async (self->client, "query-migrate", NULL, NULL, asked_cb, ask);
}

void
qmp_machine_read_migration (QmpMachine   *self,
                            int           timeout,
                            GCancellable *cancellable)
{
  g_autoptr(QmpMessage) message = qmp_message_new_command ("query-migrate", NULL, NULL);
  QmpMigrationsTicket ticket = qmp_migrations_ask (&self->migrations);
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) reply = NULL;

  qmp_message_set_timeout (message, timeout);
  reply = qmp_client_execute_message (self->client, message, cancellable, &error);
  take_reply (self, ticket, reply, error);
}

/* --- when --- */

static void
step_status (QmpMachine *self,
             gint64      now)
{
  gboolean leaving = self->status.leaving;
  gboolean settles = qmp_status_is_settling (&self->status) && !self->status.wanted && !self->status.asking;

  if (!leaving && !settles)
    self->ask_status_at = 0;
  else if (self->ask_status_at == 0 || self->awaits_end != leaving)
    self->ask_status_at = now + (leaving ? QMP_STATUS_LEAVING_TIME : SETTLING_TIME);
  else if (now >= self->ask_status_at)
    {
      self->ask_status_at = 0;
      qmp_status_stay (&self->status);
      qmp_status_want (&self->status);
    }
  self->awaits_end = leaving;
}

/* Microseconds; 0: it is not asked for. */
static gint64
get_interval (QmpMachine *self)
{
  QmpMigrations *migrations = &self->migrations;

  if (!qmp_migrations_is_under_way (migrations) || migrations->wanted || migrations->asking)
    return 0;
  if (self->jobs->interval > 0 && qmp_migration_is_at_work (migrations->current))
    return self->jobs->interval * G_TIME_SPAN_MILLISECOND;
  return migrations->hears ? 0 : POLLING_TIME;
}

static void
step_figures (QmpMachine *self,
              gint64      now)
{
  gint64 interval = get_interval (self);

  if (interval == 0)
    self->ask_migration_at = 0;
  else if (self->ask_migration_at == 0)
    self->ask_migration_at = now + interval;
  else if (now >= self->ask_migration_at)
    {
      self->ask_migration_at = 0;
      qmp_migrations_want (&self->migrations);
    }
}

void
qmp_machine_step_migration (QmpMachine *self)
{
  gint64 now = g_get_monotonic_time ();

  if (!qmp_client_is_linked (self->client) || self->run == NULL)
    return;
  step_status (self, now);
  step_figures (self, now);
  qmp_machine_set_alarm (self);
  if (qmp_status_is_settled (&self->status))
    qmp_migrations_settle (&self->migrations);
}

/* --- what it asks of us --- */

void
qmp_machine_update_hold (QmpMachine *self)
{
  QmpRun *run = self->run;
  gboolean holds = self->n_migration_waits > 0 && run != NULL && run->linked && !run->launched;

  if (holds == self->holds)
    return;
  self->holds = holds;
  if (holds)
    g_object_ref (self);
  else
    g_object_unref (self);
}

static void
touched (gpointer      owner,
         QmpMigration *migration)
{
  qmp_migrations_touch (&((QmpMachine *) owner)->migrations, migration);
}

static void
hold (gpointer owner)
{
  QmpMachine *self = owner;

  self->n_migration_waits++;
  qmp_machine_update_hold (self);
}

static void
release (gpointer owner)
{
  QmpMachine *self = owner;

  self->n_migration_waits--;
  qmp_machine_update_hold (self);
}

typedef struct {
  QmpMachine   *self;
  QmpMigration *migration;
  gint64        until;
} Block;

/* Without a link it goes on if the machine is about to end, which tells more. */
static gboolean
is_over (gpointer data)
{
  Block *block = data;
  QmpRun *run = block->self->run;

  return block->migration->finished || g_get_monotonic_time () >= block->until ||
         (!qmp_client_is_linked (block->self->client) && (run == NULL || run->end.until == 0));
}

/* What was asked in the background is delivered there. */
static void
ask_anew (QmpMachine *self)
{
  if (self->status.asking)
    qmp_status_want (&self->status);
  if (self->migrations.asking)
    qmp_migrations_want (&self->migrations);
}

static void
set_not_finished (QmpMachine  *self,
                  gint64       until,
                  GError     **error)
{
  if (g_get_monotonic_time () >= until)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("The migration has not ended in time"));
  else
    g_set_error_literal (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_LOST,
                         _("There is no link to the machine any more, and it is not known how the migration goes on"));
}

static gboolean
block (gpointer       owner,
       QmpMigration  *migration,
       int            timeout,
       GCancellable  *cancellable,
       GError       **error)
{
  QmpMachine *self = owner;
  g_autoptr(QmpMachine) held = g_object_ref (self);
  gint64 until = timeout < 0 ? G_MAXINT64 : g_get_monotonic_time () + timeout * G_TIME_SPAN_MILLISECOND;
  gint64 outer = self->blocking_until;
  Block data = { self, migration, until };
  GError *failure = NULL;

  if (!qmp_client_may_block (self->client, "wait for the migration", error))
    return FALSE;
  ask_anew (self);
  self->blocking_until = MIN (outer, until);
  qmp_machine_block (self, is_over, &data, cancellable, &failure);
  self->blocking_until = outer;
  if (migration->finished)
    {
      g_clear_error (&failure);
      return TRUE;
    }
  /* Its time may have been too short to hear the answer. */
  qmp_status_want (&self->status);
  if (failure != NULL)
    g_propagate_error (error, failure);
  else
    set_not_finished (self, until, error);
  return FALSE;
}

static const QmpMigrationFuncs migration_funcs = { touched, hold, release, block };

static void
stir (gpointer owner)
{
  qmp_io_watch_stir (&((QmpMachine *) owner)->todo);
}

static void
changed (gpointer owner)
{
  qmp_machine_touch (owner, QMP_MACHINE_MIGRATION);
}

static const QmpMigrationsFuncs migrations_funcs = { changed, stir, stir };

void
qmp_machine_init_migrations (QmpMachine *self)
{
  qmp_migrations_init (&self->migrations, &migrations_funcs, &migration_funcs, self, self->client, self->io);
}

void
qmp_machine_drop_migrations (QmpMachine *self)
{
  qmp_migrations_clear (&self->migrations);
  self->n_migration_waits = 0;
  qmp_machine_update_hold (self);
}

gboolean
qmp_machine_tell_migration (QmpMachine *self)
{
  g_autoptr(QmpMigration) migration = qmp_migrations_pop_untold (&self->migrations);

  if (migration == NULL)
    return FALSE;
  qmp_migration_tell (migration);
  return TRUE;
}

/* --- the public face --- */

/**
 * qmp_machine_get_migration: (get-property migration)
 * @self: a machine
 *
 * Gets [property@Machine:migration].
 *
 * Returns: (transfer none) (nullable): the last migration
 *
 * Since: 1.0
 */
QmpMigration *
qmp_machine_get_migration (QmpMachine *self)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), NULL);

  return self->migrations.current;
}
