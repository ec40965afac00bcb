/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "link/qmp-calls-private.h"

/* Whether the server is slow to answer: the oldest command that a program waits for has waited for some time. Its owner
 * looks when that could have come about, and, while it is so, whenever a command may have ended. */

G_BEGIN_DECLS

/* Embedded by its owner. */
typedef struct {
  QmpCalls *calls;    /* borrowed */
  int       time;     /* milliseconds, QMP_TIMEOUT_NONE for never */
  gboolean  stalled;  /* as it was when somebody looked last */
} QmpStallWatch;

/* From now on that long. Commands that nobody took the time of are timed from now. */
void      qmp_stall_watch_set_time  (QmpStallWatch *self,
                                     int            time,
                                     gint64         now);
/* A command was issued. When to look because of it, in monotonic microseconds; 0 if an older one says that. */
gint64    qmp_stall_watch_add       (QmpStallWatch *self,
                                     QmpCall       *call);
/* Has stalled changed? next (out): when to look again, 0 for not by itself. */
gboolean  qmp_stall_watch_look      (QmpStallWatch *self,
                                     gint64         now,
                                     gint64        *next);
/* For how long the oldest command has waited, in milliseconds; -1 for none, or if it is not timed. */
gint64    qmp_stall_watch_get_wait  (QmpStallWatch *self);

G_END_DECLS
