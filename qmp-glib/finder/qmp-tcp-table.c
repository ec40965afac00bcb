/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "finder/qmp-tcp-table-private.h"

#include <gio/gio.h>
#include <stdio.h>
#include <string.h>

#define STATE_CONNECTED 0x01
#define STATE_LISTENS 0x0a

struct _QmpTcpTable {
  GHashTable *by_port;     /* guint to GPtrArray of QmpTcpEntry, owned */
  GHashTable *listeners;   /* guint, an inode, to QmpTcpEntry, borrowed */
};

QmpTcpTable *
qmp_tcp_table_new (void)
{
  QmpTcpTable *self = g_new (QmpTcpTable, 1);

  self->by_port = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_ptr_array_unref);
  self->listeners = g_hash_table_new (NULL, NULL);
  return self;
}

void
qmp_tcp_table_free (QmpTcpTable *self)
{
  g_hash_table_unref (self->listeners);
  g_hash_table_unref (self->by_port);
  g_free (self);
}

/* Takes entry. */
static void
add (QmpTcpTable *self,
     QmpTcpEntry *entry)
{
  GPtrArray *entries = qmp_tcp_table_get_port (self, entry->own.port);

  if (entries == NULL)
    {
      entries = g_ptr_array_new_with_free_func (g_free);
      g_hash_table_insert (self->by_port, GUINT_TO_POINTER (entry->own.port), entries);
    }
  g_ptr_array_add (entries, entry);
  if (entry->listens)
    g_hash_table_insert (self->listeners, GUINT_TO_POINTER (entry->inode), entry);
}

/* --- text --- */

/* "0100007F:1F90": words as the kernel has them in memory, which is the order of the network. IPv4 is as IPv6 has it. */
static gboolean
read_place (QmpTcpPlace *place,
            const char  *text)
{
  const char *colon = strchr (text, ':');
  gsize n_words = colon != NULL ? (gsize) (colon - text) / 8 : 0;
  guint32 words[4] = { 0, 0, GUINT32_TO_BE (0xffff), 0 };

  if ((n_words != 1 && n_words != 4) || (gsize) (colon - text) != n_words * 8)
    return FALSE;
  for (gsize i = 0; i < n_words; i++)
    if (sscanf (text + 8 * i, "%8x", &words[4 - n_words + i]) != 1)
      return FALSE;
  memcpy (place->bytes, words, sizeof words);
  return sscanf (colon + 1, "%x", &place->port) == 1;
}

/* "NUMBER: OWN OTHER STATE QUEUES TIMER RETRANSMISSIONS USER TIMEOUT INODE…". NULL if it is something else. */
static QmpTcpEntry *
entry_from_line (const char *line)
{
  char own[48], other[48];
  guint state, inode;
  QmpTcpEntry entry = { 0 };

  if (sscanf (line, "%*[^:]: %47s %47s %x %*s %*s %*s %*s %*s %u", own, other, &state, &inode) != 4)
    return NULL;
  if ((state != STATE_LISTENS && state != STATE_CONNECTED) || !read_place (&entry.own, own) || !read_place (&entry.other, other))
    return NULL;
  entry.inode = inode;
  entry.listens = state == STATE_LISTENS;
  entry.connected = state == STATE_CONNECTED;
  return g_memdup2 (&entry, sizeof entry);
}

void
qmp_tcp_table_take (QmpTcpTable *self,
                    const char  *text)
{
  g_auto(GStrv) lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      QmpTcpEntry *entry = entry_from_line (lines[i]);

      if (entry != NULL)
        add (self, entry);
    }
}

/* --- what is in it --- */

GPtrArray *
qmp_tcp_table_get_port (QmpTcpTable *self,
                        guint        port)
{
  return g_hash_table_lookup (self->by_port, GUINT_TO_POINTER (port));
}

const QmpTcpEntry *
qmp_tcp_table_find_listener (QmpTcpTable *self,
                             guint        inode)
{
  return g_hash_table_lookup (self->listeners, GUINT_TO_POINTER (inode));
}

static gboolean
is_same (const QmpTcpPlace *a,
         const QmpTcpPlace *b)
{
  return a->port == b->port && memcmp (a->bytes, b->bytes, sizeof a->bytes) == 0;
}

guint
qmp_tcp_table_get_peer (QmpTcpTable       *self,
                        const QmpTcpEntry *entry)
{
  GPtrArray *entries = qmp_tcp_table_get_port (self, entry->other.port);

  for (guint i = 0; entries != NULL && i < entries->len; i++)
    {
      const QmpTcpEntry *one = entries->pdata[i];

      if (one->connected && is_same (&one->own, &entry->other) && is_same (&one->other, &entry->own))
        return one->inode;
    }
  return 0;
}

static GInetAddress *
new_address (const QmpTcpPlace *place)
{
  static const guint8 mapped[12] = { [10] = 0xff, [11] = 0xff };

  if (memcmp (place->bytes, mapped, sizeof mapped) == 0)
    return g_inet_address_new_from_bytes (place->bytes + sizeof mapped, G_SOCKET_FAMILY_IPV4);
  return g_inet_address_new_from_bytes (place->bytes, G_SOCKET_FAMILY_IPV6);
}

gboolean
qmp_tcp_entry_waits_for (const QmpTcpEntry *self,
                         const QmpTcpEntry *listener)
{
  g_autoptr(GInetAddress) address = new_address (&listener->own);

  return self->connected && self->inode == 0 && self->own.port == listener->own.port &&
         (g_inet_address_get_is_any (address) || is_same (&self->own, &listener->own));
}

char *
qmp_tcp_entry_dup_address (const QmpTcpEntry *listener)
{
  g_autoptr(GInetAddress) address = new_address (&listener->own);
  g_autofree char *text = g_inet_address_to_string (address);

  if (g_inet_address_get_is_any (address))
    return g_strdup_printf (":%u", listener->own.port);
  return g_strdup_printf (strchr (text, ':') != NULL ? "[%s]:%u" : "%s:%u", text, listener->own.port);
}
