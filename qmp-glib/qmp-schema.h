/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-client.h>
#include <qmp-glib/qmp-message.h>

G_BEGIN_DECLS

/**
 * QMP_SCHEMA_ERROR:
 *
 * The domain of the errors whose codes are [error@SchemaError].
 *
 * Since: 1.0
 */
#define QMP_SCHEMA_ERROR (qmp_schema_error_quark ())

/**
 * QmpSchemaError:
 * @QMP_SCHEMA_ERROR_FAILED: something else; also what to take a code for that a program does not know
 * @QMP_SCHEMA_ERROR_INVALID: what was given is JSON, but no schema; the text names the entry that is wrong
 * @QMP_SCHEMA_ERROR_SYNTAX: a path that cannot be understood
 * @QMP_SCHEMA_ERROR_NOT_FOUND: the schema has no such thing; the text names the part of the path
 * @QMP_SCHEMA_ERROR_COMMAND: a command has mistakes; the text has them all
 *
 * What can be wrong about schemas, and what schemas can find wrong.
 *
 * New codes may be added.
 *
 * Since: 1.0
 */
typedef enum {
  QMP_SCHEMA_ERROR_FAILED,
  QMP_SCHEMA_ERROR_INVALID,
  QMP_SCHEMA_ERROR_SYNTAX,
  QMP_SCHEMA_ERROR_NOT_FOUND,
  QMP_SCHEMA_ERROR_COMMAND,
} QmpSchemaError;

/**
 * QmpSchemaKind:
 * @QMP_SCHEMA_KIND_BUILTIN: one of JSON's own types, or any value
 * @QMP_SCHEMA_KIND_ENUM: one of a list of strings
 * @QMP_SCHEMA_KIND_ARRAY: a list of values of one type
 * @QMP_SCHEMA_KIND_OBJECT: members, and maybe variants
 * @QMP_SCHEMA_KIND_ALTERNATE: one of several types, told apart by what the value is in JSON
 *
 * What a type is made of.
 *
 * New kinds may be added.
 *
 * Since: 1.0
 */
typedef enum {
  QMP_SCHEMA_KIND_BUILTIN,
  QMP_SCHEMA_KIND_ENUM,
  QMP_SCHEMA_KIND_ARRAY,
  QMP_SCHEMA_KIND_OBJECT,
  QMP_SCHEMA_KIND_ALTERNATE,
} QmpSchemaKind;

/**
 * QmpSchemaSeverity:
 * @QMP_SCHEMA_SEVERITY_ERROR: the server would refuse the command
 * @QMP_SCHEMA_SEVERITY_WARNING: the server takes it, but something in it is deprecated
 *
 * How bad a problem is.
 *
 * Since: 1.0
 */
typedef enum {
  QMP_SCHEMA_SEVERITY_ERROR,
  QMP_SCHEMA_SEVERITY_WARNING,
} QmpSchemaSeverity;

#define QMP_TYPE_SCHEMA (qmp_schema_get_type ())
#define QMP_TYPE_SCHEMA_TYPE (qmp_schema_type_get_type ())
#define QMP_TYPE_SCHEMA_MEMBER (qmp_schema_member_get_type ())
#define QMP_TYPE_SCHEMA_PROBLEM (qmp_schema_problem_get_type ())

QMP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (QmpSchema, qmp_schema, QMP, SCHEMA, GObject)

QMP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (QmpSchemaType, qmp_schema_type, QMP, SCHEMA_TYPE, GObject)

QMP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (QmpSchemaMember, qmp_schema_member, QMP, SCHEMA_MEMBER, GObject)

QMP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (QmpSchemaProblem, qmp_schema_problem, QMP, SCHEMA_PROBLEM, GObject)

QMP_AVAILABLE_IN_1_0
GQuark              qmp_schema_error_quark             (void) G_GNUC_CONST;

/* where it comes from */
QMP_AVAILABLE_IN_1_0
QmpSchema          *qmp_schema_new_from_bytes          (GBytes               *bytes,
                                                        GError              **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
void                qmp_schema_fetch_async             (QmpClient            *client,
                                                        GCancellable         *cancellable,
                                                        GAsyncReadyCallback   callback,
                                                        gpointer              user_data);

QMP_AVAILABLE_IN_1_0
QmpSchema          *qmp_schema_fetch_finish            (GAsyncResult         *result,
                                                        GError              **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
QmpSchema          *qmp_schema_fetch                   (QmpClient            *client,
                                                        GCancellable         *cancellable,
                                                        GError              **error) G_GNUC_WARN_UNUSED_RESULT;

/* commands and events */
QMP_AVAILABLE_IN_1_0
char              **qmp_schema_list_commands           (QmpSchema            *self);

QMP_AVAILABLE_IN_1_0
char              **qmp_schema_list_events             (QmpSchema            *self);

QMP_AVAILABLE_IN_1_0
gboolean            qmp_schema_has_command             (QmpSchema            *self,
                                                        const char           *command);

QMP_AVAILABLE_IN_1_0
gboolean            qmp_schema_has_event               (QmpSchema            *self,
                                                        const char           *event);

QMP_AVAILABLE_IN_1_0
char              **qmp_schema_list_features           (QmpSchema            *self,
                                                        const char           *name);

QMP_AVAILABLE_IN_1_0
gboolean            qmp_schema_has_feature             (QmpSchema            *self,
                                                        const char           *name,
                                                        const char           *feature);

QMP_AVAILABLE_IN_1_0
gboolean            qmp_schema_allows_out_of_band      (QmpSchema            *self,
                                                        const char           *command);

QMP_AVAILABLE_IN_1_0
QmpSchemaType      *qmp_schema_ref_command_arguments   (QmpSchema            *self,
                                                        const char           *command);

QMP_AVAILABLE_IN_1_0
QmpSchemaType      *qmp_schema_ref_command_return      (QmpSchema            *self,
                                                        const char           *command);

QMP_AVAILABLE_IN_1_0
QmpSchemaType      *qmp_schema_ref_event_data          (QmpSchema            *self,
                                                        const char           *event);

/* paths */
QMP_AVAILABLE_IN_1_0
gboolean            qmp_schema_has_path                (QmpSchema            *self,
                                                        const char           *path);

QMP_AVAILABLE_IN_1_0
QmpSchemaType      *qmp_schema_find_type               (QmpSchema            *self,
                                                        const char           *path,
                                                        GError              **error) G_GNUC_WARN_UNUSED_RESULT;

/* checking commands */
QMP_AVAILABLE_IN_1_0
GList              *qmp_schema_list_problems           (QmpSchema            *self,
                                                        QmpMessage           *command);

QMP_AVAILABLE_IN_1_0
gboolean            qmp_schema_validate                (QmpSchema            *self,
                                                        QmpMessage           *command,
                                                        GError              **error);

QMP_AVAILABLE_IN_1_0
void                qmp_schema_attach                  (QmpSchema            *self,
                                                        QmpClient            *client);

/* types */
QMP_AVAILABLE_IN_1_0
QmpSchemaKind       qmp_schema_type_get_kind           (QmpSchemaType        *self);

QMP_AVAILABLE_IN_1_0
const char         *qmp_schema_type_get_json_type      (QmpSchemaType        *self);

QMP_AVAILABLE_IN_1_0
char               *qmp_schema_type_describe           (QmpSchemaType        *self);

QMP_AVAILABLE_IN_1_0
gboolean            qmp_schema_type_equal              (QmpSchemaType        *self,
                                                        QmpSchemaType        *other);

QMP_AVAILABLE_IN_1_0
char              **qmp_schema_type_list_features      (QmpSchemaType        *self);

QMP_AVAILABLE_IN_1_0
QmpSchemaType      *qmp_schema_type_ref_element_type   (QmpSchemaType        *self);

QMP_AVAILABLE_IN_1_0
GList              *qmp_schema_type_list_members       (QmpSchemaType        *self);

QMP_AVAILABLE_IN_1_0
QmpSchemaMember    *qmp_schema_type_ref_member         (QmpSchemaType        *self,
                                                        const char           *name);

QMP_AVAILABLE_IN_1_0
const char         *qmp_schema_type_get_tag            (QmpSchemaType        *self);

QMP_AVAILABLE_IN_1_0
char              **qmp_schema_type_list_cases         (QmpSchemaType        *self);

QMP_AVAILABLE_IN_1_0
QmpSchemaType      *qmp_schema_type_ref_variant        (QmpSchemaType        *self,
                                                        const char           *tag_value);

QMP_AVAILABLE_IN_1_0
GList              *qmp_schema_type_list_alternatives  (QmpSchemaType        *self);

QMP_AVAILABLE_IN_1_0
char              **qmp_schema_type_list_values        (QmpSchemaType        *self);

QMP_AVAILABLE_IN_1_0
gboolean            qmp_schema_type_has_value          (QmpSchemaType        *self,
                                                        const char           *value);

QMP_AVAILABLE_IN_1_0
char              **qmp_schema_type_list_value_features (QmpSchemaType       *self,
                                                        const char           *value);

/* members */
QMP_AVAILABLE_IN_1_0
const char         *qmp_schema_member_get_name         (QmpSchemaMember      *self);

QMP_AVAILABLE_IN_1_0
QmpSchemaType      *qmp_schema_member_ref_value_type   (QmpSchemaMember      *self);

QMP_AVAILABLE_IN_1_0
gboolean            qmp_schema_member_is_optional      (QmpSchemaMember      *self);

QMP_AVAILABLE_IN_1_0
const char         *qmp_schema_member_get_default_text (QmpSchemaMember      *self);

QMP_AVAILABLE_IN_1_0
char              **qmp_schema_member_list_features    (QmpSchemaMember      *self);

/* problems */
QMP_AVAILABLE_IN_1_0
QmpSchemaSeverity   qmp_schema_problem_get_severity    (QmpSchemaProblem     *self);

QMP_AVAILABLE_IN_1_0
const char         *qmp_schema_problem_get_path        (QmpSchemaProblem     *self);

QMP_AVAILABLE_IN_1_0
const char         *qmp_schema_problem_get_text        (QmpSchemaProblem     *self);

QMP_AVAILABLE_IN_1_0
const char         *qmp_schema_problem_get_expected    (QmpSchemaProblem     *self);

QMP_AVAILABLE_IN_1_0
const char         *qmp_schema_problem_get_found       (QmpSchemaProblem     *self);

QMP_AVAILABLE_IN_1_0
const char         *qmp_schema_problem_get_suggestion  (QmpSchemaProblem     *self);

G_END_DECLS
