/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Which of many is due first: a heap of deadlines, each a member of whatever is due then. */

G_BEGIN_DECLS

typedef struct {
  gint64     time;   /* monotonic microseconds; does not change while it is in a heap */
  guint      index;  /* private */
} QmpDeadline;

typedef struct {
  GPtrArray *heap;   /* nullable; of QmpDeadline, borrowed; each knows its index */
} QmpDeadlines;

/* Empty, as it is when all its bytes are 0. */
void         qmp_deadlines_clear  (QmpDeadlines *self);

/* deadline: not there yet, with its time set. */
void         qmp_deadlines_add    (QmpDeadlines *self,
                                   QmpDeadline  *deadline);
/* deadline: there. */
void         qmp_deadlines_remove (QmpDeadlines *self,
                                   QmpDeadline  *deadline);
/* NULL if there is none. */
QmpDeadline *qmp_deadlines_peek   (QmpDeadlines *self);
/* Asserts that no time is earlier than that of the first. */
void         qmp_deadlines_check  (QmpDeadlines *self);

/* Whose member deadline is; NULL for NULL. */
#define qmp_deadline_owner(deadline, Type, member)                                            \
  ((Type *) qmp_deadline_get_owner ((deadline), G_STRUCT_OFFSET (Type, member)))

static inline gpointer
qmp_deadline_get_owner (QmpDeadline *deadline,
                        gsize        offset)
{
  return deadline != NULL ? (char *) deadline - offset : NULL;
}

G_END_DECLS
