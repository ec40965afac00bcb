/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <locale.h>
#include <math.h>
#include <string.h>

#include "qmp-glib/qmp-error.h"
#include "json/qmp-json-node-private.h"
#include "json/qmp-json-reader-private.h"
#include "test-utils.h"

/* From a copy of just the length, so that a memory checker sees each byte read beyond it. */
static JsonNode *
build (const char *text)
{
  gsize length = strlen (text);
  g_autofree char *copy = g_memdup2 (text, length);

  g_assert_true (qmp_json_check (copy, length, 5000, NULL, NULL));
  return qmp_json_to_node (copy, length);
}

static void
assert_like_json_glib (const char *text)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) expected = json_from_string (text, &error);
  g_autoptr(JsonNode) node = build (text);
  g_autofree char *expected_text = NULL;
  g_autofree char *node_text = NULL;

  g_assert_no_error (error);
  g_assert_true (json_node_equal (node, expected));

  /* the order of the members too */
  expected_text = json_to_string (expected, FALSE);
  node_text = json_to_string (node, FALSE);
  g_assert_cmpstr (node_text, ==, expected_text);
}

static void
test_like_json_glib (void)
{
  static const char * const texts[] = {
    "{}", "[]", " { } ", " [ ] ", "[[],[{}]]", "{\"a\":{\"b\":{\"c\":[]}}}",
    "{\"z\":1,\"a\":2,\"m\":3}", "[1,2.5,-3,\"x\",true,false,null]",
    "[0,-1,9223372036854775807,-9223372036854775808]", "[0.1,-2.5e3,1e-7,3.0]",
    "{ \"a\" : [ 1 , 2 ] ,\r\n \"b\" : \"c\" }", "[\"\",\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]",
    "[\"\\u0041\\u00e9\\u20ac\",\"\xc3\xa9\xf0\x9f\x98\x80\",\"\\ud83d\\ude00\"]",
    "{\"k\\u0065y\":1,\"\":2}", "{\"a\":\"}\",\"]\":\"[\"}", "[\"x\",[\"y\",{\"z\":[null]}],1]",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    assert_like_json_glib (texts[i]);
}

static void
append_random (GString *out,
               guint    depth)
{
  int kind = g_test_rand_int_range (0, depth > 0 ? 8 : 6);
  int n = g_test_rand_int_range (0, 5);

  switch (kind)
    {
    case 0:
      g_string_append (out, "null");
      break;
    case 1:
      g_string_append (out, n > 2 ? "true" : "false");
      break;
    case 2:
      g_string_append_printf (out, "%d", g_test_rand_int ());
      break;
    case 3:
      g_string_append_printf (out, "%d.%d", n, g_test_rand_int_range (1, 100));
      break;
    case 4:
    case 5:
      g_string_append_printf (out, "\"%d \\n\\u00e9 { \\\" \"", n);
      break;
    default:
      g_string_append_c (out, kind == 6 ? '{' : '[');
      for (int i = 0; i < n; i++)
        {
          g_string_append (out, i > 0 ? " , " : " ");
          if (kind == 6)
            g_string_append_printf (out, "\"%d\": ", 10 - i);
          append_random (out, depth - 1);
        }
      g_string_append_c (out, kind == 6 ? '}' : ']');
      break;
    }
}

static void
test_like_json_glib_random (void)
{
  for (guint i = 0; i < 300; i++)
    {
      g_autoptr(GString) text = g_string_new ("[");

      append_random (text, 6);
      g_string_append_c (text, ']');
      assert_like_json_glib (text->str);
    }
}

static void
test_scalars (void)
{
  static const struct {
    const char   *text;
    JsonNodeType  type;
    GType         value_type;
  } scalars[] = {
    { "null", JSON_NODE_NULL, G_TYPE_INVALID },
    { " true ", JSON_NODE_VALUE, G_TYPE_BOOLEAN },
    { "\"x\"", JSON_NODE_VALUE, G_TYPE_STRING },
    { "-17", JSON_NODE_VALUE, G_TYPE_INT64 },
    { "1.0", JSON_NODE_VALUE, G_TYPE_DOUBLE },
    { "1e3", JSON_NODE_VALUE, G_TYPE_DOUBLE },
    { "-0", JSON_NODE_VALUE, G_TYPE_INT64 },
    { "18446744073709551615", JSON_NODE_VALUE, G_TYPE_DOUBLE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (scalars); i++)
    {
      g_autoptr(JsonNode) node = build (scalars[i].text);

      g_assert_cmpint (json_node_get_node_type (node), ==, scalars[i].type);
      if (scalars[i].type == JSON_NODE_VALUE)
        g_assert_true (json_node_get_value_type (node) == scalars[i].value_type);
    }
}

/* Of each length, before other text and as near to its end as can be, with and without what is not plain. */
static void
test_strings (void)
{
  static const char * const tails[] = { "", "\xc3\xa9", "\\n", "\\u00e9" };

  for (gsize length = 0; length < 150; length++)
    for (gsize i = 0; i < G_N_ELEMENTS (tails); i++)
      {
        g_autofree char *letters = g_strnfill (length, 'x');
        g_autofree char *object = g_strdup_printf ("{\"%s%s\":\"%s%s\"}", letters, tails[i], tails[i], letters);
        g_autofree char *array = g_strdup_printf ("[\"%s%s\",\"%s\"]", letters, tails[i], letters);

        assert_like_json_glib (object);
        assert_like_json_glib (array);
      }
}

/* What nodes cannot hold. */
static void
test_beyond_nodes (void)
{
  g_autoptr(JsonNode) node = build ("[18446744073709551615,-9223372036854775809,1e400,-1e400,"
                                    "\"a\\u0000b\",-0]");
  JsonArray *array = json_node_get_array (node);

  g_assert_cmpfloat (json_array_get_double_element (array, 0), ==, 18446744073709551616.0);
  g_assert_cmpfloat (json_array_get_double_element (array, 1), ==, -9223372036854775808.0);
  g_assert_true (isinf (json_array_get_double_element (array, 2)));
  g_assert_true (json_array_get_double_element (array, 3) < 0);
  g_assert_cmpstr (json_array_get_string_element (array, 4), ==, "a\xef\xbf\xbd" "b");
  g_assert_cmpint (json_array_get_int_element (array, 5), ==, 0);
}

static void
test_duplicate_keys (void)
{
  g_autoptr(JsonNode) node = build ("{\"a\":1,\"b\":2,\"\\u0061\":[3]}");
  JsonObject *object = json_node_get_object (node);

  g_assert_cmpuint (json_object_get_size (object), ==, 2);
  g_assert_cmpint (json_array_get_int_element (json_object_get_array_member (object, "a"), 0),
                   ==, 3);
}

/* Those beyond the limit are left out, or it is refused; what comes behind is there. */
static void
test_many_members (void)
{
  g_autoptr(GString) text = g_string_new ("[{");
  g_autoptr(JsonNode) node = NULL;
  g_autoptr(JsonNode) whole = NULL;
  g_autoptr(GError) error = NULL;
  JsonArray *array;

  for (guint i = 0; i < 3 * QMP_JSON_MAX_MEMBERS; i++)
    g_string_append_printf (text, "%s\"k%u\": [%u]", i > 0 ? ", " : "", i, i);
  g_string_append (text, "}, {\"x\": {\"y\": 2}}, 3]");

  node = build (text->str);
  array = json_node_get_array (node);
  g_assert_cmpuint (json_array_get_length (array), ==, 3);
  g_assert_cmpuint (json_object_get_size (json_array_get_object_element (array, 0)), >=, QMP_JSON_MAX_MEMBERS);
  g_assert_cmpuint (json_object_get_size (json_array_get_object_element (array, 0)), <, QMP_JSON_MAX_MEMBERS + 100);
  g_assert_true (json_object_has_member (json_array_get_object_element (array, 1), "x"));
  g_assert_cmpint (json_array_get_int_element (array, 2), ==, 3);

  whole = qmp_json_to_whole_node (text->str, text->len, &error);
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_TOO_LARGE);
  g_assert_null (whole);
}

/* Many small ones are no large one. */
static void
test_many_objects (void)
{
  g_autoptr(GString) text = g_string_new ("[0");
  g_autoptr(JsonNode) whole = NULL;
  g_autoptr(GError) error = NULL;

  for (guint i = 0; i < 5000; i++)
    g_string_append (text, ",{\"a\":1,\"b\":2,\"c\":3}");
  g_string_append_c (text, ']');
  whole = qmp_json_to_whole_node (text->str, text->len, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (json_array_get_length (json_node_get_array (whole)), ==, 5001);
}

static char *
make_array (const char *value,
            guint       n)
{
  GString *text = g_string_new ("[");

  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? "," : "", value);
  g_string_append_c (text, ']');
  return g_string_free (text, FALSE);
}

static void
assert_values (const char *value,
               guint       n_fit) /* in an array, which counts as one */
{
  g_autofree char *fits = make_array (value, n_fit);
  g_autofree char *beyond = make_array (value, n_fit + 10);
  g_autoptr(JsonNode) node = NULL;
  g_autoptr(JsonNode) cut = NULL;
  g_autoptr(GError) error = NULL;

  node = qmp_json_to_whole_node (fits, strlen (fits), &error);
  g_assert_no_error (error);
  g_assert_cmpuint (json_array_get_length (json_node_get_array (node)), ==, n_fit);
  g_assert_null (qmp_json_to_whole_node (beyond, strlen (beyond), &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_TOO_LARGE);
  cut = qmp_json_to_node (beyond, strlen (beyond));
  g_assert_cmpuint (json_array_get_length (json_node_get_array (cut)), >=, n_fit);
  /* The last may be cut itself. */
  g_assert_cmpuint (json_array_get_length (json_node_get_array (cut)), <=, n_fit + 1);
}

/* A short text does not become very many nodes. */
static void
test_many_values (void)
{
  /* Under valgrind each of them takes most of a minute. */
  if (TEST_FEW)
    {
      assert_values ("{}", QMP_JSON_MAX_VALUES / 4);
      return;
    }

  assert_values ("0", QMP_JSON_MAX_VALUES - 1);
  assert_values ("[]", QMP_JSON_MAX_VALUES - 1);
  assert_values ("{}", QMP_JSON_MAX_VALUES / 4);
  assert_values ("{\"a\":[1,2]}", QMP_JSON_MAX_VALUES / 7);
}

/* JsonReader finds its way back by the parents of the nodes. */
static void
test_parents (void)
{
  g_autoptr(JsonNode) node = build ("{\"a\":[1,{\"b\":2}],\"c\":3}");
  g_autoptr(JsonReader) reader = json_reader_new (node);
  JsonNode *a = json_object_get_member (json_node_get_object (node), "a");

  g_assert_true (json_node_get_parent (a) == node);
  g_assert_true (json_node_get_parent (json_array_get_element (json_node_get_array (a), 0)) == a);

  g_assert_true (json_reader_read_member (reader, "a"));
  g_assert_true (json_reader_read_element (reader, 1));
  g_assert_true (json_reader_read_member (reader, "b"));
  g_assert_cmpint (json_reader_get_int_value (reader), ==, 2);
  json_reader_end_member (reader);
  json_reader_end_element (reader);
  json_reader_end_member (reader);
  g_assert_true (json_reader_read_member (reader, "c"));
  g_assert_cmpint (json_reader_get_int_value (reader), ==, 3);
}

static void
test_deep (void)
{
  g_autoptr(GString) text = g_string_new (NULL);
  g_autoptr(JsonNode) node = NULL;
  JsonNode *inner;

  for (guint i = 0; i < 1500; i++)
    g_string_append (text, "[{\"a\":");
  g_string_append (text, "7");
  for (guint i = 0; i < 1500; i++)
    g_string_append (text, "}]");

  node = inner = build (text->str);
  for (guint i = 0; i < 1500; i++)
    inner = json_object_get_member (json_array_get_object_element (json_node_get_array (inner), 0),
                                    "a");
  g_assert_cmpint (json_node_get_int (inner), ==, 7);
}

int
main (int   argc,
      char *argv[])
{
  setlocale (LC_ALL, "");
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/json-node/like-json-glib/cases", test_like_json_glib);
  g_test_add_func ("/json-node/like-json-glib/random", test_like_json_glib_random);
  g_test_add_func ("/json-node/scalars", test_scalars);
  g_test_add_func ("/json-node/strings", test_strings);
  g_test_add_func ("/json-node/beyond-nodes", test_beyond_nodes);
  g_test_add_func ("/json-node/duplicate-keys", test_duplicate_keys);
  g_test_add_func ("/json-node/many-members", test_many_members);
  g_test_add_func ("/json-node/many-objects", test_many_objects);
  g_test_add_func ("/json-node/many-values", test_many_values);
  g_test_add_func ("/json-node/parents", test_parents);
  g_test_add_func ("/json-node/deep", test_deep);

  return g_test_run ();
}
