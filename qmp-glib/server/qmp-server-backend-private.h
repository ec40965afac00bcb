/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-server.h>

#include "server/qmp-server-connection-private.h"

/* Who answers the commands that no handler of the signal does, on a floor above: whatever they are called. */

G_BEGIN_DECLS

typedef struct {
  /* FALSE with error: no clients are taken. */
  gboolean (* may_serve) (gpointer               owner,
                          GError               **error);
  /* As in QmpServerConnectionFuncs; a handler may come first. */
  gboolean (* may_read)  (gpointer               owner);
  gboolean (* take)      (gpointer               owner,
                          QmpServerConnection   *connection,
                          QmpAnswer             *place,
                          QmpServerCommand      *command,
                          GUnixFDList           *fd_list);
  /* One that was not taken, and that no handler answers. May run user code. */
  void     (* command)   (gpointer               owner,
                          QmpInvocation         *invocation);
  /* These run no user code. */
  void     (* closed)    (gpointer               owner,
                          QmpServerConnection   *connection);
  void     (* caught_up) (gpointer               owner,
                          QmpServerConnection   *connection);
} QmpServerBackendFuncs;

/* funcs: NULL for nobody any more. */
void          qmp_server_set_backend    (QmpServer                   *self,
                                         const QmpServerBackendFuncs *funcs,
                                         gpointer                     owner);
/* To all that have negotiated; with its line's end. Runs no user code. */
void          qmp_server_emit_text      (QmpServer                   *self,
                                         const char                  *text,
                                         gsize                        length);
/* What may_read says has changed. */
void          qmp_server_update_reading (QmpServer                   *self);
/* All clients that are connected; see qmp_server_connection_wind_up(). */
void          qmp_server_wind_up        (QmpServer                   *self);

G_END_DECLS
