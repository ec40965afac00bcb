/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The kernel's table of TCP sockets, as it was at one moment. Nothing is connected to. */

typedef struct {
  guint8   bytes[16];    /* as IPv6 has it */
  guint    port;
} QmpTcpPlace;

typedef struct {
  guint       inode;      /* 0: nobody has taken it, or nobody has it any more */
  gboolean    listens;
  gboolean    connected;
  QmpTcpPlace own;
  QmpTcpPlace other;
} QmpTcpEntry;

typedef struct _QmpTcpTable QmpTcpTable;

QmpTcpTable *qmp_tcp_table_new           (void);
void         qmp_tcp_table_free          (QmpTcpTable       *self);
/* text: what is in a file net/tcp or net/tcp6. What is neither listening nor connected is left out. */
void         qmp_tcp_table_take          (QmpTcpTable       *self,
                                          const char        *text);
/* All whose own port that is, of const QmpTcpEntry *; NULL if there are none. */
GPtrArray   *qmp_tcp_table_get_port      (QmpTcpTable       *self,
                                          guint              port);
/* NULL if there is none that listens. */
const QmpTcpEntry *qmp_tcp_table_find_listener (QmpTcpTable *self,
                                          guint              inode);
/* The inode of the other side of a connection within this computer; 0 if it is not there. */
guint        qmp_tcp_table_get_peer      (QmpTcpTable       *self,
                                          const QmpTcpEntry *entry);
/* Whether a connection that was not taken yet waits for that listener. */
gboolean     qmp_tcp_entry_waits_for     (const QmpTcpEntry *self,
                                          const QmpTcpEntry *listener);
/* The listener's address, for a client on this computer. */
char        *qmp_tcp_entry_dup_address   (const QmpTcpEntry *listener);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QmpTcpTable, qmp_tcp_table_free)

G_END_DECLS
