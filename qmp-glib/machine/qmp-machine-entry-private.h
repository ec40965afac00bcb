/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-machine-entry.h>

G_BEGIN_DECLS

/* A member of a list of machines: keeps its machine open where it is to be had, and says why it is not. What says nothing else runs
 * user code. */

/* It is kept open where its instance is. Runs no user code. */
QmpMachineEntry *qmp_machine_entry_new          (const char          *title);
/* It is kept open there, whatever runs; text is how that is spelled. */
void             qmp_machine_entry_fix          (QmpMachineEntry     *self,
                                                 const char          *text,
                                                 GSocketConnectable  *address);
/* The process that it is; NULL: none is known. */
void             qmp_machine_entry_set_instance (QmpMachineEntry     *self,
                                                 QmpInstance         *instance);
/* Why there is no instance; nullable, copied. */
void             qmp_machine_entry_set_missing  (QmpMachineEntry     *self,
                                                 const GError        *error);
/* Its process has ended: it is opened no more. left is called when its machine has told of it, which may be at once. */
void             qmp_machine_entry_leave        (QmpMachineEntry     *self,
                                                 void              (* left) (gpointer         owner,
                                                                             QmpMachineEntry *self),
                                                 gpointer             owner);
/* It is out of the list: nothing is watched, opened or called any more. Runs no user code. */
void             qmp_machine_entry_retire       (QmpMachineEntry     *self);

G_END_DECLS
