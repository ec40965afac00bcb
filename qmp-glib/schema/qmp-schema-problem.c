/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "schema/qmp-schema-private.h"

/**
 * QmpSchemaProblem:
 *
 * One thing that [method@Schema.list_problems] found in a command.
 *
 * Since: 1.0
 */

struct _QmpSchemaProblem {
  GObject            parent_instance;

  QmpSchemaSeverity  severity;
  char              *path;
  char              *text;
  char              *expected;      /* nullable; so are the next two */
  char              *found;
  char              *suggestion;
};

G_DEFINE_FINAL_TYPE (QmpSchemaProblem, qmp_schema_problem, G_TYPE_OBJECT)

static void
qmp_schema_problem_finalize (GObject *object)
{
  QmpSchemaProblem *self = QMP_SCHEMA_PROBLEM (object);

  g_free (self->path);
  g_free (self->text);
  g_free (self->expected);
  g_free (self->found);
  g_free (self->suggestion);

  G_OBJECT_CLASS (qmp_schema_problem_parent_class)->finalize (object);
}

static void
qmp_schema_problem_class_init (QmpSchemaProblemClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = qmp_schema_problem_finalize;
}

static void
qmp_schema_problem_init (QmpSchemaProblem *self)
{
}

QmpSchemaProblem *
qmp_schema_problem_new (QmpSchemaSeverity  severity,
                        char              *path,
                        char              *text,
                        char              *expected,
                        char              *found,
                        char              *suggestion)
{
  QmpSchemaProblem *self = g_object_new (QMP_TYPE_SCHEMA_PROBLEM, NULL);

  self->severity = severity;
  self->path = path;
  self->text = text;
  self->expected = expected;
  self->found = found;
  self->suggestion = suggestion;
  return self;
}

/**
 * qmp_schema_problem_get_severity:
 * @self: a problem
 *
 * How bad the problem is.
 *
 * Returns: the severity
 *
 * Since: 1.0
 */
QmpSchemaSeverity
qmp_schema_problem_get_severity (QmpSchemaProblem *self)
{
  g_return_val_if_fail (QMP_IS_SCHEMA_PROBLEM (self), QMP_SCHEMA_SEVERITY_ERROR);

  return self->severity;
}

/**
 * qmp_schema_problem_get_path:
 * @self: a problem
 *
 * Which member of the command it is about: `execute`, `arguments.file.driver`, `arguments.actions[2].type`.
 *
 * For a member that is missing it is the path where it belongs.
 *
 * Returns: (transfer none) (not nullable): the path
 *
 * Since: 1.0
 */
const char *
qmp_schema_problem_get_path (QmpSchemaProblem *self)
{
  g_return_val_if_fail (QMP_IS_SCHEMA_PROBLEM (self), NULL);

  return self->path;
}

/**
 * qmp_schema_problem_get_text:
 * @self: a problem
 *
 * What is wrong, in words for people, without the path.
 *
 * Returns: (transfer none) (not nullable): the words
 *
 * Since: 1.0
 */
const char *
qmp_schema_problem_get_text (QmpSchemaProblem *self)
{
  g_return_val_if_fail (QMP_IS_SCHEMA_PROBLEM (self), NULL);

  return self->text;
}

/**
 * qmp_schema_problem_get_expected:
 * @self: a problem
 *
 * What should be there, as [method@SchemaType.describe] says it.
 *
 * Returns: (transfer none) (nullable): the words, or `NULL` if nothing should be there
 *
 * Since: 1.0
 */
const char *
qmp_schema_problem_get_expected (QmpSchemaProblem *self)
{
  g_return_val_if_fail (QMP_IS_SCHEMA_PROBLEM (self), NULL);

  return self->expected;
}

/**
 * qmp_schema_problem_get_found:
 * @self: a problem
 *
 * What is there: the beginning of the JSON text.
 *
 * Returns: (transfer none) (nullable): the text, or `NULL` if nothing is there
 *
 * Since: 1.0
 */
const char *
qmp_schema_problem_get_found (QmpSchemaProblem *self)
{
  g_return_val_if_fail (QMP_IS_SCHEMA_PROBLEM (self), NULL);

  return self->found;
}

/**
 * qmp_schema_problem_get_suggestion:
 * @self: a problem
 *
 * The name that was perhaps meant.
 *
 * Returns: (transfer none) (nullable): a name that the server knows, or `NULL` if none is like it
 *
 * Since: 1.0
 */
const char *
qmp_schema_problem_get_suggestion (QmpSchemaProblem *self)
{
  g_return_val_if_fail (QMP_IS_SCHEMA_PROBLEM (self), NULL);

  return self->suggestion;
}
