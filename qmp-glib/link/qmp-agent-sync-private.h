/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "link/qmp-calls-private.h"

/* A guest agent sits behind a serial line that outlives both sides: what comes may be the reply to a client
 * that has left, and what it has heard last may be half a message of that one. So the two sides have to get into
 * step: the client sends a number, and whatever comes before that number comes back is not for it. Likewise
 * after a command that was given up: the agent answers one after the other, and may be stuck in that one. */

G_BEGIN_DECLS

typedef struct _QmpAgentSync QmpAgentSync;

/* How it calls up, from within qmp_agent_sync_swallows(). Neither may run user code, or free it. */
typedef struct {
  /* The two sides are in step for the first time. */
  void (* in_step) (gpointer      owner);
  /* Before that something came that is not for us. */
  void (* dropped) (gpointer      owner,
                    QmpJsonFrame *frame);
} QmpAgentSyncFuncs;

/* The other side of transport is an agent: asks, and asks again in context, until the two are in step; afterwards for as
 * long as commands are held because they are not. calls and transport are borrowed, and must have begun. */
QmpAgentSync *qmp_agent_sync_new      (QmpCalls                *calls,
                                       QmpTransport            *transport,
                                       QmpIoContext            *context,
                                       const QmpAgentSyncFuncs *funcs,
                                       gpointer                 owner);
void          qmp_agent_sync_free     (QmpAgentSync            *self);

/* Asks no more: the link is about to end. */
void          qmp_agent_sync_stop     (QmpAgentSync            *self);
/* Asks in another context from now on. */
void          qmp_agent_sync_attach   (QmpAgentSync            *self,
                                       QmpIoContext            *context);
/* Something came: is it thrown away, because the two sides are not in step? */
gboolean      qmp_agent_sync_swallows (QmpAgentSync            *self,
                                       QmpJsonReaderResult      kind,
                                       QmpJsonFrame            *frame);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QmpAgentSync, qmp_agent_sync_free)

G_END_DECLS
