/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-machine-list-private.h"

#include <glib/gi18n-lib.h>

#include "core/qmp-cancellation-private.h"
#include "machine/qmp-machine-private.h"
#include "machine/qmp-machine-result-private.h"

/* All machines of a list are brought to their end, some at a time, each by the stages of its own. */

typedef struct {
  GPtrArray        *entries;       /* of QmpMachineEntry: as they were in the list */
  GPtrArray        *results;       /* of QmpMachineResult, at the same places; NULL until there is one */
  QmpShutDownFlags  flags;
  int               quit;
  gint64            ask_until;     /* monotonic microseconds; G_MAXINT64: for ever */
  gint64            quit_until;
  guint             max_parallel;
  guint             next;          /* which of them has not begun yet */
  guint             n_running;
  GCancellable     *cancellable;   /* nullable, owned */
} All;

static void
unref_result (gpointer result)
{
  if (result != NULL)
    g_object_unref (result);
}

static void
free_results (gpointer results)
{
  g_list_free_full (results, g_object_unref);
}

static gint64
get_deadline (gint64 from,
              int    milliseconds)
{
  return milliseconds < 0 || from == G_MAXINT64 ? G_MAXINT64 : from + milliseconds * (gint64) 1000;
}

static int
get_remaining (gint64 until)
{
  if (until == G_MAXINT64)
    return QMP_TIMEOUT_NONE;
  return (int) CLAMP ((until - g_get_monotonic_time () + 999) / 1000, 0, G_MAXINT);
}

static All *
all_new (QmpMachineList   *list,
         QmpShutDownFlags  flags,
         int               ask,
         int               quit,
         guint             max_parallel,
         GCancellable     *cancellable)
{
  All *self = g_new0 (All, 1);

  self->entries = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < list->members->len; i++)
    g_ptr_array_add (self->entries, g_object_ref (((QmpMachineMember *) list->members->pdata[i])->entry));
  self->results = g_ptr_array_new_with_free_func (unref_result);
  g_ptr_array_set_size (self->results, self->entries->len);
  self->flags = flags;
  self->quit = quit;
  self->ask_until = get_deadline (g_get_monotonic_time (), ask);
  self->quit_until = get_deadline (self->ask_until, quit);
  self->max_parallel = max_parallel > 0 ? max_parallel : G_MAXUINT;
  g_set_object (&self->cancellable, cancellable);
  return self;
}

static void
all_free (gpointer data)
{
  All *self = data;

  g_ptr_array_unref (self->entries);
  g_ptr_array_unref (self->results);
  g_clear_object (&self->cancellable);
  g_free (self);
}

static gboolean
has_next (All *self)
{
  return self->next < self->entries->len && self->n_running < self->max_parallel &&
         !g_cancellable_is_cancelled (self->cancellable);
}

static QmpMachine *
get_machine (All   *self,
             guint  i)
{
  return qmp_machine_entry_get_machine (self->entries->pdata[i]);
}

/* Who began before the time for asking was over has all the time for quitting behind it, which ends no later. */
static int
get_quit (All *self)
{
  return g_get_monotonic_time () < self->ask_until ? self->quit : get_remaining (self->quit_until);
}

/* Takes outcome and error, of which one is NULL. Why there is no machine is told by its entry. */
static void
set_result (All        *self,
            guint       i,
            QmpOutcome *outcome,
            GError     *error)
{
  const GError *cause = qmp_machine_entry_get_error (self->entries->pdata[i]);

  if (cause != NULL && g_error_matches (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_ENDED))
    {
      g_error_free (error);
      error = g_error_copy (cause);
    }
  self->results->pdata[i] = qmp_machine_result_new (self->entries->pdata[i], outcome, error);
}

static GList *
steal_results (All *self)
{
  GList *results = NULL;

  for (guint i = self->results->len; i > 0; i--)
    results = g_list_prepend (results, g_steal_pointer (&self->results->pdata[i - 1]));
  return results;
}

/* --- in the background --- */

typedef struct {
  GTask *task;  /* owned */
  guint  i;
} One;

static void begin (GTask *task);

static void
ended_cb (GObject      *machine,
          GAsyncResult *result,
          gpointer      user_data)
{
  One *one = user_data;
  g_autoptr(GTask) task = one->task;
  All *self = g_task_get_task_data (task);
  GError *error = NULL;
  QmpOutcome *outcome = qmp_machine_shut_down_finish (QMP_MACHINE (machine), result, &error);

  set_result (self, one->i, outcome, error);
  g_free (one);
  self->n_running--;
  begin (task);
}

static void
return_all (GTask *task)
{
  All *self = g_task_get_task_data (task);

  if (g_cancellable_is_cancelled (self->cancellable))
    g_task_return_error (task, qmp_cancellation_make_error (self->cancellable));
  else
    g_task_return_pointer (task, steal_results (self), free_results);
}

static void
begin (GTask *task)
{
  All *self = g_task_get_task_data (task);

  while (has_next (self))
    {
      One *one = g_new (One, 1);

      *one = (One) { g_object_ref (task), self->next++ };
      self->n_running++;
      qmp_machine_shut_down_async (get_machine (self, one->i), self->flags, get_remaining (self->ask_until), get_quit (self),
                                   self->cancellable, ended_cb, one);
    }
  if (self->n_running == 0)
    return_all (task);
}

/* --- blocking --- */

/* The machine of an entry, while it is waited for. */
typedef struct {
  QmpMachine     *machine;  /* nullable, borrowed */
  QmpMachineWait  wait;
} Block;

static void
end_one (All   *self,
         Block *block,
         guint  i)
{
  QmpMachine *machine = g_steal_pointer (&block->machine);

  qmp_machine_companion_funcs.end (machine);
  qmp_client_end_serving (qmp_machine_get_client (machine));
  if (block->wait.run != NULL)
    qmp_machine_leave_wait (machine, &block->wait);
  else
    set_result (self, i, g_steal_pointer (&block->wait.outcome), g_steal_pointer (&block->wait.error));
  self->n_running--;
}

static void
wait_for (All        *self,
          QmpMachine *machine,
          Block      *block)
{
  block->wait = (QmpMachineWait) { .run = machine->run, .shuts_down = TRUE };
  g_queue_push_tail (&machine->run->waiting, &block->wait);
  qmp_shutdown_join (&machine->run->shutdown, &block->wait.caller, self->flags, get_remaining (self->ask_until),
                     get_quit (self), g_get_monotonic_time ());
}

static void
begin_one (All   *self,
           Block *block,
           guint  i)
{
  QmpMachine *machine = get_machine (self, i);
  QmpClient *client = qmp_machine_get_client (machine);
  GError *error = NULL;

  if (!qmp_client_may_block (client, "shut down", &error))
    {
      set_result (self, i, NULL, error);
      return;
    }
  block->machine = machine;
  self->n_running++;
  /* Filters run here: its run may end. */
  qmp_client_begin_serving (client);
  qmp_machine_companion_funcs.begin (machine);
  if (machine->run != NULL)
    wait_for (self, machine, block);
  else
    block->wait.error = g_error_new_literal (QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_ENDED, _("No machine runs here"));
}

/* Begins some, and ends those that are over. */
static void
turn (All   *self,
      Block *blocks)
{
  for (; has_next (self); self->next++)
    begin_one (self, &blocks[self->next], self->next);
  for (guint i = 0; i < self->next; i++)
    {
      if (blocks[i].machine != NULL)
        qmp_machine_companion_funcs.turn (blocks[i].machine);
      if (blocks[i].machine != NULL && blocks[i].wait.run == NULL)
        end_one (self, &blocks[i], i);
    }
}

static QmpMachine *
find_running (All   *self,
              Block *blocks)
{
  for (guint i = 0; i < self->next; i++)
    if (blocks[i].machine != NULL)
      return blocks[i].machine;
  return NULL;
}

static gboolean
wake_cb (GCancellable *cancellable,
         gpointer      user_data)
{
  return G_SOURCE_REMOVE;
}

/* Ends the sleep. Nullable. */
static GSource *
watch_cancellable (All       *self,
                   QmpClient *client)
{
  GSource *source;

  if (self->cancellable == NULL)
    return NULL;
  source = g_cancellable_source_new (self->cancellable);
  g_source_set_callback (source, G_SOURCE_FUNC (wake_cb), NULL, NULL);
  g_source_attach (source, qmp_io_context_get_main_context (qmp_client_get_io_context (client)));
  return source;
}

static void
sleep_once (All        *self,
            QmpMachine *machine)
{
  QmpClient *client = qmp_machine_get_client (machine);
  GSource *cancellation = watch_cancellable (self, client);

  qmp_client_serve_all (client);
  if (cancellation == NULL)
    return;
  g_source_destroy (cancellation);
  g_source_unref (cancellation);
}

static void
block_all (All *self)
{
  g_autofree Block *blocks = g_new0 (Block, self->entries->len);
  QmpMachine *running;

  turn (self, blocks);
  while (((running = find_running (self, blocks)) != NULL && !g_cancellable_is_cancelled (self->cancellable)) || has_next (self))
    {
      if (!has_next (self))
        sleep_once (self, running);
      turn (self, blocks);
    }
  for (guint i = 0; i < self->next; i++)
    if (blocks[i].machine != NULL)
      end_one (self, &blocks[i], i);
}

/* --- the public face --- */

static gboolean
require_thread (QmpMachineList  *self,
                const char      *function,
                GError         **error)
{
  if (qmp_io_context_is_entered (self->io))
    return TRUE;
  g_critical ("%s: called in another thread than that of the list", function);
  g_set_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_THREAD, "%s: called in another thread than that of the list", function);
  return FALSE;
}

/**
 * qmp_machine_list_shut_down_all_async:
 * @self: a list
 * @flags: how
 * @ask: how long the guests may take to turn themselves off, in milliseconds; 0 does not ask them, -1 waits for ever
 * @quit: how long the QEMUs may take to quit, in milliseconds; 0 does not tell them, -1 waits for ever
 * @max_parallel: how many at most are shut down at a time; 0 for all at once
 * @cancellable: (nullable): to cancel it
 * @callback: (scope async) (closure user_data): called when all have ended, or could not be brought to an end
 * @user_data: data for @callback
 *
 * Brings all machines of the list to their end, each in the stages of [method@Machine.shut_down_async].
 *
 * There is one deadline for all: @ask begins now, and @quit behind it. A machine whose turn comes late has less time, and behind both it is killed
 * at once, if its process is known. A machine that does not answer is in the way of others only as it is one of @max_parallel.
 *
 * It concerns what is in the list now. When it is cancelled it goes no further, with any of them; what has been sent is not taken back.
 *
 * Since: 1.0
 */
void
qmp_machine_list_shut_down_all_async (QmpMachineList      *self,
                                      QmpShutDownFlags     flags,
                                      int                  ask,
                                      int                  quit,
                                      guint                max_parallel,
                                      GCancellable        *cancellable,
                                      GAsyncReadyCallback  callback,
                                      gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;

  g_return_if_fail (QMP_IS_MACHINE_LIST (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  if (!require_thread (self, G_STRFUNC, NULL))
    return;

  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, qmp_machine_list_shut_down_all_async);
  g_task_set_task_data (task, all_new (self, flags, ask, quit, max_parallel, cancellable), all_free);
  begin (task);
}

/**
 * qmp_machine_list_shut_down_all_finish:
 * @self: a list
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@MachineList.shut_down_all_async].
 *
 * That a machine could not be brought to its end is not an error of this call, but one of its result: those of
 * [method@Machine.shut_down_finish], or why it is not open, which is its [property@MachineEntry:error].
 *
 * Fails with `G_IO_ERROR_CANCELLED`. What has ended until then has its [property@Machine:outcome].
 *
 * Returns: (transfer full) (element-type QmpMachineResult): one for each machine, in the order of the list, `NULL` if it is empty; `NULL` with
 *   @error set
 *
 * Since: 1.0
 */
GList *
qmp_machine_list_shut_down_all_finish (QmpMachineList  *self,
                                       GAsyncResult    *result,
                                       GError         **error)
{
  g_return_val_if_fail (QMP_IS_MACHINE_LIST (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_machine_list_shut_down_all_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * qmp_machine_list_shut_down_all:
 * @self: a list
 * @flags: how
 * @ask: how long the guests may take to turn themselves off, in milliseconds; 0 does not ask them, -1 waits for ever
 * @quit: how long the QEMUs may take to quit, in milliseconds; 0 does not tell them, -1 waits for ever
 * @max_parallel: how many at most are shut down at a time; 0 for all at once
 * @cancellable: (nullable): to cancel it
 * @error: return location for an error
 *
 * Brings all machines of the list to their end, and blocks meanwhile.
 *
 * The blocking form of [method@MachineList.shut_down_all_async], with the errors of [method@MachineList.shut_down_all_finish]. What is not open
 * is not opened.
 *
 * Returns: (transfer full) (element-type QmpMachineResult): one for each machine, in the order of the list, `NULL` if it is empty; `NULL` with
 *   @error set
 *
 * Since: 1.0
 */
GList *
qmp_machine_list_shut_down_all (QmpMachineList    *self,
                                QmpShutDownFlags   flags,
                                int                ask,
                                int                quit,
                                guint              max_parallel,
                                GCancellable      *cancellable,
                                GError           **error)
{
  g_autoptr(QmpMachineList) held = NULL;
  GList *results = NULL;
  All *all;

  g_return_val_if_fail (QMP_IS_MACHINE_LIST (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  if (!require_thread (self, G_STRFUNC, error))
    return NULL;

  held = g_object_ref (self);
  all = all_new (self, flags, ask, quit, max_parallel, cancellable);
  block_all (all);
  if (!g_cancellable_set_error_if_cancelled (cancellable, error))
    results = steal_results (all);
  all_free (all);
  return results;
}
