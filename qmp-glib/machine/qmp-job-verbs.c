/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-job-private.h"

#include <glib/gi18n-lib.h>

#include <qmp-glib/qmp-machine.h>

/* What is done with a job. */

/* Its ID may be another job's by now. */
static gboolean
require_present (QmpJob  *self,
                 GError **error)
{
  if (!self->gone)
    return TRUE;
  g_set_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_ENDED, _("The job “%s” has ended"), self->id);
  return FALSE;
}

static JsonNode *
new_arguments (QmpJob *self)
{
  g_autoptr(JsonBuilder) builder = json_builder_new_immutable ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "id");
  json_builder_add_string_value (builder, self->id);
  json_builder_end_object (builder);
  return json_builder_get_root (builder);
}

static GTask *
new_task (QmpJob              *self,
          GCancellable        *cancellable,
          GAsyncReadyCallback  callback,
          gpointer             user_data,
          gpointer             source_tag)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);

  (g_task_set_source_tag) (task, source_tag);
  if (cancellable != NULL)
    g_task_set_task_data (task, g_object_ref (cancellable), g_object_unref);
  return task;
}

static void
executed_cb (GObject      *client,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;
  g_autoptr(JsonNode) reply = qmp_client_execute_finish (QMP_CLIENT (client), result, &error);

  if (reply != NULL)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* Takes task. */
static void
execute_async (GTask      *task,
               const char *command)
{
  QmpJob *self = g_task_get_source_object (task);
  g_autoptr(JsonNode) arguments = NULL;
  GError *error = NULL;

  if (!require_present (self, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  arguments = new_arguments (self);
  qmp_client_execute_async (self->client, command, arguments, g_task_get_task_data (task), executed_cb, task);
}

static gboolean
execute (QmpJob        *self,
         const char    *command,
         GCancellable  *cancellable,
         GError       **error)
{
  g_autoptr(JsonNode) arguments = NULL;
  g_autoptr(JsonNode) reply = NULL;

  if (!require_present (self, error))
    return FALSE;
  arguments = new_arguments (self);
  reply = qmp_client_execute (self->client, command, arguments, cancellable, error);
  return reply != NULL;
}

static gboolean
finish (QmpJob        *self,
        GAsyncResult  *result,
        gpointer       source_tag,
        GError       **error)
{
  g_return_val_if_fail (QMP_IS_JOB (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, source_tag), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
ready_cb (GObject      *job,
          GAsyncResult *result,
          gpointer      user_data)
{
  GTask *task = user_data;
  GError *error = NULL;

  if (qmp_job_wait_ready_finish (QMP_JOB (job), result, &error))
    {
      execute_async (task, "job-complete");
      return;
    }
  g_task_return_error (task, error);
  g_object_unref (task);
}

/* --- the public face --- */

/**
 * qmp_job_pause_async:
 * @self: a job
 * @cancellable: (nullable): to cancel it
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Pauses the job.
 *
 * QEMU does so at its next opportunity, and says so in [property@Job:status]: `PAUSED`, or `STANDBY` if it was ready. A job that the program
 * has paused goes on by [method@Job.resume_async] alone.
 *
 * Since: 1.0
 */
void
qmp_job_pause_async (QmpJob              *self,
                     GCancellable        *cancellable,
                     GAsyncReadyCallback  callback,
                     gpointer             user_data)
{
  g_return_if_fail (QMP_IS_JOB (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  if (qmp_job_is_foreign (self, NULL))
    return;

  execute_async (new_task (self, cancellable, callback, user_data, qmp_job_pause_async), "job-pause");
}

/**
 * qmp_job_pause_finish:
 * @self: a job
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Job.pause_async].
 *
 * Errors are those of [method@Client.execute], in QEMU's words if it refuses, and `QMP_MACHINE_ERROR_ENDED` if the job is gone.
 *
 * Returns: `TRUE` if it is done; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_job_pause_finish (QmpJob        *self,
                      GAsyncResult  *result,
                      GError       **error)
{
  return finish (self, result, qmp_job_pause_async, error);
}

/**
 * qmp_job_pause:
 * @self: a job
 * @cancellable: (nullable): to cancel it
 * @error: return location for an error
 *
 * Pauses the job, and blocks meanwhile.
 *
 * The blocking form of [method@Job.pause_async], with the errors of [method@Job.pause_finish].
 *
 * Returns: `TRUE` if it is done; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_job_pause (QmpJob        *self,
               GCancellable  *cancellable,
               GError       **error)
{
  g_return_val_if_fail (QMP_IS_JOB (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  if (qmp_job_is_foreign (self, error))
    return FALSE;

  return execute (self, "job-pause", cancellable, error);
}

/**
 * qmp_job_resume_async:
 * @self: a job
 * @cancellable: (nullable): to cancel it
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Lets a job that is paused go on.
 *
 * It is also for a job that an error has paused (`on-target-error: stop`), when the cause is gone.
 *
 * Since: 1.0
 */
void
qmp_job_resume_async (QmpJob              *self,
                      GCancellable        *cancellable,
                      GAsyncReadyCallback  callback,
                      gpointer             user_data)
{
  g_return_if_fail (QMP_IS_JOB (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  if (qmp_job_is_foreign (self, NULL))
    return;

  execute_async (new_task (self, cancellable, callback, user_data, qmp_job_resume_async), "job-resume");
}

/**
 * qmp_job_resume_finish:
 * @self: a job
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Job.resume_async].
 *
 * Errors are those of [method@Client.execute], in QEMU's words if it refuses, and `QMP_MACHINE_ERROR_ENDED` if the job is gone.
 *
 * Returns: `TRUE` if it is done; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_job_resume_finish (QmpJob        *self,
                       GAsyncResult  *result,
                       GError       **error)
{
  return finish (self, result, qmp_job_resume_async, error);
}

/**
 * qmp_job_resume:
 * @self: a job
 * @cancellable: (nullable): to cancel it
 * @error: return location for an error
 *
 * Lets a job that is paused go on, and blocks meanwhile.
 *
 * The blocking form of [method@Job.resume_async], with the errors of [method@Job.resume_finish].
 *
 * Returns: `TRUE` if it is done; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_job_resume (QmpJob        *self,
                GCancellable  *cancellable,
                GError       **error)
{
  g_return_val_if_fail (QMP_IS_JOB (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  if (qmp_job_is_foreign (self, error))
    return FALSE;

  return execute (self, "job-resume", cancellable, error);
}

/**
 * qmp_job_complete_async:
 * @self: a job
 * @cancellable: (nullable): to cancel it
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Completes a mirror, or a commit of an active disk, as soon as it is ready.
 *
 * It waits until [property@Job:ready] is `TRUE`, tells QEMU to complete the job, and is done when QEMU has taken that; the end of the
 * job is what [method@Job.wait_async] waits for. A job that is paused completes when it is resumed. @cancellable cancels the waiting, and
 * not the job.
 *
 * Since: 1.0
 */
void
qmp_job_complete_async (QmpJob              *self,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  g_return_if_fail (QMP_IS_JOB (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  if (qmp_job_is_foreign (self, NULL))
    return;

  qmp_job_wait_ready_async (self, cancellable, ready_cb,
                            new_task (self, cancellable, callback, user_data, qmp_job_complete_async));
}

/**
 * qmp_job_complete_finish:
 * @self: a job
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Job.complete_async].
 *
 * Errors are those of [method@Client.execute]; if the job ends before it is ready, those of [method@Job.wait_finish], and
 * `QMP_MACHINE_ERROR_FAILED` if it is of a kind that is never ready.
 *
 * Returns: `TRUE` if it is done; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_job_complete_finish (QmpJob        *self,
                         GAsyncResult  *result,
                         GError       **error)
{
  return finish (self, result, qmp_job_complete_async, error);
}

/**
 * qmp_job_complete:
 * @self: a job
 * @cancellable: (nullable): to cancel it
 * @error: return location for an error
 *
 * Completes the job as soon as it is ready, and blocks meanwhile.
 *
 * The blocking form of [method@Job.complete_async], with the errors of [method@Job.complete_finish].
 *
 * Returns: `TRUE` if it is done; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_job_complete (QmpJob        *self,
                  GCancellable  *cancellable,
                  GError       **error)
{
  g_return_val_if_fail (QMP_IS_JOB (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  if (qmp_job_is_foreign (self, error))
    return FALSE;

  return qmp_job_wait_ready (self, cancellable, error) && execute (self, "job-complete", cancellable, error);
}

/**
 * qmp_job_cancel_async:
 * @self: a job
 * @cancellable: (nullable): to cancel it
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Cancels the job.
 *
 * QEMU has taken that when it is done; the job ends a moment later, with `QMP_MACHINE_ERROR_JOB_CANCELLED`. It works on a job that is
 * paused, and a mirror that is ready loses its claim to be a copy.
 *
 * Since: 1.0
 */
void
qmp_job_cancel_async (QmpJob              *self,
                      GCancellable        *cancellable,
                      GAsyncReadyCallback  callback,
                      gpointer             user_data)
{
  g_return_if_fail (QMP_IS_JOB (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  if (qmp_job_is_foreign (self, NULL))
    return;

  execute_async (new_task (self, cancellable, callback, user_data, qmp_job_cancel_async), "job-cancel");
}

/**
 * qmp_job_cancel_finish:
 * @self: a job
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Job.cancel_async].
 *
 * Errors are those of [method@Client.execute], in QEMU's words if it refuses, and `QMP_MACHINE_ERROR_ENDED` if the job is gone.
 *
 * Returns: `TRUE` if it is done; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_job_cancel_finish (QmpJob        *self,
                       GAsyncResult  *result,
                       GError       **error)
{
  return finish (self, result, qmp_job_cancel_async, error);
}

/**
 * qmp_job_cancel:
 * @self: a job
 * @cancellable: (nullable): to cancel it
 * @error: return location for an error
 *
 * Cancels the job, and blocks until QEMU has taken that.
 *
 * The blocking form of [method@Job.cancel_async], with the errors of [method@Job.cancel_finish].
 *
 * Returns: `TRUE` if it is done; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_job_cancel (QmpJob        *self,
                GCancellable  *cancellable,
                GError       **error)
{
  g_return_val_if_fail (QMP_IS_JOB (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  if (qmp_job_is_foreign (self, error))
    return FALSE;

  return execute (self, "job-cancel", cancellable, error);
}

/**
 * qmp_job_dismiss_async:
 * @self: a job
 * @cancellable: (nullable): to cancel it
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Lets QEMU forget a job that is concluded.
 *
 * It is needed for a job that somebody else has started and left; one that was started by the machine is dismissed by itself. When QEMU
 * has forgotten it already there is nothing to be done, which is success.
 *
 * Since: 1.0
 */
void
qmp_job_dismiss_async (QmpJob              *self,
                       GCancellable        *cancellable,
                       GAsyncReadyCallback  callback,
                       gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (QMP_IS_JOB (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  if (qmp_job_is_foreign (self, NULL))
    return;

  task = new_task (self, cancellable, callback, user_data, qmp_job_dismiss_async);
  if (self->gone)
    g_task_return_boolean (task, TRUE);
  else
    execute_async (g_steal_pointer (&task), "job-dismiss");
}

/**
 * qmp_job_dismiss_finish:
 * @self: a job
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Job.dismiss_async].
 *
 * Errors are those of [method@Client.execute], in QEMU's words if the job is not concluded.
 *
 * Returns: `TRUE` if it is done; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_job_dismiss_finish (QmpJob        *self,
                        GAsyncResult  *result,
                        GError       **error)
{
  return finish (self, result, qmp_job_dismiss_async, error);
}

/**
 * qmp_job_dismiss:
 * @self: a job
 * @cancellable: (nullable): to cancel it
 * @error: return location for an error
 *
 * Lets QEMU forget a job that is concluded, and blocks meanwhile.
 *
 * The blocking form of [method@Job.dismiss_async], with the errors of [method@Job.dismiss_finish].
 *
 * Returns: `TRUE` if it is done; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_job_dismiss (QmpJob        *self,
                 GCancellable  *cancellable,
                 GError       **error)
{
  g_return_val_if_fail (QMP_IS_JOB (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  if (qmp_job_is_foreign (self, error))
    return FALSE;

  return self->gone || execute (self, "job-dismiss", cancellable, error);
}
