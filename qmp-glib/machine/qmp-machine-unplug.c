/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-machine-private.h"

#include <glib/gi18n-lib.h>

#include "machine/qmp-unplug-private.h"

/* Taking a device out: the guest is asked, and has to let go of it, which an event tells. */

static gboolean
says_something (QmpEvent *event,
                gpointer  device)
{
  return qmp_unplug_read (device, event) != QMP_UNPLUG_NOTHING;
}

/* Of what is heard about the device from now on. */
static QmpEventListener *
listen (QmpMachine *self,
        const char *device)
{
  g_autoptr(QmpEventMatch) match = qmp_event_match_new (qmp_unplug_events);
  QmpEventListener *listener;

  qmp_event_match_set_filter (match, says_something, g_strdup (device), g_free);
  listener = qmp_event_listener_new_for_match (match);
  qmp_client_add_listener (self->client, listener);
  return listener;
}

static QmpMessage *
new_command (const char *device)
{
  return qmp_message_new_parsed ("device_del", NULL, "{'id': %s}", device);
}

/* It may be gone whatever became of the command; or else it was asked before, and waits for the guest. */
static gboolean
is_to_be_awaited (QmpEventListener *listener,
                  const GError     *error)
{
  return error == NULL || !qmp_event_listener_is_empty (listener) || qmp_unplug_is_under_way (error);
}

/* Why nothing is heard any more. Takes failure. */
static GError *
explain (const char *device,
         GError     *failure)
{
  GError *error;

  if (g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return failure;
  if (g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    error = g_error_new (QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_NO_ANSWER,
                         _("The guest has not let go of the device “%s” in time. It may do so later: when it is reset, "
                           "or resumed"), device);
  else
    error = g_error_new (QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_LOST,
                         _("It is not known whether the guest lets go of the device “%s”: %s"), device, failure->message);
  g_error_free (failure);
  return error;
}

/* Why there is no reply. Takes failure. */
static GError *
explain_reply (const char *device,
               GError     *failure)
{
  if (g_error_matches (failure, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED))
    return explain (device, failure);
  return failure;
}

/* --- in the background --- */

typedef struct {
  GTask            *task;
  QmpClient        *client;
  QmpEventListener *listener;
  GCancellable     *cancellable;  /* nullable */
  char             *device;
  int               timeout;
} Unplug;

/* Takes unplug, and error, which is nullable. */
static void
end (Unplug *unplug,
     GError *error)
{
  g_autoptr(GTask) task = unplug->task;

  qmp_client_remove_listener (unplug->client, unplug->listener);
  g_object_unref (unplug->listener);
  g_object_unref (unplug->client);
  g_clear_object (&unplug->cancellable);
  g_free (unplug->device);
  g_free (unplug);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static void
heard_cb (GObject      *listener,
          GAsyncResult *result,
          gpointer      user_data)
{
  Unplug *unplug = user_data;
  GError *error = NULL;
  g_autoptr(QmpEvent) event = qmp_event_listener_next_finish (QMP_EVENT_LISTENER (listener), result, &error);

  if (event == NULL)
    error = explain (unplug->device, error);
  else
    qmp_unplug_judge (unplug->device, event, &error);
  end (unplug, error);
}

static void
asked_cb (GObject      *client,
          GAsyncResult *result,
          gpointer      user_data)
{
  Unplug *unplug = user_data;
  GError *error = NULL;
  g_autoptr(JsonNode) reply = qmp_client_execute_message_finish (QMP_CLIENT (client), result, &error);

  if (!is_to_be_awaited (unplug->listener, error))
    {
      end (unplug, explain_reply (unplug->device, error));
      return;
    }
  g_clear_error (&error);
  qmp_event_listener_next_async (unplug->listener, unplug->timeout, unplug->cancellable, heard_cb, unplug);
}

/**
 * qmp_machine_unplug_async:
 * @self: a machine
 * @device: the ID of the device; of one that has none, its path in QOM, `/machine/peripheral-anon/device[0]`
 * @timeout: how long the guest may take, in milliseconds; 0 does not wait for it; or [const@TIMEOUT_NONE]
 * @cancellable: (nullable): to cancel the waiting, and not what the guest was asked
 * @callback: (scope async) (closure user_data): called when the device is gone, or is not waited for any more
 * @user_data: data for @callback
 *
 * Takes a device out of the machine (`device_del`), and waits until it is gone.
 *
 * The guest has to let go of most devices, and may take its time, refuse, or never answer; those of USB and SCSI go without it. The
 * device is gone, and its ID is free again, when QEMU says `DEVICE_DELETED` of the device itself: `blockdev-del` and the like come
 * behind that, and are the program's.
 *
 * @timeout is counted from QEMU's reply, for which there is the client's. When it is over the guest has still been asked, and may let
 * go later; a reset makes it do so. Whoever calls again waits for the same, and QEMU asks the guest once more if it can.
 *
 * Since: 1.0
 */
void
qmp_machine_unplug_async (QmpMachine          *self,
                          const char          *device,
                          int                  timeout,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;
  g_autoptr(QmpMessage) command = NULL;
  GError *error = NULL;
  Unplug *unplug;

  g_return_if_fail (QMP_IS_MACHINE (self));
  g_return_if_fail (device != NULL);
  g_return_if_fail (timeout >= QMP_TIMEOUT_NONE);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  if (qmp_machine_is_foreign (self, NULL))
    return;

  task = qmp_machine_task_new (self, callback, user_data, qmp_machine_unplug_async);
  if (!qmp_machine_require_monitor (self, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  command = new_command (device);
  unplug = g_new0 (Unplug, 1);
  unplug->task = g_steal_pointer (&task);
  unplug->client = g_object_ref (self->client);
  unplug->listener = listen (self, device);
  g_set_object (&unplug->cancellable, cancellable);
  unplug->device = g_strdup (device);
  unplug->timeout = timeout;
  qmp_client_execute_message_async (unplug->client, command, cancellable, asked_cb, unplug);
}

/**
 * qmp_machine_unplug_finish:
 * @self: a machine
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Machine.unplug_async].
 *
 * Errors:
 *
 * - `QMP_MACHINE_ERROR_NO_ANSWER` if the guest has not let go of the device in time; it may do so later;
 * - `QMP_MACHINE_ERROR_FAILED` if the guest refuses;
 * - `QMP_MACHINE_ERROR_LOST` if the link ends before anything is heard;
 * - `G_IO_ERROR_CANCELLED`, with which the guest may have been asked;
 * - `QMP_MACHINE_ERROR_ENDED` if no machine runs here, and `QMP_CLIENT_ERROR_STATE` while it is not connected;
 * - those of [method@Client.execute]: of the command, in QEMU's words, such as `QMP_COMMAND_ERROR_DEVICE_NOT_FOUND`, or of the client.
 *
 * Returns: `TRUE` if the device is gone; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_machine_unplug_finish (QmpMachine    *self,
                           GAsyncResult  *result,
                           GError       **error)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_machine_unplug_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* --- blocking --- */

/* FALSE with error. */
static gboolean
hear (QmpEventListener  *listener,
      const char        *device,
      int                timeout,
      GCancellable      *cancellable,
      GError           **error)
{
  GError *failure = NULL;
  g_autoptr(QmpEvent) event = qmp_event_listener_next (listener, timeout, cancellable, &failure);

  if (event != NULL)
    return qmp_unplug_judge (device, event, error);
  g_propagate_error (error, explain (device, failure));
  return FALSE;
}

static gboolean
unplug (QmpMachine        *self,
        QmpEventListener  *listener,
        const char        *device,
        int                timeout,
        GCancellable      *cancellable,
        GError           **error)
{
  g_autoptr(QmpMessage) command = new_command (device);
  GError *failure = NULL;
  g_autoptr(JsonNode) reply = qmp_client_execute_message (self->client, command, cancellable, &failure);

  if (!is_to_be_awaited (listener, failure))
    {
      g_propagate_error (error, explain_reply (device, failure));
      return FALSE;
    }
  g_clear_error (&failure);
  return hear (listener, device, timeout, cancellable, error);
}

/**
 * qmp_machine_unplug:
 * @self: a machine
 * @device: the ID of the device; of one that has none, its path in QOM, `/machine/peripheral-anon/device[0]`
 * @timeout: how long the guest may take, in milliseconds; 0 does not wait for it; or [const@TIMEOUT_NONE]
 * @cancellable: (nullable): to cancel the waiting, and not what the guest was asked
 * @error: return location for an error
 *
 * Takes a device out of the machine (`device_del`), and blocks until it is gone.
 *
 * The blocking form of [method@Machine.unplug_async], with the errors of [method@Machine.unplug_finish].
 *
 * Returns: `TRUE` if the device is gone; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_machine_unplug (QmpMachine    *self,
                    const char    *device,
                    int            timeout,
                    GCancellable  *cancellable,
                    GError       **error)
{
  g_autoptr(QmpMachine) held = NULL;
  g_autoptr(QmpEventListener) listener = NULL;
  g_autofree char *own_device = g_strdup (device);
  gboolean gone;

  g_return_val_if_fail (QMP_IS_MACHINE (self), FALSE);
  g_return_val_if_fail (device != NULL, FALSE);
  g_return_val_if_fail (timeout >= QMP_TIMEOUT_NONE, FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  if (qmp_machine_is_foreign (self, error) || !qmp_machine_require_monitor (self, error))
    return FALSE;

  held = g_object_ref (self);
  listener = listen (self, device);
  gone = unplug (self, listener, own_device, timeout, cancellable, error);
  qmp_client_remove_listener (self->client, listener);
  return gone;
}
