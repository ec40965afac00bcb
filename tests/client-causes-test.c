/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <gio/gunixsocketaddress.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test-peer.h"

/* What an opening that fails tells of the cause: what was seen, who is at the other side, and with whom it was. And
 * servers that repeat no ids, which opening finds out. */

/* For what has to come before the time is over, however busy the machine is. */
#define ENOUGH (TEST_FEW ? 5000 : 1500)

static GError *
fail_to_open (QmpClient          *client,
              GSocketConnectable *address,
              int                 timeout)
{
  GError *error = NULL;

  qmp_client_set_open_timeout (client, timeout);
  g_assert_false (qmp_client_open (client, address, NULL, &error));
  g_test_message ("%s", error->message);
  return error;
}

/* --- other protocols --- */

/* Fails at once: the time is never over. */
static void
test_stranger (gconstpointer data)
{
  const char * const *pair = data;
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_SEND (pair[0]), PEER_EXPECT_EOF);
  g_autoptr (QmpClient) client = qmp_client_new (NULL);
  g_autoptr (GError) error = fail_to_open (client, test_peer_get_address (peer), QMP_TIMEOUT_NONE);

  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_GREETING);
  test_assert_error_has (error, pair[1]);
  test_assert_error_has (error, test_peer_get_path (peer));
  test_peer_finish (peer);
}

static const char * const strangers[][2] = {
  { "QEMU 7.2.22 monitor - type 'help' for more information\r\n(qemu) ", "mode=control" },
  { "SSH-2.0-OpenSSH_9.2p1\r\n", "SSH" },
  { "RFB 003.008\n", "VNC" },
};

/* A shell may say something before the greeting. */
static void
test_noise (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_SEND ("this QEMU 7 is no monitor - type on\r\nSSH-agent\r\n"),
                                    PEER_HANDSHAKE);
  QmpClient *client = test_peer_open (peer);

  test_peer_close (peer, client);
}

/* Its greeting may be somebody else's, its answer to our sync is not. */
static void
test_monitor_as_agent (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_GREET,
                                    PEER_SEND ("{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"Expecting "
                                               "capabilities negotiation with 'qmp_capabilities'\"}}\r\n"), PEER_DRAIN);
  g_autoptr (QmpClient) client = qmp_client_new (NULL);
  g_autoptr (GError) error = NULL;

  qmp_client_set_guest_agent (client, TRUE);
  error = fail_to_open (client, test_peer_get_address (peer), QMP_TIMEOUT_NONE);
  test_peer_finish (peer);
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_GREETING);
  test_assert_error_has (error, "guest-agent");
}

/* --- silence --- */

typedef struct {
  char           *path;
  GSocketAddress *address;
  int             fd;
} Listener;

static void
listener_init (Listener *self)
{
  g_autofree char *directory = g_dir_make_tmp ("qmp-causes-XXXXXX", NULL);
  struct sockaddr_storage native;

  self->path = g_build_filename (directory, "s", NULL);
  self->address = g_unix_socket_address_new (self->path);
  self->fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_true (g_socket_address_to_native (self->address, &native, sizeof native, NULL));
  g_assert_cmpint (bind (self->fd, (struct sockaddr *) &native,
                         g_socket_address_get_native_size (self->address)), ==, 0);
}

static void
listener_clear (Listener *self)
{
  g_autofree char *directory = g_path_get_dirname (self->path);

  close (self->fd);
  unlink (self->path);
  rmdir (directory);
  g_free (self->path);
  g_object_unref (self->address);
}

/* Connected in the very call, however short the time is. n_taken: of the connections before ours, which is not taken. */
static void
test_queue (gconstpointer data)
{
  int n_taken = GPOINTER_TO_INT (data);
  g_autoptr (QmpClient) client = qmp_client_new (NULL);
  g_autoptr (GSocketClient) before = g_socket_client_new ();
  g_autoptr (GSocketConnection) first = NULL;
  g_autoptr (GError) error = NULL;
  int taken = -1;
  Listener self;

  listener_init (&self);
  g_assert_cmpint (listen (self.fd, 4), ==, 0);
  if (n_taken > 0)
    {
      first = g_socket_client_connect (before, G_SOCKET_CONNECTABLE (self.address), NULL, NULL);
      taken = accept (self.fd, NULL, NULL);
      g_assert_cmpint (taken, >=, 0);
    }
  error = fail_to_open (client, G_SOCKET_CONNECTABLE (self.address), 20);
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_BUSY);
  test_assert_error_has (error, self.path);
  test_assert_error_has (error, n_taken > 0 ? "another client is connected" : "not taken");
  if (taken >= 0)
    close (taken);
  listener_clear (&self);
}

/* What listens is a process that SIGSTOP has hit. */
static void
test_stopped (void)
{
  g_autoptr (QmpClient) client = qmp_client_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *pid = NULL;
  Listener self;
  int status;
  pid_t child;

  listener_init (&self);
  child = fork ();
  if (child == 0)
    {
      listen (self.fd, 4);
      raise (SIGSTOP);
      _exit (0);
    }
  g_assert_cmpint (waitpid (child, &status, WUNTRACED), ==, child);
  g_assert_true (WIFSTOPPED (status));
  error = fail_to_open (client, G_SOCKET_CONNECTABLE (self.address), 20);
  kill (child, SIGKILL);
  waitpid (child, &status, 0);
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_BUSY);
  pid = g_strdup_printf ("%d", child);
  test_assert_error_has (error, pid);
  test_assert_error_has (error, "stopped");
  listener_clear (&self);
}

/* --- a place --- */

static void
test_place (gconstpointer text)
{
  g_autoptr (QmpClient) client = qmp_client_new (NULL);
  g_autoptr (GSocketConnectable) address = qmp_address_parse (text, NULL);
  g_autoptr (GError) error = fail_to_open (client, address, 10000);

  g_assert_true (error->domain == G_IO_ERROR || error->domain == G_RESOLVER_ERROR);
  test_assert_error_has (error, text);
}

/* Which command it was. */
static void
test_command (void)
{
  g_autoptr (QmpClient) client = qmp_client_new (NULL);
  g_autoptr (QmpMessage) message = qmp_message_new_command ("cont", NULL, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) exchange_error = NULL;

  g_assert_null (qmp_client_execute (client, "stop", NULL, NULL, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  test_assert_error_has (error, "stop");
  g_assert_null (qmp_client_exchange (client, message, NULL, &exchange_error));
  g_assert_error (exchange_error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  test_assert_error_has (exchange_error, "cont");
}

/* --- the negotiation --- */

static void
test_complaint (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_GREET, PEER_EXPECT ("qmp_capabilities"),
                                    PEER_SEND ("{\"error\": {\"class\": \"GenericError\", \"desc\": \"no such luck\"}}\r\n"),
                                    PEER_EXPECT_EOF);
  g_autoptr (QmpClient) client = qmp_client_new (NULL);
  g_autoptr (GError) error = fail_to_open (client, test_peer_get_address (peer), ENOUGH);

  test_peer_finish (peer);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  test_assert_error_has (error, "no such luck");
}

static void
test_other_id (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_GREET, PEER_EXPECT ("qmp_capabilities"),
                                    PEER_SEND ("{\"return\": {}, \"id\": \"else\"}\r\n"), PEER_EXPECT_EOF);
  g_autoptr (QmpClient) client = qmp_client_new (NULL);
  g_autoptr (GError) error = fail_to_open (client, test_peer_get_address (peer), ENOUGH);

  test_peer_finish (peer);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  test_assert_error_has (error, " id ");
}

/* --- servers that repeat no ids --- */

#define PEER_NO_ID PEER_GREET_OOB, PEER_EXPECT ("qmp_capabilities"), PEER_SEND ("{\"return\": { }}\r\n")

static void
assert_next (QmpClient  *client,
             const char *command,
             const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = test_execute (client, command, &error);

  g_assert_no_error (error);
  test_assert_json (value, expected);
}

static void
test_no_ids (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_NO_ID,
                                    PEER_EXPECT ("a"), PEER_SEND ("{\"return\": 1}\r\n"),
                                    PEER_EXPECT ("b"), PEER_SEND ("{\"error\": {\"class\": \"GenericError\", \"desc\": \"b\"}}\r\n"),
                                    /* broken: the call's, but for an event */
                                    PEER_EXPECT ("c"), PEER_SEND ("{\"event\": \"E\", \"data\": nan}\r\n{\"return\": nan}\r\n"),
                                    PEER_EXPECT ("d"), PEER_EXPECT ("e"), PEER_SEND ("{\"return\": 4}\r\n{\"return\": 5}\r\n"),
                                    PEER_EXPECT ("f"), PEER_SEND ("{\"return\": 6}\r\n"));
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (GAsyncResult) d = NULL;
  g_autoptr (GAsyncResult) e = NULL;
  g_autoptr (JsonNode) d_value = NULL;
  g_autoptr (JsonNode) e_value = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;

  qmp_client_set_out_of_band (client, TRUE);
  g_assert_true (test_open (client, test_peer_get_address (peer), &error));
  g_assert_no_error (error);
  g_assert_false (qmp_client_get_out_of_band_active (client));
  assert_next (client, "a", "1");
  g_assert_null (test_execute (client, "b", &error));
  g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC);
  g_clear_error (&error);
  g_assert_null (test_execute (client, "c", &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_DESERIALIZATION);
  g_assert_cmpmem (g_bytes_get_data (qmp_protocol_error_get_text (error), &length), length,
                   "{\"return\": nan}", strlen ("{\"return\": nan}"));
  g_clear_error (&error);
  qmp_client_execute_async (client, "d", NULL, NULL, test_result_cb, &d);
  qmp_client_execute_async (client, "e", NULL, NULL, test_result_cb, &e);
  test_spin_until (d != NULL && e != NULL);
  d_value = qmp_client_execute_finish (client, d, &error);
  e_value = qmp_client_execute_finish (client, e, &error);
  g_assert_no_error (error);
  test_assert_json (d_value, "4");
  test_assert_json (e_value, "5");
  g_clear_object (&d);
  g_clear_object (&e);
  assert_next (client, "f", "6");
  test_peer_close (peer, client);
}

/* The late reply of a command that was given up is nobody's. */
static void
test_no_ids_late (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_NO_ID,
                                    PEER_EXPECT ("a"), PEER_TELL, PEER_EXPECT ("b"),
                                    PEER_SEND ("{\"return\": \"late\"}\r\n{\"return\": 2}\r\n"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) a = NULL;

  qmp_client_execute_async (client, "a", NULL, cancellable, test_result_cb, &a);
  test_spin_until (test_peer_get_told (peer) == 1);
  g_cancellable_cancel (cancellable);
  test_spin_until (a != NULL);
  g_clear_object (&a);
  assert_next (client, "b", "2");
  test_peer_close (peer, client);
}

/* What looked like such a server's was an earlier client's reply: the ids that do come count. */
static void
test_deceived (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_GREET, PEER_EXPECT ("qmp_capabilities"),
                                    PEER_SEND ("{\"return\": {}}\r\n"), PEER_EXPECT ("a"),
                                    PEER_REPLY ("{}"), PEER_REPLY ("1"), PEER_EXPECT ("b"), PEER_REPLY ("2"));
  QmpClient *client = test_peer_open (peer);

  assert_next (client, "a", "1");
  assert_next (client, "b", "2");
  test_peer_close (peer, client);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (strangers); i++)
    {
      g_autofree char *path = g_strdup_printf ("/client/causes/stranger/%s", strangers[i][1]);

      g_test_add_data_func (path, strangers[i], test_stranger);
    }
  g_test_add_func ("/client/causes/noise", test_noise);
  g_test_add_func ("/client/causes/monitor-as-agent", test_monitor_as_agent);
  g_test_add_data_func ("/client/causes/queue/waits", GINT_TO_POINTER (0), test_queue);
  g_test_add_data_func ("/client/causes/queue/behind", GINT_TO_POINTER (1), test_queue);
  g_test_add_func ("/client/causes/stopped", test_stopped);
  g_test_add_data_func ("/client/causes/place/tcp", "127.0.0.1:1", test_place);
  g_test_add_data_func ("/client/causes/place/name", "localhost:1", test_place);
  g_test_add_data_func ("/client/causes/place/ipv6", "[::1]:1", test_place);
  g_test_add_data_func ("/client/causes/place/path", "/nowhere/at/all", test_place);
  g_test_add_data_func ("/client/causes/place/abstract", "@qmp-nobody", test_place);
  g_test_add_func ("/client/causes/command", test_command);
  g_test_add_func ("/client/causes/complaint", test_complaint);
  g_test_add_func ("/client/causes/other-id", test_other_id);
  g_test_add_func ("/client/causes/no-ids", test_no_ids);
  g_test_add_func ("/client/causes/no-ids/late", test_no_ids_late);
  g_test_add_func ("/client/causes/no-ids/deceived", test_deceived);
  return g_test_run ();
}
