/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "wire/qmp-io-context-private.h"
#include "wire/qmp-tls-private.h"
#include "wire/qmp-tunnel-private.h"

/* From an address to a connected stream, secured if that is wanted. A Unix socket whose queue is full is tried again, until
 * somebody has had enough and cancels. */

G_BEGIN_DECLS

/* What is wanted of a connection. Looked at when there is one. */
typedef struct {
  gboolean keep_alive;
  QmpTls   tls;
} QmpConnectorSettings;

typedef struct _QmpConnector QmpConnector;

/* stream is the callee's for the call; without one there is an error, which the callee takes. The connector is not under
 * way any more, and may be freed. */
typedef void (* QmpConnectorFunc) (GIOStream *stream,
                                   GError    *error,
                                   gpointer   user_data);

/* settings: borrowed, for as long as it is under way. */
QmpConnector *qmp_connector_new             (GSocketConnectable         *address,
                                             const QmpConnectorSettings *settings,
                                             QmpIoContext               *context,
                                             QmpConnectorFunc            func,
                                             gpointer                    user_data);
/* Not while it is under way. */
void          qmp_connector_free            (QmpConnector               *self);
/* Calls func exactly once: from here, from qmp_connector_cancel(), or from context. Once only. */
void          qmp_connector_start           (QmpConnector               *self);
/* Whatever comes of it, func is given G_IO_ERROR_CANCELLED: at once, or as soon as GIO lets go of it. */
void          qmp_connector_cancel          (QmpConnector               *self);
/* What the stream that func was given goes through, which is the callee's now: nullable. */
QmpTunnel    *qmp_connector_steal_tunnel    (QmpConnector               *self);
/* Started, and func was not called yet? self: nullable. */
gboolean      qmp_connector_is_under_way    (QmpConnector               *self);
/* What to say when it is cancelled for its taking too long. */
GError       *qmp_connector_error_timed_out (QmpConnector               *self);

G_END_DECLS
