/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "server/qmp-server-private.h"

#include <glib/gi18n-lib.h>

#include "core/qmp-debug-private.h"
#include "message/qmp-value-private.h"
#include "server/qmp-invocation-private.h"
#include "wire/qmp-hand-over-private.h"
#include "wire/qmp-listening-private.h"
#include "wire/qmp-peer-private.h"
#include "wire/qmp-stream-private.h"

/**
 * QmpServer:
 *
 * The other side of a [class@Client]: takes clients, negotiates with them, and has the program answer their commands.
 *
 * A server greets and negotiates as QEMU does, in its words. The only command that it knows is `qmp_capabilities`; what the
 * others do is up to handlers of [signal@Server::command].
 *
 * ```c
 * g_autoptr(QmpServer) server = qmp_server_new (NULL);
 * g_autoptr(GSocketAddress) address = g_unix_socket_address_new ("monitor");
 * g_autoptr(GError) error = NULL;
 *
 * g_signal_connect (server, "command::query-name", G_CALLBACK (query_name_cb), NULL);
 * if (!qmp_server_listen (server, G_SOCKET_CONNECTABLE (address), &error))
 *   g_error ("%s", error->message);
 * ```
 *
 * All happens in the main context that was thread-default when the server was made, and nothing in another thread. A program
 * that makes blocking calls to a server in its own thread waits for itself.
 *
 * What a client can cost is limited; one that asks for more is cut off or has to wait, and the others notice nothing:
 * [property@Server:max-connections], [property@Server:max-message-size], [property@Server:max-pending] and
 * [property@Server:max-unsent].
 *
 * An object belongs to the thread that made it. Its last reference may be dropped in any; then it closes.
 *
 * See [Servers](server.html).
 *
 * Since: 1.0
 */

/* After a client could not be taken, since there are no descriptors left. */
#define RETRY_MICROSECONDS (1 * G_USEC_PER_SEC)

/* Where a server listens. */
typedef struct {
  QmpServer    *server;     /* borrowed */
  QmpListening *listening;  /* owned */
  QmpIoTimer    retry;
  gpointer      client;     /* borrowed, nullable: the connection that the next client waits for */
} Place;

enum {
  COMMAND,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (QmpServer, qmp_server, G_TYPE_OBJECT)

/* --- commands --- */

/* Whether there is such a command is known of handlers that name theirs. */
static gboolean
has_handler (QmpServer *self,
             GQuark     detail)
{
  return g_signal_has_handler_pending (self, signals[COMMAND], detail, TRUE);
}

static void
refuse_unknown (QmpInvocation *invocation)
{
  g_autofree char *desc =
    g_strdup_printf ("The command %s has not been found", qmp_invocation_get_command (invocation));

  qmp_invocation_refuse (invocation, "CommandNotFound", desc);
}

static void
refuse_out_of_band (QmpInvocation *invocation)
{
  g_autofree char *desc = g_strdup_printf ("The command %s does not support OOB", qmp_invocation_get_command (invocation));

  qmp_invocation_refuse (invocation, "GenericError", desc);
}

/* A backend judges by itself what no handler knows. */
static gboolean
may_go_out_of_band (QmpServer  *self,
                    const char *command,
                    GQuark      detail)
{
  return g_strv_contains ((const char * const *) self->oob_commands, command) ||
         (self->backend != NULL && !has_handler (self, detail));
}

/* Names come from clients, and quarks are for ever: only one that a handler has made is looked for. */
static void
command_cb (gpointer             owner,
            QmpServerConnection *connection,
            QmpInvocation       *invocation)
{
  g_autoptr(QmpServer) self = g_object_ref (owner);
  const char *command = qmp_invocation_get_command (invocation);
  GQuark detail = g_quark_try_string (command);
  gboolean handled = FALSE;

  if (qmp_invocation_get_out_of_band (invocation) && !may_go_out_of_band (self, command, detail))
    {
      if (has_handler (self, detail))
        refuse_out_of_band (invocation);
      else
        refuse_unknown (invocation);
      return;
    }
  g_signal_emit (self, signals[COMMAND], detail, invocation, &handled);
  if (handled || qmp_invocation_get_answered (invocation))
    return;
  if (self->backend != NULL)
    self->backend->command (self->backend_owner, invocation);
  else
    refuse_unknown (invocation);
}

/* What a handler may want to answer is left to be asked for later. */
static gboolean
take_cb (gpointer             owner,
         QmpServerConnection *connection,
         QmpAnswer           *place,
         QmpServerCommand    *command,
         GUnixFDList         *fd_list)
{
  QmpServer *self = owner;

  return self->backend != NULL && !has_handler (self, g_quark_try_string (command->name)) &&
         self->backend->take (self->backend_owner, connection, place, command, fd_list);
}

static gboolean
may_read_cb (gpointer owner)
{
  QmpServer *self = owner;

  return self->backend == NULL || self->backend->may_read (self->backend_owner);
}

/* --- clients --- */

static void
await (gpointer owner)
{
  Place *place = owner;

  qmp_listening_await (place->listening, place->server->io);
}

static void
await_next (QmpServer           *self,
            QmpServerConnection *connection)
{
  for (guint i = 0; i < self->places->len; i++)
    {
      Place *place = self->places->pdata[i];

      if (place->client != connection)
        continue;
      place->client = NULL;
      await (place);
    }
}

static void
closed_cb (gpointer             owner,
           QmpServerConnection *connection)
{
  QmpServer *self = owner;
  guint position;

  if (self->backend != NULL)
    self->backend->closed (self->backend_owner, connection);
  await_next (self, connection);
  if (g_list_store_find (self->connections, connection, &position))
    g_list_store_remove (self->connections, position);
}

static void
caught_up_cb (gpointer             owner,
              QmpServerConnection *connection)
{
  QmpServer *self = owner;

  if (self->backend != NULL)
    self->backend->caught_up (self->backend_owner, connection);
}

static const QmpServerConnectionFuncs connection_funcs = { command_cb, closed_cb, take_cb, may_read_cb, caught_up_cb };

static guint
count (QmpServer *self)
{
  return g_list_model_get_n_items (G_LIST_MODEL (self->connections));
}

/* place: nullable; it takes the next client when this one has left. Runs user code, last of all. */
static gboolean
add (QmpServer  *self,
     GIOStream  *stream,
     Place      *place,
     GError    **error)
{
  g_autoptr(QmpServer) held = g_object_ref (self);
  g_autoptr(QmpServerConnection) connection = NULL;

  /* A handler that is told of the end of one may want another. */
  if (self->disposed)
    {
      g_set_error_literal (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE, _("The server is closed"));
      return FALSE;
    }
  if (self->backend != NULL && !self->backend->may_serve (self->backend_owner, error))
    return FALSE;
  connection = qmp_server_connection_new (stream, self->name, &self->about, &self->limits, self->io, &connection_funcs, self,
                                          error);
  if (connection == NULL)
    return FALSE;
  if (self->plays_monitor)
    qmp_server_connection_set_bytewise (connection, TRUE, self->writes_bytes);
  if (place != NULL)
    {
      place->client = connection;
      qmp_listening_rest (place->listening);
    }
  g_list_store_append (self->connections, connection);
  return TRUE;
}

/* A snapshot: user code may change the list at any time. */
static GPtrArray *
list_connections (QmpServer *self)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < count (self); i++)
    g_ptr_array_add (list, g_list_model_get_item (G_LIST_MODEL (self->connections), i));
  return list;
}

/* What is called runs no user code. */
static void
for_each (QmpServer *self,
          void     (*func) (QmpServerConnection *connection))
{
  for (guint i = 0; i < count (self); i++)
    {
      g_autoptr(QmpServerConnection) connection = g_list_model_get_item (G_LIST_MODEL (self->connections), i);

      func (connection);
    }
}

/* --- for the backend --- */

void
qmp_server_set_backend (QmpServer                   *self,
                        const QmpServerBackendFuncs *funcs,
                        gpointer                     owner)
{
  self->backend = funcs;
  self->backend_owner = owner;
}

void
qmp_server_emit_text (QmpServer  *self,
                      const char *text,
                      gsize       length)
{
  for (guint i = 0; i < count (self); i++)
    {
      g_autoptr(QmpServerConnection) connection = g_list_model_get_item (G_LIST_MODEL (self->connections), i);

      if (qmp_server_connection_get_runstate (connection) == QMP_RUNSTATE_RUNNING)
        qmp_server_connection_append (connection, text, length);
    }
}

void
qmp_server_update_reading (QmpServer *self)
{
  for_each (self, qmp_server_connection_update_reading);
}

void
qmp_server_wind_up (QmpServer *self)
{
  for_each (self, qmp_server_connection_wind_up);
}

/* --- for who plays a monitor --- */

void
qmp_server_play_monitor (QmpServer *self,
                         gboolean   writes_bytes)
{
  self->plays_monitor = TRUE;
  self->writes_bytes = writes_bytes;
}

/* Runs user code, last of all. */
void
qmp_server_stop_listening (QmpServer *self)
{
  g_autoptr(GSocketAddress) listened = g_steal_pointer (&self->listen_address);

  g_ptr_array_set_size (self->places, 0);
  if (listened != NULL)
    g_object_notify (G_OBJECT (self), "listen-address");
}

/* --- listening --- */

/* Others may come by way of an abstract socket, which has no file, or of a descriptor. */
static gboolean
is_welcome (QmpServer *self,
            GIOStream *peer)
{
  if (count (self) >= self->max_connections)
    return FALSE;
  return !self->owner_only || qmp_peer_is_owner (qmp_stream_get_socket_fd (peer));
}

/* Runs user code, last of all. FALSE: it was turned away, and nothing was run. */
static gboolean
take (Place     *place,
      GIOStream *peer)
{
  QmpServer *self = place->server;

  if (!is_welcome (self, peer))
    {
      await (place);
      return FALSE;
    }
  if (!self->plays_monitor)
    {
      await (place);
      return add (self, peer, NULL, NULL);
    }
  if (add (self, peer, place, NULL))
    return TRUE;
  await (place);
  return FALSE;
}

/* Runs user code, last of all. */
static void
peer_cb (GIOStream *peer,
         GError    *error,
         gpointer   user_data)
{
  Place *place = user_data;
  QmpServer *self = place->server;

  if (peer == NULL)
    {
      qmp_debug (QMP_DEBUG_STATE, "no client can be taken: %s", error->message);
      g_error_free (error);
      qmp_io_timer_set (&place->retry, self->io, g_get_monotonic_time () + RETRY_MICROSECONDS, await, place);
      return;
    }
  if (take (place, peer))
    return;
  qmp_debug (QMP_DEBUG_STATE, "a client was turned away");
  qmp_stream_close (peer);
}

static void
place_free (gpointer data)
{
  Place *place = data;

  qmp_io_timer_clear (&place->retry);
  g_clear_pointer (&place->listening, qmp_listening_free);
  g_free (place);
}

/* --- the end --- */

/* Runs user code, which may add clients again: those are not meant. */
static void
close_all (QmpServer *self)
{
  g_autoptr(GPtrArray) list = list_connections (self);
  g_autoptr(GSocketAddress) listened = g_steal_pointer (&self->listen_address);

  g_ptr_array_set_size (self->places, 0);
  for (guint i = 0; i < list->len; i++)
    qmp_server_connection_close (list->pdata[i]);
  if (listened != NULL)
    g_object_notify (G_OBJECT (self), "listen-address");
}

static void
qmp_server_dispose (GObject *object)
{
  QmpServer *self = QMP_SERVER (object);

  if (!qmp_hand_over_begin_dispose (object, self->io))
    return;

  self->disposed = TRUE;
  close_all (self);

  G_OBJECT_CLASS (qmp_server_parent_class)->dispose (object);
  qmp_hand_over_end_dispose (object, self->io);
}

/* Nobody is left who could have handled what clients ask for. */
static void
qmp_server_finalize (GObject *object)
{
  QmpServer *self = QMP_SERVER (object);

  g_assert (count (self) == 0);

  g_ptr_array_unref (self->places);
  g_object_unref (self->connections);
  qmp_server_clear_properties (self);
  qmp_io_context_leave (self->io);
  qmp_io_context_unref (self->io);

  G_OBJECT_CLASS (qmp_server_parent_class)->finalize (object);
}

static void
qmp_server_class_init (QmpServerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = qmp_server_dispose;
  object_class->finalize = qmp_server_finalize;
  qmp_hand_over_install (object_class);
  qmp_server_install_properties (object_class);

  /**
   * QmpServer::command:
   * @self: the server
   * @invocation: the command, to be answered
   *
   * A client has sent a command.
   *
   * The detail is the command's name: connect to `command::query-status` to hear of that one only. Each command is emitted
   * as it comes, in the order of its client, whether or not those before it are answered. One that came out-of-band is
   * emitted before those that came with it.
   *
   * The first handler that returns `TRUE` answers @invocation, at once or later, and holds a reference until then; no other
   * is asked. A command that nobody answers, and of which all handlers return `FALSE`, is answered `CommandNotFound`, in
   * QEMU's words.
   *
   * A handler may do anything: close the connection or the server, run a main loop, drop the last reference.
   *
   * Returns: `TRUE` if the handler answers
   *
   * Since: 1.0
   */
  signals[COMMAND] =
    g_signal_new ("command", QMP_TYPE_SERVER, G_SIGNAL_RUN_LAST | G_SIGNAL_DETAILED, 0,
                  g_signal_accumulator_true_handled, NULL, NULL,
                  G_TYPE_BOOLEAN, 1, QMP_TYPE_INVOCATION);
}

static void
qmp_server_init (QmpServer *self)
{
  g_autoptr(GMainContext) context = g_main_context_ref_thread_default ();

  self->thread = g_thread_self ();
  self->io = qmp_io_context_get (context);
  self->places = g_ptr_array_new_with_free_func (place_free);
  self->connections = g_list_store_new (QMP_TYPE_SERVER_CONNECTION);
  qmp_server_init_properties (self);
  qmp_io_context_drop_handed_over (self->io);
}

/**
 * qmp_server_new:
 * @name: (nullable): a name for what `QMP_DEBUG` prints, or `NULL`
 *
 * Makes a server without clients, in the main context that is thread-default.
 *
 * Returns: (transfer full): a new server
 *
 * Since: 1.0
 */
QmpServer *
qmp_server_new (const char *name)
{
  return g_object_new (QMP_TYPE_SERVER, "name", name, NULL);
}

/* --- the methods --- */

/**
 * qmp_server_listen:
 * @self: a server
 * @address: where to listen: a [class@Gio.UnixSocketAddress], a [class@Gio.InetSocketAddress], or what
 *   [func@address_parse] has made
 * @error: return location for an error
 *
 * Listens on an address, and takes clients from there, until the server is closed. A server may listen on several.
 *
 * Success means that clients can connect. [property@Server:listen-address] tells what was bound, a free port for example. A
 * Unix socket is for the user alone who runs the program, unless [property@Server:owner-only] is off; a socket file that
 * nobody uses any more is replaced. A host's name is looked up, which may block.
 *
 * Whoever reaches a TCP socket may use it: nothing is encrypted, and nobody is asked who he is. A program that wants TLS
 * makes a [iface@Gio.TlsServerConnection] of each connection and gives it to [method@Server.add_stream].
 *
 * Errors, with which the server is as it was before:
 *
 * - `QMP_CLIENT_ERROR_ADDRESS`: that cannot be listened on;
 * - `QMP_CLIENT_ERROR_NOT_A_SOCKET`: there is another file at the path, or the descriptor is not of a socket that listens;
 * - `G_IO_ERROR_ADDRESS_IN_USE`: somebody else listens there;
 * - others of `GIOErrorEnum`: the socket cannot be made or bound;
 * - `QMP_CLIENT_ERROR_THREAD`: called in another thread than the server's.
 *
 * Returns: `TRUE` if it listens
 *
 * Since: 1.0
 */
gboolean
qmp_server_listen (QmpServer           *self,
                   GSocketConnectable  *address,
                   GError             **error)
{
  QmpListeningFlags flags = QMP_LISTENING_MANY;
  Place *place;

  g_return_val_if_fail (QMP_IS_SERVER (self), FALSE);
  g_return_val_if_fail (G_IS_SOCKET_CONNECTABLE (address), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  qmp_server_return_val_if_foreign (self, FALSE, error);

  if (self->owner_only)
    flags |= QMP_LISTENING_OWNER_ONLY;
  place = g_new0 (Place, 1);
  place->server = self;
  place->listening = qmp_listening_new (address, flags, self->io, peer_cb, place, error);
  if (place->listening == NULL)
    {
      place_free (place);
      return FALSE;
    }
  g_ptr_array_add (self->places, place);
  await (place);
  if (self->listen_address == NULL)
    {
      self->listen_address = qmp_listening_dup_address (place->listening);
      g_object_notify (G_OBJECT (self), "listen-address");
    }
  return TRUE;
}

/**
 * qmp_server_add_stream:
 * @self: a server
 * @stream: (not nullable): a stream with a client at its other end
 * @error: return location for an error
 *
 * Takes a client that is connected already: over a socket, a pair of pipes, TLS, whatever GIO can poll.
 *
 * Success means that the client is greeted, and among [property@Server:connections]. From then on the stream is the
 * server's, which closes it; the program does not touch it any more. Neither [property@Server:max-connections] nor
 * [property@Server:owner-only] is asked.
 *
 * Errors, with which @stream stays the program's:
 *
 * - `G_IO_ERROR_NOT_SUPPORTED`: it cannot be polled;
 * - `G_IO_ERROR_CLOSED`: it is closed already;
 * - `QMP_CLIENT_ERROR_THREAD`: called in another thread than the server's.
 *
 * Returns: `TRUE` if it has the client
 *
 * Since: 1.0
 */
gboolean
qmp_server_add_stream (QmpServer  *self,
                       GIOStream  *stream,
                       GError    **error)
{
  g_return_val_if_fail (QMP_IS_SERVER (self), FALSE);
  g_return_val_if_fail (G_IS_IO_STREAM (stream), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  qmp_server_return_val_if_foreign (self, FALSE, error);

  return add (self, stream, NULL, error);
}

static GString *
make_event (const char  *name,
            JsonNode    *data,
            GError     **error)
{
  g_autofree char *valid = g_utf8_make_valid (name, -1);
  g_autoptr(GString) text = NULL;

  if (data != NULL && !qmp_value_check_holds_object (data, error))
    return NULL;
  if (data != NULL)
    {
      text = g_string_new (NULL);
      if (!qmp_value_append (text, "data", data, error))
        return NULL;
    }
  return qmp_server_text_event (valid, text != NULL ? text->str : NULL, g_get_real_time ());
}

/**
 * qmp_server_emit_event:
 * @self: a server
 * @name: (not nullable): the event's name
 * @data: (nullable): its data, a node that holds an object
 * @error: return location for an error
 *
 * Sends an event to all clients that have negotiated, with the time of now.
 *
 * It stands behind the answers that were given before, and before those that are given later. Success means that it is on
 * its way; a client that does not read is cut off when more than [property@Server:max-unsent] waits for it.
 *
 * Errors, with which nothing is sent:
 *
 * - `QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE`: @data holds something else;
 * - `QMP_PROTOCOL_ERROR_SERIALIZATION`: there is something in @data that cannot be sent;
 * - `QMP_CLIENT_ERROR_THREAD`: called in another thread than the server's.
 *
 * See “Asynchronous events” in the QMP specification.
 *
 * Returns: `TRUE` if it is on its way
 *
 * Since: 1.0
 */
gboolean
qmp_server_emit_event (QmpServer   *self,
                       const char  *name,
                       JsonNode    *data,
                       GError     **error)
{
  GString *text;

  g_return_val_if_fail (QMP_IS_SERVER (self), FALSE);
  g_return_val_if_fail (name != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  qmp_server_return_val_if_foreign (self, FALSE, error);

  text = make_event (name, data, error);
  if (text == NULL)
    return FALSE;
  qmp_server_emit_text (self, text->str, text->len);
  g_string_free (text, TRUE);
  return TRUE;
}

/**
 * qmp_server_close:
 * @self: a server
 *
 * Listens no longer, removes its socket files, and closes all connections, as [method@ServerConnection.close] does.
 *
 * It may listen again afterwards.
 *
 * Since: 1.0
 */
void
qmp_server_close (QmpServer *self)
{
  g_return_if_fail (QMP_IS_SERVER (self));
  qmp_server_return_if_foreign (self);

  g_object_ref (self);
  close_all (self);
  g_object_unref (self);
}
