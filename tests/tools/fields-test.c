/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "tool-fields.h"

typedef struct {
  const char *json;
  const char *paths[3];
  const char *lines;
  const char *missing;   /* nullable */
} Case;

static const Case cases[] = {
  { "{\"a\": \"b\"}", { "a" }, "b\n" },
  { "{\"a\": {\"b\": [1, {\"c\": 1e2}]}}", { "a.b[1].c", "a.b" }, "1e2\t[1, {\"c\": 1e2}]\n" },
  { "{\"a\": 18446744073709551615, \"b\": null}", { "a", "b" }, "18446744073709551615\t\n" },
  { "[]", { "a" }, "" },
  { " [ { \"a\" : 1 } , {\"a\":\"x,]}\\\"\"} ] ", { "a" }, "1\nx,]}\"\n" },
  { "[{\"a\": [[1], {\"b\": []}]}, {\"b\": true}]", { "a", "b" }, "[[1], {\"b\": []}]\t\n\ttrue\n" },
  { "[\"\\\\\", 5, {\"a\": \"\\\\\"}]", { "a" }, "\n\n\\\n" },
  { "{\"a.b\": 1}", { "[\"a.b\"]" }, "1\n" },
  { "[[1, 2], [3]]", { "[0]", "[1]" }, "1\t2\n3\t\n" },
  /* What a terminal would obey, and what would make other lines and columns. */
  { "{\"a\": \"\\u001b[31m\\n\\tx\xe2\x80\xae\"}", { "a" }, "\\x1b[31m\\n\\tx\\u202e\n" },
  { "{\"a\": [\"\xe2\x80\xae\"]}", { "a" }, "[\"\\u202e\"]\n" },
  { "{\"a\": 1}", { "a", "b" }, "1\t\n", "b" },
  { "[{}, {\"a\": 1}]", { "a" }, "\n1\n" },
  { "[{}, {}]", { "a" }, "\n\n", "a" },
  { "5", { "a" }, "\n", "a" },
  { "{\"a\": 1}", { "a..b" }, "\n", "a..b" },
  { "{\"a\": 1}", { "" }, "\n", "" },
};

static void
test_cases (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(ToolFields) fields = tool_fields_new (cases[i].paths);
      g_autoptr(GString) out = g_string_new (NULL);

      tool_fields_append (fields, out, NULL, cases[i].json, strlen (cases[i].json));
      g_assert_cmpstr (out->str, ==, cases[i].lines);
      g_assert_cmpstr (tool_fields_get_missing (fields), ==, cases[i].missing);
    }
}

/* A field counts as there if any of several values has it. */
static void
test_several (void)
{
  const char * const paths[] = { "a", NULL };
  g_autoptr(ToolFields) fields = tool_fields_new (paths);
  g_autoptr(GString) out = g_string_new (NULL);

  g_assert_null (tool_fields_get_missing (fields));
  tool_fields_append (fields, out, "x", "{}", 2);
  g_assert_cmpstr (tool_fields_get_missing (fields), ==, "a");
  tool_fields_append (fields, out, "y", "{\"a\": 1}", 8);
  g_assert_null (tool_fields_get_missing (fields));
  g_assert_cmpstr (out->str, ==, "x\t\ny\t1\n");
}

/* However many elements there are, each is looked at once. */
static void
test_long_array (void)
{
  const char * const paths[] = { "a", NULL };
  g_autoptr(ToolFields) fields = tool_fields_new (paths);
  g_autoptr(GString) json = g_string_new ("[{\"a\": 1}");
  g_autoptr(GString) out = g_string_new (NULL);
  const guint n = 50000;

  for (guint i = 1; i < n; i++)
    g_string_append (json, ", {\"a\": 1}");
  g_string_append_c (json, ']');
  tool_fields_append (fields, out, NULL, json->str, json->len);
  g_assert_cmpuint (out->len, ==, 2 * n);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/fields/cases", test_cases);
  g_test_add_func ("/fields/several", test_several);
  g_test_add_func ("/fields/long-array", test_long_array);
  return g_test_run ();
}
