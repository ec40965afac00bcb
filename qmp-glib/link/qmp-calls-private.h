/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "link/qmp-call-private.h"

/* The commands of one link that wait for their replies: gives them ids, keeps them back while the
 * server's queue is full, finds the one that a reply belongs to, and knows what became of it. Completes
 * nobody: who asks is told which call is done. */

G_BEGIN_DECLS

typedef struct _QmpCalls QmpCalls;

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
 * somebody has to bring them into step again. Must not run user code. */
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

/* The server repeats no ids, as its reply to first has shown: a reply without one belongs to the oldest command. Until the
 * next qmp_calls_begin(). */
void      qmp_calls_set_in_order  (QmpCalls      *self,
                                   QmpCall       *first);
gboolean  qmp_calls_is_in_order   (QmpCalls      *self);

/* The id for the next command. It is used up. */
guint     qmp_calls_take_serial   (QmpCalls      *self);
/* Empty, for the text of the command that is being made. Borrowed until the next is. */
GString  *qmp_calls_take_text     (QmpCalls      *self);

/* Is an id (from qmp_reply_dup_id_key()) in use? */
gboolean  qmp_calls_has_id        (QmpCalls      *self,
                                   const char    *id_text);

/* Puts a command on its way. Takes packet. serial: from qmp_calls_take_serial(), or 0; id_text: from
 * qmp_reply_dup_id_key() for an id of its own (taken), or NULL; with neither, it has no id on the wire. */
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

/* The same without doing anything: the call that a reply will be routed to, NULL for none. */
QmpCall  *qmp_calls_peek          (QmpCalls      *self,
                                   QmpJsonFrame  *frame);

/* A blocking caller waits for this call, which pends; one at a time. */
void      qmp_calls_await         (QmpCalls      *self,
                                   QmpCall       *call);

/* The link is over. Returns the call that is awaited, DONE with QMP_CLIENT_ERROR_INTERRUPTED; NULL if none is. rest (out):
 * the others that pend, oldest first, by their pending_link, for the caller to interrupt and to free. What was given up
 * is forgotten, and descriptors that were held by themselves are closed. */
QmpCall  *qmp_calls_end           (QmpCalls      *self,
                                   const char    *cause,
                                   GQueue        *rest);
/* Is it one of the rest? It may be DONE, too. */
gboolean  qmp_calls_has_ended     (QmpCalls      *self,
                                   QmpCall       *call);

/* A call that pends expires then. Once for each call. */
void      qmp_calls_set_deadline  (QmpCalls      *self,
                                   QmpCall       *call,
                                   gint64         deadline);

/* The call with the earliest deadline, if that is not after now, DONE with G_IO_ERROR_TIMED_OUT; NULL if there is none.
 * next (out): the deadline to look again at, 0 for none. */
QmpCall  *qmp_calls_expire_next   (QmpCalls      *self,
                                   gint64         now,
                                   gint64        *next);

/* Counts call among those that a program waits for, until it is DONE. issued: when it was, 0
 * for not known. */
void      qmp_calls_watch         (QmpCalls      *self,
                                   QmpCall       *call,
                                   gint64         issued);

/* Of those the oldest, NULL if there is none; the next younger ones are behind it in watched_link. */
QmpCall  *qmp_calls_get_oldest    (QmpCalls      *self);
guint     qmp_calls_get_n_watched (QmpCalls      *self);

G_END_DECLS
