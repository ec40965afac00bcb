/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>

#include "test-board.h"

/* Who is served in a turn, and when there is one; io-context-fd-test.c has the descriptors. */

/* --- who is served --- */

static void
test_ready (TestBoard     *board,
            gconstpointer  data)
{
  test_board_add_lines (board, 10);
  test_board_turn (board);
  g_assert_false (test_board_turn (board));
  test_assert_served (board, "");

  test_board_say (board->lines[3]);
  g_assert_true (test_board_turn (board));
  test_assert_served (board, "d");
  g_assert_false (test_board_turn (board));

  for (guint i = 0; i < 10; i++)
    test_board_say (board->lines[i]);
  test_board_turn (board);
  g_assert_cmpuint (board->log->len, ==, 10);
  for (char name = 'a'; name < 'k'; name++)
    g_assert_nonnull (strchr (board->log->str, name));
  g_assert_false (test_board_turn (board));
}

/* What a watch needs is asked once it was stirred, and it is served once a turn, not until it needs no more. */
static void
test_need (TestBoard     *board,
           gconstpointer  data)
{
  TestBoardLine *line = test_board_add_line (board, 0);

  line->need = QMP_IO_READY;
  g_assert_false (test_board_turn (board));
  qmp_io_watch_stir (&line->watch);
  test_board_turn (board);
  test_assert_served (board, "A");
  test_board_turn (board);
  test_assert_served (board, "A");
  line->need = QMP_IO_SLEEP;
  g_assert_false (test_board_turn (board));

  line->need = QMP_IO_READY;
  qmp_io_watch_stir (&line->watch);
  qmp_io_watch_calm (&line->watch);
  g_assert_false (test_board_turn (board));
  test_assert_served (board, "");
}

/* A watch that has more to do, without being ready, keeps the context from sleeping. */
static void
test_again (TestBoard     *board,
            gconstpointer  data)
{
  TestBoardLine *line = test_board_add_line (board, 0);
  int priority;
  int timeout;

  line->need = QMP_IO_AGAIN;
  qmp_io_watch_stir (&line->watch);
  g_assert_true (g_main_context_acquire (board->context));
  for (guint i = 0; i < 3; i++)
    {
      if (i == 2)
        line->need = QMP_IO_SLEEP;
      g_assert_false (g_main_context_prepare (board->context, &priority));
      g_main_context_query (board->context, priority, &timeout, NULL, 0);
      g_assert_cmpint (timeout, ==, i < 2 ? 0 : -1);
    }
  g_main_context_release (board->context);
}

static void
test_late (TestBoard     *board,
           gconstpointer  data)
{
  test_board_add_lines (board, 2);
  qmp_io_watch_set_late (&board->lines[0]->watch, TRUE);
  test_board_say (board->lines[0]);
  test_board_say (board->lines[1]);
  test_board_turn (board);
  test_assert_served (board, "b");
  test_board_turn (board);
  test_assert_served (board, "a");
}

/* A hang-up cannot be masked: who does not read any more must not be waited for. */
static void
test_hang_up (TestBoard     *board,
              gconstpointer  data)
{
  TestBoardLine *line = test_board_add_line (board, 0);

  test_board_add_line (board, 1);
  shutdown (line->peer_fd, SHUT_RDWR);
  test_board_turn (board);
  test_assert_served (board, "A");
  qmp_io_watch_set_fd (&line->watch, -1, 0);
  g_assert_false (test_board_turn (board));
  test_board_say (board->lines[1]);
  test_board_turn (board);
  test_assert_served (board, "b");
}

static void
test_events (TestBoard     *board,
             gconstpointer  data)
{
  TestBoardLine *line = test_board_add_line (board, 0);

  g_assert_false (test_board_turn (board));
  qmp_io_watch_set_fd (&line->watch, line->fd, G_IO_IN | G_IO_OUT);
  test_board_turn (board);
  test_assert_served (board, "A");
  qmp_io_watch_set_fd (&line->watch, line->fd, G_IO_IN);
  g_assert_false (test_board_turn (board));
  test_board_say (line);
  test_board_turn (board);
  test_assert_served (board, "a");
}

/* --- what user code does in a turn --- */

static void
free_next (TestBoardLine *line)
{
  TestBoardLine *next = line->board->lines[line->name - 'a' + 1];

  if (next != NULL)
    test_board_line_free (next);
}

static void
test_free_another (TestBoard     *board,
                   gconstpointer  data)
{
  test_board_add_lines (board, 4);
  for (guint i = 0; i < 4; i++)
    {
      board->lines[i]->served = i < 3 ? free_next : NULL;
      test_board_say (board->lines[i]);
    }
  while (test_board_turn (board))
    ;
  /* In which order is the kernel's to say: of two neighbours one is served at least. */
  g_assert_cmpuint (board->log->len, >=, 2);
}

static void
test_free_itself (TestBoard     *board,
                  gconstpointer  data)
{
  test_board_add_lines (board, 2);
  board->lines[0]->served = test_board_line_free;
  test_board_say (board->lines[0]);
  test_board_turn (board);
  test_assert_served (board, "a");
  test_board_say (board->lines[1]);
  test_board_turn (board);
  test_assert_served (board, "b");
}

/* With the last watch the source goes, and with the last reference the context, from within its own dispatch. */
static void
free_all (TestBoardLine *line)
{
  TestBoard *board = line->board;

  test_board_line_free (line);
  qmp_io_context_unref (g_steal_pointer (&board->io));
}

static void
test_free_all (TestBoard     *board,
               gconstpointer  data)
{
  TestBoardLine *line = test_board_add_line (board, 0);

  line->served = free_all;
  test_board_say (line);
  test_board_turn (board);
  test_assert_served (board, "a");
  g_assert_false (test_board_turn (board));
}

static void
add_one (TestBoardLine *line)
{
  line->served = NULL;
  test_board_say (test_board_add_line (line->board, 1));
}

static void
test_add (TestBoard     *board,
          gconstpointer  data)
{
  test_board_add_line (board, 0)->served = add_one;
  test_board_say (board->lines[0]);
  test_board_turn (board);
  test_assert_served (board, "a");
  test_board_turn (board);
  test_assert_served (board, "b");
}

/* The first one that is served frees another and runs a main loop until all who are left were served. */
static void
nest (TestBoardLine *line)
{
  TestBoard *board = line->board;

  for (guint i = 0; i < 4; i++)
    if (board->lines[i] != NULL)
      board->lines[i]->served = NULL;
  test_board_line_free (board->lines[line->name == 'a' ? 1 : 0]);
  while (board->log->len < 3)
    test_board_turn (board);
  g_string_append_c (board->log, '.');
}

static void
test_nested (TestBoard     *board,
             gconstpointer  data)
{
  test_board_add_lines (board, 4);
  for (guint i = 0; i < 4; i++)
    {
      board->lines[i]->served = nest;
      test_board_say (board->lines[i]);
    }
  test_board_turn (board);
  g_assert_cmpuint (board->log->len, ==, 4);
  g_assert_cmpint (board->log->str[3], ==, '.');
  while (test_board_turn (board))
    ;
  g_assert_cmpuint (board->log->len, ==, 4);
}

static void
destroy_source (TestBoardLine *line)
{
  g_source_destroy (g_main_current_source ());
}

/* It is not the program's to destroy, and a program that does so goes on. */
static void
test_source_destroyed (TestBoard     *board,
                       gconstpointer  data)
{
  test_board_add_lines (board, 3);
  board->lines[0]->served = destroy_source;
  test_board_say (board->lines[0]);
  g_test_expect_message ("Qmp", G_LOG_LEVEL_WARNING, "*destroyed the source*");
  test_board_turn (board);
  g_test_assert_expected_messages ();
  test_assert_served (board, "a");
  test_board_say (board->lines[1]);
  test_board_say (board->lines[2]);
  test_board_turn (board);
  g_assert_cmpuint (board->log->len, ==, 2);
}

/* --- somebody else's main loop --- */

#define foreign_wakes(board, what) test_foreign_wakes ((board)->context, (TestForeignFunc) (what), board)

static void
do_nothing (TestBoard *board)
{
}

static void
say_first (TestBoard *board)
{
  test_board_say (board->lines[0]);
}

static void
stir_first (TestBoard *board)
{
  qmp_io_watch_stir (&board->lines[0]->watch);
}

static void
stir_held (TestBoard *board)
{
  qmp_io_context_hold (board->io);
  qmp_io_watch_stir (&board->lines[0]->watch);
  qmp_io_watch_calm (&board->lines[0]->watch);
  qmp_io_context_release (board->io);
}

static void
stir_and_release (TestBoard *board)
{
  qmp_io_context_hold (board->io);
  qmp_io_watch_stir (&board->lines[0]->watch);
  qmp_io_context_release (board->io);
}

static void
test_foreign (TestBoard     *board,
              gconstpointer  data)
{
  test_board_add_lines (board, 10);
  while (foreign_wakes (board, do_nothing))
    ;
  g_assert_true (foreign_wakes (board, say_first));
  test_assert_served (board, "a");
  while (foreign_wakes (board, do_nothing))
    ;
  g_assert_true (foreign_wakes (board, stir_first));
  g_assert_false (foreign_wakes (board, do_nothing));
  g_assert_false (foreign_wakes (board, stir_held));
  g_assert_true (foreign_wakes (board, stir_and_release));
}

static gboolean
idle_cb (gpointer user_data)
{
  ((TestBoard *) user_data)->n_idles++;
  return G_SOURCE_CONTINUE;
}

static void
add_idle (TestBoard *board)
{
  g_autoptr(GSource) idle = g_idle_source_new ();

  /* GTK draws at this priority. */
  g_source_set_priority (idle, G_PRIORITY_HIGH_IDLE + 20);
  g_source_set_callback (idle, idle_cb, board, NULL);
  g_source_attach (idle, board->context);
}

/* Somebody who is always ready leaves room for what has a lower priority. */
static void
test_flood (TestBoard     *board,
            gconstpointer  data)
{
  TestBoardLine *line = test_board_add_line (board, 0);

  line->keeps = TRUE;
  line->more = TRUE;
  test_board_say (line);
  add_idle (board);
  for (guint i = 0; i < 100; i++)
    test_board_turn (board);
  g_assert_cmpuint (board->n_idles, ==, 50);
  g_assert_cmpuint (board->log->len, ==, 50);

  /* Also who does not say so. */
  line->more = FALSE;
  board->n_idles = 0;
  for (guint i = 0; i < 200; i++)
    test_board_turn (board);
  g_assert_cmpuint (board->n_idles, >=, 2);
}

/* --- streams without a descriptor --- */

static void
test_stream (TestBoard     *board,
             gconstpointer  data)
{
  TestBoardLine *line = test_board_add_line (board, 0);
  g_autoptr(GSource) source = g_unix_fd_source_new (line->fd, G_IO_IN);

  qmp_io_watch_set_fd (&line->watch, -1, 0);
  qmp_io_watch_add_source (&line->watch, source);
  g_assert_false (test_board_turn (board));
  test_board_say (line);
  test_board_turn (board);
  test_assert_served (board, "a");
  g_assert_false (test_board_turn (board));

  line->served = test_board_line_free;
  test_board_say (line);
  test_board_turn (board);
  test_assert_served (board, "a");
  g_assert_true (g_source_is_destroyed (source));
}

static void
test_stream_removed (TestBoard     *board,
                     gconstpointer  data)
{
  TestBoardLine *line = test_board_add_line (board, 0);
  g_autoptr(GSource) source = g_unix_fd_source_new (line->fd, G_IO_IN);

  qmp_io_watch_set_fd (&line->watch, -1, 0);
  qmp_io_watch_add_source (&line->watch, source);
  qmp_io_watch_remove_source (&line->watch, source);
  test_board_say (line);
  g_assert_false (test_board_turn (board));
}

/* --- timers --- */

typedef struct {
  QmpIoTimer  timer;
  TestBoard       *board;
  char        name;
  QmpIoTimer *other;   /* nullable: cleared */
  gboolean    again;
} Alarm;

static void
alarm_cb (gpointer owner)
{
  Alarm *alarm = owner;

  g_string_append_c (alarm->board->log, alarm->name);
  g_assert_false (qmp_io_timer_is_set (&alarm->timer));
  if (alarm->other != NULL)
    qmp_io_timer_clear (alarm->other);
  if (alarm->again)
    qmp_io_timer_set (&alarm->timer, alarm->board->io, 1, alarm_cb, alarm);
}

static void
set_alarm (Alarm *alarm,
           gint64 time)
{
  qmp_io_timer_set (&alarm->timer, alarm->board->io, time, alarm_cb, alarm);
}

static void
test_timers (TestBoard     *board,
             gconstpointer  data)
{
  Alarm a = { .board = board, .name = 'a' };
  Alarm b = { .board = board, .name = 'b' };
  Alarm c = { .board = board, .name = 'c', .other = &a.timer };
  gint64 later = g_get_monotonic_time () + G_TIME_SPAN_DAY;

  set_alarm (&a, 30);
  set_alarm (&b, 10);
  set_alarm (&c, 20);
  test_board_turn (board);
  test_assert_served (board, "bc");
  g_assert_false (qmp_io_timer_is_set (&a.timer));
  g_assert_false (test_board_turn (board));

  set_alarm (&b, later);
  g_assert_false (test_board_turn (board));
  set_alarm (&b, 10);
  test_board_turn (board);
  test_assert_served (board, "b");

  /* One that is set again for now comes with the next turn. */
  b.again = TRUE;
  set_alarm (&b, 10);
  test_board_turn (board);
  test_assert_served (board, "b");
  test_board_turn (board);
  test_assert_served (board, "b");
  qmp_io_timer_clear (&b.timer);
  qmp_io_timer_clear (&b.timer);
  g_assert_false (test_board_turn (board));
}

static Alarm soon;

static void
set_soon (TestBoard *board)
{
  soon = (Alarm) { .board = board, .name = 's' };
  set_alarm (&soon, g_get_monotonic_time () + G_TIME_SPAN_DAY);
}

/* The context sleeps for as long as the earliest, and is woken when there is an earlier one. */
static void
test_timer_timeout (TestBoard     *board,
                    gconstpointer  data)
{
  Alarm late = { .board = board };
  gint64 now = g_get_monotonic_time ();
  int priority;
  int timeout;

  test_board_add_line (board, 0);
  set_alarm (&late, now + 2 * G_TIME_SPAN_DAY);
  while (foreign_wakes (board, do_nothing))
    ;
  g_assert_true (foreign_wakes (board, set_soon));
  g_assert_true (g_main_context_acquire (board->context));
  g_main_context_prepare (board->context, &priority);
  g_main_context_query (board->context, priority, &timeout, NULL, 0);
  g_main_context_release (board->context);
  g_assert_cmpint (timeout, >, 0);
  g_assert_cmpint (timeout, <=, G_TIME_SPAN_DAY / 1000 + 1);
  qmp_io_timer_clear (&soon.timer);
  qmp_io_timer_clear (&late.timer);
}

/* --- threads --- */

static gpointer
get_elsewhere (gpointer data)
{
  TestBoard *board = data;

  return qmp_io_context_get (board->context);
}

/* One for each main context in each thread. The last reference may go in any, while the thread lives, or after. */
static void
test_threads (TestBoard     *board,
              gconstpointer  data)
{
  g_autoptr(GMainContext) other = g_main_context_new ();
  QmpIoContext *io = qmp_io_context_get (board->context);

  g_assert_true (io == board->io);
  qmp_io_context_unref (io);
  io = qmp_io_context_get (other);
  g_assert_true (io != board->io);
  g_assert_true (qmp_io_context_get_main_context (io) == other);
  g_thread_join (g_thread_new ("unref", (GThreadFunc) qmp_io_context_unref, io));
  /* Nobody holds it, and this thread finds it again. */
  g_assert_true (qmp_io_context_get (other) == io);
  qmp_io_context_unref (io);

  io = g_thread_join (g_thread_new ("get", get_elsewhere, board));
  g_assert_true (io != board->io);
  qmp_io_context_unref (io);
}

#ifdef QMP_CHECKS
/* Something to do that nobody was told of would never be done. */
static void
test_check (TestBoard     *board,
            gconstpointer  data)
{
  TestBoardLine *line = test_board_add_line (board, 0);

  qmp_io_context_check (board->io);
  line->need = QMP_IO_READY;
  qmp_io_watch_stir (&line->watch);
  qmp_io_context_check (board->io);
  if (g_test_subprocess ())
    {
      qmp_io_watch_calm (&line->watch);
      qmp_io_context_check (board->io);
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*qmp_io_context_check: assertion failed*");
}
#endif

static const TestBoardCase cases[] = {
  { "ready", test_ready },
  { "need", test_need },
  { "again", test_again },
  { "late", test_late },
  { "hang-up", test_hang_up },
  { "events", test_events },
  { "free-another", test_free_another },
  { "free-itself", test_free_itself },
  { "free-all", test_free_all },
  { "add", test_add },
  { "nested", test_nested },
  { "source-destroyed", test_source_destroyed },
  { "foreign", test_foreign },
  { "flood", test_flood },
  { "stream", test_stream },
  { "stream-removed", test_stream_removed },
  { "timers", test_timers },
  { "timer-timeout", test_timer_timeout },
  { "threads", test_threads },
#ifdef QMP_CHECKS
  { "check", test_check },
#endif
};

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  test_board_add_cases ("io-context", cases, G_N_ELEMENTS (cases));
  return g_test_run ();
}
