/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-machine-private.h"

#include <glib/gi18n-lib.h>

#include "machine/qmp-member-private.h"

/* What is asked of a server, all at once. */

#define NO_UUID "00000000-0000-0000-0000-000000000000"

enum {
  READ_STATUS,
  READ_NAME,
  READ_UUID,
  READ_JOBS,
  READ_EVENTS,      /* switched on: what they say is heard from then on */
  READ_MIGRATION,
  N_READS
};

static const char * const commands[N_READS] = {
  "query-status", "query-name", "query-uuid", "query-jobs", "migrate-set-capabilities", "query-migrate"
};

typedef struct {
  QmpMachine         *self;              /* borrowed: the caller holds it */
  QmpStatusTicket     ticket;
  QmpJobsTicket       jobs;
  QmpMigrationsTicket migrations;
  JsonNode           *replies[N_READS];  /* nullable */
  guint               n_pending;
  GError             *error;             /* nullable */
  QmpMachineReadFunc  done;
  gpointer            user_data;
} Read;

static void
read_clear (Read *read)
{
  for (guint i = 0; i < N_READS; i++)
    g_clear_pointer (&read->replies[i], json_node_unref);
  g_clear_error (&read->error);
}

/* --- what it comes to --- */

static void
set_text (QmpMachine     *self,
          char          **text,
          const char     *value,
          QmpMachineProp  prop)
{
  if (g_strcmp0 (*text, value) == 0)
    return;
  g_free (*text);
  *text = g_strdup (value);
  qmp_machine_touch (self, prop);
}

/* NULL: it has none. */
static const char *
get_uuid (Read *read)
{
  const char *uuid = qmp_member_get_string (read->replies[READ_UUID], "UUID");

  return g_strcmp0 (uuid, NO_UUID) != 0 ? uuid : NULL;
}

/* Over one link it is the same. One that does not tell its UUID counts for the same. */
static gboolean
is_another (Read *read)
{
  QmpMachine *self = read->self;

  return read->error == NULL && self->run != NULL && self->run->ready && !self->connected &&
         read->replies[READ_UUID] != NULL && g_strcmp0 (self->uuid, get_uuid (read)) != 0;
}

static void
refuse (Read *read)
{
  read->error = g_error_new_literal (QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_LOST,
                                     _("Another machine answers at this address, with another UUID"));
  for (guint i = 0; i < N_READS; i++)
    g_clear_pointer (&read->replies[i], json_node_unref);
}

gboolean
qmp_machine_is_replaced (const GError *error)
{
  return g_error_matches (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_LOST);
}

/* The server does not know the status. */
static gboolean
is_unknown (const GError *error)
{
  return g_error_matches (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_COMMAND_NOT_FOUND);
}

static void
apply (Read *read)
{
  QmpMachine *self = read->self;

  /* A storage daemon has jobs, and no status. */
  if (is_unknown (read->error) && read->replies[READ_JOBS] != NULL)
    g_clear_error (&read->error);
  if (is_another (read))
    refuse (read);
  qmp_status_answer (&self->status, read->ticket, QMP_STATUS_CHANGE_NONE, read->replies[READ_STATUS]);
  qmp_jobs_answer (self->jobs, read->jobs, read->replies[READ_JOBS]);
  qmp_machine_take_migration (self, read->migrations, read->replies[READ_EVENTS] != NULL, read->replies[READ_MIGRATION]);
  if (read->error != NULL)
    return;
  set_text (self, &self->name, qmp_member_get_string (read->replies[READ_NAME], "name"), QMP_MACHINE_NAME);
  set_text (self, &self->uuid, get_uuid (read), QMP_MACHINE_UUID);
}

/* Takes both. A server that does not tell its name is a machine anyway. */
static void
take (Read     *read,
      guint     index,
      JsonNode *reply,
      GError   *error)
{
  gboolean matters = index == READ_STATUS || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  read->replies[index] = reply;
  if (matters && error != NULL && (read->error == NULL || is_unknown (read->error)))
    {
      g_clear_error (&read->error);
      read->error = g_steal_pointer (&error);
    }
  g_clear_error (&error);
}

/* --- in the background --- */

static void
take_reply (Read         *read,
            guint         index,
            GObject      *client,
            GAsyncResult *result)
{
  GError *error = NULL;
  JsonNode *reply = qmp_client_execute_finish (QMP_CLIENT (client), result, &error);

  take (read, index, reply, error);
  if (--read->n_pending > 0)
    return;
  apply (read);
  read->done (read->self, read->error, read->user_data);
  read_clear (read);
  g_free (read);
}

static void
status_cb (GObject      *client,
           GAsyncResult *result,
           gpointer      user_data)
{
  take_reply (user_data, READ_STATUS, client, result);
}

static void
name_cb (GObject      *client,
         GAsyncResult *result,
         gpointer      user_data)
{
  take_reply (user_data, READ_NAME, client, result);
}

static void
jobs_cb (GObject      *client,
         GAsyncResult *result,
         gpointer      user_data)
{
  take_reply (user_data, READ_JOBS, client, result);
}

static void
uuid_cb (GObject      *client,
         GAsyncResult *result,
         gpointer      user_data)
{
  take_reply (user_data, READ_UUID, client, result);
}

static void
events_cb (GObject      *client,
           GAsyncResult *result,
           gpointer      user_data)
{
  take_reply (user_data, READ_EVENTS, client, result);
}

static void
migration_cb (GObject      *client,
              GAsyncResult *result,
              gpointer      user_data)
{
  take_reply (user_data, READ_MIGRATION, client, result);
}

static const GAsyncReadyCallback callbacks[N_READS] = {
  status_cb, name_cb, uuid_cb, jobs_cb, events_cb, migration_cb
};

/* Transfer full; nullable. */
static JsonNode *
new_arguments (guint index)
{
  return index == READ_EVENTS ? qmp_machine_new_migration_events () : NULL;
}

void
qmp_machine_read_async (QmpMachine         *self,
                        GCancellable       *cancellable,
                        QmpMachineReadFunc  done,
                        gpointer            user_data)
{
  Read *read = g_new (Read, 1);

  *read = (Read) { .self = self, .ticket = qmp_status_ask (&self->status),
                   .jobs = qmp_jobs_ask (self->jobs), .migrations = qmp_migrations_ask (&self->migrations),
                   .n_pending = N_READS, .done = done, .user_data = user_data };
  for (guint i = 0; i < N_READS; i++)
    {
      g_autoptr(JsonNode) arguments = new_arguments (i);

      qmp_client_execute_async (self->client, commands[i], arguments, cancellable, callbacks[i], read);
    }
}

/* --- blocking --- */

gboolean
qmp_machine_read (QmpMachine    *self,
                  GCancellable  *cancellable,
                  GError       **error)
{
  Read read = { .self = self, .jobs = qmp_jobs_ask (self->jobs) };

  for (guint i = 0; i < N_READS && (read.error == NULL || is_unknown (read.error)); i++)
    {
      g_autoptr(JsonNode) arguments = new_arguments (i);
      GError *read_error = NULL;
      JsonNode *reply;

      if (i == READ_STATUS)
        read.ticket = qmp_status_ask (&self->status);
      if (i == READ_MIGRATION)
        read.migrations = qmp_migrations_ask (&self->migrations);
      reply = qmp_client_execute (self->client, commands[i], arguments, cancellable, &read_error);
      take (&read, i, reply, read_error);
    }
  apply (&read);
  if (read.error != NULL)
    g_propagate_error (error, g_steal_pointer (&read.error));
  read_clear (&read);
  return *error == NULL;
}

/* --- the status alone --- */

typedef struct {
  QmpMachine      *self;    /* owned */
  QmpStatusTicket  ticket;
} Ask;

static void
asked_cb (GObject      *client,
          GAsyncResult *result,
          gpointer      user_data)
{
  Ask *ask = user_data;
  g_autoptr(QmpMachine) self = ask->self;
  g_autoptr(JsonNode) reply = qmp_client_execute_finish (QMP_CLIENT (client), result, NULL);

  qmp_status_answer (&self->status, ask->ticket, QMP_STATUS_CHANGE_NONE, reply);
  g_free (ask);
  /* Whoever shuts it down goes by the status. That a link has ended is seen when the client has told of it. */
  if (reply != NULL)
    qmp_machine_advance (self);
  qmp_machine_tell (self);
}

void
qmp_machine_ask_status (QmpMachine *self)
{
  Ask *ask;

  if (!qmp_client_is_linked (self->client) || self->status.asking)
    return;
  ask = g_new (Ask, 1);
  *ask = (Ask) { g_object_ref (self), qmp_status_ask (&self->status) };
  qmp_client_execute_async (self->client, "query-status", NULL, NULL, asked_cb, ask);
}

/* How often a status is asked for that is old when it comes: somebody stops and resumes the machine all the time. */
#define MAX_TRIES 5

gboolean
qmp_machine_read_status (QmpMachine    *self,
                         int            timeout,
                         GCancellable  *cancellable,
                         GError       **error)
{
  g_autoptr(QmpMessage) message = qmp_message_new_command ("query-status", NULL, NULL);
  gboolean taken = FALSE;

  qmp_message_set_timeout (message, timeout);
  for (int i = 0; i < MAX_TRIES && !taken; i++)
    {
      QmpStatusTicket ticket = qmp_status_ask (&self->status);
      g_autoptr(JsonNode) reply = qmp_client_execute_message (self->client, message, cancellable, error);

      taken = qmp_status_answer (&self->status, ticket, QMP_STATUS_CHANGE_NONE, reply);
      if (reply == NULL)
        return FALSE;
    }
  return TRUE;
}

/* What the answers bring about: a program that only makes blocking calls has nobody else who would do it. */
static void
follow_up (QmpMachine   *self,
           GCancellable *cancellable)
{
  while (qmp_jobs_work (self->jobs, QMP_TIMEOUT_CLIENT, cancellable))
    ;
  qmp_machine_step_migration (self);
}

/* --- the public face --- */

static void
refreshed (QmpMachine   *self,
           const GError *error,
           gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;

  qmp_machine_advance (self);
  qmp_machine_tell (self);
  if (error != NULL)
    g_task_return_error (task, g_error_copy (error));
  else
    g_task_return_boolean (task, TRUE);
}

/**
 * qmp_machine_refresh_async:
 * @self: a machine
 * @cancellable: (nullable): to cancel it
 * @callback: (scope async) (closure user_data): called when it is done
 * @user_data: data for @callback
 *
 * Reads anew what the machine tells: status, name, UUID, jobs and migration, in one batch.
 *
 * It is not needed for what QEMU has events for. It is for whoever has read nothing since, and for the name.
 *
 * Since: 1.0
 */
void
qmp_machine_refresh_async (QmpMachine          *self,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (QMP_IS_MACHINE (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  if (qmp_machine_is_foreign (self, NULL))
    return;

  task = qmp_machine_task_new (self, callback, user_data, qmp_machine_refresh_async);
  if (qmp_machine_require_monitor (self, &error))
    qmp_machine_read_async (self, cancellable, refreshed, g_steal_pointer (&task));
  else
    g_task_return_error (task, error);
}

/**
 * qmp_machine_refresh_finish:
 * @self: a machine
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Machine.refresh_async].
 *
 * Errors are those of [method@Client.execute]; `QMP_MACHINE_ERROR_ENDED` if no machine runs here, and
 * `QMP_CLIENT_ERROR_STATE` while it is not connected.
 *
 * Returns: `TRUE` if the status was read; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_machine_refresh_finish (QmpMachine    *self,
                            GAsyncResult  *result,
                            GError       **error)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_machine_refresh_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * qmp_machine_refresh:
 * @self: a machine
 * @cancellable: (nullable): to cancel it
 * @error: return location for an error
 *
 * Reads anew what the machine tells, and blocks meanwhile.
 *
 * The blocking form of [method@Machine.refresh_async], with the errors of [method@Machine.refresh_finish].
 *
 * Returns: `TRUE` if the status was read; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_machine_refresh (QmpMachine    *self,
                     GCancellable  *cancellable,
                     GError       **error)
{
  g_autoptr(QmpMachine) held = NULL;
  g_autoptr(GError) read_error = NULL;

  g_return_val_if_fail (QMP_IS_MACHINE (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  if (qmp_machine_is_foreign (self, error) || !qmp_machine_require_monitor (self, error))
    return FALSE;

  held = g_object_ref (self);
  if (!qmp_machine_read (self, cancellable, &read_error))
    {
      g_propagate_error (error, g_steal_pointer (&read_error));
      return FALSE;
    }
  follow_up (self, cancellable);
  return TRUE;
}
