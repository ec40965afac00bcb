/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "client/qmp-client-private.h"

#include <glib/gi18n-lib.h>

#include "core/qmp-task-private.h"

/* Listening, for servers that connect to the client. */

/* Rather not at all than without the safety that was asked for. */
static gboolean
require_no_tls (QmpClient  *self,
                GError    **error)
{
  if (!self->settings.connection.tls.wanted)
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                       _("A client that listens cannot speak TLS"));
  return FALSE;
}

gboolean
qmp_client_require_listening (QmpClient  *self,
                              GError    **error)
{
  if (self->listening == NULL)
    {
      g_set_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE,
                   _("Cannot %s: the client does not listen"), "accept");
      return FALSE;
    }
  if (self->opening != NULL)
    {
      g_set_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE,
                   _("Cannot %s: the client is accepting already"), "accept");
      return FALSE;
    }
  return (self->state.now.runstate == QMP_RUNSTATE_CONNECTING ||
          qmp_state_require (&self->state, QMP_RUNSTATE_IDLE, "accept", error)) &&
         require_no_tls (self, error);
}

gboolean
qmp_client_require_not_listening (QmpClient   *self,
                                  const char  *what,
                                  GError     **error)
{
  if (self->listening == NULL)
    return TRUE;

  g_set_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE,
               _("Cannot %s: the client listens, and does so until it is closed"), what);
  return FALSE;
}

/* --- the end --- */

static gboolean
has_link (QmpClient *self)
{
  return self->opening != NULL || self->link != NULL || self->ends.now != NULL;
}

void
qmp_client_end_listening (QmpClient *self)
{
  g_clear_pointer (&self->listening, qmp_listening_free);
  qmp_state_set_listen_address (&self->state, NULL);
  /* Nobody had called accept, or nobody had come: there is no link whose end would bring the runstate back. */
  if (self->state.now.runstate == QMP_RUNSTATE_CONNECTING && !has_link (self))
    {
      qmp_state_set_runstate (&self->state, QMP_RUNSTATE_DISCONNECTING);
      qmp_state_set_runstate (&self->state, QMP_RUNSTATE_IDLE);
    }
}

/* --- the methods --- */

static void
peer_cb (GIOStream *peer,
         GError    *error,
         gpointer   user_data)
{
  QmpClient *self = user_data;

  if (peer != NULL)
    qmp_opening_reach (self->opening, peer, self->settings.open_timeout);
  else
    qmp_opening_abort (self->opening, error);
}

gboolean
qmp_client_require_may_listen (QmpClient  *self,
                               GError    **error)
{
  return qmp_client_require_not_listening (self, "listen", error) &&
         qmp_state_require (&self->state, QMP_RUNSTATE_IDLE, "listen", error) &&
         require_no_tls (self, error);
}

gboolean
qmp_client_begin_listening (QmpClient           *self,
                            GSocketConnectable  *address,
                            GError             **error)
{
  g_autoptr(GSocketAddress) bound = NULL;
  QmpListening *listening;

  if (!qmp_client_require_may_listen (self, error))
    return FALSE;
  listening = qmp_listening_new (address, QMP_LISTENING_ONE, self->io, peer_cb, self, error);
  if (listening == NULL)
    return FALSE;

  bound = qmp_listening_dup_address (listening);
  qmp_state_hold (&self->state);
  self->listening = listening;
  qmp_state_set_listen_address (&self->state, bound);
  qmp_state_set_runstate (&self->state, QMP_RUNSTATE_CONNECTING);
  qmp_state_release (&self->state);
  qmp_state_tell (&self->state);
  return TRUE;
}

/**
 * qmp_client_accept_async:
 * @self: a client
 * @cancellable: (nullable): cancels the accept
 * @callback: (scope async) (closure user_data): called when the client runs, or accept failed
 * @user_data: data for @callback
 *
 * Waits for a server to connect, then for its greeting, and negotiates capabilities.
 *
 * Needs a client that listens ([method@Client.listen]), has no link and does not accept already: it is
 * `CONNECTING`, or `IDLE` when an earlier link has ended. It is `CONNECTING` from here on, and `RUNNING` when
 * @callback is called after success.
 *
 * How long to wait for the server is up to [property@Client:accept-timeout]. Once it is there, everything is as
 * in [method@Client.open_async], [property@Client:open-timeout] included.
 *
 * See [method@Client.accept_finish] for how it can fail.
 *
 * Since: 1.0
 */
void
qmp_client_accept_async (QmpClient           *self,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  g_return_if_fail (QMP_IS_CLIENT (self));
  qmp_client_return_if_foreign (self);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  qmp_client_open_in_background (self, NULL, NULL, cancellable, callback, user_data, qmp_client_accept_async);
}

/**
 * qmp_client_accept_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Ends [method@Client.accept_async].
 *
 * The client listens on after any error but that of [method@Client.close_async], so that accept can be called
 * again. When no server had come it is still `CONNECTING`, otherwise it is `IDLE` and the connection is closed.
 * Errors are:
 *
 * - `QMP_CLIENT_ERROR_STATE`: the client does not listen, accepts already or has a link; nothing was done;
 * - `G_IO_ERROR_NOT_SUPPORTED`: [property@Client:tls] is on; nothing was done;
 * - `G_IO_ERROR_TIMED_OUT`: no server came in time, or one came and did not answer the negotiation;
 * - `G_IO_ERROR_CANCELLED`: cancelled; or closed meanwhile, and the client is `IDLE`;
 * - `QMP_CLIENT_ERROR_BUSY`: a server came, and no greeting in time;
 * - those of [method@Client.open_finish] for the greeting and the negotiation;
 * - others of `GIOErrorEnum`: the connection could not be taken, for example because no descriptor is free.
 *
 * Returns: `TRUE` if the client runs
 *
 * Since: 1.0
 */
gboolean
qmp_client_accept_finish (QmpClient     *self,
                          GAsyncResult  *result,
                          GError       **error)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), FALSE);
  g_return_val_if_fail (qmp_task_is_valid (result, self, qmp_client_accept_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * qmp_client_accept:
 * @self: a client
 * @cancellable: (nullable): cancels the accept
 * @error: where to store an error
 *
 * Waits for a server to connect, then for its greeting, and negotiates capabilities; blocks until done.
 *
 * The blocking form of [method@Client.accept_async], with the errors of [method@Client.accept_finish]. Without
 * [property@Client:accept-timeout] it may block for ever. No main loop is needed, and none is run: no other
 * callback is called meanwhile.
 *
 * Returns: `TRUE` if the client runs
 *
 * Since: 1.0
 */
gboolean
qmp_client_accept (QmpClient     *self,
                   GCancellable  *cancellable,
                   GError       **error)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), FALSE);
  qmp_client_return_val_if_foreign (self, FALSE, error);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);

  return qmp_client_open_blocking (self, NULL, NULL, cancellable, error);
}

/* --- properties --- */

/**
 * qmp_client_get_listen_address:
 * @self: a client
 *
 * Gets the address that the client listens on; see [property@Client:listen-address].
 *
 * Returns: (transfer none) (nullable): the address
 *
 * Since: 1.0
 */
GSocketAddress *
qmp_client_get_listen_address (QmpClient *self)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), NULL);

  return qmp_state_get (&self->state)->listen_address;
}

/**
 * qmp_client_get_accept_timeout:
 * @self: a client
 *
 * Gets how long accepting waits for a server to connect.
 *
 * Returns: milliseconds, or [const@TIMEOUT_NONE]
 *
 * Since: 1.0
 */
int
qmp_client_get_accept_timeout (QmpClient *self)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), QMP_TIMEOUT_NONE);

  return self->settings.accept_timeout;
}

/**
 * qmp_client_set_accept_timeout:
 * @self: a client
 * @accept_timeout: milliseconds, or [const@TIMEOUT_NONE]
 *
 * Sets how long accepting waits for a server to connect.
 *
 * Looked at when accepting begins.
 *
 * Since: 1.0
 */
void
qmp_client_set_accept_timeout (QmpClient *self,
                               int        accept_timeout)
{
  g_return_if_fail (QMP_IS_CLIENT (self));
  g_return_if_fail (accept_timeout >= QMP_TIMEOUT_NONE);
  qmp_client_return_if_foreign (self);

  if (self->settings.accept_timeout == accept_timeout)
    return;

  self->settings.accept_timeout = accept_timeout;
  g_object_notify (G_OBJECT (self), "accept-timeout");
}
