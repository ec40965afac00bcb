/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"

#include "tool-grammar.h"

/* Each line of the shell is understood or refused. What is understood is a message, or makes the shell wait for more;
 * what is refused says where in the line, and leaves all as it was.
 *
 * Input: lines. An empty one forgets what was begun. */

static void
check_message (QmpMessage *message)
{
  g_autoptr(GBytes) bytes = g_bytes_ref (qmp_message_get_bytes (message));
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpMessage) again = qmp_message_new_from_bytes (bytes, &error);

  g_assert_no_error (error);
  g_assert_true (qmp_message_equal (message, again));
}

/* Errors of the grammar end in ", at character N". */
static void
check_place (const char   *line,
             const GError *error)
{
  static const char mark[] = ", at character ";
  const char *place = g_strrstr (error->message, mark);
  guint64 n;

  g_assert_nonnull (place);
  g_assert_true (g_ascii_string_to_unsigned (place + strlen (mark), 10, 1, g_utf8_strlen (line, -1), &n, NULL));
}

static void
check_error (ToolState     before,
             ToolGrammar  *grammar,
             const char   *line,
             const GError *error)
{
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  /* An object that has become none is forgotten. */
  if (before != TOOL_STATE_JSON)
    g_assert_cmpint (tool_grammar_get_state (grammar), ==, before);
  if (error->domain == TOOL_ERROR && g_utf8_validate (line, -1, NULL))
    check_place (line, error);
}

static void
feed (ToolGrammar *grammar,
      const char  *line)
{
  ToolState before = tool_grammar_get_state (grammar);
  g_autoptr(GError) error = NULL;
  GQueue commands = G_QUEUE_INIT;
  gboolean good = tool_grammar_feed (grammar, line, &commands, &error);

  g_assert_cmpint (good, ==, error == NULL);
  if (!good)
    {
      g_assert_true (g_queue_is_empty (&commands));
      check_error (before, grammar, line, error);
    }
  if (!g_queue_is_empty (&commands))
    g_assert_cmpint (tool_grammar_get_state (grammar), ==, TOOL_STATE_COMMAND);
  g_queue_foreach (&commands, (GFunc) check_message, NULL);
  g_queue_clear_full (&commands, g_object_unref);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autoptr(ToolGrammar) grammar = tool_grammar_new (NULL);
  FuzzInput input;
  char *line;

  fuzz_input_init (&input, data, size);
  while ((line = fuzz_input_take_line (&input)) != NULL)
    {
      if (line[0] == '\0')
        tool_grammar_abort (grammar);
      else
        feed (grammar, line);
      g_free (line);
    }
  return 0;
}
