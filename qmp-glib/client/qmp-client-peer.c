/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "client/qmp-client-private.h"

#include <glib/gi18n-lib.h>

#include "wire/qmp-peer-private.h"

/* Who is at the other side. */

/**
 * qmp_client_get_address: (get-property address)
 * @self: a client
 *
 * Gets the address that the client was opened with last; see [property@Client:address].
 *
 * Returns: (transfer none) (nullable): the address
 *
 * Since: 1.0
 */
GSocketConnectable *
qmp_client_get_address (QmpClient *self)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), NULL);

  return qmp_state_get (&self->state)->address;
}

/**
 * qmp_client_ref_peer_credentials:
 * @self: a client
 * @error: return location for an error
 *
 * Tells which process is at the other side of a Unix socket.
 *
 * They are the kernel's, of the moment when the socket began to listen, or when the other side connected: a server that was
 * handed a socket that listened already is not the process that is named. [method@Gio.Credentials.get_unix_pid] and
 * [method@Gio.Credentials.get_unix_user] read them.
 *
 * Errors, with which the link is as it was before:
 *
 * - `QMP_CLIENT_ERROR_STATE`: there is no link;
 * - `G_IO_ERROR_NOT_SUPPORTED`: it does not go over a Unix socket.
 *
 * Returns: (transfer full): the credentials; `NULL` with @error set
 *
 * Since: 1.0
 */
GCredentials *
qmp_client_ref_peer_credentials (QmpClient  *self,
                                 GError    **error)
{
  QmpLink *link;

  g_return_val_if_fail (QMP_IS_CLIENT (self), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);
  qmp_client_return_val_if_foreign (self, NULL, error);

  if (!qmp_state_require (&self->state, QMP_RUNSTATE_RUNNING, "ask for the peer's credentials", error))
    return NULL;
  link = qmp_client_get_link (self);
  return qmp_peer_get_credentials (link != NULL ? qmp_link_get_peer_fd (link) : -1, error);
}
