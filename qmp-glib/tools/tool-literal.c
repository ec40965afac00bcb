/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tool-literal.h"

#include <glib/gi18n.h>
#include <string.h>

#define MAX_DEPTH 1000
/* Making hexadecimal digits decimal takes the square of their number. */
#define MAX_RADIX_DIGITS 4096

typedef struct {
  const char *at;
  ToolSyntax  syntax;
  guint       depth;
  GError     *error;
} Reader;

static ToolValue *read_value (Reader *reader);

G_DEFINE_QUARK (qmp-tool-error-quark, tool_error)

/* Returns NULL, for the caller to return. The first failure is the one that counts. */
static gpointer
fail (Reader     *reader,
      ToolError   code,
      const char *message)
{
  if (reader->error == NULL)
    reader->error = g_error_new_literal (TOOL_ERROR, code, message);
  return NULL;
}

static gpointer
fail_here (Reader *reader)
{
  if (*reader->at == '\0')
    return fail (reader, TOOL_ERROR_UNFINISHED, _("The value ends too early"));
  return fail (reader, TOOL_ERROR_NO_LITERAL, _("This is not how JSON or Python write a value"));
}

static gboolean
is_python (Reader *reader)
{
  return reader->syntax == TOOL_SYNTAX_PYTHON;
}

static void
skip_blanks (Reader *reader)
{
  while (*reader->at != '\0' && strchr (is_python (reader) ? " \t\r\n\f" : " \t\r\n", *reader->at) != NULL)
    reader->at++;
}

static gboolean
is_name_char (char c)
{
  return g_ascii_isalnum (c) || c == '_' || (guchar) c >= 0x80;
}

/* --- numbers --- */

/* Python lets underscores stand between digits. */
static gboolean
take_digits (Reader  *reader,
             GString *out)
{
  if (!g_ascii_isdigit (*reader->at))
    return FALSE;
  for (;;)
    {
      g_string_append_c (out, *reader->at++);
      if (is_python (reader) && *reader->at == '_' && g_ascii_isdigit (reader->at[1]))
        reader->at++;
      else if (!g_ascii_isdigit (*reader->at))
        return TRUE;
    }
}

/* number, in decimal digits, least significant first: number * base + digit */
static void
multiply_add (GByteArray *number,
              guint       base,
              guint       digit)
{
  for (guint i = 0; i < number->len; i++)
    {
      digit += number->data[i] * base;
      number->data[i] = digit % 10;
      digit /= 10;
    }
  for (; digit > 0; digit /= 10)
    {
      guint8 last = digit % 10;

      g_byte_array_append (number, &last, 1);
    }
}

static gboolean
is_digit_of (char  c,
             guint base)
{
  int digit = g_ascii_xdigit_value (c);

  return digit >= 0 && (guint) digit < base;
}

/* Behind "0x" and the like. */
static ToolValue *
read_radix (Reader  *reader,
            guint    base,
            GString *sign)
{
  g_autoptr(GByteArray) number = g_byte_array_new ();
  guint n_digits = 0;

  for (;; n_digits++)
    {
      if (*reader->at == '_' && is_digit_of (reader->at[1], base))
        reader->at++;
      if (!is_digit_of (*reader->at, base))
        break;
      if (n_digits == MAX_RADIX_DIGITS)
        return fail (reader, TOOL_ERROR_UNSENDABLE, _("The number has too many digits"));
      multiply_add (number, base, g_ascii_xdigit_value (*reader->at++));
    }
  if (n_digits == 0 || is_name_char (*reader->at))
    return fail_here (reader);
  if (number->len == 0)
    return tool_value_new_text (g_strdup ("0"));
  for (guint i = number->len; i > 0; i--)
    g_string_append_c (sign, '0' + number->data[i - 1]);
  return tool_value_new_text (g_strdup (sign->str));
}

static guint
radix_of (char letter)
{
  switch (g_ascii_tolower (letter))
    {
    case 'x':
      return 16;
    case 'o':
      return 8;
    case 'b':
      return 2;
    default:
      return 0;
    }
}

static gboolean
take_exponent (Reader  *reader,
               GString *out)
{
  if (*reader->at != 'e' && *reader->at != 'E')
    return TRUE;
  g_string_append_c (out, *reader->at++);
  if (*reader->at == '+' || *reader->at == '-')
    g_string_append_c (out, *reader->at++);
  return take_digits (reader, out);
}

/* JSON wants a digit on both sides of the point; Python does with one. */
static gboolean
take_fraction (Reader   *reader,
               gboolean  has_whole,
               GString  *out)
{
  if (*reader->at != '.')
    return has_whole;
  if (!has_whole)
    {
      if (!is_python (reader))
        return FALSE;
      g_string_append_c (out, '0');
    }
  g_string_append_c (out, *reader->at++);
  if (take_digits (reader, out))
    return TRUE;
  if (!is_python (reader) || !has_whole)
    return FALSE;
  g_string_append_c (out, '0');
  return TRUE;
}

/* Python has 007.5, and 00, but not 007. */
static gboolean
mend_zeros (GString  *text,
            gsize     start,
            gboolean  is_whole,
            gboolean  python)
{
  gsize n_zeros = strspn (text->str + start, "0");

  if (n_zeros > 0 && !g_ascii_isdigit (text->str[start + n_zeros]))
    n_zeros--;
  if (n_zeros == 0)
    return TRUE;
  if (!python || (is_whole && text->str[start + n_zeros] != '0'))
    return FALSE;
  g_string_erase (text, start, n_zeros);
  return TRUE;
}

static ToolValue *
read_number (Reader *reader)
{
  g_autoptr(GString) text = g_string_new (NULL);
  const char *before;
  gsize start, whole_end;
  gboolean has_whole;

  if (*reader->at == '-')
    g_string_append_c (text, '-');
  if (*reader->at == '-' || (*reader->at == '+' && is_python (reader)))
    {
      reader->at++;
      if (is_python (reader))
        skip_blanks (reader);
    }
  if (is_python (reader) && *reader->at == '0' && radix_of (reader->at[1]) > 0)
    {
      guint base = radix_of (reader->at[1]);

      reader->at += 2;
      return read_radix (reader, base, text);
    }
  start = text->len;
  before = reader->at;
  has_whole = take_digits (reader, text);
  whole_end = text->len;
  if (!take_fraction (reader, has_whole, text) || !take_exponent (reader, text))
    return fail_here (reader);
  if (reader->at > before && is_python (reader) && g_ascii_tolower (*reader->at) == 'j')
    return fail (reader, TOOL_ERROR_UNSENDABLE, _("JSON has no complex numbers"));
  if (is_name_char (*reader->at) || !mend_zeros (text, start, whole_end == text->len, is_python (reader)))
    return fail (reader, TOOL_ERROR_NO_LITERAL, _("The number is not well written"));
  if (is_python (reader) && strcmp (text->str, "-0") == 0)
    g_string_assign (text, "0");
  return tool_value_new_text (g_strdup (text->str));
}

/* --- strings --- */

typedef struct {
  GString  *text;
  gunichar  high;   /* the first half of a surrogate pair that waits for the second; or 0 */
} Decoded;

static gboolean
add_code (Reader   *reader,
          Decoded  *decoded,
          gunichar  code)
{
  gboolean is_low = code >= 0xdc00 && code < 0xe000;

  if (is_low != (decoded->high != 0) || code > 0x10ffff)
    {
      fail (reader, TOOL_ERROR_UNSENDABLE, _("The string has half a surrogate pair"));
      return FALSE;
    }
  if (code >= 0xd800 && code < 0xdc00)
    {
      decoded->high = code;
      return TRUE;
    }
  if (is_low)
    code = 0x10000 + ((decoded->high - 0xd800) << 10) + (code - 0xdc00);
  decoded->high = 0;
  g_string_append_unichar (decoded->text, code);
  return TRUE;
}

/* n_digits of the given base, from at least n_least on. */
static gboolean
take_code (Reader  *reader,
           Decoded *decoded,
           guint    base,
           guint    n_least,
           guint    n_digits)
{
  gunichar code = 0;
  guint i;

  for (i = 0; i < n_digits && is_digit_of (*reader->at, base); i++)
    code = code * base + g_ascii_xdigit_value (*reader->at++);
  if (i < n_least)
    {
      fail (reader, TOOL_ERROR_NO_LITERAL, _("The string has a bad escape sequence"));
      return FALSE;
    }
  return add_code (reader, decoded, code);
}

static gboolean
take_python_escape (Reader  *reader,
                    Decoded *decoded)
{
  char c = *reader->at;

  if (c >= '0' && c <= '7')
    return take_code (reader, decoded, 8, 1, 3);
  reader->at++;
  switch (c)
    {
    case '\n':
      return TRUE;
    case '\'':
      return add_code (reader, decoded, '\'');
    case 'a':
      return add_code (reader, decoded, '\a');
    case 'v':
      return add_code (reader, decoded, '\v');
    case 'x':
      return take_code (reader, decoded, 16, 2, 2);
    case 'U':
      return take_code (reader, decoded, 16, 8, 8);
    case 'N':
      fail (reader, TOOL_ERROR_UNSENDABLE, _("Characters cannot be given by name"));
      return FALSE;
    default:
      /* Python leaves what it does not know. */
      reader->at--;
      return add_code (reader, decoded, '\\');
    }
}

/* Behind the backslash. */
static gboolean
take_escape (Reader  *reader,
             Decoded *decoded)
{
  static const char names[] = "\"\\bfnrt";
  static const char codes[] = "\"\\\b\f\n\r\t";
  char c = *reader->at;
  const char *known = c != '\0' ? strchr (names, c) : NULL;

  if (known != NULL)
    {
      reader->at++;
      return add_code (reader, decoded, codes[known - names]);
    }
  if (c == 'u')
    {
      reader->at++;
      return take_code (reader, decoded, 16, 4, 4);
    }
  if (is_python (reader) && c != '\0')
    return take_python_escape (reader, decoded);
  if (c == '/')
    {
      reader->at++;
      return add_code (reader, decoded, '/');
    }
  fail (reader, TOOL_ERROR_NO_LITERAL, _("The string has a bad escape sequence"));
  return FALSE;
}

/* From behind the opening quote to behind the closing one. */
static gboolean
take_string (Reader   *reader,
             char      quote,
             gboolean  raw,
             Decoded  *decoded)
{
  while (*reader->at != quote)
    {
      gboolean backslash = *reader->at == '\\';

      if (*reader->at == '\0' || *reader->at == '\n' || (!is_python (reader) && (guchar) *reader->at < 0x20))
        {
          fail (reader, TOOL_ERROR_NO_LITERAL, _("The string has no closing quote"));
          return FALSE;
        }
      if (backslash && !raw)
        {
          reader->at++;
          if (!take_escape (reader, decoded))
            return FALSE;
          continue;
        }
      if (!add_code (reader, decoded, g_utf8_get_char (reader->at)))
        return FALSE;
      reader->at = g_utf8_next_char (reader->at);
      /* In a raw string a backslash stays, and so does the quote behind it. */
      if (backslash && *reader->at == quote && !add_code (reader, decoded, (gunichar) *reader->at++))
        return FALSE;
    }
  reader->at++;
  return TRUE;
}

/* How many letters stand before the quote: 0 for a quote, -1 if there is no string here. */
static int
string_prefix (Reader *reader)
{
  gsize length = is_python (reader) ? strspn (reader->at, "rRuUbBfF") : 0;
  char quote = reader->at[length];

  if (length > 2 || (quote != '"' && (quote != '\'' || !is_python (reader))))
    return -1;
  return length;
}

static gboolean
check_prefix (Reader *reader,
              int     length)
{
  if (length > 0 && strpbrk (reader->at, "bB") != NULL && strpbrk (reader->at, "bB") < reader->at + length)
    {
      fail (reader, TOOL_ERROR_UNSENDABLE, _("JSON has no byte strings"));
      return FALSE;
    }
  if (length > 1 || (length == 1 && strchr ("fF", *reader->at) != NULL))
    {
      fail_here (reader);
      return FALSE;
    }
  return TRUE;
}

/* Adjacent strings are one, in Python. */
static ToolValue *
read_string (Reader *reader)
{
  g_autoptr(GString) text = g_string_new (NULL);
  Decoded decoded = { text, 0 };
  const char *end;

  for (;;)
    {
      int length = string_prefix (reader);
      gboolean raw = length == 1 && g_ascii_tolower (*reader->at) == 'r';
      char quote;

      if (!check_prefix (reader, length))
        return NULL;
      reader->at += length;
      quote = *reader->at++;
      if (!take_string (reader, quote, raw, &decoded))
        return NULL;
      end = reader->at;
      if (!is_python (reader))
        break;
      skip_blanks (reader);
      if (string_prefix (reader) < 0)
        break;
    }
  reader->at = end;
  if (decoded.high != 0)
    return fail (reader, TOOL_ERROR_UNSENDABLE, _("The string has half a surrogate pair"));
  return tool_value_new_string (text->str, text->len);
}

/* --- what holds others --- */

/* After an item: takes the comma or sees the end. FALSE when it is neither. */
static gboolean
take_comma (Reader   *reader,
            char      close,
            gboolean *comma)
{
  skip_blanks (reader);
  *comma = *reader->at == ',';
  if (*comma)
    {
      reader->at++;
      skip_blanks (reader);
      return *reader->at != close || is_python (reader);
    }
  return *reader->at == close;
}

/* An array, or a tuple; parentheses around a single value do not make one. */
static ToolValue *
read_items (Reader *reader,
            char    close)
{
  g_autoptr(GString) out = g_string_new ("[");
  g_autoptr(ToolValue) only = NULL;
  gboolean comma = FALSE;
  guint n_items = 0;

  reader->at++;
  skip_blanks (reader);
  while (*reader->at != close)
    {
      g_clear_pointer (&only, tool_value_free);
      only = read_value (reader);
      if (only == NULL)
        return NULL;
      if (n_items++ > 0)
        g_string_append_c (out, ',');
      tool_value_append_to (only, out);
      if (!take_comma (reader, close, &comma))
        return fail_here (reader);
    }
  reader->at++;
  if (close == ')' && n_items == 1 && !comma)
    return g_steal_pointer (&only);
  g_string_append_c (out, ']');
  return tool_value_new_text (g_strdup (out->str));
}

/* Python's dictionaries have keys of all kinds; JSON's json.dumps() makes strings of them. */
static char *
read_key (Reader *reader)
{
  g_autoptr(ToolValue) key = NULL;
  const char *text;

  if (!is_python (reader) && *reader->at != '"')
    return fail_here (reader);
  key = read_value (reader);
  if (key == NULL)
    return NULL;
  text = tool_value_get_text (key);
  if (text == NULL || text[0] == '[')
    return fail (reader, TOOL_ERROR_UNSENDABLE, _("A key must be a string"));
  return text[0] == '"' ? g_strdup (text) : g_strdup_printf ("\"%s\"", text);
}

static gboolean
take_colon (Reader *reader)
{
  skip_blanks (reader);
  if (*reader->at == ':')
    {
      reader->at++;
      skip_blanks (reader);
      return TRUE;
    }
  if (is_python (reader) && (*reader->at == ',' || *reader->at == '}'))
    fail (reader, TOOL_ERROR_UNSENDABLE, _("JSON has no sets; an object has “key: value”"));
  else
    fail_here (reader);
  return FALSE;
}

static ToolValue *
read_object (Reader *reader)
{
  g_autoptr(ToolValue) object = tool_value_new_object ();
  gboolean comma;

  reader->at++;
  skip_blanks (reader);
  while (*reader->at != '}')
    {
      g_autofree char *key = read_key (reader);
      ToolValue *value;

      if (key == NULL || !take_colon (reader))
        return NULL;
      value = read_value (reader);
      if (value == NULL)
        return NULL;
      tool_value_set (object, key, value);
      if (!take_comma (reader, '}', &comma))
        return fail_here (reader);
    }
  reader->at++;
  return g_steal_pointer (&object);
}

/* --- names --- */

static ToolValue *
read_name (Reader *reader)
{
  static const struct {
    const char *name;
    const char *json;
    gboolean    python;
  } names[] = {
    { "true", "true", FALSE }, { "false", "false", FALSE }, { "null", "null", FALSE },
    { "True", "true", TRUE }, { "False", "false", TRUE }, { "None", "null", TRUE },
  };
  const char *end = reader->at;
  g_autofree char *name = NULL;

  while (is_name_char (*end))
    end++;
  name = g_strndup (reader->at, end - reader->at);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      if (strcmp (name, names[i].name) != 0 || (names[i].python && !is_python (reader)))
        continue;
      reader->at = end;
      return tool_value_new_text (g_strdup (names[i].json));
    }
  if (strcmp (name, "NaN") == 0 || strcmp (name, "Infinity") == 0)
    return fail (reader, TOOL_ERROR_UNSENDABLE, _("JSON has no numbers that are not finite"));
  return fail_here (reader);
}

static ToolValue *
read_any (Reader *reader)
{
  char c = *reader->at;

  if (string_prefix (reader) >= 0)
    return read_string (reader);
  if (c == '{')
    return read_object (reader);
  if (c == '[')
    return read_items (reader, ']');
  if (c == '(' && is_python (reader))
    return read_items (reader, ')');
  if (g_str_has_prefix (reader->at, "-Infinity"))
    return fail (reader, TOOL_ERROR_UNSENDABLE, _("JSON has no numbers that are not finite"));
  if (is_python (reader) && g_str_has_prefix (reader->at, "..."))
    return fail (reader, TOOL_ERROR_UNSENDABLE, _("JSON has no “...”"));
  if (c != '\0' && (g_ascii_isdigit (c) || strchr ("+-.", c) != NULL))
    return read_number (reader);
  return read_name (reader);
}

static ToolValue *
read_value (Reader *reader)
{
  ToolValue *value;

  if (reader->depth == MAX_DEPTH)
    return fail (reader, TOOL_ERROR_UNSENDABLE, _("The value is nested too deep"));
  reader->depth++;
  value = read_any (reader);
  reader->depth--;
  return value;
}

ToolValue *
tool_literal_read (const char  *text,
                   ToolSyntax   syntax,
                   const char **end,
                   GError     **error)
{
  Reader reader = { text, syntax, 0, NULL };
  ToolValue *value = read_value (&reader);

  *end = reader.at;
  if (reader.error != NULL)
    g_propagate_error (error, reader.error);
  return value;
}

static ToolValue *
read_whole (const char  *text,
            ToolSyntax   syntax,
            const char **end,
            GError     **error)
{
  g_autoptr(ToolValue) value = tool_literal_read (text, syntax, end, error);

  if (value == NULL || **end == '\0')
    return g_steal_pointer (&value);
  g_set_error_literal (error, TOOL_ERROR, TOOL_ERROR_NO_LITERAL, _("Something follows the value"));
  return NULL;
}

ToolValue *
tool_literal_read_all (const char  *text,
                       const char **end,
                       GError     **error)
{
  g_autoptr(GError) json_error = NULL;
  ToolValue *value = read_whole (text, TOOL_SYNTAX_JSON, end, &json_error);

  if (value == NULL && !g_error_matches (json_error, TOOL_ERROR, TOOL_ERROR_UNSENDABLE))
    return read_whole (text, TOOL_SYNTAX_PYTHON, end, error);
  if (json_error != NULL)
    g_propagate_error (error, g_steal_pointer (&json_error));
  return value;
}
