/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "event/qmp-event-listener-private.h"

#include <glib/gi18n-lib.h>

#include "core/qmp-task-private.h"

/* --- the queue --- */

gboolean
qmp_event_listener_match (QmpEventListener  *self,
                          QmpEvent          *event,
                          QmpPendingNext   **next)
{
  *next = NULL;
  if (!qmp_event_match_accepts (self->match, event))
    return FALSE;

  *next = qmp_event_listener_steal_next (self);
  if (*next == NULL)
    qmp_event_queue_push (&self->queue, event);
  return TRUE;
}

/**
 * qmp_event_listener_try_next:
 * @self: a listener
 *
 * Takes the oldest event out of the queue, if there is one. Does not wait.
 *
 * Returns: (transfer full) (nullable): the event, or `NULL` if the queue is empty
 *
 * Since: 1.0
 */
QmpEvent *
qmp_event_listener_try_next (QmpEventListener *self)
{
  g_return_val_if_fail (QMP_IS_EVENT_LISTENER (self), NULL);
  qmp_event_listener_return_val_if_foreign (self, NULL, NULL);

  return qmp_event_queue_pop (&self->queue);
}

/**
 * qmp_event_listener_is_empty:
 * @self: a listener
 *
 * Tells whether no event is waiting in the queue.
 *
 * Returns: `TRUE` if the queue is empty
 *
 * Since: 1.0
 */
gboolean
qmp_event_listener_is_empty (QmpEventListener *self)
{
  g_return_val_if_fail (QMP_IS_EVENT_LISTENER (self), TRUE);

  return self->queue.events.head == NULL;
}

/**
 * qmp_event_listener_get_n_events:
 * @self: a listener
 *
 * Counts the events that are waiting in the queue.
 *
 * Returns: how many there are
 *
 * Since: 1.0
 */
guint
qmp_event_listener_get_n_events (QmpEventListener *self)
{
  g_return_val_if_fail (QMP_IS_EVENT_LISTENER (self), 0);

  return self->queue.events.length;
}

/**
 * qmp_event_listener_steal_events:
 * @self: a listener
 *
 * Takes all events out of the queue.
 *
 * Returns: (transfer full) (element-type QmpEvent): what was in it, oldest first
 *
 * Since: 1.0
 */
GList *
qmp_event_listener_steal_events (QmpEventListener *self)
{
  g_return_val_if_fail (QMP_IS_EVENT_LISTENER (self), NULL);
  qmp_event_listener_return_val_if_foreign (self, NULL, NULL);

  return qmp_event_queue_steal (&self->queue);
}

/* --- waiting --- */

QmpPendingNext *
qmp_event_listener_steal_next (QmpEventListener *self)
{
  GList *link = g_queue_pop_head_link (&self->pending);
  QmpPendingNext *next;

  if (link == NULL)
    return NULL;
  next = link->data;
  g_clear_pointer (&next->patience, qmp_patience_free);
  return next;
}

/* From a dispatch of the hub's context. */
static void
give_up (gpointer  operation,
         GError   *error)
{
  QmpPendingNext *next = operation;

  g_queue_unlink (&next->listener->pending, &next->link);
  qmp_pending_next_return (next, NULL, error);
}

static GError *
timed_out (gpointer data)
{
  return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("No such event came in time"));
}

/* It may have had its event. */
static void
catch_up (gpointer operation)
{
  QmpEventHub *hub = ((QmpPendingNext *) operation)->listener->hub;

  hub->funcs->catch_up (hub->owner);
}

static const QmpPatienceFuncs patience_funcs = { catch_up, timed_out, give_up };

static gboolean
check_hub (QmpEventListener  *self,
           GError           **error)
{
  if (self->hub != NULL)
    return TRUE;

  g_set_error_literal (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE,
                       _("Cannot wait for an event: the listener is not attached to a client"));
  return FALSE;
}

static void
wait_for_event (QmpEventListener *self,
                QmpPendingNext   *next,
                int               timeout,
                GCancellable     *cancellable)
{
  if (timeout >= 0 || cancellable != NULL)
    next->patience = qmp_patience_new (&patience_funcs, next, self->hub->io, timeout, cancellable);
  g_queue_push_tail_link (&self->pending, &next->link);
}

/* By way of the inbox, so that who asks next, and gets what comes next, is served behind. */
static void
give_queued (QmpEventListener *self,
             QmpPendingNext   *next)
{
  g_autoptr(QmpEvent) event = qmp_event_queue_pop (&self->queue);

  qmp_pending_next_post (next, self->hub->inbox, event, NULL);
}

/**
 * qmp_event_listener_next_async:
 * @self: a listener that was added to a client
 * @timeout: how long to wait, in milliseconds; 0 for not at all, or [const@TIMEOUT_NONE]
 * @cancellable: (nullable): cancels the waiting
 * @callback: (scope async) (closure user_data): called when there is an event, or cannot be one any more
 * @user_data: data for @callback
 *
 * Takes the oldest event out of the queue; waits for one if it is empty.
 *
 * Several may wait at once; they are served in the order in which they came.
 *
 * Since: 1.0
 */
void
qmp_event_listener_next_async (QmpEventListener    *self,
                               int                  timeout,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;
  GError *error = NULL;
  gint64 created = 0;

  g_return_if_fail (QMP_IS_EVENT_LISTENER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  qmp_event_listener_return_if_foreign (self);

  task = qmp_task_new (self->hub != NULL ? qmp_io_context_get_main_context (self->hub->io) : NULL, self, callback, user_data,
                       qmp_event_listener_next_async, &created);
  if (qmp_task_return_if_cancelled (task, cancellable))
    return;
  if (self->queue.events.head != NULL && self->hub == NULL)
    g_task_return_pointer (task, qmp_event_queue_pop (&self->queue), g_object_unref);
  else if (self->queue.events.head != NULL)
    give_queued (self, qmp_pending_next_new (self, task, created));
  else if (check_hub (self, &error) && self->hub->funcs->expects (self->hub->owner, &error))
    wait_for_event (self, qmp_pending_next_new (self, task, created), timeout, cancellable);
  else
    g_task_return_error (task, error);
}

/**
 * qmp_event_listener_next_finish:
 * @self: a listener
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Ends [method@EventListener.next_async].
 *
 * Errors are:
 *
 * - `QMP_CLIENT_ERROR_INTERRUPTED`: the queue is empty and the link has ended; the text has the cause;
 * - `QMP_CLIENT_ERROR_STATE`: the queue is empty and the listener is with no client, or was removed from it, or
 *   the client is `IDLE`;
 * - `G_IO_ERROR_TIMED_OUT`: no event came in time; `G_IO_ERROR_CANCELLED`.
 *
 * Returns: (transfer full) (not nullable): the event
 *
 * Since: 1.0
 */
QmpEvent *
qmp_event_listener_next_finish (QmpEventListener  *self,
                                GAsyncResult      *result,
                                GError           **error)
{
  g_return_val_if_fail (QMP_IS_EVENT_LISTENER (self), NULL);
  g_return_val_if_fail (qmp_task_is_valid (result, self, qmp_event_listener_next_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* A filter may have removed the listener. */
static gboolean
is_done (gpointer data)
{
  QmpEventListener *self = data;

  return self->queue.events.head != NULL || self->hub == NULL;
}

/* Waits until there is an event in the queue, or error is set. */
static void
block (QmpEventListener  *self,
       int                timeout,
       GCancellable      *cancellable,
       GError           **error)
{
  QmpEventHub *hub = self->hub;
  gboolean done = hub->funcs->block (hub->owner, is_done, timed_out, self, timeout, cancellable, error);

  /* What came with the end of the link comes before the end. */
  if (self->queue.events.head != NULL)
    g_clear_error (error);
  else if (done)
    check_hub (self, error);
}

/**
 * qmp_event_listener_next:
 * @self: a listener that was added to a client
 * @timeout: how long to wait, in milliseconds; 0 for not at all, or [const@TIMEOUT_NONE]
 * @cancellable: (nullable): cancels the waiting
 * @error: where to store an error
 *
 * Takes the oldest event out of the queue; blocks until there is one if it is empty.
 *
 * The blocking form of [method@EventListener.next_async], with the errors of
 * [method@EventListener.next_finish]. No main loop is needed, and none is run. Reads what the server has sent even
 * when @timeout is 0. Blocks only while the client is `RUNNING`, and not inside of a filter: else this is
 * `QMP_CLIENT_ERROR_STATE`.
 *
 * Returns: (transfer full) (not nullable): the event
 *
 * Since: 1.0
 */
QmpEvent *
qmp_event_listener_next (QmpEventListener  *self,
                         int                timeout,
                         GCancellable      *cancellable,
                         GError           **error)
{
  g_autoptr(QmpEventListener) keep = NULL;
  GError *local_error = NULL;

  g_return_val_if_fail (QMP_IS_EVENT_LISTENER (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  qmp_event_listener_return_val_if_foreign (self, NULL, error);

  keep = g_object_ref (self);
  if (!g_cancellable_set_error_if_cancelled (cancellable, &local_error) && self->queue.events.head == NULL &&
      check_hub (self, &local_error))
    block (self, timeout, cancellable, &local_error);
  if (local_error == NULL)
    return qmp_event_queue_pop (&self->queue);

  g_propagate_error (error, local_error);
  return NULL;
}
