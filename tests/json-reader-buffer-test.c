/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "test-json-reader.h"

/* The reader's limits, its end, and the memory that it reads into. */

/* ending: what comes after a text of the given length, so that it ends there. */
static QmpJsonReaderResult
read_with_limit (guint       limit,
                 gsize       length,
                 const char *beginning,
                 const char *ending,
                 gsize       chunk)
{
  g_autoptr(QmpJsonReader) reader = qmp_json_reader_new (limit, MAX_DEPTH);
  g_autoptr(GString) text = g_string_new (beginning);
  QmpJsonReaderResult result = QMP_JSON_READER_MORE;
  QmpJsonFrame frame;

  while (text->len < length)
    g_string_append_c (text, 'x');
  g_string_overwrite (text, length - (*ending == '"' ? 2 : 0), ending);

  for (gsize done = 0; done < text->len && result == QMP_JSON_READER_MORE; done += chunk)
    {
      test_reader_feed (reader, text->str + done, MIN (chunk, text->len - done));
      result = qmp_json_reader_next (reader, &frame);
    }
  if (result == QMP_JSON_READER_OVERFLOW)
    {
      test_reader_feed (reader, "{}", 2);
      g_assert_cmpint (qmp_json_reader_next (reader, &frame), ==, QMP_JSON_READER_OVERFLOW);
      g_assert_cmpint (qmp_json_reader_finish (reader, &frame), ==, QMP_JSON_READER_OVERFLOW);
    }
  return result;
}

static void
test_limit_size (void)
{
  static const guint limits[] = { 100, 4096, 16384, 16385, 100000 };

  for (gsize i = 0; i < G_N_ELEMENTS (limits); i++)
    for (gsize chunk = 1; chunk < 300000; chunk = chunk * 7 + 1)
      {
        guint limit = limits[i];

        /* a whole text; one that shows its end only with the next byte; one without an end */
        g_assert_cmpint (read_with_limit (limit, limit, "[\"", "\"]", chunk),
                         ==, QMP_JSON_READER_TEXT);
        g_assert_cmpint (read_with_limit (limit, limit + 1, "[\"", "\"]", chunk),
                         ==, QMP_JSON_READER_OVERFLOW);
        g_assert_cmpint (read_with_limit (limit, limit, "[\"", "\xff", chunk),
                         ==, QMP_JSON_READER_TEXT);
        g_assert_cmpint (read_with_limit (limit, limit + 1, "[\"", "\xff", chunk),
                         ==, QMP_JSON_READER_OVERFLOW);
        g_assert_cmpint (read_with_limit (limit, limit, "[\"", "", chunk),
                         ==, QMP_JSON_READER_MORE);
        g_assert_cmpint (read_with_limit (limit, limit + 1, "[\"", "", chunk),
                         ==, QMP_JSON_READER_OVERFLOW);
      }
}

/* What stands between texts does not count. */
static void
test_limit_between (void)
{
  g_autoptr(QmpJsonReader) reader = qmp_json_reader_new (10, MAX_DEPTH);
  g_autofree char *spaces = g_strnfill (100000, ' ');
  QmpJsonFrame frame;

  test_reader_feed (reader, spaces, strlen (spaces));
  test_reader_assert_next (reader, QMP_JSON_READER_MORE, NULL, &frame);
  test_reader_feed (reader, "{\"ab\":123}", 10);
  test_reader_assert_next (reader, QMP_JSON_READER_TEXT, "{\"ab\":123}", &frame);
  test_reader_feed (reader, "some junk is longer\n", 20);
  test_reader_assert_next (reader, QMP_JSON_READER_JUNK, "some junk is longer", &frame);
}

static void
test_limit_junk (void)
{
  g_autoptr(QmpJsonReader) reader = qmp_json_reader_new (MAX_SIZE, MAX_DEPTH);
  g_autofree char *junk = g_strnfill (1025, 'j');
  QmpJsonFrame frame;

  test_reader_feed (reader, junk, 1023);
  test_reader_assert_next (reader, QMP_JSON_READER_MORE, NULL, &frame);
  test_reader_feed (reader, "j", 1);
  test_reader_assert_next (reader, QMP_JSON_READER_JUNK, junk + 1, &frame);
  test_reader_feed (reader, "\n", 1);
  test_reader_assert_next (reader, QMP_JSON_READER_MORE, NULL, &frame);

  test_reader_feed (reader, junk, 1025);
  test_reader_assert_next (reader, QMP_JSON_READER_JUNK, junk + 1, &frame);
  test_reader_assert_next (reader, QMP_JSON_READER_MORE, NULL, &frame);
  g_assert_cmpint (qmp_json_reader_finish (reader, &frame), ==, QMP_JSON_READER_JUNK);
  test_frame_assert_text (&frame, "j");
  g_assert_cmpint (qmp_json_reader_finish (reader, &frame), ==, QMP_JSON_READER_MORE);
}

static void
test_finish (void)
{
  static const struct {
    const char *stream;
    const char *fault; /* nullable: nothing is left over */
    int         offset;
  } endings[] = {
    { "", NULL, 0 },
    { "{}", NULL, 0 },
    { "{} \r\n\xff", NULL, 0 },
    { "{", "middle", 1 },
    { "{\"a\":1", "middle", 6 },
    { "{\"a\":inf", "middle", 8 },
    { "{\"a\":inf,", "middle", 9 },
    { "[\"\\ud83d", "middle", 8 },
    { "[\"\xe2\x82", "middle", 4 },
    { "{\"a\":[1}", "comma or ]", 7 },
    { "[\"\n\\", "control character", 2 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (endings); i++)
    {
      g_autoptr(QmpJsonReader) reader = qmp_json_reader_new (MAX_SIZE, MAX_DEPTH);
      g_autoptr(GString) frames = g_string_new (NULL);
      QmpJsonFrame frame;

      test_reader_feed (reader, endings[i].stream, strlen (endings[i].stream));
      test_reader_collect (reader, frames);
      if (endings[i].fault != NULL)
        {
          g_assert_cmpint (qmp_json_reader_finish (reader, &frame), ==, QMP_JSON_READER_TEXT);
          test_frame_assert_text (&frame, endings[i].stream);
          g_assert_error (frame.fault, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_DESERIALIZATION);
          g_assert_nonnull (strstr (frame.fault->message, endings[i].fault));
          g_assert_cmpint (qmp_protocol_error_get_offset (frame.fault), ==, endings[i].offset);
        }
      g_assert_cmpint (qmp_json_reader_finish (reader, &frame), ==, QMP_JSON_READER_MORE);
      g_assert_null (frame.text);
    }
}

/* finish() gives out what is whole first. */
static void
test_finish_whole_first (void)
{
  g_autoptr(QmpJsonReader) reader = qmp_json_reader_new (MAX_SIZE, MAX_DEPTH);
  QmpJsonFrame frame;

  test_reader_feed (reader, "{}junk", 6);
  g_assert_cmpint (qmp_json_reader_finish (reader, &frame), ==, QMP_JSON_READER_TEXT);
  g_assert_cmpint (qmp_json_reader_finish (reader, &frame), ==, QMP_JSON_READER_JUNK);
  g_assert_cmpint (qmp_json_reader_finish (reader, &frame), ==, QMP_JSON_READER_MORE);
}

/* the buffer */

static char *
make_large (gsize length)
{
  char *text = g_strnfill (length, 'y');

  memcpy (text, "[\"", 2);
  memcpy (text + length - 2, "\"]", 2);
  return text;
}

static void
test_dup_small (void)
{
  g_autoptr(QmpJsonReader) reader = qmp_json_reader_new (MAX_SIZE, MAX_DEPTH);
  g_autoptr(GBytes) bytes = NULL;
  QmpJsonFrame frame;

  test_reader_feed (reader, "{\"a\":1}{\"b\":2}", 14);
  test_reader_assert_next (reader, QMP_JSON_READER_TEXT, "{\"a\":1}", &frame);
  bytes = qmp_json_reader_dup_bytes (reader, &frame);
  g_assert_true (g_bytes_get_data (bytes, NULL) != frame.text);
  test_frame_assert_text (&frame, "{\"a\":1}");
  test_reader_assert_next (reader, QMP_JSON_READER_TEXT, "{\"b\":2}", &frame);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), "{\"a\":1}", 7);
}

static void
test_dup_large (void)
{
  g_autoptr(QmpJsonReader) reader = qmp_json_reader_new (MAX_SIZE, MAX_DEPTH);
  g_autofree char *large = make_large (100000);
  g_autofree char *stream = g_strconcat ("{\"before\":0}\r\n", large,
                                         "\r\n{\"after\":1} {\"ha", NULL);
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(GBytes) again = NULL;
  QmpJsonFrame frame;

  test_reader_feed (reader, stream, strlen (stream));
  test_reader_assert_next (reader, QMP_JSON_READER_TEXT, "{\"before\":0}", &frame);
  test_reader_assert_next (reader, QMP_JSON_READER_TEXT, large, &frame);

  bytes = qmp_json_reader_dup_bytes (reader, &frame);
  g_assert_true (g_bytes_get_data (bytes, NULL) == frame.text);
  again = qmp_json_reader_dup_bytes (reader, &frame);
  g_assert_true (g_bytes_get_data (again, NULL) == frame.text);
  test_frame_assert_text (&frame, large);

  test_reader_assert_next (reader, QMP_JSON_READER_TEXT, "{\"after\":1}", &frame);
  test_reader_assert_next (reader, QMP_JSON_READER_MORE, NULL, &frame);
  test_reader_feed (reader, "lf\":2}", 6);
  test_reader_assert_next (reader, QMP_JSON_READER_TEXT, "{\"half\":2}", &frame);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), large, 100000);
}

/* The frame stays good when the caller keeps nothing of what was handed over. */
static void
test_dup_large_dropped (void)
{
  g_autoptr(QmpJsonReader) reader = qmp_json_reader_new (MAX_SIZE, MAX_DEPTH);
  g_autofree char *large = make_large (70000);
  QmpJsonFrame frame;

  for (guint i = 0; i < 3; i++)
    {
      test_reader_feed (reader, large, strlen (large));
      test_reader_assert_next (reader, QMP_JSON_READER_TEXT, large, &frame);
      g_bytes_unref (qmp_json_reader_dup_bytes (reader, &frame));
      test_frame_assert_text (&frame, large);
    }
  test_reader_assert_next (reader, QMP_JSON_READER_MORE, NULL, &frame);
}

/* A text of 64 KiB that is a small part of its buffer does not take the whole of it along. */
static void
test_dup_large_in_larger (void)
{
  g_autoptr(QmpJsonReader) reader = qmp_json_reader_new (MAX_SIZE, MAX_DEPTH);
  g_autofree char *huge = make_large (1 << 20);
  g_autofree char *large = make_large (70000);
  g_autoptr(GBytes) bytes = NULL;
  QmpJsonFrame frame;

  test_reader_feed (reader, huge, strlen (huge));
  test_reader_assert_next (reader, QMP_JSON_READER_TEXT, huge, &frame);
  test_reader_feed (reader, large, strlen (large));
  test_reader_assert_next (reader, QMP_JSON_READER_TEXT, large, &frame);
  bytes = qmp_json_reader_dup_bytes (reader, &frame);
  g_assert_true (g_bytes_get_data (bytes, NULL) != frame.text);
}

static void
test_trim (void)
{
  g_autoptr(QmpJsonReader) reader = qmp_json_reader_new (MAX_SIZE, MAX_DEPTH);
  QmpJsonFrame frame;
  gsize room;

  qmp_json_reader_trim (reader);
  test_reader_feed (reader, "{}{\"half", 8);
  test_reader_assert_next (reader, QMP_JSON_READER_TEXT, "{}", &frame);
  test_reader_assert_next (reader, QMP_JSON_READER_MORE, NULL, &frame);
  qmp_json_reader_trim (reader);
  test_reader_feed (reader, "\":1}\r\n", 6);
  test_reader_assert_next (reader, QMP_JSON_READER_TEXT, "{\"half\":1}", &frame);
  test_reader_assert_next (reader, QMP_JSON_READER_MORE, NULL, &frame);
  qmp_json_reader_trim (reader);
  test_reader_feed (reader, "[]", 2);
  test_reader_assert_next (reader, QMP_JSON_READER_TEXT, "[]", &frame);

  qmp_json_reader_trim (reader);
  qmp_json_reader_reserve (reader, &room);
  g_assert_cmpuint (room, ==, 64 * 1024);
}

/* Texts that are half read when the buffer is full move to its beginning. */
static void
test_many (void)
{
  g_autoptr(QmpJsonReader) reader = qmp_json_reader_new (MAX_SIZE, MAX_DEPTH);
  g_autoptr(GString) stream = g_string_new (NULL);
  guint n_read = 0;
  gsize room;

  for (guint i = 0; i < 3000; i++)
    g_string_append_printf (stream, "{\"id\":%u,\"return\":\"%*s\"}\r\n", i, i % 700, "");

  for (gsize done = 0; done < stream->len; done += room)
    {
      guint8 *target = qmp_json_reader_reserve (reader, &room);
      QmpJsonFrame frame;

      room = MIN (room, stream->len - done);
      memcpy (target, stream->str + done, room);
      qmp_json_reader_commit (reader, room);
      while (qmp_json_reader_next (reader, &frame) == QMP_JSON_READER_TEXT)
        {
          g_autofree char *id = g_strdup_printf ("%u", n_read);

          g_assert_no_error (frame.fault);
          test_frame_assert_member (&frame, QMP_JSON_KEY_ID, id);
          g_assert_cmpuint (frame.outline.members[QMP_JSON_KEY_RETURN].length, ==,
                            n_read % 700 + 2);
          n_read++;
        }
      g_assert_cmpuint (room, <=, 64 * 1024);
    }
  g_assert_cmpuint (n_read, ==, 3000);
}

/* Grows with the text, and never far beyond the limit. */
static void
test_reserve (void)
{
  g_autoptr(QmpJsonReader) reader = qmp_json_reader_new (100000, MAX_DEPTH);
  QmpJsonReaderResult result = QMP_JSON_READER_MORE;
  gsize total = 0;

  while (result == QMP_JSON_READER_MORE)
    {
      QmpJsonFrame frame;
      gsize room;
      guint8 *target = qmp_json_reader_reserve (reader, &room);

      g_assert_cmpuint (room, >=, 4096);
      g_assert_cmpuint (total + room, <=, 100000 + 8192);
      memset (target, total == 0 ? '[' : ' ', 1);
      memset (target + 1, ' ', room - 1);
      qmp_json_reader_commit (reader, room);
      total += room;
      result = qmp_json_reader_next (reader, &frame);
    }
  g_assert_cmpint (result, ==, QMP_JSON_READER_OVERFLOW);
  g_assert_cmpuint (total, >, 100000);
}

/* A large string that comes byte by byte: were each byte to scan it from its beginning again, this
 * would take hours. */
static void
test_linear (void)
{
  g_autoptr(QmpJsonReader) reader = qmp_json_reader_new (MAX_SIZE, MAX_DEPTH);
  const gsize length = 14 * 65536 * (g_test_slow () ? 50 : 1);
  QmpJsonFrame frame;
  gsize room;

  test_reader_feed (reader, "[\"", 2);
  for (gsize i = 0; i < length; i++)
    {
      *qmp_json_reader_reserve (reader, &room) = "\\u12ab xyz \xc3\xa9 "[i % 14];
      qmp_json_reader_commit (reader, 1);
      g_assert_cmpint (qmp_json_reader_next (reader, &frame), ==, QMP_JSON_READER_MORE);
    }
  test_reader_feed (reader, "\"]", 2);
  g_assert_cmpint (qmp_json_reader_next (reader, &frame), ==, QMP_JSON_READER_TEXT);
  g_assert_no_error (frame.fault);
  g_assert_cmpuint (frame.length, ==, length + 4);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/json-reader/limit/size", test_limit_size);
  g_test_add_func ("/json-reader/limit/between", test_limit_between);
  g_test_add_func ("/json-reader/limit/junk", test_limit_junk);
  g_test_add_func ("/json-reader/finish/endings", test_finish);
  g_test_add_func ("/json-reader/finish/whole-first", test_finish_whole_first);
  g_test_add_func ("/json-reader/buffer/dup-small", test_dup_small);
  g_test_add_func ("/json-reader/buffer/dup-large", test_dup_large);
  g_test_add_func ("/json-reader/buffer/dup-large-dropped", test_dup_large_dropped);
  g_test_add_func ("/json-reader/buffer/dup-large-in-larger", test_dup_large_in_larger);
  g_test_add_func ("/json-reader/buffer/trim", test_trim);
  g_test_add_func ("/json-reader/buffer/many", test_many);
  g_test_add_func ("/json-reader/buffer/reserve", test_reserve);
  g_test_add_func ("/json-reader/buffer/linear", test_linear);

  return g_test_run ();
}
