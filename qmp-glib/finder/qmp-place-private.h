/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "finder/qmp-chardev-private.h"
#include "finder/qmp-endpoint-private.h"
#include "finder/qmp-socket-table-private.h"
#include "finder/qmp-tcp-table-private.h"

G_BEGIN_DECLS

/* Where a server's character devices are, and who is connected there. */

/* What is known of a process. */
typedef struct {
  int             process;    /* its folder in /proc */
  const char     *root;       /* that of /proc */
  int             pid;
  gboolean        visible;    /* its descriptors are */
  GHashTable     *sockets;    /* its own, inode by descriptor; NULL until they are needed, which they rarely are */
  QmpSocketTable *table;      /* of its network; nullable */
  int             network;    /* the folder in which that is found as net */
  QmpTcpTable   **tcp;        /* of its network: NULL until it is needed, which it rarely is */
  gboolean        elsewhere;  /* its network is not the caller's */
} QmpPlaceOwner;

/* Sets address and state. Returns the inode of the socket at the other side; 0 if nobody is there, or it cannot be seen. May
 * set chardev->listens, of a descriptor. */
guint qmp_place_look (QmpPlaceOwner    *owner,
                      QmpChardev       *chardev,
                      QmpEndpointSight *sight);

G_END_DECLS
