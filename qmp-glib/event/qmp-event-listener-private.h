/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-event-listener.h>

#include "core/qmp-thread-private.h"
#include "event/qmp-event-history-private.h"
#include "event/qmp-event-hub-private.h"
#include "event/qmp-event-match-private.h"
#include "event/qmp-event-queue-private.h"
#include "event/qmp-pending-next-private.h"

/* The class is in two files: qmp-event-listener.c (what it wants, the properties) and
 * qmp-event-listener-next.c (the queue). */

G_BEGIN_DECLS

struct _QmpEventListener {
  GObject          parent_instance;

  QmpEventMatch   *match;
  QmpEventQueue    queue;
  QmpEventHistory *history;
  QmpEventHub     *hub;      /* borrowed, NULL while not added */
  GQueue           pending;  /* of QmpPendingNext, by their links */
};

/* For its hub. */

/* Takes the event into the queue if it is wanted. Runs the filter: anything may have happened when this
 * returns. next (out): who was waiting and gets it instead. */
gboolean        qmp_event_listener_match      (QmpEventListener *self,
                                               QmpEvent         *event,
                                               QmpPendingNext  **next);
/* The next who waits, out of the listener; NULL if nobody does. */
QmpPendingNext *qmp_event_listener_steal_next (QmpEventListener *self);

/* A listener that was added to a client belongs to the client's thread. */
#define qmp_event_listener_return_if_foreign(self)                                               \
  G_STMT_START {                                                                                 \
    if ((self)->hub != NULL && !qmp_thread_require ((self)->hub->thread, G_STRFUNC, NULL))       \
      return;                                                                                    \
  } G_STMT_END
#define qmp_event_listener_return_val_if_foreign(self, value, error)                             \
  G_STMT_START {                                                                                 \
    if ((self)->hub != NULL && !qmp_thread_require ((self)->hub->thread, G_STRFUNC, error))      \
      return value;                                                                              \
  } G_STMT_END

G_END_DECLS
