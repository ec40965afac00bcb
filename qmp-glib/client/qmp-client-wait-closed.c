/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "client/qmp-client-private.h"

#include "core/qmp-cancellation-private.h"
#include "core/qmp-task-private.h"

/* Waiting for the end of a link. */

typedef struct {
  gulong   handler;
  GSource *cancellation;  /* nullable; the task's */
} Wait;

static void
wait_free (Wait *wait)
{
  g_clear_pointer (&wait->cancellation, g_source_unref);
  g_free (wait);
}

/* Takes task, and error. */
static void
complete (GTask  *task,
          GError *error)
{
  Wait *wait = g_task_get_task_data (task);

  g_signal_handler_disconnect (g_task_get_source_object (task), wait->handler);
  if (wait->cancellation != NULL)
    g_source_destroy (wait->cancellation);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static void
closed_cb (QmpClient *self,
           GError    *error,
           gpointer   task)
{
  complete (task, error != NULL ? g_error_copy (error) : NULL);
}

static gboolean
cancelled_cb (GCancellable *cancellable,
              gpointer      task)
{
  complete (task, qmp_cancellation_make_error (cancellable));
  return G_SOURCE_REMOVE;
}

static gboolean
has_link (QmpClient *self)
{
  QmpRunstate runstate = qmp_client_get_runstate (self);

  return runstate == QMP_RUNSTATE_RUNNING || runstate == QMP_RUNSTATE_DISCONNECTING;
}

/**
 * qmp_client_wait_closed_async:
 * @self: a client
 * @cancellable: (nullable): to cancel it
 * @callback: (scope async) (closure user_data): called when the link has ended
 * @user_data: data for @callback
 *
 * Waits for the end of the link, whoever ends it.
 *
 * It is over with [signal@Client::closed], and at once if the client has no link. As every call that is under way it keeps
 * the client alive, and so the link.
 *
 * Since: 1.0
 */
void
qmp_client_wait_closed_async (QmpClient           *self,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  GTask *task;
  Wait *wait;

  g_return_if_fail (QMP_IS_CLIENT (self));
  qmp_client_return_if_foreign (self);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, qmp_client_wait_closed_async);
  if (!has_link (self))
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }

  wait = g_new0 (Wait, 1);
  g_task_set_task_data (task, wait, (GDestroyNotify) wait_free);
  wait->handler = g_signal_connect (self, "closed", G_CALLBACK (closed_cb), task);
  if (cancellable != NULL)
    {
      wait->cancellation = g_cancellable_source_new (cancellable);
      g_task_attach_source (task, wait->cancellation, G_SOURCE_FUNC (cancelled_cb));
    }
}

/**
 * qmp_client_wait_closed_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Client.wait_closed_async].
 *
 * The error is the one that [signal@Client::closed] has: why the link ended, if it was not closed by the client itself. Or it is
 * `G_IO_ERROR_CANCELLED`, and the link goes on.
 *
 * Returns: `TRUE` if the client was closed, or had no link; `FALSE` with @error set if the link ended otherwise
 *
 * Since: 1.0
 */
gboolean
qmp_client_wait_closed_finish (QmpClient     *self,
                               GAsyncResult  *result,
                               GError       **error)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), FALSE);
  g_return_val_if_fail (qmp_task_is_valid (result, self, qmp_client_wait_closed_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

typedef struct {
  QmpClient *client;
  GError    *error;     /* nullable */
  gboolean   given_up;
} BlockingWait;

static gboolean
is_done (gpointer data)
{
  BlockingWait *wait = data;
  QmpEnding *ending = wait->client->ends.now;

  if (ending != NULL && wait->error == NULL && qmp_ending_get_cause (ending) != NULL)
    wait->error = g_error_copy (qmp_ending_get_cause (ending));
  return wait->given_up || ending != NULL || wait->client->link == NULL;
}

static void
give_up (gpointer  data,
         GError   *error)
{
  BlockingWait *wait = data;

  wait->error = error;
  wait->given_up = TRUE;
}

static const QmpBlockingFuncs blocking_funcs = { is_done, NULL, NULL, give_up };

/**
 * qmp_client_wait_closed:
 * @self: a client
 * @cancellable: (nullable): to cancel it
 * @error: return location for an error
 *
 * Blocks until the link has ended, at once if the client has none.
 *
 * The blocking form of [method@Client.wait_closed_async], with the errors of [method@Client.wait_closed_finish].
 * [property@Client:runstate] is `IDLE` then; [signal@Client::closed] is emitted from the main context. Not within a filter
 * of a listener: that is `QMP_CLIENT_ERROR_STATE`.
 *
 * Returns: `TRUE` if the client had no link; `FALSE` with @error set, which says why the link ended
 *
 * Since: 1.0
 */
gboolean
qmp_client_wait_closed (QmpClient     *self,
                        GCancellable  *cancellable,
                        GError       **error)
{
  BlockingWait wait = { .client = self };

  g_return_val_if_fail (QMP_IS_CLIENT (self), FALSE);
  qmp_client_return_val_if_foreign (self, FALSE, error);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);

  if (!qmp_client_may_block (self, "wait for the end", error))
    return FALSE;
  if (self->link == NULL)
    return TRUE;

  qmp_io_context_hold (self->io);
  qmp_client_block (self, &blocking_funcs, &wait, QMP_TIMEOUT_NONE, cancellable);

  if (wait.error == NULL)
    return TRUE;
  g_propagate_error (error, wait.error);
  return FALSE;
}
