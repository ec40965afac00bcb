/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "agent/qmp-guest-command-private.h"
#include "agent/qmp-guest-reply-private.h"

/* What a guest says of itself. */

/**
 * qmp_guest_agent_get_info_async:
 * @self: a guest agent
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async) (closure user_data): called when the agent has answered, or will not
 * @user_data: data for @callback
 *
 * Asks the agent which version it is, and which commands it has.
 *
 * `return.supported_commands` says of each command whether the guest's administrator has enabled it (`guest-info`).
 *
 * Errors are in [method@GuestAgent.get_info_finish].
 *
 * Since: 1.0
 */
void
qmp_guest_agent_get_info_async (QmpGuestAgent       *self,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data)
{
  GError *mistake = NULL;
  QmpMessage *command;

  g_return_if_fail (QMP_IS_GUEST_AGENT (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  command = qmp_message_new_command ("guest-info", NULL, &mistake);
  qmp_guest_command_start (self, command, mistake, cancellable, callback, user_data, qmp_guest_agent_get_info_async);
}

/**
 * qmp_guest_agent_get_info_finish:
 * @self: a guest agent
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Ends [method@GuestAgent.get_info_async].
 *
 * Errors are those of [method@Client.execute_finish], of which [error@CommandError] is the agent's own: it cannot, or
 * will not.
 *
 * Returns: (transfer full) (not nullable): the reply, read-only; what was asked for is its member `return`
 *
 * Since: 1.0
 */
QmpMessage *
qmp_guest_agent_get_info_finish (QmpGuestAgent  *self,
                                 GAsyncResult   *result,
                                 GError        **error)
{
  g_return_val_if_fail (QMP_IS_GUEST_AGENT (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_guest_agent_get_info_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * qmp_guest_agent_get_info:
 * @self: a guest agent
 * @cancellable: (nullable): cancels the call
 * @error: where to store an error
 *
 * Asks the agent which version it is, and which commands it has; blocks until the agent has answered.
 *
 * The blocking form of [method@GuestAgent.get_info_async], with the errors of [method@GuestAgent.get_info_finish].
 *
 * Returns: (transfer full) (not nullable): the reply, read-only; what was asked for is its member `return`
 *
 * Since: 1.0
 */
QmpMessage *
qmp_guest_agent_get_info (QmpGuestAgent  *self,
                          GCancellable   *cancellable,
                          GError        **error)
{
  GError *mistake = NULL;
  QmpMessage *command;

  g_return_val_if_fail (QMP_IS_GUEST_AGENT (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);

  command = qmp_message_new_command ("guest-info", NULL, &mistake);
  return qmp_guest_command_run (self, command, mistake, cancellable, error);
}

/**
 * qmp_guest_agent_get_osinfo_async:
 * @self: a guest agent
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async) (closure user_data): called when the agent has answered, or will not
 * @user_data: data for @callback
 *
 * Asks which operating system the guest has.
 *
 * Each member of `return` may be missing, such as `return.pretty-name`, `return.version-id` or `return.kernel-release`
 * (`guest-get-osinfo`).
 *
 * Errors are in [method@GuestAgent.get_osinfo_finish].
 *
 * Since: 1.0
 */
void
qmp_guest_agent_get_osinfo_async (QmpGuestAgent       *self,
                                  GCancellable        *cancellable,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data)
{
  GError *mistake = NULL;
  QmpMessage *command;

  g_return_if_fail (QMP_IS_GUEST_AGENT (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  command = qmp_message_new_command ("guest-get-osinfo", NULL, &mistake);
  qmp_guest_command_start (self, command, mistake, cancellable, callback, user_data, qmp_guest_agent_get_osinfo_async);
}

/**
 * qmp_guest_agent_get_osinfo_finish:
 * @self: a guest agent
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Ends [method@GuestAgent.get_osinfo_async].
 *
 * Errors are those of [method@Client.execute_finish], of which [error@CommandError] is the agent's own: it cannot, or
 * will not.
 *
 * Returns: (transfer full) (not nullable): the reply, read-only; what was asked for is its member `return`
 *
 * Since: 1.0
 */
QmpMessage *
qmp_guest_agent_get_osinfo_finish (QmpGuestAgent  *self,
                                   GAsyncResult   *result,
                                   GError        **error)
{
  g_return_val_if_fail (QMP_IS_GUEST_AGENT (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_guest_agent_get_osinfo_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * qmp_guest_agent_get_osinfo:
 * @self: a guest agent
 * @cancellable: (nullable): cancels the call
 * @error: where to store an error
 *
 * Asks which operating system the guest has; blocks until the agent has answered.
 *
 * The blocking form of [method@GuestAgent.get_osinfo_async], with the errors of [method@GuestAgent.get_osinfo_finish].
 *
 * Returns: (transfer full) (not nullable): the reply, read-only; what was asked for is its member `return`
 *
 * Since: 1.0
 */
QmpMessage *
qmp_guest_agent_get_osinfo (QmpGuestAgent  *self,
                            GCancellable   *cancellable,
                            GError        **error)
{
  GError *mistake = NULL;
  QmpMessage *command;

  g_return_val_if_fail (QMP_IS_GUEST_AGENT (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);

  command = qmp_message_new_command ("guest-get-osinfo", NULL, &mistake);
  return qmp_guest_command_run (self, command, mistake, cancellable, error);
}

/**
 * qmp_guest_agent_get_network_interfaces_async:
 * @self: a guest agent
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async) (closure user_data): called when the agent has answered, or will not
 * @user_data: data for @callback
 *
 * Asks for the guest's network interfaces and their addresses.
 *
 * `return` is a list (`guest-network-get-interfaces`).
 *
 * Errors are in [method@GuestAgent.get_network_interfaces_finish].
 *
 * Since: 1.0
 */
void
qmp_guest_agent_get_network_interfaces_async (QmpGuestAgent       *self,
                                              GCancellable        *cancellable,
                                              GAsyncReadyCallback  callback,
                                              gpointer             user_data)
{
  GError *mistake = NULL;
  QmpMessage *command;

  g_return_if_fail (QMP_IS_GUEST_AGENT (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  command = qmp_message_new_command ("guest-network-get-interfaces", NULL, &mistake);
  qmp_guest_command_start (self, command, mistake, cancellable, callback, user_data,
                           qmp_guest_agent_get_network_interfaces_async);
}

/**
 * qmp_guest_agent_get_network_interfaces_finish:
 * @self: a guest agent
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Ends [method@GuestAgent.get_network_interfaces_async].
 *
 * Errors are those of [method@Client.execute_finish], of which [error@CommandError] is the agent's own: it cannot, or
 * will not.
 *
 * Returns: (transfer full) (not nullable): the reply, read-only; what was asked for is its member `return`
 *
 * Since: 1.0
 */
QmpMessage *
qmp_guest_agent_get_network_interfaces_finish (QmpGuestAgent  *self,
                                               GAsyncResult   *result,
                                               GError        **error)
{
  g_return_val_if_fail (QMP_IS_GUEST_AGENT (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_guest_agent_get_network_interfaces_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * qmp_guest_agent_get_network_interfaces:
 * @self: a guest agent
 * @cancellable: (nullable): cancels the call
 * @error: where to store an error
 *
 * Asks for the guest's network interfaces and their addresses; blocks until the agent has answered.
 *
 * The blocking form of [method@GuestAgent.get_network_interfaces_async], with the errors of
 * [method@GuestAgent.get_network_interfaces_finish].
 *
 * Returns: (transfer full) (not nullable): the reply, read-only; what was asked for is its member `return`
 *
 * Since: 1.0
 */
QmpMessage *
qmp_guest_agent_get_network_interfaces (QmpGuestAgent  *self,
                                        GCancellable   *cancellable,
                                        GError        **error)
{
  GError *mistake = NULL;
  QmpMessage *command;

  g_return_val_if_fail (QMP_IS_GUEST_AGENT (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);

  command = qmp_message_new_command ("guest-network-get-interfaces", NULL, &mistake);
  return qmp_guest_command_run (self, command, mistake, cancellable, error);
}

/**
 * qmp_guest_agent_get_users_async:
 * @self: a guest agent
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async) (closure user_data): called when the agent has answered, or will not
 * @user_data: data for @callback
 *
 * Asks who is logged in.
 *
 * `return` is a list (`guest-get-users`).
 *
 * Errors are in [method@GuestAgent.get_users_finish].
 *
 * Since: 1.0
 */
void
qmp_guest_agent_get_users_async (QmpGuestAgent       *self,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data)
{
  GError *mistake = NULL;
  QmpMessage *command;

  g_return_if_fail (QMP_IS_GUEST_AGENT (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  command = qmp_message_new_command ("guest-get-users", NULL, &mistake);
  qmp_guest_command_start (self, command, mistake, cancellable, callback, user_data, qmp_guest_agent_get_users_async);
}

/**
 * qmp_guest_agent_get_users_finish:
 * @self: a guest agent
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Ends [method@GuestAgent.get_users_async].
 *
 * Errors are those of [method@Client.execute_finish], of which [error@CommandError] is the agent's own: it cannot, or
 * will not.
 *
 * Returns: (transfer full) (not nullable): the reply, read-only; what was asked for is its member `return`
 *
 * Since: 1.0
 */
QmpMessage *
qmp_guest_agent_get_users_finish (QmpGuestAgent  *self,
                                  GAsyncResult   *result,
                                  GError        **error)
{
  g_return_val_if_fail (QMP_IS_GUEST_AGENT (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_guest_agent_get_users_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * qmp_guest_agent_get_users:
 * @self: a guest agent
 * @cancellable: (nullable): cancels the call
 * @error: where to store an error
 *
 * Asks who is logged in; blocks until the agent has answered.
 *
 * The blocking form of [method@GuestAgent.get_users_async], with the errors of [method@GuestAgent.get_users_finish].
 *
 * Returns: (transfer full) (not nullable): the reply, read-only; what was asked for is its member `return`
 *
 * Since: 1.0
 */
QmpMessage *
qmp_guest_agent_get_users (QmpGuestAgent  *self,
                           GCancellable   *cancellable,
                           GError        **error)
{
  GError *mistake = NULL;
  QmpMessage *command;

  g_return_val_if_fail (QMP_IS_GUEST_AGENT (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);

  command = qmp_message_new_command ("guest-get-users", NULL, &mistake);
  return qmp_guest_command_run (self, command, mistake, cancellable, error);
}
