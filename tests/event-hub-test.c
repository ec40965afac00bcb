/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/qmp-task-private.h"
#include "event/qmp-event-listener-private.h"
#include "test-event.h"
#include "test-utils.h"

static QmpEventListener *
add_listener (TestHub    *hub,
              const char *name)
{
  const char *names[] = { name, NULL };
  QmpEventListener *listener = qmp_event_listener_new (name != NULL ? names : NULL);

  qmp_event_hub_add (&hub->hub, listener);
  return listener;
}

static void
assert_queue (QmpEventListener *listener,
              const char       *expected)
{
  g_autoptr(GString) names = g_string_new (NULL);
  QmpEvent *event;

  while ((event = qmp_event_listener_try_next (listener)) != NULL)
    {
      g_string_append (names, qmp_event_get_name (event));
      g_object_unref (event);
    }
  g_assert_cmpstr (names->str, ==, expected);
}

#define NEXT(hub, listener, name)                                                                   \
  qmp_event_listener_next_async (listener, -1, NULL, test_hub_note_next, &(TestNote) { hub, name })

/* --- listeners --- */

static void
test_nobody (TestHub       *hub,
             gconstpointer  data)
{
  test_hub_receive (hub, "A");
  test_hub_receive (hub, "B");
  test_hub_assert_log (hub, "");
  test_hub_deliver (hub);
  test_hub_assert_log (hub, " A B");
}

/* A queue is filled before anything is delivered, and whether or not it is. */
static void
test_queues (TestHub       *hub,
             gconstpointer  data)
{
  g_autoptr(QmpEventListener) all = add_listener (hub, NULL);
  g_autoptr(QmpEventListener) b = add_listener (hub, "B");

  test_hub_receive (hub, "A");
  test_hub_receive (hub, "B");
  assert_queue (all, "AB");
  assert_queue (b, "B");

  qmp_event_hub_remove (&hub->hub, b);
  test_hub_receive (hub, "B");
  assert_queue (all, "B");
  assert_queue (b, "");
  test_hub_deliver (hub);
  test_hub_assert_log (hub, " A B B");
}

static void
items_changed_cb (GListModel *list,
                  guint       position,
                  guint       removed,
                  guint       added,
                  gpointer    user_data)
{
  g_string_append_printf (((TestHub *) user_data)->log, " %u-%u+%u", position, removed, added);
}

/* The list changes where the event is delivered. */
static void
test_history (TestHub       *hub,
              gconstpointer  data)
{
  g_autoptr(QmpEventListener) listener = add_listener (hub, "A");

  qmp_event_listener_set_history_length (listener, 1);
  g_signal_connect (qmp_event_listener_get_history (listener), "items-changed", G_CALLBACK (items_changed_cb), hub);
  test_hub_receive (hub, "A");
  test_hub_receive (hub, "B");
  test_hub_receive (hub, "A");
  test_hub_assert_log (hub, "");
  test_hub_deliver (hub);
  test_hub_assert_log (hub, " A 0-0+1 B A 1-0+1 0-1+0");
}

/* What nobody's call waits for is not kept if the owner says so; it is in the queues all the same. */
static void
test_not_kept (TestHub       *hub,
               gconstpointer  data)
{
  g_autoptr(QmpEventListener) listener = add_listener (hub, NULL);

  hub->keeps = FALSE;
  test_hub_receive (hub, "A");
  g_assert_true (qmp_inbox_is_empty (&hub->inbox));
  g_assert_cmpuint (hub->inbox.size, ==, 0);
  assert_queue (listener, "A");

  NEXT (hub, listener, "n");
  test_hub_receive (hub, "B");
  g_assert_false (qmp_inbox_is_empty (&hub->inbox));
  test_hub_deliver (hub);
  test_hub_assert_log (hub, " B n=B");
}

/* --- filters --- */

static gboolean
remove_cb (QmpEvent *event,
           gpointer  user_data)
{
  QmpEventListener *other = user_data;

  if (other->hub != NULL)
    qmp_event_hub_remove (other->hub, other);
  return TRUE;
}

static void
test_filter_removes (TestHub       *hub,
                     gconstpointer  data)
{
  g_autoptr(QmpEventListener) first = add_listener (hub, NULL);
  g_autoptr(QmpEventListener) second = add_listener (hub, NULL);
  g_autoptr(QmpEventListener) third = add_listener (hub, NULL);

  test_set_filter (first, remove_cb, second, NULL);
  test_hub_receive (hub, "A");
  assert_queue (first, "A");
  assert_queue (second, "");
  assert_queue (third, "A");

  test_set_filter (first, remove_cb, first, NULL);
  test_hub_receive (hub, "B");
  assert_queue (first, "B");
  test_hub_receive (hub, "C");
  assert_queue (first, "");
  test_hub_deliver (hub);
  test_hub_assert_log (hub, " A B C");
}

static gboolean
receive_cb (QmpEvent *event,
            gpointer  user_data)
{
  TestHub *hub = user_data;

  g_assert_true (hub->hub.matching);
  if (g_str_equal (qmp_event_get_name (event), "A"))
    {
      test_hub_receive (hub, "B");
      /* Nothing is delivered meanwhile, nor matched. */
      test_hub_deliver (hub);
      g_assert_cmpuint (hub->hub.unmatched.length, ==, 1);
    }
  return TRUE;
}

static void
test_filter_receives (TestHub       *hub,
                      gconstpointer  data)
{
  g_autoptr(QmpEventListener) listener = add_listener (hub, NULL);

  test_set_filter (listener, receive_cb, hub, NULL);
  test_hub_receive (hub, "A");
  assert_queue (listener, "AB");
  test_hub_deliver (hub);
  test_hub_assert_log (hub, " A B");
}

/* --- waiting --- */

/* In the event's own place, behind its handlers. */
static void
test_next (TestHub       *hub,
           gconstpointer  data)
{
  g_autoptr(QmpEventListener) listener = add_listener (hub, "A");

  NEXT (hub, listener, "n");
  NEXT (hub, listener, "o");
  test_hub_receive (hub, "A");
  test_hub_receive (hub, "B");
  test_hub_receive (hub, "A");
  test_hub_deliver (hub);
  test_hub_assert_log (hub, " A n=A B A o=A");
  assert_queue (listener, "");
}

static void
test_next_queued (TestHub       *hub,
                  gconstpointer  data)
{
  g_autoptr(QmpEventListener) listener = add_listener (hub, "A");

  test_hub_receive (hub, "A");
  NEXT (hub, listener, "n");
  NEXT (hub, listener, "o");
  test_hub_receive (hub, "A");
  test_hub_deliver (hub);
  test_hub_assert_log (hub, " A n=A A o=A");
}

/* Begun in a dispatch of the context, and its event is delivered in the same: then delivery waits, and the order stays. */
static void
next_and_deliver (TestHub *hub)
{
  QmpEventListener *listener = g_ptr_array_index (hub->hub.listeners, 0);
  static TestNote note;

  note = (TestNote) { hub, "n" };
  qmp_event_listener_next_async (listener, -1, NULL, test_hub_note_next, &note);
  test_hub_receive (hub, "A");
  test_hub_receive (hub, "B");
  qmp_inbox_deliver (&hub->inbox);
  test_hub_assert_log (hub, "");
}

static void
test_next_put_off (TestHub       *hub,
                   gconstpointer  data)
{
  g_autoptr(QmpEventListener) listener = add_listener (hub, "A");

  test_hub_dispatch (hub, next_and_deliver);
  test_hub_deliver (hub);
  test_hub_assert_log (hub, " A n=A B");
}

static void
test_next_cancelled (TestHub       *hub,
                     gconstpointer  data)
{
  g_autoptr(QmpEventListener) listener = add_listener (hub, "A");
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  TestNote note = { hub, "n" };

  qmp_event_listener_next_async (listener, -1, cancellable, test_hub_note_next, &note);
  g_cancellable_cancel (cancellable);
  while (g_main_context_iteration (hub->context, FALSE))
    continue;
  test_hub_assert_log (hub, " n!cancelled");
  test_hub_receive (hub, "A");
  assert_queue (listener, "A");
  test_hub_deliver (hub);
  test_hub_assert_log (hub, " A");
}

/* What came in time counts. */
static void
test_next_caught_up (TestHub       *hub,
                     gconstpointer  data)
{
  g_autoptr(QmpEventListener) listener = add_listener (hub, NULL);
  TestNote note = { hub, "n" };

  g_queue_push_tail (&hub->coming, test_event_new ("A", NULL));
  qmp_event_listener_next_async (listener, 0, NULL, test_hub_note_next, &note);
  while (hub->coming.head != NULL)
    g_main_context_iteration (hub->context, FALSE);
  test_hub_assert_log (hub, "");
  test_hub_deliver (hub);
  test_hub_assert_log (hub, " A n=A");
}

static void
test_next_unexpected (TestHub       *hub,
                      gconstpointer  data)
{
  g_autoptr(QmpEventListener) listener = add_listener (hub, "A");
  TestNote note = { hub, "n" };

  hub->expects = FALSE;
  qmp_event_listener_next_async (listener, -1, NULL, test_hub_note_next, &note);
  while (g_main_context_iteration (hub->context, FALSE))
    continue;
  test_hub_assert_log (hub, " n!interrupted");
}

/* --- blocking --- */

static void
test_block (TestHub       *hub,
            gconstpointer  data)
{
  g_autoptr(QmpEventListener) listener = add_listener (hub, "B");
  g_autoptr(QmpEvent) event = NULL;
  g_autoptr(GError) error = NULL;

  g_queue_push_tail (&hub->coming, test_event_new ("A", NULL));
  g_queue_push_tail (&hub->coming, test_event_new ("B", NULL));
  event = qmp_event_listener_next (listener, -1, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (qmp_event_get_name (event), ==, "B");

  g_assert_null (qmp_event_listener_next (listener, -1, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  test_hub_deliver (hub);
  test_hub_assert_log (hub, " A B");
}

static gboolean
remove_and_refuse_cb (QmpEvent *event,
                      gpointer  user_data)
{
  QmpEventListener *listener = user_data;

  qmp_event_hub_remove (listener->hub, listener);
  return FALSE;
}

static void
test_block_removed (TestHub       *hub,
                    gconstpointer  data)
{
  g_autoptr(QmpEventListener) listener = add_listener (hub, NULL);
  g_autoptr(GError) error = NULL;

  test_set_filter (listener, remove_and_refuse_cb, listener, NULL);
  g_queue_push_tail (&hub->coming, test_event_new ("A", NULL));
  g_assert_null (qmp_event_listener_next (listener, -1, NULL, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  test_hub_deliver (hub);
  test_hub_assert_log (hub, " A");
}

/* --- ends --- */

static void
test_removed (TestHub       *hub,
              gconstpointer  data)
{
  g_autoptr(QmpEventListener) listener = add_listener (hub, "B");

  NEXT (hub, listener, "n");
  test_hub_receive (hub, "A");
  qmp_event_hub_remove (&hub->hub, listener);
  test_hub_deliver (hub);
  test_hub_assert_log (hub, " A n!state");
}

static void
test_link_ended (TestHub       *hub,
                 gconstpointer  data)
{
  g_autoptr(QmpEventListener) listener = add_listener (hub, "B");
  GSList *pending;

  NEXT (hub, listener, "n");
  NEXT (hub, listener, "o");
  pending = qmp_event_hub_steal_pending (&hub->hub);
  g_assert_cmpuint (g_slist_length (pending), ==, 2);
  /* It is of the next link. */
  test_hub_receive (hub, "B");
  assert_queue (listener, "B");
  qmp_event_hub_fail_pending (pending, "x");
  while (g_main_context_iteration (hub->context, FALSE))
    continue;
  test_hub_assert_log (hub, " n!interrupted o!interrupted");
  test_hub_deliver (hub);
  test_hub_assert_log (hub, " B");
}

static void
test_post_failed (TestHub       *hub,
                  gconstpointer  data)
{
  g_autoptr(QmpEventListener) listener = add_listener (hub, "B");

  NEXT (hub, listener, "n");
  test_hub_receive (hub, "A");
  qmp_event_hub_post_failed (&hub->hub, "x");
  test_hub_deliver (hub);
  test_hub_assert_log (hub, " A n!interrupted");
}

/* The owner goes: no user code runs within. Who has an event already gets it. */
static void
test_dropped (TestHub       *hub,
              gconstpointer  data)
{
  g_autoptr(QmpEventListener) listener = add_listener (hub, "A");

  NEXT (hub, listener, "n");
  NEXT (hub, listener, "o");
  test_hub_receive (hub, "A");
  qmp_event_hub_drop (&hub->hub);
  g_assert_null (listener->hub);
  qmp_inbox_clear (&hub->inbox);
  test_hub_assert_log (hub, "");
  while (g_main_context_iteration (hub->context, FALSE))
    continue;
  test_hub_assert_log (hub, " o!interrupted n=A");
}

/* What was not matched yet goes with the inbox. */
static void
test_dropped_unmatched (TestHub       *hub,
                        gconstpointer  data)
{
  qmp_event_hub_route (&hub->hub, test_event_new ("A", NULL));
  qmp_inbox_clear (&hub->inbox);
  g_assert_cmpuint (hub->hub.unmatched.length, ==, 0);
  test_hub_receive (hub, "B");
  test_hub_deliver (hub);
  test_hub_assert_log (hub, " B");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define add(path, test) g_test_add ("/event-hub/" path, TestHub, NULL, test_hub_set_up, test, test_hub_tear_down)
  add ("nobody", test_nobody);
  add ("queues", test_queues);
  add ("history", test_history);
  add ("not-kept", test_not_kept);
  add ("filter/removes", test_filter_removes);
  add ("filter/receives", test_filter_receives);
  add ("next", test_next);
  add ("next/queued", test_next_queued);
  add ("next/put-off", test_next_put_off);
  add ("next/cancelled", test_next_cancelled);
  add ("next/caught-up", test_next_caught_up);
  add ("next/unexpected", test_next_unexpected);
  add ("block", test_block);
  add ("block/removed", test_block_removed);
  add ("removed", test_removed);
  add ("link-ended", test_link_ended);
  add ("post-failed", test_post_failed);
  add ("dropped", test_dropped);
  add ("dropped/unmatched", test_dropped_unmatched);
#undef add

  return g_test_run ();
}
