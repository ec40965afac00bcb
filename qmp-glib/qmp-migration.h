/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-types.h>

G_BEGIN_DECLS

/**
 * QmpMigrationDirection:
 * @QMP_MIGRATION_DIRECTION_UNKNOWN: not known
 * @QMP_MIGRATION_DIRECTION_OUTGOING: the machine leaves: for another QEMU, or into a file
 * @QMP_MIGRATION_DIRECTION_INCOMING: the machine arrives
 *
 * Which way a migration goes, as seen from its machine.
 *
 * New values may be added.
 *
 * Since: 1.0
 */
typedef enum {
  QMP_MIGRATION_DIRECTION_UNKNOWN,
  QMP_MIGRATION_DIRECTION_OUTGOING,
  QMP_MIGRATION_DIRECTION_INCOMING,
} QmpMigrationDirection;

/**
 * QmpMigrationStatus:
 * @QMP_MIGRATION_STATUS_UNKNOWN: not known, or one that this version of the library does not know;
 *   [property@Migration:status-name] has its name
 * @QMP_MIGRATION_STATUS_NONE: `none`: it has not begun
 * @QMP_MIGRATION_STATUS_SETUP: `setup`: it connects, or waits for who connects
 * @QMP_MIGRATION_STATUS_CANCELLING: `cancelling`: it is about to be cancelled
 * @QMP_MIGRATION_STATUS_CANCELLED: `cancelled`: it has ended, because it was cancelled
 * @QMP_MIGRATION_STATUS_ACTIVE: `active`: memory is copied
 * @QMP_MIGRATION_STATUS_POSTCOPY_ACTIVE: `postcopy-active`: the machine runs at its destination, and fetches the rest of its memory
 * @QMP_MIGRATION_STATUS_POSTCOPY_PAUSED: `postcopy-paused`: the two have lost each other in the middle of that
 * @QMP_MIGRATION_STATUS_POSTCOPY_RECOVER_SETUP: `postcopy-recover-setup`: they connect again
 * @QMP_MIGRATION_STATUS_POSTCOPY_RECOVER: `postcopy-recover`: they find out where they were
 * @QMP_MIGRATION_STATUS_COMPLETED: `completed`: it has ended, and the machine is there
 * @QMP_MIGRATION_STATUS_FAILED: `failed`: it has ended, and the machine is where it was
 * @QMP_MIGRATION_STATUS_COLO: `colo`: two machines run side by side
 * @QMP_MIGRATION_STATUS_PRE_SWITCHOVER: `pre-switchover`: the machine is paused, and waits for `migrate-continue`
 * @QMP_MIGRATION_STATUS_DEVICE: `device`: the machine is paused, and the states of its devices are copied
 * @QMP_MIGRATION_STATUS_WAIT_UNPLUG: `wait-unplug`: the guest is to give a device back first
 *
 * Where a migration stands: QEMU's `MigrationStatus`.
 *
 * New values may be added.
 *
 * Since: 1.0
 */
typedef enum {
  QMP_MIGRATION_STATUS_UNKNOWN,
  QMP_MIGRATION_STATUS_NONE,
  QMP_MIGRATION_STATUS_SETUP,
  QMP_MIGRATION_STATUS_CANCELLING,
  QMP_MIGRATION_STATUS_CANCELLED,
  QMP_MIGRATION_STATUS_ACTIVE,
  QMP_MIGRATION_STATUS_POSTCOPY_ACTIVE,
  QMP_MIGRATION_STATUS_POSTCOPY_PAUSED,
  QMP_MIGRATION_STATUS_POSTCOPY_RECOVER_SETUP,
  QMP_MIGRATION_STATUS_POSTCOPY_RECOVER,
  QMP_MIGRATION_STATUS_COMPLETED,
  QMP_MIGRATION_STATUS_FAILED,
  QMP_MIGRATION_STATUS_COLO,
  QMP_MIGRATION_STATUS_PRE_SWITCHOVER,
  QMP_MIGRATION_STATUS_DEVICE,
  QMP_MIGRATION_STATUS_WAIT_UNPLUG,
} QmpMigrationStatus;

#define QMP_TYPE_MIGRATION (qmp_migration_get_type ())

QMP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (QmpMigration, qmp_migration, QMP, MIGRATION, GObject)

/* properties */
QMP_AVAILABLE_IN_1_0
QmpMigrationDirection qmp_migration_get_direction (QmpMigration *self);

QMP_AVAILABLE_IN_1_0
QmpMigrationStatus qmp_migration_get_status   (QmpMigration         *self);

QMP_AVAILABLE_IN_1_0
const char    *qmp_migration_get_status_name  (QmpMigration         *self);

QMP_AVAILABLE_IN_1_0
gboolean       qmp_migration_get_finished     (QmpMigration         *self);

QMP_AVAILABLE_IN_1_0
const GError  *qmp_migration_get_error        (QmpMigration         *self);

QMP_AVAILABLE_IN_1_0
double         qmp_migration_get_fraction     (QmpMigration         *self);

QMP_AVAILABLE_IN_1_0
gint64         qmp_migration_get_total        (QmpMigration         *self);

QMP_AVAILABLE_IN_1_0
gint64         qmp_migration_get_remaining    (QmpMigration         *self);

/* its end */
QMP_AVAILABLE_IN_1_0
void           qmp_migration_wait_async       (QmpMigration         *self,
                                               int                   timeout,
                                               GCancellable         *cancellable,
                                               GAsyncReadyCallback   callback,
                                               gpointer              user_data);

QMP_AVAILABLE_IN_1_0
gboolean       qmp_migration_wait_finish      (QmpMigration         *self,
                                               GAsyncResult         *result,
                                               GError              **error);

QMP_AVAILABLE_IN_1_0
gboolean       qmp_migration_wait             (QmpMigration         *self,
                                               int                   timeout,
                                               GCancellable         *cancellable,
                                               GError              **error);

QMP_AVAILABLE_IN_1_0
void           qmp_migration_cancel_async     (QmpMigration         *self,
                                               GCancellable         *cancellable,
                                               GAsyncReadyCallback   callback,
                                               gpointer              user_data);

QMP_AVAILABLE_IN_1_0
gboolean       qmp_migration_cancel_finish    (QmpMigration         *self,
                                               GAsyncResult         *result,
                                               GError              **error);

QMP_AVAILABLE_IN_1_0
gboolean       qmp_migration_cancel           (QmpMigration         *self,
                                               GCancellable         *cancellable,
                                               GError              **error);

G_END_DECLS
