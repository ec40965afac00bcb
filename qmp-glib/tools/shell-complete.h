/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-glib.h>

/* What Tab offers: from the server's schema, and from the server itself. */

G_BEGIN_DECLS

typedef struct _ShellComplete ShellComplete;

ShellComplete *shell_complete_new        (QmpClient      *client,
                                          gboolean        hmp);
void           shell_complete_free       (ShellComplete  *self);
/* The server may be another one by now. */
void           shell_complete_forget     (ShellComplete  *self);
/* Asked of the server when it is first wanted; NULL if it has none. Borrowed. */
QmpSchema     *shell_complete_get_schema (ShellComplete  *self);
/* The words that can stand in place of word, with which before, the line so far, ends. */
char         **shell_complete_words      (ShellComplete  *self,
                                          const char     *before,
                                          const char     *word,
                                          gboolean        in_transaction);

G_END_DECLS
