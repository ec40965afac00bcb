/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "test-peer.h"

/* Events, the order of everything, and references dropped at awkward moments. */

/* events */

static void
keep_event_cb (QmpClient *client,
               QmpEvent  *event,
               QmpEvent **slot)
{
  g_assert_null (*slot);
  *slot = g_object_ref (event);
}

static void
test_event_values (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT,
                                    PEER_SEND ("{\"event\": \"ONE\", \"data\": {\"a\": [1]}, \"timestamp\": "
                                               "{\"seconds\": 1700000000, \"microseconds\": 250001}}\r\n"
                                               "{\"event\": \"TWO\"}\r\n"
                                               "{\"timestamp\": {\"seconds\": -1, \"microseconds\": -1}, \"event\": \"THREE\"}\r\n"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpEvent) one = NULL;
  g_autoptr (QmpEvent) two = NULL;
  g_autoptr (QmpEvent) three = NULL;

  g_signal_connect (client, "event::ONE", G_CALLBACK (keep_event_cb), &one);
  g_signal_connect (client, "event::TWO", G_CALLBACK (keep_event_cb), &two);
  g_signal_connect (client, "event::THREE", G_CALLBACK (keep_event_cb), &three);
  test_peer_signal (peer);
  test_spin_until (three != NULL);
  g_assert_cmpstr (qmp_event_get_name (one), ==, "ONE");
  test_assert_json (qmp_event_get_data (one), "{\"a\": [1]}");
  g_assert_cmpint (qmp_event_get_timestamp (one), ==, G_GINT64_CONSTANT (1700000000250001));
  g_assert_true (qmp_message_is_read_only (QMP_MESSAGE (one)));
  g_assert_null (qmp_event_get_data (two));
  g_assert_cmpint (qmp_event_get_timestamp (two), ==, -1);
  g_assert_cmpint (qmp_event_get_timestamp (three), ==, -1);
  test_peer_close (peer, client);
}

static void
count_event_cb (QmpClient *client,
                QmpEvent  *event,
                guint     *count)
{
  (*count)++;
}

static void
test_event_detail (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT,
                                    PEER_EVENT ("STOP"), PEER_EVENT ("RESUME"), PEER_EVENT ("STOP"),
                                    PEER_EVENT ("STOP"), PEER_EVENT ("STO"), PEER_EVENT ("NOBODY_EVER_ASKED"), PEER_EVENT ("odd name %s ::x"),
                                    PEER_EVENT ("END"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  guint n_all = 0, n_stop = 0, n_resume = 0, n_other = 0;

  g_signal_connect (client, "event", G_CALLBACK (count_event_cb), &n_all);
  g_signal_connect (client, "event::STOP", G_CALLBACK (count_event_cb), &n_stop);
  g_signal_connect (client, "event::RESUME", G_CALLBACK (count_event_cb), &n_resume);
  g_signal_connect (client, "event::OTHER", G_CALLBACK (count_event_cb), &n_other);
  test_peer_signal (peer);
  test_spin_until (test_log_has (log, "END"));
  g_assert_cmpuint (n_all, ==, 8);
  g_assert_cmpuint (n_stop, ==, 3);
  g_assert_cmpuint (n_resume, ==, 1);
  g_assert_cmpuint (n_other, ==, 0);
  test_peer_close (peer, client);
}

static void
keep_swapped_cb (GPtrArray *kept,
                 QmpEvent  *event,
                 QmpClient *client)
{
  g_assert_true (QMP_IS_CLIENT (client));
  g_assert_cmpstr (qmp_event_get_name (event), ==, "STOP");
  g_ptr_array_add (kept, g_object_ref (event));
}

/* One handler alone is called by a way of its own: with its data first, or last. */
static void
test_event_alone (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT,
                                    PEER_EVENT ("STOP"), PEER_EVENT ("STOP"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (GPtrArray) kept = g_ptr_array_new_with_free_func (g_object_unref);

  g_signal_connect_swapped (client, "event::STOP", G_CALLBACK (keep_swapped_cb), kept);
  test_peer_signal (peer);
  test_spin_until (kept->len == 2);
  g_assert_true (g_ptr_array_index (kept, 0) != g_ptr_array_index (kept, 1));
  test_peer_close (peer, client);
}

/* order */

#define R(n) "{\"return\": " n ", \"id\": @}\r\n"

/* Three commands, answered in another order, events between, all in one write. */
static gboolean
send_mixed (TestPeer *peer,
            gpointer  user_data)
{
  g_autofree char *a = NULL;
  g_autofree char *b = NULL;
  g_autofree char *c = NULL;
  g_autofree char *text = NULL;

  for (guint i = 0; i < 3; i++)
    if (test_peer_read_command (peer) == NULL)
      return FALSE;
  a = test_peer_pop_id (peer);
  b = test_peer_pop_id (peer);
  c = test_peer_pop_id (peer);
  text = g_strdup_printf (PEER_EVENT_TEXT ("E0") "{\"return\": 2, \"id\": %s}" PEER_EVENT_TEXT ("E1")
                          "{\"return\": 1, \"id\": %s}{\"return\": 0, \"id\": %s}" PEER_EVENT_TEXT ("E2"),
                          c, b, a);
  return test_peer_send (peer, text, -1);
}

static void
test_order_of_wire (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_CALL (send_mixed, NULL));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);

  test_log_execute_async (log, "a", client, "x", NULL);
  test_log_execute_async (log, "b", client, "x", NULL);
  test_log_execute_async (log, "c", client, "x", NULL);
  test_spin_until (test_log_has (log, "E2"));
  g_assert_cmpstr (test_log_get (log), ==, "E0 c E1 b a E2");
  test_peer_close (peer, client);
}

typedef struct {
  TestLog *log;
  guint    n_left;
} ChainData;

static void chain_cb (GObject *object, GAsyncResult *result, gpointer user_data);

static void
chain_start (ChainData *data,
             QmpClient *client)
{
  data->n_left--;
  qmp_client_execute_async (client, "next", NULL, NULL, chain_cb, data);
}

static void
chain_cb (GObject      *object,
          GAsyncResult *result,
          gpointer      user_data)
{
  ChainData *data = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = qmp_client_execute_finish (QMP_CLIENT (object), result, &error);

  g_assert_no_error (error);
  test_log_add (data->log, "%d", (int) test_member_int (value, "n"));
  if (data->n_left > 0)
    chain_start (data, QMP_CLIENT (object));
}

/* Callbacks that start the next call: an event in front of each reply, never behind it. */
static void
test_order_chained (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_ECHO (1, 0));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  ChainData data = { log, 5 };

  chain_start (&data, client);
  test_spin_until (test_log_has (log, "4"));
  g_assert_cmpstr (test_log_get (log), ==, "ECHO 0 ECHO 1 ECHO 2 ECHO 3 ECHO 4");
  test_peer_close (peer, client);
}

/* Started in the very dispatch in which the reply is read: GTask would put its callback off to an idle, and
 * what stands behind it on the wire would overtake it. */
static void
execute_on_event_cb (QmpClient *client,
                     QmpEvent  *event,
                     TestLog   *log)
{
  g_autofree char *name = g_strdup_printf ("for-%s", qmp_event_get_name (event));

  test_log_execute_async (log, name, client, "from-event", NULL);
}

static void
test_order_started_in_event (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT,
                                    PEER_SEND (PEER_EVENT_TEXT ("A") PEER_EVENT_TEXT ("B")),
                                    PEER_EXPECT_MANY ("from-event", 2),
                                    PEER_SEND_FOR (R ("1")),
                                    PEER_SEND_FOR (PEER_EVENT_TEXT ("C") R ("2") PEER_EVENT_TEXT ("D")),
                                    PEER_EXPECT_MANY ("from-event", 2),
                                    PEER_SEND_FOR (R ("3")), PEER_SEND_FOR (R ("4") PEER_EVENT_TEXT ("END")),
                                    PEER_EXPECT ("from-event"), PEER_REPLY ("5"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);

  g_signal_connect (client, "event", G_CALLBACK (execute_on_event_cb), log);
  test_peer_signal (peer);
  test_spin_until (test_log_has (log, "for-END"));
  g_assert_cmpstr (test_log_get (log), ==, "A B for-A C for-B D for-C for-D END for-END");
  test_peer_close (peer, client);
}

/* A handler that runs a main loop: what comes meanwhile is delivered in it, in order, once. */
static void
nested_loop_cb (QmpClient *client,
                QmpEvent  *event,
                TestLog   *log)
{
  test_log_add (log, "(");
  test_spin_until (test_log_has (log, "b"));
  test_log_add (log, ")");
}

static void
test_order_nested_loop (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("a"), PEER_EXPECT ("b"),
                                    PEER_SEND_FOR (PEER_EVENT_TEXT ("GO") PEER_EVENT_TEXT ("E") R ("1")),
                                    PEER_EVENT ("F"), PEER_SEND_FOR (R ("2") PEER_EVENT_TEXT ("G")));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);

  g_signal_connect (client, "event::GO", G_CALLBACK (nested_loop_cb), log);
  test_log_execute_async (log, "a", client, "a", NULL);
  test_log_execute_async (log, "b", client, "b", NULL);
  test_spin_until (test_log_has (log, ")") && test_log_has (log, "G"));
  /* G may come before or after the handler ends. */
  g_assert_true (g_str_has_prefix (test_log_get (log), "GO ( E a F b "));
  g_assert_cmpuint (test_log_count (log, "G"), ==, 1);
  test_peer_close (peer, client);
}

typedef struct {
  guint n_started;
  guint n_replies;
  guint n_events;
} FlightData;

static void
flight_event_cb (QmpClient  *client,
                 QmpEvent   *event,
                 FlightData *data)
{
  g_assert_cmpint (test_member_int (qmp_event_get_data (event), "n"), ==, data->n_events);
  g_assert_cmpuint (data->n_events, ==, data->n_replies);
  data->n_events++;
}

static void
flight_reply_cb (GObject      *object,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  FlightData *data = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = qmp_client_execute_finish (QMP_CLIENT (object), result, &error);

  g_assert_no_error (error);
  g_assert_cmpint (test_member_int (value, "n"), ==, data->n_replies);
  g_assert_cmpuint (data->n_events, ==, data->n_replies + 1);
  data->n_replies++;
}

/* 1000 commands in flight, an event in front of each reply; answered in bursts. */
static void
test_in_flight (gconstpointer user_data)
{
  guint burst = GPOINTER_TO_UINT (user_data);
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_ECHO (1, burst));
  QmpClient *client = test_peer_open (peer);
  FlightData data = { 0 };
  gint64 start = g_get_monotonic_time ();

  g_signal_connect (client, "event", G_CALLBACK (flight_event_cb), &data);
  for (guint i = 0; i < 1000; i++)
    qmp_client_execute_async (client, "query-status", NULL, NULL, flight_reply_cb, &data);
  g_assert_cmpuint (data.n_replies, ==, 0);
  test_spin_until (data.n_replies == 1000);
  g_test_message ("1000 commands in %d us", (int) (g_get_monotonic_time () - start));
  test_peer_close (peer, client);
  g_assert_cmpuint (data.n_replies, ==, 1000);
  g_assert_cmpuint (data.n_events, ==, 1000);
}

/* references */

static void
unref_on_event_cb (QmpClient  *client,
                   QmpEvent   *event,
                   QmpClient **slot)
{
  g_clear_object (slot);
}

/* Dropped in its event handler: gone after it, the peer is hung up on, and later messages harm nobody. */
static void
test_unref_in_event (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT,
                                    PEER_SEND (PEER_EVENT_TEXT ("A") PEER_EVENT_TEXT ("B") PEER_EVENT_TEXT ("C")),
                                    PEER_EXPECT_EOF);
  QmpClient *client = test_peer_open (peer);
  gpointer watch = client;

  g_object_add_weak_pointer (G_OBJECT (client), &watch);
  g_signal_connect (client, "event", G_CALLBACK (unref_on_event_cb), &client);
  test_peer_signal (peer);
  test_spin_until (watch == NULL);
  test_spin_ready ();
  test_peer_finish (peer);
}

static void
unref_in_callback_cb (GObject      *object,
                      GAsyncResult *result,
                      gpointer      user_data)
{
  QmpClient **slot = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = qmp_client_execute_finish (QMP_CLIENT (object), result, &error);

  g_assert_no_error (error);
  g_clear_object (slot);
}

static void
test_unref_in_callback (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("a"), PEER_SEND_FOR (R ("1") PEER_EVENT_TEXT ("B") PEER_EVENT_TEXT ("C")),
                                    PEER_EXPECT_EOF);
  QmpClient *client = test_peer_open (peer);
  gpointer watch = client;

  g_object_add_weak_pointer (G_OBJECT (client), &watch);
  qmp_client_execute_async (client, "a", NULL, NULL, unref_in_callback_cb, &client);
  test_spin_until (watch == NULL);
  test_spin_ready ();
  test_peer_finish (peer);
}

static void
unref_on_closed_cb (QmpClient  *client,
                    GError     *error,
                    QmpClient **slot)
{
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  g_clear_object (slot);
}

static void
test_unref_in_closed (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT, PEER_CLOSE);
  QmpClient *client = test_peer_open (peer);
  gpointer watch = client;

  g_object_add_weak_pointer (G_OBJECT (client), &watch);
  g_signal_connect (client, "closed", G_CALLBACK (unref_on_closed_cb), &client);
  test_peer_signal (peer);
  test_spin_until (watch == NULL);
  test_peer_finish (peer);
}

/* A pending call holds the client; with its reply the last reference goes. */
static void
test_unref_while_pending (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("a"), PEER_EXPECT ("b"), PEER_WAIT, PEER_REPLY ("1"), PEER_REPLY ("2"),
                                    PEER_EXPECT_EOF);
  QmpClient *client = test_peer_open (peer);
  gpointer watch = client;
  g_autoptr (GAsyncResult) first = NULL;
  g_autoptr (GAsyncResult) second = NULL;

  g_object_add_weak_pointer (G_OBJECT (client), &watch);
  qmp_client_execute_async (client, "a", NULL, NULL, test_result_cb, &first);
  qmp_client_execute_async (client, "b", NULL, NULL, test_result_cb, &second);
  g_object_unref (client);
  g_assert_nonnull (watch);
  test_peer_signal (peer);
  test_spin_until (first != NULL && second != NULL);
  g_clear_object (&first);
  g_assert_nonnull (watch);
  g_clear_object (&second);
  test_spin_until (watch == NULL);
  test_peer_finish (peer);
}

/* With nothing pending, the last reference hangs up at once, without a main loop. */
static void
test_unref_hangs_up (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT_EOF);
  QmpClient *client = test_peer_open (peer);

  test_client_free (client);
  test_peer_finish (peer);
}

static void
unref_on_protocol_error_cb (QmpClient  *client,
                            GError     *error,
                            QmpClient **slot)
{
  g_clear_object (slot);
}

static void
test_unref_in_protocol_error (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT,
                                    PEER_SEND ("[]" PEER_EVENT_TEXT ("A")), PEER_EXPECT_EOF);
  QmpClient *client = test_peer_open (peer);
  gpointer watch = client;

  g_object_add_weak_pointer (G_OBJECT (client), &watch);
  g_signal_connect (client, "protocol-error", G_CALLBACK (unref_on_protocol_error_cb), &client);
  test_peer_signal (peer);
  test_spin_until (watch == NULL);
  test_peer_finish (peer);
}

static void
unref_on_idle_cb (QmpClient   *client,
                  GParamSpec  *pspec,
                  QmpClient  **slot)
{
  if (qmp_client_get_runstate (client) == QMP_RUNSTATE_IDLE)
    g_clear_object (slot);
}

static void
test_unref_in_notify (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_CLOSE);
  QmpClient *client = test_peer_open (peer);
  gpointer watch = client;
  g_autoptr (TestLog) log = test_log_new (client);

  g_object_add_weak_pointer (G_OBJECT (client), &watch);
  g_signal_connect (client, "notify::runstate", G_CALLBACK (unref_on_idle_cb), &client);
  test_log_execute_async (log, "a", client, "a", NULL);
  test_spin_until (watch == NULL);
  test_peer_finish (peer);
}

/* Dropped while opening: the open holds it. */
static void
test_unref_while_opening (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_ACCEPT, PEER_TELL, PEER_WAIT, PEER_HANDSHAKE, PEER_EXPECT_EOF);
  QmpClient *client = qmp_client_new (NULL);
  gpointer watch = client;
  g_autoptr (GAsyncResult) result = NULL;

  g_object_add_weak_pointer (G_OBJECT (client), &watch);
  qmp_client_open_async (client, test_peer_get_address (peer), NULL, test_result_cb, &result);
  g_object_unref (client);
  test_spin_until (test_peer_get_told (peer) == 1);
  g_assert_nonnull (watch);
  test_peer_signal (peer);
  test_spin_until (result != NULL);
  g_assert_true (qmp_client_open_finish (watch, result, NULL));
  g_clear_object (&result);
  test_spin_until (watch == NULL);
  test_peer_finish (peer);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/client/events/values", test_event_values);
  g_test_add_func ("/client/events/detail", test_event_detail);
  g_test_add_func ("/client/events/alone", test_event_alone);
  g_test_add_func ("/client/order/of-wire", test_order_of_wire);
  g_test_add_func ("/client/order/chained", test_order_chained);
  g_test_add_func ("/client/order/started-in-event", test_order_started_in_event);
  g_test_add_func ("/client/order/nested-loop", test_order_nested_loop);
  g_test_add_data_func ("/client/order/in-flight/0", GUINT_TO_POINTER (0), test_in_flight);
  g_test_add_data_func ("/client/order/in-flight/1000", GUINT_TO_POINTER (1000), test_in_flight);
  g_test_add_data_func ("/client/order/in-flight/50", GUINT_TO_POINTER (50), test_in_flight);
  g_test_add_func ("/client/unref/in-event", test_unref_in_event);
  g_test_add_func ("/client/unref/in-callback", test_unref_in_callback);
  g_test_add_func ("/client/unref/in-closed", test_unref_in_closed);
  g_test_add_func ("/client/unref/in-protocol-error", test_unref_in_protocol_error);
  g_test_add_func ("/client/unref/in-notify", test_unref_in_notify);
  g_test_add_func ("/client/unref/while-pending", test_unref_while_pending);
  g_test_add_func ("/client/unref/hangs-up", test_unref_hangs_up);
  g_test_add_func ("/client/unref/while-opening", test_unref_while_opening);
  return g_test_run ();
}
