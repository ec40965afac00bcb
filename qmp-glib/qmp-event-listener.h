/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-event.h>

G_BEGIN_DECLS

/**
 * QmpOverflow:
 * @QMP_OVERFLOW_DROP_OLDEST: the event that has waited longest makes room
 * @QMP_OVERFLOW_DROP_NEWEST: the event that has just come is not taken
 *
 * What a listener whose queue is full does with one event more.
 *
 * Since: 1.0
 */
typedef enum {
  QMP_OVERFLOW_DROP_OLDEST,
  QMP_OVERFLOW_DROP_NEWEST,
} QmpOverflow;

#define QMP_TYPE_EVENT_LISTENER (qmp_event_listener_get_type ())

QMP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (QmpEventListener, qmp_event_listener, QMP, EVENT_LISTENER, GObject)

/**
 * QmpEventFilterFunc:
 * @listener: the listener
 * @event: an event that has one of the listener's names and fits its matches
 * @user_data: (closure): what was given with the function
 *
 * Decides whether a listener takes an event.
 *
 * It is called when the event is read, before any callback or signal that the event brings, also within a
 * blocking call. It should only look at the event: a blocking method of the client fails inside of it.
 *
 * Returns: `TRUE` to take the event
 *
 * Since: 1.0
 */
typedef gboolean (*QmpEventFilterFunc) (QmpEventListener *listener,
                                        QmpEvent         *event,
                                        gpointer          user_data);

QMP_AVAILABLE_IN_1_0
QmpEventListener    *qmp_event_listener_new                (const char * const  *names) G_GNUC_WARN_UNUSED_RESULT;

/* which events */
QMP_AVAILABLE_IN_1_0
const char * const  *qmp_event_listener_get_names          (QmpEventListener    *self);

QMP_AVAILABLE_IN_1_0
void                 qmp_event_listener_add_match          (QmpEventListener    *self,
                                                            const char          *event,
                                                            const char          *member,
                                                            const char          *value);

QMP_AVAILABLE_IN_1_0
void                 qmp_event_listener_add_match_node     (QmpEventListener    *self,
                                                            const char          *event,
                                                            const char          *member,
                                                            JsonNode            *value);

QMP_AVAILABLE_IN_1_0
void                 qmp_event_listener_add_failure        (QmpEventListener    *self,
                                                            const char          *event);

QMP_AVAILABLE_IN_1_0
void                 qmp_event_listener_set_filter         (QmpEventListener    *self,
                                                            QmpEventFilterFunc   filter,
                                                            gpointer             user_data,
                                                            GDestroyNotify       destroy);

QMP_AVAILABLE_IN_1_0
gboolean             qmp_event_listener_accepts            (QmpEventListener    *self,
                                                            QmpEvent            *event);

QMP_AVAILABLE_IN_1_0
gboolean             qmp_event_listener_is_failure         (QmpEventListener    *self,
                                                            QmpEvent            *event);

/* the queue */
QMP_AVAILABLE_IN_1_0
void                 qmp_event_listener_next_async         (QmpEventListener    *self,
                                                            int                  timeout,
                                                            GCancellable        *cancellable,
                                                            GAsyncReadyCallback  callback,
                                                            gpointer             user_data);

QMP_AVAILABLE_IN_1_0
QmpEvent            *qmp_event_listener_next_finish        (QmpEventListener    *self,
                                                            GAsyncResult        *result,
                                                            GError             **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
QmpEvent            *qmp_event_listener_next               (QmpEventListener    *self,
                                                            int                  timeout,
                                                            GCancellable        *cancellable,
                                                            GError             **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
QmpEvent            *qmp_event_listener_try_next           (QmpEventListener    *self) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
gboolean             qmp_event_listener_is_empty           (QmpEventListener    *self);

QMP_AVAILABLE_IN_1_0
guint                qmp_event_listener_get_n_events       (QmpEventListener    *self);

QMP_AVAILABLE_IN_1_0
GList               *qmp_event_listener_clear              (QmpEventListener    *self);

/* its bounds */
QMP_AVAILABLE_IN_1_0
guint                qmp_event_listener_get_max_length     (QmpEventListener    *self);

QMP_AVAILABLE_IN_1_0
void                 qmp_event_listener_set_max_length     (QmpEventListener    *self,
                                                            guint                max_length);

QMP_AVAILABLE_IN_1_0
QmpOverflow          qmp_event_listener_get_overflow       (QmpEventListener    *self);

QMP_AVAILABLE_IN_1_0
void                 qmp_event_listener_set_overflow       (QmpEventListener    *self,
                                                            QmpOverflow          overflow);

QMP_AVAILABLE_IN_1_0
guint64              qmp_event_listener_get_n_dropped      (QmpEventListener    *self);

/* what has been */
QMP_AVAILABLE_IN_1_0
guint                qmp_event_listener_get_history_length (QmpEventListener    *self);

QMP_AVAILABLE_IN_1_0
void                 qmp_event_listener_set_history_length (QmpEventListener    *self,
                                                            guint                history_length);

G_END_DECLS
