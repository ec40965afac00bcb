/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "qmp-client-private.h"

#include <glib/gi18n-lib.h>

/* Reference counted (g_rc_box): the client holds it, and so does whoever is calling it, since it may be replaced
 * meanwhile. */
struct _QmpClientCheck {
  QmpCheckFunc    check;
  gpointer        user_data;
  GDestroyNotify  destroy;      /* nullable */
};

static void
clear_check (gpointer data)
{
  QmpClientCheck *check = data;

  if (check->destroy != NULL)
    check->destroy (check->user_data);
}

static void
release_check (QmpClientCheck *check)
{
  g_rc_box_release_full (check, clear_check);
}

void
qmp_client_drop_check (QmpClient *self)
{
  g_clear_pointer (&self->check, release_check);
}

gboolean
qmp_client_run_check (QmpClient   *self,
                      QmpMessage  *message,
                      GError     **error)
{
  QmpClientCheck *check = self->check;
  GError *refusal = NULL;
  gboolean good;

  if (check == NULL)
    return TRUE;

  g_rc_box_acquire (check);
  good = check->check (self, message, check->user_data, &refusal);
  release_check (check);
  if (!good && refusal == NULL)
    refusal = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, _("The command was refused before it was sent"));
  if (refusal != NULL)
    g_propagate_error (error, refusal);
  return refusal == NULL;
}

/**
 * qmp_client_set_check:
 * @self: a client
 * @check: (nullable) (scope notified) (closure user_data) (destroy destroy): decides about each command
 * @user_data: data for @check
 * @destroy: (nullable): frees @user_data
 *
 * Sets a function that is asked about each command before it is sent.
 *
 * A command that it refuses fails with the function's error, or `G_IO_ERROR_FAILED` if it sets none, in whatever form
 * it was to be executed, and nothing is sent. What the client sends of its own accord, such as the negotiation, is not
 * asked about. [method@Schema.attach] sets a function that knows what the server takes.
 *
 * Since: 1.0
 */
void
qmp_client_set_check (QmpClient      *self,
                      QmpCheckFunc    check,
                      gpointer        user_data,
                      GDestroyNotify  destroy)
{
  QmpClientCheck *old;

  g_return_if_fail (QMP_IS_CLIENT (self) && qmp_client_is_at_home (self));

  old = g_steal_pointer (&self->check);
  if (check != NULL)
    {
      self->check = g_rc_box_new0 (QmpClientCheck);
      self->check->check = check;
      self->check->user_data = user_data;
      self->check->destroy = destroy;
    }
  else if (destroy != NULL)
    destroy (user_data);
  if (old != NULL)
    release_check (old);
}
