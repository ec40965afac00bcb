/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-error.h>

/* What belongs to one thread, and is asked for in another. */

G_BEGIN_DECLS

/* FALSE in another thread than owner, with a critical that says so, and with QMP_CLIENT_ERROR_THREAD for bindings, which
 * make an exception of it. */
gboolean qmp_thread_require (GThread     *owner,
                             const char  *function,
                             GError     **error);
/* The same of what is a server's. */
gboolean qmp_thread_require_server (GThread     *owner,
                                    const char  *function,
                                    GError     **error);

G_END_DECLS
