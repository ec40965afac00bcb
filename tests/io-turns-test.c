/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "test-board.h"

/* What one turn of a main loop does when more are flooded than it has time for. Here it has none: of those one is served, and
 * the rest is left to the turns that follow. */

static TestBoardLine *
line_new (TestBoard *board,
          char       name)
{
  return test_board_add_line (board, name - 'a');
}

static void
say_all (TestBoard *board)
{
  for (guint i = 0; i < TEST_BOARD_MAX_LINES; i++)
    if (board->lines[i] != NULL)
      test_board_say (board->lines[i]);
}

/* One turn that serves: behind one that left something the next iteration is everybody else's. */
static void
turn (TestBoard *board)
{
  gsize length = board->log->len;

  for (guint i = 0; i < 3 && board->log->len == length; i++)
    g_main_context_iteration (board->context, FALSE);
}

static void
turns (TestBoard *board,
       guint  n)
{
  for (guint i = 0; i < n; i++)
    turn (board);
}

/* Whether they had read something or not. */
static void
assert_served (TestBoard  *board,
               const char *expected)
{
  g_autofree char *names = g_ascii_strdown (board->log->str, -1);

  g_assert_cmpstr (names, ==, expected);
  g_string_truncate (board->log, 0);
}

static guint
count (TestBoard *board,
       char  name)
{
  guint n = 0;

  for (const char *p = board->log->str; *p != '\0'; p++)
    n += g_ascii_tolower (*p) == name;
  return n;
}

/* It is not read, and so is ready for ever; and it says that there is more. */
static void
set_floods (TestBoardLine *line,
            gboolean       floods)
{
  line->keeps = floods;
  line->more = floods;
}

/* Each of these is known to be busy afterwards, and there is time for one. */
static void
flood (TestBoard  *board,
       const char *names)
{
  qmp_io_context_set_busy_time (board->io, 0);
  for (const char *p = names; *p != '\0'; p++)
    {
      TestBoardLine *line = line_new (board, *p);

      set_floods (line, TRUE);
      test_board_say (line);
      turn (board);
    }
  turns (board, strlen (names));
  g_string_truncate (board->log, 0);
}

/* --- who is served --- */

/* In the order in which they became ready, and from there on in turn. */
static void
test_rotation (TestBoard     *board,
               gconstpointer  data)
{
  for (char name = 'a'; name <= 'd'; name++)
    line_new (board, name);
  say_all (board);
  turns (board, 4);
  assert_served (board, "abcd");
  turn (board);
  assert_served (board, "");

  flood (board, "efg");
  turns (board, 9);
  for (const char *p = board->log->str; p[3] != '\0'; p++)
    g_assert_true (p[0] == p[3] && p[0] != p[1]);
}

/* However many flood us, who says something now and then does not wait for all of them. */
static void
test_quiet_first (TestBoard     *board,
                  gconstpointer  data)
{
  TestBoardLine *quiet = line_new (board, 'a');

  flood (board, "bcdefg");
  for (guint i = 0; i < 20; i++)
    {
      test_board_say (quiet);
      turn (board);
      g_assert_cmpuint (board->log->len, ==, 2);
      g_assert_cmpuint (count (board, 'a'), ==, 1);
      g_assert_cmpint (board->log->str[0], ==, 'a');
      g_string_truncate (board->log, 0);
    }
}

/* Nor do those who always have something keep the busy ones from their share, or each other. */
static void
test_no_starvation (TestBoard     *board,
                    gconstpointer  data)
{
  flood (board, "ab");
  for (char name = 'c'; name <= 'f'; name++)
    {
      line_new (board, name)->keeps = TRUE;
      test_board_say (board->lines[name - 'a']);
    }
  turns (board, 24);
  for (char name = 'a'; name <= 'b'; name++)
    g_assert_cmpuint (count (board, name), >=, 11);
  for (char name = 'c'; name <= 'f'; name++)
    g_assert_cmpuint (count (board, name), >=, 5);
}

/* As soon as it leaves nothing it is like any other. */
static void
test_not_busy_any_more (TestBoard     *board,
                        gconstpointer  data)
{
  flood (board, "ab");
  set_floods (board->lines[1], FALSE);
  turns (board, 3);
  g_string_truncate (board->log, 0);
  test_board_say (board->lines[1]);
  turn (board);
  assert_served (board, "ba");
}

/* Those come when nobody else has anything. */
static void
test_late (TestBoard     *board,
           gconstpointer  data)
{
  line_new (board, 'a');
  qmp_io_watch_set_late (&line_new (board, 'b')->watch, TRUE);
  qmp_io_watch_set_late (&line_new (board, 'c')->watch, TRUE);
  line_new (board, 'd');
  say_all (board);
  turns (board, 4);
  assert_served (board, "adbc");
}

/* With time there is all of it in one turn. */
static void
test_time (TestBoard     *board,
           gconstpointer  data)
{
  flood (board, "ab");
  qmp_io_context_set_busy_time (board->io, G_MAXINT);
  for (char name = 'c'; name <= 'e'; name++)
    test_board_say (line_new (board, name));
  turn (board);
  g_assert_cmpuint (board->log->len, ==, 5);
  g_string_truncate (board->log, 3);
  assert_served (board, "cde");
}

static void
expect_asked (TestBoardLine *line)
{
  g_assert_cmpuint (line->board->lines[0]->n_asked, ==, 1);
}

/* What one that is not busy has to write is written before those that are busy have their turn. */
static void
test_asked_before_busy (TestBoard     *board,
                        gconstpointer  data)
{
  TestBoardLine *line = line_new (board, 'a');

  flood (board, "b");
  board->lines[1]->served = expect_asked;
  test_board_say (line);
  line->n_asked = 0;
  turn (board);
  assert_served (board, "ab");
}

/* That is not a reason to be served twice in one turn. */
static void
test_asked_and_ready (TestBoard     *board,
                      gconstpointer  data)
{
  TestBoardLine *line = line_new (board, 'a');

  flood (board, "b");
  line->need = QMP_IO_READY;
  set_floods (line, TRUE);
  test_board_say (line);
  qmp_io_context_set_busy_time (board->io, G_MAXINT);
  turn (board);
  assert_served (board, "ab");
  turn (board);
  g_assert_cmpuint (board->log->len, ==, 2);
}

/* What it has to write does not wait until it is served; of more than one iteration takes, some is written in each. */
static void
test_asked_though_left (TestBoard     *board,
                        gconstpointer  data)
{
  TestBoardLine *line;
  guint n_asked;

  flood (board, "abcdefghijkl");
  turns (board, 2);
  /* Who was served first, and is last again. */
  line = board->lines[g_ascii_tolower (board->log->str[0]) - 'a'];
  g_assert_cmpint (line->watch.place, ==, QMP_IO_NOTED_BUSY);
  n_asked = line->n_asked;
  g_main_context_iteration (board->context, FALSE);
  g_assert_cmpuint (line->n_asked, ==, n_asked);

  qmp_io_watch_stir (&line->watch);
  g_main_context_iteration (board->context, FALSE);
  g_main_context_iteration (board->context, FALSE);
  g_assert_cmpuint (line->n_asked, ==, n_asked + 1);

  line->need = QMP_IO_AGAIN;
  qmp_io_watch_stir (&line->watch);
  for (guint i = 2; i < 5; i++)
    {
      g_main_context_iteration (board->context, FALSE);
      g_assert_cmpuint (line->n_asked, ==, n_asked + i);
    }
  qmp_io_watch_stir (&line->watch);
  qmp_io_watch_calm (&line->watch);
  g_main_context_iteration (board->context, FALSE);
  g_assert_cmpuint (line->n_asked, ==, n_asked + 4);
  g_assert_cmpint (line->watch.place, ==, QMP_IO_NOTED_BUSY);
}

/* --- nothing is left lying --- */

static void
fall_asleep (TestBoardLine *line)
{
  line->need = QMP_IO_SLEEP;
}

static void
want (TestBoardLine *line,
      gboolean       busy)
{
  line->watch.is_busy = busy;
  line->need = QMP_IO_READY;
  line->served = fall_asleep;
  qmp_io_watch_stir (&line->watch);
}

/* No descriptor says so: what was noted is known to nobody else. */
static void
test_no_sleep (TestBoard     *board,
               gconstpointer  data)
{
  flood (board, "ab");
  for (char name = 'a'; name <= 'd'; name++)
    {
      TestBoardLine *line = name < 'c' ? board->lines[name - 'a'] : line_new (board, name);

      set_floods (line, FALSE);
    }
  while (g_main_context_iteration (board->context, FALSE))
    ;
  g_string_truncate (board->log, 0);

  for (guint i = 0; i < 4; i++)
    want (board->lines[i], i < 2);
  while (board->log->len < 4)
    {
      g_assert_true (g_main_context_pending (board->context));
      g_main_context_iteration (board->context, FALSE);
    }
  assert_served (board, "cdab");
  while (g_main_context_iteration (board->context, FALSE))
    ;
  g_assert_false (g_main_context_pending (board->context));
  assert_served (board, "");

  /* Nor one alone. */
  want (board->lines[0], TRUE);
  g_assert_true (g_main_context_pending (board->context));
  turn (board);
  assert_served (board, "a");
}

static gboolean
idle_cb (gpointer user_data)
{
  (*(guint *) user_data)++;
  return G_SOURCE_CONTINUE;
}

/* Other sources have their turns in between, also of a lower priority. */
static void
test_others (TestBoard     *board,
             gconstpointer  data)
{
  g_autoptr(GSource) idle = g_idle_source_new ();
  guint n_idles = 0;

  flood (board, "abcdef");
  g_source_set_priority (idle, G_PRIORITY_HIGH_IDLE + 20);
  g_source_set_callback (idle, idle_cb, &n_idles, NULL);
  g_source_attach (idle, board->context);
  for (guint i = 0; i < 100; i++)
    g_main_context_iteration (board->context, FALSE);
  g_source_destroy (idle);
  g_assert_cmpuint (n_idles, ==, 50);
  g_assert_cmpuint (board->log->len, ==, 50);
}

/* --- what user code does in the middle of it --- */

static void
free_others (TestBoardLine *line)
{
  TestBoard *board = line->board;

  for (guint i = 0; i < TEST_BOARD_MAX_LINES; i++)
    if (board->lines[i] != NULL && board->lines[i] != line)
      test_board_line_free (board->lines[i]);
}

/* Those that are left to a later turn are not there any more then. */
static void
test_free_left (TestBoard     *board,
                gconstpointer  data)
{
  flood (board, "abc");
  for (guint i = 0; i < 3; i++)
    board->lines[i]->served = free_others;
  turns (board, 3);
  g_assert_cmpuint (board->log->len, ==, 3);
  g_assert_cmpuint (count (board, g_ascii_tolower (board->log->str[0])), ==, 3);
}

/* Who is busy and frees itself is not looked at any more. */
static void
test_free_busy (TestBoard     *board,
                gconstpointer  data)
{
  flood (board, "ab");
  board->lines[0]->served = test_board_line_free;
  board->lines[1]->served = test_board_line_free;
  turns (board, 4);
  g_assert_cmpuint (board->log->len, ==, 2);
}

static void
free_first (TestBoardLine *line)
{
  test_board_line_free (line->board->lines[0]);
}

static void
run_nested (TestBoardLine *line)
{
  line->served = NULL;
  turns (line->board, 2);
}

/* A turn within the turn goes on where that one stands; who began it may be gone when it is over. */
static void
test_nested (TestBoard     *board,
             gconstpointer  data)
{
  TestBoardLine *line = line_new (board, 'a');

  set_floods (line, TRUE);
  line->served = run_nested;
  line_new (board, 'b');
  line_new (board, 'c')->served = free_first;
  say_all (board);
  turns (board, 4);
  assert_served (board, "abc");
}

static void
run_nested_and_note (TestBoardLine *line)
{
  TestBoard *board = line->board;
  int priority;

  run_nested (line);
  board->lines[2]->need = QMP_IO_READY;
  qmp_io_watch_stir (&board->lines[2]->watch);
  g_assert_true (g_main_context_prepare (board->context, &priority));
}

/* And that one is over with it, whatever was noted since. */
static void
test_nested_over (TestBoard     *board,
                  gconstpointer  data)
{
  for (char name = 'a'; name <= 'c'; name++)
    line_new (board, name);
  board->lines[0]->served = run_nested_and_note;
  test_board_say (board->lines[0]);
  test_board_say (board->lines[1]);
  turn (board);
  assert_served (board, "ab");
  turn (board);
  assert_served (board, "c");
}

static void
free_lines (gpointer  user_data,
            GObject  *where_the_object_was)
{
  TestBoard *board = user_data;

  for (guint i = 0; i < TEST_BOARD_MAX_LINES; i++)
    if (board->lines[i] != NULL)
      test_board_line_free (board->lines[i]);
}

static gpointer
hand_over (gpointer data)
{
  TestBoard *board = data;
  GObject *object = g_object_new (G_TYPE_OBJECT, NULL);

  g_object_weak_ref (object, free_lines, board);
  qmp_io_context_hand_over (board->io, object);
  return NULL;
}

/* What went in another thread goes before anything else is served, whatever a turn has left. */
static void
test_handed_over (TestBoard     *board,
                  gconstpointer  data)
{
  flood (board, "ab");
  for (char name = 'c'; name <= 'e'; name++)
    test_board_say (line_new (board, name));
  turn (board);
  g_string_truncate (board->log, 0);
  g_thread_join (g_thread_new ("other", hand_over, board));
  turns (board, 4);
  assert_served (board, "");
}

static const TestBoardCase cases[] = {
  { "rotation", test_rotation },
  { "quiet-first", test_quiet_first },
  { "no-starvation", test_no_starvation },
  { "not-busy-any-more", test_not_busy_any_more },
  { "late", test_late },
  { "time", test_time },
  { "asked-before-busy", test_asked_before_busy },
  { "asked-and-ready", test_asked_and_ready },
  { "asked-though-left", test_asked_though_left },
  { "no-sleep", test_no_sleep },
  { "others", test_others },
  { "free-left", test_free_left },
  { "free-busy", test_free_busy },
  { "nested", test_nested },
  { "nested/over", test_nested_over },
  { "handed-over", test_handed_over },
};

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  test_board_add_cases ("io-turns", cases, G_N_ELEMENTS (cases));
  return g_test_run ();
}
