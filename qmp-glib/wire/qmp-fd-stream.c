/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "wire/qmp-fd-stream-private.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixinputstream.h>
#include <glib-unix.h>
#include <glib/gi18n-lib.h>
#include <limits.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* How long a write that may block waits for the other side: it is TLS that writes so, when it shakes hands and when it
 * says goodbye, and its few bytes find room but where nobody reads any more. */
#define PATIENCE_MS 2000

struct _QmpFdOutputStream {
  GOutputStream parent_instance;

  int           fd;
  gboolean      owned;
  gboolean      is_socket;
  gboolean      is_terminal;
};

static void pollable_init (GPollableOutputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (QmpFdOutputStream, qmp_fd_output_stream, G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM, pollable_init))

/* --- the signal --- */

static void
fill_with_sigpipe (sigset_t *set)
{
  sigemptyset (set);
  sigaddset (set, SIGPIPE);
}

void
qmp_pipe_guard_begin (QmpPipeGuard *guard)
{
  sigset_t sigpipe, pending;

  fill_with_sigpipe (&sigpipe);
  pthread_sigmask (SIG_BLOCK, &sigpipe, &guard->before);
  guard->was_pending = FALSE;
  /* It cannot pend in a thread that lets it through. */
  if (sigismember (&guard->before, SIGPIPE) && sigpending (&pending) == 0)
    guard->was_pending = sigismember (&pending, SIGPIPE);
}

void
qmp_pipe_guard_end (QmpPipeGuard *guard,
                    gboolean      came)
{
  const struct timespec at_once = { 0, 0 };
  sigset_t sigpipe;
  int code = errno;

  fill_with_sigpipe (&sigpipe);
  /* One that pended before is the program's. */
  if (came && !guard->was_pending)
    {
      while (sigtimedwait (&sigpipe, NULL, &at_once) < 0 && errno == EINTR)
        ;
    }
  pthread_sigmask (SIG_SETMASK, &guard->before, NULL);
  errno = code;
}

/* --- writing --- */

static gboolean
wait_writable (QmpFdOutputStream *self,
               GCancellable      *cancellable,
               int                timeout)
{
  GPollFD fds[2] = { { self->fd, G_IO_OUT, 0 } };
  guint n_fds = g_cancellable_make_pollfd (cancellable, &fds[1]) ? 2 : 1;
  int n;

  do
    n = g_poll (fds, n_fds, timeout);
  while (n < 0 && errno == EINTR);
  if (n_fds == 2)
    g_cancellable_release_fd (cancellable);
  return fds[0].revents != 0;
}

/* What a descriptor takes without blocking after it was found writable, although it may be in blocking mode: a pipe
 * has room for PIPE_BUF bytes then, a device takes what it can, and a terminal has room for one byte and waits until all
 * are written. */
static gsize
get_room (QmpFdOutputStream *self)
{
  if (self->is_terminal && (fcntl (self->fd, F_GETFL) & O_NONBLOCK) == 0)
    return 1;
  return PIPE_BUF;
}

static gssize
write_guarded (int           fd,
               gconstpointer buffer,
               gsize         length)
{
  QmpPipeGuard guard;
  gssize n;

  qmp_pipe_guard_begin (&guard);
  n = write (fd, buffer, length);
  qmp_pipe_guard_end (&guard, n < 0 && errno == EPIPE);
  return n;
}

/* Like write(2) in non-blocking mode. */
static gssize
write_now (QmpFdOutputStream *self,
           gconstpointer      buffer,
           gsize              length)
{
  gssize n;

  if (self->is_socket)
    {
      do
        n = send (self->fd, buffer, length, MSG_DONTWAIT | MSG_NOSIGNAL);
      while (n < 0 && errno == EINTR);
      return n;
    }

  do
    {
      if (!wait_writable (self, NULL, 0))
        {
          errno = EAGAIN;
          return -1;
        }
      n = write_guarded (self->fd, buffer, MIN (length, get_room (self)));
    }
  while (n < 0 && errno == EINTR);
  return n;
}

static gssize
write_nonblocking (GPollableOutputStream  *stream,
                   const void             *buffer,
                   gsize                   length,
                   GError                **error)
{
  gssize n = write_now (QMP_FD_OUTPUT_STREAM (stream), buffer, length);
  int code = errno;

  if (n >= 0)
    return n;

  /* ENOBUFS: the kernel is short of memory for this moment; polling says when it may be tried again. */
  if (code == EAGAIN || code == ENOBUFS)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, g_strerror (EAGAIN));
  else
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code),
                 _("Could not write to the server: %s"), g_strerror (code));
  return -1;
}

static gssize
write_fn (GOutputStream  *stream,
          const void     *buffer,
          gsize           length,
          GCancellable   *cancellable,
          GError        **error)
{
  QmpFdOutputStream *self = QMP_FD_OUTPUT_STREAM (stream);

  while (!g_cancellable_set_error_if_cancelled (cancellable, error))
    {
      g_autoptr(GError) local_error = NULL;
      gssize n = write_nonblocking (G_POLLABLE_OUTPUT_STREAM (stream), buffer, length, &local_error);

      if (n >= 0)
        return n;
      if (!g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return -1;
        }
      if (!wait_writable (self, cancellable, PATIENCE_MS) && !g_cancellable_is_cancelled (cancellable))
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("The server reads no more"));
          return -1;
        }
    }
  return -1;
}

/* --- the rest of a stream --- */

static gboolean
close_fn (GOutputStream  *stream,
          GCancellable   *cancellable,
          GError        **error)
{
  QmpFdOutputStream *self = QMP_FD_OUTPUT_STREAM (stream);

  if (self->owned)
    close (self->fd);
  self->fd = -1;
  return TRUE;
}

static gboolean
is_writable (GPollableOutputStream *stream)
{
  return wait_writable (QMP_FD_OUTPUT_STREAM (stream), NULL, 0);
}

static GSource *
create_source (GPollableOutputStream *stream,
               GCancellable          *cancellable)
{
  g_autoptr(GSource) source = g_unix_fd_source_new (QMP_FD_OUTPUT_STREAM (stream)->fd, G_IO_OUT);

  return g_pollable_source_new_full (stream, source, cancellable);
}

static void
pollable_init (GPollableOutputStreamInterface *iface)
{
  iface->is_writable = is_writable;
  iface->create_source = create_source;
  iface->write_nonblocking = write_nonblocking;
}

static void
qmp_fd_output_stream_class_init (QmpFdOutputStreamClass *klass)
{
  GOutputStreamClass *stream_class = G_OUTPUT_STREAM_CLASS (klass);

  stream_class->write_fn = write_fn;
  stream_class->close_fn = close_fn;
}

static void
qmp_fd_output_stream_init (QmpFdOutputStream *self)
{
}

GOutputStream *
qmp_fd_output_stream_new (int      fd,
                          gboolean owned)
{
  QmpFdOutputStream *self = g_object_new (QMP_TYPE_FD_OUTPUT_STREAM, NULL);
  struct stat info;

  self->fd = fd;
  self->owned = owned;
  self->is_socket = fstat (fd, &info) == 0 && S_ISSOCK (info.st_mode);
  self->is_terminal = !self->is_socket && isatty (fd);
  return G_OUTPUT_STREAM (self);
}

int
qmp_fd_output_stream_get_fd (QmpFdOutputStream *self)
{
  return self->fd;
}

GIOStream *
qmp_fd_stream_new (int input_fd,
                   int output_fd)
{
  /* It looks before it reads, so that it does not block either. */
  g_autoptr(GInputStream) input = g_unix_input_stream_new (input_fd, TRUE);
  g_autoptr(GOutputStream) output = qmp_fd_output_stream_new (output_fd, TRUE);

  return g_simple_io_stream_new (input, output);
}
