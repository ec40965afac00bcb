/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "finder/qmp-config-file-private.h"

#include <string.h>

typedef struct {
  char    *name;      /* of the group; nullable */
  GString *options;
} Group;

static void
add (Group      *group,
     const char *key,
     const char *value)
{
  if (group->options->len > 0)
    g_string_append_c (group->options, ',');
  g_string_append_printf (group->options, "%s=", key);
  for (; *value != '\0'; value++)
    {
      /* A comma would end the value. */
      if (*value == ',')
        g_string_append_c (group->options, ',');
      g_string_append_c (group->options, *value);
    }
}

static void
end_group (Group         *group,
           QmpConfigFunc  func,
           gpointer       user_data)
{
  if (group->name != NULL)
    func (group->name, group->options->str, user_data);
  g_clear_pointer (&group->name, g_free);
  g_string_truncate (group->options, 0);
}

/* What stands between the first and the last quote; NULL if there are none. */
static char *
dup_quoted (const char *text)
{
  const char *first = strchr (text, '"');
  const char *last = strrchr (text, '"');

  return first != NULL && first != last ? g_strndup (first + 1, last - first - 1) : NULL;
}

/* [NAME] or [NAME "ID"] */
static void
begin_group (Group      *group,
             const char *line)
{
  g_autofree char *id = dup_quoted (line);

  group->name = g_strndup (line + 1, strcspn (line + 1, " \t\"]"));
  if (id != NULL)
    add (group, "id", id);
}

/* KEY = "VALUE" */
static void
take_value (Group      *group,
            const char *line)
{
  gsize length = strcspn (line, " \t=");
  g_autofree char *key = g_strndup (line, length);
  g_autofree char *value = strchr (line + length, '=') != NULL ? dup_quoted (line + length) : NULL;

  if (value != NULL && group->name != NULL)
    add (group, key, value);
}

void
qmp_config_file_read (const char    *text,
                      QmpConfigFunc  func,
                      gpointer       user_data)
{
  g_auto(GStrv) lines = g_strsplit (text, "\n", -1);
  Group group = { NULL, g_string_new (NULL) };

  for (guint i = 0; lines[i] != NULL; i++)
    {
      const char *line = g_strstrip (lines[i]);

      if (*line == '[')
        {
          end_group (&group, func, user_data);
          begin_group (&group, line);
        }
      else if (*line != '#')
        take_value (&group, line);
    }
  end_group (&group, func, user_data);
  g_string_free (group.options, TRUE);
}
