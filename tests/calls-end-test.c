/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gunixfdlist.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link/qmp-given-up-private.h"
#include "test-desk.h"
#include "test-message.h"
#include "test-utils.h"

/* --- giving up --- */

static void
test_abandon_held (void)
{
  g_autoptr(TestDesk) desk = test_desk_new_with_window ();
  guint first = test_desk_issue (desk, "a")->serial;
  QmpCall *held;

  held = test_desk_issue_with_fds (desk, "f", FALSE);
  test_desk_issue (desk, "b");
  test_desk_assert_out (desk, "a");
  test_desk_assert_abandoned (desk, held, G_IO_ERROR_CANCELLED, "f!cancelled");
  /* It kept the one behind it back. */
  test_desk_assert_out (desk, "b");
  test_desk_assert_reply (desk, first, "a=1");
  test_desk_assert_out (desk, "");
}

static void
test_abandon_queued (void)
{
  g_autoptr(TestDesk) desk = test_desk_new_with_window ();
  QmpCall *call = test_desk_issue (desk, "a");
  guint serial = call->serial;

  for (guint i = 1; i < QMP_CALLS_WINDOW; i++)
    test_desk_issue (desk, "b");
  test_desk_issue (desk, "c");
  test_desk_assert_abandoned (desk, call, G_IO_ERROR_TIMED_OUT, "a!timed-out");
  /* Never written, and there is room at once. */
  test_desk_assert_out (desk, "b b b b b b c");
  test_desk_assert_reply (desk, serial, "unknown");
}

static void
test_abandon_written (void)
{
  g_autoptr(TestDesk) desk = test_desk_new_with_window ();
  QmpCall *first = test_desk_issue (desk, "a");
  QmpCall *second = test_desk_issue_with_id (desk, "b", "\"b\"");
  QmpCall *third = test_desk_issue_with_id (desk, "c", "");
  guint serial = first->serial;

  for (guint i = 3; i < QMP_CALLS_WINDOW; i++)
    test_desk_issue (desk, "d");
  test_desk_issue (desk, "e");
  test_desk_issue (desk, "f");
  test_desk_issue (desk, "g");
  test_desk_assert_out (desk, "a b c d d d d");
  test_desk_assert_abandoned (desk, first, G_IO_ERROR_CANCELLED, "a!cancelled");
  test_desk_assert_abandoned (desk, second, G_IO_ERROR_TIMED_OUT, "b!timed-out");
  test_desk_assert_abandoned (desk, third, G_IO_ERROR_CANCELLED, "c!cancelled");
  /* They are in the server's queue until it answers. */
  test_desk_assert_out (desk, "");
  test_desk_assert_reply (desk, serial, "swallowed");
  test_desk_assert_out (desk, "e");
  test_desk_assert_routed (desk, "{\"return\":1,\"id\":\"b\"}", "swallowed");
  test_desk_assert_out (desk, "f");
  test_desk_assert_routed (desk, "{\"return\":1}", "swallowed");
  test_desk_assert_out (desk, "g");
  test_desk_assert_reply (desk, serial, "unknown");
  test_desk_assert_routed (desk, "{\"return\":1,\"id\":\"b\"}", "unknown");
  test_desk_assert_routed (desk, "{\"return\":1}", "unknown");
}

/* With half of it out it is as good as written. */
static void
test_abandon_half_written (void)
{
  g_autoptr(TestDesk) desk = test_desk_new ();
  g_autoptr(QmpPacket) packet = test_packet_large (8 * TEST_WIRE_MAX_SIZE);
  guint serial = qmp_calls_take_serial (desk->calls);
  QmpCall *call = qmp_calls_issue (desk->calls, QMP_CALL_VALUE, qmp_packet_ref (packet), serial, NULL, FALSE);

  call->owner = (gpointer) "a";
  test_wire_turn (desk->wire);
  g_assert_true (packet->begun);
  g_assert_false (qmp_call_was_written (call));
  call->silent = TRUE;
  /* That it fell silent cannot be said of it. */
  test_desk_assert_abandoned (desk, call, G_IO_ERROR_TIMED_OUT, "a!timed-out");
  g_assert_true (packet->queued);
}

static void
test_abandon_silent (void)
{
  g_autoptr(TestDesk) desk = test_desk_new_with_window ();
  QmpCall *calls[QMP_CALLS_WINDOW];

  for (guint i = 0; i < QMP_CALLS_WINDOW; i++)
    {
      calls[i] = test_desk_issue_full (desk, "a", NULL, FALSE, i == 0 ? QMP_CALL_MESSAGE : QMP_CALL_VALUE, NULL);
      calls[i]->silent = TRUE;
    }
  test_desk_issue (desk, "b");
  test_desk_issue (desk, "c");
  test_desk_issue (desk, "d");
  test_desk_assert_abandoned (desk, calls[6], G_IO_ERROR_TIMED_OUT, "a!timed-out");
  test_desk_assert_out (desk, "a a a a a a b");
  /* Silence is success for what was written, and nobody waits for a reply. */
  test_desk_assert_abandoned (desk, calls[0], G_IO_ERROR_TIMED_OUT, "a:{}");
  test_desk_assert_out (desk, "c");
  test_desk_assert_abandoned (desk, calls[1], G_IO_ERROR_TIMED_OUT, "a=null");
  test_desk_assert_out (desk, "d");
  test_desk_assert_abandoned (desk, calls[2], G_IO_ERROR_CANCELLED, "a!cancelled");
  /* Failure is answered as ever. */
  test_desk_say (desk, "{}");
  g_string_truncate (desk->log, 0);
}

/* --- deadlines --- */

static void
test_expire (void)
{
  g_autoptr(TestDesk) desk = test_desk_new ();
  QmpCall *late = test_desk_issue (desk, "late");
  QmpCall *early = test_desk_issue (desk, "early");
  QmpCall *call;
  gint64 next;

  test_desk_issue (desk, "never");
  g_assert_null (qmp_calls_expire_next (desk->calls, G_MAXINT64, &next));
  g_assert_cmpint (next, ==, 0);
  qmp_calls_set_deadline (desk->calls, late, 20);
  qmp_calls_set_deadline (desk->calls, early, 10);
  g_assert_cmpint (early->deadline.time, ==, 10);
  g_assert_null (qmp_calls_expire_next (desk->calls, 9, &next));
  g_assert_cmpint (next, ==, 10);

  call = qmp_calls_expire_next (desk->calls, 10, &next);
  g_assert_true (call == early);
  g_assert_cmpint (call->phase, ==, QMP_CALL_DONE);
  g_assert_error (call->error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  test_assert_error_has (call->error, "early");
  qmp_call_free (call);
  g_assert_null (qmp_calls_expire_next (desk->calls, 10, &next));
  g_assert_cmpint (next, ==, 20);
  call = qmp_calls_expire_next (desk->calls, G_MAXINT64, &next);
  g_assert_true (call == late);
  qmp_call_free (call);
  g_assert_null (qmp_calls_expire_next (desk->calls, G_MAXINT64, &next));
  g_assert_cmpint (next, ==, 0);
  /* Nothing was written of them. */
  test_desk_assert_out (desk, "never");
}

/* One that is done does not expire any more, however that was. */
static void
test_expire_not (void)
{
  g_autoptr(TestDesk) desk = test_desk_new ();
  QmpCall *replied = test_desk_issue (desk, "a");
  QmpCall *given_up = test_desk_issue (desk, "b");
  gint64 next;

  qmp_calls_set_deadline (desk->calls, replied, 1);
  qmp_calls_set_deadline (desk->calls, given_up, 2);
  qmp_calls_set_deadline (desk->calls, test_desk_issue (desk, "c"), 3);
  test_desk_assert_out (desk, "a b c");
  test_desk_assert_reply (desk, replied->serial, "a=1");
  test_desk_abandon (desk, given_up, G_IO_ERROR_CANCELLED);
  g_assert_null (qmp_calls_expire_next (desk->calls, 2, &next));
  g_assert_cmpint (next, ==, 3);
  test_desk_end (desk);
  g_assert_null (qmp_calls_expire_next (desk->calls, G_MAXINT64, &next));
  g_assert_cmpint (next, ==, 0);
}

static void
test_expire_silent (void)
{
  g_autoptr(TestDesk) desk = test_desk_new ();
  QmpCall *call = test_desk_issue (desk, "a");
  gint64 next;

  call->silent = TRUE;
  qmp_calls_set_deadline (desk->calls, call, 1);
  test_desk_assert_out (desk, "a");
  g_assert_true (qmp_calls_expire_next (desk->calls, 1, &next) == call);
  test_desk_note (desk->log, call);
  qmp_call_free (call);
  test_desk_assert_log (desk, "a=null");
}

/* --- ids that were given up --- */

static void
test_given_up_serials (void)
{
  QmpGivenUp given_up = { NULL };
  gboolean in_window = TRUE;

  g_assert_false (qmp_given_up_has_serial (&given_up, 1));
  g_assert_false (qmp_given_up_take_serial (&given_up, 1, &in_window));
  for (guint i = 1; i <= 1000; i++)
    qmp_given_up_add_serial (&given_up, 3 * i, i <= QMP_GIVEN_UP_MAX_WINDOW);
  for (guint i = 1; i <= 1000; i++)
    {
      g_assert_true (qmp_given_up_has_serial (&given_up, 3 * i));
      g_assert_false (qmp_given_up_has_serial (&given_up, 3 * i + 1));
      g_assert_false (qmp_given_up_take_serial (&given_up, 3 * i + 1, &in_window));
      g_assert_true (qmp_given_up_take_serial (&given_up, 3 * i, &in_window));
      g_assert_cmpint (in_window, ==, i <= QMP_GIVEN_UP_MAX_WINDOW);
      g_assert_false (qmp_given_up_has_serial (&given_up, 3 * i));
      g_assert_false (qmp_given_up_take_serial (&given_up, 3 * i, &in_window));
    }
  qmp_given_up_clear (&given_up);
}

/* An early one goes for a later one with the same low bits, but what is in the window is not forgotten. */
static void
test_given_up_many (void)
{
  QmpGivenUp given_up = { NULL };
  gboolean in_window;

  qmp_given_up_add_serial (&given_up, 5, FALSE);
  qmp_given_up_add_serial (&given_up, 6, TRUE);
  qmp_given_up_add_serial (&given_up, QMP_GIVEN_UP_MAX_SERIALS + 5, FALSE);
  qmp_given_up_add_serial (&given_up, QMP_GIVEN_UP_MAX_SERIALS + 6, FALSE);
  g_assert_cmpuint (given_up.n_serials, ==, QMP_GIVEN_UP_MAX_SERIALS);
  g_assert_false (qmp_given_up_take_serial (&given_up, 5, &in_window));
  g_assert_true (qmp_given_up_take_serial (&given_up, 6, &in_window));
  g_assert_true (in_window);
  g_assert_false (qmp_given_up_take_serial (&given_up, 6, &in_window));
  g_assert_true (qmp_given_up_take_serial (&given_up, QMP_GIVEN_UP_MAX_SERIALS + 5, &in_window));
  g_assert_false (in_window);
  g_assert_true (qmp_given_up_take_serial (&given_up, QMP_GIVEN_UP_MAX_SERIALS + 6, &in_window));
  g_assert_false (in_window);
  qmp_given_up_clear (&given_up);
}

static void
test_given_up_texts (void)
{
  QmpGivenUp given_up = { NULL };
  gboolean in_window;

  g_assert_false (qmp_given_up_has_texts (&given_up));
  g_assert_false (qmp_given_up_has_text (&given_up, "\"a\""));
  g_assert_false (qmp_given_up_take_text (&given_up, "\"a\"", &in_window));
  qmp_given_up_add_text (&given_up, "\"a\"", TRUE);
  qmp_given_up_add_text (&given_up, "\"b\"", FALSE);
  qmp_given_up_add_text (&given_up, "\"c\"", FALSE);
  g_assert_true (qmp_given_up_has_texts (&given_up));
  g_assert_true (qmp_given_up_has_text (&given_up, "\"a\""));
  g_assert_false (qmp_given_up_has_text (&given_up, "\"x\""));
  g_assert_true (qmp_given_up_take_text (&given_up, "\"a\"", &in_window));
  g_assert_true (in_window);
  g_assert_false (qmp_given_up_take_text (&given_up, "\"a\"", &in_window));
  g_assert_true (qmp_given_up_take_text (&given_up, "\"b\"", &in_window));
  g_assert_false (in_window);
  g_assert_true (qmp_given_up_has_texts (&given_up));
  qmp_given_up_add_serial (&given_up, 7, TRUE);
  qmp_given_up_clear (&given_up);
  g_assert_false (qmp_given_up_has_texts (&given_up));
  g_assert_false (qmp_given_up_has_text (&given_up, "\"c\""));
  g_assert_false (qmp_given_up_has_serial (&given_up, 7));
  g_assert_false (qmp_given_up_take_serial (&given_up, 7, &in_window));
  qmp_given_up_clear (&given_up);
}

/* --- the end of a link --- */

static void
assert_interrupted (QmpCall    *call,
                    const char *name,
                    const char *part)
{
  g_assert_cmpstr (TEST_DESK_NAME (call), ==, name);
  qmp_call_interrupt (call, "the cause");
  g_assert_cmpint (call->phase, ==, QMP_CALL_DONE);
  g_assert_error (call->error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
  test_assert_error_has (call->error, part);
  test_assert_error_has (call->error, name);
  test_assert_error_has (call->error, "the cause");
  qmp_call_free (call);
}

static QmpCall *
pop (GQueue *rest)
{
  GList *link = g_queue_pop_head_link (rest);

  return link != NULL ? link->data : NULL;
}

static void
test_end (void)
{
  g_autoptr(TestDesk) desk = test_desk_new_with_window ();
  QmpCall *given_up, *awaited, *call;
  GQueue rest;
  guint serial;
  int pipe_fd;
  GPollFD pollfd;

  given_up = test_desk_issue_with_id (desk, "given-up", "\"given-up\"");
  test_desk_issue (desk, "a");
  awaited = test_desk_issue_with_id (desk, "awaited", "\"awaited\"");
  qmp_calls_watch (desk->calls, awaited, 1);
  test_desk_assert_out (desk, "given-up a awaited");
  test_desk_assert_abandoned (desk, given_up, G_IO_ERROR_CANCELLED, "given-up!cancelled");
  call = test_desk_issue_with_id (desk, "b", "");
  qmp_calls_watch (desk->calls, call, 2);
  pipe_fd = test_desk_issue_bare (desk);
  serial = test_desk_issue (desk, "held")->serial;
  qmp_calls_await (desk->calls, awaited);
  g_assert_false (qmp_calls_has_ended (desk->calls, call));

  g_assert_true (qmp_calls_end (desk->calls, "it broke", &rest) == awaited);
  g_assert_error (awaited->error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
  test_assert_error_has (awaited->error, "it broke");
  g_assert_cmpint (awaited->phase, ==, QMP_CALL_DONE);
  qmp_call_free (awaited);

  /* The oldest first; the descriptors are closed. */
  g_assert_cmpuint (g_queue_get_length (&rest), ==, 3);
  g_assert_true (qmp_calls_has_ended (desk->calls, rest.head->data));
  assert_interrupted (pop (&rest), "a", "before the reply");
  assert_interrupted (pop (&rest), "b", "was sent");
  assert_interrupted (pop (&rest), "held", "was sent");
  pollfd = (GPollFD) { pipe_fd, G_IO_IN, 0 };
  g_assert_cmpint (g_poll (&pollfd, 1, 0), ==, 1);
  close (pipe_fd);
  g_assert_null (qmp_calls_get_oldest (desk->calls));
  g_assert_cmpuint (qmp_calls_get_n_watched (desk->calls), ==, 0);
  g_assert_false (qmp_calls_has_held (desk->calls));

  /* On the next link all ids are free. */
  qmp_calls_begin (desk->calls, desk->wire->transport);
  g_assert_false (test_desk_has_id (desk, "\"given-up\""));
  g_assert_false (test_desk_has_id (desk, "\"awaited\""));
  test_desk_assert_reply (desk, serial, "unknown");
  call = test_desk_issue_with_id (desk, "new", "\"awaited\"");
  g_assert_false (qmp_calls_has_ended (desk->calls, call));
  test_wire_turn (desk->wire);
  test_desk_assert_routed (desk, "{\"return\":1}", "unknown");
  test_desk_assert_routed (desk, "{\"return\":2,\"id\":\"awaited\"}", "new=2");
}

static void
test_end_held_awaited (void)
{
  g_autoptr(TestDesk) desk = test_desk_new_agent ();
  QmpCall *awaited = test_desk_issue (desk, "a");
  GQueue rest;

  qmp_calls_await (desk->calls, awaited);
  g_assert_true (qmp_calls_end (desk->calls, "it broke", &rest) == awaited);
  test_assert_error_has (awaited->error, "was sent");
  g_assert_cmpuint (g_queue_get_length (&rest), ==, 0);
  qmp_call_free (awaited);
  qmp_calls_begin (desk->calls, desk->wire->transport);
  g_assert_false (qmp_calls_has_held (desk->calls));
}

/* One that was answered is awaited no more. */
static void
test_end_nobody_awaited (void)
{
  g_autoptr(TestDesk) desk = test_desk_new ();
  QmpCall *call = test_desk_issue (desk, "a");
  GQueue rest;

  qmp_calls_await (desk->calls, call);
  test_desk_assert_out (desk, "a");
  test_desk_assert_reply (desk, call->serial, "a=1");
  g_assert_null (qmp_calls_end (desk->calls, "it broke", &rest));
  g_assert_cmpuint (g_queue_get_length (&rest), ==, 0);
}

static void
test_end_silent (void)
{
  g_autoptr(TestDesk) desk = test_desk_new ();
  QmpCall *written = test_desk_issue (desk, "a");
  QmpCall *unwritten;
  GQueue rest;

  written->silent = TRUE;
  test_desk_assert_out (desk, "a");
  unwritten = test_desk_issue (desk, "b");
  unwritten->silent = TRUE;
  g_assert_null (qmp_calls_end (desk->calls, "it broke", &rest));
  g_assert_true (pop (&rest) == written);
  qmp_call_interrupt (written, "the cause");
  test_desk_note (desk->log, written);
  test_desk_assert_log (desk, "a=null");
  qmp_call_free (written);
  assert_interrupted (pop (&rest), "b", "was sent");
}

/* --- who waits --- */

static void
test_watch (void)
{
  g_autoptr(TestDesk) desk = test_desk_new ();
  QmpCall *first = test_desk_issue (desk, "a");
  QmpCall *second = test_desk_issue (desk, "b");
  QmpCall *third = test_desk_issue (desk, "c");

  g_assert_null (qmp_calls_get_oldest (desk->calls));
  qmp_calls_watch (desk->calls, first, 11);
  qmp_calls_watch (desk->calls, third, 33);
  g_assert_true (qmp_calls_get_oldest (desk->calls) == first);
  g_assert_cmpint (first->issued, ==, 11);
  g_assert_true (first->watched_link.next->data == third);
  g_assert_null (third->watched_link.next);
  g_assert_cmpuint (qmp_calls_get_n_watched (desk->calls), ==, 2);
  test_desk_assert_out (desk, "a b c");

  test_desk_assert_reply (desk, second->serial, "b=1");
  g_assert_cmpuint (qmp_calls_get_n_watched (desk->calls), ==, 2);
  test_desk_assert_reply (desk, first->serial, "a=1");
  g_assert_true (qmp_calls_get_oldest (desk->calls) == third);
  g_assert_cmpuint (qmp_calls_get_n_watched (desk->calls), ==, 1);
  test_desk_abandon (desk, third, G_IO_ERROR_CANCELLED);
  g_assert_null (qmp_calls_get_oldest (desk->calls));
}
int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/calls/abandon/held", test_abandon_held);
  g_test_add_func ("/calls/abandon/queued", test_abandon_queued);
  g_test_add_func ("/calls/abandon/written", test_abandon_written);
  g_test_add_func ("/calls/abandon/half-written", test_abandon_half_written);
  g_test_add_func ("/calls/abandon/silent", test_abandon_silent);
  g_test_add_func ("/calls/expire", test_expire);
  g_test_add_func ("/calls/expire/not", test_expire_not);
  g_test_add_func ("/calls/expire/silent", test_expire_silent);
  g_test_add_func ("/calls/given-up/serials", test_given_up_serials);
  g_test_add_func ("/calls/given-up/many", test_given_up_many);
  g_test_add_func ("/calls/given-up/texts", test_given_up_texts);
  g_test_add_func ("/calls/end", test_end);
  g_test_add_func ("/calls/end/held-awaited", test_end_held_awaited);
  g_test_add_func ("/calls/end/nobody-awaited", test_end_nobody_awaited);
  g_test_add_func ("/calls/end/silent", test_end_silent);
  g_test_add_func ("/calls/watch", test_watch);

  return g_test_run ();
}
