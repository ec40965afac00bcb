/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-finder.h>

G_BEGIN_DECLS

/* Which one is called so: by its name, its UUID or its process ID, in this order. No I/O. */

/* Whether it may be the one. name, uuid: its own, nullable. */
gboolean     qmp_pick_may_be   (const char   *name,
                                const char   *uuid,
                                int           pid,
                                const char   *wanted);
/* Of QmpInstance. Transfer full; NULL with error set if there is none, or are several. */
QmpInstance *qmp_pick_instance (GPtrArray    *instances,
                                const char   *wanted,
                                GError      **error);

G_END_DECLS
