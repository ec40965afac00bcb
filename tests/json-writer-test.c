/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <string.h>

#include "qmp-glib/qmp-error.h"
#include "json/qmp-json-node-private.h"
#include "json/qmp-json-reader-private.h"
#include "json/qmp-json-writer-private.h"

static gboolean
append_format (GString     *out,
               GError     **error,
               const char  *format,
               ...)
{
  va_list arguments;
  gboolean success;

  va_start (arguments, format);
  success = qmp_json_append_format (out, error, format, &arguments);
  va_end (arguments);
  return success;
}

#define assert_format(expected, ...)                                 \
  G_STMT_START {                                                     \
    g_autoptr(GString) format_out = g_string_new ("kept ");          \
    g_autoptr(GError) format_error = NULL;                           \
    gboolean format_success =                                        \
      append_format (format_out, &format_error, __VA_ARGS__);        \
                                                                     \
    g_assert_no_error (format_error);                                \
    g_assert_true (format_success);                                  \
    g_assert_cmpstr (format_out->str, ==, "kept " expected);         \
  } G_STMT_END

#define assert_format_fails(...)                                     \
  G_STMT_START {                                                     \
    g_autoptr(GString) format_out = g_string_new ("kept");           \
    g_autoptr(GError) format_error = NULL;                           \
                                                                     \
    g_assert_false (append_format (format_out, &format_error,        \
                                   __VA_ARGS__));                    \
    g_assert_error (format_error, QMP_PROTOCOL_ERROR,                \
                    QMP_PROTOCOL_ERROR_SERIALIZATION);               \
    g_assert_cmpstr (format_out->str, ==, "kept");                   \
    g_assert_false (append_format (format_out, NULL, __VA_ARGS__));  \
  } G_STMT_END

/* strings */

static void
assert_string (const char *string,
               gssize      length,
               const char *expected)
{
  g_autoptr(GString) out = g_string_new (NULL);
  g_autoptr(GError) error = NULL;

  g_assert_true (qmp_json_append_string (out, string, length, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (out->str, ==, expected);
  g_assert_true (qmp_json_check (out->str, out->len, 1, NULL, NULL));
}

static void
assert_string_fails (const char *string,
                     gssize      length,
                     int         offset)
{
  g_autoptr(GString) out = g_string_new ("kept");
  g_autoptr(GError) error = NULL;

  g_assert_false (qmp_json_append_string (out, string, length, &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
  g_assert_cmpint (qmp_protocol_error_get_offset (error), ==, offset);
  g_assert_cmpstr (out->str, ==, "kept");
}

static void
test_string (void)
{
  assert_string ("", -1, "\"\"");
  assert_string ("abc", -1, "\"abc\"");
  assert_string ("abc", 2, "\"ab\"");
  assert_string ("\"\\/\b\f\n\r\t\x01\x7f", -1, "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\x7f\"");
  assert_string ("a\0b\0", 4, "\"a\\u0000b\\u0000\"");
  assert_string ("\xc3\xa9\xf0\x9f\x98\x80", -1, "\"\xc3\xa9\xf0\x9f\x98\x80\"");
  assert_string ("\xef\xbf\xbd", -1, "\"\xef\xbf\xbd\"");

  assert_string_fails ("ab\xff", -1, 2);
  assert_string_fails ("\xc3", -1, 0);
  assert_string_fails ("x\xc3\xa9", 2, 1);
  assert_string_fails ("a\0b\xc0\x80", 5, 3);
  assert_string_fails ("\xed\xa0\x80", -1, 0);
  assert_string_fails ("x\xef\xbf\xbe", -1, 1);
  assert_string_fails ("\xef\xb7\x90", -1, 0);
  assert_string_fails ("\xf4\x8f\xbf\xbf", -1, 0);
}

/* numbers */

static void
test_integers (void)
{
  g_autoptr(GString) out = g_string_new (NULL);

  qmp_json_append_int64 (out, G_MININT64);
  g_string_append_c (out, ' ');
  qmp_json_append_int64 (out, G_MAXINT64);
  g_string_append_c (out, ' ');
  qmp_json_append_uint64 (out, G_MAXUINT64);
  g_assert_cmpstr (out->str, ==,
                   "-9223372036854775808 9223372036854775807 18446744073709551615");
}

static void
test_doubles (void)
{
  static const struct {
    double      value;
    const char *text;
  } doubles[] = {
    { 0.0, "0.0" },       { -0.0, "-0.0" },   { 1.0, "1.0" },         { -1.0, "-1.0" },
    { 0.1, "0.1" },       { 100.0, "100.0" }, { 1234567.5, "1234567.5" },
    { 1e15, "1e15" },     { 1e20, "1e20" },   { 123456789012345.0, "123456789012345.0" },
    { 1e-5, "1e-5" },     { 0.001, "0.001" }, { 1.0 / 3, "0.3333333333333333" },
    { 1e100, "1e100" },   { -2.5e-8, "-2.5e-8" },
    { 5e-324, "5e-324" }, { DBL_MAX, "1.7976931348623157e308" },
    { 9007199254740994.0, "9007199254740994.0" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (doubles); i++)
    {
      g_autoptr(GString) out = g_string_new (NULL);

      g_assert_true (qmp_json_append_double (out, doubles[i].value, NULL));
      g_assert_cmpstr (out->str, ==, doubles[i].text);
      g_assert_true (qmp_json_check (out->str, out->len, 0, NULL, NULL));
      g_assert_nonnull (strpbrk (out->str, ".e"));
      g_assert_cmpfloat (g_ascii_strtod (out->str, NULL), ==, doubles[i].value);
    }
}

static void
test_doubles_random (void)
{
  for (guint i = 0; i < 5000; i++)
    {
      g_autoptr(GString) out = g_string_new (NULL);
      union { guint64 bits; double value; } random = {
        .bits = (guint64) (guint32) g_test_rand_int () << 32 | (guint32) g_test_rand_int (),
      };

      if (!isfinite (random.value))
        continue;
      g_assert_true (qmp_json_append_double (out, random.value, NULL));
      g_assert_true (qmp_json_check (out->str, out->len, 0, NULL, NULL));
      g_assert_nonnull (strpbrk (out->str, ".e"));
      g_assert_cmpfloat (g_ascii_strtod (out->str, NULL), ==, random.value);
    }
}

static void
test_doubles_not_finite (void)
{
  const double values[] = { INFINITY, -INFINITY, NAN };

  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    {
      g_autoptr(GString) out = g_string_new ("kept");
      g_autoptr(GError) error = NULL;

      g_assert_false (qmp_json_append_double (out, values[i], &error));
      g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
      g_assert_cmpstr (out->str, ==, "kept");
    }
}

/* A locale with a decimal comma changes nothing. */
static void
test_doubles_locale (void)
{
  g_autofree char *old = g_strdup (setlocale (LC_NUMERIC, NULL));

  if (setlocale (LC_NUMERIC, "de_DE.UTF-8") == NULL)
    {
      g_test_skip ("no locale de_DE.UTF-8");
      return;
    }
  test_doubles ();
  assert_format ("[0.5]", "[%d]", 0.5);
  setlocale (LC_NUMERIC, old);
}

/* nodes */

static void
test_node_round_trip (void)
{
  static const char * const texts[] = {
    "{}", "[]", "null", "true", "17", "\"x\"", "[[],{}]", "{\"z\":1,\"a\":[true,false,null]}",
    "[0.1,1.0,-9223372036854775808,1e100]", "{\"a\\\"b\":\"\\n\\u0001\xc3\xa9\"}",
    "{\"\":{\"x\":[{\"y\":\"\"}]}}",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr(JsonNode) node = qmp_json_to_node (texts[i], strlen (texts[i]));
      g_autoptr(GString) out = g_string_new (NULL);

      g_assert_true (qmp_json_append_node (out, node, NULL));
      g_assert_cmpstr (out->str, ==, texts[i]);
    }
}

static void
assert_node_fails (JsonNode *value)
{
  g_autoptr(JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  g_autoptr(GString) out = g_string_new ("kept");
  g_autoptr(GError) error = NULL;
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "first", 1);
  json_object_set_member (object, "second", value);
  json_node_take_object (node, object);

  g_assert_false (qmp_json_append_node (out, node, &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
  g_assert_cmpstr (out->str, ==, "kept");
}

static void
test_node_refused (void)
{
  JsonObject *object = json_object_new ();

  assert_node_fails (json_node_init_string (json_node_alloc (), "\xff"));
  assert_node_fails (json_node_init_string (json_node_alloc (), "\xef\xbf\xbf"));
  assert_node_fails (json_node_init_double (json_node_alloc (), NAN));
  json_object_set_null_member (object, "\xff");
  assert_node_fails (json_node_init_object (json_node_alloc (), object));
  json_object_unref (object);
}

/* Nodes that nobody gave a value. */
static void
test_node_unset (void)
{
  g_autoptr(JsonNode) node = json_node_init_string (json_node_alloc (), NULL);
  g_autoptr(JsonNode) value = json_node_new (JSON_NODE_VALUE);
  g_autoptr(GString) out = g_string_new (NULL);

  g_assert_true (qmp_json_append_node (out, node, NULL));
  g_assert_true (qmp_json_append_node (out, value, NULL));
  g_assert_cmpstr (out->str, ==, "nullnull");
}

static JsonNode *
make_nested (guint depth)
{
  g_autofree char *open = g_strnfill (depth, '[');
  g_autofree char *close = g_strnfill (depth, ']');
  g_autofree char *text = g_strconcat (open, close, NULL);

  return qmp_json_to_node (text, 2 * depth);
}

static void
test_node_depth (void)
{
  g_autoptr(JsonNode) fits = make_nested (1024);
  g_autoptr(JsonNode) too_deep = make_nested (1025);
  g_autoptr(GString) out = g_string_new (NULL);
  g_autoptr(GError) error = NULL;

  g_assert_true (qmp_json_append_node (out, fits, NULL));
  g_assert_cmpuint (out->len, ==, 2048);
  g_assert_false (qmp_json_append_node (out, too_deep, &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
  g_assert_cmpuint (out->len, ==, 2048);
}

/* formats */

static void
test_format (void)
{
  g_autoptr(JsonNode) node = qmp_json_to_node ("{\"n\":[1,2]}", 11);

  assert_format ("{}", "{}");
  assert_format ("{}", " { } ");
  assert_format ("[1,\"x\",null,true]", "[ 1, 'x', null, true ]");
  assert_format ("{\"a\":\"b\"}", "{'a': 'b'}");
  assert_format ("{\"a\":\"b\"}", "{\"a\": \"b\"}");
  assert_format ("{\"it's\":1}", "{\"it's\": 1}");
  assert_format ("{\"it's\":1}", "{'it\\'s': 1}");
  assert_format ("{\"a\\\"b\":1}", "{'a\"b': 1}");
  assert_format ("{\"a\\\"b\\\\\":1}", "{'a\\\"b\\\\': 1}");
  assert_format ("[\"100%\",\"%s\",\"%\"]", "['100%', \"%s\", '%']");
  assert_format ("[true,false,true]", "[%b,%b,%b]", TRUE, FALSE, 17);
  assert_format ("[-1,4294967295]", "[%i, %u]", -1, G_MAXUINT);
  assert_format ("[-9223372036854775808,18446744073709551615]", "[%x,%t]", G_MININT64, G_MAXUINT64);
  assert_format ("[1.0,0.1]", "[%d,%d]", 1.0, 0.1);
  assert_format ("{\"s\":\"a\\\"b\",\"n\":null}", "{'s': %s, 'n': %s}", "a\"b", NULL);
  assert_format ("\"%s'\"", "%s", "%s'");
  assert_format ("[{\"n\":[1,2]},null]", "[%v,%v]", node, NULL);
  assert_format ("[{\"a\":1},\"x y\",null]", "[%j, %j,%j]", " { \"a\" : 1 } ", "\"x y\"", NULL);
  assert_format ("{\"driver\":\"qcow2\",\"size\":1073741824,\"opts\":{\"a\":[1,true]}}",
                 "{'driver': %s, 'size': %t, 'opts': {'a': [%i, %b]}}",
                 "qcow2", G_GUINT64_CONSTANT (1073741824), 1, TRUE);
}

static void
test_format_bad_values (void)
{
  g_autoptr(JsonNode) deep = make_nested (1024);

  assert_format_fails ("{'a': %s}", "\xff");
  assert_format_fails ("{'a': %s}", "\xef\xbf\xbf");
  assert_format_fails ("{'a': %d}", (double) INFINITY);
  assert_format_fails ("{'a': %j}", "{");
  assert_format_fails ("{'a': %j}", "");
  assert_format_fails ("{'a': %j}", "1,2");
  assert_format_fails ("{'a': %j}", "{\"x\":1,\"x\":2}");
  assert_format_fails ("{'a': %j}", "\"\\ufffe\"");
  assert_format_fails ("{'a': %v}", deep);
  assert_format_fails ("{'a': 1, 'b': %i, 'a': 2}", 1);
  assert_format_fails ("['\\uffff']");
  assert_format ("{\"a\":1}", "{'a': %i}", 1);
}

static void
test_format_wrong (void)
{
  static const char * const formats[] = {
    "", " ", "{", "}", "{'a'}", "{'a': }", "{'a': 1,}", "[1 2]", "{a: 1}", "'x", "\"x", "['x\\",
    "['x\\']", "%", "%q", "[%]", "[%%]", "%ld", "{%s: 1}", "{%s}", "[1%i]", "[%i%i]", "[%i0]",
    "[-%i]", "[x%s]", "['\n']", "['\\q']", "['\xff']", "[01]", "[%s", "{'a': %S}",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    {
      g_autoptr(GString) out = g_string_new ("kept");
      g_autoptr(GError) error = NULL;

      g_test_expect_message ("Qmp", G_LOG_LEVEL_CRITICAL, "Wrong format *");
      g_assert_false (append_format (out, &error, formats[i], 1, 1, 1));
      g_test_assert_expected_messages ();
      g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
      g_assert_cmpstr (out->str, ==, "kept");
    }
}

int
main (int   argc,
      char *argv[])
{
  setlocale (LC_ALL, "");
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/json-writer/string", test_string);
  g_test_add_func ("/json-writer/number/integers", test_integers);
  g_test_add_func ("/json-writer/number/doubles", test_doubles);
  g_test_add_func ("/json-writer/number/random", test_doubles_random);
  g_test_add_func ("/json-writer/number/not-finite", test_doubles_not_finite);
  g_test_add_func ("/json-writer/number/locale", test_doubles_locale);
  g_test_add_func ("/json-writer/node/round-trip", test_node_round_trip);
  g_test_add_func ("/json-writer/node/refused", test_node_refused);
  g_test_add_func ("/json-writer/node/unset", test_node_unset);
  g_test_add_func ("/json-writer/node/depth", test_node_depth);
  g_test_add_func ("/json-writer/format/values", test_format);
  g_test_add_func ("/json-writer/format/bad-values", test_format_bad_values);
  g_test_add_func ("/json-writer/format/wrong", test_format_wrong);

  return g_test_run ();
}
