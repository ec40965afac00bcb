/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <unistd.h>

#include "test-listening.h"
#include "test-peer.h"

/* Who is at the other side; waiting for the end; listening on a name. */

static void
test_address (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, PEER_CLOSE, PEER_HANDSHAKE);
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (GSocketConnectable) address = g_object_ref (test_peer_get_address (peer));
  g_autoptr (GSocketConnectable) property = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_null (qmp_client_get_address (client));
  g_assert_true (test_open (client, address, &error));
  g_assert_true (qmp_client_get_address (client) == address);
  g_object_get (client, "address", &property, NULL);
  g_assert_true (property == address);

  /* It stays, to open the client again. */
  g_assert_false (qmp_client_wait_closed (client, NULL, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_true (test_open (client, qmp_client_get_address (client), &error));
  g_assert_no_error (error);
  test_peer_close (peer, client);
}

static void
test_no_address (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE);
  QmpClient *client = test_peer_open (peer);

  g_assert_null (qmp_client_get_address (client));
  test_peer_close (peer, client);
}

static void
test_credentials (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (GError) error = NULL;
  g_autoptr (GCredentials) credentials = qmp_client_ref_peer_credentials (client, &error);

  g_assert_no_error (error);
  g_assert_cmpint (g_credentials_get_unix_pid (credentials, NULL), ==, getpid ());
  g_assert_cmpint (g_credentials_get_unix_user (credentials, NULL), ==, getuid ());
  g_assert_true (test_close (client, &error));
  g_assert_null (qmp_client_ref_peer_credentials (client, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  test_client_free (client);
  test_peer_finish (peer);
}

static void
test_no_credentials (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_TCP, PEER_HANDSHAKE);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (GError) error = NULL;

  g_assert_null (qmp_client_ref_peer_credentials (client, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  test_peer_close (peer, client);
}

/* --- waiting for the end --- */

static void
test_wait_blocking (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EVENT ("A"), PEER_CLOSE);
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (QmpEventListener) listener = qmp_client_subscribe (client, NULL);
  g_autoptr (GIOStream) stream = test_peer_steal_stream (peer);
  g_autoptr (GError) error = NULL;

  g_assert_true (qmp_client_wait_closed (client, NULL, &error));
  g_assert_true (test_open_stream (client, stream, &error));
  g_assert_false (qmp_client_wait_closed (client, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_IDLE);
  /* What came before the end is there. */
  test_assert_drain (listener, "A");
  test_client_free (client);
  test_peer_finish (peer);
}

static gpointer
cancel_soon (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  g_object_unref (cancellable);
  return NULL;
}

static void
test_wait_cancelled (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_REPLY ("7"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GThread *thread = g_thread_new ("cancel", cancel_soon, g_object_ref (cancellable));
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_false (qmp_client_wait_closed (client, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_thread_join (thread);
  /* The link goes on. */
  value = test_execute (client, "a", &error);
  g_assert_no_error (error);
  test_peer_close (peer, client);
}

static gboolean
wait_in_background (QmpClient    *client,
                    GCancellable *cancellable,
                    GError      **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  qmp_client_wait_closed_async (client, cancellable, test_result_cb, &result);
  test_spin_until (result != NULL);
  return qmp_client_wait_closed_finish (client, result, error);
}

static void
test_wait_async (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT, PEER_CLOSE);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_false (wait_in_background (client, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  test_peer_signal (peer);
  g_assert_false (wait_in_background (client, NULL, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_true (wait_in_background (client, NULL, &error));
  g_assert_no_error (error);
  test_client_free (client);
  test_peer_finish (peer);
}

/* By the client itself: no error. */
static void
test_wait_close (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  qmp_client_wait_closed_async (client, NULL, test_result_cb, &result);
  g_assert_true (test_close (client, &error));
  test_spin_until (result != NULL);
  g_assert_true (qmp_client_wait_closed_finish (client, result, &error));
  g_assert_no_error (error);
  g_clear_object (&result);
  test_client_free (client);
  test_peer_finish (peer);
}

/* --- listening --- */

static gboolean
listen_in_background (QmpClient           *client,
                      GSocketConnectable  *address,
                      GCancellable        *cancellable,
                      GError             **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  qmp_client_listen_async (client, address, cancellable, test_result_cb, &result);
  g_assert_null (result);
  test_spin_until (result != NULL);
  return qmp_client_listen_finish (client, result, error);
}

static void
test_listen_async (void)
{
  g_autoptr (GSocketConnectable) name = g_network_address_new ("localhost", 0);
  g_autoptr (GSocketConnectable) nowhere = g_network_address_new ("name.invalid", 0);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  TestListening fixture;

  test_listening_init (&fixture);
  g_cancellable_cancel (cancellable);
  g_assert_false (listen_in_background (fixture.client, name, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_false (qmp_client_listen (fixture.client, name, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_false (listen_in_background (fixture.client, nowhere, NULL, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_cmpint (qmp_client_get_runstate (fixture.client), ==, QMP_RUNSTATE_IDLE);

  g_assert_true (listen_in_background (fixture.client, name, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (qmp_client_get_runstate (fixture.client), ==, QMP_RUNSTATE_CONNECTING);
  g_assert_true (G_IS_INET_SOCKET_ADDRESS (qmp_client_get_listen_address (fixture.client)));
  g_assert_false (listen_in_background (fixture.client, name, NULL, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  g_assert_true (test_close (fixture.client, NULL));
  test_listening_clear (&fixture);
}

static void
test_listen_path_async (void)
{
  g_autoptr (GError) error = NULL;
  TestListening fixture;

  test_listening_init (&fixture);
  g_assert_true (listen_in_background (fixture.client, G_SOCKET_CONNECTABLE (fixture.address), NULL, &error));
  g_assert_no_error (error);
  g_assert_true (test_file_exists (fixture.path));
  g_assert_true (test_close (fixture.client, NULL));
  test_listening_clear (&fixture);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/client-peer/address", test_address);
  g_test_add_func ("/client-peer/address/none", test_no_address);
  g_test_add_func ("/client-peer/credentials", test_credentials);
  g_test_add_func ("/client-peer/credentials/none", test_no_credentials);
  g_test_add_func ("/client-peer/wait-closed/blocking", test_wait_blocking);
  g_test_add_func ("/client-peer/wait-closed/cancelled", test_wait_cancelled);
  g_test_add_func ("/client-peer/wait-closed/async", test_wait_async);
  g_test_add_func ("/client-peer/wait-closed/close", test_wait_close);
  g_test_add_func ("/client-peer/listen/async", test_listen_async);
  g_test_add_func ("/client-peer/listen/async/path", test_listen_path_async);

  return g_test_run ();
}
