/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "message/qmp-reply-private.h"

/**
 * qmp_message_check_reply:
 * @self: a reply, as [method@Client.exchange_finish] gives it
 * @command: (nullable): the command that it answers, which the error is to have with it
 * @error: where to store an error
 *
 * Tells whether a reply says that its command was done.
 *
 * It makes of the error in a reply what [method@Client.execute_finish] would have: one of [error@CommandError], with
 * [func@CommandError.get_sent] and its sisters. A reply without members, which stands for silence that is a success, is
 * one, too.
 *
 * Returns: `TRUE`; `FALSE` with @error set if the reply is the server's error
 *
 * Since: 1.0
 */
gboolean
qmp_message_check_reply (QmpMessage  *self,
                         QmpMessage  *command,
                         GError     **error)
{
  GError *refusal;

  g_return_val_if_fail (QMP_IS_MESSAGE (self), FALSE);
  g_return_val_if_fail (command == NULL || QMP_IS_MESSAGE (command), FALSE);

  refusal = qmp_reply_dup_error (self, command);
  if (refusal == NULL)
    return TRUE;
  g_propagate_error (error, refusal);
  return FALSE;
}
