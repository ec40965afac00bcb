/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-event-match.h>

G_BEGIN_DECLS

/**
 * QmpEventOverflow:
 * @QMP_EVENT_OVERFLOW_DROP_OLDEST: the event that has waited longest makes room
 * @QMP_EVENT_OVERFLOW_DROP_NEWEST: the event that has just come is not taken
 *
 * What a listener whose queue is full does with one event more.
 *
 * Since: 1.0
 */
typedef enum {
  QMP_EVENT_OVERFLOW_DROP_OLDEST,
  QMP_EVENT_OVERFLOW_DROP_NEWEST,
} QmpEventOverflow;

#define QMP_TYPE_EVENT_LISTENER (qmp_event_listener_get_type ())

QMP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (QmpEventListener, qmp_event_listener, QMP, EVENT_LISTENER, GObject)

QMP_AVAILABLE_IN_1_0
QmpEventListener     *qmp_event_listener_new                (const char * const  *names) G_GNUC_WARN_UNUSED_RESULT;

/* which events */
QMP_AVAILABLE_IN_1_0
QmpEventListener     *qmp_event_listener_new_for_match      (const QmpEventMatch *match) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
const QmpEventMatch  *qmp_event_listener_get_match          (QmpEventListener    *self);

QMP_AVAILABLE_IN_1_0
void                  qmp_event_listener_set_match          (QmpEventListener    *self,
                                                             const QmpEventMatch *match);

/* the queue */
QMP_AVAILABLE_IN_1_0
void                  qmp_event_listener_next_async         (QmpEventListener    *self,
                                                             int                  timeout,
                                                             GCancellable        *cancellable,
                                                             GAsyncReadyCallback  callback,
                                                             gpointer             user_data);

QMP_AVAILABLE_IN_1_0
QmpEvent             *qmp_event_listener_next_finish        (QmpEventListener    *self,
                                                             GAsyncResult        *result,
                                                             GError             **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
QmpEvent             *qmp_event_listener_next               (QmpEventListener    *self,
                                                             int                  timeout,
                                                             GCancellable        *cancellable,
                                                             GError             **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
QmpEvent             *qmp_event_listener_try_next           (QmpEventListener    *self) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
gboolean              qmp_event_listener_is_empty           (QmpEventListener    *self);

QMP_AVAILABLE_IN_1_0
guint                 qmp_event_listener_get_n_events       (QmpEventListener    *self);

QMP_AVAILABLE_IN_1_0
GList                *qmp_event_listener_steal_events       (QmpEventListener    *self);

/* its bounds */
QMP_AVAILABLE_IN_1_0
guint                 qmp_event_listener_get_max_length     (QmpEventListener    *self);

QMP_AVAILABLE_IN_1_0
void                  qmp_event_listener_set_max_length     (QmpEventListener    *self,
                                                             guint                max_length);

QMP_AVAILABLE_IN_1_0
QmpEventOverflow      qmp_event_listener_get_overflow       (QmpEventListener    *self);

QMP_AVAILABLE_IN_1_0
void                  qmp_event_listener_set_overflow       (QmpEventListener    *self,
                                                             QmpEventOverflow     overflow);

QMP_AVAILABLE_IN_1_0
guint64               qmp_event_listener_get_n_dropped      (QmpEventListener    *self);

/* what has been */
QMP_AVAILABLE_IN_1_0
GListModel           *qmp_event_listener_get_history        (QmpEventListener    *self);

QMP_AVAILABLE_IN_1_0
guint                 qmp_event_listener_get_history_length (QmpEventListener    *self);

QMP_AVAILABLE_IN_1_0
void                  qmp_event_listener_set_history_length (QmpEventListener    *self,
                                                             guint                history_length);

G_END_DECLS
