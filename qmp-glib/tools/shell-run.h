/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-glib.h>

#include "shell-log.h"
#include "shell-output.h"

/* One command at a time: it is sent, and its reply is shown and logged. */

G_BEGIN_DECLS

typedef struct _ShellRun ShellRun;

typedef enum {
  SHELL_REPLY_JSON,
  SHELL_REPLY_HMP,    /* a text for people */
  SHELL_REPLY_CPU,    /* tells whether the CPU is there; nothing is shown */
} ShellReply;

typedef enum {
  SHELL_OUTCOME_DONE,
  SHELL_OUTCOME_SERVER_ERROR,   /* it has said no, which is shown */
  SHELL_OUTCOME_REFUSED,        /* the client would not send it */
  SHELL_OUTCOME_NO_REPLY,
} ShellOutcome;

/* error: why there is no reply; not with DONE and SERVER_ERROR. */
typedef void (*ShellRunDone)        (ShellOutcome   outcome,
                                     const GError  *error,
                                     gpointer       user_data);

/* All is borrowed; log is nullable. */
ShellRun     *shell_run_new         (QmpClient     *client,
                                     ShellOutput   *output,
                                     ShellLog      *log,
                                     ShellRunDone   done,
                                     gpointer       user_data);
/* Not while it is busy. */
void          shell_run_free        (ShellRun      *self);
/* Whether what is sent is shown. */
void          shell_run_set_verbose (ShellRun      *self,
                                     gboolean       verbose);
/* Takes command. */
void          shell_run_start       (ShellRun      *self,
                                     QmpMessage    *command,
                                     ShellReply     kind);
/* Takes command, and answers it as a server would that has nothing to say to it. Nothing is sent, nor is done called. */
void          shell_run_answer      (ShellRun      *self,
                                     QmpMessage    *command);
gboolean      shell_run_is_busy     (ShellRun      *self);
void          shell_run_cancel      (ShellRun      *self);
/* That runs, or, in done, has run. */
QmpMessage   *shell_run_get_command (ShellRun      *self);
/* Whether that command ends the server. */
gboolean      shell_run_is_quit     (ShellRun      *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShellRun, shell_run_free)

G_END_DECLS
