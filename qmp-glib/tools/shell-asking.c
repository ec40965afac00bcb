/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "shell-asking.h"

struct _ShellAsking {
  QmpClient       *client;        /* borrowed */
  ShellAskingDone  done;
  gpointer         user_data;
  ToolTypes       *types;
  QmpSchema       *schema;        /* nullable */
  gboolean         has_schema;    /* it was asked for, and may have been none */
  GCancellable    *cancellable;   /* while it is busy */
};

ShellAsking *
shell_asking_new (QmpClient       *client,
                  ShellAskingDone  done,
                  gpointer         user_data)
{
  ShellAsking *self = g_new0 (ShellAsking, 1);

  self->client = client;
  self->done = done;
  self->user_data = user_data;
  self->types = tool_types_new ();
  return self;
}

void
shell_asking_free (ShellAsking *self)
{
  g_assert (self->cancellable == NULL);
  tool_types_free (self->types);
  g_clear_object (&self->schema);
  g_free (self);
}

ToolTypes *
shell_asking_get_types (ShellAsking *self)
{
  return self->types;
}

QmpSchema *
shell_asking_get_schema (ShellAsking *self)
{
  return self->schema;
}

gboolean
shell_asking_has_schema (ShellAsking *self)
{
  return self->has_schema;
}

gboolean
shell_asking_is_busy (ShellAsking *self)
{
  return self->cancellable != NULL;
}

void
shell_asking_cancel (ShellAsking *self)
{
  g_cancellable_cancel (self->cancellable);
}

void
shell_asking_forget (ShellAsking *self)
{
  tool_types_forget (self->types);
  g_clear_object (&self->schema);
  self->has_schema = FALSE;
}

static void
finish (ShellAsking  *self,
        const GError *error)
{
  g_clear_object (&self->cancellable);
  self->done (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED), self->user_data);
}

/* A link that has ended answers nothing: the next server is asked again. */
static gboolean
is_answer (ShellAsking  *self,
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
  ShellAsking *self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpSchema) schema = qmp_schema_fetch_finish (result, &error);

  if (is_answer (self, error))
    {
      g_set_object (&self->schema, schema);
      self->has_schema = TRUE;
      tool_types_take_schema (self->types, schema);
    }
  finish (self, error);
}

void
shell_asking_ask_schema (ShellAsking *self)
{
  self->cancellable = g_cancellable_new ();
  qmp_schema_fetch_async (self->client, self->cancellable, schema_cb, self);
}

static void
answer_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  ShellAsking *self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) answer = qmp_client_execute_message_finish (QMP_CLIENT (object), result, &error);

  if (is_answer (self, error))
    tool_types_take_answer (self->types, answer);
  finish (self, error);
}

void
shell_asking_ask_types (ShellAsking *self)
{
  g_autoptr(QmpMessage) question = tool_types_new_question (self->types);

  if (question == NULL)
    {
      shell_asking_ask_schema (self);
      return;
    }
  self->cancellable = g_cancellable_new ();
  qmp_client_execute_message_async (self->client, question, self->cancellable, answer_cb, self);
}
