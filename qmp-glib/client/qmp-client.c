/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "client/qmp-client-private.h"

#include "qmp-enums.h"
#include "wire/qmp-hand-over-private.h"

/**
 * QmpClient:
 *
 * A client of the QEMU Machine Protocol.
 *
 * A client opens a link to one server at a time (QEMU, the QEMU storage daemon), executes commands there and
 * hears its events. Make one, connect to its signals, then open it:
 *
 * ```c
 * g_autoptr(QmpClient) vm = qmp_client_new ("vm");
 * g_autoptr(GSocketAddress) address = g_unix_socket_address_new ("/run/vm.sock");
 *
 * g_signal_connect (vm, "event::STOP", G_CALLBACK (on_stop), NULL);
 * if (!qmp_client_open (vm, G_SOCKET_CONNECTABLE (address), NULL, &error))
 *   return FALSE;
 * status = qmp_client_execute (vm, "query-status", NULL, NULL, &error);
 * ```
 *
 * When the link ends, for whatever reason, every call that waits is told, [property@Client:runstate] goes
 * back to `IDLE` by itself, and [signal@Client::closed] is emitted. The same object can be opened again then.
 * Dropping the last reference ends the link too; a call under way holds a reference.
 *
 * ## What you will call
 *
 * | To | Call |
 * | --- | --- |
 * | connect to a server | [method@Client.open], [method@Client.open_stream] |
 * | let a server connect | [method@Client.listen], then [method@Client.accept] |
 * | run a command | [method@Client.execute], [method@Client.execute_message] |
 * | get the whole reply, also an error reply | [method@Client.exchange] |
 * | run a command and wait for its event | [method@Client.execute_and_wait] |
 * | hear of events | [signal@Client::event], [method@Client.add_listener] |
 * | hear of the end of the link | [signal@Client::closed] |
 * | end the link | [method@Client.close] |
 *
 * ## Blocking and not
 *
 * Each operation comes as a pair of `_async` and `_finish`, and in a blocking form without a suffix. They may be
 * mixed freely. A blocking form runs no user code and needs no main loop.
 *
 * ## Order
 *
 * Replies and events reach callbacks and signals in the order in which the server sent them.
 *
 * ## Threads
 *
 * A client belongs to the thread that made it, and to the main context that was thread-default there at that
 * time. All its callbacks and signals run in that context. Its methods are called in that thread only. A method that is
 * called in another one does nothing but log a critical, and a form that has an error sets `QMP_CLIENT_ERROR_THREAD`;
 * see [method@Client.is_owner_thread]. References may be dropped in any thread, also the last one: the client comes to
 * its end in its own.
 *
 * Since: 1.0
 */

guint qmp_client_signals[QMP_CLIENT_N_SIGNALS];

G_DEFINE_FINAL_TYPE (QmpClient, qmp_client, G_TYPE_OBJECT)

/* --- for the other files of the class --- */

static void
emit_wire (gpointer    owner,
           gboolean    sent,
           const char *text)
{
  g_signal_emit (owner, qmp_client_signals[QMP_CLIENT_WIRE], 0, sent ? QMP_WIRE_DIRECTION_SENT : QMP_WIRE_DIRECTION_RECEIVED, text);
}

/* --- the object --- */

/* Of a handler of "event". */
typedef void (* EventFunc) (gpointer first,
                            gpointer event,
                            gpointer last);

static void
qmp_client_dispose (GObject *object)
{
  QmpClient *self = QMP_CLIENT (object);

  if (!qmp_hand_over_begin_dispose (object, self->io))
    return;

  /* Who still holds the client is told from the main context, not from within. */
  qmp_state_hold (&self->state);
  qmp_event_hub_drop (&self->hub);
  qmp_client_abort (self);
  g_clear_pointer (&self->listening, qmp_listening_free);
  g_clear_pointer (&self->settings.check, qmp_closure_unref);
  qmp_state_release (&self->state);

  G_OBJECT_CLASS (qmp_client_parent_class)->dispose (object);
  qmp_hand_over_end_dispose (object, self->io);
}

static void
qmp_client_finalize (GObject *object)
{
  QmpClient *self = QMP_CLIENT (object);

  /* Not before: what is in it has to be delivered if anybody still holds the client. */
  qmp_inbox_clear (&self->inbox);
  qmp_io_watch_detach (&self->delivery);
  qmp_io_timer_clear (&self->deadline);
  qmp_state_clear (&self->state);
  /* With listeners that were added after the end, by whoever held the client. */
  qmp_event_hub_clear (&self->hub);
  g_assert (self->link == NULL && self->delivery.context == NULL && !self->blocking);

  qmp_calls_free (self->calls);
  qmp_io_context_leave (self->io);
  qmp_io_context_unref (self->io);
  g_free (self->ends.last_cause);
  g_clear_error (&self->ends.last_error);
  g_free (self->settings.name);
  qmp_tls_clear (&self->settings.connection.tls);

  G_OBJECT_CLASS (qmp_client_parent_class)->finalize (object);
}

/* As g_cclosure_marshal_VOID__OBJECTv() does it, without a reference to the event: whoever emits it has one. */
static void
marshal_event (GClosure *closure,
               GValue   *return_value,
               gpointer  instance,
               va_list   arguments,
               gpointer  marshal_data,
               int       n_params,
               GType    *param_types)
{
  gpointer function = marshal_data != NULL ? marshal_data : ((GCClosure *) closure)->callback;
  gpointer event;
  va_list copy;

  va_copy (copy, arguments);
  event = va_arg (copy, gpointer);
  va_end (copy);
  if (G_CCLOSURE_SWAP_DATA (closure))
    ((EventFunc) function) (closure->data, event, instance);
  else
    ((EventFunc) function) (instance, event, closure->data);
}

static void
install_signals (GObjectClass *object_class)
{
  GType type = G_OBJECT_CLASS_TYPE (object_class);

  /**
   * QmpClient::event:
   * @self: the client
   * @event: the event
   *
   * The server sent an event.
   *
   * The detail is the event's name: connect to `event::SHUTDOWN` to hear of that one only. All events are
   * emitted in the order in which they came, and in their place among the replies.
   *
   * Since: 1.0
   */
  qmp_client_signals[QMP_CLIENT_EVENT] =
    g_signal_new ("event", type, G_SIGNAL_RUN_LAST | G_SIGNAL_DETAILED, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, QMP_TYPE_EVENT);
  g_signal_set_va_marshaller (qmp_client_signals[QMP_CLIENT_EVENT], type, marshal_event);

  /**
   * QmpClient::closed:
   * @self: the client
   * @error: (nullable): how it ended, or `NULL` after [method@Client.close_async]
   *
   * The link ended.
   *
   * Emitted once for each time that the client was `RUNNING`, when it is back to `IDLE` and everybody who was
   * waiting has been told. A server that left gives `G_IO_ERROR_CONNECTION_CLOSED`. A client may be opened
   * again from a handler. An opening that fails emits nothing, unless a handler that was told of `RUNNING` closed the client.
   *
   * Since: 1.0
   */
  qmp_client_signals[QMP_CLIENT_CLOSED] =
    g_signal_new ("closed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, G_TYPE_ERROR);

  /**
   * QmpClient::protocol-error:
   * @self: the client
   * @error: what was wrong, of the domain [error@ProtocolError]
   *
   * The server sent something that is not right and that belongs to no command.
   *
   * For example an error without an id (`QMP_PROTOCOL_ERROR_SERVER_PARSE`: it could not parse what it was
   * sent), or something that is not JSON. It was dropped, and nothing else was lost: the link lives on.
   *
   * Since: 1.0
   */
  qmp_client_signals[QMP_CLIENT_PROTOCOL_ERROR] =
    g_signal_new ("protocol-error", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, G_TYPE_ERROR);

  /**
   * QmpClient::wire:
   * @self: the client
   * @direction: which way it went
   * @text: the message
   *
   * A message went over the wire: for a view of all that happens, or a log.
   *
   * Emitted for everything, the handshake included, in the order of the wire; for what was received before
   * what it brings about (a reply's callback, [signal@Client::event]). What blocking calls send and receive
   * follows when the client's main context is run again.
   *
   * @text is the message as it stands on the wire, without white space around it. Unless
   * [property@Client:redact] is off, passwords and the like are replaced by `"***"`, which leaves it JSON, and
   * what is not JSON by its size in parentheses. Bytes that are not UTF-8 are replaced in any case.
   *
   * When more than 4 MiB wait to be emitted, the oldest are lost; the next is preceded by a text in parentheses
   * that says how many. Nothing is copied while no handler is connected.
   *
   * Since: 1.0
   */
  qmp_client_signals[QMP_CLIENT_WIRE] =
    g_signal_new ("wire", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 2, QMP_TYPE_WIRE_DIRECTION, G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE);
}

static void
qmp_client_class_init (QmpClientClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = qmp_client_dispose;
  object_class->finalize = qmp_client_finalize;

  qmp_hand_over_install (object_class);
  qmp_client_install_properties (object_class);
  install_signals (object_class);
}

static void
qmp_client_init (QmpClient *self)
{
  g_autoptr(GMainContext) context = g_main_context_ref_thread_default ();

  self->calls = qmp_calls_new ();
  self->stall_watch.calls = self->calls;
  qmp_wire_log_init (&self->wire_log, self->calls, &self->inbox, emit_wire, self);
  qmp_client_init_properties (self);
  self->io = qmp_io_context_get (context);
  qmp_client_init_delivery (self);
  qmp_event_hub_init (&self->hub, self->io, &self->inbox, &qmp_client_hub_funcs, self);
  qmp_io_context_drop_handed_over (self->io);
}

/**
 * qmp_client_new:
 * @name: (nullable): what the program calls this link
 *
 * Makes a client, which is idle.
 *
 * It belongs to the calling thread, and to the main context that is thread-default there now.
 *
 * Returns: (transfer full): a new client
 *
 * Since: 1.0
 */
QmpClient *
qmp_client_new (const char *name)
{
  return g_object_new (QMP_TYPE_CLIENT, "name", name, NULL);
}

/**
 * qmp_client_get_name:
 * @self: a client
 *
 * Gets what the program calls this link.
 *
 * Returns: (nullable): the name
 *
 * Since: 1.0
 */
const char *
qmp_client_get_name (QmpClient *self)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), NULL);

  return self->settings.name;
}

/**
 * qmp_client_get_runstate:
 * @self: a client
 *
 * Gets where the client stands.
 *
 * Returns: the runstate
 *
 * Since: 1.0
 */
QmpRunstate
qmp_client_get_runstate (QmpClient *self)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), QMP_RUNSTATE_IDLE);

  return qmp_state_get (&self->state)->runstate;
}

/**
 * qmp_client_get_greeting:
 * @self: a client
 *
 * Gets the server's greeting; see [property@Client:greeting].
 *
 * Returns: (transfer none) (nullable): the greeting
 *
 * Since: 1.0
 */
QmpGreeting *
qmp_client_get_greeting (QmpClient *self)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), NULL);

  return qmp_state_get (&self->state)->greeting;
}

/**
 * qmp_client_get_out_of_band_active:
 * @self: a client
 *
 * Gets whether commands can be executed out-of-band; see [property@Client:out-of-band-active].
 *
 * Returns: `TRUE` if they can
 *
 * Since: 1.0
 */
gboolean
qmp_client_get_out_of_band_active (QmpClient *self)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), FALSE);

  return qmp_state_get (&self->state)->out_of_band_active;
}

/**
 * qmp_client_is_owner_thread:
 * @self: a client
 *
 * Tells whether this is the thread that the client belongs to. May be called in any thread.
 *
 * Returns: `TRUE` if the client's methods may be called here
 *
 * Since: 1.0
 */
gboolean
qmp_client_is_owner_thread (QmpClient *self)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), FALSE);

  return self->hub.thread == g_thread_self ();
}
