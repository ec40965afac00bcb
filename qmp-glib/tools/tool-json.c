/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tool-json.h"

JsonNode *
tool_json_get_member (JsonNode   *node,
                      const char *name)
{
  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node))
    return NULL;
  return json_object_get_member (json_node_get_object (node), name);
}

const char *
tool_json_as_string (JsonNode *node)
{
  return node != NULL && json_node_get_value_type (node) == G_TYPE_STRING ? json_node_get_string (node) : NULL;
}

const char *
tool_json_get_string (JsonNode   *node,
                      const char *name)
{
  const char *text = tool_json_as_string (tool_json_get_member (node, name));

  return text != NULL ? text : "";
}

gint64
tool_json_get_int (JsonNode   *node,
                   const char *name)
{
  JsonNode *member = tool_json_get_member (node, name);

  return member != NULL && JSON_NODE_HOLDS_VALUE (member) ? json_node_get_int (member) : 0;
}

gboolean
tool_json_get_boolean (JsonNode   *node,
                       const char *name)
{
  JsonNode *member = tool_json_get_member (node, name);

  return member != NULL && JSON_NODE_HOLDS_VALUE (member) && json_node_get_boolean (member);
}

guint
tool_json_get_length (JsonNode *array)
{
  return array != NULL && JSON_NODE_HOLDS_ARRAY (array) ? json_array_get_length (json_node_get_array (array)) : 0;
}

JsonNode *
tool_json_get_element (JsonNode *array,
                       guint     index)
{
  return json_array_get_element (json_node_get_array (array), index);
}

void
tool_json_add_text (JsonBuilder *builder,
                    const char  *name,
                    const char  *text)
{
  if (text == NULL)
    return;
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, text);
}

void
tool_json_add_int (JsonBuilder *builder,
                   const char  *name,
                   gint64       number)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, number);
}
