/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-machine-private.h"

#include "wire/qmp-hand-over-private.h"

/**
 * QmpMachine:
 *
 * A virtual machine: launched or found running, with its status, until its end.
 *
 * A machine is a place and not a run: make it first, so that handlers hear everything, then launch QEMU in it, or open the
 * monitor of one that runs. After the end it can be launched again.
 *
 * ```c
 * const char *argv[] = { "qemu-system-x86_64", "-m", "512", "disk.qcow2", NULL };
 * g_autoptr(QmpLauncher) launcher = qmp_launcher_new (argv);
 * g_autoptr(QmpMachine) machine = qmp_machine_new (NULL);
 *
 * g_signal_connect (machine, "ended", G_CALLBACK (on_ended), NULL);
 * if (!qmp_machine_launch (machine, launcher, NULL, &error))
 *   return FALSE;
 * ```
 *
 * It stands on a client and never hides it: whatever the machine has no method for goes over [property@Machine:client], and
 * what that changes is seen by the machine.
 *
 * ## Order
 *
 * At the end of a run come the client's events, the replies that do not come any more, [signal@Client::closed],
 * [property@Machine:connected] is `FALSE`, [property@Machine:alive] is `FALSE`, [property@Machine:outcome] is there, then
 * [signal@Machine::ended], and the callbacks of those who wait for it.
 *
 * ## Blocking and not
 *
 * Each operation comes as a pair of `_async` and `_finish`, and in a blocking form without a suffix, which runs no
 * user code and needs no main loop. When a blocking call returns, the getters are right; signals and notifications
 * follow when the main context is run.
 *
 * ## Life
 *
 * A machine that was launched is held by its run: a guest does not die because the last reference was dropped. It dies
 * with the program, unless it is to be left running. Like its client a machine belongs to the thread that made it; its last
 * reference may go in any.
 *
 * Since: 1.0
 */

GParamSpec *qmp_machine_properties[QMP_MACHINE_N_PROPS];
guint qmp_machine_signals[QMP_MACHINE_N_SIGNALS];

G_DEFINE_FINAL_TYPE (QmpMachine, qmp_machine, G_TYPE_OBJECT)

/**
 * qmp_machine_error_quark:
 *
 * The error domain of [error@MachineError].
 *
 * Returns: the domain
 *
 * Since: 1.0
 */
G_DEFINE_QUARK (QmpMachineError, qmp_machine_error)

/* How long a command of a machine waits, and its opening, unless the client is the program's. */
#define DEFAULT_TIMEOUT 30000

gboolean
qmp_machine_require_thread (QmpMachine  *self,
                            const char  *function,
                            GError     **error)
{
  if (qmp_client_is_owner_thread (self->client))
    return TRUE;

  g_critical ("%s: called in another thread than that of the machine", function);
  g_set_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_THREAD, "%s: called in another thread than that of the machine",
               function);
  return FALSE;
}

GTask *
qmp_machine_task_new (QmpMachine          *self,
                      GAsyncReadyCallback  callback,
                      gpointer             user_data,
                      gpointer             source_tag)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);

  /* Not the macro, which names the task by this argument. */
  (g_task_set_source_tag) (task, source_tag);
  return task;
}

/* --- what is told --- */

void
qmp_machine_touch (QmpMachine     *self,
                   QmpMachineProp  prop)
{
  self->changed |= 1u << prop;
  qmp_io_watch_stir (&self->todo);
}

/* Lines are made for those who listen. */
void
qmp_machine_hear (const guint8 *bytes,
                  gsize         length,
                  gpointer      machine)
{
  QmpMachine *self = machine;

  if (!g_signal_has_handler_pending (self, qmp_machine_signals[QMP_MACHINE_OUTPUT], 0, TRUE))
    return;
  qmp_lines_add (&self->lines, bytes, length);
  qmp_io_watch_stir (&self->todo);
}

void
qmp_machine_post_ending (QmpMachine       *self,
                         QmpMachineEnding *ending)
{
  g_queue_push_tail (&self->endings, ending);
  qmp_io_watch_stir (&self->todo);
}

static void
ending_free (QmpMachineEnding *ending)
{
  g_assert (ending->launching == NULL && ending->waiting.head == NULL);

  g_clear_error (&ending->failure);
  g_clear_object (&ending->outcome);
  g_free (ending);
}

static void
tell_waiting (QmpMachineWait *wait)
{
  GTask *task = g_steal_pointer (&wait->task);
  QmpOutcome *outcome = g_steal_pointer (&wait->outcome);
  GError *error = g_steal_pointer (&wait->error);

  qmp_machine_wait_free (wait);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, outcome, g_object_unref);
  g_object_unref (task);
}

/* Takes ending. */
static void
tell_ending (QmpMachine       *self,
             QmpMachineEnding *ending)
{
  GTask *task = g_steal_pointer (&ending->launching);
  QmpMachineWait *wait;

  if (ending->ready)
    g_signal_emit (self, qmp_machine_signals[QMP_MACHINE_ENDED], 0, ending->outcome);
  if (task != NULL)
    {
      g_task_return_error (task, g_steal_pointer (&ending->failure));
      g_object_unref (task);
    }
  while ((wait = g_queue_pop_head (&ending->waiting)) != NULL)
    tell_waiting (wait);
  ending_free (ending);
}

static void
tell_line (QmpMachine *self)
{
  g_autofree char *line = qmp_lines_take (&self->lines);

  g_signal_emit (self, qmp_machine_signals[QMP_MACHINE_OUTPUT], 0, line);
}

/* A link that has ended comes before what has ended with it. */
static void
tell_property (QmpMachine *self)
{
  gboolean left = !self->connected && (self->changed & 1u << QMP_MACHINE_CONNECTED) != 0;
  guint prop = left ? QMP_MACHINE_CONNECTED : (guint) g_bit_nth_lsf (self->changed, -1);

  self->changed &= ~(1u << prop);
  g_object_notify_by_pspec (G_OBJECT (self), qmp_machine_properties[prop]);
}

/* Nothing is, in a blocking call; and of the end of a link its client tells first. */
static gboolean
may_tell (QmpMachine *self)
{
  return !self->blocking && !qmp_client_has_untold_end (self->client);
}

/* There is something, but for jobs. */
static gboolean
has_untold (QmpMachine *self)
{
  return self->changed != 0 || self->migrations.untold.head != NULL || self->endings.head != NULL ||
         qmp_lines_ready (&self->lines);
}

/* Handlers may do anything: what they bring about is told in turn. */
void
qmp_machine_tell (QmpMachine *self)
{
  if (!may_tell (self))
    return;
  qmp_machine_step_migration (self);
  qmp_jobs_tell (self->jobs);
  while (may_tell (self) && has_untold (self))
    if (qmp_lines_ready (&self->lines))
      tell_line (self);
    else if (self->changed != 0)
      tell_property (self);
    else if (!qmp_machine_tell_migration (self))
      tell_ending (self, g_queue_pop_head (&self->endings));
  if (self->endings.head == NULL)
    g_clear_object (&self->held);
}

/* --- what is to be done --- */

static QmpIoNeed
todo_prepare (gpointer owner)
{
  QmpMachine *self = owner;
  gboolean wants = qmp_client_is_linked (self->client) &&
                   (qmp_status_is_due (&self->status) || qmp_machine_wants_migration (self));

  /* A filter may run a main loop within a blocking call. */
  if (!may_tell (self))
    return QMP_IO_SLEEP;
  return wants || has_untold (self) ? QMP_IO_READY : QMP_IO_SLEEP;
}

static gboolean
todo_dispatch (gpointer     owner,
               GIOCondition ready)
{
  g_autoptr(QmpMachine) self = g_object_ref (owner);

  qmp_machine_advance (self);
  if (qmp_status_is_due (&self->status))
    qmp_machine_ask_status (self);
  if (qmp_machine_wants_migration (self))
    qmp_machine_ask_migration (self);
  qmp_machine_tell (self);
  return FALSE;
}

static const QmpIoFuncs todo_funcs = { todo_prepare, todo_dispatch };

static void
status_changed (gpointer owner)
{
  QmpMachine *self = owner;

  qmp_screen_set_running (self->screen, self->status.value == QMP_MACHINE_STATUS_RUNNING);
  qmp_machine_touch (self, QMP_MACHINE_STATUS);
  qmp_machine_touch (self, QMP_MACHINE_STATUS_NAME);
  qmp_machine_touch (self, QMP_MACHINE_RUNNING);
  qmp_machine_touch (self, QMP_MACHINE_PAUSE_EVENT);
}

static void
status_wants (gpointer owner)
{
  QmpMachine *self = owner;

  if (self->status.leaving)
    qmp_machine_step_migration (self);
  else
    qmp_io_watch_stir (&self->todo);
}

static const QmpStatusFuncs status_funcs = { status_changed, status_wants };

/* --- what is seen of the client --- */

/* Takes none, so that nothing is queued. Also within a blocking call. */
static gboolean
see_event (QmpEvent *event,
           gpointer  user_data)
{
  QmpMachine *self = user_data;
  gboolean arrival_failed = qmp_migrations_event (&self->migrations, event, self->status.value);

  qmp_status_event (&self->status, event);
  if (self->run != NULL)
    qmp_end_event (&self->run->end, event);
  if (self->run != NULL && arrival_failed)
    qmp_end_arrival_failed (&self->run->end);
  return FALSE;
}

/* Before the program's own handlers, mostly: what the getters say is right. */
static void
client_closed (QmpMachine *self)
{
  g_autoptr(QmpMachine) held = g_object_ref (self);

  /* One that arrives may have finished with the machine, and is told with its end. */
  qmp_machine_see_link (self);
  while (may_tell (self) && self->endings.head == NULL && qmp_machine_tell_migration (self))
    ;
  qmp_machine_advance (self);
  qmp_jobs_tell (self->jobs);
  /* The run that is over has held it; its end is told behind them. */
  if (self->endings.head != NULL && self->held == NULL)
    self->held = g_steal_pointer (&held);
}

/* And behind them. */
static void
client_closed_after (QmpMachine *self)
{
  g_autoptr(QmpMachine) held = g_object_ref (self);

  qmp_machine_tell (self);
}

static void
runstate_changed (QmpMachine *self)
{
  qmp_machine_keep (self);
}

/* --- the object --- */

static void
qmp_machine_constructed (GObject *object)
{
  QmpMachine *self = QMP_MACHINE (object);
  /* The end and the migrations have none that the status has not. */
  g_autoptr(QmpEventMatch) match = qmp_event_match_new (qmp_status_events);

  G_OBJECT_CLASS (qmp_machine_parent_class)->constructed (object);

  if (self->client == NULL)
    {
      self->client = qmp_client_new (NULL);
      qmp_client_set_timeout (self->client, DEFAULT_TIMEOUT);
      qmp_client_set_open_timeout (self->client, DEFAULT_TIMEOUT);
    }
  self->io = qmp_io_context_ref (qmp_client_get_owner_io_context (self->client));
  qmp_io_watch_attach (&self->todo, self->io, &todo_funcs, self);
  qmp_event_match_set_filter (match, see_event, self, NULL);
  self->listener = qmp_event_listener_new_for_match (match);
  qmp_client_add_listener (self->client, self->listener);
  self->jobs = qmp_jobs_new (self->client, self->io);
  qmp_machine_init_migrations (self);
  self->screen = qmp_screen_new (self->client, self->io, self->jobs);
  qmp_client_set_companion (self->client, &qmp_machine_companion_funcs, self);
  qmp_machine_init_keeping (self);
  g_signal_connect_object (self->client, "notify::runstate", G_CALLBACK (runstate_changed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->client, "closed", G_CALLBACK (client_closed), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->client, "closed", G_CALLBACK (client_closed_after), self,
                           G_CONNECT_SWAPPED | G_CONNECT_AFTER);
}

static void
drop_ending (gpointer data)
{
  QmpMachineEnding *ending = data;
  QmpMachineWait *wait;

  /* Each task holds the machine: it was disposed of. */
  g_clear_object (&ending->launching);
  while ((wait = g_queue_pop_head (&ending->waiting)) != NULL)
    qmp_machine_wait_free (wait);
  ending_free (ending);
}

static void
qmp_machine_dispose (GObject *object)
{
  QmpMachine *self = QMP_MACHINE (object);

  if (!qmp_hand_over_begin_dispose (object, self->io))
    return;

  qmp_client_drop_companion (self->client, self);
  qmp_machine_stop_keeping (self);
  qmp_machine_drop_run (self);
  qmp_machine_drop_migrations (self);
  if (self->listener != NULL)
    qmp_client_remove_listener (self->client, self->listener);
  g_clear_object (&self->listener);
  qmp_io_watch_detach (&self->todo);
  g_queue_clear_full (&self->endings, drop_ending);
  qmp_lines_clear (&self->lines);
  g_clear_object (&self->held);

  G_OBJECT_CLASS (qmp_machine_parent_class)->dispose (object);
  qmp_hand_over_end_dispose (object, self->io);
}

static void
qmp_machine_finalize (GObject *object)
{
  QmpMachine *self = QMP_MACHINE (object);

  g_clear_object (&self->actions);
  g_clear_weak_pointer (&self->agent);
  qmp_migrations_clear (&self->migrations);
  qmp_status_clear (&self->status);
  qmp_screen_unref (self->screen);
  qmp_jobs_leave (self->jobs);
  g_free (self->name);
  g_free (self->uuid);
  g_clear_error (&self->link_error);
  g_clear_object (&self->outcome);
  g_object_unref (self->client);
  qmp_io_context_leave (self->io);
  qmp_io_context_unref (self->io);

  G_OBJECT_CLASS (qmp_machine_parent_class)->finalize (object);
}

static void
install_signals (GObjectClass *object_class)
{
  GType type = G_OBJECT_CLASS_TYPE (object_class);

  /**
   * QmpMachine::output:
   * @self: the machine
   * @line: what it has said, without the end of the line
   *
   * The process has said something on its standard error: a line of it.
   *
   * All lines of a run come before its [property@Machine:outcome], and before a launch fails; the last may have had no end. What is
   * not UTF-8 is replaced, and a line of more than 64 KiB comes in pieces. Control characters are as the process has written them,
   * which matters to who shows them in a terminal.
   *
   * It is emitted from the main context: of what is said during blocking calls the last 128 KiB are kept for it. A program that
   * does not come to read loses lines, for QEMU never waits for that; [property@Outcome:output] has the end in any case. There is
   * none of a machine that is left running ([method@Launcher.set_leave_running]) or was opened.
   *
   * Since: 1.0
   */
  qmp_machine_signals[QMP_MACHINE_OUTPUT] =
    g_signal_new ("output", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);

  /**
   * QmpMachine::ended:
   * @self: the machine
   * @outcome: how
   *
   * The machine has ended.
   *
   * Emitted once for each run that was launched or opened with success; [property@Machine:outcome] is the same. The machine
   * can be launched again from a handler.
   *
   * Since: 1.0
   */
  qmp_machine_signals[QMP_MACHINE_ENDED] =
    g_signal_new ("ended", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, QMP_TYPE_OUTCOME);

  /**
   * QmpMachine::action-failed:
   * @self: the machine
   * @name: the name of the action
   * @error: what went wrong
   *
   * One of the actions of [method@Machine.get_action_group] has failed. The detail is its name.
   *
   * Since: 1.0
   */
  qmp_machine_signals[QMP_MACHINE_ACTION_FAILED] =
    g_signal_new ("action-failed", type, G_SIGNAL_RUN_LAST | G_SIGNAL_DETAILED, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_ERROR);
}

static void
qmp_machine_class_init (QmpMachineClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  qmp_hand_over_install (object_class);
  object_class->constructed = qmp_machine_constructed;
  object_class->dispose = qmp_machine_dispose;
  object_class->finalize = qmp_machine_finalize;
  qmp_machine_install_properties (object_class);
  install_signals (object_class);
}

static void
qmp_machine_init (QmpMachine *self)
{
  qmp_status_init (&self->status, &status_funcs, self);
  self->blocking_until = G_MAXINT64;
}

/**
 * qmp_machine_new:
 * @client: (nullable): a client that is idle, or `NULL`
 *
 * Makes a machine in which nothing runs.
 *
 * Without @client it makes one, whose [property@Client:timeout] and [property@Client:open-timeout] are 30 seconds. A machine whose
 * memory is allocated before it starts may take longer: set the latter.
 *
 * Returns: (transfer full): a new machine
 *
 * Since: 1.0
 */
QmpMachine *
qmp_machine_new (QmpClient *client)
{
  g_return_val_if_fail (client == NULL || QMP_IS_CLIENT (client), NULL);

  return g_object_new (QMP_TYPE_MACHINE, "client", client, NULL);
}
