/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "agent/qmp-guest-command-private.h"
#include "agent/qmp-guest-reply-private.h"

#include <string.h>

/* Who may log in. */

/* Takes reply, and NULL for a failure. */
static char **
take_keys (QmpMessage  *reply,
           GError     **error)
{
  g_autoptr(QmpMessage) owned = reply;
  g_autoptr(GStrvBuilder) keys = g_strv_builder_new ();
  g_autoptr(GError) problem = NULL;
  guint n_keys;

  if (reply == NULL)
    return NULL;
  n_keys = qmp_message_get_n_elements (reply, "return.keys", &problem);
  if (problem != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&problem));
      return NULL;
    }
  for (guint i = 0; i < n_keys; i++)
    {
      g_autofree char *path = g_strdup_printf ("return.keys[%u]", i);
      g_autofree char *key = qmp_message_dup_string (reply, path, error);

      if (key == NULL)
        return NULL;
      g_strv_builder_add (keys, key);
    }
  return g_strv_builder_end (keys);
}

static QmpMessage *
new_set_password (const char  *username,
                  const char  *password,
                  gboolean     crypted,
                  GError     **error)
{
  g_autofree char *base64 = g_base64_encode ((const guchar *) password, strlen (password));

  return qmp_message_new_parsed ("guest-set-user-password", error,
                                 "{'username': %s, 'password': %s, 'crypted': %b}", username, base64, crypted);
}

static QmpMessage *
new_add_keys (const char          *username,
              const char * const  *keys,
              gboolean             reset,
              GError             **error)
{
  g_autoptr(JsonNode) list = qmp_guest_strings_to_node (keys);

  return qmp_message_new_parsed ("guest-ssh-add-authorized-keys", error,
                                 "{'username': %s, 'keys': %v, 'reset': %b}", username, list, reset);
}

static QmpMessage *
new_remove_keys (const char          *username,
                 const char * const  *keys,
                 GError             **error)
{
  g_autoptr(JsonNode) list = qmp_guest_strings_to_node (keys);

  return qmp_message_new_parsed ("guest-ssh-remove-authorized-keys", error,
                                 "{'username': %s, 'keys': %v}", username, list);
}

/**
 * qmp_guest_agent_set_user_password_async:
 * @self: a guest agent
 * @username: the name of the account
 * @password: the password
 * @crypted: whether @password is a hash already, as it stands in `/etc/shadow`
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async) (closure user_data): called when the agent has answered, or will not
 * @user_data: data for @callback
 *
 * Sets the password of an account of the guest.
 *
 * The password goes to the agent as it is, but for base64 (`guest-set-user-password`). What [signal@Client::wire] and
 * the log show of it is a placeholder, as of all secrets.
 *
 * Errors are in [method@GuestAgent.set_user_password_finish].
 *
 * Since: 1.0
 */
void
qmp_guest_agent_set_user_password_async (QmpGuestAgent       *self,
                                         const char          *username,
                                         const char          *password,
                                         gboolean             crypted,
                                         GCancellable        *cancellable,
                                         GAsyncReadyCallback  callback,
                                         gpointer             user_data)
{
  GError *mistake = NULL;
  QmpMessage *command;

  g_return_if_fail (QMP_IS_GUEST_AGENT (self));
  g_return_if_fail (username != NULL);
  g_return_if_fail (password != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  command = new_set_password (username, password, crypted, &mistake);
  qmp_guest_command_start (self, command, mistake, cancellable, callback, user_data,
                           qmp_guest_agent_set_user_password_async);
}

/**
 * qmp_guest_agent_set_user_password_finish:
 * @self: a guest agent
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Ends [method@GuestAgent.set_user_password_async].
 *
 * Errors are those of [method@Client.execute_finish], of which [error@CommandError] is the agent's own: it cannot, or
 * will not.
 *
 * Returns: `TRUE` on success
 *
 * Since: 1.0
 */
gboolean
qmp_guest_agent_set_user_password_finish (QmpGuestAgent  *self,
                                          GAsyncResult   *result,
                                          GError        **error)
{
  g_return_val_if_fail (QMP_IS_GUEST_AGENT (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_guest_agent_set_user_password_async), FALSE);

  return qmp_guest_reply_take_done (g_task_propagate_pointer (G_TASK (result), error));
}

/**
 * qmp_guest_agent_set_user_password:
 * @self: a guest agent
 * @username: the name of the account
 * @password: the password
 * @crypted: whether @password is a hash already, as it stands in `/etc/shadow`
 * @cancellable: (nullable): cancels the call
 * @error: where to store an error
 *
 * Sets the password of an account of the guest; blocks until the agent has answered.
 *
 * The blocking form of [method@GuestAgent.set_user_password_async], with the errors of
 * [method@GuestAgent.set_user_password_finish].
 *
 * Returns: `TRUE` on success
 *
 * Since: 1.0
 */
gboolean
qmp_guest_agent_set_user_password (QmpGuestAgent  *self,
                                   const char     *username,
                                   const char     *password,
                                   gboolean        crypted,
                                   GCancellable   *cancellable,
                                   GError        **error)
{
  GError *mistake = NULL;
  QmpMessage *command;

  g_return_val_if_fail (QMP_IS_GUEST_AGENT (self), FALSE);
  g_return_val_if_fail (username != NULL, FALSE);
  g_return_val_if_fail (password != NULL, FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);

  command = new_set_password (username, password, crypted, &mistake);
  return qmp_guest_reply_take_done (qmp_guest_command_run (self, command, mistake, cancellable, error));
}

/**
 * qmp_guest_agent_get_authorized_keys_async:
 * @self: a guest agent
 * @username: the name of the account
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async) (closure user_data): called when the agent has answered, or will not
 * @user_data: data for @callback
 *
 * Asks for the SSH keys that may log in to an account of the guest.
 *
 * Errors are in [method@GuestAgent.get_authorized_keys_finish].
 *
 * Since: 1.0
 */
void
qmp_guest_agent_get_authorized_keys_async (QmpGuestAgent       *self,
                                           const char          *username,
                                           GCancellable        *cancellable,
                                           GAsyncReadyCallback  callback,
                                           gpointer             user_data)
{
  GError *mistake = NULL;
  QmpMessage *command;

  g_return_if_fail (QMP_IS_GUEST_AGENT (self));
  g_return_if_fail (username != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  command = qmp_message_new_parsed ("guest-ssh-get-authorized-keys", &mistake, "{'username': %s}", username);
  qmp_guest_command_start (self, command, mistake, cancellable, callback, user_data,
                           qmp_guest_agent_get_authorized_keys_async);
}

/**
 * qmp_guest_agent_get_authorized_keys_finish:
 * @self: a guest agent
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Ends [method@GuestAgent.get_authorized_keys_async].
 *
 * Errors are those of [method@Client.execute_finish], of which [error@CommandError] is the agent's own: it cannot, or
 * will not.
 *
 * Returns: (transfer full) (array zero-terminated=1) (not nullable): the keys, each a line as in `authorized_keys`
 *
 * Since: 1.0
 */
char **
qmp_guest_agent_get_authorized_keys_finish (QmpGuestAgent  *self,
                                            GAsyncResult   *result,
                                            GError        **error)
{
  g_return_val_if_fail (QMP_IS_GUEST_AGENT (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_guest_agent_get_authorized_keys_async), NULL);

  return take_keys (g_task_propagate_pointer (G_TASK (result), error), error);
}

/**
 * qmp_guest_agent_get_authorized_keys:
 * @self: a guest agent
 * @username: the name of the account
 * @cancellable: (nullable): cancels the call
 * @error: where to store an error
 *
 * Asks for the SSH keys that may log in to an account of the guest; blocks until the agent has answered.
 *
 * The blocking form of [method@GuestAgent.get_authorized_keys_async], with the errors of
 * [method@GuestAgent.get_authorized_keys_finish].
 *
 * Returns: (transfer full) (array zero-terminated=1) (not nullable): the keys, each a line as in `authorized_keys`
 *
 * Since: 1.0
 */
char **
qmp_guest_agent_get_authorized_keys (QmpGuestAgent  *self,
                                     const char     *username,
                                     GCancellable   *cancellable,
                                     GError        **error)
{
  GError *mistake = NULL;
  QmpMessage *command;

  g_return_val_if_fail (QMP_IS_GUEST_AGENT (self), NULL);
  g_return_val_if_fail (username != NULL, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);

  command = qmp_message_new_parsed ("guest-ssh-get-authorized-keys", &mistake, "{'username': %s}", username);
  return take_keys (qmp_guest_command_run (self, command, mistake, cancellable, error), error);
}

/**
 * qmp_guest_agent_add_authorized_keys_async:
 * @self: a guest agent
 * @username: the name of the account
 * @keys: (array zero-terminated=1): the keys, each a line as in `authorized_keys`
 * @reset: whether all other keys are removed
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async) (closure user_data): called when the agent has answered, or will not
 * @user_data: data for @callback
 *
 * Lets SSH keys log in to an account of the guest.
 *
 * Errors are in [method@GuestAgent.add_authorized_keys_finish].
 *
 * Since: 1.0
 */
void
qmp_guest_agent_add_authorized_keys_async (QmpGuestAgent       *self,
                                           const char          *username,
                                           const char * const  *keys,
                                           gboolean             reset,
                                           GCancellable        *cancellable,
                                           GAsyncReadyCallback  callback,
                                           gpointer             user_data)
{
  GError *mistake = NULL;
  QmpMessage *command;

  g_return_if_fail (QMP_IS_GUEST_AGENT (self));
  g_return_if_fail (username != NULL);
  g_return_if_fail (keys != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  command = new_add_keys (username, keys, reset, &mistake);
  qmp_guest_command_start (self, command, mistake, cancellable, callback, user_data,
                           qmp_guest_agent_add_authorized_keys_async);
}

/**
 * qmp_guest_agent_add_authorized_keys_finish:
 * @self: a guest agent
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Ends [method@GuestAgent.add_authorized_keys_async].
 *
 * Errors are those of [method@Client.execute_finish], of which [error@CommandError] is the agent's own: it cannot, or
 * will not.
 *
 * Returns: `TRUE` on success
 *
 * Since: 1.0
 */
gboolean
qmp_guest_agent_add_authorized_keys_finish (QmpGuestAgent  *self,
                                            GAsyncResult   *result,
                                            GError        **error)
{
  g_return_val_if_fail (QMP_IS_GUEST_AGENT (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_guest_agent_add_authorized_keys_async), FALSE);

  return qmp_guest_reply_take_done (g_task_propagate_pointer (G_TASK (result), error));
}

/**
 * qmp_guest_agent_add_authorized_keys:
 * @self: a guest agent
 * @username: the name of the account
 * @keys: (array zero-terminated=1): the keys, each a line as in `authorized_keys`
 * @reset: whether all other keys are removed
 * @cancellable: (nullable): cancels the call
 * @error: where to store an error
 *
 * Lets SSH keys log in to an account of the guest; blocks until the agent has answered.
 *
 * The blocking form of [method@GuestAgent.add_authorized_keys_async], with the errors of
 * [method@GuestAgent.add_authorized_keys_finish].
 *
 * Returns: `TRUE` on success
 *
 * Since: 1.0
 */
gboolean
qmp_guest_agent_add_authorized_keys (QmpGuestAgent       *self,
                                     const char          *username,
                                     const char * const  *keys,
                                     gboolean             reset,
                                     GCancellable        *cancellable,
                                     GError             **error)
{
  GError *mistake = NULL;
  QmpMessage *command;

  g_return_val_if_fail (QMP_IS_GUEST_AGENT (self), FALSE);
  g_return_val_if_fail (username != NULL, FALSE);
  g_return_val_if_fail (keys != NULL, FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);

  command = new_add_keys (username, keys, reset, &mistake);
  return qmp_guest_reply_take_done (qmp_guest_command_run (self, command, mistake, cancellable, error));
}

/**
 * qmp_guest_agent_remove_authorized_keys_async:
 * @self: a guest agent
 * @username: the name of the account
 * @keys: (array zero-terminated=1): the keys, each a line as in `authorized_keys`
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async) (closure user_data): called when the agent has answered, or will not
 * @user_data: data for @callback
 *
 * Lets SSH keys not log in any more to an account of the guest.
 *
 * A key that is not there is not an error (`guest-ssh-remove-authorized-keys`).
 *
 * Errors are in [method@GuestAgent.remove_authorized_keys_finish].
 *
 * Since: 1.0
 */
void
qmp_guest_agent_remove_authorized_keys_async (QmpGuestAgent       *self,
                                              const char          *username,
                                              const char * const  *keys,
                                              GCancellable        *cancellable,
                                              GAsyncReadyCallback  callback,
                                              gpointer             user_data)
{
  GError *mistake = NULL;
  QmpMessage *command;

  g_return_if_fail (QMP_IS_GUEST_AGENT (self));
  g_return_if_fail (username != NULL);
  g_return_if_fail (keys != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  command = new_remove_keys (username, keys, &mistake);
  qmp_guest_command_start (self, command, mistake, cancellable, callback, user_data,
                           qmp_guest_agent_remove_authorized_keys_async);
}

/**
 * qmp_guest_agent_remove_authorized_keys_finish:
 * @self: a guest agent
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Ends [method@GuestAgent.remove_authorized_keys_async].
 *
 * Errors are those of [method@Client.execute_finish], of which [error@CommandError] is the agent's own: it cannot, or
 * will not.
 *
 * Returns: `TRUE` on success
 *
 * Since: 1.0
 */
gboolean
qmp_guest_agent_remove_authorized_keys_finish (QmpGuestAgent  *self,
                                               GAsyncResult   *result,
                                               GError        **error)
{
  g_return_val_if_fail (QMP_IS_GUEST_AGENT (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_guest_agent_remove_authorized_keys_async), FALSE);

  return qmp_guest_reply_take_done (g_task_propagate_pointer (G_TASK (result), error));
}

/**
 * qmp_guest_agent_remove_authorized_keys:
 * @self: a guest agent
 * @username: the name of the account
 * @keys: (array zero-terminated=1): the keys, each a line as in `authorized_keys`
 * @cancellable: (nullable): cancels the call
 * @error: where to store an error
 *
 * Lets SSH keys not log in any more to an account of the guest; blocks until the agent has answered.
 *
 * The blocking form of [method@GuestAgent.remove_authorized_keys_async], with the errors of
 * [method@GuestAgent.remove_authorized_keys_finish].
 *
 * Returns: `TRUE` on success
 *
 * Since: 1.0
 */
gboolean
qmp_guest_agent_remove_authorized_keys (QmpGuestAgent       *self,
                                        const char          *username,
                                        const char * const  *keys,
                                        GCancellable        *cancellable,
                                        GError             **error)
{
  GError *mistake = NULL;
  QmpMessage *command;

  g_return_val_if_fail (QMP_IS_GUEST_AGENT (self), FALSE);
  g_return_val_if_fail (username != NULL, FALSE);
  g_return_val_if_fail (keys != NULL, FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);

  command = new_remove_keys (username, keys, &mistake);
  return qmp_guest_reply_take_done (qmp_guest_command_run (self, command, mistake, cancellable, error));
}
