/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-event.h>

/* When a machine is over, and why.
 *
 * It is over when both its process and its link are: events are there before the end of the link, and that is there before
 * the process has ended. Of the two, the second is waited for QMP_END_PATIENCE at most. Without a process it is over when the
 * server has said so and the link has ended; a link that ends alone says nothing. Times are monotonic microseconds. */

G_BEGIN_DECLS

#define QMP_END_PATIENCE (2 * G_USEC_PER_SEC)

typedef struct {
  gboolean  has_process;
  gboolean  process_over;
  gboolean  link_over;
  gboolean  was_told;      /* the server has said that it shuts down, and has not gone on since */
  gint64    until;         /* when it is over in any case; 0: never */
  char     *reason;        /* nullable: of the last SHUTDOWN, or a watchdog */
  gboolean  by_guest;
} QmpEnd;

/* Is nothing yet when all its bytes are 0. */
void     qmp_end_clear        (QmpEnd   *self);

/* An event came: which of them matters is found here. */
void     qmp_end_event        (QmpEnd   *self,
                               QmpEvent *event);
/* The machine was to arrive by a migration, which has failed: nothing else is said of it. */
void     qmp_end_arrival_failed (QmpEnd *self);
void     qmp_end_process_over (QmpEnd   *self,
                               gint64    now);
/* hung_up: it is the server that has ended it. Otherwise a process need not end as well. */
void     qmp_end_link_over    (QmpEnd   *self,
                               gboolean  hung_up,
                               gint64    now);
/* There is a link again. */
void     qmp_end_link_begun   (QmpEnd   *self);
gboolean qmp_end_is_over      (QmpEnd   *self,
                               gint64    now);

G_END_DECLS
