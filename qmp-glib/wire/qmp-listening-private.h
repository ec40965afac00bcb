/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "wire/qmp-io-context-private.h"

/* A socket that listens, and its file. One peer at a time is handed over, whoever else comes meanwhile is turned away.
 * At other times it rests: peers wait in the kernel's queue, where there is room for about one. */

G_BEGIN_DECLS

typedef struct _QmpListening QmpListening;

/* A peer has come (peer is the callee's for the call), or none can be taken (error, which the callee takes). Last in a
 * dispatch: the listening may be freed. */
typedef void (* QmpListeningFunc) (GIOStream *peer,
                                   GError    *error,
                                   gpointer   user_data);

/* Listens on the first of the addresses that can be had, or on a descriptor, and rests. Peers are turned away in
 * owner_context. */
QmpListening   *qmp_listening_new         (GSocketConnectable  *address,
                                           QmpIoContext        *owner_context,
                                           QmpListeningFunc     func,
                                           gpointer             user_data,
                                           GError             **error);
/* Closes it. Its file is removed, unless it is somebody else's by now, or this is a forked child. */
void            qmp_listening_free        (QmpListening        *listening);
/* Owned: what was really bound. */
GSocketAddress *qmp_listening_dup_address (QmpListening        *listening);
/* Calls func once, from context. After a peer the others are turned away, after an error it rests. */
void            qmp_listening_await       (QmpListening        *listening,
                                           QmpIoContext        *context);
/* listening: nullable. */
void            qmp_listening_rest        (QmpListening        *listening);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QmpListening, qmp_listening_free)

G_END_DECLS
