/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The kernel's table of Unix sockets, as it was at one moment. Nothing is connected to. */

typedef struct {
  guint    inode;
  guint    peer;         /* the inode of the other side; 0: none, or it is not known */
  guint    file;         /* the inode of the file, cut to 32 bits; 0: none, or it is not known */
  gboolean listens;
  gboolean connected;
  gboolean has_waiting;  /* it listens, and somebody waits to be taken */
  guint    waiting;      /* the inode of whoever waits first; 0: it is not known */
  gboolean abstract;     /* it has no file; in the text that is taken from the name */
  char    *name;         /* as it was bound, bytes; with "@" in front if it is abstract; nullable */
} QmpSocketEntry;

typedef struct _QmpSocketTable QmpSocketTable;

/* text: what is in a file net/unix, without the peers. */
QmpSocketTable *qmp_socket_table_new_from_text (const char          *text);
/* Of the caller's network: by asking the kernel, which knows the peers, or NULL where it does not answer that. */
QmpSocketTable *qmp_socket_table_new_from_kernel (void);
void            qmp_socket_table_free          (QmpSocketTable      *self);

/* NULL if there is none. */
const QmpSocketEntry *qmp_socket_table_find    (QmpSocketTable      *self,
                                                guint                inode);
/* All that were bound to that name, of const QmpSocketEntry *; NULL if there are none. */
GPtrArray      *qmp_socket_table_get_named     (QmpSocketTable      *self,
                                                const char          *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QmpSocketTable, qmp_socket_table_free)

G_END_DECLS
