/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "event/qmp-event-queue-private.h"

#include "message/qmp-message-private.h"

QmpEvent *
qmp_event_queue_pop (QmpEventQueue *self)
{
  QmpEvent *event = g_queue_pop_head (&self->events);

  if (event != NULL)
    self->n_bytes -= qmp_event_get_size (event);
  return event;
}

static void
drop_oldest (QmpEventQueue *self)
{
  g_object_unref (qmp_event_queue_pop (self));
  self->n_dropped++;
}

static gboolean
is_full (QmpEventQueue *self,
         gsize          more)
{
  return self->events.head != NULL &&
         ((self->max_length > 0 && self->events.length >= self->max_length) ||
          self->n_bytes + more > QMP_EVENT_MAX_BYTES);
}

void
qmp_event_queue_push (QmpEventQueue *self,
                      QmpEvent      *event)
{
  gsize size = qmp_event_get_size (event);

  while (is_full (self, size))
    {
      if (self->overflow == QMP_EVENT_OVERFLOW_DROP_NEWEST)
        {
          self->n_dropped++;
          return;
        }
      drop_oldest (self);
    }
  g_queue_push_tail (&self->events, g_object_ref (event));
  self->n_bytes += size;
}

GList *
qmp_event_queue_steal (QmpEventQueue *self)
{
  GList *events = self->events.head;

  g_queue_init (&self->events);
  self->n_bytes = 0;
  return events;
}

void
qmp_event_queue_set_max_length (QmpEventQueue *self,
                                guint          max_length)
{
  self->max_length = max_length;
  while (max_length > 0 && self->events.length > max_length)
    drop_oldest (self);
}
