/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-client.h>
#include <qmp-glib/qmp-event-listener.h>

G_BEGIN_DECLS

/* One next() in the background that waits for an event. Owned by the listener until it gets one, or fails;
 * then by who was handed it. */
typedef struct {
  QmpEventListener *listener;      /* borrowed: the task holds it */
  GTask            *task;          /* owned */
  gint64            created;       /* as in QmpCall */
  QmpEvent         *event;         /* owned, nullable: what it gets, from the queue */
  GSource          *deadline;      /* nullable */
  GSource          *cancellation;  /* nullable */
} QmpWaiter;

/* The client that the listener was added to, or removed from (NULL). Borrowed. */
void       qmp_event_listener_set_client   (QmpEventListener *self,
                                            QmpClient        *client);
QmpClient *qmp_event_listener_get_client   (QmpEventListener *self);

/* Takes the event into the queue if it is wanted. Runs the filter: anything may have happened when this
 * returns. waiter (out): who was waiting and gets it instead, to be completed with qmp_waiter_return(). */
gboolean   qmp_event_listener_offer        (QmpEventListener *self,
                                            QmpEvent         *event,
                                            QmpWaiter       **waiter);

/* The next who waits, out of the listener; NULL if nobody does. */
QmpWaiter *qmp_event_listener_steal_waiter (QmpEventListener *self);

/* Enters the event into the history; emits items-changed. */
void       qmp_event_listener_remember     (QmpEventListener *self,
                                            QmpEvent         *event);

/* Completes: event (transfer none), or error (taken). Frees the waiter. */
void       qmp_waiter_return               (QmpWaiter        *waiter,
                                            QmpEvent         *event,
                                            GError           *error);

G_END_DECLS
