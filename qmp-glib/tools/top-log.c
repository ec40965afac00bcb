/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "top-log.h"

#include <string.h>

#include "tool-print.h"

/* No terminal has more rows. */
#define MOST 1000
/* Nor are lines longer than that of use. */
#define MOST_DATA 1000

struct _TopLog {
  GQueue lines;   /* of char *, the last one first */
};

TopLog *
top_log_new (void)
{
  return g_new0 (TopLog, 1);
}

void
top_log_free (TopLog *self)
{
  g_queue_clear_full (&self->lines, g_free);
  g_free (self);
}

/* Cut first: it may be very long. */
static char *
show_data (const char *data)
{
  g_autoptr(GString) out = g_string_new (NULL);

  if (data == NULL)
    return g_strdup ("");
  tool_print_append_json (out, data, MIN (strlen (data), MOST_DATA), TOOL_PRINT_PLAIN);
  return tool_print_harmless_line (out->str);
}

void
top_log_add (TopLog     *self,
             const char *title,
             const char *name,
             const char *data)
{
  g_autoptr(GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *time = g_date_time_format (now, "%H:%M:%S");
  g_autofree char *head = g_strdup_printf ("%s %s", title, name);
  g_autofree char *harmless = tool_print_harmless_line (head);
  g_autofree char *shown = show_data (data);

  g_queue_push_head (&self->lines, g_strdup_printf ("%s %s %s", time, harmless, shown));
  if (g_queue_get_length (&self->lines) > MOST)
    g_free (g_queue_pop_tail (&self->lines));
}

guint
top_log_count (TopLog *self)
{
  return g_queue_get_length (&self->lines);
}

const char *
top_log_get (TopLog *self,
             guint   i)
{
  return g_queue_peek_nth (&self->lines, i);
}
