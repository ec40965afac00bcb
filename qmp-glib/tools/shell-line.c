/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "shell-line.h"

#include <glib/gi18n.h>
#include <string.h>

#include "shell-hint.h"
#include "shell-hmp.h"
#include "shell-redirect.h"

struct _ShellLine {
  const ShellOptions   *options;
  QmpClient            *client;      /* borrowed, as are output and over */
  ShellOutput          *output;
  gboolean              interactive;
  GCancellable         *over;
  const ShellLineFuncs *funcs;
  gpointer              user_data;

  ShellAsking          *asking;
  ShellRun             *run;
  ToolGrammar          *grammar;
  char                 *asked_line;  /* that the server is asked about; nullable */
  GQueue                commands;    /* of the line, the rest; of QmpMessage */
  ShellRedirect        *redirect;    /* where its output goes; nullable */
  gboolean              redirects;   /* a line may say that */
  gboolean              is_writing;
  int                   cpu;         /* of HMP; -1: the server's choice */
  int                   asked_cpu;   /* -1: none */
};

/* --- where the output goes --- */

static void
drop_redirect (ShellLine *self)
{
  shell_output_end_capture (self->output);
  g_clear_pointer (&self->redirect, shell_redirect_free);
}

/* Of a line that fails nothing is written; what has come of it is shown. */
static void
give_up_redirect (ShellLine *self)
{
  g_autofree char *text = g_strdup (shell_output_get_captured (self->output));

  if (self->redirect == NULL)
    return;
  drop_redirect (self);
  if (*text != '\0')
    shell_output_lines (self->output, stdout, text);
}

static void
fail (ShellLine    *self,
      ShellFailure  failure,
      const char   *message)
{
  give_up_redirect (self);
  self->funcs->failed (failure, message, self->user_data);
}

static void
written_cb (const GError *error,
            gpointer      user_data)
{
  ShellLine *self = user_data;
  gboolean is_late = !self->is_writing;
  gboolean is_ctrl_c = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  shell_output_release (self->output);
  g_clear_pointer (&self->redirect, shell_redirect_free);
  if (error != NULL)
    fail (self, is_ctrl_c ? SHELL_FAILURE_CTRL_C : SHELL_FAILURE_OTHER, error->message);
  if (is_late)
    self->funcs->ready (self->user_data);
}

static void
write_output (ShellLine *self)
{
  g_autofree char *text = g_strdup (shell_output_get_captured (self->output));

  shell_output_end_capture (self->output);
  if (shell_redirect_is_pipe (self->redirect))
    shell_output_hold (self->output);
  self->is_writing = TRUE;
  shell_redirect_write (self->redirect, text, written_cb, self);
  self->is_writing = FALSE;
}

/* --- commands --- */

/* A person may have mistyped the command. */
static void
hint (ShellLine *self)
{
  if (self->interactive && !self->options->guest_agent && !self->options->skip_negotiation && !self->options->hmp)
    shell_hint_tell (self->output, self->client, shell_asking_get_schema (self->asking), shell_run_get_command (self->run),
                     self->over);
}

static const char *
describe_no_reply (const GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return _("Cancelled; the server may still execute the command");
  if (g_error_matches (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED))
    return _("The command may or may not have been executed");
  return error->message;
}

static void
take_outcome (ShellLine    *self,
              ShellOutcome  outcome,
              const GError *error)
{
  switch (outcome)
    {
    case SHELL_OUTCOME_DONE:
      if (self->asked_cpu >= 0)
        self->cpu = self->asked_cpu;
      if (shell_run_is_quit (self->run))
        self->funcs->quits (self->user_data);
      break;
    case SHELL_OUTCOME_SERVER_ERROR:
      hint (self);
      fail (self, SHELL_FAILURE_SERVER, NULL);
      break;
    case SHELL_OUTCOME_REFUSED:
      fail (self, SHELL_FAILURE_REFUSED, error->message);
      break;
    default:
      fail (self, SHELL_FAILURE_OTHER, describe_no_reply (error));
    }
  self->asked_cpu = -1;
}

static void
run_cb (ShellOutcome  outcome,
        const GError *error,
        gpointer      user_data)
{
  ShellLine *self = user_data;

  take_outcome (self, outcome, error);
  self->funcs->ready (self->user_data);
}

/* Scripts written for other programs negotiate first. That is done. */
static gboolean
is_negotiation (ShellLine  *self,
                QmpMessage *command)
{
  return qmp_client_get_greeting (self->client) != NULL && !self->options->skip_negotiation &&
         tool_command_negotiates (command);
}

static void
run_next (ShellLine *self)
{
  QmpMessage *command = g_queue_pop_head (&self->commands);

  if (is_negotiation (self, command))
    shell_run_answer (self->run, command);
  else
    shell_run_start (self->run, command, SHELL_REPLY_JSON);
}

gboolean
shell_line_go_on (ShellLine *self)
{
  if (!g_queue_is_empty (&self->commands))
    run_next (self);
  else if (self->redirect != NULL)
    write_output (self);
  else
    return FALSE;
  return TRUE;
}

/* --- asking what a line means --- */

static void
asked_cb (gboolean cancelled,
          gpointer user_data)
{
  ShellLine *self = user_data;
  g_autofree char *line = g_steal_pointer (&self->asked_line);

  if (cancelled)
    {
      tool_types_forget_answers (shell_asking_get_types (self->asking));
      fail (self, SHELL_FAILURE_CANCELLED, _("Cancelled; the command was not sent"));
    }
  else if (line != NULL)
    {
      self->funcs->again (line, self->user_data);
    }
  self->funcs->ready (self->user_data);
}

/* The line is taken again when the answer is there. */
static void
ask_about (ShellLine   *self,
           const char  *line,
           void       (*ask) (ShellAsking *asking))
{
  drop_redirect (self);
  g_free (self->asked_line);
  self->asked_line = g_strdup (line);
  ask (self->asking);
}

/* --- HMP --- */

static void
run_hmp (ShellLine  *self,
         const char *line,
         int         cpu,
         ShellReply  kind)
{
  QmpMessage *command = shell_hmp_new_command (line, cpu);

  if (command != NULL)
    shell_run_start (self->run, command, kind);
  else
    fail (self, SHELL_FAILURE_REFUSED, _("The line is not UTF-8"));
}

/* "cpu N" is remembered here, since each command has a monitor of its own over there. */
static void
take_hmp_line (ShellLine  *self,
               const char *line)
{
  g_autofree char *stripped = g_strstrip (g_strdup (line));
  int cpu;

  if (*stripped == '\0' || *stripped == '#')
    return;
  if (!shell_hmp_is_cpu_line (stripped, &cpu))
    {
      run_hmp (self, stripped, self->cpu, SHELL_REPLY_HMP);
      return;
    }
  self->asked_cpu = cpu;
  if (cpu >= 0)
    run_hmp (self, "info version", cpu, SHELL_REPLY_CPU);
  else
    fail (self, SHELL_FAILURE_REFUSED, _("cpu command takes an integer argument"));
}

/* --- QMP --- */

/* A line that says where its output goes, while no line may. */
static gboolean
is_redirected_in_vain (ShellLine  *self,
                       const char *line)
{
  ShellRedirect *redirect = NULL;
  g_autofree char *command = NULL;
  gboolean is;

  if (self->redirects || !shell_redirect_split (line, FALSE, &command, &redirect, NULL))
    return FALSE;
  is = redirect != NULL;
  g_clear_pointer (&redirect, shell_redirect_free);
  return is;
}

static void
take_wrong_line (ShellLine    *self,
                 const char   *line,
                 const GError *error)
{
  g_autofree char *hint = NULL;

  if (g_error_matches (error, TOOL_ERROR, TOOL_ERROR_ASK))
    {
      ask_about (self, line, shell_asking_ask_types);
      return;
    }
  tool_types_forget_answers (shell_asking_get_types (self->asking));
  if (is_redirected_in_vain (self, line))
    hint = g_strdup_printf (_("%s; a line may say where its output goes after “set redirect on”"), error->message);
  fail (self, SHELL_FAILURE_GRAMMAR, hint != NULL ? hint : error->message);
}

/* A line that is to write somewhere has to end a command; or else all is as it was before it. */
static gboolean
feed_redirected (ShellLine   *self,
                 const char  *text,
                 GError     **error)
{
  g_autoptr(ToolGrammar) copy = tool_grammar_copy (self->grammar);
  gboolean good = tool_grammar_feed (copy, text, &self->commands, error);

  if (good && g_queue_is_empty (&self->commands))
    return tool_fail (error, _("The line ends no command, so it has no output"));
  tool_grammar_free (self->grammar);
  self->grammar = g_steal_pointer (&copy);
  return good;
}

static gboolean
feed (ShellLine   *self,
      const char  *text,
      GError     **error)
{
  gboolean good = self->redirect != NULL ? feed_redirected (self, text, error) :
                                           tool_grammar_feed (self->grammar, text, &self->commands, error);

  return good && tool_commands_check (&self->commands, error);
}

/* line: all of it, with what says where its output goes. */
static void
take_qmp_line (ShellLine  *self,
               const char *line,
               const char *text)
{
  ToolState before = tool_grammar_get_state (self->grammar);
  g_autoptr(GError) error = NULL;

  if (!feed (self, text, &error))
    {
      g_queue_clear_full (&self->commands, g_object_unref);
      take_wrong_line (self, line, error);
      return;
    }
  if (g_queue_is_empty (&self->commands) && before == TOOL_STATE_TRANSACTION &&
      tool_grammar_get_state (self->grammar) == TOOL_STATE_COMMAND)
    shell_output_say (self->output, _("Transaction aborted"));
  tool_types_forget_answers (shell_asking_get_types (self->asking));
}

/* --- all of them --- */

/* Returns whether it is one. */
static gboolean
take_own_line (ShellLine  *self,
               const char *line,
               const char *text)
{
  g_autoptr(GPtrArray) words = NULL;

  if (tool_grammar_get_state (self->grammar) == TOOL_STATE_JSON || !g_utf8_validate (text, -1, NULL) ||
      !g_ascii_isalpha (text[strspn (text, " \t\r\n")]))
    return FALSE;
  words = tool_words_split (text, NULL);
  switch (words != NULL ? self->funcs->own (words, self->redirect != NULL, self->user_data) : SHELL_OWN_NONE)
    {
    case SHELL_OWN_NONE:
      return FALSE;
    case SHELL_OWN_ASK:
      ask_about (self, line, shell_asking_ask_schema);
      return TRUE;
    default:
      return TRUE;
    }
}

/* FALSE: it has failed. text: what there is without that. */
static gboolean
take_redirect (ShellLine   *self,
               const char  *line,
               char       **text)
{
  g_autoptr(GError) error = NULL;

  if (!self->redirects)
    {
      *text = g_strdup (line);
      return TRUE;
    }
  if (!shell_redirect_split (line, self->options->hmp, text, &self->redirect, &error))
    {
      fail (self, SHELL_FAILURE_GRAMMAR, error->message);
      return FALSE;
    }
  if (self->redirect != NULL && !shell_redirect_open (self->redirect, &error))
    {
      fail (self, SHELL_FAILURE_OTHER, error->message);
      return FALSE;
    }
  if (self->redirect != NULL)
    shell_output_capture (self->output);
  return TRUE;
}

void
shell_line_take (ShellLine  *self,
                 const char *line)
{
  g_autofree char *text = NULL;

  if (!take_redirect (self, line, &text) || take_own_line (self, line, text))
    return;
  if (self->options->hmp)
    take_hmp_line (self, text);
  else
    take_qmp_line (self, line, text);
}

/* --- what is under way --- */

gboolean
shell_line_is_piping (ShellLine *self)
{
  return self->redirect != NULL && shell_redirect_is_busy (self->redirect);
}

gboolean
shell_line_is_busy (ShellLine *self)
{
  return shell_asking_is_busy (self->asking) || shell_run_is_busy (self->run) || shell_line_is_piping (self);
}

void
shell_line_cancel (ShellLine *self)
{
  shell_asking_cancel (self->asking);
  shell_run_cancel (self->run);
}

void
shell_line_end (ShellLine *self)
{
  shell_line_cancel (self);
  if (shell_line_is_piping (self))
    shell_redirect_end (self->redirect);
}

void
shell_line_drop (ShellLine *self)
{
  g_queue_clear_full (&self->commands, g_object_unref);
  g_clear_pointer (&self->asked_line, g_free);
}

void
shell_line_forget (ShellLine *self)
{
  shell_asking_forget (self->asking);
}

void
shell_line_set_redirects (ShellLine *self,
                          gboolean   redirects)
{
  self->redirects = redirects;
}

void
shell_line_set_verbose (ShellLine *self,
                        gboolean   verbose)
{
  shell_run_set_verbose (self->run, verbose);
}

ToolState
shell_line_get_state (ShellLine *self)
{
  return tool_grammar_get_state (self->grammar);
}

gboolean
shell_line_abort (ShellLine *self)
{
  return tool_grammar_abort (self->grammar);
}

QmpSchema *
shell_line_get_schema (ShellLine *self)
{
  return shell_asking_get_schema (self->asking);
}

gboolean
shell_line_has_schema (ShellLine *self)
{
  return shell_asking_has_schema (self->asking);
}

/* --- making it --- */

ShellLine *
shell_line_new (const ShellOptions   *options,
                QmpClient            *client,
                ShellOutput          *output,
                ShellLog             *log,
                gboolean              interactive,
                GCancellable         *over,
                const ShellLineFuncs *funcs,
                gpointer              user_data)
{
  ShellLine *self = g_new0 (ShellLine, 1);
  /* Who has no schema, or may not be asked yet, is not asked. */
  gboolean may_ask = !options->guest_agent && !options->skip_negotiation;

  self->options = options;
  self->client = client;
  self->output = output;
  self->interactive = interactive;
  self->over = over;
  self->funcs = funcs;
  self->user_data = user_data;
  self->asking = shell_asking_new (client, asked_cb, self);
  self->run = shell_run_new (client, output, log, run_cb, self);
  self->grammar = tool_grammar_new (may_ask ? shell_asking_get_types (self->asking) : NULL);
  self->cpu = -1;
  self->asked_cpu = -1;
  return self;
}

void
shell_line_free (ShellLine *self)
{
  shell_line_drop (self);
  drop_redirect (self);
  tool_grammar_free (self->grammar);
  shell_run_free (self->run);
  shell_asking_free (self->asking);
  g_free (self);
}
