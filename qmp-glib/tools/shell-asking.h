/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-glib.h>

#include "tool-types.h"

/* What the server is asked before a line can be understood: its schema, and what it wants at a place. */

G_BEGIN_DECLS

typedef struct _ShellAsking ShellAsking;

/* The answer is there, or there is none. cancelled: by shell_asking_cancel(). */
typedef void (*ShellAskingDone)         (gboolean         cancelled,
                                         gpointer         user_data);

/* client is borrowed. */
ShellAsking *shell_asking_new           (QmpClient       *client,
                                         ShellAskingDone  done,
                                         gpointer         user_data);
/* Not while it is busy. */
void         shell_asking_free          (ShellAsking     *self);
/* What is known of places. */
ToolTypes   *shell_asking_get_types     (ShellAsking     *self);
/* NULL until it was asked for, and if the server has none. */
QmpSchema   *shell_asking_get_schema    (ShellAsking     *self);
/* Whether it was asked for, and may have been none. */
gboolean     shell_asking_has_schema    (ShellAsking     *self);
void         shell_asking_ask_schema    (ShellAsking     *self);
/* Asks what the types want to know. */
void         shell_asking_ask_types     (ShellAsking     *self);
gboolean     shell_asking_is_busy       (ShellAsking     *self);
void         shell_asking_cancel        (ShellAsking     *self);
/* The server is another one. */
void         shell_asking_forget        (ShellAsking     *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShellAsking, shell_asking_free)

G_END_DECLS
