/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <limits.h>
#include <linux/vm_sockets.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

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
  { "host:abc", { "port “abc”", "host:abc", "no number" } },
  { "host:-1", { "port “-1”", "no number" } },
  { "host:+1", { "port “+1”", "no number" } },
  { "host: 1", { "port “ 1”", "no number" } },
  { "host:0x10", { "port “0x10”", "no number" } },
  { "host:65536", { "port “65536”", "65535" } },
  { "host:99999999999999999999999", { "port “99999999999999999999999”", "65535" } },
  { "tcp:host:4444,server=on", { "port “4444,server=on”", "no number" } },
  { "a b:1", { "host “a b”", "no host name" } },
  { "tcp:a/b:1", { "host “a/b”", "no host name" } },
  { "\377:1", { "no host name" } },
  { "::1:4444", { "brackets", "::1:4444" } },
  { "tcp:::1", { "brackets", "::1" } },
  { "[::1", { "bracket is not closed", "[::1" } },
  { "[::1:4444", { "bracket is not closed" } },
  { "[::1]", { "port is missing", "[::1]" } },
  { "[::1]:", { "port is missing" } },
  { "[::1]4444", { "behind the bracket", "“4444”" } },
  { "[::1]:x", { "port “x”" } },
  { "[host]:1", { "host “host”", "no IPv6 address" } },
  { "[127.0.0.1]:1", { "host “127.0.0.1”", "no IPv6 address" } },
  { "tcp:[]:1", { "host “”", "no IPv6 address" } },
  { "vsock:", { "context ID is missing" } },
  { "vsock:3", { "port is missing" } },
  { "vsock::4", { "context ID is missing" } },
  { "vsock:x:4", { "context ID “x”", "no number" } },
  { "vsock:4294967296:4", { "context ID “4294967296”", "4294967295" } },
  { "vsock:3:4:5", { "port “4:5”", "no number" } },
  { "fd:", { "file descriptor is missing" } },
  { "fd:x", { "file descriptor “x”", "no number" } },
  { "fd:-1", { "file descriptor “-1”", "no number" } },
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
  g_assert_error (file_error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_ADDRESS);
  test_assert_error_has (file_error, "not a socket");
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

  g_io_stream_close (stream, NULL, NULL);
  n_fds = test_count_fds ();
  g_assert_true (test_open (client, address, &error));
  g_assert_no_error (error);
  value = test_execute (client, "a", &error);
  g_assert_no_error (error);
  g_assert_true (test_close (client, &error));
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

  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_ADDRESS);
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

/* A virtio-serial port looks like this from inside. */
static void
test_open_terminal (void)
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
  text = g_strdup_printf ("fd:%d", slave);
  address = qmp_address_parse (text, NULL);
  n_fds = test_count_fds ();
  g_assert_cmpint (write (master, greeting, strlen (greeting)), ==, strlen (greeting));
  qmp_client_set_negotiate (client, FALSE);
  g_assert_true (test_open (client, address, &error));
  g_assert_no_error (error);
  g_assert_true (test_close (client, &error));
  test_client_free (client);
  /* GIO closes a stream of files in its thread. */
  test_spin_until (test_count_fds () == n_fds);
  close (slave);
  close (master);
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
  g_test_add_func ("/address/open/terminal", test_open_terminal);
  g_test_add_func ("/address/open/vsock", test_open_vsock);
  return g_test_run ();
}
