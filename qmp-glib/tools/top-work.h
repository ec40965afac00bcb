/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "top-row.h"

/* The part of qmp top that shows what machines work at: jobs and migrations, and how far they are. No I/O. */

G_BEGIN_DECLS

/* Of const TopWork *, of all machines in the order of the rows, which are of TopRow. */
GPtrArray *top_work_list (GArray      *rows);
/* At most so many lines, from that row on. */
void       top_work_draw (GPtrArray   *works,
                          ToolScreen  *screen,
                          guint        row,
                          guint        n_rows);

G_END_DECLS
