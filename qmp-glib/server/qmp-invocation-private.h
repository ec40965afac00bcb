/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-invocation.h>

#include "wire/qmp-io-context-private.h"

G_BEGIN_DECLS

/* The first and only answer, with the end of its line, which the callee takes. secret: what it returns is not to be shown.
 * Not called from another thread than the invocation's. */
typedef void (* QmpInvocationFunc) (QmpServerConnection *connection,
                                    gpointer             place,
                                    GString             *text,
                                    gboolean             secret);

/* Takes command. fd_list: nullable. place: the connection's, borrowed; what func is given. */
QmpInvocation *qmp_invocation_new     (QmpServerConnection *connection,
                                       QmpIoContext        *io,
                                       QmpMessage          *message,
                                       char                *command,
                                       gboolean             out_of_band,
                                       GUnixFDList         *fd_list,
                                       QmpInvocationFunc    func,
                                       gpointer             place);
/* An answer of the server's own; the program has given none. */
void           qmp_invocation_refuse  (QmpInvocation       *self,
                                       const char          *error_class,
                                       const char          *desc);
/* Somebody else gives the answer, at the place that is returned, to qmp_server_connection_answer(); of one that is not answered
 * yet. Runs user code, last of all: handlers of notify. */
gpointer       qmp_invocation_surrender (QmpInvocation      *self);

G_END_DECLS
