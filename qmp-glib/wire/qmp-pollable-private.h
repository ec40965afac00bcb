/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "wire/qmp-io-context-private.h"

/* The bytes of a GIOStream that is not a socket, without ever waiting: TLS, pipes, whatever a program makes. They go
 * through GIO's pollable interfaces, whose sources a watch waits for. */

G_BEGIN_DECLS

/* A part of its owner, who keeps the stream; all zero while there is none. */
typedef struct {
  GPollableInputStream  *input;         /* borrowed: the stream's */
  GPollableOutputStream *output;        /* owned */
  GSource               *output_source; /* nullable: only while writing would block */
  GSource               *input_source;  /* nullable: only while it is to be read */
  gboolean               is_tls;
  gboolean               guarded;       /* what the stream does may raise SIGPIPE */
} QmpPollable;

/* Fails with G_IO_ERROR_NOT_SUPPORTED for a stream that cannot be polled. */
gboolean qmp_pollable_init    (QmpPollable  *self,
                               GIOStream    *stream,
                               GError      **error);
/* Unwatched. */
void     qmp_pollable_clear   (QmpPollable  *self);

/* Returns how many bytes it was, 0 at the end of the stream, -1 with error set; or -1 and no error, if there is nothing
 * now. */
gssize   qmp_pollable_read    (QmpPollable  *self,
                               guint8       *buffer,
                               gsize         size,
                               GError      **error);
/* Writes some of it. Returns how much that was, -1 with error set; or -1 and no error, if it would block: the next call
 * is to be for the same bytes then. */
gssize   qmp_pollable_write   (QmpPollable  *self,
                               const char   *bytes,
                               gsize         length,
                               GError      **error);

/* Asks the watch to tell that there is something to read, that writing goes on. */
void     qmp_pollable_watch   (QmpPollable  *self,
                               QmpIoWatch   *watch,
                               gboolean      reads,
                               gboolean      writes);
/* The watch was detached. */
void     qmp_pollable_unwatch (QmpPollable  *self);

G_END_DECLS
