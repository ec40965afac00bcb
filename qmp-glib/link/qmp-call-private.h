/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-message.h>

#include "core/qmp-deadlines-private.h"
#include "event/qmp-paired-call-private.h"
#include "wire/qmp-transport-private.h"

/* One command on its way, and what becomes of it. */

G_BEGIN_DECLS

/* What a call's outcome is made of. */
typedef enum {
  QMP_CALL_VALUE,    /* JsonNode: the "return" member; an error reply is an error */
  QMP_CALL_REPLY,    /* QmpMessage: the whole reply; an error reply is an error */
  QMP_CALL_MESSAGE,  /* QmpMessage: the whole reply, an error reply too */
  QMP_CALL_RELAYED,  /* nothing: the reply goes on as it has come */
  QMP_CALL_NOTHING,  /* nothing; an error reply is an error */
} QmpCallForm;

typedef enum {
  QMP_CALL_HELD,       /* waits here for its turn */
  QMP_CALL_SENT,       /* with the transport, or out */
  QMP_CALL_DONE,       /* out of the table: outcome is set */
} QmpCallPhase;

/* The values of most replies are shorter. */
#define QMP_CALL_SHORT 128

/* Owned by the QmpCalls until it is DONE, then by who was handed it. */
typedef struct {
  QmpInboxEntry entry;         /* once it is DONE and has a task; its created is set by who makes the task */
  GList         pending_link;  /* in QmpCalls, in the order of issue; data is the call */
  GList         held_link;     /* likewise, while HELD */
  GList         watched_link;  /* likewise, while watched */
  gpointer      turn;          /* private to QmpCalls: its place among the commands without an id; nullable */
  QmpCallPhase  phase;
  QmpCallForm   form;
  QmpPacket    *packet;
  guint         serial;        /* the id that was given, 0 if it has one of its own or none */
  char         *id_text;       /* an id of its own in canonical JSON, nullable */
  gboolean      in_window;     /* counts against the in-flight window */
  gboolean      out_of_band;
  gboolean      bare;          /* descriptors by themselves: no command, in no table, answered by nothing */
  gboolean      silent;        /* success is not answered; set by who has issued it */
  gboolean      watched;
  QmpDeadline   deadline;      /* its time is 0 for none; from qmp_calls_set_deadline() */
  guint         link_number;     /* private to QmpCalls */
  gint64        issued;        /* likewise; 0 if nobody asked for it: see qmp_calls_watch() */

  /* The outcome: one of value and error; of a call with a task, instead of value, the short text that its node is made of
   * when it is returned. So the memory that a caller has given back for one is there for the next one. */
  gpointer      value;         /* JsonNode or QmpMessage by form; owned */
  GError       *error;         /* owned */
  guint         text_length;
  QmpJsonFrame *frame;         /* borrowed: the reply of one that is RELAYED, while it is told */

  /* Of the caller; not touched here but freed with the call. */
  gpointer      owner;         /* borrowed */
  GTask        *task;          /* owned, nullable: a blocking caller has none */
  QmpPairedCall *pair;         /* borrowed, nullable: what it is the command of */
  QmpPatience  *patience;      /* owned, nullable */
  gpointer      relay;         /* borrowed, nullable: who is told of one that is RELAYED */

  char          text[QMP_CALL_SHORT];
} QmpCall;

/* Takes packet (nullable). */
QmpCall     *qmp_call_new                 (QmpCallForm     form,
                                           QmpPacket      *packet);
void         qmp_call_free                (QmpCall        *self);

/* What was sent, as a message. */
QmpMessage  *qmp_call_get_sent            (QmpCall        *self);
gboolean     qmp_call_was_written         (QmpCall        *self);

/* DONE: with what the server's reply says. */
void         qmp_call_set_reply           (QmpCall        *self,
                                           QmpJsonReader  *reader,
                                           QmpJsonFrame   *frame);
/* DONE: a silent call's success. No news is good news. */
void         qmp_call_set_silent_success  (QmpCall        *self);
/* DONE: the link has ended; with QMP_CLIENT_ERROR_INTERRUPTED, unless that is a silent call's success. */
void         qmp_call_interrupt           (QmpCall        *self,
                                           const char     *cause);
/* Completes the task of a call that is DONE. Takes it; runs user code. */
void         qmp_call_return              (QmpCall        *self);
/* The same in its place among all that is to be told. */
void         qmp_call_post                (QmpCall        *self,
                                           QmpInbox       *inbox);
/* The error of a call that was not answered in time. */
GError      *qmp_call_make_timed_out      (QmpCall        *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QmpCall, qmp_call_free)

G_END_DECLS
