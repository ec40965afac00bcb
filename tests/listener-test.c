/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-peer.h"

/* A listener: which events it takes, its queue and its bounds, waiting for the next. listener-inside-test.c has
 * the rest. */

/* which events */

#define assert_match(listener, expected)                                                                    \
  G_STMT_START {                                                                                            \
    g_autofree char *test_text = qmp_event_match_to_string (qmp_event_listener_get_match (listener));       \
    g_assert_cmpstr (test_text, ==, expected);                                                              \
  } G_STMT_END

static void
test_names (void)
{
  g_autoptr (QmpEventListener) all = qmp_event_listener_new (NULL);
  g_autoptr (QmpEventListener) bare = g_object_new (QMP_TYPE_EVENT_LISTENER, NULL);
  g_autoptr (QmpEventListener) many = TEST_LISTENER ("STOP", "RESUME");

  g_assert_null (qmp_event_match_get_names (qmp_event_listener_get_match (all)));
  g_assert_null (qmp_event_match_get_names (qmp_event_listener_get_match (bare)));
  assert_match (many, "STOP, RESUME");
}

static gboolean
accept_cb (QmpEvent *event,
           gpointer  user_data)
{
  return TRUE;
}

static void
count_destroyed (gpointer user_data)
{
  ++*(guint *) user_data;
}

static void
count_notify_cb (GObject    *object,
                 GParamSpec *pspec,
                 guint      *count)
{
  (*count)++;
}

/* A listener has a copy, whose filter lives as long as it is used. */
static void
test_match (void)
{
  QmpEventMatch *match = TEST_MATCH ("A");
  g_autoptr (QmpEventMatch) other = TEST_MATCH ("B");
  g_autoptr (QmpEventMatch) found = NULL;
  QmpEventListener *first = NULL;
  QmpEventListener *second = NULL;
  guint n_destroyed = 0, n_notified = 0;

  qmp_event_match_set_filter (match, accept_cb, &n_destroyed, count_destroyed);
  first = qmp_event_listener_new_for_match (match);
  second = g_object_new (QMP_TYPE_EVENT_LISTENER, "match", match, NULL);
  qmp_event_match_add_string_member (match, NULL, "device", "net0");
  assert_match (first, "A; filter");
  qmp_event_match_free (match);
  assert_match (second, "A; filter");

  g_signal_connect (first, "notify::match", G_CALLBACK (count_notify_cb), &n_notified);
  qmp_event_listener_set_match (first, qmp_event_listener_get_match (first));
  assert_match (first, "A; filter");
  g_object_set (first, "match", other, NULL);
  assert_match (first, "B");
  g_assert_cmpuint (n_notified, ==, 2);
  g_object_get (first, "match", &found, NULL);
  g_assert_true (found != qmp_event_listener_get_match (first));
  g_assert_cmpstr (qmp_event_match_get_names (found)[0], ==, "B");
  g_assert_cmpuint (n_destroyed, ==, 0);
  g_assert_finalize_object (second);
  g_assert_cmpuint (n_destroyed, ==, 1);
  g_assert_finalize_object (first);
}

/* What is in the queue stays there. */
static void
test_match_replaced (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT, PEER_EVENT ("A"), PEER_EVENT ("B"),
                                    PEER_WAIT, PEER_EVENT ("A"), PEER_EVENT ("B"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpEventListener) listener = TEST_LISTENER ("A");
  g_autoptr (QmpEventMatch) match = TEST_MATCH ("B");

  qmp_client_add_listener (client, listener);
  test_peer_signal (peer);
  test_spin_until (test_log_has (log, "B"));
  qmp_event_listener_set_match (listener, match);
  test_peer_signal (peer);
  test_spin_until (test_log_count (log, "B") == 2);
  test_assert_drain (listener, "A B");
  test_peer_close (peer, client);
}

/* the queue */

static QmpClient *
open_with_log (TestPeer  *peer,
               TestLog  **log)
{
  QmpClient *client = test_peer_open (peer);

  *log = test_log_new (client);
  return client;
}

static void
test_queue (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT,
                                    PEER_EVENT ("A"), PEER_EVENT ("B"), PEER_EVENT ("A"), PEER_EVENT ("C"),
                                    PEER_EVENT ("END"), PEER_WAIT, PEER_EVENT ("B"), PEER_EVENT ("END2"));
  g_autoptr (TestLog) log = NULL;
  QmpClient *client = open_with_log (peer, &log);
  g_autoptr (QmpEventListener) listener = TEST_LISTENER ("A", "B");
  g_autoptr (QmpEvent) event = NULL;
  GList *events;

  g_assert_true (qmp_event_listener_is_empty (listener));
  g_assert_null (qmp_event_listener_try_next (listener));
  g_assert_null (qmp_event_listener_steal_events (listener));
  qmp_client_add_listener (client, listener);
  test_peer_signal (peer);
  test_spin_until (test_log_has (log, "END"));
  g_assert_false (qmp_event_listener_is_empty (listener));
  g_assert_cmpuint (qmp_event_listener_get_n_events (listener), ==, 3);
  event = qmp_event_listener_try_next (listener);
  g_assert_cmpstr (qmp_event_get_name (event), ==, "A");
  g_assert_cmpuint (qmp_event_listener_get_n_events (listener), ==, 2);
  events = qmp_event_listener_steal_events (listener);
  g_assert_cmpuint (g_list_length (events), ==, 2);
  g_assert_cmpstr (qmp_event_get_name (events->data), ==, "B");
  g_assert_cmpstr (qmp_event_get_name (events->next->data), ==, "A");
  g_list_free_full (events, g_object_unref);
  g_assert_true (qmp_event_listener_is_empty (listener));
  g_assert_cmpuint (qmp_event_listener_get_n_events (listener), ==, 0);

  test_peer_signal (peer);
  test_spin_until (test_log_has (log, "END2"));
  test_assert_drain (listener, "B");
  test_peer_close (peer, client);
}

static void
test_copies (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT,
                                    PEER_EVENT ("A"), PEER_EVENT ("B"), PEER_EVENT ("END"));
  g_autoptr (TestLog) log = NULL;
  QmpClient *client = open_with_log (peer, &log);
  QmpEventListener *listeners[20];
  g_autoptr (QmpEvent) first = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (listeners); i++)
    {
      listeners[i] = TEST_LISTENER ("A", "B");
      qmp_client_add_listener (client, listeners[i]);
    }
  test_peer_signal (peer);
  test_spin_until (test_log_has (log, "END"));
  first = qmp_event_listener_try_next (listeners[0]);
  for (guint i = 1; i < G_N_ELEMENTS (listeners); i++)
    {
      g_autoptr (QmpEvent) event = NULL;

      g_assert_cmpuint (qmp_event_listener_get_n_events (listeners[i]), ==, 2);
      event = qmp_event_listener_try_next (listeners[i]);
      g_assert_true (event == first);
      g_assert_true (qmp_message_is_read_only (QMP_MESSAGE (event)));
    }
  test_assert_drain (listeners[0], "B");
  for (guint i = 0; i < G_N_ELEMENTS (listeners); i++)
    {
      qmp_client_remove_listener (client, listeners[i]);
      g_assert_finalize_object (listeners[i]);
    }
  test_peer_close (peer, client);
}

/* Removed: hears nothing, keeps what it has. Added again, also to another client. */
static void
test_remove (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT, PEER_EVENT ("A"), PEER_WAIT,
                                    PEER_EVENT ("B"), PEER_WAIT, PEER_EVENT ("C"));
  TestPeer *other_peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT, PEER_EVENT ("D"));
  g_autoptr (TestLog) log = NULL;
  g_autoptr (TestLog) other_log = NULL;
  QmpClient *client = open_with_log (peer, &log);
  QmpClient *other = open_with_log (other_peer, &other_log);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);

  qmp_client_add_listener (client, listener);
  test_peer_signal (peer);
  test_spin_until (test_log_has (log, "A"));
  qmp_client_remove_listener (client, listener);
  test_peer_signal (peer);
  test_spin_until (test_log_has (log, "B"));
  qmp_client_add_listener (client, listener);
  test_peer_signal (peer);
  test_spin_until (test_log_has (log, "C"));
  qmp_client_remove_listener (client, listener);
  qmp_client_add_listener (other, listener);
  test_peer_signal (other_peer);
  test_spin_until (test_log_has (other_log, "D"));
  test_assert_drain (listener, "A C D");
  test_peer_close (peer, client);
  test_peer_close (other_peer, other);
  g_assert_finalize_object (g_steal_pointer (&listener));
}

static void
test_max_length (gconstpointer data)
{
  QmpEventOverflow overflow = GPOINTER_TO_INT (data);
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT,
                                    PEER_EVENT ("A"), PEER_EVENT ("B"), PEER_EVENT ("C"), PEER_EVENT ("D"), PEER_EVENT ("E"),
                                    PEER_WAIT, PEER_EVENT ("F"), PEER_EVENT ("G"), PEER_EVENT ("H"), PEER_EVENT ("I"));
  g_autoptr (TestLog) log = NULL;
  QmpClient *client = open_with_log (peer, &log);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);
  g_autoptr (QmpEventListener) other = qmp_event_listener_new (NULL);

  g_assert_cmpuint (qmp_event_listener_get_max_length (listener), ==, 10000);
  g_assert_cmpint (qmp_event_listener_get_overflow (listener), ==, QMP_EVENT_OVERFLOW_DROP_OLDEST);
  qmp_event_listener_set_max_length (listener, 3);
  qmp_event_listener_set_overflow (listener, overflow);
  qmp_client_add_listener (client, listener);
  qmp_client_add_listener (client, other);
  test_peer_signal (peer);
  test_spin_until (test_log_has (log, "E"));
  g_assert_cmpuint (qmp_event_listener_get_n_events (listener), ==, 3);
  g_assert_cmpuint (qmp_event_listener_get_n_dropped (listener), ==, 2);
  /* What was full has room again. */
  g_object_unref (qmp_event_listener_try_next (listener));
  test_peer_signal (peer);
  test_spin_until (test_log_has (log, "I"));
  g_assert_cmpuint (qmp_event_listener_get_n_dropped (listener), ==, 5);
  /* Lowered: the oldest go, whatever the policy. */
  qmp_event_listener_set_max_length (listener, 2);
  g_assert_cmpuint (qmp_event_listener_get_n_dropped (listener), ==, 6);
  qmp_event_listener_set_max_length (listener, 0);
  test_assert_drain (listener, overflow == QMP_EVENT_OVERFLOW_DROP_OLDEST ? "H I" : "C F");
  test_assert_drain (other, "A B C D E F G H I");
  g_assert_cmpuint (qmp_event_listener_get_n_dropped (other), ==, 0);
  test_peer_close (peer, client);
}

/* Not more than 64 MiB, whatever max-length says. */
static gboolean
send_large (TestPeer *peer,
            gpointer  user_data)
{
  g_autofree char *filling = g_strnfill (20 * 1024 * 1024, 'x');
  g_autofree char *text = g_strdup_printf (PEER_EVENT_DATA_TEXT ("LARGE", "{\"x\": \"%s\"}"), filling);

  for (guint i = 0; i < 5; i++)
    if (!test_peer_send (peer, text, -1))
      return FALSE;
  return TRUE;
}

static void
test_max_bytes (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT, PEER_CALL (send_large, NULL),
                                    PEER_EVENT ("END"));
  g_autoptr (TestLog) log = NULL;
  QmpClient *client = open_with_log (peer, &log);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);

  qmp_event_listener_set_max_length (listener, 0);
  qmp_client_add_listener (client, listener);
  test_peer_signal (peer);
  test_spin_until (test_log_has (log, "END"));
  g_assert_cmpuint (qmp_event_listener_get_n_dropped (listener), ==, 2);
  test_assert_drain (listener, "LARGE LARGE LARGE END");
  test_peer_close (peer, client);
}

static void
test_properties (void)
{
  g_autoptr (QmpEventListener) listener = TEST_LISTENER ("A");
  g_autoptr (GListModel) history = NULL;
  guint n_notified = 0, max_length, history_length;
  guint64 n_dropped;
  QmpEventOverflow overflow;

  g_signal_connect (listener, "notify", G_CALLBACK (count_notify_cb), &n_notified);
  g_object_set (listener, "max-length", 7, "overflow", QMP_EVENT_OVERFLOW_DROP_NEWEST, "history-length", 8, NULL);
  g_assert_cmpuint (n_notified, ==, 3);
  g_object_set (listener, "max-length", 7, "overflow", QMP_EVENT_OVERFLOW_DROP_NEWEST, "history-length", 8, NULL);
  g_assert_cmpuint (n_notified, ==, 3);
  g_object_get (listener, "history", &history, "max-length", &max_length, "overflow", &overflow,
                "n-dropped", &n_dropped, "history-length", &history_length, NULL);
  g_assert_true (history == qmp_event_listener_get_history (listener));
  g_assert_cmpuint (max_length, ==, 7);
  g_assert_cmpint (overflow, ==, QMP_EVENT_OVERFLOW_DROP_NEWEST);
  g_assert_cmpuint (n_dropped, ==, 0);
  g_assert_cmpuint (history_length, ==, 8);
}

/* waiting: in the background */

static void
test_next_waiters (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT, PEER_EVENT ("Q"), PEER_WAIT,
                                    PEER_SEND (PEER_EVENT_TEXT ("A") PEER_EVENT_TEXT ("X") PEER_EVENT_TEXT ("B")
                                               PEER_EVENT_TEXT ("C") PEER_EVENT_TEXT ("D") PEER_EVENT_TEXT ("E")));
  g_autoptr (TestLog) log = NULL;
  QmpClient *client = open_with_log (peer, &log);
  g_autoptr (QmpEventListener) listener = TEST_LISTENER ("Q", "A", "B", "C", "D", "E");
  g_autoptr (QmpEventListener) other = TEST_LISTENER ("B");

  qmp_client_add_listener (client, listener);
  qmp_client_add_listener (client, other);
  test_peer_signal (peer);
  test_spin_until (test_log_has (log, "Q"));
  qmp_event_listener_next_async (other, -1, NULL, test_log_next_cb, log);
  /* The first takes what is there; never before this returns. */
  qmp_event_listener_next_async (listener, -1, NULL, test_log_next_cb, log);
  qmp_event_listener_next_async (listener, 60000, NULL, test_log_next_cb, log);
  qmp_event_listener_next_async (listener, -1, NULL, test_log_next_cb, log);
  qmp_event_listener_next_async (listener, -1, NULL, test_log_next_cb, log);
  g_assert_cmpstr (test_log_get (log), ==, "Q");
  test_spin_until (test_log_has (log, "next(Q)"));
  test_peer_signal (peer);
  test_spin_until (test_log_has (log, "E"));
  /* Each in the place of its event. */
  g_assert_cmpstr (test_log_get (log), ==, "Q next(Q) A next(A) X B next(B) next(B) C next(C) D E");
  test_assert_drain (listener, "D E");
  g_assert_true (qmp_event_listener_is_empty (other));
  test_peer_close (peer, client);
}

/* Who came first is served first. */
static void
test_next_order (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT,
                                    PEER_EVENT ("A"), PEER_SEND (PEER_EVENT_TEXT ("B") PEER_EVENT_TEXT ("C")));
  const char * const names[] = { "A", "B", "C" };
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);
  GAsyncResult *results[] = { NULL, NULL, NULL };

  qmp_client_add_listener (client, listener);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    qmp_event_listener_next_async (listener, -1, NULL, test_result_cb, &results[i]);
  test_peer_signal (peer);
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_autoptr (QmpEvent) event = NULL;

      test_spin_until (results[i] != NULL);
      event = qmp_event_listener_next_finish (listener, results[i], NULL);
      g_assert_cmpstr (qmp_event_get_name (event), ==, names[i]);
      g_clear_object (&results[i]);
    }
  test_peer_close (peer, client);
}

/* A reader that asks for the next from the callback of the one before misses nothing. */
static void
chain_next_cb (GObject      *object,
               GAsyncResult *result,
               gpointer      user_data)
{
  test_log_next_cb (object, result, user_data);
  if (!test_log_has (user_data, "next(E)"))
    qmp_event_listener_next_async (QMP_EVENT_LISTENER (object), -1, NULL, chain_next_cb, user_data);
}

static void
test_next_chained (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT,
                                    PEER_SEND (PEER_EVENT_TEXT ("A") PEER_EVENT_TEXT ("B")), PEER_EVENT ("C"),
                                    PEER_SEND (PEER_EVENT_TEXT ("D") PEER_EVENT_TEXT ("E")));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);

  qmp_client_add_listener (client, listener);
  qmp_event_listener_next_async (listener, -1, NULL, chain_next_cb, log);
  test_peer_signal (peer);
  test_spin_until (test_log_has (log, "next(E)"));
  for (const char *name = "ABCDE"; *name != '\0'; name++)
    {
      g_autofree char *word = g_strdup_printf ("next(%c)", *name);

      g_assert_cmpuint (test_log_count (log, word), ==, 1);
    }
  g_assert_true (qmp_event_listener_is_empty (listener));
  test_peer_close (peer, client);
}

static void
test_next_ends (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT, PEER_EVENT ("A"), PEER_EVENT ("B"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  g_cancellable_cancel (cancelled);
  qmp_client_add_listener (client, listener);
  qmp_event_listener_next_async (listener, -1, cancelled, test_log_next_cb, log);
  qmp_event_listener_next_async (listener, 0, NULL, test_log_next_cb, log);
  test_spin_until (test_log_has (log, "next(timed-out)"));
  test_spin_until (test_log_has (log, "next(cancelled)"));
  test_log_clear (log);

  /* In the middle of others that wait, which go on waiting. */
  qmp_event_listener_next_async (listener, -1, NULL, test_log_next_cb, log);
  qmp_event_listener_next_async (listener, 1, NULL, test_log_next_cb, log);
  qmp_event_listener_next_async (listener, -1, cancellable, test_log_next_cb, log);
  qmp_event_listener_next_async (listener, 60000, NULL, test_log_next_cb, log);
  test_spin_until (test_log_has (log, "next(timed-out)"));
  g_cancellable_cancel (cancellable);
  test_spin_until (test_log_has (log, "next(cancelled)"));
  test_peer_signal (peer);
  test_spin_until (test_log_has (log, "next(B)"));
  g_assert_cmpstr (test_log_get (log), ==, "next(timed-out) next(cancelled) A next(A) B next(B)");
  test_peer_close (peer, client);
}

/* A cancelled one takes nothing, though there is something. */
static void
test_next_cancelled_before (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT, PEER_EVENT ("A"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  qmp_client_add_listener (client, listener);
  test_peer_signal (peer);
  test_spin_until (test_log_has (log, "A"));
  g_cancellable_cancel (cancelled);
  qmp_event_listener_next_async (listener, -1, cancelled, test_log_next_cb, log);
  test_spin_until (test_log_has (log, "next(cancelled)"));
  g_assert_null (qmp_event_listener_next (listener, -1, cancelled, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_assert_drain (listener, "A");
  test_peer_close (peer, client);
}

/* waiting: blocking */

static void
assert_next (QmpEventListener *listener,
             int               timeout,
             const char       *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (QmpEvent) event = qmp_event_listener_next (listener, timeout, NULL, &error);
  g_autofree char *word = error != NULL ? test_error_word (error) : g_strdup (qmp_event_get_name (event));

  g_assert_true ((event == NULL) == (error != NULL));
  g_assert_cmpstr (word, ==, expected);
}

/* Without a main loop. */
static void
test_next_blocking (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT,
                                    PEER_SEND (PEER_EVENT_TEXT ("A") PEER_EVENT_TEXT ("B")), PEER_TELL,
                                    PEER_WAIT, PEER_EVENT ("X"), PEER_EVENT ("C"));
  g_autoptr (GIOStream) stream = test_peer_steal_stream (peer);
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (QmpEventListener) listener = TEST_LISTENER ("A", "B", "C");
  g_autoptr (GError) error = NULL;

  g_assert_true (qmp_client_open_stream (client, stream, NULL, &error));
  g_clear_object (&stream);
  qmp_client_add_listener (client, listener);
  assert_next (listener, 0, "timed-out");
  assert_next (listener, 1, "timed-out");
  test_peer_signal (peer);
  test_peer_wait_told (peer, 1);
  /* Reads what has come. */
  assert_next (listener, 0, "A");
  assert_next (listener, 0, "B");
  assert_next (listener, 0, "timed-out");
  test_peer_signal (peer);
  assert_next (listener, -1, "C");
  g_assert_finalize_object (client);
  test_peer_finish (peer);
}

static gpointer
cancel_in_thread (gpointer user_data)
{
  gpointer *data = user_data;

  /* The peer has heard the command that the blocking caller sent before it began to wait. */
  test_peer_wait_told (data[0], 1);
  g_cancellable_cancel (data[1]);
  return NULL;
}

static void
test_next_cancelled_by_thread (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("x"), PEER_TELL, PEER_WAIT,
                                    PEER_REPLY ("1"), PEER_EVENT ("A"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  gpointer data[] = { peer, cancellable };
  GThread *thread;

  qmp_client_add_listener (client, listener);
  test_log_execute_async (log, "x", client, "x", NULL);
  thread = g_thread_new ("canceller", cancel_in_thread, data);
  g_assert_null (qmp_event_listener_next (listener, -1, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
  /* Nothing was lost by it. */
  test_peer_signal (peer);
  assert_next (listener, -1, "A");
  g_assert_cmpstr (test_log_get (log), ==, "");
  test_spin_until (test_log_has (log, "A"));
  g_assert_cmpstr (test_log_get (log), ==, "x A");
  test_peer_close (peer, client);
}

/* Who waits in the background came first, and is told from the main loop. */
static void
test_next_mixed (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT,
                                    PEER_EVENT ("A"), PEER_EVENT ("B"), PEER_EVENT ("C"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);

  qmp_client_add_listener (client, listener);
  qmp_event_listener_next_async (listener, -1, NULL, test_log_next_cb, log);
  qmp_event_listener_next_async (listener, -1, NULL, test_log_next_cb, log);
  test_peer_signal (peer);
  assert_next (listener, -1, "C");
  g_assert_cmpstr (test_log_get (log), ==, "");
  test_spin_until (test_log_has (log, "C"));
  g_assert_cmpstr (test_log_get (log), ==, "A next(A) B next(B) C");
  test_peer_close (peer, client);
}

/* Events that come within a blocking call are in the queue when it returns; handlers hear of them later. */
static void
test_filled_while_blocking (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("x"), PEER_EVENT ("A"),
                                    PEER_SEND_FOR (PEER_EVENT_TEXT ("B") "{\"return\": 1, \"id\": @}"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = NULL;

  qmp_client_add_listener (client, listener);
  value = qmp_client_execute (client, "x", NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (qmp_event_listener_get_n_events (listener), ==, 2);
  g_assert_cmpstr (test_log_get (log), ==, "");
  test_spin_until (test_log_has (log, "B"));
  test_assert_drain (listener, "A B");
  test_peer_close (peer, client);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/listener/names", test_names);
  g_test_add_func ("/listener/match", test_match);
  g_test_add_func ("/listener/match/replaced", test_match_replaced);
  g_test_add_func ("/listener/queue", test_queue);
  g_test_add_func ("/listener/copies", test_copies);
  g_test_add_func ("/listener/remove", test_remove);
  g_test_add_data_func ("/listener/max-length/drop-oldest", GINT_TO_POINTER (QMP_EVENT_OVERFLOW_DROP_OLDEST), test_max_length);
  g_test_add_data_func ("/listener/max-length/drop-newest", GINT_TO_POINTER (QMP_EVENT_OVERFLOW_DROP_NEWEST), test_max_length);
  g_test_add_func ("/listener/max-bytes", test_max_bytes);
  g_test_add_func ("/listener/properties", test_properties);
  g_test_add_func ("/listener/next/waiters", test_next_waiters);
  g_test_add_func ("/listener/next/order", test_next_order);
  g_test_add_func ("/listener/next/chained", test_next_chained);
  g_test_add_func ("/listener/next/ends", test_next_ends);
  g_test_add_func ("/listener/next/cancelled-before", test_next_cancelled_before);
  g_test_add_func ("/listener/next/blocking", test_next_blocking);
  g_test_add_func ("/listener/next/cancelled-by-thread", test_next_cancelled_by_thread);
  g_test_add_func ("/listener/next/mixed", test_next_mixed);
  g_test_add_func ("/listener/filled-while-blocking", test_filled_while_blocking);
  return g_test_run ();
}
