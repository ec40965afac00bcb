/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "link/qmp-calls-private.h"

#include "core/qmp-error-private.h"
#include "json/qmp-json-text-private.h"
#include "link/qmp-given-up-private.h"
#include "message/qmp-reply-private.h"

/* Where ids start is drawn from this range: wide enough that the reply to an earlier client's command
 * is not taken for one of ours, and short on the wire, which QEMU reads one byte per system call. */
#define FIRST_SERIAL_MIN 1000
#define FIRST_SERIAL_MAX 90000

#define FIRST_SLOTS 2
/* More than this are given back when they are empty. */
#define MANY_SLOTS 1024

/* One text serves command after command, unless a long one took much memory for it. */
#define TEXT_SIZE 128
#define TEXT_KEPT 4096

G_STATIC_ASSERT (QMP_GIVEN_UP_MAX_WINDOW == QMP_CALLS_WINDOW);

/* A place among the commands without an id, whose replies come in the order of issue: a call's, or that of some that
 * were given up one behind the other. */
typedef struct {
  GList    link;        /* data is the turn */
  QmpCall *call;        /* borrowed; NULL for those that were given up */
  guint    n_given_up;
} Turn;

struct _QmpCalls {
  QmpTransport *transport;  /* borrowed, NULL without a link */
  QmpCall      *awaited;    /* nullable, borrowed from pending */
  guint         link_number; /* one more with the end of each */
  guint         next_serial;
  GString      *text;       /* nullable: of the command that is being made */

  GQueue        pending;    /* every call that is not DONE, by pending_link, in the order of issue */
  QmpCall     **slots;      /* by the low bits of the serial; borrowed from pending */
  guint         n_slots;    /* a power of two */
  guint         n_serials;  /* of the slots, in use */
  GHashTable   *by_text;    /* canonical id → QmpCall, likewise; nullable, since few programs give ids */
  GQueue        turns;      /* of Turn, by link, in the order of issue */
  QmpDeadlines  deadlines;  /* of those that have one */
  QmpGivenUp    given_up;   /* no longer pending, but may still be answered */

  /* There are as many of these as there are clients. */
  guint         window      : 1;
  guint         exclusive   : 1; /* the one in flight carries descriptors */
  guint         in_order    : 1; /* the server repeats no ids: each call has a turn too */
  guint         agent       : 1;
  guint         out_of_step : 1; /* of an agent: what comes next may be the reply to a call that was given up */
  guint         in_flight;       /* in-band commands, counted while window is on */

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
  return self;
}

static void
turn_free (QmpCalls *self,
           Turn     *turn)
{
  g_queue_unlink (&self->turns, &turn->link);
  g_free (turn);
}

static void
forget_given_up (QmpCalls *self)
{
  while (self->turns.head != NULL)
    turn_free (self, self->turns.head->data);
  qmp_given_up_clear (&self->given_up);
}

void
qmp_calls_free (QmpCalls *self)
{
  g_assert (self->pending.head == NULL);

  forget_given_up (self);
  qmp_deadlines_clear (&self->deadlines);
  g_free (self->slots);
  g_clear_pointer (&self->by_text, g_hash_table_unref);
  if (self->text != NULL)
    g_string_free (self->text, TRUE);
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
  self->in_order = FALSE;
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

static gboolean
has_texts (QmpCalls *self)
{
  return self->by_text != NULL && g_hash_table_size (self->by_text) > 0;
}

static QmpCall *
find_by_text (QmpCalls   *self,
              const char *id_key)
{
  return self->by_text != NULL ? g_hash_table_lookup (self->by_text, id_key) : NULL;
}

/* Is it the id of a message that came with one? */
static gboolean
is_own_id (QmpCalls *self,
           guint     serial)
{
  char text[16];

  if (!has_texts (self) && !qmp_given_up_has_texts (&self->given_up))
    return FALSE;
  g_snprintf (text, sizeof text, "%u", serial);
  return find_by_text (self, text) != NULL || qmp_given_up_has_text (&self->given_up, text);
}

guint
qmp_calls_take_serial (QmpCalls *self)
{
  if (self->n_serials >= self->n_slots / 2)
    grow_slots (self);
  do
    self->next_serial = self->next_serial >= G_MAXINT ? 1 : self->next_serial + 1;
  while (*get_slot (self, self->next_serial) != NULL || is_own_id (self, self->next_serial) ||
         qmp_given_up_has_serial (&self->given_up, self->next_serial));
  return self->next_serial;
}

GString *
qmp_calls_take_text (QmpCalls *self)
{
  if (self->text != NULL && self->text->allocated_len > TEXT_KEPT)
    g_string_free (g_steal_pointer (&self->text), TRUE);
  if (self->text == NULL)
    self->text = g_string_sized_new (TEXT_SIZE);
  return g_string_truncate (self->text, 0);
}

static QmpCall *
find_serial (QmpCalls *self,
             guint     serial)
{
  QmpCall *call = *get_slot (self, serial);

  return call != NULL && call->serial == serial ? call : NULL;
}

/* An id that is a number as the library's own ids are, 0 if it is not one. */
static guint
serial_from_text (const char *text,
                  gsize       length)
{
  guint64 value;

  if (!qmp_json_get_uint64 (text, length, &value) || value > G_MAXINT)
    return 0;
  return value;
}

/* id_key: from qmp_reply_dup_id_key(). */
static QmpCall *
find_key (QmpCalls   *self,
          const char *id_key)
{
  guint serial = serial_from_text (id_key, strlen (id_key));
  QmpCall *call = serial != 0 ? find_serial (self, serial) : NULL;

  return call != NULL ? call : find_by_text (self, id_key);
}

/* Not one of ours: one that came with its message, if there are such. */
static QmpCall *
find_text (QmpCalls   *self,
           const char *id_text,
           gsize       length,
           gboolean   *given_up,
           gboolean   *in_window)
{
  g_autofree char *key = NULL;

  if (!has_texts (self) && !qmp_given_up_has_texts (&self->given_up))
    return NULL;

  key = qmp_reply_dup_id_key (id_text, length);
  *given_up = qmp_given_up_take_text (&self->given_up, key, in_window);
  return *given_up ? NULL : find_by_text (self, key);
}

/* given_up (out): it was one that was given up, and is now taken out; in_window (out): if so. */
static QmpCall *
find (QmpCalls   *self,
      const char *id_text,
      gsize       length,
      gboolean   *given_up,
      gboolean   *in_window)
{
  guint serial = serial_from_text (id_text, length);
  QmpCall *call = serial != 0 ? find_serial (self, serial) : NULL;

  *given_up = FALSE;
  if (call != NULL)
    return call;
  if (serial != 0 && qmp_given_up_take_serial (&self->given_up, serial, in_window))
    {
      *given_up = TRUE;
      return NULL;
    }
  return find_text (self, id_text, length, given_up, in_window);
}

gboolean
qmp_calls_has_id (QmpCalls   *self,
                  const char *id_text)
{
  guint serial = serial_from_text (id_text, strlen (id_text));

  return find_key (self, id_text) != NULL || qmp_given_up_has_text (&self->given_up, id_text) ||
         (serial != 0 && qmp_given_up_has_serial (&self->given_up, serial));
}

static void
enter_turn (QmpCalls *self,
            QmpCall  *call)
{
  Turn *turn = g_new0 (Turn, 1);

  turn->link.data = turn;
  turn->call = call;
  call->turn = turn;
  g_queue_push_tail_link (&self->turns, &turn->link);
}

static void
enter_text (QmpCalls *self,
            QmpCall  *call)
{
  if (self->by_text == NULL)
    self->by_text = g_hash_table_new (g_str_hash, g_str_equal);
  g_hash_table_insert (self->by_text, call->id_text, call);
}

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
    enter_text (self, call);
  if (self->in_order || (call->serial == 0 && call->id_text == NULL))
    enter_turn (self, call);
}

static void
leave (QmpCalls *self,
       QmpCall  *call)
{
  g_queue_unlink (&self->pending, &call->pending_link);
  if (call->watched)
    g_queue_unlink (&self->watched, &call->watched_link);
  call->watched = FALSE;
  if (self->awaited == call)
    self->awaited = NULL;
  if (call->deadline.time != 0)
    qmp_deadlines_remove (&self->deadlines, &call->deadline);
  call->deadline.time = 0;
  if (call->serial != 0)
    {
      *get_slot (self, call->serial) = NULL;
      if (--self->n_serials == 0 && self->n_slots > MANY_SLOTS)
        reset_slots (self);
    }
  else if (call->id_text != NULL && self->by_text != NULL)
    g_hash_table_remove (self->by_text, call->id_text);
  if (call->turn != NULL)
    turn_free (self, g_steal_pointer (&call->turn));
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

/* A command has left the server's queue. */
static void
open_window (QmpCalls *self,
             gboolean  in_window)
{
  if (!in_window)
    return;

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

/* --- servers that repeat no ids --- */

void
qmp_calls_set_in_order (QmpCalls *self,
                        QmpCall  *first)
{
  if (first->turn == NULL)
    enter_turn (self, first);
  self->in_order = TRUE;
}

gboolean
qmp_calls_is_in_order (QmpCalls *self)
{
  return self->in_order;
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
  call->link_number = self->link_number;
  enter (self, call);
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

void
qmp_calls_set_deadline (QmpCalls *self,
                        QmpCall  *call,
                        gint64    deadline)
{
  g_assert (call->deadline.time == 0);

  call->deadline.time = deadline;
  qmp_deadlines_add (&self->deadlines, &call->deadline);
}

static gboolean
is_given_up (GList *link)
{
  return link != NULL && ((Turn *) link->data)->call == NULL;
}

/* The turn goes into the one before it, or behind it, if that was given up as well. */
static void
give_up_turn (QmpCalls *self,
              Turn     *turn)
{
  turn->call = NULL;
  turn->n_given_up = 1;
  for (guint i = 0; i < 2; i++)
    {
      GList *other = i == 0 ? turn->link.prev : turn->link.next;

      if (is_given_up (other))
        {
          turn->n_given_up += ((Turn *) other->data)->n_given_up;
          turn_free (self, other->data);
        }
    }
}

/* What stays of a call that was written. Its descriptors and its text are let go. */
static void
keep_id (QmpCalls *self,
         QmpCall  *call)
{
  if (call->turn != NULL)
    give_up_turn (self, g_steal_pointer (&call->turn));
  else if (call->serial != 0)
    qmp_given_up_add_serial (&self->given_up, call->serial, call->in_window);
  else
    qmp_given_up_add_text (&self->given_up, call->id_text, call->in_window);
}

/* Out of the table. */
static void
take_out (QmpCalls *self,
          QmpCall  *call)
{
  if (call->phase == QMP_CALL_HELD)
    {
      g_queue_unlink (&self->held, &call->held_link);
      leave (self, call);
    }
  else if (qmp_transport_recall (self->transport, call->packet))
    {
      leave (self, call);
      open_window (self, call->in_window);
    }
  else if (self->agent || call->silent)
    {
      /* Nothing will tell an agent's late reply from the next one's, and a silent call's never comes. */
      self->out_of_step = self->agent;
      leave (self, call);
      open_window (self, call->in_window);
    }
  else
    {
      keep_id (self, call);
      leave (self, call);
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
 * the other side is an agent, since old ones do not know of ids. given_up (out): to one that was given up, and is now
 * taken out. */
static QmpCall *
find_without_id (QmpCalls *self,
                 gboolean *given_up,
                 gboolean *in_window)
{
  Turn *turn = g_queue_peek_head (&self->turns);

  *given_up = FALSE;
  if (self->agent)
    return self->pending.head != NULL ? self->pending.head->data : NULL;
  if (turn == NULL || turn->call != NULL)
    return turn != NULL ? turn->call : NULL;

  *given_up = TRUE;
  /* Without an id it was in band. */
  *in_window = self->window;
  if (--turn->n_given_up == 0)
    turn_free (self, turn);
  return NULL;
}

/* A call that was not written yet cannot have been answered: the id is somebody else's. */
static gboolean
may_be_answered (QmpCall *call)
{
  return call->phase != QMP_CALL_HELD && (!call->packet->queued || call->packet->begun);
}

/* An error without an id that nobody waits for is how the server tells that it could not parse something. */
static QmpCallsMatch
match_nobody (QmpJsonFrame *frame,
              gboolean      has_id)
{
  return !has_id && frame->outline.members[QMP_JSON_KEY_ERROR].length > 0 ? QMP_CALLS_PARSE_ERROR
                                                                          : QMP_CALLS_UNKNOWN;
}

/* Broken JSON without an id belongs to nobody, unless the server repeats none and it does not look like an event. */
static gboolean
has_owner (QmpCalls     *self,
           QmpJsonFrame *frame)
{
  return frame->fault == NULL || (self->in_order && frame->outline.members[QMP_JSON_KEY_EVENT].length == 0);
}

QmpCall *
qmp_calls_peek (QmpCalls     *self,
                QmpJsonFrame *frame)
{
  QmpJsonSpan id = qmp_reply_find_id (frame);
  g_autofree char *key = id.length > 0 ? qmp_reply_dup_id_key (frame->text + id.start, id.length) : NULL;
  Turn *turn = g_queue_peek_head (&self->turns);

  if (key != NULL)
    return find_key (self, key);
  if (self->agent)
    return self->pending.head != NULL ? self->pending.head->data : NULL;
  return turn != NULL ? turn->call : NULL;
}

QmpCallsMatch
qmp_calls_route (QmpCalls       *self,
                 QmpJsonReader  *reader,
                 QmpJsonFrame   *frame,
                 QmpCall       **call)
{
  QmpJsonSpan id = qmp_reply_find_id (frame);
  gboolean given_up, in_window;
  QmpCall *found;

  if (id.length > 0)
    found = find (self, frame->text + id.start, id.length, &given_up, &in_window);
  else if (!has_owner (self, frame))
    return QMP_CALLS_UNKNOWN;
  else
    found = find_without_id (self, &given_up, &in_window);
  if (given_up)
    {
      open_window (self, in_window);
      return QMP_CALLS_SWALLOWED;
    }
  if (found == NULL || !may_be_answered (found))
    return match_nobody (frame, id.length > 0);

  leave (self, found);
  open_window (self, found->in_window);
  qmp_call_set_reply (found, reader, frame);
  *call = found;
  return QMP_CALLS_MATCHED;
}

/* --- ends without a reply --- */

void
qmp_calls_await (QmpCalls *self,
                 QmpCall  *call)
{
  self->awaited = call;
}

/* Descriptors that were to go by themselves are of no use any more. */
static void
empty_held (QmpCalls *self)
{
  GList *link;

  while ((link = g_queue_pop_head_link (&self->held)) != NULL)
    if (((QmpCall *) link->data)->bare)
      qmp_call_free (link->data);
}

static void
end_awaited (QmpCalls   *self,
             const char *cause)
{
  QmpCall *call = self->awaited;

  if (call->phase == QMP_CALL_HELD)
    g_queue_unlink (&self->held, &call->held_link);
  leave (self, call);
  qmp_call_interrupt (call, cause);
}

/* What is done for each call is done when its turn comes to be delivered, since there may be very many. */
QmpCall *
qmp_calls_end (QmpCalls   *self,
               const char *cause,
               GQueue     *rest)
{
  QmpCall *awaited = self->awaited;

  if (awaited != NULL)
    end_awaited (self, cause);
  *rest = self->pending;
  g_queue_init (&self->pending);
  g_queue_init (&self->watched);
  empty_held (self);
  reset_slots (self);
  self->n_serials = 0;
  g_clear_pointer (&self->by_text, g_hash_table_unref);
  qmp_deadlines_clear (&self->deadlines);
  forget_given_up (self);
  self->transport = NULL;
  self->link_number++;
  return awaited;
}

gboolean
qmp_calls_has_ended (QmpCalls *self,
                     QmpCall  *call)
{
  return call->link_number != self->link_number;
}

QmpCall *
qmp_calls_expire_next (QmpCalls *self,
                       gint64    now,
                       gint64   *next)
{
  QmpCall *call = qmp_deadline_owner (qmp_deadlines_peek (&self->deadlines), QmpCall, deadline);

  *next = call != NULL ? call->deadline.time : 0;
  if (call == NULL || call->deadline.time > now)
    return NULL;
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
