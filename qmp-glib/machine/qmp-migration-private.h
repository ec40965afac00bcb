/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-client.h>
#include <qmp-glib/qmp-migration.h>

#include "wire/qmp-io-context-private.h"

/* One migration: what is known of it, and who waits for it. It asks nothing by itself. What it is told changes what its
 * getters say at once; qmp_migration_tell() tells the program. */

G_BEGIN_DECLS

/* What goes up. */
typedef struct {
  /* Something is to be told. Runs no user code. */
  void     (* touched) (gpointer       owner,
                        QmpMigration  *migration);
  /* While somebody waits. */
  void     (* hold)    (gpointer       owner);
  /* May free the owner. */
  void     (* release) (gpointer       owner);
  /* Blocks until it has finished, and serves the machine meanwhile. timeout: milliseconds. FALSE with error: it has not. */
  gboolean (* block)   (gpointer       owner,
                        QmpMigration  *migration,
                        int            timeout,
                        GCancellable  *cancellable,
                        GError       **error);
} QmpMigrationFuncs;

struct _QmpMigration {
  GObject                  parent_instance;

  QmpClient               *client;       /* nullable: as the owner is */
  QmpIoContext            *io;
  const QmpMigrationFuncs *funcs;
  gpointer                 owner;        /* nullable, borrowed: NULL when nobody follows it any more */

  QmpMigrationDirection    direction;
  QmpMigrationStatus       status;
  char                    *status_name;  /* nullable */
  gint64                   total;
  gint64                   remaining;

  gboolean                 described;    /* the server was asked since it has ended */
  char                    *reason;       /* nullable: what it has answered */
  gboolean                 finished;
  GError                  *error;        /* nullable */

  gboolean                 queued;       /* the owner's: something is to be told */
  guint                    changed;      /* bits of properties that are to be notified */
  GQueue                   waits;        /* of QmpMigrationWait, owned */
};

/* qmp-migration.c */
QmpMigration *qmp_migration_new           (QmpMigrationDirection     direction,
                                           QmpClient                *client,
                                           QmpIoContext             *io,
                                           const QmpMigrationFuncs  *funcs,
                                           gpointer                  owner);
/* completed, failed, cancelled: nothing follows but what the server says of it. */
gboolean      qmp_migration_has_ended     (QmpMigration             *self);
/* There are figures that change. */
gboolean      qmp_migration_is_at_work    (QmpMigration             *self);
/* It has not finished. */
void          qmp_migration_set_status    (QmpMigration             *self,
                                           const char               *name);
void          qmp_migration_set_direction (QmpMigration             *self,
                                           QmpMigrationDirection     direction);
/* What query-migrate has answered; nullable: it has not. If the migration has ended it is described now. */
void          qmp_migration_take_answer   (QmpMigration             *self,
                                           JsonNode                 *answer);
/* It has ended, and so has all that follows from that. */
void          qmp_migration_finish        (QmpMigration             *self);
/* The machine has ended, and with it a migration that brings it; output: what it has said. */
void          qmp_migration_end           (QmpMigration             *self,
                                           const char               *output);
/* Nobody will know how it ends. An ending that is known is kept. */
void          qmp_migration_lose          (QmpMigration             *self,
                                           const char               *reason);
/* Notifies of what has changed. Runs user code; the caller holds self. */
void          qmp_migration_notify        (QmpMigration             *self);

/* qmp-migration-wait.c */
/* Tells what there is to be told, and those who wait if it has finished. Runs user code; the caller holds self. */
void          qmp_migration_tell          (QmpMigration             *self);
/* Nobody follows it any more; it has finished. Who waits is told from the main context. */
void          qmp_migration_leave         (QmpMigration             *self);
/* First in each method that is not for any thread. */
#define qmp_migration_is_foreign(self, error)                                             \
  (!qmp_migration_require_thread ((self), G_STRFUNC, (error)))
gboolean      qmp_migration_require_thread (QmpMigration            *self,
                                           const char               *function,
                                           GError                  **error);

G_END_DECLS
