/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-machine-private.h"

#include <errno.h>
#include <gio/gunixfdlist.h>
#include <glib/gi18n-lib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire/qmp-patience-private.h"

/* A D-Bus connection to its display, over a socketpair of which QEMU gets one end. */

/* For QEMU, between two commands: each takes the place of the one before, so that none is left there. */
#define FD_NAME "qmp-glib-display"

/* --- the two ends --- */

static gboolean
make_pair (int      fds[2],
           GError **error)
{
  int saved;

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0)
    return TRUE;
  saved = errno;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved), _("No socket for the display could be had: %s"), g_strerror (saved));
  return FALSE;
}

/* Takes fd. NULL with error. */
static QmpMessage *
new_getfd (int      fd,
           GError **error)
{
  g_autoptr(GUnixFDList) fds = g_unix_fd_list_new_from_array (&fd, 1);
  QmpMessage *command = qmp_message_new_parsed ("getfd", error, "{'fdname': %s}", FD_NAME);

  qmp_message_set_fd_list (command, fds);
  return command;
}

static QmpMessage *
new_add_client (void)
{
  return qmp_message_new_parsed ("add_client", NULL, "{'protocol': '@dbus-display', 'fdname': %s}", FD_NAME);
}

/* A connection that is not there yet; it belongs to the machine's main context. Takes fd. NULL with error. */
static GDBusConnection *
new_connection (QmpMachine  *self,
                int          fd,
                GError     **error)
{
  g_autoptr(GMainContextPusher) pusher = g_main_context_pusher_new (qmp_io_context_get_main_context (self->io));
  g_autoptr(GSocket) socket = g_socket_new_from_fd (fd, error);
  g_autoptr(GSocketConnection) stream = NULL;

  if (socket == NULL)
    {
      close (fd);
      return NULL;
    }
  stream = g_socket_connection_factory_create_connection (socket);
  return g_object_new (G_TYPE_DBUS_CONNECTION, "stream", stream, "flags", G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, NULL);
}

/* getfd (out): the command for the other end. NULL with error. */
static GDBusConnection *
new_pair (QmpMachine  *self,
          QmpMessage **getfd,
          GError     **error)
{
  int fds[2];
  GDBusConnection *connection;

  if (!make_pair (fds, error))
    return NULL;
  connection = new_connection (self, fds[0], error);
  if (connection == NULL)
    {
      close (fds[1]);
      return NULL;
    }
  *getfd = new_getfd (fds[1], error);
  return connection;
}

static GError *
new_timed_out (void)
{
  return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("The display has not answered in time"));
}

/* --- in the background --- */

typedef struct {
  GTask           *task;          /* nullable: it was given up */
  GDBusConnection *connection;
  GCancellable    *cancellable;   /* of the authentication */
  QmpIoContext    *io;
  QmpPatience     *patience;      /* nullable */
  guint            n_left;        /* commands without an answer: one that was not sent is told of in a turn of its own */
  GError          *errors[2];     /* nullable: of each command */
} Opening;

static void
opening_free (Opening *opening)
{
  g_clear_pointer (&opening->patience, qmp_patience_free);
  g_object_unref (opening->connection);
  g_object_unref (opening->cancellable);
  qmp_io_context_unref (opening->io);
  g_clear_error (&opening->errors[0]);
  g_clear_error (&opening->errors[1]);
  g_free (opening);
}

/* Takes opening, and error, which is nullable. */
static void
end (Opening *opening,
     GError  *error)
{
  g_autoptr(GTask) task = g_steal_pointer (&opening->task);
  GDBusConnection *connection = g_object_ref (opening->connection);

  opening_free (opening);
  if (task != NULL && error == NULL)
    g_task_return_pointer (task, g_steal_pointer (&connection), g_object_unref);
  else if (task != NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  g_clear_error (&error);
  g_clear_object (&connection);
}

static void
authenticated_cb (GObject      *connection,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  GError *error = NULL;

  g_async_initable_init_finish (G_ASYNC_INITABLE (connection), result, &error);
  end (user_data, error);
}

/* QEMU authenticates in a thread, which a guest or a command does not hold up. */
static void
authenticate_async (Opening *opening,
                    int      timeout)
{
  g_autoptr(GMainContextPusher) pusher = g_main_context_pusher_new (qmp_io_context_get_main_context (opening->io));

  qmp_patience_set_time (opening->patience, opening->io, timeout);
  g_async_initable_init_async (G_ASYNC_INITABLE (opening->connection), G_PRIORITY_DEFAULT, opening->cancellable,
                               authenticated_cb, opening);
}

/* Why QEMU does not have its end; nullable. */
static GError *
steal_error (Opening *opening)
{
  GError **error = opening->errors[0] != NULL ? &opening->errors[0] : &opening->errors[1];

  return g_steal_pointer (error);
}

static void
take_reply (Opening      *opening,
            guint         command,
            QmpClient    *client,
            GAsyncResult *result)
{
  g_autoptr(JsonNode) reply = qmp_client_execute_message_finish (client, result, &opening->errors[command]);
  GError *error;

  if (--opening->n_left > 0)
    return;
  error = steal_error (opening);
  if (error != NULL || opening->task == NULL)
    end (opening, error);
  else
    authenticate_async (opening, qmp_client_get_timeout (client));
}

static void
got_cb (GObject      *client,
        GAsyncResult *result,
        gpointer      user_data)
{
  take_reply (user_data, 0, QMP_CLIENT (client), result);
}

static void
added_cb (GObject      *client,
          GAsyncResult *result,
          gpointer      user_data)
{
  take_reply (user_data, 1, QMP_CLIENT (client), result);
}

static GError *
timed_out (gpointer operation)
{
  return new_timed_out ();
}

/* What was begun comes to its end by itself. */
static void
give_up (gpointer  operation,
         GError   *error)
{
  Opening *opening = operation;
  g_autoptr(GTask) task = g_steal_pointer (&opening->task);

  g_clear_pointer (&opening->patience, qmp_patience_free);
  g_cancellable_cancel (opening->cancellable);
  g_task_return_error (task, error);
}

static const QmpPatienceFuncs patience_funcs = { NULL, timed_out, give_up };

/* Both commands are written together: nobody else's comes between. */
static void
open_async (QmpMachine   *self,
            GTask        *task,
            GCancellable *cancellable)
{
  g_autoptr(QmpMessage) getfd = NULL;
  g_autoptr(QmpMessage) add_client = new_add_client ();
  g_autoptr(QmpClient) client = g_object_ref (self->client);
  GError *error = NULL;
  GDBusConnection *connection = new_pair (self, &getfd, &error);
  Opening *opening;

  if (connection == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  opening = g_new0 (Opening, 1);
  opening->task = task;
  opening->connection = connection;
  opening->cancellable = g_cancellable_new ();
  opening->io = qmp_io_context_ref (self->io);
  opening->n_left = 2;
  opening->patience = qmp_patience_new (&patience_funcs, opening, self->io, QMP_TIMEOUT_NONE, cancellable);
  qmp_client_execute_message_async (client, getfd, NULL, got_cb, opening);
  qmp_client_execute_message_async (client, add_client, NULL, added_cb, opening);
}

/**
 * qmp_machine_open_display_async:
 * @self: a machine
 * @cancellable: (nullable): to cancel it
 * @callback: (scope async) (closure user_data): called when the connection is there
 * @user_data: data for @callback
 *
 * Opens a D-Bus connection to the machine's display.
 *
 * The machine has one that was started with `-display dbus,p2p=yes`. What there is on the connection is in
 * [QEMU's documentation](https://www.qemu.org/docs/master/interop/dbus-display.html): the machine at `/org/qemu/Display1/VM`, and its
 * screens, keyboards and pointers at `/org/qemu/Display1/Console_0` and so on. libmks shows such a connection in a window.
 *
 * QEMU has one such connection at a time: with a second one it closes the first. The connection belongs to the main context of
 * the machine.
 *
 * Since: 1.0
 */
void
qmp_machine_open_display_async (QmpMachine          *self,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data)
{
  GTask *task;
  GError *error = NULL;

  g_return_if_fail (QMP_IS_MACHINE (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  if (qmp_machine_is_foreign (self, NULL))
    return;

  task = qmp_machine_task_new (self, callback, user_data, qmp_machine_open_display_async);
  if (qmp_machine_require_monitor (self, &error) && !g_cancellable_set_error_if_cancelled (cancellable, &error))
    {
      open_async (self, task, cancellable);
      return;
    }
  g_task_return_error (task, error);
  g_object_unref (task);
}

/**
 * qmp_machine_open_display_finish:
 * @self: a machine
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Machine.open_display_async].
 *
 * Errors:
 *
 * - `QMP_COMMAND_ERROR_DEVICE_NOT_ACTIVE` and other errors of commands, in QEMU's words, if the machine has no such display;
 * - `G_IO_ERROR_NOT_SUPPORTED` if no descriptor can be passed to QEMU: the link is not a Unix socket;
 * - `G_IO_ERROR_TIMED_OUT` if QEMU takes longer than the client's [property@Client:timeout], for a command or for the
 *   authentication behind that;
 * - `G_IO_ERROR_CANCELLED`, with which QEMU may have closed a connection that there was before;
 * - `QMP_MACHINE_ERROR_ENDED` if no machine runs here, and `QMP_CLIENT_ERROR_STATE` while it is not connected;
 * - those of [method@Client.execute] about the link, and of [func@Gio.DBusConnection.new].
 *
 * Returns: (transfer full): a connection; `NULL` with @error set
 *
 * Since: 1.0
 */
GDBusConnection *
qmp_machine_open_display_finish (QmpMachine    *self,
                                 GAsyncResult  *result,
                                 GError       **error)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_machine_open_display_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* --- blocking --- */

static void
store_cb (GObject      *object,
          GAsyncResult *result,
          gpointer      user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static gboolean
late_cb (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return G_SOURCE_REMOVE;
}

static GSource *
add_alarm (GMainContext *context,
           int           timeout,
           GCancellable *cancellable)
{
  GSource *source;

  if (timeout < 0)
    return NULL;
  source = g_timeout_source_new (timeout);
  g_source_set_static_name (source, "[qmp] display");
  g_source_set_callback (source, late_cb, cancellable, NULL);
  g_source_attach (source, context);
  return source;
}

static void
forward_cb (GCancellable *cancellable,
            gpointer      own)
{
  g_cancellable_cancel (own);
}

/* In a main context in which nothing else is. Any error is one of the two, if one of them came first. */
static gboolean
authenticate (GDBusConnection  *connection,
              int               timeout,
              GCancellable     *cancellable,
              GError          **error)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(GMainContextPusher) pusher = g_main_context_pusher_new (context);
  g_autoptr(GCancellable) own = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;
  GSource *alarm = add_alarm (context, timeout, own);
  gulong handler = cancellable != NULL ? g_cancellable_connect (cancellable, G_CALLBACK (forward_cb), own, NULL) : 0;
  g_autoptr(GError) failure = NULL;

  g_async_initable_init_async (G_ASYNC_INITABLE (connection), G_PRIORITY_DEFAULT, own, store_cb, &result);
  while (result == NULL)
    g_main_context_iteration (context, TRUE);
  g_cancellable_disconnect (cancellable, handler);
  if (alarm != NULL)
    g_source_destroy (alarm);
  g_clear_pointer (&alarm, g_source_unref);
  if (g_async_initable_init_finish (G_ASYNC_INITABLE (connection), result, &failure))
    return TRUE;
  if (!g_cancellable_set_error_if_cancelled (cancellable, error))
    g_propagate_error (error, g_cancellable_is_cancelled (own) ? new_timed_out () : g_steal_pointer (&failure));
  return FALSE;
}

/* Takes getfd: as long as we have that end as well, nobody sees QEMU hang up. */
static gboolean
hand_over (QmpClient     *client,
           QmpMessage    *getfd,
           GCancellable  *cancellable,
           GError       **error)
{
  g_autoptr(QmpMessage) own = getfd;
  g_autoptr(QmpMessage) add_client = new_add_client ();
  g_autoptr(JsonNode) got = qmp_client_execute_message (client, own, cancellable, error);
  g_autoptr(JsonNode) added = NULL;

  if (got != NULL)
    added = qmp_client_execute_message (client, add_client, cancellable, error);
  return added != NULL;
}

/**
 * qmp_machine_open_display:
 * @self: a machine
 * @cancellable: (nullable): to cancel it
 * @error: return location for an error
 *
 * Opens a D-Bus connection to the machine's display, and blocks until it is there.
 *
 * The blocking form of [method@Machine.open_display_async], with the errors of [method@Machine.open_display_finish].
 *
 * Returns: (transfer full): a connection; `NULL` with @error set
 *
 * Since: 1.0
 */
GDBusConnection *
qmp_machine_open_display (QmpMachine    *self,
                          GCancellable  *cancellable,
                          GError       **error)
{
  g_autoptr(QmpMachine) held = NULL;
  g_autoptr(QmpMessage) getfd = NULL;
  g_autoptr(GDBusConnection) connection = NULL;

  g_return_val_if_fail (QMP_IS_MACHINE (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  if (qmp_machine_is_foreign (self, error) || !qmp_machine_require_monitor (self, error))
    return NULL;

  held = g_object_ref (self);
  connection = new_pair (self, &getfd, error);
  if (connection == NULL || !hand_over (self->client, g_steal_pointer (&getfd), cancellable, error) ||
      !authenticate (connection, qmp_client_get_timeout (self->client), cancellable, error))
    return NULL;
  return g_steal_pointer (&connection);
}
