/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "top-view.h"

#include <glib/gi18n.h>

#include "tool-columns.h"
#include "tool-width.h"
#include "top-work.h"

#define LEAST_NAME 12
#define MOST_NAME 40
/* So many lines are left for events, if there are any, and room at all. */
#define LEAST_EVENTS 4
/* What the title, the header of the table and the last line take. */
#define FRAME_ROWS 3

static const TopColumn orders[] = { TOP_COLUMN_NAME, TOP_COLUMN_CPU, TOP_COLUMN_READ, TOP_COLUMN_WRITE, TOP_COLUMN_STATUS };

struct _TopView {
  ToolScreen      *screen;
  guint            order;      /* of orders */
  QmpMachineEntry *selected;   /* nullable, owned */
  int              place;      /* of that in the table */
  int              move;       /* with the next frame */
  int              offset;     /* of the first line that is shown */
  int              page;
  gboolean         help;
  char            *message;    /* nullable */
  gboolean         asks;
};

TopView *
top_view_new (ToolScreen *screen)
{
  TopView *self = g_new0 (TopView, 1);

  self->screen = screen;
  return self;
}

void
top_view_free (TopView *self)
{
  g_clear_object (&self->selected);
  g_free (self->message);
  g_free (self);
}

QmpMachineEntry *
top_view_get_selected (TopView *self)
{
  return self->selected;
}

void
top_view_move (TopView *self,
               int      lines)
{
  self->move = CLAMP (lines, -G_MAXINT / 2, G_MAXINT / 2);
}

int
top_view_get_page (TopView *self)
{
  return MAX (1, self->page);
}

void
top_view_sort_next (TopView *self)
{
  self->order = (self->order + 1) % G_N_ELEMENTS (orders);
}

gboolean
top_view_get_help (TopView *self)
{
  return self->help;
}

void
top_view_set_help (TopView  *self,
                   gboolean  help)
{
  self->help = help;
}

void
top_view_set_message (TopView    *self,
                      const char *message,
                      gboolean    asks)
{
  char *copy = g_strdup (message);

  g_free (self->message);
  self->message = copy;
  self->asks = asks;
}

/* --- which is selected --- */

static int
compare_cb (gconstpointer row,
            gconstpointer other,
            gpointer      user_data)
{
  TopView *self = user_data;

  return top_row_compare (row, other, orders[self->order]);
}

/* One that has gone leaves its place to the next one. */
static void
select_one (TopView *self,
            GArray  *rows)
{
  QmpMachineEntry *entry = NULL;

  for (guint i = 0; i < rows->len; i++)
    if (g_array_index (rows, TopRow, i).entry == self->selected)
      self->place = i;
  self->place = CLAMP (self->place + self->move, 0, MAX (0, (int) rows->len - 1));
  self->move = 0;
  if (rows->len > 0)
    entry = g_array_index (rows, TopRow, self->place).entry;
  g_set_object (&self->selected, entry);
}

static void
scroll (TopView *self,
        GArray  *rows,
        int      page)
{
  self->page = page;
  self->offset = CLAMP (self->offset, self->place - MAX (0, page - 1), self->place);
  self->offset = CLAMP (self->offset, 0, MAX (0, (int) rows->len - page));
}

/* --- the title --- */

static char *
describe (GArray *rows)
{
  g_autoptr(GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *time = g_date_time_format (now, "%H:%M:%S");
  GString *out = g_string_new (NULL);
  guint running = 0, wrong = 0;

  for (guint i = 0; i < rows->len; i++)
    {
      QmpMachineEntry *entry = g_array_index (rows, TopRow, i).entry;

      if (qmp_machine_entry_get_error (entry) != NULL)
        wrong++;
      else if (qmp_machine_get_running (qmp_machine_entry_get_machine (entry)))
        running++;
    }
  g_string_append_printf (out, "qmp top  %s  ", time);
  g_string_append_printf (out, ngettext ("%u machine", "%u machines", rows->len), rows->len);
  if (running > 0)
    g_string_append_printf (out, _(", %u running"), running);
  if (wrong > 0)
    g_string_append_printf (out, _(", %u not open"), wrong);
  return g_string_free (out, FALSE);
}

static void
draw_title (TopView *self,
            GArray  *rows)
{
  g_autofree char *title = describe (rows);

  tool_screen_put (self->screen, 0, 0, G_MAXUINT, TOOL_STYLE_BOLD, title);
}

/* --- the table --- */

static guint
measure_names (GArray *rows)
{
  guint width = LEAST_NAME;

  for (guint i = 0; i < rows->len; i++)
    {
      g_autofree char *name = top_row_dup_text (&g_array_index (rows, TopRow, i), TOP_COLUMN_NAME);

      width = MAX (width, tool_width (name));
    }
  return MIN (width, MOST_NAME);
}

static void
fit (TopView *self,
     GArray  *rows,
     guint   *widths)
{
  /* What does not depend on what is in them does not jump. */
  const ToolColumn columns[TOP_N_COLUMNS] = {
    [TOP_COLUMN_NAME] = { 0, LEAST_NAME, measure_names (rows) },
    [TOP_COLUMN_PID] = { 6, 7, 7 },
    [TOP_COLUMN_STATUS] = { 1, 9, 14 },
    [TOP_COLUMN_CPU] = { 2, 5, 5 },
    [TOP_COLUMN_VCPU] = { 9, 5, 5 },
    [TOP_COLUMN_READ] = { 3, 7, 7 },
    [TOP_COLUMN_WRITE] = { 4, 7, 7 },
    [TOP_COLUMN_READ_OPERATIONS] = { 7, 6, 6 },
    [TOP_COLUMN_WRITE_OPERATIONS] = { 8, 6, 6 },
    [TOP_COLUMN_WORK] = { 5, 15, 60 },
  };

  tool_columns_fit (columns, TOP_N_COLUMNS, tool_screen_get_columns (self->screen), widths);
}

static void
draw_cell (TopView    *self,
           guint       column,
           guint       row,
           guint       width,
           ToolStyle   style,
           gboolean    at_right,
           const char *text)
{
  g_autofree char *shown = tool_width_shorten_name (text, width);
  guint gap = at_right ? width - tool_width (shown) : 0;

  tool_screen_put (self->screen, column + gap, row, width - gap, style, shown);
}

static void
draw_header (TopView     *self,
             guint        row,
             const guint *widths)
{
  guint column = 0;

  for (guint i = 0; i < TOP_N_COLUMNS; i++)
    {
      ToolStyle style = i == (guint) orders[self->order] ? TOOL_STYLE_BOLD : TOOL_STYLE_PLAIN;

      draw_cell (self, column, row, widths[i], style, top_column_is_number (i), top_column_get_title (i));
      column += widths[i] > 0 ? widths[i] + 1 : 0;
    }
  tool_screen_style (self->screen, 0, row, G_MAXUINT, TOOL_STYLE_REVERSE);
}

static void
draw_machine (TopView      *self,
              const TopRow *machine,
              guint         row,
              const guint  *widths)
{
  guint column = 0;

  for (guint i = 0; i < TOP_N_COLUMNS; i++)
    {
      g_autofree char *text = widths[i] > 0 ? top_row_dup_text (machine, i) : NULL;

      if (text == NULL)
        continue;
      draw_cell (self, column, row, widths[i], top_row_get_style (machine), top_column_is_number (i), text);
      column += widths[i] + 1;
    }
  if (machine->entry == self->selected)
    tool_screen_style (self->screen, 0, row, G_MAXUINT, TOOL_STYLE_REVERSE);
}

static void
draw_table (TopView *self,
            GArray  *rows,
            guint    row,
            guint    n_rows)
{
  guint widths[TOP_N_COLUMNS];

  fit (self, rows, widths);
  draw_header (self, row, widths);
  scroll (self, rows, n_rows);
  for (guint i = 0; i < n_rows && self->offset + i < rows->len; i++)
    draw_machine (self, &g_array_index (rows, TopRow, self->offset + i), row + 1 + i, widths);
}

/* --- below it --- */

static void
draw_heading (TopView    *self,
              guint       row,
              const char *text)
{
  tool_screen_put (self->screen, 0, row, G_MAXUINT, TOOL_STYLE_PLAIN, text);
  tool_screen_style (self->screen, 0, row, G_MAXUINT, TOOL_STYLE_REVERSE);
}

static void
draw_work (TopView   *self,
           GPtrArray *works,
           guint      row,
           guint      n_rows)
{
  if (n_rows < 2)
    return;
  draw_heading (self, row, _("JOBS"));
  top_work_draw (works, self->screen, row + 1, n_rows - 1);
}

/* The last one stands last. */
static void
draw_events (TopView *self,
             TopLog  *log,
             guint    row,
             guint    n_rows)
{
  guint n = n_rows > 1 ? MIN (n_rows - 1, top_log_count (log)) : 0;

  if (n == 0)
    return;
  draw_heading (self, row, _("EVENTS"));
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *line = tool_width_shorten (top_log_get (log, n - 1 - i), tool_screen_get_columns (self->screen));

      tool_screen_put (self->screen, 0, row + 1 + i, G_MAXUINT, TOOL_STYLE_PLAIN, line);
    }
}

static void
draw_body (TopView *self,
           GArray  *rows,
           TopLog  *log)
{
  g_autoptr(GPtrArray) works = top_work_list (rows);
  int room = (int) tool_screen_get_rows (self->screen) - FRAME_ROWS;
  int wanted = works->len > 0 ? (int) works->len + 1 : 0;
  int events = MIN (LEAST_EVENTS, top_log_count (log) > 0 ? (int) top_log_count (log) + 1 : 0);
  int table = CLAMP (MAX ((room + 1) / 2, room - wanted - events), 0, (int) rows->len);
  int work = CLAMP (MAX (room - table - events, (room - table + 1) / 2), 0, wanted);

  table = MAX (0, MIN (table, room));
  draw_table (self, rows, 1, table);
  draw_work (self, works, 2 + table, work);
  draw_events (self, log, 2 + table + work, MAX (0, room - table - work));
}

/* --- help --- */

static void
draw_help (TopView *self)
{
  const char *lines[][2] = {
    { "↑ ↓ j k", _("select another machine") },
    { "s", _("sort by another column") },
    { "p", _("pause it") },
    { "r", _("let it go on") },
    { "R", _("reset it") },
    { "P", _("press its power button") },
    { "Q", _("let QEMU quit") },
    { "^L", _("draw all again") },
    { "q", _("leave; machines run on") },
  };

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      tool_screen_put (self->screen, 1, 2 + i, 8, TOOL_STYLE_BOLD, lines[i][0]);
      tool_screen_put (self->screen, 10, 2 + i, G_MAXUINT, TOOL_STYLE_PLAIN, lines[i][1]);
    }
}

/* --- the last line --- */

/* Of the selected machine it is said what is wrong. */
static char *
dup_hint (TopView *self,
          GArray  *rows)
{
  char *reason = self->selected != NULL ? top_row_dup_reason (&g_array_index (rows, TopRow, self->place)) : NULL;

  if (self->help)
    g_clear_pointer (&reason, g_free);
  if (reason != NULL)
    return reason;
  return g_strdup (self->help ? _("any key leads back")
                              : _("q leave  h help  s sort  p pause  r resume  R reset  P power button  Q quit"));
}

static void
draw_footer (TopView *self,
             GArray  *rows)
{
  guint row = tool_screen_get_rows (self->screen) - 1;
  g_autofree char *text = self->message != NULL ? g_strdup (self->message) : dup_hint (self, rows);
  g_autofree char *shown = tool_width_shorten (text, tool_screen_get_columns (self->screen));

  tool_screen_put (self->screen, 0, row, G_MAXUINT, self->message != NULL ? TOOL_STYLE_BOLD : TOOL_STYLE_DIM, shown);
  if (self->asks)
    tool_screen_style (self->screen, 0, row, G_MAXUINT, TOOL_STYLE_REVERSE);
}

void
top_view_draw (TopView *self,
               GArray  *rows,
               TopLog  *log)
{
  g_array_sort_with_data (rows, compare_cb, self);
  select_one (self, rows);
  tool_screen_begin (self->screen);
  draw_title (self, rows);
  if (self->help)
    draw_help (self);
  else
    draw_body (self, rows, log);
  draw_footer (self, rows);
}
