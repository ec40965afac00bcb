/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-lines-private.h"

#include <string.h>

static void
say (QmpLines   *lines,
     const char *text)
{
  qmp_lines_add (lines, (const guint8 *) text, strlen (text));
}

#define assert_line(lines, expected)                     \
  G_STMT_START {                                         \
    gboolean line_ready = qmp_lines_ready (lines);       \
    g_autofree char *line = qmp_lines_take (lines);      \
    g_assert_cmpstr (line, ==, expected);                \
    g_assert_true (line_ready == (line != NULL));        \
  } G_STMT_END

static void
test_pieces (void)
{
  QmpLines lines = { NULL };

  assert_line (&lines, NULL);
  say (&lines, "on");
  assert_line (&lines, NULL);
  say (&lines, "e\n\ntwo\nthr");
  assert_line (&lines, "one");
  assert_line (&lines, "");
  assert_line (&lines, "two");
  assert_line (&lines, NULL);
  say (&lines, "ee\n");
  assert_line (&lines, "three");
  assert_line (&lines, NULL);
  g_assert_null (lines.bytes);
}

static void
test_end (void)
{
  QmpLines lines = { NULL };

  qmp_lines_end (&lines);
  assert_line (&lines, NULL);
  say (&lines, "whole\n");
  qmp_lines_end (&lines);
  say (&lines, "last");
  qmp_lines_end (&lines);
  say (&lines, "of another");
  assert_line (&lines, "whole");
  assert_line (&lines, "last");
  assert_line (&lines, NULL);
  qmp_lines_clear (&lines);
  assert_line (&lines, NULL);
}

static void
test_not_utf8 (void)
{
  static const guint8 bytes[] = { 'a', 0, 'b', 0xff, '\n', 0xc3, 0xa4, '\n' };
  QmpLines lines = { NULL };

  qmp_lines_add (&lines, bytes, sizeof bytes);
  assert_line (&lines, "a\xef\xbf\xbd" "b\xef\xbf\xbd");
  assert_line (&lines, "\xc3\xa4");
}

static void
add_many (QmpLines *lines,
          char      c,
          gsize     length)
{
  g_autofree char *text = g_strnfill (length, c);

  say (lines, text);
}

static void
test_long (void)
{
  g_autofree char *piece = g_strnfill (QMP_LINES_MAX_LINE, 'x');
  QmpLines lines = { NULL };

  add_many (&lines, 'x', QMP_LINES_MAX_LINE);
  assert_line (&lines, piece);
  /* There is no empty line behind one that is just so long. */
  add_many (&lines, 'x', QMP_LINES_MAX_LINE);
  say (&lines, "\nnext\n");
  assert_line (&lines, piece);
  assert_line (&lines, "next");
  add_many (&lines, 'x', QMP_LINES_MAX_LINE + 3);
  assert_line (&lines, piece);
  assert_line (&lines, NULL);
  say (&lines, "\n");
  assert_line (&lines, "xxx");
  assert_line (&lines, NULL);
}

/* Nobody takes them: the last are kept. */
static void
test_bounded (void)
{
  QmpLines lines = { NULL };
  guint n_lines = 0;
  char *line;

  say (&lines, "lost\n");
  for (int i = 0; i < 100; i++)
    {
      add_many (&lines, 'x', 99 * 100 - 1);
      say (&lines, "\n");
      g_assert_cmpuint (lines.bytes->len, <=, 2 * QMP_LINES_MAX_KEPT + 99 * 100);
    }
  say (&lines, "end\n");
  while ((line = qmp_lines_take (&lines)) != NULL)
    {
      g_assert_true (g_str_equal (line, "end") == (qmp_lines_ready (&lines) == FALSE));
      g_free (line);
      n_lines++;
    }
  g_assert_cmpuint (n_lines, ==, QMP_LINES_MAX_KEPT / (99 * 100) + 2);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/lines/pieces", test_pieces);
  g_test_add_func ("/lines/end", test_end);
  g_test_add_func ("/lines/not-utf8", test_not_utf8);
  g_test_add_func ("/lines/long", test_long);
  g_test_add_func ("/lines/bounded", test_bounded);

  return g_test_run ();
}
