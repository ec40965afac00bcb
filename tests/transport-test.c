/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test-utils.h"
#include "test-wire.h"
#include "wire/qmp-fd-stream-private.h"

/* So many bytes are too many for one turn. */
#define MUCH (200 * 1024)

/* Until everything is out; the test reads, and counts it. */
static gsize
drain (TestWire *wire)
{
  gsize n_heard = 0;

  for (;;)
    {
      gboolean flushed = qmp_transport_is_flushed (wire->transport);
      g_autofree char *heard = test_wire_hear (wire);

      n_heard += strlen (heard);
      if (flushed && *heard == '\0')
        return n_heard;
      test_wire_turn (wire);
    }
}

/* --- reading --- */

static void
test_frames (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);

  g_assert_false (test_wire_turn (wire));
  test_assert_log (wire, "");

  test_wire_say (wire, "{\"a\":1} junk [2]\n{\"b\":");
  test_wire_settle (wire);
  test_assert_log (wire, "text({\"a\":1}) junk(junk ) text([2]) |");
  test_wire_say (wire, "3}{\"c\":nil}");
  test_wire_settle (wire);
  test_assert_log (wire, "text({\"b\":3}) fault({\"c\":nil}) |");
}

static void
keep_and_answer (TestWire      *wire,
                 QmpJsonReader *reader,
                 QmpJsonFrame  *frame)
{
  wire->data = qmp_json_reader_dup_bytes (reader, frame);
  test_wire_send (wire, "{}\n");
}

/* What the owner may do while it is told of a frame. */
static void
test_inside_received (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);

  wire->received = keep_and_answer;
  test_wire_say (wire, "{\"a\":1}");
  test_wire_settle (wire);
  test_assert_log (wire, "text({\"a\":1}) | sent({})");
  test_assert_heard (wire, "{}\n");
  g_assert_cmpmem (g_bytes_get_data (wire->data, NULL), g_bytes_get_size (wire->data), "{\"a\":1}", 7);
  g_bytes_unref (wire->data);
}

static void
test_limits (void)
{
  g_autofree char *nested = g_strnfill (TEST_WIRE_MAX_DEPTH + 1, '[');
  g_autofree char *closing = g_strnfill (TEST_WIRE_MAX_DEPTH + 1, ']');
  g_autofree char *large = g_strnfill (TEST_WIRE_MAX_SIZE / 16, 'x');
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);

  test_wire_say (wire, nested);
  test_wire_say (wire, closing);
  test_wire_settle (wire);
  g_assert_true (g_str_has_prefix (wire->log->str, "fault([[["));
  g_string_truncate (wire->log, 0);

  test_wire_say (wire, "{\"x\":\"");
  for (guint i = 0; i < 16; i++)
    {
      test_wire_say (wire, large);
      test_wire_settle (wire);
    }
  test_assert_log (wire, "| ended(too-large) |");
  /* Nothing more comes. */
  test_wire_say (wire, "\"} {\"a\":1}");
  test_wire_settle (wire);
  test_assert_log (wire, "");
}

/* One turn is not for one link alone. */
static void
test_read_budget (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);

  test_wire_say_many (wire, 4096);
  test_wire_turn (wire);
  g_assert_cmpuint (test_wire_count (wire, "text"), >, 0);
  g_assert_cmpuint (test_wire_count (wire, "text"), <=, 1024);
  test_wire_settle (wire);
  g_assert_cmpuint (test_wire_count (wire, "text"), ==, 4096);
}

static void
count_turn (TestWire *wire)
{
  ++*(guint *) wire->data;
}

/* The larger a text is, the more of it is read at once. */
static void
test_read_large (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);
  g_autofree char *filler = g_strnfill (150 * 1024, 'x');
  g_autofree char *large = g_strdup_printf ("{\"a\":\"%s\"}", filler);
  guint n_turns = 0;

  wire->data = &n_turns;
  wire->after_dispatch = count_turn;
  test_wire_say (wire, large);
  test_wire_settle (wire);
  g_assert_cmpuint (test_wire_count (wire, "text"), ==, 1);
  g_assert_cmpuint (n_turns, <=, 7);
}

static void
test_wants_more (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);

  wire->wants_more = FALSE;
  test_wire_say (wire, "{\"a\":1}");
  test_wire_send (wire, "{\"b\":1}\n");
  for (guint i = 0; i < 3; i++)
    {
      /* It is writing all the same, and the context does not sleep. */
      g_assert_true (test_wire_turn (wire));
      test_assert_log (wire, i == 0 ? "sent({\"b\":1}) |" : "|");
    }
  wire->wants_more = TRUE;
  test_wire_settle (wire);
  test_assert_log (wire, "text({\"a\":1}) |");
}

static void
test_read_rest (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);

  wire->wants_more = FALSE;
  test_wire_say_many (wire, 4096);
  wire->begun = FALSE;
  qmp_transport_read_rest (wire->transport);
  g_assert_cmpuint (test_wire_count (wire, "text"), ==, 4096);
  g_assert_cmpuint (test_wire_count (wire, "|"), ==, 0);
  g_string_truncate (wire->log, 0);
  wire->begun = FALSE;
  qmp_transport_read_rest (wire->transport);
  test_assert_log (wire, "");

  /* What follows from it is done in a dispatch, although nothing more comes. */
  test_wire_settle (wire);
  test_assert_log (wire, "|");
  g_assert_false (test_wire_turn (wire));
}

static void
test_give_out_rest (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);

  qmp_transport_give_out_rest (wire->transport);
  test_assert_log (wire, "");
  test_wire_say (wire, "{}{\"half\":");
  test_wire_settle (wire);
  test_assert_log (wire, "text({}) |");
  qmp_transport_give_out_rest (wire->transport);
  test_assert_log (wire, "junk({\"half\":)");
  qmp_transport_give_out_rest (wire->transport);
  test_assert_log (wire, "");
}

/* --- writing --- */

static void
test_prepare (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_SEQPACKET);
  g_autoptr(QmpPacket) packet = test_packet ("{\"a\":1}\n");

  qmp_transport_send (wire->transport, packet);
  test_wire_send (wire, "{\"b\":1}\n");
  test_assert_heard (wire, "");
  test_assert_log (wire, "");
  g_assert_false (packet->begun);
  g_assert_true (packet->queued);
  g_assert_false (qmp_transport_is_flushed (wire->transport));

  /* Both in one system call, for which nothing is dispatched. */
  g_assert_false (test_wire_turn (wire));
  test_assert_heard (wire, "{\"a\":1}\n{\"b\":1}\n");
  test_assert_heard (wire, "");
  test_assert_log (wire, "sent({\"a\":1}) sent({\"b\":1})");
  g_assert_true (packet->begun);
  g_assert_false (packet->queued);
  g_assert_cmpuint (packet->written, ==, packet->length);
  g_assert_true (qmp_transport_is_flushed (wire->transport));
}

static void
test_many_packets (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);

  for (guint i = 0; i < 1000; i++)
    test_wire_send (wire, "{}\n");
  g_assert_cmpuint (drain (wire), ==, 3000);
  g_assert_cmpuint (test_wire_count (wire, "sent"), ==, 1000);
}

static void
test_recall (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);
  g_autoptr(QmpPacket) packet = test_packet ("{\"a\":1}\n");

  g_assert_false (qmp_transport_recall (wire->transport, packet));
  qmp_transport_send (wire->transport, packet);
  test_wire_send (wire, "{\"b\":1}\n");
  g_assert_true (qmp_transport_recall (wire->transport, packet));
  g_assert_false (packet->queued);
  g_assert_false (qmp_transport_recall (wire->transport, packet));
  test_wire_settle (wire);
  test_assert_heard (wire, "{\"b\":1}\n");
  test_assert_log (wire, "sent({\"b\":1})");
  g_assert_false (packet->begun);

  /* It may go another time, and then not back. */
  qmp_transport_send (wire->transport, packet);
  test_wire_settle (wire);
  g_assert_false (qmp_transport_recall (wire->transport, packet));
  test_assert_heard (wire, "{\"a\":1}\n");
}

/* While the stream takes no more, with half of a packet out. */
static void
test_recall_blocked (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);
  g_autoptr(QmpPacket) half = test_wire_fill (wire);
  g_autoptr(QmpPacket) behind = test_packet ("{\"a\":1}\n");
  gsize written = half->written;

  qmp_transport_send (wire->transport, behind);
  test_wire_send (wire, "{\"b\":1}\n");
  test_wire_settle (wire);
  g_assert_cmpuint (half->written, ==, written);
  g_assert_false (behind->begun);
  g_assert_false (qmp_transport_recall (wire->transport, half));
  g_assert_true (qmp_transport_recall (wire->transport, behind));

  g_assert_cmpuint (drain (wire), ==, half->length + strlen ("{\"b\":1}\n"));
  g_assert_cmpuint (test_wire_count (wire, "sent"), ==, 2);
}

static void
test_flush (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);
  g_autoptr(QmpPacket) large = NULL;

  g_assert_true (qmp_transport_is_flushed (wire->transport));
  qmp_transport_flush (wire->transport);
  test_wire_send (wire, "{\"a\":1}\n");
  wire->begun = FALSE;
  qmp_transport_flush (wire->transport);
  test_assert_log (wire, "sent({\"a\":1})");
  test_assert_heard (wire, "{\"a\":1}\n");
  g_assert_true (qmp_transport_is_flushed (wire->transport));

  /* The rest goes out by itself, when there is room. */
  large = test_wire_fill (wire);
  g_assert_false (qmp_transport_is_flushed (wire->transport));
  g_assert_false (test_wire_turn (wire));
  g_assert_cmpuint (drain (wire), ==, large->length);
  g_assert_true (qmp_transport_is_flushed (wire->transport));
  g_assert_false (qmp_transport_has_lost (wire->transport));
  g_assert_false (test_wire_turn (wire));
}

/* A peer that takes everything at once is not given everything in one turn. */
static void
test_write_budget (void)
{
  int fds[2];
  int null = open ("/dev/null", O_WRONLY);
  g_autoptr(TestWire) wire = NULL;
  g_autoptr(QmpPacket) packet = test_packet_large (8 * 1024 * 1024);
  gsize written;
  guint n_turns = 0;

  g_assert_no_errno (pipe (fds));
  wire = test_wire_new_for_stream (qmp_fd_stream_new (fds[0], null), fds[1]);
  qmp_transport_send (wire->transport, packet);
  qmp_transport_flush (wire->transport);
  written = packet->written;
  g_assert_cmpuint (written, >, 0);
  g_assert_cmpuint (written, <, packet->length / 2);
  /* Each turn of the context goes on, without being asked, and no source is dispatched for it. */
  for (; !qmp_transport_is_flushed (wire->transport); n_turns++)
    {
      g_assert_false (test_wire_turn (wire));
      g_assert_cmpuint (packet->written, >, written);
      written = packet->written;
    }
  g_assert_cmpuint (n_turns, >, 1);
}

static void
test_tell_flushed (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);

  test_wire_send (wire, "{\"a\":1}\n");
  test_wire_settle (wire);
  test_assert_log (wire, "sent({\"a\":1})");
  test_wire_send (wire, "{\"b\":1}\n");
  qmp_transport_tell_flushed (wire->transport);
  test_wire_turn (wire);
  test_assert_log (wire, "sent({\"b\":1}) |");
}

static void
test_tell_flushed_blocked (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);
  g_autoptr(QmpPacket) packet = test_wire_fill (wire);

  qmp_transport_tell_flushed (wire->transport);
  g_assert_false (test_wire_turn (wire));
  g_assert_cmpuint (test_wire_count (wire, "|"), ==, 0);
  drain (wire);
  g_assert_true (test_wire_turn (wire));
  g_assert_cmpuint (test_wire_count (wire, "|"), >, 0);
}

/* --- read first --- */

static void
test_read_first (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_SEQPACKET);
  g_autoptr(QmpPacket) packet = test_packet ("{}");

  test_wire_say (wire, "{\"in\":1}");
  test_wire_send (wire, "{\"a\":1}\n");
  test_wire_send_read_first (wire, "{\"b\":1}\n");
  test_wire_send (wire, "{\"c\":1}\n");
  wire->begun = FALSE;
  qmp_transport_flush (wire->transport);
  test_assert_log (wire, "sent({\"a\":1}) text({\"in\":1}) sent({\"b\":1}) sent({\"c\":1})");
  /* What is before it is out by itself; what is behind it need not wait. */
  test_assert_heard (wire, "{\"a\":1}\n");
  test_assert_heard (wire, "{\"b\":1}\n{\"c\":1}\n");
  /* What follows from the reading is done in a dispatch. */
  test_wire_settle (wire);
  test_assert_log (wire, "|");

  /* Without it, writing comes first. */
  test_wire_say (wire, "{\"in\":2}");
  test_wire_send (wire, "{\"d\":1}\n");
  test_wire_settle (wire);
  test_assert_log (wire, "sent({\"d\":1}) text({\"in\":2}) |");
}

/* All that has come, also when that is more than a turn's. */
static void
test_read_first_much (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);

  test_wire_say_many (wire, 4096);
  test_wire_send_read_first (wire, "{\"b\":1}\n");
  qmp_transport_flush (wire->transport);
  g_assert_cmpuint (test_wire_count (wire, "text"), ==, 4096);
  g_assert_true (g_str_has_suffix (wire->log->str, ") sent({\"b\":1})"));
}

static void
test_read_first_ended (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);

  test_wire_send_read_first (wire, "{\"b\":1}\n");
  shutdown (wire->peer_fd, SHUT_WR);
  qmp_transport_flush (wire->transport);
  test_assert_log (wire, "ended(broken-pipe)");
  test_assert_heard (wire, "");
  g_assert_true (qmp_transport_has_lost (wire->transport));
  test_wire_settle (wire);
  test_assert_log (wire, "|");
}

/* --- descriptors --- */

/* The bytes of one read of at most so many, with the number of descriptors (which are closed) before them. */
static char *
hear_with_fds (TestWire *wire,
               gsize     length)
{
  char buffer[256], control[CMSG_SPACE (QMP_MAX_FDS * sizeof (int))];
  struct iovec vector = { buffer, length };
  struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof (control) };
  gssize n = recvmsg (wire->peer_fd, &message, MSG_DONTWAIT);
  guint n_fds = 0;

  if (n < 0)
    return g_strdup ("nothing");
  for (struct cmsghdr *c = CMSG_FIRSTHDR (&message); c != NULL; c = CMSG_NXTHDR (&message, c))
    {
      n_fds = (c->cmsg_len - CMSG_LEN (0)) / sizeof (int);
      for (guint i = 0; i < n_fds; i++)
        close (((int *) CMSG_DATA (c))[i]);
    }
  return g_strdup_printf ("%u:%.*s", n_fds, (int) n, buffer);
}

#define assert_heard_with_fds(wire, length, expected)                 \
  G_STMT_START {                                                      \
    g_autofree char *heard_ = hear_with_fds (wire, length);           \
    g_assert_cmpstr (heard_, ==, expected);                           \
  } G_STMT_END

static void
test_descriptors (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);
  int pipe_fd, second_pipe_fd;

  g_assert_true (qmp_transport_can_send_fds (wire->transport));
  test_wire_send (wire, "a\n");
  pipe_fd = test_wire_send_with_fds (wire, "b1\n", 2);
  second_pipe_fd = test_wire_send_with_fds (wire, "b2\n", 1);
  test_wire_send (wire, "c\n");
  test_wire_settle (wire);

  /* They are on the first byte of their own packet. */
  assert_heard_with_fds (wire, 1, "0:a");
  assert_heard_with_fds (wire, 1, "0:\n");
  assert_heard_with_fds (wire, 1, "2:b");
  assert_heard_with_fds (wire, 2, "0:1\n");
  assert_heard_with_fds (wire, 1, "1:b");
  assert_heard_with_fds (wire, 2, "0:2\n");
  assert_heard_with_fds (wire, 100, "0:c\n");
  /* They are closed here when they are out. */
  test_assert_pipe_ended (pipe_fd);
  test_assert_pipe_ended (second_pipe_fd);
}

static void
test_descriptors_most (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);
  int pipe_fd = test_wire_send_with_fds (wire, "{}", QMP_MAX_FDS);

  test_wire_settle (wire);
  assert_heard_with_fds (wire, 100, "253:{}");
  test_assert_pipe_ended (pipe_fd);
}

/* Once, with a packet that goes out in many pieces. */
static void
test_descriptors_once (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);
  g_autoptr(GUnixFDList) fd_list = g_unix_fd_list_new ();
  g_autofree char *text = g_strnfill (MUCH * 4, 'x');
  g_autoptr(QmpPacket) packet = NULL;
  int fds[2];
  gsize n_heard = 1;

  g_assert_no_errno (pipe (fds));
  g_unix_fd_list_append (fd_list, fds[1], NULL);
  close (fds[1]);
  packet = qmp_packet_new (text, MUCH * 4, fd_list);
  g_clear_object (&fd_list);
  qmp_transport_send (wire->transport, packet);
  qmp_transport_flush (wire->transport);
  g_assert_cmpuint (packet->written, <, packet->length);
  g_assert_null (packet->fd_list);

  assert_heard_with_fds (wire, 1, "1:x");
  while (n_heard < packet->length)
    {
      g_autofree char *heard = hear_with_fds (wire, 256);

      test_wire_turn (wire);
      if (g_str_equal (heard, "nothing"))
        continue;
      g_assert_true (g_str_has_prefix (heard, "0:x"));
      n_heard += strlen (heard) - strlen ("0:");
    }
  test_assert_pipe_ended (fds[0]);
}

/* Descriptors go over Unix sockets only; and commands, which are small, are not held back. */
static void
test_tcp (void)
{
  g_autoptr(GSocketListener) listener = g_socket_listener_new ();
  guint16 port = g_socket_listener_add_any_inet_port (listener, NULL, NULL);
  g_autoptr(GSocketClient) client = g_socket_client_new ();
  GSocketConnection *connection = g_socket_client_connect_to_host (client, "127.0.0.1", port, NULL, NULL);
  GSocket *socket = g_socket_connection_get_socket (connection);
  g_autoptr(TestWire) wire = test_wire_new_for_stream (G_IO_STREAM (connection), -1);
  int no_delay = 0;

  g_assert_false (qmp_transport_can_send_fds (wire->transport));
  g_assert_true (qmp_transport_can_iterate (wire->transport));
  g_assert_true (g_socket_get_option (socket, IPPROTO_TCP, TCP_NODELAY, &no_delay, NULL));
  g_assert_cmpint (no_delay, !=, 0);
}

/* --- where the work is done --- */

static void
test_attach (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);
  g_autoptr(GMainContext) other = g_main_context_new ();
  g_autoptr(QmpIoContext) other_io = qmp_io_context_get (other);

  test_wire_say (wire, "{\"a\":1}");
  test_wire_send (wire, "{\"b\":1}\n");
  qmp_transport_attach (wire->transport, other_io);
  g_assert_false (test_wire_turn (wire));
  test_assert_log (wire, "");
  g_assert_true (g_main_context_iteration (other, FALSE));
  test_assert_log (wire, "sent({\"b\":1}) text({\"a\":1}) |");

  test_wire_say (wire, "{\"c\":1}");
  qmp_transport_attach (wire->transport, wire->io);
  g_assert_false (g_main_context_iteration (other, FALSE));
  test_assert_log (wire, "");
  test_wire_settle (wire);
  test_assert_log (wire, "text({\"c\":1}) |");
}

/* Before it is attached for the first time it does nothing: its owner cannot even be told. */
static void
test_unattached (void)
{
  int peer_fd;
  char byte;
  g_autoptr(GIOStream) stream = test_socketpair (&peer_fd);
  g_autoptr(QmpPacket) packet = test_packet ("{}");
  const QmpTransportFuncs unused = { NULL };
  QmpTransport *transport = qmp_transport_new (stream, 100, 1, &unused, &byte, NULL);

  qmp_transport_send (transport, packet);
  g_assert_cmpint (write (peer_fd, "{}", 2), ==, 2);
  test_spin_ready ();
  g_assert_true (packet->queued);
  g_assert_cmpint (recv (peer_fd, &byte, 1, MSG_DONTWAIT), ==, -1);
  qmp_transport_close (transport);
  close (peer_fd);
}

/* A stream that takes no more is waited for in the new context. */
static void
test_attach_blocked (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);
  g_autoptr(GMainContext) other = g_main_context_new ();
  g_autoptr(QmpIoContext) other_io = qmp_io_context_get (other);
  g_autoptr(QmpPacket) packet = test_wire_fill (wire);
  g_autofree char *heard = NULL;
  gsize written = packet->written;

  qmp_transport_attach (wire->transport, other_io);
  heard = test_wire_hear (wire);
  test_wire_turn (wire);
  g_assert_cmpuint (packet->written, ==, written);
  g_assert_true (g_main_context_iteration (other, FALSE));
  g_assert_cmpuint (packet->written, >, written);
}

static gboolean
not_reached_cb (gpointer user_data)
{
  g_assert_not_reached ();
}

static void
test_without_context (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);
  g_autoptr(GSource) source = g_idle_source_new ();
  g_autoptr(QmpPacket) packet = NULL;
  g_autofree char *heard = NULL;
  gsize written;

  /* The context stays as it is. */
  g_source_set_callback (source, not_reached_cb, NULL, NULL);
  g_source_attach (source, wire->context);
  g_assert_true (qmp_transport_can_iterate (wire->transport));
  qmp_transport_iterate (wire->transport, 0);
  test_assert_log (wire, "");

  test_wire_say (wire, "{\"a\":1}");
  test_wire_send (wire, "{\"b\":1}\n");
  wire->begun = FALSE;
  qmp_transport_iterate (wire->transport, -1);
  test_assert_log (wire, "sent({\"b\":1}) text({\"a\":1}) |");
  test_assert_heard (wire, "{\"b\":1}\n");

  /* It waits for a stream that takes no more, too. */
  packet = test_wire_fill (wire);
  written = packet->written;
  heard = test_wire_hear (wire);
  qmp_transport_iterate (wire->transport, -1);
  g_assert_cmpuint (packet->written, >, written);
  g_source_destroy (source);
}

/* What is to be done whether or not anything comes is not waited for. */
static void
test_iterate_ready (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);

  qmp_transport_read_rest (wire->transport);
  qmp_transport_iterate (wire->transport, -1);
  test_assert_log (wire, "|");
  test_wire_hang_up (wire);
  qmp_transport_iterate (wire->transport, -1);
  test_assert_log (wire, "ended(broken-pipe) |");
}

static void
read_rest (TestWire *wire)
{
  qmp_transport_read_rest (wire->transport);
}

/* A socket of our own is waited for by reading it. */
static void
test_own_socket (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);
  g_autoptr(QmpPacket) packet = NULL;
  g_autofree char *heard = NULL;

  qmp_transport_own_socket (wire->transport);
  g_assert_cmpint (fcntl (qmp_transport_get_fd (wire->transport), F_GETFL) & O_NONBLOCK, ==, 0);
  test_wire_say (wire, "{\"a\":1}");
  qmp_transport_iterate (wire->transport, -1);
  test_assert_log (wire, "text({\"a\":1}) |");

  /* No other read waits, and no write. */
  wire->after_dispatch = read_rest;
  test_wire_say (wire, "{\"b\":1}");
  qmp_transport_iterate (wire->transport, -1);
  test_assert_log (wire, "text({\"b\":1}) |");
  wire->after_dispatch = NULL;
  qmp_transport_iterate (wire->transport, -1);
  test_assert_log (wire, "|");
  qmp_transport_iterate (wire->transport, 0);
  g_assert_false (test_wire_turn (wire));
  packet = test_wire_fill (wire);
  heard = test_wire_hear (wire);
  qmp_transport_iterate (wire->transport, -1);
  g_assert_true (packet->begun);
}

static void
test_own_socket_ended (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);

  qmp_transport_own_socket (wire->transport);
  test_wire_hang_up (wire);
  qmp_transport_iterate (wire->transport, -1);
  test_assert_log (wire, "ended(broken-pipe) |");
}

static void
iterate_once (TestWire *wire)
{
  wire->after_dispatch = NULL;
  test_wire_say (wire, "{\"b\":1}");
  g_assert_true (test_wire_turn (wire));
}

/* A main loop that is run by user code is served. */
static void
test_nested (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);

  wire->after_dispatch = iterate_once;
  test_wire_say (wire, "{\"a\":1}");
  test_wire_turn (wire);
  test_assert_log (wire, "text({\"a\":1}) | text({\"b\":1}) |");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/transport/frames", test_frames);
  g_test_add_func ("/transport/inside-received", test_inside_received);
  g_test_add_func ("/transport/limits", test_limits);
  g_test_add_func ("/transport/read-budget", test_read_budget);
  g_test_add_func ("/transport/read-large", test_read_large);
  g_test_add_func ("/transport/wants-more", test_wants_more);
  g_test_add_func ("/transport/read-rest", test_read_rest);
  g_test_add_func ("/transport/give-out-rest", test_give_out_rest);
  g_test_add_func ("/transport/prepare", test_prepare);
  g_test_add_func ("/transport/many-packets", test_many_packets);
  g_test_add_func ("/transport/recall", test_recall);
  g_test_add_func ("/transport/recall/blocked", test_recall_blocked);
  g_test_add_func ("/transport/flush", test_flush);
  g_test_add_func ("/transport/write-budget", test_write_budget);
  g_test_add_func ("/transport/tell-flushed", test_tell_flushed);
  g_test_add_func ("/transport/tell-flushed/blocked", test_tell_flushed_blocked);
  g_test_add_func ("/transport/read-first", test_read_first);
  g_test_add_func ("/transport/read-first/much", test_read_first_much);
  g_test_add_func ("/transport/read-first/ended", test_read_first_ended);
  g_test_add_func ("/transport/descriptors", test_descriptors);
  g_test_add_func ("/transport/descriptors/most", test_descriptors_most);
  g_test_add_func ("/transport/descriptors/once", test_descriptors_once);
  g_test_add_func ("/transport/attach", test_attach);
  g_test_add_func ("/transport/attach/never", test_unattached);
  g_test_add_func ("/transport/attach/blocked", test_attach_blocked);
  g_test_add_func ("/transport/iterate", test_without_context);
  g_test_add_func ("/transport/iterate/ready", test_iterate_ready);
  g_test_add_func ("/transport/own-socket", test_own_socket);
  g_test_add_func ("/transport/own-socket/ended", test_own_socket_ended);
  g_test_add_func ("/transport/nested", test_nested);
  g_test_add_func ("/transport/tcp", test_tcp);

  return g_test_run ();
}
