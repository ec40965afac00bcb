/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "tool-keys.h"

static const struct {
  const char *bytes;
  guint       keys[6];   /* up to 0 */
} cases[] = {
  { "q", { 'q' } },
  { "jk\r", { 'j', 'k', '\r' } },
  { "\033[A\033[B\033[C\033[D\033[H", { TOOL_KEY_UP, TOOL_KEY_DOWN, TOOL_KEY_RIGHT, TOOL_KEY_LEFT, TOOL_KEY_HOME } },
  { "\033OA\033OF", { TOOL_KEY_UP, TOOL_KEY_END } },
  { "\033[1~\033[4~\033[5~\033[6~\033[15~", { TOOL_KEY_HOME, TOOL_KEY_END, TOOL_KEY_PAGE_UP, TOOL_KEY_PAGE_DOWN, TOOL_KEY_OTHER } },
  { "\033[1;5Ax", { TOOL_KEY_UP, 'x' } },
  { "\033\033[A", { TOOL_KEY_ESCAPE, TOOL_KEY_UP } },
  /* With Alt it is another key. */
  { "\033Qq", { TOOL_KEY_OTHER, 'q' } },
  { "\033[?2004zq", { TOOL_KEY_OTHER, 'q' } },
  { "ä日\xffq", { 0xe4, 0x65e5, TOOL_KEY_OTHER, 'q' } },
};

static void
check (ToolKeys    *keys,
       const guint *wanted)
{
  for (; *wanted != 0; wanted++)
    g_assert_cmphex (tool_keys_next (keys), ==, *wanted);
  g_assert_cmphex (tool_keys_next (keys), ==, 0);
}

static void
test_whole (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      ToolKeys keys;

      tool_keys_init (&keys);
      tool_keys_feed (&keys, cases[i].bytes, strlen (cases[i].bytes));
      check (&keys, cases[i].keys);
      tool_keys_clear (&keys);
    }
}

/* They are the same when they come byte by byte. */
static void
test_bytes (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const guint *wanted = cases[i].keys;
      ToolKeys keys;

      tool_keys_init (&keys);
      for (const char *at = cases[i].bytes; *at != '\0'; at++)
        {
          guint key;

          tool_keys_feed (&keys, at, 1);
          while ((key = tool_keys_next (&keys)) != 0)
            g_assert_cmphex (key, ==, *wanted++);
        }
      g_assert_cmphex (*wanted, ==, 0);
      tool_keys_clear (&keys);
    }
}

static void
test_escape (void)
{
  ToolKeys keys;

  tool_keys_init (&keys);
  tool_keys_feed (&keys, "\033", 1);
  g_assert_cmphex (tool_keys_next (&keys), ==, 0);
  g_assert_true (tool_keys_is_escape (&keys));
  tool_keys_feed (&keys, "[", 1);
  g_assert_false (tool_keys_is_escape (&keys));
  tool_keys_drop (&keys);
  tool_keys_feed (&keys, "\0q", 2);
  check (&keys, (const guint[]) { TOOL_KEY_OTHER, 'q', 0 });
  tool_keys_clear (&keys);
}

/* What never ends is no key for ever. */
static void
test_endless (void)
{
  ToolKeys keys;

  tool_keys_init (&keys);
  tool_keys_feed (&keys, "\033[", 2);
  for (guint i = 0; i < 100; i++)
    {
      tool_keys_feed (&keys, "1", 1);
      tool_keys_next (&keys);
    }
  while (tool_keys_next (&keys) != 0)
    ;
  tool_keys_feed (&keys, "q", 1);
  g_assert_cmphex (tool_keys_next (&keys), ==, 'q');
  tool_keys_clear (&keys);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/keys/whole", test_whole);
  g_test_add_func ("/keys/bytes", test_bytes);
  g_test_add_func ("/keys/escape", test_escape);
  g_test_add_func ("/keys/endless", test_endless);
  return g_test_run ();
}
