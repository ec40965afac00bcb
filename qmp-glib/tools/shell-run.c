/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "shell-run.h"

#include <glib/gi18n.h>
#include <string.h>

#include "tool-json.h"
#include "tool-words.h"

struct _ShellRun {
  QmpClient    *client;        /* borrowed, as are output and log */
  ShellOutput  *output;
  ShellLog     *log;           /* nullable */
  ShellRunDone  done;
  gpointer      user_data;
  gulong        wire_handler;  /* while verbose */

  GCancellable *cancellable;   /* while it is busy */
  QmpMessage   *command;       /* nullable */
  gint64        time;          /* when it was sent */
  gboolean      echoed;
  ShellReply    kind;
};

ShellRun *
shell_run_new (QmpClient    *client,
               ShellOutput  *output,
               ShellLog     *log,
               ShellRunDone  done,
               gpointer      user_data)
{
  ShellRun *self = g_new0 (ShellRun, 1);

  self->client = client;
  self->output = output;
  self->log = log;
  self->done = done;
  self->user_data = user_data;
  return self;
}

void
shell_run_free (ShellRun *self)
{
  g_assert (self->cancellable == NULL);
  g_clear_signal_handler (&self->wire_handler, self->client);
  g_free (self);
}

gboolean
shell_run_is_busy (ShellRun *self)
{
  return self->cancellable != NULL;
}

void
shell_run_cancel (ShellRun *self)
{
  g_cancellable_cancel (self->cancellable);
}

QmpMessage *
shell_run_get_command (ShellRun *self)
{
  return self->command;
}

gboolean
shell_run_is_quit (ShellRun *self)
{
  const char *name = tool_json_as_string (qmp_message_get_member (self->command, "execute"));
  const char *line = tool_json_get_string (qmp_message_get_member (self->command, "arguments"), "command-line");

  if (self->kind == SHELL_REPLY_HMP)
    return g_str_equal (line, "quit") || g_str_equal (line, "q");
  return g_strcmp0 (name, "quit") == 0;
}

/* --- what is sent --- */

/* The echo is of what was sent in fact. */
static void
wire_cb (QmpClient        *client,
         QmpWireDirection  direction,
         const char       *text,
         gpointer          user_data)
{
  ShellRun *self = user_data;

  if (direction != QMP_WIRE_DIRECTION_SENT || self->command == NULL || self->echoed)
    return;
  self->echoed = TRUE;
  shell_output_message (self->output, self->command);
}

void
shell_run_set_verbose (ShellRun *self,
                       gboolean  verbose)
{
  if (verbose && self->wire_handler == 0)
    self->wire_handler = g_signal_connect (self->client, "wire", G_CALLBACK (wire_cb), self);
  else if (!verbose)
    g_clear_signal_handler (&self->wire_handler, self->client);
}

/* --- its reply --- */

/* The id is the client's own affair. */
static QmpMessage *
without_id (ShellRun   *self,
            QmpMessage *reply)
{
  QmpMessage *copy = qmp_message_dup (reply);

  if (!qmp_message_has_member (self->command, "id"))
    qmp_message_remove_member (copy, "id");
  return copy;
}

static void
show_hmp_reply (ShellRun   *self,
                QmpMessage *reply)
{
  JsonNode *error = qmp_message_get_member (reply, "error");
  g_autofree char *text = NULL;

  if (error == NULL)
    {
      shell_output_text (self->output, tool_json_get_string (qmp_message_get_node (reply), "return"));
      return;
    }
  text = g_strdup_printf ("%s: %s", tool_json_get_string (error, "class"), tool_json_get_string (error, "desc"));
  shell_output_text_uncaptured (self->output, text);
}

static void
show_reply (ShellRun   *self,
            QmpMessage *reply)
{
  if (self->kind == SHELL_REPLY_HMP)
    show_hmp_reply (self, reply);
  else if (self->kind == SHELL_REPLY_JSON && qmp_message_has_member (reply, "error"))
    shell_output_message (self->output, reply);
  else if (self->kind == SHELL_REPLY_JSON)
    shell_output_reply (self->output, reply);
}

static void
take_reply (ShellRun   *self,
            QmpMessage *reply)
{
  g_autoptr(QmpMessage) shown = without_id (self, reply);
  g_autoptr(GError) error = NULL;

  /* The session is worth more than its log: it goes on. */
  if (self->log != NULL && !shell_log_reply (self->log, self->time, self->command, shown, &error))
    shell_output_error (self->output, "%s", error->message);
  show_reply (self, shown);
}

static void
finish_reply (ShellRun   *self,
              QmpMessage *reply)
{
  gboolean is_error = qmp_message_has_member (reply, "error");
  g_autoptr(GError) error = NULL;

  if (is_error && self->kind == SHELL_REPLY_CPU)
    {
      tool_fail (&error, _("bad CPU index"));
      self->done (SHELL_OUTCOME_REFUSED, error, self->user_data);
      return;
    }
  self->done (is_error ? SHELL_OUTCOME_SERVER_ERROR : SHELL_OUTCOME_DONE, NULL, self->user_data);
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
exchanged_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      user_data)
{
  ShellRun *self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpMessage) reply = qmp_client_exchange_finish (QMP_CLIENT (object), result, &error);
  g_autoptr(QmpMessage) command = self->command;

  if (reply != NULL)
    take_reply (self, reply);
  g_clear_object (&self->cancellable);
  if (reply != NULL)
    finish_reply (self, reply);
  else
    self->done (is_refusal (error) ? SHELL_OUTCOME_REFUSED : SHELL_OUTCOME_NO_REPLY, error, self->user_data);
  /* The next one may run by now. */
  if (self->command == command)
    self->command = NULL;
}

static void
set_command (ShellRun   *self,
             QmpMessage *command,
             ShellReply  kind)
{
  self->command = command;
  self->kind = kind;
  self->time = g_get_real_time ();
  self->echoed = FALSE;
}

void
shell_run_start (ShellRun   *self,
                 QmpMessage *command,
                 ShellReply  kind)
{
  set_command (self, command, kind);
  self->cancellable = g_cancellable_new ();
  qmp_client_exchange_async (self->client, command, self->cancellable, exchanged_cb, self);
}

void
shell_run_answer (ShellRun   *self,
                  QmpMessage *command)
{
  g_autoptr(QmpMessage) reply = qmp_message_new ();
  g_autofree char *id = qmp_message_dup_member_text (command, "id");

  qmp_message_set_member_text (reply, "return", "{}", NULL);
  if (id != NULL)
    qmp_message_set_member_text (reply, "id", id, NULL);
  set_command (self, command, SHELL_REPLY_JSON);
  take_reply (self, reply);
  g_clear_object (&self->command);
}
