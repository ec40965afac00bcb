/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-glib.h>

/* The log of a session: one JSON object a line, a command and its reply in one, with the time as in an event. */

G_BEGIN_DECLS

typedef struct _ShellLog ShellLog;

ShellLog *shell_log_new      (const char  *path,
                              GError     **error);
void      shell_log_free     (ShellLog    *self);

/* time: microseconds since 1970, when the command was sent. FALSE with error if it cannot be written; but not again
 * for the lines behind one that could not. */
gboolean  shell_log_reply    (ShellLog    *self,
                              gint64       time,
                              QmpMessage  *command,
                              QmpMessage  *reply,
                              GError     **error);
gboolean  shell_log_event    (ShellLog    *self,
                              QmpEvent    *event,
                              GError     **error);

G_END_DECLS
