/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What is to be on a terminal, as cells, and what it shows already: what is written is the difference. No I/O.
 *
 * What is sent are the sequences of ECMA-48 that all terminals know that people use: to go to a place, to erase all, bold,
 * dim, reverse and eight colours. */

G_BEGIN_DECLS

typedef enum {
  TOOL_STYLE_PLAIN = 0,
  TOOL_STYLE_BOLD = 1 << 0,
  TOOL_STYLE_DIM = 1 << 1,
  TOOL_STYLE_REVERSE = 1 << 2,
  TOOL_STYLE_RED = 1 << 3,
  TOOL_STYLE_GREEN = 1 << 4,
  TOOL_STYLE_YELLOW = 1 << 5,
  TOOL_STYLE_CYAN = 1 << 6,
} ToolStyle;

typedef struct _ToolScreen ToolScreen;

/* unicode: the terminal has other characters than those of ASCII. Without colour the other styles are left. */
ToolScreen *tool_screen_new         (gboolean     unicode,
                                     gboolean     colour);
void        tool_screen_free        (ToolScreen  *self);

/* What the terminal shows is not known then. */
void        tool_screen_resize      (ToolScreen  *self,
                                     guint        columns,
                                     guint        rows);
guint       tool_screen_get_columns (ToolScreen  *self);
guint       tool_screen_get_rows    (ToolScreen  *self);

/* Begins a frame, which is empty. */
void        tool_screen_begin       (ToolScreen  *self);
/* Puts a text there, as much as fits into width columns, and into the screen; what has no room is left out. A character that
 * could command a terminal is a question mark. Returns how many columns it has taken. */
guint       tool_screen_put         (ToolScreen  *self,
                                     guint        column,
                                     guint        row,
                                     guint        width,
                                     ToolStyle    style,
                                     const char  *text);
/* Adds a style to so many cells, whatever is in them. */
void        tool_screen_style       (ToolScreen  *self,
                                     guint        column,
                                     guint        row,
                                     guint        width,
                                     ToolStyle    style);

/* Something else may have written to the terminal. */
void        tool_screen_forget      (ToolScreen  *self);
/* Appends what makes the terminal show the frame; nothing at all when it does. */
void        tool_screen_draw        (ToolScreen  *self,
                                     GString     *out);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToolScreen, tool_screen_free)

G_END_DECLS
