/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "schema/qmp-schema-private.h"

#include <string.h>

#include <glib/gi18n-lib.h>

/* How many of an enum's values a description has. */
#define MAX_DESCRIBED 12

/**
 * QmpSchemaType:
 *
 * A type in a [class@Schema]: of a command's arguments, of what it returns, of a member.
 *
 * Types refer to each other and may do so in circles; to tell whether a type was met before there is
 * [method@SchemaType.equal]. A type holds its schema.
 *
 * Since: 1.0
 */

/**
 * QmpSchemaMember:
 *
 * A member of an object type in a [class@Schema].
 *
 * Since: 1.0
 */

struct _QmpSchemaType {
  GObject               parent_instance;

  QmpSchema            *schema;      /* owned: holds entry */
  const QmpSchemaEntry *entry;
};

struct _QmpSchemaMember {
  GObject               parent_instance;

  QmpSchema            *schema;      /* owned: holds slot */
  const QmpSchemaSlot  *slot;
};

G_DEFINE_FINAL_TYPE (QmpSchemaType, qmp_schema_type, G_TYPE_OBJECT)

G_DEFINE_FINAL_TYPE (QmpSchemaMember, qmp_schema_member, G_TYPE_OBJECT)

static void
qmp_schema_type_finalize (GObject *object)
{
  g_object_unref (QMP_SCHEMA_TYPE (object)->schema);

  G_OBJECT_CLASS (qmp_schema_type_parent_class)->finalize (object);
}

static void
qmp_schema_type_class_init (QmpSchemaTypeClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = qmp_schema_type_finalize;
}

static void
qmp_schema_type_init (QmpSchemaType *self)
{
}

static void
qmp_schema_member_finalize (GObject *object)
{
  g_object_unref (QMP_SCHEMA_MEMBER (object)->schema);

  G_OBJECT_CLASS (qmp_schema_member_parent_class)->finalize (object);
}

static void
qmp_schema_member_class_init (QmpSchemaMemberClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = qmp_schema_member_finalize;
}

static void
qmp_schema_member_init (QmpSchemaMember *self)
{
}

QmpSchemaType *
qmp_schema_type_new (QmpSchema            *schema,
                     const QmpSchemaEntry *entry)
{
  QmpSchemaType *self = g_object_new (QMP_TYPE_SCHEMA_TYPE, NULL);

  self->schema = g_object_ref (schema);
  self->entry = entry;
  return self;
}

static QmpSchemaMember *
member_new (QmpSchema           *schema,
            const QmpSchemaSlot *slot)
{
  QmpSchemaMember *self = g_object_new (QMP_TYPE_SCHEMA_MEMBER, NULL);

  self->schema = g_object_ref (schema);
  self->slot = slot;
  return self;
}

static const QmpSchemaSlots *
slots_of (QmpSchemaType *self,
          QmpSchemaKind  kind)
{
  static const QmpSchemaSlots none = { NULL, 0 };

  return self->entry->kind == kind ? &self->entry->members : &none;
}

static char **
dup_names (const QmpSchemaSlots *slots)
{
  char **names = g_new0 (char *, slots->n_slots + 1);

  for (guint i = 0; i < slots->n_slots; i++)
    names[i] = g_strdup (slots->slots[i].name);
  return names;
}

/* --- in words --- */

static const char *
describe_json (QmpSchemaJson json)
{
  switch (json)
    {
    case QMP_SCHEMA_JSON_STRING:
      return _("string");
    case QMP_SCHEMA_JSON_NUMBER:
      return _("number");
    case QMP_SCHEMA_JSON_INT:
      return _("integer");
    case QMP_SCHEMA_JSON_BOOLEAN:
      return _("boolean");
    case QMP_SCHEMA_JSON_NULL:
      return _("null");
    case QMP_SCHEMA_JSON_OBJECT:
      return _("object");
    case QMP_SCHEMA_JSON_ARRAY:
      return _("list");
    default:
      return _("any value");
    }
}

static char *
describe_enum (const QmpSchemaEntry *entry)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < MIN (entry->members.n_slots, MAX_DESCRIBED); i++)
    g_string_append_printf (text, "%s“%s”", i > 0 ? ", " : "", entry->members.slots[i].name);
  if (entry->members.n_slots > MAX_DESCRIBED)
    g_string_append (text, ", …");
  else if (entry->members.n_slots == 0)
    g_string_append (text, _("nothing"));
  return g_string_free (text, FALSE);
}

/* What a list in an alternate is of is told only where that is simple: the words would multiply. */
static char *
describe_alternative (const QmpSchemaEntry *entry)
{
  const QmpSchemaEntry *element = entry->argument.type;

  if (element != NULL && (element->kind == QMP_SCHEMA_KIND_ARRAY || element->kind == QMP_SCHEMA_KIND_ALTERNATE))
    return g_strdup (describe_json (entry->json));
  return qmp_schema_entry_describe (entry);
}

static char *
describe_alternate (const QmpSchemaEntry *entry)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < MIN (entry->members.n_slots, MAX_DESCRIBED); i++)
    {
      g_autofree char *part = describe_alternative (entry->members.slots[i].type);

      if (i > 0)
        g_string_append (text, _(" or "));
      g_string_append (text, part);
    }
  return g_string_free (text, FALSE);
}

/* Recursion is bounded by the height of types. An alternate's parts are not alternates, nor lists of them, and an array
 * has one part. */
char *
qmp_schema_entry_describe (const QmpSchemaEntry *entry)
{
  g_autofree char *element = NULL;

  switch (entry->kind)
    {
    case QMP_SCHEMA_KIND_ENUM:
      return describe_enum (entry);
    case QMP_SCHEMA_KIND_ARRAY:
      element = qmp_schema_entry_describe (entry->argument.type);
      return g_strdup_printf (_("list of %s"), element);
    case QMP_SCHEMA_KIND_ALTERNATE:
      return describe_alternate (entry);
    default:
      return g_strdup (describe_json (entry->json));
    }
}

/* --- the public face of types --- */

/**
 * qmp_schema_type_get_kind:
 * @self: a type
 *
 * What the type is made of.
 *
 * Returns: the kind
 *
 * Since: 1.0
 */
QmpSchemaKind
qmp_schema_type_get_kind (QmpSchemaType *self)
{
  g_return_val_if_fail (QMP_IS_SCHEMA_TYPE (self), QMP_SCHEMA_KIND_BUILTIN);

  return self->entry->kind;
}

/**
 * qmp_schema_type_get_json_type:
 * @self: a type
 *
 * What a value of the type is in JSON, as the schema says it.
 *
 * It is one of `string`, `number`, `int` (any integer: the schema does not tell sizes), `boolean`, `null`, `object`,
 * `array` and, for what may be several of these, `value`.
 *
 * Returns: (transfer none) (not nullable): the word
 *
 * Since: 1.0
 */
const char *
qmp_schema_type_get_json_type (QmpSchemaType *self)
{
  g_return_val_if_fail (QMP_IS_SCHEMA_TYPE (self), NULL);

  return qmp_schema_json_name (self->entry->json);
}

/**
 * qmp_schema_type_describe:
 * @self: a type
 *
 * The type in words for people, in one line: `integer`, `list of string`, `“on”, “off”`, `string or null`.
 *
 * Returns: (transfer full) (not nullable): the words
 *
 * Since: 1.0
 */
char *
qmp_schema_type_describe (QmpSchemaType *self)
{
  g_return_val_if_fail (QMP_IS_SCHEMA_TYPE (self), NULL);

  return qmp_schema_entry_describe (self->entry);
}

/**
 * qmp_schema_type_equal:
 * @self: a type
 * @other: a type
 *
 * Tells whether two are the same type of the same schema.
 *
 * Returns: `TRUE` if they are
 *
 * Since: 1.0
 */
gboolean
qmp_schema_type_equal (QmpSchemaType *self,
                       QmpSchemaType *other)
{
  g_return_val_if_fail (QMP_IS_SCHEMA_TYPE (self), FALSE);
  g_return_val_if_fail (QMP_IS_SCHEMA_TYPE (other), FALSE);

  return self->entry == other->entry;
}

/**
 * qmp_schema_type_list_features:
 * @self: a type
 *
 * The features of the type.
 *
 * Returns: (transfer full) (array zero-terminated=1): their names
 *
 * Since: 1.0
 */
char **
qmp_schema_type_list_features (QmpSchemaType *self)
{
  g_return_val_if_fail (QMP_IS_SCHEMA_TYPE (self), NULL);

  return qmp_schema_dup_words (self->entry->features);
}

/**
 * qmp_schema_type_ref_element_type:
 * @self: a type
 *
 * What an array's elements are.
 *
 * Returns: (transfer full) (nullable): a type; `NULL` if @self is not an array
 *
 * Since: 1.0
 */
QmpSchemaType *
qmp_schema_type_ref_element_type (QmpSchemaType *self)
{
  g_return_val_if_fail (QMP_IS_SCHEMA_TYPE (self), NULL);

  if (self->entry->kind != QMP_SCHEMA_KIND_ARRAY)
    return NULL;
  return qmp_schema_type_new (self->schema, self->entry->argument.type);
}

/**
 * qmp_schema_type_list_members:
 * @self: a type
 *
 * An object's members, in the server's order, without those that its variants add.
 *
 * Returns: (transfer full) (element-type QmpSchemaMember): the members; none if @self is not an object
 *
 * Since: 1.0
 */
GList *
qmp_schema_type_list_members (QmpSchemaType *self)
{
  const QmpSchemaSlots *slots;
  GList *members = NULL;

  g_return_val_if_fail (QMP_IS_SCHEMA_TYPE (self), NULL);

  slots = slots_of (self, QMP_SCHEMA_KIND_OBJECT);
  for (guint i = slots->n_slots; i > 0; i--)
    members = g_list_prepend (members, member_new (self->schema, &slots->slots[i - 1]));
  return members;
}

/**
 * qmp_schema_type_ref_member:
 * @self: a type
 * @name: a member's name
 *
 * One of an object's members, not of those that its variants add.
 *
 * Returns: (transfer full) (nullable): the member, or `NULL` if there is none
 *
 * Since: 1.0
 */
QmpSchemaMember *
qmp_schema_type_ref_member (QmpSchemaType *self,
                            const char    *name)
{
  const QmpSchemaSlot *slot;

  g_return_val_if_fail (QMP_IS_SCHEMA_TYPE (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  slot = qmp_schema_slots_find (slots_of (self, QMP_SCHEMA_KIND_OBJECT), name);
  return slot != NULL ? member_new (self->schema, slot) : NULL;
}

/**
 * qmp_schema_type_get_tag:
 * @self: a type
 *
 * The name of the member whose value chooses the variant of an object.
 *
 * Returns: (transfer none) (nullable): the name, or `NULL` if @self has no variants
 *
 * Since: 1.0
 */
const char *
qmp_schema_type_get_tag (QmpSchemaType *self)
{
  g_return_val_if_fail (QMP_IS_SCHEMA_TYPE (self), NULL);

  return self->entry->tag_name;
}

/**
 * qmp_schema_type_list_cases:
 * @self: a type
 *
 * The values of the tag for which an object has a variant, in the server's order.
 *
 * Returns: (transfer full) (array zero-terminated=1): the values
 *
 * Since: 1.0
 */
char **
qmp_schema_type_list_cases (QmpSchemaType *self)
{
  g_return_val_if_fail (QMP_IS_SCHEMA_TYPE (self), NULL);

  return dup_names (&self->entry->variants);
}

/**
 * qmp_schema_type_ref_variant:
 * @self: a type
 * @tag_value: a value of the tag
 *
 * What an object has in addition to its own members when its tag has a certain value.
 *
 * Returns: (transfer full) (nullable): an object type with the further members, or `NULL` if there is no variant for it
 *
 * Since: 1.0
 */
QmpSchemaType *
qmp_schema_type_ref_variant (QmpSchemaType *self,
                             const char    *tag_value)
{
  const QmpSchemaSlot *slot;

  g_return_val_if_fail (QMP_IS_SCHEMA_TYPE (self), NULL);
  g_return_val_if_fail (tag_value != NULL, NULL);

  slot = qmp_schema_slots_find (&self->entry->variants, tag_value);
  return slot != NULL ? qmp_schema_type_new (self->schema, slot->type) : NULL;
}

/**
 * qmp_schema_type_list_alternatives:
 * @self: a type
 *
 * The types that a value of an alternate may have.
 *
 * Returns: (transfer full) (element-type QmpSchemaType): the types; none if @self is not an alternate
 *
 * Since: 1.0
 */
GList *
qmp_schema_type_list_alternatives (QmpSchemaType *self)
{
  const QmpSchemaSlots *slots;
  GList *types = NULL;

  g_return_val_if_fail (QMP_IS_SCHEMA_TYPE (self), NULL);

  slots = slots_of (self, QMP_SCHEMA_KIND_ALTERNATE);
  for (guint i = slots->n_slots; i > 0; i--)
    types = g_list_prepend (types, qmp_schema_type_new (self->schema, slots->slots[i - 1].type));
  return types;
}

/**
 * qmp_schema_type_list_values:
 * @self: a type
 *
 * The values of an enumeration, in the server's order.
 *
 * Returns: (transfer full) (array zero-terminated=1): the values; none if @self is not an enumeration
 *
 * Since: 1.0
 */
char **
qmp_schema_type_list_values (QmpSchemaType *self)
{
  g_return_val_if_fail (QMP_IS_SCHEMA_TYPE (self), NULL);

  return dup_names (slots_of (self, QMP_SCHEMA_KIND_ENUM));
}

/**
 * qmp_schema_type_has_value:
 * @self: a type
 * @value: a string
 *
 * Tells whether an enumeration has a value.
 *
 * Returns: `TRUE` if it has; `FALSE` also if @self is not an enumeration
 *
 * Since: 1.0
 */
gboolean
qmp_schema_type_has_value (QmpSchemaType *self,
                           const char    *value)
{
  g_return_val_if_fail (QMP_IS_SCHEMA_TYPE (self), FALSE);
  g_return_val_if_fail (value != NULL, FALSE);

  return qmp_schema_slots_find (slots_of (self, QMP_SCHEMA_KIND_ENUM), value) != NULL;
}

/**
 * qmp_schema_type_list_value_features:
 * @self: a type
 * @value: one of its values
 *
 * The features of one of the values of an enumeration.
 *
 * Returns: (transfer full) (array zero-terminated=1): their names; none if @self has no such value
 *
 * Since: 1.0
 */
char **
qmp_schema_type_list_value_features (QmpSchemaType *self,
                                     const char    *value)
{
  const QmpSchemaSlot *slot;

  g_return_val_if_fail (QMP_IS_SCHEMA_TYPE (self), NULL);
  g_return_val_if_fail (value != NULL, NULL);

  slot = qmp_schema_slots_find (slots_of (self, QMP_SCHEMA_KIND_ENUM), value);
  return qmp_schema_dup_words (slot != NULL ? slot->features : NULL);
}

/* --- the public face of members --- */

/**
 * qmp_schema_member_get_name:
 * @self: a member
 *
 * The member's name.
 *
 * Returns: (transfer none) (not nullable): the name
 *
 * Since: 1.0
 */
const char *
qmp_schema_member_get_name (QmpSchemaMember *self)
{
  g_return_val_if_fail (QMP_IS_SCHEMA_MEMBER (self), NULL);

  return self->slot->name;
}

/**
 * qmp_schema_member_ref_value_type:
 * @self: a member
 *
 * The type of the member's value.
 *
 * Returns: (transfer full) (not nullable): the type
 *
 * Since: 1.0
 */
QmpSchemaType *
qmp_schema_member_ref_value_type (QmpSchemaMember *self)
{
  g_return_val_if_fail (QMP_IS_SCHEMA_MEMBER (self), NULL);

  return qmp_schema_type_new (self->schema, self->slot->type);
}

/**
 * qmp_schema_member_is_optional:
 * @self: a member
 *
 * Tells whether the member may be left out.
 *
 * Returns: `TRUE` if it may
 *
 * Since: 1.0
 */
gboolean
qmp_schema_member_is_optional (QmpSchemaMember *self)
{
  g_return_val_if_fail (QMP_IS_SCHEMA_MEMBER (self), FALSE);

  return self->slot->default_text != NULL;
}

/**
 * qmp_schema_member_get_default_text:
 * @self: a member
 *
 * What is taken when the member is left out, as JSON text, where the schema says it.
 *
 * QEMU's schemas mostly do not.
 *
 * Returns: (transfer none) (nullable): the text, or `NULL` if the schema does not say, or the member cannot be left out
 *
 * Since: 1.0
 */
const char *
qmp_schema_member_get_default_text (QmpSchemaMember *self)
{
  g_return_val_if_fail (QMP_IS_SCHEMA_MEMBER (self), NULL);

  return g_strcmp0 (self->slot->default_text, "null") != 0 ? self->slot->default_text : NULL;
}

/**
 * qmp_schema_member_list_features:
 * @self: a member
 *
 * The features of the member, such as `deprecated` and `unstable`.
 *
 * Returns: (transfer full) (array zero-terminated=1): their names
 *
 * Since: 1.0
 */
char **
qmp_schema_member_list_features (QmpSchemaMember *self)
{
  g_return_val_if_fail (QMP_IS_SCHEMA_MEMBER (self), NULL);

  return qmp_schema_dup_words (self->slot->features);
}
