/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>

#include "once.h"
#include "tool-grammar.h"
#include "tool-lines.h"
#include "tool-variables.h"

/* Commands of files over one connection, with replies that later ones have a part of. */

static char **call_lines;
static gboolean keep_going;
static gboolean guest_agent;

typedef struct {
  Once          *once;
  ToolTypes     *types;       /* NULL: an agent has none */
  ToolVariables *variables;
} Batch;

/* What lines come from. */
typedef struct {
  Batch       *batch;
  const char  *name;
  guint        number;    /* of the line */
  ToolGrammar *grammar;
  char        *target;    /* the variable that the command's reply is for; nullable */
} Source;

static void
source_init (Source     *self,
             Batch      *batch,
             const char *name)
{
  *self = (Source) { batch, name, 0, tool_grammar_new (batch->types), NULL };
}

static void
source_clear (Source *self)
{
  tool_grammar_free (self->grammar);
  g_free (self->target);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Source, source_clear)

/* --- a command --- */

/* What begins many a script was done when the connection was opened. */
static QmpMessage *
ask (Once        *once,
     QmpMessage  *command,
     GError     **error)
{
  QmpMessage *reply;

  if (!tool_command_negotiates (command) || qmp_client_get_greeting (once->client) == NULL)
    return once_ask (once, command, error);
  reply = qmp_message_new ();
  qmp_message_set_member_text (reply, "return", "{}", NULL);
  return reply;
}

static gboolean
run_command (Source      *self,
             QmpMessage  *command,
             GError     **error)
{
  Batch *batch = self->batch;
  g_autoptr(GError) local_error = NULL;
  g_autoptr(QmpMessage) reply = NULL;

  if (!tool_variables_fill_in (batch->variables, command, &local_error))
    once_fail (error, ONCE_STATUS_FAILED, "%s", local_error->message);
  else
    reply = ask (batch->once, command, error);
  /* What failed leaves nothing of an earlier reply, for none to take that for its own. */
  if (self->target != NULL)
    tool_variables_keep (batch->variables, self->target, reply);
  if (reply == NULL || self->target != NULL)
    return reply != NULL;
  return once_print_return (batch->once, reply, error) && once_flush (batch->once, error);
}

/* With --keep-going, an error that a command alone has is told of, and over. Else takes it. */
static gboolean
goes_on (Source  *self,
         GError  *cause,
         GError **error)
{
  Once *once = self->batch->once;

  if (!keep_going || !g_error_matches (cause, ONCE_ERROR, ONCE_STATUS_FAILED) || once->write_code != 0)
    {
      g_propagate_error (error, cause);
      return FALSE;
    }
  once_print_error ("%s:%u: %s", self->name, self->number, cause->message);
  once->status = ONCE_STATUS_FAILED;
  g_error_free (cause);
  return TRUE;
}

static gboolean
run_all (Source  *self,
         GQueue  *commands,
         GError **error)
{
  while (!g_queue_is_empty (commands))
    {
      g_autoptr(QmpMessage) command = g_queue_pop_head (commands);
      GError *cause = NULL;

      if (!run_command (self, command, &cause) && !goes_on (self, cause, error))
        return FALSE;
    }
  return TRUE;
}

/* --- lines --- */

static gboolean
is_between_commands (Source *self)
{
  return tool_grammar_get_state (self->grammar) == TOOL_STATE_COMMAND;
}

/* A variable is for the reply of one command, which may end in a later line. */
static gboolean
check_target (Source  *self,
              GQueue  *commands,
              GError **error)
{
  guint n = g_queue_get_length (commands);

  if (self->target == NULL || n == 1 || (n == 0 && !is_between_commands (self)))
    return TRUE;
  return once_fail (error, ONCE_STATUS_USAGE, _("One command has to follow “%s =”"), self->target);
}

static gboolean
run_line (Source      *self,
          const char  *line,
          GError     **error)
{
  Batch *batch = self->batch;
  GQueue commands = G_QUEUE_INIT;
  gboolean good;

  if (is_between_commands (self))
    {
      g_clear_pointer (&self->target, g_free);
      line = tool_variables_read_target (line, &self->target);
    }
  good = once_feed_line (batch->once, self->grammar, batch->types, line, &commands, error) &&
         check_target (self, &commands, error) &&
         run_all (self, &commands, error);
  g_queue_clear_full (&commands, g_object_unref);
  return good;
}

/* --- where they come from --- */

static gboolean
add_place (Source  *self,
           GError **error)
{
  g_prefix_error (error, "%s:%u: ", self->name, self->number);
  return FALSE;
}

static gboolean
finish (Source  *self,
        GError **error)
{
  if (is_between_commands (self))
    return TRUE;
  once_fail (error, ONCE_STATUS_USAGE, _("The text ends within a transaction or a JSON object"));
  return add_place (self, error);
}

static gboolean
run_file (Batch       *batch,
          const char  *name,
          ToolLines   *lines,
          GError     **error)
{
  g_auto(Source) source = { NULL };
  g_autoptr(GError) cause = NULL;
  const char *line;

  source_init (&source, batch, name);
  while ((line = tool_lines_next (lines, &cause)) != NULL)
    {
      source.number = tool_lines_get_number (lines);
      if (!run_line (&source, line, error))
        return add_place (&source, error);
    }
  if (cause == NULL)
    return finish (&source, error);
  if (cause->domain == G_FILE_ERROR)
    return once_fail (error, ONCE_STATUS_FAILED, _("Cannot read “%s”: %s"), name, cause->message);
  source.number = tool_lines_get_number (lines);
  g_propagate_error (error, g_steal_pointer (&cause));
  return add_place (&source, error);
}

/* Those of --call. */
static gboolean
run_calls (Batch   *batch,
           GError **error)
{
  g_auto(Source) source = { NULL };

  source_init (&source, batch, "-c");
  for (guint i = 0; call_lines != NULL && call_lines[i] != NULL; i++)
    {
      source.number++;
      if (!run_line (&source, call_lines[i], error))
        return add_place (&source, error);
    }
  return finish (&source, error);
}

/* Of ToolLines. All are there before anything is sent. */
static GPtrArray *
open_files (const char * const  *names,
            GError             **error)
{
  g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func ((GDestroyNotify) tool_lines_free);

  for (guint i = 0; names[i] != NULL; i++)
    {
      ToolLines *lines = g_str_equal (names[i], "-") ? tool_lines_new (stdin) : tool_lines_open (names[i], error);

      if (lines == NULL)
        return NULL;
      g_ptr_array_add (files, lines);
    }
  return g_steal_pointer (&files);
}

static gboolean
run_files (Batch               *batch,
           const char * const  *names,
           GPtrArray           *files,
           GError             **error)
{
  for (guint i = 0; i < files->len; i++)
    if (!run_file (batch, names[i], files->pdata[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
run_batch (Once                *once,
           const char * const  *words,
           GError             **error)
{
  static const char * const input[] = { "-", NULL };
  const char * const *names = words[0] == NULL && call_lines == NULL ? input : words;
  g_autoptr(GPtrArray) files = open_files (names, error);
  g_autoptr(ToolVariables) variables = tool_variables_new ();
  g_autoptr(ToolTypes) types = guest_agent ? NULL : tool_types_new ();
  Batch batch = { once, types, variables };

  once->agent = guest_agent;
  return files != NULL && once_open (once, error) &&
         run_calls (&batch, error) && run_files (&batch, names, files, error);
}

static const GOptionEntry batch_entries[] = {
  { "call", 'c', 0, G_OPTION_ARG_STRING_ARRAY, &call_lines,
    N_("Execute that, before the files; may be repeated"), N_("'COMMAND KEY=VALUE…'") },
  { "keep-going", 'k', 0, G_OPTION_ARG_NONE, &keep_going, N_("Go on when a command has failed"), NULL },
  { "guest-agent", 'G', 0, G_OPTION_ARG_NONE, &guest_agent, N_("The server is a guest agent"), NULL },
  G_OPTION_ENTRY_NULL
};

const OnceVerb once_batch = {
  .words = "batch",
  .parameters = N_("[FILE | -]…"),
  .summary = N_("Execute commands of files in one connection"),
  .entries = batch_entries,
  .max_words = G_MAXUINT,
  .run = run_batch,
};
