/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-client.h>

#include "json/qmp-json-text-private.h"
#include "link/qmp-call-private.h"

/* For who passes on what goes over a client's link: its own commands one way, and everything that comes the other way, at
 * once and in the order of the wire. What is relayed is not delivered: no main loop is waited for, nothing is made of it. */

G_BEGIN_DECLS

/* From within the loop that reads: these run no user code, and do not touch the client but to relay. */
typedef struct {
  void (* event) (gpointer      owner,
                  QmpEvent     *event);
  /* To a command that was relayed; data is what was given with it. */
  void (* reply) (gpointer      owner,
                  gpointer      data,
                  QmpJsonFrame *frame);
  /* The link has ended: what was relayed, and not replied to, never will be. */
  void (* ended) (gpointer      owner);
} QmpRelayFuncs;

/* Embedded by its owner. */
typedef struct {
  GList                link;   /* private to the client */
  const QmpRelayFuncs *funcs;
  gpointer             owner;  /* borrowed */
} QmpRelay;

/* Values are JSON text that a server takes; of length 0 for none. */
typedef struct {
  QmpJsonSlice  name;         /* with its quotes */
  QmpJsonSlice  arguments;
  gboolean      out_of_band;  /* which the link has on */
  GUnixFDList  *fd_list;      /* nullable; left out if the link can carry none */
} QmpRelayedCommand;

void      qmp_client_add_relay      (QmpClient               *self,
                                     QmpRelay                *relay,
                                     const QmpRelayFuncs     *funcs,
                                     gpointer                 owner);
/* Nobody is told of its calls any more: forsake those that pend. */
void      qmp_client_remove_relay   (QmpClient               *self,
                                     QmpRelay                *relay);

/* Puts a command on its way. Borrowed until the reply, or the end; NULL if there is no link that runs. */
QmpCall  *qmp_client_relay          (QmpClient               *self,
                                     QmpRelay                *relay,
                                     const QmpRelayedCommand *command,
                                     gpointer                 data);
/* Nobody is told of its reply. */
void      qmp_client_forsake        (QmpCall                 *call);

/* Is there a link that runs? */
gboolean  qmp_client_may_relay      (QmpClient               *self);

/* What the client has them told. */
/* While it is routed. */
void      qmp_client_relay_event    (QmpClient               *self,
                                     QmpEvent                *event);
/* Takes call. */
void      qmp_client_relay_reply    (QmpCall                 *call);
/* The link has ended. calls: what pended, of which it takes its own. */
void      qmp_client_end_relays     (QmpClient               *self,
                                     GQueue                  *calls);

G_END_DECLS
