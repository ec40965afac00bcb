/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-launcher.h>

#include "wire/qmp-output-private.h"
#include "wire/qmp-process-private.h"
#include "wire/qmp-listening-private.h"

G_BEGIN_DECLS

/* What comes of a launcher: a process that has begun, which need not come to anything. */
typedef struct {
  QmpProcess   *process;
  QmpOutput    *output;     /* nullable: it is left running, and speaks elsewhere */
  GIOStream    *monitor;
  QmpListening *listening;  /* nullable: it is left running, and serves this: to be left when it does, or freed */
  int           agent_fd;   /* -1: none */
} QmpLaunched;

/* launched (out): not attached yet, if TRUE is returned. */
gboolean qmp_launcher_spawn (QmpLauncher  *self,
                             QmpLaunched  *launched,
                             GError      **error);

G_END_DECLS
