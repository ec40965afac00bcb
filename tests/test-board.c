/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-board.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test-utils.h"

/* --- a line --- */

static QmpIoNeed
prepare_cb (gpointer owner)
{
  TestBoardLine *line = owner;

  line->n_asked++;
  return line->need;
}

static gboolean
dispatch_cb (gpointer     owner,
             GIOCondition ready)
{
  TestBoardLine *line = owner;
  gboolean more = line->more;
  char bytes[100];
  gboolean has_read = !line->keeps && line->fd >= 0 && recv (line->fd, bytes, sizeof (bytes), MSG_DONTWAIT) > 0;

  g_assert_true (g_source_get_context (g_main_current_source ()) == line->board->context);
  g_string_append_c (line->board->log, has_read ? line->name : g_ascii_toupper (line->name));
  if (line->served != NULL)
    line->served (line);
  return more;
}

static const QmpIoFuncs line_funcs = { prepare_cb, dispatch_cb };

void
test_board_attach (TestBoardLine *line)
{
  qmp_io_watch_attach (&line->watch, line->board->io, &line_funcs, line);
  qmp_io_watch_set_fd (&line->watch, line->fd, G_IO_IN);
}

TestBoardLine *
test_board_add_line (TestBoard *board,
                     guint      index)
{
  TestBoardLine *line = g_new0 (TestBoardLine, 1);
  int fds[2];

  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
  *line = (TestBoardLine) { .board = board, .name = 'a' + index, .fd = fds[0], .peer_fd = fds[1] };
  test_board_attach (line);
  g_assert_null (board->lines[index]);
  board->lines[index] = line;
  return line;
}

void
test_board_add_lines (TestBoard *board,
                      guint      n)
{
  for (guint i = 0; i < n; i++)
    test_board_add_line (board, i);
}

void
test_board_line_free (TestBoardLine *line)
{
  line->board->lines[line->name - 'a'] = NULL;
  qmp_io_watch_detach (&line->watch);
  if (line->fd >= 0)
    close (line->fd);
  close (line->peer_fd);
  g_free (line);
}

void
test_board_say (TestBoardLine *line)
{
  g_assert_cmpint (send (line->peer_fd, "x", 1, 0), ==, 1);
}

/* --- somebody else's main loop --- */

gboolean
test_foreign_wakes (GMainContext    *context,
                    TestForeignFunc  what,
                    gpointer         data)
{
  GPollFD fds[16];
  gboolean woken;
  int priority;
  int timeout;
  int n;

  g_assert_true (g_main_context_acquire (context));
  g_main_context_prepare (context, &priority);
  n = g_main_context_query (context, priority, &timeout, fds, G_N_ELEMENTS (fds));
  g_assert_cmpint (n, <=, (int) G_N_ELEMENTS (fds));
  g_main_context_release (context);
  what (data);
  woken = g_poll (fds, n, 0) > 0;
  g_assert_true (g_main_context_acquire (context));
  if (g_main_context_check (context, priority, fds, n))
    g_main_context_dispatch (context);
  g_main_context_release (context);
  return woken;
}

/* --- the board --- */

gboolean
test_board_turn (TestBoard *board)
{
  return g_main_context_iteration (board->context, FALSE);
}

static void
set_up (TestBoard     *board,
        gconstpointer  data)
{
  board->context = g_main_context_new ();
  board->io = qmp_io_context_get (board->context);
  qmp_io_context_set_max_polled (board->io, GPOINTER_TO_UINT (data));
  /* However slow the machine is. */
  qmp_io_context_set_busy_time (board->io, G_MAXINT);
  board->log = g_string_new (NULL);
}

static void
tear_down (TestBoard     *board,
           gconstpointer  data)
{
  for (guint i = 0; i < TEST_BOARD_MAX_LINES; i++)
    if (board->lines[i] != NULL)
      test_board_line_free (board->lines[i]);
  if (board->io != NULL)
    qmp_io_context_unref (board->io);
  g_main_context_unref (board->context);
  g_string_free (board->log, TRUE);
}

static void
add (const char    *path,
     const char    *how,
     guint          max_polled,
     const char    *name,
     TestBoardFunc  test)
{
  g_autofree char *full = g_strdup_printf ("/%s/%s/%s", path, how, name);

  g_test_add (full, TestBoard, GUINT_TO_POINTER (max_polled), set_up, test, tear_down);
}

void
test_board_add_cases (const char          *path,
                      const TestBoardCase *cases,
                      guint                n_cases)
{
  for (guint i = 0; i < n_cases; i++)
    add (path, "polled", G_MAXUINT, cases[i].name, cases[i].test);
  for (guint i = 0; i < n_cases; i++)
    add (path, "epoll", 0, cases[i].name, cases[i].test);
  for (guint i = 0; i < n_cases; i++)
    test_board_add_both (path, cases[i].name, cases[i].test);
}

void
test_board_add_both (const char    *path,
                     const char    *name,
                     TestBoardFunc  test)
{
  add (path, "both", QMP_POLL_SET_MAX_POLLED, name, test);
}
