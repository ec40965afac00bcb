/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "schema/qmp-schema-private.h"

#include "core/qmp-error-private.h"

/* Schemas are shared by what they say, not by who says it: nothing that a server tells of itself is sure to name its
 * schema. Two builds of one version, with one package name and the same commands, can differ in an enumeration's
 * values. So each link asks once, and those whose answer is the same text get the same object. */

/* --- sharing --- */

typedef struct {
  GWeakRef schema;
} Shared;

static GMutex mutex;
static GHashTable *shared;    /* of Shared by digest; guarded by mutex */

static void
shared_free (gpointer data)
{
  g_weak_ref_clear (&((Shared *) data)->schema);
  g_free (data);
}

/* Forgets those that are gone. With the mutex held. */
static gboolean
is_gone (gpointer key,
         gpointer value,
         gpointer user_data)
{
  g_autoptr(GObject) schema = g_weak_ref_get (&((Shared *) value)->schema);

  return schema == NULL;
}

static QmpSchema *
find_shared (const char *digest)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&mutex);
  Shared *entry = shared != NULL ? g_hash_table_lookup (shared, digest) : NULL;

  return entry != NULL ? g_weak_ref_get (&entry->schema) : NULL;
}

/* Takes digest. */
static void
share (QmpSchema *schema,
       char      *digest)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&mutex);
  Shared *entry = g_new0 (Shared, 1);

  if (shared == NULL)
    shared = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, shared_free);
  g_hash_table_foreach_remove (shared, is_gone, NULL);
  g_weak_ref_init (&entry->schema, schema);
  g_hash_table_replace (shared, digest, entry);
}

static QmpSchema *
make (GBytes  *reply,
      GError **error)
{
  g_autofree char *digest = NULL;
  QmpJsonSlice array;
  QmpSchema *schema;

  if (!qmp_schema_locate (reply, &array, error))
    return NULL;
  /* Of the array alone: ids differ. */
  digest = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) array.text, array.length);
  schema = find_shared (digest);
  if (schema != NULL)
    return schema;

  schema = qmp_schema_new_from_bytes (reply, error);
  if (schema != NULL)
    share (schema, g_steal_pointer (&digest));
  return schema;
}

/* --- asking --- */

/* The schema of a link is kept with its greeting, which is the client's as long as the link is. */
static GQuark
get_kept_quark (void)
{
  return g_quark_from_static_string ("qmp-schema");
}

static QmpSchema *
get_kept (QmpClient *client)
{
  QmpGreeting *greeting = qmp_client_get_greeting (client);
  QmpSchema *schema = NULL;

  if (greeting != NULL && qmp_client_get_runstate (client) == QMP_RUNSTATE_RUNNING)
    schema = g_object_get_qdata (G_OBJECT (greeting), get_kept_quark ());
  return schema != NULL ? g_object_ref (schema) : NULL;
}

static void
keep (QmpGreeting *greeting,
      QmpSchema   *schema)
{
  if (greeting != NULL)
    g_object_set_qdata_full (G_OBJECT (greeting), get_kept_quark (), g_object_ref (schema), g_object_unref);
}

static QmpMessage *
make_command (void)
{
  return qmp_message_new_command ("query-qmp-schema", NULL, NULL);
}

/* The reply as an exchange gives it has the server's error, if there is one, still in it. */
static GError *
make_error (QmpMessage *reply)
{
  g_autoptr(QmpMessage) sent = make_command ();
  JsonObject *object = json_node_get_object (qmp_message_get_member (reply, "error"));

  return qmp_command_error_new (json_object_get_string_member_with_default (object, "class", ""),
                                json_object_get_string_member_with_default (object, "desc", ""), sent, reply);
}

/* greeting: that of the link which was asked. */
static QmpSchema *
take_reply (QmpGreeting  *greeting,
            QmpMessage   *reply,
            GError      **error)
{
  QmpSchema *schema;

  if (qmp_message_has_member (reply, "error"))
    {
      g_propagate_error (error, make_error (reply));
      return NULL;
    }
  schema = make (qmp_message_get_bytes (reply), error);
  if (schema != NULL)
    keep (greeting, schema);
  return schema;
}

static void
replied_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  g_autoptr(QmpMessage) reply = NULL;
  QmpSchema *schema = NULL;
  GError *error = NULL;

  reply = qmp_client_exchange_finish (QMP_CLIENT (object), result, &error);
  if (reply != NULL)
    schema = take_reply (g_task_get_task_data (task), reply, &error);
  if (schema != NULL)
    g_task_return_pointer (task, schema, g_object_unref);
  else
    g_task_return_error (task, error);
}

/**
 * qmp_schema_fetch_async:
 * @client: a client that is `RUNNING`
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async) (closure user_data): called when the schema is there, or cannot come
 * @user_data: data for @callback
 *
 * Gets the schema of a client's server.
 *
 * The server is asked once in a link's life; a client that does not await a greeting asks each time. Servers that
 * answer the same give the same object, so that many clients of one QEMU need the memory of one schema. They are all
 * asked, since nothing else tells for sure that their schemas are the same; a program that knows better can use one
 * schema for all.
 *
 * Since: 1.0
 */
void
qmp_schema_fetch_async (QmpClient           *client,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;
  g_autoptr(QmpMessage) command = NULL;
  QmpGreeting *greeting;
  QmpSchema *kept;

  g_return_if_fail (QMP_IS_CLIENT (client));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (client, cancellable, callback, user_data);
  g_task_set_source_tag (task, qmp_schema_fetch_async);
  kept = get_kept (client);
  if (kept != NULL)
    {
      g_task_return_pointer (task, kept, g_object_unref);
      return;
    }
  greeting = qmp_client_get_greeting (client);
  if (greeting != NULL)
    g_task_set_task_data (task, g_object_ref (greeting), g_object_unref);
  command = make_command ();
  qmp_client_exchange_async (client, command, cancellable, replied_cb, g_steal_pointer (&task));
}

/**
 * qmp_schema_fetch_finish:
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Ends [func@Schema.fetch_async].
 *
 * Errors are those of [method@Client.execute_finish], of which `QMP_COMMAND_ERROR_COMMAND_NOT_FOUND` is what a server
 * says that cannot describe itself, such as a guest agent; and those of [ctor@Schema.new_from_bytes].
 *
 * Returns: (transfer full) (not nullable): the schema
 *
 * Since: 1.0
 */
QmpSchema *
qmp_schema_fetch_finish (GAsyncResult  *result,
                         GError       **error)
{
  g_return_val_if_fail (G_IS_TASK (result), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_schema_fetch_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * qmp_schema_fetch:
 * @client: a client that is `RUNNING`
 * @cancellable: (nullable): cancels the call
 * @error: where to store an error
 *
 * Gets the schema of a client's server; blocks until it is there.
 *
 * The blocking form of [func@Schema.fetch_async], with the errors of [func@Schema.fetch_finish].
 *
 * Returns: (transfer full) (not nullable): the schema
 *
 * Since: 1.0
 */
QmpSchema *
qmp_schema_fetch (QmpClient     *client,
                  GCancellable  *cancellable,
                  GError       **error)
{
  g_autoptr(QmpMessage) command = NULL;
  g_autoptr(QmpMessage) reply = NULL;
  g_autoptr(QmpGreeting) greeting = NULL;
  QmpSchema *kept;

  g_return_val_if_fail (QMP_IS_CLIENT (client), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);

  kept = get_kept (client);
  if (kept != NULL)
    return kept;
  greeting = qmp_client_get_greeting (client);
  if (greeting != NULL)
    g_object_ref (greeting);
  command = make_command ();
  reply = qmp_client_exchange (client, command, cancellable, error);
  return reply != NULL ? take_reply (greeting, reply, error) : NULL;
}

/* --- checking before sending --- */

static gboolean
check_cb (QmpClient   *client,
          QmpMessage  *command,
          gpointer     user_data,
          GError     **error)
{
  return qmp_schema_validate (user_data, command, error);
}

/**
 * qmp_schema_attach:
 * @self: a schema
 * @client: a client
 *
 * Makes a client check each command against the schema before it sends it.
 *
 * A command that is wrong then fails with `QMP_SCHEMA_ERROR_COMMAND`, whose text names all its mistakes, and nothing
 * is sent. This is [method@Client.set_command_check] with [method@Schema.validate], and ends when that is called with no function.
 * The schema should be that of the server: whoever opens the client to another one attaches another schema.
 *
 * Since: 1.0
 */
void
qmp_schema_attach (QmpSchema *self,
                   QmpClient *client)
{
  g_return_if_fail (QMP_IS_SCHEMA (self));
  g_return_if_fail (QMP_IS_CLIENT (client));

  qmp_client_set_command_check (client, check_cb, g_object_ref (self), g_object_unref);
}
