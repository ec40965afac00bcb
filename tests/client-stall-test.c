/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <string.h>

#include "client/qmp-client-private.h"
#include "test-peer.h"
#include "test-server.h"

/* Telling that a server does not answer. Where a command must be known to be too old, or not to be, its time of
 * issue is changed: no test depends on how fast it runs. */

#define LONG_TIME (3600 * 1000)

static void
log_stalled_cb (QmpClient  *client,
                GParamSpec *pspec,
                TestLog    *log)
{
  test_log_add (log, "%s", qmp_client_get_stalled (client) ? "stalled" : "fine");
}

static TestLog *
log_new (QmpClient *client)
{
  TestLog *log = test_log_new (client);

  g_signal_connect (client, "notify::stalled", G_CALLBACK (log_stalled_cb), log);
  return log;
}

static void
finish (TestPeer  *peer,
        QmpClient *client,
        TestLog   *log)
{
  g_signal_handlers_disconnect_by_func (client, log_stalled_cb, log);
  test_log_free (log);
  test_peer_close (peer, client);
}

/* Makes all that wait now old enough, and has the client look. */
static void
age (QmpClient *client)
{
  QmpCall *oldest = qmp_calls_get_oldest (client->calls);

  for (GList *l = &oldest->watched_link; l != NULL; l = l->next)
    ((QmpCall *) l->data)->issued -= 2 * LONG_TIME * (gint64) 1000;
  qmp_client_watch_deadline (client, 1);
}

/* By the clock: nothing else wakes the loop. */
static void
test_on_and_off (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("a"), PEER_WAIT, PEER_REPLY ("1"),
                                    PEER_EXPECT ("b"), PEER_WAIT, PEER_REPLY ("2"));
  QmpClient *client = test_peer_open (peer);
  TestLog *log = log_new (client);

  qmp_client_set_stall_time (client, 1);
  g_assert_cmpuint (qmp_client_get_n_pending (client), ==, 0);
  g_assert_cmpint (qmp_client_get_oldest_wait (client), ==, -1);
  test_log_execute_async (log, "a", client, "a", NULL);
  g_assert_cmpuint (qmp_client_get_n_pending (client), ==, 1);
  test_spin_until (qmp_client_get_stalled (client));
  g_assert_cmpint (qmp_client_get_oldest_wait (client), >=, 1);
  test_peer_signal (peer);
  test_spin_until (test_log_has (log, "a"));
  g_assert_cmpuint (qmp_client_get_n_pending (client), ==, 0);
  g_assert_cmpint (qmp_client_get_oldest_wait (client), ==, -1);

  test_log_execute_async (log, "b", client, "b", NULL);
  test_spin_until (qmp_client_get_stalled (client));
  test_peer_signal (peer);
  test_spin_until (test_log_has (log, "b"));
  g_assert_cmpstr (test_log_get (log), ==, "stalled fine a stalled fine b");
  finish (peer, client, log);
}

/* As long as one of them is too old. */
static void
test_several (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("a"), PEER_EXPECT ("b"), PEER_EXPECT ("young"), PEER_WAIT,
                                    PEER_REPLY ("1"), PEER_WAIT, PEER_REPLY ("2"), PEER_WAIT, PEER_REPLY ("3"));
  QmpClient *client = test_peer_open (peer);
  TestLog *log = log_new (client);

  qmp_client_set_stall_time (client, LONG_TIME);
  test_log_execute_async (log, "a", client, "a", NULL);
  test_log_execute_async (log, "b", client, "b", NULL);
  test_spin_ready ();
  g_assert_false (qmp_client_get_stalled (client));
  age (client);
  test_spin_until (qmp_client_get_stalled (client));
  test_log_execute_async (log, "young", client, "young", NULL);
  g_assert_cmpuint (qmp_client_get_n_pending (client), ==, 3);
  test_peer_signal (peer);
  test_spin_until (test_log_has (log, "a"));
  test_spin_ready ();
  g_assert_true (qmp_client_get_stalled (client));
  test_peer_signal (peer);
  test_spin_until (test_log_has (log, "b"));
  g_assert_false (qmp_client_get_stalled (client));

  /* The one that is left is watched, too. */
  g_assert_true (qmp_io_timer_is_set (&client->deadline));
  g_assert_cmpint (client->deadline.deadline.time, <=,
                   qmp_calls_get_oldest (client->calls)->issued + LONG_TIME * (gint64) 1000);
  age (client);
  test_spin_until (qmp_client_get_stalled (client));
  test_peer_signal (peer);
  test_spin_until (test_log_has (log, "young"));
  g_assert_cmpstr (test_log_get (log), ==, "stalled a fine b stalled fine young");
  finish (peer, client, log);
}

static void
test_cancelled (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("a"), PEER_DRAIN);
  QmpClient *client = test_peer_open (peer);
  TestLog *log = log_new (client);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  qmp_client_set_stall_time (client, 1);
  test_log_execute_async (log, "a", client, "a", cancellable);
  test_spin_until (qmp_client_get_stalled (client));
  g_cancellable_cancel (cancellable);
  test_spin_until (test_log_has (log, "a!cancelled"));
  /* What waits for the late reply only does not count. */
  g_assert_cmpuint (qmp_client_get_n_pending (client), ==, 0);
  test_spin_ready ();
  g_assert_cmpstr (test_log_get (log), ==, "stalled fine a!cancelled");
  finish (peer, client, log);
}

/* Both clocks run: the one that is over first does not stop the other. */
static void
test_timed_out (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("a"), PEER_EXPECT ("b"), PEER_DRAIN);
  QmpClient *client = test_peer_open (peer);
  TestLog *log = log_new (client);

  qmp_client_set_stall_time (client, LONG_TIME);
  qmp_client_set_timeout (client, 1);
  test_log_execute_async (log, "a", client, "a", NULL);
  test_spin_until (test_log_has (log, "a!timed-out"));
  g_assert_cmpstr (test_log_get (log), ==, "a!timed-out");

  qmp_client_set_timeout (client, LONG_TIME);
  test_log_execute_async (log, "b", client, "b", NULL);
  age (client);
  test_spin_until (qmp_client_get_stalled (client));
  g_assert_cmpuint (qmp_client_get_n_pending (client), ==, 1);
  qmp_calls_get_oldest (client->calls)->deadline.time = 1;
  qmp_client_watch_deadline (client, 1);
  test_spin_until (test_log_has (log, "b!timed-out"));
  g_assert_cmpstr (test_log_get (log), ==, "a!timed-out stalled fine b!timed-out");
  finish (peer, client, log);
}

static void
test_link_ended (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("a"), PEER_WAIT, PEER_CLOSE);
  QmpClient *client = test_peer_open (peer);
  TestLog *log = log_new (client);

  qmp_client_set_stall_time (client, 1);
  test_log_execute_async (log, "a", client, "a", NULL);
  test_spin_until (qmp_client_get_stalled (client));
  test_peer_signal (peer);
  test_spin_until (qmp_client_get_runstate (client) == QMP_RUNSTATE_IDLE);
  test_spin_ready ();
  g_assert_true (g_str_has_prefix (test_log_get (log), "stalled fine DISCONNECTING a!"));
  g_assert_cmpuint (qmp_client_get_n_pending (client), ==, 0);
  finish (peer, client, log);
}

static void
test_closed (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_DRAIN);
  QmpClient *client = test_peer_open (peer);
  TestLog *log = log_new (client);

  qmp_client_set_stall_time (client, 1);
  test_log_execute_async (log, "a", client, "a", NULL);
  test_spin_until (qmp_client_get_stalled (client));
  g_assert_true (qmp_client_close (client, NULL, NULL));
  test_spin_until (!qmp_client_get_stalled (client));
  test_spin_until (test_log_has (log, "closed"));
  g_assert_cmpuint (test_log_count (log, "fine"), ==, 1);
  finish (peer, client, log);
}

/* Turned on and off while a command waits. */
static void
test_turned (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("a"), PEER_EXPECT ("b"), PEER_WAIT,
                                    PEER_REPLY ("1"), PEER_REPLY ("2"));
  QmpClient *client = test_peer_open (peer);
  TestLog *log = log_new (client);
  guint n_notified = 0;

  g_signal_connect_swapped (client, "notify::stall-time", G_CALLBACK (g_atomic_int_inc), &n_notified);
  g_assert_cmpint (qmp_client_get_stall_time (client), ==, QMP_TIMEOUT_NONE);
  test_log_execute_async (log, "a", client, "a", NULL);
  /* Off, it costs nothing: neither a clock is read nor is one set. */
  g_assert_cmpint (qmp_calls_get_oldest (client->calls)->issued, ==, 0);
  g_assert_false (qmp_io_timer_is_set (&client->deadline));
  g_assert_cmpint (qmp_client_get_oldest_wait (client), ==, -1);

  /* From now on, not from 1970 on. */
  qmp_client_set_stall_time (client, LONG_TIME);
  g_assert_false (qmp_client_get_stalled (client));
  g_assert_cmpint (qmp_calls_get_oldest (client->calls)->issued, !=, 0);
  qmp_client_set_stall_time (client, 1);
  test_spin_until (qmp_client_get_stalled (client));
  qmp_client_set_stall_time (client, QMP_TIMEOUT_NONE);
  g_assert_false (qmp_client_get_stalled (client));
  test_log_execute_async (log, "b", client, "b", NULL);
  g_object_set (client, "stall-time", 1, NULL);
  test_spin_until (qmp_client_get_stalled (client));
  qmp_client_set_stall_time (client, 1);
  g_assert_cmpuint (n_notified, ==, 4);
  test_peer_signal (peer);
  test_spin_until (test_log_has (log, "b"));
  /* Whether b has waited long enough when a ends is a matter of luck. */
  g_assert_true (g_str_has_prefix (test_log_get (log), "stalled fine stalled "));
  g_assert_false (qmp_client_get_stalled (client));
  finish (peer, client, log);
}

/* Nobody is told within a blocking call, and afterwards they are. */
static void
test_blocking (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("a"), PEER_EXPECT ("b"), PEER_REPLY ("1"), PEER_REPLY ("2"),
                                    PEER_EXPECT ("c"), PEER_REPLY ("3"));
  QmpClient *client = test_peer_open (peer);
  TestLog *log = log_new (client);
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (JsonNode) other = NULL;
  g_autoptr (GError) error = NULL;

  qmp_client_set_stall_time (client, LONG_TIME);
  test_log_execute_async (log, "a", client, "a", NULL);
  age (client);
  test_spin_until (qmp_client_get_stalled (client));
  value = qmp_client_execute (client, "b", NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (test_log_get (log), ==, "stalled");
  test_spin_until (test_log_has (log, "a"));
  g_assert_cmpstr (test_log_get (log), ==, "stalled fine a");

  /* Blocking calls alone. */
  other = qmp_client_execute (client, "c", NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (qmp_client_get_n_pending (client), ==, 0);
  test_spin_ready ();
  g_assert_cmpstr (test_log_get (log), ==, "stalled fine a");
  finish (peer, client, log);
}

/* The reply to a command whose event is still waited for wakes nobody else. */
static void
test_blocking_meanwhile (void)
{
  static const char * const names[] = { "X", NULL };
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("a"), PEER_EXPECT ("b"), PEER_REPLY ("1"), PEER_REPLY ("2"),
                                    PEER_WAIT, PEER_EVENT ("X"));
  QmpClient *client = test_peer_open (peer);
  TestLog *log = log_new (client);
  g_autoptr (QmpMessage) command = test_message ("{\"execute\": \"a\"}");
  g_autoptr (QmpEventMatch) match = qmp_event_match_new (names);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (QmpEvent) event = NULL;
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  qmp_client_set_stall_time (client, LONG_TIME);
  qmp_client_execute_and_wait_async (client, command, match, NULL, test_result_cb, &result);
  age (client);
  test_spin_until (qmp_client_get_stalled (client));
  value = qmp_client_execute (client, "b", NULL, NULL, &error);
  g_assert_no_error (error);
  test_spin_until (!qmp_client_get_stalled (client));
  g_assert_null (result);
  test_peer_signal (peer);
  test_spin_until (result != NULL);
  event = qmp_client_execute_and_wait_finish (client, result, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (test_log_get (log), ==, "stalled fine X");
  g_clear_object (&result);
  finish (peer, client, log);
}

static void
unref_cb (QmpClient  *client,
          GParamSpec *pspec,
          QmpClient **slot)
{
  g_clear_object (slot);
}

/* The notification may take the last reference of the program's. */
static void
test_unref_inside (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_WAIT, PEER_REPLY ("1"));
  QmpClient *client = test_peer_open (peer);
  QmpClient *weak = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  g_set_weak_pointer (&weak, client);
  g_signal_connect (client, "notify::stalled", G_CALLBACK (unref_cb), &client);
  qmp_client_set_stall_time (client, 1);
  qmp_client_execute_async (client, "a", NULL, NULL, test_result_cb, &result);
  test_spin_until (client == NULL);
  test_peer_signal (peer);
  test_spin_until (result != NULL);
  g_clear_object (&result);
  test_spin_ready ();
  g_assert_null (weak);
  test_peer_finish (peer);
}

/* A machine that was stopped answers late, and answers everything. */
static void
test_stopped_server (void)
{
  g_autoptr (TestServer) server = test_server_new (TEST_SERVER_QEMU);
  QmpClient *client = test_server_open (server);
  TestLog *log = log_new (client);
  g_autoptr (QmpMessage) command = test_message ("{\"execute\": \"query-name\"}");
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  qmp_client_set_stall_time (client, 1);
  g_assert_cmpint (kill (test_server_get_pid (server), SIGSTOP), ==, 0);
  test_log_execute_async (log, "status", client, "query-status", NULL);
  test_log_execute_async (log, "version", client, "query-version", NULL);
  test_spin_until (qmp_client_get_stalled (client));
  qmp_message_set_timeout (command, 1);
  g_assert_null (qmp_client_execute_message (client, command, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  g_assert_true (qmp_client_get_stalled (client));
  g_assert_cmpuint (qmp_client_get_n_pending (client), ==, 2);
  g_assert_cmpstr (test_log_get (log), ==, "stalled");

  g_assert_cmpint (kill (test_server_get_pid (server), SIGCONT), ==, 0);
  test_spin_until (test_log_has (log, "version"));
  test_spin_until (!qmp_client_get_stalled (client));
  g_assert_true (g_str_has_suffix (test_log_get (log), " version"));
  g_assert_cmpuint (test_log_count (log, "status"), ==, 1);

  /* The late reply is nobody's. */
  qmp_client_set_stall_time (client, QMP_TIMEOUT_NONE);
  value = test_execute (client, "query-status", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (json_object_get_string_member (json_node_get_object (value), "status"), ==, "prelaunch");
  g_signal_handlers_disconnect_by_func (client, log_stalled_cb, log);
  test_log_free (log);
  g_assert_true (test_close (client, &error));
  test_client_free (client);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/client/stall/on-and-off", test_on_and_off);
  g_test_add_func ("/client/stall/several", test_several);
  g_test_add_func ("/client/stall/cancelled", test_cancelled);
  g_test_add_func ("/client/stall/timed-out", test_timed_out);
  g_test_add_func ("/client/stall/link-ended", test_link_ended);
  g_test_add_func ("/client/stall/closed", test_closed);
  g_test_add_func ("/client/stall/turned", test_turned);
  g_test_add_func ("/client/stall/blocking", test_blocking);
  g_test_add_func ("/client/stall/blocking/meanwhile", test_blocking_meanwhile);
  g_test_add_func ("/client/stall/unref-inside", test_unref_inside);
  g_test_add_func ("/client/stall/stopped-server", test_stopped_server);
  return g_test_run ();
}
