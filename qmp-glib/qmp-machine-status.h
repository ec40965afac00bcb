/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-types.h>

G_BEGIN_DECLS

/**
 * QmpMachineStatus:
 * @QMP_MACHINE_STATUS_UNKNOWN: not known, or one that this version of the library does not know;
 *   [property@Machine:status-name] has its name
 * @QMP_MACHINE_STATUS_DEBUG: `debug`: a debugger has stopped it
 * @QMP_MACHINE_STATUS_INMIGRATE: `inmigrate`: it waits for a migration, or takes one
 * @QMP_MACHINE_STATUS_INTERNAL_ERROR: `internal-error`: an error within QEMU has stopped it
 * @QMP_MACHINE_STATUS_IO_ERROR: `io-error`: an error of a disk has stopped it
 * @QMP_MACHINE_STATUS_PAUSED: `paused`: it was paused
 * @QMP_MACHINE_STATUS_POSTMIGRATE: `postmigrate`: it has migrated away
 * @QMP_MACHINE_STATUS_PRELAUNCH: `prelaunch`: it has not run yet, or was reset while it was paused
 * @QMP_MACHINE_STATUS_FINISH_MIGRATE: `finish-migrate`: a migration is about to end
 * @QMP_MACHINE_STATUS_RESTORE_VM: `restore-vm`: a snapshot is being loaded, or could not be
 * @QMP_MACHINE_STATUS_RUNNING: `running`: it runs
 * @QMP_MACHINE_STATUS_SAVE_VM: `save-vm`: a snapshot is being saved
 * @QMP_MACHINE_STATUS_SHUTDOWN: `shutdown`: it is turned off, with `-no-shutdown`
 * @QMP_MACHINE_STATUS_SUSPENDED: `suspended`: the guest sleeps
 * @QMP_MACHINE_STATUS_WATCHDOG: `watchdog`: a watchdog has stopped it
 * @QMP_MACHINE_STATUS_GUEST_PANICKED: `guest-panicked`: the guest has panicked
 * @QMP_MACHINE_STATUS_COLO: `colo`: a checkpoint is taken
 *
 * Where a machine stands: QEMU's `RunState`.
 *
 * New values may be added.
 *
 * Since: 1.0
 */
typedef enum {
  QMP_MACHINE_STATUS_UNKNOWN,
  QMP_MACHINE_STATUS_DEBUG,
  QMP_MACHINE_STATUS_INMIGRATE,
  QMP_MACHINE_STATUS_INTERNAL_ERROR,
  QMP_MACHINE_STATUS_IO_ERROR,
  QMP_MACHINE_STATUS_PAUSED,
  QMP_MACHINE_STATUS_POSTMIGRATE,
  QMP_MACHINE_STATUS_PRELAUNCH,
  QMP_MACHINE_STATUS_FINISH_MIGRATE,
  QMP_MACHINE_STATUS_RESTORE_VM,
  QMP_MACHINE_STATUS_RUNNING,
  QMP_MACHINE_STATUS_SAVE_VM,
  QMP_MACHINE_STATUS_SHUTDOWN,
  QMP_MACHINE_STATUS_SUSPENDED,
  QMP_MACHINE_STATUS_WATCHDOG,
  QMP_MACHINE_STATUS_GUEST_PANICKED,
  QMP_MACHINE_STATUS_COLO,
} QmpMachineStatus;

G_END_DECLS
