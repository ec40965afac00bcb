/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "wire/qmp-output-private.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "test-utils.h"

static void
say (int         fd,
     const char *text)
{
  g_assert_cmpint (write (fd, text, strlen (text)), ==, strlen (text));
}

#define assert_text(output, expected)                                \
  G_STMT_START {                                                     \
    g_autofree char *output_text = qmp_output_dup_text (output);     \
    g_assert_cmpstr (output_text, ==, expected);                     \
  } G_STMT_END

static QmpOutput *
output_new (gsize  limit,
            int   *fd)
{
  g_autoptr(GError) error = NULL;
  QmpOutput *output = qmp_output_new (limit, fd, &error);

  g_assert_no_error (error);
  return output;
}

static void
test_drain (void)
{
  int fd;
  g_autoptr(QmpOutput) output = output_new (100, &fd);

  qmp_output_drain (output);
  assert_text (output, "");
  say (fd, "one\n");
  say (fd, "two\n");
  qmp_output_drain (output);
  assert_text (output, "one\ntwo\n");
  /* Somebody may still have the pipe: nobody waits for that. */
  close (fd);
  qmp_output_drain (output);
  qmp_output_drain (output);
  assert_text (output, "one\ntwo\n");
}

static void
test_limit (void)
{
  int fd;
  g_autoptr(QmpOutput) output = output_new (10, &fd);

  say (fd, "this is lost, the end is kept");
  qmp_output_drain (output);
  assert_text (output, "nd is kept");
  say (fd, "!!");
  qmp_output_drain (output);
  assert_text (output, " is kept!!");
  close (fd);
}

static void
test_nothing_kept (void)
{
  int fd;
  g_autoptr(QmpOutput) output = output_new (0, &fd);

  say (fd, "lost");
  qmp_output_drain (output);
  assert_text (output, "");
  close (fd);
}

/* A character is cut in the middle, and there are bytes that are none. */
static void
test_not_utf8 (void)
{
  int fd;
  g_autoptr(QmpOutput) output = output_new (4, &fd);

  say (fd, "\xc3\xa4" "b\xff" "c");
  qmp_output_drain (output);
  assert_text (output, "\xef\xbf\xbd" "b\xef\xbf\xbd" "c");
  close (fd);
}

static gboolean
has_text (QmpOutput *output)
{
  g_autofree char *text = qmp_output_dup_text (output);

  return text[0] != '\0';
}

static void
test_dispatch (void)
{
  g_autoptr(QmpIoContext) io = qmp_io_context_get (g_main_context_default ());
  int fd;
  g_autoptr(QmpOutput) output = output_new (100, &fd);

  qmp_output_attach (output, io);
  say (fd, "hello");
  test_spin_until (has_text (output));
  assert_text (output, "hello");
  close (fd);
  test_spin_ready ();
  qmp_output_attach (output, io);
}

/* Who writes does not wait for who reads: what finds no room is lost. */
static void
test_never_full (void)
{
  int fd;
  g_autoptr(QmpOutput) output = output_new (100, &fd);
  char bytes[4096];

  memset (bytes, 'x', sizeof bytes);
  for (int i = 0; i < 1000; i++)
    if (write (fd, bytes, sizeof bytes) < 0)
      g_assert_cmpint (errno, ==, EAGAIN);
  qmp_output_drain (output);
  say (fd, "the end");
  qmp_output_drain (output);
  {
    g_autofree char *text = qmp_output_dup_text (output);

    g_assert_true (g_str_has_suffix (text, "xxthe end"));
    g_assert_cmpuint (strlen (text), ==, 100);
  }
  close (fd);
}

static void
test_descriptors (void)
{
  guint n_fds = test_count_fds ();
  int fd;
  QmpOutput *output = output_new (100, &fd);

  close (fd);
  qmp_output_free (output);
  g_assert_cmpuint (test_count_fds (), ==, n_fds);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/output/drain", test_drain);
  g_test_add_func ("/output/limit", test_limit);
  g_test_add_func ("/output/nothing-kept", test_nothing_kept);
  g_test_add_func ("/output/not-utf8", test_not_utf8);
  g_test_add_func ("/output/dispatch", test_dispatch);
  g_test_add_func ("/output/never-full", test_never_full);
  g_test_add_func ("/output/descriptors", test_descriptors);

  return g_test_run ();
}
