/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Makes a resolver the program's that takes each name, after some iterations of the main loop, for this machine. */
void test_resolver_install (void);

G_END_DECLS
