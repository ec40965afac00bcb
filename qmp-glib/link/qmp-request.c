/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "link/qmp-request-private.h"

#include <glib/gi18n-lib.h>

#include "core/qmp-error-private.h"
#include "json/qmp-json-text-private.h"
#include "json/qmp-json-writer-private.h"
#include "message/qmp-message-private.h"
#include "message/qmp-message-struct-private.h"
#include "message/qmp-reply-private.h"

/* How long a command that answers nothing on success is waited for when no timeout is set, in milliseconds. */
#define SILENT_TIMEOUT 3000

/* From so many bytes on a command may be too large for QEMU. */
#define LARGE (1024 * 1024)

void
qmp_request_clear (QmpRequest *self)
{
  g_free (self->id_text);
}

static gboolean
append_arguments (GString   *text,
                  JsonNode  *arguments,
                  GError   **error)
{
  if (arguments == NULL)
    return TRUE;
  if (!JSON_NODE_HOLDS_OBJECT (arguments))
    {
      g_set_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE,
                   _("A command's arguments must be an object, not %s"), json_node_type_name (arguments));
      return FALSE;
    }
  if (json_object_get_size (json_node_get_object (arguments)) == 0)
    return TRUE;

  g_string_append (text, ",\"arguments\":");
  return qmp_json_append_node (text, arguments, error);
}

/* What no writer looks at, because only something large can have it: more than QEMU's parser takes. It would be
 * answered by errors without id, so that the call would never end. */
static gboolean
check_large (GString  *text,
             GError  **error)
{
  return text->len <= LARGE || qmp_json_check_sendable (text->str, text->len, error);
}

static gboolean
end_text (QmpRequest  *self,
          GError     **error)
{
  qmp_message_append_id (self->text, self->serial);
  return check_large (self->text, error);
}

gboolean
qmp_request_init_command (QmpRequest  *self,
                          QmpCalls    *calls,
                          const char  *command,
                          JsonNode    *arguments,
                          int          timeout,
                          GError     **error)
{
  GString *text = qmp_calls_take_text (calls);

  *self = (QmpRequest) {
    .form = QMP_CALL_VALUE,
    .text = text,
    .serial = qmp_calls_take_serial (calls),
    .timeout = timeout,
  };
  if (!qmp_message_begin_command (text, command, error) ||
      !append_arguments (text, arguments, error))
    return FALSE;
  return end_text (self, error);
}

gboolean
qmp_request_init_parsed (QmpRequest  *self,
                         QmpCalls    *calls,
                         const char  *command,
                         const char  *format,
                         va_list     *arguments,
                         int          timeout,
                         GError     **error)
{
  gsize name_end;

  *self = (QmpRequest) {
    .form = QMP_CALL_REPLY,
    .text = qmp_calls_take_text (calls),
    .serial = qmp_calls_take_serial (calls),
    .timeout = timeout,
  };
  return qmp_message_append_parsed (self->text, &name_end, error, command, format, arguments) && end_text (self, error);
}

/* --- of a message --- */

/* The message's own id, as the table of calls knows it. */
static gboolean
take_own_id (QmpRequest  *self,
             QmpCalls    *calls,
             QmpMessage  *message,
             GError     **error)
{
  g_autofree char *text = NULL;
  QmpJsonSlice id;

  if (!qmp_body_find (&message->body, "id", &id))
    return TRUE;

  self->id_text = qmp_reply_dup_id_key (id.text, id.length);
  if (qmp_calls_has_id (calls, self->id_text))
    {
      text = g_strndup (id.text, id.length);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                   _("A command with the id %s is already waiting for its reply"), text);
      return FALSE;
    }
  return TRUE;
}

static int
choose_timeout (QmpMessage *message,
                int         timeout)
{
  if (message->timeout != QMP_TIMEOUT_CLIENT)
    return message->timeout;
  if (timeout == QMP_TIMEOUT_NONE && !message->success_response)
    return SILENT_TIMEOUT;
  return timeout;
}

static gboolean
check_has_place (QmpRequest  *self,
                 GError     **error)
{
  if (!self->out_of_band || self->id_text != NULL)
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                       _("An out-of-band command is answered out of order and needs an id"));
  return FALSE;
}

gboolean
qmp_request_init_message (QmpRequest   *self,
                          QmpCalls     *calls,
                          QmpMessage   *message,
                          QmpCallForm   form,
                          int           timeout,
                          GError      **error)
{
  char digits[QMP_JSON_DIGITS];

  *self = (QmpRequest) {
    .form = form,
    .text = qmp_calls_take_text (calls),
    .fd_list = message->fd_list,
    .out_of_band = qmp_message_get_out_of_band (message),
    .silent = !message->success_response,
    .timeout = choose_timeout (message, timeout),
  };
  if ((form == QMP_CALL_MESSAGE || !message->assign_id) && !take_own_id (self, calls, message, error))
    return FALSE;
  if (!message->assign_id && !check_has_place (self, error))
    return FALSE;
  if (!message->assign_id || self->id_text != NULL)
    return qmp_message_append_wire (message, self->text, NULL, error) && check_large (self->text, error);

  self->serial = qmp_calls_take_serial (calls);
  return qmp_message_append_wire (message, self->text, qmp_json_format_uint64 (digits, self->serial), error) &&
         check_large (self->text, error);
}

QmpCall *
qmp_request_issue (QmpRequest *self,
                   QmpCalls   *calls)
{
  GUnixFDList *fd_list = self->fd_list;
  QmpCall *call;

  if (fd_list != NULL && g_unix_fd_list_get_length (fd_list) == 0)
    fd_list = NULL;
  call = qmp_calls_issue (calls, self->form, qmp_packet_new (self->text->str, self->text->len, fd_list),
                          self->serial, g_steal_pointer (&self->id_text), self->out_of_band);
  call->silent = self->silent;
  return call;
}
