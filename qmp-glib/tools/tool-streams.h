/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdio.h>

/* A program's standard streams: that they are there, that its own words are in their characters, and that what could
 * not be written is told of; and the files that it writes. */

G_BEGIN_DECLS

/* The first thing in main(): the locale, the translations, and the streams. From then on g_print() and g_printerr()
 * write quotes and dots as the locale has them, and a program that leaves with 0 although standard output could not
 * be written, leaves with 1 and says so. */
void      tool_streams_set_up     (void);

/* Writes a text and flushes it. Returns 0, or why that could not be done, as errno has it. */
int       tool_streams_write      (FILE        *stream,
                                   const char  *text);

/* Says on standard error that standard output could not be written: code is of errno. Once. */
void      tool_streams_complain   (int          code);
/* That is told of in another way. */
void      tool_streams_set_told   (void);

/* Ends the program as a pipe that nobody reads any more ends others, by SIGPIPE, which GIO ignores. */
void      tool_streams_end_unread (void);
/* Does so as soon as nobody reads it, while the main context runs: a program that rarely prints would stay until it does. */
void      tool_streams_watch_output (void);

/* A file for what may be secret, made if it is not there: nobody else can read it, even if it was there before, and it is not
 * another user's. flags: O_APPEND, or 0. Returns -1 with errno set if it cannot be had. */
int       tool_streams_open_private (const char *path,
                                     int         flags);

/* text, which is UTF-8, in the characters of the locale: quotes are made plain where it has no others. */
char     *tool_streams_encode     (const char  *text);

G_END_DECLS
