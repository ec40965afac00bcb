/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include <qmp-glib/qmp-error.h>

#include "message/qmp-reply-private.h"
#include "test-json-reader.h"

/* what is equal as an id */

/* Runs on a copy of just the length, so that a memory checker sees each byte read beyond it. */
static char *
dup_key (const char *text)
{
  gsize length = strlen (text);
  g_autofree char *copy = g_memdup2 (text, length);

  g_assert_true (qmp_json_check (text, length, MAX_DEPTH, NULL, NULL));
  return qmp_reply_dup_id_key (copy, length);
}

static void
assert_key (const char *text,
            const char *expected)
{
  g_autofree char *key = dup_key (text);

  g_assert_cmpstr (key, ==, expected);
}

static void
test_key_spelling (void)
{
  assert_key ("\"a\"", "\"a\"");
  assert_key (" \"\\u0061\" ", "\"a\"");
  assert_key ("{ \"x\" : [ 1 , true , null ] }", "{\"x\":[1,true,null]}");
  assert_key ("[]", "[]");
  assert_key ("false", "false");
}

static void
test_key_numbers (void)
{
  assert_key ("5", "5");
  assert_key ("-5", "-5");
  assert_key ("5.0", "5");
  assert_key ("0.5e1", "5");
  assert_key ("9223372036854775807", "9223372036854775807");
  assert_key ("18446744073709551615", "18446744073709551615");
  /* As QEMU echoes them: a double without a fraction is written like an integer. */
  assert_key ("1e3", "1000");
  assert_key ("[2.50, {\"a\": 1E2}]", "[2.5,{\"a\":100}]");
}

static void
test_key_number_in_string (void)
{
  g_autofree char *string = dup_key ("\"5.0\"");
  g_autofree char *number = dup_key ("5.0");

  g_assert_cmpstr (string, ==, "\"5.0\"");
  g_assert_cmpstr (string, !=, number);
}

static void
test_key_huge_numbers (void)
{
  g_autofree char *one = dup_key ("1e300");
  g_autofree char *other = dup_key ("1.0E+300");

  g_assert_cmpstr (one, ==, other);
  assert_key ("1e999", "1e999");
}

/* the id of a reply */

static void
assert_id (const char *text,
           gboolean    broken,
           const char *expected)
{
  g_autoptr(QmpJsonReader) reader = qmp_json_reader_new (MAX_SIZE, MAX_DEPTH);
  g_autofree char *found = NULL;
  QmpJsonFrame frame;
  QmpJsonSpan id;

  test_reader_feed (reader, text, strlen (text));
  test_reader_feed (reader, "\n", 1);
  g_assert_cmpint (qmp_json_reader_next (reader, &frame), ==, QMP_JSON_READER_TEXT);
  g_assert_true ((frame.fault != NULL) == broken);
  id = qmp_reply_find_id (&frame);
  found = g_strndup (frame.text + id.start, id.length);
  g_assert_cmpstr (found, ==, expected);
}

static void
test_id (void)
{
  assert_id ("{\"return\": {}, \"id\": 5}", FALSE, "5");
  assert_id ("{\"id\": \"x\", \"return\": {}}", FALSE, "\"x\"");
  assert_id ("{\"return\": {\"id\": 6}}", FALSE, "");
}

static void
test_id_broken (void)
{
  assert_id ("{\"id\": 5, \"return\": 01}", TRUE, "5");
  assert_id ("{\"return\": 01, \"id\" : {\"a\": [1]} }", TRUE, "{\"a\": [1]}");
  /* Where the structure makes no sense any more, it is looked for at the end, where QEMU writes it. */
  assert_id ("{\"return\": {\"a\" 1}, \"id\" : 5 }", TRUE, "5 ");
  assert_id ("{\"return\": {\"a\" 1}, \"id\":{\"a\": [1]} }", TRUE, "{\"a\": [1]} ");
}

static void
test_id_broken_beyond_help (void)
{
  assert_id ("{\"return\": 01}", TRUE, "");
  /* The fault is in the id. */
  assert_id ("{\"return\": {}, \"id\": 05}", TRUE, "");
  /* It is another object's. */
  assert_id ("{\"return\": {\"a\" 1}, \"x\": {\"id\": 5}}", TRUE, "");
  assert_id ("{\"return\": {\"a\" 1}, \"id\" 5}", TRUE, "");
  assert_id ("[\"id\" 5]", TRUE, "");
}

/* errors */

static gboolean
parse (const char  *text,
       char       **error_class,
       char       **desc)
{
  QmpJsonOutline outline;

  g_assert_true (qmp_json_check (text, strlen (text), MAX_DEPTH, &outline, NULL));
  return qmp_reply_parse_error (text, outline.members[QMP_JSON_KEY_ERROR], error_class, desc);
}

static void
test_error (void)
{
  static const char * const texts[] = {
    "{\"error\": {\"class\": \"GenericError\", \"desc\": \"No\\u0020more\"}}",
    "{\"id\": 1, \"error\": {\"desc\": \"No more\", \"more\": {\"class\": 1}, \"cl\\u0061ss\": \"GenericError\"}}",
    /* Of a member that is there twice the last one counts. */
    "{\"error\": {\"class\": 5, \"desc\": \"a\", \"class\": \"GenericError\", \"desc\": \"No more\"}}",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *error_class = NULL;
      g_autofree char *desc = NULL;

      g_assert_true (parse (texts[i], &error_class, &desc));
      g_assert_cmpstr (error_class, ==, "GenericError");
      g_assert_cmpstr (desc, ==, "No more");
    }
}

static void
test_error_malformed (void)
{
  static const char * const texts[] = {
    "{\"error\": \"GenericError\"}",
    "{\"error\": [\"class\", \"desc\"]}",
    "{\"error\": {}}",
    "{\"error\": {\"class\": \"GenericError\"}}",
    "{\"error\": {\"desc\": \"No more\"}}",
    "{\"error\": {\"class\": \"GenericError\", \"desc\": 5}}",
    "{\"error\": {\"class\": \"GenericError\", \"desc\": \"a\", \"desc\": null}}",
    "{\"error\": {\"x\": {\"class\": \"GenericError\", \"desc\": \"a\"}}}",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      char *error_class = NULL;
      char *desc = NULL;

      g_assert_false (parse (texts[i], &error_class, &desc));
      g_assert_null (error_class);
      g_assert_null (desc);
    }
}

static QmpMessage *
message_of (const char *text)
{
  g_autoptr(GBytes) bytes = g_bytes_new_static (text, strlen (text));
  g_autoptr(GError) error = NULL;
  QmpMessage *message = qmp_message_new_from_bytes (bytes, &error);

  g_assert_no_error (error);
  return message;
}

static void
test_check (void)
{
  g_autoptr(QmpMessage) command = message_of ("{\"execute\": \"eject\"}");
  g_autoptr(QmpMessage) refusal = message_of ("{\"error\": {\"class\": \"DeviceNotFound\", \"desc\": \"gone\"}}");
  g_autoptr(QmpMessage) success = message_of ("{\"return\": {\"error\": 1}}");
  g_autoptr(QmpMessage) silence = message_of ("{}");
  g_autoptr(GError) error = NULL;

  g_assert_true (qmp_message_check_reply (success, command, &error));
  g_assert_no_error (error);
  g_assert_true (qmp_message_check_reply (silence, NULL, &error));
  g_assert_no_error (error);
  g_assert_false (qmp_message_check_reply (refusal, NULL, NULL));
  g_assert_false (qmp_message_check_reply (refusal, command, &error));
  g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_DEVICE_NOT_FOUND);
  g_assert_cmpstr (error->message, ==, "gone");
  g_assert_true (qmp_command_error_get_sent (error) == command);
  g_assert_true (qmp_command_error_get_received (error) == refusal);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/reply/key/spelling", test_key_spelling);
  g_test_add_func ("/reply/key/numbers", test_key_numbers);
  g_test_add_func ("/reply/key/number-in-string", test_key_number_in_string);
  g_test_add_func ("/reply/key/huge-numbers", test_key_huge_numbers);
  g_test_add_func ("/reply/id", test_id);
  g_test_add_func ("/reply/id/broken", test_id_broken);
  g_test_add_func ("/reply/id/broken-beyond-help", test_id_broken_beyond_help);
  g_test_add_func ("/reply/error", test_error);
  g_test_add_func ("/reply/error/malformed", test_error_malformed);
  g_test_add_func ("/reply/check", test_check);

  return g_test_run ();
}
