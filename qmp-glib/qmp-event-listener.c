/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "qmp-event-listener-private.h"

#include "qmp-enums.h"

/**
 * QmpEventListener:
 *
 * A queue of events of one's own.
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
 * qmp_event_listener_add_match (listener, NULL, "device", "net0");
 * qmp_client_add_listener (vm, listener);
 * ```
 *
 * The events that are in the queue stay readable after the link has ended. Who waits then, or comes to wait,
 * gets `QMP_CLIENT_ERROR_INTERRUPTED`, with the cause.
 *
 * Nothing grows without bound when nobody reads: a queue that has reached
 * [property@EventListener:max-length] drops events, and counts them in [property@EventListener:n-dropped].
 *
 * ## As a list
 *
 * A listener is a [iface@Gio.ListModel] of the events that it has taken, oldest first, for as many as
 * [property@EventListener:history-length] says; that is 0, so none, unless set. Reading the queue does not take
 * anything out of the list. It changes in the client's main context, never within a blocking call; of what comes
 * within one it misses what is over [property@Client:max-message-size] in sum.
 *
 * Since: 1.0
 */

#define DEFAULT_MAX_LENGTH 10000

enum {
  PROP_0,
  PROP_NAMES,
  PROP_MAX_LENGTH,
  PROP_OVERFLOW,
  PROP_N_DROPPED,
  PROP_HISTORY_LENGTH,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static void list_model_iface_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (QmpEventListener, qmp_event_listener, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_iface_init))

/* --- the list --- */

static GType
get_item_type (GListModel *list)
{
  return QMP_TYPE_EVENT;
}

static guint
get_n_items (GListModel *list)
{
  return QMP_EVENT_LISTENER (list)->history.length;
}

static gpointer
get_item (GListModel *list,
          guint       position)
{
  QmpEvent *event = g_queue_peek_nth (&QMP_EVENT_LISTENER (list)->history, position);

  return event != NULL ? g_object_ref (event) : NULL;
}

static void
list_model_iface_init (GListModelInterface *iface)
{
  iface->get_item_type = get_item_type;
  iface->get_n_items = get_n_items;
  iface->get_item = get_item;
}

static void
forget_oldest (QmpEventListener *self)
{
  g_object_unref (g_queue_pop_head (&self->history));
  g_list_model_items_changed (G_LIST_MODEL (self), 0, 1, 0);
}

void
qmp_event_listener_remember (QmpEventListener *self,
                             QmpEvent         *event)
{
  if (self->history_length == 0)
    return;

  g_queue_push_tail (&self->history, g_object_ref (event));
  g_list_model_items_changed (G_LIST_MODEL (self), self->history.length - 1, 0, 1);
  while (self->history.length > self->history_length)
    forget_oldest (self);
}

/* --- properties --- */

/**
 * qmp_event_listener_get_names:
 * @self: a listener
 *
 * Gets the names of the events that the listener wants.
 *
 * Returns: (transfer none) (nullable) (array zero-terminated=1): the names, `NULL` for all
 *
 * Since: 1.0
 */
const char * const *
qmp_event_listener_get_names (QmpEventListener *self)
{
  g_return_val_if_fail (QMP_IS_EVENT_LISTENER (self), NULL);

  return (const char * const *) self->names;
}

/**
 * qmp_event_listener_get_max_length:
 * @self: a listener
 *
 * Gets how many events the queue holds at the most.
 *
 * Returns: the number, 0 for no limit
 *
 * Since: 1.0
 */
guint
qmp_event_listener_get_max_length (QmpEventListener *self)
{
  g_return_val_if_fail (QMP_IS_EVENT_LISTENER (self), 0);

  return self->max_length;
}

/**
 * qmp_event_listener_set_max_length:
 * @self: a listener
 * @max_length: the number, 0 for no limit
 *
 * Sets how many events the queue holds at the most. One that has more already drops the oldest.
 *
 * Since: 1.0
 */
void
qmp_event_listener_set_max_length (QmpEventListener *self,
                                   guint             max_length)
{
  g_return_if_fail (QMP_IS_EVENT_LISTENER (self));

  if (self->max_length == max_length)
    return;

  self->max_length = max_length;
  qmp_event_listener_shorten (self);
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
QmpOverflow
qmp_event_listener_get_overflow (QmpEventListener *self)
{
  g_return_val_if_fail (QMP_IS_EVENT_LISTENER (self), QMP_OVERFLOW_DROP_OLDEST);

  return self->overflow;
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
                                 QmpOverflow       overflow)
{
  g_return_if_fail (QMP_IS_EVENT_LISTENER (self));

  if (self->overflow == overflow)
    return;

  self->overflow = overflow;
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

  return self->n_dropped;
}

/**
 * qmp_event_listener_get_history_length:
 * @self: a listener
 *
 * Gets how many events the listener remembers at the most, as a list.
 *
 * Returns: the number, 0 for none
 *
 * Since: 1.0
 */
guint
qmp_event_listener_get_history_length (QmpEventListener *self)
{
  g_return_val_if_fail (QMP_IS_EVENT_LISTENER (self), 0);

  return self->history_length;
}

/**
 * qmp_event_listener_set_history_length:
 * @self: a listener
 * @history_length: the number, 0 for none
 *
 * Sets how many events the listener remembers at the most, as a list. If it has more it forgets the oldest.
 *
 * Since: 1.0
 */
void
qmp_event_listener_set_history_length (QmpEventListener *self,
                                       guint             history_length)
{
  g_return_if_fail (QMP_IS_EVENT_LISTENER (self));

  if (self->history_length == history_length)
    return;

  self->history_length = history_length;
  while (self->history.length > self->history_length)
    forget_oldest (self);
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
    case PROP_NAMES:
      g_value_set_boxed (value, self->names);
      break;
    case PROP_MAX_LENGTH:
      g_value_set_uint (value, self->max_length);
      break;
    case PROP_OVERFLOW:
      g_value_set_enum (value, self->overflow);
      break;
    case PROP_N_DROPPED:
      g_value_set_uint64 (value, self->n_dropped);
      break;
    case PROP_HISTORY_LENGTH:
      g_value_set_uint (value, self->history_length);
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
    case PROP_NAMES:
      self->names = g_value_dup_boxed (value);
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
clear_queue (GQueue *queue)
{
  g_queue_clear_full (queue, g_object_unref);
}

static void
qmp_event_listener_finalize (GObject *object)
{
  QmpEventListener *self = QMP_EVENT_LISTENER (object);

  /* The client holds a listener that was added to it, and a waiter's task the listener. */
  g_assert (self->client == NULL && self->waiters.head == NULL);

  qmp_event_listener_set_filter (self, NULL, NULL, NULL);
  g_clear_pointer (&self->matches, g_ptr_array_unref);
  g_clear_pointer (&self->failures, g_ptr_array_unref);
  clear_queue (&self->queue);
  clear_queue (&self->history);
  g_strfreev (self->names);

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
   * QmpEventListener:names: (getter get_names)
   *
   * The names of the events that the listener wants; `NULL` for all.
   *
   * Since: 1.0
   */
  properties[PROP_NAMES] =
    g_param_spec_boxed ("names", NULL, NULL, G_TYPE_STRV, writable | G_PARAM_CONSTRUCT_ONLY);

  /**
   * QmpEventListener:max-length: (getter get_max_length) (setter set_max_length)
   *
   * How many events the queue holds at the most; 0 for no limit.
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
    g_param_spec_enum ("overflow", NULL, NULL, QMP_TYPE_OVERFLOW, QMP_OVERFLOW_DROP_OLDEST, writable);

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
   * QmpEventListener:history-length: (getter get_history_length) (setter set_history_length)
   *
   * How many events the listener remembers at the most, as a [iface@Gio.ListModel]; 0 for none.
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
  self->max_length = DEFAULT_MAX_LENGTH;
}

/**
 * qmp_event_listener_new:
 * @names: (nullable) (array zero-terminated=1): the names of the events to listen to; `NULL` for all
 *
 * Makes a listener. It hears nothing until [method@Client.add_listener].
 *
 * Returns: (transfer full): a new listener
 *
 * Since: 1.0
 */
QmpEventListener *
qmp_event_listener_new (const char * const *names)
{
  return g_object_new (QMP_TYPE_EVENT_LISTENER, "names", names, NULL);
}
