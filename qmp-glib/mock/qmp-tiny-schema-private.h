/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

/* What a tiny QEMU tells of its commands and events, as QEMU 7.2 describes them. */

G_BEGIN_DECLS

/* What query-qmp-schema returns. */
char      *qmp_tiny_schema_dup_text      (void);
/* What query-commands returns. */
JsonArray *qmp_tiny_schema_list_commands (void);

G_END_DECLS
