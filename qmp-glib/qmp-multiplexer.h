/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-server.h>

G_BEGIN_DECLS

#define QMP_TYPE_MULTIPLEXER (qmp_multiplexer_get_type ())

QMP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (QmpMultiplexer, qmp_multiplexer, QMP, MULTIPLEXER, GObject)

/**
 * QmpMultiplexerAllowFunc:
 * @multiplexer: the multiplexer
 * @invocation: the command of a client
 * @user_data: (closure): what was given with the function
 *
 * Decides whether a command is passed on to the server.
 *
 * [property@Invocation:connection] says whose it is. The function may answer @invocation itself; then it goes nowhere else.
 *
 * Returns: `TRUE` to pass it on; `FALSE` to refuse it
 *
 * Since: 1.0
 */
typedef gboolean (*QmpMultiplexerAllowFunc) (QmpMultiplexer *multiplexer,
                                             QmpInvocation  *invocation,
                                             gpointer        user_data);

QMP_AVAILABLE_IN_1_0
QmpMultiplexer *qmp_multiplexer_new            (QmpClient               *client) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
void            qmp_multiplexer_set_allow_func (QmpMultiplexer          *self,
                                                QmpMultiplexerAllowFunc  allow,
                                                gpointer                 user_data,
                                                GDestroyNotify           destroy);

/* properties */
QMP_AVAILABLE_IN_1_0
QmpClient      *qmp_multiplexer_get_client     (QmpMultiplexer          *self);

QMP_AVAILABLE_IN_1_0
QmpServer      *qmp_multiplexer_get_server     (QmpMultiplexer          *self);

QMP_AVAILABLE_IN_1_0
gboolean        qmp_multiplexer_get_read_only  (QmpMultiplexer          *self);

QMP_AVAILABLE_IN_1_0
void            qmp_multiplexer_set_read_only  (QmpMultiplexer          *self,
                                                gboolean                 read_only);

G_END_DECLS
