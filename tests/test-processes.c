/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-processes.h"

#include <glib/gstdio.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534

TestProcesses *
test_processes_new (void)
{
  TestProcesses *self = g_new0 (TestProcesses, 1);

  self->folder = g_dir_make_tmp ("qmp-finder-XXXXXX", NULL);
  g_assert_cmpint (g_chmod (self->folder, 0777), ==, 0);
  return self;
}

void
test_processes_end (TestProcesses *self,
                    guint          index)
{
  pid_t *pid = &self->pids[index];

  if (*pid == 0)
    return;
  kill (*pid, SIGKILL);
  g_assert_cmpint (waitpid (*pid, NULL, 0), ==, *pid);
  *pid = 0;
}

void
test_processes_free (TestProcesses *self)
{
  g_autoptr(GDir) folder = g_dir_open (self->folder, 0, NULL);
  const char *name;

  for (guint i = 0; i < self->n; i++)
    test_processes_end (self, i);
  while ((name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *path = g_build_filename (self->folder, name, NULL);

      g_unlink (path);
    }
  g_rmdir (self->folder);
  g_free (self->folder);
  g_free (self);
}

typedef struct {
  pid_t    parent;
  gboolean as_nobody;
} Child;

static void
set_up_child (gpointer user_data)
{
  Child *child = user_data;

  if (child->as_nobody && (setgroups (0, NULL) != 0 || setgid (NOBODY) != 0 || setuid (NOBODY) != 0))
    _exit (1);
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (getppid () != child->parent)
    _exit (1);
}

void
test_processes_await (int fd)
{
  struct pollfd entry = { .fd = fd, .events = POLLIN };

  g_assert_cmpint (TEMP_FAILURE_RETRY (poll (&entry, 1, TEST_DEADLINE_SECONDS * 1000)), ==, 1);
}

int
test_processes_start_as (TestProcesses *self,
                         gboolean       as_nobody,
                         const char    *words)
{
  Child child = { getpid (), as_nobody };
  g_auto(GStrv) argv = NULL;
  g_autoptr(GError) error = NULL;
  int ends[2], target = 3;

  g_assert_cmpuint (self->n, <, TEST_MAX_PROCESSES);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  g_assert_true (g_shell_parse_argv (words, NULL, &argv, &error));
  g_assert_true (g_spawn_async_with_pipes_and_fds (
    self->folder, (const char * const *) argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD,
    set_up_child, &child, -1, -1, -1, &ends[1], &target, 1, &self->pids[self->n], NULL, NULL, NULL, &error));
  g_assert_no_error (error);
  self->n++;
  close (ends[1]);
  return ends[0];
}

void
test_processes_start_and_wait (TestProcesses *self,
                               const char    *words)
{
  int fd = test_processes_start_as (self, FALSE, words);

  test_server_await_ready (fd);
  close (fd);
}
