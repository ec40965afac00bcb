/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "event/qmp-event-listener-private.h"

#include "qmp-enums.h"

/**
 * QmpEventListener:
 *
 * A queue of the events that a program wants.
 *
 * A listener says which events it wants, is added to a client, and from then on gets each such event that
 * comes, in the order of the wire, whether or not a main loop runs. It is read with
 * [method@EventListener.next_async] or its blocking form, or with [method@EventListener.try_next]. Any number
 * of listeners can hear the same events; each has its own queue, and the events in it are shared and read-only.
 *
 * ```c
 * const char *names[] = { "DEVICE_DELETED", "DEVICE_UNPLUG_GUEST_ERROR", NULL };
 * g_autoptr(QmpEventListener) listener = qmp_event_listener_new (names);
 *
 * qmp_client_add_listener (vm, listener);
 * ```
 *
 * A [struct@EventMatch] says more than names do: [ctor@EventListener.new_for_match].
 *
 * The events that are in the queue stay readable after the link has ended. Who waits then, or comes to wait,
 * gets `QMP_CLIENT_ERROR_INTERRUPTED`, with the cause.
 *
 * Nothing grows without bound when nobody reads: a queue that has reached
 * [property@EventListener:max-length] drops events, and counts them in [property@EventListener:n-dropped].
 *
 * ## As a list
 *
 * [property@EventListener:history] is a list of the events that the listener has taken, oldest first, for as many as
 * [property@EventListener:history-length] says, and at most 64 MiB; that is 0, so none, unless set. Reading the queue does not take
 * anything out of the list. It changes in the client's main context, never within a blocking call; of what comes
 * within one it misses what is over [property@Client:max-message-size] in sum.
 *
 * Since: 1.0
 */

#define DEFAULT_MAX_LENGTH 10000

enum {
  PROP_0,
  PROP_MATCH,
  PROP_MAX_LENGTH,
  PROP_OVERFLOW,
  PROP_N_DROPPED,
  PROP_HISTORY,
  PROP_HISTORY_LENGTH,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (QmpEventListener, qmp_event_listener, G_TYPE_OBJECT)

/* --- properties --- */

/**
 * qmp_event_listener_get_match:
 * @self: a listener
 *
 * Gets what says which events the listener wants. To change it, set a changed copy.
 *
 * Returns: (transfer none) (not nullable): the match, valid until another is set
 *
 * Since: 1.0
 */
const QmpEventMatch *
qmp_event_listener_get_match (QmpEventListener *self)
{
  g_return_val_if_fail (QMP_IS_EVENT_LISTENER (self), NULL);

  return self->match;
}

/**
 * qmp_event_listener_set_match:
 * @self: a listener
 * @match: says which events to take
 *
 * Sets which events the listener wants from here on. It takes a copy of @match. What is in its queue stays there.
 *
 * Since: 1.0
 */
void
qmp_event_listener_set_match (QmpEventListener    *self,
                              const QmpEventMatch *match)
{
  g_autoptr(QmpEventMatch) old = NULL;

  g_return_if_fail (QMP_IS_EVENT_LISTENER (self));
  qmp_event_listener_return_if_foreign (self);
  g_return_if_fail (match != NULL);

  /* Freed last: that may run user code. */
  old = self->match;
  self->match = qmp_event_match_copy (match);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MATCH]);
}

/**
 * qmp_event_listener_get_max_length:
 * @self: a listener
 *
 * Gets how many events the queue holds at most.
 *
 * Returns: the number, 0 for no limit
 *
 * Since: 1.0
 */
guint
qmp_event_listener_get_max_length (QmpEventListener *self)
{
  g_return_val_if_fail (QMP_IS_EVENT_LISTENER (self), 0);

  return self->queue.max_length;
}

/**
 * qmp_event_listener_set_max_length:
 * @self: a listener
 * @max_length: the number, 0 for no limit
 *
 * Sets how many events the queue holds at most. One that has more already drops the oldest.
 *
 * Since: 1.0
 */
void
qmp_event_listener_set_max_length (QmpEventListener *self,
                                   guint             max_length)
{
  g_return_if_fail (QMP_IS_EVENT_LISTENER (self));
  qmp_event_listener_return_if_foreign (self);

  if (self->queue.max_length == max_length)
    return;

  qmp_event_queue_set_max_length (&self->queue, max_length);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MAX_LENGTH]);
}

/**
 * qmp_event_listener_get_overflow:
 * @self: a listener
 *
 * Gets what a full queue does with one event more.
 *
 * Returns: which one it drops
 *
 * Since: 1.0
 */
QmpEventOverflow
qmp_event_listener_get_overflow (QmpEventListener *self)
{
  g_return_val_if_fail (QMP_IS_EVENT_LISTENER (self), QMP_EVENT_OVERFLOW_DROP_OLDEST);

  return self->queue.overflow;
}

/**
 * qmp_event_listener_set_overflow:
 * @self: a listener
 * @overflow: which one to drop
 *
 * Sets what a full queue does with one event more.
 *
 * Since: 1.0
 */
void
qmp_event_listener_set_overflow (QmpEventListener *self,
                                 QmpEventOverflow  overflow)
{
  g_return_if_fail (QMP_IS_EVENT_LISTENER (self));
  qmp_event_listener_return_if_foreign (self);

  if (self->queue.overflow == overflow)
    return;

  self->queue.overflow = overflow;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_OVERFLOW]);
}

/**
 * qmp_event_listener_get_n_dropped:
 * @self: a listener
 *
 * Counts the events that were dropped because the queue was full.
 *
 * Returns: how many there were
 *
 * Since: 1.0
 */
guint64
qmp_event_listener_get_n_dropped (QmpEventListener *self)
{
  g_return_val_if_fail (QMP_IS_EVENT_LISTENER (self), 0);

  return self->queue.n_dropped;
}

/**
 * qmp_event_listener_get_history:
 * @self: a listener
 *
 * Gets the list of the events that the listener has taken.
 *
 * Returns: (transfer none) (not nullable): the list
 *
 * Since: 1.0
 */
GListModel *
qmp_event_listener_get_history (QmpEventListener *self)
{
  g_return_val_if_fail (QMP_IS_EVENT_LISTENER (self), NULL);

  return G_LIST_MODEL (self->history);
}

/**
 * qmp_event_listener_get_history_length:
 * @self: a listener
 *
 * Gets how many events [property@EventListener:history] has at most.
 *
 * Returns: the number, 0 for none
 *
 * Since: 1.0
 */
guint
qmp_event_listener_get_history_length (QmpEventListener *self)
{
  g_return_val_if_fail (QMP_IS_EVENT_LISTENER (self), 0);

  return qmp_event_history_get_max_length (self->history);
}

/**
 * qmp_event_listener_set_history_length:
 * @self: a listener
 * @history_length: the number, 0 for none
 *
 * Sets how many events [property@EventListener:history] has at most. If it has more it forgets the oldest. It
 * has at most 64 MiB of events whatever this says.
 *
 * Since: 1.0
 */
void
qmp_event_listener_set_history_length (QmpEventListener *self,
                                       guint             history_length)
{
  g_return_if_fail (QMP_IS_EVENT_LISTENER (self));
  qmp_event_listener_return_if_foreign (self);

  if (qmp_event_history_get_max_length (self->history) == history_length)
    return;

  qmp_event_history_set_max_length (self->history, history_length);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_HISTORY_LENGTH]);
}

static void
qmp_event_listener_get_property (GObject    *object,
                                 guint       property_id,
                                 GValue     *value,
                                 GParamSpec *pspec)
{
  QmpEventListener *self = QMP_EVENT_LISTENER (object);

  switch (property_id)
    {
    case PROP_MATCH:
      g_value_set_boxed (value, self->match);
      break;
    case PROP_MAX_LENGTH:
      g_value_set_uint (value, self->queue.max_length);
      break;
    case PROP_OVERFLOW:
      g_value_set_enum (value, self->queue.overflow);
      break;
    case PROP_N_DROPPED:
      g_value_set_uint64 (value, self->queue.n_dropped);
      break;
    case PROP_HISTORY:
      g_value_set_object (value, self->history);
      break;
    case PROP_HISTORY_LENGTH:
      g_value_set_uint (value, qmp_event_history_get_max_length (self->history));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
qmp_event_listener_set_property (GObject      *object,
                                 guint         property_id,
                                 const GValue *value,
                                 GParamSpec   *pspec)
{
  QmpEventListener *self = QMP_EVENT_LISTENER (object);

  switch (property_id)
    {
    case PROP_MATCH:
      qmp_event_listener_set_match (self, g_value_get_boxed (value));
      break;
    case PROP_MAX_LENGTH:
      qmp_event_listener_set_max_length (self, g_value_get_uint (value));
      break;
    case PROP_OVERFLOW:
      qmp_event_listener_set_overflow (self, g_value_get_enum (value));
      break;
    case PROP_HISTORY_LENGTH:
      qmp_event_listener_set_history_length (self, g_value_get_uint (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
qmp_event_listener_finalize (GObject *object)
{
  QmpEventListener *self = QMP_EVENT_LISTENER (object);

  /* A hub holds a listener that was added to it, and a pending next's task the listener. */
  g_assert (self->hub == NULL && self->pending.head == NULL);

  qmp_event_match_free (self->match);
  g_queue_clear_full (&self->queue.events, g_object_unref);
  g_object_unref (self->history);

  G_OBJECT_CLASS (qmp_event_listener_parent_class)->finalize (object);
}

static void
qmp_event_listener_class_init (QmpEventListenerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  const GParamFlags writable = readable | G_PARAM_WRITABLE;

  object_class->get_property = qmp_event_listener_get_property;
  object_class->set_property = qmp_event_listener_set_property;
  object_class->finalize = qmp_event_listener_finalize;

  /**
   * QmpEventListener:match: (getter get_match) (setter set_match)
   *
   * Which events the listener wants; all if none was set.
   *
   * Since: 1.0
   */
  properties[PROP_MATCH] =
    g_param_spec_boxed ("match", NULL, NULL, QMP_TYPE_EVENT_MATCH, writable);

  /**
   * QmpEventListener:max-length: (getter get_max_length) (setter set_max_length)
   *
   * How many events the queue holds at most; 0 for no limit.
   *
   * Whatever it says, the queue holds no more than 64 MiB of events.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_LENGTH] =
    g_param_spec_uint ("max-length", NULL, NULL, 0, G_MAXUINT, DEFAULT_MAX_LENGTH, writable);

  /**
   * QmpEventListener:overflow: (getter get_overflow) (setter set_overflow)
   *
   * What a full queue does with one event more.
   *
   * Since: 1.0
   */
  properties[PROP_OVERFLOW] =
    g_param_spec_enum ("overflow", NULL, NULL, QMP_TYPE_EVENT_OVERFLOW, QMP_EVENT_OVERFLOW_DROP_OLDEST, writable);

  /**
   * QmpEventListener:n-dropped: (getter get_n_dropped)
   *
   * How many events were dropped because the queue was full. Its changes are not notified.
   *
   * Since: 1.0
   */
  properties[PROP_N_DROPPED] =
    g_param_spec_uint64 ("n-dropped", NULL, NULL, 0, G_MAXUINT64, 0, readable);

  /**
   * QmpEventListener:history: (getter get_history)
   *
   * The events that the listener has taken, oldest first: as many as [property@EventListener:history-length] says.
   *
   * It is the same list as long as the listener lives. Besides the interface it has the property `n-items`, as
   * [class@Gio.ListStore] has.
   *
   * Since: 1.0
   */
  properties[PROP_HISTORY] =
    g_param_spec_object ("history", NULL, NULL, G_TYPE_LIST_MODEL, readable);

  /**
   * QmpEventListener:history-length: (getter get_history_length) (setter set_history_length)
   *
   * How many events [property@EventListener:history] has at most; 0 for none.
   *
   * Whatever it says, the listener remembers no more than 64 MiB of events.
   *
   * Since: 1.0
   */
  properties[PROP_HISTORY_LENGTH] =
    g_param_spec_uint ("history-length", NULL, NULL, 0, G_MAXUINT, 0, writable);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
qmp_event_listener_init (QmpEventListener *self)
{
  self->match = qmp_event_match_new (NULL);
  self->queue.max_length = DEFAULT_MAX_LENGTH;
  self->history = qmp_event_history_new ();
}

/**
 * qmp_event_listener_new:
 * @names: (nullable) (array zero-terminated=1): the names of the events to listen to; `NULL` for all
 *
 * Makes a listener to events by their names. It hears nothing until [method@Client.add_listener].
 *
 * Returns: (transfer full): a new listener
 *
 * Since: 1.0
 */
QmpEventListener *
qmp_event_listener_new (const char * const *names)
{
  g_autoptr(QmpEventMatch) match = qmp_event_match_new (names);

  return qmp_event_listener_new_for_match (match);
}

/**
 * qmp_event_listener_new_for_match:
 * @match: says which events to take
 *
 * Makes a listener to the events of a match, of which it takes a copy. It hears nothing until
 * [method@Client.add_listener].
 *
 * Returns: (transfer full): a new listener
 *
 * Since: 1.0
 */
QmpEventListener *
qmp_event_listener_new_for_match (const QmpEventMatch *match)
{
  g_return_val_if_fail (match != NULL, NULL);

  return g_object_new (QMP_TYPE_EVENT_LISTENER, "match", match, NULL);
}
