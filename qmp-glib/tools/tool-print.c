/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tool-print.h"

#include <string.h>
#include <unistd.h>

#define INDENT 4

typedef struct {
  GString        *out;
  const char     *at;
  const char     *end;
  GString        *open;   /* the brackets that are open */
  gboolean        at_key;
  ToolPrintFlags  flags;
} Printer;

/* Characters that move the cursor, change the terminal, or the order in which text is read. */
static gboolean
is_harmful (gunichar c)
{
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static void
set_colour (Printer    *printer,
            const char *colour)
{
  if (printer->flags & TOOL_PRINT_COLOUR)
    g_string_append_printf (printer->out, "\033[%sm", colour);
}

static void
break_line (Printer *printer,
            gsize    depth)
{
  g_string_append_c (printer->out, '\n');
  for (gsize i = 0; i < depth * INDENT; i++)
    g_string_append_c (printer->out, ' ');
}

static void
print_character (Printer *printer)
{
  gunichar c = g_utf8_get_char_validated (printer->at, printer->end - printer->at);

  if (c == (gunichar) -1 || c == (gunichar) -2)
    {
      g_string_append_unichar (printer->out, 0xfffd);
      printer->at++;
      return;
    }
  if (is_harmful (c))
    g_string_append_printf (printer->out, "\\u%04x", c);
  else
    g_string_append_unichar (printer->out, c);
  printer->at = g_utf8_next_char (printer->at);
}

static void
print_string (Printer *printer)
{
  gboolean escaped = FALSE;

  set_colour (printer, printer->at_key ? "34" : "32");
  g_string_append_c (printer->out, *printer->at++);
  while (printer->at < printer->end)
    {
      char c = *printer->at;

      print_character (printer);
      if (c == '"' && !escaped)
        break;
      escaped = c == '\\' && !escaped;
    }
  set_colour (printer, "0");
}

static void
print_word (Printer *printer)
{
  set_colour (printer, g_ascii_isalpha (*printer->at) ? "35" : "36");
  do
    print_character (printer);
  while (printer->at < printer->end && strchr (" \t\r\n,:{}[]\"", *printer->at) == NULL);
  set_colour (printer, "0");
}

static void
skip_blanks (Printer *printer)
{
  while (printer->at < printer->end && *printer->at != '\0' && strchr (" \t\r\n", *printer->at) != NULL)
    printer->at++;
}

static void
open_bracket (Printer *printer)
{
  char c = *printer->at++;

  g_string_append_c (printer->out, c);
  g_string_append_c (printer->open, c);
  skip_blanks (printer);
  if (printer->at < printer->end && strchr ("}]", *printer->at) == NULL && (printer->flags & TOOL_PRINT_PRETTY))
    break_line (printer, printer->open->len);
  printer->at_key = c == '{';
}

static void
close_bracket (Printer  *printer,
               gboolean  empty)
{
  if (printer->open->len > 0)
    g_string_truncate (printer->open, printer->open->len - 1);
  if (!empty && (printer->flags & TOOL_PRINT_PRETTY))
    break_line (printer, printer->open->len);
  g_string_append_c (printer->out, *printer->at++);
  printer->at_key = FALSE;
}

static void
print_comma (Printer *printer)
{
  printer->at++;
  g_string_append_c (printer->out, ',');
  if (printer->flags & TOOL_PRINT_PRETTY)
    break_line (printer, printer->open->len);
  else
    g_string_append_c (printer->out, ' ');
  printer->at_key = printer->open->len > 0 && printer->open->str[printer->open->len - 1] == '{';
}

static void
print_token (Printer *printer)
{
  char before = printer->out->len > 0 ? printer->out->str[printer->out->len - 1] : '\0';

  switch (*printer->at)
    {
    case '{':
    case '[':
      open_bracket (printer);
      break;
    case '}':
    case ']':
      close_bracket (printer, before == '{' || before == '[');
      break;
    case ',':
      print_comma (printer);
      break;
    case ':':
      printer->at++;
      g_string_append (printer->out, ": ");
      printer->at_key = FALSE;
      break;
    case '"':
      print_string (printer);
      break;
    default:
      print_word (printer);
    }
}

void
tool_print_append_json (GString        *out,
                        const char     *json,
                        gsize           length,
                        ToolPrintFlags  flags)
{
  g_autoptr(GString) open = g_string_new (NULL);
  Printer printer = { out, json, json + length, open, FALSE, flags };

  for (skip_blanks (&printer); printer.at < printer.end; skip_blanks (&printer))
    print_token (&printer);
}

char *
tool_print_harmless (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *out = g_string_sized_new (strlen (valid));

  for (const char *at = valid; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);

      if (c == '\r')
        {
          if (at[1] != '\n')
            g_string_append_c (out, '\n');
        }
      else if (c == '\n' || c == '\t' || !is_harmful (c))
        g_string_append_unichar (out, c);
      else
        g_string_append_printf (out, c < 0x100 ? "\\x%02x" : "\\u%04x", c);
    }
  return g_string_free (out, FALSE);
}

gboolean
tool_print_wants_colour (FILE *stream)
{
  const char *no_color = g_getenv ("NO_COLOR");
  const char *term = g_getenv ("TERM");

  return isatty (fileno (stream)) && (no_color == NULL || *no_color == '\0') &&
         term != NULL && strcmp (term, "dumb") != 0;
}
