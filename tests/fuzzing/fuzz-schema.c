/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"

#include <qmp-glib/qmp-schema.h>

/* A server may say of itself what it likes: its schema is refused, or it can be asked everything.
 *
 * Input: a line with a path, a line with a command as JSON, then the reply to query-qmp-schema. */

#define MAX_DEPTH 4
#define MAX_TYPES 200

typedef struct {
  guint n_types; /* how many are still looked at: a type may be many members' type */
} Walk;

static void walk_type (Walk          *self,
                       QmpSchemaType *type,
                       guint          depth);

static void
walk_member (Walk            *self,
             QmpSchemaType   *type,
             QmpSchemaMember *member,
             guint            depth)
{
  g_autoptr(QmpSchemaType) its = qmp_schema_member_ref_value_type (member);
  g_autoptr(QmpSchemaMember) found = qmp_schema_type_ref_member (type, qmp_schema_member_get_name (member));

  g_strfreev (qmp_schema_member_list_features (member));
  g_assert_nonnull (found);
  g_assert_true (qmp_schema_member_is_optional (member) || qmp_schema_member_get_default_text (member) == NULL);
  walk_type (self, its, depth);
}

static void
walk_members (Walk          *self,
              QmpSchemaType *type,
              guint          depth)
{
  GList *members = qmp_schema_type_list_members (type);

  for (GList *l = members; l != NULL; l = l->next)
    walk_member (self, type, l->data, depth);
  g_list_free_full (members, g_object_unref);
}

static void
walk_alternatives (Walk          *self,
                   QmpSchemaType *type,
                   guint          depth)
{
  GList *alternatives = qmp_schema_type_list_alternatives (type);

  for (GList *l = alternatives; l != NULL; l = l->next)
    walk_type (self, l->data, depth);
  g_list_free_full (alternatives, g_object_unref);
}

static void
walk_cases (Walk          *self,
            QmpSchemaType *type,
            guint          depth)
{
  g_auto(GStrv) cases = qmp_schema_type_list_cases (type);

  for (guint i = 0; cases[i] != NULL; i++)
    {
      g_autoptr(QmpSchemaType) variant = qmp_schema_type_ref_variant (type, cases[i]);

      if (variant != NULL)
        walk_type (self, variant, depth);
    }
}

static void
walk_values (QmpSchemaType *type)
{
  g_auto(GStrv) values = qmp_schema_type_list_values (type);

  for (guint i = 0; values[i] != NULL; i++)
    {
      g_strfreev (qmp_schema_type_list_value_features (type, values[i]));
      g_assert_true (qmp_schema_type_has_value (type, values[i]));
    }
}

/* Whatever the kind, everything may be asked. */
static void
walk_type (Walk          *self,
           QmpSchemaType *type,
           guint          depth)
{
  g_autofree char *description = NULL;
  g_autoptr(QmpSchemaType) element = NULL;

  if (depth == 0 || self->n_types == 0)
    return;
  self->n_types--;
  description = qmp_schema_type_describe (type);
  g_assert_true (g_utf8_validate (description, -1, NULL));
  g_assert_nonnull (qmp_schema_type_get_json_type (type));
  g_assert_true (qmp_schema_type_equal (type, type));
  g_strfreev (qmp_schema_type_list_features (type));
  element = qmp_schema_type_ref_element_type (type);
  if (element != NULL)
    walk_type (self, element, depth - 1);
  walk_members (self, type, depth - 1);
  walk_alternatives (self, type, depth - 1);
  walk_cases (self, type, depth - 1);
  walk_values (type);
}

static void
walk_entry (Walk          *self,
            QmpSchema     *schema,
            const char    *name,
            QmpSchemaType *type)
{
  g_auto(GStrv) features = qmp_schema_list_features (schema, name);

  for (guint i = 0; features[i] != NULL; i++)
    g_assert_true (qmp_schema_has_feature (schema, name, features[i]));
  if (type != NULL)
    walk_type (self, type, MAX_DEPTH);
}

static void
walk (QmpSchema *schema)
{
  Walk self = { .n_types = MAX_TYPES };
  g_auto(GStrv) commands = qmp_schema_list_commands (schema);
  g_auto(GStrv) events = qmp_schema_list_events (schema);

  for (guint i = 0; commands[i] != NULL && self.n_types > 0; i++)
    {
      g_autoptr(QmpSchemaType) arguments = qmp_schema_ref_command_arguments (schema, commands[i]);
      g_autoptr(QmpSchemaType) result = qmp_schema_ref_command_return (schema, commands[i]);

      g_assert_true (qmp_schema_has_command (schema, commands[i]));
      qmp_schema_allows_out_of_band (schema, commands[i]);
      walk_entry (&self, schema, commands[i], arguments);
      walk_entry (&self, schema, commands[i], result);
    }
  for (guint i = 0; events[i] != NULL && self.n_types > 0; i++)
    {
      g_autoptr(QmpSchemaType) data = qmp_schema_ref_event_data (schema, events[i]);

      g_assert_true (qmp_schema_has_event (schema, events[i]));
      walk_entry (&self, schema, events[i], data);
    }
}

static void
check_path (QmpSchema  *schema,
            const char *path)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpSchemaType) type = qmp_schema_find_type (schema, path, &error);
  Walk self = { .n_types = MAX_TYPES };

  g_assert_true ((type == NULL) == (error != NULL));
  if (type != NULL)
    {
      g_assert_true (qmp_schema_has_path (schema, path));
      walk_type (&self, type, MAX_DEPTH);
    }
}

static gboolean
has_errors (GList *problems)
{
  gboolean found = FALSE;

  for (GList *l = problems; l != NULL; l = l->next)
    {
      g_assert_true (g_utf8_validate (qmp_schema_problem_get_path (l->data), -1, NULL));
      g_assert_true (g_utf8_validate (qmp_schema_problem_get_text (l->data), -1, NULL));
      found |= qmp_schema_problem_get_severity (l->data) == QMP_SCHEMA_SEVERITY_ERROR;
    }
  return found;
}

static void
check_command (QmpSchema  *schema,
               const char *text)
{
  g_autoptr(GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr(QmpMessage) command = qmp_message_new_from_bytes (bytes, NULL);
  g_autoptr(GError) error = NULL;
  GList *problems;
  gboolean right;

  if (command == NULL)
    return;
  problems = qmp_schema_list_problems (schema, command);
  right = qmp_schema_validate (schema, command, &error);
  g_assert_true (right == (error == NULL));
  g_assert_true (right == !has_errors (problems));
  g_list_free_full (problems, g_object_unref);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  FuzzInput input;
  g_autofree char *path = NULL;
  g_autofree char *command = NULL;
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(QmpSchema) schema = NULL;
  g_autoptr(GError) error = NULL;

  fuzz_input_init (&input, data, size);
  path = fuzz_input_take_line (&input);
  command = fuzz_input_take_line (&input);
  bytes = g_bytes_new (input.at, input.left);
  schema = qmp_schema_new_from_bytes (bytes, &error);
  g_assert_true ((schema == NULL) == (error != NULL));
  if (schema == NULL)
    return 0;

  walk (schema);
  /* Paths are text, of people. */
  if (path != NULL && g_utf8_validate (path, -1, NULL))
    check_path (schema, path);
  if (command != NULL)
    check_command (schema, command);
  return 0;
}
