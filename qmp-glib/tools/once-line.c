/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>
#include <stdlib.h>
#include <string.h>

#include "once-select.h"
#include "tool-server.h"
#include "tool-suggest.h"

/* The command line of qmp: options anywhere, the verb, the address, and what is the verb's own. */

/* A timer does not take more milliseconds than that. */
#define MAX_SECONDS (G_MAXINT / 1000)
#define NO_TIMEOUT G_MAXDOUBLE

static double seconds = NO_TIMEOUT;
static gboolean json;
static gboolean pretty;
static char **fields;
static gboolean skip_negotiation;
static ToolTls tls;

static gboolean
version_cb (const char  *name,
            const char  *value,
            gpointer     data,
            GError     **error)
{
  g_print ("qmp %d.%d.%d\n", QMP_MAJOR_VERSION, QMP_MINOR_VERSION, QMP_MICRO_VERSION);
  exit (EXIT_SUCCESS);
}

const GOptionEntry once_common_entries[] = {
  { "timeout", 't', 0, G_OPTION_ARG_DOUBLE, &seconds, N_("Take no longer than that, for all of it"),
    N_("SECONDS") },
  { "skip-negotiation", 'N', 0, G_OPTION_ARG_NONE, &skip_negotiation,
    N_("Expect no greeting and negotiate nothing"), NULL },
  TOOL_TLS_ENTRIES (&tls.on, &tls.authorities, &tls.certificate, &tls.host),
  { "version", 0, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, (gpointer) version_cb,
    N_("Show the version and leave"), NULL },
  G_OPTION_ENTRY_NULL
};

const GOptionEntry once_output_entries[] = {
  { "json", 'j', 0, G_OPTION_ARG_NONE, &json, N_("Print JSON, also where a text for people is usual"), NULL },
  { "pretty", 'p', 0, G_OPTION_ARG_NONE, &pretty, N_("Print JSON on many lines, also into a pipe"), NULL },
  { "field", 'f', 0, G_OPTION_ARG_STRING_ARRAY, &fields,
    N_("Print only that of what JSON would have, as a text, in a column; may be repeated"), N_("PATH") },
  G_OPTION_ENTRY_NULL
};

/* --- verbs --- */

/* Those that begin with group; all of them without one. */
static gboolean
is_in_group (const OnceVerb *verb,
             const char     *group)
{
  return group == NULL || (g_str_has_prefix (verb->words, group) && verb->words[strlen (group)] == ' ');
}

static gboolean
is_group (const char *word)
{
  for (guint i = 0; once_verbs[i] != NULL; i++)
    if (is_in_group (once_verbs[i], word))
      return TRUE;
  return FALSE;
}

const OnceVerb *
once_find_verb (const char *first,
                const char *second)
{
  g_autofree char *both = second != NULL ? g_strconcat (first, " ", second, NULL) : g_strdup (first);

  for (guint i = 0; once_verbs[i] != NULL; i++)
    if (g_str_equal (once_verbs[i]->words, both))
      return once_verbs[i];
  return NULL;
}

/* The words that can follow group, or begin a command line without one. */
static GPtrArray *
list_words (const char *group)
{
  g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; once_verbs[i] != NULL; i++)
    {
      const char *word = once_verbs[i]->words + (group != NULL ? strlen (group) + 1 : 0);
      g_autofree char *own = NULL;

      if (!is_in_group (once_verbs[i], group))
        continue;
      own = g_strndup (word, strcspn (word, " "));
      if (!g_ptr_array_find_with_equal_func (words, own, g_str_equal, NULL))
        g_ptr_array_add (words, g_steal_pointer (&own));
    }
  if (group == NULL)
    g_ptr_array_add (words, g_strdup ("help"));
  return g_steal_pointer (&words);
}

/* --- what stands where --- */

typedef struct {
  const OnceVerb *verb;      /* nullable */
  const char     *group;     /* nullable: the first of the verb's words, when the second is missing or wrong */
  const char     *wrong;     /* nullable: a word that stands where one of the verb's does */
  const char     *unknown;   /* nullable: an option in front of the verb that no verb has */
  gboolean        help;      /* is asked for */
} Line;

static void
take_out (int   *argc,
          char **argv,
          int    place)
{
  memmove (argv + place, argv + place + 1, (*argc - place) * sizeof *argv);
  (*argc)--;
}

/* Returns whether the word is one of the verb's, and not the wrong one. */
static gboolean
take_word (Line       *line,
           const char *word)
{
  if (line->group == NULL && !line->help && g_str_equal (word, "help"))
    {
      line->help = TRUE;
      return TRUE;
    }
  line->verb = line->group != NULL ? once_find_verb (line->group, word) : once_find_verb (word, NULL);
  if (line->verb != NULL)
    return TRUE;
  if (line->group == NULL && is_group (word))
    {
      line->group = word;
      return TRUE;
    }
  line->wrong = word;
  return FALSE;
}

/* Finds the verb, and takes its words out; options may stand in front of it, and are left. */
static void
take_verb (Line  *line,
           int   *argc,
           char **argv)
{
  gboolean ended = FALSE;
  int i = 1;

  while (i < *argc && line->verb == NULL && line->wrong == NULL)
    {
      gboolean value_apart = FALSE;

      if (ended || !once_is_option (argv[i]))
        {
          if (take_word (line, argv[i]))
            take_out (argc, argv, i);
        }
      else if (g_str_equal (argv[i], "--"))
        {
          ended = TRUE;
          take_out (argc, argv, i);
        }
      else
        {
          if (once_is_help (argv[i]))
            line->help = TRUE;
          else if (once_find_option (NULL, argv[i], &value_apart) == NULL && line->unknown == NULL)
            line->unknown = argv[i];
          i += value_apart ? 2 : 1;
        }
    }
}

/* GOption would say the same of it, and not what may have been meant. */
static gboolean
check_options (const OnceVerb  *verb,
               int              argc,
               char           **argv,
               GError         **error)
{
  for (int i = 1; i < argc; i++)
    {
      gboolean value_apart = FALSE;

      if (g_str_equal (argv[i], "--") || (!once_is_option (argv[i]) && verb->strict))
        return TRUE;
      if (!once_is_option (argv[i]) || once_is_help (argv[i]))
        continue;
      if (once_find_option (verb, argv[i], &value_apart) == NULL)
        return once_fail_by_option (verb, argv[i], error);
      if (value_apart)
        i++;
    }
  return TRUE;
}

/* --- help --- */

static char *
describe_verbs (const char *group)
{
  GString *out = g_string_new (_("Verbs:\n"));

  for (guint i = 0; once_verbs[i] != NULL; i++)
    if (is_in_group (once_verbs[i], group))
      g_string_append_printf (out, "  %-18s %s\n", once_verbs[i]->words, _(once_verbs[i]->summary));
  g_string_append (out, _("\nADDRESS is the name or the process ID of a machine on this computer, the path of a Unix socket,\n"
                          "HOST:PORT, or another address; “-” is the one that the environment variable QMP_SOCKET has.\n"
                          "“qmp list” has the names, “qmp help VERB” and “qmp VERB --help” have more.\n"));
  return g_string_free (out, FALSE);
}

static gboolean
fail_by_word (const Line  *line,
              GError     **error)
{
  g_autoptr(GPtrArray) words = list_words (line->group);
  g_autofree char *hint = NULL;
  g_autofree char *all = NULL;

  g_ptr_array_add (words, NULL);
  if (line->wrong != NULL)
    hint = tool_suggest_hint (line->wrong, (const char * const *) words->pdata);
  all = g_strjoinv (", ", (char **) words->pdata);
  if (line->group != NULL && (hint == NULL || *hint == '\0'))
    return once_fail (error, ONCE_STATUS_USAGE, _("Behind “%s” has to follow one of: %s"), line->group, all);
  if (line->group != NULL)
    return once_fail (error, ONCE_STATUS_USAGE, _("There is no verb “%s %s”%s"), line->group, line->wrong, hint);
  if (line->wrong != NULL)
    return once_fail (error, ONCE_STATUS_USAGE, _("There is no verb “%s”%s"), line->wrong, hint);
  return once_fail (error, ONCE_STATUS_USAGE, _("The verb is missing"));
}

static void
show_help (GOptionContext *context)
{
  char *text = g_option_context_get_help (context, TRUE, NULL);

  g_print ("%s", text);
  g_free (text);
  exit (EXIT_SUCCESS);
}

/* Help, and --version. */
static gboolean
parse_without_verb (const Line  *line,
                    int          argc,
                    char       **argv,
                    GError     **error)
{
  g_autoptr(GOptionContext) context = g_option_context_new (_("VERB ADDRESS…"));
  g_autofree char *description = describe_verbs (line->group);
  g_autofree char *name = g_strconcat ("qmp ", line->group, NULL);

  if (line->group != NULL)
    g_set_prgname (name);
  g_option_context_set_summary (context, _("Asks QEMU, a storage daemon or a guest agent for one thing, and shows what it says."));
  g_option_context_set_description (context, description);
  g_option_context_set_translation_domain (context, GETTEXT_PACKAGE);
  g_option_context_set_ignore_unknown_options (context, TRUE);
  g_option_context_add_main_entries (context, once_common_entries, GETTEXT_PACKAGE);
  g_option_context_add_main_entries (context, once_output_entries, GETTEXT_PACKAGE);
  if (line->help && line->wrong == NULL)
    show_help (context);
  if (line->unknown != NULL)
    return once_fail_by_option (NULL, line->unknown, error);
  return g_option_context_parse (context, &argc, &argv, error) && fail_by_word (line, error);
}

/* --- with a verb --- */

static gboolean
start_clock (Once    *once,
             GError **error)
{
  if (seconds == NO_TIMEOUT)
    return TRUE;
  /* not a number is not above 0 */
  if (!(seconds > 0) || seconds > MAX_SECONDS)
    return once_fail (error, ONCE_STATUS_USAGE, _("The timeout has to be more than 0, and at most %d, seconds"),
                      MAX_SECONDS);
  once->time = MAX (1, (gint64) (seconds * G_USEC_PER_SEC));
  once->deadline = g_get_monotonic_time () + once->time;
  return TRUE;
}

const char *
once_read_address (Once        *once,
                   const char  *text,
                   GError     **error)
{
  const char *variable = once->verb->agent ? "QGA_CLIENT_ADDRESS" : "QMP_SOCKET";
  gboolean is_variable = g_str_equal (text, "-");

  if (is_variable)
    text = g_getenv (variable);
  if (text != NULL && *text != '\0')
    return text;
  if (is_variable)
    once_fail (error, ONCE_STATUS_USAGE, _("The address is “-”, and %s is not set"), variable);
  else
    once_fail (error, ONCE_STATUS_USAGE, _("The address is empty"));
  return NULL;
}

static gboolean
parse_address (Once        *once,
               const char  *word,
               GError     **error)
{
  const char *text = once_read_address (once, word, error);

  if (text == NULL)
    return FALSE;
  once->server = text;
  if (once->verb->listens)
    {
      once->address = tool_server_parse (text, error);
      return once->address != NULL;
    }
  /* A name is looked for when it is known what is wanted of the machine. */
  return !tool_server_is_address (text) || once_find_server (once, error);
}

/* The first "--" from place on, which has to be there, unless all words are addresses. */
static void
skip_separator (const OnceVerb  *verb,
                int              place,
                int             *argc,
                char           **argv)
{
  while (verb->addresses && place < *argc && !g_str_equal (argv[place], "--"))
    place++;
  if (*argc > place && g_str_equal (argv[place], "--"))
    take_out (argc, argv, place);
}

/* Where they mean nothing they are taken, for those who always give them, and not offered. */
static void
add_output_entries (GOptionContext *context,
                    const OnceVerb *verb)
{
  GOptionEntry entries[G_N_ELEMENTS (once_output_entries)];

  memcpy (entries, once_output_entries, sizeof entries);
  for (guint i = 0; verb->prints_no_json && entries[i].long_name != NULL; i++)
    entries[i].flags |= G_OPTION_FLAG_HIDDEN;
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
}

static GOptionContext *
new_context (const OnceVerb *verb)
{
  /* Of "" gettext would make the header of its catalogue. */
  const char *words = *verb->parameters != '\0' ? _(verb->parameters) : "";
  g_autofree char *parameters = verb->local || verb->addresses ? g_strdup (words) : g_strconcat (_("ADDRESS"), " ", words, NULL);
  GOptionContext *context = g_option_context_new (parameters);

  g_option_context_set_summary (context, _(verb->summary));
  g_option_context_set_translation_domain (context, GETTEXT_PACKAGE);
  g_option_context_set_strict_posix (context, verb->strict);
  if (verb->entries != NULL)
    g_option_context_add_main_entries (context, verb->entries, GETTEXT_PACKAGE);
  if (verb->many)
    g_option_context_add_main_entries (context, once_many_entries, GETTEXT_PACKAGE);
  add_output_entries (context, verb);
  g_option_context_add_main_entries (context, once_common_entries, GETTEXT_PACKAGE);
  return context;
}

static gboolean
asks_for_tls (void)
{
  return tls.on || tls.authorities != NULL || tls.certificate != NULL || tls.host != NULL;
}

/* They would be taken for what they do not do. */
static gboolean
check_link_options (const OnceVerb  *verb,
                    GError         **error)
{
  if (verb->addresses || (!verb->local && !verb->listens))
    return TRUE;
  if (asks_for_tls ())
    return once_fail (error, ONCE_STATUS_USAGE, _("There is no server to speak TLS with here"));
  return !skip_negotiation || once_fail (error, ONCE_STATUS_USAGE, _("There is no server to negotiate with here"));
}

static guint
get_min_words (const OnceVerb *verb)
{
  return verb->addresses && !verb->local && !once_select_has_no_address () ? 1 : verb->min_words;
}

static guint
get_max_words (const OnceVerb *verb)
{
  if (verb->addresses)
    return once_select_is_described () ? 0 : G_MAXUINT;
  return verb->max_words;
}

/* The words of a verb, and its address in front of them, if it has one. first: where the words begin. */
static gboolean
check_words (const OnceVerb  *verb,
             int              first,
             int             *argc,
             char           **argv,
             GError         **error)
{
  if (*argc < first)
    return once_fail (error, ONCE_STATUS_USAGE, _("The address is missing"));
  skip_separator (verb, first, argc, argv);
  if ((guint) (*argc - first) < get_min_words (verb))
    return once_fail (error, ONCE_STATUS_USAGE, verb->addresses ? _("The address is missing") : _("There are too few words"));
  if ((guint) (*argc - first) > get_max_words (verb))
    return once_fail (error, ONCE_STATUS_USAGE, _("There are too many words: “%s”"), argv[first + get_max_words (verb)]);
  return TRUE;
}

/* The one that there is. Of several each is looked at by itself. */
static gboolean
read_server (Once     *once,
             char    **argv,
             gboolean  has_address,
             GError  **error)
{
  if (has_address)
    return parse_address (once, argv[1], error);
  if (!once->verb->addresses || once->verb->local || once_is_many (once))
    return TRUE;
  return parse_address (once, once->words[0], error);
}

/* argv[0] is the verb. */
static gboolean
parse_with_verb (Once     *once,
                 gboolean  help,
                 int      *argc,
                 char   ***argv,
                 GError  **error)
{
  g_autoptr(GOptionContext) context = new_context (once->verb);
  gboolean has_address;

  if (help)
    show_help (context);
  if (!check_options (once->verb, *argc, *argv, error) ||
      !g_option_context_parse (context, argc, argv, error) ||
      !start_clock (once, error) ||
      !check_link_options (once->verb, error) ||
      !once_select_check (once, error))
    return FALSE;
  has_address = !once->verb->local && !once->verb->addresses && !once_select_has_no_address ();
  once->words = (const char * const *) *argv + (has_address ? 2 : 1);
  return check_words (once->verb, has_address ? 2 : 1, argc, *argv, error) &&
         read_server (once, *argv, has_address, error);
}

gboolean
once_read_line (Once     *once,
                int      *argc,
                char   ***argv,
                GError  **error)
{
  Line line = { NULL };
  g_autofree char *name = NULL;

  take_verb (&line, argc, *argv);
  if (line.verb == NULL)
    return parse_without_verb (&line, *argc, *argv, error);
  once->verb = line.verb;
  once->agent = line.verb->agent;
  /* for --help */
  name = g_strconcat ("qmp ", line.verb->words, NULL);
  g_set_prgname (name);
  if (!parse_with_verb (once, line.help, argc, argv, error))
    return FALSE;
  once->json = json || fields != NULL;
  once->pretty = pretty;
  if (fields != NULL)
    once->fields = tool_fields_new ((const char * const *) fields);
  once->skip_negotiation = skip_negotiation;
  once->tls = tls;
  return TRUE;
}
