/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/qmp-closure-private.h"

/* A user function with its data: when the data is freed, and that it is kept while the function runs. */

/* What holds a closure, and what is seen of it. */
typedef struct {
  QmpClosure *closure;
  int         n_destroyed;
  int         n_destroyed_inside;  /* while the function ran */
} Holder;

static void
count_destroyed (gpointer user_data)
{
  Holder *holder = user_data;

  holder->n_destroyed++;
}

static void
count_twice (gpointer user_data)
{
  Holder *holder = user_data;

  holder->n_destroyed += 2;
}

static void
do_nothing (Holder *holder)
{
}

static void
test_replace (void)
{
  Holder holder = { NULL };

  qmp_closure_set (&holder.closure, G_CALLBACK (do_nothing), &holder, count_destroyed);
  g_assert_true (holder.closure->function == G_CALLBACK (do_nothing));
  g_assert_true (holder.closure->user_data == &holder);
  g_assert_cmpint (holder.n_destroyed, ==, 0);

  qmp_closure_set (&holder.closure, G_CALLBACK (do_nothing), &holder, count_twice);
  g_assert_nonnull (holder.closure);
  g_assert_cmpint (holder.n_destroyed, ==, 1);

  g_clear_pointer (&holder.closure, qmp_closure_unref);
  g_assert_cmpint (holder.n_destroyed, ==, 3);
}

static void
test_without_destroy (void)
{
  Holder holder = { NULL };

  qmp_closure_set (&holder.closure, G_CALLBACK (do_nothing), NULL, NULL);
  qmp_closure_set (&holder.closure, NULL, NULL, NULL);
  g_assert_null (holder.closure);
  qmp_closure_set (&holder.closure, NULL, NULL, NULL);
  g_assert_null (holder.closure);
}

/* Without a function, both are freed: the data that is given, and the closure that was there. */
static void
test_without_function (void)
{
  Holder holder = { NULL };

  qmp_closure_set (&holder.closure, NULL, &holder, count_destroyed);
  g_assert_null (holder.closure);
  g_assert_cmpint (holder.n_destroyed, ==, 1);

  qmp_closure_set (&holder.closure, G_CALLBACK (do_nothing), &holder, count_destroyed);
  qmp_closure_set (&holder.closure, NULL, &holder, count_twice);
  g_assert_null (holder.closure);
  g_assert_cmpint (holder.n_destroyed, ==, 4);
}

static void
replace_inside (Holder *holder)
{
  qmp_closure_set (&holder->closure, G_CALLBACK (do_nothing), NULL, NULL);
  holder->n_destroyed_inside = holder->n_destroyed;
}

static void
clear_inside (Holder *holder)
{
  g_clear_pointer (&holder->closure, qmp_closure_unref);
  holder->n_destroyed_inside = holder->n_destroyed;
}

static void
call (Holder *holder)
{
  g_autoptr(QmpClosure) closure = qmp_closure_ref (holder->closure);

  ((void (*) (Holder *)) closure->function) (closure->user_data);
}

/* A function that replaces itself: its data lives until it has returned. */
static void
test_kept_while_called (gconstpointer data)
{
  GCallback function = *(const GCallback *) data;
  Holder holder = { NULL };

  qmp_closure_set (&holder.closure, function, &holder, count_destroyed);
  call (&holder);
  g_assert_cmpint (holder.n_destroyed_inside, ==, 0);
  g_assert_cmpint (holder.n_destroyed, ==, 1);
  g_clear_pointer (&holder.closure, qmp_closure_unref);
  g_assert_cmpint (holder.n_destroyed, ==, 1);
}

static void
set_again (gpointer user_data)
{
  Holder *holder = user_data;

  holder->n_destroyed++;
  qmp_closure_set (&holder->closure, G_CALLBACK (clear_inside), holder, count_destroyed);
}

/* User code that is run by setting sets another one: the last one stands, and none is lost. */
static void
test_set_within_destroy (void)
{
  Holder holder = { NULL };

  qmp_closure_set (&holder.closure, G_CALLBACK (do_nothing), &holder, set_again);
  qmp_closure_set (&holder.closure, G_CALLBACK (do_nothing), &holder, count_twice);
  g_assert_true (holder.closure->function == G_CALLBACK (clear_inside));
  g_assert_cmpint (holder.n_destroyed, ==, 3);

  qmp_closure_set (&holder.closure, NULL, &holder, set_again);
  g_assert_true (holder.closure->function == G_CALLBACK (clear_inside));
  g_assert_cmpint (holder.n_destroyed, ==, 5);
  g_clear_pointer (&holder.closure, qmp_closure_unref);
  g_assert_cmpint (holder.n_destroyed, ==, 6);
}

static void
free_holder (gpointer user_data)
{
  g_free (user_data);
}

/* The destroy function frees what holds the closure. */
static void
test_holder_goes (void)
{
  Holder *holder = g_new0 (Holder, 1);

  qmp_closure_set (&holder->closure, G_CALLBACK (do_nothing), holder, free_holder);
  qmp_closure_set (&holder->closure, NULL, NULL, NULL);
}

int
main (int    argc,
      char **argv)
{
  static const GCallback replaces = G_CALLBACK (replace_inside);
  static const GCallback clears = G_CALLBACK (clear_inside);

  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/closure/replace", test_replace);
  g_test_add_func ("/closure/without-destroy", test_without_destroy);
  g_test_add_func ("/closure/without-function", test_without_function);
  g_test_add_data_func ("/closure/kept-while-called/replaced", &replaces, test_kept_while_called);
  g_test_add_data_func ("/closure/kept-while-called/cleared", &clears, test_kept_while_called);
  g_test_add_func ("/closure/set-within-destroy", test_set_within_destroy);
  g_test_add_func ("/closure/holder-goes", test_holder_goes);

  return g_test_run ();
}
