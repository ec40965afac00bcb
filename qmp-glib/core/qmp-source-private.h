/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What whoever owns sources needs. */

G_BEGIN_DECLS

/* Destroys a source that is owned, and forgets it. */
static inline void
qmp_clear_source (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

G_END_DECLS
