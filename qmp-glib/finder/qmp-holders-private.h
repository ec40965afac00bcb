/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Which process has a socket. The kernel tells that of one process at a time, so all would have to be looked through again and
 * again: what was found is kept, and looked at again. */

typedef struct {
  int   pid;      /* 0: it cannot be seen */
  int   fd;       /* its number there */
  char *name;     /* of the process; nullable; UTF-8 */
} QmpHolder;

typedef struct _QmpHolders QmpHolders;

QmpHolders      *qmp_holders_new   (void);
void             qmp_holders_free  (QmpHolders  *self);

/* Finds out who has these sockets now. inodes: a set of guint. root: see qmp-proc. */
void             qmp_holders_look  (QmpHolders  *self,
                                    int          root,
                                    GHashTable  *inodes);
/* NULL if that was not asked for, or nobody was found. */
const QmpHolder *qmp_holders_get   (QmpHolders  *self,
                                    guint        inode);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QmpHolders, qmp_holders_free)

G_END_DECLS
