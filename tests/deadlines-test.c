/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/qmp-deadlines-private.h"

/* Whatever goes in and out, from wherever, the earliest is on top. */

typedef struct {
  int         number;
  QmpDeadline deadline;
} Item;

static Item *
peek (QmpDeadlines *deadlines)
{
  return qmp_deadline_owner (qmp_deadlines_peek (deadlines), Item, deadline);
}

static void
add (QmpDeadlines *deadlines,
     GPtrArray    *inside)
{
  Item *item = g_new0 (Item, 1);

  item->deadline.time = g_test_rand_int_range (1, 100);
  qmp_deadlines_add (deadlines, &item->deadline);
  g_ptr_array_add (inside, item);
}

static void
remove_any (QmpDeadlines *deadlines,
            GPtrArray    *inside)
{
  guint index = g_test_rand_int_range (0, inside->len);
  Item *item = g_ptr_array_index (inside, index);

  qmp_deadlines_remove (deadlines, &item->deadline);
  g_ptr_array_remove_index_fast (inside, index);
}

static gint64
find_earliest (GPtrArray *inside)
{
  gint64 earliest = G_MAXINT64;

  for (guint i = 0; i < inside->len; i++)
    earliest = MIN (earliest, ((Item *) g_ptr_array_index (inside, i))->deadline.time);
  return earliest;
}

static void
test_earliest (void)
{
  QmpDeadlines deadlines = { NULL };
  g_autoptr(GPtrArray) inside = g_ptr_array_new_with_free_func (g_free);

  g_assert_null (peek (&deadlines));
  for (guint i = 0; i < 2000; i++)
    {
      if (inside->len == 0 || (i < 1000 && g_test_rand_int_range (0, 3) > 0))
        add (&deadlines, inside);
      else
        remove_any (&deadlines, inside);
      if (inside->len > 0)
        g_assert_cmpint (peek (&deadlines)->deadline.time, ==, find_earliest (inside));
      else
        g_assert_null (peek (&deadlines));
    }
  qmp_deadlines_clear (&deadlines);
  g_assert_null (peek (&deadlines));
}

static void
test_in_order (void)
{
  enum { N = 1000 };
  g_autofree Item *items = g_new0 (Item, N);
  QmpDeadlines deadlines = { NULL };
  gint64 last = 0;
  guint n = 0;

  for (guint i = 0; i < N; i++)
    {
      items[i].deadline.time = g_test_rand_int_range (1, 300);
      qmp_deadlines_add (&deadlines, &items[i].deadline);
    }
  for (Item *item; (item = peek (&deadlines)) != NULL; n++)
    {
      g_assert_cmpint (item->deadline.time, >=, last);
      last = item->deadline.time;
      qmp_deadlines_remove (&deadlines, &item->deadline);
    }
  g_assert_cmpuint (n, ==, N);
  qmp_deadlines_clear (&deadlines);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/deadlines/earliest", test_earliest);
  g_test_add_func ("/deadlines/in-order", test_in_order);

  return g_test_run ();
}
