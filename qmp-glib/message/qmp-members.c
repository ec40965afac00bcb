/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "json/qmp-json-node-private.h"
#include "json/qmp-json-writer-private.h"
#include "message/qmp-members-private.h"

typedef struct {
  char         *name;
  QmpJsonSlice  key;       /* in the source, with its quotes; text is NULL for a name of our own */
  QmpJsonSlice  value;     /* in the source or in own_value */
  char         *own_value; /* nullable */
  JsonNode     *node;      /* nullable: made when asked for */
} Member;

struct _QmpMembers {
  GBytes     *source;  /* nullable; what the slices point into */
  GPtrArray  *order;   /* of Member; owns them */
  GHashTable *by_name; /* borrowed name to borrowed Member: a peer may send millions of them */
};

static void
member_free (gpointer data)
{
  Member *member = data;

  g_free (member->name);
  g_free (member->own_value);
  g_clear_pointer (&member->node, json_node_unref);
  g_free (member);
}

/* name is taken. */
static Member *
add_member (QmpMembers *self,
            char       *name)
{
  Member *member = g_new0 (Member, 1);

  member->name = name;
  g_ptr_array_add (self->order, member);
  g_hash_table_insert (self->by_name, member->name, member);

  return member;
}

static void
read_source (QmpMembers *self)
{
  QmpJsonCursor cursor;
  QmpJsonSlice key;
  QmpJsonSlice value;
  const char *text;
  gsize length;

  text = g_bytes_get_data (self->source, &length);
  qmp_json_cursor_init (&cursor, text, length);

  while (qmp_json_cursor_next_member (&cursor, &key, &value))
    {
      g_autofree char *name = qmp_json_dup_string (key.text, key.length);
      Member *member = g_hash_table_lookup (self->by_name, name);

      if (member == NULL)
        member = add_member (self, g_steal_pointer (&name));
      member->key = key;
      member->value = value;
    }
}

QmpMembers *
qmp_members_new (GBytes *source)
{
  QmpMembers *self = g_new0 (QmpMembers, 1);

  self->order = g_ptr_array_new_with_free_func (member_free);
  self->by_name = g_hash_table_new (qmp_json_hash_name, g_str_equal);
  if (source != NULL)
    {
      self->source = g_bytes_ref (source);
      read_source (self);
    }

  return self;
}

void
qmp_members_free (QmpMembers *self)
{
  g_hash_table_unref (self->by_name);
  g_ptr_array_unref (self->order);
  g_clear_pointer (&self->source, g_bytes_unref);
  g_free (self);
}

gboolean
qmp_members_find (QmpMembers   *self,
                  const char   *name,
                  QmpJsonSlice *value)
{
  Member *member = g_hash_table_lookup (self->by_name, name);

  if (member == NULL)
    return FALSE;

  *value = member->value;
  return TRUE;
}

JsonNode *
qmp_members_get_node (QmpMembers *self,
                      const char *name)
{
  Member *member = g_hash_table_lookup (self->by_name, name);

  if (member == NULL)
    return NULL;

  if (member->node == NULL)
    {
      member->node = qmp_json_to_node (member->value.text, member->value.length);
      json_node_seal (member->node);
    }

  return member->node;
}

char **
qmp_members_list (QmpMembers *self)
{
  char **names = g_new0 (char *, self->order->len + 1);

  for (guint i = 0; i < self->order->len; i++)
    {
      Member *member = g_ptr_array_index (self->order, i);

      names[i] = g_strdup (member->name);
    }

  return names;
}

void
qmp_members_set (QmpMembers *self,
                 const char *name,
                 char       *value)
{
  Member *member = g_hash_table_lookup (self->by_name, name);

  if (member == NULL)
    member = add_member (self, g_strdup (name));

  g_clear_pointer (&member->node, json_node_unref);
  g_free (member->own_value);
  member->own_value = value;
  member->value.text = value;
  member->value.length = strlen (value);
}

gboolean
qmp_members_remove (QmpMembers *self,
                    const char *name)
{
  Member *member = g_hash_table_lookup (self->by_name, name);

  if (member == NULL)
    return FALSE;

  g_hash_table_remove (self->by_name, name);
  g_ptr_array_remove (self->order, member);

  return TRUE;
}

gboolean
qmp_members_rename (QmpMembers *self,
                    const char *name,
                    const char *new_name)
{
  Member *member = g_hash_table_lookup (self->by_name, name);

  if (member == NULL || g_hash_table_contains (self->by_name, new_name))
    return FALSE;

  g_hash_table_remove (self->by_name, name);
  g_free (member->name);
  member->name = g_strdup (new_name);
  member->key.text = NULL;
  g_hash_table_insert (self->by_name, member->name, member);

  return TRUE;
}

static void
append_key (GString      *out,
            const Member *member)
{
  /* A name of our own went through the writer when it was set: it cannot fail here. */
  if (member->key.text != NULL)
    g_string_append_len (out, member->key.text, member->key.length);
  else
    qmp_json_append_string (out, member->name, -1, NULL);
}

void
qmp_members_append (QmpMembers *self,
                    GString    *out,
                    const char *id)
{
  g_string_append_c (out, '{');

  for (guint i = 0; i < self->order->len; i++)
    {
      const Member *member = g_ptr_array_index (self->order, i);

      if (i > 0)
        g_string_append_c (out, ',');
      append_key (out, member);
      g_string_append_c (out, ':');

      if (id != NULL && g_str_equal (member->name, "id"))
        g_string_append (out, g_steal_pointer (&id));
      else
        qmp_json_append_compact (out, member->value.text, member->value.length);
    }

  if (id != NULL)
    g_string_append_printf (out, "%s\"id\":%s", self->order->len > 0 ? "," : "", id);

  g_string_append_c (out, '}');
}
