/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "shell-complete.h"

#include <string.h>

#include "shell-settings.h"
#include "tool-files.h"
#include "tool-offers.h"
#include "tool-words.h"

static const char * const own[] = { "exit", "help", "set", "source", NULL };

/* Whether a file's name stands there: behind the sign that says where the output goes, or in the command behind "|". */
static gboolean
is_file (const char * const *words)
{
  guint n = g_strv_length ((char **) words);

  if (n == 1 && strcmp (words[0], "source") == 0)
    return TRUE;
  for (guint i = 1; i < n; i++)
    if (strcmp (words[i], "|") == 0)
      return TRUE;
  return n > 1 && (strcmp (words[n - 1], ">") == 0 || strcmp (words[n - 1], ">>") == 0);
}

static void
add_names (ToolOffers         *offers,
           const char * const *names)
{
  for (; *names != NULL; names++)
    tool_offers_add (offers, "", *names, "");
}

/* words: behind "set". */
static void
add_setting (ToolOffers         *offers,
             ToolCompleter      *completer,
             const char * const *words,
             const char         *word,
             gboolean           *late)
{
  if (words[0] == NULL)
    {
      add_names (offers, shell_settings_list ());
      return;
    }
  if (shell_settings_has (words[0]) && words[1] == NULL)
    add_names (offers, shell_settings_list_values (words[0]));
  if (strcmp (words[0], "events") != 0)
    return;
  tool_offers_add_offers (offers, tool_completer_events (completer, word));
  *late = tool_completer_is_late (completer);
}

char **
shell_complete (ToolCompleter *completer,
                const char    *before,
                const char    *word,
                gboolean       hmp,
                gboolean       in_transaction,
                gboolean      *late)
{
  g_auto(GStrv) split = tool_words_split_before (before, word);
  const char * const *words = (const char * const *) split;
  ToolOffers offers;
  char **others;

  *late = FALSE;
  if (words == NULL)
    return NULL;
  tool_offers_init (&offers, word);
  if (is_file (words))
    {
      tool_files_add (&offers, "", word);
    }
  else if (words[0] != NULL && strcmp (words[0], "set") == 0)
    {
      add_setting (&offers, completer, words + 1, word, late);
    }
  else
    {
      others = hmp ? tool_completer_hmp_line (completer, before, word) :
                     tool_completer_line (completer, before, word, in_transaction);
      *late = tool_completer_is_late (completer);
      if (others != NULL)
        tool_offers_add_offers (&offers, others);
      if (words[0] == NULL)
        add_names (&offers, own);
    }
  return tool_offers_end (&offers);
}
