/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "qmp-client-private.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

#include "qmp-address-private.h"
#include "qmp-debug-private.h"

/* One server at a time: whoever else comes finds this much room, and is turned away from there. */
#define BACKLOG 1

/* Peers turned away in one dispatch. */
#define MAX_TURNED_AWAY 16

/* Behind the link's own source: when a server left and comes again, its going is seen before its coming. */
#define PRIORITY_TURN_AWAY (G_PRIORITY_DEFAULT + 1)

/* Owned by the client for as long as it listens. */
struct _QmpListening {
  GSocket *socket;
  GSource *source;  /* nullable: takes a peer for an accept, or turns peers away */
  char    *path;    /* nullable: our socket file, absolute */
  dev_t    device;  /* of that file, to know it again */
  ino_t    inode;
};

/* --- the socket file --- */

/* Does nobody have the socket any more whose file this is? It is asked with a socket of another kind, which a
 * living one refuses as such: so none is disturbed by a connection. FALSE with error otherwise. */
static gboolean
is_stale (GSocketAddress  *address,
          GError         **error)
{
  g_autoptr(GSocket) probe = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_DATAGRAM,
                                           G_SOCKET_PROTOCOL_DEFAULT, error);
  g_autoptr(GError) answer = NULL;

  if (probe == NULL)
    return FALSE;

  if (!g_socket_connect (probe, address, NULL, &answer))
    {
      if (g_error_matches (answer, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED) ||
          g_error_matches (answer, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
        return TRUE;
      if (g_error_matches (answer, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED) || answer->domain != G_IO_ERROR)
        {
          g_propagate_error (error, g_steal_pointer (&answer));
          return FALSE;
        }
    }
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE, _("Somebody has this socket already"));
  return FALSE;
}

/* Makes room for our socket file. */
static gboolean
remove_stale_file (const char      *path,
                   GSocketAddress  *address,
                   GError         **error)
{
  struct stat info;

  if (lstat (path, &info) != 0)
    return TRUE;

  if (!S_ISSOCK (info.st_mode))
    {
      g_set_error_literal (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_ADDRESS,
                           _("There is a file that is not a socket"));
      return FALSE;
    }
  if (!is_stale (address, error))
    return FALSE;
  g_unlink (path);
  return TRUE;
}

static void
remember_file (QmpListening *listening,
               const char   *path)
{
  struct stat info;

  if (lstat (path, &info) != 0)
    return;

  listening->path = g_canonicalize_filename (path, NULL);
  listening->device = info.st_dev;
  listening->inode = info.st_ino;
}

/* Somebody may have put another file into its place. */
static void
remove_own_file (QmpListening *listening)
{
  struct stat info;

  if (lstat (listening->path, &info) == 0 && S_ISSOCK (info.st_mode) &&
      info.st_dev == listening->device && info.st_ino == listening->inode)
    g_unlink (listening->path);
}

/* --- the listening socket --- */

static QmpListening *
listening_new (GSocket    *socket,
               const char *path)
{
  QmpListening *listening = g_new0 (QmpListening, 1);

  g_socket_set_blocking (socket, FALSE);
  listening->socket = g_object_ref (socket);
  if (path != NULL)
    remember_file (listening, path);
  return listening;
}

static void
listening_free (QmpListening *listening)
{
  qmp_clear_source (&listening->source);
  /* While the socket still lives, nobody takes its file for a stale one and puts his own there. */
  if (listening->path != NULL)
    remove_own_file (listening);
  g_socket_close (listening->socket, NULL);
  g_object_unref (listening->socket);
  g_free (listening->path);
  g_free (listening);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QmpListening, listening_free)

static QmpListening *
listen_on (GSocketAddress  *address,
           GError         **error)
{
  const char *path = qmp_address_get_path (G_SOCKET_CONNECTABLE (address));
  g_autoptr(QmpListening) listening = NULL;
  g_autoptr(GSocket) socket = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM,
                                            G_SOCKET_PROTOCOL_DEFAULT, error);

  if (socket == NULL || (path != NULL && !remove_stale_file (path, address, error)))
    return NULL;
  /* TRUE is SO_REUSEADDR: a port whose last connections the kernel still remembers can be had. */
  if (!g_socket_bind (socket, address, TRUE, error))
    return NULL;

  listening = listening_new (socket, path);
  g_socket_set_listen_backlog (socket, BACKLOG);
  if (!g_socket_listen (socket, error))
    return NULL;
  return g_steal_pointer (&listening);
}

/* On the first of the addresses that can be had. */
static QmpListening *
listen_on_any (GSocketConnectable  *address,
               GError             **error)
{
  g_autoptr(GSocketAddressEnumerator) enumerator = g_socket_connectable_enumerate (address);
  g_autoptr(GError) first_error = NULL;
  g_autofree char *name = NULL;

  while (TRUE)
    {
      g_autoptr(GError) local_error = NULL;
      g_autoptr(GSocketAddress) next = g_socket_address_enumerator_next (enumerator, NULL, &local_error);
      QmpListening *listening = next != NULL ? listen_on (next, &local_error) : NULL;

      if (listening != NULL)
        return listening;
      if (first_error == NULL)
        first_error = g_steal_pointer (&local_error);
      if (next == NULL)
        break;
    }

  name = g_socket_connectable_to_string (address);
  if (first_error == NULL)
    g_set_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_ADDRESS, _("%s is no address"), name);
  else
    g_propagate_prefixed_error (error, g_steal_pointer (&first_error), _("Could not listen on %s: "), name);
  return NULL;
}

/* --- peers --- */

static void
watch (QmpListening      *listening,
       GMainContext      *context,
       int                priority,
       GSocketSourceFunc  callback,
       QmpClient         *self)
{
  qmp_clear_source (&listening->source);
  listening->source = g_socket_create_source (listening->socket, G_IO_IN, NULL);
  g_source_set_static_name (listening->source, "[qmp] listening");
  g_source_set_priority (listening->source, priority);
  g_source_set_callback (listening->source, G_SOURCE_FUNC (callback), self, NULL);
  g_source_attach (listening->source, context);
}

static gboolean
turn_away_cb (GSocket      *socket,
              GIOCondition  condition,
              gpointer      user_data)
{
  QmpClient *self = user_data;

  for (guint n = 0; n < MAX_TURNED_AWAY; n++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(GSocket) peer = g_socket_accept (socket, NULL, &error);

      if (peer != NULL)
        {
          qmp_debug (QMP_DEBUG_STATE, "a further peer was turned away");
          g_socket_close (peer, NULL);
          continue;
        }
      /* Out of descriptors, or something like it: rather let them wait than try for ever. */
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        qmp_clear_source (&self->listening->source);
      break;
    }
  return G_SOURCE_CONTINUE;
}

/* One link at a time. With nobody to serve, peers wait in the kernel's queue for the next accept. */
void
qmp_client_turn_peers_away (QmpClient *self,
                            gboolean   turn_away)
{
  if (self->listening == NULL)
    return;

  if (turn_away)
    watch (self->listening, self->home, PRIORITY_TURN_AWAY, turn_away_cb, self);
  else
    qmp_clear_source (&self->listening->source);
}

static gboolean
take_peer_cb (GSocket      *socket,
              GIOCondition  condition,
              gpointer      user_data)
{
  QmpClient *self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GSocket) peer = g_socket_accept (socket, NULL, &error);

  if (peer != NULL)
    {
      g_autoptr(GSocketConnection) connection = g_socket_connection_factory_create_connection (peer);

      qmp_client_turn_peers_away (self, TRUE);
      qmp_client_opening_reached (self, G_IO_STREAM (connection));
    }
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      qmp_client_opening_failed (self, g_steal_pointer (&error));
    }
  return G_SOURCE_CONTINUE;
}

void
qmp_client_await_peer (QmpClient *self)
{
  watch (self->listening, qmp_client_get_io_context (self), G_PRIORITY_DEFAULT, take_peer_cb, self);
}

/* Rather not at all than without the safety that was asked for. */
static gboolean
require_no_tls (QmpClient  *self,
                GError    **error)
{
  if (!self->tls)
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                       _("A client that listens cannot speak TLS"));
  return FALSE;
}

gboolean
qmp_client_require_listening (QmpClient  *self,
                              GError    **error)
{
  if (self->listening == NULL)
    {
      g_set_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE,
                   _("Cannot %s: the client does not listen"), "accept");
      return FALSE;
    }
  if (self->opening != NULL)
    {
      g_set_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE,
                   _("Cannot %s: the client is accepting already"), "accept");
      return FALSE;
    }
  return (self->runstate == QMP_RUNSTATE_CONNECTING ||
          qmp_client_require (self, QMP_RUNSTATE_IDLE, "accept", error)) &&
         require_no_tls (self, error);
}

gboolean
qmp_client_require_not_listening (QmpClient   *self,
                                  const char  *what,
                                  GError     **error)
{
  if (self->listening == NULL)
    return TRUE;

  g_set_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE,
               _("Cannot %s: the client listens, and does so until it is closed"), what);
  return FALSE;
}

/* --- the end --- */

static void
set_listen_address (QmpClient      *self,
                    GSocketAddress *address)
{
  if (g_set_object (&self->listen_address, address))
    g_object_notify (G_OBJECT (self), "listen-address");
}

void
qmp_client_drop_listening (QmpClient *self)
{
  g_clear_pointer (&self->listening, listening_free);
}

static gboolean
has_link (QmpClient *self)
{
  return self->opening != NULL || self->transport != NULL || self->ending != NULL;
}

/* Runs other people's code at each step, which may close the client or let it listen again: each step looks
 * at what is there. */
void
qmp_client_end_listening (QmpClient *self)
{
  qmp_client_drop_listening (self);
  set_listen_address (self, NULL);
  /* Nobody had called accept, or nobody had come: there is no link whose end would bring the runstate back. */
  if (self->runstate == QMP_RUNSTATE_CONNECTING && self->listening == NULL && !has_link (self))
    qmp_client_set_runstate (self, QMP_RUNSTATE_DISCONNECTING);
  if (self->runstate == QMP_RUNSTATE_DISCONNECTING && self->listening == NULL && !has_link (self))
    qmp_client_set_runstate (self, QMP_RUNSTATE_IDLE);
}

/**
 * qmp_client_listen:
 * @self: a client
 * @address: where to listen: a [class@Gio.UnixSocketAddress], a [class@Gio.InetSocketAddress], or a
 *   [class@Gio.NetworkAddress]
 * @error: where to store an error
 *
 * Listens for servers that connect to the client, instead of the other way round.
 *
 * QEMU does so with `-chardev socket,id=m,path=PATH,reconnect=1 -mon m,mode=control`. Start to listen, start
 * QEMU, then call [method@Client.accept_async]; QEMU may come before that, it waits then.
 *
 * Needs [enum@Runstate] `IDLE`. Returns at once with the client `CONNECTING`, and in
 * [property@Client:listen-address] the address that was really bound: port 0 stands for any that is free.
 * Of the addresses that a name has, the first that can be bound is taken; looking a name up blocks, so give a
 * number or `localhost`.
 *
 * The file of a Unix socket that nobody has any more is removed first. The client's own one is removed when
 * listening ends.
 *
 * ## How long it lasts
 *
 * Until the client is closed, or freed. The end of a link does not end it, nor does an accept that fails: the next
 * accept may follow, and a server that reconnects by itself is met again.
 *
 * | while listening | runstate | a peer that comes | may be called |
 * |---|---|---|---|
 * | no accept yet | `CONNECTING` | waits | accept, close |
 * | accept waits | `CONNECTING` | is taken | close |
 * | accept timed out or was cancelled before a peer came | `CONNECTING` | waits | accept, close |
 * | a peer came: greeting, negotiation | `CONNECTING` | is turned away | close |
 * | that failed, or the link ended | `DISCONNECTING`, then `IDLE` | waits | accept, close |
 * | the link is up | `RUNNING` | is turned away | commands, close |
 * | after close | `DISCONNECTING`, then `IDLE` | finds nobody | listen, open |
 *
 * Turned away means that the connection is closed at once. It is done from the client's main context; while that
 * does not run, blocking calls included, such a peer waits in the kernel's queue, where there is room for about
 * one.
 *
 * Errors, after each of which the client is as it was before:
 *
 * - `QMP_CLIENT_ERROR_STATE`: the client was not `IDLE`, or listens already;
 * - `QMP_CLIENT_ERROR_ADDRESS`: at the path is something that is no socket, which is never removed; or the
 *   address is none to listen on;
 * - `G_IO_ERROR_ADDRESS_IN_USE`: somebody else has the socket;
 * - `G_IO_ERROR_NOT_SUPPORTED`: [property@Client:tls] is on, which is for opening alone;
 * - `G_IO_ERROR_PERMISSION_DENIED`, `G_IO_ERROR_NOT_FOUND` and others of `GIOErrorEnum` and
 *   `GResolverError`: it could not be bound.
 *
 * Returns: `TRUE` if the client listens
 *
 * Since: 1.0
 */
gboolean
qmp_client_listen (QmpClient           *self,
                   GSocketConnectable  *address,
                   GError             **error)
{
  g_autoptr(GSocketAddress) bound = NULL;
  QmpListening *listening;

  g_return_val_if_fail (QMP_IS_CLIENT (self) && qmp_client_is_at_home (self), FALSE);
  g_return_val_if_fail (G_IS_SOCKET_CONNECTABLE (address), FALSE);

  if (!qmp_client_require_not_listening (self, "listen", error) ||
      !qmp_client_require (self, QMP_RUNSTATE_IDLE, "listen", error) ||
      !require_no_tls (self, error))
    return FALSE;
  listening = listen_on_any (address, error);
  if (listening == NULL)
    return FALSE;

  bound = g_socket_get_local_address (listening->socket, NULL);
  g_object_freeze_notify (G_OBJECT (self));
  self->listening = listening;
  set_listen_address (self, bound);
  qmp_client_set_runstate (self, QMP_RUNSTATE_CONNECTING);
  g_object_thaw_notify (G_OBJECT (self));
  return TRUE;
}

/**
 * qmp_client_accept_async:
 * @self: a client
 * @cancellable: (nullable): cancels the accept
 * @callback: (scope async) (closure user_data): called when the client runs, or accept failed
 * @user_data: data for @callback
 *
 * Waits for a server to connect, then for its greeting, and negotiates capabilities.
 *
 * Needs a client that listens ([method@Client.listen]), has no link and does not accept already: it is
 * `CONNECTING`, or `IDLE` when an earlier link has ended. It is `CONNECTING` from here on, and `RUNNING` when
 * @callback is called after success.
 *
 * How long to wait for the server is up to [property@Client:accept-timeout]. Once it is there, everything is as
 * in [method@Client.open_async], [property@Client:open-timeout] included.
 *
 * See [method@Client.accept_finish] for how it can fail.
 *
 * Since: 1.0
 */
void
qmp_client_accept_async (QmpClient           *self,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  g_return_if_fail (QMP_IS_CLIENT (self) && qmp_client_is_at_home (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  qmp_client_open_in_background (self, NULL, NULL, cancellable, callback, user_data, qmp_client_accept_async);
}

/**
 * qmp_client_accept_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Ends [method@Client.accept_async].
 *
 * The client listens on after any error but that of [method@Client.close_async], so that accept can be called
 * again. When no server had come it is still `CONNECTING`, otherwise it is `IDLE` and the connection is closed.
 * Errors are:
 *
 * - `QMP_CLIENT_ERROR_STATE`: the client does not listen, accepts already or has a link; nothing was done;
 * - `G_IO_ERROR_NOT_SUPPORTED`: [property@Client:tls] is on; nothing was done;
 * - `G_IO_ERROR_TIMED_OUT`: no server came in time, or one came and did not answer the negotiation;
 * - `G_IO_ERROR_CANCELLED`: cancelled; or closed meanwhile, and the client is `IDLE`;
 * - `QMP_CLIENT_ERROR_BUSY`: a server came, and no greeting in time;
 * - those of [method@Client.open_finish] for the greeting and the negotiation;
 * - others of `GIOErrorEnum`: the connection could not be taken, for example for want of descriptors.
 *
 * Returns: `TRUE` if the client runs
 *
 * Since: 1.0
 */
gboolean
qmp_client_accept_finish (QmpClient     *self,
                          GAsyncResult  *result,
                          GError       **error)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_client_accept_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * qmp_client_accept:
 * @self: a client
 * @cancellable: (nullable): cancels the accept
 * @error: where to store an error
 *
 * Waits for a server to connect, then for its greeting, and negotiates capabilities; blocks until done.
 *
 * The blocking form of [method@Client.accept_async], with the errors of [method@Client.accept_finish]. Without
 * [property@Client:accept-timeout] it may block for ever. No main loop is needed, and none is run: nobody else's
 * callback is called meanwhile.
 *
 * Returns: `TRUE` if the client runs
 *
 * Since: 1.0
 */
gboolean
qmp_client_accept (QmpClient     *self,
                   GCancellable  *cancellable,
                   GError       **error)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self) && qmp_client_is_at_home (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);

  return qmp_client_open_blocking (self, NULL, NULL, cancellable, error);
}

/* --- properties --- */

/**
 * qmp_client_get_listen_address:
 * @self: a client
 *
 * Gets the address that the client listens on; see [property@Client:listen-address].
 *
 * Returns: (transfer none) (nullable): the address
 *
 * Since: 1.0
 */
GSocketAddress *
qmp_client_get_listen_address (QmpClient *self)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), NULL);

  return self->listen_address;
}

/**
 * qmp_client_get_accept_timeout:
 * @self: a client
 *
 * Gets how long accepting waits for a server to connect.
 *
 * Returns: milliseconds, 0 for as long as it takes
 *
 * Since: 1.0
 */
guint
qmp_client_get_accept_timeout (QmpClient *self)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), 0);

  return self->accept_timeout;
}

/**
 * qmp_client_set_accept_timeout:
 * @self: a client
 * @accept_timeout: milliseconds, 0 for as long as it takes
 *
 * Sets how long accepting waits for a server to connect.
 *
 * Looked at when accepting begins.
 *
 * Since: 1.0
 */
void
qmp_client_set_accept_timeout (QmpClient *self,
                               guint      accept_timeout)
{
  g_return_if_fail (QMP_IS_CLIENT (self));

  if (self->accept_timeout == accept_timeout)
    return;

  self->accept_timeout = accept_timeout;
  g_object_notify (G_OBJECT (self), "accept-timeout");
}
