/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "wire/qmp-peer-private.h"

#include <glib/gi18n-lib.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* The states in /proc/net/unix of what a server has at its side of a connection. */
#define STATE_NOT_TAKEN 2
#define STATE_TAKEN 3

/* --- the process --- */

/* "PID (NAME) STATE …", where the name may have anything in it. */
static void
read_process (QmpPeer *self)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", self->pid);
  g_autofree char *text = NULL;
  char *name, *end;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return;
  name = strchr (text, '(');
  end = strrchr (text, ')');
  if (name == NULL || end == NULL || end < name || end[1] != ' ')
    return;

  *end = '\0';
  self->name = g_utf8_make_valid (name + 1, -1);
  self->stopped = end[2] == 'T' || end[2] == 't';
}

/* The kernel says who has called listen(). */
static void
look_for_process (QmpPeer *self,
                  int      fd)
{
  struct ucred credentials = { 0 };
  socklen_t size = sizeof credentials;

  if (getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0)
    return;
  self->own = credentials.pid == getpid ();
  if (self->own)
    return;
  self->pid = MAX (credentials.pid, 0);
  if (self->pid != 0)
    read_process (self);
}

/* --- the queue --- */

/* As /proc/net/unix has it, NULL if the server's socket has no name. */
static char *
dup_server_name (int fd)
{
  struct sockaddr_un address = { 0 };
  socklen_t size = sizeof address;
  gsize length;
  char *name;

  if (getpeername (fd, (struct sockaddr *) &address, &size) < 0 || address.sun_family != AF_UNIX ||
      size <= offsetof (struct sockaddr_un, sun_path))
    return NULL;

  length = MIN (size - offsetof (struct sockaddr_un, sun_path), sizeof address.sun_path);
  if (address.sun_path[0] != '\0')
    return g_strndup (address.sun_path, length);
  name = g_malloc (length + 1);
  for (gsize i = 0; i < length; i++)
    name[i] = address.sun_path[i] != '\0' ? address.sun_path[i] : '@';
  name[length] = '\0';
  return name;
}

/* "ADDRESS: REFERENCES PROTOCOL FLAGS TYPE STATE INODE NAME". Returns 0 if the line is another's. */
static guint
get_state (const char *line,
           const char *name)
{
  guint state;
  int length = 0;

  if (sscanf (line, "%*[^:]: %*x %*x %*x %*x %x %*u%n", &state, &length) != 1 || length == 0)
    return 0;
  return line[length] == ' ' && g_str_equal (line + length + 1, name) ? state : 0;
}

static void
look_for_queue (QmpPeer *self,
                int      fd)
{
  g_autofree char *name = dup_server_name (fd);
  g_autofree char *text = NULL;
  g_auto(GStrv) lines = NULL;
  guint n_taken = 0, n_waiting = 0;

  if (name == NULL || !g_file_get_contents ("/proc/net/unix", &text, NULL, NULL))
    return;

  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      guint state = get_state (lines[i], name);

      n_taken += state == STATE_TAKEN;
      n_waiting += state == STATE_NOT_TAKEN;
    }
  if (n_waiting > 0)
    self->queue = n_taken > 0 ? QMP_PEER_QUEUE_BEHIND : QMP_PEER_QUEUE_WAITS;
  else if (n_taken > 0)
    self->queue = QMP_PEER_QUEUE_TAKEN;
}

/* --- both --- */

void
qmp_peer_look (QmpPeer *self,
               int      fd)
{
  *self = (QmpPeer) { 0 };
  look_for_process (self, fd);
  look_for_queue (self, fd);
}

void
qmp_peer_clear (QmpPeer *self)
{
  g_clear_pointer (&self->name, g_free);
}

static gboolean
is_unix_socket (int fd)
{
  struct sockaddr_storage address;
  socklen_t size = sizeof address;

  return getsockname (fd, (struct sockaddr *) &address, &size) == 0 && address.ss_family == AF_UNIX;
}

GCredentials *
qmp_peer_get_credentials (int      fd,
                          GError **error)
{
  GCredentials *credentials;
  struct ucred native;
  socklen_t size = sizeof native;

  if (!is_unix_socket (fd) || getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &native, &size) < 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                           _("The connection does not say which process is at its other side"));
      return NULL;
    }

  credentials = g_credentials_new ();
  g_credentials_set_native (credentials, G_CREDENTIALS_TYPE_LINUX_UCRED, &native);
  return credentials;
}

gboolean
qmp_peer_is_owner (int fd)
{
  g_autoptr(GCredentials) credentials = qmp_peer_get_credentials (fd, NULL);
  uid_t user;

  if (credentials == NULL)
    return TRUE;
  user = g_credentials_get_unix_user (credentials, NULL);
  return user == geteuid () || user == 0;
}
