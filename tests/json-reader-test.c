/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <locale.h>
#include <string.h>

#include "json/qmp-json-scan-private.h"
#include "test-json-reader.h"
#include "test-utils.h"

/* helpers */

/* All frames of a stream that comes in chunks; chunk 0: of random sizes. */
static char *
read_in_chunks (const char *stream,
                gsize       length,
                gsize       chunk)
{
  g_autoptr(QmpJsonReader) reader = qmp_json_reader_new (MAX_SIZE, MAX_DEPTH);
  g_autoptr(GString) out = g_string_new (NULL);
  QmpJsonReaderResult result;
  QmpJsonFrame frame;

  for (gsize done = 0; done < length;)
    {
      gsize size = chunk > 0 ? chunk : (gsize) g_test_rand_int_range (1, 40);

      size = MIN (size, length - done);
      test_reader_feed (reader, stream + done, size);
      done += size;
      test_reader_collect (reader, out);
    }

  result = qmp_json_reader_finish (reader, &frame);
  test_frame_describe (out, result, &frame);
  return g_string_free (g_steal_pointer (&out), FALSE);
}

/* The size and shape of QEMU's answer to query-qmp-schema. */
static char *
make_schema_reply (void)
{
  GString *out = g_string_new ("{\"return\": [");

  for (guint i = 0; out->len < 200 * 1024; i++)
    g_string_append_printf (out,
                            "%s{\"name\": \"%u\", \"members\": [{\"name\": \"node-name\", "
                            "\"default\": null, \"type\": \"str\"}, {\"name\": \"size\", "
                            "\"type\": \"int\"}], \"meta-type\": \"object\"}",
                            i > 0 ? ", " : "", i);
  g_string_append (out, "], \"id\": 17}\r\n");
  return g_string_free (out, FALSE);
}

static char *
make_nested (gsize depth,
             char  open,
             char  close)
{
  GString *out = g_string_new (NULL);

  for (gsize i = 0; i < depth; i++)
    {
      if (open == '{' && i > 0)
        g_string_append (out, "\"a\":");
      g_string_append_c (out, open);
    }
  for (gsize i = 0; i < depth; i++)
    g_string_append_c (out, close);
  return g_string_free (out, FALSE);
}

/* the scan for plain bytes */

static void
test_scan (void)
{
  static const guint8 specials[] = { '"', '\\', 0x00, 0x1f, 0x80, 0xff, '\n' };
  static const guint8 plains[] = { ' ', '!', '#', '[', ']', 0x7f, 'a' };
  guint8 area[16 + 64 + 16];

  for (gsize start = 0; start < 16; start++)
    for (gsize length = 0; length <= 64; length++)
      for (gsize at = 0; at <= length; at++)
        {
          const guint8 *p = area + start;

          memset (area, '"', sizeof area);
          memset (area + start, plains[at % G_N_ELEMENTS (plains)], length);
          if (at < length)
            area[start + at] = specials[(at + length) % G_N_ELEMENTS (specials)];

          g_assert_true (qmp_json_scan_plain_bytewise (p, p + length) == p + at);
          g_assert_true (qmp_json_scan_plain (p, p + length) == p + at);
        }
}

static void
test_scan_each_byte (void)
{
  for (guint byte = 0; byte < 256; byte++)
    {
      guint8 area[16];
      gboolean special = byte == '"' || byte == '\\' || byte < 0x20 || byte >= 0x80;

      memset (area, 'x', sizeof area);
      area[5] = byte;
      g_assert_true (qmp_json_scan_plain (area, area + 16) == area + (special ? 5 : 16));
      g_assert_true (qmp_json_scan_plain_bytewise (area, area + 16) == area + (special ? 5 : 16));
    }
}

#if QMP_JSON_HAS_BLOCKS
static void
test_scan_block (void)
{
  for (guint byte = 0; byte < 256; byte++)
    for (guint at = 0; at < QMP_JSON_BLOCK; at++)
      {
        guint8 area[QMP_JSON_BLOCK];
        const guint8 *special;

        memset (area, 'x', sizeof area);
        area[at] = byte;
        special = qmp_json_scan_plain_bytewise (area, area + sizeof area);
        g_assert_cmpuint (qmp_json_scan_block (area), ==,
                          special < area + sizeof area ? G_GUINT64_CONSTANT (1) << at : 0);
      }
}
#endif

/* validation */

typedef struct {
  const char *text;
  gsize       length;
  int         offset; /* of the fault; -1: none */
} Case;

#define YES(text) { text, sizeof text - 1, -1 }
#define NO(text, offset) { text, sizeof text - 1, offset }

static const Case cases[] = {
  /* values of every kind, white space around them */
  YES ("null"), YES ("true"), YES ("false"), YES (" \t\r\n null \t\r\n "),
  YES ("{}"), YES ("[]"), YES (" { } "), YES ("[ ]"), YES ("\"\""), YES ("\"x\""),
  YES ("[[]]"), YES ("[[],[]]"), YES ("[{}]"), YES ("{\"a\":{}}"), YES ("{\"\":0}"),
  YES ("[1,2 ,3, 4 , 5]"), YES ("{\"a\":1,\"b\":2}"), YES ("{ \"a\" : 1 , \"b\" : [ ] }"),
  YES ("{\"a\":1,\"a\":2}"), YES ("{\"a\":\"}\"}"), YES ("[\"]\"]"), YES ("[true,false,null]"),
  YES ("{\r\n    \"a\":\t1\r\n}"), YES ("[\n1\n,\n2\n]"),
  NO ("", 0), NO (" ", 1), NO ("nul", 0), NO ("nulll", 0), NO ("True", 0), NO ("NULL", 0),
  NO ("tru", 0), NO ("truefalse", 0), NO ("null null", 5), NO ("{} {}", 3), NO ("{}{}", 2),
  NO ("[]]", 2), NO ("1 2", 2), NO ("1,", 1), NO (",", 0), NO (":", 0), NO ("}", 0), NO ("]", 0),
  NO ("[", 1), NO ("{", 1), NO ("[1", 2), NO ("[1,", 3), NO ("{\"a\"", 4), NO ("{\"a\":", 5),
  NO ("{\"a\":1", 6), NO ("{\"a\":1,", 7), NO ("[,1]", 1), NO ("[1,]", 3), NO ("[1,,2]", 3),
  NO ("[1 2]", 3), NO ("[1:2]", 2), NO ("[1}", 2), NO ("{\"a\":1]", 6), NO ("{,}", 1),
  NO ("{\"a\":1,}", 7), NO ("{\"a\"}", 4), NO ("{\"a\",1}", 4), NO ("{\"a\":}", 5),
  NO ("{\"a\"::1}", 5), NO ("{\"a\" 1}", 5), NO ("{\"a\":1 \"b\":2}", 7), NO ("{1:2}", 1),
  NO ("{a:1}", 1), NO ("{null:1}", 1), NO ("{[]:1}", 1), NO ("{'a':1}", 1), NO ("['a']", 1),
  NO ("[1]x", 3), NO ("\xef\xbb\xbf{}", 0), NO ("[\0]", 1), NO ("\0", 0), NO ("[]\0", 2),
  NO ("[\f]", 1), NO ("[\v]", 1), NO ("[\xc2\xa0]", 1), NO ("[\xff]", 1), NO ("\xff", 0),
  NO ("[1]//", 3), NO ("[/* */1]", 1), NO ("[1/**/]", 2), NO ("[#\n]", 1), NO ("[@]", 1),
  NO ("[undefined]", 1), NO ("[(1)]", 1), NO ("{\"a\":a_b}", 5), NO ("[_]", 1), NO ("[$]", 1),

  /* numbers */
  YES ("0"), YES ("-0"), YES ("1"), YES ("-1"), YES ("10"), YES ("1234567890"), YES ("0.0"),
  YES ("-0.0"), YES ("0.1"), YES ("1.5e3"), YES ("1e3"), YES ("1E3"), YES ("1e+3"), YES ("1e-3"),
  YES ("0e0"), YES ("1e0000"), YES ("1e400"), YES ("-1e400"), YES ("1e-400"),
  YES ("18446744073709551615"), YES ("-9223372036854775808"),
  YES ("123456789012345678901234567890"), YES ("[0.1,1e400]"), YES ("3.14159"),
  NO ("00", 0), NO ("01", 0), NO ("-01", 0), NO ("1.", 0), NO (".5", 0), NO ("-", 0), NO ("--1", 0),
  NO ("+1", 0), NO ("1.e3", 0), NO ("1e", 0), NO ("1e+", 0), NO ("1e1.5", 0), NO ("1.2.3", 0),
  NO ("1-2", 0), NO ("0x10", 0), NO ("1f", 0), NO ("-.5", 0), NO ("-x", 0), NO ("inf", 0),
  NO ("-inf", 0), NO ("nan", 0), NO ("-nan", 0), NO ("NaN", 0), NO ("Infinity", 0),
  NO ("-Infinity", 0), NO ("1,5", 1), NO ("[01]", 1), NO ("[1.]", 1), NO ("[-]", 1), NO ("1e5e", 0),
  NO ("1_000", 1), NO ("0.e1", 0), NO ("- 1", 0),

  /* strings */
  YES ("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), YES ("\"\\u0000\""), YES ("\"\\u0041\""),
  YES ("\"\\uabCD\""), YES ("\"\\ud83d\\ude00\""), YES ("\"\\uD83D\\uDE00\""), YES ("\"\\ufffe\""),
  YES ("\"\\uffff\""), YES ("\"\x7f\""), YES ("\"\xc3\xa9\""), YES ("\"\xe2\x82\xac\""),
  YES ("\"\xf0\x9f\x98\x80\""), YES ("\"\xef\xbf\xbe\""), YES ("\"\xf4\x8f\xbf\xbf\""),
  YES ("\"\xed\x9f\xbf\""), YES ("\"\xee\x80\x80\""), YES ("\"//\""), YES ("\"/**/\""),
  YES ("{\"\\u0065vent\":1}"), YES ("\"0123456789abcdef0123456789abcdef\\n\""),
  NO ("\"", 1), NO ("\"x", 2), NO ("\"\\", 2), NO ("\"\\\"", 3), NO ("\"\\u", 3), NO ("\"\\u12", 5),
  NO ("\"\\ud83d", 7), NO ("\"\\ud83d\\u", 9), NO ("\"\xe2\x82", 3), NO ("'x'", 0),
  NO ("\"\n\"", 1), NO ("\"\t\"", 1), NO ("\"\0\"", 1), NO ("\"\x1f\"", 1), NO ("\"abc\r\"", 4),
  NO ("\"\\x41\"", 1), NO ("\"\\a\"", 1), NO ("\"\\'\"", 1), NO ("\"\\0\"", 1),
  NO ("\"\\U0041\"", 1),
  NO ("\"\\\n\"", 1), NO ("\"\\u12g4\"", 1), NO ("\"\\u 123\"", 1), NO ("\"\\u123\"", 1),
  NO ("\"\\u\"", 1), NO ("\"ab\\ud83d\"", 3), NO ("\"\\ud83dx\"", 1), NO ("\"\\ud83d\\n\"", 1),
  NO ("\"\\ud83d\\u0041\"", 1), NO ("\"\\ud83d\\ud83d\"", 1), NO ("\"\\ude00\"", 1),
  NO ("\"\\ude00\\ud83d\"", 1), NO ("\"\\ud83d\\ude0\"", 1), NO ("\"\\ud83d\\u00zz\"", 1),
  NO ("\"\\ud83d\\ue000\"", 1), NO ("\"\\ud83d\\udbff\"", 1),
  NO ("\"\x80\"", 1), NO ("\"\xbf\"", 1), NO ("\"\xc0\x80\"", 1), NO ("\"\xc1\xbf\"", 1),
  NO ("\"\xc3\"", 1), NO ("\"\xc3\x28\"", 1), NO ("\"\xe0\x80\x80\"", 1),
  NO ("\"\xe0\x9f\xbf\"", 1),
  NO ("\"\xed\xa0\x80\"", 1), NO ("\"\xed\xbf\xbf\"", 1), NO ("\"\xf0\x80\x80\x80\"", 1),
  NO ("\"\xf0\x8f\xbf\xbf\"", 1), NO ("\"\xf4\x90\x80\x80\"", 1), NO ("\"\xf5\x80\x80\x80\"", 1),
  NO ("\"\xfe\"", 1), NO ("\"\xff\"", 1), NO ("\"\xe2\x28\xa1\"", 1), NO ("\"\xe2\x82\x28\"", 1),
  NO ("[\"a\xff\"]", 3), NO ("{\"\\q\":1}", 2), NO ("[\"\\ud800\",1 2]", 2),
};

static void
test_check_table (void)
{
  g_assert_cmpuint (G_N_ELEMENTS (cases), >=, 120);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      /* A copy of just the length, so that a memory checker sees each byte read beyond it. */
      g_autofree char *text = g_memdup2 (cases[i].text, cases[i].length);
      g_autoptr(GError) error = NULL;
      gboolean valid = qmp_json_check (text, cases[i].length, MAX_DEPTH, NULL, &error);

      g_test_message ("case %" G_GSIZE_FORMAT, i);
      if (cases[i].offset < 0)
        {
          g_assert_no_error (error);
          g_assert_true (valid);
        }
      else
        {
          g_assert_false (valid);
          g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_DESERIALIZATION);
          g_assert_cmpint (qmp_protocol_error_get_offset (error), ==, cases[i].offset);
        }
      g_assert_true (qmp_json_check (text, cases[i].length, MAX_DEPTH, NULL, NULL) == valid);
    }
}

/* What the table says of a text on its own holds in a stream, in an object around it. */
static void
test_check_table_in_stream (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(QmpJsonReader) reader = qmp_json_reader_new (MAX_SIZE, MAX_DEPTH);
      g_autoptr(GString) text = g_string_new ("{\"return\":");
      QmpJsonFrame frame;
      gsize shift = text->len;

      /* An incomplete text goes on in what follows it. */
      if (cases[i].offset == (int) cases[i].length)
        continue;

      g_string_append_len (text, cases[i].text, cases[i].length);
      g_string_append (text, "}\n{\"id\":1}\n");
      test_reader_feed (reader, text->str, text->len);
      g_test_message ("case %" G_GSIZE_FORMAT, i);

      g_assert_cmpint (qmp_json_reader_next (reader, &frame), ==, QMP_JSON_READER_TEXT);
      if (cases[i].offset < 0)
        {
          g_assert_no_error (frame.fault);
          g_assert_cmpuint (frame.length, ==, shift + cases[i].length + 1);
        }
      else
        {
          g_assert_error (frame.fault, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_DESERIALIZATION);
          /* In an object a comma is no fault, but what follows it will be. */
          if (cases[i].text[cases[i].offset] != ',')
            g_assert_cmpint (qmp_protocol_error_get_offset (frame.fault), ==,
                             shift + cases[i].offset);
        }
    }
}

/* Far within a large text, where it is gone over another way. */

#define FILL "\"fill\": [\"0123456789abcdef\", \"0123456789abcdef\", \"0123456789abcdef\", \"0123456789abcdef\"]"
#define FILL_AGAIN ", " FILL
#define LARGE_FRONT "{\"return\": [{" FILL FILL_AGAIN ", \"in\": [0, "
#define LARGE_BACK ", 0]}], \"error\": {" FILL FILL_AGAIN FILL_AGAIN "}}\n{\"id\": 1}\n"

/* In small chunks nothing is large. */
static void
assert_same_in_chunks (const char *text,
                       gsize       length)
{
  g_autofree char *whole = read_in_chunks (text, length, length);
  g_autofree char *chunked = read_in_chunks (text, length, 50);

  g_assert_cmpstr (whole, ==, chunked);
}

static void
test_large_table (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(QmpJsonReader) reader = qmp_json_reader_new (MAX_SIZE, MAX_DEPTH);
      g_autoptr(GString) text = g_string_new (LARGE_FRONT);
      QmpJsonFrame frame;

      g_string_append_len (text, cases[i].text, cases[i].length);
      g_string_append (text, LARGE_BACK);
      g_test_message ("case %" G_GSIZE_FORMAT, i);
      assert_same_in_chunks (text->str, text->len);

      test_reader_feed (reader, text->str, text->len);
      if (cases[i].offset < 0)
        {
          test_reader_assert_next (reader, QMP_JSON_READER_TEXT, NULL, &frame);
          g_assert_no_error (frame.fault);
        }
    }
}

/* Of everything that servers write, compact, with spaces, and pretty. */
static const char large_text[] =
  LARGE_FRONT
  "{\"s\": \"\", \"t\": true, \"f\": false, \"n\": null, \"i\": 0, \"j\": -12, \"k\": 1234567890},"
  "{\"s\":\"\",\"t\":true,\"f\":false,\"n\":null,\"i\":0,\"j\":-12,\"a\":[],\"o\":{},\"l\":[[],{},[{}]]}, "
  "{\n    \"pretty\": [\n        1,\n        null,\n        \"x\"\n    ],\r\n\t\"more\": {\n    }\n},"
  " -0.5e+3, \"\\\"\\u00e9\\\\\", \"\xc3\xa9\", [ ] , { } , [ 1 , 2 ] , { \"a\" : 1 },"
  "\"a string of more than one block: 0123456789abcdef 0123456789abcdef 0123456789abcdef\", "
  "123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890,"
  "                                                                                \"far\""
  LARGE_BACK;

/* Any byte of it may be any other one, or be missing. */
static void
test_large_damage (void)
{
  static const char bytes[] = "{}[]\"\\,:\n 0-ue\xff\x80\x01";
  gsize length = sizeof large_text - 1;

  assert_same_in_chunks (large_text, length);
  for (gsize at = 0; at < length; at += TEST_FEW ? 7 : 1)
    {
      g_autofree char *without = g_memdup2 (large_text, length);

      for (gsize i = 0; i < sizeof bytes - 1; i++)
        {
          g_autofree char *text = g_memdup2 (large_text, length);

          text[at] = bytes[i];
          assert_same_in_chunks (text, length);
        }
      memcpy (without + at, large_text + at + 1, length - at - 1);
      assert_same_in_chunks (without, length - 1);
    }
}

static void
append_random_value (GString *out,
                     guint    depth)
{
  static const char *const leaves[] = {
    "\"\"", "\"a\"", "\"node-name\"", "\"\xc3\xa9\"", "\"\\n, \\\"x\\\"\"", "\"0123456789abcdef0123456789abcdef0123456789abcdef\"",
    "0", "-1.5e2", "17", "null", "true", "[]", "{}",
  };
  gboolean is_object = g_test_rand_bit ();
  guint n = g_test_rand_int_range (0, 5);

  if (depth == 0 || g_test_rand_int_range (0, 3) > 0)
    {
      g_string_append (out, leaves[g_test_rand_int_range (0, G_N_ELEMENTS (leaves))]);
      return;
    }
  g_string_append_c (out, is_object ? '{' : '[');
  for (guint i = 0; i < n; i++)
    {
      g_string_append (out, i == 0 ? "" : g_test_rand_bit () ? ", " : ",");
      if (is_object)
        g_string_append_printf (out, "\"%.*s\":%s", g_test_rand_int_range (0, 9), "abcdefghi", g_test_rand_bit () ? " " : "");
      append_random_value (out, depth - 1);
    }
  g_string_append_c (out, is_object ? '}' : ']');
}

/* Wherever a chunk ends, it is gone on with as if it had not. */
static void
test_large_chunks (void)
{
  for (guint n = TEST_FEW ? 2 : 40; n > 0; n--)
    {
      g_autoptr(GString) text = g_string_new (LARGE_FRONT "0");
      g_autofree char *expected = NULL;

      while (text->len < 1000)
        {
          g_string_append_c (text, ',');
          append_random_value (text, 4);
        }
      g_string_append (text, LARGE_BACK);
      expected = read_in_chunks (text->str, text->len, 50);
      g_assert_true (g_str_has_prefix (expected, "text"));
      for (gsize chunk = 100; chunk <= text->len; chunk++)
        {
          g_autofree char *chunked = read_in_chunks (text->str, text->len, chunk);

          g_assert_cmpstr (chunked, ==, expected);
        }
    }
}

/* It may end anywhere, with nothing behind it that could be read, and begin anywhere in a block. */
static void
test_large_cut (void)
{
  gsize length = strstr (large_text, "\n{\"id\"") - large_text;

  for (gsize cut = 0; cut <= length; cut++)
    {
      g_autofree char *text = g_memdup2 (large_text, cut);
      g_autoptr(GError) error = NULL;
      gboolean valid = qmp_json_check (text, cut, MAX_DEPTH, NULL, &error);

      g_assert_true (valid == (cut == length));
      if (!valid && error->code == QMP_PROTOCOL_ERROR_DESERIALIZATION)
        g_assert_cmpint (qmp_protocol_error_get_offset (error), <=, cut);
    }

  for (gsize shift = 0; shift < 64; shift++)
    {
      g_autofree char *text = g_strdup_printf ("{\"shift\": \"%*s\", %s", (int) shift, "", large_text + 1);

      g_assert_true (qmp_json_check (text, strstr (text, "\n{\"id\"") - text, MAX_DEPTH, NULL, NULL));
    }
}

/* At each limit the bracket beyond it is what is wrong. */
static void
test_large_depth (void)
{
  for (guint depth = 3; depth < 200; depth++)
    {
      g_autofree char *nested = make_nested (depth - 2, '[', ']');
      g_autofree char *text = g_strdup_printf ("{" FILL FILL_AGAIN ", \"in\": [0, %s, %s]" FILL_AGAIN "}", nested, nested);
      g_autoptr(GError) error = NULL;

      g_assert_true (qmp_json_check (text, strlen (text), depth, NULL, NULL));
      g_assert_false (qmp_json_check (text, strlen (text), depth - 1, NULL, &error));
      g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_TOO_DEEP);
      g_assert_cmpint (qmp_protocol_error_get_offset (error), ==, strstr (text, nested) - text + depth - 3);
    }
}

static void
test_check_kinds (void)
{
  static const struct {
    const char  *text;
    QmpJsonKind  kind;
  } kinds[] = {
    { " {}", QMP_JSON_OBJECT }, { "[1]", QMP_JSON_ARRAY }, { " \"x\" ", QMP_JSON_STRING },
    { "-1", QMP_JSON_NUMBER }, { "0", QMP_JSON_NUMBER }, { "true", QMP_JSON_BOOLEAN },
    { "false", QMP_JSON_BOOLEAN }, { "\nnull", QMP_JSON_NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      QmpJsonOutline outline;

      g_assert_true (qmp_json_check (kinds[i].text, strlen (kinds[i].text), 10, &outline, NULL));
      g_assert_cmpint (outline.kind, ==, kinds[i].kind);
      for (guint key = 0; key < QMP_JSON_N_KEYS; key++)
        g_assert_cmpuint (outline.members[key].length, ==, 0);
    }
}

/* Every sequence of four bytes from the edges of the ranges, against GLib. */
static void
test_check_utf8 (void)
{
  static const guint8 edges[] = {
    'a', 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1,
    0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf7, 0xf8, 0xfd, 0xfe, 0xff,
  };
  const guint n = G_N_ELEMENTS (edges);

  for (guint i = 0; i < n * n * n * n; i += TEST_FEW ? 29 : 1)
    {
      char text[7] = { '"', edges[i % n], edges[i / n % n], edges[i / n / n % n],
                       edges[i / n / n / n], '"', 0 };
      const char *bad;
      gboolean valid = g_utf8_validate (text, 6, &bad);
      g_autoptr(GError) error = NULL;

      g_assert_true (qmp_json_check (text, 6, 1, NULL, valid || i % 64 > 0 ? NULL : &error)
                     == valid);
      if (error != NULL)
        g_assert_cmpint (qmp_protocol_error_get_offset (error), ==, bad - text);
    }
}

static void
test_check_error_text (void)
{
  g_autoptr(GError) error = NULL;
  GBytes *text;

  g_assert_false (qmp_json_check ("{\"a\":\"x\ny\"}", 11, 10, NULL, &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_DESERIALIZATION);
  g_assert_nonnull (strstr (error->message, "control character 0x0a"));
  text = qmp_protocol_error_get_text (error);
  g_assert_cmpmem (g_bytes_get_data (text, NULL), g_bytes_get_size (text), "{\"a\":\"x\ny\"}", 11);
}

static void
test_check_depth (void)
{
  static const guint depths[] = { 0, 1, 2, 63, 64, 65, 255, 256, 257, 511, 512, 513, 1024, 5000 };

  for (gsize i = 0; i < G_N_ELEMENTS (depths); i++)
    for (guint objects = 0; objects < 2; objects++)
      {
        char open = objects ? '{' : '[';
        char close = objects ? '}' : ']';
        g_autofree char *fits = make_nested (depths[i], open, close);
        g_autofree char *too_deep = make_nested (depths[i] + 1, open, close);
        gsize offset = depths[i] + (objects ? depths[i] * 4 : 0);
        g_autoptr(GError) error = NULL;

        if (depths[i] > 0)
          g_assert_true (qmp_json_check (fits, strlen (fits), depths[i], NULL, NULL));
        g_assert_false (qmp_json_check (too_deep, strlen (too_deep), depths[i], NULL, &error));
        g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_TOO_DEEP);
        g_assert_cmpint (qmp_protocol_error_get_offset (error), ==, offset);
      }
}

/* The kind of each of many levels is known again when the levels inside are closed. */
static void
test_check_mixed_levels (void)
{
  g_autoptr(GString) text = g_string_new (NULL);
  g_autoptr(GString) closing = g_string_new (NULL);

  for (guint i = 0; i < 1000; i++)
    {
      gboolean object = g_test_rand_bit ();

      g_string_append (text, object ? "{\"k\":" : "[");
      g_string_prepend (closing, object ? ",\"l\":0}" : ",0]");
    }
  g_string_append (text, "1");
  g_string_append (text, closing->str);

  g_assert_true (qmp_json_check (text->str, text->len, 1000, NULL, NULL));
  for (gsize i = 0; i < 50; i++)
    {
      gsize at = text->len - closing->len + g_test_rand_int_range (0, closing->len);
      char old = text->str[at];

      if (old != ']' && old != '}')
        continue;
      text->str[at] = old == ']' ? '}' : ']';
      g_assert_false (qmp_json_check (text->str, text->len, 1000, NULL, NULL));
      text->str[at] = old;
    }
}

static void
test_check_schema (void)
{
  g_autofree char *reply = make_schema_reply ();
  gsize length = strlen (reply);
  QmpJsonOutline outline;

  g_assert_true (qmp_json_check (reply, length, 5, &outline, NULL));
  g_assert_cmpint (outline.kind, ==, QMP_JSON_OBJECT);
  g_assert_cmpuint (outline.members[QMP_JSON_KEY_RETURN].start, ==, 11);
  g_assert_cmpuint (outline.members[QMP_JSON_KEY_RETURN].length, ==, length - 11 - 13);
  g_assert_cmpuint (outline.members[QMP_JSON_KEY_ID].length, ==, 2);
}

/* the stream */

static const char mixed_stream[] =
  "\xff\xfb\x01 telnet\r\n"
  "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 0, \"minor\": 2, \"major\": 7}}, "
  "\"capabilities\": [\"oob\"]}}\r\n"
  "{\"return\": {}, \"id\": 1}\n"
  "{\"return\":\"\\ud83d\\ude00 \\u00e9 \xc3\xa9 \xf0\x9f\x98\x80 \\\\ \\\" {[\",\"id\":2}"
  "{\"id\":3,\"return\":[1,-2.5e+3,true,false,null]}{}[]"
  "{\r\n    \"timestamp\": {\r\n        \"seconds\": 1,\r\n"
  "        \"microseconds\": 2\r\n    },\r\n"
  "    \"event\": \"STOP\",\r\n    \"data\": {\r\n    }\r\n}\r\n"
  "{\"ev\\u0065nt\":\"RESUME\",\"event\":\"SECOND\", \"d\\u0061ta\" : [ [ ] , { } ] }\r\n"
  "\xff{\"return\": 42}\n"
  "{\"id\": inf, \"return\": 1}\n{\"return\": -nan, \"id\": 5}\n{\"id\":7,\"return\":01}"
  "{\"return\":\"\\x \xc0\x80 \\ud800\",\"id\":6}"
  "{\"e\\vent\":\"no\",\"\xfe\":1,\"id\":61}"
  "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"
  "}}, \"rest\" {\"return\":1}\r\n"
  "{\"return\" 1}{\"return\":2}\r\n"
  "{\"return\": \"raw\nnewline\"}\r\n{\"return\":3}\r\n"
  "{\"return\": [1, 2}\r\n{\"return\":4}\r\n"
  "{\"half\": \"a text\xff{\"return\":5}\n"
  "{\"half\": [1\xff\xff{\"return\":6}\n"
  "{\"half\": tr\xff{\"return\":7}\n"
  "{\"half\": \"\\ud8\xff{\"return\":8}\n"
  "{\"half\": \"\xe2\x82\xff{\"return\":9}\n"
  "[1,[2,[3,\"\x01 }\\\" ]\"]]]{\"return\":10}"
  "{'single': \"}\"}\n"
  "{\"event\":\"X\",\"event\":\"Y\",\"a\":{\"event\":\"Z\"}}\r\n"
  "{\"return\": 18446744073709551615, \"id\": \"\\u0000\"}\r\n"
  "{\"left\": [\"over";

static void
test_stream_chunks (void)
{
  gsize length = sizeof mixed_stream - 1;
  g_autofree char *whole = read_in_chunks (mixed_stream, length, length);

  g_test_message ("%s", whole);
  for (gsize chunk = 1; chunk < length; chunk++)
    {
      g_autofree char *frames = read_in_chunks (mixed_stream, length, chunk);

      g_assert_cmpstr (frames, ==, whole);
    }
}

/* The frames of the mixed stream, one by one. */
static void
test_stream_frames (void)
{
  static const struct {
    QmpJsonReaderResult  result;
    const char          *start;
    int                  offset; /* of the fault; -1: none */
  } expected[] = {
    { QMP_JSON_READER_JUNK, "\xfb\x01 telnet", -1 },
    { QMP_JSON_READER_TEXT, "{\"QMP\"", -1 },
    { QMP_JSON_READER_TEXT, "{\"return\": {}, \"id\": 1}", -1 },
    { QMP_JSON_READER_TEXT, "{\"return\":\"\\ud83d\\ude00", -1 },
    { QMP_JSON_READER_TEXT, "{\"id\":3", -1 },
    { QMP_JSON_READER_TEXT, "{}", -1 },
    { QMP_JSON_READER_TEXT, "[]", -1 },
    { QMP_JSON_READER_TEXT, "{\r\n    \"timestamp\"", -1 },
    { QMP_JSON_READER_TEXT, "{\"ev\\u0065nt\"", -1 },
    { QMP_JSON_READER_TEXT, "{\"return\": 42}", -1 },
    { QMP_JSON_READER_TEXT, "{\"id\": inf, \"return\": 1}", 7 },
    { QMP_JSON_READER_TEXT, "{\"return\": -nan, \"id\": 5}", 11 },
    { QMP_JSON_READER_TEXT, "{\"id\":7,\"return\":01}", 17 },
    { QMP_JSON_READER_TEXT, "{\"return\":\"\\x", 11 },
    { QMP_JSON_READER_TEXT, "{\"e\\vent\"", 3 },
    { QMP_JSON_READER_JUNK, "HTTP/1.1 400 Bad Request", -1 },
    { QMP_JSON_READER_JUNK, "Connection: close", -1 },
    { QMP_JSON_READER_JUNK, "}}, \"rest\" ", -1 },
    { QMP_JSON_READER_TEXT, "{\"return\":1}", -1 },
    { QMP_JSON_READER_TEXT, "{\"return\" 1}", 10 },
    { QMP_JSON_READER_TEXT, "{\"return\":2}", -1 },
    { QMP_JSON_READER_TEXT, "{\"return\": \"raw\nnewline\"}\r\n", 15 },
    { QMP_JSON_READER_TEXT, "{\"return\":3}", -1 },
    { QMP_JSON_READER_TEXT, "{\"return\": [1, 2}\r\n", 16 },
    { QMP_JSON_READER_TEXT, "{\"return\":4}", -1 },
    { QMP_JSON_READER_TEXT, "{\"half\": \"a text", 16 },
    { QMP_JSON_READER_TEXT, "{\"return\":5}", -1 },
    { QMP_JSON_READER_TEXT, "{\"half\": [1", 11 },
    { QMP_JSON_READER_TEXT, "{\"return\":6}", -1 },
    { QMP_JSON_READER_TEXT, "{\"half\": tr", 9 },
    { QMP_JSON_READER_TEXT, "{\"return\":7}", -1 },
    { QMP_JSON_READER_TEXT, "{\"half\": \"\\ud8", 10 },
    { QMP_JSON_READER_TEXT, "{\"return\":8}", -1 },
    { QMP_JSON_READER_TEXT, "{\"half\": \"\xe2\x82", 10 },
    { QMP_JSON_READER_TEXT, "{\"return\":9}", -1 },
    { QMP_JSON_READER_TEXT, "[1,[2,[3,\"\x01 }\\\" ]\"]]]", 10 },
    { QMP_JSON_READER_TEXT, "{\"return\":10}", -1 },
    { QMP_JSON_READER_TEXT, "{'single': \"}\"}", 1 },
    { QMP_JSON_READER_TEXT, "{\"event\":\"X\"", -1 },
    { QMP_JSON_READER_TEXT, "{\"return\": 18446744073709551615", -1 },
  };
  g_autoptr(QmpJsonReader) reader = qmp_json_reader_new (MAX_SIZE, MAX_DEPTH);
  QmpJsonFrame frame;

  test_reader_feed (reader, mixed_stream, sizeof mixed_stream - 1);
  for (gsize i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      const GError *fault;

      g_test_message ("frame %" G_GSIZE_FORMAT, i);
      g_assert_cmpint (qmp_json_reader_next (reader, &frame), ==, expected[i].result);
      fault = frame.fault;
      g_assert_cmpuint (frame.length, >=, strlen (expected[i].start));
      g_assert_cmpmem (frame.text, strlen (expected[i].start),
                       expected[i].start, strlen (expected[i].start));
      if (expected[i].result == QMP_JSON_READER_JUNK)
        test_frame_assert_text (&frame, expected[i].start);
      g_assert_cmpint (fault != NULL ? qmp_protocol_error_get_offset (fault) : -1, ==,
                       expected[i].offset);
    }
  g_assert_cmpint (qmp_json_reader_next (reader, &frame), ==, QMP_JSON_READER_MORE);
  g_assert_cmpint (qmp_json_reader_finish (reader, &frame), ==, QMP_JSON_READER_TEXT);
  test_frame_assert_text (&frame, "{\"left\": [\"over");
  g_assert_error (frame.fault, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_DESERIALIZATION);
}

/* Random damage to the mixed stream: whatever it is, chunks do not matter. */
static void
test_stream_damage (void)
{
  static const char bytes[] = "{}[]\"\\,:\n 0ue\xff\x80\x01";
  guint rounds = g_test_slow () ? 20000 : 500;

  for (guint i = 0; i < rounds; i++)
    {
      g_autofree char *stream = g_memdup2 (mixed_stream, sizeof mixed_stream - 1);
      gsize length = sizeof mixed_stream - 1;
      g_autofree char *whole = NULL;
      g_autofree char *chunked = NULL;

      for (guint n = g_test_rand_int_range (1, 10); n > 0; n--)
        stream[g_test_rand_int_range (0, length)] =
          bytes[g_test_rand_int_range (0, sizeof bytes - 1)];

      whole = read_in_chunks (stream, length, length);
      chunked = read_in_chunks (stream, length, i % 4 == 0 ? 1 : 0);
      g_assert_cmpstr (chunked, ==, whole);
    }
}

static void
test_stream_schema (void)
{
  static const gsize chunks[] = { 1, 2, 3, 7, 4095, 4096, 4097, 16384, 65536, 1 << 20 };
  g_autofree char *reply = make_schema_reply ();
  gsize length = strlen (reply);

  for (gsize i = 0; i < G_N_ELEMENTS (chunks); i++)
    {
      g_autofree char *frames = read_in_chunks (reply, length, chunks[i]);
      g_autofree char *expected = g_strdup_printf ("text %" G_GSIZE_FORMAT " {\"return\"",
                                                   length - 2);

      g_assert_true (g_str_has_prefix (frames, expected));
      g_assert_true (g_str_has_suffix (frames, "\nmore 0  kind 0 0+0 0+0 0+0 0+0 0+0 0+0 0+0\n"));
    }
}

static void
test_stream_outline (void)
{
  g_autoptr(QmpJsonReader) reader = qmp_json_reader_new (MAX_SIZE, MAX_DEPTH);
  const char *stream =
    "{\"event\":\"A\",\"return\":[{\"id\":0}],\"error\":{},\"id\" : 1.5e3 ,\"QMP\":null,"
    "\"data\":\"\\n\",\"timestamp\":true}"
    "{\"id\":1,\"i\\u0064\":2,\"other\":{\"id\":3},\"Event\":1,\"even\":1,\"events\":1,"
    "\"erro\\\\\":1,\"\\u0072eturn\":false}"
    "[{\"id\":1},\"id\",2]"
    "{\"\\id\":1,\"\\u0065rror\":2}"
    "{\"id\":bad,\"error\":[}]";
  QmpJsonFrame frame;

  test_reader_feed (reader, stream, strlen (stream));

  test_reader_assert_next (reader, QMP_JSON_READER_TEXT, NULL, &frame);
  test_frame_assert_member (&frame, QMP_JSON_KEY_EVENT, "\"A\"");
  test_frame_assert_member (&frame, QMP_JSON_KEY_RETURN, "[{\"id\":0}]");
  test_frame_assert_member (&frame, QMP_JSON_KEY_ERROR, "{}");
  test_frame_assert_member (&frame, QMP_JSON_KEY_ID, "1.5e3");
  test_frame_assert_member (&frame, QMP_JSON_KEY_QMP, "null");
  test_frame_assert_member (&frame, QMP_JSON_KEY_DATA, "\"\\n\"");
  test_frame_assert_member (&frame, QMP_JSON_KEY_TIMESTAMP, "true");

  test_reader_assert_next (reader, QMP_JSON_READER_TEXT, NULL, &frame);
  g_assert_null (frame.fault);
  g_assert_cmpint (frame.outline.kind, ==, QMP_JSON_OBJECT);
  test_frame_assert_member (&frame, QMP_JSON_KEY_ID, "2");
  test_frame_assert_member (&frame, QMP_JSON_KEY_RETURN, "false");
  test_frame_assert_member (&frame, QMP_JSON_KEY_EVENT, "");
  test_frame_assert_member (&frame, QMP_JSON_KEY_ERROR, "");

  test_reader_assert_next (reader, QMP_JSON_READER_TEXT, NULL, &frame);
  g_assert_cmpint (frame.outline.kind, ==, QMP_JSON_ARRAY);
  test_frame_assert_member (&frame, QMP_JSON_KEY_ID, "");

  test_reader_assert_next (reader, QMP_JSON_READER_TEXT, NULL, &frame);
  g_assert_nonnull (frame.fault);
  test_frame_assert_member (&frame, QMP_JSON_KEY_ID, "");
  test_frame_assert_member (&frame, QMP_JSON_KEY_ERROR, "2");

  g_assert_cmpint (qmp_json_reader_finish (reader, &frame), ==, QMP_JSON_READER_TEXT);
  test_frame_assert_member (&frame, QMP_JSON_KEY_ID, "bad");
  test_frame_assert_member (&frame, QMP_JSON_KEY_ERROR, "");
}

static void
test_stream_too_deep (void)
{
  g_autoptr(QmpJsonReader) reader = qmp_json_reader_new (MAX_SIZE, MAX_DEPTH);
  g_autofree char *fits = make_nested (MAX_DEPTH, '[', ']');
  g_autofree char *one_more = make_nested (MAX_DEPTH + 1, '{', '}');
  g_autofree char *far_more = make_nested (100000, '[', ']');
  g_autofree char *open_only = g_strnfill (100000, '[');
  g_autofree char *stream = g_strconcat (fits, one_more, "{\"id\":1}", far_more, "{\"id\":2}",
                                         open_only, "\n{\"id\":3}", NULL);
  const char * const texts[] = { fits, one_more, "{\"id\":1}", far_more, "{\"id\":2}", NULL,
                                 "{\"id\":3}" };
  const gboolean too_deep[] = { FALSE, TRUE, FALSE, TRUE, FALSE, TRUE, FALSE };
  QmpJsonFrame frame;

  test_reader_feed (reader, stream, strlen (stream));
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      test_reader_assert_next (reader, QMP_JSON_READER_TEXT, texts[i], &frame);
      if (too_deep[i])
        g_assert_error (frame.fault, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_TOO_DEEP);
      else
        g_assert_no_error (frame.fault);
    }
}

static void
test_stream_depth_zero (void)
{
  g_autoptr(QmpJsonReader) reader = qmp_json_reader_new (MAX_SIZE, 0);
  QmpJsonFrame frame;

  test_reader_feed (reader, "{}\n{}", 5);
  test_reader_assert_next (reader, QMP_JSON_READER_TEXT, "{}", &frame);
  g_assert_error (frame.fault, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_TOO_DEEP);
  test_reader_assert_next (reader, QMP_JSON_READER_TEXT, "{}", &frame);
}

int
main (int   argc,
      char *argv[])
{
  setlocale (LC_ALL, "");
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/json-reader/scan/positions", test_scan);
  g_test_add_func ("/json-reader/scan/each-byte", test_scan_each_byte);
#if QMP_JSON_HAS_BLOCKS
  g_test_add_func ("/json-reader/scan/block", test_scan_block);
#endif
  g_test_add_func ("/json-reader/check/table", test_check_table);
  g_test_add_func ("/json-reader/check/table-in-stream", test_check_table_in_stream);
  g_test_add_func ("/json-reader/check/kinds", test_check_kinds);
  g_test_add_func ("/json-reader/check/utf8", test_check_utf8);
  g_test_add_func ("/json-reader/check/error-text", test_check_error_text);
  g_test_add_func ("/json-reader/check/depth", test_check_depth);
  g_test_add_func ("/json-reader/check/mixed-levels", test_check_mixed_levels);
  g_test_add_func ("/json-reader/check/schema", test_check_schema);
  g_test_add_func ("/json-reader/large/table", test_large_table);
  g_test_add_func ("/json-reader/large/damage", test_large_damage);
  g_test_add_func ("/json-reader/large/chunks", test_large_chunks);
  g_test_add_func ("/json-reader/large/cut", test_large_cut);
  g_test_add_func ("/json-reader/large/depth", test_large_depth);
  g_test_add_func ("/json-reader/stream/chunks", test_stream_chunks);
  g_test_add_func ("/json-reader/stream/frames", test_stream_frames);
  g_test_add_func ("/json-reader/stream/damage", test_stream_damage);
  g_test_add_func ("/json-reader/stream/schema", test_stream_schema);
  g_test_add_func ("/json-reader/stream/outline", test_stream_outline);
  g_test_add_func ("/json-reader/stream/too-deep", test_stream_too_deep);
  g_test_add_func ("/json-reader/stream/depth-zero", test_stream_depth_zero);

  return g_test_run ();
}
