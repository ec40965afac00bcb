/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-expectation.h>

#include "mock/qmp-script-private.h"
#include "mock/qmp-stage-private.h"

G_BEGIN_DECLS

/* step: the script's. release: in the stage's thread, with the step. */
QmpExpectation *qmp_expectation_new  (QmpScript      *script,
                                      QmpStep        *step,
                                      QmpStage       *stage,
                                      QmpStageFunc    release);
/* Notifies of what has come since. Runs user code. */
void            qmp_expectation_tell (QmpExpectation *self);

G_END_DECLS
