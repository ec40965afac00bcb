/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-glib.h>

#include "shell-output.h"

/* What was meant by a command that the server did not take, for people. */

G_BEGIN_DECLS

/* Says so, if the schema knows; it is asked for when there is none. schema is nullable. Nothing is said once the
 * cancellable is cancelled, or the client's link has ended. output is borrowed until then. */
void shell_hint_tell (ShellOutput  *output,
                      QmpClient    *client,
                      QmpSchema    *schema,
                      QmpMessage   *command,
                      GCancellable *cancellable);

G_END_DECLS
