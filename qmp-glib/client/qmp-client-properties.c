/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "client/qmp-client-private.h"

#include "qmp-enums.h"

#define DEFAULT_OPEN_TIMEOUT 10000
#define DEFAULT_CLOSE_TIMEOUT 5000
/* A guest agent's largest reply, 48 MiB of a file in base64, and what stands around it. */
#define DEFAULT_MAX_MESSAGE_SIZE (65 * 1024 * 1024)
#define DEFAULT_MAX_DEPTH 1024

enum {
  PROP_0,
  PROP_NAME,
  PROP_RUNSTATE,
  PROP_GREETING,
  PROP_AWAIT_GREETING,
  PROP_NEGOTIATE,
  PROP_OUT_OF_BAND,
  PROP_OUT_OF_BAND_ACTIVE,
  PROP_GUEST_AGENT,
  PROP_TLS,
  PROP_TLS_DATABASE,
  PROP_TLS_CERTIFICATE,
  PROP_TLS_IDENTITY,
  PROP_ADDRESS,
  PROP_OPEN_TIMEOUT,
  PROP_ACCEPT_TIMEOUT,
  PROP_LISTEN_ADDRESS,
  PROP_CLOSE_TIMEOUT,
  PROP_TIMEOUT,
  PROP_MAX_MESSAGE_SIZE,
  PROP_MAX_DEPTH,
  PROP_REDACT,
  PROP_KEEP_ALIVE,
  PROP_STALL_TIME,
  PROP_STALLED,
  PROP_N_PENDING,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static void
get_property (GObject    *object,
              guint       property_id,
              GValue     *value,
              GParamSpec *pspec)
{
  QmpClient *self = QMP_CLIENT (object);

  switch (property_id)
    {
    case PROP_NAME:
      g_value_set_string (value, self->settings.name);
      break;
    case PROP_RUNSTATE:
      g_value_set_enum (value, qmp_client_get_runstate (self));
      break;
    case PROP_GREETING:
      g_value_set_object (value, qmp_client_get_greeting (self));
      break;
    case PROP_AWAIT_GREETING:
      g_value_set_boolean (value, self->settings.link.await_greeting);
      break;
    case PROP_NEGOTIATE:
      g_value_set_boolean (value, self->settings.link.negotiate);
      break;
    case PROP_OUT_OF_BAND:
      g_value_set_boolean (value, self->settings.link.out_of_band);
      break;
    case PROP_OUT_OF_BAND_ACTIVE:
      g_value_set_boolean (value, qmp_client_get_out_of_band_active (self));
      break;
    case PROP_GUEST_AGENT:
      g_value_set_boolean (value, self->settings.link.guest_agent);
      break;
    case PROP_TLS:
      g_value_set_boolean (value, self->settings.connection.tls.wanted);
      break;
    case PROP_TLS_DATABASE:
      g_value_set_object (value, self->settings.connection.tls.database);
      break;
    case PROP_TLS_CERTIFICATE:
      g_value_set_object (value, self->settings.connection.tls.certificate);
      break;
    case PROP_TLS_IDENTITY:
      g_value_set_string (value, self->settings.connection.tls.identity);
      break;
    case PROP_ADDRESS:
      g_value_set_object (value, qmp_client_get_address (self));
      break;
    case PROP_OPEN_TIMEOUT:
      g_value_set_int (value, self->settings.open_timeout);
      break;
    case PROP_ACCEPT_TIMEOUT:
      g_value_set_int (value, self->settings.accept_timeout);
      break;
    case PROP_LISTEN_ADDRESS:
      g_value_set_object (value, qmp_client_get_listen_address (self));
      break;
    case PROP_CLOSE_TIMEOUT:
      g_value_set_int (value, self->settings.close_timeout);
      break;
    case PROP_TIMEOUT:
      g_value_set_int (value, self->settings.timeout);
      break;
    case PROP_MAX_MESSAGE_SIZE:
      g_value_set_uint (value, self->settings.link.max_message_size);
      break;
    case PROP_MAX_DEPTH:
      g_value_set_uint (value, self->settings.link.max_depth);
      break;
    case PROP_REDACT:
      g_value_set_boolean (value, self->wire_log.redact);
      break;
    case PROP_KEEP_ALIVE:
      g_value_set_boolean (value, self->settings.connection.keep_alive);
      break;
    case PROP_STALL_TIME:
      g_value_set_int (value, self->stall_watch.time);
      break;
    case PROP_STALLED:
      g_value_set_boolean (value, self->stall_watch.stalled);
      break;
    case PROP_N_PENDING:
      g_value_set_uint (value, qmp_client_get_n_pending (self));
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
  QmpClient *self = QMP_CLIENT (object);

  switch (property_id)
    {
    case PROP_NAME:
      self->settings.name = g_value_dup_string (value);
      self->wire_log.name = self->settings.name;
      self->state.name = self->settings.name;
      break;
    case PROP_AWAIT_GREETING:
      qmp_client_set_await_greeting (self, g_value_get_boolean (value));
      break;
    case PROP_NEGOTIATE:
      qmp_client_set_negotiate (self, g_value_get_boolean (value));
      break;
    case PROP_OUT_OF_BAND:
      qmp_client_set_out_of_band (self, g_value_get_boolean (value));
      break;
    case PROP_GUEST_AGENT:
      qmp_client_set_guest_agent (self, g_value_get_boolean (value));
      break;
    case PROP_TLS:
      qmp_client_set_tls (self, g_value_get_boolean (value));
      break;
    case PROP_TLS_DATABASE:
      qmp_client_set_tls_database (self, g_value_get_object (value));
      break;
    case PROP_TLS_CERTIFICATE:
      qmp_client_set_tls_certificate (self, g_value_get_object (value));
      break;
    case PROP_TLS_IDENTITY:
      qmp_client_set_tls_identity (self, g_value_get_string (value));
      break;
    case PROP_OPEN_TIMEOUT:
      qmp_client_set_open_timeout (self, g_value_get_int (value));
      break;
    case PROP_ACCEPT_TIMEOUT:
      qmp_client_set_accept_timeout (self, g_value_get_int (value));
      break;
    case PROP_CLOSE_TIMEOUT:
      qmp_client_set_close_timeout (self, g_value_get_int (value));
      break;
    case PROP_TIMEOUT:
      qmp_client_set_timeout (self, g_value_get_int (value));
      break;
    case PROP_MAX_MESSAGE_SIZE:
      qmp_client_set_max_message_size (self, g_value_get_uint (value));
      break;
    case PROP_MAX_DEPTH:
      qmp_client_set_max_depth (self, g_value_get_uint (value));
      break;
    case PROP_REDACT:
      qmp_client_set_redact (self, g_value_get_boolean (value));
      break;
    case PROP_KEEP_ALIVE:
      qmp_client_set_keep_alive (self, g_value_get_boolean (value));
      break;
    case PROP_STALL_TIME:
      qmp_client_set_stall_time (self, g_value_get_int (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

void
qmp_client_install_properties (GObjectClass *object_class)
{
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  const GParamFlags writable = readable | G_PARAM_WRITABLE;

  /**
   * QmpClient:name: (getter get_name)
   *
   * What the program calls this link, for its own use and for debug output.
   *
   * Since: 1.0
   */
  properties[PROP_NAME] =
    g_param_spec_string ("name", NULL, NULL, NULL, writable | G_PARAM_CONSTRUCT_ONLY);

  /**
   * QmpClient:runstate: (getter get_runstate)
   *
   * Where the client stands.
   *
   * Goes `IDLE`, `CONNECTING`, `RUNNING`, `DISCONNECTING`, `IDLE`; from `CONNECTING` straight to
   * `DISCONNECTING` when opening fails. Each step is told to each handler of `notify::runstate`, also when
   * one of them brings the next about; while they are told of a step, the property has its value. A blocking call
   * tells its steps when the client's main context is next iterated. [method@Client.listen] has the steps of a client that
   * listens.
   *
   * Since: 1.0
   */
  properties[PROP_RUNSTATE] =
    g_param_spec_enum ("runstate", NULL, NULL, QMP_TYPE_RUNSTATE, QMP_RUNSTATE_IDLE, readable);

  /**
   * QmpClient:greeting: (getter get_greeting)
   *
   * The server's greeting.
   *
   * It is set when the client comes to run, stays readable after the link ended, and is `NULL` from the next
   * opening on until the next greeting.
   *
   * Since: 1.0
   */
  properties[PROP_GREETING] =
    g_param_spec_object ("greeting", NULL, NULL, QMP_TYPE_GREETING, readable);

  /**
   * QmpClient:await-greeting: (getter get_await_greeting) (setter set_await_greeting)
   *
   * Whether opening waits for the server's greeting. Guest agents send none.
   *
   * Looked at when opening begins.
   *
   * Since: 1.0
   */
  properties[PROP_AWAIT_GREETING] =
    g_param_spec_boolean ("await-greeting", NULL, NULL, TRUE, writable);

  /**
   * QmpClient:negotiate: (getter get_negotiate) (setter set_negotiate)
   *
   * Whether opening negotiates capabilities, which implies waiting for the greeting. A server takes no other
   * command before that.
   *
   * Looked at when opening begins.
   *
   * Since: 1.0
   */
  properties[PROP_NEGOTIATE] =
    g_param_spec_boolean ("negotiate", NULL, NULL, TRUE, writable);

  /**
   * QmpClient:out-of-band: (getter get_out_of_band) (setter set_out_of_band)
   *
   * Whether out-of-band execution is enabled when the server offers it.
   *
   * With it on, at most seven other commands are in flight at a time, and one with file descriptors is alone;
   * further ones wait in the client. So an out-of-band command always gets through. Whether it is on is told by
   * [property@Client:out-of-band-active].
   *
   * Looked at when opening begins. QMP specification, "Out-of-band execution".
   *
   * Since: 1.0
   */
  properties[PROP_OUT_OF_BAND] =
    g_param_spec_boolean ("out-of-band", NULL, NULL, TRUE, writable);

  /**
   * QmpClient:out-of-band-active: (getter get_out_of_band_active)
   *
   * Whether commands can be executed out-of-band: the client is `RUNNING`, and the server offered it and was
   * asked for it.
   *
   * Without it an out-of-band message ([property@Message:out-of-band]) fails with `QMP_CLIENT_ERROR_STATE`.
   *
   * Since: 1.0
   */
  properties[PROP_OUT_OF_BAND_ACTIVE] =
    g_param_spec_boolean ("out-of-band-active", NULL, NULL, FALSE, readable);

  /**
   * QmpClient:guest-agent: (getter get_guest_agent) (setter set_guest_agent)
   *
   * Whether the server is a QEMU guest agent.
   *
   * An agent sends no greeting, negotiates nothing and may still have half a message of an earlier client in
   * its ears. With this on, opening makes both sides agree on where they are (`guest-sync-delimited`, every
   * second until it is answered or [property@Client:open-timeout] is over); [property@Client:await-greeting]
   * and [property@Client:negotiate] do not matter.
   *
   * Commands go out one at a time, others wait in the client. After one that was given up while it was out the
   * agent may be stuck or slow, or may be another one by now: the two sides agree again before the next command
   * goes out, for as long as that takes; the timeout and the cancellable of a command that waits work meanwhile.
   * For commands that are answered only when they fail see [property@Message:success-response].
   * [class@GuestAgent] has what an agent can do in calls.
   *
   * Looked at when opening begins.
   *
   * Since: 1.0
   */
  properties[PROP_GUEST_AGENT] =
    g_param_spec_boolean ("guest-agent", NULL, NULL, FALSE, writable);

  /**
   * QmpClient:tls: (getter get_tls) (setter set_tls)
   *
   * Whether [method@Client.open] speaks TLS with the server: QEMU's `tls-creds-x509`.
   *
   * The server's certificate must be signed by one of [property@Client:tls-database] and be for
   * [property@Client:tls-identity]; otherwise opening fails with `G_TLS_ERROR_BAD_CERTIFICATE`, and the text says
   * why. A server that wants to see a certificate gets [property@Client:tls-certificate].
   *
   * GIO has no TLS of its own: without its module (glib-networking) opening fails with
   * `G_TLS_ERROR_UNAVAILABLE`. File descriptors cannot be passed over TLS. For anything that these properties do
   * not cover, such as asking the user about a certificate, make a [iface@Gio.TlsClientConnection] and give that
   * to [method@Client.open_stream], which does not look at them.
   *
   * Looked at when opening has connected, as are the other three.
   *
   * Since: 1.0
   */
  properties[PROP_TLS] =
    g_param_spec_boolean ("tls", NULL, NULL, FALSE, writable);

  /**
   * QmpClient:tls-database: (getter get_tls_database) (setter set_tls_database)
   *
   * The authorities that may have signed the server's certificate; `NULL` for those that the system trusts.
   *
   * For QEMU this is mostly a [class@Gio.TlsDatabase] of the very `ca-cert.pem` that it was given
   * (`g_tls_file_database_new()`).
   *
   * Since: 1.0
   */
  properties[PROP_TLS_DATABASE] =
    g_param_spec_object ("tls-database", NULL, NULL, G_TYPE_TLS_DATABASE, writable);

  /**
   * QmpClient:tls-certificate: (getter get_tls_certificate) (setter set_tls_certificate)
   *
   * The client's own certificate with its private key, for servers that want to see one (`verify-peer=on`).
   *
   * Since: 1.0
   */
  properties[PROP_TLS_CERTIFICATE] =
    g_param_spec_object ("tls-certificate", NULL, NULL, G_TYPE_TLS_CERTIFICATE, writable);

  /**
   * QmpClient:tls-identity: (getter get_tls_identity) (setter set_tls_identity)
   *
   * The host name or IP address that the server's certificate must be for; `NULL` for that of the address.
   *
   * Needed where the address has none (Unix sockets), and where it is not the server's (a tunnel).
   *
   * Since: 1.0
   */
  properties[PROP_TLS_IDENTITY] =
    g_param_spec_string ("tls-identity", NULL, NULL, NULL, writable);

  /**
   * QmpClient:address: (getter get_address)
   *
   * The address that the client was opened with last; `NULL` before, for a stream, and for a server that connected.
   *
   * For the title of a window, and to open the client again: it stays when the link ends. It changes when an opening begins,
   * together with [property@Client:runstate], which becomes `CONNECTING`.
   *
   * Since: 1.0
   */
  properties[PROP_ADDRESS] =
    g_param_spec_object ("address", NULL, NULL, G_TYPE_SOCKET_CONNECTABLE, readable);

  /**
   * QmpClient:open-timeout: (getter get_open_timeout) (setter set_open_timeout)
   *
   * How long opening may take, in milliseconds, or [const@TIMEOUT_NONE].
   *
   * Since: 1.0
   */
  properties[PROP_OPEN_TIMEOUT] =
    g_param_spec_int ("open-timeout", NULL, NULL, QMP_TIMEOUT_NONE, G_MAXINT, DEFAULT_OPEN_TIMEOUT, writable);

  /**
   * QmpClient:accept-timeout: (getter get_accept_timeout) (setter set_accept_timeout)
   *
   * How long accepting waits for a server to connect, in milliseconds, or [const@TIMEOUT_NONE].
   *
   * [property@Client:open-timeout] counts from then on.
   *
   * Since: 1.0
   */
  properties[PROP_ACCEPT_TIMEOUT] =
    g_param_spec_int ("accept-timeout", NULL, NULL, QMP_TIMEOUT_NONE, G_MAXINT, QMP_TIMEOUT_NONE, writable);

  /**
   * QmpClient:listen-address: (getter get_listen_address)
   *
   * The address that the client listens on, with the real port where 0 was asked for; `NULL` when it does not
   * listen.
   *
   * Since: 1.0
   */
  properties[PROP_LISTEN_ADDRESS] =
    g_param_spec_object ("listen-address", NULL, NULL, G_TYPE_SOCKET_ADDRESS, readable);

  /**
   * QmpClient:close-timeout: (getter get_close_timeout) (setter set_close_timeout)
   *
   * How long closing tries to write what is queued to a server that does not read, in milliseconds, or
   * [const@TIMEOUT_NONE].
   *
   * Since: 1.0
   */
  properties[PROP_CLOSE_TIMEOUT] =
    g_param_spec_int ("close-timeout", NULL, NULL, QMP_TIMEOUT_NONE, G_MAXINT, DEFAULT_CLOSE_TIMEOUT, writable);

  /**
   * QmpClient:timeout: (getter get_timeout) (setter set_timeout)
   *
   * How long a command waits for its reply, in milliseconds, or [const@TIMEOUT_NONE].
   *
   * A message may have a timeout of its own: [property@Message:timeout].
   *
   * Since: 1.0
   */
  properties[PROP_TIMEOUT] =
    g_param_spec_int ("timeout", NULL, NULL, QMP_TIMEOUT_NONE, G_MAXINT, QMP_TIMEOUT_NONE, writable);

  /**
   * QmpClient:max-message-size: (getter get_max_message_size) (setter set_max_message_size)
   *
   * The largest message that is accepted from the server, in bytes.
   *
   * A larger one ends the link with `QMP_PROTOCOL_ERROR_TOO_LARGE`. Looked at when opening begins.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_MESSAGE_SIZE] =
    g_param_spec_uint ("max-message-size", NULL, NULL, 1, G_MAXINT, DEFAULT_MAX_MESSAGE_SIZE, writable);

  /**
   * QmpClient:max-depth: (getter get_max_depth) (setter set_max_depth)
   *
   * How deep objects and arrays may be nested in a message from the server.
   *
   * A message that goes deeper is dropped with `QMP_PROTOCOL_ERROR_TOO_DEEP`, and so fails the command that it
   * answers if that can be told; the link lives on. Looked at when opening begins.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_DEPTH] =
    g_param_spec_uint ("max-depth", NULL, NULL, 1, 4096, DEFAULT_MAX_DEPTH, writable);

  /**
   * QmpClient:redact: (getter get_redact) (setter set_redact)
   *
   * Whether [signal@Client::wire] leaves secrets out.
   *
   * They are known by the names of their members: `password`, `secret`, `token`, `credential` and what ends with these;
   * `key`, `cookie`, `pass`, `pwd`, `pin` and the like; the `data` of a secret object, also when it is asked for; what the
   * programs and files of a guest read and write. Within strings they are the password of a URL (`http://user:***@host`),
   * an option of such a name (`password=***`), and what is secret in `json:{…}`. A line for the human monitor that speaks
   * of such things is left out. What has no such name, such as the arguments of a program that a guest agent runs, is
   * shown.
   *
   * Applies to what goes over the wire from then on.
   *
   * Since: 1.0
   */
  properties[PROP_REDACT] =
    g_param_spec_boolean ("redact", NULL, NULL, TRUE, writable);

  /**
   * QmpClient:keep-alive: (getter get_keep_alive) (setter set_keep_alive)
   *
   * Whether the system, or ssh, looks after the other side while nothing goes over the link, with TCP.
   *
   * A program that only waits for events sends nothing, and never hears that the other machine has lost its power or
   * its network. With this the system asks after a minute without a byte, and the link ends with
   * `G_IO_ERROR_TIMED_OUT` when nothing answers for two more. A server that hangs on a machine that runs is not found:
   * see [property@Client:stall-time].
   *
   * Through ssh, ssh asks, and the link ends with `G_IO_ERROR_CONNECTION_CLOSED` and its words.
   *
   * Applies to connections that the client makes or accepts from then on, not to a stream or a descriptor that was
   * given to it.
   *
   * Since: 1.0
   */
  properties[PROP_KEEP_ALIVE] =
    g_param_spec_boolean ("keep-alive", NULL, NULL, TRUE, writable);

  /**
   * QmpClient:stall-time: (getter get_stall_time) (setter set_stall_time)
   *
   * After how long without a reply the server counts as [property@Client:stalled], in milliseconds, or
   * [const@TIMEOUT_NONE] for never.
   *
   * Since: 1.0
   */
  properties[PROP_STALL_TIME] =
    g_param_spec_int ("stall-time", NULL, NULL, QMP_TIMEOUT_NONE, G_MAXINT, QMP_TIMEOUT_NONE, writable);

  /**
   * QmpClient:stalled: (getter get_stalled)
   *
   * Whether the oldest command that waits for its reply has waited for [property@Client:stall-time].
   *
   * For a window that says that the machine does not answer. It is on until no command has waited that long any
   * more: they were answered, cancelled, have timed out, or the link has ended. No command fails from it, and the
   * server is not asked anything.
   *
   * Since: 1.0
   */
  properties[PROP_STALLED] =
    g_param_spec_boolean ("stalled", NULL, NULL, FALSE, readable);

  /**
   * QmpClient:n-pending: (getter get_n_pending)
   *
   * How many commands wait for their replies. Changes are not notified.
   *
   * Since: 1.0
   */
  properties[PROP_N_PENDING] =
    g_param_spec_uint ("n-pending", NULL, NULL, 0, G_MAXUINT, 0, readable);

  object_class->get_property = get_property;
  object_class->set_property = set_property;
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

void
qmp_client_init_properties (QmpClient *self)
{
  self->settings.link.await_greeting = TRUE;
  self->settings.link.negotiate = TRUE;
  self->settings.link.out_of_band = TRUE;
  self->settings.open_timeout = DEFAULT_OPEN_TIMEOUT;
  self->settings.accept_timeout = QMP_TIMEOUT_NONE;
  self->settings.timeout = QMP_TIMEOUT_NONE;
  self->stall_watch.time = QMP_TIMEOUT_NONE;
  self->settings.close_timeout = DEFAULT_CLOSE_TIMEOUT;
  self->settings.link.max_message_size = DEFAULT_MAX_MESSAGE_SIZE;
  self->settings.link.max_depth = DEFAULT_MAX_DEPTH;
  self->settings.connection.keep_alive = TRUE;
}
