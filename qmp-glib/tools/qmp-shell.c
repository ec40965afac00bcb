/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>

#include "shell-options.h"
#include "tool-print.h"
#include "tool-server.h"
#include "tool-streams.h"

/* What a command line has that is shown may be anything. */
static int
fail_to_find (const GError *error)
{
  g_autofree char *harmless = tool_print_harmless_line (error->message);

  if (error->domain != QMP_FINDER_ERROR || error->code == QMP_FINDER_ERROR_AMBIGUOUS)
    return shell_options_complain (harmless);
  g_printerr (_("ERROR: %s\n"), harmless);
  return SHELL_STATUS_FAILED;
}

static int
run (const ShellOptions *options,
     const char         *server)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GSocketConnectable) address = tool_server_find (server, options->guest_agent, options->reconnect, &error);
  g_autoptr(ShellSession) session = NULL;

  if (address == NULL)
    return fail_to_find (error);
  session = shell_session_new (options, server, address, NULL, &error);
  if (session == NULL)
    return shell_options_complain (error->message);
  return shell_session_run (session);
}

static GOptionContext *
new_context (ShellOptions *options)
{
  GOptionEntry entries[] = {
    { "skip-negotiation", 'N', 0, G_OPTION_ARG_NONE, &options->skip_negotiation,
      N_("Expect no greeting and negotiate nothing"), NULL },
    { "guest-agent", 'G', 0, G_OPTION_ARG_NONE, &options->guest_agent,
      N_("The server is a guest agent: as -N, and get in step with it first"), NULL },
    { "reconnect", 0, 0, G_OPTION_ARG_NONE, &options->reconnect,
      N_("Wait for the server, also when it has gone"), NULL },
    TOOL_TLS_ENTRIES (&options->tls.on, &options->tls.authorities, &options->tls.certificate, &options->tls.host),
    G_OPTION_ENTRY_NULL
  };
  GOptionContext *context = g_option_context_new (_("[SERVER]"));

  g_option_context_set_summary (context, _("A shell for QEMU's machine protocol."));
  g_option_context_set_description (context,
                                    _("SERVER is the name or the process ID of a machine on this computer, the path of a\n"
                                      "Unix socket, HOST:PORT, or another address; without it the environment variable\n"
                                      "QMP_SOCKET says it.\n"));
  shell_options_add (options, context);
  shell_options_add_entries (context, entries);
  return context;
}

int
main (int    argc,
      char **argv)
{
  ShellOptions options = { FALSE };
  g_autoptr(GOptionContext) context = NULL;
  const char *server;
  int status;

  tool_streams_set_up ();
  context = new_context (&options);
  if (!shell_options_parse (context, &argc, &argv, &status))
    return status;
  if (argc > 2)
    return shell_options_complain (_("There is more than one server"));
  server = argc == 2 ? argv[1] : g_getenv ("QMP_SOCKET");
  if (server == NULL || *server == '\0')
    return shell_options_complain (_("The server is missing, and QMP_SOCKET is not set"));
  status = run (&options, server);
  g_free (options.logfile);
  tool_tls_clear (&options.tls);
  if (status == SHELL_STATUS_UNREAD)
    tool_streams_end_unread ();
  return status;
}
