/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-event-match.h>

G_BEGIN_DECLS

/* A bit for how a name begins: by that most events are told from those that are wanted. */
guint64  qmp_event_match_get_letters (const char          *name);
/* FALSE: accepts() is FALSE for every event whose name begins so. */
gboolean qmp_event_match_may_accept  (const QmpEventMatch *self,
                                      guint64              letters);
/* The same, and TRUE: it may run user code. */
gboolean qmp_event_match_may_filter  (const QmpEventMatch *self,
                                      guint64              letters);

G_END_DECLS
