/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "qmp-client-private.h"

#include <glib/gi18n-lib.h>

#include "qmp-message-private.h"

/* A command together with the event that it brings. QEMU sends the event before the reply as often as behind it,
 * so the event is looked for from the moment when the first byte of the command goes out, and everything that
 * had come by then is read before (QmpPacket.read_first). */

static void
event_wait_clear (QmpEventWait *wait)
{
  qmp_clear_source (&wait->deadline);
  qmp_clear_source (&wait->cancellation);
  g_clear_object (&wait->listener);
  g_clear_object (&wait->event);
  g_clear_object (&wait->task);
  g_clear_error (&wait->error);
  g_free (wait->command);
}

void
qmp_event_wait_unref (QmpEventWait *wait)
{
  g_rc_box_release_full (wait, (GDestroyNotify) event_wait_clear);
}

/* Out of the client, whose reference goes. */
static void
complete (QmpEventWait *wait,
          GError       *error)
{
  wait->done = TRUE;
  if (wait->error == NULL)
    wait->error = error;
  else
    g_clear_error (&error);
  qmp_clear_source (&wait->deadline);
  qmp_clear_source (&wait->cancellation);
  g_queue_remove (&wait->client->waits, wait);
  qmp_event_wait_unref (wait);
}

/* A blocking caller sees for itself what has become of it. */
static void
post_place (QmpEventWait *wait)
{
  if (wait->task != NULL)
    qmp_client_post_wait (wait->client, g_rc_box_acquire (wait));
}

static void
fail (QmpEventWait *wait,
      GError       *error)
{
  wait->n_places = 1;
  post_place (wait);
  complete (wait, error);
}

static GError *
make_failure (QmpEventWait *wait)
{
  JsonNode *data = qmp_event_get_data (wait->event);
  g_autofree char *text = data != NULL ? json_to_string (data, FALSE) : g_strdup ("");

  return g_error_new (QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_FAILURE_EVENT, "%s: %s %s",
                      wait->command, qmp_event_get_name (wait->event), text);
}

gboolean
qmp_event_wait_offer (QmpEventWait *wait,
                      QmpEvent     *event)
{
  if (wait->done || wait->event != NULL || !qmp_event_listener_accepts (wait->listener, event))
    return FALSE;
  /* The filter may have done anything. */
  if (wait->done)
    return FALSE;

  wait->event = g_object_ref (event);
  if (qmp_event_listener_is_failure (wait->listener, event))
    wait->error = make_failure (wait);
  if (wait->call == NULL)
    complete (wait, NULL);
  return TRUE;
}

void
qmp_client_wait_replied (QmpClient    *self,
                         QmpEventWait *wait,
                         QmpCall      *call)
{
  GError *error = g_steal_pointer (&call->error);

  wait->call = NULL;
  qmp_call_free (call);
  if (error != NULL)
    {
      fail (wait, error);
      return;
    }
  post_place (wait);
  if (wait->event != NULL)
    complete (wait, NULL);
}

GSList *
qmp_client_get_armed_waits (QmpClient *self)
{
  GSList *armed = NULL;

  for (GList *l = self->waits.tail; l != NULL; l = l->prev)
    {
      QmpEventWait *wait = l->data;

      if (!wait->link_over && (wait->call == NULL || wait->call->packet->begun))
        armed = g_slist_prepend (armed, g_rc_box_acquire (wait));
    }
  return armed;
}

void
qmp_event_wait_return (QmpEventWait *wait)
{
  g_autoptr(GTask) task = NULL;

  if (wait->n_places > 0 && --wait->n_places == 0)
    task = g_steal_pointer (&wait->task);
  if (task != NULL && wait->error != NULL)
    g_task_return_error (task, g_steal_pointer (&wait->error));
  else if (task != NULL)
    g_task_return_pointer (task, g_steal_pointer (&wait->event), g_object_unref);
  qmp_event_wait_unref (wait);
}

void
qmp_client_end_waits (QmpClient *self)
{
  for (GList *l = self->waits.head; l != NULL; l = l->next)
    ((QmpEventWait *) l->data)->link_over = TRUE;
}

static GError *
interrupted (QmpEventWait *wait,
             const char   *cause)
{
  return g_error_new (QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED,
                      _("“%s” was executed, but the connection ended before its event came: %s"),
                      wait->command, cause);
}

static QmpEventWait *
find_ended_wait (QmpClient *self)
{
  for (GList *l = self->waits.head; l != NULL; l = l->next)
    if (((QmpEventWait *) l->data)->link_over)
      return l->data;
  return NULL;
}

void
qmp_client_fail_waits (QmpClient  *self,
                       const char *cause)
{
  QmpEventWait *wait;

  while ((wait = find_ended_wait (self)) != NULL)
    {
      wait->n_places = 1;
      g_rc_box_acquire (wait);
      complete (wait, interrupted (wait, cause));
      qmp_event_wait_return (wait);
    }
}

/* --- giving up --- */

static void
give_up (QmpEventWait *wait,
         GError       *error)
{
  QmpCall *call = g_steal_pointer (&wait->call);

  if (call != NULL)
    {
      call->wait = NULL;
      qmp_calls_abandon (wait->client->calls, call, g_error_copy (error));
      qmp_call_free (call);
    }
  fail (wait, error);
}

static GError *
timed_out (gpointer data)
{
  QmpEventWait *wait = data;

  return g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                      wait->call != NULL ? _("The server did not answer “%s” in time")
                                         : _("“%s” was executed, but no event of those waited for came in time"),
                      wait->command);
}

static gboolean
deadline_cb (gpointer user_data)
{
  give_up (user_data, timed_out (user_data));
  return G_SOURCE_REMOVE;
}

static gboolean
cancelled_cb (GCancellable *cancellable,
              gpointer      user_data)
{
  GError *error = NULL;

  g_cancellable_set_error_if_cancelled (cancellable, &error);
  give_up (user_data, error);
  return G_SOURCE_REMOVE;
}

/* --- beginning --- */

/* Takes task (nullable). NULL with error if the command cannot be sent. */
static QmpEventWait *
begin (QmpClient         *self,
       QmpMessage        *command,
       QmpEventListener  *listener,
       GTask             *task,
       guint             *timeout,
       GError           **error)
{
  /* Whoever checks commands may drop the caller's references. */
  g_autoptr(QmpMessage) own_command = g_object_ref (command);
  g_autoptr(QmpEventListener) own_listener = g_object_ref (listener);
  QmpCall *call = qmp_client_issue_message (self, command, QMP_CALL_VALUE, "execute and wait", timeout, error);
  QmpEventWait *wait;

  if (call == NULL)
    return NULL;

  wait = g_rc_box_new0 (QmpEventWait);
  wait->client = self;
  wait->listener = g_steal_pointer (&own_listener);
  wait->command = qmp_message_dup_command (command);
  wait->call = call;
  wait->task = task;
  wait->n_places = 2;
  call->wait = wait;
  call->packet->read_first = TRUE;
  g_queue_push_tail (&self->waits, wait);
  return wait;
}

/**
 * qmp_client_execute_and_wait_async:
 * @self: a client
 * @command: a command
 * @listener: says which events to wait for; it need not, and better does not, be added to a client
 * @cancellable: (nullable): cancels both
 * @callback: (scope async) (closure user_data): called when the event has come, or cannot come any more
 * @user_data: data for @callback
 *
 * Executes a command and waits for the event that it brings.
 *
 * Whether the server sends the event before its reply or behind it does not matter, and an event that had come
 * before the command was sent is never taken for it. Of @listener only its names, matches, failures and filter
 * are used. A timeout, @command's or the client's, is for both together.
 *
 * ```c
 * const char *names[] = { "DEVICE_DELETED", NULL };
 * g_autoptr(QmpEventListener) deleted = qmp_event_listener_new (names);
 * g_autoptr(QmpMessage) command = qmp_message_new_parsed (&error, "device_del", "{'id': %s}", "net0");
 *
 * qmp_event_listener_add_match (deleted, "DEVICE_DELETED", "device", "net0");
 * qmp_event_listener_add_failure (deleted, "DEVICE_UNPLUG_GUEST_ERROR");
 * qmp_client_execute_and_wait_async (vm, command, deleted, NULL, on_deleted, NULL);
 * ```
 *
 * Since: 1.0
 */
void
qmp_client_execute_and_wait_async (QmpClient           *self,
                                   QmpMessage          *command,
                                   QmpEventListener    *listener,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;
  QmpEventWait *wait;
  GError *error = NULL;
  gint64 created;
  guint timeout;

  g_return_if_fail (QMP_IS_CLIENT (self) && qmp_client_is_at_home (self));
  g_return_if_fail (QMP_IS_MESSAGE (command));
  g_return_if_fail (QMP_IS_EVENT_LISTENER (listener));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = qmp_client_new_task (self, self, callback, user_data,
                              qmp_client_execute_and_wait_async, &created);
  if (qmp_client_return_if_cancelled (task, cancellable))
    return;
  wait = begin (self, command, listener, g_object_ref (task), &timeout, &error);
  if (wait == NULL)
    {
      g_object_unref (task);
      g_task_return_error (task, error);
      return;
    }

  wait->created = created;
  if (timeout > 0)
    wait->deadline = qmp_client_add_home_timer (self, timeout, deadline_cb, wait);
  if (cancellable != NULL)
    wait->cancellation = qmp_client_add_home_cancellation (self, cancellable, G_SOURCE_FUNC (cancelled_cb), wait);
}

/**
 * qmp_client_execute_and_wait_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Ends [method@Client.execute_and_wait_async].
 *
 * Errors are those of [method@Client.execute_message_finish], of which `QMP_CLIENT_ERROR_INTERRUPTED` and
 * `G_IO_ERROR_TIMED_OUT` may also mean that the command was executed and only its event is missing (the text tells),
 * and `QMP_CLIENT_ERROR_FAILURE_EVENT`: an event came that [method@EventListener.add_failure] names; it is in the
 * text.
 *
 * Returns: (transfer full) (not nullable): the event
 *
 * Since: 1.0
 */
QmpEvent *
qmp_client_execute_and_wait_finish (QmpClient     *self,
                                    GAsyncResult  *result,
                                    GError       **error)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_client_execute_and_wait_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
block (QmpClient    *self,
       QmpEventWait *wait,
       guint         timeout,
       GCancellable *cancellable)
{
  QmpBlockingWait blocking;

  qmp_client_wait_begin (self, &blocking, timeout > 0 ? (int) MIN (timeout, G_MAXINT) : -1, cancellable);
  while (!wait->done)
    {
      GError *error = NULL;

      if (qmp_client_wait_iterate (self, &blocking, timed_out, wait, &error) && wait->link_over)
        error = interrupted (wait, self->last_cause);
      if (error != NULL && !wait->done)
        give_up (wait, g_steal_pointer (&error));
      g_clear_error (&error);
    }
  qmp_client_wait_end (self, &blocking);
}

/**
 * qmp_client_execute_and_wait:
 * @self: a client
 * @command: a command
 * @listener: says which events to wait for
 * @cancellable: (nullable): cancels both
 * @error: where to store an error
 *
 * Executes a command and waits for the event that it brings; blocks until both are there.
 *
 * The blocking form of [method@Client.execute_and_wait_async], with the errors of
 * [method@Client.execute_and_wait_finish].
 *
 * Returns: (transfer full) (not nullable): the event
 *
 * Since: 1.0
 */
QmpEvent *
qmp_client_execute_and_wait (QmpClient         *self,
                             QmpMessage        *command,
                             QmpEventListener  *listener,
                             GCancellable      *cancellable,
                             GError           **error)
{
  g_autoptr(QmpClient) keep = NULL;
  QmpEventWait *wait;
  QmpEvent *event = NULL;
  guint timeout;

  g_return_val_if_fail (QMP_IS_CLIENT (self) && qmp_client_is_at_home (self), NULL);
  g_return_val_if_fail (QMP_IS_MESSAGE (command), NULL);
  g_return_val_if_fail (QMP_IS_EVENT_LISTENER (listener), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);

  keep = g_object_ref (self);
  if (!qmp_client_may_block (self, "execute and wait", error) ||
      g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  wait = begin (self, command, listener, NULL, &timeout, error);
  if (wait == NULL)
    return NULL;

  g_rc_box_acquire (wait);
  block (self, wait, timeout, cancellable);
  if (wait->error != NULL)
    g_propagate_error (error, g_steal_pointer (&wait->error));
  else
    event = g_steal_pointer (&wait->event);
  qmp_event_wait_unref (wait);
  return event;
}
