/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "top-log.h"
#include "top-row.h"

/* What qmp top draws, and which machine is selected. No I/O. */

G_BEGIN_DECLS

typedef struct _TopView TopView;

TopView         *top_view_new          (ToolScreen       *screen);
void             top_view_free         (TopView          *self);

/* Draws a frame. rows: of TopRow; are sorted by that. */
void             top_view_draw         (TopView          *self,
                                        GArray           *rows,
                                        TopLog           *log);
/* NULL if there is none. Borrowed. */
QmpMachineEntry *top_view_get_selected (TopView          *self);
/* By so many lines; 0 and more than there are lead to the first and the last one. */
void             top_view_move         (TopView          *self,
                                        int               lines);
/* As many lines as the table has. */
int              top_view_get_page     (TopView          *self);
void             top_view_sort_next    (TopView          *self);
gboolean         top_view_get_help     (TopView          *self);
void             top_view_set_help     (TopView          *self,
                                        gboolean          help);
/* In the last line; NULL: what keys there are. Harmless. asks: it is a question. */
void             top_view_set_message  (TopView          *self,
                                        const char       *message,
                                        gboolean          asks);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TopView, top_view_free)

G_END_DECLS
