/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <limits.h>
#include <linux/vm_sockets.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "client/qmp-client-private.h"
#include "test-peer.h"

/* Addresses as people write them, and what only this library can connect to. */

typedef struct {
  const char *text;
  const char *type;
  const char *string;
} Good;

static const Good good[] = {
  { "/run/vm.sock", "GUnixSocketAddress", "/run/vm.sock" },
  { "vm.sock", "GUnixSocketAddress", "vm.sock" },
  { "localhost", "GUnixSocketAddress", "localhost" },
  { "./host:4444", "GUnixSocketAddress", "./host:4444" },
  { "/run/vm:1", "GUnixSocketAddress", "/run/vm:1" },
  { "/run/[vm", "GUnixSocketAddress", "/run/[vm" },
  { "a:b:c", "GUnixSocketAddress", "a:b:c" },
  { "unix:/run/vm.sock", "GUnixSocketAddress", "/run/vm.sock" },
  { "unix:4444", "GUnixSocketAddress", "4444" },
  { "unix:tcp:a:1", "GUnixSocketAddress", "tcp:a:1" },
  { "@vm", "GUnixSocketAddress", "vm" },
  { "@vm:1", "GUnixSocketAddress", "vm:1" },
  { "unix:@vm", "GUnixSocketAddress", "vm" },
  { "example.org:4444", "GNetworkAddress", "example.org:4444" },
  { "localhost:4444", "GNetworkAddress", "localhost:4444" },
  { ":4444", "GNetworkAddress", "localhost:4444" },
  { "tcp::4444", "GNetworkAddress", "localhost:4444" },
  { "tcp:example.org:4444", "GNetworkAddress", "example.org:4444" },
  { "tcp:fd:4444", "GNetworkAddress", "fd:4444" },
  { "b\303\274cher.example:1", "GNetworkAddress", "b\303\274cher.example:1" },
  { "127.0.0.1:65535", "GInetSocketAddress", "127.0.0.1:65535" },
  { "tcp:127.0.0.1:4444", "GInetSocketAddress", "127.0.0.1:4444" },
  { "127.0.0.1:0", "GInetSocketAddress", "127.0.0.1" },
  { "[::1]:4444", "GInetSocketAddress", "[::1]:4444" },
  { "tcp:[fe80::1]:4444", "GInetSocketAddress", "[fe80::1]:4444" },
  { "vsock:3:4444", "QmpOwnAddress", "vsock:3:4444" },
  { "vsock:4294967295:4294967295", "QmpOwnAddress", "vsock:4294967295:4294967295" },
  { "fd:0", "QmpOwnAddress", "fd:0" },
  { "fd:17", "QmpOwnAddress", "fd:17" },
  { "ssh:host/run/vm.sock", "QmpOwnAddress", "ssh:host/run/vm.sock" },
  { "ssh:me@host.example:22/run/vm.sock", "QmpOwnAddress", "ssh:me@host.example:22/run/vm.sock" },
  { "ssh://me@host/run/vm.sock", "QmpOwnAddress", "ssh:me@host/run/vm.sock" },
  { "ssh:host:0/vm", "QmpOwnAddress", "ssh:host/vm" },
  { "ssh:[::1]/vm", "QmpOwnAddress", "ssh:[::1]/vm" },
  { "ssh:me@[fe80::1]:22/vm", "QmpOwnAddress", "ssh:me@[fe80::1]:22/vm" },
  { "ssh:host/a%20b%25%2f:$\\@", "QmpOwnAddress", "ssh:host/a%20b%25/:$%5C@" },
  { "ssh:host/b\303\274cher", "QmpOwnAddress", "ssh:host/b\303\274cher" },
};

static void
test_good (gconstpointer data)
{
  const Good *expected = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketConnectable) address = qmp_address_parse (expected->text, &error);
  g_autofree char *string = NULL;

  g_assert_no_error (error);
  g_assert_cmpstr (G_OBJECT_TYPE_NAME (address), ==, expected->type);
  string = g_socket_connectable_to_string (address);
  g_assert_cmpstr (string, ==, expected->string);
}

typedef struct {
  const char *text;
  const char *parts[3];
} Bad;

static const Bad bad[] = {
  { "", { "empty" } },
  { "unix:", { "path is missing", "unix:" } },
  { "@", { "abstract name is missing", "“@”" } },
  { "unix:@", { "abstract name is missing", "unix:@" } },
  { "host:", { "port is missing", "host:" } },
  { ":", { "port is missing" } },
  { "tcp:", { "port is missing", "tcp:" } },
  { "tcp:host", { "port is missing", "tcp:host" } },
  { "host:abc", { "port “abc”", "host:abc", "not a number" } },
  { "host:-1", { "port “-1”", "not a number" } },
  { "host:+1", { "port “+1”", "not a number" } },
  { "host: 1", { "port “ 1”", "not a number" } },
  { "host:0x10", { "port “0x10”", "not a number" } },
  { "host:65536", { "port “65536”", "65535" } },
  { "host:99999999999999999999999", { "port “99999999999999999999999”", "65535" } },
  { "tcp:host:4444,server=on", { "port “4444,server=on”", "not a number" } },
  { "a b:1", { "host “a b”", "not a host name" } },
  { "tcp:a/b:1", { "host “a/b”", "not a host name" } },
  { "\377:1", { "not a host name" } },
  { "::1:4444", { "brackets", "::1:4444" } },
  { "tcp:::1", { "brackets", "::1" } },
  { "[::1", { "bracket is not closed", "[::1" } },
  { "[::1:4444", { "bracket is not closed" } },
  { "[::1]", { "port is missing", "[::1]" } },
  { "[::1]:", { "port is missing" } },
  { "[::1]4444", { "behind the bracket", "“4444”" } },
  { "[::1]:x", { "port “x”" } },
  { "[host]:1", { "host “host”", "not an IPv6 address" } },
  { "[127.0.0.1]:1", { "host “127.0.0.1”", "not an IPv6 address" } },
  { "tcp:[]:1", { "host “”", "not an IPv6 address" } },
  { "vsock:", { "context ID is missing" } },
  { "vsock:3", { "port is missing" } },
  { "vsock::4", { "context ID is missing" } },
  { "vsock:x:4", { "context ID “x”", "not a number" } },
  { "vsock:4294967296:4", { "context ID “4294967296”", "4294967295" } },
  { "vsock:3:4:5", { "port “4:5”", "not a number" } },
  { "fd:", { "file descriptor is missing" } },
  { "ssh:", { "host “”", "not a host name" } },
  { "ssh:host", { "path is missing", "ssh:host" } },
  { "ssh:host/", { "path is missing" } },
  { "ssh:/run/vm.sock", { "host “”", "not a host name" } },
  { "ssh:///run/vm.sock", { "host “”", "not a host name" } },
  { "ssh:-oProxyCommand=x/vm", { "host “-oProxyCommand=x”", "not a host name" } },
  { "ssh:-oProxyCommand=x@host/vm", { "user “-oProxyCommand=x”", "not a user's name" } },
  { "ssh:@host/vm", { "user “”", "not a user's name" } },
  { "ssh:a b@host/vm", { "user “a b”", "not a user's name" } },
  { "ssh:a b/vm", { "host “a b”", "not a host name" } },
  { "ssh:::1/vm", { "brackets", "ssh:[::1]/PATH" } },
  { "ssh:[::1/vm", { "bracket is not closed" } },
  { "ssh:[host]/vm", { "host “host”", "not an IPv6 address" } },
  { "ssh:[::1]x/vm", { "behind the bracket", "“x”" } },
  { "ssh:host:/vm", { "port is missing" } },
  { "ssh:host:x/vm", { "port “x”", "not a number" } },
  { "ssh:host:65536/vm", { "port “65536”", "65535" } },
  { "ssh:host/a%2", { "“%25”" } },
  { "ssh:host/a%00b", { "“%25”" } },
  { "ssh:host/${HOME}", { "“${”" } },
  { "fd:x", { "file descriptor “x”", "not a number" } },
  { "fd:-1", { "file descriptor “-1”", "not a number" } },
  { "fd:2147483648", { "file descriptor “2147483648”", "2147483647" } },
};

static void
test_bad (gconstpointer data)
{
  const Bad *expected = data;
  g_autoptr (GError) error = NULL;

  g_assert_null (qmp_address_parse (expected->text, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_ADDRESS);
  for (guint i = 0; i < G_N_ELEMENTS (expected->parts) && expected->parts[i] != NULL; i++)
    test_assert_error_has (error, expected->parts[i]);
  g_assert_null (qmp_address_parse (expected->text, NULL));
}

/* The limits of what fits. */
static void
test_long (void)
{
  g_autofree char *fits = g_strnfill (107, 'a');
  g_autofree char *path = g_strnfill (108, 'a');
  g_autofree char *longest = g_strnfill (PATH_MAX - 1, 'a');
  g_autofree char *too_long = g_strnfill (PATH_MAX, 'a');
  g_autofree char *name = g_strconcat ("@", fits, NULL);
  g_autofree char *long_name = g_strconcat ("@", path, NULL);
  g_autoptr (GSocketConnectable) address = qmp_address_parse (fits, NULL);
  g_autoptr (GSocketConnectable) long_address = qmp_address_parse (path, NULL);
  g_autoptr (GSocketConnectable) longest_address = qmp_address_parse (longest, NULL);
  g_autoptr (GSocketConnectable) abstract_address = qmp_address_parse (name, NULL);
  g_autofree char *string = g_socket_connectable_to_string (longest_address);
  g_autoptr (GError) error = NULL;

  g_assert_true (G_IS_UNIX_SOCKET_ADDRESS (address));
  g_assert_cmpstr (g_unix_socket_address_get_path (G_UNIX_SOCKET_ADDRESS (address)), ==, fits);
  g_assert_cmpstr (G_OBJECT_TYPE_NAME (long_address), ==, "QmpOwnAddress");
  g_assert_cmpstr (string, ==, longest);
  g_assert_cmpuint (g_unix_socket_address_get_path_len (G_UNIX_SOCKET_ADDRESS (abstract_address)), ==, 107);
  g_assert_null (qmp_address_parse (too_long, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_ADDRESS);
  test_assert_error_has (error, "4096 bytes");
  test_assert_error_has (error, "4095");
  g_clear_error (&error);
  g_assert_null (qmp_address_parse (long_name, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_ADDRESS);
  test_assert_error_has (error, "108 bytes");
}

/* Whoever hands such a path to something else than the client hears why not. */
static void
test_long_elsewhere (void)
{
  g_autofree char *path = g_strnfill (108, 'a');
  g_autoptr (GSocketConnectable) address = qmp_address_parse (path, NULL);
  g_autoptr (GSocketConnectable) fd_address = qmp_address_parse ("fd:3", NULL);
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GError) error = NULL;

  g_assert_null (g_socket_client_connect (client, address, NULL, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_ADDRESS);
  test_assert_error_has (error, "108 bytes");
  test_assert_error_has (error, "107");
  g_clear_error (&error);
  g_assert_null (g_socket_client_connect (client, fd_address, NULL, &error));
  g_assert_nonnull (error);
}

/* A file that is there is meant, whatever its name looks like. */
static void
test_file_with_colon (void)
{
  g_autofree char *directory = g_dir_make_tmp ("qmp-address-XXXXXX", NULL);
  g_autofree char *back = g_get_current_dir ();
  g_autoptr (GSocketConnectable) before = NULL;
  g_autoptr (GSocketConnectable) after = NULL;

  g_assert_cmpint (g_chdir (directory), ==, 0);
  before = qmp_address_parse ("host:4444", NULL);
  g_assert_true (g_file_set_contents ("host:4444", "", 0, NULL));
  after = qmp_address_parse ("host:4444", NULL);
  g_assert_true (G_IS_NETWORK_ADDRESS (before));
  g_assert_true (G_IS_UNIX_SOCKET_ADDRESS (after));
  g_unlink ("host:4444");
  g_assert_cmpint (g_chdir (back), ==, 0);
  g_rmdir (directory);
}

/* opening */

static GError *
fail_to_open (const char *text)
{
  g_autoptr (QmpClient) client = qmp_client_new (NULL);
  g_autoptr (GSocketConnectable) address = qmp_address_parse (text, NULL);
  GError *error = NULL;
  g_autoptr (GError) blocking_error = NULL;

  g_assert_false (test_open (client, address, &error));
  g_assert_false (qmp_client_open (client, address, NULL, &blocking_error));
  g_assert_error (blocking_error, error->domain, error->code);
  g_assert_cmpstr (blocking_error->message, ==, error->message);
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_IDLE);
  return error;
}

static void
check_opens (TestPeer   *peer,
             const char *text)
{
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (GSocketConnectable) address = qmp_address_parse (text, NULL);
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (test_open (client, address, &error));
  g_assert_no_error (error);
  value = test_execute (client, "a", &error);
  g_assert_no_error (error);
  test_peer_close (peer, client);
}

/* A path of 400 bytes, a name of 200 in it. */
static void
test_open_long (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_REPLY ("{}"));
  g_autofree char *top = g_dir_make_tmp ("qmp-address-XXXXXX", NULL);
  g_autofree char *name = g_strnfill (200, 'd');
  g_autofree char *directory = g_build_filename (top, name, NULL);
  g_autofree char *path = g_build_filename (directory, name, NULL);
  g_autofree char *other = g_build_filename (directory, "other", NULL);
  g_autofree char *absent = g_strconcat (path, "x", NULL);
  g_autofree char *text = g_strconcat ("unix:", path, NULL);
  g_autofree char *file = g_build_filename (directory, name + 1, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) file_error = NULL;
  guint n_fds = test_count_fds ();

  g_assert_cmpint (g_mkdir (directory, 0700), ==, 0);
  error = fail_to_open (absent);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  test_assert_error_has (error, absent);
  g_assert_true (g_file_set_contents (file, "", 0, NULL));
  file_error = fail_to_open (file);
  g_assert_error (file_error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_NOT_A_SOCKET);
  test_assert_error_has (file_error, "neither a socket");
  g_assert_cmpuint (test_count_fds (), ==, n_fds);

  g_assert_cmpint (link (test_peer_get_path (peer), path), ==, 0);
  check_opens (peer, text);
  g_unlink (path);
  g_unlink (file);
  g_rmdir (directory);
  g_rmdir (top);
}

/* The descriptor stays ours, and open. */
static void
test_open_fd (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_REPLY ("{}"));
  g_autoptr (GIOStream) stream = test_peer_steal_stream (peer);
  int fd = dup (g_socket_get_fd (g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream))));
  g_autofree char *text = g_strdup_printf ("fd:%d", fd);
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (GSocketConnectable) address = qmp_address_parse (text, NULL);
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;
  guint n_fds;
  int flags;

  g_io_stream_close (stream, NULL, NULL);
  g_assert_true (g_unix_set_fd_nonblocking (fd, FALSE, NULL));
  flags = fcntl (fd, F_GETFL);
  n_fds = test_count_fds ();
  g_assert_true (test_open (client, address, &error));
  g_assert_no_error (error);
  /* It is the caller's, who may share it with others. */
  g_assert_cmpint (fcntl (fd, F_GETFL), ==, flags);
  value = test_execute (client, "a", &error);
  g_assert_no_error (error);
  g_assert_true (test_close (client, &error));
  g_assert_cmpint (fcntl (fd, F_GETFL), ==, flags);
  test_client_free (client);
  g_assert_true (test_fd_is_open (fd));
  g_assert_cmpuint (test_count_fds (), ==, n_fds);
  close (fd);
  test_peer_finish (peer);
}

/* Descriptors that cannot carry a monitor. */
static void
check_fd_fails (int         fd,
                const char *part)
{
  g_autofree char *text = g_strdup_printf ("fd:%d", fd);
  guint n_fds = test_count_fds ();
  g_autoptr (GError) error = fail_to_open (text);

  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_NOT_A_SOCKET);
  test_assert_error_has (error, text);
  test_assert_error_has (error, part);
  g_assert_cmpuint (test_count_fds (), ==, n_fds);
}

static void
test_bad_fds (void)
{
  int listener = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int directory = open ("/", O_RDONLY | O_CLOEXEC);

  check_fd_fails (listener, "not connected");
  check_fd_fails (directory, "neither a socket nor a device");
  close (listener);
  close (directory);
  check_fd_fails (listener, "not open");
}

/* Opens without a handshake: the connection is all that matters. */
static QmpClient *
open_bare (const char *text)
{
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (GSocketConnectable) address = qmp_address_parse (text, NULL);
  g_autoptr (GError) error = NULL;

  qmp_client_set_negotiate (client, FALSE);
  qmp_client_set_await_greeting (client, FALSE);
  g_assert_true (test_open (client, address, &error));
  g_assert_no_error (error);
  return client;
}

static void
close_bare (QmpClient *client)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (test_close (client, &error));
  g_assert_no_error (error);
  test_client_free (client);
}

/* A virtio-serial port looks like this from inside; by its path, QEMU's pseudo-terminal. */
static void
test_open_terminal (gconstpointer by_path)
{
  int master = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);
  char name[64];
  int slave;
  g_autofree char *text = NULL;
  g_autoptr (GSocketConnectable) address = NULL;
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (GError) error = NULL;
  guint n_fds;
  const char greeting[] = PEER_GREETING;

  g_assert_cmpint (grantpt (master), ==, 0);
  g_assert_cmpint (unlockpt (master), ==, 0);
  g_assert_cmpint (ptsname_r (master, name, sizeof (name)), ==, 0);
  slave = open (name, O_RDWR | O_NOCTTY | O_CLOEXEC);
  text = by_path != NULL ? g_strdup (name) : g_strdup_printf ("fd:%d", slave);
  address = qmp_address_parse (text, NULL);
  n_fds = test_count_fds ();
  g_assert_cmpint (write (master, greeting, strlen (greeting)), ==, strlen (greeting));
  qmp_client_set_negotiate (client, FALSE);
  g_assert_true (test_open (client, address, &error));
  g_assert_no_error (error);
  g_assert_false (fcntl (slave, F_GETFL) & O_NONBLOCK);
  close_bare (client);
  /* GIO closes a stream of files in its thread. */
  test_spin_until (test_count_fds () == n_fds);
  close (slave);
  close (master);
}

/* QEMU's "-chardev pipe,path=PATH". */
static void
test_open_pipes (void)
{
  g_autofree char *top = g_dir_make_tmp ("qmp-address-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (top, "m", NULL);
  g_autofree char *in = g_strconcat (path, ".in", NULL);
  g_autofree char *out = g_strconcat (path, ".out", NULL);
  g_autoptr (GError) absent = fail_to_open (path);
  g_autoptr (GError) unread = NULL;
  g_autoptr (GError) half = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  char buffer[64] = "";
  QmpClient *client;
  int in_fd, out_fd;

  g_assert_error (absent, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_cmpint (mkfifo (in, 0600), ==, 0);
  g_assert_cmpint (mkfifo (out, 0600), ==, 0);
  unread = fail_to_open (path);
  g_assert_error (unread, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
  half = fail_to_open (out);
  g_assert_error (half, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_NOT_A_SOCKET);
  test_assert_error_has (half, "pipe");

  in_fd = open (in, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  out_fd = open (out, O_RDWR | O_CLOEXEC);
  client = open_bare (path);
  qmp_client_execute_async (client, "a", NULL, NULL, test_result_cb, &result);
  test_spin_ready ();
  g_assert_cmpint (read (in_fd, buffer, sizeof buffer - 1), >, 0);
  g_assert_true (g_str_has_prefix (buffer, "{\"execute\":\"a\""));
  g_assert_true (test_close (client, NULL));
  test_spin_until (result != NULL);
  g_clear_object (&result);
  test_client_free (client);
  close (in_fd);
  close (out_fd);
  g_unlink (in);
  g_unlink (out);
  g_rmdir (top);
}

/* QEMU's "abstract=on,tight=off". */
static void
test_open_padded (void)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int listener = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_autofree char *text = g_strdup_printf ("@qmp-address-test-%d", (int) getpid ());

  g_strlcpy (address.sun_path + 1, text + 1, sizeof address.sun_path - 1);
  g_assert_cmpint (bind (listener, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (listen (listener, 1), ==, 0);
  close_bare (open_bare (text));
  close (listener);
}

static void
test_keep_alive (gconstpointer on)
{
  TestPeer *peer = test_peer_start (TEST_PEER_TCP, PEER_HANDSHAKE);
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (GError) error = NULL;
  guint n_notified = 0;
  int value = -1;
  socklen_t size = sizeof value;

  g_assert_true (qmp_client_get_keep_alive (client));
  g_signal_connect_swapped (client, "notify::keep-alive", G_CALLBACK (g_atomic_int_inc), &n_notified);
  g_object_set (client, "keep-alive", on != NULL, NULL);
  g_assert_cmpuint (n_notified, ==, on == NULL);
  g_assert_true (test_open (client, test_peer_get_address (peer), &error));
  g_assert_no_error (error);
  g_assert_cmpint (getsockopt (qmp_transport_get_fd (client->link->transport), SOL_SOCKET, SO_KEEPALIVE, &value, &size), ==, 0);
  g_assert_true ((value != 0) == (on != NULL));
  test_peer_close (peer, client);
}

/* There is no such server, wherever this runs: nobody listens on the port. What the kernel says differs. */
static void
test_open_vsock (void)
{
  g_autoptr (GError) error = fail_to_open ("vsock:2:4294967294");

  test_assert_error_has (error, "Could not connect to vsock:2:4294967294: ");
  g_assert_true (error->domain == G_IO_ERROR);
}

static void
add_table_tests (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autofree char *path = g_strdup_printf ("/address/good/%u", i);

      g_test_add_data_func (path, &good[i], test_good);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *path = g_strdup_printf ("/address/bad/%u", i);

      g_test_add_data_func (path, &bad[i], test_bad);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_autoptr (GError) error = NULL;

  g_test_init (&argc, &argv, NULL);
  /* The main contexts make their descriptors now, before any are counted. */
  error = fail_to_open ("/nonexistent/qmp");
  add_table_tests ();
  g_test_add_func ("/address/long", test_long);
  g_test_add_func ("/address/long-elsewhere", test_long_elsewhere);
  g_test_add_func ("/address/file-with-colon", test_file_with_colon);
  g_test_add_func ("/address/open/long", test_open_long);
  g_test_add_func ("/address/open/fd", test_open_fd);
  g_test_add_func ("/address/open/bad-fds", test_bad_fds);
  g_test_add_data_func ("/address/open/terminal", NULL, test_open_terminal);
  g_test_add_data_func ("/address/open/terminal/path", GINT_TO_POINTER (TRUE), test_open_terminal);
  g_test_add_func ("/address/open/pipes", test_open_pipes);
  g_test_add_func ("/address/open/padded", test_open_padded);
  g_test_add_data_func ("/address/open/keep-alive/on", GINT_TO_POINTER (TRUE), test_keep_alive);
  g_test_add_data_func ("/address/open/keep-alive/off", NULL, test_keep_alive);
  g_test_add_func ("/address/open/vsock", test_open_vsock);
  return g_test_run ();
}
