/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib-unix.h>
#include <glib/gi18n.h>

#include "once.h"
#include "tool-json.h"
#include "tool-print.h"
#include "tool-recording.h"

/* The server's part of a recording, played again: what it said is said as soon as the client has sent all that it had sent
 * before. No clock.
 *
 * A program that does several things at once does not send its commands in the same order each time, and asks for the state of
 * things more or less often. So queries may be missing, and come again; and a command that comes early, or late, is answered at
 * once, as it was. */

/* What a server of ours lets a client wait with is up to the recording. */
#define MAX_MESSAGE_SIZE (256 * 1024 * 1024)

/* Characters. */
#define MAX_SHOWN 200

typedef struct {
  Once          *once;
  ToolRecording *recording;
  gboolean       any_arguments;
  QmpServer     *server;
  GMainLoop     *loop;
  guint          n_begun;    /* sessions */
  guint          n_over;
  GPtrArray     *players;    /* of Player; as many as have begun */
  GError        *error;      /* nullable */
} Replay;

/* One client. */
typedef struct {
  Replay              *replay;
  ToolSession         *session;
  guint                number;
  QmpServerConnection *connection;
  QmpInvocation      **invocations;  /* by step; owned, NULL: not sent, or answered */
  gboolean            *done;         /* by step: the command was sent */
  guint                next;         /* the step that is played next */
  gboolean             wrong;        /* what was wrong was told */
} Player;

/* --- steps --- */

static ToolStep *
get_step (Player *self,
          guint   index)
{
  return self->session->steps->pdata[index];
}

static gboolean
is_missing (Player *self,
            guint   index)
{
  return get_step (self, index)->command != NULL && !self->done[index];
}

/* What only asks: nothing follows from it but its answer. */
static gboolean
is_query (Player *self,
          guint   index)
{
  g_autofree char *name = tool_recording_dup_name (get_step (self, index)->command);

  return g_str_has_prefix (name, "query-");
}

/* The first command from there on, and before the end, that has to come and has not; -1 if there is none. */
static int
find_missing (Player *self,
              guint   from,
              guint   end)
{
  for (guint i = from; i < end; i++)
    if (is_missing (self, i) && !is_query (self, i))
      return i;
  return -1;
}

static ToolStep *
find_answer (Player *self,
             int     command)
{
  for (guint i = command + 1; i < self->session->steps->len; i++)
    if (get_step (self, i)->answers == command)
      return get_step (self, i);
  return NULL;
}

static gboolean
matches (Player        *self,
         guint          index,
         QmpInvocation *invocation)
{
  ToolStep *step = get_step (self, index);

  return step->command != NULL &&
         tool_recording_matches (self->replay->recording, step->command, qmp_invocation_get_command (invocation),
                                 qmp_invocation_get_arguments (invocation), self->replay->any_arguments);
}

/* The next that is so, or else one that is late; -1: there is none. */
static int
find_command (Player        *self,
              QmpInvocation *invocation)
{
  for (guint i = self->next; i < self->session->steps->len; i++)
    if (is_missing (self, i) && matches (self, i, invocation))
      return i;
  for (guint i = 0; i < self->next; i++)
    if (is_missing (self, i) && matches (self, i, invocation))
      return i;
  return -1;
}

/* The last one before now that is a query and the same; -1: there is none. */
static int
find_same_query (Player        *self,
                 QmpInvocation *invocation)
{
  for (int i = (int) self->next - 1; i >= 0; i--)
    if (matches (self, i, invocation) && is_query (self, i))
      return i;
  return -1;
}

/* --- what is wrong --- */

/* Tells of it, and of nothing more in that session. Takes text. */
static void
complain (Player *self,
          char   *text)
{
  g_autofree char *owned = text;
  g_autofree char *harmless = tool_print_harmless_line (text);

  if (!self->wrong)
    g_printerr (_("qmp: session %u: %s\n"), self->number, harmless);
  self->wrong = TRUE;
  self->replay->once->status = ONCE_STATUS_FAILED;
}

/* What a person may read of a command. index: -1 for none, which gives NULL. */
static char *
dup_shown (Player *self,
           int     index)
{
  QmpMessage *command = index >= 0 ? get_step (self, index)->command : NULL;
  gsize length;
  const char *text;
  g_autofree char *valid = NULL;
  g_autofree char *head = NULL;

  if (command == NULL)
    return NULL;
  text = g_bytes_get_data (qmp_message_get_bytes (command), &length);
  valid = g_utf8_make_valid (text, length);
  if (g_utf8_strlen (valid, -1) <= MAX_SHOWN)
    return g_steal_pointer (&valid);
  head = g_utf8_substring (valid, 0, MAX_SHOWN);
  return g_strconcat (head, "…", NULL);
}

/* The arguments that were sent may be secret. */
static void
refuse (Player        *self,
        QmpInvocation *invocation)
{
  g_autofree char *expected = dup_shown (self, find_missing (self, 0, self->session->steps->len));
  const char *name = qmp_invocation_get_command (invocation);

  if (expected != NULL)
    complain (self, g_strdup_printf (_("The recording has %s here, and the program sent %s"), expected, name));
  else
    complain (self, g_strdup_printf (_("The recording has no more commands, and the program sent %s"), name));
  qmp_invocation_return_error (invocation, "GenericError", "The recording has another command here", NULL);
}

/* --- playing --- */

static void
answer (QmpInvocation *invocation,
        QmpMessage    *said)
{
  g_autofree char *value = qmp_message_dup_member_text (said, "return");
  JsonNode *failure = qmp_message_get_member (said, "error");

  if (value != NULL)
    qmp_invocation_return_text (invocation, value, NULL);
  else
    qmp_invocation_return_error (invocation, tool_json_get_string (failure, "class"), tool_json_get_string (failure, "desc"),
                                 NULL);
}

/* step: nullable, for a command that was never answered. Takes the invocation. */
static void
answer_step (QmpInvocation **invocation,
             ToolStep       *step)
{
  g_autoptr(QmpInvocation) owned = step != NULL ? g_steal_pointer (invocation) : NULL;

  if (owned != NULL)
    answer (owned, step->said);
}

/* An event, or an answer whose command is there; that of another is given when it comes. */
static void
say (Player   *self,
     ToolStep *step)
{
  if (step->answers >= 0)
    answer_step (&self->invocations[step->answers], step);
  else
    qmp_server_connection_send (self->connection, step->said, NULL);
}

/* Whether or not all commands before it are there. */
static void
play_up_to (Player *self,
            guint   end)
{
  for (; self->next < end; self->next++)
    if (get_step (self, self->next)->command == NULL)
      say (self, get_step (self, self->next));
}

/* Behind the last command, the server's end does not wait for queries. */
static gboolean
waits (Player *self)
{
  guint end = self->session->steps->len;

  return is_missing (self, self->next) && (!self->session->server_ends || find_missing (self, self->next, end) >= 0);
}

/* All that can be said now. The connection may be closed by it. */
static void
play (Player *self)
{
  while (self->next < self->session->steps->len && !waits (self))
    play_up_to (self, self->next + 1);
  if (self->next == self->session->steps->len && self->session->server_ends)
    qmp_server_connection_close (self->connection);
}

static void
repeat_answer (Player        *self,
               QmpInvocation *invocation)
{
  int same = find_same_query (self, invocation);
  ToolStep *step = same >= 0 ? find_answer (self, same) : NULL;

  if (step != NULL)
    answer (invocation, step->said);
  else
    refuse (self, invocation);
}

static void
take_command (Player        *self,
              QmpInvocation *invocation)
{
  int index = find_command (self, invocation);

  if (index < 0)
    {
      repeat_answer (self, invocation);
      return;
    }
  self->done[index] = TRUE;
  self->invocations[index] = g_object_ref (invocation);
  if (index < (int) self->next || find_missing (self, self->next, index) >= 0)
    {
      answer_step (&self->invocations[index], find_answer (self, index));
      return;
    }
  play_up_to (self, index);
  play (self);
}

/* --- clients --- */

static void
player_free (gpointer data)
{
  Player *self = data;

  g_signal_handlers_disconnect_by_data (self->connection, self);
  for (guint i = 0; i < self->session->steps->len; i++)
    g_clear_object (&self->invocations[i]);
  g_free (self->invocations);
  g_free (self->done);
  g_object_unref (self->connection);
  g_free (self);
}

static void
runstate_cb (GObject    *connection,
             GParamSpec *pspec,
             gpointer    user_data)
{
  if (qmp_server_connection_get_runstate (QMP_SERVER_CONNECTION (connection)) == QMP_RUNSTATE_RUNNING)
    play (user_data);
}

static void
closed_cb (QmpServerConnection *connection,
           const GError        *error,
           gpointer             user_data)
{
  Player *self = user_data;
  Replay *replay = self->replay;
  g_autofree char *expected = dup_shown (self, find_missing (self, 0, self->session->steps->len));

  if (expected != NULL)
    complain (self, g_strdup_printf (_("The recording has %s here, and the program left"), expected));
  replay->n_over++;
  if (replay->n_over == replay->recording->sessions->len)
    g_main_loop_quit (replay->loop);
}

/* As the one that comes next is to be greeted. */
static void
prepare_greeting (Replay *self)
{
  ToolSession *session = self->recording->sessions->pdata[self->n_begun];
  JsonNode *qmp = qmp_message_get_member (session->greeting, "QMP");
  JsonNode *version = tool_json_get_member (qmp, "version");
  JsonNode *numbers = tool_json_get_member (version, "qemu");
  JsonNode *offered = tool_json_get_member (qmp, "capabilities");
  g_autoptr(GPtrArray) capabilities = g_ptr_array_new ();
  g_autofree char *text =
    g_strdup_printf ("%d.%d.%d", (int) CLAMP (tool_json_get_int (numbers, "major"), 0, 999),
                     (int) CLAMP (tool_json_get_int (numbers, "minor"), 0, 999),
                     (int) CLAMP (tool_json_get_int (numbers, "micro"), 0, 999));

  qmp_server_set_version (self->server, text);
  qmp_server_set_package (self->server, tool_json_get_string (version, "package"));
  for (guint i = 0; i < tool_json_get_length (offered); i++)
    if (tool_json_as_string (tool_json_get_element (offered, i)) != NULL)
      g_ptr_array_add (capabilities, (gpointer) tool_json_as_string (tool_json_get_element (offered, i)));
  g_ptr_array_add (capabilities, NULL);
  qmp_server_set_capabilities (self->server, (const char * const *) capabilities->pdata);
}

static void
begin_session (Replay              *self,
               QmpServerConnection *connection)
{
  Player *player = g_new0 (Player, 1);

  player->replay = self;
  player->session = self->recording->sessions->pdata[self->n_begun++];
  player->number = self->n_begun;
  player->connection = g_object_ref (connection);
  player->invocations = g_new0 (QmpInvocation *, player->session->steps->len);
  player->done = g_new0 (gboolean, player->session->steps->len);
  g_ptr_array_add (self->players, player);
  g_signal_connect (connection, "notify::runstate", G_CALLBACK (runstate_cb), player);
  g_signal_connect (connection, "closed", G_CALLBACK (closed_cb), player);
  /* There is nobody to be greeted any more. */
  if (self->n_begun < self->recording->sessions->len)
    prepare_greeting (self);
  else
    qmp_server_set_max_connections (self->server, 1);
}

static void
changed_cb (GListModel *connections,
            guint       position,
            guint       n_removed,
            guint       n_added,
            gpointer    user_data)
{
  Replay *self = user_data;

  for (guint i = 0; i < n_added; i++)
    {
      g_autoptr(QmpServerConnection) connection = g_list_model_get_item (connections, position + i);

      if (self->n_begun < self->recording->sessions->len)
        begin_session (self, connection);
    }
}

static Player *
find_player (Replay              *self,
             QmpServerConnection *connection)
{
  for (guint i = 0; i < self->players->len; i++)
    if (((Player *) self->players->pdata[i])->connection == connection)
      return self->players->pdata[i];
  return NULL;
}

static gboolean
command_cb (QmpServer     *server,
            QmpInvocation *invocation,
            gpointer       user_data)
{
  Player *player = find_player (user_data, qmp_invocation_get_connection (invocation));

  if (player == NULL)
    return FALSE;
  take_command (player, invocation);
  return TRUE;
}

/* --- all of it --- */

static void
allow_out_of_band (Replay *self)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < self->recording->sessions->len; i++)
    {
      GPtrArray *steps = ((ToolSession *) self->recording->sessions->pdata[i])->steps;

      for (guint j = 0; j < steps->len; j++)
        {
          QmpMessage *command = ((ToolStep *) steps->pdata[j])->command;

          if (command != NULL && qmp_message_get_out_of_band (command))
            g_ptr_array_add (names, tool_recording_dup_name (command));
        }
    }
  g_ptr_array_add (names, NULL);
  qmp_server_set_oob_commands (self->server, (const char * const *) names->pdata);
}

static QmpServer *
make_server (Replay *self)
{
  QmpServer *server = self->server = qmp_server_new (NULL);

  qmp_server_set_max_message_size (server, MAX_MESSAGE_SIZE);
  qmp_server_set_max_pending (server, G_MAXINT);
  qmp_server_set_max_unsent (server, G_MAXINT);
  allow_out_of_band (self);
  prepare_greeting (self);
  g_signal_connect (server, "command", G_CALLBACK (command_cb), self);
  g_signal_connect (qmp_server_get_connections (server), "items-changed", G_CALLBACK (changed_cb), self);
  return server;
}

static gboolean
stop_cb (gpointer user_data)
{
  Replay *self = user_data;

  g_main_loop_quit (self->loop);
  return G_SOURCE_CONTINUE;
}

static gboolean
timeout_cb (gpointer user_data)
{
  Replay *self = user_data;

  once_fail (&self->error, ONCE_STATUS_TIMEOUT, _("The time is over"));
  g_main_loop_quit (self->loop);
  return G_SOURCE_REMOVE;
}

/* Where it listens is printed when clients can come. */
static gboolean
run_loop (Replay  *self,
          GError **error)
{
  g_autofree char *address = NULL;

  g_unix_signal_add (SIGINT, stop_cb, self);
  g_unix_signal_add (SIGTERM, stop_cb, self);
  g_unix_signal_add (SIGHUP, stop_cb, self);
  if (!qmp_server_listen (self->server, self->once->address, error))
    return FALSE;
  address = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (qmp_server_get_listen_address (self->server)));
  once_print_line (self->once, "%s", address);
  if (!once_flush (self->once, error))
    return FALSE;
  if (self->once->deadline != 0)
    g_timeout_add (once_remaining (self->once), timeout_cb, self);
  g_main_loop_run (self->loop);
  if (self->error == NULL)
    return TRUE;
  g_propagate_error (error, self->error);
  return FALSE;
}

/* What was waited for in vain, when it was told to stop. */
static void
tell_of_missing (Replay *self)
{
  for (guint i = 0; i < self->players->len; i++)
    {
      Player *player = self->players->pdata[i];
      g_autofree char *expected = dup_shown (player, find_missing (player, 0, player->session->steps->len));

      if (expected != NULL)
        complain (player, g_strdup_printf (_("The recording has %s here, and it did not come"), expected));
    }
  if (self->n_begun < self->recording->sessions->len)
    {
      g_printerr (_("qmp: %u of %u sessions were played\n"), self->n_begun, self->recording->sessions->len);
      self->once->status = ONCE_STATUS_FAILED;
    }
}

gboolean
once_replay (Once        *once,
             const char  *path,
             gboolean     any_arguments,
             GError     **error)
{
  g_autoptr(ToolRecording) recording = tool_recording_read (path, error);
  g_autoptr(GMainLoop) loop = NULL;
  g_autoptr(GPtrArray) players = NULL;
  g_autoptr(QmpServer) server = NULL;
  Replay self = { once, recording, any_arguments };
  gboolean good;

  if (recording == NULL)
    return FALSE;
  self.loop = loop = g_main_loop_new (NULL, FALSE);
  self.players = players = g_ptr_array_new_with_free_func (player_free);
  server = make_server (&self);
  good = run_loop (&self, error);
  tell_of_missing (&self);
  g_signal_handlers_disconnect_by_data (qmp_server_get_connections (server), &self);
  g_ptr_array_set_size (players, 0);
  qmp_server_close (server);
  return good;
}
