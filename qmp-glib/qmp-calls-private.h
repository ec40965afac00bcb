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
  GList         watched_link;  /* likewise, while watched */
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
  gint64        deadline;      /* monotonic microseconds, 0 for none */
  gint64        issued;        /* likewise; 0 if nobody asked for it: see qmp_calls_watch() */

  /* The outcome: one of value and error. */
  gpointer      value;         /* JsonNode or QmpMessage by form; owned */
  GError       *error;         /* owned */

  /* Of the caller; not touched here but freed with the call. */
  gpointer      owner;         /* borrowed */
  GTask        *task;          /* owned, nullable: a blocking caller has none */
  gpointer      wait;          /* borrowed, nullable: what it is a part of */
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
gboolean  qmp_calls_has_window    (QmpCalls      *self);

/* How a guest agent's calls tell that commands are held because the two sides may be out of step:
 * somebody has to bring them into step again. Must not run other people's code. */
typedef void (*QmpCallsOutOfStep) (gpointer owner);

/* The other side is a guest agent: commands go out one at a time, a reply without an id belongs to the one
 * that is out, and when that is given up the next is held until qmp_calls_set_in_step(), since its reply
 * could not be told from the late one. Begins out of step. Until the next qmp_calls_begin(). */
void      qmp_calls_set_agent     (QmpCalls          *self,
                                   QmpCallsOutOfStep  out_of_step,
                                   gpointer           owner);
gboolean  qmp_calls_is_out_of_step (QmpCalls     *self);
void      qmp_calls_set_in_step   (QmpCalls      *self);
/* Does any command wait here for its turn? */
gboolean  qmp_calls_has_held      (QmpCalls      *self);

/* An id (JSON) as the table knows it: equal for equal values, in any spelling, also that in which QEMU
 * echoes it. */
char     *qmp_calls_dup_id_key    (const char    *text,
                                   gsize          length);

/* The id for the next command. It is used up. */
guint     qmp_calls_take_serial   (QmpCalls      *self);

/* Is an id (from qmp_calls_dup_id_key()) in use? */
gboolean  qmp_calls_has_id        (QmpCalls      *self,
                                   const char    *id_text);

/* Puts a command on its way. Takes packet. serial: from qmp_calls_take_serial(), or 0; id_text: from
 * qmp_calls_dup_id_key() for an id of its own (taken), or NULL; with neither, it has no id on the wire. */
QmpCall  *qmp_calls_issue         (QmpCalls      *self,
                                   QmpCallForm    form,
                                   QmpPacket     *packet,
                                   guint          serial,
                                   char          *id_text,
                                   gboolean       out_of_band);

/* Puts descriptors by themselves on their way, in their place among the commands. Takes packet. */
void      qmp_calls_issue_fds     (QmpCalls      *self,
                                   QmpPacket     *packet);

/* Takes a call that is not DONE out, DONE with error (taken); the caller of this owns it then. If nothing
 * of it was written it never is, else its late reply will be swallowed. When error is
 * G_IO_ERROR_TIMED_OUT, a silent call that was written is DONE with success instead. */
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
 * none left. Abandoned calls are freed on the way, and descriptors that were held by themselves. */
QmpCall  *qmp_calls_end_next      (QmpCalls      *self,
                                   const char    *cause);

/* The oldest call whose deadline is not after now, DONE with G_IO_ERROR_TIMED_OUT; NULL if there is none.
 * next (out): the deadline to look again at, 0 for none. */
QmpCall  *qmp_calls_expire_next   (QmpCalls      *self,
                                   gint64         now,
                                   gint64        *next);

/* The error of a call that was not answered in time. */
GError   *qmp_call_make_timed_out (QmpCall       *self);

/* Counts call among those that a program waits for, until it is DONE. issued: when it was, 0
 * for not known. */
void      qmp_calls_watch         (QmpCalls      *self,
                                   QmpCall       *call,
                                   gint64         issued);

/* Of those the oldest, NULL if there is none; the next younger ones are behind it in watched_link. */
QmpCall  *qmp_calls_get_oldest    (QmpCalls      *self);
guint     qmp_calls_get_n_watched (QmpCalls      *self);

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
