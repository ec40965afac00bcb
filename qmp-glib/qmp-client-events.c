/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "qmp-client-private.h"

#include <glib/gi18n-lib.h>

gboolean
qmp_client_check_events (QmpClient  *self,
                         GError    **error)
{
  if (self->opening != NULL ? self->opening->error == NULL : self->ending == NULL && self->transport != NULL)
    return TRUE;

  if (self->last_cause != NULL)
    {
      g_set_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED,
                   _("No event can come any more, the connection has ended: %s"), self->last_cause);
      return FALSE;
    }
  return qmp_client_require (self, QMP_RUNSTATE_RUNNING, "wait for an event", error);
}

static GError *
link_ended (const char *cause)
{
  return g_error_new (QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED,
                      _("The connection ended before the event came: %s"), cause);
}

/* All of them first: whose callback is called may wait again. */
GSList *
qmp_client_steal_waiters (QmpClient *self)
{
  GSList *waiters = NULL;

  for (guint i = 0; i < self->listeners->len; i++)
    {
      QmpWaiter *waiter;

      while ((waiter = qmp_event_listener_steal_waiter (g_ptr_array_index (self->listeners, i))) != NULL)
        waiters = g_slist_prepend (waiters, waiter);
    }
  return g_slist_reverse (waiters);
}

void
qmp_client_fail_waiters (GSList       *waiters,
                         const GError *cause)
{
  const char *why = cause != NULL ? cause->message : _("the client was closed");

  for (GSList *l = waiters; l != NULL; l = l->next)
    qmp_waiter_return (l->data, NULL, link_ended (why));
  g_slist_free (waiters);
}

void
qmp_client_post_listeners_failed (QmpClient  *self,
                                  const char *cause)
{
  g_autoptr(GSList) waiters = qmp_client_steal_waiters (self);

  for (GSList *l = waiters; l != NULL; l = l->next)
    qmp_client_post_waiter (self, l->data, link_ended (cause));
}

void
qmp_client_drop_listeners (QmpClient *self)
{
  g_autoptr(GSList) waiters = qmp_client_steal_waiters (self);

  for (guint i = 0; i < self->listeners->len; i++)
    qmp_event_listener_set_client (g_ptr_array_index (self->listeners, i), NULL);
  for (GSList *l = waiters; l != NULL; l = l->next)
    qmp_waiter_return (l->data, NULL, link_ended (_("the client was dropped")));
  g_ptr_array_set_size (self->listeners, 0);
}

/**
 * qmp_client_add_listener:
 * @self: a client
 * @listener: a listener that is with no client
 *
 * Lets a listener hear the events that come from here on.
 *
 * May be done in any [enum@Runstate] and from any callback. The listener stays with the client when the link ends and
 * another is opened, until it is removed. The client holds a reference.
 *
 * Since: 1.0
 */
void
qmp_client_add_listener (QmpClient        *self,
                         QmpEventListener *listener)
{
  g_return_if_fail (QMP_IS_CLIENT (self) && qmp_client_is_at_home (self));
  g_return_if_fail (QMP_IS_EVENT_LISTENER (listener));
  g_return_if_fail (qmp_event_listener_get_client (listener) == NULL);

  qmp_event_listener_set_client (listener, self);
  g_ptr_array_add (self->listeners, g_object_ref (listener));
}

/**
 * qmp_client_remove_listener:
 * @self: a client
 * @listener: a listener that was added to @self
 *
 * Lets a listener hear no more events.
 *
 * What is in its queue stays readable. Who waits for an event gets `QMP_CLIENT_ERROR_STATE`.
 *
 * Since: 1.0
 */
void
qmp_client_remove_listener (QmpClient        *self,
                            QmpEventListener *listener)
{
  QmpWaiter *waiter;

  g_return_if_fail (QMP_IS_CLIENT (self) && qmp_client_is_at_home (self));
  g_return_if_fail (QMP_IS_EVENT_LISTENER (listener));
  g_return_if_fail (qmp_event_listener_get_client (listener) == self);

  while ((waiter = qmp_event_listener_steal_waiter (listener)) != NULL)
    qmp_client_post_waiter (self, waiter,
                                  g_error_new_literal (QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE,
                                                       _("The listener was removed from its client")));
  qmp_event_listener_set_client (listener, NULL);
  g_ptr_array_remove (self->listeners, listener);
}
