/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <glib/gi18n.h>

#include "once.h"
#include "tool-grammar.h"

static char **fd_texts;
static gboolean out_of_band;
static gboolean guest_agent;

/* --- the command --- */

/* "COMMAND {...}" */
static QmpMessage *
new_command_from_literal (const char  *name,
                          const char  *text,
                          GError     **error)
{
  g_autoptr(ToolValue) arguments = NULL;
  g_autofree char *json = NULL;
  const char *end;

  if (!g_utf8_validate (text, -1, NULL))
    {
      once_fail (error, ONCE_STATUS_USAGE, _("The text is not UTF-8"));
      return NULL;
    }
  arguments = tool_literal_read_all (text, &end, error);
  if (arguments == NULL)
    {
      g_prefix_error (error, "“%.200s”: ", text);
      return NULL;
    }
  json = tool_value_to_json (arguments);
  return qmp_message_new_parsed (error, name, "%j", json);
}

static QmpMessage *
new_command (const char * const  *words,
             GError             **error)
{
  if (words[1] != NULL && words[2] == NULL && *words[1] == '{')
    return new_command_from_literal (words[0], words[1], error);
  return tool_command_from_words (words, error);
}

static gboolean
append_fd (GUnixFDList  *fds,
           const char   *text,
           GError      **error)
{
  guint64 fd;

  if (!g_ascii_string_to_unsigned (text, 10, 0, G_MAXINT, &fd, NULL))
    return once_fail (error, ONCE_STATUS_USAGE, _("“%s” is no number of a file descriptor"), text);
  if (fcntl (fd, F_GETFD) < 0)
    return once_fail (error, ONCE_STATUS_USAGE, _("The file descriptor %s is not open"), text);
  if (g_unix_fd_list_append (fds, fd, error) >= 0)
    return TRUE;
  g_prefix_error (error, _("The file descriptor %s: "), text);
  return FALSE;
}

static gboolean
add_fds (QmpMessage  *command,
         GError     **error)
{
  g_autoptr(GUnixFDList) fds = g_unix_fd_list_new ();

  if (fd_texts == NULL)
    return TRUE;
  for (guint i = 0; fd_texts[i] != NULL; i++)
    if (!append_fd (fds, fd_texts[i], error))
      return FALSE;
  qmp_message_set_fd_list (command, fds);
  return TRUE;
}

/* --- the reply --- */

/* What the schema knows better, for people who have mistyped; NULL when it does not. */
static char *
suggest (Once       *once,
         QmpMessage *command)
{
  g_autoptr(QmpSchema) schema = once->agent ? NULL : once_fetch_schema (once, NULL);
  GList *problems = schema != NULL ? qmp_schema_validate (schema, command) : NULL;
  char *suggestion = NULL;

  for (GList *l = problems; l != NULL && suggestion == NULL; l = l->next)
    suggestion = g_strdup (qmp_schema_problem_get_suggestion (l->data));
  g_list_free_full (problems, g_object_unref);
  return suggestion;
}

static gboolean
exchange (Once        *once,
          QmpMessage  *command,
          GError     **error)
{
  g_autoptr(QmpMessage) reply = once_exchange (once, g_object_ref (command), error);
  g_autoptr(GError) local_error = NULL;
  g_autofree char *suggestion = NULL;

  if (reply == NULL)
    return FALSE;
  if (once_print_return (once, reply, &local_error))
    return TRUE;
  suggestion = suggest (once, command);
  if (suggestion != NULL)
    return once_fail (error, ONCE_STATUS_FAILED, _("%s (did you mean “%s”?)"), local_error->message, suggestion);
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

static gboolean
run_call (Once                *once,
          const char * const  *words,
          GError             **error)
{
  g_autoptr(QmpMessage) command = new_command (words, error);

  if (command == NULL || !add_fds (command, error))
    return FALSE;
  once->agent = guest_agent;
  once->out_of_band = out_of_band;
  qmp_message_set_out_of_band (command, out_of_band);
  if (!once_open (once, error))
    return FALSE;
  if (out_of_band && !qmp_client_get_out_of_band_active (once->client))
    return once_fail (error, ONCE_STATUS_FAILED, _("The server does not offer to execute out of band"));
  return exchange (once, command, error);
}

static const GOptionEntry call_entries[] = {
  { "fd", 0, 0, G_OPTION_ARG_STRING_ARRAY, &fd_texts,
    N_("Pass the open file descriptor N with the command; may be repeated"), N_("N") },
  { "oob", 0, 0, G_OPTION_ARG_NONE, &out_of_band, N_("Execute out of band"), NULL },
  { "guest-agent", 'G', 0, G_OPTION_ARG_NONE, &guest_agent, N_("The server is a guest agent"), NULL },
  G_OPTION_ENTRY_NULL
};

const OnceVerb once_call = {
  .words = "call",
  .parameters = N_("COMMAND [KEY=VALUE… | JSON]"),
  .summary = N_("Execute a command"),
  .entries = call_entries,
  .min_words = 1,
  .max_words = G_MAXUINT,
  .run = run_call,
};

/* --- the human monitor --- */

static int cpu = -1;

static QmpMessage *
new_hmp_command (const char  *line,
                 GError     **error)
{
  if (cpu < 0)
    return qmp_message_new_parsed (error, "human-monitor-command", "{'command-line': %s}", line);
  return qmp_message_new_parsed (error, "human-monitor-command", "{'command-line': %s, 'cpu-index': %i}", line, cpu);
}

static gboolean
run_hmp (Once                *once,
         const char * const  *words,
         GError             **error)
{
  g_autofree char *line = g_strjoinv (" ", (char **) words);
  g_autoptr(QmpMessage) command = new_hmp_command (line, error);
  g_autoptr(QmpMessage) reply = NULL;
  const char *text;

  if (command == NULL || !once_open (once, error))
    return FALSE;
  reply = once_exchange (once, g_steal_pointer (&command), error);
  if (reply == NULL)
    return FALSE;
  text = once_get_return_string (reply);
  if (once->json || text == NULL)
    return once_print_return (once, reply, error);
  once_print (once, "%s", text);
  return TRUE;
}

static const GOptionEntry hmp_entries[] = {
  { "cpu", 0, 0, G_OPTION_ARG_INT, &cpu, N_("The CPU that the line is about"), N_("N") },
  G_OPTION_ENTRY_NULL
};

const OnceVerb once_hmp = {
  .words = "hmp",
  .parameters = N_("LINE…"),
  .summary = N_("Execute a line of the human monitor"),
  .entries = hmp_entries,
  .min_words = 1,
  .max_words = G_MAXUINT,
  .strict = TRUE,
  .run = run_hmp,
};
