/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* How much room texts take on a terminal. They are UTF-8, and harmless as tool-print has it. No I/O. */

G_BEGIN_DECLS

/* 0, 1 or 2 columns. */
guint  tool_width_of      (gunichar     c);
guint  tool_width         (const char  *text);
/* As much of it as fits. */
char  *tool_width_cut     (const char  *text,
                           guint        width);
/* The same, with a dot at its end where something is missing. */
char  *tool_width_shorten (const char  *text,
                           guint        width);
/* The same, but of a path what stands at its end is left. */
char  *tool_width_shorten_name (const char  *name,
                                guint        width);

G_END_DECLS
