/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What the environment variable QMP_DEBUG asks for: QMP_DEBUG=state,wire, or all. Secrets have to be asked for by
 * name: QMP_DEBUG=wire,secrets. */
typedef enum {
  QMP_DEBUG_STATE = 1 << 0, /* runstates, connections, the ends of calls */
  QMP_DEBUG_WIRE = 1 << 1,  /* what is sent and received */
  QMP_DEBUG_SECRETS = 1 << 2, /* with the passwords that are in it */
} QmpDebugFlags;

/* Read from the environment once, at the first call. */
QmpDebugFlags qmp_debug_get_flags (void);

/* One line on the standard error, if flag is asked for. For texts that are dear to make, ask
 * qmp_debug_enabled() first. */
void          qmp_debug           (QmpDebugFlags  flag,
                                   const char    *format,
                                   ...) G_GNUC_PRINTF (2, 3);

static inline gboolean
qmp_debug_enabled (QmpDebugFlags flag)
{
  return G_UNLIKELY ((qmp_debug_get_flags () & flag) != 0);
}

G_END_DECLS
