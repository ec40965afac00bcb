/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-status-private.h"

#include "test-event.h"
#include "test-utils.h"

/* A status by itself: what events and answers make of it. */

typedef struct {
  QmpStatus status;
  guint     n_changed;
  guint     n_wants;
} Desk;

static void
changed_cb (gpointer owner)
{
  ((Desk *) owner)->n_changed++;
}

static void
wants_cb (gpointer owner)
{
  ((Desk *) owner)->n_wants++;
}

static const QmpStatusFuncs funcs = { changed_cb, wants_cb };

static void
set_up (Desk          *desk,
        gconstpointer  data)
{
  qmp_status_init (&desk->status, &funcs, desk);
}

static void
tear_down (Desk          *desk,
           gconstpointer  data)
{
  qmp_status_clear (&desk->status);
}

static void
receive (Desk       *desk,
         const char *name,
         const char *data)
{
  g_autoptr(QmpEvent) event = test_event_new (name, data);

  qmp_status_event (&desk->status, event);
}

static gboolean
answer (Desk            *desk,
        QmpStatusTicket  ticket,
        QmpStatusChange  own,
        const char      *status)
{
  g_autofree char *text = g_strdup_printf ("{\"status\": \"%s\", \"running\": false}", status);
  g_autoptr(JsonNode) reply = test_json (text);

  return qmp_status_answer (&desk->status, ticket, own, reply);
}

/* Where it was when it was opened. */
static void
begin (Desk       *desk,
       const char *status)
{
  g_assert_true (answer (desk, qmp_status_ask (&desk->status), QMP_STATUS_CHANGE_NONE, status));
}

#define assert_status(desk, expected) g_assert_cmpstr ((desk)->status.name, ==, expected)

static void
assert_pause_event (Desk       *desk,
                    const char *expected)
{
  QmpEvent *event = desk->status.pause_event;

  g_assert_cmpstr (event != NULL ? qmp_event_get_name (event) : NULL, ==, expected);
}

/* --- what events mean: the rows of docs/machines.md --- */

static const struct {
  const char *name;
  const char *events[6];   /* name, data */
  const char *status;
  const char *pause_event;
} rows[] = {
  { "stop", { "STOP", NULL }, "paused", "STOP" },
  { "resume", { "STOP", NULL, "RESUME", NULL }, "running", NULL },
  { "io-error", { "BLOCK_IO_ERROR", "{\"action\": \"stop\"}", "STOP", NULL }, "io-error", "BLOCK_IO_ERROR" },
  { "io-error-reported", { "BLOCK_IO_ERROR", "{\"action\": \"report\"}", "STOP", NULL }, "paused", "STOP" },
  { "watchdog", { "WATCHDOG", "{\"action\": \"pause\"}", "STOP", NULL }, "watchdog", "WATCHDOG" },
  { "watchdog-debug", { "WATCHDOG", "{\"action\": \"debug\"}" }, "running", NULL },
  { "panic", { "GUEST_PANICKED", "{\"action\": \"pause\"}", "STOP", NULL }, "guest-panicked", "GUEST_PANICKED" },
  { "panic-goes-on", { "GUEST_PANICKED", "{\"action\": \"run\"}" }, "running", NULL },
  { "no-shutdown", { "SHUTDOWN", "{\"guest\": true, \"reason\": \"guest-shutdown\"}", "STOP", NULL }, "shutdown", "SHUTDOWN" },
  /* The cause was of a stop before. */
  { "twice", { "BLOCK_IO_ERROR", "{\"action\": \"stop\"}", "RESUME", NULL, "STOP", NULL }, "paused", "STOP" },
  { "odd-data", { "BLOCK_IO_ERROR", "{\"action\": 5}", "STOP", NULL }, "paused", "STOP" },
  { "suspend", { "SUSPEND", NULL }, "running", NULL },
};

static void
test_rows (Desk          *desk,
           gconstpointer  data)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_test_message ("%s", rows[i].name);
      qmp_status_forget (&desk->status);
      begin (desk, "running");
      desk->n_wants = 0;
      for (gsize j = 0; j < G_N_ELEMENTS (rows[i].events) && rows[i].events[j] != NULL; j += 2)
        receive (desk, rows[i].events[j], rows[i].events[j + 1]);
      assert_status (desk, rows[i].status);
      assert_pause_event (desk, rows[i].pause_event);
      /* And the server is asked, once for all of them; after an end that has not come, in a while. */
      g_assert_cmpuint (desk->n_wants, ==, 1);
      g_assert_true (desk->status.wanted);
    }
}

/* Nobody is asked while it may be about to end. */
static void
test_leaving (Desk          *desk,
              gconstpointer  data)
{
  const char * const announcements[][2] = {
    { "SHUTDOWN", "{\"guest\": true, \"reason\": \"guest-shutdown\"}" },
    { "GUEST_PANICKED", "{\"action\": \"poweroff\"}" },
    { "WATCHDOG", "{\"action\": \"poweroff\"}" },
    { "SUSPEND_DISK", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (announcements); i++)
    {
      qmp_status_forget (&desk->status);
      begin (desk, "running");
      receive (desk, "STOP", NULL);
      g_assert_true (qmp_status_is_due (&desk->status));
      receive (desk, announcements[i][0], announcements[i][1]);
      g_assert_false (qmp_status_is_due (&desk->status));
      desk->n_wants = 0;
      receive (desk, "STOP", NULL);
      g_assert_cmpuint (desk->n_wants, ==, 0);
      g_assert_false (qmp_status_is_due (&desk->status));
      /* It did not end. */
      qmp_status_stay (&desk->status);
      g_assert_true (qmp_status_is_due (&desk->status));
    }
  receive (desk, "SHUTDOWN", NULL);
  desk->n_wants = 0;
  receive (desk, "RESET", "{\"guest\": false}");
  g_assert_cmpuint (desk->n_wants, ==, 1);
  g_assert_true (qmp_status_is_due (&desk->status));
}

static void
test_other_events (Desk          *desk,
                   gconstpointer  data)
{
  begin (desk, "running");
  receive (desk, "RTC_CHANGE", "{\"offset\": 1}");
  receive (desk, "POWERDOWN", NULL);
  g_assert_cmpuint (desk->n_wants, ==, 0);
}

/* --- answers --- */

static void
test_names (Desk          *desk,
            gconstpointer  data)
{
  begin (desk, "finish-migrate");
  g_assert_cmpint (desk->status.value, ==, QMP_MACHINE_STATUS_FINISH_MIGRATE);
  /* Of a newer QEMU. */
  begin (desk, "levitating");
  g_assert_cmpint (desk->status.value, ==, QMP_MACHINE_STATUS_UNKNOWN);
  assert_status (desk, "levitating");
  g_assert_cmpuint (desk->n_changed, ==, 2);
  begin (desk, "levitating");
  g_assert_cmpuint (desk->n_changed, ==, 2);
  qmp_status_forget (&desk->status);
  assert_status (desk, NULL);
}

static void
test_odd_answers (Desk          *desk,
                  gconstpointer  data)
{
  const char * const texts[] = { "5", "[]", "{}", "{\"status\": 5}", "{\"status\": null}", "{\"status\": []}", NULL };

  begin (desk, "running");
  for (gsize i = 0; texts[i] != NULL; i++)
    {
      g_autoptr(JsonNode) reply = test_json (texts[i]);

      g_assert_false (qmp_status_answer (&desk->status, qmp_status_ask (&desk->status), QMP_STATUS_CHANGE_NONE, reply));
      g_assert_false (desk->status.asking);
    }
  g_assert_false (qmp_status_answer (&desk->status, qmp_status_ask (&desk->status), QMP_STATUS_CHANGE_NONE, NULL));
  assert_status (desk, "running");
}

/* It was asked before the machine went on. */
static void
test_old_answer (Desk          *desk,
                 gconstpointer  data)
{
  QmpStatusTicket ticket;

  begin (desk, "running");
  receive (desk, "STOP", NULL);
  ticket = qmp_status_ask (&desk->status);
  g_assert_false (desk->status.wanted);
  receive (desk, "RESUME", NULL);
  g_assert_false (answer (desk, ticket, QMP_STATUS_CHANGE_NONE, "paused"));
  assert_status (desk, "running");
  g_assert_true (desk->status.wanted);
  begin (desk, "running");
  g_assert_false (desk->status.wanted);
}

/* Of a command and a query that were written together: the command's own event lies between. */
static void
test_own_change (Desk          *desk,
                 gconstpointer  data)
{
  QmpStatusTicket ticket;

  begin (desk, "running");
  ticket = qmp_status_ask (&desk->status);
  receive (desk, "STOP", NULL);
  g_assert_true (answer (desk, ticket, QMP_STATUS_CHANGE_STOP, "paused"));
  ticket = qmp_status_ask (&desk->status);
  receive (desk, "RESUME", NULL);
  receive (desk, "STOP", NULL);
  g_assert_false (answer (desk, ticket, QMP_STATUS_CHANGE_RESUME, "running"));
  assert_status (desk, "paused");
  /* It ran already, and the command has brought nothing; what came is of somebody else, later. */
  begin (desk, "running");
  ticket = qmp_status_ask (&desk->status);
  receive (desk, "STOP", NULL);
  g_assert_false (answer (desk, ticket, QMP_STATUS_CHANGE_RESUME, "running"));
  assert_status (desk, "paused");
}

/* A blocking call takes its answer at once, and an earlier one is told behind that. */
static void
test_out_of_order (Desk          *desk,
                   gconstpointer  data)
{
  QmpStatusTicket earlier;

  begin (desk, "running");
  receive (desk, "STOP", NULL);
  earlier = qmp_status_ask (&desk->status);
  begin (desk, "prelaunch");
  g_assert_true (answer (desk, earlier, QMP_STATUS_CHANGE_NONE, "paused"));
  assert_status (desk, "prelaunch");
  g_assert_false (desk->status.wanted);
}

/* What comes while it is asked is asked for behind that. */
static void
test_meanwhile (Desk          *desk,
                gconstpointer  data)
{
  QmpStatusTicket ticket;

  begin (desk, "paused");
  ticket = qmp_status_ask (&desk->status);
  receive (desk, "RESET", NULL);
  g_assert_false (qmp_status_is_due (&desk->status));
  desk->n_wants = 0;
  g_assert_true (answer (desk, ticket, QMP_STATUS_CHANGE_NONE, "paused"));
  g_assert_cmpuint (desk->n_wants, ==, 1);
  g_assert_true (qmp_status_is_due (&desk->status));
}

/* RESUME does not mean that it runs: QEMU 10 has it of a guest that sleeps. */
static void
test_corrected (Desk          *desk,
                gconstpointer  data)
{
  begin (desk, "paused");
  receive (desk, "RESUME", NULL);
  assert_status (desk, "running");
  begin (desk, "suspended");
  assert_status (desk, "suspended");
}

static void
test_settling (Desk          *desk,
               gconstpointer  data)
{
  begin (desk, "running");
  receive (desk, "STOP", NULL);
  begin (desk, "finish-migrate");
  g_assert_false (qmp_status_is_settling (&desk->status));
  receive (desk, "MIGRATION", "{\"status\": \"completed\"}");
  begin (desk, "finish-migrate");
  g_assert_true (qmp_status_is_settling (&desk->status));
  begin (desk, "postmigrate");
  g_assert_false (qmp_status_is_settling (&desk->status));
  receive (desk, "MIGRATION", "{\"status\": \"active\"}");
  begin (desk, "finish-migrate");
  g_assert_false (qmp_status_is_settling (&desk->status));
}

/* Also behind a failure, and if there was no event. */
static void
test_settling_otherwise (Desk          *desk,
                         gconstpointer  data)
{
  begin (desk, "running");
  receive (desk, "MIGRATION", "{\"status\": \"failed\"}");
  g_assert_false (qmp_status_is_settled (&desk->status));
  begin (desk, "finish-migrate");
  g_assert_true (qmp_status_is_settling (&desk->status));
  g_assert_false (qmp_status_is_settled (&desk->status));
  begin (desk, "running");
  g_assert_true (qmp_status_is_settled (&desk->status));
  begin (desk, "finish-migrate");
  g_assert_true (qmp_status_is_settled (&desk->status));
  qmp_status_note_migrated (&desk->status);
  g_assert_true (desk->status.wanted);
  g_assert_false (qmp_status_is_settled (&desk->status));
}

/* What came while it was asked is asked for when that is answered, whether or not the answer says anything new. */
static void
test_wanted_meanwhile (Desk          *desk,
                       gconstpointer  data)
{
  QmpStatusTicket ticket;
  guint n_wants;

  begin (desk, "running");
  ticket = qmp_status_ask (&desk->status);
  receive (desk, "MIGRATION", "{\"status\": \"failed\"}");
  n_wants = desk->n_wants;
  answer (desk, ticket, 0, "running");
  g_assert_cmpuint (desk->n_wants, ==, n_wants + 1);
  g_assert_true (desk->status.wanted);
  /* Or nobody waits for that answer. */
  qmp_status_ask (&desk->status);
  qmp_status_want (&desk->status);
  g_assert_true (desk->status.wanted);
  g_assert_false (desk->status.asking);
}

#define add(name, function) g_test_add ("/status/" name, Desk, NULL, set_up, function, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add ("rows", test_rows);
  add ("leaving", test_leaving);
  add ("other-events", test_other_events);
  add ("names", test_names);
  add ("odd-answers", test_odd_answers);
  add ("old-answer", test_old_answer);
  add ("own-change", test_own_change);
  add ("out-of-order", test_out_of_order);
  add ("meanwhile", test_meanwhile);
  add ("corrected", test_corrected);
  add ("settling", test_settling);
  add ("settling-otherwise", test_settling_otherwise);
  add ("wanted-meanwhile", test_wanted_meanwhile);

  return g_test_run ();
}
