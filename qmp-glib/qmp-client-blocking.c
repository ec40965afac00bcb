/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "qmp-client-private.h"

#include <glib/gi18n-lib.h>

/* The blocking forms run nobody else's code, and need no main loop. Where only a socket has to be read and written,
 * that is all they do. For anything else (opening, TLS, an agent's clocks) the link's I/O moves to a context of the
 * library's own for the length of the call: nothing else is attached to it. One for each thread serves all its
 * clients, since it is empty between the calls. */
static GPrivate private_context = G_PRIVATE_INIT ((GDestroyNotify) g_main_context_unref);

static GMainContext *
get_private_context (void)
{
  GMainContext *context = g_private_get (&private_context);

  if (context == NULL)
    {
      context = g_main_context_new ();
      g_private_set (&private_context, context);
    }
  return context;
}

GMainContext *
qmp_client_get_io_context (QmpClient *self)
{
  return self->away ? get_private_context () : self->home;
}

gboolean
qmp_client_may_block (QmpClient   *self,
                      const char  *what,
                      GError     **error)
{
  if (!self->blocking && !self->offering)
    return TRUE;

  g_set_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE,
               _("Cannot %s: a listener's filter must not block its client"), what);
  return FALSE;
}

void
qmp_client_begin_blocking (QmpClient *self)
{
  g_assert (!self->blocking);

  g_main_context_push_thread_default (get_private_context ());
  self->blocking = TRUE;
  self->away = TRUE;
  qmp_client_agent_move (self);
  if (self->transport != NULL)
    {
      qmp_transport_attach (self->transport, get_private_context ());
      qmp_transport_flush (self->transport);
    }
}

void
qmp_client_iterate (QmpClient *self)
{
  g_main_context_iteration (get_private_context (), TRUE);
}

static void
return_home (QmpClient *self)
{
  self->away = FALSE;
  qmp_client_agent_move (self);
  g_main_context_pop_thread_default (get_private_context ());
  if (self->transport != NULL)
    qmp_transport_attach (self->transport, self->home);
}

void
qmp_client_end_blocking (QmpClient *self)
{
  self->blocking = FALSE;
  /* What it has left in the inbox is delivered bit by bit. */
  self->n_new = 0;
  if (self->away)
    return_home (self);
  qmp_client_check_stalled (self);
}

static GSource *
add_timer (GMainContext *context,
           guint         milliseconds,
           GSourceFunc   callback,
           gpointer      data)
{
  GSource *source = g_timeout_source_new (milliseconds);

  g_source_set_static_name (source, "[qmp] timer");
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, callback, data, NULL);
  g_source_attach (source, context);
  return source;
}

static GSource *
add_cancellation (GMainContext *context,
                  GCancellable *cancellable,
                  GSourceFunc   callback,
                  gpointer      data)
{
  GSource *source = g_cancellable_source_new (cancellable);

  g_source_set_static_name (source, "[qmp] cancellation");
  /* Before a reply that may have come by now: a cancelled call ends at once. */
  g_source_set_priority (source, G_PRIORITY_HIGH);
  g_source_set_callback (source, callback, data, NULL);
  g_source_attach (source, context);
  return source;
}

GSource *
qmp_client_add_timer (QmpClient   *self,
                      guint        milliseconds,
                      GSourceFunc  callback)
{
  return add_timer (qmp_client_get_io_context (self), milliseconds, callback, self);
}

GSource *
qmp_client_add_cancellation (QmpClient    *self,
                             GCancellable *cancellable,
                             GSourceFunc   callback,
                             gpointer      data)
{
  return add_cancellation (qmp_client_get_io_context (self), cancellable, callback, data);
}

GSource *
qmp_client_add_home_timer (QmpClient   *self,
                           guint        milliseconds,
                           GSourceFunc  callback,
                           gpointer     data)
{
  return add_timer (self->home, milliseconds, callback, data);
}

GSource *
qmp_client_add_home_cancellation (QmpClient    *self,
                                  GCancellable *cancellable,
                                  GSourceFunc   callback,
                                  gpointer      data)
{
  return add_cancellation (self->home, cancellable, callback, data);
}

/* --- a call that waits for what comes over the wire --- */

static gboolean
expire_cb (gpointer user_data)
{
  QmpBlockingWait *wait = user_data;

  wait->expired = TRUE;
  return G_SOURCE_REMOVE;
}

static gboolean
wake_cb (GCancellable *cancellable,
         gpointer      user_data)
{
  return G_SOURCE_REMOVE;
}

static void
begin_away (QmpClient       *self,
            QmpBlockingWait *wait,
            int              timeout)
{
  qmp_client_begin_blocking (self);
  if (timeout >= 0)
    {
      wait->deadline = qmp_client_add_timer (self, timeout, NULL);
      g_source_set_callback (wait->deadline, expire_cb, wait, NULL);
    }
  if (wait->cancellable != NULL)
    wait->cancellation = qmp_client_add_cancellation (self, wait->cancellable, G_SOURCE_FUNC (wake_cb), NULL);
}

/* Without a context. A cancellable would need a descriptor for that, and the process may have run out of them. */
static gboolean
begin_at_home (QmpClient       *self,
               QmpBlockingWait *wait,
               int              timeout)
{
  if (self->transport == NULL || !qmp_transport_can_iterate (self->transport) || self->agent.active ||
      wait->cancellable != NULL)
    return FALSE;

  self->blocking = TRUE;
  wait->at_home = TRUE;
  wait->until = timeout >= 0 ? g_get_monotonic_time () + timeout * (gint64) 1000 : -1;
  return TRUE;
}

void
qmp_client_wait_begin (QmpClient       *self,
                       QmpBlockingWait *wait,
                       int              timeout,
                       GCancellable    *cancellable)
{
  *wait = (QmpBlockingWait) { .cancellable = cancellable };
  /* A filter may drop the caller's reference. */
  g_object_ref (self);
  if (!begin_at_home (self, wait, timeout))
    begin_away (self, wait, timeout);
}

static int
get_remaining (QmpBlockingWait *wait)
{
  gint64 remaining;

  if (wait->until < 0)
    return -1;
  remaining = MAX (wait->until - g_get_monotonic_time (), 0);
  wait->expired = remaining == 0;
  return (int) ((remaining + 999) / 1000);
}

static void
iterate_at_home (QmpClient       *self,
                 QmpBlockingWait *wait)
{
  int timeout = get_remaining (wait);

  /* Without a link nothing comes any more but the end of the time. */
  if (self->transport != NULL && qmp_transport_can_iterate (self->transport))
    qmp_transport_iterate (self->transport, timeout);
  else
    g_poll (NULL, 0, timeout);
}

gboolean
qmp_client_wait_iterate (QmpClient        *self,
                         QmpBlockingWait  *wait,
                         GError         *(* timed_out) (gpointer data),
                         gpointer          data,
                         GError          **error)
{
  if (wait->at_home)
    iterate_at_home (self, wait);
  else
    qmp_client_iterate (self);
  if (g_cancellable_set_error_if_cancelled (wait->cancellable, error))
    return FALSE;
  if (wait->expired)
    {
      g_propagate_error (error, timed_out (data));
      return FALSE;
    }
  return TRUE;
}

void
qmp_client_wait_end (QmpClient       *self,
                     QmpBlockingWait *wait)
{
  qmp_clear_source (&wait->deadline);
  qmp_clear_source (&wait->cancellation);
  qmp_client_end_blocking (self);
  qmp_client_settle_runstate (self);
  g_object_unref (self);
}
