/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shell-asking.h"
#include "shell-options.h"
#include "shell-output.h"
#include "shell-run.h"
#include "tool-grammar.h"

/* What becomes of one line: where its output goes, the commands that it is, and their outcome. */

G_BEGIN_DECLS

typedef struct _ShellLine ShellLine;

typedef enum {
  SHELL_FAILURE_SERVER,    /* it has said no; that is shown already */
  SHELL_FAILURE_GRAMMAR,   /* the line is wrong; nothing of it was executed, as with the next */
  SHELL_FAILURE_REFUSED,
  SHELL_FAILURE_CANCELLED, /* before anything was sent */
  SHELL_FAILURE_CTRL_C,    /* that has ended the program which has the output */
  SHELL_FAILURE_OTHER,     /* there is no reply, or it could not be written where it was to go */
} ShellFailure;

typedef enum {
  SHELL_OWN_NONE,   /* it is for the server */
  SHELL_OWN_DONE,
  SHELL_OWN_ASK,    /* the schema is needed first */
} ShellOwn;

typedef struct {
  /* The next line can be taken, or this one gone on with; not called from within a call. */
  void     (*ready)  (gpointer       user_data);
  /* message: nullable. */
  void     (*failed) (ShellFailure   failure,
                      const char    *message,
                      gpointer       user_data);
  /* A line that may be the shell's own, divided into words, of which there is at least one. redirected: its output is. */
  ShellOwn (*own)    (GPtrArray     *words,
                      gboolean       redirected,
                      gpointer       user_data);
  /* The server was asked what the line means: it is to be taken again. */
  void     (*again)  (const char    *line,
                      gpointer       user_data);
  /* The server was told to quit. */
  void     (*quits)  (gpointer       user_data);
} ShellLineFuncs;

/* All is borrowed; log is nullable. over: cancelled at the end of the session. */
ShellLine *shell_line_new             (const ShellOptions    *options,
                                       QmpClient             *client,
                                       ShellOutput           *output,
                                       ShellLog              *log,
                                       gboolean               interactive,
                                       GCancellable          *over,
                                       const ShellLineFuncs  *funcs,
                                       gpointer               user_data);
/* Not while it is busy. */
void       shell_line_free            (ShellLine             *self);
/* Not while it is busy, and with nothing to go on with. */
void       shell_line_take            (ShellLine             *self,
                                       const char            *line);
/* Does what is next of the line. FALSE if there is nothing. */
gboolean   shell_line_go_on           (ShellLine             *self);
gboolean   shell_line_is_busy         (ShellLine             *self);
/* Another program has the terminal. */
gboolean   shell_line_is_piping       (ShellLine             *self);
/* What is under way, as far as that can be. */
void       shell_line_cancel          (ShellLine             *self);
/* The same, and a program that its output goes through is told to end. */
void       shell_line_end             (ShellLine             *self);
/* The rest of the line is not executed. */
void       shell_line_drop            (ShellLine             *self);
/* Whether a line may say where its output goes; it may not unless this is set. */
void       shell_line_set_redirects   (ShellLine             *self,
                                       gboolean               redirects);
void       shell_line_set_verbose     (ShellLine             *self,
                                       gboolean               verbose);
ToolState  shell_line_get_state       (ShellLine             *self);
/* What was begun in brackets is forgotten. Returns whether there was anything. */
gboolean   shell_line_abort           (ShellLine             *self);
/* NULL if it is not known. */
QmpSchema *shell_line_get_schema      (ShellLine             *self);
gboolean   shell_line_has_schema      (ShellLine             *self);
/* The server is another one. */
void       shell_line_forget          (ShellLine             *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShellLine, shell_line_free)

G_END_DECLS
