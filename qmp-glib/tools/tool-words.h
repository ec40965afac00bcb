/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The words of a line, and what errors say of them. No I/O. */

G_BEGIN_DECLS

typedef struct {
  char       *text;
  const char *start;   /* within the line, borrowed; NULL for a word of its own */
  guint       place;   /* in the line: characters from 1 on; of a word of its own: its number */
} ToolWord;

void        tool_word_free        (ToolWord        *word);

/* Divides a line, into ToolWord, at white space outside of quotes and of JSON or Python literals. Quotes stay. */
GPtrArray  *tool_words_split      (const char      *line,
                                   GError         **error);

/* The words of a line in front of the one that is completed, with which it ends; NULL if they cannot be told. */
char      **tool_words_split_before (const char    *line,
                                   const char      *word);

/* Behind the closing quote of the text in quotes that begins there; NULL if there is none. */
const char *tool_skip_quoted      (const char      *text);

/* Sets TOOL_ERROR_USAGE. Returns FALSE, for the caller to return. */
gboolean    tool_fail             (GError         **error,
                                   const char      *format,
                                   ...) G_GNUC_PRINTF (2, 3);
/* Adds to an error where the word stands. */
void        tool_word_add_place   (const ToolWord  *word,
                                   GError         **error);
/* What of a text an error shows. */
char       *tool_shorten          (const char      *text);

/* What a person is told who waits for a connection. Borrowed. */
const char *tool_waiting_text     (gboolean         agent);

G_END_DECLS
