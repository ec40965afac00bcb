/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "link/qmp-calls-private.h"

/* What goes over the wire, for a log of all of it. The texts are made where a message goes by, and only if somebody
 * wants to see them. QMP_DEBUG prints them at once; everybody else is told later, in their place among replies and
 * events. */

G_BEGIN_DECLS

/* A program that makes blocking calls alone is told nothing meanwhile. What is over this is dropped, the oldest first. */
#define QMP_WIRE_LOG_MAX_KEPT (4 * 1024 * 1024)

/* How the owner tells. Runs user code. sent: or received. */
typedef void (*QmpWireLogTell) (gpointer    owner,
                                gboolean    sent,
                                const char *text);

/* Embedded by its owner. */
typedef struct {
  QmpCalls              *calls;      /* borrowed: a reply is shown by what its command has asked for */
  QmpInbox              *inbox;      /* borrowed: the owner's, where each text has its place; the log outlives what is in it */
  QmpWireLogTell         tell;
  gpointer               owner;      /* borrowed */
  const char            *name;       /* borrowed, nullable: whose it is, for QMP_DEBUG; the owner's to set */
  GQueue                 texts;      /* of Text, borrowed from the inbox, by their links */
  gsize                  size;       /* of texts */
  guint                  n_dropped;  /* since the last that was delivered */
  guint                  redact : 1; /* what is told; the owner's to set */
  guint                  heard  : 1; /* somebody is to be told of what is noted from now on */
  guint                  noting : 1; /* heard, or it is printed */
} QmpWireLog;

/* Redacts until it is told otherwise. */
void  qmp_wire_log_init           (QmpWireLog            *self,
                                   QmpCalls              *calls,
                                   QmpInbox              *inbox,
                                   QmpWireLogTell         tell,
                                   gpointer               owner);

/* Before messages go by. heard: is somebody to be told of them? */
void  qmp_wire_log_begin          (QmpWireLog            *self,
                                   gboolean               heard);
/* A message that goes by, if the log is noting. Runs no user code. */
void  qmp_wire_log_note_sent      (QmpWireLog            *self,
                                   QmpPacket             *packet);
void  qmp_wire_log_note_received  (QmpWireLog            *self,
                                   QmpJsonFrame          *frame);

G_END_DECLS
