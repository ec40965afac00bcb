/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "finder/qmp-holders-private.h"
#include "finder/qmp-instance-private.h"

G_BEGIN_DECLS

/* Looks once at all processes, and opens nothing but what /proc has of them. */

/* root: "/proc", or what looks like it. wanted: nullable; only what may be called so is looked at. holders: nullable; who holds what is then not looked for. Returns QmpInstance, in
 * the order of their processes; NULL with error set if root cannot be read. Of any thread, which is given all of it. */
GPtrArray *qmp_scan_run (const char  *root,
                         const char  *wanted,
                         QmpHolders  *holders,
                         GError     **error);

/* Whether that number is still this process's. */
gboolean   qmp_scan_is_there (const char  *root,
                              QmpInstance *instance);

/* A descriptor of that process (pidfd); -1 with errno, which is ESRCH if the process has ended. */
int        qmp_scan_open_process (const char  *root,
                                  QmpInstance *instance);

G_END_DECLS
