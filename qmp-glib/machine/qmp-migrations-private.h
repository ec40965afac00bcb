/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-event.h>
#include <qmp-glib/qmp-machine-status.h>

#include "machine/qmp-migration-private.h"

/* The migrations of one machine, one after the other: which is the last one, what is to be asked of it, and when it has
 * finished. It does no I/O, has no clock, and does not know the machine: it is shown the events and the answers.
 *
 * QEMU has one migration at a time, without a name: a new one begins with an event that says setup. When the program starts
 * one, that event comes before the reply, and also if the reply refuses it. So what begins meanwhile is a candidate until then,
 * of which nobody is told.
 *
 * A reply is older than the events that have been heard when it is delivered. So each query has a ticket, and an answer that
 * is older than an event is not taken. */

G_BEGIN_DECLS

typedef struct {
  /* Another migration is the last one. Neither runs user code nor changes it, as all of these. */
  void (* changed) (gpointer owner);
  /* Something is to be told: qmp_migrations_pop_untold(). */
  void (* touched) (gpointer owner);
  /* The server is to be asked soon: whoever does that says so by qmp_migrations_ask(). */
  void (* wants)   (gpointer owner);
} QmpMigrationsFuncs;

typedef struct {
  const QmpMigrationsFuncs *funcs;
  const QmpMigrationFuncs  *migration_funcs;  /* its touched is our own */
  gpointer                  owner;       /* borrowed */
  QmpClient                *client;
  QmpIoContext             *io;

  QmpMigration             *current;     /* nullable, owned: the last one */
  QmpMigration             *candidate;   /* nullable, owned */
  QmpMigrationDirection     starting;    /* the program starts one; UNKNOWN: it does not */
  GQueue                    untold;      /* of QmpMigration, owned */
  guint                     n_changes;   /* events so far */
  gboolean                  hears;       /* the server has events for them */
  gboolean                  wanted;
  gboolean                  asking;
} QmpMigrations;

/* What was known when the server was asked. */
typedef guint QmpMigrationsTicket;

/* migration_funcs: its owner is that of self. */
void           qmp_migrations_init        (QmpMigrations            *self,
                                           const QmpMigrationsFuncs *funcs,
                                           const QmpMigrationFuncs  *migration_funcs,
                                           gpointer                  owner,
                                           QmpClient                *client,
                                           QmpIoContext             *io);
/* Nobody follows them any more: who waits is told so. May be called again. */
void           qmp_migrations_clear       (QmpMigrations            *self);
/* For migration_funcs. */
void           qmp_migrations_touch       (QmpMigrations            *self,
                                           QmpMigration             *migration);
/* Transfer full; NULL if all is told. */
QmpMigration  *qmp_migrations_pop_untold  (QmpMigrations            *self);

/* An event came, of a machine with that status: which of them matters is found here. TRUE if it says that a machine cannot
 * arrive, which ends QEMU. */
gboolean       qmp_migrations_event       (QmpMigrations            *self,
                                           QmpEvent                 *event,
                                           QmpMachineStatus          status);
/* The server is about to be asked; or is to be asked, whether or not that is under way. */
QmpMigrationsTicket qmp_migrations_ask    (QmpMigrations            *self);
void           qmp_migrations_want        (QmpMigrations            *self);
/* What it has answered to query-migrate, of a machine with that status; NULL: nothing, and it will not. first: over a new link. */
void           qmp_migrations_answer      (QmpMigrations            *self,
                                           QmpMigrationsTicket       ticket,
                                           JsonNode                 *answer,
                                           QmpMachineStatus          status,
                                           gboolean                  first);
/* There is no answer, and another one may be had. */
void           qmp_migrations_miss        (QmpMigrations            *self);
/* The machine's status is what comes of all events so far. */
void           qmp_migrations_settle      (QmpMigrations            *self);

/* Around the command of the program's that starts one; not while another is. */
void           qmp_migrations_begin       (QmpMigrations            *self,
                                           QmpMigrationDirection     direction);
/* Transfer full: the one that has been started; NULL if it has not. */
QmpMigration  *qmp_migrations_adopt       (QmpMigrations            *self,
                                           gboolean                  succeeded);

/* There is no link any more, and will not be another one. A machine that arrives may say more when it has ended. */
void           qmp_migrations_lose        (QmpMigrations            *self);
/* The machine has ended. output: nullable, what it has said. certain: it is known that it has. */
void           qmp_migrations_end         (QmpMigrations            *self,
                                           const char               *output,
                                           gboolean                  certain);
/* Another machine runs there now. */
void           qmp_migrations_forget      (QmpMigrations            *self);

/* A machine arrives, or may do so. */
gboolean       qmp_migrations_is_arriving (QmpMigrations            *self);

static inline gboolean
qmp_migrations_is_under_way (QmpMigrations *self)
{
  return self->current != NULL && !self->current->finished && !qmp_migration_has_ended (self->current);
}

G_END_DECLS
