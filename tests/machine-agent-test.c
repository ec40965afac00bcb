/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <signal.h>
#include <string.h>

#include "test-guest.h"

/* The agent of a machine's guest: with a real one in a real guest, and where there is none. */

#define SHORT 50

static gboolean blocking;

static QmpGuestAgent *
open_agent (QmpMachine  *vm,
            int          timeout,
            GError     **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  if (blocking)
    return qmp_machine_open_agent (vm, timeout, NULL, error);
  qmp_machine_open_agent_async (vm, timeout, NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  return qmp_machine_open_agent_finish (vm, result, error);
}

/* It works: what it is told to say comes back. */
static void
assert_works (QmpGuestAgent *agent)
{
  const char *argv[] = { "/bin/sh", "-c", "read line; echo \"$line, guest\"", NULL };
  g_autoptr(GBytes) input = g_bytes_new_static ("hello\n", 6);
  g_autoptr(QmpGuestExecResult) result = NULL;
  g_autoptr(GError) error = NULL;
  GBytes *output;

  result = qmp_guest_agent_exec (agent, argv, NULL, input, QMP_GUEST_EXEC_DEFAULT, QMP_TIMEOUT_NONE, NULL, &error);
  g_assert_no_error (error);
  output = qmp_guest_exec_result_get_output (result);
  g_assert_cmpmem (g_bytes_get_data (output, NULL), g_bytes_get_size (output), "hello, guest\n", 13);
}

/* Drops the last reference, and its client with it. */
static void
drop (QmpGuestAgent *agent)
{
  QmpClient *client = g_object_ref (qmp_guest_agent_get_client (agent));

  test_spin_ready ();
  g_assert_finalize_object (agent);
  if (qmp_client_get_runstate (client) == QMP_RUNSTATE_RUNNING)
    g_assert_true (test_close (client, NULL));
  test_client_free (client);
}

static void
quit (TestGuest *guest)
{
  test_machine_quit (g_steal_pointer (&guest->vm));
  test_guest_free (guest);
}

/* --- in a guest --- */

/* Again and again, also when an attempt has failed. */
static void
test_opens (gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  TestGuest *guest;

  blocking = GPOINTER_TO_INT (data);
  if (test_guest_is_missing ())
    return;
  guest = test_guest_new ();
  g_assert_null (open_agent (guest->vm, SHORT, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_NO_ANSWER);
  g_clear_error (&error);
  test_guest_tell (guest, "a");
  for (int i = 0; i < 2; i++)
    {
      QmpGuestAgent *agent = open_agent (guest->vm, QMP_TIMEOUT_NONE, &error);

      g_assert_no_error (error);
      assert_works (agent);
      drop (agent);
    }
  quit (guest);
}

/* While its client is open there is one. */
static void
test_same_client (gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpGuestAgent) first = NULL;
  QmpGuestAgent *second;
  TestGuest *guest;

  blocking = GPOINTER_TO_INT (data);
  if (test_guest_is_missing ())
    return;
  guest = test_guest_new ();
  test_guest_tell (guest, "a");
  first = open_agent (guest->vm, QMP_TIMEOUT_NONE, &error);
  g_assert_no_error (error);
  second = open_agent (guest->vm, QMP_TIMEOUT_NONE, &error);
  g_assert_no_error (error);
  g_assert_true (qmp_guest_agent_get_client (first) == qmp_guest_agent_get_client (second));
  assert_works (second);
  test_spin_ready ();
  g_clear_object (&first);
  drop (second);
  quit (guest);
}

/* The agent is started anew, and the one that was opened before is not of use any more. */
static void
test_restarted (gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpGuestAgent) before = NULL;
  QmpGuestAgent *agent;
  TestGuest *guest;

  blocking = GPOINTER_TO_INT (data);
  if (test_guest_is_missing ())
    return;
  guest = test_guest_new ();
  test_guest_tell (guest, "a");
  before = open_agent (guest->vm, QMP_TIMEOUT_NONE, &error);
  g_assert_no_error (error);
  test_guest_tell (guest, "k");
  test_guest_wait_said (guest, "ended\n");
  test_guest_tell (guest, "a");
  agent = open_agent (guest->vm, QMP_TIMEOUT_NONE, &error);
  g_assert_no_error (error);
  assert_works (agent);
  test_spin_ready ();
  g_clear_object (&before);
  drop (agent);
  quit (guest);
}

/* What no test may ask of the host's agent. */
static void
test_power (void)
{
  g_autoptr(QmpOutcome) outcome = NULL;
  g_autoptr(GError) error = NULL;
  QmpGuestAgent *agent;
  TestGuest *guest;

  blocking = FALSE;
  if (test_guest_is_missing ())
    return;
  guest = test_guest_new ();
  test_guest_tell (guest, "a");
  agent = open_agent (guest->vm, QMP_TIMEOUT_NONE, &error);
  g_assert_no_error (error);
  qmp_guest_agent_shutdown (agent, QMP_GUEST_SHUTDOWN_MODE_POWERDOWN, NULL, &error);
  g_assert_no_error (error);
  outcome = test_wait_ended (guest->vm);
  g_assert_cmpint (qmp_outcome_get_reason (outcome), ==, QMP_OUTCOME_REASON_GUEST_SHUTDOWN);
  drop (agent);
  test_guest_free (guest);
}

/* --- where there is none --- */

static QmpMachine *
machine_new (void)
{
  QmpLauncher *launcher = test_launcher_new_pc ("-device", "virtio-serial-pci",
                                                "-device", "virtserialport,chardev=qmp-glib-agent");

  g_assert_cmpstr (qmp_launcher_add_agent_channel (launcher), ==, "qmp-glib-agent");
  g_assert_cmpstr (qmp_launcher_add_agent_channel (launcher), ==, "qmp-glib-agent");
  return test_machine_new (launcher);
}

static void
assert_fails (QmpMachine *vm,
              int         timeout,
              GQuark      domain,
              int         code)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (open_agent (vm, timeout, &error));
  g_assert_error (error, domain, code);
}

static void
test_no_answer (gconstpointer data)
{
  QmpMachine *vm = machine_new ();

  blocking = GPOINTER_TO_INT (data);
  assert_fails (vm, SHORT, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_NO_ANSWER);
  assert_fails (vm, 0, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_NO_ANSWER);
  qmp_client_set_timeout (qmp_machine_get_client (vm), SHORT);
  assert_fails (vm, QMP_TIMEOUT_CLIENT, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_NO_ANSWER);
  qmp_client_set_timeout (qmp_machine_get_client (vm), QMP_TIMEOUT_NONE);
  /* A QEMU that does not answer either. */
  g_assert_cmpint (kill (qmp_machine_get_pid (vm), SIGSTOP), ==, 0);
  assert_fails (vm, SHORT, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_NO_ANSWER);
  g_assert_cmpint (kill (qmp_machine_get_pid (vm), SIGCONT), ==, 0);
  test_machine_quit (vm);
}

/* Of a serial port the other end is always open, and nobody answers. */
static void
test_nobody_reads (gconstpointer data)
{
  g_autoptr(QmpLauncher) launcher = test_launcher_new_pc ("-device", "isa-serial,chardev=qmp-glib-agent");
  QmpMachine *vm;

  blocking = GPOINTER_TO_INT (data);
  qmp_launcher_add_agent_channel (launcher);
  vm = test_machine_new (g_steal_pointer (&launcher));
  assert_fails (vm, SHORT, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_NO_ANSWER);
  test_machine_quit (vm);
}

static void
test_not_supported (gconstpointer data)
{
  QmpMachine *vm = qmp_machine_new (NULL);

  blocking = GPOINTER_TO_INT (data);
  assert_fails (vm, SHORT, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_ENDED);
  test_machine_free (vm);
  vm = test_machine_new (test_launcher_new ());
  assert_fails (vm, SHORT, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  test_machine_quit (vm);
}

static void
test_cancelled (void)
{
  QmpMachine *vm = machine_new ();
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  qmp_machine_open_agent_async (vm, QMP_TIMEOUT_NONE, cancellable, test_result_cb, &result);
  /* A second caller is told so, and goes on with nothing. */
  blocking = TRUE;
  assert_fails (vm, QMP_TIMEOUT_NONE, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_assert_null (result);
  g_cancellable_cancel (cancellable);
  test_spin_until (result != NULL);
  g_assert_null (qmp_machine_open_agent_finish (vm, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_null (qmp_machine_open_agent (vm, QMP_TIMEOUT_NONE, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_object (&result);
  test_machine_quit (vm);
}

/* The machine ends meanwhile, at once or behind the first query. */
static void
test_ends (gconstpointer data)
{
  QmpMachine *vm = machine_new ();
  QmpClient *client = qmp_machine_get_client (vm);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(QmpOutcome) outcome = NULL;
  g_autoptr(GError) error = NULL;

  qmp_machine_open_agent_async (vm, QMP_TIMEOUT_NONE, NULL, test_result_cb, &result);
  if (GPOINTER_TO_INT (data))
    test_spin_until (qmp_client_get_n_pending (client) == 0);
  g_assert_cmpint (kill (qmp_machine_get_pid (vm), SIGKILL), ==, 0);
  outcome = test_wait_ended (vm);
  test_spin_until (result != NULL);
  g_assert_null (qmp_machine_open_agent_finish (vm, result, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_ENDED);
  g_clear_object (&result);
  test_machine_free (vm);
}

/* Nothing is left of a channel, and a launcher has one for each machine. */
static void
test_descriptors (void)
{
  g_autoptr(QmpLauncher) launcher = test_launcher_new ();
  guint n_fds = test_count_fds ();

  qmp_launcher_add_agent_channel (launcher);
  for (int i = 0; i < 2; i++)
    {
      QmpMachine *vm = test_machine_new (g_object_ref (launcher));

      blocking = i > 0;
      assert_fails (vm, SHORT, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_NO_ANSWER);
      test_machine_quit (vm);
    }
  test_assert_n_fds (n_fds);
}

#define add_both(name, function)                                                             \
  g_test_add_data_func ("/machine-agent/" name, GINT_TO_POINTER (FALSE), function);          \
  g_test_add_data_func ("/machine-agent/" name "/blocking", GINT_TO_POINTER (TRUE), function)

int
main (int   argc,
      char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  test_warm_up ();

  add_both ("opens", test_opens);
  add_both ("same-client", test_same_client);
  add_both ("restarted", test_restarted);
  g_test_add_func ("/machine-agent/power", test_power);
  add_both ("no-answer", test_no_answer);
  add_both ("nobody-reads", test_nobody_reads);
  add_both ("not-supported", test_not_supported);
  g_test_add_func ("/machine-agent/cancelled", test_cancelled);
  g_test_add_data_func ("/machine-agent/ends", GINT_TO_POINTER (FALSE), test_ends);
  g_test_add_data_func ("/machine-agent/ends/waiting", GINT_TO_POINTER (TRUE), test_ends);
  g_test_add_func ("/machine-agent/descriptors", test_descriptors);

  status = g_test_run ();
  test_guest_clean_up ();
  return status;
}
