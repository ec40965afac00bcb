/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-invocation.h>

/* A tiny QEMU: what a small machine answers to the commands that are asked most, in QEMU's order of events and answers, as it
 * was measured. It has no guest, no disks and no clock: what takes time in QEMU is done at once, behind the answer. */

G_BEGIN_DECLS

/* Of the QEMU that it is like. */
#define QMP_TINY_VERSION "7.2.0"

typedef struct _QmpTiny QmpTiny;

typedef struct {
  void (* emit) (gpointer    owner,
                 const char *name,
                 JsonNode   *data);   /* nullable */
  /* It has quit, and answered. */
  void (* quit) (gpointer    owner);
} QmpTinyFuncs;

QmpTiny  *qmp_tiny_new      (const QmpTinyFuncs *funcs,
                             gpointer            owner);
void      qmp_tiny_free     (QmpTiny            *self);

/* Answers; FALSE if it does not know the command. */
gboolean  qmp_tiny_answer   (QmpTiny            *self,
                             QmpInvocation      *invocation);
/* Answers a command that starts a job, and has that fail. */
void      qmp_tiny_fail_job (QmpTiny            *self,
                             QmpInvocation      *invocation,
                             const char         *desc);

G_END_DECLS
