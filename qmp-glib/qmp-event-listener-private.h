/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-client.h>
#include <qmp-glib/qmp-event-listener.h>

G_BEGIN_DECLS

/* The class is in three files: qmp-event-listener.c (the object, the list), -match.c (which events), -queue.c. */

typedef struct _QmpEventFilter QmpEventFilter;

struct _QmpEventListener {
  GObject             parent_instance;

  char              **names;        /* nullable: all */
  GPtrArray          *matches;      /* nullable; of Match */
  GPtrArray          *failures;     /* nullable; of names */
  QmpEventFilter     *filter;       /* nullable */

  QmpClient          *client;       /* borrowed, NULL while not added */
  GQueue              queue;        /* of QmpEvent */
  gsize               n_bytes;      /* that the events in queue cost */
  GQueue              waiters;      /* of QmpWaiter */
  guint               max_length;   /* 0 for none but MAX_BYTES */
  QmpOverflow         overflow;
  guint64             n_dropped;

  GQueue              history;      /* of QmpEvent */
  guint               history_length;
};

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

/* Does offering an event to it run anybody else's code? */
gboolean   qmp_event_listener_has_filter   (QmpEventListener *self);

/* Takes the event into the queue if it is wanted. Runs the filter: anything may have happened when this
 * returns. waiter (out): who was waiting and gets it instead, to be completed with qmp_waiter_return(). */
gboolean   qmp_event_listener_offer        (QmpEventListener *self,
                                            QmpEvent         *event,
                                            QmpWaiter       **waiter);

/* Drops the oldest events over max-length. */
void       qmp_event_listener_shorten      (QmpEventListener *self);

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
