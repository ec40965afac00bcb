/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tool-screen.h"

#include <string.h>

#include "tool-width.h"

/* A character and the marks on it. What has no room here is left out. */
#define CELL_BYTES 14

typedef struct {
  char   text[CELL_BYTES];   /* with zeros behind it; "": the second half of a wide one */
  guint8 width;              /* 0, 1, 2 */
  guint8 style;
} Cell;

struct _ToolScreen {
  gboolean  unicode;
  gboolean  colour;
  guint     columns;
  guint     rows;
  Cell     *wanted;    /* row by row */
  Cell     *shown;     /* the same */
  gboolean  known;     /* the terminal shows that */
};

/* Where the terminal is while a difference is written. */
typedef struct {
  GString *out;
  guint    column;
  guint    row;
  gboolean placed;     /* the cursor is there */
  guint8   style;
} Pen;

static const Cell blank = { " ", 1, TOOL_STYLE_PLAIN };

ToolScreen *
tool_screen_new (gboolean unicode,
                 gboolean colour)
{
  ToolScreen *self = g_new0 (ToolScreen, 1);

  self->unicode = unicode;
  self->colour = colour;
  return self;
}

void
tool_screen_free (ToolScreen *self)
{
  g_free (self->wanted);
  g_free (self->shown);
  g_free (self);
}

static void
clear (ToolScreen *self,
       Cell       *cells)
{
  for (guint i = 0; i < self->columns * self->rows; i++)
    cells[i] = blank;
}

void
tool_screen_resize (ToolScreen *self,
                    guint       columns,
                    guint       rows)
{
  g_free (self->wanted);
  g_free (self->shown);
  self->columns = columns;
  self->rows = rows;
  self->wanted = g_new (Cell, columns * rows);
  self->shown = g_new (Cell, columns * rows);
  self->known = FALSE;
  clear (self, self->wanted);
}

guint
tool_screen_get_columns (ToolScreen *self)
{
  return self->columns;
}

guint
tool_screen_get_rows (ToolScreen *self)
{
  return self->rows;
}

void
tool_screen_forget (ToolScreen *self)
{
  self->known = FALSE;
}

/* --- a frame --- */

void
tool_screen_begin (ToolScreen *self)
{
  clear (self, self->wanted);
}

/* What this terminal can show of it, and nothing that could command one. */
static gunichar
make_showable (ToolScreen *self,
               gunichar    c)
{
  if (c < 0x20 || c == 0x7f || !g_unichar_isdefined (c) || g_unichar_type (c) == G_UNICODE_CONTROL ||
      g_unichar_type (c) == G_UNICODE_FORMAT)
    return '?';
  if (self->unicode || c < 0x7f)
    return c;
  switch (c)
    {
    case 0x201c:
    case 0x201d:
      return '"';
    case 0x2018:
    case 0x2019:
      return '\'';
    case 0x2026:
      return '.';
    case 0x2013:
      return '-';
    default:
      return '?';
    }
}

/* What is left of a wide character of which one half is overwritten. */
static void
break_wide (ToolScreen *self,
            guint       column,
            guint       row)
{
  Cell *cells = self->wanted + row * self->columns;

  if (cells[column].width == 0)
    cells[column - 1] = cells[column] = blank;
  else if (cells[column].width == 2)
    cells[column] = cells[column + 1] = blank;
}

static void
put_character (ToolScreen *self,
               guint       column,
               guint       row,
               ToolStyle   style,
               gunichar    c,
               guint       width)
{
  Cell *cell = self->wanted + row * self->columns + column;

  for (guint i = 0; i < width; i++)
    {
      break_wide (self, column + i, row);
      cell[i] = (Cell) { "", 0, style };
    }
  g_unichar_to_utf8 (c, cell->text);
  cell->width = width;
}

/* A mark on the character in front. */
static void
put_mark (ToolScreen *self,
          guint       column,
          guint       row,
          gunichar    c)
{
  Cell *cell = self->wanted + row * self->columns + column;
  gsize length;

  if (cell->width == 0 && column > 0)
    cell--;
  length = strlen (cell->text);
  if (length + g_unichar_to_utf8 (c, NULL) < CELL_BYTES)
    g_unichar_to_utf8 (c, cell->text + length);
}

guint
tool_screen_put (ToolScreen *self,
                 guint       column,
                 guint       row,
                 guint       width,
                 ToolStyle   style,
                 const char *text)
{
  guint taken = 0;

  if (row >= self->rows || column >= self->columns)
    return 0;
  width = MIN (width, self->columns - column);
  for (; *text != '\0'; text = g_utf8_next_char (text))
    {
      gunichar c = make_showable (self, g_utf8_get_char (text));
      guint wide = tool_width_of (c);

      if (taken + wide > width)
        break;
      if (wide > 0)
        put_character (self, column + taken, row, style, c, wide);
      else if (taken > 0)
        put_mark (self, column + taken - 1, row, c);
      taken += wide;
    }
  return taken;
}

void
tool_screen_style (ToolScreen *self,
                   guint       column,
                   guint       row,
                   guint       width,
                   ToolStyle   style)
{
  if (row >= self->rows)
    return;
  for (guint i = column; i < self->columns && i - column < width; i++)
    self->wanted[row * self->columns + i].style |= style;
}

/* --- the difference --- */

static void
set_style (ToolScreen *self,
           Pen        *pen,
           guint8      style)
{
  static const struct {
    ToolStyle   style;
    const char *code;
  } codes[] = {
    { TOOL_STYLE_BOLD, ";1" }, { TOOL_STYLE_DIM, ";2" }, { TOOL_STYLE_REVERSE, ";7" }, { TOOL_STYLE_RED, ";31" },
    { TOOL_STYLE_GREEN, ";32" }, { TOOL_STYLE_YELLOW, ";33" }, { TOOL_STYLE_CYAN, ";36" },
  };

  if (!self->colour)
    style &= TOOL_STYLE_RED - 1;
  if (style == pen->style)
    return;
  pen->style = style;
  g_string_append (pen->out, "\033[0");
  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    if (style & codes[i].style)
      g_string_append (pen->out, codes[i].code);
  g_string_append_c (pen->out, 'm');
}

/* Terminals do not agree on how wide a character is that is not ASCII, nor on where the cursor is behind the last column. */
static void
write_cell (ToolScreen *self,
            Pen        *pen,
            guint       column,
            guint       row,
            const Cell *cell)
{
  if (!pen->placed || pen->column != column || pen->row != row)
    g_string_append_printf (pen->out, "\033[%u;%uH", row + 1, column + 1);
  set_style (self, pen, cell->style);
  g_string_append (pen->out, cell->text);
  pen->column = column + 1;
  pen->row = row;
  pen->placed = (guchar) cell->text[0] < 0x80 && cell->text[1] == '\0' && pen->column < self->columns;
}

void
tool_screen_draw (ToolScreen *self,
                  GString    *out)
{
  Pen pen = { out };

  if (!self->known)
    {
      g_string_append (out, "\033[0m\033[2J");
      clear (self, self->shown);
      self->known = TRUE;
    }
  for (guint row = 0; row < self->rows; row++)
    for (guint column = 0; column < self->columns; column++)
      {
        guint i = row * self->columns + column;

        if (self->wanted[i].width > 0 && memcmp (&self->wanted[i], &self->shown[i], sizeof (Cell)) != 0)
          write_cell (self, &pen, column, row, &self->wanted[i]);
      }
  set_style (self, &pen, TOOL_STYLE_PLAIN);
  memcpy (self->shown, self->wanted, self->columns * self->rows * sizeof (Cell));
}
