/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* How long to wait between tries: each time twice as long, up to a limit. It has no clock. Times are microseconds. */

G_BEGIN_DECLS

typedef struct {
  gint64 first;
  gint64 last;  /* the limit */
  gint64 next;
} QmpBackoff;

/* first is at most last. */
void   qmp_backoff_init  (QmpBackoff *self,
                          gint64      first,
                          gint64      last);
/* A try has succeeded: the next wait is the first one again. */
void   qmp_backoff_reset (QmpBackoff *self);
/* How long to wait now. random, in [0, 1), shortens that by up to a half: many who have lost one server do not come back
 * at the same time. */
gint64 qmp_backoff_step  (QmpBackoff *self,
                          double      random);

G_END_DECLS
