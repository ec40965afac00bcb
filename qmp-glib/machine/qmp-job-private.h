/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-client.h>
#include <qmp-glib/qmp-job.h>

#include "wire/qmp-io-context-private.h"

/* One job: what is known of it, from events and from query-jobs, and who waits for it. It asks nothing by itself. What it
 * is told changes what its getters say at once; qmp_job_tell() tells the program. */

G_BEGIN_DECLS

/* What goes up. */
typedef struct {
  /* Something is to be told. Runs no user code. */
  void      (* touched) (gpointer       owner,
                         QmpJob        *job);
  /* In a blocking call: asks what there is to be asked, and dismisses what is to be dismissed. timeout: milliseconds, of each
   * command. FALSE: there was nothing to be done, or it could not be done. */
  gboolean  (* work)    (gpointer       owner,
                         int            timeout,
                         GCancellable  *cancellable);
  /* While somebody waits, the owner is held. */
  void      (* hold)    (gpointer       owner);
  void      (* release) (gpointer       owner);
  /* When work may have more to do than now, if nothing happens: monotonic microseconds, G_MAXINT64 for never. */
  gint64    (* get_until) (gpointer    owner);
} QmpJobFuncs;

struct _QmpJob {
  GObject            parent_instance;

  QmpClient         *client;       /* nullable: as the owner is */
  GThread           *thread;       /* nullable, never looked into: the owner's */
  QmpIoContext      *io;
  const QmpJobFuncs *funcs;
  gpointer           owner;        /* nullable, borrowed: NULL when nobody follows it any more, and its end is known */

  char              *id;
  char              *job_type;     /* nullable: not known yet */
  char              *status_name;  /* nullable */
  QmpJobStatus       status;
  gint64             current;
  gint64             total;

  gboolean           was_aborting;
  gboolean           was_cancelled;  /* an event has said so */
  gboolean           was_completed;  /* an event has said so, with or without a failure */
  char              *failure;        /* nullable: of that event */

  gboolean           settled;      /* how it ends is known */
  gboolean           gone;         /* QEMU does not know it any more, or nobody can tell */
  gboolean           ours;         /* dismissed by us */
  gboolean           finished;
  gboolean           cancelled;
  GError            *error;        /* nullable */

  gboolean           queued;       /* the owner's: something is to be told */
  gboolean           listed;       /* the owner's: the program knows that it is there */
  gboolean           dismissing;   /* the owner's: that is under way */
  guint64            born;         /* the owner's: when it was first seen */
  guint64            changed_at;   /* the owner's: when its status was last heard */
  guint64            listed_at;    /* the owner's: when query-jobs had it last */
  gboolean           asked;        /* the owner's: query-jobs was asked since it is there */

  guint              changed;      /* bits of properties that are to be notified */
  GQueue             waits;        /* of QmpJobWait, owned */
};

/* qmp-job.c */
QmpJob   *qmp_job_new           (const char        *id,
                                 QmpClient         *client,
                                 QmpIoContext      *io,
                                 const QmpJobFuncs *funcs,
                                 gpointer           owner);
/* An event says so. */
void      qmp_job_set_status    (QmpJob            *self,
                                 const char        *name);
/* Any other event about it. */
void      qmp_job_take_event    (QmpJob            *self,
                                 QmpEvent          *event);
/* An entry of query-jobs. */
void      qmp_job_take_entry    (QmpJob            *self,
                                 JsonNode          *entry);
/* QEMU does not know it any more: how it ended is what the events have said. */
void      qmp_job_set_gone      (QmpJob            *self);
/* Nobody will know how it ends. An ending that is known is kept. */
void      qmp_job_lose          (QmpJob            *self,
                                 const char        *reason);
/* Nobody follows it any more. */
void      qmp_job_leave         (QmpJob            *self);
void      qmp_job_set_ours      (QmpJob            *self);
gboolean  qmp_job_is_at_work    (QmpJob            *self);
/* Tells all but the end of those who wait. Runs user code; the caller holds self. */
void      qmp_job_notify        (QmpJob            *self);

/* qmp-job-wait.c */
/* Tells those who wait, if what they wait for is there. Runs user code; the caller holds self. */
void      qmp_job_tell_waits    (QmpJob            *self);
/* Until it can be completed; an error if it ends before. */
void      qmp_job_wait_ready_async (QmpJob         *self,
                                 GCancellable      *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer           user_data);
gboolean  qmp_job_wait_ready_finish (QmpJob        *self,
                                 GAsyncResult      *result,
                                 GError           **error);
gboolean  qmp_job_wait_ready    (QmpJob            *self,
                                 GCancellable      *cancellable,
                                 GError           **error);
/* First in each method that is not for any thread. */
#define qmp_job_is_foreign(self, error)                                                   \
  (!qmp_job_require_thread ((self), G_STRFUNC, (error)))
gboolean  qmp_job_require_thread (QmpJob           *self,
                                 const char        *function,
                                 GError           **error);

G_END_DECLS
