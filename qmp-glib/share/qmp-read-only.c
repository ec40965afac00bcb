/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "share/qmp-read-only-private.h"

/* Not qom-get, which reads the passwords of secret objects. */
static const char * const others[] = {
  "device-list-properties",
  "qom-list",
  "qom-list-properties",
  "qom-list-types",
  "trace-event-get-state",
  NULL
};

gboolean
qmp_read_only_allows (const char *command)
{
  return g_str_has_prefix (command, "query-") || g_str_has_prefix (command, "x-query-") ||
         g_strv_contains (others, command);
}
