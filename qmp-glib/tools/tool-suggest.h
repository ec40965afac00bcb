/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-glib.h>

/* What somebody may have meant who has mistyped. No I/O. */

G_BEGIN_DECLS

/* The name that is nearest to the word; NULL if none is near. Borrowed from names, which end with NULL. */
const char *tool_suggest_name    (const char          *word,
                                  const char * const  *names);
/* " (did you mean “NAME”?)", or "" if no name is near. Transfer full. */
char       *tool_suggest_hint    (const char          *word,
                                  const char * const  *names);
/* What a server would have taken for the command that it did not take: a text to stand in brackets. NULL when the
 * schema knows nothing better. Transfer full. */
char       *tool_suggest_command (QmpSchema           *schema,
                                  QmpMessage          *command);

G_END_DECLS
