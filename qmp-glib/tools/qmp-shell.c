/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>

#include "shell-options.h"
#include "tool-streams.h"

static int
run (const ShellOptions *options,
     const char         *server)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GSocketConnectable) address = qmp_address_parse (server, &error);
  g_autoptr(ShellSession) session = NULL;

  if (address == NULL)
    return shell_options_complain (error->message);
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
                                    _("SERVER is the path of a Unix socket, HOST:PORT, or another address; without it\n"
                                      "the environment variable QMP_SOCKET says it.\n"));
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
