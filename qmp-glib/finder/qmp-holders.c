/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "finder/qmp-holders-private.h"

#include <unistd.h>

#include "finder/qmp-proc-private.h"

struct _QmpHolders {
  GHashTable *by_inode;   /* guint to QmpHolder */
};

static void
holder_free (gpointer data)
{
  QmpHolder *holder = data;

  g_free (holder->name);
  g_free (holder);
}

QmpHolders *
qmp_holders_new (void)
{
  QmpHolders *self = g_new (QmpHolders, 1);

  self->by_inode = g_hash_table_new_full (NULL, NULL, NULL, holder_free);
  return self;
}

void
qmp_holders_free (QmpHolders *self)
{
  g_hash_table_unref (self->by_inode);
  g_free (self);
}

const QmpHolder *
qmp_holders_get (QmpHolders *self,
                 guint       inode)
{
  const QmpHolder *holder = g_hash_table_lookup (self->by_inode, GUINT_TO_POINTER (inode));

  return holder != NULL && holder->pid != 0 ? holder : NULL;
}

/* --- what is known already --- */

/* One that cannot be seen stays so as long as its socket lives. */
static gboolean
is_still_right (const QmpHolder *holder,
                int              root,
                guint            inode)
{
  g_autofree char *link = g_strdup_printf ("%d/fd/%d", holder->pid, holder->fd);
  g_autofree char *expected = g_strdup_printf ("socket:[%u]", inode);
  g_autofree char *target = NULL;

  if (holder->pid == 0)
    return TRUE;
  target = qmp_proc_dup_link (root, link);
  return g_strcmp0 (target, expected) == 0;
}

static void
forget (QmpHolders *self,
        int         root,
        GHashTable *inodes)
{
  GHashTableIter iter;
  gpointer inode, holder;

  g_hash_table_iter_init (&iter, self->by_inode);
  while (g_hash_table_iter_next (&iter, &inode, &holder))
    if (!g_hash_table_contains (inodes, inode) || !is_still_right (holder, root, GPOINTER_TO_UINT (inode)))
      g_hash_table_iter_remove (&iter);
}

/* --- what has to be found --- */

/* As nobody, which is found then. Returns whether there are any. */
static gboolean
enter_unknown (QmpHolders *self,
               GHashTable *inodes)
{
  GHashTableIter iter;
  gpointer inode;
  gboolean any = FALSE;

  g_hash_table_iter_init (&iter, inodes);
  while (g_hash_table_iter_next (&iter, &inode, NULL))
    if (!g_hash_table_contains (self->by_inode, inode))
      {
        g_hash_table_insert (self->by_inode, inode, g_new0 (QmpHolder, 1));
        any = TRUE;
      }
  return any;
}

static guint
count_missing (QmpHolders *self)
{
  GHashTableIter iter;
  gpointer holder;
  guint n = 0;

  g_hash_table_iter_init (&iter, self->by_inode);
  while (g_hash_table_iter_next (&iter, NULL, &holder))
    n += ((QmpHolder *) holder)->pid == 0;
  return n;
}

/* Returns how many were found. */
static guint
look_into (QmpHolders *self,
           int         process,
           int         pid)
{
  g_autoptr(GHashTable) sockets = qmp_proc_list_sockets (process);
  GHashTableIter iter;
  gpointer fd, inode;
  guint n = 0;

  if (sockets == NULL)
    return 0;
  g_hash_table_iter_init (&iter, sockets);
  while (g_hash_table_iter_next (&iter, &fd, &inode))
    {
      QmpHolder *holder = g_hash_table_lookup (self->by_inode, inode);
      QmpProcStat stat = { 0 };

      if (holder == NULL || holder->pid != 0)
        continue;
      holder->pid = pid;
      holder->fd = GPOINTER_TO_INT (fd);
      if (qmp_proc_read_stat (process, &stat))
        holder->name = stat.name;
      n++;
    }
  return n;
}

void
qmp_holders_look (QmpHolders *self,
                  int         root,
                  GHashTable *inodes)
{
  g_autoptr(GArray) pids = NULL;
  guint missing;

  forget (self, root, inodes);
  if (!enter_unknown (self, inodes))
    return;
  missing = count_missing (self);
  pids = qmp_proc_list (root);
  for (guint i = 0; i < pids->len && missing > 0; i++)
    {
      int pid = g_array_index (pids, int, i);
      int process = qmp_proc_open (root, pid);

      if (process < 0)
        continue;
      missing -= look_into (self, process, pid);
      close (process);
    }
}
