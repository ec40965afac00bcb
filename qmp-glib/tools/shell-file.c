/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "shell-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct _ShellFile {
  char     *path;
  char     *target;   /* where path leads, if that is a regular file or none */
  char     *draft;    /* the file that will be put in its place; NULL: it is written directly */
  int       fd;
  gboolean  append;
  gboolean  shared;   /* fd is one that the program writes to anyway: what it has written stays */
};

static gboolean
fail (ShellFile  *self,
      int         code,
      GError    **error)
{
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (code), _("Cannot write “%s”: %s"), self->path, g_strerror (code));
  return FALSE;
}

/* A file beside the one that there is, with the same permissions. FALSE if there can be none: the directory may be another
 * user's, and so may the file, whose owner is not to change. */
static gboolean
open_draft (ShellFile *self)
{
  struct stat info;
  gboolean is_there = stat (self->target, &info) == 0;
  mode_t mask = umask (0);

  umask (mask);
  if (is_there && (info.st_uid != geteuid () || info.st_nlink > 1 || access (self->target, W_OK) != 0))
    return FALSE;
  self->draft = g_strconcat (self->target, ".XXXXXX", NULL);
  self->fd = g_mkstemp_full (self->draft, O_WRONLY | O_CLOEXEC, 0600);
  if (self->fd < 0)
    {
      g_clear_pointer (&self->draft, g_free);
      return FALSE;
    }
  if (fchmod (self->fd, is_there ? info.st_mode & 07777 : 0666 & ~mask) == 0)
    return TRUE;
  g_unlink (self->draft);
  g_clear_pointer (&self->draft, g_free);
  close (self->fd);
  return FALSE;
}

/* Where a link leads, so that it stays one. */
static gboolean
find_target (ShellFile *self)
{
  g_autofree char *real = realpath (self->path, NULL);
  struct stat info;

  self->target = g_strdup (real != NULL ? real : self->path);
  if (real == NULL)
    return lstat (self->path, &info) != 0;
  return stat (real, &info) == 0 && S_ISREG (info.st_mode);
}

/* A descriptor through which the program itself writes to the same file, standard output among them; -1 if there is none. */
static int
find_own (const struct stat *info)
{
  g_autoptr(GDir) own = g_dir_open ("/proc/self/fd", 0, NULL);
  const char *name;

  while (own != NULL && (name = g_dir_read_name (own)) != NULL)
    {
      int fd = atoi (name);
      int flags = fcntl (fd, F_GETFL);
      struct stat other;

      if (flags >= 0 && (flags & O_ACCMODE) != O_RDONLY && fstat (fd, &other) == 0 &&
          other.st_dev == info->st_dev && other.st_ino == info->st_ino)
        return fd;
    }
  return -1;
}

/* "/dev/stdout", where that is a file: another one in its place, or a second position in it, would lose what stands there. */
static gboolean
share_own (ShellFile *self)
{
  struct stat info;
  int own = stat (self->path, &info) == 0 && S_ISREG (info.st_mode) ? find_own (&info) : -1;

  if (own >= 0)
    self->fd = fcntl (own, F_DUPFD_CLOEXEC, 0);
  self->shared = own >= 0 && self->fd >= 0;
  return self->shared;
}

/* Nobody may read a pipe yet: that is an error, and not waited for. It stays so for the writing, where a signal counts. */
static gboolean
open_directly (ShellFile  *self,
               GError    **error)
{
  self->fd = open (self->path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (self->append ? O_APPEND : 0), 0666);
  if (self->fd < 0)
    return fail (self, errno, error);
  return TRUE;
}

ShellFile *
shell_file_new (const char  *path,
                gboolean     append,
                GError     **error)
{
  g_autoptr(ShellFile) self = g_new0 (ShellFile, 1);

  self->path = g_strdup (path);
  self->append = append;
  self->fd = -1;
  if (share_own (self))
    return g_steal_pointer (&self);
  if (!append && find_target (self) && open_draft (self))
    return g_steal_pointer (&self);
  return open_directly (self, error) ? g_steal_pointer (&self) : NULL;
}

/* Who reads a pipe may not go on; then Ctrl-C, or whatever is to end the shell, ends the waiting. No other signal does. */
static gboolean
wait_for_reader (int fd)
{
  const int signals[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP };
  struct pollfd poll_fd = { fd, POLLOUT, 0 };
  sigset_t others;

  sigfillset (&others);
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    sigdelset (&others, signals[i]);
  return ppoll (&poll_fd, 1, NULL, &others) >= 0;
}

static gboolean
write_some (int          fd,
            const char **data,
            gsize       *length)
{
  gssize n = write (fd, *data, *length);

  if (n < 0)
    return errno == EINTR || (errno == EAGAIN && wait_for_reader (fd));
  *data += n;
  *length -= n;
  return TRUE;
}

/* Signals are kept back, so that none comes between writing and waiting, where it would not be seen. */
static gboolean
write_all (int         fd,
           const char *data,
           gsize       length)
{
  gboolean good = TRUE;
  sigset_t all, before;
  int code;

  sigfillset (&all);
  pthread_sigmask (SIG_BLOCK, &all, &before);
  while (good && length > 0)
    good = write_some (fd, &data, &length);
  code = errno;
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  errno = code;
  return good;
}

/* What was added in vain is taken off again. */
static gboolean
write_directly (ShellFile   *self,
                const char  *data,
                gsize        length,
                GError     **error)
{
  struct stat info;
  gboolean is_file = fstat (self->fd, &info) == 0 && S_ISREG (info.st_mode);
  int code;

  if (is_file && !self->append && !self->shared && ftruncate (self->fd, 0) != 0)
    return fail (self, errno, error);
  if (write_all (self->fd, data, length))
    return TRUE;
  code = errno;
  if (is_file && self->append && !self->shared)
    (void) !ftruncate (self->fd, info.st_size);
  return fail (self, code, error);
}

gboolean
shell_file_write (ShellFile   *self,
                  const char  *data,
                  gsize        length,
                  GError     **error)
{
  int fd = self->fd;

  if (self->shared)
    fflush (NULL);
  if (self->draft == NULL && !write_directly (self, data, length, error))
    return FALSE;
  if (self->draft != NULL && !write_all (fd, data, length))
    return fail (self, errno, error);
  self->fd = -1;
  /* Some file systems tell of a full disk then. */
  if (close (fd) != 0 || (self->draft != NULL && rename (self->draft, self->target) != 0))
    return fail (self, errno, error);
  g_clear_pointer (&self->draft, g_free);
  return TRUE;
}

void
shell_file_free (ShellFile *self)
{
  if (self->fd >= 0)
    close (self->fd);
  if (self->draft != NULL)
    g_unlink (self->draft);
  g_free (self->draft);
  g_free (self->target);
  g_free (self->path);
  g_free (self);
}
