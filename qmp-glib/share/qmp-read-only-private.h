/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Does a command of QEMU's only look, and show nothing that is secret? */
gboolean qmp_read_only_allows (const char *command);

G_END_DECLS
