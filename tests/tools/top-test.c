/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "top-load.h"
#include "top-log.h"
#include "top-proc.h"
#include "top-rates.h"

/* --- disks --- */

static gboolean
take (TopBlocks  *blocks,
      const char *json,
      int         seconds,
      TopRates   *rates)
{
  g_autoptr(JsonNode) stats = json_from_string (json, NULL);

  return top_blocks_take (blocks, stats, (gint64) seconds * G_USEC_PER_SEC, rates);
}

#define DEVICE(name, counts) "{\"device\": \"" name "\", \"stats\": {" counts "}}"

static void
test_rates (void)
{
  TopBlocks *blocks = top_blocks_new ();
  TopRates rates = { 0 };

  g_assert_false (take (blocks, "[" DEVICE ("a", "\"rd_bytes\": 1000, \"wr_operations\": 7") "]", 10, &rates));
  g_assert_true (take (blocks, "[" DEVICE ("a", "\"rd_bytes\": 5000, \"wr_operations\": 9, \"wr_bytes\": 2") "]", 12, &rates));
  g_assert_cmpfloat (rates.read_bytes, ==, 2000);
  g_assert_cmpfloat (rates.write_bytes, ==, 1);
  g_assert_cmpfloat (rates.read_operations, ==, 0);
  g_assert_cmpfloat (rates.write_operations, ==, 1);
  top_blocks_forget (blocks);
  g_assert_false (take (blocks, "[" DEVICE ("a", "\"rd_bytes\": 6000") "]", 14, &rates));
  top_blocks_free (blocks);
}

/* One that comes does not count with all that it has read before, and one that goes or is replaced takes nothing away. */
static void
test_devices (void)
{
  TopBlocks *blocks = top_blocks_new ();
  TopRates rates = { 0 };

  take (blocks, "[" DEVICE ("a", "\"rd_bytes\": 10") "," DEVICE ("b", "\"rd_bytes\": 500") "]", 1, &rates);
  g_assert_true (take (blocks, "[" DEVICE ("a", "\"rd_bytes\": 30") "," DEVICE ("c", "\"rd_bytes\": 900") "]", 2, &rates));
  g_assert_cmpfloat (rates.read_bytes, ==, 20);
  g_assert_true (take (blocks, "[" DEVICE ("a", "\"rd_bytes\": 3") "," DEVICE ("c", "\"rd_bytes\": 901") "]", 3, &rates));
  g_assert_cmpfloat (rates.read_bytes, ==, 1);
  top_blocks_free (blocks);
}

static void
test_absurd (void)
{
  static const char * const texts[] = {
    "{}", "[]", "[1, null, [], {\"stats\": 3}, {\"stats\": {\"rd_bytes\": \"x\"}}]", "\"x\"",
    "[" DEVICE ("a", "\"rd_bytes\": -9223372036854775808") "]", "[" DEVICE ("a", "\"rd_bytes\": 9223372036854775807") "]",
  };
  TopBlocks *blocks = top_blocks_new ();
  TopRates rates = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    take (blocks, texts[i], (int) i + 1, &rates);
  g_assert_cmpfloat (rates.read_bytes, >, 1e19);
  /* The clock does not go. */
  g_assert_false (take (blocks, "[]", G_N_ELEMENTS (texts), &rates));
  top_blocks_free (blocks);
}

/* --- the processor --- */

static void
test_proc (void)
{
  g_assert_cmpint (top_proc_parse ("1 (a) b) R) S 1 2 3 4 5 6 7 8 9 10 200 100 0"), ==,
                   (gint64) 300 * 1000000000 / sysconf (_SC_CLK_TCK));
  g_assert_cmpint (top_proc_parse ("1 (a) S 1 2 3"), ==, -1);
  g_assert_cmpint (top_proc_parse (""), ==, -1);
  g_assert_cmpint (top_proc_read (getpid (), 0), >=, 0);
  g_assert_cmpint (top_proc_read (getpid (), getpid ()), >=, 0);
  g_assert_cmpint (top_proc_read (getpid (), -1), ==, -1);
  g_assert_cmpint (top_proc_read (0, 0), ==, -1);
}

static void
test_load (void)
{
  TopLoad *load = top_load_new (getpid ());
  const int threads[] = { getpid () };
  gint64 start = g_get_monotonic_time ();

  top_load_look (load, start);
  g_assert_cmpfloat (top_load_get (load), <, 0);
  g_assert_cmpfloat (top_load_get_threads (load), <, 0);
  top_load_set_threads (load, threads, 1);
  top_load_look (load, start + 1000);
  g_assert_cmpfloat (top_load_get (load), >=, 0);
  g_assert_cmpfloat (top_load_get_threads (load), <, 0);
  /* The same threads go on. */
  top_load_set_threads (load, threads, 1);
  top_load_look (load, start + 2000);
  g_assert_cmpfloat (top_load_get_threads (load), >=, 0);
  /* What is not its thread tells nothing. */
  top_load_set_threads (load, (const int[]) { -1 }, 1);
  top_load_look (load, start + 3000);
  top_load_look (load, start + 4000);
  g_assert_cmpfloat (top_load_get_threads (load), <, 0);
  g_assert_cmpfloat (top_load_get (load), >=, 0);
  top_load_free (load);
}

/* --- events --- */

static void
test_log (void)
{
  TopLog *log = top_log_new ();

  top_log_add (log, "vm\033", "A\033[2J", "{\"x\":\"\\n\xe2\x80\xae\"}");
  g_assert_cmpuint (top_log_count (log), ==, 1);
  g_assert_cmpstr (top_log_get (log, 0) + strlen ("00:00:00 "), ==, "vm\\x1b A\\x1b[2J {\"x\": \"\\n\\u202e\"}");
  for (guint i = 0; i < 5000; i++)
    top_log_add (log, "vm", "STOP", NULL);
  g_assert_cmpuint (top_log_count (log), ==, 1000);
  g_assert_null (top_log_get (log, 1000));
  top_log_free (log);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/top/rates", test_rates);
  g_test_add_func ("/top/devices", test_devices);
  g_test_add_func ("/top/absurd", test_absurd);
  g_test_add_func ("/top/proc", test_proc);
  g_test_add_func ("/top/load", test_load);
  g_test_add_func ("/top/log", test_log);
  return g_test_run ();
}
