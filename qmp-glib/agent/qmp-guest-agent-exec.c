/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "agent/qmp-guest-exec-result-private.h"
#include "agent/qmp-guest-operation-private.h"
#include "agent/qmp-guest-reply-private.h"

#include <glib/gi18n-lib.h>

/* How often is asked whether the program has ended, in milliseconds: soon, then less and less often. */
#define FIRST_PAUSE 5
#define LAST_PAUSE 500

/* Input goes with the command, whose strings QEMU's agent reads up to 64 MiB. */
#define MAX_STDIN (47 * 1024 * 1024)

typedef struct {
  QmpGuestOperation  operation;
  QmpMessage        *command;
  GError            *mistake;   /* why there is no command */
  gint64             pid;
  gboolean           started;
  int                pause;
} Exec;

/* --- the command --- */

static const char *
get_capture (QmpGuestExecFlags flags)
{
  if (flags & QMP_GUEST_EXEC_DISCARD_OUTPUT)
    return "false";
  return flags & QMP_GUEST_EXEC_MERGE_OUTPUT ? "\"merged\"" : "true";
}

static gboolean
add_input (JsonObject  *arguments,
           GBytes      *input,
           GError     **error)
{
  g_autofree char *base64 = NULL;
  gconstpointer data;
  gsize size;

  if (input == NULL)
    return TRUE;
  data = g_bytes_get_data (input, &size);
  if (size > MAX_STDIN)
    {
      g_set_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_TOO_LARGE,
                   _("The input is too long for a guest agent, which takes %u MiB"), MAX_STDIN / (1024 * 1024));
      return FALSE;
    }
  base64 = g_base64_encode (data, size);
  json_object_set_string_member (arguments, "input-data", base64);
  return TRUE;
}

static QmpMessage *
new_command (const char * const  *argv,
             const char * const  *env,
             GBytes              *input,
             QmpGuestExecFlags    flags,
             GError             **error)
{
  g_autoptr(JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *arguments = json_object_new ();

  json_node_take_object (node, arguments);
  json_object_set_string_member (arguments, "path", argv[0]);
  json_object_set_member (arguments, "arg", qmp_guest_strings_to_node (argv + 1));
  json_object_set_member (arguments, "capture-output", json_from_string (get_capture (flags), NULL));
  if (env != NULL)
    json_object_set_member (arguments, "env", qmp_guest_strings_to_node (env));
  return add_input (arguments, input, error) ? qmp_message_new_command ("guest-exec", node, error) : NULL;
}

/* --- the steps --- */

static QmpGuestStep
ask (Exec    *self,
     GError **error)
{
  QmpMessage *command = qmp_message_new_parsed ("guest-exec-status", error, "{'pid': %x}", self->pid);

  return command != NULL ? qmp_guest_operation_send (&self->operation, command) : QMP_GUEST_STEP_FAILED;
}

static QmpGuestStep
take_status (Exec        *self,
             QmpMessage  *reply,
             GError     **error)
{
  QmpGuestExecResult *result;
  gboolean exited;

  if (!qmp_message_lookup (reply, error, "return.exited", "b", &exited, NULL))
    return QMP_GUEST_STEP_FAILED;
  if (!exited)
    {
      self->pause = MIN (2 * self->pause, LAST_PAUSE);
      return qmp_guest_operation_pause (&self->operation, self->pause / 2);
    }
  result = qmp_guest_exec_result_new (reply, error);
  return result != NULL ? qmp_guest_operation_done (&self->operation, result, g_object_unref) : QMP_GUEST_STEP_FAILED;
}

static QmpGuestStep
next (QmpGuestOperation  *operation,
      QmpMessage         *reply,
      GError            **error)
{
  Exec *self = (Exec *) operation;

  if (self->started)
    return reply != NULL ? take_status (self, reply, error) : ask (self, error);
  if (reply == NULL)
    {
      if (self->mistake != NULL)
        g_propagate_error (error, g_steal_pointer (&self->mistake));
      return self->command != NULL ? qmp_guest_operation_send (operation, g_steal_pointer (&self->command))
                                   : QMP_GUEST_STEP_FAILED;
    }
  self->started = qmp_message_lookup (reply, error, "return.pid", "x", &self->pid, NULL);
  return self->started ? ask (self, error) : QMP_GUEST_STEP_FAILED;
}

/* Says what is known of a program that was started. Nothing ends it: an agent cannot. */
static QmpGuestStep
failed (QmpGuestOperation  *operation,
        GError            **error)
{
  Exec *self = (Exec *) operation;
  g_autoptr(GError) cause = NULL;
  g_autofree char *pid = NULL;

  if (!self->started)
    return QMP_GUEST_STEP_FAILED;
  pid = g_strdup_printf ("%" G_GINT64_FORMAT, self->pid);
  if (g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) && qmp_guest_operation_is_late (operation))
    {
      g_clear_error (error);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("The program still runs in the guest, as process %s"), pid);
    }
  else if (g_error_matches (*error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC))
    {
      cause = g_steal_pointer (error);
      g_set_error (error, QMP_GUEST_AGENT_ERROR, QMP_GUEST_AGENT_ERROR_LOST,
                   _("The guest agent does not know any more how process %s has ended: %s"), pid, cause->message);
    }
  return QMP_GUEST_STEP_FAILED;
}

static void
clear (QmpGuestOperation *operation)
{
  Exec *self = (Exec *) operation;

  g_clear_object (&self->command);
  g_clear_error (&self->mistake);
}

static const QmpGuestOperationFuncs funcs = { next, failed, clear };

static QmpGuestOperation *
exec_new (QmpGuestAgent       *agent,
          const char * const  *argv,
          const char * const  *env,
          GBytes              *input,
          QmpGuestExecFlags    flags,
          int                  timeout)
{
  Exec *self = g_new0 (Exec, 1);

  qmp_guest_operation_init (&self->operation, &funcs, agent, timeout);
  self->command = new_command (argv, env, input, flags, &self->mistake);
  self->pause = FIRST_PAUSE;
  return &self->operation;
}

/**
 * qmp_guest_agent_exec_async:
 * @self: a guest agent
 * @argv: (array zero-terminated=1): the program, by its path or its name, and its arguments
 * @env: (array zero-terminated=1) (nullable): the variables of its environment, each as `NAME=VALUE`, and no others;
 *   `NULL` for those of the agent
 * @input: (nullable): what it reads from its standard input, at most 47 MiB; `NULL` for nothing
 * @flags: what becomes of its output
 * @timeout: how long all of it may take: milliseconds, `QMP_TIMEOUT_NONE` for as long as it takes,
 *   `QMP_TIMEOUT_CLIENT` for [property@Client:timeout]
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async) (closure user_data): called when the program has ended, or the call has
 * @user_data: data for @callback
 *
 * Runs a program in the guest until it ends.
 *
 * The agent starts it (`guest-exec`) and keeps what it prints; then it is asked (`guest-exec-status`) whether the
 * program has ended: after 5 ms, and less and less often, up to twice a second. Each of these commands has
 * [property@Client:timeout] at most.
 *
 * No shell is involved: what needs one runs `sh`, `-c` and the line.
 *
 * A call that ends before the program leaves that running: an agent cannot end it. See
 * [method@GuestAgent.exec_finish] for how it can fail.
 *
 * Since: 1.0
 */
void
qmp_guest_agent_exec_async (QmpGuestAgent       *self,
                            const char * const  *argv,
                            const char * const  *env,
                            GBytes              *input,
                            QmpGuestExecFlags    flags,
                            int                  timeout,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  g_return_if_fail (QMP_IS_GUEST_AGENT (self));
  g_return_if_fail (argv != NULL && argv[0] != NULL);
  g_return_if_fail (timeout >= QMP_TIMEOUT_CLIENT);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  qmp_guest_operation_start (exec_new (self, argv, env, input, flags, timeout), cancellable, callback, user_data,
                             qmp_guest_agent_exec_async);
}

/**
 * qmp_guest_agent_exec_finish:
 * @self: a guest agent
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Ends [method@GuestAgent.exec_async].
 *
 * A program that has ended is a success, whatever its exit status. Errors are:
 *
 * - [error@CommandError]: the agent could not start it, such as a program that is not there, or refuses the command:
 *   `QMP_COMMAND_ERROR_COMMAND_NOT_FOUND` where the guest's administrator has disabled it. The text names it;
 * - `G_IO_ERROR_TIMED_OUT`, `G_IO_ERROR_CANCELLED`: given up. If the program was started it still runs, and if
 *   @timeout is over the text says as which process;
 * - `QMP_GUEST_AGENT_ERROR_LOST`: it was started, and how it ended is not known: the agent was restarted meanwhile;
 * - `QMP_CLIENT_ERROR_INTERRUPTED`: the link ended. The program may or may not have been started, and runs on;
 * - `QMP_PROTOCOL_ERROR_TOO_LARGE`: the input is too long; nothing was sent;
 * - those of [method@Client.execute_finish] else; with `QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE`,
 *   `QMP_PROTOCOL_ERROR_NOT_FOUND` and `QMP_PROTOCOL_ERROR_BAD_REPLY` the agent answers as none should.
 *
 * Returns: (transfer full) (not nullable): how it ended, and what it printed
 *
 * Since: 1.0
 */
QmpGuestExecResult *
qmp_guest_agent_exec_finish (QmpGuestAgent  *self,
                             GAsyncResult   *result,
                             GError        **error)
{
  g_return_val_if_fail (QMP_IS_GUEST_AGENT (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_guest_agent_exec_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * qmp_guest_agent_exec:
 * @self: a guest agent
 * @argv: (array zero-terminated=1): the program, by its path or its name, and its arguments
 * @env: (array zero-terminated=1) (nullable): the variables of its environment, each as `NAME=VALUE`, and no others;
 *   `NULL` for those of the agent
 * @input: (nullable): what it reads from its standard input, at most 47 MiB; `NULL` for nothing
 * @flags: what becomes of its output
 * @timeout: how long all of it may take: milliseconds, `QMP_TIMEOUT_NONE` for as long as it takes,
 *   `QMP_TIMEOUT_CLIENT` for [property@Client:timeout]
 * @cancellable: (nullable): cancels the call
 * @error: where to store an error
 *
 * Runs a program in the guest; blocks until it ends.
 *
 * The blocking form of [method@GuestAgent.exec_async], with the errors of [method@GuestAgent.exec_finish]. No main
 * loop is needed, and none is run.
 *
 * Returns: (transfer full) (not nullable): how it ended, and what it printed
 *
 * Since: 1.0
 */
QmpGuestExecResult *
qmp_guest_agent_exec (QmpGuestAgent       *self,
                      const char * const  *argv,
                      const char * const  *env,
                      GBytes              *input,
                      QmpGuestExecFlags    flags,
                      int                  timeout,
                      GCancellable        *cancellable,
                      GError             **error)
{
  g_return_val_if_fail (QMP_IS_GUEST_AGENT (self), NULL);
  g_return_val_if_fail (argv != NULL && argv[0] != NULL, NULL);
  g_return_val_if_fail (timeout >= QMP_TIMEOUT_CLIENT, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);

  return qmp_guest_operation_run (exec_new (self, argv, env, input, flags, timeout), cancellable, error);
}
