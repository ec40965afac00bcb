/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <qmp-glib/qmp-address.h>
#include <qmp-glib/qmp-client.h>

#include "core/qmp-task-private.h"

/* A client that is open when it is made. */

static void
opened_cb (GObject      *source,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  GError *error = NULL;

  if (qmp_client_open_finish (QMP_CLIENT (source), result, &error))
    g_task_return_pointer (task, g_object_ref (source), g_object_unref);
  else
    g_task_return_error (task, error);
}

/**
 * qmp_client_new_for_address_async:
 * @address: (not nullable): an address as [func@address_parse] reads it
 * @cancellable: (nullable): to cancel it
 * @callback: (scope async) (closure user_data): called when the client is open, or could not be opened
 * @user_data: data for @callback
 *
 * Makes a client and opens it.
 *
 * It is [ctor@Client.new], [func@address_parse] and [method@Client.open_async] in one, for a client whose properties are
 * left as they are.
 *
 * Since: 1.0
 */
void
qmp_client_new_for_address_async (const char          *address,
                                  GCancellable        *cancellable,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;
  g_autoptr(GSocketConnectable) connectable = NULL;
  g_autoptr(QmpClient) client = NULL;
  GError *error = NULL;

  g_return_if_fail (address != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (task, qmp_client_new_for_address_async);
  /* A client that is open is not thrown away because it is cancelled now. */
  g_task_set_check_cancellable (task, FALSE);
  connectable = qmp_address_parse (address, &error);
  if (connectable == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  client = qmp_client_new (NULL);
  qmp_client_open_async (client, connectable, cancellable, opened_cb, g_steal_pointer (&task));
}

/**
 * qmp_client_new_for_address_finish:
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [func@Client.new_for_address_async].
 *
 * The errors are those of [func@address_parse] and of [method@Client.open_finish]. Nothing is left behind.
 *
 * Returns: (transfer full): the client, which is `RUNNING`; `NULL` with @error set
 *
 * Since: 1.0
 */
QmpClient *
qmp_client_new_for_address_finish (GAsyncResult  *result,
                                   GError       **error)
{
  g_return_val_if_fail (qmp_task_is_valid (result, NULL, qmp_client_new_for_address_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * qmp_client_new_for_address:
 * @address: (not nullable): an address as [func@address_parse] reads it
 * @cancellable: (nullable): to cancel it
 * @error: return location for an error
 *
 * Makes a client and opens it, and blocks until that is done.
 *
 * It is [ctor@Client.new], [func@address_parse] and [method@Client.open] in one, for a client whose properties are left as
 * they are. The errors are those of the two.
 *
 * ```c
 * g_autoptr(QmpClient) vm = qmp_client_new_for_address ("/tmp/vm.sock", NULL, &error);
 * ```
 *
 * Returns: (transfer full): the client, which is `RUNNING`; `NULL` with @error set
 *
 * Since: 1.0
 */
QmpClient *
qmp_client_new_for_address (const char    *address,
                            GCancellable  *cancellable,
                            GError       **error)
{
  g_autoptr(GSocketConnectable) connectable = NULL;
  g_autoptr(QmpClient) client = NULL;

  g_return_val_if_fail (address != NULL, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  connectable = qmp_address_parse (address, error);
  if (connectable == NULL)
    return NULL;
  client = qmp_client_new (NULL);
  if (!qmp_client_open (client, connectable, cancellable, error))
    return NULL;

  return g_steal_pointer (&client);
}
