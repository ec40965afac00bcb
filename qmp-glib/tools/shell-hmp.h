/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-glib.h>

/* Lines of the human monitor. Each has a monitor of its own over there, so that "cpu N" is remembered here. No I/O. */

G_BEGIN_DECLS

/* cpu: -1 for the server's choice. NULL when the line is not UTF-8. */
QmpMessage *shell_hmp_new_command  (const char  *line,
                                    int          cpu);
/* Whether the line, without blanks around it, is "cpu ..."; cpu is set to -1 when it is a wrong one. */
gboolean    shell_hmp_is_cpu_line  (const char  *line,
                                    int         *cpu);

G_END_DECLS
