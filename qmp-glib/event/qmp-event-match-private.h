/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-event-match.h>

G_BEGIN_DECLS

/* Does accepts() run user code? */
gboolean qmp_event_match_has_filter (const QmpEventMatch *self);

G_END_DECLS
