/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "message/qmp-value-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "core/qmp-error-private.h"
#include "json/qmp-json-node-private.h"
#include "json/qmp-json-reader-private.h"
#include "json/qmp-json-writer-private.h"

/* What JSON that is not an object is, as a whole sentence; by its first byte. */
static const char *
describe_kind (char first)
{
  switch (first)
    {
    case '[':
      return _("JSON, but an array, not an object");
    case '"':
      return _("JSON, but a string, not an object");
    case 't':
    case 'f':
      return _("JSON, but a boolean, not an object");
    case 'n':
      return _("JSON, but null, not an object");
    default:
      return _("JSON, but a number, not an object");
    }
}

/* text is valid JSON. */
gboolean
qmp_value_check_object (const char  *text,
                          gsize        length,
                          GError     **error)
{
  gsize start = 0;

  while (start < length && strchr (" \t\r\n", text[start]) != NULL)
    start++;
  if (start < length && text[start] == '{')
    return TRUE;

  g_propagate_error (error,
                     qmp_protocol_error_new_for_text (QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE, text, length,
                                                      -1, "%s", describe_kind (text[start])));
  return FALSE;
}

/* Nothing shorter than its own brackets can be too deep. */
gboolean
qmp_value_check_depth (const char  *value,
                         gsize        length,
                         GError     **error)
{
  if (length < 2 * QMP_MESSAGE_MAX_DEPTH ||
      qmp_json_check (value, length, QMP_MESSAGE_MAX_DEPTH - 1, NULL, NULL))
    return TRUE;

  g_set_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION,
               _("Nested deeper than %d levels"), QMP_MESSAGE_MAX_DEPTH);
  return FALSE;
}

gboolean
qmp_value_append (GString     *out,
                          const char  *name,
                          JsonNode    *value,
                          GError     **error)
{
  gsize start = out->len;

  if (qmp_json_append_node (out, value, error) &&
      qmp_value_check_depth (out->str + start, out->len - start, error))
    return TRUE;

  g_string_truncate (out, start);
  /* Translators: goes before what is wrong with a member of a message */
  g_prefix_error (error, _("Member “%s”: "), name);
  return FALSE;
}

gboolean
qmp_value_check_holds_object (JsonNode  *node,
                                GError   **error)
{
  g_autoptr(GString) text = NULL;

  if (JSON_NODE_HOLDS_OBJECT (node) && json_node_get_object (node) != NULL)
    return TRUE;

  text = g_string_new (NULL);
  return qmp_json_append_node (text, node, error) &&
         qmp_value_check_object (text->str, text->len, error);
}
