/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "test-listening.h"
#include "test-peer.h"
#include "test-server.h"

/* Servers that connect to the client: where it listens, what becomes of a socket's file; QEMU as the server. */

/* the socket's file */

static int
bind_to (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_strlcpy (address.sun_path, path, sizeof (address.sun_path));
  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof (address)), ==, 0);
  return fd;
}

static ino_t
get_inode (const char *path)
{
  struct stat info;

  g_assert_cmpint (lstat (path, &info), ==, 0);
  return info.st_ino;
}

static void
assert_cannot_bind (TestListening *self,
                    GQuark         domain,
                    int            code)
{
  ino_t inode = get_inode (self->path);
  g_autoptr (GError) error = NULL;

  g_assert_false (qmp_client_listen (self->client, G_SOCKET_CONNECTABLE (self->address), NULL, &error));
  g_assert_error (error, domain, code);
  g_test_message ("%s", error->message);
  test_assert_error_has (error, self->path);
  g_assert_cmpuint (get_inode (self->path), ==, inode);
  g_assert_null (qmp_client_get_listen_address (self->client));
  test_listening_assert_log (self, "");
}

static void
test_stale_file (void)
{
  TestListening fixture;
  TestPeer *peer;

  test_listening_init (&fixture);
  close (bind_to (fixture.path));
  g_assert_true (test_file_exists (fixture.path));
  test_listening_bind (&fixture, fixture.address);
  peer = test_peer_start_connecting (fixture.address, PEER_HANDSHAKE);
  test_accept_well (&fixture);
  test_listening_clear (&fixture);
  test_peer_finish (peer);
}

/* The living one is not even disturbed by a connection. */
static void
test_living_socket (gconstpointer data)
{
  int backlog = GPOINTER_TO_INT (data);
  TestListening fixture;
  int fd;

  test_listening_init (&fixture);
  fd = bind_to (fixture.path);
  if (backlog > 0)
    g_assert_cmpint (listen (fd, backlog), ==, 0);
  assert_cannot_bind (&fixture, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  if (backlog > 0)
    {
      g_assert_true (g_unix_set_fd_nonblocking (fd, TRUE, NULL));
      g_assert_cmpint (accept (fd, NULL, NULL), ==, -1);
      g_assert_cmpint (errno, ==, EAGAIN);
    }
  close (fd);
  g_unlink (fixture.path);
  test_listening_clear (&fixture);
}

static void
assert_cannot_listen_on_fd (TestListening *fixture,
                            int            fd,
                            const char    *part)
{
  g_autofree char *text = g_strdup_printf ("fd:%d", fd);
  g_autoptr (GSocketConnectable) address = qmp_address_parse (text, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (qmp_client_listen (fixture->client, address, NULL, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_NOT_A_SOCKET);
  test_assert_error_has (error, text + strlen ("fd:"));
  test_assert_error_has (error, part);
}

/* As systemd hands it over: it listens already, and its file is not ours. */
static void
test_given_socket (void)
{
  TestListening fixture;
  g_autofree char *text = NULL;
  g_autoptr (GSocketConnectable) address = NULL;
  g_autoptr (GError) error = NULL;
  TestPeer *peer;
  int fd;

  test_listening_init (&fixture);
  fd = bind_to (fixture.path);
  assert_cannot_listen_on_fd (&fixture, fd, "listens");
  g_assert_cmpint (listen (fd, 4), ==, 0);
  text = g_strdup_printf ("fd:%d", fd);
  address = qmp_address_parse (text, NULL);
  g_assert_true (qmp_client_listen (fixture.client, address, NULL, &error));
  g_assert_no_error (error);
  peer = test_peer_start_connecting (fixture.address, PEER_HANDSHAKE);
  test_accept_well (&fixture);
  g_assert_true (qmp_client_close (fixture.client, NULL, NULL));
  test_peer_finish (peer);
  g_assert_true (test_fd_is_open (fd));
  g_assert_cmpint (fcntl (fd, F_GETFL) & O_NONBLOCK, ==, 0);
  g_assert_true (test_file_exists (fixture.path));
  close (fd);
  assert_cannot_listen_on_fd (&fixture, fd, "not open");
  g_unlink (fixture.path);
  test_listening_clear (&fixture);
}

static void
test_other_file (gconstpointer data)
{
  const char *kind = data;
  TestListening fixture;

  test_listening_init (&fixture);
  if (g_str_equal (kind, "file"))
    g_assert_true (g_file_set_contents (fixture.path, "precious", -1, NULL));
  else if (g_str_equal (kind, "directory"))
    g_assert_cmpint (g_mkdir (fixture.path, 0700), ==, 0);
  else
    g_assert_cmpint (symlink ("/nonexistent/socket", fixture.path), ==, 0);
  assert_cannot_bind (&fixture, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_NOT_A_SOCKET);
  g_remove (fixture.path);
  test_listening_clear (&fixture);
}

/* What somebody else has put there is his. */
static void
test_replaced_file (void)
{
  g_autofree char *other = NULL;
  TestListening fixture;
  int fd;

  test_listening_begin (&fixture);
  other = g_strconcat (fixture.path, "-old", NULL);
  /* The old one lives on under another name, so that its inode is not used again. */
  g_assert_cmpint (g_rename (fixture.path, other), ==, 0);
  fd = bind_to (fixture.path);
  g_assert_true (qmp_client_close (fixture.client, NULL, NULL));
  g_assert_true (test_file_exists (fixture.path));
  close (fd);
  g_unlink (fixture.path);
  g_unlink (other);
  test_listening_clear (&fixture);
}

/* A relative path means the directory of the time when it was given. */
static void
test_relative_path (void)
{
  g_autofree char *before = g_get_current_dir ();
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new ("s");
  TestListening fixture;

  test_listening_init (&fixture);
  g_assert_cmpint (g_chdir (fixture.directory), ==, 0);
  test_listening_bind (&fixture, address);
  g_assert_cmpint (g_chdir (before), ==, 0);
  g_assert_true (test_file_exists (fixture.path));
  test_listening_clear (&fixture);
}

static void
test_cannot_bind (void)
{
  g_autoptr (GSocketAddress) absent = g_unix_socket_address_new ("/nonexistent/qmp");
  g_autoptr (GSocketAddress) foreign = g_inet_socket_address_new_from_string ("192.0.2.1", 0);
  g_autoptr (GError) error = NULL;
  TestListening fixture;

  test_listening_init (&fixture);
  g_assert_false (qmp_client_listen (fixture.client, G_SOCKET_CONNECTABLE (absent), NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  test_assert_error_has (error, "/nonexistent/qmp");
  g_clear_error (&error);
  g_assert_false (qmp_client_listen (fixture.client, G_SOCKET_CONNECTABLE (foreign), NULL, &error));
  g_test_message ("%s", error->message);
  test_assert_error_has (error, "192.0.2.1");
  test_listening_assert_log (&fixture, "");
  test_listening_clear (&fixture);
}

/* other addresses */

static void
count_notify_cb (QmpClient  *client,
                 GParamSpec *pspec,
                 guint      *count)
{
  (*count)++;
}

static void
test_tcp (gconstpointer data)
{
  const char *host = data;
  g_autoptr (GSocketConnectable) any = g_network_address_new (host, 0);
  g_autoptr (GSocketAddress) address = NULL;
  guint n_notified = 0;
  TestListening fixture;
  TestPeer *peer;
  int port;

  test_listening_init (&fixture);
  g_signal_connect (fixture.client, "notify::listen-address", G_CALLBACK (count_notify_cb), &n_notified);
  g_assert_null (qmp_client_get_listen_address (fixture.client));
  g_assert_true (qmp_client_listen (fixture.client, any, NULL, NULL));
  g_object_get (fixture.client, "listen-address", &address, NULL);
  g_assert_true (address == qmp_client_get_listen_address (fixture.client));
  port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address));
  g_assert_cmpint (port, >, 0);
  g_assert_cmpuint (n_notified, ==, 1);
  peer = test_peer_start_connecting (address, PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_REPLY ("{}"), PEER_EXPECT_EOF);
  test_accept_well (&fixture);
  test_execute_well (&fixture, "a");
  /* We hang up first, and the kernel remembers the connection: the port can be had again all the same. */
  g_assert_true (qmp_client_close (fixture.client, NULL, NULL));
  g_assert_cmpuint (n_notified, ==, 1);
  test_spin_until (n_notified == 2);
  test_peer_finish (peer);
  test_listening_bind (&fixture, address);
  peer = test_peer_start_connecting (address, PEER_HANDSHAKE);
  test_accept_well (&fixture);
  test_listening_clear (&fixture);
  test_peer_finish (peer);
}

static void
test_tcp_in_use (void)
{
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (QmpClient) other = qmp_client_new (NULL);
  g_autoptr (GError) error = NULL;
  TestListening fixture;

  test_listening_init (&fixture);
  test_listening_bind (&fixture, any);
  g_assert_false (qmp_client_listen (other, G_SOCKET_CONNECTABLE (qmp_client_get_listen_address (fixture.client)),
                                     NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  test_listening_clear (&fixture);
}

static void
test_abstract (void)
{
  g_autofree char *name = g_strdup_printf ("qmp-listen-test-%d", getpid ());
  g_autoptr (GSocketAddress) address =
    g_unix_socket_address_new_with_type (name, -1, G_UNIX_SOCKET_ADDRESS_ABSTRACT);
  TestListening fixture;
  TestPeer *peer;

  test_listening_init (&fixture);
  test_listening_bind (&fixture, address);
  peer = test_peer_start_connecting (address, PEER_HANDSHAKE);
  test_accept_well (&fixture);
  test_listening_clear (&fixture);
  test_peer_finish (peer);
}

/* QEMU */

/* QEMU connects, loses the link (a reply over the limit ends it) and comes again by itself; then it is killed and
 * another one comes. */
static void
test_qemu (gconstpointer data)
{
  gboolean blocking = GPOINTER_TO_INT (data);
  TestListening fixture;
  TestServer *server;
  g_autoptr (GError) error = NULL;

  test_listening_begin (&fixture);
  qmp_client_set_max_message_size (fixture.client, 1000);
  server = test_server_new_connecting (fixture.path);
  for (guint i = 0; i < 2; i++)
    {
      if (blocking)
        g_assert_true (qmp_client_accept (fixture.client, NULL, &error));
      else
        test_accept_well (&fixture);
      test_execute_well (&fixture, "query-version");
      g_assert_null (test_execute (fixture.client, "query-commands", &error));
      g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
      g_clear_error (&error);
      test_spin_until (test_log_has (fixture.log, "closed(too-large)"));
      test_log_clear (fixture.log);
    }
  test_accept_well (&fixture);
  test_server_kill (server);
  test_spin_until (test_log_has (fixture.log, "IDLE"));
  test_server_free (server);

  server = test_server_new_connecting (fixture.path);
  test_accept_well (&fixture);
  test_execute_well (&fixture, "quit");
  test_spin_until (test_log_count (fixture.log, "IDLE") == 2);
  test_server_free (server);
  test_listening_clear (&fixture);
}

static void
add_tests (void)
{
  g_test_add_func ("/client/listen/file/stale", test_stale_file);
  g_test_add_func ("/client/listen/given", test_given_socket);
  g_test_add_data_func ("/client/listen/file/living", GINT_TO_POINTER (1), test_living_socket);
  g_test_add_data_func ("/client/listen/file/bound", GINT_TO_POINTER (0), test_living_socket);
  g_test_add_data_func ("/client/listen/file/other/file", "file", test_other_file);
  g_test_add_data_func ("/client/listen/file/other/directory", "directory", test_other_file);
  g_test_add_data_func ("/client/listen/file/other/link", "link", test_other_file);
  g_test_add_func ("/client/listen/file/replaced", test_replaced_file);
  g_test_add_func ("/client/listen/file/relative", test_relative_path);
  g_test_add_func ("/client/listen/cannot-bind", test_cannot_bind);
  g_test_add_data_func ("/client/listen/tcp/number", "127.0.0.1", test_tcp);
  g_test_add_data_func ("/client/listen/tcp/localhost", "localhost", test_tcp);
  g_test_add_func ("/client/listen/tcp/in-use", test_tcp_in_use);
  g_test_add_func ("/client/listen/abstract", test_abstract);
  g_test_add_data_func ("/client/listen/qemu/async", GINT_TO_POINTER (FALSE), test_qemu);
  g_test_add_data_func ("/client/listen/qemu/blocking", GINT_TO_POINTER (TRUE), test_qemu);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  add_tests ();
  return g_test_run ();
}
