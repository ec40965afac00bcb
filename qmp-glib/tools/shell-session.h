/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-glib.h>
#include <stdio.h>

#include "shell-link.h"
#include "tool-tls.h"

/* The conversation: lines in, commands out, replies and events shown. */

G_BEGIN_DECLS

typedef enum {
  SHELL_STATUS_DONE = 0,
  SHELL_STATUS_FAILED = 1,  /* no connection, or lost; or a standard stream failed */
  SHELL_STATUS_USAGE = 2,
  SHELL_STATUS_INTERRUPTED = 130,   /* as shells say it of a signal */
  SHELL_STATUS_UNREAD = 141,        /* nobody reads the output any more */
  SHELL_STATUS_TERMINATED = 143,
} ShellStatus;

typedef struct {
  gboolean  hmp;
  gboolean  skip_negotiation;
  gboolean  guest_agent;
  gboolean  verbose;
  gboolean  pretty;
  gboolean  reconnect;
  gboolean  plain_prompt;
  char     *logfile;
  ToolTls   tls;
} ShellOptions;

typedef struct _ShellSession ShellSession;

/* One of address and launch is given; options and launch must live as long. NULL when the log file cannot be written. */
ShellSession *shell_session_new       (const ShellOptions  *options,
                                       const char          *address_text,
                                       GSocketConnectable  *address,
                                       const ShellLaunch   *launch,
                                       GError             **error);
void          shell_session_free      (ShellSession        *self);
/* Runs the main loop until the conversation ends. */
ShellStatus   shell_session_run       (ShellSession        *self);
/* Ends it with that status. */
void          shell_session_end       (ShellSession        *self,
                                       ShellStatus          status);
/* Why the link has failed, when the session has launched a machine, whose owner has to tell; else NULL. */
const GError *shell_session_get_failure (ShellSession      *self);
/* Shows lines of somebody else, who has made them harmless. */
void          shell_session_show      (ShellSession        *self,
                                       FILE                *stream,
                                       const char          *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShellSession, shell_session_free)

G_END_DECLS
