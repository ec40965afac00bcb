/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <unistd.h>

#include "client/qmp-client-private.h"
#include "test-peer.h"

/* Listeners: their history, what may be done inside of their callbacks, the end of the link, a program without
 * a main loop. */

/* the history */

typedef struct {
  GListModel *model;
  GPtrArray  *events;
  guint       n_changes;
} Mirror;

static void
mirror_changed_cb (GListModel *model,
                   guint       position,
                   guint       removed,
                   guint       added,
                   Mirror     *mirror)
{
  mirror->n_changes++;
  g_assert_cmpuint (position + removed, <=, mirror->events->len);
  if (removed > 0)
    g_ptr_array_remove_range (mirror->events, position, removed);
  for (guint i = 0; i < added; i++)
    g_ptr_array_insert (mirror->events, position + i, g_list_model_get_item (model, position + i));

  g_assert_cmpuint (g_list_model_get_n_items (model), ==, mirror->events->len);
  for (guint i = 0; i < mirror->events->len; i++)
    {
      g_autoptr (QmpEvent) event = g_list_model_get_item (model, i);

      g_assert_true (event == g_ptr_array_index (mirror->events, i));
    }
  g_assert_null (g_list_model_get_item (model, mirror->events->len));
}

static void
mirror_init (Mirror           *mirror,
             QmpEventListener *listener)
{
  *mirror = (Mirror) { qmp_event_listener_get_history (listener), g_ptr_array_new_with_free_func (g_object_unref), 0 };
  g_signal_connect (mirror->model, "items-changed", G_CALLBACK (mirror_changed_cb), mirror);
}

static void
mirror_clear (Mirror *mirror)
{
  g_signal_handlers_disconnect_by_data (mirror->model, mirror);
  g_ptr_array_unref (mirror->events);
}

static void
assert_mirror (Mirror     *mirror,
               const char *expected)
{
  g_autoptr (GString) names = g_string_new (NULL);

  g_assert_cmpuint (g_list_model_get_n_items (mirror->model), ==, mirror->events->len);
  for (guint i = 0; i < mirror->events->len; i++)
    g_string_append_printf (names, "%s%s", i > 0 ? " " : "",
                            qmp_event_get_name (g_ptr_array_index (mirror->events, i)));
  g_assert_cmpstr (names->str, ==, expected);
}

static void
test_history (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT, PEER_EVENT ("A"), PEER_EVENT ("B"),
                                    PEER_WAIT, PEER_EVENT ("C"), PEER_EVENT ("X"), PEER_EVENT ("D"), PEER_EVENT ("E"),
                                    PEER_WAIT, PEER_EVENT ("F"), PEER_WAIT, PEER_EVENT ("G"), PEER_CLOSE);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpEventListener) listener = TEST_LISTENER ("A", "B", "C", "D", "E", "F", "G");
  Mirror mirror;

  g_assert_true (g_list_model_get_item_type (qmp_event_listener_get_history (listener)) == QMP_TYPE_EVENT);
  g_assert_cmpuint (qmp_event_listener_get_history_length (listener), ==, 0);
  mirror_init (&mirror, listener);
  qmp_client_add_listener (client, listener);
  /* Off. */
  test_peer_signal (peer);
  test_spin_until (test_log_has (log, "B"));
  assert_mirror (&mirror, "");

  qmp_event_listener_set_history_length (listener, 3);
  test_peer_signal (peer);
  test_spin_until (test_log_has (log, "E"));
  assert_mirror (&mirror, "C D E");
  /* Reading does not take out of it. */
  test_assert_drain (listener, "A B C D E");
  assert_mirror (&mirror, "C D E");
  test_peer_signal (peer);
  test_spin_until (test_log_has (log, "F"));
  assert_mirror (&mirror, "D E F");

  qmp_event_listener_set_history_length (listener, 5);
  assert_mirror (&mirror, "D E F");
  qmp_event_listener_set_history_length (listener, 2);
  assert_mirror (&mirror, "E F");
  qmp_event_listener_set_history_length (listener, 0);
  assert_mirror (&mirror, "");
  mirror.n_changes = 0;
  qmp_event_listener_set_history_length (listener, 1);
  g_assert_cmpuint (mirror.n_changes, ==, 0);
  test_peer_signal (peer);
  test_spin_until (test_log_has (log, "closed(broken-pipe)"));
  qmp_client_remove_listener (client, listener);
  assert_mirror (&mirror, "G");
  mirror_clear (&mirror);
  test_peer_close (peer, client);
}

/* Changes in the main context, never within a blocking call. */
static void
test_history_blocking (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("x"), PEER_EVENT ("A"),
                                    PEER_EVENT ("B"), PEER_REPLY ("1"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;
  Mirror mirror;

  qmp_event_listener_set_history_length (listener, 10);
  mirror_init (&mirror, listener);
  qmp_client_add_listener (client, listener);
  value = qmp_client_execute (client, "x", NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (mirror.n_changes, ==, 0);
  test_assert_drain (listener, "A B");
  test_spin_until (mirror.n_changes == 2);
  assert_mirror (&mirror, "A B");
  mirror_clear (&mirror);
  test_peer_close (peer, client);
}

/* What the queue has dropped is in the history all the same. */
static void
test_history_of_dropped (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT, PEER_EVENT ("A"), PEER_EVENT ("B"),
                                    PEER_EVENT ("C"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);
  Mirror mirror;

  qmp_event_listener_set_history_length (listener, 10);
  qmp_event_listener_set_max_length (listener, 1);
  qmp_event_listener_set_overflow (listener, QMP_EVENT_OVERFLOW_DROP_NEWEST);
  mirror_init (&mirror, listener);
  qmp_client_add_listener (client, listener);
  test_peer_signal (peer);
  test_spin_until (mirror.events->len == 3);
  assert_mirror (&mirror, "A B C");
  test_assert_drain (listener, "A");
  mirror_clear (&mirror);
  test_peer_close (peer, client);
}

/* inside of callbacks */

typedef struct _Inside Inside;

struct _Inside {
  QmpClient        *client;
  QmpEventListener *listener;  /* whose callback it is */
  QmpEventListener *other;
  TestLog          *log;
  guint             n_calls;
  void            (*act) (Inside *inside);
};

static void
inside_run (Inside *inside)
{
  if (inside->n_calls++ == 0)
    inside->act (inside);
}

static gboolean
inside_filter (QmpEvent *event,
               gpointer  user_data)
{
  inside_run (user_data);
  return TRUE;
}

static void
inside_event_cb (QmpClient *client,
                 QmpEvent  *event,
                 Inside    *inside)
{
  inside_run (inside);
}

static void
inside_next_cb (GObject      *object,
                GAsyncResult *result,
                gpointer      user_data)
{
  Inside *inside = user_data;

  test_log_next_cb (object, result, inside->log);
  inside_run (inside);
}

static void
inside_changed_cb (GListModel *model,
                   guint       position,
                   guint       removed,
                   guint       added,
                   Inside     *inside)
{
  inside_run (inside);
}

/* Everything at once: the listener itself goes, another one goes, new ones come. */
static void
shuffle (Inside *inside)
{
  qmp_client_remove_listener (inside->client, inside->listener);
  qmp_client_remove_listener (inside->client, inside->other);
  qmp_client_add_listener (inside->client, inside->other);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (QmpEventListener) fresh = qmp_event_listener_new (NULL);

      qmp_client_add_listener (inside->client, fresh);
      qmp_event_listener_next_async (fresh, -1, NULL, test_log_next_cb, inside->log);
      if (i == 0)
        qmp_client_remove_listener (inside->client, fresh);
    }
}

typedef enum {
  FROM_EVENT,
  FROM_FILTER,
  FROM_NEXT,
  FROM_HISTORY,
  FROM_N,
} From;

static void
inside_connect (Inside *inside,
                From    from)
{
  switch (from)
    {
    case FROM_EVENT:
      g_signal_connect (inside->client, "event", G_CALLBACK (inside_event_cb), inside);
      break;
    case FROM_FILTER:
      test_set_filter (inside->listener, inside_filter, inside, NULL);
      break;
    case FROM_NEXT:
      qmp_event_listener_next_async (inside->listener, -1, NULL, inside_next_cb, inside);
      break;
    case FROM_HISTORY:
      qmp_event_listener_set_history_length (inside->listener, 5);
      g_signal_connect (qmp_event_listener_get_history (inside->listener), "items-changed",
                        G_CALLBACK (inside_changed_cb), inside);
      break;
    case FROM_N:
    default:
      g_assert_not_reached ();
    }
}

static void
test_shuffle_inside (gconstpointer data)
{
  From from = GPOINTER_TO_INT (data);
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT,
                                    PEER_SEND (PEER_EVENT_TEXT ("A") PEER_EVENT_TEXT ("B") PEER_EVENT_TEXT ("END")));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);
  g_autoptr (QmpEventListener) other = qmp_event_listener_new (NULL);
  Inside inside = { client, listener, other, log, 0, shuffle };

  qmp_client_add_listener (client, listener);
  qmp_client_add_listener (client, other);
  inside_connect (&inside, from);
  test_peer_signal (peer);
  test_spin_until (test_log_has (log, "END"));
  test_spin_ready ();
  g_assert_cmpuint (test_log_count (log, "next(state)"), ==, 1);
  /* From a filter, or a callback of A, when all three had been read and matched already, the new ones hear
   * nothing that had come before. */
  if (from == FROM_FILTER)
    {
      test_assert_drain (listener, "A");
      test_assert_drain (other, "A B END");
      g_assert_cmpuint (test_log_count (log, "next(B)"), ==, 2);
    }
  else
    {
      test_assert_drain (listener, from == FROM_NEXT ? "B END" : "A B END");
      test_assert_drain (other, "A B END");
      g_assert_cmpuint (test_log_count (log, "next(B)"), ==, 0);
    }
  g_clear_object (&listener);
  g_signal_handlers_disconnect_by_data (client, &inside);
  /* Two still wait, or have nobody to wait for: they go with the client. */
  test_peer_close (peer, client);
}

/* filters that misbehave */

static void
remove_self (Inside *inside)
{
  qmp_client_remove_listener (inside->client, inside->listener);
}

static void
close_async (Inside *inside)
{
  qmp_client_close_async (inside->client, NULL, NULL, NULL);
}

static void
iterate (Inside *inside)
{
  for (guint i = 0; i < 20; i++)
    g_main_context_iteration (NULL, FALSE);
}

static void
expect_state (gboolean   success,
              GError   **error,
              Inside    *inside)
{
  g_assert_false (success);
  g_assert_error (*error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  g_clear_error (error);
  test_log_add (inside->log, "state");
}

/* Each of them fails, and neither hangs nor crashes. */
static void
block_all (Inside *inside)
{
  QmpClient *client = inside->client;
  g_autoptr (QmpMessage) message = test_message ("{\"execute\": \"never\"}");
  g_autoptr (QmpEventMatch) match = qmp_event_match_new (NULL);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new_for_match (match);
  g_autoptr (GSocketConnectable) address = g_network_address_new ("127.0.0.1", 1);
  g_autoptr (GIOStream) stream = NULL;
  GError *error = NULL;
  int fd;

  expect_state (qmp_client_execute (client, "never", NULL, NULL, &error) != NULL, &error, inside);
  expect_state (qmp_client_execute_message (client, message, NULL, &error) != NULL, &error, inside);
  expect_state (qmp_client_exchange (client, message, NULL, &error) != NULL, &error, inside);
  expect_state (qmp_client_execute_and_wait (client, message, match, NULL, &error) != NULL,
                &error, inside);
  qmp_client_add_listener (client, listener);
  expect_state (qmp_event_listener_next (listener, -1, NULL, &error) != NULL, &error, inside);
  expect_state (qmp_event_listener_next (listener, 0, NULL, &error) != NULL, &error, inside);
  qmp_client_remove_listener (client, listener);
  expect_state (qmp_client_close (client, NULL, &error), &error, inside);
  expect_state (qmp_client_open (client, address, NULL, &error), &error, inside);
  stream = test_socketpair (&fd);
  expect_state (qmp_client_open_stream (client, stream, NULL, &error), &error, inside);
  g_io_stream_close (stream, NULL, NULL);
  close (fd);
}

#define N_BLOCKING 9

static const struct {
  const char *name;
  void      (*act) (Inside *inside);
  gboolean    ends;
} misbehaviours[] = {
  { "remove", remove_self, FALSE },
  { "close", close_async, TRUE },
  { "iterate", iterate, FALSE },
  { "block", block_all, FALSE },
};

/* In the main loop: another listener gets everything all the same. */
static void
test_filter_in_loop (gconstpointer data)
{
  guint n = GPOINTER_TO_UINT (data);
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT, PEER_SEND (PEER_EVENT_TEXT ("A") PEER_EVENT_TEXT ("B")));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);
  g_autoptr (QmpEventListener) other = qmp_event_listener_new (NULL);
  Inside inside = { client, listener, other, log, 0, misbehaviours[n].act };

  qmp_client_add_listener (client, listener);
  qmp_client_add_listener (client, other);
  test_set_filter (listener, inside_filter, &inside, NULL);
  test_peer_signal (peer);
  test_spin_until (test_log_has (log, "B"));
  test_assert_drain (other, "A B");
  if (misbehaviours[n].act == block_all)
    g_assert_cmpuint (test_log_count (log, "state"), ==, N_BLOCKING);
  if (misbehaviours[n].ends)
    test_spin_until (test_log_has (log, "closed"));
  test_peer_close (peer, client);
}

/* Within a blocking call. */
static void
test_filter_in_blocking (gconstpointer data)
{
  guint n = GPOINTER_TO_UINT (data);
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("x"),
                                    PEER_SEND_FOR (PEER_EVENT_TEXT ("A") PEER_EVENT_TEXT ("B") "{\"return\": 1, \"id\": @}"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);
  g_autoptr (QmpEventListener) other = qmp_event_listener_new (NULL);
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;
  Inside inside = { client, listener, other, log, 0, misbehaviours[n].act };

  qmp_client_add_listener (client, listener);
  qmp_client_add_listener (client, other);
  test_set_filter (listener, inside_filter, &inside, NULL);
  value = qmp_client_execute (client, "x", NULL, NULL, &error);
  g_assert_no_error (error);
  test_assert_json (value, "1");
  test_assert_drain (other, "A B");
  if (misbehaviours[n].act == block_all)
    g_assert_cmpuint (test_log_count (log, "state"), ==, N_BLOCKING);
  test_spin_until (test_log_has (log, "B"));
  if (misbehaviours[n].ends)
    test_spin_until (test_log_has (log, "closed"));
  test_peer_close (peer, client);
}

/* Another client may be asked. */
static void
ask_other (Inside *inside)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = qmp_client_execute (g_object_get_data (G_OBJECT (inside->client), "other"), "y",
                                                   NULL, NULL, &error);

  g_assert_no_error (error);
  test_assert_json (value, "2");
}

static void
test_filter_asks_other (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("x"), PEER_EVENT ("A"), PEER_EVENT ("B"), PEER_REPLY ("1"));
  TestPeer *other_peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("y"), PEER_REPLY ("2"));
  QmpClient *client = test_peer_open (peer);
  QmpClient *other = test_peer_open (other_peer);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;
  Inside inside = { client, listener, NULL, NULL, 0, ask_other };

  g_object_set_data (G_OBJECT (client), "other", other);
  qmp_client_add_listener (client, listener);
  test_set_filter (listener, inside_filter, &inside, NULL);
  value = qmp_client_execute (client, "x", NULL, NULL, &error);
  g_assert_no_error (error);
  test_assert_drain (listener, "A B");
  test_peer_close (peer, client);
  test_peer_close (other_peer, other);
}

static void
drop_client (Inside *inside)
{
  g_object_unref (inside->client);
}

static void
test_filter_drops_client (gconstpointer data)
{
  gboolean blocking = GPOINTER_TO_INT (data);
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT,
                                    PEER_SEND (PEER_EVENT_TEXT ("A") PEER_EVENT_TEXT ("B")), PEER_EXPECT_EOF);
  QmpClient *client = test_peer_open (peer);
  gpointer watch = client;
  g_autoptr (QmpEventListener) listener = TEST_LISTENER ("A", "B");
  g_autoptr (QmpEventListener) other = TEST_LISTENER ("B");
  g_autoptr (QmpEvent) event = NULL;
  g_autoptr (GError) error = NULL;
  Inside inside = { client, listener, other, NULL, 0, drop_client };

  g_object_add_weak_pointer (G_OBJECT (client), &watch);
  qmp_client_add_listener (client, listener);
  qmp_client_add_listener (client, other);
  test_set_filter (listener, inside_filter, &inside, NULL);
  test_peer_signal (peer);
  if (blocking)
    {
      event = qmp_event_listener_next (other, -1, NULL, &error);
      g_assert_no_error (error);
      g_assert_null (watch);
    }
  else
    {
      test_spin_until (watch == NULL);
      test_assert_drain (other, "B");
    }
  test_assert_drain (listener, "A B");
  test_peer_finish (peer);
}

/* What is begun in the background within a blocking call has its clock and its cancellable in the main loop. */
static void
begin_waiting (Inside *inside)
{
  qmp_event_listener_next_async (inside->other, 1, NULL, test_log_next_cb, inside->log);
}

static void
test_filter_waits (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("x"), PEER_EVENT ("A"), PEER_REPLY ("1"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);
  g_autoptr (QmpEventListener) other = TEST_LISTENER ("Z");
  g_autoptr (JsonNode) value = NULL;
  Inside inside = { client, listener, other, log, 0, begin_waiting };

  qmp_client_add_listener (client, listener);
  qmp_client_add_listener (client, other);
  test_set_filter (listener, inside_filter, &inside, NULL);
  value = qmp_client_execute (client, "x", NULL, NULL, NULL);
  g_assert_nonnull (value);
  test_spin_until (test_log_has (log, "next(timed-out)"));
  test_peer_close (peer, client);
}

/* the end of the link */

static void
assert_next_fails (QmpEventListener *listener,
                   int               code,
                   const char       *part)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (qmp_event_listener_next (listener, -1, NULL, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, code);
  test_assert_error_has (error, part);
}

static void
test_link_ends (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, PEER_WAIT, PEER_EVENT ("A"), PEER_EVENT ("B"),
                                    PEER_EVENT ("C"), PEER_CLOSE,
                                    PEER_HANDSHAKE, PEER_WAIT, PEER_EVENT ("D"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);
  g_autoptr (QmpEventListener) waiting = TEST_LISTENER ("C", "D");
  g_autoptr (GError) error = NULL;

  qmp_client_add_listener (client, listener);
  qmp_client_add_listener (client, waiting);
  qmp_event_listener_next_async (waiting, -1, NULL, test_log_next_cb, log);
  qmp_event_listener_next_async (waiting, -1, NULL, test_log_next_cb, log);
  qmp_event_listener_next_async (waiting, 60000, NULL, test_log_next_cb, log);
  test_peer_signal (peer);
  test_spin_until (test_log_has (log, "closed(broken-pipe)"));
  g_assert_cmpstr (test_log_get (log), ==,
                   "A B C next(C) DISCONNECTING next(interrupted) next(interrupted) IDLE closed(broken-pipe)");
  /* What came is readable; behind it is the end, with the cause. */
  g_object_unref (qmp_event_listener_next (listener, -1, NULL, &error));
  g_assert_no_error (error);
  test_assert_drain (listener, "B C");
  assert_next_fails (listener, QMP_CLIENT_ERROR_INTERRUPTED, "The server closed the connection");
  test_log_clear (log);
  qmp_event_listener_next_async (listener, -1, NULL, test_log_next_cb, log);
  test_spin_until (test_log_has (log, "next(interrupted)"));

  /* The listeners stay for the next link. */
  g_assert_true (test_open (client, test_peer_get_address (peer), &error));
  g_assert_no_error (error);
  qmp_event_listener_next_async (listener, -1, NULL, test_log_next_cb, log);
  test_peer_signal (peer);
  test_spin_until (test_log_has (log, "next(D)"));
  test_assert_drain (waiting, "D");
  g_assert_true (qmp_client_close (client, NULL, &error));
  assert_next_fails (listener, QMP_CLIENT_ERROR_INTERRUPTED, "the client was closed");
  test_peer_close (peer, client);
}

/* The end is heard of in a blocking call. */
static void
test_link_ends_blocking (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, PEER_WAIT, PEER_EVENT ("A"), PEER_CLOSE, PEER_HANDSHAKE);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);
  g_autoptr (QmpEventListener) waiting = TEST_LISTENER ("Z");
  g_autoptr (QmpEvent) event = NULL;
  g_autoptr (GError) error = NULL;

  qmp_client_add_listener (client, listener);
  qmp_client_add_listener (client, waiting);
  qmp_event_listener_next_async (waiting, -1, NULL, test_log_next_cb, log);
  test_peer_signal (peer);
  event = qmp_event_listener_next (listener, -1, NULL, &error);
  g_assert_no_error (error);
  assert_next_fails (listener, QMP_CLIENT_ERROR_INTERRUPTED, "The server closed the connection");
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_IDLE);
  assert_next_fails (listener, QMP_CLIENT_ERROR_INTERRUPTED, "The server closed the connection");
  test_spin_until (test_log_has (log, "closed(broken-pipe)"));
  g_assert_cmpstr (test_log_get (log), ==, "DISCONNECTING IDLE A next(interrupted) closed(broken-pipe)");
  g_assert_true (test_open (client, test_peer_get_address (peer), &error));
  test_peer_close (peer, client);
}

static void
test_no_link (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_ACCEPT, PEER_WAIT, PEER_CLOSE);
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  /* With no client. */
  assert_next_fails (listener, QMP_CLIENT_ERROR_STATE, "not attached");
  qmp_event_listener_next_async (listener, -1, NULL, test_log_next_cb, log);
  test_spin_until (test_log_count (log, "next(state)") == 1);
  /* Never opened. */
  qmp_client_add_listener (client, listener);
  assert_next_fails (listener, QMP_CLIENT_ERROR_STATE, "must be");
  qmp_event_listener_next_async (listener, -1, NULL, test_log_next_cb, log);
  test_spin_until (test_log_count (log, "next(state)") == 2);
  /* Opening: may be waited for in the background; fails with it. */
  qmp_client_open_async (client, test_peer_get_address (peer), NULL, test_result_cb, &result);
  assert_next_fails (listener, QMP_CLIENT_ERROR_STATE, "must be");
  qmp_event_listener_next_async (listener, -1, NULL, test_log_next_cb, log);
  test_peer_signal (peer);
  test_spin_until (test_log_has (log, "next(interrupted)"));
  test_spin_until (result != NULL);
  g_assert_false (qmp_client_open_finish (client, result, &error));
  g_clear_object (&result);
  /* Removed while waiting. */
  test_peer_close (peer, client);
}

static void
test_removed_while_waiting (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT, PEER_EVENT ("A"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);

  qmp_client_add_listener (client, listener);
  qmp_event_listener_next_async (listener, -1, NULL, test_log_next_cb, log);
  qmp_event_listener_next_async (listener, 60000, NULL, test_log_next_cb, log);
  qmp_client_remove_listener (client, listener);
  g_assert_cmpstr (test_log_get (log), ==, "");
  test_peer_signal (peer);
  test_spin_until (test_log_has (log, "A"));
  g_assert_cmpstr (test_log_get (log), ==, "next(state) next(state) A");
  test_peer_close (peer, client);
}

/* The waiters hold their listener, and the client goes all the same. */
static void
test_client_dropped (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("x"), PEER_EVENT ("A"), PEER_REPLY ("1"), PEER_EXPECT_EOF);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  QmpEventListener *listener = qmp_event_listener_new (NULL);
  g_autoptr (JsonNode) value = NULL;

  qmp_event_listener_set_history_length (listener, 10);
  qmp_client_add_listener (client, listener);
  for (guint i = 0; i < 3; i++)
    qmp_event_listener_next_async (listener, -1, NULL, test_log_next_cb, log);
  /* One has its event, but was not told yet. */
  value = qmp_client_execute (client, "x", NULL, NULL, NULL);
  g_assert_finalize_object (client);
  test_spin_until (test_log_count (log, "next(interrupted)") == 2 && test_log_has (log, "next(A)"));
  test_spin_ready ();
  g_assert_finalize_object (listener);
  test_peer_finish (peer);
}

/* no main loop */

#define N_FLOOD (TEST_FEW ? 5000 : 100000)

static gboolean
send_flood (TestPeer *peer,
            gpointer  user_data)
{
  g_autofree char *id = NULL;
  g_autofree char *reply = NULL;
  g_autoptr (GString) text = g_string_new (NULL);

  if (test_peer_read_command (peer) == NULL)
    return FALSE;
  id = test_peer_pop_id (peer);
  for (guint i = 0; i < N_FLOOD; i++)
    g_string_append (text, PEER_EVENT_DATA_TEXT ("FLOOD", "{\"x\": \"some bytes to make it longer\"}"));
  reply = g_strdup_printf ("{\"return\": {}, \"id\": %s}", id);
  g_string_append (text, reply);
  return test_peer_send (peer, text->str, text->len);
}

static void
ignore_event_cb (QmpClient *client,
                 QmpEvent  *event,
                 guint     *count)
{
  (*count)++;
}

typedef enum {
  FLOOD_NOBODY,
  FLOOD_LISTENER,
  FLOOD_HISTORY,
  FLOOD_HANDLER,
} FloodKind;

static void
test_flood (gconstpointer data)
{
  FloodKind kind = GPOINTER_TO_INT (data);
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, PEER_CALL (send_flood, NULL));
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;
  guint n_events = 0;

  qmp_client_set_max_message_size (client, 65536);
  qmp_event_listener_set_max_length (listener, 100);
  if (kind == FLOOD_HISTORY)
    qmp_event_listener_set_history_length (listener, 100);
  if (kind == FLOOD_LISTENER || kind == FLOOD_HISTORY)
    qmp_client_add_listener (client, listener);
  if (kind == FLOOD_HANDLER)
    g_signal_connect (client, "event::FLOOD", G_CALLBACK (ignore_event_cb), &n_events);
  g_assert_true (qmp_client_open (client, test_peer_get_address (peer), NULL, &error));
  g_assert_no_error (error);
  value = qmp_client_execute (client, "x", NULL, NULL, &error);
  g_assert_no_error (error);

  g_assert_cmpuint (n_events, ==, 0);
  g_assert_cmpuint (client->inbox.size, <=, 65536 + 200);
  if (kind == FLOOD_NOBODY || kind == FLOOD_LISTENER)
    g_assert_cmpuint (client->inbox.entries.length, ==, 0);
  else
    g_assert_cmpuint (client->inbox.entries.length, <=, 1000);
  if (kind == FLOOD_LISTENER || kind == FLOOD_HISTORY)
    {
      g_assert_cmpuint (qmp_event_listener_get_n_events (listener), ==, 100);
      g_assert_cmpuint (qmp_event_listener_get_n_dropped (listener), ==, N_FLOOD - 100);
    }
  if (kind == FLOOD_HANDLER)
    {
      test_spin_until (client->inbox.entries.length == 0);
      g_assert_cmpuint (n_events, >, 100);
      g_assert_cmpuint (client->inbox.size, ==, 0);
    }
  g_assert_true (qmp_client_close (client, NULL, &error));
  g_assert_finalize_object (client);
  test_peer_finish (peer);
}

int
main (int   argc,
      char *argv[])
{
  static const char * const from_names[FROM_N] = { "event", "filter", "next", "history" };

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/listener/history", test_history);
  g_test_add_func ("/listener/history/blocking", test_history_blocking);
  g_test_add_func ("/listener/history/of-dropped", test_history_of_dropped);
  for (guint i = 0; i < FROM_N; i++)
    {
      g_autofree char *path = g_strdup_printf ("/listener/inside/shuffle/%s", from_names[i]);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_shuffle_inside);
    }
  for (guint i = 0; i < G_N_ELEMENTS (misbehaviours); i++)
    {
      g_autofree char *in_loop = g_strdup_printf ("/listener/inside/in-loop/%s", misbehaviours[i].name);
      g_autofree char *in_blocking = g_strdup_printf ("/listener/inside/in-blocking/%s", misbehaviours[i].name);

      g_test_add_data_func (in_loop, GUINT_TO_POINTER (i), test_filter_in_loop);
      if (!misbehaviours[i].ends)
        g_test_add_data_func (in_blocking, GUINT_TO_POINTER (i), test_filter_in_blocking);
    }
  g_test_add_func ("/listener/inside/asks-other", test_filter_asks_other);
  g_test_add_data_func ("/listener/inside/drops-client/in-loop", GINT_TO_POINTER (FALSE), test_filter_drops_client);
  g_test_add_data_func ("/listener/inside/drops-client/in-blocking", GINT_TO_POINTER (TRUE), test_filter_drops_client);
  g_test_add_func ("/listener/inside/waits", test_filter_waits);
  g_test_add_func ("/listener/end/in-loop", test_link_ends);
  g_test_add_func ("/listener/end/in-blocking", test_link_ends_blocking);
  g_test_add_func ("/listener/end/no-link", test_no_link);
  g_test_add_func ("/listener/end/removed", test_removed_while_waiting);
  g_test_add_func ("/listener/end/client-dropped", test_client_dropped);
  g_test_add_data_func ("/listener/flood/nobody", GINT_TO_POINTER (FLOOD_NOBODY), test_flood);
  g_test_add_data_func ("/listener/flood/listener", GINT_TO_POINTER (FLOOD_LISTENER), test_flood);
  g_test_add_data_func ("/listener/flood/history", GINT_TO_POINTER (FLOOD_HISTORY), test_flood);
  g_test_add_data_func ("/listener/flood/handler", GINT_TO_POINTER (FLOOD_HANDLER), test_flood);
  return g_test_run ();
}
