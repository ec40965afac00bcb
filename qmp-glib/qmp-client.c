/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "qmp-client-private.h"

#include "qmp-debug-private.h"
#include "qmp-enums.h"

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
 * ## Blocking and not
 *
 * Each operation comes as a pair of `_async` and `_finish`, and in a blocking form without a suffix. They may be
 * mixed freely. A blocking form runs nobody else's callbacks and needs no main loop.
 *
 * ## Order
 *
 * Replies and events reach callbacks and signals in the order in which the server sent them.
 *
 * ## Threads
 *
 * A client belongs to the thread that made it, and to the main context that was thread-default there at that
 * time. All its callbacks and signals run in that context, and none of its methods may be called from another
 * thread.
 *
 * Since: 1.0
 */

enum {
  SIGNAL_EVENT,
  SIGNAL_CLOSED,
  SIGNAL_PROTOCOL_ERROR,
  SIGNAL_WIRE,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (QmpClient, qmp_client, G_TYPE_OBJECT)

/* --- for the other files of the class --- */

gboolean
qmp_client_is_at_home (QmpClient *self)
{
  return self->thread == g_thread_self ();
}

void
qmp_client_emit_event (QmpClient *self,
                       QmpEvent  *event)
{
  /* A name that nobody has asked for by detail is not made a quark: quarks are never freed. */
  g_signal_emit (self, signals[SIGNAL_EVENT], g_quark_try_string (qmp_event_get_name (event)), event);
}

gboolean
qmp_client_hears_closed (QmpClient *self)
{
  return g_signal_has_handler_pending (self, signals[SIGNAL_CLOSED], 0, TRUE);
}

gboolean
qmp_client_hears_event (QmpClient *self,
                        QmpEvent  *event)
{
  GQuark detail = g_quark_try_string (qmp_event_get_name (event));

  return g_signal_has_handler_pending (self, signals[SIGNAL_EVENT], 0, TRUE) ||
         (detail != 0 && g_signal_has_handler_pending (self, signals[SIGNAL_EVENT], detail, TRUE));
}

void
qmp_client_emit_closed (QmpClient    *self,
                        const GError *cause)
{
  g_signal_emit (self, signals[SIGNAL_CLOSED], 0, cause);
}

void
qmp_client_emit_protocol_error (QmpClient    *self,
                                const GError *error)
{
  qmp_debug (QMP_DEBUG_STATE, "%s", error->message);
  g_signal_emit (self, signals[SIGNAL_PROTOCOL_ERROR], 0, error);
}

void
qmp_client_emit_wire (QmpClient    *self,
                      QmpDirection  direction,
                      const char   *text)
{
  g_signal_emit (self, signals[SIGNAL_WIRE], 0, direction, text);
}

gboolean
qmp_client_hears_wire (QmpClient *self)
{
  return g_signal_has_handler_pending (self, signals[SIGNAL_WIRE], 0, FALSE);
}

/* --- the object --- */

static void
qmp_client_dispose (GObject *object)
{
  QmpClient *self = QMP_CLIENT (object);

  qmp_client_drop_listeners (self);
  qmp_client_cut (self);
  qmp_client_drop_listening (self);
  qmp_client_drop_check (self);
  g_clear_object (&self->greeting);
  g_clear_object (&self->listen_address);

  G_OBJECT_CLASS (qmp_client_parent_class)->dispose (object);
}

static void
qmp_client_finalize (GObject *object)
{
  QmpClient *self = QMP_CLIENT (object);

  /* Not before: what is in it has to be delivered if anybody still holds the client. */
  qmp_client_clear_inbox (self);
  g_assert (self->transport == NULL && self->agent.again == NULL && self->home_source == NULL && !self->blocking);

  qmp_calls_free (self->calls);
  g_ptr_array_unref (self->listeners);
  if (self->scratch != NULL)
    g_string_free (self->scratch, TRUE);
  g_main_context_unref (self->home);
  g_free (self->last_cause);
  g_free (self->name);
  g_clear_object (&self->tls_database);
  g_clear_object (&self->tls_certificate);
  g_free (self->tls_identity);

  G_OBJECT_CLASS (qmp_client_parent_class)->finalize (object);
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
  signals[SIGNAL_EVENT] =
    g_signal_new ("event", type, G_SIGNAL_RUN_LAST | G_SIGNAL_DETAILED, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, QMP_TYPE_EVENT);

  /**
   * QmpClient::closed:
   * @self: the client
   * @error: (nullable): how it ended, or `NULL` after [method@Client.close_async]
   *
   * The link ended.
   *
   * Emitted once for each time that the client was `RUNNING`, when it is back to `IDLE` and everybody who was
   * waiting has been told. A server that left gives `G_IO_ERROR_CONNECTION_CLOSED`. A client may be opened
   * again from a handler. An opening that fails emits nothing.
   *
   * Since: 1.0
   */
  signals[SIGNAL_CLOSED] =
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
   * sent), or something that is no JSON. It was dropped, and nothing else was lost: the link lives on.
   *
   * Since: 1.0
   */
  signals[SIGNAL_PROTOCOL_ERROR] =
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
   * what is no JSON by its size in parentheses. Bytes that are no UTF-8 are replaced in any case.
   *
   * When more than 4 MiB wait to be emitted, the oldest are lost; the next is preceded by a text in parentheses
   * that says how many. Nothing is copied while no handler is connected.
   *
   * Since: 1.0
   */
  signals[SIGNAL_WIRE] =
    g_signal_new ("wire", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 2, QMP_TYPE_DIRECTION, G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE);
}

static void
qmp_client_class_init (QmpClientClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = qmp_client_dispose;
  object_class->finalize = qmp_client_finalize;

  qmp_client_install_properties (object_class);
  install_signals (object_class);
}

static void
qmp_client_init (QmpClient *self)
{
  qmp_client_init_properties (self);
  self->home = g_main_context_ref_thread_default ();
  self->thread = g_thread_self ();
  self->calls = qmp_calls_new ();
  self->listeners = g_ptr_array_new_with_free_func (g_object_unref);
  g_queue_init (&self->waits);
  g_queue_init (&self->inbox);
  g_queue_init (&self->wire);
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

