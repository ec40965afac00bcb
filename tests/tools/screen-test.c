/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "tool-screen.h"
#include "tool-width.h"

#define COLUMNS 12
#define ROWS 3

/* A terminal that knows what is sent to it, and nothing else. */
typedef struct {
  gunichar cells[ROWS][COLUMNS];   /* 0: the second half of a wide one */
  guint    column;
  guint    row;
} Emulator;

static void
erase_all (Emulator *emulator)
{
  for (guint i = 0; i < ROWS * COLUMNS; i++)
    emulator->cells[i / COLUMNS][i % COLUMNS] = ' ';
}

static const char *
obey (Emulator   *emulator,
      const char *at)
{
  const char *end = at + strspn (at, "0123456789;");

  switch (*end)
    {
    case 'H':
      emulator->row = strtoul (at, (char **) &at, 10) - 1;
      emulator->column = strtoul (at + 1, NULL, 10) - 1;
      break;
    case 'J':
      erase_all (emulator);
      break;
    case 'm':
      break;
    default:
      g_assert_not_reached ();
    }
  return end + 1;
}

/* As terminals do: of a wide character of which one half is overwritten, the other one is a blank. */
static void
write_half (Emulator *emulator,
            gunichar  c)
{
  gunichar *row = emulator->cells[emulator->row];
  guint column = emulator->column++;

  g_assert_cmpuint (column, <, COLUMNS);
  if (row[column] == 0)
    row[column - 1] = ' ';
  if (column + 1 < COLUMNS && row[column + 1] == 0 && row[column] != 0)
    row[column + 1] = ' ';
  row[column] = c;
}

static void
show (Emulator   *emulator,
      const char *at)
{
  while (*at != '\0')
    {
      gunichar c = g_utf8_get_char (at);

      if (g_str_has_prefix (at, "\033["))
        {
          at = obey (emulator, at + 2);
          continue;
        }
      g_assert_cmphex (c, >=, 0x20);
      write_half (emulator, c);
      if (tool_width_of (c) == 2)
        write_half (emulator, 0);
      at = g_utf8_next_char (at);
    }
}

static char *
draw (ToolScreen *screen)
{
  GString *out = g_string_new (NULL);

  tool_screen_draw (screen, out);
  return g_string_free (out, FALSE);
}

static void
assert_draws (ToolScreen *screen,
              const char *wanted)
{
  g_autofree char *drawn = draw (screen);

  g_assert_cmpstr (drawn, ==, wanted);
}

static ToolScreen *
new_screen (gboolean unicode,
            gboolean colour)
{
  ToolScreen *screen = tool_screen_new (unicode, colour);

  tool_screen_resize (screen, COLUMNS, ROWS);
  return screen;
}

static void
test_difference (void)
{
  g_autoptr(ToolScreen) screen = new_screen (TRUE, TRUE);

  assert_draws (screen, "\033[0m\033[2J");
  assert_draws (screen, "");
  tool_screen_put (screen, 2, 1, 99, TOOL_STYLE_PLAIN, "abc");
  assert_draws (screen, "\033[2;3Habc");
  assert_draws (screen, "");
  tool_screen_begin (screen);
  tool_screen_put (screen, 2, 1, 99, TOOL_STYLE_PLAIN, "axc");
  assert_draws (screen, "\033[2;4Hx");
  tool_screen_style (screen, 0, 1, 4, TOOL_STYLE_REVERSE);
  assert_draws (screen, "\033[2;1H\033[0;7m  ax\033[0m");
  tool_screen_begin (screen);
  assert_draws (screen, "\033[2;1H     ");
  tool_screen_forget (screen);
  assert_draws (screen, "\033[0m\033[2J");
}

static void
test_styles (void)
{
  g_autoptr(ToolScreen) coloured = new_screen (TRUE, TRUE);
  g_autoptr(ToolScreen) plain = new_screen (TRUE, FALSE);

  tool_screen_put (coloured, 0, 0, 99, TOOL_STYLE_RED | TOOL_STYLE_BOLD, "ab");
  assert_draws (coloured, "\033[0m\033[2J\033[1;1H\033[0;1;31mab\033[0m");
  tool_screen_put (plain, 0, 0, 99, TOOL_STYLE_RED, "a");
  tool_screen_put (plain, 1, 0, 99, TOOL_STYLE_RED | TOOL_STYLE_BOLD, "b");
  assert_draws (plain, "\033[0m\033[2J\033[1;1Ha\033[0;1mb\033[0m");
}

/* What has no room is left out, and no half of a character is shown. */
static void
test_edges (void)
{
  g_autoptr(ToolScreen) screen = new_screen (TRUE, TRUE);

  assert_draws (screen, "\033[0m\033[2J");
  g_assert_cmpuint (tool_screen_put (screen, 10, 0, 99, TOOL_STYLE_PLAIN, "abc"), ==, 2);
  assert_draws (screen, "\033[1;11Hab");
  g_assert_cmpuint (tool_screen_put (screen, 0, 1, 3, TOOL_STYLE_PLAIN, "a日本"), ==, 3);
  assert_draws (screen, "\033[2;1Ha日");
  g_assert_cmpuint (tool_screen_put (screen, 11, 2, 99, TOOL_STYLE_PLAIN, "日"), ==, 0);
  g_assert_cmpuint (tool_screen_put (screen, 0, 3, 99, TOOL_STYLE_PLAIN, "a"), ==, 0);
  g_assert_cmpuint (tool_screen_put (screen, 12, 0, 99, TOOL_STYLE_PLAIN, "a"), ==, 0);
  tool_screen_style (screen, 11, 0, 99, TOOL_STYLE_PLAIN);
  tool_screen_style (screen, 0, 3, 99, TOOL_STYLE_BOLD);
  assert_draws (screen, "");
  /* Marks are on the character in front, as many as there is room for. */
  tool_screen_put (screen, 0, 2, 99, TOOL_STYLE_PLAIN, "\xcc\x81" "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81");
  assert_draws (screen, "\033[3;1He\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81");
}

static void
test_hostile (void)
{
  g_autoptr(ToolScreen) screen = new_screen (TRUE, TRUE);
  g_autoptr(ToolScreen) ascii = new_screen (FALSE, TRUE);

  assert_draws (screen, "\033[0m\033[2J");
  tool_screen_put (screen, 0, 0, 99, TOOL_STYLE_PLAIN, "\033[2J\n\x7f\xc2\x9b\xe2\x80\xae");
  assert_draws (screen, "\033[1;1H?[2J????");
  tool_screen_put (ascii, 0, 0, 99, TOOL_STYLE_PLAIN, "“a…”ä日");
  assert_draws (ascii, "\033[0m\033[2J\033[1;1H\"a.\"??");
}

/* --- whatever is put --- */

static void
put_anything (ToolScreen *screen,
              Emulator   *wanted)
{
  static const gunichar letters[] = { 'a', 'b', ' ', 0xe4, 0x65e5, 0x672c, 0x1f600 };
  guint row = g_test_rand_int_range (0, ROWS);
  guint column = g_test_rand_int_range (0, COLUMNS);
  gunichar c = letters[g_test_rand_int_range (0, G_N_ELEMENTS (letters))];
  char text[7] = "";

  if (tool_width_of (c) == 2 && column == COLUMNS - 1)
    return;
  g_unichar_to_utf8 (c, text);
  tool_screen_put (screen, column, row, 99, TOOL_STYLE_PLAIN, text);
  wanted->row = row;
  wanted->column = column;
  show (wanted, text);
}

static void
test_random (void)
{
  g_autoptr(ToolScreen) screen = new_screen (TRUE, TRUE);
  Emulator terminal = { 0 }, wanted = { 0 };

  erase_all (&wanted);
  for (guint i = 0; i < 20000; i++)
    {
      g_autofree char *drawn = NULL;

      if (g_test_rand_int_range (0, 20) == 0)
        {
          tool_screen_begin (screen);
          erase_all (&wanted);
        }
      for (int n = g_test_rand_int_range (0, 6); n > 0; n--)
        put_anything (screen, &wanted);
      drawn = draw (screen);
      show (&terminal, drawn);
      g_assert_cmpmem (terminal.cells, sizeof terminal.cells, wanted.cells, sizeof wanted.cells);
    }
}

static void
test_widths (void)
{
  static const struct {
    const char *text;
    guint       width;
    const char *cut;
    const char *shortened;
  } cases[] = {
    { "", 0, "", "" },
    { "abcd", 4, "abcd", "abcd" },
    { "abcde", 5, "abcd", "abc…" },
    { "日本語", 6, "日本", "日…" },
    { "a日本", 5, "a日", "a日…" },
    { "e\xcc\x81xyz", 4, "e\xcc\x81xyz", "e\xcc\x81xyz" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *cut = tool_width_cut (cases[i].text, 4);
      g_autofree char *shortened = tool_width_shorten (cases[i].text, 4);
      g_autofree char *nothing = tool_width_shorten (cases[i].text, 0);

      g_assert_cmpuint (tool_width (cases[i].text), ==, cases[i].width);
      g_assert_cmpstr (cut, ==, cases[i].cut);
      g_assert_cmpstr (shortened, ==, cases[i].shortened);
      g_assert_cmpstr (nothing, ==, "");
    }
}

static void
test_paths (void)
{
  g_autofree char *path = tool_width_shorten_name ("/run/日本.sock", 8);
  g_autofree char *name = tool_width_shorten_name ("run/vm1.sock", 8);
  g_autofree char *whole = tool_width_shorten_name ("/run/vm1", 8);
  g_autofree char *least = tool_width_shorten_name ("/run/vm1", 1);
  g_autofree char *nothing = tool_width_shorten_name ("/run/vm1", 0);

  g_assert_cmpstr (path, ==, "…本.sock");
  g_assert_cmpstr (name, ==, "run/vm1…");
  g_assert_cmpstr (whole, ==, "/run/vm1");
  g_assert_cmpstr (least, ==, "…");
  g_assert_cmpstr (nothing, ==, "");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/screen/difference", test_difference);
  g_test_add_func ("/screen/styles", test_styles);
  g_test_add_func ("/screen/edges", test_edges);
  g_test_add_func ("/screen/hostile", test_hostile);
  g_test_add_func ("/screen/random", test_random);
  g_test_add_func ("/screen/widths", test_widths);
  g_test_add_func ("/screen/paths", test_paths);
  return g_test_run ();
}
