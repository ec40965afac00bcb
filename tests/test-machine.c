/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "test-machine.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#include "qmp-enums.h"

static QmpLauncher *
launcher_new (const char * const *first,
              const char * const *arguments)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();
  g_auto(GStrv) argv = NULL;

  g_strv_builder_addv (builder, (const char **) first);
  g_strv_builder_addv (builder, (const char **) arguments);
  argv = g_strv_builder_end (builder);
  return qmp_launcher_new ((const char * const *) argv);
}

QmpLauncher *
test_launcher_new_for (const char * const *arguments)
{
  const char * const first[] = { "qemu-system-x86_64", "-machine", "none", "-nodefaults", "-display", "none", NULL };

  return launcher_new (first, arguments);
}

QmpLauncher *
test_launcher_new_pc_for (const char * const *arguments)
{
  const char * const first[] = {
    "qemu-system-x86_64", "-machine", "pc,accel=tcg", "-m", "16", "-nodefaults", "-display", "none", NULL
  };

  return launcher_new (first, arguments);
}

gboolean
test_launch (QmpMachine   *vm,
             QmpLauncher  *launcher,
             GError      **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  qmp_machine_launch_async (vm, launcher, NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  return qmp_machine_launch_finish (vm, result, error);
}

QmpMachine *
test_machine_new (QmpLauncher *launcher)
{
  QmpMachine *vm = qmp_machine_new (NULL);
  g_autoptr(GError) error = NULL;

  test_launch (vm, launcher, &error);
  g_assert_no_error (error);
  g_object_unref (launcher);
  return vm;
}

QmpOutcome *
test_wait_ended (QmpMachine *vm)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  QmpOutcome *outcome;

  qmp_machine_wait_ended_async (vm, NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  outcome = qmp_machine_wait_ended_finish (vm, result, &error);
  g_assert_no_error (error);
  return outcome;
}

void
test_machine_free (QmpMachine *vm)
{
  test_spin_ready ();
  g_assert_finalize_object (vm);
}

void
test_machine_quit (QmpMachine *vm)
{
  g_autoptr(QmpOutcome) outcome = NULL;

  qmp_client_execute_async (qmp_machine_get_client (vm), "quit", NULL, NULL, NULL, NULL);
  outcome = test_wait_ended (vm);
  g_assert_true (qmp_outcome_get_clean (outcome));
  test_machine_free (vm);
}

static void
add_word (GString    *log,
          const char *format,
          ...) G_GNUC_PRINTF (2, 3);

static void
add_word (GString    *log,
          const char *format,
          ...)
{
  va_list arguments;

  if (log->len > 0)
    g_string_append_c (log, ' ');
  va_start (arguments, format);
  g_string_append_vprintf (log, format, arguments);
  va_end (arguments);
}

static void
notify_cb (QmpMachine *vm,
           GParamSpec *pspec,
           GString    *log)
{
  const char *name = g_param_spec_get_name (pspec);

  if (g_str_equal (name, "status-name"))
    add_word (log, "%s", qmp_machine_get_status_name (vm) != NULL ? qmp_machine_get_status_name (vm) : "unknown");
  else if (g_str_equal (name, "connected"))
    add_word (log, "%cconnected", qmp_machine_get_connected (vm) ? '+' : '-');
  else if (g_str_equal (name, "alive"))
    add_word (log, "%calive", qmp_machine_get_alive (vm) ? '+' : '-');
  else if (g_str_equal (name, "outcome"))
    add_word (log, "outcome");
}

static void
ended_cb (QmpMachine *vm,
          QmpOutcome *outcome,
          GString    *log)
{
  g_assert_true (outcome == qmp_machine_get_outcome (vm));
  g_assert_false (qmp_machine_get_alive (vm));
  g_assert_false (qmp_machine_get_connected (vm));
  add_word (log, "ended(%s)", qmp_outcome_get_text (outcome));
}

static void
closed_cb (QmpClient *client,
           GError    *error,
           GString   *log)
{
  add_word (log, "closed");
}

GString *
test_machine_log (QmpMachine *vm)
{
  GString *log = g_string_new (NULL);

  g_signal_connect (vm, "notify", G_CALLBACK (notify_cb), log);
  g_signal_connect (vm, "ended", G_CALLBACK (ended_cb), log);
  g_signal_connect (qmp_machine_get_client (vm), "closed", G_CALLBACK (closed_cb), log);
  return log;
}

gboolean
test_tree_has_acpi (const char *tree)
{
  static const char line[] = "0000000000000600-000000000000063f (prio 0, i/o): piix4-pm";
  const char *found = strstr (tree, line);

  return found != NULL && !g_str_has_prefix (found + strlen (line), " [disabled]");
}

gboolean
test_has_no_children (void)
{
  siginfo_t info;

  return waitid (P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD;
}

void
test_assert_no_children (void)
{
  g_assert_true (test_has_no_children ());
}
