/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Which columns of a table there is room for. No I/O. */

G_BEGIN_DECLS

typedef struct {
  guint rank;      /* the greater, the sooner it is left out; each has its own, from 0 on */
  guint least;     /* what it is left out without */
  guint wanted;    /* what it takes if there is room; at least that */
} ToolColumn;

/* widths: for each its width; 0: it is left out. One blank stands between two. That of rank 0 is there, however narrow it gets. */
void tool_columns_fit (const ToolColumn  *columns,
                       guint              n,
                       guint              total,
                       guint             *widths);

G_END_DECLS
