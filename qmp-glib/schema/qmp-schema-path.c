/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "schema/qmp-schema-private.h"

#include <string.h>

#include <glib/gi18n-lib.h>

/* What a path may have, and cost: alternates make it branch. */
#define MAX_PARTS 256
#define MAX_STEPS 10000

typedef struct {
  QmpSchema            *schema;
  char                **parts;
  guint                 n_steps;
  const QmpSchemaEntry *type;          /* nullable: the type found */
  guint                 furthest;      /* the part that was not found */
  const char           *suggestion;    /* nullable: for it */
} Walk;

/* --- tests, which end a path --- */

static void
fail_at (Walk                 *walk,
         guint                 index,
         const QmpSchemaSlots *slots)
{
  QmpSchemaNearest nearest;
  const char *wanted = walk->parts[index];

  if (index < walk->furthest || (index == walk->furthest && walk->suggestion != NULL))
    return;

  walk->furthest = index;
  if (strchr ("*+^ ", *wanted) != NULL)
    wanted++;
  qmp_schema_nearest_init (&nearest, wanted);
  if (slots != NULL)
    qmp_schema_nearest_offer_slots (&nearest, slots);
  walk->suggestion = nearest.best;
}

static gboolean
test_value (Walk                 *walk,
            guint                 index,
            const QmpSchemaEntry *type)
{
  const QmpSchemaSlot *value = NULL;

  if (type->kind == QMP_SCHEMA_KIND_ENUM)
    value = qmp_schema_slots_find (&type->members, walk->parts[index] + 1);
  if (value == NULL)
    {
      fail_at (walk, index, type->kind == QMP_SCHEMA_KIND_ENUM ? &type->members : NULL);
      return FALSE;
    }
  walk->type = type;
  if (walk->parts[index + 1] == NULL || qmp_schema_has_word (value->features, walk->parts[index + 1] + 1))
    return TRUE;

  fail_at (walk, index + 1, NULL);
  return FALSE;
}

/* features: of the member that led to type, nullable. */
static gboolean
run_test (Walk                 *walk,
          guint                 index,
          const QmpSchemaEntry *type,
          const char          **features)
{
  const char *part = walk->parts[index];

  if (*part == '^')
    return test_value (walk, index, type);
  walk->type = type;
  if (*part == '$' && (qmp_schema_has_word (features, part + 1) || qmp_schema_has_word (type->features, part + 1)))
    return TRUE;
  if (*part == '!' && strcmp (qmp_schema_json_name (type->json), part + 1) == 0)
    return TRUE;

  fail_at (walk, index, NULL);
  return FALSE;
}

/* --- steps --- */

static gboolean follow (Walk                 *walk,
                        guint                 index,
                        const QmpSchemaEntry *type,
                        const char          **features);

static gboolean
enter (Walk                 *walk,
       guint                 index,
       const QmpSchemaEntry *type)
{
  const char *part = walk->parts[index];
  const QmpSchemaSlots *slots = *part == '+' ? &type->variants : &type->members;
  gboolean plain = strchr ("+*[ ", *part) == NULL;
  const QmpSchemaSlot *slot = NULL;

  if (type->kind == QMP_SCHEMA_KIND_OBJECT)
    slot = qmp_schema_slots_find (slots, plain ? part : part + 1);
  if (slot == NULL || (*part == '*' && slot->default_text == NULL))
    {
      fail_at (walk, index, slot == NULL && type->kind == QMP_SCHEMA_KIND_OBJECT ? slots : NULL);
      return FALSE;
    }
  return follow (walk, index + 1, slot->type, slot->features);
}

static gboolean
follow_array (Walk                 *walk,
              guint                 index,
              const QmpSchemaEntry *type,
              const char          **features)
{
  if (strcmp (walk->parts[index], "[]") == 0)
    return follow (walk, index + 1, type->argument.type, NULL);
  return follow (walk, index, type->argument.type, features);
}

static gboolean
follow_alternate (Walk                 *walk,
                  guint                 index,
                  const QmpSchemaEntry *type,
                  const char          **features)
{
  for (guint i = 0; i < type->members.n_slots; i++)
    if (follow (walk, index, type->members.slots[i].type, features))
      return TRUE;
  return FALSE;
}

/* Recursion is as deep as the path is long and types are high. */
static gboolean
follow (Walk                 *walk,
        guint                 index,
        const QmpSchemaEntry *type,
        const char          **features)
{
  const char *part = walk->parts[index];
  gboolean is_test = part != NULL && *part != '\0' && strchr ("^$!", *part) != NULL;

  if (part == NULL)
    {
      walk->type = type;
      return TRUE;
    }
  if (++walk->n_steps > MAX_STEPS)
    return FALSE;
  if (is_test && run_test (walk, index, type, features))
    return TRUE;
  if (type->kind == QMP_SCHEMA_KIND_ARRAY)
    return follow_array (walk, index, type, features);
  if (type->kind == QMP_SCHEMA_KIND_ALTERNATE)
    return follow_alternate (walk, index, type, features);
  return !is_test && enter (walk, index, type);
}

/* --- the beginning of a path --- */

static gboolean
test_named (Walk                 *walk,
            const QmpSchemaEntry *entry)
{
  const char *part = walk->parts[1];

  if (*part == '$' && qmp_schema_has_word (entry->features, part + 1))
    return TRUE;
  if (strcmp (part, "!allow-oob") == 0 && entry->allow_oob)
    return TRUE;

  fail_at (walk, 1, NULL);
  return FALSE;
}

static gboolean
walk_from (Walk                 *walk,
           const QmpSchemaEntry *entry)
{
  const char *part = walk->parts[1];

  if (part == NULL)
    return TRUE;
  if (*part == '$' || *part == '!')
    return test_named (walk, entry);
  if (strcmp (part, "arg-type") == 0)
    return follow (walk, 2, entry->argument.type, NULL);
  if (entry->result.type != NULL)
    return follow (walk, 2, entry->result.type, NULL);

  fail_at (walk, 1, NULL);
  return FALSE;
}

static gboolean
walk_path (Walk *walk)
{
  const QmpSchemaEntry *entry = g_hash_table_lookup (walk->schema->entries, walk->parts[0]);
  QmpSchemaNearest nearest;

  if (entry != NULL && entry->meta != QMP_SCHEMA_META_TYPE)
    return walk_from (walk, entry);

  qmp_schema_nearest_init (&nearest, walk->parts[0]);
  qmp_schema_nearest_offer_entries (&nearest, walk->schema, QMP_SCHEMA_META_COMMAND);
  qmp_schema_nearest_offer_entries (&nearest, walk->schema, QMP_SCHEMA_META_EVENT);
  walk->suggestion = nearest.best;
  return FALSE;
}

/* --- syntax --- */

static gboolean
ends_path (char **parts,
           guint  index)
{
  const char *next = parts[index + 1];

  return next == NULL || (*parts[index] == '^' && *next == '$' && parts[index + 2] == NULL);
}

static const char *
find_fault (char  **parts,
            guint   index)
{
  const char *part = parts[index];

  if (*part == '\0' || (strchr ("*+^!$ ", *part) != NULL && part[1] == '\0'))
    return _("a name is missing");
  if (index == 0)
    return NULL;
  if (index == 1 && !g_str_equal (part, "arg-type") && !g_str_equal (part, "ret-type") && *part != '$' && *part != '!')
    return _("“arg-type” or “ret-type” has to follow the name of the command or event");
  if (strchr ("^!$", *part) != NULL && !ends_path (parts, index))
    return _("nothing can follow this");
  return NULL;
}

static gboolean
check_syntax (const char  *path,
              char       **parts,
              GError     **error)
{
  const char *fault = g_strv_length (parts) > MAX_PARTS || parts[0] == NULL ? _("it is too long, or empty") : NULL;
  guint i = 0;

  while (fault == NULL && parts[i] != NULL)
    fault = find_fault (parts, i++);
  if (fault == NULL)
    return TRUE;

  g_set_error (error, QMP_SCHEMA_ERROR, QMP_SCHEMA_ERROR_SYNTAX, _("Not a path: “%.200s”: at “%.60s”: %s"), path,
               i > 0 ? parts[i - 1] : "", fault);
  return FALSE;
}

static void
set_not_found (Walk        *walk,
               const char  *path,
               GError     **error)
{
  /* A name alone is all of the path. */
  if (walk->suggestion != NULL && walk->parts[1] == NULL)
    g_set_error (error, QMP_SCHEMA_ERROR, QMP_SCHEMA_ERROR_NOT_FOUND, _("The server has no “%.200s”, but “%.60s”"), path,
                 walk->suggestion);
  else if (walk->suggestion != NULL)
    g_set_error (error, QMP_SCHEMA_ERROR, QMP_SCHEMA_ERROR_NOT_FOUND,
                 _("The server has no “%.200s”: no “%.60s”, but “%.60s”"), path, walk->parts[walk->furthest],
                 walk->suggestion);
  else if (walk->parts[1] == NULL)
    g_set_error (error, QMP_SCHEMA_ERROR, QMP_SCHEMA_ERROR_NOT_FOUND, _("The server has no “%.200s”"), path);
  else
    g_set_error (error, QMP_SCHEMA_ERROR, QMP_SCHEMA_ERROR_NOT_FOUND,
                 _("The server has no “%.200s”: no “%.60s”"), path, walk->parts[walk->furthest]);
}

static gboolean
find (QmpSchema             *self,
      const char            *path,
      const QmpSchemaEntry **type,
      GError               **error)
{
  g_auto(GStrv) parts = g_strsplit (path, "/", -1);
  Walk walk = { .schema = self, .parts = parts };

  if (!check_syntax (path, parts, error))
    return FALSE;
  if (!walk_path (&walk))
    {
      set_not_found (&walk, path, error);
      return FALSE;
    }
  *type = walk.type;
  return TRUE;
}

/**
 * qmp_schema_has_path:
 * @self: a schema
 * @path: a path
 *
 * Tells whether the server has what a path leads to.
 *
 * This answers "can this server do that" with one string, as in libvirt, whose paths work here as well. A path is the
 * name of a command or an event, then mostly `arg-type` (its arguments or data) or `ret-type` (what a command
 * returns), then steps, with slashes between:
 *
 * | Step | leads to, or tests |
 * | --- | --- |
 * | `name` | the member `name` of an object |
 * | `*name` | the same, but only if it may be left out |
 * | `+case` | the further members that an object has when its tag is `case` |
 * | `[]` | the elements of an array; may be left out |
 * | `^value` | last: whether an enumeration has the value |
 * | `$feature` | last: whether the command, event, member, type or `^value` before it has the feature |
 * | `!type` | last: whether the type is that of JSON, as [method@SchemaType.get_json_type] says it |
 * | `!allow-oob` | behind a command's name: whether it can be executed out of band |
 *
 * With an alternate, it is enough if one of its types has what follows. A name that begins with one of the special
 * characters is written with a space before it.
 *
 * ```
 * blockdev-add                                    the command
 * blockdev-add/arg-type/driver/^nbd               the driver nbd
 * blockdev-add/arg-type/+nbd/server/+inet/host    an argument deep inside
 * blockdev-add/arg-type/+qcow2/backing/!null      an argument that may be null
 * migrate-pause/!allow-oob                        out-of-band execution
 * query-block/ret-type/inserted/image/filename    something in the reply's list
 * device_add/$json-cli                            a feature
 * BLOCK_JOB_READY/arg-type/type/^mirror           an event's data
 * ```
 *
 * A path with a mistake in its syntax leads nowhere; [method@Schema.find_type] tells about it.
 *
 * Returns: `TRUE` if the server has it
 *
 * Since: 1.0
 */
gboolean
qmp_schema_has_path (QmpSchema  *self,
                     const char *path)
{
  const QmpSchemaEntry *type;

  g_return_val_if_fail (QMP_IS_SCHEMA (self), FALSE);
  g_return_val_if_fail (path != NULL, FALSE);

  return find (self, path, &type, NULL);
}

/**
 * qmp_schema_find_type:
 * @self: a schema
 * @path: a path, as for [method@Schema.has_path]
 * @error: where to store an error
 *
 * Finds the type that a path leads to, or, where its last step is a test, the type that was tested.
 *
 * Errors are `QMP_SCHEMA_ERROR_NOT_FOUND` (the text names the part of the path, and a name that is like it) and
 * `QMP_SCHEMA_ERROR_SYNTAX`, also that of a path to a command itself, which is not a type.
 *
 * Returns: (transfer full) (not nullable): the type
 *
 * Since: 1.0
 */
QmpSchemaType *
qmp_schema_find_type (QmpSchema   *self,
                      const char  *path,
                      GError     **error)
{
  const QmpSchemaEntry *type;

  g_return_val_if_fail (QMP_IS_SCHEMA (self), NULL);
  g_return_val_if_fail (path != NULL, NULL);

  if (!find (self, path, &type, error))
    return NULL;
  if (type != NULL)
    return qmp_schema_type_new (self, type);

  g_set_error (error, QMP_SCHEMA_ERROR, QMP_SCHEMA_ERROR_SYNTAX, _("“%.200s” is not a type"), path);
  return NULL;
}
