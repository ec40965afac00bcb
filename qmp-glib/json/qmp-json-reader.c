/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "json/qmp-json-scanner-private.h"

static QmpJsonKind
kind_of (guint8 first)
{
  switch (first)
    {
    case '{':
      return QMP_JSON_OBJECT;
    case '[':
      return QMP_JSON_ARRAY;
    case '"':
      return QMP_JSON_STRING;
    case 't':
    case 'f':
      return QMP_JSON_BOOLEAN;
    case 'n':
      return QMP_JSON_NULL;
    default:
      return QMP_JSON_NUMBER;
    }
}

static gsize
count_spaces (const guint8 *text,
              gsize         length)
{
  gsize n = 0;

  while (n < length && qmp_json_is_space (text[n]))
    n++;

  return n;
}

gboolean
qmp_json_check (const char      *text,
                gsize            length,
                guint            max_depth,
                QmpJsonOutline  *outline,
                GError         **error)
{
  const guint8 *bytes = (const guint8 *) (text != NULL ? text : "");
  GError *fault;
  QmpJsonScanner scanner;

  g_return_val_if_fail (text != NULL || length == 0, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  qmp_json_scanner_init (&scanner, TRUE, max_depth);
  if (length <= G_MAXUINT32)
    qmp_json_scanner_run (&scanner, bytes, length);
  qmp_json_scanner_end (&scanner, bytes, length);

  fault = qmp_json_scanner_dup_fault (&scanner, bytes, length);
  if (fault == NULL && outline != NULL)
    {
      *outline = scanner.outline;
      outline->kind = kind_of (bytes[count_spaces (bytes, length)]);
    }
  qmp_json_scanner_clear (&scanner);

  if (fault == NULL)
    return TRUE;
  g_propagate_error (error, fault);
  return FALSE;
}

/* The reader. */

#define FIRST_SIZE (64 * 1024)
#define MIN_ROOM (4 * 1024)
#define MAX_JUNK 1024

/* From this length on a text is handed over with its buffer. */
#define MIN_HAND_OVER (64 * 1024)

typedef enum {
  PLACE_BETWEEN,
  PLACE_TEXT,
  PLACE_JUNK,
} Place;

struct _QmpJsonReader
{
  guint    max_size;
  Place    place     : 4;
  guint    overflown : 1;

  /* What was read is in [start, end). The frame that is out, then the text or junk that is being
   * read, begins at start. */
  guint8  *buffer;
  gsize    size;
  gsize    start;
  gsize    end;

  QmpJsonScanner  scanner;

  /* The frame that is out, until the next call. */
  gsize    frame_length; /* 0 when there is none, or when it went away with its buffer */
  GBytes  *frame_bytes;  /* nullable: the buffer it went away with */
  GError  *frame_fault;  /* nullable */
};

QmpJsonReader *
qmp_json_reader_new (guint max_size,
                     guint max_depth)
{
  QmpJsonReader *self = g_new0 (QmpJsonReader, 1);

  /* One byte is looked at beyond the limit, and spans have 32 bits. */
  self->max_size = MIN (max_size, G_MAXUINT - 1);
  qmp_json_scanner_init (&self->scanner, FALSE, max_depth);

  return self;
}

static void
drop_frame (QmpJsonReader *self)
{
  self->start += self->frame_length;
  self->frame_length = 0;
  g_clear_pointer (&self->frame_bytes, g_bytes_unref);
  if (self->frame_fault != NULL)
    g_clear_error (&self->frame_fault);

  if (self->start == self->end)
    self->start = self->end = 0;
}

/* Idle readers hold no buffer. One of the first size is kept for each thread, for whichever reader is next. */
static GPrivate spare_buffer = G_PRIVATE_INIT (g_free);

static guint8 *
take_spare_buffer (void)
{
  guint8 *buffer = g_private_get (&spare_buffer);

  g_private_set (&spare_buffer, NULL);
  return buffer;
}

static void
free_buffer (QmpJsonReader *self)
{
  if (self->size == FIRST_SIZE && g_private_get (&spare_buffer) == NULL)
    g_private_set (&spare_buffer, self->buffer);
  else
    g_free (self->buffer);
  self->buffer = NULL;
  self->size = 0;
}

void
qmp_json_reader_free (QmpJsonReader *self)
{
  if (self == NULL)
    return;

  drop_frame (self);
  qmp_json_scanner_clear (&self->scanner);
  free_buffer (self);
  g_free (self);
}

/* Makes room behind what is held, which stands at the front already. */
static void
grow (QmpJsonReader *self)
{
  gsize size = MAX (self->size * 2, FIRST_SIZE);

  /* A text needs no more than the limit; what makes it too large is seen in little room. */
  size = MIN (size, (gsize) self->max_size + MIN_ROOM);
  size = MAX (size, self->end + MIN_ROOM);
  if (self->buffer == NULL && size == FIRST_SIZE)
    self->buffer = take_spare_buffer ();
  if (self->buffer == NULL || size != FIRST_SIZE)
    self->buffer = g_realloc (self->buffer, size);
  self->size = size;
}

guint8 *
qmp_json_reader_reserve (QmpJsonReader *self,
                         gsize         *size)
{
  drop_frame (self);

  if (self->size - self->end < MIN_ROOM)
    {
      if (self->start > 0)
        {
          memmove (self->buffer, self->buffer + self->start, self->end - self->start);
          self->end -= self->start;
          self->start = 0;
        }
      if (self->size - self->end < MIN_ROOM)
        grow (self);
    }

  *size = self->size - self->end;
  return self->buffer + self->end;
}

void
qmp_json_reader_commit (QmpJsonReader *self,
                        gsize          length)
{
  g_return_if_fail (length <= self->size - self->end);

  if (!self->overflown)
    self->end += length;
}

gsize
qmp_json_reader_get_held (QmpJsonReader *self)
{
  return self->end - self->start - self->frame_length;
}

static void
give_out (QmpJsonReader *self,
          QmpJsonFrame  *frame,
          gsize          length)
{
  *frame = (QmpJsonFrame) { .text = (const char *) self->buffer + self->start, .length = length };
  self->frame_length = length;
  self->place = PLACE_BETWEEN;
}

static void
give_out_text (QmpJsonReader *self,
               QmpJsonFrame  *frame,
               gsize          length)
{
  give_out (self, frame, length);
  if (self->scanner.fault != QMP_JSON_FAULT_NONE)
    self->frame_fault = qmp_json_scanner_dup_fault (&self->scanner, self->buffer + self->start, length);
  frame->fault = self->frame_fault;
  frame->outline = self->scanner.outline;
  frame->outline.kind = kind_of (frame->text[0]);
}

/* Moves start to the next byte that is of a text or of junk. */
static void
skip_between (QmpJsonReader *self)
{
  while (self->start < self->end
         && (qmp_json_is_space (self->buffer[self->start])
             || self->buffer[self->start] == QMP_JSON_RESYNC))
    self->start++;

  if (self->start == self->end)
    {
      self->start = self->end = 0;
      return;
    }

  qmp_json_scanner_reset (&self->scanner);
  if (self->buffer[self->start] == '{' || self->buffer[self->start] == '[')
    self->place = PLACE_TEXT;
  else
    self->place = PLACE_JUNK;
}

static QmpJsonReaderResult
overflow (QmpJsonFrame *frame)
{
  *frame = (QmpJsonFrame) { NULL };
  return QMP_JSON_READER_OVERFLOW;
}

static QmpJsonReaderResult
read_text (QmpJsonReader *self,
           QmpJsonFrame  *frame)
{
  gsize held = self->end - self->start;
  gsize max_size = self->max_size;

  /* A text of just the limit may be one that only shows its end with the byte after it. */
  qmp_json_scanner_run (&self->scanner, self->buffer + self->start, MIN (held, max_size + 1));

  if (self->scanner.state == QMP_JSON_STATE_DONE && self->scanner.position <= max_size)
    {
      give_out_text (self, frame, self->scanner.position);
      return QMP_JSON_READER_TEXT;
    }
  if (held > max_size)
    {
      self->overflown = TRUE;
      self->start = self->end = 0;
      return overflow (frame);
    }

  return QMP_JSON_READER_MORE;
}

static gboolean
ends_junk (guint8 byte)
{
  return byte == '\n' || byte == '\r' || byte == '{' || byte == '[' || byte == QMP_JSON_RESYNC;
}

static QmpJsonReaderResult
read_junk (QmpJsonReader *self,
           QmpJsonFrame  *frame)
{
  const guint8 *junk = self->buffer + self->start;
  gsize held = MIN (self->end - self->start, MAX_JUNK);
  gsize length = self->scanner.position;

  while (length < held && !ends_junk (junk[length]))
    length++;
  self->scanner.position = length;

  if (length == held && held < MAX_JUNK)
    return QMP_JSON_READER_MORE;

  give_out (self, frame, length);
  return QMP_JSON_READER_JUNK;
}

QmpJsonReaderResult
qmp_json_reader_next (QmpJsonReader *self,
                      QmpJsonFrame  *frame)
{
  drop_frame (self);

  if (self->overflown)
    return overflow (frame);

  if (self->place == PLACE_BETWEEN)
    skip_between (self);

  switch (self->place)
    {
    case PLACE_TEXT:
      return read_text (self, frame);
    case PLACE_JUNK:
      return read_junk (self, frame);
    default:
      return QMP_JSON_READER_MORE;
    }
}

QmpJsonReaderResult
qmp_json_reader_finish (QmpJsonReader *self,
                        QmpJsonFrame  *frame)
{
  QmpJsonReaderResult result;
  gsize held;

  *frame = (QmpJsonFrame) { NULL };
  result = qmp_json_reader_next (self, frame);
  held = self->end - self->start;
  if (result != QMP_JSON_READER_MORE || self->place == PLACE_BETWEEN)
    return result;

  if (self->place == PLACE_JUNK)
    {
      give_out (self, frame, held);
      return QMP_JSON_READER_JUNK;
    }

  qmp_json_scanner_end (&self->scanner, self->buffer + self->start, held);
  give_out_text (self, frame, held);
  return QMP_JSON_READER_TEXT;
}

/* Gives the buffer away with the frame in it; what follows the frame moves to a new buffer. */
static GBytes *
hand_over (QmpJsonReader *self,
           QmpJsonFrame  *frame)
{
  guint8 *old = self->buffer;
  gsize rest_start = self->start + self->frame_length;
  gsize rest = self->end - rest_start;

  self->buffer = NULL;
  self->size = self->start = self->end = 0;
  self->frame_length = 0;
  if (rest > 0)
    {
      self->end = rest;
      grow (self);
      memcpy (self->buffer, old + rest_start, rest);
    }

  return g_bytes_new_with_free_func (frame->text, frame->length, g_free, old);
}

GBytes *
qmp_json_reader_dup_bytes (QmpJsonReader *self,
                           QmpJsonFrame  *frame)
{
  if (self->frame_bytes != NULL)
    return g_bytes_ref (self->frame_bytes);

  if (frame->length < MIN_HAND_OVER || frame->length < self->size / 2)
    return g_bytes_new (frame->text, frame->length);

  self->frame_bytes = hand_over (self, frame);
  return g_bytes_ref (self->frame_bytes);
}

void
qmp_json_reader_trim (QmpJsonReader *self)
{
  drop_frame (self);
  if (self->start < self->end)
    return;

  free_buffer (self);
  self->start = self->end = 0;
}
