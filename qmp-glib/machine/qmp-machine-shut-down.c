/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-machine-private.h"

#include <glib/gi18n-lib.h>
#include <signal.h>

/* How a machine is brought to its end: the steps that qmp-shutdown says are taken here. */

/* --- who is told that it is in vain --- */

static GError *
no_answer (QmpRun *run)
{
  if (run->refusal != NULL)
    return g_error_new (QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_NO_ANSWER, _("The guest cannot be asked: %s"), run->refusal);
  return g_error_new_literal (QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_NO_ANSWER,
                              _("The guest has not turned itself off in time"));
}

static GError *
does_not_go (QmpRun *run)
{
  if (run->process == NULL && run->refusal != NULL)
    return g_error_new (QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_NO_PROCESS,
                        _("The machine does not end (%s), and knows of no process that could be killed"), run->refusal);
  if (run->process == NULL)
    return g_error_new_literal (QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_NO_PROCESS,
                                _("The machine does not end, and knows of no process that could be killed"));
  return g_error_new_literal (QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_NO_ANSWER,
                              _("The process was killed, and does not go"));
}

/* Whose call it is. Takes error. */
static void
fail_wait (QmpMachine     *self,
           QmpMachineWait *wait,
           GError         *error)
{
  QmpMachineEnding *ending;

  qmp_machine_leave_wait (self, wait);
  wait->error = error;
  qmp_machine_wait_end_cancellation (wait);
  if (wait->task == NULL)
    return;
  ending = g_new0 (QmpMachineEnding, 1);
  g_queue_push_tail (&ending->waiting, wait);
  qmp_machine_post_ending (self, ending);
}

static QmpMachineWait *
find_wait (QmpRun            *run,
           QmpShutdownCaller *caller)
{
  for (GList *l = run->waiting.head; l != NULL; l = l->next)
    if (&((QmpMachineWait *) l->data)->caller == caller)
      return l->data;
  return NULL;
}

static void
fail_late (QmpMachine             *self,
           const QmpShutdownSight *sight)
{
  QmpRun *run = self->run;
  QmpShutdownCaller *caller;

  while ((caller = qmp_shutdown_pop_late (&run->shutdown, sight, g_get_monotonic_time ())) != NULL)
    fail_wait (self, find_wait (run, caller), no_answer (run));
}

static void
fail_all (QmpMachine *self)
{
  QmpRun *run = self->run;
  QmpShutdownCaller *caller;

  while ((caller = g_queue_peek_head (&run->shutdown.callers)) != NULL)
    fail_wait (self, find_wait (run, caller), does_not_go (run));
}

/* --- the steps --- */

static const char *
get_command (QmpShutdownStep step)
{
  switch (step)
    {
    case QMP_SHUTDOWN_RESUME:
      return "cont";
    case QMP_SHUTDOWN_WAKE:
      return "system_wakeup";
    case QMP_SHUTDOWN_PRESS:
      return "system_powerdown";
    case QMP_SHUTDOWN_QUIT:
      return "quit";
    case QMP_SHUTDOWN_NOTHING:
    case QMP_SHUTDOWN_TERMINATE:
    case QMP_SHUTDOWN_KILL:
    case QMP_SHUTDOWN_GIVE_UP:
      break;
    }
  return NULL;
}

/* To quit is the one that is not answered. */
static gboolean
is_refused (const GError *error)
{
  return error != NULL && error->domain == QMP_COMMAND_ERROR;
}

/* error: nullable, how a command has ended. */
static void
take_result (QmpMachine      *self,
             QmpShutdownStep  step,
             const GError    *error)
{
  QmpRun *run = self->run;

  if (run == NULL || !is_refused (error) || (step != QMP_SHUTDOWN_QUIT && step != QMP_SHUTDOWN_PRESS))
    return;
  g_free (run->refusal);
  run->refusal = g_strdup (error->message);
  qmp_shutdown_refuse (&run->shutdown, g_get_monotonic_time ());
}

typedef struct {
  QmpMachine      *self;  /* owned */
  QmpShutdownStep  step;
} Execution;

static void
executed_cb (GObject      *client,
             GAsyncResult *result,
             gpointer      user_data)
{
  Execution *execution = user_data;
  g_autoptr(QmpMachine) self = execution->self;
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) reply = qmp_client_execute_finish (QMP_CLIENT (client), result, &error);

  take_result (self, execution->step, error);
  g_free (execution);
  qmp_machine_advance (self);
  qmp_machine_tell (self);
}

static void
execute (QmpMachine      *self,
         QmpShutdownStep  step)
{
  Execution *execution;

  if (self->blocking)
    {
      self->run->step = step;
      return;
    }
  execution = g_new (Execution, 1);
  *execution = (Execution) { g_object_ref (self), step };
  qmp_client_execute_async (self->client, get_command (step), NULL, NULL, executed_cb, execution);
}

static void
perform (QmpMachine      *self,
         QmpShutdownStep  step)
{
  QmpRun *run = self->run;

  qmp_machine_touch (self, QMP_MACHINE_SHUT_DOWN_STAGE);
  if (step == QMP_SHUTDOWN_QUIT || step == QMP_SHUTDOWN_TERMINATE || step == QMP_SHUTDOWN_KILL)
    run->by_us = TRUE;
  if (step == QMP_SHUTDOWN_GIVE_UP)
    fail_all (self);
  else if (step == QMP_SHUTDOWN_TERMINATE)
    qmp_process_kill (run->process, SIGTERM);
  else if (step == QMP_SHUTDOWN_KILL)
    qmp_process_kill (run->process, SIGKILL);
  else
    execute (self, step);
}

void
qmp_machine_step_shutdown (QmpMachine *self)
{
  QmpRun *run = self->run;
  QmpShutdownSight sight = {
    .linked = qmp_client_is_linked (self->client),
    .has_process = run->process != NULL,
    .status = self->status.value,
  };
  QmpShutdownStep step;

  /* Or it is ending anyway. */
  if (run->shutdown.callers.head == NULL || run->step != QMP_SHUTDOWN_NOTHING || run->end.until != 0)
    return;
  fail_late (self, &sight);
  while (run->step == QMP_SHUTDOWN_NOTHING &&
         (step = qmp_shutdown_step (&run->shutdown, &sight, g_get_monotonic_time ())) != QMP_SHUTDOWN_NOTHING)
    perform (self, step);
}

/* A blocking call has left it. */
void
qmp_machine_pass_step_on (QmpMachine *self)
{
  QmpShutdownStep step;

  if (self->run == NULL || self->run->step == QMP_SHUTDOWN_NOTHING)
    return;
  step = self->run->step;
  self->run->step = QMP_SHUTDOWN_NOTHING;
  execute (self, step);
}

void
qmp_machine_take_step (QmpMachine   *self,
                       GCancellable *cancellable)
{
  QmpShutdownStep step = self->run->step;
  g_autoptr(QmpMessage) message = qmp_message_new_command (get_command (step), NULL, NULL);
  g_autoptr(JsonNode) reply = NULL;
  g_autoptr(GError) error = NULL;

  self->run->step = QMP_SHUTDOWN_NOTHING;
  qmp_message_set_timeout (message, qmp_machine_get_remaining (self));
  reply = qmp_client_execute_message (self->client, message, cancellable, &error);
  take_result (self, step, error);
}

void
qmp_machine_shut_down_run_async (QmpMachine       *self,
                                 QmpShutDownFlags  flags,
                                 int               ask,
                                 int               quit,
                                 GTask            *task,
                                 GCancellable     *cancellable)
{
  QmpMachineWait *wait = qmp_machine_wait_async (self, task, cancellable);

  wait->shuts_down = TRUE;
  qmp_shutdown_join (&self->run->shutdown, &wait->caller, flags, ask, quit, g_get_monotonic_time ());
  qmp_machine_advance (self);
}

QmpOutcome *
qmp_machine_shut_down_run (QmpMachine        *self,
                           QmpShutDownFlags   flags,
                           int                ask,
                           int                quit,
                           GCancellable      *cancellable,
                           GError           **error)
{
  QmpMachineWait wait = { .shuts_down = TRUE };

  qmp_shutdown_join (&self->run->shutdown, &wait.caller, flags, ask, quit, g_get_monotonic_time ());
  return qmp_machine_wait (self, &wait, cancellable, error);
}

/* --- the public face --- */

static gboolean
require_run (QmpMachine  *self,
             GError     **error)
{
  if (self->run != NULL)
    return TRUE;
  g_set_error_literal (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_ENDED, _("No machine runs here"));
  return FALSE;
}

/**
 * qmp_machine_shut_down_async:
 * @self: a machine
 * @flags: how
 * @ask: how long the guest may take to turn itself off, in milliseconds; 0 does not ask it, -1 waits for ever
 * @quit: how long QEMU may take to quit, in milliseconds; 0 does not tell it, -1 waits for ever
 * @cancellable: (nullable): to cancel it
 * @callback: (scope async) (closure user_data): called when the machine has ended
 * @user_data: data for @callback
 *
 * Brings the machine to its end, in stages.
 *
 * 1. The guest is asked (`system_powerdown`), unless none can answer: the machine is paused and not to be resumed, the
 *    guest sleeps and is not to be woken, QEMU refuses to ask it, or there is no link. A guest that does not listen cannot be told from one that is
 *    slow. With `-no-shutdown` the next stage follows when it has turned itself off.
 * 2. QEMU is told to `quit`; where there is no link its process is sent SIGTERM instead.
 * 3. The process is killed.
 *
 * [property@Machine:shut-down-stage] says how far it has gone, and [property@Outcome:stage] which stage has done it. With
 * `QMP_SHUT_DOWN_ASK_ONLY` there is only the first one.
 *
 * Who calls it while it is under way joins, and the earlier time counts. When the last of them has cancelled, it goes no
 * further; what has been sent is not taken back.
 *
 * Since: 1.0
 */
void
qmp_machine_shut_down_async (QmpMachine          *self,
                             QmpShutDownFlags     flags,
                             int                  ask,
                             int                  quit,
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

  task = qmp_machine_task_new (self, callback, user_data, qmp_machine_shut_down_async);
  if (require_run (self, &error) && !g_cancellable_set_error_if_cancelled (cancellable, &error))
    qmp_machine_shut_down_run_async (self, flags, ask, quit, g_steal_pointer (&task), cancellable);
  else
    g_task_return_error (task, error);
}

/**
 * qmp_machine_shut_down_finish:
 * @self: a machine
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Machine.shut_down_async].
 *
 * Errors:
 *
 * - `QMP_MACHINE_ERROR_ENDED` if nothing runs here;
 * - `QMP_MACHINE_ERROR_NO_ANSWER` if the guest was only to be asked, and there was none that could answer, its time is over, or
 *   QEMU has refused to, which the text says then;
 *   or if the process does not go five seconds after it was killed;
 * - `QMP_MACHINE_ERROR_NO_PROCESS` if the machine would have to be killed, and was opened without [method@Machine.set_process];
 * - `G_IO_ERROR_CANCELLED`.
 *
 * Returns: (transfer full): how it has ended; `NULL` with @error set
 *
 * Since: 1.0
 */
QmpOutcome *
qmp_machine_shut_down_finish (QmpMachine    *self,
                              GAsyncResult  *result,
                              GError       **error)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_machine_shut_down_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * qmp_machine_shut_down:
 * @self: a machine
 * @flags: how
 * @ask: how long the guest may take to turn itself off, in milliseconds; 0 does not ask it, -1 waits for ever
 * @quit: how long QEMU may take to quit, in milliseconds; 0 does not tell it, -1 waits for ever
 * @cancellable: (nullable): to cancel it
 * @error: return location for an error
 *
 * Brings the machine to its end, in stages, and blocks meanwhile.
 *
 * The blocking form of [method@Machine.shut_down_async], with the errors of [method@Machine.shut_down_finish].
 *
 * Returns: (transfer full): how it has ended; `NULL` with @error set
 *
 * Since: 1.0
 */
QmpOutcome *
qmp_machine_shut_down (QmpMachine        *self,
                       QmpShutDownFlags   flags,
                       int                ask,
                       int                quit,
                       GCancellable      *cancellable,
                       GError           **error)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  if (qmp_machine_is_foreign (self, error))
    return NULL;

  if (!qmp_client_may_block (self->client, "shut down", error) || !require_run (self, error) ||
      g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  return qmp_machine_shut_down_run (self, flags, ask, quit, cancellable, error);
}
