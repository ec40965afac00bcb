/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "event/qmp-event-listener-private.h"
#include "event/qmp-paired-call-private.h"
#include "test-event.h"

/* A paired call by itself: its command's call is a text. */
typedef struct {
  TestHub        base;
  QmpPacket     *packet;
  QmpPairedCall *pair;    /* with a reference */
  TestNote       note;
} Fixture;

static void
note_cb (GObject      *object,
         GAsyncResult *result,
         gpointer      user_data)
{
  test_hub_note_next (object, result, user_data);
}

static void
begin (Fixture  *self,
       gboolean  with_task)
{
  const char *names[] = { "DONE", NULL };
  QmpEventMatch *match = qmp_event_match_new (names);
  g_autoptr(GTask) task = NULL;

  g_main_context_push_thread_default (self->base.context);
  task = with_task ? g_task_new (NULL, NULL, note_cb, &self->note) : NULL;
  g_main_context_pop_thread_default (self->base.context);
  qmp_event_match_add_failure (match, "FAILED", NULL, NULL);
  self->pair = qmp_paired_call_new (&self->base.hub, match, g_strdup ("do"), self->packet, (gpointer) "do", task, 0);
  g_rc_box_acquire (self->pair);
}

static void
set_up (Fixture       *self,
        gconstpointer  data)
{
  test_hub_set_up (&self->base, data);
  self->packet = qmp_packet_new ("{}", 2, NULL);
  self->note = (TestNote) { &self->base, "p" };
  begin (self, TRUE);
  g_assert_true (self->packet->read_first);
}

static void
tear_down (Fixture       *self,
           gconstpointer  data)
{
  qmp_paired_call_unref (self->pair);
  qmp_packet_unref (self->packet);
  test_hub_tear_down (&self->base, data);
}

static void
assert_delivered (Fixture    *self,
                  const char *expected)
{
  test_hub_deliver (&self->base);
  test_hub_assert_log (&self->base, expected);
}

static void
spin (Fixture *self)
{
  while (g_main_context_iteration (self->base.context, FALSE))
    continue;
}

static void
test_event_last (Fixture       *self,
                 gconstpointer  data)
{
  self->packet->begun = TRUE;
  qmp_paired_call_replied (self->pair, NULL);
  g_assert_false (self->pair->done);
  assert_delivered (self, "");
  test_hub_receive (&self->base, "OTHER");
  test_hub_receive (&self->base, "DONE");
  g_assert_true (self->pair->done);
  assert_delivered (self, " OTHER DONE p=DONE");
}

/* Its place is the later one. */
static void
test_event_first (Fixture       *self,
                  gconstpointer  data)
{
  self->packet->begun = TRUE;
  test_hub_receive (&self->base, "DONE");
  test_hub_receive (&self->base, "DONE");
  g_assert_false (self->pair->done);
  qmp_paired_call_replied (self->pair, NULL);
  test_hub_receive (&self->base, "OTHER");
  g_assert_true (self->pair->done);
  assert_delivered (self, " DONE DONE p=DONE OTHER");
}

/* What had come before the command's first byte is not its event. */
static void
test_not_armed (Fixture       *self,
                gconstpointer  data)
{
  qmp_event_hub_route (&self->base.hub, test_event_new ("DONE", NULL));
  self->packet->begun = TRUE;
  qmp_event_hub_match (&self->base.hub);
  qmp_paired_call_replied (self->pair, NULL);
  assert_delivered (self, " DONE");
  test_hub_receive (&self->base, "DONE");
  assert_delivered (self, " DONE p=DONE");
}

static void
test_error_reply (Fixture       *self,
                  gconstpointer  data)
{
  self->packet->begun = TRUE;
  qmp_paired_call_replied (self->pair, g_error_new_literal (QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC, "no"));
  g_assert_true (self->pair->done);
  test_hub_receive (&self->base, "DONE");
  assert_delivered (self, " p!generic DONE");
}

static void
test_error_reply_behind_event (Fixture       *self,
                               gconstpointer  data)
{
  self->packet->begun = TRUE;
  test_hub_receive (&self->base, "DONE");
  qmp_paired_call_replied (self->pair, g_error_new_literal (QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC, "no"));
  assert_delivered (self, " DONE p!generic");
}

static void
test_failure (Fixture       *self,
              gconstpointer  data)
{
  self->packet->begun = TRUE;
  qmp_paired_call_replied (self->pair, NULL);
  qmp_event_hub_route (&self->base.hub, test_event_new ("FAILED", "{\"why\": 1}"));
  qmp_event_hub_match (&self->base.hub);
  g_assert_error (self->pair->error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_FAILURE_EVENT);
  g_assert_cmpstr (self->pair->error->message, ==, "do: FAILED {\"why\":1}");
  assert_delivered (self, " FAILED p!failure");
}

/* --- giving up --- */

static void
test_cancelled (Fixture       *self,
                gconstpointer  data)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  qmp_paired_call_set_patience (self->pair, -1, cancellable);
  g_cancellable_cancel (cancellable);
  spin (self);
  test_hub_assert_log (&self->base, " abandon(do)");
  assert_delivered (self, " p!cancelled");
}

/* The command is done: nothing is to be given up. */
static void
test_cancelled_late (Fixture       *self,
                     gconstpointer  data)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();

  qmp_paired_call_set_patience (self->pair, -1, cancellable);
  qmp_paired_call_replied (self->pair, NULL);
  g_cancellable_cancel (cancellable);
  spin (self);
  /* In the place where the reply stood. */
  test_hub_receive (&self->base, "DONE");
  assert_delivered (self, " p!cancelled DONE");
}

/* The link has ended, and its end is about to be told: that is the outcome. */
static void
test_cancelled_too_late (Fixture       *self,
                         gconstpointer  data)
{
  self->base.abandons = FALSE;
  qmp_paired_call_give_up (self->pair, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled"));
  test_hub_assert_log (&self->base, " abandon(do)");
  g_assert_false (self->pair->done);
  qmp_paired_call_interrupt (self->pair, g_error_new_literal (QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED, "x"), "x");
  spin (self);
  test_hub_assert_log (&self->base, " p!interrupted");
}

/* Time is over, but the event is there. */
static void
test_caught_up (Fixture       *self,
                gconstpointer  data)
{
  self->packet->begun = TRUE;
  qmp_paired_call_replied (self->pair, NULL);
  g_queue_push_tail (&self->base.coming, test_event_new ("DONE", NULL));
  qmp_paired_call_set_patience (self->pair, 0, NULL);
  while (!self->pair->done)
    g_main_context_iteration (self->base.context, FALSE);
  assert_delivered (self, " DONE p=DONE");
}

static void
test_timed_out (Fixture       *self,
                gconstpointer  data)
{
  g_autoptr(GError) answer = qmp_paired_call_make_timed_out (self->pair);
  g_autoptr(GError) event = NULL;

  qmp_paired_call_replied (self->pair, NULL);
  event = qmp_paired_call_make_timed_out (self->pair);
  g_assert_cmpstr (answer->message, !=, event->message);

  qmp_paired_call_set_patience (self->pair, 0, NULL);
  while (!self->pair->done)
    g_main_context_iteration (self->base.context, FALSE);
  assert_delivered (self, " p!timed-out");
}

/* --- the end of the link --- */

static void
test_interrupted (Fixture       *self,
                  gconstpointer  data)
{
  self->packet->begun = TRUE;
  qmp_event_hub_end (&self->base.hub);
  /* Of the next link. */
  test_hub_receive (&self->base, "DONE");
  /* Its command is told first. */
  qmp_event_hub_fail_pairs (&self->base.hub, "x");
  g_assert_false (self->pair->done);
  qmp_paired_call_interrupt (self->pair, NULL, "x");
  spin (self);
  test_hub_assert_log (&self->base, " p!interrupted");
  assert_delivered (self, " DONE");
}

/* Silence was the command's success, and the event is there. */
static void
test_interrupted_with_event (Fixture       *self,
                             gconstpointer  data)
{
  self->packet->begun = TRUE;
  test_hub_receive (&self->base, "DONE");
  qmp_event_hub_end (&self->base.hub);
  assert_delivered (self, " DONE");
  qmp_paired_call_interrupt (self->pair, NULL, "x");
  spin (self);
  test_hub_assert_log (&self->base, " p=DONE");
}

static void
test_interrupted_without_event (Fixture       *self,
                                gconstpointer  data)
{
  self->packet->begun = TRUE;
  qmp_paired_call_replied (self->pair, NULL);
  qmp_event_hub_fail_pairs (&self->base.hub, "x");
  g_assert_false (self->pair->done);
  qmp_event_hub_end (&self->base.hub);
  qmp_event_hub_fail_pairs (&self->base.hub, "x");
  spin (self);
  test_hub_assert_log (&self->base, " p!interrupted");
  assert_delivered (self, "");
}

/* --- a blocking caller --- */

static void
test_blocking (Fixture       *self,
               gconstpointer  data)
{
  QmpPairedCall *first = self->pair;

  qmp_paired_call_give_up (first, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled"));
  assert_delivered (self, " abandon(do) p!cancelled");
  qmp_paired_call_unref (first);

  begin (self, FALSE);
  self->packet->begun = TRUE;
  qmp_paired_call_replied (self->pair, NULL);
  g_assert_true (qmp_inbox_is_empty (&self->base.inbox));
  test_hub_receive (&self->base, "DONE");
  g_assert_true (self->pair->done);
  g_assert_cmpstr (qmp_event_get_name (self->pair->event), ==, "DONE");
  assert_delivered (self, " DONE");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define add(path, test) g_test_add ("/paired-call/" path, Fixture, NULL, set_up, test, tear_down)
  add ("event-last", test_event_last);
  add ("event-first", test_event_first);
  add ("not-armed", test_not_armed);
  add ("error-reply", test_error_reply);
  add ("error-reply/behind-event", test_error_reply_behind_event);
  add ("failure", test_failure);
  add ("cancelled", test_cancelled);
  add ("cancelled/late", test_cancelled_late);
  add ("cancelled/too-late", test_cancelled_too_late);
  add ("caught-up", test_caught_up);
  add ("timed-out", test_timed_out);
  add ("interrupted", test_interrupted);
  add ("interrupted/with-event", test_interrupted_with_event);
  add ("interrupted/without-event", test_interrupted_without_event);
  add ("blocking", test_blocking);
#undef add

  return g_test_run ();
}
