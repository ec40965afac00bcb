/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <glib/gi18n.h>
#include <string.h>

#include "once-many.h"
#include "tool-grammar.h"
#include "tool-suggest.h"

/* More than QEMU takes. */
#define MAX_ARGUMENTS (64 * 1024 * 1024)

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
  g_autofree char *stripped = g_strchomp (g_strdup (text));
  g_autoptr(ToolValue) arguments = NULL;
  g_autofree char *json = NULL;
  const char *end;

  if (!g_utf8_validate (text, -1, NULL))
    {
      once_fail (error, ONCE_STATUS_USAGE, _("The text is not UTF-8"));
      return NULL;
    }
  arguments = tool_literal_read_all (stripped, &end, error);
  if (arguments == NULL)
    {
      g_prefix_error (error, "“%.200s”: ", text);
      return NULL;
    }
  json = tool_value_to_json (arguments);
  return qmp_message_new_parsed (name, error, "%j", json);
}

static gboolean
has_literal (const char * const *words)
{
  return words[1] != NULL && words[2] == NULL && *words[1] == '{';
}

static gboolean
check_name (const char  *name,
            GError     **error)
{
  if (*name != '\0' && strpbrk (name, " \t\r\n\"'{}[]()=") == NULL)
    return TRUE;
  return once_fail (error, ONCE_STATUS_USAGE, _("“%.60s” is not the name of a command"), name);
}

/* Before anything is sent. */
static QmpMessage *
check_command (const char * const  *words,
               GError             **error)
{
  if (!check_name (words[0], error))
    return NULL;
  if (has_literal (words))
    return new_command_from_literal (words[0], words[1], error);
  return tool_command_from_words (words, NULL, error);
}

/* The same, now that the server can be asked what it wants where. */
static QmpMessage *
new_command (Once                *once,
             const char * const  *words,
             GError             **error)
{
  return has_literal (words) ? check_command (words, error) : once_new_command (once, words, error);
}

static gboolean
append_fd (GUnixFDList  *fds,
           const char   *text,
           GError      **error)
{
  guint64 fd;

  if (!g_ascii_string_to_unsigned (text, 10, 0, G_MAXINT, &fd, NULL))
    return once_fail (error, ONCE_STATUS_USAGE, _("“%s” is not the number of a file descriptor"), text);
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

/* Before anything is sent. */
static gboolean
check_fds (GError **error)
{
  g_autoptr(QmpMessage) message = qmp_message_new ();

  return add_fds (message, error);
}

/* --- the reply --- */

/* What the schema knows better, for people who have mistyped; NULL when it does not. */
static char *
suggest (Once       *once,
         QmpMessage *command)
{
  g_autoptr(QmpSchema) schema = once->agent ? NULL : once_fetch_schema (once, NULL);

  return schema != NULL ? tool_suggest_command (schema, command) : NULL;
}

QmpMessage *
once_ask (Once        *once,
          QmpMessage  *command,
          GError     **error)
{
  g_autoptr(QmpMessage) reply = once_exchange (once, g_object_ref (command), error);
  g_autoptr(GError) local_error = NULL;
  g_autofree char *suggestion = NULL;

  if (reply == NULL || once_check_return (reply, &local_error))
    return g_steal_pointer (&reply);
  suggestion = suggest (once, command);
  if (suggestion != NULL)
    {
      g_autofree char *text = g_steal_pointer (&local_error->message);

      local_error->message = g_strdup_printf ("%s (%s)", text, suggestion);
    }
  g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

static gboolean
exchange (Once        *once,
          QmpMessage  *command,
          GError     **error)
{
  g_autoptr(QmpMessage) reply = once_ask (once, command, error);

  return reply != NULL && once_print_return (once, reply, error);
}

/* --- several servers --- */

static gboolean
takes_several (const char * const  *words,
               GError             **error)
{
  if (fd_texts != NULL)
    return once_fail (error, ONCE_STATUS_USAGE, _("A file descriptor is for one server"));
  return !g_str_equal (words[0], "-") || once_fail (error, ONCE_STATUS_USAGE, _("Lines of standard input are for one server"));
}

static gboolean
send_to_several (Once                *once,
                 const char * const  *words,
                 GQueue              *messages,
                 GError             **error)
{
  once->agent = guest_agent;
  once->out_of_band = out_of_band;
  return once_call_many (once, words, messages, NULL, error);
}

static gboolean
call_several (Once                *once,
              const char * const  *words,
              GError             **error)
{
  g_autoptr(QmpMessage) checked = check_command (words, error);
  GQueue messages = G_QUEUE_INIT;
  gboolean good;

  if (checked == NULL)
    return FALSE;
  if (!has_literal (words))
    return send_to_several (once, words, NULL, error);
  g_queue_push_tail (&messages, checked);
  good = send_to_several (once, NULL, &messages, error);
  g_queue_clear (&messages);
  return good;
}

/* --- one server --- */

static gboolean
open_for_call (Once    *once,
               GError **error)
{
  once->agent = guest_agent;
  once->out_of_band = out_of_band;
  if (!once_open (once, error))
    return FALSE;
  if (!out_of_band || qmp_client_get_out_of_band_active (once->client))
    return TRUE;
  return once_fail (error, ONCE_STATUS_FAILED, _("The server does not offer to execute out of band"));
}

/* One of several; the descriptors go with the first. */
static gboolean
run_one (Once        *once,
         QmpMessage  *command,
         GError     **error)
{
  if (tool_command_negotiates (command) && qmp_client_get_greeting (once->client) != NULL)
    {
      once_print_json (once, "{}", -1, FALSE);
      return once_flush (once, error);
    }
  if (!add_fds (command, error))
    return FALSE;
  g_clear_pointer (&fd_texts, g_strfreev);
  if (out_of_band)
    qmp_message_set_out_of_band (command, TRUE);
  return exchange (once, command, error) && once_flush (once, error);
}

static gboolean
run_all (Once    *once,
         GQueue  *commands,
         GError **error)
{
  gboolean good = open_for_call (once, error);

  while (good && !g_queue_is_empty (commands))
    {
      g_autoptr(QmpMessage) command = g_queue_pop_head (commands);

      good = run_one (once, command, error);
    }
  return good;
}

/* "{'execute': ...}", or several, which are all read before the first is sent. */
static gboolean
call_messages (Once        *once,
               const char  *text,
               GError     **error)
{
  GQueue commands = G_QUEUE_INIT;
  gboolean good = check_fds (error) && once_check_messages (once, text, &commands, error);

  for (GList *l = commands.head; l != NULL; l = l->next)
    out_of_band = out_of_band || qmp_message_get_out_of_band (l->data);
  if (good)
    good = once_is_many (once) ? send_to_several (once, NULL, &commands, error) : run_all (once, &commands, error);
  g_queue_clear_full (&commands, g_object_unref);
  return good;
}

static gboolean
call_words (Once                *once,
            const char * const  *words,
            GError             **error)
{
  g_autoptr(QmpMessage) checked = check_command (words, error);
  g_autoptr(QmpMessage) command = NULL;

  if (checked == NULL || !check_fds (error) || !open_for_call (once, error))
    return FALSE;
  command = new_command (once, words, error);
  if (command == NULL || !add_fds (command, error))
    return FALSE;
  qmp_message_set_out_of_band (command, out_of_band);
  return exchange (once, command, error);
}

/* --- all of it --- */

/* "COMMAND -" */
static gboolean
call_with_input (Once        *once,
                 const char  *name,
                 GError     **error)
{
  gsize length;
  g_autofree char *text = once_read_input (MAX_ARGUMENTS, &length, error);
  const char *words[] = { name, NULL, NULL };

  if (text == NULL)
    return FALSE;
  words[1] = text + strspn (text, " \t\r\n");
  if (strlen (text) == length && *words[1] == '{')
    return once_is_many (once) ? call_several (once, words, error) : call_words (once, words, error);
  return once_fail (error, ONCE_STATUS_USAGE, _("Standard input has no JSON object"));
}

static gboolean
run_call (Once                *once,
          const char * const  *words,
          GError             **error)
{
  gboolean alone = words[1] == NULL;

  if (once_is_many (once) && !takes_several (words, error))
    return FALSE;
  if (alone && g_str_equal (words[0], "-"))
    return check_fds (error) && open_for_call (once, error) && once_run_lines (once, stdin, run_one, error);
  if (alone && *words[0] == '{')
    return call_messages (once, words[0], error);
  if (!alone && words[2] == NULL && g_str_equal (words[1], "-"))
    return call_with_input (once, words[0], error);
  return once_is_many (once) ? call_several (once, words, error) : call_words (once, words, error);
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
  .parameters = N_("{COMMAND [KEY=VALUE… | JSON | -] | JSON | -}"),
  .summary = N_("Execute a command, or all that standard input has"),
  .entries = call_entries,
  .min_words = 1,
  .max_words = G_MAXUINT,
  .many = TRUE,
  .run = run_call,
};

/* --- the human monitor --- */

static int cpu = -1;

static QmpMessage *
new_hmp_command (const char  *line,
                 GError     **error)
{
  if (cpu < 0)
    return qmp_message_new_parsed ("human-monitor-command", error, "{'command-line': %s}", line);
  return qmp_message_new_parsed ("human-monitor-command", error, "{'command-line': %s, 'cpu-index': %i}", line, cpu);
}

static void
print_text (OnceOne    *one,
            QmpMessage *reply)
{
  g_autofree char *text = qmp_message_dup_string (reply, "return", NULL);

  once_one_print_text (one, text != NULL ? text : "");
}

static gboolean
run_hmp_many (Once        *once,
              QmpMessage  *command,
              GError     **error)
{
  GQueue messages = G_QUEUE_INIT;
  gboolean good;

  g_queue_push_tail (&messages, command);
  good = once_call_many (once, NULL, &messages, once->json ? NULL : print_text, error);
  g_queue_clear (&messages);
  return good;
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

  if (command == NULL)
    return FALSE;
  if (once_is_many (once))
    return run_hmp_many (once, command, error);
  if (!once_open (once, error))
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
  .many = TRUE,
  .run = run_hmp,
};
