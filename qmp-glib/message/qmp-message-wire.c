/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "json/qmp-json-writer-private.h"
#include "message/qmp-message-private.h"
#include "message/qmp-message-struct-private.h"

/* How a message is sent. */

static void
append_id (GString    *out,
           const char *id_text,
           gsize       id_length)
{
  const char before[] = ",\"id\":";
  gsize start = out->len;
  char *p;

  g_string_set_size (out, start + strlen (before) + id_length + strlen ("}"));
  p = mempcpy (out->str + start, before, strlen (before));
  p = mempcpy (p, id_text, id_length);
  *p = '}';
}

void
qmp_message_append_id (GString *out,
                       guint    id)
{
  char digits[QMP_JSON_DIGITS];
  const char *first = qmp_json_format_uint64 (digits, id);

  append_id (out, first, digits + QMP_JSON_DIGITS - 1 - first);
}

gboolean
qmp_message_append_wire (QmpMessage  *self,
                         GString     *out,
                         const char  *id_text,
                         GError     **error)
{
  if (!qmp_message_validate (self, error) || !qmp_body_check_sendable (&self->body, error))
    return FALSE;

  if (id_text == NULL)
    qmp_body_append_compact (&self->body, out);
  else if (self->body.command_length > 0)
    {
      /* A command of the library's own making, without an id: that goes before the closing brace. */
      g_string_append_len (out, self->body.text, self->body.length - 1);
      append_id (out, id_text, strlen (id_text));
    }
  else
    qmp_members_append (qmp_body_ensure_members (&self->body), out, id_text);

  return TRUE;
}

char *
qmp_message_dup_command (QmpMessage *self)
{
  QmpJsonSlice in_band;
  QmpJsonSlice out_of_band;
  gboolean is_in_band;
  gboolean is_out_of_band;

  if (self->body.command_length > 0)
    return qmp_json_dup_string (self->body.text + strlen (QMP_MESSAGE_COMMAND_START), self->body.command_length);

  is_in_band = qmp_body_find (&self->body, "execute", &in_band);
  is_out_of_band = qmp_body_find (&self->body, "exec-oob", &out_of_band);
  if (is_in_band == is_out_of_band)
    return NULL;
  if (is_out_of_band)
    in_band = out_of_band;

  return *in_band.text == '"' ? qmp_json_dup_string (in_band.text, in_band.length) : NULL;
}
