/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* What this machine can tell about the other side of a connection, to name the cause when that says nothing. */

G_BEGIN_DECLS

/* What has become of a connection to a Unix socket. */
typedef enum {
  QMP_PEER_QUEUE_UNKNOWN,
  QMP_PEER_QUEUE_TAKEN,   /* the server has taken it */
  QMP_PEER_QUEUE_BEHIND,  /* it waits, and another client is being served */
  QMP_PEER_QUEUE_WAITS,   /* it waits, and nobody is being served */
} QmpPeerQueue;

typedef struct {
  int           pid;      /* of the process that listens, 0 if it is not known or is our own */
  gboolean      own;      /* it is ours */
  char         *name;     /* of that process; nullable */
  gboolean      stopped;  /* by a signal or a debugger */
  QmpPeerQueue  queue;
} QmpPeer;

/* fd: a connected socket; anything else, -1 included, tells nothing. Reads files in /proc, so not for the ordinary
 * course of things. */
void qmp_peer_look  (QmpPeer *self,
                     int      fd);
void qmp_peer_clear (QmpPeer *self);

/* Of the process at the other side of a Unix socket; G_IO_ERROR_NOT_SUPPORTED for any other descriptor. */
GCredentials *qmp_peer_get_credentials (int      fd,
                                        GError **error);

/* May it use what is for the owner of this process alone: is it the same user, or root? TRUE if that is not known. */
gboolean      qmp_peer_is_owner        (int      fd);

G_END_DECLS
