/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "top-log.h"
#include "top-row.h"

/* The machines that qmp top shows: each with how busy it is, and the last events of all. */

G_BEGIN_DECLS

typedef struct _TopMachines TopMachines;

/* How often they are looked at, in milliseconds, and who is told when something has changed. */
TopMachines *top_machines_new         (guint            interval,
                                       void           (* changed) (gpointer owner),
                                       gpointer         owner);
void         top_machines_free        (TopMachines     *self);
/* Machines by their names or addresses; all of this computer without one. They are opened in the main context. */
gboolean     top_machines_add         (TopMachines     *self,
                                       Once            *once,
                                       gboolean         waits,
                                       GError         **error);
/* Looks how busy they are; once an interval. */
void         top_machines_tick        (TopMachines     *self);
/* Of TopRow; in no order. */
GArray      *top_machines_list        (TopMachines     *self);
TopLog      *top_machines_get_log     (TopMachines     *self);
/* Whether each is open, or it is known why it is not, and nothing asked of it waits. */
gboolean     top_machines_is_settled  (TopMachines     *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TopMachines, top_machines_free)

G_END_DECLS
