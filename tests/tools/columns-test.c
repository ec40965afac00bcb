/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tool-columns.h"

static const ToolColumn columns[] = {
  { 0, 8, 20 },   /* a name */
  { 2, 5, 5 },
  { 1, 6, 10 },
};

#define N G_N_ELEMENTS (columns)

static void
check (guint total,
       guint first,
       guint second,
       guint third)
{
  guint widths[N];

  tool_columns_fit (columns, N, total, widths);
  g_assert_cmpuint (widths[0], ==, first);
  g_assert_cmpuint (widths[1], ==, second);
  g_assert_cmpuint (widths[2], ==, third);
}

static void
test_fit (void)
{
  check (0, 0, 0, 0);
  check (3, 3, 0, 0);
  check (8, 8, 0, 0);
  /* The third is of a better rank, but has no room; the second has. */
  check (14, 8, 5, 0);
  check (15, 8, 0, 6);
  check (20, 13, 0, 6);
  check (21, 8, 5, 6);
  check (33, 20, 5, 6);
  check (37, 20, 5, 10);
  check (200, 20, 5, 10);
}

/* Whatever the width, it is not exceeded, and what is there has what it needs. */
static void
test_all (void)
{
  for (guint total = 0; total < 60; total++)
    {
      guint widths[N];
      guint taken = 0;

      tool_columns_fit (columns, N, total, widths);
      for (guint i = 0; i < N; i++)
        {
          taken += widths[i] > 0 ? widths[i] + (taken > 0 ? 1 : 0) : 0;
          g_assert_true (widths[i] == 0 || widths[i] >= MIN (columns[i].least, total));
          g_assert_cmpuint (widths[i], <=, columns[i].wanted);
        }
      g_assert_cmpuint (taken, <=, total);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/columns/fit", test_fit);
  g_test_add_func ("/columns/all", test_all);
  return g_test_run ();
}
