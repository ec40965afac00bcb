/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tool-value.h"

typedef struct {
  char      *key;    /* a JSON string */
  ToolValue *value;
} Member;

struct _ToolValue {
  char       *text;     /* NULL for an object */
  GPtrArray  *members;  /* of Member, in their order */
  GHashTable *index;    /* key: Member; borrowed from members */
};

static void
member_free (Member *member)
{
  g_free (member->key);
  tool_value_free (member->value);
  g_free (member);
}

ToolValue *
tool_value_new_text (char *json)
{
  ToolValue *self = g_new0 (ToolValue, 1);

  self->text = json;
  return self;
}

ToolValue *
tool_value_new_string (const char *text,
                       gsize       length)
{
  return tool_value_new_text (tool_value_quote (text, length));
}

ToolValue *
tool_value_new_object (void)
{
  ToolValue *self = g_new0 (ToolValue, 1);

  self->members = g_ptr_array_new_with_free_func ((GDestroyNotify) member_free);
  self->index = g_hash_table_new (g_str_hash, g_str_equal);
  return self;
}

void
tool_value_free (ToolValue *self)
{
  g_free (self->text);
  g_clear_pointer (&self->index, g_hash_table_unref);
  g_clear_pointer (&self->members, g_ptr_array_unref);
  g_free (self);
}

const char *
tool_value_get_text (ToolValue *self)
{
  return self->text;
}

ToolValue *
tool_value_find (ToolValue  *object,
                 const char *key)
{
  Member *member = g_hash_table_lookup (object->index, key);

  return member != NULL ? member->value : NULL;
}

void
tool_value_set (ToolValue  *object,
                const char *key,
                ToolValue  *value)
{
  Member *member = g_hash_table_lookup (object->index, key);

  if (member != NULL)
    {
      tool_value_free (member->value);
      member->value = value;
      return;
    }
  member = g_new0 (Member, 1);
  member->key = g_strdup (key);
  member->value = value;
  g_ptr_array_add (object->members, member);
  g_hash_table_insert (object->index, member->key, member);
}

void
tool_value_append_to (ToolValue *self,
                      GString   *out)
{
  if (self->text != NULL)
    {
      g_string_append (out, self->text);
      return;
    }
  g_string_append_c (out, '{');
  for (guint i = 0; i < self->members->len; i++)
    {
      Member *member = self->members->pdata[i];

      if (i > 0)
        g_string_append_c (out, ',');
      g_string_append (out, member->key);
      g_string_append_c (out, ':');
      tool_value_append_to (member->value, out);
    }
  g_string_append_c (out, '}');
}

char *
tool_value_to_json (ToolValue *self)
{
  GString *out = g_string_new (NULL);

  tool_value_append_to (self, out);
  return g_string_free (out, FALSE);
}

static void
append_escaped (GString *out,
                char     c)
{
  static const char letters[] = "btnvfr";  /* from 8 on; JSON has no \v */

  if (c == '"' || c == '\\')
    g_string_append_printf (out, "\\%c", c);
  else if (c >= '\b' && c <= '\r' && c != '\v')
    g_string_append_printf (out, "\\%c", letters[c - '\b']);
  else if ((guchar) c < 0x20)
    g_string_append_printf (out, "\\u%04x", c);
  else
    g_string_append_c (out, c);
}

char *
tool_value_quote (const char *text,
                  gsize       length)
{
  GString *out = g_string_sized_new (length + 2);

  g_string_append_c (out, '"');
  for (gsize i = 0; i < length; i++)
    append_escaped (out, text[i]);
  g_string_append_c (out, '"');
  return g_string_free (out, FALSE);
}
