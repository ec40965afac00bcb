/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-machine-result.h>

G_BEGIN_DECLS

/* Takes outcome or error, of which one is NULL. */
QmpMachineResult *qmp_machine_result_new (QmpMachineEntry *entry,
                                          QmpOutcome      *outcome,
                                          GError          *error);

G_END_DECLS
