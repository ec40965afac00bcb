/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The terminal that a program fills: keys come as they are pressed, nothing is echoed, and what was there before comes back in
 * the end, whatever the end is: a signal that ends or stops the program, too. There is one at a time. */

G_BEGIN_DECLS

typedef struct _ToolTerminal ToolTerminal;

typedef struct {
  /* What came from it; of no length: it has gone. */
  void (*input)   (gpointer     owner,
                   const char  *data,
                   gsize        length);
  /* It has another size, or something else has written to it meanwhile. */
  void (*changed) (gpointer     owner);
} ToolTerminalFuncs;

/* Whether standard input and output are a terminal that can be filled. */
gboolean      tool_terminal_is_there (void);
/* Takes it over, and speaks from the main context. */
ToolTerminal *tool_terminal_new      (const ToolTerminalFuncs *funcs,
                                      gpointer                 owner);
/* Gives it back. */
void          tool_terminal_free     (ToolTerminal            *self);
/* Of one that does not say: 80 and 24. */
void          tool_terminal_get_size (ToolTerminal            *self,
                                      guint                   *columns,
                                      guint                   *rows);
/* As one write, if the terminal takes it. Returns FALSE if it has gone. */
gboolean      tool_terminal_write    (ToolTerminal            *self,
                                      const char              *data,
                                      gsize                    length);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToolTerminal, tool_terminal_free)

G_END_DECLS
