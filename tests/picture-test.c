/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-picture-private.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "test-utils.h"

/* The memory that a picture is written into. */

#define PNG "\x89PNG\r\n\x1a\n"

static void
write_all (QmpPicture *picture,
           const char *text)
{
  g_assert_cmpint (write (picture->write_fd, text, strlen (text)), ==, strlen (text));
}

static void
assert_reads (QmpPicture *picture,
              const char *expected)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = qmp_picture_read (picture, &error);

  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), expected, strlen (expected));
}

static void
assert_refused (QmpPicture *picture,
                const char *part)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (qmp_picture_read (picture, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_FAILED);
  test_assert_error_has (error, part);
}

static void
test_again (void)
{
  guint n_fds = test_count_fds ();
  g_autoptr(GError) error = NULL;
  QmpPicture *picture = qmp_picture_new (&error);
  QmpPicture *same = qmp_picture_ref (picture);

  g_assert_no_error (error);
  /* QEMU looks for one that is for writing alone. */
  g_assert_cmpint (fcntl (picture->write_fd, F_GETFL) & O_ACCMODE, ==, O_WRONLY);
  g_assert_cmpint (fcntl (picture->write_fd, F_GETFD), ==, FD_CLOEXEC);
  g_assert_cmpint (fcntl (picture->read_fd, F_GETFD), ==, FD_CLOEXEC);
  write_all (picture, PNG "a long one");
  assert_reads (picture, PNG "a long one");
  assert_reads (picture, PNG "a long one");
  g_assert_true (qmp_picture_rewind (picture, &error));
  write_all (picture, PNG "another");
  assert_reads (picture, PNG "another");
  qmp_picture_unref (same);
  assert_reads (picture, PNG "another");
  qmp_picture_unref (picture);
  g_assert_cmpuint (test_count_fds (), ==, n_fds);
}

static void
test_other (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpPicture) picture = qmp_picture_new (&error);

  assert_refused (picture, "not a PNG image");
  write_all (picture, PNG);
  assert_refused (picture, "not a PNG image");
  g_assert_true (qmp_picture_rewind (picture, &error));
  write_all (picture, "P6\n640 480\n255\n");
  assert_refused (picture, "not a PNG image");
  /* It takes no room where nothing was written. */
  g_assert_cmpint (ftruncate (picture->write_fd, G_MAXINT64), ==, 0);
  assert_refused (picture, "too large: 9223372036854775807 bytes");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/picture/again", test_again);
  g_test_add_func ("/picture/other", test_other);
  return g_test_run ();
}
