/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-client.h>
#include <qmp-glib/qmp-message.h>

G_BEGIN_DECLS

#define QMP_TYPE_SERVER_CONNECTION (qmp_server_connection_get_type ())

QMP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (QmpServerConnection, qmp_server_connection, QMP, SERVER_CONNECTION, GObject)

QMP_AVAILABLE_IN_1_0
QmpRunstate   qmp_server_connection_get_runstate           (QmpServerConnection  *self);

QMP_AVAILABLE_IN_1_0
gboolean      qmp_server_connection_get_out_of_band_active (QmpServerConnection  *self);

QMP_AVAILABLE_IN_1_0
GCredentials *qmp_server_connection_get_credentials        (QmpServerConnection  *self);

QMP_AVAILABLE_IN_1_0
gboolean      qmp_server_connection_send                   (QmpServerConnection  *self,
                                                            QmpMessage           *message,
                                                            GError              **error);

QMP_AVAILABLE_IN_1_0
void          qmp_server_connection_close                  (QmpServerConnection  *self);

G_END_DECLS
