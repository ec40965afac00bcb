/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdio.h>

/* Lines from the standard input: with readline from a terminal, in its main loop, or as they are from
 * anything else. There is one of it. */

G_BEGIN_DECLS

typedef struct _ShellInput ShellInput;

/* line: NULL at the end of the input, where error says why it cannot be read, if that is so. length: of the line, which
 * may have zeros in it. */
typedef void    (*ShellLineFunc)           (const char         *line,
                                            gsize               length,
                                            const GError       *error,
                                            gpointer            user_data);
/* Returns the words that can stand in place of word; before is the line up to the end of word. */
typedef char ** (*ShellCompleteFunc)       (const char         *before,
                                            const char         *word,
                                            gpointer            user_data);

ShellInput *shell_input_new                (ShellLineFunc       take_line,
                                            ShellCompleteFunc   complete,
                                            gpointer            user_data);
void        shell_input_free               (ShellInput         *self);
gboolean    shell_input_is_interactive     (ShellInput         *self);

/* Asks for one line; take_line gets it, once. */
void        shell_input_ask                (ShellInput         *self,
                                            const char         *prompt);
/* Asks with another prompt, if it does. */
void        shell_input_set_prompt         (ShellInput         *self,
                                            const char         *prompt);
/* Drops the line that is being typed, and asks no longer. */
void        shell_input_drop               (ShellInput         *self,
                                            const char         *mark);
/* Drops what was typed ahead. */
void        shell_input_flush              (ShellInput         *self);
/* Where a person reads what the program has to say; standard error when the input is not a terminal. */
FILE       *shell_input_get_terminal       (ShellInput         *self);
/* Prints a text that ends with a line end, above the line that is being typed. Returns 0, or why that could not be
 * done, as errno has it. */
int         shell_input_print              (ShellInput         *self,
                                            FILE               *stream,
                                            const char         *text);

G_END_DECLS
