/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tool-types.h"

#include <string.h>

#include "tool-json.h"
#include "tool-members.h"
#include "tool-value.h"

struct _ToolTypes {
  QmpSchema  *schema;        /* nullable */
  gboolean    has_schema;    /* it was asked for, and may have been none */
  GHashTable *answers;       /* question: JsonNode, which may be NULL */
  char       *question;      /* the command in JSON that is to be asked; NULL for the schema */
};

static void
answer_free (gpointer data)
{
  if (data != NULL)
    json_node_unref (data);
}

ToolTypes *
tool_types_new (void)
{
  ToolTypes *self = g_new0 (ToolTypes, 1);

  self->answers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, answer_free);
  return self;
}

void
tool_types_free (ToolTypes *self)
{
  tool_types_forget (self);
  g_hash_table_unref (self->answers);
  g_free (self);
}

void
tool_types_forget_answers (ToolTypes *self)
{
  g_hash_table_remove_all (self->answers);
  g_clear_pointer (&self->question, g_free);
}

void
tool_types_forget (ToolTypes *self)
{
  tool_types_forget_answers (self);
  g_clear_object (&self->schema);
  self->has_schema = FALSE;
}

/* --- questions --- */

QmpMessage *
tool_types_new_question (ToolTypes *self)
{
  g_autoptr(GBytes) bytes = NULL;

  if (self->question == NULL)
    return NULL;
  bytes = g_bytes_new (self->question, strlen (self->question));
  return qmp_message_new_from_bytes_unchecked (bytes);
}

void
tool_types_take_schema (ToolTypes *self,
                        QmpSchema *schema)
{
  g_set_object (&self->schema, schema);
  self->has_schema = TRUE;
}

void
tool_types_take_answer (ToolTypes *self,
                        JsonNode  *answer)
{
  /* All may have been forgotten since it was asked. */
  if (self->question == NULL)
    return;
  g_hash_table_replace (self->answers, g_steal_pointer (&self->question),
                        answer != NULL ? json_node_ref (answer) : NULL);
}

/* FALSE when it has to be asked first. */
static gboolean
find_answer (ToolTypes   *self,
             const char  *command,
             const char  *member,
             const char  *value,
             JsonNode   **answer)
{
  g_autofree char *quoted = tool_value_quote (value, strlen (value));
  g_autofree char *question = g_strdup_printf ("{\"execute\":\"%s\",\"arguments\":{\"%s\":%s}}", command, member,
                                               quoted);

  if (g_hash_table_lookup_extended (self->answers, question, NULL, (gpointer *) answer))
    return TRUE;
  g_free (self->question);
  self->question = g_steal_pointer (&question);
  return FALSE;
}

/* --- the words --- */

/* The texts of the words, which are borrowed. */
static const char **
list_given (const ToolPlace *place)
{
  const char **given = g_new0 (const char *, place->n_words + 1);

  for (guint i = 0; i < place->n_words; i++)
    given[i] = place->words[i]->text;
  return given;
}

static char *
dup_given (const ToolPlace *place,
           const char      *key)
{
  g_autofree const char **given = list_given (place);

  return tool_members_dup_given (given, key);
}

/* --- the schema --- */

static gboolean
accepts (QmpSchemaType *type,
         char           first)
{
  const char *json = qmp_schema_type_get_json_type (type);
  GList *alternatives;
  gboolean does = FALSE;

  if (qmp_schema_type_get_kind (type) != QMP_SCHEMA_KIND_ALTERNATE)
    {
      switch (first)
        {
        case '"':
          return strcmp (json, "string") == 0;
        case '{':
          return strcmp (json, "object") == 0;
        case '[':
          return strcmp (json, "array") == 0;
        case 't':
        case 'f':
          return strcmp (json, "boolean") == 0;
        default:
          return strcmp (json, "int") == 0 || strcmp (json, "number") == 0;
        }
    }
  alternatives = qmp_schema_type_list_alternatives (type);
  for (GList *l = alternatives; l != NULL && !does; l = l->next)
    does = accepts (l->data, first);
  g_list_free_full (alternatives, g_object_unref);
  return does;
}

/* NULL when it is not known. Takes type. */
static QmpSchemaType *
find_by_key (const ToolPlace *place,
             QmpSchemaType   *type,
             const char      *key)
{
  g_autofree const char **given = list_given (place);
  g_autoptr(QmpSchemaType) owned = type;
  g_autoptr(QmpSchemaMember) member = tool_members_find (type, key, given);

  return member != NULL ? qmp_schema_member_ref_value_type (member) : NULL;
}

/* The type of what a member holds. Takes type, which is nullable. */
static QmpSchemaType *
enter (QmpSchemaType *type,
       const char    *name)
{
  g_autoptr(QmpSchemaType) owned = type;
  g_autoptr(QmpSchemaMember) member = type != NULL ? qmp_schema_type_ref_member (type, name) : NULL;

  return member != NULL ? qmp_schema_member_ref_value_type (member) : NULL;
}

static QmpSchemaType *
find_action (QmpSchema  *schema,
             const char *name)
{
  g_autoptr(QmpSchemaType) list = enter (qmp_schema_ref_command_arguments (schema, "transaction"), "actions");
  g_autoptr(QmpSchemaType) action = list != NULL ? qmp_schema_type_ref_element_type (list) : NULL;

  return action != NULL ? enter (qmp_schema_type_ref_variant (action, name), "data") : NULL;
}

static QmpSchemaType *
find_owner (const ToolPlace *place)
{
  QmpSchema *schema = place->types->schema;

  if (schema == NULL)
    return NULL;
  switch (place->owner)
    {
    case TOOL_OF_ACTION:
      return qmp_schema_has_command (schema, "transaction") ? find_action (schema, place->name) : NULL;
    case TOOL_OF_EVENT:
      return qmp_schema_has_event (schema, place->name) ? qmp_schema_ref_event_data (schema, place->name) : NULL;
    default:
      return qmp_schema_has_command (schema, place->name) ? qmp_schema_ref_command_arguments (schema, place->name)
                                                          : NULL;
    }
}

/* --- properties of objects --- */

static const char *
find_property_type (JsonNode   *list,
                    const char *name)
{
  for (guint i = 0; i < tool_json_get_length (list); i++)
    {
      JsonNode *property = tool_json_get_element (list, i);

      if (g_str_equal (tool_json_get_string (property, "name"), name))
        return tool_json_as_string (tool_json_get_member (property, "type"));
    }
  return NULL;
}

/* Types of properties are words: "uint32", "bool", "str", "string", or the name of an enumeration or structure. */
static ToolFit
fit_property (const char *type,
              char        first)
{
  static const char * const scalars[] = { "int", "uint", "size", "bool", "number", "double" };

  if (type == NULL)
    return TOOL_FIT_VALUE;
  if (strcmp (type, "str") == 0 || strcmp (type, "string") == 0)
    return TOOL_FIT_TEXT;
  if (first == '{' || first == '[')
    return TOOL_FIT_VALUE;
  for (guint i = 0; i < G_N_ELEMENTS (scalars); i++)
    if (g_str_has_prefix (type, scalars[i]))
      return TOOL_FIT_VALUE;
  return TOOL_FIT_TEXT;
}

/* The schema knows nothing of the properties of a device that is made. */
static ToolFit
fit_device (const ToolPlace *place,
            const char      *key,
            const char      *json)
{
  g_autofree char *driver = dup_given (place, "driver");
  JsonNode *list = NULL;

  if (driver == NULL)
    return TOOL_FIT_VALUE;
  if (!find_answer (place->types, "device-list-properties", "typename", driver, &list))
    return TOOL_FIT_ASK;
  return fit_property (find_property_type (list, key), *json);
}

static ToolFit
fit_property_value (const ToolPlace *place,
                    const char      *json)
{
  g_autofree char *path = dup_given (place, "path");
  g_autofree char *property = dup_given (place, "property");
  JsonNode *list = NULL;

  if (path == NULL || property == NULL)
    return TOOL_FIT_VALUE;
  if (!find_answer (place->types, "qom-list", "path", path, &list))
    return TOOL_FIT_ASK;
  return fit_property (find_property_type (list, property), *json);
}

/* --- all of it --- */

ToolFit
tool_types_fit (const ToolPlace *place,
                const char      *key,
                const char      *json)
{
  g_autoptr(QmpSchemaType) owner = NULL;
  g_autoptr(QmpSchemaType) type = NULL;
  gboolean is_command = place->owner == TOOL_OF_COMMAND;

  if (place->types == NULL)
    return TOOL_FIT_VALUE;
  if (!place->types->has_schema)
    {
      g_clear_pointer (&place->types->question, g_free);
      return TOOL_FIT_ASK;
    }
  owner = find_owner (place);
  if (owner == NULL)
    return TOOL_FIT_VALUE;
  if (is_command && strcmp (place->name, "qom-set") == 0 && strcmp (key, "value") == 0)
    return fit_property_value (place, json);
  type = find_by_key (place, g_steal_pointer (&owner), key);
  if (type == NULL)
    return is_command && strcmp (place->name, "device_add") == 0 ? fit_device (place, key, json) : TOOL_FIT_VALUE;
  return !accepts (type, *json) && accepts (type, '"') ? TOOL_FIT_TEXT : TOOL_FIT_VALUE;
}
