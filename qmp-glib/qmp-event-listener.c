/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "qmp-event-listener-private.h"

#include <glib/gi18n-lib.h>

#include "qmp-client-private.h"
#include "qmp-enums.h"
#include "qmp-json-node-private.h"
#include "qmp-json-writer-private.h"

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

/* Whatever max-length says: the texts in the queue are no more than this, since a server chooses how large
 * its events are. */
#define MAX_BYTES (64 * 1024 * 1024)

typedef struct {
  char     *event;   /* nullable: any */
  char    **path;    /* the member, and the members within */
  JsonNode *value;
} Match;

/* Reference counted (g_rc_box): the listener holds it, and so does whoever is calling it, since it may be replaced
 * meanwhile. */
typedef struct {
  QmpEventFilterFunc  function;
  gpointer            user_data;
  GDestroyNotify      destroy;  /* nullable */
} Filter;

struct _QmpEventListener {
  GObject             parent_instance;

  char              **names;        /* nullable: all */
  GPtrArray          *matches;      /* nullable; of Match */
  GPtrArray          *failures;     /* nullable; of names */
  Filter             *filter;       /* nullable */

  QmpClient          *client;       /* borrowed, NULL while not added */
  GQueue              queue;        /* of QmpEvent */
  gsize               n_bytes;      /* of the texts in queue */
  GQueue              waiters;      /* of QmpWaiter */
  guint               max_length;   /* 0 for none but MAX_BYTES */
  QmpOverflow         overflow;
  guint64             n_dropped;

  GQueue              history;      /* of QmpEvent */
  guint               history_length;
};

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

/* --- which events --- */

static void
match_free (Match *match)
{
  g_free (match->event);
  g_strfreev (match->path);
  json_node_unref (match->value);
  g_free (match);
}

static JsonNode *
find_member (JsonNode *data,
             char    **path)
{
  for (; data != NULL && *path != NULL; path++)
    {
      if (!JSON_NODE_HOLDS_OBJECT (data))
        return NULL;
      data = json_object_get_member (json_node_get_object (data), *path);
    }
  return data;
}

static gboolean
is_about (const Match *match,
          const char  *name)
{
  return match->event == NULL || g_str_equal (match->event, name);
}

static gboolean
holds (const Match *match,
       QmpEvent    *event)
{
  JsonNode *value = find_member (qmp_event_get_data (event), match->path);

  return value != NULL && json_node_equal (value, match->value);
}

static gboolean
is_same_member (const Match *a,
                const Match *b)
{
  return g_strcmp0 (a->event, b->event) == 0 &&
         g_strv_equal ((const char * const *) a->path, (const char * const *) b->path);
}

/* Several values for one member are alternatives. */
static gboolean
any_alternative_holds (QmpEventListener *self,
                       const Match      *match,
                       QmpEvent         *event)
{
  for (guint i = 0; i < self->matches->len; i++)
    {
      const Match *other = g_ptr_array_index (self->matches, i);

      if (is_same_member (match, other) && holds (other, event))
        return TRUE;
    }
  return FALSE;
}

static gboolean
fits_matches (QmpEventListener *self,
              QmpEvent         *event)
{
  if (self->matches == NULL)
    return TRUE;

  for (guint i = 0; i < self->matches->len; i++)
    {
      const Match *match = g_ptr_array_index (self->matches, i);

      if (is_about (match, qmp_event_get_name (event)) && !any_alternative_holds (self, match, event))
        return FALSE;
    }
  return TRUE;
}

static gboolean
has_name (QmpEventListener *self,
          const char       *name)
{
  return self->names == NULL || g_strv_contains ((const char * const *) self->names, name) ||
         (self->failures != NULL &&
          g_ptr_array_find_with_equal_func (self->failures, name, g_str_equal, NULL));
}

static void
filter_clear (Filter *filter)
{
  if (filter->destroy != NULL)
    filter->destroy (filter->user_data);
}

static void
filter_unref (Filter *filter)
{
  g_rc_box_release_full (filter, (GDestroyNotify) filter_clear);
}

static gboolean
passes_filter (QmpEventListener *self,
               QmpEvent         *event)
{
  Filter *filter;
  gboolean passes;

  if (self->filter == NULL)
    return TRUE;

  filter = g_rc_box_acquire (self->filter);
  passes = filter->function (self, event, filter->user_data);
  filter_unref (filter);
  return passes;
}

/**
 * qmp_event_listener_accepts:
 * @self: a listener
 * @event: an event
 *
 * Tells whether the listener wants an event: it has one of its names, fits its matches and passes its filter.
 *
 * Returns: `TRUE` if it does
 *
 * Since: 1.0
 */
gboolean
qmp_event_listener_accepts (QmpEventListener *self,
                            QmpEvent         *event)
{
  g_return_val_if_fail (QMP_IS_EVENT_LISTENER (self), FALSE);
  g_return_val_if_fail (QMP_IS_EVENT (event), FALSE);

  return has_name (self, qmp_event_get_name (event)) && fits_matches (self, event) && passes_filter (self, event);
}

/**
 * qmp_event_listener_is_failure:
 * @self: a listener
 * @event: an event
 *
 * Tells whether an event is one of those that were named by [method@EventListener.add_failure].
 *
 * Returns: `TRUE` if it is
 *
 * Since: 1.0
 */
gboolean
qmp_event_listener_is_failure (QmpEventListener *self,
                               QmpEvent         *event)
{
  g_return_val_if_fail (QMP_IS_EVENT_LISTENER (self), FALSE);
  g_return_val_if_fail (QMP_IS_EVENT (event), FALSE);

  return self->failures != NULL &&
         g_ptr_array_find_with_equal_func (self->failures, qmp_event_get_name (event), g_str_equal, NULL);
}

/**
 * qmp_event_listener_add_match:
 * @self: a listener
 * @event: (nullable): an event's name; `NULL` for each event that the listener wants
 * @member: a member of the event's data, `device` say; a dot leads into an object: `info.status`
 * @value: the string that the member must be equal to
 *
 * Wants an event only when a member of its data has a certain value.
 *
 * Several values for the same member are alternatives; matches of different members must all hold. An event
 * that has no such member does not match.
 *
 * Since: 1.0
 */
void
qmp_event_listener_add_match (QmpEventListener *self,
                              const char       *event,
                              const char       *member,
                              const char       *value)
{
  g_autoptr(JsonNode) node = NULL;

  g_return_if_fail (QMP_IS_EVENT_LISTENER (self));
  g_return_if_fail (member != NULL && value != NULL);

  node = json_node_init_string (json_node_alloc (), value);
  qmp_event_listener_add_match_node (self, event, member, node);
}

/* A node's copy shares its object or array, which the caller may change. */
static JsonNode *
copy_deep (JsonNode *value)
{
  g_autoptr(GString) text = g_string_new (NULL);

  if (JSON_NODE_HOLDS_VALUE (value) || !qmp_json_append_node (text, value, NULL))
    return json_node_copy (value);
  return qmp_json_to_node (text->str, text->len);
}

/**
 * qmp_event_listener_add_match_node:
 * @self: a listener
 * @event: (nullable): an event's name; `NULL` for each event that the listener wants
 * @member: a member of the event's data; a dot leads into an object
 * @value: the value that the member must be equal to
 *
 * Wants an event only when a member of its data has a certain value, of any JSON type.
 *
 * Otherwise this is [method@EventListener.add_match].
 *
 * Since: 1.0
 */
void
qmp_event_listener_add_match_node (QmpEventListener *self,
                                   const char       *event,
                                   const char       *member,
                                   JsonNode         *value)
{
  Match *match;

  g_return_if_fail (QMP_IS_EVENT_LISTENER (self));
  g_return_if_fail (member != NULL && value != NULL);

  match = g_new0 (Match, 1);
  match->event = g_strdup (event);
  match->path = g_strsplit (member, ".", -1);
  match->value = copy_deep (value);
  if (self->matches == NULL)
    self->matches = g_ptr_array_new_with_free_func ((GDestroyNotify) match_free);
  g_ptr_array_add (self->matches, match);
}

/**
 * qmp_event_listener_add_failure:
 * @self: a listener
 * @event: an event's name
 *
 * Wants an event too, and takes it for a failure in [method@Client.execute_and_wait_async].
 *
 * Since: 1.0
 */
void
qmp_event_listener_add_failure (QmpEventListener *self,
                                const char       *event)
{
  g_return_if_fail (QMP_IS_EVENT_LISTENER (self));
  g_return_if_fail (event != NULL);

  if (self->failures == NULL)
    self->failures = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (self->failures, g_strdup (event));
}

/**
 * qmp_event_listener_set_filter:
 * @self: a listener
 * @filter: (nullable) (scope notified) (closure user_data) (destroy destroy): decides about each event
 * @user_data: data for @filter
 * @destroy: (nullable): frees @user_data
 *
 * Sets a function that has the last word about which events are taken.
 *
 * Since: 1.0
 */
void
qmp_event_listener_set_filter (QmpEventListener   *self,
                               QmpEventFilterFunc  filter,
                               gpointer            user_data,
                               GDestroyNotify      destroy)
{
  Filter *old;

  g_return_if_fail (QMP_IS_EVENT_LISTENER (self));

  old = g_steal_pointer (&self->filter);
  if (filter != NULL)
    {
      self->filter = g_rc_box_new (Filter);
      *self->filter = (Filter) { filter, user_data, destroy };
    }
  if (old != NULL)
    filter_unref (old);
}

/* --- the queue --- */

static gsize
get_size (QmpEvent *event)
{
  return g_bytes_get_size (qmp_message_get_bytes (QMP_MESSAGE (event)));
}

static void
count_dropped (QmpEventListener *self)
{
  self->n_dropped++;
}

static QmpEvent *
pop (QmpEventListener *self)
{
  QmpEvent *event = g_queue_pop_head (&self->queue);

  if (event != NULL)
    self->n_bytes -= get_size (event);
  return event;
}

static gboolean
is_full (QmpEventListener *self,
         gsize             more)
{
  return self->queue.head != NULL &&
         ((self->max_length > 0 && self->queue.length >= self->max_length) ||
          self->n_bytes + more > MAX_BYTES);
}

static gboolean
make_room (QmpEventListener *self,
           gsize             more)
{
  while (is_full (self, more))
    {
      count_dropped (self);
      if (self->overflow == QMP_OVERFLOW_DROP_NEWEST)
        return FALSE;
      g_object_unref (pop (self));
    }
  return TRUE;
}

static void
push (QmpEventListener *self,
      QmpEvent         *event)
{
  gsize size = get_size (event);

  if (!make_room (self, size))
    return;
  g_queue_push_tail (&self->queue, g_object_ref (event));
  self->n_bytes += size;
}

gboolean
qmp_event_listener_offer (QmpEventListener  *self,
                          QmpEvent          *event,
                          QmpWaiter        **waiter)
{
  *waiter = NULL;
  if (!qmp_event_listener_accepts (self, event))
    return FALSE;

  *waiter = qmp_event_listener_steal_waiter (self);
  if (*waiter == NULL)
    push (self, event);
  return TRUE;
}

void
qmp_event_listener_set_client (QmpEventListener *self,
                               QmpClient        *client)
{
  self->client = client;
}

QmpClient *
qmp_event_listener_get_client (QmpEventListener *self)
{
  return self->client;
}

/**
 * qmp_event_listener_try_next:
 * @self: a listener
 *
 * Takes the oldest event out of the queue, if there is one. Does not wait.
 *
 * Returns: (transfer full) (nullable): the event, or `NULL` if the queue is empty
 *
 * Since: 1.0
 */
QmpEvent *
qmp_event_listener_try_next (QmpEventListener *self)
{
  g_return_val_if_fail (QMP_IS_EVENT_LISTENER (self), NULL);

  return pop (self);
}

/**
 * qmp_event_listener_is_empty:
 * @self: a listener
 *
 * Tells whether no event is waiting in the queue.
 *
 * Returns: `TRUE` if the queue is empty
 *
 * Since: 1.0
 */
gboolean
qmp_event_listener_is_empty (QmpEventListener *self)
{
  g_return_val_if_fail (QMP_IS_EVENT_LISTENER (self), TRUE);

  return self->queue.head == NULL;
}

/**
 * qmp_event_listener_get_n_events:
 * @self: a listener
 *
 * Counts the events that are waiting in the queue.
 *
 * Returns: how many there are
 *
 * Since: 1.0
 */
guint
qmp_event_listener_get_n_events (QmpEventListener *self)
{
  g_return_val_if_fail (QMP_IS_EVENT_LISTENER (self), 0);

  return self->queue.length;
}

/**
 * qmp_event_listener_clear:
 * @self: a listener
 *
 * Takes all events out of the queue.
 *
 * Returns: (transfer full) (element-type QmpEvent): what was in it, oldest first
 *
 * Since: 1.0
 */
GList *
qmp_event_listener_clear (QmpEventListener *self)
{
  GList *events;

  g_return_val_if_fail (QMP_IS_EVENT_LISTENER (self), NULL);

  events = self->queue.head;
  g_queue_init (&self->queue);
  self->n_bytes = 0;
  return events;
}

/* --- waiting --- */

static void
waiter_free (QmpWaiter *waiter)
{
  qmp_clear_source (&waiter->deadline);
  qmp_clear_source (&waiter->cancellation);
  g_object_unref (waiter->task);
  g_free (waiter);
}

void
qmp_waiter_return (QmpWaiter *waiter,
                   QmpEvent  *event,
                   GError    *error)
{
  g_autoptr(GTask) task = g_object_ref (waiter->task);
  g_autoptr(QmpEvent) own = g_steal_pointer (&waiter->event);

  waiter_free (waiter);
  if (event == NULL)
    event = own;
  if (event != NULL)
    g_task_return_pointer (task, g_object_ref (event), g_object_unref);
  else
    g_task_return_error (task, error);
}

QmpWaiter *
qmp_event_listener_steal_waiter (QmpEventListener *self)
{
  QmpWaiter *waiter = g_queue_pop_head (&self->waiters);

  if (waiter == NULL)
    return NULL;
  qmp_clear_source (&waiter->deadline);
  qmp_clear_source (&waiter->cancellation);
  return waiter;
}

/* From a dispatch of the home context. */
static void
fail_waiter (QmpWaiter *waiter,
             GError    *error)
{
  g_queue_remove (&waiter->listener->waiters, waiter);
  qmp_waiter_return (waiter, NULL, error);
}

static GError *
timed_out (gpointer data)
{
  return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("No such event came in time"));
}

static gboolean
waiter_deadline_cb (gpointer user_data)
{
  fail_waiter (user_data, timed_out (NULL));
  return G_SOURCE_REMOVE;
}

static gboolean
waiter_cancelled_cb (GCancellable *cancellable,
                     gpointer      user_data)
{
  GError *error = NULL;

  g_cancellable_set_error_if_cancelled (cancellable, &error);
  fail_waiter (user_data, error);
  return G_SOURCE_REMOVE;
}

static gboolean
check_client (QmpEventListener  *self,
              GError           **error)
{
  if (self->client != NULL)
    return qmp_client_check_events (self->client, error);

  g_set_error_literal (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE,
                       _("Cannot wait for an event: the listener is with no client"));
  return FALSE;
}

/* Outside of RUNNING the end of the waiting may lie with sources that only the home context runs. */
static gboolean
may_block (QmpEventListener  *self,
           GError           **error)
{
  return check_client (self, error) &&
         qmp_client_may_block (self->client, "wait for an event", error) &&
         qmp_client_require (self->client, QMP_RUNSTATE_RUNNING, "wait for an event", error);
}

static void
wait_for_event (QmpEventListener *self,
                GTask            *task,
                gint64            created,
                int               timeout)
{
  GCancellable *cancellable = g_task_get_cancellable (task);
  QmpWaiter *waiter = g_new0 (QmpWaiter, 1);

  waiter->listener = self;
  waiter->task = g_object_ref (task);
  waiter->created = created;
  if (timeout >= 0)
    waiter->deadline = qmp_client_add_home_timer (self->client, timeout, waiter_deadline_cb, waiter);
  if (cancellable != NULL)
    waiter->cancellation = qmp_client_add_home_cancellation (self->client, cancellable,
                                                             G_SOURCE_FUNC (waiter_cancelled_cb), waiter);
  g_queue_push_tail (&self->waiters, waiter);
}

/* By way of the inbox, so that who asks next, and gets what comes next, is served behind. */
static void
give_queued (QmpEventListener *self,
             GTask            *task,
             gint64            created)
{
  QmpWaiter *waiter = g_new0 (QmpWaiter, 1);

  waiter->listener = self;
  waiter->task = g_object_ref (task);
  waiter->created = created;
  waiter->event = pop (self);
  qmp_client_post_waiter (self->client, waiter, NULL);
}

/**
 * qmp_event_listener_next_async:
 * @self: a listener that was added to a client
 * @timeout: how long to wait, in milliseconds; -1 for as long as it takes, 0 for not at all
 * @cancellable: (nullable): cancels the waiting
 * @callback: (scope async) (closure user_data): called when there is an event, or cannot be one any more
 * @user_data: data for @callback
 *
 * Takes the oldest event out of the queue; waits for one if it is empty.
 *
 * Several may wait at once; they are served in the order in which they came.
 *
 * Since: 1.0
 */
void
qmp_event_listener_next_async (QmpEventListener    *self,
                               int                  timeout,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;
  GError *error = NULL;
  gint64 created = 0;

  g_return_if_fail (QMP_IS_EVENT_LISTENER (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  g_return_if_fail (self->client == NULL || qmp_client_is_at_home (self->client));

  task = qmp_client_new_task (self->client, self, cancellable, callback, user_data,
                              qmp_event_listener_next_async, &created);
  if (g_task_return_error_if_cancelled (task))
    return;
  if (self->queue.head != NULL && self->client != NULL)
    give_queued (self, task, created);
  else if (self->queue.head != NULL)
    g_task_return_pointer (task, pop (self), g_object_unref);
  else if (check_client (self, &error))
    wait_for_event (self, task, created, timeout);
  else
    g_task_return_error (task, error);
}

/**
 * qmp_event_listener_next_finish:
 * @self: a listener
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Ends [method@EventListener.next_async].
 *
 * Errors are:
 *
 * - `QMP_CLIENT_ERROR_INTERRUPTED`: the queue is empty and the link has ended; the text has the cause;
 * - `QMP_CLIENT_ERROR_STATE`: the queue is empty and the listener is with no client, or was removed from it, or
 *   the client is `IDLE`;
 * - `G_IO_ERROR_TIMED_OUT`: no event came in time; `G_IO_ERROR_CANCELLED`.
 *
 * Returns: (transfer full) (not nullable): the event
 *
 * Since: 1.0
 */
QmpEvent *
qmp_event_listener_next_finish (QmpEventListener  *self,
                                GAsyncResult      *result,
                                GError           **error)
{
  g_return_val_if_fail (QMP_IS_EVENT_LISTENER (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_event_listener_next_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Waits until there is an event in the queue, or error is set. */
static void
block (QmpEventListener  *self,
       int                timeout,
       GCancellable      *cancellable,
       GError           **error)
{
  g_autoptr(QmpClient) client = g_object_ref (self->client);
  QmpBlockingWait wait;

  qmp_client_wait_begin (client, &wait, timeout, cancellable);
  /* Something may have been read on the way. */
  qmp_client_offer_events (client);
  while (self->queue.head == NULL)
    {
      if (!qmp_client_wait_iterate (client, &wait, timed_out, NULL, error) || !check_client (self, error))
        break;
    }
  qmp_client_wait_end (client, &wait);
  /* What came with the end of the link comes before the end. */
  if (self->queue.head != NULL)
    g_clear_error (error);
}

/**
 * qmp_event_listener_next:
 * @self: a listener that was added to a client
 * @timeout: how long to wait, in milliseconds; -1 for as long as it takes, 0 for not at all
 * @cancellable: (nullable): cancels the waiting
 * @error: where to store an error
 *
 * Takes the oldest event out of the queue; blocks until there is one if it is empty.
 *
 * The blocking form of [method@EventListener.next_async], with the errors of
 * [method@EventListener.next_finish]. No main loop is needed, and none is run. Reads what the server has sent even
 * when @timeout is 0. Blocks only while the client is `RUNNING`, and not inside of a filter: else this is
 * `QMP_CLIENT_ERROR_STATE`.
 *
 * Returns: (transfer full) (not nullable): the event
 *
 * Since: 1.0
 */
QmpEvent *
qmp_event_listener_next (QmpEventListener  *self,
                         int                timeout,
                         GCancellable      *cancellable,
                         GError           **error)
{
  g_autoptr(QmpEventListener) keep = NULL;
  GError *local_error = NULL;

  g_return_val_if_fail (QMP_IS_EVENT_LISTENER (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (self->client == NULL || qmp_client_is_at_home (self->client), NULL);

  keep = g_object_ref (self);
  if (!g_cancellable_set_error_if_cancelled (cancellable, &local_error) && self->queue.head == NULL &&
      may_block (self, &local_error))
    block (self, timeout, cancellable, &local_error);
  if (local_error == NULL)
    return pop (self);

  g_propagate_error (error, local_error);
  return NULL;
}

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
  while (max_length > 0 && self->queue.length > max_length)
    {
      g_object_unref (pop (self));
      count_dropped (self);
    }
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
