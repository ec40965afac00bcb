/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gunixfdlist.h>
#include <gio/gunixfdmessage.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test-utils.h"
#include "test-wire.h"

/* What a server needs of the wire: to let the other side wait, to know how much it has not read, to take descriptors. */

/* --- pausing --- */

static void
test_pause (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);

  qmp_transport_set_paused (wire->transport, TRUE);
  qmp_transport_set_paused (wire->transport, TRUE);
  test_wire_say (wire, "{\"a\":1}");
  test_wire_send (wire, "{\"b\":1}\n");
  test_wire_settle (wire);
  /* It is written all the same, and the context can sleep. */
  test_assert_log (wire, "sent({\"b\":1})");
  g_assert_false (test_wire_turn (wire));

  qmp_transport_set_paused (wire->transport, FALSE);
  test_wire_settle (wire);
  test_assert_log (wire, "text({\"a\":1}) |");
}

static void
pause_inside (TestWire      *wire,
              QmpJsonReader *reader,
              QmpJsonFrame  *frame)
{
  qmp_transport_set_paused (wire->transport, TRUE);
}

/* What was read in one piece is received all the same. */
static void
test_pause_inside (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);

  wire->received = pause_inside;
  test_wire_say (wire, "{\"a\":1}{\"b\":1}");
  test_wire_settle (wire);
  test_wire_say (wire, "{\"c\":1}");
  test_wire_settle (wire);
  test_assert_log (wire, "text({\"a\":1}) text({\"b\":1}) |");
}

static void
test_pause_moved (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);
  g_autoptr(GMainContext) other = g_main_context_new ();
  g_autoptr(QmpIoContext) other_io = qmp_io_context_get (other);

  qmp_transport_set_paused (wire->transport, TRUE);
  test_wire_say (wire, "{\"a\":1}");
  qmp_transport_attach (wire->transport, other_io);
  wire->begun = FALSE;
  g_assert_false (g_main_context_iteration (other, FALSE));
  test_assert_log (wire, "");
  qmp_transport_set_paused (wire->transport, FALSE);
  g_assert_true (g_main_context_iteration (other, FALSE));
  test_assert_log (wire, "text({\"a\":1}) |");
  test_wire_close (wire);
}

static void
test_pause_hang_up (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);

  qmp_transport_set_paused (wire->transport, TRUE);
  test_wire_say (wire, "{\"a\":1}");
  test_wire_hang_up (wire);
  test_wire_settle (wire);
  test_assert_log (wire, "ended(broken-pipe) |");
}

static void
test_pause_write_error (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);

  qmp_transport_set_paused (wire->transport, TRUE);
  g_assert_no_errno (shutdown (wire->peer_fd, SHUT_RD));
  test_wire_send (wire, "{\"b\":1}\n");
  test_wire_settle (wire);
  test_assert_log (wire, "ended(broken-pipe) |");
}

static void
test_pause_pipes (void)
{
  int peer_out;
  g_autoptr(TestWire) wire = test_wire_new_over_pipes (&peer_out);

  qmp_transport_set_paused (wire->transport, TRUE);
  test_wire_say (wire, "{\"a\":1}");
  test_wire_settle (wire);
  test_assert_log (wire, "");
  qmp_transport_set_paused (wire->transport, FALSE);
  test_wire_settle (wire);
  test_assert_log (wire, "text({\"a\":1}) |");
  close (peer_out);
}

/* --- what is not out --- */

static void
test_unsent (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);
  g_autoptr(QmpPacket) packet = test_packet ("{\"c\":1}\n");

  test_wire_send (wire, "{\"a\":1}\n");
  qmp_transport_send (wire->transport, packet);
  g_assert_cmpuint (qmp_transport_get_n_unsent (wire->transport), ==, 16);
  g_assert_true (qmp_transport_recall (wire->transport, packet));
  g_assert_cmpuint (qmp_transport_get_n_unsent (wire->transport), ==, 8);
  test_wire_settle (wire);
  g_assert_cmpuint (qmp_transport_get_n_unsent (wire->transport), ==, 0);
}

static void
test_unsent_blocked (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);
  g_autoptr(QmpPacket) half = test_wire_fill (wire);

  g_assert_cmpuint (qmp_transport_get_n_unsent (wire->transport), ==, 0);
  test_wire_send (wire, "{\"a\":1}\n");
  g_assert_cmpuint (qmp_transport_get_n_unsent (wire->transport), ==, 8);
  test_wire_hang_up (wire);
  test_wire_settle (wire);
  g_assert_cmpuint (qmp_transport_get_n_unsent (wire->transport), ==, 0);
}

/* --- descriptors --- */

static void
say_with_fd (TestWire   *wire,
             const char *text)
{
  g_autoptr(GSocket) socket = g_socket_new_from_fd (dup (wire->peer_fd), NULL);
  g_autoptr(GSocketControlMessage) message = g_unix_fd_message_new ();
  GOutputVector vector = { text, strlen (text) };
  GSocketControlMessage *messages[] = { message };

  g_assert_true (g_unix_fd_message_append_fd (G_UNIX_FD_MESSAGE (message), STDERR_FILENO, NULL));
  g_assert_cmpint (g_socket_send_message (socket, NULL, &vector, 1, messages, 1, 0, NULL, NULL), ==, strlen (text));
}

/* The log without dispatches: how much is read in one of them is the kernel's affair. */
static void
join_dispatches (TestWire *wire)
{
  g_string_replace (wire->log, " |", "", 0);
}

/* Counts the descriptors of each text. */
static void
count_fds (TestWire      *wire,
           QmpJsonReader *reader,
           QmpJsonFrame  *frame)
{
  g_autoptr(GUnixFDList) fd_list = qmp_transport_steal_fds (wire->transport);

  g_string_append_printf (wire->log, "+%d", fd_list != NULL ? g_unix_fd_list_get_length (fd_list) : 0);
}

static void
test_fds (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);

  qmp_transport_receive_fds (wire->transport);
  wire->received = count_fds;
  test_wire_say (wire, "{\"a\":1}");
  say_with_fd (wire, "{\"b\":1}{\"c\":1}");
  test_wire_say (wire, "{\"d\":1}");
  test_wire_say (wire, "{\"e\":");
  say_with_fd (wire, "1}");
  test_wire_settle (wire);
  join_dispatches (wire);
  test_assert_log (wire, "text({\"a\":1})+0 text({\"b\":1})+1 text({\"c\":1})+0 text({\"d\":1})+0 text({\"e\":1})+1");
}

/* Nobody has taken them: those that come later take their place, and the last are closed with the link. */
static void
test_fds_not_taken (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);

  qmp_transport_receive_fds (wire->transport);
  say_with_fd (wire, "{\"a\":1}");
  say_with_fd (wire, "{\"b\":1}");
  test_wire_settle (wire);
  g_string_truncate (wire->log, 0);
  wire->received = count_fds;
  test_wire_say (wire, "{\"c\":1}{\"d\":1}");
  say_with_fd (wire, " ");
  test_wire_settle (wire);
  join_dispatches (wire);
  test_assert_log (wire, "text({\"c\":1})+1 text({\"d\":1})+0");
}

/* Whoever does not want them gets none. */
static void
test_fds_not_wanted (void)
{
  g_autoptr(TestWire) wire = test_wire_new (SOCK_STREAM);

  wire->received = count_fds;
  say_with_fd (wire, "{\"a\":1}");
  test_wire_settle (wire);
  test_assert_log (wire, "text({\"a\":1})+0 |");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/transport-pause/pause", test_pause);
  g_test_add_func ("/transport-pause/inside", test_pause_inside);
  g_test_add_func ("/transport-pause/moved", test_pause_moved);
  g_test_add_func ("/transport-pause/hang-up", test_pause_hang_up);
  g_test_add_func ("/transport-pause/write-error", test_pause_write_error);
  g_test_add_func ("/transport-pause/pipes", test_pause_pipes);
  g_test_add_func ("/transport-pause/unsent", test_unsent);
  g_test_add_func ("/transport-pause/unsent/blocked", test_unsent_blocked);
  g_test_add_func ("/transport-pause/descriptors", test_fds);
  g_test_add_func ("/transport-pause/descriptors/not-taken", test_fds_not_taken);
  g_test_add_func ("/transport-pause/descriptors/not-wanted", test_fds_not_wanted);

  return g_test_run ();
}
