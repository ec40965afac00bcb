/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "client/qmp-client-order-private.h"

#include "core/qmp-task-private.h"
#include "message/qmp-message-private.h"

/* A command together with the event that it brings: see event/qmp-paired-call-private.h. */

/* task: nullable. NULL with error if the command cannot be sent. */
static QmpPairedCall *
begin (QmpClient            *self,
       QmpMessage           *command,
       const QmpEventMatch  *match,
       GTask                *task,
       gint64                created,
       int                  *timeout,
       GError              **error)
{
  /* Whoever checks commands may drop what the caller has. */
  g_autoptr(QmpMessage) own_command = g_object_ref (command);
  g_autoptr(QmpEventMatch) own_match = qmp_event_match_copy (match);
  QmpCall *call = qmp_client_issue_message (self, command, "execute and wait", timeout, error);

  if (call == NULL)
    return NULL;

  call->pair = qmp_paired_call_new (&self->hub, g_steal_pointer (&own_match), qmp_message_dup_command (command),
                                    call->packet, call, task, created);
  return call->pair;
}

/**
 * qmp_client_execute_and_wait_async:
 * @self: a client
 * @command: a command
 * @match: says which events to wait for
 * @cancellable: (nullable): cancels both
 * @callback: (scope async) (closure user_data): called when the event has come, or cannot come any more
 * @user_data: data for @callback
 *
 * Executes a command and waits for the event that it brings.
 *
 * Whether the server sends the event before its reply or behind it does not matter, and an event that had come
 * before the command was sent is never taken for it. The call takes a copy of @match. The timeout of @command, or of the
 * client, covers the reply and the event together.
 *
 * ```c
 * const char *names[] = { "DEVICE_DELETED", NULL };
 * g_autoptr(QmpEventMatch) deleted = qmp_event_match_new (names);
 * g_autoptr(QmpMessage) command = qmp_message_new_parsed ("device_del", &error, "{'id': %s}", "net0");
 *
 * qmp_event_match_add_string_member (deleted, NULL, "device", "net0");
 * qmp_event_match_add_failure (deleted, "DEVICE_UNPLUG_GUEST_ERROR", NULL, NULL);
 * qmp_client_execute_and_wait_async (vm, command, deleted, NULL, on_deleted, NULL);
 * ```
 *
 * Since: 1.0
 */
void
qmp_client_execute_and_wait_async (QmpClient           *self,
                                   QmpMessage          *command,
                                   const QmpEventMatch *match,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;
  g_autoptr(GCancellable) own_cancellable = NULL;
  QmpPairedCall *pair;
  GError *error = NULL;
  gint64 created;
  int timeout;

  g_return_if_fail (QMP_IS_CLIENT (self));
  qmp_client_return_if_foreign (self);
  g_return_if_fail (QMP_IS_MESSAGE (command));
  g_return_if_fail (match != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = qmp_task_new (qmp_io_context_get_main_context (self->io), self, callback, user_data,
                       qmp_client_execute_and_wait_async, &created);
  if (qmp_task_return_if_cancelled (task, cancellable))
    return;
  /* Whoever checks commands may drop the caller's reference. */
  g_set_object (&own_cancellable, cancellable);
  pair = begin (self, command, match, task, created, &timeout, &error);
  if (pair == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  qmp_paired_call_set_patience (pair, timeout, cancellable);
}

/**
 * qmp_client_execute_and_wait_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Ends [method@Client.execute_and_wait_async].
 *
 * Errors are those of [method@Client.execute_message_finish], of which `QMP_CLIENT_ERROR_INTERRUPTED` and
 * `G_IO_ERROR_TIMED_OUT` may also mean that the command was executed and only its event is missing (the text tells),
 * and `QMP_CLIENT_ERROR_FAILURE_EVENT`: an event came that [method@EventMatch.add_failure] names; it is in the
 * text.
 *
 * Returns: (transfer full) (not nullable): the event
 *
 * Since: 1.0
 */
QmpEvent *
qmp_client_execute_and_wait_finish (QmpClient     *self,
                                    GAsyncResult  *result,
                                    GError       **error)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), NULL);
  g_return_val_if_fail (qmp_task_is_valid (result, self, qmp_client_execute_and_wait_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static gboolean
is_done (gpointer data)
{
  return ((QmpPairedCall *) data)->done;
}

static gboolean
may_come (gpointer   data,
          GError   **error)
{
  QmpPairedCall *pair = data;
  QmpClient *self = pair->hub->owner;

  if (!pair->link_over)
    return TRUE;

  g_propagate_error (error, qmp_paired_call_make_ended (pair, self->ends.last_cause));
  return FALSE;
}

static void
give_up (gpointer  data,
         GError   *error)
{
  qmp_paired_call_give_up (data, error);
}

static const QmpBlockingFuncs blocking_funcs = { is_done, qmp_paired_call_make_timed_out, may_come, give_up };

/**
 * qmp_client_execute_and_wait:
 * @self: a client
 * @command: a command
 * @match: says which events to wait for
 * @cancellable: (nullable): cancels both
 * @error: where to store an error
 *
 * Executes a command and waits for the event that it brings; blocks until both are there.
 *
 * The blocking form of [method@Client.execute_and_wait_async], with the errors of
 * [method@Client.execute_and_wait_finish].
 *
 * Returns: (transfer full) (not nullable): the event
 *
 * Since: 1.0
 */
QmpEvent *
qmp_client_execute_and_wait (QmpClient            *self,
                             QmpMessage           *command,
                             const QmpEventMatch  *match,
                             GCancellable         *cancellable,
                             GError              **error)
{
  g_autoptr(QmpClient) keep = NULL;
  g_autoptr(GCancellable) own_cancellable = NULL;
  QmpPairedCall *pair;
  QmpEvent *event = NULL;
  int timeout;

  g_return_val_if_fail (QMP_IS_CLIENT (self), NULL);
  qmp_client_return_val_if_foreign (self, NULL, error);
  g_return_val_if_fail (QMP_IS_MESSAGE (command), NULL);
  g_return_val_if_fail (match != NULL, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);

  keep = g_object_ref (self);
  if (!qmp_client_may_block (self, "execute and wait", error) ||
      g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  g_set_object (&own_cancellable, cancellable);
  pair = begin (self, command, match, NULL, 0, &timeout, error);
  if (pair == NULL)
    return NULL;

  g_rc_box_acquire (pair);
  qmp_calls_await (self->calls, pair->call);
  qmp_io_context_hold (self->io);
  qmp_client_block (self, &blocking_funcs, pair, timeout, cancellable);
  if (pair->error != NULL)
    g_propagate_error (error, g_steal_pointer (&pair->error));
  else
    event = g_steal_pointer (&pair->event);
  qmp_paired_call_unref (pair);
  return event;
}
