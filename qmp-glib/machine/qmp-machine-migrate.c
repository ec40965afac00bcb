/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-machine-private.h"

#include <gio/gunixfdlist.h>
#include <glib/gi18n-lib.h>

#include "machine/qmp-member-private.h"

/* Starting a migration: the server is to have events for it, may be given a descriptor, and is then told to begin. One that does
 * not run is first asked whether it can: QEMU aborts when it is to leave from some status. */

/* Of the monitor's descriptors, while it is handed over: the command that uses it takes it out. */
#define FD_NAME "qmp-glib-migration"

typedef enum {
  STEP_STATUS,
  STEP_EVENTS,   /* fails while a migration is under way, which the next step says better */
  STEP_FD,
  STEP_COMMAND,
  N_STEPS
} Step;

typedef struct {
  QmpMigrationDirection  direction;
  QmpMessage            *messages[N_STEPS];  /* nullable: is left out */
  Step                   step;
  GTask                 *task;               /* nullable, owned: in the background */
  GCancellable          *cancellable;        /* nullable, owned */
} Start;

static void
start_free (Start *start)
{
  for (Step i = 0; i < N_STEPS; i++)
    g_clear_object (&start->messages[i]);
  g_clear_object (&start->task);
  g_clear_object (&start->cancellable);
  g_free (start);
}

/* --- what is sent --- */

static QmpMessage *
new_events_message (void)
{
  g_autoptr(JsonNode) arguments = qmp_machine_new_migration_events ();

  return qmp_message_new_command ("migrate-set-capabilities", arguments, NULL);
}

/* NULL with error. */
static QmpMessage *
new_fd_message (int      fd,
                GError **error)
{
  g_autoptr(QmpMessage) message = qmp_message_new_parsed ("getfd", NULL, "{'fdname': %s}", FD_NAME);
  g_autoptr(GUnixFDList) list = g_unix_fd_list_new ();

  if (g_unix_fd_list_append (list, fd, error) == -1)
    return NULL;
  qmp_message_set_fd_list (message, list);
  return g_steal_pointer (&message);
}

static QmpMessage *
new_command (QmpMigrationDirection   direction,
             const char             *uri,
             GError                **error)
{
  const char *name = direction == QMP_MIGRATION_DIRECTION_INCOMING ? "migrate-incoming" : "migrate";

  return qmp_message_new_parsed (name, error, "{'uri': %s}", uri);
}

static gboolean
fill (Start       *start,
      QmpMachine  *self,
      const char  *uri,
      int          fd,
      GError     **error)
{
  if (start->direction == QMP_MIGRATION_DIRECTION_OUTGOING && !qmp_machine_get_running (self))
    start->messages[STEP_STATUS] = qmp_message_new_command ("query-status", NULL, NULL);
  if (!self->migrations.hears)
    start->messages[STEP_EVENTS] = new_events_message ();
  if (uri == NULL && (start->messages[STEP_FD] = new_fd_message (fd, error)) == NULL)
    return FALSE;
  start->messages[STEP_COMMAND] = new_command (start->direction, uri != NULL ? uri : "fd:" FD_NAME, error);
  return start->messages[STEP_COMMAND] != NULL;
}

/* uri: nullable, then it is fd. NULL with error. */
static Start *
start_new (QmpMachine             *self,
           QmpMigrationDirection   direction,
           const char             *uri,
           int                     fd,
           GError                **error)
{
  Start *start;

  if (!qmp_machine_require_monitor (self, error))
    return NULL;
  if (self->migrations.starting != QMP_MIGRATION_DIRECTION_UNKNOWN)
    {
      g_set_error_literal (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE,
                           _("Cannot start a migration: another one is being started"));
      return NULL;
    }
  start = g_new0 (Start, 1);
  start->direction = direction;
  if (fill (start, self, uri, fd, error))
    return start;
  start_free (start);
  return NULL;
}

static void
skip_steps (Start *start)
{
  while (start->step < N_STEPS && start->messages[start->step] == NULL)
    start->step++;
}

/* A snapshot could not be loaded: QEMU aborts when it is to migrate then, and takes the guest with it. */
static gboolean
would_abort (JsonNode *status)
{
  return g_strcmp0 (qmp_member_get_string (status, "status"), "restore-vm") == 0;
}

/* NULL: it goes on. reply or error, which is taken: what has come of the step. Transfer full. */
static GError *
end_step (QmpMachine *self,
          Start      *start,
          JsonNode   *reply,
          GError     *error)
{
  if (start->step == STEP_STATUS && reply != NULL && would_abort (reply))
    return g_error_new_literal (QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE,
                                _("Cannot start a migration: a snapshot could not be loaded, and QEMU would abort; "
                                  "resume or reset the machine first"));
  if (start->step != STEP_EVENTS)
    return error;
  self->migrations.hears |= error == NULL;
  g_clear_error (&error);
  return NULL;
}

/* The descriptor is in the server still. What is not answered may have been done: then the next one takes its name. */
static gboolean
has_left_fd (Start        *start,
             const GError *error)
{
  return start->messages[STEP_FD] != NULL && start->step == STEP_COMMAND && error->domain == QMP_COMMAND_ERROR;
}

static QmpMessage *
new_closefd (void)
{
  return qmp_message_new_parsed ("closefd", NULL, "{'fdname': %s}", FD_NAME);
}

/* --- in the background --- */

static void take_step (Start *start);

/* Takes start, and error, which is nullable. */
static void
end (Start  *start,
     GError *error)
{
  QmpMachine *self = g_task_get_source_object (start->task);
  g_autoptr(QmpMigration) migration = qmp_migrations_adopt (&self->migrations, error == NULL);

  qmp_machine_tell (self);
  if (error != NULL)
    g_task_return_error (start->task, error);
  else
    g_task_return_pointer (start->task, g_steal_pointer (&migration), g_object_unref);
  start_free (start);
}

static void
answered_cb (GObject      *client,
             GAsyncResult *result,
             gpointer      user_data)
{
  Start *start = user_data;
  QmpMachine *self = g_task_get_source_object (start->task);
  GError *error = NULL;
  g_autoptr(JsonNode) reply = qmp_client_execute_message_finish (QMP_CLIENT (client), result, &error);

  error = end_step (self, start, reply, error);
  if (error != NULL)
    {
      if (has_left_fd (start, error))
        {
          g_autoptr(QmpMessage) closefd = new_closefd ();

          qmp_client_execute_message_async (self->client, closefd, NULL, NULL, NULL);
        }
      end (start, error);
      return;
    }
  start->step++;
  take_step (start);
}

static void
take_step (Start *start)
{
  QmpMachine *self = g_task_get_source_object (start->task);

  skip_steps (start);
  if (start->step == N_STEPS)
    end (start, NULL);
  else
    qmp_client_execute_message_async (self->client, start->messages[start->step], start->cancellable, answered_cb, start);
}

static void
start_async (QmpMachine            *self,
             QmpMigrationDirection  direction,
             const char            *uri,
             int                    fd,
             GCancellable          *cancellable,
             GAsyncReadyCallback    callback,
             gpointer               user_data,
             gpointer               source_tag)
{
  g_autoptr(GTask) task = qmp_machine_task_new (self, callback, user_data, source_tag);
  GError *error = NULL;
  Start *start = start_new (self, direction, uri, fd, &error);

  if (start == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  start->task = g_steal_pointer (&task);
  g_set_object (&start->cancellable, cancellable);
  qmp_migrations_begin (&self->migrations, direction);
  take_step (start);
}

static QmpMigration *
finish (QmpMachine    *self,
        GAsyncResult  *result,
        gpointer       source_tag,
        GError       **error)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, source_tag), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* --- blocking --- */

/* FALSE with error. */
static gboolean
perform (QmpMachine    *self,
         Start         *start,
         GCancellable  *cancellable,
         GError       **error)
{
  for (skip_steps (start); start->step < N_STEPS; skip_steps (start))
    {
      GError *why = NULL;
      g_autoptr(JsonNode) reply = qmp_client_execute_message (self->client, start->messages[start->step], cancellable, &why);

      why = end_step (self, start, reply, why);
      if (why != NULL)
        {
          if (has_left_fd (start, why))
            {
              g_autoptr(QmpMessage) closefd = new_closefd ();
              g_autoptr(JsonNode) closed = qmp_client_execute_message (self->client, closefd, cancellable, NULL);
            }
          g_propagate_error (error, why);
          return FALSE;
        }
      start->step++;
    }
  return TRUE;
}

static QmpMigration *
start_blocking (QmpMachine             *self,
                QmpMigrationDirection   direction,
                const char             *uri,
                int                     fd,
                GCancellable           *cancellable,
                GError                **error)
{
  g_autoptr(QmpMachine) held = g_object_ref (self);
  Start *start = start_new (self, direction, uri, fd, error);
  QmpMigration *migration;

  if (start == NULL)
    return NULL;
  qmp_migrations_begin (&self->migrations, direction);
  migration = qmp_migrations_adopt (&self->migrations, perform (self, start, cancellable, error));
  start_free (start);
  return migration;
}

/* --- the public face --- */

/**
 * qmp_machine_start_migration_async:
 * @self: a machine
 * @uri: where to: `unix:PATH`, `tcp:HOST:PORT`, `exec:COMMAND` and whatever else `migrate` takes
 * @cancellable: (nullable): to cancel waiting for the reply, and not the migration
 * @callback: (scope async) (closure user_data): called when the command is answered
 * @user_data: data for @callback
 *
 * Lets the machine migrate: to another QEMU that waits for it, or to a command.
 *
 * It is done when QEMU has answered the command, which says that the migration has begun, and not that it will succeed:
 * [method@Migration.wait_async] tells. The machine runs meanwhile, and stops at the end.
 *
 * Behind that its status is `POSTMIGRATE`, and its disks belong to the one that it has become: end it. The library never
 * resumes it.
 *
 * Since: 1.0
 */
void
qmp_machine_start_migration_async (QmpMachine          *self,
                                   const char          *uri,
                                   GCancellable        *cancellable,
                                   GAsyncReadyCallback  callback,
                                   gpointer             user_data)
{
  g_return_if_fail (QMP_IS_MACHINE (self));
  g_return_if_fail (uri != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  if (qmp_machine_is_foreign (self, NULL))
    return;

  start_async (self, QMP_MIGRATION_DIRECTION_OUTGOING, uri, -1, cancellable, callback, user_data,
               qmp_machine_start_migration_async);
}

/**
 * qmp_machine_start_migration_finish:
 * @self: a machine
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Machine.start_migration_async].
 *
 * Errors are those of [method@Client.execute]: of the command, in QEMU's words, with which there is no migration, or of the link or the
 * waiting, with which there may be one, in [property@Machine:migration]; and `QMP_CLIENT_ERROR_STATE` also while another one is
 * being started, and in the status `RESTORE_VM`, in which QEMU would abort; `QMP_MACHINE_ERROR_ENDED` if nothing runs here.
 *
 * Returns: (transfer full): the migration; `NULL` with @error set
 *
 * Since: 1.0
 */
QmpMigration *
qmp_machine_start_migration_finish (QmpMachine    *self,
                                    GAsyncResult  *result,
                                    GError       **error)
{
  return finish (self, result, qmp_machine_start_migration_async, error);
}

/**
 * qmp_machine_start_migration:
 * @self: a machine
 * @uri: where to: `unix:PATH`, `tcp:HOST:PORT`, `exec:COMMAND` and whatever else `migrate` takes
 * @cancellable: (nullable): to cancel waiting for the reply, and not the migration
 * @error: return location for an error
 *
 * Lets the machine migrate, and blocks until the command is answered.
 *
 * The blocking form of [method@Machine.start_migration_async], with the errors of [method@Machine.start_migration_finish].
 *
 * Returns: (transfer full): the migration; `NULL` with @error set
 *
 * Since: 1.0
 */
QmpMigration *
qmp_machine_start_migration (QmpMachine    *self,
                             const char    *uri,
                             GCancellable  *cancellable,
                             GError       **error)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), NULL);
  g_return_val_if_fail (uri != NULL, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  if (qmp_machine_is_foreign (self, error))
    return NULL;

  return start_blocking (self, QMP_MIGRATION_DIRECTION_OUTGOING, uri, -1, cancellable, error);
}

/**
 * qmp_machine_start_migration_fd_async:
 * @self: a machine
 * @fd: a descriptor that can be written to: a file, a socket, a pipe
 * @cancellable: (nullable): to cancel waiting for the reply, and not the migration
 * @callback: (scope async) (closure user_data): called when the command is answered
 * @user_data: data for @callback
 *
 * Lets the machine migrate into a file, or to whoever reads the other end.
 *
 * It is [method@Machine.start_migration_async] with a descriptor in place of an address. QEMU has a duplicate of @fd, and writes from where
 * the file stands. When the migration has succeeded all is written, and not yet on the disk, for which `fsync()` is.
 *
 * Since: 1.0
 */
void
qmp_machine_start_migration_fd_async (QmpMachine          *self,
                                      int                  fd,
                                      GCancellable        *cancellable,
                                      GAsyncReadyCallback  callback,
                                      gpointer             user_data)
{
  g_return_if_fail (QMP_IS_MACHINE (self));
  g_return_if_fail (fd >= 0);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  if (qmp_machine_is_foreign (self, NULL))
    return;

  start_async (self, QMP_MIGRATION_DIRECTION_OUTGOING, NULL, fd, cancellable, callback, user_data,
               qmp_machine_start_migration_fd_async);
}

/**
 * qmp_machine_start_migration_fd_finish:
 * @self: a machine
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Machine.start_migration_fd_async].
 *
 * Errors are those of [method@Client.execute]: of the command, in QEMU's words, with which there is no migration, or of the link or the
 * waiting, with which there may be one, in [property@Machine:migration]; `QMP_CLIENT_ERROR_STATE` also while another one is being
 * started, and in the status `RESTORE_VM`; `QMP_MACHINE_ERROR_ENDED` if nothing runs here; `G_IO_ERROR_NOT_SUPPORTED` if the link is not a Unix socket; and those of duplicating @fd.
 *
 * Returns: (transfer full): the migration; `NULL` with @error set
 *
 * Since: 1.0
 */
QmpMigration *
qmp_machine_start_migration_fd_finish (QmpMachine    *self,
                                       GAsyncResult  *result,
                                       GError       **error)
{
  return finish (self, result, qmp_machine_start_migration_fd_async, error);
}

/**
 * qmp_machine_start_migration_fd:
 * @self: a machine
 * @fd: a descriptor that can be written to: a file, a socket, a pipe
 * @cancellable: (nullable): to cancel waiting for the reply, and not the migration
 * @error: return location for an error
 *
 * Lets the machine migrate into a file, and blocks until the command is answered.
 *
 * The blocking form of [method@Machine.start_migration_fd_async], with the errors of [method@Machine.start_migration_fd_finish].
 *
 * Returns: (transfer full): the migration; `NULL` with @error set
 *
 * Since: 1.0
 */
QmpMigration *
qmp_machine_start_migration_fd (QmpMachine    *self,
                                int            fd,
                                GCancellable  *cancellable,
                                GError       **error)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), NULL);
  g_return_val_if_fail (fd >= 0, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  if (qmp_machine_is_foreign (self, error))
    return NULL;

  return start_blocking (self, QMP_MIGRATION_DIRECTION_OUTGOING, NULL, fd, cancellable, error);
}

/**
 * qmp_machine_start_incoming_async:
 * @self: a machine
 * @uri: where from: what `migrate-incoming` takes
 * @cancellable: (nullable): to cancel waiting for the reply, and not the migration
 * @callback: (scope async) (closure user_data): called when the command is answered
 * @user_data: data for @callback
 *
 * Lets a machine that waits for it arrive: one that was launched with `-incoming defer`.
 *
 * It is done when QEMU has answered the command: it listens at @uri then, or has begun to read. [method@Migration.wait_async] waits until
 * the machine has arrived. It runs then, unless it was launched with `QMP_LAUNCHER_PAUSED` or did not run where it was.
 *
 * If it does not arrive QEMU ends, with the reason `migration-failed`: why is in [property@Migration:error].
 *
 * Since: 1.0
 */
void
qmp_machine_start_incoming_async (QmpMachine          *self,
                                  const char          *uri,
                                  GCancellable        *cancellable,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data)
{
  g_return_if_fail (QMP_IS_MACHINE (self));
  g_return_if_fail (uri != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  if (qmp_machine_is_foreign (self, NULL))
    return;

  start_async (self, QMP_MIGRATION_DIRECTION_INCOMING, uri, -1, cancellable, callback, user_data,
               qmp_machine_start_incoming_async);
}

/**
 * qmp_machine_start_incoming_finish:
 * @self: a machine
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Machine.start_incoming_async].
 *
 * Errors are those of [method@Client.execute]: of the command, in QEMU's words, with which there is no migration, or of the link or the
 * waiting, with which there may be one, in [property@Machine:migration]; and `QMP_CLIENT_ERROR_STATE` also while another one is
 * being started, `QMP_MACHINE_ERROR_ENDED` if nothing runs here.
 *
 * Returns: (transfer full): the migration; `NULL` with @error set
 *
 * Since: 1.0
 */
QmpMigration *
qmp_machine_start_incoming_finish (QmpMachine    *self,
                                   GAsyncResult  *result,
                                   GError       **error)
{
  return finish (self, result, qmp_machine_start_incoming_async, error);
}

/**
 * qmp_machine_start_incoming:
 * @self: a machine
 * @uri: where from: what `migrate-incoming` takes
 * @cancellable: (nullable): to cancel waiting for the reply, and not the migration
 * @error: return location for an error
 *
 * Lets a machine that waits for it arrive, and blocks until the command is answered.
 *
 * The blocking form of [method@Machine.start_incoming_async], with the errors of [method@Machine.start_incoming_finish].
 *
 * Returns: (transfer full): the migration; `NULL` with @error set
 *
 * Since: 1.0
 */
QmpMigration *
qmp_machine_start_incoming (QmpMachine    *self,
                            const char    *uri,
                            GCancellable  *cancellable,
                            GError       **error)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), NULL);
  g_return_val_if_fail (uri != NULL, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  if (qmp_machine_is_foreign (self, error))
    return NULL;

  return start_blocking (self, QMP_MIGRATION_DIRECTION_INCOMING, uri, -1, cancellable, error);
}

/**
 * qmp_machine_start_incoming_fd_async:
 * @self: a machine
 * @fd: a descriptor that can be read: a file, a socket, a pipe
 * @cancellable: (nullable): to cancel waiting for the reply, and not the migration
 * @callback: (scope async) (closure user_data): called when the command is answered
 * @user_data: data for @callback
 *
 * Lets a machine arrive from a file, or from whoever writes to the other end.
 *
 * It is [method@Machine.start_incoming_async] with a descriptor in place of an address. QEMU has a duplicate of @fd, and reads from where
 * the file stands.
 *
 * Since: 1.0
 */
void
qmp_machine_start_incoming_fd_async (QmpMachine          *self,
                                     int                  fd,
                                     GCancellable        *cancellable,
                                     GAsyncReadyCallback  callback,
                                     gpointer             user_data)
{
  g_return_if_fail (QMP_IS_MACHINE (self));
  g_return_if_fail (fd >= 0);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  if (qmp_machine_is_foreign (self, NULL))
    return;

  start_async (self, QMP_MIGRATION_DIRECTION_INCOMING, NULL, fd, cancellable, callback, user_data,
               qmp_machine_start_incoming_fd_async);
}

/**
 * qmp_machine_start_incoming_fd_finish:
 * @self: a machine
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Machine.start_incoming_fd_async].
 *
 * Errors are those of [method@Client.execute]: of the command, in QEMU's words, with which there is no migration, or of the link or the
 * waiting, with which there may be one, in [property@Machine:migration]; `QMP_CLIENT_ERROR_STATE` also while another one is being
 * started; `QMP_MACHINE_ERROR_ENDED` if nothing runs here; `G_IO_ERROR_NOT_SUPPORTED` if the link is not a Unix socket; and those of duplicating @fd.
 *
 * Returns: (transfer full): the migration; `NULL` with @error set
 *
 * Since: 1.0
 */
QmpMigration *
qmp_machine_start_incoming_fd_finish (QmpMachine    *self,
                                      GAsyncResult  *result,
                                      GError       **error)
{
  return finish (self, result, qmp_machine_start_incoming_fd_async, error);
}

/**
 * qmp_machine_start_incoming_fd:
 * @self: a machine
 * @fd: a descriptor that can be read: a file, a socket, a pipe
 * @cancellable: (nullable): to cancel waiting for the reply, and not the migration
 * @error: return location for an error
 *
 * Lets a machine arrive from a file, and blocks until the command is answered.
 *
 * The blocking form of [method@Machine.start_incoming_fd_async], with the errors of [method@Machine.start_incoming_fd_finish].
 *
 * Returns: (transfer full): the migration; `NULL` with @error set
 *
 * Since: 1.0
 */
QmpMigration *
qmp_machine_start_incoming_fd (QmpMachine    *self,
                               int            fd,
                               GCancellable  *cancellable,
                               GError       **error)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), NULL);
  g_return_val_if_fail (fd >= 0, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  if (qmp_machine_is_foreign (self, error))
    return NULL;

  return start_blocking (self, QMP_MIGRATION_DIRECTION_INCOMING, NULL, fd, cancellable, error);
}
