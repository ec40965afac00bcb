/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/socket.h>

#include "link/qmp-agent-sync-private.h"
#include "test-utils.h"
#include "test-wire.h"

/* An agent's link by itself, with the test as the agent. */
typedef struct {
  TestWire     *wire;
  QmpCalls     *calls;
  QmpAgentSync *sync;
  GString      *log;       /* what the owner is told, and what is not swallowed */
  gint64        number;    /* of the last request that was heard */
} Desk;

static void
in_step_cb (gpointer owner)
{
  Desk *desk = owner;

  g_assert_false (qmp_calls_is_out_of_step (desk->calls));
  g_string_append (desk->log, "in-step ");
}

static void
dropped_cb (gpointer      owner,
            QmpJsonFrame *frame)
{
  Desk *desk = owner;

  g_string_append (desk->log, "dropped ");
}

static const QmpAgentSyncFuncs funcs = { in_step_cb, dropped_cb };

static void
received_cb (TestWire      *wire,
             QmpJsonReader *reader,
             QmpJsonFrame  *frame)
{
  Desk *desk = wire->data;
  QmpJsonReaderResult kind = strchr ("{[", frame->text[0]) != NULL ? QMP_JSON_READER_TEXT : QMP_JSON_READER_JUNK;
  QmpCall *call = NULL;

  if (qmp_agent_sync_swallows (desk->sync, kind, frame))
    return;
  g_string_append (desk->log, "came ");
  if (qmp_calls_route (desk->calls, reader, frame, &call) == QMP_CALLS_MATCHED)
    qmp_call_free (call);
}

static Desk *
desk_new (void)
{
  Desk *desk = g_new0 (Desk, 1);

  desk->wire = test_wire_new (SOCK_SEQPACKET);
  desk->wire->data = desk;
  desk->wire->received = received_cb;
  desk->log = g_string_new (NULL);
  desk->calls = qmp_calls_new ();
  qmp_calls_begin (desk->calls, desk->wire->transport);
  desk->sync = qmp_agent_sync_new (desk->calls, desk->wire->transport, desk->wire->io, &funcs, desk);
  return desk;
}

static void
desk_free (Desk *desk)
{
  GQueue rest;
  GList *link;

  g_clear_pointer (&desk->sync, qmp_agent_sync_free);
  qmp_calls_end (desk->calls, "test", &rest);
  while ((link = g_queue_pop_head_link (&rest)) != NULL)
    qmp_call_free (link->data);
  qmp_calls_free (desk->calls);
  test_wire_free (desk->wire);
  g_string_free (desk->log, TRUE);
  g_free (desk);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Desk, desk_free)

/* Is asked, by a request whose number is kept. */
static void
assert_asked (Desk *desk)
{
  const char *begin = "\xff{\"execute\":\"guest-sync-delimited\",\"arguments\":{\"id\":";
  g_autofree char *text = NULL;
  char *end;

  test_wire_turn (desk->wire);
  text = test_wire_hear (desk->wire);
  g_assert_true (g_str_has_prefix (text, begin));
  desk->number = g_ascii_strtoll (text + strlen (begin), &end, 10);
  g_assert_cmpint (desk->number, >, 0);
  g_assert_cmpstr (end, ==, "}}\n");
}

static void
assert_not_asked (Desk *desk)
{
  test_wire_turn (desk->wire);
  test_assert_heard (desk->wire, "");
}

#define assert_log(desk, expected)                            \
  G_STMT_START {                                              \
    g_assert_cmpstr ((desk)->log->str, ==, expected);         \
    g_string_truncate ((desk)->log, 0);                       \
  } G_STMT_END

static void
say (Desk       *desk,
     const char *text)
{
  test_wire_say (desk->wire, text);
  while (test_wire_turn (desk->wire))
    ;
}

static void
say_number (Desk   *desk,
            gint64  number)
{
  g_autofree char *text = g_strdup_printf ("\xff{\"return\": %" G_GINT64_FORMAT "}\n", number);

  say (desk, text);
}

/* The time until the next request is over. FALSE if none is to come. */
static gboolean
let_time_pass (Desk *desk)
{
  if (!qmp_io_context_hurry (desk->wire->io))
    return FALSE;
  test_wire_turn (desk->wire);
  return TRUE;
}

static QmpCall *
issue (Desk       *desk,
       const char *text)
{
  guint serial = qmp_calls_take_serial (desk->calls);

  return qmp_calls_issue (desk->calls, QMP_CALL_VALUE, test_packet (text), serial, NULL, FALSE);
}

static void
give_up (Desk    *desk,
         QmpCall *call)
{
  qmp_calls_abandon (desk->calls, call, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "test"));
  qmp_call_free (call);
}

/* --- the first time --- */

static void
test_first (void)
{
  g_autoptr(Desk) desk = desk_new ();

  assert_asked (desk);
  say_number (desk, desk->number);
  assert_log (desk, "in-step ");
  g_assert_false (let_time_pass (desk));

  /* From now on what comes is not looked at, a number neither. */
  say_number (desk, desk->number);
  assert_log (desk, "came ");
}

/* What is not the reply. */
static void
test_dropped (void)
{
  static const char * const texts[] = {
    "junk",
    "{}",
    "[42]",
    "{\"return\": {}}",
    "{\"return\": \"%s\"}",
    "{\"return\": %s.5}",
    "{\"return\": 9223372036854775808}",
    "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"%s\"}}",
    "{\"id\": %s}",
    "[{\"return\": %s}]",
    /* Broken, although the number could be told. */
    "{\"return\": %s, \"x\": nil}",
    /* What a monitor says to anything before it was negotiated with, and would not be in step with. */
    "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"Expecting qmp_capabilities\"}, \"return\": %s}",
  };
  g_autoptr(Desk) desk = desk_new ();

  assert_asked (desk);
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *number = g_strdup_printf ("%" G_GINT64_FORMAT, desk->number);
      g_auto(GStrv) parts = g_strsplit (texts[i], "%s", -1);
      g_autofree char *text = g_strjoinv (number, parts);

      g_test_message ("%s", text);
      say (desk, text);
      /* What is not JSON is told with what ends it. */
      say (desk, "\n");
      assert_log (desk, "dropped ");
    }
  say_number (desk, desk->number);
  assert_log (desk, "in-step ");
}

static void
test_numbers (void)
{
  g_autoptr(Desk) desk = desk_new ();
  gint64 first;

  assert_asked (desk);
  first = desk->number;
  say_number (desk, first - 1);
  say_number (desk, first + 1);
  assert_log (desk, "dropped dropped ");

  /* The next has the next number, and only that will do: the reply to the first is a sign of life. */
  g_assert_true (let_time_pass (desk));
  assert_asked (desk);
  g_assert_cmpint (desk->number, ==, first + 1);
  say_number (desk, first);
  assert_log (desk, "");
  g_assert_true (qmp_calls_is_out_of_step (desk->calls));
  say_number (desk, first + 1);
  assert_log (desk, "in-step ");
}

/* --- afterwards --- */

static void
test_later (void)
{
  g_autoptr(Desk) desk = desk_new ();
  QmpCall *stuck;

  assert_asked (desk);
  say_number (desk, desk->number);
  assert_log (desk, "in-step ");

  stuck = issue (desk, "{\"execute\": \"stuck\"}");
  test_wire_turn (desk->wire);
  test_assert_heard (desk->wire, "{\"execute\": \"stuck\"}");
  give_up (desk, stuck);
  /* Nobody waits. */
  assert_not_asked (desk);
  g_assert_false (let_time_pass (desk));

  issue (desk, "{\"execute\": \"next\"}");
  assert_asked (desk);
  /* Nothing is told of what belongs to nobody. */
  say (desk, "{\"return\": \"late\"}");
  assert_log (desk, "");
  say_number (desk, desk->number);
  assert_log (desk, "");
  test_wire_turn (desk->wire);
  test_assert_heard (desk->wire, "{\"execute\": \"next\"}");
  say (desk, "{\"return\": {}}");
  assert_log (desk, "came ");
}

/* Nobody waits any more: nothing is asked, but for the first time. */
static void
test_no_longer_wanted (void)
{
  g_autoptr(Desk) desk = desk_new ();
  QmpCall *call;

  assert_asked (desk);
  call = issue (desk, "{\"execute\": \"held\"}");
  give_up (desk, call);
  g_assert_true (let_time_pass (desk));
  assert_asked (desk);
  say_number (desk, desk->number);

  call = issue (desk, "{\"execute\": \"stuck\"}");
  test_wire_turn (desk->wire);
  test_assert_heard (desk->wire, "{\"execute\": \"stuck\"}");
  give_up (desk, call);
  call = issue (desk, "{\"execute\": \"held\"}");
  assert_asked (desk);
  give_up (desk, call);
  g_assert_true (let_time_pass (desk));
  assert_not_asked (desk);
  g_assert_false (let_time_pass (desk));
}

static void
test_stop (void)
{
  g_autoptr(Desk) desk = desk_new ();

  assert_asked (desk);
  qmp_agent_sync_stop (desk->sync);
  g_assert_false (let_time_pass (desk));
  issue (desk, "{\"execute\": \"held\"}");
  assert_not_asked (desk);

  /* Nobody is told any more, and what was asked may still be answered. */
  say (desk, "{}");
  say_number (desk, desk->number);
  assert_log (desk, "");
  test_wire_turn (desk->wire);
  test_assert_heard (desk->wire, "{\"execute\": \"held\"}");
}

static void
test_attach (void)
{
  g_autoptr(Desk) desk = desk_new ();
  g_autoptr(GMainContext) other = g_main_context_new ();
  g_autoptr(QmpIoContext) other_io = qmp_io_context_get (other);

  assert_asked (desk);
  qmp_agent_sync_attach (desk->sync, other_io);
  g_assert_false (let_time_pass (desk));
  g_assert_true (qmp_io_context_hurry (other_io));
  g_main_context_iteration (other, FALSE);
  assert_asked (desk);

  qmp_agent_sync_attach (desk->sync, desk->wire->io);
  g_assert_true (let_time_pass (desk));
  assert_asked (desk);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/agent-sync/first", test_first);
  g_test_add_func ("/agent-sync/dropped", test_dropped);
  g_test_add_func ("/agent-sync/numbers", test_numbers);
  g_test_add_func ("/agent-sync/later", test_later);
  g_test_add_func ("/agent-sync/no-longer-wanted", test_no_longer_wanted);
  g_test_add_func ("/agent-sync/stop", test_stop);
  g_test_add_func ("/agent-sync/attach", test_attach);

  return g_test_run ();
}
