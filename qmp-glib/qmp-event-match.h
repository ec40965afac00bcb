/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-event.h>

G_BEGIN_DECLS

#define QMP_TYPE_EVENT_MATCH (qmp_event_match_get_type ())

/**
 * QmpEventFilterFunc:
 * @event: an event that fits the match otherwise
 * @user_data: (closure): what was given with the function
 *
 * Decides whether an event is wanted.
 *
 * It is called when the event is read, before any callback or signal that the event brings, also within a
 * blocking call. It should only look at the event: a blocking method of the client fails inside of it.
 *
 * Returns: `TRUE` if it is wanted
 *
 * Since: 1.0
 */
typedef gboolean (*QmpEventFilterFunc) (QmpEvent *event,
                                        gpointer  user_data);

QMP_AVAILABLE_IN_1_0
GType                qmp_event_match_get_type          (void) G_GNUC_CONST;

QMP_AVAILABLE_IN_1_0
QmpEventMatch       *qmp_event_match_new               (const char * const   *names) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
QmpEventMatch       *qmp_event_match_copy              (const QmpEventMatch  *self) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
void                 qmp_event_match_free              (QmpEventMatch        *self);

/* which events */
QMP_AVAILABLE_IN_1_0
void                 qmp_event_match_add_member        (QmpEventMatch        *self,
                                                        const char           *event,
                                                        const char           *path,
                                                        JsonNode             *value);

QMP_AVAILABLE_IN_1_0
void                 qmp_event_match_add_string_member (QmpEventMatch        *self,
                                                        const char           *event,
                                                        const char           *path,
                                                        const char           *value);

QMP_AVAILABLE_IN_1_0
void                 qmp_event_match_add_failure       (QmpEventMatch        *self,
                                                        const char           *event,
                                                        const char           *path,
                                                        JsonNode             *value);

QMP_AVAILABLE_IN_1_0
void                 qmp_event_match_set_filter        (QmpEventMatch        *self,
                                                        QmpEventFilterFunc    filter,
                                                        gpointer              user_data,
                                                        GDestroyNotify        destroy);

/* what it says */
QMP_AVAILABLE_IN_1_0
const char * const  *qmp_event_match_get_names         (const QmpEventMatch  *self);

QMP_AVAILABLE_IN_1_0
gboolean             qmp_event_match_accepts           (const QmpEventMatch  *self,
                                                        QmpEvent             *event);

QMP_AVAILABLE_IN_1_0
gboolean             qmp_event_match_is_failure        (const QmpEventMatch  *self,
                                                        QmpEvent             *event);

QMP_AVAILABLE_IN_1_0
char                *qmp_event_match_to_string         (const QmpEventMatch  *self) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QmpEventMatch, qmp_event_match_free)

G_END_DECLS
