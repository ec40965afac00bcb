/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "agent/qmp-guest-handle-private.h"
#include "agent/qmp-guest-reply-private.h"

typedef enum {
  OPEN,
  TAKE_HANDLE,
  TAKE_COUNT,
  TAKE_CLOSED,
} Phase;

typedef struct {
  QmpGuestOperation   operation;
  Phase               phase;
  QmpGuestHandle      handle;
  char               *path;
  GBytes             *contents;
  gsize               position;
  QmpGuestWriteFlags  flags;
} Write;

/* --- the steps --- */

static gsize
get_piece (Write *self)
{
  return MIN (g_bytes_get_size (self->contents) - self->position, QMP_GUEST_HANDLE_PIECE);
}

static QmpGuestStep
write_piece (Write   *self,
             GError **error)
{
  const guchar *data = g_bytes_get_data (self->contents, NULL);
  gsize piece = get_piece (self);
  g_autofree char *base64 = NULL;
  QmpMessage *command;

  if (piece == 0)
    {
      self->phase = TAKE_CLOSED;
      return qmp_guest_handle_close (&self->handle, &self->operation, error);
    }
  base64 = g_base64_encode (data + self->position, piece);
  command = qmp_message_new_parsed ("guest-file-write", error, "{'handle': %x, 'buf-b64': %s}", self->handle.number, base64);
  self->phase = TAKE_COUNT;
  return command != NULL ? qmp_guest_operation_send (&self->operation, command) : QMP_GUEST_STEP_FAILED;
}

static QmpGuestStep
take_count (Write       *self,
            QmpMessage  *reply,
            GError     **error)
{
  gint64 count;

  if (!qmp_message_lookup (reply, error, "return.count", "x", &count, NULL))
    return QMP_GUEST_STEP_FAILED;
  if (count <= 0 || (guint64) count > get_piece (self))
    {
      qmp_guest_reply_fail ("guest-file-write", error);
      return QMP_GUEST_STEP_FAILED;
    }
  self->position += count;
  return write_piece (self, error);
}

static QmpGuestStep
next (QmpGuestOperation  *operation,
      QmpMessage         *reply,
      GError            **error)
{
  Write *self = (Write *) operation;

  switch (self->phase)
    {
    case OPEN:
      self->phase = TAKE_HANDLE;
      return qmp_guest_handle_open (operation, self->path, self->flags & QMP_GUEST_WRITE_APPEND ? "ab" : "wb", error);
    case TAKE_HANDLE:
      return qmp_guest_handle_take (&self->handle, operation, reply, error) ? write_piece (self, error)
                                                                            : QMP_GUEST_STEP_FAILED;
    case TAKE_COUNT:
      return take_count (self, reply, error);
    case TAKE_CLOSED:
    default:
      return qmp_guest_operation_done (operation, g_object_ref (reply), g_object_unref);
    }
}

static void
clear (QmpGuestOperation *operation)
{
  Write *self = (Write *) operation;

  qmp_guest_handle_close_aside (&self->handle, operation);
  g_free (self->path);
  g_bytes_unref (self->contents);
}

/* The last of the bytes are written by closing, so that has to succeed. */
static const QmpGuestOperationFuncs funcs = { next, NULL, clear };

static QmpGuestOperation *
write_new (QmpGuestAgent      *agent,
           const char         *path,
           GBytes             *contents,
           QmpGuestWriteFlags  flags)
{
  Write *self = g_new0 (Write, 1);

  qmp_guest_operation_init (&self->operation, &funcs, agent, QMP_TIMEOUT_NONE);
  self->path = g_strdup (path);
  self->contents = g_bytes_ref (contents);
  self->flags = flags;
  return &self->operation;
}

/**
 * qmp_guest_agent_write_file_async:
 * @self: a guest agent
 * @path: the file's path in the guest
 * @contents: what to write, of any size
 * @flags: what becomes of what the file has
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async) (closure user_data): called when it is written, or cannot be
 * @user_data: data for @callback
 *
 * Writes a file in the guest, and makes it if it is not there.
 *
 * It goes in pieces of 256 KiB, one command each, of which each has [property@Client:timeout] at most. The file
 * belongs to the user as whom the agent runs, mostly root. It is not replaced at once: a call that fails, or is
 * cancelled, can leave a part of it.
 *
 * The file is closed in the guest on each way out, as [method@GuestAgent.read_file_async] says.
 *
 * See [method@GuestAgent.write_file_finish] for how it can fail.
 *
 * Since: 1.0
 */
void
qmp_guest_agent_write_file_async (QmpGuestAgent       *self,
                                  const char          *path,
                                  GBytes              *contents,
                                  QmpGuestWriteFlags   flags,
                                  GCancellable        *cancellable,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data)
{
  g_return_if_fail (QMP_IS_GUEST_AGENT (self));
  g_return_if_fail (path != NULL);
  g_return_if_fail (contents != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  qmp_guest_operation_start (write_new (self, path, contents, flags), cancellable, callback, user_data,
                             qmp_guest_agent_write_file_async);
}

/**
 * qmp_guest_agent_write_file_finish:
 * @self: a guest agent
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Ends [method@GuestAgent.write_file_async].
 *
 * On success all was written, and the file was closed. Errors are those of [method@GuestAgent.read_file_finish]; the
 * file may have a part of the bytes then.
 *
 * Returns: `TRUE` on success
 *
 * Since: 1.0
 */
gboolean
qmp_guest_agent_write_file_finish (QmpGuestAgent  *self,
                                   GAsyncResult   *result,
                                   GError        **error)
{
  g_return_val_if_fail (QMP_IS_GUEST_AGENT (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_guest_agent_write_file_async), FALSE);

  return qmp_guest_reply_take_done (g_task_propagate_pointer (G_TASK (result), error));
}

/**
 * qmp_guest_agent_write_file:
 * @self: a guest agent
 * @path: the file's path in the guest
 * @contents: what to write, of any size
 * @flags: what becomes of what the file has
 * @cancellable: (nullable): cancels the call
 * @error: where to store an error
 *
 * Writes a file in the guest, and makes it if it is not there; blocks until that is done.
 *
 * The blocking form of [method@GuestAgent.write_file_async], with the errors of [method@GuestAgent.write_file_finish].
 *
 * Returns: `TRUE` on success
 *
 * Since: 1.0
 */
gboolean
qmp_guest_agent_write_file (QmpGuestAgent       *self,
                            const char          *path,
                            GBytes              *contents,
                            QmpGuestWriteFlags   flags,
                            GCancellable        *cancellable,
                            GError             **error)
{
  g_return_val_if_fail (QMP_IS_GUEST_AGENT (self), FALSE);
  g_return_val_if_fail (path != NULL, FALSE);
  g_return_val_if_fail (contents != NULL, FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);

  return qmp_guest_reply_take_done (qmp_guest_operation_run (write_new (self, path, contents, flags), cancellable, error));
}
