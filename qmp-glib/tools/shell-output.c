/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "shell-output.h"

#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#include "tool-pager.h"
#include "tool-streams.h"

/* Of what is held back. */
#define MAX_HELD (1024 * 1024)

typedef struct {
  FILE *stream;
  char *text;
} Held;

struct _ShellOutput {
  ShellInput        *input;        /* borrowed */
  gboolean           hmp;
  ToolPrintFlags     flags;        /* of messages */
  gboolean           red_errors;
  char              *place;        /* in front of errors; nullable */
  GString           *captured;     /* nullable */
  GArray            *held;         /* of Held; nullable */
  gsize              n_held;       /* bytes */
  gboolean           has_dropped;
  ShellOutputFailed  failed;
  gpointer           user_data;
  gboolean           has_failed;
};

static void
clear_held (gpointer data)
{
  g_free (((Held *) data)->text);
}

ShellOutput *
shell_output_new (ShellInput         *input,
                  gboolean            hmp,
                  ShellOutputFailed   failed,
                  gpointer            user_data)
{
  ShellOutput *self = g_new0 (ShellOutput, 1);

  self->input = input;
  self->hmp = hmp;
  self->failed = failed;
  self->user_data = user_data;
  return self;
}

void
shell_output_free (ShellOutput *self)
{
  g_clear_pointer (&self->held, g_array_unref);
  shell_output_end_capture (self);
  g_free (self->place);
  g_free (self);
}

void
shell_output_set_style (ShellOutput *self,
                        gboolean     pretty,
                        gboolean     colour,
                        gboolean     red_errors)
{
  self->flags = TOOL_PRINT_MESSAGE | (pretty ? TOOL_PRINT_PRETTY : TOOL_PRINT_PLAIN) |
                (colour ? TOOL_PRINT_COLOUR : TOOL_PRINT_PLAIN);
  self->red_errors = red_errors;
}

void
shell_output_take_place (ShellOutput *self,
                         char        *place)
{
  g_free (self->place);
  self->place = place;
}

/* --- what is not shown, or not yet --- */

void
shell_output_capture (ShellOutput *self)
{
  shell_output_end_capture (self);
  self->captured = g_string_new (NULL);
}

const char *
shell_output_get_captured (ShellOutput *self)
{
  return self->captured != NULL ? self->captured->str : "";
}

void
shell_output_end_capture (ShellOutput *self)
{
  if (self->captured != NULL)
    g_string_free (g_steal_pointer (&self->captured), TRUE);
}

void
shell_output_hold (ShellOutput *self)
{
  if (self->held != NULL)
    return;
  self->held = g_array_new (FALSE, FALSE, sizeof (Held));
  g_array_set_clear_func (self->held, clear_held);
  self->n_held = 0;
  self->has_dropped = FALSE;
}

static void
hold (ShellOutput *self,
      FILE        *stream,
      const char  *text)
{
  const Held held = { stream, g_strdup (text) };

  g_array_append_val (self->held, held);
  self->n_held += strlen (text);
}

void
shell_output_release (ShellOutput *self)
{
  g_autoptr(GArray) held = g_steal_pointer (&self->held);

  for (guint i = 0; held != NULL && i < held->len; i++)
    shell_output_lines (self, g_array_index (held, Held, i).stream, g_array_index (held, Held, i).text);
  if (held != NULL && self->has_dropped)
    shell_output_error (self, _("More came meanwhile than is shown"));
}

/* --- showing --- */

void
shell_output_lines (ShellOutput *self,
                    FILE        *stream,
                    const char  *text)
{
  int code;

  if (self->held != NULL)
    {
      if (self->n_held <= MAX_HELD)
        hold (self, stream, text);
      else
        self->has_dropped = TRUE;
      return;
    }
  code = self->has_failed ? 0 : shell_input_print (self->input, stream, text);
  if (code == 0)
    return;
  self->has_failed = TRUE;
  self->failed (stream, code, self->user_data);
}

/* text: harmless. */
static void
print (ShellOutput *self,
       FILE        *stream,
       const char  *text)
{
  g_autofree char *encoded = tool_streams_encode (text);

  shell_output_lines (self, stream, encoded);
}

/* What is made of a server's text; NULL if there is nothing in it. */
static char *
make_lines (const char *text)
{
  g_autofree char *harmless = tool_print_harmless (text);

  if (*harmless == '\0')
    return NULL;
  return g_str_has_suffix (harmless, "\n") ? g_steal_pointer (&harmless) : g_strconcat (harmless, "\n", NULL);
}

void
shell_output_text (ShellOutput *self,
                   const char  *text)
{
  g_autofree char *lines = self->captured != NULL ? make_lines (text) : NULL;
  g_autofree char *encoded = lines != NULL ? tool_streams_encode (lines) : NULL;

  if (self->captured == NULL)
    shell_output_text_uncaptured (self, text);
  else if (encoded != NULL)
    g_string_append (self->captured, encoded);
}

void
shell_output_text_uncaptured (ShellOutput *self,
                              const char  *text)
{
  g_autofree char *lines = make_lines (text);

  if (lines != NULL)
    print (self, stdout, lines);
}

void
shell_output_page (ShellOutput *self,
                   const char  *text)
{
  g_autofree char *harmless = tool_print_harmless (text);

  if (self->captured != NULL || !shell_input_is_interactive (self->input) || !tool_pager_show (harmless))
    shell_output_text (self, text);
}

void
shell_output_say (ShellOutput *self,
                  const char  *text)
{
  g_autofree char *harmless = tool_print_harmless_line (text);
  g_autofree char *line = g_strconcat (harmless, "\n", NULL);

  print (self, shell_input_get_terminal (self->input), line);
}

void
shell_output_error (ShellOutput *self,
                    const char  *format,
                    ...)
{
  g_autofree char *place = tool_print_harmless_line (self->place != NULL ? self->place : "");
  g_autofree char *harmless = NULL;
  g_autofree char *line = NULL;
  va_list arguments;

  va_start (arguments, format);
  harmless = tool_print_harmless_format (format, arguments);
  va_end (arguments);
  line = g_strconcat (self->red_errors ? "\033[31m" : "", place, harmless, self->red_errors ? "\033[0m" : "", "\n", NULL);
  print (self, stderr, line);
}

static void
append_message (GString        *out,
                QmpMessage     *message,
                ToolPrintFlags  flags)
{
  gsize length;
  const char *text = g_bytes_get_data (qmp_message_get_bytes (message), &length);

  tool_print_append_json (out, text, length, flags);
  g_string_append_c (out, '\n');
}

/* before: what stands at the front of the line; nullable. */
static void
print_message (ShellOutput *self,
               const char  *before,
               QmpMessage  *message)
{
  g_autoptr(GString) out = g_string_new (before);

  append_message (out, message, self->flags);
  shell_output_lines (self, stdout, out->str);
}

void
shell_output_message (ShellOutput *self,
                      QmpMessage  *message)
{
  print_message (self, NULL, message);
}

void
shell_output_reply (ShellOutput *self,
                    QmpMessage  *reply)
{
  if (self->captured != NULL)
    append_message (self->captured, reply, self->flags & ~TOOL_PRINT_COLOUR);
  else
    print_message (self, NULL, reply);
}

/* "" when the server does not know. */
static char *
format_time (QmpEvent *event)
{
  gint64 timestamp = qmp_event_get_timestamp (event);
  g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc (timestamp / G_USEC_PER_SEC);
  g_autoptr(GDateTime) local = timestamp >= 0 && utc != NULL ? g_date_time_to_local (utc) : NULL;
  g_autofree char *time = local != NULL ? g_date_time_format (local, "%H:%M:%S") : NULL;

  return time != NULL ? g_strdup_printf ("%s.%03d ", time, (int) (timestamp / 1000 % 1000)) : g_strdup ("");
}

void
shell_output_event (ShellOutput *self,
                    QmpEvent    *event)
{
  g_autofree char *time = self->hmp || isatty (STDOUT_FILENO) ? format_time (event) : NULL;
  g_autofree char *data = NULL;
  g_autofree char *text = NULL;
  g_autofree char *harmless = NULL;

  if (!self->hmp)
    {
      print_message (self, time, QMP_MESSAGE (event));
      return;
    }
  data = qmp_message_dup_member_text (QMP_MESSAGE (event), "data");
  text = g_strconcat (time, qmp_event_get_name (event), data != NULL ? " " : "", data, NULL);
  harmless = tool_print_harmless_line (text);
  shell_output_text_uncaptured (self, harmless);
}
