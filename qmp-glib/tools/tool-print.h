/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdio.h>

/* How a program shows what a server sent: no byte of it reaches the terminal that could command it. No I/O
 * but for the question what a stream is. */

G_BEGIN_DECLS

typedef enum {
  TOOL_PRINT_PLAIN = 0,
  TOOL_PRINT_PRETTY = 1 << 0,   /* many lines, indented */
  TOOL_PRINT_COLOUR = 1 << 1,
} ToolPrintFlags;

/* json: the JSON text of a message. What is appended is JSON that says the same, but for colours. */
void      tool_print_append_json   (GString        *out,
                                    const char     *json,
                                    gsize           length,
                                    ToolPrintFlags  flags);

/* Control characters but line ends and tabs are spelled out; line ends are made "\n". */
char     *tool_print_harmless      (const char     *text);

/* Whether colour is wanted there: a terminal that knows them, and no NO_COLOR. */
gboolean  tool_print_wants_colour  (FILE           *stream);

G_END_DECLS
