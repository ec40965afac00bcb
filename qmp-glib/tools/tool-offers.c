/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tool-offers.h"

#include <string.h>

/* More than a QEMU has, and as many as a shell script takes in a moment. */
#define MAX_WORDS 4096
#define MAX_NAME 255

void
tool_offers_init (ToolOffers *self,
                  const char *word)
{
  self->word = word;
  self->found = g_ptr_array_new_with_free_func (g_free);
}

/* Names of QMP and of QOM: virtio-blk-pci, device[0], #block123, qemu.sgabios. One that begins with "-" would be an
 * option. */
static gboolean
is_plain (const char *name)
{
  gsize length = strnlen (name, MAX_NAME + 1);

  if (length == 0 || length > MAX_NAME || (!g_ascii_isalnum (*name) && strchr ("_#", *name) == NULL))
    return FALSE;
  for (; *name != '\0'; name++)
    if (!g_ascii_isalnum (*name) && strchr ("_.+-/[]#:@,", *name) == NULL)
      return FALSE;
  return TRUE;
}

void
tool_offers_add (ToolOffers *self,
                 const char *before,
                 const char *name,
                 const char *after)
{
  g_autofree char *word = NULL;

  if (self->found->len == MAX_WORDS || !is_plain (name))
    return;
  word = g_strconcat (before, name, after, NULL);
  if (g_str_has_prefix (word, self->word))
    g_ptr_array_add (self->found, g_steal_pointer (&word));
}

void
tool_offers_add_names (ToolOffers  *self,
                       const char  *before,
                       char       **names)
{
  for (guint i = 0; names[i] != NULL; i++)
    tool_offers_add (self, before, names[i], "");
  g_strfreev (names);
}

void
tool_offers_add_offers (ToolOffers  *self,
                        char       **words)
{
  for (guint i = 0; words[i] != NULL; i++)
    g_ptr_array_add (self->found, words[i]);
  g_free (words);
}

static int
compare_words (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char * const *) a, *(const char * const *) b);
}

char **
tool_offers_end (ToolOffers *self)
{
  g_autoptr(GStrvBuilder) words = g_strv_builder_new ();

  g_ptr_array_sort (self->found, compare_words);
  for (guint i = 0; i < self->found->len; i++)
    if (i == 0 || strcmp (self->found->pdata[i], self->found->pdata[i - 1]) != 0)
      g_strv_builder_add (words, self->found->pdata[i]);
  g_clear_pointer (&self->found, g_ptr_array_unref);
  return g_strv_builder_end (words);
}

gboolean
tool_offers_is_open (const char *word)
{
  gsize length = strlen (word);

  return length > 0 && (strchr ("=.:/", word[length - 1]) != NULL || *word == '/' || strstr (word, "=/") != NULL);
}
