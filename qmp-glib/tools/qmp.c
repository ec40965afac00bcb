/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "once.h"
#include "tool-literal.h"
#include "tool-print.h"

/* More milliseconds than that are none to a timer. */
#define MAX_SECONDS (G_MAXINT / 1000)
#define NO_TIMEOUT G_MAXDOUBLE

/* What timeout(1) leaves with; see docs/man/qmp.rst. */
#define STATUS_EXEC_TIMEOUT 124
#define STATUS_EXEC_FAILED 125

static const OnceVerb * const verbs[] = {
  &once_call, &once_monitor, &once_wait, &once_introspect, &once_hmp, &once_screenshot,
  &once_qom_list, &once_qom_get, &once_qom_set, &once_qom_tree, &once_qom_types,
  &once_guest_ping, &once_guest_sync, &once_guest_info, &once_guest_network, &once_guest_exec, &once_guest_cat,
  &once_job_list, &once_job_wait, &once_migration_wait,
};

/* --- errors --- */

static OnceStatus
status_of_client_error (Once         *once,
                        const GError *error)
{
  switch (error->code)
    {
    case QMP_CLIENT_ERROR_ADDRESS:
      return ONCE_STATUS_USAGE;
    case QMP_CLIENT_ERROR_FAILURE_EVENT:
      return ONCE_STATUS_FAILED;
    case QMP_CLIENT_ERROR_BUSY:
      return once_is_late (once) ? ONCE_STATUS_TIMEOUT : ONCE_STATUS_LINK;
    default:
      return ONCE_STATUS_LINK;
    }
}

static OnceStatus
status_of (Once         *once,
           const GError *error)
{
  if (error->domain == ONCE_ERROR)
    return error->code;
  if (error->domain == TOOL_ERROR || error->domain == G_OPTION_ERROR ||
      g_error_matches (error, QMP_SCHEMA_ERROR, QMP_SCHEMA_ERROR_SYNTAX) ||
      g_error_matches (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION))
    return ONCE_STATUS_USAGE;
  if (error->domain == QMP_COMMAND_ERROR || error->domain == QMP_SCHEMA_ERROR || error->domain == G_FILE_ERROR ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED))
    return ONCE_STATUS_FAILED;
  if (error->domain == QMP_CLIENT_ERROR)
    return status_of_client_error (once, error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) && once->deadline != 0)
    return ONCE_STATUS_TIMEOUT;
  return ONCE_STATUS_LINK;
}

static int
leave_with (Once       *once,
            OnceStatus  status)
{
  if (once->verb == NULL || !once->verb->passes_status)
    return status;
  return status == ONCE_STATUS_TIMEOUT ? STATUS_EXEC_TIMEOUT : STATUS_EXEC_FAILED;
}

/* One line, whatever the server put into it. */
static void
print_error (const char *text)
{
  g_autofree char *harmless = tool_print_harmless (text);

  g_strdelimit (g_strchomp (harmless), "\n\t", ' ');
  g_printerr ("qmp: %s\n", harmless);
}

static int
complain (Once         *once,
          const GError *error)
{
  const char *class_name = qmp_command_error_get_class (error);
  OnceStatus status = status_of (once, error);
  g_autofree char *text = NULL;

  if (class_name != NULL)
    text = g_strdup_printf ("%s: %s", class_name, error->message);
  else if (status == ONCE_STATUS_USAGE)
    text = g_strdup_printf (_("%s; see “%s --help”"), error->message, g_get_prgname ());
  else
    text = g_strdup (error->message);
  print_error (text);
  return leave_with (once, status);
}

/* --- the command line --- */

static gboolean
version_cb (const char  *name,
            const char  *value,
            gpointer     data,
            GError     **error)
{
  g_print ("qmp %d.%d.%d\n", QMP_MAJOR_VERSION, QMP_MINOR_VERSION, QMP_MICRO_VERSION);
  exit (EXIT_SUCCESS);
}

static void
add_common_entries (GOptionContext *context,
                    Once           *once)
{
  const GOptionEntry entries[] = {
    { "timeout", 't', 0, G_OPTION_ARG_DOUBLE, &once->seconds, N_("Take no longer than that, for all of it"),
      N_("SECONDS") },
    { "json", 'j', 0, G_OPTION_ARG_NONE, &once->json, N_("Print JSON, also where a text for people is usual"), NULL },
    { "pretty", 'p', 0, G_OPTION_ARG_NONE, &once->pretty, N_("Print JSON on many lines, also into a pipe"), NULL },
    { "version", 0, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, (gpointer) version_cb,
      N_("Show the version and leave"), NULL },
    G_OPTION_ENTRY_NULL
  };

  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
}

static char *
describe_verbs (void)
{
  GString *out = g_string_new (_("Verbs:\n"));

  for (guint i = 0; i < G_N_ELEMENTS (verbs); i++)
    g_string_append_printf (out, "  %-16s %s\n", verbs[i]->words, _(verbs[i]->summary));
  g_string_append (out, _("\nADDRESS is the path of a Unix socket, HOST:PORT, or another address; “-” is the one that\n"
                          "the environment variable QMP_SOCKET has. “qmp VERB --help” has more.\n"));
  return g_string_free (out, FALSE);
}

/* word: no verb, but maybe one that others follow. */
static gboolean
fail_by_verb (const char  *word,
              GError     **error)
{
  g_autofree char *start = g_strconcat (word, " ", NULL);
  g_autoptr(GString) others = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (verbs); i++)
    if (g_str_has_prefix (verbs[i]->words, start))
      g_string_append_printf (others, "%s%s", others->len > 0 ? ", " : "", verbs[i]->words + strlen (start));
  if (others->len == 0)
    return once_fail (error, ONCE_STATUS_USAGE, _("There is no verb “%s”"), word);
  return once_fail (error, ONCE_STATUS_USAGE, _("Behind “%s” has to follow one of: %s"), word, others->str);
}

/* Without a verb, for --help and --version. */
static gboolean
parse_without_verb (Once     *once,
                    int       argc,
                    char    **argv,
                    GError  **error)
{
  g_autoptr(GOptionContext) context = g_option_context_new (_("VERB ADDRESS…"));
  g_autofree char *description = describe_verbs ();

  g_option_context_set_summary (context, _("One thing with QEMU's machine protocol."));
  g_option_context_set_description (context, description);
  g_option_context_set_translation_domain (context, GETTEXT_PACKAGE);
  g_option_context_set_strict_posix (context, TRUE);
  add_common_entries (context, once);
  if (!g_option_context_parse (context, &argc, &argv, error))
    return FALSE;
  if (argc < 2)
    return once_fail (error, ONCE_STATUS_USAGE, _("The verb is missing"));
  return fail_by_verb (argv[1], error);
}

/* Returns how many arguments are the words of that verb; 0 if they are another's. */
static int
count_verb_words (const OnceVerb  *verb,
                  int              argc,
                  char           **argv)
{
  g_auto(GStrv) words = g_strsplit (verb->words, " ", -1);
  int n_words = g_strv_length (words);

  for (int i = 0; i < n_words; i++)
    if (i + 1 >= argc || !g_str_equal (words[i], argv[i + 1]))
      return 0;
  return n_words;
}

static int
find_verb (Once  *once,
           int    argc,
           char **argv)
{
  for (guint i = 0; i < G_N_ELEMENTS (verbs); i++)
    {
      int n_words = count_verb_words (verbs[i], argc, argv);

      if (n_words > 0)
        {
          once->verb = verbs[i];
          return n_words;
        }
    }
  return 0;
}

static gboolean
start_clock (Once    *once,
             GError **error)
{
  if (once->seconds == NO_TIMEOUT)
    return TRUE;
  /* not a number is not above 0 */
  if (!(once->seconds > 0) || once->seconds > MAX_SECONDS)
    return once_fail (error, ONCE_STATUS_USAGE, _("The timeout has to be more than 0, and at most %d, seconds"),
                      MAX_SECONDS);
  once->deadline = g_get_monotonic_time () + MAX (1, (gint64) (once->seconds * G_USEC_PER_SEC));
  return TRUE;
}

static gboolean
parse_address (Once        *once,
               const char  *text,
               GError     **error)
{
  const char *variable = once->verb->agent ? "QGA_CLIENT_ADDRESS" : "QMP_SOCKET";

  if (g_str_equal (text, "-"))
    text = g_getenv (variable);
  if (text == NULL || *text == '\0')
    return once_fail (error, ONCE_STATUS_USAGE, _("The address is “-”, and %s is not set"), variable);
  once->address = qmp_address_parse (text, error);
  return once->address != NULL;
}

/* A "--" behind the address. */
static void
skip_separator (int   *argc,
                char **argv)
{
  if (*argc < 3 || !g_str_equal (argv[2], "--"))
    return;
  memmove (argv + 2, argv + 3, (*argc - 2) * sizeof *argv);
  (*argc)--;
}

/* argv[0] is the verb. */
static gboolean
parse_with_verb (Once     *once,
                 int      *argc,
                 char   ***argv,
                 GError  **error)
{
  /* Of "" gettext would make the header of its catalogue. */
  const char *words = *once->verb->parameters != '\0' ? _(once->verb->parameters) : "";
  g_autofree char *parameters = g_strconcat (_("ADDRESS"), " ", words, NULL);
  g_autoptr(GOptionContext) context = g_option_context_new (parameters);

  g_option_context_set_summary (context, _(once->verb->summary));
  g_option_context_set_translation_domain (context, GETTEXT_PACKAGE);
  g_option_context_set_strict_posix (context, once->verb->strict);
  if (once->verb->entries != NULL)
    g_option_context_add_main_entries (context, once->verb->entries, GETTEXT_PACKAGE);
  add_common_entries (context, once);
  if (!g_option_context_parse (context, argc, argv, error) || !start_clock (once, error))
    return FALSE;
  if (*argc < 2)
    return once_fail (error, ONCE_STATUS_USAGE, _("The address is missing"));
  skip_separator (argc, *argv);
  if ((guint) *argc - 2 < once->verb->min_words)
    return once_fail (error, ONCE_STATUS_USAGE, _("There are too few words"));
  if ((guint) *argc - 2 > once->verb->max_words)
    return once_fail (error, ONCE_STATUS_USAGE, _("There are too many words: “%s”"), (*argv)[2 + once->verb->max_words]);
  return parse_address (once, (*argv)[1], error);
}

static gboolean
run (Once    *once,
     int      argc,
     char   **argv,
     GError **error)
{
  int n_words = find_verb (once, argc, argv);
  g_autofree char *name = NULL;

  if (n_words == 0)
    return parse_without_verb (once, argc, argv, error);
  /* for --help */
  name = g_strconcat ("qmp ", once->verb->words, NULL);
  g_set_prgname (name);
  once->agent = once->verb->agent;
  once->client = qmp_client_new (NULL);
  argc -= n_words;
  argv += n_words;
  return parse_with_verb (once, &argc, &argv, error) &&
         once->verb->run (once, (const char * const *) argv + 2, error) &&
         once_flush (once, error);
}

int
main (int    argc,
      char **argv)
{
  Once once = { .seconds = NO_TIMEOUT };
  g_autoptr(GError) error = NULL;

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, QMP_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  g_set_prgname ("qmp");
  if (!run (&once, argc, argv, &error))
    once.status = complain (&once, error);
  g_clear_object (&once.client);
  g_clear_object (&once.address);
  return once.status;
}
