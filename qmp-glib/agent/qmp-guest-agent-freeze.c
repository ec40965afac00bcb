/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "agent/qmp-guest-operation-private.h"
#include "agent/qmp-guest-reply-private.h"

/* --- freezing --- */

typedef struct {
  QmpGuestOperation  operation;
  char             **mountpoints;   /* nullable */
  int                lease;
  gboolean           sent;
} Freeze;

static QmpMessage *
new_command (Freeze  *self,
             GError **error)
{
  g_autoptr(JsonNode) list = NULL;

  if (self->mountpoints == NULL)
    return qmp_message_new_command ("guest-fsfreeze-freeze", NULL, error);
  list = qmp_guest_strings_to_node ((const char * const *) self->mountpoints);
  return qmp_message_new_parsed ("guest-fsfreeze-freeze-list", error, "{'mountpoints': %v}", list);
}

/* Nobody would thaw what was frozen after its caller has cancelled. */
static QmpGuestStep
take_count (Freeze      *self,
            QmpMessage  *reply,
            GError     **error)
{
  gint64 n_frozen;

  if (self->operation.abandoned)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
      return QMP_GUEST_STEP_FAILED;
    }
  if (!qmp_message_lookup (reply, error, "return", "x", &n_frozen, NULL))
    return QMP_GUEST_STEP_FAILED;
  qmp_guest_lease_begin (qmp_guest_agent_get_lease (self->operation.agent), n_frozen, self->lease);
  return qmp_guest_operation_done (&self->operation, g_object_ref (reply), g_object_unref);
}

static QmpGuestStep
freeze_next (QmpGuestOperation  *operation,
             QmpMessage         *reply,
             GError            **error)
{
  Freeze *self = (Freeze *) operation;
  QmpMessage *command;

  if (self->sent)
    return take_count (self, reply, error);
  command = new_command (self, error);
  if (command == NULL)
    return QMP_GUEST_STEP_FAILED;
  self->sent = TRUE;
  operation->kept = TRUE;
  return qmp_guest_operation_send (operation, command);
}

/* Nothing is frozen by what the agent refused, or was never sent. */
static gboolean
may_be_frozen (const GError *error)
{
  return error->domain != QMP_COMMAND_ERROR &&
         !g_error_matches (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE) &&
         !g_error_matches (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_THREAD) &&
         !g_error_matches (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
}

static QmpGuestStep
freeze_failed (QmpGuestOperation  *operation,
               GError            **error)
{
  if (((Freeze *) operation)->sent && may_be_frozen (*error))
    qmp_guest_lease_undo (qmp_guest_agent_get_lease (operation->agent));
  return QMP_GUEST_STEP_FAILED;
}

static void
freeze_clear (QmpGuestOperation *operation)
{
  g_strfreev (((Freeze *) operation)->mountpoints);
}

static const QmpGuestOperationFuncs freeze_funcs = { freeze_next, freeze_failed, freeze_clear };

static QmpGuestOperation *
freeze_new (QmpGuestAgent      *agent,
            const char * const *mountpoints,
            int                 lease)
{
  Freeze *self = g_new0 (Freeze, 1);

  qmp_guest_operation_init (&self->operation, &freeze_funcs, agent, QMP_TIMEOUT_NONE);
  self->mountpoints = g_strdupv ((char **) mountpoints);
  self->lease = lease;
  return &self->operation;
}

/* --- thawing --- */

static QmpGuestStep
thaw_next (QmpGuestOperation  *operation,
           QmpMessage         *reply,
           GError            **error)
{
  gint64 n_thawed;
  QmpMessage *command;

  if (reply != NULL)
    return qmp_message_lookup (reply, error, "return", "x", &n_thawed, NULL) &&
           qmp_guest_lease_end (qmp_guest_agent_get_lease (operation->agent), n_thawed, error)
           ? qmp_guest_operation_done (operation, g_object_ref (reply), g_object_unref) : QMP_GUEST_STEP_FAILED;
  command = qmp_message_new_command ("guest-fsfreeze-thaw", NULL, error);
  return command != NULL ? qmp_guest_operation_send (operation, command) : QMP_GUEST_STEP_FAILED;
}

static const QmpGuestOperationFuncs thaw_funcs = { thaw_next, NULL, NULL };

static QmpGuestOperation *
thaw_new (QmpGuestAgent *agent)
{
  QmpGuestOperation *self = g_new0 (QmpGuestOperation, 1);

  qmp_guest_operation_init (self, &thaw_funcs, agent, QMP_TIMEOUT_NONE);
  return self;
}

/* What the reply says; takes it, and NULL for a failure. */
static gint64
count_of (QmpMessage *reply)
{
  g_autoptr(QmpMessage) owned = reply;

  return reply != NULL ? qmp_message_get_int64 (reply, "return", NULL) : -1;
}

/**
 * qmp_guest_agent_freeze_async:
 * @self: a guest agent
 * @mountpoints: (array zero-terminated=1) (nullable): which file systems, by where they are mounted; `NULL` for all
 * @lease: after how long they are thawed anyway: milliseconds, or `QMP_TIMEOUT_NONE`
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async) (closure user_data): called when they are frozen, or cannot be
 * @user_data: data for @callback
 *
 * Freezes the guest's file systems: what they have is on the disks then, and nothing is written until they are thawed.
 *
 * A snapshot or a backup that is taken meanwhile is one that a program in the guest can rely on, if
 * [method@GuestAgent.thaw_async] succeeds afterwards. A guest hangs while it is frozen, so that should be short.
 *
 * They are thawed again without the program
 *
 * - when @lease is over. [method@GuestAgent.thaw_async] tells it;
 * - when the call was cancelled, was out of time, or the link ended in the middle of it;
 * - when the object goes.
 *
 * That is done from the owner's main context, and tried until the agent has answered; without a link, as soon as the
 * client is opened again. It cannot be done for a program that is killed, or that drops the object and never runs its
 * main context or closes the client again: the guest stays frozen then until somebody thaws it
 * (`guest-fsfreeze-thaw`).
 *
 * While it is frozen an agent does hardly anything else; programs cannot be run.
 *
 * See [method@GuestAgent.freeze_finish] for how it can fail.
 *
 * Since: 1.0
 */
void
qmp_guest_agent_freeze_async (QmpGuestAgent       *self,
                              const char * const  *mountpoints,
                              int                  lease,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  g_return_if_fail (QMP_IS_GUEST_AGENT (self));
  g_return_if_fail (lease >= QMP_TIMEOUT_NONE);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  qmp_guest_operation_start (freeze_new (self, mountpoints, lease), cancellable, callback, user_data,
                             qmp_guest_agent_freeze_async);
}

/**
 * qmp_guest_agent_freeze_finish:
 * @self: a guest agent
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Ends [method@GuestAgent.freeze_async].
 *
 * Errors are [error@CommandError]: the agent refuses, as when they are frozen already, and nothing was done; and
 * those of [method@Client.execute_finish] else, after which they are thawed as [method@GuestAgent.freeze_async] says.
 *
 * Returns: how many file systems were frozen; -1 with @error set
 *
 * Since: 1.0
 */
gint64
qmp_guest_agent_freeze_finish (QmpGuestAgent  *self,
                               GAsyncResult   *result,
                               GError        **error)
{
  g_return_val_if_fail (QMP_IS_GUEST_AGENT (self), -1);
  g_return_val_if_fail (g_task_is_valid (result, self), -1);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_guest_agent_freeze_async), -1);

  return count_of (g_task_propagate_pointer (G_TASK (result), error));
}

/**
 * qmp_guest_agent_freeze:
 * @self: a guest agent
 * @mountpoints: (array zero-terminated=1) (nullable): which file systems, by where they are mounted; `NULL` for all
 * @lease: after how long they are thawed anyway: milliseconds, or `QMP_TIMEOUT_NONE`
 * @cancellable: (nullable): cancels the call
 * @error: where to store an error
 *
 * Freezes the guest's file systems; blocks until they are frozen.
 *
 * The blocking form of [method@GuestAgent.freeze_async], with the errors of [method@GuestAgent.freeze_finish]. The
 * time of @lease passes only where the owner's main context runs: a program that has none, or blocks, has to thaw by
 * itself.
 *
 * Returns: how many file systems were frozen; -1 with @error set
 *
 * Since: 1.0
 */
gint64
qmp_guest_agent_freeze (QmpGuestAgent       *self,
                        const char * const  *mountpoints,
                        int                  lease,
                        GCancellable        *cancellable,
                        GError             **error)
{
  g_return_val_if_fail (QMP_IS_GUEST_AGENT (self), -1);
  g_return_val_if_fail (lease >= QMP_TIMEOUT_NONE, -1);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), -1);

  return count_of (qmp_guest_operation_run (freeze_new (self, mountpoints, lease), cancellable, error));
}

/**
 * qmp_guest_agent_thaw_async:
 * @self: a guest agent
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async) (closure user_data): called when they are thawed, or cannot be
 * @user_data: data for @callback
 *
 * Thaws the guest's file systems, and tells whether they were frozen until now.
 *
 * It can be called without [method@GuestAgent.freeze_async], for a guest that somebody has left frozen.
 *
 * See [method@GuestAgent.thaw_finish] for how it can fail.
 *
 * Since: 1.0
 */
void
qmp_guest_agent_thaw_async (QmpGuestAgent       *self,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  g_return_if_fail (QMP_IS_GUEST_AGENT (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  qmp_guest_operation_start (thaw_new (self), cancellable, callback, user_data, qmp_guest_agent_thaw_async);
}

/**
 * qmp_guest_agent_thaw_finish:
 * @self: a guest agent
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Ends [method@GuestAgent.thaw_async].
 *
 * Errors are:
 *
 * - `QMP_GUEST_AGENT_ERROR_THAWED`: they are thawed, but were so before, because the lease was over, or by somebody
 *   else; a guest with Windows thaws itself after ten seconds. What was copied meanwhile is not to be relied on;
 * - [error@CommandError], and those of [method@Client.execute_finish] else: they may be frozen still, and are thawed
 *   when the lease is over.
 *
 * Returns: how many file systems were thawed; -1 with @error set
 *
 * Since: 1.0
 */
gint64
qmp_guest_agent_thaw_finish (QmpGuestAgent  *self,
                             GAsyncResult   *result,
                             GError        **error)
{
  g_return_val_if_fail (QMP_IS_GUEST_AGENT (self), -1);
  g_return_val_if_fail (g_task_is_valid (result, self), -1);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_guest_agent_thaw_async), -1);

  return count_of (g_task_propagate_pointer (G_TASK (result), error));
}

/**
 * qmp_guest_agent_thaw:
 * @self: a guest agent
 * @cancellable: (nullable): cancels the call
 * @error: where to store an error
 *
 * Thaws the guest's file systems, and tells whether they were frozen until now; blocks until they are thawed.
 *
 * The blocking form of [method@GuestAgent.thaw_async], with the errors of [method@GuestAgent.thaw_finish].
 *
 * Returns: how many file systems were thawed; -1 with @error set
 *
 * Since: 1.0
 */
gint64
qmp_guest_agent_thaw (QmpGuestAgent  *self,
                      GCancellable   *cancellable,
                      GError        **error)
{
  g_return_val_if_fail (QMP_IS_GUEST_AGENT (self), -1);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), -1);

  return count_of (qmp_guest_operation_run (thaw_new (self), cancellable, error));
}
