/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>

#include "once.h"
#include "tool-json.h"

/* As much of a file as is kept at once. */
#define PART (1024 * 1024)
#define MAX_STDIN (47 * 1024 * 1024)

/* Opens the client and gets in step. NULL with error. */
static QmpGuestAgent *
open_agent (Once    *once,
            GError **error)
{
  return once_open (once, error) ? qmp_guest_agent_new (once->client) : NULL;
}

/* --- ping, sync --- */

static gboolean
run_ping (Once                *once,
          const char * const  *words,
          GError             **error)
{
  g_autoptr(QmpGuestAgent) agent = open_agent (once, error);

  return agent != NULL && qmp_guest_agent_wait_ready (agent, once_remaining (once), NULL, error);
}

/* Opening gets in step. */
static gboolean
run_sync (Once                *once,
          const char * const  *words,
          GError             **error)
{
  return once_open (once, error);
}

/* --- info --- */

static void
print_commands (Once       *once,
                JsonNode   *commands,
                gboolean    enabled,
                const char *title)
{
  once_print_line (once, "%s", title);
  for (guint i = 0; i < tool_json_get_length (commands); i++)
    {
      JsonNode *command = tool_json_get_element (commands, i);

      if (tool_json_get_boolean (command, "enabled") == enabled)
        once_print_line (once, "  %s", tool_json_get_string (command, "name"));
    }
}

static gboolean
run_info (Once                *once,
          const char * const  *words,
          GError             **error)
{
  g_autoptr(QmpGuestAgent) agent = open_agent (once, error);
  g_autoptr(QmpMessage) reply = agent != NULL ? qmp_guest_agent_get_info (agent, NULL, error) : NULL;
  JsonNode *info;
  JsonNode *commands;

  if (reply == NULL)
    return FALSE;
  info = qmp_message_get_member (reply, "return");
  if (once->json || info == NULL)
    return once_print_return (once, reply, error);
  commands = tool_json_get_member (info, "supported_commands");
  once_print_line (once, _("version: %s"), tool_json_get_string (info, "version"));
  print_commands (once, commands, TRUE, _("enabled:"));
  print_commands (once, commands, FALSE, _("disabled:"));
  return TRUE;
}

/* --- network --- */

static void
print_interface (Once     *once,
                 JsonNode *interface)
{
  JsonNode *addresses = tool_json_get_member (interface, "ip-addresses");
  const char *hardware = tool_json_get_string (interface, "hardware-address");

  once_print_line (once, "%s%s%s", tool_json_get_string (interface, "name"), *hardware != '\0' ? " " : "", hardware);
  for (guint i = 0; i < tool_json_get_length (addresses); i++)
    {
      JsonNode *address = tool_json_get_element (addresses, i);

      once_print_line (once, "  %s %s/%" G_GINT64_FORMAT, tool_json_get_string (address, "ip-address-type"),
                       tool_json_get_string (address, "ip-address"), tool_json_get_int (address, "prefix"));
    }
}

static gboolean
run_network (Once                *once,
             const char * const  *words,
             GError             **error)
{
  g_autoptr(QmpGuestAgent) agent = open_agent (once, error);
  g_autoptr(QmpMessage) reply = agent != NULL ? qmp_guest_agent_get_network_interfaces (agent, NULL, error) : NULL;
  JsonNode *interfaces;

  if (reply == NULL)
    return FALSE;
  interfaces = qmp_message_get_member (reply, "return");
  if (once->json || interfaces == NULL)
    return once_print_return (once, reply, error);
  for (guint i = 0; i < tool_json_get_length (interfaces); i++)
    print_interface (once, tool_json_get_element (interfaces, i));
  return TRUE;
}

/* --- exec --- */

static gboolean passes_input;
static char **variables;

/* input (out): nothing without the option. */
static gboolean
read_input (GBytes **input,
            GError **error)
{
  char *text;
  gsize length;

  if (!passes_input)
    return TRUE;
  text = once_read_input (MAX_STDIN, &length, error);
  if (text == NULL)
    return FALSE;
  *input = g_bytes_new_take (text, length);
  return TRUE;
}

static void
pass_output (Once     *once,
             FILE     *stream,
             GBytes   *bytes,
             gboolean  truncated)
{
  once_write (once, stream, bytes);
  if (truncated)
    g_printerr ("qmp: %s\n", _("The guest agent has dropped a part of the output, which was too long"));
}

/* As a shell says it. */
static int
exit_status_of (QmpGuestExecResult *result)
{
  gint64 signal_number = qmp_guest_exec_result_get_signal (result);

  return signal_number != 0 ? (128 + signal_number) & 0xff : qmp_guest_exec_result_get_exit_status (result) & 0xff;
}

static gboolean
run_exec (Once                *once,
          const char * const  *words,
          GError             **error)
{
  g_autoptr(GBytes) input = NULL;
  g_autoptr(QmpGuestAgent) agent = NULL;
  g_autoptr(QmpGuestExecResult) result = NULL;

  if (!read_input (&input, error))
    return FALSE;
  agent = open_agent (once, error);
  if (agent == NULL)
    return FALSE;
  result = qmp_guest_agent_exec (agent, words, (const char * const *) variables, input, QMP_GUEST_EXEC_DEFAULT,
                                 once_remaining (once), NULL, error);
  if (result == NULL)
    return FALSE;
  once->status = exit_status_of (result);
  if (once->json)
    return once_print_return (once, qmp_guest_exec_result_get_reply (result), error);
  pass_output (once, stdout, qmp_guest_exec_result_get_output (result),
               qmp_guest_exec_result_get_output_truncated (result));
  pass_output (once, stderr, qmp_guest_exec_result_get_error_output (result),
               qmp_guest_exec_result_get_error_output_truncated (result));
  return TRUE;
}

/* --- cat --- */

/* Returns how much it was, less than a part at the end; -1 with error. */
static gint64
pass_part (Once           *once,
           QmpGuestAgent  *agent,
           const char     *path,
           gint64          offset,
           GError        **error)
{
  g_autoptr(GBytes) part = NULL;

  once_set_timeout (once);
  part = qmp_guest_agent_read_file (agent, path, offset, PART, NULL, error);
  if (part == NULL)
    return -1;
  once_write (once, stdout, part);
  return g_bytes_get_size (part);
}

static gboolean
run_cat (Once                *once,
         const char * const  *words,
         GError             **error)
{
  g_autoptr(QmpGuestAgent) agent = open_agent (once, error);
  gint64 offset = 0;
  gint64 size = PART;

  if (agent == NULL)
    return FALSE;
  for (; size == PART && once->write_code == 0; offset += size)
    {
      size = pass_part (once, agent, words[0], offset, error);
      if (size < 0)
        return FALSE;
    }
  return TRUE;
}

/* --- */

const OnceVerb once_guest_ping = {
  .words = "guest ping",
  .parameters = "",
  .summary = N_("Tell by the exit status whether a guest agent answers"),
  .agent = TRUE,
  .prints_no_json = TRUE,
  .run = run_ping,
};

const OnceVerb once_guest_sync = {
  .words = "guest sync",
  .parameters = "",
  .summary = N_("Get in step with a guest agent that was left in the middle of something"),
  .agent = TRUE,
  .prints_no_json = TRUE,
  .run = run_sync,
};

const OnceVerb once_guest_info = {
  .words = "guest info",
  .parameters = "",
  .summary = N_("Tell a guest agent's version and commands"),
  .agent = TRUE,
  .run = run_info,
};

const OnceVerb once_guest_network = {
  .words = "guest network",
  .parameters = "",
  .summary = N_("List a guest's network interfaces"),
  .agent = TRUE,
  .run = run_network,
};

static const GOptionEntry exec_entries[] = {
  { "stdin", 'i', 0, G_OPTION_ARG_NONE, &passes_input, N_("Pass standard input to the program"), NULL },
  { "env", 'e', 0, G_OPTION_ARG_STRING_ARRAY, &variables, N_("Set a variable, and no others; may be repeated"),
    N_("NAME=VALUE") },
  G_OPTION_ENTRY_NULL
};

const OnceVerb once_guest_exec = {
  .words = "guest exec",
  .parameters = N_("PROGRAM [ARGUMENT…]"),
  .summary = N_("Run a program in a guest, with its output and exit status"),
  .entries = exec_entries,
  .min_words = 1,
  .max_words = G_MAXUINT,
  .strict = TRUE,
  .agent = TRUE,
  .passes_status = TRUE,
  .run = run_exec,
};

const OnceVerb once_guest_cat = {
  .words = "guest cat",
  .parameters = N_("FILE"),
  .summary = N_("Show a file of a guest"),
  .min_words = 1,
  .max_words = 1,
  .agent = TRUE,
  .prints_no_json = TRUE,
  .run = run_cat,
};
