/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-machine-private.h"

#include <glib/gi18n-lib.h>

/* Opening the monitor of a machine that runs, and getting hold of its process. */

/* --- in the background --- */

typedef struct {
  GTask        *task;
  GCancellable *cancellable;  /* nullable, owned */
} Open;

/* Takes open, and error, which is nullable. */
static void
end_open (Open   *open,
          GError *error)
{
  g_autoptr(GTask) task = open->task;
  QmpMachine *self = g_task_get_source_object (task);

  g_clear_object (&open->cancellable);
  g_free (open);
  self->n_openings--;
  if (error == NULL && self->run != NULL)
    qmp_machine_set_ready (self);
  qmp_machine_advance (self);
  if (error != NULL)
    qmp_machine_give_link_up (self);
  qmp_machine_keep (self);
  qmp_machine_tell (self);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static void begin_to_read (QmpMachine *self,
                           Open       *open);

static void
read_cb (QmpMachine   *self,
         const GError *error,
         gpointer      user_data)
{
  if (qmp_machine_is_replaced (error) && qmp_client_is_linked (self->client))
    {
      qmp_machine_lose_run (self);
      begin_to_read (self, user_data);
      return;
    }
  /* What is not a machine is left. */
  if (error != NULL && qmp_client_is_linked (self->client))
    qmp_client_close_async (self->client, NULL, NULL, NULL);
  end_open (user_data, error != NULL ? g_error_copy (error) : NULL);
}

/* What is told first is of a run that is over. */
static void
begin_to_read (QmpMachine *self,
               Open       *open)
{
  qmp_machine_take_link (self);
  qmp_machine_tell (self);
  qmp_machine_read_async (self, open->cancellable, read_cb, open);
}

static void
opened_cb (GObject      *client,
           GAsyncResult *result,
           gpointer      user_data)
{
  Open *open = user_data;
  QmpMachine *self = g_task_get_source_object (open->task);
  GError *error = NULL;

  if (!qmp_client_open_finish (QMP_CLIENT (client), result, &error))
    {
      end_open (open, error);
      return;
    }
  begin_to_read (self, open);
}

/**
 * qmp_machine_open_async:
 * @self: a machine that has no link
 * @address: the address of a monitor
 * @cancellable: (nullable): to cancel it
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Opens the monitor of a machine that runs, and reads its status.
 *
 * What is opened has no process that the machine knows of, unless [method@Machine.set_process] says so. When its link ends,
 * and the server has not said that it shuts down, then only [property@Machine:connected] is `FALSE`: the
 * machine may go on, and can be opened again. If another machine answers then, by its UUID, the one before has ended, and
 * nobody knows how. [method@Machine.keep_open] opens it again by itself.
 *
 * A storage daemon can be opened as well. It has jobs and what its client can do, and no status.
 *
 * Since: 1.0
 */
void
qmp_machine_open_async (QmpMachine          *self,
                        GSocketConnectable  *address,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;
  GError *error = NULL;
  Open *open;

  g_return_if_fail (QMP_IS_MACHINE (self));
  g_return_if_fail (G_IS_SOCKET_CONNECTABLE (address));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  if (qmp_machine_is_foreign (self, NULL))
    return;

  task = qmp_machine_task_new (self, callback, user_data, qmp_machine_open_async);
  if (!qmp_machine_require_not_kept (self, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  open = g_new (Open, 1);
  *open = (Open) { g_steal_pointer (&task),
                   cancellable != NULL ? g_object_ref (cancellable) : NULL };
  self->n_openings++;
  qmp_client_open_async (self->client, address, cancellable, opened_cb, open);
}

/**
 * qmp_machine_open_finish:
 * @self: a machine
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Machine.open_async].
 *
 * Errors are those of [method@Client.open] and of [method@Client.execute]: a server that knows
 * neither `query-status` nor `query-jobs` is not a machine, and its link is closed again. A machine that is kept open fails with `QMP_CLIENT_ERROR_STATE`.
 *
 * Returns: `TRUE` if the machine is open; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_machine_open_finish (QmpMachine    *self,
                         GAsyncResult  *result,
                         GError       **error)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_machine_open_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* --- blocking --- */

static gboolean
read_all (QmpMachine    *self,
          GCancellable  *cancellable,
          GError       **error)
{
  qmp_machine_take_link (self);
  if (qmp_machine_read (self, cancellable, error))
    return TRUE;
  if (!qmp_machine_is_replaced (*error) || !qmp_client_is_linked (self->client))
    return FALSE;
  g_clear_error (error);
  qmp_machine_lose_run (self);
  qmp_machine_take_link (self);
  return qmp_machine_read (self, cancellable, error);
}

/**
 * qmp_machine_open:
 * @self: a machine that has no link
 * @address: the address of a monitor
 * @cancellable: (nullable): to cancel it
 * @error: return location for an error
 *
 * Opens the monitor of a machine that runs, and blocks until its status was read.
 *
 * The blocking form of [method@Machine.open_async], with the errors of [method@Machine.open_finish].
 *
 * Returns: `TRUE` if the machine is open; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_machine_open (QmpMachine          *self,
                  GSocketConnectable  *address,
                  GCancellable        *cancellable,
                  GError             **error)
{
  g_autoptr(QmpMachine) held = NULL;
  GError *read_error = NULL;

  g_return_val_if_fail (QMP_IS_MACHINE (self), FALSE);
  g_return_val_if_fail (G_IS_SOCKET_CONNECTABLE (address), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  if (qmp_machine_is_foreign (self, error))
    return FALSE;

  held = g_object_ref (self);
  if (!qmp_machine_require_not_kept (self, error) || !qmp_client_open (self->client, address, cancellable, error))
    return FALSE;
  if (read_all (self, cancellable, &read_error))
    {
      /* A filter may have run a main loop, in which the run has ended. */
      if (self->run != NULL)
        qmp_machine_set_ready (self);
      return TRUE;
    }
  if (qmp_client_is_linked (self->client))
    qmp_client_close (self->client, NULL, NULL);
  qmp_machine_advance (self);
  qmp_machine_give_link_up (self);
  g_propagate_error (error, read_error);
  return FALSE;
}

/**
 * qmp_machine_set_process:
 * @self: a machine that was opened
 * @pidfd: the descriptor of its process, of `pidfd_open()`
 * @error: where to store an error
 *
 * Tells the machine which process it is.
 *
 * Who is at the other end of a socket is not it: those are the credentials of whoever has called `listen()`. With a process
 * the machine is over when that has ended, which is seen without being told, and can be killed. It goes on when the
 * program ends, and is not reaped: of a child of the program's the exit status is known if nobody else was faster. A
 * duplicate of @pidfd is taken.
 *
 * Errors are `QMP_MACHINE_ERROR_ENDED` if nothing was opened, `QMP_CLIENT_ERROR_STATE` if the machine has launched its process
 * itself, and `G_IO_ERROR_INVALID_ARGUMENT` if @pidfd is not the descriptor of a process that runs.
 *
 * Returns: `TRUE` if that is its process now; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_machine_set_process (QmpMachine  *self,
                         int          pidfd,
                         GError     **error)
{
  QmpProcess *process;

  g_return_val_if_fail (QMP_IS_MACHINE (self), FALSE);
  if (qmp_machine_is_foreign (self, error))
    return FALSE;

  if (self->run == NULL)
    {
      g_set_error_literal (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_ENDED, _("No machine runs here"));
      return FALSE;
    }
  if (self->run->launched)
    {
      g_set_error_literal (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE,
                           _("The machine was launched here, and has its process"));
      return FALSE;
    }
  process = qmp_process_new_for_pidfd (pidfd, error);
  if (process == NULL)
    return FALSE;
  qmp_machine_watch_process (self, process);
  return TRUE;
}
