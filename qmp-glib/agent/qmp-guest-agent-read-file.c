/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "agent/qmp-guest-handle-private.h"
#include "agent/qmp-guest-reply-private.h"

typedef enum {
  OPEN,
  TAKE_HANDLE,
  TAKE_POSITION,
  TAKE_PIECE,
  TAKE_CLOSED,
} Phase;

typedef struct {
  QmpGuestOperation  operation;
  Phase              phase;
  QmpGuestHandle     handle;
  char              *path;
  gint64             offset;
  gint64             left;    /* how much is still wanted; -1 for all there is */
  GOutputStream     *bytes;
} Read;

/* --- the steps --- */

static QmpGuestStep
finish_reading (Read    *self,
                GError **error)
{
  self->phase = TAKE_CLOSED;
  return qmp_guest_handle_close (&self->handle, &self->operation, error);
}

static gint64
get_piece (Read *self)
{
  return self->left < 0 ? QMP_GUEST_HANDLE_PIECE : MIN (self->left, QMP_GUEST_HANDLE_PIECE);
}

static QmpGuestStep
ask (Read    *self,
     GError **error)
{
  QmpMessage *command;

  if (self->left == 0)
    return finish_reading (self, error);
  command = qmp_message_new_parsed ("guest-file-read", error, "{'handle': %x, 'count': %x}", self->handle.number,
                                    get_piece (self));
  self->phase = TAKE_PIECE;
  return command != NULL ? qmp_guest_operation_send (&self->operation, command) : QMP_GUEST_STEP_FAILED;
}

static QmpGuestStep
seek (Read    *self,
      GError **error)
{
  QmpMessage *command;

  if (self->offset == 0)
    return ask (self, error);
  command = qmp_message_new_parsed ("guest-file-seek", error, "{'handle': %x, 'offset': %x, 'whence': 0}",
                                    self->handle.number, self->offset);
  self->phase = TAKE_POSITION;
  return command != NULL ? qmp_guest_operation_send (&self->operation, command) : QMP_GUEST_STEP_FAILED;
}

/* Nothing, and not the end, is the end as well: another answer would not come. */
static QmpGuestStep
take_piece (Read        *self,
            QmpMessage  *reply,
            GError     **error)
{
  g_autoptr(GBytes) piece = qmp_guest_reply_dup_bytes (reply, "return.buf-b64", error);
  gboolean at_end = FALSE;
  gconstpointer data;
  gsize size;

  if (piece == NULL || !qmp_message_lookup (reply, error, "return.eof", "?b", &at_end, NULL))
    return QMP_GUEST_STEP_FAILED;
  data = g_bytes_get_data (piece, &size);
  if ((gint64) size > get_piece (self))
    {
      qmp_guest_reply_fail ("guest-file-read", error);
      return QMP_GUEST_STEP_FAILED;
    }
  if (!g_output_stream_write_all (self->bytes, data, size, NULL, NULL, error))
    return QMP_GUEST_STEP_FAILED;
  if (self->left > 0)
    self->left -= size;
  return at_end || size == 0 ? finish_reading (self, error) : ask (self, error);
}

static QmpGuestStep
take_bytes (Read *self)
{
  g_output_stream_close (self->bytes, NULL, NULL);
  return qmp_guest_operation_done (&self->operation,
                                   g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (self->bytes)),
                                   (GDestroyNotify) g_bytes_unref);
}

static QmpGuestStep
next (QmpGuestOperation  *operation,
      QmpMessage         *reply,
      GError            **error)
{
  Read *self = (Read *) operation;

  switch (self->phase)
    {
    case OPEN:
      self->phase = TAKE_HANDLE;
      return qmp_guest_handle_open (operation, self->path, "rb", error);
    case TAKE_HANDLE:
      return qmp_guest_handle_take (&self->handle, operation, reply, error) ? seek (self, error) : QMP_GUEST_STEP_FAILED;
    case TAKE_POSITION:
      return ask (self, error);
    case TAKE_PIECE:
      return take_piece (self, reply, error);
    case TAKE_CLOSED:
    default:
      return take_bytes (self);
    }
}

/* What was read was read, however closing went. */
static QmpGuestStep
failed (QmpGuestOperation  *operation,
        GError            **error)
{
  Read *self = (Read *) operation;

  if (self->phase != TAKE_CLOSED)
    return QMP_GUEST_STEP_FAILED;
  g_clear_error (error);
  return take_bytes (self);
}

static void
clear (QmpGuestOperation *operation)
{
  Read *self = (Read *) operation;

  qmp_guest_handle_close_aside (&self->handle, operation);
  g_free (self->path);
  g_object_unref (self->bytes);
}

static const QmpGuestOperationFuncs funcs = { next, failed, clear };

static QmpGuestOperation *
read_new (QmpGuestAgent *agent,
          const char    *path,
          gint64         offset,
          gint64         length)
{
  Read *self = g_new0 (Read, 1);

  qmp_guest_operation_init (&self->operation, &funcs, agent, QMP_TIMEOUT_NONE);
  self->path = g_strdup (path);
  self->offset = offset;
  self->left = length;
  self->bytes = g_memory_output_stream_new_resizable ();
  return &self->operation;
}

/**
 * qmp_guest_agent_read_file_async:
 * @self: a guest agent
 * @path: the file's path in the guest
 * @offset: where to begin: bytes from the beginning, 0 or more
 * @length: how many bytes to read at most, 0 or more; -1 for all up to the end
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async) (closure user_data): called when the bytes are there, or cannot come
 * @user_data: data for @callback
 *
 * Reads a file in the guest, or a part of it.
 *
 * It goes in pieces of 256 KiB, one command each, of which each has [property@Client:timeout] at most. What is read
 * is kept in memory: a guest can have files that are longer than that, or do not end, so a program that does not know
 * the file says a length. Fewer bytes than that are the end of the file. A program that reads a long file part by
 * part has nothing open in the guest between them; what is written meanwhile is seen.
 *
 * The file is closed in the guest on each way out, also when the call was cancelled: the command for that is sent in
 * the background. Not closed is a file that was opened only after the command for it was given up: after
 * [property@Client:timeout], or, in the blocking form, when it was cancelled at that moment.
 *
 * See [method@GuestAgent.read_file_finish] for how it can fail.
 *
 * Since: 1.0
 */
void
qmp_guest_agent_read_file_async (QmpGuestAgent       *self,
                                 const char          *path,
                                 gint64               offset,
                                 gint64               length,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data)
{
  g_return_if_fail (QMP_IS_GUEST_AGENT (self));
  g_return_if_fail (path != NULL);
  g_return_if_fail (offset >= 0);
  g_return_if_fail (length >= -1);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  qmp_guest_operation_start (read_new (self, path, offset, length), cancellable, callback, user_data,
                             qmp_guest_agent_read_file_async);
}

/**
 * qmp_guest_agent_read_file_finish:
 * @self: a guest agent
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Ends [method@GuestAgent.read_file_async].
 *
 * Errors are [error@CommandError] when the agent cannot open or read the file, or refuses to (as while file systems
 * are frozen), and else those of [method@Client.execute_finish]. An agent that was restarted meanwhile does not know
 * the handle any more, which is `QMP_COMMAND_ERROR_GENERIC`, too; the text says so. With
 * `QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE`, `QMP_PROTOCOL_ERROR_NOT_FOUND` and `QMP_PROTOCOL_ERROR_BAD_REPLY` the agent
 * answers as none should.
 *
 * Returns: (transfer full) (not nullable): the bytes
 *
 * Since: 1.0
 */
GBytes *
qmp_guest_agent_read_file_finish (QmpGuestAgent  *self,
                                  GAsyncResult   *result,
                                  GError        **error)
{
  g_return_val_if_fail (QMP_IS_GUEST_AGENT (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_guest_agent_read_file_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * qmp_guest_agent_read_file:
 * @self: a guest agent
 * @path: the file's path in the guest
 * @offset: where to begin: bytes from the beginning, 0 or more
 * @length: how many bytes to read at most, 0 or more; -1 for all up to the end
 * @cancellable: (nullable): cancels the call
 * @error: where to store an error
 *
 * Reads a file in the guest, or a part of it; blocks until the bytes are there.
 *
 * The blocking form of [method@GuestAgent.read_file_async], with the errors of [method@GuestAgent.read_file_finish].
 *
 * Returns: (transfer full) (not nullable): the bytes
 *
 * Since: 1.0
 */
GBytes *
qmp_guest_agent_read_file (QmpGuestAgent  *self,
                           const char     *path,
                           gint64          offset,
                           gint64          length,
                           GCancellable   *cancellable,
                           GError        **error)
{
  g_return_val_if_fail (QMP_IS_GUEST_AGENT (self), NULL);
  g_return_val_if_fail (path != NULL, NULL);
  g_return_val_if_fail (offset >= 0, NULL);
  g_return_val_if_fail (length >= -1, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);

  return qmp_guest_operation_run (read_new (self, path, offset, length), cancellable, error);
}
