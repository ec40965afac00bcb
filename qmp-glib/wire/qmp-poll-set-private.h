/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The descriptors that one GSource waits for. A few are polled by GLib itself, which costs nothing more; as soon as there
 * are more, an epoll set takes them, so that a turn costs what is ready and not what is there. What such a set refuses
 * is polled.
 *
 * Level-triggered: what is in the set is reported as long as it is ready, and a hang-up in any case. So it is in the set
 * only while somebody reads it. */

G_BEGIN_DECLS

typedef struct _QmpPollSet QmpPollSet;

/* How many are polled by GLib. Measured: from here on epoll is cheaper. */
#define QMP_POLL_SET_MAX_POLLED 8

/* A member of whatever is waited for. */
typedef struct {
  GPollFD    poll;        /* fd is -1 while it is not in a set */
  GList      link;        /* private, as is the rest: among the polled */
  gboolean   is_polled;
  gboolean   is_fresh;    /* the source does not know of it yet */
  guint      generation;  /* what the kernel was told, to know it again: numbers of descriptors are given again */
} QmpPollEntry;

/* entry is ready. Only notes it: the set is not changed from here. G_IO_NVAL: the descriptor was closed behind its back. */
typedef void (* QmpPollSetFunc) (QmpPollEntry *entry,
                                 GIOCondition  ready,
                                 gpointer      user_data);

QmpPollSet *qmp_poll_set_new            (QmpPollSetFunc  func,
                                         gpointer        user_data);
/* Empty. */
void        qmp_poll_set_free           (QmpPollSet     *self);
/* Who polls from now on. source: nullable, not destroyed; without one qmp_poll_set_poll() does. */
void        qmp_poll_set_set_source     (QmpPollSet     *self,
                                         GSource        *source);
/* For tests: another number than QMP_POLL_SET_MAX_POLLED. While it is empty. */
void        qmp_poll_set_set_max_polled (QmpPollSet     *self,
                                         guint           max_polled);

/* entry: in no set. */
void        qmp_poll_set_add            (QmpPollSet     *self,
                                         QmpPollEntry   *entry,
                                         int             fd,
                                         GIOCondition    events);
/* These two: in this set. */
void        qmp_poll_set_modify         (QmpPollSet     *self,
                                         QmpPollEntry   *entry,
                                         GIOCondition    events);
/* Before the descriptor is closed. */
void        qmp_poll_set_remove         (QmpPollSet     *self,
                                         QmpPollEntry   *entry);

/* Before the source sleeps: it is told of what was added since. GLib wakes a main context for each descriptor that is given
 * to it or taken back, by a system call; what comes and goes between two turns, as in a blocking opening, costs none. So who
 * adds and removes has to see to it that a turn follows, as long as this says FALSE. */
void        qmp_poll_set_settle         (QmpPollSet     *self);
gboolean    qmp_poll_set_is_settled     (QmpPollSet     *self);
/* Settled, and without a source: polls what is in the set together with these, as g_poll() does. */
int         qmp_poll_set_poll           (QmpPollSet     *self,
                                         GPollFD        *fds,
                                         guint           n_fds,
                                         int             timeout);

/* Has the source found something ready? */
gboolean    qmp_poll_set_is_ready       (QmpPollSet     *self);
/* Calls func for what is, once for each time that the source has polled. */
void        qmp_poll_set_harvest        (QmpPollSet     *self);

G_END_DECLS
