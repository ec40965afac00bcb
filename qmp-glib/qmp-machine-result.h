/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-machine-entry.h>

G_BEGIN_DECLS

#define QMP_TYPE_MACHINE_RESULT (qmp_machine_result_get_type ())

QMP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (QmpMachineResult, qmp_machine_result, QMP, MACHINE_RESULT, GObject)

QMP_AVAILABLE_IN_1_0
QmpMachineEntry *qmp_machine_result_get_entry    (QmpMachineResult *self);

QMP_AVAILABLE_IN_1_0
QmpOutcome      *qmp_machine_result_get_outcome  (QmpMachineResult *self);

QMP_AVAILABLE_IN_1_0
const GError    *qmp_machine_result_get_error    (QmpMachineResult *self);

G_END_DECLS
