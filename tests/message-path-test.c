/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "test-message.h"

#define REPLY \
  " { \"return\" : { \"status\": \"running\", \"running\": true, \"off\": false, \"none\": null,\n" \
  "   \"int\": -2147483648, \"over\": 2147483648, \"least\": -9223372036854775808, \"max\": 18446744073709551615,\n" \
  "   \"huge\": 18446744073709551616, \"half\": 0.5, \"one\": 1.0, \"minus\": -0, \"far\": 1e400,\n" \
  "   \"a.b\": {\"c]\": 1, \"d'\": 2, \"\": 3}, \"twice\": 1, \"twice\": [2],\n" \
  "   \"esc\\u0061ped\\n\": \"a\\u0000\\ud83d\\ude00\\\"\", \"list\": [ 1 , [ ] , {\"x\": [{\"y\": \"deep\"}]} ], \"empty\": {} },\n" \
  "   \"id\": \"id\" } "

static QmpMessage *
new_reply (void)
{
  return test_received_from_text (REPLY);
}

static void
assert_fails (GError           **error,
              QmpProtocolError   code,
              const char        *text)
{
  g_assert_error (*error, QMP_PROTOCOL_ERROR, (int) code);
  g_assert_cmpstr ((*error)->message, ==, text);
  g_clear_error (error);
}

/* Where a value is, as it stands there; NULL: nowhere. */
static const char * const places[][2] = {
  { "return.status", "\"running\"" },
  { "id", "\"id\"" },
  { "return['status']", "\"running\"" },
  { "[\"return\"][\"status\"]", "\"running\"" },
  { "return.list[0]", "1" },
  { "return.list[1]", "[ ]" },
  { "return.list[2].x[0].y", "\"deep\"" },
  { "return.list[00002].x[0]['y']", "\"deep\"" },
  { "return['a.b']", "{\"c]\": 1, \"d'\": 2, \"\": 3}" },
  { "return['a.b']['c]']", "1" },
  { "return['a.b'][\"d'\"]", "2" },
  { "return['a.b']['']", "3" },
  { "return.twice[0]", "2" },
  { "return.escaped\n", "\"a\\u0000\\ud83d\\ude00\\\"\"" },
  { "return.none", "null" },
  { "return.empty", "{}" },

  { "return.a.b", NULL },
  { "return.empty.x", NULL },
  { "return.list[3]", NULL },
  { "return.list[18446744073709551616]", NULL },
  { "return.list[1][0]", NULL },
  { "return.list.x", NULL },
  { "return[0]", NULL },
  { "return.status.x", NULL },
  { "return.status[0]", NULL },
  { "return.none.x", NULL },
  { "status", NULL },
  { "[0]", NULL },
  { "a-name-that-is-longer-than-any-that-a-message-has-at-its-top", NULL },
  /* Not paths. */
  { "", NULL },
  { ".", NULL },
  { ".return", NULL },
  { "return.", NULL },
  { "return..status", NULL },
  { "return[", NULL },
  { "return[]", NULL },
  { "return.list[0", NULL },
  { "return.list[-1]", NULL },
  { "return.list[+1]", NULL },
  { "return.list[ 1]", NULL },
  { "return.list[0x1]", NULL },
  { "return.list[0]x", NULL },
  { "return['status", NULL },
  { "return['status'", NULL },
  { "return['status\"]", NULL },
  { "return['status']x", NULL },
};

static void
test_paths (void)
{
  g_autoptr(QmpMessage) reply = new_reply ();

  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    {
      g_autoptr(GError) error = NULL;
      g_autofree char *text = qmp_message_dup_text (reply, places[i][0], &error);

      g_test_message ("%s: %s", places[i][0], error != NULL ? error->message : text);
      g_assert_cmpstr (text, ==, places[i][1]);
      g_assert_true (qmp_message_has_path (reply, places[i][0]) == (text != NULL));
      if (text == NULL)
        g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_NOT_FOUND);
    }
}

static char *
dup_text (QmpMessage *reply,
          const char *path)
{
  g_autofree char *text = qmp_message_dup_text (reply, path, NULL);

  return g_strcmp0 (text, "null") == 0 ? NULL : g_steal_pointer (&text);
}

/* What was found before makes no difference. */
static void
test_lookup_pairs (void)
{
  g_autoptr(QmpMessage) reply = new_reply ();

  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    for (guint j = 0; j < G_N_ELEMENTS (places); j++)
      {
        g_autofree char *first = NULL, *second = NULL;
        g_autofree char *first_alone = dup_text (reply, places[i][0]);
        g_autofree char *second_alone = dup_text (reply, places[j][0]);

        g_assert_true (qmp_message_lookup (reply, NULL, places[i][0], "?j", &first, places[j][0], "?j", &second, NULL));
        g_assert_cmpstr (first, ==, first_alone);
        g_assert_cmpstr (second, ==, second_alone);
      }
}

/* An object of so many members, the last of which has the first one's name if that is so. */
static void
check_large (guint    n_members,
             gboolean twice)
{
  g_autoptr(GString) text = g_string_new ("{\"return\": {");
  g_autoptr(QmpMessage) reply = NULL;
  g_autofree char *last = g_strdup_printf ("return.m%u", n_members - 1);
  int first_value = -1, last_value = -1, none = -1;

  for (guint i = 0; i < n_members; i++)
    g_string_append_printf (text, "\"m%u\": %u, ", twice && i == n_members - 1 ? 0 : i, i);
  g_string_append (text, "\"end\": 0}}");
  reply = test_received_from_text (text->str);
  g_assert_true (qmp_message_lookup (reply, NULL, "return.m0", "i", &first_value, last, "?i", &last_value,
                                     "return.m", "?i", &none, NULL));
  g_assert_cmpint (first_value, ==, twice ? (int) n_members - 1 : 0);
  g_assert_cmpint (last_value, ==, twice ? 0 : (int) n_members - 1);
  g_assert_cmpint (none, ==, 0);
}

static void
test_lookup_large (void)
{
  for (guint n_members = 2; n_members < 70; n_members++)
    {
      check_large (n_members, FALSE);
      check_large (n_members, TRUE);
    }
}

static void
test_numbers (void)
{
  g_autoptr(QmpMessage) reply = new_reply ();
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (qmp_message_get_int64 (reply, "return.least", &error), ==, G_MININT64);
  g_assert_cmpuint (qmp_message_get_uint64 (reply, "return.max", &error), ==, G_MAXUINT64);
  g_assert_cmpint (qmp_message_get_int64 (reply, "return.minus", &error), ==, 0);
  g_assert_cmpfloat (qmp_message_get_double (reply, "return.half", &error), ==, 0.5);
  g_assert_cmpfloat (qmp_message_get_double (reply, "return.max", &error), ==, 0x1p64);
  g_assert_no_error (error);

  g_assert_cmpint (qmp_message_get_int64 (reply, "return.max", &error), ==, 0);
  assert_fails (&error, QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE,
                "“return.max” is 18446744073709551615, not an integer from -9223372036854775808 to 9223372036854775807");
  g_assert_cmpuint (qmp_message_get_uint64 (reply, "return.huge", &error), ==, 0);
  assert_fails (&error, QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE,
                "“return.huge” is 18446744073709551616, not an integer from 0 to 18446744073709551615");
  g_assert_cmpuint (qmp_message_get_uint64 (reply, "return.int", &error), ==, 0);
  assert_fails (&error, QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE,
                "“return.int” is -2147483648, not an integer from 0 to 18446744073709551615");
  g_assert_cmpint (qmp_message_get_int64 (reply, "return.one", &error), ==, 0);
  assert_fails (&error, QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE,
                "“return.one” is 1.0, not an integer from -9223372036854775808 to 9223372036854775807");
  g_assert_cmpfloat (qmp_message_get_double (reply, "return.far", &error), ==, 0);
  assert_fails (&error, QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE, "“return.far” is 1e400, not a number that a double can hold");
  g_assert_cmpint (qmp_message_get_int64 (reply, "return.none", NULL), ==, 0);
}

static void
test_others (void)
{
  g_autoptr(QmpMessage) reply = new_reply ();
  g_autoptr(GError) error = NULL;
  g_autofree char *escaped = qmp_message_dup_string (reply, "return.escaped\n", &error);
  g_autoptr(JsonNode) list = qmp_message_dup_node (reply, "return.list", &error);
  g_autoptr(JsonNode) none = qmp_message_dup_node (reply, "return.none", &error);

  g_assert_no_error (error);
  g_assert_cmpstr (escaped, ==, "a\uFFFD\U0001F600\"");
  g_assert_cmpuint (json_array_get_length (json_node_get_array (list)), ==, 3);
  g_assert_true (JSON_NODE_HOLDS_NULL (none));
  g_assert_true (qmp_message_get_boolean (reply, "return.running", &error));
  g_assert_false (qmp_message_get_boolean (reply, "return.off", &error));
  g_assert_cmpuint (qmp_message_get_n_elements (reply, "return.list", &error), ==, 3);
  g_assert_cmpuint (qmp_message_get_n_elements (reply, "return.list[1]", &error), ==, 0);
  g_assert_no_error (error);

  g_assert_null (qmp_message_dup_string (reply, "return.none", &error));
  assert_fails (&error, QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE, "“return.none” is null, not a string");
  g_assert_false (qmp_message_get_boolean (reply, "return.status", &error));
  assert_fails (&error, QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE, "“return.status” is a string, not a boolean");
  g_assert_cmpuint (qmp_message_get_n_elements (reply, "return", &error), ==, 0);
  assert_fails (&error, QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE, "“return” is an object, not an array");
}

static void
test_nothing_there (void)
{
  static const char * const cases[][2] = {
    { "return.empty.x", "There is no “return.empty.x”: “return.empty” is empty" },
    { "return.list[1][0]", "There is no “return.list[1][0]”: “return.list[1]” is empty" },
    { "return.list[3].x", "There is no “return.list[3].x”: “return.list” has [0] to [2]" },
    { "return.status.x", "There is no “return.status.x”: “return.status” is a string, not an object" },
    { "return.running[0]", "There is no “return.running[0]”: “return.running” is true, not an array" },
    { "return.list.x", "There is no “return.list.x”: “return.list” is an array, not an object" },
    { "status", "There is no “status”: the message has only “return”, “id”" },
    { "[0]", "There is no “[0]”: the message is an object, not an array" },
    { "return['a.b'].x", "There is no “return['a.b'].x”: “return['a.b']” has only “c]”, “d'”, “”" },
    { "return.no", "There is no “return.no”: “return” has only “status”, “running”, “off”, “none”, “int”, “over”, “least”, “max”, …" },
    { "return.", "“return.” is not a path, such as “return[0].name” or “return['a name']”: it goes wrong at “.”" },
  };
  g_autoptr(QmpMessage) reply = new_reply ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (qmp_message_dup_string (reply, cases[i][0], &error));
      assert_fails (&error, QMP_PROTOCOL_ERROR_NOT_FOUND, cases[i][1]);
    }
}

static void
test_lookup (void)
{
  g_autoptr(QmpMessage) reply = new_reply ();
  g_autoptr(GError) error = NULL;
  g_autofree char *status = NULL, *text = NULL, *none = (char *) "to be overwritten";
  g_autoptr(JsonNode) list = NULL;
  gboolean running;
  int number, absent = 7;
  guint unsigned_number;
  gint64 least;
  guint64 most;
  double half, no_half = 7;

  g_assert_true (qmp_message_lookup (reply, &error,
                                     "return.status", "s", &status,
                                     "return.running", "b", &running,
                                     "return.int", "i", &number,
                                     "return.over", "u", &unsigned_number,
                                     "return.least", "x", &least,
                                     "return.max", "t", &most,
                                     "return.half", "d", &half,
                                     "return.list", "v", &list,
                                     "return.empty", "j", &text,
                                     "return.absent", "?i", &absent,
                                     "return.none", "?s", &none,
                                     "return.none", "?d", &no_half,
                                     NULL));
  g_assert_no_error (error);
  g_assert_cmpstr (status, ==, "running");
  g_assert_true (running);
  g_assert_cmpint (number, ==, G_MININT);
  g_assert_cmpuint (unsigned_number, ==, 2147483648u);
  g_assert_cmpint (least, ==, G_MININT64);
  g_assert_cmpuint (most, ==, G_MAXUINT64);
  g_assert_cmpfloat (half, ==, 0.5);
  g_assert_true (JSON_NODE_HOLDS_ARRAY (list));
  g_assert_cmpstr (text, ==, "{}");
  g_assert_cmpint (absent, ==, 0);
  g_assert_null (none);
  g_assert_cmpfloat (no_half, ==, 0);
}

/* What was read before it failed is taken back. */
static void
test_lookup_fails (void)
{
  g_autoptr(QmpMessage) reply = new_reply ();
  g_autoptr(GError) error = NULL;
  char *status, *text, *none;
  JsonNode *list;
  int number;

  g_assert_false (qmp_message_lookup (reply, &error,
                                      "return.status", "s", &status,
                                      "return.list", "v", &list,
                                      "return.status", "?j", &text,
                                      "return.none", "?s", &none,
                                      "return.over", "i", &number,
                                      "return.status", "s", &status,
                                      NULL));
  assert_fails (&error, QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE,
                "“return.over” is 2147483648, not an integer from -2147483648 to 2147483647");
  g_assert_null (status);
  g_assert_null (list);
  g_assert_null (text);
  g_assert_null (none);

  g_assert_false (qmp_message_lookup (reply, &error, "return.status", "?i", &number, NULL));
  assert_fails (&error, QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE,
                "“return.status” is a string, not an integer from -2147483648 to 2147483647");
  g_assert_false (qmp_message_lookup (reply, NULL, "return.no", "i", &number, NULL));

  g_test_expect_message ("Qmp", G_LOG_LEVEL_CRITICAL, "*not a type*");
  g_assert_false (qmp_message_lookup (reply, &error, "return.status", "ss", &status, NULL));
  g_test_assert_expected_messages ();
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_FAILED);
}

/* The error of a server's reply is the server's. */
static void
test_error_reply (void)
{
  g_autoptr(QmpMessage) reply =
    test_received_from_text ("{\"error\": {\"class\": \"DeviceNotFound\", \"desc\": \"No such thing\"}}");
  g_autoptr(QmpMessage) odd = test_received_from_text ("{\"error\": {\"class\": 1}}");
  g_autoptr(GError) error = NULL;
  g_autofree char *desc = qmp_message_dup_string (reply, "error.desc", &error);
  g_autofree char *status = NULL;

  g_assert_cmpstr (desc, ==, "No such thing");
  g_assert_false (qmp_message_lookup (reply, &error, "return.status", "s", &status, NULL));
  g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_DEVICE_NOT_FOUND);
  g_assert_cmpstr (error->message, ==, "No such thing");
  g_assert_true (qmp_command_error_get_received (error) == reply);
  g_clear_error (&error);
  g_assert_null (qmp_message_dup_string (reply, "event", &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_null (qmp_message_dup_string (odd, "return.status", &error));
  assert_fails (&error, QMP_PROTOCOL_ERROR_NOT_FOUND, "There is no “return.status”: the message has only “error”");
}

/* A message that was built or changed, and one that is not a message. */
static void
test_other_messages (void)
{
  g_autoptr(QmpMessage) built = qmp_message_new_parsed ("x", NULL, "{'list': [{'size': %t}]}", G_MAXUINT64);
  g_autoptr(QmpMessage) broken = test_lazy_message_from_text ("{\"return\":");
  g_autoptr(QmpMessage) empty = qmp_message_new ();
  g_autoptr(GError) error = NULL;

  g_assert_cmpuint (qmp_message_get_uint64 (built, "arguments.list[0].size", &error), ==, G_MAXUINT64);
  g_assert_true (qmp_message_set_member_text (built, "arguments", "{\"list\": [ {\"size\": 3} ]}", &error));
  g_assert_cmpuint (qmp_message_get_uint64 (built, "arguments.list[0].size", &error), ==, 3);
  g_assert_no_error (error);

  g_assert_false (qmp_message_has_path (broken, "return"));
  g_assert_null (qmp_message_dup_text (broken, "return", &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_DESERIALIZATION);
  g_clear_error (&error);
  g_assert_null (qmp_message_dup_text (empty, "return", &error));
  assert_fails (&error, QMP_PROTOCOL_ERROR_NOT_FOUND, "There is no “return”: the message is empty");
}

/* Nothing is read behind the end of a text that begins with spaces: under valgrind. Behind the escape 16 bytes would be looked at at
 * once. */
static void
test_spaces_before (void)
{
  g_autoptr(GBytes) bytes = g_bytes_new ("\n\n\n{\"x\\/\":\"abcdefgh\"}", 21);
  g_autoptr(QmpMessage) message = qmp_message_new_from_bytes (bytes, NULL);
  g_autoptr(GError) error = NULL;

  g_assert_nonnull (message);
  g_assert_null (qmp_message_dup_text (message, "b", &error));
  assert_fails (&error, QMP_PROTOCOL_ERROR_NOT_FOUND, "There is no “b”: the message has only “x\\/”");
}

/* As deep as a message may be. */
static void
test_deep (void)
{
  g_autofree char *arrays = test_nested_arrays (1023);
  g_autofree char *text = g_strconcat ("{\"a\":", arrays, "}", NULL);
  g_autoptr(QmpMessage) message = test_received_from_text (text);
  g_autoptr(GString) path = g_string_new ("a");
  g_autoptr(GError) error = NULL;
  g_autofree char *innermost = NULL;

  for (guint i = 1; i < 1023; i++)
    g_string_append (path, "[0]");
  innermost = qmp_message_dup_text (message, path->str, &error);
  g_assert_cmpstr (innermost, ==, "[]");
  g_string_append (path, "[0]");
  g_assert_null (qmp_message_dup_text (message, path->str, &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_NOT_FOUND);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/message-path/paths", test_paths);
  g_test_add_func ("/message-path/numbers", test_numbers);
  g_test_add_func ("/message-path/others", test_others);
  g_test_add_func ("/message-path/nothing-there", test_nothing_there);
  g_test_add_func ("/message-path/lookup", test_lookup);
  g_test_add_func ("/message-path/lookup/fails", test_lookup_fails);
  g_test_add_func ("/message-path/lookup/pairs", test_lookup_pairs);
  g_test_add_func ("/message-path/lookup/large", test_lookup_large);
  g_test_add_func ("/message-path/error-reply", test_error_reply);
  g_test_add_func ("/message-path/other-messages", test_other_messages);
  g_test_add_func ("/message-path/spaces-before", test_spaces_before);
  g_test_add_func ("/message-path/deep", test_deep);

  return g_test_run ();
}
