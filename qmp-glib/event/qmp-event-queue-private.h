/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-event-listener.h>

/* Events that wait to be read: bounded, since a server chooses how many they are, and how large. */

G_BEGIN_DECLS

/* Whatever the length says, here and in a history. One event stays whatever its size is. */
#define QMP_EVENT_MAX_BYTES (64 * 1024 * 1024)

/* Embedded by its owner. */
typedef struct {
  GQueue            events;      /* of QmpEvent, owned */
  gsize             n_bytes;     /* that they cost */
  guint             max_length;  /* 0 for none */
  QmpEventOverflow  overflow;
  guint64           n_dropped;
} QmpEventQueue;

/* An event less, or the new one, if that is one too many. */
void      qmp_event_queue_push            (QmpEventQueue *self,
                                           QmpEvent      *event);
/* NULL if it is empty. */
QmpEvent *qmp_event_queue_pop             (QmpEventQueue *self);
/* All, oldest first. */
GList    *qmp_event_queue_steal           (QmpEventQueue *self);
void      qmp_event_queue_set_max_length  (QmpEventQueue *self,
                                           guint          max_length);

G_END_DECLS
