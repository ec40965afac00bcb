/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "agent/qmp-guest-reply-private.h"

#include <glib/gi18n-lib.h>
#include <qmp-glib/qmp-error.h>

GBytes *
qmp_guest_reply_dup_bytes (QmpMessage  *reply,
                           const char  *path,
                           GError     **error)
{
  char *text = NULL;
  gsize length = 0;

  if (!qmp_message_lookup (reply, error, path, "?s", &text, NULL))
    return NULL;
  /* What is empty cannot be decoded in place. */
  if (text != NULL && *text != '\0')
    g_base64_decode_inplace (text, &length);
  return g_bytes_new_take (text, length);
}

gboolean
qmp_guest_reply_take_done (QmpMessage *reply)
{
  g_autoptr(QmpMessage) owned = reply;

  return owned != NULL;
}

gboolean
qmp_guest_reply_fail (const char  *command,
                      GError     **error)
{
  g_set_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_BAD_REPLY,
               _("The guest agent answers “%s” with something that was not asked for"), command);
  return FALSE;
}

JsonNode *
qmp_guest_strings_to_node (const char * const *strings)
{
  JsonArray *array = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  for (guint i = 0; strings != NULL && strings[i] != NULL; i++)
    json_array_add_string_element (array, strings[i]);
  json_node_take_array (node, array);
  return node;
}
