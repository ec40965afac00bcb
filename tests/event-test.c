/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "message/qmp-message-private.h"

static QmpEvent *
event_from_text (const char *text)
{
  g_autoptr(GError) error = NULL;
  QmpJsonFrame frame = { .text = text, .length = strlen (text) };

  g_assert_true (qmp_json_check (text, frame.length, 1024, &frame.outline, &error));
  g_assert_no_error (error);

  return qmp_event_new_received (NULL, &frame);
}

static void
test_all (void)
{
  g_autoptr(QmpEvent) event =
    event_from_text ("{\"timestamp\": {\"seconds\": 1267061043, \"microseconds\": 959568}, "
                     "\"event\": \"SHUTDOWN\", \"data\": {\"guest\": true, \"reason\": \"guest-shutdown\"}}");
  JsonNode *data;

  g_assert_cmpstr (qmp_event_get_name (event), ==, "SHUTDOWN");
  g_assert_true (qmp_event_get_name (event) == qmp_event_get_name (event));
  g_assert_cmpint (qmp_event_get_timestamp (event), ==, G_GINT64_CONSTANT (1267061043959568));
  g_assert_cmpint (qmp_event_get_timestamp (event), ==, G_GINT64_CONSTANT (1267061043959568));

  data = qmp_event_get_data (event);
  g_assert_nonnull (data);
  g_assert_true (data == qmp_event_get_data (event));
  g_assert_true (json_node_is_immutable (data));
  g_assert_true (json_object_get_boolean_member (json_node_get_object (data), "guest"));
  g_assert_cmpstr (json_object_get_string_member (json_node_get_object (data), "reason"), ==,
                   "guest-shutdown");
}

static void
test_without_data (void)
{
  g_autoptr(QmpEvent) event = event_from_text ("{\"event\":\"STOP\",\"timestamp\":{\"seconds\":0,\"microseconds\":0}}");
  g_autoptr(QmpEvent) null = event_from_text ("{\"event\":\"STOP\",\"data\":null}");

  g_assert_null (qmp_event_get_data (event));
  g_assert_cmpint (qmp_event_get_timestamp (event), ==, 0);

  /* A JSON null is a value. */
  g_assert_true (JSON_NODE_HOLDS_NULL (qmp_event_get_data (null)));
}

static void
test_name (void)
{
  g_autoptr(QmpEvent) escaped = event_from_text ("{\"event\":\"A\\u0042\\n\\u00fc\"}");
  g_autoptr(QmpEvent) number = event_from_text ("{\"event\":7}");
  g_autoptr(QmpEvent) none = event_from_text ("{}");
  g_autoptr(QmpEvent) twice = event_from_text ("{\"event\":\"A\",\"event\":\"B\"}");

  g_assert_cmpstr (qmp_event_get_name (escaped), ==, "AB\nü");
  g_assert_cmpstr (qmp_event_get_name (number), ==, "");
  g_assert_cmpstr (qmp_event_get_name (none), ==, "");
  g_assert_cmpstr (qmp_event_get_name (twice), ==, "B");
}

static void
test_timestamp (void)
{
  static const struct {
    const char *text;
    gint64      expected;
  } cases[] = {
    { "{\"seconds\":1,\"microseconds\":2}", 1000002 },
    { "{\"microseconds\":2,\"seconds\":1}", 1000002 },
    { "{\"seconds\":1,\"microseconds\":2,\"more\":[{}]}", 1000002 },
    { "{\"seconds\":5,\"seconds\":1,\"microseconds\":2}", 1000002 },
    { "{\"seconds\":-1,\"microseconds\":-1}", -1 },
    { "{\"seconds\":-1,\"microseconds\":5}", -1 },
    { "{\"seconds\":1,\"microseconds\":-1}", -1 },
    { "{\"seconds\":-62135596800,\"microseconds\":0}", -1 },
    { "{\"seconds\":1}", -1 },
    { "{\"microseconds\":1}", -1 },
    { "{\"seconds\":1.5,\"microseconds\":1}", -1 },
    { "{\"seconds\":\"1\",\"microseconds\":1}", -1 },
    { "{\"seconds\":1,\"microseconds\":null}", -1 },
    { "{\"seconds\":9223372036854,\"microseconds\":775807}", G_MAXINT64 },
    { "{\"seconds\":9223372036854,\"microseconds\":775808}", -1 },
    { "{\"seconds\":9223372036854775807,\"microseconds\":9223372036854775807}", -1 },
    { "{\"seconds\":18446744073709551615,\"microseconds\":1}", -1 },
    { "{}", -1 },
    { "[1,2]", -1 },
    { "null", -1 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = g_strdup_printf ("{\"event\":\"X\",\"timestamp\":%s}", cases[i].text);
      g_autoptr(QmpEvent) event = event_from_text (text);

      g_test_message ("%s", cases[i].text);
      g_assert_cmpint (qmp_event_get_timestamp (event), ==, cases[i].expected);
    }
}

static void
test_properties (void)
{
  g_autoptr(QmpEvent) event =
    event_from_text ("{\"event\":\"STOP\",\"data\":{\"a\":1},\"timestamp\":{\"seconds\":1,\"microseconds\":2}}");
  g_autoptr(JsonNode) data = NULL;
  g_autofree char *name = NULL;
  gint64 timestamp;
  gboolean read_only;

  g_object_get (event, "name", &name, "data", &data, "timestamp", &timestamp, "read-only", &read_only, NULL);
  g_assert_cmpstr (name, ==, "STOP");
  g_assert_true (JSON_NODE_HOLDS_OBJECT (data));
  g_assert_cmpint (timestamp, ==, 1000002);
  g_assert_true (read_only);
}

/* An event is a message. */
static void
test_message (void)
{
  const char *text = "{\"event\": \"STOP\", \"data\": {\"n\": 18446744073709551615}}\r\n";
  g_autoptr(QmpEvent) event = event_from_text (text);
  g_autoptr(QmpMessage) copy = qmp_message_dup (QMP_MESSAGE (event));
  g_autofree char *data = NULL;
  g_auto(GStrv) names = NULL;
  gsize length;

  g_assert_true (QMP_IS_MESSAGE (event));
  g_assert_cmpmem (g_bytes_get_data (qmp_message_get_bytes (QMP_MESSAGE (event)), &length), length,
                   text, strlen (text));
  data = qmp_message_dup_member_text (QMP_MESSAGE (event), "data");
  g_assert_cmpstr (data, ==, "{\"n\": 18446744073709551615}");
  names = qmp_message_list_members (QMP_MESSAGE (event));
  g_assert_cmpstr (names[0], ==, "event");
  g_assert_cmpstr (names[1], ==, "data");
  g_assert_null (names[2]);

  g_assert_true (G_OBJECT_TYPE (copy) == QMP_TYPE_MESSAGE);
  g_assert_true (qmp_message_equal (copy, QMP_MESSAGE (event)));
  g_assert_false (qmp_message_is_read_only (copy));
  g_assert_true (qmp_message_remove_member (copy, "data"));
  g_assert_false (qmp_message_has_member (copy, "data"));
  g_assert_false (qmp_message_equal (copy, QMP_MESSAGE (event)));
  g_assert_true (qmp_message_has_member (QMP_MESSAGE (event), "data"));
}

/* Programs cannot make one; one that does it all the same does not crash. */
static void
test_empty (void)
{
  g_autoptr(QmpEvent) event = NULL;

  g_test_expect_message ("Qmp", G_LOG_LEVEL_CRITICAL, "A QmpEvent cannot be made*");
  event = g_object_new (QMP_TYPE_EVENT, NULL);
  g_test_assert_expected_messages ();
  g_assert_true (G_TYPE_IS_FINAL (QMP_TYPE_EVENT));
  g_assert_cmpstr (qmp_event_get_name (event), ==, "");
  g_assert_null (qmp_event_get_data (event));
  g_assert_cmpint (qmp_event_get_timestamp (event), ==, -1);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/event/all", test_all);
  g_test_add_func ("/event/without-data", test_without_data);
  g_test_add_func ("/event/name", test_name);
  g_test_add_func ("/event/timestamp", test_timestamp);
  g_test_add_func ("/event/properties", test_properties);
  g_test_add_func ("/event/message", test_message);
  g_test_add_func ("/event/empty", test_empty);

  return g_test_run ();
}
