/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Where the output of one line goes: "| command", "> file", ">> file". */

G_BEGIN_DECLS

typedef struct _ShellRedirect ShellRedirect;

/* Called when all was written, or what it was written to has ended. error: nullable. */
typedef void (*ShellRedirectDone)        (const GError       *error,
                                          gpointer            user_data);

/* Cuts it off a line: only a sign that is a word of its own counts, outside of quotes. Of the human monitor's commands only
 * "info" and "help" have none that could mean something by it. Sets command to what stands in front, and redirect to NULL if
 * there is none. FALSE with TOOL_ERROR_USAGE if it is a wrong one. */
gboolean       shell_redirect_split      (const char         *line,
                                          gboolean            hmp,
                                          char              **command,
                                          ShellRedirect     **redirect,
                                          GError            **error);
/* Nothing is written that was not yet. Not while it is busy. */
void           shell_redirect_free       (ShellRedirect      *self);
/* Makes sure that the file can be written, before anything is executed. */
gboolean       shell_redirect_open       (ShellRedirect      *self,
                                          GError            **error);
/* Whether what is written goes through another program, which has the terminal then. */
gboolean       shell_redirect_is_pipe    (ShellRedirect      *self);
/* done may be called before this returns. */
void           shell_redirect_write      (ShellRedirect      *self,
                                          const char         *text,
                                          ShellRedirectDone   done,
                                          gpointer            user_data);
/* From shell_redirect_write() to done. */
gboolean       shell_redirect_is_busy    (ShellRedirect      *self);
/* Tells the other program to end. */
void           shell_redirect_end        (ShellRedirect      *self);

/* The name of a file as it is typed: in quotes, or with ~/ in front. */
char          *shell_redirect_read_path  (const char         *word);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShellRedirect, shell_redirect_free)

G_END_DECLS
