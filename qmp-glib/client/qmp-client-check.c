/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "client/qmp-client-order-private.h"

#include <glib/gi18n-lib.h>

gboolean
qmp_client_run_check (QmpClient   *self,
                      QmpMessage  *message,
                      GError     **error)
{
  g_autoptr(QmpClosure) check = NULL;
  GError *refusal = NULL;
  gboolean good;

  if (self->settings.check == NULL)
    return TRUE;

  check = qmp_closure_ref (self->settings.check);
  good = ((QmpCommandCheckFunc) check->function) (self, message, check->user_data, &refusal);
  if (!good && refusal == NULL)
    refusal = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, _("The command was refused before it was sent"));
  if (refusal != NULL)
    g_propagate_error (error, refusal);
  return refusal == NULL;
}

/**
 * qmp_client_set_command_check:
 * @self: a client
 * @check: (nullable) (scope notified) (closure user_data) (destroy destroy): decides about each command
 * @user_data: data for @check
 * @destroy: (nullable): frees @user_data
 *
 * Sets a function that is asked about each command before it is sent.
 *
 * A command that it refuses fails with the function's error, or `G_IO_ERROR_FAILED` if it sets none, in whatever form
 * it was to be executed, and nothing is sent. What the client sends of its own accord, such as the negotiation, is not
 * asked about. [method@Schema.attach] sets a function that knows what the server takes. Without a function, @user_data
 * is freed at once.
 *
 * Since: 1.0
 */
void
qmp_client_set_command_check (QmpClient           *self,
                              QmpCommandCheckFunc  check,
                              gpointer             user_data,
                              GDestroyNotify       destroy)
{
  g_return_if_fail (QMP_IS_CLIENT (self));
  qmp_client_return_if_foreign (self);

  qmp_closure_set (&self->settings.check, G_CALLBACK (check), user_data, destroy);
}
