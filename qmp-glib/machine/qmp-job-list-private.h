/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-job.h>

G_BEGIN_DECLS

/* Jobs as a program sees them: a GListModel that changes when the program is told. */
#define QMP_TYPE_JOB_LIST (qmp_job_list_get_type ())
G_DECLARE_FINAL_TYPE (QmpJobList, qmp_job_list, QMP, JOB_LIST, GObject)

QmpJobList *qmp_job_list_new    (void);
/* Both run user code. */
void        qmp_job_list_append (QmpJobList *self,
                                 QmpJob     *job);
void        qmp_job_list_remove (QmpJobList *self,
                                 QmpJob     *job);

G_END_DECLS
