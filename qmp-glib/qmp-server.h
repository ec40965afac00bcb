/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-invocation.h>
#include <qmp-glib/qmp-server-connection.h>

G_BEGIN_DECLS

#define QMP_TYPE_SERVER (qmp_server_get_type ())

QMP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (QmpServer, qmp_server, QMP, SERVER, GObject)

QMP_AVAILABLE_IN_1_0
QmpServer          *qmp_server_new                  (const char          *name) G_GNUC_WARN_UNUSED_RESULT;

/* clients */
QMP_AVAILABLE_IN_1_0
gboolean            qmp_server_listen               (QmpServer           *self,
                                                     GSocketConnectable  *address,
                                                     GError             **error);

QMP_AVAILABLE_IN_1_0
gboolean            qmp_server_add_stream           (QmpServer           *self,
                                                     GIOStream           *stream,
                                                     GError             **error);

QMP_AVAILABLE_IN_1_0
gboolean            qmp_server_emit_event           (QmpServer           *self,
                                                     const char          *name,
                                                     JsonNode            *data,
                                                     GError             **error);

QMP_AVAILABLE_IN_1_0
void                qmp_server_close                (QmpServer           *self);

/* properties */
QMP_AVAILABLE_IN_1_0
const char         *qmp_server_get_name             (QmpServer           *self);

QMP_AVAILABLE_IN_1_0
GSocketAddress     *qmp_server_get_listen_address   (QmpServer           *self);

QMP_AVAILABLE_IN_1_0
GListModel         *qmp_server_get_connections      (QmpServer           *self);

QMP_AVAILABLE_IN_1_0
const char         *qmp_server_get_version          (QmpServer           *self);

QMP_AVAILABLE_IN_1_0
void                qmp_server_set_version          (QmpServer           *self,
                                                     const char          *version);

QMP_AVAILABLE_IN_1_0
const char         *qmp_server_get_package          (QmpServer           *self);

QMP_AVAILABLE_IN_1_0
void                qmp_server_set_package          (QmpServer           *self,
                                                     const char          *package);

QMP_AVAILABLE_IN_1_0
const char * const *qmp_server_get_capabilities     (QmpServer           *self);

QMP_AVAILABLE_IN_1_0
void                qmp_server_set_capabilities     (QmpServer           *self,
                                                     const char * const  *capabilities);

QMP_AVAILABLE_IN_1_0
const char * const *qmp_server_get_oob_commands     (QmpServer           *self);

QMP_AVAILABLE_IN_1_0
void                qmp_server_set_oob_commands     (QmpServer           *self,
                                                     const char * const  *oob_commands);

QMP_AVAILABLE_IN_1_0
gboolean            qmp_server_get_owner_only       (QmpServer           *self);

QMP_AVAILABLE_IN_1_0
void                qmp_server_set_owner_only       (QmpServer           *self,
                                                     gboolean             owner_only);

QMP_AVAILABLE_IN_1_0
guint               qmp_server_get_max_message_size (QmpServer           *self);

QMP_AVAILABLE_IN_1_0
void                qmp_server_set_max_message_size (QmpServer           *self,
                                                     guint                max_message_size);

QMP_AVAILABLE_IN_1_0
guint               qmp_server_get_max_connections  (QmpServer           *self);

QMP_AVAILABLE_IN_1_0
void                qmp_server_set_max_connections  (QmpServer           *self,
                                                     guint                max_connections);

QMP_AVAILABLE_IN_1_0
guint               qmp_server_get_max_pending      (QmpServer           *self);

QMP_AVAILABLE_IN_1_0
void                qmp_server_set_max_pending      (QmpServer           *self,
                                                     guint                max_pending);

QMP_AVAILABLE_IN_1_0
guint               qmp_server_get_max_unsent       (QmpServer           *self);

QMP_AVAILABLE_IN_1_0
void                qmp_server_set_max_unsent       (QmpServer           *self,
                                                     guint                max_unsent);

G_END_DECLS
