/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "test-peer.h"

/* The ways through the runstates that docs/runstates.md lists, as far as no other test shows them. */

/* connecting: the socket's queue of connections is full, so that it takes as long as the test likes */

typedef struct {
  char           *directory;
  char           *path;
  int             listener;
  int             other;       /* waits in the queue, and fills it */
  QmpClient      *client;
  TestLog        *log;
  GCancellable   *cancellable;
  GAsyncResult   *result;
} Connecting;

static void
connecting_begin (Connecting *self)
{
  struct sockaddr_un name = { .sun_family = AF_UNIX };
  g_autoptr (GSocketAddress) address = NULL;

  *self = (Connecting) { .directory = g_dir_make_tmp ("qmp-runstate-XXXXXX", NULL) };
  self->path = g_build_filename (self->directory, "s", NULL);
  g_strlcpy (name.sun_path, self->path, sizeof (name.sun_path));
  self->listener = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  self->other = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (bind (self->listener, (struct sockaddr *) &name, sizeof (name)), ==, 0);
  g_assert_cmpint (listen (self->listener, 0), ==, 0);
  g_assert_cmpint (connect (self->other, (struct sockaddr *) &name, sizeof (name)), ==, 0);

  address = g_unix_socket_address_new (self->path);
  self->client = qmp_client_new (NULL);
  self->log = test_log_new (self->client);
  self->cancellable = g_cancellable_new ();
  qmp_client_open_async (self->client, G_SOCKET_CONNECTABLE (address), self->cancellable, test_result_cb,
                         &self->result);
  test_spin_ready ();
  g_assert_null (self->result);
  g_assert_cmpstr (test_log_get (self->log), ==, "CONNECTING");
}

static void
connecting_end (Connecting *self)
{
  g_autoptr (GError) error = NULL;

  test_spin_until (self->result != NULL);
  g_assert_false (qmp_client_open_finish (self->client, self->result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_spin_ready ();
  g_assert_cmpstr (test_log_get (self->log), ==, "CONNECTING DISCONNECTING IDLE");
  test_log_free (self->log);
  g_clear_object (&self->result);
  g_object_unref (self->cancellable);
  test_client_free (self->client);
  close (self->listener);
  close (self->other);
  g_unlink (self->path);
  g_rmdir (self->directory);
  g_free (self->path);
  g_free (self->directory);
}

static void
test_connecting_cancelled (void)
{
  Connecting connecting;

  connecting_begin (&connecting);
  g_cancellable_cancel (connecting.cancellable);
  connecting_end (&connecting);
}

static void
test_connecting_closed (gconstpointer data)
{
  gboolean blocking = GPOINTER_TO_INT (data);
  Connecting connecting;
  g_autoptr (GError) error = NULL;

  connecting_begin (&connecting);
  g_assert_true (blocking ? qmp_client_close (connecting.client, NULL, &error)
                          : test_close (connecting.client, &error));
  g_assert_no_error (error);
  g_assert_cmpint (qmp_client_get_runstate (connecting.client), ==, QMP_RUNSTATE_IDLE);
  connecting_end (&connecting);
}

/* Cancelled before it began: the states are gone through all the same. */
static void
test_cancelled_before (void)
{
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new ("/nonexistent/qmp");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  qmp_client_open_async (client, G_SOCKET_CONNECTABLE (address), cancellable, test_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_false (qmp_client_open_finish (client, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpstr (test_log_get (log), ==, "CONNECTING DISCONNECTING IDLE");
  g_clear_object (&result);
  test_client_free (client);
}

/* disconnecting: what is queued is being written to a peer that does not read */

typedef struct {
  TestPeer     *peer;
  QmpClient    *client;
  TestLog      *log;
  GAsyncResult *called;
  GAsyncResult *closed;
} Disconnecting;

static void
disconnecting_begin (Disconnecting *self,
                     TestPeer      *peer)
{
  g_autofree char *filler = g_strnfill (1000 * 1000, 'x');
  g_autofree char *text = g_strdup_printf ("{\"execute\": \"big\", \"arguments\": {\"a\": \"%s\"}}", filler);
  g_autoptr (QmpMessage) message = test_message (text);

  *self = (Disconnecting) { .peer = peer, .client = test_peer_open (peer) };
  self->log = test_log_new (self->client);
  qmp_client_execute_message_async (self->client, message, NULL, test_result_cb, &self->called);
  qmp_client_close_async (self->client, NULL, test_result_cb, &self->closed);
  test_spin_ready ();
  g_assert_null (self->closed);
  g_assert_cmpint (qmp_client_get_runstate (self->client), ==, QMP_RUNSTATE_DISCONNECTING);
}

static void
disconnecting_end (Disconnecting *self)
{
  g_autoptr (GError) error = NULL;

  test_peer_signal (self->peer);
  test_spin_until (self->called != NULL && self->closed != NULL);
  /* It fails if the peer has left without reading it all. */
  if (!qmp_client_close_finish (self->client, self->closed, &error))
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  g_assert_cmpuint (test_log_count (self->log, "DISCONNECTING"), ==, 1);
  g_assert_cmpuint (test_log_count (self->log, "IDLE"), ==, 1);
  g_assert_cmpuint (test_log_count (self->log, "closed"), ==, 1);
  test_log_free (self->log);
  g_clear_object (&self->called);
  g_clear_object (&self->closed);
  test_peer_close (self->peer, self->client);
}

/* Nothing can be begun while the link comes down. */
static void
test_disconnecting_refuses (void)
{
  Disconnecting self;
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new ("/nonexistent/qmp");
  GError *errors[5] = { NULL };

  disconnecting_begin (&self, test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT, PEER_EXPECT ("big")));
  g_assert_false (test_open (self.client, G_SOCKET_CONNECTABLE (address), &errors[0]));
  g_assert_false (qmp_client_open (self.client, G_SOCKET_CONNECTABLE (address), NULL, &errors[1]));
  g_assert_false (qmp_client_listen (self.client, G_SOCKET_CONNECTABLE (address), NULL, &errors[2]));
  g_assert_null (test_execute (self.client, "never", &errors[3]));
  g_assert_null (qmp_client_execute (self.client, "never", NULL, NULL, &errors[4]));
  for (guint i = 0; i < G_N_ELEMENTS (errors); i++)
    {
      g_assert_error (errors[i], QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
      test_assert_error_has (errors[i], "DISCONNECTING");
      g_clear_error (&errors[i]);
    }
  disconnecting_end (&self);
}

/* A blocking close while another is under way. */
static void
test_disconnecting_close (void)
{
  Disconnecting self;
  g_autoptr (GError) error = NULL;

  disconnecting_begin (&self, test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT, PEER_EXPECT ("big")));
  test_peer_signal (self.peer);
  g_assert_true (qmp_client_close (self.client, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (qmp_client_get_runstate (self.client), ==, QMP_RUNSTATE_IDLE);
  disconnecting_end (&self);
}

/* The peer leaves while the client still writes: that is a good end, once. */
static void
test_disconnecting_hang_up (void)
{
  Disconnecting self;

  disconnecting_begin (&self, test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT, PEER_RESET));
  disconnecting_end (&self);
}

/* The close holds the client. */
static void
test_disconnecting_unref (void)
{
  Disconnecting self;
  gpointer watch;

  disconnecting_begin (&self, test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT, PEER_EXPECT ("big")));
  g_clear_pointer (&self.log, test_log_free);
  watch = self.client;
  g_object_add_weak_pointer (G_OBJECT (self.client), &watch);
  g_object_unref (self.client);
  g_assert_nonnull (watch);
  test_peer_signal (self.peer);
  test_spin_until (self.called != NULL && self.closed != NULL);
  g_clear_object (&self.called);
  g_clear_object (&self.closed);
  test_spin_until (watch == NULL);
  test_peer_finish (self.peer);
}

/* After any opening that failed the same client opens. */

static void
test_open_after_failure (gconstpointer data)
{
  guint phase = GPOINTER_TO_UINT (data);
  const TestStep scripts[][7] = {
    { PEER_ACCEPT, PEER_CLOSE, PEER_HANDSHAKE, PEER_END },
    { PEER_SEND ("{\"QMP\": 5}\r\n"), PEER_EXPECT_EOF, PEER_HANDSHAKE, PEER_END },
    { PEER_GREET, PEER_EXPECT ("qmp_capabilities"), PEER_CLOSE, PEER_HANDSHAKE, PEER_END },
    { PEER_GREET, PEER_EXPECT ("qmp_capabilities"), PEER_ERROR ("GenericError", "no"), PEER_CLOSE, PEER_HANDSHAKE,
      PEER_END },
  };
  TestPeer *peer = test_peer_start_script (TEST_PEER_UNIX, scripts[phase]);
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (GError) error = NULL;

  g_assert_false (test_open (client, test_peer_get_address (peer), &error));
  g_test_message ("%s", error->message);
  g_clear_error (&error);
  g_assert_true (test_open (client, test_peer_get_address (peer), &error));
  g_assert_no_error (error);
  g_assert_cmpstr (test_log_get (log), ==, "CONNECTING DISCONNECTING IDLE CONNECTING RUNNING");
  test_peer_close (peer, client);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/runstate/connecting/cancelled", test_connecting_cancelled);
  g_test_add_data_func ("/runstate/connecting/closed/async", GINT_TO_POINTER (FALSE), test_connecting_closed);
  g_test_add_data_func ("/runstate/connecting/closed/blocking", GINT_TO_POINTER (TRUE), test_connecting_closed);
  g_test_add_func ("/runstate/connecting/cancelled-before", test_cancelled_before);
  g_test_add_func ("/runstate/disconnecting/refuses", test_disconnecting_refuses);
  g_test_add_func ("/runstate/disconnecting/close", test_disconnecting_close);
  g_test_add_func ("/runstate/disconnecting/hang-up", test_disconnecting_hang_up);
  g_test_add_func ("/runstate/disconnecting/unref", test_disconnecting_unref);
  g_test_add_data_func ("/runstate/again/hang-up", GUINT_TO_POINTER (0), test_open_after_failure);
  g_test_add_data_func ("/runstate/again/bad-greeting", GUINT_TO_POINTER (1), test_open_after_failure);
  g_test_add_data_func ("/runstate/again/negotiation-hang-up", GUINT_TO_POINTER (2), test_open_after_failure);
  g_test_add_data_func ("/runstate/again/negotiation-refused", GUINT_TO_POINTER (3), test_open_after_failure);
  return g_test_run ();
}
