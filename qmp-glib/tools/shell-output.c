/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "shell-output.h"

#include <unistd.h>

#include "tool-pager.h"
#include "tool-streams.h"

struct _ShellOutput {
  ShellInput        *input;        /* borrowed */
  gboolean           hmp;
  ToolPrintFlags     flags;        /* of messages */
  gboolean           red_errors;
  ShellOutputFailed  failed;
  gpointer           user_data;
  gboolean           has_failed;
};

ShellOutput *
shell_output_new (ShellInput         *input,
                  gboolean            pretty,
                  gboolean            hmp,
                  ShellOutputFailed   failed,
                  gpointer            user_data)
{
  ShellOutput *self = g_new0 (ShellOutput, 1);

  self->input = input;
  self->hmp = hmp;
  self->flags = TOOL_PRINT_MESSAGE | (pretty ? TOOL_PRINT_PRETTY : TOOL_PRINT_PLAIN) |
                (tool_print_wants_colour (stdout) ? TOOL_PRINT_COLOUR : TOOL_PRINT_PLAIN);
  self->red_errors = tool_print_wants_colour (stderr);
  self->failed = failed;
  self->user_data = user_data;
  return self;
}

void
shell_output_free (ShellOutput *self)
{
  g_free (self);
}

void
shell_output_lines (ShellOutput *self,
                    FILE        *stream,
                    const char  *text)
{
  int code = self->has_failed ? 0 : shell_input_print (self->input, stream, text);

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

void
shell_output_text (ShellOutput *self,
                   const char  *text)
{
  g_autofree char *harmless = tool_print_harmless (text);
  g_autofree char *lines = NULL;

  if (*harmless == '\0')
    return;
  lines = g_str_has_suffix (harmless, "\n") ? g_strdup (harmless) : g_strconcat (harmless, "\n", NULL);
  print (self, stdout, lines);
}

void
shell_output_page (ShellOutput *self,
                   const char  *text)
{
  g_autofree char *harmless = tool_print_harmless (text);

  if (!shell_input_is_interactive (self->input) || !tool_pager_show (harmless))
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
  g_autofree char *harmless = NULL;
  g_autofree char *line = NULL;
  va_list arguments;

  va_start (arguments, format);
  harmless = tool_print_harmless_format (format, arguments);
  va_end (arguments);
  line = g_strconcat (self->red_errors ? "\033[31m" : "", harmless, self->red_errors ? "\033[0m" : "", "\n", NULL);
  print (self, stderr, line);
}

/* before: what stands at the front of the line; nullable. */
static void
print_message (ShellOutput *self,
               const char  *before,
               QmpMessage  *message)
{
  g_autoptr(GString) out = g_string_new (before);
  gsize length;
  const char *text = g_bytes_get_data (qmp_message_get_bytes (message), &length);

  tool_print_append_json (out, text, length, self->flags);
  g_string_append_c (out, '\n');
  shell_output_lines (self, stdout, out->str);
}

void
shell_output_message (ShellOutput *self,
                      QmpMessage  *message)
{
  print_message (self, NULL, message);
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
  shell_output_text (self, harmless);
}
