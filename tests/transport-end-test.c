/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/socket.h>
#include <unistd.h>

#include "test-utils.h"
#include "test-wire.h"

/* How a link ends: by the other side, by the program, by its owner. An end of the stream is told as "broken-pipe":
 * G_IO_ERROR_CONNECTION_CLOSED is another name of G_IO_ERROR_BROKEN_PIPE. */

static void
test_ended (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);
  g_autoptr(QmpPacket) packet = test_packet ("{}");

  test_wire_say (wire, "{\"a\":1}{\"half");
  test_wire_hang_up (wire);
  test_wire_settle (wire);
  test_assert_log (wire, "text({\"a\":1}) | junk({\"half) ended(broken-pipe) |");
  g_assert_false (qmp_transport_has_lost (wire->transport));

  /* After it nothing happens, and nothing is kept. */
  qmp_transport_send (wire->transport, packet);
  g_assert_false (packet->queued);
  g_assert_true (qmp_transport_is_flushed (wire->transport));
  qmp_transport_flush (wire->transport);
  qmp_transport_read_rest (wire->transport);
  g_assert_false (test_wire_turn (wire));
  test_assert_log (wire, "");
}

/* What it said before it left is not lost because nobody takes our words any more. */
static void
test_gone_unread (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);

  test_wire_send (wire, "{\"out\":1}\n");
  test_wire_settle (wire);
  test_assert_log (wire, "sent({\"out\":1})");
  test_wire_say_many (wire, 2048);
  /* With bytes that it has not read. */
  test_wire_hang_up (wire);
  test_wire_send (wire, "{\"out\":2}\n");
  test_wire_send (wire, "{\"out\":3}\n");
  wire->begun = FALSE;
  qmp_transport_flush (wire->transport);
  /* The error comes up later. */
  test_assert_log (wire, "");
  g_assert_true (qmp_transport_is_flushed (wire->transport));
  g_assert_true (qmp_transport_has_lost (wire->transport));

  test_wire_settle (wire);
  g_assert_cmpuint (test_wire_count (wire, "text"), ==, 2048);
  g_assert_true (g_str_has_suffix (wire->log->str, ") | ended(broken-pipe) |"));
}

/* It reads no more, but is there. */
static void
test_write_error (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);

  shutdown (wire->peer_fd, SHUT_RD);
  test_wire_say (wire, "{\"a\":1}");
  test_wire_send (wire, "{\"out\":1}\n");
  test_wire_settle (wire);
  test_assert_log (wire, "text({\"a\":1}) | ended(broken-pipe) |");
  g_assert_true (qmp_transport_has_lost (wire->transport));
}

static void
test_ended_with_queue (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);
  g_autoptr(QmpPacket) half = test_wire_fill (wire);
  g_autoptr(QmpPacket) behind = test_packet ("{}");

  qmp_transport_send (wire->transport, behind);
  shutdown (wire->peer_fd, SHUT_WR);
  test_wire_settle (wire);
  g_assert_true (g_str_has_suffix (wire->log->str, "ended(broken-pipe) |"));
  g_assert_false (half->queued);
  g_assert_false (behind->queued);
  g_assert_true (qmp_transport_has_lost (wire->transport));
}

/* Its number may be another file's by now. */
static void
test_closed_by_program (void)
{
  for (guint i = 0; i < 2; i++)
    {
      int peer_fd, fd, other_fds[2];
      char byte;
      GIOStream *stream = test_socketpair (&peer_fd);
      g_autoptr(TestWire) wire = test_wire_new_for_stream (stream, peer_fd);

      g_object_ref (stream);
      test_wire_send (wire, "{}");
      fd = g_socket_get_fd (g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream)));
      g_io_stream_close (stream, NULL, NULL);
      g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM, 0, other_fds));
      if (other_fds[0] != fd)
        g_assert_cmpint (dup2 (other_fds[0], fd), ==, fd);
      g_assert_cmpint (write (other_fds[1], "{}", 2), ==, 2);

      if (i == 0)
        test_wire_settle (wire);
      else
        while (!wire->over)
          qmp_transport_iterate (wire->transport, -1);
      test_assert_log (wire, "ended(closed) |");
      g_assert_cmpint (recv (other_fds[1], &byte, 1, MSG_DONTWAIT), ==, -1);
      test_wire_close (wire);
      g_assert_cmpint (recv (fd, &byte, 1, MSG_DONTWAIT), ==, 1);
      close (fd);
      if (other_fds[0] != fd)
        close (other_fds[0]);
      close (other_fds[1]);
      g_object_unref (stream);
    }
}

static void
test_close_queued (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);
  g_autoptr(QmpPacket) packet = test_packet ("{\"a\":1}");
  int pipe_fd = test_wire_send_with_fds (wire, "{}", 1);
  char byte;

  qmp_transport_send (wire->transport, packet);
  test_wire_say (wire, "{}");
  test_wire_close (wire);
  g_assert_false (packet->queued);
  g_assert_false (packet->begun);
  test_assert_pipe_ended (pipe_fd);
  /* At once: with what was not read, Linux says it like this. */
  g_assert_cmpint (recv (wire->peer_fd, &byte, 1, MSG_DONTWAIT), ==, -1);
  g_assert_cmpint (errno, ==, ECONNRESET);
  g_assert_cmpint (recv (wire->peer_fd, &byte, 1, MSG_DONTWAIT), ==, 0);
  g_assert_false (test_wire_turn (wire));
  test_assert_log (wire, "");
}

static void
test_close_after_dispatch (void)
{
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);

      wire->after_dispatch = test_wire_close;
      test_wire_send (wire, "{\"out\":1}");
      test_wire_say (wire, "{\"a\":1}");
      /* In the dispatch that tells of the end, too. */
      if (i == 1)
        shutdown (wire->peer_fd, SHUT_WR);
      if (i == 2)
        qmp_transport_iterate (wire->transport, -1);
      else
        test_wire_turn (wire);
      g_assert_null (wire->transport);
      test_assert_log (wire, "sent({\"out\":1}) text({\"a\":1}) |");
      g_assert_false (test_wire_turn (wire));
      test_assert_log (wire, "");
    }
}

static void
close_when_over (TestWire *wire)
{
  if (wire->over)
    test_wire_close (wire);
}

static void
test_close_after_end (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);

  wire->after_dispatch = close_when_over;
  test_wire_hang_up (wire);
  test_wire_settle (wire);
  g_assert_null (wire->transport);
  test_assert_log (wire, "ended(broken-pipe) |");
}

static void
test_closed_before (void)
{
  const QmpTransportFuncs unused = { NULL };
  g_autoptr(GError) error = NULL;
  int peer_fd;
  g_autoptr(GIOStream) stream = test_socketpair (&peer_fd);

  g_io_stream_close (stream, NULL, NULL);
  g_assert_null (qmp_transport_new (stream, 100, 1, &unused, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  close (peer_fd);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/transport-end/ended", test_ended);
  g_test_add_func ("/transport-end/ended/gone-unread", test_gone_unread);
  g_test_add_func ("/transport-end/ended/write-error", test_write_error);
  g_test_add_func ("/transport-end/ended/with-queue", test_ended_with_queue);
  g_test_add_func ("/transport-end/ended/closed-by-program", test_closed_by_program);
  g_test_add_func ("/transport-end/close/queued", test_close_queued);
  g_test_add_func ("/transport-end/close/after-dispatch", test_close_after_dispatch);
  g_test_add_func ("/transport-end/close/after-end", test_close_after_end);
  g_test_add_func ("/transport-end/new/closed", test_closed_before);

  return g_test_run ();
}
