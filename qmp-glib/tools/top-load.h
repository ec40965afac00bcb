/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* How busy a process of this computer is, and those of its threads that are virtual processors. */

G_BEGIN_DECLS

typedef struct _TopLoad TopLoad;

TopLoad *top_load_new         (int            pid);
void     top_load_free        (TopLoad       *self);
int      top_load_get_pid     (TopLoad       *self);
/* threads: their numbers; one that is not the process's counts nothing. */
void     top_load_set_threads (TopLoad       *self,
                               const int     *threads,
                               guint          n);
/* Looks. What is seen is of the time since it was done before. */
void     top_load_look        (TopLoad       *self,
                               gint64         time);
/* In percent of one processor; -1: not known. */
double   top_load_get         (TopLoad       *self);
double   top_load_get_threads (TopLoad       *self);

G_END_DECLS
