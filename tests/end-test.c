/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-end-private.h"

#include "test-event.h"

/* When a machine is over. The clock is the test's own. */

static void
receive (QmpEnd     *end,
         const char *name,
         const char *data)
{
  g_autoptr(QmpEvent) event = test_event_new (name, data);

  qmp_end_event (end, event);
}

static void
test_process_then_link (void)
{
  QmpEnd end = { .has_process = TRUE };

  g_assert_false (qmp_end_is_over (&end, 0));
  qmp_end_process_over (&end, 100);
  g_assert_false (qmp_end_is_over (&end, 100));
  qmp_end_link_over (&end, TRUE, 200);
  g_assert_true (qmp_end_is_over (&end, 200));
}

static void
test_link_then_process (void)
{
  QmpEnd end = { .has_process = TRUE };

  qmp_end_link_over (&end, TRUE, 100);
  g_assert_false (qmp_end_is_over (&end, 100));
  qmp_end_process_over (&end, 200);
  g_assert_true (qmp_end_is_over (&end, 200));
}

/* The second of them is not waited for for ever, from the first on. */
static void
test_patience (void)
{
  QmpEnd end = { .has_process = TRUE };
  QmpEnd other = { .has_process = TRUE };

  qmp_end_process_over (&end, 100);
  g_assert_cmpint (end.until, ==, 100 + QMP_END_PATIENCE);
  g_assert_false (qmp_end_is_over (&end, 99 + QMP_END_PATIENCE));
  g_assert_true (qmp_end_is_over (&end, 100 + QMP_END_PATIENCE));
  qmp_end_link_over (&other, TRUE, 100);
  g_assert_true (qmp_end_is_over (&other, 100 + QMP_END_PATIENCE));
}

/* The program has closed its client: the machine goes on. */
static void
test_own_close (void)
{
  QmpEnd end = { .has_process = TRUE };

  qmp_end_link_over (&end, FALSE, 100);
  g_assert_cmpint (end.until, ==, 0);
  g_assert_false (qmp_end_is_over (&end, G_MAXINT64));
  qmp_end_process_over (&end, 200);
  g_assert_true (qmp_end_is_over (&end, 200));
}

static void
test_link_again (void)
{
  QmpEnd end = { .has_process = TRUE };

  qmp_end_link_over (&end, TRUE, 100);
  qmp_end_link_begun (&end);
  g_assert_false (qmp_end_is_over (&end, G_MAXINT64));
  qmp_end_process_over (&end, 200);
  g_assert_false (qmp_end_is_over (&end, 200));
}

/* Without a process the server has to have said it. */
static void
test_no_process (void)
{
  QmpEnd end = { 0 };
  QmpEnd told = { 0 };

  qmp_end_link_over (&end, TRUE, 100);
  g_assert_false (qmp_end_is_over (&end, G_MAXINT64));
  receive (&told, "SHUTDOWN", "{\"guest\": false, \"reason\": \"host-qmp-quit\"}");
  g_assert_false (qmp_end_is_over (&told, 0));
  qmp_end_link_over (&told, TRUE, 100);
  g_assert_true (qmp_end_is_over (&told, 100));
  qmp_end_clear (&told);
}

static const struct {
  const char *name;
  const char *events[6];
  const char *reason;
  gboolean    by_guest;
  gboolean    was_told;
} rows[] = {
  { "guest", { "SHUTDOWN", "{\"guest\": true, \"reason\": \"guest-shutdown\"}" }, "guest-shutdown", TRUE, TRUE },
  { "quit", { "SHUTDOWN", "{\"guest\": false, \"reason\": \"host-qmp-quit\"}" }, "host-qmp-quit", FALSE, TRUE },
  { "last", { "SHUTDOWN", "{\"guest\": true, \"reason\": \"guest-shutdown\"}", "STOP", NULL,
              "SHUTDOWN", "{\"guest\": false, \"reason\": \"host-signal\"}" }, "host-signal", FALSE, TRUE },
  /* It is turned off, and there. */
  { "no-shutdown", { "SHUTDOWN", "{\"guest\": true, \"reason\": \"guest-shutdown\"}", "STOP", NULL },
    "guest-shutdown", TRUE, FALSE },
  { "goes-on", { "SHUTDOWN", "{\"guest\": true, \"reason\": \"guest-shutdown\"}", "STOP", NULL, "RESET", NULL },
    NULL, FALSE, FALSE },
  { "watchdog", { "WATCHDOG", "{\"action\": \"poweroff\"}" }, "watchdog", FALSE, TRUE },
  { "watchdog-reset", { "WATCHDOG", "{\"action\": \"reset\"}" }, NULL, FALSE, FALSE },
  { "old", { "SHUTDOWN", "{\"guest\": true}" }, "unknown", TRUE, TRUE },
  { "odd", { "SHUTDOWN", "{\"guest\": 5, \"reason\": []}" }, "unknown", FALSE, TRUE },
  { "none", { "SHUTDOWN", NULL }, "unknown", FALSE, TRUE },
};

static void
test_rows (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      QmpEnd end = { 0 };

      g_test_message ("%s", rows[i].name);
      for (gsize j = 0; j < G_N_ELEMENTS (rows[i].events) && rows[i].events[j] != NULL; j += 2)
        receive (&end, rows[i].events[j], rows[i].events[j + 1]);
      g_assert_cmpstr (end.reason, ==, rows[i].reason);
      g_assert_cmpint (end.by_guest, ==, rows[i].by_guest);
      g_assert_cmpint (end.was_told, ==, rows[i].was_told);
      qmp_end_clear (&end);
    }
}

/* Nothing else is said of it; what is said later counts. */
static void
test_arrival_failed (void)
{
  QmpEnd end = { 0 };

  qmp_end_arrival_failed (&end);
  g_assert_cmpstr (end.reason, ==, "migration-failed");
  qmp_end_link_over (&end, TRUE, 100);
  g_assert_true (qmp_end_is_over (&end, 100));
  receive (&end, "SHUTDOWN", "{\"guest\": false, \"reason\": \"host-qmp-quit\"}");
  g_assert_cmpstr (end.reason, ==, "host-qmp-quit");
  qmp_end_clear (&end);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/end/process-then-link", test_process_then_link);
  g_test_add_func ("/end/link-then-process", test_link_then_process);
  g_test_add_func ("/end/patience", test_patience);
  g_test_add_func ("/end/own-close", test_own_close);
  g_test_add_func ("/end/link-again", test_link_again);
  g_test_add_func ("/end/arrival-failed", test_arrival_failed);
  g_test_add_func ("/end/no-process", test_no_process);
  g_test_add_func ("/end/rows", test_rows);

  return g_test_run ();
}
