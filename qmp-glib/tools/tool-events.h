/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-glib.h>

/* Events by their names, or by patterns with * and ?. No I/O. */

G_BEGIN_DECLS

gboolean tool_events_is_pattern (const char         *name);
/* A name that the server does not have, or a pattern that nothing there is like, would be waited for for ever: FALSE with
 * TOOL_ERROR_USAGE. schema is nullable: then nothing is known. */
gboolean tool_events_check (QmpSchema           *schema,
                            const char * const  *names,
                            GError             **error);
/* Whether one of them is the event's. */
gboolean tool_events_have  (const char * const  *names,
                            const char          *event);

G_END_DECLS
