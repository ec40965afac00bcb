/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-glib.h>

#include "tool-grammar.h"

/* Names of what is there at this moment: each is asked of the server, within the time that somebody who has
 * pressed Tab is ready to wait. */

G_BEGIN_DECLS

/* The value that was given for a key; NULL if none was. words: of ToolWord; transfer full. */
char  *shell_live_given    (GPtrArray   *words,
                            const char  *key);
/* Adds to names what can be the value of that argument, of which typed is there already. */
void   shell_live_names    (QmpClient   *client,
                            const char  *command,
                            const char  *key,
                            const char  *typed,
                            GPtrArray   *words,
                            GPtrArray   *names);
/* The names of the commands of a server without a schema. */
void   shell_live_commands (QmpClient   *client,
                            GPtrArray   *names);
/* What a command of the human monitor prints; NULL if it fails. Transfer full. */
char  *shell_live_hmp      (QmpClient   *client,
                            const char  *line);

G_END_DECLS
