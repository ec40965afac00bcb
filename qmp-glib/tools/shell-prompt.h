/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-glib.h>

/* The prompt: it names the machine and its status, which the server is asked for, and its events tell of. Another
 * server refuses that once, and is not asked again. */

G_BEGIN_DECLS

typedef struct _ShellPrompt ShellPrompt;

/* client is borrowed. changed: the text has become another one, or is awaited no longer. */
ShellPrompt *shell_prompt_new         (QmpClient    *client,
                                       void        (*changed) (gpointer user_data),
                                       gpointer      user_data);
void         shell_prompt_free        (ShellPrompt  *self);
/* Asks the server, if it is to be asked, and has not been. */
void         shell_prompt_ask         (ShellPrompt  *self);
/* Whether the answer is worth waiting for. It is for a moment. */
gboolean     shell_prompt_is_awaited  (ShellPrompt  *self);
/* It is waited for no longer. */
void         shell_prompt_give_up     (ShellPrompt  *self);
/* The server has gone. */
void         shell_prompt_forget      (ShellPrompt  *self);
void         shell_prompt_take_event  (ShellPrompt  *self,
                                       QmpEvent     *event);
/* In the characters of the locale, with a blank at its end, and nothing in it that could command a terminal. */
const char  *shell_prompt_get_text    (ShellPrompt  *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShellPrompt, shell_prompt_free)

G_END_DECLS
