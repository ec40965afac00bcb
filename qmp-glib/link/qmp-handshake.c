/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "link/qmp-handshake-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "core/qmp-error-private.h"
#include "json/qmp-json-text-private.h"
#include "wire/qmp-peer-private.h"

/* As much of what came instead of a greeting as an error may want to show. */
#define JUNK_KEPT 256
/* Characters of a complaint of the server's. */
#define COMPLAINT_KEPT 200

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
  g_clear_pointer (&self->complaint, g_free);
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

/* --- what went wrong --- */

/* Servers of other protocols that speak first. What begins like this is never followed by a greeting. */
static const struct {
  const char *start;
  const char *part;  /* nullable: somewhere in the first line */
  const char *text;
} strangers[] = {
  { "QEMU ", " monitor - type ", N_("The server is a human monitor; QMP needs “mode=control”, or QEMU's option -qmp") },
  { "SSH-", NULL, N_("The server speaks SSH, not QMP") },
  { "RFB ", NULL, N_("The server speaks VNC, not QMP") },
  { "HTTP/", NULL, N_("The server speaks HTTP, not QMP") },
  { "\x15\x03", NULL, N_("The server speaks TLS: the property “tls” has to be on") },
};

/* NULL if it may still be followed by a greeting. */
static const char *
find_stranger (QmpHandshake *self)
{
  if (self->junk == NULL)
    return NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (strangers); i++)
    if (g_str_has_prefix (self->junk->str, strangers[i].start) &&
        (strangers[i].part == NULL || strstr (self->junk->str, strangers[i].part) != NULL))
      return strangers[i].text;
  return NULL;
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
  return self->n_junk <= QMP_HANDSHAKE_MAX_JUNK &&
         !(qmp_handshake_awaits_greeting (self) && find_stranger (self) != NULL);
}

gboolean
qmp_handshake_is_monitor (QmpHandshake *self,
                          QmpJsonFrame *frame)
{
  if (frame->outline.members[QMP_JSON_KEY_QMP].length > 0)
    self->greeted = TRUE;
  return self->greeted && frame->outline.members[QMP_JSON_KEY_ERROR].length > 0 &&
         g_strstr_len (frame->text, frame->length, "qmp_capabilities") != NULL;
}

void
qmp_handshake_note_complaint (QmpHandshake *self,
                              const char   *desc)
{
  g_free (self->complaint);
  self->complaint = g_utf8_substring (desc, 0, MIN (g_utf8_strlen (desc, -1), COMPLAINT_KEPT));
}

GError *
qmp_handshake_error_no_greeting (QmpHandshake *self)
{
  const char *stranger = find_stranger (self);

  return qmp_protocol_error_new_for_text (QMP_PROTOCOL_ERROR_GREETING, self->junk->str, self->junk->len, -1, "%s",
                                          stranger != NULL ? _(stranger)
                                                           : _("The server's first words are not a QMP greeting"));
}

GError *
qmp_handshake_error_junk (QmpHandshake *self)
{
  if (qmp_handshake_awaits_greeting (self))
    return qmp_handshake_error_no_greeting (self);
  return qmp_protocol_error_new_for_text (QMP_PROTOCOL_ERROR_NEGOTIATION, self->junk->str, self->junk->len, 0,
                                          _("The server answers the capabilities negotiation with something that is "
                                            "not a message"));
}

GError *
qmp_handshake_error_greeted (void)
{
  return g_error_new_literal (QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_GREETING,
                              _("The server greets as a QMP monitor does, and is not a guest agent: the property "
                                "“guest-agent” has to be off"));
}

/* What a silent server may be: what was seen of it first, and guesses only where nothing was. */
static char *
explain_silence (QmpHandshake *self,
                 QmpPeer      *peer)
{
  if (peer->stopped)
    return g_strdup_printf (_("the process %d (%s) that listens there is stopped, and has to be continued (SIGCONT)"),
                            peer->pid, peer->name);
  if (peer->queue == QMP_PEER_QUEUE_BEHIND)
    return g_strdup (_("another client is connected, and only one is served at a time"));
  if (peer->queue == QMP_PEER_QUEUE_WAITS && peer->own)
    return g_strdup (_("the connection was not taken, and the server is in this very program, which waits for itself if it makes "
                       "a blocking call to a server in the same thread"));
  if (peer->queue == QMP_PEER_QUEUE_WAITS)
    return g_strdup (_("the connection was not taken, and no other client is connected: the server hangs, or is busy"));
  if (self->guest_agent)
    return g_strdup (_("the agent may not run, the guest may not run, or another client may hold the agent"));
  if (self->reused)
    return g_strdup (_("a server greets once for each connection: for one that was used before, the properties "
                       "“negotiate” and “await-greeting” have to be off"));
  if (peer->name != NULL && g_str_has_prefix (peer->name, "qemu-ga"))
    return g_strdup (_("this is a guest agent, and needs the property “guest-agent” (“qmp guest”, “qmp-shell -G”)"));
  if (peer->queue == QMP_PEER_QUEUE_TAKEN)
    return g_strdup (_("the connection was taken: the server may hang, or this is not a monitor's socket, but that of a "
                       "guest agent (property “guest-agent”), of TLS (property “tls”), a websocket or HTTP"));
  return g_strdup (_("another client may be holding this monitor, the server may hang, or this is not a monitor, but a "
                     "guest agent (property “guest-agent”), TLS (property “tls”), a websocket, HTTP or gdb"));
}

static const char *
describe_silence (QmpHandshake *self)
{
  if (!self->guest_agent)
    return _("Connected, but no greeting came in time");
  return self->junk != NULL ? _("The guest agent did not answer in time, although something came")
                            : _("The guest agent did not answer in time");
}

static GError *
error_silence (QmpHandshake *self,
               int           fd)
{
  g_autoptr(GString) text = g_string_new (describe_silence (self));
  g_autofree char *reason = NULL;
  QmpPeer peer;

  qmp_peer_look (&peer, fd);
  reason = explain_silence (self, &peer);
  g_string_append_printf (text, ": %s", reason);
  if (peer.name != NULL && !peer.stopped)
    g_string_append_printf (text, _("; the socket is that of the process %d (%s)"), peer.pid, peer.name);
  qmp_peer_clear (&peer);
  return self->guest_agent ? g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, text->str)
                           : g_error_new_literal (QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_BUSY, text->str);
}

GError *
qmp_handshake_error_timed_out (QmpHandshake *self,
                               int           fd)
{
  if (!self->guest_agent && qmp_handshake_awaits_greeting (self) && self->junk != NULL)
    return qmp_handshake_error_no_greeting (self);
  if (self->greeted)
    return qmp_handshake_error_greeted ();
  if (self->guest_agent || qmp_handshake_awaits_greeting (self))
    return error_silence (self, fd);
  if (self->complaint != NULL)
    return g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                        _("The server did not answer the capabilities negotiation in time, and complained: %s"),
                        self->complaint);
  return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                              self->wrong_id
                              ? _("The answer to the capabilities negotiation came with another id than was sent")
                              : _("The server did not answer the capabilities negotiation in time"));
}

GError *
qmp_handshake_error_ended (QmpHandshake *self,
                           const GError *cause,
                           gboolean      wants_certificate)
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
  if (wants_certificate && self->greeting == NULL)
    qmp_error_append_reason (error, _("it may want a certificate of the client (property “tls-certificate”)"));
  return error;
}

GError *
qmp_handshake_error_refused (const GError *error)
{
  return g_error_new (QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_NEGOTIATION,
                      _("The capabilities negotiation failed: %s"), error->message);
}
