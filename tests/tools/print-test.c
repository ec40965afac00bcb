/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <locale.h>
#include <string.h>

#include "tool-print.h"

typedef struct {
  const char *text;
  const char *harmless;
} Case;

static const Case texts[] = {
  { "", "" },
  { "plain äöü 日本 😀 a\tb\nc", "plain äöü 日本 😀 a\tb\nc" },
  { "a\r\nb\rc\r", "a\nb\nc\n" },
  { "\x1b[2J\x07\x7f", "\\x1b[2J\\x07\\x7f" },
  { "\xc2\x9b" "31m \xc2\x85", "\\x9b31m \\x85" },
  { "bad \xff\xc3", "bad \xef\xbf\xbd\xef\xbf\xbd" },
  /* lines, directions, joiners, marks, tags, fillers, private and unassigned */
  { "\xe2\x80\xa8 \xe2\x80\xa9", "\\u2028 \\u2029" },
  { "\xe2\x80\xae \xe2\x81\xa6 \xe2\x80\x8e \xd8\x9c", "\\u202e \\u2066 \\u200e \\u061c" },
  { "\xe2\x80\x8b \xe2\x80\x8d \xe2\x81\xa0 \xef\xbb\xbf \xc2\xad", "\\u200b \\u200d \\u2060 \\ufeff \\xad" },
  { "\xf3\xa0\x81\x81 \xf3\xa0\x84\x80", "\\U000e0041 \\U000e0100" },
  { "\xe3\x85\xa4 \xef\xbe\xa0 \xe1\x85\x9f \xe2\xa0\x80 \xef\xb8\x8f \xcd\x8f", "\\u3164 \\uffa0 \\u115f \\u2800 \\ufe0f \\u034f" },
  { "\xee\x80\x80 \xf3\xb0\x80\x80 \xcd\xb8", "\\ue000 \\U000f0000 \\u0378" },
};

static void
test_texts (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *harmless = tool_print_harmless (texts[i].text);

      g_assert_cmpstr (harmless, ==, texts[i].harmless);
    }
}

static void
test_bytes (void)
{
  static const char bytes[] = "a\0b\0\0\xff\xe2\x80";
  g_autofree char *harmless = tool_print_harmless_bytes (bytes, sizeof bytes - 1);

  g_assert_cmpstr (harmless, ==, "a\\x00b\\x00\\x00\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

/* However many zeros there are, each is looked at once. */
static void
test_many_zeros (void)
{
  const gsize length = 256 * 1024;
  g_autofree char *zeros = g_malloc0 (length);
  g_autofree char *harmless = tool_print_harmless_bytes (zeros, length);

  g_assert_cmpuint (strlen (harmless), ==, 4 * length);
}

static void
test_line (void)
{
  g_autofree char *line = tool_print_harmless_line ("a\nb\r\nc\td\x1b");

  g_assert_cmpstr (line, ==, "a\\nb\\nc\\td\\x1b");
}

static void
check_json (const char     *json,
            ToolPrintFlags  flags,
            const char     *printed)
{
  g_autoptr(GString) out = g_string_new (NULL);

  tool_print_append_json (out, json, strlen (json), flags);
  g_assert_cmpstr (out->str, ==, printed);
}

/* It stays JSON that says the same. */
static void
test_json (void)
{
  check_json ("{\"a\":[1,\"\xf3\xa0\x81\x81\xe2\x80\xa8\xc2\x9b\x7f\"]}", TOOL_PRINT_PLAIN,
              "{\"a\": [1, \"\\udb40\\udc41\\u2028\\u009b\\u007f\"]}");
  check_json ("{\"a\":[],\"b\":{\"c\":1}}", TOOL_PRINT_PRETTY, "{\n    \"a\": [],\n    \"b\": {\n        \"c\": 1\n    }\n}");
}

#define RED(text) "\033[31m" text "\033[0m"
#define BLUE(text) "\033[34m" text "\033[0m"
#define GREEN(text) "\033[32m" text "\033[0m"

/* An error is seen to be one. What is only called so is not. */
static void
test_colours (void)
{
  check_json ("{\"error\":{\"class\":\"C\"},\"id\":\"i\"}", TOOL_PRINT_COLOUR | TOOL_PRINT_MESSAGE,
              "{" RED ("\"error\"") ": {" RED ("\"class\"") ": " RED ("\"C\"") "}, " BLUE ("\"id\"") ": " GREEN ("\"i\"") "}");
  check_json ("{\"error\":\"x\"}", TOOL_PRINT_COLOUR, "{" BLUE ("\"error\"") ": " GREEN ("\"x\"") "}");
  check_json ("{\"return\":{\"error\":\"x\"}}", TOOL_PRINT_COLOUR | TOOL_PRINT_MESSAGE,
              "{" BLUE ("\"return\"") ": {" BLUE ("\"error\"") ": " GREEN ("\"x\"") "}}");
}

int
main (int    argc,
      char **argv)
{
  setlocale (LC_ALL, "");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tools/print/texts", test_texts);
  g_test_add_func ("/tools/print/bytes", test_bytes);
  g_test_add_func ("/tools/print/many-zeros", test_many_zeros);
  g_test_add_func ("/tools/print/line", test_line);
  g_test_add_func ("/tools/print/json", test_json);
  g_test_add_func ("/tools/print/colours", test_colours);
  return g_test_run ();
}
