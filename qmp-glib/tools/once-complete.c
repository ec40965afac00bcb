/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "once.h"
#include "tool-complete.h"
#include "tool-live.h"
#include "tool-offers.h"
#include "tool-server.h"

/* "qmp complete BREAKS WORD…", which is hidden: what Tab offers for the last of these words of a shell's line, the
 * first of which is the program. The words are as they are typed, with their quotes. BREAKS are the characters behind
 * which the shell begins to replace what is typed, of "=" and ":".
 *
 * What is printed, a line each:
 *
 *   hN TEXT     TEXT, which was typed as N characters, is in front of what the shell replaces
 *   tTEXT       all that is typed
 *   q           it stands within quotes
 *   wWORD       a word, for all that is typed; behind a tab there may be what it means
 *   oWORD       likewise, and it can go on
 *   fPREFIX     PREFIX and the name of a file
 *   sPREFIX     PREFIX and the path of a socket
 *   p           the name of a program
 *   cN          word N begins a command line of its own
 *
 * Words are plain, all of them; see tool-offers.h. */

typedef struct {
  char   *text;        /* without quotes */
  char    quote;       /* that is open at its end; 0: none */
  gsize   head;        /* how much of text is in front of what the shell replaces */
  glong   raw_head;    /* the characters that this was typed as */
} Word;

typedef struct {
  const char         *breaks;
  Word                word;         /* that is completed */
  char              **words;        /* those before it, without quotes, from the program's on */
  Once               *once;
  const OnceVerb     *verb;
  GPtrArray          *rest;         /* of char *: behind the address; borrowed */
  const char         *address;      /* nullable; borrowed */
  gboolean            ended;        /* by "--" */
  gboolean            agent;
  gboolean            help;         /* is asked for: a verb follows, and nothing else */
  gboolean            all;          /* there is no address, but --all or the like */
  gboolean            listed;       /* there need not be one: there is --file */
  const GOptionEntry *option;       /* nullable: that word is the value of; it is in a word of its own */
  ToolCompleter      *completer;    /* of the server; nullable */
} Request;

/* --- what is typed --- */

/* What a backslash in front of it makes ordinary. */
static gboolean
is_escaped (const char *at,
            char        quote)
{
  return *at == '\\' && at[1] != '\0' && (quote == '\0' || (quote == '"' && strchr ("\"\\$`", at[1]) != NULL));
}

static void
read_word (Word       *word,
           const char *raw,
           const char *breaks)
{
  g_autoptr(GString) text = g_string_new (NULL);

  *word = (Word) { NULL };
  for (const char *at = raw; *at != '\0'; at++)
    {
      gboolean is_quote = word->quote != '\0' ? *at == word->quote : *at == '"' || *at == '\'';

      if (is_quote)
        word->quote = word->quote == '\0' ? *at : '\0';
      else if (is_escaped (at, word->quote))
        g_string_append_c (text, *++at);
      else
        g_string_append_c (text, *at);
      if ((is_quote && word->quote != '\0') ||
          (word->quote == '\0' && strchr ("=:", *at) != NULL && strchr (breaks, *at) != NULL))
        {
          word->head = text->len;
          word->raw_head = g_utf8_strlen (raw, at + 1 - raw);
        }
    }
  word->text = g_string_free (g_steal_pointer (&text), FALSE);
}

static char *
unquote (const char *raw)
{
  Word word;

  read_word (&word, raw, "");
  return word.text;
}

/* --- what is printed --- */

static void
print_word (const char *word,
            const char *meaning)
{
  printf ("%c%s%s%s\n", tool_offers_is_open (word) ? 'o' : 'w', word, meaning != NULL ? "\t" : "",
          meaning != NULL ? meaning : "");
}

static void
print_if_fits (Request    *request,
               const char *word,
               const char *meaning)
{
  if (g_str_has_prefix (word, request->word.text))
    print_word (word, meaning);
}

/* before: what of the word that is typed stands in front of them. Takes words, which are nullable. Returns whether
 * there are any. */
static gboolean
print_words (const char  *before,
             char       **words)
{
  gboolean any = words != NULL && words[0] != NULL;

  for (guint i = 0; any && words[i] != NULL; i++)
    {
      g_autofree char *word = g_strconcat (before, words[i], NULL);

      print_word (word, NULL);
    }
  g_strfreev (words);
  return any;
}

static void
print_addresses (Request *request)
{
  static const char * const prefixes[] = { "unix:", "tcp:", "vsock:", "fd:", "ssh:" };

  printf ("s%s\n", g_str_has_prefix (request->word.text, "unix:") ? "unix:" : "");
  for (guint i = 0; i < G_N_ELEMENTS (prefixes) && *request->word.text != '\0'; i++)
    print_if_fits (request, prefixes[i], NULL);
}

/* What can be connected to: also by its name. */
static void
print_servers (Request *request)
{
  print_addresses (request);
  print_words ("", tool_server_list_names (request->word.text));
}

/* --- the server --- */

static void
find_agent_option (Request *request)
{
  for (guint i = 0; request->words[i] != NULL; i++)
    if (g_str_equal (request->words[i], "-G") || g_str_equal (request->words[i], "--guest-agent"))
      request->agent = TRUE;
}

/* The address as the shell would pass it. A descriptor would be another program's, who needs it, and nobody logs in anywhere by
 * pressing Tab. */
static GSocketConnectable *
parse_address (Request *request)
{
  const char *text = request->address;
  g_autofree char *path = NULL;

  if (g_str_equal (text, "-"))
    text = g_getenv (request->verb->agent ? "QGA_CLIENT_ADDRESS" : "QMP_SOCKET");
  else if (g_str_has_prefix (text, "~/"))
    text = path = g_build_filename (g_get_home_dir (), text + 2, NULL);
  if (text == NULL || g_str_has_prefix (text, "fd:") || g_str_has_prefix (text, "ssh:"))
    return NULL;
  return tool_server_find (text, request->once->agent, FALSE, NULL);
}

/* Returns NULL if it does not answer. */
static ToolCompleter *
get_completer (Request *request)
{
  Once *once = request->once;

  if (request->completer != NULL || once->client != NULL)
    return request->completer;
  find_agent_option (request);
  once->client = qmp_client_new (NULL);
  once->agent = request->agent || request->verb->agent;
  once->address = parse_address (request);
  once->deadline = g_get_monotonic_time () + (gint64) tool_live_get_limit () * 1000;
  if (once->address != NULL && once_open (once, NULL))
    request->completer = tool_completer_new (once->client, once->deadline);
  return request->completer;
}

/* --- options --- */

static void
print_options (Request            *request,
               const GOptionEntry *entries)
{
  for (; entries != NULL && entries->long_name != NULL; entries++)
    {
      g_autofree char *name = g_strconcat ("--", entries->long_name, NULL);
      const char letter[] = { '-', entries->short_name, '\0' };

      if (entries->flags & G_OPTION_FLAG_HIDDEN)
        continue;
      print_if_fits (request, name, _(entries->description));
      if (entries->short_name != '\0')
        print_if_fits (request, letter, _(entries->description));
    }
}

static void
print_help_options (Request *request)
{
  print_if_fits (request, "--help", _("Show the options"));
  print_if_fits (request, "-h", _("Show the options"));
}

/* A command line within one word. */
static gboolean
print_line (Request    *request,
            const char *before,
            const char *typed)
{
  const char *blank = strrchr (typed, ' ');
  const char *last = blank != NULL ? blank + 1 : typed;
  g_autofree char *all = NULL;

  /* Outside of quotes a blank has a backslash, and the shell replaces other parts than those that are known here. */
  if (request->word.quote == '\0' && blank != NULL)
    return FALSE;
  all = g_strdup_printf ("%s%.*s", before, (int) (last - typed), typed);
  return print_words (all, tool_completer_line (request->completer, typed, last, FALSE));
}

static void
print_kinds (Request    *request,
             const char *before,
             const char *typed)
{
  static const char * const kinds[] = { "machine", "storage-daemon", "guest-agent" };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autofree char *word = g_strconcat (before, kinds[i], NULL);

      if (g_str_has_prefix (kinds[i], typed) && !(request->verb->many && g_str_equal (kinds[i], "guest-agent")))
        print_word (word, NULL);
    }
}

/* typed: what there is of the value; before: what of the word stands in front of it. */
static void
print_option_value (Request            *request,
                    const GOptionEntry *entry,
                    const char         *before,
                    const char         *typed)
{
  if (entry->arg == G_OPTION_ARG_FILENAME)
    {
      printf ("f%s\n", before);
      return;
    }
  if (g_str_equal (entry->long_name, "also") && *before == '\0')
    print_servers (request);
  else if (g_str_equal (entry->long_name, "name"))
    print_words (before, tool_server_list_names (typed));
  else if (g_str_equal (entry->long_name, "kind"))
    print_kinds (request, before, typed);
  if (request->address == NULL || get_completer (request) == NULL)
    return;
  if (g_str_equal (entry->long_name, "failure"))
    print_words (before, tool_completer_events (request->completer, typed));
  else if (g_str_equal (entry->long_name, "has"))
    print_words (before, tool_completer_schema_path (request->completer, typed, TRUE));
  else if (g_str_equal (entry->long_name, "call"))
    print_line (request, before, typed);
}

/* word begins with "-". */
static void
complete_option (Request *request)
{
  const char *sign = strchr (request->word.text, '=');
  gboolean apart;
  const GOptionEntry *entry = sign != NULL ? once_find_option (request->verb, request->word.text, &apart) : NULL;

  if (entry != NULL)
    {
      g_autofree char *before = g_strndup (request->word.text, sign + 1 - request->word.text);

      print_option_value (request, entry, before, sign + 1);
      return;
    }
  print_options (request, once_common_entries);
  if (request->verb == NULL || !request->verb->prints_no_json)
    print_options (request, once_output_entries);
  if (request->verb != NULL)
    print_options (request, request->verb->entries);
  if (request->verb != NULL && request->verb->many)
    print_options (request, once_many_entries);
  print_help_options (request);
}

/* --- what stands behind the address --- */

/* rest: the words in front of the one that is completed. */
typedef void (*CompleteFunc) (Request            *request,
                              const char * const *rest);

static void
complete_call (Request            *request,
               const char * const *rest)
{
  const char *typed = request->word.text;
  const char *sign = strchr (typed, '=');

  if (rest[0] == NULL)
    {
      print_words ("", tool_completer_commands (request->completer, typed));
      return;
    }
  if (!print_words ("", tool_completer_argument (request->completer, rest[0], rest + 1, typed)) && sign != NULL)
    printf ("f%.*s\n", (int) (sign + 1 - typed), typed);
}

static void
complete_events (Request            *request,
                 const char * const *rest)
{
  print_words ("", tool_completer_events (request->completer, request->word.text));
}

static void
complete_wait (Request            *request,
               const char * const *rest)
{
  if (rest[0] == NULL)
    complete_events (request, rest);
  else
    print_words ("", tool_completer_event_member (request->completer, rest[0], rest + 1, request->word.text));
}

static void
complete_introspect (Request            *request,
                     const char * const *rest)
{
  guint n = g_strv_length ((char **) rest);

  print_words ("", tool_completer_schema_path (request->completer, request->word.text, FALSE));
  /* "blockdev-add driver=qcow2" */
  for (guint i = n; i > 0; i--)
    if (strchr (rest[i - 1], '=') == NULL)
      {
        print_words ("", tool_completer_argument (request->completer, rest[i - 1], rest + i, request->word.text));
        return;
      }
}

static void
complete_hmp (Request            *request,
              const char * const *rest)
{
  g_autofree char *before = g_strjoinv (" ", (char **) rest);
  g_autofree char *line = g_strconcat (before, *before != '\0' ? " " : "", request->word.text, NULL);

  print_words ("", tool_completer_hmp_line (request->completer, line, request->word.text));
}

static void
complete_path (Request            *request,
               const char * const *rest)
{
  if (rest[0] == NULL)
    print_words ("", tool_completer_qom_path (request->completer, request->word.text, FALSE));
}

static void
complete_property (Request            *request,
                   const char * const *rest)
{
  if (rest[0] == NULL)
    print_words ("", tool_completer_qom_path (request->completer, request->word.text, TRUE));
  else if (rest[1] == NULL)
    print_words ("", tool_completer_qom_property (request->completer, rest[0], request->word.text));
}

static void
complete_type (Request            *request,
               const char * const *rest)
{
  if (rest[0] == NULL)
    print_words ("", tool_completer_value (request->completer, "qom-list-types", "implements", request->word.text));
}

static void
complete_job (Request            *request,
              const char * const *rest)
{
  if (rest[0] == NULL)
    print_words ("", tool_completer_value (request->completer, "job-dismiss", "id", request->word.text));
}

static const struct {
  const OnceVerb *verb;
  CompleteFunc    complete;
} verbs[] = {
  { &once_call, complete_call },
  { &once_monitor, complete_events },
  { &once_wait, complete_wait },
  { &once_introspect, complete_introspect },
  { &once_hmp, complete_hmp },
  { &once_qom_list, complete_path },
  { &once_qom_tree, complete_path },
  { &once_qom_get, complete_property },
  { &once_qom_set, complete_property },
  { &once_qom_types, complete_type },
  { &once_job_wait, complete_job },
  { &once_job_pause, complete_job },
  { &once_job_resume, complete_job },
  { &once_job_complete, complete_job },
  { &once_job_cancel, complete_job },
  { &once_job_dismiss, complete_job },
};

static void
complete_rest (Request *request)
{
  if (request->verb == &once_batch ||
      (request->verb == &once_screenshot && request->rest->len == 0) ||
      (request->verb == &once_mock && request->rest->len == 0) ||
      (request->verb == &once_record && request->rest->len < 2))
    puts ("f");
  if (request->verb == &once_share && request->rest->len == 0)
    print_addresses (request);
  for (guint i = 0; i < G_N_ELEMENTS (verbs); i++)
    if (verbs[i].verb == request->verb && get_completer (request) != NULL)
      {
        g_ptr_array_add (request->rest, NULL);
        verbs[i].complete (request, (const char * const *) request->rest->pdata);
        return;
      }
}

/* --- the verb --- */

/* Those of one word, or the second words of those that begin with first. */
static void
print_verbs (Request    *request,
             const char *first)
{
  for (guint i = 0; once_verbs[i] != NULL; i++)
    {
      const char *words = once_verbs[i]->words;
      const char *blank = strchr (words, ' ');
      g_autofree char *head = g_strndup (words, blank != NULL ? (gsize) (blank - words) : strlen (words));

      if (first == NULL)
        print_if_fits (request, head, blank == NULL ? _(once_verbs[i]->summary) : NULL);
      else if (blank != NULL && g_str_equal (head, first))
        print_if_fits (request, blank + 1, _(once_verbs[i]->summary));
    }
  if (first == NULL && !request->help)
    print_if_fits (request, "help", _("Show what a verb does, and its options"));
}

/* A word that is not an option, nor the value of one. Returns the first word of a verb of two, until there is the
 * second. */
static const char *
take_plain (Request    *request,
            const char *first,
            const char *word)
{
  if (request->verb == NULL && first == NULL && !request->help && g_str_equal (word, "help"))
    {
      request->help = TRUE;
      return NULL;
    }
  if (request->verb == NULL)
    {
      request->verb = first != NULL ? once_find_verb (first, word) : once_find_verb (word, NULL);
      return request->verb == NULL ? word : NULL;
    }
  if (request->address == NULL && !request->all && (!request->listed || request->verb->addresses))
    request->address = word;
  else
    g_ptr_array_add (request->rest, (gpointer) word);
  return NULL;
}

static gboolean
means_all (const GOptionEntry *entry)
{
  return g_str_equal (entry->long_name, "all") || g_str_equal (entry->long_name, "name") || g_str_equal (entry->long_name, "kind");
}

/* Goes through the words in front of the one that is completed. Returns the first word of a verb of two, if the
 * second is to come. */
static const char *
read_words (Request *request)
{
  const char *first = NULL;

  for (guint i = 1; request->words[i] != NULL; i++)
    {
      const char *word = request->words[i];
      gboolean may_be_option = !request->ended && *word == '-' && word[1] != '\0' &&
                               (request->address == NULL || !request->verb->strict);
      gboolean apart = FALSE;
      const GOptionEntry *entry = may_be_option ? once_find_option (request->verb, word, &apart) : NULL;

      if (entry != NULL && means_all (entry))
        request->all = TRUE;
      else if (entry != NULL && g_str_equal (entry->long_name, "file"))
        request->listed = TRUE;
      if (request->option != NULL)
        request->option = NULL;
      else if (may_be_option && g_str_equal (word, "--"))
        request->ended = TRUE;
      else if (!may_be_option)
        first = take_plain (request, first, word);
      else if (apart)
        request->option = entry;
    }
  return first;
}

static void
complete_once (Request *request)
{
  const char *first = read_words (request);
  gboolean strict = request->address != NULL && request->verb->strict;

  if (request->option != NULL)
    print_option_value (request, request->option, "", request->word.text);
  else if (*request->word.text == '-' && !request->ended && !strict)
    complete_option (request);
  else if (request->verb == NULL)
    print_verbs (request, first);
  else if (request->help)
    return;
  else if ((request->verb->local && !request->verb->addresses) || request->all)
    return;
  else if (request->verb->addresses)
    print_servers (request);
  else if (request->listed)
    complete_rest (request);
  else if (request->address == NULL && request->verb->listens)
    print_addresses (request);
  else if (request->address == NULL)
    print_servers (request);
  else
    complete_rest (request);
}

/* --- the shells --- */

static const GOptionEntry wrap_entries[] = {
  { "hmp", 'H', 0, G_OPTION_ARG_NONE, NULL, N_("Use the human monitor's commands"), NULL },
  { "verbose", 'v', 0, G_OPTION_ARG_NONE, NULL, N_("Show the JSON of what is sent"), NULL },
  { "pretty", 'p', 0, G_OPTION_ARG_NONE, NULL, N_("Show JSON on many lines, indented"), NULL },
  { "logfile", 'l', 0, G_OPTION_ARG_FILENAME, NULL, N_("Append commands, replies and events to FILE"), N_("FILE") },
  { "plain-prompt", 0, 0, G_OPTION_ARG_NONE, NULL, N_("Show neither the machine's name nor its status in the prompt"), NULL },
  { "version", 0, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_NONE, NULL, N_("Show the version and leave"), NULL },
  G_OPTION_ENTRY_NULL
};

static const GOptionEntry shell_entries[] = {
  { "skip-negotiation", 'N', 0, G_OPTION_ARG_NONE, NULL, N_("Expect no greeting and negotiate nothing"), NULL },
  { "guest-agent", 'G', 0, G_OPTION_ARG_NONE, NULL,
    N_("The server is a guest agent: as -N, and get in step with it first"), NULL },
  { "reconnect", 0, 0, G_OPTION_ARG_NONE, NULL, N_("Wait for the server, also when it has gone"), NULL },
  TOOL_TLS_ENTRIES (NULL, NULL, NULL, NULL),
  G_OPTION_ENTRY_NULL
};

/* Whether the value of that option is in the next word. */
static gboolean
has_value_apart (const GOptionEntry *entry,
                 const char         *word)
{
  return once_option_takes_value (entry) && (word[1] == '-' ? strchr (word, '=') == NULL : word[2] == '\0');
}

static const GOptionEntry *
find_shell_option (const char *word,
                   gboolean    is_wrap)
{
  const GOptionEntry *entry = once_find_in_table (wrap_entries, word);

  return entry == NULL && !is_wrap ? once_find_in_table (shell_entries, word) : entry;
}

/* The number of the word that begins the command behind the options; 0: there is none yet. */
static guint
find_command (Request  *request,
              gboolean  is_wrap)
{
  for (guint i = 1; request->words[i] != NULL; i++)
    {
      const char *word = request->words[i];
      const GOptionEntry *entry = *word == '-' ? find_shell_option (word, is_wrap) : NULL;

      if (g_str_equal (word, "--"))
        {
          request->ended = TRUE;
          return request->words[i + 1] != NULL ? i + 1 : 0;
        }
      if (*word != '-')
        return i;
      if (entry != NULL && has_value_apart (entry, word) && request->words[++i] == NULL)
        {
          request->option = entry;
          return 0;
        }
    }
  return 0;
}

static void
complete_shell_option (Request *request,
                       gboolean is_wrap)
{
  const char *sign = strchr (request->word.text, '=');
  const GOptionEntry *entry = sign != NULL ? find_shell_option (request->word.text, is_wrap) : NULL;

  if (entry != NULL && once_option_takes_value (entry))
    {
      printf ("f%.*s\n", (int) (sign + 1 - request->word.text), request->word.text);
      return;
    }
  print_options (request, wrap_entries);
  if (!is_wrap)
    print_options (request, shell_entries);
  print_help_options (request);
}

static void
complete_shell (Request  *request,
                gboolean  is_wrap)
{
  guint command = find_command (request, is_wrap);

  if (request->option != NULL)
    puts ("f");
  else if (*request->word.text == '-' && !request->ended && (command == 0 || !is_wrap))
    complete_shell_option (request, is_wrap);
  else if (!is_wrap && command == 0)
    print_servers (request);
  else if (is_wrap && command == 0)
    puts ("p");
  else if (is_wrap)
    printf ("c%u\n", command);
}

/* --- all of it --- */

static void
print_place (Word *word)
{
  printf ("h%ld %.*s\nt%s\n", word->raw_head, (int) word->head, word->text, word->text);
  if (word->quote != '\0')
    puts ("q");
}

static gboolean
has_control (const char *text)
{
  for (; *text != '\0'; text++)
    if (g_ascii_iscntrl (*text))
      return TRUE;
  return FALSE;
}

static char **
unquote_all (char **raw,
             int    n)
{
  char **words = g_new0 (char *, n + 1);

  for (int i = 0; i < n; i++)
    words[i] = unquote (raw[i]);
  return words;
}

int
once_complete (Once  *once,
               int    argc,
               char **argv)
{
  Request request = { .once = once };
  g_autofree char *program = NULL;

  if (argc < 3)
    return ONCE_STATUS_USAGE;
  /* It would come back in what is printed. */
  if (has_control (argv[argc - 1]))
    return ONCE_STATUS_DONE;
  request.rest = g_ptr_array_new ();
  request.words = unquote_all (argv + 1, argc - 2);
  read_word (&request.word, argv[argc - 1], argv[0]);
  print_place (&request.word);
  program = g_path_get_basename (request.words[0]);
  if (g_str_equal (program, "qmp-shell-wrap"))
    complete_shell (&request, TRUE);
  else if (g_str_equal (program, "qmp-shell"))
    complete_shell (&request, FALSE);
  else
    complete_once (&request);
  g_clear_pointer (&request.completer, tool_completer_free);
  g_ptr_array_unref (request.rest);
  g_strfreev (request.words);
  g_free (request.word.text);
  return ONCE_STATUS_DONE;
}
