/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-launcher-private.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "test-utils.h"

static QmpLauncher *
launcher_new (const char *script)
{
  const char * const argv[] = { "sh", "-c", script, "sh", NULL };

  return qmp_launcher_new (argv);
}

static void
ended_cb (gpointer owner)
{
  *(gboolean *) owner = TRUE;
}

/* Runs it to its end; returns what it has said on its standard error. */
static char *
run (QmpLauncher *launcher)
{
  g_autoptr(QmpIoContext) io = qmp_io_context_get (g_main_context_default ());
  g_autoptr(GError) error = NULL;
  QmpLaunched launched;
  gboolean ended = FALSE;
  char *text;

  g_assert_true (qmp_launcher_spawn (launcher, &launched, &error));
  g_assert_no_error (error);
  qmp_process_attach (launched.process, io, ended_cb, &ended);
  test_spin_until (ended);
  qmp_output_drain (launched.output);
  text = qmp_output_dup_text (launched.output);
  g_object_unref (launched.monitor);
  qmp_output_free (launched.output);
  qmp_process_free (launched.process);
  return text;
}

static void
assert_says (QmpLauncher *launcher,
             const char  *expected)
{
  g_autofree char *text = run (launcher);

  g_assert_cmpstr (text, ==, expected);
}

static void
test_arguments (void)
{
  g_autoptr(QmpLauncher) launcher = launcher_new ("echo $* >&2");

  assert_says (launcher, "-chardev socket,id=qmp-glib-monitor,fd=3 -mon chardev=qmp-glib-monitor,mode=control\n");
  qmp_launcher_set_flags (launcher, QMP_LAUNCHER_PAUSED);
  assert_says (launcher, "-S -chardev socket,id=qmp-glib-monitor,fd=3 -mon chardev=qmp-glib-monitor,mode=control\n");
}

static void
test_surroundings (void)
{
  g_autoptr(QmpLauncher) launcher = launcher_new ("echo $PWD $WORD $HOME >&2");
  const char * const environment[] = { "WORD=word", NULL };

  qmp_launcher_set_working_directory (launcher, "/usr");
  qmp_launcher_set_environment (launcher, environment);
  assert_says (launcher, "/usr word\n");
}

static void
test_output_limit (void)
{
  g_autoptr(QmpLauncher) launcher = launcher_new ("echo 123456789 >&2");

  qmp_launcher_set_output_limit (launcher, 4);
  assert_says (launcher, "789\n");
}

/* The program may close its own at once, and the launcher can be used twice. */
static void
test_inherit_fd (void)
{
  g_autoptr(QmpLauncher) launcher = launcher_new ("cat <&4 >&2; echo >&5 || echo bad >&2");
  g_autofree char *path = NULL;
  g_autoptr(GError) error = NULL;
  int fd = g_file_open_tmp (NULL, &path, &error);
  int null = open ("/dev/null", O_WRONLY | O_CLOEXEC);
  guint n_fds;

  g_assert_no_error (error);
  g_assert_cmpint (write (fd, "in it", 5), ==, 5);
  g_assert_cmpint (lseek (fd, 0, SEEK_SET), ==, 0);
  g_assert_cmpint (qmp_launcher_inherit_fd (launcher, fd, &error), ==, 4);
  g_assert_cmpint (qmp_launcher_inherit_fd (launcher, null, &error), ==, 5);
  close (null);
  n_fds = test_count_fds ();
  assert_says (launcher, "in it");
  g_assert_cmpint (lseek (fd, 0, SEEK_SET), ==, 0);
  assert_says (launcher, "in it");
  g_assert_cmpuint (test_count_fds (), ==, n_fds);
  close (fd);
  unlink (path);

  g_assert_cmpint (qmp_launcher_inherit_fd (launcher, -1, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "-1"));
}

static void
assert_refused (QmpLauncher *launcher,
                const char  *part)
{
  g_autoptr(GError) error = NULL;
  QmpLaunched launched;
  guint n_fds = test_count_fds ();

  g_assert_false (qmp_launcher_spawn (launcher, &launched, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  test_assert_error_has (error, part);
  g_assert_cmpuint (test_count_fds (), ==, n_fds);
}

static void
test_refused (void)
{
  const char * const nothing[] = { NULL };
  const char * const daemon[] = { "qemu-system-x86_64", "-daemonize", NULL };
  g_autoptr(QmpLauncher) launcher = qmp_launcher_new (NULL);

  assert_refused (launcher, "empty");
  qmp_launcher_set_argv (launcher, nothing);
  assert_refused (launcher, "empty");
  qmp_launcher_set_argv (launcher, daemon);
  assert_refused (launcher, "-daemonize");
}

static void
count_cb (GObject    *object,
          GParamSpec *pspec,
          gpointer    user_data)
{
  ++*(guint *) user_data;
}

static void
test_properties (void)
{
  const char * const argv[] = { "qemu", "-S", NULL };
  const char * const environment[] = { "A=b", NULL };
  g_autoptr(QmpLauncher) launcher = qmp_launcher_new (argv);
  g_autofree char *directory = NULL;
  g_auto(GStrv) own = NULL;
  g_auto(GStrv) variables = NULL;
  guint limit, n_notified = 0;
  QmpLauncherFlags flags;

  g_signal_connect (launcher, "notify", G_CALLBACK (count_cb), &n_notified);
  g_assert_cmpstr (qmp_launcher_get_argv (launcher)[1], ==, "-S");
  g_assert_null (qmp_launcher_get_working_directory (launcher));
  g_assert_null (qmp_launcher_get_environment (launcher));
  g_assert_cmpuint (qmp_launcher_get_output_limit (launcher), ==, 16384);
  g_assert_cmpuint (qmp_launcher_get_flags (launcher), ==, QMP_LAUNCHER_NONE);
  g_object_set (launcher, "working-directory", "/", "environment", environment, "output-limit", 1,
                "flags", QMP_LAUNCHER_PAUSED, NULL);
  g_assert_cmpuint (n_notified, ==, 4);
  qmp_launcher_set_working_directory (launcher, "/");
  qmp_launcher_set_output_limit (launcher, 1);
  qmp_launcher_set_flags (launcher, QMP_LAUNCHER_PAUSED);
  g_assert_cmpuint (n_notified, ==, 4);
  g_object_get (launcher, "argv", &own, "working-directory", &directory, "environment", &variables,
                "output-limit", &limit, "flags", &flags, NULL);
  g_assert_cmpstr (own[0], ==, "qemu");
  g_assert_cmpstr (directory, ==, "/");
  g_assert_cmpstr (variables[0], ==, "A=b");
  g_assert_cmpuint (limit, ==, 1);
  g_assert_cmpuint (flags, ==, QMP_LAUNCHER_PAUSED);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  test_warm_up ();

  g_test_add_func ("/launcher/arguments", test_arguments);
  g_test_add_func ("/launcher/surroundings", test_surroundings);
  g_test_add_func ("/launcher/output-limit", test_output_limit);
  g_test_add_func ("/launcher/inherit-fd", test_inherit_fd);
  g_test_add_func ("/launcher/refused", test_refused);
  g_test_add_func ("/launcher/properties", test_properties);

  return g_test_run ();
}
