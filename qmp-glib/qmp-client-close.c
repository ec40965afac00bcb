/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "qmp-client-private.h"

#include <glib/gi18n-lib.h>

/* --- the end of the link --- */

void
qmp_client_close_transport (QmpClient *self)
{
  QmpCall *call;

  if (self->transport == NULL)
    return;

  /* Everything that came has been offered: who still waits, waits in vain. */
  if (self->ending != NULL)
    self->ending->waiters = g_slist_concat (self->ending->waiters, qmp_client_steal_waiters (self));

  while ((call = qmp_calls_end_next (self->calls, "")) != NULL)
    qmp_call_free (call);
  qmp_client_agent_end (self);
  g_clear_pointer (&self->transport, qmp_transport_close);
}

/* Into the inbox: that it ends, the end of each call that pends, that it has ended, and everybody who waits
 * for that. cause: nullable, our own close. The transport is left for its dispatch to be closed behind. */
static void
end_link (QmpClient    *self,
          const GError *cause)
{
  QmpEnding *ending = g_rc_box_new0 (QmpEnding);
  const char *why = cause != NULL ? cause->message : _("the client was closed");
  QmpCall *call;

  ending->cause = cause != NULL ? g_error_copy (cause) : NULL;
  g_free (self->last_cause);
  self->last_cause = g_strdup (why);
  self->ending = ending;
  /* A server that left and comes again at once waits for the next accept. */
  qmp_client_turn_peers_away (self, FALSE);
  qmp_client_post_ending (self, ending);
  qmp_client_end_waits (self);
  while ((call = qmp_calls_end_next (self->calls, why)) != NULL)
    qmp_client_call_done (self, call);
  qmp_client_post_ended (self, g_rc_box_acquire (ending));
}

static void
closing_clear (QmpClosing *closing)
{
  g_clear_error (&closing->error);
}

static void
closing_unref (QmpClosing *closing)
{
  g_rc_box_release_full (closing, (GDestroyNotify) closing_clear);
}

/* Flushed, or flushing has no point any more. */
static void
finish_closing (QmpClient *self)
{
  QmpClosing *closing = g_steal_pointer (&self->closing);
  GTask *task;

  if (closing->error == NULL && qmp_transport_has_lost (self->transport))
    closing->error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                                          _("The connection ended before all that was queued could be sent"));
  end_link (self, NULL);
  qmp_clear_source (&closing->deadline);
  qmp_clear_source (&closing->cancellation);
  while ((task = g_queue_pop_head (&closing->tasks)) != NULL)
    qmp_client_post_closed_task (self, task, closing->error != NULL ? g_error_copy (closing->error) : NULL);
  closing->done = TRUE;
  closing_unref (closing);
}

void
qmp_client_link_ended (QmpClient    *self,
                       const GError *cause)
{
  if (self->opening != NULL && !self->opening->done)
    qmp_client_opening_failed (self, g_error_matches (cause, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_TOO_LARGE)
                                     ? g_error_copy (cause)
                                     : qmp_handshake_error_ended (&self->opening->handshake, cause));
  else if (self->closing != NULL)
    finish_closing (self);
  else if (self->ending == NULL && (self->opening == NULL || self->opening->error == NULL))
    end_link (self, cause);
}

static gboolean
is_link_over (QmpClient *self)
{
  return self->ending != NULL ||
         (self->opening != NULL && self->opening->done && self->opening->error != NULL);
}

void
qmp_client_link_settled (QmpClient *self)
{
  if (self->transport == NULL)
    return;
  if (self->closing != NULL && qmp_transport_is_flushed (self->transport))
    finish_closing (self);
  if (is_link_over (self))
    qmp_client_close_transport (self);
}

void
qmp_client_settle_runstate (QmpClient *self)
{
  QmpEnding *ending = self->ending;

  if (ending == NULL)
    return;

  g_rc_box_acquire (ending);
  qmp_client_close_transport (self);
  qmp_client_set_runstate (self, QMP_RUNSTATE_DISCONNECTING);
  /* A handler may have closed the client, and opened it again. */
  if (self->ending == ending)
    {
      self->ending = NULL;
      qmp_client_set_runstate (self, QMP_RUNSTATE_IDLE);
      qmp_client_unpost_ending (self, ending);
    }
  qmp_ending_unref (ending);
}

/* --- closing --- */

static void
finish_closing_now (QmpClient *self)
{
  finish_closing (self);
  qmp_client_close_transport (self);
}

static gboolean
close_deadline_cb (gpointer user_data)
{
  QmpClient *self = user_data;

  self->closing->error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                                              _("The connection was closed before all that was queued could be sent"));
  finish_closing_now (self);
  return G_SOURCE_REMOVE;
}

static gboolean
close_cancelled_cb (GCancellable *cancellable,
                    gpointer      user_data)
{
  QmpClient *self = user_data;

  g_cancellable_set_error_if_cancelled (cancellable, &self->closing->error);
  finish_closing_now (self);
  return G_SOURCE_REMOVE;
}

void
qmp_client_cut (QmpClient *self)
{
  if (self->opening != NULL)
    {
      qmp_client_abort_opening (self);
    }
  else if (self->closing != NULL)
    {
      finish_closing_now (self);
    }
  else if (self->transport != NULL && self->ending == NULL)
    {
      end_link (self, NULL);
      qmp_client_close_transport (self);
    }
  else if (self->ending == NULL)
    {
      /* It may have listened. */
      self->runstate = QMP_RUNSTATE_IDLE;
    }
}

/* task: nullable, taken. Runs notify::runstate handlers, after which the closing may be over. */
static void
closing_begin (QmpClient *self,
               GTask     *task)
{
  self->closing = g_rc_box_new0 (QmpClosing);
  g_queue_init (&self->closing->tasks);
  if (task != NULL)
    g_queue_push_tail (&self->closing->tasks, task);
  qmp_client_set_runstate (self, QMP_RUNSTATE_DISCONNECTING);
}

/* In the context where the link does its I/O. */
static void
closing_flush (QmpClient    *self,
               GCancellable *cancellable)
{
  QmpClosing *closing;

  qmp_transport_flush (self->transport);
  /* Flushing may have read, and found that the link is over. */
  if (self->closing == NULL)
    {
      qmp_client_close_transport (self);
      return;
    }
  closing = self->closing;
  if (qmp_transport_is_flushed (self->transport))
    {
      finish_closing_now (self);
      return;
    }
  qmp_transport_tell_flushed (self->transport);
  if (self->close_timeout > 0)
    closing->deadline = qmp_client_add_timer (self, self->close_timeout, close_deadline_cb);
  if (cancellable != NULL)
    closing->cancellation = qmp_client_add_cancellation (self, cancellable,
                                                         G_SOURCE_FUNC (close_cancelled_cb), self);
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
  g_autoptr(GTask) task = NULL;
  gint64 created;

  g_return_if_fail (QMP_IS_CLIENT (self) && qmp_client_is_at_home (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = qmp_client_new_task (self, self, callback, user_data, qmp_client_close_async, &created);
  qmp_client_end_listening (self);
  if (self->ending != NULL || (self->opening == NULL && self->transport == NULL))
    {
      /* Behind the end of a link that was not delivered yet. */
      qmp_client_post_closed_task (self, g_steal_pointer (&task), NULL);
    }
  else if (self->opening != NULL)
    {
      g_queue_push_tail (&self->opening->closers, g_steal_pointer (&task));
      qmp_client_abort_opening (self);
    }
  else if (self->closing != NULL)
    {
      g_queue_push_tail (&self->closing->tasks, g_steal_pointer (&task));
    }
  else
    {
      closing_begin (self, g_steal_pointer (&task));
      if (self->closing != NULL)
        closing_flush (self, cancellable);
    }
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
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_client_close_async), FALSE);

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
  if (self->closing == NULL)
    return TRUE;

  closing = g_rc_box_acquire (self->closing);
  qmp_client_begin_blocking (self);
  /* One that was under way has its timer in the home context, which does not run now. */
  qmp_clear_source (&closing->deadline);
  qmp_clear_source (&closing->cancellation);
  if (!closing->done)
    closing_flush (self, cancellable);
  while (!closing->done)
    qmp_client_iterate (self);
  qmp_client_end_blocking (self);
  qmp_client_settle_runstate (self);

  success = closing->error == NULL;
  if (!success)
    g_propagate_error (error, g_steal_pointer (&closing->error));
  closing_unref (closing);
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
 * callbacks of other calls and [signal@Client::closed] follow from the client's main context.
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

  g_return_val_if_fail (QMP_IS_CLIENT (self) && qmp_client_is_at_home (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);

  if (!qmp_client_may_block (self, "close", error))
    return FALSE;
  /* A handler of "notify::runstate" may drop the last reference. */
  keep = g_object_ref (self);
  qmp_client_end_listening (self);
  if (self->opening != NULL)
    {
      QmpOpening *opening = self->opening;

      if (self->ending == NULL)
        qmp_client_abort_opening (self);
      qmp_client_apply_opening (self, opening);
    }
  else if (self->ending == NULL && self->transport != NULL)
    {
      return close_blocking (self, cancellable, error);
    }
  qmp_client_settle_runstate (self);
  return TRUE;
}
