/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-machine-private.h"

#include <glib/gi18n-lib.h>

#include "core/qmp-cancellation-private.h"

/* Waiting for the end. */

void
qmp_machine_wait_end_cancellation (QmpMachineWait *wait)
{
  if (wait->cancellation != NULL)
    g_source_destroy (wait->cancellation);
  g_clear_pointer (&wait->cancellation, g_source_unref);
}

void
qmp_machine_wait_free (QmpMachineWait *wait)
{
  g_assert (wait->run == NULL);

  qmp_machine_wait_end_cancellation (wait);
  g_clear_object (&wait->outcome);
  g_clear_error (&wait->error);
  g_clear_object (&wait->task);
  g_free (wait);
}

/* What there is without waiting: the outcome, or NULL with error. */
static QmpOutcome *
get_last (QmpMachine  *self,
          GError     **error)
{
  if (self->outcome != NULL)
    return g_object_ref (self->outcome);
  g_set_error_literal (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_ENDED, _("No machine runs here"));
  return NULL;
}

void
qmp_machine_leave_wait (QmpMachine     *self,
                        QmpMachineWait *wait)
{
  QmpRun *run = wait->run;

  g_queue_remove (&run->waiting, wait);
  wait->run = NULL;
  if (!wait->shuts_down)
    return;
  qmp_shutdown_leave (&run->shutdown, &wait->caller);
  qmp_machine_touch (self, QMP_MACHINE_SHUT_DOWN_STAGE);
}

static gboolean
cancelled_cb (GCancellable *cancellable,
              gpointer      user_data)
{
  QmpMachineWait *wait = user_data;
  GTask *task = g_steal_pointer (&wait->task);

  qmp_machine_leave_wait (g_task_get_source_object (task), wait);
  qmp_machine_wait_free (wait);
  g_task_return_error (task, qmp_cancellation_make_error (cancellable));
  g_object_unref (task);
  return G_SOURCE_REMOVE;
}

QmpMachineWait *
qmp_machine_wait_async (QmpMachine   *self,
                        GTask        *task,
                        GCancellable *cancellable)
{
  QmpMachineWait *wait = g_new0 (QmpMachineWait, 1);

  wait->run = self->run;
  wait->task = task;
  g_queue_push_tail (&self->run->waiting, wait);
  if (cancellable != NULL)
    {
      wait->cancellation = g_cancellable_source_new (cancellable);
      g_source_set_callback (wait->cancellation, G_SOURCE_FUNC (cancelled_cb), wait, NULL);
      g_source_attach (wait->cancellation, g_task_get_context (task));
    }
  return wait;
}

/**
 * qmp_machine_wait_ended_async:
 * @self: a machine
 * @cancellable: (nullable): to cancel it
 * @callback: (scope async) (closure user_data): called when the machine has ended
 * @user_data: data for @callback
 *
 * Waits for the end of the machine.
 *
 * It is over behind [signal@Machine::ended], and at once if nothing runs here any more.
 *
 * Since: 1.0
 */
void
qmp_machine_wait_ended_async (QmpMachine          *self,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;
  GError *error = NULL;
  QmpOutcome *last;

  g_return_if_fail (QMP_IS_MACHINE (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  if (qmp_machine_is_foreign (self, NULL))
    return;

  task = qmp_machine_task_new (self, callback, user_data, qmp_machine_wait_ended_async);
  if (self->run == NULL)
    {
      last = get_last (self, &error);
      if (last != NULL)
        g_task_return_pointer (task, last, g_object_unref);
      else
        g_task_return_error (task, error);
      return;
    }

  qmp_machine_wait_async (self, g_steal_pointer (&task), cancellable);
}

/**
 * qmp_machine_wait_ended_finish:
 * @self: a machine
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Machine.wait_ended_async].
 *
 * Errors are `G_IO_ERROR_CANCELLED`, with which the machine goes on, and `QMP_MACHINE_ERROR_ENDED` if nothing has ever run here.
 *
 * Returns: (transfer full): how it has ended; `NULL` with @error set
 *
 * Since: 1.0
 */
QmpOutcome *
qmp_machine_wait_ended_finish (QmpMachine    *self,
                               GAsyncResult  *result,
                               GError       **error)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_machine_wait_ended_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static gboolean
is_over (gpointer data)
{
  return ((QmpMachineWait *) data)->run == NULL;
}

QmpOutcome *
qmp_machine_wait (QmpMachine      *self,
                  QmpMachineWait  *wait,
                  GCancellable    *cancellable,
                  GError         **error)
{
  g_autoptr(QmpMachine) held = g_object_ref (self);

  wait->run = self->run;
  g_queue_push_tail (&self->run->waiting, wait);
  if (!qmp_machine_block (self, is_over, wait, cancellable, error))
    {
      if (wait->run != NULL)
        qmp_machine_leave_wait (self, wait);
      return NULL;
    }
  if (wait->error != NULL)
    g_propagate_error (error, g_steal_pointer (&wait->error));
  return g_steal_pointer (&wait->outcome);
}

/**
 * qmp_machine_wait_ended:
 * @self: a machine
 * @cancellable: (nullable): to cancel it
 * @error: return location for an error
 *
 * Blocks until the machine has ended.
 *
 * The blocking form of [method@Machine.wait_ended_async], with the errors of [method@Machine.wait_ended_finish].
 *
 * Returns: (transfer full): how it has ended; `NULL` with @error set
 *
 * Since: 1.0
 */
QmpOutcome *
qmp_machine_wait_ended (QmpMachine    *self,
                        GCancellable  *cancellable,
                        GError       **error)
{
  QmpMachineWait wait = { 0 };

  g_return_val_if_fail (QMP_IS_MACHINE (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  if (qmp_machine_is_foreign (self, error))
    return NULL;

  if (!qmp_client_may_block (self->client, "wait for the end", error))
    return NULL;
  if (self->run == NULL)
    return get_last (self, error);

  return qmp_machine_wait (self, &wait, cancellable, error);
}
