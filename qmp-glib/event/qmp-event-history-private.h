/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-event.h>

/* Events that are remembered, oldest first: a list model, with a property "n-items" as GListStore has it. Bounded, since a
 * server chooses how many they are, and how large. */

G_BEGIN_DECLS

#define QMP_TYPE_EVENT_HISTORY (qmp_event_history_get_type ())

G_DECLARE_FINAL_TYPE (QmpEventHistory, qmp_event_history, QMP, EVENT_HISTORY, GObject)

/* Remembers nothing. */
QmpEventHistory *qmp_event_history_new             (void);

/* These emit items-changed and notify. */

/* Forgets the oldest if it is over a limit then. */
void             qmp_event_history_add             (QmpEventHistory *self,
                                                    QmpEvent        *event);
void             qmp_event_history_set_max_length  (QmpEventHistory *self,
                                                    guint            max_length);

guint            qmp_event_history_get_max_length  (QmpEventHistory *self);

G_END_DECLS
