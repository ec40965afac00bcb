/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-machine-private.h"

#include <glib/gi18n-lib.h>
#include <signal.h>
#include <unistd.h>

/* One run, from its process or its link to its end. */

/* --- what goes on --- */

static void
advance_and_tell (gpointer owner)
{
  g_autoptr(QmpMachine) self = g_object_ref (owner);

  qmp_machine_advance (self);
  qmp_machine_tell (self);
}

static void
process_ended (gpointer owner)
{
  QmpMachine *self = owner;

  qmp_end_process_over (&self->run->end, g_get_monotonic_time ());
  advance_and_tell (self);
}

gint64
qmp_machine_get_until (QmpMachine *self)
{
  QmpRun *run = self->run;
  gint64 until = self->blocking_until;

  if (run == NULL)
    return until;
  if (self->ask_status_at != 0)
    until = MIN (until, self->ask_status_at);
  if (self->ask_migration_at != 0)
    until = MIN (until, self->ask_migration_at);
  /* What ends anyway is not shut down any further. */
  return MIN (until, run->end.until != 0 ? run->end.until : qmp_shutdown_get_until (&run->shutdown));
}

static void
set_alarm_in (QmpMachine   *self,
              QmpIoContext *context)
{
  gint64 until = qmp_machine_get_until (self);

  qmp_io_timer_clear (&self->alarm);
  if (until != G_MAXINT64)
    qmp_io_timer_set (&self->alarm, context, until, advance_and_tell, self);
}

/* Where it waits at the moment. A filter may do anything within a blocking call of the client alone, which does not move what the
 * machine waits for, and does not bring it back. */
static QmpIoContext *
get_context (QmpMachine *self)
{
  return self->blocking ? qmp_client_get_io_context (self->client) : self->io;
}

void
qmp_machine_set_alarm (QmpMachine *self)
{
  set_alarm_in (self, get_context (self));
}

static void
watch (QmpMachine   *self,
       QmpIoContext *context)
{
  if (self->run->process != NULL)
    qmp_process_attach (self->run->process, context, process_ended, self);
  if (self->run->output != NULL)
    qmp_output_attach (self->run->output, context);
}

void
qmp_machine_attach (QmpMachine   *self,
                    QmpIoContext *context)
{
  if (self->run != NULL)
    watch (self, context);
  set_alarm_in (self, context);
}

gboolean
qmp_machine_require_monitor (QmpMachine  *self,
                             GError     **error)
{
  if (qmp_client_is_linked (self->client))
    return TRUE;
  if (self->run == NULL)
    g_set_error_literal (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_ENDED, _("No machine runs here"));
  else if (self->link_error == NULL)
    g_set_error_literal (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE, _("The machine is not connected"));
  else
    g_set_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE, _("The machine is not connected: %s"),
                 self->link_error->message);
  return FALSE;
}

/* --- its beginning --- */

QmpRun *
qmp_machine_begin_run (QmpMachine  *self,
                       QmpLaunched *launched)
{
  QmpRun *run = g_new0 (QmpRun, 1);

  g_assert (self->run == NULL);

  qmp_migrations_forget (&self->migrations);
  self->run = run;
  run->number = ++self->n_runs;
  run->agent_fd = -1;
  if (launched == NULL)
    return run;

  run->launched = TRUE;
  run->left = launched->listening != NULL;
  run->listening = launched->listening;
  run->output = launched->output;
  if (run->output != NULL)
    qmp_output_set_func (run->output, qmp_machine_hear, self);
  run->agent_fd = launched->agent_fd;
  /* A guest does not die because nobody looks at it. */
  g_object_ref (self);
  qmp_machine_watch_process (self, launched->process);
  return run;
}

void
qmp_machine_watch_process (QmpMachine *self,
                           QmpProcess *process)
{
  QmpRun *run = self->run;

  g_clear_pointer (&run->process, qmp_process_free);
  run->process = process;
  run->end.has_process = TRUE;
  watch (self, get_context (self));
  qmp_machine_touch (self, QMP_MACHINE_PID);
  qmp_machine_touch (self, QMP_MACHINE_ALIVE);
}

void
qmp_machine_set_ready (QmpMachine *self)
{
  QmpRun *run = self->run;

  run->ready = TRUE;
  qmp_machine_update_hold (self);
  if (run->listening != NULL)
    qmp_listening_leave (g_steal_pointer (&run->listening));
  /* The link may have ended behind what mattered. */
  if (self->connected || !run->linked)
    return;
  self->connected = TRUE;
  qmp_machine_set_link_error (self, NULL);
  qmp_machine_touch (self, QMP_MACHINE_CONNECTED);
}

/* --- the end of its link --- */

static gboolean
is_same_error (const GError *error,
               const GError *other)
{
  if (error == NULL || other == NULL)
    return error == other;
  return g_error_matches (error, other->domain, other->code) && g_str_equal (error->message, other->message);
}

void
qmp_machine_set_link_error (QmpMachine   *self,
                            const GError *error)
{
  if (is_same_error (error, self->link_error))
    return;
  g_clear_error (&self->link_error);
  self->link_error = error != NULL ? g_error_copy (error) : NULL;
  qmp_machine_touch (self, QMP_MACHINE_LINK_ERROR);
}

/* Over another link it may be spoken to again. Otherwise a launched machine has the one. */
static gboolean
can_be_opened_again (QmpMachine *self)
{
  return self->run->left ? self->run->ready : !self->run->launched;
}

/* A process whose monitor has hung up is about to end, unless that can be had again, and the end of the process will be seen. */
static void
lose_link (QmpMachine *self)
{
  const GError *error = qmp_client_get_last_error (self->client);
  gboolean hung_up = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  gboolean again = can_be_opened_again (self);

  self->run->linked = FALSE;
  qmp_screen_forget (self->screen);
  qmp_end_link_over (&self->run->end, hung_up && !(again && (self->run->left || self->keeping.address != NULL)),
                     g_get_monotonic_time ());
  if (!again)
    {
      qmp_jobs_lose (self->jobs);
      qmp_migrations_lose (&self->migrations);
    }
  self->ask_status_at = self->ask_migration_at = 0;
  qmp_machine_update_hold (self);
  qmp_machine_set_link_error (self, error);
  if (!self->connected)
    return;
  self->connected = FALSE;
  qmp_machine_touch (self, QMP_MACHINE_CONNECTED);
}

void
qmp_machine_see_link (QmpMachine *self)
{
  if (self->run != NULL && self->run->linked && !qmp_client_is_linked (self->client))
    lose_link (self);
}

/* --- its end --- */

static void
run_free (QmpMachine *self,
          QmpRun     *run)
{
  if (run->process != NULL)
    qmp_process_abandon (run->process, self->io, !run->left || !run->ready);
  g_clear_pointer (&run->listening, qmp_listening_free);
  g_clear_pointer (&run->output, qmp_output_free);
  qmp_end_clear (&run->end);
  qmp_shutdown_clear (&run->shutdown);
  g_clear_error (&run->failure);
  g_free (run->refusal);
  g_clear_object (&run->launching);
  if (run->agent_fd >= 0)
    close (run->agent_fd);
  g_free (run);
}

static QmpOutcome *
make_outcome (QmpRun *run)
{
  g_autofree char *output = NULL;
  QmpOutcomeFacts facts = {
    .reason = run->end.reason,
    .by_guest = run->end.by_guest,
    .by_us = run->by_us,
    .stage = run->shutdown.stage,
    .process = run->process != NULL ? qmp_process_get_end (run->process) : NULL,
  };

  if (run->output != NULL)
    {
      qmp_output_drain (run->output);
      facts.output = output = qmp_output_dup_text (run->output);
    }
  return qmp_outcome_new (&facts);
}

/* What went wrong, as a sentence. If it is the process that has hung up, then how that has ended says more. */
static char *
describe_failure (QmpOutcome   *outcome,
                  const GError *failure)
{
  int signal_number = qmp_outcome_get_signal (outcome);
  int exit_status = qmp_outcome_get_exit_status (outcome);

  if (g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED) && signal_number != 0)
    return g_strdup_printf (_("The machine could not be launched: signal %d has ended its process"), signal_number);
  if (g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED) && exit_status >= 0)
    return g_strdup_printf (_("The machine could not be launched: its process has ended with exit status %d"),
                            exit_status);
  return g_strdup_printf (_("The machine could not be launched: %s"), failure->message);
}

/* With all that the process has said. Takes failure. */
static GError *
explain_failure (QmpOutcome *outcome,
                 GError     *failure)
{
  g_autofree char *output = g_strchomp (g_strdup (qmp_outcome_get_output (outcome)));
  g_autofree char *what = NULL;
  GError *error;

  if (g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_CANCELLED) || failure->domain == G_SPAWN_ERROR)
    return failure;
  what = describe_failure (outcome, failure);
  error = g_error_new (QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_LAUNCH, output[0] != '\0' ? "%s\n%s" : "%s%s", what, output);
  g_error_free (failure);
  return error;
}

static void
take_waiting (QmpRun           *run,
              QmpMachineEnding *ending)
{
  QmpMachineWait *wait;

  while ((wait = g_queue_pop_head (&run->waiting)) != NULL)
    {
      wait->run = NULL;
      wait->outcome = g_object_ref (ending->outcome);
      qmp_machine_wait_end_cancellation (wait);
      if (wait->task != NULL)
        g_queue_push_tail (&ending->waiting, wait);
    }
}

/* Whoever launches is told of why that has failed. */
static void
take_failure (QmpRun           *run,
              QmpMachineEnding *ending)
{
  GError *error;

  if (run->failure == NULL)
    return;
  error = explain_failure (ending->outcome, g_steal_pointer (&run->failure));
  if (run->launching != NULL)
    {
      ending->failure = error;
      ending->launching = g_steal_pointer (&run->launching);
    }
  else if (run->fails != NULL)
    *run->fails = error;
}

/* Somebody else has the other end of it. */
static void
leave_link (QmpMachine *self)
{
  QmpRun *run = self->run;

  if (run->linked)
    lose_link (self);
  if ((run->launching != NULL || run->fails != NULL) && run->failure == NULL)
    run->failure = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, _("The process has ended"));
  if (qmp_client_is_linked (self->client) ||
      (qmp_client_get_runstate (self->client) == QMP_RUNSTATE_CONNECTING && self->keeping.attempt == NULL))
    qmp_client_close_async (self->client, NULL, NULL, NULL);
}

/* If not even that was said. */
static void
note_arrival (QmpMachine *self)
{
  QmpRun *run = self->run;
  const QmpProcessEnd *end = run->process != NULL ? qmp_process_get_end (run->process) : NULL;

  if (run->end.reason == NULL && end != NULL && end->known && end->signal == 0 && end->exit_status != 0 &&
      qmp_migrations_is_arriving (&self->migrations))
    qmp_end_arrival_failed (&run->end);
}

/* The program could not even be executed: there was no machine. */
static gboolean
is_stillborn (QmpRun *run)
{
  GError *error = run->process != NULL ? qmp_process_explain (run->process) : NULL;

  if (error == NULL)
    return FALSE;
  if (run->failure == NULL || g_error_matches (run->failure, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_error_free (error);
      return TRUE;
    }
  g_error_free (run->failure);
  run->failure = error;
  return TRUE;
}

/* It is known that the process has ended. */
static gboolean
is_certain (QmpOutcome *outcome)
{
  return qmp_outcome_get_reason (outcome) != QMP_OUTCOME_REASON_LOST;
}

/* Whether or not there is a link. */
static void
end_run (QmpMachine *self)
{
  QmpMachineEnding *ending = g_new0 (QmpMachineEnding, 1);
  QmpRun *run;
  gboolean launched;

  note_arrival (self);
  run = g_steal_pointer (&self->run);
  launched = run->launched;
  qmp_io_timer_clear (&self->alarm);
  ending->outcome = make_outcome (run);
  qmp_lines_end (&self->lines);
  ending->ready = run->ready;
  if (!is_stillborn (run))
    {
      g_set_object (&self->outcome, ending->outcome);
      qmp_machine_touch (self, QMP_MACHINE_OUTCOME);
    }
  qmp_status_forget (&self->status);
  qmp_jobs_lose (self->jobs);
  qmp_migrations_end (&self->migrations, qmp_outcome_get_output (ending->outcome), is_certain (ending->outcome));
  if (run->process != NULL)
    {
      qmp_machine_touch (self, QMP_MACHINE_PID);
      qmp_machine_touch (self, QMP_MACHINE_ALIVE);
    }
  if (run->shutdown.stage != QMP_SHUT_DOWN_STAGE_NONE)
    qmp_machine_touch (self, QMP_MACHINE_SHUT_DOWN_STAGE);
  take_failure (run, ending);
  take_waiting (run, ending);
  qmp_machine_post_ending (self, ending);
  run_free (self, run);
  qmp_machine_keep (self);
  if (launched)
    g_object_unref (self);
}

static void
finish (QmpMachine *self)
{
  leave_link (self);
  end_run (self);
}

void
qmp_machine_advance (QmpMachine *self)
{
  if (self->run == NULL)
    return;
  /* In the background the client tells of it first. */
  if (self->blocking || !qmp_client_has_untold_end (self->client))
    qmp_machine_see_link (self);
  if (qmp_end_is_over (&self->run->end, g_get_monotonic_time ()))
    {
      finish (self);
      return;
    }
  qmp_machine_step_migration (self);
  qmp_machine_step_shutdown (self);
  qmp_machine_set_alarm (self);
}

/* A process that has ended is not at the other end of a link that begins, though nobody was told of its end yet. */
void
qmp_machine_take_link (QmpMachine *self)
{
  if (self->run != NULL && self->run->process != NULL && qmp_process_check (self->run->process))
    end_run (self);
  if (self->run == NULL)
    qmp_machine_begin_run (self, NULL);
  self->run->linked = TRUE;
  qmp_end_link_begun (&self->run->end);
}

void
qmp_machine_lose_run (QmpMachine *self)
{
  if (self->run == NULL)
    return;
  end_run (self);
}

void
qmp_machine_fail_launch (QmpMachine *self,
                         GError     *error)
{
  QmpRun *run = self->run;
  gboolean hung_up = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);

  run->failure = error;
  /* If it has hung up it is about to end, and its exit status tells more than a signal. */
  if (!hung_up)
    qmp_process_kill (run->process, SIGKILL);
  run->linked = FALSE;
  qmp_end_link_over (&run->end, TRUE, g_get_monotonic_time ());
  qmp_machine_advance (self);
}

void
qmp_machine_drop_run (QmpMachine *self)
{
  QmpRun *run = g_steal_pointer (&self->run);
  QmpMachineWait *wait;
  gboolean launched;

  qmp_io_timer_clear (&self->alarm);
  if (run == NULL)
    return;
  /* Who waits, waits in vain: each task holds the machine, so this is a program that disposes of what is in use. Blocking
   * calls return. */
  while ((wait = g_queue_pop_head (&run->waiting)) != NULL)
    {
      wait->run = NULL;
      if (wait->task != NULL)
        qmp_machine_wait_free (wait);
      else
        wait->error = g_error_new_literal (QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_ENDED, _("The machine was disposed of"));
    }
  if (run->fails != NULL)
    *run->fails = g_error_new_literal (QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_LAUNCH,
                                       _("The machine was disposed of while it was launched"));
  run->shutdown = (QmpShutdown) { 0 };
  launched = run->launched;
  run_free (self, run);
  if (launched)
    g_object_unref (self);
}

void
qmp_machine_give_link_up (QmpMachine *self)
{
  QmpRun *run = self->run;

  if (run == NULL || run->ready || run->launched || run->process != NULL || run->waiting.head != NULL)
    return;
  qmp_machine_drop_run (self);
  qmp_status_forget (&self->status);
  qmp_jobs_lose (self->jobs);
}

/* --- in blocking calls of others --- */

static gboolean
has_to_go_on (gpointer data)
{
  QmpMachine *self = data;

  return self->run != NULL && self->run->shutdown.callers.head != NULL;
}

static void
accompany (gpointer data)
{
  QmpMachine *self = g_object_ref (data);

  self->was_blocking = self->blocking;
  self->blocking = TRUE;
  qmp_machine_attach (self, qmp_client_get_io_context (self->client));
}

/* A command is left to the machine's own blocking call, if there is one, and else goes out now. */
static void
go_on (gpointer data)
{
  QmpMachine *self = data;

  qmp_machine_advance (self);
  if (self->was_blocking)
    return;
  self->blocking = FALSE;
  qmp_machine_pass_step_on (self);
  self->blocking = TRUE;
}

static void
part (gpointer data)
{
  g_autoptr(QmpMachine) self = data;

  self->blocking = self->was_blocking;
  qmp_machine_attach (self, self->io);
  qmp_io_watch_stir (&self->todo);
}

const QmpCompanionFuncs qmp_machine_companion_funcs = { has_to_go_on, accompany, go_on, part };

/* --- blocking --- */

typedef struct {
  QmpMachine  *self;
  gboolean  (* is_done) (gpointer data);
  gpointer     data;
} Block;

static void
block_attach (gpointer      data,
              QmpIoContext *context)
{
  qmp_machine_attach (((Block *) data)->self, context);
}

/* A command is to be executed, which cannot be done while the link is served. */
static gboolean
has_to_act (QmpMachine *self)
{
  if (!qmp_client_is_linked (self->client))
    return FALSE;
  return (self->run != NULL && self->run->step != QMP_SHUTDOWN_NOTHING) ||
         qmp_status_is_due (&self->status) || qmp_machine_wants_migration (self);
}

static gboolean
block_is_done (gpointer data)
{
  Block *block = data;

  qmp_machine_advance (block->self);
  return block->is_done (block->data) || has_to_act (block->self);
}

static const QmpServeFuncs serve_funcs = { block_attach, block_is_done };

int
qmp_machine_get_remaining (QmpMachine *self)
{
  gint64 until = qmp_machine_get_until (self);

  if (until == G_MAXINT64)
    return QMP_TIMEOUT_CLIENT;
  return (int) CLAMP ((until - g_get_monotonic_time () + 999) / 1000, 1, G_MAXINT);
}

static void
act (QmpMachine   *self,
     GCancellable *cancellable)
{
  if (self->run != NULL && self->run->step != QMP_SHUTDOWN_NOTHING)
    qmp_machine_take_step (self, cancellable);
  else if (qmp_machine_wants_migration (self))
    qmp_machine_read_migration (self, qmp_machine_get_remaining (self), cancellable);
  else
    qmp_machine_read_status (self, qmp_machine_get_remaining (self), cancellable, NULL);
}

gboolean
qmp_machine_block (QmpMachine    *self,
                   gboolean    (* is_done) (gpointer data),
                   gpointer       data,
                   GCancellable  *cancellable,
                   GError       **error)
{
  g_autoptr(QmpMachine) held = g_object_ref (self);
  Block block = { self, is_done, data };
  gboolean outer = self->blocking;
  gboolean served;

  self->blocking = TRUE;
  while ((served = qmp_client_serve (self->client, &serve_funcs, &block, cancellable, error)) && !is_done (data))
    act (self, cancellable);
  self->blocking = outer;
  qmp_machine_pass_step_on (self);
  qmp_io_watch_stir (&self->todo);
  return served;
}
