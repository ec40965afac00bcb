/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-event-listener.h>

#include "event/qmp-inbox-private.h"
#include "wire/qmp-patience-private.h"

/* One next() in the background. */

G_BEGIN_DECLS

/* Owned by its listener while it waits for an event; then by who was handed it. */
typedef struct {
  QmpInboxEntry     entry;
  GList             link;          /* in the listener's queue of them while it waits; data is this */
  QmpEventListener *listener;      /* borrowed: the task holds it */
  GTask            *task;          /* owned */
  QmpEvent         *event;         /* owned, nullable: what it gets */
  GError           *error;         /* owned, nullable */
  QmpPatience      *patience;      /* nullable */
} QmpPendingNext;

/* created: from qmp_task_new(). */
QmpPendingNext *qmp_pending_next_new          (QmpEventListener *listener,
                                               GTask            *task,
                                               gint64            created);

/* Its outcome: event (transfer none) or error (taken). It is returned, freed and runs user code: at once; in its place
 * among all that is to be told; or from a later dispatch, for where no user code may run and there is no inbox any more. */
void            qmp_pending_next_return       (QmpPendingNext   *self,
                                               QmpEvent         *event,
                                               GError           *error);
void            qmp_pending_next_post         (QmpPendingNext   *self,
                                               QmpInbox         *inbox,
                                               QmpEvent         *event,
                                               GError           *error);
void            qmp_pending_next_return_later (QmpPendingNext   *self,
                                               QmpEvent         *event,
                                               GError           *error);

G_END_DECLS
