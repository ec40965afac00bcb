/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "shell-options.h"

#include <glib/gi18n.h>
#include <locale.h>
#include <stdlib.h>

static gboolean
version_cb (const char  *name,
            const char  *value,
            gpointer     data,
            GError     **error)
{
  g_print ("%s %d.%d.%d\n", g_get_prgname (), QMP_MAJOR_VERSION, QMP_MINOR_VERSION, QMP_MICRO_VERSION);
  exit (EXIT_SUCCESS);
}

void
shell_options_set_locale (void)
{
  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, QMP_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
}

void
shell_options_add (ShellOptions   *options,
                   GOptionContext *context)
{
  GOptionEntry entries[] = {
    { "hmp", 'H', 0, G_OPTION_ARG_NONE, &options->hmp, N_("Use the human monitor's commands"), NULL },
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &options->verbose, N_("Show the JSON of what is sent"), NULL },
    { "pretty", 'p', 0, G_OPTION_ARG_NONE, &options->pretty, N_("Show JSON on many lines, indented"), NULL },
    { "logfile", 'l', 0, G_OPTION_ARG_FILENAME, &options->logfile,
      N_("Append commands, replies and events to FILE"), N_("FILE") },
    { "version", 0, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, (gpointer) version_cb,
      N_("Show the version and leave"), NULL },
    G_OPTION_ENTRY_NULL
  };

  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  g_option_context_set_translation_domain (context, GETTEXT_PACKAGE);
}

int
shell_options_complain (const char *message)
{
  g_printerr (_("%s: %s\nTry “%s --help”.\n"), g_get_prgname (), message, g_get_prgname ());
  return SHELL_STATUS_USAGE;
}

gboolean
shell_options_parse (GOptionContext   *context,
                     int              *argc,
                     char           ***argv,
                     int              *status)
{
  g_autoptr(GError) error = NULL;

  if (g_option_context_parse (context, argc, argv, &error))
    return TRUE;
  *status = shell_options_complain (error->message);
  return FALSE;
}
