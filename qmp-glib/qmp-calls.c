/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "qmp-calls-private.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "qmp-error-private.h"
#include "qmp-json-node-private.h"
#include "qmp-json-text-private.h"
#include "qmp-message-private.h"

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

/* QEMU makes a double of a number that is no 64-bit integer, and writes a double without a fraction with
 * up to 17 digits like an integer. */
static void
append_number_key (GString    *out,
                   const char *text,
                   gsize       length)
{
  double value;
  guint64 positive;
  gint64 number;

  if (qmp_json_get_int64 (text, length, &number) || qmp_json_get_uint64 (text, length, &positive))
    {
      g_string_append_len (out, text, length);
      return;
    }
  value = qmp_json_get_double (text, length);
  if (value == floor (value) && value >= -0x1p63 && value < 0x1p64)
    g_string_append_printf (out, "%.0f", value);
  else if (isfinite (value))
    qmp_json_append_digits (out, value);
  else
    g_string_append_len (out, text, length);
}

char *
qmp_calls_dup_id_key (const char *text,
                      gsize       length)
{
  g_autoptr(GString) canonical = g_string_new (NULL);
  GString *key = g_string_new (NULL);
  const char *p, *end;

  qmp_json_append_canonical (canonical, text, length);
  end = canonical->str + canonical->len;
  for (p = canonical->str; p < end;)
    {
      const char *start = p;

      p = strchr ("{}[],:", *p) != NULL ? p + 1 : qmp_json_skip_value (p, end);
      if (*start == '-' || g_ascii_isdigit (*start))
        append_number_key (key, start, p - start);
      else
        g_string_append_len (key, start, p - start);
    }
  return g_string_free (key, FALSE);
}

/* id_key: from qmp_calls_dup_id_key(). */
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
  key = qmp_calls_dup_id_key (id_text, length);
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

static QmpCall *
call_new (QmpCallForm form,
          QmpPacket  *packet)
{
  /* Not g_new0(): calloc() passes by the memory that was freed just before. */
  QmpCall *self = g_new (QmpCall, 1);

  *self = (QmpCall) { .form = form, .packet = packet };
  self->pending_link.data = self;
  self->held_link.data = self;
  self->watched_link.data = self;
  return self;
}

static void
clear_value (QmpCall *self)
{
  if (self->value == NULL)
    return;
  if (self->form == QMP_CALL_VALUE)
    json_node_unref (self->value);
  else
    g_object_unref (self->value);
}

void
qmp_call_free (QmpCall *self)
{
  if (self->cancellation != NULL)
    {
      g_source_destroy (self->cancellation);
      g_source_unref (self->cancellation);
    }
  g_clear_pointer (&self->packet, qmp_packet_unref);
  g_clear_object (&self->task);
  g_clear_error (&self->error);
  clear_value (self);
  g_free (self->id_text);
  g_free (self);
}

QmpMessage *
qmp_call_get_sent (QmpCall *self)
{
  g_autoptr(GBytes) text = g_bytes_new (self->packet->text, self->packet->length);

  return qmp_message_new_from_bytes (text, FALSE, NULL);
}

QmpCall *
qmp_calls_issue (QmpCalls    *self,
                 QmpCallForm  form,
                 QmpPacket   *packet,
                 guint        serial,
                 char        *id_text,
                 gboolean     out_of_band)
{
  QmpCall *call = call_new (form, packet);

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
  QmpCall *call = call_new (QMP_CALL_VALUE, packet);

  call->bare = TRUE;
  send_or_hold (self, call);
  ask_for_step (self);
}

/* What stays of a call that was given up after it was written. Its descriptors and its text are let go. */
static QmpCall *
make_remnant (QmpCall *call)
{
  QmpCall *remnant = call_new (call->form, NULL);

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

static gboolean
was_written (QmpCall *call)
{
  return call->phase == QMP_CALL_SENT && call->packet->written == call->packet->length;
}

/* No news is good news. */
static void
set_silent_success (QmpCall *call)
{
  const QmpJsonOutline outline = { .kind = QMP_JSON_OBJECT };

  call->phase = QMP_CALL_DONE;
  if (call->form == QMP_CALL_VALUE)
    call->value = json_node_new (JSON_NODE_NULL);
  else
    call->value = qmp_message_new_received (g_bytes_new_static ("{}", 2), &outline);
}

void
qmp_calls_abandon (QmpCalls *self,
                   QmpCall  *call,
                   GError   *error)
{
  gboolean silence = call->silent && was_written (call) &&
                     g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);

  g_assert (call->phase == QMP_CALL_HELD || call->phase == QMP_CALL_SENT);

  take_out (self, call);
  if (silence)
    {
      g_error_free (error);
      set_silent_success (call);
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

gboolean
qmp_error_reply_parse (const char   *text,
                       QmpJsonSpan   error_span,
                       char        **error_class,
                       char        **desc)
{
  g_autofree char *found_class = NULL;
  g_autofree char *found_desc = NULL;
  QmpJsonSlice key, value;
  QmpJsonCursor cursor;

  if (text[error_span.start] != '{')
    return FALSE;

  qmp_json_cursor_init (&cursor, text + error_span.start, error_span.length);
  while (qmp_json_cursor_next_member (&cursor, &key, &value))
    {
      char **found = NULL;

      if (qmp_json_string_equal (key.text, key.length, "class"))
        found = &found_class;
      else if (qmp_json_string_equal (key.text, key.length, "desc"))
        found = &found_desc;
      if (found != NULL)
        {
          g_free (*found);
          *found = value.text[0] == '"' ? qmp_json_dup_string (value.text, value.length) : NULL;
        }
    }
  if (found_class == NULL || found_desc == NULL)
    return FALSE;

  *error_class = g_steal_pointer (&found_class);
  *desc = g_steal_pointer (&found_desc);
  return TRUE;
}

static GError *
bad_reply (QmpJsonFrame *frame,
           const char   *what)
{
  return qmp_protocol_error_new_for_text (QMP_PROTOCOL_ERROR_BAD_REPLY, frame->text, frame->length, -1,
                                          "%s", what);
}

/* The server's error as this call's outcome: as an error, or for an exchange as the whole reply. */
static void
set_error_reply (QmpCall       *call,
                 QmpJsonReader *reader,
                 QmpJsonFrame  *frame)
{
  g_autofree char *error_class = NULL;
  g_autofree char *desc = NULL;
  g_autoptr(QmpMessage) sent = NULL;
  g_autoptr(QmpMessage) received = NULL;

  if (!qmp_error_reply_parse (frame->text, frame->outline.members[QMP_JSON_KEY_ERROR], &error_class, &desc))
    {
      call->error = bad_reply (frame, _("The error in the server's reply has no class or no description"));
      return;
    }

  received = qmp_message_new_received (qmp_json_reader_dup_bytes (reader, frame), &frame->outline);
  if (call->form == QMP_CALL_MESSAGE)
    {
      call->value = g_steal_pointer (&received);
      return;
    }
  sent = qmp_call_get_sent (call);
  call->error = qmp_command_error_new (error_class, desc, sent, received);
}

static void
set_result (QmpCall       *call,
            QmpJsonReader *reader,
            QmpJsonFrame  *frame)
{
  QmpJsonSpan span = frame->outline.members[QMP_JSON_KEY_RETURN];

  if (call->form == QMP_CALL_VALUE)
    call->value = qmp_json_to_node (frame->text + span.start, span.length);
  else
    call->value = qmp_message_new_received (qmp_json_reader_dup_bytes (reader, frame), &frame->outline);
}

static void
set_outcome (QmpCall       *call,
             QmpJsonReader *reader,
             QmpJsonFrame  *frame)
{
  gboolean has_return = frame->outline.members[QMP_JSON_KEY_RETURN].length > 0;
  gboolean has_error = frame->outline.members[QMP_JSON_KEY_ERROR].length > 0;

  call->phase = QMP_CALL_DONE;
  if (frame->fault != NULL)
    call->error = g_error_copy (frame->fault);
  else if (has_return && has_error)
    call->error = bad_reply (frame, _("The server's reply has both a result and an error"));
  else if (has_return)
    set_result (call, reader, frame);
  else if (has_error)
    set_error_reply (call, reader, frame);
  else
    call->error = bad_reply (frame, _("The server's reply has neither a result nor an error"));
}

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

/* Stops at the latest at the brace that ends the text. */
static const char *
skip_spaces (const char *p)
{
  while (g_ascii_isspace (*p))
    p++;
  return p;
}

/* The id that a broken text may still end with, as QEMU's replies mostly do: ..., "id": 5} */
static QmpJsonSpan
find_last_id (QmpJsonFrame *frame)
{
  const char *end = frame->text + frame->length;
  const char *key;
  QmpJsonSpan id = { 0 };

  while (end > frame->text && g_ascii_isspace (end[-1]))
    end--;
  if (end == frame->text || end[-1] != '}')
    return id;
  key = g_strrstr_len (frame->text, end - 1 - frame->text, "\"id\"");
  if (key == NULL)
    return id;

  key = skip_spaces (key + strlen ("\"id\""));
  if (*key != ':')
    return id;
  key = skip_spaces (key + 1);
  id.start = key - frame->text;
  id.length = end - 1 - key;
  return id;
}

static QmpJsonSpan
find_id (QmpJsonFrame *frame)
{
  QmpJsonSpan id = frame->outline.members[QMP_JSON_KEY_ID];

  if (frame->fault == NULL)
    return id;

  if (id.length == 0)
    id = find_last_id (frame);
  /* The fault may be in the id itself. */
  if (id.length > 0 && !qmp_json_check (frame->text + id.start, id.length, G_MAXUINT, NULL, NULL))
    id.length = 0;
  return id;
}

QmpCallsMatch
qmp_calls_route (QmpCalls       *self,
                 QmpJsonReader  *reader,
                 QmpJsonFrame   *frame,
                 QmpCall       **call)
{
  QmpJsonSpan id = find_id (frame);
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
  set_outcome (found, reader, frame);
  *call = found;
  return QMP_CALLS_MATCHED;
}

/* --- ends without a reply --- */

static char *
dup_command_name (QmpCall *call)
{
  g_autoptr(QmpMessage) sent = qmp_call_get_sent (call);
  char *name = qmp_message_dup_command (sent);

  return name != NULL ? name : g_strdup ("?");
}

static void
interrupt (QmpCall    *call,
           const char *cause)
{
  g_autofree char *name = NULL;
  gboolean begun = call->phase == QMP_CALL_SENT && call->packet->begun;

  if (call->silent && was_written (call))
    {
      set_silent_success (call);
      return;
    }

  name = dup_command_name (call);
  call->error = begun ? g_error_new (QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED,
                                     _("The connection ended before the reply to “%s”: %s"), name, cause)
                      : g_error_new (QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED,
                                     _("The connection ended before “%s” was sent: %s"), name, cause);
  call->phase = QMP_CALL_DONE;
}

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
          interrupt (call, cause);
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

GError *
qmp_call_make_timed_out (QmpCall *self)
{
  g_autofree char *name = dup_command_name (self);

  return g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("The server did not answer “%s” in time"), name);
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
