/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "server/qmp-recording-private.h"

#include <glib/gi18n-lib.h>
#include <qmp-glib/qmp-error.h>
#include <qmp-glib/qmp-version.h>
#include <string.h>

#include "json/qmp-json-reader-private.h"
#include "json/qmp-json-text-private.h"
#include "message/qmp-value-private.h"

/* A reader of the file can tell from this what to expect there. */
#define FORMAT 1

#define MAX_MESSAGE_SIZE (256 * 1024 * 1024)

/* Commands of which the answers are awaited. A server that never answers must not cost more and more. */
#define MAX_ASKED 1024

/* A command that is not answered. */
typedef struct {
  char     *id;      /* JSON text; nullable */
  gboolean  secret;  /* the answer will be */
} Asked;

/* What one side says. */
typedef struct {
  QmpJsonReader *reader;  /* nullable: it was not used yet */
  guint          n_fds;   /* that came, and belong to the next message */
} Voice;

struct _QmpRecording {
  GOutputStream *stream;
  gboolean       redact;
  gboolean       failed;
  GError        *error;       /* nullable: it has just failed */
  GString       *lines;       /* to be written */
  guint          session;     /* 0: none has begun */
  Voice          voices[2];   /* by QmpRecordingSide */
  GQueue         asked;       /* of Asked, the oldest first */
};

static const char * const side_names[] = { "client", "server" };

/* --- commands, and what answers them --- */

static void
asked_free (Asked *asked)
{
  g_free (asked->id);
  g_free (asked);
}

static char *
dup_id (const QmpJsonFrame *frame)
{
  QmpJsonSpan span = frame->outline.members[QMP_JSON_KEY_ID];
  GString *text;

  if (span.length == 0)
    return NULL;
  text = g_string_new (NULL);
  qmp_json_append_canonical (text, frame->text + span.start, span.length);
  return g_string_free (text, FALSE);
}

static void
note_command (QmpRecording       *self,
              const QmpJsonFrame *frame)
{
  Asked *asked = g_new (Asked, 1);

  *asked = (Asked) { dup_id (frame), qmp_json_asks_for_secret (frame->text, frame->length) };
  g_queue_push_tail (&self->asked, asked);
  if (self->asked.length > MAX_ASKED)
    asked_free (g_queue_pop_head (&self->asked));
}

/* Takes out the command that is answered. What cannot be told apart is taken for secret. */
static gboolean
answers_with_secret (QmpRecording       *self,
                     const QmpJsonFrame *frame)
{
  g_autofree char *id = dup_id (frame);

  for (GList *link = self->asked.head; link != NULL; link = link->next)
    {
      Asked *asked = link->data;
      gboolean secret = asked->secret;

      if (g_strcmp0 (asked->id, id) != 0)
        continue;
      asked_free (asked);
      g_queue_delete_link (&self->asked, link);
      return secret;
    }
  return TRUE;
}

static gboolean
is_secret_answer (QmpRecording       *self,
                  QmpRecordingSide    from,
                  const QmpJsonFrame *frame)
{
  const QmpJsonSpan *members = frame->outline.members;

  if (from == QMP_RECORDING_CLIENT)
    {
      note_command (self, frame);
      return FALSE;
    }
  if (members[QMP_JSON_KEY_RETURN].length == 0 && members[QMP_JSON_KEY_ERROR].length == 0)
    return FALSE;
  return answers_with_secret (self, frame);
}

/* --- lines --- */

static void
begin_line (QmpRecording     *self,
            QmpRecordingSide  from)
{
  gint64 now = g_get_real_time ();

  g_string_append_printf (self->lines, "{\"time\":%" G_GINT64_FORMAT ".%06d,\"session\":%u,\"from\":\"%s\"",
                          now / G_USEC_PER_SEC, (int) (now % G_USEC_PER_SEC), self->session, side_names[from]);
}

/* What is not JSON: a secret in it would not be found. */
static void
append_junk (QmpRecording       *self,
             const QmpJsonFrame *frame)
{
  g_autofree char *text = self->redact ? g_strdup_printf (_("(%u bytes that are not JSON)"), (guint) frame->length)
                                       : g_utf8_make_valid (frame->text, frame->length);

  g_string_append (self->lines, ",\"text\":");
  qmp_json_append_escaped (self->lines, text, strlen (text));
}

/* On one line, but otherwise as it stands. */
static void
append_message (QmpRecording       *self,
                QmpRecordingSide    from,
                const QmpJsonFrame *frame)
{
  g_autoptr(GString) text = g_string_sized_new (frame->length);
  gboolean secret = is_secret_answer (self, from, frame);

  if (!self->redact)
    g_string_append_len (text, frame->text, frame->length);
  else if (secret)
    qmp_json_append_redacted_answer (text, frame->text, frame->length);
  else
    qmp_json_append_redacted (text, frame->text, frame->length);
  g_string_append (self->lines, ",\"message\":");
  qmp_json_append_compact (self->lines, text->str, text->len);
}

static void
add_line (QmpRecording        *self,
          QmpRecordingSide     from,
          QmpJsonReaderResult  kind,
          QmpJsonFrame        *frame)
{
  Voice *voice = &self->voices[from];

  begin_line (self, from);
  if (kind == QMP_JSON_READER_TEXT && frame->fault == NULL)
    append_message (self, from, frame);
  else
    append_junk (self, frame);
  if (voice->n_fds > 0)
    g_string_append_printf (self->lines, ",\"fds\":%u", voice->n_fds);
  voice->n_fds = 0;
  g_string_append (self->lines, "}\n");
}

/* --- the end of it --- */

/* Takes error. */
static void
fail (QmpRecording *self,
      GError       *error)
{
  self->failed = TRUE;
  self->error = error;
}

static void
forget_session (QmpRecording *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->voices); i++)
    {
      g_clear_pointer (&self->voices[i].reader, qmp_json_reader_free);
      self->voices[i].n_fds = 0;
    }
  g_queue_clear_full (&self->asked, (GDestroyNotify) asked_free);
}

/* --- what is told to it --- */

QmpRecording *
qmp_recording_new (GOutputStream *stream,
                   gboolean       redact)
{
  QmpRecording *self = g_new0 (QmpRecording, 1);

  self->stream = g_object_ref (stream);
  self->redact = redact;
  self->lines = g_string_new (NULL);
  g_string_append_printf (self->lines, "{\"recording\":%d,\"version\":\"%d.%d.%d\",\"redacted\":%s}\n", FORMAT,
                          QMP_MAJOR_VERSION, QMP_MINOR_VERSION, QMP_MICRO_VERSION, redact ? "true" : "false");
  return self;
}

void
qmp_recording_free (QmpRecording *self)
{
  forget_session (self);
  g_clear_error (&self->error);
  g_string_free (self->lines, TRUE);
  g_object_unref (self->stream);
  g_free (self);
}

void
qmp_recording_begin (QmpRecording *self)
{
  if (self->failed)
    return;
  forget_session (self);
  self->session++;
  begin_line (self, QMP_RECORDING_CLIENT);
  g_string_append (self->lines, ",\"opened\":true}\n");
}

static void
read_messages (QmpRecording     *self,
               QmpRecordingSide  from)
{
  QmpJsonReader *reader = self->voices[from].reader;
  QmpJsonReaderResult kind;
  QmpJsonFrame frame;

  while ((kind = qmp_json_reader_next (reader, &frame)) == QMP_JSON_READER_TEXT || kind == QMP_JSON_READER_JUNK)
    add_line (self, from, kind, &frame);
  if (kind == QMP_JSON_READER_OVERFLOW)
    fail (self, g_error_new (QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_TOO_LARGE,
                             _("There is a message of more than %u bytes"), MAX_MESSAGE_SIZE));
  else
    qmp_json_reader_trim (reader);
}

void
qmp_recording_add (QmpRecording     *self,
                   QmpRecordingSide  from,
                   const guint8     *bytes,
                   gsize             length,
                   guint             n_fds)
{
  Voice *voice = &self->voices[from];

  voice->n_fds += n_fds;
  if (voice->reader == NULL)
    voice->reader = qmp_json_reader_new (MAX_MESSAGE_SIZE, QMP_MESSAGE_MAX_DEPTH);
  while (length > 0 && !self->failed)
    {
      gsize room;
      guint8 *place = qmp_json_reader_reserve (voice->reader, &room);
      gsize n = MIN (room, length);

      memcpy (place, bytes, n);
      qmp_json_reader_commit (voice->reader, n);
      bytes += n;
      length -= n;
      read_messages (self, from);
    }
}

/* Half a message at the end of one side. */
static void
finish_voice (QmpRecording     *self,
              QmpRecordingSide  from)
{
  QmpJsonFrame frame;
  QmpJsonReaderResult kind;

  if (self->voices[from].reader == NULL)
    return;
  kind = qmp_json_reader_finish (self->voices[from].reader, &frame);
  if (kind != QMP_JSON_READER_MORE)
    add_line (self, from, kind, &frame);
}

void
qmp_recording_end (QmpRecording     *self,
                   QmpRecordingSide  from)
{
  if (!self->failed)
    {
      finish_voice (self, QMP_RECORDING_CLIENT);
      finish_voice (self, QMP_RECORDING_SERVER);
      begin_line (self, from);
      g_string_append (self->lines, ",\"closed\":true}\n");
    }
  forget_session (self);
}

gboolean
qmp_recording_write (QmpRecording  *self,
                     GError       **error)
{
  GError *local_error = NULL;

  if (self->lines->len > 0 &&
      (!g_output_stream_write_all (self->stream, self->lines->str, self->lines->len, NULL, NULL, &local_error) ||
       !g_output_stream_flush (self->stream, NULL, &local_error)))
    fail (self, local_error);
  g_string_truncate (self->lines, 0);
  if (self->error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&self->error));
  return FALSE;
}
