/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test-peer.h"

/* File descriptors: with their command's first byte, alone, never leaked. */

static int
open_file (void)
{
  int fd = memfd_create ("qmp-test", MFD_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  return fd;
}

static void
assert_same_file (int a,
                  int b)
{
  struct stat stat_a, stat_b;

  g_assert_cmpint (a, !=, b);
  g_assert_cmpint (fstat (a, &stat_a), ==, 0);
  g_assert_cmpint (fstat (b, &stat_b), ==, 0);
  g_assert_cmpuint (stat_a.st_ino, ==, stat_b.st_ino);
}

/* name's only descriptors are those of the message afterwards. */
static QmpMessage *
build_fd_command (const char *name,
                  int         fd,
                  guint       n_fds)
{
  g_autofree char *text = g_strdup_printf ("{\"execute\": \"%s\"}", name);
  g_autoptr (GUnixFDList) list = g_unix_fd_list_new ();
  g_autoptr (GError) error = NULL;
  QmpMessage *message = test_message (text);

  for (guint i = 0; i < n_fds; i++)
    g_unix_fd_list_append (list, fd, &error);
  g_assert_no_error (error);
  qmp_message_set_fd_list (message, list);
  return message;
}

static QmpMessage *
build_big_command (gsize size)
{
  g_autofree char *filler = g_strnfill (size, 'x');
  g_autofree char *text = g_strdup_printf ("{\"execute\": \"big\", \"arguments\": {\"a\": \"%s\"}}", filler);

  return test_message (text);
}

static void
test_attached (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_BYTEWISE,
                                    PEER_EXPECT ("getfd"), PEER_EXPECT_FD (1), PEER_REPLY ("{}"),
                                    PEER_EXPECT ("many"), PEER_EXPECT_FD (3), PEER_REPLY ("{}"),
                                    PEER_EXPECT ("none"), PEER_EXPECT_FD (0), PEER_REPLY ("{}"));
  QmpClient *client = test_peer_open (peer);
  int fd = open_file ();
  guint n_fds = test_count_fds ();
  g_autoptr (QmpMessage) one = build_fd_command ("getfd", fd, 1);
  g_autoptr (QmpMessage) many = build_fd_command ("many", fd, 3);
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (JsonNode) value_many = NULL;
  g_autoptr (JsonNode) value_none = NULL;
  g_autoptr (GError) error = NULL;

  value = test_execute_message (client, one, &error);
  g_assert_no_error (error);
  value_many = test_execute_message (client, many, &error);
  g_assert_no_error (error);
  value_none = test_execute (client, "none", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (test_peer_get_n_fds (peer), ==, 4);
  assert_same_file (fd, test_peer_get_fd (peer, 0));
  assert_same_file (fd, test_peer_get_fd (peer, 3));
  g_clear_object (&one);
  g_clear_object (&many);
  g_assert_cmpuint (test_count_fds (), ==, n_fds + 4); /* the peer's */
  g_assert_true (test_fd_is_open (fd));
  close (fd);
  test_peer_close (peer, client);
}

/* Plain and fd-carrying commands all in the queue at once: no command shares the system call of one that
 * carries descriptors. The first script sees where descriptors begin, the second where they end. */
static void
test_pipelined (gconstpointer data)
{
  const TestStep bytewise[] = {
    PEER_HANDSHAKE, PEER_WAIT, PEER_BYTEWISE,
    PEER_EXPECT ("big"), PEER_EXPECT_FD (0), PEER_REPLY ("{}"),
    PEER_EXPECT ("a"), PEER_EXPECT_FD (0), PEER_REPLY ("{}"), PEER_EXPECT ("fd"), PEER_EXPECT_FD (1), PEER_REPLY ("{}"),
    PEER_EXPECT ("a"), PEER_EXPECT_FD (0), PEER_REPLY ("{}"), PEER_EXPECT ("fd"), PEER_EXPECT_FD (1), PEER_REPLY ("{}"),
    PEER_EXPECT ("fd"), PEER_EXPECT_FD (1), PEER_REPLY ("{}"), PEER_EXPECT ("a"), PEER_EXPECT_FD (0), PEER_REPLY ("{}"),
    PEER_END,
  };
  /* A large read takes what stands before the descriptors too: only the commands with them are looked at. */
  const TestStep chunkwise[] = {
    PEER_HANDSHAKE, PEER_WAIT, PEER_EXPECT ("big"), PEER_REPLY ("{}"),
    PEER_EXPECT ("a"), PEER_REPLY ("{}"), PEER_EXPECT ("fd"), PEER_EXPECT_FD (1), PEER_REPLY ("{}"),
    PEER_EXPECT ("a"), PEER_REPLY ("{}"), PEER_EXPECT ("fd"), PEER_EXPECT_FD (1), PEER_REPLY ("{}"),
    PEER_EXPECT ("fd"), PEER_EXPECT_FD (1), PEER_REPLY ("{}"), PEER_EXPECT ("a"), PEER_REPLY ("{}"),
    PEER_END,
  };
  static const char * const order[] = { "a", "fd", "a", "fd", "fd", "a" };
  TestPeer *peer = test_peer_start_script (TEST_PEER_PAIR, GPOINTER_TO_INT (data) ? bytewise : chunkwise);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpMessage) big = build_big_command (TEST_FEW ? 100 * 1000 : 600 * 1000);
  int fd = open_file ();
  GAsyncResult *results[G_N_ELEMENTS (order) + 1] = { NULL };

  qmp_client_execute_message_async (client, big, NULL, test_result_cb, &results[0]);
  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    {
      g_autoptr (QmpMessage) message = build_fd_command (order[i], fd, g_str_equal (order[i], "fd") ? 1 : 0);

      qmp_client_execute_message_async (client, message, NULL, test_result_cb, &results[i + 1]);
    }
  /* No copy but those of the client is left. */
  close (fd);
  test_spin_ready ();
  test_peer_signal (peer);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) value = NULL;

      test_spin_until (results[i] != NULL);
      value = qmp_client_execute_message_finish (client, results[i], &error);
      g_assert_no_error (error);
      g_clear_object (&results[i]);
    }
  g_assert_cmpuint (test_peer_get_n_fds (peer), ==, 3);
  test_peer_close (peer, client);
}

/* With out-of-band on, a command with descriptors goes alone. */
static void
test_alone_with_oob (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_GREET_OOB, PEER_NEGOTIATE, PEER_BYTEWISE,
                                    PEER_EXPECT ("a"), PEER_EXPECT ("yank"), PEER_REPLY ("{}"), PEER_REPLY ("{}"),
                                    PEER_EXPECT ("fd"), PEER_EXPECT_FD (1), PEER_REPLY ("{}"),
                                    PEER_EXPECT ("fd"), PEER_EXPECT_FD (1), PEER_REPLY ("{}"),
                                    PEER_EXPECT ("a"), PEER_EXPECT ("a"), PEER_REPLY ("{}"), PEER_REPLY ("{}"));
  QmpClient *client = test_peer_open (peer);
  int fd = open_file ();
  g_autoptr (QmpMessage) message = build_fd_command ("fd", fd, 1);
  g_autoptr (QmpMessage) yank = test_message ("{\"exec-oob\": \"yank\"}");
  GAsyncResult *results[6] = { NULL };

  qmp_client_execute_async (client, "a", NULL, NULL, test_result_cb, &results[0]);
  qmp_client_execute_message_async (client, message, NULL, test_result_cb, &results[1]);
  qmp_client_execute_message_async (client, message, NULL, test_result_cb, &results[2]);
  qmp_client_execute_async (client, "a", NULL, NULL, test_result_cb, &results[3]);
  qmp_client_execute_async (client, "a", NULL, NULL, test_result_cb, &results[4]);
  qmp_client_execute_message_async (client, yank, NULL, test_result_cb, &results[5]);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      test_spin_until (results[i] != NULL);
      g_assert_false (g_task_had_error (G_TASK (results[i])));
      g_clear_object (&results[i]);
    }
  close (fd);
  test_peer_close (peer, client);
}

/* send_fd: one space and the descriptor; beside commands, never inside of one. */
static void
test_send_fd (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_BYTEWISE,
                                    PEER_EXPECT_SPACE_FD,
                                    PEER_EXPECT ("a"), PEER_REPLY ("{}"), PEER_EXPECT_SPACE_FD, PEER_WAIT,
                                    PEER_EXPECT ("big"), PEER_EXPECT_SPACE_FD, PEER_EXPECT ("b"),
                                    PEER_EXPECT_FD (0), PEER_REPLY ("1"), PEER_REPLY ("2"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpMessage) big = build_big_command (TEST_FEW ? 100 * 1000 : 600 * 1000);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (JsonNode) value_b = NULL;
  g_autoptr (GError) error = NULL;
  int fd = open_file ();
  guint n_fds = test_count_fds ();

  g_assert_true (qmp_client_send_fd (client, fd, &error));
  value = test_execute (client, "a", &error);
  g_assert_true (qmp_client_send_fd (client, fd, &error));
  qmp_client_execute_message_async (client, big, NULL, test_result_cb, &result);
  g_assert_true (qmp_client_send_fd (client, fd, &error));
  g_assert_true (test_fd_is_open (fd));
  test_peer_signal (peer);
  value_b = test_execute (client, "b", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (test_peer_get_n_fds (peer), ==, 3);
  for (guint i = 0; i < 3; i++)
    assert_same_file (fd, test_peer_get_fd (peer, i));
  g_assert_cmpuint (test_count_fds (), ==, n_fds + 3);
  close (fd);
  test_spin_until (result != NULL);
  g_clear_object (&result);
  test_peer_close (peer, client);
}

/* A stream that cannot carry them: the call fails before a byte is written. */
static void
assert_not_supported (QmpClient *client)
{
  int fd = open_file ();
  g_autoptr (QmpMessage) message = build_fd_command ("never", fd, 1);
  g_autoptr (QmpMessage) empty = build_fd_command ("a", fd, 0);
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_null (test_execute_message (client, message, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  g_assert_null (qmp_client_execute_message (client, message, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  g_assert_false (qmp_client_send_fd (client, fd, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  /* A list without descriptors is none. */
  value = test_execute_message (client, empty, &error);
  g_assert_no_error (error);
  close (fd);
}

static void
test_not_supported_tcp (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_TCP, PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_REPLY ("{}"));
  QmpClient *client = test_peer_open (peer);

  assert_not_supported (client);
  test_peer_close (peer, client);
}

static void
test_not_supported_stream (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_REPLY ("{}"));
  g_autoptr (GIOStream) socket = test_peer_steal_stream (peer);
  g_autoptr (GIOStream) stream = test_chunk_stream_new (socket, 4096);
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (GError) error = NULL;

  g_clear_object (&socket);
  g_assert_true (test_open_stream (client, stream, &error));
  g_clear_object (&stream);
  assert_not_supported (client);
  test_peer_close (peer, client);
}

/* The kernel takes 253 at once. */
static void
test_too_many (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("all"), PEER_REPLY ("{}"));
  QmpClient *client = test_peer_open (peer);
  int fd = open_file ();
  g_autoptr (QmpMessage) all = build_fd_command ("all", fd, 253);
  g_autoptr (QmpMessage) too_many = build_fd_command ("never", fd, 254);
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_null (test_execute_message (client, too_many, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  value = test_execute_message (client, all, &error);
  g_assert_no_error (error);
  close (fd);
  test_peer_close (peer, client);
}

/* Closed on every path. */

/* Queues a command with descriptors, and one descriptor by itself, behind a peer that does not read. */
static void
queue_fds (QmpClient    *client,
           GCancellable *cancellable,
           GAsyncResult *results[2])
{
  int fd = open_file ();
  g_autoptr (QmpMessage) big = build_big_command (1024 * 1024);
  g_autoptr (QmpMessage) message = build_fd_command ("never", fd, 2);
  g_autoptr (GError) error = NULL;

  qmp_client_execute_message_async (client, big, cancellable, test_result_cb, &results[0]);
  qmp_client_execute_message_async (client, message, cancellable, test_result_cb, &results[1]);
  if (cancellable == NULL)
    g_assert_true (qmp_client_send_fd (client, fd, &error));
  close (fd);
  test_spin_ready ();
}

static void
test_closed_on_cancel (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT,
                                    PEER_EXPECT ("big"), PEER_EXPECT ("a"), PEER_REPLY ("1"), PEER_REPLY ("2"));
  QmpClient *client = test_peer_open (peer);
  guint n_fds = test_count_fds ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;
  GAsyncResult *results[2] = { NULL };

  queue_fds (client, cancellable, results);
  g_assert_cmpuint (test_count_fds (), >, n_fds);
  g_cancellable_cancel (cancellable);
  test_spin_until (results[0] != NULL && results[1] != NULL);
  g_clear_object (&results[0]);
  g_clear_object (&results[1]);
  g_clear_object (&cancellable);
  g_assert_cmpuint (test_count_fds (), ==, n_fds);
  test_peer_signal (peer);
  value = test_execute (client, "a", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (test_peer_get_n_fds (peer), ==, 0);
  test_peer_close (peer, client);
}

static void
test_closed_on_link_end (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT, PEER_RESET);
  QmpClient *client = test_peer_open (peer);
  guint n_fds = test_count_fds ();
  GAsyncResult *results[2] = { NULL };

  queue_fds (client, NULL, results);
  g_assert_cmpuint (test_count_fds (), >, n_fds);
  test_peer_signal (peer);
  test_spin_until (qmp_client_get_runstate (client) == QMP_RUNSTATE_IDLE);
  test_spin_until (results[0] != NULL && results[1] != NULL);
  g_clear_object (&results[0]);
  g_clear_object (&results[1]);
  test_spin_ready ();
  g_assert_cmpuint (test_count_fds (), ==, n_fds - 2); /* both ends of the link */
  test_peer_close (peer, client);
}

/* Dropped with only send_fd in the queue, which holds no reference. */
static void
test_closed_on_finalize (void)
{
  guint n_fds = test_count_fds ();
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT, PEER_DRAIN);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (GError) error = NULL;
  int fd = open_file ();

  /* Each is a byte in a buffer of its own; some hundred fill the socket. */
  for (guint i = 0; i < 900; i++)
    {
      g_assert_true (qmp_client_send_fd (client, fd, &error));
      if (test_count_fds () > n_fds + 4 + 5)
        break;
    }
  g_assert_cmpuint (test_count_fds (), >, n_fds + 4);
  test_client_free (client);
  g_assert_cmpuint (test_count_fds (), ==, n_fds + 2); /* fd, and the peer's end */
  close (fd);
  test_peer_signal (peer);
  test_peer_finish (peer);
  g_assert_cmpuint (test_count_fds (), ==, n_fds);
}

/* What fails before it is queued. */
static void
test_closed_on_failure (void)
{
  int fd = open_file ();
  guint n_fds = test_count_fds ();
  QmpClient *client = qmp_client_new (NULL);
  QmpMessage *message = build_fd_command ("x", fd, 2);
  g_autoptr (GError) error = NULL;

  g_assert_null (test_execute_message (client, message, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  g_clear_error (&error);
  g_assert_false (qmp_client_send_fd (client, fd, &error));
  g_clear_error (&error);
  g_object_unref (message);
  test_client_free (client);
  g_assert_cmpuint (test_count_fds (), ==, n_fds);
  close (fd);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/client/fd/attached", test_attached);
  g_test_add_func ("/client/fd/too-many", test_too_many);
  g_test_add_data_func ("/client/fd/pipelined/begin", GINT_TO_POINTER (TRUE), test_pipelined);
  g_test_add_data_func ("/client/fd/pipelined/end", GINT_TO_POINTER (FALSE), test_pipelined);
  g_test_add_func ("/client/fd/alone-with-oob", test_alone_with_oob);
  g_test_add_func ("/client/fd/send-fd", test_send_fd);
  g_test_add_func ("/client/fd/not-supported/tcp", test_not_supported_tcp);
  g_test_add_func ("/client/fd/not-supported/stream", test_not_supported_stream);
  g_test_add_func ("/client/fd/closed/cancel", test_closed_on_cancel);
  g_test_add_func ("/client/fd/closed/link-end", test_closed_on_link_end);
  g_test_add_func ("/client/fd/closed/finalize", test_closed_on_finalize);
  g_test_add_func ("/client/fd/closed/failure", test_closed_on_failure);
  return g_test_run ();
}
