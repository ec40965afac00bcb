/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qmp-enums.h"
#include "test-machine.h"

/* Launching, with real QEMU. Each test leaves no process and no descriptor. */

static guint n_fds;

static void
set_up (gpointer      *fixture,
        gconstpointer  data)
{
  n_fds = test_count_fds ();
}

static void
tear_down (gpointer      *fixture,
           gconstpointer  data)
{
  test_assert_no_children ();
  g_assert_cmpuint (test_count_fds (), <=, n_fds);
}

static void
test_launched (gpointer      *fixture,
               gconstpointer  data)
{
  g_autoptr(QmpLauncher) launcher = test_launcher_new ("-name", "one", "-uuid", "12345678-1234-1234-1234-123456789abc");
  QmpMachine *vm = qmp_machine_new (NULL);
  GString *log = test_machine_log (vm);
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (qmp_machine_get_status (vm), ==, QMP_MACHINE_STATUS_UNKNOWN);
  g_assert_true (test_launch (vm, launcher, &error));
  g_assert_no_error (error);
  test_assert_log (log, "+alive running +connected");
  g_assert_true (qmp_machine_get_running (vm));
  g_assert_cmpint (qmp_machine_get_status (vm), ==, QMP_MACHINE_STATUS_RUNNING);
  g_assert_cmpint (qmp_machine_get_pid (vm), >, 0);
  g_assert_cmpstr (qmp_machine_get_name (vm), ==, "one");
  g_assert_cmpstr (qmp_machine_get_uuid (vm), ==, "12345678-1234-1234-1234-123456789abc");
  g_assert_null (qmp_machine_get_outcome (vm));
  g_assert_null (qmp_machine_get_link_error (vm));
  g_assert_cmpint (qmp_client_get_timeout (qmp_machine_get_client (vm)), ==, 30000);

  qmp_client_execute_async (qmp_machine_get_client (vm), "quit", NULL, NULL, NULL, NULL);
  g_object_unref (test_wait_ended (vm));
  test_assert_log (log, "closed -connected unknown -alive outcome ended(host-qmp-quit)");
  g_assert_cmpint (qmp_machine_get_pid (vm), ==, 0);
  g_assert_error (qmp_machine_get_link_error (vm), G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  g_assert_true (qmp_outcome_get_clean (qmp_machine_get_outcome (vm)));
  g_assert_cmpint (qmp_outcome_get_exit_status (qmp_machine_get_outcome (vm)), ==, 0);
  test_machine_free (vm);
  g_string_free (log, TRUE);
}

/* In the same place again, with no word of the run before. */
static void
test_again (gpointer      *fixture,
            gconstpointer  data)
{
  g_autoptr(QmpLauncher) launcher = test_launcher_new ();
  g_autoptr(QmpLauncher) paused = test_launcher_new ("-S");
  QmpMachine *vm = qmp_machine_new (NULL);
  g_autoptr(GError) error = NULL;

  for (int i = 0; i < 3; i++)
    {
      g_autoptr(QmpOutcome) outcome = NULL;

      g_assert_true (test_launch (vm, i == 1 ? paused : launcher, &error));
      g_assert_no_error (error);
      g_assert_cmpstr (qmp_machine_get_status_name (vm), ==, i == 1 ? "prelaunch" : "running");
      g_assert_false (test_launch (vm, launcher, &error));
      g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
      g_clear_error (&error);
      g_assert_cmpint (kill (qmp_machine_get_pid (vm), SIGTERM), ==, 0);
      outcome = test_wait_ended (vm);
      g_assert_cmpint (qmp_outcome_get_reason (outcome), ==, QMP_OUTCOME_REASON_HOST_SIGNAL);
      g_assert_false (qmp_outcome_get_by_us (outcome));
      g_assert_true (qmp_outcome_get_clean (outcome));
    }
  test_machine_free (vm);
}

static void
test_paused (gpointer      *fixture,
             gconstpointer  data)
{
  QmpLauncher *launcher = test_launcher_new ();
  QmpMachine *vm;

  qmp_launcher_set_flags (launcher, QMP_LAUNCHER_PAUSED);
  vm = test_machine_new (launcher);
  g_assert_cmpint (qmp_machine_get_status (vm), ==, QMP_MACHINE_STATUS_PRELAUNCH);
  g_assert_false (qmp_machine_get_running (vm));
  test_machine_quit (vm);
}

/* --- what cannot be launched --- */

static const struct {
  const char *name;
  const char *arguments[5];
  const char *says;
} failures[] = {
  { "option", { "-nosuch" }, "-nosuch: invalid option" },
  { "machine", { "-machine", "nosuch" }, "unsupported machine type" },
  { "device", { "-device", "nosuch" }, "not a valid device model name" },
  { "drive", { "-drive", "file=/nonexistent,if=none" }, "No such file or directory" },
};

static void
assert_failed (QmpMachine   *vm,
               const GError *error,
               const char   *says)
{
  QmpOutcome *outcome = qmp_machine_get_outcome (vm);

  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_LAUNCH);
  test_assert_error_has (error, says);
  g_assert_nonnull (outcome);
  g_assert_cmpint (qmp_outcome_get_exit_status (outcome), ==, 1);
  g_assert_nonnull (strstr (qmp_outcome_get_output (outcome), says));
  g_assert_false (qmp_machine_get_alive (vm));
  g_assert_false (qmp_outcome_get_clean (outcome));
}

static void
test_failures (gpointer      *fixture,
               gconstpointer  data)
{
  for (gsize i = 0; i < G_N_ELEMENTS (failures); i++)
    {
      g_autoptr(QmpLauncher) launcher = test_launcher_new_for (failures[i].arguments);
      QmpMachine *vm = qmp_machine_new (NULL);
      g_autoptr(GError) error = NULL;
      g_autoptr(GError) again = NULL;
      GString *log = test_machine_log (vm);

      g_test_message ("%s", failures[i].name);
      g_assert_false (test_launch (vm, launcher, &error));
      assert_failed (vm, error, failures[i].says);
      test_assert_log (log, "+alive -alive outcome");
      /* Blocking, too. */
      g_assert_false (qmp_machine_launch (vm, launcher, NULL, &again));
      assert_failed (vm, again, failures[i].says);
      g_assert_cmpstr (error->message, ==, again->message);
      test_machine_free (vm);
      g_string_free (log, TRUE);
    }
}

/* All of QEMU's words, of which the cause need not be the last. */
static void
test_all_words (gpointer      *fixture,
                gconstpointer  data)
{
  const char *argv[] = { "sh", "-c", "echo first >&2; echo second >&2; exit 5", NULL };
  g_autoptr(QmpLauncher) launcher = qmp_launcher_new (argv);
  QmpMachine *vm = qmp_machine_new (NULL);
  g_autoptr(GError) error = NULL;

  g_assert_false (test_launch (vm, launcher, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_LAUNCH);
  g_assert_true (g_str_has_suffix (error->message, "exit status 5\nfirst\nsecond"));
  g_assert_cmpstr (qmp_outcome_get_text (qmp_machine_get_outcome (vm)), ==, "exited");
  test_machine_free (vm);
}

/* What is not a server is killed. */
static void
test_not_qemu (gpointer      *fixture,
               gconstpointer  data)
{
  const char *argv[] = { "sh", "-c", "echo hello >&3; exec sleep 1000", NULL };
  g_autoptr(QmpLauncher) launcher = qmp_launcher_new (argv);
  QmpMachine *vm = qmp_machine_new (NULL);

  qmp_client_set_open_timeout (qmp_machine_get_client (vm), 100);
  for (int blocking = 0; blocking < 2; blocking++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_false (blocking ? qmp_machine_launch (vm, launcher, NULL, &error) : test_launch (vm, launcher, &error));
      g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_LAUNCH);
      g_assert_cmpint (qmp_outcome_get_signal (qmp_machine_get_outcome (vm)), ==, SIGKILL);
    }
  test_machine_free (vm);
}

static void
test_not_there (gpointer      *fixture,
                gconstpointer  data)
{
  const char *argv[] = { "/nonexistent/qemu", NULL };
  g_autoptr(QmpLauncher) launcher = qmp_launcher_new (argv);
  QmpMachine *vm = qmp_machine_new (NULL);
  g_autoptr(GError) error = NULL;

  g_assert_false (test_launch (vm, launcher, &error));
  g_assert_error (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
  g_assert_null (qmp_machine_get_outcome (vm));
  test_machine_free (vm);
}

static void
cancel_cb (QmpClient    *client,
           GParamSpec   *pspec,
           GCancellable *cancellable)
{
  if (qmp_client_get_runstate (client) == QMP_RUNSTATE_RUNNING)
    g_cancellable_cancel (cancellable);
}

/* At each of its steps. */
static void
test_cancelled (gpointer      *fixture,
                gconstpointer  data)
{
  g_autoptr(QmpLauncher) launcher = test_launcher_new ();
  QmpMachine *vm = qmp_machine_new (NULL);

  for (int step = 0; step < 3; step++)
    {
      g_autoptr(GCancellable) cancellable = g_cancellable_new ();
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(GError) error = NULL;
      gulong handler = 0;

      if (step == 0)
        g_cancellable_cancel (cancellable);
      if (step == 2)
        handler = g_signal_connect (qmp_machine_get_client (vm), "notify::runstate", G_CALLBACK (cancel_cb), cancellable);
      qmp_machine_launch_async (vm, launcher, cancellable, test_result_cb, &result);
      if (step == 1)
        g_cancellable_cancel (cancellable);
      test_spin_until (result != NULL);
      g_assert_false (qmp_machine_launch_finish (vm, result, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_assert_false (qmp_machine_get_alive (vm));
      if (step > 0)
        g_assert_cmpint (qmp_outcome_get_signal (qmp_machine_get_outcome (vm)), ==, SIGKILL);
      test_assert_no_children ();
      if (handler != 0)
        g_signal_handler_disconnect (qmp_machine_get_client (vm), handler);
    }
  test_machine_free (vm);
}

/* Somebody who is not a client: a script with all that QEMU says, in its own time. */
static QmpLauncher *
script_new (const char *script)
{
  const char *argv[] = { "sh", "-c", script, NULL };

  return qmp_launcher_new (argv);
}

/* The greeting is not yet a machine. */
static void
test_dies_after_greeting (gpointer      *fixture,
                          gconstpointer  data)
{
  g_autoptr(QmpLauncher) launcher =
    script_new ("echo '{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 0, \"minor\": 2, \"major\": 7}, \"package\": \"\"}, "
                "\"capabilities\": []}}' >&3; head -c 1 <&3 >/dev/null; echo no memory >&2; exit 1");
  QmpMachine *vm = qmp_machine_new (NULL);
  g_autoptr(GError) error = NULL;

  g_assert_false (test_launch (vm, launcher, &error));
  assert_failed (vm, error, "no memory");
  test_machine_free (vm);
}

/* The process has ended, and somebody else has its end of the monitor. */
static void
test_monitor_is_held (gpointer      *fixture,
                      gconstpointer  data)
{
  g_autoptr(QmpLauncher) launcher = script_new ("setsid sleep 1000 & echo $! >&4; echo gone >&2; exit 9");
  g_autoptr(GError) error = NULL;
  QmpMachine *vm = qmp_machine_new (NULL);
  char text[20] = "";
  int fds[2];

  g_assert_cmpint (pipe (fds), ==, 0);
  g_assert_cmpint (qmp_launcher_inherit_fd (launcher, fds[1], &error), ==, 4);
  close (fds[1]);
  g_assert_false (test_launch (vm, launcher, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_LAUNCH);
  test_assert_error_has (error, "exit status 9");
  test_assert_error_has (error, "gone");
  g_assert_cmpint (read (fds[0], text, sizeof text - 1), >, 0);
  kill (atoi (text), SIGKILL);
  close (fds[0]);
  test_spin_until (qmp_client_get_runstate (qmp_machine_get_client (vm)) == QMP_RUNSTATE_IDLE);
  g_clear_object (&launcher);
  test_machine_free (vm);
}

/* --- blocking --- */

static void
test_blocking (gpointer      *fixture,
               gconstpointer  data)
{
  g_autoptr(QmpLauncher) launcher = test_launcher_new ("-name", "two", "-S");
  QmpMachine *vm = qmp_machine_new (NULL);
  GString *log = test_machine_log (vm);
  QmpClient *client = qmp_machine_get_client (vm);
  g_autoptr(QmpOutcome) outcome = NULL;
  g_autoptr(JsonNode) reply = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_true (qmp_machine_launch (vm, launcher, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (qmp_machine_get_connected (vm));
  g_assert_cmpstr (qmp_machine_get_status_name (vm), ==, "prelaunch");
  g_assert_cmpstr (qmp_machine_get_name (vm), ==, "two");
  json_node_unref (qmp_client_execute (client, "cont", NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (qmp_machine_get_running (vm));
  json_node_unref (qmp_client_execute (client, "stop", NULL, NULL, &error));
  g_assert_cmpstr (qmp_machine_get_status_name (vm), ==, "paused");
  g_assert_cmpstr (qmp_event_get_name (qmp_machine_get_pause_event (vm)), ==, "STOP");
  /* Nothing was told so far. */
  test_assert_log (log, "");
  g_clear_pointer (&reply, json_node_unref);
  reply = qmp_client_execute (client, "quit", NULL, NULL, &error);
  g_clear_error (&error);
  g_assert_true (qmp_client_get_runstate (client) == QMP_RUNSTATE_RUNNING || !qmp_machine_get_connected (vm));
  outcome = qmp_machine_wait_ended (vm, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (qmp_outcome_get_reason (outcome), ==, QMP_OUTCOME_REASON_HOST_QMP_QUIT);
  g_assert_false (qmp_machine_get_connected (vm));
  g_assert_false (qmp_machine_get_alive (vm));
  g_assert_cmpint (qmp_machine_get_status (vm), ==, QMP_MACHINE_STATUS_UNKNOWN);
  test_assert_log (log, "");
  test_spin_until (strstr (log->str, "ended") != NULL && strstr (log->str, "closed") != NULL);
  test_assert_no_children ();
  test_machine_free (vm);
  g_string_free (log, TRUE);
}

/* A program that never runs a main loop keeps nothing. */
static void
test_no_loop (gpointer      *fixture,
              gconstpointer  data)
{
  g_autoptr(QmpLauncher) launcher = test_launcher_new ();
  QmpMachine *vm = qmp_machine_new (NULL);
  g_autoptr(GError) error = NULL;

  for (int i = 0; i < 3; i++)
    {
      g_autoptr(QmpOutcome) outcome = NULL;

      g_assert_true (qmp_machine_launch (vm, launcher, NULL, &error));
      g_assert_no_error (error);
      json_node_unref (qmp_client_execute (qmp_machine_get_client (vm), "stop", NULL, NULL, &error));
      kill (qmp_machine_get_pid (vm), SIGKILL);
      outcome = qmp_machine_wait_ended (vm, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpint (qmp_outcome_get_signal (outcome), ==, SIGKILL);
      g_assert_cmpstr (qmp_outcome_get_text (outcome), ==, "killed");
      g_assert_false (qmp_outcome_get_clean (outcome));
    }
  g_assert_finalize_object (vm);
}

static gboolean
cancel_soon (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return G_SOURCE_REMOVE;
}

static gpointer
cancel_in_thread (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return NULL;
}

/* Runs in the middle of a blocking call. */
static gboolean
cancel_in_filter (QmpEvent *event,
                  gpointer  cancellable)
{
  g_thread_join (g_thread_new ("cancel", cancel_in_thread, cancellable));
  return FALSE;
}

static void
test_wait_cancelled (gpointer      *fixture,
                     gconstpointer  data)
{
  QmpMachine *vm = test_machine_new (test_launcher_new ());
  QmpClient *client = qmp_machine_get_client (vm);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(QmpEventListener) listener = qmp_event_listener_new (NULL);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  qmp_machine_wait_ended_async (vm, cancellable, test_result_cb, &result);
  g_idle_add (cancel_soon, cancellable);
  test_spin_until (result != NULL);
  g_assert_null (qmp_machine_wait_ended_finish (vm, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_clear_object (&result);

  g_cancellable_reset (cancellable);
  test_set_filter (listener, cancel_in_filter, cancellable, NULL);
  qmp_client_add_listener (client, listener);
  qmp_client_execute_async (client, "stop", NULL, NULL, NULL, NULL);
  g_assert_null (qmp_machine_wait_ended (vm, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (qmp_machine_get_connected (vm));
  qmp_client_remove_listener (client, listener);
  test_machine_quit (vm);
}

static void
test_nothing_runs (gpointer      *fixture,
                   gconstpointer  data)
{
  QmpMachine *vm = qmp_machine_new (NULL);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_null (qmp_machine_wait_ended (vm, NULL, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_ENDED);
  g_clear_error (&error);
  qmp_machine_wait_ended_async (vm, NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_null (qmp_machine_wait_ended_finish (vm, result, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_ENDED);
  g_clear_object (&result);
  test_machine_free (vm);
}

/* --- who holds what --- */

static void
ended_cb (QmpMachine *vm,
          QmpOutcome *outcome,
          gboolean   *ended)
{
  *ended = TRUE;
}

/* Nobody has it any more, and it runs on. */
static void
test_run_holds (gpointer      *fixture,
                gconstpointer  data)
{
  QmpMachine *vm = test_machine_new (test_launcher_new ());
  pid_t pid = qmp_machine_get_pid (vm);
  gboolean ended = FALSE;
  gpointer weak = vm;

  g_object_add_weak_pointer (G_OBJECT (vm), &weak);
  g_signal_connect (vm, "ended", G_CALLBACK (ended_cb), &ended);
  g_object_unref (vm);
  test_spin_ready ();
  g_assert_cmpint (kill (pid, 0), ==, 0);
  g_assert_cmpint (kill (pid, SIGTERM), ==, 0);
  test_spin_until (ended);
  test_spin_until (weak == NULL);
}

static void
test_disposed (gpointer      *fixture,
               gconstpointer  data)
{
  QmpMachine *vm = test_machine_new (test_launcher_new ());
  pid_t pid = qmp_machine_get_pid (vm);

  g_object_run_dispose (G_OBJECT (vm));
  g_object_unref (vm);
  test_spin_until (kill (pid, 0) != 0);
  test_spin_ready ();
}

static void
launch_again_cb (QmpMachine  *vm,
                 QmpOutcome  *outcome,
                 QmpLauncher *launcher)
{
  qmp_machine_launch_async (vm, launcher, NULL, test_result_cb, g_object_get_data (G_OBJECT (vm), "result"));
}

/* From the handler that says that it has ended. */
static void
test_launch_in_handler (gpointer      *fixture,
                        gconstpointer  data)
{
  g_autoptr(QmpLauncher) launcher = test_launcher_new ();
  QmpMachine *vm = test_machine_new (g_object_ref (launcher));
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  gulong handler = g_signal_connect (vm, "ended", G_CALLBACK (launch_again_cb), launcher);

  g_object_set_data (G_OBJECT (vm), "result", &result);
  kill (qmp_machine_get_pid (vm), SIGTERM);
  test_spin_until (result != NULL);
  g_assert_true (qmp_machine_launch_finish (vm, result, &error));
  g_assert_no_error (error);
  g_signal_handler_disconnect (vm, handler);
  g_clear_object (&result);
  test_machine_quit (vm);
}

/* What QEMU says is kept, its end. */
static void
test_output (gpointer      *fixture,
             gconstpointer  data)
{
  QmpMachine *vm = test_machine_new (test_launcher_new ());
  g_autoptr(QmpOutcome) outcome = NULL;

  kill (qmp_machine_get_pid (vm), SIGTERM);
  outcome = test_wait_ended (vm);
  g_assert_nonnull (strstr (qmp_outcome_get_output (outcome), "terminating on signal 15"));
  test_machine_free (vm);
}

#define add(name, function) g_test_add ("/machine-launch/" name, gpointer, NULL, set_up, function, tear_down)

/* One that greets, negotiates, and ends with what it answers next, behind an event. */
static const char ending_script[] =
  "exec <&3\n"
  "id () { dd bs=4096 count=1 2>/dev/null | sed 's/.*\"id\": *\\([^,}]*\\).*/\\1/'; }\n"
  "echo '{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 0, \"minor\": 2, \"major\": 9}, \"package\": \"\"},"
  " \"capabilities\": []}}' >&3\n"
  "echo \"{\\\"return\\\": {}, \\\"id\\\": $(id)}\" >&3\n"
  "id=$(id)\n"
  "echo \"{\\\"event\\\": \\\"STOP\\\", \\\"timestamp\\\": {\\\"seconds\\\": 1, \\\"microseconds\\\": 1}}"
  " {\\\"return\\\": {\\\"status\\\": \\\"paused\\\"}, \\\"id\\\": $id}\" >&3\n"
  "exit 3\n";

static gboolean
close_and_spin (QmpEvent *event,
                gpointer  vm)
{
  qmp_client_close_async (qmp_machine_get_client (vm), NULL, NULL, NULL);
  test_spin_until (qmp_machine_get_outcome (vm) != NULL);
  return FALSE;
}

/* A filter runs the main loop within a blocking launch, and there the run ends. */
static void
test_ends_inside (void)
{
  const char *argv[] = { "sh", "-c", ending_script, NULL };
  g_autoptr(QmpLauncher) launcher = qmp_launcher_new (argv);
  QmpMachine *vm = qmp_machine_new (NULL);
  g_autoptr(QmpEventMatch) match = qmp_event_match_new (NULL);
  g_autoptr(QmpEventListener) listener = NULL;
  g_autoptr(GError) error = NULL;

  qmp_event_match_set_filter (match, close_and_spin, vm, NULL);
  listener = qmp_event_listener_new_for_match (match);
  qmp_client_add_listener (qmp_machine_get_client (vm), listener);
  g_assert_false (qmp_machine_launch (vm, launcher, NULL, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_LAUNCH);
  g_assert_false (qmp_machine_get_connected (vm));
  g_assert_cmpint (qmp_outcome_get_exit_status (qmp_machine_get_outcome (vm)), ==, 3);
  qmp_client_remove_listener (qmp_machine_get_client (vm), listener);
  test_machine_free (vm);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  test_warm_up ();

  add ("launched", test_launched);
  add ("again", test_again);
  add ("paused", test_paused);
  add ("failures", test_failures);
  add ("all-words", test_all_words);
  add ("not-qemu", test_not_qemu);
  add ("not-there", test_not_there);
  add ("cancelled", test_cancelled);
  add ("dies-after-greeting", test_dies_after_greeting);
  add ("monitor-is-held", test_monitor_is_held);
  add ("blocking", test_blocking);
  add ("no-loop", test_no_loop);
  add ("wait-cancelled", test_wait_cancelled);
  add ("nothing-runs", test_nothing_runs);
  add ("run-holds", test_run_holds);
  add ("disposed", test_disposed);
  add ("launch-in-handler", test_launch_in_handler);
  add ("output", test_output);
  g_test_add_func ("/machine-launch/ends-inside", test_ends_inside);

  return g_test_run ();
}
