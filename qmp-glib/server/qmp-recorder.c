/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <qmp-glib/qmp-error.h>
#include <qmp-glib/qmp-recorder.h>

#include "core/qmp-thread-private.h"
#include "server/qmp-recording-private.h"
#include "server/qmp-relay-private.h"
#include "wire/qmp-connector-private.h"
#include "wire/qmp-hand-over-private.h"
#include "wire/qmp-listening-private.h"
#include "wire/qmp-peer-private.h"
#include "wire/qmp-stream-private.h"

/**
 * QmpRecorder:
 *
 * Stands between a program and a QEMU, and writes down what they say to each other.
 *
 * A program connects to the recorder instead of the server, and notices nothing: all bytes, file descriptors and ends go on
 * as they are. What is written to the stream is a text of lines, each a JSON object, which [Servers](server.html#recording)
 * describes. Passwords and the like are left out of it, unless [property@Recorder:redact] is off.
 *
 * As at a QEMU's monitor, one client is served at a time, and the next one waits in the kernel. For each the recorder connects
 * to the server anew.
 *
 * Whatever becomes of the recording, sessions go on: [signal@Recorder::failed].
 *
 * An object belongs to the thread that made it, and works in the main context that was thread-default there. Its last reference
 * may be dropped in any; then it closes.
 *
 * Since: 1.0
 */

/* After a client could not be taken, since there are no descriptors left. */
#define RETRY_MICROSECONDS (1 * G_USEC_PER_SEC)

/* Connecting to the server. Outlives the recorder when that does not wait for it. */
typedef struct {
  QmpRecorder          *recorder;  /* borrowed; NULL: nobody waits */
  QmpConnector         *connector;
  QmpConnectorSettings  settings;
} Attempt;

struct _QmpRecorder {
  GObject             parent_instance;

  GThread            *thread;
  QmpIoContext       *io;
  GSocketConnectable *address;         /* owned; so are all */
  GOutputStream      *stream;
  gboolean            redact;
  GSocketAddress     *listen_address;  /* nullable: what was bound */
  QmpListening       *listening;       /* nullable */
  QmpIoTimer          retry;
  QmpRecording       *recording;       /* nullable: while it does not listen */
  GIOStream          *client;          /* nullable: while it waits for the server */
  Attempt            *attempt;         /* nullable */
  QmpRelay           *relay;           /* nullable: while a session goes on */
};

enum {
  PROP_0,
  PROP_ADDRESS,
  PROP_STREAM,
  PROP_LISTEN_ADDRESS,
  PROP_REDACT,
  N_PROPS
};

enum {
  ENDED,
  FAILED,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPS];

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (QmpRecorder, qmp_recorder, G_TYPE_OBJECT)

static void await_client (gpointer owner);

/* --- writing --- */

/* Runs user code, last of all. */
static void
write_down (QmpRecorder *self)
{
  g_autoptr(GError) error = NULL;

  if (!qmp_recording_write (self->recording, &error))
    g_signal_emit (self, signals[FAILED], 0, error);
}

/* --- a session --- */

/* first: which side has ended it. error: nullable, taken. Runs user code, last of all. */
static void
end_session (QmpRecorder      *self,
             QmpRecordingSide  first,
             GError           *error)
{
  g_autoptr(QmpRecorder) held = g_object_ref (self);
  g_autoptr(GError) owned = error;

  g_clear_pointer (&self->relay, qmp_relay_free);
  g_clear_object (&self->client);
  if (self->listening != NULL)
    await_client (self);
  qmp_recording_end (self->recording, first);
  write_down (self);
  g_signal_emit (self, signals[ENDED], 0, owned);
}

static void
seen (gpointer      owner,
      QmpRelaySide  from,
      const guint8 *bytes,
      gsize         length,
      guint         n_fds)
{
  QmpRecorder *self = owner;

  qmp_recording_add (self->recording, from == QMP_RELAY_CLIENT ? QMP_RECORDING_CLIENT : QMP_RECORDING_SERVER, bytes, length,
                     n_fds);
}

static void
rests (gpointer owner)
{
  QmpRecorder *self = owner;
  QmpRelaySide first;

  if (!qmp_relay_is_over (self->relay, &first))
    write_down (self);
  else if (first == QMP_RELAY_CLIENT)
    end_session (self, QMP_RECORDING_CLIENT, NULL);
  else
    end_session (self, QMP_RECORDING_SERVER,
                 g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, _("The server closed the connection")));
}

static const QmpRelayFuncs relay_funcs = { seen, rests };

/* --- connecting to the server --- */

static void
attempt_free (Attempt *attempt)
{
  qmp_connector_free (attempt->connector);
  g_free (attempt);
}

static void
connected_cb (GIOStream *stream,
              GError    *error,
              gpointer   user_data)
{
  Attempt *attempt = user_data;
  QmpRecorder *self = attempt->recorder;

  attempt_free (attempt);
  if (self == NULL)
    {
      g_clear_error (&error);
      if (stream != NULL)
        qmp_stream_close (stream);
      return;
    }
  self->attempt = NULL;
  if (stream != NULL)
    self->relay = qmp_relay_new (self->client, stream, self->io, &relay_funcs, self, &error);
  if (self->relay == NULL && stream != NULL)
    qmp_stream_close (stream);
  if (self->relay == NULL)
    {
      qmp_stream_close (self->client);
      end_session (self, QMP_RECORDING_SERVER, error);
      return;
    }
  g_clear_object (&self->client);
}

static void
connect_to_server (QmpRecorder *self)
{
  Attempt *attempt = g_new0 (Attempt, 1);

  attempt->recorder = self;
  attempt->connector = qmp_connector_new (self->address, &attempt->settings, self->io, connected_cb, attempt);
  self->attempt = attempt;
  qmp_connector_start (attempt->connector);
}

static void
forget_attempt (QmpRecorder *self)
{
  Attempt *attempt = g_steal_pointer (&self->attempt);

  if (attempt == NULL)
    return;
  attempt->recorder = NULL;
  qmp_connector_cancel (attempt->connector);
}

/* --- clients --- */

static void
take_client (QmpRecorder *self,
             GIOStream   *client)
{
  qmp_recording_begin (self->recording);
  /* The next one waits. */
  qmp_listening_rest (self->listening);
  self->client = g_object_ref (client);
  connect_to_server (self);
}

static void
peer_cb (GIOStream *peer,
         GError    *error,
         gpointer   user_data)
{
  QmpRecorder *self = user_data;

  if (peer == NULL)
    {
      g_error_free (error);
      qmp_io_timer_set (&self->retry, self->io, g_get_monotonic_time () + RETRY_MICROSECONDS, await_client, self);
    }
  else if (qmp_peer_is_owner (qmp_stream_get_socket_fd (peer)))
    {
      take_client (self, peer);
    }
  else
    {
      qmp_stream_close (peer);
      await_client (self);
    }
}

static void
await_client (gpointer owner)
{
  QmpRecorder *self = owner;

  qmp_listening_await (self->listening, self->io);
}

/* --- the end --- */

static void
stop_session (QmpRecorder *self)
{
  forget_attempt (self);
  if (self->client != NULL)
    qmp_stream_close (self->client);
  g_clear_object (&self->client);
  g_clear_pointer (&self->relay, qmp_relay_free);
}

static void
close_all (QmpRecorder *self)
{
  g_autoptr(GSocketAddress) listened = g_steal_pointer (&self->listen_address);

  qmp_io_timer_clear (&self->retry);
  g_clear_pointer (&self->listening, qmp_listening_free);
  stop_session (self);
  g_clear_pointer (&self->recording, qmp_recording_free);
  if (listened != NULL)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LISTEN_ADDRESS]);
}

static void
qmp_recorder_dispose (GObject *object)
{
  QmpRecorder *self = QMP_RECORDER (object);

  if (!qmp_hand_over_begin_dispose (object, self->io))
    return;

  close_all (self);

  G_OBJECT_CLASS (qmp_recorder_parent_class)->dispose (object);
  qmp_hand_over_end_dispose (object, self->io);
}

static void
qmp_recorder_finalize (GObject *object)
{
  QmpRecorder *self = QMP_RECORDER (object);

  g_clear_object (&self->address);
  g_clear_object (&self->stream);
  qmp_io_context_leave (self->io);
  qmp_io_context_unref (self->io);

  G_OBJECT_CLASS (qmp_recorder_parent_class)->finalize (object);
}

/* --- the object --- */

static void
qmp_recorder_get_property (GObject    *object,
                           guint       property_id,
                           GValue     *value,
                           GParamSpec *pspec)
{
  QmpRecorder *self = QMP_RECORDER (object);

  switch (property_id)
    {
    case PROP_ADDRESS:
      g_value_set_object (value, self->address);
      break;
    case PROP_STREAM:
      g_value_set_object (value, self->stream);
      break;
    case PROP_LISTEN_ADDRESS:
      g_value_set_object (value, self->listen_address);
      break;
    case PROP_REDACT:
      g_value_set_boolean (value, self->redact);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
qmp_recorder_set_property (GObject      *object,
                           guint         property_id,
                           const GValue *value,
                           GParamSpec   *pspec)
{
  QmpRecorder *self = QMP_RECORDER (object);

  switch (property_id)
    {
    case PROP_ADDRESS:
      self->address = g_value_dup_object (value);
      break;
    case PROP_STREAM:
      self->stream = g_value_dup_object (value);
      break;
    case PROP_REDACT:
      qmp_recorder_set_redact (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
install_properties (GObjectClass *object_class)
{
  GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  GParamFlags made = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  /**
   * QmpRecorder:address: (getter get_address)
   *
   * Where the server is.
   *
   * Since: 1.0
   */
  properties[PROP_ADDRESS] = g_param_spec_object ("address", NULL, NULL, G_TYPE_SOCKET_CONNECTABLE, made);

  /**
   * QmpRecorder:stream: (getter get_stream)
   *
   * What the recording is written to. The recorder does not close it.
   *
   * Since: 1.0
   */
  properties[PROP_STREAM] = g_param_spec_object ("stream", NULL, NULL, G_TYPE_OUTPUT_STREAM, made);

  /**
   * QmpRecorder:listen-address: (getter get_listen_address)
   *
   * What was bound, with the port that was found where it was asked for port 0; `NULL` while it does not listen.
   *
   * Since: 1.0
   */
  properties[PROP_LISTEN_ADDRESS] =
    g_param_spec_object ("listen-address", NULL, NULL, G_TYPE_SOCKET_ADDRESS, readable);

  /**
   * QmpRecorder:redact: (getter get_redact) (setter set_redact)
   *
   * Whether passwords and the like are replaced by `"***"`, as in [signal@Client::wire]. Bytes that are not JSON are then
   * replaced by their number. Looked at by [method@Recorder.listen].
   *
   * Since: 1.0
   */
  properties[PROP_REDACT] =
    g_param_spec_boolean ("redact", NULL, NULL, TRUE, readable | G_PARAM_WRITABLE);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
qmp_recorder_class_init (QmpRecorderClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = qmp_recorder_dispose;
  object_class->finalize = qmp_recorder_finalize;
  object_class->get_property = qmp_recorder_get_property;
  object_class->set_property = qmp_recorder_set_property;
  qmp_hand_over_install (object_class);
  install_properties (object_class);

  /**
   * QmpRecorder::ended:
   * @self: the recorder
   * @error: (nullable): `NULL` if the client has left
   *
   * A session has ended, and all of it is written. The next client may come.
   *
   * When the server closed the connection, @error is `G_IO_ERROR_CONNECTION_CLOSED`; when it could not be reached,
   * those of [method@Client.open] say why, and `G_IO_ERROR_NOT_SUPPORTED` that its address is not that of a socket.
   *
   * Since: 1.0
   */
  signals[ENDED] =
    g_signal_new ("ended", QMP_TYPE_RECORDER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);

  /**
   * QmpRecorder::failed:
   * @self: the recorder
   * @error: what was wrong
   *
   * The recording has ended: the stream could not be written, or a message was too large (`QMP_PROTOCOL_ERROR_TOO_LARGE`).
   *
   * It is told once. Sessions go on, and nothing of them is written any more.
   *
   * Since: 1.0
   */
  signals[FAILED] =
    g_signal_new ("failed", QMP_TYPE_RECORDER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
qmp_recorder_init (QmpRecorder *self)
{
  g_autoptr(GMainContext) context = g_main_context_ref_thread_default ();

  self->thread = g_thread_self ();
  self->io = qmp_io_context_get (context);
  self->redact = TRUE;
  qmp_io_context_drop_handed_over (self->io);
}

/**
 * qmp_recorder_new:
 * @address: (not nullable): where the server is
 * @stream: (not nullable): what the recording is written to; it may block
 *
 * Makes a recorder, in the main context that is thread-default. Nothing is connected before a client comes.
 *
 * Returns: (transfer full): a new recorder
 *
 * Since: 1.0
 */
QmpRecorder *
qmp_recorder_new (GSocketConnectable *address,
                  GOutputStream      *stream)
{
  g_return_val_if_fail (G_IS_SOCKET_CONNECTABLE (address), NULL);
  g_return_val_if_fail (G_IS_OUTPUT_STREAM (stream), NULL);

  return g_object_new (QMP_TYPE_RECORDER, "address", address, "stream", stream, NULL);
}

/* --- the methods --- */

/**
 * qmp_recorder_listen:
 * @self: a recorder
 * @address: where clients are to connect, as for [method@Server.listen]
 * @error: return location for an error
 *
 * Listens for clients, until the recorder is closed. Once only.
 *
 * Success means that clients can connect. A Unix socket is for the user alone who runs the program; a socket file that nobody
 * uses any more is replaced. The recording's first line is written then; if that fails, [signal@Recorder::failed] is emitted before
 * this returns.
 *
 * Errors are those of [method@Server.listen], and `QMP_CLIENT_ERROR_STATE` if it listens already.
 *
 * Returns: `TRUE` if it listens
 *
 * Since: 1.0
 */
gboolean
qmp_recorder_listen (QmpRecorder         *self,
                     GSocketConnectable  *address,
                     GError             **error)
{
  g_return_val_if_fail (QMP_IS_RECORDER (self), FALSE);
  g_return_val_if_fail (self->address != NULL && self->stream != NULL, FALSE);
  g_return_val_if_fail (G_IS_SOCKET_CONNECTABLE (address), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!qmp_thread_require_server (self->thread, G_STRFUNC, error))
    return FALSE;
  if (self->listening != NULL)
    {
      g_set_error_literal (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE, _("The recorder listens already"));
      return FALSE;
    }
  self->listening = qmp_listening_new (address, QMP_LISTENING_MANY | QMP_LISTENING_OWNER_ONLY, self->io, peer_cb, self, error);
  if (self->listening == NULL)
    return FALSE;
  await_client (self);
  self->listen_address = qmp_listening_dup_address (self->listening);
  self->recording = qmp_recording_new (self->stream, self->redact);
  g_object_ref (self);
  write_down (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LISTEN_ADDRESS]);
  g_object_unref (self);
  return TRUE;
}

/**
 * qmp_recorder_close:
 * @self: a recorder
 *
 * Ends the session that goes on, for both sides, and listens no longer.
 *
 * All that went over the wire before is written. [signal@Recorder::ended] is not emitted. It may listen again afterwards, and
 * begins another recording then.
 *
 * Since: 1.0
 */
void
qmp_recorder_close (QmpRecorder *self)
{
  g_return_if_fail (QMP_IS_RECORDER (self));
  if (!qmp_thread_require_server (self->thread, G_STRFUNC, NULL))
    return;

  g_object_ref (self);
  close_all (self);
  g_object_unref (self);
}

/**
 * qmp_recorder_get_address: (get-property address)
 * @self: a recorder
 *
 * Gets where the server is.
 *
 * Returns: (transfer none): the address
 *
 * Since: 1.0
 */
GSocketConnectable *
qmp_recorder_get_address (QmpRecorder *self)
{
  g_return_val_if_fail (QMP_IS_RECORDER (self), NULL);

  return self->address;
}

/**
 * qmp_recorder_get_stream: (get-property stream)
 * @self: a recorder
 *
 * Gets what the recording is written to.
 *
 * Returns: (transfer none): the stream
 *
 * Since: 1.0
 */
GOutputStream *
qmp_recorder_get_stream (QmpRecorder *self)
{
  g_return_val_if_fail (QMP_IS_RECORDER (self), NULL);

  return self->stream;
}

/**
 * qmp_recorder_get_listen_address: (get-property listen-address)
 * @self: a recorder
 *
 * Gets what the recorder has bound; see [property@Recorder:listen-address].
 *
 * Returns: (transfer none) (nullable): the address; `NULL` while it does not listen
 *
 * Since: 1.0
 */
GSocketAddress *
qmp_recorder_get_listen_address (QmpRecorder *self)
{
  g_return_val_if_fail (QMP_IS_RECORDER (self), NULL);

  return self->listen_address;
}

/**
 * qmp_recorder_get_redact: (get-property redact)
 * @self: a recorder
 *
 * Tells whether secrets are left out; see [property@Recorder:redact].
 *
 * Returns: `TRUE` if they are
 *
 * Since: 1.0
 */
gboolean
qmp_recorder_get_redact (QmpRecorder *self)
{
  g_return_val_if_fail (QMP_IS_RECORDER (self), TRUE);

  return self->redact;
}

/**
 * qmp_recorder_set_redact: (set-property redact)
 * @self: a recorder
 * @redact: whether to leave secrets out
 *
 * Sets whether secrets are left out; see [property@Recorder:redact].
 *
 * Since: 1.0
 */
void
qmp_recorder_set_redact (QmpRecorder *self,
                         gboolean     redact)
{
  g_return_if_fail (QMP_IS_RECORDER (self));
  if (!qmp_thread_require_server (self->thread, G_STRFUNC, NULL))
    return;

  if (self->redact == !!redact)
    return;
  self->redact = !!redact;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_REDACT]);
}
