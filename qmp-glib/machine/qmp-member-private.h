/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* What a server has answered in a member; NULL if there is none. reply: nullable. */
static inline JsonNode *
qmp_member_get (JsonNode   *reply,
                const char *name)
{
  if (reply == NULL || !JSON_NODE_HOLDS_OBJECT (reply))
    return NULL;
  return json_object_get_member (json_node_get_object (reply), name);
}

/* The number that a server has answered in a member; otherwise if there is none. reply: nullable. */
static inline gint64
qmp_member_get_int (JsonNode   *reply,
                    const char *name,
                    gint64      otherwise)
{
  JsonNode *member = qmp_member_get (reply, name);

  if (member == NULL || !JSON_NODE_HOLDS_VALUE (member) || json_node_get_value_type (member) != G_TYPE_INT64)
    return otherwise;
  return json_node_get_int (member);
}

/* The string that a server has answered in a member; NULL if there is none, whatever else is there. reply: nullable. */
static inline const char *
qmp_member_get_string (JsonNode   *reply,
                       const char *name)
{
  JsonNode *member = qmp_member_get (reply, name);

  if (member == NULL || !JSON_NODE_HOLDS_VALUE (member) || json_node_get_value_type (member) != G_TYPE_STRING)
    return NULL;
  return json_node_get_string (member);
}

/* The same for a boolean; FALSE if there is none. */
static inline gboolean
qmp_member_get_boolean (JsonNode   *reply,
                        const char *name)
{
  JsonNode *member = NULL;

  if (reply != NULL && JSON_NODE_HOLDS_OBJECT (reply))
    member = json_object_get_member (json_node_get_object (reply), name);
  if (member == NULL || !JSON_NODE_HOLDS_VALUE (member) || json_node_get_value_type (member) != G_TYPE_BOOLEAN)
    return FALSE;
  return json_node_get_boolean (member);
}

G_END_DECLS
