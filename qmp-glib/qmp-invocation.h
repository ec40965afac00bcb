/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-message.h>

G_BEGIN_DECLS

#define QMP_TYPE_INVOCATION (qmp_invocation_get_type ())

QMP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (QmpInvocation, qmp_invocation, QMP, INVOCATION, GObject)

/* what was asked for */
QMP_AVAILABLE_IN_1_0
QmpMessage          *qmp_invocation_get_message     (QmpInvocation  *self);

QMP_AVAILABLE_IN_1_0
const char          *qmp_invocation_get_command     (QmpInvocation  *self);

QMP_AVAILABLE_IN_1_0
JsonNode            *qmp_invocation_get_arguments   (QmpInvocation  *self);

QMP_AVAILABLE_IN_1_0
GUnixFDList         *qmp_invocation_get_fd_list     (QmpInvocation  *self);

QMP_AVAILABLE_IN_1_0
gboolean             qmp_invocation_get_out_of_band (QmpInvocation  *self);

QMP_AVAILABLE_IN_1_0
QmpServerConnection *qmp_invocation_get_connection  (QmpInvocation  *self);

/* its answer */
QMP_AVAILABLE_IN_1_0
gboolean             qmp_invocation_get_answered    (QmpInvocation  *self);

QMP_AVAILABLE_IN_1_0
gboolean             qmp_invocation_return_value    (QmpInvocation  *self,
                                                     JsonNode       *value,
                                                     GError        **error);

QMP_AVAILABLE_IN_1_0
gboolean             qmp_invocation_return_text     (QmpInvocation  *self,
                                                     const char     *json,
                                                     GError        **error);

QMP_AVAILABLE_IN_1_0
gboolean             qmp_invocation_return_error    (QmpInvocation  *self,
                                                     const char     *error_class,
                                                     const char     *desc,
                                                     GError        **error);

G_END_DECLS
