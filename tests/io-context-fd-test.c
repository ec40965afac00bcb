/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test-board.h"
#include "test-utils.h"

/* Descriptors that are closed, given to others, or of a forked child; what becomes of the rest is in io-context-test.c. */

/* --- descriptors --- */

/* The number of a descriptor that was closed behind a watch's back is given to another: that one is heard, also after
 * the first has left. */
static void
test_number_again (TestBoard     *board,
                   gconstpointer  data)
{
  TestBoardLine *old = test_board_add_line (board, 0);
  TestBoardLine *young;

  test_board_turn (board);
  close (old->fd);
  young = test_board_add_line (board, 1);
  g_assert_cmpint (young->fd, ==, old->fd);
  old->fd = -1;
  test_board_turn (board);
  g_string_truncate (board->log, 0);

  test_board_line_free (old);
  test_board_say (young);
  test_board_turn (board);
  test_assert_served (board, "b");
  g_assert_false (test_board_turn (board));
}

/* The kernel goes on telling of a descriptor that was closed while a duplicate lives on. */
static void
test_duplicate (TestBoard     *board,
                gconstpointer  data)
{
  TestBoardLine *line;
  int fd;

  test_board_add_lines (board, 2);
  line = board->lines[0];
  fd = dup (line->fd);
  close (line->fd);
  line->fd = -1;
  test_board_line_free (line);
  g_assert_cmpint (send (fd, "x", 1, MSG_NOSIGNAL), <, 0);
  test_board_turn (board);
  g_assert_false (test_board_turn (board));
  test_assert_served (board, "");
  test_board_say (board->lines[1]);
  test_board_turn (board);
  test_assert_served (board, "b");
  close (fd);
}

/* Two watches may wait for the same one, which an epoll set refuses. */
static void
test_same_descriptor (TestBoard     *board,
                      gconstpointer  data)
{
  TestBoardLine *line = test_board_add_line (board, 0);
  TestBoardLine same = { .board = board, .name = 'b', .fd = line->fd, .keeps = TRUE };

  test_board_attach (&same);
  line->keeps = TRUE;
  test_board_say (line);
  test_board_turn (board);
  g_assert_cmpuint (board->log->len, ==, 2);
  g_string_truncate (board->log, 0);
  qmp_io_watch_detach (&same.watch);
  line->keeps = FALSE;
  test_board_turn (board);
  test_assert_served (board, "a");
}

/* Files are always ready, and not for an epoll set. */
static void
test_file (TestBoard     *board,
           gconstpointer  data)
{
  TestBoardLine file = { .board = board, .name = 'f', .fd = open ("/proc/self/status", O_RDONLY | O_CLOEXEC), .keeps = TRUE };

  g_assert_cmpint (file.fd, >=, 0);
  test_board_attach (&file);
  test_board_turn (board);
  test_assert_served (board, "F");
  qmp_io_watch_detach (&file.watch);
  close (file.fd);
}

static void
test_no_descriptors (TestBoard     *board,
                     gconstpointer  data)
{
  struct rlimit usual;
  struct rlimit none = { 0, 0 };

  test_board_add_lines (board, 2);
  for (guint i = 0; i < 2; i++)
    qmp_io_watch_detach (&board->lines[i]->watch);
  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &usual));
  none.rlim_max = usual.rlim_max;
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &none));
  for (guint i = 0; i < 2; i++)
    test_board_attach (board->lines[i]);
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &usual));

  for (guint i = 0; i < 2; i++)
    {
      test_board_say (board->lines[i]);
      test_board_turn (board);
    }
  test_assert_served (board, "ab");
}

/* Others than a few cost one descriptor for all of them. */
static void
test_crossing (TestBoard     *board,
               gconstpointer  data)
{
  guint n_before;
  guint n_after;

  g_assert_cmpuint (GPOINTER_TO_UINT (data), ==, QMP_POLL_SET_MAX_POLLED);
  test_board_add_lines (board, QMP_POLL_SET_MAX_POLLED);
  n_before = test_count_fds ();
  test_board_add_line (board, QMP_POLL_SET_MAX_POLLED);
  g_assert_cmpuint (test_count_fds (), ==, n_before + 3);
  n_after = n_before + 3;
  for (guint i = QMP_POLL_SET_MAX_POLLED + 1; i-- > 0;)
    {
      test_board_say (board->lines[i]);
      test_board_turn (board);
      g_assert_cmpint (board->log->str[0], ==, 'a' + (char) i);
      g_string_truncate (board->log, 0);
      test_board_line_free (board->lines[i]);
      n_after -= 2;
      g_assert_cmpuint (test_count_fds (), ==, n_after - (i <= QMP_POLL_SET_MAX_POLLED / 2 ? 1 : 0));
    }
  g_assert_false (test_board_turn (board));
}

/* --- a forked child --- */

static int
wait_for_child (pid_t child)
{
  int status;

  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFEXITED (status));
  return WEXITSTATUS (status);
}

/* Dropping what it has inherited does not make the parent deaf. */
static void
test_fork (TestBoard     *board,
           gconstpointer  data)
{
  pid_t child;

  test_board_add_lines (board, 10);
  test_board_turn (board);
  child = fork ();
  if (child == 0)
    {
      for (guint i = 0; i < 10; i++)
        test_board_line_free (board->lines[i]);
      _exit (0);
    }
  g_assert_cmpint (wait_for_child (child), ==, 0);
  for (guint i = 0; i < 10; i++)
    {
      test_board_say (board->lines[i]);
      test_board_turn (board);
    }
  test_assert_served (board, "abcdefghij");
}

/* And what it adds itself is its own. */
static void
test_fork_added (TestBoard     *board,
                 gconstpointer  data)
{
  pid_t child;

  test_board_add_lines (board, 10);
  test_board_turn (board);
  child = fork ();
  if (child == 0)
    {
      test_board_say (test_board_add_line (board, 10));
      test_board_turn (board);
      _exit (strcmp (board->log->str, "k"));
    }
  g_assert_cmpint (wait_for_child (child), ==, 0);
  g_assert_false (test_board_turn (board));
  test_board_say (board->lines[0]);
  test_board_turn (board);
  test_assert_served (board, "a");
}

static const TestBoardCase cases[] = {
  { "number-again", test_number_again },
  { "duplicate", test_duplicate },
  { "same-descriptor", test_same_descriptor },
  { "file", test_file },
  { "no-descriptors", test_no_descriptors },
  { "fork", test_fork },
  { "fork-added", test_fork_added },
};

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  test_board_add_cases ("io-context-fd", cases, G_N_ELEMENTS (cases));
  test_board_add_both ("io-context-fd", "crossing", test_crossing);
  return g_test_run ();
}
