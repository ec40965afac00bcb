/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-message.h>

#include "qmp-transport-private.h"

/* The commands of one link that wait for their replies: gives them ids, keeps them back while the
 * server's queue is full, finds the one that a reply belongs to, and knows what became of it. Completes
 * nobody: who asks is told which call is done. */

G_BEGIN_DECLS

/* What a call's outcome is made of. */
typedef enum {
  QMP_CALL_VALUE,    /* JsonNode: the "return" member; an error reply is an error */
  QMP_CALL_MESSAGE,  /* QmpMessage: the whole reply, an error reply too */
} QmpCallForm;

typedef enum {
  QMP_CALL_HELD,       /* waits here for its turn */
  QMP_CALL_SENT,       /* with the transport, or out */
  QMP_CALL_ABANDONED,  /* a call's remnant, private to QmpCalls: only the late reply is waited for */
  QMP_CALL_DONE,       /* out of the table: outcome is set */
} QmpCallPhase;

typedef struct _QmpCalls QmpCalls;

/* One command on its way. Owned by the QmpCalls until it is DONE, then by who was handed it. */
typedef struct {
  GList         pending_link;  /* in QmpCalls, in the order of issue; data is the call */
  GList         held_link;     /* likewise, while HELD */
  QmpCallPhase  phase;
  QmpCallForm   form;
  QmpPacket    *packet;
  guint         serial;        /* the id that was given, 0 if it has one of its own or none */
  char         *id_text;       /* an id of its own in canonical JSON, nullable */
  gboolean      in_window;     /* counts against the in-flight window */
  gboolean      out_of_band;
  gint64        deadline;      /* monotonic microseconds, 0 for none */

  /* The outcome: one of value and error. */
  gpointer      value;         /* JsonNode or QmpMessage by form; owned */
  GError       *error;         /* owned */

  /* Of the caller; not touched here but freed with the call. */
  gpointer      owner;         /* borrowed */
  GTask        *task;          /* owned, nullable: a blocking caller has none */
  GSource      *cancellation;  /* owned, nullable */
  gint64        created;       /* g_source_get_time() at the creation of task, 0 if outside of a dispatch */
} QmpCall;

/* In-band commands that may be in flight with out-of-band on. QEMU's queue has room for eight, but when
 * it is busy with another monitor's command the eighth already stops it from reading, and an out-of-band
 * command would be stuck behind. */
#define QMP_CALLS_WINDOW 7

QmpCalls *qmp_calls_new           (void);
void      qmp_calls_free          (QmpCalls      *self);

/* A new link: transport is borrowed until the next qmp_calls_end(). */
void      qmp_calls_begin         (QmpCalls      *self,
                                   QmpTransport  *transport);

/* With a window (out-of-band is on) at most QMP_CALLS_WINDOW in-band commands are in flight and one that
 * carries descriptors is in flight alone; without, no limit. */
void      qmp_calls_set_window    (QmpCalls      *self,
                                   gboolean       window);

/* The id for the next command. It is used up. */
guint     qmp_calls_take_serial   (QmpCalls      *self);

/* Is an id (canonical JSON) in use? */
gboolean  qmp_calls_has_id        (QmpCalls      *self,
                                   const char    *id_text);

/* Puts a command on its way. Takes packet. serial: from qmp_calls_take_serial(), or 0; id_text: canonical
 * JSON of an id of its own (taken), or NULL; with neither, it has no id on the wire. */
QmpCall  *qmp_calls_issue         (QmpCalls      *self,
                                   QmpCallForm    form,
                                   QmpPacket     *packet,
                                   guint          serial,
                                   char          *id_text,
                                   gboolean       out_of_band);

/* Takes a call that is not DONE out, DONE with error (taken); the caller of this owns it then. If nothing
 * of it was written it never is, else its late reply will be swallowed. */
void      qmp_calls_abandon       (QmpCalls      *self,
                                   QmpCall       *call,
                                   GError        *error);

typedef enum {
  QMP_CALLS_MATCHED,      /* call is DONE */
  QMP_CALLS_SWALLOWED,    /* the late reply of an abandoned call */
  QMP_CALLS_UNKNOWN,      /* an id that is not in use, or a result without an id that nobody waits for */
  QMP_CALLS_PARSE_ERROR,  /* an error without an id that nobody waits for */
} QmpCallsMatch;

/* Finds the call that a reply belongs to and sets its outcome. */
QmpCallsMatch qmp_calls_route     (QmpCalls      *self,
                                   QmpJsonReader *reader,
                                   QmpJsonFrame  *frame,
                                   QmpCall      **call);

/* The link is over: the oldest pending call, DONE with QMP_CLIENT_ERROR_INTERRUPTED; NULL when there is
 * none left. Abandoned calls are freed on the way. */
QmpCall  *qmp_calls_end_next      (QmpCalls      *self,
                                   const char    *cause);

/* The oldest call whose deadline is not after now, DONE with G_IO_ERROR_TIMED_OUT; NULL if there is none.
 * next (out): the deadline to look again at, 0 for none. */
QmpCall  *qmp_calls_expire_next   (QmpCalls      *self,
                                   gint64         now,
                                   gint64        *next);

/* One call, DONE with G_IO_ERROR_TIMED_OUT, as by qmp_calls_abandon(). */
void      qmp_calls_expire        (QmpCalls      *self,
                                   QmpCall       *call);

/* What was sent, as a message. */
QmpMessage *qmp_call_get_sent     (QmpCall       *self);

void      qmp_call_free           (QmpCall       *self);

/* {"class":…,"desc":…} of an error reply. Returns FALSE if it is not like that. */
gboolean  qmp_error_reply_parse   (const char    *text,
                                   QmpJsonSpan    error_span,
                                   char         **error_class,
                                   char         **desc);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QmpCall, qmp_call_free)

G_END_DECLS
