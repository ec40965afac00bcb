/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "qmp-enums.h"
#include "test-guest.h"

/* What only a guest can show: a small Linux in real QEMU, which obeys, or does not. */

#define LONG 60000

static gboolean blocking;

static QmpOutcome *
shut_down (QmpMachine        *vm,
           QmpShutDownFlags   flags,
           int                ask,
           GError           **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  if (blocking)
    return qmp_machine_shut_down (vm, flags, ask, LONG, NULL, error);
  qmp_machine_shut_down_async (vm, flags, ask, LONG, NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  return qmp_machine_shut_down_finish (vm, result, error);
}

static void
assert_outcome (QmpOutcome       *outcome,
                QmpOutcomeReason  reason,
                gboolean          by_guest,
                int               exit_status)
{
  g_assert_cmpint (qmp_outcome_get_reason (outcome), ==, reason);
  g_assert_cmpint (qmp_outcome_get_by_guest (outcome), ==, by_guest);
  g_assert_false (qmp_outcome_get_by_us (outcome));
  g_assert_cmpint (qmp_outcome_get_exit_status (outcome), ==, exit_status);
  g_assert_cmpint (qmp_outcome_get_clean (outcome), ==, exit_status == 0);
}

/* It is asked, and turns itself off. */
static void
assert_obeys (TestGuest        *guest,
              QmpShutDownFlags  flags)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpOutcome) outcome = shut_down (guest->vm, flags, LONG, &error);

  g_assert_no_error (error);
  assert_outcome (outcome, QMP_OUTCOME_REASON_GUEST_SHUTDOWN, TRUE, 0);
  g_assert_cmpint (qmp_outcome_get_stage (outcome), ==, QMP_SHUT_DOWN_STAGE_ASKING);
  test_assert_no_children ();
  test_guest_free (guest);
}

static void
assert_ends (TestGuest        *guest,
             QmpOutcomeReason  reason,
             gboolean          by_guest,
             int               exit_status)
{
  g_autoptr(QmpOutcome) outcome = test_wait_ended (guest->vm);

  assert_outcome (outcome, reason, by_guest, exit_status);
  test_guest_free (guest);
}

/* Over the client alone: it is there, and works. */
static void
quit (TestGuest *guest)
{
  test_machine_quit (g_steal_pointer (&guest->vm));
  test_guest_free (guest);
}

/* --- turning it off --- */

static void
test_obeys (gconstpointer data)
{
  blocking = GPOINTER_TO_INT (data);
  if (!test_guest_is_missing ())
    assert_obeys (test_guest_new (), QMP_SHUT_DOWN_NONE);
}

static void
test_paused (gconstpointer data)
{
  TestGuest *guest;

  blocking = GPOINTER_TO_INT (data);
  if (test_guest_is_missing ())
    return;
  guest = test_guest_new ();
  g_assert_true (qmp_machine_pause (guest->vm, NULL, NULL));
  assert_obeys (guest, QMP_SHUT_DOWN_RESUME);
}

static void
fall_asleep (TestGuest *guest)
{
  test_guest_tell (guest, "s");
  test_spin_until (qmp_machine_get_status (guest->vm) == QMP_MACHINE_STATUS_SUSPENDED);
  g_assert_false (qmp_machine_get_running (guest->vm));
}

static void
test_asleep (gconstpointer data)
{
  TestGuest *guest;

  blocking = GPOINTER_TO_INT (data);
  if (test_guest_is_missing ())
    return;
  guest = test_guest_new ();
  fall_asleep (guest);
  assert_obeys (guest, QMP_SHUT_DOWN_WAKE);
}

/* One that is deaf is asked in vain, and is there. */
static void
test_deaf (gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  TestGuest *guest;

  blocking = GPOINTER_TO_INT (data);
  if (test_guest_is_missing ())
    return;
  guest = test_guest_new ();
  test_guest_tell (guest, "d");
  test_guest_wait_said (guest, "deaf\n");
  g_assert_null (shut_down (guest->vm, QMP_SHUT_DOWN_ASK_ONLY | QMP_SHUT_DOWN_PRESS_AGAIN, 700, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_NO_ANSWER);
  g_assert_cmpint (qmp_machine_get_status (guest->vm), ==, QMP_MACHINE_STATUS_RUNNING);
  quit (guest);
}

/* The button alone proves nothing, but the guest hears of it. */
static void
test_button (void)
{
  TestGuest *guest;
  g_autoptr(GError) error = NULL;

  if (test_guest_is_missing ())
    return;
  guest = test_guest_new ();
  qmp_machine_power_down (guest->vm, NULL, &error);
  g_assert_no_error (error);
  assert_ends (guest, QMP_OUTCOME_REASON_GUEST_SHUTDOWN, TRUE, 0);
}

/* It turns itself off, unasked; with -no-shutdown it is there, until it is reset. */
static void
test_turns_off (void)
{
  TestGuest *guest;
  g_autoptr(GError) error = NULL;

  if (test_guest_is_missing ())
    return;
  guest = test_guest_new ("-no-shutdown");
  test_guest_tell (guest, "o");
  test_spin_until (qmp_machine_get_status (guest->vm) == QMP_MACHINE_STATUS_SHUTDOWN);
  g_assert_false (qmp_machine_resume (guest->vm, NULL, &error));
  test_assert_error_has (error, "Resetting the Virtual Machine is required");
  g_assert_true (qmp_machine_reset (guest->vm, NULL, NULL));
  g_assert_true (qmp_machine_resume (guest->vm, NULL, NULL));
  g_assert_true (qmp_machine_get_running (guest->vm));
  quit (guest);
}

/* --- sleep --- */

static void
test_sleeps (gconstpointer data)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  TestGuest *guest;

  blocking = GPOINTER_TO_INT (data);
  if (test_guest_is_missing ())
    return;
  guest = test_guest_new ();
  fall_asleep (guest);
  if (blocking)
    {
      qmp_machine_wake_up (guest->vm, NULL, &error);
    }
  else
    {
      qmp_machine_wake_up_async (guest->vm, NULL, test_result_cb, &result);
      test_spin_until (result != NULL);
      qmp_machine_wake_up_finish (guest->vm, result, &error);
    }
  g_assert_no_error (error);
  g_assert_cmpint (qmp_machine_get_status (guest->vm), ==, QMP_MACHINE_STATUS_RUNNING);
  test_guest_wait_said (guest, "awake\n");
  g_clear_object (&result);
  quit (guest);
}

/* --- what a guest does by itself --- */

static void
test_panics (void)
{
  TestGuest *guest;

  if (test_guest_is_missing ())
    return;
  guest = test_guest_new ();
  test_guest_tell (guest, "p");
  assert_ends (guest, QMP_OUTCOME_REASON_GUEST_PANIC, TRUE, 0);
}

static void
test_panics_with_failure (void)
{
  TestGuest *guest;

  if (test_guest_is_missing ())
    return;
  guest = test_guest_new ("-action", "panic=exit-failure");
  test_guest_tell (guest, "p");
  assert_ends (guest, QMP_OUTCOME_REASON_GUEST_PANIC, TRUE, 1);
}

static void
test_panics_and_stays (void)
{
  TestGuest *guest;

  if (test_guest_is_missing ())
    return;
  guest = test_guest_new ("-action", "panic=pause");
  test_guest_tell (guest, "p");
  test_spin_until (qmp_machine_get_status (guest->vm) == QMP_MACHINE_STATUS_GUEST_PANICKED);
  g_assert_false (qmp_machine_get_running (guest->vm));
  g_assert_cmpstr (qmp_event_get_name (qmp_machine_get_pause_event (guest->vm)), ==, "GUEST_PANICKED");
  quit (guest);
}

/* RESET is told, and it runs on; the BIOS may reset it again. */
static void
test_reboots (void)
{
  g_autoptr(QmpEventListener) listener = TEST_LISTENER ("RESET");
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(QmpEvent) event = NULL;
  g_autoptr(GError) error = NULL;
  TestGuest *guest;

  if (test_guest_is_missing ())
    return;
  guest = test_guest_new ();
  qmp_client_add_listener (qmp_machine_get_client (guest->vm), listener);
  test_guest_tell (guest, "r");
  qmp_event_listener_next_async (listener, QMP_TIMEOUT_NONE, NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  event = qmp_event_listener_next_finish (listener, result, &error);
  g_assert_no_error (error);
  g_assert_true (qmp_message_get_boolean (QMP_MESSAGE (event), "data.guest", NULL));
  test_guest_wait_said (guest, "ready\n");
  g_assert_cmpint (qmp_machine_get_status (guest->vm), ==, QMP_MACHINE_STATUS_RUNNING);
  qmp_client_remove_listener (qmp_machine_get_client (guest->vm), listener);
  g_clear_object (&result);
  quit (guest);
}

static void
test_does_not_reboot (void)
{
  TestGuest *guest;

  if (test_guest_is_missing ())
    return;
  guest = test_guest_new ("-no-reboot");
  test_guest_tell (guest, "r");
  assert_ends (guest, QMP_OUTCOME_REASON_GUEST_RESET, TRUE, 0);
}

static void
test_watchdog (void)
{
  TestGuest *guest;

  if (test_guest_is_missing ())
    return;
  guest = test_guest_new ("-action", "watchdog=poweroff");
  test_guest_tell (guest, "w");
  assert_ends (guest, QMP_OUTCOME_REASON_WATCHDOG, FALSE, 0);
}

static void
test_watchdog_pauses (void)
{
  TestGuest *guest;

  if (test_guest_is_missing ())
    return;
  guest = test_guest_new ("-action", "watchdog=pause");
  test_guest_tell (guest, "w");
  test_spin_until (qmp_machine_get_status (guest->vm) == QMP_MACHINE_STATUS_WATCHDOG);
  g_assert_cmpstr (qmp_event_get_name (qmp_machine_get_pause_event (guest->vm)), ==, "WATCHDOG");
  g_assert_true (qmp_machine_resume (guest->vm, NULL, NULL));
  g_assert_true (qmp_machine_get_running (guest->vm));
  quit (guest);
}

/* --- devices --- */

/* ACPI asks the guest, which lets it go. */
static void
test_unplugs (void)
{
  g_autoptr(QmpMessage) command = test_message ("{\"execute\": \"device_del\", \"arguments\": {\"id\": \"rng\"}}");
  g_autoptr(QmpEventMatch) match = TEST_MATCH ("DEVICE_DELETED");
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(QmpEvent) event = NULL;
  g_autoptr(GError) error = NULL;
  QmpClient *client;
  TestGuest *guest;

  if (test_guest_is_missing ())
    return;
  guest = test_guest_new ();
  client = qmp_machine_get_client (guest->vm);
  qmp_event_match_add_string_member (match, NULL, "device", "rng");
  qmp_client_execute_and_wait_async (client, command, match, NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  event = qmp_client_execute_and_wait_finish (client, result, &error);
  g_assert_no_error (error);
  g_clear_object (&result);
  quit (guest);
}

#define add_both(name, function)                                                             \
  g_test_add_data_func ("/machine-guest/" name, GINT_TO_POINTER (FALSE), function);          \
  g_test_add_data_func ("/machine-guest/" name "/blocking", GINT_TO_POINTER (TRUE), function)

int
main (int   argc,
      char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  test_warm_up ();

  add_both ("obeys", test_obeys);
  add_both ("paused", test_paused);
  add_both ("asleep", test_asleep);
  add_both ("deaf", test_deaf);
  g_test_add_func ("/machine-guest/button", test_button);
  g_test_add_func ("/machine-guest/turns-off", test_turns_off);
  add_both ("sleeps", test_sleeps);
  g_test_add_func ("/machine-guest/panics", test_panics);
  g_test_add_func ("/machine-guest/panics-with-failure", test_panics_with_failure);
  g_test_add_func ("/machine-guest/panics-and-stays", test_panics_and_stays);
  g_test_add_func ("/machine-guest/reboots", test_reboots);
  g_test_add_func ("/machine-guest/does-not-reboot", test_does_not_reboot);
  g_test_add_func ("/machine-guest/watchdog", test_watchdog);
  g_test_add_func ("/machine-guest/watchdog-pauses", test_watchdog_pauses);
  g_test_add_func ("/machine-guest/unplugs", test_unplugs);

  status = g_test_run ();
  test_guest_clean_up ();
  return status;
}
