/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "event/qmp-event-listener-private.h"
#include "link/qmp-given-up-private.h"
#include "message/qmp-message-private.h"
#include "test-peer.h"

/* What does not grow: memory for what was given up, for what nobody fetches; and the work of one turn of the main loop. */

/* Deliveries in a dispatch of either of the client's sources. */
#define MAX_DELIVERIES 256
#define N_SOURCES 2
/* How long a slow handler takes, in microseconds: longer than a turn goes on. */
#define SLOW_TIME 4000

static guint
n_rounds (guint many)
{
  return TEST_FEW ? many / 10 : many;
}

/* A server in the test's own thread, which neither greets nor answers by itself. */
static QmpClient *
open_silent (int *peer_fd)
{
  QmpClient *client = g_object_new (QMP_TYPE_CLIENT, "await-greeting", FALSE, "negotiate", FALSE, NULL);
  g_autoptr (GIOStream) stream = test_socketpair (peer_fd);
  g_autoptr (GError) error = NULL;

  g_assert_true (test_open_stream (client, stream, &error));
  g_assert_no_error (error);
  return client;
}

/* Runs the client until it has nothing more to write. The last of what it wrote is in last, if given. */
static void
hear (int     peer_fd,
      GString *last)
{
  char buffer[65536];
  gssize n;

  do
    {
      test_spin_ready ();
      n = recv (peer_fd, buffer, sizeof buffer, MSG_DONTWAIT);
      if (n > 0 && last != NULL)
        g_string_append_len (last, buffer, n);
    }
  while (n > 0);
}

static void
say (int         peer_fd,
     const char *text)
{
  gssize length = strlen (text);

  g_assert_cmpint (send (peer_fd, text, length, MSG_NOSIGNAL), ==, length);
}

/* --- what was given up --- */

typedef struct {
  guint         n_done;
  guint         n_in_turn;
  guint         n_most;       /* in one turn */
  int           n_at_end;     /* -1 until "closed" */
  QmpClient    *client;
  GCancellable *cancellable;  /* nullable: cancelled by the first */
} Tally;

static void
count_in_turn (Tally *tally)
{
  tally->n_in_turn++;
  tally->n_most = MAX (tally->n_most, tally->n_in_turn);
}

static void
tally_cb (GObject      *object,
          GAsyncResult *result,
          gpointer      user_data)
{
  Tally *tally = user_data;
  g_autoptr (JsonNode) value = qmp_client_execute_message_finish (QMP_CLIENT (object), result, NULL);

  g_assert_null (value);
  tally->n_done++;
  count_in_turn (tally);
}

static void
give_up (QmpClient  *client,
         int         peer_fd,
         QmpMessage *command,
         guint       n)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Tally tally = { 0 };

  for (guint i = 0; i < n; i++)
    qmp_client_execute_message_async (client, command, cancellable, tally_cb, &tally);
  hear (peer_fd, NULL);
  g_cancellable_cancel (cancellable);
  test_spin_until (tally.n_done == n);
  g_assert_cmpuint (qmp_client_get_n_pending (client), ==, 0);
}

static void
test_given_up_memory (gconstpointer data)
{
  gboolean assign_id = GPOINTER_TO_INT (data);
  guint n = n_rounds (10000);
  g_autoptr (QmpMessage) command = test_message ("{\"execute\": \"query-status\"}");
  gsize before;
  int peer_fd;
  QmpClient *client = open_silent (&peer_fd);

  qmp_message_set_assign_id (command, assign_id);
  give_up (client, peer_fd, command, n);
  before = test_count_allocated ();
  give_up (client, peer_fd, command, n);
  give_up (client, peer_fd, command, n);
  /* Valgrind's is 0. */
  g_assert_cmpuint (test_count_allocated (), <, before + n * 2 * 16 + 1);
  close (peer_fd);
  test_spin_until (qmp_client_get_runstate (client) == QMP_RUNSTATE_IDLE);
  test_client_free (client);
}

static char *
take_id (GString *sent)
{
  const char *id = strstr (sent->str, "\"id\":");

  g_assert_nonnull (id);
  id += strlen ("\"id\":");
  return g_strndup (id, strcspn (id, "}"));
}

/* Nobody else gets its late reply. */
static void
test_given_up_id (void)
{
  g_autoptr (QmpMessage) command = test_message ("{\"execute\": \"query-status\"}");
  g_autoptr (QmpMessage) same = NULL;
  g_autoptr (QmpMessage) reply = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GString) sent = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *id = NULL;
  g_autofree char *text = NULL;
  g_autofree char *late = NULL;
  GAsyncResult *result = NULL;
  Tally tally = { 0 };
  int peer_fd;
  QmpClient *client = open_silent (&peer_fd);

  qmp_client_execute_message_async (client, command, cancellable, tally_cb, &tally);
  hear (peer_fd, sent);
  id = take_id (sent);
  g_cancellable_cancel (cancellable);
  test_spin_until (tally.n_done == 1);
  text = g_strdup_printf ("{\"execute\": \"query-name\", \"id\": %s}", id);
  same = test_message (text);
  g_assert_null (qmp_client_exchange (client, same, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
  g_clear_error (&error);

  late = g_strdup_printf ("{\"return\": \"late\", \"id\": %s}\r\n", id);
  say (peer_fd, late);
  test_spin_ready ();
  qmp_client_exchange_async (client, same, NULL, test_result_cb, &result);
  hear (peer_fd, NULL);
  g_assert_null (result);
  say (peer_fd, late);
  test_spin_until (result != NULL);
  reply = qmp_client_exchange_finish (client, result, &error);
  g_assert_no_error (error);
  g_assert_nonnull (reply);
  g_object_unref (result);
  close (peer_fd);
  test_spin_until (qmp_client_get_runstate (client) == QMP_RUNSTATE_IDLE);
  test_client_free (client);
}

/* Of very many the earlier ones are forgotten, the later ones not. */
static void
test_given_up_many (void)
{
  QmpGivenUp given_up = { NULL };
  guint n = QMP_GIVEN_UP_MAX_SERIALS;
  gboolean in_window;

  for (guint serial = 1; serial <= 3 * n; serial++)
    qmp_given_up_add_serial (&given_up, serial, serial == 5);
  g_assert_cmpuint (given_up.n_serials, ==, n);
  g_assert_false (qmp_given_up_has_serial (&given_up, 4));
  g_assert_true (qmp_given_up_has_serial (&given_up, 3 * n));
  g_assert_true (qmp_given_up_has_serial (&given_up, 2 * n + 1));
  /* That one counts still. */
  g_assert_true (qmp_given_up_take_serial (&given_up, 5, &in_window));
  g_assert_true (in_window);
  g_assert_false (qmp_given_up_take_serial (&given_up, 5, &in_window));
  g_assert_true (qmp_given_up_take_serial (&given_up, 3 * n, &in_window));
  g_assert_false (in_window);
  g_assert_false (qmp_given_up_has_serial (&given_up, 3 * n));
  qmp_given_up_clear (&given_up);
}

/* --- one turn of the main loop --- */

static void
iterate (Tally *tally)
{
  tally->n_in_turn = 0;
  test_iterate ();
}

static void
test_expiry_in_turns (void)
{
  guint n = n_rounds (5000);
  g_autoptr (QmpMessage) command = test_message ("{\"execute\": \"query-status\"}");
  Tally tally = { 0 };
  int peer_fd;
  QmpClient *client = open_silent (&peer_fd);
  GSource *watchdog = test_watchdog_start (__FILE__, __LINE__, G_STRFUNC, "expired");

  qmp_message_set_timeout (command, 1);
  for (guint i = 0; i < n; i++)
    qmp_client_execute_message_async (client, command, NULL, tally_cb, &tally);
  while (tally.n_done < n)
    iterate (&tally);
  test_watchdog_stop (watchdog);
  g_assert_cmpuint (tally.n_most, <=, MAX_DELIVERIES * N_SOURCES);
  close (peer_fd);
  test_spin_until (qmp_client_get_runstate (client) == QMP_RUNSTATE_IDLE);
  test_client_free (client);
}

typedef struct {
  Tally *tally;
  guint  number;
} Place;

static void
in_order_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  Place *place = user_data;
  Tally *tally = place->tally;
  g_autoptr (GError) error = NULL;

  g_assert_null (qmp_client_execute_message_finish (QMP_CLIENT (object), result, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
  test_assert_error_has (error, "query-status");
  g_assert_cmpuint (tally->n_done, ==, place->number);
  g_assert_cmpuint (qmp_client_get_n_pending (tally->client), ==, 0);
  tally->n_done++;
  count_in_turn (tally);
  /* Too late for the others: the link was over before. */
  g_cancellable_cancel (tally->cancellable);
}

static void
closed_cb (QmpClient *client,
           GError    *cause,
           gpointer   user_data)
{
  Tally *tally = user_data;

  tally->n_at_end = (int) tally->n_done;
}

/* However many pend: each is told in its place, before the end. */
static void
test_end_in_turns (gconstpointer data)
{
  gboolean own_close = GPOINTER_TO_INT (data);
  guint n = n_rounds (5000);
  g_autoptr (QmpMessage) command = test_message ("{\"execute\": \"query-status\"}");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autofree Place *places = g_new (Place, n);
  g_autoptr (GError) error = NULL;
  Tally tally = { .cancellable = cancellable, .n_at_end = -1 };
  int peer_fd;
  QmpClient *client = open_silent (&peer_fd);
  GSource *watchdog = test_watchdog_start (__FILE__, __LINE__, G_STRFUNC, "ended");

  tally.client = client;
  g_signal_connect (client, "closed", G_CALLBACK (closed_cb), &tally);
  for (guint i = 0; i < n; i++)
    {
      places[i] = (Place) { &tally, i };
      qmp_client_execute_message_async (client, command, i % 10 == 5 ? cancellable : NULL, in_order_cb, &places[i]);
    }
  hear (peer_fd, NULL);
  if (own_close)
    {
      g_assert_true (qmp_client_close (client, NULL, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (tally.n_done, ==, 0);
    }
  close (peer_fd);
  while (tally.n_at_end < 0)
    iterate (&tally);
  test_watchdog_stop (watchdog);
  g_assert_cmpint (tally.n_at_end, ==, n);
  g_assert_cmpuint (tally.n_done, ==, n);
  g_assert_cmpuint (tally.n_most, <=, MAX_DELIVERIES * N_SOURCES);
  test_client_free (client);
}

static void
slow_event_cb (QmpClient *client,
               QmpEvent  *event,
               gpointer   user_data)
{
  gint64 until = g_get_monotonic_time () + SLOW_TIME;

  while (g_get_monotonic_time () < until)
    ;
  ((Tally *) user_data)->n_done++;
  count_in_turn (user_data);
}

/* Handlers that take their time do not keep everybody else waiting; and meanwhile no more is read than is delivered. */
static void
test_slow_handlers (void)
{
  const char *event = "{\"event\": \"A\", \"data\": {\"padding\": \"................................................\"}}\r\n";
  guint n_turns = n_rounds (100);
  gsize n_written = 0;
  Tally tally = { 0 };
  int peer_fd;
  QmpClient *client = open_silent (&peer_fd);
  GSource *watchdog = test_watchdog_start (__FILE__, __LINE__, G_STRFUNC, "delivered");

  g_signal_connect (client, "event", G_CALLBACK (slow_event_cb), &tally);
  for (guint i = 0; i < n_turns; i++)
    {
      gssize n;

      while ((n = send (peer_fd, event, strlen (event), MSG_NOSIGNAL | MSG_DONTWAIT)) > 0)
        {
          g_assert_cmpint (n, ==, strlen (event));
          n_written++;
        }
      iterate (&tally);
    }
  test_watchdog_stop (watchdog);
  g_assert_cmpuint (tally.n_done, >, 0);
  g_assert_cmpuint (tally.n_most, <=, 2 * N_SOURCES);
  /* Much less than if each turn had read: what a socket holds, and what waits in the client. */
  g_assert_cmpuint (n_written, <, tally.n_done + MAX_DELIVERIES + (8 * 1024 + 1024 * 1024) / strlen (event));
  close (peer_fd);
  g_signal_handlers_disconnect_by_data (client, &tally);
  test_spin_until (qmp_client_get_runstate (client) == QMP_RUNSTATE_IDLE);
  test_client_free (client);
}

/* --- what nobody fetches --- */

#define ERROR_SIZE 50000

static gboolean
send_errors (TestPeer *peer,
             gpointer  user_data)
{
  g_autofree char *padding = g_strnfill (ERROR_SIZE, 'x');
  g_autofree char *text = g_strdup_printf ("{\"error\": {\"class\": \"GenericError\", \"desc\": \"%s\"}}\r\n", padding);

  for (guint i = 0; i < 100; i++)
    if (!test_peer_send (peer, text, -1))
      return FALSE;
  return TRUE;
}

static void
test_errors_in_bytes (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_CALL (send_errors, NULL),
                                    PEER_REPLY ("{}"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;
  guint n;

  /* For the next link, and for what waits to be told. */
  qmp_client_set_max_message_size (client, 2 * ERROR_SIZE);
  value = qmp_client_execute (client, "a", NULL, NULL, &error);
  g_assert_no_error (error);
  test_spin_ready ();
  n = test_log_count (log, "protocol-error(server-parse)");
  g_assert_cmpuint (n, >=, 1);
  g_assert_cmpuint (n, <=, 3);
  test_peer_close (peer, client);
}

/* --- the history --- */

static QmpEvent *
make_event (gsize padding)
{
  g_autofree char *filling = g_strnfill (padding, 'x');
  g_autofree char *text = g_strdup_printf ("{\"event\": \"A\", \"data\": \"%s\"}", filling);
  QmpJsonFrame frame = { .text = text, .length = strlen (text) };

  g_assert_true (qmp_json_check (text, frame.length, 1024, &frame.outline, NULL));
  return qmp_event_new_received (NULL, &frame);
}

static void
assert_in_list (QmpEventListener *listener,
                guint             position,
                QmpEvent         *event)
{
  g_autoptr (QmpEvent) item = g_list_model_get_item (qmp_event_listener_get_history (listener), position);

  g_assert_true (item == event);
}

static void
test_history_bytes (void)
{
  g_autoptr (QmpEventListener) listener = TEST_LISTENER ("A");
  g_autoptr (QmpEvent) large = make_event (1024 * 1024);
  g_autoptr (QmpEvent) small = make_event (1);
  g_autoptr (QmpEvent) larger = make_event (QMP_EVENT_MAX_BYTES);
  GListModel *list = qmp_event_listener_get_history (listener);

  qmp_event_listener_set_history_length (listener, 1000);
  for (guint i = 0; i < 100; i++)
    qmp_event_history_add (listener->history, large);
  qmp_event_history_add (listener->history, small);
  g_assert_cmpuint (g_list_model_get_n_items (list), ==, 64);
  assert_in_list (listener, 62, large);
  assert_in_list (listener, 63, small);
  /* The newest stays whatever its size is. */
  qmp_event_history_add (listener->history, larger);
  g_assert_cmpuint (g_list_model_get_n_items (list), ==, 1);
  assert_in_list (listener, 0, larger);
  qmp_event_history_add (listener->history, small);
  g_assert_cmpuint (g_list_model_get_n_items (list), ==, 1);
  assert_in_list (listener, 0, small);
}

/* It goes round. */
static void
test_history_ring (void)
{
  enum { LENGTH = 100, N = 1000 };
  g_autoptr (QmpEventListener) listener = TEST_LISTENER ("A");
  QmpEvent *events[N];

  qmp_event_listener_set_history_length (listener, LENGTH);
  for (guint i = 0; i < N; i++)
    {
      guint n = MIN (i + 1, LENGTH);

      events[i] = make_event (i);
      qmp_event_history_add (listener->history, events[i]);
      g_assert_cmpuint (g_list_model_get_n_items (qmp_event_listener_get_history (listener)), ==, n);
      assert_in_list (listener, 0, events[i + 1 - n]);
      assert_in_list (listener, n - 1, events[i]);
      g_assert_null (g_list_model_get_item (qmp_event_listener_get_history (listener), n));
    }
  qmp_event_listener_set_history_length (listener, 2);
  assert_in_list (listener, 0, events[N - 2]);
  qmp_event_listener_set_history_length (listener, 0);
  g_assert_cmpuint (g_list_model_get_n_items (qmp_event_listener_get_history (listener)), ==, 0);
  for (guint i = 0; i < N; i++)
    g_assert_finalize_object (events[i]);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  test_warm_up ();
  g_test_add_data_func ("/client-bounds/given-up/memory", GINT_TO_POINTER (TRUE), test_given_up_memory);
  g_test_add_data_func ("/client-bounds/given-up/memory-without-id", GINT_TO_POINTER (FALSE), test_given_up_memory);
  g_test_add_func ("/client-bounds/given-up/id", test_given_up_id);
  g_test_add_func ("/client-bounds/given-up/many", test_given_up_many);
  g_test_add_func ("/client-bounds/turn/expiry", test_expiry_in_turns);
  g_test_add_data_func ("/client-bounds/turn/end", GINT_TO_POINTER (FALSE), test_end_in_turns);
  g_test_add_data_func ("/client-bounds/turn/own-close", GINT_TO_POINTER (TRUE), test_end_in_turns);
  g_test_add_func ("/client-bounds/turn/slow-handlers", test_slow_handlers);
  g_test_add_func ("/client-bounds/errors-in-bytes", test_errors_in_bytes);
  g_test_add_func ("/client-bounds/history/bytes", test_history_bytes);
  g_test_add_func ("/client-bounds/history/ring", test_history_ring);
  return g_test_run ();
}
