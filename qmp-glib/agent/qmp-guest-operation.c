/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "agent/qmp-guest-operation-private.h"

#include <glib/gi18n-lib.h>

#include "core/qmp-cancellation-private.h"

/* --- its life --- */

void
qmp_guest_operation_init (QmpGuestOperation            *self,
                          const QmpGuestOperationFuncs *funcs,
                          QmpGuestAgent                *agent,
                          int                           timeout)
{
  QmpClient *client = qmp_guest_agent_get_client (agent);

  if (timeout == QMP_TIMEOUT_CLIENT)
    timeout = qmp_client_get_timeout (client);
  *self = (QmpGuestOperation) {
    .funcs = funcs,
    .agent = g_object_ref (agent),
    .client = g_object_ref (client),
    .link_number = qmp_guest_agent_get_link_number (agent),
    .deadline = timeout >= 0 ? g_get_monotonic_time () + timeout * (gint64) 1000 : 0,
    .timeout = QMP_TIMEOUT_CLIENT,
  };
}

static void
clear_result (QmpGuestOperation *self)
{
  gpointer result = g_steal_pointer (&self->result);

  if (result != NULL)
    self->free_result (result);
}

static void
clear_source (QmpGuestOperation *self)
{
  if (self->source == NULL)
    return;
  g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
}

void
qmp_guest_operation_free (QmpGuestOperation *self)
{
  if (self->funcs->clear != NULL)
    self->funcs->clear (self);
  clear_result (self);
  clear_source (self);
  g_clear_object (&self->command);
  g_clear_object (&self->task);
  g_clear_object (&self->cancellable);
  g_object_unref (self->client);
  g_object_unref (self->agent);
  g_free (self);
}

/* --- the steps --- */

QmpGuestStep
qmp_guest_operation_send (QmpGuestOperation *self,
                          QmpMessage        *command)
{
  g_clear_object (&self->command);
  self->command = command;
  return QMP_GUEST_STEP_SEND;
}

QmpGuestStep
qmp_guest_operation_pause (QmpGuestOperation *self,
                           int                pause)
{
  self->pause = pause;
  return QMP_GUEST_STEP_PAUSE;
}

QmpGuestStep
qmp_guest_operation_done (QmpGuestOperation *self,
                          gpointer           result,
                          GDestroyNotify     free_result)
{
  clear_result (self);
  self->result = result;
  self->free_result = free_result;
  return QMP_GUEST_STEP_DONE;
}

/* The milliseconds that are left of time, which is negative when there is no limit but that of the whole. */
static int
get_remaining (QmpGuestOperation *self,
               int                time)
{
  gint64 remaining;

  if (self->deadline == 0)
    return time;
  remaining = MAX (0, (self->deadline - g_get_monotonic_time () + 999) / 1000);
  return time < 0 ? remaining : MIN (remaining, time);
}

gboolean
qmp_guest_operation_is_late (QmpGuestOperation *self)
{
  return self->deadline != 0 && g_get_monotonic_time () >= self->deadline;
}

static gboolean
is_same_link (QmpGuestOperation *self)
{
  return qmp_guest_agent_get_link_number (self->agent) == self->link_number;
}

static gboolean
may_go_on (QmpGuestOperation  *self,
           GError            **error)
{
  if (!is_same_link (self))
    g_set_error_literal (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED,
                         _("The link to the guest agent ended meanwhile"));
  else if (qmp_guest_operation_is_late (self))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("The guest took longer than the time it was given"));
  else
    return TRUE;
  return FALSE;
}

static QmpGuestStep
fail (QmpGuestOperation  *self,
      GError            **error)
{
  return self->funcs->failed != NULL ? self->funcs->failed (self, error) : QMP_GUEST_STEP_FAILED;
}

/* What comes next: behind a failure, which is in *error, behind a reply, or at the beginning and behind a pause. */
static QmpGuestStep
decide (QmpGuestOperation  *self,
        QmpMessage         *reply,
        GError            **error)
{
  QmpGuestStep step = QMP_GUEST_STEP_FAILED;

  if (*error == NULL && (reply == NULL || qmp_message_check_reply (reply, self->command, error)))
    step = self->funcs->next (self, reply, error);
  if (step == QMP_GUEST_STEP_FAILED)
    step = fail (self, error);
  if ((step == QMP_GUEST_STEP_SEND || step == QMP_GUEST_STEP_PAUSE) && !may_go_on (self, error))
    step = fail (self, error);
  return step;
}

static void
limit_command (QmpGuestOperation *self)
{
  int timeout = self->timeout == QMP_TIMEOUT_CLIENT ? qmp_client_get_timeout (self->client) : self->timeout;

  if (self->deadline != 0)
    qmp_message_set_timeout (self->command, get_remaining (self, timeout));
  else
    qmp_message_set_timeout (self->command, self->timeout);
}

void
qmp_guest_operation_send_aside (QmpGuestOperation *self,
                                QmpMessage        *command)
{
  if (is_same_link (self) && qmp_client_get_runstate (self->client) == QMP_RUNSTATE_RUNNING)
    qmp_client_exchange_async (self->client, command, NULL, NULL, NULL);
  g_object_unref (command);
}

/* --- in the background --- */

static void proceed (QmpGuestOperation *self,
                     QmpMessage        *reply,
                     GError            *problem);

/* The callback of the task may do anything, so it comes last. */
static void
complete (QmpGuestOperation *self,
          GError            *error)
{
  g_autoptr(GTask) task = g_steal_pointer (&self->task);
  gpointer result = g_steal_pointer (&self->result);
  GDestroyNotify free_result = self->free_result;

  qmp_guest_operation_free (self);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, result, free_result);
}

/* Nobody waits any more: what there is to be undone is seen to by next(), failed() and clear(). Takes error. */
static void
end_abandoned (QmpGuestOperation *self,
               QmpMessage        *reply,
               GError            *error)
{
  decide (self, reply, &error);
  g_clear_error (&error);
  qmp_guest_operation_free (self);
}

static void
replied_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  QmpGuestOperation *self = user_data;
  GError *error = NULL;
  g_autoptr(QmpMessage) reply = qmp_client_exchange_finish (QMP_CLIENT (object), result, &error);

  clear_source (self);
  if (self->abandoned)
    end_abandoned (self, reply, error);
  else
    proceed (self, reply, error);
}

/* Takes source. */
static void
attach (QmpGuestOperation *self,
        GSource           *source,
        GSourceFunc        func,
        const char        *name)
{
  g_source_set_callback (source, func, self, NULL);
  g_source_set_static_name (source, name);
  g_source_attach (source, g_task_get_context (self->task));
  self->source = source;
}

static gboolean
cancelled_cb (GCancellable *cancellable,
              gpointer      user_data)
{
  QmpGuestOperation *self = user_data;
  g_autoptr(GTask) task = g_steal_pointer (&self->task);

  self->abandoned = TRUE;
  clear_source (self);
  g_task_return_error (task, qmp_cancellation_make_error (cancellable));
  return G_SOURCE_REMOVE;
}

static void
send (QmpGuestOperation *self)
{
  limit_command (self);
  if (self->kept && self->cancellable != NULL)
    attach (self, g_cancellable_source_new (self->cancellable), G_SOURCE_FUNC (cancelled_cb),
            "[qmp-glib] guest agent, cancellable");
  qmp_client_exchange_async (self->client, self->command, self->kept ? NULL : self->cancellable, replied_cb, self);
}

static gboolean
paused_cb (gpointer user_data)
{
  QmpGuestOperation *self = user_data;
  GError *error = NULL;

  clear_source (self);
  g_cancellable_set_error_if_cancelled (self->cancellable, &error);
  proceed (self, NULL, error);
  return G_SOURCE_REMOVE;
}

static void
pause_for_a_while (QmpGuestOperation *self)
{
  GSource *source = g_timeout_source_new (get_remaining (self, self->pause));

  if (self->cancellable != NULL)
    {
      g_autoptr(GSource) child = g_cancellable_source_new (self->cancellable);

      g_source_set_dummy_callback (child);
      g_source_add_child_source (source, child);
    }
  attach (self, source, paused_cb, "[qmp-glib] guest agent, pause");
}

static void
proceed (QmpGuestOperation *self,
         QmpMessage        *reply,
         GError            *problem)
{
  switch (decide (self, reply, &problem))
    {
    case QMP_GUEST_STEP_SEND:
      send (self);
      break;
    case QMP_GUEST_STEP_PAUSE:
      pause_for_a_while (self);
      break;
    case QMP_GUEST_STEP_DONE:
    case QMP_GUEST_STEP_FAILED:
    default:
      complete (self, problem);
      break;
    }
}

void
qmp_guest_operation_start (QmpGuestOperation   *self,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data,
                           gpointer             source_tag)
{
  GError *error = NULL;

  if (!qmp_client_is_owner_thread (self->client))
    {
      g_critical ("A guest agent was used in another thread than its client's");
      qmp_guest_operation_free (self);
      return;
    }

  /* Without the cancellable: what was done was done, whether or not the caller has lost interest meanwhile. */
  self->task = g_task_new (self->agent, NULL, callback, user_data);
  (g_task_set_source_tag) (self->task, source_tag);
  g_set_object (&self->cancellable, cancellable);
  g_cancellable_set_error_if_cancelled (cancellable, &error);
  proceed (self, NULL, error);
}

/* --- blocking --- */

static void
sleep_for (int            milliseconds,
           GCancellable  *cancellable,
           GError       **error)
{
  GPollFD fd;

  if (g_cancellable_make_pollfd (cancellable, &fd))
    {
      g_poll (&fd, 1, milliseconds);
      g_cancellable_release_fd (cancellable);
    }
  else
    g_poll (NULL, 0, milliseconds);
  g_cancellable_set_error_if_cancelled (cancellable, error);
}

gpointer
qmp_guest_operation_run (QmpGuestOperation  *self,
                         GCancellable       *cancellable,
                         GError            **error)
{
  g_autoptr(QmpMessage) reply = NULL;
  gpointer result;
  GError *problem = NULL;
  QmpGuestStep step;

  /* A filter may drop the caller's. */
  g_set_object (&self->cancellable, cancellable);
  g_cancellable_set_error_if_cancelled (cancellable, &problem);
  while ((step = decide (self, reply, &problem)) == QMP_GUEST_STEP_SEND || step == QMP_GUEST_STEP_PAUSE)
    {
      g_clear_object (&reply);
      if (step == QMP_GUEST_STEP_PAUSE)
        sleep_for (get_remaining (self, self->pause), cancellable, &problem);
      else
        {
          limit_command (self);
          reply = qmp_client_exchange (self->client, self->command, cancellable, &problem);
        }
    }

  result = g_steal_pointer (&self->result);
  qmp_guest_operation_free (self);
  if (problem != NULL)
    g_propagate_error (error, problem);
  return result;
}
