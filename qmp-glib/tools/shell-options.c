/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "shell-options.h"

#include <glib/gi18n.h>
#include <stdlib.h>
#include <string.h>

#include "tool-suggest.h"

static GPtrArray *names;   /* of char *, "--name": of all options */

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
shell_options_add_entries (GOptionContext     *context,
                           const GOptionEntry *entries)
{
  if (names == NULL)
    names = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; entries[i].long_name != NULL; i++)
    g_ptr_array_add (names, g_strconcat ("--", entries[i].long_name, NULL));
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
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
    { "plain-prompt", 0, 0, G_OPTION_ARG_NONE, &options->plain_prompt,
      N_("Show neither the machine's name nor its status in the prompt"), NULL },
    { "version", 0, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, (gpointer) version_cb,
      N_("Show the version and leave"), NULL },
    G_OPTION_ENTRY_NULL
  };

  shell_options_add_entries (context, entries);
  g_option_context_set_translation_domain (context, GETTEXT_PACKAGE);
}

/* What GOption says of an option that there is none, with what may have been meant. */
static void
add_hint (char   **argv,
          GError  *error)
{
  g_ptr_array_add (names, g_strdup ("--help"));
  g_ptr_array_add (names, NULL);
  for (guint i = 1; argv[i] != NULL && g_error_matches (error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION); i++)
    {
      g_autofree char *name = g_strndup (argv[i], strcspn (argv[i], "="));
      g_autofree char *hint = NULL;
      g_autofree char *message = NULL;

      if (!g_str_has_prefix (name, "--") || !g_str_has_suffix (error->message, name))
        continue;
      hint = tool_suggest_hint (name, (const char * const *) names->pdata);
      message = g_steal_pointer (&error->message);
      error->message = g_strconcat (message, hint, NULL);
      return;
    }
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
  add_hint (*argv, error);
  *status = shell_options_complain (error->message);
  return FALSE;
}
