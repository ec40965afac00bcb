/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-machine-private.h"

/* Pictures of its screen, which QmpScreen takes. */

/**
 * qmp_machine_screendump_async:
 * @self: a machine
 * @device: (nullable): the ID of a display device, or `NULL` for the first
 * @head: which screen of @device, from 0
 * @cancellable: (nullable): to cancel it
 * @callback: (scope async) (closure user_data): called when the picture is there
 * @user_data: data for @callback
 *
 * Takes a picture of the machine's screen (`screendump`), whether or not it runs.
 *
 * The picture is a PNG image. QEMU writes it into memory of the program's, by way of a descriptor that it is given and that is taken
 * back behind that. There is no file, and nothing is left in QEMU but the number of an empty set of descriptors
 * (`query-fdsets`), of which a machine needs one, and a second one if it is also called in the other form. QEMU 7.2 closes no
 * descriptor while the machine does not run: until it does, one descriptor is left there and used again.
 *
 * Pictures are taken one at a time, in the order of the calls. Each command of it has the client's [property@Client:timeout]; while a
 * snapshot is saved, loaded or deleted by a job there is no time limit, for QEMU answers only behind that.
 *
 * Since: 1.0
 */
void
qmp_machine_screendump_async (QmpMachine          *self,
                              const char          *device,
                              guint                head,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  GTask *task;
  GError *error = NULL;

  g_return_if_fail (QMP_IS_MACHINE (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  if (qmp_machine_is_foreign (self, NULL))
    return;

  task = qmp_machine_task_new (self, callback, user_data, qmp_machine_screendump_async);
  if (qmp_machine_require_monitor (self, &error) && !g_cancellable_set_error_if_cancelled (cancellable, &error))
    {
      qmp_screen_dump_async (self->screen, device, head, cancellable, task);
      return;
    }
  g_task_return_error (task, error);
  g_object_unref (task);
}

/**
 * qmp_machine_screendump_finish:
 * @self: a machine
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Machine.screendump_async].
 *
 * Errors:
 *
 * - `G_IO_ERROR_NOT_SUPPORTED` if QEMU cannot write PNG, as before 7.1 or when it was built without libpng, or if no descriptor can be
 *   passed to it: the link is not a Unix socket;
 * - `G_IO_ERROR_CANCELLED`;
 * - `QMP_MACHINE_ERROR_FAILED` if what QEMU has written is not an image;
 * - `QMP_MACHINE_ERROR_ENDED` if no machine runs here, and `QMP_CLIENT_ERROR_STATE` while it is not connected;
 * - those of [method@Client.execute]: of the command, in QEMU's words, as when there is no such screen, or of the client;
 * - others of `G_IO_ERROR` if the program can have no more memory or descriptors.
 *
 * Returns: (transfer full): a PNG image; `NULL` with @error set
 *
 * Since: 1.0
 */
GBytes *
qmp_machine_screendump_finish (QmpMachine    *self,
                               GAsyncResult  *result,
                               GError       **error)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_machine_screendump_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * qmp_machine_screendump:
 * @self: a machine
 * @device: (nullable): the ID of a display device, or `NULL` for the first
 * @head: which screen of @device, from 0
 * @cancellable: (nullable): to cancel it
 * @error: return location for an error
 *
 * Takes a picture of the machine's screen (`screendump`), and blocks until it is there.
 *
 * The blocking form of [method@Machine.screendump_async], with the errors of [method@Machine.screendump_finish].
 *
 * Returns: (transfer full): a PNG image; `NULL` with @error set
 *
 * Since: 1.0
 */
GBytes *
qmp_machine_screendump (QmpMachine    *self,
                        const char    *device,
                        guint          head,
                        GCancellable  *cancellable,
                        GError       **error)
{
  g_autoptr(QmpMachine) held = NULL;

  g_return_val_if_fail (QMP_IS_MACHINE (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  if (qmp_machine_is_foreign (self, error) || !qmp_machine_require_monitor (self, error))
    return NULL;

  held = g_object_ref (self);
  return qmp_screen_dump (self->screen, device, head, cancellable, error);
}
