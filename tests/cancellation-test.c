/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/qmp-cancellation-private.h"

static void
test_cancelled (void)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) expected = NULL;
  g_autoptr(GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_cancellable_set_error_if_cancelled (cancellable, &expected);
  error = qmp_cancellation_make_error (cancellable);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpstr (error->message, ==, expected->message);
}

/* In words that are the same, so that they are translated as well. */
static void
test_reset (void)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) expected = NULL;
  g_autoptr(GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_cancellable_set_error_if_cancelled (cancellable, &expected);
  g_cancellable_reset (cancellable);
  error = qmp_cancellation_make_error (cancellable);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpstr (error->message, ==, expected->message);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/cancellation/cancelled", test_cancelled);
  g_test_add_func ("/cancellation/reset", test_reset);

  return g_test_run ();
}
