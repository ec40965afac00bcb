/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-message.h>

G_BEGIN_DECLS

#define QMP_TYPE_GUEST_EXEC_RESULT (qmp_guest_exec_result_get_type ())

QMP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (QmpGuestExecResult, qmp_guest_exec_result, QMP, GUEST_EXEC_RESULT, GObject)

QMP_AVAILABLE_IN_1_0
int          qmp_guest_exec_result_get_exit_status            (QmpGuestExecResult *self);

QMP_AVAILABLE_IN_1_0
gint64       qmp_guest_exec_result_get_signal                 (QmpGuestExecResult *self);

QMP_AVAILABLE_IN_1_0
GBytes      *qmp_guest_exec_result_get_output                 (QmpGuestExecResult *self);

QMP_AVAILABLE_IN_1_0
GBytes      *qmp_guest_exec_result_get_error_output           (QmpGuestExecResult *self);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_guest_exec_result_get_output_truncated       (QmpGuestExecResult *self);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_guest_exec_result_get_error_output_truncated (QmpGuestExecResult *self);

QMP_AVAILABLE_IN_1_0
QmpMessage  *qmp_guest_exec_result_get_reply                  (QmpGuestExecResult *self);

G_END_DECLS
