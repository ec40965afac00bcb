/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "message/qmp-path-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "core/qmp-error-private.h"
#include "json/qmp-json-walk-private.h"
#include "message/qmp-message-struct-private.h"
#include "message/qmp-reply-private.h"

/* As many names as an error lists of what is there. */
#define MAX_NAMES 8

typedef struct {
  const char *path;
  const char *start;  /* of the step that was taken last */
  const char *at;     /* what comes after it */
  const char *name;   /* of that step; NULL for one with an index; not ended by a NUL */
  gsize       length;
  guint64     index;
} Walk;

/* --- the path --- */

static gboolean
take_name_in_brackets (Walk       *walk,
                       const char *quote)
{
  const char *end = strchr (quote + 1, *quote);

  if (end == NULL || end[1] != ']')
    return FALSE;

  walk->name = quote + 1;
  walk->length = end - walk->name;
  walk->at = end + 2;
  return TRUE;
}

static gboolean
take_brackets (Walk *walk)
{
  const char *inside = walk->at + 1;
  char *end;

  if (*inside == '"' || *inside == '\'')
    return take_name_in_brackets (walk, inside);
  if (!g_ascii_isdigit (*inside))
    return FALSE;

  /* A number that does not fit is the largest, which no array reaches. */
  walk->index = g_ascii_strtoull (inside, &end, 10);
  if (*end != ']')
    return FALSE;

  walk->name = NULL;
  walk->at = end + 1;
  return TRUE;
}

/* FALSE if it is not written as a step. */
static gboolean
take_step (Walk *walk)
{
  const char *end;

  walk->start = walk->at;
  if (*walk->at == '[')
    return take_brackets (walk);

  if (walk->at != walk->path && *walk->at++ != '.')
    return FALSE;
  /* Small letters, which most are, come behind all that ends a name. */
  end = walk->name = walk->at;
  while ((guint8) *end > '[' || (*end != '\0' && *end != '.' && *end != '['))
    end++;
  walk->length = end - walk->name;
  walk->at = end;
  return walk->length > 0;
}

/* --- errors --- */

static const char *
describe_kind (char first)
{
  switch (first)
    {
    case '{':
      return _("an object");
    case '[':
      return _("an array");
    default:
      /* Not the string itself, which may be a secret. */
      return _("a string");
    }
}

/* Numbers, booleans and null tell by themselves what they are. */
static char *
describe (QmpJsonSlice value)
{
  if (strchr ("{[\"", *value.text) != NULL)
    return g_strdup (describe_kind (*value.text));
  return qmp_excerpt (value.text, value.length, 0);
}

static char *
list_names (QmpJsonSlice object)
{
  g_autoptr(GString) names = g_string_new (NULL);
  QmpJsonCursor cursor;
  QmpJsonSlice key, value;

  qmp_json_cursor_init (&cursor, object.text, object.length);
  for (guint n = 0; qmp_json_cursor_next_member (&cursor, &key, &value); n++)
    {
      g_autofree char *name = NULL;

      if (n > 0)
        g_string_append (names, ", ");
      if (n == MAX_NAMES)
        {
          g_string_append (names, "…");
          break;
        }
      name = qmp_excerpt (key.text + 1, key.length - 2, 0);
      g_string_append_printf (names, "“%s”", name);
    }
  return g_string_free (g_steal_pointer (&names), FALSE);
}

gsize
qmp_path_count_elements (QmpJsonSlice array)
{
  QmpJsonCursor cursor;
  QmpJsonSlice element;
  gsize n = 0;

  qmp_json_cursor_init (&cursor, array.text, array.length);
  while (qmp_json_cursor_next_element (&cursor, &element))
    n++;
  return n;
}

/* What parent is instead of having the step that was taken last, as the rest of a sentence. */
static char *
describe_parent (const Walk   *walk,
                 QmpJsonSlice  parent)
{
  g_autofree char *what = NULL;

  if (walk->name != NULL && *parent.text == '{')
    {
      what = list_names (parent);
      if (*what == '\0')
        return g_strdup (_("is empty"));
      /* Translators: after the name of an object: the names of its members follow */
      return g_strdup_printf (_("has only %s"), what);
    }
  if (walk->name == NULL && *parent.text == '[')
    {
      gsize n = qmp_path_count_elements (parent);

      /* Translators: after the name of an array: the first and the last of its elements */
      return n > 0 ? g_strdup_printf (_("has [0] to [%lu]"), (gulong) n - 1) : g_strdup (_("is empty"));
    }

  what = describe (parent);
  /* Translators: after the name of a value: what it is, such as “a string” or “true” */
  return g_strdup_printf (walk->name != NULL ? _("is %s, not an object") : _("is %s, not an array"), what);
}

static gboolean
fail_not_found (const Walk    *walk,
                QmpJsonSlice   parent,
                GError       **error)
{
  g_autofree char *where = NULL;
  g_autofree char *why = NULL;

  if (error == NULL)
    return FALSE;

  where = walk->start == walk->path ? g_strdup (_("the message"))
                                    : g_strdup_printf ("“%.*s”", (int) (walk->start - walk->path), walk->path);
  why = describe_parent (walk, parent);
  /* Translators: the path that was asked for; the part of it that is there; what that part is or has */
  g_set_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_NOT_FOUND, _("There is no “%s”: %s %s"), walk->path, where,
               why);
  return FALSE;
}

static gboolean
fail_syntax (const Walk  *walk,
             GError     **error)
{
  g_set_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_NOT_FOUND,
               _("“%s” is not a path, such as “return[0].name” or “return['a name']”: it goes wrong at “%s”"), walk->path,
               walk->start);
  return FALSE;
}

gboolean
qmp_path_set_type_error (const char    *path,
                         QmpJsonSlice   value,
                         const char    *wanted,
                         GError       **error)
{
  g_autofree char *what = NULL;

  if (error == NULL)
    return FALSE;

  what = describe (value);
  /* Translators: a path; what is there; what should be there, such as “a string” */
  g_set_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE, _("“%s” is %s, not %s"), path, what, wanted);
  return FALSE;
}

/* --- the value --- */

/* key: with its quotes. */
static gboolean
is_escaped_key (QmpJsonSlice  key,
                const char   *name,
                gsize         length)
{
  g_autofree char *plain = g_strndup (name, length);

  return qmp_json_string_equal (key.text, key.length, plain);
}

/* An escape takes more bytes than what it stands for, so that no key is shorter than its name. */
static gboolean
is_key (QmpJsonSlice  key,
        const char   *name,
        gsize         length)
{
  if (key.length < length + strlen ("\"\""))
    return FALSE;

  for (gsize i = 0; i < length; i++)
    {
      char c = key.text[1 + i];

      if (c == '\\')
        return is_escaped_key (key, name, length);
      if (c != name[i])
        return FALSE;
    }
  return key.length == length + strlen ("\"\"");
}

/* Walks over the object. */
static gboolean
find_member_slowly (QmpJsonSlice  object,
                    const Walk   *walk,
                    QmpJsonSlice *found)
{
  QmpJsonCursor cursor;
  QmpJsonSlice key, value;
  gboolean is_found = FALSE;

  qmp_json_cursor_init (&cursor, object.text, object.length);
  while (qmp_json_cursor_next_member (&cursor, &key, &value))
    if (is_key (key, walk->name, walk->length))
      {
        *found = value;
        is_found = TRUE;
      }
  return is_found;
}

G_STATIC_ASSERT (QMP_PATH_MAX_MEMBERS == 8 * sizeof ((QmpPathMemo *) 0)->plain);

static void
memorize (QmpPathMemo  *memo,
          const Walk   *walk,
          QmpJsonSlice  object)
{
  QmpJsonCursor cursor;
  gboolean plain;
  guint n = 0;

  memo->path = walk->path;
  memo->length = walk->start - walk->path;
  memo->object = object;
  memo->plain = 0;
  qmp_json_cursor_init (&cursor, object.text, object.length);
  while (n < QMP_PATH_MAX_MEMBERS && qmp_json_walk_next_member (&cursor, &memo->keys[n], &plain, &memo->values[n]))
    memo->plain |= (guint32) plain << n++;
  memo->n_members = n;
}

/* The key of the member with that index. */
static inline gboolean
is_remembered (const QmpPathMemo *memo,
               guint              index,
               const char        *name,
               gsize              length)
{
  QmpJsonSlice key = memo->keys[index];

  if ((memo->plain >> index & 1) == 0)
    return is_key (key, name, length);
  return key.length == length + strlen ("\"\"") && memcmp (key.text + 1, name, length) == 0;
}

static gboolean
find_member (QmpPathMemo  *memo,
             QmpJsonSlice  object,
             const Walk   *walk,
             QmpJsonSlice *found)
{
  if (memo->length == 0 || memo->object.text != object.text)
    memorize (memo, walk, object);
  if (memo->n_members == QMP_PATH_MAX_MEMBERS)
    return find_member_slowly (object, walk, found);

  for (guint i = memo->n_members; i > 0; i--)
    if (is_remembered (memo, i - 1, walk->name, walk->length))
      {
        *found = memo->values[i - 1];
        return TRUE;
      }
  return FALSE;
}

static gboolean
find_element (QmpJsonSlice  array,
              guint64       index,
              QmpJsonSlice *found)
{
  QmpJsonCursor cursor;

  qmp_json_cursor_init (&cursor, array.text, array.length);
  while (qmp_json_cursor_next_element (&cursor, found))
    if (index-- == 0)
      return TRUE;
  return FALSE;
}

static gboolean
enter (QmpPathMemo   *memo,
       const Walk    *walk,
       QmpJsonSlice  *value,
       GError       **error)
{
  QmpJsonSlice inner;

  if (walk->name != NULL ? *value->text == '{' && find_member (memo, *value, walk, &inner)
                         : *value->text == '[' && find_element (*value, walk->index, &inner))
    {
      *value = inner;
      return TRUE;
    }
  return fail_not_found (walk, *value, error);
}

/* The server's error, where the path asks an error reply for what was returned. */
static gboolean
fail_by_reply (const Walk  *walk,
               QmpMessage  *message,
               GError     **error)
{
  gboolean wants_result = walk->length == strlen ("return") && memcmp (walk->name, "return", walk->length) == 0;
  GError *refusal = wants_result ? qmp_reply_dup_error (message, NULL) : NULL;

  if (refusal == NULL)
    return FALSE;
  g_propagate_error (error, refusal);
  return TRUE;
}

/* The top-level members have a table of their own. */
static gboolean
enter_message (const Walk    *walk,
               QmpMessage    *message,
               QmpJsonSlice  *value,
               GError       **error)
{
  const char *text;
  gsize length;

  if (walk->name != NULL)
    {
      if (qmp_body_find_name (&message->body, walk->name, walk->length, value))
        return TRUE;
      if (error != NULL && fail_by_reply (walk, message, error))
        return FALSE;
    }
  text = qmp_body_get_text (&message->body, &length);
  value->text = qmp_json_skip_spaces (text, text + length);
  value->length = text + length - value->text;
  return fail_not_found (walk, *value, error);
}

/* Is the memo's object on the way? Then the walk goes on from there. */
static gboolean
skip_to_memo (const QmpPathMemo *memo,
              Walk              *walk,
              QmpJsonSlice      *value)
{
  if (memo->length == 0 || strncmp (walk->path, memo->path, memo->length) != 0)
    return FALSE;
  if (walk->path[memo->length] != '.' && walk->path[memo->length] != '[')
    return FALSE;

  walk->at += memo->length;
  *value = memo->object;
  return TRUE;
}

gboolean
qmp_path_find_next (QmpMessage    *message,
                    QmpPathMemo   *memo,
                    const char    *path,
                    QmpJsonSlice  *value,
                    GError       **error)
{
  Walk walk = { .path = path, .at = path };

  if (!skip_to_memo (memo, &walk, value))
    {
      if (!qmp_body_check (&message->body, error))
        return FALSE;
      if (!take_step (&walk))
        return fail_syntax (&walk, error);
      if (!enter_message (&walk, message, value, error))
        return FALSE;
    }

  while (*walk.at != '\0')
    {
      if (!take_step (&walk))
        return fail_syntax (&walk, error);
      if (!enter (memo, &walk, value, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
qmp_path_find (QmpMessage    *message,
               const char    *path,
               QmpJsonSlice  *value,
               GError       **error)
{
  QmpPathMemo memo;

  memo.length = 0;
  return qmp_path_find_next (message, &memo, path, value, error);
}
