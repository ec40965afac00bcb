/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "qmp-error-private.h"
#include "qmp-json-node-private.h"
#include "qmp-json-writer-private.h"
#include "qmp-message-private.h"
#include "qmp-message-struct-private.h"

/**
 * QmpMessage:
 *
 * One message of the QMP protocol, to or from the server: a JSON object, used as a mapping.
 *
 * A message is made from nothing, from bytes, from a [struct@Json.Node] or as a command, and is
 * then read and changed by its members. It is at heart a text: members that nobody changes keep
 * exactly the spelling they came with, and a message that came from bytes and was not changed gives
 * back those bytes. So a number such as 18446744073709551615 or 1e400 passes through unharmed, where
 * a [struct@Json.Node] could not hold it; [method@Message.get_member_text] gives such a value in
 * full.
 *
 * The order of the members is kept. Of a key that is used twice in a text the last value counts.
 *
 * A message that was received is shared by all who hear of it and is therefore read-only, see
 * [method@Message.is_read_only]; [method@Message.dup] gives a copy to change.
 *
 * A command carries some things beside its JSON object: whether it goes out-of-band, the file
 * descriptors that travel with it, how long to wait for its reply, whether success is answered at all,
 * and whether it is given an id.
 *
 * ```c
 * g_autoptr(GError) error = NULL;
 * g_autoptr(QmpMessage) message =
 *   qmp_message_new_parsed (&error, "device_del", "{'id': %s}", "net0");
 * g_autofree char *text = NULL;
 *
 * if (message == NULL)
 *   g_error ("%s", error->message);
 *
 * qmp_message_set_timeout (message, 2000);
 * text = qmp_message_to_string (message);
 * g_print ("%s\n", text);
 * ```
 *
 * prints
 *
 * ```json
 * {
 *   "execute": "device_del",
 *   "arguments": {
 *     "id": "net0"
 *   }
 * }
 * ```
 *
 * What a message may hold is said in the section “General Definitions” of the QMP specification.
 *
 * A message may be used by one thread at a time.
 *
 * Since: 1.0
 */

enum {
  PROP_0,
  PROP_READ_ONLY,
  PROP_OUT_OF_BAND,
  PROP_FD_LIST,
  PROP_TIMEOUT,
  PROP_ASSIGN_ID,
  PROP_SUCCESS_RESPONSE,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_TYPE (QmpMessage, qmp_message, G_TYPE_OBJECT)

static void
qmp_message_finalize (GObject *object)
{
  QmpMessage *self = QMP_MESSAGE (object);

  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_clear_pointer (&self->members, qmp_members_free);
  g_clear_pointer (&self->node, json_node_unref);
  g_clear_error (&self->fault);
  g_clear_object (&self->fd_list);
  g_clear_error (&self->fd_fault);

  G_OBJECT_CLASS (qmp_message_parent_class)->finalize (object);
}

static void
qmp_message_get_property (GObject    *object,
                          guint       prop_id,
                          GValue     *value,
                          GParamSpec *pspec)
{
  QmpMessage *self = QMP_MESSAGE (object);

  switch (prop_id)
    {
    case PROP_READ_ONLY:
      g_value_set_boolean (value, self->read_only);
      break;
    case PROP_OUT_OF_BAND:
      g_value_set_boolean (value, qmp_message_get_out_of_band (self));
      break;
    case PROP_FD_LIST:
      g_value_set_object (value, self->fd_list);
      break;
    case PROP_TIMEOUT:
      g_value_set_int (value, self->timeout);
      break;
    case PROP_ASSIGN_ID:
      g_value_set_boolean (value, self->assign_id);
      break;
    case PROP_SUCCESS_RESPONSE:
      g_value_set_boolean (value, self->success_response);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
qmp_message_set_property (GObject      *object,
                          guint         prop_id,
                          const GValue *value,
                          GParamSpec   *pspec)
{
  QmpMessage *self = QMP_MESSAGE (object);

  switch (prop_id)
    {
    case PROP_OUT_OF_BAND:
      qmp_message_set_out_of_band (self, g_value_get_boolean (value));
      break;
    case PROP_FD_LIST:
      qmp_message_set_fd_list (self, g_value_get_object (value));
      break;
    case PROP_TIMEOUT:
      qmp_message_set_timeout (self, g_value_get_int (value));
      break;
    case PROP_ASSIGN_ID:
      qmp_message_set_assign_id (self, g_value_get_boolean (value));
      break;
    case PROP_SUCCESS_RESPONSE:
      qmp_message_set_success_response (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
qmp_message_class_init (QmpMessageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = qmp_message_finalize;
  object_class->get_property = qmp_message_get_property;
  object_class->set_property = qmp_message_set_property;

  /**
   * QmpMessage:read-only: (getter is_read_only)
   *
   * Whether the message cannot be changed, because it was received.
   *
   * Since: 1.0
   */
  properties[PROP_READ_ONLY] =
    g_param_spec_boolean ("read-only", NULL, NULL, FALSE,
                          G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * QmpMessage:out-of-band: (getter get_out_of_band) (setter set_out_of_band)
   *
   * Whether the message is a command to be executed out-of-band.
   *
   * Since: 1.0
   */
  properties[PROP_OUT_OF_BAND] =
    g_param_spec_boolean ("out-of-band", NULL, NULL, FALSE,
                          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  /**
   * QmpMessage:fd-list: (getter get_fd_list) (setter set_fd_list)
   *
   * The file descriptors that travel with the command.
   *
   * Since: 1.0
   */
  properties[PROP_FD_LIST] =
    g_param_spec_object ("fd-list", NULL, NULL, G_TYPE_UNIX_FD_LIST,
                         G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  /**
   * QmpMessage:timeout: (getter get_timeout) (setter set_timeout)
   *
   * How long to wait for the reply to the command, in milliseconds.
   *
   * 0 is for ever, and -1 as long as [property@Client:timeout] says.
   *
   * Since: 1.0
   */
  properties[PROP_TIMEOUT] =
    g_param_spec_int ("timeout", NULL, NULL, -1, G_MAXINT, -1,
                      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  /**
   * QmpMessage:assign-id: (getter get_assign_id) (setter set_assign_id)
   *
   * Whether the client sees to the command's id when it is sent.
   *
   * If not, the command goes out with the id that it has, or without one. Replies without an id are
   * matched with the commands that went out without one, in their order.
   *
   * Since: 1.0
   */
  properties[PROP_ASSIGN_ID] =
    g_param_spec_boolean ("assign-id", NULL, NULL, TRUE,
                          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  /**
   * QmpMessage:success-response: (getter get_success_response) (setter set_success_response)
   *
   * Whether the server answers the command when it succeeds.
   *
   * Most commands are answered. A guest agent's `guest-shutdown` and `guest-suspend-*` are not: only
   * their failure is told. Such a command succeeds when its timeout has passed without an error, or
   * when the link ends after it was written. See [method@Message.set_success_response].
   *
   * Since: 1.0
   */
  properties[PROP_SUCCESS_RESPONSE] =
    g_param_spec_boolean ("success-response", NULL, NULL, TRUE,
                          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
qmp_message_init (QmpMessage *self)
{
  self->timeout = -1;
  self->assign_id = TRUE;
  self->success_response = TRUE;
  self->checked = TRUE;
  self->sendable = TRUE;
}

/* What JSON that is no object is, as a whole sentence; by its first byte. */
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
qmp_message_check_object (const char  *text,
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

static gboolean
check_text (const char      *text,
            gsize            length,
            QmpJsonOutline  *outline,
            GError         **error)
{
  /* The outline counts in 32 bits. */
  if (length > G_MAXUINT32)
    {
      g_propagate_error (error,
                         qmp_protocol_error_new_for_text (QMP_PROTOCOL_ERROR_TOO_LARGE, text, length, -1,
                                                          _("Message of %lu bytes is too large"),
                                                          (unsigned long) length));
      return FALSE;
    }

  return qmp_json_check (text, length, QMP_MESSAGE_MAX_DEPTH, outline, error) &&
         qmp_message_check_object (text, length, error);
}

/* Looks at the bytes, once. Returns FALSE if they are no message; the object then behaves as an
 * empty mapping. */
static gboolean
check_bytes (QmpMessage *self)
{
  if (!self->checked)
    {
      const char *text;
      gsize length;

      text = g_bytes_get_data (self->bytes, &length);
      self->checked = TRUE;
      self->has_outline = check_text (text, length, &self->outline, &self->fault);
    }

  return self->fault == NULL;
}

gboolean
qmp_message_check_bytes (QmpMessage  *self,
                         GError     **error)
{
  if (check_bytes (self))
    return TRUE;

  if (error != NULL)
    *error = g_error_copy (self->fault);
  return FALSE;
}

QmpMembers *
qmp_message_ensure_members (QmpMessage *self)
{
  if (self->members == NULL)
    self->members = qmp_members_new (check_bytes (self) ? self->bytes : NULL);

  return self->members;
}

/* The members are the truth now. */
void
qmp_message_changed (QmpMessage *self)
{
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_clear_pointer (&self->node, json_node_unref);
  self->has_outline = FALSE;
  self->command_length = 0;
}

QmpMessage *
qmp_message_new_own (GString *text)
{
  QmpMessage *self = g_object_new (QMP_TYPE_MESSAGE, NULL);

  self->bytes = g_string_free_to_bytes (text);
  self->compact = TRUE;

  return self;
}

void
qmp_message_take_received (QmpMessage           *self,
                           GBytes               *text,
                           const QmpJsonOutline *outline)
{
  self->bytes = text;
  self->outline = *outline;
  self->checked = outline->kind == QMP_JSON_OBJECT;
  self->has_outline = self->checked;
  self->sendable = FALSE;
  self->read_only = TRUE;
}

QmpMessage *
qmp_message_new_received (GBytes               *text,
                          const QmpJsonOutline *outline)
{
  QmpMessage *self = g_object_new (QMP_TYPE_MESSAGE, NULL);

  qmp_message_take_received (self, text, outline);

  return self;
}

/**
 * qmp_message_new:
 *
 * Makes a message without members.
 *
 * Returns: (transfer full) (not nullable): a new message
 *
 * Since: 1.0
 */
QmpMessage *
qmp_message_new (void)
{
  return g_object_new (QMP_TYPE_MESSAGE, NULL);
}

/**
 * qmp_message_new_from_bytes:
 * @bytes: (not nullable): a JSON text, white space around it allowed
 * @eager: whether to look at @bytes now
 * @error: return location for an error
 *
 * Makes a message from JSON text.
 *
 * The bytes are kept as they are, white space included, and are what
 * [method@Message.get_bytes] gives until the message is changed.
 *
 * With @eager, success means that they are a message. Without, nothing is looked at and nothing
 * fails until it is needed: [method@Message.validate] tells then. A message of bytes that are none
 * behaves as one without members, and cannot be changed.
 *
 * The errors are of the domain [error@ProtocolError]: `QMP_PROTOCOL_ERROR_DESERIALIZATION` if
 * @bytes are no JSON as RFC 8259 has it, `QMP_PROTOCOL_ERROR_TOO_DEEP` if objects and arrays are
 * nested deeper than 1024 levels, `QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE` if they are JSON but no
 * object, and `QMP_PROTOCOL_ERROR_TOO_LARGE` from 4 GiB on. Nothing is left behind.
 * [func@ProtocolError.get_text] and [func@ProtocolError.get_offset] tell what is wrong, and where.
 *
 * Returns: (transfer full) (not nullable): a new message
 *
 * Since: 1.0
 */
QmpMessage *
qmp_message_new_from_bytes (GBytes    *bytes,
                            gboolean   eager,
                            GError   **error)
{
  g_autoptr(QmpMessage) self = NULL;

  g_return_val_if_fail (bytes != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  self = g_object_new (QMP_TYPE_MESSAGE, NULL);
  self->bytes = g_bytes_ref (bytes);
  self->checked = FALSE;
  self->sendable = FALSE;

  if (eager && !qmp_message_check_bytes (self, error))
    return NULL;

  return g_steal_pointer (&self);
}

/* Nothing shorter than its own brackets can be too deep. */
gboolean
qmp_message_check_depth (const char  *value,
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
qmp_message_append_value (GString     *out,
                          const char  *name,
                          JsonNode    *value,
                          GError     **error)
{
  gsize start = out->len;

  if (qmp_json_append_node (out, value, error) &&
      qmp_message_check_depth (out->str + start, out->len - start, error))
    return TRUE;

  g_string_truncate (out, start);
  /* Translators: goes before what is wrong with a member of a message */
  g_prefix_error (error, _("Member “%s”: "), name);
  return FALSE;
}

gboolean
qmp_message_check_holds_object (JsonNode  *node,
                                GError   **error)
{
  g_autoptr(GString) text = NULL;

  if (JSON_NODE_HOLDS_OBJECT (node) && json_node_get_object (node) != NULL)
    return TRUE;

  text = g_string_new (NULL);
  return qmp_json_append_node (text, node, error) &&
         qmp_message_check_object (text->str, text->len, error);
}

static gboolean
append_members (GString     *out,
                JsonObject  *object,
                GError     **error)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  g_string_append_c (out, '{');

  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &value))
    {
      if (out->len > 1)
        g_string_append_c (out, ',');
      if (!qmp_json_append_string (out, name, -1, error))
        return FALSE;
      g_string_append_c (out, ':');
      if (!qmp_message_append_value (out, name, value, error))
        return FALSE;
    }

  g_string_append_c (out, '}');

  return TRUE;
}

/**
 * qmp_message_new_from_node:
 * @object: (not nullable): a node that holds an object
 * @error: return location for an error
 *
 * Makes a message from a JSON object.
 *
 * The message has the members that @object has now; later changes to @object do not matter.
 *
 * The errors are of the domain [error@ProtocolError]: `QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE` if
 * @object holds no object, and `QMP_PROTOCOL_ERROR_SERIALIZATION` if it has something in it that
 * cannot be sent; the text names the member. Nothing is left behind.
 *
 * Returns: (transfer full) (not nullable): a new message
 *
 * Since: 1.0
 */
QmpMessage *
qmp_message_new_from_node (JsonNode  *object,
                           GError   **error)
{
  g_autoptr(GString) text = NULL;

  g_return_val_if_fail (object != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!qmp_message_check_holds_object (object, error))
    return NULL;

  text = g_string_new (NULL);
  if (!append_members (text, json_node_get_object (object), error))
    return NULL;

  return qmp_message_new_own (g_steal_pointer (&text));
}

/**
 * qmp_message_dup:
 * @self: a message
 *
 * Makes a copy of a message, which can be changed even if the message is read-only.
 *
 * The copy has the members of @self, its file descriptors and its properties. It is a plain
 * [class@Message] also where @self is a [class@Event] or a [class@Greeting].
 *
 * Returns: (transfer full) (not nullable): a new message
 *
 * Since: 1.0
 */
QmpMessage *
qmp_message_dup (QmpMessage *self)
{
  QmpMessage *copy;

  g_return_val_if_fail (QMP_IS_MESSAGE (self), NULL);

  copy = g_object_new (QMP_TYPE_MESSAGE, NULL);
  copy->bytes = g_bytes_ref (qmp_message_get_bytes (self));
  copy->fault = self->fault != NULL ? g_error_copy (self->fault) : NULL;
  copy->outline = self->outline;
  g_set_object (&copy->fd_list, self->fd_list);
  copy->fd_fault = self->fd_fault != NULL ? g_error_copy (self->fd_fault) : NULL;
  copy->timeout = self->timeout;
  copy->assign_id = self->assign_id;
  copy->success_response = self->success_response;
  copy->command_length = self->command_length;
  copy->checked = self->checked;
  copy->has_outline = self->has_outline;
  copy->compact = self->compact;
  copy->sendable = self->sendable;

  return copy;
}

/**
 * qmp_message_validate:
 * @self: a message
 * @error: return location for an error
 *
 * Tells whether a message is one.
 *
 * Only a message of which the bytes were not looked at when it was made, see
 * [ctor@Message.new_from_bytes], can be none, or one that could not keep its file descriptors, see
 * [method@Message.set_fd_list].
 *
 * The errors are those of the two; the message stays what it is.
 *
 * Returns: `TRUE` if it is a message, `FALSE` with @error set if it is none
 *
 * Since: 1.0
 */
gboolean
qmp_message_validate (QmpMessage  *self,
                      GError     **error)
{
  g_return_val_if_fail (QMP_IS_MESSAGE (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!qmp_message_check_bytes (self, error))
    return FALSE;
  if (self->fd_fault == NULL)
    return TRUE;

  if (error != NULL)
    *error = g_error_copy (self->fd_fault);
  return FALSE;
}

/**
 * qmp_message_is_read_only: (get-property read-only)
 * @self: a message
 *
 * Tells whether a message cannot be changed.
 *
 * That is so for each message that came over a link, since all who hear of it share it. To call a
 * function that changes such a message is an error of the programmer; change a copy,
 * [method@Message.dup].
 *
 * Returns: `TRUE` if it is read-only
 *
 * Since: 1.0
 */
gboolean
qmp_message_is_read_only (QmpMessage *self)
{
  g_return_val_if_fail (QMP_IS_MESSAGE (self), FALSE);

  return self->read_only;
}

/**
 * qmp_message_get_bytes:
 * @self: a message
 *
 * The message as JSON text.
 *
 * A message that came from bytes or over a link and was not changed gives exactly those bytes. Any
 * other gives its shortest form, without white space and without a line end, in which values that
 * were not changed keep the spelling of their numbers and strings.
 *
 * The bytes of a message that is none, see [method@Message.validate], are those it was made from.
 *
 * Returns: (transfer none) (not nullable): the text, in UTF-8, not ended by a NUL, valid until the
 *   message is changed
 *
 * Since: 1.0
 */
GBytes *
qmp_message_get_bytes (QmpMessage *self)
{
  GString *text;

  g_return_val_if_fail (QMP_IS_MESSAGE (self), NULL);

  if (self->bytes == NULL)
    {
      text = g_string_new (NULL);
      qmp_members_append (qmp_message_ensure_members (self), text, NULL);
      self->bytes = g_string_free_to_bytes (text);
      self->compact = TRUE;
    }

  return self->bytes;
}

/**
 * qmp_message_to_string:
 * @self: a message
 *
 * The message as text for people, on many lines and indented by two spaces a level.
 *
 * It is JSON, and says the same as the message. A message that is none, see
 * [method@Message.validate], gives its bytes instead, with U+FFFD where they are no UTF-8.
 *
 * Returns: (transfer full) (not nullable): the text, without a line end after the last line
 *
 * Since: 1.0
 */
char *
qmp_message_to_string (QmpMessage *self)
{
  g_autoptr(GString) out = NULL;
  const char *text;
  gsize length;

  g_return_val_if_fail (QMP_IS_MESSAGE (self), NULL);

  text = g_bytes_get_data (qmp_message_get_bytes (self), &length);
  if (!check_bytes (self))
    return length > 0 ? g_utf8_make_valid (text, length) : g_strdup ("");

  out = g_string_new (NULL);
  qmp_json_append_pretty (out, text, length);

  return g_string_free (g_steal_pointer (&out), FALSE);
}

/**
 * qmp_message_get_node:
 * @self: a message
 *
 * The message as a JSON object.
 *
 * A node cannot hold all that JSON can: an integer outside of the range of 64 bits with a sign
 * becomes the nearest double, a number beyond a double's range becomes infinity, and U+0000 in a
 * string becomes U+FFFD. [method@Message.get_bytes] has them in full.
 *
 * Returns: (transfer none) (not nullable): a node that holds an object, immutable, valid until the
 *   message is changed; an empty object for a message that is none
 *
 * Since: 1.0
 */
JsonNode *
qmp_message_get_node (QmpMessage *self)
{
  const char *text = "{}";
  gsize length = 2;

  g_return_val_if_fail (QMP_IS_MESSAGE (self), NULL);

  if (self->node == NULL)
    {
      if (check_bytes (self))
        text = g_bytes_get_data (qmp_message_get_bytes (self), &length);
      self->node = qmp_json_to_node (text, length);
      json_node_seal (self->node);
    }

  return self->node;
}

static void
append_canonical (GString    *out,
                  QmpMessage *self)
{
  const char *text;
  gsize length;

  text = g_bytes_get_data (qmp_message_get_bytes (self), &length);
  qmp_json_append_canonical (out, text, length);
}

/**
 * qmp_message_equal:
 * @self: a message
 * @other: (not nullable): another message
 *
 * Tells whether two messages have the same members with the same values.
 *
 * The order of members and the spelling of numbers and strings do not matter, so 1 and 1.0 are
 * equal; numbers are compared exactly, whatever their size. File descriptors and timeouts do not
 * count. A message that is none, see [method@Message.validate], equals one of the same bytes only.
 *
 * Returns: `TRUE` if they are equal
 *
 * Since: 1.0
 */
gboolean
qmp_message_equal (QmpMessage *self,
                   QmpMessage *other)
{
  g_autoptr(GString) left = NULL;
  g_autoptr(GString) right = NULL;

  g_return_val_if_fail (QMP_IS_MESSAGE (self), FALSE);
  g_return_val_if_fail (QMP_IS_MESSAGE (other), FALSE);

  if (g_bytes_equal (qmp_message_get_bytes (self), qmp_message_get_bytes (other)))
    return TRUE;
  if (!check_bytes (self) || !check_bytes (other))
    return FALSE;

  left = g_string_new (NULL);
  append_canonical (left, self);
  right = g_string_new (NULL);
  append_canonical (right, other);

  return g_string_equal (left, right);
}
