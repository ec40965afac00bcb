/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The lines that are to be executed: those that were typed, or came together, and those of files, which may name other files. */

G_BEGIN_DECLS

typedef struct _ShellLines ShellLines;

typedef enum {
  SHELL_LINES_NONE,
  SHELL_LINES_LINE,
  SHELL_LINES_END,     /* of a file, which is to be closed then */
  SHELL_LINES_ERROR,   /* a line of a file cannot be read */
} ShellLinesNext;

ShellLines     *shell_lines_new           (void);
void            shell_lines_free          (ShellLines   *self);
/* Adds a text of any number of lines. */
void            shell_lines_add           (ShellLines   *self,
                                           const char   *text);
/* Puts the line that was taken last back. */
void            shell_lines_put_back      (ShellLines   *self,
                                           const char   *line);
/* The lines of a file come next. mark: for whoever needs it at the end of the file. FALSE with error if it cannot be read, or
 * if there are too many within each other. */
gboolean        shell_lines_open          (ShellLines   *self,
                                           const char   *path,
                                           int           mark,
                                           GError      **error);
ShellLinesNext  shell_lines_next          (ShellLines   *self,
                                           char        **line,
                                           GError      **error);
/* Whether the last line came from a file. */
gboolean        shell_lines_is_in_file    (ShellLines   *self);
/* "FILE:LINE: " of the last line; NULL if it came from no file. Transfer full. */
char           *shell_lines_dup_place     (ShellLines   *self);
int             shell_lines_get_mark      (ShellLines   *self);
/* The file whose line was the last. */
void            shell_lines_close         (ShellLines   *self);
/* All files. */
void            shell_lines_close_all     (ShellLines   *self);
/* All that there is. */
void            shell_lines_forget        (ShellLines   *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShellLines, shell_lines_free)

G_END_DECLS
