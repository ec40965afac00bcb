/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "wire/qmp-spawn-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

typedef enum {
  STAGE_NONE,       /* it was executed, or has not got so far */
  STAGE_SET_UP,
  STAGE_DIRECTORY,
  STAGE_EXECUTE,
} Stage;

struct _QmpSpawnReport {
  Stage stage;
  int   code;     /* of errno */
};

/* --- what went wrong --- */

static const struct {
  int         code;
  GSpawnError error;
} codes[] = {
  { EACCES, G_SPAWN_ERROR_ACCES }, { EPERM, G_SPAWN_ERROR_PERM }, { E2BIG, G_SPAWN_ERROR_TOO_BIG },
  { ENOEXEC, G_SPAWN_ERROR_NOEXEC }, { ENAMETOOLONG, G_SPAWN_ERROR_NAMETOOLONG }, { ENOENT, G_SPAWN_ERROR_NOENT },
  { ENOMEM, G_SPAWN_ERROR_NOMEM }, { ENOTDIR, G_SPAWN_ERROR_NOTDIR }, { ELOOP, G_SPAWN_ERROR_LOOP },
  { ETXTBSY, G_SPAWN_ERROR_TXTBUSY }, { EIO, G_SPAWN_ERROR_IO }, { ENFILE, G_SPAWN_ERROR_NFILE },
  { EMFILE, G_SPAWN_ERROR_MFILE }, { EINVAL, G_SPAWN_ERROR_INVAL }, { EISDIR, G_SPAWN_ERROR_ISDIR },
  { ELIBBAD, G_SPAWN_ERROR_LIBBAD },
};

static GSpawnError
find_error (int code)
{
  for (gsize i = 0; i < G_N_ELEMENTS (codes); i++)
    if (codes[i].code == code)
      return codes[i].error;
  return G_SPAWN_ERROR_FAILED;
}

QmpSpawnReport *
qmp_spawn_report_new (GError **error)
{
  void *page = mmap (NULL, sizeof (QmpSpawnReport), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

  if (page != MAP_FAILED)
    return page;
  g_set_error_literal (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOMEM, g_strerror (errno));
  return NULL;
}

void
qmp_spawn_report_free (QmpSpawnReport *self)
{
  munmap (self, sizeof *self);
}

GError *
qmp_spawn_report_explain (QmpSpawnReport *self,
                          const char     *program,
                          const char     *directory)
{
  const char *why = g_strerror (self->code);

  switch (self->stage)
    {
    case STAGE_NONE:
      return NULL;
    case STAGE_DIRECTORY:
      return g_error_new (G_SPAWN_ERROR, G_SPAWN_ERROR_CHDIR, _("“%s” cannot be its working directory: %s"), directory, why);
    case STAGE_SET_UP:
    case STAGE_EXECUTE:
      return g_error_new (G_SPAWN_ERROR, (int) find_error (self->code), _("“%s” cannot be executed: %s"), program, why);
    }
  g_assert_not_reached ();
}

/* --- in the child, before it is executed: only what may be called there --- */

static void
reset_signals (void)
{
  struct sigaction action = { .sa_handler = SIG_DFL };
  sigset_t none;

  for (int number = 1; number < NSIG; number++)
    sigaction (number, &action, NULL);
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
}

/* Nothing is ever written: there is something to read when the program is gone, perhaps already. */
static gboolean
die_with_program (int life_fd)
{
  char byte;

  return fcntl (life_fd, F_SETOWN, -getpid ()) == 0 && fcntl (life_fd, F_SETSIG, SIGKILL) == 0 &&
         fcntl (life_fd, F_SETFL, O_ASYNC | O_NONBLOCK) == 0 && read (life_fd, &byte, 1) != 0;
}

/* All from there on are closed when it is executed. */
static void
seal (guint first)
{
  struct rlimit limit = { .rlim_cur = 1024 };

  if (close_range (first, G_MAXUINT, CLOSE_RANGE_CLOEXEC) == 0)
    return;
  getrlimit (RLIMIT_NOFILE, &limit);
  for (rlim_t fd = first; fd < limit.rlim_cur; fd++)
    fcntl ((int) fd, F_SETFD, FD_CLOEXEC);
}

/* Each is moved out of the way of the others first. */
static gboolean
place (int *fds,
       int  n_fds)
{
  for (int i = 0; i < n_fds; i++)
    if (fds[i] >= 0 && (fds[i] = fcntl (fds[i], F_DUPFD_CLOEXEC, n_fds)) < 0)
      return FALSE;
  for (int i = 0; i < n_fds; i++)
    if (fds[i] >= 0 && dup2 (fds[i], i) < 0)
      return FALSE;
  return TRUE;
}

static void
die (QmpSpawnReport *report,
     Stage           stage)
{
  report->code = errno;
  report->stage = stage;
  _exit (EXIT_FAILURE);
}

/* fds: what is to be 0, 1 and so on; -1: as it is. life: which of them it dies by; -1: none. */
static void
become (const QmpSpawnPlan *plan,
        int                *fds,
        int                 n_fds,
        int                 life,
        QmpSpawnReport     *report)
{
  /* No terminal that goes away reaches what is left running. */
  if (plan->leave)
    setsid ();
  else
    setpgid (0, 0);
  reset_signals ();
  if (!place (fds, n_fds) || (life >= 0 && !die_with_program (life)))
    die (report, STAGE_SET_UP);
  seal (n_fds);
  if (plan->directory != NULL && chdir (plan->directory) != 0)
    die (report, STAGE_DIRECTORY);
  execvpe (plan->argv[0], (char * const *) plan->argv, plan->environment != NULL ? (char * const *) plan->environment : environ);
  die (report, STAGE_EXECUTE);
}

/* --- in the program --- */

/* Transfer full; n_fds and life (out): how many, and the number that life_fd has among them, or -1. */
static int *
list_fds (const QmpSpawnPlan *plan,
          int                 null_fd,
          int                 life_fd,
          int                *n_fds,
          int                *life)
{
  int *fds = g_new (int, QMP_SPAWN_FIRST_FD + plan->n_fds + 1);
  int n = QMP_SPAWN_FIRST_FD;

  fds[STDIN_FILENO] = null_fd;
  fds[STDOUT_FILENO] = plan->output_fd;
  fds[STDERR_FILENO] = plan->error_fd;
  for (guint i = 0; i < plan->n_fds; i++)
    fds[n++] = plan->fds[i];
  *life = life_fd < 0 ? -1 : plan->ties_input ? STDIN_FILENO : n++;
  if (*life >= 0)
    fds[*life] = life_fd;
  *n_fds = n;
  return fds;
}

/* The child runs none of the program's handlers: no signal comes before they are gone. */
static pid_t
fork_quietly (const QmpSpawnPlan *plan,
              int                *fds,
              int                 n_fds,
              int                 life,
              QmpSpawnReport     *report)
{
  sigset_t all, before;
  pid_t pid;
  int code;

  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, &before);
  pid = fork ();
  if (pid == 0)
    become (plan, fds, n_fds, life, report);
  code = errno;
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  errno = code;
  return pid;
}

pid_t
qmp_spawn (const QmpSpawnPlan  *plan,
           int                  life_fd,
           QmpSpawnReport      *report,
           GError             **error)
{
  int null_fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  g_autofree int *fds = NULL;
  int n_fds, life;
  pid_t pid = -1;

  if (null_fd >= 0)
    {
      fds = list_fds (plan, null_fd, life_fd, &n_fds, &life);
      pid = fork_quietly (plan, fds, n_fds, life, report);
    }
  if (pid < 0)
    g_set_error (error, G_SPAWN_ERROR, G_SPAWN_ERROR_FORK, _("“%s” cannot be executed: %s"), plan->argv[0], g_strerror (errno));
  if (null_fd >= 0)
    close (null_fd);
  return pid;
}
