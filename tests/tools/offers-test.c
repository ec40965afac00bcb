/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <string.h>

#include "tool-offers.h"

/* What Tab takes from a server. */

static char **
offer (const char *word,
       const char *before,
       const char *name,
       const char *after)
{
  ToolOffers offers;

  tool_offers_init (&offers, word);
  tool_offers_add (&offers, before, name, after);
  return tool_offers_end (&offers);
}

static void
test_plain (void)
{
  static const char * const names[] = {
    "query-status", "device[0]", "#block123", "_x", "x86_64-cpu", "pc-i440fx-7.2", "sse4.1", "a+b", "x:y", "x,y", "a@b", "0",
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_auto(GStrv) words = offer ("k=", "k=", names[i], "");
      g_autofree char *expected = g_strconcat ("k=", names[i], NULL);

      g_assert_nonnull (words[0]);
      g_assert_cmpstr (words[0], ==, expected);
    }
}

static void
test_not_plain (void)
{
  static const char * const names[] = {
    "", " ", "a b", "a\tb", "a\nb", "a\rb", "a\033[2J", "a\177", "a\302\233", "\303\251", "a\342\200\256", "-x", "--x", ".x", "/x", "[x",
    "~", "~x", "a~", "=x", "a=b", "$x", "a$(b)", "a`b`", "a'b", "a\"b", "a\\b", "a;b", "a|b", "a&b", "a<b", "a>b", "a(b", "a)b",
    "a{b", "a}b", "a*", "a?", "a!b", "a^b", "a%n",
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_auto(GStrv) words = offer ("", "", names[i], "");

      g_assert_null (words[0]);
    }
}

/* Each byte that there is, at each place. */
static void
test_bytes (void)
{
  for (int byte = 1; byte < 256; byte++)
    for (guint place = 0; place < 3; place++)
      {
        char name[] = "aaa";
        g_auto(GStrv) words = NULL;
        gboolean taken;

        name[place] = byte;
        words = offer ("", "", name, "");
        taken = g_ascii_isalnum (byte) || byte == '_' || byte == '#' || (place > 0 && strchr (".+-/[]:@,", byte) != NULL);
        g_assert_cmpint (words[0] != NULL, ==, taken);
      }
}

static void
test_fitting (void)
{
  ToolOffers offers;
  g_auto(GStrv) words = NULL;

  tool_offers_init (&offers, "file.d");
  tool_offers_add_names (&offers, "file.", g_strsplit ("driver discard data filename driver", " ", -1));
  tool_offers_add (&offers, "", "driver", "=");
  words = tool_offers_end (&offers);
  g_assert_cmpuint (g_strv_length (words), ==, 3);
  g_assert_cmpstr (words[0], ==, "file.data");
  g_assert_cmpstr (words[1], ==, "file.discard");
  g_assert_cmpstr (words[2], ==, "file.driver");
}

static void
test_bounds (void)
{
  g_autofree char *longest = g_strnfill (255, 'x');
  g_autofree char *longer = g_strnfill (256, 'x');
  g_auto(GStrv) words = offer ("", "", longest, "");
  g_auto(GStrv) none = offer ("", "", longer, "");
  g_auto(GStrv) many = NULL;
  ToolOffers offers;

  g_assert_nonnull (words[0]);
  g_assert_null (none[0]);
  tool_offers_init (&offers, "");
  for (guint i = 0; i < 100000; i++)
    {
      g_autofree char *name = g_strdup_printf ("n%u", i);

      tool_offers_add (&offers, "", name, "");
    }
  many = tool_offers_end (&offers);
  g_assert_cmpuint (g_strv_length (many), ==, 4096);
}

static void
test_open (void)
{
  static const char * const open[] = { "a=", "a.", "tcp:", "a/", "/a", "path=/a" };
  static const char * const closed[] = { "", "a", "a=b", "a.b", "tcp:x", "a/b" };

  for (guint i = 0; i < G_N_ELEMENTS (open); i++)
    g_assert_true (tool_offers_is_open (open[i]));
  for (guint i = 0; i < G_N_ELEMENTS (closed); i++)
    g_assert_false (tool_offers_is_open (closed[i]));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tool/offers/plain", test_plain);
  g_test_add_func ("/tool/offers/not-plain", test_not_plain);
  g_test_add_func ("/tool/offers/bytes", test_bytes);
  g_test_add_func ("/tool/offers/fitting", test_fitting);
  g_test_add_func ("/tool/offers/bounds", test_bounds);
  g_test_add_func ("/tool/offers/open", test_open);
  return g_test_run ();
}
