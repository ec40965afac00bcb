/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-glib.h>

/* The columns that --field asks for, of what a server sent. A path is as in qmp_message_dup_string(). No I/O. */

G_BEGIN_DECLS

typedef struct _ToolFields ToolFields;

/* paths: with NULL behind; copied. */
ToolFields *tool_fields_new         (const char * const *paths);
void        tool_fields_free        (ToolFields         *self);
/* Appends a line for the value, or one for each of its elements if it is an array: the fields, with tabs between them. A text is
 * shown without its quotes, anything else as JSON; null, and what is not there, as nothing. json: the text of a value. before:
 * the first column; nullable. */
void        tool_fields_append      (ToolFields         *self,
                                     GString            *out,
                                     const char         *before,
                                     const char         *json,
                                     gsize               length);
/* A path that led nowhere in any line, if there was a line; else NULL. Borrowed. */
const char *tool_fields_get_missing (ToolFields         *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToolFields, tool_fields_free)

G_END_DECLS
