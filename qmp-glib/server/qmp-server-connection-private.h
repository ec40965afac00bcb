/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-invocation.h>
#include <qmp-glib/qmp-server-connection.h>

#include "server/qmp-server-text-private.h"
#include "wire/qmp-io-context-private.h"

G_BEGIN_DECLS

/* What one client may cost. */
typedef struct {
  guint max_message_size;
  guint max_pending;       /* commands that are not answered */
  guint max_unsent;        /* bytes */
} QmpServerLimits;

/* How a connection calls up, from its dispatches or from what the program calls. Both run user code. */
typedef struct {
  /* Somebody is to answer. */
  void (* command) (gpointer             owner,
                    QmpServerConnection *connection,
                    QmpInvocation       *invocation);
  /* Once, when it is closed. */
  void (* closed)  (gpointer             owner,
                    QmpServerConnection *connection);
} QmpServerConnectionFuncs;

/* Greets. stream: as for qmp_transport_new(), with its errors. name: nullable, for QMP_DEBUG. */
QmpServerConnection *qmp_server_connection_new    (GIOStream                       *stream,
                                                   const char                      *name,
                                                   const QmpServerAbout            *about,
                                                   const QmpServerLimits           *limits,
                                                   QmpIoContext                    *io,
                                                   const QmpServerConnectionFuncs  *funcs,
                                                   gpointer                         owner,
                                                   GError                         **error);
/* Behind what is on its way. Takes nothing. */
void                 qmp_server_connection_append (QmpServerConnection             *self,
                                                   const char                      *text,
                                                   gsize                            length);

G_END_DECLS
