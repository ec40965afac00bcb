/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "shell-own.h"

#include <glib/gi18n.h>
#include <string.h>

#include "shell-help.h"
#include "shell-redirect.h"
#include "tool-events.h"

static ShellOwn
fail_own (const ShellOwnWords *self,
          const char          *why)
{
  self->failed (SHELL_FAILURE_REFUSED, why, self->user_data);
  return SHELL_OWN_DONE;
}

static ShellOwn
take_help (const ShellOwnWords *self,
           GPtrArray           *words)
{
  g_autoptr(GString) named = g_string_new (NULL);
  g_autofree char *text = NULL;

  for (guint i = 1; i < words->len; i++)
    g_string_append_printf (named, "%s%s", i > 1 ? " " : "", ((ToolWord *) words->pdata[i])->text);
  if (named->len > 0 && !shell_line_has_schema (self->line))
    return SHELL_OWN_ASK;
  text = shell_help_text (shell_line_get_schema (self->line), named->str);
  shell_output_page (self->output, text);
  return SHELL_OWN_DONE;
}

/* "set NAME=VALUE" is what "set NAME VALUE" is. */
static char **
split_setting (GPtrArray *words)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 1; i < words->len; i++)
    {
      const char *word = ((ToolWord *) words->pdata[i])->text;
      g_auto(GStrv) parts = g_strsplit (word, "=", i == 1 ? 2 : 1);

      g_strv_builder_addv (builder, (const char **) parts);
    }
  return g_strv_builder_end (builder);
}

/* A server that tells of no events is believed in any. */
static gboolean
has_to_ask_for_events (const ShellOwnWords *self,
                       const char * const  *parts)
{
  return g_str_equal (parts[0], "events") && !g_str_equal (parts[1], "on") && !g_str_equal (parts[1], "off") &&
         !self->options->guest_agent && !self->options->skip_negotiation && !shell_line_has_schema (self->line);
}

static gboolean
change_setting (const ShellOwnWords  *self,
                const char * const   *parts,
                GError              **error)
{
  gboolean is_choice = g_str_equal (parts[1], "on") || g_str_equal (parts[1], "off");

  if (g_str_equal (parts[0], "events") && !is_choice &&
      !tool_events_check (shell_line_get_schema (self->line), parts + 1, error))
    return FALSE;
  if (!shell_settings_set (self->settings, parts[0], parts + 1, error))
    return FALSE;
  self->changed (parts[0], self->user_data);
  return TRUE;
}

static ShellOwn
take_set (const ShellOwnWords *self,
          GPtrArray           *words)
{
  g_auto(GStrv) split = split_setting (words);
  const char * const *parts = (const char * const *) split;
  g_autoptr(GError) error = NULL;
  g_autofree char *text = NULL;

  /* A server may have a command of that name, with arguments. */
  if (words->len > 1 && strchr (((ToolWord *) words->pdata[1])->text, '=') != NULL && !shell_settings_has (parts[0]))
    return SHELL_OWN_NONE;
  if (parts[0] != NULL && parts[1] != NULL)
    {
      if (has_to_ask_for_events (self, parts))
        return SHELL_OWN_ASK;
      return change_setting (self, parts, &error) ? SHELL_OWN_DONE : fail_own (self, error->message);
    }
  text = shell_settings_show (self->settings, parts[0], &error);
  if (text == NULL)
    return fail_own (self, error->message);
  shell_output_text (self->output, text);
  return SHELL_OWN_DONE;
}

static ShellOwn
take_source (const ShellOwnWords *self,
             GPtrArray           *words,
             gboolean             redirected)
{
  const char *word = words->len > 1 ? ((ToolWord *) words->pdata[1])->text : NULL;
  g_autofree char *path = word != NULL ? shell_redirect_read_path (word) : NULL;
  g_autoptr(GError) error = NULL;

  if (words->len > 2 || (path != NULL && strchr (path, '=') != NULL))
    return SHELL_OWN_NONE;
  if (path == NULL)
    return fail_own (self, _("The name of a file has to follow “source”"));
  if (redirected)
    return fail_own (self, _("Each command in a file says itself where its output goes"));
  if (!shell_lines_open (self->lines, path, shell_line_get_state (self->line), &error))
    self->failed (SHELL_FAILURE_OTHER, error->message, self->user_data);
  return SHELL_OWN_DONE;
}

ShellOwn
shell_own_take (const ShellOwnWords *self,
                GPtrArray           *words,
                gboolean             redirected)
{
  const char *name = ((ToolWord *) words->pdata[0])->text;

  if (g_str_equal (name, "help") && !self->options->hmp)
    return take_help (self, words);
  if (g_str_equal (name, "set"))
    return take_set (self, words);
  if (g_str_equal (name, "source"))
    return take_source (self, words, redirected);
  if (!g_str_equal (name, "exit") || words->len > 1)
    return SHELL_OWN_NONE;
  self->exit (self->user_data);
  return SHELL_OWN_DONE;
}
