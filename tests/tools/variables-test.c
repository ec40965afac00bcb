/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "tool-variables.h"

/* The variable that all cases have. What looks like one in it is not. */
#define REPLY "{\"return\": {\"text\": \"a\\\" b=$x $text\", \"whole\": \"$x.whole\", \"big\": 18446744073709551615, \"null\": null, " \
              "\"list\": [1e2, {\"a.b\": true}], \"execute\": {\"x\": \"quit\"}}}"

typedef struct {
  const char *command;
  const char *filled;   /* NULL: it fails */
  const char *error;    /* a pattern */
} Case;

#define ARGUMENTS(json) "{\"execute\": \"c\", \"arguments\": " json "}"

static const Case cases[] = {
  { ARGUMENTS ("{\"k\": \"$x.text\"}"), "{\"k\": \"a\\\" b=$x $text\"}" },
  { ARGUMENTS ("{\"k\": \"$x.whole\"}"), "{\"k\": \"$x.whole\"}" },
  { ARGUMENTS ("{\"k\": \"$x.big\", \"l\" : \"$x.null\"}"), "{\"k\": 18446744073709551615, \"l\" : null}" },
  { ARGUMENTS ("{\"k\": [1, \"$x.list\"]}"), "{\"k\": [1, [1e2, {\"a.b\": true}]]}" },
  { ARGUMENTS ("{\"k\": {\"l\": \"$x.list[1][\\\"a.b\\\"]\"}}"), "{\"k\": {\"l\": true}}" },
  { ARGUMENTS ("{\"k\": \"$x.execute\"}"), "{\"k\": {\"x\": \"quit\"}}" },
  { ARGUMENTS ("{\"k\": \"$_2\"}"), "{\"k\": 7}" },
  /* What is not one. */
  { ARGUMENTS ("{\"$x\": \"a $x\", \"$$\" : \"$$x\", \"l\": \"$$\", \"m\": \"$$$x\"}"),
    "{\"$x\": \"a $x\", \"$$\" : \"$x\", \"l\": \"$\", \"m\": \"$$x\"}" },
  { ARGUMENTS ("{\"k\": \"\\\"$x\", \"l\": \"\\u0024x\"}"), "{\"k\": \"\\\"$x\", \"l\": \"\\u0024x\"}" },
  { ARGUMENTS ("{}"), "{}" },
  /* What is wrong. */
  { ARGUMENTS ("{\"k\": \"$y\"}"), NULL, "There is no variable “$y”" },
  { ARGUMENTS ("{\"k\": \"$gone\"}"), NULL, "There is no variable “$gone”" },
  { ARGUMENTS ("{\"k\": \"$x.nothing\"}"), NULL, "“$x.nothing”: There is no “return.nothing”*" },
  { ARGUMENTS ("{\"k\": \"$x.list[2]\"}"), NULL, "“$x.list[2]”: *" },
  { ARGUMENTS ("{\"k\": \"$x.list[\"}"), NULL, "“$x.list[”: *" },
  { ARGUMENTS ("{\"k\": \"$x.\"}"), NULL, "“$x.”: *" },
  { ARGUMENTS ("{\"k\": \"$\"}"), NULL, "“$” is not the name of a variable*“$$”" },
  { ARGUMENTS ("{\"k\": \"$2\"}"), NULL, "“$2” is not the name*" },
  { ARGUMENTS ("{\"k\": \"$x-y\"}"), NULL, "“$x-y” is not the name*" },
  { ARGUMENTS ("{\"k\": \"$x\\u0000\"}"), NULL, "*is not the name*" },
};

static void
keep (ToolVariables *variables,
      const char    *name,
      const char    *json)
{
  g_autoptr(GBytes) bytes = g_bytes_new_static (json, strlen (json));
  g_autoptr(QmpMessage) reply = qmp_message_new_from_bytes (bytes, NULL);

  g_assert_nonnull (reply);
  tool_variables_keep (variables, name, reply);
}

static ToolVariables *
new_variables (void)
{
  ToolVariables *variables = tool_variables_new ();

  keep (variables, "x", "{\"return\": 1}");
  keep (variables, "x", REPLY);
  keep (variables, "_2", "{\"return\": 7}");
  keep (variables, "gone", "{\"return\": 8}");
  tool_variables_keep (variables, "gone", NULL);
  tool_variables_keep (variables, "never", NULL);
  return variables;
}

static void
test_fill_in (void)
{
  g_autoptr(ToolVariables) variables = new_variables ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GBytes) bytes = g_bytes_new_static (cases[i].command, strlen (cases[i].command));
      g_autoptr(QmpMessage) command = qmp_message_new_from_bytes (bytes, NULL);
      g_autofree char *before = qmp_message_dup_member_text (command, "arguments");
      g_autoptr(GError) error = NULL;
      gboolean good = tool_variables_fill_in (variables, command, &error);
      g_autofree char *after = qmp_message_dup_member_text (command, "arguments");

      g_test_message ("%s", cases[i].command);
      g_assert_cmpstr (after, ==, cases[i].filled != NULL ? cases[i].filled : before);
      g_assert_true (good == (cases[i].filled != NULL));
      if (error != NULL)
        g_assert_true (g_pattern_match_simple (cases[i].error, error->message));
    }
}

/* Nothing but arguments is looked at. */
static void
test_elsewhere (void)
{
  const char *json = "{\"execute\": \"$x.execute.x\", \"id\": \"$x.big\"}";
  g_autoptr(ToolVariables) variables = new_variables ();
  g_autoptr(GBytes) bytes = g_bytes_new_static (json, strlen (json));
  g_autoptr(QmpMessage) command = qmp_message_new_from_bytes (bytes, NULL);

  g_assert_true (tool_variables_fill_in (variables, command, NULL));
  g_assert_true (g_bytes_equal (qmp_message_get_bytes (command), bytes));
}

/* What would be nested too deep is not made. */
static void
test_deep (void)
{
  g_autoptr(ToolVariables) variables = tool_variables_new ();
  g_autoptr(GString) json = g_string_new ("{\"return\": ");
  g_autoptr(QmpMessage) command = qmp_message_new_parsed ("c", NULL, "{'k': [[[%s]]]}", "$x");
  g_autoptr(GError) error = NULL;

  for (guint i = 0; i < 1022; i++)
    g_string_append_c (json, '[');
  for (guint i = 0; i < 1022; i++)
    g_string_append_c (json, ']');
  g_string_append_c (json, '}');
  keep (variables, "x", json->str);
  g_assert_false (tool_variables_fill_in (variables, command, &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_TOO_DEEP);
}

static void
test_target (void)
{
  static const struct {
    const char *line;
    const char *name;   /* nullable */
    const char *rest;
  } lines[] = {
    { "x = query-name", "x", " query-name" },
    { "\t_a1={\"execute\": \"a\"}", "_a1", "{\"execute\": \"a\"}" },
    { "x = a b=1", "x", " a b=1" },
    { "x =", "x", "" },
    { "x == a", "x", "= a" },
    { "a b=1", NULL, "a b=1" },
    { "1 = a", NULL, "1 = a" },
    { "= a", NULL, "= a" },
    { "a-b = c", NULL, "a-b = c" },
    { "# x = a", NULL, "# x = a" },
    { "", NULL, "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      g_autofree char *name = NULL;

      g_assert_cmpstr (tool_variables_read_target (lines[i].line, &name), ==, lines[i].rest);
      g_assert_cmpstr (name, ==, lines[i].name);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/variables/fill-in", test_fill_in);
  g_test_add_func ("/variables/elsewhere", test_elsewhere);
  g_test_add_func ("/variables/deep", test_deep);
  g_test_add_func ("/variables/target", test_target);
  return g_test_run ();
}
