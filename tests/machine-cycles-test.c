/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/wait.h>

#include "qmp-enums.h"
#include "test-machine.h"

/* Machines come and go, and leave nothing behind: no process, no zombie, no descriptor, no file.
 *
 * QMP_TEST_CYCLES says how many there are; a few are a part of the tests. */

#define FEW 14

typedef struct {
  char           *directory;
  char           *path;
  GSocketAddress *address;
} Place;

static void
end (QmpMachine *vm)
{
  g_object_unref (test_wait_ended (vm));
  test_machine_free (vm);
}

static void
quit (Place *place)
{
  test_machine_quit (test_machine_new (test_launcher_new ()));
}

static void
be_killed (Place *place)
{
  QmpMachine *vm = test_machine_new (test_launcher_new ());

  kill (qmp_machine_get_pid (vm), SIGKILL);
  end (vm);
}

/* At some step on the way, and there is none left to be taken. */
static void
cancel_launch (Place *place)
{
  g_autoptr(QmpLauncher) launcher = test_launcher_new ();
  QmpMachine *vm = qmp_machine_new (NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;

  qmp_machine_launch_async (vm, launcher, cancellable, test_result_cb, &result);
  for (int n = g_test_rand_int_range (0, 12); n > 0 && result == NULL; n--)
    test_iterate ();
  g_cancellable_cancel (cancellable);
  test_spin_until (result != NULL);
  if (qmp_machine_launch_finish (vm, result, NULL))
    {
      qmp_machine_kill_async (vm, NULL, NULL, NULL);
      g_object_unref (test_wait_ended (vm));
    }
  g_clear_object (&result);
  test_machine_free (vm);
}

static void
be_reaped (Place *place)
{
  QmpMachine *vm = test_machine_new (test_launcher_new ());
  pid_t pid = qmp_machine_get_pid (vm);

  kill (pid, SIGKILL);
  g_assert_cmpint (waitpid (pid, NULL, 0), ==, pid);
  end (vm);
}

static void
be_stopped (Place *place)
{
  QmpMachine *vm = test_machine_new (test_launcher_new ());
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(QmpOutcome) outcome = NULL;

  kill (qmp_machine_get_pid (vm), SIGSTOP);
  qmp_machine_shut_down_async (vm, QMP_SHUT_DOWN_NONE, 0, 1, NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  outcome = qmp_machine_shut_down_finish (vm, result, NULL);
  g_assert_cmpint (qmp_outcome_get_stage (outcome), ==, QMP_SHUT_DOWN_STAGE_KILLING);
  g_clear_object (&result);
  test_machine_free (vm);
}

static void
work (Place *place)
{
  QmpMachine *vm = test_machine_new (test_launcher_new ("-blockdev", "null-co,node-name=d,size=65536,read-zeroes=on",
                                                        "-blockdev", "null-co,node-name=t,size=65536,read-zeroes=on"));
  g_autoptr(QmpMessage) command = test_message ("{\"execute\": \"blockdev-backup\", \"arguments\": {\"job-id\": \"b\", "
                                                "\"device\": \"d\", \"target\": \"t\", \"sync\": \"full\"}}");
  g_autoptr(QmpOutcome) outcome = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpJob) job = qmp_machine_start_job (vm, command, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (qmp_job_wait (job, QMP_TIMEOUT_NONE, NULL, &error));
  g_assert_true (qmp_machine_pause (vm, NULL, &error));
  g_assert_true (qmp_machine_resume (vm, NULL, &error));
  outcome = qmp_machine_shut_down (vm, QMP_SHUT_DOWN_NONE, 0, -1, NULL, &error);
  g_assert_no_error (error);
  g_clear_object (&job);
  test_machine_free (vm);
}

static void
be_left (Place *place)
{
  g_autoptr(QmpLauncher) launcher = test_launcher_new ();
  QmpMachine *vm;

  g_assert_true (qmp_launcher_set_leave_running (launcher, G_SOCKET_CONNECTABLE (place->address), -1, NULL));
  vm = test_machine_new (g_steal_pointer (&launcher));
  g_assert_true (qmp_client_close (qmp_machine_get_client (vm), NULL, NULL));
  qmp_machine_keep_open (vm, G_SOCKET_CONNECTABLE (place->address));
  test_spin_until (!qmp_machine_get_connected (vm));
  test_spin_until (qmp_machine_get_connected (vm));
  qmp_machine_keep_open (vm, NULL);
  test_machine_quit (vm);
}

static void (* const cycles[]) (Place *place) = { quit, be_killed, cancel_launch, be_reaped, be_stopped, work, be_left };

static void
test_cycles (void)
{
  const char *wanted = g_getenv ("QMP_TEST_CYCLES");
  guint n = wanted != NULL ? (guint) g_ascii_strtoull (wanted, NULL, 10) : FEW;
  Place place = { g_dir_make_tmp ("qmp-glib-XXXXXX", NULL) };
  guint n_fds;

  place.path = g_build_filename (place.directory, "monitor", NULL);
  place.address = g_unix_socket_address_new (place.path);
  /* What GLib keeps is made by the first of each. */
  for (guint i = 0; i < G_N_ELEMENTS (cycles); i++)
    cycles[i] (&place);
  test_spin_until (test_has_no_children ());
  n_fds = test_count_fds ();
  for (guint i = 0; i < n; i++)
    {
      cycles[i % G_N_ELEMENTS (cycles)] (&place);
      test_spin_until (test_has_no_children ());
      test_spin_until (test_count_fds () <= n_fds);
    }
  /* QEMU removes it, and was seen to end. */
  g_assert_cmpint (g_rmdir (place.directory), ==, 0);
  g_object_unref (place.address);
  g_free (place.path);
  g_free (place.directory);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  test_warm_up ();

  g_test_add_func ("/machine-cycles/cycles", test_cycles);

  return g_test_run ();
}
