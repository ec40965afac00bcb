/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "json/qmp-json-writer-private.h"
#include "message/qmp-message-private.h"
#include "message/qmp-message-struct-private.h"
#include "message/qmp-value-private.h"

/* What a message is as a command. */

#define ARGUMENTS_START ",\"arguments\":"

/* Most commands fit in. */
#define TEXT_SIZE 128

gboolean
qmp_message_begin_command (GString     *text,
                           const char  *command,
                           GError     **error)
{
  gsize length = strlen (QMP_MESSAGE_COMMAND_START);

  g_string_set_size (text, length);
  memcpy (text->str, QMP_MESSAGE_COMMAND_START, length);
  return qmp_json_append_string (text, command, -1, error);
}

/* Arguments begin at start. Leaves out those that are empty: QEMU reads byte by byte. */
static void
end_arguments (GString *text,
               gsize    start)
{
  if (g_str_equal (text->str + start, ARGUMENTS_START "{}"))
    g_string_truncate (text, start);
}

/* text is taken; the name ends at name_end. */
static QmpMessage *
end_command (GString *text,
             gsize    name_end)
{
  QmpMessage *self = g_object_new (QMP_TYPE_MESSAGE, NULL);

  g_string_append_c (text, '}');
  qmp_body_take_own (&self->body, text, name_end - strlen (QMP_MESSAGE_COMMAND_START));

  return self;
}

/**
 * qmp_message_new_command:
 * @command: (not nullable): the name of a command
 * @arguments: (nullable): a node that holds an object, the command's arguments; `NULL` for none
 * @error: return location for an error
 *
 * Makes a message that is a command.
 *
 * Whether the server knows the command is for the server to say. Later changes to @arguments do not
 * matter. See the section “Issuing Commands” of the QMP specification.
 *
 * The errors are of the domain [error@ProtocolError]: `QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE` if
 * @arguments hold no object, and `QMP_PROTOCOL_ERROR_SERIALIZATION` if there is something in
 * @command or @arguments that cannot be sent. Nothing is left behind.
 *
 * Returns: (transfer full) (not nullable): a new message
 *
 * Since: 1.0
 */
QmpMessage *
qmp_message_new_command (const char  *command,
                         JsonNode    *arguments,
                         GError     **error)
{
  g_autoptr(GString) text = NULL;
  gsize start;

  g_return_val_if_fail (command != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  text = g_string_sized_new (TEXT_SIZE);
  if (!qmp_message_begin_command (text, command, error))
    return NULL;

  start = text->len;
  if (arguments != NULL)
    {
      if (!qmp_value_check_holds_object (arguments, error))
        {
          /* Translators: goes before what is wrong with the arguments of a command */
          g_prefix_error (error, _("Arguments of “%s”: "), command);
          return NULL;
        }

      g_string_append (text, ARGUMENTS_START);
      if (!qmp_value_append (text, "arguments", arguments, error))
        return NULL;
    }

  end_arguments (text, start);
  return end_command (g_steal_pointer (&text), start);
}

/**
 * qmp_message_new_parsed: (skip)
 * @command: (not nullable): the name of a command
 * @error: return location for an error
 * @format: (nullable): the arguments as JSON with holes, an object; `NULL` for none
 * @...: the values for the holes
 *
 * Makes a message that is a command, with its arguments written in place.
 *
 * The values go in as values, whatever characters they have in them, and are never read as JSON
 * text (but for `%j`).
 *
 * In @format, strings may also stand in single quotes, and where a value may stand, a hole may:
 *
 * | Hole | Takes | Gives |
 * |------|-------|-------|
 * | `%b` | `gboolean` | `true` or `false` |
 * | `%i` | `int` | a number |
 * | `%u` | `guint` | a number |
 * | `%x` | `gint64` | a number |
 * | `%t` | `guint64` | a number |
 * | `%d` | `double` | a number |
 * | `%s` | `const char *` | a string; `null` for `NULL` |
 * | `%v` | [struct@Json.Node], not taken over | that value; `null` for `NULL` |
 * | `%j` | `const char *`, JSON text | that value |
 *
 * ```c
 * message = qmp_message_new_parsed ("block_resize", &error,
 *                                   "{'node-name': %s, 'size': %x}",
 *                                   "disk0", G_GINT64_CONSTANT (10737418240));
 * ```
 *
 * A @format that is not so written is an error of the programmer.
 *
 * The errors are of the domain [error@ProtocolError]: `QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE` if
 * @format gives no object, and `QMP_PROTOCOL_ERROR_SERIALIZATION` if there is something in @command
 * or the values that cannot be sent, a text for `%j` that is not JSON included. Nothing is left behind.
 *
 * Returns: (transfer full) (not nullable): a new message
 *
 * Since: 1.0
 */
QmpMessage *
qmp_message_new_parsed (const char  *command,
                        GError     **error,
                        const char  *format,
                        ...)
{
  QmpMessage *self;
  va_list arguments;

  va_start (arguments, format);
  self = qmp_message_new_parsed_va (command, error, format, &arguments);
  va_end (arguments);

  return self;
}

static gboolean
append_arguments (GString     *text,
                  GError     **error,
                  const char  *command,
                  const char  *format,
                  va_list     *arguments)
{
  gsize start;

  g_string_append_len (text, ARGUMENTS_START, strlen (ARGUMENTS_START));
  start = text->len;

  if (qmp_json_append_format (text, error, format, arguments) &&
      qmp_value_check_object (text->str + start, text->len - start, error) &&
      qmp_value_check_depth (text->str + start, text->len - start, error))
    return TRUE;

  /* Translators: goes before what is wrong with the arguments of a command */
  g_prefix_error (error, _("Arguments of “%s”: "), command);
  return FALSE;
}

gboolean
qmp_message_append_parsed (GString     *text,
                           gsize       *name_end,
                           GError     **error,
                           const char  *command,
                           const char  *format,
                           va_list     *arguments)
{
  if (!qmp_message_begin_command (text, command, error))
    return FALSE;

  *name_end = text->len;
  if (format != NULL && !append_arguments (text, error, command, format, arguments))
    return FALSE;

  end_arguments (text, *name_end);
  return TRUE;
}

/**
 * qmp_message_new_parsed_va: (skip)
 * @command: (not nullable): the name of a command
 * @error: return location for an error
 * @format: (nullable): the arguments as JSON with holes, an object; `NULL` for none
 * @arguments: (not nullable): the values for the holes; where it stands afterwards is undefined
 *
 * Makes a message that is a command, as [ctor@Message.new_parsed] does.
 *
 * Returns: (transfer full) (not nullable): a new message
 *
 * Since: 1.0
 */
QmpMessage *
qmp_message_new_parsed_va (const char  *command,
                           GError     **error,
                           const char  *format,
                           va_list     *arguments)
{
  g_autoptr(GString) text = NULL;
  gsize name_end;

  g_return_val_if_fail (command != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);
  g_return_val_if_fail (arguments != NULL, NULL);

  text = g_string_sized_new (TEXT_SIZE);
  if (!qmp_message_append_parsed (text, &name_end, error, command, format, arguments))
    return NULL;

  return end_command (g_steal_pointer (&text), name_end);
}

/**
 * qmp_message_get_out_of_band: (get-property out-of-band)
 * @self: a message
 *
 * Tells whether a message is a command to be executed out-of-band.
 *
 * It is if it has a member `exec-oob`; see the section “Out-of-band execution” of the QMP
 * specification.
 *
 * Returns: `TRUE` if it is to be executed out-of-band
 *
 * Since: 1.0
 */
gboolean
qmp_message_get_out_of_band (QmpMessage *self)
{
  QmpJsonSlice value;

  g_return_val_if_fail (QMP_IS_MESSAGE (self), FALSE);

  return self->body.command_length == 0 && qmp_body_find (&self->body, "exec-oob", &value);
}

/**
 * qmp_message_set_out_of_band: (set-property out-of-band)
 * @self: a message that is not read-only
 * @out_of_band: whether to execute it out-of-band
 *
 * Sets whether a command is to be executed out-of-band.
 *
 * Its member `execute` becomes `exec-oob`, or the other way round, at the same place. A message that
 * has neither or both of them is not a command, and stays as it is.
 *
 * Whether a command can be executed in this way is for the server to say.
 *
 * Since: 1.0
 */
void
qmp_message_set_out_of_band (QmpMessage *self,
                             gboolean    out_of_band)
{
  gboolean renamed;

  g_return_if_fail (QMP_IS_MESSAGE (self));
  g_return_if_fail (!self->read_only);

  if (!!out_of_band == qmp_message_get_out_of_band (self))
    return;

  if (out_of_band)
    renamed = qmp_members_rename (qmp_body_ensure_members (&self->body), "execute", "exec-oob");
  else
    renamed = qmp_members_rename (qmp_body_ensure_members (&self->body), "exec-oob", "execute");
  if (!renamed)
    return;

  qmp_body_changed (&self->body);
  g_object_notify (G_OBJECT (self), "out-of-band");
}

/**
 * qmp_message_get_fd_list: (get-property fd-list)
 * @self: a message
 *
 * The file descriptors that travel with a command.
 *
 * They belong to the message, and are closed with it.
 *
 * Returns: (transfer none) (nullable): the descriptors, not to be changed; `NULL` for none
 *
 * Since: 1.0
 */
GUnixFDList *
qmp_message_get_fd_list (QmpMessage *self)
{
  g_return_val_if_fail (QMP_IS_MESSAGE (self), NULL);

  return self->fd_list;
}

static GUnixFDList *
duplicate_fds (GUnixFDList  *fd_list,
               GError      **error)
{
  g_autoptr(GUnixFDList) copy = NULL;
  const int *fds;
  int n_fds;

  fds = g_unix_fd_list_peek_fds (fd_list, &n_fds);
  if (n_fds == 0)
    return NULL;

  copy = g_unix_fd_list_new ();
  for (int i = 0; i < n_fds; i++)
    {
      if (g_unix_fd_list_append (copy, fds[i], error) < 0)
        return NULL;
    }

  return g_steal_pointer (&copy);
}

/**
 * qmp_message_set_fd_list: (set-property fd-list)
 * @self: a message that is not read-only
 * @fd_list: (nullable) (transfer none): file descriptors; `NULL` or an empty list for none
 *
 * Sets the file descriptors that travel with a command, for example with `add-fd` or `getfd`.
 *
 * The message keeps duplicates and closes them: afterwards the caller may do with @fd_list whatever it
 * wants. Descriptors can be passed over Unix sockets only.
 *
 * If they cannot be duplicated, because no descriptor is free, the message has none, and cannot be
 * sent: sending it and [method@Message.validate] then fail with `G_IO_ERROR_TOO_MANY_OPEN_FILES`,
 * until the descriptors are set anew.
 *
 * Since: 1.0
 */
void
qmp_message_set_fd_list (QmpMessage  *self,
                         GUnixFDList *fd_list)
{
  g_autoptr(GUnixFDList) copy = NULL;

  g_return_if_fail (QMP_IS_MESSAGE (self));
  g_return_if_fail (!self->read_only);
  g_return_if_fail (fd_list == NULL || G_IS_UNIX_FD_LIST (fd_list));

  g_clear_error (&self->fd_fault);
  if (fd_list != NULL)
    copy = duplicate_fds (fd_list, &self->fd_fault);

  if (g_set_object (&self->fd_list, copy))
    g_object_notify (G_OBJECT (self), "fd-list");
}

/**
 * qmp_message_get_timeout: (get-property timeout)
 * @self: a message
 *
 * How long to wait for the reply to a command.
 *
 * Returns: the time in milliseconds, [const@TIMEOUT_NONE] or [const@TIMEOUT_CLIENT]
 *
 * Since: 1.0
 */
int
qmp_message_get_timeout (QmpMessage *self)
{
  g_return_val_if_fail (QMP_IS_MESSAGE (self), QMP_TIMEOUT_CLIENT);

  return self->timeout;
}

/**
 * qmp_message_set_timeout: (set-property timeout)
 * @self: a message that is not read-only
 * @timeout: the time in milliseconds, [const@TIMEOUT_NONE] or [const@TIMEOUT_CLIENT]
 *
 * Sets how long to wait for the reply to a command.
 *
 * It counts from the moment the command is given to a client.
 *
 * Since: 1.0
 */
void
qmp_message_set_timeout (QmpMessage *self,
                         int         timeout)
{
  g_return_if_fail (QMP_IS_MESSAGE (self));
  g_return_if_fail (!self->read_only);
  g_return_if_fail (timeout >= QMP_TIMEOUT_CLIENT);

  if (self->timeout == timeout)
    return;

  self->timeout = timeout;
  g_object_notify (G_OBJECT (self), "timeout");
}

/**
 * qmp_message_get_assign_id: (get-property assign-id)
 * @self: a message
 *
 * Tells whether the client sees to the command's id when it is sent.
 *
 * Returns: `TRUE` if it does
 *
 * Since: 1.0
 */
gboolean
qmp_message_get_assign_id (QmpMessage *self)
{
  g_return_val_if_fail (QMP_IS_MESSAGE (self), TRUE);

  return self->assign_id;
}

/**
 * qmp_message_set_assign_id: (set-property assign-id)
 * @self: a message that is not read-only
 * @assign_id: whether the client sees to the id
 *
 * Sets whether the client sees to the command's id when it is sent.
 *
 * By default [method@Client.execute_message] gives it one, in place of an `id` that it may have, and
 * [method@Client.exchange] gives it one if it has none. Without, both send the message with the `id`
 * that it has, if any. A command without an id is answered without one; it is matched by order, and one
 * that is given up keeps its place, so that its late reply does not go to the next. A server's error
 * about something that it could not parse has no id either, and goes to the oldest command without one.
 *
 * An out-of-band command is answered out of order and so cannot go without an id.
 *
 * Since: 1.0
 */
void
qmp_message_set_assign_id (QmpMessage *self,
                           gboolean    assign_id)
{
  g_return_if_fail (QMP_IS_MESSAGE (self));
  g_return_if_fail (!self->read_only);

  assign_id = !!assign_id;
  if (self->assign_id == assign_id)
    return;

  self->assign_id = assign_id;
  g_object_notify (G_OBJECT (self), "assign-id");
}

/**
 * qmp_message_get_success_response: (get-property success-response)
 * @self: a message
 *
 * Tells whether the server answers the command when it succeeds.
 *
 * Returns: `TRUE` if it does
 *
 * Since: 1.0
 */
gboolean
qmp_message_get_success_response (QmpMessage *self)
{
  g_return_val_if_fail (QMP_IS_MESSAGE (self), TRUE);

  return self->success_response;
}

/**
 * qmp_message_set_success_response: (set-property success-response)
 * @self: a message that is not read-only
 * @success_response: whether success is answered
 *
 * Sets whether the server answers the command when it succeeds.
 *
 * Without, no answer until the timeout is a success, and so is the end of the link after the command
 * was written: [method@Client.execute_message] returns JSON `null` then, and [method@Client.exchange] a
 * message without members. The timeout is the message's or the client's; where neither sets one it is
 * 3000 milliseconds, and for a message with [const@TIMEOUT_NONE] only the end of the link counts. A reply that
 * comes after all, an error above all, is the outcome as usual. A command that could not be written in
 * time fails as any other.
 *
 * QMP's `quit` may be sent so too: its reply sometimes does not come through.
 *
 * Since: 1.0
 */
void
qmp_message_set_success_response (QmpMessage *self,
                                  gboolean    success_response)
{
  g_return_if_fail (QMP_IS_MESSAGE (self));
  g_return_if_fail (!self->read_only);

  success_response = !!success_response;
  if (self->success_response == success_response)
    return;

  self->success_response = success_response;
  g_object_notify (G_OBJECT (self), "success-response");
}
