/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <qmp-glib/qmp-multiplexer.h>

#include <glib/gi18n-lib.h>

#include <qmp-glib/qmp-greeting.h>

#include "client/qmp-client-relay-private.h"
#include "client/qmp-client-serve-private.h"
#include "core/qmp-closure-private.h"
#include "core/qmp-thread-private.h"
#include "server/qmp-invocation-private.h"
#include "server/qmp-server-backend-private.h"
#include "share/qmp-forwarder-private.h"
#include "share/qmp-read-only-private.h"
#include "wire/qmp-hand-over-private.h"

/**
 * QmpMultiplexer:
 *
 * One monitor for many clients: serves them over a [class@Server], and passes what they ask for on to the server that a
 * [class@Client] is connected to.
 *
 * ```c
 * g_autoptr(QmpMultiplexer) multiplexer = qmp_multiplexer_new (client);
 * g_autoptr(GSocketAddress) address = g_unix_socket_address_new ("shared");
 *
 * if (!qmp_server_listen (qmp_multiplexer_get_server (multiplexer), G_SOCKET_CONNECTABLE (address), &error))
 *   g_error ("%s", error->message);
 * ```
 *
 * Each of them finds a monitor of its own, as a QEMU with one monitor for each would offer: it is greeted with the version of
 * QEMU, negotiates for itself, gets the replies to its commands in their order and with its ids, and all events, at the
 * place among its replies where the server has sent them. The client that it stands on goes on to be the program's.
 *
 * Handlers of [signal@Server::command] on [property@Multiplexer:server] come first: what they answer is not passed on. The
 * limits of that server are what one client can cost the others.
 *
 * While [property@Multiplexer:client] is not `RUNNING` clients are turned away, and when its link ends all of them are closed,
 * behind the last event. When it is opened again the multiplexer goes on.
 *
 * An object belongs to the thread of its client, and does its work in that one's main context. Its last reference may be
 * dropped in any thread; then the server is closed.
 *
 * See [Sharing a monitor](sharing.html).
 *
 * Since: 1.0
 */

struct _QmpMultiplexer {
  GObject       parent_instance;

  GThread      *thread;
  QmpIoContext *io;         /* the client's; NULL without one */
  QmpClient    *client;     /* nullable */
  QmpServer    *server;
  QmpForwarder *forwarder;  /* NULL without a client */
  QmpClosure   *allow;      /* nullable */
  gboolean      read_only;
};

enum {
  PROP_0,
  PROP_CLIENT,
  PROP_SERVER,
  PROP_READ_ONLY,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (QmpMultiplexer, qmp_multiplexer, G_TYPE_OBJECT)

/* --- what its server calls --- */

static void
refuse (const QmpOrder *order,
        const char     *why)
{
  g_autofree char *desc = g_strdup_printf ("Command %s has been disabled%s", order->command->name, why);

  qmp_order_refuse (order, "CommandNotFound", desc);
}

/* Clients are greeted with what the client of ours was greeted with. */
static void
update_greeting (QmpMultiplexer *self,
                 QmpGreeting    *greeting)
{
  static const char * const oob[] = { "oob", NULL };
  static const char * const none[] = { NULL };
  const char *package = qmp_greeting_get_package (greeting);
  g_autofree char *version = NULL;
  guint major, minor, micro;

  qmp_greeting_get_version (greeting, &major, &minor, &micro);
  version = g_strdup_printf ("%u.%u.%u", MIN (major, 999), MIN (minor, 999), MIN (micro, 999));
  qmp_server_set_version (self->server, version);
  qmp_server_set_package (self->server, package != NULL ? package : "");
  qmp_server_set_capabilities (self->server, qmp_client_get_out_of_band_active (self->client) ? oob : none);
}

static gboolean
may_serve (gpointer   owner,
           GError   **error)
{
  QmpMultiplexer *self = owner;
  QmpGreeting *greeting = self->client != NULL ? qmp_client_get_greeting (self->client) : NULL;

  if (greeting == NULL || qmp_client_get_runstate (self->client) != QMP_RUNSTATE_RUNNING ||
      !qmp_client_may_relay (self->client))
    {
      g_set_error_literal (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE,
                           _("There is no monitor that could be shared: the client is not connected to one"));
      return FALSE;
    }
  update_greeting (self, greeting);
  return TRUE;
}

static gboolean
may_read (gpointer owner)
{
  QmpMultiplexer *self = owner;

  return self->forwarder == NULL || !qmp_forwarder_is_congested (self->forwarder);
}

static void
execute (QmpMultiplexer *self,
         const QmpOrder *order)
{
  if (self->read_only && !qmp_read_only_allows (order->command->name))
    refuse (order, ": the monitor is read-only");
  else
    qmp_forwarder_execute (self->forwarder, order);
}

static gboolean
take (gpointer             owner,
      QmpServerConnection *connection,
      QmpAnswer           *place,
      QmpServerCommand    *command,
      GUnixFDList         *fd_list)
{
  QmpMultiplexer *self = owner;
  QmpOrder order = { connection, place, command, fd_list };

  if (self->allow != NULL || self->forwarder == NULL)
    return FALSE;
  execute (self, &order);
  return TRUE;
}

/* FALSE also if the function has answered itself. Runs user code. */
static gboolean
ask (QmpMultiplexer *self,
     QmpInvocation  *invocation)
{
  g_autoptr(QmpClosure) allow = NULL;

  if (self->allow == NULL || (self->read_only && !qmp_read_only_allows (qmp_invocation_get_command (invocation))))
    return TRUE;
  allow = qmp_closure_ref (self->allow);
  return ((QmpMultiplexerAllowFunc) allow->function) (self, invocation, allow->user_data);
}

static void
execute_invocation (QmpMultiplexer *self,
                    QmpInvocation  *invocation,
                    gboolean        allowed)
{
  gsize length;
  const char *text = g_bytes_get_data (qmp_message_get_bytes (qmp_invocation_get_message (invocation)), &length);
  g_auto(QmpServerCommand) command = { 0 };
  QmpOrder order = { qmp_invocation_get_connection (invocation), NULL, &command, qmp_invocation_get_fd_list (invocation) };

  qmp_server_command_reread (&command, text, length);
  order.place = qmp_invocation_surrender (invocation);
  if (qmp_server_connection_get_runstate (order.connection) == QMP_RUNSTATE_IDLE || self->forwarder == NULL)
    return;
  if (allowed)
    execute (self, &order);
  else
    refuse (&order, "");
}

static void
command (gpointer       owner,
         QmpInvocation *invocation)
{
  g_autoptr(QmpMultiplexer) self = g_object_ref (owner);
  gboolean allowed = ask (self, invocation);

  if (!qmp_invocation_get_answered (invocation))
    execute_invocation (self, invocation, allowed);
}

static void
closed (gpointer             owner,
        QmpServerConnection *connection)
{
  QmpMultiplexer *self = owner;

  if (self->forwarder != NULL)
    qmp_forwarder_drop (self->forwarder, connection);
}

static void
caught_up (gpointer             owner,
           QmpServerConnection *connection)
{
  QmpMultiplexer *self = owner;

  if (self->forwarder != NULL)
    qmp_forwarder_go_on (self->forwarder, connection);
}

static const QmpServerBackendFuncs backend_funcs = { may_serve, may_read, take, command, closed, caught_up };

/* --- the object --- */

/* Clients are served where the client does its I/O. */
static void
begin (QmpMultiplexer *self)
{
  g_autoptr(GMainContextPusher) pusher = NULL;

  if (self->client != NULL)
    {
      self->io = qmp_io_context_ref (qmp_client_get_owner_io_context (self->client));
      pusher = g_main_context_pusher_new (qmp_io_context_get_main_context (self->io));
    }
  self->server = qmp_server_new (self->client != NULL ? qmp_client_get_name (self->client) : NULL);
  if (self->client != NULL)
    self->forwarder = qmp_forwarder_new (self->client, self->server, self->io);
  qmp_server_set_backend (self->server, &backend_funcs, self);
}

static void
qmp_multiplexer_constructed (GObject *object)
{
  G_OBJECT_CLASS (qmp_multiplexer_parent_class)->constructed (object);

  begin (QMP_MULTIPLEXER (object));
}

/* Closing runs user code. What clients have left behind is still sent to be closed. */
static void
end (QmpMultiplexer *self)
{
  qmp_server_close (self->server);
  qmp_server_set_backend (self->server, NULL, NULL);
  g_clear_pointer (&self->forwarder, qmp_forwarder_free);
  g_clear_object (&self->client);
}

static void
qmp_multiplexer_dispose (GObject *object)
{
  QmpMultiplexer *self = QMP_MULTIPLEXER (object);

  if (self->io != NULL && !qmp_hand_over_begin_dispose (object, self->io))
    return;

  end (self);
  qmp_closure_set (&self->allow, NULL, NULL, NULL);

  G_OBJECT_CLASS (qmp_multiplexer_parent_class)->dispose (object);
  if (self->io != NULL)
    qmp_hand_over_end_dispose (object, self->io);
}

static void
qmp_multiplexer_finalize (GObject *object)
{
  QmpMultiplexer *self = QMP_MULTIPLEXER (object);

  g_object_unref (self->server);
  if (self->io != NULL)
    {
      qmp_io_context_leave (self->io);
      qmp_io_context_unref (self->io);
    }

  G_OBJECT_CLASS (qmp_multiplexer_parent_class)->finalize (object);
}

static void
qmp_multiplexer_get_property (GObject    *object,
                              guint       property_id,
                              GValue     *value,
                              GParamSpec *pspec)
{
  QmpMultiplexer *self = QMP_MULTIPLEXER (object);

  switch (property_id)
    {
    case PROP_CLIENT:
      g_value_set_object (value, self->client);
      break;
    case PROP_SERVER:
      g_value_set_object (value, self->server);
      break;
    case PROP_READ_ONLY:
      g_value_set_boolean (value, self->read_only);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
qmp_multiplexer_set_property (GObject      *object,
                              guint         property_id,
                              const GValue *value,
                              GParamSpec   *pspec)
{
  QmpMultiplexer *self = QMP_MULTIPLEXER (object);

  switch (property_id)
    {
    case PROP_CLIENT:
      self->client = g_value_dup_object (value);
      break;
    case PROP_READ_ONLY:
      qmp_multiplexer_set_read_only (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
qmp_multiplexer_class_init (QmpMultiplexerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = qmp_multiplexer_constructed;
  object_class->dispose = qmp_multiplexer_dispose;
  object_class->finalize = qmp_multiplexer_finalize;
  object_class->get_property = qmp_multiplexer_get_property;
  object_class->set_property = qmp_multiplexer_set_property;
  qmp_hand_over_install (object_class);

  /**
   * QmpMultiplexer:client: (getter get_client)
   *
   * The client whose monitor is shared.
   *
   * Since: 1.0
   */
  properties[PROP_CLIENT] =
    g_param_spec_object ("client", NULL, NULL, QMP_TYPE_CLIENT,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * QmpMultiplexer:server: (getter get_server)
   *
   * What serves the clients. It is always the same one.
   *
   * [method@Server.listen] and [method@Server.add_stream] take clients, [property@Server:connections] lists them. The
   * multiplexer sets its [property@Server:version], [property@Server:package] and [property@Server:capabilities] to those
   * of the monitor before a client is greeted.
   *
   * Since: 1.0
   */
  properties[PROP_SERVER] =
    g_param_spec_object ("server", NULL, NULL, QMP_TYPE_SERVER,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  /**
   * QmpMultiplexer:read-only: (getter get_read_only) (setter set_read_only)
   *
   * Whether clients may only look: whatever changes something is refused.
   *
   * Allowed are the commands whose names begin with `query-` or `x-query-`, and `qom-list`, `qom-list-types`,
   * `qom-list-properties`, `device-list-properties` and `trace-event-get-state`. `qom-get` is not, since it reads the
   * passwords of secret objects.
   *
   * It is looked at when a command comes.
   *
   * Since: 1.0
   */
  properties[PROP_READ_ONLY] =
    g_param_spec_boolean ("read-only", NULL, NULL, FALSE,
                          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
qmp_multiplexer_init (QmpMultiplexer *self)
{
  self->thread = g_thread_self ();
}

/**
 * qmp_multiplexer_new:
 * @client: (not nullable): a client, which is connected to a monitor, or will be
 *
 * Makes a multiplexer, to which nobody can connect yet.
 *
 * It is to be called in the client's thread. The program goes on to use @client as it likes; while it makes blocking calls,
 * commands and replies of others wait.
 *
 * Returns: (transfer full): a new multiplexer
 *
 * Since: 1.0
 */
QmpMultiplexer *
qmp_multiplexer_new (QmpClient *client)
{
  g_return_val_if_fail (QMP_IS_CLIENT (client), NULL);

  return g_object_new (QMP_TYPE_MULTIPLEXER, "client", client, NULL);
}

/* --- the methods --- */

/**
 * qmp_multiplexer_set_allow_func:
 * @self: a multiplexer
 * @allow: (nullable) (scope notified) (closure user_data) (destroy destroy): decides about each command
 * @user_data: data for @allow
 * @destroy: (nullable): frees @user_data
 *
 * Sets a function that is asked about each command before it is passed on.
 *
 * A command that it refuses is answered `CommandNotFound`, in the words of a QEMU in which that command is disabled. It is
 * not asked about what handlers of [signal@Server::command] answer, about `qmp_capabilities`, and about what
 * [property@Multiplexer:read-only] forbids. It may do anything. Without a function, @user_data is freed at once.
 *
 * Since: 1.0
 */
void
qmp_multiplexer_set_allow_func (QmpMultiplexer          *self,
                                QmpMultiplexerAllowFunc  allow,
                                gpointer                 user_data,
                                GDestroyNotify           destroy)
{
  g_return_if_fail (QMP_IS_MULTIPLEXER (self));
  if (!qmp_thread_require_server (self->thread, G_STRFUNC, NULL))
    return;

  qmp_closure_set (&self->allow, G_CALLBACK (allow), user_data, destroy);
}

/**
 * qmp_multiplexer_get_client: (get-property client)
 * @self: a multiplexer
 *
 * Gets the client whose monitor is shared.
 *
 * Returns: (transfer none) (nullable): the client; `NULL` once the multiplexer is disposed of
 *
 * Since: 1.0
 */
QmpClient *
qmp_multiplexer_get_client (QmpMultiplexer *self)
{
  g_return_val_if_fail (QMP_IS_MULTIPLEXER (self), NULL);

  return self->client;
}

/**
 * qmp_multiplexer_get_server: (get-property server)
 * @self: a multiplexer
 *
 * Gets what serves the clients; see [property@Multiplexer:server].
 *
 * Returns: (transfer none): the server
 *
 * Since: 1.0
 */
QmpServer *
qmp_multiplexer_get_server (QmpMultiplexer *self)
{
  g_return_val_if_fail (QMP_IS_MULTIPLEXER (self), NULL);

  return self->server;
}

/**
 * qmp_multiplexer_get_read_only: (get-property read-only)
 * @self: a multiplexer
 *
 * Tells whether clients may only look; see [property@Multiplexer:read-only].
 *
 * Returns: `TRUE` if so
 *
 * Since: 1.0
 */
gboolean
qmp_multiplexer_get_read_only (QmpMultiplexer *self)
{
  g_return_val_if_fail (QMP_IS_MULTIPLEXER (self), FALSE);

  return self->read_only;
}

/**
 * qmp_multiplexer_set_read_only: (set-property read-only)
 * @self: a multiplexer
 * @read_only: whether clients may only look
 *
 * Sets [property@Multiplexer:read-only].
 *
 * Since: 1.0
 */
void
qmp_multiplexer_set_read_only (QmpMultiplexer *self,
                               gboolean        read_only)
{
  g_return_if_fail (QMP_IS_MULTIPLEXER (self));
  if (!qmp_thread_require_server (self->thread, G_STRFUNC, NULL))
    return;

  read_only = !!read_only;
  if (self->read_only == read_only)
    return;
  self->read_only = read_only;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_READ_ONLY]);
}
