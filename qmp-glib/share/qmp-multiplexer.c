/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <qmp-glib/qmp-multiplexer.h>

#include <glib/gi18n-lib.h>
#include <string.h>

#include <qmp-glib/qmp-greeting.h>

#include "client/qmp-client-relay-private.h"
#include "client/qmp-client-serve-private.h"
#include "core/qmp-closure-private.h"
#include "core/qmp-debug-private.h"
#include "core/qmp-thread-private.h"
#include "server/qmp-invocation-private.h"
#include "server/qmp-server-backend-private.h"
#include "server/qmp-server-text-private.h"
#include "share/qmp-forward-private.h"
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

/* What waits for the server, of all clients, and of those that have left: over this no more is read from any, until it is
 * half of that. */
#define MAX_FORWARDS 16384
#define MAX_SIZE (64 * 1024 * 1024)

/* What the text around a command takes. */
#define COMMAND_OVERHEAD 64

struct _QmpMultiplexer {
  GObject       parent_instance;

  GThread      *thread;
  QmpIoContext *io;         /* the client's; NULL without one */
  QmpClient    *client;     /* nullable */
  QmpServer    *server;
  QmpRelay      relay;
  gboolean      read_only;
  QmpClosure   *allow;      /* nullable */

  GQueue        forwards;   /* of QmpForward, owned, by link */
  gsize         size;       /* of those */
  gboolean      congested;
  GHashTable   *names;      /* QmpServerConnection → QmpFdNames, of those that have some */
  QmpIoTimer    ending;     /* set: the link has ended, and the clients are to be told */
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

/* A command of a client that is being passed on. */
typedef struct {
  QmpServerConnection *connection;
  QmpAnswer           *place;
  QmpServerCommand    *command;
  GUnixFDList         *fd_list;    /* nullable */
} Order;

/* --- what waits for the server --- */

static void
update_congested (QmpMultiplexer *self)
{
  guint share = self->congested ? 2 : 1;
  gboolean congested = self->forwards.length >= MAX_FORWARDS / share || self->size >= MAX_SIZE / share;

  if (congested == self->congested)
    return;
  self->congested = congested;
  qmp_server_update_reading (self->server);
}

static void
remember (QmpMultiplexer *self,
          QmpForward     *forward)
{
  g_queue_push_tail_link (&self->forwards, &forward->link);
  self->size += forward->size;
  update_congested (self);
}

/* The caller frees it. */
static void
forget (QmpMultiplexer *self,
        QmpForward     *forward)
{
  g_queue_unlink (&self->forwards, &forward->link);
  self->size -= forward->size;
  update_congested (self);
}

static void
forget_all (QmpMultiplexer *self,
            gboolean        forsake)
{
  while (self->forwards.head != NULL)
    {
      g_autoptr(QmpForward) forward = self->forwards.head->data;

      forget (self, forward);
      if (forsake)
        qmp_client_forsake (forward->call);
    }
}

/* Takes forward. Without a link the reply never comes, and its client is about to hear of that. */
static void
send (QmpMultiplexer          *self,
      const QmpRelayedCommand *command,
      QmpForward              *forward)
{
  forward->size = COMMAND_OVERHEAD + command->name.length + command->arguments.length;
  forward->call = qmp_client_relay (self->client, &self->relay, command, forward);
  if (forward->call != NULL)
    remember (self, forward);
  else
    qmp_forward_free (forward);
}

/* --- names of descriptors --- */

static QmpFdNames *
ensure_names (QmpMultiplexer      *self,
              QmpServerConnection *connection)
{
  QmpFdNames *names = g_hash_table_lookup (self->names, connection);

  if (names == NULL)
    {
      names = qmp_fd_names_new ();
      g_hash_table_insert (self->names, connection, names);
    }
  return names;
}

static GString *
make_fdname (QmpFdNames *names,
             const char *fdname)
{
  GString *arguments = g_string_new ("{\"fdname\":");

  qmp_fd_names_append (names, arguments, fdname);
  return g_string_append_c (arguments, '}');
}

/* A descriptor whose client has left. */
static void
close_fd (QmpMultiplexer *self,
          QmpFdNames     *names,
          const char     *fdname)
{
  g_autoptr(GString) arguments = make_fdname (names, fdname);
  QmpRelayedCommand command = {
    .name = { "\"closefd\"", strlen ("\"closefd\"") },
    .arguments = { arguments->str, arguments->len },
  };

  send (self, &command, qmp_forward_new (NULL, NULL, (QmpJsonSlice) { NULL, 0 }));
}

static void
close_fds (QmpMultiplexer *self,
           QmpFdNames     *names)
{
  g_autofree const char **list = qmp_fd_names_list (names);

  for (const char **name = list; *name != NULL; name++)
    close_fd (self, names, *name);
}

static gboolean
has_left (QmpServerConnection *connection)
{
  return qmp_server_connection_get_runstate (connection) == QMP_RUNSTATE_IDLE;
}

/* --- commands --- */

static void
refuse (const Order *order,
        const char  *error_class,
        const char  *desc)
{
  qmp_server_connection_answer (order->connection, order->place,
                                qmp_server_text_error (error_class, desc, order->command->id), FALSE);
}

static void
refuse_disabled (const Order *order,
                 const char  *why)
{
  g_autofree char *desc = g_strdup_printf ("Command %s has been disabled%s", order->command->name, why);

  refuse (order, "CommandNotFound", desc);
}

/* The server uses the first and closes the others. */
static GUnixFDList *
dup_first (GUnixFDList *fd_list)
{
  int fd;

  if (g_unix_fd_list_get_length (fd_list) == 1)
    return g_object_ref (fd_list);
  fd = g_unix_fd_list_get (fd_list, 0, NULL);
  return fd >= 0 ? g_unix_fd_list_new_from_array (&fd, 1) : NULL;
}

/* Those that came with another command would be the server's for whoever takes one next. */
static GUnixFDList *
choose_fds (const Order  *order,
            QmpFdCommand  fd_command)
{
  return qmp_fd_command_takes_fd (fd_command) ? dup_first (order->fd_list) : NULL;
}

/* arguments: as they go to the server. Takes forward. */
static void
pass_on (QmpMultiplexer *self,
         const Order    *order,
         QmpForward     *forward,
         QmpJsonSlice    arguments,
         QmpFdCommand    fd_command)
{
  g_autoptr(GUnixFDList) fd_list = choose_fds (order, fd_command);
  QmpServerCommand *command = order->command;
  QmpRelayedCommand relayed = { command->name_text, arguments, command->out_of_band, fd_list };

  forward->secret = qmp_debug_enabled (QMP_DEBUG_WIRE) &&
                    qmp_json_asks_for_secret (command->text.text, command->text.length);
  send (self, &relayed, forward);
}

static QmpForward *
new_forward (const Order *order)
{
  return qmp_forward_new (order->connection, order->place, order->command->id);
}

/* getfd and closefd. */
static void
pass_fdname_on (QmpMultiplexer *self,
                const Order    *order,
                QmpFdCommand    fd_command,
                const char     *fdname)
{
  QmpFdNames *names = ensure_names (self, order->connection);
  g_autoptr(GPtrArray) used = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GString) arguments = NULL;
  QmpForward *forward;

  if (fd_command == QMP_FD_COMMAND_GETFD && !qmp_fd_names_begin (names, fdname))
    {
      refuse (order, "GenericError", "Too many file descriptors have names");
      return;
    }
  arguments = make_fdname (names, fdname);
  g_ptr_array_add (used, g_strdup (fdname));
  forward = new_forward (order);
  qmp_forward_set_names (forward, fd_command, names, used);
  pass_on (self, order, forward, (QmpJsonSlice) { arguments->str, arguments->len }, fd_command);
}

static void
pass_others_on (QmpMultiplexer *self,
                const Order    *order,
                QmpFdCommand    fd_command)
{
  QmpFdNames *names = g_hash_table_lookup (self->names, order->connection);
  g_autoptr(GPtrArray) used = NULL;
  g_autoptr(GString) rewritten = NULL;
  QmpJsonSlice arguments = order->command->arguments;
  QmpForward *forward = new_forward (order);

  if (names != NULL)
    {
      used = g_ptr_array_new_with_free_func (g_free);
      rewritten = qmp_fd_names_rewrite (names, arguments, used);
    }
  if (rewritten != NULL)
    {
      qmp_forward_set_names (forward, fd_command, names, used);
      arguments = (QmpJsonSlice) { rewritten->str, rewritten->len };
    }
  pass_on (self, order, forward, arguments, fd_command);
}

/* What the server cannot know a name by, it says itself. */
static gboolean
is_name (const char *fdname)
{
  return fdname != NULL && !g_ascii_isdigit (*fdname);
}

static void
execute (QmpMultiplexer *self,
         const Order    *order)
{
  g_autofree char *fdname = NULL;
  QmpFdCommand fd_command = qmp_fd_command_read (order->command->name, order->command->arguments, &fdname);

  if (self->read_only && !qmp_read_only_allows (order->command->name))
    refuse_disabled (order, ": the monitor is read-only");
  else if (qmp_fd_command_takes_fd (fd_command) && order->fd_list == NULL)
    /* Without one the server would give whatever it still has from somebody else. */
    refuse (order, "GenericError", "No file descriptor supplied via SCM_RIGHTS");
  else if (is_name (fdname))
    pass_fdname_on (self, order, fd_command, fdname);
  else
    pass_others_on (self, order, fd_command);
}

/* --- what its server calls --- */

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
  return !((QmpMultiplexer *) owner)->congested;
}

static gboolean
take (gpointer             owner,
      QmpServerConnection *connection,
      QmpAnswer           *place,
      QmpServerCommand    *command,
      GUnixFDList         *fd_list)
{
  QmpMultiplexer *self = owner;
  Order order = { connection, place, command, fd_list };

  if (self->allow != NULL)
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
  Order order = { qmp_invocation_get_connection (invocation), NULL, &command, qmp_invocation_get_fd_list (invocation) };

  qmp_server_command_reread (&command, text, length);
  order.place = qmp_invocation_surrender (invocation);
  if (has_left (order.connection) || self->client == NULL)
    return;
  if (allowed)
    execute (self, &order);
  else
    refuse_disabled (&order, "");
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
  g_autoptr(QmpFdNames) names = NULL;

  if (g_hash_table_steal_extended (self->names, connection, NULL, (gpointer *) &names))
    close_fds (self, names);
}

static const QmpServerBackendFuncs backend_funcs = { may_serve, may_read, take, command, closed };

/* --- what its client calls --- */

static void
event (gpointer  owner,
       QmpEvent *event)
{
  QmpMultiplexer *self = owner;
  GBytes *bytes = qmp_message_get_bytes (QMP_MESSAGE (event));
  g_autoptr(GString) line = g_string_sized_new (g_bytes_get_size (bytes) + 3);

  g_string_append_len (line, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  g_string_append (line, "\r\n");
  qmp_server_emit_text (self->server, line->str, line->len);
}

static void
reply (gpointer      owner,
       gpointer      data,
       QmpJsonFrame *frame)
{
  QmpMultiplexer *self = owner;
  g_autoptr(QmpForward) forward = data;

  forget (self, forward);
  if (forward->connection == NULL)
    return;
  qmp_forward_settle (forward, frame);
  if (!has_left (forward->connection))
    qmp_server_connection_answer (forward->connection, forward->place, qmp_forward_make_answer (forward, frame),
                                  forward->secret);
  else if (forward->fd_command == QMP_FD_COMMAND_GETFD && qmp_forward_succeeded (frame))
    close_fd (self, forward->names, forward->used->pdata[0]);
}

static void
wind_up (gpointer owner)
{
  qmp_server_wind_up (((QmpMultiplexer *) owner)->server);
}

/* From within the loop that reads: clients are closed from a dispatch. */
static void
ended (gpointer owner)
{
  QmpMultiplexer *self = owner;

  forget_all (self, FALSE);
  g_hash_table_remove_all (self->names);
  qmp_io_timer_set (&self->ending, self->io, g_get_monotonic_time (), wind_up, self);
}

static const QmpRelayFuncs relay_funcs = { event, reply, ended };

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
      qmp_client_add_relay (self->client, &self->relay, &relay_funcs, self);
    }
  self->server = qmp_server_new (self->client != NULL ? qmp_client_get_name (self->client) : NULL);
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
  g_autoptr(QmpClient) client = NULL;

  qmp_server_close (self->server);
  qmp_server_set_backend (self->server, NULL, NULL);
  client = g_steal_pointer (&self->client);
  if (client == NULL)
    return;
  forget_all (self, TRUE);
  qmp_client_remove_relay (client, &self->relay);
  qmp_io_timer_clear (&self->ending);
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

  g_hash_table_unref (self->names);
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
  self->names = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) qmp_fd_names_unref);
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
