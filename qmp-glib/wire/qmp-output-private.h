/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "wire/qmp-io-context-private.h"

/* What a process says on its standard error: the end of it is kept, and somebody may hear it as it comes.
 *
 * The process writes into a pipe that never makes it wait: when nobody comes to read, what it says is lost to the pipe, and
 * its own business goes on. */

G_BEGIN_DECLS

typedef struct _QmpOutput QmpOutput;

/* What was just read. From within all that reads; runs no user code. */
typedef void (*QmpOutputFunc) (const guint8 *bytes,
                               gsize         length,
                               gpointer      owner);

/* limit: how many bytes are kept. write_fd (out): the other end of the pipe, for the process, to be closed here. */
QmpOutput *qmp_output_new      (gsize          limit,
                                int           *write_fd,
                                GError       **error);
void       qmp_output_free     (QmpOutput     *self);
/* Once, before it is attached. */
void       qmp_output_set_func (QmpOutput     *self,
                                QmpOutputFunc  func,
                                gpointer       owner);

/* Where it is read, from now on. */
void       qmp_output_attach   (QmpOutput     *self,
                                QmpIoContext  *context);
/* Reads what is there. */
void       qmp_output_drain    (QmpOutput     *self);
/* What was kept so far is not. */
void       qmp_output_forget   (QmpOutput     *self);
/* What was kept; what is not UTF-8 in it is replaced. */
char      *qmp_output_dup_text (QmpOutput     *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QmpOutput, qmp_output_free)

G_END_DECLS
