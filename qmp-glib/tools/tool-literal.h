/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tool-value.h"

/* Values as people write them: strict JSON, or Python's literals (None, True, single quotes, tuples, 0x10,
 * 1_000, trailing commas, adjacent strings) with JSON's true, false and null among them. No I/O. */

G_BEGIN_DECLS

#define TOOL_ERROR (tool_error_quark ())

typedef enum {
  TOOL_ERROR_USAGE,        /* a line that cannot be understood */
  TOOL_ERROR_NO_LITERAL,   /* not of that syntax */
  TOOL_ERROR_UNFINISHED,   /* right so far, but the text ended */
  TOOL_ERROR_UNSENDABLE,   /* a literal that JSON cannot say, such as a set */
  TOOL_ERROR_ASK,          /* what the server wants there has to be known first; see tool-types.h */
} ToolError;

GQuark      tool_error_quark     (void) G_GNUC_CONST;

typedef enum {
  TOOL_SYNTAX_JSON,
  TOOL_SYNTAX_PYTHON,
} ToolSyntax;

/* Reads the literal that text, which is UTF-8, begins with. end is set behind it, or, on failure, where
 * reading failed. */
ToolValue  *tool_literal_read    (const char   *text,
                                  ToolSyntax    syntax,
                                  const char  **end,
                                  GError      **error);

/* The same, JSON first and then Python. TOOL_ERROR_NO_LITERAL also when something follows: then end is
 * set. */
ToolValue  *tool_literal_read_all (const char  *text,
                                   const char **end,
                                   GError     **error);

G_END_DECLS
