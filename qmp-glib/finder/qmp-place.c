/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "finder/qmp-place-private.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "finder/qmp-proc-private.h"

#define MAX_TABLE (64 * 1024 * 1024)

/* --- paths --- */

/* Whether at the path is the socket whose file has that inode; 0: any socket. */
static gboolean
is_socket (const char *path,
           guint       file)
{
  struct stat info;

  return stat (path, &info) == 0 && S_ISSOCK (info.st_mode) && (file == 0 || file == (guint32) info.st_ino);
}

/* Takes path. Sets address and returns TRUE if it is the one. */
static gboolean
try_path (char  **address,
          char   *path,
          guint   file)
{
  if (is_socket (path, file))
    *address = path;
  else
    g_free (path);
  return *address != NULL;
}

/* A process that has its own view of the file system, in a container, has a file elsewhere than it says. */
static gboolean
try_within (const QmpPlaceOwner  *owner,
            const char           *folder,
            const char           *path,
            guint                 file,
            char                **address)
{
  return try_path (address, g_strdup_printf ("%s/%d/%s/%s", owner->root, owner->pid, folder, path), file);
}

/* The folder that a daemon has left may still be in its environment. */
static gboolean
try_relative (const QmpPlaceOwner  *owner,
              const char           *path,
              guint                 file,
              char                **address)
{
  g_autofree char *folder = qmp_proc_dup_link (owner->process, "cwd");
  g_autofree char *first = NULL;

  if (folder != NULL && try_path (address, g_build_filename (folder, path, NULL), file))
    return TRUE;
  if (try_within (owner, "cwd", path, file, address))
    return TRUE;
  first = file != 0 ? qmp_proc_dup_variable (owner->process, "PWD") : NULL;
  return first != NULL && try_path (address, g_build_filename (first, path, NULL), file);
}

/* file: the inode of the socket's file, 0 if it is not known. What cannot be looked at is taken as it was said; what is there
 * and is another one is not. */
static char *
dup_path (const QmpPlaceOwner *owner,
          const char          *path,
          guint                file)
{
  char *address = NULL;
  struct stat info;

  if (!g_path_is_absolute (path))
    return try_relative (owner, path, file, &address) ? address : NULL;
  if (try_path (&address, g_strdup (path), file) || try_within (owner, "root", path + 1, file, &address))
    return address;
  return stat (path, &info) == 0 || errno == ENOENT ? NULL : g_strdup (path);
}

/* The pipes of QEMU, which have no sockets. */
static char *
dup_pipe (const QmpPlaceOwner *owner,
          const char          *path)
{
  g_autofree char *folder = NULL;

  if (g_path_is_absolute (path))
    return g_strdup (path);
  folder = qmp_proc_dup_link (owner->process, "cwd");
  return folder != NULL ? g_build_filename (folder, path, NULL) : NULL;
}

/* --- Unix sockets --- */

/* NULL if they cannot be seen. */
static GHashTable *
get_sockets (QmpPlaceOwner *owner)
{
  if (owner->sockets == NULL && owner->visible)
    owner->sockets = qmp_proc_list_sockets (owner->process);
  return owner->sockets;
}

static gboolean
owns (QmpPlaceOwner *owner,
      guint          wanted)
{
  GHashTable *sockets = get_sockets (owner);
  GHashTableIter iter;
  gpointer inode;

  if (sockets == NULL)
    return TRUE;
  g_hash_table_iter_init (&iter, sockets);
  while (g_hash_table_iter_next (&iter, NULL, &inode))
    if (GPOINTER_TO_UINT (inode) == wanted)
      return TRUE;
  return FALSE;
}

/* Of those of a name the one that the process listens with; NULL if there is none, or it is not known which. Only of several its
 * descriptors say which: n (out). */
static const QmpSocketEntry *
find_listener (QmpPlaceOwner *owner,
               GPtrArray     *named,
               guint         *n)
{
  const QmpSocketEntry *found = NULL;
  guint n_own = 0;

  *n = 0;
  for (guint i = 0; i < named->len; i++)
    if (((const QmpSocketEntry *) named->pdata[i])->listens)
      {
        found = named->pdata[i];
        (*n)++;
      }
  if (*n < 2)
    return found;
  for (guint i = 0; i < named->len; i++)
    {
      const QmpSocketEntry *entry = named->pdata[i];

      if (!entry->listens || !owns (owner, entry->inode))
        continue;
      found = entry;
      n_own++;
    }
  return n_own == 1 ? found : NULL;
}

/* A connection that was taken has its listener's name. Returns the inode of the other side. */
static guint
look_for_client (QmpPlaceOwner        *owner,
                 const QmpSocketEntry *listener,
                 guint                 n_listeners,
                 GPtrArray            *named,
                 QmpEndpointSight     *sight)
{
  for (guint i = 0; i < named->len; i++)
    {
      const QmpSocketEntry *entry = named->pdata[i];

      if (!entry->connected || (n_listeners > 1 && !owns (owner, entry->inode)))
        continue;
      sight->state = QMP_ENDPOINT_STATE_HELD;
      return entry->peer;
    }
  sight->state = listener->has_waiting ? QMP_ENDPOINT_STATE_HELD : QMP_ENDPOINT_STATE_FREE;
  return listener->waiting;
}

/* name: as it was bound. */
static guint
look_at_listener (QmpPlaceOwner    *owner,
                  const char       *name,
                  gboolean          abstract,
                  QmpEndpointSight *sight)
{
  GPtrArray *named = owner->table != NULL ? qmp_socket_table_get_named (owner->table, name) : NULL;
  guint n = 0;
  const QmpSocketEntry *listener = named != NULL ? find_listener (owner, named, &n) : NULL;
  guint peer = listener != NULL ? look_for_client (owner, listener, n, named, sight) : 0;

  if (!abstract)
    sight->address = dup_path (owner, name, listener != NULL ? listener->file : 0);
  else if (!owner->elsewhere)
    sight->address = g_strdup (name);
  return peer;
}

/* It has connected to whoever has bound that name. */
static guint
look_at_connection (QmpPlaceOwner    *owner,
                    const char       *name,
                    gboolean          abstract,
                    QmpEndpointSight *sight)
{
  GHashTable *sockets = get_sockets (owner);
  GHashTableIter iter;
  gpointer inode;

  sight->address = abstract ? g_strdup (name) : dup_path (owner, name, 0);
  if (owner->table == NULL || sockets == NULL)
    return 0;
  sight->state = QMP_ENDPOINT_STATE_FREE;
  g_hash_table_iter_init (&iter, sockets);
  while (g_hash_table_iter_next (&iter, NULL, &inode))
    {
      const QmpSocketEntry *own = qmp_socket_table_find (owner->table, GPOINTER_TO_UINT (inode));
      const QmpSocketEntry *other = own != NULL ? qmp_socket_table_find (owner->table, own->peer) : NULL;

      if (other == NULL || g_strcmp0 (other->name, name) != 0)
        continue;
      sight->state = QMP_ENDPOINT_STATE_HELD;
      return own->peer;
    }
  return 0;
}

static guint
look_at_name (QmpPlaceOwner    *owner,
              const QmpChardev *chardev,
              QmpEndpointSight *sight)
{
  gboolean abstract = chardev->type == QMP_CHARDEV_ABSTRACT;
  g_autofree char *name = g_strconcat (abstract ? "@" : "", chardev->place, NULL);

  return chardev->listens ? look_at_listener (owner, name, abstract, sight)
                          : look_at_connection (owner, name, abstract, sight);
}

/* --- TCP --- */

static void
take_file (QmpPlaceOwner *owner,
           const char    *name)
{
  g_autofree char *text = qmp_proc_read_file (owner->network, name, MAX_TABLE, NULL);

  if (text != NULL)
    qmp_tcp_table_take (*owner->tcp, text);
}

static QmpTcpTable *
get_tcp (QmpPlaceOwner *owner)
{
  if (*owner->tcp != NULL)
    return *owner->tcp;
  *owner->tcp = qmp_tcp_table_new ();
  take_file (owner, "net/tcp");
  take_file (owner, "net/tcp6");
  return *owner->tcp;
}

/* Whether the process listens at the port of the entries. Of another user's process that is only known if nobody else does. */
static gboolean
listens_there (QmpPlaceOwner *owner,
               GPtrArray     *entries)
{
  guint n = 0;

  for (guint i = 0; i < entries->len; i++)
    {
      const QmpTcpEntry *entry = entries->pdata[i];

      n += entry->listens && owns (owner, entry->inode);
    }
  return n == 1 || (n > 1 && get_sockets (owner) != NULL);
}

static gboolean
waits_for_owner (QmpPlaceOwner     *owner,
                 GPtrArray         *entries,
                 const QmpTcpEntry *waiting)
{
  if (!waiting->connected || waiting->inode != 0)
    return FALSE;
  for (guint i = 0; i < entries->len; i++)
    {
      const QmpTcpEntry *entry = entries->pdata[i];

      if (entry->listens && owns (owner, entry->inode) && qmp_tcp_entry_waits_for (waiting, entry))
        return TRUE;
    }
  return FALSE;
}

/* A connection that was taken has its listener's port. Whoever waits only counts where nobody was taken; NULL if there is nobody. */
static const QmpTcpEntry *
find_tcp_client (QmpPlaceOwner *owner,
                 GPtrArray     *entries)
{
  const QmpTcpEntry *waiting = NULL;

  for (guint i = 0; i < entries->len; i++)
    {
      const QmpTcpEntry *entry = entries->pdata[i];

      if (entry->connected && entry->inode != 0 && owns (owner, entry->inode))
        return entry;
      if (waiting == NULL && waits_for_owner (owner, entries, entry))
        waiting = entry;
    }
  return waiting;
}

/* Returns the inode of the other side. */
static guint
look_at_port (QmpPlaceOwner    *owner,
              guint             port,
              QmpEndpointSight *sight)
{
  GPtrArray *entries = qmp_tcp_table_get_port (get_tcp (owner), port);
  const QmpTcpEntry *client;

  if (entries == NULL || !listens_there (owner, entries))
    return 0;
  client = find_tcp_client (owner, entries);
  sight->state = client != NULL ? QMP_ENDPOINT_STATE_HELD : QMP_ENDPOINT_STATE_FREE;
  return client != NULL ? qmp_tcp_table_get_peer (get_tcp (owner), client) : 0;
}

static guint
look_at_inode (QmpPlaceOwner    *owner,
               guint             inode,
               QmpChardev       *chardev,
               QmpEndpointSight *sight)
{
  const QmpTcpEntry *listener = qmp_tcp_table_find_listener (get_tcp (owner), inode);

  if (listener == NULL)
    return 0;
  chardev->listens = TRUE;
  if (!owner->elsewhere)
    sight->address = qmp_tcp_entry_dup_address (listener);
  return look_at_port (owner, listener->own.port, sight);
}

/* --- descriptors --- */

/* libvirt binds a monitor itself, and gives QEMU the socket; others give one end of a pair. */
static guint
look_at_descriptor (QmpPlaceOwner    *owner,
                    QmpChardev       *chardev,
                    QmpEndpointSight *sight)
{
  GHashTable *sockets = get_sockets (owner);
  gpointer inode = NULL;
  const QmpSocketEntry *entry = NULL;

  if (sockets != NULL)
    inode = g_hash_table_lookup (sockets, GUINT_TO_POINTER (chardev->number));
  if (inode != NULL && owner->table != NULL)
    entry = qmp_socket_table_find (owner->table, GPOINTER_TO_UINT (inode));
  if (entry == NULL)
    return inode != NULL ? look_at_inode (owner, GPOINTER_TO_UINT (inode), chardev, sight) : 0;
  chardev->listens = entry->listens;
  if (entry->listens && entry->name != NULL)
    return look_at_listener (owner, entry->name, entry->abstract, sight);
  sight->state = entry->connected ? QMP_ENDPOINT_STATE_HELD : QMP_ENDPOINT_STATE_FREE;
  return entry->peer;
}

/* --- all of them --- */

static gboolean
is_any_host (const char *host)
{
  return host == NULL || g_str_equal (host, "0.0.0.0") || g_str_equal (host, "::");
}

static char *
dup_tcp (const QmpChardev *chardev)
{
  if (is_any_host (chardev->place))
    return g_strdup_printf (":%u", chardev->number);
  return g_strdup_printf (strchr (chardev->place, ':') != NULL ? "[%s]:%u" : "%s:%u", chardev->place, chardev->number);
}

static guint
look (QmpPlaceOwner    *owner,
      QmpChardev       *chardev,
      QmpEndpointSight *sight)
{
  switch (chardev->type)
    {
    case QMP_CHARDEV_PATH:
    case QMP_CHARDEV_ABSTRACT:
      return look_at_name (owner, chardev, sight);
    case QMP_CHARDEV_FD:
      return look_at_descriptor (owner, chardev, sight);
    case QMP_CHARDEV_TCP:
      sight->address = owner->elsewhere ? NULL : dup_tcp (chardev);
      return chardev->listens ? look_at_port (owner, chardev->number, sight) : 0;
    case QMP_CHARDEV_VSOCK:
      sight->address = g_strdup_printf ("vsock:%s:%u", chardev->place, chardev->number);
      return 0;
    case QMP_CHARDEV_PIPE:
      sight->address = dup_pipe (owner, chardev->place);
      return 0;
    case QMP_CHARDEV_OTHER:
    default:
      return 0;
    }
}

guint
qmp_place_look (QmpPlaceOwner    *owner,
                QmpChardev       *chardev,
                QmpEndpointSight *sight)
{
  guint peer = look (owner, chardev, sight);

  /* Bindings have no texts but UTF-8. */
  if (sight->address != NULL && !g_utf8_validate (sight->address, -1, NULL))
    g_clear_pointer (&sight->address, g_free);
  return peer;
}
