/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "qmp-glib/qmp-error-private.h"
#include "qmp-glib/qmp-message-private.h"

static GBytes *
bytes_from_text (const char *text)
{
  return g_bytes_new (text, strlen (text));
}

static QmpMessage *
message_from_text (const char *text)
{
  g_autoptr(GBytes) bytes = bytes_from_text (text);
  g_autoptr(GError) error = NULL;
  QmpMessage *message = qmp_message_new_from_bytes (bytes, TRUE, &error);

  g_assert_no_error (error);
  g_assert_nonnull (message);

  return message;
}

static QmpMessage *
lazy_message_from_text (const char *text)
{
  g_autoptr(GBytes) bytes = bytes_from_text (text);
  g_autoptr(GError) error = NULL;
  QmpMessage *message = qmp_message_new_from_bytes (bytes, FALSE, &error);

  g_assert_no_error (error);
  g_assert_nonnull (message);

  return message;
}

static QmpMessage *
received_from_text (const char *text)
{
  QmpJsonOutline outline;

  g_assert_true (qmp_json_check (text, strlen (text), 1024, &outline, NULL));

  return qmp_message_new_received (bytes_from_text (text), &outline);
}

static JsonNode *
node_from_text (const char *text)
{
  g_autoptr(GError) error = NULL;
  JsonNode *node = json_from_string (text, &error);

  g_assert_no_error (error);

  return node;
}

/* n empty arrays, one in the other. */
static char *
nested_arrays (guint n)
{
  char *text = g_malloc (2 * n + 1);

  memset (text, '[', n);
  memset (text + n, ']', n);
  text[2 * n] = '\0';

  return text;
}

#define assert_bytes(message, expected) \
  G_STMT_START { \
    GBytes *bytes_ = qmp_message_get_bytes (message); \
    g_autofree char *text_ = g_strndup (g_bytes_get_data (bytes_, NULL), g_bytes_get_size (bytes_)); \
    g_assert_cmpstr (text_, ==, expected); \
  } G_STMT_END

#define assert_member(message, name, expected) \
  G_STMT_START { \
    g_autofree char *text_ = qmp_message_get_member_text (message, name); \
    g_assert_cmpstr (text_, ==, expected); \
  } G_STMT_END

#define assert_members(message, expected) \
  G_STMT_START { \
    g_auto(GStrv) names_ = qmp_message_list_members (message); \
    g_autofree char *text_ = g_strjoinv (" ", names_); \
    g_assert_cmpstr (text_, ==, expected); \
  } G_STMT_END

#define assert_wire(message, id, expected) \
  G_STMT_START { \
    g_autoptr(GString) out_ = g_string_new ("before;"); \
    g_autoptr(GError) error_ = NULL; \
    g_assert_true (qmp_message_append_wire (message, out_, id, &error_)); \
    g_assert_no_error (error_); \
    g_assert_cmpstr (out_->str, ==, "before;" expected); \
  } G_STMT_END

#define assert_wire_fails(message, id, domain, code) \
  G_STMT_START { \
    g_autoptr(GString) out_ = g_string_new ("before;"); \
    g_autoptr(GError) error_ = NULL; \
    g_assert_false (qmp_message_append_wire (message, out_, id, &error_)); \
    g_assert_error (error_, domain, code); \
    g_assert_cmpstr (out_->str, ==, "before;"); \
    g_assert_false (qmp_message_append_wire (message, out_, id, NULL)); \
    g_assert_cmpstr (out_->str, ==, "before;"); \
  } G_STMT_END

/* The examples of the reference: Message(b'{"hello": "world"}'), and so on. */
static void
test_reference (void)
{
  g_autoptr(QmpMessage) message = message_from_text ("{\"hello\": \"world\"}");
  g_autoptr(QmpMessage) other = NULL;
  g_autoptr(JsonNode) id = json_node_init_string (json_node_alloc (), "foobar");
  g_autoptr(JsonNode) object = node_from_text ("{\"hello\": \"world\"}");
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
  g_assert_cmpint (qmp_message_get_timeout (message), ==, -1);
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
      g_autoptr(GBytes) bytes = bytes_from_text (texts[i]);
      g_autoptr(QmpMessage) eager = qmp_message_new_from_bytes (bytes, TRUE, NULL);
      g_autoptr(QmpMessage) lazy = qmp_message_new_from_bytes (bytes, FALSE, NULL);
      g_autoptr(QmpMessage) received = received_from_text (texts[i]);

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
      g_autoptr(GBytes) bytes = bytes_from_text (cases[i].text);
      g_autoptr(QmpMessage) lazy = qmp_message_new_from_bytes (bytes, FALSE, NULL);
      g_autoptr(GError) error = NULL;
      g_autoptr(GError) later = NULL;
      g_autoptr(GError) again = NULL;
      g_autofree char *shown = g_strescape (cases[i].text, NULL);

      g_test_message ("%s", shown);
      g_assert_null (qmp_message_new_from_bytes (bytes, TRUE, &error));
      g_assert_error (error, QMP_PROTOCOL_ERROR, (int) cases[i].code);
      g_assert_true (g_bytes_equal (qmp_protocol_error_get_text (error), bytes));
      if (cases[i].offset >= -1)
        g_assert_cmpint (qmp_protocol_error_get_offset (error), ==, cases[i].offset);
      g_assert_null (qmp_message_new_from_bytes (bytes, TRUE, NULL));

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
      g_autoptr(GBytes) bytes = bytes_from_text (cases[i][0]);
      g_autoptr(GError) error = NULL;

      g_assert_null (qmp_message_new_from_bytes (bytes, TRUE, &error));
      g_assert_cmpstr (error->message, ==, cases[i][1]);
    }
}

/* A lazy message of bytes that are none. */
static void
test_bytes_bad_lazy (void)
{
  const char *text = "{\"a\":1\xff";
  g_autoptr(QmpMessage) message = lazy_message_from_text (text);
  g_autoptr(QmpMessage) same = lazy_message_from_text (text);
  g_autoptr(QmpMessage) other = lazy_message_from_text ("{\"a\":1");
  g_autoptr(QmpMessage) none = lazy_message_from_text ("");
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
  g_autofree char *fits = nested_arrays (1023);
  g_autofree char *deep = nested_arrays (1024);
  g_autofree char *abyss = nested_arrays (50000);
  const char *values[] = { fits, deep, abyss };

  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    {
      g_autofree char *text = g_strdup_printf ("{\"a\":%s}", values[i]);
      g_autoptr(GBytes) bytes = bytes_from_text (text);
      g_autoptr(GError) error = NULL;
      g_autoptr(GError) set_error = NULL;
      g_autoptr(QmpMessage) message = qmp_message_new_from_bytes (bytes, TRUE, &error);
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

static JsonNode *
object_around (const char *name,
               JsonNode   *value)
{
  JsonObject *object = json_object_new ();
  JsonNode *node = json_node_alloc ();

  json_object_set_member (object, name, value);
  json_node_init_object (node, object);
  json_object_unref (object);

  return node;
}

/* What is made from nodes is never deeper than what can be read back. */
static void
test_depth_of_nodes (void)
{
  g_autoptr(JsonNode) fits = nested_node (1023);
  g_autoptr(JsonNode) deep = nested_node (1024);
  g_autoptr(JsonNode) fits_object = object_around ("a", json_node_copy (fits));
  g_autoptr(JsonNode) deep_object = object_around ("a", json_node_copy (deep));
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
  g_assert_null (qmp_message_new_parsed (&error, "x", "{'a': %v}", fits));
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
  g_assert_null (qmp_message_new_from_bytes (bytes, TRUE, &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_TOO_LARGE);
  munmap (memory, size);
}

static void
test_from_node (void)
{
  g_autoptr(JsonNode) node = node_from_text ("{\"z\":[1,2.5,null,true],\"a\":{\"x\":\"\\u00fc\\n\"},\"\":-9223372036854775808}");
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
  g_autoptr(JsonNode) array = node_from_text ("[1,{\"a\":2}]");
  g_autoptr(JsonNode) null = json_node_new (JSON_NODE_NULL);
  g_autoptr(JsonNode) number = node_from_text ("{\"fine\":1,\"wrong\":{\"x\":1}}");
  g_autoptr(JsonNode) name = object_around ("\xff", json_node_new (JSON_NODE_NULL));
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
  g_autoptr(QmpMessage) message = message_from_text ("{ \"b\" : 1, \"a\" : null, \"\\u0063\" : [ 1, {\"x\" : 2 } ] }");

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
  g_autoptr(QmpMessage) message = message_from_text ("{\"a\":{\"x\":[1]},\"b\":1}");
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
  g_autoptr(QmpMessage) message = message_from_text (" { \"a\" : 1 , \"b\" : [ 1 , 2 ] } ");
  g_autoptr(JsonNode) value = node_from_text ("{\"k\":[true]}");
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
  g_autoptr(QmpMessage) message = message_from_text (text);
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
    message_from_text ("{\"a\":18446744073709551615,\"b\":1e400,\"c\":\"\\u0000\\/\",\"d\":0.1,\"\\u0065\":-0,\"x\":0}");
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
  g_autoptr(QmpMessage) message = message_from_text (text);
  g_autoptr(QmpMessage) once = message_from_text ("{\"b\":2,\"a\":3}");
  g_autoptr(QmpMessage) nested = message_from_text ("{\"x\":{\"a\":1,\"a\":2}}");
  g_autoptr(QmpMessage) ids = message_from_text ("{\"id\":1,\"id\":2}");

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
    received_from_text ("{\"return\": 1, \"\\u0069d\": [ 2 ], \"error\": {}, \"retur\": 0, \"return\": { } }");
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

  message = message_from_text (text->str);
  assert_member (message, "m19999", "19999");
  names = qmp_message_list_members (message);
  g_assert_cmpuint (g_strv_length (names), ==, 20000);
  g_assert_cmpstr (names[19998], ==, "m19998");
}

static void
test_read_only (void)
{
  const char *text = "{\"return\":{},\"id\":1}\r\n";
  g_autoptr(QmpMessage) message = received_from_text (text);
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
  g_assert_cmpint (qmp_message_get_timeout (message), ==, -1);

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
  qmp_message_set_timeout (message, -2);
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
      g_autoptr(QmpMessage) left = message_from_text (cases[i].left);
      g_autoptr(QmpMessage) right = message_from_text (cases[i].right);

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
    message_from_text (" {\"a\":[],\"b\":{},\"c\":[1,{\"x\":\"\\u0000\"}],\"n\":18446744073709551615}\r\n");
  g_autofree char *text = qmp_message_to_string (message);

  g_assert_cmpstr (text, ==,
                   "{\n  \"a\": [],\n  \"b\": {},\n  \"c\": [\n    1,\n    {\n      \"x\": \"\\u0000\"\n    }\n  ],\n"
                   "  \"n\": 18446744073709551615\n}");
}

static void
test_command (void)
{
  g_autoptr(JsonNode) arguments = node_from_text ("{\"id\":\"net0\",\"n\":1}");
  g_autoptr(JsonNode) empty = node_from_text ("{}");
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpMessage) plain = qmp_message_new_command ("query-status", NULL, &error);
  g_autoptr(QmpMessage) without = qmp_message_new_command ("query-status", empty, &error);
  g_autoptr(QmpMessage) with = qmp_message_new_command ("device_del", arguments, &error);
  g_autoptr(QmpMessage) odd = qmp_message_new_command ("a\"ü", NULL, &error);
  g_autofree char *command = qmp_message_dup_command (with);
  g_autofree char *odd_command = qmp_message_dup_command (odd);

  g_assert_no_error (error);
  assert_bytes (plain, "{\"execute\":\"query-status\"}");
  assert_bytes (without, "{\"execute\":\"query-status\"}");
  assert_bytes (with, "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"net0\",\"n\":1}}");
  g_assert_cmpstr (command, ==, "device_del");
  g_assert_cmpstr (odd_command, ==, "a\"ü");

  /* It is a mapping like any other. */
  assert_members (with, "execute arguments");
  assert_member (with, "arguments", "{\"id\":\"net0\",\"n\":1}");
  g_assert_true (qmp_message_remove_member (with, "arguments"));
  assert_wire (with, "9", "{\"execute\":\"device_del\",\"id\":9}");
}

static void
test_command_bad (void)
{
  g_autoptr(JsonNode) array = node_from_text ("[]");
  g_autoptr(JsonNode) null = json_node_new (JSON_NODE_NULL);
  g_autoptr(JsonNode) infinite = json_node_init_double (json_node_alloc (), -INFINITY);
  g_autoptr(JsonNode) arguments = object_around ("x", json_node_copy (infinite));
  g_autoptr(GError) error = NULL;

  g_assert_null (qmp_message_new_command ("stop", array, &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE);
  g_assert_cmpstr (error->message, ==, "Arguments of “stop”: JSON, but an array, not an object: []");
  g_clear_error (&error);

  g_assert_null (qmp_message_new_command ("stop", null, &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE);
  g_clear_error (&error);
  g_assert_null (qmp_message_new_command ("stop", infinite, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);

  g_assert_null (qmp_message_new_command ("stop", arguments, &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
  g_clear_error (&error);
  g_assert_null (qmp_message_new_command ("st\xffop", NULL, &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
}

static void
test_parsed (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) value = node_from_text ("[1,2]");
  g_autoptr(QmpMessage) none = qmp_message_new_parsed (&error, "stop", NULL);
  g_autoptr(QmpMessage) empty = qmp_message_new_parsed (&error, "stop", " { } ");
  g_autoptr(QmpMessage) all =
    qmp_message_new_parsed (&error, "x", "{'b':%b,'i':%i,'u':%u,'x':%x,'t':%t,'d':%d,'s':%s,'v':%v,'j':%j}",
                            TRUE, -1, 1u, G_MININT64, G_MAXUINT64, 0.5, "a'\"", value, "[ 1e3 ]");
  g_autofree char *command = qmp_message_dup_command (all);

  g_assert_no_error (error);
  assert_bytes (none, "{\"execute\":\"stop\"}");
  assert_bytes (empty, "{\"execute\":\"stop\"}");
  g_assert_cmpstr (command, ==, "x");
  assert_wire (all, "1",
               "{\"execute\":\"x\",\"arguments\":{\"b\":true,\"i\":-1,\"u\":1,\"x\":-9223372036854775808,"
               "\"t\":18446744073709551615,\"d\":0.5,\"s\":\"a'\\\"\",\"v\":[1,2],\"j\":[1e3]},\"id\":1}");
}

static void
test_parsed_bad (void)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (qmp_message_new_parsed (&error, "stop", "[1]"));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE);
  g_assert_cmpstr (error->message, ==, "Arguments of “stop”: JSON, but an array, not an object: [1]");
  g_clear_error (&error);
  g_assert_null (qmp_message_new_parsed (&error, "stop", "%j", "3"));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE);
  g_clear_error (&error);
  g_assert_null (qmp_message_new_parsed (&error, "stop", "{'a':%j}", "[1"));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
  g_clear_error (&error);
  g_assert_null (qmp_message_new_parsed (&error, "stop", "{'a':%d}", INFINITY));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
  g_assert_true (g_str_has_prefix (error->message, "Arguments of “stop”: "));
  g_clear_error (&error);
  g_assert_null (qmp_message_new_parsed (&error, "stop", "{'a':%s}", "\xff"));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
  g_clear_error (&error);
  g_assert_null (qmp_message_new_parsed (&error, "stop", "{'a':1,'a':2}"));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
  g_clear_error (&error);
  g_assert_null (qmp_message_new_parsed (&error, "stop", "{'a':%j}", "1e400"));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
}

static void
test_dup_command (void)
{
  static const char * const cases[][2] = {
    { "{\"execute\":\"stop\"}", "stop" },
    { "{\"exec-oob\":\"st\\u006fp\"}", "stop" },
    { "{\"execute\":\"\"}", "" },
    { "{\"execute\":1}", NULL },
    { "{\"execute\":null}", NULL },
    { "{\"execute\":[\"a\"]}", NULL },
    { "{\"execute\":\"a\",\"exec-oob\":\"b\"}", NULL },
    { "{\"return\":{}}", NULL },
    { "{}", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(QmpMessage) message = message_from_text (cases[i][0]);
      g_autofree char *command = qmp_message_dup_command (message);

      g_test_message ("%s", cases[i][0]);
      g_assert_cmpstr (command, ==, cases[i][1]);
    }
}

static void
test_wire (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpMessage) command = qmp_message_new_command ("stop", NULL, &error);
  g_autoptr(QmpMessage) spaced = message_from_text (" { \"id\" : \"own\" , \"execute\" : \"stop\" } \r\n");
  g_autoptr(QmpMessage) lazy = lazy_message_from_text ("{ \"execute\": \"stop\" }");
  g_autoptr(QmpMessage) received = received_from_text ("{ \"execute\": \"stop\" }\n");

  assert_wire (command, "12", "{\"execute\":\"stop\",\"id\":12}");
  assert_wire (command, "13", "{\"execute\":\"stop\",\"id\":13}");
  assert_wire (command, NULL, "{\"execute\":\"stop\"}");
  assert_bytes (command, "{\"execute\":\"stop\"}");

  /* The id takes the place of the own one. */
  assert_wire (spaced, "12", "{\"id\":12,\"execute\":\"stop\"}");
  assert_wire (spaced, NULL, "{\"id\":\"own\",\"execute\":\"stop\"}");
  assert_bytes (spaced, " { \"id\" : \"own\" , \"execute\" : \"stop\" } \r\n");
  assert_wire (lazy, "1", "{\"execute\":\"stop\",\"id\":1}");
  assert_wire (lazy, NULL, "{\"execute\":\"stop\"}");
  assert_wire (received, "1", "{\"execute\":\"stop\",\"id\":1}");
}

/* Changed after it was made or sent. */
static void
test_wire_changed (void)
{
  g_autoptr(QmpMessage) command = qmp_message_new_command ("stop", NULL, NULL);
  g_autoptr(QmpMessage) copy = qmp_message_dup (command);
  g_autoptr(JsonNode) id = json_node_init_string (json_node_alloc (), "mine");

  assert_wire (copy, "1", "{\"execute\":\"stop\",\"id\":1}");
  g_assert_true (qmp_message_set_member (command, "id", id, NULL));
  assert_wire (command, NULL, "{\"execute\":\"stop\",\"id\":\"mine\"}");
  assert_wire (command, "5", "{\"execute\":\"stop\",\"id\":5}");
  g_assert_true (qmp_message_set_member_text (command, "arguments", "{ \"a\" : 1 }", NULL));
  assert_wire (command, "5", "{\"execute\":\"stop\",\"id\":5,\"arguments\":{\"a\":1}}");
  g_assert_true (qmp_message_set_member_text (command, "arguments", "{\"a\":1e999}", NULL));
  assert_wire_fails (command, "5", QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
  g_assert_true (qmp_message_remove_member (command, "arguments"));
  assert_wire (command, "5", "{\"execute\":\"stop\",\"id\":5}");
}

static void
test_wire_refused (void)
{
  static const char * const texts[] = {
    "{\"execute\":\"x\",\"arguments\":{\"a\":1e400}}",
    "{\"execute\":\"x\",\"arguments\":{\"a\":\"\\uffff\"}}",
    "{\"execute\":\"x\",\"arguments\":{\"a\":\"\xef\xbf\xbe\"}}",
    "{\"execute\":\"x\",\"execute\":\"y\"}",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr(QmpMessage) message = message_from_text (texts[i]);
      g_autoptr(QmpMessage) copy = qmp_message_dup (message);

      g_test_message ("%s", texts[i]);
      assert_wire_fails (message, "1", QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
      assert_wire_fails (copy, "1", QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
      assert_wire_fails (message, NULL, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
    }
}

static void
count_notify_cb (GObject    *object,
                 GParamSpec *pspec,
                 guint      *count)
{
  (*count)++;
}

static void
test_out_of_band (void)
{
  g_autoptr(QmpMessage) command = qmp_message_new_command ("stop", NULL, NULL);
  g_autoptr(QmpMessage) text = message_from_text ("{\"id\": 1, \"exec-oob\": \"stop\", \"control\": {}}");
  g_autoptr(QmpMessage) both = message_from_text ("{\"exec-oob\":\"a\",\"execute\":\"b\"}");
  g_autoptr(QmpMessage) neither = qmp_message_new ();
  g_autofree char *name = NULL;
  guint n_notified = 0;
  gboolean out_of_band;

  g_signal_connect (command, "notify::out-of-band", G_CALLBACK (count_notify_cb), &n_notified);
  g_assert_false (qmp_message_get_out_of_band (command));
  qmp_message_set_out_of_band (command, FALSE);
  g_assert_cmpuint (n_notified, ==, 0);
  qmp_message_set_out_of_band (command, TRUE);
  qmp_message_set_out_of_band (command, TRUE);
  g_assert_cmpuint (n_notified, ==, 1);
  g_assert_true (qmp_message_get_out_of_band (command));
  name = qmp_message_dup_command (command);
  g_assert_cmpstr (name, ==, "stop");
  assert_bytes (command, "{\"exec-oob\":\"stop\"}");
  assert_wire (command, "3", "{\"exec-oob\":\"stop\",\"id\":3}");
  g_object_set (command, "out-of-band", FALSE, NULL);
  assert_bytes (command, "{\"execute\":\"stop\"}");
  g_assert_cmpuint (n_notified, ==, 2);
  g_object_get (command, "out-of-band", &out_of_band, NULL);
  g_assert_false (out_of_band);

  /* A member like any other, too. */
  g_assert_true (qmp_message_set_member_text (command, "exec-oob", "\"a\"", NULL));
  g_assert_cmpuint (n_notified, ==, 3);
  g_assert_true (qmp_message_remove_member (command, "exec-oob"));
  g_assert_cmpuint (n_notified, ==, 4);

  g_assert_true (qmp_message_get_out_of_band (text));
  qmp_message_set_out_of_band (text, FALSE);
  assert_bytes (text, "{\"id\":1,\"execute\":\"stop\",\"control\":{}}");

  qmp_message_set_out_of_band (both, FALSE);
  assert_bytes (both, "{\"exec-oob\":\"a\",\"execute\":\"b\"}");
  qmp_message_set_out_of_band (neither, TRUE);
  g_assert_false (qmp_message_get_out_of_band (neither));
  assert_bytes (neither, "{}");
}

static void
assert_closed (int fd)
{
  errno = 0;
  g_assert_cmpint (fcntl (fd, F_GETFD), ==, -1);
  g_assert_cmpint (errno, ==, EBADF);
}

static void
assert_open (int fd)
{
  g_assert_cmpint (fcntl (fd, F_GETFD), !=, -1);
}

static GUnixFDList *
two_fds (void)
{
  int fds[2];

  g_assert_cmpint (pipe (fds), ==, 0);

  return g_unix_fd_list_new_from_array (fds, 2);
}

static void
test_fds (void)
{
  g_autoptr(QmpMessage) message = qmp_message_new_command ("add-fd", NULL, NULL);
  QmpMessage *copy;
  GUnixFDList *fds = two_fds ();
  int theirs = g_unix_fd_list_peek_fds (fds, NULL)[0];
  int ours[2];
  guint n_notified = 0;
  GUnixFDList *same = NULL;

  g_signal_connect (message, "notify::fd-list", G_CALLBACK (count_notify_cb), &n_notified);
  qmp_message_set_fd_list (message, fds);
  g_assert_cmpuint (n_notified, ==, 1);
  g_assert_false (qmp_message_get_fd_list (message) == fds);
  g_assert_cmpint (g_unix_fd_list_get_length (qmp_message_get_fd_list (message)), ==, 2);
  memcpy (ours, g_unix_fd_list_peek_fds (qmp_message_get_fd_list (message), NULL), sizeof ours);
  g_assert_cmpint (ours[0], !=, theirs);
  g_assert_cmpint (fcntl (ours[0], F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);

  /* The caller's are his. */
  g_assert_finalize_object (fds);
  assert_closed (theirs);
  assert_open (ours[0]);
  assert_open (ours[1]);

  /* A copy shares them; the last one closes. */
  copy = qmp_message_dup (message);
  g_assert_true (qmp_message_get_fd_list (copy) == qmp_message_get_fd_list (message));
  g_assert_true (qmp_message_equal (copy, message));
  g_object_get (copy, "fd-list", &same, NULL);
  g_assert_true (same == qmp_message_get_fd_list (message));
  g_object_unref (same);
  g_object_set (message, "fd-list", NULL, NULL);
  g_assert_cmpuint (n_notified, ==, 2);
  g_assert_null (qmp_message_get_fd_list (message));
  g_assert_true (qmp_message_equal (copy, message));
  assert_open (ours[0]);
  g_assert_finalize_object (copy);
  assert_closed (ours[0]);
  assert_closed (ours[1]);
}

static void
test_fds_replaced (void)
{
  QmpMessage *message = qmp_message_new ();
  g_autoptr(GUnixFDList) fds = two_fds ();
  g_autoptr(GUnixFDList) empty = g_unix_fd_list_new ();
  int first;
  int second;

  qmp_message_set_fd_list (message, fds);
  first = g_unix_fd_list_peek_fds (qmp_message_get_fd_list (message), NULL)[0];
  qmp_message_set_fd_list (message, empty);
  g_assert_null (qmp_message_get_fd_list (message));
  assert_closed (first);
  g_object_set (message, "fd-list", fds, NULL);
  second = g_unix_fd_list_peek_fds (qmp_message_get_fd_list (message), NULL)[1];
  assert_open (second);
  g_assert_finalize_object (message);
  assert_closed (second);
}

/* No descriptors left: the command must not go out without those it was given. */
static void
test_fds_exhausted (void)
{
  g_autoptr(QmpMessage) message = qmp_message_new_command ("add-fd", NULL, NULL);
  g_autoptr(QmpMessage) copy = NULL;
  g_autoptr(GUnixFDList) fds = two_fds ();
  g_autoptr(GError) error = NULL;
  struct rlimit saved;
  struct rlimit limit;
  int next = dup (0);

  /* Room for one of the two. */
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &saved), ==, 0);
  limit = saved;
  limit.rlim_cur = next + 1;
  close (next);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  qmp_message_set_fd_list (message, fds);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &saved), ==, 0);

  assert_closed (next);
  g_assert_null (qmp_message_get_fd_list (message));
  g_assert_false (qmp_message_validate (message, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  assert_wire_fails (message, "1", G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  copy = qmp_message_dup (message);
  assert_wire_fails (copy, "1", G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);

  /* It can still be changed, and mended. */
  g_assert_true (qmp_message_set_member_text (message, "arguments", "{}", NULL));
  qmp_message_set_fd_list (message, fds);
  assert_wire (message, "1", "{\"execute\":\"add-fd\",\"arguments\":{},\"id\":1}");
  qmp_message_set_fd_list (copy, NULL);
  g_assert_true (qmp_message_validate (copy, NULL));
}

static void
test_timeout (void)
{
  g_autoptr(QmpMessage) message = qmp_message_new_command ("stop", NULL, NULL);
  g_autoptr(QmpMessage) copy = NULL;
  guint n_notified = 0;
  int timeout;

  g_signal_connect (message, "notify::timeout", G_CALLBACK (count_notify_cb), &n_notified);
  g_object_get (message, "timeout", &timeout, NULL);
  g_assert_cmpint (timeout, ==, -1);
  qmp_message_set_timeout (message, -1);
  g_assert_cmpuint (n_notified, ==, 0);
  qmp_message_set_timeout (message, 2000);
  qmp_message_set_timeout (message, 2000);
  g_assert_cmpuint (n_notified, ==, 1);
  copy = qmp_message_dup (message);
  g_assert_cmpint (qmp_message_get_timeout (copy), ==, 2000);
  g_object_set (message, "timeout", 0, NULL);
  g_assert_cmpint (qmp_message_get_timeout (message), ==, 0);
  g_assert_cmpint (qmp_message_get_timeout (copy), ==, 2000);
  g_assert_true (qmp_message_equal (message, copy));
}

/* Copies have nothing to do with each other. */
static void
test_dup (void)
{
  g_autoptr(QmpMessage) message = message_from_text ("{ \"a\": [ 18446744073709551615 ], \"b\": 2 }");
  g_autoptr(QmpMessage) copy = qmp_message_dup (message);
  g_autoptr(QmpMessage) second = NULL;

  g_assert_true (qmp_message_get_bytes (message) == qmp_message_get_bytes (copy));
  g_assert_true (qmp_message_remove_member (copy, "b"));
  assert_bytes (message, "{ \"a\": [ 18446744073709551615 ], \"b\": 2 }");
  assert_bytes (copy, "{\"a\":[18446744073709551615]}");
  second = qmp_message_dup (copy);
  g_assert_true (qmp_message_set_member_text (copy, "c", "3", NULL));
  assert_bytes (second, "{\"a\":[18446744073709551615]}");
  assert_wire (second, "1", "{\"a\":[18446744073709551615],\"id\":1}");
  g_assert_false (qmp_message_equal (copy, second));
}

/* A reply that is no object must not be taken for one, whoever hands it in. */
static void
test_received_array (void)
{
  g_autoptr(QmpMessage) message = received_from_text ("[{\"id\":1}]");

  g_assert_false (qmp_message_validate (message, NULL));
  assert_members (message, "");
}

/* A boolean property that is TRUE by default and is copied. */
static void
test_flag (gconstpointer name)
{
  g_autoptr (QmpMessage) message = qmp_message_new ();
  g_autoptr (QmpMessage) copy = NULL;
  g_autofree char *signal = g_strconcat ("notify::", name, NULL);
  guint n_notified = 0;
  gboolean value = FALSE;

  g_signal_connect (message, signal, G_CALLBACK (count_notify_cb), &n_notified);
  g_object_get (message, name, &value, NULL);
  g_assert_true (value);
  g_object_set (message, name, TRUE, NULL);
  g_assert_cmpuint (n_notified, ==, 0);
  g_object_set (message, name, FALSE, NULL);
  g_object_set (message, name, FALSE, NULL);
  g_assert_cmpuint (n_notified, ==, 1);
  copy = qmp_message_dup (message);
  g_object_get (copy, name, &value, NULL);
  g_assert_false (value);
  g_assert_false (qmp_message_get_assign_id (message) && qmp_message_get_success_response (message));
  g_assert_true (qmp_message_get_assign_id (message) || qmp_message_get_success_response (message));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/message/reference", test_reference);
  g_test_add_func ("/message/new", test_new);
  g_test_add_func ("/message/bytes-kept", test_bytes_kept);
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
  g_test_add_func ("/message/command", test_command);
  g_test_add_func ("/message/command-bad", test_command_bad);
  g_test_add_func ("/message/parsed", test_parsed);
  g_test_add_func ("/message/parsed-bad", test_parsed_bad);
  g_test_add_func ("/message/dup-command", test_dup_command);
  g_test_add_func ("/message/wire", test_wire);
  g_test_add_func ("/message/wire-changed", test_wire_changed);
  g_test_add_func ("/message/wire-refused", test_wire_refused);
  g_test_add_func ("/message/out-of-band", test_out_of_band);
  g_test_add_func ("/message/fds", test_fds);
  g_test_add_func ("/message/fds-replaced", test_fds_replaced);
  g_test_add_func ("/message/fds-exhausted", test_fds_exhausted);
  g_test_add_func ("/message/timeout", test_timeout);
  g_test_add_data_func ("/message/assign-id", "assign-id", test_flag);
  g_test_add_data_func ("/message/success-response", "success-response", test_flag);
  g_test_add_func ("/message/dup", test_dup);
  g_test_add_func ("/message/received-array", test_received_array);

  return g_test_run ();
}
