/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-backoff-private.h"

static void
test_doubles (void)
{
  const gint64 expected[] = { 100, 200, 400, 800, 1000, 1000, 1000 };
  QmpBackoff backoff;

  qmp_backoff_init (&backoff, 100, 1000);
  for (int round = 0; round < 2; round++)
    {
      for (gsize i = 0; i < G_N_ELEMENTS (expected); i++)
        g_assert_cmpint (qmp_backoff_step (&backoff, 0), ==, expected[i]);
      qmp_backoff_reset (&backoff);
    }
}

/* By a half at most, and what follows does not change. */
static void
test_random (void)
{
  QmpBackoff backoff;

  qmp_backoff_init (&backoff, 100, 1000);
  g_assert_cmpint (qmp_backoff_step (&backoff, 0.5), ==, 75);
  g_assert_cmpint (qmp_backoff_step (&backoff, 0.999), ==, 101);
  for (int i = 0; i < 1000; i++)
    {
      gint64 delay = qmp_backoff_step (&backoff, g_test_rand_double_range (0, 1));

      g_assert_cmpint (delay, >, 50);
      g_assert_cmpint (delay, <=, 1000);
    }
}

static void
test_limits (void)
{
  QmpBackoff backoff;

  qmp_backoff_init (&backoff, 0, 0);
  g_assert_cmpint (qmp_backoff_step (&backoff, 0), ==, 0);
  qmp_backoff_init (&backoff, G_MAXINT64 / 2 + 1, G_MAXINT64);
  g_assert_cmpint (qmp_backoff_step (&backoff, 0), ==, G_MAXINT64 / 2 + 1);
  g_assert_cmpint (qmp_backoff_step (&backoff, 0), ==, G_MAXINT64);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/backoff/doubles", test_doubles);
  g_test_add_func ("/backoff/random", test_random);
  g_test_add_func ("/backoff/limits", test_limits);

  return g_test_run ();
}
