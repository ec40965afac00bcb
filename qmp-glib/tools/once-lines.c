/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>

#include "once.h"
#include "tool-grammar.h"
#include "tool-lines.h"

/* Commands in the words of qmp-shell: one for --call, or as many as standard input has. */

/* The commands of a line, appended; types is nullable. What the server has to be asked is asked. */
static gboolean
feed (Once         *once,
      ToolGrammar  *grammar,
      ToolTypes    *types,
      const char   *line,
      GQueue       *commands,
      GError      **error)
{
  g_autoptr(GError) local_error = NULL;

  while (!tool_grammar_feed (grammar, line, commands, &local_error))
    {
      if (!g_error_matches (local_error, TOOL_ERROR, TOOL_ERROR_ASK))
        return once_fail (error, ONCE_STATUS_USAGE, "%s", local_error->message);
      g_clear_error (&local_error);
      once_answer (once, types);
    }
  return tool_commands_check (commands, error);
}

/* --- one --- */

static QmpMessage *
parse_one (Once        *once,
           ToolTypes   *types,
           const char  *line,
           GError     **error)
{
  g_autoptr(ToolGrammar) grammar = tool_grammar_new (types);
  GQueue commands = G_QUEUE_INIT;
  QmpMessage *command = NULL;

  if (!feed (once, grammar, types, line, &commands, error))
    return NULL;
  if (g_queue_get_length (&commands) == 1)
    command = g_queue_pop_head (&commands);
  else
    once_fail (error, ONCE_STATUS_USAGE, _("“%s” is not a command"), line);
  g_queue_clear_full (&commands, g_object_unref);
  return command;
}

QmpMessage *
once_check_line (Once        *once,
                 const char  *line,
                 GError     **error)
{
  return parse_one (once, NULL, line, error);
}

QmpMessage *
once_parse_line (Once        *once,
                 const char  *line,
                 GError     **error)
{
  g_autoptr(ToolTypes) types = once->agent ? NULL : tool_types_new ();

  return parse_one (once, types, line, error);
}

/* --- as many as there are --- */

gboolean
once_check_messages (Once        *once,
                     const char  *text,
                     GQueue      *commands,
                     GError     **error)
{
  g_autoptr(ToolGrammar) grammar = tool_grammar_new (NULL);

  if (!feed (once, grammar, NULL, text, commands, error))
    return FALSE;
  return tool_grammar_get_state (grammar) == TOOL_STATE_COMMAND ||
         once_fail (error, ONCE_STATUS_USAGE, _("The JSON text ends too early"));
}

static gboolean
run_all (Once          *once,
         GQueue        *commands,
         OnceRunFunc    run_command,
         GError       **error)
{
  while (!g_queue_is_empty (commands))
    {
      g_autoptr(QmpMessage) command = g_queue_pop_head (commands);

      if (!run_command (once, command, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
once_feed_line (Once         *once,
                ToolGrammar  *grammar,
                ToolTypes    *types,
                const char   *line,
                GQueue       *commands,
                GError      **error)
{
  if (once_is_late (once))
    return once_fail (error, ONCE_STATUS_TIMEOUT, _("The time is over"));
  if (types != NULL)
    tool_types_forget_answers (types);
  return feed (once, grammar, types, line, commands, error);
}

static gboolean
run_line (Once         *once,
          ToolGrammar  *grammar,
          ToolTypes    *types,
          const char   *line,
          OnceRunFunc   run_command,
          GError      **error)
{
  GQueue commands = G_QUEUE_INIT;
  gboolean good;

  good = once_feed_line (once, grammar, types, line, &commands, error) &&
         run_all (once, &commands, run_command, error);
  g_queue_clear_full (&commands, g_object_unref);
  return good;
}

gboolean
once_run_lines (Once         *once,
                FILE         *input,
                OnceRunFunc   run_command,
                GError      **error)
{
  g_autoptr(ToolTypes) types = once->agent ? NULL : tool_types_new ();
  g_autoptr(ToolGrammar) grammar = tool_grammar_new (types);
  g_autoptr(ToolLines) lines = tool_lines_new (input);
  g_autoptr(GError) local_error = NULL;
  const char *line;

  while ((line = tool_lines_next (lines, &local_error)) != NULL)
    {
      if (run_line (once, grammar, types, line, run_command, error))
        continue;
      g_prefix_error (error, _("line %u: "), tool_lines_get_number (lines));
      return FALSE;
    }
  if (g_error_matches (local_error, TOOL_ERROR, TOOL_ERROR_USAGE))
    {
      once_fail (error, ONCE_STATUS_USAGE, "%s", local_error->message);
      g_prefix_error (error, _("line %u: "), tool_lines_get_number (lines));
      return FALSE;
    }
  if (local_error != NULL)
    return once_fail (error, ONCE_STATUS_FAILED, _("Could not read standard input: %s"), local_error->message);
  return tool_grammar_get_state (grammar) == TOOL_STATE_COMMAND ||
         once_fail (error, ONCE_STATUS_USAGE, _("Standard input ended within a transaction or a JSON object"));
}

/* --- standard input as a text --- */

char *
once_read_input (gsize     most,
                 gsize    *length,
                 GError  **error)
{
  g_autoptr(GString) text = g_string_new (NULL);
  char buffer[16384];
  gsize n;

  while ((n = fread (buffer, 1, sizeof buffer, stdin)) > 0)
    {
      g_string_append_len (text, buffer, n);
      if (text->len > most)
        {
          once_fail (error, ONCE_STATUS_FAILED, _("There is too much on standard input"));
          return NULL;
        }
    }
  if (ferror (stdin))
    {
      once_fail (error, ONCE_STATUS_FAILED, _("Could not read standard input: %s"), g_strerror (errno));
      return NULL;
    }
  *length = text->len;
  return g_string_free (g_steal_pointer (&text), FALSE);
}
