/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shell-session.h"

G_BEGIN_DECLS

/* The options that both shells have. */
void         shell_options_add        (ShellOptions      *options,
                                       GOptionContext    *context);
/* Those of one, before they are parsed. */
void         shell_options_add_entries (GOptionContext   *context,
                                       const GOptionEntry *entries);
/* Parses the arguments, prints what has to be printed. Returns whether to go on; status is set otherwise. */
gboolean     shell_options_parse      (GOptionContext    *context,
                                       int               *argc,
                                       char            ***argv,
                                       int               *status);
/* An error of usage, on standard error. Returns the status to leave with. */
int          shell_options_complain   (const char        *message);

G_END_DECLS
