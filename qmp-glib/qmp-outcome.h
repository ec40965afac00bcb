/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-types.h>

G_BEGIN_DECLS

/**
 * QmpOutcomeReason:
 * @QMP_OUTCOME_REASON_UNKNOWN: a reason that this version of the library does not know; [property@Outcome:text] has its name
 * @QMP_OUTCOME_REASON_HOST_ERROR: `host-error`: an error in QEMU
 * @QMP_OUTCOME_REASON_HOST_QMP_QUIT: `host-qmp-quit`: the command `quit`
 * @QMP_OUTCOME_REASON_HOST_QMP_SYSTEM_RESET: `host-qmp-system-reset`: the command `system_reset`, with `-no-reboot`
 * @QMP_OUTCOME_REASON_HOST_SIGNAL: `host-signal`: a signal, such as SIGTERM
 * @QMP_OUTCOME_REASON_HOST_UI: `host-ui`: QEMU's own window was closed
 * @QMP_OUTCOME_REASON_GUEST_SHUTDOWN: `guest-shutdown`: the guest has turned itself off
 * @QMP_OUTCOME_REASON_GUEST_RESET: `guest-reset`: the guest has reset itself, with `-no-reboot`
 * @QMP_OUTCOME_REASON_GUEST_PANIC: `guest-panic`: the guest has panicked
 * @QMP_OUTCOME_REASON_SUBSYSTEM_RESET: `subsystem-reset`: a part of the guest has reset itself
 * @QMP_OUTCOME_REASON_SNAPSHOT_LOAD: `snapshot-load`: a snapshot was loaded
 * @QMP_OUTCOME_REASON_WATCHDOG: `watchdog`: a watchdog has turned it off
 * @QMP_OUTCOME_REASON_KILLED: `killed`: a signal has ended the process, and QEMU had no time to say anything
 * @QMP_OUTCOME_REASON_EXITED: `exited`: the process has ended by itself, and has not said why
 * @QMP_OUTCOME_REASON_LOST: `lost`: it is over, and nobody knows why
 * @QMP_OUTCOME_REASON_MIGRATION_FAILED: `migration-failed`: the machine was to arrive by a migration, and did not
 *
 * Why a machine has ended: QEMU's reasons, and those that it cannot tell.
 *
 * New values may be added.
 *
 * Since: 1.0
 */
typedef enum {
  QMP_OUTCOME_REASON_UNKNOWN,
  QMP_OUTCOME_REASON_HOST_ERROR,
  QMP_OUTCOME_REASON_HOST_QMP_QUIT,
  QMP_OUTCOME_REASON_HOST_QMP_SYSTEM_RESET,
  QMP_OUTCOME_REASON_HOST_SIGNAL,
  QMP_OUTCOME_REASON_HOST_UI,
  QMP_OUTCOME_REASON_GUEST_SHUTDOWN,
  QMP_OUTCOME_REASON_GUEST_RESET,
  QMP_OUTCOME_REASON_GUEST_PANIC,
  QMP_OUTCOME_REASON_SUBSYSTEM_RESET,
  QMP_OUTCOME_REASON_SNAPSHOT_LOAD,
  QMP_OUTCOME_REASON_WATCHDOG,
  QMP_OUTCOME_REASON_KILLED,
  QMP_OUTCOME_REASON_EXITED,
  QMP_OUTCOME_REASON_LOST,
  QMP_OUTCOME_REASON_MIGRATION_FAILED,
} QmpOutcomeReason;

/**
 * QmpShutDownStage:
 * @QMP_SHUT_DOWN_STAGE_NONE: it is not being shut down
 * @QMP_SHUT_DOWN_STAGE_ASKING: the guest is asked to turn itself off
 * @QMP_SHUT_DOWN_STAGE_QUITTING: QEMU was told to quit
 * @QMP_SHUT_DOWN_STAGE_TERMINATING: there is no link over which it could be told: the process was sent SIGTERM
 * @QMP_SHUT_DOWN_STAGE_KILLING: the process was killed
 *
 * How far [method@Machine.shut_down] has gone.
 *
 * Since: 1.0
 */
typedef enum {
  QMP_SHUT_DOWN_STAGE_NONE,
  QMP_SHUT_DOWN_STAGE_ASKING,
  QMP_SHUT_DOWN_STAGE_QUITTING,
  QMP_SHUT_DOWN_STAGE_TERMINATING,
  QMP_SHUT_DOWN_STAGE_KILLING,
} QmpShutDownStage;

#define QMP_TYPE_OUTCOME (qmp_outcome_get_type ())

QMP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (QmpOutcome, qmp_outcome, QMP, OUTCOME, GObject)

QMP_AVAILABLE_IN_1_0
QmpOutcomeReason  qmp_outcome_get_reason      (QmpOutcome *self);

QMP_AVAILABLE_IN_1_0
const char       *qmp_outcome_get_text        (QmpOutcome *self);

QMP_AVAILABLE_IN_1_0
gboolean          qmp_outcome_get_by_guest    (QmpOutcome *self);

QMP_AVAILABLE_IN_1_0
gboolean          qmp_outcome_get_by_us       (QmpOutcome *self);

QMP_AVAILABLE_IN_1_0
int               qmp_outcome_get_exit_status (QmpOutcome *self);

QMP_AVAILABLE_IN_1_0
int               qmp_outcome_get_signal      (QmpOutcome *self);

QMP_AVAILABLE_IN_1_0
const char       *qmp_outcome_get_output      (QmpOutcome *self);

QMP_AVAILABLE_IN_1_0
gboolean          qmp_outcome_get_clean       (QmpOutcome *self);

QMP_AVAILABLE_IN_1_0
QmpShutDownStage  qmp_outcome_get_stage       (QmpOutcome *self);

G_END_DECLS
