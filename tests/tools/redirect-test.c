/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <locale.h>
#include <string.h>

#include "shell-redirect.h"
#include "tool-grammar.h"

/* Which lines say where their output goes. */

typedef struct {
  const char *line;
  const char *command;   /* what stands in front; NULL: all of the line, which says nothing of the sort */
  const char *error;     /* words of it */
} Case;

static const Case cases[] = {
  { "query-name | jq .", "query-name " },
  { "query-name\t|\tjq . | cat > x", "query-name\t" },
  { "query-name > file", "query-name " },
  { "query-name >> \"a file\"", "query-name " },
  { "a x={'b': 1} | cat", "a x={'b': 1} " },
  { "{\"execute\": \"a\"} > file", "{\"execute\": \"a\"} " },
  { "transaction( a ) | cat", "transaction( a ) " },
  /* they are a part of a value, or of a word */
  { "a x=|", NULL },
  { "a x=b|c y=>d", NULL },
  { "a x=\"b | c\" y='d > e'", NULL },
  { "a x={\"b\": \"c | d\"}", NULL },
  { "a x={'b': 'c > d'}", NULL },
  { "a x==\"b >=c", NULL },
  { "a |x=1 >y=2", NULL },
  { "{\"execute\": \"a\", \"arguments\": {\"x\": \"b | c > d\"}}", NULL },
  { "| cat", NULL },
  { "transaction( > x=1", NULL },
  { "> file", NULL },
  { "# a | cat > file", NULL },
  { "a 'b | cat", NULL },
  { "a \xff | cat", NULL },
  /* what nobody can have meant otherwise */
  { "a |", NULL, "A command has to follow “|”, at character 3" },
  { "a >", NULL, "The name of a file has to follow “>”" },
  { "a > \"\"", NULL, "The name of a file has to follow “>”" },
  { "a > b c", NULL, "Something follows the name of the file, at character 7" },
  { "a |cat", NULL, "A blank has to follow “|”, at character 3" },
  { "a x=1 >file", NULL, "A blank has to follow “>”" },
  { "a >>file", NULL, "A blank has to follow “>”" },
};

/* Where "|" is an operator, and ">" a name. */
static const Case hmp_cases[] = {
  { "info qtree | grep x", "info qtree " },
  { "help > file", "help " },
  { "info version >> file", "info version " },
  { "p 1 | 2", NULL },
  { "savevm > x", NULL },
  { "qom-set /machine x a | b", NULL },
  { "info lapic 1 | 2", NULL },
  { "info lapic 1 | $eax", NULL },
  { "info lapic 1 | ( 2 )", NULL },
  { "info x |", NULL },
  { "info x |cat", NULL },
  { "info x it's | cat", NULL },
};

static void
check (const Case *expected,
       gboolean    hmp)
{
  g_autofree char *command = NULL;
  g_autoptr(ShellRedirect) redirect = NULL;
  g_autoptr(GError) error = NULL;
  gboolean good = shell_redirect_split (expected->line, hmp, &command, &redirect, &error);

  g_test_message ("%s", expected->line);
  if (expected->error != NULL)
    {
      g_assert_false (good);
      g_assert_error (error, TOOL_ERROR, TOOL_ERROR_USAGE);
      g_assert_nonnull (strstr (error->message, expected->error));
      g_assert_null (redirect);
      return;
    }
  g_assert_no_error (error);
  g_assert_true (good);
  g_assert_cmpstr (command, ==, expected->command != NULL ? expected->command : expected->line);
  g_assert_true ((redirect != NULL) == (expected->command != NULL));
}

static void
test_cases (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    check (&cases[i], FALSE);
}

static void
test_hmp (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (hmp_cases); i++)
    check (&hmp_cases[i], TRUE);
}

static char *
random_line (void)
{
  static const char * const pieces[] = {
    "c ", "x=", "{", "}", "[", "]", "'", "\"", "\\", ",", ":", "1", ".", "a.b=", " ", " | ", " > ", ">>", "|", ">", "null",
    "transaction( ", " ) ", ":=", "==", "#", "ä", "{\"a\":", "\n",
  };
  GString *line = g_string_new (NULL);

  for (int n = g_test_rand_int_range (1, 16); n > 0; n--)
    g_string_append (line, pieces[g_test_rand_int_range (0, G_N_ELEMENTS (pieces))]);
  return g_string_free (line, FALSE);
}

/* What the grammar understands means what it always did. */
static void
test_understood (void)
{
  guint n_understood = 0;

  for (int i = 0; i < 50000; i++)
    {
      g_autofree char *line = random_line ();
      g_autoptr(ToolGrammar) grammar = tool_grammar_new (NULL);
      g_autofree char *command = NULL;
      g_autoptr(ShellRedirect) redirect = NULL;
      GQueue commands = G_QUEUE_INIT;

      if (!tool_grammar_feed (grammar, line, &commands, NULL) || tool_grammar_get_state (grammar) == TOOL_STATE_JSON)
        continue;
      g_queue_clear_full (&commands, g_object_unref);
      n_understood++;
      g_test_message ("%s", line);
      g_assert_true (shell_redirect_split (line, FALSE, &command, &redirect, NULL));
      g_assert_null (redirect);
      g_assert_cmpstr (command, ==, line);
    }
  g_assert_cmpuint (n_understood, >, 1000);
}

static void
test_paths (void)
{
  g_autofree char *home = g_build_filename (g_get_home_dir (), "x y", NULL);
  const struct { const char *word, *path; } paths[] = {
    { "a", "a" }, { "\"a b\"", "a b" }, { "'a \\' b'", "a ' b" }, { "\"a\"b", "\"a\"b" }, { "~/x y", home }, { "~", "~" },
    { "\"~/x\"", "~/x" }, { "\"", "\"" }, { "\"\"", "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autofree char *path = shell_redirect_read_path (paths[i].word);

      g_assert_cmpstr (path, ==, paths[i].path);
    }
}

int
main (int    argc,
      char **argv)
{
  setlocale (LC_ALL, "");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tools/redirect/cases", test_cases);
  g_test_add_func ("/tools/redirect/hmp", test_hmp);
  g_test_add_func ("/tools/redirect/understood", test_understood);
  g_test_add_func ("/tools/redirect/paths", test_paths);
  return g_test_run ();
}
