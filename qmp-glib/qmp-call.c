/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "qmp-call-private.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "qmp-error-private.h"
#include "qmp-json-node-private.h"
#include "qmp-json-text-private.h"
#include "qmp-message-private.h"

QmpCall *
qmp_call_new (QmpCallForm  form,
              QmpPacket   *packet)
{
  /* Not g_new0(): calloc() passes by the memory that was freed just before. */
  QmpCall *self = g_new (QmpCall, 1);

  *self = (QmpCall) { .form = form, .packet = packet };
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
  if (self->cancellation != NULL)
    {
      g_source_destroy (self->cancellation);
      g_source_unref (self->cancellation);
    }
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

  return qmp_message_new_from_bytes (text, FALSE, NULL);
}

/* --- ids --- */

/* QEMU makes a double of a number that is no 64-bit integer, and writes a double without a fraction with
 * up to 17 digits like an integer. */
static void
append_number_key (GString    *out,
                   const char *text,
                   gsize       length)
{
  double value;
  guint64 positive;
  gint64 number;

  if (qmp_json_get_int64 (text, length, &number) || qmp_json_get_uint64 (text, length, &positive))
    {
      g_string_append_len (out, text, length);
      return;
    }
  value = qmp_json_get_double (text, length);
  if (value == floor (value) && value >= -0x1p63 && value < 0x1p64)
    g_string_append_printf (out, "%.0f", value);
  else if (isfinite (value))
    qmp_json_append_digits (out, value);
  else
    g_string_append_len (out, text, length);
}

char *
qmp_call_dup_id_key (const char *text,
                      gsize       length)
{
  g_autoptr(GString) canonical = g_string_new (NULL);
  GString *key = g_string_new (NULL);
  const char *p, *end;

  qmp_json_append_canonical (canonical, text, length);
  end = canonical->str + canonical->len;
  for (p = canonical->str; p < end;)
    {
      const char *start = p;

      p = strchr ("{}[],:", *p) != NULL ? p + 1 : qmp_json_skip_value (p, end);
      if (*start == '-' || g_ascii_isdigit (*start))
        append_number_key (key, start, p - start);
      else
        g_string_append_len (key, start, p - start);
    }
  return g_string_free (key, FALSE);
}

/* Stops at the latest at the brace that ends the text. */
static const char *
skip_spaces (const char *p)
{
  while (g_ascii_isspace (*p))
    p++;
  return p;
}

/* The id that a broken text may still end with, as QEMU's replies mostly do: ..., "id": 5} */
static QmpJsonSpan
find_last_id (QmpJsonFrame *frame)
{
  const char *end = frame->text + frame->length;
  const char *key;
  QmpJsonSpan id = { 0 };

  while (end > frame->text && g_ascii_isspace (end[-1]))
    end--;
  if (end == frame->text || end[-1] != '}')
    return id;
  key = g_strrstr_len (frame->text, end - 1 - frame->text, "\"id\"");
  if (key == NULL)
    return id;

  key = skip_spaces (key + strlen ("\"id\""));
  if (*key != ':')
    return id;
  key = skip_spaces (key + 1);
  id.start = key - frame->text;
  id.length = end - 1 - key;
  return id;
}

QmpJsonSpan
qmp_reply_find_id (QmpJsonFrame *frame)
{
  QmpJsonSpan id = frame->outline.members[QMP_JSON_KEY_ID];

  if (frame->fault == NULL)
    return id;

  if (id.length == 0)
    id = find_last_id (frame);
  /* The fault may be in the id itself. */
  if (id.length > 0 && !qmp_json_check (frame->text + id.start, id.length, G_MAXUINT, NULL, NULL))
    id.length = 0;
  return id;
}

/* --- replies --- */

gboolean
qmp_error_reply_parse (const char   *text,
                       QmpJsonSpan   error_span,
                       char        **error_class,
                       char        **desc)
{
  g_autofree char *found_class = NULL;
  g_autofree char *found_desc = NULL;
  QmpJsonSlice key, value;
  QmpJsonCursor cursor;

  if (text[error_span.start] != '{')
    return FALSE;

  qmp_json_cursor_init (&cursor, text + error_span.start, error_span.length);
  while (qmp_json_cursor_next_member (&cursor, &key, &value))
    {
      char **found = NULL;

      if (qmp_json_string_equal (key.text, key.length, "class"))
        found = &found_class;
      else if (qmp_json_string_equal (key.text, key.length, "desc"))
        found = &found_desc;
      if (found != NULL)
        {
          g_free (*found);
          *found = value.text[0] == '"' ? qmp_json_dup_string (value.text, value.length) : NULL;
        }
    }
  if (found_class == NULL || found_desc == NULL)
    return FALSE;

  *error_class = g_steal_pointer (&found_class);
  *desc = g_steal_pointer (&found_desc);
  return TRUE;
}

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

  if (!qmp_error_reply_parse (frame->text, frame->outline.members[QMP_JSON_KEY_ERROR], &error_class, &desc))
    {
      self->error = bad_reply (frame, _("The error in the server's reply has no class or no description"));
      return;
    }

  received = qmp_message_new_received (qmp_json_reader_dup_bytes (reader, frame), &frame->outline);
  if (self->form == QMP_CALL_MESSAGE)
    {
      self->value = g_steal_pointer (&received);
      return;
    }
  sent = qmp_call_get_sent (self);
  self->error = qmp_command_error_new (error_class, desc, sent, received);
}

static void
set_result (QmpCall       *self,
            QmpJsonReader *reader,
            QmpJsonFrame  *frame)
{
  QmpJsonSpan span = frame->outline.members[QMP_JSON_KEY_RETURN];

  if (self->form == QMP_CALL_VALUE)
    self->value = qmp_json_to_whole_node (frame->text + span.start, span.length, &self->error);
  else
    self->value = qmp_message_new_received (qmp_json_reader_dup_bytes (reader, frame), &frame->outline);
}

void
qmp_call_set_reply (QmpCall       *self,
                    QmpJsonReader *reader,
                    QmpJsonFrame  *frame)
{
  gboolean has_return = frame->outline.members[QMP_JSON_KEY_RETURN].length > 0;
  gboolean has_error = frame->outline.members[QMP_JSON_KEY_ERROR].length > 0;

  self->phase = QMP_CALL_DONE;
  if (frame->fault != NULL)
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
  const QmpJsonOutline outline = { .kind = QMP_JSON_OBJECT };

  self->phase = QMP_CALL_DONE;
  if (self->form == QMP_CALL_VALUE)
    self->value = json_node_new (JSON_NODE_NULL);
  else
    self->value = qmp_message_new_received (g_bytes_new_static ("{}", 2), &outline);
}

static char *
dup_command_name (QmpCall *self)
{
  g_autoptr(QmpMessage) sent = qmp_call_get_sent (self);
  char *name = qmp_message_dup_command (sent);

  return name != NULL ? name : g_strdup ("?");
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

GError *
qmp_call_make_timed_out (QmpCall *self)
{
  g_autofree char *name = dup_command_name (self);

  return g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("The server did not answer “%s” in time"), name);
}
