/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "wire/qmp-listening-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qmp-glib/qmp-error.h>

#include "core/qmp-debug-private.h"
#include "wire/qmp-address-private.h"

/* One server at a time: whoever else comes finds this much room, and is turned away from there. */
#define BACKLOG 1
#define BACKLOG_MANY 128

/* Peers turned away in one dispatch. */
#define MAX_TURNED_AWAY 16

struct _QmpListening {
  GSocket          *socket;
  QmpIoContext     *owner_context;
  QmpListeningFunc  func;
  gpointer          user_data;

  QmpIoWatch        watch;          /* takes a peer, or turns peers away */
  char             *path;           /* nullable: our socket file, absolute */
  pid_t             pid;            /* whose it is: not a forked child's */
  dev_t             device;         /* of that file, to know it again */
  ino_t             inode;
  gboolean          given;          /* a socket that others have too: its flags are put back */
  int               flags;
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
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE, _("The socket is in use by another process"));
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
      g_set_error_literal (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_NOT_A_SOCKET,
                           _("There is a file at this path that is not a socket"));
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
  listening->pid = getpid ();
  listening->device = info.st_dev;
  listening->inode = info.st_ino;
}

/* Somebody may have put another file into its place. */
static void
remove_own_file (QmpListening *listening)
{
  struct stat info;

  if (listening->pid == getpid () && lstat (listening->path, &info) == 0 && S_ISSOCK (info.st_mode) &&
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

void
qmp_listening_free (QmpListening *listening)
{
  qmp_io_watch_detach (&listening->watch);
  /* While the socket still lives, nobody takes its file for a stale one and puts his own there. */
  if (listening->path != NULL)
    remove_own_file (listening);
  if (listening->given)
    fcntl (g_socket_get_fd (listening->socket), F_SETFL, listening->flags);
  g_socket_close (listening->socket, NULL);
  g_object_unref (listening->socket);
  g_clear_pointer (&listening->owner_context, qmp_io_context_unref);
  g_free (listening->path);
  g_free (listening);
}

/* A socket's file gets the socket's own mode, so that it is at no moment for others. */
static gboolean
keep_to_owner (GSocket  *socket,
               GError  **error)
{
  int code;

  if (fchmod (g_socket_get_fd (socket), S_IRUSR | S_IWUSR) == 0)
    return TRUE;

  code = errno;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code),
               _("The socket cannot be kept from other users: %s"), g_strerror (code));
  return FALSE;
}

static QmpListening *
listen_on (GSocketAddress     *address,
           QmpListeningFlags   flags,
           GError            **error)
{
  const char *path = qmp_address_get_path (G_SOCKET_CONNECTABLE (address));
  g_autoptr(QmpListening) listening = NULL;
  g_autoptr(GSocket) socket = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM,
                                            G_SOCKET_PROTOCOL_DEFAULT, error);

  if (socket == NULL || (path != NULL && !remove_stale_file (path, address, error)))
    return NULL;
  if (path != NULL && flags & QMP_LISTENING_OWNER_ONLY && !keep_to_owner (socket, error))
    return NULL;
  /* TRUE is SO_REUSEADDR: a port whose last connections the kernel still remembers can be had. */
  if (!g_socket_bind (socket, address, TRUE, error))
    return NULL;

  listening = listening_new (socket, path);
  g_socket_set_listen_backlog (socket, flags & QMP_LISTENING_MANY ? BACKLOG_MANY : BACKLOG);
  if (!g_socket_listen (socket, error))
    return NULL;
  return g_steal_pointer (&listening);
}

/* On a descriptor. Its file is somebody else's to remove. */
static QmpListening *
listen_on_given (GSocketConnectable  *address,
                 GError             **error)
{
  int flags = qmp_address_get_flags (address);
  g_autoptr(GSocket) socket = qmp_address_dup_listener (address, error);
  QmpListening *listening;

  if (socket == NULL)
    return NULL;
  listening = listening_new (socket, NULL);
  listening->given = TRUE;
  listening->flags = flags;
  return listening;
}

/* On the first of the addresses that can be had. */
static QmpListening *
listen_on_any (GSocketConnectable  *address,
               QmpListeningFlags    flags,
               GError             **error)
{
  g_autoptr(GSocketAddressEnumerator) enumerator = g_socket_connectable_enumerate (address);
  g_autoptr(GError) first_error = NULL;
  g_autofree char *name = NULL;

  while (TRUE)
    {
      g_autoptr(GError) local_error = NULL;
      g_autoptr(GSocketAddress) next = g_socket_address_enumerator_next (enumerator, NULL, &local_error);
      QmpListening *listening = next != NULL ? listen_on (next, flags, &local_error) : NULL;

      if (listening != NULL)
        return listening;
      if (first_error == NULL)
        first_error = g_steal_pointer (&local_error);
      if (next == NULL)
        break;
    }

  name = qmp_address_dup_text (address);
  if (first_error == NULL || qmp_address_is_vsock (address) || qmp_address_get_ssh_place (address) != NULL)
    g_set_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_ADDRESS, _("%s is not an address to listen on"), name);
  else
    g_propagate_prefixed_error (error, g_steal_pointer (&first_error), _("Could not listen on %s: "), name);
  return NULL;
}

QmpListening *
qmp_listening_new (GSocketConnectable  *address,
                   QmpListeningFlags    flags,
                   QmpIoContext        *owner_context,
                   QmpListeningFunc     func,
                   gpointer             user_data,
                   GError             **error)
{
  QmpListening *listening = qmp_address_is_given (address) ? listen_on_given (address, error)
                                                           : listen_on_any (address, flags, error);

  if (listening == NULL)
    return NULL;
  listening->owner_context = owner_context != NULL ? qmp_io_context_ref (owner_context) : NULL;
  listening->func = func;
  listening->user_data = user_data;
  return listening;
}

void
qmp_listening_leave (QmpListening *listening)
{
  g_clear_pointer (&listening->path, g_free);
  /* Whoever has it now sets its flags. */
  listening->given = FALSE;
  qmp_listening_free (listening);
}

int
qmp_listening_get_fd (QmpListening *listening)
{
  return g_socket_get_fd (listening->socket);
}

GSocketAddress *
qmp_listening_dup_address (QmpListening *listening)
{
  return g_socket_get_local_address (listening->socket, NULL);
}

/* --- peers --- */

static void
watch (QmpListening     *listening,
       QmpIoContext     *context,
       const QmpIoFuncs *funcs)
{
  qmp_listening_rest (listening);
  qmp_io_watch_attach (&listening->watch, context, funcs, listening);
  qmp_io_watch_set_fd (&listening->watch, g_socket_get_fd (listening->socket), G_IO_IN);
}

void
qmp_listening_rest (QmpListening *listening)
{
  if (listening != NULL)
    qmp_io_watch_detach (&listening->watch);
}

static gboolean
turn_away (gpointer     owner,
           GIOCondition ready)
{
  QmpListening *listening = owner;

  for (guint n = 0; n < MAX_TURNED_AWAY; n++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(GSocket) peer = g_socket_accept (listening->socket, NULL, &error);

      if (peer != NULL)
        {
          qmp_debug (QMP_DEBUG_STATE, "a further peer was turned away");
          g_socket_close (peer, NULL);
          continue;
        }
      /* Out of descriptors, or something like it: rather let them wait than try for ever. */
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        qmp_listening_rest (listening);
      break;
    }
  return FALSE;
}

static const QmpIoFuncs turn_away_funcs = { NULL, turn_away };

static gboolean
take_peer (gpointer     owner,
           GIOCondition ready)
{
  QmpListening *listening = owner;
  g_autoptr(GError) error = NULL;
  g_autoptr(GSocket) peer = g_socket_accept (listening->socket, NULL, &error);

  if (peer != NULL)
    {
      g_autoptr(GSocketConnection) connection = g_socket_connection_factory_create_connection (peer);

      watch (listening, listening->owner_context, &turn_away_funcs);
      /* When a server left and comes again, its going is seen before its coming. */
      qmp_io_watch_set_late (&listening->watch, TRUE);
      listening->func (G_IO_STREAM (connection), NULL, listening->user_data);
    }
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      qmp_listening_rest (listening);
      listening->func (NULL, g_steal_pointer (&error), listening->user_data);
    }
  return FALSE;
}

static const QmpIoFuncs take_peer_funcs = { NULL, take_peer };

void
qmp_listening_await (QmpListening *listening,
                     QmpIoContext *context)
{
  watch (listening, context, &take_peer_funcs);
  qmp_io_watch_set_late (&listening->watch, FALSE);
}
