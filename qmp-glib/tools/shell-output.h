/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-glib.h>
#include <stdio.h>

#include "shell-input.h"
#include "tool-print.h"

/* What a session shows. Replies and events go to standard output, errors to standard error, and what the program says
 * to the person to their terminal. Nothing that a server sent can command a terminal. */

G_BEGIN_DECLS

typedef struct _ShellOutput ShellOutput;

/* Called when a stream cannot be written, once: nothing is shown from then on. code: of errno. */
typedef void (*ShellOutputFailed) (FILE     *stream,
                                   int       code,
                                   gpointer  user_data);

/* input is borrowed: lines are shown above the one that is being typed. */
ShellOutput *shell_output_new      (ShellInput         *input,
                                    gboolean            hmp,
                                    ShellOutputFailed   failed,
                                    gpointer            user_data);
void         shell_output_free     (ShellOutput        *self);
void         shell_output_set_style (ShellOutput       *self,
                                    gboolean            pretty,
                                    gboolean            colour,
                                    gboolean            red_errors);
/* What stands in front of each error from now on, such as the line of a file. Takes place, which is nullable. */
void         shell_output_take_place (ShellOutput      *self,
                                    char               *place);

/* Replies and texts are not shown from now on, but kept, without colours; what the server refuses, and all else, is shown. */
void         shell_output_capture  (ShellOutput        *self);
/* What was kept, "" if nothing. */
const char  *shell_output_get_captured (ShellOutput    *self);
void         shell_output_end_capture (ShellOutput     *self);
/* Nothing is shown until it is released: another program has the terminal. */
void         shell_output_hold     (ShellOutput        *self);
void         shell_output_release  (ShellOutput        *self);

/* Lines as they are, which have to be harmless. */
void         shell_output_lines    (ShellOutput        *self,
                                    FILE               *stream,
                                    const char         *text);
/* A text for people, of several lines, with the server's words in it. */
void         shell_output_text     (ShellOutput        *self,
                                    const char         *text);
/* The same, which is shown in any case. */
void         shell_output_text_uncaptured (ShellOutput *self,
                                    const char         *text);
/* The same, through a pager when it is longer than a person's screen. */
void         shell_output_page     (ShellOutput        *self,
                                    const char         *text);
/* What the program says to the person, of one line: it never stands among replies that are kept. */
void         shell_output_say      (ShellOutput        *self,
                                    const char         *text);
/* One line on standard error, whatever a server put into it. */
void         shell_output_error    (ShellOutput        *self,
                                    const char         *format,
                                    ...) G_GNUC_PRINTF (2, 3);
/* A message that is shown in any case. */
void         shell_output_message  (ShellOutput        *self,
                                    QmpMessage         *message);
/* What a command returned. */
void         shell_output_reply    (ShellOutput        *self,
                                    QmpMessage         *reply);
/* To a person with its time of day; with HMP as a text. */
void         shell_output_event    (ShellOutput        *self,
                                    QmpEvent           *event);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShellOutput, shell_output_free)

G_END_DECLS
