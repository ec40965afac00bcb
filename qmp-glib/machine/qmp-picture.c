/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-picture-private.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qmp-glib/qmp-machine.h>

/* A screen of 16384 pixels square takes 1 GiB as it is, and a part of that as PNG. Who writes more means no good. */
#define MAX_LENGTH (G_GINT64_CONSTANT (1) << 30)

static gboolean
fail (GError **error)
{
  int saved = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved), _("No memory for a picture could be had: %s"), g_strerror (saved));
  return FALSE;
}

static void
close_both (gpointer data)
{
  QmpPicture *self = data;

  if (self->read_fd >= 0)
    close (self->read_fd);
  if (self->write_fd >= 0)
    close (self->write_fd);
}

QmpPicture *
qmp_picture_new (GError **error)
{
  QmpPicture *self = g_rc_box_new (QmpPicture);
  g_autofree char *path = NULL;

  self->read_fd = memfd_create ("qmp-glib picture", MFD_CLOEXEC);
  path = g_strdup_printf ("/proc/self/fd/%d", self->read_fd);
  self->write_fd = self->read_fd >= 0 ? open (path, O_WRONLY | O_CLOEXEC) : -1;
  if (self->write_fd >= 0)
    return self;
  fail (error);
  qmp_picture_unref (self);
  return NULL;
}

QmpPicture *
qmp_picture_ref (QmpPicture *self)
{
  return g_rc_box_acquire (self);
}

void
qmp_picture_unref (QmpPicture *self)
{
  g_rc_box_release_full (self, close_both);
}

gboolean
qmp_picture_rewind (QmpPicture  *self,
                    GError     **error)
{
  return (ftruncate (self->write_fd, 0) == 0 && lseek (self->write_fd, 0, SEEK_SET) == 0) || fail (error);
}

static gboolean
is_png (const char *data,
        gsize       length)
{
  static const char signature[] = { '\x89', 'P', 'N', 'G', '\r', '\n', '\x1a', '\n' };

  return length > sizeof signature && memcmp (data, signature, sizeof signature) == 0;
}

/* Fewer than length if it is shorter by now; -1 with errno. */
static gssize
read_all (int    fd,
          char  *data,
          gsize  length)
{
  gsize done = 0;

  while (done < length)
    {
      gssize n = pread (fd, data + done, length - done, done);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return -1;
      if (n == 0)
        break;
      done += n;
    }
  return done;
}

GBytes *
qmp_picture_read (QmpPicture  *self,
                  GError     **error)
{
  g_autofree char *data = NULL;
  struct stat about;
  gssize length;

  if (fstat (self->read_fd, &about) != 0)
    {
      fail (error);
      return NULL;
    }
  if (about.st_size <= MAX_LENGTH)
    data = g_try_malloc (MAX (about.st_size, 1));
  if (data == NULL)
    {
      /* A macro within the text would cut it short in the catalogues. */
      g_autofree char *length_text = g_strdup_printf ("%" G_GINT64_FORMAT, (gint64) about.st_size);

      g_set_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_FAILED,
                   _("The picture that QEMU has written is too large: %s bytes"), length_text);
      return NULL;
    }
  length = read_all (self->read_fd, data, about.st_size);
  if (length < 0)
    {
      fail (error);
      return NULL;
    }
  if (!is_png (data, length))
    {
      g_set_error_literal (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_FAILED, _("What QEMU has written is not a PNG image"));
      return NULL;
    }
  return g_bytes_new_take (g_steal_pointer (&data), length);
}
