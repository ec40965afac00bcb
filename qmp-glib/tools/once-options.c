/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#include "once.h"
#include "tool-suggest.h"

/* Which words of a command line are options, for those who have to know before GOption does: it can stand in front
 * of the verb that knows it. */

gboolean
once_is_option (const char *word)
{
  return *word == '-' && word[1] != '\0';
}

gboolean
once_is_help (const char *word)
{
  return g_str_equal (word, "--help") || g_str_equal (word, "--help-all") || g_str_equal (word, "-h") ||
         g_str_equal (word, "-?");
}

gboolean
once_option_takes_value (const GOptionEntry *entry)
{
  return entry->arg != G_OPTION_ARG_NONE && (entry->flags & G_OPTION_FLAG_NO_ARG) == 0;
}

static const GOptionEntry *
find_long (const GOptionEntry *entries,
           const char         *name,
           gsize               length)
{
  for (; entries != NULL && entries->long_name != NULL; entries++)
    if (strlen (entries->long_name) == length && strncmp (entries->long_name, name, length) == 0)
      return entries;
  return NULL;
}

static const GOptionEntry *
find_short (const GOptionEntry *entries,
            char                letter)
{
  for (; entries != NULL && entries->long_name != NULL; entries++)
    if (entries->short_name == letter)
      return entries;
  return NULL;
}

const GOptionEntry *
once_find_in_table (const GOptionEntry *entries,
                    const char         *word)
{
  return word[1] == '-' ? find_long (entries, word + 2, strcspn (word + 2, "=")) : find_short (entries, word[1]);
}

static const GOptionEntry *
find_one (const OnceVerb *verb,
          const char     *word)
{
  const GOptionEntry *entry = once_find_in_table (once_common_entries, word);

  if (entry == NULL)
    entry = once_find_in_table (once_output_entries, word);
  if (entry == NULL && (verb == NULL || verb->many))
    entry = once_find_in_table (once_many_entries, word);
  if (entry != NULL || verb != NULL)
    return entry != NULL ? entry : once_find_in_table (verb->entries, word);
  for (guint i = 0; once_verbs[i] != NULL && entry == NULL; i++)
    entry = once_find_in_table (once_verbs[i]->entries, word);
  return entry;
}

const GOptionEntry *
once_find_option (const OnceVerb *verb,
                  const char     *word,
                  gboolean       *value_apart)
{
  const GOptionEntry *entry = find_one (verb, word);

  *value_apart = FALSE;
  if (word[1] == '-')
    {
      *value_apart = entry != NULL && once_option_takes_value (entry) && strchr (word, '=') == NULL;
      return entry;
    }
  /* Letters together: of "-jt" it is "t", whose value is the next word, as always with GOption. */
  for (guint i = 1; entry != NULL && word[i] != '\0'; i++)
    {
      const char letter[] = { '-', word[i], '\0' };

      entry = find_one (verb, letter);
      if (entry != NULL && once_option_takes_value (entry))
        {
          *value_apart = TRUE;
          return word[i + 1] == '\0' ? entry : NULL;
        }
    }
  return entry;
}

static void
add_names (GPtrArray          *names,
           const GOptionEntry *entries)
{
  for (; entries != NULL && entries->long_name != NULL; entries++)
    g_ptr_array_add (names, g_strconcat ("--", entries->long_name, NULL));
}

gboolean
once_fail_by_option (const OnceVerb  *verb,
                     const char      *word,
                     GError         **error)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *name = g_strndup (word, strcspn (word, "="));
  g_autofree char *hint = NULL;

  add_names (names, once_common_entries);
  add_names (names, once_output_entries);
  if (verb != NULL)
    add_names (names, verb->entries);
  if (verb != NULL && verb->many)
    add_names (names, once_many_entries);
  g_ptr_array_add (names, g_strdup ("--help"));
  g_ptr_array_add (names, NULL);
  hint = word[1] == '-' ? tool_suggest_hint (name, (const char * const *) names->pdata) : g_strdup ("");
  return once_fail (error, ONCE_STATUS_USAGE, _("Unknown option %s%s"), name, hint);
}
