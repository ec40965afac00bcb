/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "wire/qmp-address-private.h"
#include "wire/qmp-io-context-private.h"

/* The program ssh, and what leads through it to a Unix socket on another computer. It is killed when self is freed, and when
 * the program ends, however that happens; nothing of it stays in the file system. */

G_BEGIN_DECLS

typedef struct _QmpTunnel QmpTunnel;

/* How a tunnel calls up while it is made: one of the two, once. Both may free it. */
typedef struct {
  /* ssh has let us in, and will connect to the socket. stream is the callee's for the call. */
  void (* connected) (gpointer    owner,
                      GIOStream  *stream);
  /* Takes error, which does not say where to. */
  void (* failed)    (gpointer    owner,
                      GError     *error);
} QmpTunnelFuncs;

/* It is over, and what ssh had to say was read. May free it. */
typedef void (* QmpTunnelOverFunc) (gpointer owner);

/* keep_alive: ssh asks whether the other computer is still there. Fails if ssh cannot be started. */
QmpTunnel *qmp_tunnel_new           (const QmpSshPlace     *place,
                                     gboolean               keep_alive,
                                     QmpIoContext          *context,
                                     const QmpTunnelFuncs  *funcs,
                                     gpointer               owner,
                                     GError               **error);
/* Waits for nothing but the kernel. May be called from its functions. */
void       qmp_tunnel_free          (QmpTunnel             *self);
/* Where it is watched, from now on. */
void       qmp_tunnel_attach        (QmpTunnel             *self,
                                     QmpIoContext          *context);
/* Of one that has connected: its stream has ended, and ssh is to end, too. func is called from a dispatch. TRUE: it has ended
 * already, and func is not called. */
gboolean   qmp_tunnel_end           (QmpTunnel             *self,
                                     QmpTunnelOverFunc      func,
                                     gpointer               owner);
/* What ssh has said, since it has connected if it has, in one line: nullable, transfer full. */
char      *qmp_tunnel_dup_words     (QmpTunnel             *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QmpTunnel, qmp_tunnel_free)

G_END_DECLS
