/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "wire/qmp-process-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* What is killed ends as soon as it is scheduled, but for one that the kernel holds, in a file system that hangs. */
#define DEATH_MS 200

/* A process is to end with the program that has started it. PR_SET_PDEATHSIG would see to that for the thread that has, and
 * kill the guest when a thread of a pool ends. So the process inherits one end of a pipe whose other end is the program's
 * alone, and is that end's owner, who gets a signal when there is something to be read: the end of the file. The kernel does
 * that, whatever the process is busy with. */

struct _QmpProcess {
  pid_t           pid;
  int             fd;       /* pidfd */
  gboolean        ours;     /* it was started here: it is reaped, and its group killed */
  int             life_fd;  /* its end is the process's; -1 if it is not ours, or is left running */
  pid_t           owner;    /* the process that has made this: a forked child only drops it */
  QmpIoWatch      watch;
  QmpProcessFunc  func;
  gpointer        user;     /* borrowed: the owner of func */
  gboolean        ended;
  QmpProcessEnd   end;
  QmpSpawnReport *report;   /* nullable: it runs already */
  char           *program;  /* nullable, as is directory */
  char           *directory;
};

/* --- starting it --- */

static QmpProcess *
process_new (pid_t    pid,
             int      fd,
             gboolean ours,
             int      life_fd)
{
  QmpProcess *self = g_new0 (QmpProcess, 1);

  self->pid = pid;
  self->fd = fd;
  self->ours = ours;
  self->life_fd = life_fd;
  self->owner = getpid ();
  return self;
}

static gboolean
fail (GError     **error,
      const char  *what)
{
  int code = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "%s: %s", what, g_strerror (code));
  return FALSE;
}

static void
close_if_open (int fd)
{
  if (fd >= 0)
    close (fd);
}

/* Takes pid, life_fd and report. */
static QmpProcess *
watch (const QmpSpawnPlan  *plan,
       pid_t                pid,
       int                  life_fd,
       QmpSpawnReport      *report,
       GError             **error)
{
  int fd = pidfd_open (pid, 0);
  QmpProcess *self;

  if (fd < 0)
    {
      fail (error, _("The process cannot be watched"));
      close_if_open (life_fd);
      qmp_spawn_report_free (report);
      kill (pid, SIGKILL);
      waitpid (pid, NULL, 0);
      return NULL;
    }
  self = process_new (pid, fd, TRUE, life_fd);
  self->report = report;
  self->program = g_strdup (plan->argv[0]);
  self->directory = g_strdup (plan->directory);
  return self;
}

QmpProcess *
qmp_process_spawn (const QmpSpawnPlan  *plan,
                   GError             **error)
{
  int life[2] = { -1, -1 };
  QmpSpawnReport *report = qmp_spawn_report_new (error);
  pid_t pid = -1;

  if (report == NULL)
    return NULL;
  if (plan->leave || g_unix_open_pipe (life, FD_CLOEXEC, error))
    pid = qmp_spawn (plan, life[0], report, error);
  close_if_open (life[0]);
  if (pid >= 0)
    return watch (plan, pid, life[1], report, error);
  close_if_open (life[1]);
  qmp_spawn_report_free (report);
  return NULL;
}

/* --- one that runs already --- */

/* 0 if it is not the descriptor of a process, or of one that was reaped. */
static pid_t
read_pid (int pidfd)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/fdinfo/%d", pidfd);
  g_autofree char *text = NULL;
  const char *line;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return 0;
  line = strstr (text, "\nPid:");
  return line != NULL ? (pid_t) MAX (g_ascii_strtoll (line + strlen ("\nPid:"), NULL, 10), 0) : 0;
}

QmpProcess *
qmp_process_new_for_pidfd (int      pidfd,
                           GError **error)
{
  pid_t pid = read_pid (pidfd);
  int fd;

  if (pid == 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _("%d is not the descriptor of a process that runs (pidfd_open)"), pidfd);
      return NULL;
    }
  fd = fcntl (pidfd, F_DUPFD_CLOEXEC, QMP_SPAWN_FIRST_FD);
  if (fd < 0)
    {
      fail (error, _("The process cannot be watched"));
      return NULL;
    }
  return process_new (pid, fd, FALSE, -1);
}

/* --- its end --- */

static void
note_end (QmpProcess      *self,
          const siginfo_t *info)
{
  gboolean exited = info->si_code == CLD_EXITED;

  self->end = (QmpProcessEnd) { TRUE, exited ? info->si_status : -1, exited ? 0 : info->si_status };
}

/* Takes the end if it is there. Who has started another process reaps it. */
static void
reap (QmpProcess *self)
{
  int options = WEXITED | WNOHANG | (self->ours ? 0 : WNOWAIT);
  siginfo_t info = { 0 };
  int result;

  do
    result = waitid (P_PIDFD, (id_t) self->fd, &info, options);
  while (result != 0 && errno == EINTR);

  if (result == 0 && info.si_pid == 0)
    return;
  self->ended = TRUE;
  if (result == 0)
    note_end (self, &info);
  else
    self->end = (QmpProcessEnd) { FALSE, -1, 0 };
}

/* The descriptor can be read when the process has ended. */
static gboolean
dispatch (gpointer     owner,
          GIOCondition ready)
{
  QmpProcess *self = owner;

  if (ready == 0)
    return FALSE;
  reap (self);
  if (!self->ended)
    return FALSE;

  qmp_io_watch_detach (&self->watch);
  if (self->func != NULL)
    self->func (self->user);
  else
    qmp_process_free (self);
  return FALSE;
}

static const QmpIoFuncs funcs = { NULL, dispatch };

void
qmp_process_attach (QmpProcess     *self,
                    QmpIoContext   *context,
                    QmpProcessFunc  func,
                    gpointer        owner)
{
  self->func = func;
  self->user = owner;
  qmp_io_watch_detach (&self->watch);
  if (self->ended)
    return;
  qmp_io_watch_attach (&self->watch, context, &funcs, self);
  qmp_io_watch_set_fd (&self->watch, self->fd, G_IO_IN);
}

void
qmp_process_kill (QmpProcess *self,
                  int         signal_number)
{
  if (self->ended || self->owner != getpid ())
    return;

  /* Its number is its own until it was reaped; whoever else may have done that, it has no descriptor then. And it may not have
   * its group yet. */
  if (!self->ours || pidfd_send_signal (self->fd, 0, NULL, 0) != 0 || kill (-self->pid, signal_number) != 0)
    pidfd_send_signal (self->fd, signal_number, NULL, 0);
}

void
qmp_process_terminate (QmpProcess *self)
{
  if (!self->ended && self->owner == getpid ())
    pidfd_send_signal (self->fd, SIGTERM, NULL, 0);
}

gboolean
qmp_process_check (QmpProcess *self)
{
  struct pollfd entry = { self->fd, POLLIN, 0 };

  if (!self->ended && poll (&entry, 1, 0) > 0)
    reap (self);
  if (self->ended)
    qmp_io_watch_detach (&self->watch);
  return self->ended;
}

pid_t
qmp_process_get_pid (QmpProcess *self)
{
  return self->pid;
}

const QmpProcessEnd *
qmp_process_get_end (QmpProcess *self)
{
  return self->ended ? &self->end : NULL;
}

GError *
qmp_process_explain (QmpProcess *self)
{
  return self->ended && self->report != NULL ? qmp_spawn_report_explain (self->report, self->program, self->directory) : NULL;
}

/* --- its life --- */

void
qmp_process_free (QmpProcess *self)
{
  if (self->life_fd >= 0)
    {
      qmp_process_kill (self, SIGKILL);
      close (self->life_fd);
    }
  if (!self->ended && self->owner == getpid ())
    reap (self);
  qmp_io_watch_detach (&self->watch);
  close (self->fd);
  g_clear_pointer (&self->report, qmp_spawn_report_free);
  g_free (self->program);
  g_free (self->directory);
  g_free (self);
}

void
qmp_process_abandon (QmpProcess   *self,
                     QmpIoContext *context,
                     gboolean      to_kill)
{
  if (self->ended || !self->ours)
    {
      qmp_process_free (self);
      return;
    }
  if (to_kill || self->life_fd >= 0)
    qmp_process_kill (self, SIGKILL);
  qmp_process_attach (self, context, NULL, NULL);
}

void
qmp_process_end (QmpProcess   *self,
                 QmpIoContext *context)
{
  struct pollfd entry = { self->fd, POLLIN, 0 };

  qmp_process_kill (self, SIGKILL);
  if (!self->ended && self->owner == getpid () && poll (&entry, 1, DEATH_MS) > 0)
    reap (self);
  qmp_process_abandon (self, context, TRUE);
}
