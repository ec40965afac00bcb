/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "message/qmp-reply-private.h"

#include <math.h>
#include <string.h>

#include "core/qmp-error-private.h"
#include "json/qmp-json-text-private.h"
#include "message/qmp-message-struct-private.h"

/* --- ids --- */

/* QEMU makes a double of a number that is not a 64-bit integer, and writes a double without a fraction with
 * up to 17 digits like an integer. */
static void
append_number_key (GString    *out,
                   const char *text,
                   gsize       length)
{
  double value;
  guint64 positive;
  gint64 number;

  if (qmp_json_get_int64 (text, length, &number) || qmp_json_get_uint64 (text, length, &positive))
    {
      g_string_append_len (out, text, length);
      return;
    }
  value = qmp_json_get_double (text, length);
  if (value == floor (value) && value >= -0x1p63 && value < 0x1p64)
    g_string_append_printf (out, "%.0f", value);
  else if (isfinite (value))
    qmp_json_append_digits (out, value);
  else
    g_string_append_len (out, text, length);
}

char *
qmp_reply_dup_id_key (const char *text,
                      gsize       length)
{
  g_autoptr(GString) canonical = g_string_new (NULL);
  GString *key = g_string_new (NULL);
  const char *p, *end;

  qmp_json_append_canonical (canonical, text, length);
  end = canonical->str + canonical->len;
  for (p = canonical->str; p < end;)
    {
      const char *start = p;

      p = strchr ("{}[],:", *p) != NULL ? p + 1 : qmp_json_skip_value (p, end);
      if (*start == '-' || g_ascii_isdigit (*start))
        append_number_key (key, start, p - start);
      else
        g_string_append_len (key, start, p - start);
    }
  return g_string_free (key, FALSE);
}

/* Stops at the latest at the brace that ends the text. */
static const char *
skip_spaces (const char *p)
{
  while (g_ascii_isspace (*p))
    p++;
  return p;
}

/* The id that a broken text may still end with, as QEMU's replies mostly do: ..., "id": 5} */
static QmpJsonSpan
find_last_id (QmpJsonFrame *frame)
{
  const char *end = frame->text + frame->length;
  const char *key;
  QmpJsonSpan id = { 0 };

  while (end > frame->text && g_ascii_isspace (end[-1]))
    end--;
  if (end == frame->text || end[-1] != '}')
    return id;
  key = g_strrstr_len (frame->text, end - 1 - frame->text, "\"id\"");
  if (key == NULL)
    return id;

  key = skip_spaces (key + strlen ("\"id\""));
  if (*key != ':')
    return id;
  key = skip_spaces (key + 1);
  id.start = key - frame->text;
  id.length = end - 1 - key;
  return id;
}

QmpJsonSpan
qmp_reply_find_id (QmpJsonFrame *frame)
{
  QmpJsonSpan id = frame->outline.members[QMP_JSON_KEY_ID];

  if (frame->fault == NULL)
    return id;

  if (id.length == 0)
    id = find_last_id (frame);
  /* The fault may be in the id itself. */
  if (id.length > 0 && !qmp_json_check (frame->text + id.start, id.length, G_MAXUINT, NULL, NULL))
    id.length = 0;
  return id;
}

/* --- errors --- */

gboolean
qmp_reply_parse_error (const char   *text,
                       QmpJsonSpan   error_span,
                       char        **error_class,
                       char        **desc)
{
  g_autofree char *found_class = NULL;
  g_autofree char *found_desc = NULL;
  QmpJsonSlice key, value;
  QmpJsonCursor cursor;

  if (text[error_span.start] != '{')
    return FALSE;

  qmp_json_cursor_init (&cursor, text + error_span.start, error_span.length);
  while (qmp_json_cursor_next_member (&cursor, &key, &value))
    {
      char **found = NULL;

      if (qmp_json_string_equal (key.text, key.length, "class"))
        found = &found_class;
      else if (qmp_json_string_equal (key.text, key.length, "desc"))
        found = &found_desc;
      if (found != NULL)
        {
          g_free (*found);
          *found = value.text[0] == '"' ? qmp_json_dup_string (value.text, value.length) : NULL;
        }
    }
  if (found_class == NULL || found_desc == NULL)
    return FALSE;

  *error_class = g_steal_pointer (&found_class);
  *desc = g_steal_pointer (&found_desc);
  return TRUE;
}

GError *
qmp_reply_dup_error (QmpMessage *reply,
                     QmpMessage *sent)
{
  g_autofree char *error_class = NULL;
  g_autofree char *desc = NULL;
  QmpJsonSlice value;

  if (!qmp_body_find (&reply->body, "error", &value) ||
      !qmp_reply_parse_error (value.text, (QmpJsonSpan) { 0, value.length }, &error_class, &desc))
    return NULL;

  return qmp_command_error_new (error_class, desc, sent, reply);
}
