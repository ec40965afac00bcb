/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gunixsocketaddress.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qmp-glib/qmp-glib.h>

#include "random-peer.h"
#include "random-watch.h"

/* All pairs of a step, at which user code runs within one of the client's operations, and of what is done there. For each
 * pair the same tour is made through all that a client does, and the deed is done when its step is reached first. What has
 * to hold is in random-watch.h; besides, each call in the background ends exactly once, nothing is logged, and no client
 * is left over.
 *
 * usage: pairs [STEP [DEED]] */

typedef enum {
  STEP_CONNECTING,        /* notify, of open_async() */
  STEP_GREETING,          /* notify::greeting */
  STEP_RUNNING,
  STEP_OPENED,            /* its callback */
  STEP_LISTENING,         /* notify, of listen() */
  STEP_ACCEPTED,          /* the callback of accept_async() */
  STEP_NOT_OPENED,        /* the callback of an opening that fails */
  STEP_EVENT,             /* the signal */
  STEP_WIRE,
  STEP_PROTOCOL_ERROR,
  STEP_ITEMS,             /* items-changed of a listener */
  STEP_FILTER,            /* from the main context */
  STEP_FILTER_BLOCKING,   /* in a blocking call over the bare socket */
  STEP_FILTER_AWAY,       /* in one with a cancellable, whose I/O has moved */
  STEP_FILTER_OPENING,    /* in a blocking opening, of an event before the greeting */
  STEP_CHECK,
  STEP_CHECK_BLOCKING,
  STEP_EXECUTED,          /* callbacks of commands, and so on */
  STEP_WAITED,
  STEP_NEXT,
  STEP_CANCELLED,
  STEP_DISCONNECTING,     /* notify, of a close, or of a server that hangs up */
  STEP_IDLE,
  STEP_CLOSED_SIGNAL,
  STEP_CLOSED,            /* the callback of close_async() */
  STEP_INTERRUPTED,       /* the callback of a command whose link ended */
  /* The same when the handshake is done: before that all of these come first. */
  STEP_EVENT_RUNNING,
  STEP_WIRE_RUNNING,
  STEP_FILTER_RUNNING,
  STEP_FILTER_ACCEPTING,  /* while an accepted server shakes hands */
  /* Of a guest agent's link. */
  STEP_WIRE_SYNC,         /* while it is not in step */
  STEP_SYNCED,            /* the callback of its opening */
  /* While a close writes what is queued. */
  STEP_EVENT_CLOSING,
  STEP_FILTER_CLOSING,
  STEP_FILTER_CLOSING_BLOCKING,
  N_STEPS
} Step;

static const char * const step_names[] = {
  "connecting", "greeting", "running", "opened", "listening", "accepted", "not-opened", "event", "wire", "protocol-error",
  "items", "filter", "filter-blocking", "filter-away", "filter-opening", "check", "check-blocking", "executed", "waited",
  "next", "cancelled", "disconnecting", "idle", "closed-signal", "closed", "interrupted", "event-running", "wire-running",
  "filter-running", "filter-accepting", "wire-sync", "synced", "event-closing", "filter-closing", "filter-closing-blocking",
};

G_STATIC_ASSERT (G_N_ELEMENTS (step_names) == N_STEPS);

typedef struct _Tour Tour;

typedef struct {
  const char *name;
  void     (* act) (Tour *self, QmpClient *client);
} Deed;

struct _Tour {
  RandomPeer       *peer;
  char             *own_path;
  Step              step;
  const Deed       *deed;
  gboolean          done;         /* the deed */

  RandomWatch       watch;
  QmpClient        *client;       /* NULL once its last reference was dropped */
  QmpClient        *alive;        /* weak */
  QmpEventListener *listener, *another;
  GCancellable     *cancellable;  /* of what is under way */
  guint             n_pending;
  gboolean          disposed;
  const char       *stage;
};

/* --- reaching steps --- */

static void
reach (Tour *self,
       Step  step)
{
  gboolean blocking = self->watch.blocking;

  if (step != self->step || self->done || self->client == NULL)
    return;
  self->done = TRUE;
  /* What a main loop calls that is run from within a filter is not called by the blocking call. */
  self->watch.blocking = FALSE;
  self->deed->act (self, self->client);
  self->watch.blocking = blocking;
}

static gboolean
at_stage (Tour       *self,
          const char *stage)
{
  return g_str_equal (self->stage, stage);
}

static void
called (Tour *self)
{
  random_watch_called (&self->watch);
}

typedef struct {
  Tour  *tour;
  guint  n_ended;
  Step   good, bad;
} Call;

static void
ended_cb (GObject      *object,
          GAsyncResult *result,
          gpointer      user_data)
{
  Call *call = user_data;
  Tour *self = call->tour;
  gboolean failed = g_task_had_error (G_TASK (result));

  called (self);
  random_must (&self->watch, call->n_ended++ == 0);
  self->n_pending--;
  reach (self, failed ? call->bad : call->good);
  g_free (call);
}

static Call *
call_new (Tour *self,
          Step  good,
          Step  bad)
{
  Call *call = g_new0 (Call, 1);

  *call = (Call) { self, 0, good, bad };
  self->n_pending++;
  return call;
}

/* A call that a deed makes is no step. */
#define ANY_CALL(self) call_new (self, N_STEPS, N_STEPS)

static void
runstate_cb (QmpClient  *client,
             GParamSpec *pspec,
             Tour       *self)
{
  called (self);
  switch (qmp_client_get_runstate (client))
    {
    case QMP_RUNSTATE_CONNECTING:
      reach (self, qmp_client_get_listen_address (client) != NULL ? STEP_LISTENING : STEP_CONNECTING);
      break;
    case QMP_RUNSTATE_RUNNING:
      reach (self, STEP_RUNNING);
      break;
    case QMP_RUNSTATE_DISCONNECTING:
      reach (self, STEP_DISCONNECTING);
      break;
    case QMP_RUNSTATE_IDLE:
    default:
      reach (self, STEP_IDLE);
    }
}

static void
greeting_cb (QmpClient  *client,
             GParamSpec *pspec,
             Tour       *self)
{
  called (self);
  reach (self, STEP_GREETING);
}

static void
event_cb (QmpClient *client,
          QmpEvent  *event,
          Tour      *self)
{
  called (self);
  reach (self, STEP_EVENT);
  if (at_stage (self, "calls"))
    reach (self, STEP_EVENT_RUNNING);
  else if (at_stage (self, "close slowly"))
    reach (self, STEP_EVENT_CLOSING);
}

static void
closed_cb (QmpClient *client,
           GError    *error,
           Tour      *self)
{
  called (self);
  reach (self, STEP_CLOSED_SIGNAL);
}

static void
protocol_error_cb (QmpClient *client,
                   GError    *error,
                   Tour      *self)
{
  called (self);
  reach (self, STEP_PROTOCOL_ERROR);
}

static void
wire_cb (QmpClient        *client,
         QmpWireDirection  direction,
         const char       *text,
         Tour             *self)
{
  called (self);
  reach (self, STEP_WIRE);
  if (at_stage (self, "calls"))
    reach (self, STEP_WIRE_RUNNING);
  else if (at_stage (self, "open agent"))
    reach (self, STEP_WIRE_SYNC);
}

static void
items_changed_cb (GListModel *list,
                  guint       position,
                  guint       n_removed,
                  guint       n_added,
                  Tour       *self)
{
  called (self);
  reach (self, STEP_ITEMS);
}

static void
reach_in_blocking_filter (Tour *self)
{
  if (at_stage (self, "open"))
    reach (self, STEP_FILTER_OPENING);
  else if (at_stage (self, "close slowly, blocking"))
    reach (self, STEP_FILTER_CLOSING_BLOCKING);
  else
    reach (self, self->cancellable != NULL ? STEP_FILTER_AWAY : STEP_FILTER_BLOCKING);
}

static void
reach_in_filter (Tour *self)
{
  reach (self, STEP_FILTER);
  if (at_stage (self, "calls"))
    reach (self, STEP_FILTER_RUNNING);
  else if (at_stage (self, "accept"))
    reach (self, STEP_FILTER_ACCEPTING);
  else if (at_stage (self, "close slowly"))
    reach (self, STEP_FILTER_CLOSING);
}

static gboolean
filter_cb (QmpEvent *event,
           gpointer  user_data)
{
  Tour *self = user_data;

  if (self->watch.blocking)
    reach_in_blocking_filter (self);
  else
    reach_in_filter (self);
  return TRUE;
}

static void
set_filter (QmpEventListener   *listener,
            QmpEventFilterFunc  filter,
            gpointer            user_data)
{
  g_autoptr (QmpEventMatch) match = qmp_event_match_new (NULL);

  qmp_event_match_set_filter (match, filter, user_data, NULL);
  qmp_event_listener_set_match (listener, match);
}

static gboolean
check_cb (QmpClient   *client,
          QmpMessage  *message,
          gpointer     user_data,
          GError     **error)
{
  Tour *self = user_data;

  reach (self, self->watch.blocking ? STEP_CHECK_BLOCKING : STEP_CHECK);
  return TRUE;
}

/* --- deeds --- */

static GIOStream *
make_stream (Tour *self)
{
  g_autoptr (GSocket) socket = g_socket_new_from_fd (random_peer_add_pair (self->peer), NULL);

  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

static void
do_nothing (Tour      *self,
            QmpClient *client)
{
}

static void
do_close (Tour      *self,
          QmpClient *client)
{
  qmp_client_close (client, NULL, NULL);
}

static void
do_close_async (Tour      *self,
                QmpClient *client)
{
  qmp_client_close_async (client, NULL, ended_cb, ANY_CALL (self));
}

static void
do_close_open (Tour      *self,
               QmpClient *client)
{
  g_autoptr (GIOStream) stream = make_stream (self);

  qmp_client_close (client, NULL, NULL);
  qmp_client_open_stream (client, stream, NULL, NULL);
}

static void
do_open_async (Tour      *self,
               QmpClient *client)
{
  g_autoptr (GIOStream) stream = make_stream (self);

  qmp_client_open_stream_async (client, stream, NULL, ended_cb, ANY_CALL (self));
}

static void
do_close_open_async_close_async (Tour      *self,
                                 QmpClient *client)
{
  qmp_client_close (client, NULL, NULL);
  do_open_async (self, client);
  do_close_async (self, client);
}

static void
do_open (Tour      *self,
         QmpClient *client)
{
  g_autoptr (GIOStream) stream = make_stream (self);

  qmp_client_open_stream (client, stream, NULL, NULL);
}

static void
do_listen (Tour      *self,
           QmpClient *client)
{
  g_autofree char *path = g_strconcat (self->own_path, "-deed", NULL);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);

  qmp_client_listen (client, G_SOCKET_CONNECTABLE (address), NULL, NULL);
}

static void
do_accept (Tour      *self,
           QmpClient *client)
{
  qmp_client_set_accept_timeout (client, 1);
  qmp_client_accept (client, NULL, NULL);
}

static void
do_accept_async (Tour      *self,
                 QmpClient *client)
{
  qmp_client_set_accept_timeout (client, 1);
  qmp_client_accept_async (client, NULL, ended_cb, ANY_CALL (self));
}

static void
do_execute (Tour      *self,
            QmpClient *client)
{
  g_autoptr (JsonNode) value = qmp_client_execute (client, "event", NULL, NULL, NULL);
}

static void
do_execute_cancellable (Tour      *self,
                        QmpClient *client)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (JsonNode) value = qmp_client_execute (client, "event", NULL, cancellable, NULL);
}

static void
do_execute_async (Tour      *self,
                  QmpClient *client)
{
  qmp_client_execute_async (client, "behind", NULL, NULL, ended_cb, ANY_CALL (self));
}

static void
do_wait_async (Tour      *self,
               QmpClient *client)
{
  g_autoptr (QmpMessage) message = qmp_message_new_command ("event", NULL, NULL);

  qmp_client_execute_and_wait_async (client, message, qmp_event_listener_get_match (self->another), NULL, ended_cb, ANY_CALL (self));
}

static void
do_bye (Tour      *self,
        QmpClient *client)
{
  g_autoptr (JsonNode) value = qmp_client_execute (client, "bye", NULL, NULL, NULL);
}

static void
do_next (Tour      *self,
         QmpClient *client)
{
  g_autoptr (QmpEvent) event = qmp_event_listener_next (self->listener, 1, NULL, NULL);
}

static void
do_next_async (Tour      *self,
               QmpClient *client)
{
  qmp_event_listener_next_async (self->listener, 100, NULL, ended_cb, ANY_CALL (self));
}

static void
do_add_listener (Tour      *self,
                 QmpClient *client)
{
  qmp_client_add_listener (client, self->another);
  g_object_set_data_full (G_OBJECT (self->another), "client", g_object_ref (client), g_object_unref);
}

static void
remove_listener (Tour             *self,
                 QmpEventListener *listener)
{
  g_autoptr (QmpClient) client = g_object_steal_data (G_OBJECT (listener), "client");

  if (client != NULL && !self->disposed)
    qmp_client_remove_listener (client, listener);
}

static void
do_remove_listener (Tour      *self,
                    QmpClient *client)
{
  remove_listener (self, self->listener);
}

static void
do_clear_filter (Tour      *self,
                 QmpClient *client)
{
  set_filter (self->listener, NULL, NULL);
  qmp_client_set_command_check (client, NULL, NULL, NULL);
}

static void
do_iterate (Tour      *self,
            QmpClient *client)
{
  gint64 until = g_get_monotonic_time () + 20000;

  while (g_get_monotonic_time () < until)
    g_main_context_iteration (NULL, FALSE);
}

static void
do_cancel (Tour      *self,
           QmpClient *client)
{
  GCancellable *cancellable = g_steal_pointer (&self->cancellable);

  if (cancellable == NULL)
    return;
  g_cancellable_cancel (cancellable);
  g_object_unref (cancellable);
}

static void
do_drop (Tour      *self,
         QmpClient *client)
{
  remove_listener (self, self->listener);
  g_clear_object (&self->client);
}

static void
do_dispose (Tour      *self,
            QmpClient *client)
{
  self->disposed = TRUE;
  g_object_run_dispose (G_OBJECT (client));
}

static const Deed deeds[] = {
  { "nothing", do_nothing },
  { "close", do_close },
  { "close-async", do_close_async },
  { "close-open", do_close_open },
  { "close-open-async-close-async", do_close_open_async_close_async },
  { "open", do_open },
  { "open-async", do_open_async },
  { "listen", do_listen },
  { "accept", do_accept },
  { "accept-async", do_accept_async },
  { "execute", do_execute },
  { "execute-cancellable", do_execute_cancellable },
  { "execute-async", do_execute_async },
  { "wait-async", do_wait_async },
  { "bye", do_bye },
  { "next", do_next },
  { "next-async", do_next_async },
  { "add-listener", do_add_listener },
  { "remove-listener", do_remove_listener },
  { "clear-filter", do_clear_filter },
  { "iterate", do_iterate },
  { "cancel", do_cancel },
  { "drop", do_drop },
  { "dispose", do_dispose },
};

/* --- the tour --- */

static gboolean
hung_cb (gpointer user_data)
{
  Tour *self = user_data;

  g_error ("%s: at %s %u calls never end", self->watch.what, self->stage, self->n_pending);
  return G_SOURCE_REMOVE;
}

/* Until all has ended that was begun, and nothing is left to be delivered. */
static void
settle (Tour *self)
{
  guint watchdog = g_timeout_add_seconds (60, hung_cb, self);

  while (self->n_pending > 0)
    g_main_context_iteration (NULL, TRUE);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_source_remove (watchdog);
  g_clear_object (&self->cancellable);
}

/* FALSE if there is no client any more. */
static gboolean
enter (Tour       *self,
       const char *stage)
{
  self->stage = stage;
  if (self->client != NULL)
    self->cancellable = g_cancellable_new ();
  return self->client != NULL;
}

static void
tour_open_in_vain (Tour *self)
{
  g_autoptr (GSocketAddress) nowhere = g_unix_socket_address_new ("/nonexistent/x");

  if (!enter (self, "open in vain"))
    return;
  qmp_client_open_async (self->client, G_SOCKET_CONNECTABLE (nowhere), self->cancellable, ended_cb,
                         call_new (self, STEP_OPENED, STEP_NOT_OPENED));
  settle (self);
}

static void
tour_open (Tour *self)
{
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (random_peer_get_path (self->peer));

  if (!enter (self, "open async"))
    return;
  qmp_client_open_async (self->client, G_SOCKET_CONNECTABLE (address), self->cancellable, ended_cb,
                         call_new (self, STEP_OPENED, STEP_NOT_OPENED));
  settle (self);
}

static void
tour_open_blocking (Tour *self)
{
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (random_peer_get_path (self->peer));
  g_autoptr (QmpClient) keep = NULL;

  if (!enter (self, "open"))
    return;
  keep = g_object_ref (self->client);
  self->watch.blocking = TRUE;
  qmp_client_open (keep, G_SOCKET_CONNECTABLE (address), NULL, NULL);
  self->watch.blocking = FALSE;
  g_clear_object (&keep);
  settle (self);
}

static void
tour_calls (Tour *self)
{
  g_autoptr (QmpMessage) message = qmp_message_new_command ("event", NULL, NULL);
  g_autoptr (QmpClient) client = NULL;
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();

  if (!enter (self, "calls"))
    return;
  client = g_object_ref (self->client);
  qmp_event_listener_next_async (self->listener, 1000, self->cancellable, ended_cb, call_new (self, STEP_NEXT, N_STEPS));
  qmp_client_execute_async (client, "behind", NULL, self->cancellable, ended_cb, call_new (self, STEP_EXECUTED, N_STEPS));
  qmp_client_execute_and_wait_async (client, message, qmp_event_listener_get_match (self->another), self->cancellable, ended_cb,
                                     call_new (self, STEP_WAITED, N_STEPS));
  qmp_client_execute_async (client, "hang", NULL, cancelled, ended_cb, call_new (self, N_STEPS, STEP_CANCELLED));
  qmp_client_execute_async (client, "junk", NULL, NULL, ended_cb, call_new (self, STEP_EXECUTED, N_STEPS));
  g_clear_object (&client);
  g_cancellable_cancel (cancelled);
  settle (self);
}

static void
tour_blocking_calls (Tour *self)
{
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (QmpClient) client = NULL;
      g_autoptr (GCancellable) cancellable = NULL;
      g_autoptr (JsonNode) value = NULL;

      if (!enter (self, "blocking calls"))
        return;
      if (i == 0)
        g_clear_object (&self->cancellable);
      client = g_object_ref (self->client);
      g_set_object (&cancellable, self->cancellable);
      self->watch.blocking = TRUE;
      value = qmp_client_execute (client, "event", NULL, cancellable, NULL);
      self->watch.blocking = FALSE;
      g_clear_object (&client);
      settle (self);
    }
}

static void
tour_close (Tour *self)
{
  if (!enter (self, "close"))
    return;
  qmp_client_close_async (self->client, self->cancellable, ended_cb, call_new (self, STEP_CLOSED, STEP_CLOSED));
  settle (self);
}

/* The link ends while a command waits. */
static void
tour_interrupt (Tour *self)
{
  g_autoptr (QmpClient) client = NULL;

  if (!enter (self, "interrupt"))
    return;
  client = g_object_ref (self->client);
  qmp_client_execute_async (client, "hang", NULL, NULL, ended_cb, call_new (self, N_STEPS, STEP_INTERRUPTED));
  qmp_client_execute_async (client, "bye", NULL, self->cancellable, ended_cb, ANY_CALL (self));
  g_clear_object (&client);
  settle (self);
}

static void
tour_accept (Tour *self)
{
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (self->own_path);
  g_autoptr (QmpClient) client = NULL;

  if (!enter (self, "accept"))
    return;
  client = g_object_ref (self->client);
  qmp_client_set_accept_timeout (client, 200);
  if (qmp_client_listen (client, G_SOCKET_CONNECTABLE (address), NULL, NULL))
    random_peer_connect (self->peer, self->own_path);
  if (self->client != NULL)
    qmp_client_accept_async (client, self->cancellable, ended_cb, call_new (self, STEP_ACCEPTED, STEP_ACCEPTED));
  g_clear_object (&client);
  settle (self);
}

static void
tour_agent (Tour *self)
{
  g_autoptr (GIOStream) stream = make_stream (self);

  if (!enter (self, "open agent"))
    return;
  qmp_client_set_guest_agent (self->client, TRUE);
  qmp_client_open_stream_async (self->client, stream, self->cancellable, ended_cb,
                                call_new (self, STEP_SYNCED, STEP_SYNCED));
  settle (self);
  if (self->client != NULL)
    qmp_client_set_guest_agent (self->client, FALSE);
}

/* So much is queued that the server has something to say before it has read all. */
static void
tour_close_slowly (Tour     *self,
                   gboolean  blocking)
{
  g_autoptr (QmpClient) client = NULL;
  g_autofree char *much = g_strnfill (3 * 1024 * 1024, 'x');
  g_autoptr (JsonNode) arguments = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (arguments, json_object_new ());
  json_object_set_string_member (json_node_get_object (arguments), "much", much);
  tour_open (self);
  if (!enter (self, "deaf"))
    return;
  client = g_object_ref (self->client);
  qmp_client_set_close_timeout (client, 10000);
  qmp_client_execute_async (client, "deaf", NULL, NULL, ended_cb, ANY_CALL (self));
  settle (self);
  enter (self, blocking ? "close slowly, blocking" : "close slowly");
  qmp_client_execute_async (client, "good", arguments, NULL, ended_cb, ANY_CALL (self));
  self->watch.blocking = blocking;
  if (blocking)
    qmp_client_close (client, NULL, NULL);
  else
    qmp_client_close_async (client, self->cancellable, ended_cb, ANY_CALL (self));
  self->watch.blocking = FALSE;
  if (!self->disposed)
    qmp_client_set_close_timeout (client, 200);
  g_clear_object (&client);
  settle (self);
}

static void
begin (Tour *self)
{
  self->client = self->alive = qmp_client_new (NULL);
  self->done = self->disposed = FALSE;
  g_object_add_weak_pointer (G_OBJECT (self->alive), (gpointer *) &self->alive);
  random_watch_begin (&self->watch, self->client,
                      g_strdup_printf ("%s in %s", self->deed->name, step_names[self->step]));
  g_signal_connect (self->client, "notify::runstate", G_CALLBACK (runstate_cb), self);
  g_signal_connect (self->client, "notify::greeting", G_CALLBACK (greeting_cb), self);
  g_signal_connect (self->client, "event", G_CALLBACK (event_cb), self);
  g_signal_connect (self->client, "closed", G_CALLBACK (closed_cb), self);
  g_signal_connect (self->client, "protocol-error", G_CALLBACK (protocol_error_cb), self);
  g_signal_connect (self->client, "wire", G_CALLBACK (wire_cb), self);
  random_watch_connect (&self->watch, self->client);
  /* Long enough for whatever comes, and soon over for what does not. */
  qmp_client_set_timeout (self->client, 2000);
  qmp_client_set_close_timeout (self->client, 200);
  qmp_client_set_command_check (self->client, check_cb, self, NULL);
  self->listener = qmp_event_listener_new (NULL);
  qmp_event_listener_set_history_length (self->listener, 3);
  set_filter (self->listener, filter_cb, self);
  g_signal_connect (qmp_event_listener_get_history (self->listener), "items-changed", G_CALLBACK (items_changed_cb), self);
  qmp_client_add_listener (self->client, self->listener);
  g_object_set_data_full (G_OBJECT (self->listener), "client", g_object_ref (self->client), g_object_unref);
  self->another = qmp_event_listener_new (NULL);
}

static void
end (Tour *self)
{
  gboolean dropped = self->client == NULL;

  tour_close (self);
  set_filter (self->listener, NULL, NULL);
  remove_listener (self, self->listener);
  remove_listener (self, self->another);
  settle (self);
  if (!dropped && !self->disposed)
    random_watch_check (&self->watch);
  random_must (&self->watch, dropped || qmp_client_get_runstate (self->client) == QMP_RUNSTATE_IDLE);
  random_must (&self->watch, self->done);
  g_clear_object (&self->client);
  random_must (&self->watch, self->alive == NULL);
  g_assert_finalize_object (self->listener);
  g_assert_finalize_object (self->another);
  random_watch_clear (&self->watch);
}

static void
run (Tour *self)
{
  self->peer = random_peer_new (0);
  begin (self);
  tour_open_in_vain (self);
  tour_open (self);
  tour_calls (self);
  tour_blocking_calls (self);
  tour_close (self);
  tour_open_blocking (self);
  tour_interrupt (self);
  tour_close (self);
  tour_accept (self);
  tour_close (self);
  if (self->step == STEP_WIRE_SYNC || self->step == STEP_SYNCED)
    tour_agent (self);
  else if (self->step == STEP_FILTER_CLOSING_BLOCKING)
    tour_close_slowly (self, TRUE);
  else if (self->step == STEP_EVENT_CLOSING || self->step == STEP_FILTER_CLOSING)
    tour_close_slowly (self, FALSE);
  end (self);
  random_peer_free (self->peer);
}

int
main (int   argc,
      char *argv[])
{
  g_autofree char *directory = g_dir_make_tmp ("qmp-pairs-XXXXXX", NULL);
  g_autofree char *own_path = g_build_filename (directory, "own", NULL);
  /* Under valgrind each deed at every eleventh step, others for each. */
  guint stride = g_getenv ("QMP_TEST_FEW") != NULL ? 11 : 1;
  guint n_pairs = 0;

  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING);
  for (guint step = 0; step < N_STEPS; step++)
    for (guint i = 0; i < G_N_ELEMENTS (deeds); i++)
      {
        Tour tour = { .own_path = own_path, .step = step, .deed = &deeds[i] };

        if ((argc > 1 && !g_str_equal (argv[1], step_names[step])) ||
            (argc > 2 && !g_str_equal (argv[2], deeds[i].name)) || (step + i) % stride != 0)
          continue;
        if (argc > 1)
          g_print ("%s in %s\n", deeds[i].name, step_names[step]);
        run (&tour);
        n_pairs++;
      }
  g_print ("%u pairs\n", n_pairs);
  rmdir (directory);
  return 0;
}
