/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "wire/qmp-io-context-private.h"

/* An object that belongs to a thread, and that comes to its end there, wherever its last reference goes. */

G_BEGIN_DECLS

/* In its class's init. */
void     qmp_hand_over_install       (GObjectClass *klass);
/* First in its dispose: FALSE if this is another thread. Then its own drops the last reference, and nothing is to be done
 * here. Else qmp_io_context_leave() is called, once nothing is done any more in finalize. */
gboolean qmp_hand_over_begin_dispose (GObject      *object,
                                      QmpIoContext *io);
/* Last in its dispose. */
void     qmp_hand_over_end_dispose   (GObject      *object,
                                      QmpIoContext *io);

G_END_DECLS
