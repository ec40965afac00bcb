/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"

#include "qmp-glib/qmp-error.h"
#include "json/qmp-json-node-private.h"
#include "json/qmp-json-reader-private.h"

/* The reader gives the same frames, faults and offsets however its input is cut; what it calls right, the check of a
 * whole text does too, and json-glib's parser reads it as the same value.
 *
 * Input: a byte for the limits, a byte for what else is done, n (low four bits of a byte) sizes of chunks, taken in
 * turn, then the stream. n = 0: byte by byte. */

#define MAX_SIZE (64 * 1024 * 1024)

/* For large texts from small inputs, in a target of its own since it is slow: behind a quote, where it is read fast,
 * this byte becomes a run of letters. */
#define GROWS 0x1e
#define RUN (64 * 1024)
#define MAX_RUNS 2
#define MAX_FINE 512

typedef enum {
  DO_TRIM = 1 << 0,
  DO_DUP = 1 << 1,
} Extra;

typedef struct {
  guint   max_size;
  guint   max_depth;
  guint   extra;
  guint8  chunks[16];
  guint   n_chunks;
  char   *stream;
  gsize   length;
} Case;

static char *
grown (const char *stream,
       gsize       length,
       gsize      *grown_length)
{
  GString *out = g_string_sized_new (length + RUN);
  guint runs = 0;

  for (gsize i = 0; i < length; i++)
    if (stream[i] == GROWS && i > 0 && stream[i - 1] == '"' && runs++ < MAX_RUNS)
      {
        g_string_set_size (out, out->len + RUN);
        memset (out->str + out->len - RUN, 'x', RUN);
      }
    else
      g_string_append_c (out, stream[i]);
  *grown_length = out->len;
  return g_string_free (out, FALSE);
}

static void
case_init (Case         *self,
           const guint8 *data,
           gsize         size)
{
  FuzzInput input;
  guint8 limits;

  fuzz_input_init (&input, data, size);
  limits = fuzz_input_take_byte (&input);
  self->max_depth = (limits & 0x1f) != 0 ? limits & 0x1f : 1024;
  self->max_size = (limits & 0x40) != 0 ? 100 : MAX_SIZE;
  self->extra = fuzz_input_take_byte (&input);
  self->n_chunks = fuzz_input_take_byte (&input) & 0xf;
  for (guint i = 0; i < self->n_chunks; i++)
    self->chunks[i] = fuzz_input_take_byte (&input);
  if (FUZZ_LARGE)
    {
      self->stream = grown (input.at, input.left, &self->length);
      return;
    }
  self->length = input.left;
  self->stream = fuzz_input_take_text (&input, input.left);
}

/* --- against json-glib --- */

static gboolean
is_digit (char c)
{
  return c >= '0' && c <= '9';
}

/* json-glib wraps integers over 64 bits. */
static gboolean
has_long_number (const char *text,
                 gsize       length)
{
  guint digits = 0;

  for (gsize i = 0; i < length; i++)
    {
      digits = is_digit (text[i]) ? digits + 1 : 0;
      if (digits > 18)
        return TRUE;
    }
  return FALSE;
}

static gboolean
has (const char *text,
     gsize       length,
     const char *part)
{
  return memmem (text, length, part, strlen (part)) != NULL;
}

/* Valid, with other limits of what a node can hold. */
static gboolean
is_peculiar (const char *text,
             gsize       length)
{
  return has_long_number (text, length) || has (text, length, "\\u0000");
}

static void
compare_with_json_glib (const char *text,
                        gsize       length)
{
  static JsonParser *parser;
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) node = NULL;

  if (parser == NULL)
    parser = json_parser_new ();
  json_parser_load_from_data (parser, text, length, &error);
  g_assert_no_error (error);

  node = qmp_json_to_node (text, length);
  if (!is_peculiar (text, length))
    g_assert_true (fuzz_same_value (node, json_parser_get_root (parser)));
}

/* --- frames --- */

static void
note (GString       *log,
      gconstpointer  data,
      gsize          length)
{
  g_string_append_len (log, data, length);
}

static void
note_fault (GString      *log,
            const GError *fault)
{
  gssize offset = qmp_protocol_error_get_offset (fault);

  g_assert_true (fault->domain == QMP_PROTOCOL_ERROR);
  g_assert_true (g_utf8_validate (fault->message, -1, NULL));
  note (log, &fault->code, sizeof fault->code);
  note (log, &offset, sizeof offset);
  note (log, fault->message, strlen (fault->message));
}

/* All that the reader tells. */
static void
note_frame (GString             *log,
            QmpJsonReaderResult  result,
            const QmpJsonFrame  *frame)
{
  note (log, &result, sizeof result);
  note (log, &frame->length, sizeof frame->length);
  note (log, frame->text, frame->length);
  note (log, &frame->outline, sizeof frame->outline);
  if (frame->fault != NULL)
    note_fault (log, frame->fault);
}

static void
check_text (const Case         *test,
            const QmpJsonFrame *frame)
{
  QmpJsonOutline outline;
  g_autoptr(GError) error = NULL;
  gboolean right = qmp_json_check (frame->text, frame->length, test->max_depth, &outline, &error);

  g_assert_true (right == (frame->fault == NULL));
  if (!right)
    return;
  g_assert_cmpmem (&outline, sizeof outline, &frame->outline, sizeof outline);
  compare_with_json_glib (frame->text, frame->length);
}

static void
check_bytes (QmpJsonReader *reader,
             QmpJsonFrame  *frame)
{
  g_autoptr(GBytes) bytes = qmp_json_reader_dup_bytes (reader, frame);
  g_autoptr(GBytes) again = qmp_json_reader_dup_bytes (reader, frame);

  g_assert_true (g_bytes_equal (bytes, again));
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), frame->text, frame->length);
}

static QmpJsonReaderResult
collect (const Case    *test,
         guint          extra,
         QmpJsonReader *reader,
         GString       *log)
{
  QmpJsonReaderResult result;
  QmpJsonFrame frame;

  for (;;)
    {
      result = qmp_json_reader_next (reader, &frame);
      if (result != QMP_JSON_READER_TEXT && result != QMP_JSON_READER_JUNK)
        return result;
      g_assert_cmpuint (frame.length, >, 0);
      note_frame (log, result, &frame);
      if ((extra & DO_DUP) != 0)
        check_bytes (reader, &frame);
    }
}

static void
feed (QmpJsonReader *reader,
      const char    *text,
      gsize          length)
{
  while (length > 0)
    {
      gsize room;
      guint8 *target = qmp_json_reader_reserve (reader, &room);

      room = MIN (room, length);
      memcpy (target, text, room);
      qmp_json_reader_commit (reader, room);
      text += room;
      length -= room;
    }
}

static void
finish (QmpJsonReader *reader,
        GString       *log)
{
  QmpJsonFrame frame;
  QmpJsonReaderResult result = qmp_json_reader_finish (reader, &frame);

  note_frame (log, result, &frame);
}

static char *
read_at_once (const Case *test,
              gsize      *length)
{
  g_autoptr(QmpJsonReader) reader = qmp_json_reader_new (test->max_size, test->max_depth);
  GString *log = g_string_new (NULL);

  feed (reader, test->stream, test->length);
  collect (test, 0, reader, log);
  finish (reader, log);
  *length = log->len;
  return g_string_free (log, FALSE);
}

static char *
read_in_chunks (const Case *test,
                gsize      *length)
{
  g_autoptr(QmpJsonReader) reader = qmp_json_reader_new (test->max_size, test->max_depth);
  GString *log = g_string_new (NULL);
  guint turn = 0;

  for (gsize done = 0; done < test->length;)
    {
      gsize size = test->n_chunks > 0 ? (gsize) test->chunks[turn++ % test->n_chunks] + 1 : 1;

      /* Else long ones take forever. */
      size *= test->length / MAX_FINE + 1;
      size = MIN (size, test->length - done);
      feed (reader, test->stream + done, size);
      done += size;
      collect (test, test->extra, reader, log);
      if ((test->extra & DO_TRIM) != 0)
        qmp_json_reader_trim (reader);
    }
  finish (reader, log);
  *length = log->len;
  return g_string_free (log, FALSE);
}

/* Every text alone. */
static void
check_texts (const Case *test)
{
  g_autoptr(QmpJsonReader) reader = qmp_json_reader_new (test->max_size, test->max_depth);
  QmpJsonReaderResult result;
  QmpJsonFrame frame;

  feed (reader, test->stream, test->length);
  while ((result = qmp_json_reader_next (reader, &frame)) == QMP_JSON_READER_TEXT ||
         result == QMP_JSON_READER_JUNK)
    if (result == QMP_JSON_READER_TEXT)
      check_text (test, &frame);
}

/* The stream as one text, which may be of any kind. */
static void
check_document (const Case *test)
{
  g_autoptr(GError) error = NULL;

  if (qmp_json_check (test->stream, test->length, test->max_depth, NULL, &error))
    compare_with_json_glib (test->stream, test->length);
  else
    g_assert_cmpint (qmp_protocol_error_get_offset (error), <=, (gssize) test->length);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  Case test;
  gsize length, other_length;
  g_autofree char *log = NULL;
  g_autofree char *other = NULL;

  case_init (&test, data, size);
  log = read_at_once (&test, &length);
  other = read_in_chunks (&test, &other_length);
  g_assert_cmpmem (log, length, other, other_length);
  check_texts (&test);
  check_document (&test);
  g_free (test.stream);
  return 0;
}
