/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "schema/qmp-schema-private.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "json/qmp-json-reader-private.h"

#define MAX_DEPTH 1024

/* The members that the schema's objects have. */
typedef enum {
  KEY_NAME,
  KEY_META_TYPE,
  KEY_JSON_TYPE,
  KEY_ELEMENT_TYPE,
  KEY_MEMBERS,
  KEY_VALUES,
  KEY_TAG,
  KEY_VARIANTS,
  KEY_ARG_TYPE,
  KEY_RET_TYPE,
  KEY_ALLOW_OOB,
  KEY_FEATURES,
  KEY_TYPE,
  KEY_CASE,
  KEY_DEFAULT,
  N_KEYS,
} Key;

static const char * const keys[N_KEYS] = {
  "name", "meta-type", "json-type", "element-type", "members", "values", "tag", "variants", "arg-type", "ret-type",
  "allow-oob", "features", "type", "case", "default",
};

typedef struct {
  QmpSchema    *schema;
  QmpJsonSlice  values[N_KEYS];    /* of the object being read; length 0 for those that it does not have */
  const char   *name;              /* nullable: of the entry being read, for error texts */
  GHashTable   *kept;              /* of strings of the schema's */
  GHashTable   *seen;              /* of names: has the entry this one already? */
  GError      **error;
} Loader;

G_GNUC_PRINTF (2, 3)
static gboolean
refuse (Loader     *loader,
        const char *format,
        ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (loader->error, QMP_SCHEMA_ERROR, QMP_SCHEMA_ERROR_INVALID, _("Not a schema: entry “%.60s”: %s"),
               loader->name != NULL ? loader->name : "?", text);
  return FALSE;
}

/* --- reading one object --- */

static gboolean
pick (Loader       *loader,
      QmpJsonSlice  object)
{
  QmpJsonCursor cursor;
  QmpJsonSlice key, value;

  memset (loader->values, 0, sizeof loader->values);
  if (*object.text != '{')
    return refuse (loader, _("an object was expected"));

  qmp_json_cursor_init (&cursor, object.text, object.length);
  while (qmp_json_cursor_next_member (&cursor, &key, &value))
    for (guint i = 0; i < N_KEYS; i++)
      if (qmp_json_string_equal (key.text, key.length, keys[i]))
        loader->values[i] = value;
  return TRUE;
}

static const char *
keep (Loader       *loader,
      QmpJsonSlice  string)
{
  g_autofree char *plain = qmp_json_dup_string (string.text, string.length);
  char *kept = g_hash_table_lookup (loader->kept, plain);

  if (kept == NULL)
    {
      kept = g_string_chunk_insert (loader->schema->strings, plain);
      g_hash_table_add (loader->kept, kept);
    }
  return kept;
}

static gboolean
read_string (Loader      *loader,
             Key          key,
             const char **string)
{
  QmpJsonSlice value = loader->values[key];

  if (value.length == 0 || *value.text != '"')
    return refuse (loader, _("“%s” is missing, or not a string"), keys[key]);
  *string = keep (loader, value);
  return TRUE;
}

/* Leaves *words as it is if there is no such member. */
static gboolean
read_words (Loader       *loader,
            Key           key,
            const char ***words)
{
  g_autoptr(GPtrArray) array = NULL;
  QmpJsonSlice value = loader->values[key];
  QmpJsonCursor cursor;

  if (value.length == 0)
    return TRUE;
  if (*value.text != '[')
    return refuse (loader, _("“%s” is not a list"), keys[key]);

  array = g_ptr_array_new ();
  qmp_json_cursor_init (&cursor, value.text, value.length);
  while (qmp_json_cursor_next_element (&cursor, &value))
    {
      if (*value.text != '"')
        return refuse (loader, _("“%s” is not a list of strings"), keys[key]);
      g_ptr_array_add (array, (char *) keep (loader, value));
    }
  g_ptr_array_add (array, NULL);
  *words = (const char **) g_ptr_array_free (g_steal_pointer (&array), FALSE);
  return TRUE;
}

/* --- reading slots --- */

static gboolean
read_default (Loader        *loader,
              QmpSchemaSlot *slot)
{
  QmpJsonSlice value = loader->values[KEY_DEFAULT];

  if (value.length > 0)
    slot->default_text = g_string_chunk_insert_len (loader->schema->strings, value.text, value.length);
  return TRUE;
}

static gboolean
read_member (Loader        *loader,
             QmpSchemaSlot *slot)
{
  return read_string (loader, KEY_NAME, &slot->name) && read_string (loader, KEY_TYPE, &slot->type_name) &&
         read_default (loader, slot) && read_words (loader, KEY_FEATURES, &slot->features);
}

static gboolean
read_enum_value (Loader        *loader,
                 QmpSchemaSlot *slot)
{
  return read_string (loader, KEY_NAME, &slot->name) && read_words (loader, KEY_FEATURES, &slot->features);
}

static gboolean
read_alternative (Loader        *loader,
                  QmpSchemaSlot *slot)
{
  return read_string (loader, KEY_TYPE, &slot->type_name);
}

static gboolean
read_variant (Loader        *loader,
              QmpSchemaSlot *slot)
{
  return read_string (loader, KEY_CASE, &slot->name) && read_string (loader, KEY_TYPE, &slot->type_name);
}

/* The strings are kept: a name that comes again is the same pointer. */
static gboolean
note_seen (Loader     *loader,
           const char *name)
{
  if (name != NULL && !g_hash_table_add (loader->seen, (char *) name))
    return refuse (loader, _("“%.60s” comes twice"), name);
  return TRUE;
}

/* The list in key, each element by read(); there need not be one. Uses up the loader's values. */
static gboolean
read_slots (Loader          *loader,
            Key              key,
            gboolean       (*read) (Loader *, QmpSchemaSlot *),
            QmpSchemaSlots  *slots)
{
  g_autoptr(GArray) array = NULL;
  QmpJsonSlice value = loader->values[key];
  QmpJsonCursor cursor;

  if (value.length == 0)
    return TRUE;
  if (*value.text != '[')
    return refuse (loader, _("“%s” is not a list"), keys[key]);

  array = g_array_new (FALSE, TRUE, sizeof (QmpSchemaSlot));
  g_array_set_clear_func (array, (GDestroyNotify) qmp_schema_slot_clear);
  g_hash_table_remove_all (loader->seen);
  qmp_json_cursor_init (&cursor, value.text, value.length);
  while (qmp_json_cursor_next_element (&cursor, &value))
    {
      g_array_set_size (array, array->len + 1);
      if (!pick (loader, value) ||
          !read (loader, &g_array_index (array, QmpSchemaSlot, array->len - 1)) ||
          !note_seen (loader, g_array_index (array, QmpSchemaSlot, array->len - 1).name))
        return FALSE;
    }
  slots->n_slots = array->len;
  slots->slots = (QmpSchemaSlot *) g_array_free (g_steal_pointer (&array), FALSE);
  return TRUE;
}

/* --- reading entries --- */

static gboolean
read_builtin (Loader         *loader,
              QmpSchemaEntry *entry)
{
  const char *name = NULL;

  if (!read_string (loader, KEY_JSON_TYPE, &name))
    return FALSE;
  /* What is not known is any value. */
  for (guint i = 0; i < QMP_SCHEMA_N_JSON; i++)
    if (strcmp (name, qmp_schema_json_name (i)) == 0)
      entry->json = i;
  return TRUE;
}

/* QEMU before 6.2 has only "values". */
static gboolean
read_old_enum (Loader         *loader,
               QmpSchemaEntry *entry)
{
  g_autofree const char **words = NULL;
  guint n;

  if (loader->values[KEY_VALUES].length == 0)
    return refuse (loader, _("“%s” is missing"), keys[KEY_MEMBERS]);
  if (!read_words (loader, KEY_VALUES, &words))
    return FALSE;

  n = g_strv_length ((char **) words);
  entry->members.slots = g_new0 (QmpSchemaSlot, n);
  entry->members.n_slots = n;
  g_hash_table_remove_all (loader->seen);
  for (guint i = 0; i < n; i++)
    {
      entry->members.slots[i].name = words[i];
      if (!note_seen (loader, words[i]))
        return FALSE;
    }
  return TRUE;
}

static gboolean
read_enum (Loader         *loader,
           QmpSchemaEntry *entry)
{
  entry->kind = QMP_SCHEMA_KIND_ENUM;
  entry->json = QMP_SCHEMA_JSON_STRING;
  if (loader->values[KEY_MEMBERS].length == 0)
    return read_old_enum (loader, entry);
  return read_slots (loader, KEY_MEMBERS, read_enum_value, &entry->members);
}

static gboolean
read_array (Loader         *loader,
            QmpSchemaEntry *entry)
{
  entry->kind = QMP_SCHEMA_KIND_ARRAY;
  entry->json = QMP_SCHEMA_JSON_ARRAY;
  return read_string (loader, KEY_ELEMENT_TYPE, &entry->argument.type_name);
}

static gboolean
read_object (Loader         *loader,
             QmpSchemaEntry *entry)
{
  QmpJsonSlice variants = loader->values[KEY_VARIANTS];

  entry->kind = QMP_SCHEMA_KIND_OBJECT;
  entry->json = QMP_SCHEMA_JSON_OBJECT;
  if (loader->values[KEY_TAG].length > 0 && !read_string (loader, KEY_TAG, &entry->tag_name))
    return FALSE;
  if (loader->values[KEY_MEMBERS].length == 0)
    return refuse (loader, _("“%s” is missing"), keys[KEY_MEMBERS]);
  if (!read_slots (loader, KEY_MEMBERS, read_member, &entry->members))
    return FALSE;

  loader->values[KEY_VARIANTS] = variants;
  return read_slots (loader, KEY_VARIANTS, read_variant, &entry->variants);
}

static gboolean
read_alternate (Loader         *loader,
                QmpSchemaEntry *entry)
{
  entry->kind = QMP_SCHEMA_KIND_ALTERNATE;
  return read_slots (loader, KEY_MEMBERS, read_alternative, &entry->members);
}

static gboolean
read_command (Loader         *loader,
              QmpSchemaEntry *entry)
{
  QmpJsonSlice allow_oob = loader->values[KEY_ALLOW_OOB];

  entry->meta = QMP_SCHEMA_META_COMMAND;
  entry->allow_oob = allow_oob.length > 0 && *allow_oob.text == 't';
  return read_string (loader, KEY_ARG_TYPE, &entry->argument.type_name) &&
         read_string (loader, KEY_RET_TYPE, &entry->result.type_name);
}

static gboolean
read_event (Loader         *loader,
            QmpSchemaEntry *entry)
{
  entry->meta = QMP_SCHEMA_META_EVENT;
  return read_string (loader, KEY_ARG_TYPE, &entry->argument.type_name);
}

static const struct {
  const char *meta_type;
  gboolean  (*read) (Loader *, QmpSchemaEntry *);
} readers[] = {
  { "builtin", read_builtin },
  { "enum", read_enum },
  { "array", read_array },
  { "object", read_object },
  { "alternate", read_alternate },
  { "command", read_command },
  { "event", read_event },
};

static gboolean
read_entry (Loader       *loader,
            QmpJsonSlice  text)
{
  g_autoptr(QmpSchemaEntry) entry = g_new0 (QmpSchemaEntry, 1);
  const char *meta_type = NULL;

  loader->name = NULL;
  if (!pick (loader, text) || !read_string (loader, KEY_NAME, &entry->name))
    return FALSE;
  loader->name = entry->name;
  if (g_hash_table_contains (loader->schema->entries, entry->name))
    return refuse (loader, _("its name comes twice"));
  if (!read_string (loader, KEY_META_TYPE, &meta_type) || !read_words (loader, KEY_FEATURES, &entry->features))
    return FALSE;

  /* One that is not known stays a builtin type: any value. */
  for (guint i = 0; i < G_N_ELEMENTS (readers); i++)
    if (strcmp (meta_type, readers[i].meta_type) == 0 && !readers[i].read (loader, entry))
      return FALSE;
  g_hash_table_insert (loader->schema->entries, (char *) entry->name, entry);
  entry = NULL;
  return TRUE;
}

/* --- tying them together --- */

static gboolean
tie_slot (Loader        *loader,
          QmpSchemaSlot *slot)
{
  if (slot->type_name == NULL)
    return TRUE;
  slot->type = g_hash_table_lookup (loader->schema->entries, slot->type_name);
  if (slot->type == NULL || slot->type->meta != QMP_SCHEMA_META_TYPE)
    return refuse (loader, _("there is no type “%.60s”"), slot->type_name);
  return TRUE;
}

static gboolean
tie_slots (Loader         *loader,
           QmpSchemaSlots *slots)
{
  for (guint i = 0; i < slots->n_slots; i++)
    if (!tie_slot (loader, &slots->slots[i]))
      return FALSE;
  return TRUE;
}

static gboolean
tie_variants (Loader         *loader,
              QmpSchemaEntry *entry)
{
  if (entry->tag_name == NULL)
    return entry->variants.n_slots == 0 || refuse (loader, _("it has variants, but no tag"));
  entry->tag = qmp_schema_slots_find (&entry->members, entry->tag_name);
  if (entry->tag == NULL || entry->tag->type->kind != QMP_SCHEMA_KIND_ENUM)
    return refuse (loader, _("its tag “%.60s” is not a member with a list of values"), entry->tag_name);
  for (guint i = 0; i < entry->variants.n_slots; i++)
    if (entry->variants.slots[i].type->kind != QMP_SCHEMA_KIND_OBJECT)
      return refuse (loader, _("the variant “%.60s” is not an object"), entry->variants.slots[i].name);
  return TRUE;
}

static gboolean
tie_entry (Loader         *loader,
           QmpSchemaEntry *entry)
{
  loader->name = entry->name;
  if (!tie_slots (loader, &entry->members) || !tie_slots (loader, &entry->variants) ||
      !tie_slot (loader, &entry->argument) || !tie_slot (loader, &entry->result) || !tie_variants (loader, entry))
    return FALSE;
  if (entry->meta != QMP_SCHEMA_META_TYPE && entry->argument.type->kind != QMP_SCHEMA_KIND_OBJECT)
    return refuse (loader, _("“%s” is not an object"), keys[KEY_ARG_TYPE]);
  return TRUE;
}

static gboolean measure (Loader         *loader,
                         QmpSchemaEntry *entry,
                         int             level);

static gboolean
measure_part (Loader         *loader,
              QmpSchemaEntry *entry,
              QmpSchemaEntry *part,
              int             level)
{
  if (!measure (loader, part, level + 1))
    return FALSE;
  entry->height = MAX (entry->height, part->height + 1);
  return TRUE;
}

/* How many types a type contains without a member between. Finds those that contain themselves. Recursion ends at
 * QMP_SCHEMA_MAX_HEIGHT levels, and what was measured is not measured again. */
static gboolean
measure_parts (Loader         *loader,
               QmpSchemaEntry *entry,
               int             level)
{
  const QmpSchemaSlots *slots = entry->kind == QMP_SCHEMA_KIND_ALTERNATE ? &entry->members : &entry->variants;

  if (entry->kind == QMP_SCHEMA_KIND_ARRAY && !measure_part (loader, entry, entry->argument.type, level))
    return FALSE;
  for (guint i = 0; i < slots->n_slots; i++)
    if (!measure_part (loader, entry, slots->slots[i].type, level))
      return FALSE;
  return TRUE;
}

static gboolean
measure (Loader         *loader,
         QmpSchemaEntry *entry,
         int             level)
{
  loader->name = entry->name;
  if (entry->height < 0)
    return refuse (loader, _("the type contains itself"));
  if (entry->height > 0)
    return level + entry->height <= QMP_SCHEMA_MAX_HEIGHT || refuse (loader, _("types are nested too deeply"));
  if (level >= QMP_SCHEMA_MAX_HEIGHT)
    return refuse (loader, _("types are nested too deeply"));

  entry->height = -1;
  if (!measure_parts (loader, entry, level))
    return FALSE;
  entry->height = MAX (entry->height, 1);
  return TRUE;
}

/* An alternate's types have to be told apart by what the value is. */
static gboolean
check_alternate (Loader         *loader,
                 QmpSchemaEntry *entry)
{
  loader->name = entry->name;
  for (guint i = 0; entry->kind == QMP_SCHEMA_KIND_ALTERNATE && i < entry->members.n_slots; i++)
    if (entry->members.slots[i].type->kind == QMP_SCHEMA_KIND_ALTERNATE)
      return refuse (loader, _("an alternate has an alternate in it"));
  return TRUE;
}

static gboolean
tie (Loader *loader)
{
  GHashTableIter iter;
  QmpSchemaEntry *entry;

  g_hash_table_iter_init (&iter, loader->schema->entries);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &entry))
    if (!tie_entry (loader, entry))
      return FALSE;
  g_hash_table_iter_init (&iter, loader->schema->entries);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &entry))
    if (!check_alternate (loader, entry) || !measure (loader, entry, 0))
      return FALSE;
  return TRUE;
}

/* --- the whole --- */

gboolean
qmp_schema_load (QmpSchema   *self,
                 const char  *text,
                 gsize        length,
                 GError     **error)
{
  g_autoptr(GHashTable) kept = g_hash_table_new (qmp_json_hash_name, g_str_equal);
  g_autoptr(GHashTable) seen = g_hash_table_new (NULL, NULL);
  Loader loader = { .schema = self, .kept = kept, .seen = seen, .error = error };
  QmpJsonCursor cursor;
  QmpJsonSlice value;

  qmp_json_cursor_init (&cursor, text, length);
  while (qmp_json_cursor_next_element (&cursor, &value))
    if (!read_entry (&loader, value))
      return FALSE;
  return tie (&loader);
}

gboolean
qmp_schema_locate (GBytes        *bytes,
                   QmpJsonSlice  *array,
                   GError       **error)
{
  gsize length;
  const char *text = g_bytes_get_data (bytes, &length);
  QmpJsonOutline outline;

  if (!qmp_json_check (text, length, MAX_DEPTH, &outline, error))
    return FALSE;
  array->text = qmp_json_skip_spaces (text, text + length);
  if (outline.kind == QMP_JSON_OBJECT)
    array->text = text + outline.members[QMP_JSON_KEY_RETURN].start;
  array->length = qmp_json_skip_value (array->text, text + length) - array->text;
  if (*array->text == '[')
    return TRUE;

  g_set_error_literal (error, QMP_SCHEMA_ERROR, QMP_SCHEMA_ERROR_INVALID,
                       _("Not a schema: neither an array nor a reply that has one"));
  return FALSE;
}
