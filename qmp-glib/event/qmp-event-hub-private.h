/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-event-listener.h>

#include "event/qmp-inbox-private.h"
#include "wire/qmp-io-context-private.h"

/* Where the events of one client go: to handlers, to listeners, and to the commands that are to bring them. */

G_BEGIN_DECLS

/* What the owner does for its hub, and for who is with it. */
typedef struct {
  /* Runs user code: the event's handlers. */
  void     (* emit)     (gpointer      owner,
                         QmpEvent     *event);
  /* Is an event to be told that nobody's call waits for? Or else it is lost, but for the queues of listeners. taken: a
   * listener remembers it. */
  gboolean (* keeps)    (gpointer      owner,
                         QmpEvent     *event,
                         gboolean      taken);
  /* FALSE with error if no event can come any more, or never could. */
  gboolean (* expects)  (gpointer      owner,
                         GError      **error);
  /* Somebody's time is over: reads and matches what came in it. */
  void     (* catch_up) (gpointer      owner);
  /* Blocks until done says so, which is asked whenever something was matched. FALSE with error if the owner may not block,
   * if no event can come any more, or when the time is over (timed_out makes that error) or cancellable is cancelled. */
  gboolean (* block)    (gpointer      owner,
                         gboolean   (* done) (gpointer data),
                         GError    * (* timed_out) (gpointer data),
                         gpointer      data,
                         int           timeout,
                         GCancellable *cancellable,
                         GError      **error);
  /* Gives up the command of a paired call; its late reply is dropped. FALSE if the link has ended, of which it is about to
   * be told. */
  gboolean (* abandon)  (gpointer      owner,
                         gpointer      call,
                         const GError *error);
} QmpEventHubFuncs;

/* Embedded by its owner. Listeners and paired calls know the hub by what stands here; its functions are the owner's. */
typedef struct {
  QmpIoContext           *io;         /* borrowed: the owner's */
  GThread                *thread;     /* borrowed, only compared: likewise */
  QmpInbox               *inbox;      /* borrowed: likewise */
  const QmpEventHubFuncs *funcs;
  gpointer                owner;      /* borrowed */

  GPtrArray              *listeners;  /* of QmpEventListener, owned */
  GQueue                  pairs;      /* of QmpPairedCall, each with a reference, by their links, until they are done */
  GQueue                  unmatched;  /* of Event, borrowed from the inbox, by their links */
  gboolean                matching;   /* filters are being asked */
} QmpEventHub;

/* In the owner's thread. */
void     qmp_event_hub_init          (QmpEventHub            *self,
                                      QmpIoContext           *io,
                                      QmpInbox               *inbox,
                                      const QmpEventHubFuncs *funcs,
                                      gpointer                owner);
/* Drops the listeners. Behind the inbox: it is empty, and no paired call is left. */
void     qmp_event_hub_clear         (QmpEventHub            *self);

/* listener is with no hub. */
void     qmp_event_hub_add           (QmpEventHub            *self,
                                      QmpEventListener       *listener);
/* listener is with this one. Who waits for an event of it fails. */
void     qmp_event_hub_remove        (QmpEventHub            *self,
                                      QmpEventListener       *listener);
/* All of them, because the owner goes. */
void     qmp_event_hub_drop          (QmpEventHub            *self);

/* An event has come; takes it. Runs no user code. */
void     qmp_event_hub_route         (QmpEventHub            *self,
                                      QmpEvent               *event);
/* For qmp_event_hub_match(), if there is something to be matched. */
void     qmp_event_hub_match_new     (QmpEventHub            *self);

/* The end of a link. When it is known, and all that came was matched: who waits for an event of a listener, waits in vain
 * (of QmpPendingNext, owned); and so does a paired call for its event. */
GSList  *qmp_event_hub_steal_pending (QmpEventHub            *self);
void     qmp_event_hub_end           (QmpEventHub            *self);
/* From delivery: they are told. Takes pending. */
void     qmp_event_hub_fail_pending  (GSList                 *pending,
                                      const char             *cause);
void     qmp_event_hub_fail_pairs    (QmpEventHub            *self,
                                      const char             *cause);
/* There was no link after all: who waits for an event of a listener is told from the inbox. */
void     qmp_event_hub_post_failed   (QmpEventHub            *self,
                                      const char             *cause);

/* Shows what has come to listeners and paired calls. Runs filters. Before each delivery, and in a blocking call whenever
 * something was read. Does nothing within a filter. */
static inline void
qmp_event_hub_match (QmpEventHub *self)
{
  if (self->unmatched.head != NULL)
    qmp_event_hub_match_new (self);
}

G_END_DECLS
