/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "link/qmp-call-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "core/qmp-error-private.h"
#include "json/qmp-json-node-private.h"
#include "json/qmp-json-text-private.h"
#include "message/qmp-message-private.h"
#include "message/qmp-reply-private.h"

/* No short text is refused. */
G_STATIC_ASSERT (QMP_CALL_SHORT < QMP_JSON_MAX_MEMBERS && QMP_CALL_SHORT < QMP_JSON_MAX_VALUES);

QmpCall *
qmp_call_new (QmpCallForm  form,
              QmpPacket   *packet)
{
  /* Not g_new0(): calloc() passes by the memory that was freed just before. */
  QmpCall *self = g_new (QmpCall, 1);

  memset (self, 0, offsetof (QmpCall, text));
  self->form = form;
  self->packet = packet;
  self->pending_link.data = self;
  self->held_link.data = self;
  self->watched_link.data = self;
  return self;
}

static void
clear_value (QmpCall *self)
{
  if (self->value == NULL)
    return;
  if (self->form == QMP_CALL_VALUE)
    json_node_unref (self->value);
  else
    g_object_unref (self->value);
}

void
qmp_call_free (QmpCall *self)
{
  g_clear_pointer (&self->patience, qmp_patience_free);
  g_clear_pointer (&self->packet, qmp_packet_unref);
  g_clear_object (&self->task);
  g_clear_error (&self->error);
  clear_value (self);
  g_free (self->id_text);
  g_free (self);
}

QmpMessage *
qmp_call_get_sent (QmpCall *self)
{
  g_autoptr(GBytes) text = g_bytes_new (self->packet->text, self->packet->length);

  return qmp_message_new_from_bytes_unchecked (text);
}

/* --- replies --- */

static GError *
bad_reply (QmpJsonFrame *frame,
           const char   *what)
{
  return qmp_protocol_error_new_for_text (QMP_PROTOCOL_ERROR_BAD_REPLY, frame->text, frame->length, -1,
                                          "%s", what);
}

/* The server's error as this call's outcome: as an error, or for an exchange as the whole reply. */
static void
set_error_reply (QmpCall       *self,
                 QmpJsonReader *reader,
                 QmpJsonFrame  *frame)
{
  g_autofree char *error_class = NULL;
  g_autofree char *desc = NULL;
  g_autoptr(QmpMessage) sent = NULL;
  g_autoptr(QmpMessage) received = NULL;

  if (!qmp_reply_parse_error (frame->text, frame->outline.members[QMP_JSON_KEY_ERROR], &error_class, &desc))
    {
      self->error = bad_reply (frame, _("The error in the server's reply has no class or no description"));
      return;
    }

  received = qmp_message_new_received (reader, frame);
  if (self->form == QMP_CALL_MESSAGE)
    {
      self->value = g_steal_pointer (&received);
      return;
    }
  sent = qmp_call_get_sent (self);
  self->error = qmp_command_error_new (error_class, desc, sent, received);
}

static void
set_value (QmpCall    *self,
           const char *text,
           gsize       length)
{
  if (self->task == NULL || length > sizeof self->text)
    {
      self->value = qmp_json_to_whole_node (text, length, &self->error);
      return;
    }

  memcpy (self->text, text, length);
  self->text_length = length;
}

static void
set_result (QmpCall       *self,
            QmpJsonReader *reader,
            QmpJsonFrame  *frame)
{
  QmpJsonSpan span = frame->outline.members[QMP_JSON_KEY_RETURN];

  if (self->form == QMP_CALL_VALUE)
    set_value (self, frame->text + span.start, span.length);
  else if (self->form != QMP_CALL_NOTHING)
    self->value = qmp_message_new_received (reader, frame);
}

void
qmp_call_set_reply (QmpCall       *self,
                    QmpJsonReader *reader,
                    QmpJsonFrame  *frame)
{
  gboolean has_return = frame->outline.members[QMP_JSON_KEY_RETURN].length > 0;
  gboolean has_error = frame->outline.members[QMP_JSON_KEY_ERROR].length > 0;

  self->phase = QMP_CALL_DONE;
  if (self->form == QMP_CALL_RELAYED)
    self->frame = frame;
  else if (frame->fault != NULL)
    self->error = g_error_copy (frame->fault);
  else if (has_return && has_error)
    self->error = bad_reply (frame, _("The server's reply has both a result and an error"));
  else if (has_return)
    set_result (self, reader, frame);
  else if (has_error)
    set_error_reply (self, reader, frame);
  else
    self->error = bad_reply (frame, _("The server's reply has neither a result nor an error"));
}

/* --- ends without a reply --- */

gboolean
qmp_call_was_written (QmpCall *self)
{
  return self->phase == QMP_CALL_SENT && self->packet->written == self->packet->length;
}

void
qmp_call_set_silent_success (QmpCall *self)
{
  QmpJsonFrame frame = { .text = "{}", .length = 2, .outline = { .kind = QMP_JSON_OBJECT } };

  self->phase = QMP_CALL_DONE;
  if (self->form == QMP_CALL_VALUE)
    self->value = json_node_new (JSON_NODE_NULL);
  else
    self->value = qmp_message_new_received (NULL, &frame);
}

/* Of the text that was sent, which is a command: without making a message of it. */
static char *
dup_command_name (QmpCall *self)
{
  QmpJsonCursor cursor;
  QmpJsonSlice key, value;

  qmp_json_cursor_init (&cursor, self->packet->text, self->packet->length);
  while (qmp_json_cursor_next_member (&cursor, &key, &value))
    if (*value.text == '"' && (qmp_json_string_equal (key.text, key.length, "execute") ||
                               qmp_json_string_equal (key.text, key.length, "exec-oob")))
      return qmp_json_dup_string (value.text, value.length);
  return g_strdup ("?");
}

void
qmp_call_interrupt (QmpCall    *self,
                    const char *cause)
{
  g_autofree char *name = NULL;
  gboolean begun = self->phase == QMP_CALL_SENT && self->packet->begun;

  if (self->silent && qmp_call_was_written (self))
    {
      qmp_call_set_silent_success (self);
      return;
    }

  name = dup_command_name (self);
  self->error = begun ? g_error_new (QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED,
                                     _("The connection ended before the reply to “%s”: %s"), name, cause)
                      : g_error_new (QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED,
                                     _("The connection ended before “%s” was sent: %s"), name, cause);
  self->phase = QMP_CALL_DONE;
}

/* --- its caller is told --- */

void
qmp_call_return (QmpCall *self)
{
  g_autoptr(GTask) task = g_steal_pointer (&self->task);
  gpointer value = self->text_length > 0 ? qmp_json_to_node (self->text, self->text_length)
                                         : g_steal_pointer (&self->value);
  GError *error = g_steal_pointer (&self->error);
  GDestroyNotify free_value = self->form == QMP_CALL_VALUE ? (GDestroyNotify) json_node_unref : g_object_unref;

  qmp_call_free (self);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, value, free_value);
}

static void
deliver (QmpInboxEntry *entry,
         gpointer       owner)
{
  qmp_call_return (QMP_INBOX_GET (entry, QmpCall, entry));
}

static const QmpInboxKind kind = { .deliver = deliver };

void
qmp_call_post (QmpCall  *self,
               QmpInbox *inbox)
{
  self->entry.kind = &kind;
  qmp_inbox_post (inbox, &self->entry);
}

GError *
qmp_call_make_timed_out (QmpCall *self)
{
  g_autofree char *name = dup_command_name (self);

  return g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("The server did not answer “%s” in time"), name);
}
