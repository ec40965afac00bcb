/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-glib.h>

/* What a server offers, in words for display; its names may be anything. No I/O. */

G_BEGIN_DECLS

/* About a command, an event, or what a path leads to, as query-block/ret-type/inserted; "arg-type" and "ret-type" may
 * be left out of it. given: arguments as "key=value", which choose variants. NULL if there is no such thing. */
char *tool_describe (QmpSchema           *schema,
                     const char          *path,
                     const char * const  *given,
                     GError             **error);

/* The type that such a path leads to. */
QmpSchemaType *tool_describe_find_type (QmpSchema   *schema,
                                        const char  *path,
                                        GError     **error);

G_END_DECLS
