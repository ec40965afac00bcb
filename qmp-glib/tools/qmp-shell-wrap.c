/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shell-options.h"
#include "tool-print.h"
#include "tool-streams.h"

#define DEFAULT_COMMAND "qemu-system-x86_64"
#define NOT_FOUND_STATUS 127

/* QEMU ends soon when it was told to; a person is told only of what takes longer. */
#define PATIENCE_MILLISECONDS 500
/* Of what QEMU says. A longer line is shown in pieces. */
#define MAX_LINE 65536

typedef struct {
  ShellSession *session;    /* nullable */
  GSubprocess  *qemu;
  GString      *message;    /* a line of QEMU's stderr that is not complete */
  gboolean      has_ended;
  gboolean      is_silent;  /* its stderr has ended */
  gboolean      was_told;   /* to end: the next time it is made to */
  gboolean      is_late;
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
  /* It gets no standard input: the terminal is the shell's. */
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

static void read_messages (Wrap *wrap);

/* Nothing of it may command the terminal. */
static void
show_message (Wrap *wrap)
{
  g_autofree char *harmless = tool_print_harmless_bytes (wrap->message->str, wrap->message->len);
  g_autofree char *line = g_strconcat (harmless, "\n", NULL);

  g_string_truncate (wrap->message, 0);
  if (wrap->session != NULL)
    shell_session_show (wrap->session, stderr, line);
  else
    tool_streams_write (stderr, line);
}

static void
take_messages (Wrap       *wrap,
               const char *data,
               gsize       length)
{
  for (const char *end = data + length; data < end; data++)
    {
      if (*data == '\n' || wrap->message->len == MAX_LINE)
        show_message (wrap);
      if (*data != '\n')
        g_string_append_c (wrap->message, *data);
    }
}

static void
messages_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  Wrap *wrap = user_data;
  g_autoptr(GBytes) bytes = g_input_stream_read_bytes_finish (G_INPUT_STREAM (object), result, NULL);
  gsize length = 0;
  const char *data = bytes != NULL ? g_bytes_get_data (bytes, &length) : NULL;

  take_messages (wrap, data, length);
  if (length > 0)
    {
      read_messages (wrap);
      return;
    }
  wrap->is_silent = TRUE;
  if (wrap->message->len > 0)
    show_message (wrap);
}

static void
read_messages (Wrap *wrap)
{
  g_input_stream_read_bytes_async (g_subprocess_get_stderr_pipe (wrap->qemu), 4096, G_PRIORITY_DEFAULT, NULL,
                                   messages_cb, wrap);
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

/* First by asking, which a QEMU that hangs does not hear. */
static void
end_qemu (Wrap *wrap)
{
  g_subprocess_send_signal (wrap->qemu, wrap->was_told ? SIGKILL : SIGTERM);
  wrap->was_told = TRUE;
}

/* The shell has gone, and QEMU runs on. */
static gboolean
signal_cb (gpointer user_data)
{
  Wrap *wrap = user_data;

  if (!wrap->was_told && isatty (STDIN_FILENO))
    g_printerr (_("QEMU was told to end; Ctrl-C again kills it\n"));
  end_qemu (wrap);
  return G_SOURCE_CONTINUE;
}

static gboolean
late_cb (gpointer user_data)
{
  Wrap *wrap = user_data;

  wrap->is_late = TRUE;
  return G_SOURCE_CONTINUE;
}

/* Returns whether it has ended in that time. */
static gboolean
wait_a_while (Wrap *wrap)
{
  guint source = g_timeout_add (PATIENCE_MILLISECONDS, late_cb, wrap);

  while (!wrap->has_ended && !wrap->is_late)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (source);
  return wrap->has_ended;
}

/* why: what the shell has seen of QEMU's end; nullable. */
static void
tell_of_waiting (const char *why)
{
  if (why != NULL)
    g_printerr (_("ERROR: %s\n"), why);
  if (isatty (STDIN_FILENO))
    g_printerr (_("Waiting for QEMU to end; Ctrl-C ends it\n"));
}

static int
tell_status (Wrap       *wrap,
             const char *why)
{
  int status;

  if (!g_subprocess_get_if_exited (wrap->qemu))
    {
      g_printerr (_("QEMU was ended by signal %d\n"), g_subprocess_get_term_sig (wrap->qemu));
      return 128 + g_subprocess_get_term_sig (wrap->qemu);
    }
  status = g_subprocess_get_exit_status (wrap->qemu);
  /* It may have been asked for its version, or for help. */
  if (why != NULL && status != 0)
    g_printerr (_("QEMU has ended with status %d\n"), status);
  return status;
}

static int
wait_for_end (Wrap       *wrap,
              const char *why)
{
  guint sources[] = { g_unix_signal_add (SIGINT, signal_cb, wrap), g_unix_signal_add (SIGTERM, signal_cb, wrap) };

  if (!wait_a_while (wrap))
    tell_of_waiting (why);
  /* Somebody else may have inherited its stderr. */
  while (!wrap->has_ended)
    g_main_context_iteration (NULL, TRUE);
  while (!wrap->is_silent && g_main_context_iteration (NULL, FALSE))
    ;
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    g_source_remove (sources[i]);
  return tell_status (wrap, why);
}

/* --- all of it --- */

static int
run_shell (Wrap               *wrap,
           const ShellOptions *options,
           GIOStream          *stream)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *why = NULL;
  ShellStatus status;
  int qemu_status;

  read_messages (wrap);
  wrap->session = shell_session_new (options, "QEMU", NULL, stream, &error);
  if (wrap->session == NULL)
    {
      end_qemu (wrap);
      wait_for_end (wrap, NULL);
      return shell_options_complain (error->message);
    }
  status = shell_session_run (wrap->session);
  why = g_strdup (shell_session_get_failure (wrap->session));
  g_clear_pointer (&wrap->session, shell_session_free);
  /* Whoever breaks off wants no QEMU that nobody can speak to; nor does a shell that failed by itself. */
  if (status != SHELL_STATUS_DONE && status != SHELL_STATUS_USAGE && why == NULL)
    end_qemu (wrap);
  qemu_status = wait_for_end (wrap, why);
  if (status == SHELL_STATUS_UNREAD)
    tool_streams_end_unread ();
  return status == SHELL_STATUS_FAILED && why == NULL && qemu_status == 0 ? EXIT_FAILURE : qemu_status;
}

static int
complain_of_start (const char   *program,
                   const GError *error)
{
  if (g_error_matches (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT))
    g_printerr (_("ERROR: QEMU executable “%s” not found.\n"), program);
  else
    g_printerr (_("ERROR: %s\n"), error->message);
  return NOT_FOUND_STATUS;
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
    return complain_of_start (command[0], error);
  wrap.message = g_string_new (NULL);
  g_subprocess_wait_async (wrap.qemu, NULL, ended_cb, &wrap);
  status = run_shell (&wrap, options, stream);
  g_string_free (wrap.message, TRUE);
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

  tool_streams_set_up ();
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
