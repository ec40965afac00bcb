/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-glib.h>

/* What Tab offers: from the server's schema, and from the server itself. The shells' line editor and "qmp complete",
 * which the command line's shells ask, have the same.
 *
 * Those that complete return the words that word can become, plain ones alone, transfer full. given: the arguments in
 * front of the word, as "key=value". */

G_BEGIN_DECLS

typedef struct _ToolCompleter ToolCompleter;

/* client: borrowed; it is asked while it is RUNNING. deadline: of the monotonic clock, for all calls together; 0: each
 * takes no longer than tool_live_get_limit(). */
ToolCompleter *tool_completer_new          (QmpClient           *client,
                                            gint64               deadline);
void           tool_completer_free         (ToolCompleter       *self);
/* Whether names of files are offered, too, for arguments that are such; FALSE unless it is set. Others do that better. */
void           tool_completer_set_files    (ToolCompleter       *self,
                                            gboolean             files);
/* The server may be another one by now. */
void           tool_completer_forget       (ToolCompleter       *self);
/* Whether the server did not answer the last call in time. */
gboolean       tool_completer_is_late      (ToolCompleter       *self);

/* before: a line of a shell, up to the end of word. */
char         **tool_completer_line         (ToolCompleter       *self,
                                            const char          *before,
                                            const char          *word,
                                            gboolean             in_transaction);
char         **tool_completer_hmp_line     (ToolCompleter       *self,
                                            const char          *before,
                                            const char          *word);

char         **tool_completer_commands     (ToolCompleter       *self,
                                            const char          *word);
char         **tool_completer_events       (ToolCompleter       *self,
                                            const char          *word);
char         **tool_completer_argument     (ToolCompleter       *self,
                                            const char          *command,
                                            const char * const  *given,
                                            const char          *word);
char         **tool_completer_event_member (ToolCompleter       *self,
                                            const char          *event,
                                            const char * const  *given,
                                            const char          *word);
/* The name of a command or an event, or a path that begins with one, exact or as tool_describe() takes it. */
char         **tool_completer_schema_path  (ToolCompleter       *self,
                                            const char          *word,
                                            gboolean             exact);
/* What can be the value of that argument, as job-dismiss's id. */
char         **tool_completer_value        (ToolCompleter       *self,
                                            const char          *command,
                                            const char          *key,
                                            const char          *word);
/* with_property: PATH.PROPERTY, too. */
char         **tool_completer_qom_path     (ToolCompleter       *self,
                                            const char          *word,
                                            gboolean             with_property);
char         **tool_completer_qom_property (ToolCompleter       *self,
                                            const char          *path,
                                            const char          *word);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToolCompleter, tool_completer_free)

G_END_DECLS
