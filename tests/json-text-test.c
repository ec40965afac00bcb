/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <locale.h>
#include <math.h>
#include <string.h>

#include "qmp-glib/qmp-error.h"
#include "json/qmp-json-reader-private.h"
#include "json/qmp-json-text-private.h"

typedef void (*AppendFunc) (GString    *out,
                            const char *text,
                            gsize       length);

/* Runs on a copy of just the length, so that a memory checker sees each byte read beyond it. */
static char *
append (AppendFunc  func,
        const char *text)
{
  gsize length = strlen (text);
  g_autofree char *copy = g_memdup2 (text, length);
  GString *out = g_string_new ("kept ");

  g_assert_true (qmp_json_check (text, length, 4096, NULL, NULL));
  func (out, copy, length);
  g_assert_true (g_str_has_prefix (out->str, "kept "));
  g_string_erase (out, 0, 5);
  return g_string_free (out, FALSE);
}

static void
assert_slice (QmpJsonSlice  slice,
              const char   *expected)
{
  g_assert_cmpmem (slice.text, slice.length, expected, strlen (expected));
}

/* the cursor */

static void
test_cursor_members (void)
{
  const char *text = " { \"a\" : 1 ,\"b\":\"}\\\"\",\r\n"
                     "\"c\\\\\":{\"x\":[]} , \"\":[ {\"y\":\"]\"} ]"
                     ",\"l\":true}";
  static const char * const expected[][2] = {
    { "\"a\"", "1" },
    { "\"b\"", "\"}\\\"\"" },
    { "\"c\\\\\"", "{\"x\":[]}" },
    { "\"\"", "[ {\"y\":\"]\"} ]" },
    { "\"l\"", "true" },
  };
  QmpJsonCursor cursor;
  QmpJsonSlice key, value;

  qmp_json_cursor_init (&cursor, text, strlen (text));
  for (gsize i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      g_assert_true (qmp_json_cursor_next_member (&cursor, &key, &value));
      assert_slice (key, expected[i][0]);
      assert_slice (value, expected[i][1]);
    }
  g_assert_false (qmp_json_cursor_next_member (&cursor, &key, &value));
  g_assert_false (qmp_json_cursor_next_member (&cursor, &key, &value));
}

static void
test_cursor_elements (void)
{
  const char *text = "[1, \"a,b\" ,[2,[3]],{\"a\":1},null , -1.5e3 ]";
  static const char * const expected[] = {
    "1", "\"a,b\"", "[2,[3]]", "{\"a\":1}", "null", "-1.5e3",
  };
  QmpJsonCursor cursor;
  QmpJsonSlice value;

  qmp_json_cursor_init (&cursor, text, strlen (text));
  for (gsize i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      g_assert_true (qmp_json_cursor_next_element (&cursor, &value));
      assert_slice (value, expected[i]);
    }
  g_assert_false (qmp_json_cursor_next_element (&cursor, &value));
}

static void
test_cursor_empty (void)
{
  static const char * const texts[] = { "{}", " { } ", "[]", "[\n]", "" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      QmpJsonCursor cursor;
      QmpJsonSlice key, value;

      qmp_json_cursor_init (&cursor, texts[i], strlen (texts[i]));
      g_assert_false (qmp_json_cursor_next_element (&cursor, &value));
      g_assert_false (qmp_json_cursor_next_member (&cursor, &key, &value));
    }
}

/* strings */

static void
test_strings (void)
{
  static const struct {
    const char *text;
    const char *plain;
  } strings[] = {
    { "\"\"", "" },
    { "\"abc\"", "abc" },
    { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t" },
    { "\"\\u0041\\u00e9\\u20AC\"", "A\xc3\xa9\xe2\x82\xac" },
    { "\"x\\ud83d\\ude00y\"", "x\xf0\x9f\x98\x80y" },
    { "\"\xc3\xa9\"", "\xc3\xa9" },
    { "\"\\udbff\\udfff\"", "\xf4\x8f\xbf\xbf" },
    { "\"ends\\\\\"", "ends\\" },
    { "\"\\u0069\\u0064\"", "id" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (strings); i++)
    {
      gsize length = strlen (strings[i].text);
      g_autofree char *copy = g_memdup2 (strings[i].text, length);
      g_autofree char *plain = qmp_json_dup_string (copy, length);
      g_autofree char *longer = g_strconcat (strings[i].plain, "x", NULL);

      g_assert_cmpstr (plain, ==, strings[i].plain);
      g_assert_true (qmp_json_string_equal (copy, length, strings[i].plain));
      g_assert_false (qmp_json_string_equal (copy, length, longer));
      g_assert_true (qmp_json_string_equal (copy, length, "abc") == (i == 1));
    }
}

static void
test_strings_nul (void)
{
  g_autofree char *plain = qmp_json_dup_string ("\"a\\u0000b\"", 10);
  g_autoptr(GString) out = g_string_new (NULL);

  g_assert_cmpstr (plain, ==, "a\xef\xbf\xbd" "b");
  g_assert_false (qmp_json_string_equal ("\"a\\u0000b\"", 10, "a"));
  g_assert_false (qmp_json_string_equal ("\"a\\u0000b\"", 10, "a\xef\xbf\xbd" "b"));
  g_assert_true (qmp_json_string_equal ("\"a\\ufffdb\"", 10, "a\xef\xbf\xbd" "b"));

  qmp_json_append_unescaped (out, "\"a\\u0000b\"", 10, NULL);
  g_assert_cmpmem (out->str, out->len, "a\0b", 3);
}

static void
test_strings_escaped (void)
{
  g_autoptr(GString) out = g_string_new (NULL);

  qmp_json_append_escaped (out, "\"\\/\b\f\n\r\t\0\x1f\x7f\xc3\xa9", 13);
  g_assert_cmpstr (out->str, ==, "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\x7f\xc3\xa9\"");
}

static void
test_strings_noncharacter (void)
{
  static const char * const bad[] = {
    "\xef\xb7\x90", "\xef\xb7\xaf", "\xef\xbf\xbe", "\xef\xbf\xbf", "\xf0\x9f\xbf\xbe",
    "\xf4\x8f\xbf\xbf",
  };
  static const char * const good[] = {
    "", "a", "\xef\xb7\x8f", "\xef\xb7\xb0", "\xef\xbf\xbd", "\xf0\x9f\xbf\xbd", "\xf0\x90\x80\x80",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *text = g_strconcat ("\xc3\xa9x", bad[i], "y", NULL);

      g_assert_true (qmp_json_find_noncharacter (text, strlen (text)) == text + 3);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_null (qmp_json_find_noncharacter (good[i], strlen (good[i])));
}

/* numbers */

static void
test_integers (void)
{
  static const struct {
    const char *text;
    gboolean    is_int64;
    gint64      int64;
    gboolean    is_uint64;
    guint64     uint64;
  } integers[] = {
    { "0", TRUE, 0, TRUE, 0 },
    { "-0", TRUE, 0, TRUE, 0 },
    { "7", TRUE, 7, TRUE, 7 },
    { "-1", TRUE, -1, FALSE, 0 },
    { "9223372036854775807", TRUE, G_MAXINT64, TRUE, G_MAXINT64 },
    { "9223372036854775808", FALSE, 0, TRUE, G_GUINT64_CONSTANT (9223372036854775808) },
    { "-9223372036854775808", TRUE, G_MININT64, FALSE, 0 },
    { "-9223372036854775809", FALSE, 0, FALSE, 0 },
    { "9999999999999999999", FALSE, 0, TRUE, G_GUINT64_CONSTANT (9999999999999999999) },
    { "18446744073709551615", FALSE, 0, TRUE, G_MAXUINT64 },
    { "18446744073709551616", FALSE, 0, FALSE, 0 },
    { "99999999999999999999", FALSE, 0, FALSE, 0 },
    { "184467440737095516150", FALSE, 0, FALSE, 0 },
    { "1.0", FALSE, 0, FALSE, 0 },
    { "1e3", FALSE, 0, FALSE, 0 },
    { "1234567890123456789.5", FALSE, 0, FALSE, 0 },
    { "true", FALSE, 0, FALSE, 0 },
    { "\"1\"", FALSE, 0, FALSE, 0 },
    { "[1]", FALSE, 0, FALSE, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (integers); i++)
    {
      gsize length = strlen (integers[i].text);
      g_autofree char *copy = g_memdup2 (integers[i].text, length);
      gint64 int64 = 0;
      guint64 uint64 = 0;

      g_assert_true (qmp_json_get_int64 (copy, length, &int64) == integers[i].is_int64);
      g_assert_cmpint (int64, ==, integers[i].int64);
      g_assert_true (qmp_json_get_uint64 (copy, length, &uint64) == integers[i].is_uint64);
      g_assert_cmpuint (uint64, ==, integers[i].uint64);
    }
}

static void
test_doubles (void)
{
  g_autofree char *long_number = g_strnfill (100, '1');

  g_assert_cmpfloat (qmp_json_get_double ("0.1,2", 3), ==, 0.1);
  g_assert_cmpfloat (qmp_json_get_double ("-2.5e3", 6), ==, -2500);
  g_assert_cmpfloat (qmp_json_get_double (long_number, 63), ==, 1.1111111111111111e62);
  g_assert_cmpfloat (qmp_json_get_double (long_number, 64), ==, 1.1111111111111111e63);
  g_assert_true (isinf (qmp_json_get_double ("-1e400", 6)));
}

/* other forms of a text */

static void
test_compact (void)
{
  static const char * const pairs[][2] = {
    { "{}", "{}" },
    { " { } ", "{}" },
    { "\n[ 1 , 2\t,\r\n3 ] ", "[1,2,3]" },
    { "{ \"a b\" : \" { \\\" } \" , \"c\" : [ true , null ] }",
      "{\"a b\":\" { \\\" } \",\"c\":[true,null]}" },
    { "[1.0, 1e0, \"\\u0041\\/\"]", "[1.0,1e0,\"\\u0041\\/\"]" },
    { " 17 ", "17" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_autofree char *compact = append (qmp_json_append_compact, pairs[i][0]);
      g_autofree char *again = append (qmp_json_append_compact, compact);

      g_assert_cmpstr (compact, ==, pairs[i][1]);
      g_assert_cmpstr (again, ==, compact);
    }
}

static void
test_pretty (void)
{
  static const char * const pairs[][2] = {
    { "{}", "{}" },
    { "[ ]", "[]" },
    { "17", "17" },
    { "{\"a\":1}", "{\n  \"a\": 1\n}" },
    { "[1,2]", "[\n  1,\n  2\n]" },
    { "{\"a\":{},\"b\":[ ],\"c\":[{\"d\":\"x, {y}: \xc3\xa9\"}],\"e\":[[1.0]]}",
      "{\n  \"a\": {},\n  \"b\": [],\n  \"c\": [\n    {\n      \"d\": \"x, {y}: \xc3\xa9\"\n    }\n"
      "  ],\n  \"e\": [\n    [\n      1.0\n    ]\n  ]\n}" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_autofree char *pretty = append (qmp_json_append_pretty, pairs[i][0]);
      g_autofree char *again = append (qmp_json_append_pretty, pretty);
      g_autofree char *compact = append (qmp_json_append_compact, pretty);
      g_autofree char *compact_at_once = append (qmp_json_append_compact, pairs[i][0]);

      g_assert_cmpstr (pretty, ==, pairs[i][1]);
      g_assert_cmpstr (again, ==, pretty);
      g_assert_cmpstr (compact, ==, compact_at_once);
    }
}

static void
test_canonical (void)
{
  static const char * const pairs[][2] = {
    { "{\"b\":1,\"a\":2}", "{\"a\":2,\"b\":1}" },
    { "{\"a\":1,\"a\":2}", "{\"a\":2}" },
    { "{\"b\":0,\"a\":1,\"a\":2,\"a\":3}", "{\"a\":3,\"b\":0}" },
    { "{\"a\":1,\"\\u0061\":2}", "{\"a\":2}" },
    { "{\"\":1,\"ab\":2,\"a\":3,\"a\\u0000\":4,\"B\":5}",
      "{\"\":1,\"B\":5,\"a\":3,\"a\\u0000\":4,\"ab\":2}" },
    { "{\"z\":{\"b\":[{\"d\":1,\"c\":2}],\"a\":{}},\"y\":[ ]}",
      "{\"y\":[],\"z\":{\"a\":{},\"b\":[{\"c\":2,\"d\":1}]}}" },
    { "\"\\u0041\\/\\u00e9\\ud83d\\ude00\\u000a\\u0001\\u0000\"",
      "\"A/\xc3\xa9\xf0\x9f\x98\x80\\n\\u0001\\u0000\"" },
    { "\"\\ufffd\"", "\"\xef\xbf\xbd\"" },
    { "[0, -0, 1, 1.0, 1e0, 10e-1, -1.0, 0.0, -0.0]", "[0,0,1,1,1,1,-1,0,0]" },
    { "[0.1, 1e-1, 0.10, 1.5e3, 1E+2]", "[0.1,0.1,0.1,1500,100]" },
    { "[18446744073709551615, 9007199254740993]", "[18446744073709551615,9007199254740993]" },
    { "[9007199254740991.0, 1e20, 1e-7, 1e400, -1e400]",
      "[9007199254740991,1e20,1e-7,1e400,-1e400]" },
    { " [ true , false , null ] ", "[true,false,null]" },
    { "[ ]", "[]" },
    { " 17 ", "17" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_autofree char *canonical = append (qmp_json_append_canonical, pairs[i][0]);
      g_autofree char *again = append (qmp_json_append_canonical, canonical);

      g_assert_cmpstr (canonical, ==, pairs[i][1]);
      g_assert_cmpstr (again, ==, canonical);
    }
}

static char *
make_nested (gsize       depth,
             const char *open,
             const char *close)
{
  GString *out = g_string_new (NULL);

  for (gsize i = 0; i < depth; i++)
    g_string_append (out, open);
  g_string_append (out, "0");
  for (gsize i = 0; i < depth; i++)
    g_string_append (out, close);
  return g_string_free (out, FALSE);
}

static void
test_deep (void)
{
  g_autofree char *text = make_nested (2000, "{\"b\":1,\"a\":[", "]}");
  g_autofree char *compact = append (qmp_json_append_compact, text);
  g_autofree char *canonical = append (qmp_json_append_canonical, text);
  g_autofree char *pretty = append (qmp_json_append_pretty, text);
  g_autofree char *from_pretty = append (qmp_json_append_canonical, pretty);

  g_assert_cmpstr (compact, ==, text);
  g_assert_cmpuint (strlen (canonical), ==, strlen (text));
  g_assert_cmpstr (from_pretty, ==, canonical);
}

/* what QEMU takes */

static void
assert_sendable (const char *text,
                 int         offset) /* of what is refused; -1: nothing */
{
  gsize length = strlen (text);
  g_autofree char *copy = g_memdup2 (text, length);
  g_autoptr(GError) error = NULL;
  gboolean sendable = qmp_json_check_sendable (copy, length, &error);

  g_test_message ("%.60s", text);
  g_assert_true (qmp_json_check (text, length, 5000, NULL, NULL));
  if (offset < 0)
    {
      g_assert_no_error (error);
      g_assert_true (sendable);
      return;
    }

  g_assert_false (sendable);
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
  g_assert_cmpint (qmp_protocol_error_get_offset (error), ==, offset);
  g_assert_false (qmp_json_check_sendable (copy, length, NULL));
}

static void
test_sendable (void)
{
  assert_sendable ("{}", -1);
  assert_sendable ("17", -1);
  assert_sendable (" { \"a\" : [ 1 , \"a\" , \"a\" ] , \"b\" : { \"a\" : 1 } } ", -1);
  assert_sendable ("{\"a\":\"b\",\"b\":\"a\"}", -1);
  assert_sendable ("[{\"a\":1},{\"a\":1}]", -1);
  assert_sendable ("{\"a\":1,\"A\":1,\"\":1,\"aa\":1,\"a\\u0000\":1}", -1);
  assert_sendable ("{\"a\\u0000\":1,\"\\u0061\":1}", -1);
  assert_sendable ("[18446744073709551616,1e308,-1e308,1e-400,0.1]", -1);
  assert_sendable ("[\"\\ufffd \\u0000 \\ud83d\\ude00 \\ufdcf \\ufdf0 \xef\xbf\xbd\"]", -1);

  assert_sendable ("{\"a\":1,\"a\":2}", 7);
  assert_sendable ("{\"a\":1,\"\\u0061\":2}", 7);
  assert_sendable ("{\"a\\u0000\":1,\"a\\u0000\":2}", 13);
  assert_sendable ("[1,{\"x\":[{\"b\":1,\"a\":{\"b\":1},\"b\":0}]}]", 28);
  assert_sendable ("{\"a\":{\"a\":1,\"b\":2},\"c\":0,\"a\":3}", 25);
  assert_sendable ("[1e400]", 1);
  assert_sendable ("-1e309", 0);
  assert_sendable ("[0.0e5,-0.0E1,10e0,0,-0]", -1);
  assert_sendable ("0e5", 0);
  assert_sendable ("[1,-0E1]", 3);
  assert_sendable ("{\"a\":0e+0}", 5);
  assert_sendable ("[\"x\",\"\\ufffe\"]", 5);
  assert_sendable ("[\"\\uffff\"]", 1);
  assert_sendable ("[\"\\ufdd0\"]", 1);
  assert_sendable ("[\"\\ufdef\"]", 1);
  assert_sendable ("[\"\\ud83f\\udffe\"]", 1);
  assert_sendable ("[\"\xef\xbf\xbe\"]", 1);
  assert_sendable ("[\"\xef\xb7\x90\"]", 1);
  assert_sendable ("{\"\xf0\x9f\xbf\xbf\":1}", 1);
}

static void
test_sendable_depth (void)
{
  g_autofree char *fits = make_nested (1024, "[", "]");
  g_autofree char *too_deep = make_nested (1025, "[", "]");
  g_autofree char *objects = make_nested (1025, "{\"a\":", "}");

  assert_sendable (fits, -1);
  assert_sendable (too_deep, 1024);
  assert_sendable (objects, 1024 * 5);
}

/* Were each key compared with each other one, this would take minutes. */
static void
test_sendable_many_keys (void)
{
  g_autoptr(GString) text = g_string_new ("{");
  int last;

  for (guint i = 0; i < 200000; i++)
    g_string_append_printf (text, "\"key%u\":0,", i * 7919 % 200000);
  last = text->len;
  g_string_append (text, "\"key\":0}");
  assert_sendable (text->str, -1);

  g_string_truncate (text, last);
  g_string_append (text, "\"key77\":0}");
  assert_sendable (text->str, last);
}

/* The example of the paper on SipHash: the bytes 0, 1, 2 and so on, as key and as text. */
static void
test_hash (void)
{
  const guint64 key[2] = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };
  guint8 bytes[15];

  for (guint i = 0; i < sizeof bytes; i++)
    bytes[i] = i;
  g_assert_cmphex (qmp_json_hash_bytes (key, bytes, sizeof bytes), ==, 0xa129ca6149be45e5);
  g_assert_cmphex (qmp_json_hash_bytes (key, bytes, 0), ==, 0x726fdb47dd0e0e31);

  g_assert_cmpuint (qmp_json_hash_name ("status"), ==, qmp_json_hash_name ("status"));
  /* These are one to g_str_hash(). */
  g_assert_cmpuint (g_str_hash ("AzAzAz"), ==, g_str_hash ("BYBYBY"));
  g_assert_cmpuint (qmp_json_hash_name ("AzAzAz"), !=, qmp_json_hash_name ("BYBYBY"));
}

int
main (int   argc,
      char *argv[])
{
  setlocale (LC_ALL, "");
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/json-text/cursor/members", test_cursor_members);
  g_test_add_func ("/json-text/cursor/elements", test_cursor_elements);
  g_test_add_func ("/json-text/cursor/empty", test_cursor_empty);
  g_test_add_func ("/json-text/string/plain", test_strings);
  g_test_add_func ("/json-text/string/nul", test_strings_nul);
  g_test_add_func ("/json-text/string/escaped", test_strings_escaped);
  g_test_add_func ("/json-text/string/noncharacter", test_strings_noncharacter);
  g_test_add_func ("/json-text/number/integers", test_integers);
  g_test_add_func ("/json-text/number/doubles", test_doubles);
  g_test_add_func ("/json-text/form/compact", test_compact);
  g_test_add_func ("/json-text/form/pretty", test_pretty);
  g_test_add_func ("/json-text/form/canonical", test_canonical);
  g_test_add_func ("/json-text/form/deep", test_deep);
  g_test_add_func ("/json-text/hash", test_hash);
  g_test_add_func ("/json-text/sendable/cases", test_sendable);
  g_test_add_func ("/json-text/sendable/depth", test_sendable_depth);
  g_test_add_func ("/json-text/sendable/many-keys", test_sendable_many_keys);

  return g_test_run ();
}
