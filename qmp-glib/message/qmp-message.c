/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "json/qmp-json-writer-private.h"
#include "message/qmp-message-private.h"
#include "message/qmp-message-struct-private.h"
#include "message/qmp-value-private.h"

/**
 * QmpMessage:
 *
 * One message of the QMP protocol, to or from the server: a JSON object, used as a mapping.
 *
 * A message is made from nothing, from bytes, from a [struct@Json.Node] or as a command, and is
 * then read and changed by its members. It is at heart a text: members that nobody changes keep
 * exactly the spelling they came with, and a message that came from bytes and was not changed gives
 * back those bytes. So a number such as 18446744073709551615 or 1e400 passes through unharmed, where
 * a [struct@Json.Node] could not hold it; [method@Message.dup_member_text] gives such a value in
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
 *   qmp_message_new_parsed ("device_del", &error, "{'id': %s}", "net0");
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

  qmp_body_clear (&self->body);
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
   * [const@TIMEOUT_NONE] is as long as it takes, and [const@TIMEOUT_CLIENT] as long as [property@Client:timeout] says.
   *
   * Since: 1.0
   */
  properties[PROP_TIMEOUT] =
    g_param_spec_int ("timeout", NULL, NULL, QMP_TIMEOUT_CLIENT, G_MAXINT, QMP_TIMEOUT_CLIENT,
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
  self->timeout = QMP_TIMEOUT_CLIENT;
  self->assign_id = TRUE;
  self->success_response = TRUE;
  qmp_body_init (&self->body);
}

/* Whether this thread makes a received message right now. */
static __thread gboolean is_receiving;

static void
take_received (QmpMessage    *self,
               QmpJsonReader *reader,
               QmpJsonFrame  *frame)
{
  qmp_body_take_frame (&self->body, reader, frame);
  self->read_only = TRUE;
}

gpointer
qmp_message_new_received_as (GType          type,
                             QmpJsonReader *reader,
                             QmpJsonFrame  *frame)
{
  QmpMessage *self;

  is_receiving = TRUE;
  self = QMP_MESSAGE (g_object_new_with_properties (type, 0, NULL, NULL));
  is_receiving = FALSE;
  take_received (self, reader, frame);

  return self;
}

void
qmp_message_check_received (QmpMessage *self)
{
  if (!is_receiving)
    g_critical ("A %s cannot be made: it comes from the server", G_OBJECT_TYPE_NAME (self));
}

QmpMessage *
qmp_message_new_received (QmpJsonReader *reader,
                          QmpJsonFrame  *frame)
{
  QmpMessage *self = qmp_message_new ();

  take_received (self, reader, frame);
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
  /* What g_object_new() comes down to. */
  return QMP_MESSAGE (g_object_new_with_properties (QMP_TYPE_MESSAGE, 0, NULL, NULL));
}

/**
 * qmp_message_new_from_bytes:
 * @bytes: (not nullable): a JSON text, white space around it allowed
 * @error: return location for an error
 *
 * Makes a message from JSON text.
 *
 * The bytes are kept as they are, white space included, and are what
 * [method@Message.get_bytes] gives until the message is changed.
 *
 * Success means that they are a message. [ctor@Message.new_from_bytes_unchecked] does not look at them.
 *
 * The errors are of the domain [error@ProtocolError]: `QMP_PROTOCOL_ERROR_DESERIALIZATION` if
 * @bytes are not JSON as RFC 8259 has it, `QMP_PROTOCOL_ERROR_TOO_DEEP` if objects and arrays are
 * nested deeper than 1024 levels, `QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE` if they are JSON but no
 * object, and `QMP_PROTOCOL_ERROR_TOO_LARGE` from 4 GiB on. Nothing is left behind.
 * [func@ProtocolError.get_text] and [func@ProtocolError.get_offset] tell what is wrong, and where.
 *
 * Returns: (transfer full) (not nullable): a new message
 *
 * Since: 1.0
 */
QmpMessage *
qmp_message_new_from_bytes (GBytes  *bytes,
                            GError **error)
{
  g_autoptr(QmpMessage) self = NULL;

  g_return_val_if_fail (bytes != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  self = qmp_message_new_from_bytes_unchecked (bytes);
  if (!qmp_body_check (&self->body, error))
    return NULL;

  return g_steal_pointer (&self);
}

/**
 * qmp_message_new_from_bytes_unchecked:
 * @bytes: (not nullable): what should be a JSON text
 *
 * Makes a message from bytes without looking at them.
 *
 * Nothing fails until it is needed: [method@Message.validate] tells whether they are a message, with the errors of
 * [ctor@Message.new_from_bytes]. A message of bytes that are not one behaves as one without members, and cannot be
 * changed.
 *
 * Returns: (transfer full) (not nullable): a new message
 *
 * Since: 1.0
 */
QmpMessage *
qmp_message_new_from_bytes_unchecked (GBytes *bytes)
{
  QmpMessage *self;

  g_return_val_if_fail (bytes != NULL, NULL);

  self = g_object_new (QMP_TYPE_MESSAGE, NULL);
  qmp_body_take_unchecked (&self->body, g_bytes_ref (bytes));

  return self;
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
      if (!qmp_value_append (out, name, value, error))
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
  QmpMessage *self;

  g_return_val_if_fail (object != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!qmp_value_check_holds_object (object, error))
    return NULL;

  text = g_string_new (NULL);
  if (!append_members (text, json_node_get_object (object), error))
    return NULL;

  self = g_object_new (QMP_TYPE_MESSAGE, NULL);
  qmp_body_take_own (&self->body, g_steal_pointer (&text), 0);

  return self;
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
  qmp_body_copy (&copy->body, &self->body);
  g_set_object (&copy->fd_list, self->fd_list);
  copy->fd_fault = self->fd_fault != NULL ? g_error_copy (self->fd_fault) : NULL;
  copy->timeout = self->timeout;
  copy->assign_id = self->assign_id;
  copy->success_response = self->success_response;

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
 * [ctor@Message.new_from_bytes_unchecked], can be none, or one that could not keep its file descriptors, see
 * [method@Message.set_fd_list].
 *
 * The errors are those of the two; the message stays what it is.
 *
 * Returns: `TRUE` if it is a message, `FALSE` with @error set if it is not
 *
 * Since: 1.0
 */
gboolean
qmp_message_validate (QmpMessage  *self,
                      GError     **error)
{
  g_return_val_if_fail (QMP_IS_MESSAGE (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!qmp_body_check (&self->body, error))
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
 * The bytes of a message that is not valid, see [method@Message.validate], are those it was made from.
 *
 * Returns: (transfer none) (not nullable): the text, in UTF-8, not ended by a NUL, valid until the
 *   message is changed
 *
 * Since: 1.0
 */
GBytes *
qmp_message_get_bytes (QmpMessage *self)
{
  g_return_val_if_fail (QMP_IS_MESSAGE (self), NULL);

  return qmp_body_get_bytes (&self->body);
}

/**
 * qmp_message_to_string:
 * @self: a message
 *
 * The message as text for people, on many lines and indented by two spaces a level.
 *
 * It is JSON, and says the same as the message. A message that is not valid, see
 * [method@Message.validate], gives its bytes instead, with U+FFFD where they are not UTF-8.
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
  if (!qmp_body_check (&self->body, NULL))
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
 *   message is changed; an empty object for a message that is not valid
 *
 * Since: 1.0
 */
JsonNode *
qmp_message_get_node (QmpMessage *self)
{
  g_return_val_if_fail (QMP_IS_MESSAGE (self), NULL);

  return qmp_body_get_node (&self->body);
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
 * count. A message that is not valid, see [method@Message.validate], equals only one of the same bytes.
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
  if (!qmp_body_check (&self->body, NULL) || !qmp_body_check (&other->body, NULL))
    return FALSE;

  left = g_string_new (NULL);
  append_canonical (left, self);
  right = g_string_new (NULL);
  append_canonical (right, other);

  return g_string_equal (left, right);
}

/**
 * qmp_message_hash:
 * @self: a message
 *
 * A hash of a message, which is the same for messages that are [method@Message.equal].
 *
 * It is for tables in this process, and of no use in another one. A message that is a key of a table must not be changed.
 *
 * Returns: the hash
 *
 * Since: 1.0
 */
guint
qmp_message_hash (QmpMessage *self)
{
  g_autoptr(GString) canonical = NULL;

  g_return_val_if_fail (QMP_IS_MESSAGE (self), 0);

  if (!qmp_body_check (&self->body, NULL))
    return g_bytes_hash (qmp_message_get_bytes (self));

  canonical = g_string_new (NULL);
  append_canonical (canonical, self);
  return qmp_json_hash_name (canonical->str);
}
