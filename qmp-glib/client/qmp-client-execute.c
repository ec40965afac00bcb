/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "client/qmp-client-order-private.h"

#include "core/qmp-task-private.h"
#include "message/qmp-message-private.h"

static void
start_message (QmpClient           *self,
               QmpMessage          *message,
               QmpCallForm          form,
               GCancellable        *cancellable,
               GAsyncReadyCallback  callback,
               gpointer             user_data,
               gpointer             source_tag)
{
  gint64 created;
  g_autoptr(GTask) task = qmp_task_new (qmp_io_context_get_main_context (self->io), self, callback, user_data, source_tag, &created);
  g_auto(QmpOrder) order = { 0 };
  GError *error = NULL;

  if (qmp_task_return_if_cancelled (task, cancellable))
    return;
  if (qmp_order_prepare_message (&order, self, message, form, cancellable, "execute", &error))
    qmp_order_start (&order, self, g_steal_pointer (&task), created, cancellable);
  else
    g_task_return_error (task, error);
}

static gpointer
run_message (QmpClient     *self,
             QmpMessage    *message,
             QmpCallForm    form,
             GCancellable  *cancellable,
             GError       **error)
{
  g_auto(QmpOrder) order = { 0 };

  if (!qmp_client_may_block (self, "execute", error) ||
      g_cancellable_set_error_if_cancelled (cancellable, error) ||
      !qmp_order_prepare_message (&order, self, message, form, cancellable, "execute", error))
    return NULL;
  return qmp_order_run (&order, self, cancellable, error);
}

QmpMessage *
qmp_client_run_parsed (QmpClient     *self,
                       const char    *command,
                       const char    *format,
                       va_list       *arguments,
                       GCancellable  *cancellable,
                       GError       **error)
{
  g_auto(QmpOrder) order = { 0 };
  g_autoptr(QmpMessage) message = NULL;

  qmp_client_return_val_if_foreign (self, NULL, error);

  /* Whoever checks commands is shown a message. */
  if (self->settings.check != NULL)
    {
      message = qmp_message_new_parsed_va (command, error, format, arguments);
      return message != NULL ? run_message (self, message, QMP_CALL_REPLY, cancellable, error) : NULL;
    }

  if (!qmp_client_may_block (self, "execute", error) ||
      g_cancellable_set_error_if_cancelled (cancellable, error) ||
      !qmp_order_prepare_parsed (&order, self, command, format, arguments, error))
    return NULL;
  return qmp_order_run (&order, self, cancellable, error);
}

static gpointer
finish (QmpClient     *self,
        GAsyncResult  *result,
        gpointer       source_tag,
        GError       **error)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), NULL);
  g_return_val_if_fail (qmp_task_is_valid (result, self, source_tag), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

QmpCall *
qmp_client_issue_message (QmpClient   *self,
                          QmpMessage  *message,
                          const char  *what,
                          int         *timeout,
                          GError     **error)
{
  g_auto(QmpOrder) order = { 0 };

  if (!qmp_order_prepare_message (&order, self, message, QMP_CALL_VALUE, NULL, what, error))
    return NULL;

  *timeout = order.request.timeout;
  return qmp_order_issue (&order, self);
}

/* --- the public face --- */

/**
 * qmp_client_execute_async:
 * @self: a client
 * @command: the command's name
 * @arguments: (nullable): its arguments, a node that holds an object
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async) (closure user_data): called when the reply has come, or cannot come any more
 * @user_data: data for @callback
 *
 * Executes a command.
 *
 * Any number of commands may be under way at once; their replies reach their callbacks in the order in
 * which the server sends them, and in their place among the events. @arguments is read before this returns.
 *
 * A call that is cancelled, or not answered within [property@Client:timeout], ends at once; if it was not
 * written yet it never is, else the server may still run it, and its late reply is dropped.
 *
 * See [method@Client.execute_finish] for how it can fail. This is the QMP specification's "Issuing Commands".
 *
 * Since: 1.0
 */
void
qmp_client_execute_async (QmpClient           *self,
                          const char          *command,
                          JsonNode            *arguments,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;
  g_auto(QmpOrder) order = { 0 };
  GError *error = NULL;
  gint64 created;

  g_return_if_fail (QMP_IS_CLIENT (self));
  qmp_client_return_if_foreign (self);
  g_return_if_fail (command != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = qmp_task_new (qmp_io_context_get_main_context (self->io), self, callback, user_data, qmp_client_execute_async, &created);
  if (qmp_task_return_if_cancelled (task, cancellable))
    return;
  if (qmp_order_prepare_command (&order, self, command, arguments, cancellable, &error))
    qmp_order_start (&order, self, g_steal_pointer (&task), created, cancellable);
  else
    g_task_return_error (task, error);
}

/**
 * qmp_client_execute_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Ends [method@Client.execute_async].
 *
 * The value is the `return` member of the server's reply: mostly an object, for some commands an array, a
 * string, a number or a boolean. JSON `null` is a node of type null, never C `NULL`. What nodes cannot hold
 * (integers over 2^63-1, `\u0000`) is told in [Limits](limits.html); [method@Client.exchange_async] gives
 * the reply's text.
 *
 * Errors are:
 *
 * - [error@CommandError]: the server answered with an error; the text is its `desc`.
 *   [func@CommandError.get_class] and its sisters tell more;
 * - `QMP_CLIENT_ERROR_STATE`: the client is not `RUNNING`; nothing was sent;
 * - `QMP_CLIENT_ERROR_INTERRUPTED`: the link ended before the reply: the command may or may not have run;
 * - `QMP_PROTOCOL_ERROR_SERIALIZATION`, `QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE`: a name or arguments that
 *   cannot be sent; nothing was sent;
 * - `QMP_PROTOCOL_ERROR_BAD_REPLY`, `QMP_PROTOCOL_ERROR_DESERIALIZATION`, `QMP_PROTOCOL_ERROR_TOO_DEEP`: the
 *   reply came and is unusable; the command has run, and the link lives on;
 * - `G_IO_ERROR_TIMED_OUT`, `G_IO_ERROR_CANCELLED`: given up; the command may or may not run.
 *
 * Returns: (transfer full) (not nullable): what the command returned
 *
 * Since: 1.0
 */
JsonNode *
qmp_client_execute_finish (QmpClient     *self,
                           GAsyncResult  *result,
                           GError       **error)
{
  return finish (self, result, qmp_client_execute_async, error);
}

/**
 * qmp_client_execute:
 * @self: a client
 * @command: the command's name
 * @arguments: (nullable): its arguments, a node that holds an object
 * @cancellable: (nullable): cancels the call
 * @error: where to store an error
 *
 * Executes a command; blocks until its reply has come.
 *
 * The blocking form of [method@Client.execute_async], with the errors of [method@Client.execute_finish]. No
 * main loop is needed, and none is run: no other callback is called meanwhile. Events and the replies to
 * other calls that come meanwhile are delivered afterwards, from the client's main context.
 *
 * ```c
 * g_autoptr(JsonNode) status = qmp_client_execute (vm, "query-status", NULL, NULL, &error);
 * ```
 *
 * Returns: (transfer full) (not nullable): what the command returned
 *
 * Since: 1.0
 */
JsonNode *
qmp_client_execute (QmpClient     *self,
                    const char    *command,
                    JsonNode      *arguments,
                    GCancellable  *cancellable,
                    GError       **error)
{
  g_auto(QmpOrder) order = { 0 };

  g_return_val_if_fail (QMP_IS_CLIENT (self), NULL);
  qmp_client_return_val_if_foreign (self, NULL, error);
  g_return_val_if_fail (command != NULL, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);

  if (!qmp_client_may_block (self, "execute", error) ||
      g_cancellable_set_error_if_cancelled (cancellable, error) ||
      !qmp_order_prepare_command (&order, self, command, arguments, cancellable, error))
    return NULL;
  return qmp_order_run (&order, self, cancellable, error);
}

/**
 * qmp_client_execute_message_async:
 * @self: a client
 * @message: a command
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async) (closure user_data): called when the reply has come, or cannot come any more
 * @user_data: data for @callback
 *
 * Executes a command that is given as a message.
 *
 * This is [method@Client.execute_async] for a command with file descriptors
 * ([property@Message:fd-list]), out of band ([property@Message:out-of-band]), with a timeout of its own
 * ([property@Message:timeout]), or that is answered only when it fails
 * ([property@Message:success-response]). An `id` in @message is replaced, but not without
 * [property@Message:assign-id]. The message may be changed, and sent again, as soon as this returns.
 *
 * Since: 1.0
 */
void
qmp_client_execute_message_async (QmpClient           *self,
                                  QmpMessage          *message,
                                  GCancellable        *cancellable,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data)
{
  g_return_if_fail (QMP_IS_CLIENT (self));
  qmp_client_return_if_foreign (self);
  g_return_if_fail (QMP_IS_MESSAGE (message));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  start_message (self, message, QMP_CALL_VALUE, cancellable, callback, user_data,
                 qmp_client_execute_message_async);
}

/**
 * qmp_client_execute_message_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Ends [method@Client.execute_message_async].
 *
 * Errors are those of [method@Client.execute_finish], those of [method@Message.validate], and
 * `G_IO_ERROR_NOT_SUPPORTED`: the message has file descriptors, and the link is not a Unix socket; nothing was
 * sent. `QMP_CLIENT_ERROR_STATE` is also that of an out-of-band message when out-of-band execution is not on
 * ([property@Client:out-of-band-active]). Without [property@Message:assign-id] there are `G_IO_ERROR_EXISTS`, as for
 * [method@Client.exchange_finish], and `G_IO_ERROR_INVALID_ARGUMENT`: an out-of-band command without an id.
 *
 * Returns: (transfer full) (not nullable): what the command returned
 *
 * Since: 1.0
 */
JsonNode *
qmp_client_execute_message_finish (QmpClient     *self,
                                   GAsyncResult  *result,
                                   GError       **error)
{
  return finish (self, result, qmp_client_execute_message_async, error);
}

/**
 * qmp_client_execute_message:
 * @self: a client
 * @message: a command
 * @cancellable: (nullable): cancels the call
 * @error: where to store an error
 *
 * Executes a command that is given as a message; blocks until its reply has come.
 *
 * The blocking form of [method@Client.execute_message_async], with the errors of
 * [method@Client.execute_message_finish].
 *
 * Returns: (transfer full) (not nullable): what the command returned
 *
 * Since: 1.0
 */
JsonNode *
qmp_client_execute_message (QmpClient     *self,
                            QmpMessage    *message,
                            GCancellable  *cancellable,
                            GError       **error)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), NULL);
  qmp_client_return_val_if_foreign (self, NULL, error);
  g_return_val_if_fail (QMP_IS_MESSAGE (message), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);

  return run_message (self, message, QMP_CALL_VALUE, cancellable, error);
}

/**
 * qmp_client_exchange_async:
 * @self: a client
 * @message: a message
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async) (closure user_data): called when the reply has come, or cannot come any more
 * @user_data: data for @callback
 *
 * Sends a message and gets the whole reply to it.
 *
 * An `id` that is set in @message, any JSON value, is kept; without one the message is given one, or, if it
 * says so ([property@Message:assign-id]), goes out without. Replies are matched by the value of the id,
 * however the server spells it; QEMU for one makes 1 of 1.0. Any number of messages may be under way at once.
 *
 * A server's error is a reply like any other here, not a failure. When the server is silent about a message
 * that is answered only on failure ([property@Message:success-response]), the reply is a message without
 * members.
 *
 * Since: 1.0
 */
void
qmp_client_exchange_async (QmpClient           *self,
                           QmpMessage          *message,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data)
{
  g_return_if_fail (QMP_IS_CLIENT (self));
  qmp_client_return_if_foreign (self);
  g_return_if_fail (QMP_IS_MESSAGE (message));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  start_message (self, message, QMP_CALL_MESSAGE, cancellable, callback, user_data,
                 qmp_client_exchange_async);
}

/**
 * qmp_client_exchange_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Ends [method@Client.exchange_async].
 *
 * Errors are those of [method@Client.execute_message_finish] but for [error@CommandError], and
 * `G_IO_ERROR_EXISTS`: the message's id is in use by another that waits for its reply, or was given up and
 * may still be answered; nothing was sent.
 *
 * Returns: (transfer full) (not nullable): the reply, read-only
 *
 * Since: 1.0
 */
QmpMessage *
qmp_client_exchange_finish (QmpClient     *self,
                            GAsyncResult  *result,
                            GError       **error)
{
  return finish (self, result, qmp_client_exchange_async, error);
}

/**
 * qmp_client_exchange:
 * @self: a client
 * @message: a message
 * @cancellable: (nullable): cancels the call
 * @error: where to store an error
 *
 * Sends a message and gets the whole reply to it; blocks until it has come.
 *
 * The blocking form of [method@Client.exchange_async], with the errors of [method@Client.exchange_finish].
 *
 * Returns: (transfer full) (not nullable): the reply, read-only
 *
 * Since: 1.0
 */
QmpMessage *
qmp_client_exchange (QmpClient     *self,
                     QmpMessage    *message,
                     GCancellable  *cancellable,
                     GError       **error)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), NULL);
  qmp_client_return_val_if_foreign (self, NULL, error);
  g_return_val_if_fail (QMP_IS_MESSAGE (message), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);

  return run_message (self, message, QMP_CALL_MESSAGE, cancellable, error);
}
