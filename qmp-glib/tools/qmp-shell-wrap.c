/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shell-options.h"
#include "tool-print.h"
#include "tool-streams.h"

#define DEFAULT_COMMAND "qemu-system-x86_64"
#define NOT_FOUND_STATUS 127

/* QEMU ends soon when it was told to; a person is told only of what takes longer. */
#define PATIENCE_MILLISECONDS 500

typedef struct {
  QmpMachine   *machine;
  ShellSession *session;    /* nullable */
  QmpOutcome   *outcome;    /* nullable: it was not even executed */
  gboolean      has_ended;
  gboolean      was_told;   /* to end: the next time it is made to */
  gboolean      is_late;
} Wrap;

/* --- while it runs --- */

/* Nothing of it may command the terminal. */
static void
output_cb (QmpMachine *machine,
           const char *line,
           Wrap       *wrap)
{
  g_autofree char *harmless = tool_print_harmless (line);
  g_autofree char *shown = g_strconcat (harmless, "\n", NULL);

  if (wrap->session != NULL)
    shell_session_show (wrap->session, stderr, shown);
  else
    tool_streams_write (stderr, shown);
}

static void
ended_cb (GObject      *object,
          GAsyncResult *result,
          gpointer      user_data)
{
  Wrap *wrap = user_data;

  wrap->outcome = qmp_machine_wait_ended_finish (QMP_MACHINE (object), result, NULL);
  wrap->has_ended = TRUE;
}

/* First by asking, which a QEMU that hangs does not hear. There is no monitor any more: that is a signal. */
static void
end_qemu (Wrap *wrap)
{
  if (wrap->was_told)
    qmp_machine_kill_async (wrap->machine, NULL, NULL, NULL);
  else
    qmp_machine_shut_down_async (wrap->machine, QMP_SHUT_DOWN_NONE, 0, QMP_TIMEOUT_NONE, NULL, NULL, NULL);
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

/* What it has said, which may follow, was shown. */
static void
tell_error (const GError *error)
{
  g_autofree char *first = g_strndup (error->message, strcspn (error->message, "\n"));
  g_autofree char *harmless = tool_print_harmless_line (first);

  g_printerr (_("ERROR: %s\n"), harmless);
}

/* why: what the shell has seen of QEMU's end; nullable. */
static void
tell_of_waiting (const GError *why)
{
  if (why != NULL)
    tell_error (why);
  if (isatty (STDIN_FILENO))
    g_printerr (_("Waiting for QEMU to end; Ctrl-C ends it\n"));
}

static void
wait_for_end (Wrap         *wrap,
              const GError *why)
{
  guint sources[] = { g_unix_signal_add (SIGINT, signal_cb, wrap), g_unix_signal_add (SIGTERM, signal_cb, wrap) };

  qmp_machine_wait_ended_async (wrap->machine, NULL, ended_cb, wrap);
  if (!wait_a_while (wrap))
    tell_of_waiting (why);
  while (!wrap->has_ended)
    g_main_context_iteration (NULL, TRUE);
  /* What it has said last. */
  while (g_main_context_iteration (NULL, FALSE))
    ;
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    g_source_remove (sources[i]);
}

/* --- its end --- */

static int
complain_of_start (const char   *program,
                   const GError *error)
{
  if (g_error_matches (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT))
    g_printerr (_("ERROR: QEMU executable “%s” not found.\n"), program);
  else
    tell_error (error);
  return NOT_FOUND_STATUS;
}

static int
tell_status (Wrap         *wrap,
             const GError *why)
{
  int status = qmp_outcome_get_exit_status (wrap->outcome);
  int signal_number = qmp_outcome_get_signal (wrap->outcome);

  /* It was killed for that, if it is not a server. */
  if (status < 0 && g_error_matches (why, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_LAUNCH))
    tell_error (why);
  if (signal_number != 0)
    {
      g_printerr (_("QEMU was ended by signal %d\n"), signal_number);
      return 128 + signal_number;
    }
  if (status < 0)
    {
      g_printerr (_("QEMU has hung up and did not end, so it was killed\n"));
      return EXIT_FAILURE;
    }
  /* It may have been asked for its version, or for help. */
  if (why != NULL && status != 0)
    g_printerr (_("QEMU has ended with status %d\n"), status);
  return status;
}

/* --- all of it --- */

static int
run_shell (Wrap       *wrap,
           const char *program)
{
  ShellStatus status = shell_session_run (wrap->session);
  const GError *failure = shell_session_get_failure (wrap->session);
  g_autoptr(GError) why = failure != NULL ? g_error_copy (failure) : NULL;
  int qemu_status;

  g_clear_pointer (&wrap->session, shell_session_free);
  /* Whoever breaks off wants no QEMU that nobody can speak to; nor does a shell that failed by itself. */
  if (status != SHELL_STATUS_DONE && status != SHELL_STATUS_USAGE && why == NULL)
    end_qemu (wrap);
  wait_for_end (wrap, why);
  if (wrap->outcome == NULL)
    return why != NULL ? complain_of_start (program, why) : (int) status;
  qemu_status = tell_status (wrap, why);
  if (status == SHELL_STATUS_UNREAD)
    tool_streams_end_unread ();
  return status == SHELL_STATUS_FAILED && why == NULL && qemu_status == 0 ? EXIT_FAILURE : qemu_status;
}

static int
run (const ShellOptions  *options,
     char               **command)
{
  g_autoptr(QmpClient) client = qmp_client_new ("qmp-shell");
  g_autoptr(QmpMachine) machine = qmp_machine_new (client);
  g_autoptr(QmpLauncher) launcher = qmp_launcher_new ((const char * const *) command);
  ShellLaunch launch = { machine, launcher };
  g_autoptr(GError) error = NULL;
  Wrap wrap = { machine };
  int status;

  g_signal_connect (machine, "output", G_CALLBACK (output_cb), &wrap);
  wrap.session = shell_session_new (options, "QEMU", NULL, &launch, &error);
  if (wrap.session == NULL)
    return shell_options_complain (error->message);
  status = run_shell (&wrap, command[0]);
  g_clear_object (&wrap.outcome);
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
