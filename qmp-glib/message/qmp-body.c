/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "message/qmp-body-private.h"

#include <glib/gi18n-lib.h>

#include "core/qmp-error-private.h"
#include "json/qmp-json-node-private.h"
#include "json/qmp-json-scanner-private.h"
#include "json/qmp-json-writer-private.h"
#include "message/qmp-value-private.h"

void
qmp_body_init (QmpBody *self)
{
  self->checked = TRUE;
  self->sendable = TRUE;
}

/* Takes bytes. Those that are empty have no data, which is not the same as no text. */
static void
set_bytes (QmpBody *self,
           GBytes  *bytes)
{
  const char *data = g_bytes_get_data (bytes, &self->length);

  self->bytes = bytes;
  self->text = data != NULL ? data : "";
}

void
qmp_body_clear (QmpBody *self)
{
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_clear_pointer (&self->members, qmp_members_free);
  g_clear_pointer (&self->node, json_node_unref);
  g_clear_error (&self->fault);
}

void
qmp_body_copy (QmpBody *self,
               QmpBody *from)
{
  set_bytes (self, g_bytes_ref (qmp_body_get_bytes (from)));
  self->fault = from->fault != NULL ? g_error_copy (from->fault) : NULL;
  self->outline = from->outline;
  self->command_length = from->command_length;
  self->checked = from->checked;
  self->has_outline = from->has_outline;
  self->compact = from->compact;
  self->sendable = from->sendable;
}

void
qmp_body_take_own (QmpBody *self,
                   GString *text,
                   guint    command_length)
{
  set_bytes (self, g_string_free_to_bytes (text));
  self->command_length = command_length;
  self->compact = TRUE;
}

void
qmp_body_take_frame (QmpBody       *self,
                     QmpJsonReader *reader,
                     QmpJsonFrame  *frame)
{
  if (frame->length <= QMP_BODY_SHORT)
    {
      self->text = memcpy (self->short_text, frame->text, frame->length);
      self->length = frame->length;
    }
  else if (reader != NULL)
    set_bytes (self, qmp_json_reader_dup_bytes (reader, frame));
  else
    set_bytes (self, g_bytes_new (frame->text, frame->length));
  self->outline = frame->outline;
  self->checked = frame->outline.kind == QMP_JSON_OBJECT;
  self->has_outline = self->checked;
  self->sendable = FALSE;
}

void
qmp_body_take_unchecked (QmpBody *self,
                         GBytes  *text)
{
  set_bytes (self, text);
  self->checked = FALSE;
  self->sendable = FALSE;
}

static gboolean
check_text (const char      *text,
            gsize            length,
            QmpJsonOutline  *outline,
            GError         **error)
{
  /* The outline counts in 32 bits. */
  if (length > G_MAXUINT32)
    {
      g_propagate_error (error,
                         qmp_protocol_error_new_for_text (QMP_PROTOCOL_ERROR_TOO_LARGE, text, length, -1,
                                                          _("Message of %lu bytes is too large"),
                                                          (unsigned long) length));
      return FALSE;
    }

  return qmp_json_check (text, length, QMP_MESSAGE_MAX_DEPTH, outline, error) &&
         qmp_value_check_object (text, length, error);
}

/* Without the copy of the fault that nobody may want. */
static gboolean
is_message (QmpBody *self)
{
  if (!self->checked)
    {
      self->checked = TRUE;
      self->has_outline = check_text (self->text, self->length, &self->outline, &self->fault);
    }

  return self->fault == NULL;
}

gboolean
qmp_body_check (QmpBody  *self,
                GError  **error)
{
  if (is_message (self))
    return TRUE;

  if (error != NULL)
    *error = g_error_copy (self->fault);
  return FALSE;
}

/* What our own writer has made is known to be fit. */
gboolean
qmp_body_check_sendable (QmpBody  *self,
                         GError  **error)
{
  const char *text;
  gsize length;

  if (!qmp_body_check (self, error))
    return FALSE;

  if (!self->sendable)
    {
      text = qmp_body_get_text (self, &length);
      self->sendable = qmp_json_check_sendable (text, length, error);
    }

  return self->sendable;
}

const char *
qmp_body_get_text (QmpBody *self,
                   gsize   *length)
{
  if (self->text == NULL)
    {
      GString *text = g_string_new (NULL);

      qmp_members_append (qmp_body_ensure_members (self), text, NULL);
      set_bytes (self, g_string_free_to_bytes (text));
      self->compact = TRUE;
    }

  *length = self->length;
  return self->text;
}

GBytes *
qmp_body_get_bytes (QmpBody *self)
{
  gsize length;
  const char *text = qmp_body_get_text (self, &length);

  if (self->bytes == NULL)
    self->bytes = g_bytes_new (text, length);

  return self->bytes;
}

JsonNode *
qmp_body_get_node (QmpBody *self)
{
  const char *text = "{}";
  gsize length = 2;

  if (self->node == NULL)
    {
      if (is_message (self))
        text = qmp_body_get_text (self, &length);
      self->node = qmp_json_to_node (text, length);
      json_node_seal (self->node);
    }

  return self->node;
}

QmpMembers *
qmp_body_ensure_members (QmpBody *self)
{
  if (self->members == NULL)
    self->members = qmp_members_new (is_message (self) && self->text != NULL ? qmp_body_get_bytes (self) : NULL);

  return self->members;
}

/* The members are the truth now. */
void
qmp_body_changed (QmpBody *self)
{
  self->text = NULL;
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_clear_pointer (&self->node, json_node_unref);
  self->has_outline = FALSE;
  self->command_length = 0;
}

/* One of those that the reader has found. */
static gboolean
find_known (QmpBody      *self,
            QmpJsonKey    key,
            QmpJsonSlice *value)
{
  const QmpJsonSpan *span = &self->outline.members[key];

  value->text = self->text + span->start;
  value->length = span->length;
  return span->length > 0;
}

static gboolean
find_in_table (QmpBody      *self,
               const char   *name,
               gsize         length,
               QmpJsonSlice *value)
{
  g_autofree char *own = g_strndup (name, length);

  return qmp_members_find (qmp_body_ensure_members (self), own, value);
}

gboolean
qmp_body_find_name (QmpBody      *self,
                    const char   *name,
                    gsize         length,
                    QmpJsonSlice *value)
{
  QmpJsonKey key;

  if (!is_message (self))
    return FALSE;

  /* A command of our own has none of these. */
  key = self->has_outline || self->command_length > 0 ? qmp_json_key_find (name, length) : QMP_JSON_N_KEYS;
  if (key == QMP_JSON_N_KEYS)
    return find_in_table (self, name, length, value);
  return self->has_outline && find_known (self, key, value);
}

void
qmp_body_append_compact (QmpBody *self,
                         GString *out)
{
  const char *text;
  gsize length;

  text = qmp_body_get_text (self, &length);
  if (self->compact)
    g_string_append_len (out, text, length);
  else
    qmp_json_append_compact (out, text, length);
}
