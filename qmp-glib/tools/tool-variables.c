/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tool-variables.h"

#include <glib/gi18n.h>
#include <string.h>

#include "tool-words.h"

#define ARGUMENTS "arguments"

struct _ToolVariables {
  GHashTable *replies;   /* char * -> QmpMessage */
};

ToolVariables *
tool_variables_new (void)
{
  ToolVariables *self = g_new0 (ToolVariables, 1);

  self->replies = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  return self;
}

void
tool_variables_free (ToolVariables *self)
{
  g_hash_table_unref (self->replies);
  g_free (self);
}

void
tool_variables_keep (ToolVariables *self,
                     const char    *name,
                     QmpMessage    *reply)
{
  if (reply != NULL)
    g_hash_table_insert (self->replies, g_strdup (name), g_object_ref (reply));
  else
    g_hash_table_remove (self->replies, name);
}

/* Behind the name that begins there; the same place if none does. */
static const char *
skip_name (const char *at)
{
  if (g_ascii_isdigit (*at))
    return at;
  while (g_ascii_isalnum (*at) || *at == '_')
    at++;
  return at;
}

const char *
tool_variables_read_target (const char  *line,
                            char       **name)
{
  const char *start = line + strspn (line, " \t");
  const char *end = skip_name (start);
  const char *sign = end + strspn (end, " \t");

  if (end == start || *sign != '=')
    return line;
  *name = g_strndup (start, end - start);
  return sign + 1;
}

/* --- what stands for what --- */

static char *
decode (const char *json)
{
  g_autoptr(QmpMessage) holder = qmp_message_new ();

  qmp_message_set_member_text (holder, "text", json, NULL);
  return qmp_message_dup_string (holder, "text", NULL);
}

/* text: behind the dollar. Returns JSON text. */
static char *
look_up (ToolVariables  *self,
         const char     *text,
         GError        **error)
{
  const char *rest = skip_name (text);
  g_autofree char *name = g_strndup (text, rest - text);
  g_autofree char *path = g_strconcat ("return", rest, NULL);
  g_autofree char *shown = tool_shorten (text);
  QmpMessage *reply = g_hash_table_lookup (self->replies, name);
  char *value;

  if (*name == '\0' || (*rest != '\0' && strchr (".[", *rest) == NULL))
    {
      tool_fail (error, _("“$%s” is not the name of a variable; a text with a dollar in front is written “$$%s”"), shown, shown);
      return NULL;
    }
  if (reply == NULL)
    {
      tool_fail (error, _("There is no variable “$%s”"), name);
      return NULL;
    }
  value = qmp_message_dup_text (reply, path, error);
  if (value == NULL)
    g_prefix_error (error, "“$%s”: ", shown);
  return value;
}

/* Appends what stands for a text of JSON, quotes included. */
static gboolean
append_text (ToolVariables  *self,
             GString        *out,
             const char     *json,
             gsize           length,
             GError        **error)
{
  g_autofree char *spelled = g_strndup (json, length);
  g_autofree char *text = NULL;
  g_autofree char *value = NULL;

  if (!g_str_has_prefix (spelled, "\"$"))
    {
      g_string_append (out, spelled);
      return TRUE;
    }
  if (spelled[2] == '$')
    {
      g_string_append_printf (out, "\"%s", spelled + 2);
      return TRUE;
    }
  text = decode (spelled);
  value = look_up (self, text + 1, error);
  if (value == NULL)
    return FALSE;
  g_string_append (out, value);
  return TRUE;
}

static gboolean
is_key (const char *end)
{
  return end[strspn (end, " \t\r\n")] == ':';
}

/* json: valid. */
static gboolean
append_all (ToolVariables  *self,
            GString        *out,
            const char     *json,
            GError        **error)
{
  const char *quote;

  while ((quote = strchr (json, '"')) != NULL)
    {
      const char *end = tool_skip_quoted (quote);

      g_string_append_len (out, json, quote - json);
      if (is_key (end))
        g_string_append_len (out, quote, end - quote);
      else if (!append_text (self, out, quote, end - quote, error))
        return FALSE;
      json = end;
    }
  g_string_append (out, json);
  return TRUE;
}

gboolean
tool_variables_fill_in (ToolVariables  *self,
                        QmpMessage     *command,
                        GError        **error)
{
  g_autofree char *json = qmp_message_dup_member_text (command, ARGUMENTS);
  g_autoptr(GString) out = g_string_new (NULL);

  if (json == NULL || strstr (json, "\"$") == NULL)
    return TRUE;
  return append_all (self, out, json, error) &&
         qmp_message_set_member_text (command, ARGUMENTS, out->str, error);
}
