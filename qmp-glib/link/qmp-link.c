/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "link/qmp-link-private.h"

#include <glib/gi18n-lib.h>

#include "core/qmp-debug-private.h"
#include "core/qmp-error-private.h"
#include "json/qmp-json-text-private.h"
#include "message/qmp-message-private.h"
#include "message/qmp-reply-private.h"

/* qmp_capabilities carries an id that no earlier client can have used for something that is still under
 * way in the server: its reply would come before ours. */
#define NEGOTIATION_ID_MIN 100000000

static void
set_state (QmpLink      *self,
           QmpLinkState  state)
{
  g_assert (state >= self->state);

  self->state = state;
}

/* --- the handshake --- */

static gboolean
is_shaking_hands (QmpLink *self)
{
  return self->state < QMP_LINK_RUNNING;
}

static void
establish (QmpLink *self)
{
  set_state (self, QMP_LINK_RUNNING);
  self->handshake_funcs->established (self->opener);
}

/* Takes error. */
static void
fail (QmpLink *self,
      GError  *error)
{
  qmp_link_abort (self);
  self->handshake_funcs->failed (self->opener, error);
}

/* Takes greeting. */
static void
greeted (QmpLink     *self,
         QmpGreeting *greeting)
{
  guint id = g_random_int_range (NEGOTIATION_ID_MIN, G_MAXINT);
  g_autofree char *text = NULL;

  qmp_handshake_greet (&self->handshake, greeting);
  if (!self->handshake.negotiate)
    {
      establish (self);
      return;
    }
  text = qmp_handshake_dup_command (&self->handshake, id);
  set_state (self, QMP_LINK_NEGOTIATION);
  self->negotiation = qmp_calls_issue (self->calls, QMP_CALL_NOTHING, qmp_packet_new (text, strlen (text), NULL),
                                       id, NULL, FALSE);
}

static void
negotiated (QmpLink *self)
{
  g_autoptr(QmpCall) call = g_steal_pointer (&self->negotiation);

  if (call->error != NULL)
    {
      fail (self, qmp_handshake_error_refused (call->error));
      return;
    }
  qmp_calls_set_window (self->calls, qmp_handshake_enables_oob (&self->handshake) && !qmp_calls_is_in_order (self->calls));
  establish (self);
}

static void
in_step (gpointer owner)
{
  establish (owner);
}

static void
dropped (gpointer      owner,
         QmpJsonFrame *frame)
{
  QmpLink *self = owner;

  if (frame->fault == NULL && qmp_handshake_is_monitor (&self->handshake, frame))
    fail (self, qmp_handshake_error_greeted ());
  else
    qmp_handshake_note_junk (&self->handshake, frame->text, frame->length);
}

static const QmpAgentSyncFuncs agent_funcs = { in_step, dropped };

/* --- routing --- */

static gboolean
has (QmpJsonFrame *frame,
     QmpJsonKey    key)
{
  return frame->outline.members[key].length > 0;
}

static void
report (QmpLink *self,
        GError  *error)
{
  self->funcs->protocol_error (self->owner, error);
}

/* Something that is not a message. Before the greeting it is often the end of an earlier client's reply, or
 * telnet's negotiation, and only matters when no greeting follows. */
static void
route_junk (QmpLink      *self,
            QmpJsonFrame *frame)
{
  if (!is_shaking_hands (self))
    report (self, qmp_protocol_error_new_for_text (QMP_PROTOCOL_ERROR_DESERIALIZATION, frame->text, frame->length, 0,
                                                   _("The server sent something that is not a JSON object")));
  else if (!qmp_handshake_note_junk (&self->handshake, frame->text, frame->length))
    fail (self, qmp_handshake_error_junk (&self->handshake));
}

/* Takes greeting. */
static void
stray_greeting (QmpLink     *self,
                QmpGreeting *greeting)
{
  qmp_handshake_greet (&self->handshake, g_object_ref (greeting));
  self->funcs->greeting (self->owner, greeting);
}

static void
route_greeting (QmpLink       *self,
                QmpJsonReader *reader,
                QmpJsonFrame  *frame)
{
  gboolean awaited = self->state == QMP_LINK_GREETING;
  g_autoptr(GError) error = NULL;
  QmpGreeting *greeting = qmp_greeting_new_received (reader, frame, &error);

  if (greeting != NULL && awaited)
    greeted (self, greeting);
  else if (greeting != NULL)
    stray_greeting (self, greeting);
  else if (awaited)
    fail (self, g_steal_pointer (&error));
  else
    report (self, g_steal_pointer (&error));
}

static gboolean
is_empty_object (const char *text,
                 gsize       length)
{
  return text[0] == '{' && qmp_json_skip_spaces (text + 1, text + length) == text + length - 1;
}

/* Small servers of other programs than QEMU repeat no ids. An earlier client's reply may have no id either, but would
 * hardly be this one. */
static void
look_for_order (QmpLink      *self,
                QmpJsonFrame *frame)
{
  QmpJsonSpan value = frame->outline.members[QMP_JSON_KEY_RETURN];

  if (self->state == QMP_LINK_NEGOTIATION && !has (frame, QMP_JSON_KEY_ID) && !has (frame, QMP_JSON_KEY_ERROR) &&
      value.length > 0 && is_empty_object (frame->text + value.start, value.length))
    qmp_calls_set_in_order (self->calls, self->negotiation);
}

/* The server's complaint about something that it could not parse, so that it could not say about which
 * command. There may be several for one input. */
static void
route_parse_error (QmpLink      *self,
                   QmpJsonFrame *frame)
{
  g_autofree char *error_class = NULL;
  g_autofree char *desc = NULL;

  if (!qmp_reply_parse_error (frame->text, frame->outline.members[QMP_JSON_KEY_ERROR], &error_class, &desc))
    {
      report (self, qmp_protocol_error_new_for_text (QMP_PROTOCOL_ERROR_BAD_REPLY, frame->text, frame->length, -1,
                                                     _("The error that the server sent has no class or no description")));
      return;
    }
  if (self->state == QMP_LINK_NEGOTIATION)
    qmp_handshake_note_complaint (&self->handshake, desc);
  report (self, g_error_new_literal (QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERVER_PARSE, desc));
}

static void
answered (QmpLink *self,
          QmpCall *call)
{
  if (call == self->negotiation)
    negotiated (self);
  else
    self->funcs->call_done (self->owner, call);
}

static void
route_reply (QmpLink       *self,
             QmpJsonReader *reader,
             QmpJsonFrame  *frame)
{
  QmpCall *call = NULL;

  look_for_order (self, frame);
  switch (qmp_calls_route (self->calls, reader, frame, &call))
    {
    case QMP_CALLS_MATCHED:
      answered (self, call);
      break;
    case QMP_CALLS_PARSE_ERROR:
      route_parse_error (self, frame);
      break;
    case QMP_CALLS_SWALLOWED:
      qmp_debug (QMP_DEBUG_STATE, "late reply dropped");
      break;
    case QMP_CALLS_UNKNOWN:
      if (self->state == QMP_LINK_NEGOTIATION)
        self->handshake.wrong_id = TRUE;
      qmp_debug (QMP_DEBUG_STATE, "reply to nobody dropped");
      break;
    default:
      g_assert_not_reached ();
    }
}

/* JSON that is broken: the command whose reply it is fails, if so much can be told; the link lives on. */
static void
route_faulty (QmpLink       *self,
              QmpJsonReader *reader,
              QmpJsonFrame  *frame)
{
  QmpCall *call = NULL;

  if (qmp_calls_route (self->calls, reader, frame, &call) == QMP_CALLS_MATCHED)
    answered (self, call);
  else if (is_shaking_hands (self))
    route_junk (self, frame);
  else
    report (self, g_error_copy (frame->fault));
}

/* By key, at every stage (QMP specification, "Server Greeting", "Events", "Command Responses"). */
static void
route_text (QmpLink       *self,
            QmpJsonReader *reader,
            QmpJsonFrame  *frame)
{
  if (frame->fault != NULL)
    route_faulty (self, reader, frame);
  else if (frame->outline.kind != QMP_JSON_OBJECT)
    report (self, qmp_protocol_error_new_for_text (QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE, frame->text, frame->length, 0,
                                                   _("The server sent JSON that is not an object")));
  else if (has (frame, QMP_JSON_KEY_EVENT))
    self->funcs->event (self->owner, qmp_event_new_received (reader, frame));
  else if (has (frame, QMP_JSON_KEY_QMP))
    route_greeting (self, reader, frame);
  else
    route_reply (self, reader, frame);
}

/* --- what the wire calls --- */

static void
received (gpointer             owner,
          QmpJsonReader       *reader,
          QmpJsonReaderResult  kind,
          QmpJsonFrame        *frame)
{
  QmpLink *self = owner;

  if (self->state > QMP_LINK_RUNNING)
    return;
  if (self->log->noting)
    qmp_wire_log_note_received (self->log, frame);
  if (self->agent != NULL && qmp_agent_sync_swallows (self->agent, kind, frame))
    return;
  if (kind == QMP_JSON_READER_JUNK)
    route_junk (self, frame);
  else
    route_text (self, reader, frame);
}

static void
end (QmpLink      *self,
     const GError *cause)
{
  if (self->state == QMP_LINK_RUNNING)
    self->funcs->ended (self->owner, cause);
  else if (is_shaking_hands (self))
    fail (self, g_error_matches (cause, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_TOO_LARGE)
                ? g_error_copy (cause)
                : qmp_handshake_error_ended (&self->handshake, cause, self->lacks_certificate));
}

/* What ssh says of the end is why. */
static void
end_with_tunnel (QmpLink *self)
{
  g_autofree char *words = qmp_tunnel_dup_words (self->tunnel);
  g_autofree char *reason = g_strconcat ("ssh: ", words, NULL);
  g_autoptr(GError) cause = g_steal_pointer (&self->cause);

  if (words != NULL)
    qmp_error_append_reason (cause, reason);
  end (self, cause);
}

static void
tunnel_over (gpointer owner)
{
  QmpLink *self = owner;

  end_with_tunnel (self);
  self->funcs->after_dispatch (self->owner);
}

static void
ended (gpointer      owner,
       const GError *cause)
{
  QmpLink *self = owner;

  if (self->tunnel == NULL)
    {
      end (self, cause);
      return;
    }
  self->cause = g_error_copy (cause);
  if (qmp_tunnel_end (self->tunnel, tunnel_over, self))
    end_with_tunnel (self);
}

static void
after_dispatch (gpointer owner)
{
  QmpLink *self = owner;

  self->funcs->after_dispatch (self->owner);
}

static void
sent (gpointer   owner,
      QmpPacket *packet)
{
  QmpLink *self = owner;

  if (self->log->noting)
    qmp_wire_log_note_sent (self->log, packet);
}

static void
begins (gpointer owner)
{
  QmpLink *self = owner;

  qmp_wire_log_begin (self->log, self->funcs->hears_wire (self->owner));
}

static gboolean
wants_more (gpointer owner)
{
  QmpLink *self = owner;

  return self->funcs->wants_more (self->owner);
}

static const QmpTransportFuncs transport_funcs = { received, ended, after_dispatch, sent, begins, wants_more };

/* --- its life --- */

QmpLink *
qmp_link_new (GIOStream              *stream,
              const QmpLinkSettings  *settings,
              QmpCalls               *calls,
              QmpWireLog             *log,
              const QmpLinkFuncs     *funcs,
              gpointer                owner,
              GError                **error)
{
  QmpLink *self = g_new0 (QmpLink, 1);

  self->transport = qmp_transport_new (stream, settings->max_message_size, settings->max_depth, &transport_funcs, self,
                                       error);
  if (self->transport == NULL)
    {
      g_free (self);
      return NULL;
    }
  self->calls = calls;
  self->log = log;
  self->funcs = funcs;
  self->owner = owner;
  self->lacks_certificate = settings->lacks_certificate;
  qmp_handshake_init (&self->handshake, settings->await_greeting, settings->negotiate, settings->out_of_band,
                      settings->guest_agent);
  qmp_calls_begin (calls, self->transport);
  return self;
}

void
qmp_link_free (QmpLink *self)
{
  GQueue lost;
  GList *link;

  if (self->state != QMP_LINK_ENDED)
    {
      qmp_link_end (self, "", &lost);
      while ((link = g_queue_pop_head_link (&lost)) != NULL)
        qmp_call_free (link->data);
    }
  g_clear_pointer (&self->agent, qmp_agent_sync_free);
  qmp_transport_close (self->transport);
  g_clear_pointer (&self->tunnel, qmp_tunnel_free);
  g_clear_error (&self->cause);
  qmp_handshake_clear (&self->handshake);
  g_free (self);
}

void
qmp_link_begin (QmpLink                     *self,
                QmpIoContext                *context,
                const QmpLinkHandshakeFuncs *funcs,
                gpointer                     opener)
{
  self->handshake_funcs = funcs;
  self->opener = opener;
  if (self->tunnel != NULL)
    qmp_tunnel_attach (self->tunnel, context);
  qmp_transport_attach (self->transport, context);
  if (self->handshake.guest_agent)
    {
      set_state (self, QMP_LINK_SYNC);
      self->agent = qmp_agent_sync_new (self->calls, self->transport, context, &agent_funcs, self);
    }
  else if (!qmp_handshake_awaits_greeting (&self->handshake))
    {
      establish (self);
    }
}

void
qmp_link_attach (QmpLink      *self,
                 QmpIoContext *context)
{
  if (self->agent != NULL)
    qmp_agent_sync_attach (self->agent, context);
  if (self->tunnel != NULL)
    qmp_tunnel_attach (self->tunnel, context);
  qmp_transport_attach (self->transport, context);
}

gboolean
qmp_link_can_iterate (QmpLink *self)
{
  return qmp_transport_can_iterate (self->transport) && self->agent == NULL && self->tunnel == NULL;
}

int
qmp_link_get_peer_fd (QmpLink *self)
{
  return self->tunnel == NULL ? qmp_transport_get_fd (self->transport) : -1;
}

/* --- commands --- */

gboolean
qmp_link_check_fds (QmpLink      *self,
                    GUnixFDList  *fd_list,
                    GError      **error)
{
  int n_fds = fd_list != NULL ? g_unix_fd_list_get_length (fd_list) : 0;

  if (n_fds > 0 && self->tunnel != NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                           _("File descriptors cannot be passed through ssh"));
      return FALSE;
    }
  if (n_fds > 0 && !qmp_transport_can_send_fds (self->transport))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                           _("File descriptors can only be passed over a Unix socket"));
      return FALSE;
    }
  if (n_fds > QMP_MAX_FDS)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _("%d file descriptors are too many for one message"), n_fds);
      return FALSE;
    }
  return TRUE;
}

static gboolean
check_out_of_band (QmpLink     *self,
                   QmpRequest  *request,
                   GError     **error)
{
  QmpGreeting *greeting = self->handshake.greeting;
  gboolean offered;

  if (!request->out_of_band || qmp_calls_has_window (self->calls))
    return TRUE;

  offered = greeting != NULL && qmp_greeting_has_capability (greeting, "oob");
  g_set_error_literal (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE,
                       offered ? _("Cannot execute out of band: the server offers it, but it was not negotiated")
                               : _("Cannot execute out of band: the server does not offer it"));
  return FALSE;
}

gboolean
qmp_link_check (QmpLink     *self,
                QmpRequest  *request,
                GError     **error)
{
  return check_out_of_band (self, request, error) && qmp_link_check_fds (self, request->fd_list, error);
}

QmpCall *
qmp_link_issue (QmpLink    *self,
                QmpRequest *request)
{
  /* An agent reads lines. */
  if (self->agent != NULL)
    g_string_append_c (request->text, '\n');
  return qmp_request_issue (request, self->calls);
}

/* --- its end --- */

void
qmp_link_wind_up (QmpLink *self)
{
  if (self->agent != NULL)
    qmp_agent_sync_stop (self->agent);
}

gboolean
qmp_link_take_leave (QmpLink *self)
{
  return self->tunnel == NULL || !qmp_transport_end_writing (self->transport);
}

QmpCall *
qmp_link_end (QmpLink    *self,
              const char *cause,
              GQueue     *rest)
{
  set_state (self, QMP_LINK_ENDED);
  self->negotiation = NULL;
  qmp_link_wind_up (self);
  return qmp_calls_end (self->calls, cause, rest);
}

void
qmp_link_abort (QmpLink *self)
{
  set_state (self, QMP_LINK_FAILED);
  self->negotiation = NULL;
  qmp_link_wind_up (self);
}

GError *
qmp_link_error_timed_out (QmpLink  *self,
                          gboolean  reused)
{
  qmp_transport_give_out_rest (self->transport);
  self->handshake.reused = reused;
  return qmp_handshake_error_timed_out (&self->handshake, qmp_link_get_peer_fd (self));
}
