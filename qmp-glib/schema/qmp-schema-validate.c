/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "schema/qmp-schema-private.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "core/qmp-error-private.h"
#include "message/qmp-message-private.h"

#define MAX_PROBLEMS 100
#define MAX_DEPTH 1024

typedef struct {
  QmpSchema  *schema;
  GString    *path;
  const char *key;             /* the last member's name in path */
  GList      *problems;        /* of QmpSchemaProblem, the last first */
  guint       n_problems;
  guint       depth;           /* of the value being looked at */
  gboolean    open_ended;      /* the arguments may have members that the schema does not know */
} Check;

/* The members that one object may have. */
typedef struct {
  GPtrArray            *slots;      /* of QmpSchemaSlot */
  const QmpSchemaEntry *undecided;  /* nullable: has variants, and the tag does not say which */
} Allowed;

/* --- reporting --- */

/* The beginning of a value, unless it is a secret. */
static char *
excerpt (Check        *check,
         QmpJsonSlice  value)
{
  g_autoptr(GString) member = g_string_new ("{");
  g_autoptr(GString) shown = g_string_new (NULL);
  gsize start;

  qmp_json_append_escaped (member, check->key, strlen (check->key));
  g_string_append_c (member, ':');
  start = member->len;
  g_string_append_len (member, value.text, value.length);
  g_string_append_c (member, '}');
  qmp_json_append_redacted (shown, member->str, member->len);
  if (shown->len <= start + 1)
    return g_strdup ("");
  return qmp_excerpt (shown->str + start, shown->len - start - 1, 0);
}

/* Takes the strings. */
static void
report (Check             *check,
        QmpSchemaSeverity  severity,
        char              *text,
        char              *expected,
        char              *found,
        const char        *suggestion)
{
  QmpSchemaProblem *problem;

  if (check->n_problems++ == MAX_PROBLEMS)
    {
      g_free (text);
      text = g_strdup (_("there is more; nothing further is told"));
    }
  problem = qmp_schema_problem_new (severity, g_strdup (check->path->str), text, expected, found,
                                    g_strdup (suggestion));
  if (check->n_problems <= MAX_PROBLEMS + 1)
    check->problems = g_list_prepend (check->problems, problem);
  else
    g_object_unref (problem);
}

static void
report_value (Check        *check,
              char         *expected,
              QmpJsonSlice  value,
              const char   *suggestion)
{
  char *found = excerpt (check, value);
  char *text;

  if (suggestion != NULL)
    text = g_strdup_printf (_("expected %s, found %s; did you mean “%s”?"), expected, found, suggestion);
  else
    text = g_strdup_printf (_("expected %s, found %s"), expected, found);
  report (check, QMP_SCHEMA_SEVERITY_ERROR, text, expected, found, suggestion);
}

static void
report_unknown (Check            *check,
                const char       *text,
                QmpSchemaNearest *nearest)
{
  char *whole;

  if (nearest->best != NULL)
    whole = g_strdup_printf (_("%s; did you mean “%s”?"), text, nearest->best);
  else
    whole = g_strdup (text);
  report (check, QMP_SCHEMA_SEVERITY_ERROR, whole, NULL, NULL, nearest->best);
}

static void
warn_deprecated (Check       *check,
                 const char **features,
                 const char  *text)
{
  if (qmp_schema_has_word (features, "deprecated"))
    report (check, QMP_SCHEMA_SEVERITY_WARNING, g_strdup (text), NULL, NULL, NULL);
}

/* --- values --- */

static void check_value (Check                *check,
                         const QmpSchemaEntry *type,
                         QmpJsonSlice          value);

static void check_by_kind (Check                *check,
                           const QmpSchemaEntry *type,
                           QmpJsonSlice          value);

static gboolean
is_integer (QmpJsonSlice value)
{
  gint64 signed_value;
  guint64 unsigned_value;

  return qmp_json_get_int64 (value.text, value.length, &signed_value) ||
         qmp_json_get_uint64 (value.text, value.length, &unsigned_value);
}

static gboolean
fits (QmpSchemaJson json,
      QmpJsonSlice  value)
{
  char c = *value.text;

  switch (json)
    {
    case QMP_SCHEMA_JSON_STRING:
      return c == '"';
    case QMP_SCHEMA_JSON_NUMBER:
      return c == '-' || g_ascii_isdigit (c);
    case QMP_SCHEMA_JSON_INT:
      return (c == '-' || g_ascii_isdigit (c)) && is_integer (value);
    case QMP_SCHEMA_JSON_BOOLEAN:
      return c == 't' || c == 'f';
    case QMP_SCHEMA_JSON_NULL:
      return c == 'n';
    case QMP_SCHEMA_JSON_OBJECT:
      return c == '{';
    case QMP_SCHEMA_JSON_ARRAY:
      return c == '[';
    default:
      return TRUE;
    }
}

static void
check_enum (Check                *check,
            const QmpSchemaEntry *type,
            QmpJsonSlice          value)
{
  g_autofree char *name = qmp_json_dup_string (value.text, value.length);
  const QmpSchemaSlot *slot = qmp_schema_slots_find (&type->members, name);
  QmpSchemaNearest nearest;

  if (slot != NULL)
    {
      warn_deprecated (check, slot->features, _("this value is deprecated"));
      return;
    }
  qmp_schema_nearest_init (&nearest, name);
  qmp_schema_nearest_offer_slots (&nearest, &type->members);
  report_value (check, qmp_schema_entry_describe (type), value, nearest.best);
}

static void
check_array (Check                *check,
             const QmpSchemaEntry *type,
             QmpJsonSlice          array)
{
  gsize length = check->path->len;
  QmpJsonCursor cursor;
  QmpJsonSlice value;

  qmp_json_cursor_init (&cursor, array.text, array.length);
  for (guint i = 0; qmp_json_cursor_next_element (&cursor, &value); i++)
    {
      g_string_append_printf (check->path, "[%u]", i);
      check_value (check, type->argument.type, value);
      g_string_truncate (check->path, length);
    }
}

/* The type is chosen by what the value is. */
static void
check_alternate (Check                *check,
                 const QmpSchemaEntry *type,
                 QmpJsonSlice          value)
{
  for (guint i = 0; i < type->members.n_slots; i++)
    if (fits (type->members.slots[i].type->json, value))
      {
        check_by_kind (check, type->members.slots[i].type, value);
        return;
      }
  report_value (check, qmp_schema_entry_describe (type), value, NULL);
}

/* --- objects --- */

static void
allowed_clear (Allowed *allowed)
{
  g_ptr_array_unref (allowed->slots);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Allowed, allowed_clear)

/* The type that the value's tag chooses; NULL if it chooses none. Sets undecided if it cannot be told. */
static const QmpSchemaEntry *
choose_variant (const QmpSchemaEntry *type,
                QmpJsonSlice          object,
                Allowed              *allowed)
{
  g_autofree char *tag = NULL;
  const QmpSchemaSlot *variant;
  QmpJsonCursor cursor;
  QmpJsonSlice key, value;

  if (type->tag == NULL)
    return NULL;
  qmp_json_cursor_init (&cursor, object.text, object.length);
  while (tag == NULL && qmp_json_cursor_next_member (&cursor, &key, &value))
    if (*value.text == '"' && qmp_json_string_equal (key.text, key.length, type->tag_name))
      tag = qmp_json_dup_string (value.text, value.length);
  if (tag == NULL || qmp_schema_slots_find (&type->tag->type->members, tag) == NULL)
    {
      allowed->undecided = type;
      return NULL;
    }
  variant = qmp_schema_slots_find (&type->variants, tag);
  return variant != NULL ? variant->type : NULL;
}

/* Ends: a type is not its own variant. */
static void
allowed_init (Allowed              *allowed,
              const QmpSchemaEntry *type,
              QmpJsonSlice          object)
{
  allowed->slots = g_ptr_array_new ();
  allowed->undecided = NULL;
  for (; type != NULL; type = choose_variant (type, object, allowed))
    for (guint i = 0; i < type->members.n_slots; i++)
      g_ptr_array_add (allowed->slots, &type->members.slots[i]);
}

static const QmpSchemaSlot *
allowed_find (Allowed    *allowed,
              const char *name)
{
  for (guint i = 0; i < allowed->slots->len; i++)
    {
      const QmpSchemaSlot *slot = g_ptr_array_index (allowed->slots, i);

      if (strcmp (slot->name, name) == 0)
        return slot;
    }
  return NULL;
}

/* Could it be a member, were the tag right? */
static gboolean
allowed_maybe (Allowed    *allowed,
               const char *name)
{
  const QmpSchemaSlots *variants;

  if (allowed->undecided == NULL)
    return FALSE;
  variants = &allowed->undecided->variants;
  for (guint i = 0; i < variants->n_slots; i++)
    if (variants->slots[i].type->tag != NULL || qmp_schema_slots_find (&variants->slots[i].type->members, name) != NULL)
      return TRUE;
  return FALSE;
}

static void
report_unknown_member (Check      *check,
                       Allowed    *allowed,
                       const char *name)
{
  QmpSchemaNearest nearest;

  qmp_schema_nearest_init (&nearest, name);
  for (guint i = 0; i < allowed->slots->len; i++)
    qmp_schema_nearest_offer (&nearest, ((QmpSchemaSlot *) g_ptr_array_index (allowed->slots, i))->name);
  for (guint i = 0; allowed->undecided != NULL && i < allowed->undecided->variants.n_slots; i++)
    qmp_schema_nearest_offer_slots (&nearest, &allowed->undecided->variants.slots[i].type->members);
  report_unknown (check, _("there is no such member"), &nearest);
}

static void
check_member (Check        *check,
              Allowed      *allowed,
              GHashTable   *seen,
              const char   *name,
              QmpJsonSlice  value)
{
  const QmpSchemaSlot *slot = allowed_find (allowed, name);

  if (slot == NULL)
    {
      if (!allowed_maybe (allowed, name) && !(check->open_ended && check->depth == 1))
        report_unknown_member (check, allowed, name);
      return;
    }
  if (!g_hash_table_add (seen, (gpointer) slot))
    report (check, QMP_SCHEMA_SEVERITY_ERROR, g_strdup (_("it is given twice")), NULL, NULL, NULL);
  warn_deprecated (check, slot->features, _("this member is deprecated"));
  check_value (check, slot->type, value);
}

static gsize
enter_member (Check      *check,
              const char *name)
{
  gsize length = check->path->len;

  g_string_append_c (check->path, '.');
  g_string_append (check->path, name);
  check->key = name;
  return length;
}

static void
check_missing (Check      *check,
               Allowed    *allowed,
               GHashTable *seen)
{
  for (guint i = 0; i < allowed->slots->len; i++)
    {
      const QmpSchemaSlot *slot = g_ptr_array_index (allowed->slots, i);
      char *expected;
      gsize length;

      if (slot->default_text != NULL || g_hash_table_contains (seen, slot))
        continue;
      length = enter_member (check, slot->name);
      expected = qmp_schema_entry_describe (slot->type);
      report (check, QMP_SCHEMA_SEVERITY_ERROR, g_strdup_printf (_("it is missing; expected %s"), expected), expected,
              NULL, NULL);
      g_string_truncate (check->path, length);
    }
}

static void
check_object (Check                *check,
              const QmpSchemaEntry *type,
              QmpJsonSlice          object)
{
  g_autoptr(GHashTable) seen = g_hash_table_new (NULL, NULL);
  g_auto(Allowed) allowed = { NULL };
  const char *key_before = check->key;
  QmpJsonCursor cursor;
  QmpJsonSlice key, value;

  allowed_init (&allowed, type, object);
  qmp_json_cursor_init (&cursor, object.text, object.length);
  while (qmp_json_cursor_next_member (&cursor, &key, &value))
    {
      g_autofree char *name = qmp_json_dup_string (key.text, key.length);
      gsize length = enter_member (check, name);

      check_member (check, &allowed, seen, name, value);
      g_string_truncate (check->path, length);
      check->key = key_before;
    }
  check_missing (check, &allowed, seen);
  check->key = key_before;
}

static void
check_by_kind (Check                *check,
               const QmpSchemaEntry *type,
               QmpJsonSlice          value)
{
  if (type->kind == QMP_SCHEMA_KIND_ALTERNATE)
    check_alternate (check, type, value);
  else if (!fits (type->json, value))
    report_value (check, qmp_schema_entry_describe (type), value, NULL);
  else if (type->kind == QMP_SCHEMA_KIND_ENUM)
    check_enum (check, type, value);
  else if (type->kind == QMP_SCHEMA_KIND_ARRAY)
    check_array (check, type, value);
  else if (type->kind == QMP_SCHEMA_KIND_OBJECT)
    check_object (check, type, value);
}

/* Ends where the value ends, and tells nothing more once enough was told. */
static void
check_value (Check                *check,
             const QmpSchemaEntry *type,
             QmpJsonSlice          value)
{
  if (check->n_problems > MAX_PROBLEMS || check->depth >= MAX_DEPTH)
    return;

  check->depth++;
  check_by_kind (check, type, value);
  check->depth--;
}

/* --- the command --- */

/* device_add takes the properties of the device in addition to what its schema has: QEMU reads them apart from it, and the
 * schema cannot say so. It is the only one, by 'gen': false in QEMU's qapi/qdev.json. */
static gboolean
is_open_ended (const QmpSchemaEntry *command)
{
  return strcmp (command->name, "device_add") == 0;
}

static void
check_arguments (Check                *check,
                 QmpMessage           *message,
                 const QmpSchemaEntry *command)
{
  g_autofree char *text = qmp_message_dup_member_text (message, "arguments");
  QmpJsonSlice value = { text != NULL ? text : "{}", text != NULL ? strlen (text) : 2 };

  g_string_assign (check->path, "arguments");
  check->key = "arguments";
  check->open_ended = is_open_ended (command);
  check_value (check, command->argument.type, value);
}

static void
check_name (Check                *check,
            QmpMessage           *message,
            const char           *name,
            const QmpSchemaEntry *command)
{
  gboolean out_of_band = qmp_message_get_out_of_band (message);

  check->key = out_of_band ? "exec-oob" : "execute";
  g_string_assign (check->path, check->key);
  if (command == NULL)
    {
      g_autofree char *text = g_strdup_printf (_("the server has no command “%.60s”"), name);
      QmpSchemaNearest nearest;

      qmp_schema_nearest_init (&nearest, name);
      qmp_schema_nearest_offer_entries (&nearest, check->schema, QMP_SCHEMA_META_COMMAND);
      report_unknown (check, text, &nearest);
      return;
    }
  warn_deprecated (check, command->features, _("this command is deprecated"));
  if (out_of_band && !command->allow_oob)
    report (check, QMP_SCHEMA_SEVERITY_ERROR, g_strdup (_("this command cannot be executed out of band")), NULL, NULL,
            NULL);
}

static void
check_envelope (Check      *check,
                QmpMessage *message)
{
  static const char * const known[] = { "execute", "exec-oob", "arguments", "id", NULL };
  g_auto(GStrv) names = qmp_message_list_members (message);

  for (guint i = 0; names[i] != NULL; i++)
    if (!g_strv_contains (known, names[i]))
      {
        QmpSchemaNearest nearest;

        g_string_assign (check->path, names[i]);
        qmp_schema_nearest_init (&nearest, names[i]);
        for (guint j = 0; known[j] != NULL; j++)
          qmp_schema_nearest_offer (&nearest, known[j]);
        report_unknown (check, _("there is no such member"), &nearest);
      }
}

/**
 * qmp_schema_list_problems:
 * @self: a schema
 * @command: a command
 *
 * Looks for everything that is wrong with a command.
 *
 * Found are commands and members that the server does not have, with the name that was perhaps meant; members that
 * are missing, given twice, or of the wrong type; values that an enumeration does not have; out-of-band execution of
 * commands that do not allow it; and, as warnings, what is deprecated. Each with its path in the command. A long list
 * ends at 100.
 *
 * What a schema does not say is not found: ranges of numbers, members that exclude each other, names of things that do
 * not exist. `device_add` takes further members, which are not checked.
 *
 * Returns: (transfer full) (element-type QmpSchemaProblem): the problems; none if the command is right
 *
 * Since: 1.0
 */
GList *
qmp_schema_list_problems (QmpSchema  *self,
                          QmpMessage *command)
{
  g_autoptr(GString) path = g_string_new (NULL);
  g_autofree char *name = NULL;
  const QmpSchemaEntry *entry;
  Check check = { .schema = self, .path = path };

  g_return_val_if_fail (QMP_IS_SCHEMA (self), NULL);
  g_return_val_if_fail (QMP_IS_MESSAGE (command), NULL);

  name = qmp_message_dup_command (command);
  check_envelope (&check, command);
  if (name == NULL)
    {
      g_string_assign (path, "execute");
      report (&check, QMP_SCHEMA_SEVERITY_ERROR, g_strdup (_("a command needs one name")), NULL, NULL, NULL);
      return g_list_reverse (check.problems);
    }
  entry = qmp_schema_find_entry (self, QMP_SCHEMA_META_COMMAND, name);
  check_name (&check, command, name, entry);
  if (entry != NULL)
    check_arguments (&check, command, entry);
  return g_list_reverse (check.problems);
}

static void
append_problem (GString          *text,
                QmpSchemaProblem *problem)
{
  if (text->len > 0)
    g_string_append (text, "; ");
  g_string_append_printf (text, "%s: %s", qmp_schema_problem_get_path (problem), qmp_schema_problem_get_text (problem));
}

/**
 * qmp_schema_validate:
 * @self: a schema
 * @command: a command
 * @error: where to store an error
 *
 * Tells whether the server should take a command, with everything that [method@Schema.list_problems] finds wrong with it
 * in one error.
 *
 * Warnings are not errors. The error is `QMP_SCHEMA_ERROR_COMMAND`.
 *
 * Returns: `TRUE` if the server should take the command
 *
 * Since: 1.0
 */
gboolean
qmp_schema_validate (QmpSchema   *self,
                     QmpMessage  *command,
                     GError     **error)
{
  g_autoptr(GString) text = g_string_new (NULL);
  GList *problems;

  g_return_val_if_fail (QMP_IS_SCHEMA (self), FALSE);
  g_return_val_if_fail (QMP_IS_MESSAGE (command), FALSE);

  problems = qmp_schema_list_problems (self, command);
  for (GList *l = problems; l != NULL; l = l->next)
    if (qmp_schema_problem_get_severity (l->data) == QMP_SCHEMA_SEVERITY_ERROR)
      append_problem (text, l->data);
  g_list_free_full (problems, g_object_unref);
  if (text->len == 0)
    return TRUE;

  g_set_error (error, QMP_SCHEMA_ERROR, QMP_SCHEMA_ERROR_COMMAND, _("The command is wrong: %s"), text->str);
  return FALSE;
}
