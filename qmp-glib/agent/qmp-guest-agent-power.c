/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "agent/qmp-guest-command-private.h"
#include "agent/qmp-guest-reply-private.h"

/* Commands that are answered only when they fail. */

static const char *
get_shutdown_mode (QmpGuestShutdownMode mode)
{
  switch (mode)
    {
    case QMP_GUEST_SHUTDOWN_MODE_HALT:
      return "halt";
    case QMP_GUEST_SHUTDOWN_MODE_REBOOT:
      return "reboot";
    case QMP_GUEST_SHUTDOWN_MODE_POWERDOWN:
    default:
      return "powerdown";
    }
}

static const char *
get_suspend_command (QmpGuestSuspendMode mode)
{
  switch (mode)
    {
    case QMP_GUEST_SUSPEND_MODE_RAM:
      return "guest-suspend-ram";
    case QMP_GUEST_SUSPEND_MODE_HYBRID:
      return "guest-suspend-hybrid";
    case QMP_GUEST_SUSPEND_MODE_DISK:
    default:
      return "guest-suspend-disk";
    }
}

/* Takes command. */
static QmpMessage *
without_answer (QmpMessage *command)
{
  if (command != NULL)
    qmp_message_set_success_response (command, FALSE);
  return command;
}

static QmpMessage *
new_shutdown (QmpGuestShutdownMode   mode,
              GError               **error)
{
  return without_answer (qmp_message_new_parsed ("guest-shutdown", error, "{'mode': %s}", get_shutdown_mode (mode)));
}

static QmpMessage *
new_suspend (QmpGuestSuspendMode   mode,
             GError              **error)
{
  return without_answer (qmp_message_new_command (get_suspend_command (mode), NULL, error));
}

/**
 * qmp_guest_agent_shutdown_async:
 * @self: a guest agent
 * @mode: how
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async) (closure user_data): called when the agent has answered, or will not
 * @user_data: data for @callback
 *
 * Has the guest shut itself down, or start anew.
 *
 * An agent answers only when it cannot (`guest-shutdown`). So the call succeeds when [property@Client:timeout] has
 * passed without an answer (three seconds if there is none), or when the link ends. That the guest has begun is all
 * it says: the machine's monitor tells when it is done (`SHUTDOWN`).
 *
 * Errors are in [method@GuestAgent.shutdown_finish].
 *
 * Since: 1.0
 */
void
qmp_guest_agent_shutdown_async (QmpGuestAgent        *self,
                                QmpGuestShutdownMode  mode,
                                GCancellable         *cancellable,
                                GAsyncReadyCallback   callback,
                                gpointer              user_data)
{
  GError *mistake = NULL;
  QmpMessage *command;

  g_return_if_fail (QMP_IS_GUEST_AGENT (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  command = new_shutdown (mode, &mistake);
  qmp_guest_command_start (self, command, mistake, cancellable, callback, user_data, qmp_guest_agent_shutdown_async);
}

/**
 * qmp_guest_agent_shutdown_finish:
 * @self: a guest agent
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Ends [method@GuestAgent.shutdown_async].
 *
 * Errors are those of [method@Client.execute_finish], of which [error@CommandError] is the agent's own: it cannot, or
 * will not. A guest that hangs is a success, too: nobody can tell.
 *
 * Returns: `TRUE` on success
 *
 * Since: 1.0
 */
gboolean
qmp_guest_agent_shutdown_finish (QmpGuestAgent  *self,
                                 GAsyncResult   *result,
                                 GError        **error)
{
  g_return_val_if_fail (QMP_IS_GUEST_AGENT (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_guest_agent_shutdown_async), FALSE);

  return qmp_guest_reply_take_done (g_task_propagate_pointer (G_TASK (result), error));
}

/**
 * qmp_guest_agent_shutdown:
 * @self: a guest agent
 * @mode: how
 * @cancellable: (nullable): cancels the call
 * @error: where to store an error
 *
 * Has the guest shut itself down, or start anew; blocks until the agent has answered, or will not.
 *
 * The blocking form of [method@GuestAgent.shutdown_async], with the errors of [method@GuestAgent.shutdown_finish].
 *
 * Returns: `TRUE` on success
 *
 * Since: 1.0
 */
gboolean
qmp_guest_agent_shutdown (QmpGuestAgent         *self,
                          QmpGuestShutdownMode   mode,
                          GCancellable          *cancellable,
                          GError               **error)
{
  GError *mistake = NULL;
  QmpMessage *command;

  g_return_val_if_fail (QMP_IS_GUEST_AGENT (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);

  command = new_shutdown (mode, &mistake);
  return qmp_guest_reply_take_done (qmp_guest_command_run (self, command, mistake, cancellable, error));
}

/**
 * qmp_guest_agent_suspend_async:
 * @self: a guest agent
 * @mode: how
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async) (closure user_data): called when the agent has answered, or will not
 * @user_data: data for @callback
 *
 * Has the guest suspend itself.
 *
 * An agent answers only when it cannot (`guest-suspend-disk`, `guest-suspend-ram`, `guest-suspend-hybrid`), so the
 * call succeeds as [method@GuestAgent.shutdown_async] does. The machine's monitor tells when it is done (`SUSPEND`),
 * and wakes it up (`system_wakeup`).
 *
 * Errors are in [method@GuestAgent.suspend_finish].
 *
 * Since: 1.0
 */
void
qmp_guest_agent_suspend_async (QmpGuestAgent       *self,
                               QmpGuestSuspendMode  mode,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  GError *mistake = NULL;
  QmpMessage *command;

  g_return_if_fail (QMP_IS_GUEST_AGENT (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  command = new_suspend (mode, &mistake);
  qmp_guest_command_start (self, command, mistake, cancellable, callback, user_data, qmp_guest_agent_suspend_async);
}

/**
 * qmp_guest_agent_suspend_finish:
 * @self: a guest agent
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Ends [method@GuestAgent.suspend_async].
 *
 * Errors are those of [method@Client.execute_finish], of which [error@CommandError] is the agent's own: it cannot, or
 * will not. A guest that hangs is a success, too: nobody can tell.
 *
 * Returns: `TRUE` on success
 *
 * Since: 1.0
 */
gboolean
qmp_guest_agent_suspend_finish (QmpGuestAgent  *self,
                                GAsyncResult   *result,
                                GError        **error)
{
  g_return_val_if_fail (QMP_IS_GUEST_AGENT (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_guest_agent_suspend_async), FALSE);

  return qmp_guest_reply_take_done (g_task_propagate_pointer (G_TASK (result), error));
}

/**
 * qmp_guest_agent_suspend:
 * @self: a guest agent
 * @mode: how
 * @cancellable: (nullable): cancels the call
 * @error: where to store an error
 *
 * Has the guest suspend itself; blocks until the agent has answered, or will not.
 *
 * The blocking form of [method@GuestAgent.suspend_async], with the errors of [method@GuestAgent.suspend_finish].
 *
 * Returns: `TRUE` on success
 *
 * Since: 1.0
 */
gboolean
qmp_guest_agent_suspend (QmpGuestAgent        *self,
                         QmpGuestSuspendMode   mode,
                         GCancellable         *cancellable,
                         GError              **error)
{
  GError *mistake = NULL;
  QmpMessage *command;

  g_return_val_if_fail (QMP_IS_GUEST_AGENT (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);

  command = new_suspend (mode, &mistake);
  return qmp_guest_reply_take_done (qmp_guest_command_run (self, command, mistake, cancellable, error));
}
