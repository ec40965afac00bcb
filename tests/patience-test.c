/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "wire/qmp-patience-private.h"
#include "core/qmp-source-private.h"

/* The time and the cancellable of one operation: what is called when either is over, in which context, and that nothing
 * is called any more once the patience was freed. */

typedef enum {
  END_NEVER,
  END_AT_CATCH_UP,
  END_AT_GIVE_UP,
} End;

typedef struct _Operation Operation;

typedef struct {
  GMainContext *context;
  QmpIoContext *io;         /* the context's */
  GCancellable *cancellable;
  GString      *told;       /* what was called, by initials, in order */
  GError       *error;
  Operation    *operation;  /* NULL once it was freed */
} Fixture;

/* Allocated, and freed with its patience: valgrind sees whoever touches it afterwards. */
struct _Operation {
  Fixture      *fixture;
  QmpPatience  *patience;
  GMainContext *context;
  End           end;
};

static void
operation_free (Fixture *fixture)
{
  Operation *operation = g_steal_pointer (&fixture->operation);

  if (operation == NULL)
    return;
  qmp_patience_free (operation->patience);
  g_free (operation);
}

static void
note (Operation *operation,
      char       what)
{
  g_assert_true (operation == operation->fixture->operation);
  g_assert_true (g_source_get_context (g_main_current_source ()) == operation->context);
  g_string_append_c (operation->fixture->told, what);
}

static void
end_at (Operation *operation,
        End        end)
{
  if (operation->end == end)
    operation_free (operation->fixture);
}

static void
catch_up (gpointer data)
{
  note (data, 'c');
  end_at (data, END_AT_CATCH_UP);
}

static GError *
timed_out (gpointer data)
{
  note (data, 't');
  return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "late");
}

static void
give_up (gpointer  data,
         GError   *error)
{
  Operation *operation = data;

  g_assert_no_error (operation->fixture->error);
  operation->fixture->error = error;
  note (operation, 'g');
  end_at (operation, END_AT_GIVE_UP);
}

static const QmpPatienceFuncs all_funcs = { catch_up, timed_out, give_up };
static const QmpPatienceFuncs one_func = { NULL, NULL, give_up };

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->context = g_main_context_new ();
  fixture->io = qmp_io_context_get (fixture->context);
  fixture->cancellable = g_cancellable_new ();
  fixture->told = g_string_new (NULL);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  operation_free (fixture);
  while (g_main_context_iteration (fixture->context, FALSE))
    ;
  qmp_io_context_unref (fixture->io);
  g_main_context_unref (fixture->context);
  g_clear_object (&fixture->cancellable);
  g_string_free (fixture->told, TRUE);
  g_clear_error (&fixture->error);
}

static void
begin (Fixture                *fixture,
       const QmpPatienceFuncs *funcs,
       gint64                  milliseconds,
       GCancellable           *cancellable,
       End                     end)
{
  Operation *operation = g_new (Operation, 1);

  *operation = (Operation) { fixture, NULL, fixture->context, end };
  operation->patience = qmp_patience_new (funcs, operation, fixture->io, milliseconds, cancellable);
  fixture->operation = operation;
}

/* Everything that is ready, and was made ready by that. */
static void
run (Fixture *fixture)
{
  while (g_main_context_iteration (fixture->context, FALSE))
    ;
}

static void
run_until_told (Fixture *fixture)
{
  while (fixture->told->len == 0)
    g_main_context_iteration (fixture->context, TRUE);
}

static void
assert_given_up (Fixture    *fixture,
                 const char *told,
                 int         code)
{
  g_assert_cmpstr (fixture->told->str, ==, told);
  g_assert_error (fixture->error, G_IO_ERROR, code);
}

static gboolean
remove_cb (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

/* Until a timer is over that was begun behind all others. */
static void
run_for (Fixture *fixture,
         guint    milliseconds)
{
  gboolean over = FALSE;
  GSource *timer = g_timeout_source_new (milliseconds);

  g_source_set_callback (timer, remove_cb, &over, NULL);
  g_source_attach (timer, fixture->context);
  while (!over)
    g_main_context_iteration (fixture->context, TRUE);
  qmp_clear_source (&timer);
  g_assert_null (timer);
  qmp_clear_source (&timer);
}

/* --- the time --- */

static void
test_time (Fixture       *fixture,
           gconstpointer  data)
{
  begin (fixture, &all_funcs, 1, NULL, END_NEVER);
  run_until_told (fixture);
  assert_given_up (fixture, "ctg", G_IO_ERROR_TIMED_OUT);
  run_for (fixture, 2);
  g_assert_cmpstr (fixture->told->str, ==, "ctg");
}

static void
test_time_of_one_function (Fixture       *fixture,
                           gconstpointer  data)
{
  begin (fixture, &one_func, 1, fixture->cancellable, END_AT_GIVE_UP);
  run_until_told (fixture);
  g_assert_cmpstr (fixture->told->str, ==, "g");
  g_assert_no_error (fixture->error);
}

/* Not at all: but from the context, and not from within. */
static void
test_time_of_zero (Fixture       *fixture,
                   gconstpointer  data)
{
  begin (fixture, &all_funcs, 0, NULL, END_AT_GIVE_UP);
  g_assert_cmpstr (fixture->told->str, ==, "");
  run (fixture);
  assert_given_up (fixture, "ctg", G_IO_ERROR_TIMED_OUT);
}

static void
test_no_limit (Fixture       *fixture,
               gconstpointer  data)
{
  begin (fixture, &all_funcs, -1, NULL, END_NEVER);
  run_for (fixture, 2);
  operation_free (fixture);
  begin (fixture, &all_funcs, G_MAXUINT, NULL, END_NEVER);
  run_for (fixture, 2);
  g_assert_cmpstr (fixture->told->str, ==, "");
}

/* What came in time ends the operation, which is freed: no error is made, nobody gives up. */
static void
test_caught_up (Fixture       *fixture,
                gconstpointer  data)
{
  begin (fixture, &all_funcs, 0, fixture->cancellable, END_AT_CATCH_UP);
  run (fixture);
  g_assert_cmpstr (fixture->told->str, ==, "c");
  g_assert_no_error (fixture->error);
  g_assert_null (fixture->operation);
}

static void
test_another_time (Fixture       *fixture,
                   gconstpointer  data)
{
  begin (fixture, &all_funcs, 0, fixture->cancellable, END_NEVER);
  qmp_patience_set_time (fixture->operation->patience, fixture->io, -1);
  run_for (fixture, 2);
  g_assert_cmpstr (fixture->told->str, ==, "");

  qmp_patience_set_time (fixture->operation->patience, fixture->io, 0);
  run (fixture);
  assert_given_up (fixture, "ctg", G_IO_ERROR_TIMED_OUT);
}

/* The cancellable is not touched by a new time, which may be in another context. */
static void
test_another_context (Fixture       *fixture,
                      gconstpointer  data)
{
  GMainContext *first = fixture->context;
  g_autoptr(QmpIoContext) first_io = fixture->io;

  begin (fixture, &all_funcs, 0, fixture->cancellable, END_NEVER);
  fixture->context = g_main_context_new ();
  fixture->io = qmp_io_context_get (fixture->context);
  fixture->operation->context = fixture->context;
  qmp_patience_set_time (fixture->operation->patience, fixture->io, 0);
  g_assert_false (g_main_context_iteration (first, FALSE));
  run (fixture);
  assert_given_up (fixture, "ctg", G_IO_ERROR_TIMED_OUT);

  g_clear_error (&fixture->error);
  fixture->operation->context = first;
  g_cancellable_cancel (fixture->cancellable);
  run (fixture);
  g_assert_no_error (fixture->error);
  g_main_context_iteration (first, FALSE);
  assert_given_up (fixture, "ctgg", G_IO_ERROR_CANCELLED);
  operation_free (fixture);
  g_main_context_unref (first);
}

/* --- the cancellable --- */

/* From the context, and not from within the cancelling. */
static void
test_cancelled (Fixture       *fixture,
                gconstpointer  data)
{
  begin (fixture, &all_funcs, -1, fixture->cancellable, END_AT_GIVE_UP);
  run (fixture);
  g_cancellable_cancel (fixture->cancellable);
  g_assert_cmpstr (fixture->told->str, ==, "");
  run (fixture);
  assert_given_up (fixture, "g", G_IO_ERROR_CANCELLED);
}

static void
test_cancelled_before (Fixture       *fixture,
                       gconstpointer  data)
{
  g_cancellable_cancel (fixture->cancellable);
  begin (fixture, &all_funcs, -1, fixture->cancellable, END_NEVER);
  g_assert_cmpstr (fixture->told->str, ==, "");
  run (fixture);
  assert_given_up (fixture, "g", G_IO_ERROR_CANCELLED);
}

/* Both are ready at once: an operation that was cancelled did not time out. */
static void
test_cancelled_first (Fixture       *fixture,
                      gconstpointer  data)
{
  begin (fixture, &all_funcs, 0, fixture->cancellable, END_AT_GIVE_UP);
  g_cancellable_cancel (fixture->cancellable);
  run (fixture);
  assert_given_up (fixture, "g", G_IO_ERROR_CANCELLED);
}

static void
test_cancelled_and_reset (Fixture       *fixture,
                          gconstpointer  data)
{
  begin (fixture, &all_funcs, -1, fixture->cancellable, END_AT_GIVE_UP);
  g_cancellable_cancel (fixture->cancellable);
  g_cancellable_reset (fixture->cancellable);
  run (fixture);
  assert_given_up (fixture, "g", G_IO_ERROR_CANCELLED);
}

static void
test_cancellable_kept (Fixture       *fixture,
                       gconstpointer  data)
{
  GCancellable *cancellable = fixture->cancellable;

  begin (fixture, &all_funcs, -1, cancellable, END_NEVER);
  g_object_add_weak_pointer (G_OBJECT (cancellable), (gpointer *) &cancellable);
  g_clear_object (&fixture->cancellable);
  g_assert_nonnull (cancellable);
  g_cancellable_cancel (cancellable);
  run (fixture);
  assert_given_up (fixture, "g", G_IO_ERROR_CANCELLED);

  operation_free (fixture);
  g_assert_null (cancellable);
}

static gpointer
cancel_thread (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return NULL;
}

/* It wakes the context, and the functions are called there. GLib 2.74 loses a source that is freed while its cancellable
 * is still telling of the cancellation in another thread, so it is freed afterwards. */
static void
test_cancelled_in_thread (Fixture       *fixture,
                          gconstpointer  data)
{
  GThread *thread;

  begin (fixture, &all_funcs, -1, fixture->cancellable, END_NEVER);
  thread = g_thread_new ("cancel", cancel_thread, fixture->cancellable);
  run_until_told (fixture);
  assert_given_up (fixture, "g", G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
}

/* --- freed --- */

static void
test_freed (Fixture       *fixture,
            gconstpointer  data)
{
  begin (fixture, &all_funcs, 0, fixture->cancellable, END_NEVER);
  g_cancellable_cancel (fixture->cancellable);
  operation_free (fixture);
  run_for (fixture, 2);
  g_assert_cmpstr (fixture->told->str, ==, "");
}

/* Somebody frees it in the dispatch in which it was to be called: neither is. */
static void
free_cb (gpointer owner)
{
  operation_free (owner);
}

static void
test_freed_in_same_dispatch (Fixture       *fixture,
                             gconstpointer  data)
{
  QmpIoTimer timer = { .context = NULL };

  begin (fixture, &all_funcs, 0, NULL, END_NEVER);
  qmp_io_timer_set (&timer, fixture->io, 1, free_cb, fixture);
  run (fixture);
  g_assert_null (fixture->operation);
  g_assert_cmpstr (fixture->told->str, ==, "");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define add(path, test) g_test_add ("/patience/" path, Fixture, NULL, set_up, test, tear_down)
  add ("time", test_time);
  add ("time/of-one-function", test_time_of_one_function);
  add ("time/of-zero", test_time_of_zero);
  add ("time/no-limit", test_no_limit);
  add ("time/caught-up", test_caught_up);
  add ("time/another", test_another_time);
  add ("time/another-context", test_another_context);
  add ("cancelled", test_cancelled);
  add ("cancelled/before", test_cancelled_before);
  add ("cancelled/first", test_cancelled_first);
  add ("cancelled/and-reset", test_cancelled_and_reset);
  add ("cancelled/cancellable-kept", test_cancellable_kept);
  add ("cancelled/in-thread", test_cancelled_in_thread);
  add ("freed", test_freed);
  add ("freed/in-same-dispatch", test_freed_in_same_dispatch);
#undef add

  return g_test_run ();
}
