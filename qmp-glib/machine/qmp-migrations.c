/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-migrations-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "machine/qmp-member-private.h"

void
qmp_migrations_init (QmpMigrations            *self,
                     const QmpMigrationsFuncs *funcs,
                     const QmpMigrationFuncs  *migration_funcs,
                     gpointer                  owner,
                     QmpClient                *client,
                     QmpIoContext             *io)
{
  *self = (QmpMigrations) {
    .funcs = funcs, .migration_funcs = migration_funcs, .owner = owner, .client = client, .io = io
  };
}

/* Of migrations within blocking calls, in a program that never runs its main loop. */
#define MANY_UNTOLD 16

/* Nobody has it, so there is nobody to tell. */
static void
prune_untold (QmpMigrations *self)
{
  GList *next;

  for (GList *l = self->untold.head; l != NULL; l = next)
    {
      QmpMigration *migration = l->data;

      next = l->next;
      if (!migration->finished || G_OBJECT (migration)->ref_count > 1)
        continue;
      g_queue_delete_link (&self->untold, l);
      g_object_unref (migration);
    }
}

void
qmp_migrations_touch (QmpMigrations *self,
                      QmpMigration  *migration)
{
  if (self->untold.length >= MANY_UNTOLD)
    prune_untold (self);
  if (!migration->queued)
    g_queue_push_tail (&self->untold, g_object_ref (migration));
  migration->queued = TRUE;
  self->funcs->touched (self->owner);
}

QmpMigration *
qmp_migrations_pop_untold (QmpMigrations *self)
{
  return g_queue_pop_head (&self->untold);
}

static void
want (QmpMigrations *self)
{
  self->wanted = TRUE;
  self->funcs->wants (self->owner);
}

void
qmp_migrations_want (QmpMigrations *self)
{
  self->asking = FALSE;
  want (self);
}

/* --- which there are --- */

static const char lost_words[] = N_("There is no link to the machine any more, and it is not known how the migration has ended");

/* The one that the next event is about; nullable. */
static QmpMigration *
get_last (QmpMigrations *self)
{
  return self->candidate != NULL ? self->candidate : self->current;
}

/* Another one has begun: of this one nothing more is to be learned. */
static void
leave_behind (QmpMigration *migration)
{
  if (migration != NULL)
    qmp_migration_lose (migration, _("Another migration has begun, and it is not known how this one has ended"));
}

/* Takes migration. */
static void
set_current (QmpMigrations *self,
             QmpMigration  *migration)
{
  leave_behind (self->current);
  g_clear_object (&self->current);
  self->current = migration;
  self->funcs->changed (self->owner);
  if (qmp_migration_has_ended (migration) && !migration->described)
    want (self);
}

/* Transfer full. */
static QmpMigration *
new_migration (QmpMigrations         *self,
               QmpMigrationDirection  direction,
               const char            *name)
{
  QmpMigration *migration = qmp_migration_new (direction, self->client, self->io, self->migration_funcs, self->owner);

  qmp_migration_set_status (migration, name);
  return migration;
}

static gboolean
is_postcopy (const char *name)
{
  return g_str_has_prefix (name, "postcopy-");
}

/* If the machine leaves. */
static gboolean
has_figures (const char *name)
{
  return strcmp (name, "active") == 0 || strcmp (name, "completed") == 0;
}

/* Which way one goes that somebody else has begun. In postcopy a machine runs where it has arrived, and has stopped where it was. */
static QmpMigrationDirection
guess_direction (const char       *name,
                 JsonNode         *answer,
                 QmpMachineStatus  status)
{
  gboolean stopped = status == QMP_MACHINE_STATUS_FINISH_MIGRATE || status == QMP_MACHINE_STATUS_POSTMIGRATE;

  if (status == QMP_MACHINE_STATUS_UNKNOWN)
    return QMP_MIGRATION_DIRECTION_UNKNOWN;
  if (status == QMP_MACHINE_STATUS_INMIGRATE || (is_postcopy (name) && !stopped))
    return QMP_MIGRATION_DIRECTION_INCOMING;
  if (has_figures (name) && answer != NULL && !stopped && qmp_member_get (answer, "ram") == NULL)
    return QMP_MIGRATION_DIRECTION_INCOMING;
  return QMP_MIGRATION_DIRECTION_OUTGOING;
}

/* --- what is heard --- */

static gboolean
is_end (const char *name)
{
  return strcmp (name, "completed") == 0 || strcmp (name, "failed") == 0 || strcmp (name, "cancelled") == 0;
}

/* The name is of another migration than the last one, which is nullable. */
static gboolean
is_another (QmpMigration *last,
            const char   *name)
{
  if (last == NULL)
    return TRUE;
  if (last->finished || qmp_migration_has_ended (last))
    return !is_end (name) && strcmp (name, "cancelling") != 0;
  return strcmp (name, "setup") == 0 && last->status != QMP_MIGRATION_STATUS_SETUP;
}

static void
hear_another (QmpMigrations    *self,
              const char       *name,
              QmpMachineStatus  status)
{
  QmpMigrationDirection direction = self->starting != QMP_MIGRATION_DIRECTION_UNKNOWN ? self->starting :
                                    guess_direction (name, NULL, status);
  QmpMigration *migration = new_migration (self, direction, name);

  if (self->starting == QMP_MIGRATION_DIRECTION_UNKNOWN)
    {
      set_current (self, migration);
      return;
    }
  leave_behind (self->candidate);
  g_clear_object (&self->candidate);
  self->candidate = migration;
}

gboolean
qmp_migrations_event (QmpMigrations    *self,
                      QmpEvent         *event,
                      QmpMachineStatus  status)
{
  QmpMigration *last = get_last (self);
  const char *name = NULL;

  if (strcmp (qmp_event_get_name (event), "MIGRATION") == 0)
    name = qmp_member_get_string (qmp_event_get_data (event), "status");
  if (name == NULL)
    return FALSE;
  self->n_changes++;
  self->hears = TRUE;
  if (is_another (last, name))
    hear_another (self, name, status);
  else if (!last->finished && !qmp_migration_has_ended (last))
    qmp_migration_set_status (last, name);
  last = get_last (self);
  /* Of a candidate it is wanted later. */
  if (last == self->current && qmp_migration_has_ended (last) && !last->described)
    want (self);
  return last->direction == QMP_MIGRATION_DIRECTION_INCOMING && strcmp (name, "failed") == 0;
}

/* --- what is answered --- */

QmpMigrationsTicket
qmp_migrations_ask (QmpMigrations *self)
{
  self->wanted = FALSE;
  self->asking = TRUE;
  return self->n_changes;
}

/* NULL: there is no migration, nor was there one. Who waits for a machine to connect does not say so by its status. */
static const char *
find_status (JsonNode         *answer,
             QmpMachineStatus  status)
{
  const char *name = qmp_member_get_string (answer, "status");

  if (g_strcmp0 (name, "none") == 0)
    name = NULL;
  if (name == NULL && status == QMP_MACHINE_STATUS_INMIGRATE && qmp_member_get (answer, "socket-address") != NULL)
    return "setup";
  return name;
}

/* One that waits for who connects need not be heard of. */
static gboolean
is_silent (QmpMigration *migration)
{
  return migration->direction == QMP_MIGRATION_DIRECTION_INCOMING && migration->status == QMP_MIGRATION_STATUS_SETUP;
}

static void
take_none (QmpMigrations    *self,
           QmpMachineStatus  status,
           gboolean          first)
{
  if (!first || !qmp_migrations_is_under_way (self))
    return;
  if (status != QMP_MACHINE_STATUS_INMIGRATE || !is_silent (self->current))
    qmp_migration_lose (self->current, _(lost_words));
}

/* What has ended before is of interest only if nothing is known of it. */
static gboolean
is_news (QmpMigrations *self,
         const char    *name,
         gboolean       first)
{
  if (!is_end (name))
    return is_another (self->current, name);
  return first && (self->current == NULL ||
                   (self->current->finished && g_strcmp0 (self->current->status_name, name) != 0));
}

static void
take_status (QmpMigrations    *self,
             const char       *name,
             JsonNode         *answer,
             QmpMachineStatus  status,
             gboolean          first)
{
  if (is_news (self, name, first))
    set_current (self, new_migration (self, guess_direction (name, answer, status), name));
  if (self->current == NULL || self->current->finished)
    return;
  if (self->current->direction == QMP_MIGRATION_DIRECTION_UNKNOWN)
    qmp_migration_set_direction (self->current, guess_direction (name, answer, status));
  if (!qmp_migration_has_ended (self->current))
    qmp_migration_set_status (self->current, name);
  if (g_strcmp0 (self->current->status_name, name) == 0)
    qmp_migration_take_answer (self->current, answer);
}

void
qmp_migrations_answer (QmpMigrations       *self,
                       QmpMigrationsTicket  ticket,
                       JsonNode            *answer,
                       QmpMachineStatus     status,
                       gboolean             first)
{
  const char *name = find_status (answer, status);

  self->asking = FALSE;
  /* An event has come since. */
  if (self->wanted)
    self->funcs->wants (self->owner);
  /* What is not known by now will not be. */
  if (answer == NULL && self->current != NULL && !self->current->finished)
    qmp_migration_take_answer (self->current, NULL);
  else if (answer == NULL)
    return;
  else if (self->n_changes != ticket)
    qmp_migrations_want (self);
  /* It is about the candidate. */
  else if (self->candidate != NULL)
    return;
  else if (name == NULL)
    take_none (self, status, first);
  else
    take_status (self, name, answer, status, first);
  /* It has been asked, so that is all there is. */
  if (self->current != NULL && qmp_migration_has_ended (self->current) && self->current->described)
    self->wanted = FALSE;
}

void
qmp_migrations_miss (QmpMigrations *self)
{
  self->asking = FALSE;
  if (self->current != NULL && qmp_migration_has_ended (self->current) && !self->current->described)
    qmp_migrations_want (self);
}

void
qmp_migrations_settle (QmpMigrations *self)
{
  QmpMigration *current = self->current;

  if (current == NULL || current->finished || !qmp_migration_has_ended (current) || !current->described)
    return;
  qmp_migration_finish (current);
}

/* --- starting --- */

void
qmp_migrations_begin (QmpMigrations         *self,
                      QmpMigrationDirection  direction)
{
  g_assert (self->starting == QMP_MIGRATION_DIRECTION_UNKNOWN && self->candidate == NULL);

  self->starting = direction;
}

/* Of a command that was refused nothing is left: some QEMUs say first that it has begun, and that it has failed. */
static gboolean
is_refused (QmpMigration *candidate)
{
  return candidate->status == QMP_MIGRATION_STATUS_FAILED || is_silent (candidate);
}

QmpMigration *
qmp_migrations_adopt (QmpMigrations *self,
                      gboolean       succeeded)
{
  g_autoptr(QmpMigration) candidate = g_steal_pointer (&self->candidate);
  QmpMigrationDirection direction = self->starting;

  self->starting = QMP_MIGRATION_DIRECTION_UNKNOWN;
  if (!succeeded && candidate != NULL && is_refused (candidate))
    {
      leave_behind (candidate);
      return NULL;
    }
  if (candidate != NULL)
    set_current (self, g_object_ref (candidate));
  if (!succeeded)
    return NULL;
  if (candidate == NULL && !(qmp_migrations_is_under_way (self) && self->current->direction == direction &&
                             self->current->status == QMP_MIGRATION_STATUS_SETUP))
    {
      /* Answers that are under way are about the one before. */
      self->n_changes++;
      set_current (self, new_migration (self, direction, "setup"));
      want (self);
    }
  return g_object_ref (self->current);
}

/* --- the end --- */

void
qmp_migrations_lose (QmpMigrations *self)
{
  self->wanted = FALSE;
  if (self->current == NULL || self->current->finished)
    return;
  if (self->current->direction == QMP_MIGRATION_DIRECTION_OUTGOING || self->current->status == QMP_MIGRATION_STATUS_COMPLETED)
    qmp_migration_lose (self->current, _(lost_words));
}

gboolean
qmp_migrations_is_arriving (QmpMigrations *self)
{
  return self->current != NULL && !self->current->finished &&
         self->current->status != QMP_MIGRATION_STATUS_COMPLETED &&
         self->current->direction != QMP_MIGRATION_DIRECTION_OUTGOING;
}

void
qmp_migrations_end (QmpMigrations *self,
                    const char    *output,
                    gboolean       certain)
{
  self->wanted = FALSE;
  if (self->current == NULL)
    return;
  if (certain && self->current->direction != QMP_MIGRATION_DIRECTION_OUTGOING)
    qmp_migration_end (self->current, output != NULL ? output : "");
  else
    qmp_migration_lose (self->current, _(lost_words));
}

void
qmp_migrations_forget (QmpMigrations *self)
{
  self->wanted = FALSE;
  /* What is under way is of no use any more. */
  self->n_changes++;
  if (self->current == NULL)
    return;
  qmp_migration_lose (self->current, _(lost_words));
  g_clear_object (&self->current);
  self->funcs->changed (self->owner);
}

/* Takes migration. */
static void
leave (QmpMigration *migration)
{
  qmp_migration_lose (migration, _("Nobody follows the migration any more"));
  qmp_migration_leave (migration);
  g_object_unref (migration);
}

void
qmp_migrations_clear (QmpMigrations *self)
{
  QmpMigration *migration;

  if (self->candidate != NULL)
    leave (g_steal_pointer (&self->candidate));
  if (self->current != NULL)
    leave (g_steal_pointer (&self->current));
  while ((migration = qmp_migrations_pop_untold (self)) != NULL)
    leave (migration);
}
