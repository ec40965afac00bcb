/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "schema/qmp-schema-private.h"

#include <string.h>

/* The entries of a schema: one command, event or type each. */

void
qmp_schema_slot_clear (QmpSchemaSlot *self)
{
  g_free (self->features);
}

static void
clear_slots (QmpSchemaSlots *slots)
{
  for (guint i = 0; i < slots->n_slots; i++)
    qmp_schema_slot_clear (&slots->slots[i]);
  g_free (slots->slots);
}

void
qmp_schema_entry_free (QmpSchemaEntry *entry)
{
  clear_slots (&entry->members);
  clear_slots (&entry->variants);
  g_free (entry->features);
  g_free (entry);
}

const QmpSchemaEntry *
qmp_schema_find_entry (QmpSchema     *self,
                       QmpSchemaMeta  meta,
                       const char    *name)
{
  const QmpSchemaEntry *entry = g_hash_table_lookup (self->entries, name);

  return entry != NULL && entry->meta == meta ? entry : NULL;
}

const QmpSchemaSlot *
qmp_schema_slots_find (const QmpSchemaSlots *self,
                       const char           *name)
{
  for (guint i = 0; i < self->n_slots; i++)
    if (strcmp (self->slots[i].name, name) == 0)
      return &self->slots[i];
  return NULL;
}

gboolean
qmp_schema_has_word (const char **words,
                     const char  *word)
{
  return words != NULL && g_strv_contains (words, word);
}

char **
qmp_schema_dup_words (const char **words)
{
  return words != NULL ? g_strdupv ((char **) words) : g_new0 (char *, 1);
}

const char *
qmp_schema_json_name (QmpSchemaJson json)
{
  static const char * const names[QMP_SCHEMA_N_JSON] = {
    "value", "string", "number", "int", "boolean", "null", "object", "array",
  };

  return names[json];
}
