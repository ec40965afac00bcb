/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "shell-hmp.h"

#include <string.h>

QmpMessage *
shell_hmp_new_command (const char *line,
                       int         cpu)
{
  if (cpu < 0)
    return qmp_message_new_parsed ("human-monitor-command", NULL, "{'command-line': %s}", line);
  return qmp_message_new_parsed ("human-monitor-command", NULL, "{'command-line': %s, 'cpu-index': %i}", line, cpu);
}

gboolean
shell_hmp_is_cpu_line (const char *line,
                       int        *cpu)
{
  const char *number = line + strlen ("cpu");
  guint64 value;

  if (!g_str_has_prefix (line, "cpu") || (*number != '\0' && *number != ' ' && *number != '\t'))
    return FALSE;
  number += strspn (number, " \t");
  *cpu = g_ascii_string_to_unsigned (number, 10, 0, G_MAXINT, &value, NULL) ? (int) value : -1;
  return TRUE;
}
