/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tool-complete.h"

/* What Tab offers in a shell: what the server has, and what is the shell's own. */

G_BEGIN_DECLS

/* The words that word can become; nullable. before: the line up to the end of word. late: the server did not answer in time. */
char **shell_complete (ToolCompleter *completer,
                       const char    *before,
                       const char    *word,
                       gboolean       hmp,
                       gboolean       in_transaction,
                       gboolean      *late);

G_END_DECLS
