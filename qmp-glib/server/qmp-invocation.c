/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "server/qmp-invocation-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include <qmp-glib/qmp-error.h>
#include <qmp-glib/qmp-server-connection.h>

#include "core/qmp-thread-private.h"
#include "json/qmp-json-reader-private.h"
#include "json/qmp-json-text-private.h"
#include "message/qmp-message-private.h"
#include "message/qmp-value-private.h"
#include "server/qmp-server-text-private.h"
#include "wire/qmp-hand-over-private.h"

/**
 * QmpInvocation:
 *
 * A command that a client has sent to a [class@Server], until it is answered.
 *
 * A handler of [signal@Server::command] is given one. It answers at once, or keeps it and answers later. Each is answered
 * once: with [method@Invocation.return_value], [method@Invocation.return_text] or [method@Invocation.return_error]. When
 * the last reference goes without that, the client is answered `GenericError`, so that it does not wait for ever.
 *
 * Answers go out in the order of the commands, as QEMU's do: one that is given early waits for those of the commands before
 * it. Only answers to commands that came out-of-band wait for nobody.
 *
 * When the client is gone, answers succeed and go nowhere.
 *
 * An object belongs to the thread of its server. Its last reference may be dropped in any.
 *
 * Since: 1.0
 */

struct _QmpInvocation {
  GObject              parent_instance;

  GThread             *thread;
  QmpIoContext        *io;           /* nullable: of one that a program has made */
  QmpServerConnection *connection;   /* owned; so are the next */
  QmpMessage          *message;
  char                *command;
  GUnixFDList         *fd_list;      /* nullable */
  gboolean             out_of_band;
  gboolean             answered;
  QmpInvocationFunc    func;         /* NULL: nobody is to be answered */
  gpointer             place;        /* borrowed */
};

enum {
  PROP_0,
  PROP_MESSAGE,
  PROP_COMMAND,
  PROP_ARGUMENTS,
  PROP_FD_LIST,
  PROP_OUT_OF_BAND,
  PROP_CONNECTION,
  PROP_ANSWERED,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (QmpInvocation, qmp_invocation, G_TYPE_OBJECT)

/* --- the answer --- */

static gboolean
asks_for_secret (QmpInvocation *self)
{
  gsize length;
  const char *text = g_bytes_get_data (qmp_message_get_bytes (self->message), &length);

  return qmp_json_asks_for_secret (text, length);
}

/* Takes text. Runs no user code but for handlers of notify, last of all. */
static void
answer (QmpInvocation *self,
        GString       *text)
{
  QmpInvocationFunc func = g_steal_pointer (&self->func);

  self->answered = TRUE;
  if (func != NULL)
    func (self->connection, g_steal_pointer (&self->place), text, asks_for_secret (self));
  else
    g_string_free (text, TRUE);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ANSWERED]);
}

/* The id as it stands in the command; owned is to be freed. */
static QmpJsonSlice
get_id (QmpInvocation  *self,
        char          **owned)
{
  *owned = qmp_message_dup_member_text (self->message, "id");
  return (QmpJsonSlice) { *owned, *owned != NULL ? strlen (*owned) : 0 };
}

static void
answer_value (QmpInvocation *self,
              const char    *value,
              gsize          length)
{
  g_autofree char *id_text = NULL;
  QmpJsonSlice id = get_id (self, &id_text);

  answer (self, qmp_server_text_return (value, length, id));
}

void
qmp_invocation_refuse (QmpInvocation *self,
                       const char    *error_class,
                       const char    *desc)
{
  g_autofree char *id_text = NULL;
  QmpJsonSlice id = get_id (self, &id_text);

  answer (self, qmp_server_text_error (error_class, desc, id));
}

gpointer
qmp_invocation_surrender (QmpInvocation *self)
{
  gpointer place = g_steal_pointer (&self->place);

  g_assert (!self->answered);

  self->func = NULL;
  self->answered = TRUE;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ANSWERED]);
  return place;
}

static void
answer_dropped (QmpInvocation *self)
{
  g_autofree char *desc = g_strdup_printf ("The command %s was not answered", self->command);

  qmp_invocation_refuse (self, "GenericError", desc);
}

/* --- the object --- */

static void
qmp_invocation_dispose (GObject *object)
{
  QmpInvocation *self = QMP_INVOCATION (object);

  if (self->io != NULL && !qmp_hand_over_begin_dispose (object, self->io))
    return;

  if (!self->answered && self->func != NULL)
    answer_dropped (self);

  G_OBJECT_CLASS (qmp_invocation_parent_class)->dispose (object);
  if (self->io != NULL)
    qmp_hand_over_end_dispose (object, self->io);
}

static void
qmp_invocation_finalize (GObject *object)
{
  QmpInvocation *self = QMP_INVOCATION (object);

  g_clear_object (&self->connection);
  g_clear_object (&self->message);
  g_clear_object (&self->fd_list);
  g_free (self->command);
  if (self->io != NULL)
    {
      qmp_io_context_leave (self->io);
      qmp_io_context_unref (self->io);
    }

  G_OBJECT_CLASS (qmp_invocation_parent_class)->finalize (object);
}

static void
qmp_invocation_get_property (GObject    *object,
                             guint       property_id,
                             GValue     *value,
                             GParamSpec *pspec)
{
  QmpInvocation *self = QMP_INVOCATION (object);

  switch (property_id)
    {
    case PROP_MESSAGE:
      g_value_set_object (value, self->message);
      break;
    case PROP_COMMAND:
      g_value_set_string (value, self->command);
      break;
    case PROP_ARGUMENTS:
      g_value_set_boxed (value, qmp_invocation_get_arguments (self));
      break;
    case PROP_FD_LIST:
      g_value_set_object (value, self->fd_list);
      break;
    case PROP_OUT_OF_BAND:
      g_value_set_boolean (value, self->out_of_band);
      break;
    case PROP_CONNECTION:
      g_value_set_object (value, self->connection);
      break;
    case PROP_ANSWERED:
      g_value_set_boolean (value, self->answered);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
install_what_came (void)
{
  GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * QmpInvocation:message: (getter get_message)
   *
   * The whole message that the client has sent, which is read-only.
   *
   * Since: 1.0
   */
  properties[PROP_MESSAGE] = g_param_spec_object ("message", NULL, NULL, QMP_TYPE_MESSAGE, readable);

  /**
   * QmpInvocation:command: (getter get_command)
   *
   * The command's name.
   *
   * Since: 1.0
   */
  properties[PROP_COMMAND] = g_param_spec_string ("command", NULL, NULL, NULL, readable);

  /**
   * QmpInvocation:arguments: (getter get_arguments)
   *
   * The command's arguments, an object; `NULL` if it came without.
   *
   * Since: 1.0
   */
  properties[PROP_ARGUMENTS] = g_param_spec_boxed ("arguments", NULL, NULL, JSON_TYPE_NODE, readable);

  /**
   * QmpInvocation:fd-list: (getter get_fd_list)
   *
   * The file descriptors that came with the command.
   *
   * Since: 1.0
   */
  properties[PROP_FD_LIST] = g_param_spec_object ("fd-list", NULL, NULL, G_TYPE_UNIX_FD_LIST, readable);

  /**
   * QmpInvocation:out-of-band: (getter get_out_of_band)
   *
   * Whether it is to be executed out-of-band.
   *
   * Since: 1.0
   */
  properties[PROP_OUT_OF_BAND] = g_param_spec_boolean ("out-of-band", NULL, NULL, FALSE, readable);
}

static void
qmp_invocation_class_init (QmpInvocationClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->dispose = qmp_invocation_dispose;
  object_class->finalize = qmp_invocation_finalize;
  object_class->get_property = qmp_invocation_get_property;
  qmp_hand_over_install (object_class);
  install_what_came ();

  /**
   * QmpInvocation:connection: (getter get_connection)
   *
   * The client that has sent it.
   *
   * Since: 1.0
   */
  properties[PROP_CONNECTION] =
    g_param_spec_object ("connection", NULL, NULL, QMP_TYPE_SERVER_CONNECTION, readable);

  /**
   * QmpInvocation:answered: (getter get_answered)
   *
   * Whether it was answered.
   *
   * Since: 1.0
   */
  properties[PROP_ANSWERED] = g_param_spec_boolean ("answered", NULL, NULL, FALSE, readable);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

/* One that a program makes by itself is nobody's. */
static void
qmp_invocation_init (QmpInvocation *self)
{
  self->thread = g_thread_self ();
}

QmpInvocation *
qmp_invocation_new (QmpServerConnection *connection,
                    QmpIoContext        *io,
                    QmpMessage          *message,
                    char                *command,
                    gboolean             out_of_band,
                    GUnixFDList         *fd_list,
                    QmpInvocationFunc    func,
                    gpointer             place)
{
  QmpInvocation *self = g_object_new (QMP_TYPE_INVOCATION, NULL);

  self->io = qmp_io_context_ref (io);
  self->connection = g_object_ref (connection);
  self->message = g_object_ref (message);
  self->command = command;
  self->out_of_band = out_of_band;
  g_set_object (&self->fd_list, fd_list);
  self->func = func;
  self->place = place;
  return self;
}

/* --- what was asked for --- */

/**
 * qmp_invocation_get_message: (get-property message)
 * @self: an invocation
 *
 * The whole message that the client has sent, id included.
 *
 * Returns: (transfer none): the message, which is read-only
 *
 * Since: 1.0
 */
QmpMessage *
qmp_invocation_get_message (QmpInvocation *self)
{
  g_return_val_if_fail (QMP_IS_INVOCATION (self), NULL);

  return self->message;
}

/**
 * qmp_invocation_get_command: (get-property command)
 * @self: an invocation
 *
 * Gets the command's name. It is whatever the client has sent, and may be the name of no command.
 *
 * Returns: (transfer none): the name
 *
 * Since: 1.0
 */
const char *
qmp_invocation_get_command (QmpInvocation *self)
{
  g_return_val_if_fail (QMP_IS_INVOCATION (self), NULL);

  return self->command;
}

/**
 * qmp_invocation_get_arguments: (get-property arguments)
 * @self: an invocation
 *
 * Gets the command's arguments.
 *
 * Nobody has compared them with a schema. What a node cannot hold is said in [method@Message.get_node];
 * [method@Message.dup_string] and its sisters read single ones from the message, by a path such as `arguments.device`.
 *
 * Returns: (transfer none) (nullable): a node that holds an object, immutable; `NULL` if there are none
 *
 * Since: 1.0
 */
JsonNode *
qmp_invocation_get_arguments (QmpInvocation *self)
{
  g_return_val_if_fail (QMP_IS_INVOCATION (self), NULL);

  return self->message != NULL ? qmp_message_get_member (self->message, "arguments") : NULL;
}

/**
 * qmp_invocation_get_fd_list: (get-property fd-list)
 * @self: an invocation
 *
 * Gets the file descriptors that came with the command over a Unix socket.
 *
 * They belong to the invocation, and are closed with it. [method@Gio.UnixFDList.get] duplicates one to keep.
 *
 * Returns: (transfer none) (nullable): the descriptors; `NULL` for none
 *
 * Since: 1.0
 */
GUnixFDList *
qmp_invocation_get_fd_list (QmpInvocation *self)
{
  g_return_val_if_fail (QMP_IS_INVOCATION (self), NULL);

  return self->fd_list;
}

/**
 * qmp_invocation_get_out_of_band: (get-property out-of-band)
 * @self: an invocation
 *
 * Tells whether the command is to be executed out-of-band: at once, and answered before those that came earlier.
 *
 * Returns: `TRUE` if it came as `exec-oob`
 *
 * Since: 1.0
 */
gboolean
qmp_invocation_get_out_of_band (QmpInvocation *self)
{
  g_return_val_if_fail (QMP_IS_INVOCATION (self), FALSE);

  return self->out_of_band;
}

/**
 * qmp_invocation_get_connection: (get-property connection)
 * @self: an invocation
 *
 * Gets the client that has sent the command.
 *
 * Returns: (transfer none): the connection, which may be closed by now
 *
 * Since: 1.0
 */
QmpServerConnection *
qmp_invocation_get_connection (QmpInvocation *self)
{
  g_return_val_if_fail (QMP_IS_INVOCATION (self), NULL);

  return self->connection;
}

/* --- answering --- */

/**
 * qmp_invocation_get_answered: (get-property answered)
 * @self: an invocation
 *
 * Tells whether the command was answered.
 *
 * Returns: `TRUE` if it was
 *
 * Since: 1.0
 */
gboolean
qmp_invocation_get_answered (QmpInvocation *self)
{
  g_return_val_if_fail (QMP_IS_INVOCATION (self), FALSE);

  return self->answered;
}

static gboolean
require_unanswered (QmpInvocation  *self,
                    const char     *function,
                    GError        **error)
{
  if (!qmp_thread_require_server (self->thread, function, error))
    return FALSE;
  if (!self->answered)
    return TRUE;

  g_set_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE, _("The command “%s” is answered already"), self->command);
  return FALSE;
}

/**
 * qmp_invocation_return_value:
 * @self: an invocation
 * @value: (nullable): what the command returns; `NULL` for an empty object, as most commands return
 * @error: return location for an error
 *
 * Answers the command: it has succeeded.
 *
 * Success means that the answer goes out in its turn, if the client is still there to take it.
 *
 * Errors, with which the command is not answered:
 *
 * - `QMP_PROTOCOL_ERROR_SERIALIZATION`: there is something in @value that JSON cannot hold;
 * - `QMP_CLIENT_ERROR_STATE`: it is answered already;
 * - `QMP_CLIENT_ERROR_THREAD`: called in another thread than the server's.
 *
 * See “Command Responses” in the QMP specification.
 *
 * Returns: `TRUE` if it is answered
 *
 * Since: 1.0
 */
gboolean
qmp_invocation_return_value (QmpInvocation  *self,
                             JsonNode       *value,
                             GError        **error)
{
  g_autoptr(GString) text = NULL;

  g_return_val_if_fail (QMP_IS_INVOCATION (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!require_unanswered (self, G_STRFUNC, error))
    return FALSE;
  text = g_string_new (NULL);
  if (value == NULL)
    g_string_append (text, "{}");
  else if (!qmp_value_append (text, "return", value, error))
    return FALSE;
  answer_value (self, text->str, text->len);
  return TRUE;
}

/**
 * qmp_invocation_return_text:
 * @self: an invocation
 * @json: (not nullable): what the command returns, as JSON
 * @error: return location for an error
 *
 * Answers the command with a JSON text: it has succeeded.
 *
 * The text goes out as it is, but for white space. [method@Invocation.return_value] says what success means, and
 * which errors there are beside
 *
 * - `QMP_PROTOCOL_ERROR_DESERIALIZATION`, `QMP_PROTOCOL_ERROR_TOO_DEEP`: @json is not JSON, or nested deeper than 1023
 *   levels; the command is not answered.
 *
 * Returns: `TRUE` if it is answered
 *
 * Since: 1.0
 */
gboolean
qmp_invocation_return_text (QmpInvocation  *self,
                            const char     *json,
                            GError        **error)
{
  g_autoptr(GString) text = NULL;

  g_return_val_if_fail (QMP_IS_INVOCATION (self), FALSE);
  g_return_val_if_fail (json != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!require_unanswered (self, G_STRFUNC, error) ||
      !qmp_json_check (json, strlen (json), QMP_MESSAGE_MAX_DEPTH - 1, NULL, error))
    return FALSE;
  text = g_string_new (NULL);
  qmp_json_append_compact (text, json, strlen (json));
  answer_value (self, text->str, text->len);
  return TRUE;
}

/**
 * qmp_invocation_return_error:
 * @self: an invocation
 * @error_class: (not nullable): one of QEMU's classes: `GenericError`, `CommandNotFound`, `DeviceNotActive`,
 *   `DeviceNotFound`, `KVMMissingCap`; others are sent as they are
 * @desc: (not nullable): what went wrong, in words for people
 * @error: return location for an error
 *
 * Answers the command: it has failed.
 *
 * Success means that the answer goes out in its turn, if the client is still there to take it. Bytes of @error_class
 * and @desc that are not UTF-8 are replaced.
 *
 * Errors, with which the command is not answered:
 *
 * - `QMP_CLIENT_ERROR_STATE`: it is answered already;
 * - `QMP_CLIENT_ERROR_THREAD`: called in another thread than the server's.
 *
 * See “Command Responses” in the QMP specification.
 *
 * Returns: `TRUE` if it is answered
 *
 * Since: 1.0
 */
gboolean
qmp_invocation_return_error (QmpInvocation  *self,
                             const char     *error_class,
                             const char     *desc,
                             GError        **error)
{
  g_autofree char *valid_class = NULL;
  g_autofree char *valid_desc = NULL;

  g_return_val_if_fail (QMP_IS_INVOCATION (self), FALSE);
  g_return_val_if_fail (error_class != NULL, FALSE);
  g_return_val_if_fail (desc != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!require_unanswered (self, G_STRFUNC, error))
    return FALSE;
  valid_class = g_utf8_make_valid (error_class, -1);
  valid_desc = g_utf8_make_valid (desc, -1);
  qmp_invocation_refuse (self, valid_class, valid_desc);
  return TRUE;
}
