/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-client.h>
#include <qmp-glib/qmp-server.h>

#include "server/qmp-answers-private.h"
#include "server/qmp-server-command-private.h"
#include "wire/qmp-io-context-private.h"

/* Passes the commands of a server's clients on to the one server that a client of ours is connected to, the replies back to
 * who has asked, and events to all. Which commands is its owner's to say. Runs no user code, but where its server does. */

G_BEGIN_DECLS

typedef struct _QmpForwarder QmpForwarder;

/* A command of a client, and where it is to be answered. On the stack; all is borrowed. */
typedef struct {
  QmpServerConnection *connection;
  QmpAnswer           *place;      /* NULL: it goes first */
  QmpServerCommand    *command;
  GUnixFDList         *fd_list;    /* nullable */
} QmpOrder;

/* Answers it. */
void          qmp_order_refuse           (const QmpOrder      *order,
                                          const char          *error_class,
                                          const char          *desc);

/* All are borrowed. */
QmpForwarder *qmp_forwarder_new          (QmpClient           *client,
                                          QmpServer           *server,
                                          QmpIoContext        *io);
/* What is under way goes on, and is told to nobody. */
void          qmp_forwarder_free         (QmpForwarder        *self);

/* Passes it on, by and by, and answers it. */
void          qmp_forwarder_execute      (QmpForwarder        *self,
                                          const QmpOrder      *order);
/* TRUE while so much is under way that no more should be taken from anybody. Its server is told when that changes. */
gboolean      qmp_forwarder_is_congested (QmpForwarder        *self);
/* It has read what was waiting for it. */
void          qmp_forwarder_go_on        (QmpForwarder        *self,
                                          QmpServerConnection *connection);
/* It is closed: what it has left behind is cleaned up. */
void          qmp_forwarder_drop         (QmpForwarder        *self,
                                          QmpServerConnection *connection);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QmpForwarder, qmp_forwarder_free)

G_END_DECLS
