/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "top-work.h"

#include <glib/gi18n.h>
#include <string.h>

#include "tool-columns.h"
#include "tool-print.h"
#include "tool-width.h"

#define MOST_NAME 24

enum { CELL_MACHINE, CELL_NAME, CELL_STATUS, CELL_BAR, CELL_PART, CELL_AMOUNT, N_CELLS };

typedef struct {
  char   *texts[N_CELLS];   /* harmless; nullable */
  double  part;             /* from 0 to 1 */
} Work;

static void
work_free (gpointer data)
{
  Work *work = data;

  for (guint i = 0; i < N_CELLS; i++)
    g_free (work->texts[i]);
  g_free (work);
}

/* --- what there is --- */

/* name, status: nullable. */
static void
add (GPtrArray    *works,
     const TopRow *row,
     const char   *name,
     const char   *status,
     gint64        current,
     gint64        total)
{
  Work *work = g_new0 (Work, 1);
  g_autofree char *done = top_format_number (MAX (0, current));
  g_autofree char *all = top_format_number (MAX (0, total));

  work->part = total > 0 ? CLAMP ((double) current / total, 0, 1) : 0;
  work->texts[CELL_MACHINE] = top_row_dup_text (row, TOP_COLUMN_NAME);
  work->texts[CELL_NAME] = tool_print_harmless_line (name != NULL ? name : "");
  work->texts[CELL_STATUS] = tool_print_harmless_line (status != NULL ? status : "");
  work->texts[CELL_PART] = g_strdup_printf ("%3d %%", (int) (work->part * 100));
  work->texts[CELL_AMOUNT] = g_strdup_printf ("%s/%s", done, all);
  g_ptr_array_add (works, work);
}

static void
add_jobs (GPtrArray    *works,
          const TopRow *row)
{
  GListModel *jobs = qmp_machine_get_jobs (qmp_machine_entry_get_machine (row->entry));

  for (guint i = 0; i < g_list_model_get_n_items (jobs); i++)
    {
      g_autoptr(QmpJob) job = g_list_model_get_item (jobs, i);

      if (!qmp_job_get_finished (job))
        add (works, row, qmp_job_get_id (job), qmp_job_get_status_name (job), qmp_job_get_current (job),
             qmp_job_get_total (job));
    }
}

GPtrArray *
top_work_list (GArray *rows)
{
  GPtrArray *works = g_ptr_array_new_with_free_func (work_free);

  for (guint i = 0; i < rows->len; i++)
    {
      const TopRow *row = &g_array_index (rows, TopRow, i);
      QmpMigration *migration = qmp_machine_get_migration (qmp_machine_entry_get_machine (row->entry));

      if (migration != NULL && !qmp_migration_get_finished (migration))
        add (works, row, _("migration"), qmp_migration_get_status_name (migration),
             qmp_migration_get_total (migration) - qmp_migration_get_remaining (migration),
             qmp_migration_get_total (migration));
      add_jobs (works, row);
    }
  return works;
}

/* --- how it is drawn --- */

static guint
measure (GPtrArray *works,
         guint      cell,
         guint      least)
{
  guint width = least;

  for (guint i = 0; i < works->len; i++)
    {
      Work *work = works->pdata[i];

      width = MAX (width, work->texts[cell] != NULL ? tool_width (work->texts[cell]) : 0);
    }
  return MIN (width, MAX (least, MOST_NAME));
}

static char *
draw_bar (double part,
          guint  width)
{
  char *bar = g_strnfill (width, ' ');

  bar[0] = '[';
  bar[width - 1] = ']';
  memset (bar + 1, '#', (gsize) (part * (width - 2)));
  return bar;
}

static void
draw_line (Work        *work,
           ToolScreen  *screen,
           guint        row,
           const guint *widths)
{
  guint column = 0;

  for (guint i = 0; i < N_CELLS; i++)
    {
      g_autofree char *text = NULL;

      if (widths[i] == 0)
        continue;
      text = i == CELL_BAR ? draw_bar (work->part, widths[i]) : tool_width_shorten_name (work->texts[i], widths[i]);
      tool_screen_put (screen, column, row, widths[i], TOOL_STYLE_PLAIN, text);
      column += widths[i] + 1;
    }
}

void
top_work_draw (GPtrArray  *works,
               ToolScreen *screen,
               guint       row,
               guint       n_rows)
{
  const ToolColumn columns[N_CELLS] = {
    [CELL_MACHINE] = { 0, 6, measure (works, CELL_MACHINE, 6) },
    [CELL_NAME] = { 1, 8, measure (works, CELL_NAME, 8) },
    [CELL_STATUS] = { 3, 7, measure (works, CELL_STATUS, 7) },
    [CELL_BAR] = { 4, 10, 40 },
    [CELL_PART] = { 2, 5, 5 },
    [CELL_AMOUNT] = { 5, 11, 11 },
  };
  guint widths[N_CELLS];

  tool_columns_fit (columns, N_CELLS, tool_screen_get_columns (screen), widths);
  for (guint i = 0; i < works->len && i < n_rows; i++)
    draw_line (works->pdata[i], screen, row + i, widths);
}
