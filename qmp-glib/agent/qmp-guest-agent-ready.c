/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "agent/qmp-guest-operation-private.h"
#include "agent/qmp-guest-reply-private.h"

/* How long an agent may take to answer, in milliseconds, before it is asked again: what was sent may be lost, because
 * nobody was there to read it. Longer and longer, since it may only be slow. */
#define FIRST_PATIENCE 1000
#define LAST_PATIENCE 30000

static QmpGuestStep
ask (QmpGuestOperation  *self,
     GError            **error)
{
  QmpMessage *command = qmp_message_new_command ("guest-ping", NULL, error);

  return command != NULL ? qmp_guest_operation_send (self, command) : QMP_GUEST_STEP_FAILED;
}

static QmpGuestStep
answered (QmpGuestOperation *self)
{
  return qmp_guest_operation_done (self, g_object_ref (self->command), g_object_unref);
}

static QmpGuestStep
next (QmpGuestOperation  *self,
      QmpMessage         *reply,
      GError            **error)
{
  return reply != NULL ? answered (self) : ask (self, error);
}

/* A refusal is an answer, too. */
static QmpGuestStep
failed (QmpGuestOperation  *self,
        GError            **error)
{
  if ((*error)->domain == QMP_COMMAND_ERROR)
    {
      g_clear_error (error);
      return answered (self);
    }
  if (!g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) || qmp_guest_operation_is_late (self))
    return QMP_GUEST_STEP_FAILED;

  g_clear_error (error);
  self->timeout = MIN (2 * self->timeout, LAST_PATIENCE);
  return ask (self, error);
}

static const QmpGuestOperationFuncs funcs = { next, failed, NULL };

static QmpGuestOperation *
wait_new (QmpGuestAgent *agent,
          int            timeout)
{
  QmpGuestOperation *self = g_new0 (QmpGuestOperation, 1);

  qmp_guest_operation_init (self, &funcs, agent, timeout);
  self->timeout = FIRST_PATIENCE;
  return self;
}

/**
 * qmp_guest_agent_wait_ready_async:
 * @self: a guest agent
 * @timeout: how long to wait: milliseconds, `QMP_TIMEOUT_NONE` for as long as it takes, `QMP_TIMEOUT_CLIENT` for
 *   [property@Client:timeout]
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async) (closure user_data): called when the agent has answered, or will not
 * @user_data: data for @callback
 *
 * Waits until the agent answers, as after the guest was started anew.
 *
 * It is pinged again and again (`guest-ping`). The client has to be open: opening waits for an agent in the same way,
 * for [property@Client:open-timeout], and a link outlives the guest's reboot.
 *
 * A guest that was told to shut down may answer until it does.
 *
 * Errors are in [method@GuestAgent.wait_ready_finish].
 *
 * Since: 1.0
 */
void
qmp_guest_agent_wait_ready_async (QmpGuestAgent       *self,
                                  int                  timeout,
                                  GCancellable        *cancellable,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data)
{
  g_return_if_fail (QMP_IS_GUEST_AGENT (self));
  g_return_if_fail (timeout >= QMP_TIMEOUT_CLIENT);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  qmp_guest_operation_start (wait_new (self, timeout), cancellable, callback, user_data,
                             qmp_guest_agent_wait_ready_async);
}

/**
 * qmp_guest_agent_wait_ready_finish:
 * @self: a guest agent
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Ends [method@GuestAgent.wait_ready_async].
 *
 * Errors are `G_IO_ERROR_TIMED_OUT` and `G_IO_ERROR_CANCELLED`; `QMP_CLIENT_ERROR_STATE`: the client is not
 * `RUNNING`; and `QMP_CLIENT_ERROR_INTERRUPTED`: the link ended.
 *
 * Returns: `TRUE` if the agent has answered
 *
 * Since: 1.0
 */
gboolean
qmp_guest_agent_wait_ready_finish (QmpGuestAgent  *self,
                                   GAsyncResult   *result,
                                   GError        **error)
{
  g_return_val_if_fail (QMP_IS_GUEST_AGENT (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_guest_agent_wait_ready_async), FALSE);

  return qmp_guest_reply_take_done (g_task_propagate_pointer (G_TASK (result), error));
}

/**
 * qmp_guest_agent_wait_ready:
 * @self: a guest agent
 * @timeout: how long to wait: milliseconds, `QMP_TIMEOUT_NONE` for as long as it takes, `QMP_TIMEOUT_CLIENT` for
 *   [property@Client:timeout]
 * @cancellable: (nullable): cancels the call
 * @error: where to store an error
 *
 * Waits until the agent answers; blocks until then.
 *
 * The blocking form of [method@GuestAgent.wait_ready_async], with the errors of [method@GuestAgent.wait_ready_finish].
 *
 * Returns: `TRUE` if the agent has answered
 *
 * Since: 1.0
 */
gboolean
qmp_guest_agent_wait_ready (QmpGuestAgent  *self,
                            int             timeout,
                            GCancellable   *cancellable,
                            GError        **error)
{
  g_return_val_if_fail (QMP_IS_GUEST_AGENT (self), FALSE);
  g_return_val_if_fail (timeout >= QMP_TIMEOUT_CLIENT, FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);

  return qmp_guest_reply_take_done (qmp_guest_operation_run (wait_new (self, timeout), cancellable, error));
}
