/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test-utils.h"
#include "wire/qmp-fd-stream-private.h"
#include "wire/qmp-stream-private.h"

/* Two pipes: one that the stream reads, one that it writes. The other ends are the caller's. */
static GIOStream *
make_pipes (int peer_fds[2])
{
  int in[2], out[2];

  g_assert_no_errno (pipe (in));
  g_assert_no_errno (pipe (out));
  peer_fds[0] = out[0];
  peer_fds[1] = in[1];
  return qmp_fd_stream_new (in[0], out[1]);
}

static void
close_both (int fds[2])
{
  close (fds[0]);
  close (fds[1]);
}

/* Waits for it. */
static void
assert_peer_ends (int fd)
{
  char byte;

  g_assert_cmpint (read (fd, &byte, 1), ==, 0);
}

/* Waits for nothing. */
static gboolean
has_been_closed (int fd)
{
  GPollFD pollfd = { fd, G_IO_IN, 0 };

  return g_poll (&pollfd, 1, 0) == 1 && (pollfd.revents & G_IO_HUP) != 0;
}

/* TLS that has not shaken hands. NULL if there is none on this machine. */
static GIOStream *
make_tls (GIOStream *base)
{
  g_autoptr(GError) error = NULL;
  GIOStream *stream;

  if (!g_tls_backend_supports_tls (g_tls_backend_get_default ()))
    {
      g_test_skip ("no TLS here");
      return NULL;
    }
  stream = g_tls_client_connection_new (base, NULL, &error);
  g_assert_no_error (error);
  return stream;
}

/* --- what it is made of --- */

static void
test_socket (void)
{
  int peer_fd;
  g_autoptr(GIOStream) stream = test_socketpair (&peer_fd);
  GSocket *socket = g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream));

  g_assert_true (qmp_stream_get_socket (stream) == socket);
  g_assert_cmpint (qmp_stream_get_socket_fd (stream), ==, g_socket_get_fd (socket));
  g_assert_null (qmp_stream_get_socket_below (stream));
  close (peer_fd);
}

/* A socket connection whose bytes are not those of its socket. */
static void
test_wrapper (void)
{
  int peer_fd;
  g_autoptr(GIOStream) base = test_socketpair (&peer_fd);
  g_autoptr(GIOStream) hidden = test_chunk_stream_new (base, 1);
  GSocket *socket = g_socket_connection_get_socket (G_SOCKET_CONNECTION (base));
  g_autoptr(GIOStream) stream = g_object_new (G_TYPE_TCP_WRAPPER_CONNECTION,
                                              "base-io-stream", hidden, "socket", socket, NULL);

  g_assert_null (qmp_stream_get_socket (stream));
  g_assert_cmpint (qmp_stream_get_socket_fd (stream), ==, -1);
  g_assert_null (qmp_stream_get_socket (hidden));
  g_assert_cmpint (qmp_stream_get_socket_fd (hidden), ==, -1);
  close (peer_fd);
}

/* Streams over descriptors: one socket both ways is as good as a socket. */
static void
test_descriptors (void)
{
  int fds[2], other_fds[2], peer_fds[2];
  g_autoptr(GIOStream) same = NULL;
  g_autoptr(GIOStream) twice = NULL;
  g_autoptr(GIOStream) gio = NULL;
  g_autoptr(GIOStream) different = NULL;
  g_autoptr(GIOStream) pipes = make_pipes (peer_fds);
  g_autoptr(GInputStream) input = NULL;
  g_autoptr(GOutputStream) output = NULL;

  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM, 0, fds));
  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM, 0, other_fds));
  same = qmp_fd_stream_new (dup (fds[0]), dup (fds[0]));
  different = qmp_fd_stream_new (dup (fds[0]), dup (other_fds[0]));
  input = g_unix_input_stream_new (fds[0], FALSE);
  output = g_unix_output_stream_new (fds[0], FALSE);
  gio = g_simple_io_stream_new (input, output);

  g_assert_null (qmp_stream_get_socket (same));
  g_assert_true (G_IS_SIMPLE_IO_STREAM (same));
  g_assert_cmpint (qmp_stream_get_socket_fd (same), ==,
                   qmp_fd_output_stream_get_fd (QMP_FD_OUTPUT_STREAM (g_io_stream_get_output_stream (same))));
  g_assert_cmpint (qmp_stream_get_socket_fd (gio), ==, fds[0]);
  g_assert_cmpint (qmp_stream_get_socket_fd (different), ==, -1);
  g_assert_cmpint (qmp_stream_get_socket_fd (pipes), ==, -1);

  close_both (fds);
  close_both (other_fds);
  close_both (peer_fds);
}

/* One file both ways that is not a socket. */
static void
test_file (void)
{
  int fd = open ("/dev/null", O_RDWR);
  g_autoptr(GIOStream) stream = qmp_fd_stream_new (fd, dup (fd));

  g_assert_cmpint (qmp_stream_get_socket_fd (stream), ==, -1);
}

static void
test_tls (void)
{
  int peer_fd, peer_fds[2];
  g_autoptr(GIOStream) base = test_socketpair (&peer_fd);
  g_autoptr(GIOStream) pipes = make_pipes (peer_fds);
  g_autoptr(GIOStream) stream = make_tls (base);
  g_autoptr(GIOStream) over_pipes = NULL;

  if (stream == NULL)
    return;

  over_pipes = make_tls (pipes);
  g_assert_null (qmp_stream_get_socket (stream));
  g_assert_cmpint (qmp_stream_get_socket_fd (stream), ==, -1);
  g_assert_true (qmp_stream_get_socket_below (stream) == qmp_stream_get_socket (base));
  g_assert_null (qmp_stream_get_socket_below (over_pipes));
  close (peer_fd);
  close_both (peer_fds);
}

/* --- is it closed --- */

/* A socket's halves may be closed: they are not used. */
static void
test_is_closed (void)
{
  for (guint part = 0; part < 5; part++)
    {
      int peer_fd;
      g_autoptr(GIOStream) stream = test_socketpair (&peer_fd);

      g_assert_false (qmp_stream_is_closed (stream));
      if (part == 0)
        g_io_stream_close (stream, NULL, NULL);
      else if (part == 1)
        g_socket_close (qmp_stream_get_socket (stream), NULL);
      else if (part == 2)
        g_input_stream_close (g_io_stream_get_input_stream (stream), NULL, NULL);
      else if (part == 3)
        g_output_stream_close (g_io_stream_get_output_stream (stream), NULL, NULL);
      else
        close (peer_fd);
      /* That the other side has closed its end is not that. */
      g_assert_cmpint (qmp_stream_is_closed (stream), ==, part < 2);
      if (part < 4)
        close (peer_fd);
    }
}

static void
test_is_closed_below (void)
{
  int peer_fd;
  g_autoptr(GIOStream) base = test_socketpair (&peer_fd);
  g_autoptr(GIOStream) stream = make_tls (base);

  if (stream == NULL)
    return;

  g_assert_false (qmp_stream_is_closed (stream));
  g_socket_close (qmp_stream_get_socket (base), NULL);
  g_assert_true (qmp_stream_is_closed (stream));
  close (peer_fd);
}

static void
test_is_half_closed_below (void)
{
  int peer_fd;
  g_autoptr(GIOStream) base = test_socketpair (&peer_fd);
  g_autoptr(GIOStream) stream = make_tls (base);

  if (stream == NULL)
    return;

  g_input_stream_close (g_io_stream_get_input_stream (base), NULL, NULL);
  g_assert_true (qmp_stream_is_closed (stream));
  close (peer_fd);
}

/* --- closing --- */

static void
test_close_socket (void)
{
  int peer_fd;
  g_autoptr(GIOStream) stream = test_socketpair (&peer_fd);

  /* At once, with bytes that nobody has read. */
  g_assert_cmpint (write (peer_fd, "x", 1), ==, 1);
  qmp_stream_close (stream);
  g_assert_true (g_io_stream_is_closed (stream));
  g_assert_true (has_been_closed (peer_fd));
  /* Once more is nothing. */
  qmp_stream_close (stream);
  close (peer_fd);
}

/* One of GIO's threads closes it, and holds it for that long. */
static void
test_close_pipes (void)
{
  int peer_fds[2];
  GIOStream *stream = make_pipes (peer_fds);
  GWeakRef weak_ref;
  GObject *left;

  qmp_stream_close (stream);
  assert_peer_ends (peer_fds[0]);
  close_both (peer_fds);
  g_object_unref (stream);

  stream = make_pipes (peer_fds);
  g_weak_ref_init (&weak_ref, stream);
  qmp_stream_close (stream);
  g_object_unref (stream);
  assert_peer_ends (peer_fds[0]);
  while ((left = g_weak_ref_get (&weak_ref)) != NULL)
    {
      g_object_unref (left);
      g_thread_yield ();
    }
  g_weak_ref_clear (&weak_ref);
  close_both (peer_fds);
}

/* Nothing is said to a peer that does not shake hands, and nobody waits for it. */
static void
test_close_tls (void)
{
  int peer_fd;
  GIOStream *base = test_socketpair (&peer_fd);
  GIOStream *stream = make_tls (base);
  GSocket *socket = g_object_ref (qmp_stream_get_socket (base));

  if (stream != NULL)
    {
      qmp_stream_close (stream);
      g_object_unref (stream);
      g_assert_cmpuint (g_socket_get_timeout (socket), >, 0);
      assert_peer_ends (peer_fd);
    }
  g_object_unref (socket);
  g_object_unref (base);
  close (peer_fd);
}

/* --- in a forked child --- */

static void
run_in_child (GIOStream *stream)
{
  pid_t pid = fork ();
  int status;

  if (pid == 0)
    {
      qmp_stream_abandon (stream);
      _exit (qmp_stream_is_closed (stream) ? 0 : 1);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (g_spawn_check_wait_status (status, NULL));
}

static void
test_abandon (void)
{
  int peer_fd;
  g_autoptr(GIOStream) stream = test_socketpair (&peer_fd);
  g_autoptr(GIOStream) tls = make_tls (stream);

  run_in_child (stream);
  if (tls != NULL)
    run_in_child (tls);
  /* The parent's, and its peer's, is as it was. */
  g_assert_false (qmp_stream_is_closed (stream));
  g_assert_false (has_been_closed (peer_fd));
  g_assert_cmpint (write (peer_fd, "x", 1), ==, 1);
  g_assert_cmpint (recv (qmp_stream_get_socket_fd (stream), &(char) { 0 }, 1, 0), ==, 1);
  close (peer_fd);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/stream/socket", test_socket);
  g_test_add_func ("/stream/wrapper", test_wrapper);
  g_test_add_func ("/stream/descriptors", test_descriptors);
  g_test_add_func ("/stream/file", test_file);
  g_test_add_func ("/stream/tls", test_tls);
  g_test_add_func ("/stream/is-closed", test_is_closed);
  g_test_add_func ("/stream/is-closed/below", test_is_closed_below);
  g_test_add_func ("/stream/is-closed/below/half", test_is_half_closed_below);
  g_test_add_func ("/stream/close/socket", test_close_socket);
  g_test_add_func ("/stream/close/pipes", test_close_pipes);
  g_test_add_func ("/stream/close/tls", test_close_tls);
  g_test_add_func ("/stream/abandon", test_abandon);

  return g_test_run ();
}
