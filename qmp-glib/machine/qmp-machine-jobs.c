/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-machine-private.h"

/* Its jobs, which QmpJobs follows. */

/**
 * qmp_machine_get_jobs: (get-property jobs)
 * @self: a machine
 *
 * Gets [property@Machine:jobs].
 *
 * The list is the same for the machine's life, and changes when jobs come and go.
 *
 * Returns: (transfer none): a list of [class@Job]
 *
 * Since: 1.0
 */
GListModel *
qmp_machine_get_jobs (QmpMachine *self)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), NULL);

  return G_LIST_MODEL (self->jobs->list);
}

/**
 * qmp_machine_get_progress_interval: (get-property progress-interval)
 * @self: a machine
 *
 * Gets [property@Machine:progress-interval].
 *
 * Returns: milliseconds; 0 for never
 *
 * Since: 1.0
 */
guint
qmp_machine_get_progress_interval (QmpMachine *self)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), 0);

  return self->jobs->interval;
}

/**
 * qmp_machine_set_progress_interval: (set-property progress-interval)
 * @self: a machine
 * @progress_interval: milliseconds; 0 for never
 *
 * Sets [property@Machine:progress-interval].
 *
 * Since: 1.0
 */
void
qmp_machine_set_progress_interval (QmpMachine *self,
                                   guint       progress_interval)
{
  g_return_if_fail (QMP_IS_MACHINE (self));
  g_return_if_fail (progress_interval <= G_MAXINT);
  if (qmp_machine_is_foreign (self, NULL))
    return;

  if (progress_interval == self->jobs->interval)
    return;
  qmp_jobs_set_interval (self->jobs, progress_interval);
  self->ask_migration_at = 0;
  qmp_machine_step_migration (self);
  g_object_notify_by_pspec (G_OBJECT (self), qmp_machine_properties[QMP_MACHINE_PROGRESS_INTERVAL]);
}

/**
 * qmp_machine_start_job_async:
 * @self: a machine
 * @command: a command that starts a job, with a `job-id`
 * @cancellable: (nullable): to cancel waiting for the reply, and not the job
 * @callback: (scope async) (closure user_data): called when the command is answered
 * @user_data: data for @callback
 *
 * Starts a job: `blockdev-backup`, `blockdev-mirror`, `snapshot-save` and whatever else takes a `job-id`.
 *
 * It is done when QEMU has answered the command, which says that there is a job, and not that it will succeed:
 * [method@Job.wait_async] tells. `snapshot-save` and its like are answered only behind the work.
 *
 * The machine sends a copy of @command. It adds `auto-dismiss: false` where that exists and @command says nothing about it, since QEMU
 * forgets why a job has failed when it forgets the job. When the job has ended the machine dismisses it. The time limit is the
 * client's, unless @command has one of its own; the snapshots have none.
 *
 * Since: 1.0
 */
void
qmp_machine_start_job_async (QmpMachine          *self,
                             QmpMessage          *command,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (QMP_IS_MACHINE (self));
  g_return_if_fail (QMP_IS_MESSAGE (command));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  if (qmp_machine_is_foreign (self, NULL))
    return;

  task = qmp_machine_task_new (self, callback, user_data, qmp_machine_start_job_async);
  if (qmp_machine_require_monitor (self, &error))
    qmp_jobs_start_async (self->jobs, command, cancellable, g_steal_pointer (&task));
  else
    g_task_return_error (task, error);
}

/**
 * qmp_machine_start_job_finish:
 * @self: a machine
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Machine.start_job_async].
 *
 * Errors are `G_IO_ERROR_INVALID_ARGUMENT` if the command has no `job-id`, with which nothing was sent, and those of
 * [method@Client.execute]: of the command, in QEMU's words, with which there is no job, or of the link or the waiting, with which there
 * may be one. That is in [property@Machine:jobs] then, and is dismissed by the machine as well.
 *
 * Returns: (transfer full): the job; `NULL` with @error set
 *
 * Since: 1.0
 */
QmpJob *
qmp_machine_start_job_finish (QmpMachine    *self,
                              GAsyncResult  *result,
                              GError       **error)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_machine_start_job_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * qmp_machine_start_job:
 * @self: a machine
 * @command: a command that starts a job, with a `job-id`
 * @cancellable: (nullable): to cancel waiting for the reply, and not the job
 * @error: return location for an error
 *
 * Starts a job, and blocks until the command is answered.
 *
 * The blocking form of [method@Machine.start_job_async], with the errors of [method@Machine.start_job_finish].
 *
 * Returns: (transfer full): the job; `NULL` with @error set
 *
 * Since: 1.0
 */
QmpJob *
qmp_machine_start_job (QmpMachine    *self,
                       QmpMessage    *command,
                       GCancellable  *cancellable,
                       GError       **error)
{
  g_autoptr(QmpMachine) held = NULL;

  g_return_val_if_fail (QMP_IS_MACHINE (self), NULL);
  g_return_val_if_fail (QMP_IS_MESSAGE (command), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  if (qmp_machine_is_foreign (self, error) || !qmp_machine_require_monitor (self, error))
    return NULL;

  held = g_object_ref (self);
  return qmp_jobs_start (self->jobs, command, cancellable, error);
}
