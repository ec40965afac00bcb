/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "link/qmp-stall-watch-private.h"

void
qmp_stall_watch_set_time (QmpStallWatch *self,
                          int            time,
                          gint64         now)
{
  QmpCall *oldest = qmp_calls_get_oldest (self->calls);

  self->time = time;
  if (time < 0)
    return;

  for (GList *l = oldest != NULL ? &oldest->watched_link : NULL; l != NULL; l = l->next)
    {
      QmpCall *call = l->data;

      if (call->issued == 0)
        call->issued = now;
    }
}

/* 0 for never. */
static gint64
get_deadline (QmpStallWatch *self)
{
  QmpCall *oldest = qmp_calls_get_oldest (self->calls);

  if (self->time < 0 || oldest == NULL)
    return 0;
  return oldest->issued + self->time * (gint64) 1000;
}

gint64
qmp_stall_watch_add (QmpStallWatch *self,
                     QmpCall       *call)
{
  qmp_calls_watch (self->calls, call, self->time >= 0 ? g_get_monotonic_time () : 0);
  return self->time >= 0 && qmp_calls_get_oldest (self->calls) == call ? get_deadline (self) : 0;
}

gboolean
qmp_stall_watch_look (QmpStallWatch *self,
                      gint64         now,
                      gint64        *next)
{
  gint64 deadline = get_deadline (self);
  gboolean stalled = deadline != 0 && deadline <= now;
  gboolean changed = self->stalled != stalled;

  *next = stalled ? 0 : deadline;
  self->stalled = stalled;
  return changed;
}

gint64
qmp_stall_watch_get_wait (QmpStallWatch *self)
{
  QmpCall *oldest = qmp_calls_get_oldest (self->calls);

  if (oldest == NULL || self->time < 0)
    return -1;
  return (g_get_monotonic_time () - oldest->issued) / 1000;
}
