/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-launcher.h>

#include "machine/qmp-output-private.h"
#include "machine/qmp-process-private.h"

G_BEGIN_DECLS

/* What comes of a launcher: a process that has begun, which need not come to anything. */
typedef struct {
  QmpProcess *process;
  QmpOutput  *output;
  GIOStream  *monitor;
} QmpLaunched;

/* launched (out): not attached yet, if TRUE is returned. */
gboolean qmp_launcher_spawn (QmpLauncher  *self,
                             QmpLaunched  *launched,
                             GError      **error);

G_END_DECLS
