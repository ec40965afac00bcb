/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <math.h>
#include <string.h>

#include "json/qmp-json-text-private.h"
#include "json/qmp-json-walk-private.h"

/* Each function here trusts that the text is valid, but still stops at its end. */

const char *
qmp_json_skip_spaces (const char *p,
                      const char *end)
{
  return qmp_json_walk_spaces (p, end);
}

const char *
qmp_json_walk_rest_of_string (const char *p,
                              const char *end)
{
  while (p < end && *p != '"')
    p = (const char *) qmp_json_scan_plain ((const guint8 *) (*p == '\\' ? p + 2 : p + 1), (const guint8 *) end);

  return p < end ? p + 1 : end;
}

static inline const char *
skip_string (const char *p,
             const char *end)
{
  gboolean plain;

  return qmp_json_walk_string (p, end, &plain);
}

const char *
qmp_json_walk_container (const char *p,
                         const char *end)
{
  gsize depth = 0;

  while (p < end)
    {
      if (*p == '"')
        {
          p = skip_string (p, end);
          continue;
        }
      if (*p == '{' || *p == '[')
        depth++;
      else if (*p == '}' || *p == ']')
        depth--;
      p++;
      if (depth == 0)
        break;
    }

  return p;
}

const char *
qmp_json_skip_value (const char *p,
                     const char *end)
{
  return qmp_json_walk_value (p, end);
}

/* The cursor. */

void
qmp_json_cursor_init (QmpJsonCursor *self,
                      const char    *text,
                      gsize          length)
{
  self->end = text + length;
  self->position = qmp_json_walk_spaces (text, self->end);
  if (self->position < self->end)
    self->position++;
}

gboolean
qmp_json_cursor_next_element (QmpJsonCursor *self,
                              QmpJsonSlice  *value)
{
  return qmp_json_walk_next_element (self, value);
}

gboolean
qmp_json_cursor_next_member (QmpJsonCursor *self,
                             QmpJsonSlice  *key,
                             QmpJsonSlice  *value)
{
  gboolean plain;

  return qmp_json_walk_next_member (self, key, &plain, value);
}

/* Strings. */

static gunichar
read_hex4 (const char *p)
{
  gunichar unit = 0;

  for (guint i = 0; i < 4; i++)
    unit = unit * 16 + g_ascii_xdigit_value (p[i]);

  return unit;
}

/* p: after the backslash. Returns the character, and moves p to after its escape. */
static gunichar
read_escape (const char **p)
{
  gunichar unit;
  char kind = *(*p)++;

  switch (kind)
    {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'u':
      unit = read_hex4 (*p);
      *p += 4;
      break;
    default:
      return kind;
    }

  if (unit >= 0xd800 && unit <= 0xdbff)
    {
      unit = 0x10000 + ((unit - 0xd800) << 10) + (read_hex4 (*p + 2) - 0xdc00);
      *p += 6;
    }

  return unit;
}

void
qmp_json_append_unescaped (GString    *out,
                           const char *text,
                           gsize       length,
                           const char *nul)
{
  const char *p = text + 1;
  const char *end = text + length - 1;

  while (p < end)
    {
      const char *escape = memchr (p, '\\', end - p);
      gunichar character;

      g_string_append_len (out, p, (escape != NULL ? escape : end) - p);
      if (escape == NULL)
        return;

      p = escape + 1;
      character = read_escape (&p);
      if (character != 0)
        g_string_append_unichar (out, character);
      else if (nul != NULL)
        g_string_append (out, nul);
      else
        g_string_append_c (out, '\0');
    }
}

static gboolean
has_escape (const char *text,
            gsize       length)
{
  return memchr (text, '\\', length) != NULL;
}

/* g_strndup() looks for a NUL, which there is not. */
static char *
dup_plain (const char *text,
           gsize       length)
{
  char *copy = g_malloc (length + 1);

  memcpy (copy, text, length);
  copy[length] = '\0';
  return copy;
}

char *
qmp_json_dup_string (const char *text,
                     gsize       length)
{
  g_autoptr(GString) out = NULL;

  if (!has_escape (text, length))
    return dup_plain (text + 1, length - 2);

  out = g_string_sized_new (length);
  qmp_json_append_unescaped (out, text, length, QMP_JSON_REPLACEMENT_CHARACTER);
  return g_string_free (g_steal_pointer (&out), FALSE);
}

gboolean
qmp_json_string_equal (const char *text,
                       gsize       length,
                       const char *plain)
{
  gsize plain_length = strlen (plain);
  g_autoptr(GString) out = NULL;

  if (!has_escape (text, length))
    return plain_length == length - 2 && memcmp (text + 1, plain, plain_length) == 0;

  /* Unescaped it is shorter, by a factor of 6 at most. */
  if (plain_length > length || length > 6 * plain_length + 2)
    return FALSE;

  out = g_string_sized_new (length);
  qmp_json_append_unescaped (out, text, length, NULL);
  return out->len == plain_length && memcmp (out->str, plain, plain_length) == 0;
}

/* The two letter escape of a control character, 0 if there is none. */
static char
short_escape (guint8 c)
{
  switch (c)
    {
    case '"':
    case '\\':
      return c;
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return 0;
    }
}

void
qmp_json_append_escaped (GString    *out,
                         const char *string,
                         gsize       length)
{
  const char *end = string + length;

  g_string_append_c (out, '"');
  for (const char *p = string; p < end;)
    {
      const char *start = p;

      while (p < end && (guint8) *p >= 0x20 && *p != '"' && *p != '\\')
        p++;
      g_string_append_len (out, start, p - start);
      if (p == end)
        break;

      if (short_escape (*p) != 0)
        {
          g_string_append_c (out, '\\');
          g_string_append_c (out, short_escape (*p));
        }
      else
        {
          g_string_append_printf (out, "\\u%04x", *p);
        }
      p++;
    }
  g_string_append_c (out, '"');
}

const char *
qmp_json_find_noncharacter (const char *string,
                            gsize       length)
{
  const char *end = string + length;

  for (const char *p = string; p < end; p = g_utf8_next_char (p))
    {
      gunichar character;

      if ((guint8) *p < 0xef)
        continue;
      character = g_utf8_get_char (p);
      if ((character & 0xfffe) == 0xfffe || (character >= 0xfdd0 && character <= 0xfdef))
        return p;
    }

  return NULL;
}

/* Numbers. */

/* So many digits always fit. */
#define SAFE_DIGITS 19

gboolean
qmp_json_get_uint64 (const char *text,
                     gsize       length,
                     guint64    *value)
{
  guint64 result = 0;
  const char *p = length == 2 && text[0] == '-' && text[1] == '0' ? text + 1 : text;
  const char *end = text + length;
  const char *safe_end = text + MIN (length, SAFE_DIGITS);

  for (; p < safe_end && (guint8) (*p - '0') < 10; p++)
    result = result * 10 + (guint8) (*p - '0');
  for (; p < end && (guint8) (*p - '0') < 10; p++)
    if (!g_uint64_checked_mul (&result, result, 10) || !g_uint64_checked_add (&result, result, (guint8) (*p - '0')))
      return FALSE;

  if (length == 0 || p < end)
    return FALSE;

  *value = result;
  return TRUE;
}

gboolean
qmp_json_get_int64 (const char *text,
                    gsize       length,
                    gint64     *value)
{
  gboolean negative = length > 1 && text[0] == '-';
  guint64 magnitude;

  if (!qmp_json_get_uint64 (text + negative, length - negative, &magnitude))
    return FALSE;

  if (magnitude > (guint64) G_MAXINT64 + negative)
    return FALSE;

  *value = negative ? (gint64) -magnitude : (gint64) magnitude;
  return TRUE;
}

double
qmp_json_get_double (const char *text,
                     gsize       length)
{
  char digits[64];
  g_autofree char *copy = NULL;

  if (length >= sizeof digits)
    {
      copy = g_strndup (text, length);
      return g_ascii_strtod (copy, NULL);
    }

  memcpy (digits, text, length);
  digits[length] = '\0';
  return g_ascii_strtod (digits, NULL);
}

/* Takes "e+05" to "e5" and "e-05" to "e-5". */
static void
append_short_exponent (GString    *out,
                       const char *digits)
{
  const char *exponent = strchr (digits, 'e');

  if (exponent == NULL)
    {
      g_string_append (out, digits);
      return;
    }

  g_string_append_len (out, digits, exponent + 1 - digits);
  exponent++;
  if (*exponent == '-')
    g_string_append_c (out, '-');
  g_string_append (out, exponent + strspn (exponent, "+-0"));
}

void
qmp_json_append_digits (GString *out,
                        double   value)
{
  char digits[G_ASCII_DTOSTR_BUF_SIZE];
  char format[] = "%.00g";

  for (guint precision = 1; precision <= 17; precision++)
    {
      format[2] = '0' + precision / 10;
      format[3] = '0' + precision % 10;
      g_ascii_formatd (digits, sizeof digits, format, value);
      if (g_ascii_strtod (digits, NULL) == value)
        break;
    }

  append_short_exponent (out, digits);
}

/* The same text in other forms. */

void
qmp_json_append_compact (GString    *out,
                         const char *text,
                         gsize       length)
{
  const char *end = text + length;
  const char *start = qmp_json_skip_spaces (text, end);
  const char *p = start;

  while (p < end)
    {
      if (*p == '"')
        {
          p = skip_string (p, end);
        }
      else if (qmp_json_walk_is_space (*p))
        {
          g_string_append_len (out, start, p - start);
          start = p = qmp_json_skip_spaces (p, end);
        }
      else
        {
          p++;
        }
    }
  g_string_append_len (out, start, end - start);
}

static void
append_line (GString *out,
             gsize    depth)
{
  gsize length = out->len + 1;

  g_string_append_c (out, '\n');
  g_string_set_size (out, length + 2 * depth);
  memset (out->str + length, ' ', 2 * depth);
}

/* Each closing bracket is preceded by a new line, unless nothing is between the brackets. */
static const char *
append_pretty_open (GString    *out,
                    const char *p,
                    const char *end,
                    gsize      *depth)
{
  const char *next = qmp_json_skip_spaces (p + 1, end);

  g_string_append_c (out, *p);
  if (next < end && (*next == '}' || *next == ']'))
    {
      g_string_append_c (out, *next);
      return next + 1;
    }

  (*depth)++;
  append_line (out, *depth);
  return next;
}

void
qmp_json_append_pretty (GString    *out,
                        const char *text,
                        gsize       length)
{
  const char *end = text + length;
  const char *p = qmp_json_skip_spaces (text, end);
  gsize depth = 0;

  while (p < end)
    {
      const char *start = p;

      switch (*p)
        {
        case '{':
        case '[':
          p = append_pretty_open (out, p, end, &depth);
          break;

        case '}':
        case ']':
          depth -= depth > 0;
          append_line (out, depth);
          g_string_append_c (out, *p++);
          break;

        case ',':
          g_string_append_c (out, *p++);
          append_line (out, depth);
          break;

        case ':':
          g_string_append (out, ": ");
          p++;
          break;

        default:
          p = qmp_json_skip_value (p, end);
          g_string_append_len (out, start, p - start);
          break;
        }
      p = qmp_json_skip_spaces (p, end);
    }
}

/* One member of an object whose canonical form is being made. */
typedef struct {
  char  *key;    /* unescaped; may have NULs in it */
  gsize  length;
  gsize  index;  /* among the members of its object */
  gsize  start;  /* where "key":value stands in out */
  gsize  end;
} Member;

static void
member_clear (gpointer data)
{
  Member *member = data;

  g_free (member->key);
}

static int
compare_keys (const char *a,
              gsize       a_length,
              const char *b,
              gsize       b_length)
{
  int order = memcmp (a, b, MIN (a_length, b_length));

  if (order != 0)
    return order;

  return (a_length > b_length) - (a_length < b_length);
}

static int
compare_members (gconstpointer a,
                 gconstpointer b)
{
  const Member *left = a;
  const Member *right = b;
  int order = compare_keys (left->key, left->length, right->key, right->length);

  if (order != 0)
    return order;

  return (left->index > right->index) - (left->index < right->index);
}

/* Puts the members, which stand in out from start on, into order. */
static void
sort_members (GString *out,
              gsize    start,
              GArray  *members)
{
  g_autoptr(GString) sorted = g_string_sized_new (out->len - start);

  g_array_sort (members, compare_members);
  for (guint i = 0; i < members->len; i++)
    {
      const Member *member = &g_array_index (members, Member, i);
      const Member *next = member + 1;

      if (i + 1 < members->len
          && compare_keys (member->key, member->length, next->key, next->length) == 0)
        continue;
      if (sorted->len > 0)
        g_string_append_c (sorted, ',');
      g_string_append_len (sorted, out->str + member->start, member->end - member->start);
    }

  g_string_truncate (out, start);
  g_string_append_len (out, sorted->str, sorted->len);
}

static void
append_canonical_string (GString    *out,
                         const char *text,
                         gsize       length)
{
  g_autoptr(GString) plain = NULL;

  if (!has_escape (text, length))
    {
      g_string_append_len (out, text, length);
      return;
    }

  plain = g_string_sized_new (length);
  qmp_json_append_unescaped (plain, text, length, NULL);
  qmp_json_append_escaped (out, plain->str, plain->len);
}

static gboolean
is_integer (const char *text,
            gsize       length)
{
  if (length > 0 && text[0] != '-' && !g_ascii_isdigit (text[0]))
    return FALSE;

  for (gsize i = 1; i < length; i++)
    if (!g_ascii_isdigit (text[i]))
      return FALSE;

  return length > 0;
}

static void
append_canonical_number (GString    *out,
                         const char *text,
                         gsize       length)
{
  /* Up to here each integer is a double of its own. */
  const double max_exact = 9007199254740992.0;
  double value;

  if (is_integer (text, length))
    {
      if (length == 2 && memcmp (text, "-0", 2) == 0)
        g_string_append_c (out, '0');
      else
        g_string_append_len (out, text, length);
      return;
    }

  value = qmp_json_get_double (text, length);
  if (!isfinite (value))
    g_string_append_len (out, text, length);
  else if (fabs (value) < max_exact && value == floor (value))
    g_string_append_printf (out, "%" G_GINT64_FORMAT, (gint64) value);
  else
    qmp_json_append_digits (out, value);
}

static const char *append_canonical_value (GString    *out,
                                           const char *p,
                                           const char *end);

static const char *
append_canonical_array (GString    *out,
                        const char *p,
                        const char *end)
{
  p = qmp_json_skip_spaces (p + 1, end);
  g_string_append_c (out, '[');
  while (p < end && *p != ']')
    {
      if (*p == ',')
        {
          g_string_append_c (out, ',');
          p = qmp_json_skip_spaces (p + 1, end);
        }
      p = qmp_json_skip_spaces (append_canonical_value (out, p, end), end);
    }
  g_string_append_c (out, ']');

  return p < end ? p + 1 : end;
}

/* Appends "key":value, and fills member in. */
static const char *
append_canonical_member (GString    *out,
                         const char *p,
                         const char *end,
                         Member     *member)
{
  const char *key_end = skip_string (p, end);
  GString *key = g_string_new (NULL);

  qmp_json_append_unescaped (key, p, key_end - p, NULL);
  member->start = out->len;
  qmp_json_append_escaped (out, key->str, key->len);
  member->length = key->len;
  member->key = g_string_free (key, FALSE);

  p = qmp_json_skip_spaces (key_end, end);
  g_string_append_c (out, ':');
  p = append_canonical_value (out, qmp_json_skip_spaces (p + 1, end), end);
  member->end = out->len;
  return p;
}

static const char *
append_canonical_object (GString    *out,
                         const char *p,
                         const char *end)
{
  g_autoptr(GArray) members = g_array_new (FALSE, FALSE, sizeof (Member));
  gboolean in_order = TRUE;
  gsize start;

  g_array_set_clear_func (members, member_clear);
  g_string_append_c (out, '{');
  start = out->len;
  p = qmp_json_skip_spaces (p + 1, end);
  while (p < end && *p != '}')
    {
      Member member = { .index = members->len };

      if (*p == ',')
        {
          g_string_append_c (out, ',');
          p = qmp_json_skip_spaces (p + 1, end);
        }
      p = qmp_json_skip_spaces (append_canonical_member (out, p, end, &member), end);
      g_array_append_val (members, member);
      if (member.index > 0)
        {
          const Member *previous = &g_array_index (members, Member, member.index - 1);

          in_order = in_order && compare_keys (previous->key, previous->length,
                                               member.key, member.length) < 0;
        }
    }
  if (!in_order)
    sort_members (out, start, members);
  g_string_append_c (out, '}');

  return p < end ? p + 1 : end;
}

/* p: at the value's first character. Returns the place after it. */
static const char *
append_canonical_value (GString    *out,
                        const char *p,
                        const char *end)
{
  const char *value_end;

  if (p == end)
    return end;
  if (*p == '{')
    return append_canonical_object (out, p, end);
  if (*p == '[')
    return append_canonical_array (out, p, end);

  value_end = qmp_json_skip_value (p, end);
  if (*p == '"')
    append_canonical_string (out, p, value_end - p);
  else if (*p == '-' || g_ascii_isdigit (*p))
    append_canonical_number (out, p, value_end - p);
  else
    g_string_append_len (out, p, value_end - p);

  return value_end;
}

void
qmp_json_append_canonical (GString    *out,
                           const char *text,
                           gsize       length)
{
  append_canonical_value (out, qmp_json_skip_spaces (text, text + length), text + length);
}
