/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "json/qmp-json-text-private.h"

/* The commands that are about file descriptors, of QEMU's. No I/O. */

G_BEGIN_DECLS

typedef enum {
  QMP_FD_COMMAND_NONE,   /* another; or its arguments are wrong, which the server says before it looks at descriptors */
  QMP_FD_COMMAND_GETFD,
  QMP_FD_COMMAND_ADD_FD,
  QMP_FD_COMMAND_CLOSEFD,
} QmpFdCommand;

/* arguments: of length 0 for none. fdname (out): owned; of getfd and closefd, else NULL. */
QmpFdCommand  qmp_fd_command_read      (const char    *name,
                                        QmpJsonSlice   arguments,
                                        char         **fdname);

static inline gboolean
qmp_fd_command_takes_fd (QmpFdCommand self)
{
  return self == QMP_FD_COMMAND_GETFD || self == QMP_FD_COMMAND_ADD_FD;
}

G_END_DECLS
