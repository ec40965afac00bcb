/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "test-listening.h"
#include "test-peer.h"

/* Servers that connect to the client: accepting, further peers, the end. */

static void
end_badly (TestListening *self,
           GQuark         domain,
           int            code)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (test_accept_end (self, &error));
  g_assert_error (error, domain, code);
  g_test_message ("%s", error->message);
}

static void
accept_badly (TestListening *self,
              GQuark         domain,
              int            code)
{
  test_accept_begin (self);
  end_badly (self, domain, code);
}

/* accepting */

static void
test_accept (void)
{
  TestListening fixture;
  TestPeer *peer;
  g_autoptr (GError) error = NULL;

  test_listening_begin (&fixture);
  test_listening_assert_log (&fixture, "CONNECTING");
  g_assert_true (test_file_exists (fixture.path));
  test_accept_begin (&fixture);
  test_spin_ready ();
  g_assert_null (fixture.result);
  peer = test_peer_start_connecting (fixture.address, PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_REPLY ("{}"));
  g_assert_true (test_accept_end (&fixture, &error));
  g_assert_no_error (error);
  g_assert_nonnull (qmp_client_get_greeting (fixture.client));
  test_execute_well (&fixture, "a");
  test_listening_assert_log (&fixture, "CONNECTING RUNNING");

  g_assert_true (test_close (fixture.client, &error));
  g_assert_false (test_file_exists (fixture.path));
  g_assert_null (qmp_client_get_listen_address (fixture.client));
  test_listening_assert_log (&fixture, "CONNECTING RUNNING DISCONNECTING IDLE closed");
  test_peer_finish (peer);
  test_listening_clear (&fixture);
}

/* A server that comes before accept is called waits. */
static void
test_peer_first (void)
{
  TestListening fixture;
  TestPeer *peer;

  test_listening_begin (&fixture);
  peer = test_peer_start_connecting (fixture.address, PEER_GREET, PEER_TELL, PEER_NEGOTIATE,
                                     PEER_EXPECT ("a"), PEER_REPLY ("{}"));
  test_spin_until (test_peer_get_told (peer) == 1);
  test_spin_ready ();
  test_listening_assert_log (&fixture, "CONNECTING");
  test_accept_well (&fixture);
  test_execute_well (&fixture, "a");
  test_listening_clear (&fixture);
  test_peer_finish (peer);
}

/* The server that reconnects by itself. Its going and its coming are found by the same iteration. */
static void
test_accept_again (void)
{
  TestListening fixture;
  TestPeer *peer;

  test_listening_begin (&fixture);
  peer = test_peer_start_connecting (fixture.address, PEER_HANDSHAKE, PEER_WAIT, PEER_CLOSE, PEER_GREET, PEER_TELL,
                                     PEER_NEGOTIATE, PEER_EXPECT ("a"), PEER_REPLY ("{}"));
  test_accept_well (&fixture);
  test_spin_ready ();
  test_peer_signal (peer);
  test_peer_wait_told (peer, 1);
  test_spin_until (test_log_has (fixture.log, "closed(broken-pipe)"));
  test_spin_ready ();
  g_assert_nonnull (qmp_client_get_listen_address (fixture.client));
  test_accept_well (&fixture);
  test_execute_well (&fixture, "a");
  test_listening_assert_log (&fixture, "CONNECTING RUNNING DISCONNECTING IDLE closed(broken-pipe) CONNECTING RUNNING");
  test_listening_clear (&fixture);
  test_peer_finish (peer);
}

static void
accept_on_closed_cb (QmpClient     *client,
                     GError        *error,
                     TestListening *fixture)
{
  test_accept_begin (fixture);
}

static void
test_accept_in_closed (void)
{
  TestListening fixture;
  TestPeer *peer;
  gulong handler;
  g_autoptr (GError) error = NULL;

  test_listening_begin (&fixture);
  handler = g_signal_connect (fixture.client, "closed", G_CALLBACK (accept_on_closed_cb), &fixture);
  peer = test_peer_start_connecting (fixture.address, PEER_HANDSHAKE, PEER_WAIT, PEER_CLOSE, PEER_HANDSHAKE);
  test_accept_well (&fixture);
  test_peer_signal (peer);
  g_assert_true (test_accept_end (&fixture, &error));
  test_listening_assert_log (&fixture, "CONNECTING RUNNING DISCONNECTING IDLE closed(broken-pipe) CONNECTING RUNNING");
  g_signal_handler_disconnect (fixture.client, handler);
  test_listening_clear (&fixture);
  test_peer_finish (peer);
}

/* accepting that fails */

static void
test_handshake_fails (void)
{
  TestListening fixture;
  TestPeer *peer;

  test_listening_begin (&fixture);
  peer = test_peer_start_connecting (fixture.address, PEER_SEND ("220 mail.example.org ESMTP\r\n"), PEER_CLOSE,
                                     PEER_CONNECT, PEER_TELL,
                                     PEER_GREET, PEER_EXPECT ("qmp_capabilities"), PEER_ERROR ("GenericError", "no"),
                                     PEER_EXPECT_EOF, PEER_HANDSHAKE);
  accept_badly (&fixture, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_GREETING);
  test_listening_assert_log (&fixture, "CONNECTING DISCONNECTING IDLE");
  /* Who comes between two accepts waits for the second. */
  test_peer_wait_told (peer, 1);
  test_spin_ready ();
  accept_badly (&fixture, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_NEGOTIATION);
  test_accept_well (&fixture);
  test_listening_assert_log (&fixture, "CONNECTING DISCONNECTING IDLE CONNECTING DISCONNECTING IDLE "
                                       "CONNECTING RUNNING");
  test_listening_clear (&fixture);
  test_peer_finish (peer);
}

/* No matter how long nobody came, the server has all of open-timeout. */
static void
test_timeouts (void)
{
  TestListening fixture;
  TestPeer *peer;
  g_autoptr (GError) error = NULL;

  test_listening_begin (&fixture);
  g_assert_cmpint (qmp_client_get_accept_timeout (fixture.client), ==, QMP_TIMEOUT_NONE);
  qmp_client_set_accept_timeout (fixture.client, 30);
  qmp_client_set_open_timeout (fixture.client, 1);
  test_accept_begin (&fixture);
  g_assert_false (test_accept_end (&fixture, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  test_assert_error_has (error, "No server connected");
  test_listening_assert_log (&fixture, "CONNECTING");

  qmp_client_set_accept_timeout (fixture.client, QMP_TIMEOUT_NONE);
  qmp_client_set_open_timeout (fixture.client, 20);
  peer = test_peer_start_connecting (fixture.address, PEER_CONNECT, PEER_TELL, PEER_EXPECT_EOF,
                                     PEER_CONNECT, PEER_TELL, PEER_EXPECT_EOF);
  accept_badly (&fixture, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_BUSY);
  test_listening_assert_log (&fixture, "CONNECTING DISCONNECTING IDLE");

  /* The other way round: with a server there, accept-timeout is over and done with. */
  qmp_client_set_accept_timeout (fixture.client, 1);
  test_peer_wait_told (peer, 2);
  accept_badly (&fixture, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_BUSY);
  test_listening_clear (&fixture);
  test_peer_finish (peer);
}

/* Out of time or cancelled with nobody there: as if it had never been called. */
static void
test_cancel_alone (gconstpointer data)
{
  gboolean before = GPOINTER_TO_INT (data);
  TestListening fixture;
  TestPeer *peer;

  test_listening_begin (&fixture);
  if (before)
    g_cancellable_cancel (fixture.cancellable);
  test_accept_begin (&fixture);
  test_spin_ready ();
  g_cancellable_cancel (fixture.cancellable);
  end_badly (&fixture, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_listening_assert_log (&fixture, "CONNECTING");

  g_cancellable_reset (fixture.cancellable);
  peer = test_peer_start_connecting (fixture.address, PEER_HANDSHAKE);
  test_accept_well (&fixture);
  test_listening_assert_log (&fixture, "CONNECTING RUNNING");
  test_listening_clear (&fixture);
  test_peer_finish (peer);
}

static void
test_cancel_handshake (void)
{
  TestListening fixture;
  TestPeer *peer;

  test_listening_begin (&fixture);
  peer = test_peer_start_connecting (fixture.address, PEER_GREET, PEER_EXPECT ("qmp_capabilities"), PEER_TELL,
                                     PEER_EXPECT_EOF, PEER_HANDSHAKE);
  test_accept_begin (&fixture);
  test_spin_until (test_peer_get_told (peer) == 1);
  g_cancellable_cancel (fixture.cancellable);
  end_badly (&fixture, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_listening_assert_log (&fixture, "CONNECTING DISCONNECTING IDLE");
  g_cancellable_reset (fixture.cancellable);
  test_accept_well (&fixture);
  test_listening_clear (&fixture);
  test_peer_finish (peer);
}

/* After an earlier link, an accept that nobody answers leaves the client waiting for a server. */
static void
test_cancel_again (void)
{
  TestListening fixture;
  TestPeer *peer;

  test_listening_begin (&fixture);
  peer = test_peer_start_connecting (fixture.address, PEER_HANDSHAKE, PEER_CLOSE, PEER_WAIT, PEER_HANDSHAKE);
  test_accept_well (&fixture);
  test_spin_until (test_log_has (fixture.log, "closed(broken-pipe)"));
  test_log_clear (fixture.log);
  test_accept_begin (&fixture);
  g_cancellable_cancel (fixture.cancellable);
  end_badly (&fixture, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_listening_assert_log (&fixture, "CONNECTING");
  g_cancellable_reset (fixture.cancellable);
  test_peer_signal (peer);
  test_accept_well (&fixture);
  test_listening_assert_log (&fixture, "CONNECTING RUNNING");
  test_listening_clear (&fixture);
  test_peer_finish (peer);
}

static void
limit_descriptors (rlim_t limit)
{
  struct rlimit limits;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limits), ==, 0);
  limits.rlim_cur = limit;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limits), ==, 0);
}

static rlim_t
get_descriptor_limit (void)
{
  struct rlimit limits;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limits), ==, 0);
  return limits.rlim_cur;
}

/* The lowest number that is free: with this as the limit, no descriptor is to be had. */
static rlim_t
get_free_descriptor (void)
{
  int fd = dup (0);

  close (fd);
  return fd;
}

/* Under valgrind a connection that found no descriptor is gone, otherwise it still waits: the peer has closed it,
 * and has come again. */
static void
accept_second_connection (TestListening *self)
{
  g_autoptr (GError) error = NULL;

  test_accept_begin (self);
  if (test_accept_end (self, &error))
    return;
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  test_accept_well (self);
}

static void
test_no_descriptors (void)
{
  const rlim_t limit = get_descriptor_limit ();
  TestListening fixture;
  TestPeer *peer;

  test_listening_begin (&fixture);
  peer = test_peer_start_connecting (fixture.address, PEER_CONNECT, PEER_TELL, PEER_WAIT, PEER_CLOSE, PEER_HANDSHAKE);
  test_peer_wait_told (peer, 1);
  test_accept_begin (&fixture);
  limit_descriptors (get_free_descriptor ());
  test_spin_until (fixture.result != NULL);
  limit_descriptors (limit);
  end_badly (&fixture, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  test_listening_assert_log (&fixture, "CONNECTING");
  test_peer_signal (peer);
  accept_second_connection (&fixture);
  test_listening_clear (&fixture);
  test_peer_finish (peer);
}

/* wrong states */

static void
assert_cannot_accept (TestListening *self,
                      const char    *why)
{
  g_autofree char *before = g_strdup (test_log_get (self->log));
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_false (qmp_client_accept (self->client, NULL, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  test_assert_error_has (error, why);
  g_clear_error (&error);
  qmp_client_accept_async (self->client, NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_false (qmp_client_accept_finish (self->client, result, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  test_listening_assert_log (self, before);
}

static void
assert_cannot_listen (TestListening *self)
{
  g_autofree char *path = g_strconcat (self->path, "2", NULL);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr (GError) error = NULL;

  g_assert_false (qmp_client_listen (self->client, G_SOCKET_CONNECTABLE (address), NULL, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  g_assert_false (test_file_exists (path));
}

static void
assert_cannot_open (TestListening *self)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (test_open (self->client, G_SOCKET_CONNECTABLE (self->address), &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  test_assert_error_has (error, "listens");
}

static void
test_wrong_states (void)
{
  TestListening fixture;
  TestPeer *peer;

  test_listening_init (&fixture);
  assert_cannot_accept (&fixture, "does not listen");
  test_listening_bind (&fixture, fixture.address);
  assert_cannot_listen (&fixture);
  assert_cannot_open (&fixture);
  test_accept_begin (&fixture);
  assert_cannot_accept (&fixture, "accepting already");
  assert_cannot_listen (&fixture);
  assert_cannot_open (&fixture);

  peer = test_peer_start_connecting (fixture.address, PEER_HANDSHAKE, PEER_WAIT, PEER_CLOSE, PEER_HANDSHAKE);
  g_assert_true (test_accept_end (&fixture, NULL));
  assert_cannot_accept (&fixture, "RUNNING");
  assert_cannot_listen (&fixture);
  assert_cannot_open (&fixture);
  test_peer_signal (peer);
  test_spin_until (test_log_has (fixture.log, "closed(broken-pipe)"));
  assert_cannot_listen (&fixture);
  assert_cannot_open (&fixture);
  test_accept_well (&fixture);
  test_listening_clear (&fixture);
  test_peer_finish (peer);
}

static void
test_wrong_state_open (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_ACCEPT, PEER_WAIT, PEER_HANDSHAKE);
  TestListening fixture;

  test_listening_init (&fixture);
  qmp_client_open_async (fixture.client, test_peer_get_address (peer), NULL, test_result_cb, &fixture.result);
  assert_cannot_accept (&fixture, "does not listen");
  assert_cannot_listen (&fixture);
  test_peer_signal (peer);
  test_spin_until (fixture.result != NULL);
  g_assert_true (qmp_client_open_finish (fixture.client, fixture.result, NULL));
  g_clear_object (&fixture.result);
  assert_cannot_accept (&fixture, "does not listen");
  assert_cannot_listen (&fixture);
  test_listening_clear (&fixture);
  test_peer_finish (peer);
}

/* Rather not at all than in the clear. */
static void
test_no_tls (void)
{
  TestListening fixture;
  g_autoptr (GError) error = NULL;

  test_listening_init (&fixture);
  qmp_client_set_tls (fixture.client, TRUE);
  g_assert_false (qmp_client_listen (fixture.client, G_SOCKET_CONNECTABLE (fixture.address), NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_false (test_file_exists (fixture.path));
  qmp_client_set_tls (fixture.client, FALSE);
  test_listening_bind (&fixture, fixture.address);
  qmp_client_set_tls (fixture.client, TRUE);
  accept_badly (&fixture, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  test_listening_assert_log (&fixture, "CONNECTING");
  test_listening_clear (&fixture);
}

/* closing */

static void
close_in_some_way (TestListening *self,
                   gboolean       blocking)
{
  g_autoptr (GAsyncResult) result = NULL;

  if (blocking)
    {
      g_assert_true (qmp_client_close (self->client, NULL, NULL));
      g_assert_cmpint (qmp_client_get_runstate (self->client), ==, QMP_RUNSTATE_IDLE);
      test_spin_ready ();
    }
  else
    {
      qmp_client_close_async (self->client, NULL, test_result_cb, &result);
    }
  g_assert_false (test_file_exists (self->path));
  g_assert_null (qmp_client_get_listen_address (self->client));
  if (!blocking)
    {
      test_spin_until (result != NULL);
      g_assert_true (qmp_client_close_finish (self->client, result, NULL));
      g_assert_cmpint (qmp_client_get_runstate (self->client), ==, QMP_RUNSTATE_IDLE);
    }
}

static void
test_close_listening (gconstpointer data)
{
  gboolean blocking = GPOINTER_TO_INT (data);
  TestListening fixture;

  test_listening_begin (&fixture);
  close_in_some_way (&fixture, blocking);
  close_in_some_way (&fixture, blocking);
  test_listening_assert_log (&fixture, "CONNECTING DISCONNECTING IDLE");
  /* The same object listens again. */
  test_listening_bind (&fixture, fixture.address);
  close_in_some_way (&fixture, blocking);
  test_listening_assert_log (&fixture, "CONNECTING DISCONNECTING IDLE CONNECTING DISCONNECTING IDLE");
  test_listening_clear (&fixture);
}

static void
test_close_accepting (gconstpointer data)
{
  gboolean blocking = GPOINTER_TO_INT (data);
  TestListening fixture;

  test_listening_begin (&fixture);
  test_accept_begin (&fixture);
  test_spin_ready ();
  close_in_some_way (&fixture, blocking);
  end_badly (&fixture, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_listening_assert_log (&fixture, "CONNECTING DISCONNECTING IDLE");
  test_listening_clear (&fixture);
}

static void
test_close_in_handshake (gconstpointer data)
{
  gboolean blocking = GPOINTER_TO_INT (data);
  TestListening fixture;
  TestPeer *peer;

  test_listening_begin (&fixture);
  peer = test_peer_start_connecting (fixture.address, PEER_GREET, PEER_EXPECT ("qmp_capabilities"), PEER_TELL,
                                     PEER_EXPECT_EOF);
  test_accept_begin (&fixture);
  test_spin_until (test_peer_get_told (peer) == 1);
  close_in_some_way (&fixture, blocking);
  end_badly (&fixture, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_listening_assert_log (&fixture, "CONNECTING DISCONNECTING IDLE");
  test_listening_clear (&fixture);
  test_peer_finish (peer);
}

/* The link is over, the client idle; it still listens. */
static void
test_close_idle (gconstpointer data)
{
  gboolean blocking = GPOINTER_TO_INT (data);
  TestListening fixture;
  TestPeer *peer;

  test_listening_begin (&fixture);
  peer = test_peer_start_connecting (fixture.address, PEER_HANDSHAKE, PEER_CLOSE);
  test_accept_well (&fixture);
  test_spin_until (test_log_has (fixture.log, "closed(broken-pipe)"));
  g_assert_true (test_file_exists (fixture.path));
  close_in_some_way (&fixture, blocking);
  test_listening_assert_log (&fixture, "CONNECTING RUNNING DISCONNECTING IDLE closed(broken-pipe)");
  test_listening_clear (&fixture);
  test_peer_finish (peer);
}

static void
close_on_connecting_cb (QmpClient  *client,
                        GParamSpec *pspec,
                        gpointer    user_data)
{
  if (qmp_client_get_runstate (client) == QMP_RUNSTATE_CONNECTING)
    g_assert_true (qmp_client_close (client, NULL, NULL));
}

/* Handlers may do anything, at once. The log sees each step all the same. */
static void
test_close_in_notify (void)
{
  TestListening fixture;
  TestPeer *peer;
  gulong handler;

  test_listening_init (&fixture);
  handler = g_signal_connect (fixture.client, "notify::runstate", G_CALLBACK (close_on_connecting_cb), NULL);
  g_assert_true (qmp_client_listen (fixture.client, G_SOCKET_CONNECTABLE (fixture.address), NULL, NULL));
  test_listening_assert_log (&fixture, "CONNECTING DISCONNECTING IDLE");
  g_assert_null (qmp_client_get_listen_address (fixture.client));
  g_signal_handler_disconnect (fixture.client, handler);

  /* In accept's own step. */
  test_listening_bind (&fixture, fixture.address);
  peer = test_peer_start_connecting (fixture.address, PEER_HANDSHAKE, PEER_CLOSE);
  test_accept_well (&fixture);
  test_spin_until (test_log_has (fixture.log, "closed(broken-pipe)"));
  handler = g_signal_connect (fixture.client, "notify::runstate", G_CALLBACK (close_on_connecting_cb), NULL);
  test_log_clear (fixture.log);
  accept_badly (&fixture, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_listening_assert_log (&fixture, "CONNECTING DISCONNECTING IDLE");
  g_signal_handler_disconnect (fixture.client, handler);
  test_listening_clear (&fixture);
  test_peer_finish (peer);
}

/* unref */

static void
test_unref (void)
{
  TestListening fixture;

  test_listening_begin (&fixture);
  test_client_free (g_steal_pointer (&fixture.client));
  test_listening_clear (&fixture);
}

/* The accept holds the client, as any call does; the end of the accept lets it go. */
static void
test_unref_accepting (gconstpointer data)
{
  gboolean served = GPOINTER_TO_INT (data);
  QmpClient *weak;
  TestPeer *peer = NULL;
  TestListening fixture;

  test_listening_begin (&fixture);
  test_accept_begin (&fixture);
  weak = fixture.client;
  g_object_add_weak_pointer (G_OBJECT (weak), (gpointer *) &weak);
  g_clear_object (&fixture.client);
  test_spin_ready ();
  g_assert_nonnull (weak);
  if (served)
    peer = test_peer_start_connecting (fixture.address, PEER_HANDSHAKE, PEER_EXPECT_EOF);
  else
    g_cancellable_cancel (fixture.cancellable);
  test_spin_until (fixture.result != NULL);
  g_clear_object (&fixture.result);
  test_spin_until (weak == NULL);
  test_listening_clear (&fixture);
  if (peer != NULL)
    test_peer_finish (peer);
}

/* further peers */

static void
test_second_peer (void)
{
  TestListening fixture;
  TestPeer *peer;
  TestPeer *second;

  test_listening_begin (&fixture);
  peer = test_peer_start_connecting (fixture.address, PEER_CONNECT, PEER_TELL, PEER_WAIT, PEER_HANDSHAKE, PEER_WAIT,
                                     PEER_EXPECT ("a"), PEER_REPLY ("{}"));
  test_accept_begin (&fixture);
  test_spin_until (test_peer_get_told (peer) == 1);
  /* While the first is greeted, and when it runs. */
  second = test_peer_start_connecting (fixture.address, PEER_CONNECT, PEER_EXPECT_EOF, PEER_TELL, PEER_WAIT,
                                       PEER_CONNECT, PEER_EXPECT_EOF, PEER_TELL);
  test_spin_until (test_peer_get_told (second) == 1);
  g_assert_null (fixture.result);
  test_peer_signal (peer);
  g_assert_true (test_accept_end (&fixture, NULL));
  test_peer_signal (second);
  test_spin_until (test_peer_get_told (second) == 2);
  test_peer_signal (peer);
  test_execute_well (&fixture, "a");
  test_listening_assert_log (&fixture, "CONNECTING RUNNING");
  test_listening_clear (&fixture);
  test_peer_finish (peer);
  test_peer_finish (second);
}

/* One that cannot be turned away waits, and the main loop sleeps. */
static void
test_second_peer_no_descriptors (void)
{
  const rlim_t limit = get_descriptor_limit ();
  TestListening fixture;
  TestPeer *peer;
  TestPeer *second;

  test_listening_begin (&fixture);
  peer = test_peer_start_connecting (fixture.address, PEER_HANDSHAKE, PEER_WAIT, PEER_CLOSE);
  test_accept_well (&fixture);
  second = test_peer_start_connecting (fixture.address, PEER_CONNECT, PEER_TELL, PEER_WAIT, PEER_CLOSE, PEER_HANDSHAKE);
  test_peer_wait_told (second, 1);
  limit_descriptors (get_free_descriptor ());
  for (guint i = 0; i < 100 && g_main_context_iteration (NULL, FALSE); i++)
    ;
  g_assert_false (g_main_context_pending (NULL));
  limit_descriptors (limit);

  test_peer_signal (peer);
  test_spin_until (test_log_has (fixture.log, "closed(broken-pipe)"));
  test_peer_signal (second);
  accept_second_connection (&fixture);
  test_listening_clear (&fixture);
  test_peer_finish (peer);
  test_peer_finish (second);
}

/* blocking */

static gboolean
cancel_in_peer (TestPeer *peer,
                gpointer  user_data)
{
  g_cancellable_cancel (user_data);
  return TRUE;
}

static gboolean
never_cb (gpointer user_data)
{
  g_assert_not_reached ();
}

/* No main loop runs: what is in the home context does not either. */
static void
test_blocking (void)
{
  TestListening fixture;
  TestPeer *peer;
  guint never;
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  test_listening_begin (&fixture);
  never = g_idle_add (never_cb, NULL);
  qmp_client_set_accept_timeout (fixture.client, 20);
  g_assert_false (qmp_client_accept (fixture.client, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  test_listening_assert_log (&fixture, "CONNECTING");

  qmp_client_set_accept_timeout (fixture.client, QMP_TIMEOUT_NONE);
  peer = test_peer_start_connecting (fixture.address, PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_REPLY ("{}"), PEER_CLOSE,
                                     PEER_SEND ("rubbish\r\n"), PEER_CLOSE,
                                     PEER_GREET, PEER_EXPECT ("qmp_capabilities"),
                                     PEER_CALL (cancel_in_peer, fixture.cancellable), PEER_EXPECT_EOF,
                                     PEER_HANDSHAKE, PEER_EXPECT_EOF);
  g_assert_true (qmp_client_accept (fixture.client, NULL, &error));
  value = qmp_client_execute (fixture.client, "a", NULL, NULL, &error);
  g_assert_nonnull (value);
  g_assert_null (qmp_client_execute (fixture.client, "b", NULL, NULL, &error));
  g_clear_error (&error);
  g_assert_cmpint (qmp_client_get_runstate (fixture.client), ==, QMP_RUNSTATE_IDLE);
  g_assert_false (qmp_client_accept (fixture.client, NULL, &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_GREETING);
  g_clear_error (&error);
  test_listening_assert_log (&fixture, "CONNECTING");
  g_assert_false (qmp_client_accept (fixture.client, fixture.cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_true (qmp_client_accept (fixture.client, NULL, &error));
  g_assert_true (qmp_client_close (fixture.client, NULL, NULL));
  g_source_remove (never);
  test_spin_ready ();
  g_assert_true (g_str_has_prefix (test_log_get (fixture.log),
                                   "CONNECTING RUNNING DISCONNECTING IDLE CONNECTING DISCONNECTING IDLE"));
  test_listening_clear (&fixture);
  test_peer_finish (peer);
}

/* what must not leak */

static void
test_cycles (void)
{
  TestListening fixture;
  guint before;

  test_listening_init (&fixture);
  before = test_count_fds ();
  for (guint i = 0; i < 50; i++)
    {
      TestPeer *peer;

      test_listening_bind (&fixture, fixture.address);
      peer = test_peer_start_connecting (fixture.address, PEER_HANDSHAKE, PEER_CLOSE, PEER_HANDSHAKE, PEER_EXPECT_EOF);
      test_accept_well (&fixture);
      test_spin_until (qmp_client_get_runstate (fixture.client) == QMP_RUNSTATE_IDLE);
      test_accept_well (&fixture);
      g_assert_true (qmp_client_close (fixture.client, NULL, NULL));
      test_peer_finish (peer);
    }
  test_spin_ready ();
  g_assert_cmpuint (test_count_fds (), ==, before);
  test_listening_clear (&fixture);
}

static void
add_twice (const char    *path,
           const char    *first,
           const char    *second,
           GTestDataFunc  test)
{
  g_autofree char *first_path = g_strconcat (path, first, NULL);
  g_autofree char *second_path = g_strconcat (path, second, NULL);

  g_test_add_data_func (first_path, GINT_TO_POINTER (FALSE), test);
  g_test_add_data_func (second_path, GINT_TO_POINTER (TRUE), test);
}

static void
add_accept_tests (void)
{
  g_test_add_func ("/client/listen/accept", test_accept);
  g_test_add_func ("/client/listen/peer-first", test_peer_first);
  g_test_add_func ("/client/listen/again", test_accept_again);
  g_test_add_func ("/client/listen/again/in-closed", test_accept_in_closed);
  g_test_add_func ("/client/listen/handshake-fails", test_handshake_fails);
  g_test_add_func ("/client/listen/timeouts", test_timeouts);
  add_twice ("/client/listen/cancel/", "alone", "before", test_cancel_alone);
  g_test_add_func ("/client/listen/cancel/handshake", test_cancel_handshake);
  g_test_add_func ("/client/listen/cancel/again", test_cancel_again);
  g_test_add_func ("/client/listen/no-descriptors", test_no_descriptors);
  g_test_add_func ("/client/listen/wrong-states", test_wrong_states);
  g_test_add_func ("/client/listen/wrong-states/open", test_wrong_state_open);
  g_test_add_func ("/client/listen/no-tls", test_no_tls);
  g_test_add_func ("/client/listen/second-peer", test_second_peer);
  g_test_add_func ("/client/listen/second-peer/no-descriptors", test_second_peer_no_descriptors);
  g_test_add_func ("/client/listen/blocking", test_blocking);
}

static void
add_end_tests (void)
{
  add_twice ("/client/listen/close/", "async", "blocking", test_close_listening);
  add_twice ("/client/listen/close/accepting/", "async", "blocking", test_close_accepting);
  add_twice ("/client/listen/close/handshake/", "async", "blocking", test_close_in_handshake);
  add_twice ("/client/listen/close/idle/", "async", "blocking", test_close_idle);
  g_test_add_func ("/client/listen/close/in-notify", test_close_in_notify);
  g_test_add_func ("/client/listen/unref", test_unref);
  add_twice ("/client/listen/unref/accepting/", "cancelled", "served", test_unref_accepting);
  g_test_add_func ("/client/listen/cycles", test_cycles);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  add_accept_tests ();
  add_end_tests ();
  return g_test_run ();
}
