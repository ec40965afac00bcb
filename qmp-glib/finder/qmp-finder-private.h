/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-finder.h>

G_BEGIN_DECLS

/* For tests: what to look at instead of /proc. Before it has looked. */
void qmp_finder_set_root (QmpFinder   *self,
                          const char  *root);

G_END_DECLS
