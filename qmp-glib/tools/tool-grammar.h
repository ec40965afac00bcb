/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-glib.h>

#include "tool-literal.h"
#include "tool-types.h"

/* The grammar of qmp-shell's lines: "command key=value ...", transactions over many lines, and JSON as it is.
 * docs/man/qmp-shell.rst says it all. No I/O. */

G_BEGIN_DECLS

/* The value that stands behind "key=". */
ToolValue  *tool_value_parse           (const char          *text,
                                        GError             **error);

/* The value of a word of the place, "key=value", and its key, which is set then. TOOL_ERROR_ASK when the types have a
 * question first. */
ToolValue  *tool_member_parse          (const ToolPlace     *place,
                                        guint                number,
                                        char               **key,
                                        GError             **error);

/* A command from words that a shell has divided. types is nullable; TOOL_ERROR_ASK when it has a question. */
QmpMessage *tool_command_from_words    (const char * const  *words,
                                        ToolTypes           *types,
                                        GError             **error);

/* Whether it asks for no more than what opening has done: qmp_capabilities, without any. */
gboolean    tool_command_negotiates    (QmpMessage          *command);

/* Whether all of them can be sent, where there are several: they are executed all, or none. A single one is looked at
 * when it is sent. */
gboolean    tool_commands_check        (GQueue              *commands,
                                        GError             **error);

typedef enum {
  TOOL_STATE_COMMAND,
  TOOL_STATE_TRANSACTION,   /* "transaction(" was given, and no ")" yet */
  TOOL_STATE_JSON,          /* a JSON object goes on in the next line */
} ToolState;

/* The longest command over several lines, in MiB: more than QEMU takes. */
#define TOOL_GRAMMAR_MAX 128

typedef struct _ToolGrammar ToolGrammar;

/* types is borrowed, and nullable. */
ToolGrammar *tool_grammar_new          (ToolTypes           *types);
/* What was begun goes on in either, without regard to the other. */
ToolGrammar *tool_grammar_copy         (ToolGrammar         *self);
void         tool_grammar_free         (ToolGrammar         *self);
ToolState    tool_grammar_get_state    (ToolGrammar         *self);
/* Takes a line, and appends the commands, of QmpMessage, that it makes up: none when there is more to come, several
 * when JSON objects stand one behind the other. After an error nothing is appended and all is as it was before the
 * line, but for a JSON object that has become none, or a command that is too long, which are forgotten; after TOOL_ERROR_ASK the line is to be fed
 * again when the question is answered. */
gboolean     tool_grammar_feed         (ToolGrammar         *self,
                                        const char          *line,
                                        GQueue              *commands,
                                        GError             **error);
/* Forgets what was begun. Returns whether there was anything. */
gboolean     tool_grammar_abort        (ToolGrammar         *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToolGrammar, tool_grammar_free)

G_END_DECLS
