/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(QMP_INSIDE) && !defined(QMP_COMPILATION)
#error "Only <qmp-glib/qmp-glib.h> can be included directly."
#endif

#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <json-glib/json-glib.h>

#include <qmp-glib/qmp-version-macros.h>

G_BEGIN_DECLS

typedef struct _QmpClient QmpClient;
typedef struct _QmpEvent QmpEvent;
typedef struct _QmpEventListener QmpEventListener;
typedef struct _QmpGreeting QmpGreeting;
typedef struct _QmpMessage QmpMessage;

QMP_AVAILABLE_IN_1_0
gboolean qmp_check_version (guint major,
                            guint minor,
                            guint micro);

G_END_DECLS
