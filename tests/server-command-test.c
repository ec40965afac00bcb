/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "server/qmp-server-command-private.h"
#include "server/qmp-server-text-private.h"
#include "test-utils.h"

/* What a client has sent, and what a server says, without a wire. */

/* One text as the reader gives it out, at the end of the stream. */
static void
read_text (QmpServerCommand *command,
           QmpJsonReader    *reader,
           const char       *text,
           gboolean          out_of_band)
{
  gsize size;
  QmpJsonFrame frame;
  QmpJsonReaderResult kind;

  memcpy (qmp_json_reader_reserve (reader, &size), text, strlen (text));
  qmp_json_reader_commit (reader, strlen (text));
  kind = qmp_json_reader_finish (reader, &frame);
  qmp_server_command_read (command, kind, &frame, out_of_band, 16);
}

static void
assert_slice (QmpJsonSlice  slice,
              const char   *expected)
{
  g_assert_cmpmem (slice.text, slice.length, expected, strlen (expected));
}

static void
test_right (void)
{
  g_autoptr(QmpJsonReader) reader = qmp_json_reader_new (1024, 16);
  g_auto(QmpServerCommand) command = { 0 };
  g_auto(QmpServerCommand) bare = { 0 };
  g_auto(QmpServerCommand) urgent = { 0 };

  read_text (&command, reader, "{\"arguments\":{\"a\":1},\"id\":[1.0],\"execute\":\"a\\u002db\"}", FALSE);
  g_assert_cmpstr (command.name, ==, "a-b");
  g_assert_null (command.desc);
  g_assert_false (command.out_of_band);
  assert_slice (command.arguments, "{\"a\":1}");
  assert_slice (command.id, "[1.0]");

  read_text (&bare, reader, "{\"execute\":\"a\"}", TRUE);
  g_assert_cmpstr (bare.name, ==, "a");
  g_assert_false (bare.out_of_band);
  assert_slice (bare.id, "");

  read_text (&urgent, reader, "{\"exec-oob\":\"a\",\"id\":null}", TRUE);
  g_assert_cmpstr (urgent.name, ==, "a");
  g_assert_true (urgent.out_of_band);
  assert_slice (urgent.id, "null");
}

static void
test_wrong (void)
{
  const struct { const char *text; gboolean out_of_band; const char *desc; const char *id; gboolean first; } cases[] = {
    { "{}", FALSE, "QMP input lacks member 'execute'", "" },
    { "{\"id\":1,\"arguments\":{}}", FALSE, "QMP input lacks member 'execute'", "1" },
    { "{\"id\":1,\"execute\":\"a\",\"z\":1,\"y\":1}", FALSE, "QMP input member 'z' is unexpected", "1" },
    { "{\"execute\":{}}", FALSE, "QMP input member 'execute' must be a string", "" },
    { "{\"execute\":\"a\",\"arguments\":[]}", FALSE, "QMP input member 'arguments' must be an object", "" },
    { "{\"exec-oob\":\"a\"}", FALSE, "QMP input member 'exec-oob' is unexpected", "", TRUE },
    { "{\"exec-oob\":\"a\",\"execute\":\"a\"}", FALSE, "QMP input member 'exec-oob' is unexpected", "" },
    { "{\"exec-oob\":\"a\",\"execute\":\"a\"}", TRUE, "QMP input member 'execute' clashes with 'exec-oob'", "" },
    { "{\"exec-oob\":1}", TRUE, "QMP input member 'exec-oob' must be a string", "", TRUE },
    { "[{}]", FALSE, "QMP input must be a JSON object", "" },
    { "null", FALSE, "QMP input must be a JSON object", "" },
    { "\"a\"", FALSE, "QMP input must be a JSON object", "" },
    { "1 2", FALSE, "JSON parse error, at byte 2", "" },
    { "hello", FALSE, "JSON parse error, at byte 0", "" },
    { "{\"id\":1,\"execute\":nil}", FALSE, "JSON parse error, at byte 18", "" },
    { "{\"a\":1,\"a\":1}", FALSE, "JSON parse error, at byte 7", "" },
    { "[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", FALSE, "JSON nesting depth limit exceeded", "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(QmpJsonReader) reader = qmp_json_reader_new (1024, 16);
      g_auto(QmpServerCommand) command = { 0 };

      read_text (&command, reader, cases[i].text, cases[i].out_of_band);
      g_assert_null (command.name);
      g_assert_cmpstr (command.desc, ==, cases[i].desc);
      assert_slice (command.id, cases[i].id);
      g_assert_cmpint (command.out_of_band, ==, cases[i].first);
    }
}

static void
assert_text (GString    *text,
             const char *expected)
{
  g_assert_cmpstr (text->str, ==, expected);
  g_string_free (text, TRUE);
}

static void
test_texts (void)
{
  QmpServerAbout about = { { 7, 2, 22 }, (char *) "a \"b\"", (char *[]) { (char *) "oob", (char *) "x", NULL } };
  QmpJsonSlice none = { 0 }, id = { "[1]", 3 };

  assert_text (qmp_server_text_greeting (&about),
               "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7}, "
               "\"package\": \"a \\\"b\\\"\"}, \"capabilities\": [\"oob\", \"x\"]}}\r\n");
  assert_text (qmp_server_text_return ("{}", 2, none), "{\"return\": {}}\r\n");
  assert_text (qmp_server_text_return ("{}", 2, id), "{\"return\": {}, \"id\": [1]}\r\n");
  assert_text (qmp_server_text_error ("GenericError", "no\n", id),
               "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no\\n\"}, \"id\": [1]}\r\n");
  assert_text (qmp_server_text_event ("STOP", NULL, 1000000 * G_GINT64_CONSTANT (3000000000) + 7),
               "{\"timestamp\": {\"seconds\": 3000000000, \"microseconds\": 7}, \"event\": \"STOP\"}\r\n");
  assert_text (qmp_server_text_event ("STOP", "{\"a\":1}", 0),
               "{\"timestamp\": {\"seconds\": 0, \"microseconds\": 0}, \"event\": \"STOP\", \"data\": {\"a\":1}}\r\n");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/server-command/right", test_right);
  g_test_add_func ("/server-command/wrong", test_wrong);
  g_test_add_func ("/server-command/texts", test_texts);

  return g_test_run ();
}
