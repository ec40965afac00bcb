/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "schema/qmp-schema-private.h"

#include <string.h>

/* Longer names are not compared: the work for a pair is the square of this at most. */
#define MAX_LENGTH 64

static guint
least (guint a,
       guint b,
       guint c)
{
  return MIN (a, MIN (b, c));
}

/* How many letters have to be put in, left out, changed, or swapped with their neighbour. "_" and "-" are the same:
 * most often it is one for the other. */
static guint
distance (const char *a,
          guint       n_a,
          const char *b,
          guint       n_b)
{
  guint rows[3][MAX_LENGTH + 1];
  guint *before = rows[0], *last = rows[1], *row = rows[2];

  for (guint j = 0; j <= n_b; j++)
    last[j] = j;
  for (guint i = 1; i <= n_a; i++)
    {
      guint *spare = before;

      row[0] = i;
      for (guint j = 1; j <= n_b; j++)
        {
          row[j] = least (last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
          if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
            row[j] = MIN (row[j], before[j - 2] + 1);
        }
      before = last;
      last = row;
      row = spare;
    }
  return last[n_b];
}

static guint
fold (const char *name,
      char       *folded)
{
  guint length = strlen (name);

  for (guint i = 0; i < length; i++)
    folded[i] = name[i] == '_' ? '-' : g_ascii_tolower (name[i]);
  return length;
}

/* A third of the letters may be wrong. */
void
qmp_schema_nearest_init (QmpSchemaNearest *self,
                         const char       *wanted)
{
  self->wanted = wanted;
  self->best = NULL;
  self->most = strlen (wanted) / 3 + 1;
  self->distance = self->most;
  self->unfinished = FALSE;
}

/* A name that was not finished is likelier than one that was mistyped. Of several that are as near, the first in the
 * alphabet is taken: a table has no order. */
static gboolean
is_better (QmpSchemaNearest *self,
           gboolean          unfinished,
           guint             n_wrong,
           const char       *name)
{
  if (self->best != NULL && unfinished != self->unfinished)
    return unfinished;
  if (n_wrong != self->distance)
    return n_wrong < self->distance;
  return self->best == NULL || strcmp (name, self->best) < 0;
}

void
qmp_schema_nearest_offer (QmpSchemaNearest *self,
                          const char       *name)
{
  char wanted[MAX_LENGTH], offered[MAX_LENGTH];
  guint n_wanted, n_offered, n_wrong;
  gboolean unfinished;

  if (strlen (self->wanted) > MAX_LENGTH || strlen (name) > MAX_LENGTH)
    return;
  n_wanted = fold (self->wanted, wanted);
  n_offered = fold (name, offered);
  if ((n_wanted > n_offered ? n_wanted - n_offered : n_offered - n_wanted) > self->most)
    return;

  n_wrong = distance (wanted, n_wanted, offered, n_offered);
  unfinished = n_offered > n_wanted && memcmp (wanted, offered, n_wanted) == 0;
  if (n_wrong <= self->most && n_wrong < MAX (n_wanted, n_offered) && is_better (self, unfinished, n_wrong, name))
    {
      self->best = name;
      self->distance = n_wrong;
      self->unfinished = unfinished;
    }
}

void
qmp_schema_nearest_offer_slots (QmpSchemaNearest     *self,
                                const QmpSchemaSlots *slots)
{
  for (guint i = 0; i < slots->n_slots; i++)
    if (slots->slots[i].name != NULL)
      qmp_schema_nearest_offer (self, slots->slots[i].name);
}

void
qmp_schema_nearest_offer_entries (QmpSchemaNearest *self,
                                  QmpSchema        *schema,
                                  QmpSchemaMeta     meta)
{
  GHashTableIter iter;
  QmpSchemaEntry *entry;

  g_hash_table_iter_init (&iter, schema->entries);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &entry))
    if (entry->meta == meta)
      qmp_schema_nearest_offer (self, entry->name);
}
