/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "mock/qmp-player-private.h"

#include <string.h>

#include "mock/qmp-tiny-private.h"
#include "server/qmp-invocation-private.h"
#include "server/qmp-server-private.h"

/* A command that waits to be released. */
typedef struct {
  QmpStep       *step;        /* borrowed */
  QmpInvocation *invocation;  /* owned */
} Held;

struct _QmpPlayer {
  QmpPlayerSettings  settings;
  QmpServer         *server;
  QmpTiny           *tiny;
  GPtrArray         *held;      /* of Held */
};

static void
held_free (gpointer data)
{
  Held *held = data;

  g_object_unref (held->invocation);
  g_free (held);
}

/* --- an answer --- */

static void
emit_all (QmpPlayer *self,
          GPtrArray *events)
{
  for (guint i = 0; i < events->len; i++)
    {
      QmpScriptEvent *event = events->pdata[i];

      qmp_server_emit_event (self->server, event->name, event->data, NULL);
    }
}

/* FALSE if it has nothing to say. */
static gboolean
answer_by_preset (QmpPlayer     *self,
                  QmpInvocation *invocation)
{
  return self->settings.preset == QMP_MOCK_PRESET_MACHINE && qmp_tiny_answer (self->tiny, invocation);
}

/* Its place is given an empty answer, so that nothing waits for it. */
static void
ignore (QmpInvocation *invocation)
{
  QmpAnswer *place = qmp_invocation_surrender (invocation);

  qmp_server_connection_answer (qmp_invocation_get_connection (invocation), place, g_string_new (NULL), FALSE);
}

static void
answer (QmpPlayer     *self,
        QmpStep       *step,
        QmpInvocation *invocation)
{
  switch (step->kind)
    {
    case QMP_ANSWER_VALUE:
      qmp_invocation_return_value (invocation, step->value, NULL);
      break;
    case QMP_ANSWER_ERROR:
      qmp_invocation_return_error (invocation, step->error_class, step->desc, NULL);
      break;
    case QMP_ANSWER_FAILED_JOB:
      qmp_tiny_fail_job (self->tiny, invocation, step->desc);
      break;
    case QMP_ANSWER_NONE:
      ignore (invocation);
      break;
    case QMP_ANSWER_BY_PRESET:
      if (!answer_by_preset (self, invocation))
        qmp_invocation_return_value (invocation, NULL, NULL);
      break;
    }
}

/* Half of what would be answered. */
static void
cut (QmpStep       *step,
     QmpInvocation *invocation)
{
  g_autofree char *id = qmp_message_dup_member_text (qmp_invocation_get_message (invocation), "id");
  g_autofree char *value = step->value != NULL ? json_to_string (step->value, FALSE) : g_strdup ("{}");
  QmpJsonSlice slice = { id, id != NULL ? strlen (id) : 0 };
  GString *text = qmp_server_text_return (value, strlen (value), slice);

  qmp_server_connection_append (qmp_invocation_get_connection (invocation), text->str, text->len / 2);
  ignore (invocation);
  g_string_free (text, TRUE);
}

static void
break_link (QmpServerConnection *connection,
            QmpMockFault         fault)
{
  switch (fault)
    {
    case QMP_MOCK_FAULT_NONE:
      break;
    case QMP_MOCK_FAULT_HANG_UP:
    case QMP_MOCK_FAULT_CUT:
      qmp_server_connection_wind_up (connection);
      break;
    case QMP_MOCK_FAULT_RESET:
      qmp_server_connection_reset (connection);
      break;
    case QMP_MOCK_FAULT_STALL:
      qmp_server_connection_stall (connection);
      break;
    }
}

/* All that belongs to the answer, in one turn: it goes out together. */
static void
play (QmpPlayer     *self,
      QmpStep       *step,
      QmpInvocation *invocation)
{
  emit_all (self, step->before);
  if (step->fault == QMP_MOCK_FAULT_CUT)
    cut (step, invocation);
  else
    answer (self, step, invocation);
  emit_all (self, step->after);
  break_link (qmp_invocation_get_connection (invocation), step->fault);
}

static void
hold (QmpPlayer     *self,
      QmpStep       *step,
      QmpInvocation *invocation)
{
  Held *held = g_new0 (Held, 1);

  held->step = step;
  held->invocation = g_object_ref (invocation);
  g_ptr_array_add (self->held, held);
}

/* The first that waits for the step; NULL if there is none. */
static Held *
steal_held (QmpPlayer *self,
            QmpStep   *step)
{
  for (guint i = 0; i < self->held->len; i++)
    {
      Held *held = self->held->pdata[i];

      if (held->step == step)
        return g_ptr_array_steal_index (self->held, i);
    }
  return NULL;
}

void
qmp_player_release (QmpPlayer *self,
                    QmpStep   *step)
{
  Held *held;

  qmp_script_lock (self->settings.script);
  while ((held = steal_held (self, step)) != NULL)
    {
      play (self, step, held->invocation);
      held_free (held);
    }
  qmp_script_unlock (self->settings.script);
  self->settings.told (self->settings.owner);
}

/* --- a command --- */

/* The script's own: what goes to the program shares nothing with this thread. */
static QmpMessage *
copy_message (QmpInvocation *invocation)
{
  QmpMessage *message = qmp_message_dup (qmp_invocation_get_message (invocation));

  qmp_message_set_fd_list (message, qmp_invocation_get_fd_list (invocation));
  return message;
}

static gboolean
act (QmpPlayer       *self,
     QmpScriptResult  result,
     QmpStep         *step,
     const char      *problem,
     QmpInvocation   *invocation)
{
  g_autofree char *text = NULL;

  switch (result)
    {
    case QMP_SCRIPT_FREE:
      return answer_by_preset (self, invocation);
    case QMP_SCRIPT_MET:
      if (step->held)
        hold (self, step, invocation);
      else
        play (self, step, invocation);
      return TRUE;
    case QMP_SCRIPT_UNEXPECTED:
      text = g_strconcat ("The mock did not expect this command now: ", problem, NULL);
      return qmp_invocation_return_error (invocation, "GenericError", text, NULL);
    }
  g_assert_not_reached ();
}

static gboolean
command_cb (QmpServer     *server,
            QmpInvocation *invocation,
            QmpPlayer     *self)
{
  g_autoptr(QmpMessage) message = copy_message (invocation);
  g_autofree char *problem = NULL;
  QmpStep *step;
  QmpScriptResult result;
  gboolean answered;

  qmp_script_lock (self->settings.script);
  result = qmp_script_take (self->settings.script, qmp_invocation_get_command (invocation), message, &step, &problem);
  answered = act (self, result, step, problem, invocation);
  qmp_script_unlock (self->settings.script);
  self->settings.told (self->settings.owner);
  return answered;
}

/* --- the preset's --- */

static void
emit_cb (gpointer    owner,
         const char *name,
         JsonNode   *data)
{
  qmp_server_emit_event (((QmpPlayer *) owner)->server, name, data, NULL);
}

static void
quit_cb (gpointer owner)
{
  QmpPlayer *self = owner;

  qmp_server_stop_listening (self->server);
  qmp_server_wind_up (self->server);
  qmp_script_end (self->settings.script);
}

static const QmpTinyFuncs tiny_funcs = { emit_cb, quit_cb };

/* --- the player --- */

QmpPlayer *
qmp_player_new (const QmpPlayerSettings *settings)
{
  QmpPlayer *self = g_new0 (QmpPlayer, 1);

  self->settings = *settings;
  self->server = qmp_server_new ("mock");
  self->held = g_ptr_array_new_with_free_func (held_free);
  self->tiny = qmp_tiny_new (&tiny_funcs, self);
  qmp_server_set_version (self->server, QMP_TINY_VERSION);
  qmp_server_play_monitor (self->server, FALSE);
  g_signal_connect (self->server, "command", G_CALLBACK (command_cb), self);
  return self;
}

void
qmp_player_free (QmpPlayer *self)
{
  qmp_script_lock (self->settings.script);
  qmp_script_end (self->settings.script);
  qmp_script_unlock (self->settings.script);
  g_signal_handlers_disconnect_by_data (self->server, self);
  qmp_server_close (self->server);
  /* Behind that: nobody is answered that it was dropped. */
  g_ptr_array_unref (self->held);
  g_object_unref (self->server);
  qmp_tiny_free (self->tiny);
  g_free (self);
}

gboolean
qmp_player_listen (QmpPlayer           *self,
                   GSocketConnectable  *address,
                   GSocketAddress     **bound,
                   GError             **error)
{
  if (!qmp_server_listen (self->server, address, error))
    return FALSE;
  *bound = g_object_ref (qmp_server_get_listen_address (self->server));
  return TRUE;
}

gboolean
qmp_player_add (QmpPlayer  *self,
                GIOStream  *stream,
                GError    **error)
{
  return qmp_server_add_stream (self->server, stream, error);
}

gboolean
qmp_player_emit (QmpPlayer   *self,
                 const char  *name,
                 JsonNode    *data,
                 GError     **error)
{
  return qmp_server_emit_event (self->server, name, data, error);
}

void
qmp_player_set_bytewise (QmpPlayer *self,
                         gboolean   bytewise)
{
  qmp_server_play_monitor (self->server, bytewise);
}
