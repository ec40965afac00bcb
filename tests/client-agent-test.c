/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <gio/gunixsocketaddress.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include "test-peer.h"
#include "test-server.h"

/* Guest agents: getting into step with one on opening and after a command that was given up, one command at a
 * time, old agents, commands that are answered only when they fail. A scripted agent for each odd case; a real one is
 * in client-agent-live-test.c. */

/* What 0xFF makes an agent say. */
#define STRAY "{\"error\": {\"class\": \"GenericError\", \"desc\": \"JSON parse error, stray '\\uFFFD'\"}}\n"

/* The numbers of the requests that were read, shared by the steps of one script. */
static gint64 syncs[8];
static guint n_syncs;

static gboolean
expect_sync (TestPeer *peer,
             gpointer  user_data)
{
  gint64 number = test_peer_read_sync (peer);

  if (number == 0)
    return FALSE;
  if (number < 0)
    return test_peer_fail (peer, "a sync's number must be positive");
  for (guint i = 0; i < n_syncs; i++)
    if (syncs[i] == number)
      return test_peer_fail (peer, "a sync's number was used before");
  syncs[n_syncs++] = number;
  return TRUE;
}

/* index: of the request. */
static gboolean
answer_sync (TestPeer *peer,
             gpointer  index)
{
  g_autofree char *text = g_strdup_printf (STRAY "\xff{\"return\": %" G_GINT64_FORMAT "}\n",
                                           syncs[GPOINTER_TO_UINT (index)]);

  return test_peer_send (peer, text, -1);
}

#define PEER_EXPECT_SYNC PEER_CALL (expect_sync, NULL)
#define PEER_ANSWER_SYNC(index) PEER_CALL (answer_sync, GUINT_TO_POINTER (index))
/* No answer to the oldest command. */
#define PEER_FORGET PEER_SEND_FOR ("")
/* The usual beginning: answers at once. */
#define PEER_SYNC PEER_EXPECT_SYNC, PEER_ANSWER_SYNC (0)

static TestPeer *
agent_start_script (TestPeerTransport  transport,
                    const TestStep    *script)
{
  n_syncs = 0;
  return test_peer_start_script (transport, script);
}

#define agent_start(...) agent_start_script (TEST_PEER_UNIX, (const TestStep[]) { __VA_ARGS__, PEER_END })

static QmpClient *
agent_client_new (void)
{
  QmpClient *client = qmp_client_new (NULL);

  qmp_client_set_guest_agent (client, TRUE);
  return client;
}

static QmpClient *
agent_open (TestPeer *peer)
{
  QmpClient *client = agent_client_new ();
  g_autoptr (GError) error = NULL;

  test_open (client, test_peer_get_address (peer), &error);
  test_check_failure ();
  g_assert_no_error (error);
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_RUNNING);
  return client;
}

static guint
count_text (TestPeer   *peer,
            const char *part)
{
  g_autofree char *text = test_peer_dup_text (peer);
  guint n = 0;

  for (const char *p = strstr (text, part); p != NULL; p = strstr (p + 1, part))
    n++;
  return n;
}

/* opening */

static void
test_open_agent (gconstpointer data)
{
  gboolean blocking = GPOINTER_TO_INT (data);
  TestPeer *peer = agent_start (PEER_SYNC, PEER_EXPECT ("guest-ping"), PEER_REPLY ("{}"));
  QmpClient *client = agent_client_new ();
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  g_autofree char *expected = NULL;

  if (blocking)
    qmp_client_open (client, test_peer_get_address (peer), NULL, &error);
  else
    test_open (client, test_peer_get_address (peer), &error);
  g_assert_no_error (error);
  g_assert_null (qmp_client_get_greeting (client));
  value = blocking ? qmp_client_execute (client, "guest-ping", NULL, NULL, &error)
                   : test_execute (client, "guest-ping", &error);
  g_assert_no_error (error);
  test_assert_json (value, "{}");
  test_spin_ready ();
  g_assert_cmpstr (test_log_get (log), ==, "CONNECTING RUNNING");

  text = test_peer_dup_text (peer);
  expected = g_strdup_printf ("\xff{\"execute\":\"guest-sync-delimited\",\"arguments\":{\"id\":%" G_GINT64_FORMAT "}}\n"
                              "{\"execute\":\"guest-ping\",\"id\":", syncs[0]);
  g_assert_true (g_str_has_prefix (text, expected));
  g_assert_true (g_str_has_suffix (text, "}\n"));
  test_peer_close (peer, client);
}

static const char * const leftovers[] = {
  "us\": \"running\"}, \"id\": 7}\n",
  "{\"return\": {\"half\": \"",
  "{\"return\": 1, \"id\": 5}\n",
  "{\"return\": 4711}\n{\"return\": \"text\"}\n{\"return\": {}}\n{\"return\": null}\n",
  "{\"return\": 9223372036854775808}\n{\"return\": -1}\n{\"return\": 0}\n{\"return\": 1.5}\n",
  "\xff{\"return\": 4711}\n",
  STRAY STRAY STRAY,
  "{\"event\": \"STOP\"}\n{\"QMP\": {}}\n[1, 2]\n{}\n\"a\"\n5\n",
  "{\"return\": inf}\n",
  "\xff\xff\xff",
};

/* Of earlier clients, and of our own 0xFF: none of it is anybody's business. */
static void
test_leftovers (gconstpointer data)
{
  TestPeer *peer = agent_start (PEER_SEND (data), PEER_EXPECT_SYNC, PEER_SEND (data), PEER_ANSWER_SYNC (0),
                                PEER_EXPECT ("guest-ping"), PEER_REPLY ("{}"));
  QmpClient *client = agent_client_new ();
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  test_open (client, test_peer_get_address (peer), &error);
  g_assert_no_error (error);
  value = test_execute (client, "guest-ping", &error);
  g_assert_no_error (error);
  test_assert_json (value, "{}");
  g_assert_cmpstr (test_log_get (log), ==, "CONNECTING RUNNING");
  test_peer_close (peer, client);
}

/* It is asked every second. The reply to an earlier request is not enough: the later one's would be
 * taken for a command's. */
static void
test_asked_again (gconstpointer data)
{
  gboolean blocking = GPOINTER_TO_INT (data);
  TestPeer *peer = agent_start (PEER_EXPECT_SYNC, PEER_EXPECT_SYNC, PEER_ANSWER_SYNC (0), PEER_ANSWER_SYNC (1),
                                PEER_EXPECT ("guest-ping"), PEER_REPLY ("{}"));
  QmpClient *client = agent_client_new ();
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  if (blocking)
    qmp_client_open (client, test_peer_get_address (peer), NULL, &error);
  else
    test_open (client, test_peer_get_address (peer), &error);
  g_assert_no_error (error);
  value = test_execute (client, "guest-ping", &error);
  g_assert_no_error (error);
  test_assert_json (value, "{}");
  test_peer_close (peer, client);
}

static void
test_no_answer (gconstpointer data)
{
  gboolean blocking = GPOINTER_TO_INT (data);
  TestPeer *peer = agent_start (PEER_EXPECT_SYNC, PEER_SEND (STRAY "{\"return\": {}}\n"), PEER_EXPECT_EOF,
                                PEER_EXPECT_SYNC, PEER_ANSWER_SYNC (1));
  QmpClient *client = agent_client_new ();
  g_autoptr (GError) error = NULL;

  qmp_client_set_open_timeout (client, 500);
  g_assert_false (blocking ? qmp_client_open (client, test_peer_get_address (peer), NULL, &error)
                           : test_open (client, test_peer_get_address (peer), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  test_assert_error_has (error, "guest agent did not answer");
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_IDLE);
  g_clear_error (&error);

  qmp_client_set_open_timeout (client, 10000);
  g_assert_true (test_open (client, test_peer_get_address (peer), &error));
  g_assert_no_error (error);
  test_peer_close (peer, client);
}

static void
test_leaves_while_opening (void)
{
  TestPeer *peer = agent_start (PEER_EXPECT_SYNC, PEER_SEND ("{\"return\": "), PEER_CLOSE);
  QmpClient *client = agent_client_new ();
  g_autoptr (GError) error = NULL;

  g_assert_false (test_open (client, test_peer_get_address (peer), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  test_assert_error_has (error, "guest agent");
  test_peer_close (peer, client);
}

static void
test_cancel_opening (void)
{
  TestPeer *peer = agent_start (PEER_EXPECT_SYNC, PEER_TELL);
  QmpClient *client = agent_client_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  qmp_client_open_async (client, test_peer_get_address (peer), cancellable, test_result_cb, &result);
  test_spin_until (test_peer_get_told (peer) == 1);
  g_assert_null (result);
  g_cancellable_cancel (cancellable);
  test_spin_until (result != NULL);
  g_assert_false (qmp_client_open_finish (client, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_object (&result);
  test_peer_close (peer, client);
}

/* It does not matter what a QMP server would be waited for, and the next opening is one to a QMP server again. */
static void
test_other_properties (void)
{
  TestPeer *peer = agent_start (PEER_SYNC, PEER_EXPECT_EOF, PEER_HANDSHAKE,
                                PEER_EXPECT ("a"), PEER_EXPECT ("b"), PEER_REPLY ("1"), PEER_REPLY ("2"));
  QmpClient *client = agent_client_new ();
  g_autoptr (GAsyncResult) a = NULL;
  g_autoptr (GAsyncResult) b = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (qmp_client_get_negotiate (client) && qmp_client_get_await_greeting (client));
  g_assert_true (test_open (client, test_peer_get_address (peer), &error));
  qmp_client_set_guest_agent (client, FALSE);
  g_assert_true (test_close (client, &error));
  g_assert_true (test_open (client, test_peer_get_address (peer), &error));
  g_assert_nonnull (qmp_client_get_greeting (client));
  qmp_client_execute_async (client, "a", NULL, NULL, test_result_cb, &a);
  qmp_client_execute_async (client, "b", NULL, NULL, test_result_cb, &b);
  test_spin_until (a != NULL && b != NULL);
  test_assert_value (client, a, "1");
  test_assert_value (client, b, "2");
  g_clear_object (&a);
  g_clear_object (&b);
  g_assert_cmpuint (count_text (peer, "}\n"), ==, 1);
  test_peer_close (peer, client);
}

/* one at a time */

static void
test_one_at_a_time (gconstpointer replies)
{
  gboolean with_id = GPOINTER_TO_INT (replies);
  const TestStep with_ids[] = {
    PEER_SYNC, PEER_EXPECT ("a"), PEER_TELL, PEER_WAIT, PEER_REPLY ("1"),
    PEER_EXPECT ("b"), PEER_ERROR ("GenericError", "no"), PEER_EXPECT ("c"), PEER_REPLY ("3"), PEER_END,
  };
  const TestStep without_ids[] = {
    PEER_SYNC, PEER_EXPECT ("a"), PEER_TELL, PEER_WAIT, PEER_SEND ("{\"return\": 1}\n"), PEER_EXPECT ("b"),
    PEER_SEND ("{\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}}\n"),
    PEER_EXPECT ("c"), PEER_SEND ("{\"return\": 3}\n"), PEER_END,
  };
  TestPeer *peer = agent_start_script (TEST_PEER_UNIX, with_id ? with_ids : without_ids);
  QmpClient *client = agent_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (GAsyncResult) a = NULL;
  g_autoptr (GAsyncResult) b = NULL;
  g_autoptr (GAsyncResult) c = NULL;

  qmp_client_execute_async (client, "a", NULL, NULL, test_result_cb, &a);
  qmp_client_execute_async (client, "b", NULL, NULL, test_result_cb, &b);
  qmp_client_execute_async (client, "c", NULL, NULL, test_result_cb, &c);
  test_spin_until (test_peer_get_told (peer) == 1);
  test_spin_ready ();
  g_assert_cmpuint (count_text (peer, "\"b\""), ==, 0);
  test_peer_signal (peer);
  test_spin_until (a != NULL && b != NULL && c != NULL);
  test_assert_value (client, a, "1");
  test_assert_fails (client, b, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC);
  test_assert_value (client, c, "3");
  g_assert_cmpstr (test_log_get (log), ==, "");
  g_clear_object (&a);
  g_clear_object (&b);
  g_clear_object (&c);
  test_peer_close (peer, client);
}

/* out of step */

typedef enum {
  GIVE_UP_BY_TIMEOUT,
  GIVE_UP_BY_TIMEOUT_BLOCKING,
  GIVE_UP_BY_CANCELLING,
} GiveUp;

static void
give_up (QmpClient *client,
         TestPeer  *peer,
         GiveUp     how)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  qmp_client_set_timeout (client, how == GIVE_UP_BY_CANCELLING ? QMP_TIMEOUT_NONE : 20);
  if (how == GIVE_UP_BY_TIMEOUT_BLOCKING)
    {
      g_assert_null (qmp_client_execute (client, "slow", NULL, NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
    }
  else
    {
      qmp_client_execute_async (client, "slow", NULL, cancellable, test_result_cb, &result);
      if (how == GIVE_UP_BY_CANCELLING)
        {
          test_spin_until (test_peer_get_told (peer) == 1);
          g_cancellable_cancel (cancellable);
        }
      test_spin_until (result != NULL);
      test_assert_fails (client, result, G_IO_ERROR,
                    how == GIVE_UP_BY_CANCELLING ? G_IO_ERROR_CANCELLED : G_IO_ERROR_TIMED_OUT);
    }
  qmp_client_set_timeout (client, QMP_TIMEOUT_NONE);
  test_spin_until (test_peer_get_told (peer) == 1);
  g_clear_object (&result);
}

/* The late reply comes before the sync's, with an id or without, and is nobody's. */
static void
test_late_reply (gconstpointer data)
{
  guint number = GPOINTER_TO_UINT (data);
  GiveUp how = number / 3;
  static const char * const late[] = {
    "{\"return\": \"late\", \"id\": @}\n", "{\"return\": \"late\"}\n",
    "{\"error\": {\"class\": \"GenericError\", \"desc\": \"late\"}}\n",
  };
  TestPeer *peer = agent_start (PEER_SYNC, PEER_EXPECT ("slow"), PEER_TELL,
                                PEER_EXPECT_SYNC, PEER_SEND_FOR (late[number % 3]), PEER_ANSWER_SYNC (1),
                                PEER_EXPECT ("next"), PEER_REPLY ("\"next\""),
                                PEER_EXPECT ("more"), PEER_SEND ("{\"return\": \"more\"}\n"));
  QmpClient *client = agent_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (GAsyncResult) next = NULL;
  g_autoptr (JsonNode) more = NULL;
  g_autoptr (GError) error = NULL;

  give_up (client, peer, how);
  g_assert_cmpuint (count_text (peer, "sync"), ==, 1);
  qmp_client_execute_async (client, "next", NULL, NULL, test_result_cb, &next);
  more = qmp_client_execute (client, "more", NULL, NULL, &error);
  g_assert_no_error (error);
  test_assert_json (more, "\"more\"");
  test_spin_until (next != NULL);
  test_assert_value (client, next, "\"next\"");
  g_assert_cmpstr (test_log_get (log), ==, "");
  g_clear_object (&next);
  test_peer_close (peer, client);
}

/* It comes before anybody asks for step again. */
static void
test_late_reply_unasked (void)
{
  TestPeer *peer = agent_start (PEER_SYNC, PEER_EXPECT ("slow"), PEER_TELL,
                                PEER_WAIT, PEER_SEND ("{\"return\": \"late\"}\n" STRAY), PEER_TELL,
                                PEER_EXPECT_SYNC, PEER_ANSWER_SYNC (1),
                                PEER_EXPECT ("next"), PEER_SEND ("{\"return\": \"next\"}\n"));
  QmpClient *client = agent_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (JsonNode) next = NULL;
  g_autoptr (GError) error = NULL;

  give_up (client, peer, GIVE_UP_BY_TIMEOUT);
  test_peer_signal (peer);
  test_spin_until (test_peer_get_told (peer) == 2);
  test_spin_ready ();
  next = test_execute (client, "next", &error);
  g_assert_no_error (error);
  test_assert_json (next, "\"next\"");
  g_assert_cmpstr (test_log_get (log), ==, "");
  test_peer_close (peer, client);
}

/* One that was given up before it was written: both sides are where they were. */
static void
test_not_written (void)
{
  TestPeer *peer = agent_start (PEER_SYNC, PEER_EXPECT ("first"), PEER_WAIT, PEER_REPLY ("1"),
                                PEER_EXPECT ("next"), PEER_REPLY ("2"));
  QmpClient *client = agent_open (peer);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) first = NULL;
  g_autoptr (GAsyncResult) never = NULL;
  g_autoptr (GAsyncResult) next = NULL;

  qmp_client_execute_async (client, "first", NULL, NULL, test_result_cb, &first);
  qmp_client_execute_async (client, "never", NULL, cancellable, test_result_cb, &never);
  qmp_client_execute_async (client, "next", NULL, NULL, test_result_cb, &next);
  g_cancellable_cancel (cancellable);
  test_spin_until (never != NULL);
  test_assert_fails (client, never, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_peer_signal (peer);
  test_spin_until (first != NULL && next != NULL);
  test_assert_value (client, first, "1");
  test_assert_value (client, next, "2");
  g_clear_object (&first);
  g_clear_object (&never);
  g_clear_object (&next);
  test_peer_close (peer, client);
}

/* Commands that wait for step have their deadlines and cancellables, and never go out after them. */
static void
test_give_up_held (void)
{
  TestPeer *peer = agent_start (PEER_SYNC, PEER_EXPECT ("slow"), PEER_FORGET, PEER_TELL,
                                PEER_EXPECT_SYNC, PEER_WAIT, PEER_ANSWER_SYNC (1),
                                PEER_EXPECT ("d"), PEER_REPLY ("\"d\""));
  QmpClient *client = agent_open (peer);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (QmpMessage) silent = test_message ("{\"execute\": \"e\"}");
  g_autoptr (GAsyncResult) b = NULL;
  g_autoptr (GAsyncResult) c = NULL;
  g_autoptr (GAsyncResult) d = NULL;
  g_autoptr (GAsyncResult) e = NULL;
  g_autoptr (GError) error = NULL;

  give_up (client, peer, GIVE_UP_BY_TIMEOUT);
  qmp_client_set_timeout (client, 10);
  qmp_client_execute_async (client, "b", NULL, NULL, test_result_cb, &b);
  qmp_message_set_success_response (silent, FALSE);
  qmp_client_execute_message_async (client, silent, NULL, test_result_cb, &e);
  qmp_client_set_timeout (client, QMP_TIMEOUT_NONE);
  qmp_client_execute_async (client, "c", NULL, cancellable, test_result_cb, &c);
  qmp_client_execute_async (client, "d", NULL, NULL, test_result_cb, &d);
  test_spin_until (b != NULL && e != NULL);
  test_assert_fails (client, b, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  /* It was never written: silence says nothing. */
  g_assert_null (qmp_client_execute_message_finish (client, e, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_cancellable_cancel (cancellable);
  test_spin_until (c != NULL);
  test_assert_fails (client, c, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_null (d);
  test_peer_signal (peer);
  test_spin_until (d != NULL);
  test_assert_value (client, d, "\"d\"");
  g_clear_object (&b);
  g_clear_object (&c);
  g_clear_object (&d);
  g_clear_object (&e);
  test_peer_close (peer, client);
}

/* The second request goes out in whatever context does the I/O then. */
static void
test_again_in_blocking (void)
{
  TestPeer *peer = agent_start (PEER_SYNC, PEER_EXPECT ("slow"), PEER_FORGET, PEER_TELL,
                                PEER_EXPECT_SYNC, PEER_EXPECT_SYNC, PEER_ANSWER_SYNC (2),
                                PEER_EXPECT ("b"), PEER_REPLY ("\"b\""), PEER_EXPECT ("c"), PEER_REPLY ("\"c\""));
  QmpClient *client = agent_open (peer);
  g_autoptr (GAsyncResult) b = NULL;
  g_autoptr (JsonNode) c = NULL;
  g_autoptr (GError) error = NULL;

  give_up (client, peer, GIVE_UP_BY_TIMEOUT);
  qmp_client_execute_async (client, "b", NULL, NULL, test_result_cb, &b);
  c = qmp_client_execute (client, "c", NULL, NULL, &error);
  g_assert_no_error (error);
  test_assert_json (c, "\"c\"");
  test_spin_until (b != NULL);
  test_assert_value (client, b, "\"b\"");
  g_clear_object (&b);
  test_peer_close (peer, client);
}

static void
test_again_after_blocking (void)
{
  TestPeer *peer = agent_start (PEER_SYNC, PEER_EXPECT ("slow"), PEER_FORGET, PEER_TELL,
                                PEER_EXPECT_SYNC, PEER_EXPECT_SYNC, PEER_ANSWER_SYNC (2),
                                PEER_EXPECT ("b"), PEER_REPLY ("\"b\""));
  QmpClient *client = agent_open (peer);
  g_autoptr (QmpMessage) c = test_message ("{\"execute\": \"c\"}");
  g_autoptr (GAsyncResult) b = NULL;
  g_autoptr (GError) error = NULL;

  give_up (client, peer, GIVE_UP_BY_TIMEOUT_BLOCKING);
  qmp_client_execute_async (client, "b", NULL, NULL, test_result_cb, &b);
  qmp_message_set_timeout (c, 20);
  g_assert_null (qmp_client_execute_message (client, c, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  test_spin_until (b != NULL);
  test_assert_value (client, b, "\"b\"");
  g_clear_object (&b);
  test_peer_close (peer, client);
}

static gboolean
set_flag_cb (gpointer user_data)
{
  gboolean *flag = user_data;

  *flag = TRUE;
  return G_SOURCE_REMOVE;
}

/* When nobody waits any more, a stuck agent is not asked again; then the client is dropped without closing. */
static void
test_asked_only_when_needed (void)
{
  TestPeer *peer = agent_start (PEER_SYNC, PEER_EXPECT ("slow"), PEER_TELL,
                                PEER_EXPECT_SYNC, PEER_EXPECT_SYNC, PEER_TELL, PEER_EXPECT_EOF);
  QmpClient *client = agent_open (peer);
  g_autoptr (GError) error = NULL;
  gboolean passed = FALSE;

  give_up (client, peer, GIVE_UP_BY_TIMEOUT);
  qmp_client_set_timeout (client, 10);
  g_assert_null (test_execute (client, "b", &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  /* What is waited for is that something does not happen. */
  g_timeout_add (1200, set_flag_cb, &passed);
  test_spin_until (passed);
  g_assert_cmpuint (count_text (peer, "sync"), ==, 2);
  g_assert_null (test_execute (client, "b", &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  test_spin_until (test_peer_get_told (peer) == 2);
  g_assert_cmpuint (count_text (peer, "sync"), ==, 3);
  test_client_free (client);
  test_peer_finish (peer);
}

static void
test_close_while_held (void)
{
  TestPeer *peer = agent_start (PEER_SYNC, PEER_EXPECT ("slow"), PEER_TELL, PEER_EXPECT_SYNC, PEER_TELL);
  QmpClient *client = agent_open (peer);
  g_autoptr (GAsyncResult) b = NULL;
  g_autoptr (GError) error = NULL;

  give_up (client, peer, GIVE_UP_BY_TIMEOUT);
  qmp_client_execute_async (client, "b", NULL, NULL, test_result_cb, &b);
  test_spin_until (test_peer_get_told (peer) == 2);
  g_assert_true (test_close (client, &error));
  g_assert_nonnull (b);
  test_assert_fails (client, b, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
  g_clear_object (&b);
  test_peer_close (peer, client);
}

/* The agent is restarted, and the host's end of the line with it. */
static void
test_agent_leaves (void)
{
  TestPeer *peer = agent_start (PEER_SYNC, PEER_EXPECT ("a"), PEER_CLOSE,
                                PEER_EXPECT_SYNC, PEER_ANSWER_SYNC (1), PEER_EXPECT ("b"), PEER_REPLY ("1"));
  QmpClient *client = agent_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_null (test_execute (client, "a", &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
  g_clear_error (&error);
  test_spin_until (strstr (test_log_get (log), "closed(") != NULL);
  test_open (client, test_peer_get_address (peer), &error);
  g_assert_no_error (error);
  value = test_execute (client, "b", &error);
  g_assert_no_error (error);
  test_assert_json (value, "1");
  test_peer_close (peer, client);
}

/* commands that are answered only when they fail */

static QmpMessage *
silent_message (int timeout)
{
  QmpMessage *message = test_message ("{\"execute\": \"guest-shutdown\"}");

  qmp_message_set_success_response (message, FALSE);
  qmp_message_set_timeout (message, timeout);
  return message;
}

static void
assert_null (JsonNode *value,
             GError   *error)
{
  g_assert_no_error (error);
  g_assert_nonnull (value);
  g_assert_true (JSON_NODE_HOLDS_NULL (value));
}

static void
test_silence (void)
{
  TestPeer *peer = agent_start (PEER_SYNC,
                                PEER_EXPECT ("guest-shutdown"), PEER_FORGET, PEER_EXPECT_SYNC, PEER_ANSWER_SYNC (1),
                                PEER_EXPECT ("guest-shutdown"), PEER_FORGET, PEER_EXPECT_SYNC, PEER_ANSWER_SYNC (2),
                                PEER_EXPECT ("guest-shutdown"), PEER_FORGET, PEER_EXPECT_SYNC, PEER_ANSWER_SYNC (3),
                                PEER_EXPECT ("guest-ping"), PEER_REPLY ("{}"));
  QmpClient *client = agent_open (peer);
  g_autoptr (QmpMessage) message = silent_message (200);
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (JsonNode) blocking_value = NULL;
  g_autoptr (JsonNode) pong = NULL;
  g_autoptr (QmpMessage) reply = NULL;
  g_auto (GStrv) members = NULL;
  g_autoptr (GError) error = NULL;

  value = test_execute_message (client, message, &error);
  assert_null (value, error);
  blocking_value = qmp_client_execute_message (client, message, NULL, &error);
  assert_null (blocking_value, error);
  reply = qmp_client_exchange (client, message, NULL, &error);
  g_assert_no_error (error);
  members = qmp_message_list_members (reply);
  g_assert_cmpuint (g_strv_length (members), ==, 0);
  g_assert_true (qmp_message_is_read_only (reply));
  pong = test_execute (client, "guest-ping", &error);
  g_assert_no_error (error);
  test_peer_close (peer, client);
}

/* Neither the message nor the client has a timeout. */
static void
test_silence_default (void)
{
  TestPeer *peer = agent_start (PEER_SYNC, PEER_EXPECT ("guest-shutdown"));
  QmpClient *client = agent_open (peer);
  g_autoptr (QmpMessage) message = silent_message (QMP_TIMEOUT_CLIENT);
  gint64 start = g_get_monotonic_time ();
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = test_execute_message (client, message, &error);

  assert_null (value, error);
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 3000 * 1000);
  test_peer_close (peer, client);
}

static void
test_silence_broken (void)
{
  TestPeer *peer = agent_start (PEER_SYNC, PEER_EXPECT ("guest-shutdown"), PEER_ERROR ("GenericError", "no"),
                                PEER_EXPECT ("guest-shutdown"), PEER_REPLY ("{}"),
                                PEER_EXPECT ("guest-shutdown"), PEER_TELL);
  QmpClient *client = agent_open (peer);
  g_autoptr (QmpMessage) message = silent_message (QMP_TIMEOUT_NONE);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_null (test_execute_message (client, message, &error));
  g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC);
  g_clear_error (&error);
  value = test_execute_message (client, message, &error);
  g_assert_no_error (error);
  test_assert_json (value, "{}");
  qmp_client_execute_message_async (client, message, cancellable, test_result_cb, &result);
  test_spin_until (test_peer_get_told (peer) == 1);
  g_cancellable_cancel (cancellable);
  test_spin_until (result != NULL);
  g_assert_null (qmp_client_execute_message_finish (client, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_object (&result);
  test_peer_close (peer, client);
}

/* The machine went down, and took the line with it. What waited behind was not written. */
static void
test_silence_link_ends (void)
{
  TestPeer *peer = agent_start (PEER_SYNC, PEER_EXPECT ("guest-shutdown"), PEER_CLOSE);
  QmpClient *client = agent_open (peer);
  g_autoptr (QmpMessage) message = silent_message (QMP_TIMEOUT_NONE);
  g_autoptr (GAsyncResult) first = NULL;
  g_autoptr (GAsyncResult) second = NULL;
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  qmp_client_execute_message_async (client, message, NULL, test_result_cb, &first);
  qmp_client_execute_message_async (client, message, NULL, test_result_cb, &second);
  test_spin_until (first != NULL && second != NULL);
  value = qmp_client_execute_message_finish (client, first, &error);
  assert_null (value, error);
  g_assert_null (qmp_client_execute_message_finish (client, second, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
  g_clear_object (&first);
  g_clear_object (&second);
  test_spin_until (qmp_client_get_runstate (client) == QMP_RUNSTATE_IDLE);
  test_peer_close (peer, client);
}

/* The same with QMP: quit, whose reply does not always come through. */
static void
test_silence_quit (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, PEER_EXPECT ("quit"), PEER_CLOSE);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpMessage) message = test_message ("{\"execute\": \"quit\"}");
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  qmp_message_set_success_response (message, FALSE);
  value = qmp_client_execute_message (client, message, NULL, &error);
  assert_null (value, error);
  test_peer_close (peer, client);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/client/agent/open/async", GINT_TO_POINTER (FALSE), test_open_agent);
  g_test_add_data_func ("/client/agent/open/blocking", GINT_TO_POINTER (TRUE), test_open_agent);
  for (guint i = 0; i < G_N_ELEMENTS (leftovers); i++)
    {
      g_autofree char *path = g_strdup_printf ("/client/agent/open/leftovers/%u", i);

      g_test_add_data_func (path, leftovers[i], test_leftovers);
    }
  g_test_add_data_func ("/client/agent/open/again/async", GINT_TO_POINTER (FALSE), test_asked_again);
  g_test_add_data_func ("/client/agent/open/again/blocking", GINT_TO_POINTER (TRUE), test_asked_again);
  g_test_add_data_func ("/client/agent/open/no-answer/async", GINT_TO_POINTER (FALSE), test_no_answer);
  g_test_add_data_func ("/client/agent/open/no-answer/blocking", GINT_TO_POINTER (TRUE), test_no_answer);
  g_test_add_func ("/client/agent/open/leaves", test_leaves_while_opening);
  g_test_add_func ("/client/agent/open/cancel", test_cancel_opening);
  g_test_add_func ("/client/agent/open/other-properties", test_other_properties);
  g_test_add_data_func ("/client/agent/one-at-a-time/ids", GINT_TO_POINTER (TRUE), test_one_at_a_time);
  g_test_add_data_func ("/client/agent/one-at-a-time/no-ids", GINT_TO_POINTER (FALSE), test_one_at_a_time);
  for (guint i = 0; i < 9; i++)
    {
      g_autofree char *path = g_strdup_printf ("/client/agent/step/late-reply/%u", i);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_late_reply);
    }
  g_test_add_func ("/client/agent/step/late-reply/unasked", test_late_reply_unasked);
  g_test_add_func ("/client/agent/step/not-written", test_not_written);
  g_test_add_func ("/client/agent/step/give-up-held", test_give_up_held);
  g_test_add_func ("/client/agent/step/again/in-blocking", test_again_in_blocking);
  g_test_add_func ("/client/agent/step/again/after-blocking", test_again_after_blocking);
  g_test_add_func ("/client/agent/step/again/only-when-needed", test_asked_only_when_needed);
  g_test_add_func ("/client/agent/step/close", test_close_while_held);
  g_test_add_func ("/client/agent/leaves", test_agent_leaves);
  g_test_add_func ("/client/agent/silence/timeout", test_silence);
  g_test_add_func ("/client/agent/silence/default-timeout", test_silence_default);
  g_test_add_func ("/client/agent/silence/broken", test_silence_broken);
  g_test_add_func ("/client/agent/silence/link-ends", test_silence_link_ends);
  g_test_add_func ("/client/agent/silence/quit", test_silence_quit);
  return g_test_run ();
}
