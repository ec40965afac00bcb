/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "agent/qmp-guest-exec-result-private.h"

#include "agent/qmp-guest-reply-private.h"

/**
 * QmpGuestExecResult:
 *
 * How a program in a guest has ended, and what it printed.
 *
 * [method@GuestAgent.exec_async] makes it; it does not change.
 *
 * Since: 1.0
 */

struct _QmpGuestExecResult {
  GObject     parent_instance;

  QmpMessage *reply;
  int         exit_status;
  gint64      signal;
  GBytes     *output;
  GBytes     *error_output;
};

enum {
  PROP_0,
  PROP_EXIT_STATUS,
  PROP_SIGNAL,
  PROP_OUTPUT,
  PROP_ERROR_OUTPUT,
  PROP_OUTPUT_TRUNCATED,
  PROP_ERROR_OUTPUT_TRUNCATED,
  PROP_REPLY,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (QmpGuestExecResult, qmp_guest_exec_result, G_TYPE_OBJECT)

static void
qmp_guest_exec_result_finalize (GObject *object)
{
  QmpGuestExecResult *self = QMP_GUEST_EXEC_RESULT (object);

  g_clear_object (&self->reply);
  g_clear_pointer (&self->output, g_bytes_unref);
  g_clear_pointer (&self->error_output, g_bytes_unref);

  G_OBJECT_CLASS (qmp_guest_exec_result_parent_class)->finalize (object);
}

static void
qmp_guest_exec_result_get_property (GObject    *object,
                                    guint       property_id,
                                    GValue     *value,
                                    GParamSpec *pspec)
{
  QmpGuestExecResult *self = QMP_GUEST_EXEC_RESULT (object);

  switch (property_id)
    {
    case PROP_EXIT_STATUS:
      g_value_set_int (value, self->exit_status);
      break;
    case PROP_SIGNAL:
      g_value_set_int64 (value, self->signal);
      break;
    case PROP_OUTPUT:
      g_value_set_boxed (value, self->output);
      break;
    case PROP_ERROR_OUTPUT:
      g_value_set_boxed (value, self->error_output);
      break;
    case PROP_OUTPUT_TRUNCATED:
      g_value_set_boolean (value, qmp_guest_exec_result_get_output_truncated (self));
      break;
    case PROP_ERROR_OUTPUT_TRUNCATED:
      g_value_set_boolean (value, qmp_guest_exec_result_get_error_output_truncated (self));
      break;
    case PROP_REPLY:
      g_value_set_object (value, self->reply);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
qmp_guest_exec_result_class_init (QmpGuestExecResultClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->finalize = qmp_guest_exec_result_finalize;
  object_class->get_property = qmp_guest_exec_result_get_property;

  /**
   * QmpGuestExecResult:exit-status: (getter get_exit_status)
   *
   * The program's exit status, or -1 if a signal ended it.
   *
   * Since: 1.0
   */
  properties[PROP_EXIT_STATUS] = g_param_spec_int ("exit-status", NULL, NULL, G_MININT, G_MAXINT, -1, flags);

  /**
   * QmpGuestExecResult:signal: (getter get_signal)
   *
   * The number of the signal that ended the program, or, in Windows, the code of the exception; 0 for neither.
   *
   * Since: 1.0
   */
  properties[PROP_SIGNAL] = g_param_spec_int64 ("signal", NULL, NULL, G_MININT64, G_MAXINT64, 0, flags);

  /**
   * QmpGuestExecResult:output: (getter get_output)
   *
   * What the program printed; empty if it was discarded.
   *
   * Since: 1.0
   */
  properties[PROP_OUTPUT] = g_param_spec_boxed ("output", NULL, NULL, G_TYPE_BYTES, flags);

  /**
   * QmpGuestExecResult:error-output: (getter get_error_output)
   *
   * What the program printed as errors; empty if it was discarded, or merged into [property@GuestExecResult:output].
   *
   * Since: 1.0
   */
  properties[PROP_ERROR_OUTPUT] = g_param_spec_boxed ("error-output", NULL, NULL, G_TYPE_BYTES, flags);

  /**
   * QmpGuestExecResult:output-truncated: (getter get_output_truncated)
   *
   * Whether the agent has dropped what came behind [property@GuestExecResult:output], which was too long for it.
   *
   * Since: 1.0
   */
  properties[PROP_OUTPUT_TRUNCATED] = g_param_spec_boolean ("output-truncated", NULL, NULL, FALSE, flags);

  /**
   * QmpGuestExecResult:error-output-truncated: (getter get_error_output_truncated)
   *
   * Whether the agent has dropped what came behind [property@GuestExecResult:error-output], which was too long for it.
   *
   * Since: 1.0
   */
  properties[PROP_ERROR_OUTPUT_TRUNCATED] = g_param_spec_boolean ("error-output-truncated", NULL, NULL, FALSE, flags);

  /**
   * QmpGuestExecResult:reply: (getter get_reply)
   *
   * The reply of `guest-exec-status`, for what else it may say.
   *
   * Since: 1.0
   */
  properties[PROP_REPLY] = g_param_spec_object ("reply", NULL, NULL, QMP_TYPE_MESSAGE, flags);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
qmp_guest_exec_result_init (QmpGuestExecResult *self)
{
  self->exit_status = -1;
}

/* One of the two has to be there. */
static gboolean
read_end (QmpGuestExecResult  *self,
          GError             **error)
{
  if (qmp_message_has_path (self->reply, "return.exitcode"))
    return qmp_message_lookup (self->reply, error, "return.exitcode", "i", &self->exit_status, NULL);
  if (!qmp_message_lookup (self->reply, error, "return.signal", "?x", &self->signal, NULL))
    return FALSE;
  return self->signal != 0 || qmp_guest_reply_fail ("guest-exec-status", error);
}

QmpGuestExecResult *
qmp_guest_exec_result_new (QmpMessage  *reply,
                           GError     **error)
{
  g_autoptr(QmpGuestExecResult) self = g_object_new (QMP_TYPE_GUEST_EXEC_RESULT, NULL);

  self->reply = g_object_ref (reply);
  if (!read_end (self, error))
    return NULL;
  self->output = qmp_guest_reply_dup_bytes (reply, "return.out-data", error);
  if (self->output == NULL)
    return NULL;
  self->error_output = qmp_guest_reply_dup_bytes (reply, "return.err-data", error);
  return self->error_output != NULL ? g_steal_pointer (&self) : NULL;
}

/**
 * qmp_guest_exec_result_get_exit_status: (get-property exit-status)
 * @self: a result
 *
 * The program's exit status.
 *
 * Returns: the exit status, or -1 if a signal ended the program
 *
 * Since: 1.0
 */
int
qmp_guest_exec_result_get_exit_status (QmpGuestExecResult *self)
{
  g_return_val_if_fail (QMP_IS_GUEST_EXEC_RESULT (self), -1);

  return self->exit_status;
}

/**
 * qmp_guest_exec_result_get_signal: (get-property signal)
 * @self: a result
 *
 * What ended a program that did not end by itself.
 *
 * Returns: the number of the signal, or, in Windows, the code of the exception; 0 for neither
 *
 * Since: 1.0
 */
gint64
qmp_guest_exec_result_get_signal (QmpGuestExecResult *self)
{
  g_return_val_if_fail (QMP_IS_GUEST_EXEC_RESULT (self), 0);

  return self->signal;
}

/**
 * qmp_guest_exec_result_get_output: (get-property output)
 * @self: a result
 *
 * What the program printed.
 *
 * Returns: (transfer none) (not nullable): the bytes, empty if they were discarded
 *
 * Since: 1.0
 */
GBytes *
qmp_guest_exec_result_get_output (QmpGuestExecResult *self)
{
  g_return_val_if_fail (QMP_IS_GUEST_EXEC_RESULT (self), NULL);

  return self->output;
}

/**
 * qmp_guest_exec_result_get_error_output: (get-property error-output)
 * @self: a result
 *
 * What the program printed as errors.
 *
 * Returns: (transfer none) (not nullable): the bytes, empty if they were discarded or merged
 *
 * Since: 1.0
 */
GBytes *
qmp_guest_exec_result_get_error_output (QmpGuestExecResult *self)
{
  g_return_val_if_fail (QMP_IS_GUEST_EXEC_RESULT (self), NULL);

  return self->error_output;
}

/**
 * qmp_guest_exec_result_get_output_truncated: (get-property output-truncated)
 * @self: a result
 *
 * Whether the agent has dropped a part of the output. QEMU's agent keeps 16 MiB of each.
 *
 * Returns: whether there was more
 *
 * Since: 1.0
 */
gboolean
qmp_guest_exec_result_get_output_truncated (QmpGuestExecResult *self)
{
  g_return_val_if_fail (QMP_IS_GUEST_EXEC_RESULT (self), FALSE);

  return qmp_message_get_boolean (self->reply, "return.out-truncated", NULL);
}

/**
 * qmp_guest_exec_result_get_error_output_truncated: (get-property error-output-truncated)
 * @self: a result
 *
 * Whether the agent has dropped a part of the error output. QEMU's agent keeps 16 MiB of each.
 *
 * Returns: whether there was more
 *
 * Since: 1.0
 */
gboolean
qmp_guest_exec_result_get_error_output_truncated (QmpGuestExecResult *self)
{
  g_return_val_if_fail (QMP_IS_GUEST_EXEC_RESULT (self), FALSE);

  return qmp_message_get_boolean (self->reply, "return.err-truncated", NULL);
}

/**
 * qmp_guest_exec_result_get_reply: (get-property reply)
 * @self: a result
 *
 * The reply of `guest-exec-status`, for what else it may say.
 *
 * Returns: (transfer none) (not nullable): the reply, read-only
 *
 * Since: 1.0
 */
QmpMessage *
qmp_guest_exec_result_get_reply (QmpGuestExecResult *self)
{
  g_return_val_if_fail (QMP_IS_GUEST_EXEC_RESULT (self), NULL);

  return self->reply;
}
