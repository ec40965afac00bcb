/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "shell-live.h"

#include <string.h>

#define TIMEOUT_MILLISECONDS 2000

/* Where the values of an argument come from; the first that fits counts. Patterns are those of GPatternSpec. */
static const struct {
  const char *command;
  const char *key;
  const char *query;       /* NULL: the name is a new one */
  const char *arguments;
  const char *member;
} sources[] = {
  { "blockdev-add", "node-name", NULL, NULL, NULL },
  { "chardev-add", "id", NULL, NULL, NULL },
  { "device_add", "driver", "qom-list-types", "{'implements': 'device', 'abstract': false}", "name" },
  { "device-list-properties", "typename", "qom-list-types", "{'implements': 'device'}", "name" },
  { "qom-list-properties", "typename", "qom-list-types", "{}", "name" },
  { "device_del", "id", "qom-list", "{'path': '/machine/peripheral'}", "name" },
  { "object-del", "id", "qom-list", "{'path': '/objects'}", "name" },
  { "chardev-*", "id", "query-chardev", "{}", "label" },
  { "job-*", "id", "query-jobs", "{}", "id" },
  { "block-job-*", "device", "query-block-jobs", "{}", "device" },
  { "block-export-del", "id", "query-block-exports", "{}", "id" },
  { "*", "*device", "query-block", "{}", "device" },
  { "*", "*device", "query-named-block-nodes", "{'flat': true}", "node-name" },
  { "*", "drive", "query-named-block-nodes", "{'flat': true}", "node-name" },
  { "*", "*node", "query-named-block-nodes", "{'flat': true}", "node-name" },
  { "*", "*node-name", "query-named-block-nodes", "{'flat': true}", "node-name" },
  { "*", "*file", "query-named-block-nodes", "{'flat': true}", "node-name" },
  { "*", "*backing", "query-named-block-nodes", "{'flat': true}", "node-name" },
  { "*", "*chardev", "query-chardev", "{}", "label" },
  { "*", "*iothread", "query-iothreads", "{}", "id" },
};

static JsonNode *
ask (QmpClient  *client,
     QmpMessage *command)
{
  qmp_message_set_timeout (command, TIMEOUT_MILLISECONDS);
  return qmp_client_execute_message (client, command, NULL, NULL);
}

static const char *
string_member (JsonNode   *node,
               const char *name)
{
  JsonNode *member;

  if (!JSON_NODE_HOLDS_OBJECT (node))
    return NULL;
  member = json_object_get_member (json_node_get_object (node), name);
  if (member == NULL || json_node_get_value_type (member) != G_TYPE_STRING)
    return NULL;
  return json_node_get_string (member);
}

static void
add_members (JsonNode   *list,
             const char *member,
             GPtrArray  *names)
{
  JsonArray *array;

  if (list == NULL || !JSON_NODE_HOLDS_ARRAY (list))
    return;
  array = json_node_get_array (list);
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      const char *name = string_member (json_array_get_element (array, i), member);

      if (name != NULL && *name != '\0')
        g_ptr_array_add (names, g_strdup (name));
    }
}

/* list: of qom-list, which has an object's properties too. */
static void
add_children (JsonNode   *list,
              const char *before,
              GPtrArray  *names)
{
  JsonArray *array;

  if (list == NULL || !JSON_NODE_HOLDS_ARRAY (list))
    return;
  array = json_node_get_array (list);
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      const char *name = string_member (json_array_get_element (array, i), "name");
      const char *type = string_member (json_array_get_element (array, i), "type");

      if (name != NULL && type != NULL && g_str_has_prefix (type, "child<"))
        g_ptr_array_add (names, g_strconcat (before, name, NULL));
    }
}

static void
add_queried (QmpClient  *client,
             const char *query,
             const char *arguments,
             const char *member,
             GPtrArray  *names)
{
  g_autofree char *json = g_strdup_printf ("{'execute': '%s', 'arguments': %s}", query, arguments);
  g_autofree char *text = g_strdelimit (g_strdup (json), "'", '"');
  g_autoptr(GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr(QmpMessage) command = qmp_message_new_from_bytes (bytes, TRUE, NULL);
  g_autoptr(JsonNode) reply = ask (client, command);

  if (strcmp (query, "qom-list") == 0)
    add_children (reply, "", names);
  else
    add_members (reply, member, names);
}

char *
shell_live_given (GPtrArray  *words,
                  const char *key)
{
  gsize length = strlen (key);

  for (guint i = 0; i < words->len; i++)
    {
      const char *text = ((ToolWord *) words->pdata[i])->text;

      if (strncmp (text, key, length) == 0 && text[length] == '=')
        return g_strdup (text + length + 1);
    }
  return NULL;
}

static JsonNode *
list_path (QmpClient  *client,
           const char *path)
{
  g_autoptr(QmpMessage) command = qmp_message_new_parsed (NULL, "qom-list", "{'path': %s}", path);

  return command != NULL ? ask (client, command) : NULL;
}

/* QOM is a tree: the next part of the path. */
static void
add_paths (QmpClient  *client,
           const char *typed,
           GPtrArray  *names)
{
  const char *slash = strrchr (typed, '/');
  g_autofree char *directory = slash > typed ? g_strndup (typed, slash - typed) : g_strdup ("/");
  g_autofree char *before = slash > typed ? g_strconcat (directory, "/", NULL) : g_strdup ("/");
  g_autoptr(JsonNode) list = list_path (client, directory);

  add_children (list, before, names);
}

static void
add_properties (QmpClient *client,
                GPtrArray *words,
                GPtrArray *names)
{
  g_autofree char *path = shell_live_given (words, "path");
  g_autoptr(JsonNode) list = path != NULL ? list_path (client, path) : NULL;

  add_members (list, "name", names);
}

void
shell_live_names (QmpClient  *client,
                  const char *command,
                  const char *key,
                  const char *typed,
                  GPtrArray  *words,
                  GPtrArray  *names)
{
  if (g_str_has_prefix (command, "qom-") && strcmp (key, "path") == 0)
    {
      add_paths (client, typed, names);
      return;
    }
  if (g_str_has_prefix (command, "qom-") && strcmp (key, "property") == 0)
    {
      add_properties (client, words, names);
      return;
    }
  for (guint i = 0; i < G_N_ELEMENTS (sources) && names->len == 0; i++)
    {
      if (!g_pattern_match_simple (sources[i].command, command) || !g_pattern_match_simple (sources[i].key, key))
        continue;
      if (sources[i].query == NULL)
        return;
      add_queried (client, sources[i].query, sources[i].arguments, sources[i].member, names);
    }
}

void
shell_live_commands (QmpClient *client,
                     GPtrArray *names)
{
  g_autoptr(QmpMessage) command = NULL;
  g_autoptr(JsonNode) reply = NULL;

  add_queried (client, "query-commands", "{}", "name", names);
  if (names->len > 0)
    return;
  command = qmp_message_new_command ("guest-info", NULL, NULL);
  reply = ask (client, command);
  if (reply != NULL && JSON_NODE_HOLDS_OBJECT (reply))
    add_members (json_object_get_member (json_node_get_object (reply), "supported_commands"), "name", names);
}

char *
shell_live_hmp (QmpClient  *client,
                const char *line)
{
  g_autoptr(QmpMessage) command = qmp_message_new_parsed (NULL, "human-monitor-command", "{'command-line': %s}", line);
  g_autoptr(JsonNode) reply = ask (client, command);

  if (reply == NULL || json_node_get_value_type (reply) != G_TYPE_STRING)
    return NULL;
  return g_strdup (json_node_get_string (reply));
}
