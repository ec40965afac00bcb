/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "qmp-client-private.h"

#include <glib/gi18n-lib.h>

#include "qmp-message-private.h"

/* Deliveries in one dispatch of the home context. A blocking call may have left many. */
#define MAX_DELIVERIES 256

/* Undelivered protocol errors: a program that only makes blocking calls, and talks to a server that sends junk, is told
 * of the first ones. */
#define MAX_ERRORS 1000

typedef enum {
  DELIVER_CALL,         /* QmpCall */
  DELIVER_EVENT,        /* QmpEvent */
  DELIVER_WIRE,         /* QmpWireText */
  DELIVER_GREETING,     /* QmpGreeting */
  DELIVER_ERROR,        /* GError, for protocol-error */
  DELIVER_OPENING,      /* QmpOpening */
  DELIVER_ENDING,       /* QmpEnding, borrowed from the next */
  DELIVER_ENDED,        /* QmpEnding */
  DELIVER_CLOSED_TASK,  /* GTask; error */
  DELIVER_WAITER,       /* QmpWaiter, which has its event; or error */
  DELIVER_WAIT,         /* QmpEventWait */
} DeliveryKind;

typedef struct {
  GList        link;     /* in the inbox; data is the delivery */
  DeliveryKind kind;
  gpointer     data;
  GError      *error;    /* nullable */
  gint64       created;  /* of the task that this completes; 0 for what completes none */

  /* Of an event: */
  GSList      *waits;    /* of QmpEventWait, owned: armed when it came; once it was offered, ended by it */
  GSList      *takers;   /* of Taker, owned */
} Delivery;

/* A listener that has taken an event, and what is left to be done about that: a history, a waiter. */
typedef struct {
  QmpEventListener *listener;  /* owned */
  QmpWaiter        *waiter;    /* owned, nullable: who gets the event */
} Taker;

typedef struct {
  GSource    source;
  QmpClient *client;  /* borrowed: the source is destroyed with it */
} HomeSource;

/* --- the home source --- */

static void
expire_calls (QmpClient *self,
              gint64     now)
{
  QmpCall *call;

  self->next_deadline = 0;
  while ((call = qmp_calls_expire_next (self->calls, now, &self->next_deadline)) != NULL)
    qmp_client_call_done (self, call);
}

/* Nobody has to be woken when there is something new: it comes from this very thread, and the context looks
 * here before it sleeps. So does a main loop that is run inside of a callback. */
static gboolean
prepare (GSource *source,
         int     *timeout)
{
  QmpClient *self = ((HomeSource *) source)->client;
  gint64 remaining;

  *timeout = -1;
  if (self->inbox.head != NULL)
    return TRUE;
  if (self->next_deadline == 0)
    return FALSE;

  remaining = MAX (self->next_deadline - g_source_get_time (source), 0);
  *timeout = MIN ((remaining + 999) / 1000, G_MAXINT);
  return remaining == 0;
}

static gboolean
check (GSource *source)
{
  int timeout;

  return prepare (source, &timeout);
}

static gboolean
dispatch (GSource    *source,
          GSourceFunc callback,
          gpointer    user_data)
{
  g_autoptr(QmpClient) self = g_object_ref (((HomeSource *) source)->client);
  gint64 now = g_source_get_time (source);

  if (self->next_deadline != 0 && self->next_deadline <= now)
    {
      expire_calls (self, now);
      qmp_client_update_stalled (self, now);
    }
  qmp_client_deliver (self);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs home_source_funcs = {
  .prepare = prepare,
  .check = check,
  .dispatch = dispatch,
};

static void
start_delivery (QmpClient *self)
{
  if (self->home_source != NULL)
    return;

  self->home_source = g_source_new (&home_source_funcs, sizeof (HomeSource));
  ((HomeSource *) self->home_source)->client = self;
  g_source_set_static_name (self->home_source, "[qmp] delivery");
  g_source_set_can_recurse (self->home_source, TRUE);
  g_source_attach (self->home_source, self->home);
}

void
qmp_client_watch_deadline (QmpClient *self,
                           gint64     deadline)
{
  start_delivery (self);
  if (self->next_deadline == 0 || deadline < self->next_deadline)
    self->next_deadline = deadline;
}

/* --- tasks --- */

static gint64
get_dispatch_time (void)
{
  GSource *source = g_main_current_source ();

  return source != NULL ? g_source_get_time (source) : 0;
}

GTask *
qmp_client_new_task (QmpClient           *self,
                     gpointer             source_object,
                     GAsyncReadyCallback  callback,
                     gpointer             user_data,
                     gpointer             source_tag,
                     gint64              *created)
{
  GMainContext *context = g_main_context_get_thread_default ();
  gboolean away = self != NULL && self->home != (context != NULL ? context : g_main_context_default ());
  GTask *task;

  if (away)
    g_main_context_push_thread_default (self->home);
  /* Without the caller's cancellable: once that is cancelled, GTask puts off whatever is returned. And a reply that came
   * is a reply, whether or not the caller has lost interest meanwhile. */
  task = g_task_new (source_object, NULL, callback, user_data);
  if (away)
    g_main_context_pop_thread_default (self->home);

  /* Not the macro, which gives the task a copy of this argument's name as its own. */
  (g_task_set_source_tag) (task, source_tag);
  *created = get_dispatch_time ();
  return task;
}

gboolean
qmp_client_return_if_cancelled (GTask        *task,
                                GCancellable *cancellable)
{
  GError *error = NULL;

  if (!g_cancellable_set_error_if_cancelled (cancellable, &error))
    return FALSE;
  g_task_return_error (task, error);
  return TRUE;
}

/* GTask puts a callback off to an idle when it is returned in the very iteration that created it. What
 * came behind it on the wire would overtake it, so delivery itself waits for the next iteration. */
static gboolean
would_be_put_off (Delivery *delivery)
{
  gint64 now;

  if (delivery->created == 0 && delivery->takers == NULL && delivery->waits == NULL)
    return FALSE;

  now = get_dispatch_time ();
  for (GSList *l = delivery->takers; l != NULL; l = l->next)
    {
      Taker *taker = l->data;

      if (taker->waiter != NULL && taker->waiter->created == now)
        return TRUE;
    }
  for (GSList *l = delivery->waits; l != NULL; l = l->next)
    if (((QmpEventWait *) l->data)->created == now)
      return TRUE;
  return delivery->created != 0 && delivery->created == now;
}

/* --- the inbox --- */

static Delivery *
post (QmpClient    *self,
      DeliveryKind  kind,
      gpointer      data,
      GError       *error,
      gint64        created)
{
  Delivery *delivery = g_new (Delivery, 1);

  *delivery = (Delivery) { { delivery, NULL, NULL }, kind, data, error, created, NULL, NULL };
  g_queue_push_tail_link (&self->inbox, &delivery->link);
  self->n_new++;
  start_delivery (self);
  return delivery;
}

void
qmp_client_post_call (QmpClient *self,
                      QmpCall   *call)
{
  post (self, DELIVER_CALL, call, NULL, call->created);
}

void
qmp_client_post_event (QmpClient *self,
                       QmpEvent  *event)
{
  Delivery *delivery = post (self, DELIVER_EVENT, event, NULL, 0);

  delivery->waits = qmp_client_get_armed_waits (self);
  self->n_event_bytes += qmp_event_get_size (event);
  if (self->unoffered == NULL)
    self->unoffered = self->inbox.tail;
}

void
qmp_client_post_waiter (QmpClient *self,
                        QmpWaiter *waiter,
                        GError    *error)
{
  post (self, DELIVER_WAITER, waiter, error, waiter->created);
}

void
qmp_client_post_wait (QmpClient    *self,
                      QmpEventWait *wait)
{
  post (self, DELIVER_WAIT, wait, NULL, wait->created);
}

GList *
qmp_client_post_wire (QmpClient   *self,
                      QmpWireText *text)
{
  post (self, DELIVER_WIRE, text, NULL, 0);
  return self->inbox.tail;
}

void
qmp_client_unpost_wire (QmpClient *self,
                        GList     *link)
{
  g_queue_unlink (&self->inbox, link);
  g_free (link->data);
}

static gsize
get_greeting_size (QmpGreeting *greeting)
{
  return g_bytes_get_size (qmp_message_get_bytes (QMP_MESSAGE (greeting)));
}

void
qmp_client_post_greeting (QmpClient   *self,
                          QmpGreeting *greeting)
{
  if (self->n_errors >= MAX_ERRORS || self->n_event_bytes > self->max_message_size)
    {
      g_object_unref (greeting);
      return;
    }
  self->n_errors++;
  self->n_event_bytes += get_greeting_size (greeting);
  post (self, DELIVER_GREETING, greeting, NULL, 0);
}

void
qmp_client_post_error (QmpClient *self,
                       GError    *error)
{
  if (self->n_errors >= MAX_ERRORS)
    {
      g_error_free (error);
      return;
    }
  self->n_errors++;
  post (self, DELIVER_ERROR, NULL, error, 0);
}

void
qmp_client_post_opening (QmpClient  *self,
                         QmpOpening *opening)
{
  post (self, DELIVER_OPENING, opening, NULL, opening->created);
}

void
qmp_client_post_closed_task (QmpClient *self,
                             GTask     *task,
                             GError    *error)
{
  /* Nothing comes behind it on the wire: it may be put off. */
  post (self, DELIVER_CLOSED_TASK, task, error, 0);
}

void
qmp_client_post_ending (QmpClient *self,
                        QmpEnding *ending)
{
  post (self, DELIVER_ENDING, ending, NULL, 0);
}

void
qmp_client_post_ended (QmpClient *self,
                       QmpEnding *ending)
{
  post (self, DELIVER_ENDED, ending, NULL, 0);
}

static void
ending_clear (QmpEnding *ending)
{
  qmp_client_fail_waiters (g_steal_pointer (&ending->waiters), ending->cause);
  g_clear_error (&ending->cause);
}

void
qmp_ending_unref (QmpEnding *ending)
{
  g_rc_box_release_full (ending, (GDestroyNotify) ending_clear);
}

static gboolean
is_about_ending (GList        *link,
                 DeliveryKind  kind,
                 QmpEnding    *ending)
{
  Delivery *delivery = link != NULL ? link->data : NULL;

  return delivery != NULL && delivery->kind == kind && delivery->data == ending;
}

void
qmp_client_unpost_ending (QmpClient *self,
                          QmpEnding *ending)
{
  GList *ended = self->inbox.tail;

  if (!is_about_ending (ended, DELIVER_ENDED, ending) || !is_about_ending (ended->prev, DELIVER_ENDING, ending) ||
      ending->waiters != NULL || self->waits.head != NULL || qmp_client_hears_closed (self))
    return;

  for (guint i = 0; i < 2; i++)
    {
      g_free (g_queue_pop_tail_link (&self->inbox)->data);
      qmp_ending_unref (ending);
    }
}

/* --- offering --- */

static void
taker_free (Taker *taker)
{
  g_object_unref (taker->listener);
  g_free (taker);
}

static void
offer_to_listener (QmpClient        *self,
                   Delivery         *delivery,
                   QmpEventListener *listener)
{
  QmpWaiter *waiter;
  Taker *taker;

  if (qmp_event_listener_get_client (listener) != self ||
      !qmp_event_listener_offer (listener, delivery->data, &waiter))
    return;
  if (waiter == NULL && qmp_event_listener_get_history_length (listener) == 0)
    return;

  taker = g_new (Taker, 1);
  *taker = (Taker) { g_object_ref (listener), waiter };
  delivery->takers = g_slist_append (delivery->takers, taker);
}

static gboolean
any_filters (QmpClient *self)
{
  for (guint i = 0; i < self->listeners->len; i++)
    if (qmp_event_listener_has_filter (g_ptr_array_index (self->listeners, i)))
      return TRUE;
  return FALSE;
}

static void
offer_to_listeners (QmpClient *self,
                    Delivery  *delivery)
{
  GPtrArray *listeners = self->listeners;
  g_autoptr(GPtrArray) held = NULL;

  /* Filters may add and remove listeners: who is there now is asked, unless removed meanwhile. */
  if (any_filters (self))
    {
      listeners = held = g_ptr_array_copy (self->listeners, (GCopyFunc) g_object_ref, NULL);
      g_ptr_array_set_free_func (held, g_object_unref);
    }
  for (guint i = 0; i < listeners->len; i++)
    offer_to_listener (self, delivery, g_ptr_array_index (listeners, i));
}

/* Keeps those that the event ends. */
static void
offer_to_waits (Delivery *delivery)
{
  GSList *waits = g_steal_pointer (&delivery->waits);

  while (waits != NULL)
    {
      QmpEventWait *wait = waits->data;

      waits = g_slist_delete_link (waits, waits);
      if (qmp_event_wait_offer (wait, delivery->data) && wait->task != NULL)
        delivery->waits = g_slist_append (delivery->waits, wait);
      else
        qmp_event_wait_unref (wait);
    }
}

static gboolean
ends_a_call (Delivery *delivery)
{
  for (GSList *l = delivery->takers; l != NULL; l = l->next)
    if (((Taker *) l->data)->waiter != NULL)
      return TRUE;
  return delivery->waits != NULL;
}

/* A program that only makes blocking calls never delivers: what is left for handlers and histories that are not
 * there, or too much for those that are, is not kept. */
static gboolean
is_worth_keeping (QmpClient *self,
                  Delivery  *delivery)
{
  if (!self->blocking || ends_a_call (delivery))
    return TRUE;
  return self->n_event_bytes <= self->max_message_size &&
         (delivery->takers != NULL || qmp_client_hears_event (self, delivery->data));
}

static GList *
find_next_event (GList *link)
{
  while (link != NULL && ((Delivery *) link->data)->kind != DELIVER_EVENT)
    link = link->next;
  return link;
}

static void
drop_event (QmpClient *self,
            GList     *link)
{
  Delivery *delivery = link->data;

  self->n_event_bytes -= qmp_event_get_size (delivery->data);
  g_slist_free_full (delivery->takers, (GDestroyNotify) taker_free);
  g_object_unref (delivery->data);
  g_queue_unlink (&self->inbox, link);
  g_free (delivery);
}

void
qmp_client_offer_events (QmpClient *self)
{
  if (self->offering || self->unoffered == NULL)
    return;

  self->offering = TRUE;
  while (self->unoffered != NULL)
    {
      GList *link = self->unoffered;

      offer_to_listeners (self, link->data);
      offer_to_waits (link->data);
      self->unoffered = find_next_event (link->next);
      if (!is_worth_keeping (self, link->data))
        drop_event (self, link);
    }
  self->offering = FALSE;
}

/* --- delivering --- */

static void
deliver_event (QmpClient *self,
               QmpEvent  *event,
               GSList    *takers,
               GSList    *waits)
{
  self->n_event_bytes -= qmp_event_get_size (event);
  qmp_client_emit_event (self, event);
  for (GSList *l = takers; l != NULL; l = l->next)
    {
      Taker *taker = l->data;

      qmp_event_listener_remember (taker->listener, event);
      if (taker->waiter != NULL)
        qmp_waiter_return (taker->waiter, event, NULL);
    }
  g_slist_free_full (takers, (GDestroyNotify) taker_free);
  for (GSList *l = waits; l != NULL; l = l->next)
    qmp_event_wait_return (l->data);
  g_slist_free (waits);
  g_object_unref (event);
}

static void
deliver_call (QmpCall *call)
{
  g_autoptr(GTask) task = g_steal_pointer (&call->task);
  gpointer value = g_steal_pointer (&call->value);
  GError *error = g_steal_pointer (&call->error);
  GDestroyNotify free_value = call->form == QMP_CALL_VALUE ? (GDestroyNotify) json_node_unref : g_object_unref;

  qmp_call_free (call);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, value, free_value);
}

static void
deliver_closed_task (GTask  *task,
                     GError *error)
{
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

/* Once. A handler that runs a main loop while the first part of the end is delivered gets to the second. */
static void
tell_who_waits (QmpClient *self,
                QmpEnding *ending)
{
  if (ending->told)
    return;

  ending->told = TRUE;
  qmp_client_fail_waiters (g_steal_pointer (&ending->waiters), ending->cause);
  qmp_client_fail_waits (self, ending->cause != NULL ? ending->cause->message : _("the client was closed"));
}

/* Unless a blocking call or an opening has brought runstate on already. Takes ending. */
static void
deliver_ending (QmpClient *self,
                QmpEnding *ending)
{
  if (self->ending == ending)
    {
      qmp_client_close_transport (self);
      qmp_client_set_runstate (self, QMP_RUNSTATE_DISCONNECTING);
    }
  tell_who_waits (self, ending);
  qmp_ending_unref (ending);
}

/* Takes ending. */
static void
deliver_ended (QmpClient *self,
               QmpEnding *ending)
{
  tell_who_waits (self, ending);
  if (self->ending == ending)
    qmp_client_settle_runstate (self);
  qmp_client_emit_closed (self, ending->cause);
  qmp_ending_unref (ending);
}

/* Takes delivery. */
static void
deliver_one (QmpClient *self,
             Delivery  *delivery)
{
  gpointer data = delivery->data;
  g_autoptr(GError) error = g_steal_pointer (&delivery->error);
  DeliveryKind kind = delivery->kind;
  GSList *takers = delivery->takers;
  GSList *waits = delivery->waits;

  g_free (delivery);
  switch (kind)
    {
    case DELIVER_CALL:
      deliver_call (data);
      break;
    case DELIVER_EVENT:
      deliver_event (self, data, takers, waits);
      break;
    case DELIVER_WIRE:
      qmp_client_deliver_wire (self, data);
      break;
    case DELIVER_GREETING:
      self->n_errors--;
      self->n_event_bytes -= get_greeting_size (data);
      qmp_client_set_greeting (self, data);
      g_object_unref (data);
      break;
    case DELIVER_ERROR:
      self->n_errors--;
      qmp_client_emit_protocol_error (self, error);
      break;
    case DELIVER_OPENING:
      qmp_client_deliver_opening (self, data);
      break;
    case DELIVER_ENDING:
      deliver_ending (self, data);
      break;
    case DELIVER_ENDED:
      deliver_ended (self, data);
      break;
    case DELIVER_CLOSED_TASK:
      deliver_closed_task (data, g_steal_pointer (&error));
      break;
    case DELIVER_WAITER:
      qmp_waiter_return (data, NULL, g_steal_pointer (&error));
      break;
    case DELIVER_WAIT:
      qmp_event_wait_return (data);
      break;
    default:
      g_assert_not_reached ();
    }
}

/* Re-entered when a callback runs a main loop: each delivery leaves the inbox before it is made. What one dispatch
 * has read is delivered in the same one, so that the inbox does not grow while a server sends faster than that. */
void
qmp_client_deliver (QmpClient *self)
{
  guint budget;

  g_object_ref (self);
  if (self->stalled)
    qmp_client_update_stalled (self, g_get_monotonic_time ());
  budget = MAX (MAX_DELIVERIES, self->n_new);
  self->n_new = 0;
  for (; budget > 0; budget--)
    {
      /* A callback may have brought new ones in; and what nobody wants leaves the inbox. */
      qmp_client_offer_events (self);
      /* A filter that runs a main loop must not have the event taken away under it. */
      if (self->inbox.head == NULL || self->offering || would_be_put_off (self->inbox.head->data))
        break;
      deliver_one (self, g_queue_pop_head_link (&self->inbox)->data);
    }
  g_object_unref (self);
}

/* The waiters' tasks hold their listeners, not the client: they get their event all the same. */
static void
drop_takers (Delivery *delivery)
{
  for (GSList *l = delivery->takers; l != NULL; l = l->next)
    {
      Taker *taker = l->data;

      if (taker->waiter != NULL)
        qmp_waiter_return (taker->waiter, delivery->data, NULL);
    }
  g_slist_free_full (delivery->takers, (GDestroyNotify) taker_free);
  g_slist_free_full (delivery->waits, (GDestroyNotify) qmp_event_wait_unref);
}

static void
drop (Delivery *delivery)
{
  switch (delivery->kind)
    {
    case DELIVER_EVENT:
      drop_takers (delivery);
      g_object_unref (delivery->data);
      break;
    case DELIVER_GREETING:
      g_object_unref (delivery->data);
      break;
    case DELIVER_WIRE:
      qmp_wire_text_free (delivery->data);
      break;
    case DELIVER_WAITER:
      qmp_waiter_return (delivery->data, NULL, g_steal_pointer (&delivery->error));
      break;
    case DELIVER_WAIT:
      qmp_event_wait_unref (delivery->data);
      break;
    case DELIVER_ENDING:
    case DELIVER_ENDED:
      qmp_ending_unref (delivery->data);
      break;
    case DELIVER_ERROR:
      break;
    /* These have a task, which holds the client: they cannot be here when it goes. */
    case DELIVER_CALL:
    case DELIVER_OPENING:
    case DELIVER_CLOSED_TASK:
    default:
      g_assert_not_reached ();
    }
  g_clear_error (&delivery->error);
  g_free (delivery);
}

void
qmp_client_clear_inbox (QmpClient *self)
{
  GList *link;

  while ((link = g_queue_pop_head_link (&self->inbox)) != NULL)
    drop (link->data);
  g_queue_clear (&self->wire);
  qmp_clear_source (&self->home_source);
}
