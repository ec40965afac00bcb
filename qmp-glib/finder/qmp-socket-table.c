/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "finder/qmp-socket-table-private.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* As net/unix has them. */
#define FLAG_LISTENS 0x10000
#define STATE_NOT_TAKEN 2
#define STATE_CONNECTED 3
/* As the kernel answers them: those of TCP. */
#define DIAG_CONNECTED 1
#define DIAG_LISTENS 10

#define BUFFER_SIZE (64 * 1024)

struct _QmpSocketTable {
  GPtrArray  *entries;    /* of QmpSocketEntry */
  GHashTable *by_inode;   /* guint to QmpSocketEntry */
  GHashTable *by_name;    /* char * to GPtrArray of QmpSocketEntry; borrowed keys */
};

static void
entry_free (gpointer data)
{
  QmpSocketEntry *entry = data;

  g_free (entry->name);
  g_free (entry);
}

static QmpSocketTable *
table_new (void)
{
  QmpSocketTable *self = g_new (QmpSocketTable, 1);

  self->entries = g_ptr_array_new_with_free_func (entry_free);
  self->by_inode = g_hash_table_new (NULL, NULL);
  self->by_name = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) g_ptr_array_unref);
  return self;
}

void
qmp_socket_table_free (QmpSocketTable *self)
{
  g_hash_table_unref (self->by_name);
  g_hash_table_unref (self->by_inode);
  g_ptr_array_unref (self->entries);
  g_free (self);
}

static void
add_by_name (QmpSocketTable *self,
             QmpSocketEntry *entry)
{
  GPtrArray *named = g_hash_table_lookup (self->by_name, entry->name);

  if (named == NULL)
    {
      named = g_ptr_array_new ();
      g_hash_table_insert (self->by_name, entry->name, named);
    }
  g_ptr_array_add (named, entry);
}

/* Takes entry. */
static void
add (QmpSocketTable *self,
     QmpSocketEntry *entry)
{
  g_ptr_array_add (self->entries, entry);
  g_hash_table_insert (self->by_inode, GUINT_TO_POINTER (entry->inode), entry);
  if (entry->name != NULL)
    add_by_name (self, entry);
}

const QmpSocketEntry *
qmp_socket_table_find (QmpSocketTable *self,
                       guint           inode)
{
  return g_hash_table_lookup (self->by_inode, GUINT_TO_POINTER (inode));
}

GPtrArray *
qmp_socket_table_get_named (QmpSocketTable *self,
                            const char     *name)
{
  return g_hash_table_lookup (self->by_name, name);
}

/* It may be filled up with NULs, which are "@" in the text. */
static void
set_abstract (QmpSocketEntry *entry)
{
  gsize length = strlen (entry->name);

  entry->abstract = TRUE;
  while (length > 1 && entry->name[length - 1] == '@')
    entry->name[--length] = '\0';
}

/* --- text --- */

/* "ADDRESS: REFERENCES PROTOCOL FLAGS TYPE STATE INODE NAME". state (out). NULL if it is something else. */
static QmpSocketEntry *
entry_from_line (const char *line,
                 guint      *state)
{
  guint flags, inode;
  int length = 0;
  QmpSocketEntry *entry;

  if (sscanf (line, "%*[^:]: %*x %*x %x %*x %x %u%n", &flags, state, &inode, &length) != 3 || length == 0)
    return NULL;
  entry = g_new0 (QmpSocketEntry, 1);
  entry->inode = inode;
  entry->listens = (flags & FLAG_LISTENS) != 0;
  entry->connected = *state == STATE_CONNECTED;
  if (line[length] == ' ')
    entry->name = g_strdup (line + length + 1);
  if (entry->name != NULL && *entry->name == '@')
    set_abstract (entry);
  return entry;
}

/* With several listeners of a name it cannot be told with whom it waits. */
static void
take_waiting (QmpSocketTable *self,
              const char     *name)
{
  GPtrArray *named = qmp_socket_table_get_named (self, name);
  QmpSocketEntry *listener = NULL;
  guint n = 0;

  for (guint i = 0; named != NULL && i < named->len; i++)
    if (((QmpSocketEntry *) named->pdata[i])->listens)
      {
        listener = named->pdata[i];
        n++;
      }
  if (n == 1)
    listener->has_waiting = TRUE;
}

QmpSocketTable *
qmp_socket_table_new_from_text (const char *text)
{
  QmpSocketTable *self = table_new ();
  g_auto(GStrv) lines = g_strsplit (text, "\n", -1);
  g_autoptr(GPtrArray) waiting = g_ptr_array_new_with_free_func (entry_free);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      guint state = 0;
      QmpSocketEntry *entry = entry_from_line (lines[i], &state);

      if (entry != NULL && state == STATE_NOT_TAKEN)
        g_ptr_array_add (waiting, entry);
      else if (entry != NULL)
        add (self, entry);
    }
  for (guint i = 0; i < waiting->len; i++)
    if (((QmpSocketEntry *) waiting->pdata[i])->name != NULL)
      take_waiting (self, ((QmpSocketEntry *) waiting->pdata[i])->name);
  return self;
}

/* --- the kernel --- */

static gboolean
ask (int fd)
{
  struct {
    struct nlmsghdr      header;
    struct unix_diag_req request;
  } message = {
    .header = { .nlmsg_len = sizeof message, .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
    .request = { .sdiag_family = AF_UNIX, .udiag_states = G_MAXUINT32,
                 .udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_VFS | UDIAG_SHOW_PEER | UDIAG_SHOW_ICONS },
  };

  return send (fd, &message, sizeof message, 0) == sizeof message;
}

/* The kernel gives the NUL behind a path, and all of an abstract name. */
static void
take_name (QmpSocketEntry *entry,
           const char     *data,
           gsize           length)
{
  g_free (entry->name);
  entry->name = g_malloc0 (length + 1);
  if (length == 0 || data[0] != '\0')
    {
      memcpy (entry->name, data, length);
      return;
    }
  for (gsize i = 0; i < length; i++)
    entry->name[i] = data[i] != '\0' ? data[i] : '@';
  set_abstract (entry);
}

static void
take_attribute (QmpSocketEntry      *entry,
                const struct rtattr *attribute)
{
  gsize length = RTA_PAYLOAD (attribute);
  gconstpointer data = RTA_DATA (attribute);

  if (attribute->rta_type == UNIX_DIAG_NAME)
    take_name (entry, data, length);
  else if (attribute->rta_type == UNIX_DIAG_PEER && length >= sizeof (guint32))
    entry->peer = *(const guint32 *) data;
  else if (attribute->rta_type == UNIX_DIAG_ICONS && length >= sizeof (guint32))
    {
      entry->has_waiting = TRUE;
      entry->waiting = *(const guint32 *) data;
    }
  else if (attribute->rta_type == UNIX_DIAG_VFS && length >= sizeof (struct unix_diag_vfs))
    entry->file = ((const struct unix_diag_vfs *) data)->udiag_vfs_ino;
}

static void
take_answer (QmpSocketTable        *self,
             const struct nlmsghdr *header)
{
  const struct unix_diag_msg *message = NLMSG_DATA (header);
  const struct rtattr *attribute = (const struct rtattr *) (message + 1);
  int left = (int) header->nlmsg_len - (int) NLMSG_LENGTH (sizeof *message);
  QmpSocketEntry *entry;

  if (left < 0)
    return;
  entry = g_new0 (QmpSocketEntry, 1);
  entry->inode = message->udiag_ino;
  entry->listens = message->udiag_state == DIAG_LISTENS;
  entry->connected = message->udiag_state == DIAG_CONNECTED;
  for (; RTA_OK (attribute, left); attribute = RTA_NEXT (attribute, left))
    take_attribute (entry, attribute);
  /* The other side has gone. */
  if (entry->peer == 0)
    entry->connected = FALSE;
  add (self, entry);
}

/* Returns whether more is to come; sets good when all has. */
static gboolean
take_answers (QmpSocketTable *self,
              gpointer        buffer,
              gssize          length,
              gboolean       *good)
{
  int left = (int) length;

  for (const struct nlmsghdr *header = buffer; NLMSG_OK (header, left); header = NLMSG_NEXT (header, left))
    {
      *good = header->nlmsg_type == NLMSG_DONE;
      if (*good || header->nlmsg_type == NLMSG_ERROR)
        return FALSE;
      take_answer (self, header);
    }
  return length > 0;
}

QmpSocketTable *
qmp_socket_table_new_from_kernel (void)
{
  int fd = socket (AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  g_autoptr(QmpSocketTable) self = table_new ();
  g_autofree char *buffer = g_malloc (BUFFER_SIZE);
  gboolean good = FALSE;

  if (fd < 0)
    return NULL;
  if (ask (fd))
    while (take_answers (self, buffer, TEMP_FAILURE_RETRY (recv (fd, buffer, BUFFER_SIZE, 0)), &good))
      ;
  close (fd);
  return good ? g_steal_pointer (&self) : NULL;
}
