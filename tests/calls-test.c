/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gunixfdlist.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test-desk.h"
#include "test-message.h"
#include "test-utils.h"

/* --- ids --- */

static void
test_serials (void)
{
  g_autoptr(TestDesk) desk = test_desk_new ();
  g_autoptr(GHashTable) seen = g_hash_table_new (NULL, NULL);
  guint serials[3000];

  for (guint i = 0; i < G_N_ELEMENTS (serials); i++)
    {
      serials[i] = test_desk_issue (desk, "a")->serial;
      g_assert_cmpuint (serials[i], >, 0);
      g_assert_cmpuint (serials[i], <=, G_MAXINT);
      g_assert_true (g_hash_table_add (seen, GUINT_TO_POINTER (serials[i])));
    }
  /* It is used up, also when no command got it. */
  g_assert_true (g_hash_table_add (seen, GUINT_TO_POINTER (qmp_calls_take_serial (desk->calls))));
  g_assert_true (g_hash_table_add (seen, GUINT_TO_POINTER (qmp_calls_take_serial (desk->calls))));

  while (!qmp_transport_is_flushed (desk->wire->transport))
    test_wire_turn (desk->wire);
  /* Each is found, in any order. */
  for (guint i = 0; i < G_N_ELEMENTS (serials); i++)
    test_desk_assert_reply (desk, serials[G_N_ELEMENTS (serials) - 1 - i], "a=1");
  test_desk_assert_reply (desk, serials[0], "unknown");
}

/* A serial is not one that a message brought itself, or that a late reply may have. */
static void
test_serials_taken (void)
{
  g_autoptr(TestDesk) desk = test_desk_new ();
  guint serial = qmp_calls_take_serial (desk->calls);
  g_autofree char *next = g_strdup_printf ("%u", serial + 1);
  g_autofree char *after_next = g_strdup_printf ("%u", serial + 2);
  QmpCall *given_up;

  test_desk_issue_with_id (desk, "own", next);
  given_up = test_desk_issue_with_id (desk, "own2", after_next);
  test_desk_assert_out (desk, "own own2");
  test_desk_assert_abandoned (desk, given_up, G_IO_ERROR_CANCELLED, "own2!cancelled");
  g_assert_cmpuint (qmp_calls_take_serial (desk->calls), ==, serial + 3);

  test_desk_say (desk, "{\"return\":1,\"id\":77}");
  test_desk_assert_log (desk, "unknown");
  test_desk_assert_reply (desk, serial + 1, "own=1");
  test_desk_assert_reply (desk, serial + 2, "swallowed");
  test_desk_assert_reply (desk, serial + 2, "unknown");
}

static void
test_own_ids (void)
{
  static const struct { const char *id, *echo; } cases[] = {
    { "\"a\"", "\"\\u0061\"" },
    { "\"\\u00fc\"", "\"ü\"" },
    { "{\"a\":1,\"b\":[2,null]}", "{ \"b\" : [2, null], \"\\u0061\": 1 }" },
    { "[]", "[ ]" },
    { "null", "null" },
    { "true", "true" },
    { "0", "0" },
    { "-1", "-1" },
    { "5", "5" },
    { "9223372036854775807", "9223372036854775807" },
    { "18446744073709551615", "18446744073709551615" },
    { "1.0", "1" },
    { "1e2", "100" },
    { "[1.50]", "[1.5]" },
    { "100000000000000000000000", "1e+23" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(TestDesk) desk = test_desk_new ();
      g_autofree char *text = g_strdup_printf ("{\"return\":1,\"id\":%s}", cases[i].echo);

      g_test_message ("%s", cases[i].id);
      test_desk_issue_with_id (desk, "a", cases[i].id);
      test_desk_assert_out (desk, "a");
      g_assert_true (test_desk_has_id (desk, cases[i].id));
      g_assert_true (test_desk_has_id (desk, cases[i].echo));
      g_assert_false (test_desk_has_id (desk, "\"other\""));
      test_desk_assert_routed (desk, text, "a=1");
      g_assert_false (test_desk_has_id (desk, cases[i].id));
      test_desk_assert_routed (desk, text, "unknown");
    }
}

/* What is equal to the eye only. */
static void
test_own_ids_differ (void)
{
  g_autoptr(TestDesk) desk = test_desk_new ();

  test_desk_issue_with_id (desk, "string", "\"5\"");
  test_desk_issue_with_id (desk, "number", "5");
  test_desk_issue_with_id (desk, "list", "[5]");
  test_desk_assert_out (desk, "string number list");
  test_desk_assert_routed (desk, "{\"return\":1,\"id\":[5]}", "list=1");
  test_desk_assert_routed (desk, "{\"return\":1,\"id\":\"5\"}", "string=1");
  test_desk_assert_routed (desk, "{\"return\":1,\"id\":\"5\"}", "unknown");
  test_desk_assert_routed (desk, "{\"return\":1,\"id\":5}", "number=1");
}

static void
test_has_id (void)
{
  g_autoptr(TestDesk) desk = test_desk_new_with_window ();
  QmpCall *call = test_desk_issue (desk, "a");
  g_autofree char *serial = g_strdup_printf ("%u", call->serial);

  g_assert_true (test_desk_has_id (desk, serial));
  test_desk_assert_out (desk, "a");
  test_desk_assert_abandoned (desk, call, G_IO_ERROR_CANCELLED, "a!cancelled");
  /* Its late reply is nobody else's. */
  g_assert_true (test_desk_has_id (desk, serial));
  test_desk_reply (desk, atoi (serial));
  test_desk_assert_log (desk, "swallowed");
  g_assert_false (test_desk_has_id (desk, serial));

  call = test_desk_issue_with_id (desk, "b", "\"x\"");
  test_desk_assert_out (desk, "b");
  test_desk_assert_abandoned (desk, call, G_IO_ERROR_CANCELLED, "b!cancelled");
  g_assert_true (test_desk_has_id (desk, "\"x\""));
  test_desk_assert_routed (desk, "{\"error\":{\"class\":\"A\",\"desc\":\"b\"},\"id\":\"x\"}", "swallowed");
  g_assert_false (test_desk_has_id (desk, "\"x\""));

  /* Nothing of it was written: the id is free. */
  call = test_desk_issue_with_id (desk, "c", "\"y\"");
  test_desk_assert_abandoned (desk, call, G_IO_ERROR_CANCELLED, "c!cancelled");
  g_assert_false (test_desk_has_id (desk, "\"y\""));
}

/* An id that the server cannot know yet is not a reply's. */
static void
test_unwritten (void)
{
  g_autoptr(TestDesk) desk = test_desk_new_with_window ();
  g_autoptr(QmpPacket) filler = NULL;
  guint queued, held;

  filler = test_wire_fill (desk->wire);
  queued = test_desk_issue (desk, "queued")->serial;
  for (guint i = 1; i < QMP_CALLS_WINDOW; i++)
    test_desk_issue (desk, "more");
  held = test_desk_issue (desk, "held")->serial;
  test_desk_assert_reply (desk, queued, "unknown");
  test_desk_assert_reply (desk, held, "unknown");
}

/* --- what a reply says --- */

static void
test_outcomes (void)
{
  static const struct {
    QmpCallForm form;
    const char *reply, *log;
  } cases[] = {
    { QMP_CALL_VALUE, "{\"return\":{\"x\":[1,null]},\"id\":\"i\"}", "a={\"x\":[1,null]}" },
    { QMP_CALL_VALUE, "{\"return\":null,\"id\":\"i\"}", "a=null" },
    { QMP_CALL_VALUE, "{\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"d\"},\"id\":\"i\"}",
      "a!command-not-found" },
    { QMP_CALL_VALUE, "{\"error\":{\"class\":\"DeviceNotFound\"},\"id\":\"i\"}", "a!bad-reply" },
    { QMP_CALL_VALUE, "{\"error\":{\"class\":1,\"desc\":\"d\"},\"id\":\"i\"}", "a!bad-reply" },
    { QMP_CALL_VALUE, "{\"error\":[],\"id\":\"i\"}", "a!bad-reply" },
    { QMP_CALL_VALUE, "{\"id\":\"i\"}", "a!bad-reply" },
    { QMP_CALL_VALUE, "{\"return\":1,\"error\":{\"class\":\"A\",\"desc\":\"d\"},\"id\":\"i\"}", "a!bad-reply" },
    { QMP_CALL_VALUE, "{\"return\":nil,\"id\":\"i\"}", "a!deserialization" },
    { QMP_CALL_VALUE, "{\"return\":nil, \"id\" : \"i\" }\n", "a!deserialization" },
    { QMP_CALL_REPLY, "{\"return\":1,\"id\":\"i\"}", "a:{\"return\":1,\"id\":\"i\"}" },
    { QMP_CALL_REPLY, "{\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"d\"},\"id\":\"i\"}", "a!command-not-found" },
    { QMP_CALL_MESSAGE, "{\"return\":1,\"id\":\"i\"}", "a:{\"return\":1,\"id\":\"i\"}" },
    { QMP_CALL_MESSAGE, "{\"error\":{\"class\":\"A\",\"desc\":\"d\"},\"id\":\"i\"}",
      "a:{\"error\":{\"class\":\"A\",\"desc\":\"d\"},\"id\":\"i\"}" },
    { QMP_CALL_MESSAGE, "{\"error\":{\"class\":\"A\"},\"id\":\"i\"}", "a!bad-reply" },
    { QMP_CALL_MESSAGE, "{\"return\":nil,\"id\":\"i\"}", "a!deserialization" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(TestDesk) desk = test_desk_new ();

      g_test_message ("%s", cases[i].reply);
      test_desk_issue_full (desk, "a", "\"i\"", FALSE, cases[i].form, NULL);
      test_desk_assert_out (desk, "a");
      test_desk_assert_routed (desk, cases[i].reply, cases[i].log);
    }
}

static void
test_nobody (void)
{
  g_autoptr(TestDesk) desk = test_desk_new ();

  test_desk_assert_routed (desk, "{\"return\":{}}", "unknown");
  test_desk_assert_routed (desk, "{\"error\":{\"class\":\"GenericError\",\"desc\":\"d\"}}", "parse-error");
  test_desk_assert_routed (desk, "{\"error\":{\"class\":\"GenericError\",\"desc\":\"d\"},\"id\":5}", "unknown");
  test_desk_assert_routed (desk, "{\"return\":nil}", "unknown");
  test_desk_issue (desk, "a");
  test_desk_assert_out (desk, "a");
  /* It has an id, so this is not its reply. */
  test_desk_assert_routed (desk, "{\"return\":{}}", "unknown");
  test_desk_assert_routed (desk, "{\"error\":{\"class\":\"GenericError\",\"desc\":\"d\"}}", "parse-error");
}

static void
test_sent (void)
{
  g_autoptr(TestDesk) desk = test_desk_new ();
  QmpCall *call = test_desk_issue_with_id (desk, "a", "\"i\"");
  g_autoptr(QmpMessage) sent = qmp_call_get_sent (call);

  assert_member (sent, "execute", "\"a\"");
  assert_member (sent, "id", "\"i\"");
  g_assert_cmpint (call->phase, ==, QMP_CALL_SENT);
  g_assert_false (qmp_call_was_written (call));
  test_desk_assert_out (desk, "a");
  g_assert_true (qmp_call_was_written (call));
}

/* --- the window --- */

static void
test_no_window (void)
{
  g_autoptr(TestDesk) desk = test_desk_new ();

  g_assert_false (qmp_calls_has_window (desk->calls));
  for (guint i = 0; i < QMP_CALLS_WINDOW; i++)
    test_desk_issue (desk, "a");
  test_desk_issue_with_fds (desk, "f", FALSE);
  test_desk_issue (desk, "b");
  test_desk_assert_out (desk, "a a a a a a a f b");
  g_assert_false (qmp_calls_has_held (desk->calls));
}

static void
test_window (void)
{
  g_autoptr(TestDesk) desk = test_desk_new_with_window ();
  guint serials[QMP_CALLS_WINDOW];
  guint oob;

  g_assert_true (qmp_calls_has_window (desk->calls));
  for (guint i = 0; i < QMP_CALLS_WINDOW; i++)
    serials[i] = test_desk_issue (desk, "a")->serial;
  g_assert_false (qmp_calls_has_held (desk->calls));
  test_desk_issue (desk, "b");
  test_desk_issue_with_id (desk, "c", "\"c\"");
  g_assert_true (qmp_calls_has_held (desk->calls));
  oob = test_desk_issue_out_of_band (desk, "oob")->serial;
  test_desk_assert_out (desk, "a a a a a a a oob");

  /* An out-of-band reply makes no room; each other one does for one, in the order of issue. */
  test_desk_assert_reply (desk, oob, "oob=1");
  test_desk_assert_out (desk, "");
  test_desk_assert_reply (desk, serials[3], "a=1");
  test_desk_assert_out (desk, "b");
  test_desk_issue (desk, "d");
  test_desk_assert_reply (desk, serials[0], "a=1");
  test_desk_assert_out (desk, "c");
  test_desk_assert_reply (desk, serials[1], "a=1");
  test_desk_assert_out (desk, "d");
  g_assert_false (qmp_calls_has_held (desk->calls));
}

static void
test_window_begins_anew (void)
{
  g_autoptr(TestDesk) desk = test_desk_new_with_window ();

  for (guint i = 0; i < QMP_CALLS_WINDOW; i++)
    test_desk_issue (desk, "a");
  test_desk_end (desk);
  qmp_calls_begin (desk->calls, desk->wire->transport);
  g_assert_false (qmp_calls_has_window (desk->calls));
  qmp_calls_set_window (desk->calls, TRUE);
  for (guint i = 0; i < QMP_CALLS_WINDOW; i++)
    test_desk_issue (desk, "b");
  g_assert_false (qmp_calls_has_held (desk->calls));
}

/* A command with descriptors has the queue for itself. */
static void
test_descriptors_alone (void)
{
  g_autoptr(TestDesk) desk = test_desk_new_with_window ();
  guint a = test_desk_issue (desk, "a")->serial;
  guint f = test_desk_issue_with_fds (desk, "f", FALSE)->serial;
  guint oob_f;

  test_desk_issue (desk, "b");
  test_desk_issue_out_of_band (desk, "oob");
  oob_f = test_desk_issue_with_fds (desk, "oob-f", TRUE)->serial;
  test_desk_issue (desk, "c");
  test_desk_assert_out (desk, "a oob");
  test_desk_assert_reply (desk, a, "a=1");
  test_desk_assert_out (desk, "f");
  test_desk_assert_reply (desk, f, "f=1");
  test_desk_assert_out (desk, "b");
  /* One out of band that carries some waits as well. */
  test_desk_say (desk, "{}");
  g_string_truncate (desk->log, 0);
  test_desk_assert_reply (desk, oob_f, "unknown");
}

static void
test_descriptors_out_of_band (void)
{
  g_autoptr(TestDesk) desk = test_desk_new_with_window ();
  guint oob_f = test_desk_issue_with_fds (desk, "oob-f", TRUE)->serial;

  test_desk_issue (desk, "a");
  test_desk_assert_out (desk, "oob-f");
  test_desk_assert_reply (desk, oob_f, "oob-f=1");
  test_desk_assert_out (desk, "a");
}

/* Descriptors by themselves keep their place. */
static void
test_bare (void)
{
  g_autoptr(TestDesk) desk = test_desk_new_with_window ();
  guint a = test_desk_issue (desk, "a")->serial;
  int pipe_fd = test_desk_issue_bare (desk);
  guint b;

  b = test_desk_issue (desk, "b")->serial;
  test_desk_assert_out (desk, "a");
  test_desk_assert_reply (desk, a, "a=1");
  /* What is behind them need not wait. */
  test_desk_assert_out (desk, "fds b");
  test_desk_assert_reply (desk, b, "b=1");
  close (pipe_fd);

  qmp_calls_set_window (desk->calls, FALSE);
  test_desk_issue (desk, "c");
  close (test_desk_issue_bare (desk));
  test_desk_issue (desk, "d");
  test_desk_assert_out (desk, "c fds d");
}

/* --- commands without an id --- */

static void
test_without_ids (void)
{
  g_autoptr(TestDesk) desk = test_desk_new ();
  QmpCall *calls[8];
  static const char * const names[] = { "a", "b", "c", "d", "e", "f", "g", "h" };
  guint x;

  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    calls[i] = test_desk_issue_with_id (desk, names[i], "");
  x = test_desk_issue (desk, "x")->serial;
  test_desk_assert_out (desk, "a b c d e f g h x");
  test_desk_assert_routed (desk, "{\"return\":1}", "a=1");
  test_desk_assert_reply (desk, x, "x=1");
  test_desk_assert_routed (desk, "{\"error\":{\"class\":\"CommandNotFound\",\"desc\":\"d\"}}", "b!command-not-found");

  /* Of those that were given up each still takes its own place: one, one behind it, one before it, one between. */
  test_desk_assert_abandoned (desk, calls[2], G_IO_ERROR_CANCELLED, "c!cancelled");
  test_desk_assert_abandoned (desk, calls[3], G_IO_ERROR_CANCELLED, "d!cancelled");
  test_desk_assert_abandoned (desk, calls[6], G_IO_ERROR_CANCELLED, "g!cancelled");
  test_desk_assert_abandoned (desk, calls[5], G_IO_ERROR_CANCELLED, "f!cancelled");
  test_desk_assert_routed (desk, "{\"return\":1}", "swallowed");
  test_desk_assert_routed (desk, "{\"error\":{\"class\":\"A\",\"desc\":\"d\"}}", "swallowed");
  test_desk_assert_routed (desk, "{\"return\":5}", "e=5");
  test_desk_assert_routed (desk, "{\"return\":1}", "swallowed");
  test_desk_assert_routed (desk, "{\"return\":1}", "swallowed");
  test_desk_assert_routed (desk, "{\"return\":8}", "h=8");
  test_desk_assert_routed (desk, "{\"return\":1}", "unknown");
}

static void
test_without_ids_joined (void)
{
  g_autoptr(TestDesk) desk = test_desk_new ();
  QmpCall *calls[4];

  for (guint i = 0; i < 4; i++)
    calls[i] = test_desk_issue_with_id (desk, "a", "");
  test_desk_assert_out (desk, "a a a a");
  test_desk_abandon (desk, calls[0], G_IO_ERROR_CANCELLED);
  test_desk_abandon (desk, calls[2], G_IO_ERROR_CANCELLED);
  test_desk_abandon (desk, calls[1], G_IO_ERROR_CANCELLED);
  g_string_truncate (desk->log, 0);
  for (guint i = 0; i < 3; i++)
    test_desk_assert_routed (desk, "{\"return\":1}", "swallowed");
  test_desk_assert_routed (desk, "{\"return\":4}", "a=4");
}

/* --- guest agents --- */

static void
test_agent (void)
{
  g_autoptr(TestDesk) desk = test_desk_new_agent ();
  QmpCall *first, *second;

  g_assert_true (qmp_calls_is_out_of_step (desk->calls));
  g_assert_cmpuint (desk->n_out_of_step, ==, 0);
  first = test_desk_issue (desk, "a");
  second = test_desk_issue (desk, "b");
  /* Somebody has to bring them into step. */
  g_assert_cmpuint (desk->n_out_of_step, >, 0);
  g_assert_true (qmp_calls_has_held (desk->calls));
  test_desk_assert_out (desk, "");
  test_desk_assert_routed (desk, "{\"return\":1}", "unknown");

  qmp_calls_set_in_step (desk->calls);
  g_assert_false (qmp_calls_is_out_of_step (desk->calls));
  test_desk_assert_out (desk, "a");
  desk->n_out_of_step = 0;
  test_desk_issue_with_id (desk, "c", "\"c\"");
  test_desk_assert_out (desk, "");
  g_assert_cmpuint (desk->n_out_of_step, ==, 0);

  /* A reply without an id, and one with it. */
  test_desk_assert_routed (desk, "{\"return\":1}", "a=1");
  test_desk_assert_out (desk, "b");
  test_desk_assert_reply (desk, second->serial, "b=1");
  test_desk_assert_out (desk, "c");
  test_desk_assert_routed (desk, "{\"error\":{\"class\":\"GenericError\",\"desc\":\"d\"}}", "c!generic");
  test_desk_assert_routed (desk, "{\"error\":{\"class\":\"GenericError\",\"desc\":\"d\"}}", "parse-error");
  g_assert_false (qmp_calls_is_out_of_step (desk->calls));
  (void) first;
}

static void
test_agent_given_up (void)
{
  g_autoptr(TestDesk) desk = test_desk_new_agent ();
  QmpCall *call;

  qmp_calls_set_in_step (desk->calls);
  call = test_desk_issue (desk, "a");
  test_desk_issue (desk, "b");
  test_desk_assert_out (desk, "a");
  test_desk_assert_abandoned (desk, call, G_IO_ERROR_TIMED_OUT, "a!timed-out");
  g_assert_true (qmp_calls_is_out_of_step (desk->calls));
  g_assert_cmpuint (desk->n_out_of_step, ==, 1);
  test_desk_assert_out (desk, "");
  /* The late reply is not taken for that of the next. */
  test_desk_assert_routed (desk, "{\"return\":1}", "unknown");
  qmp_calls_set_in_step (desk->calls);
  test_desk_assert_out (desk, "b");
  test_desk_assert_routed (desk, "{\"return\":2}", "b=2");
}

static void
test_agent_last_given_up (void)
{
  g_autoptr(TestDesk) desk = test_desk_new_agent ();
  QmpCall *call;

  qmp_calls_set_in_step (desk->calls);
  call = test_desk_issue (desk, "a");
  test_desk_assert_out (desk, "a");
  test_desk_abandon (desk, call, G_IO_ERROR_CANCELLED);
  g_assert_true (qmp_calls_is_out_of_step (desk->calls));
  /* Nothing waits for it yet. */
  g_assert_cmpuint (desk->n_out_of_step, ==, 0);
  test_desk_issue (desk, "b");
  g_assert_cmpuint (desk->n_out_of_step, ==, 1);
}

/* What was not written has no reply, so they are in step. */
static void
test_agent_unwritten (void)
{
  g_autoptr(TestDesk) desk = test_desk_new_agent ();
  QmpCall *first, *second;

  qmp_calls_set_in_step (desk->calls);
  first = test_desk_issue (desk, "a");
  second = test_desk_issue (desk, "b");
  test_desk_issue (desk, "c");
  test_desk_abandon (desk, second, G_IO_ERROR_CANCELLED);
  test_desk_abandon (desk, first, G_IO_ERROR_CANCELLED);
  g_assert_false (qmp_calls_is_out_of_step (desk->calls));
  test_desk_assert_out (desk, "c");
  g_assert_cmpuint (desk->n_out_of_step, ==, 0);
}

static void
test_agent_until_begin (void)
{
  g_autoptr(TestDesk) desk = test_desk_new_agent ();

  test_desk_end (desk);
  qmp_calls_begin (desk->calls, desk->wire->transport);
  g_assert_false (qmp_calls_is_out_of_step (desk->calls));
  test_desk_issue (desk, "a");
  test_desk_issue (desk, "b");
  test_desk_assert_out (desk, "a b");
  g_assert_cmpuint (desk->n_out_of_step, ==, 0);
}
int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/calls/serials", test_serials);
  g_test_add_func ("/calls/serials/taken", test_serials_taken);
  g_test_add_func ("/calls/own-ids", test_own_ids);
  g_test_add_func ("/calls/own-ids/differ", test_own_ids_differ);
  g_test_add_func ("/calls/has-id", test_has_id);
  g_test_add_func ("/calls/unwritten", test_unwritten);
  g_test_add_func ("/calls/outcomes", test_outcomes);
  g_test_add_func ("/calls/nobody", test_nobody);
  g_test_add_func ("/calls/sent", test_sent);
  g_test_add_func ("/calls/window", test_window);
  g_test_add_func ("/calls/window/none", test_no_window);
  g_test_add_func ("/calls/window/begins-anew", test_window_begins_anew);
  g_test_add_func ("/calls/descriptors", test_descriptors_alone);
  g_test_add_func ("/calls/descriptors/out-of-band", test_descriptors_out_of_band);
  g_test_add_func ("/calls/descriptors/bare", test_bare);
  g_test_add_func ("/calls/without-ids", test_without_ids);
  g_test_add_func ("/calls/without-ids/joined", test_without_ids_joined);
  g_test_add_func ("/calls/agent", test_agent);
  g_test_add_func ("/calls/agent/given-up", test_agent_given_up);
  g_test_add_func ("/calls/agent/last-given-up", test_agent_last_given_up);
  g_test_add_func ("/calls/agent/unwritten", test_agent_unwritten);
  g_test_add_func ("/calls/agent/until-begin", test_agent_until_begin);

  return g_test_run ();
}
