/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* A command of the system's shell that is given a text as its standard input. It has the terminal while it runs, and so it has
 * Ctrl-C and Ctrl-Z; afterwards the terminal is as it was. */

G_BEGIN_DECLS

typedef struct _ShellPipe ShellPipe;

/* error: the status if that was not 0, or the signal that ended it: G_IO_ERROR_CANCELLED for that of Ctrl-C, also where
 * the status says so. It is freed by then. */
typedef void (*ShellPipeDone) (const GError   *error,
                               gpointer        user_data);

/* NULL with error if it cannot be started; done is not called then. */
ShellPipe *shell_pipe_start   (const char     *command,
                               const char     *text,
                               ShellPipeDone   done,
                               gpointer        user_data,
                               GError        **error);
/* Tells it to end. done is called when it has. */
void       shell_pipe_end     (ShellPipe      *self);

G_END_DECLS
