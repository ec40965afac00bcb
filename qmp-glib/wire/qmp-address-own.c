/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "wire/qmp-address-private.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gi18n-lib.h>
#include <linux/vm_sockets.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qmp-error.h"
#include "wire/qmp-fd-stream-private.h"

typedef enum {
  OWN_PATH,
  OWN_FD,
  OWN_VSOCK,
  OWN_SSH,
} OwnKind;

struct _QmpOwnAddress {
  GSocketAddress parent_instance;

  OwnKind        kind;
  char          *path;  /* OWN_PATH */
  int            fd;    /* OWN_FD, borrowed */
  guint32        cid;   /* OWN_VSOCK */
  guint32        port;
  QmpSshPlace    ssh;   /* OWN_SSH */
};

static void qmp_own_address_connectable_init (GSocketConnectableIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (QmpOwnAddress, qmp_own_address, G_TYPE_SOCKET_ADDRESS,
                               G_IMPLEMENT_INTERFACE (G_TYPE_SOCKET_CONNECTABLE, qmp_own_address_connectable_init))

static void
qmp_own_address_finalize (GObject *object)
{
  QmpOwnAddress *self = QMP_OWN_ADDRESS (object);

  g_free (self->path);
  g_free (self->ssh.user);
  g_free (self->ssh.host);
  g_free (self->ssh.path);

  G_OBJECT_CLASS (qmp_own_address_parent_class)->finalize (object);
}

/* GSocketFamily has no value for a vsock, and a GSocket of such a family can only be made from a descriptor. */
static GSocketFamily
qmp_own_address_get_family (GSocketAddress *address)
{
  return QMP_OWN_ADDRESS (address)->kind == OWN_PATH ? G_SOCKET_FAMILY_UNIX : G_SOCKET_FAMILY_INVALID;
}

static gssize
qmp_own_address_get_native_size (GSocketAddress *address)
{
  return QMP_OWN_ADDRESS (address)->kind == OWN_VSOCK ? (gssize) sizeof (struct sockaddr_vm) : -1;
}

static gboolean
qmp_own_address_to_native (GSocketAddress  *address,
                           gpointer         destination,
                           gsize            size,
                           GError         **error)
{
  QmpOwnAddress *self = QMP_OWN_ADDRESS (address);

  if (self->kind == OWN_VSOCK && size >= sizeof (struct sockaddr_vm))
    {
      struct sockaddr_vm native = { .svm_family = AF_VSOCK, .svm_cid = self->cid, .svm_port = self->port };

      memcpy (destination, &native, sizeof (native));
      return TRUE;
    }
  if (self->kind == OWN_PATH)
    g_set_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_ADDRESS,
                 _("The path is %lu bytes long, and a Unix socket's address holds %d"),
                 (gulong) strlen (self->path), QMP_ADDRESS_MAX_PATH);
  else
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, _("Not an address that sockets know"));
  return FALSE;
}

static char *
describe_ssh (const QmpSshPlace *place)
{
  g_autoptr(GString) text = g_string_new ("ssh:");

  if (place->user != NULL)
    g_string_append_printf (text, "%s@", place->user);
  g_string_append_printf (text, strchr (place->host, ':') != NULL ? "[%s]" : "%s", place->host);
  if (place->port != 0)
    g_string_append_printf (text, ":%u", place->port);
  g_string_append_uri_escaped (text, place->path, G_URI_RESERVED_CHARS_ALLOWED_IN_PATH, TRUE);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static char *
qmp_own_address_to_string (GSocketConnectable *connectable)
{
  QmpOwnAddress *self = QMP_OWN_ADDRESS (connectable);

  switch (self->kind)
    {
    case OWN_PATH:
      return g_filename_display_name (self->path);
    case OWN_FD:
      return g_strdup_printf ("fd:%d", self->fd);
    case OWN_VSOCK:
      return g_strdup_printf ("vsock:%u:%u", self->cid, self->port);
    case OWN_SSH:
      return describe_ssh (&self->ssh);
    default:
      g_assert_not_reached ();
    }
}

static void
qmp_own_address_connectable_init (GSocketConnectableIface *iface)
{
  iface->to_string = qmp_own_address_to_string;
}

static void
qmp_own_address_class_init (QmpOwnAddressClass *klass)
{
  GSocketAddressClass *address_class = G_SOCKET_ADDRESS_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = qmp_own_address_finalize;
  address_class->get_family = qmp_own_address_get_family;
  address_class->get_native_size = qmp_own_address_get_native_size;
  address_class->to_native = qmp_own_address_to_native;
}

static void
qmp_own_address_init (QmpOwnAddress *self)
{
}

static QmpOwnAddress *
own_address_new (OwnKind kind)
{
  QmpOwnAddress *self = g_object_new (QMP_TYPE_OWN_ADDRESS, NULL);

  self->kind = kind;
  return self;
}

GSocketConnectable *
qmp_own_address_new_path (const char *path)
{
  QmpOwnAddress *self = own_address_new (OWN_PATH);

  self->path = g_strdup (path);
  return G_SOCKET_CONNECTABLE (self);
}

GSocketConnectable *
qmp_own_address_new_fd (int fd)
{
  QmpOwnAddress *self = own_address_new (OWN_FD);

  self->fd = fd;
  return G_SOCKET_CONNECTABLE (self);
}

GSocketConnectable *
qmp_own_address_new_vsock (guint32 cid,
                           guint32 port)
{
  QmpOwnAddress *self = own_address_new (OWN_VSOCK);

  self->cid = cid;
  self->port = port;
  return G_SOCKET_CONNECTABLE (self);
}

GSocketConnectable *
qmp_own_address_new_ssh (const char *user,
                         const char *host,
                         guint16     port,
                         const char *path)
{
  QmpOwnAddress *self = own_address_new (OWN_SSH);

  self->ssh = (QmpSshPlace) { g_strdup (user), g_strdup (host), port, g_strdup (path) };
  return G_SOCKET_CONNECTABLE (self);
}

static gboolean
is_kind (GSocketConnectable *address,
         OwnKind             kind)
{
  return QMP_IS_OWN_ADDRESS (address) && QMP_OWN_ADDRESS (address)->kind == kind;
}

const char *
qmp_address_get_path (GSocketConnectable *address)
{
  if (is_kind (address, OWN_PATH))
    return QMP_OWN_ADDRESS (address)->path;
  if (G_IS_UNIX_SOCKET_ADDRESS (address) &&
      g_unix_socket_address_get_address_type (G_UNIX_SOCKET_ADDRESS (address)) == G_UNIX_SOCKET_ADDRESS_PATH)
    return g_unix_socket_address_get_path (G_UNIX_SOCKET_ADDRESS (address));
  return NULL;
}

const QmpSshPlace *
qmp_address_get_ssh_place (GSocketConnectable *address)
{
  return is_kind (address, OWN_SSH) ? &QMP_OWN_ADDRESS (address)->ssh : NULL;
}

gboolean
qmp_address_is_given (GSocketConnectable *address)
{
  return is_kind (address, OWN_FD);
}

/* --- for display --- */

static char *
describe_unix (GUnixSocketAddress *address)
{
  const char *path = g_unix_socket_address_get_path (address);
  g_autofree char *name = g_filename_display_name (path);

  switch (g_unix_socket_address_get_address_type (address))
    {
    case G_UNIX_SOCKET_ADDRESS_ABSTRACT:
    case G_UNIX_SOCKET_ADDRESS_ABSTRACT_PADDED:
      return g_strconcat ("@", name, NULL);
    default:
      return g_steal_pointer (&name);
    }
}

static char *
describe_port (const char *host,
               guint       port)
{
  return g_strdup_printf (strchr (host, ':') != NULL ? "[%s]:%u" : "%s:%u", host, port);
}

static char *
describe_inet (GInetSocketAddress *address)
{
  g_autofree char *host = g_inet_address_to_string (g_inet_socket_address_get_address (address));

  return describe_port (host, g_inet_socket_address_get_port (address));
}

char *
qmp_address_dup_text (GSocketConnectable *address)
{
  if (G_IS_UNIX_SOCKET_ADDRESS (address))
    return describe_unix (G_UNIX_SOCKET_ADDRESS (address));
  if (G_IS_INET_SOCKET_ADDRESS (address))
    return describe_inet (G_INET_SOCKET_ADDRESS (address));
  if (G_IS_NETWORK_ADDRESS (address))
    return describe_port (g_network_address_get_hostname (G_NETWORK_ADDRESS (address)),
                          g_network_address_get_port (G_NETWORK_ADDRESS (address)));
  return g_socket_connectable_to_string (address);
}

/* --- Unix sockets --- */

static GIOStream *
connect_once (GSocketAddress  *address,
              GError         **error)
{
  g_autoptr(GSocket) socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM,
                                            G_SOCKET_PROTOCOL_DEFAULT, error);

  if (socket == NULL)
    return NULL;

  g_socket_set_blocking (socket, FALSE);
  if (!g_socket_connect (socket, address, NULL, error))
    return NULL;
  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

/* As QEMU binds it with tight=off: filled up with NULs. NULL if it is not abstract. */
static GSocketAddress *
pad_abstract (GSocketAddress *address)
{
  GUnixSocketAddress *self = G_UNIX_SOCKET_ADDRESS (address);

  if (g_unix_socket_address_get_address_type (self) != G_UNIX_SOCKET_ADDRESS_ABSTRACT)
    return NULL;
  return g_unix_socket_address_new_with_type (g_unix_socket_address_get_path (self),
                                              g_unix_socket_address_get_path_len (self),
                                              G_UNIX_SOCKET_ADDRESS_ABSTRACT_PADDED);
}

static GIOStream *
connect_socket (GSocketAddress  *address,
                GError         **error)
{
  g_autoptr(GSocketAddress) padded = pad_abstract (address);
  g_autoptr(GError) local_error = NULL;
  GIOStream *stream = connect_once (address, &local_error);

  if (stream == NULL && padded != NULL && g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED))
    return connect_once (padded, error);
  if (stream == NULL)
    g_propagate_error (error, g_steal_pointer (&local_error));
  return stream;
}

/* However long a path is, the file that it leads to has a short one in /proc. */
static GIOStream *
connect_long_path (const char  *path,
                   GError     **error)
{
  g_autofree char *short_path = NULL;
  g_autoptr(GSocketAddress) address = NULL;
  GIOStream *stream;
  int fd = open (path, O_PATH | O_CLOEXEC);

  if (fd < 0)
    {
      g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (errno), g_strerror (errno));
      return NULL;
    }
  short_path = g_strdup_printf ("/proc/self/fd/%d", fd);
  address = g_unix_socket_address_new (short_path);
  stream = connect_socket (address, error);
  close (fd);
  return stream;
}

/* --- devices and pipes --- */

static GIOStream *
fail_errno (int      code,
            GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (code), g_strerror (code));
  return NULL;
}

/* Of which some may be -1. */
static void
close_all (int *fds,
           int  n_fds)
{
  for (int i = 0; i < n_fds; i++)
    if (fds[i] >= 0)
      close (fds[i]);
}

/* Takes both. GIO needs another descriptor for a moment and ends the program when there is none. */
static GIOStream *
stream_from_pair (int      input,
                  int      output,
                  GError **error)
{
  int fds[] = { input, output, input >= 0 && output >= 0 ? fcntl (input, F_DUPFD_CLOEXEC, 3) : -1 };
  int code = errno;

  if (fds[2] < 0)
    {
      close_all (fds, G_N_ELEMENTS (fds));
      return fail_errno (code, error);
    }
  close (fds[2]);
  return qmp_fd_stream_new (fds[0], fds[1]);
}

/* A pseudo-terminal (-chardev pty), a serial line, a virtio-serial port. */
static GIOStream *
connect_device (const char  *path,
                GError     **error)
{
  int fd = open (path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

  return stream_from_pair (fd, fd >= 0 ? fcntl (fd, F_DUPFD_CLOEXEC, 3) : -1, error);
}

static gboolean
is_fifo (const char *path)
{
  struct stat info;

  return stat (path, &info) == 0 && S_ISFIFO (info.st_mode);
}

/* QEMU's -chardev pipe reads what is in PATH.in, and has both open for as long as it runs. */
static GIOStream *
connect_pipes (const char  *path,
               GError     **error)
{
  g_autofree char *in = g_strconcat (path, ".in", NULL);
  g_autofree char *out = g_strconcat (path, ".out", NULL);
  int output;

  if (!is_fifo (in) || !is_fifo (out))
    return fail_errno (ENOENT, error);

  output = open (in, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  /* Nobody reads: to sockets that is a refusal. */
  if (output < 0)
    return fail_errno (errno == ENXIO ? ECONNREFUSED : errno, error);
  return stream_from_pair (open (out, O_RDONLY | O_NONBLOCK | O_CLOEXEC), output, error);
}

/* NULL without an error if it is neither a device nor a pair of pipes. */
static GIOStream *
connect_other_file (const char  *path,
                    GError     **error)
{
  struct stat info;

  if (stat (path, &info) != 0)
    return errno == ENOENT ? connect_pipes (path, error) : NULL;
  return S_ISCHR (info.st_mode) ? connect_device (path, error) : NULL;
}

/* --- descriptors --- */

static GIOStream *
fail_fd (QmpOwnAddress  *self,
         const char     *why,
         GError        **error)
{
  g_set_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_NOT_A_SOCKET, _("The file descriptor %d %s"), self->fd, why);
  return NULL;
}

static void
prefix_duplicate_error (QmpOwnAddress  *self,
                        GError        **error)
{
  g_prefix_error (error, _("The file descriptor %d cannot be duplicated: "), self->fd);
}

/* Not a GSocket, which would leave the caller's socket in non-blocking mode: flags are shared with the duplicate. */
static GIOStream *
stream_from_fd (QmpOwnAddress  *self,
                GError        **error)
{
  /* Both streams close theirs, in no order that is promised: one descriptor for each. */
  int input = fcntl (self->fd, F_DUPFD_CLOEXEC, 3);
  GIOStream *stream = stream_from_pair (input, input >= 0 ? fcntl (self->fd, F_DUPFD_CLOEXEC, 3) : -1, error);

  if (stream == NULL)
    prefix_duplicate_error (self, error);
  return stream;
}

static gboolean
is_connected (int fd)
{
  struct sockaddr_storage address;
  socklen_t size = sizeof (address);

  return getpeername (fd, (struct sockaddr *) &address, &size) == 0;
}

static GIOStream *
connect_fd (QmpOwnAddress  *self,
            GError        **error)
{
  struct stat info;

  if (fstat (self->fd, &info) < 0)
    return fail_fd (self, errno == EBADF ? _("is not open") : g_strerror (errno), error);
  if (S_ISSOCK (info.st_mode) && !is_connected (self->fd))
    return fail_fd (self, _("is a socket that is not connected"), error);
  if (!S_ISSOCK (info.st_mode) && !S_ISCHR (info.st_mode))
    return fail_fd (self, _("is neither a socket nor a device"), error);
  return stream_from_fd (self, error);
}

int
qmp_address_get_flags (GSocketConnectable *address)
{
  return fcntl (QMP_OWN_ADDRESS (address)->fd, F_GETFL);
}

GSocket *
qmp_address_dup_listener (GSocketConnectable  *address,
                          GError             **error)
{
  QmpOwnAddress *self = QMP_OWN_ADDRESS (address);
  int listens = 0, fd;
  socklen_t size = sizeof listens;
  GSocket *socket;

  if (getsockopt (self->fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) < 0 || !listens)
    {
      fail_fd (self, errno == EBADF && !listens && fcntl (self->fd, F_GETFD) < 0 ? _("is not open")
                                                                                : _("is not a socket that listens"), error);
      return NULL;
    }
  fd = fcntl (self->fd, F_DUPFD_CLOEXEC, 3);
  if (fd < 0)
    {
      fail_errno (errno, error);
      prefix_duplicate_error (self, error);
      return NULL;
    }
  socket = g_socket_new_from_fd (fd, error);
  if (socket == NULL)
    close (fd);
  return socket;
}

/* --- connecting --- */

gboolean
qmp_address_is_immediate (GSocketConnectable *address)
{
  return G_IS_UNIX_SOCKET_ADDRESS (address) || is_kind (address, OWN_PATH) || is_kind (address, OWN_FD);
}

GIOStream *
qmp_address_connect (GSocketConnectable  *address,
                     GError             **error)
{
  const char *path = qmp_address_get_path (address);
  g_autoptr(GError) local_error = NULL;
  GIOStream *stream;

  if (is_kind (address, OWN_FD))
    return connect_fd (QMP_OWN_ADDRESS (address), error);
  stream = path != NULL ? connect_other_file (path, &local_error) : NULL;
  if (stream != NULL || local_error != NULL)
    {
      if (local_error != NULL)
        g_propagate_error (error, g_steal_pointer (&local_error));
      return stream;
    }
  if (is_kind (address, OWN_PATH))
    return connect_long_path (path, error);
  return connect_socket (G_SOCKET_ADDRESS (address), error);
}

gboolean
qmp_address_is_vsock (GSocketConnectable *address)
{
  return is_kind (address, OWN_VSOCK);
}

GSocket *
qmp_address_begin_vsock (GSocketConnectable  *address,
                         GError             **error)
{
  int fd = socket (AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_autoptr(GSocket) socket = NULL;
  g_autoptr(GError) local_error = NULL;

  if (fd < 0)
    {
      int code = errno;

      if (code == EAFNOSUPPORT)
        g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                     _("This system has no vsocks: %s"), g_strerror (code));
      else
        g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (code), g_strerror (code));
      return NULL;
    }
  socket = g_socket_new_from_fd (fd, error);
  if (socket == NULL)
    {
      close (fd);
      return NULL;
    }
  g_socket_set_blocking (socket, FALSE);
  if (!g_socket_connect (socket, G_SOCKET_ADDRESS (address), NULL, &local_error) &&
      !g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_PENDING))
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }
  return g_steal_pointer (&socket);
}
