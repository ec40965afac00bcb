/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What a call fails with whose cancellable was cancelled. User code may have reset it since: that changes nothing. */
GError *qmp_cancellation_make_error (GCancellable *cancellable);

G_END_DECLS
