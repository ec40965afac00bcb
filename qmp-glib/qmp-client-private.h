/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-client.h>
#include <qmp-glib/qmp-error.h>

#include "qmp-calls-private.h"
#include "qmp-handshake-private.h"
#include "qmp-transport-private.h"

/* The client's inner life, shared by the files of its class:
 *
 *   qmp-client.c           the GObject: its life, its signals
 *   qmp-client-properties.c
 *   qmp-client-open.c      connecting, the handshake
 *   qmp-client-close.c     closing, the end of the link
 *   qmp-client-execute.c   commands
 *   qmp-client-route.c     what came over the wire, to whom it belongs
 *   qmp-client-delivery.c  the inbox: everything that runs other people's code, in the order of the wire
 *   qmp-client-blocking.c  the blocking forms' loop
 *
 * Routing never runs other people's code; it puts what it found into the inbox. Delivery does, always
 * from a source of the home context. A blocking call takes its own result at routing and leaves the rest
 * of the inbox to the home context. */

G_BEGIN_DECLS

/* One attempt to open. Owned by the client until its outcome was delivered; by the blocking caller if
 * there is one. */
typedef struct {
  GTask              *task;            /* nullable: a blocking caller has none */
  gint64              created;         /* as in QmpCall */
  QmpHandshake        handshake;
  GSocketAddress     *unix_address;    /* nullable; connected to by ourselves, again while its queue is full */
  GCancellable       *connecting;      /* nullable: GSocketClient is at work, and its callback will come */
  GSource            *deadline;        /* nullable */
  GSource            *cancellation;    /* nullable */
  GSource            *retry;           /* nullable */
  guint               retry_delay;     /* milliseconds */
  QmpCall            *negotiation;     /* nullable; borrowed from the calls */
  GQueue              closers;         /* of GTask, owned: closes that wait for this to fail */
  gboolean            done;            /* the outcome is known */
  GError             *error;           /* nullable: the outcome */
} QmpOpening;

/* A close that is flushing. Reference counted (g_rc_box): the client holds it until it is done, and so does
 * each blocking caller. */
typedef struct {
  GQueue              tasks;           /* of GTask, owned: everybody who waits for this close */
  GSource            *deadline;        /* nullable */
  GSource            *cancellation;    /* nullable */
  GError             *error;           /* nullable: why not everything was flushed */
  gboolean            done;
} QmpClosing;

/* The end of a link, from the moment it is known until everybody was told. Owned by the inbox. */
typedef struct {
  GError             *cause;           /* nullable: our own close */
} QmpEnding;

struct _QmpClient {
  GObject             parent_instance;

  char               *name;            /* nullable; read-only after construction */
  gboolean            await_greeting;
  gboolean            negotiate;
  gboolean            out_of_band;
  guint               open_timeout;    /* milliseconds, 0 for none; so are the next two */
  guint               timeout;
  guint               close_timeout;
  guint               max_message_size;
  guint               max_depth;

  GMainContext       *home;            /* read-only after construction */
  GThread            *thread;          /* borrowed, only compared */

  QmpRunstate         runstate;
  QmpGreeting        *greeting;        /* nullable */

  QmpTransport       *transport;       /* NULL without a link */
  QmpCalls           *calls;
  QmpOpening         *opening;         /* nullable: CONNECTING */
  QmpClosing         *closing;         /* nullable: DISCONNECTING by our own close */
  QmpEnding          *ending;          /* nullable, borrowed from the inbox: the link is over, but runstate
                                        * does not say so yet */

  GQueue              inbox;           /* of Delivery */
  GSource            *home_source;     /* nullable: delivers the inbox and looks after deadlines */
  gint64              next_deadline;   /* monotonic microseconds, 0 for none */

  gboolean            blocking;        /* a blocking call runs: I/O is done in the private context */
};

/* qmp-client.c */
gboolean       qmp_client_is_at_home         (QmpClient           *self);
void           qmp_client_emit_event         (QmpClient           *self,
                                              QmpEvent            *event);
void           qmp_client_emit_closed        (QmpClient           *self,
                                              const GError        *cause);
void           qmp_client_emit_protocol_error (QmpClient          *self,
                                              const GError        *error);

/* qmp-client-properties.c */
void           qmp_client_install_properties (GObjectClass        *object_class);
void           qmp_client_init_properties    (QmpClient           *self);
void           qmp_client_set_runstate       (QmpClient           *self,
                                              QmpRunstate          runstate);
void           qmp_client_set_greeting       (QmpClient           *self,
                                              QmpGreeting         *greeting);
/* FALSE with QMP_CLIENT_ERROR_STATE unless the client is in required. what: the method, for the text. */
gboolean       qmp_client_require            (QmpClient           *self,
                                              QmpRunstate          required,
                                              const char          *what,
                                              GError             **error);

/* qmp-client-open.c */
/* Upward calls of the wire, by way of routing. None runs other people's code. What is given is taken. */
void           qmp_client_opening_greeted    (QmpClient           *self,
                                              QmpGreeting         *greeting);
void           qmp_client_opening_negotiated (QmpClient           *self,
                                              QmpCall             *call);
void           qmp_client_opening_failed     (QmpClient           *self,
                                              GError              *error);
/* Delivery of an opening's outcome; takes opening. */
void           qmp_client_deliver_opening    (QmpClient           *self,
                                              QmpOpening          *opening);
/* Where the outcome of an opening meets runstate. Afterwards the client may be opened again. */
void           qmp_client_apply_opening      (QmpClient           *self,
                                              QmpOpening          *opening);
/* Fails the opening that is under way, and one that has succeeded, unbeknown to its caller, as well. */
void           qmp_client_abort_opening      (QmpClient           *self);

/* qmp-client-close.c */
/* Upward calls of the wire, likewise. */
void           qmp_client_link_ended         (QmpClient           *self,
                                              const GError        *cause);
/* Last in each dispatch of the wire, before delivery. */
void           qmp_client_link_settled       (QmpClient           *self);
/* Closes the stream, if there is one. Calls that pend then are lost: their ends were posted before, or, those
 * of a failed opening, are nobody's business. */
void           qmp_client_close_transport    (QmpClient           *self);
/* Brings runstate to where the link is, when the link has ended. */
void           qmp_client_settle_runstate    (QmpClient           *self);

/* qmp-client-route.c */
extern const QmpTransportFuncs qmp_client_transport_funcs;

/* qmp-client-execute.c */
/* A call is DONE: to its blocking caller, or into the inbox. Takes call. */
void           qmp_client_call_done          (QmpClient           *self,
                                              QmpCall             *call);

/* qmp-client-delivery.c */
void           qmp_client_post_call          (QmpClient           *self,
                                              QmpCall             *call);
void           qmp_client_post_event         (QmpClient           *self,
                                              QmpEvent            *event);
void           qmp_client_post_greeting      (QmpClient           *self,
                                              QmpGreeting         *greeting);
void           qmp_client_post_error         (QmpClient           *self,
                                              GError              *error);
void           qmp_client_post_opening       (QmpClient           *self,
                                              QmpOpening          *opening);
void           qmp_client_post_closed_task   (QmpClient           *self,
                                              GTask               *task,
                                              GError              *error);
/* The end of a link comes in two parts: what pends is failed between them. Both have the same ending. */
void           qmp_client_post_ending        (QmpClient           *self,
                                              QmpEnding           *ending);
void           qmp_client_post_ended         (QmpClient           *self,
                                              QmpEnding           *ending);
/* Delivers, from a dispatch of the home context only. What is posted outside of one is delivered from the
 * home context's next iteration. */
void           qmp_client_deliver            (QmpClient           *self);
/* Looks at the calls' deadlines at that time, at the latest. */
void           qmp_client_watch_deadline     (QmpClient           *self,
                                              gint64               deadline);
void           qmp_client_clear_inbox        (QmpClient           *self);
/* A task that completes in the home context, whatever context is thread-default; created (out) is for
 * delivery to know whether GTask would put the callback off. */
GTask         *qmp_client_new_task           (QmpClient           *self,
                                              GCancellable        *cancellable,
                                              GAsyncReadyCallback  callback,
                                              gpointer             user_data,
                                              gpointer             source_tag,
                                              gint64              *created);

/* qmp-client-blocking.c */
/* Where the link does its I/O at the moment: the home context, or a blocking call's. */
GMainContext  *qmp_client_get_io_context     (QmpClient           *self);
void           qmp_client_begin_blocking     (QmpClient           *self);
void           qmp_client_iterate            (QmpClient           *self);
void           qmp_client_end_blocking       (QmpClient           *self);
/* A named source in the context where the link does its I/O. callback nullable data is self. */
GSource       *qmp_client_add_timer          (QmpClient           *self,
                                              guint                milliseconds,
                                              GSourceFunc          callback);
GSource       *qmp_client_add_cancellation   (QmpClient           *self,
                                              GCancellable        *cancellable,
                                              GSourceFunc          callback,
                                              gpointer             data);

static inline void
qmp_clear_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

G_END_DECLS
