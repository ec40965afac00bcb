/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>

#include "test-message.h"

/* The examples of the reference: Message(b'{"hello": "world"}'), and so on. */
static void
test_reference (void)
{
  g_autoptr(QmpMessage) message = test_message_from_text ("{\"hello\": \"world\"}");
  g_autoptr(QmpMessage) other = NULL;
  g_autoptr(JsonNode) id = json_node_init_string (json_node_alloc (), "foobar");
  g_autoptr(JsonNode) object = test_node_from_text ("{\"hello\": \"world\"}");
  g_autoptr(GError) error = NULL;
  g_autofree char *text = NULL;

  g_assert_cmpstr (json_node_get_string (qmp_message_get_member (message, "hello")), ==, "world");
  g_assert_true (qmp_message_set_member (message, "id", id, &error));
  g_assert_no_error (error);

  text = qmp_message_to_string (message);
  g_assert_cmpstr (text, ==, "{\n  \"hello\": \"world\",\n  \"id\": \"foobar\"\n}");
  assert_bytes (message, "{\"hello\":\"world\",\"id\":\"foobar\"}");

  other = qmp_message_new_from_node (object, &error);
  g_assert_no_error (error);
  g_assert_true (json_node_equal (qmp_message_get_node (other), object));
  assert_bytes (other, "{\"hello\":\"world\"}");
}

static void
test_new (void)
{
  g_autoptr(QmpMessage) message = qmp_message_new ();
  g_autoptr(GError) error = NULL;
  g_autofree char *text = NULL;

  assert_bytes (message, "{}");
  assert_members (message, "");
  g_assert_false (qmp_message_has_member (message, ""));
  g_assert_null (qmp_message_get_member (message, "a"));
  assert_member (message, "a", NULL);
  g_assert_false (qmp_message_is_read_only (message));
  g_assert_true (qmp_message_validate (message, &error));
  g_assert_no_error (error);
  g_assert_false (qmp_message_get_out_of_band (message));
  g_assert_null (qmp_message_get_fd_list (message));
  g_assert_cmpint (qmp_message_get_timeout (message), ==, QMP_TIMEOUT_CLIENT);
  g_assert_true (JSON_NODE_HOLDS_OBJECT (qmp_message_get_node (message)));
  g_assert_null (qmp_message_dup_command (message));
  text = qmp_message_to_string (message);
  g_assert_cmpstr (text, ==, "{}");
  assert_wire (message, "7", "{\"id\":7}");
  assert_wire (message, NULL, "{}");
}

/* What came from bytes and was not changed gives back those, white space and all. */
static void
test_bytes_kept (void)
{
  static const char * const texts[] = {
    "{}",
    " \t\r\n{ \"a\" : [ 1 , 2 ] }\r\n",
    "{\"b\":1,\"a\":1,\"b\":2}\n",
    "{\"\\u0061\": \"\\u0000\\/\", \"n\": 1e400, \"m\": -0.0, \"i\": 18446744073709551615}",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr(GBytes) bytes = test_bytes_from_text (texts[i]);
      g_autoptr(QmpMessage) eager = qmp_message_new_from_bytes (bytes, NULL);
      g_autoptr(QmpMessage) lazy = qmp_message_new_from_bytes_unchecked (bytes);
      g_autoptr(QmpMessage) received = test_received_from_text (texts[i]);

      g_assert_true (qmp_message_get_bytes (eager) == bytes);
      g_assert_true (qmp_message_get_bytes (lazy) == bytes);
      g_assert_true (qmp_message_has_member (eager, "a") == qmp_message_has_member (lazy, "a"));
      g_assert_nonnull (qmp_message_get_node (lazy));
      g_assert_true (qmp_message_get_bytes (eager) == bytes);
      g_assert_true (qmp_message_get_bytes (lazy) == bytes);
      assert_bytes (received, texts[i]);
      g_assert_true (qmp_message_equal (received, eager));
    }
}

/* Short texts have a place of their own in a message. */
static void
test_bytes_received (void)
{
  for (gsize length = 150; length < 170; length++)
    {
      g_autofree char *filling = g_strnfill (length - strlen ("{\"return\": \"\", \"x\": 1}"), 'x');
      g_autofree char *text = g_strdup_printf ("{\"return\": \"%s\", \"x\": 1}", filling);
      g_autoptr(QmpMessage) message = test_received_from_text (text);
      g_autoptr(QmpMessage) copy = qmp_message_dup (message);
      g_autofree char *value = qmp_message_dup_string (message, "return", NULL);
      g_autofree char *copied = qmp_message_dup_string (copy, "return", NULL);
      GBytes *bytes = qmp_message_get_bytes (message);

      g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), text, length);
      g_assert_true (qmp_message_get_bytes (message) == bytes);
      g_assert_cmpstr (value, ==, filling);
      g_assert_cmpstr (copied, ==, filling);
      g_assert_true (qmp_message_has_member (message, "x"));
      g_assert_cmpstr (json_node_get_string (qmp_message_get_member (message, "return")), ==, filling);
    }
}

static void
test_bytes_bad (void)
{
  static const struct {
    const char       *text;
    QmpProtocolError  code;
    gssize            offset;
  } cases[] = {
    { "", QMP_PROTOCOL_ERROR_DESERIALIZATION, 0 },
    { "  ", QMP_PROTOCOL_ERROR_DESERIALIZATION, 2 },
    { "{\"a\":", QMP_PROTOCOL_ERROR_DESERIALIZATION, 5 },
    { "{\"a\":1}x", QMP_PROTOCOL_ERROR_DESERIALIZATION, 7 },
    { "{\"a\":1}{\"b\":2}", QMP_PROTOCOL_ERROR_DESERIALIZATION, 7 },
    { "{\"a\":nan}", QMP_PROTOCOL_ERROR_DESERIALIZATION, -2 },
    { "{'a':1}", QMP_PROTOCOL_ERROR_DESERIALIZATION, 1 },
    { "{\"a\":\"\xff\"}", QMP_PROTOCOL_ERROR_DESERIALIZATION, 6 },
    { "\xff{}", QMP_PROTOCOL_ERROR_DESERIALIZATION, 0 },
    { "[1,2]", QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE, -1 },
    { " \"text\"", QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE, -1 },
    { "42", QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE, -1 },
    { "-1.5e3", QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE, -1 },
    { "\n true \n", QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE, -1 },
    { "false", QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE, -1 },
    { "null", QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE, -1 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GBytes) bytes = test_bytes_from_text (cases[i].text);
      g_autoptr(QmpMessage) lazy = qmp_message_new_from_bytes_unchecked (bytes);
      g_autoptr(GError) error = NULL;
      g_autoptr(GError) later = NULL;
      g_autoptr(GError) again = NULL;
      g_autofree char *shown = g_strescape (cases[i].text, NULL);

      g_test_message ("%s", shown);
      g_assert_null (qmp_message_new_from_bytes (bytes, &error));
      g_assert_error (error, QMP_PROTOCOL_ERROR, (int) cases[i].code);
      g_assert_true (g_bytes_equal (qmp_protocol_error_get_text (error), bytes));
      if (cases[i].offset >= -1)
        g_assert_cmpint (qmp_protocol_error_get_offset (error), ==, cases[i].offset);
      g_assert_null (qmp_message_new_from_bytes (bytes, NULL));

      g_assert_false (qmp_message_validate (lazy, &later));
      g_assert_error (later, QMP_PROTOCOL_ERROR, (int) cases[i].code);
      g_assert_cmpstr (later->message, ==, error->message);
      g_assert_true (g_bytes_equal (qmp_protocol_error_get_text (later), bytes));
      g_assert_false (qmp_message_validate (lazy, &again));
      g_assert_cmpstr (again->message, ==, error->message);
      g_assert_false (qmp_message_validate (lazy, NULL));
    }
}

static void
test_unexpected_type_text (void)
{
  static const char * const cases[][2] = {
    { "[1, 2]", "JSON, but an array, not an object: [1, 2]" },
    { "\"x\"", "JSON, but a string, not an object: \"x\"" },
    { "1", "JSON, but a number, not an object: 1" },
    { "true", "JSON, but a boolean, not an object: true" },
    { "null", "JSON, but null, not an object: null" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GBytes) bytes = test_bytes_from_text (cases[i][0]);
      g_autoptr(GError) error = NULL;

      g_assert_null (qmp_message_new_from_bytes (bytes, &error));
      g_assert_cmpstr (error->message, ==, cases[i][1]);
    }
}

/* A lazy message of bytes that are none. */
static void
test_bytes_bad_lazy (void)
{
  const char *text = "{\"a\":1\xff";
  g_autoptr(QmpMessage) message = test_lazy_message_from_text (text);
  g_autoptr(QmpMessage) same = test_lazy_message_from_text (text);
  g_autoptr(QmpMessage) other = test_lazy_message_from_text ("{\"a\":1");
  g_autoptr(QmpMessage) none = test_lazy_message_from_text ("");
  g_autoptr(QmpMessage) empty = qmp_message_new ();
  g_autoptr(QmpMessage) copy = NULL;
  g_autoptr(JsonNode) value = json_node_init_int (json_node_alloc (), 1);
  g_autoptr(GError) error = NULL;
  g_autofree char *string = NULL;
  g_autofree char *none_string = NULL;

  g_assert_false (qmp_message_has_member (message, "a"));
  g_assert_null (qmp_message_get_member (message, "a"));
  assert_member (message, "a", NULL);
  assert_members (message, "");
  g_assert_true (JSON_NODE_HOLDS_OBJECT (qmp_message_get_node (message)));
  g_assert_cmpuint (json_object_get_size (json_node_get_object (qmp_message_get_node (message))), ==, 0);
  g_assert_false (qmp_message_get_out_of_band (message));
  g_assert_null (qmp_message_dup_command (message));
  assert_bytes (message, text);
  string = qmp_message_to_string (message);
  g_assert_cmpstr (string, ==, "{\"a\":1\xef\xbf\xbd");
  none_string = qmp_message_to_string (none);
  g_assert_cmpstr (none_string, ==, "");

  g_assert_false (qmp_message_set_member (message, "a", value, &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_DESERIALIZATION);
  g_clear_error (&error);
  g_assert_false (qmp_message_set_member_text (message, "a", "1", &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_DESERIALIZATION);
  g_assert_false (qmp_message_remove_member (message, "a"));
  qmp_message_set_out_of_band (message, TRUE);
  g_assert_false (qmp_message_get_out_of_band (message));
  assert_bytes (message, text);
  assert_wire_fails (message, "1", QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_DESERIALIZATION);

  copy = qmp_message_dup (message);
  g_assert_false (qmp_message_validate (copy, NULL));
  assert_bytes (copy, text);
  g_assert_true (qmp_message_equal (message, same));
  g_assert_true (qmp_message_equal (message, copy));
  g_assert_false (qmp_message_equal (message, other));
  g_assert_false (qmp_message_equal (message, empty));
  g_assert_false (qmp_message_equal (empty, message));
}

static void
test_depth (void)
{
  g_autofree char *fits = test_nested_arrays (1023);
  g_autofree char *deep = test_nested_arrays (1024);
  g_autofree char *abyss = test_nested_arrays (50000);
  const char *values[] = { fits, deep, abyss };

  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    {
      g_autofree char *text = g_strdup_printf ("{\"a\":%s}", values[i]);
      g_autoptr(GBytes) bytes = test_bytes_from_text (text);
      g_autoptr(GError) error = NULL;
      g_autoptr(GError) set_error = NULL;
      g_autoptr(QmpMessage) message = qmp_message_new_from_bytes (bytes, &error);
      g_autoptr(QmpMessage) target = qmp_message_new ();

      g_assert_true ((message != NULL) == (i == 0));
      g_assert_true (qmp_message_set_member_text (target, "a", values[i], &set_error) == (i == 0));
      if (i == 0)
        {
          g_assert_nonnull (qmp_message_get_member (message, "a"));
          g_assert_true (qmp_message_equal (message, target));
          continue;
        }

      g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_TOO_DEEP);
      g_assert_error (set_error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_TOO_DEEP);
      g_assert_nonnull (strstr (set_error->message, "“a”"));
      assert_bytes (target, "{}");
    }
}

static JsonNode *
nested_node (guint n)
{
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  json_node_take_array (node, json_array_new ());
  for (guint i = 1; i < n; i++)
    {
      JsonArray *array = json_array_new ();

      json_array_add_element (array, node);
      node = json_node_alloc ();
      json_node_init_array (node, array);
      json_array_unref (array);
    }

  return node;
}

/* What is made from nodes is never deeper than what can be read back. */
static void
test_depth_of_nodes (void)
{
  g_autoptr(JsonNode) fits = nested_node (1023);
  g_autoptr(JsonNode) deep = nested_node (1024);
  g_autoptr(JsonNode) fits_object = test_object_around ("a", json_node_copy (fits));
  g_autoptr(JsonNode) deep_object = test_object_around ("a", json_node_copy (deep));
  g_autoptr(QmpMessage) message = qmp_message_new ();
  g_autoptr(QmpMessage) whole = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_true (qmp_message_set_member (message, "a", fits, &error));
  g_assert_no_error (error);
  whole = qmp_message_new_from_node (fits_object, &error);
  g_assert_no_error (error);
  g_assert_true (qmp_message_equal (message, whole));

  g_assert_false (qmp_message_set_member (message, "b", deep, &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
  g_assert_nonnull (strstr (error->message, "“b”"));
  g_clear_error (&error);
  g_assert_null (qmp_message_new_from_node (deep_object, &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
  g_clear_error (&error);
  g_assert_null (qmp_message_new_command ("x", fits_object, &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
  g_clear_error (&error);
  g_assert_null (qmp_message_new_parsed ("x", &error, "{'a': %v}", fits));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
}

/* The size is looked at first: nothing of these 4 GiB is touched but the part for the error. */
static void
test_too_large (void)
{
  gsize size = (gsize) G_MAXUINT32 + 1;
  void *memory = mmap (NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(GError) error = NULL;

  if (memory == MAP_FAILED)
    {
      g_test_skip ("No room for 4 GiB of addresses");
      return;
    }

  bytes = g_bytes_new_static (memory, size);
  g_assert_null (qmp_message_new_from_bytes (bytes, &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_TOO_LARGE);
  munmap (memory, size);
}

static void
test_from_node (void)
{
  g_autoptr(JsonNode) node = test_node_from_text ("{\"z\":[1,2.5,null,true],\"a\":{\"x\":\"\\u00fc\\n\"},\"\":-9223372036854775808}");
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpMessage) message = qmp_message_new_from_node (node, &error);

  g_assert_no_error (error);
  assert_bytes (message, "{\"z\":[1,2.5,null,true],\"a\":{\"x\":\"ü\\n\"},\"\":-9223372036854775808}");
  assert_members (message, "z a ");

  /* Later changes do not matter. */
  json_object_remove_member (json_node_get_object (node), "z");
  assert_members (message, "z a ");
}

static void
test_from_node_bad (void)
{
  g_autoptr(JsonNode) array = test_node_from_text ("[1,{\"a\":2}]");
  g_autoptr(JsonNode) null = json_node_new (JSON_NODE_NULL);
  g_autoptr(JsonNode) number = test_node_from_text ("{\"fine\":1,\"wrong\":{\"x\":1}}");
  g_autoptr(JsonNode) name = test_object_around ("\xff", json_node_new (JSON_NODE_NULL));
  JsonObject *inner;
  g_autoptr(GError) error = NULL;

  g_assert_null (qmp_message_new_from_node (array, &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE);
  g_assert_cmpstr (error->message, ==, "JSON, but an array, not an object: [1,{\"a\":2}]");
  g_clear_error (&error);

  g_assert_null (qmp_message_new_from_node (null, &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE);
  g_clear_error (&error);

  inner = json_object_get_object_member (json_node_get_object (number), "wrong");
  json_object_set_double_member (inner, "y", INFINITY);
  g_assert_null (qmp_message_new_from_node (number, &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
  g_assert_nonnull (strstr (error->message, "“wrong”"));
  g_assert_null (strstr (error->message, "“fine”"));
  g_clear_error (&error);

  g_assert_null (qmp_message_new_from_node (name, &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

static void
test_members (void)
{
  g_autoptr(QmpMessage) message = test_message_from_text ("{ \"b\" : 1, \"a\" : null, \"\\u0063\" : [ 1, {\"x\" : 2 } ] }");

  assert_members (message, "b a c");
  g_assert_true (qmp_message_has_member (message, "a"));
  g_assert_true (qmp_message_has_member (message, "c"));
  g_assert_false (qmp_message_has_member (message, "x"));
  g_assert_false (qmp_message_has_member (message, "A"));
  g_assert_true (JSON_NODE_HOLDS_NULL (qmp_message_get_member (message, "a")));
  g_assert_cmpint (json_node_get_int (qmp_message_get_member (message, "b")), ==, 1);
  g_assert_null (qmp_message_get_member (message, "x"));

  /* Text as it stands. */
  assert_member (message, "b", "1");
  assert_member (message, "a", "null");
  assert_member (message, "c", "[ 1, {\"x\" : 2 } ]");
  assert_member (message, "x", NULL);
}

/* Nodes are made once, immutable, and live until the message changes. */
static void
test_nodes (void)
{
  g_autoptr(QmpMessage) message = test_message_from_text ("{\"a\":{\"x\":[1]},\"b\":1}");
  g_autoptr(JsonNode) value = json_node_init_int (json_node_alloc (), 2);
  JsonNode *whole = qmp_message_get_node (message);
  JsonNode *member = qmp_message_get_member (message, "a");

  g_assert_true (json_node_is_immutable (whole));
  g_assert_true (json_node_is_immutable (member));
  g_assert_true (whole == qmp_message_get_node (message));
  g_assert_true (member == qmp_message_get_member (message, "a"));
  g_assert_true (json_object_has_member (json_node_get_object (whole), "b"));

  g_assert_cmpint (json_node_get_int (qmp_message_get_member (message, "b")), ==, 1);
  g_assert_true (qmp_message_set_member (message, "b", value, NULL));
  whole = qmp_message_get_node (message);
  g_assert_cmpint (json_object_get_int_member (json_node_get_object (whole), "b"), ==, 2);
  g_assert_cmpint (json_node_get_int (qmp_message_get_member (message, "b")), ==, 2);

  g_assert_true (qmp_message_set_member (message, "b", qmp_message_get_member (message, "a"), NULL));
  assert_bytes (message, "{\"a\":{\"x\":[1]},\"b\":{\"x\":[1]}}");
  g_assert_true (qmp_message_set_member (message, "a", qmp_message_get_node (message), NULL));
  assert_bytes (message, "{\"a\":{\"a\":{\"x\":[1]},\"b\":{\"x\":[1]}},\"b\":{\"x\":[1]}}");
}

static void
test_set (void)
{
  g_autoptr(QmpMessage) message = test_message_from_text (" { \"a\" : 1 , \"b\" : [ 1 , 2 ] } ");
  g_autoptr(JsonNode) value = test_node_from_text ("{\"k\":[true]}");
  g_autoptr(JsonNode) null = json_node_new (JSON_NODE_NULL);
  g_autoptr(GError) error = NULL;

  g_assert_true (qmp_message_set_member (message, "c", value, &error));
  g_assert_true (qmp_message_set_member (message, "a", null, &error));
  g_assert_no_error (error);
  assert_bytes (message, "{\"a\":null,\"b\":[1,2],\"c\":{\"k\":[true]}}");
  assert_members (message, "a b c");
  assert_member (message, "b", "[ 1 , 2 ]");
  g_assert_true (qmp_message_has_member (message, "a"));

  /* The value is the one of then. */
  json_object_remove_member (json_node_get_object (value), "k");
  assert_member (message, "c", "{\"k\":[true]}");

  g_assert_true (qmp_message_remove_member (message, "a"));
  g_assert_false (qmp_message_remove_member (message, "a"));
  g_assert_false (qmp_message_has_member (message, "a"));
  assert_bytes (message, "{\"b\":[1,2],\"c\":{\"k\":[true]}}");
  g_assert_true (qmp_message_set_member (message, "a", null, &error));
  assert_members (message, "b c a");
  g_assert_true (qmp_message_remove_member (message, "b"));
  g_assert_true (qmp_message_remove_member (message, "c"));
  g_assert_true (qmp_message_remove_member (message, "a"));
  assert_bytes (message, "{}");

  g_assert_true (qmp_message_set_member (message, "q\"\\ü\n", null, &error));
  assert_bytes (message, "{\"q\\\"\\\\ü\\n\":null}");
  assert_members (message, "q\"\\ü\n");
}

static void
test_set_bad (void)
{
  const char *text = "{ \"a\": 1 }";
  g_autoptr(QmpMessage) message = test_message_from_text (text);
  g_autoptr(JsonNode) infinite = json_node_init_double (json_node_alloc (), INFINITY);
  g_autoptr(JsonNode) broken = json_node_init_string (json_node_alloc (), "a\xff");
  g_autoptr(JsonNode) none = json_node_init_string (json_node_alloc (), "\xef\xbf\xbf");
  g_autoptr(JsonNode) fine = json_node_init_int (json_node_alloc (), 1);
  JsonNode *values[] = { infinite, broken, none };
  g_autoptr(GError) name_error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_false (qmp_message_set_member (message, "a", values[i], &error));
      g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
      g_assert_true (g_str_has_prefix (error->message, "Member “a”: "));
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      g_assert_false (qmp_message_set_member (message, "a", values[i], NULL));
    }

  g_assert_false (qmp_message_set_member (message, "a\xff", fine, &name_error));
  g_assert_error (name_error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
  g_clear_error (&name_error);
  g_assert_false (qmp_message_set_member_text (message, "a\xff", "1", &name_error));
  g_assert_error (name_error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
  assert_bytes (message, text);
}

static void
test_set_text (void)
{
  g_autoptr(QmpMessage) message = qmp_message_new ();
  g_autoptr(GError) error = NULL;

  g_assert_true (qmp_message_set_member_text (message, "a", "18446744073709551615", &error));
  g_assert_true (qmp_message_set_member_text (message, "b", " \r\n[ 1e400, \"\\u0000\" ]\t", &error));
  g_assert_no_error (error);
  assert_member (message, "a", "18446744073709551615");
  assert_member (message, "b", "[ 1e400, \"\\u0000\" ]");
  assert_bytes (message, "{\"a\":18446744073709551615,\"b\":[1e400,\"\\u0000\"]}");

  g_assert_false (qmp_message_set_member_text (message, "a", "[1,]", &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_DESERIALIZATION);
  g_assert_true (g_str_has_prefix (error->message, "Member “a”: "));
  g_assert_cmpint (qmp_protocol_error_get_offset (error), ==, 3);
  g_clear_error (&error);
  g_assert_false (qmp_message_set_member_text (message, "a", "", &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_DESERIALIZATION);
  g_assert_false (qmp_message_set_member_text (message, "a", "1,\"b\":2", NULL));
  assert_member (message, "a", "18446744073709551615");
}

/* Whatever is done to the others, what nobody changes keeps its spelling. */
static void
test_exact (void)
{
  g_autoptr(QmpMessage) message =
    test_message_from_text ("{\"a\":18446744073709551615,\"b\":1e400,\"c\":\"\\u0000\\/\",\"d\":0.1,\"\\u0065\":-0,\"x\":0}");
  g_autoptr(QmpMessage) copy = NULL;
  g_autoptr(JsonNode) value = json_node_init_int (json_node_alloc (), 1);

  g_assert_true (qmp_message_set_member (message, "x", value, NULL));
  assert_bytes (message, "{\"a\":18446744073709551615,\"b\":1e400,\"c\":\"\\u0000\\/\",\"d\":0.1,\"\\u0065\":-0,\"x\":1}");
  g_assert_true (qmp_message_remove_member (message, "x"));
  copy = qmp_message_dup (message);
  assert_member (message, "a", "18446744073709551615");
  assert_member (copy, "b", "1e400");
  assert_member (copy, "c", "\"\\u0000\\/\"");
  assert_member (copy, "e", "-0");

  /* The nodes have what they can hold. */
  g_assert_cmpfloat (json_node_get_double (qmp_message_get_member (message, "a")), ==, 18446744073709551615.0);
  g_assert_true (isinf (json_node_get_double (qmp_message_get_member (message, "b"))));
  g_assert_cmpstr (json_node_get_string (qmp_message_get_member (message, "c")), ==, "\xef\xbf\xbd/");
  g_assert_cmpfloat (json_node_get_double (qmp_message_get_member (message, "d")), ==, 0.1);
}

/* Accepted from the wire, where the last one counts; refused in what we send, as QEMU would. */
static void
test_key_twice (void)
{
  const char *text = "{\"a\":1,\"b\":2,\"\\u0061\":3}";
  g_autoptr(QmpMessage) message = test_message_from_text (text);
  g_autoptr(QmpMessage) once = test_message_from_text ("{\"b\":2,\"a\":3}");
  g_autoptr(QmpMessage) nested = test_message_from_text ("{\"x\":{\"a\":1,\"a\":2}}");
  g_autoptr(QmpMessage) ids = test_message_from_text ("{\"id\":1,\"id\":2}");

  assert_members (message, "a b");
  assert_member (message, "a", "3");
  g_assert_cmpint (json_node_get_int (qmp_message_get_member (message, "a")), ==, 3);
  g_assert_cmpint (json_object_get_int_member (json_node_get_object (qmp_message_get_node (message)), "a"), ==, 3);
  g_assert_true (qmp_message_equal (message, once));
  assert_bytes (message, text);
  assert_wire_fails (message, NULL, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
  assert_wire_fails (message, "1", QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
  assert_wire_fails (nested, "1", QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
  assert_wire_fails (ids, "1", QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
  assert_member (ids, "id", "2");

  /* As a mapping it has the key once, and so it has after a change. */
  g_assert_true (qmp_message_remove_member (message, "b"));
  assert_bytes (message, "{\"\\u0061\":3}");
  assert_wire (message, "1", "{\"\\u0061\":3,\"id\":1}");
}

/* Members that the reader has found are the same as those of the table. */
static void
test_outline (void)
{
  g_autoptr(QmpMessage) message =
    test_received_from_text ("{\"return\": 1, \"\\u0069d\": [ 2 ], \"error\": {}, \"retur\": 0, \"return\": { } }");
  g_autoptr(QmpMessage) copy = NULL;

  assert_member (message, "return", "{ }");
  assert_member (message, "id", "[ 2 ]");
  assert_member (message, "error", "{}");
  assert_member (message, "event", NULL);
  g_assert_false (qmp_message_has_member (message, "QMP"));
  g_assert_true (qmp_message_has_member (message, "id"));
  copy = qmp_message_dup (message);
  assert_members (message, "return id error retur");
  assert_member (message, "return", "{ }");

  g_assert_true (qmp_message_remove_member (copy, "return"));
  assert_member (copy, "return", NULL);
  g_assert_false (qmp_message_has_member (copy, "return"));
  assert_member (copy, "id", "[ 2 ]");
}

static void
test_many_members (void)
{
  g_autoptr(GString) text = g_string_new ("{");
  g_autoptr(QmpMessage) message = NULL;
  g_auto(GStrv) names = NULL;

  for (int i = 0; i < 20000; i++)
    g_string_append_printf (text, "%s\"m%d\":%d", i > 0 ? "," : "", i, i);
  g_string_append_c (text, '}');

  message = test_message_from_text (text->str);
  assert_member (message, "m19999", "19999");
  names = qmp_message_list_members (message);
  g_assert_cmpuint (g_strv_length (names), ==, 20000);
  g_assert_cmpstr (names[19998], ==, "m19998");
}

static void
test_read_only (void)
{
  const char *text = "{\"return\":{},\"id\":1}\r\n";
  g_autoptr(QmpMessage) message = test_received_from_text (text);
  g_autoptr(QmpMessage) copy = NULL;
  g_autoptr(JsonNode) value = json_node_init_int (json_node_alloc (), 1);
  g_autoptr(GUnixFDList) fds = g_unix_fd_list_new ();
  gboolean read_only;

  g_object_get (message, "read-only", &read_only, NULL);
  g_assert_true (read_only);
  g_assert_true (qmp_message_is_read_only (message));
  g_assert_true (qmp_message_validate (message, NULL));

  for (int i = 0; i < 6; i++)
    g_test_expect_message ("Qmp", G_LOG_LEVEL_CRITICAL, "*read_only*");
  g_assert_false (qmp_message_set_member (message, "id", value, NULL));
  g_assert_false (qmp_message_set_member_text (message, "id", "1", NULL));
  g_assert_false (qmp_message_remove_member (message, "id"));
  qmp_message_set_out_of_band (message, TRUE);
  qmp_message_set_fd_list (message, fds);
  qmp_message_set_timeout (message, 1);
  g_test_assert_expected_messages ();

  assert_bytes (message, text);
  g_assert_null (qmp_message_get_fd_list (message));
  g_assert_cmpint (qmp_message_get_timeout (message), ==, QMP_TIMEOUT_CLIENT);

  copy = qmp_message_dup (message);
  g_assert_false (qmp_message_is_read_only (copy));
  assert_bytes (copy, text);
  g_assert_true (qmp_message_set_member (copy, "more", value, NULL));
  assert_bytes (copy, "{\"return\":{},\"id\":1,\"more\":1}");
  assert_bytes (message, text);
}

static void
test_programmer_errors (void)
{
  g_autoptr(QmpMessage) message = qmp_message_new ();

  for (int i = 0; i < 5; i++)
    g_test_expect_message ("Qmp", G_LOG_LEVEL_CRITICAL, "*assertion*failed*");
  g_assert_null (qmp_message_get_bytes (NULL));
  g_assert_false (qmp_message_has_member (message, NULL));
  g_assert_false (qmp_message_set_member (message, "a", NULL, NULL));
  g_assert_null (qmp_message_new_command (NULL, NULL, NULL));
  qmp_message_set_timeout (message, QMP_TIMEOUT_CLIENT - 1);
  g_test_assert_expected_messages ();
}

static void
test_equal (void)
{
  static const struct {
    const char *left;
    const char *right;
    gboolean    expected;
  } cases[] = {
    { "{}", " { } ", TRUE },
    { "{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", TRUE },
    { "{\"a\":{\"x\":1,\"y\":2}}", "{ \"a\" : { \"y\" : 2, \"x\" : 1 } }", TRUE },
    { "{\"a\":1}", "{\"a\":1.0}", TRUE },
    { "{\"a\":100}", "{\"a\":1e2}", TRUE },
    { "{\"a\":\"\\u00fc\"}", "{\"a\":\"ü\"}", TRUE },
    { "{\"\\u0061\":1}", "{\"a\":1}", TRUE },
    { "{\"a\":1,\"a\":2}", "{\"a\":2}", TRUE },
    { "{\"a\":1}", "{\"a\":2}", FALSE },
    { "{\"a\":1}", "{\"b\":1}", FALSE },
    { "{\"a\":1}", "{}", FALSE },
    { "{\"a\":1}", "{\"a\":\"1\"}", FALSE },
    { "{\"a\":null}", "{\"a\":false}", FALSE },
    { "{\"a\":[1,2]}", "{\"a\":[2,1]}", FALSE },
    { "{\"a\":18446744073709551615}", "{\"a\":18446744073709551614}", FALSE },
    { "{\"a\":9007199254740993}", "{\"a\":9007199254740992}", FALSE },
    { "{\"a\":1e400}", "{\"a\":1e401}", FALSE },
    { "{\"a\":\"\\u0000\"}", "{\"a\":\"\"}", FALSE },
    { "{\"a\":\"\\u0000\"}", "{\"a\":\"\xef\xbf\xbd\"}", FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(QmpMessage) left = test_message_from_text (cases[i].left);
      g_autoptr(QmpMessage) right = test_message_from_text (cases[i].right);

      g_test_message ("%s %s", cases[i].left, cases[i].right);
      g_assert_true (qmp_message_equal (left, right) == cases[i].expected);
      g_assert_true (qmp_message_equal (right, left) == cases[i].expected);
      g_assert_true (qmp_message_equal (left, left));
    }
}

static void
test_to_string (void)
{
  g_autoptr(QmpMessage) message =
    test_message_from_text (" {\"a\":[],\"b\":{},\"c\":[1,{\"x\":\"\\u0000\"}],\"n\":18446744073709551615}\r\n");
  g_autofree char *text = qmp_message_to_string (message);

  g_assert_cmpstr (text, ==,
                   "{\n  \"a\": [],\n  \"b\": {},\n  \"c\": [\n    1,\n    {\n      \"x\": \"\\u0000\"\n    }\n  ],\n"
                   "  \"n\": 18446744073709551615\n}");
}
int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/message/reference", test_reference);
  g_test_add_func ("/message/new", test_new);
  g_test_add_func ("/message/bytes-kept", test_bytes_kept);
  g_test_add_func ("/message/bytes-received", test_bytes_received);
  g_test_add_func ("/message/bytes-bad", test_bytes_bad);
  g_test_add_func ("/message/unexpected-type-text", test_unexpected_type_text);
  g_test_add_func ("/message/bytes-bad-lazy", test_bytes_bad_lazy);
  g_test_add_func ("/message/depth", test_depth);
  g_test_add_func ("/message/depth-of-nodes", test_depth_of_nodes);
  g_test_add_func ("/message/too-large", test_too_large);
  g_test_add_func ("/message/from-node", test_from_node);
  g_test_add_func ("/message/from-node-bad", test_from_node_bad);
  g_test_add_func ("/message/members", test_members);
  g_test_add_func ("/message/nodes", test_nodes);
  g_test_add_func ("/message/set", test_set);
  g_test_add_func ("/message/set-bad", test_set_bad);
  g_test_add_func ("/message/set-text", test_set_text);
  g_test_add_func ("/message/exact", test_exact);
  g_test_add_func ("/message/key-twice", test_key_twice);
  g_test_add_func ("/message/outline", test_outline);
  g_test_add_func ("/message/many-members", test_many_members);
  g_test_add_func ("/message/read-only", test_read_only);
  g_test_add_func ("/message/programmer-errors", test_programmer_errors);
  g_test_add_func ("/message/equal", test_equal);
  g_test_add_func ("/message/to-string", test_to_string);

  return g_test_run ();
}
