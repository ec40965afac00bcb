/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "agent/qmp-guest-handle-private.h"

QmpGuestStep
qmp_guest_handle_open (QmpGuestOperation  *operation,
                       const char         *path,
                       const char         *mode,
                       GError            **error)
{
  QmpMessage *command = qmp_message_new_parsed ("guest-file-open", error, "{'path': %s, 'mode': %s}", path, mode);

  if (command == NULL)
    return QMP_GUEST_STEP_FAILED;
  operation->kept = TRUE;
  return qmp_guest_operation_send (operation, command);
}

gboolean
qmp_guest_handle_take (QmpGuestHandle     *self,
                       QmpGuestOperation  *operation,
                       QmpMessage         *reply,
                       GError            **error)
{
  operation->kept = FALSE;
  self->is_open = qmp_message_lookup (reply, error, "return", "x", &self->number, NULL);
  return self->is_open;
}

static QmpMessage *
new_close (QmpGuestHandle  *self,
           GError         **error)
{
  return qmp_message_new_parsed ("guest-file-close", error, "{'handle': %x}", self->number);
}

QmpGuestStep
qmp_guest_handle_close (QmpGuestHandle     *self,
                        QmpGuestOperation  *operation,
                        GError            **error)
{
  QmpMessage *command = new_close (self, error);

  if (command == NULL)
    return QMP_GUEST_STEP_FAILED;
  self->is_open = FALSE;
  return qmp_guest_operation_send (operation, command);
}

void
qmp_guest_handle_close_aside (QmpGuestHandle    *self,
                              QmpGuestOperation *operation)
{
  if (!self->is_open)
    return;
  self->is_open = FALSE;
  qmp_guest_operation_send_aside (operation, new_close (self, NULL));
}
