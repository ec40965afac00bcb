/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <unistd.h>

#include "test-utils.h"
#include "test-wire.h"

/* Over streams that are not sockets. */

/* So many bytes are too many for one turn. */
#define MUCH (200 * 1024)

static void
assert_read (int         fd,
             const char *expected)
{
  char buffer[256];
  gssize n = read (fd, buffer, sizeof (buffer));

  g_assert_cmpmem (buffer, MAX (n, 0), expected, strlen (expected));
}

static void
test_pipes (void)
{
  int peer_out;
  g_autoptr(TestWire) wire = test_wire_new_over_pipes (&peer_out);

  g_assert_false (qmp_transport_can_iterate (wire->transport));
  g_assert_false (qmp_transport_can_send_fds (wire->transport));
  test_wire_say (wire, "{\"a\":1} junk {\"b");
  test_wire_send (wire, "{\"c\":1}\n");
  test_wire_send (wire, "{\"d\":1}\n");
  test_wire_settle (wire);
  test_assert_log (wire, "sent({\"c\":1}) sent({\"d\":1}) text({\"a\":1}) junk(junk ) |");
  assert_read (peer_out, "{\"c\":1}\n{\"d\":1}\n");

  test_wire_say (wire, "\":2}");
  test_wire_send_read_first (wire, "{\"e\":1}\n");
  test_wire_settle (wire);
  test_assert_log (wire, "text({\"b\":2}) sent({\"e\":1}) |");
  test_wire_hang_up (wire);
  test_wire_settle (wire);
  test_assert_log (wire, "ended(broken-pipe) |");
  close (peer_out);
}

/* What was given to a stream that would block may be out in part: it is not taken back. */
static void
test_pipes_blocked (void)
{
  int peer_out;
  g_autoptr(TestWire) wire = test_wire_new_over_pipes (&peer_out);
  g_autoptr(GMainContext) other = g_main_context_new ();
  g_autoptr(QmpIoContext) other_io = qmp_io_context_get (other);
  g_autoptr(QmpPacket) half = test_wire_fill (wire);
  g_autoptr(QmpPacket) behind = test_packet ("{\"b\":1}\n");
  g_autofree char *buffer = g_malloc (MUCH);
  gsize written = half->written;

  qmp_transport_send (wire->transport, behind);
  test_wire_turn (wire);
  g_assert_cmpuint (half->written, ==, written);
  g_assert_false (qmp_transport_recall (wire->transport, half));
  g_assert_true (qmp_transport_recall (wire->transport, behind));

  /* It is waited for, where the transport has moved to. */
  qmp_transport_attach (wire->transport, other_io);
  g_assert_cmpint (read (peer_out, buffer, MUCH), >, 0);
  test_wire_turn (wire);
  g_assert_cmpuint (half->written, ==, written);
  g_assert_true (g_main_context_iteration (other, FALSE));
  g_assert_cmpuint (half->written, >, written);
  test_wire_close (wire);
  close (peer_out);
}

/* Nor is it if nothing of it is out yet: TLS wants to be given the same bytes again. */
static void
test_begun_blocked (void)
{
  int peer_out;
  g_autoptr(TestWire) wire = test_wire_new_over_pipes (&peer_out);
  g_autoptr(QmpPacket) packet = NULL;

  do
    {
      g_clear_pointer (&packet, qmp_packet_unref);
      packet = test_packet_large (2048);
      qmp_transport_send (wire->transport, packet);
      qmp_transport_flush (wire->transport);
    }
  while (packet->written > 0);
  g_assert_false (qmp_transport_recall (wire->transport, packet));
  close (peer_out);
}

/* Such a stream's source does not know what the stream holds itself: a read that was full is followed by another. */
static void
test_pipes_more (void)
{
  int peer_out;
  g_autoptr(TestWire) wire = test_wire_new_over_pipes (&peer_out);
  guint n_turns = 0;

  test_wire_say_many (wire, 4096);
  while (test_wire_turn (wire) || test_wire_turn (wire))
    n_turns++;
  g_assert_cmpuint (n_turns, >, 1);
  g_assert_cmpuint (test_wire_count (wire, "text"), ==, 4096);
  close (peer_out);
}

static void
test_not_pollable (void)
{
  const QmpTransportFuncs unused = { NULL };
  g_autoptr(GError) error = NULL;
  g_autoptr(GFileIOStream) stream = NULL;
  g_autoptr(GFile) file = g_file_new_tmp (NULL, &stream, NULL);

  g_assert_nonnull (file);
  g_assert_null (qmp_transport_new (G_IO_STREAM (stream), 100, 1, &unused, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  /* It is left as it was. */
  g_assert_false (g_io_stream_is_closed (G_IO_STREAM (stream)));
  g_file_delete (file, NULL, NULL);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/transport-pollable/pipes", test_pipes);
  g_test_add_func ("/transport-pollable/pipes/blocked", test_pipes_blocked);
  g_test_add_func ("/transport-pollable/pipes/begun", test_begun_blocked);
  g_test_add_func ("/transport-pollable/pipes/more", test_pipes_more);
  g_test_add_func ("/transport-pollable/new/not-pollable", test_not_pollable);

  return g_test_run ();
}
