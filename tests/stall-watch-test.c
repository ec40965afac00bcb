/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sys/socket.h>

#include "link/qmp-stall-watch-private.h"
#include "test-utils.h"
#include "test-wire.h"

/* A watch on a table of calls; time is what the test says it is. */
typedef struct {
  TestWire      *wire;
  QmpCalls      *calls;
  QmpStallWatch  watch;
} Fixture;

static void
set_up (Fixture       *self,
        gconstpointer  data)
{
  self->wire = test_wire_new (SOCK_STREAM);
  self->calls = qmp_calls_new ();
  qmp_calls_begin (self->calls, self->wire->transport);
  self->watch.calls = self->calls;
  self->watch.time = QMP_TIMEOUT_NONE;
}

static void
tear_down (Fixture       *self,
           gconstpointer  data)
{
  GQueue rest;
  GList *link;

  qmp_calls_end (self->calls, "test", &rest);
  while ((link = g_queue_pop_head_link (&rest)) != NULL)
    qmp_call_free (link->data);
  qmp_calls_free (self->calls);
  test_wire_free (self->wire);
}

static QmpCall *
issue (Fixture *self)
{
  return qmp_calls_issue (self->calls, QMP_CALL_VALUE, test_packet ("{}"), qmp_calls_take_serial (self->calls), NULL, FALSE);
}

static void
assert_look (Fixture  *self,
             gint64    now,
             gboolean  changes,
             gboolean  stalled,
             gint64    next)
{
  gint64 found;

  g_assert_cmpint (qmp_stall_watch_look (&self->watch, now, &found), ==, changes);
  g_assert_cmpint (self->watch.stalled, ==, stalled);
  g_assert_cmpint (found, ==, next);
}

static void
give_up (Fixture *self,
         QmpCall *call)
{
  qmp_calls_abandon (self->calls, call, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "test"));
  qmp_call_free (call);
}

static void
test_oldest (Fixture       *self,
             gconstpointer  data)
{
  QmpCall *first = issue (self);
  QmpCall *second = issue (self);
  gint64 due;

  qmp_stall_watch_set_time (&self->watch, 2000, 0);
  assert_look (self, G_MAXINT64, FALSE, FALSE, 0);
  due = qmp_stall_watch_add (&self->watch, first);
  g_assert_cmpint (due, ==, first->issued + 2000000);
  /* An older one says when. */
  g_assert_cmpint (qmp_stall_watch_add (&self->watch, second), ==, 0);
  second->issued = first->issued + 1000000;

  assert_look (self, due - 1, FALSE, FALSE, due);
  assert_look (self, due, TRUE, TRUE, 0);
  assert_look (self, due, FALSE, TRUE, 0);
  give_up (self, first);
  assert_look (self, due, TRUE, FALSE, due + 1000000);
  assert_look (self, due + 1000000, TRUE, TRUE, 0);
  give_up (self, second);
  assert_look (self, due + 1000000, TRUE, FALSE, 0);
}

/* A command that was issued meanwhile is timed from when that is turned on. */
static void
test_turned_on (Fixture       *self,
                gconstpointer  data)
{
  QmpCall *call = issue (self);

  g_assert_cmpint (qmp_stall_watch_add (&self->watch, call), ==, 0);
  g_assert_cmpint (qmp_stall_watch_get_wait (&self->watch), ==, -1);
  assert_look (self, G_MAXINT64, FALSE, FALSE, 0);

  qmp_stall_watch_set_time (&self->watch, 1, 5000);
  assert_look (self, 5999, FALSE, FALSE, 6000);
  assert_look (self, 6000, TRUE, TRUE, 0);
  g_assert_cmpint (qmp_stall_watch_get_wait (&self->watch), >=, 0);

  qmp_stall_watch_set_time (&self->watch, QMP_TIMEOUT_NONE, 7000);
  assert_look (self, 7000, TRUE, FALSE, 0);
  g_assert_cmpint (qmp_stall_watch_get_wait (&self->watch), ==, -1);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/stall-watch/oldest", Fixture, NULL, set_up, test_oldest, tear_down);
  g_test_add ("/stall-watch/turned-on", Fixture, NULL, set_up, test_turned_on, tear_down);

  return g_test_run ();
}
