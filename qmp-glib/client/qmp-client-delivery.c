/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "client/qmp-client-private.h"

/* Calls that expire in one dispatch. */
#define MAX_EXPIRIES 256

/* --- deadlines --- */

static void
expire_calls (QmpClient *self,
              gint64     now)
{
  gint64 next = 0;
  QmpCall *call;

  qmp_client_read_rest (self);
  for (guint n = 0; n < MAX_EXPIRIES; n++)
    {
      call = qmp_calls_expire_next (self->calls, now, &next);
      if (call == NULL)
        break;
      qmp_client_call_done (self, call);
    }
  if (next != 0)
    qmp_client_watch_deadline (self, next);
}

/* Runs user code. */
static void
deadline_cb (gpointer owner)
{
  g_autoptr(QmpClient) self = g_object_ref (owner);
  gint64 now = g_get_monotonic_time ();

  expire_calls (self, now);
  qmp_client_update_stalled (self, now);
  qmp_client_deliver (self);
}

void
qmp_client_watch_deadline (QmpClient *self,
                           gint64     deadline)
{
  if (!qmp_io_timer_is_set (&self->deadline) || deadline < self->deadline.deadline.time)
    qmp_io_timer_set (&self->deadline, self->io, deadline, deadline_cb, self);
}

/* --- the watch --- */

static QmpIoNeed
prepare (gpointer owner)
{
  QmpClient *self = owner;

  /* While a filter runs a main loop nothing is delivered. */
  if ((!qmp_inbox_is_empty (&self->inbox) && !self->hub.matching) || qmp_state_has_steps (&self->state))
    return QMP_IO_READY;
  return QMP_IO_SLEEP;
}

static gboolean
dispatch (gpointer     owner,
          GIOCondition ready)
{
  g_autoptr(QmpClient) self = g_object_ref (owner);

  qmp_client_deliver (self);
  return !qmp_inbox_is_empty (&self->inbox);
}

static const QmpIoFuncs delivery_funcs = { prepare, dispatch };

/* There is something to deliver, or to tell; or there may be. */
static void
due (gpointer owner)
{
  qmp_io_watch_stir (&((QmpClient *) owner)->delivery);
}

/* --- delivering --- */

void
qmp_client_deliver (QmpClient *self)
{
#ifdef QMP_CHECKS
  g_assert (g_source_get_context (g_main_current_source ()) == qmp_io_context_get_main_context (self->io));
#endif
  if (self->stall_watch.stalled)
    {
      qmp_state_tell (&self->state);
      qmp_client_update_stalled (self, g_get_monotonic_time ());
    }
  qmp_inbox_deliver (&self->inbox);
}

/* A callback may have brought new events in; and what nobody wants leaves the inbox. A filter that runs a main loop must
 * not have the event taken away under it. */
static gboolean
prepare_delivery (gpointer owner)
{
  QmpClient *self = owner;

  if (self->state.steps.head != NULL)
    qmp_state_tell (&self->state);
  qmp_event_hub_match (&self->hub);
  return !self->hub.matching;
}

static const QmpInboxFuncs inbox_funcs = { due, prepare_delivery };

/* User code runs in no blocking call, and within a filter no more than that. */
static gboolean
may_tell (gpointer owner)
{
  QmpClient *self = owner;

  return !self->blocking && !self->hub.matching;
}

static const QmpStateFuncs state_funcs = { may_tell, due };

void
qmp_client_init_delivery (QmpClient *self)
{
  qmp_io_watch_attach (&self->delivery, self->io, &delivery_funcs, self);
  qmp_state_init (&self->state, &state_funcs, G_OBJECT (self));
  qmp_inbox_init (&self->inbox, &inbox_funcs, self);
  self->inbox.max_size = self->settings.link.max_message_size;
}
