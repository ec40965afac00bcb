/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "client/qmp-client-order-private.h"

/* Commands in one line. */

/**
 * qmp_client_execute_parsed: (skip)
 * @self: a client that is `RUNNING`
 * @cancellable: (nullable): to cancel it
 * @error: return location for an error
 * @command: (not nullable): the name of a command
 * @format: (nullable): the arguments as JSON with holes, an object; `NULL` for none
 * @...: the values for the holes
 *
 * Executes a command with arguments that are written in place, and blocks until the reply came.
 *
 * It is [ctor@Message.new_parsed], which tells what a hole is, and [method@Client.exchange] in one. The reply is a message, to be
 * read with [method@Message.lookup]:
 *
 * ```c
 * g_autoptr(QmpMessage) reply = qmp_client_execute_parsed (vm, NULL, &error, "qom-get",
 *                                                          "{'path': %s, 'property': %s}",
 *                                                          "/machine", "type");
 * g_autofree char *type = reply != NULL ? qmp_message_dup_string (reply, "return", &error) : NULL;
 * ```
 *
 * The errors are those of both, and of [error@CommandError] if the server answered with an error: what is returned is always
 * a success.
 *
 * Returns: (transfer full): the reply, with a member `return`; `NULL` with @error set
 *
 * Since: 1.0
 */
QmpMessage *
qmp_client_execute_parsed (QmpClient     *self,
                           GCancellable  *cancellable,
                           GError       **error,
                           const char    *command,
                           const char    *format,
                           ...)
{
  QmpMessage *reply;
  va_list arguments;

  va_start (arguments, format);
  reply = qmp_client_execute_parsed_va (self, cancellable, error, command, format, &arguments);
  va_end (arguments);

  return reply;
}

/**
 * qmp_client_execute_parsed_va: (skip)
 * @self: a client that is `RUNNING`
 * @cancellable: (nullable): to cancel it
 * @error: return location for an error
 * @command: (not nullable): the name of a command
 * @format: (nullable): the arguments as JSON with holes, an object; `NULL` for none
 * @arguments: (not nullable): the values for the holes; where it stands afterwards is undefined
 *
 * Executes a command as [method@Client.execute_parsed] does.
 *
 * Returns: (transfer full): the reply, with a member `return`; `NULL` with @error set
 *
 * Since: 1.0
 */
QmpMessage *
qmp_client_execute_parsed_va (QmpClient     *self,
                              GCancellable  *cancellable,
                              GError       **error,
                              const char    *command,
                              const char    *format,
                              va_list       *arguments)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);
  g_return_val_if_fail (command != NULL, NULL);
  g_return_val_if_fail (arguments != NULL, NULL);

  return qmp_client_run_parsed (self, command, format, arguments, cancellable, error);
}
