/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "schema/qmp-schema-private.h"

#include <string.h>

/**
 * QmpSchema:
 *
 * What a server offers: its commands, its events, and the types of all that goes with them.
 *
 * A schema is what a server answers to `query-qmp-schema`. It tells, without trying a command and without knowing the
 * server's version, whether the server has a command, an argument, a value of an enumeration
 * ([method@Schema.has_path]); what a command takes ([method@Schema.ref_command_arguments]); and everything that is
 * wrong with a command before it is sent ([method@Schema.list_problems], [method@Schema.attach]).
 *
 * ```c
 * g_autoptr(QmpSchema) schema = qmp_schema_fetch (vm, NULL, &error);
 *
 * if (qmp_schema_has_path (schema, "blockdev-add/arg-type/+nbd/tls-hostname"))
 *   use_tls_hostname (vm);
 * ```
 *
 * Types have no names: those on the wire are made up and differ between builds, so they are not shown.
 *
 * A schema does not change. It may be used from any thread, and for any number of clients.
 *
 * Since: 1.0
 */

G_DEFINE_FINAL_TYPE (QmpSchema, qmp_schema, G_TYPE_OBJECT)

/**
 * qmp_schema_error_quark:
 *
 * The error domain of [error@SchemaError].
 *
 * Returns: the domain
 *
 * Since: 1.0
 */
G_DEFINE_QUARK (QmpSchemaError, qmp_schema_error)

static void
qmp_schema_finalize (GObject *object)
{
  QmpSchema *self = QMP_SCHEMA (object);

  g_hash_table_unref (self->entries);
  g_string_chunk_free (self->strings);

  G_OBJECT_CLASS (qmp_schema_parent_class)->finalize (object);
}

static void
qmp_schema_class_init (QmpSchemaClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = qmp_schema_finalize;
}

static void
qmp_schema_init (QmpSchema *self)
{
  self->entries = g_hash_table_new_full (qmp_json_hash_name, g_str_equal, NULL, (GDestroyNotify) qmp_schema_entry_free);
  self->strings = g_string_chunk_new (4096);
}

/* --- finding --- */

/* A command or an event: they share their names' space. */
static const QmpSchemaEntry *
find_named (QmpSchema  *self,
            const char *name)
{
  const QmpSchemaEntry *entry = g_hash_table_lookup (self->entries, name);

  return entry != NULL && entry->meta != QMP_SCHEMA_META_TYPE ? entry : NULL;
}

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char * const *) a, *(const char * const *) b);
}

static char **
list (QmpSchema     *self,
      QmpSchemaMeta  meta)
{
  GPtrArray *names = g_ptr_array_new ();
  GHashTableIter iter;
  QmpSchemaEntry *entry;

  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &entry))
    if (entry->meta == meta)
      g_ptr_array_add (names, g_strdup (entry->name));
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (names, FALSE);
}

/* --- the public face --- */

/**
 * qmp_schema_new_from_bytes:
 * @bytes: the text of a reply to `query-qmp-schema`, or of the array in it
 * @error: where to store an error
 *
 * Makes a schema from text, for example one that was kept in a file.
 *
 * A schema that is not sound is refused as a whole: types that are missing, named twice, or contained in themselves.
 * Kinds of types that this version of the library does not know are taken for any value.
 *
 * Errors are `QMP_SCHEMA_ERROR_INVALID`, and `QMP_PROTOCOL_ERROR_DESERIALIZATION`, `QMP_PROTOCOL_ERROR_TOO_DEEP` and
 * `QMP_PROTOCOL_ERROR_TOO_LARGE` for text that is not JSON, or too much of it.
 *
 * Returns: (transfer full) (not nullable): a new schema
 *
 * Since: 1.0
 */
QmpSchema *
qmp_schema_new_from_bytes (GBytes  *bytes,
                           GError **error)
{
  g_autoptr(QmpSchema) self = NULL;
  QmpJsonSlice array;

  g_return_val_if_fail (bytes != NULL, NULL);

  if (!qmp_schema_locate (bytes, &array, error))
    return NULL;
  self = g_object_new (QMP_TYPE_SCHEMA, NULL);
  if (!qmp_schema_load (self, array.text, array.length, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * qmp_schema_list_commands:
 * @self: a schema
 *
 * The names of all commands, sorted.
 *
 * Returns: (transfer full) (array zero-terminated=1): the names
 *
 * Since: 1.0
 */
char **
qmp_schema_list_commands (QmpSchema *self)
{
  g_return_val_if_fail (QMP_IS_SCHEMA (self), NULL);

  return list (self, QMP_SCHEMA_META_COMMAND);
}

/**
 * qmp_schema_list_events:
 * @self: a schema
 *
 * The names of all events, sorted.
 *
 * Returns: (transfer full) (array zero-terminated=1): the names
 *
 * Since: 1.0
 */
char **
qmp_schema_list_events (QmpSchema *self)
{
  g_return_val_if_fail (QMP_IS_SCHEMA (self), NULL);

  return list (self, QMP_SCHEMA_META_EVENT);
}

/**
 * qmp_schema_has_command:
 * @self: a schema
 * @command: a command's name
 *
 * Tells whether the server has a command.
 *
 * Returns: `TRUE` if it has
 *
 * Since: 1.0
 */
gboolean
qmp_schema_has_command (QmpSchema  *self,
                        const char *command)
{
  g_return_val_if_fail (QMP_IS_SCHEMA (self), FALSE);
  g_return_val_if_fail (command != NULL, FALSE);

  return qmp_schema_find_entry (self, QMP_SCHEMA_META_COMMAND, command) != NULL;
}

/**
 * qmp_schema_has_event:
 * @self: a schema
 * @event: an event's name
 *
 * Tells whether the server has an event.
 *
 * Returns: `TRUE` if it has
 *
 * Since: 1.0
 */
gboolean
qmp_schema_has_event (QmpSchema  *self,
                      const char *event)
{
  g_return_val_if_fail (QMP_IS_SCHEMA (self), FALSE);
  g_return_val_if_fail (event != NULL, FALSE);

  return qmp_schema_find_entry (self, QMP_SCHEMA_META_EVENT, event) != NULL;
}

/**
 * qmp_schema_list_features:
 * @self: a schema
 * @name: the name of a command or an event
 *
 * The features of a command or an event, such as `deprecated` and `unstable`.
 *
 * Returns: (transfer full) (array zero-terminated=1): their names; none if there is no such command or event
 *
 * Since: 1.0
 */
char **
qmp_schema_list_features (QmpSchema  *self,
                          const char *name)
{
  const QmpSchemaEntry *entry;

  g_return_val_if_fail (QMP_IS_SCHEMA (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  entry = find_named (self, name);
  return qmp_schema_dup_words (entry != NULL ? entry->features : NULL);
}

/**
 * qmp_schema_has_feature:
 * @self: a schema
 * @name: the name of a command or an event
 * @feature: the name of a feature
 *
 * Tells whether a command or an event has a feature.
 *
 * Returns: `TRUE` if it has; `FALSE` also if there is no such command or event
 *
 * Since: 1.0
 */
gboolean
qmp_schema_has_feature (QmpSchema  *self,
                        const char *name,
                        const char *feature)
{
  const QmpSchemaEntry *entry;

  g_return_val_if_fail (QMP_IS_SCHEMA (self), FALSE);
  g_return_val_if_fail (name != NULL, FALSE);
  g_return_val_if_fail (feature != NULL, FALSE);

  entry = find_named (self, name);
  return entry != NULL && qmp_schema_has_word (entry->features, feature);
}

/**
 * qmp_schema_allows_out_of_band:
 * @self: a schema
 * @command: a command's name
 *
 * Tells whether a command may be executed out of band.
 *
 * Returns: `TRUE` if it may; `FALSE` also if there is no such command
 *
 * Since: 1.0
 */
gboolean
qmp_schema_allows_out_of_band (QmpSchema  *self,
                               const char *command)
{
  const QmpSchemaEntry *entry;

  g_return_val_if_fail (QMP_IS_SCHEMA (self), FALSE);
  g_return_val_if_fail (command != NULL, FALSE);

  entry = qmp_schema_find_entry (self, QMP_SCHEMA_META_COMMAND, command);
  return entry != NULL && entry->allow_oob;
}

/**
 * qmp_schema_ref_command_arguments:
 * @self: a schema
 * @command: a command's name
 *
 * What a command takes.
 *
 * Returns: (transfer full) (nullable): an object type, which has no members if the command takes no arguments;
 *   `NULL` if there is no such command
 *
 * Since: 1.0
 */
QmpSchemaType *
qmp_schema_ref_command_arguments (QmpSchema  *self,
                                  const char *command)
{
  const QmpSchemaEntry *entry;

  g_return_val_if_fail (QMP_IS_SCHEMA (self), NULL);
  g_return_val_if_fail (command != NULL, NULL);

  entry = qmp_schema_find_entry (self, QMP_SCHEMA_META_COMMAND, command);
  return entry != NULL ? qmp_schema_type_new (self, entry->argument.type) : NULL;
}

/**
 * qmp_schema_ref_command_return:
 * @self: a schema
 * @command: a command's name
 *
 * What a command returns.
 *
 * Returns: (transfer full) (nullable): a type, for a command that returns nothing mostly an object without members;
 *   `NULL` if there is no such command
 *
 * Since: 1.0
 */
QmpSchemaType *
qmp_schema_ref_command_return (QmpSchema  *self,
                               const char *command)
{
  const QmpSchemaEntry *entry;

  g_return_val_if_fail (QMP_IS_SCHEMA (self), NULL);
  g_return_val_if_fail (command != NULL, NULL);

  entry = qmp_schema_find_entry (self, QMP_SCHEMA_META_COMMAND, command);
  return entry != NULL ? qmp_schema_type_new (self, entry->result.type) : NULL;
}

/**
 * qmp_schema_ref_event_data:
 * @self: a schema
 * @event: an event's name
 *
 * What comes with an event.
 *
 * Returns: (transfer full) (nullable): an object type, which has no members if the event brings no data; `NULL` if
 *   there is no such event
 *
 * Since: 1.0
 */
QmpSchemaType *
qmp_schema_ref_event_data (QmpSchema  *self,
                           const char *event)
{
  const QmpSchemaEntry *entry;

  g_return_val_if_fail (QMP_IS_SCHEMA (self), NULL);
  g_return_val_if_fail (event != NULL, NULL);

  entry = qmp_schema_find_entry (self, QMP_SCHEMA_META_EVENT, event);
  return entry != NULL ? qmp_schema_type_new (self, entry->argument.type) : NULL;
}
