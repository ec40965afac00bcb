/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "agent/qmp-guest-operation-private.h"

/* A file that is open in the guest, which costs the agent a descriptor until it is closed. */

G_BEGIN_DECLS

/* At most so many bytes go in one command or reply, as base64. */
#define QMP_GUEST_HANDLE_PIECE (256 * 1024)

typedef struct {
  gint64   number;
  gboolean is_open;
} QmpGuestHandle;

/* The step that opens it: kept, since a handle that nobody knows cannot be closed. */
QmpGuestStep qmp_guest_handle_open        (QmpGuestOperation  *operation,
                                           const char         *path,
                                           const char         *mode,
                                           GError            **error);
gboolean     qmp_guest_handle_take        (QmpGuestHandle     *self,
                                           QmpGuestOperation  *operation,
                                           QmpMessage         *reply,
                                           GError            **error);
/* The step that closes it; its failure is known, and it is closed. */
QmpGuestStep qmp_guest_handle_close       (QmpGuestHandle     *self,
                                           QmpGuestOperation  *operation,
                                           GError            **error);
/* Closes it if it is open still, and waits for nothing. */
void         qmp_guest_handle_close_aside (QmpGuestHandle     *self,
                                           QmpGuestOperation  *operation);

G_END_DECLS
