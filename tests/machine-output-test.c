/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <signal.h>
#include <string.h>

#include "test-machine.h"

/* What the process says, line by line. */

typedef struct {
  QmpMachine *vm;   /* owned */
  GString    *log;  /* of the machine; each line is in it, in quotes */
} Fixture;

static void
output_cb (QmpMachine *vm,
           const char *line,
           GString    *log)
{
  g_string_append_printf (log, "%s“%s”", log->len > 0 ? " " : "", line);
}

static void
set_up (Fixture       *fixture,
        gconstpointer  data)
{
  fixture->vm = qmp_machine_new (NULL);
  fixture->log = test_machine_log (fixture->vm);
  g_signal_connect (fixture->vm, "output", G_CALLBACK (output_cb), fixture->log);
}

static void
tear_down (Fixture       *fixture,
           gconstpointer  data)
{
  test_machine_free (fixture->vm);
  g_string_free (fixture->log, TRUE);
  test_assert_no_children ();
}

/* QEMU, behind a script that says something. */
static QmpLauncher *
launcher_new (const char *script)
{
  g_autofree char *command = g_strconcat (script, "; exec qemu-system-x86_64 -machine none -nodefaults -display none \"$@\"", NULL);
  const char *argv[] = { "sh", "-c", command, "sh", NULL };

  return qmp_launcher_new (argv);
}

static gboolean
has (GString    *log,
     const char *text)
{
  return strstr (log->str, text) != NULL;
}

/* As it comes, while the machine runs; its own words are lines as well. */
static void
test_lines (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr(QmpLauncher) launcher = launcher_new ("echo one >&2; printf 't\\0\\377wo\\n\\n' >&2");
  g_autoptr(QmpOutcome) outcome = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_true (test_launch (fixture->vm, launcher, &error));
  g_assert_no_error (error);
  test_spin_until (has (fixture->log, "“”"));
  g_assert_true (has (fixture->log, "“one” “t\xef\xbf\xbd\xef\xbf\xbdwo” “”"));
  g_string_truncate (fixture->log, 0);
  kill (qmp_machine_get_pid (fixture->vm), SIGTERM);
  outcome = test_wait_ended (fixture->vm);
  g_assert_true (has (fixture->log, "terminating on signal 15 from pid"));
  g_assert_nonnull (strstr (qmp_outcome_get_output (outcome), "one\n"));
}

/* The last line has no end. All of it is there before anybody is told of the end. */
static void
test_fails (Fixture       *fixture,
            gconstpointer  data)
{
  g_autoptr(QmpLauncher) launcher = launcher_new ("echo first >&2; printf last >&2; exit 3");

  for (int again = 0; again < 2; again++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_false (test_launch (fixture->vm, launcher, &error));
      g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_LAUNCH);
      g_assert_true (g_str_has_suffix (error->message, "first\nlast"));
      g_assert_true (has (fixture->log, "“first”"));
      g_assert_true (g_str_has_suffix (fixture->log->str, "“last” -alive outcome"));
      g_string_truncate (fixture->log, 0);
    }
}

/* What is said during a blocking call follows, and nothing of it is lost. */
static void
test_blocking (Fixture       *fixture,
               gconstpointer  data)
{
  g_autoptr(QmpLauncher) launcher = launcher_new ("seq 1 10000 >&2");
  g_autoptr(QmpOutcome) outcome = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_true (qmp_machine_launch (fixture->vm, launcher, NULL, &error));
  g_assert_no_error (error);
  outcome = qmp_machine_shut_down (fixture->vm, QMP_SHUT_DOWN_NONE, 0, -1, NULL, &error);
  g_assert_no_error (error);
  test_assert_log (fixture->log, "");
  test_spin_until (has (fixture->log, "ended"));
  for (int i = 1; i <= 10000; i++)
    {
      g_autofree char *line = g_strdup_printf ("“%d”", i);

      g_assert_true (has (fixture->log, line));
    }
}

/* Nobody listens, and then somebody does: he hears what comes from then on. */
static void
test_late (Fixture       *fixture,
           gconstpointer  data)
{
  g_autoptr(QmpLauncher) launcher = launcher_new ("echo early >&2");
  g_autoptr(GError) error = NULL;

  g_signal_handlers_disconnect_by_data (fixture->vm, fixture->log);
  g_assert_true (test_launch (fixture->vm, launcher, &error));
  g_assert_no_error (error);
  g_signal_connect (fixture->vm, "output", G_CALLBACK (output_cb), fixture->log);
  kill (qmp_machine_get_pid (fixture->vm), SIGTERM);
  g_object_unref (test_wait_ended (fixture->vm));
  g_assert_true (has (fixture->log, "terminating"));
  g_assert_false (has (fixture->log, "early"));
}

static void
drop_cb (QmpMachine  *vm,
         const char  *line,
         QmpMachine **last)
{
  g_clear_object (last);
}

static void
dispose_cb (QmpMachine *vm,
            const char *line)
{
  g_object_run_dispose (G_OBJECT (vm));
}

/* In the middle of a few lines. */
static void
test_dropped (Fixture       *fixture,
              gconstpointer  data)
{
  g_autoptr(QmpLauncher) launcher = launcher_new ("echo one >&2; echo two >&2; exit 3");
  gboolean disposes = GPOINTER_TO_INT (data);
  QmpMachine *vm = qmp_machine_new (NULL);
  QmpMachine *last = vm;
  gpointer weak = vm;
  g_autoptr(GAsyncResult) result = NULL;

  g_object_add_weak_pointer (G_OBJECT (vm), &weak);
  if (disposes)
    g_signal_connect (vm, "output", G_CALLBACK (dispose_cb), NULL);
  else
    g_signal_connect (vm, "output", G_CALLBACK (drop_cb), &last);
  qmp_machine_launch_async (vm, launcher, NULL, disposes ? NULL : test_result_cb, &result);
  if (disposes)
    g_object_unref (vm);
  else
    test_spin_until (last == NULL && result != NULL);
  g_clear_object (&result);
  test_spin_until (weak == NULL);
  test_spin_until (test_has_no_children ());
}

#define add(path, data, test) \
  g_test_add ("/machine-output/" path, Fixture, data, set_up, test, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add ("lines", NULL, test_lines);
  add ("fails", NULL, test_fails);
  add ("blocking", NULL, test_blocking);
  add ("late", NULL, test_late);
  add ("dropped", NULL, test_dropped);
  add ("disposed", GINT_TO_POINTER (1), test_dropped);

  return g_test_run ();
}
