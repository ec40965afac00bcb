/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-event.h>
#include <qmp-glib/qmp-machine-status.h>

/* Where a machine stands, as its server has it: said at once by what its events mean, and corrected by what it answers.
 *
 * No event carries the status. STOP and RESUME say that the machine does not run, or does; why it has stopped stands in
 * the event before. So each event that may have changed it brings about one query, and none while one is under way. A
 * reply that is older than a later STOP or RESUME is not taken.
 *
 * Where an end was announced nobody is asked until it has not come for a while: QEMU 7.2 hangs for ever when a command
 * arrives in the moment in which it leaves its main loop. */

G_BEGIN_DECLS

typedef struct {
  /* Something of it is another now: neither runs user code nor changes it. */
  void (* changed) (gpointer owner);
  /* The server is to be asked soon, or in a while (leaving): whoever does that says so by qmp_status_ask(). Likewise. */
  void (* wants)   (gpointer owner);
} QmpStatusFuncs;

typedef enum {
  QMP_STATUS_CHANGE_NONE,
  QMP_STATUS_CHANGE_STOP,
  QMP_STATUS_CHANGE_RESUME,
} QmpStatusChange;

typedef struct {
  const QmpStatusFuncs *funcs;
  gpointer              owner;        /* borrowed */

  QmpMachineStatus      value;
  char                 *name;         /* nullable: not known */
  QmpEvent             *pause_event;  /* nullable: what has stopped it, or caused that */
  QmpEvent             *cause;        /* nullable: what the next STOP comes from */
  guint                 n_changes;    /* STOP and RESUME so far */
  QmpStatusChange       last_change;
  guint                 n_asked;      /* queries so far */
  guint                 answered;     /* which of them the status is from */
  gboolean              wanted;
  gboolean              asking;
  gboolean              leaving;      /* its end was announced */
  gboolean              migrated;     /* its end is not in the status yet */
} QmpStatus;

/* What was known when the server was asked. */
typedef struct {
  guint n_changes;
  guint number;
} QmpStatusTicket;

/* How long after such an event nothing is asked: QEMU 7.2 hangs when a command arrives in the moment in which it leaves. */
#define QMP_STATUS_LEAVING_TIME G_USEC_PER_SEC
/* An event announces the end, unless -no-shutdown and the like have it stay; or says that it goes on. */
gboolean        qmp_status_announces_end (QmpEvent      *event);
gboolean        qmp_status_revokes_end   (QmpEvent      *event);

/* The names of all events that matter, with NULL behind. */
extern const char * const qmp_status_events[];

void            qmp_status_init   (QmpStatus            *self,
                                   const QmpStatusFuncs *funcs,
                                   gpointer              owner);
void            qmp_status_clear  (QmpStatus            *self);
/* There is nothing to be known any more. */
void            qmp_status_forget (QmpStatus            *self);

/* An event came: which of them matters is found here. */
void            qmp_status_event  (QmpStatus            *self,
                                   QmpEvent             *event);
/* The end that was announced has not come. */
void            qmp_status_stay   (QmpStatus            *self);
/* The server is to be asked now. */
gboolean        qmp_status_is_due (QmpStatus            *self);
/* The server is to be asked, whether or not that is under way. */
void            qmp_status_want   (QmpStatus            *self);
/* A migration has ended, of which there was no event. */
void            qmp_status_note_migrated (QmpStatus      *self);
/* The server is about to be asked. */
QmpStatusTicket qmp_status_ask    (QmpStatus            *self);
/* What it has answered to query-status; NULL: nothing. own: what the caller may have brought about itself between the ticket and
 * the query. FALSE if it was not taken: it is asked again. One that comes behind the answer to a later query is of no use. */
gboolean        qmp_status_answer (QmpStatus            *self,
                                   QmpStatusTicket       ticket,
                                   QmpStatusChange       own,
                                   JsonNode             *reply);
/* The end of a migration is awaited: ask again after a while. */
gboolean        qmp_status_is_settling (QmpStatus       *self);
/* It is what comes of all events so far. */
gboolean        qmp_status_is_settled  (QmpStatus       *self);

G_END_DECLS
