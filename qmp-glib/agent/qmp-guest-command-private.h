/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "agent/qmp-guest-operation-private.h"

/* An operation that is one command, whose reply is its result. */

G_BEGIN_DECLS

/* Both take command; NULL, and mistake says why, which they take, too. */
void        qmp_guest_command_start (QmpGuestAgent        *agent,
                                     QmpMessage           *command,
                                     GError               *mistake,
                                     GCancellable         *cancellable,
                                     GAsyncReadyCallback   callback,
                                     gpointer              user_data,
                                     gpointer              source_tag);
QmpMessage *qmp_guest_command_run   (QmpGuestAgent        *agent,
                                     QmpMessage           *command,
                                     GError               *mistake,
                                     GCancellable         *cancellable,
                                     GError              **error);

G_END_DECLS
