/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-types.h>

G_BEGIN_DECLS

#define QMP_TYPE_RECORDER (qmp_recorder_get_type ())

QMP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (QmpRecorder, qmp_recorder, QMP, RECORDER, GObject)

QMP_AVAILABLE_IN_1_0
QmpRecorder        *qmp_recorder_new                (GSocketConnectable  *address,
                                                     GOutputStream       *stream) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
gboolean            qmp_recorder_listen             (QmpRecorder         *self,
                                                     GSocketConnectable  *address,
                                                     GError             **error);

QMP_AVAILABLE_IN_1_0
void                qmp_recorder_close              (QmpRecorder         *self);

/* properties */
QMP_AVAILABLE_IN_1_0
GSocketConnectable *qmp_recorder_get_address        (QmpRecorder         *self);

QMP_AVAILABLE_IN_1_0
GOutputStream      *qmp_recorder_get_stream         (QmpRecorder         *self);

QMP_AVAILABLE_IN_1_0
GSocketAddress     *qmp_recorder_get_listen_address (QmpRecorder         *self);

QMP_AVAILABLE_IN_1_0
gboolean            qmp_recorder_get_redact         (QmpRecorder         *self);

QMP_AVAILABLE_IN_1_0
void                qmp_recorder_set_redact         (QmpRecorder         *self,
                                                     gboolean             redact);

G_END_DECLS
