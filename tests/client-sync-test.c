/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gunixsocketaddress.h>

#include "test-peer.h"

/* Blocking forms: without a main loop, inside of a program that has one, mixed with async forms. */

static void
test_no_loop (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX,
                                    PEER_EVENT ("E"), PEER_HANDSHAKE,
                                    PEER_EXPECT ("a"), PEER_EVENT ("F"), PEER_REPLY ("[1]"),
                                    PEER_EXPECT ("b"), PEER_ERROR ("DeviceNotFound", "no"),
                                    PEER_EXPECT ("c"), PEER_REPLY ("{}"), PEER_EXPECT_EOF, PEER_HANDSHAKE);
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (QmpMessage) message = test_message ("{\"execute\": \"b\"}");
  g_autoptr (QmpMessage) raw = test_message ("{\"execute\": \"c\", \"id\": \"me\"}");
  g_autoptr (QmpMessage) reply = NULL;
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *id = NULL;

  g_assert_true (qmp_client_open (client, test_peer_get_address (peer), NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_RUNNING);
  value = qmp_client_execute (client, "a", NULL, NULL, &error);
  g_assert_no_error (error);
  test_assert_json (value, "[1]");
  g_assert_null (qmp_client_execute_message (client, message, NULL, &error));
  g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_DEVICE_NOT_FOUND);
  g_clear_error (&error);
  reply = qmp_client_exchange (client, raw, NULL, &error);
  g_assert_no_error (error);
  id = qmp_message_dup_member_text (reply, "id");
  g_assert_cmpstr (id, ==, "\"me\"");
  g_assert_true (qmp_client_close (client, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_IDLE);
  g_assert_true (qmp_client_close (client, NULL, &error));

  /* And again, still without a main loop; then dropped as it is. */
  g_assert_true (qmp_client_open (client, test_peer_get_address (peer), NULL, &error));
  g_assert_no_error (error);
  g_assert_finalize_object (client);
  test_peer_finish (peer);
}

static void
test_open_stream_blocking (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE);
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (GIOStream) stream = test_peer_steal_stream (peer);
  g_autoptr (GError) error = NULL;

  g_assert_true (qmp_client_open_stream (client, stream, NULL, &error));
  g_assert_no_error (error);
  g_clear_object (&stream);
  g_assert_finalize_object (client);
  test_peer_finish (peer);
}

/* Other work of the program */

static gboolean
count_cb (gpointer user_data)
{
  (*(guint *) user_data)++;
  return G_SOURCE_CONTINUE;
}

static void
count_notify_cb (GObject    *object,
                 GParamSpec *pspec,
                 guint      *count)
{
  (*count)++;
}

/* Nothing of it runs: neither idles and timeouts, nor another client. */
static void
test_other_work (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_WAIT, PEER_REPLY ("1"));
  TestPeer *other_peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("x"), PEER_TELL, PEER_WAIT,
                                          PEER_EVENT ("E"), PEER_REPLY ("2"), PEER_TELL);
  QmpClient *client = test_peer_open (peer);
  QmpClient *other = test_peer_open (other_peer);
  g_autoptr (TestLog) other_log = test_log_new (other);
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;
  guint n_calls = 0, n_notified = 0;
  guint sources[3];

  sources[0] = g_idle_add_full (G_PRIORITY_DEFAULT, count_cb, &n_calls, NULL);
  sources[1] = g_timeout_add (0, count_cb, &n_calls);
  sources[2] = g_idle_add (count_cb, &n_calls);
  test_log_execute_async (other_log, "x", other, "x", NULL);
  test_spin_until (test_peer_get_told (other_peer) == 1);
  /* The other client's event and reply wait in its socket. */
  test_peer_signal (other_peer);
  test_peer_wait_told (other_peer, 2);
  n_calls = 0;

  g_signal_connect (client, "notify", G_CALLBACK (count_notify_cb), &n_notified);
  test_peer_signal (peer);
  value = qmp_client_execute (client, "a", NULL, NULL, &error);
  g_assert_no_error (error);
  test_assert_json (value, "1");
  g_assert_cmpuint (n_calls, ==, 0);
  g_assert_cmpuint (n_notified, ==, 0);
  g_assert_cmpstr (test_log_get (other_log), ==, "");

  test_spin_until (n_calls > 0 && test_log_has (other_log, "x"));
  g_assert_cmpstr (test_log_get (other_log), ==, "E x");
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    g_source_remove (sources[i]);
  test_peer_close (peer, client);
  test_peer_close (other_peer, other);
}

/* mixed with async forms */

static gboolean
send_mixed (TestPeer *peer,
            gpointer  user_data)
{
  g_autofree char *a = test_peer_pop_id (peer);
  g_autofree char *b = test_peer_pop_id (peer);
  g_autofree char *c = test_peer_pop_id (peer);
  g_autofree char *now = test_peer_pop_id (peer);
  g_autofree char *text = NULL;

  text = g_strdup_printf (PEER_EVENT_TEXT ("E") "{\"return\":1,\"id\":%s}" PEER_EVENT_TEXT ("F")
                          "{\"return\":2,\"id\":%s}{\"return\":\"now\",\"id\":%s}" PEER_EVENT_TEXT ("G")
                          "{\"return\":3,\"id\":%s}" PEER_EVENT_TEXT ("H"),
                          a, b, now, c);
  return test_peer_send (peer, text, -1);
}

/* What completes meanwhile is delivered afterwards, from the main loop, in the order of the wire. */
static void
test_mixed (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("a"), PEER_EXPECT ("b"), PEER_EXPECT ("c"), PEER_EXPECT ("now"),
                                    PEER_CALL (send_mixed, NULL));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  test_log_execute_async (log, "a", client, "a", NULL);
  test_log_execute_async (log, "b", client, "b", NULL);
  test_log_execute_async (log, "c", client, "c", NULL);
  value = qmp_client_execute (client, "now", NULL, NULL, &error);
  g_assert_no_error (error);
  test_assert_json (value, "\"now\"");
  g_assert_cmpstr (test_log_get (log), ==, "");
  test_spin_until (test_log_has (log, "H"));
  g_assert_cmpstr (test_log_get (log), ==, "E a F b G c H");
  test_peer_close (peer, client);
}

static void
execute_in_event_cb (QmpClient *client,
                  QmpEvent  *event,
                  TestLog   *log)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = qmp_client_execute (client, "now", NULL, NULL, &error);

  g_assert_no_error (error);
  test_log_add (log, "now");
}

/* A blocking call inside of an event's handler: what comes meanwhile waits until the handler is done. */
static void
test_in_event (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("a"), PEER_SEND (PEER_EVENT_TEXT ("GO") PEER_EVENT_TEXT ("E")),
                                    PEER_EXPECT ("now"), PEER_EVENT ("F"), PEER_REPLY ("1"), PEER_EVENT ("G"),
                                    PEER_REPLY ("2"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);

  g_signal_connect (client, "event::GO", G_CALLBACK (execute_in_event_cb), log);
  test_log_execute_async (log, "a", client, "a", NULL);
  test_spin_until (test_log_has (log, "a") && test_log_has (log, "G"));
  g_assert_cmpstr (test_log_get (log), ==, "GO now E F a G");
  test_peer_close (peer, client);
}

static void
in_callback_cb (GObject      *object,
                GAsyncResult *result,
                gpointer      user_data)
{
  TestLog *log = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = qmp_client_execute_finish (QMP_CLIENT (object), result, &error);
  g_autoptr (JsonNode) now = NULL;

  g_assert_no_error (error);
  test_log_add (log, "first");
  now = qmp_client_execute (QMP_CLIENT (object), "now", NULL, NULL, &error);
  g_assert_no_error (error);
  test_log_add (log, "now");
}

static void
test_in_callback (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("a"), PEER_EXPECT ("b"), PEER_EVENT ("D"), PEER_REPLY ("1"),
                                    PEER_EVENT ("E"), PEER_EXPECT ("now"), PEER_REPLY ("2"), PEER_EVENT ("F"),
                                    PEER_REPLY ("3"), PEER_EVENT ("G"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);

  qmp_client_execute_async (client, "a", NULL, NULL, in_callback_cb, log);
  test_log_execute_async (log, "b", client, "b", NULL);
  test_spin_until (test_log_has (log, "G"));
  g_assert_cmpstr (test_log_get (log), ==, "D first now E b F G");
  test_peer_close (peer, client);
}

/* Many under way, one blocking call behind them all. */
static void
test_behind_many (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_ECHO (1, 0));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 300; i++)
    test_log_execute_async (log, "r", client, "many", NULL);
  value = qmp_client_execute (client, "last", NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (test_member_int (value, "n"), ==, 300);
  g_assert_cmpstr (test_log_get (log), ==, "");
  test_spin_until (test_log_count (log, "r") == 300 && test_log_count (log, "ECHO") == 301);
  g_assert_true (g_str_has_prefix (test_log_get (log), "ECHO r ECHO r ECHO r"));
  g_assert_true (g_str_has_suffix (test_log_get (log), "ECHO r ECHO r ECHO"));
  test_peer_close (peer, client);
}

/* the ends of a blocking call */

static void
test_timeout (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("slow"), PEER_WAIT, PEER_REPLY ("1"),
                                    PEER_EXPECT ("next"), PEER_REPLY ("2"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpMessage) slow = test_message ("{\"execute\": \"slow\"}");
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  qmp_message_set_timeout (slow, 5);
  g_assert_null (qmp_client_execute_message (client, slow, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  test_peer_signal (peer);
  value = qmp_client_execute (client, "next", NULL, NULL, &error);
  g_assert_no_error (error);
  test_assert_json (value, "2");
  test_peer_close (peer, client);
}

/* The deadline of an async call that passes during a blocking call. */
static void
test_timeout_of_another (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("slow"), PEER_EXPECT ("slower"), PEER_WAIT);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpMessage) slower = test_message ("{\"execute\": \"slower\"}");
  g_autoptr (GError) error = NULL;

  qmp_client_set_timeout (client, 1);
  test_log_execute_async (log, "slow", client, "slow", NULL);
  qmp_message_set_timeout (slower, 50);
  g_assert_null (qmp_client_execute_message (client, slower, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpstr (test_log_get (log), ==, "");
  test_spin_until (test_log_has (log, "slow!timed-out"));
  test_peer_signal (peer);
  test_peer_close (peer, client);
}

static gboolean
cancel_from_peer (TestPeer *peer,
                  gpointer  user_data)
{
  g_cancellable_cancel (user_data);
  return TRUE;
}

static void
test_cancel (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("slow"), PEER_CALL (cancel_from_peer, cancellable), PEER_WAIT,
                                    PEER_REPLY ("1"), PEER_EXPECT ("next"), PEER_REPLY ("2"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_null (qmp_client_execute (client, "slow", NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_null (qmp_client_execute (client, "never", NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  test_peer_signal (peer);
  value = qmp_client_execute (client, "next", NULL, NULL, &error);
  g_assert_no_error (error);
  test_assert_json (value, "2");
  test_peer_close (peer, client);
}

/* The same for an async call: GCancellable may be used from any thread. */
static void
test_cancel_async (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("slow"), PEER_CALL (cancel_from_peer, cancellable));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);

  test_log_execute_async (log, "slow", client, "slow", cancellable);
  test_spin_until (test_log_has (log, "slow!cancelled"));
  test_peer_close (peer, client);
}

static void
test_link_ends (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE,
                                    PEER_EXPECT ("a"), PEER_EXPECT ("now"), PEER_EVENT ("E"), PEER_CLOSE,
                                    PEER_HANDSHAKE, PEER_EXPECT ("again"), PEER_REPLY ("{}"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  test_log_execute_async (log, "a", client, "a", NULL);
  g_assert_null (qmp_client_execute (client, "now", NULL, NULL, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
  g_clear_error (&error);
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_IDLE);
  g_assert_cmpstr (test_log_get (log), ==, "");

  /* What is owed comes later, once. */
  test_spin_until (test_log_has (log, "closed(broken-pipe)"));
  test_spin_ready ();
  g_assert_cmpstr (test_log_get (log), ==, "DISCONNECTING IDLE E a!interrupted closed(broken-pipe)");
  g_assert_true (qmp_client_open (client, test_peer_get_address (peer), NULL, &error));
  g_assert_no_error (error);
  value = qmp_client_execute (client, "again", NULL, NULL, &error);
  g_assert_no_error (error);
  test_peer_close (peer, client);
}

/* Open again before the main loop could say that the link had ended. */
static void
test_reopen_before_closed (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_EXPECT ("now"), PEER_CLOSE,
                                    PEER_HANDSHAKE, PEER_EXPECT ("again"), PEER_REPLY ("{}"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  test_log_execute_async (log, "a", client, "a", NULL);
  g_assert_null (qmp_client_execute (client, "now", NULL, NULL, &error));
  g_clear_error (&error);
  g_assert_true (qmp_client_open (client, test_peer_get_address (peer), NULL, &error));
  g_assert_no_error (error);
  value = qmp_client_execute (client, "again", NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_RUNNING);
  test_spin_until (test_log_has (log, "closed(broken-pipe)"));
  test_spin_ready ();
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_RUNNING);
  g_assert_cmpstr (test_log_get (log), ==,
                   "DISCONNECTING IDLE CONNECTING RUNNING a!interrupted closed(broken-pipe)");
  test_peer_close (peer, client);
}

/* Closing with calls under way: they end, their callbacks come later. */
static void
test_close_blocking (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_EXPECT ("b"), PEER_EXPECT_EOF);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (GError) error = NULL;

  test_log_execute_async (log, "a", client, "a", NULL);
  test_log_execute_async (log, "b", client, "b", NULL);
  g_assert_true (qmp_client_close (client, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_IDLE);
  g_assert_cmpstr (test_log_get (log), ==, "");
  test_spin_until (test_log_has (log, "closed"));
  g_assert_cmpstr (test_log_get (log), ==, "DISCONNECTING IDLE a!interrupted b!interrupted closed");
  test_peer_close (peer, client);
}

static void
close_in_event_cb (QmpClient *client,
                   QmpEvent  *event,
                   TestLog   *log)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (qmp_client_close (client, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_IDLE);
  test_log_add (log, "close-done");
}

/* Closing in an event's handler, blocking; events and a reply that had come already come still. */
static void
test_close_in_event (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_EXPECT ("b"),
                                    PEER_SEND_FOR (PEER_EVENT_TEXT ("GO") PEER_EVENT_TEXT ("E") "{\"return\":1,\"id\":@}"),
                                    PEER_EXPECT_EOF);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);

  g_signal_connect (client, "event::GO", G_CALLBACK (close_in_event_cb), log);
  test_log_execute_async (log, "a", client, "a", NULL);
  test_log_execute_async (log, "b", client, "b", NULL);
  test_spin_until (test_log_has (log, "closed"));
  test_spin_ready ();
  g_assert_cmpstr (test_log_get (log), ==, "GO close-done DISCONNECTING IDLE E a b!interrupted closed");
  test_peer_close (peer, client);
}

static void
interrupted_in_event_cb (QmpClient *client,
                         QmpEvent  *event,
                         TestLog   *log)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (qmp_client_execute (client, "now", NULL, NULL, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_IDLE);
  test_log_add (log, "now!");
}

static void
test_link_ends_in_event (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_EVENT ("GO"),
                                    PEER_EXPECT ("now"), PEER_EVENT ("E"), PEER_CLOSE);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);

  g_signal_connect (client, "event::GO", G_CALLBACK (interrupted_in_event_cb), log);
  test_log_execute_async (log, "a", client, "a", NULL);
  test_spin_until (test_log_has (log, "closed(broken-pipe)"));
  test_spin_ready ();
  g_assert_cmpstr (test_log_get (log), ==, "GO now! DISCONNECTING IDLE E a!interrupted closed(broken-pipe)");
  test_peer_close (peer, client);
}

/* Dropped with much still owed to the main loop: all of it is freed. */
static void
test_unref_with_debts (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("now"), PEER_EVENT ("E"),
                                    PEER_SEND ("[] rubbish\n" PEER_GREETING), PEER_TELL, PEER_EXPECT_EOF);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);
  g_autoptr (QmpMessage) now = test_message ("{\"execute\": \"now\"}");
  g_autoptr (GError) error = NULL;

  qmp_message_set_timeout (now, 50);
  g_assert_null (qmp_client_execute_message (client, now, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  qmp_client_add_listener (client, listener);
  while (test_peer_get_told (peer) == 0)
    {
      g_autoptr (QmpEvent) event = qmp_event_listener_next (listener, 10, NULL, NULL);
    }
  g_assert_finalize_object (client);
  test_spin_ready ();
  test_peer_finish (peer);
}

/* Blocking close while an async open is under way. */
static void
test_close_while_opening (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_ACCEPT, PEER_TELL, PEER_EXPECT_EOF);
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  qmp_client_open_async (client, test_peer_get_address (peer), NULL, test_result_cb, &result);
  test_spin_until (test_peer_get_told (peer) == 1);
  g_assert_true (qmp_client_close (client, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_IDLE);
  g_assert_null (result);
  test_spin_until (result != NULL);
  g_assert_false (qmp_client_open_finish (client, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpstr (test_log_get (log), ==, "CONNECTING DISCONNECTING IDLE");
  g_clear_object (&result);
  test_peer_close (peer, client);
}

/* opening */

static void
assert_open_fails (QmpClient          *client,
                   GSocketConnectable *address,
                   GCancellable       *cancellable,
                   GQuark              domain,
                   int                 code)
{
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (GError) error = NULL;

  g_assert_false (qmp_client_open (client, address, cancellable, &error));
  g_assert_error (error, domain, code);
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_IDLE);
  g_assert_cmpstr (test_log_get (log), ==, "");
  test_spin_ready ();
  g_assert_cmpstr (test_log_get (log), ==, "CONNECTING DISCONNECTING IDLE");
}

static void
test_open_fails (void)
{
  g_autoptr (GSocketAddress) absent = g_unix_socket_address_new ("/nonexistent/qmp");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX,
                                    PEER_ACCEPT, PEER_EXPECT_EOF,
                                    PEER_ACCEPT, PEER_CLOSE,
                                    PEER_SEND ("SSH-2.0-OpenSSH_9\r\n"), PEER_CLOSE,
                                    PEER_ACCEPT, PEER_CALL (cancel_from_peer, cancellable), PEER_EXPECT_EOF,
                                    PEER_GREET, PEER_EXPECT ("qmp_capabilities"), PEER_ERROR ("GenericError", "x"),
                                    PEER_EXPECT_EOF, PEER_HANDSHAKE);
  GSocketConnectable *address = test_peer_get_address (peer);
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (GError) error = NULL;

  assert_open_fails (client, G_SOCKET_CONNECTABLE (absent), NULL, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  qmp_client_set_open_timeout (client, 20);
  assert_open_fails (client, address, NULL, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_BUSY);
  qmp_client_set_open_timeout (client, QMP_TIMEOUT_NONE);
  assert_open_fails (client, address, NULL, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  assert_open_fails (client, address, NULL, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_GREETING);
  assert_open_fails (client, address, cancellable, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_open_fails (client, address, NULL, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_NEGOTIATION);
  g_assert_true (qmp_client_open (client, address, NULL, &error));
  g_assert_no_error (error);
  g_assert_finalize_object (client);
  test_peer_finish (peer);
}

/* A client that lives in another context than the default one. */
static void
test_pushed_context (void)
{
  GMainContext *context = g_main_context_new ();
  TestPeer *peer;
  QmpClient *client;
  g_autoptr (TestLog) log = NULL;
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;
  guint n_idles = 0;
  guint idle = g_idle_add_full (G_PRIORITY_HIGH, count_cb, &n_idles, NULL);

  g_main_context_push_thread_default (context);
  peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                          PEER_EXPECT ("a"), PEER_EVENT ("E"), PEER_EXPECT ("now"), PEER_REPLY ("1"), PEER_REPLY ("2"),
                          PEER_EVENT ("F"));
  client = test_peer_open (peer);
  log = test_log_new (client);
  test_log_execute_async (log, "a", client, "a", NULL);
  value = qmp_client_execute (client, "now", NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (test_log_get (log), ==, "");
  test_spin_until (test_log_has (log, "F"));
  g_assert_cmpstr (test_log_get (log), ==, "E a F");
  test_peer_close (peer, client);
  g_main_context_pop_thread_default (context);

  g_assert_cmpuint (n_idles, ==, 0);
  g_source_remove (idle);
  g_main_context_unref (context);
}

/* A client of another thread, which has no main loop. */
static gpointer
thread_func (gpointer user_data)
{
  GMainContext *context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  test_no_loop ();
  g_main_context_pop_thread_default (context);
  g_main_context_unref (context);
  return NULL;
}

static void
test_threads (void)
{
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("user", thread_func, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/client/sync/no-loop", test_no_loop);
  g_test_add_func ("/client/sync/open-stream", test_open_stream_blocking);
  g_test_add_func ("/client/sync/open-fails", test_open_fails);
  g_test_add_func ("/client/sync/other-work", test_other_work);
  g_test_add_func ("/client/sync/mixed", test_mixed);
  g_test_add_func ("/client/sync/in-event", test_in_event);
  g_test_add_func ("/client/sync/in-callback", test_in_callback);
  g_test_add_func ("/client/sync/behind-many", test_behind_many);
  g_test_add_func ("/client/sync/timeout", test_timeout);
  g_test_add_func ("/client/sync/timeout-of-another", test_timeout_of_another);
  g_test_add_func ("/client/sync/cancel", test_cancel);
  g_test_add_func ("/client/sync/link-ends", test_link_ends);
  g_test_add_func ("/client/sync/reopen-before-closed", test_reopen_before_closed);
  g_test_add_func ("/client/sync/close", test_close_blocking);
  g_test_add_func ("/client/sync/cancel-async", test_cancel_async);
  g_test_add_func ("/client/sync/close-in-event", test_close_in_event);
  g_test_add_func ("/client/sync/link-ends-in-event", test_link_ends_in_event);
  g_test_add_func ("/client/sync/unref-with-debts", test_unref_with_debts);
  g_test_add_func ("/client/sync/close-while-opening", test_close_while_opening);
  g_test_add_func ("/client/sync/pushed-context", test_pushed_context);
  g_test_add_func ("/client/sync/threads", test_threads);
  return g_test_run ();
}
