/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "share/qmp-forwarder-private.h"

#include "client/qmp-client-relay-private.h"
#include "core/qmp-debug-private.h"
#include "server/qmp-server-backend-private.h"
#include "server/qmp-server-text-private.h"
#include "share/qmp-forward-private.h"

/* So many commands of one client are under way at once, which keeps the server busy. More wait here, so that those of others
 * need not wait for all of them. */
#define WINDOW 8

/* What is under way, of all clients, and of those that have left: over this no more is read from any, until it is half of
 * that. What is held does not count: it is bounded for each client, who may never read what would let it go on. */
#define MAX_UNDER_WAY 4096
#define MAX_SIZE (64 * 1024 * 1024)

/* A client that has sent a command. Counted: its commands that are under way hold it when it has left. */
typedef struct {
  guint                n_references;
  QmpServerConnection *connection;   /* borrowed; NULL: it has left */
  QmpFdNames          *names;        /* owned; NULL: it has named no descriptor */
  guint                n_under_way;  /* of its commands; those that go first do not count */
  GQueue               held;         /* of QmpForward, owned, by link: the commands behind them */
} Peer;

struct _QmpForwarder {
  QmpClient    *client;
  QmpServer    *server;
  QmpIoContext *io;
  QmpRelay      relay;

  GHashTable   *peers;      /* QmpServerConnection → Peer */
  GQueue        under_way;  /* of QmpForward, owned, by link */
  gsize         size;       /* of them */
  gboolean      congested;
  QmpIoTimer    ending;     /* set: the link has ended, and the clients are to be told */
};

void
qmp_order_refuse (const QmpOrder *order,
                  const char     *error_class,
                  const char     *desc)
{
  qmp_server_connection_answer (order->connection, order->place,
                                qmp_server_text_error (error_class, desc, order->command->id), FALSE);
}

/* --- clients --- */

static Peer *
peer_ref (Peer *peer)
{
  peer->n_references++;
  return peer;
}

static void
peer_unref (Peer *peer)
{
  if (--peer->n_references > 0)
    return;

  g_assert (peer->held.length == 0);

  g_clear_pointer (&peer->names, qmp_fd_names_unref);
  g_free (peer);
}

/* It has left, or its link has ended. */
static void
peer_leave (gpointer data)
{
  Peer *peer = data;

  peer->connection = NULL;
  peer_unref (peer);
}

static Peer *
find_peer (QmpForwarder        *self,
           QmpServerConnection *connection)
{
  return g_hash_table_lookup (self->peers, connection);
}

static Peer *
ensure_peer (QmpForwarder        *self,
             QmpServerConnection *connection)
{
  Peer *peer = find_peer (self, connection);

  if (peer == NULL)
    {
      peer = peer_ref (g_new0 (Peer, 1));
      peer->connection = connection;
      g_hash_table_insert (self->peers, connection, peer);
    }
  return peer;
}

/* --- how much there is --- */

static void
update_congested (QmpForwarder *self)
{
  guint share = self->congested ? 2 : 1;
  gboolean congested = self->under_way.length >= MAX_UNDER_WAY / share || self->size >= MAX_SIZE / share;

  if (congested == self->congested)
    return;
  self->congested = congested;
  qmp_server_update_reading (self->server);
}

gboolean
qmp_forwarder_is_congested (QmpForwarder *self)
{
  return self->congested;
}

static void
enter (QmpForwarder *self,
       QmpForward   *forward)
{
  g_queue_push_tail_link (&self->under_way, &forward->link);
  self->size += forward->size;
  update_congested (self);
}

static void
leave (QmpForwarder *self,
       QmpForward   *forward)
{
  g_queue_unlink (&self->under_way, &forward->link);
  self->size -= forward->size;
  update_congested (self);
}

/* One that is not under way. */
static void
drop (QmpForward *forward)
{
  if (forward->client != NULL)
    peer_unref (forward->client);
  qmp_forward_free (forward);
}

static void
drop_held (Peer *peer)
{
  GList *link;

  while ((link = g_queue_pop_head_link (&peer->held)) != NULL)
    drop (link->data);
}

static void
drop_all_held (QmpForwarder *self)
{
  GHashTableIter iter;
  gpointer peer;

  g_hash_table_iter_init (&iter, self->peers);
  while (g_hash_table_iter_next (&iter, NULL, &peer))
    drop_held (peer);
}

/* --- sending --- */

/* Takes forward. Without a link the reply never comes, and its client is about to hear of that. */
static void
send (QmpForwarder            *self,
      const QmpRelayedCommand *command,
      QmpForward              *forward)
{
  Peer *peer = forward->client;

  forward->call = qmp_client_relay (self->client, &self->relay, command, forward);
  if (forward->call == NULL)
    {
      drop (forward);
      return;
    }
  enter (self, forward);
  if (peer != NULL && !command->out_of_band)
    peer->n_under_way++;
}

/* A client that does not read what it has asked for gets no more of it. */
static gboolean
may_send (Peer *peer)
{
  return peer->n_under_way < WINDOW && !qmp_server_connection_is_behind (peer->connection);
}

/* Takes forward. */
static void
send_or_hold (QmpForwarder            *self,
              Peer                    *peer,
              const QmpRelayedCommand *command,
              QmpForward              *forward)
{
  forward->client = peer_ref (peer);
  forward->size = sizeof *forward + command->name.length + command->arguments.length;
  if (command->out_of_band || (peer->held.length == 0 && may_send (peer)))
    {
      send (self, command, forward);
      return;
    }
  qmp_forward_hold (forward, command->name, command->arguments, command->fd_list);
  g_queue_push_tail_link (&peer->held, &forward->link);
}

static void
send_held (QmpForwarder *self,
           Peer         *peer)
{
  while (peer->held.length > 0 && may_send (peer))
    {
      QmpForward *forward = g_queue_pop_head_link (&peer->held)->data;
      QmpRelayedCommand command = { .fd_list = forward->fd_list };

      command.name = qmp_forward_get_held (forward, &command.arguments);
      send (self, &command, forward);
    }
}

void
qmp_forwarder_go_on (QmpForwarder        *self,
                     QmpServerConnection *connection)
{
  Peer *peer = find_peer (self, connection);

  if (peer != NULL)
    send_held (self, peer);
}

/* --- names of descriptors --- */

static GString *
make_fdname (QmpFdNames *names,
             const char *fdname)
{
  GString *arguments = g_string_new ("{\"fdname\":");

  qmp_fd_names_append (names, arguments, fdname);
  return g_string_append_c (arguments, '}');
}

/* A descriptor whose client has left. */
static void
close_fd (QmpForwarder *self,
          QmpFdNames   *names,
          const char   *fdname)
{
  g_autoptr(GString) arguments = make_fdname (names, fdname);
  QmpForward *forward = qmp_forward_new (NULL, (QmpJsonSlice) { NULL, 0 });
  QmpRelayedCommand command = {
    .name = { "\"closefd\"", strlen ("\"closefd\"") },
    .arguments = { arguments->str, arguments->len },
  };

  send (self, &command, forward);
}

static void
close_fds (QmpForwarder *self,
           QmpFdNames   *names)
{
  g_autofree const char **list = qmp_fd_names_list (names);

  for (const char **name = list; *name != NULL; name++)
    close_fd (self, names, *name);
}

void
qmp_forwarder_drop (QmpForwarder        *self,
                    QmpServerConnection *connection)
{
  Peer *peer = find_peer (self, connection);

  if (peer == NULL)
    return;
  drop_held (peer);
  if (peer->names != NULL)
    close_fds (self, peer->names);
  g_hash_table_remove (self->peers, connection);
}

/* --- commands --- */

/* The server uses the first and closes the others. */
static GUnixFDList *
dup_first (GUnixFDList *fd_list)
{
  int fd;

  if (g_unix_fd_list_get_length (fd_list) == 1)
    return g_object_ref (fd_list);
  fd = g_unix_fd_list_get (fd_list, 0, NULL);
  return fd >= 0 ? g_unix_fd_list_new_from_array (&fd, 1) : NULL;
}

/* Those that came with another command would be the server's for whoever takes one next. */
static GUnixFDList *
choose_fds (const QmpOrder *order,
            QmpFdCommand    fd_command)
{
  return qmp_fd_command_takes_fd (fd_command) ? dup_first (order->fd_list) : NULL;
}

/* arguments: as they go to the server. Takes forward. */
static void
pass_on (QmpForwarder   *self,
         Peer           *peer,
         const QmpOrder *order,
         QmpForward     *forward,
         QmpJsonSlice    arguments,
         QmpFdCommand    fd_command)
{
  g_autoptr(GUnixFDList) fd_list = choose_fds (order, fd_command);
  QmpServerCommand *command = order->command;
  QmpRelayedCommand relayed = { command->name_text, arguments, command->out_of_band, fd_list };

  forward->secret = qmp_debug_enabled (QMP_DEBUG_WIRE) &&
                    qmp_json_asks_for_secret (command->text.text, command->text.length);
  send_or_hold (self, peer, &relayed, forward);
}

static QmpForward *
new_forward (const QmpOrder *order)
{
  return qmp_forward_new (order->place, order->command->id);
}

/* getfd and closefd. */
static void
pass_fdname_on (QmpForwarder   *self,
                Peer           *peer,
                const QmpOrder *order,
                QmpFdCommand    fd_command,
                const char     *fdname)
{
  g_autoptr(GPtrArray) used = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GString) arguments = NULL;
  QmpForward *forward;

  if (peer->names == NULL)
    peer->names = qmp_fd_names_new ();
  if (fd_command == QMP_FD_COMMAND_GETFD && !qmp_fd_names_begin (peer->names, fdname))
    {
      qmp_order_refuse (order, "GenericError", "Too many file descriptors have names");
      return;
    }
  arguments = make_fdname (peer->names, fdname);
  g_ptr_array_add (used, g_strdup (fdname));
  forward = new_forward (order);
  qmp_forward_set_names (forward, fd_command, peer->names, used);
  pass_on (self, peer, order, forward, (QmpJsonSlice) { arguments->str, arguments->len }, fd_command);
}

static void
pass_others_on (QmpForwarder   *self,
                Peer           *peer,
                const QmpOrder *order,
                QmpFdCommand    fd_command)
{
  g_autoptr(GPtrArray) used = NULL;
  g_autoptr(GString) rewritten = NULL;
  QmpJsonSlice arguments = order->command->arguments;
  QmpForward *forward = new_forward (order);

  if (peer->names != NULL)
    {
      used = g_ptr_array_new_with_free_func (g_free);
      rewritten = qmp_fd_names_rewrite (peer->names, arguments, used);
    }
  if (rewritten != NULL)
    {
      qmp_forward_set_names (forward, fd_command, peer->names, used);
      arguments = (QmpJsonSlice) { rewritten->str, rewritten->len };
    }
  pass_on (self, peer, order, forward, arguments, fd_command);
}

/* What the server cannot know a descriptor by, it says itself. */
static gboolean
is_name (const char *fdname)
{
  return fdname != NULL && !g_ascii_isdigit (*fdname);
}

void
qmp_forwarder_execute (QmpForwarder   *self,
                       const QmpOrder *order)
{
  g_autofree char *fdname = NULL;
  QmpFdCommand fd_command = qmp_fd_command_read (order->command->name, order->command->arguments, &fdname);

  if (qmp_fd_command_takes_fd (fd_command) && order->fd_list == NULL)
    /* Without one the server would give whatever it still has from somebody else. */
    qmp_order_refuse (order, "GenericError", "No file descriptor supplied via SCM_RIGHTS");
  else if (is_name (fdname))
    pass_fdname_on (self, ensure_peer (self, order->connection), order, fd_command, fdname);
  else
    pass_others_on (self, ensure_peer (self, order->connection), order, fd_command);
}

/* --- what comes back --- */

static void
event (gpointer  owner,
       QmpEvent *event)
{
  QmpForwarder *self = owner;
  GBytes *bytes = qmp_message_get_bytes (QMP_MESSAGE (event));
  g_autoptr(GString) line = g_string_sized_new (g_bytes_get_size (bytes) + 3);

  g_string_append_len (line, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  g_string_append (line, "\r\n");
  qmp_server_emit_text (self->server, line->str, line->len);
}

static void
answer (QmpForwarder *self,
        Peer         *peer,
        QmpForward   *forward,
        QmpJsonFrame *frame)
{
  qmp_server_connection_answer (peer->connection, forward->place, qmp_forward_make_answer (forward, frame), forward->secret);
  if (forward->place != NULL)
    peer->n_under_way--;
  send_held (self, peer);
}

static void
reply (gpointer      owner,
       gpointer      data,
       QmpJsonFrame *frame)
{
  QmpForwarder *self = owner;
  QmpForward *forward = data;
  Peer *peer = forward->client;

  leave (self, forward);
  qmp_forward_settle (forward, frame);
  if (peer != NULL && peer->connection != NULL)
    answer (self, peer, forward, frame);
  else if (forward->fd_command == QMP_FD_COMMAND_GETFD && qmp_forward_succeeded (frame))
    close_fd (self, forward->names, forward->used->pdata[0]);
  drop (forward);
}

static void
wind_up (gpointer owner)
{
  qmp_server_wind_up (((QmpForwarder *) owner)->server);
}

static void
drop_under_way (QmpForwarder *self,
                gboolean      forsake)
{
  while (self->under_way.head != NULL)
    {
      QmpForward *forward = self->under_way.head->data;

      if (forsake)
        qmp_client_forsake (forward->call);
      leave (self, forward);
      drop (forward);
    }
}

/* From within the loop that reads: clients are closed from a dispatch. What they had in the server is gone with the link. */
static void
ended (gpointer owner)
{
  QmpForwarder *self = owner;

  drop_under_way (self, FALSE);
  drop_all_held (self);
  g_hash_table_remove_all (self->peers);
  qmp_io_timer_set (&self->ending, self->io, g_get_monotonic_time (), wind_up, self);
}

static const QmpRelayFuncs relay_funcs = { event, reply, ended };

/* --- its life --- */

QmpForwarder *
qmp_forwarder_new (QmpClient    *client,
                   QmpServer    *server,
                   QmpIoContext *io)
{
  QmpForwarder *self = g_new0 (QmpForwarder, 1);

  self->client = client;
  self->server = server;
  self->io = io;
  self->peers = g_hash_table_new_full (NULL, NULL, NULL, peer_leave);
  qmp_client_add_relay (client, &self->relay, &relay_funcs, self);
  return self;
}

void
qmp_forwarder_free (QmpForwarder *self)
{
  qmp_io_timer_clear (&self->ending);
  drop_under_way (self, TRUE);
  drop_all_held (self);
  g_hash_table_unref (self->peers);
  qmp_client_remove_relay (self->client, &self->relay);
  g_free (self);
}
