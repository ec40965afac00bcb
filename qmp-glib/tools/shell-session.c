/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "shell-session.h"

#include <errno.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <string.h>

#include "shell-complete.h"
#include "shell-input.h"
#include "shell-line.h"
#include "shell-lines.h"
#include "shell-link.h"
#include "shell-log.h"
#include "shell-output.h"
#include "shell-own.h"
#include "shell-prompt.h"
#include "shell-settings.h"
#include "tool-streams.h"

struct _ShellSession {
  const ShellOptions *options;
  gboolean            launches;      /* somebody else tells why that has failed */
  GMainLoop          *loop;
  GCancellable       *over;          /* cancelled at the end of the session */
  ShellStatus         status;
  gboolean            ended;
  GError             *failure;       /* why the link failed, for that; nullable */

  ShellSettings       settings;
  gboolean            red_errors;
  QmpClient          *client;
  ShellLink          *link;
  ShellInput         *input;
  ShellOutput        *output;
  ShellPrompt        *prompt;
  ToolCompleter      *completer;
  ShellLog           *log;           /* nullable */
  ShellLines         *lines;         /* that are to be executed */
  ShellLine          *line;          /* that is */
  gboolean            welcomed;
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
  shell_line_cancel (self->line);
  shell_link_stop (self->link);
  g_main_loop_quit (self->loop);
}

const GError *
shell_session_get_failure (ShellSession *self)
{
  return self->failure;
}

/* --- settings --- */

/* A guest agent has neither, and whom nothing was negotiated with may not be asked yet. */
static gboolean
may_ask_for_prompt (ShellSession *self)
{
  return is_interactive (self) && !self->settings.plain_prompt && !self->options->guest_agent &&
         !self->options->skip_negotiation;
}

static void
apply_settings (ShellSession *self)
{
  shell_output_set_style (self->output, self->settings.pretty, self->settings.colour, self->red_errors);
  shell_line_set_redirects (self->line, self->settings.redirect);
  shell_line_set_verbose (self->line, self->settings.verbose);
  qmp_client_set_timeout (self->client, self->settings.timeout);
  if (!may_ask_for_prompt (self))
    shell_prompt_forget (self->prompt);
  else if (qmp_client_get_runstate (self->client) == QMP_RUNSTATE_RUNNING)
    shell_prompt_ask (self->prompt);
}

static void
init_settings (ShellSession *self)
{
  self->settings.pretty = self->options->pretty;
  self->settings.verbose = self->options->verbose;
  self->settings.plain_prompt = self->options->plain_prompt;
  self->settings.colour = tool_print_wants_colour (stdout);
  self->settings.timeout = qmp_client_get_timeout (self->client);
  self->red_errors = tool_print_wants_colour (stderr);
  /* What a script puts into a line is to do nothing but what the server does of it. */
  self->settings.redirect = is_interactive (self);
  /* A script counts on one line for each of its own. */
  if (!is_interactive (self) && !self->options->verbose)
    self->settings.events = g_new0 (char *, 1);
}

/* --- failures --- */

/* A file goes no further than to its first error. */
static void
leave_files (ShellSession *self,
             ShellFailure  failure)
{
  if (failure == SHELL_FAILURE_SERVER)
    shell_output_error (self->output, _("The server has refused it; the rest of the file is not executed"));
  shell_line_drop (self->line);
  shell_lines_close_all (self->lines);
}

static void
forget_lines (ShellSession *self)
{
  shell_lines_forget (self->lines);
  shell_line_drop (self->line);
}

static void
failed_cb (ShellFailure  failure,
           const char   *message,
           gpointer      user_data)
{
  ShellSession *self = user_data;
  gboolean in_file = shell_lines_is_in_file (self->lines);
  gboolean is_wrong = failure == SHELL_FAILURE_GRAMMAR || failure == SHELL_FAILURE_REFUSED;

  /* The end of the session cancels too. */
  if (self->ended || (failure == SHELL_FAILURE_OTHER && shell_link_is_leaving (self->link)))
    return;
  if (failure == SHELL_FAILURE_GRAMMAR)
    shell_output_error (self->output, _("Error while parsing command line: %s"), message);
  else if (message != NULL)
    shell_output_error (self->output, "%s", message);
  if (in_file)
    leave_files (self, failure);
  else if (failure == SHELL_FAILURE_GRAMMAR)
    shell_output_error (self->output, _("command format: <command-name> [arg-name1=arg1] ... [arg-nameN=argN]"));
  if (!is_interactive (self) && (in_file || failure != SHELL_FAILURE_SERVER))
    self->status = is_wrong ? SHELL_STATUS_USAGE : SHELL_STATUS_FAILED;
  if (failure == SHELL_FAILURE_CTRL_C)
    forget_lines (self);
}

/* --- lines of the shell's own --- */

static void
changed_cb (const char *name,
            gpointer    user_data)
{
  ShellSession *self = user_data;

  if (g_str_equal (name, "colour"))
    self->red_errors = self->settings.colour;
  apply_settings (self);
}

static void
exit_cb (gpointer user_data)
{
  shell_session_end (user_data, SHELL_STATUS_DONE);
}

static ShellOwn
own_cb (GPtrArray *words,
        gboolean   redirected,
        gpointer   user_data)
{
  ShellSession *self = user_data;
  const ShellOwnWords own = { self->options, &self->settings, self->output, self->lines, self->line,
                              changed_cb, failed_cb, exit_cb, self };

  return shell_own_take (&own, words, redirected);
}

/* --- one line after the other --- */

static const char *
prompt_text (ShellSession *self)
{
  switch (shell_line_get_state (self->line))
    {
    case TOOL_STATE_TRANSACTION:
      return "TRANS> ";
    case TOOL_STATE_JSON:
      return "...... ";
    default:
      return shell_prompt_get_text (self->prompt);
    }
}

/* What was typed in brackets is forgotten. */
static void
abort_brackets (ShellSession *self)
{
  ToolState state = shell_line_get_state (self->line);

  if (shell_line_abort (self->line))
    shell_output_say (self->output, state == TOOL_STATE_JSON ? _("The unfinished object is forgotten")
                                                             : _("Transaction aborted"));
}

/* Nothing goes on behind a file that was begun in it. */
static void
end_file (ShellSession *self)
{
  ToolState state = shell_line_get_state (self->line);

  if (state == TOOL_STATE_COMMAND || (state == TOOL_STATE_TRANSACTION && state == (ToolState) shell_lines_get_mark (self->lines)))
    {
      shell_lines_close (self->lines);
      return;
    }
  shell_line_abort (self->line);
  failed_cb (SHELL_FAILURE_REFUSED, state == TOOL_STATE_JSON ? _("The file ended within a JSON object")
                                                             : _("The file ended within a transaction"), self);
}

static void
ask_for_line (ShellSession *self)
{
  shell_output_take_place (self->output, NULL);
  if (!shell_prompt_is_awaited (self->prompt))
    shell_input_ask (self->input, prompt_text (self));
}

/* FALSE: there is none. */
static gboolean
take_next (ShellSession *self)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *line = NULL;
  ShellLinesNext next = shell_lines_next (self->lines, &line, &error);

  shell_output_take_place (self->output, shell_lines_dup_place (self->lines));
  switch (next)
    {
    case SHELL_LINES_LINE:
      shell_line_take (self->line, line);
      return TRUE;
    case SHELL_LINES_END:
      end_file (self);
      return TRUE;
    case SHELL_LINES_ERROR:
      failed_cb (SHELL_FAILURE_REFUSED, error->message, self);
      return TRUE;
    default:
      return FALSE;
    }
}

/* Not before the link stands, so that nothing is lost. */
static void
next_line (ShellSession *self)
{
  while (!self->ended && !shell_line_is_busy (self->line) &&
         qmp_client_get_runstate (self->client) == QMP_RUNSTATE_RUNNING)
    if (!shell_line_go_on (self->line) && !take_next (self))
      {
        ask_for_line (self);
        return;
      }
}

static void
ready_cb (gpointer user_data)
{
  next_line (user_data);
}

static void
again_cb (const char *line,
          gpointer    user_data)
{
  shell_lines_put_back (((ShellSession *) user_data)->lines, line);
}

static void
quits_cb (gpointer user_data)
{
  shell_link_set_leaving (((ShellSession *) user_data)->link);
}

static const ShellLineFuncs line_funcs = { ready_cb, failed_cb, own_cb, again_cb, quits_cb };

/* --- input --- */

static void
take_end (ShellSession *self,
          const GError *error)
{
  ToolState state = shell_line_get_state (self->line);

  if (error != NULL)
    {
      shell_output_error (self->output, _("Could not read standard input: %s"), error->message);
      shell_session_end (self, SHELL_STATUS_FAILED);
      return;
    }
  if (is_interactive (self))
    shell_output_say (self->output, "");
  else if (state == TOOL_STATE_JSON)
    failed_cb (SHELL_FAILURE_REFUSED, _("The input ended within a JSON object"), self);
  else if (state == TOOL_STATE_TRANSACTION)
    failed_cb (SHELL_FAILURE_REFUSED, _("The input ended within a transaction"), self);
  shell_session_end (self, SHELL_STATUS_DONE);
}

static void
line_cb (const char   *line,
         gsize         length,
         const GError *error,
         gpointer      user_data)
{
  ShellSession *self = user_data;

  if (line == NULL)
    {
      take_end (self, error);
      return;
    }
  if (strlen (line) < length)
    failed_cb (SHELL_FAILURE_REFUSED, _("The line has a zero byte in it"), self);
  else
    shell_lines_add (self->lines, line);
  next_line (self);
}

static char **
complete_cb (const char *before,
             const char *word,
             gpointer    user_data)
{
  ShellSession *self = user_data;
  gboolean in_transaction = shell_line_get_state (self->line) == TOOL_STATE_TRANSACTION;
  gboolean late;
  char **words;

  if (qmp_client_get_runstate (self->client) != QMP_RUNSTATE_RUNNING)
    return NULL;
  words = shell_complete (self->completer, before, word, self->options->hmp, in_transaction, &late);
  if (late)
    shell_output_say (self->output, _("The server does not answer, so there is nothing to complete"));
  return words;
}

static void
prompt_cb (gpointer user_data)
{
  ShellSession *self = user_data;

  shell_input_set_prompt (self->input, prompt_text (self));
  next_line (self);
}

/* --- signals --- */

static gboolean
interrupted_cb (gpointer user_data)
{
  ShellSession *self = user_data;

  if (!is_interactive (self) || shell_link_is_waiting (self->link))
    {
      shell_line_end (self->line);
      shell_session_end (self, SHELL_STATUS_INTERRUPTED);
    }
  else if (shell_line_is_piping (self->line))
    {
      /* From before the other program had the terminal. The rest of what was typed is not wanted. */
      forget_lines (self);
    }
  else if (shell_line_is_busy (self->line))
    {
      forget_lines (self);
      shell_line_cancel (self->line);
    }
  else
    {
      shell_prompt_give_up (self->prompt);
      shell_input_drop (self->input, "^C");
      abort_brackets (self);
      next_line (self);
    }
  return G_SOURCE_CONTINUE;
}

static gboolean
terminated_cb (gpointer user_data)
{
  ShellSession *self = user_data;

  shell_line_end (self->line);
  shell_session_end (self, SHELL_STATUS_TERMINATED);
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
  if (may_ask_for_prompt (self))
    shell_prompt_ask (self->prompt);
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
  shell_line_forget (self->line);
  shell_prompt_forget (self->prompt);
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

  /* The session is worth more than its log: it goes on. */
  if (self->log != NULL && !shell_log_event (self->log, event, &error))
    shell_output_error (self->output, "%s", error->message);
  shell_prompt_take_event (self->prompt, event);
  if (shell_settings_want_event (&self->settings, qmp_event_get_name (event)))
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
}

/* The parts that stand on the client. */
static void
make_parts (ShellSession *self)
{
  self->completer = tool_completer_new (self->client, 0);
  tool_completer_set_files (self->completer, TRUE);
  self->input = shell_input_new (line_cb, complete_cb, self);
  self->output = shell_output_new (self->input, self->options->hmp, output_failed_cb, self);
  self->prompt = shell_prompt_new (self->client, prompt_cb, self);
  self->lines = shell_lines_new ();
  self->line = shell_line_new (self->options, self->client, self->output, self->log, is_interactive (self), self->over,
                               &line_funcs, self);
  init_settings (self);
  apply_settings (self);
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
  self->client = g_steal_pointer (&client);
  make_parts (self);
  prepare_client (self, self->client);
  self->link = shell_link_new (self->client, self->output, address_text, address, launch, options->reconnect,
                               &link_funcs, self);
  return self;
}

void
shell_session_free (ShellSession *self)
{
  g_signal_handlers_disconnect_by_data (self->client, self);
  shell_link_free (self->link);
  shell_line_free (self->line);
  shell_lines_free (self->lines);
  shell_prompt_free (self->prompt);
  shell_output_free (self->output);
  shell_input_free (self->input);
  tool_completer_free (self->completer);
  g_clear_object (&self->client);
  g_clear_pointer (&self->log, shell_log_free);
  shell_settings_clear (&self->settings);
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
  while (shell_line_is_busy (self->line))
    g_main_context_iteration (NULL, TRUE);
  shell_link_close (self->link);
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    g_source_remove (sources[i]);
  return self->status;
}
