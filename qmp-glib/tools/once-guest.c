/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>
#include <unistd.h>

#include "once.h"

/* How often is asked whether a program has ended, in milliseconds: soon, then less and less often. */
#define FIRST_PAUSE 5
#define LAST_PAUSE 500

#define CHUNK (256 * 1024)
/* guest-exec takes its input with the command. */
#define MAX_STDIN (16 * 1024 * 1024)

/* --- ping, sync --- */

static gboolean
run_ping (Once                *once,
          const char * const  *words,
          GError             **error)
{
  g_autoptr(JsonNode) value = NULL;

  if (!once_open (once, error))
    return FALSE;
  value = once_execute (once, qmp_message_new_command ("guest-ping", NULL, error), error);
  return value != NULL;
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
  once_print (once, "%s\n", title);
  for (guint i = 0; i < once_get_length (commands); i++)
    {
      JsonNode *command = once_get_element (commands, i);

      if (once_get_boolean (command, "enabled") == enabled)
        once_print (once, "  %s\n", once_get_string (command, "name"));
    }
}

static gboolean
run_info (Once                *once,
          const char * const  *words,
          GError             **error)
{
  g_autoptr(JsonNode) info = NULL;
  QmpMessage *command;
  JsonNode *commands;

  if (!once_open (once, error))
    return FALSE;
  command = qmp_message_new_command ("guest-info", NULL, error);
  if (once->json)
    return once_execute_and_print (once, command, error);
  info = once_execute (once, command, error);
  if (info == NULL)
    return FALSE;
  commands = once_get_member (info, "supported_commands");
  once_print (once, _("version: %s\n"), once_get_string (info, "version"));
  print_commands (once, commands, TRUE, _("enabled:"));
  print_commands (once, commands, FALSE, _("disabled:"));
  return TRUE;
}

/* --- network --- */

static void
print_interface (Once     *once,
                 JsonNode *interface)
{
  JsonNode *addresses = once_get_member (interface, "ip-addresses");
  const char *hardware = once_get_string (interface, "hardware-address");

  once_print (once, "%s%s%s\n", once_get_string (interface, "name"), *hardware != '\0' ? " " : "", hardware);
  for (guint i = 0; i < once_get_length (addresses); i++)
    {
      JsonNode *address = once_get_element (addresses, i);

      once_print (once, "  %s %s/%" G_GINT64_FORMAT "\n", once_get_string (address, "ip-address-type"),
                  once_get_string (address, "ip-address"), once_get_int (address, "prefix"));
    }
}

static gboolean
run_network (Once                *once,
             const char * const  *words,
             GError             **error)
{
  g_autoptr(JsonNode) interfaces = NULL;
  QmpMessage *command;

  if (!once_open (once, error))
    return FALSE;
  command = qmp_message_new_command ("guest-network-get-interfaces", NULL, error);
  if (once->json)
    return once_execute_and_print (once, command, error);
  interfaces = once_execute (once, command, error);
  if (interfaces == NULL)
    return FALSE;
  for (guint i = 0; i < once_get_length (interfaces); i++)
    print_interface (once, once_get_element (interfaces, i));
  return TRUE;
}

/* --- exec --- */

static gboolean passes_input;
static char **variables;

static gboolean
read_input (GByteArray  *input,
            GError     **error)
{
  guint8 buffer[16384];
  gssize length;

  while ((length = read (STDIN_FILENO, buffer, sizeof buffer)) > 0)
    {
      if (input->len + length > MAX_STDIN)
        return once_fail (error, ONCE_STATUS_FAILED, _("There is more on standard input than an agent can take"));
      g_byte_array_append (input, buffer, length);
    }
  return length == 0 || once_fail (error, ONCE_STATUS_FAILED, _("Could not read standard input"));
}

static JsonNode *
new_strings (const char * const *strings)
{
  JsonArray *array = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  for (guint i = 0; strings != NULL && strings[i] != NULL; i++)
    json_array_add_string_element (array, strings[i]);
  json_node_take_array (node, array);
  return node;
}

static gboolean
add_input (JsonObject  *arguments,
           GError     **error)
{
  g_autoptr(GByteArray) input = g_byte_array_new ();
  g_autofree char *base64 = NULL;

  if (!passes_input)
    return TRUE;
  if (!read_input (input, error))
    return FALSE;
  base64 = g_base64_encode (input->data, input->len);
  json_object_set_string_member (arguments, "input-data", base64);
  return TRUE;
}

static QmpMessage *
new_exec_command (const char * const  *words,
                  GError             **error)
{
  g_autoptr(JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *arguments = json_object_new ();

  json_node_take_object (node, arguments);
  json_object_set_string_member (arguments, "path", words[0]);
  json_object_set_member (arguments, "arg", new_strings (words + 1));
  json_object_set_boolean_member (arguments, "capture-output", TRUE);
  if (variables != NULL)
    json_object_set_member (arguments, "env", new_strings ((const char * const *) variables));
  return add_input (arguments, error) ? qmp_message_new_command ("guest-exec", node, error) : NULL;
}

/* Returns the reply of guest-exec-status that says that the program has ended, or an error. */
static QmpMessage *
await_exit (Once        *once,
            gint64       pid,
            GError     **error)
{
  int pause = FIRST_PAUSE;

  for (;;)
    {
      QmpMessage *reply = once_exchange (once, qmp_message_new_parsed (error, "guest-exec-status", "{'pid': %x}", pid),
                                         error);
      JsonNode *status = reply != NULL ? qmp_message_get_member (reply, "return") : NULL;

      if (status == NULL || once_get_boolean (status, "exited"))
        return reply;
      g_object_unref (reply);
      g_usleep (once_remaining (once, pause) * 1000);
      if (once_is_late (once))
        {
          g_autofree char *number = g_strdup_printf ("%" G_GINT64_FORMAT, pid);

          once_fail (error, ONCE_STATUS_TIMEOUT, _("The program still runs in the guest, as process %s"), number);
          return NULL;
        }
      pause = MIN (2 * pause, LAST_PAUSE);
    }
}

static void
pass_output (Once       *once,
             JsonNode   *status,
             FILE       *stream,
             const char *data,
             const char *truncated)
{
  g_autoptr(GBytes) bytes = once_get_base64 (status, data);

  once_write (once, stream, bytes);
  if (once_get_boolean (status, truncated))
    g_printerr ("qmp: %s\n", _("The guest agent has dropped a part of the output, which was too long"));
}

/* As a shell says it. */
static int
exit_status_of (JsonNode *status)
{
  gint64 signal_number = once_get_int (status, "signal");

  return signal_number != 0 ? (128 + signal_number) & 0xff : once_get_int (status, "exitcode") & 0xff;
}

static gboolean
run_exec (Once                *once,
          const char * const  *words,
          GError             **error)
{
  g_autoptr(QmpMessage) command = new_exec_command (words, error);
  g_autoptr(JsonNode) started = NULL;
  g_autoptr(QmpMessage) reply = NULL;
  JsonNode *status;

  if (command == NULL || !once_open (once, error))
    return FALSE;
  started = once_execute (once, g_steal_pointer (&command), error);
  if (started == NULL)
    return FALSE;
  reply = await_exit (once, once_get_int (started, "pid"), error);
  if (reply == NULL)
    return FALSE;
  status = qmp_message_get_member (reply, "return");
  once->status = exit_status_of (status);
  if (once->json || status == NULL)
    return once_print_return (once, reply, error);
  pass_output (once, status, stdout, "out-data", "out-truncated");
  pass_output (once, status, stderr, "err-data", "err-truncated");
  return TRUE;
}

/* --- cat --- */

/* Returns FALSE at the end, and on failure with error set. */
static gboolean
pass_chunk (Once        *once,
            gint64       handle,
            GError     **error)
{
  g_autoptr(JsonNode) chunk = once_execute (once, qmp_message_new_parsed (error, "guest-file-read",
                                                                          "{'handle': %x, 'count': %i}", handle, CHUNK),
                                            error);
  g_autoptr(GBytes) bytes = NULL;

  if (chunk == NULL)
    return FALSE;
  bytes = once_get_base64 (chunk, "buf-b64");
  once_write (once, stdout, bytes);
  return once->write_code == 0 && !once_get_boolean (chunk, "eof") && g_bytes_get_size (bytes) > 0;
}

static gboolean
run_cat (Once                *once,
         const char * const  *words,
         GError             **error)
{
  g_autoptr(JsonNode) handle = NULL;
  g_autoptr(JsonNode) closed = NULL;
  g_autoptr(GError) local_error = NULL;

  if (!once_open (once, error))
    return FALSE;
  handle = once_execute (once, qmp_message_new_parsed (error, "guest-file-open", "{'path': %s}", words[0]), error);
  if (handle == NULL)
    return FALSE;
  if (json_node_get_value_type (handle) != G_TYPE_INT64)
    return once_fail (error, ONCE_STATUS_FAILED, _("The guest agent gives no handle of the file"));
  while (pass_chunk (once, json_node_get_int (handle), &local_error))
    ;
  closed = once_execute (once, qmp_message_new_parsed (NULL, "guest-file-close", "{'handle': %x}",
                                                       json_node_get_int (handle)), NULL);
  if (local_error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/* --- */

const OnceVerb once_guest_ping = {
  .words = "guest ping",
  .parameters = "",
  .summary = N_("Tell by the exit status whether a guest agent answers"),
  .agent = TRUE,
  .run = run_ping,
};

const OnceVerb once_guest_sync = {
  .words = "guest sync",
  .parameters = "",
  .summary = N_("Get in step with a guest agent that was left in the middle of something"),
  .agent = TRUE,
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
  .run = run_cat,
};
