/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#include "once.h"
#include "tool-json.h"

/* What a machine has: block nodes and devices. */

/* A server that goes deeper means no good. */
#define MAX_DEPTH 64

/* Takes what command returns; NULL with error set. */
static JsonNode *
query (Once        *once,
       const char  *command,
       GError     **error)
{
  return once_execute (once, qmp_message_new_command (command, NULL, error), error);
}

/* --- block list --- */

/* Who uses a node: the device's name, or where it is in QOM; "" if nobody does. */
static const char *
find_user (JsonNode   *devices,
           const char *node_name)
{
  for (guint i = 0; i < tool_json_get_length (devices); i++)
    {
      JsonNode *device = tool_json_get_element (devices, i);
      const char *name = tool_json_get_string (device, "device");

      if (g_str_equal (tool_json_get_string (tool_json_get_member (device, "inserted"), "node-name"), node_name))
        return *name != '\0' ? name : tool_json_get_string (device, "qdev");
    }
  return "";
}

static void
add_node (OnceTable *table,
          JsonNode  *node,
          JsonNode  *devices)
{
  const char *name = tool_json_get_string (node, "node-name");
  g_autofree char *size = g_format_size (MAX (0, tool_json_get_int (tool_json_get_member (node, "image"), "virtual-size")));
  const char *cells[] = {
    name, tool_json_get_string (node, "drv"), size, tool_json_get_boolean (node, "ro") ? _("read-only") : "",
    find_user (devices, name), tool_json_get_string (node, "file"),
  };

  once_table_add (table, cells);
}

static gboolean
run_block_list (Once                *once,
                const char * const  *words,
                GError             **error)
{
  const char *header[] = { _("NODE"), _("DRIVER"), _("SIZE"), _("ACCESS"), _("USED BY"), _("FILE"), NULL };
  g_autoptr(OnceTable) table = once_table_new (header);
  g_autoptr(JsonNode) nodes = NULL;
  g_autoptr(JsonNode) devices = NULL;

  if (!once_open (once, error))
    return FALSE;
  if (once->json)
    return once_execute_and_print (once, qmp_message_new_command ("query-named-block-nodes", NULL, error), error);
  nodes = query (once, "query-named-block-nodes", error);
  if (nodes == NULL)
    return FALSE;
  /* A storage daemon has nodes and no devices. */
  devices = query (once, "query-block", NULL);
  for (guint i = 0; i < tool_json_get_length (nodes); i++)
    add_node (table, tool_json_get_element (nodes, i), devices);
  once_table_print (table, once);
  return TRUE;
}

/* --- block tree --- */

static JsonNode *
find_by_id (JsonNode *nodes,
            gint64    id)
{
  for (guint i = 0; i < tool_json_get_length (nodes); i++)
    {
      JsonNode *node = tool_json_get_element (nodes, i);

      if (tool_json_get_int (node, "id") == id)
        return node;
    }
  return NULL;
}

/* shown: the ids of those that were printed with what is below them. That is done once for each: with a server that means no
 * good, and a few nodes that have two parents each, it would never end. */
static void
print_below (Once       *once,
             JsonNode   *graph,
             JsonNode   *node,
             GHashTable *shown,
             guint       depth)
{
  JsonNode *edges = tool_json_get_member (graph, "edges");
  gint64 id = tool_json_get_int (node, "id");

  if (depth > MAX_DEPTH || !g_hash_table_add (shown, g_memdup2 (&id, sizeof id)))
    return;
  for (guint i = 0; i < tool_json_get_length (edges); i++)
    {
      JsonNode *edge = tool_json_get_element (edges, i);
      JsonNode *child = find_by_id (tool_json_get_member (graph, "nodes"), tool_json_get_int (edge, "child"));

      if (child == NULL || tool_json_get_int (edge, "parent") != id)
        continue;
      once_print_line (once, "%*s%s: %s", (int) (2 * depth), "", tool_json_get_string (edge, "name"),
                       tool_json_get_string (child, "name"));
      print_below (once, graph, child, shown, depth + 1);
    }
}

static gboolean
is_child (JsonNode *graph,
          JsonNode *node)
{
  JsonNode *edges = tool_json_get_member (graph, "edges");

  for (guint i = 0; i < tool_json_get_length (edges); i++)
    if (tool_json_get_int (tool_json_get_element (edges, i), "child") == tool_json_get_int (node, "id"))
      return TRUE;
  return FALSE;
}

static gboolean
run_block_tree (Once                *once,
                const char * const  *words,
                GError             **error)
{
  g_autoptr(GHashTable) shown = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  g_autoptr(JsonNode) graph = NULL;
  JsonNode *nodes;

  if (!once_open (once, error))
    return FALSE;
  if (once->json)
    return once_execute_and_print (once, qmp_message_new_command ("x-debug-query-block-graph", NULL, error), error);
  graph = query (once, "x-debug-query-block-graph", error);
  if (graph == NULL)
    return FALSE;
  nodes = tool_json_get_member (graph, "nodes");
  for (guint i = 0; i < tool_json_get_length (nodes); i++)
    {
      JsonNode *node = tool_json_get_element (nodes, i);

      if (is_child (graph, node))
        continue;
      once_print_line (once, "%s", tool_json_get_string (node, "name"));
      print_below (once, graph, node, shown, 1);
    }
  return TRUE;
}

/* --- device list --- */

/* "child<TYPE>" without what is around it; NULL if it is not a child. */
static char *
dup_child_type (const char *type)
{
  if (!g_str_has_prefix (type, "child<") || !g_str_has_suffix (type, ">"))
    return NULL;
  return g_strndup (type + strlen ("child<"), strlen (type) - strlen ("child<>"));
}

static gboolean
add_devices (Once        *once,
             OnceTable   *table,
             const char  *path,
             GError     **error)
{
  g_autoptr(JsonNode) list = once_execute (once, qmp_message_new_parsed ("qom-list", error, "{'path': %s}", path), error);

  for (guint i = 0; i < tool_json_get_length (list); i++)
    {
      JsonNode *property = tool_json_get_element (list, i);
      const char *name = tool_json_get_string (property, "name");
      g_autofree char *type = dup_child_type (tool_json_get_string (property, "type"));
      g_autofree char *where = g_strdup_printf ("%s/%s", path, name);
      const char *cells[] = { g_str_has_suffix (path, "-anon") ? "" : name, type, where };

      if (type != NULL)
        once_table_add (table, cells);
    }
  return list != NULL;
}

static gboolean
print_devices (Once        *once,
               const char  *path,
               GError     **error)
{
  return once_execute_and_print (once, qmp_message_new_parsed ("qom-list", error, "{'path': %s}", path), error);
}

static gboolean
run_device_list (Once                *once,
                 const char * const  *words,
                 GError             **error)
{
  const char *header[] = { _("ID"), _("TYPE"), _("PATH"), NULL };
  g_autoptr(OnceTable) table = once_table_new (header);

  if (!once_open (once, error))
    return FALSE;
  if (once->json)
    return print_devices (once, "/machine/peripheral", error) && print_devices (once, "/machine/peripheral-anon", error);
  if (!add_devices (once, table, "/machine/peripheral", error) || !add_devices (once, table, "/machine/peripheral-anon", error))
    return FALSE;
  once_table_print (table, once);
  return TRUE;
}

/* --- */

const OnceVerb once_block_list = {
  .words = "block list",
  .parameters = "",
  .summary = N_("List the block nodes: their driver, size and file, and who uses them"),
  .pages = TRUE,
  .run = run_block_list,
};

const OnceVerb once_block_tree = {
  .words = "block tree",
  .parameters = "",
  .summary = N_("Show which block node stands on which"),
  .pages = TRUE,
  .run = run_block_tree,
};

const OnceVerb once_device_list = {
  .words = "device list",
  .parameters = "",
  .summary = N_("List the devices that were added: their ID, type and QOM path"),
  .pages = TRUE,
  .run = run_device_list,
};
