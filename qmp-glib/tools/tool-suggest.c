/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tool-suggest.h"

#include <glib/gi18n.h>
#include <string.h>

/* No name of ours is longer. */
#define MAX_NAME 32

/* --- names --- */

/* How many letters are too many, missing, wrong, or in each other's place. */
static guint
count_mistakes (const char *word,
                const char *name)
{
  guint n_word = strlen (word), n_name = strlen (name);
  guint table[MAX_NAME + 1][MAX_NAME + 1];

  for (guint i = 0; i <= n_word; i++)
    for (guint j = 0; j <= n_name; j++)
      {
        guint *cell = &table[i][j];

        *cell = i == 0 || j == 0 ? i + j : table[i - 1][j - 1] + (word[i - 1] != name[j - 1]);
        if (i == 0 || j == 0)
          continue;
        *cell = MIN (*cell, MIN (table[i - 1][j], table[i][j - 1]) + 1);
        if (i > 1 && j > 1 && word[i - 1] == name[j - 2] && word[i - 2] == name[j - 1])
          *cell = MIN (*cell, table[i - 2][j - 2] + 1);
      }
  return table[n_word][n_name];
}

const char *
tool_suggest_name (const char         *word,
                   const char * const *names)
{
  guint length = strlen (word);
  guint least = length / 3 + 2;   /* mistakes that are too many */
  const char *best = NULL;

  for (; *names != NULL && length > 0 && length <= MAX_NAME; names++)
    {
      guint n_mistakes = strlen (*names) <= MAX_NAME ? count_mistakes (word, *names) : G_MAXUINT;

      /* A name that was not finished is likelier than one that was mistyped. */
      if (g_str_has_prefix (*names, word))
        return *names;
      /* Another word is not a mistyped one. */
      if (n_mistakes >= MAX (length, strlen (*names)) || n_mistakes >= least)
        continue;
      least = n_mistakes;
      best = *names;
    }
  return best;
}

char *
tool_suggest_hint (const char         *word,
                   const char * const *names)
{
  const char *name = tool_suggest_name (word, names);

  return name != NULL ? g_strdup_printf (_(" (did you mean “%s”?)"), name) : g_strdup ("");
}

/* --- commands --- */

static char *
describe_problem (QmpSchemaProblem *problem)
{
  const char *path = qmp_schema_problem_get_path (problem);
  const char *suggestion = qmp_schema_problem_get_suggestion (problem);
  const char *member = g_str_has_prefix (path, "arguments.") ? path + strlen ("arguments.") : NULL;

  if (member == NULL)
    return g_strdup_printf (_("did you mean “%s”?"), suggestion);
  if (qmp_schema_problem_get_found (problem) == NULL)
    return g_strdup_printf (_("you wrote “%s”; did you mean “%s”?"), member, suggestion);
  return g_strdup_printf (_("for “%s” did you mean “%s”?"), member, suggestion);
}

char *
tool_suggest_command (QmpSchema  *schema,
                      QmpMessage *command)
{
  GList *problems = qmp_schema_list_problems (schema, command);
  char *text = NULL;

  for (GList *l = problems; l != NULL && text == NULL; l = l->next)
    if (qmp_schema_problem_get_suggestion (l->data) != NULL)
      text = describe_problem (l->data);
  g_list_free_full (problems, g_object_unref);
  return text;
}
