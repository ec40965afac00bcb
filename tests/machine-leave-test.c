/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-machine-private.h"

#include <errno.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qmp-enums.h"
#include "test-machine.h"

/* Machines that outlive the program that has launched them, and those that do not: this program is run again as that one. */

typedef struct {
  char           *directory;
  char           *path;
  GSocketAddress *address;
  int             log_fd;
} Place;

static void
set_up (Place         *place,
        gconstpointer  data)
{
  g_autofree char *log = NULL;

  place->directory = g_dir_make_tmp ("qmp-glib-XXXXXX", NULL);
  place->path = g_build_filename (place->directory, "monitor", NULL);
  place->address = g_unix_socket_address_new (place->path);
  log = g_build_filename (place->directory, "log", NULL);
  place->log_fd = g_open (log, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  g_unlink (log);
}

static void
tear_down (Place         *place,
           gconstpointer  data)
{
  close (place->log_fd);
  g_object_unref (place->address);
  /* Whatever serves it has removed it, or is still about to. */
  test_spin_until (g_unlink (place->path) == 0 || errno == ENOENT);
  g_assert_cmpint (g_rmdir (place->directory), ==, 0);
  g_free (place->path);
  g_free (place->directory);
}

/* QEMU ends by itself when a test has not ended it. */
static QmpLauncher *
new_launcher (GSocketAddress *address,
              int             output_fd)
{
  const char *argv[] = {
    "timeout", "600", "qemu-system-x86_64", "-machine", "none", "-nodefaults", "-display", "none", "-name", "left",
    "-uuid", "33333333-3333-3333-3333-333333333333", NULL
  };
  QmpLauncher *launcher = qmp_launcher_new (argv);
  g_autoptr(GError) error = NULL;

  if (address != NULL)
    g_assert_true (qmp_launcher_set_leave_running (launcher, G_SOCKET_CONNECTABLE (address), output_fd, &error));
  g_assert_no_error (error);
  return launcher;
}

static QmpMachine *
launch_left (Place *place)
{
  return test_machine_new (new_launcher (place->address, place->log_fd));
}

static char *
read_log (Place *place)
{
  char text[4096] = "";

  g_assert_cmpint (pread (place->log_fd, text, sizeof text - 1, 0), >=, 0);
  return g_strdup (text);
}

/* --- the other program --- */

/* Launches, says the number of the process, and waits for its own end. */
static void G_GNUC_NORETURN
run_program (const char *path)
{
  g_autoptr(GSocketAddress) address = path[0] != '\0' ? g_unix_socket_address_new (path) : NULL;
  g_autoptr(QmpLauncher) launcher = new_launcher (address, -1);
  g_autoptr(QmpMachine) vm = qmp_machine_new (NULL);
  g_autoptr(GError) error = NULL;

  if (!qmp_machine_launch (vm, launcher, NULL, &error))
    g_error ("%s", error->message);
  g_print ("%d\n", qmp_machine_get_pid (vm));
  while (TRUE)
    pause ();
}

static GSubprocess *
start_program (const char *path,
               pid_t      *pid)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  GSubprocess *program = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, self, "--program", path, NULL);
  g_autoptr(GDataInputStream) output = NULL;
  g_autofree char *line = NULL;

  g_assert_no_error (error);
  output = g_data_input_stream_new (g_subprocess_get_stdout_pipe (program));
  g_filter_input_stream_set_close_base_stream (G_FILTER_INPUT_STREAM (output), FALSE);
  line = g_data_input_stream_read_line (output, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (line);
  *pid = atoi (line);
  g_assert_cmpint (*pid, >, 1);
  return program;
}

static void
kill_program (GSubprocess *program)
{
  g_subprocess_force_exit (program);
  g_assert_true (g_subprocess_wait (program, NULL, NULL));
  g_object_unref (program);
}

/* It is not our child: the kernel says when it has ended. */
static void
wait_for (int pidfd)
{
  struct pollfd entry = { pidfd, POLLIN, 0 };

  g_assert_cmpint (poll (&entry, 1, TEST_DEADLINE_SECONDS * 1000), ==, 1);
}

static void
test_dies (Place         *place,
           gconstpointer  data)
{
  pid_t pid;
  GSubprocess *program = start_program ("", &pid);
  int pidfd = pidfd_open (pid, 0);

  g_assert_cmpint (pidfd, >=, 0);
  kill_program (program);
  wait_for (pidfd);
  close (pidfd);
}

static void
test_adopted (Place         *place,
              gconstpointer  data)
{
  pid_t pid;
  GSubprocess *program = start_program (place->path, &pid);
  int pidfd = pidfd_open (pid, 0);
  QmpMachine *vm = qmp_machine_new (NULL);
  g_autoptr(QmpOutcome) outcome = NULL;
  g_autoptr(GError) error = NULL;

  kill_program (program);
  qmp_machine_keep_open (vm, G_SOCKET_CONNECTABLE (place->address));
  test_spin_until (qmp_machine_get_connected (vm));
  g_assert_cmpstr (qmp_machine_get_name (vm), ==, "left");
  g_assert_true (qmp_machine_set_process (vm, pidfd, &error));
  g_assert_no_error (error);
  g_assert_cmpint (qmp_machine_get_pid (vm), ==, pid);
  qmp_machine_keep_open (vm, NULL);
  outcome = qmp_machine_shut_down (vm, QMP_SHUT_DOWN_NONE, 0, -1, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (qmp_outcome_get_reason (outcome), ==, QMP_OUTCOME_REASON_HOST_QMP_QUIT);
  wait_for (pidfd);
  close (pidfd);
  test_machine_free (vm);
}

/* --- in one program --- */

/* Its link can be opened again over the second monitor, and its jobs are not lost meanwhile. */
static void
test_opened_again (Place         *place,
                   gconstpointer  data)
{
  QmpMachine *vm = launch_left (place);
  QmpMachine *other = qmp_machine_new (NULL);
  g_autoptr(GError) error = NULL;
  g_autofree char *text = NULL;

  /* The other monitor is free for others. */
  g_assert_true (qmp_machine_open (other, G_SOCKET_CONNECTABLE (place->address), NULL, &error));
  g_assert_no_error (error);
  g_assert_true (qmp_client_close (qmp_machine_get_client (other), NULL, NULL));
  test_machine_free (other);

  g_assert_true (qmp_client_close (qmp_machine_get_client (vm), NULL, NULL));
  test_spin_until (!qmp_machine_get_connected (vm));
  g_assert_true (qmp_machine_get_alive (vm));
  qmp_machine_keep_open (vm, G_SOCKET_CONNECTABLE (place->address));
  test_spin_until (qmp_machine_get_connected (vm));
  g_assert_null (qmp_machine_get_outcome (vm));
  qmp_machine_keep_open (vm, NULL);
  kill (-qmp_machine_get_pid (vm), SIGTERM);
  g_object_unref (test_wait_ended (vm));
  test_assert_no_children ();
  text = read_log (place);
  g_assert_nonnull (strstr (text, "terminating on signal 15"));
  test_machine_free (vm);
}

static void
test_disposed (Place         *place,
               gconstpointer  data)
{
  QmpMachine *vm = launch_left (place);
  pid_t pid = qmp_machine_get_pid (vm);
  QmpMachine *other = qmp_machine_new (NULL);
  g_autoptr(GError) error = NULL;

  g_object_run_dispose (G_OBJECT (vm));
  test_machine_free (vm);
  g_assert_true (qmp_machine_open (other, G_SOCKET_CONNECTABLE (place->address), NULL, &error));
  g_assert_no_error (error);
  kill (-pid, SIGKILL);
  test_spin_until (!qmp_machine_get_connected (other));
  /* It was reaped, though nobody waits for it. */
  test_spin_until (test_has_no_children ());
  test_machine_free (other);
}

/* A launch that fails leaves neither a process nor a file. What QEMU has said is in the log. */
static void
test_fails (Place         *place,
            gconstpointer  data)
{
  const char *argv[] = { "qemu-system-x86_64", "-machine", "none", "-nosuch", NULL };
  QmpLauncher *launcher = new_launcher (place->address, place->log_fd);
  QmpMachine *vm = qmp_machine_new (NULL);
  g_autofree char *text = NULL;
  g_autoptr(GError) error = NULL;

  qmp_launcher_set_argv (launcher, argv);
  g_assert_false (test_launch (vm, launcher, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_LAUNCH);
  test_assert_error_has (error, "exit status 1");
  g_assert_false (g_file_test (place->path, G_FILE_TEST_EXISTS));
  test_assert_no_children ();
  text = read_log (place);
  g_assert_nonnull (strstr (text, "-nosuch"));
  test_machine_free (vm);
  g_object_unref (launcher);
}

static void
test_cancelled (Place         *place,
                gconstpointer  data)
{
  g_autoptr(QmpLauncher) launcher = new_launcher (place->address, -1);
  QmpMachine *vm = qmp_machine_new (NULL);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  qmp_machine_launch_async (vm, launcher, cancellable, test_result_cb, &result);
  g_cancellable_cancel (cancellable);
  test_spin_until (result != NULL);
  g_assert_false (qmp_machine_launch_finish (vm, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_spin_until (test_has_no_children ());
  g_assert_false (g_file_test (place->path, G_FILE_TEST_EXISTS));
  g_clear_object (&result);
  test_machine_free (vm);
}

/* Two cannot be at one address; nor is a descriptor taken that is not one. */
static void
test_in_use (Place         *place,
             gconstpointer  data)
{
  QmpMachine *vm = launch_left (place);
  QmpMachine *second = qmp_machine_new (NULL);
  g_autoptr(QmpLauncher) launcher = new_launcher (place->address, -1);
  g_autoptr(GError) error = NULL;

  g_assert_false (test_launch (second, launcher, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  g_clear_error (&error);
  g_assert_false (qmp_launcher_set_leave_running (launcher, G_SOCKET_CONNECTABLE (place->address), G_MAXINT, &error));
  g_assert_nonnull (error);
  g_assert_true (error->domain == G_IO_ERROR);
  g_clear_error (&error);
  test_machine_free (second);
  test_machine_quit (vm);
  /* It dies with the program again. */
  g_assert_true (qmp_launcher_set_leave_running (launcher, NULL, -1, &error));
  vm = test_machine_new (g_steal_pointer (&launcher));
  qmp_machine_kill_async (vm, NULL, NULL, NULL);
  g_object_unref (test_wait_ended (vm));
  test_machine_free (vm);
  g_assert_false (g_file_test (place->path, G_FILE_TEST_EXISTS));
}

#define add(name, function) g_test_add ("/machine-leave/" name, Place, NULL, set_up, function, tear_down)

int
main (int   argc,
      char *argv[])
{
  if (argc == 3 && g_str_equal (argv[1], "--program"))
    run_program (argv[2]);
  g_test_init (&argc, &argv, NULL);
  test_warm_up ();

  add ("dies", test_dies);
  add ("adopted", test_adopted);
  add ("opened-again", test_opened_again);
  add ("disposed", test_disposed);
  add ("fails", test_fails);
  add ("cancelled", test_cancelled);
  add ("in-use", test_in_use);

  return g_test_run ();
}
