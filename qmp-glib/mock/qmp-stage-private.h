/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A thread of its own with a main context, where everything of a mock happens that has to do with the wire; and calls into
 * it, from any other thread. */

G_BEGIN_DECLS

typedef struct _QmpStage QmpStage;

typedef void (* QmpStageFunc) (gpointer actor,
                               gpointer user_data);

/* Both in the thread, first and last. */
typedef struct {
  gpointer (* enter) (gpointer user_data);
  void     (* leave) (gpointer actor);
} QmpStageFuncs;

/* actor: what enter returns; the thread's alone. */
QmpStage *qmp_stage_new   (const QmpStageFuncs *funcs,
                           gpointer             user_data);
QmpStage *qmp_stage_ref   (QmpStage            *self);
/* Has ended by then. */
void      qmp_stage_unref (QmpStage            *self);
/* Runs func in the thread, and returns when that is done. FALSE if the thread has ended, and nothing was done. */
gboolean  qmp_stage_call  (QmpStage            *self,
                           QmpStageFunc         func,
                           gpointer             user_data);
/* Returns when the thread is gone; from then on nothing is done. FALSE if it had ended before, and in a forked child, where
 * there is no thread. */
gboolean  qmp_stage_end   (QmpStage            *self);

G_END_DECLS
