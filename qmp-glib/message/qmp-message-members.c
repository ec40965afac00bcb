/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "json/qmp-json-writer-private.h"
#include "message/qmp-message-struct-private.h"
#include "message/qmp-value-private.h"

/* Out-of-band is a member, seen as a property. */
static void
member_changed (QmpMessage *self,
                const char *name)
{
  qmp_body_changed (&self->body);
  if (g_str_equal (name, "exec-oob"))
    g_object_notify (G_OBJECT (self), "out-of-band");
}

/**
 * qmp_message_has_member:
 * @self: a message
 * @name: (not nullable): the name of a member
 *
 * Tells whether a message has a member; one with the value `null` counts.
 *
 * Returns: `TRUE` if it has
 *
 * Since: 1.0
 */
gboolean
qmp_message_has_member (QmpMessage *self,
                        const char *name)
{
  QmpJsonSlice value;

  g_return_val_if_fail (QMP_IS_MESSAGE (self), FALSE);
  g_return_val_if_fail (name != NULL, FALSE);

  return qmp_body_find (&self->body, name, &value);
}

/**
 * qmp_message_get_member:
 * @self: a message
 * @name: (not nullable): the name of a member
 *
 * The value of a member.
 *
 * See [method@Message.get_node] for what a node cannot hold;
 * [method@Message.dup_member_text] has the value in full.
 *
 * Returns: (transfer none) (nullable): the value, immutable, valid until the message is changed; a
 *   node of type null for a JSON `null`, and `NULL` if there is no such member
 *
 * Since: 1.0
 */
JsonNode *
qmp_message_get_member (QmpMessage *self,
                        const char *name)
{
  g_return_val_if_fail (QMP_IS_MESSAGE (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  return qmp_members_get_node (qmp_body_ensure_members (&self->body), name);
}

/**
 * qmp_message_dup_member_text:
 * @self: a message
 * @name: (not nullable): the name of a member
 *
 * The value of a member as JSON text, just as it stands in the message.
 *
 * Returns: (transfer full) (nullable): the text; `NULL` if there is no such member
 *
 * Since: 1.0
 */
char *
qmp_message_dup_member_text (QmpMessage *self,
                             const char *name)
{
  QmpJsonSlice value;

  g_return_val_if_fail (QMP_IS_MESSAGE (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  if (!qmp_body_find (&self->body, name, &value))
    return NULL;

  return g_strndup (value.text, value.length);
}

/* Whether a member of that name could be set. */
static gboolean
check_settable (QmpMessage  *self,
                const char  *name,
                GError     **error)
{
  g_autoptr(GString) scratch = g_string_new (NULL);

  return qmp_body_check (&self->body, error) &&
         qmp_json_append_string (scratch, name, -1, error);
}

/**
 * qmp_message_set_member:
 * @self: a message that is not read-only
 * @name: (not nullable): the name of a member
 * @value: (not nullable): its value; a node of type null for a JSON `null`
 * @error: return location for an error
 *
 * Sets a member of a message.
 *
 * A member that is there keeps its place, a new one becomes the last. The message keeps the value
 * that @value has now; later changes to @value do not matter.
 *
 * The errors are of the domain [error@ProtocolError]: `QMP_PROTOCOL_ERROR_SERIALIZATION` if @name
 * or @value has something in it that cannot be sent, with the name of the member in the text, and
 * for a message that is not valid, the error of [method@Message.validate]. The message is not changed
 * then.
 *
 * Returns: `TRUE` if it was set, `FALSE` with @error set if not
 *
 * Since: 1.0
 */
gboolean
qmp_message_set_member (QmpMessage  *self,
                        const char  *name,
                        JsonNode    *value,
                        GError     **error)
{
  g_autoptr(GString) text = NULL;

  g_return_val_if_fail (QMP_IS_MESSAGE (self), FALSE);
  g_return_val_if_fail (!self->read_only, FALSE);
  g_return_val_if_fail (name != NULL, FALSE);
  g_return_val_if_fail (value != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  text = g_string_new (NULL);
  if (!check_settable (self, name, error) || !qmp_value_append (text, name, value, error))
    return FALSE;

  qmp_members_set (qmp_body_ensure_members (&self->body), name,
                   g_string_free (g_steal_pointer (&text), FALSE));
  member_changed (self, name);

  return TRUE;
}

/**
 * qmp_message_set_member_text:
 * @self: a message that is not read-only
 * @name: (not nullable): the name of a member
 * @value: (not nullable): its value, a JSON text
 * @error: return location for an error
 *
 * Sets a member of a message to a value that is given as JSON text.
 *
 * Works as [method@Message.set_member] does, and keeps the spelling of @value: numbers that no node
 * can hold are set in this way.
 *
 * The errors are of the domain [error@ProtocolError]: `QMP_PROTOCOL_ERROR_DESERIALIZATION` if
 * @value is not JSON, `QMP_PROTOCOL_ERROR_TOO_DEEP` if the message would be nested deeper than 1024
 * levels, `QMP_PROTOCOL_ERROR_SERIALIZATION` if @name cannot be sent, and for a message that is not
 * valid, the error of [method@Message.validate]. The message is then as it was. Whether the server
 * takes the value is looked at when the message is sent.
 *
 * Returns: `TRUE` if it was set, `FALSE` with @error set if not
 *
 * Since: 1.0
 */
gboolean
qmp_message_set_member_text (QmpMessage  *self,
                             const char  *name,
                             const char  *value,
                             GError     **error)
{
  g_return_val_if_fail (QMP_IS_MESSAGE (self), FALSE);
  g_return_val_if_fail (!self->read_only, FALSE);
  g_return_val_if_fail (name != NULL, FALSE);
  g_return_val_if_fail (value != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!check_settable (self, name, error))
    return FALSE;
  if (!qmp_json_check (value, strlen (value), QMP_MESSAGE_MAX_DEPTH - 1, NULL, error))
    {
      /* Translators: goes before what is wrong with a member of a message */
      g_prefix_error (error, _("Member “%s”: "), name);
      return FALSE;
    }

  qmp_members_set (qmp_body_ensure_members (&self->body), name, g_strstrip (g_strdup (value)));
  self->body.sendable = FALSE;
  member_changed (self, name);

  return TRUE;
}

/**
 * qmp_message_remove_member:
 * @self: a message that is not read-only
 * @name: (not nullable): the name of a member
 *
 * Takes a member out of a message.
 *
 * Returns: `TRUE` if it was there
 *
 * Since: 1.0
 */
gboolean
qmp_message_remove_member (QmpMessage *self,
                           const char *name)
{
  g_return_val_if_fail (QMP_IS_MESSAGE (self), FALSE);
  g_return_val_if_fail (!self->read_only, FALSE);
  g_return_val_if_fail (name != NULL, FALSE);

  if (!qmp_members_remove (qmp_body_ensure_members (&self->body), name))
    return FALSE;

  member_changed (self, name);

  return TRUE;
}

/**
 * qmp_message_list_members:
 * @self: a message
 *
 * The names of the members, in their order.
 *
 * Returns: (transfer full) (not nullable) (array zero-terminated=1): the names, each once
 *
 * Since: 1.0
 */
char **
qmp_message_list_members (QmpMessage *self)
{
  g_return_val_if_fail (QMP_IS_MESSAGE (self), NULL);

  return qmp_members_list (qmp_body_ensure_members (&self->body));
}
