/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-client.h>
#include <qmp-glib/qmp-error.h>

#include "client/qmp-client-relay-private.h"
#include "client/qmp-client-serve-private.h"
#include "client/qmp-state-private.h"
#include "core/qmp-closure-private.h"
#include "core/qmp-source-private.h"
#include "core/qmp-task-private.h"
#include "core/qmp-thread-private.h"
#include "event/qmp-event-hub-private.h"
#include "event/qmp-paired-call-private.h"
#include "link/qmp-calls-private.h"
#include "link/qmp-closing-private.h"
#include "link/qmp-stall-watch-private.h"
#include "wire/qmp-listening-private.h"
#include "wire/qmp-patience-private.h"

/* The client's inner life, shared by the files of its class:
 *
 *   qmp-client.c              the GObject: its life, its signals
 *   qmp-client-properties.c
 *   qmp-client-settings.c     what a program sets
 *   qmp-client-hand-over.c    what comes to its end in the client's thread
 *   qmp-client-address.c      the address, and clients that are made with one
 *   qmp-client-open.c         connecting, the handshake
 *   qmp-client-tls.c          the properties of TLS
 *   qmp-client-peer.c         who is at the other end
 *   qmp-client-listen.c       listening, for servers that connect to us
 *   qmp-client-listen-name.c  the same for an address by name
 *   qmp-client-close.c        closing
 *   qmp-client-wait-closed.c  waiting for that
 *   qmp-client-link.c         what its link tells it
 *   qmp-client-ending.c       the end of a link, until everybody was told
 *   qmp-client-execute.c      commands
 *   qmp-client-parsed.c       the same in one line
 *   qmp-client-check.c        asking somebody whether a command is right before it is sent
 *   qmp-client-wait.c         a command and the event that it is to bring
 *   qmp-client-events.c       listeners
 *   qmp-client-subscribe.c    one listener for some names
 *   qmp-client-delivery.c     the inbox: everything that runs user code, in the order of the wire
 *   qmp-client-blocking.c     the blocking forms' loop
 *   qmp-client-serve.c        that loop for a floor above
 *   qmp-client-relay.c        passing on all that goes over the link, for a floor above
 *   qmp-client-watch.c        whether the server is slow to answer
 *
 * Routing never runs user code; it puts what it found into the inbox. Delivery does, always from a dispatch of the
 * owner's context. A blocking call takes its own result at routing and leaves the rest of the inbox to that. */

G_BEGIN_DECLS

/* What a blocking caller waits for. */
typedef struct {
  gboolean (* is_done)   (gpointer   data);
  /* Why it was given up when its time is over. */
  GError * (* timed_out) (gpointer   data);
  /* Asked when something may have come, and it is not done: FALSE with error if it never will be. Nullable. */
  gboolean (* may_come)  (gpointer   data,
                          GError   **error);
  /* It is not done, and nobody waits for it any more: takes error. Afterwards it is done. */
  void     (* give_up)   (gpointer   data,
                          GError    *error);
  /* What else it waits for is to be watched there: first where blocking calls do their I/O, in the end where it was.
   * Nullable. */
  void     (* moved)     (gpointer      data,
                          QmpIoContext *context);
} QmpBlockingFuncs;

typedef struct _QmpEnding QmpEnding;

typedef struct {
  QmpEnding *now;         /* nullable, borrowed from the inbox: the link is over, but runstate does not say so yet */
  guint      n_untold;    /* whose closed was not emitted yet */
  char      *last_cause;  /* nullable: how the last link ended, in words */
  GError    *last_error;  /* nullable: the same, unless it was our own close */
} QmpEnds;

typedef struct {
  const QmpCompanionFuncs *funcs;  /* nullable: there is nobody */
  gpointer                 data;   /* borrowed; held by itself within a blocking call */
} QmpCompanion;

/* The blocking call that is under way. */
typedef enum {
  QMP_BLOCKING_NONE,
  QMP_BLOCKING_POLLS,              /* polls the link's socket itself; the link's I/O is where it was */
  QMP_BLOCKING_MOVED,              /* the link's I/O is in the blocking calls' own I/O context */
} QmpBlocking;

/* What the program has set. A setter reaches a link that is there only if it says so. */
typedef struct {
  char                *name;            /* nullable; read-only after construction */
  QmpLinkSettings      link;
  QmpConnectorSettings connection;
  int                  open_timeout;    /* milliseconds, QMP_TIMEOUT_NONE for none; so are the next */
  int                  accept_timeout;
  int                  timeout;
  int                  close_timeout;
  QmpClosure          *check;           /* of QmpCommandCheckFunc, nullable: is asked about each command */
} QmpSettings;

struct _QmpClient {
  GObject             parent_instance;

  QmpSettings         settings;

  QmpIoContext       *io;              /* the owner context's; read-only after construction */

  QmpState            state;

  QmpLink            *link;            /* nullable: RUNNING, or about to be, or its end is about to be delivered */
  QmpCalls           *calls;           /* of one link after the other */
  QmpOpening         *opening;         /* nullable: CONNECTING */
  QmpOpening         *fresh;           /* nullable, borrowed: has succeeded, and its caller is about to be told */
  QmpListening       *listening;       /* nullable; outlives links */
  QmpClosing         *closing;         /* nullable: DISCONNECTING by our own close */
  QmpEnds             ends;            /* of links */

  QmpInbox            inbox;
  QmpEventHub         hub;
  GQuark              detail;          /* of "event", that was emitted last; 0: of none yet */
  QmpWireLog          wire_log;        /* what goes over the wire, for handlers of "wire" */
  QmpIoWatch          delivery;        /* in io: delivers the inbox */
  QmpIoTimer          deadline;        /* in io: not later than the first of the calls' */
  QmpStallWatch       stall_watch;
  QmpBlocking         blocking;
  QmpCompanion        companion;       /* who has something to do in blocking calls */
  GList              *relays;          /* of QmpRelay, borrowed, by their links */
};

/* The link, be it that of an opening; NULL without one. */
static inline QmpLink *
qmp_client_get_link (QmpClient *self)
{
  return self->link == NULL && self->opening != NULL ? self->opening->link : self->link;
}

/* qmp-client.c */
enum {
  QMP_CLIENT_EVENT,
  QMP_CLIENT_CLOSED,
  QMP_CLIENT_PROTOCOL_ERROR,
  QMP_CLIENT_WIRE,
  QMP_CLIENT_N_SIGNALS
};
extern guint   qmp_client_signals[QMP_CLIENT_N_SIGNALS];

/* qmp-client-properties.c */
void           qmp_client_install_properties (GObjectClass        *object_class);
void           qmp_client_init_properties    (QmpClient           *self);

/* qmp-client-open.c */
/* The outcome of an opening, into the inbox. Takes opening. */
void           qmp_client_post_opening       (QmpClient           *self,
                                              QmpOpening          *opening);
/* Where the outcome of an opening meets runstate. Afterwards the client may be opened again. Runs user code unless
 * steps are held. */
void           qmp_client_apply_opening      (QmpClient           *self,
                                              QmpOpening          *opening);
/* The link is about to end. cause: nullable, our own close. Whoever opened it and was not told of it yet is to be told
 * that. */
void           qmp_client_spoil_opening      (QmpClient           *self,
                                              const GError        *cause);
/* Fails the opening that is under way, and one that has succeeded, unbeknown to its caller, as well. */
void           qmp_client_abort_opening      (QmpClient           *self);
/* The forms of opening: one of address and stream is given, or, for accept, none. */
void           qmp_client_open_in_background (QmpClient           *self,
                                              GSocketConnectable  *address,
                                              GIOStream           *stream,
                                              GCancellable        *cancellable,
                                              GAsyncReadyCallback  callback,
                                              gpointer             user_data,
                                              gpointer             source_tag);
gboolean       qmp_client_open_blocking      (QmpClient           *self,
                                              GSocketConnectable  *address,
                                              GIOStream           *stream,
                                              GCancellable        *cancellable,
                                              GError             **error);
/* qmp-client-listen.c */
/* FALSE with QMP_CLIENT_ERROR_STATE. */
gboolean       qmp_client_require_listening  (QmpClient           *self,
                                              GError             **error);
gboolean       qmp_client_require_not_listening (QmpClient        *self,
                                              const char          *what,
                                              GError             **error);
/* The client is as it has to be for listening. */
gboolean       qmp_client_require_may_listen (QmpClient           *self,
                                              GError             **error);
/* A name among address is looked up, which blocks. Runs user code on success. */
gboolean       qmp_client_begin_listening    (QmpClient           *self,
                                              GSocketConnectable  *address,
                                              GError             **error);
/* Brings runstate back as well, if there is nothing else to end. While steps are held. */
void           qmp_client_end_listening      (QmpClient           *self);

/* qmp-client-close.c */
/* For dispose: ends whatever goes on, unflushed. Everybody's outcome is posted: their tasks keep the client until that
 * is delivered, if g_object_run_dispose() was called; without that nobody waits any more. */
void           qmp_client_abort              (QmpClient           *self);
/* Those who have closed the client are told so, with error, nullable, at the place in the inbox that it has come to. Takes the
 * tasks out of the queue. */
void           qmp_client_post_closers       (QmpClient           *self,
                                              GQueue              *tasks,
                                              const GError        *error);
/* qmp-client-ending.c */
/* Why the link ends, while that is known and runstate does not say so yet; NULL for our own close. */
const GError  *qmp_ending_get_cause          (QmpEnding           *self);
/* Into the inbox: that the link ends, that it has ended, with the calls that pend, and everybody who waits for that. cause:
 * nullable, our own close. The link stays, and is to be dropped. */
void           qmp_client_end_link           (QmpClient           *self,
                                              const GError        *cause);
/* Frees the link, if there is one, be it that of an opening that has failed. Not while it is being read. */
void           qmp_client_drop_link          (QmpClient           *self);
/* Brings runstate to where the link is, when the link has ended. */
void           qmp_client_settle_runstate    (QmpClient           *self);

/* qmp-client-link.c */
/* FALSE with error unless commands can be sent. what: the method, for the text. */
gboolean       qmp_client_require_link       (QmpClient           *self,
                                              const char          *what,
                                              GError             **error);
/* A call is DONE: to its blocking caller, or into the inbox. Takes call. */
void           qmp_client_call_done          (QmpClient           *self,
                                              QmpCall             *call);
extern const QmpLinkFuncs qmp_client_link_funcs;

/* qmp-client-events.c */
extern const QmpEventHubFuncs qmp_client_hub_funcs;

/* qmp-client-watch.c */
/* Looks whether the server is stalled. Runs user code: notifies. */
void           qmp_client_update_stalled     (QmpClient           *self,
                                              gint64               now);

/* qmp-client-delivery.c */
/* Delivers, from a dispatch of the owner's context only; the caller holds a reference. What is posted outside of one is
 * delivered from its next iteration. */
void           qmp_client_deliver            (QmpClient           *self);
/* Looks at the calls' deadlines at that time, at the latest. */
void           qmp_client_watch_deadline     (QmpClient           *self,
                                              gint64               deadline);
void           qmp_client_init_delivery      (QmpClient           *self);

/* qmp-client-blocking.c */
/* qmp_client_get_io_context(), of qmp-client-serve-private.h: the owner's context, or the private one of a blocking call.
 * What ends with a blocking call, or moves with it, is watched there; what is done in the background is watched in the
 * owner's context: a filter may begin that within a blocking call, and it outlives the call.
 * qmp_client_may_block() is first in each blocking form. */
void           qmp_client_begin_blocking     (QmpClient           *self);
void           qmp_client_iterate            (QmpClient           *self);
void           qmp_client_end_blocking       (QmpClient           *self);
/* A blocking call that waits for what comes over the wire. Returns when it is done, or was given up. timeout:
 * milliseconds, negative for none. Releases the I/O context, which the caller holds. A filter may drop the caller's
 * references: self and cancellable are kept. */
void           qmp_client_block              (QmpClient              *self,
                                              const QmpBlockingFuncs *funcs,
                                              gpointer                data,
                                              int                     timeout,
                                              GCancellable           *cancellable);
/* When a time is over, and before anybody is failed for that: what came in time counts, although it was not read yet.
 * Runs no user code, and does not show events to listeners and paired calls. */
void           qmp_client_read_rest          (QmpClient           *self);

/* First in each method that is not for any thread. */
#define qmp_client_return_if_foreign(self)                                              \
  G_STMT_START {                                                                        \
    if (!qmp_thread_require ((self)->hub.thread, G_STRFUNC, NULL))                      \
      return;                                                                           \
  } G_STMT_END
#define qmp_client_return_val_if_foreign(self, value, error)                            \
  G_STMT_START {                                                                        \
    if (!qmp_thread_require ((self)->hub.thread, G_STRFUNC, error))                     \
      return value;                                                                     \
  } G_STMT_END

G_END_DECLS
