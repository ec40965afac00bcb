/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tool-fields.h"

#include <string.h>

#include "tool-print.h"

/* The member of a message that a line's value is put into. */
#define VALUE "value"

struct _ToolFields {
  char     **paths;     /* from the message on */
  char     **names;     /* as they were given */
  gboolean  *found;
  gboolean   has_line;
};

/* "status" and "[0]" */
static char *
complete_path (const char *name)
{
  return g_strconcat (VALUE, *name == '[' ? "" : ".", name, NULL);
}

ToolFields *
tool_fields_new (const char * const *paths)
{
  ToolFields *self = g_new0 (ToolFields, 1);
  guint n = g_strv_length ((char **) paths);

  self->names = g_strdupv ((char **) paths);
  self->paths = g_new0 (char *, n + 1);
  self->found = g_new0 (gboolean, n);
  for (guint i = 0; i < n; i++)
    self->paths[i] = complete_path (paths[i]);
  return self;
}

void
tool_fields_free (ToolFields *self)
{
  g_strfreev (self->paths);
  g_strfreev (self->names);
  g_free (self->found);
  g_free (self);
}

static void
append_cell (GString    *out,
             QmpMessage *line,
             const char *path,
             const char *text)
{
  g_autofree char *string = NULL;
  g_autofree char *harmless = NULL;

  if (g_str_equal (text, "null"))
    return;
  if (*text != '"')
    {
      tool_print_append_json (out, text, strlen (text), TOOL_PRINT_PLAIN);
      return;
    }
  string = qmp_message_dup_string (line, path, NULL);
  harmless = tool_print_harmless_line (string);
  g_string_append (out, harmless);
}

static void
append_line (ToolFields *self,
             GString    *out,
             const char *before,
             const char *json,
             gsize       length)
{
  g_autoptr(QmpMessage) line = qmp_message_new ();
  g_autofree char *value = g_strndup (json, length);

  self->has_line = qmp_message_set_member_text (line, VALUE, value, NULL) || self->has_line;
  if (before != NULL)
    g_string_append_printf (out, "%s\t", before);
  for (guint i = 0; self->paths[i] != NULL; i++)
    {
      g_autofree char *text = qmp_message_dup_text (line, self->paths[i], NULL);

      if (i > 0)
        g_string_append_c (out, '\t');
      if (text == NULL)
        continue;
      self->found[i] = TRUE;
      append_cell (out, line, self->paths[i], text);
    }
  g_string_append_c (out, '\n');
}

static const char *
skip_blanks (const char *at,
             const char *end)
{
  while (at < end && g_ascii_isspace (*at))
    at++;
  return at;
}

/* Behind a string's closing quote. */
static const char *
skip_string (const char *at,
             const char *end)
{
  for (at++; at < end && *at != '"'; at++)
    if (*at == '\\')
      at++;
  return MIN (at + 1, end);
}

/* The comma or bracket behind an element. */
static const char *
find_end_of_element (const char *at,
                     const char *end)
{
  guint depth = 0;

  while (at < end && (depth > 0 || (*at != ',' && *at != ']')))
    {
      if (*at == '"')
        {
          at = skip_string (at, end);
          continue;
        }
      if (*at == '{' || *at == '[')
        depth++;
      else if (*at == '}' || *at == ']')
        depth--;
      at++;
    }
  return at;
}

void
tool_fields_append (ToolFields *self,
                    GString    *out,
                    const char *before,
                    const char *json,
                    gsize       length)
{
  const char *end = json + length;
  const char *at = skip_blanks (json, end);

  if (at == end || *at != '[')
    {
      append_line (self, out, before, json, length);
      return;
    }
  at = skip_blanks (at + 1, end);
  while (at < end && *at != ']')
    {
      const char *next = find_end_of_element (at, end);

      append_line (self, out, before, at, next - at);
      at = skip_blanks (next < end && *next == ',' ? next + 1 : next, end);
    }
}

const char *
tool_fields_get_missing (ToolFields *self)
{
  for (guint i = 0; self->has_line && self->names[i] != NULL; i++)
    if (!self->found[i])
      return self->names[i];
  return NULL;
}
