/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shell-session.h"

G_BEGIN_DECLS

/* What the programs' main functions begin with: the locale and the translations. */
void         shell_options_set_locale (void);
/* The options that both shells have. */
void         shell_options_add        (ShellOptions      *options,
                                       GOptionContext    *context);
/* Parses the arguments, prints what has to be printed. Returns whether to go on; status is set otherwise. */
gboolean     shell_options_parse      (GOptionContext    *context,
                                       int               *argc,
                                       char            ***argv,
                                       int               *status);
/* An error of usage, on standard error. Returns the status to leave with. */
int          shell_options_complain   (const char        *message);

G_END_DECLS
