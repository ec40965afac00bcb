/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-job-private.h"

#include <glib/gi18n-lib.h>

#include <qmp-glib/qmp-error.h>
#include <qmp-glib/qmp-machine.h>

#include "wire/qmp-patience-private.h"

/* Waiting for a job: for its end, or until it can be completed. */

typedef struct {
  GTask       *task;       /* owned */
  gboolean     for_ready;
  QmpPatience *patience;
  GList        link;       /* in the job's waits */
} QmpJobWait;

gboolean
qmp_job_require_thread (QmpJob      *self,
                        const char  *function,
                        GError     **error)
{
  if (self->client == NULL || qmp_client_is_owner_thread (self->client))
    return TRUE;

  g_critical ("%s: called in another thread than that of the job", function);
  g_set_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_THREAD, "%s: called in another thread than that of the job",
               function);
  return FALSE;
}

/* --- what it comes to --- */

static gboolean
is_over (QmpJob   *self,
         gboolean  for_ready)
{
  return self->finished || (for_ready && qmp_job_get_ready (self));
}

/* FALSE with error: it is over, but not as it should be. */
static gboolean
judge (QmpJob    *self,
       gboolean   for_ready,
       GError   **error)
{
  if (!for_ready || !self->finished)
    {
      if (!self->finished || self->error == NULL)
        return TRUE;
      g_propagate_error (error, g_error_copy (self->error));
      return FALSE;
    }
  if (self->error != NULL)
    g_propagate_error (error, g_error_copy (self->error));
  else
    g_set_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_FAILED,
                 _("The job “%s” has ended, and was never ready to be completed"), self->id);
  return FALSE;
}

static GError *
new_timed_out (QmpJob *self)
{
  return g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("The job “%s” has not ended in time"), self->id);
}

/* --- in the background --- */

/* Takes wait. */
static GTask *
end_wait (QmpJob     *self,
          QmpJobWait *wait)
{
  GTask *task = wait->task;

  g_queue_unlink (&self->waits, &wait->link);
  qmp_patience_free (wait->patience);
  g_free (wait);
  return task;
}

static void
return_wait (GTask    *task,
             gboolean  for_ready)
{
  GError *error = NULL;

  if (judge (g_task_get_source_object (task), for_ready, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static QmpJobWait *
find_over (QmpJob *self)
{
  for (GList *l = self->waits.head; l != NULL; l = l->next)
    if (is_over (self, ((QmpJobWait *) l->data)->for_ready))
      return l->data;
  return NULL;
}

void
qmp_job_tell_waits (QmpJob *self)
{
  QmpJobWait *wait;

  while ((wait = find_over (self)) != NULL)
    {
      gboolean for_ready = wait->for_ready;
      g_autoptr(GTask) task = end_wait (self, wait);
      gpointer owner = self->owner;

      return_wait (task, for_ready);
      self->funcs->release (owner);
    }
}

static GError *
timed_out (gpointer operation)
{
  return new_timed_out (g_task_get_source_object (((QmpJobWait *) operation)->task));
}

static void
give_up (gpointer  operation,
         GError   *error)
{
  QmpJob *self = g_task_get_source_object (((QmpJobWait *) operation)->task);
  g_autoptr(GTask) task = end_wait (self, operation);
  gpointer owner = self->owner;

  g_task_return_error (task, error);
  self->funcs->release (owner);
}

static const QmpPatienceFuncs patience_funcs = { NULL, timed_out, give_up };

static void
wait_async (QmpJob              *self,
            gboolean             for_ready,
            int                  timeout,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data,
            gpointer             source_tag)
{
  g_autoptr(GTask) task = g_task_new (self, NULL, callback, user_data);
  QmpJobWait *wait;

  (g_task_set_source_tag) (task, source_tag);
  /* What is not told yet comes in its order. */
  if (is_over (self, for_ready) && !self->queued)
    {
      return_wait (task, for_ready);
      return;
    }
  wait = g_new0 (QmpJobWait, 1);
  wait->task = g_steal_pointer (&task);
  wait->for_ready = for_ready;
  wait->link.data = wait;
  wait->patience = qmp_patience_new (&patience_funcs, wait, self->io, timeout, cancellable);
  g_queue_push_tail_link (&self->waits, &wait->link);
  self->funcs->hold (self->owner);
}

static gboolean
wait_finish (QmpJob        *self,
             GAsyncResult  *result,
             gpointer       source_tag,
             GError       **error)
{
  g_return_val_if_fail (QMP_IS_JOB (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, source_tag), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* --- blocking --- */

/* Milliseconds until then, QMP_TIMEOUT_NONE for never. */
static int
get_remaining (gint64 until)
{
  if (until == G_MAXINT64)
    return QMP_TIMEOUT_NONE;
  return (int) CLAMP ((until - g_get_monotonic_time () + 999) / 1000, 0, G_MAXINT);
}

/* Without a link nobody can tell how the job goes on. Takes failure. */
static GError *
explain (QmpJob *self,
         GError *failure)
{
  GError *error;

  if (g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    error = new_timed_out (self);
  else if (qmp_client_get_runstate (self->client) != QMP_RUNSTATE_RUNNING)
    error = g_error_new (QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_LOST,
                         _("It is not known how the job “%s” goes on: %s"), self->id, failure->message);
  else
    return failure;
  g_error_free (failure);
  return error;
}

/* FALSE with error: it is waited for no more. */
static gboolean
take_turn (QmpJob            *self,
           QmpEventListener  *listener,
           gint64             until,
           GCancellable      *cancellable,
           GError           **error)
{
  gint64 look_at = MIN (until, self->funcs->get_until (self->owner));
  GError *failure = NULL;
  g_autoptr(QmpEvent) event = NULL;

  if (self->funcs->work (self->owner, get_remaining (until), cancellable))
    return TRUE;
  event = qmp_event_listener_next (listener, get_remaining (look_at), cancellable, &failure);
  if (event == NULL && look_at < until && g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    g_clear_error (&failure);
  if (failure == NULL)
    return TRUE;
  g_propagate_error (error, failure);
  return FALSE;
}

static gboolean
block (QmpJob        *self,
       gboolean       for_ready,
       int            timeout,
       GCancellable  *cancellable,
       GError       **error)
{
  static const char * const names[] = {
    "JOB_STATUS_CHANGE", "BLOCK_JOB_READY", "BLOCK_JOB_COMPLETED", "BLOCK_JOB_CANCELLED", NULL
  };
  g_autoptr(QmpJob) held = g_object_ref (self);
  g_autoptr(QmpEventListener) listener = NULL;
  g_autoptr(QmpClient) client = NULL;
  gint64 until = timeout < 0 ? G_MAXINT64 : g_get_monotonic_time () + timeout * G_TIME_SPAN_MILLISECOND;
  gpointer owner = self->owner;
  GError *failure = NULL;

  if (is_over (self, for_ready))
    return judge (self, for_ready, error);
  self->funcs->hold (owner);
  client = g_object_ref (self->client);
  listener = qmp_event_listener_new (names);
  qmp_client_add_listener (client, listener);
  while (failure == NULL && !is_over (self, for_ready))
    take_turn (self, listener, until, cancellable, &failure);
  qmp_client_remove_listener (client, listener);
  self->funcs->release (owner);
  if (is_over (self, for_ready))
    {
      g_clear_error (&failure);
      return judge (self, for_ready, error);
    }
  g_propagate_error (error, explain (self, failure));
  return FALSE;
}

/* --- until it is ready --- */

void
qmp_job_wait_ready_async (QmpJob              *self,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  wait_async (self, TRUE, QMP_TIMEOUT_NONE, cancellable, callback, user_data, qmp_job_wait_ready_async);
}

gboolean
qmp_job_wait_ready_finish (QmpJob        *self,
                           GAsyncResult  *result,
                           GError       **error)
{
  return wait_finish (self, result, qmp_job_wait_ready_async, error);
}

gboolean
qmp_job_wait_ready (QmpJob        *self,
                    GCancellable  *cancellable,
                    GError       **error)
{
  return block (self, TRUE, QMP_TIMEOUT_NONE, cancellable, error);
}

/* --- until its end --- */

/**
 * qmp_job_wait_async:
 * @self: a job
 * @timeout: how long to wait, in milliseconds, or [const@TIMEOUT_NONE]
 * @cancellable: (nullable): to cancel the waiting, and not the job
 * @callback: (scope async) (closure user_data): called when the job has ended
 * @user_data: data for @callback
 *
 * Waits for the end of the job.
 *
 * It is over when [property@Job:finished] is `TRUE`, at once if it is so already. A job of a machine that was opened is waited for also while
 * there is no link: over the next one it is found again, or not.
 *
 * Since: 1.0
 */
void
qmp_job_wait_async (QmpJob              *self,
                    int                  timeout,
                    GCancellable        *cancellable,
                    GAsyncReadyCallback  callback,
                    gpointer             user_data)
{
  g_return_if_fail (QMP_IS_JOB (self));
  g_return_if_fail (timeout >= QMP_TIMEOUT_NONE);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  if (qmp_job_is_foreign (self, NULL))
    return;

  wait_async (self, FALSE, timeout, cancellable, callback, user_data, qmp_job_wait_async);
}

/**
 * qmp_job_wait_finish:
 * @self: a job
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Job.wait_async].
 *
 * Errors are those of [property@Job:error]: `QMP_MACHINE_ERROR_JOB` with QEMU's text, `QMP_MACHINE_ERROR_JOB_CANCELLED`, and
 * `QMP_MACHINE_ERROR_LOST` when nobody knows what has become of the job. With `G_IO_ERROR_TIMED_OUT` and
 * `G_IO_ERROR_CANCELLED` the job goes on, and only the waiting has ended.
 *
 * Returns: `TRUE` if the job has succeeded; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_job_wait_finish (QmpJob        *self,
                     GAsyncResult  *result,
                     GError       **error)
{
  return wait_finish (self, result, qmp_job_wait_async, error);
}

/**
 * qmp_job_wait:
 * @self: a job
 * @timeout: how long to wait, in milliseconds, or [const@TIMEOUT_NONE]
 * @cancellable: (nullable): to cancel the waiting, and not the job
 * @error: return location for an error
 *
 * Blocks until the job has ended.
 *
 * The blocking form of [method@Job.wait_async], with the errors of [method@Job.wait_finish]. When the link ends, nobody can open another
 * one meanwhile: that is `QMP_MACHINE_ERROR_LOST`, though the job may be found again later.
 *
 * Returns: `TRUE` if the job has succeeded; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_job_wait (QmpJob        *self,
              int            timeout,
              GCancellable  *cancellable,
              GError       **error)
{
  g_return_val_if_fail (QMP_IS_JOB (self), FALSE);
  g_return_val_if_fail (timeout >= QMP_TIMEOUT_NONE, FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  if (qmp_job_is_foreign (self, error))
    return FALSE;

  return block (self, FALSE, timeout, cancellable, error);
}
