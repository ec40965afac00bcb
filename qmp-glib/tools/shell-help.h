/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-glib.h>

G_BEGIN_DECLS

/* What "help" says, in general or about what is named behind it: "blockdev-add driver=qcow2". schema: nullable. */
char *shell_help_text  (QmpSchema   *schema,
                        const char  *named);

G_END_DECLS
