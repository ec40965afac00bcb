/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <signal.h>
#include <unistd.h>

#include "qmp-enums.h"
#include "test-machine.h"

/* A machine's status while everybody does anything: the program, a second monitor, HMP, and the machine's own hardware, to whose
 * ports is written as a guest would. At any moment "running" agrees with the status, and does not go back behind a STOP; and at rest
 * the status is what QEMU says.
 *
 * QMP_TEST_STEPS says how many steps, and --seed which. */

#define DEFAULT_STEPS 400
#define MAX_PENDING 12

typedef struct {
  QmpMachine       *vm;
  QmpClient        *other;     /* the second monitor */
  QmpEventListener *listener;
  gboolean          stopped;   /* STOP was the last of STOP and RESUME */
  guint             n_pending;
} Room;

/* --- what has to hold --- */

static void
check (Room *room)
{
  gboolean running = qmp_machine_get_running (room->vm);

  g_assert_cmpint (running, ==, qmp_machine_get_status (room->vm) == QMP_MACHINE_STATUS_RUNNING);
  if (room->stopped)
    g_assert_false (running);
}

static void
notify_cb (QmpMachine *vm,
           GParamSpec *pspec,
           Room       *room)
{
  check (room);
}

/* The machine sees it first. */
static gboolean
see_cb (QmpEvent *event,
        gpointer  user_data)
{
  Room *room = user_data;
  const char *name = qmp_event_get_name (event);

  if (strcmp (name, "STOP") == 0)
    room->stopped = TRUE;
  else if (strcmp (name, "RESUME") == 0)
    room->stopped = FALSE;
  else
    return FALSE;
  g_assert_cmpint (qmp_machine_get_running (room->vm), ==, !room->stopped);
  check (room);
  return FALSE;
}

/* --- lives --- */

static void
launch (Room *room)
{
  QmpLauncher *launcher = NULL;
  g_autoptr(GIOStream) stream = NULL;
  g_autoptr(GError) error = NULL;
  int fd;

  stream = test_socketpair (&fd);
  /* The number is known before: the monitor has 3. */
  launcher = test_launcher_new_pc ("-no-shutdown", "-action", "panic=pause,watchdog=pause", "-device", "pvpanic",
                                   "-device", "ib700", "-chardev", "socket,id=second,fd=4",
                                   "-mon", "chardev=second,mode=control");
  g_assert_cmpint (qmp_launcher_inherit_fd (launcher, fd, &error), ==, 4);
  close (fd);
  room->stopped = FALSE;
  test_launch (room->vm, launcher, &error);
  g_assert_no_error (error);
  g_object_unref (launcher);
  room->other = qmp_client_new (NULL);
  test_open_stream (room->other, stream, &error);
  g_assert_no_error (error);
  check (room);
}

/* QEMU 7.2 aborts if it is paused in the moment in which its guest goes to sleep ("invalid runstate transition"). That it
 * aborts is not what is tested here; that it ends in any other way would be a fault. */
static gboolean
has_given_up (Room *room)
{
  QmpOutcome *outcome;

  if (qmp_machine_get_alive (room->vm) && qmp_client_get_runstate (room->other) == QMP_RUNSTATE_RUNNING)
    return FALSE;
  test_spin_until (qmp_machine_get_outcome (room->vm) != NULL);
  outcome = qmp_machine_get_outcome (room->vm);
  g_test_message ("QEMU has ended with status %d, signal %d: %s", qmp_outcome_get_exit_status (outcome),
                  qmp_outcome_get_signal (outcome), qmp_outcome_get_output (outcome));
  g_assert_cmpint (qmp_outcome_get_signal (outcome), ==, SIGABRT);
  return TRUE;
}

static void
leave (Room *room)
{
  g_autoptr(QmpOutcome) outcome = NULL;

  if (!has_given_up (room))
    g_assert_cmpint (kill (qmp_machine_get_pid (room->vm), SIGKILL), ==, 0);
  outcome = test_wait_ended (room->vm);
  g_assert_false (qmp_machine_get_running (room->vm));
  g_assert_null (qmp_machine_get_status_name (room->vm));
  test_spin_until (room->n_pending == 0 && qmp_client_get_runstate (room->other) == QMP_RUNSTATE_IDLE);
  test_client_free (room->other);
}

/* --- what is done --- */

static void
done_cb (GObject      *object,
         GAsyncResult *result,
         gpointer      user_data)
{
  ((Room *) user_data)->n_pending--;
}

static void
do_verb (Room *room)
{
  static void (* const verbs[]) (QmpMachine *, GCancellable *, GAsyncReadyCallback, gpointer) = {
    qmp_machine_pause_async, qmp_machine_resume_async, qmp_machine_reset_async, qmp_machine_wake_up_async,
    qmp_machine_power_down_async, qmp_machine_refresh_async,
  };

  room->n_pending++;
  verbs[g_test_rand_int_range (0, G_N_ELEMENTS (verbs))] (room->vm, NULL, done_cb, room);
}

/* What is refused is refused. */
static void
do_blocking_verb (Room *room)
{
  static gboolean (* const verbs[]) (QmpMachine *, GCancellable *, GError **) = {
    qmp_machine_pause, qmp_machine_resume, qmp_machine_reset, qmp_machine_wake_up, qmp_machine_refresh,
  };

  verbs[g_test_rand_int_range (0, G_N_ELEMENTS (verbs))] (room->vm, NULL, NULL);
}

static QmpClient *
choose_client (Room *room)
{
  return g_test_rand_bit () ? qmp_machine_get_client (room->vm) : room->other;
}

static void
do_command (Room *room)
{
  static const char * const commands[] = { "stop", "cont", "system_reset", "system_wakeup", "system_powerdown" };

  room->n_pending++;
  qmp_client_execute_async (choose_client (room), commands[g_test_rand_int_range (0, G_N_ELEMENTS (commands))], NULL, NULL,
                            done_cb, room);
}

/* Some of them are the guest's: it goes to sleep, turns itself off, panics, or has the watchdog bark. */
static void
do_hmp (Room *room)
{
  static const char * const lines[] = {
    "stop", "cont", "system_reset", "system_wakeup", "o/w 0x604 0x2400", "o/w 0x604 0x2000", "o/b 0x505 1", "o/b 0x443 15",
  };
  g_autoptr(QmpMessage) message = NULL;
  g_autofree char *text = NULL;

  text = g_strdup_printf ("{\"execute\": \"human-monitor-command\", \"arguments\": {\"command-line\": \"%s\"}}",
                          lines[g_test_rand_int_range (0, G_N_ELEMENTS (lines))]);
  message = test_message (text);
  room->n_pending++;
  qmp_client_execute_message_async (choose_client (room), message, NULL, done_cb, room);
}

/* --- at rest --- */

static gboolean
agrees (Room *room)
{
  g_autoptr(JsonNode) reply = test_execute (room->other, "query-status", NULL);

  if (reply == NULL)
    return has_given_up (room);
  check (room);
  return g_strcmp0 (json_object_get_string_member (json_node_get_object (reply), "status"),
                    qmp_machine_get_status_name (room->vm)) == 0;
}

/* Nobody has anything to do any more, and the machine, which does not run, does nothing by itself. What it has begun comes to
 * its end meanwhile. */
static void
rest (Room *room)
{
  g_autoptr(JsonNode) reply = NULL;

  test_spin_until (room->n_pending == 0);
  reply = test_execute (room->other, "stop", NULL);
  /* The machine may still be about to ask. */
  test_spin_until (agrees (room) && qmp_client_get_n_pending (qmp_machine_get_client (room->vm)) == 0);
}

static void
step (Room *room)
{
  int what = g_test_rand_int_range (0, 100);

  if (room->n_pending >= MAX_PENDING || what < 10)
    test_spin_until (room->n_pending == 0);
  else if (what < 30)
    do_verb (room);
  else if (what < 40)
    do_blocking_verb (room);
  else if (what < 60)
    do_command (room);
  else if (what < 80)
    do_hmp (room);
  else if (what < 90)
    g_main_context_iteration (NULL, FALSE);
  else
    rest (room);
  check (room);
  if (g_test_rand_int_range (0, 100) == 0 || has_given_up (room))
    {
      leave (room);
      launch (room);
    }
}

static void
test_status (void)
{
  const char *text = g_getenv ("QMP_TEST_STEPS");
  int n_steps = text != NULL ? atoi (text) : DEFAULT_STEPS;
  Room room = { 0 };
  g_autoptr(QmpEventMatch) match = qmp_event_match_new (NULL);

  room.vm = qmp_machine_new (NULL);
  qmp_event_match_set_filter (match, see_cb, &room, NULL);
  room.listener = qmp_event_listener_new_for_match (match);
  qmp_client_add_listener (qmp_machine_get_client (room.vm), room.listener);
  g_signal_connect (room.vm, "notify", G_CALLBACK (notify_cb), &room);
  launch (&room);
  for (int i = 0; i < n_steps; i++)
    step (&room);
  rest (&room);
  leave (&room);
  qmp_client_remove_listener (qmp_machine_get_client (room.vm), room.listener);
  g_object_unref (room.listener);
  test_machine_free (room.vm);
  test_assert_no_children ();
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  test_warm_up ();

  g_test_add_func ("/machine-random/status", test_status);

  return g_test_run ();
}
