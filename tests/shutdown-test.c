/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-shutdown-private.h"

/* The stages by themselves. The clock is the test's own, in milliseconds. */

typedef struct {
  QmpShutdown       shutdown;
  QmpShutdownSight  sight;
  QmpShutdownCaller callers[3];
} Desk;

static void
set_up (Desk          *desk,
        gconstpointer  data)
{
  desk->sight = (QmpShutdownSight) { TRUE, TRUE, QMP_MACHINE_STATUS_RUNNING };
}

static void
tear_down (Desk          *desk,
           gconstpointer  data)
{
  g_queue_clear (&desk->shutdown.callers);
}

static void
join (Desk             *desk,
      guint             index,
      QmpShutDownFlags  flags,
      int               ask,
      int               quit,
      int               now)
{
  qmp_shutdown_join (&desk->shutdown, &desk->callers[index], flags, ask, quit, now * 1000);
}

/* All steps that are due, with a space between. */
static void
assert_steps (Desk       *desk,
              int         now,
              const char *expected)
{
  static const char * const names[] = { "nothing", "resume", "wake", "press", "quit", "terminate", "kill", "give-up" };
  g_autoptr(GString) steps = g_string_new (NULL);
  QmpShutdownStep step;

  while ((step = qmp_shutdown_step (&desk->shutdown, &desk->sight, now * (gint64) 1000)) != QMP_SHUTDOWN_NOTHING)
    {
      g_string_append_printf (steps, "%s%s", steps->len > 0 ? " " : "", names[step]);
      if (step == QMP_SHUTDOWN_GIVE_UP)
        qmp_shutdown_leave (&desk->shutdown, g_queue_peek_head (&desk->shutdown.callers));
    }
  g_assert_cmpstr (steps->str, ==, expected);
}

static void
assert_until (Desk *desk,
              int   milliseconds)
{
  g_assert_cmpint (qmp_shutdown_get_until (&desk->shutdown), ==, milliseconds < 0 ? G_MAXINT64 : milliseconds * 1000);
}

#define assert_stage(desk, expected) g_assert_cmpint ((desk)->shutdown.stage, ==, QMP_SHUT_DOWN_STAGE_##expected)

static void
test_all_stages (Desk          *desk,
                 gconstpointer  data)
{
  assert_steps (desk, 0, "");
  assert_until (desk, -1);
  join (desk, 0, QMP_SHUT_DOWN_NONE, 100, 50, 0);
  assert_steps (desk, 0, "press");
  assert_stage (desk, ASKING);
  assert_until (desk, 100);
  assert_steps (desk, 99, "");
  assert_steps (desk, 100, "quit");
  assert_stage (desk, QUITTING);
  assert_until (desk, 150);
  assert_steps (desk, 149, "");
  assert_steps (desk, 150, "kill");
  assert_stage (desk, KILLING);
  assert_until (desk, 5150);
  assert_steps (desk, 5149, "");
  assert_steps (desk, 5150, "give-up");
  assert_stage (desk, NONE);
}

static void
test_skipped (Desk          *desk,
              gconstpointer  data)
{
  join (desk, 0, QMP_SHUT_DOWN_NONE, 0, 50, 0);
  assert_steps (desk, 0, "quit");
  qmp_shutdown_leave (&desk->shutdown, &desk->callers[0]);
  join (desk, 0, QMP_SHUT_DOWN_NONE, 100, 0, 0);
  assert_steps (desk, 0, "press");
  assert_steps (desk, 100, "kill");
  qmp_shutdown_leave (&desk->shutdown, &desk->callers[0]);
  join (desk, 0, QMP_SHUT_DOWN_NONE, 0, 0, 0);
  assert_steps (desk, 0, "kill");
}

static void
test_for_ever (Desk          *desk,
               gconstpointer  data)
{
  join (desk, 0, QMP_SHUT_DOWN_NONE, -1, -1, 0);
  assert_steps (desk, 0, "press");
  assert_until (desk, -1);
  assert_steps (desk, G_MAXINT, "");
  /* It is turned off, and there: -no-shutdown. */
  desk->sight.status = QMP_MACHINE_STATUS_SHUTDOWN;
  assert_steps (desk, 5, "quit");
  assert_until (desk, -1);
}

/* Where no guest can answer it is not asked. */
static void
test_cannot_ask (Desk          *desk,
                 gconstpointer  data)
{
  const QmpMachineStatus deaf[] = {
    QMP_MACHINE_STATUS_PAUSED, QMP_MACHINE_STATUS_PRELAUNCH, QMP_MACHINE_STATUS_SUSPENDED, QMP_MACHINE_STATUS_SHUTDOWN,
    QMP_MACHINE_STATUS_POSTMIGRATE, QMP_MACHINE_STATUS_INMIGRATE, QMP_MACHINE_STATUS_GUEST_PANICKED,
  };

  for (gsize i = 0; i < G_N_ELEMENTS (deaf); i++)
    {
      desk->sight.status = deaf[i];
      join (desk, 0, QMP_SHUT_DOWN_NONE, 100, 50, 0);
      assert_steps (desk, 0, "quit");
      qmp_shutdown_leave (&desk->shutdown, &desk->callers[0]);
    }
  /* One that has migrated away must not run here again. */
  desk->sight.status = QMP_MACHINE_STATUS_POSTMIGRATE;
  join (desk, 0, QMP_SHUT_DOWN_RESUME | QMP_SHUT_DOWN_WAKE, 100, 50, 0);
  assert_steps (desk, 0, "quit");
}

static void
test_resume (Desk          *desk,
             gconstpointer  data)
{
  desk->sight.status = QMP_MACHINE_STATUS_PAUSED;
  join (desk, 0, QMP_SHUT_DOWN_RESUME, 100, 50, 0);
  assert_steps (desk, 0, "resume");
  assert_steps (desk, 1, "");
  desk->sight.status = QMP_MACHINE_STATUS_RUNNING;
  assert_steps (desk, 2, "press");
  assert_steps (desk, 100, "quit");
}

static void
test_wake (Desk          *desk,
           gconstpointer  data)
{
  desk->sight.status = QMP_MACHINE_STATUS_SUSPENDED;
  join (desk, 0, QMP_SHUT_DOWN_WAKE, 100, 50, 0);
  assert_steps (desk, 0, "wake");
  desk->sight.status = QMP_MACHINE_STATUS_RUNNING;
  assert_steps (desk, 1, "press");
  /* It does not hear at once. */
  join (desk, 1, QMP_SHUT_DOWN_NONE, 2000, 50, 1);
  qmp_shutdown_leave (&desk->shutdown, &desk->callers[0]);
  assert_until (desk, 501);
  assert_steps (desk, 501, "press");
  assert_steps (desk, 1000, "");
  assert_steps (desk, 1001, "press");
  /* Somebody has paused it. */
  desk->sight.status = QMP_MACHINE_STATUS_PAUSED;
  assert_steps (desk, 1501, "");
  assert_until (desk, 2001);
}

static void
test_press_again (Desk          *desk,
                  gconstpointer  data)
{
  join (desk, 0, QMP_SHUT_DOWN_PRESS_AGAIN, 2000, 50, 0);
  assert_steps (desk, 0, "press");
  assert_until (desk, 500);
  assert_steps (desk, 499, "");
  assert_steps (desk, 500, "press");
  assert_until (desk, 2000);
  assert_steps (desk, 1999, "");
  qmp_shutdown_leave (&desk->shutdown, &desk->callers[0]);
  /* Nobody is there any more who could hear it. */
  join (desk, 0, QMP_SHUT_DOWN_PRESS_AGAIN, 2000, 50, 0);
  assert_steps (desk, 0, "press");
  desk->sight.status = QMP_MACHINE_STATUS_GUEST_PANICKED;
  assert_steps (desk, 500, "");
  assert_until (desk, 2000);
}

static void
test_no_link (Desk          *desk,
              gconstpointer  data)
{
  desk->sight.linked = FALSE;
  join (desk, 0, QMP_SHUT_DOWN_NONE, 100, 50, 0);
  assert_steps (desk, 0, "terminate");
  assert_stage (desk, TERMINATING);
  assert_steps (desk, 50, "kill");
}

static void
test_no_process (Desk          *desk,
                 gconstpointer  data)
{
  desk->sight.has_process = FALSE;
  join (desk, 0, QMP_SHUT_DOWN_NONE, 0, 50, 0);
  assert_steps (desk, 0, "quit");
  assert_steps (desk, 50, "give-up");
  join (desk, 0, QMP_SHUT_DOWN_NONE, 100, 50, 0);
  desk->sight.linked = FALSE;
  assert_steps (desk, 0, "give-up");
}

static void
test_refused (Desk          *desk,
              gconstpointer  data)
{
  join (desk, 0, QMP_SHUT_DOWN_NONE, 0, 1000, 0);
  assert_steps (desk, 0, "quit");
  qmp_shutdown_refuse (&desk->shutdown, 7000);
  assert_steps (desk, 7, "kill");
}

/* A button that QEMU does not press, as a monitor that is read-only does not: nobody waits for a guest that was not asked. */
static void
test_press_refused (Desk          *desk,
                    gconstpointer  data)
{
  join (desk, 0, QMP_SHUT_DOWN_NONE, 1000, 500, 0);
  join (desk, 1, QMP_SHUT_DOWN_ASK_ONLY, 1000, 0, 0);
  assert_steps (desk, 0, "press");
  qmp_shutdown_refuse (&desk->shutdown, 7000);
  g_assert_true (qmp_shutdown_pop_late (&desk->shutdown, &desk->sight, 7000) == &desk->callers[1]);
  assert_steps (desk, 7, "quit");
  assert_until (desk, 507);
}

/* The machine has ended: nobody is kept, and nothing is left behind. */
static void
test_cleared (Desk          *desk,
              gconstpointer  data)
{
  join (desk, 0, QMP_SHUT_DOWN_NONE, 0, 1000, 0);
  join (desk, 1, QMP_SHUT_DOWN_ASK_ONLY, 1000, 0, 0);
  assert_steps (desk, 0, "quit");
  qmp_shutdown_clear (&desk->shutdown);
  g_assert_true (g_queue_is_empty (&desk->shutdown.callers));
  g_assert_cmpint (desk->shutdown.stage, ==, QMP_SHUT_DOWN_STAGE_NONE);
  g_assert_cmpint (qmp_shutdown_get_until (&desk->shutdown), ==, G_MAXINT64);
}

/* The earlier time counts, and the last who leaves ends it. */
static void
test_joined (Desk          *desk,
             gconstpointer  data)
{
  join (desk, 0, QMP_SHUT_DOWN_NONE, 100, 1000, 0);
  assert_steps (desk, 0, "press");
  join (desk, 1, QMP_SHUT_DOWN_NONE, 20, 2000, 10);
  assert_until (desk, 30);
  assert_steps (desk, 30, "quit");
  assert_until (desk, 1030);
  join (desk, 2, QMP_SHUT_DOWN_NONE, 500, 70, 40);
  assert_until (desk, 110);
  qmp_shutdown_leave (&desk->shutdown, &desk->callers[0]);
  qmp_shutdown_leave (&desk->shutdown, &desk->callers[1]);
  assert_stage (desk, QUITTING);
  qmp_shutdown_leave (&desk->shutdown, &desk->callers[2]);
  assert_stage (desk, NONE);
  assert_steps (desk, 10000, "");
}

static QmpShutdownCaller *
pop_late (Desk *desk,
          int   now)
{
  return qmp_shutdown_pop_late (&desk->shutdown, &desk->sight, now * (gint64) 1000);
}

static void
test_ask_only (Desk          *desk,
               gconstpointer  data)
{
  join (desk, 0, QMP_SHUT_DOWN_ASK_ONLY, 100, 50, 0);
  assert_steps (desk, 0, "press");
  assert_until (desk, 100);
  g_assert_null (pop_late (desk, 99));
  assert_steps (desk, 100, "");
  g_assert_true (pop_late (desk, 100) == &desk->callers[0]);
  assert_stage (desk, NONE);
  /* Nobody is there who could answer. */
  desk->sight.status = QMP_MACHINE_STATUS_PAUSED;
  join (desk, 0, QMP_SHUT_DOWN_ASK_ONLY, 100, 50, 0);
  g_assert_true (pop_late (desk, 0) == &desk->callers[0]);
  /* Beside one who wants more. */
  desk->sight.status = QMP_MACHINE_STATUS_RUNNING;
  join (desk, 0, QMP_SHUT_DOWN_ASK_ONLY, 50, 0, 0);
  join (desk, 1, QMP_SHUT_DOWN_NONE, 100, 50, 0);
  assert_steps (desk, 50, "press");
  g_assert_true (pop_late (desk, 50) == &desk->callers[0]);
  assert_steps (desk, 100, "quit");
}

#define add(name, function) g_test_add ("/shutdown/" name, Desk, NULL, set_up, function, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add ("all-stages", test_all_stages);
  add ("skipped", test_skipped);
  add ("for-ever", test_for_ever);
  add ("cannot-ask", test_cannot_ask);
  add ("resume", test_resume);
  add ("wake", test_wake);
  add ("press-again", test_press_again);
  add ("no-link", test_no_link);
  add ("no-process", test_no_process);
  add ("refused", test_refused);
  add ("cleared", test_cleared);
  add ("press-refused", test_press_refused);
  add ("joined", test_joined);
  add ("ask-only", test_ask_only);

  return g_test_run ();
}
