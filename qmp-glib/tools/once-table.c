/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "once.h"
#include "tool-print.h"
#include "tool-width.h"

struct _OnceTable {
  guint      n_columns;
  GPtrArray *rows;      /* of char ** */
};

OnceTable *
once_table_new (const char * const *header)
{
  OnceTable *self = g_new0 (OnceTable, 1);

  self->n_columns = g_strv_length ((char **) header);
  self->rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  once_table_add (self, header);
  return self;
}

void
once_table_free (OnceTable *self)
{
  g_ptr_array_unref (self->rows);
  g_free (self);
}

void
once_table_add (OnceTable          *self,
                const char * const *cells)
{
  char **row = g_new0 (char *, self->n_columns + 1);

  for (guint i = 0; i < self->n_columns; i++)
    row[i] = tool_print_harmless_line (cells[i] != NULL ? cells[i] : "");
  g_ptr_array_add (self->rows, row);
}

static guint
measure (OnceTable *self,
         guint      column)
{
  guint width = 0;

  for (guint i = 0; i < self->rows->len; i++)
    width = MAX (width, tool_width (((char **) self->rows->pdata[i])[column]));
  return width;
}

static char *
format_row (char         **row,
            const guint   *widths)
{
  GString *line = g_string_new (NULL);

  for (guint i = 0; row[i] != NULL; i++)
    g_string_append_printf (line, "%s%*s", row[i], (int) (widths[i] + 2 - tool_width (row[i])), "");
  return g_strchomp (g_string_free (line, FALSE));
}

void
once_table_print (OnceTable *self,
                  Once      *once)
{
  g_autofree guint *widths = g_new (guint, self->n_columns);

  if (self->rows->len == 1)
    return;
  for (guint i = 0; i < self->n_columns; i++)
    widths[i] = measure (self, i);
  for (guint i = 0; i < self->rows->len; i++)
    {
      g_autofree char *line = format_row (self->rows->pdata[i], widths);

      if (i == 0)
        once_print_heading (once, line);
      else
        once_print_line (once, "%s", line);
    }
}
