/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-outcome.h>

#include "wire/qmp-process-private.h"

G_BEGIN_DECLS

/* What is known when a machine has ended. All of it is borrowed. */
typedef struct {
  const char          *reason;    /* nullable: QEMU's, or that of a watchdog */
  gboolean             by_guest;
  gboolean             by_us;     /* it was told to quit, or was killed, by the machine */
  const QmpProcessEnd *process;   /* nullable: there is none, or it has not ended */
  const char          *output;    /* nullable */
  QmpShutDownStage     stage;     /* of shutting down */
} QmpOutcomeFacts;

QmpOutcome *qmp_outcome_new (const QmpOutcomeFacts *facts);

G_END_DECLS
