/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixinputstream.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shell-options.h"

#define DEFAULT_COMMAND "qemu-system-x86_64"
#define NOT_FOUND_STATUS 127

typedef struct {
  ShellSession     *session;
  GSubprocess      *qemu;
  GDataInputStream *messages;   /* QEMU's stderr */
  gboolean          has_ended;
  gboolean          is_silent;  /* its stderr has ended */
} Wrap;

/* --- starting QEMU --- */

/* In QEMU, before it is executed: Ctrl-C is for the shell, and so is Ctrl-Z. */
static void
set_up_child (gpointer user_data)
{
  sigset_t none;

  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  setpgid (0, 0);
}

/* The command line with a monitor on the descriptor. */
static char **
add_monitor (char **command,
             int    fd)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree char *chardev = g_strdup_printf ("socket,id=qmp-shell-wrap,fd=%d", fd);

  g_strv_builder_addv (builder, (const char **) command);
  g_strv_builder_add_many (builder, "-chardev", chardev, "-mon", "chardev=qmp-shell-wrap,mode=control", NULL);
  return g_strv_builder_end (builder);
}

/* Takes theirs, the end of the socketpair that becomes QEMU's. */
static GSubprocess *
start_qemu (char   **command,
            int      theirs,
            GError **error)
{
  /* Its standard input is none: the terminal is the shell's. */
  g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_auto(GStrv) arguments = add_monitor (command, theirs);

  g_subprocess_launcher_set_child_setup (launcher, set_up_child, NULL, NULL);
  g_subprocess_launcher_take_fd (launcher, theirs, theirs);
  return g_subprocess_launcher_spawnv (launcher, (const char * const *) arguments, error);
}

static GIOStream *
new_stream (int fd)
{
  g_autoptr(GSocket) socket = g_socket_new_from_fd (fd, NULL);

  return socket != NULL ? G_IO_STREAM (g_socket_connection_factory_create_connection (socket)) : NULL;
}

/* --- while it runs --- */

static void read_message (Wrap *wrap);

static void
message_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  Wrap *wrap = user_data;
  g_autofree char *line = g_data_input_stream_read_line_finish (G_DATA_INPUT_STREAM (object), result, NULL, NULL);
  g_autofree char *text = NULL;

  if (line == NULL)
    {
      wrap->is_silent = TRUE;
      return;
    }
  text = g_strconcat (line, "\n", NULL);
  if (wrap->session != NULL)
    shell_session_show (wrap->session, stderr, text);
  else
    fputs (text, stderr);
  read_message (wrap);
}

static void
read_message (Wrap *wrap)
{
  g_data_input_stream_read_line_async (wrap->messages, G_PRIORITY_DEFAULT, NULL, message_cb, wrap);
}

static void
ended_cb (GObject      *object,
          GAsyncResult *result,
          gpointer      user_data)
{
  Wrap *wrap = user_data;

  g_subprocess_wait_finish (G_SUBPROCESS (object), result, NULL);
  wrap->has_ended = TRUE;
}

/* The shell has gone, and QEMU runs on. */
static gboolean
signal_cb (gpointer user_data)
{
  Wrap *wrap = user_data;

  g_subprocess_send_signal (wrap->qemu, SIGTERM);
  return G_SOURCE_CONTINUE;
}

static int
wait_for_end (Wrap *wrap)
{
  guint sources[] = { g_unix_signal_add (SIGINT, signal_cb, wrap), g_unix_signal_add (SIGTERM, signal_cb, wrap) };

  if (!wrap->has_ended && isatty (STDIN_FILENO))
    fputs (_("Waiting for QEMU to end; Ctrl-C ends it\n"), stderr);
  /* Somebody else may have inherited its stderr. */
  while (!wrap->has_ended)
    g_main_context_iteration (NULL, TRUE);
  while (!wrap->is_silent && g_main_context_iteration (NULL, FALSE))
    ;
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    g_source_remove (sources[i]);
  if (g_subprocess_get_if_exited (wrap->qemu))
    return g_subprocess_get_exit_status (wrap->qemu);
  fprintf (stderr, _("QEMU was ended by signal %d\n"), g_subprocess_get_term_sig (wrap->qemu));
  return 128 + g_subprocess_get_term_sig (wrap->qemu);
}

/* --- all of it --- */

static int
run_shell (Wrap               *wrap,
           const ShellOptions *options,
           GIOStream          *stream)
{
  g_autoptr(GError) error = NULL;
  ShellStatus status;

  wrap->session = shell_session_new (options, "QEMU", NULL, stream, &error);
  if (wrap->session == NULL)
    {
      g_subprocess_send_signal (wrap->qemu, SIGTERM);
      wait_for_end (wrap);
      return shell_options_complain (error->message);
    }
  wrap->messages = g_data_input_stream_new (g_subprocess_get_stderr_pipe (wrap->qemu));
  read_message (wrap);
  status = shell_session_run (wrap->session);
  g_clear_pointer (&wrap->session, shell_session_free);
  if (status == SHELL_STATUS_INTERRUPTED || status == SHELL_STATUS_TERMINATED)
    g_subprocess_send_signal (wrap->qemu, SIGTERM);
  return wait_for_end (wrap);
}

static int
run (const ShellOptions  *options,
     char               **command)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GIOStream) stream = NULL;
  Wrap wrap = { NULL };
  int fds[2], status;

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
    return shell_options_complain (g_strerror (errno));
  stream = new_stream (fds[0]);
  wrap.qemu = start_qemu (command, fds[1], &error);
  if (wrap.qemu == NULL)
    {
      if (g_error_matches (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT))
        fprintf (stderr, _("ERROR: QEMU executable “%s” not found.\n"), command[0]);
      else
        fprintf (stderr, _("ERROR: %s\n"), error->message);
      return NOT_FOUND_STATUS;
    }
  g_subprocess_wait_async (wrap.qemu, NULL, ended_cb, &wrap);
  status = run_shell (&wrap, options, stream);
  g_clear_object (&wrap.messages);
  g_clear_object (&wrap.qemu);
  return status;
}

int
main (int    argc,
      char **argv)
{
  static char *default_command[] = { (char *) DEFAULT_COMMAND, NULL };
  ShellOptions options = { FALSE };
  g_autoptr(GOptionContext) context = NULL;
  char **command;
  int status;

  shell_options_set_locale ();
  context = g_option_context_new (_("[--] [COMMAND ARGUMENT…]"));
  g_option_context_set_summary (context, _("Starts QEMU with a monitor of its own, and a shell on it."));
  g_option_context_set_description (context, _("COMMAND is qemu-system-x86_64 unless it is given.\n"));
  /* What follows the command is QEMU's. */
  g_option_context_set_strict_posix (context, TRUE);
  shell_options_add (&options, context);
  if (!shell_options_parse (context, &argc, &argv, &status))
    return status;
  command = argv + 1;
  if (*command != NULL && strcmp (*command, "--") == 0)
    command++;
  status = run (&options, *command != NULL ? command : default_command);
  g_free (options.logfile);
  return status;
}
