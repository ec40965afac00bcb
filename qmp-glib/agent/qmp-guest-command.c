/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "agent/qmp-guest-command-private.h"

typedef struct {
  QmpGuestOperation  operation;
  QmpMessage        *command;   /* until it is sent */
  GError            *mistake;
} Command;

static QmpGuestStep
next (QmpGuestOperation  *operation,
      QmpMessage         *reply,
      GError            **error)
{
  Command *self = (Command *) operation;

  if (reply != NULL)
    return qmp_guest_operation_done (operation, g_object_ref (reply), g_object_unref);
  if (self->command != NULL)
    return qmp_guest_operation_send (operation, g_steal_pointer (&self->command));
  g_propagate_error (error, g_steal_pointer (&self->mistake));
  return QMP_GUEST_STEP_FAILED;
}

static void
clear (QmpGuestOperation *operation)
{
  Command *self = (Command *) operation;

  g_clear_object (&self->command);
  g_clear_error (&self->mistake);
}

static const QmpGuestOperationFuncs funcs = { next, NULL, clear };

static QmpGuestOperation *
command_new (QmpGuestAgent *agent,
             QmpMessage    *command,
             GError        *mistake)
{
  Command *self = g_new0 (Command, 1);

  qmp_guest_operation_init (&self->operation, &funcs, agent, QMP_TIMEOUT_NONE);
  self->command = command;
  self->mistake = mistake;
  return &self->operation;
}

void
qmp_guest_command_start (QmpGuestAgent       *agent,
                         QmpMessage          *command,
                         GError              *mistake,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data,
                         gpointer             source_tag)
{
  qmp_guest_operation_start (command_new (agent, command, mistake), cancellable, callback, user_data, source_tag);
}

QmpMessage *
qmp_guest_command_run (QmpGuestAgent  *agent,
                       QmpMessage     *command,
                       GError         *mistake,
                       GCancellable   *cancellable,
                       GError        **error)
{
  return qmp_guest_operation_run (command_new (agent, command, mistake), cancellable, error);
}
