/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "link/qmp-agent-sync-private.h"

#include "core/qmp-debug-private.h"
#include "json/qmp-json-text-private.h"

/* How long a sync request waits for its reply, in milliseconds, before the next goes out. The bytes may have been
 * lost: nobody was listening, or the agent was restarted. */
#define SYNC_AGAIN 1000
/* The same when the agent has answered an earlier request: it is only slow. */
#define SYNC_AGAIN_SLOW 5000
/* The numbers of a run follow each other from a random one; there are this many at most. */
#define SYNC_MAX_RUN 1000000

typedef enum {
  FIRST,    /* never in step yet, and somebody waits for that */
  LATER,    /* has been: asks while commands are held */
  STOPPED,
} State;

struct _QmpAgentSync {
  QmpCalls                *calls;         /* borrowed */
  QmpTransport            *transport;     /* borrowed */
  QmpIoContext            *context;
  const QmpAgentSyncFuncs *funcs;
  gpointer                 owner;         /* borrowed */
  State                    state;
  gint64                   first_number;  /* of the requests since the last one that was good: */
  gint64                   last_number;   /* from the first to the last, 0 for none */
  QmpIoTimer               again;         /* when to send the next */
};

/* --- asking --- */

static gint64
random_number (void)
{
  guint64 number = ((guint64) g_random_int () << 32) | g_random_int ();

  return number % (G_MAXINT64 - SYNC_MAX_RUN) + 1;
}

/* The first byte makes the agent forget what an earlier client has left half said. */
static QmpPacket *
make_request (gint64 number)
{
  char text[100];
  int length = g_snprintf (text, sizeof text,
                           "\xff{\"execute\":\"guest-sync-delimited\",\"arguments\":{\"id\":%" G_GINT64_FORMAT "}}\n",
                           number);

  return qmp_packet_new (text, length, NULL);
}

static void
send_request (QmpAgentSync *self)
{
  QmpPacket *packet;

  if (self->last_number == 0 || self->last_number - self->first_number >= SYNC_MAX_RUN)
    self->first_number = self->last_number = random_number ();
  else
    self->last_number++;

  packet = make_request (self->last_number);
  qmp_transport_send (self->transport, packet);
  qmp_packet_unref (packet);
}

static void again_cb (gpointer owner);

static void
wait_for_reply (QmpAgentSync *self,
                guint         milliseconds)
{
  qmp_io_timer_set (&self->again, self->context, g_get_monotonic_time () + milliseconds * 1000, again_cb, self);
}

static void
ask (QmpAgentSync *self)
{
  send_request (self);
  wait_for_reply (self, SYNC_AGAIN);
}

/* For as long as somebody waits for it: a guest that sleeps is not to find a thousand of them. */
static void
again_cb (gpointer owner)
{
  QmpAgentSync *self = owner;

  if (self->state != FIRST && !qmp_calls_has_held (self->calls))
    return;
  qmp_debug (QMP_DEBUG_STATE, "guest agent is asked again");
  ask (self);
}

/* Commands are held. Runs inside of the reading loop, too. */
static void
out_of_step (gpointer owner)
{
  QmpAgentSync *self = owner;

  if (!qmp_io_timer_is_set (&self->again) && self->state != STOPPED)
    ask (self);
}

/* --- its life --- */

QmpAgentSync *
qmp_agent_sync_new (QmpCalls                *calls,
                    QmpTransport            *transport,
                    QmpIoContext            *context,
                    const QmpAgentSyncFuncs *funcs,
                    gpointer                 owner)
{
  QmpAgentSync *self = g_new (QmpAgentSync, 1);

  *self = (QmpAgentSync) {
    .calls = calls,
    .transport = transport,
    .context = qmp_io_context_ref (context),
    .funcs = funcs,
    .owner = owner,
    .state = FIRST,
  };
  qmp_calls_set_agent (calls, out_of_step, self);
  ask (self);
  return self;
}

void
qmp_agent_sync_free (QmpAgentSync *self)
{
  qmp_io_timer_clear (&self->again);
  qmp_io_context_unref (self->context);
  g_free (self);
}

void
qmp_agent_sync_stop (QmpAgentSync *self)
{
  self->state = STOPPED;
  qmp_io_timer_clear (&self->again);
}

void
qmp_agent_sync_attach (QmpAgentSync *self,
                       QmpIoContext *context)
{
  qmp_io_context_ref (context);
  if (qmp_io_timer_is_set (&self->again))
    qmp_io_timer_set (&self->again, context, self->again.deadline.time, again_cb, self);
  qmp_io_context_unref (self->context);
  self->context = context;
}

/* --- what comes --- */

/* The number that a message brings back, 0 if it is not a reply to a request. A reply with an error as well is not. */
static gint64
get_number (QmpJsonFrame *frame)
{
  QmpJsonSpan value = frame->outline.members[QMP_JSON_KEY_RETURN];
  gint64 number;

  if (frame->fault != NULL || frame->outline.kind != QMP_JSON_OBJECT || value.length == 0 ||
      frame->outline.members[QMP_JSON_KEY_ERROR].length > 0 ||
      !qmp_json_get_int64 (frame->text + value.start, value.length, &number))
    return 0;
  return number;
}

static void
come_into_step (QmpAgentSync *self)
{
  gboolean first = self->state == FIRST;

  qmp_io_timer_clear (&self->again);
  self->last_number = 0;
  if (first)
    self->state = LATER;
  qmp_calls_set_in_step (self->calls);
  if (first)
    self->funcs->in_step (self->owner);
}

static void
drop (QmpAgentSync *self,
      QmpJsonFrame *frame)
{
  qmp_debug (QMP_DEBUG_STATE, "dropped until the guest agent is in step");
  if (self->state == FIRST)
    self->funcs->dropped (self->owner, frame);
}

gboolean
qmp_agent_sync_swallows (QmpAgentSync        *self,
                         QmpJsonReaderResult  kind,
                         QmpJsonFrame        *frame)
{
  gint64 number;

  if (!qmp_calls_is_out_of_step (self->calls))
    return FALSE;

  number = kind == QMP_JSON_READER_TEXT ? get_number (frame) : 0;
  if (self->last_number == 0 || number < self->first_number || number > self->last_number)
    drop (self, frame);
  else if (number == self->last_number)
    come_into_step (self);
  else if (qmp_io_timer_is_set (&self->again))
    wait_for_reply (self, SYNC_AGAIN_SLOW);
  return TRUE;
}
