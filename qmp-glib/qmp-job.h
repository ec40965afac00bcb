/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-types.h>

G_BEGIN_DECLS

/**
 * QmpJobStatus:
 * @QMP_JOB_STATUS_UNKNOWN: not known, or one that this version of the library does not know; [property@Job:status-name]
 *   has its name
 * @QMP_JOB_STATUS_UNDEFINED: `undefined`: QEMU is about to make it
 * @QMP_JOB_STATUS_CREATED: `created`: it was made, and does not run yet
 * @QMP_JOB_STATUS_RUNNING: `running`: it is at work
 * @QMP_JOB_STATUS_PAUSED: `paused`: it rests; QEMU also pauses a job for a moment by itself
 * @QMP_JOB_STATUS_READY: `ready`: it has copied all, goes on copying what changes, and waits for [method@Job.complete]
 * @QMP_JOB_STATUS_STANDBY: `standby`: it is ready, and paused
 * @QMP_JOB_STATUS_WAITING: `waiting`: its work is done, and it waits for the others of its transaction
 * @QMP_JOB_STATUS_PENDING: `pending`: its work is done, and it waits for `job-finalize`, if it was started with
 *   `auto-finalize: false`
 * @QMP_JOB_STATUS_ABORTING: `aborting`: it has failed or was cancelled, and undoes what it has begun
 * @QMP_JOB_STATUS_CONCLUDED: `concluded`: it has ended, with success or not
 * @QMP_JOB_STATUS_NULL: `null`: QEMU has forgotten it
 *
 * Where a job stands: QEMU's `JobStatus`.
 *
 * New values may be added.
 *
 * Since: 1.0
 */
typedef enum {
  QMP_JOB_STATUS_UNKNOWN,
  QMP_JOB_STATUS_UNDEFINED,
  QMP_JOB_STATUS_CREATED,
  QMP_JOB_STATUS_RUNNING,
  QMP_JOB_STATUS_PAUSED,
  QMP_JOB_STATUS_READY,
  QMP_JOB_STATUS_STANDBY,
  QMP_JOB_STATUS_WAITING,
  QMP_JOB_STATUS_PENDING,
  QMP_JOB_STATUS_ABORTING,
  QMP_JOB_STATUS_CONCLUDED,
  QMP_JOB_STATUS_NULL,
} QmpJobStatus;

#define QMP_TYPE_JOB (qmp_job_get_type ())

QMP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (QmpJob, qmp_job, QMP, JOB, GObject)

/* properties */
QMP_AVAILABLE_IN_1_0
const char    *qmp_job_get_id           (QmpJob               *self);

QMP_AVAILABLE_IN_1_0
const char    *qmp_job_get_job_type     (QmpJob               *self);

QMP_AVAILABLE_IN_1_0
QmpJobStatus   qmp_job_get_status       (QmpJob               *self);

QMP_AVAILABLE_IN_1_0
const char    *qmp_job_get_status_name  (QmpJob               *self);

QMP_AVAILABLE_IN_1_0
gboolean       qmp_job_get_ready        (QmpJob               *self);

QMP_AVAILABLE_IN_1_0
gboolean       qmp_job_get_finished     (QmpJob               *self);

QMP_AVAILABLE_IN_1_0
gboolean       qmp_job_get_cancelled    (QmpJob               *self);

QMP_AVAILABLE_IN_1_0
const GError  *qmp_job_get_error        (QmpJob               *self);

QMP_AVAILABLE_IN_1_0
gint64         qmp_job_get_current      (QmpJob               *self);

QMP_AVAILABLE_IN_1_0
gint64         qmp_job_get_total        (QmpJob               *self);

QMP_AVAILABLE_IN_1_0
double         qmp_job_get_fraction     (QmpJob               *self);

QMP_AVAILABLE_IN_1_0
gboolean       qmp_job_is_owner_thread  (QmpJob               *self);

/* verbs */
QMP_AVAILABLE_IN_1_0
void           qmp_job_pause_async      (QmpJob               *self,
                                         GCancellable         *cancellable,
                                         GAsyncReadyCallback   callback,
                                         gpointer              user_data);

QMP_AVAILABLE_IN_1_0
gboolean       qmp_job_pause_finish     (QmpJob               *self,
                                         GAsyncResult         *result,
                                         GError              **error);

QMP_AVAILABLE_IN_1_0
gboolean       qmp_job_pause            (QmpJob               *self,
                                         GCancellable         *cancellable,
                                         GError              **error);

QMP_AVAILABLE_IN_1_0
void           qmp_job_resume_async     (QmpJob               *self,
                                         GCancellable         *cancellable,
                                         GAsyncReadyCallback   callback,
                                         gpointer              user_data);

QMP_AVAILABLE_IN_1_0
gboolean       qmp_job_resume_finish    (QmpJob               *self,
                                         GAsyncResult         *result,
                                         GError              **error);

QMP_AVAILABLE_IN_1_0
gboolean       qmp_job_resume           (QmpJob               *self,
                                         GCancellable         *cancellable,
                                         GError              **error);

QMP_AVAILABLE_IN_1_0
void           qmp_job_complete_async   (QmpJob               *self,
                                         GCancellable         *cancellable,
                                         GAsyncReadyCallback   callback,
                                         gpointer              user_data);

QMP_AVAILABLE_IN_1_0
gboolean       qmp_job_complete_finish  (QmpJob               *self,
                                         GAsyncResult         *result,
                                         GError              **error);

QMP_AVAILABLE_IN_1_0
gboolean       qmp_job_complete         (QmpJob               *self,
                                         GCancellable         *cancellable,
                                         GError              **error);

QMP_AVAILABLE_IN_1_0
void           qmp_job_cancel_async     (QmpJob               *self,
                                         GCancellable         *cancellable,
                                         GAsyncReadyCallback   callback,
                                         gpointer              user_data);

QMP_AVAILABLE_IN_1_0
gboolean       qmp_job_cancel_finish    (QmpJob               *self,
                                         GAsyncResult         *result,
                                         GError              **error);

QMP_AVAILABLE_IN_1_0
gboolean       qmp_job_cancel           (QmpJob               *self,
                                         GCancellable         *cancellable,
                                         GError              **error);

QMP_AVAILABLE_IN_1_0
void           qmp_job_dismiss_async    (QmpJob               *self,
                                         GCancellable         *cancellable,
                                         GAsyncReadyCallback   callback,
                                         gpointer              user_data);

QMP_AVAILABLE_IN_1_0
gboolean       qmp_job_dismiss_finish   (QmpJob               *self,
                                         GAsyncResult         *result,
                                         GError              **error);

QMP_AVAILABLE_IN_1_0
gboolean       qmp_job_dismiss          (QmpJob               *self,
                                         GCancellable         *cancellable,
                                         GError              **error);

QMP_AVAILABLE_IN_1_0
void           qmp_job_wait_async       (QmpJob               *self,
                                         int                   timeout,
                                         GCancellable         *cancellable,
                                         GAsyncReadyCallback   callback,
                                         gpointer              user_data);

QMP_AVAILABLE_IN_1_0
gboolean       qmp_job_wait_finish      (QmpJob               *self,
                                         GAsyncResult         *result,
                                         GError              **error);

QMP_AVAILABLE_IN_1_0
gboolean       qmp_job_wait             (QmpJob               *self,
                                         int                   timeout,
                                         GCancellable         *cancellable,
                                         GError              **error);

G_END_DECLS
