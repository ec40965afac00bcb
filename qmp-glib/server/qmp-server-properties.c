/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "server/qmp-server-private.h"

#include <qmp-glib/qmp-version.h>

/* Commands are far from that; QEMU takes 64 times as much. */
#define DEFAULT_MAX_MESSAGE_SIZE (1024 * 1024)
#define DEFAULT_MAX_CONNECTIONS 256
#define DEFAULT_MAX_PENDING 64
#define DEFAULT_MAX_UNSENT (16 * 1024 * 1024)

enum {
  PROP_0,
  PROP_NAME,
  PROP_LISTEN_ADDRESS,
  PROP_CONNECTIONS,
  PROP_VERSION,
  PROP_PACKAGE,
  PROP_CAPABILITIES,
  PROP_OOB_COMMANDS,
  PROP_OWNER_ONLY,
  PROP_MAX_MESSAGE_SIZE,
  PROP_MAX_CONNECTIONS,
  PROP_MAX_PENDING,
  PROP_MAX_UNSENT,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static void
notify (QmpServer *self,
        guint      property_id)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[property_id]);
}

/* --- GObject --- */

static void
get_property (GObject    *object,
              guint       property_id,
              GValue     *value,
              GParamSpec *pspec)
{
  QmpServer *self = QMP_SERVER (object);

  switch (property_id)
    {
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_LISTEN_ADDRESS:
      g_value_set_object (value, self->listen_address);
      break;
    case PROP_CONNECTIONS:
      g_value_set_object (value, self->connections);
      break;
    case PROP_VERSION:
      g_value_set_string (value, self->version);
      break;
    case PROP_PACKAGE:
      g_value_set_string (value, self->about.package);
      break;
    case PROP_CAPABILITIES:
      g_value_set_boxed (value, self->about.capabilities);
      break;
    case PROP_OOB_COMMANDS:
      g_value_set_boxed (value, self->oob_commands);
      break;
    case PROP_OWNER_ONLY:
      g_value_set_boolean (value, self->owner_only);
      break;
    case PROP_MAX_MESSAGE_SIZE:
      g_value_set_uint (value, self->limits.max_message_size);
      break;
    case PROP_MAX_CONNECTIONS:
      g_value_set_uint (value, self->max_connections);
      break;
    case PROP_MAX_PENDING:
      g_value_set_uint (value, self->limits.max_pending);
      break;
    case PROP_MAX_UNSENT:
      g_value_set_uint (value, self->limits.max_unsent);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
set_property (GObject      *object,
              guint         property_id,
              const GValue *value,
              GParamSpec   *pspec)
{
  QmpServer *self = QMP_SERVER (object);

  switch (property_id)
    {
    case PROP_NAME:
      self->name = g_value_dup_string (value);
      break;
    case PROP_VERSION:
      qmp_server_set_version (self, g_value_get_string (value));
      break;
    case PROP_PACKAGE:
      qmp_server_set_package (self, g_value_get_string (value));
      break;
    case PROP_CAPABILITIES:
      qmp_server_set_capabilities (self, g_value_get_boxed (value));
      break;
    case PROP_OOB_COMMANDS:
      qmp_server_set_oob_commands (self, g_value_get_boxed (value));
      break;
    case PROP_OWNER_ONLY:
      qmp_server_set_owner_only (self, g_value_get_boolean (value));
      break;
    case PROP_MAX_MESSAGE_SIZE:
      qmp_server_set_max_message_size (self, g_value_get_uint (value));
      break;
    case PROP_MAX_CONNECTIONS:
      qmp_server_set_max_connections (self, g_value_get_uint (value));
      break;
    case PROP_MAX_PENDING:
      qmp_server_set_max_pending (self, g_value_get_uint (value));
      break;
    case PROP_MAX_UNSENT:
      qmp_server_set_max_unsent (self, g_value_get_uint (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
install_clients (void)
{
  GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * QmpServer:name: (getter get_name)
   *
   * A name for what `QMP_DEBUG` prints, or `NULL`.
   *
   * Since: 1.0
   */
  properties[PROP_NAME] =
    g_param_spec_string ("name", NULL, NULL, NULL,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * QmpServer:listen-address: (getter get_listen_address)
   *
   * What the server has bound first, with the port that it got; `NULL` while it does not listen.
   *
   * Since: 1.0
   */
  properties[PROP_LISTEN_ADDRESS] =
    g_param_spec_object ("listen-address", NULL, NULL, G_TYPE_SOCKET_ADDRESS, readable);

  /**
   * QmpServer:connections: (getter get_connections)
   *
   * The clients that are connected: a list of [class@ServerConnection], the longest there first. It is always the same list.
   *
   * Since: 1.0
   */
  properties[PROP_CONNECTIONS] =
    g_param_spec_object ("connections", NULL, NULL, G_TYPE_LIST_MODEL, readable);

  /**
   * QmpServer:owner-only: (getter get_owner_only) (setter set_owner_only)
   *
   * Whether Unix sockets that the server listens on are for the user alone who runs the program, and for root.
   *
   * If not, the umask says who may connect to a socket file, and anybody may to an abstract socket. Looked at when listening
   * begins, and when somebody connects.
   *
   * Since: 1.0
   */
  properties[PROP_OWNER_ONLY] =
    g_param_spec_boolean ("owner-only", NULL, NULL, TRUE,
                          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
}

static void
install_greeting (void)
{
  GParamFlags writable = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * QmpServer:version: (getter get_version) (setter set_version)
   *
   * The version that the greeting tells, as three numbers with dots between: that of this library, unless a program says
   * another. Each is at most 999.
   *
   * Since: 1.0
   */
  properties[PROP_VERSION] = g_param_spec_string ("version", NULL, NULL, NULL, writable);

  /**
   * QmpServer:package: (getter get_package) (setter set_package)
   *
   * The package that the greeting tells: `qmp-glib`, unless a program says another.
   *
   * Since: 1.0
   */
  properties[PROP_PACKAGE] = g_param_spec_string ("package", NULL, NULL, "qmp-glib", writable);

  /**
   * QmpServer:capabilities: (getter get_capabilities) (setter set_capabilities)
   *
   * The capabilities that the greeting offers: `oob`, as QEMU's does, unless a program says others.
   *
   * Since: 1.0
   */
  properties[PROP_CAPABILITIES] = g_param_spec_boxed ("capabilities", NULL, NULL, G_TYPE_STRV, writable);

  /**
   * QmpServer:oob-commands: (getter get_oob_commands) (setter set_oob_commands)
   *
   * The commands that clients may execute out-of-band: none, unless a program says some.
   *
   * Of others the client is told that they do not support it. Clients that have not enabled `oob` cannot execute
   * anything out-of-band.
   *
   * Since: 1.0
   */
  properties[PROP_OOB_COMMANDS] = g_param_spec_boxed ("oob-commands", NULL, NULL, G_TYPE_STRV, writable);
}

static void
install_limits (void)
{
  GParamFlags writable = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * QmpServer:max-message-size: (getter get_max_message_size) (setter set_max_message_size)
   *
   * The largest message that is taken from a client, in bytes. A larger one ends its connection.
   *
   * Looked at when a client comes.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_MESSAGE_SIZE] =
    g_param_spec_uint ("max-message-size", NULL, NULL, 1, G_MAXINT, DEFAULT_MAX_MESSAGE_SIZE, writable);

  /**
   * QmpServer:max-connections: (getter get_max_connections) (setter set_max_connections)
   *
   * How many clients may be connected. More are turned away without a greeting.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_CONNECTIONS] =
    g_param_spec_uint ("max-connections", NULL, NULL, 0, G_MAXUINT, DEFAULT_MAX_CONNECTIONS, writable);

  /**
   * QmpServer:max-pending: (getter get_max_pending) (setter set_max_pending)
   *
   * How many commands of a client may wait for their answers, and how many KiB of them. No more are read until some are
   * answered; what came in one piece with the last of them is.
   *
   * Looked at when a client comes.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_PENDING] =
    g_param_spec_uint ("max-pending", NULL, NULL, 1, G_MAXUINT, DEFAULT_MAX_PENDING, writable);

  /**
   * QmpServer:max-unsent: (getter get_max_unsent) (setter set_max_unsent)
   *
   * How many bytes may wait for a client to read them. When there are more, the next event or answer ends its connection.
   *
   * What the system keeps, and the message that is on its way, do not count. While more than 64 KiB wait, no commands
   * are read from the client. Looked at when a client comes.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_UNSENT] =
    g_param_spec_uint ("max-unsent", NULL, NULL, 1, G_MAXUINT, DEFAULT_MAX_UNSENT, writable);
}

void
qmp_server_install_properties (GObjectClass *object_class)
{
  object_class->get_property = get_property;
  object_class->set_property = set_property;
  install_clients ();
  install_greeting ();
  install_limits ();
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

void
qmp_server_init_properties (QmpServer *self)
{
  self->version = g_strdup_printf ("%u.%u.%u", QMP_MAJOR_VERSION, QMP_MINOR_VERSION, QMP_MICRO_VERSION);
  self->about.version[0] = QMP_MAJOR_VERSION;
  self->about.version[1] = QMP_MINOR_VERSION;
  self->about.version[2] = QMP_MICRO_VERSION;
  self->about.package = g_strdup ("qmp-glib");
  self->about.capabilities = g_strsplit ("oob", ",", -1);
  self->oob_commands = g_new0 (char *, 1);
  self->owner_only = TRUE;
  self->limits = (QmpServerLimits) { DEFAULT_MAX_MESSAGE_SIZE, DEFAULT_MAX_PENDING, DEFAULT_MAX_UNSENT };
  self->max_connections = DEFAULT_MAX_CONNECTIONS;
}

void
qmp_server_clear_properties (QmpServer *self)
{
  g_free (self->name);
  g_free (self->version);
  g_free (self->about.package);
  g_strfreev (self->about.capabilities);
  g_strfreev (self->oob_commands);
}

/* --- clients --- */

/**
 * qmp_server_get_name: (get-property name)
 * @self: a server
 *
 * Gets the value of [property@Server:name].
 *
 * Returns: (transfer none) (nullable): the name
 *
 * Since: 1.0
 */
const char *
qmp_server_get_name (QmpServer *self)
{
  g_return_val_if_fail (QMP_IS_SERVER (self), NULL);

  return self->name;
}

/**
 * qmp_server_get_listen_address: (get-property listen-address)
 * @self: a server
 *
 * Gets what the server has bound first; see [property@Server:listen-address].
 *
 * Returns: (transfer none) (nullable): the address; `NULL` while it does not listen
 *
 * Since: 1.0
 */
GSocketAddress *
qmp_server_get_listen_address (QmpServer *self)
{
  g_return_val_if_fail (QMP_IS_SERVER (self), NULL);

  return self->listen_address;
}

/**
 * qmp_server_get_connections: (get-property connections)
 * @self: a server
 *
 * Gets the list of the clients that are connected.
 *
 * It changes in dispatches of the server's main context, and when the program takes or closes a client.
 *
 * Returns: (transfer none): a list of [class@ServerConnection]
 *
 * Since: 1.0
 */
GListModel *
qmp_server_get_connections (QmpServer *self)
{
  g_return_val_if_fail (QMP_IS_SERVER (self), NULL);

  return G_LIST_MODEL (self->connections);
}

/* --- the greeting --- */

/**
 * qmp_server_get_version: (get-property version)
 * @self: a server
 *
 * Gets the value of [property@Server:version].
 *
 * Returns: (transfer none): the version
 *
 * Since: 1.0
 */
const char *
qmp_server_get_version (QmpServer *self)
{
  g_return_val_if_fail (QMP_IS_SERVER (self), NULL);

  return self->version;
}

static gboolean
read_version (const char *text,
              guint       version[3])
{
  g_auto(GStrv) parts = g_strsplit (text, ".", 4);

  if (g_strv_length (parts) != 3)
    return FALSE;
  for (guint i = 0; i < 3; i++)
    {
      guint64 number;

      if (!g_ascii_string_to_unsigned (parts[i], 10, 0, 999, &number, NULL))
        return FALSE;
      version[i] = number;
    }
  return TRUE;
}

/**
 * qmp_server_set_version: (set-property version)
 * @self: a server
 * @version: (not nullable): three numbers with dots between
 *
 * Sets the value of [property@Server:version]. Anything else is an error of the programmer.
 *
 * Clients that are connected have been told another.
 *
 * Since: 1.0
 */
void
qmp_server_set_version (QmpServer  *self,
                        const char *version)
{
  guint numbers[3];

  g_return_if_fail (QMP_IS_SERVER (self));
  g_return_if_fail (version != NULL);
  g_return_if_fail (read_version (version, numbers));
  qmp_server_return_if_foreign (self);

  if (g_str_equal (self->version, version))
    return;

  memcpy (self->about.version, numbers, sizeof (numbers));
  g_free (self->version);
  self->version = g_strdup (version);
  notify (self, PROP_VERSION);
}

/**
 * qmp_server_get_package: (get-property package)
 * @self: a server
 *
 * Gets the value of [property@Server:package].
 *
 * Returns: (transfer none): the package
 *
 * Since: 1.0
 */
const char *
qmp_server_get_package (QmpServer *self)
{
  g_return_val_if_fail (QMP_IS_SERVER (self), NULL);

  return self->about.package;
}

/**
 * qmp_server_set_package: (set-property package)
 * @self: a server
 * @package: (not nullable): the package, in UTF-8
 *
 * Sets the value of [property@Server:package]. Clients that are connected have been told another.
 *
 * Since: 1.0
 */
void
qmp_server_set_package (QmpServer  *self,
                        const char *package)
{
  g_return_if_fail (QMP_IS_SERVER (self));
  g_return_if_fail (package != NULL);
  qmp_server_return_if_foreign (self);

  if (g_str_equal (self->about.package, package))
    return;

  g_free (self->about.package);
  self->about.package = g_utf8_make_valid (package, -1);
  notify (self, PROP_PACKAGE);
}

static void
set_strings (QmpServer            *self,
             char               ***place,
             const char * const   *strings,
             guint                 property_id)
{
  g_auto(GStrv) copy = strings != NULL ? g_strdupv ((char **) strings) : g_new0 (char *, 1);

  if (g_strv_equal ((const char * const *) *place, (const char * const *) copy))
    return;

  g_strfreev (*place);
  *place = g_steal_pointer (&copy);
  notify (self, property_id);
}

/**
 * qmp_server_get_capabilities: (get-property capabilities)
 * @self: a server
 *
 * Gets the value of [property@Server:capabilities].
 *
 * Returns: (transfer none) (array zero-terminated=1): their names
 *
 * Since: 1.0
 */
const char * const *
qmp_server_get_capabilities (QmpServer *self)
{
  g_return_val_if_fail (QMP_IS_SERVER (self), NULL);

  return (const char * const *) self->about.capabilities;
}

/**
 * qmp_server_set_capabilities: (set-property capabilities)
 * @self: a server
 * @capabilities: (nullable) (array zero-terminated=1): their names, in UTF-8; `NULL` for none
 *
 * Sets the value of [property@Server:capabilities]. Clients that are connected have been offered others.
 *
 * Since: 1.0
 */
void
qmp_server_set_capabilities (QmpServer          *self,
                             const char * const *capabilities)
{
  g_return_if_fail (QMP_IS_SERVER (self));
  qmp_server_return_if_foreign (self);

  set_strings (self, &self->about.capabilities, capabilities, PROP_CAPABILITIES);
}

/**
 * qmp_server_get_oob_commands: (get-property oob-commands)
 * @self: a server
 *
 * Gets the value of [property@Server:oob-commands].
 *
 * Returns: (transfer none) (array zero-terminated=1): their names
 *
 * Since: 1.0
 */
const char * const *
qmp_server_get_oob_commands (QmpServer *self)
{
  g_return_val_if_fail (QMP_IS_SERVER (self), NULL);

  return (const char * const *) self->oob_commands;
}

/**
 * qmp_server_set_oob_commands: (set-property oob-commands)
 * @self: a server
 * @oob_commands: (nullable) (array zero-terminated=1): their names; `NULL` for none
 *
 * Sets the value of [property@Server:oob-commands].
 *
 * Since: 1.0
 */
void
qmp_server_set_oob_commands (QmpServer          *self,
                             const char * const *oob_commands)
{
  g_return_if_fail (QMP_IS_SERVER (self));
  qmp_server_return_if_foreign (self);

  set_strings (self, &self->oob_commands, oob_commands, PROP_OOB_COMMANDS);
}

/* --- limits --- */

/**
 * qmp_server_get_owner_only: (get-property owner-only)
 * @self: a server
 *
 * Gets the value of [property@Server:owner-only].
 *
 * Returns: `TRUE` if its Unix sockets are for its user alone
 *
 * Since: 1.0
 */
gboolean
qmp_server_get_owner_only (QmpServer *self)
{
  g_return_val_if_fail (QMP_IS_SERVER (self), TRUE);

  return self->owner_only;
}

/**
 * qmp_server_set_owner_only: (set-property owner-only)
 * @self: a server
 * @owner_only: whether its Unix sockets are for its user alone
 *
 * Sets the value of [property@Server:owner-only].
 *
 * Since: 1.0
 */
void
qmp_server_set_owner_only (QmpServer *self,
                           gboolean   owner_only)
{
  g_return_if_fail (QMP_IS_SERVER (self));
  qmp_server_return_if_foreign (self);

  if (self->owner_only == !!owner_only)
    return;

  self->owner_only = !!owner_only;
  notify (self, PROP_OWNER_ONLY);
}

/**
 * qmp_server_get_max_message_size: (get-property max-message-size)
 * @self: a server
 *
 * Gets the value of [property@Server:max-message-size].
 *
 * Returns: how many bytes a message may have, at least 1
 *
 * Since: 1.0
 */
guint
qmp_server_get_max_message_size (QmpServer *self)
{
  g_return_val_if_fail (QMP_IS_SERVER (self), 0);

  return self->limits.max_message_size;
}

/**
 * qmp_server_set_max_message_size: (set-property max-message-size)
 * @self: a server
 * @max_message_size: how many bytes a message may have, at least 1
 *
 * Sets the value of [property@Server:max-message-size].
 *
 * Since: 1.0
 */
void
qmp_server_set_max_message_size (QmpServer *self,
                                 guint      max_message_size)
{
  g_return_if_fail (QMP_IS_SERVER (self));
  g_return_if_fail (max_message_size >= 1 && max_message_size <= G_MAXINT);
  qmp_server_return_if_foreign (self);

  if (self->limits.max_message_size == max_message_size)
    return;

  self->limits.max_message_size = max_message_size;
  notify (self, PROP_MAX_MESSAGE_SIZE);
}

/**
 * qmp_server_get_max_connections: (get-property max-connections)
 * @self: a server
 *
 * Gets the value of [property@Server:max-connections].
 *
 * Returns: how many clients may be connected
 *
 * Since: 1.0
 */
guint
qmp_server_get_max_connections (QmpServer *self)
{
  g_return_val_if_fail (QMP_IS_SERVER (self), 0);

  return self->max_connections;
}

/**
 * qmp_server_set_max_connections: (set-property max-connections)
 * @self: a server
 * @max_connections: how many clients may be connected
 *
 * Sets the value of [property@Server:max-connections].
 *
 * Since: 1.0
 */
void
qmp_server_set_max_connections (QmpServer *self,
                                guint      max_connections)
{
  g_return_if_fail (QMP_IS_SERVER (self));
  qmp_server_return_if_foreign (self);

  if (self->max_connections == max_connections)
    return;

  self->max_connections = max_connections;
  notify (self, PROP_MAX_CONNECTIONS);
}

/**
 * qmp_server_get_max_pending: (get-property max-pending)
 * @self: a server
 *
 * Gets the value of [property@Server:max-pending].
 *
 * Returns: how many commands of a client may wait, at least 1
 *
 * Since: 1.0
 */
guint
qmp_server_get_max_pending (QmpServer *self)
{
  g_return_val_if_fail (QMP_IS_SERVER (self), 0);

  return self->limits.max_pending;
}

/**
 * qmp_server_set_max_pending: (set-property max-pending)
 * @self: a server
 * @max_pending: how many commands of a client may wait, at least 1
 *
 * Sets the value of [property@Server:max-pending].
 *
 * Since: 1.0
 */
void
qmp_server_set_max_pending (QmpServer *self,
                            guint      max_pending)
{
  g_return_if_fail (QMP_IS_SERVER (self));
  g_return_if_fail (max_pending >= 1);
  qmp_server_return_if_foreign (self);

  if (self->limits.max_pending == max_pending)
    return;

  self->limits.max_pending = max_pending;
  notify (self, PROP_MAX_PENDING);
}

/**
 * qmp_server_get_max_unsent: (get-property max-unsent)
 * @self: a server
 *
 * Gets the value of [property@Server:max-unsent].
 *
 * Returns: how many bytes may wait for a client, at least 1
 *
 * Since: 1.0
 */
guint
qmp_server_get_max_unsent (QmpServer *self)
{
  g_return_val_if_fail (QMP_IS_SERVER (self), 0);

  return self->limits.max_unsent;
}

/**
 * qmp_server_set_max_unsent: (set-property max-unsent)
 * @self: a server
 * @max_unsent: how many bytes may wait for a client, at least 1
 *
 * Sets the value of [property@Server:max-unsent].
 *
 * Since: 1.0
 */
void
qmp_server_set_max_unsent (QmpServer *self,
                           guint      max_unsent)
{
  g_return_if_fail (QMP_IS_SERVER (self));
  g_return_if_fail (max_unsent >= 1);
  qmp_server_return_if_foreign (self);

  if (self->limits.max_unsent == max_unsent)
    return;

  self->limits.max_unsent = max_unsent;
  notify (self, PROP_MAX_UNSENT);
}
