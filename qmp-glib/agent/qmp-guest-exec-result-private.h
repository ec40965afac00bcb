/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-guest-exec-result.h>

G_BEGIN_DECLS

/* Of the reply of guest-exec-status about a program that has ended. NULL with error when it does not say how. */
QmpGuestExecResult *qmp_guest_exec_result_new (QmpMessage  *reply,
                                               GError     **error);

G_END_DECLS
