/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdio.h>

/* The lines of a file of commands, one after the other. */

G_BEGIN_DECLS

/* The longest line, in MiB: more than QEMU takes. */
#define TOOL_LINES_MAX 128

typedef struct _ToolLines ToolLines;

/* file is borrowed: one that is open already. */
ToolLines  *tool_lines_new        (FILE        *file);
/* A regular file: nothing is waited for. NULL with error, which names it. */
ToolLines  *tool_lines_open       (const char  *path,
                                   GError     **error);
/* The same of any sort of file, which may be waited for. */
ToolLines  *tool_lines_open_any   (const char  *path,
                                   GError     **error);
void        tool_lines_free       (ToolLines   *self);
/* Without its end, and without a byte order mark at the beginning; borrowed until the next call. NULL at the end, and with
 * error: TOOL_ERROR_USAGE when it has a zero byte in it or is too long, G_FILE_ERROR when it cannot be read. */
const char *tool_lines_next       (ToolLines   *self,
                                   GError     **error);
/* From 1 on: of the line that was read last, or could not be. */
guint       tool_lines_get_number (ToolLines   *self);
/* Whether it had an end, and was not the file's. */
gboolean    tool_lines_has_end    (ToolLines   *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToolLines, tool_lines_free)

G_END_DECLS
