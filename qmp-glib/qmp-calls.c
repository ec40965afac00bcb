/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "qmp-calls-private.h"

#include "qmp-error-private.h"
#include "qmp-json-text-private.h"

/* Where ids start is drawn from this range: wide enough that the reply to an earlier client's command
 * is not taken for one of ours, and short on the wire, which QEMU reads one byte per system call. */
#define FIRST_SERIAL_MIN 1000
#define FIRST_SERIAL_MAX 90000

#define FIRST_SLOTS 8
/* More than this are given back when they are empty. */
#define MANY_SLOTS 1024

struct _QmpCalls {
  QmpTransport *transport;  /* borrowed, NULL without a link */
  guint         next_serial;

  GQueue        pending;    /* every call that is not DONE, by pending_link, in the order of issue */
  QmpCall     **slots;      /* by the low bits of the serial; borrowed from pending */
  guint         n_slots;    /* a power of two */
  guint         n_serials;  /* of the slots, in use */
  GHashTable   *by_text;    /* canonical id → QmpCall, likewise */
  GQueue        without_id; /* of QmpCall, likewise, in the order of issue */

  gboolean      window;
  guint         in_flight;  /* in-band commands, counted while window is on */
  gboolean      exclusive;  /* the one in flight carries descriptors */

  gboolean      agent;
  gboolean      out_of_step;         /* of an agent: what comes next may be the reply to a call that was given up */
  QmpCallsOutOfStep tell_out_of_step;
  gpointer      agent_owner;         /* borrowed */
  GQueue        held;       /* by held_link */
  GQueue        watched;    /* by watched_link, in the order of issue */
};

static void
reset_slots (QmpCalls *self)
{
  g_free (self->slots);
  self->n_slots = FIRST_SLOTS;
  self->slots = g_new0 (QmpCall *, self->n_slots);
}

QmpCalls *
qmp_calls_new (void)
{
  QmpCalls *self = g_new0 (QmpCalls, 1);

  self->next_serial = g_random_int_range (FIRST_SERIAL_MIN, FIRST_SERIAL_MAX);
  reset_slots (self);
  self->by_text = g_hash_table_new (g_str_hash, g_str_equal);
  return self;
}

void
qmp_calls_free (QmpCalls *self)
{
  g_assert (self->pending.head == NULL);

  g_free (self->slots);
  g_hash_table_unref (self->by_text);
  g_free (self);
}

void
qmp_calls_begin (QmpCalls     *self,
                 QmpTransport *transport)
{
  g_assert (self->pending.head == NULL);

  self->transport = transport;
  self->window = FALSE;
  self->in_flight = 0;
  self->exclusive = FALSE;
  self->agent = FALSE;
  self->out_of_step = FALSE;
}

void
qmp_calls_set_window (QmpCalls *self,
                      gboolean  window)
{
  self->window = window;
}

gboolean
qmp_calls_has_window (QmpCalls *self)
{
  return self->window;
}

/* --- ids --- */

/* Serials are ours to choose: one whose slot is taken is not, so that each slot holds one call and no two ever
 * collide. */
static QmpCall **
get_slot (QmpCalls *self,
          guint     serial)
{
  return &self->slots[serial & (self->n_slots - 1)];
}

/* Serials that differ in their low bits still do with one bit more. */
static void
grow_slots (QmpCalls *self)
{
  g_autofree QmpCall **old = g_steal_pointer (&self->slots);
  guint n_old = self->n_slots;

  self->n_slots *= 2;
  self->slots = g_new0 (QmpCall *, self->n_slots);
  for (guint i = 0; i < n_old; i++)
    if (old[i] != NULL)
      *get_slot (self, old[i]->serial) = old[i];
}

/* Is it the id of a message that came with one? */
static gboolean
is_own_id (QmpCalls *self,
           guint     serial)
{
  char text[16];

  if (g_hash_table_size (self->by_text) == 0)
    return FALSE;
  g_snprintf (text, sizeof text, "%u", serial);
  return g_hash_table_contains (self->by_text, text);
}

guint
qmp_calls_take_serial (QmpCalls *self)
{
  if (self->n_serials >= self->n_slots / 2)
    grow_slots (self);
  do
    self->next_serial = self->next_serial >= G_MAXINT ? 1 : self->next_serial + 1;
  while (*get_slot (self, self->next_serial) != NULL || is_own_id (self, self->next_serial));
  return self->next_serial;
}

static QmpCall *
find_serial (QmpCalls *self,
             guint     serial)
{
  QmpCall *call = *get_slot (self, serial);

  return call != NULL && call->serial == serial ? call : NULL;
}

/* An id that is a number as the library's own ids are, 0 if it is none. */
static guint
serial_from_text (const char *text,
                  gsize       length)
{
  guint64 value;

  if (!qmp_json_get_uint64 (text, length, &value) || value > G_MAXINT)
    return 0;
  return value;
}

/* id_key: from qmp_call_dup_id_key(). */
static QmpCall *
find_key (QmpCalls   *self,
          const char *id_key)
{
  guint serial = serial_from_text (id_key, strlen (id_key));
  QmpCall *call = serial != 0 ? find_serial (self, serial) : NULL;

  return call != NULL ? call : g_hash_table_lookup (self->by_text, id_key);
}

static QmpCall *
find (QmpCalls   *self,
      const char *id_text,
      gsize       length)
{
  guint serial = serial_from_text (id_text, length);
  QmpCall *call = serial != 0 ? find_serial (self, serial) : NULL;
  g_autofree char *key = NULL;

  if (call != NULL)
    return call;

  /* Not ours: one that came with its message, if there are such. */
  if (g_hash_table_size (self->by_text) == 0)
    return NULL;
  key = qmp_call_dup_id_key (id_text, length);
  return g_hash_table_lookup (self->by_text, key);
}

gboolean
qmp_calls_has_id (QmpCalls   *self,
                  const char *id_text)
{
  return find_key (self, id_text) != NULL;
}

static gboolean
has_id (QmpCall *call)
{
  return call->serial != 0 || call->id_text != NULL;
}

/* Into the table, but for without_id, whose order is the caller's business. */
static void
enter (QmpCalls *self,
       QmpCall  *call)
{
  g_queue_push_tail_link (&self->pending, &call->pending_link);
  if (call->serial != 0)
    {
      *get_slot (self, call->serial) = call;
      self->n_serials++;
    }
  else if (call->id_text != NULL)
    g_hash_table_insert (self->by_text, call->id_text, call);
}

/* Out of the table. Its place among those without an id goes to heir, if there is one. */
static void
leave (QmpCalls *self,
       QmpCall  *call,
       QmpCall  *heir)
{
  g_queue_unlink (&self->pending, &call->pending_link);
  if (call->watched)
    g_queue_unlink (&self->watched, &call->watched_link);
  call->watched = FALSE;
  if (call->serial != 0)
    {
      *get_slot (self, call->serial) = NULL;
      if (--self->n_serials == 0 && self->n_slots > MANY_SLOTS)
        reset_slots (self);
    }
  else if (call->id_text != NULL)
    g_hash_table_remove (self->by_text, call->id_text);
  else if (heir != NULL)
    g_queue_find (&self->without_id, call)->data = heir;
  else
    g_queue_remove (&self->without_id, call);
}

/* --- the window --- */

static gboolean
carries_fds (QmpCall *call)
{
  return call->packet->fd_list != NULL;
}

/* QEMU reads ahead with out-of-band on, and the descriptors that it reads replace those that no command
 * has taken yet: a command that carries some must have the queue for itself. Those that go by themselves wait
 * for all that is before them too, since any of it may be about to take the ones that went before; the
 * commands behind them need not wait. */
static gboolean
may_send (QmpCalls *self,
          QmpCall  *call)
{
  if (self->agent)
    return !self->out_of_step && self->in_flight == 0 &&
           (self->held.head == NULL || self->held.head->data == call);
  if (!self->window)
    return TRUE;
  if (call->out_of_band && !carries_fds (call))
    return TRUE;
  if (self->held.head != NULL && self->held.head->data != call)
    return FALSE;
  if (carries_fds (call))
    return self->in_flight == 0;
  return self->in_flight < QMP_CALLS_WINDOW && !self->exclusive;
}

static void
send (QmpCalls *self,
      QmpCall  *call)
{
  qmp_transport_send (self->transport, call->packet);
  if (call->bare)
    {
      qmp_call_free (call);
      return;
    }

  call->phase = QMP_CALL_SENT;
  if (self->agent || (self->window && (!call->out_of_band || carries_fds (call))))
    {
      call->in_window = TRUE;
      self->in_flight++;
      self->exclusive = carries_fds (call);
    }
}

static void
send_or_hold (QmpCalls *self,
              QmpCall  *call)
{
  if (may_send (self, call))
    send (self, call);
  else
    g_queue_push_tail_link (&self->held, &call->held_link);
}

static void
send_held (QmpCalls *self)
{
  while (self->held.head != NULL && may_send (self, self->held.head->data))
    {
      QmpCall *call = self->held.head->data;

      g_queue_unlink (&self->held, &call->held_link);
      send (self, call);
    }
}

/* A call has left the server's queue. */
static void
open_window (QmpCalls *self,
             QmpCall  *call)
{
  if (!call->in_window)
    return;

  call->in_window = FALSE;
  self->in_flight--;
  self->exclusive = FALSE;
  send_held (self);
}

/* --- guest agents --- */

static void
ask_for_step (QmpCalls *self)
{
  if (self->out_of_step && self->held.head != NULL)
    self->tell_out_of_step (self->agent_owner);
}

void
qmp_calls_set_agent (QmpCalls          *self,
                     QmpCallsOutOfStep  out_of_step,
                     gpointer           owner)
{
  self->agent = TRUE;
  self->out_of_step = TRUE;
  self->tell_out_of_step = out_of_step;
  self->agent_owner = owner;
}

gboolean
qmp_calls_is_out_of_step (QmpCalls *self)
{
  return self->out_of_step;
}

void
qmp_calls_set_in_step (QmpCalls *self)
{
  self->out_of_step = FALSE;
  send_held (self);
}

gboolean
qmp_calls_has_held (QmpCalls *self)
{
  return self->held.head != NULL;
}

/* --- the life of a call --- */

QmpCall *
qmp_calls_issue (QmpCalls    *self,
                 QmpCallForm  form,
                 QmpPacket   *packet,
                 guint        serial,
                 char        *id_text,
                 gboolean     out_of_band)
{
  QmpCall *call = qmp_call_new (form, packet);

  call->serial = serial;
  call->id_text = id_text;
  call->out_of_band = out_of_band;
  enter (self, call);
  if (!has_id (call))
    g_queue_push_tail (&self->without_id, call);

  send_or_hold (self, call);
  ask_for_step (self);
  return call;
}

void
qmp_calls_issue_fds (QmpCalls  *self,
                     QmpPacket *packet)
{
  QmpCall *call = qmp_call_new (QMP_CALL_VALUE, packet);

  call->bare = TRUE;
  send_or_hold (self, call);
  ask_for_step (self);
}

/* What stays of a call that was given up after it was written. Its descriptors and its text are let go. */
static QmpCall *
make_remnant (QmpCall *call)
{
  QmpCall *remnant = qmp_call_new (call->form, NULL);

  remnant->phase = QMP_CALL_ABANDONED;
  remnant->serial = call->serial;
  remnant->id_text = g_strdup (call->id_text);
  remnant->in_window = call->in_window;
  return remnant;
}

/* Out of the table, or what stays of it into its place. */
static void
take_out (QmpCalls *self,
          QmpCall  *call)
{
  if (call->phase == QMP_CALL_HELD)
    {
      g_queue_unlink (&self->held, &call->held_link);
      leave (self, call, NULL);
    }
  else if (qmp_transport_recall (self->transport, call->packet))
    {
      leave (self, call, NULL);
      open_window (self, call);
    }
  else if (self->agent || call->silent)
    {
      /* Nothing will tell an agent's late reply from the next one's, and a silent call's never comes. */
      self->out_of_step = self->agent;
      leave (self, call, NULL);
      open_window (self, call);
    }
  else
    {
      QmpCall *remnant = make_remnant (call);

      leave (self, call, remnant);
      enter (self, remnant);
    }
}

void
qmp_calls_abandon (QmpCalls *self,
                   QmpCall  *call,
                   GError   *error)
{
  gboolean silence = call->silent && qmp_call_was_written (call) &&
                     g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);

  g_assert (call->phase == QMP_CALL_HELD || call->phase == QMP_CALL_SENT);

  take_out (self, call);
  if (silence)
    {
      g_error_free (error);
      qmp_call_set_silent_success (call);
    }
  else
    {
      call->phase = QMP_CALL_DONE;
      call->error = error;
    }
  send_held (self);
  ask_for_step (self);
}

/* --- replies --- */

/* A reply without an id belongs to the oldest command that was sent without one; to the one that is out when
 * the other side is an agent, since old ones do not know of ids. An error of that kind that nobody waits for is
 * how the server tells that it could not parse something. */
static QmpCall *
find_without_id (QmpCalls      *self,
                 QmpCallsMatch *otherwise,
                 QmpJsonFrame  *frame)
{
  *otherwise = frame->outline.members[QMP_JSON_KEY_ERROR].length > 0 ? QMP_CALLS_PARSE_ERROR
                                                                     : QMP_CALLS_UNKNOWN;
  if (self->agent)
    return self->pending.head != NULL ? self->pending.head->data : NULL;
  return g_queue_peek_head (&self->without_id);
}

QmpCallsMatch
qmp_calls_route (QmpCalls       *self,
                 QmpJsonReader  *reader,
                 QmpJsonFrame   *frame,
                 QmpCall       **call)
{
  QmpJsonSpan id = qmp_reply_find_id (frame);
  QmpCallsMatch otherwise = QMP_CALLS_UNKNOWN;
  QmpCall *found;

  if (id.length > 0)
    found = find (self, frame->text + id.start, id.length);
  else if (frame->fault != NULL)
    return QMP_CALLS_UNKNOWN;
  else
    found = find_without_id (self, &otherwise, frame);
  /* A call that was not written yet cannot have been answered: the id is somebody else's. */
  if (found == NULL || found->phase == QMP_CALL_HELD ||
      (found->packet != NULL && found->packet->queued && !found->packet->begun))
    return otherwise;

  leave (self, found, NULL);
  open_window (self, found);
  if (found->phase == QMP_CALL_ABANDONED)
    {
      qmp_call_free (found);
      return QMP_CALLS_SWALLOWED;
    }
  qmp_call_set_reply (found, reader, frame);
  *call = found;
  return QMP_CALLS_MATCHED;
}

/* --- ends without a reply --- */

QmpCall *
qmp_calls_end_next (QmpCalls   *self,
                    const char *cause)
{
  self->transport = NULL;
  while (self->pending.head != NULL)
    {
      QmpCall *call = self->pending.head->data;

      if (call->phase == QMP_CALL_HELD)
        g_queue_unlink (&self->held, &call->held_link);
      leave (self, call, NULL);
      if (call->phase != QMP_CALL_ABANDONED)
        {
          qmp_call_interrupt (call, cause);
          return call;
        }
      qmp_call_free (call);
    }
  while (self->held.head != NULL)
    {
      QmpCall *bare = self->held.head->data;

      g_queue_unlink (&self->held, &bare->held_link);
      qmp_call_free (bare);
    }
  return NULL;
}

static QmpCall *
find_expired (QmpCalls *self,
              gint64    now,
              gint64   *next)
{
  *next = 0;
  for (GList *l = self->pending.head; l != NULL; l = l->next)
    {
      QmpCall *call = l->data;

      if (call->deadline == 0)
        continue;
      if (call->deadline <= now)
        return call;
      if (*next == 0 || call->deadline < *next)
        *next = call->deadline;
    }
  return NULL;
}

QmpCall *
qmp_calls_expire_next (QmpCalls *self,
                       gint64    now,
                       gint64   *next)
{
  QmpCall *call = find_expired (self, now, next);

  if (call != NULL)
    qmp_calls_abandon (self, call, qmp_call_make_timed_out (call));
  return call;
}

/* --- who waits --- */

void
qmp_calls_watch (QmpCalls *self,
                 QmpCall  *call,
                 gint64    issued)
{
  call->issued = issued;
  call->watched = TRUE;
  g_queue_push_tail_link (&self->watched, &call->watched_link);
}

QmpCall *
qmp_calls_get_oldest (QmpCalls *self)
{
  return g_queue_peek_head (&self->watched);
}

guint
qmp_calls_get_n_watched (QmpCalls *self)
{
  return g_queue_get_length (&self->watched);
}
