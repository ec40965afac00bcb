/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-json-reader.h"

#include <string.h>

void
test_reader_feed (QmpJsonReader *reader,
                  const char    *text,
                  gsize          length)
{
  while (length > 0)
    {
      gsize room;
      guint8 *target = qmp_json_reader_reserve (reader, &room);

      g_assert_cmpuint (room, >=, 4096);
      room = MIN (room, length);
      memcpy (target, text, room);
      qmp_json_reader_commit (reader, room);
      text += room;
      length -= room;
    }
}

static void
describe_bytes (GString    *out,
                const char *text,
                gsize       length)
{
  for (gsize i = 0; i < length; i++)
    if (text[i] >= 0x20 && text[i] < 0x7f)
      g_string_append_c (out, text[i]);
    else
      g_string_append_printf (out, "<%02x>", (guint8) text[i]);
}

void
test_frame_describe (GString             *out,
                     QmpJsonReaderResult  result,
                     const QmpJsonFrame  *frame)
{
  static const char * const names[] = { "more", "text", "junk", "overflow" };

  g_string_append_printf (out, "%s %" G_GSIZE_FORMAT " ", names[result], frame->length);
  describe_bytes (out, frame->text, frame->length);
  g_string_append_printf (out, " kind %d", frame->outline.kind);
  for (guint i = 0; i < QMP_JSON_N_KEYS; i++)
    g_string_append_printf (out, " %u+%u", frame->outline.members[i].start,
                            frame->outline.members[i].length);
  if (frame->fault != NULL)
    g_string_append_printf (out, " fault %d at %" G_GSSIZE_FORMAT " %s", frame->fault->code,
                            qmp_protocol_error_get_offset (frame->fault), frame->fault->message);
  g_string_append_c (out, '\n');
}

void
test_reader_collect (QmpJsonReader *reader,
                     GString       *out)
{
  QmpJsonReaderResult result;
  QmpJsonFrame frame;

  while ((result = qmp_json_reader_next (reader, &frame)) == QMP_JSON_READER_TEXT
         || result == QMP_JSON_READER_JUNK)
    test_frame_describe (out, result, &frame);
}

void
test_frame_assert_member (const QmpJsonFrame *frame,
                          QmpJsonKey          key,
                          const char         *expected)
{
  QmpJsonSpan span = frame->outline.members[key];
  g_autofree char *value = g_strndup (frame->text + span.start, span.length);

  g_assert_cmpstr (value, ==, expected);
}

void
test_frame_assert_text (const QmpJsonFrame *frame,
                        const char         *expected)
{
  g_autofree char *text = g_strndup (frame->text, frame->length);

  g_assert_cmpstr (text, ==, expected);
  g_assert_cmpuint (frame->length, ==, strlen (expected));
}

void
test_reader_assert_next (QmpJsonReader       *reader,
                         QmpJsonReaderResult  expected,
                         const char          *text,
                         QmpJsonFrame        *frame)
{
  g_assert_cmpint (qmp_json_reader_next (reader, frame), ==, expected);
  if (text != NULL)
    test_frame_assert_text (frame, text);
}
