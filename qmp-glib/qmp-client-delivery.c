/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "qmp-client-private.h"

/* Deliveries in one dispatch of the home context. A blocking call may have left many. */
#define MAX_DELIVERIES 256

typedef enum {
  DELIVER_CALL,         /* QmpCall */
  DELIVER_EVENT,        /* QmpEvent */
  DELIVER_GREETING,     /* QmpGreeting */
  DELIVER_ERROR,        /* GError, for protocol-error */
  DELIVER_OPENING,      /* QmpOpening */
  DELIVER_ENDING,       /* QmpEnding, borrowed from the next */
  DELIVER_ENDED,        /* QmpEnding */
  DELIVER_CLOSED_TASK,  /* GTask; error */
} DeliveryKind;

typedef struct {
  DeliveryKind kind;
  gpointer     data;
  GError      *error;    /* nullable */
  gint64       created;  /* of the task that this completes; 0 for what completes none */
} Delivery;

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
    expire_calls (self, now);
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
                     GCancellable        *cancellable,
                     GAsyncReadyCallback  callback,
                     gpointer             user_data,
                     gpointer             source_tag,
                     gint64              *created)
{
  g_autoptr(GMainContext) context = g_main_context_ref_thread_default ();
  gboolean away = context != self->home;
  GTask *task;

  if (away)
    g_main_context_push_thread_default (self->home);
  task = g_task_new (self, cancellable, callback, user_data);
  if (away)
    g_main_context_pop_thread_default (self->home);

  g_task_set_source_tag (task, source_tag);
  /* A reply that came is a reply, whether or not the caller has lost interest meanwhile. */
  g_task_set_check_cancellable (task, FALSE);
  *created = get_dispatch_time ();
  return task;
}

/* GTask puts a callback off to an idle when it is returned in the very iteration that created it. What
 * came behind it on the wire would overtake it, so delivery itself waits for the next iteration. */
static gboolean
would_be_put_off (Delivery *delivery)
{
  return delivery->created != 0 && delivery->created == get_dispatch_time ();
}

/* --- the inbox --- */

static void
post (QmpClient    *self,
      DeliveryKind  kind,
      gpointer      data,
      GError       *error,
      gint64        created)
{
  Delivery *delivery = g_new (Delivery, 1);

  *delivery = (Delivery) { kind, data, error, created };
  g_queue_push_tail (&self->inbox, delivery);
  start_delivery (self);
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
  post (self, DELIVER_EVENT, event, NULL, 0);
}

void
qmp_client_post_greeting (QmpClient   *self,
                          QmpGreeting *greeting)
{
  post (self, DELIVER_GREETING, greeting, NULL, 0);
}

void
qmp_client_post_error (QmpClient *self,
                       GError    *error)
{
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
ending_free (QmpEnding *ending)
{
  g_clear_error (&ending->cause);
  g_free (ending);
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

/* Unless a blocking call or an opening has brought runstate on already. */
static void
deliver_ending (QmpClient *self,
                QmpEnding *ending)
{
  if (self->ending == ending)
    qmp_client_set_runstate (self, QMP_RUNSTATE_DISCONNECTING);
}

static void
deliver_ended (QmpClient *self,
               QmpEnding *ending)
{
  if (self->ending == ending)
    qmp_client_settle_runstate (self);
  qmp_client_emit_closed (self, ending->cause);
  ending_free (ending);
}

/* Takes delivery. */
static void
deliver_one (QmpClient *self,
             Delivery  *delivery)
{
  gpointer data = delivery->data;
  g_autoptr(GError) error = g_steal_pointer (&delivery->error);
  DeliveryKind kind = delivery->kind;

  g_free (delivery);
  switch (kind)
    {
    case DELIVER_CALL:
      deliver_call (data);
      break;
    case DELIVER_EVENT:
      qmp_client_emit_event (self, data);
      g_object_unref (data);
      break;
    case DELIVER_GREETING:
      qmp_client_set_greeting (self, data);
      g_object_unref (data);
      break;
    case DELIVER_ERROR:
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
    default:
      g_assert_not_reached ();
    }
}

/* Re-entered when a callback runs a main loop: each delivery leaves the inbox before it is made. */
void
qmp_client_deliver (QmpClient *self)
{
  g_object_ref (self);
  for (guint n = 0; n < MAX_DELIVERIES && self->inbox.head != NULL; n++)
    {
      if (would_be_put_off (self->inbox.head->data))
        break;
      deliver_one (self, g_queue_pop_head (&self->inbox));
    }
  g_object_unref (self);
}

static void
drop (Delivery *delivery)
{
  switch (delivery->kind)
    {
    case DELIVER_EVENT:
    case DELIVER_GREETING:
      g_object_unref (delivery->data);
      break;
    case DELIVER_ENDED:
      ending_free (delivery->data);
      break;
    case DELIVER_ERROR:
    case DELIVER_ENDING:
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
  g_queue_clear_full (&self->inbox, (GDestroyNotify) drop);
  qmp_clear_source (&self->home_source);
}
