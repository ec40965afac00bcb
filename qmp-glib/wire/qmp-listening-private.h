/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "wire/qmp-io-context-private.h"

/* A socket that listens, and its file. One peer at a time is handed over; unless the next is awaited then, whoever else
 * comes is turned away. At other times it rests: peers wait in the kernel's queue. */

G_BEGIN_DECLS

typedef struct _QmpListening QmpListening;

typedef enum {
  QMP_LISTENING_ONE = 0,              /* there is little room in the queue, for it is one peer that is wanted */
  QMP_LISTENING_MANY = 1 << 0,        /* there is room for many */
  QMP_LISTENING_OWNER_ONLY = 1 << 1,  /* a socket file is for the user alone who runs this process, whatever the umask */
} QmpListeningFlags;

/* A peer has come (peer is the callee's for the call), or none can be taken (error, which the callee takes). Last in a
 * dispatch: the listening may be freed, or the next peer awaited. */
typedef void (* QmpListeningFunc) (GIOStream *peer,
                                   GError    *error,
                                   gpointer   user_data);

/* Listens on the first of the addresses that can be had, or on a descriptor, and rests. Peers are turned away in
 * owner_context. Who only hands the socket on gives neither context nor func. */
QmpListening   *qmp_listening_new         (GSocketConnectable  *address,
                                           QmpListeningFlags    flags,
                                           QmpIoContext        *owner_context,
                                           QmpListeningFunc     func,
                                           gpointer             user_data,
                                           GError             **error);
/* Closes it. Its file is removed, unless it is somebody else's by now, or this is a forked child. */
void            qmp_listening_free        (QmpListening        *listening);
/* The same, but the file stays: somebody else has the socket now, and serves it. */
void            qmp_listening_leave       (QmpListening        *listening);
/* Borrowed. */
int             qmp_listening_get_fd      (QmpListening        *listening);
/* Owned: what was really bound. */
GSocketAddress *qmp_listening_dup_address (QmpListening        *listening);
/* Calls func once, from context. After a peer the others are turned away, after an error it rests. */
void            qmp_listening_await       (QmpListening        *listening,
                                           QmpIoContext        *context);
/* listening: nullable. */
void            qmp_listening_rest        (QmpListening        *listening);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QmpListening, qmp_listening_free)

G_END_DECLS
