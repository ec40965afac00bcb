/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-message.h>

G_BEGIN_DECLS

#define QMP_TYPE_EVENT (qmp_event_get_type ())
#define QMP_EVENT(obj) (G_TYPE_CHECK_INSTANCE_CAST ((obj), QMP_TYPE_EVENT, QmpEvent))
#define QMP_IS_EVENT(obj) (G_TYPE_CHECK_INSTANCE_TYPE ((obj), QMP_TYPE_EVENT))

typedef struct _QmpEventClass QmpEventClass;

QMP_AVAILABLE_IN_1_0
GType        qmp_event_get_type       (void) G_GNUC_CONST;

QMP_AVAILABLE_IN_1_0
const char  *qmp_event_get_name       (QmpEvent *self);

QMP_AVAILABLE_IN_1_0
JsonNode    *qmp_event_get_data       (QmpEvent *self);

QMP_AVAILABLE_IN_1_0
gint64       qmp_event_get_timestamp  (QmpEvent *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QmpEvent, g_object_unref)

G_END_DECLS
