/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-machine-private.h"

#include <glib/gi18n-lib.h>

/* Launching. QEMU greets before it has made its devices, so that it may still fail then: it is there when it has answered
 * the negotiation. */

static gboolean
require_free (QmpMachine  *self,
              GError     **error)
{
  if (!qmp_machine_require_not_kept (self, error))
    return FALSE;
  if (self->run == NULL && self->n_openings == 0 && qmp_client_get_runstate (self->client) == QMP_RUNSTATE_IDLE)
    return TRUE;

  g_set_error_literal (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE,
                       _("Cannot launch: the machine runs already, or is being opened"));
  return FALSE;
}

/* The process has begun, and the run with it. monitor (out). */
static gboolean
begin (QmpMachine    *self,
       QmpLauncher   *launcher,
       GIOStream    **monitor,
       GCancellable  *cancellable,
       GError       **error)
{
  QmpLaunched launched;

  if (!require_free (self, error) || g_cancellable_set_error_if_cancelled (cancellable, error) ||
      !qmp_launcher_spawn (launcher, &launched, error))
    return FALSE;
  *monitor = launched.monitor;
  qmp_status_forget (&self->status);
  qmp_machine_begin_run (self, &launched);
  return TRUE;
}

/* --- in the background --- */

/* One launch: the run that it has begun, which may be over before. */
typedef struct {
  QmpMachine   *self;         /* owned */
  GCancellable *cancellable;  /* nullable, owned */
  guint         run;
} Launch;

static void
launch_free (Launch *launch)
{
  g_object_unref (launch->self);
  g_clear_object (&launch->cancellable);
  g_free (launch);
}

static gboolean
is_under_way (Launch *launch)
{
  QmpRun *run = launch->self->run;

  return run != NULL && run->number == launch->run && run->launching != NULL && run->failure == NULL;
}

/* Takes launch, and error, which is nullable. */
static void
end_launch (Launch *launch,
            GError *error)
{
  g_autoptr(QmpMachine) self = g_object_ref (launch->self);
  g_autoptr(GTask) task = NULL;
  gboolean fresh = is_under_way (launch);

  launch_free (launch);
  if (!fresh)
    {
      g_clear_error (&error);
      return;
    }
  if (error != NULL)
    {
      qmp_machine_fail_launch (self, error);
      qmp_machine_tell (self);
      return;
    }

  task = g_steal_pointer (&self->run->launching);
  qmp_machine_set_ready (self);
  qmp_machine_tell (self);
  g_task_return_boolean (task, TRUE);
}

static void
read_cb (QmpMachine   *self,
         const GError *error,
         gpointer      user_data)
{
  end_launch (user_data, error != NULL ? g_error_copy (error) : NULL);
}

static void
opened_cb (GObject      *client,
           GAsyncResult *result,
           gpointer      user_data)
{
  Launch *launch = user_data;
  GError *error = NULL;

  if (!qmp_client_open_stream_finish (QMP_CLIENT (client), result, &error) || !is_under_way (launch))
    {
      end_launch (launch, error);
      return;
    }
  launch->self->run->linked = TRUE;
  qmp_machine_read_async (launch->self, launch->cancellable, read_cb, launch);
}

/**
 * qmp_machine_launch_async:
 * @self: a machine in which nothing runs
 * @launcher: what is to be launched, and how
 * @cancellable: (nullable): to cancel it
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Launches a machine: starts QEMU, connects to its monitor, and reads its status.
 *
 * It is done when QEMU has made all devices and serves its monitor, whether or not the machine runs yet
 * (`QMP_LAUNCHER_PAUSED`). A launch that is cancelled kills the process and ends when it was reaped, or after two seconds.
 *
 * Since: 1.0
 */
void
qmp_machine_launch_async (QmpMachine          *self,
                          QmpLauncher         *launcher,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;
  g_autoptr(GIOStream) monitor = NULL;
  GError *error = NULL;
  Launch *launch;

  g_return_if_fail (QMP_IS_MACHINE (self));
  g_return_if_fail (QMP_IS_LAUNCHER (launcher));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  if (qmp_machine_is_foreign (self, NULL))
    return;

  task = qmp_machine_task_new (self, callback, user_data, qmp_machine_launch_async);
  if (!begin (self, launcher, &monitor, cancellable, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  self->run->launching = g_steal_pointer (&task);
  launch = g_new (Launch, 1);
  *launch = (Launch) { g_object_ref (self), cancellable != NULL ? g_object_ref (cancellable) : NULL, self->run->number };
  qmp_client_open_stream_async (self->client, monitor, cancellable, opened_cb, launch);
}

/**
 * qmp_machine_launch_finish:
 * @self: a machine
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Machine.launch_async].
 *
 * Errors:
 *
 * - `G_SPAWN_ERROR` if the program cannot be executed, such as `G_SPAWN_ERROR_NOENT` if it is not there;
 * - `QMP_MACHINE_ERROR_LAUNCH` if QEMU ends, or is not a server; the text has all that it has said, and
 *   [property@Machine:outcome] has its exit status;
 * - `G_IO_ERROR_CANCELLED`;
 * - `QMP_CLIENT_ERROR_STATE` if something runs in the machine already, or is about to;
 * - `G_IO_ERROR_INVALID_ARGUMENT` for a command line that cannot be launched, and others of `G_IO_ERROR`.
 *
 * Whatever the error is, no process is left, and [signal@Machine::ended] is not emitted.
 *
 * Returns: `TRUE` if the machine is there; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_machine_launch_finish (QmpMachine    *self,
                           GAsyncResult  *result,
                           GError       **error)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_machine_launch_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* --- blocking --- */

typedef struct {
  QmpMachine *self;
  guint       run;
} Failing;

static gboolean
is_over (gpointer data)
{
  Failing *failing = data;
  QmpRun *run = failing->self->run;

  return run == NULL || run->number != failing->run;
}

/* A filter may have run a main loop, in which the run has ended. */
static gboolean
bring_up (Failing       *failing,
          GIOStream     *monitor,
          GCancellable  *cancellable,
          GError       **why)
{
  QmpMachine *self = failing->self;

  if (!qmp_client_open_stream (self->client, monitor, cancellable, why) || is_over (failing))
    return FALSE;
  self->run->linked = TRUE;
  return qmp_machine_read (self, cancellable, why) && !is_over (failing);
}

/* Until the process is gone, whose words are in the error then. Takes why. */
static void
fail (Failing *failing,
      GError  *why)
{
  QmpMachine *self = failing->self;

  if (is_over (failing))
    {
      g_clear_error (&why);
      return;
    }
  self->blocking = TRUE;
  qmp_machine_fail_launch (self, why);
  self->blocking = FALSE;
  if (!is_over (failing))
    qmp_machine_block (self, is_over, failing, NULL, NULL);
}

/**
 * qmp_machine_launch:
 * @self: a machine in which nothing runs
 * @launcher: what is to be launched, and how
 * @cancellable: (nullable): to cancel it
 * @error: return location for an error
 *
 * Launches a machine, and blocks until it is there.
 *
 * The blocking form of [method@Machine.launch_async], with the errors of [method@Machine.launch_finish].
 *
 * Returns: `TRUE` if the machine is there; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_machine_launch (QmpMachine    *self,
                    QmpLauncher   *launcher,
                    GCancellable  *cancellable,
                    GError       **error)
{
  g_autoptr(QmpMachine) held = NULL;
  g_autoptr(GIOStream) monitor = NULL;
  Failing failing;
  GError *explained = NULL;
  GError *why = NULL;

  g_return_val_if_fail (QMP_IS_MACHINE (self), FALSE);
  g_return_val_if_fail (QMP_IS_LAUNCHER (launcher), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  if (qmp_machine_is_foreign (self, error))
    return FALSE;

  held = g_object_ref (self);
  if (!qmp_client_may_block (self->client, "launch", error) || !begin (self, launcher, &monitor, cancellable, error))
    return FALSE;
  failing = (Failing) { self, self->run->number };
  self->run->fails = &explained;
  if (!bring_up (&failing, monitor, cancellable, &why))
    {
      fail (&failing, why);
      g_propagate_error (error, explained);
      return FALSE;
    }
  self->run->fails = NULL;
  qmp_machine_set_ready (self);
  return TRUE;
}
