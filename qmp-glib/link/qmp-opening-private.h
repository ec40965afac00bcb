/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "wire/qmp-patience-private.h"
#include "event/qmp-inbox-private.h"
#include "link/qmp-link-private.h"
#include "wire/qmp-connector-private.h"

/* One attempt to come by a link that runs: connects, or waits for a peer, and owns the link until its handshake is done. */

G_BEGIN_DECLS

/* It only goes forward. Which part of the handshake it is says the link's state. */
typedef enum {
  QMP_OPENING_NEW,
  QMP_OPENING_AWAITS_PEER,  /* an accept, and nobody came yet */
  QMP_OPENING_CONNECTS,
  QMP_OPENING_HANDSHAKE,
  QMP_OPENING_CANCELS,      /* has failed, and the connector still owes its call */
  QMP_OPENING_FAILED,
  QMP_OPENING_OPENED,
} QmpOpeningStep;

typedef struct _QmpOpening QmpOpening;

/* How an opening calls up. Neither may run user code. */
typedef struct {
  /* The handshake is done, and the link is the callee's now: while its last frame is routed, or from starting. */
  void (* opened) (gpointer    owner,
                   QmpLink    *link);
  /* It is FAILED, with its error, or OPENED, and may be freed by and by: once. */
  void (* done)   (gpointer    owner,
                   QmpOpening *opening);
} QmpOpeningFuncs;

/* What is to be opened, and for whom. settings are copied, the rest is borrowed. */
typedef struct {
  QmpLinkSettings             settings;
  const QmpConnectorSettings *connection;      /* looked at when it has connected */
  GSocketConnectable         *address;         /* one of these three: where to connect to */
  GIOStream                  *stream;          /* what is connected already; for the start alone */
  GSocketAddress             *listen_address;  /* where a peer is awaited by the owner */
  QmpCalls                   *calls;
  QmpWireLog                 *log;
  const QmpLinkFuncs         *link_funcs;      /* of the link, from its first byte on */
  const QmpOpeningFuncs      *funcs;
  gpointer                    owner;           /* of both */
} QmpOpeningPlan;

struct _QmpOpening {
  QmpInboxEntry   entry;       /* once it is done and has a task; its created is set by who makes the task */

  QmpOpeningPlan  plan;
  QmpOpeningStep  step;
  gboolean        alone;       /* an accept to which nobody has come */
  QmpIoContext   *context;     /* borrowed: where it does its I/O; once it has started */
  QmpConnector   *connector;   /* nullable: with address only */
  QmpPatience    *patience;    /* nullable */
  QmpLink        *link;        /* nullable; gone when OPENED */
  QmpGreeting    *greeting;    /* nullable: of the link, when OPENED */
  GError         *error;       /* nullable: why it FAILED */

  /* Of the owner; not touched here but freed with the opening. */
  GTask          *task;        /* owned, nullable: a blocking caller has none */
  GQueue          closers;     /* of GTask, owned: closes that wait for this to fail */
  gboolean        delayed;     /* its caller was not told yet: the client is not idle */
};

QmpOpening *qmp_opening_new         (const QmpOpeningPlan *plan);
/* It is done, or has not started. */
void        qmp_opening_free        (QmpOpening           *self);

/* Begins, for so many milliseconds (negative for no limit). Once; may end it at once. */
void        qmp_opening_start       (QmpOpening           *self,
                                     QmpIoContext         *context,
                                     gint64                milliseconds,
                                     GCancellable         *cancellable);
/* The I/O goes on in another context. May not have started. */
void        qmp_opening_attach      (QmpOpening           *self,
                                     QmpIoContext         *context);
/* The peer that is awaited is there. milliseconds: from now on. */
void        qmp_opening_reach       (QmpOpening           *self,
                                     GIOStream            *peer,
                                     gint64                milliseconds);

/* Is its outcome known? It need not be done then. */
gboolean    qmp_opening_is_decided  (QmpOpening           *self);
gboolean    qmp_opening_is_done     (QmpOpening           *self);

/* Takes error: it fails, if it is not decided; it has failed, if it was OPENED and nobody was told of that yet. Not while
 * its link is being read: that is dropped. */
void        qmp_opening_abort       (QmpOpening           *self,
                                     GError               *error);
/* Of one that has failed. Not while the link is being read. */
void        qmp_opening_drop_link   (QmpOpening           *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QmpOpening, qmp_opening_free)

G_END_DECLS
