/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "share/qmp-fd-command-private.h"
#include "share/qmp-fd-names-private.h"

/* Names of descriptors without anything around them. */

static QmpJsonSlice
slice (const char *text)
{
  return (QmpJsonSlice) { text, strlen (text) };
}

/* With one name, "x"; prefix (out): what it begins with in the server. */
static QmpFdNames *
new_names (char **prefix)
{
  QmpFdNames *names = qmp_fd_names_new ();
  g_autoptr(GString) full = g_string_new (NULL);

  g_assert_true (qmp_fd_names_begin (names, "x"));
  qmp_fd_names_end (names, "x");
  qmp_fd_names_append (names, full, "x");
  g_assert_true (g_str_has_suffix (full->str, "x\""));
  *prefix = g_strndup (full->str + 1, full->len - strlen ("\"x\""));
  return names;
}

static char *
rewrite (QmpFdNames *names,
         const char *arguments,
         guint       n_used)
{
  g_autoptr(GPtrArray) used = g_ptr_array_new_with_free_func (g_free);
  GString *out = qmp_fd_names_rewrite (names, slice (arguments), used);

  g_assert_cmpuint (used->len, ==, n_used);
  return out != NULL ? g_string_free (out, FALSE) : NULL;
}

static void
test_prefixes (void)
{
  g_autofree char *one = NULL;
  g_autofree char *other = NULL;
  g_autoptr(QmpFdNames) names = new_names (&one);
  g_autoptr(QmpFdNames) others = new_names (&other);

  g_assert_cmpstr (one, !=, other);
  g_assert_cmpuint (strlen (one), >, 32);
  g_assert_false (g_ascii_isdigit (*one));
}

static void
test_spelling (void)
{
  g_autofree char *prefix = NULL;
  g_autoptr(QmpFdNames) names = new_names (&prefix);
  g_autofree char *expected = g_strdup_printf ("{ \"f\\u0064\" : \"%sx\", \"a\":1.0 }", prefix);
  g_autofree char *out = rewrite (names, "{ \"f\\u0064\" : \"\\u0078\", \"a\":1.0 }", 1);

  g_assert_cmpstr (out, ==, expected);
}

/* Not every member that has the name is one. */
static void
test_elsewhere (void)
{
  g_autofree char *prefix = NULL;
  g_autoptr(QmpFdNames) names = new_names (&prefix);
  static const char * const texts[] = {
    "{}", "{\"id\":\"x\"}", "{\"fd\":\"y\"}", "{\"fd\":7}", "{\"fd\":[\"x\"]}", "{\"fds\":\"\"}", "{\"uri\":\"x\"}",
    "{\"uri\":\"tcp:x\"}", "{\"protocol\":\"x\"}", "{\"x\":\"fd:x\"}", "{\"fd\":\"xx\"}",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *out = rewrite (names, texts[i], 0);

      g_assert_null (out);
    }
}

static void
test_deep (void)
{
  g_autofree char *prefix = NULL;
  g_autoptr(QmpFdNames) names = new_names (&prefix);

  for (guint depth = 30; depth < 40; depth++)
    {
      g_autoptr(GString) text = g_string_new (NULL);
      g_autofree char *out = NULL;

      for (guint i = 0; i < depth - 1; i++)
        g_string_append (text, "{\"a\":");
      g_string_append (text, "{\"fd\":\"x\"}");
      for (guint i = 0; i < depth - 1; i++)
        g_string_append_c (text, '}');
      out = rewrite (names, text->str, depth <= 32 ? 1 : 0);
      g_assert_true ((out != NULL) == (depth <= 32));
    }
}

static void
test_restored (void)
{
  g_autofree char *prefix = NULL;
  g_autoptr(QmpFdNames) names = new_names (&prefix);
  g_autofree char *text = g_strdup_printf ("%sx, '%sy%s', %.10s", prefix, prefix, prefix, prefix);
  g_autofree char *expected = g_strdup_printf (">x, 'y', %.10s", prefix);
  g_autoptr(GString) out = g_string_new (">");

  qmp_fd_names_append_restored (names, out, text, strlen (text));
  g_assert_cmpstr (out->str, ==, expected);
}

static void
test_counts (void)
{
  g_autoptr(QmpFdNames) names = qmp_fd_names_new ();

  for (guint i = 0; i < QMP_FD_NAMES_MAX; i++)
    {
      g_autofree char *name = g_strdup_printf ("n%u", i);

      g_assert_true (qmp_fd_names_begin (names, name));
    }
  g_assert_false (qmp_fd_names_begin (names, "more"));
  g_assert_true (qmp_fd_names_begin (names, "n0"));
  qmp_fd_names_end (names, "n0");
  /* Another one of that name is on its way. */
  qmp_fd_names_remove (names, "n0");
  g_assert_true (qmp_fd_names_has (names, "n0"));
  qmp_fd_names_end (names, "n0");
  qmp_fd_names_remove (names, "n0");
  g_assert_false (qmp_fd_names_has (names, "n0"));
  g_assert_cmpuint (qmp_fd_names_get_n_names (names), ==, QMP_FD_NAMES_MAX - 1);
}

static const struct { const char *name; const char *arguments; QmpFdCommand command; const char *fdname; } commands[] = {
  { "getfd", "{\"fdname\":\"a\\u0062\"}", QMP_FD_COMMAND_GETFD, "ab" },
  { "getfd", "{\"fdname\":\"\"}", QMP_FD_COMMAND_GETFD, "" },
  { "closefd", "{\"fdname\":\"a\"}", QMP_FD_COMMAND_CLOSEFD, "a" },
  { "getfd", "", QMP_FD_COMMAND_NONE, NULL },
  { "getfd", "{}", QMP_FD_COMMAND_NONE, NULL },
  { "getfd", "{\"fdname\":null}", QMP_FD_COMMAND_NONE, NULL },
  { "getfd", "{\"fdname\":\"a\",\"b\":\"c\"}", QMP_FD_COMMAND_NONE, NULL },
  { "add-fd", "", QMP_FD_COMMAND_ADD_FD, NULL },
  { "add-fd", "{}", QMP_FD_COMMAND_ADD_FD, NULL },
  { "add-fd", "{\"fdset-id\":1,\"opaque\":\"o\"}", QMP_FD_COMMAND_ADD_FD, NULL },
  { "add-fd", "{\"fdset-id\":1.0}", QMP_FD_COMMAND_NONE, NULL },
  { "add-fd", "{\"fdset-id\":\"1\"}", QMP_FD_COMMAND_NONE, NULL },
  { "add-fd", "{\"fdname\":\"1\"}", QMP_FD_COMMAND_NONE, NULL },
  { "remove-fd", "{\"fdset-id\":1}", QMP_FD_COMMAND_NONE, NULL },
};

static void
test_commands (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      g_autofree char *fdname = NULL;

      g_assert_cmpint (qmp_fd_command_read (commands[i].name, slice (commands[i].arguments), &fdname), ==,
                       commands[i].command);
      g_assert_cmpstr (fdname, ==, commands[i].fdname);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/fd-names/prefixes", test_prefixes);
  g_test_add_func ("/fd-names/spelling", test_spelling);
  g_test_add_func ("/fd-names/elsewhere", test_elsewhere);
  g_test_add_func ("/fd-names/deep", test_deep);
  g_test_add_func ("/fd-names/restored", test_restored);
  g_test_add_func ("/fd-names/counts", test_counts);
  g_test_add_func ("/fd-names/commands", test_commands);

  return g_test_run ();
}
