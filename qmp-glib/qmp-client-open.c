/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "qmp-client-private.h"

#include <glib/gi18n-lib.h>
#include <sys/stat.h>

#include "qmp-address-private.h"

/* While a Unix socket's queue of connections is full, it is tried again after this many milliseconds,
 * then after twice as many, and so on. */
#define RETRY_FIRST 10
#define RETRY_LONGEST 250

/* qmp_capabilities carries an id that no earlier client can have used for something that is still under
 * way in the server: its reply would come before ours. */
#define NEGOTIATION_ID_MIN 100000000

/* What a callback of GIO's is for. */
typedef struct {
  QmpClient  *client;   /* owned */
  QmpOpening *opening;  /* borrowed: waits for the callback */
} Step;

/* --- the outcome of an opening --- */

static QmpOpening *
opening_new (QmpClient *self,
             GTask     *task,
             gint64     created)
{
  QmpOpening *opening = g_new0 (QmpOpening, 1);

  opening->task = task;
  opening->created = created;
  opening->retry_delay = RETRY_FIRST;
  g_queue_init (&opening->closers);
  qmp_handshake_init (&opening->handshake, self->await_greeting, self->negotiate, self->out_of_band,
                      self->guest_agent);
  return opening;
}

static void
opening_stop_sources (QmpOpening *opening)
{
  qmp_clear_source (&opening->deadline);
  qmp_clear_source (&opening->cancellation);
  qmp_clear_source (&opening->retry);
}

static void
opening_free (QmpOpening *opening)
{
  g_assert (opening->connecting == NULL && opening->closers.head == NULL);

  opening_stop_sources (opening);
  g_clear_object (&opening->task);
  g_clear_object (&opening->address);
  g_clear_object (&opening->securing);
  g_clear_error (&opening->error);
  qmp_handshake_clear (&opening->handshake);
  g_free (opening);
}

/* The outcome is final: to the inbox with it, unless a blocking caller looks for it himself. */
static void
announce (QmpClient  *self,
          QmpOpening *opening)
{
  if (opening->task != NULL)
    qmp_client_post_opening (self, opening);
}

/* error: nullable, taken. Only the first outcome counts. */
static void
opening_complete (QmpClient  *self,
                  QmpOpening *opening,
                  GError     *error)
{
  if (opening->done)
    {
      g_clear_error (&error);
      return;
    }

  opening->done = TRUE;
  opening->error = error;
  opening->negotiation = NULL;
  opening_stop_sources (opening);
  if (error != NULL)
    qmp_client_turn_peers_away (self, FALSE);
  /* GIO still owes its callback, which announces then. */
  if (opening->connecting != NULL)
    g_cancellable_cancel (opening->connecting);
  else
    announce (self, opening);
}

void
qmp_client_opening_failed (QmpClient *self,
                           GError    *error)
{
  opening_complete (self, self->opening, error);
}

/* The same from outside of the wire's dispatch. */
void
qmp_client_opening_fail_now (QmpClient *self,
                             GError    *error)
{
  qmp_client_opening_failed (self, error);
  qmp_client_close_transport (self);
}

static void
return_closers (GQueue *closers)
{
  GTask *task;

  while ((task = g_queue_pop_head (closers)) != NULL)
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
    }
}

void
qmp_client_apply_opening (QmpClient  *self,
                          QmpOpening *opening)
{
  if (self->opening != opening)
    return;

  if (opening->awaits_peer && self->listening != NULL)
    {
      self->opening = NULL;
      return;
    }
  if (opening->error != NULL)
    {
      qmp_client_post_listeners_failed (self, opening->error->message);
      qmp_client_close_transport (self);
      qmp_client_set_runstate (self, QMP_RUNSTATE_DISCONNECTING);
      /* A handler may have closed the client, and opened it again. */
      if (self->opening != opening)
        return;
      self->opening = NULL;
      qmp_client_set_runstate (self, QMP_RUNSTATE_IDLE);
      return;
    }
  self->opening = NULL;
  if (opening->handshake.greeting != NULL)
    qmp_client_set_greeting (self, opening->handshake.greeting);
  qmp_client_set_runstate (self, QMP_RUNSTATE_RUNNING);
}

void
qmp_client_deliver_opening (QmpClient  *self,
                            QmpOpening *opening)
{
  GTask *task = g_steal_pointer (&opening->task);

  qmp_client_apply_opening (self, opening);
  if (opening->error != NULL)
    g_task_return_error (task, g_steal_pointer (&opening->error));
  else
    g_task_return_boolean (task, TRUE);
  return_closers (&opening->closers);
  opening_free (opening);
  g_object_unref (task);
}

/* --- the handshake --- */

static void
opening_succeeded (QmpClient *self)
{
  opening_complete (self, self->opening, NULL);
}

void
qmp_client_opening_synced (QmpClient *self)
{
  opening_succeeded (self);
}

void
qmp_client_opening_greeted (QmpClient   *self,
                            QmpGreeting *greeting)
{
  QmpOpening *opening = self->opening;
  guint id = g_random_int_range (NEGOTIATION_ID_MIN, G_MAXINT);
  g_autofree char *text = NULL;

  qmp_handshake_greet (&opening->handshake, greeting);
  if (!opening->handshake.negotiate)
    {
      opening_succeeded (self);
      return;
    }
  text = qmp_handshake_dup_command (&opening->handshake, id);
  opening->negotiation = qmp_calls_issue (self->calls, QMP_CALL_VALUE,
                                          qmp_packet_new (text, strlen (text), NULL), id, NULL, FALSE);
}

void
qmp_client_opening_negotiated (QmpClient *self,
                               QmpCall   *call)
{
  if (call->error != NULL)
    {
      qmp_client_opening_failed (self, qmp_handshake_error_refused (call->error));
    }
  else
    {
      qmp_calls_set_window (self->calls, qmp_handshake_enables_oob (&self->opening->handshake));
      opening_succeeded (self);
    }
  qmp_call_free (call);
}

/* A stream that was given is closed whatever becomes of the opening. */
static void
discard_stream (GIOStream *stream)
{
  if (stream != NULL)
    qmp_transport_close_stream (stream);
}

void
qmp_client_opening_establish (QmpClient *self,
                              GIOStream *stream)
{
  g_autoptr(GError) error = NULL;

  self->transport = qmp_transport_new (stream, self->max_message_size, self->max_depth,
                                       &qmp_client_transport_funcs, self, &error);
  if (self->transport == NULL)
    {
      discard_stream (stream);
      qmp_client_opening_fail_now (self, g_steal_pointer (&error));
      return;
    }
  qmp_calls_begin (self->calls, self->transport);
  qmp_transport_attach (self->transport, qmp_client_get_io_context (self));
  if (self->opening->handshake.guest_agent)
    {
      qmp_client_agent_begin (self);
    }
  else if (!qmp_handshake_awaits_greeting (&self->opening->handshake))
    {
      opening_succeeded (self);
    }
}

/* --- connecting --- */

static void
fail_connecting (QmpClient *self,
                 GError    *error)
{
  g_autofree char *name = g_socket_connectable_to_string (self->opening->address);

  g_prefix_error (&error, _("Could not connect to %s: "), name);
  qmp_client_opening_fail_now (self, error);
}

static gboolean
is_other_file (GSocketConnectable *address)
{
  const char *path = qmp_address_get_path (address);
  struct stat info;

  return path != NULL && stat (path, &info) == 0 && !S_ISSOCK (info.st_mode);
}

static void
connected (QmpClient *self,
           GIOStream *stream)
{
  if (self->tls)
    qmp_client_opening_secure (self, stream);
  else
    qmp_client_opening_establish (self, stream);
}

static gboolean retry_cb (gpointer user_data);

/* Connecting to a Unix socket is done at once or not at all. When QEMU serves another client and more of
 * them wait, the kernel says "try again". */
static void
try_immediate (QmpClient *self)
{
  QmpOpening *opening = self->opening;
  g_autoptr(GError) error = NULL;
  g_autoptr(GIOStream) stream = qmp_address_connect (opening->address, &error);

  if (stream != NULL)
    {
      connected (self, stream);
    }
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      opening->retry = qmp_client_add_timer (self, opening->retry_delay, retry_cb);
      opening->retry_delay = MIN (opening->retry_delay * 2, RETRY_LONGEST);
    }
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED) && is_other_file (opening->address))
    {
      g_autofree char *name = g_socket_connectable_to_string (opening->address);

      qmp_client_opening_fail_now (self, g_error_new (QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_ADDRESS,
                                                      _("%s is not a socket"), name));
    }
  else
    {
      fail_connecting (self, g_steal_pointer (&error));
    }
}

static gboolean
retry_cb (gpointer user_data)
{
  QmpClient *self = user_data;

  qmp_clear_source (&self->opening->retry);
  try_immediate (self);
  return G_SOURCE_REMOVE;
}

gpointer
qmp_client_opening_begin_step (QmpClient *self)
{
  Step *step = g_new (Step, 1);

  *step = (Step) { g_object_ref (self), self->opening };
  self->opening->connecting = g_cancellable_new ();
  return step;
}

QmpClient *
qmp_client_opening_end_step (gpointer data)
{
  Step *step = data;
  g_autoptr(QmpClient) self = step->client;
  QmpOpening *opening = step->opening;

  g_free (step);
  g_clear_object (&opening->connecting);
  if (!opening->done)
    return g_steal_pointer (&self);

  announce (self, opening);
  return NULL;
}

static void
connected_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(QmpClient) self = qmp_client_opening_end_step (user_data);
  g_autoptr(GError) error = NULL;
  g_autoptr(GSocketConnection) connection =
    g_socket_client_connect_finish (G_SOCKET_CLIENT (source), result, &error);

  if (self == NULL)
    return;
  if (connection != NULL)
    connected (self, G_IO_STREAM (connection));
  else
    qmp_client_opening_fail_now (self, g_steal_pointer (&error));
}

/* Anything that is no Unix socket: names are looked up, addresses tried one after the other. */
static void
connect_by_socket_client (QmpClient *self)
{
  g_autoptr(GSocketClient) client = g_socket_client_new ();
  gpointer step = qmp_client_opening_begin_step (self);

  /* A monitor is no web site: no proxy is asked for it. */
  g_socket_client_set_enable_proxy (client, FALSE);
  g_main_context_push_thread_default (qmp_client_get_io_context (self));
  g_socket_client_connect_async (client, self->opening->address, self->opening->connecting, connected_cb, step);
  g_main_context_pop_thread_default (qmp_client_get_io_context (self));
}

static gboolean
vsock_cb (GSocket      *socket,
          GIOCondition  condition,
          gpointer      user_data)
{
  QmpClient *self = user_data;
  g_autoptr(GSocketConnection) connection = NULL;
  GError *error = NULL;

  if (g_socket_check_connect_result (socket, &error))
    {
      connection = g_socket_connection_factory_create_connection (socket);
      qmp_clear_source (&self->opening->retry);
      connected (self, G_IO_STREAM (connection));
    }
  else
    {
      fail_connecting (self, error);
    }
  return G_SOURCE_REMOVE;
}

/* GSocketClient would make the socket by its family, which GIO does not know. */
static void
connect_vsock (QmpClient *self)
{
  QmpOpening *opening = self->opening;
  GError *error = NULL;
  g_autoptr(GSocket) socket = qmp_address_begin_vsock (opening->address, &error);

  if (socket == NULL)
    {
      fail_connecting (self, error);
      return;
    }
  opening->retry = g_socket_create_source (socket, G_IO_OUT, NULL);
  g_source_set_static_name (opening->retry, "[qmp] vsock");
  g_source_set_callback (opening->retry, G_SOURCE_FUNC (vsock_cb), self, NULL);
  g_source_attach (opening->retry, qmp_client_get_io_context (self));
}

static void
connect_to (QmpClient          *self,
            GSocketConnectable *address)
{
  g_set_object (&self->opening->address, address);
  if (qmp_address_is_immediate (address))
    try_immediate (self);
  else if (qmp_address_is_vsock (address))
    connect_vsock (self);
  else
    connect_by_socket_client (self);
}

/* --- opening --- */

static GError *
opening_timed_out (QmpClient *self)
{
  if (self->transport != NULL)
    {
      qmp_transport_give_out_rest (self->transport);
      return qmp_handshake_error_timed_out (&self->opening->handshake);
    }
  if (self->opening->securing != NULL)
    return qmp_client_opening_secure_timed_out (self);
  if (self->opening->address != NULL && qmp_address_is_immediate (self->opening->address))
    return g_error_new_literal (QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_BUSY,
                                _("The socket's queue of connections is full: "
                                  "other clients hold this monitor and wait for it"));
  return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("Could not connect in time"));
}

static gboolean
open_deadline_cb (gpointer user_data)
{
  QmpClient *self = user_data;

  qmp_client_opening_fail_now (self, opening_timed_out (self));
  return G_SOURCE_REMOVE;
}

static void
start_open_deadline (QmpClient *self)
{
  if (self->open_timeout > 0)
    self->opening->deadline = qmp_client_add_timer (self, self->open_timeout, open_deadline_cb);
}

static gboolean
open_cancelled_cb (GCancellable *cancellable,
                   gpointer      user_data)
{
  GError *error = NULL;

  g_cancellable_set_error_if_cancelled (cancellable, &error);
  qmp_client_opening_fail_now (user_data, error);
  return G_SOURCE_REMOVE;
}

static gboolean
accept_deadline_cb (gpointer user_data)
{
  QmpClient *self = user_data;

  qmp_client_opening_fail_now (self, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                                                          _("No server connected in time")));
  return G_SOURCE_REMOVE;
}

static void
start_accepting (QmpClient *self)
{
  /* In this order: somebody who is there already is found first. */
  qmp_client_await_peer (self);
  if (self->accept_timeout > 0)
    self->opening->deadline = qmp_client_add_timer (self, self->accept_timeout, accept_deadline_cb);
}

void
qmp_client_opening_reached (QmpClient *self,
                            GIOStream *stream)
{
  self->opening->awaits_peer = FALSE;
  qmp_clear_source (&self->opening->deadline);
  start_open_deadline (self);
  qmp_client_opening_establish (self, stream);
}

static gboolean
require_openable (QmpClient  *self,
                  GError    **error)
{
  return qmp_client_require_not_listening (self, "open", error) &&
         qmp_client_require (self, QMP_RUNSTATE_IDLE, "open", error);
}

/* Takes task. Returns the opening, on which CONNECTING was announced: other people's code has run, and
 * the opening may be done by now. Returns NULL with error in the wrong runstate. */
static QmpOpening *
opening_begin (QmpClient  *self,
               gboolean    accepts,
               GTask      *task,
               gint64      created,
               GError    **error)
{
  QmpOpening *opening;

  if (accepts ? !qmp_client_require_listening (self, error) : !require_openable (self, error))
    return NULL;

  opening = opening_new (self, task, created);
  opening->awaits_peer = accepts;
  self->opening = opening;
  qmp_client_set_greeting (self, NULL);
  qmp_client_set_runstate (self, QMP_RUNSTATE_CONNECTING);
  return opening;
}

static void
opening_start (QmpClient          *self,
               GSocketConnectable *address,
               GIOStream          *stream,
               GCancellable       *cancellable)
{
  QmpOpening *opening = self->opening;
  GError *error = NULL;

  if (g_cancellable_set_error_if_cancelled (cancellable, &error))
    {
      discard_stream (stream);
      qmp_client_opening_fail_now (self, error);
      return;
    }

  if (cancellable != NULL)
    opening->cancellation = qmp_client_add_cancellation (self, cancellable,
                                                         G_SOURCE_FUNC (open_cancelled_cb), self);
  if (opening->awaits_peer)
    {
      start_accepting (self);
      return;
    }
  start_open_deadline (self);
  if (stream != NULL)
    qmp_client_opening_establish (self, stream);
  else
    connect_to (self, address);
}

void
qmp_client_open_in_background (QmpClient           *self,
                               GSocketConnectable  *address,
                               GIOStream           *stream,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data,
                               gpointer             source_tag)
{
  GError *error = NULL;
  gint64 created;
  g_autoptr(GTask) task = qmp_client_new_task (self, self, callback, user_data, source_tag, &created);
  gboolean accepts = address == NULL && stream == NULL;
  QmpOpening *opening = opening_begin (self, accepts, g_object_ref (task), created, &error);

  if (opening == NULL)
    {
      g_object_unref (task);
      g_task_return_error (task, error);
    }
  else if (self->opening == opening && !opening->done)
    {
      opening_start (self, address, stream, cancellable);
    }
  else
    {
      discard_stream (stream);
    }
}

gboolean
qmp_client_open_blocking (QmpClient           *self,
                          GSocketConnectable  *address,
                          GIOStream           *stream,
                          GCancellable        *cancellable,
                          GError             **error)
{
  gboolean accepts = address == NULL && stream == NULL;
  g_autoptr(QmpClient) keep = g_object_ref (self);
  QmpOpening *opening;
  gboolean success;

  if (!qmp_client_may_block (self, accepts ? "accept" : "open", error))
    return FALSE;
  opening = opening_begin (self, accepts, NULL, 0, error);
  if (opening == NULL)
    return FALSE;

  if (!opening->done)
    {
      qmp_client_begin_blocking (self);
      opening_start (self, address, stream, cancellable);
      while (!opening->done || opening->connecting != NULL)
        qmp_client_iterate (self);
      qmp_client_end_blocking (self);
    }
  else
    {
      discard_stream (stream);
    }
  qmp_client_apply_opening (self, opening);
  qmp_client_settle_runstate (self);
  return_closers (&opening->closers);
  success = opening->error == NULL;
  if (!success)
    g_propagate_error (error, g_steal_pointer (&opening->error));
  opening_free (opening);
  return success;
}

static GError *
closed_while_opening (void)
{
  return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                              _("The client was closed while it was opening"));
}

void
qmp_client_abort_opening (QmpClient *self)
{
  QmpOpening *opening = self->opening;

  if (opening->done && opening->error == NULL)
    opening->error = closed_while_opening ();
  qmp_client_opening_fail_now (self, closed_while_opening ());
}

/**
 * qmp_client_open_async:
 * @self: a client
 * @address: where the server listens: a [class@Gio.UnixSocketAddress], a
 *   [class@Gio.NetworkAddress] or any other [iface@Gio.SocketConnectable]; [func@address_parse] makes one of a
 *   text
 * @cancellable: (nullable): cancels the opening
 * @callback: (scope async) (closure user_data): called when the client runs, or could not be opened
 * @user_data: data for @callback
 *
 * Connects to a server, waits for its greeting and negotiates capabilities.
 *
 * Needs [enum@Runstate] `IDLE`; the client is `CONNECTING` from here on, and `RUNNING` when @callback is
 * called after success. What is waited for, and how long, is up to [property@Client:await-greeting],
 * [property@Client:negotiate] and [property@Client:open-timeout]. With [property@Client:tls] all of that is done over
 * TLS. Events that come before the greeting or
 * during the negotiation are not lost: they are emitted in their place.
 *
 * A Unix socket whose queue of connections is full is tried again until the timeout.
 *
 * See [method@Client.open_finish] for how it can fail. This is the QMP specification's "Server Greeting"
 * and "Capabilities Negotiation".
 *
 * Since: 1.0
 */
void
qmp_client_open_async (QmpClient           *self,
                       GSocketConnectable  *address,
                       GCancellable        *cancellable,
                       GAsyncReadyCallback  callback,
                       gpointer             user_data)
{
  g_return_if_fail (QMP_IS_CLIENT (self) && qmp_client_is_at_home (self));
  g_return_if_fail (G_IS_SOCKET_CONNECTABLE (address));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  qmp_client_open_in_background (self, address, NULL, cancellable, callback, user_data, qmp_client_open_async);
}

/**
 * qmp_client_open_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Ends [method@Client.open_async].
 *
 * After any error the client is `IDLE` and can be opened again. Errors are:
 *
 * - `QMP_CLIENT_ERROR_STATE`: the client was not `IDLE`, or listens; nothing was done, and the link that it
 *   may have is untouched;
 * - `QMP_CLIENT_ERROR_BUSY`: connected, but no greeting came in time, or the socket's queue stayed full:
 *   another client holds the monitor;
 * - `QMP_CLIENT_ERROR_ADDRESS`: the path is no socket, the descriptor is no connected one, or TLS has no host name
 *   to check the server's certificate against;
 * - `QMP_PROTOCOL_ERROR_GREETING`: something came, and it was no greeting;
 * - `QMP_PROTOCOL_ERROR_NEGOTIATION`: the server refused; its words are in the text;
 * - `QMP_PROTOCOL_ERROR_TOO_LARGE`: a message before the end of the negotiation was over
 *   [property@Client:max-message-size];
 * - `G_IO_ERROR_CONNECTION_CLOSED`: the server closed the connection on the way;
 * - `G_IO_ERROR_TIMED_OUT`: it could not be connected to in time, or did not answer the negotiation; or a guest
 *   agent did not answer, because it does not run or serves another client;
 * - `G_IO_ERROR_CANCELLED`: cancelled, or the client was closed meanwhile;
 * - `G_IO_ERROR_NOT_FOUND`, `G_IO_ERROR_CONNECTION_REFUSED` and others of `GIOErrorEnum` and
 *   `GResolverError`: it could not be connected to;
 * - `G_TLS_ERROR_BAD_CERTIFICATE`, `G_TLS_ERROR_MISC` and others of `GTlsError`: the connection could not be
 *   secured, see [property@Client:tls].
 *
 * Returns: `TRUE` if the client runs
 *
 * Since: 1.0
 */
gboolean
qmp_client_open_finish (QmpClient     *self,
                        GAsyncResult  *result,
                        GError       **error)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_client_open_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * qmp_client_open:
 * @self: a client
 * @address: where the server listens
 * @cancellable: (nullable): cancels the opening
 * @error: where to store an error
 *
 * Connects to a server, waits for its greeting and negotiates capabilities; blocks until done.
 *
 * The blocking form of [method@Client.open_async], with the errors of [method@Client.open_finish]. No main
 * loop is needed, and none is run: nobody else's callback is called meanwhile.
 *
 * Returns: `TRUE` if the client runs
 *
 * Since: 1.0
 */
gboolean
qmp_client_open (QmpClient           *self,
                 GSocketConnectable  *address,
                 GCancellable        *cancellable,
                 GError             **error)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self) && qmp_client_is_at_home (self), FALSE);
  g_return_val_if_fail (G_IS_SOCKET_CONNECTABLE (address), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);

  return qmp_client_open_blocking (self, address, NULL, cancellable, error);
}

/**
 * qmp_client_open_stream_async:
 * @self: a client
 * @stream: a connected stream
 * @cancellable: (nullable): cancels the opening
 * @callback: (scope async) (closure user_data): called when the client runs, or could not be opened
 * @user_data: data for @callback
 *
 * Opens over a stream that is connected already: one end of a socketpair, a TLS connection, a SPICE port.
 *
 * The client takes the stream over: it must not be read, written or closed by anybody else from here on,
 * and it is closed with the link, also when the opening fails, but for `QMP_CLIENT_ERROR_STATE`: a client that
 * could not begin leaves the stream alone. Its input and output must be pollable
 * ([iface@Gio.PollableInputStream]). File descriptors can be passed when it is a
 * [class@Gio.SocketConnection] over a Unix socket.
 *
 * Otherwise this is [method@Client.open_async].
 *
 * Since: 1.0
 */
void
qmp_client_open_stream_async (QmpClient           *self,
                              GIOStream           *stream,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  g_return_if_fail (QMP_IS_CLIENT (self) && qmp_client_is_at_home (self));
  g_return_if_fail (G_IS_IO_STREAM (stream));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  qmp_client_open_in_background (self, NULL, stream, cancellable, callback, user_data,
                                 qmp_client_open_stream_async);
}

/**
 * qmp_client_open_stream_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Ends [method@Client.open_stream_async].
 *
 * Errors are those of [method@Client.open_finish] but for connecting, and `G_IO_ERROR_NOT_SUPPORTED` for a
 * stream that cannot be polled.
 *
 * Returns: `TRUE` if the client runs
 *
 * Since: 1.0
 */
gboolean
qmp_client_open_stream_finish (QmpClient     *self,
                               GAsyncResult  *result,
                               GError       **error)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_client_open_stream_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * qmp_client_open_stream:
 * @self: a client
 * @stream: a connected stream
 * @cancellable: (nullable): cancels the opening
 * @error: where to store an error
 *
 * Opens over a stream that is connected already; blocks until done.
 *
 * The blocking form of [method@Client.open_stream_async].
 *
 * Returns: `TRUE` if the client runs
 *
 * Since: 1.0
 */
gboolean
qmp_client_open_stream (QmpClient     *self,
                        GIOStream     *stream,
                        GCancellable  *cancellable,
                        GError       **error)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self) && qmp_client_is_at_home (self), FALSE);
  g_return_val_if_fail (G_IS_IO_STREAM (stream), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);

  return qmp_client_open_blocking (self, NULL, stream, cancellable, error);
}
