/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "event/qmp-event-queue-private.h"
#include "test-event.h"

static void
push (QmpEventQueue *queue,
      const char    *name)
{
  g_autoptr(QmpEvent) event = test_event_new (name, NULL);

  qmp_event_queue_push (queue, event);
}

static void
assert_pop (QmpEventQueue *queue,
            const char    *name)
{
  g_autoptr(QmpEvent) event = qmp_event_queue_pop (queue);

  g_assert_cmpstr (event != NULL ? qmp_event_get_name (event) : NULL, ==, name);
}

static void
test_queue (void)
{
  QmpEventQueue queue = { .max_length = 2 };

  push (&queue, "A");
  push (&queue, "B");
  push (&queue, "C");
  g_assert_cmpuint (queue.n_dropped, ==, 1);
  assert_pop (&queue, "B");

  queue.overflow = QMP_EVENT_OVERFLOW_DROP_NEWEST;
  push (&queue, "D");
  push (&queue, "E");
  g_assert_cmpuint (queue.n_dropped, ==, 2);
  qmp_event_queue_set_max_length (&queue, 1);
  g_assert_cmpuint (queue.n_dropped, ==, 3);
  assert_pop (&queue, "D");
  assert_pop (&queue, NULL);
  g_assert_cmpuint (queue.n_bytes, ==, 0);
}

static void
test_queue_steal (void)
{
  QmpEventQueue queue = { .max_length = 0 };
  GList *events;

  push (&queue, "A");
  push (&queue, "B");
  events = qmp_event_queue_steal (&queue);
  g_assert_cmpuint (g_list_length (events), ==, 2);
  g_assert_cmpstr (qmp_event_get_name (events->data), ==, "A");
  g_assert_cmpuint (queue.n_bytes, ==, 0);
  assert_pop (&queue, NULL);
  g_list_free_full (events, g_object_unref);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/event-queue/bounded", test_queue);
  g_test_add_func ("/event-queue/steal", test_queue_steal);

  return g_test_run ();
}
