/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tool-events.h"

#include <glib/gi18n.h>
#include <string.h>

#include "tool-words.h"

gboolean
tool_events_is_pattern (const char *name)
{
  return strpbrk (name, "*?") != NULL;
}

static gboolean
check_pattern (QmpSchema   *schema,
               const char  *pattern,
               GError     **error)
{
  g_auto(GStrv) events = qmp_schema_list_events (schema);

  for (guint i = 0; events[i] != NULL; i++)
    if (g_pattern_match_simple (pattern, events[i]))
      return TRUE;
  return tool_fail (error, _("No event of the server is like “%s”"), pattern);
}

static gboolean
check_name (QmpSchema   *schema,
            const char  *name,
            GError     **error)
{
  g_autoptr(QmpSchemaType) type = NULL;
  g_autoptr(GError) local_error = NULL;

  if (tool_events_is_pattern (name))
    return check_pattern (schema, name, error);
  if (qmp_schema_has_event (schema, name))
    return TRUE;
  if (qmp_schema_has_command (schema, name))
    return tool_fail (error, _("“%s” is a command, not an event"), name);
  /* The error names the nearest. */
  type = qmp_schema_find_type (schema, name, &local_error);
  if (type == NULL)
    return tool_fail (error, "%s", local_error->message);
  return tool_fail (error, _("“%s” is not an event"), name);
}

gboolean
tool_events_check (QmpSchema           *schema,
                   const char * const  *names,
                   GError             **error)
{
  for (guint i = 0; schema != NULL && names[i] != NULL; i++)
    if (!check_name (schema, names[i], error))
      return FALSE;
  return TRUE;
}

gboolean
tool_events_have (const char * const *names,
                  const char         *event)
{
  for (; *names != NULL; names++)
    if (g_pattern_match_simple (*names, event))
      return TRUE;
  return FALSE;
}
