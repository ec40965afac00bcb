/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "link/qmp-wire-log-private.h"

#include <glib/gi18n-lib.h>

#include "core/qmp-debug-private.h"
#include "json/qmp-json-text-private.h"

/* A message that went by. */
typedef struct {
  QmpInboxEntry  entry;
  QmpWireLog    *log;    /* borrowed */
  GList          link;   /* in the log's texts; data is this */
  gboolean       sent;
  char          *text;   /* owned */
  gsize          size;   /* what it counts for */
} Text;

static void
text_free (Text *text)
{
  g_free (text->text);
  g_free (text);
}

void
qmp_wire_log_init (QmpWireLog     *self,
                   QmpCalls       *calls,
                   QmpInbox       *inbox,
                   QmpWireLogTell  tell,
                   gpointer        owner)
{
  *self = (QmpWireLog) { .calls = calls, .inbox = inbox, .tell = tell, .owner = owner, .redact = TRUE };
}

/* --- making texts --- */

/* Between messages, and no part of them: white space, and the byte that resets a guest agent's parser. */
static gboolean
is_between (char c)
{
  return g_ascii_isspace (c) || c == '\xff';
}

static void
trim (const char **text,
      gsize       *length)
{
  while (*length > 0 && is_between ((*text)[*length - 1]))
    (*length)--;
  while (*length > 0 && is_between (**text))
    {
      (*text)++;
      (*length)--;
    }
}

/* What is noted of a message. */
typedef struct {
  gboolean      sent;
  const char   *text;
  gsize         length;
  QmpJsonFrame *frame;  /* nullable: of what was received */
} Note;

/* A late reply is to a command that nobody remembers. */
static gboolean
answers_with_secret (QmpWireLog   *self,
                     QmpJsonFrame *frame)
{
  QmpCall *call;

  if (frame == NULL || frame->fault != NULL || frame->outline.members[QMP_JSON_KEY_RETURN].length == 0)
    return FALSE;
  call = qmp_calls_peek (self->calls, frame);
  if (call != NULL)
    return qmp_json_asks_for_secret (call->packet->text, call->packet->length);
  return frame->outline.members[QMP_JSON_KEY_ID].length > 0 || qmp_calls_is_in_order (self->calls);
}

static char *
make_text (QmpWireLog *self,
           Note       *note,
           gboolean    redact)
{
  GString *redacted;

  if (!redact)
    return g_utf8_make_valid (note->text, note->length);

  redacted = g_string_sized_new (note->length);
  if (answers_with_secret (self, note->frame))
    qmp_json_append_redacted_answer (redacted, note->text, note->length);
  else
    qmp_json_append_redacted (redacted, note->text, note->length);
  return g_string_free (redacted, FALSE);
}

static void
print (QmpWireLog *self,
       Note       *note)
{
  g_autofree char *shown = make_text (self, note, !qmp_debug_enabled (QMP_DEBUG_SECRETS));

  qmp_debug (QMP_DEBUG_WIRE, "%s %s %s", self->name != NULL ? self->name : "client", note->sent ? "-->" : "<--", shown);
}

/* --- keeping and telling them --- */

static void
unlink_text (Text *text)
{
  g_queue_unlink (&text->log->texts, &text->link);
  text->log->size -= text->size;
}

static void
tell_dropped (QmpWireLog *self,
              gboolean    sent)
{
  guint n_dropped = self->n_dropped;
  g_autofree char *text = NULL;

  if (n_dropped == 0)
    return;

  self->n_dropped = 0;
  text = g_strdup_printf (_("(messages before this one that were not kept: %u)"), n_dropped);
  self->tell (self->owner, sent, text);
}

static void
deliver (QmpInboxEntry *entry,
         gpointer       owner)
{
  Text *text = QMP_INBOX_GET (entry, Text, entry);

  unlink_text (text);
  tell_dropped (text->log, text->sent);
  text->log->tell (text->log->owner, text->sent, text->text);
  text_free (text);
}

static void
drop (QmpInboxEntry *entry,
      gpointer       owner)
{
  Text *text = QMP_INBOX_GET (entry, Text, entry);

  unlink_text (text);
  text_free (text);
}

static const QmpInboxKind kind = { .deliver = deliver, .drop = drop };

static void
drop_oldest (QmpWireLog *self)
{
  Text *oldest = self->texts.head->data;

  self->n_dropped++;
  qmp_inbox_remove (self->inbox, &oldest->entry);
  drop (&oldest->entry, self->owner);
}

static void
keep (QmpWireLog *self,
      Note       *note)
{
  Text *text = g_new (Text, 1);

  *text = (Text) {
    { .kind = &kind }, self, { text, NULL, NULL }, note->sent, make_text (self, note, self->redact),
    note->length + sizeof (Text),
  };
  qmp_inbox_post (self->inbox, &text->entry);
  g_queue_push_tail_link (&self->texts, &text->link);
  self->size += text->size;
  while (self->size > QMP_WIRE_LOG_MAX_KEPT && self->texts.length > 1)
    drop_oldest (self);
}

static void
take_note (QmpWireLog *self,
           Note        note)
{
  trim (&note.text, &note.length);
  if (note.length == 0)
    return;

  if (qmp_debug_enabled (QMP_DEBUG_WIRE))
    print (self, &note);
  if (self->heard)
    keep (self, &note);
}

void
qmp_wire_log_begin (QmpWireLog *self,
                    gboolean    heard)
{
  self->heard = heard;
  self->noting = heard || qmp_debug_enabled (QMP_DEBUG_WIRE);
}

void
qmp_wire_log_note_sent (QmpWireLog *self,
                        QmpPacket  *packet)
{
  take_note (self, (Note) { TRUE, packet->text, packet->length, NULL });
}

void
qmp_wire_log_note_received (QmpWireLog   *self,
                            QmpJsonFrame *frame)
{
  take_note (self, (Note) { FALSE, frame->text, frame->length, frame });
}
