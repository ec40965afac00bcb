/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "wire/qmp-poll-set-private.h"

/* Who of those that are watched is served in a turn of a main loop, and in which order. No I/O.
 *
 * Who left nothing to be done when he was served last comes before those who did, since he does not take long. These are
 * served in the order in which they became ready, and only for a while: what a turn leaves of them is first in the next. So
 * a command to one server does not wait until all those that flood us have had their turn, and nobody starves. */

G_BEGIN_DECLS

typedef struct _QmpIoContext QmpIoContext;

/* What a watch has to do before the context sleeps. */
typedef enum {
  QMP_IO_SLEEP,  /* nothing, until it is stirred again */
  QMP_IO_AGAIN,  /* to be asked again in the next turn, for which the context must not sleep */
  QMP_IO_READY,  /* to be dispatched, whether or not its descriptor is ready */
} QmpIoNeed;

typedef struct {
  /* Before the context sleeps, if the watch was stirred since. Runs no user code, and frees no watch. Nullable. */
  QmpIoNeed (* prepare)  (gpointer     owner);
  /* The watch is stirred, so that prepare follows. User code may run from here, and the watch may be freed. ready is a
   * hint: it may have been read meanwhile. TRUE: there is more to be done at once, but others come first. */
  gboolean  (* dispatch) (gpointer     owner,
                          GIOCondition ready);
} QmpIoFuncs;

/* The list that a watch stands in. */
typedef enum {
  QMP_IO_NOWHERE,
  QMP_IO_IN_PREPARE,
  QMP_IO_STIRRED,
  QMP_IO_POSTPONED,  /* to be asked again in the next iteration */
  QMP_IO_NOTED,      /* to be served, as are those in the next two */
  QMP_IO_NOTED_BUSY, /* left something to be done when it was served last */
  QMP_IO_NOTED_LATE, /* only in turns in which no other is */
  QMP_IO_N_PLACES
} QmpIoPlace;

/* A member of its owner. */
typedef struct {
  QmpPollEntry      entry;      /* private, as is the rest; first */
  QmpIoContext     *context;    /* owned; NULL while it is not attached */
  const QmpIoFuncs *funcs;
  gpointer          owner;      /* borrowed */
  GList             link;       /* in the list of place */
  QmpIoPlace        place;
  GIOCondition      ready;      /* noted */
  gboolean          is_late;
  gboolean          is_busy;    /* left something to be done when it was served last */
  gboolean          is_asking;  /* stirred since it was noted */
  GSource          *stream;     /* nullable: of a stream without a descriptor */
#ifdef QMP_CHECKS
  GList             check_link; /* in the context's watches */
  guint             turn;       /* in which it was served last */
#endif
} QmpIoWatch;

/* A member of its owner. */
typedef struct {
  GQueue      lists[QMP_IO_N_PLACES]; /* of QmpIoWatch, by their links; some places have none */
  guint       number;                 /* of the newest turn */
  gint64      busy_time;              /* microseconds; 0: until one was served */
  gboolean    is_asking;              /* one of those that are noted is */
  QmpIoWatch *served;                 /* borrowed, nullable: by the innermost turn, while it is there */
} QmpIoTurns;

void        qmp_io_turns_init       (QmpIoTurns   *self);
void        qmp_io_turns_unlist     (QmpIoTurns   *self,
                                     QmpIoWatch   *watch);
/* ready: what its descriptor is, 0 if it has something to do whether or not that is ready. */
void        qmp_io_turns_note       (QmpIoTurns   *self,
                                     QmpIoWatch   *watch,
                                     GIOCondition  ready);
/* It may be freed: within its own dispatch as well. */
void        qmp_io_turns_forget     (QmpIoTurns   *self,
                                     QmpIoWatch   *watch);
/* The turn of that number serves those that are not busy, and then those that are. TRUE if there is more to be done at once. As
 * soon as a newer turn has begun, in a main loop that user code runs, this one is over. */
gboolean    qmp_io_turns_serve      (QmpIoTurns   *self,
                                     guint         turn);
gboolean    qmp_io_turns_serve_busy (QmpIoTurns   *self,
                                     guint         turn);

/* Last in a list that there is. watch: in no list. */
static inline void
qmp_io_turns_list (QmpIoTurns *self,
                   QmpIoWatch *watch,
                   QmpIoPlace  place)
{
  watch->place = place;
  g_queue_push_tail_link (&self->lists[place], &watch->link);
}

static inline gboolean
qmp_io_turns_has (QmpIoTurns *self,
                  QmpIoPlace  place)
{
  return self->lists[place].head != NULL;
}

/* There is one. */
static inline QmpIoWatch *
qmp_io_turns_take_first (QmpIoTurns *self,
                         QmpIoPlace  place)
{
  return g_queue_pop_head_link (&self->lists[place])->data;
}

static inline gboolean
qmp_io_turns_has_noted (QmpIoTurns *self)
{
  return qmp_io_turns_has (self, QMP_IO_NOTED) || qmp_io_turns_has (self, QMP_IO_NOTED_BUSY) ||
         qmp_io_turns_has (self, QMP_IO_NOTED_LATE);
}

G_END_DECLS
