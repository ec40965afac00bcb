/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "qmp-client-private.h"

#include <glib/gi18n-lib.h>

#include "qmp-debug-private.h"
#include "qmp-error-private.h"
#include "qmp-message-private.h"

static gboolean
has (QmpJsonFrame *frame,
     QmpJsonKey    key)
{
  return frame->outline.members[key].length > 0;
}

/* Something that is no message. Before the greeting it is often the end of an earlier client's reply, or
 * telnet's negotiation, and only matters when no greeting follows. */
static void
route_junk (QmpClient    *self,
            QmpJsonFrame *frame)
{
  if (self->opening != NULL && !self->opening->done)
    {
      if (!qmp_handshake_note_junk (&self->opening->handshake, frame->text, frame->length))
        qmp_client_opening_failed (self, qmp_handshake_error_junk (&self->opening->handshake));
      return;
    }

  qmp_client_post_error (self, qmp_protocol_error_new_for_text (QMP_PROTOCOL_ERROR_DESERIALIZATION,
                                                                frame->text, frame->length, 0,
                                                                _("The server sent something that is no JSON object")));
}

static void
route_event (QmpClient     *self,
             QmpJsonReader *reader,
             QmpJsonFrame  *frame)
{
  qmp_client_post_event (self, qmp_event_new_received (qmp_json_reader_dup_bytes (reader, frame),
                                                       &frame->outline));
}

static void
route_greeting (QmpClient     *self,
                QmpJsonReader *reader,
                QmpJsonFrame  *frame)
{
  gboolean awaited = self->opening != NULL && !self->opening->done &&
                     qmp_handshake_awaits_greeting (&self->opening->handshake);
  g_autoptr(GError) error = NULL;
  QmpGreeting *greeting = qmp_greeting_new_received (qmp_json_reader_dup_bytes (reader, frame),
                                                     &frame->outline, &error);

  if (greeting != NULL && awaited)
    qmp_client_opening_greeted (self, greeting);
  else if (greeting != NULL)
    qmp_client_post_greeting (self, greeting);
  else if (awaited)
    qmp_client_opening_failed (self, g_steal_pointer (&error));
  else
    qmp_client_post_error (self, g_steal_pointer (&error));
}

/* The server's complaint about something that it could not parse, so that it could not say about which
 * command. There may be several for one input. */
static void
route_parse_error (QmpClient    *self,
                   QmpJsonFrame *frame)
{
  g_autofree char *error_class = NULL;
  g_autofree char *desc = NULL;

  if (qmp_error_reply_parse (frame->text, frame->outline.members[QMP_JSON_KEY_ERROR], &error_class, &desc))
    qmp_client_post_error (self, g_error_new_literal (QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERVER_PARSE,
                                                      desc));
  else
    qmp_client_post_error (self, qmp_protocol_error_new_for_text (QMP_PROTOCOL_ERROR_BAD_REPLY,
                                                                  frame->text, frame->length, -1,
                                                                  _("The error that the server sent has no class or no description")));
}

static void
route_reply (QmpClient     *self,
             QmpJsonReader *reader,
             QmpJsonFrame  *frame)
{
  QmpCall *call = NULL;

  switch (qmp_calls_route (self->calls, reader, frame, &call))
    {
    case QMP_CALLS_MATCHED:
      qmp_client_call_done (self, call);
      break;
    case QMP_CALLS_PARSE_ERROR:
      route_parse_error (self, frame);
      break;
    case QMP_CALLS_SWALLOWED:
      qmp_debug (QMP_DEBUG_STATE, "late reply dropped");
      break;
    case QMP_CALLS_UNKNOWN:
      qmp_debug (QMP_DEBUG_STATE, "reply to nobody dropped");
      break;
    default:
      g_assert_not_reached ();
    }
}

/* JSON that is broken: the command whose reply it is fails, if so much can be told; the link lives on. */
static void
route_faulty (QmpClient     *self,
              QmpJsonReader *reader,
              QmpJsonFrame  *frame)
{
  QmpCall *call = NULL;

  if (qmp_calls_route (self->calls, reader, frame, &call) == QMP_CALLS_MATCHED)
    qmp_client_call_done (self, call);
  else if (self->opening != NULL && !self->opening->done)
    route_junk (self, frame);
  else
    qmp_client_post_error (self, g_error_copy (frame->fault));
}

/* By key, at every stage (QMP specification, "Server Greeting", "Events", "Command Responses"). */
static void
route_text (QmpClient     *self,
            QmpJsonReader *reader,
            QmpJsonFrame  *frame)
{
  if (frame->fault != NULL)
    route_faulty (self, reader, frame);
  else if (frame->outline.kind != QMP_JSON_OBJECT)
    qmp_client_post_error (self, qmp_protocol_error_new_for_text (QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE,
                                                                  frame->text, frame->length, 0,
                                                                  _("The server sent JSON that is no object")));
  else if (has (frame, QMP_JSON_KEY_EVENT))
    route_event (self, reader, frame);
  else if (has (frame, QMP_JSON_KEY_QMP))
    route_greeting (self, reader, frame);
  else
    route_reply (self, reader, frame);
}

static void
received (gpointer             owner,
          QmpJsonReader       *reader,
          QmpJsonReaderResult  kind,
          QmpJsonFrame        *frame)
{
  QmpClient *self = owner;

  /* What comes behind a failed handshake is nobody's. */
  if (self->opening != NULL && self->opening->done && self->opening->error != NULL)
    return;
  qmp_client_note_received (self, frame);
  if (qmp_client_agent_swallows (self, kind, frame))
    return;
  if (kind == QMP_JSON_READER_JUNK)
    route_junk (self, frame);
  else
    route_text (self, reader, frame);
}

static void
ended (gpointer      owner,
       const GError *cause)
{
  qmp_client_link_ended (owner, cause);
}

static void
settled (gpointer owner)
{
  QmpClient *self = owner;

  g_object_ref (self);
  qmp_client_offer_events (self);
  qmp_client_link_settled (self);
  if (!self->blocking)
    qmp_client_deliver (self);
  g_object_unref (self);
}

static void
sent (gpointer   owner,
      QmpPacket *packet)
{
  qmp_client_note_sent (owner, packet);
}

static void
begins (gpointer owner)
{
  qmp_client_look_for_wire (owner);
}

const QmpTransportFuncs qmp_client_transport_funcs = { received, ended, settled, sent, begins };
