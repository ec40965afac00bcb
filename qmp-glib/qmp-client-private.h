/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-client.h>
#include <qmp-glib/qmp-error.h>

#include "qmp-calls-private.h"
#include "qmp-event-listener-private.h"
#include "qmp-handshake-private.h"
#include "qmp-transport-private.h"

/* The client's inner life, shared by the files of its class:
 *
 *   qmp-client.c           the GObject: its life, its signals
 *   qmp-client-properties.c
 *   qmp-client-open.c      connecting, the handshake
 *   qmp-client-tls.c       TLS, between connecting and the handshake
 *   qmp-client-listen.c    listening, for servers that connect to us
 *   qmp-client-close.c     closing, the end of the link
 *   qmp-client-execute.c   commands
 *   qmp-client-check.c     asking somebody whether a command is right before it is sent
 *   qmp-client-agent.c     what is different with a guest agent
 *   qmp-client-route.c     what came over the wire, to whom it belongs
 *   qmp-client-events.c    listeners
 *   qmp-client-wait.c      a command and the event that it is to bring
 *   qmp-client-delivery.c  the inbox: everything that runs other people's code, in the order of the wire
 *   qmp-client-blocking.c  the blocking forms' loop
 *   qmp-client-wire.c      showing what goes over the wire
 *   qmp-client-watch.c     whether the server is slow to answer
 *
 * Routing never runs other people's code; it puts what it found into the inbox. Delivery does, always
 * from a source of the home context. A blocking call takes its own result at routing and leaves the rest
 * of the inbox to the home context. */

G_BEGIN_DECLS

/* A function that is asked about each command before it is sent. */
typedef struct _QmpClientCheck QmpClientCheck;

/* The listening socket and its file. */
typedef struct _QmpListening QmpListening;

/* One attempt to open, or to accept. Owned by the client until its outcome was delivered; by the blocking caller if
 * there is one. */
typedef struct {
  GTask              *task;            /* nullable: a blocking caller has none */
  gint64              created;         /* as in QmpCall */
  QmpHandshake        handshake;
  GSocketConnectable *address;         /* nullable: what is connected to */
  GCancellable       *connecting;      /* nullable: GIO connects or secures, and its callback will come */
  GTlsConnection     *securing;        /* nullable: TLS is spoken, or about to be */
  GSource            *deadline;        /* nullable */
  GSource            *cancellation;    /* nullable */
  GSource            *retry;           /* nullable: a Unix socket is tried again, a vsock is waited for */
  guint               retry_delay;     /* milliseconds */
  gboolean            awaits_peer;     /* an accept, and nobody came yet: then the client listens on as before */
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

/* A command and the event that it is to bring, until both are there. Reference counted (g_rc_box): the client
 * holds it until it is done; so does each delivery that may concern it, and a blocking caller. */
typedef struct {
  QmpClient          *client;          /* borrowed: the task, or the blocking caller, holds it */
  QmpEventListener   *listener;        /* owned: says which events */
  char               *command;         /* owned: for error texts */
  QmpCall            *call;            /* borrowed from the calls; NULL once it is done */
  QmpEvent           *event;           /* owned, nullable */
  GError             *error;           /* owned, nullable */
  gboolean            done;
  gboolean            link_over;       /* no event of a later link is taken */
  GTask              *task;            /* owned, nullable: a blocking caller has none */
  guint               n_places;        /* of task: it completes in the last of them, the event's and the reply's */
  gint64              created;         /* as in QmpCall */
  GSource            *deadline;        /* nullable */
  GSource            *cancellation;    /* nullable */
} QmpEventWait;

/* A blocking caller's own clock and cancellable. */
typedef struct {
  GCancellable       *cancellable;     /* borrowed, nullable */
  gboolean            expired;

  gboolean            at_home;         /* the link's I/O has not moved, and is done by hand */
  /* If so: */
  gint64              until;           /* monotonic microseconds, -1 for no limit */
  /* If not: */
  GSource            *deadline;        /* nullable */
  GSource            *cancellation;    /* nullable */
} QmpBlockingWait;

/* The end of a link, from the moment it is known until everybody was told. Reference counted (g_rc_box): each of its
 * two parts in the inbox holds it. */
typedef struct {
  GError             *cause;           /* nullable: our own close */
  GSList             *waiters;         /* of QmpWaiter, owned: who waited for an event of that link */
  gboolean            told;            /* those who waited */
} QmpEnding;

/* The link to a guest agent: keeping the two sides in step. */
typedef struct {
  gboolean            active;          /* the link is one */
  gint64              first_number;    /* the numbers of the sync requests since the last one that was good: */
  gint64              last_number;     /* from the first to the last, 0 for none */
  GSource            *again;           /* nullable: when to send the next */
} QmpAgent;

/* A message that went by, for handlers of "wire". */
typedef struct _QmpWireText QmpWireText;

struct _QmpClient {
  GObject             parent_instance;

  char               *name;            /* nullable; read-only after construction */
  gboolean            await_greeting;
  gboolean            negotiate;
  gboolean            out_of_band;
  gboolean            guest_agent;
  gboolean            tls;
  GTlsDatabase       *tls_database;    /* nullable; so are the next two */
  GTlsCertificate    *tls_certificate;
  char               *tls_identity;
  guint               open_timeout;    /* milliseconds, 0 for none; so are the next three */
  guint               accept_timeout;
  guint               timeout;
  guint               close_timeout;
  guint               max_message_size;
  guint               max_depth;
  guint               stall_time;      /* milliseconds, 0 for none */
  gboolean            redact;

  GMainContext       *home;            /* read-only after construction */
  GThread            *thread;          /* borrowed, only compared */

  QmpRunstate         runstate;
  QmpGreeting        *greeting;        /* nullable */

  QmpTransport       *transport;       /* NULL without a link */
  QmpCalls           *calls;
  QmpOpening         *opening;         /* nullable: CONNECTING */
  QmpListening       *listening;       /* nullable; outlives links */
  GSocketAddress     *listen_address;  /* nullable: what was bound */
  QmpClosing         *closing;         /* nullable: DISCONNECTING by our own close */
  QmpAgent            agent;
  char               *last_cause;      /* nullable: how the last link ended, in words */
  QmpEnding          *ending;          /* nullable, borrowed from the inbox: the link is over, but runstate
                                        * does not say so yet */

  GPtrArray          *listeners;       /* of QmpEventListener */
  GQueue              waits;           /* of QmpEventWait */

  GString            *scratch;         /* nullable: for the text of the command that is being made */

  GQueue              inbox;           /* of Delivery, by their links */
  guint               n_new;           /* posted since the last delivery */
  guint               n_errors;        /* protocol errors in inbox */
  GList              *unoffered;       /* in inbox, nullable: the first event that listeners have not seen */
  gboolean            offering;        /* they are being asked */
  gsize               n_event_bytes;   /* of the events and greetings in inbox */
  GQueue              wire;            /* of QmpWireText, borrowed from inbox, in its order */
  gsize               wire_size;
  guint               n_wire_lost;     /* since the last that was delivered */
  gboolean            wire_heard;      /* from qmp_client_look_for_wire() */
  GSource            *home_source;     /* nullable: delivers the inbox and looks after deadlines */
  gint64              next_deadline;   /* monotonic microseconds, 0 for none */

  gboolean            stalled;         /* as the program has been told */
  gboolean            blocking;        /* a blocking call runs */
  gboolean            away;            /* so that I/O is done in the private context */
  QmpClientCheck     *check;           /* nullable: is asked about each command */
};

/* qmp-client.c */
gboolean       qmp_client_is_at_home         (QmpClient           *self);
void           qmp_client_emit_event         (QmpClient           *self,
                                              QmpEvent            *event);
gboolean       qmp_client_hears_closed       (QmpClient           *self);
gboolean       qmp_client_hears_event        (QmpClient           *self,
                                              QmpEvent            *event);
void           qmp_client_emit_closed        (QmpClient           *self,
                                              const GError        *cause);
void           qmp_client_emit_protocol_error (QmpClient          *self,
                                              const GError        *error);
void           qmp_client_emit_wire          (QmpClient           *self,
                                              QmpDirection         direction,
                                              const char          *text);
/* Does anybody listen to "wire"? */
gboolean       qmp_client_hears_wire         (QmpClient           *self);

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
/* A step of the opening that GIO does: begin before it, with opening->connecting for a cancellable and the result
 * as the callback's data; end first in the callback. It returns self, owned, or NULL when the opening is over
 * already. */
gpointer       qmp_client_opening_begin_step (QmpClient           *self);
QmpClient     *qmp_client_opening_end_step   (gpointer             step);
/* Connected and secured: goes on over stream. */
void           qmp_client_opening_establish  (QmpClient           *self,
                                              GIOStream           *stream);
/* From outside of the wire's dispatch. Takes error. */
void           qmp_client_opening_fail_now   (QmpClient           *self,
                                              GError              *error);
/* Upward calls of the wire, by way of routing. None runs other people's code. What is given is taken. */
void           qmp_client_opening_greeted    (QmpClient           *self,
                                              QmpGreeting         *greeting);
void           qmp_client_opening_negotiated (QmpClient           *self,
                                              QmpCall             *call);
void           qmp_client_opening_failed     (QmpClient           *self,
                                              GError              *error);
void           qmp_client_opening_synced     (QmpClient           *self);
/* Delivery of an opening's outcome; takes opening. */
void           qmp_client_deliver_opening    (QmpClient           *self,
                                              QmpOpening          *opening);
/* Where the outcome of an opening meets runstate. Afterwards the client may be opened again. */
void           qmp_client_apply_opening      (QmpClient           *self,
                                              QmpOpening          *opening);
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
/* The peer that an accept awaits is there. */
void           qmp_client_opening_reached    (QmpClient           *self,
                                              GIOStream           *stream);

/* qmp-client-listen.c */
/* FALSE with QMP_CLIENT_ERROR_STATE. */
gboolean       qmp_client_require_listening  (QmpClient           *self,
                                              GError             **error);
gboolean       qmp_client_require_not_listening (QmpClient        *self,
                                              const char          *what,
                                              GError             **error);
/* For the opening, which is an accept. Once only. */
void           qmp_client_await_peer         (QmpClient           *self);
/* Those that come from now on are turned away, or have to wait. If the client listens at all. */
void           qmp_client_turn_peers_away    (QmpClient           *self,
                                              gboolean             turn_away);
/* Brings runstate back as well, if there is nothing else to end. */
void           qmp_client_end_listening      (QmpClient           *self);
/* For dispose: tells nobody. */
void           qmp_client_drop_listening     (QmpClient           *self);

/* qmp-client-tls.c */
/* Goes on with TLS over stream. */
void           qmp_client_opening_secure     (QmpClient           *self,
                                              GIOStream           *stream);
GError        *qmp_client_opening_secure_timed_out (QmpClient     *self);

/* qmp-client-close.c */
/* Upward calls of the wire, likewise. */
void           qmp_client_link_ended         (QmpClient           *self,
                                              const GError        *cause);
/* Last in each dispatch of the wire, before delivery. */
void           qmp_client_link_settled       (QmpClient           *self);
/* Closes the stream, if there is one. Calls that pend then are lost: their ends were posted before, or, those
 * of a failed opening, are nobody's business. */
void           qmp_client_close_transport    (QmpClient           *self);
/* For dispose: ends whatever goes on, unflushed. Everybody's outcome is posted: their tasks keep the client until that
 * is delivered, if g_object_run_dispose() was called; without that nobody waits any more. */
void           qmp_client_cut                (QmpClient           *self);
/* Brings runstate to where the link is, when the link has ended. */
void           qmp_client_settle_runstate    (QmpClient           *self);

/* qmp-client-agent.c */
/* The link has just been made. */
void           qmp_client_agent_begin        (QmpClient           *self);
/* The link is over. */
void           qmp_client_agent_end          (QmpClient           *self);
/* Is what came thrown away, because the two sides are not in step? An upward call of the wire. */
gboolean       qmp_client_agent_swallows     (QmpClient           *self,
                                              QmpJsonReaderResult  kind,
                                              QmpJsonFrame        *frame);
/* The I/O goes on in another context. */
void           qmp_client_agent_move         (QmpClient           *self);

/* qmp-client-route.c */
extern const QmpTransportFuncs qmp_client_transport_funcs;

/* qmp-client-execute.c */
/* A call is DONE: to its blocking caller, or into the inbox. Takes call. */
void           qmp_client_call_done          (QmpClient           *self,
                                              QmpCall             *call);

/* One command of a message, out or held; NULL with error if it cannot be. what: the method, for the text. */
QmpCall       *qmp_client_issue_message      (QmpClient           *self,
                                              QmpMessage          *message,
                                              QmpCallForm          form,
                                              const char          *what,
                                              guint               *timeout,
                                              GError             **error);

/* qmp-client-check.c */
/* FALSE with error if message is not to be sent. Runs other people's code. */
gboolean       qmp_client_run_check          (QmpClient           *self,
                                              QmpMessage          *message,
                                              GError             **error);
/* For dispose. */
void           qmp_client_drop_check         (QmpClient           *self);

/* qmp-client-events.c */
/* FALSE with error if no event can come any more, or never could. */
gboolean       qmp_client_check_events       (QmpClient           *self,
                                              GError             **error);
/* Those who wait for an event (of QmpWaiter): out of their listeners; and to be told that the link has ended, from
 * delivery. Takes waiters; cause: nullable, our own close. */
GSList        *qmp_client_steal_waiters      (QmpClient           *self);
void           qmp_client_fail_waiters       (GSList              *waiters,
                                              const GError        *cause);
/* The same when there is no link after all: into the inbox. */
void           qmp_client_post_listeners_failed (QmpClient        *self,
                                              const char          *cause);
/* For dispose. */
void           qmp_client_drop_listeners     (QmpClient           *self);

/* qmp-client-wait.c */
/* The command of a wait is DONE. Takes call. */
void           qmp_client_wait_replied       (QmpClient           *self,
                                              QmpEventWait        *wait,
                                              QmpCall             *call);
/* The waits whose command was out when an event came: of QmpEventWait, owned. */
GSList        *qmp_client_get_armed_waits    (QmpClient           *self);
/* Does the wait take the event? Runs a filter. */
gboolean       qmp_event_wait_offer          (QmpEventWait        *wait,
                                              QmpEvent            *event);
/* Delivery is where the event that was taken stands, or the reply. Takes wait. */
void           qmp_event_wait_return         (QmpEventWait        *wait);
void           qmp_event_wait_unref          (QmpEventWait        *wait);
/* The link is over: from end_link(). */
void           qmp_client_end_waits          (QmpClient           *self);
/* Those of a link that is over, which only wait for their event any more, fail. From delivery. */
void           qmp_client_fail_waits         (QmpClient           *self,
                                              const char          *cause);

/* qmp-client-wire.c */
/* From within the wire's calls: none runs other people's code. Handlers are looked for once for all that is noted
 * before somebody else's code is run. */
void           qmp_client_look_for_wire      (QmpClient           *self);
void           qmp_client_note_sent          (QmpClient           *self,
                                              QmpPacket           *packet);
void           qmp_client_note_received      (QmpClient           *self,
                                              QmpJsonFrame        *frame);
/* From delivery; takes text. */
void           qmp_client_deliver_wire       (QmpClient           *self,
                                              QmpWireText         *text);
void           qmp_wire_text_free            (QmpWireText         *text);

/* qmp-client-watch.c */
/* A command of the program's was issued. */
void           qmp_client_watch_call         (QmpClient           *self,
                                              QmpCall             *call);
/* Commands may have ended where nothing is delivered: looks, from the home source, whether the server is stalled
 * still. */
void           qmp_client_check_stalled      (QmpClient           *self);
/* Looks now. From delivery: notifies. */
void           qmp_client_update_stalled     (QmpClient           *self,
                                              gint64               now);

/* qmp-client-delivery.c */
/* Returns where it stands, for qmp_client_unpost_wire(), which gives text back. */
GList         *qmp_client_post_wire          (QmpClient           *self,
                                              QmpWireText         *text);
void           qmp_client_unpost_wire        (QmpClient           *self,
                                              GList               *link);
/* With its event, or with error. */
void           qmp_client_post_waiter        (QmpClient           *self,
                                              QmpWaiter           *waiter,
                                              GError              *error);
void           qmp_client_post_wait          (QmpClient           *self,
                                              QmpEventWait        *wait);
/* Shows the events that came to listeners and waits. Runs filters. Before each delivery, and in a blocking call
 * whenever something was read. */
void           qmp_client_offer_events       (QmpClient           *self);
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
/* The end of a link comes in two parts: what pends is failed between them. Both have the same ending, and each takes
 * a reference. */
void           qmp_client_post_ending        (QmpClient           *self,
                                              QmpEnding           *ending);
void           qmp_client_post_ended         (QmpClient           *self,
                                              QmpEnding           *ending);
/* A program that only makes blocking calls never delivers: takes both parts out again if they are the last and nobody
 * is to be told. */
void           qmp_client_unpost_ending      (QmpClient           *self,
                                              QmpEnding           *ending);
void           qmp_ending_unref              (QmpEnding           *ending);
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
                                              gpointer             source_object,
                                              GAsyncReadyCallback  callback,
                                              gpointer             user_data,
                                              gpointer             source_tag,
                                              gint64              *created);
/* If the operation whose task has just been made is cancelled already: TRUE, and it has failed. */
gboolean       qmp_client_return_if_cancelled (GTask              *task,
                                              GCancellable        *cancellable);

/* qmp-client-blocking.c */
/* Where the link does its I/O at the moment: the home context, or the private one of a blocking call. */
GMainContext  *qmp_client_get_io_context     (QmpClient           *self);
/* FALSE with QMP_CLIENT_ERROR_STATE inside of a filter, all that may run within a blocking call. First in each
 * blocking form. what: the method, for the text. */
gboolean       qmp_client_may_block          (QmpClient           *self,
                                              const char          *what,
                                              GError             **error);
void           qmp_client_begin_blocking     (QmpClient           *self);
void           qmp_client_iterate            (QmpClient           *self);
void           qmp_client_end_blocking       (QmpClient           *self);
/* A named source in the context where the link does its I/O. callback nullable data is self. */
GSource       *qmp_client_add_timer          (QmpClient           *self,
                                              guint                milliseconds,
                                              GSourceFunc          callback);
/* A blocking call with a clock of its own. timeout: milliseconds, negative for none. */
void           qmp_client_wait_begin         (QmpClient           *self,
                                              QmpBlockingWait     *wait,
                                              int                  timeout,
                                              GCancellable        *cancellable);
/* FALSE with error when the time is over (the error is made by timed_out), or after cancellation. */
gboolean       qmp_client_wait_iterate       (QmpClient           *self,
                                              QmpBlockingWait     *wait,
                                              GError            *(* timed_out) (gpointer data),
                                              gpointer             data,
                                              GError             **error);
void           qmp_client_wait_end           (QmpClient           *self,
                                              QmpBlockingWait     *wait);
GSource       *qmp_client_add_cancellation   (QmpClient           *self,
                                              GCancellable        *cancellable,
                                              GSourceFunc          callback,
                                              gpointer             data);
/* The same two in the home context, for what is done in the background: a filter may begin that within a blocking
 * call, and it outlives the call. */
GSource       *qmp_client_add_home_timer     (QmpClient           *self,
                                              guint                milliseconds,
                                              GSourceFunc          callback,
                                              gpointer             data);
GSource       *qmp_client_add_home_cancellation (QmpClient        *self,
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
