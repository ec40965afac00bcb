/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "mock/qmp-tiny-value-private.h"

static JsonNode *
get (QmpInvocation *invocation,
     const char    *name,
     GType          type)
{
  JsonNode *arguments = qmp_invocation_get_arguments (invocation);
  JsonNode *value = NULL;

  if (arguments != NULL)
    value = json_object_get_member (json_node_get_object (arguments), name);
  return value != NULL && json_node_get_value_type (value) == type ? value : NULL;
}

const char *
qmp_tiny_get_string (QmpInvocation *invocation,
                     const char    *name)
{
  JsonNode *value = get (invocation, name, G_TYPE_STRING);

  return value != NULL ? json_node_get_string (value) : NULL;
}

gint64
qmp_tiny_get_int (QmpInvocation *invocation,
                  const char    *name,
                  gint64         otherwise)
{
  JsonNode *value = get (invocation, name, G_TYPE_INT64);

  return value != NULL ? json_node_get_int (value) : otherwise;
}

gboolean
qmp_tiny_get_boolean (QmpInvocation *invocation,
                      const char    *name,
                      gboolean       otherwise)
{
  JsonNode *value = get (invocation, name, G_TYPE_BOOLEAN);

  return value != NULL ? json_node_get_boolean (value) : otherwise;
}

void
qmp_tiny_return_object (QmpInvocation *invocation,
                        JsonObject    *object)
{
  g_autoptr(JsonNode) node = json_node_init_object (json_node_alloc (), object);

  json_object_unref (object);
  qmp_invocation_return_value (invocation, node, NULL);
}

void
qmp_tiny_return_array (QmpInvocation *invocation,
                       JsonArray     *array)
{
  g_autoptr(JsonNode) node = json_node_init_array (json_node_alloc (), array);

  json_array_unref (array);
  qmp_invocation_return_value (invocation, node, NULL);
}

void
qmp_tiny_return_nothing (QmpInvocation *invocation)
{
  qmp_invocation_return_value (invocation, NULL, NULL);
}

void
qmp_tiny_refuse (QmpInvocation *invocation,
                 const char    *error_class,
                 const char    *format,
                 ...)
{
  g_autofree char *desc = NULL;
  va_list arguments;

  va_start (arguments, format);
  desc = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  qmp_invocation_return_error (invocation, error_class, desc, NULL);
}
