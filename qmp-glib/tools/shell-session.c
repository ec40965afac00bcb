/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "shell-session.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <string.h>

#include "shell-complete.h"
#include "shell-help.h"
#include "shell-input.h"
#include "shell-log.h"
#include "tool-grammar.h"
#include "tool-print.h"

#define RETRY_MILLISECONDS 500

/* What is done with a reply. */
typedef enum {
  REPLY_JSON,
  REPLY_HMP,    /* a text for people */
  REPLY_CPU,    /* tells whether the CPU is there */
} ReplyKind;

struct _ShellSession {
  const ShellOptions *options;
  char               *address_text;
  GSocketConnectable *address;       /* nullable */
  GIOStream          *stream;        /* nullable */

  GMainLoop          *loop;
  ShellStatus         status;
  gboolean            ended;

  QmpClient          *client;
  gboolean            connected;     /* once, and not lost since */
  gboolean            leaving;       /* the server was told to quit */
  guint               retry_source;
  gboolean            retry_told;

  ShellInput         *input;
  ShellComplete      *complete;
  ShellLog           *log;           /* nullable */
  ToolGrammar        *grammar;
  ToolPrintFlags      print_flags;
  GQueue              lines;         /* of those that came together, the rest */
  gboolean            welcomed;

  QmpMessage         *command;       /* that runs; nullable */
  ReplyKind           kind;
  GCancellable       *cancellable;   /* of what is under way */
  int                 cpu;           /* of HMP; -1: the server's choice */
  int                 asked_cpu;
};

static void next_line    (ShellSession *self);
static void open_link    (ShellSession *self);

/* --- showing --- */

void
shell_session_show (ShellSession *self,
                    FILE         *stream,
                    const char   *text)
{
  shell_input_print (self->input, stream, text);
}

static void
show_line (ShellSession *self,
           FILE         *stream,
           const char   *format,
           ...) G_GNUC_PRINTF (3, 4);

/* What comes from a server must not reach a terminal as it is. */
static void
show_line (ShellSession *self,
           FILE         *stream,
           const char   *format,
           ...)
{
  g_autofree char *text = NULL;
  g_autofree char *harmless = NULL;
  g_autofree char *line = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  harmless = tool_print_harmless (text);
  line = g_strconcat (harmless, "\n", NULL);
  shell_session_show (self, stream, line);
}

static void
show_message (ShellSession *self,
              QmpMessage   *message)
{
  g_autoptr(GString) out = g_string_new (NULL);
  gsize length;
  const char *text = g_bytes_get_data (qmp_message_get_bytes (message), &length);

  tool_print_append_json (out, text, length, self->print_flags);
  g_string_append_c (out, '\n');
  shell_session_show (self, stdout, out->str);
}

/* The session is worth more than its log: it goes on. */
static void
show_log_error (ShellSession *self,
                const GError *error)
{
  show_line (self, stderr, "%s", error->message);
}

static gboolean
is_interactive (ShellSession *self)
{
  return shell_input_is_interactive (self->input);
}

static void
show_welcome (ShellSession *self)
{
  QmpGreeting *greeting = qmp_client_get_greeting (self->client);

  if (!is_interactive (self))
    return;
  if (!self->welcomed)
    shell_session_show (self, stdout, self->options->hmp ? _("Welcome to the HMP shell!\n")
                                                         : _("Welcome to the QMP low-level shell!\n"));
  self->welcomed = TRUE;
  if (greeting != NULL)
    show_line (self, stdout, _("Connected to QEMU %s\n"), qmp_greeting_get_version_string (greeting));
  else
    show_line (self, stdout, _("Connected\n"));
}

/* --- the end --- */

void
shell_session_end (ShellSession *self,
                   ShellStatus   status)
{
  if (self->ended)
    return;
  self->ended = TRUE;
  /* A line that was wrong is told of at the end. */
  if (status != SHELL_STATUS_DONE)
    self->status = status;
  g_cancellable_cancel (self->cancellable);
  g_main_loop_quit (self->loop);
}

/* --- commands --- */

static const char *
prompt_of (ShellSession *self)
{
  switch (tool_grammar_get_state (self->grammar))
    {
    case TOOL_STATE_TRANSACTION:
      return "TRANS> ";
    case TOOL_STATE_JSON:
      return "...... ";
    default:
      return "(QEMU) ";
    }
}

static void
show_wrong_line (ShellSession *self,
                 const GError *error)
{
  show_line (self, stderr, _("Error while parsing command line: %s"), error->message);
  show_line (self, stderr, _("command format: <command-name> [arg-name1=arg1] ... [arg-nameN=argN]"));
  if (!is_interactive (self))
    self->status = SHELL_STATUS_USAGE;
}

/* The id is the client's own affair. */
static QmpMessage *
without_id (ShellSession *self,
            QmpMessage   *reply)
{
  QmpMessage *copy = qmp_message_dup (reply);

  if (!qmp_message_has_member (self->command, "id"))
    qmp_message_remove_member (copy, "id");
  return copy;
}

static JsonNode *
find_string (JsonNode   *object,
             const char *name)
{
  JsonNode *node;

  if (object == NULL || !JSON_NODE_HOLDS_OBJECT (object))
    return NULL;
  node = json_object_get_member (json_node_get_object (object), name);
  return node != NULL && json_node_get_value_type (node) == G_TYPE_STRING ? node : NULL;
}

static const char *
string_in (JsonNode   *object,
           const char *name)
{
  JsonNode *node = find_string (object, name);

  return node != NULL ? json_node_get_string (node) : "";
}

static void
show_hmp_reply (ShellSession *self,
                QmpMessage   *reply)
{
  JsonNode *error = qmp_message_get_member (reply, "error");
  g_autofree char *text = NULL;

  if (error != NULL)
    {
      show_line (self, stdout, "%s: %s", string_in (error, "class"), string_in (error, "desc"));
      return;
    }
  text = tool_print_harmless (string_in (qmp_message_get_node (reply), "return"));
  if (*text == '\0')
    return;
  if (g_str_has_suffix (text, "\n"))
    text[strlen (text) - 1] = '\0';
  show_line (self, stdout, "%s", text);
}

static void
take_cpu_reply (ShellSession *self,
                QmpMessage   *reply)
{
  if (qmp_message_has_member (reply, "error"))
    show_line (self, stdout, _("bad CPU index"));
  else
    self->cpu = self->asked_cpu;
}

static gboolean
tells_to_quit (ShellSession *self)
{
  JsonNode *name = qmp_message_get_member (self->command, "execute");
  JsonNode *line = find_string (qmp_message_get_member (self->command, "arguments"), "command-line");

  if (name == NULL || json_node_get_value_type (name) != G_TYPE_STRING)
    return FALSE;
  if (self->kind == REPLY_HMP && line != NULL)
    return g_str_equal (json_node_get_string (line), "quit") || g_str_equal (json_node_get_string (line), "q");
  return g_str_equal (json_node_get_string (name), "quit");
}

static void
take_reply (ShellSession *self,
            QmpMessage   *reply)
{
  g_autoptr(QmpMessage) shown = without_id (self, reply);
  g_autoptr(GError) error = NULL;

  if (self->log != NULL && !shell_log_reply (self->log, self->command, shown, &error))
    show_log_error (self, error);
  if (!qmp_message_has_member (reply, "error") && tells_to_quit (self))
    self->leaving = TRUE;
  if (self->kind == REPLY_JSON)
    show_message (self, shown);
  else if (self->kind == REPLY_HMP)
    show_hmp_reply (self, shown);
  else
    take_cpu_reply (self, shown);
}

static void
take_failure (ShellSession *self,
              const GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    show_line (self, stderr, _("Cancelled; the server may still execute the command"));
  else if (g_error_matches (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED))
    show_line (self, stderr, _("The command may or may not have been executed"));
  else
    show_line (self, stderr, "%s", error->message);
}

static void
exchanged_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      user_data)
{
  ShellSession *self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpMessage) reply = qmp_client_exchange_finish (QMP_CLIENT (object), result, &error);

  if (reply != NULL)
    take_reply (self, reply);
  /* The end of the session cancels too. */
  else if (!self->ended && !self->leaving)
    take_failure (self, error);
  g_clear_object (&self->command);
  g_clear_object (&self->cancellable);
  if (!self->ended)
    next_line (self);
}

/* Takes command. */
static void
run_command (ShellSession *self,
             QmpMessage   *command,
             ReplyKind     kind)
{
  if (self->options->verbose)
    show_message (self, command);
  self->command = command;
  self->kind = kind;
  self->cancellable = g_cancellable_new ();
  qmp_client_exchange_async (self->client, command, self->cancellable, exchanged_cb, self);
}

/* --- HMP --- */

static QmpMessage *
new_hmp_command (const char *line,
                 int         cpu)
{
  if (cpu < 0)
    return qmp_message_new_parsed (NULL, "human-monitor-command", "{'command-line': %s}", line);
  return qmp_message_new_parsed (NULL, "human-monitor-command", "{'command-line': %s, 'cpu-index': %i}", line, cpu);
}

/* "cpu N" is remembered here, since each command has a monitor of its own over there. Returns whether it was
 * such a line. */
static gboolean
take_cpu_line (ShellSession *self,
               const char   *line)
{
  g_auto(GStrv) words = g_strsplit_set (line, " \t", -1);
  guint64 number;

  if (!g_str_equal (words[0], "cpu"))
    return FALSE;
  if (words[1] == NULL || words[2] != NULL || !g_ascii_string_to_unsigned (words[1], 10, 0, G_MAXINT, &number, NULL))
    {
      show_line (self, stdout, _("cpu command takes an integer argument"));
      next_line (self);
      return TRUE;
    }
  self->asked_cpu = number;
  run_command (self, new_hmp_command ("info version", number), REPLY_CPU);
  return TRUE;
}

static gboolean
take_hmp_line (ShellSession *self,
               const char   *line)
{
  g_autofree char *stripped = g_strstrip (g_strdup (line));
  QmpMessage *command;

  if (*stripped == '\0')
    return FALSE;
  if (take_cpu_line (self, stripped))
    return TRUE;
  command = new_hmp_command (stripped, self->cpu);
  if (command == NULL)
    {
      show_line (self, stderr, _("The line is not UTF-8"));
      return FALSE;
    }
  run_command (self, command, REPLY_HMP);
  return TRUE;
}

/* --- lines --- */

static gboolean
take_help_line (ShellSession *self,
                const char   *line)
{
  g_autofree char *stripped = g_strstrip (g_strdup (line));
  g_autofree char *text = NULL;
  g_autofree char *harmless = NULL;

  if (tool_grammar_get_state (self->grammar) == TOOL_STATE_JSON ||
      !g_str_has_prefix (stripped, "help") || (stripped[4] != '\0' && !g_ascii_isspace (stripped[4])))
    return FALSE;
  text = shell_help_text (shell_complete_get_schema (self->complete), g_strchug (stripped + 4));
  /* The names in it are the server's. */
  harmless = tool_print_harmless (text);
  shell_session_show (self, stdout, harmless);
  return TRUE;
}

/* Returns whether a command is under way. */
static gboolean
take_qmp_line (ShellSession *self,
               const char   *line)
{
  g_autoptr(GError) error = NULL;
  ToolState before = tool_grammar_get_state (self->grammar);
  QmpMessage *command;

  if (take_help_line (self, line))
    return FALSE;
  command = tool_grammar_feed (self->grammar, line, &error);
  if (command != NULL)
    {
      run_command (self, command, REPLY_JSON);
      return TRUE;
    }
  if (error != NULL)
    show_wrong_line (self, error);
  else if (before == TOOL_STATE_TRANSACTION && tool_grammar_get_state (self->grammar) == TOOL_STATE_COMMAND)
    show_line (self, stdout, _("Transaction aborted"));
  return FALSE;
}

/* Not before the link stands, so that nothing is lost. */
static void
next_line (ShellSession *self)
{
  if (self->command != NULL || qmp_client_get_runstate (self->client) != QMP_RUNSTATE_RUNNING)
    return;
  while (!g_queue_is_empty (&self->lines))
    {
      g_autofree char *line = g_queue_pop_head (&self->lines);

      if (self->options->hmp ? take_hmp_line (self, line) : take_qmp_line (self, line))
        return;
    }
  shell_input_ask (self->input, prompt_of (self));
}

static void
line_cb (const char *line,
         gpointer    user_data)
{
  ShellSession *self = user_data;
  g_auto(GStrv) parts = NULL;

  if (line == NULL)
    {
      if (is_interactive (self))
        shell_session_show (self, stdout, "\n");
      else if (tool_grammar_abort (self->grammar))
        {
          show_line (self, stderr, _("The input ended within a transaction or a JSON object"));
          self->status = SHELL_STATUS_USAGE;
        }
      shell_session_end (self, SHELL_STATUS_DONE);
      return;
    }
  /* What was pasted can be many lines. */
  parts = g_strsplit (line, "\n", -1);
  for (guint i = 0; parts[i] != NULL; i++)
    g_queue_push_tail (&self->lines, g_strdup (parts[i]));
  next_line (self);
}

/* --- signals --- */

static gboolean
interrupted_cb (gpointer user_data)
{
  ShellSession *self = user_data;

  if (!is_interactive (self) || (self->command == NULL && self->cancellable != NULL) || self->retry_source != 0)
    {
      shell_session_end (self, SHELL_STATUS_INTERRUPTED);
    }
  else if (self->command != NULL)
    {
      g_queue_clear_full (&self->lines, g_free);
      g_cancellable_cancel (self->cancellable);
    }
  else
    {
      shell_input_drop (self->input, "^C");
      if (tool_grammar_abort (self->grammar))
        show_line (self, stdout, _("Transaction aborted"));
      next_line (self);
    }
  return G_SOURCE_CONTINUE;
}

static gboolean
terminated_cb (gpointer user_data)
{
  shell_session_end (user_data, SHELL_STATUS_TERMINATED);
  return G_SOURCE_CONTINUE;
}

/* --- the link --- */

static gboolean
retry_cb (gpointer user_data)
{
  ShellSession *self = user_data;

  self->retry_source = 0;
  open_link (self);
  return G_SOURCE_REMOVE;
}

static void
retry (ShellSession *self,
       const char   *why)
{
  if (!self->retry_told)
    show_line (self, stderr, _("%s; waiting for it to come back, Ctrl-C ends that"), why);
  self->retry_told = TRUE;
  self->retry_source = g_timeout_add (RETRY_MILLISECONDS, retry_cb, self);
}

static void
opened (ShellSession *self,
        GError       *error)
{
  g_autofree char *why = NULL;

  g_clear_object (&self->cancellable);
  if (self->ended)
    return;
  if (error == NULL)
    {
      self->connected = TRUE;
      self->retry_told = FALSE;
      show_welcome (self);
      next_line (self);
      return;
    }
  why = g_strdup_printf (_("Couldn't connect to %s: %s"), self->address_text, error->message);
  if (self->options->reconnect && self->address != NULL)
    {
      retry (self, why);
      return;
    }
  show_line (self, stderr, _("ERROR: %s"), why);
  shell_session_end (self, SHELL_STATUS_LINK);
}

static void
opened_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  ShellSession *self = user_data;
  g_autoptr(GError) error = NULL;

  if (self->address != NULL)
    qmp_client_open_finish (QMP_CLIENT (object), result, &error);
  else
    qmp_client_open_stream_finish (QMP_CLIENT (object), result, &error);
  opened (self, error);
}

static void
open_link (ShellSession *self)
{
  self->cancellable = g_cancellable_new ();
  if (self->address != NULL)
    qmp_client_open_async (self->client, self->address, self->cancellable, opened_cb, self);
  else
    qmp_client_open_stream_async (self->client, self->stream, self->cancellable, opened_cb, self);
}

static void
closed_cb (QmpClient *client,
           GError    *error,
           gpointer   user_data)
{
  ShellSession *self = user_data;
  g_autofree char *why = NULL;

  if (self->ended)
    return;
  self->connected = FALSE;
  shell_complete_forget (self->complete);
  shell_input_drop (self->input, "");
  if (self->leaving && !(self->options->reconnect && self->address != NULL))
    {
      shell_session_end (self, SHELL_STATUS_DONE);
      return;
    }
  self->leaving = FALSE;
  why = g_strdup_printf (_("The connection to %s has ended: %s"), self->address_text,
                         error != NULL ? error->message : _("closed"));
  if (self->options->reconnect && self->address != NULL)
    {
      retry (self, why);
      return;
    }
  show_line (self, stderr, _("ERROR: %s"), why);
  shell_session_end (self, SHELL_STATUS_LINK);
}

static void
event_cb (QmpClient *client,
          QmpEvent  *event,
          gpointer   user_data)
{
  ShellSession *self = user_data;
  g_autoptr(GError) error = NULL;

  if (self->log != NULL && !shell_log_event (self->log, event, &error))
    show_log_error (self, error);
  /* A script counts on one line for each of its own. */
  if (is_interactive (self) || self->options->verbose)
    show_message (self, QMP_MESSAGE (event));
}

static void
protocol_error_cb (QmpClient *client,
                   GError    *error,
                   gpointer   user_data)
{
  show_line (user_data, stderr, _("The server sent something unexpected: %s"), error->message);
}

/* --- making and running it --- */

static char **
complete_cb (const char *before,
             const char *word,
             gpointer    user_data)
{
  ShellSession *self = user_data;

  if (qmp_client_get_runstate (self->client) != QMP_RUNSTATE_RUNNING)
    return NULL;
  return shell_complete_words (self->complete, before, word,
                               tool_grammar_get_state (self->grammar) == TOOL_STATE_TRANSACTION);
}

static QmpClient *
new_client (ShellSession *self)
{
  QmpClient *client = qmp_client_new ("qmp-shell");

  qmp_client_set_guest_agent (client, self->options->guest_agent);
  if (self->options->skip_negotiation)
    {
      qmp_client_set_await_greeting (client, FALSE);
      qmp_client_set_negotiate (client, FALSE);
    }
  g_signal_connect (client, "event", G_CALLBACK (event_cb), self);
  g_signal_connect (client, "closed", G_CALLBACK (closed_cb), self);
  g_signal_connect (client, "protocol-error", G_CALLBACK (protocol_error_cb), self);
  return client;
}

ShellSession *
shell_session_new (const ShellOptions  *options,
                   const char          *address_text,
                   GSocketConnectable  *address,
                   GIOStream           *stream,
                   GError             **error)
{
  ShellLog *log = NULL;
  ShellSession *self;

  if (options->logfile != NULL)
    {
      log = shell_log_new (options->logfile, error);
      if (log == NULL)
        return NULL;
    }
  self = g_new0 (ShellSession, 1);
  self->options = options;
  self->address_text = g_strdup (address_text);
  self->address = address != NULL ? g_object_ref (address) : NULL;
  self->stream = stream != NULL ? g_object_ref (stream) : NULL;
  self->log = log;
  self->loop = g_main_loop_new (NULL, FALSE);
  self->grammar = tool_grammar_new ();
  self->cpu = -1;
  self->print_flags = (options->pretty ? TOOL_PRINT_PRETTY : TOOL_PRINT_PLAIN) |
                      (tool_print_wants_colour (stdout) ? TOOL_PRINT_COLOUR : TOOL_PRINT_PLAIN);
  self->client = new_client (self);
  self->complete = shell_complete_new (self->client, options->hmp);
  self->input = shell_input_new (line_cb, complete_cb, self);
  return self;
}

void
shell_session_free (ShellSession *self)
{
  g_clear_handle_id (&self->retry_source, g_source_remove);
  shell_input_free (self->input);
  shell_complete_free (self->complete);
  g_signal_handlers_disconnect_by_data (self->client, self);
  g_clear_object (&self->client);
  g_clear_pointer (&self->log, shell_log_free);
  g_queue_clear_full (&self->lines, g_free);
  g_clear_pointer (&self->grammar, tool_grammar_free);
  g_main_loop_unref (self->loop);
  g_clear_object (&self->address);
  g_clear_object (&self->stream);
  g_free (self->address_text);
  g_free (self);
}

ShellStatus
shell_session_run (ShellSession *self)
{
  guint sources[] = {
    g_unix_signal_add (SIGINT, interrupted_cb, self),
    g_unix_signal_add (SIGTERM, terminated_cb, self),
    g_unix_signal_add (SIGHUP, terminated_cb, self),
  };

  open_link (self);
  if (!self->ended)
    g_main_loop_run (self->loop);
  /* What was cancelled is told of. */
  while (self->cancellable != NULL)
    g_main_context_iteration (NULL, TRUE);
  if (qmp_client_get_runstate (self->client) != QMP_RUNSTATE_IDLE)
    qmp_client_close (self->client, NULL, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    g_source_remove (sources[i]);
  return self->status;
}
