/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "server/qmp-server-connection-private.h"

#include <glib/gi18n-lib.h>

#include <qmp-glib/qmp-enums.h>
#include <qmp-glib/qmp-error.h>

#include "core/qmp-debug-private.h"
#include "core/qmp-thread-private.h"
#include "message/qmp-message-private.h"
#include "message/qmp-value-private.h"
#include "server/qmp-answers-private.h"
#include "server/qmp-invocation-private.h"
#include "server/qmp-negotiation-private.h"
#include "server/qmp-server-command-private.h"
#include "wire/qmp-peer-private.h"
#include "wire/qmp-transport-private.h"

/**
 * QmpServerConnection:
 *
 * One client of a [class@Server], from its connecting to its end.
 *
 * The server has made it, and holds it while it is open: [property@Server:connections]. Whoever still has it then, through
 * an [class@Invocation] say, has an object that is closed.
 *
 * An object belongs to the thread of its server.
 *
 * Since: 1.0
 */

/* While so much waits to be read by the client, no more commands of his are. */
#define MUCH_UNSENT (64 * 1024)
/* Nor while those that wait for their answers are larger than that on average, if there were as many as may be. */
#define AVERAGE_PENDING 1024

/* How long what was said last is written, in microseconds. */
#define WIND_UP_TIME (2 * G_USEC_PER_SEC)

struct _QmpServerConnection {
  GObject                         parent_instance;

  GThread                        *thread;
  QmpIoContext                   *io;            /* nullable: of one that a program has made */
  char                           *name;          /* nullable */
  QmpServerLimits                 limits;
  GCredentials                   *credentials;   /* nullable */

  QmpTransport                   *transport;     /* NULL once closed */
  const QmpServerConnectionFuncs *funcs;
  gpointer                        owner;         /* borrowed, until closed */

  QmpNegotiation                  negotiation;
  QmpAnswers                      answers;       /* to what came in-band */
  guint                           n_urgent;      /* what came out-of-band and is not answered */
  GQueue                          invocations;   /* of QmpInvocation, owned: nobody was asked to answer them yet; first those
                                                  * that came out-of-band */
  guint                           n_first;       /* those */
  guint                           n_asking;      /* somebody is being asked: a handler may run a main loop */

  QmpRunstate                     runstate;
  QmpRunstate                     told;          /* of the runstates, to handlers of notify */
  gboolean                        over;          /* it is about to be closed: nothing is sent */
  gboolean                        winds_up;      /* but what is on its way */
  gboolean                        resets;        /* what was not read by then is not */
  gboolean                        stalled;       /* nothing is read or sent */
  gboolean                        behind;        /* it does not read what it is sent, so far */
  GError                         *error;         /* nullable: how it has ended, unless it was our own close */
  QmpIoTimer                      finishing;     /* set: it is over, and at that time no dispatch of the transport's is at work */
};

enum {
  PROP_0,
  PROP_RUNSTATE,
  PROP_OUT_OF_BAND_ACTIVE,
  PROP_CREDENTIALS,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static guint closed_signal;

G_DEFINE_FINAL_TYPE (QmpServerConnection, qmp_server_connection, G_TYPE_OBJECT)

/* --- the end --- */

static void
tell_runstate (QmpServerConnection *self)
{
  if (self->told == self->runstate)
    return;
  self->told = self->runstate;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_RUNSTATE]);
}

static void
drop_invocations (QmpServerConnection *self)
{
  QmpInvocation *invocation;

  while ((invocation = g_queue_pop_head (&self->invocations)) != NULL)
    g_object_unref (invocation);
  self->n_first = 0;
}

/* Runs user code, last of all. Not from within the transport's loops. */
static void
finish (QmpServerConnection *self)
{
  g_autoptr(QmpServerConnection) held = g_object_ref (self);
  gpointer owner = g_steal_pointer (&self->owner);

  self->over = TRUE;
  self->runstate = QMP_RUNSTATE_IDLE;
  qmp_io_timer_clear (&self->finishing);
  g_clear_pointer (&self->transport, qmp_transport_close);
  qmp_answers_clear (&self->answers);
  drop_invocations (self);
  if (owner != NULL)
    self->funcs->closed (owner, self);
  tell_runstate (self);
  g_signal_emit (self, closed_signal, 0, self->error);
}

static void
finish_late (gpointer owner)
{
  QmpServerConnection *self = owner;

  if (self->transport != NULL)
    finish (self);
}

static void
finish_in (QmpServerConnection *self,
           gint64               microseconds)
{
  self->over = TRUE;
  qmp_io_timer_set (&self->finishing, self->io, g_get_monotonic_time () + microseconds, finish_late, self);
}

/* From anywhere. Takes error. */
static void
end (QmpServerConnection *self,
     GError              *error)
{
  if (self->over)
    {
      g_error_free (error);
      if (self->winds_up)
        finish_in (self, 0);
      return;
    }
  self->error = error;
  finish_in (self, 0);
}

/* --- sending --- */

static char *
dup_shown (const char *text,
           gsize       length,
           gboolean    secret)
{
  GString *shown = g_string_new (NULL);

  if (qmp_debug_enabled (QMP_DEBUG_SECRETS))
    g_string_append_len (shown, text, length);
  else if (secret)
    qmp_json_append_redacted_answer (shown, text, length);
  else
    qmp_json_append_redacted (shown, text, length);
  return g_string_free (shown, FALSE);
}

static void
print (QmpServerConnection *self,
       const char          *arrow,
       const char          *text,
       gsize                length,
       gboolean             secret)
{
  g_autofree char *shown = NULL;

  if (!qmp_debug_enabled (QMP_DEBUG_WIRE))
    return;
  shown = dup_shown (text, length, secret);
  qmp_debug (QMP_DEBUG_WIRE, "%s %s %s", self->name != NULL ? self->name : "server", arrow, shown);
}

static gboolean
has_much_pending (QmpServerConnection *self)
{
  guint max = self->limits.max_pending;

  return self->answers.queue.length + self->n_urgent >= max || self->answers.size / AVERAGE_PENDING > max;
}

/* Who does not read what is said to him is not listened to. */
static void
update_reading (QmpServerConnection *self)
{
  qmp_transport_set_paused (self->transport,
                            self->over || self->stalled || has_much_pending (self) || qmp_server_connection_is_behind (self) ||
                            !self->funcs->may_read (self->owner));
}

gboolean
qmp_server_connection_is_behind (QmpServerConnection *self)
{
  return self->transport != NULL && qmp_transport_get_n_unsent (self->transport) > MUCH_UNSENT;
}

void
qmp_server_connection_update_reading (QmpServerConnection *self)
{
  if (self->transport != NULL)
    update_reading (self);
}

static void
append (QmpServerConnection *self,
        const char          *text,
        gsize                length,
        gboolean             secret)
{
  QmpPacket *packet;

  if (self->over || self->stalled || length == 0)
    return;
  if (qmp_transport_get_n_unsent (self->transport) > self->limits.max_unsent)
    {
      end (self, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                                      _("The client does not read what it is sent, and was cut off")));
      return;
    }
  print (self, "-->", text, length - strlen ("\r\n"), secret);
  packet = qmp_packet_new (text, length, NULL);
  qmp_transport_send (self->transport, packet);
  qmp_packet_unref (packet);
  self->behind = qmp_server_connection_is_behind (self);
  update_reading (self);
}

void
qmp_server_connection_append (QmpServerConnection *self,
                              const char          *text,
                              gsize                length)
{
  append (self, text, length, FALSE);
}

void
qmp_server_connection_wind_up (QmpServerConnection *self)
{
  if (self->over)
    return;
  self->winds_up = TRUE;
  finish_in (self, WIND_UP_TIME);
  update_reading (self);
  qmp_transport_tell_flushed (self->transport);
}

static void
send_and_free (QmpServerConnection *self,
               GString             *text,
               gboolean             secret)
{
  append (self, text->str, text->len, secret);
  g_string_free (text, TRUE);
}

/* --- answers --- */

static void
send_answers (QmpServerConnection *self)
{
  GString *text;
  gboolean secret;

  while ((text = qmp_answers_take (&self->answers, &secret)) != NULL)
    send_and_free (self, text, secret);
}

/* place: nullable, for what goes first. Takes text. */
static void
give_answer (QmpServerConnection *self,
             QmpAnswer           *place,
             GString             *text,
             gboolean             secret)
{
  if (place != NULL)
    {
      qmp_answers_give (&self->answers, place, text, secret);
      send_answers (self);
    }
  else
    {
      send_and_free (self, text, secret);
    }
}

void
qmp_server_connection_answer (QmpServerConnection *self,
                              QmpAnswer           *place,
                              GString             *text,
                              gboolean             secret)
{
  if (self->transport == NULL)
    {
      g_string_free (text, TRUE);
      return;
    }
  if (place == NULL)
    self->n_urgent--;
  give_answer (self, place, text, secret);
  update_reading (self);
}

static void
answered (QmpServerConnection *self,
          gpointer             place,
          GString             *text,
          gboolean             secret)
{
  qmp_server_connection_answer (self, place, text, secret);
}

/* --- commands --- */

static void
refuse (QmpServerConnection *self,
        QmpServerCommand    *command,
        const char          *error_class,
        const char          *desc)
{
  QmpAnswer *place = command->out_of_band ? NULL : qmp_answers_expect (&self->answers, 0);

  give_answer (self, place, qmp_server_text_error (error_class, desc, command->id), FALSE);
}

static void
negotiate (QmpServerConnection *self,
           QmpServerCommand    *command)
{
  QmpNegotiationFault fault = qmp_negotiation_execute (&self->negotiation, command->arguments);

  if (fault.desc != NULL)
    {
      refuse (self, command, fault.error_class, fault.desc);
      g_free (fault.desc);
      return;
    }
  self->runstate = QMP_RUNSTATE_RUNNING;
  give_answer (self, qmp_answers_expect (&self->answers, 0), qmp_server_text_return ("{}", 2, command->id), FALSE);
}

/* Its turn comes when no handler is in the middle of being asked about one before it. */
static gboolean
may_be_taken (QmpServerConnection *self)
{
  return self->invocations.length == 0 && self->n_asking == 0;
}

/* place: nullable, of one that goes first. */
static void
invoke (QmpServerConnection *self,
        QmpServerCommand    *command,
        QmpAnswer           *place,
        GUnixFDList         *fd_list,
        QmpJsonReader       *reader,
        QmpJsonFrame        *frame)
{
  g_autoptr(QmpMessage) message = qmp_message_new_received (reader, frame);
  QmpInvocation *invocation;

  invocation = qmp_invocation_new (self, self->io, message, g_steal_pointer (&command->name), command->out_of_band, fd_list,
                                   answered, place);
  if (place != NULL)
    g_queue_push_tail (&self->invocations, invocation);
  else
    g_queue_push_nth (&self->invocations, invocation, self->n_first++);
}

static void
execute (QmpServerConnection *self,
         QmpServerCommand    *command,
         QmpJsonReader       *reader,
         QmpJsonFrame        *frame)
{
  g_autoptr(GUnixFDList) fd_list = qmp_transport_steal_fds (self->transport);
  QmpAnswer *place = command->out_of_band ? NULL : qmp_answers_expect (&self->answers, frame->length);

  if (place == NULL)
    self->n_urgent++;
  if (!may_be_taken (self) || !self->funcs->take (self->owner, self, place, command, fd_list))
    invoke (self, command, place, fd_list, reader, frame);
}

static void
take_command (QmpServerConnection *self,
              QmpServerCommand    *command,
              QmpJsonReader       *reader,
              QmpJsonFrame        *frame)
{
  gboolean negotiates = g_strcmp0 (command->name, QMP_NEGOTIATION_COMMAND) == 0;

  if (command->name == NULL)
    refuse (self, command, "GenericError", command->desc);
  else if (negotiates && command->out_of_band)
    refuse (self, command, "GenericError", "The command " QMP_NEGOTIATION_COMMAND " does not support OOB");
  else if (negotiates)
    negotiate (self, command);
  else if (!self->negotiation.done)
    refuse (self, command, "CommandNotFound",
            "Expecting capabilities negotiation with '" QMP_NEGOTIATION_COMMAND "'");
  else
    execute (self, command, reader, frame);
}

/* --- what the wire calls --- */

static void
received (gpointer             owner,
          QmpJsonReader       *reader,
          QmpJsonReaderResult  kind,
          QmpJsonFrame        *frame)
{
  QmpServerConnection *self = owner;
  g_auto(QmpServerCommand) command = { 0 };

  if (self->over)
    return;
  print (self, "<--", frame->text, frame->length, FALSE);
  qmp_server_command_read (&command, kind, frame, self->negotiation.out_of_band, QMP_MESSAGE_MAX_DEPTH);
  take_command (self, &command, reader, frame);
  update_reading (self);
}

static GError *
error_new_ended (QmpServerConnection *self,
                 const GError        *cause)
{
  if (g_error_matches (cause, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_TOO_LARGE))
    return g_error_new (QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_TOO_LARGE,
                        _("The client sent a message of more than %u bytes"), self->limits.max_message_size);
  if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED))
    return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, _("The client closed the connection"));
  return g_error_copy (cause);
}

static void
ended (gpointer      owner,
       const GError *cause)
{
  QmpServerConnection *self = owner;

  end (self, error_new_ended (self, cause));
}

static void
deliver (QmpServerConnection *self)
{
  while (!self->over && self->invocations.length > 0)
    {
      g_autoptr(QmpInvocation) invocation = g_queue_pop_head (&self->invocations);

      if (self->n_first > 0)
        self->n_first--;
      self->n_asking++;
      self->funcs->command (self->owner, self, invocation);
      self->n_asking--;
    }
}

static gboolean
is_done (QmpServerConnection *self)
{
  if (!self->over || self->transport == NULL)
    return FALSE;
  return !self->winds_up || qmp_transport_is_flushed (self->transport);
}

static void
after_dispatch (gpointer owner)
{
  g_autoptr(QmpServerConnection) self = g_object_ref (owner);

  tell_runstate (self);
  deliver (self);
  if (!is_done (self))
    return;
  /* A client of which something is unread sees a reset, and not the end. */
  if (self->winds_up && !self->resets)
    qmp_transport_read_rest (self->transport);
  finish (self);
}

static void
sent (gpointer   owner,
      QmpPacket *packet)
{
  QmpServerConnection *self = owner;

  update_reading (self);
  if (!self->behind || qmp_server_connection_is_behind (self))
    return;
  self->behind = FALSE;
  self->funcs->caught_up (self->owner, self);
}

static void
begins (gpointer owner)
{
}

static gboolean
wants_more (gpointer owner)
{
  return TRUE;
}

static const QmpTransportFuncs transport_funcs = { received, ended, after_dispatch, sent, begins, wants_more };

/* --- the object --- */

static void
qmp_server_connection_dispose (GObject *object)
{
  QmpServerConnection *self = QMP_SERVER_CONNECTION (object);

  /* The server holds one that is open. */
  if (self->transport != NULL)
    finish (self);

  G_OBJECT_CLASS (qmp_server_connection_parent_class)->dispose (object);
}

static void
qmp_server_connection_finalize (GObject *object)
{
  QmpServerConnection *self = QMP_SERVER_CONNECTION (object);

  qmp_negotiation_clear (&self->negotiation);
  g_clear_object (&self->credentials);
  g_clear_error (&self->error);
  g_clear_pointer (&self->io, qmp_io_context_unref);
  g_free (self->name);

  G_OBJECT_CLASS (qmp_server_connection_parent_class)->finalize (object);
}

static void
qmp_server_connection_get_property (GObject    *object,
                                    guint       property_id,
                                    GValue     *value,
                                    GParamSpec *pspec)
{
  QmpServerConnection *self = QMP_SERVER_CONNECTION (object);

  switch (property_id)
    {
    case PROP_RUNSTATE:
      g_value_set_enum (value, self->runstate);
      break;
    case PROP_OUT_OF_BAND_ACTIVE:
      g_value_set_boolean (value, self->negotiation.out_of_band);
      break;
    case PROP_CREDENTIALS:
      g_value_set_object (value, self->credentials);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
qmp_server_connection_class_init (QmpServerConnectionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->dispose = qmp_server_connection_dispose;
  object_class->finalize = qmp_server_connection_finalize;
  object_class->get_property = qmp_server_connection_get_property;

  /**
   * QmpServerConnection:runstate: (getter get_runstate)
   *
   * Where it stands: `CONNECTING` until the client has negotiated capabilities, then `RUNNING`, and `IDLE` once closed.
   *
   * Since: 1.0
   */
  properties[PROP_RUNSTATE] =
    g_param_spec_enum ("runstate", NULL, NULL, QMP_TYPE_RUNSTATE, QMP_RUNSTATE_IDLE, readable);

  /**
   * QmpServerConnection:out-of-band-active: (getter get_out_of_band_active)
   *
   * Whether the client has enabled out-of-band execution. Once it is `RUNNING` this does not change.
   *
   * Since: 1.0
   */
  properties[PROP_OUT_OF_BAND_ACTIVE] =
    g_param_spec_boolean ("out-of-band-active", NULL, NULL, FALSE, readable);

  /**
   * QmpServerConnection:credentials: (getter get_credentials)
   *
   * Which process is at the other side of a Unix socket; `NULL` if that is not known.
   *
   * Since: 1.0
   */
  properties[PROP_CREDENTIALS] =
    g_param_spec_object ("credentials", NULL, NULL, G_TYPE_CREDENTIALS, readable);

  g_object_class_install_properties (object_class, N_PROPS, properties);

  /**
   * QmpServerConnection::closed:
   * @self: the connection
   * @error: (nullable): how it ended, or `NULL` after [method@ServerConnection.close]
   *
   * The connection has ended, and is in [property@Server:connections] no longer.
   *
   * A client that left gives `G_IO_ERROR_CONNECTION_CLOSED`, one that did not read what it was sent
   * `G_IO_ERROR_NO_SPACE` (see [property@Server:max-unsent]), one that sent too large a message
   * `QMP_PROTOCOL_ERROR_TOO_LARGE`; other errors are those of the stream.
   *
   * Since: 1.0
   */
  closed_signal =
    g_signal_new ("closed", QMP_TYPE_SERVER_CONNECTION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
qmp_server_connection_init (QmpServerConnection *self)
{
  self->thread = g_thread_self ();
  self->over = TRUE;
}

static void
begin (QmpServerConnection  *self,
       const QmpServerAbout *about)
{
  self->over = FALSE;
  self->runstate = self->told = QMP_RUNSTATE_CONNECTING;
  self->credentials = qmp_peer_get_credentials (qmp_transport_get_fd (self->transport), NULL);
  qmp_negotiation_init (&self->negotiation, about->capabilities);
  qmp_transport_receive_fds (self->transport);
  send_and_free (self, qmp_server_text_greeting (about), FALSE);
  qmp_transport_attach (self->transport, self->io);
}

QmpServerConnection *
qmp_server_connection_new (GIOStream                       *stream,
                           const char                      *name,
                           const QmpServerAbout            *about,
                           const QmpServerLimits           *limits,
                           QmpIoContext                    *io,
                           const QmpServerConnectionFuncs  *funcs,
                           gpointer                         owner,
                           GError                         **error)
{
  g_autoptr(QmpServerConnection) self = g_object_new (QMP_TYPE_SERVER_CONNECTION, NULL);

  self->io = qmp_io_context_ref (io);
  self->name = g_strdup (name);
  self->limits = *limits;
  self->transport = qmp_transport_new (stream, limits->max_message_size, QMP_MESSAGE_MAX_DEPTH, &transport_funcs, self,
                                       error);
  if (self->transport == NULL)
    return NULL;
  self->funcs = funcs;
  self->owner = owner;
  begin (self, about);
  return g_steal_pointer (&self);
}

void
qmp_server_connection_set_bytewise (QmpServerConnection *self,
                                    gboolean             reads,
                                    gboolean             writes)
{
  qmp_transport_set_bytewise (self->transport, reads, writes);
}

void
qmp_server_connection_reset (QmpServerConnection *self)
{
  self->resets = TRUE;
  qmp_server_connection_wind_up (self);
}

void
qmp_server_connection_stall (QmpServerConnection *self)
{
  if (self->over)
    return;
  self->stalled = TRUE;
  update_reading (self);
}

/* --- the methods --- */

/**
 * qmp_server_connection_get_runstate: (get-property runstate)
 * @self: a connection
 *
 * Gets where the connection stands; see [property@ServerConnection:runstate].
 *
 * Returns: `CONNECTING`, `RUNNING` or `IDLE`
 *
 * Since: 1.0
 */
QmpRunstate
qmp_server_connection_get_runstate (QmpServerConnection *self)
{
  g_return_val_if_fail (QMP_IS_SERVER_CONNECTION (self), QMP_RUNSTATE_IDLE);

  return self->runstate;
}

/**
 * qmp_server_connection_get_out_of_band_active: (get-property out-of-band-active)
 * @self: a connection
 *
 * Tells whether the client has enabled out-of-band execution.
 *
 * Returns: `TRUE` if it has
 *
 * Since: 1.0
 */
gboolean
qmp_server_connection_get_out_of_band_active (QmpServerConnection *self)
{
  g_return_val_if_fail (QMP_IS_SERVER_CONNECTION (self), FALSE);

  return self->negotiation.out_of_band;
}

/**
 * qmp_server_connection_get_credentials: (get-property credentials)
 * @self: a connection
 *
 * Tells which process is at the other side of a Unix socket. They are the kernel's, of the moment when it connected.
 *
 * Returns: (transfer none) (nullable): the credentials; `NULL` if it is not a Unix socket
 *
 * Since: 1.0
 */
GCredentials *
qmp_server_connection_get_credentials (QmpServerConnection *self)
{
  g_return_val_if_fail (QMP_IS_SERVER_CONNECTION (self), NULL);

  return self->credentials;
}

/**
 * qmp_server_connection_send:
 * @self: a connection
 * @message: (not nullable): any message
 * @error: return location for an error
 *
 * Sends a message to the client, behind what is on its way and whatever it says: an event for this client alone, or what no
 * right server sends.
 *
 * Success means that it is on its way. What a client does not read is kept up to [property@Server:max-unsent].
 *
 * Errors, with which nothing is sent:
 *
 * - `QMP_CLIENT_ERROR_STATE`: the connection is closed, or about to be;
 * - those of [method@Message.validate], and `QMP_PROTOCOL_ERROR_SERIALIZATION` for what cannot be sent;
 * - `QMP_CLIENT_ERROR_THREAD`: called in another thread than the server's.
 *
 * Returns: `TRUE` if it is on its way
 *
 * Since: 1.0
 */
gboolean
qmp_server_connection_send (QmpServerConnection  *self,
                            QmpMessage           *message,
                            GError              **error)
{
  g_autoptr(GString) text = NULL;

  g_return_val_if_fail (QMP_IS_SERVER_CONNECTION (self), FALSE);
  g_return_val_if_fail (QMP_IS_MESSAGE (message), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!qmp_thread_require_server (self->thread, G_STRFUNC, error))
    return FALSE;
  if (self->over)
    {
      g_set_error_literal (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE, _("Cannot send: the connection is closed"));
      return FALSE;
    }
  text = g_string_new (NULL);
  if (!qmp_message_append_wire (message, text, NULL, error))
    return FALSE;
  g_string_append (text, "\r\n");
  qmp_server_connection_append (self, text->str, text->len);
  return TRUE;
}

/**
 * qmp_server_connection_close:
 * @self: a connection
 *
 * Closes the connection.
 *
 * What was answered and sent so far goes out as far as the stream takes it at once; the rest is lost, and so are the
 * commands that were not answered. Handlers of [signal@ServerConnection::closed] are called before this returns. Of a
 * connection that is closed nothing happens.
 *
 * Since: 1.0
 */
void
qmp_server_connection_close (QmpServerConnection *self)
{
  g_return_if_fail (QMP_IS_SERVER_CONNECTION (self));
  if (!qmp_thread_require_server (self->thread, G_STRFUNC, NULL))
    return;

  if (self->transport == NULL)
    return;
  if (!self->over)
    qmp_transport_flush (self->transport);
  if (self->transport != NULL)
    finish (self);
}
