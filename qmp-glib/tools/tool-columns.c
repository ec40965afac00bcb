/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tool-columns.h"

static guint
find_by_rank (const ToolColumn *columns,
              guint             n,
              guint             rank)
{
  for (guint i = 0; i < n; i++)
    if (columns[i].rank == rank)
      return i;
  g_return_val_if_reached (0);
}

void
tool_columns_fit (const ToolColumn *columns,
                  guint             n,
                  guint             total,
                  guint            *widths)
{
  guint left = total;

  for (guint rank = 0; rank < n; rank++)
    {
      guint i = find_by_rank (columns, n, rank);
      guint gap = rank > 0 ? 1 : 0;
      guint needed = rank > 0 ? columns[i].least : MIN (columns[i].least, total);

      widths[i] = gap + needed <= left ? needed : 0;
      left -= widths[i] > 0 ? gap + needed : 0;
    }
  for (guint rank = 0; rank < n; rank++)
    {
      guint i = find_by_rank (columns, n, rank);
      guint more = widths[i] > 0 ? MIN (columns[i].wanted - widths[i], left) : 0;

      widths[i] += more;
      left -= more;
    }
}
