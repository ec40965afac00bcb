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
  gboolean        in_error;   /* within the member "error" of a message */
  ToolPrintFlags  flags;
} Printer;

/* Those that show nothing although they are letters, marks or symbols: fillers, joiners, variation selectors, the
 * blank of Braille. */
static gboolean
is_blank_glyph (gunichar c)
{
  static const struct {
    gunichar first;
    gunichar last;
  } ranges[] = {
    { 0x34f, 0x34f }, { 0x115f, 0x1160 }, { 0x17b4, 0x17b5 }, { 0x180b, 0x180f }, { 0x2800, 0x2800 },
    { 0x3164, 0x3164 }, { 0xfe00, 0xfe0f }, { 0xffa0, 0xffa0 }, { 0xfff0, 0xfff8 }, { 0xe0000, 0xe0fff },
  };

  for (guint i = 0; i < G_N_ELEMENTS (ranges); i++)
    if (c >= ranges[i].first && c <= ranges[i].last)
      return TRUE;
  return FALSE;
}

/* Characters that move the cursor, change the terminal or the order in which text is read, or that nobody sees. */
static gboolean
is_harmful (gunichar c)
{
  if (c < 0x7f)
    return c < 0x20;
  switch (g_unichar_type (c))
    {
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
    case G_UNICODE_PRIVATE_USE:
    case G_UNICODE_SURROGATE:
    case G_UNICODE_UNASSIGNED:
      return TRUE;
    default:
      return is_blank_glyph (c);
    }
}

/* As JSON spells it, where more than four digits take two. */
static void
append_json_escape (GString  *out,
                    gunichar  c)
{
  if (c < 0x10000)
    g_string_append_printf (out, "\\u%04x", c);
  else
    g_string_append_printf (out, "\\u%04x\\u%04x", 0xd7c0 + (c >> 10), 0xdc00 + (c & 0x3ff));
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
    append_json_escape (printer->out, c);
  else
    g_string_append_unichar (printer->out, c);
  printer->at = g_utf8_next_char (printer->at);
}

/* Whether the key that begins here says that the message is an error. */
static gboolean
is_error_key (Printer *printer)
{
  static const char key[] = "\"error\"";

  return printer->at_key && printer->open->len == 1 && (printer->flags & TOOL_PRINT_MESSAGE) &&
         (gsize) (printer->end - printer->at) >= strlen (key) && strncmp (printer->at, key, strlen (key)) == 0;
}

static const char *
string_colour (Printer *printer)
{
  if (printer->open->len <= 1 && printer->at_key)
    printer->in_error = is_error_key (printer);
  if (printer->in_error)
    return "31";
  return printer->at_key ? "34" : "32";
}

static void
print_string (Printer *printer)
{
  gboolean escaped = FALSE;

  set_colour (printer, string_colour (printer));
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
  Printer printer = { out, json, json + length, open, FALSE, FALSE, flags };

  for (skip_blanks (&printer); printer.at < printer.end; skip_blanks (&printer))
    print_token (&printer);
}

static void
append_harmless (GString  *out,
                 gunichar  c)
{
  if (!is_harmful (c))
    g_string_append_unichar (out, c);
  else if (c < 0x100)
    g_string_append_printf (out, "\\x%02x", c);
  else if (c < 0x10000)
    g_string_append_printf (out, "\\u%04x", c);
  else
    g_string_append_printf (out, "\\U%08x", c);
}

/* Behind the character at text, which is appended. */
static const char *
take_harmless (GString    *out,
               const char *text,
               const char *end)
{
  gunichar c = *text == '\0' ? 0 : g_utf8_get_char_validated (text, end - text);

  if (c == (gunichar) -1 || c == (gunichar) -2)
    {
      g_string_append_unichar (out, 0xfffd);
      return text + 1;
    }
  if (c == '\n' || c == '\t')
    g_string_append_c (out, c);
  else if (c != '\r')
    append_harmless (out, c);
  else if (text + 1 == end || text[1] != '\n')
    g_string_append_c (out, '\n');
  return c == 0 ? text + 1 : g_utf8_next_char (text);
}

char *
tool_print_harmless_bytes (const char *data,
                           gsize       length)
{
  GString *out = g_string_sized_new (length);
  const char *end = data + length;

  while (data < end)
    data = take_harmless (out, data, end);
  return g_string_free (out, FALSE);
}

char *
tool_print_harmless (const char *text)
{
  return tool_print_harmless_bytes (text, strlen (text));
}

char *
tool_print_harmless_line (const char *text)
{
  g_autofree char *lines = tool_print_harmless (text);
  GString *out = g_string_sized_new (strlen (lines));

  for (const char *at = lines; *at != '\0'; at++)
    {
      if (*at == '\n' || *at == '\t')
        g_string_append (out, *at == '\n' ? "\\n" : "\\t");
      else
        g_string_append_c (out, *at);
    }
  return g_string_free (out, FALSE);
}

char *
tool_print_harmless_format (const char *format,
                            va_list     arguments)
{
  g_autofree char *text = g_strdup_vprintf (format, arguments);

  return tool_print_harmless_line (text);
}

gboolean
tool_print_wants_colour (FILE *stream)
{
  const char *no_color = g_getenv ("NO_COLOR");
  const char *term = g_getenv ("TERM");

  return isatty (fileno (stream)) && (no_color == NULL || *no_color == '\0') &&
         term != NULL && strcmp (term, "dumb") != 0;
}
