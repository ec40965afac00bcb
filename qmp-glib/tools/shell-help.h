/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-glib.h>

G_BEGIN_DECLS

/* What "help" says about a command or an event, or without a name in general. schema: nullable. */
char *shell_help_text  (QmpSchema   *schema,
                        const char  *name);

G_END_DECLS
