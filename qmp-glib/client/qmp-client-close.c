/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "client/qmp-client-private.h"

#include "core/qmp-task-private.h"

/* --- what is told --- */

/* A close that is done, or one with nothing to do. */
typedef struct {
  QmpInboxEntry  entry;
  GTask         *task;    /* owned */
  GError        *error;   /* owned, nullable */
} ClosedEntry;

static void
deliver_closed (QmpInboxEntry *entry,
                gpointer       owner)
{
  g_autofree ClosedEntry *closed = (ClosedEntry *) entry;
  g_autoptr(GTask) task = closed->task;

  if (closed->error != NULL)
    g_task_return_error (task, closed->error);
  else
    g_task_return_boolean (task, TRUE);
}

static const QmpInboxKind closed_kind = { .deliver = deliver_closed };

/* Takes the task; error is nullable. */
static void
post_closed (QmpClient    *self,
             GTask        *task,
             const GError *error)
{
  ClosedEntry *closed = g_new (ClosedEntry, 1);

  /* Nothing comes behind it on the wire: it may be put off. */
  *closed = (ClosedEntry) { { .kind = &closed_kind }, task, error != NULL ? g_error_copy (error) : NULL };
  qmp_inbox_post (&self->inbox, &closed->entry);
}

void
qmp_client_post_closers (QmpClient    *self,
                         GQueue       *tasks,
                         const GError *error)
{
  GTask *task;

  while ((task = g_queue_pop_head (tasks)) != NULL)
    post_closed (self, task, error);
}

/* --- closing --- */

static void
closing_done (gpointer    owner,
              QmpClosing *closing)
{
  QmpClient *self = owner;

  self->closing = NULL;
  qmp_client_end_link (self, NULL);
  if (closing->opening != NULL)
    qmp_client_post_opening (self, g_steal_pointer (&closing->opening));
  qmp_client_post_closers (self, &closing->tasks, closing->error);
  qmp_closing_unref (closing);
}

static void
drop_link (gpointer owner)
{
  qmp_client_drop_link (owner);
}

static const QmpClosingFuncs closing_funcs = { closing_done, drop_link };

void
qmp_client_abort (QmpClient *self)
{
  /* The end of a link that was just opened goes its way already. */
  if (self->ends.now != NULL)
    {
      qmp_client_drop_link (self);
      return;
    }
  if (self->opening != NULL)
    {
      qmp_client_abort_opening (self);
    }
  else if (self->closing != NULL)
    {
      qmp_closing_finish (self->closing);
      qmp_client_drop_link (self);
    }
  else if (self->link != NULL)
    {
      qmp_client_end_link (self, NULL);
      qmp_client_drop_link (self);
    }
  else
    {
      /* It may have listened. */
      qmp_state_set_runstate (&self->state, QMP_RUNSTATE_IDLE);
    }
}

/* task: nullable, taken. While steps are held. */
static void
closing_begin (QmpClient *self,
               GTask     *task)
{
  qmp_client_spoil_opening (self, NULL);
  self->closing = qmp_closing_new (self->link, &closing_funcs, self);
  if (task != NULL)
    g_queue_push_tail (&self->closing->tasks, task);
  qmp_state_set_runstate (&self->state, QMP_RUNSTATE_DISCONNECTING);
}

/* Writes, and watches in context unless that was all. */
static void
closing_flush (QmpClient    *self,
               QmpClosing   *closing,
               QmpIoContext *context,
               GCancellable *cancellable)
{
  qmp_closing_flush (closing);
  if (self->closing == closing)
    qmp_closing_watch (closing, context, self->settings.close_timeout, cancellable);
}

static void
close_in_background (QmpClient    *self,
                     GCancellable *cancellable,
                     GTask        *task)
{
  qmp_client_end_listening (self);
  if (self->ends.now != NULL || (self->opening == NULL && self->link == NULL))
    {
      /* Behind the end of a link that was not delivered yet. */
      post_closed (self, task, NULL);
    }
  else if (self->opening != NULL)
    {
      g_queue_push_tail (&self->opening->closers, task);
      qmp_client_abort_opening (self);
    }
  else if (self->closing != NULL)
    {
      g_queue_push_tail (&self->closing->tasks, task);
    }
  else
    {
      closing_begin (self, task);
      /* In the main context: a filter may begin it within a blocking call, and it outlives the call. */
      closing_flush (self, self->closing, self->io, cancellable);
    }
}

/**
 * qmp_client_close_async:
 * @self: a client
 * @cancellable: (nullable): cuts the flushing short
 * @callback: (scope async) (closure user_data): called when the client is idle
 * @user_data: data for @callback
 *
 * Writes what is queued, ends the link and goes back to `IDLE`.
 *
 * Commands that wait for their replies fail with `QMP_CLIENT_ERROR_INTERRUPTED`; whether the server ran
 * them is not known. Wait for a command's reply before closing when that matters. Flushing ends after
 * [property@Client:close-timeout] at the latest. An opening under way fails with `G_IO_ERROR_CANCELLED`.
 *
 * Closing an idle client does nothing and succeeds, and so does closing twice. Needs no particular
 * [enum@Runstate].
 *
 * Listening ([method@Client.listen]) ends first, before this returns.
 *
 * Order is: pending commands' callbacks, `notify::runstate` for `IDLE`, [signal@Client::closed] with no
 * error, @callback.
 *
 * Since: 1.0
 */
void
qmp_client_close_async (QmpClient           *self,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  gint64 created;

  g_return_if_fail (QMP_IS_CLIENT (self));
  qmp_client_return_if_foreign (self);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  qmp_state_hold (&self->state);
  close_in_background (self, cancellable,
                       qmp_task_new (qmp_io_context_get_main_context (self->io), self, callback, user_data,
                                     qmp_client_close_async, &created));
  qmp_state_release (&self->state);
  qmp_state_tell (&self->state);
}

/**
 * qmp_client_close_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Ends [method@Client.close_async].
 *
 * The client is idle after an error too. Errors are `G_IO_ERROR_TIMED_OUT`, `G_IO_ERROR_CANCELLED` and
 * `G_IO_ERROR_CONNECTION_CLOSED`: not everything that was queued could be written.
 *
 * Returns: `TRUE` if everything that was queued was written
 *
 * Since: 1.0
 */
gboolean
qmp_client_close_finish (QmpClient     *self,
                         GAsyncResult  *result,
                         GError       **error)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), FALSE);
  g_return_val_if_fail (qmp_task_is_valid (result, self, qmp_client_close_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static gboolean
close_blocking (QmpClient     *self,
                GCancellable  *cancellable,
                GError       **error)
{
  QmpClosing *closing;
  gboolean success;

  if (self->closing == NULL)
    closing_begin (self, NULL);
  closing = qmp_closing_ref (self->closing);
  qmp_client_begin_blocking (self);
  /* Which may have ended it. One that was under way goes on here, too: the main context does not run now. */
  if (!closing->done)
    closing_flush (self, closing, qmp_client_get_io_context (self), cancellable);
  while (!closing->done)
    qmp_client_iterate (self);
  qmp_client_end_blocking (self);

  success = closing->error == NULL;
  if (!success)
    g_propagate_error (error, g_steal_pointer (&closing->error));
  qmp_closing_unref (closing);
  return success;
}

/**
 * qmp_client_close:
 * @self: a client
 * @cancellable: (nullable): cuts the flushing short
 * @error: where to store an error
 *
 * Writes what is queued, ends the link and goes back to `IDLE`; blocks until done.
 *
 * The blocking form of [method@Client.close_async]. [property@Client:runstate] is `IDLE` when it returns;
 * callbacks of other calls, handlers of its change and [signal@Client::closed] follow from the client's main context.
 *
 * Returns: `TRUE` if everything that was queued was written
 *
 * Since: 1.0
 */
gboolean
qmp_client_close (QmpClient     *self,
                  GCancellable  *cancellable,
                  GError       **error)
{
  g_autoptr(QmpClient) keep = NULL;
  gboolean success = TRUE;

  g_return_val_if_fail (QMP_IS_CLIENT (self), FALSE);
  qmp_client_return_val_if_foreign (self, FALSE, error);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);

  if (!qmp_client_may_block (self, "close", error))
    return FALSE;
  /* A filter may drop the last reference. */
  keep = g_object_ref (self);
  qmp_state_hold (&self->state);
  qmp_client_end_listening (self);
  if (self->opening != NULL)
    {
      QmpOpening *opening = self->opening;

      if (self->ends.now == NULL)
        qmp_client_abort_opening (self);
      qmp_client_apply_opening (self, opening);
    }
  else if (self->ends.now == NULL && self->link != NULL)
    {
      success = close_blocking (self, cancellable, error);
    }
  qmp_client_settle_runstate (self);
  qmp_state_release (&self->state);
  qmp_io_context_drop_handed_over (self->io);
  return success;
}
