/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "qmp-client-private.h"

#include "qmp-debug-private.h"

/* A guest agent sits behind a serial line that outlives both sides: what comes may be the reply to a client
 * that has left, and what it has heard last may be half a message of that one. So the two sides have to get into
 * step: the client sends a number, and whatever comes before that number comes back is not for it. Likewise
 * after a command that was given up: the agent answers one after the other, and may be stuck in that one. */

/* How long a sync request waits for its reply, in milliseconds, before the next goes out. The bytes may have been
 * lost: nobody was listening, or the agent was restarted. */
#define SYNC_AGAIN 1000
/* The same when the agent has answered an earlier request: it is only slow. */
#define SYNC_AGAIN_SLOW 5000
/* The numbers of a run follow each other from a random one; there are this many at most. */
#define SYNC_MAX_RUN 1000000

static gboolean
is_opening (QmpClient *self)
{
  return self->opening != NULL && !self->opening->done;
}

static gint64
random_number (void)
{
  guint64 number = ((guint64) g_random_int () << 32) | g_random_int ();

  return number % (G_MAXINT64 - SYNC_MAX_RUN) + 1;
}

static void
send_sync (QmpClient *self)
{
  QmpAgent *agent = &self->agent;
  g_autoptr(GString) text = NULL;
  QmpPacket *packet;

  if (agent->last_number == 0 || agent->last_number - agent->first_number >= SYNC_MAX_RUN)
    agent->first_number = agent->last_number = random_number ();
  else
    agent->last_number++;

  text = qmp_handshake_dup_sync (agent->last_number);
  packet = qmp_packet_new (text->str, text->len, NULL);
  qmp_transport_send (self->transport, packet);
  qmp_packet_unref (packet);
}

static gboolean again_cb (gpointer user_data);

static void
wait_for_reply (QmpClient *self,
                guint      milliseconds)
{
  qmp_clear_source (&self->agent.again);
  self->agent.again = qmp_client_add_timer (self, milliseconds, again_cb);
}

/* For as long as somebody waits for it: a guest that sleeps is not to find a thousand of them. */
static gboolean
again_cb (gpointer user_data)
{
  QmpClient *self = user_data;

  qmp_clear_source (&self->agent.again);
  if (self->closing != NULL || !(is_opening (self) || qmp_calls_has_held (self->calls)))
    return G_SOURCE_REMOVE;

  qmp_debug (QMP_DEBUG_STATE, "guest agent is asked again");
  send_sync (self);
  wait_for_reply (self, SYNC_AGAIN);
  return G_SOURCE_REMOVE;
}

/* Commands are held. Runs inside of the reading loop, too. */
static void
out_of_step (gpointer owner)
{
  QmpClient *self = owner;

  if (self->agent.again != NULL || self->closing != NULL)
    return;

  send_sync (self);
  wait_for_reply (self, SYNC_AGAIN);
}

void
qmp_client_agent_begin (QmpClient *self)
{
  self->agent = (QmpAgent) { .active = TRUE };
  qmp_calls_set_agent (self->calls, out_of_step, self);
  out_of_step (self);
}

void
qmp_client_agent_end (QmpClient *self)
{
  qmp_clear_source (&self->agent.again);
  self->agent.active = FALSE;
}

static void
in_step (QmpClient *self)
{
  qmp_clear_source (&self->agent.again);
  self->agent.last_number = 0;
  qmp_calls_set_in_step (self->calls);
  if (is_opening (self))
    qmp_client_opening_synced (self);
}

gboolean
qmp_client_agent_swallows (QmpClient           *self,
                           QmpJsonReaderResult  kind,
                           QmpJsonFrame        *frame)
{
  QmpAgent *agent = &self->agent;
  gint64 number;

  if (!agent->active || !qmp_calls_is_out_of_step (self->calls))
    return FALSE;

  number = kind == QMP_JSON_READER_TEXT ? qmp_handshake_get_sync_reply (frame) : 0;
  if (agent->last_number == 0 || number < agent->first_number || number > agent->last_number)
    qmp_debug (QMP_DEBUG_STATE, "dropped until the guest agent is in step");
  else if (number == agent->last_number)
    in_step (self);
  else if (agent->again != NULL)
    wait_for_reply (self, SYNC_AGAIN_SLOW);
  return TRUE;
}

void
qmp_client_agent_move (QmpClient *self)
{
  gint64 remaining;

  if (self->agent.again == NULL)
    return;

  remaining = g_source_get_ready_time (self->agent.again) - g_get_monotonic_time ();
  wait_for_reply (self, MAX (remaining, 0) / 1000);
}
