/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-migration-private.h"

#include <glib/gi18n-lib.h>

#include <qmp-glib/qmp-error.h>
#include <qmp-glib/qmp-machine.h>

#include "wire/qmp-patience-private.h"

/* Waiting for the end of a migration, and bringing it about. */

typedef struct {
  GTask       *task;       /* owned */
  QmpPatience *patience;
  GList        link;       /* in the migration's waits */
} QmpMigrationWait;

gboolean
qmp_migration_require_thread (QmpMigration  *self,
                              const char    *function,
                              GError       **error)
{
  if (self->client == NULL || qmp_client_is_owner_thread (self->client))
    return TRUE;

  g_critical ("%s: called in another thread than that of the migration", function);
  g_set_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_THREAD, "%s: called in another thread than that of the migration",
               function);
  return FALSE;
}

/* --- what it comes to --- */

static gboolean
judge (QmpMigration  *self,
       GError       **error)
{
  if (self->error == NULL)
    return TRUE;
  g_propagate_error (error, g_error_copy (self->error));
  return FALSE;
}

static GTask *
new_task (QmpMigration        *self,
          GCancellable        *cancellable,
          GAsyncReadyCallback  callback,
          gpointer             user_data,
          gpointer             source_tag)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);

  (g_task_set_source_tag) (task, source_tag);
  if (cancellable != NULL)
    g_task_set_task_data (task, g_object_ref (cancellable), g_object_unref);
  return task;
}

static void
return_result (GTask *task)
{
  GError *error = NULL;

  if (judge (g_task_get_source_object (task), &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static gboolean
finish (QmpMigration  *self,
        GAsyncResult  *result,
        gpointer       source_tag,
        GError       **error)
{
  g_return_val_if_fail (QMP_IS_MIGRATION (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, source_tag), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* --- in the background --- */

/* Takes wait. The owner may be gone afterwards. */
static GTask *
end_wait (QmpMigration     *self,
          QmpMigrationWait *wait)
{
  GTask *task = wait->task;

  g_queue_unlink (&self->waits, &wait->link);
  qmp_patience_free (wait->patience);
  g_free (wait);
  if (self->owner != NULL)
    self->funcs->release (self->owner);
  return task;
}

void
qmp_migration_tell (QmpMigration *self)
{
  self->queued = FALSE;
  qmp_migration_notify (self);
  /* What a handler has brought about is told in its turn. */
  while (self->finished && !self->queued && self->waits.head != NULL)
    {
      g_autoptr(GTask) task = end_wait (self, self->waits.head->data);

      return_result (task);
    }
  /* Nothing happens to it any more. */
  if (self->finished && !self->queued)
    qmp_migration_leave (self);
}

static gboolean
tell_left (gpointer user_data)
{
  qmp_migration_tell (user_data);
  return G_SOURCE_REMOVE;
}

void
qmp_migration_leave (QmpMigration *self)
{
  g_autoptr(GSource) source = NULL;

  g_assert (self->finished);

  if (self->owner == NULL)
    return;
  self->owner = NULL;
  self->queued = FALSE;
  g_clear_object (&self->client);
  if (self->waits.head == NULL)
    return;
  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_static_name (source, "[qmp] migration");
  g_source_set_callback (source, tell_left, g_object_ref (self), g_object_unref);
  g_source_attach (source, qmp_io_context_get_main_context (self->io));
}

static GError *
timed_out (gpointer operation)
{
  return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("The migration has not ended in time"));
}

static void
give_up (gpointer  operation,
         GError   *error)
{
  QmpMigrationWait *wait = operation;
  g_autoptr(QmpMigration) self = g_object_ref (g_task_get_source_object (wait->task));
  g_autoptr(GTask) task = end_wait (self, wait);

  g_task_return_error (task, error);
}

static const QmpPatienceFuncs patience_funcs = { NULL, timed_out, give_up };

static void
wait_async (QmpMigration        *self,
            int                  timeout,
            GCancellable        *cancellable,
            GAsyncReadyCallback  callback,
            gpointer             user_data,
            gpointer             source_tag)
{
  g_autoptr(GTask) task = new_task (self, NULL, callback, user_data, source_tag);
  QmpMigrationWait *wait;

  /* What is not told yet comes in its order. */
  if (self->finished && !self->queued && self->waits.head == NULL)
    {
      return_result (task);
      return;
    }
  wait = g_new0 (QmpMigrationWait, 1);
  wait->task = g_steal_pointer (&task);
  wait->link.data = wait;
  wait->patience = qmp_patience_new (&patience_funcs, wait, self->io, timeout, cancellable);
  g_queue_push_tail_link (&self->waits, &wait->link);
  if (self->owner != NULL)
    self->funcs->hold (self->owner);
}

/* --- until its end --- */

/**
 * qmp_migration_wait_async:
 * @self: a migration
 * @timeout: how long to wait, in milliseconds, or [const@TIMEOUT_NONE]
 * @cancellable: (nullable): to cancel the waiting, and not the migration
 * @callback: (scope async) (closure user_data): called when the migration has ended
 * @user_data: data for @callback
 *
 * Waits for the end of the migration.
 *
 * It is over when [property@Migration:finished] is `TRUE`, at once if it is so already. A migration of a machine that was opened
 * is waited for also while there is no link: over the next one it is found again, or not.
 *
 * Since: 1.0
 */
void
qmp_migration_wait_async (QmpMigration        *self,
                          int                  timeout,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  g_return_if_fail (QMP_IS_MIGRATION (self));
  g_return_if_fail (timeout >= QMP_TIMEOUT_NONE);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  if (qmp_migration_is_foreign (self, NULL))
    return;

  wait_async (self, timeout, cancellable, callback, user_data, qmp_migration_wait_async);
}

/**
 * qmp_migration_wait_finish:
 * @self: a migration
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Migration.wait_async].
 *
 * Errors are those of [property@Migration:error]: `QMP_MACHINE_ERROR_MIGRATION` with QEMU's text,
 * `QMP_MACHINE_ERROR_MIGRATION_CANCELLED`, and `QMP_MACHINE_ERROR_LOST` when nobody knows what has become of the migration. With
 * `G_IO_ERROR_TIMED_OUT` and `G_IO_ERROR_CANCELLED` the migration goes on, and only the waiting has ended.
 *
 * Returns: `TRUE` if the migration has succeeded; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_migration_wait_finish (QmpMigration  *self,
                           GAsyncResult  *result,
                           GError       **error)
{
  return finish (self, result, qmp_migration_wait_async, error);
}

static gboolean
block (QmpMigration  *self,
       int            timeout,
       GCancellable  *cancellable,
       GError       **error)
{
  g_autoptr(QmpMigration) held = g_object_ref (self);

  if (!self->finished && !self->funcs->block (self->owner, self, timeout, cancellable, error))
    return FALSE;
  return judge (self, error);
}

/**
 * qmp_migration_wait:
 * @self: a migration
 * @timeout: how long to wait, in milliseconds, or [const@TIMEOUT_NONE]
 * @cancellable: (nullable): to cancel the waiting, and not the migration
 * @error: return location for an error
 *
 * Blocks until the migration has ended.
 *
 * The blocking form of [method@Migration.wait_async], with the errors of [method@Migration.wait_finish]. When the link ends,
 * and the machine does not end with it, nobody can open another one meanwhile: that is `QMP_MACHINE_ERROR_LOST`, though the
 * migration may be found again later.
 *
 * Returns: `TRUE` if the migration has succeeded; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_migration_wait (QmpMigration  *self,
                    int            timeout,
                    GCancellable  *cancellable,
                    GError       **error)
{
  g_return_val_if_fail (QMP_IS_MIGRATION (self), FALSE);
  g_return_val_if_fail (timeout >= QMP_TIMEOUT_NONE, FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  if (qmp_migration_is_foreign (self, error))
    return FALSE;

  return block (self, timeout, cancellable, error);
}

/* --- cancelling --- */

static gboolean
require_cancellable (QmpMigration  *self,
                     GError       **error)
{
  if (self->finished)
    {
      g_set_error_literal (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_ENDED, _("The migration has ended"));
      return FALSE;
    }
  if (self->direction != QMP_MIGRATION_DIRECTION_INCOMING)
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                       _("A machine that arrives cannot cancel its migration: that is for the machine that leaves"));
  return FALSE;
}

/* What waiting for its end has come to: that it has failed by itself is as good. Takes failure, which is nullable. */
static gboolean
judge_end (GError  *failure,
           GError **error)
{
  if (failure == NULL)
    {
      g_set_error_literal (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_FAILED,
                           _("The migration was completed before it could be cancelled"));
      return FALSE;
    }
  if (g_error_matches (failure, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_MIGRATION_CANCELLED) ||
      g_error_matches (failure, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_MIGRATION))
    {
      g_error_free (failure);
      return TRUE;
    }
  g_propagate_error (error, failure);
  return FALSE;
}

static void
ended_cb (GObject      *object,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *failure = NULL;
  GError *error = NULL;

  finish (QMP_MIGRATION (object), result, ended_cb, &failure);
  if (judge_end (failure, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
commanded_cb (GObject      *client,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  QmpMigration *self = g_task_get_source_object (task);
  GError *error = NULL;
  g_autoptr(JsonNode) reply = qmp_client_execute_finish (QMP_CLIENT (client), result, &error);

  if (reply == NULL)
    g_task_return_error (task, error);
  else
    wait_async (self, qmp_client_get_timeout (QMP_CLIENT (client)), g_task_get_task_data (task), ended_cb,
                g_object_ref (task), ended_cb);
}

/**
 * qmp_migration_cancel_async:
 * @self: a migration of a machine that leaves
 * @cancellable: (nullable): to cancel the waiting, and not the cancelling
 * @callback: (scope async) (closure user_data): called when the migration has ended
 * @user_data: data for @callback
 *
 * Cancels the migration.
 *
 * It is done when the migration has ended: [property@Migration:finished] is `TRUE`, and the machine runs on as before. Its end has
 * as much time as a command has ([property@Client:timeout]). A machine that arrives cannot cancel that; the one that leaves can.
 *
 * Since: 1.0
 */
void
qmp_migration_cancel_async (QmpMigration        *self,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (QMP_IS_MIGRATION (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  if (qmp_migration_is_foreign (self, NULL))
    return;

  task = new_task (self, cancellable, callback, user_data, qmp_migration_cancel_async);
  if (require_cancellable (self, &error))
    qmp_client_execute_async (self->client, "migrate_cancel", NULL, cancellable, commanded_cb, g_steal_pointer (&task));
  else
    g_task_return_error (task, error);
}

/**
 * qmp_migration_cancel_finish:
 * @self: a migration
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Migration.cancel_async].
 *
 * Errors:
 *
 * - `QMP_MACHINE_ERROR_ENDED` if the migration had ended before;
 * - `QMP_MACHINE_ERROR_FAILED` if it was completed before it could be cancelled: the machine has left;
 * - `QMP_MACHINE_ERROR_LOST` if nobody knows what has become of it;
 * - `G_IO_ERROR_NOT_SUPPORTED` if the machine arrives, with which nothing was sent;
 * - those of [method@Client.execute], `G_IO_ERROR_TIMED_OUT` also if it does not end in time.
 *
 * Returns: `TRUE` if the migration has ended, and the machine has not left; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_migration_cancel_finish (QmpMigration  *self,
                             GAsyncResult  *result,
                             GError       **error)
{
  return finish (self, result, qmp_migration_cancel_async, error);
}

/**
 * qmp_migration_cancel:
 * @self: a migration of a machine that leaves
 * @cancellable: (nullable): to cancel the waiting, and not the cancelling
 * @error: return location for an error
 *
 * Cancels the migration, and blocks until it has ended.
 *
 * The blocking form of [method@Migration.cancel_async], with the errors of [method@Migration.cancel_finish].
 *
 * Returns: `TRUE` if the migration has ended, and the machine has not left; `FALSE` with @error set
 *
 * Since: 1.0
 */
gboolean
qmp_migration_cancel (QmpMigration  *self,
                      GCancellable  *cancellable,
                      GError       **error)
{
  g_autoptr(QmpClient) client = NULL;
  g_autoptr(JsonNode) reply = NULL;
  GError *failure = NULL;

  g_return_val_if_fail (QMP_IS_MIGRATION (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  if (qmp_migration_is_foreign (self, error))
    return FALSE;

  if (!require_cancellable (self, error))
    return FALSE;
  client = g_object_ref (self->client);
  reply = qmp_client_execute (client, "migrate_cancel", NULL, cancellable, error);
  if (reply == NULL)
    return FALSE;
  block (self, qmp_client_get_timeout (client), cancellable, &failure);
  return judge_end (failure, error);
}
