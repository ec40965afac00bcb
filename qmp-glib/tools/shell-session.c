/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "shell-session.h"

#include <errno.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <string.h>

#include "shell-help.h"
#include "shell-hint.h"
#include "shell-hmp.h"
#include "shell-input.h"
#include "shell-link.h"
#include "shell-log.h"
#include "shell-output.h"
#include "tool-complete.h"
#include "tool-grammar.h"
#include "tool-json.h"
#include "tool-streams.h"

/* What is done with a reply. */
typedef enum {
  REPLY_JSON,
  REPLY_HMP,    /* a text for people */
  REPLY_CPU,    /* tells whether the CPU is there */
} ReplyKind;

/* What is under way, and what Ctrl-C ends. */
typedef enum {
  NOTHING,
  ASKING,       /* the server, for what a line means */
  EXECUTING,
} Activity;

struct _ShellSession {
  const ShellOptions *options;
  gboolean            launches;      /* somebody else tells why that has failed */
  GMainLoop          *loop;
  GCancellable       *over;          /* cancelled at the end of the session */
  ShellStatus         status;
  gboolean            ended;
  GError             *failure;       /* why the link failed, for that; nullable */

  QmpClient          *client;
  ShellLink          *link;
  ShellInput         *input;
  ShellOutput        *output;
  ToolCompleter      *completer;
  ShellLog           *log;           /* nullable */
  ToolGrammar        *grammar;
  ToolTypes          *types;
  QmpSchema          *schema;        /* for help; nullable */
  gboolean            has_schema;    /* it was asked for, and may have been none */
  GQueue              lines;         /* of those that came together, the rest */
  GQueue              commands;      /* of the line that is executed, the rest */
  gboolean            welcomed;

  Activity            activity;
  GCancellable       *cancellable;   /* of it; nullable */
  QmpMessage         *command;       /* that runs; nullable */
  gint64              time;          /* when it was sent */
  gboolean            echoed;
  ReplyKind           kind;
  int                 cpu;           /* of HMP; -1: the server's choice */
  int                 asked_cpu;
};

static void next_line (ShellSession *self);

/* --- showing --- */

static gboolean
is_interactive (ShellSession *self)
{
  return shell_input_is_interactive (self->input);
}

void
shell_session_show (ShellSession *self,
                    FILE         *stream,
                    const char   *text)
{
  shell_output_lines (self->output, stream, text);
}

/* Nothing more is executed whose outcome nobody would see. */
static void
output_failed_cb (FILE     *stream,
                  int       code,
                  gpointer  user_data)
{
  if (code != EPIPE && stream == stdout)
    tool_streams_complain (code);
  shell_session_end (user_data, code == EPIPE ? SHELL_STATUS_UNREAD : SHELL_STATUS_FAILED);
}

/* The session is worth more than its log: it goes on. */
static void
show_log_error (ShellSession *self,
                const GError *error)
{
  shell_output_error (self->output, "%s", error->message);
}

static void
show_welcome (ShellSession *self)
{
  QmpGreeting *greeting = qmp_client_get_greeting (self->client);
  g_autofree char *text = NULL;

  if (!is_interactive (self))
    return;
  if (!self->welcomed)
    shell_output_say (self->output, self->options->hmp ? _("Welcome to the HMP shell!")
                                                       : _("Welcome to the QMP low-level shell!"));
  self->welcomed = TRUE;
  if (greeting != NULL)
    text = g_strdup_printf (_("Connected to QEMU %s"), qmp_greeting_get_version_string (greeting));
  else
    text = g_strdup (_("Connected"));
  shell_output_say (self->output, text);
  shell_output_say (self->output, "");
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
  g_cancellable_cancel (self->over);
  g_cancellable_cancel (self->cancellable);
  shell_link_stop (self->link);
  g_main_loop_quit (self->loop);
}

const GError *
shell_session_get_failure (ShellSession *self)
{
  return self->failure;
}

static void
begin (ShellSession *self,
       Activity      activity)
{
  self->activity = activity;
  self->cancellable = g_cancellable_new ();
}

static void
finish (ShellSession *self)
{
  self->activity = NOTHING;
  g_clear_object (&self->cancellable);
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

/* A line from which nothing was executed. */
static void
refuse_line (ShellSession *self,
             const char   *why)
{
  shell_output_error (self->output, "%s", why);
  if (!is_interactive (self) && !self->ended)
    self->status = SHELL_STATUS_USAGE;
}

static void
show_wrong_line (ShellSession *self,
                 const GError *error)
{
  g_autofree char *why = g_strdup_printf (_("Error while parsing command line: %s"), error->message);

  refuse_line (self, why);
  shell_output_error (self->output, _("command format: <command-name> [arg-name1=arg1] ... [arg-nameN=argN]"));
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

static void
show_hmp_reply (ShellSession *self,
                QmpMessage   *reply)
{
  JsonNode *error = qmp_message_get_member (reply, "error");
  g_autofree char *text = NULL;

  if (error == NULL)
    {
      shell_output_text (self->output, tool_json_get_string (qmp_message_get_node (reply), "return"));
      return;
    }
  text = g_strdup_printf ("%s: %s", tool_json_get_string (error, "class"), tool_json_get_string (error, "desc"));
  shell_output_text (self->output, text);
}

static void
take_cpu_reply (ShellSession *self,
                QmpMessage   *reply)
{
  if (qmp_message_has_member (reply, "error"))
    refuse_line (self, _("bad CPU index"));
  else
    self->cpu = self->asked_cpu;
}

static gboolean
tells_to_quit (ShellSession *self)
{
  const char *name = tool_json_as_string (qmp_message_get_member (self->command, "execute"));
  const char *line = tool_json_get_string (qmp_message_get_member (self->command, "arguments"), "command-line");

  if (self->kind == REPLY_HMP)
    return g_str_equal (line, "quit") || g_str_equal (line, "q");
  return g_strcmp0 (name, "quit") == 0;
}

/* A person may have mistyped the command. */
static void
hint_at (ShellSession *self,
         QmpMessage   *reply)
{
  if (is_interactive (self) && qmp_message_has_member (reply, "error") &&
      !self->options->guest_agent && !self->options->skip_negotiation)
    shell_hint_tell (self->output, self->client, self->schema, self->command, self->over);
}

static void
take_reply (ShellSession *self,
            QmpMessage   *reply)
{
  g_autoptr(QmpMessage) shown = without_id (self, reply);
  g_autoptr(GError) error = NULL;

  if (self->log != NULL && !shell_log_reply (self->log, self->time, self->command, shown, &error))
    show_log_error (self, error);
  if (!qmp_message_has_member (reply, "error") && tells_to_quit (self))
    shell_link_set_leaving (self->link);
  if (self->kind == REPLY_JSON)
    {
      shell_output_message (self->output, shown);
      hint_at (self, shown);
    }
  else if (self->kind == REPLY_HMP)
    show_hmp_reply (self, shown);
  else
    take_cpu_reply (self, shown);
}

/* Whether the client would not send it. */
static gboolean
is_refusal (const GError *error)
{
  return g_error_matches (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION) ||
         g_error_matches (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE) ||
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

static void
take_failure (ShellSession *self,
              const GError *error)
{
  if (is_refusal (error))
    {
      refuse_line (self, error->message);
      return;
    }
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    shell_output_error (self->output, _("Cancelled; the server may still execute the command"));
  else if (g_error_matches (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED))
    shell_output_error (self->output, _("The command may or may not have been executed"));
  else
    shell_output_error (self->output, "%s", error->message);
  /* There is no reply to it. */
  if (!is_interactive (self) && !self->ended)
    self->status = SHELL_STATUS_FAILED;
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
  else if (!self->ended && !shell_link_is_leaving (self->link))
    take_failure (self, error);
  g_clear_object (&self->command);
  finish (self);
  next_line (self);
}

/* Takes command. */
static void
set_command (ShellSession *self,
             QmpMessage   *command,
             ReplyKind     kind)
{
  self->command = command;
  self->kind = kind;
  self->time = g_get_real_time ();
  self->echoed = FALSE;
}

/* Takes command. */
static void
run_command (ShellSession *self,
             QmpMessage   *command,
             ReplyKind     kind)
{
  set_command (self, command, kind);
  begin (self, EXECUTING);
  qmp_client_exchange_async (self->client, command, self->cancellable, exchanged_cb, self);
}

/* The echo of --verbose is of what was sent in fact. */
static void
wire_cb (QmpClient        *client,
         QmpWireDirection  direction,
         const char       *text,
         gpointer          user_data)
{
  ShellSession *self = user_data;

  if (direction != QMP_WIRE_DIRECTION_SENT || self->command == NULL || self->echoed)
    return;
  self->echoed = TRUE;
  shell_output_message (self->output, self->command);
}

/* Scripts written for other programs negotiate first. That is done. */
static gboolean
is_negotiation (ShellSession *self,
                QmpMessage   *command)
{
  return qmp_client_get_greeting (self->client) != NULL && !self->options->skip_negotiation &&
         tool_command_negotiates (command);
}

/* Takes command. */
static void
answer_negotiation (ShellSession *self,
                    QmpMessage   *command)
{
  g_autoptr(QmpMessage) reply = qmp_message_new ();
  g_autofree char *id = qmp_message_dup_member_text (command, "id");

  qmp_message_set_member_text (reply, "return", "{}", NULL);
  if (id != NULL)
    qmp_message_set_member_text (reply, "id", id, NULL);
  set_command (self, command, REPLY_JSON);
  take_reply (self, reply);
  g_clear_object (&self->command);
}

/* --- asking what a line means --- */

/* What was waited for may have been cancelled; else the line is taken again. */
static void
asked (ShellSession *self,
       const GError *error)
{
  gboolean cancelled = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  finish (self);
  if (cancelled && !self->ended)
    shell_output_error (self->output, _("Cancelled; the command was not sent"));
  if (cancelled)
    {
      tool_types_forget_answers (self->types);
      g_free (g_queue_pop_head (&self->lines));
    }
  next_line (self);
}

/* A link that has ended answers nothing: the next server is asked again. */
static gboolean
is_answer (ShellSession *self,
           const GError *error)
{
  return !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) &&
         !g_error_matches (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED) &&
         qmp_client_get_runstate (self->client) == QMP_RUNSTATE_RUNNING;
}

static void
schema_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  ShellSession *self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpSchema) schema = qmp_schema_fetch_finish (result, &error);

  if (is_answer (self, error))
    {
      g_set_object (&self->schema, schema);
      self->has_schema = TRUE;
      tool_types_take_schema (self->types, schema);
    }
  asked (self, error);
}

static void
answer_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  ShellSession *self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) answer = qmp_client_execute_message_finish (QMP_CLIENT (object), result, &error);

  if (is_answer (self, error))
    tool_types_take_answer (self->types, answer);
  asked (self, error);
}

/* The line is taken again when the answer is there. question is NULL for the schema. */
static void
ask_about (ShellSession *self,
           const char   *line,
           QmpMessage   *question)
{
  g_queue_push_head (&self->lines, g_strdup (line));
  begin (self, ASKING);
  if (question == NULL)
    qmp_schema_fetch_async (self->client, self->cancellable, schema_cb, self);
  else
    qmp_client_execute_message_async (self->client, question, self->cancellable, answer_cb, self);
}

/* --- HMP --- */

/* "cpu N" is remembered here, since each command has a monitor of its own over there. */
static void
take_cpu_line (ShellSession *self,
               int           cpu)
{
  self->asked_cpu = cpu;
  if (cpu >= 0)
    run_command (self, shell_hmp_new_command ("info version", cpu), REPLY_CPU);
  else
    refuse_line (self, _("cpu command takes an integer argument"));
}

static void
take_hmp_line (ShellSession *self,
               const char   *line)
{
  g_autofree char *stripped = g_strstrip (g_strdup (line));
  QmpMessage *command;
  int cpu;

  if (*stripped == '\0' || *stripped == '#')
    return;
  if (shell_hmp_is_cpu_line (stripped, &cpu))
    {
      take_cpu_line (self, cpu);
      return;
    }
  command = shell_hmp_new_command (stripped, self->cpu);
  if (command != NULL)
    run_command (self, command, REPLY_HMP);
  else
    refuse_line (self, _("The line is not UTF-8"));
}

/* --- lines --- */

/* Returns whether it was one. */
static gboolean
take_help_line (ShellSession *self,
                const char   *line)
{
  g_autofree char *stripped = g_strstrip (g_strdup (line));
  g_autofree char *text = NULL;
  const char *name;

  if (tool_grammar_get_state (self->grammar) == TOOL_STATE_JSON ||
      !g_str_has_prefix (stripped, "help") || (stripped[4] != '\0' && !g_ascii_isspace (stripped[4])))
    return FALSE;
  name = g_strchug (stripped + 4);
  if (*name != '\0' && !self->has_schema)
    {
      ask_about (self, line, NULL);
      return TRUE;
    }
  text = shell_help_text (self->schema, name);
  shell_output_page (self->output, text);
  return TRUE;
}

/* What was typed in brackets is forgotten. */
static void
abort_brackets (ShellSession *self)
{
  ToolState state = tool_grammar_get_state (self->grammar);

  if (tool_grammar_abort (self->grammar))
    shell_output_say (self->output, state == TOOL_STATE_JSON ? _("The unfinished object is forgotten")
                                                             : _("Transaction aborted"));
}

static void
take_qmp_line (ShellSession *self,
               const char   *line)
{
  g_autoptr(GError) error = NULL;
  ToolState before = tool_grammar_get_state (self->grammar);
  GQueue commands = G_QUEUE_INIT;

  if (take_help_line (self, line))
    return;
  if (!tool_grammar_feed (self->grammar, line, &commands, &error) || !tool_commands_check (&commands, &error))
    {
      g_queue_clear_full (&commands, g_object_unref);
      if (g_error_matches (error, TOOL_ERROR, TOOL_ERROR_ASK))
        {
          g_autoptr(QmpMessage) question = tool_types_new_question (self->types);

          ask_about (self, line, question);
          return;
        }
      show_wrong_line (self, error);
    }
  else if (g_queue_is_empty (&commands) && before == TOOL_STATE_TRANSACTION &&
           tool_grammar_get_state (self->grammar) == TOOL_STATE_COMMAND)
    {
      shell_output_say (self->output, _("Transaction aborted"));
    }
  tool_types_forget_answers (self->types);
  self->commands = commands;
}

/* What the last line has left, and then the next line. */
static void
take_next (ShellSession *self)
{
  g_autofree char *line = NULL;

  if (!g_queue_is_empty (&self->commands))
    {
      QmpMessage *command = g_queue_pop_head (&self->commands);

      if (is_negotiation (self, command))
        answer_negotiation (self, command);
      else
        run_command (self, command, REPLY_JSON);
      return;
    }
  line = g_queue_pop_head (&self->lines);
  if (self->options->hmp)
    take_hmp_line (self, line);
  else
    take_qmp_line (self, line);
}

/* Not before the link stands, so that nothing is lost. */
static void
next_line (ShellSession *self)
{
  while (!self->ended && self->activity == NOTHING && qmp_client_get_runstate (self->client) == QMP_RUNSTATE_RUNNING)
    {
      if (g_queue_is_empty (&self->commands) && g_queue_is_empty (&self->lines))
        {
          shell_input_ask (self->input, prompt_of (self));
          return;
        }
      take_next (self);
    }
}

static void
take_end (ShellSession *self,
          const GError *error)
{
  ToolState state = tool_grammar_get_state (self->grammar);

  if (error != NULL)
    {
      shell_output_error (self->output, _("Could not read standard input: %s"), error->message);
      shell_session_end (self, SHELL_STATUS_FAILED);
      return;
    }
  if (is_interactive (self))
    shell_output_say (self->output, "");
  else if (state == TOOL_STATE_JSON)
    refuse_line (self, _("The input ended within a JSON object"));
  else if (state == TOOL_STATE_TRANSACTION)
    refuse_line (self, _("The input ended within a transaction"));
  shell_session_end (self, SHELL_STATUS_DONE);
}

static void
line_cb (const char   *line,
         gsize         length,
         const GError *error,
         gpointer      user_data)
{
  ShellSession *self = user_data;
  g_auto(GStrv) parts = NULL;

  if (line == NULL)
    {
      take_end (self, error);
      return;
    }
  if (strlen (line) < length)
    {
      refuse_line (self, _("The line has a zero byte in it"));
      next_line (self);
      return;
    }
  /* What was pasted can be many lines. */
  parts = g_strsplit (line, "\n", -1);
  for (guint i = 0; parts[i] != NULL; i++)
    g_queue_push_tail (&self->lines, g_strdup (parts[i]));
  next_line (self);
}

static void
forget_lines (ShellSession *self)
{
  g_queue_clear_full (&self->lines, g_free);
  g_queue_clear_full (&self->commands, g_object_unref);
}

/* --- signals --- */

static gboolean
interrupted_cb (gpointer user_data)
{
  ShellSession *self = user_data;

  if (!is_interactive (self) || shell_link_is_waiting (self->link))
    {
      shell_session_end (self, SHELL_STATUS_INTERRUPTED);
    }
  else if (self->activity != NOTHING)
    {
      char *asked_line = self->activity == ASKING ? g_queue_pop_head (&self->lines) : NULL;

      forget_lines (self);
      if (asked_line != NULL)
        g_queue_push_head (&self->lines, asked_line);
      g_cancellable_cancel (self->cancellable);
    }
  else
    {
      shell_input_drop (self->input, "^C");
      abort_brackets (self);
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

static void
up_cb (gboolean was_away,
       gpointer user_data)
{
  ShellSession *self = user_data;

  /* What was typed while there was no server was not meant for this one. */
  if (was_away)
    shell_input_flush (self->input);
  show_welcome (self);
  next_line (self);
}

/* What was meant for a server that has gone must not reach the next one. A script goes on. */
static void
down_cb (gpointer user_data)
{
  ShellSession *self = user_data;

  if (self->ended)
    return;
  tool_completer_forget (self->completer);
  tool_types_forget (self->types);
  g_clear_object (&self->schema);
  self->has_schema = FALSE;
  if (!is_interactive (self))
    return;
  shell_input_drop (self->input, "");
  forget_lines (self);
  abort_brackets (self);
}

static void
over_cb (const GError *why,
         gpointer      user_data)
{
  ShellSession *self = user_data;

  if (self->ended)
    return;
  /* Who has the machine knows more. */
  if (why != NULL && self->launches)
    self->failure = g_error_copy (why);
  else if (why != NULL)
    shell_output_error (self->output, _("ERROR: %s"), why->message);
  shell_session_end (self, why != NULL ? SHELL_STATUS_FAILED : SHELL_STATUS_DONE);
}

static const ShellLinkFuncs link_funcs = { up_cb, down_cb, over_cb };

/* --- what comes by itself --- */

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
    shell_output_event (self->output, event);
}

static void
protocol_error_cb (QmpClient *client,
                   GError    *error,
                   gpointer   user_data)
{
  shell_output_error (((ShellSession *) user_data)->output, _("The server sent something unexpected: %s"), error->message);
}

/* --- making and running it --- */

static char **
complete_cb (const char *before,
             const char *word,
             gpointer    user_data)
{
  ShellSession *self = user_data;
  gboolean in_transaction = tool_grammar_get_state (self->grammar) == TOOL_STATE_TRANSACTION;
  char **words;

  if (qmp_client_get_runstate (self->client) != QMP_RUNSTATE_RUNNING)
    return NULL;
  if (self->options->hmp)
    words = tool_completer_hmp_line (self->completer, before, word);
  else
    words = tool_completer_line (self->completer, before, word, in_transaction);
  if (tool_completer_is_late (self->completer))
    shell_output_say (self->output, _("The server does not answer, so there is nothing to complete"));
  return words;
}

static void
prepare_client (ShellSession *self,
                QmpClient    *client)
{
  qmp_client_set_guest_agent (client, self->options->guest_agent);
  if (self->options->skip_negotiation)
    {
      qmp_client_set_await_greeting (client, FALSE);
      qmp_client_set_negotiate (client, FALSE);
    }
  g_signal_connect (client, "event", G_CALLBACK (event_cb), self);
  g_signal_connect (client, "protocol-error", G_CALLBACK (protocol_error_cb), self);
  if (self->options->verbose)
    g_signal_connect (client, "wire", G_CALLBACK (wire_cb), self);
}

ShellSession *
shell_session_new (const ShellOptions  *options,
                   const char          *address_text,
                   GSocketConnectable  *address,
                   const ShellLaunch   *launch,
                   GError             **error)
{
  ShellLog *log = NULL;
  ShellSession *self;
  g_autoptr(QmpClient) client = launch != NULL ? g_object_ref (qmp_machine_get_client (launch->machine))
                                               : qmp_client_new ("qmp-shell");

  if (!tool_tls_apply (&options->tls, client, error))
    return NULL;
  if (options->logfile != NULL)
    {
      log = shell_log_new (options->logfile, error);
      if (log == NULL)
        return NULL;
    }
  self = g_new0 (ShellSession, 1);
  self->options = options;
  self->launches = launch != NULL;
  self->log = log;
  self->loop = g_main_loop_new (NULL, FALSE);
  self->over = g_cancellable_new ();
  self->types = tool_types_new ();
  /* Who has no schema, or may not be asked yet, is not asked. */
  self->grammar = tool_grammar_new (options->guest_agent || options->skip_negotiation ? NULL : self->types);
  self->cpu = -1;
  self->client = g_steal_pointer (&client);
  prepare_client (self, self->client);
  self->completer = tool_completer_new (self->client, 0);
  self->input = shell_input_new (line_cb, complete_cb, self);
  self->output = shell_output_new (self->input, options->pretty, options->hmp, output_failed_cb, self);
  self->link = shell_link_new (self->client, self->output, address_text, address, launch, options->reconnect,
                               &link_funcs, self);
  return self;
}

void
shell_session_free (ShellSession *self)
{
  shell_link_free (self->link);
  shell_output_free (self->output);
  shell_input_free (self->input);
  tool_completer_free (self->completer);
  g_signal_handlers_disconnect_by_data (self->client, self);
  g_clear_object (&self->client);
  g_clear_pointer (&self->log, shell_log_free);
  forget_lines (self);
  g_clear_pointer (&self->grammar, tool_grammar_free);
  g_clear_pointer (&self->types, tool_types_free);
  g_clear_object (&self->schema);
  g_main_loop_unref (self->loop);
  g_object_unref (self->over);
  g_clear_error (&self->failure);
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

  /* It is an error of writing, whatever GIO has done yet. */
  signal (SIGPIPE, SIG_IGN);
  shell_link_open (self->link);
  if (!self->ended)
    g_main_loop_run (self->loop);
  /* What was cancelled is told of. */
  while (self->cancellable != NULL)
    g_main_context_iteration (NULL, TRUE);
  shell_link_close (self->link);
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    g_source_remove (sources[i]);
  return self->status;
}
