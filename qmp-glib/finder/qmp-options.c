/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "finder/qmp-options-private.h"

#include <json-glib/json-glib.h>
#include <string.h>

static GHashTable *
options_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

/* --- JSON --- */

static void
take_member (JsonObject *object,
             const char *name,
             JsonNode   *node,
             gpointer    user_data)
{
  GHashTable *options = user_data;
  GType type = json_node_get_value_type (node);

  if (type == G_TYPE_STRING)
    g_hash_table_insert (options, g_strdup (name), json_node_dup_string (node));
  else if (type == G_TYPE_BOOLEAN)
    g_hash_table_insert (options, g_strdup (name), g_strdup (json_node_get_boolean (node) ? "on" : "off"));
  else if (type == G_TYPE_INT64)
    g_hash_table_insert (options, g_strdup (name), g_strdup_printf ("%" G_GINT64_FORMAT, json_node_get_int (node)));
}

static GHashTable *
parse_json (const char *text)
{
  GHashTable *options = options_new ();
  g_autoptr(JsonNode) node = json_from_string (text, NULL);

  if (node != NULL && JSON_NODE_HOLDS_OBJECT (node))
    json_object_foreach_member (json_node_get_object (node), take_member, options);
  return options;
}

/* --- QEMU's own --- */

/* Up to a comma that is not doubled; moves behind that. */
static char *
take_value (const char **text)
{
  g_autoptr(GString) value = g_string_new (NULL);
  const char *at = *text;

  for (; *at != '\0'; at++)
    {
      if (*at == ',' && at[1] != ',')
        break;
      if (*at == ',')
        at++;
      g_string_append_c (value, *at);
    }
  *text = *at == ',' ? at + 1 : at;
  return g_string_free (g_steal_pointer (&value), FALSE);
}

static void
take_flag (GHashTable *options,
           const char *flag,
           gsize       length)
{
  gboolean off = length > 2 && g_str_has_prefix (flag, "no");

  g_hash_table_replace (options, g_strndup (flag + (off ? 2 : 0), length - (off ? 2 : 0)), g_strdup (off ? "off" : "on"));
}

/* As QEMU does it: there are no commas in a key, so that a value that stands first and alone may have a sign behind one. */
static void
take_option (GHashTable  *options,
             const char **text,
             const char  *first)
{
  gsize length = strcspn (*text, "=,");
  const char *start = *text;

  *text += length + ((*text)[length] != '\0');
  if (start[length] == '=')
    g_hash_table_replace (options, g_strndup (start, length), take_value (text));
  else if (first == NULL)
    take_flag (options, start, length);
  else
    {
      *text = start;
      g_hash_table_replace (options, g_strdup (first), take_value (text));
    }
}

GHashTable *
qmp_options_parse (const char *text,
                   const char *first)
{
  GHashTable *options;

  if (*text == '{')
    return parse_json (text);
  options = options_new ();
  while (*text != '\0')
    {
      take_option (options, &text, first);
      first = NULL;
    }
  return options;
}

const char *
qmp_options_get (GHashTable *options,
                 const char *key)
{
  const char *value = g_hash_table_lookup (options, key);

  return value != NULL && *value != '\0' ? value : NULL;
}

gboolean
qmp_options_is_on (GHashTable *options,
                   const char *key)
{
  const char *value = qmp_options_get (options, key);

  return value != NULL && (g_str_equal (value, "on") || g_str_equal (value, "yes") || g_str_equal (value, "true") ||
                           g_str_equal (value, "y"));
}
