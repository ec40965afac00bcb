/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "link/qmp-agent-sync-private.h"
#include "link/qmp-handshake-private.h"
#include "link/qmp-request-private.h"
#include "link/qmp-wire-log-private.h"
#include "wire/qmp-tunnel-private.h"

/* One connection, from a stream to its end: reads what comes, finds out whose it is, and shakes hands first. It is used
 * once and thrown away as a whole. */

G_BEGIN_DECLS

typedef struct _QmpLink QmpLink;

/* What a link is made with. It has a copy: who changes these changes the next one. */
typedef struct {
  gboolean await_greeting;
  gboolean negotiate;
  gboolean out_of_band;        /* enable it when the server offers it */
  gboolean guest_agent;
  gboolean lacks_certificate;  /* TLS is spoken, and the server is shown no certificate of ours */
  guint    max_message_size;
  guint    max_depth;
} QmpLinkSettings;

/* It only goes forward. */
typedef enum {
  QMP_LINK_GREETING,     /* waits for the greeting */
  QMP_LINK_NEGOTIATION,  /* for the reply to qmp_capabilities */
  QMP_LINK_SYNC,         /* for a guest agent to be in step */
  QMP_LINK_RUNNING,
  QMP_LINK_FAILED,       /* the handshake has: what comes is nobody's */
  QMP_LINK_ENDED,
} QmpLinkState;

/* How a link calls up. All but the last two run inside of the loops that read and write: they must not run user code, nor
 * move or free the link. What is given is taken. */
typedef struct {
  void     (* event)          (gpointer      owner,
                               QmpEvent     *event);
  /* One that was not waited for. */
  void     (* greeting)       (gpointer      owner,
                               QmpGreeting  *greeting);
  /* What is not right, and belongs to nobody. */
  void     (* protocol_error) (gpointer      owner,
                               GError       *error);
  /* A call was answered, and is DONE. */
  void     (* call_done)      (gpointer      owner,
                               QmpCall      *call);
  /* A link that runs is over: once. cause is borrowed. */
  void     (* ended)          (gpointer      owner,
                               const GError *cause);
  /* Is "wire" listened to? */
  gboolean (* hears_wire)     (gpointer      owner);
  /* FALSE: nothing is read in this dispatch. */
  gboolean (* wants_more)     (gpointer      owner);
  /* Last in each dispatch: may free the link. */
  void     (* after_dispatch) (gpointer      owner);
} QmpLinkFuncs;

/* How the handshake ends, likewise: one of the two, once. */
typedef struct {
  void     (* established)    (gpointer      opener);
  /* Takes error. */
  void     (* failed)         (gpointer      opener,
                               GError       *error);
} QmpLinkHandshakeFuncs;

/* Read by its owner, and written by itself alone, but for the tunnel. */
struct _QmpLink {
  QmpLinkState                 state;
  QmpTransport                *transport;          /* owned */
  QmpTunnel                   *tunnel;             /* owned, nullable: through which it goes; given before it begins */
  GError                      *cause;              /* nullable: why it has ended, until the tunnel has */
  QmpCalls                    *calls;              /* borrowed */
  QmpWireLog                  *log;                /* borrowed */
  const QmpLinkFuncs          *funcs;
  gpointer                     owner;              /* borrowed */

  QmpHandshake                 handshake;          /* its greeting, nullable, is the last that came */
  const QmpLinkHandshakeFuncs *handshake_funcs;
  gpointer                     opener;             /* borrowed */
  QmpCall                     *negotiation;        /* borrowed from the calls; in NEGOTIATION only */
  gboolean                     lacks_certificate;
  QmpAgentSync                *agent;              /* nullable: the other side is not a guest agent */
};

/* stream: referenced, and closed with the link. calls and log: borrowed; they serve link after link, since making them
 * anew costs more than an opening. */
QmpLink      *qmp_link_new             (GIOStream                   *stream,
                                        const QmpLinkSettings       *settings,
                                        QmpCalls                    *calls,
                                        QmpWireLog                  *log,
                                        const QmpLinkFuncs          *funcs,
                                        gpointer                     owner,
                                        GError                     **error);
/* Closes the stream. Calls that pend are dropped. */
void          qmp_link_free            (QmpLink                     *self);

/* Does the I/O in context, and shakes hands; that may succeed at once, if there is nothing to wait for. */
void          qmp_link_begin           (QmpLink                     *self,
                                        QmpIoContext                *context,
                                        const QmpLinkHandshakeFuncs *funcs,
                                        gpointer                     opener);
/* The I/O goes on in another context. */
void          qmp_link_attach          (QmpLink                     *self,
                                        QmpIoContext                *context);

/* Is reading and writing its stream all that it waits for? */
gboolean      qmp_link_can_iterate     (QmpLink                     *self);
/* The descriptor that tells who is at the other side; -1: none does. */
int           qmp_link_get_peer_fd     (QmpLink                     *self);
/* Of a link that runs. FALSE with error if the request cannot be sent over it: it has descriptors, or is out of band. */
gboolean      qmp_link_check           (QmpLink                     *self,
                                        QmpRequest                  *request,
                                        GError                     **error);
gboolean      qmp_link_check_fds       (QmpLink                     *self,
                                        GUnixFDList                 *fd_list,
                                        GError                     **error);
/* Puts a command on its way. Takes its id. */
QmpCall      *qmp_link_issue           (QmpLink                     *self,
                                        QmpRequest                  *request);
/* It is about to end: what is not a command is not sent any more. */
void          qmp_link_wind_up         (QmpLink                     *self);
/* All is written. FALSE: it is on its way through ssh, and the link ends when the server has had it and has hung up. */
gboolean      qmp_link_take_leave      (QmpLink                     *self);
/* It has ended: as qmp_calls_end(). */
QmpCall      *qmp_link_end             (QmpLink                     *self,
                                        const char                  *cause,
                                        GQueue                      *rest);
/* The handshake fails, by no doing of the server's. Nothing is called. */
void          qmp_link_abort           (QmpLink                     *self);
/* What to say when it has taken too long. reused: the connection may have been there before. May call failed. */
GError       *qmp_link_error_timed_out (QmpLink                     *self,
                                        gboolean                     reused);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QmpLink, qmp_link_free)

G_END_DECLS
