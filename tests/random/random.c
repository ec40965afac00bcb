/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gunixsocketaddress.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <qmp-glib/qmp-glib.h>

#include "random-peer.h"
#include "random-watch.h"

/* Calls whatever a client has, at random, from everywhere: from the main program, from callbacks, handlers, filters and
 * checks, in nested main loops; and another thread cancels. The peer answers anyhow. What has to hold all the same:
 *
 * - each call in the background ends exactly once, and none within a blocking call, nor does anything else but filters and
 *   checks run there;
 * - replies and events come in the order in which the server sent them;
 * - each handler is told of each step of the runstate, and the steps follow from each other;
 * - "closed" is emitted once for each RUNNING;
 * - nothing is logged, nothing is left over.
 *
 * usage: random [--seed SEED] [SECONDS] */

#define N_LISTENERS 3
#define N_CANCELLABLES 4
#define MAX_NESTING 4
#define ACTIONS_IN_ROUND 200

typedef enum {
  IN_MAIN,      /* may do anything */
  IN_CALLBACK,  /* likewise: a callback, a handler */
  IN_FILTER,    /* may not block; a blocking call may be under way */
} Place;

typedef struct {
  GRand            *rand;
  RandomPeer       *peer;
  QmpClient        *client;
  QmpEventListener *listeners[N_LISTENERS];
  GCancellable     *cancellables[N_CANCELLABLES];
  GAsyncQueue      *to_cancel;
  char             *own_path;
  guint             n_own;
  Place             place;
  guint             nesting;
  guint             budget;      /* of actions from within in this round */
  gboolean          ending;

  RandomWatch       watch;
  guint             n_pending;   /* calls in the background */
  gboolean          disposed;    /* its handlers have gone with that */
  GHashTable       *last;        /* of a link: the number of what came last */

  guint64           n_actions, n_calls, n_links;
} World;

typedef struct {
  World *world;
  guint  n_ended;
  void (* finish) (World *world, GObject *object, GAsyncResult *result);
} Call;

static void act (World *self,
                 Place  place);

static gboolean
chance (World *self,
        int    n)
{
  return g_rand_int_range (self->rand, 0, n) == 0;
}

/* --- what has to hold --- */

#define must(condition) random_must (&self->watch, condition)

static void
check_number (World  *self,
              gint64  link,
              gint64  number)
{
  gpointer last;

  if (g_hash_table_lookup_extended (self->last, GINT_TO_POINTER (link), NULL, &last))
    must (number > GPOINTER_TO_INT (last));
  g_hash_table_insert (self->last, GINT_TO_POINTER (link), GINT_TO_POINTER (number));
}

static void
check_value (World    *self,
             JsonNode *node)
{
  JsonObject *object = json_node_get_object (node);

  check_number (self, json_object_get_int_member (object, "link"), json_object_get_int_member (object, "n"));
}

static void
check_error (World        *self,
             const GError *error)
{
  guint link, number;

  if (error->domain == QMP_COMMAND_ERROR && sscanf (error->message, "%u %u", &link, &number) == 2)
    check_number (self, link, number);
}

static void
called (World *self)
{
  random_watch_called (&self->watch);
}

/* --- calls in the background --- */

static void
ended_cb (GObject      *object,
          GAsyncResult *result,
          gpointer      user_data)
{
  Call *call = user_data;
  World *self = call->world;

  called (self);
  must (call->n_ended++ == 0);
  self->n_pending--;
  call->finish (self, object, result);
  act (self, IN_CALLBACK);
  g_free (call);
}

static Call *
call_new (World *self,
          void (* finish) (World *world, GObject *object, GAsyncResult *result))
{
  Call *call = g_new0 (Call, 1);

  *call = (Call) { self, 0, finish };
  self->n_pending++;
  self->n_calls++;
  return call;
}

static void
finish_execute (World        *self,
                GObject      *object,
                GAsyncResult *result)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = qmp_client_execute_finish (QMP_CLIENT (object), result, &error);

  must ((value == NULL) == (error != NULL));
  if (value != NULL)
    check_value (self, value);
  else
    check_error (self, error);
}

static void
finish_exchange (World        *self,
                 GObject      *object,
                 GAsyncResult *result)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (QmpMessage) reply = qmp_client_exchange_finish (QMP_CLIENT (object), result, &error);

  must ((reply == NULL) == (error != NULL));
}

static void
finish_wait (World        *self,
             GObject      *object,
             GAsyncResult *result)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (QmpEvent) event = qmp_client_execute_and_wait_finish (QMP_CLIENT (object), result, &error);

  must ((event == NULL) == (error != NULL));
}

static void
finish_next (World        *self,
             GObject      *object,
             GAsyncResult *result)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (QmpEvent) event = qmp_event_listener_next_finish (QMP_EVENT_LISTENER (object), result, &error);

  must ((event == NULL) == (error != NULL));
}

static void
finish_open (World        *self,
             GObject      *object,
             GAsyncResult *result)
{
  g_autoptr (GError) error = NULL;

  must (qmp_client_open_finish (QMP_CLIENT (object), result, &error) == (error == NULL));
}

static void
finish_open_stream (World        *self,
                    GObject      *object,
                    GAsyncResult *result)
{
  g_autoptr (GError) error = NULL;

  must (qmp_client_open_stream_finish (QMP_CLIENT (object), result, &error) == (error == NULL));
}

static void
finish_accept (World        *self,
               GObject      *object,
               GAsyncResult *result)
{
  g_autoptr (GError) error = NULL;

  must (qmp_client_accept_finish (QMP_CLIENT (object), result, &error) == (error == NULL));
}

static void
finish_close (World        *self,
              GObject      *object,
              GAsyncResult *result)
{
  g_autoptr (GError) error = NULL;

  must (qmp_client_close_finish (QMP_CLIENT (object), result, &error) == (error == NULL));
}

/* --- handlers, filters, checks --- */

static void
notify_cb (QmpClient  *client,
           GParamSpec *pspec,
           World      *self)
{
  called (self);
  act (self, IN_CALLBACK);
}

static void
event_cb (QmpClient *client,
          QmpEvent  *event,
          World     *self)
{
  called (self);
  check_value (self, qmp_event_get_data (event));
  act (self, IN_CALLBACK);
}

static void
closed_cb (QmpClient *client,
           GError    *error,
           World     *self)
{
  called (self);
  act (self, IN_CALLBACK);
}

static void
protocol_error_cb (QmpClient *client,
                   GError    *error,
                   World     *self)
{
  called (self);
  act (self, IN_CALLBACK);
}

static void
wire_cb (QmpClient        *client,
         QmpWireDirection  direction,
         const char       *text,
         World            *self)
{
  called (self);
}

static void
items_changed_cb (GListModel *list,
                  guint       position,
                  guint       n_removed,
                  guint       n_added,
                  World      *self)
{
  called (self);
  act (self, IN_CALLBACK);
}

/* What is called within it, if it runs a main loop, is called by itself. */
static void
act_in_filter (World *self)
{
  gboolean blocking = self->watch.blocking;

  self->watch.blocking = FALSE;
  act (self, IN_FILTER);
  self->watch.blocking = blocking;
}

static gboolean
filter_cb (QmpEvent *event,
           gpointer  user_data)
{
  World *self = user_data;

  act_in_filter (self);
  return !chance (self, 4);
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
  World *self = user_data;

  act_in_filter (self);
  return !chance (self, 10);
}

/* --- actions --- */

static GCancellable *
pick_cancellable (World *self)
{
  return chance (self, 2) ? self->cancellables[g_rand_int_range (self->rand, 0, N_CANCELLABLES)] : NULL;
}

static QmpEventListener *
pick_listener (World *self)
{
  return self->listeners[g_rand_int_range (self->rand, 0, N_LISTENERS)];
}

static const char *
pick_command (World *self)
{
  guint n = random_peer_get_n_commands ();

  /* Mostly good, or no link would live long. */
  if (chance (self, 3))
    return random_peer_commands[g_rand_int_range (self->rand, 0, n)];
  return random_peer_commands[g_rand_int_range (self->rand, 0, 4)];
}

static QmpMessage *
make_message (World *self)
{
  QmpMessage *message = qmp_message_new_command (pick_command (self), NULL, NULL);

  if (chance (self, 3))
    qmp_message_set_timeout (message, g_rand_int_range (self->rand, 1, 30));
  return message;
}

static GIOStream *
make_stream (World *self)
{
  g_autoptr (GSocket) socket = g_socket_new_from_fd (random_peer_add_pair (self->peer), NULL);

  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

static GSocketConnectable *
make_address (World *self)
{
  return G_SOCKET_CONNECTABLE (g_unix_socket_address_new (chance (self, 10) ? "/nonexistent/x"
                                                                            : random_peer_get_path (self->peer)));
}

static void
do_execute_async (World     *self,
                  QmpClient *client)
{
  qmp_client_execute_async (client, pick_command (self), NULL, pick_cancellable (self), ended_cb,
                            call_new (self, finish_execute));
}

static void
do_exchange_async (World     *self,
                   QmpClient *client)
{
  g_autoptr (QmpMessage) message = make_message (self);

  qmp_client_exchange_async (client, message, pick_cancellable (self), ended_cb, call_new (self, finish_exchange));
}

static void
do_wait_async (World     *self,
               QmpClient *client)
{
  g_autoptr (QmpMessage) message = make_message (self);

  qmp_client_execute_and_wait_async (client, message, qmp_event_listener_get_match (pick_listener (self)), pick_cancellable (self), ended_cb,
                                     call_new (self, finish_wait));
}

static void
do_next_async (World     *self,
               QmpClient *client)
{
  qmp_event_listener_next_async (pick_listener (self), g_rand_int_range (self->rand, -1, 20), pick_cancellable (self),
                                 ended_cb, call_new (self, finish_next));
}

static void
do_open_async (World     *self,
               QmpClient *client)
{
  if (chance (self, 2))
    {
      g_autoptr (GIOStream) stream = make_stream (self);

      qmp_client_open_stream_async (client, stream, pick_cancellable (self), ended_cb,
                                    call_new (self, finish_open_stream));
    }
  else
    {
      g_autoptr (GSocketConnectable) address = make_address (self);

      qmp_client_open_async (client, address, pick_cancellable (self), ended_cb, call_new (self, finish_open));
    }
}

static void
do_close_async (World     *self,
                QmpClient *client)
{
  qmp_client_close_async (client, pick_cancellable (self), ended_cb, call_new (self, finish_close));
}

static void
do_listen (World     *self,
           QmpClient *client)
{
  g_autofree char *path = g_strdup_printf ("%s-%u", self->own_path, self->n_own % 3);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);

  if (qmp_client_listen (client, G_SOCKET_CONNECTABLE (address), NULL, NULL))
    self->n_own++;
  random_peer_connect (self->peer, path);
}

static void
do_accept_async (World     *self,
                 QmpClient *client)
{
  GSocketAddress *address = qmp_client_get_listen_address (client);

  if (address != NULL && chance (self, 2))
    random_peer_connect (self->peer, g_unix_socket_address_get_path (G_UNIX_SOCKET_ADDRESS (address)));
  qmp_client_accept_async (client, pick_cancellable (self), ended_cb, call_new (self, finish_accept));
}

/* blocking forms: nothing may run until they return */

static void
do_execute (World     *self,
            QmpClient *client)
{
  GCancellable *cancellable = pick_cancellable (self);
  const char *command = pick_command (self);
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  self->watch.blocking = TRUE;
  value = qmp_client_execute (client, command, NULL, cancellable, &error);
  self->watch.blocking = FALSE;
  must ((value == NULL) == (error != NULL));
}

static void
do_wait (World     *self,
         QmpClient *client)
{
  g_autoptr (QmpMessage) message = make_message (self);
  QmpEventListener *listener = pick_listener (self);
  GCancellable *cancellable = pick_cancellable (self);
  g_autoptr (QmpEvent) event = NULL;
  g_autoptr (GError) error = NULL;

  self->watch.blocking = TRUE;
  event = qmp_client_execute_and_wait (client, message, qmp_event_listener_get_match (listener), cancellable, &error);
  self->watch.blocking = FALSE;
  must ((event == NULL) == (error != NULL));
}

static void
do_next (World     *self,
         QmpClient *client)
{
  QmpEventListener *listener = pick_listener (self);
  GCancellable *cancellable = pick_cancellable (self);
  int timeout = g_rand_int_range (self->rand, 0, 10);
  g_autoptr (QmpEvent) event = NULL;
  g_autoptr (GError) error = NULL;

  self->watch.blocking = TRUE;
  event = qmp_event_listener_next (listener, timeout, cancellable, &error);
  self->watch.blocking = FALSE;
  must ((event == NULL) == (error != NULL));
}

static void
do_open (World     *self,
         QmpClient *client)
{
  g_autoptr (GIOStream) stream = chance (self, 2) ? make_stream (self) : NULL;
  g_autoptr (GSocketConnectable) address = make_address (self);
  GCancellable *cancellable = pick_cancellable (self);
  g_autoptr (GError) error = NULL;
  gboolean success;

  self->watch.blocking = TRUE;
  if (stream != NULL)
    success = qmp_client_open_stream (client, stream, cancellable, &error);
  else
    success = qmp_client_open (client, address, cancellable, &error);
  self->watch.blocking = FALSE;
  must (success == (error == NULL));
}

static void
do_accept (World     *self,
           QmpClient *client)
{
  GCancellable *cancellable = pick_cancellable (self);
  g_autoptr (GError) error = NULL;
  gboolean success;

  self->watch.blocking = TRUE;
  success = qmp_client_accept (client, cancellable, &error);
  self->watch.blocking = FALSE;
  must (success == (error == NULL));
}

static void
do_close (World     *self,
          QmpClient *client)
{
  GCancellable *cancellable = pick_cancellable (self);
  g_autoptr (GError) error = NULL;
  gboolean success;

  self->watch.blocking = TRUE;
  success = qmp_client_close (client, cancellable, &error);
  self->watch.blocking = FALSE;
  must (success == (error == NULL));
}

/* the rest */

static void
do_iterate (World     *self,
            QmpClient *client)
{
  for (int i = g_rand_int_range (self->rand, 1, 6); i > 0; i--)
    g_main_context_iteration (NULL, FALSE);
}

static void
do_listener (World     *self,
             QmpClient *client)
{
  guint i = g_rand_int_range (self->rand, 0, N_LISTENERS);
  QmpEventListener *listener = self->listeners[i];

  /* Nobody tells the program whose a listener is. */
  if (g_object_get_data (G_OBJECT (listener), "client") == NULL)
    {
      qmp_client_add_listener (client, listener);
      g_object_set_data_full (G_OBJECT (listener), "client", g_object_ref (client), g_object_unref);
    }
  else
    {
      g_autoptr (QmpClient) owner = g_object_ref (g_object_get_data (G_OBJECT (listener), "client"));

      g_object_set_data (G_OBJECT (listener), "client", NULL);
      qmp_client_remove_listener (owner, listener);
    }
}

static void
do_queue (World     *self,
          QmpClient *client)
{
  g_autoptr (QmpEvent) event = qmp_event_listener_try_next (pick_listener (self));

  if (chance (self, 4))
    g_list_free_full (qmp_event_listener_steal_events (pick_listener (self)), g_object_unref);
  qmp_event_listener_set_history_length (pick_listener (self), g_rand_int_range (self->rand, 0, 20));
  if (chance (self, 2))
    set_filter (pick_listener (self), filter_cb, self);
  else
    set_filter (pick_listener (self), NULL, NULL);
}

static void
do_settings (World     *self,
             QmpClient *client)
{
  qmp_client_set_open_timeout (client, g_rand_int_range (self->rand, 5, 500));
  qmp_client_set_accept_timeout (client, g_rand_int_range (self->rand, 1, 30));
  qmp_client_set_close_timeout (client, g_rand_int_range (self->rand, 5, 60));
  qmp_client_set_timeout (client, g_rand_int_range (self->rand, 5, 60));
  qmp_client_set_stall_time (client, g_rand_int_range (self->rand, 0, 20));
  qmp_client_set_negotiate (client, !chance (self, 3));
  qmp_client_set_command_check (client, chance (self, 2) ? check_cb : NULL, self, NULL);
}

static void
do_cancel (World     *self,
           QmpClient *client)
{
  GCancellable **cancellable = &self->cancellables[g_rand_int_range (self->rand, 0, N_CANCELLABLES)];

  if (chance (self, 2))
    g_cancellable_cancel (*cancellable);
  else
    g_async_queue_push (self->to_cancel, g_object_ref (*cancellable));
  g_object_unref (*cancellable);
  *cancellable = g_cancellable_new ();
}

static void
do_send_fd (World     *self,
            QmpClient *client)
{
  g_autoptr (GError) error = NULL;

  must (qmp_client_send_fd (client, 0, &error) == (error == NULL));
}

static void
do_dispose (World     *self,
            QmpClient *client)
{
  if (!chance (self, 15))
    return;
  /* All listeners leave it. */
  for (guint i = 0; i < N_LISTENERS; i++)
    if (g_object_get_data (G_OBJECT (self->listeners[i]), "client") == client)
      g_object_set_data (G_OBJECT (self->listeners[i]), "client", NULL);
  self->disposed = TRUE;
  g_object_run_dispose (G_OBJECT (client));
}

static const struct {
  void (* act) (World *self, QmpClient *client);
  guint weight;
} actions[] = {
  { do_execute_async, 16 },
  { do_exchange_async, 3 },
  { do_wait_async, 4 },
  { do_next_async, 5 },
  { do_open_async, 12 },
  { do_close_async, 3 },
  { do_listen, 2 },
  { do_accept_async, 6 },
  { do_execute, 5 },
  { do_wait, 2 },
  { do_next, 3 },
  { do_open, 10 },
  { do_accept, 1 },
  { do_close, 2 },
  { do_iterate, 25 },
  { do_listener, 4 },
  { do_queue, 3 },
  { do_settings, 2 },
  { do_cancel, 2 },
  { do_send_fd, 1 },
  { do_dispose, 1 },
};

static guint
pick_action (World *self)
{
  guint sum = 0, i = 0;
  guint picked;

  for (guint j = 0; j < G_N_ELEMENTS (actions); j++)
    sum += actions[j].weight;
  picked = g_rand_int_range (self->rand, 0, sum);
  while (picked >= actions[i].weight)
    picked -= actions[i++].weight;
  return i;
}

static void
act (World *self,
     Place  place)
{
  g_autoptr (QmpClient) client = NULL;
  guint i = pick_action (self);
  gboolean nested = place != IN_MAIN;

  if (self->ending || self->client == NULL || self->nesting >= MAX_NESTING)
    return;
  if (nested && (self->budget == 0 || !chance (self, 3)))
    return;

  client = g_object_ref (self->client);
  self->budget -= nested;
  self->nesting++;
  self->n_actions++;
  actions[i].act (self, client);
  self->nesting--;
}

/* --- a round --- */

static gpointer
cancel_thread (gpointer data)
{
  GAsyncQueue *queue = data;
  gpointer cancellable;

  while ((cancellable = g_async_queue_pop (queue)) != queue)
    {
      g_cancellable_cancel (cancellable);
      g_object_unref (cancellable);
    }
  return NULL;
}

static void
begin_round (World   *self,
             guint32  seed)
{
  self->client = qmp_client_new ("random");
  random_watch_begin (&self->watch, self->client, g_strdup_printf ("seed %u", seed));
  g_signal_connect (self->client, "notify", G_CALLBACK (notify_cb), self);
  random_watch_connect (&self->watch, self->client);
  g_signal_connect (self->client, "event", G_CALLBACK (event_cb), self);
  g_signal_connect (self->client, "closed", G_CALLBACK (closed_cb), self);
  g_signal_connect (self->client, "protocol-error", G_CALLBACK (protocol_error_cb), self);
  if (chance (self, 2))
    g_signal_connect (self->client, "wire", G_CALLBACK (wire_cb), self);
  do_settings (self, self->client);
  for (guint i = 0; i < N_LISTENERS; i++)
    {
      self->listeners[i] = qmp_event_listener_new (NULL);
      g_signal_connect (qmp_event_listener_get_history (self->listeners[i]), "items-changed", G_CALLBACK (items_changed_cb), self);
    }
  for (guint i = 0; i < N_CANCELLABLES; i++)
    self->cancellables[i] = g_cancellable_new ();
  self->budget = ACTIONS_IN_ROUND * 2;
  self->ending = self->disposed = FALSE;
  g_hash_table_remove_all (self->last);
}

static gboolean
hung_cb (gpointer user_data)
{
  World *self = user_data;

  g_error ("%s: %u calls never end; runstate %d", self->watch.what, self->n_pending, qmp_client_get_runstate (self->client));
  return G_SOURCE_REMOVE;
}

static void
end_round (World *self)
{
  QmpClient *client = self->client;
  guint watchdog = g_timeout_add_seconds (60, hung_cb, self);

  self->ending = TRUE;
  qmp_client_close_async (client, NULL, ended_cb, call_new (self, finish_close));
  for (guint i = 0; i < N_CANCELLABLES; i++)
    g_clear_object (&self->cancellables[i]);
  for (guint i = 0; i < N_LISTENERS; i++)
    {
      g_autoptr (QmpClient) owner = g_object_steal_data (G_OBJECT (self->listeners[i]), "client");

      set_filter (self->listeners[i], NULL, NULL);
      if (owner != NULL)
        qmp_client_remove_listener (owner, self->listeners[i]);
    }
  while (self->n_pending > 0)
    g_main_context_iteration (NULL, TRUE);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_source_remove (watchdog);
  must (qmp_client_get_runstate (client) == QMP_RUNSTATE_IDLE);
  if (!self->disposed)
    random_watch_check (&self->watch);
  self->n_links += self->watch.n_running;
  for (guint i = 0; i < N_LISTENERS; i++)
    g_assert_finalize_object (g_steal_pointer (&self->listeners[i]));
  self->client = NULL;
  g_assert_finalize_object (client);
  random_watch_clear (&self->watch);
}

static void
run_round (World   *self,
           guint32  seed)
{
  self->rand = g_rand_new_with_seed (seed);
  self->peer = random_peer_new (seed);
  begin_round (self, seed);
  for (guint i = 0; i < ACTIONS_IN_ROUND; i++)
    act (self, IN_MAIN);
  end_round (self);
  random_peer_free (self->peer);
  g_rand_free (self->rand);
}

static void
run (World  *self,
     gint64  seconds,
     gint64  first_seed)
{
  gint64 until = g_get_monotonic_time () + seconds * G_USEC_PER_SEC;
  guint n_rounds = 0;

  do
    {
      run_round (self, first_seed + n_rounds);
      n_rounds++;
    }
  while (g_get_monotonic_time () < until);
  g_print ("%u rounds, %" G_GUINT64_FORMAT " actions, %" G_GUINT64_FORMAT " calls in the background, %" G_GUINT64_FORMAT
           " links\n", n_rounds, self->n_actions, self->n_calls, self->n_links);
}

int
main (int   argc,
      char *argv[])
{
  gint64 first_seed = -1;
  const GOptionEntry entries[] = {
    { "seed", 's', 0, G_OPTION_ARG_INT64, &first_seed, "Of the first round; the next have the next", "SEED" },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("[SECONDS]");
  g_autoptr (GError) error = NULL;
  World world = { 0 };
  g_autofree char *directory = g_dir_make_tmp ("qmp-random-XXXXXX", NULL);
  GThread *thread;

  setlocale (LC_ALL, "");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("%s\n", error->message);
      return 2;
    }
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING);
  if (first_seed < 0)
    first_seed = g_random_int ();
  g_print ("seed %" G_GINT64_FORMAT "\n", first_seed);

  world.own_path = g_build_filename (directory, "own", NULL);
  world.to_cancel = g_async_queue_new ();
  world.last = g_hash_table_new (NULL, NULL);
  thread = g_thread_new ("cancel", cancel_thread, world.to_cancel);
  run (&world, argc > 1 ? g_ascii_strtoll (argv[1], NULL, 10) : 5, first_seed);
  g_async_queue_push (world.to_cancel, world.to_cancel);
  g_thread_join (thread);
  g_hash_table_unref (world.last);
  g_async_queue_unref (world.to_cancel);
  g_free (world.own_path);
  rmdir (directory);
  return 0;
}
