/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-invocation.h>
#include <qmp-glib/qmp-server-connection.h>

#include "server/qmp-answers-private.h"
#include "server/qmp-server-command-private.h"
#include "server/qmp-server-text-private.h"
#include "wire/qmp-io-context-private.h"

G_BEGIN_DECLS

/* What one client may cost. */
typedef struct {
  guint max_message_size;
  guint max_pending;       /* commands that are not answered */
  guint max_unsent;        /* bytes */
} QmpServerLimits;

/* How a connection calls up, from its dispatches or from what the program calls. */
typedef struct {
  /* Somebody is to answer. Runs user code. */
  void     (* command)  (gpointer             owner,
                         QmpServerConnection *connection,
                         QmpInvocation       *invocation);
  /* Once, when it is closed. Runs user code. */
  void     (* closed)   (gpointer             owner,
                         QmpServerConnection *connection);
  /* Before that, and from within the loop that reads, if no command before it waits for somebody to be asked. TRUE: the
   * callee answers by qmp_server_connection_answer(). command, fd_list (nullable): borrowed. place: NULL if it came
   * out-of-band. */
  gboolean (* take)     (gpointer             owner,
                         QmpServerConnection *connection,
                         QmpAnswer           *place,
                         QmpServerCommand    *command,
                         GUnixFDList         *fd_list);
  /* FALSE: nothing is read from any client. Who changes that calls qmp_server_connection_update_reading(). */
  gboolean (* may_read) (gpointer             owner);
  /* It is not behind any more. From within the loop that writes. */
  void     (* caught_up) (gpointer            owner,
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
/* The answer to a command that was taken; as QmpInvocationFunc. Of a connection that is closed it goes nowhere. Runs no user
 * code. */
void                 qmp_server_connection_answer (QmpServerConnection             *self,
                                                   QmpAnswer                       *place,
                                                   GString                         *text,
                                                   gboolean                         secret);
void                 qmp_server_connection_update_reading (QmpServerConnection     *self);
/* Does much wait for it that it does not read? */
gboolean             qmp_server_connection_is_behind (QmpServerConnection          *self);
/* Reads and says nothing any more, and is closed when all is written, or when that takes too long. Runs no user code. */
void                 qmp_server_connection_wind_up (QmpServerConnection            *self);

/* For who plays a server that does odd things. */
/* See qmp_transport_set_bytewise(). Before anything was dispatched. */
void                 qmp_server_connection_set_bytewise (QmpServerConnection       *self,
                                                         gboolean                   reads,
                                                         gboolean                   writes);
/* Winds up, but what the client has sent and was not read stays so: the client sees a reset. */
void                 qmp_server_connection_reset   (QmpServerConnection            *self);
/* Nothing is read or sent any more. */
void                 qmp_server_connection_stall   (QmpServerConnection            *self);

G_END_DECLS
