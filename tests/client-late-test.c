/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "test-peer.h"

/* Nobody looks until a time is over, and then more lies in the socket than one read brings: what was waited for came
 * in time. */

#define TIMEOUT_MS 1

/* More than the transport reads in one turn, less than a socket holds. */
#define PADDING 40000

static gboolean
send_padding (TestPeer *peer,
              gpointer  user_data)
{
  g_autofree char *padding = g_strnfill (PADDING, ' ');

  return test_peer_send (peer, padding, -1);
}

#define PEER_PADDING PEER_CALL (send_padding, NULL)

/* It is the time itself that is waited for. */
static void
let_time_pass (TestPeer *peer)
{
  gint64 end;

  test_peer_wait_told (peer, 1);
  end = g_get_monotonic_time () + (TIMEOUT_MS + 1) * 1000;
  while (g_get_monotonic_time () < end)
    g_thread_yield ();
}

/* --- events --- */

static void
test_next_at_once (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT, PEER_EVENT ("OTHER"), PEER_PADDING,
                                    PEER_EVENT ("STOP"), PEER_TELL);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpEventListener) listener = TEST_LISTENER ("STOP");
  g_autoptr (QmpEvent) event = NULL;
  g_autoptr (GError) error = NULL;

  qmp_client_add_listener (client, listener);
  g_assert_null (qmp_event_listener_next (listener, 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  test_peer_signal (peer);
  test_peer_wait_told (peer, 1);
  event = qmp_event_listener_next (listener, 0, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (qmp_event_get_name (event), ==, "STOP");
  test_peer_close (peer, client);
}

/* A cancellable takes another way through the library. */
static void
test_next_cancellable (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT, PEER_PADDING, PEER_EVENT ("STOP"), PEER_TELL);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpEventListener) listener = TEST_LISTENER ("STOP");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (QmpEvent) event = NULL;
  g_autoptr (GError) error = NULL;

  qmp_client_add_listener (client, listener);
  test_peer_signal (peer);
  test_peer_wait_told (peer, 1);
  event = qmp_event_listener_next (listener, 0, cancellable, &error);
  g_assert_no_error (error);
  g_assert_nonnull (event);
  test_peer_close (peer, client);
}

static void
test_next_in_background (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT, PEER_PADDING, PEER_EVENT ("STOP"), PEER_TELL);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpEventListener) listener = TEST_LISTENER ("STOP");
  g_autoptr (TestLog) log = test_log_new (client);

  qmp_client_add_listener (client, listener);
  qmp_event_listener_next_async (listener, TIMEOUT_MS, NULL, test_log_next_cb, log);
  test_peer_signal (peer);
  let_time_pass (peer);
  test_spin_until (test_log_get (log)[0] != '\0' && !g_str_equal (test_log_get (log), "STOP"));
  g_assert_cmpstr (test_log_get (log), ==, "STOP next(STOP)");
  test_peer_close (peer, client);
}

/* --- calls --- */

static void
test_call_in_background (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_PADDING, PEER_REPLY ("5"),
                                    PEER_TELL);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (GAsyncResult) result = NULL;

  qmp_client_set_timeout (client, TIMEOUT_MS);
  qmp_client_execute_async (client, "a", NULL, NULL, test_result_cb, &result);
  /* It is out with this, and nothing of the reply is read. */
  g_main_context_prepare (NULL, NULL);
  let_time_pass (peer);
  test_spin_until (result != NULL);
  test_assert_value (client, result, "5");
  g_clear_object (&result);
  test_peer_close (peer, client);
}

static void
test_wait_in_background (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("stop"), PEER_REPLY ("{}"), PEER_PADDING,
                                    PEER_EVENT ("STOP"), PEER_TELL);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpEventMatch) match = TEST_MATCH ("STOP");
  g_autoptr (QmpMessage) command = test_message ("{\"execute\": \"stop\"}");
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (QmpEvent) event = NULL;
  g_autoptr (GError) error = NULL;

  qmp_message_set_timeout (command, TIMEOUT_MS);
  qmp_client_execute_and_wait_async (client, command, match, NULL, test_result_cb, &result);
  g_main_context_prepare (NULL, NULL);
  let_time_pass (peer);
  test_spin_until (result != NULL);
  event = qmp_client_execute_and_wait_finish (client, result, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (qmp_event_get_name (event), ==, "STOP");
  g_clear_object (&result);
  test_peer_close (peer, client);
}

/* --- opening --- */

static void
test_open_in_background (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_PADDING, PEER_GREET, PEER_TELL);
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (GIOStream) stream = test_peer_steal_stream (peer);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  qmp_client_set_negotiate (client, FALSE);
  qmp_client_set_open_timeout (client, TIMEOUT_MS);
  qmp_client_open_stream_async (client, stream, NULL, test_result_cb, &result);
  let_time_pass (peer);
  test_spin_until (result != NULL);
  g_assert_true (qmp_client_open_stream_finish (client, result, &error));
  g_assert_no_error (error);
  g_clear_object (&result);
  test_peer_close (peer, client);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/client/late/next/at-once", test_next_at_once);
  g_test_add_func ("/client/late/next/cancellable", test_next_cancellable);
  g_test_add_func ("/client/late/next/in-background", test_next_in_background);
  g_test_add_func ("/client/late/call", test_call_in_background);
  g_test_add_func ("/client/late/wait", test_wait_in_background);
  g_test_add_func ("/client/late/open", test_open_in_background);
  return g_test_run ();
}
