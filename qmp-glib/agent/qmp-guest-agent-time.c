/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "agent/qmp-guest-command-private.h"
#include "agent/qmp-guest-reply-private.h"

/* The guest's clock, in microseconds since 1970 as everywhere in GLib. An agent has nanoseconds. */

#define LAST_TIME (G_MAXINT64 / 1000)

/* Takes reply, and NULL for a failure. */
static gint64
take_time (QmpMessage  *reply,
           GError     **error)
{
  g_autoptr(QmpMessage) owned = reply;
  gint64 nanoseconds;

  if (reply == NULL || !qmp_message_lookup (reply, error, "return", "x", &nanoseconds, NULL))
    return -1;
  if (nanoseconds >= 0)
    return nanoseconds / 1000;
  qmp_guest_reply_fail ("guest-get-time", error);
  return -1;
}

static QmpMessage *
new_set_time (gint64   time,
              GError **error)
{
  if (time < 0)
    return qmp_message_new_command ("guest-set-time", NULL, error);
  return qmp_message_new_parsed ("guest-set-time", error, "{'time': %x}", time * 1000);
}

/**
 * qmp_guest_agent_get_time_async:
 * @self: a guest agent
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async) (closure user_data): called when the agent has answered, or will not
 * @user_data: data for @callback
 *
 * Asks for the time of the guest's clock.
 *
 * Errors are in [method@GuestAgent.get_time_finish].
 *
 * Since: 1.0
 */
void
qmp_guest_agent_get_time_async (QmpGuestAgent       *self,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data)
{
  GError *mistake = NULL;
  QmpMessage *command;

  g_return_if_fail (QMP_IS_GUEST_AGENT (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  command = qmp_message_new_command ("guest-get-time", NULL, &mistake);
  qmp_guest_command_start (self, command, mistake, cancellable, callback, user_data, qmp_guest_agent_get_time_async);
}

/**
 * qmp_guest_agent_get_time_finish:
 * @self: a guest agent
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Ends [method@GuestAgent.get_time_async].
 *
 * Errors are those of [method@Client.execute_finish], of which [error@CommandError] is the agent's own: it cannot, or
 * will not.
 *
 * Returns: microseconds since 1970 UTC; -1 with @error set
 *
 * Since: 1.0
 */
gint64
qmp_guest_agent_get_time_finish (QmpGuestAgent  *self,
                                 GAsyncResult   *result,
                                 GError        **error)
{
  g_return_val_if_fail (QMP_IS_GUEST_AGENT (self), -1);
  g_return_val_if_fail (g_task_is_valid (result, self), -1);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_guest_agent_get_time_async), -1);

  return take_time (g_task_propagate_pointer (G_TASK (result), error), error);
}

/**
 * qmp_guest_agent_get_time:
 * @self: a guest agent
 * @cancellable: (nullable): cancels the call
 * @error: where to store an error
 *
 * Asks for the time of the guest's clock; blocks until the agent has answered.
 *
 * The blocking form of [method@GuestAgent.get_time_async], with the errors of [method@GuestAgent.get_time_finish].
 *
 * Returns: microseconds since 1970 UTC; -1 with @error set
 *
 * Since: 1.0
 */
gint64
qmp_guest_agent_get_time (QmpGuestAgent  *self,
                          GCancellable   *cancellable,
                          GError        **error)
{
  GError *mistake = NULL;
  QmpMessage *command;

  g_return_val_if_fail (QMP_IS_GUEST_AGENT (self), -1);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), -1);

  command = qmp_message_new_command ("guest-get-time", NULL, &mistake);
  return take_time (qmp_guest_command_run (self, command, mistake, cancellable, error), error);
}

/**
 * qmp_guest_agent_set_time_async:
 * @self: a guest agent
 * @time: microseconds since 1970 UTC, or -1 to take the time of its hardware clock
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async) (closure user_data): called when the agent has answered, or will not
 * @user_data: data for @callback
 *
 * Sets the guest's clock.
 *
 * A guest that was paused, or comes out of a file, does not know how long it was away (`guest-set-time`). Windows
 * wants a time.
 *
 * Errors are in [method@GuestAgent.set_time_finish].
 *
 * Since: 1.0
 */
void
qmp_guest_agent_set_time_async (QmpGuestAgent       *self,
                                gint64               time,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data)
{
  GError *mistake = NULL;
  QmpMessage *command;

  g_return_if_fail (QMP_IS_GUEST_AGENT (self));
  g_return_if_fail (time >= -1 && time <= LAST_TIME);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  command = new_set_time (time, &mistake);
  qmp_guest_command_start (self, command, mistake, cancellable, callback, user_data, qmp_guest_agent_set_time_async);
}

/**
 * qmp_guest_agent_set_time_finish:
 * @self: a guest agent
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Ends [method@GuestAgent.set_time_async].
 *
 * Errors are those of [method@Client.execute_finish], of which [error@CommandError] is the agent's own: it cannot, or
 * will not.
 *
 * Returns: `TRUE` on success
 *
 * Since: 1.0
 */
gboolean
qmp_guest_agent_set_time_finish (QmpGuestAgent  *self,
                                 GAsyncResult   *result,
                                 GError        **error)
{
  g_return_val_if_fail (QMP_IS_GUEST_AGENT (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_guest_agent_set_time_async), FALSE);

  return qmp_guest_reply_take_done (g_task_propagate_pointer (G_TASK (result), error));
}

/**
 * qmp_guest_agent_set_time:
 * @self: a guest agent
 * @time: microseconds since 1970 UTC, or -1 to take the time of its hardware clock
 * @cancellable: (nullable): cancels the call
 * @error: where to store an error
 *
 * Sets the guest's clock; blocks until the agent has answered.
 *
 * The blocking form of [method@GuestAgent.set_time_async], with the errors of [method@GuestAgent.set_time_finish].
 *
 * Returns: `TRUE` on success
 *
 * Since: 1.0
 */
gboolean
qmp_guest_agent_set_time (QmpGuestAgent  *self,
                          gint64          time,
                          GCancellable   *cancellable,
                          GError        **error)
{
  GError *mistake = NULL;
  QmpMessage *command;

  g_return_val_if_fail (QMP_IS_GUEST_AGENT (self), FALSE);
  g_return_val_if_fail (time >= -1 && time <= LAST_TIME, FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);

  command = new_set_time (time, &mistake);
  return qmp_guest_reply_take_done (qmp_guest_command_run (self, command, mistake, cancellable, error));
}
