/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "qmp-event-listener-private.h"

#include <glib/gi18n-lib.h>

#include "qmp-client-private.h"
#include "qmp-message-private.h"

/* Whatever max-length says: the texts in the queue are no more than this, since a server chooses how large
 * its events are. */
#define MAX_BYTES (64 * 1024 * 1024)

/* --- the queue --- */

static void
count_dropped (QmpEventListener *self)
{
  self->n_dropped++;
}

static QmpEvent *
pop (QmpEventListener *self)
{
  QmpEvent *event = g_queue_pop_head (&self->queue);

  if (event != NULL)
    self->n_bytes -= qmp_event_get_size (event);
  return event;
}

void
qmp_event_listener_shorten (QmpEventListener *self)
{
  while (self->max_length > 0 && self->queue.length > self->max_length)
    {
      g_object_unref (pop (self));
      count_dropped (self);
    }
}

static gboolean
is_full (QmpEventListener *self,
         gsize             more)
{
  return self->queue.head != NULL &&
         ((self->max_length > 0 && self->queue.length >= self->max_length) ||
          self->n_bytes + more > MAX_BYTES);
}

static gboolean
make_room (QmpEventListener *self,
           gsize             more)
{
  while (is_full (self, more))
    {
      count_dropped (self);
      if (self->overflow == QMP_OVERFLOW_DROP_NEWEST)
        return FALSE;
      g_object_unref (pop (self));
    }
  return TRUE;
}

static void
push (QmpEventListener *self,
      QmpEvent         *event)
{
  gsize size = qmp_event_get_size (event);

  if (!make_room (self, size))
    return;
  g_queue_push_tail (&self->queue, g_object_ref (event));
  self->n_bytes += size;
}

gboolean
qmp_event_listener_offer (QmpEventListener  *self,
                          QmpEvent          *event,
                          QmpWaiter        **waiter)
{
  *waiter = NULL;
  if (!qmp_event_listener_accepts (self, event))
    return FALSE;

  *waiter = qmp_event_listener_steal_waiter (self);
  if (*waiter == NULL)
    push (self, event);
  return TRUE;
}

void
qmp_event_listener_set_client (QmpEventListener *self,
                               QmpClient        *client)
{
  self->client = client;
}

QmpClient *
qmp_event_listener_get_client (QmpEventListener *self)
{
  return self->client;
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

  return pop (self);
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

  return self->queue.head == NULL;
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

  return self->queue.length;
}

/**
 * qmp_event_listener_clear:
 * @self: a listener
 *
 * Takes all events out of the queue.
 *
 * Returns: (transfer full) (element-type QmpEvent): what was in it, oldest first
 *
 * Since: 1.0
 */
GList *
qmp_event_listener_clear (QmpEventListener *self)
{
  GList *events;

  g_return_val_if_fail (QMP_IS_EVENT_LISTENER (self), NULL);

  events = self->queue.head;
  g_queue_init (&self->queue);
  self->n_bytes = 0;
  return events;
}

/* --- waiting --- */

static void
waiter_free (QmpWaiter *waiter)
{
  qmp_clear_source (&waiter->deadline);
  qmp_clear_source (&waiter->cancellation);
  g_object_unref (waiter->task);
  g_free (waiter);
}

void
qmp_waiter_return (QmpWaiter *waiter,
                   QmpEvent  *event,
                   GError    *error)
{
  g_autoptr(GTask) task = g_object_ref (waiter->task);
  g_autoptr(QmpEvent) own = g_steal_pointer (&waiter->event);

  waiter_free (waiter);
  if (event == NULL)
    event = own;
  if (event != NULL)
    g_task_return_pointer (task, g_object_ref (event), g_object_unref);
  else
    g_task_return_error (task, error);
}

QmpWaiter *
qmp_event_listener_steal_waiter (QmpEventListener *self)
{
  QmpWaiter *waiter = g_queue_pop_head (&self->waiters);

  if (waiter == NULL)
    return NULL;
  qmp_clear_source (&waiter->deadline);
  qmp_clear_source (&waiter->cancellation);
  return waiter;
}

/* From a dispatch of the home context. */
static void
fail_waiter (QmpWaiter *waiter,
             GError    *error)
{
  g_queue_remove (&waiter->listener->waiters, waiter);
  qmp_waiter_return (waiter, NULL, error);
}

static GError *
timed_out (gpointer data)
{
  return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("No such event came in time"));
}

static gboolean
waiter_deadline_cb (gpointer user_data)
{
  fail_waiter (user_data, timed_out (NULL));
  return G_SOURCE_REMOVE;
}

static gboolean
waiter_cancelled_cb (GCancellable *cancellable,
                     gpointer      user_data)
{
  GError *error = NULL;

  g_cancellable_set_error_if_cancelled (cancellable, &error);
  fail_waiter (user_data, error);
  return G_SOURCE_REMOVE;
}

static gboolean
check_client (QmpEventListener  *self,
              GError           **error)
{
  if (self->client != NULL)
    return qmp_client_check_events (self->client, error);

  g_set_error_literal (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE,
                       _("Cannot wait for an event: the listener is with no client"));
  return FALSE;
}

/* Outside of RUNNING the end of the waiting may lie with sources that only the home context runs. */
static gboolean
may_block (QmpEventListener  *self,
           GError           **error)
{
  return check_client (self, error) &&
         qmp_client_may_block (self->client, "wait for an event", error) &&
         qmp_client_require (self->client, QMP_RUNSTATE_RUNNING, "wait for an event", error);
}

static void
wait_for_event (QmpEventListener *self,
                GTask            *task,
                gint64            created,
                int               timeout,
                GCancellable     *cancellable)
{
  QmpWaiter *waiter = g_new0 (QmpWaiter, 1);

  waiter->listener = self;
  waiter->task = g_object_ref (task);
  waiter->created = created;
  if (timeout >= 0)
    waiter->deadline = qmp_client_add_home_timer (self->client, timeout, waiter_deadline_cb, waiter);
  if (cancellable != NULL)
    waiter->cancellation = qmp_client_add_home_cancellation (self->client, cancellable,
                                                             G_SOURCE_FUNC (waiter_cancelled_cb), waiter);
  g_queue_push_tail (&self->waiters, waiter);
}

/* By way of the inbox, so that who asks next, and gets what comes next, is served behind. */
static void
give_queued (QmpEventListener *self,
             GTask            *task,
             gint64            created)
{
  QmpWaiter *waiter = g_new0 (QmpWaiter, 1);

  waiter->listener = self;
  waiter->task = g_object_ref (task);
  waiter->created = created;
  waiter->event = pop (self);
  qmp_client_post_waiter (self->client, waiter, NULL);
}

/**
 * qmp_event_listener_next_async:
 * @self: a listener that was added to a client
 * @timeout: how long to wait, in milliseconds; -1 for as long as it takes, 0 for not at all
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
  g_return_if_fail (self->client == NULL || qmp_client_is_at_home (self->client));

  task = qmp_client_new_task (self->client, self, callback, user_data,
                              qmp_event_listener_next_async, &created);
  if (qmp_client_return_if_cancelled (task, cancellable))
    return;
  if (self->queue.head != NULL && self->client != NULL)
    give_queued (self, task, created);
  else if (self->queue.head != NULL)
    g_task_return_pointer (task, pop (self), g_object_unref);
  else if (check_client (self, &error))
    wait_for_event (self, task, created, timeout, cancellable);
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
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_event_listener_next_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Waits until there is an event in the queue, or error is set. */
static void
block (QmpEventListener  *self,
       int                timeout,
       GCancellable      *cancellable,
       GError           **error)
{
  g_autoptr(QmpClient) client = g_object_ref (self->client);
  QmpBlockingWait wait;

  qmp_client_wait_begin (client, &wait, timeout, cancellable);
  /* Something may have been read on the way. */
  qmp_client_offer_events (client);
  while (self->queue.head == NULL)
    {
      if (!qmp_client_wait_iterate (client, &wait, timed_out, NULL, error) || !check_client (self, error))
        break;
    }
  qmp_client_wait_end (client, &wait);
  /* What came with the end of the link comes before the end. */
  if (self->queue.head != NULL)
    g_clear_error (error);
}

/**
 * qmp_event_listener_next:
 * @self: a listener that was added to a client
 * @timeout: how long to wait, in milliseconds; -1 for as long as it takes, 0 for not at all
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
  g_return_val_if_fail (self->client == NULL || qmp_client_is_at_home (self->client), NULL);

  keep = g_object_ref (self);
  if (!g_cancellable_set_error_if_cancelled (cancellable, &local_error) && self->queue.head == NULL &&
      may_block (self, &local_error))
    block (self, timeout, cancellable, &local_error);
  if (local_error == NULL)
    return pop (self);

  g_propagate_error (error, local_error);
  return NULL;
}
