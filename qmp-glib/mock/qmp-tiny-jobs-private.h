/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-invocation.h>

/* The jobs of a tiny QEMU. One that has a speed goes on until it is cancelled, or the speed is 0; others are done as soon as
 * their command is answered. */

G_BEGIN_DECLS

typedef struct _QmpTinyJobs QmpTinyJobs;

typedef struct {
  /* Takes data. */
  void     (* emit)   (gpointer    owner,
                       const char *name,
                       JsonObject *data);
  gboolean (* runs)   (gpointer    owner);
  /* -1: no such node was added. */
  gint64   (* length) (gpointer    owner,
                       const char *node);
} QmpTinyJobsFuncs;

QmpTinyJobs *qmp_tiny_jobs_new        (const QmpTinyJobsFuncs *funcs,
                                       gpointer                owner);
void         qmp_tiny_jobs_free       (QmpTinyJobs            *self);

/* FALSE: it is not about jobs. */
gboolean     qmp_tiny_jobs_answer     (QmpTinyJobs            *self,
                                       QmpInvocation          *invocation);
/* Whatever the command is: it starts a job, which fails. */
void         qmp_tiny_jobs_fail       (QmpTinyJobs            *self,
                                       QmpInvocation          *invocation,
                                       const char             *desc);
void         qmp_tiny_jobs_cancel_all (QmpTinyJobs            *self);

G_END_DECLS
