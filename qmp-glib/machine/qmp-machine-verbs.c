/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-machine-private.h"

#include <glib/gi18n-lib.h>

/* What is done with a machine. */

/* --- commands that change the status --- */

/* A command and a query behind it, written together: what the query says is what the command has brought about. */
typedef struct {
  GTask           *task;
  GError          *error;         /* nullable: of the command */
  GError          *answer_error;  /* nullable: of the query */
  gboolean         commanded;     /* the command has been told of */
  gboolean         answered;      /* there is nothing more to ask */
  QmpStatusTicket  ticket;
  QmpStatusChange  own;           /* what the command brings, if it brings any */
  guint            n_left;        /* of tries: an answer may be old when it comes */
} Settling;

#define MAX_TRIES 5

static void ask (Settling     *settling,
                 GCancellable *cancellable);

/* Takes settling. The command's own error says more than that of the query behind it. */
static void
end (Settling *settling)
{
  g_autoptr(GTask) task = settling->task;
  QmpMachine *self = g_task_get_source_object (task);
  GError *error = settling->error != NULL ? g_steal_pointer (&settling->error)
                                          : g_steal_pointer (&settling->answer_error);

  g_clear_error (&settling->answer_error);
  g_free (settling);
  qmp_machine_advance (self);
  qmp_machine_tell (self);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static void
commanded_cb (GObject      *client,
              GAsyncResult *result,
              gpointer      user_data)
{
  Settling *settling = user_data;
  g_autoptr(JsonNode) reply = qmp_client_execute_finish (QMP_CLIENT (client), result, &settling->error);

  settling->commanded = TRUE;
  if (settling->answered)
    end (settling);
}

static void
answered_cb (GObject      *client,
             GAsyncResult *result,
             gpointer      user_data)
{
  Settling *settling = user_data;
  QmpMachine *self = g_task_get_source_object (settling->task);
  g_autoptr(JsonNode) reply = qmp_client_execute_finish (QMP_CLIENT (client), result, &settling->answer_error);
  gboolean taken = qmp_status_answer (&self->status, settling->ticket, settling->own, reply);

  if (reply == NULL || taken || settling->error != NULL || settling->n_left-- == 0)
    {
      /* A command that the client itself refuses may be told of later than a query that has no time. */
      settling->answered = TRUE;
      if (settling->commanded)
        end (settling);
      return;
    }
  settling->own = QMP_STATUS_CHANGE_NONE;
  ask (settling, g_task_get_task_data (settling->task));
}

static void
ask (Settling     *settling,
     GCancellable *cancellable)
{
  QmpMachine *self = g_task_get_source_object (settling->task);

  settling->ticket = qmp_status_ask (&self->status);
  qmp_client_execute_async (self->client, "query-status", NULL, cancellable, answered_cb, settling);
}

/* FALSE if task has failed. */
static gboolean
require_monitor (QmpMachine *self,
                 GTask      *task)
{
  GError *error = NULL;

  if (qmp_machine_require_monitor (self, &error))
    return TRUE;
  g_task_return_error (task, error);
  return FALSE;
}

static void
settle_async (QmpMachine          *self,
              const char          *command,
              QmpStatusChange      own,
              GCancellable        *cancellable,
              GAsyncReadyCallback  callback,
              gpointer             user_data,
              gpointer             source_tag)
{
  g_autoptr(GTask) task = qmp_machine_task_new (self, callback, user_data, source_tag);
  Settling *settling;

  if (!require_monitor (self, task))
    return;
  settling = g_new0 (Settling, 1);
  settling->task = g_steal_pointer (&task);
  if (cancellable != NULL)
    g_task_set_task_data (settling->task, g_object_ref (cancellable), g_object_unref);
  settling->own = own;
  settling->n_left = MAX_TRIES;
  settling->ticket = qmp_status_ask (&self->status);
  qmp_client_execute_async (self->client, command, NULL, cancellable, commanded_cb, settling);
  qmp_client_execute_async (self->client, "query-status", NULL, cancellable, answered_cb, settling);
}

/* One behind the other: a blocking call leaves nothing behind that is to be delivered. */
static gboolean
settle (QmpMachine    *self,
        const char    *command,
        GCancellable  *cancellable,
        GError       **error)
{
  g_autoptr(QmpMachine) held = g_object_ref (self);
  g_autoptr(JsonNode) reply = NULL;

  if (!qmp_machine_require_monitor (self, error))
    return FALSE;
  reply = qmp_client_execute (self->client, command, NULL, cancellable, error);
  return reply != NULL && qmp_machine_read_status (self, QMP_TIMEOUT_CLIENT, cancellable, error);
}

static gboolean
finish (QmpMachine    *self,
        GAsyncResult  *result,
        gpointer       source_tag,
        GError       **error)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, source_tag), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* --- commands that do not --- */

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

/* QEMU may go before it answers, and it need not answer. */
static gboolean
has_quit (QmpMachine   *self,
          guint         run,
          const GError *error)
{
  gboolean gone = error == NULL || g_error_matches (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);

  if (!gone && self->run != NULL && self->run->number == run)
    self->run->by_us = FALSE;
  return gone;
}

static guint
begin_to_quit (QmpMachine *self)
{
  if (self->run == NULL)
    return 0;
  self->run->by_us = TRUE;
  return self->run->number;
}

static void
quit_cb (GObject      *client,
         GAsyncResult *result,
         gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;
  g_autoptr(JsonNode) reply = qmp_client_execute_finish (QMP_CLIENT (client), result, &error);

  if (!has_quit (g_task_get_source_object (task), GPOINTER_TO_UINT (g_task_get_task_data (task)), error))
    {
      g_task_return_error (task, error);
      return;
    }
  g_clear_error (&error);
  g_task_return_boolean (task, TRUE);
}

static gboolean
require_process (QmpMachine  *self,
                 GError     **error)
{
  if (self->run != NULL && self->run->process != NULL)
    return TRUE;
  if (self->run == NULL)
    g_set_error_literal (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_ENDED, _("No machine runs here"));
  else
    g_set_error_literal (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_NO_PROCESS,
                         _("The machine was opened, and knows of no process that could be killed"));
  return FALSE;
}

/* --- the public face --- */

/**
 * qmp_machine_pause_async:
 * @self: a machine
 * @cancellable: (nullable): to cancel it
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Pauses the machine.
 *
 * Afterwards [property@Machine:status] is what QEMU says it is: `PAUSED` if it ran. A machine that has stopped for another reason
 * keeps that reason.
 *
 * Since: 1.0
 */
void
qmp_machine_pause_async (QmpMachine          *self,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  g_return_if_fail (QMP_IS_MACHINE (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  if (qmp_machine_is_foreign (self, NULL))
    return;

  settle_async (self, "stop", QMP_STATUS_CHANGE_STOP, cancellable, callback, user_data, qmp_machine_pause_async);
}

/**
 * qmp_machine_pause_finish:
 * @self: a machine
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Machine.pause_async].
 *
 * Errors are those of [method@Client.execute]: of the command, in QEMU's words, or of the link. They are
 * `QMP_MACHINE_ERROR_ENDED` if no machine runs here, and `QMP_CLIENT_ERROR_STATE` while it is not connected.
 *
 * Returns: `TRUE` if it is done; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_machine_pause_finish (QmpMachine    *self,
                          GAsyncResult  *result,
                          GError       **error)
{
  return finish (self, result, qmp_machine_pause_async, error);
}

/**
 * qmp_machine_pause:
 * @self: a machine
 * @cancellable: (nullable): to cancel it
 * @error: return location for an error
 *
 * Pauses the machine, and blocks meanwhile.
 *
 * The blocking form of [method@Machine.pause_async], with the errors of [method@Machine.pause_finish].
 *
 * Returns: `TRUE` if it is done; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_machine_pause (QmpMachine    *self,
                   GCancellable  *cancellable,
                   GError       **error)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  if (qmp_machine_is_foreign (self, error))
    return FALSE;

  return settle (self, "stop", cancellable, error);
}

/**
 * qmp_machine_resume_async:
 * @self: a machine
 * @cancellable: (nullable): to cancel it
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Lets a machine that is paused, or has stopped, run on.
 *
 * Afterwards [property@Machine:status] is what QEMU says it is: `RUNNING`, unless what has stopped it stops it again, as an
 * error of a disk may. A machine that has turned itself off (`-no-shutdown`) has to be reset first.
 *
 * Since: 1.0
 */
void
qmp_machine_resume_async (QmpMachine          *self,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  g_return_if_fail (QMP_IS_MACHINE (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  if (qmp_machine_is_foreign (self, NULL))
    return;

  settle_async (self, "cont", QMP_STATUS_CHANGE_RESUME, cancellable, callback, user_data, qmp_machine_resume_async);
}

/**
 * qmp_machine_resume_finish:
 * @self: a machine
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Machine.resume_async].
 *
 * Errors are those of [method@Client.execute]: of the command, in QEMU's words, or of the link. They are
 * `QMP_MACHINE_ERROR_ENDED` if no machine runs here, and `QMP_CLIENT_ERROR_STATE` while it is not connected.
 *
 * Returns: `TRUE` if it is done; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_machine_resume_finish (QmpMachine    *self,
                           GAsyncResult  *result,
                           GError       **error)
{
  return finish (self, result, qmp_machine_resume_async, error);
}

/**
 * qmp_machine_resume:
 * @self: a machine
 * @cancellable: (nullable): to cancel it
 * @error: return location for an error
 *
 * Lets a machine that is paused, or has stopped, run on, and blocks meanwhile.
 *
 * The blocking form of [method@Machine.resume_async], with the errors of [method@Machine.resume_finish].
 *
 * Returns: `TRUE` if it is done; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_machine_resume (QmpMachine    *self,
                    GCancellable  *cancellable,
                    GError       **error)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  if (qmp_machine_is_foreign (self, error))
    return FALSE;

  return settle (self, "cont", cancellable, error);
}

/**
 * qmp_machine_reset_async:
 * @self: a machine
 * @cancellable: (nullable): to cancel it
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Resets the machine.
 *
 * Afterwards [property@Machine:status] is what QEMU says it is: one that did not run is `PRELAUNCH` then, and does not run yet.
 *
 * Since: 1.0
 */
void
qmp_machine_reset_async (QmpMachine          *self,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  g_return_if_fail (QMP_IS_MACHINE (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  if (qmp_machine_is_foreign (self, NULL))
    return;

  settle_async (self, "system_reset", QMP_STATUS_CHANGE_NONE, cancellable, callback, user_data, qmp_machine_reset_async);
}

/**
 * qmp_machine_reset_finish:
 * @self: a machine
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Machine.reset_async].
 *
 * Errors are those of [method@Client.execute]: of the command, in QEMU's words, or of the link. They are
 * `QMP_MACHINE_ERROR_ENDED` if no machine runs here, and `QMP_CLIENT_ERROR_STATE` while it is not connected.
 *
 * Returns: `TRUE` if it is done; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_machine_reset_finish (QmpMachine    *self,
                          GAsyncResult  *result,
                          GError       **error)
{
  return finish (self, result, qmp_machine_reset_async, error);
}

/**
 * qmp_machine_reset:
 * @self: a machine
 * @cancellable: (nullable): to cancel it
 * @error: return location for an error
 *
 * Resets the machine, and blocks meanwhile.
 *
 * The blocking form of [method@Machine.reset_async], with the errors of [method@Machine.reset_finish].
 *
 * Returns: `TRUE` if it is done; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_machine_reset (QmpMachine    *self,
                   GCancellable  *cancellable,
                   GError       **error)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  if (qmp_machine_is_foreign (self, error))
    return FALSE;

  return settle (self, "system_reset", cancellable, error);
}

/**
 * qmp_machine_wake_up_async:
 * @self: a machine
 * @cancellable: (nullable): to cancel it
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Wakes a guest that sleeps.
 *
 * Afterwards [property@Machine:status] is what QEMU says it is. A guest that does not sleep is an error.
 *
 * Since: 1.0
 */
void
qmp_machine_wake_up_async (QmpMachine          *self,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data)
{
  g_return_if_fail (QMP_IS_MACHINE (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  if (qmp_machine_is_foreign (self, NULL))
    return;

  settle_async (self, "system_wakeup", QMP_STATUS_CHANGE_NONE, cancellable, callback, user_data, qmp_machine_wake_up_async);
}

/**
 * qmp_machine_wake_up_finish:
 * @self: a machine
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Machine.wake_up_async].
 *
 * Errors are those of [method@Client.execute]: of the command, in QEMU's words, or of the link. They are
 * `QMP_MACHINE_ERROR_ENDED` if no machine runs here, and `QMP_CLIENT_ERROR_STATE` while it is not connected.
 *
 * Returns: `TRUE` if it is done; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_machine_wake_up_finish (QmpMachine    *self,
                            GAsyncResult  *result,
                            GError       **error)
{
  return finish (self, result, qmp_machine_wake_up_async, error);
}

/**
 * qmp_machine_wake_up:
 * @self: a machine
 * @cancellable: (nullable): to cancel it
 * @error: return location for an error
 *
 * Wakes a guest that sleeps, and blocks meanwhile.
 *
 * The blocking form of [method@Machine.wake_up_async], with the errors of [method@Machine.wake_up_finish].
 *
 * Returns: `TRUE` if it is done; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_machine_wake_up (QmpMachine    *self,
                     GCancellable  *cancellable,
                     GError       **error)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  if (qmp_machine_is_foreign (self, error))
    return FALSE;

  return settle (self, "system_wakeup", cancellable, error);
}

/**
 * qmp_machine_power_down_async:
 * @self: a machine
 * @cancellable: (nullable): to cancel it
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Presses the power button of the machine.
 *
 * It is done when QEMU has pressed it, which proves nothing: whether the guest listens, and what it does then, is not
 * known. [method@Machine.shut_down] waits for what comes of it.
 *
 * Since: 1.0
 */
void
qmp_machine_power_down_async (QmpMachine          *self,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (QMP_IS_MACHINE (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  if (qmp_machine_is_foreign (self, NULL))
    return;

  task = qmp_machine_task_new (self, callback, user_data, qmp_machine_power_down_async);
  if (require_monitor (self, task))
    qmp_client_execute_async (self->client, "system_powerdown", NULL, cancellable, executed_cb, g_steal_pointer (&task));
}

/**
 * qmp_machine_power_down_finish:
 * @self: a machine
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Machine.power_down_async].
 *
 * Errors are those of [method@Client.execute]: of the command, in QEMU's words, or of the link. They are
 * `QMP_MACHINE_ERROR_ENDED` if no machine runs here, and `QMP_CLIENT_ERROR_STATE` while it is not connected.
 *
 * Returns: `TRUE` if it is done; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_machine_power_down_finish (QmpMachine    *self,
                               GAsyncResult  *result,
                               GError       **error)
{
  return finish (self, result, qmp_machine_power_down_async, error);
}

/**
 * qmp_machine_power_down:
 * @self: a machine
 * @cancellable: (nullable): to cancel it
 * @error: return location for an error
 *
 * Presses the power button of the machine, and blocks meanwhile.
 *
 * The blocking form of [method@Machine.power_down_async], with the errors of [method@Machine.power_down_finish].
 *
 * Returns: `TRUE` if it is done; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_machine_power_down (QmpMachine    *self,
                        GCancellable  *cancellable,
                        GError       **error)
{
  g_autoptr(JsonNode) reply = NULL;

  g_return_val_if_fail (QMP_IS_MACHINE (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  if (qmp_machine_is_foreign (self, error) || !qmp_machine_require_monitor (self, error))
    return FALSE;

  reply = qmp_client_execute (self->client, "system_powerdown", NULL, cancellable, error);
  return reply != NULL;
}

/**
 * qmp_machine_quit_async:
 * @self: a machine
 * @cancellable: (nullable): to cancel it
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Tells QEMU to quit, without asking the guest.
 *
 * It is done when QEMU has answered, or has ended the link without an answer. [signal@Machine::ended] comes later.
 *
 * Since: 1.0
 */
void
qmp_machine_quit_async (QmpMachine          *self,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (QMP_IS_MACHINE (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  if (qmp_machine_is_foreign (self, NULL))
    return;

  task = qmp_machine_task_new (self, callback, user_data, qmp_machine_quit_async);
  if (!require_monitor (self, task))
    return;
  g_task_set_task_data (task, GUINT_TO_POINTER (begin_to_quit (self)), NULL);
  qmp_client_execute_async (self->client, "quit", NULL, cancellable, quit_cb, g_steal_pointer (&task));
}

/**
 * qmp_machine_quit_finish:
 * @self: a machine
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Machine.quit_async].
 *
 * Errors are those of [method@Client.execute]: of the command, in QEMU's words, or of the link. They are
 * `QMP_MACHINE_ERROR_ENDED` if no machine runs here, and `QMP_CLIENT_ERROR_STATE` while it is not connected.
 *
 * Returns: `TRUE` if QEMU quits; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_machine_quit_finish (QmpMachine    *self,
                         GAsyncResult  *result,
                         GError       **error)
{
  return finish (self, result, qmp_machine_quit_async, error);
}

/**
 * qmp_machine_quit:
 * @self: a machine
 * @cancellable: (nullable): to cancel it
 * @error: return location for an error
 *
 * Tells QEMU to quit, without asking the guest, and blocks meanwhile.
 *
 * The blocking form of [method@Machine.quit_async], with the errors of [method@Machine.quit_finish].
 *
 * Returns: `TRUE` if QEMU quits; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_machine_quit (QmpMachine    *self,
                  GCancellable  *cancellable,
                  GError       **error)
{
  g_autoptr(QmpMachine) held = NULL;
  g_autoptr(JsonNode) reply = NULL;
  GError *quit_error = NULL;
  guint run;

  g_return_val_if_fail (QMP_IS_MACHINE (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  if (qmp_machine_is_foreign (self, error) || !qmp_machine_require_monitor (self, error))
    return FALSE;

  held = g_object_ref (self);
  run = begin_to_quit (self);
  reply = qmp_client_execute (self->client, "quit", NULL, cancellable, &quit_error);
  if (!has_quit (self, run, quit_error))
    {
      g_propagate_error (error, quit_error);
      return FALSE;
    }
  g_clear_error (&quit_error);
  return TRUE;
}

/**
 * qmp_machine_kill_async:
 * @self: a machine
 * @cancellable: (nullable): to cancel it
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Kills the process of the machine, with all that it has started.
 *
 * It is done when the machine has ended. It cannot be taken back: a disk of the guest is as it is when the power fails.
 *
 * Since: 1.0
 */
void
qmp_machine_kill_async (QmpMachine          *self,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (QMP_IS_MACHINE (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  if (qmp_machine_is_foreign (self, NULL))
    return;

  task = qmp_machine_task_new (self, callback, user_data, qmp_machine_kill_async);
  if (require_process (self, &error) && !g_cancellable_set_error_if_cancelled (cancellable, &error))
    qmp_machine_shut_down_run_async (self, QMP_SHUT_DOWN_NONE, 0, 0, g_steal_pointer (&task), cancellable);
  else
    g_task_return_error (task, error);
}

/**
 * qmp_machine_kill_finish:
 * @self: a machine
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Machine.kill_async].
 *
 * Errors are `QMP_MACHINE_ERROR_ENDED` if nothing runs here, `QMP_MACHINE_ERROR_NO_PROCESS` if the machine was opened without
 * [method@Machine.set_process], `QMP_MACHINE_ERROR_NO_ANSWER` if the process does not go within five seconds, and
 * `G_IO_ERROR_CANCELLED`.
 *
 * Returns: `TRUE` if it has ended; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_machine_kill_finish (QmpMachine    *self,
                         GAsyncResult  *result,
                         GError       **error)
{
  g_autoptr(QmpOutcome) outcome = NULL;

  g_return_val_if_fail (QMP_IS_MACHINE (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_machine_kill_async), FALSE);

  outcome = g_task_propagate_pointer (G_TASK (result), error);
  return outcome != NULL;
}

/**
 * qmp_machine_kill:
 * @self: a machine
 * @cancellable: (nullable): to cancel it
 * @error: return location for an error
 *
 * Kills the process of the machine, with all that it has started, and blocks meanwhile.
 *
 * The blocking form of [method@Machine.kill_async], with the errors of [method@Machine.kill_finish].
 *
 * Returns: `TRUE` if it has ended; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_machine_kill (QmpMachine    *self,
                  GCancellable  *cancellable,
                  GError       **error)
{
  g_autoptr(QmpOutcome) outcome = NULL;

  g_return_val_if_fail (QMP_IS_MACHINE (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  if (qmp_machine_is_foreign (self, error))
    return FALSE;

  if (!qmp_client_may_block (self->client, "kill", error) || !require_process (self, error) ||
      g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  outcome = qmp_machine_shut_down_run (self, QMP_SHUT_DOWN_NONE, 0, 0, cancellable, error);
  return outcome != NULL;
}
