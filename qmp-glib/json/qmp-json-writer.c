/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "core/qmp-error-private.h"
#include "json/qmp-json-reader-private.h"
#include "json/qmp-json-scan-private.h"
#include "json/qmp-json-text-private.h"
#include "json/qmp-json-writer-private.h"

/* As deep as QEMU takes it. */
#define MAX_DEPTH 1024

/* Strings. */

/* The first byte that is not UTF-8; NULL if all is. A NUL is a character like any other here. */
static const char *
find_invalid_utf8 (const char *string,
                   gsize       length)
{
  const char *end = string + length;
  const char *p = string;

  while (p < end)
    {
      if (g_utf8_validate (p, end - p, &p))
        return NULL;
      if (*p != '\0')
        return p;
      p++;
    }

  return NULL;
}

static gboolean
refuse_string (const char  *string,
               gsize        length,
               const char  *bad,
               const char  *complaint,
               GError     **error)
{
  g_propagate_error (error,
                     qmp_protocol_error_new_for_value (QMP_PROTOCOL_ERROR_SERIALIZATION,
                                                       string, length, bad - string, complaint));
  return FALSE;
}

/* ASCII that needs no escapes, as nearly everything is. */
static gboolean
is_plain (const char *string,
          gsize       length)
{
  const guint8 *bytes = (const guint8 *) string;

  return qmp_json_scan_plain (bytes, bytes + length) == bytes + length;
}

static void
append_plain (GString    *out,
              const char *string,
              gsize       length)
{
  gsize start = out->len;
  char *p;

  g_string_set_size (out, start + length + strlen ("\"\""));
  p = out->str + start;
  *p++ = '"';
  p = mempcpy (p, string, length);
  *p = '"';
}

gboolean
qmp_json_append_string (GString     *out,
                        const char  *string,
                        gssize       length,
                        GError     **error)
{
  gsize size = length >= 0 ? (gsize) length : strlen (string);
  const char *bad;

  if (is_plain (string, size))
    {
      append_plain (out, string, size);
      return TRUE;
    }

  bad = find_invalid_utf8 (string, size);
  if (bad != NULL)
    return refuse_string (string, size, bad, _("A string that is not UTF-8"), error);

  bad = qmp_json_find_noncharacter (string, size);
  if (bad != NULL)
    return refuse_string (string, size, bad, _("A Unicode noncharacter in a string"), error);

  qmp_json_append_escaped (out, string, size);
  return TRUE;
}

/* Numbers. */

const char *
qmp_json_format_uint64 (char    digits[QMP_JSON_DIGITS],
                        guint64 value)
{
  char *first = digits + QMP_JSON_DIGITS - 1;

  *first = '\0';
  do
    *--first = '0' + value % 10;
  while ((value /= 10) > 0);
  return first;
}

void
qmp_json_append_uint64 (GString *out,
                        guint64  value)
{
  char digits[QMP_JSON_DIGITS];
  const char *first = qmp_json_format_uint64 (digits, value);

  g_string_append_len (out, first, digits + QMP_JSON_DIGITS - 1 - first);
}

void
qmp_json_append_int64 (GString *out,
                       gint64   value)
{
  /* The magnitude of the smallest has no gint64, but a guint64. */
  if (value < 0)
    g_string_append_c (out, '-');
  qmp_json_append_uint64 (out, value < 0 ? -(guint64) value : (guint64) value);
}

gboolean
qmp_json_append_double (GString  *out,
                        double    value,
                        GError  **error)
{
  /* Up to here a whole number is written without an exponent. */
  const double max_plain = 1e15;
  gsize start = out->len;

  if (!isfinite (value))
    {
      g_set_error_literal (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION,
                           _("A number that is not finite"));
      return FALSE;
    }

  /* Not a floating point format, which would follow the locale. */
  if (value == floor (value) && fabs (value) < max_plain)
    g_string_append_printf (out, "%s%" G_GINT64_FORMAT, signbit (value) ? "-" : "",
                            (gint64) fabs (value));
  else
    qmp_json_append_digits (out, value);

  /* What has neither would be read as an integer. */
  if (strpbrk (out->str + start, ".e") == NULL)
    g_string_append (out, ".0");
  return TRUE;
}

/* Nodes. */

static gboolean append_level (GString   *out,
                              JsonNode  *node,
                              guint      depth,
                              GError   **error);

static gboolean
append_object (GString     *out,
               JsonObject  *object,
               guint        depth,
               GError     **error)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;
  gboolean first = TRUE;

  g_string_append_c (out, '{');
  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &value))
    {
      if (!first)
        g_string_append_c (out, ',');
      first = FALSE;

      if (!qmp_json_append_string (out, name, -1, error))
        return FALSE;
      g_string_append_c (out, ':');
      if (!append_level (out, value, depth, error))
        return FALSE;
    }
  g_string_append_c (out, '}');

  return TRUE;
}

static gboolean
append_array (GString    *out,
              JsonArray  *array,
              guint       depth,
              GError    **error)
{
  guint length = json_array_get_length (array);

  g_string_append_c (out, '[');
  for (guint i = 0; i < length; i++)
    {
      if (i > 0)
        g_string_append_c (out, ',');
      if (!append_level (out, json_array_get_element (array, i), depth, error))
        return FALSE;
    }
  g_string_append_c (out, ']');

  return TRUE;
}

static gboolean
append_scalar (GString   *out,
               JsonNode  *node,
               GError   **error)
{
  const char *string;

  switch (json_node_get_value_type (node))
    {
    case G_TYPE_STRING:
      string = json_node_get_string (node);
      if (string != NULL)
        return qmp_json_append_string (out, string, -1, error);
      g_string_append (out, "null");
      return TRUE;

    case G_TYPE_INT64:
      qmp_json_append_int64 (out, json_node_get_int (node));
      return TRUE;

    case G_TYPE_DOUBLE:
      return qmp_json_append_double (out, json_node_get_double (node), error);

    case G_TYPE_BOOLEAN:
      g_string_append (out, json_node_get_boolean (node) ? "true" : "false");
      return TRUE;

    default: /* a node that was given no value */
      g_string_append (out, "null");
      return TRUE;
    }
}

/* depth: of what is around the node. */
static gboolean
append_level (GString   *out,
              JsonNode  *node,
              guint      depth,
              GError   **error)
{
  JsonNodeType type = json_node_get_node_type (node);

  if (type == JSON_NODE_VALUE)
    return append_scalar (out, node, error);

  if (type == JSON_NODE_NULL)
    {
      g_string_append (out, "null");
      return TRUE;
    }

  if (depth == MAX_DEPTH)
    {
      g_set_error_literal (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION,
                           _("Too many levels of nesting"));
      return FALSE;
    }

  if (type == JSON_NODE_OBJECT)
    return append_object (out, json_node_get_object (node), depth + 1, error);
  return append_array (out, json_node_get_array (node), depth + 1, error);
}

gboolean
qmp_json_append_node (GString   *out,
                      JsonNode  *node,
                      GError   **error)
{
  gsize length = out->len;

  if (append_level (out, node, 0, error))
    return TRUE;

  g_string_truncate (out, length);
  return FALSE;
}

/* Formats. A format is first made into JSON that has a null in each hole, and is checked as that:
 * whether it is right does not depend on the arguments. */

typedef struct {
  gsize offset; /* of the null */
  char  kind;
} Hole;

#define HOLE_TEXT "null"

/* Appends the string in single quotes at p as JSON has it. Returns the place after it. */
static const char *
append_single_quoted (GString    *out,
                      const char *p)
{
  g_string_append_c (out, '"');
  for (p++; *p != '\'' && *p != '\0'; p++)
    {
      if (*p == '"')
        {
          g_string_append_c (out, '\\');
        }
      else if (*p == '\\' && p[1] == '\'')
        {
          p++;
        }
      else if (*p == '\\' && p[1] != '\0')
        {
          g_string_append_c (out, '\\');
          p++;
        }
      g_string_append_c (out, *p);
    }

  if (*p == '\0')
    return p;
  g_string_append_c (out, '"');
  return p + 1;
}

/* The same for one in double quotes. */
static const char *
append_double_quoted (GString    *out,
                      const char *p)
{
  const char *start = p;

  for (p++; *p != '"' && *p != '\0'; p++)
    if (*p == '\\' && p[1] != '\0')
      p++;
  if (*p == '"')
    p++;

  g_string_append_len (out, start, p - start);
  return p;
}

static gboolean
parse_format (const char  *format,
              GString     *text,
              GArray      *holes,
              GError     **error)
{
  for (const char *p = format; *p != '\0';)
    {
      Hole hole = { text->len, p[1] };

      switch (*p)
        {
        case '\'':
          p = append_single_quoted (text, p);
          break;

        case '"':
          p = append_double_quoted (text, p);
          break;

        case '%':
          if (hole.kind == '\0' || strchr ("biuxtdsvj", hole.kind) == NULL)
            {
              g_set_error_literal (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION,
                                   "Unknown kind of hole");
              return FALSE;
            }
          g_array_append_val (holes, hole);
          g_string_append (text, HOLE_TEXT);
          p += 2;
          break;

        default:
          g_string_append_c (text, *p++);
          break;
        }
    }

  return qmp_json_check (text->str, text->len, G_MAXUINT, NULL, error);
}

static gboolean
append_text (GString     *out,
             const char  *text,
             GError     **error)
{
  gsize length = strlen (text);

  if (!qmp_json_check (text, length, MAX_DEPTH, NULL, error))
    {
      /* It is wrong in what is to be sent, not in what was received. */
      if (error != NULL)
        (*error)->code = QMP_PROTOCOL_ERROR_SERIALIZATION;
      return FALSE;
    }

  g_string_append_len (out, text, length);
  return TRUE;
}

static gboolean
append_null (GString *out)
{
  g_string_append (out, "null");
  return TRUE;
}

static gboolean
fill_hole (GString  *out,
           char      kind,
           va_list  *arguments,
           GError  **error)
{
  const char *string;
  JsonNode *node;

  switch (kind)
    {
    case 'b':
      g_string_append (out, va_arg (*arguments, gboolean) ? "true" : "false");
      return TRUE;

    case 'i':
      qmp_json_append_int64 (out, va_arg (*arguments, int));
      return TRUE;

    case 'u':
      qmp_json_append_uint64 (out, va_arg (*arguments, guint));
      return TRUE;

    case 'x':
      qmp_json_append_int64 (out, va_arg (*arguments, gint64));
      return TRUE;

    case 't':
      qmp_json_append_uint64 (out, va_arg (*arguments, guint64));
      return TRUE;

    case 'd':
      return qmp_json_append_double (out, va_arg (*arguments, double), error);

    case 'v':
      node = va_arg (*arguments, JsonNode *);
      return node != NULL ? qmp_json_append_node (out, node, error) : append_null (out);

    case 's':
      string = va_arg (*arguments, const char *);
      return string != NULL ? qmp_json_append_string (out, string, -1, error) : append_null (out);

    default: /* j */
      string = va_arg (*arguments, const char *);
      return string != NULL ? append_text (out, string, error) : append_null (out);
    }
}

static gboolean
fill_holes (GString        *out,
            const GString  *text,
            const GArray   *holes,
            va_list        *arguments,
            GError        **error)
{
  gsize done = 0;

  for (guint i = 0; i < holes->len; i++)
    {
      const Hole *hole = &g_array_index (holes, Hole, i);

      g_string_append_len (out, text->str + done, hole->offset - done);
      if (!fill_hole (out, hole->kind, arguments, error))
        return FALSE;
      done = hole->offset + strlen (HOLE_TEXT);
    }

  g_string_append_len (out, text->str + done, text->len - done);
  return TRUE;
}

gboolean
qmp_json_append_format (GString     *out,
                        GError     **error,
                        const char  *format,
                        va_list     *arguments)
{
  g_autoptr(GString) text = g_string_new (NULL);
  g_autoptr(GString) filled = g_string_new (NULL);
  g_autoptr(GArray) holes = g_array_new (FALSE, FALSE, sizeof (Hole));
  g_autoptr(GError) fault = NULL;

  if (!parse_format (format, text, holes, &fault))
    {
      g_critical ("Wrong format '%s': %s", format, fault->message);
      fault->code = QMP_PROTOCOL_ERROR_SERIALIZATION;
      g_propagate_error (error, g_steal_pointer (&fault));
      return FALSE;
    }

  if (!fill_holes (filled, text, holes, arguments, error)
      || !qmp_json_check_sendable (filled->str, filled->len, error))
    return FALSE;

  qmp_json_append_compact (out, filled->str, filled->len);
  return TRUE;
}
