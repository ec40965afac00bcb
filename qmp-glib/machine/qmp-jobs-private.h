/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-client.h>
#include <qmp-glib/qmp-event-listener.h>

#include "machine/qmp-job-list-private.h"
#include "machine/qmp-job-private.h"

/* All jobs of one server, seen over one client: it hears of them by events, also within blocking calls, asks query-jobs
 * when a job is new, when one is concluded, and for progress, and dismisses those that were started by it.
 *
 * A reply is older than the events that have been heard when it is delivered. So each query has a ticket, and what is newer than
 * that is left as it is. */

G_BEGIN_DECLS

/* When something was heard or asked: greater is later. */
typedef guint64 QmpJobsTicket;

typedef struct {
  guint             n_refs;
  QmpClient        *client;
  QmpIoContext     *io;
  QmpEventListener *listener;    /* its filter sees the events */
  gulong            handlers[2]; /* of the client's signals */
  QmpIoWatch        todo;        /* in io */
  gboolean          due;         /* something is to be done, or to be told */
  gboolean          left;        /* nobody will open another link for it */

  QmpJobList       *list;        /* what the program was told */
  GHashTable       *jobs;        /* id -> QmpJob, owned: those that there are */
  GQueue            untold;      /* of QmpJob, owned */
  GQueue            starts;      /* of QmpJobsStart, borrowed */
  GHashTable       *orphans;     /* id -> QmpJobsTicket *: when they were started by whom nobody waits for any more, and which
                                  * were not seen yet */

  QmpJobsTicket     now;
  guint             n_asking;    /* queries that have no answer */
  GHashTable       *gone;        /* id -> QmpJobsTicket *: those that went meanwhile */
  gboolean          asking;      /* one query of our own is under way */

  guint             interval;    /* milliseconds, 0: progress is not asked for */
  QmpIoTimer        tick;        /* in io */
  gboolean          ticked;      /* progress is to be asked for */

  gint64            quiet_until; /* nothing is asked, for its end was announced; 0: it was not */
  QmpIoTimer        stay;        /* in io: it has not come */
} QmpJobs;

/* A job that is being started. A member of whoever starts it. */
typedef struct {
  const char *id;
  gboolean    deafens;  /* QEMU answers nothing meanwhile */
  QmpJob     *job;      /* nullable, owned: has come since */
  GList       link;
} QmpJobsStart;

/* io: of the client's main context. */
QmpJobs       *qmp_jobs_new          (QmpClient     *client,
                                      QmpIoContext  *io);
QmpJobs       *qmp_jobs_ref          (QmpJobs       *self);
void           qmp_jobs_unref        (QmpJobs       *self);
/* For the owner, instead of unref: those who wait are told until the link ends, and then that nobody knows. */
void           qmp_jobs_leave        (QmpJobs       *self);
void           qmp_jobs_set_interval (QmpJobs       *self,
                                      guint          interval);
/* Tells what there is to be told, and asks what there is to be asked. From a dispatch of the owner's context; runs user code. */
void           qmp_jobs_tell         (QmpJobs       *self);
/* Around a query-jobs of somebody else's, that of a new link. reply: nullable. */
QmpJobsTicket  qmp_jobs_ask          (QmpJobs       *self);
void           qmp_jobs_answer       (QmpJobs       *self,
                                      QmpJobsTicket  ticket,
                                      JsonNode      *reply);
/* There is no server any more: what has not ended is lost. */
void           qmp_jobs_lose         (QmpJobs       *self);

/* QEMU does not answer while it saves, loads or deletes a snapshot, which takes as long as it takes. */
gboolean       qmp_jobs_may_be_deaf  (QmpJobs       *self);
/* Such a command, or type of a job. */
gboolean       qmp_jobs_is_deafening (const char    *command);

/* For qmp-jobs-start.c: before the command is written, ... */
void           qmp_jobs_expect       (QmpJobs       *self,
                                      QmpJobsStart  *start);
/* ... when its reply is there, or is not waited for any more. error: nullable, how it has ended. The job, transfer full, if it
 * has succeeded. If nobody knows, and there is such a job, it is dismissed as well. */
QmpJob        *qmp_jobs_adopt        (QmpJobs       *self,
                                      QmpJobsStart  *start,
                                      const GError  *error);
/* In a blocking call: see QmpJobFuncs. */
gboolean       qmp_jobs_work         (QmpJobs       *self,
                                      int            timeout,
                                      GCancellable  *cancellable);
QmpMessage    *qmp_jobs_new_query    (int            timeout);
/* Nothing is to be asked now. */
gboolean       qmp_jobs_is_quiet     (QmpJobs       *self);

/* qmp-jobs-start.c */
gboolean       qmp_jobs_has_auto_dismiss (const char *command);
/* The job that command starts. Takes task. It returns when the command is answered, and more is known of the job. */
void           qmp_jobs_start_async  (QmpJobs       *self,
                                      QmpMessage    *command,
                                      GCancellable  *cancellable,
                                      GTask         *task);
QmpJob        *qmp_jobs_start        (QmpJobs       *self,
                                      QmpMessage    *command,
                                      GCancellable  *cancellable,
                                      GError       **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QmpJobs, qmp_jobs_unref)

G_END_DECLS
