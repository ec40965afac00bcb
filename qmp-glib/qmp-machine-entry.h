/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-instance.h>
#include <qmp-glib/qmp-machine.h>

G_BEGIN_DECLS

#define QMP_TYPE_MACHINE_ENTRY (qmp_machine_entry_get_type ())

QMP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (QmpMachineEntry, qmp_machine_entry, QMP, MACHINE_ENTRY, GObject)

QMP_AVAILABLE_IN_1_0
const char   *qmp_machine_entry_get_title     (QmpMachineEntry *self);

QMP_AVAILABLE_IN_1_0
QmpMachine   *qmp_machine_entry_get_machine   (QmpMachineEntry *self);

QMP_AVAILABLE_IN_1_0
QmpInstance  *qmp_machine_entry_get_instance  (QmpMachineEntry *self);

QMP_AVAILABLE_IN_1_0
const char   *qmp_machine_entry_get_address   (QmpMachineEntry *self);

QMP_AVAILABLE_IN_1_0
const GError *qmp_machine_entry_get_error     (QmpMachineEntry *self);

G_END_DECLS
