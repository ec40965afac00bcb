/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "wire/qmp-patience-private.h"
#include "link/qmp-opening-private.h"

/* The end of a link of our own accord: when all that is queued is written, or whoever waits has had enough. */

G_BEGIN_DECLS

typedef struct _QmpClosing QmpClosing;

/* How a closing calls up. Neither may run user code. */
typedef struct {
  /* It is done: the link is to be ended, and stays. Once; takes the owner's reference. */
  void (* done) (gpointer    owner,
                 QmpClosing *closing);
  /* Behind done, when the link is not being read: it is to be dropped. */
  void (* drop) (gpointer    owner);
} QmpClosingFuncs;

/* Reference counted (g_rc_box): its owner holds it until it is done, and so does each blocking caller. */
struct _QmpClosing {
  QmpLink               *link;      /* borrowed; until it is done */
  const QmpClosingFuncs *funcs;
  gpointer               owner;     /* borrowed */
  QmpPatience           *patience;  /* nullable */
  GError                *error;     /* nullable: why not everything was flushed */
  gboolean               done;

  /* Of the owner, until it is done. */
  GQueue                 tasks;     /* of GTask, owned: everybody who waits for this close */
  QmpOpening            *opening;   /* owned, nullable: its caller is told when this is done */
};

QmpClosing *qmp_closing_new    (QmpLink               *link,
                                const QmpClosingFuncs *funcs,
                                gpointer               owner);
QmpClosing *qmp_closing_ref    (QmpClosing            *self);
void        qmp_closing_unref  (QmpClosing            *self);

/* Writes what the stream takes at once; that may be all. Not while the link is being read. */
void        qmp_closing_flush  (QmpClosing            *self);
/* Not longer than that, from now on and in that context. milliseconds: negative for no limit. */
void        qmp_closing_watch  (QmpClosing            *self,
                                QmpIoContext          *context,
                                gint64                 milliseconds,
                                GCancellable          *cancellable);
/* After a dispatch of the link: is everything written? */
void        qmp_closing_look   (QmpClosing            *self);
/* The link is over, or flushing has no point any more. */
void        qmp_closing_finish (QmpClosing            *self);

G_END_DECLS
