/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "event/qmp-event-hub-private.h"
#include "wire/qmp-packet-private.h"
#include "wire/qmp-patience-private.h"

/* A command and the event that it is to bring, until both are there. QEMU sends the event before the reply as often as
 * behind it, so the event is looked for from the moment when the first byte of the command goes out, and everything
 * that had come by then is read before (QmpPacket.read_first). */

G_BEGIN_DECLS

/* Reference counted (g_rc_box): its hub holds it until it is done; so does each entry of the inbox that may concern it, and
 * a blocking caller. */
typedef struct {
  QmpInboxEntry       entry;      /* where the reply stands */
  gboolean            posted;     /* that is in the inbox */
  GList               link;       /* in the hub's pairs until it is done; data is this */
  QmpEventHub        *hub;        /* borrowed: the task, or the blocking caller, holds its owner */
  QmpEventMatch      *match;      /* owned: which events */
  char               *command;    /* owned: for error texts */
  QmpPacket          *packet;     /* owned: the command's */
  gpointer            call;       /* the owner's; NULL once the command is done */
  QmpEvent           *event;      /* owned, nullable */
  GError             *error;      /* owned, nullable */
  gboolean            done;
  gboolean            link_over;  /* no event of a later link is taken */
  GTask              *task;       /* owned, nullable: a blocking caller has none */
  guint               n_places;   /* of task: it completes in the last of them, the event's and the reply's */
  QmpPatience        *patience;   /* nullable */
} QmpPairedCall;

/* Takes match and command. The result belongs to the hub. call: see QmpEventHubFuncs.abandon. task: nullable; created: from
 * qmp_task_new(). */
QmpPairedCall *qmp_paired_call_new            (QmpEventHub      *hub,
                                               QmpEventMatch    *match,
                                               char             *command,
                                               QmpPacket        *packet,
                                               gpointer          call,
                                               GTask            *task,
                                               gint64            created);
void           qmp_paired_call_unref          (QmpPairedCall    *self);

/* How long it waits, for both. milliseconds: negative for no limit; cancellable: nullable. */
void           qmp_paired_call_set_patience   (QmpPairedCall    *self,
                                               gint64            milliseconds,
                                               GCancellable     *cancellable);

/* The command is done, with error (nullable, taken). Runs no user code. */
void           qmp_paired_call_replied        (QmpPairedCall    *self,
                                               GError           *error);
/* Ends it: now. Takes error. */
void           qmp_paired_call_give_up        (QmpPairedCall    *self,
                                               GError           *error);
GError        *qmp_paired_call_make_timed_out (gpointer          self);
GError        *qmp_paired_call_make_ended     (QmpPairedCall    *self,
                                               const char       *cause);

/* For the hub, and whoever delivers the end of a link. */

/* Is an event that comes now looked at? */
gboolean       qmp_paired_call_is_armed       (QmpPairedCall    *self);
/* Does it end with the event? Runs a filter. */
gboolean       qmp_paired_call_match          (QmpPairedCall    *self,
                                               QmpEvent         *event);
/* Delivery is where the event stands that was taken, or the reply. Takes self; runs user code. */
void           qmp_paired_call_return         (QmpPairedCall    *self);
/* The link has ended, and this is the command's place. error: the command's, nullable if silence was success; taken. Runs
 * user code. */
void           qmp_paired_call_interrupt      (QmpPairedCall    *self,
                                               GError           *error,
                                               const char       *cause);

G_END_DECLS
