/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What the program holds when it has no client and no server. */

G_BEGIN_DECLS

typedef struct {
  gsize allocated; /* bytes, as malloc() counts them */
  gsize resident;  /* bytes */
  guint n_fds;
  guint n_threads;
} SoakMemory;

SoakMemory soak_memory_measure (void);
void       soak_memory_print   (const char       *title,
                                const SoakMemory *memory);
/* Fails when more is held than before. */
void       soak_memory_check   (const SoakMemory *before,
                                const SoakMemory *after);

G_END_DECLS
