/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-outcome-private.h"

#include <string.h>

static const QmpProcessEnd good = { TRUE, 0, 0 };
static const QmpProcessEnd bad = { TRUE, 1, 0 };
static const QmpProcessEnd killed = { TRUE, -1, 9 };
static const QmpProcessEnd unknown = { FALSE, -1, 0 };

/* The rows of docs/machines.md. */
static const struct {
  const char       *name;
  QmpOutcomeFacts   facts;
  QmpOutcomeReason  reason;
  const char       *text;
  gboolean          clean;
} rows[] = {
  { "guest", { "guest-shutdown", TRUE, FALSE, &good, NULL }, QMP_OUTCOME_REASON_GUEST_SHUTDOWN, "guest-shutdown", TRUE },
  { "quit", { "host-qmp-quit", FALSE, TRUE, &good, NULL }, QMP_OUTCOME_REASON_HOST_QMP_QUIT, "host-qmp-quit", TRUE },
  { "panic", { "guest-panic", TRUE, FALSE, &bad, NULL }, QMP_OUTCOME_REASON_GUEST_PANIC, "guest-panic", FALSE },
  { "watchdog", { "watchdog", FALSE, FALSE, &good, NULL }, QMP_OUTCOME_REASON_WATCHDOG, "watchdog", TRUE },
  { "not-arrived", { "migration-failed", FALSE, FALSE, &bad, NULL }, QMP_OUTCOME_REASON_MIGRATION_FAILED,
    "migration-failed", FALSE },
  { "not-arrived-without-process", { "migration-failed", FALSE, FALSE, NULL, NULL },
    QMP_OUTCOME_REASON_MIGRATION_FAILED, "migration-failed", FALSE },
  { "newer", { "host-moon", FALSE, FALSE, &good, NULL }, QMP_OUTCOME_REASON_UNKNOWN, "host-moon", TRUE },
  { "killed", { NULL, FALSE, FALSE, &killed, NULL }, QMP_OUTCOME_REASON_KILLED, "killed", FALSE },
  { "killed-by-us", { NULL, FALSE, TRUE, &killed, NULL }, QMP_OUTCOME_REASON_KILLED, "killed", FALSE },
  { "killed-while-quitting", { "host-qmp-quit", FALSE, TRUE, &killed, NULL }, QMP_OUTCOME_REASON_HOST_QMP_QUIT,
    "host-qmp-quit", FALSE },
  { "exited", { NULL, FALSE, FALSE, &good, NULL }, QMP_OUTCOME_REASON_EXITED, "exited", FALSE },
  { "reaped-by-another", { "host-signal", FALSE, FALSE, &unknown, NULL }, QMP_OUTCOME_REASON_HOST_SIGNAL, "host-signal", TRUE },
  { "nobody-knows", { NULL, FALSE, FALSE, &unknown, NULL }, QMP_OUTCOME_REASON_LOST, "lost", FALSE },
  { "killed-by-us-unseen", { NULL, FALSE, TRUE, &unknown, NULL }, QMP_OUTCOME_REASON_LOST, "lost", FALSE },
  { "without-process", { "guest-shutdown", TRUE, FALSE, NULL, NULL }, QMP_OUTCOME_REASON_GUEST_SHUTDOWN, "guest-shutdown", TRUE },
  { "without-anything", { NULL, FALSE, FALSE, NULL, NULL }, QMP_OUTCOME_REASON_LOST, "lost", FALSE },
};

static void
test_rows (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const QmpOutcomeFacts *facts = &rows[i].facts;
      const QmpProcessEnd *process = facts->process;
      gboolean known = process != NULL && process->known;
      g_autoptr(QmpOutcome) outcome = qmp_outcome_new (facts);

      g_test_message ("%s", rows[i].name);
      g_assert_cmpint (qmp_outcome_get_reason (outcome), ==, rows[i].reason);
      g_assert_cmpstr (qmp_outcome_get_text (outcome), ==, rows[i].text);
      g_assert_cmpint (qmp_outcome_get_clean (outcome), ==, rows[i].clean);
      g_assert_cmpint (qmp_outcome_get_by_guest (outcome), ==, facts->by_guest);
      g_assert_cmpint (qmp_outcome_get_by_us (outcome), ==, facts->by_us);
      g_assert_cmpint (qmp_outcome_get_exit_status (outcome), ==, known ? process->exit_status : -1);
      g_assert_cmpint (qmp_outcome_get_signal (outcome), ==, known ? process->signal : 0);
      g_assert_cmpstr (qmp_outcome_get_output (outcome), ==, "");
    }
}

static void
test_properties (void)
{
  QmpOutcomeFacts facts = { "guest-panic", TRUE, FALSE, &bad, "said" };
  g_autoptr(QmpOutcome) outcome = qmp_outcome_new (&facts);
  g_autofree char *text = NULL;
  g_autofree char *output = NULL;
  QmpOutcomeReason reason;
  gboolean by_guest, by_us, clean;
  int exit_status, signal_number;

  g_object_get (outcome, "reason", &reason, "text", &text, "by-guest", &by_guest, "by-us", &by_us,
                "exit-status", &exit_status, "signal", &signal_number, "output", &output, "clean", &clean, NULL);
  g_assert_cmpint (reason, ==, QMP_OUTCOME_REASON_GUEST_PANIC);
  g_assert_cmpstr (text, ==, "guest-panic");
  g_assert_true (by_guest);
  g_assert_false (by_us);
  g_assert_cmpint (exit_status, ==, 1);
  g_assert_cmpint (signal_number, ==, 0);
  g_assert_cmpstr (output, ==, "said");
  g_assert_false (clean);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/outcome/rows", test_rows);
  g_test_add_func ("/outcome/properties", test_properties);

  return g_test_run ();
}
