/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "wire/qmp-output-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <unistd.h>

#define CHUNK 4096
/* Chunks in one dispatch. */
#define MAX_CHUNKS 16
/* A pipe holds no more than that by itself; who writes on and on does not keep us. */
#define MAX_DRAINED 256

struct _QmpOutput {
  int            fd;     /* -1 when the other end was closed by all who had it */
  gsize          limit;
  GByteArray    *tail;   /* at most limit bytes */
  QmpIoWatch     watch;
  QmpOutputFunc  func;   /* nullable */
  gpointer       owner;  /* borrowed: of func */
};

QmpOutput *
qmp_output_new (gsize    limit,
                int     *write_fd,
                GError **error)
{
  QmpOutput *self;
  int fds[2];

  if (!g_unix_open_pipe (fds, FD_CLOEXEC, error))
    return NULL;
  if (!g_unix_set_fd_nonblocking (fds[0], TRUE, error) || !g_unix_set_fd_nonblocking (fds[1], TRUE, error))
    {
      close (fds[0]);
      close (fds[1]);
      return NULL;
    }

  self = g_new0 (QmpOutput, 1);
  self->fd = fds[0];
  self->limit = limit;
  self->tail = g_byte_array_new ();
  *write_fd = fds[1];
  return self;
}

static void
stop (QmpOutput *self)
{
  qmp_io_watch_detach (&self->watch);
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}

void
qmp_output_free (QmpOutput *self)
{
  stop (self);
  g_byte_array_unref (self->tail);
  g_free (self);
}

void
qmp_output_set_func (QmpOutput     *self,
                     QmpOutputFunc  func,
                     gpointer       owner)
{
  self->func = func;
  self->owner = owner;
}

static void
keep (QmpOutput    *self,
      const guint8 *bytes,
      gsize         length)
{
  if (self->func != NULL)
    self->func (bytes, length, self->owner);
  g_byte_array_append (self->tail, bytes, length);
  if (self->tail->len > self->limit)
    g_byte_array_remove_range (self->tail, 0, self->tail->len - self->limit);
}

/* TRUE if there may be more. */
static gboolean
read_some (QmpOutput *self)
{
  guint8 bytes[CHUNK];
  gssize length;

  if (self->fd < 0)
    return FALSE;
  length = read (self->fd, bytes, sizeof bytes);
  if (length > 0)
    keep (self, bytes, length);
  else if (length == 0 || (errno != EINTR && errno != EAGAIN))
    stop (self);
  return length > 0 || (length < 0 && errno == EINTR);
}

static gboolean
dispatch (gpointer     owner,
          GIOCondition ready)
{
  QmpOutput *self = owner;

  for (int i = 0; i < MAX_CHUNKS; i++)
    if (!read_some (self))
      break;
  /* The descriptor is still polled. */
  return FALSE;
}

static const QmpIoFuncs funcs = { NULL, dispatch };

void
qmp_output_attach (QmpOutput    *self,
                   QmpIoContext *context)
{
  qmp_io_watch_detach (&self->watch);
  if (self->fd < 0)
    return;
  qmp_io_watch_attach (&self->watch, context, &funcs, self);
  qmp_io_watch_set_fd (&self->watch, self->fd, G_IO_IN);
}

void
qmp_output_drain (QmpOutput *self)
{
  for (int i = 0; i < MAX_DRAINED; i++)
    if (!read_some (self))
      break;
}

void
qmp_output_forget (QmpOutput *self)
{
  qmp_output_drain (self);
  g_byte_array_set_size (self->tail, 0);
}

char *
qmp_output_dup_text (QmpOutput *self)
{
  if (self->tail->len == 0)
    return g_strdup ("");
  return g_utf8_make_valid ((const char *) self->tail->data, self->tail->len);
}
