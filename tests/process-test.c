/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "wire/qmp-process-private.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test-utils.h"

/* Without a client, and without QEMU. */

typedef struct {
  QmpIoContext *io;
  QmpProcess   *process;
  gboolean      ended;
} Room;

static void
ended_cb (gpointer owner)
{
  Room *room = owner;

  g_assert_false (room->ended);
  room->ended = TRUE;
}

static void
set_up (Room          *room,
        gconstpointer  data)
{
  room->io = qmp_io_context_get (g_main_context_default ());
}

static void
tear_down (Room          *room,
           gconstpointer  data)
{
  g_clear_pointer (&room->process, qmp_process_free);
  qmp_io_context_unref (room->io);
}

static QmpProcess *
spawn_with (const char *script,
            const int  *fds,
            guint       n_fds)
{
  const char * const argv[] = { "sh", "-c", script, NULL };
  QmpSpawnPlan plan = { .argv = argv, .output_fd = -1, .error_fd = STDERR_FILENO, .fds = fds, .n_fds = n_fds };
  g_autoptr(GError) error = NULL;
  QmpProcess *process = qmp_process_spawn (&plan, &error);

  g_assert_no_error (error);
  return process;
}

static void
spawn (Room       *room,
       const char *script)
{
  room->process = spawn_with (script, NULL, 0);
  qmp_process_attach (room->process, room->io, ended_cb, room);
}

static void
assert_ends (Room    *room,
             gboolean known,
             int      exit_status,
             int      signal_number)
{
  const QmpProcessEnd *end;

  test_spin_until (room->ended);
  end = qmp_process_get_end (room->process);
  g_assert_nonnull (end);
  g_assert_cmpint (end->known, ==, known);
  g_assert_cmpint (end->exit_status, ==, exit_status);
  g_assert_cmpint (end->signal, ==, signal_number);
}

static void
test_exit (Room          *room,
           gconstpointer  data)
{
  spawn (room, "exit 3");
  g_assert_cmpint (qmp_process_get_pid (room->process), >, 0);
  assert_ends (room, TRUE, 3, 0);
  /* It was reaped: no child is left. */
  g_assert_cmpint (waitpid (qmp_process_get_pid (room->process), NULL, WNOHANG), ==, -1);
  qmp_process_kill (room->process, SIGKILL);
}

static void
test_signal (Room          *room,
             gconstpointer  data)
{
  spawn (room, "exec sleep 1000");
  g_assert_null (qmp_process_get_end (room->process));
  qmp_process_kill (room->process, SIGTERM);
  assert_ends (room, TRUE, -1, SIGTERM);
}

/* A pipe that a process and all that it has started hold: its end is the end of them all. */
typedef struct {
  int     fd;
  gboolean over;
} Holders;

static gboolean
over_cb (int          fd,
         GIOCondition condition,
         gpointer     user_data)
{
  ((Holders *) user_data)->over = TRUE;
  return G_SOURCE_REMOVE;
}

/* Until somebody is there who says so. */
static void
watch_holders (Holders *holders,
               int      fd)
{
  char byte;

  holders->fd = fd;
  g_assert_cmpint (read (fd, &byte, 1), ==, 1);
  g_unix_fd_add (fd, G_IO_IN | G_IO_HUP, over_cb, holders);
}

static void
test_group (Room          *room,
            gconstpointer  data)
{
  Holders holders = { -1, FALSE };
  int fds[2];

  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
  room->process = spawn_with ("sh -c 'echo >&3; exec sleep 1000' & wait", &fds[1], 1);
  qmp_process_attach (room->process, room->io, ended_cb, room);
  close (fds[1]);
  watch_holders (&holders, fds[0]);
  qmp_process_kill (room->process, SIGKILL);
  assert_ends (room, TRUE, -1, SIGKILL);
  test_spin_until (holders.over);
  close (fds[0]);
}

static void
test_group_of_its_own (Room          *room,
                       gconstpointer  data)
{
  spawn (room, "test $(ps -o pgid= $$) = $$ && exit 4");
  assert_ends (room, TRUE, 4, 0);
}

/* With neither the program's ignored signals nor its mask. */
static void
test_signals (Room          *room,
              gconstpointer  data)
{
  struct sigaction ignored = { .sa_handler = SIG_IGN };
  struct sigaction before;
  sigset_t set, old;

  sigemptyset (&set);
  sigaddset (&set, SIGTERM);
  sigprocmask (SIG_BLOCK, &set, &old);
  sigaction (SIGTERM, &ignored, &before);
  spawn (room, "exec sleep 1000");
  sigaction (SIGTERM, &before, NULL);
  sigprocmask (SIG_SETMASK, &old, NULL);
  qmp_process_kill (room->process, SIGTERM);
  assert_ends (room, TRUE, -1, SIGTERM);
}

static void
test_stdin (Room          *room,
            gconstpointer  data)
{
  spawn (room, "read x || exit 5");
  assert_ends (room, TRUE, 5, 0);
}

static void
test_descriptors (Room          *room,
                  gconstpointer  data)
{
  int fds[2];
  char bytes[2];

  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
  /* It has the two that it was given and the one that it dies by. */
  room->process = spawn_with ("for fd in 6 7 8 9; do [ -e /proc/$$/fd/$fd ] && exit 6; done; echo >&4; exit 7", fds, 2);
  qmp_process_attach (room->process, room->io, ended_cb, room);
  assert_ends (room, TRUE, 7, 0);
  g_assert_cmpint (read (fds[0], bytes, sizeof bytes), ==, 1);
  close (fds[0]);
  close (fds[1]);
}

/* Transfer full; nullable. */
static GError *
explain (Room       *room,
         const char *program,
         const char *directory)
{
  const char * const argv[] = { program, NULL };
  const QmpSpawnPlan plan = { .argv = argv, .directory = directory, .output_fd = -1, .error_fd = STDERR_FILENO };
  g_autoptr(GError) error = NULL;

  room->process = qmp_process_spawn (&plan, &error);
  g_assert_no_error (error);
  room->ended = FALSE;
  qmp_process_attach (room->process, room->io, ended_cb, room);
  test_spin_until (room->ended);
  error = qmp_process_explain (room->process);
  g_clear_pointer (&room->process, qmp_process_free);
  return g_steal_pointer (&error);
}

/* What could not be executed is known when it has ended. */
static void
test_not_there (Room          *room,
                gconstpointer  data)
{
  static const struct { const char *program, *directory; int code; const char *name; } rows[] = {
    { "/nonexistent/qemu", NULL, G_SPAWN_ERROR_NOENT, "/nonexistent/qemu" },
    { "qemu-system-nonexistent", NULL, G_SPAWN_ERROR_NOENT, "qemu-system-nonexistent" },
    { "/etc/passwd", NULL, G_SPAWN_ERROR_ACCES, "/etc/passwd" },
    { "/dev/null/qemu", NULL, G_SPAWN_ERROR_NOTDIR, "/dev/null/qemu" },
    { "true", "/nonexistent", G_SPAWN_ERROR_CHDIR, "/nonexistent" },
  };
  guint n_fds = test_count_fds ();

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(GError) error = explain (room, rows[i].program, rows[i].directory);

      g_assert_error (error, G_SPAWN_ERROR, rows[i].code);
      test_assert_error_has (error, rows[i].name);
    }
  g_assert_no_error (explain (room, "false", "/"));
  g_assert_cmpuint (test_count_fds (), ==, n_fds);
  g_assert_cmpint (waitpid (-1, NULL, WNOHANG), ==, -1);
}

/* It is killed before it is executed, when it may have no group of its own yet. */
static void
test_killed_at_once (Room          *room,
                     gconstpointer  data)
{
  spawn (room, "exec sleep 1000");
  qmp_process_kill (room->process, SIGKILL);
  assert_ends (room, TRUE, -1, SIGKILL);
  g_assert_no_error (qmp_process_explain (room->process));
}

static void
test_reaped_by_another (Room          *room,
                        gconstpointer  data)
{
  spawn (room, "exit 3");
  g_assert_cmpint (waitpid (qmp_process_get_pid (room->process), NULL, 0), >, 0);
  assert_ends (room, FALSE, -1, 0);
}

static void
test_free_kills (Room          *room,
                 gconstpointer  data)
{
  QmpProcess *process = spawn_with ("exec sleep 1000", NULL, 0);
  pid_t pid = qmp_process_get_pid (process);
  int status;

  qmp_process_free (process);
  if (waitpid (pid, &status, 0) == pid)
    g_assert_cmpint (WTERMSIG (status), ==, SIGKILL);
}

static void
test_abandon (Room          *room,
              gconstpointer  data)
{
  guint n_fds = test_count_fds ();
  QmpProcess *process = spawn_with ("exec sleep 1000", NULL, 0);
  pid_t pid = qmp_process_get_pid (process);

  qmp_process_attach (process, room->io, ended_cb, room);
  qmp_process_abandon (process, room->io, FALSE);
  test_spin_until (kill (pid, 0) != 0);
  g_assert_false (room->ended);
  g_assert_cmpuint (test_count_fds (), <=, n_fds);
}

/* One that is to be left running is left, and reaped when it ends. */
static void
test_left (Room          *room,
           gconstpointer  data)
{
  const char * const argv[] = { "sh", "-c", "echo >&3; exec sleep 1000", NULL };
  guint n_fds = test_count_fds ();
  int fds[2];
  QmpSpawnPlan plan = { .argv = argv, .leave = TRUE, .output_fd = -1, .error_fd = STDERR_FILENO, .fds = &fds[1], .n_fds = 1 };
  g_autoptr(GError) error = NULL;
  QmpProcess *process;
  pid_t pid;
  char byte;

  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
  process = qmp_process_spawn (&plan, &error);
  g_assert_no_error (error);
  g_assert_cmpint (read (fds[0], &byte, 1), ==, 1);
  close (fds[0]);
  close (fds[1]);
  pid = qmp_process_get_pid (process);
  g_assert_cmpint (getsid (pid), ==, pid);
  g_assert_false (qmp_process_check (process));
  qmp_process_attach (process, room->io, ended_cb, room);
  qmp_process_abandon (process, room->io, FALSE);
  g_assert_cmpint (kill (pid, 0), ==, 0);
  g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
  test_spin_until (kill (pid, 0) != 0);
  test_spin_until (test_count_fds () == n_fds);
}

/* Its end is seen before its dispatch, which does not come then. */
static void
test_check (Room          *room,
            gconstpointer  data)
{
  QmpProcess *process = spawn_with ("exec sleep 1000", NULL, 0);
  siginfo_t info;

  qmp_process_attach (process, room->io, ended_cb, room);
  g_assert_false (qmp_process_check (process));
  qmp_process_kill (process, SIGKILL);
  g_assert_cmpint (waitid (P_PID, (id_t) qmp_process_get_pid (process), &info, WEXITED | WNOWAIT), ==, 0);
  g_assert_true (qmp_process_check (process));
  g_assert_cmpint (qmp_process_get_end (process)->signal, ==, SIGKILL);
  test_spin_ready ();
  g_assert_false (room->ended);
  qmp_process_free (process);
}

/* --- with the program's end --- */

static gpointer
spawn_in_thread (gpointer data)
{
  Room *room = data;

  room->process = spawn_with ("exec sleep 1000", NULL, 0);
  return NULL;
}

/* The end of the thread that has started it is not that of the program. */
static void
test_thread (Room          *room,
             gconstpointer  data)
{
  g_thread_join (g_thread_new ("short", spawn_in_thread, room));
  qmp_process_attach (room->process, room->io, ended_cb, room);
  test_spin_ready ();
  g_assert_null (qmp_process_get_end (room->process));
  qmp_process_kill (room->process, SIGTERM);
  assert_ends (room, TRUE, -1, SIGTERM);
}

/* A program that is killed, with threads or not, takes it along. */
static void
test_program_dies (Room          *room,
                   gconstpointer  data)
{
  Holders holders = { -1, FALSE };
  int fds[2];
  pid_t program;

  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
  program = fork ();
  if (program == 0)
    {
      spawn_with ("trap '' TERM; echo >&3; exec sleep 1000", &fds[1], 1);
      close (fds[1]);
      pause ();
      _exit (1);
    }
  close (fds[1]);
  watch_holders (&holders, fds[0]);
  g_assert_cmpint (kill (program, SIGKILL), ==, 0);
  g_assert_cmpint (waitpid (program, NULL, 0), ==, program);
  test_spin_until (holders.over);
  close (fds[0]);
}

/* --- of somebody else --- */

static void
test_pidfd (Room          *room,
            gconstpointer  data)
{
  QmpProcess *own = spawn_with ("exec sleep 1000", NULL, 0);
  int fd = pidfd_open (qmp_process_get_pid (own), 0);
  g_autoptr(GError) error = NULL;

  room->process = qmp_process_new_for_pidfd (fd, &error);
  g_assert_no_error (error);
  g_assert_cmpint (qmp_process_get_pid (room->process), ==, qmp_process_get_pid (own));
  close (fd);
  qmp_process_attach (room->process, room->io, ended_cb, room);
  qmp_process_kill (room->process, SIGTERM);
  assert_ends (room, TRUE, -1, SIGTERM);
  qmp_process_free (own);
}

static void
test_not_a_pidfd (Room          *room,
                  gconstpointer  data)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (qmp_process_new_for_pidfd (STDIN_FILENO, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (qmp_process_new_for_pidfd (-1, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

#define add(name, function) g_test_add ("/process/" name, Room, NULL, set_up, function, tear_down)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  test_warm_up ();

  add ("exit", test_exit);
  add ("signal", test_signal);
  add ("group", test_group);
  add ("group-of-its-own", test_group_of_its_own);
  add ("signals", test_signals);
  add ("stdin", test_stdin);
  add ("descriptors", test_descriptors);
  add ("not-there", test_not_there);
  add ("killed-at-once", test_killed_at_once);
  add ("reaped-by-another", test_reaped_by_another);
  add ("free-kills", test_free_kills);
  add ("abandon", test_abandon);
  add ("left", test_left);
  add ("check", test_check);
  add ("thread", test_thread);
  add ("program-dies", test_program_dies);
  add ("pidfd", test_pidfd);
  add ("not-a-pidfd", test_not_a_pidfd);

  return g_test_run ();
}
