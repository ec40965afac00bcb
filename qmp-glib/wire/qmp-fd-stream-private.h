/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <signal.h>

/* Streams over a descriptor that may be shared with others, who set its flags: they never block where they are not to,
 * whether or not it is in non-blocking mode, and leave that as it is. Writing to somebody who is gone is an error, and no
 * signal. */

G_BEGIN_DECLS

#define QMP_TYPE_FD_OUTPUT_STREAM (qmp_fd_output_stream_get_type ())
G_DECLARE_FINAL_TYPE (QmpFdOutputStream, qmp_fd_output_stream, QMP, FD_OUTPUT_STREAM, GOutputStream)

/* fd: a socket, a pipe, a terminal, a device; taken if owned. */
GOutputStream *qmp_fd_output_stream_new    (int                fd,
                                            gboolean           owned);
int            qmp_fd_output_stream_get_fd (QmpFdOutputStream *self);

/* Both are taken, and may be duplicates of each other. */
GIOStream     *qmp_fd_stream_new           (int                input_fd,
                                            int                output_fd);

/* SIGPIPE, which writing to a pipe, a terminal or a socket without MSG_NOSIGNAL raises in the thread that writes: kept
 * from it for as long as it calls what may write so. */
typedef struct {
  sigset_t before;       /* of the thread's mask */
  gboolean was_pending;  /* the thread has blocked it itself, and it had come already */
} QmpPipeGuard;

void           qmp_pipe_guard_begin        (QmpPipeGuard      *guard);
/* came: it may have come since, and is to be forgotten. */
void           qmp_pipe_guard_end          (QmpPipeGuard      *guard,
                                            gboolean           came);

G_END_DECLS
