/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "qmp-handshake-private.h"

#include <glib/gi18n-lib.h>

#include "qmp-error-private.h"
#include "qmp-json-text-private.h"

/* As much of what came instead of a greeting as an error may want to show. */
#define JUNK_KEPT 256

void
qmp_handshake_init (QmpHandshake *self,
                    gboolean      await_greeting,
                    gboolean      negotiate,
                    gboolean      out_of_band,
                    gboolean      guest_agent)
{
  *self = (QmpHandshake) {
    /* There is no negotiating before the greeting has come. */
    .await_greeting = (await_greeting || negotiate) && !guest_agent,
    .negotiate = negotiate && !guest_agent,
    .out_of_band = out_of_band,
    .guest_agent = guest_agent,
  };
}

void
qmp_handshake_clear (QmpHandshake *self)
{
  g_clear_object (&self->greeting);
  if (self->junk != NULL)
    g_string_free (g_steal_pointer (&self->junk), TRUE);
}

gboolean
qmp_handshake_awaits_greeting (QmpHandshake *self)
{
  return self->await_greeting && self->greeting == NULL;
}

void
qmp_handshake_greet (QmpHandshake *self,
                     QmpGreeting  *greeting)
{
  g_set_object (&self->greeting, greeting);
  g_object_unref (greeting);
}

gboolean
qmp_handshake_note_junk (QmpHandshake *self,
                         const char   *text,
                         gsize         length)
{
  if (self->junk == NULL)
    self->junk = g_string_new (NULL);
  if (self->junk->len < JUNK_KEPT)
    g_string_append_len (self->junk, text, MIN (length, JUNK_KEPT - self->junk->len));
  self->n_junk += length;
  return self->n_junk <= QMP_HANDSHAKE_MAX_JUNK;
}

gboolean
qmp_handshake_enables_oob (QmpHandshake *self)
{
  return self->negotiate && self->out_of_band && self->greeting != NULL &&
         qmp_greeting_has_capability (self->greeting, "oob");
}

char *
qmp_handshake_dup_command (QmpHandshake *self,
                           guint         id)
{
  return g_strdup_printf (qmp_handshake_enables_oob (self)
                          ? "{\"execute\":\"qmp_capabilities\",\"arguments\":{\"enable\":[\"oob\"]},\"id\":%u}"
                          : "{\"execute\":\"qmp_capabilities\",\"id\":%u}",
                          id);
}

GString *
qmp_handshake_dup_sync (gint64 number)
{
  GString *text = g_string_new (NULL);

  g_string_printf (text, "\xff{\"execute\":\"guest-sync-delimited\",\"arguments\":{\"id\":%" G_GINT64_FORMAT "}}\n",
                   number);
  return text;
}

gint64
qmp_handshake_get_sync_reply (QmpJsonFrame *frame)
{
  QmpJsonSpan value = frame->outline.members[QMP_JSON_KEY_RETURN];
  gint64 number;

  if (frame->fault != NULL || frame->outline.kind != QMP_JSON_OBJECT || value.length == 0 ||
      !qmp_json_get_int64 (frame->text + value.start, value.length, &number))
    return 0;
  return number;
}

GError *
qmp_handshake_error_no_greeting (QmpHandshake *self)
{
  return qmp_protocol_error_new_for_text (QMP_PROTOCOL_ERROR_GREETING, self->junk->str, self->junk->len, 0,
                                          _("The server's first words are no QMP greeting"));
}

GError *
qmp_handshake_error_junk (QmpHandshake *self)
{
  if (qmp_handshake_awaits_greeting (self))
    return qmp_handshake_error_no_greeting (self);
  return qmp_protocol_error_new_for_text (QMP_PROTOCOL_ERROR_NEGOTIATION, self->junk->str, self->junk->len, 0,
                                          _("The server answers the capabilities negotiation with no message"));
}

GError *
qmp_handshake_error_timed_out (QmpHandshake *self)
{
  if (self->guest_agent)
    return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                                _("The guest agent did not answer: "
                                  "it may not be running, or another client holds it"));
  if (!qmp_handshake_awaits_greeting (self))
    return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                                _("The server did not answer the capabilities negotiation in time"));
  if (self->junk != NULL)
    return qmp_handshake_error_no_greeting (self);
  return g_error_new_literal (QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_BUSY,
                              _("Connected, but no greeting came in time: "
                                "another client may be holding this monitor"));
}

GError *
qmp_handshake_error_ended (QmpHandshake *self,
                           const GError *cause)
{
  GError *error;

  if (qmp_handshake_awaits_greeting (self) && self->junk != NULL)
    return qmp_handshake_error_no_greeting (self);

  error = g_error_copy (cause);
  if (self->guest_agent)
    g_prefix_error (&error, "%s: ", _("While waiting for the guest agent"));
  else if (qmp_handshake_awaits_greeting (self))
    g_prefix_error (&error, "%s: ", _("While waiting for the greeting"));
  else
    g_prefix_error (&error, "%s: ", _("During the capabilities negotiation"));
  return error;
}

GError *
qmp_handshake_error_refused (const GError *error)
{
  return g_error_new (QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_NEGOTIATION,
                      _("The capabilities negotiation failed: %s"), error->message);
}
