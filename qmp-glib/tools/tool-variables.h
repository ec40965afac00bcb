/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-glib.h>

/* Replies that are kept by a name, and what later commands have of them. A name stands for a value of a command that was
 * understood before, and is replaced by a value: whatever a server has sent, no other command and no other argument comes of
 * it. No I/O. */

G_BEGIN_DECLS

typedef struct _ToolVariables ToolVariables;

ToolVariables *tool_variables_new         (void);
void           tool_variables_free        (ToolVariables  *self);
/* Of "NAME = COMMAND": sets the name, and returns what follows the sign. Of any other line: returns all of it. */
const char    *tool_variables_read_target (const char     *line,
                                           char          **name);
/* In place of what the name stood for. reply: a server's, with a "return"; NULL: the name is known no longer. */
void           tool_variables_keep        (ToolVariables  *self,
                                           const char     *name,
                                           QmpMessage     *reply);
/* Of the command's arguments, each text "$NAME" or "$NAME.PATH", wherever it stands, becomes the value itself, and "$$TEXT"
 * becomes "$TEXT". Names of members, and what came out of a reply, are not looked at. After an error the command is as it
 * was. */
gboolean       tool_variables_fill_in     (ToolVariables  *self,
                                           QmpMessage     *command,
                                           GError        **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToolVariables, tool_variables_free)

G_END_DECLS
