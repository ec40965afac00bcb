/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <gio/gio.h>

#include "event/qmp-event-history-private.h"
#include "event/qmp-event-queue-private.h"
#include "test-event.h"

static void
add (QmpEventHistory *history,
     const char      *name)
{
  g_autoptr(QmpEvent) event = test_event_new (name, NULL);

  qmp_event_history_add (history, event);
}

/* names: a letter each. */
static void
assert_list (QmpEventHistory *history,
             const char      *names)
{
  GListModel *list = G_LIST_MODEL (history);
  g_autoptr(GString) found = g_string_new (NULL);
  guint n_items;

  for (guint i = 0; i < g_list_model_get_n_items (list); i++)
    {
      g_autoptr(QmpEvent) event = g_list_model_get_item (list, i);

      g_string_append (found, qmp_event_get_name (event));
    }
  g_assert_cmpstr (found->str, ==, names);
  g_object_get (history, "n-items", &n_items, NULL);
  g_assert_cmpuint (n_items, ==, found->len);
  g_assert_null (g_list_model_get_item (list, n_items));
}

static void
test_bounded (void)
{
  g_autoptr(QmpEventHistory) history = qmp_event_history_new ();

  g_assert_true (g_list_model_get_item_type (G_LIST_MODEL (history)) == QMP_TYPE_EVENT);
  add (history, "A");
  assert_list (history, "");
  qmp_event_history_set_max_length (history, 2);
  for (char name[] = "A"; *name <= 'E'; ++*name)
    add (history, name);
  assert_list (history, "DE");
  qmp_event_history_set_max_length (history, 4);
  assert_list (history, "DE");
  add (history, "F");
  add (history, "G");
  add (history, "H");
  assert_list (history, "EFGH");
  qmp_event_history_set_max_length (history, 1);
  assert_list (history, "H");
  qmp_event_history_set_max_length (history, 0);
  assert_list (history, "");
}

static void
test_bytes (void)
{
  g_autoptr(QmpEventHistory) history = qmp_event_history_new ();
  g_autofree char *filling = g_strnfill (QMP_EVENT_MAX_BYTES / 4, 'x');
  g_autofree char *data = g_strdup_printf ("\"%s\"", filling);
  g_autoptr(QmpEvent) large = test_event_new ("L", data);

  qmp_event_history_set_max_length (history, 100);
  add (history, "A");
  for (guint i = 0; i < 5; i++)
    qmp_event_history_add (history, large);
  assert_list (history, "LLL");
  add (history, "B");
  assert_list (history, "LLLB");
}

/* --- what is told of it --- */

static void
changed_cb (GListModel *list,
            guint       position,
            guint       n_removed,
            guint       n_added,
            GString    *log)
{
  g_string_append_printf (log, " %u-%u+%u", position, n_removed, n_added);
}

static void
notify_cb (GObject    *object,
           GParamSpec *pspec,
           GString    *log)
{
  g_string_append_printf (log, " n=%u", g_list_model_get_n_items (G_LIST_MODEL (object)));
}

#define assert_log(log, expected)              \
  G_STMT_START {                               \
    g_assert_cmpstr ((log)->str, ==, expected); \
    g_string_truncate (log, 0);                \
  } G_STMT_END

static void
test_signals (void)
{
  g_autoptr(QmpEventHistory) history = qmp_event_history_new ();
  g_autoptr(GString) log = g_string_new (NULL);

  g_signal_connect (history, "items-changed", G_CALLBACK (changed_cb), log);
  g_signal_connect (history, "notify::n-items", G_CALLBACK (notify_cb), log);
  add (history, "A");
  qmp_event_history_set_max_length (history, 2);
  assert_log (log, "");
  add (history, "A");
  add (history, "B");
  assert_log (log, " 0-0+1 n=1 1-0+1 n=2");
  /* As many as before. */
  add (history, "C");
  assert_log (log, " 2-0+1 0-1+0");
  qmp_event_history_set_max_length (history, 3);
  assert_log (log, "");
  qmp_event_history_set_max_length (history, 0);
  assert_log (log, " 0-2+0 n=0");
}

/* --- what handlers do --- */

static void
drop_cb (GListModel       *list,
         guint             position,
         guint             n_removed,
         guint             n_added,
         QmpEventHistory **history)
{
  g_clear_object (history);
}

static void
test_dropped_within (void)
{
  QmpEventHistory *history = qmp_event_history_new ();

  qmp_event_history_set_max_length (history, 1);
  add (history, "A");
  g_object_add_weak_pointer (G_OBJECT (history), (gpointer *) &history);
  g_signal_connect (history, "items-changed", G_CALLBACK (drop_cb), &history);
  add (history, "B");
  g_assert_null (history);

  history = qmp_event_history_new ();
  qmp_event_history_set_max_length (history, 1);
  add (history, "A");
  g_signal_connect (history, "items-changed", G_CALLBACK (drop_cb), &history);
  qmp_event_history_set_max_length (history, 0);
  g_assert_null (history);
}

static void
forget_cb (GListModel *list,
           guint       position,
           guint       n_removed,
           guint       n_added,
           gpointer    user_data)
{
  qmp_event_history_set_max_length (QMP_EVENT_HISTORY (list), 0);
}

static void
test_shortened_within (void)
{
  g_autoptr(QmpEventHistory) history = qmp_event_history_new ();

  qmp_event_history_set_max_length (history, 2);
  g_signal_connect (history, "items-changed", G_CALLBACK (forget_cb), NULL);
  add (history, "A");
  assert_list (history, "");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/event-history/bounded", test_bounded);
  g_test_add_func ("/event-history/bytes", test_bytes);
  g_test_add_func ("/event-history/signals", test_signals);
  g_test_add_func ("/event-history/dropped-within", test_dropped_within);
  g_test_add_func ("/event-history/shortened-within", test_shortened_within);

  return g_test_run ();
}
