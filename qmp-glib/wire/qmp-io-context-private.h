/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

#include "core/qmp-deadlines-private.h"
#include "wire/qmp-io-turns-private.h"

/* Where I/O is done: one GSource for all watches and timers of one main context in one thread, so that a turn of the main
 * loop costs what is active and not what is there.
 *
 * What is ready is first noted and then served, each watch at most once in a turn. A turn within a turn, of a main loop
 * that user code runs, takes over what is left of the outer one. After a turn that left something to be done at once, the
 * next is only taken if nothing else is ready, so that a program draws its window while a server floods it.
 *
 * But for qmp_io_context_unref(), and what says otherwise, all of this is for the thread that got the I/O context. */

G_BEGIN_DECLS

/* A member of its owner. Its function may run user code, and free the timer. */
typedef struct {
  QmpDeadline       deadline;   /* private, as is the rest */
  QmpIoContext     *context;    /* borrowed; NULL while it is not set */
  void           (* func)      (gpointer owner);
  gpointer          owner;      /* borrowed */
} QmpIoTimer;

/* This thread's for that main context. */
QmpIoContext *qmp_io_context_get              (GMainContext     *main_context);
/* One for each thread at most, with a main context of its own, that nobody else iterates. Coming and going there takes no
 * system calls. */
QmpIoContext *qmp_io_context_new_private      (void);
QmpIoContext *qmp_io_context_ref              (QmpIoContext     *self);
void          qmp_io_context_unref            (QmpIoContext     *self);
GMainContext *qmp_io_context_get_main_context (QmpIoContext     *self);
/* This thread does not sleep in the main context's poll until it is released: nobody has to be woken. Counted. */
void          qmp_io_context_hold             (QmpIoContext     *self);
void          qmp_io_context_release          (QmpIoContext     *self);

/* What belongs to the I/O context's thread and loses its last reference in another one. */

/* From any thread: FALSE if this one must not touch what is the I/O context's. Its own may. When that has ended any may
 * that gets the main context, which is then this one's until as many calls of leave. */
gboolean      qmp_io_context_enter            (QmpIoContext     *self);
void          qmp_io_context_leave            (QmpIoContext     *self);
/* Is it this thread that may? */
gboolean      qmp_io_context_is_entered       (QmpIoContext     *self);
/* From any thread: takes a reference to object, which the I/O context's thread drops as soon as nobody else has one. Self
 * may be gone afterwards. */
void          qmp_io_context_hand_over        (QmpIoContext     *self,
                                               GObject          *object);
/* Drops those that can be: each turn does so first. Runs user code. The caller holds self. */
void          qmp_io_context_drop_handed_over (QmpIoContext     *self);

/* For tests: the time of all timers is over. FALSE if there are none. */
gboolean      qmp_io_context_hurry            (QmpIoContext     *self);
#ifdef QMP_CHECKS
/* Asserts what always holds, when the main context is about to sleep: nobody has something to do, and was not stirred. */
void          qmp_io_context_check            (QmpIoContext     *self);
#endif
/* For tests; see qmp-poll-set. */
void          qmp_io_context_set_max_polled   (QmpIoContext     *self,
                                               guint             max_polled);
/* For tests: how long a turn goes on with those that are busy, in microseconds; 0: until one was served. */
void          qmp_io_context_set_busy_time    (QmpIoContext     *self,
                                               gint64            busy_time);

/* watch: not attached, with its bytes 0 at first. Nothing is watched yet, and it is not stirred. */
void          qmp_io_watch_attach             (QmpIoWatch       *watch,
                                               QmpIoContext     *context,
                                               const QmpIoFuncs *funcs,
                                               gpointer          owner);
/* Nothing is called any more. May be not attached. A descriptor may be closed after that. */
void          qmp_io_watch_detach             (QmpIoWatch       *watch);
/* Waits for events on that descriptor; -1 for none. Attached. */
void          qmp_io_watch_set_fd             (QmpIoWatch       *watch,
                                               int               fd,
                                               GIOCondition      events);
/* Waits for a source of a stream that has no descriptor; takes a reference. Attached. */
void          qmp_io_watch_add_source         (QmpIoWatch       *watch,
                                               GSource          *source);
void          qmp_io_watch_remove_source      (QmpIoWatch       *watch,
                                               GSource          *source);
/* It is dispatched only in turns in which no other was. */
void          qmp_io_watch_set_late           (QmpIoWatch       *watch,
                                               gboolean          is_late);
/* Its prepare is to be asked. May be not attached: then nothing happens. */
void          qmp_io_watch_stir               (QmpIoWatch       *watch);
/* Its prepare has nothing to say after all. */
void          qmp_io_watch_calm               (QmpIoWatch       *watch);

/* Calls func at that time, in monotonic microseconds, and not at the one that was set before. */
void          qmp_io_timer_set                (QmpIoTimer       *timer,
                                               QmpIoContext     *context,
                                               gint64            time,
                                               void           (* func) (gpointer owner),
                                               gpointer          owner);
/* May be not set. */
void          qmp_io_timer_clear              (QmpIoTimer       *timer);

static inline gboolean
qmp_io_timer_is_set (QmpIoTimer *timer)
{
  return timer->context != NULL;
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QmpIoContext, qmp_io_context_unref)

G_END_DECLS
