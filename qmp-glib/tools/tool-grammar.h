/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-glib.h>

#include "tool-literal.h"

/* The grammar of qmp-shell's lines: "command key=value ...", transactions over many lines, and JSON as it is.
 * docs/man/qmp-shell.rst says it all. No I/O. */

G_BEGIN_DECLS

typedef struct {
  char       *text;
  const char *start;   /* within the line, borrowed; NULL for a word of its own */
  guint       place;   /* in the line: characters from 1 on; of a word of its own: its number */
} ToolWord;

/* Divides a line at white space outside of quotes and of JSON or Python literals. Quotes stay. */
GPtrArray  *tool_words_split           (const char          *line,
                                        GError             **error);

/* The value that stands behind "key=". */
ToolValue  *tool_value_parse           (const char          *text,
                                        GError             **error);

/* A command from words that a shell has divided. */
QmpMessage *tool_command_from_words    (const char * const  *words,
                                        GError             **error);

typedef enum {
  TOOL_STATE_COMMAND,
  TOOL_STATE_TRANSACTION,   /* "transaction(" was given, and no ")" yet */
  TOOL_STATE_JSON,          /* a JSON object goes on in the next line */
} ToolState;

typedef struct _ToolGrammar ToolGrammar;

ToolGrammar *tool_grammar_new          (void);
void         tool_grammar_free         (ToolGrammar         *self);
ToolState    tool_grammar_get_state    (ToolGrammar         *self);
/* Takes a line. NULL without an error when there is no command to send yet. After an error all is as it was
 * before the line, but for a JSON object that has become none, which is forgotten. */
QmpMessage  *tool_grammar_feed         (ToolGrammar         *self,
                                        const char          *line,
                                        GError             **error);
/* Forgets what was begun. Returns whether there was anything. */
gboolean     tool_grammar_abort        (ToolGrammar         *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToolGrammar, tool_grammar_free)

G_END_DECLS
