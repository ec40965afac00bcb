/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "client/qmp-client-private.h"

#include <glib/gi18n-lib.h>

#include "core/qmp-task-private.h"

/* --- what the opening tells --- */

static void
opened (gpointer  owner,
        QmpLink  *link)
{
  QmpClient *self = owner;

  self->link = link;
}

/* The outcome is final: to the inbox with it, unless a blocking caller looks for it himself. */
static void
done (gpointer    owner,
      QmpOpening *opening)
{
  QmpClient *self = owner;

  if (opening->error != NULL)
    qmp_listening_rest (self->listening);
  if (opening->task != NULL)
    qmp_client_post_opening (self, opening);
}

static const QmpOpeningFuncs opening_funcs = { opened, done };

/* --- the outcome of an opening --- */

void
qmp_client_apply_opening (QmpClient  *self,
                          QmpOpening *opening)
{
  if (self->opening != opening)
    return;

  if (opening->alone && self->listening != NULL)
    {
      self->opening = NULL;
      return;
    }
  if (opening->error != NULL)
    {
      qmp_event_hub_post_failed (&self->hub, opening->error->message);
      qmp_client_drop_link (self);
      qmp_state_set_runstate (&self->state, QMP_RUNSTATE_DISCONNECTING);
      /* A handler may have closed the client, and opened it again. */
      if (self->opening != opening)
        return;
      self->opening = NULL;
      qmp_state_set_runstate (&self->state, QMP_RUNSTATE_IDLE);
      return;
    }
  self->opening = NULL;
  self->fresh = opening;
  qmp_state_set_running (&self->state, opening->greeting, qmp_calls_has_window (self->calls));
  if (self->fresh == opening)
    self->fresh = NULL;
}

static GError *
closed_while_opening (void)
{
  return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                              _("The client was closed while it was opening"));
}

void
qmp_client_spoil_opening (QmpClient    *self,
                          const GError *cause)
{
  QmpOpening *fresh = g_steal_pointer (&self->fresh);

  if (fresh != NULL)
    fresh->error = cause != NULL ? g_error_copy (cause) : closed_while_opening ();
}

/* Whoever is told of an error finds the client idle: a handler that was told that it runs may have begun to close it. */
static gboolean
delay_outcome (QmpClient  *self,
               QmpOpening *opening)
{
  if (opening->error == NULL || opening->delayed)
    return FALSE;

  opening->delayed = TRUE;
  if (self->closing != NULL)
    self->closing->opening = opening;
  else if (self->ends.now != NULL)
    qmp_client_post_opening (self, opening);
  else
    return FALSE;
  return TRUE;
}

static void
deliver_opening (QmpInboxEntry *entry,
                 gpointer       owner)
{
  QmpClient *self = owner;
  QmpOpening *opening = QMP_INBOX_GET (entry, QmpOpening, entry);
  GTask *task;

  qmp_client_apply_opening (self, opening);
  if (delay_outcome (self, opening))
    return;

  task = g_steal_pointer (&opening->task);
  if (opening->error != NULL)
    g_task_return_error (task, g_steal_pointer (&opening->error));
  else
    g_task_return_boolean (task, TRUE);
  qmp_client_post_closers (self, &opening->closers, NULL);
  qmp_opening_free (opening);
  g_object_unref (task);
}

static const QmpInboxKind opening_kind = { .deliver = deliver_opening };

void
qmp_client_post_opening (QmpClient  *self,
                         QmpOpening *opening)
{
  opening->entry.kind = &opening_kind;
  qmp_inbox_post (&self->inbox, &opening->entry);
}

/* --- opening --- */

static gboolean
require_openable (QmpClient  *self,
                  GError    **error)
{
  return qmp_client_require_not_listening (self, "open", error) &&
         qmp_state_require (&self->state, QMP_RUNSTATE_IDLE, "open", error);
}

/* address, stream, task: nullable. Returns NULL with error in the wrong runstate. While steps are held. */
static QmpOpening *
opening_begin (QmpClient           *self,
               GSocketConnectable  *address,
               GIOStream           *stream,
               GTask               *task,
               gint64               created,
               GError             **error)
{
  gboolean accepts = address == NULL && stream == NULL;
  QmpOpeningPlan plan = {
    .settings = self->settings.link,
    .connection = &self->settings.connection,
    .address = address,
    .stream = stream,
    .listen_address = accepts ? self->state.now.listen_address : NULL,
    .calls = self->calls,
    .log = &self->wire_log,
    .link_funcs = &qmp_client_link_funcs,
    .funcs = &opening_funcs,
    .owner = self,
  };

  if (accepts ? !qmp_client_require_listening (self, error) : !require_openable (self, error))
    return NULL;

  qmp_state_set_address (&self->state, address);
  plan.settings.lacks_certificate = qmp_tls_lacks_certificate (&self->settings.connection.tls);
  self->opening = qmp_opening_new (&plan);
  g_set_object (&self->opening->task, task);
  self->opening->entry.created = created;
  qmp_state_set_greeting (&self->state, NULL);
  qmp_state_set_runstate (&self->state, QMP_RUNSTATE_CONNECTING);
  return self->opening;
}

static void
opening_start (QmpClient    *self,
               QmpOpening   *opening,
               GCancellable *cancellable)
{
  QmpIoContext *context = qmp_client_get_io_context (self);
  gboolean accepts = opening->plan.listen_address != NULL;

  /* Before the time is running: somebody who is there already is found first. */
  if (accepts && !g_cancellable_is_cancelled (cancellable))
    qmp_listening_await (self->listening, context);
  qmp_opening_start (opening, context, accepts ? self->settings.accept_timeout : self->settings.open_timeout,
                     cancellable);
}

void
qmp_client_open_in_background (QmpClient           *self,
                               GSocketConnectable  *address,
                               GIOStream           *stream,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data,
                               gpointer             source_tag)
{
  GError *error = NULL;
  gint64 created;
  g_autoptr(GTask) task = qmp_task_new (qmp_io_context_get_main_context (self->io), self, callback, user_data,
                                        source_tag, &created);
  QmpOpening *opening;

  qmp_state_hold (&self->state);
  opening = opening_begin (self, address, stream, task, created, &error);
  if (opening != NULL)
    opening_start (self, opening, cancellable);
  else
    g_task_return_error (task, error);
  qmp_state_release (&self->state);
  qmp_state_tell (&self->state);
  qmp_io_context_drop_handed_over (self->io);
}

/* Takes opening. */
static gboolean
run_opening (QmpClient     *self,
             QmpOpening    *opening,
             GCancellable  *cancellable,
             GError       **error)
{
  gboolean success;

  qmp_client_begin_blocking (self);
  opening_start (self, opening, cancellable);
  while (!qmp_opening_is_done (opening))
    qmp_client_iterate (self);
  qmp_client_end_blocking (self);

  qmp_client_apply_opening (self, opening);
  qmp_client_settle_runstate (self);
  /* A filter has closed the client: its callbacks may not run within a blocking call. */
  qmp_client_post_closers (self, &opening->closers, NULL);
  success = opening->error == NULL;
  if (!success)
    g_propagate_error (error, g_steal_pointer (&opening->error));
  qmp_opening_free (opening);
  return success;
}

gboolean
qmp_client_open_blocking (QmpClient           *self,
                          GSocketConnectable  *address,
                          GIOStream           *stream,
                          GCancellable        *cancellable,
                          GError             **error)
{
  gboolean accepts = address == NULL && stream == NULL;
  g_autoptr(QmpClient) keep = g_object_ref (self);
  QmpOpening *opening;
  gboolean success;

  if (!qmp_client_may_block (self, accepts ? "accept" : "open", error))
    return FALSE;
  qmp_state_hold (&self->state);
  opening = opening_begin (self, address, stream, NULL, 0, error);
  success = opening != NULL && run_opening (self, opening, cancellable, error);
  qmp_state_release (&self->state);
  qmp_io_context_drop_handed_over (self->io);
  return success;
}

void
qmp_client_abort_opening (QmpClient *self)
{
  qmp_opening_abort (self->opening, closed_while_opening ());
  qmp_client_drop_link (self);
}

/**
 * qmp_client_open_async:
 * @self: a client
 * @address: where the server listens: a [class@Gio.UnixSocketAddress], a
 *   [class@Gio.NetworkAddress] or any other [iface@Gio.SocketConnectable]; [func@address_parse] makes one of a
 *   text
 * @cancellable: (nullable): cancels the opening
 * @callback: (scope async) (closure user_data): called when the client runs, or could not be opened
 * @user_data: data for @callback
 *
 * Connects to a server, waits for its greeting and negotiates capabilities.
 *
 * Needs [enum@Runstate] `IDLE`; the client is `CONNECTING` from here on, and `RUNNING` when @callback is
 * called after success. What is waited for, and how long, is up to [property@Client:await-greeting],
 * [property@Client:negotiate] and [property@Client:open-timeout]. With [property@Client:tls] all of that is done over
 * TLS. Events that come before the greeting or
 * during the negotiation are not lost: they are emitted in their place.
 *
 * A Unix socket whose queue of connections is full is tried again until the timeout.
 *
 * See [method@Client.open_finish] for how it can fail. This is the QMP specification's "Server Greeting"
 * and "Capabilities Negotiation".
 *
 * Since: 1.0
 */
void
qmp_client_open_async (QmpClient           *self,
                       GSocketConnectable  *address,
                       GCancellable        *cancellable,
                       GAsyncReadyCallback  callback,
                       gpointer             user_data)
{
  g_return_if_fail (QMP_IS_CLIENT (self));
  qmp_client_return_if_foreign (self);
  g_return_if_fail (G_IS_SOCKET_CONNECTABLE (address));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  qmp_client_open_in_background (self, address, NULL, cancellable, callback, user_data, qmp_client_open_async);
}

/**
 * qmp_client_open_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Ends [method@Client.open_async].
 *
 * After any error the client is `IDLE` and can be opened again. Errors are:
 *
 * - `QMP_CLIENT_ERROR_STATE`: the client was not `IDLE`, or listens; nothing was done, and the link that it
 *   may have is untouched;
 * - `QMP_CLIENT_ERROR_BUSY`: connected, but no greeting came in time, or the socket's queue stayed full:
 *   another client holds the monitor, the server hangs or is stopped, or it is not a monitor. The text says what could
 *   be seen of it;
 * - `QMP_CLIENT_ERROR_NOT_A_SOCKET`: at the path is something that is not a socket, or the descriptor is not a connected
 *   one;
 * - `QMP_CLIENT_ERROR_TLS_IDENTITY`: TLS has no host name to check the server's certificate against;
 * - `QMP_PROTOCOL_ERROR_GREETING`: something came, and it was not a greeting; or it was one, and not from a guest agent;
 * - `QMP_PROTOCOL_ERROR_NEGOTIATION`: the server refused; its words are in the text;
 * - `QMP_PROTOCOL_ERROR_TOO_LARGE`: a message before the end of the negotiation was over
 *   [property@Client:max-message-size];
 * - `G_IO_ERROR_CONNECTION_CLOSED`: the server closed the connection on the way;
 * - `G_IO_ERROR_TIMED_OUT`: it could not be connected to in time, or did not answer the negotiation; or a guest
 *   agent did not answer, because it does not run or serves another client;
 * - `G_IO_ERROR_CANCELLED`: cancelled, or the client was closed meanwhile, also by a handler that was told that it is
 *   `RUNNING`;
 * - `G_IO_ERROR_FAILED`: ssh could not log in, and says why; one of [error@GLib.SpawnError]: there is no ssh here;
 * - `G_IO_ERROR_NOT_FOUND`, `G_IO_ERROR_CONNECTION_REFUSED` and others of `GIOErrorEnum` and
 *   `GResolverError`: it could not be connected to;
 * - `G_TLS_ERROR_BAD_CERTIFICATE`, `G_TLS_ERROR_MISC` and others of `GTlsError`: the connection could not be
 *   secured, see [property@Client:tls].
 *
 * Returns: `TRUE` if the client runs
 *
 * Since: 1.0
 */
gboolean
qmp_client_open_finish (QmpClient     *self,
                        GAsyncResult  *result,
                        GError       **error)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), FALSE);
  g_return_val_if_fail (qmp_task_is_valid (result, self, qmp_client_open_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * qmp_client_open:
 * @self: a client
 * @address: where the server listens
 * @cancellable: (nullable): cancels the opening
 * @error: where to store an error
 *
 * Connects to a server, waits for its greeting and negotiates capabilities; blocks until done.
 *
 * The blocking form of [method@Client.open_async], with the errors of [method@Client.open_finish]. No main
 * loop is needed, and none is run: no other callback is called meanwhile.
 *
 * Returns: `TRUE` if the client runs
 *
 * Since: 1.0
 */
gboolean
qmp_client_open (QmpClient           *self,
                 GSocketConnectable  *address,
                 GCancellable        *cancellable,
                 GError             **error)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), FALSE);
  qmp_client_return_val_if_foreign (self, FALSE, error);
  g_return_val_if_fail (G_IS_SOCKET_CONNECTABLE (address), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);

  return qmp_client_open_blocking (self, address, NULL, cancellable, error);
}

/**
 * qmp_client_open_stream_async:
 * @self: a client
 * @stream: a connected stream
 * @cancellable: (nullable): cancels the opening
 * @callback: (scope async) (closure user_data): called when the client runs, or could not be opened
 * @user_data: data for @callback
 *
 * Opens over a stream that is connected already: one end of a socketpair, a TLS connection, a SPICE port.
 *
 * The client takes the stream over: it must not be read, written or closed by anybody else from here on,
 * and it is closed with the link, also when the opening fails, but for `QMP_CLIENT_ERROR_STATE`: a client that
 * could not begin leaves the stream alone. Its input and output must be pollable
 * ([iface@Gio.PollableInputStream]). File descriptors can be passed when it is a
 * [class@Gio.SocketConnection] over a Unix socket.
 *
 * Otherwise this is [method@Client.open_async].
 *
 * Since: 1.0
 */
void
qmp_client_open_stream_async (QmpClient           *self,
                              GIOStream           *stream,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  g_return_if_fail (QMP_IS_CLIENT (self));
  qmp_client_return_if_foreign (self);
  g_return_if_fail (G_IS_IO_STREAM (stream));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  qmp_client_open_in_background (self, NULL, stream, cancellable, callback, user_data,
                                 qmp_client_open_stream_async);
}

/**
 * qmp_client_open_stream_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Ends [method@Client.open_stream_async].
 *
 * Errors are those of [method@Client.open_finish] but for connecting, and `G_IO_ERROR_NOT_SUPPORTED` for a
 * stream that cannot be polled.
 *
 * Returns: `TRUE` if the client runs
 *
 * Since: 1.0
 */
gboolean
qmp_client_open_stream_finish (QmpClient     *self,
                               GAsyncResult  *result,
                               GError       **error)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), FALSE);
  g_return_val_if_fail (qmp_task_is_valid (result, self, qmp_client_open_stream_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * qmp_client_open_stream:
 * @self: a client
 * @stream: a connected stream
 * @cancellable: (nullable): cancels the opening
 * @error: where to store an error
 *
 * Opens over a stream that is connected already; blocks until done.
 *
 * The blocking form of [method@Client.open_stream_async].
 *
 * Returns: `TRUE` if the client runs
 *
 * Since: 1.0
 */
gboolean
qmp_client_open_stream (QmpClient     *self,
                        GIOStream     *stream,
                        GCancellable  *cancellable,
                        GError       **error)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), FALSE);
  qmp_client_return_val_if_foreign (self, FALSE, error);
  g_return_val_if_fail (G_IS_IO_STREAM (stream), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);

  return qmp_client_open_blocking (self, NULL, stream, cancellable, error);
}
