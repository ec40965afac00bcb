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
typedef struct _QmpEventMatch QmpEventMatch;
typedef struct _QmpGreeting QmpGreeting;
typedef struct _QmpInvocation QmpInvocation;
typedef struct _QmpJob QmpJob;
typedef struct _QmpLauncher QmpLauncher;
typedef struct _QmpMachine QmpMachine;
typedef struct _QmpMessage QmpMessage;
typedef struct _QmpOutcome QmpOutcome;
typedef struct _QmpRecorder QmpRecorder;
typedef struct _QmpServer QmpServer;
typedef struct _QmpServerConnection QmpServerConnection;

/**
 * QMP_TIMEOUT_NONE: (value -1)
 *
 * A time without a limit: as long as it takes.
 *
 * All times are in milliseconds, and 0 is at once: what is not there already is not waited for.
 *
 * Since: 1.0
 */
#define QMP_TIMEOUT_NONE (-1)

/**
 * QMP_TIMEOUT_CLIENT: (value -2)
 *
 * The time of a message that has none of its own: as long as [property@Client:timeout] says.
 *
 * Since: 1.0
 */
#define QMP_TIMEOUT_CLIENT (-2)

QMP_AVAILABLE_IN_1_0
gboolean qmp_check_version (guint major,
                            guint minor,
                            guint micro);

G_END_DECLS
