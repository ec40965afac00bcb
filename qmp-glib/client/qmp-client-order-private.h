/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "client/qmp-client-private.h"
#include "link/qmp-request-private.h"

/* A command of the program's on its way: through everything that can be wrong before a byte of it is sent, and out. */

G_BEGIN_DECLS

/* On the stack; { 0 } is a new one. Whoever checks commands may drop the caller's references: what is still needed then is
 * owned, and NULL without a check. */
typedef struct {
  QmpRequest    request;
  QmpClient    *client;
  QmpMessage   *message;
  JsonNode     *arguments;
  GCancellable *cancellable;
} QmpOrder;

/* FALSE with error if it cannot be sent. Asks whoever checks commands. */
gboolean qmp_order_prepare_command (QmpOrder      *self,
                                    QmpClient     *client,
                                    const char    *command,
                                    JsonNode      *arguments,
                                    GCancellable  *cancellable,
                                    GError       **error);
/* Likewise. what: the method, for the text. */
gboolean qmp_order_prepare_message (QmpOrder      *self,
                                    QmpClient     *client,
                                    QmpMessage    *message,
                                    QmpCallForm    form,
                                    GCancellable  *cancellable,
                                    const char    *what,
                                    GError       **error);
/* Likewise, but only for a client whose commands nobody checks. */
gboolean qmp_order_prepare_parsed  (QmpOrder      *self,
                                    QmpClient     *client,
                                    const char    *command,
                                    const char    *format,
                                    va_list       *arguments,
                                    GError       **error);

/* All of these need one that is prepared, and are the last that is done with it. */
/* The call's end is in the inbox, and is not watched for its time or a cancellable. */
QmpCall *qmp_order_issue           (QmpOrder      *self,
                                    QmpClient     *client);
/* In the background. Takes task, which was made at the time created. */
void     qmp_order_start           (QmpOrder      *self,
                                    QmpClient     *client,
                                    GTask         *task,
                                    gint64         created,
                                    GCancellable  *cancellable);
/* Blocks. The outcome, JsonNode or QmpMessage; NULL with error. */
gpointer qmp_order_run             (QmpOrder      *self,
                                    QmpClient     *client,
                                    GCancellable  *cancellable,
                                    GError       **error);

void     qmp_order_clear           (QmpOrder      *self);

/* FALSE with error if message is not to be sent: asks whoever checks commands, so it runs user code. */
gboolean qmp_client_run_check      (QmpClient     *self,
                                    QmpMessage    *message,
                                    GError       **error);

/* An order whole. */
/* One command of a message, out or held; NULL with error if it cannot be. what: the method, for the text. timeout (out):
 * of the command, in milliseconds, or QMP_TIMEOUT_NONE. */
QmpCall *qmp_client_issue_message  (QmpClient     *self,
                                    QmpMessage    *message,
                                    const char    *what,
                                    int           *timeout,
                                    GError       **error);
/* Blocks. See qmp_client_execute_parsed_va(). */
QmpMessage *qmp_client_run_parsed  (QmpClient     *self,
                                    const char    *command,
                                    const char    *format,
                                    va_list       *arguments,
                                    GCancellable  *cancellable,
                                    GError       **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (QmpOrder, qmp_order_clear)

G_END_DECLS
