/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "qmp-calls-private.h"

#include <glib/gi18n-lib.h>

#include "qmp-error-private.h"
#include "qmp-json-node-private.h"
#include "qmp-json-text-private.h"
#include "qmp-message-private.h"

/* Where ids start is drawn from this range: wide enough that the reply to an earlier client's command
 * is not taken for one of ours, and short on the wire, which QEMU reads one byte per system call. */
#define FIRST_SERIAL_MIN 1000
#define FIRST_SERIAL_MAX 90000

struct _QmpCalls {
  QmpTransport *transport;  /* borrowed, NULL without a link */
  guint         next_serial;

  GQueue        pending;    /* every call that is not DONE, by pending_link, in the order of issue */
  GHashTable   *by_serial;  /* guint → QmpCall, borrowed from pending */
  GHashTable   *by_text;    /* canonical id → QmpCall, likewise */
  GQueue        without_id; /* of QmpCall, likewise, in the order of issue */

  gboolean      window;
  guint         in_flight;  /* in-band commands, counted while window is on */
  gboolean      exclusive;  /* the one in flight carries descriptors */
  GQueue        held;       /* by held_link */
};

QmpCalls *
qmp_calls_new (void)
{
  QmpCalls *self = g_new0 (QmpCalls, 1);

  self->next_serial = g_random_int_range (FIRST_SERIAL_MIN, FIRST_SERIAL_MAX);
  self->by_serial = g_hash_table_new (NULL, NULL);
  self->by_text = g_hash_table_new (g_str_hash, g_str_equal);
  return self;
}

void
qmp_calls_free (QmpCalls *self)
{
  g_assert (self->pending.head == NULL);

  g_hash_table_unref (self->by_serial);
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
}

void
qmp_calls_set_window (QmpCalls *self,
                      gboolean  window)
{
  self->window = window;
}

/* --- ids --- */

guint
qmp_calls_take_serial (QmpCalls *self)
{
  do
    self->next_serial = self->next_serial == G_MAXINT ? 1 : self->next_serial + 1;
  while (g_hash_table_contains (self->by_serial, GUINT_TO_POINTER (self->next_serial)));
  return self->next_serial;
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

static QmpCall *
find (QmpCalls   *self,
      const char *id_text,
      gsize       length)
{
  guint serial = serial_from_text (id_text, length);
  g_autoptr(GString) canonical = NULL;

  if (serial != 0)
    return g_hash_table_lookup (self->by_serial, GUINT_TO_POINTER (serial));
  if (g_hash_table_size (self->by_text) == 0)
    return NULL;

  canonical = g_string_new (NULL);
  qmp_json_append_canonical (canonical, id_text, length);
  return g_hash_table_lookup (self->by_text, canonical->str);
}

gboolean
qmp_calls_has_id (QmpCalls   *self,
                  const char *id_text)
{
  return find (self, id_text, strlen (id_text)) != NULL;
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
    g_hash_table_insert (self->by_serial, GUINT_TO_POINTER (call->serial), call);
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
  if (call->serial != 0)
    g_hash_table_remove (self->by_serial, GUINT_TO_POINTER (call->serial));
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
 * has taken yet: a command that carries some must have the queue for itself. */
static gboolean
may_send (QmpCalls *self,
          QmpCall  *call)
{
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
  call->phase = QMP_CALL_SENT;
  if (self->window && (!call->out_of_band || carries_fds (call)))
    {
      call->in_window = TRUE;
      self->in_flight++;
      self->exclusive = carries_fds (call);
    }
  qmp_transport_send (self->transport, call->packet);
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

/* --- the life of a call --- */

static QmpCall *
call_new (QmpCallForm form,
          QmpPacket  *packet)
{
  QmpCall *self = g_new0 (QmpCall, 1);

  self->pending_link.data = self;
  self->held_link.data = self;
  self->form = form;
  self->packet = packet;
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
  call->out_of_band = out_of_band;
  if (id_text != NULL)
    call->serial = serial_from_text (id_text, strlen (id_text));
  if (id_text != NULL && call->serial == 0)
    call->id_text = id_text;
  else
    g_free (id_text);
  enter (self, call);
  if (!has_id (call))
    g_queue_push_tail (&self->without_id, call);

  if (may_send (self, call))
    send (self, call);
  else
    g_queue_push_tail_link (&self->held, &call->held_link);
  return call;
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

void
qmp_calls_abandon (QmpCalls *self,
                   QmpCall  *call,
                   GError   *error)
{
  g_assert (call->phase == QMP_CALL_HELD || call->phase == QMP_CALL_SENT);

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
  else
    {
      QmpCall *remnant = make_remnant (call);

      leave (self, call, remnant);
      enter (self, remnant);
    }
  call->phase = QMP_CALL_DONE;
  call->error = error;
  send_held (self);
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

/* A reply without an id belongs to the oldest command that was sent without one. An error of that kind
 * that nobody waits for is how the server tells that it could not parse something. */
static QmpCall *
find_without_id (QmpCalls      *self,
                 QmpCallsMatch *otherwise,
                 QmpJsonFrame  *frame)
{
  *otherwise = frame->outline.members[QMP_JSON_KEY_ERROR].length > 0 ? QMP_CALLS_PARSE_ERROR
                                                                     : QMP_CALLS_UNKNOWN;
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
  g_autofree char *name = dup_command_name (call);
  gboolean begun = call->phase == QMP_CALL_SENT && call->packet->begun;

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

void
qmp_calls_expire (QmpCalls *self,
                  QmpCall  *call)
{
  g_autofree char *name = dup_command_name (call);

  qmp_calls_abandon (self, call,
                     g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                                  _("The server did not answer “%s” in time"), name));
}

QmpCall *
qmp_calls_expire_next (QmpCalls *self,
                       gint64    now,
                       gint64   *next)
{
  QmpCall *call = find_expired (self, now, next);

  if (call != NULL)
    qmp_calls_expire (self, call);
  return call;
}
