/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdarg.h>
#include <stdio.h>

/* How a program shows what a server sent: no byte of it reaches the terminal that could command it. No I/O
 * but for the question what a stream is. */

G_BEGIN_DECLS

typedef enum {
  TOOL_PRINT_PLAIN = 0,
  TOOL_PRINT_PRETTY = 1 << 0,   /* many lines, indented */
  TOOL_PRINT_COLOUR = 1 << 1,
  TOOL_PRINT_MESSAGE = 1 << 2,  /* it is a whole message, whose "error" is an error */
} ToolPrintFlags;

/* json: the JSON text of a message. What is appended is JSON that says the same, but for colours. */
void      tool_print_append_json   (GString        *out,
                                    const char     *json,
                                    gsize           length,
                                    ToolPrintFlags  flags);

/* Control characters but line ends and tabs, and characters that nobody sees, are spelled out; line ends are made
 * "\n". */
char     *tool_print_harmless      (const char     *text);
/* The same of bytes of any sort, zeros among them. */
char     *tool_print_harmless_bytes (const char    *data,
                                     gsize          length);
/* The same, on one line: line ends and tabs are spelled out too. For a name in a list, and for an error. */
char     *tool_print_harmless_line (const char     *text);
/* The same of what printf() makes. */
char     *tool_print_harmless_format (const char   *format,
                                      va_list       arguments) G_GNUC_PRINTF (1, 0);

/* Whether colour is wanted there: a terminal that knows them, and no NO_COLOR. */
gboolean  tool_print_wants_colour  (FILE           *stream);

G_END_DECLS
