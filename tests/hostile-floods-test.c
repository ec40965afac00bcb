/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "test-peer.h"

/* A server that sends without end what nobody asked for. The client holds no more for that, and its main loop turns. */

#define MIB ((gsize) 1024 * 1024)
/* What may be held in the end, besides what a limit allows. */
#define ROOM (4 * MIB)
/* Under valgrind few is enough. */
#define MANY(n) (TEST_FEW ? (n) / 100 : (n))

#define PEER_ALIVE PEER_EXPECT ("alive"), PEER_REPLY ("\"yes\"")

static void
assert_lives (QmpClient *client)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = test_execute (client, "alive", &error);

  g_assert_no_error (error);
  test_assert_json (value, "\"yes\"");
}

/* Each @ in text is the number of the copy. */
typedef struct {
  const char *path;
  const char *text;
  guint       n;
} Flood;

static gboolean
send_flood (TestPeer *peer,
            gpointer  user_data)
{
  const Flood *flood = user_data;
  const char *at = strchr (flood->text, '@');
  g_autoptr (GString) out = g_string_new (NULL);
  guint n = MANY (flood->n);

  for (guint i = 0; i < n; i++)
    {
      if (at != NULL)
        g_string_append_printf (out, "%.*s%u%s", (int) (at - flood->text), flood->text, i, at + 1);
      else
        g_string_append (out, flood->text);
      if (out->len < 64 * 1024 && i + 1 < n)
        continue;
      if (!test_peer_send (peer, out->str, out->len))
        return FALSE;
      g_string_truncate (out, 0);
    }
  return TRUE;
}

static const Flood floods[] = {
  { "spaces", " ", 5000000 },
  { "newlines", "\n", 5000000 },
  { "resync", "\xff", 5000000 },
  { "letters", "x\n", 200000 },
  { "empty-objects", "{}", 200000 },
  { "empty-arrays", "[]", 200000 },
  { "broken", "{x}", 200000 },
  { "replies", "{\"return\":1}", 200000 },
  { "unknown-ids", "{\"return\":1,\"id\":\"x@\"}", 100000 },
  { "number-ids", "{\"return\":1,\"id\":-@}", 100000 },
  { "object-ids", "{\"return\":1,\"id\":{\"a\":[@]}}", 100000 },
  { "errors", "{\"error\":{\"class\":\"C@\",\"desc\":\"D\"}}", 100000 },
  { "greetings", "{\"QMP\":{\"version\":{},\"capabilities\":[\"c@\"]}}", 50000 },
  { "events", "{\"event\":\"E\"}", 100000 },
  { "event-names", "{\"event\":\"NAME_@\"}", 100000 },
};

static gboolean
tick_cb (gpointer user_data)
{
  (*(guint *) user_data)++;
  return G_SOURCE_CONTINUE;
}

/* Names that came from a server are not kept for ever, as GQuarks are. */
static guint
count_quarks (void)
{
  static guint n_probes;
  g_autofree char *probe = g_strdup_printf ("hostile-floods-test-%u", n_probes++);

  return g_quark_from_string (probe);
}

/* Those that the test and GLib itself make. */
#define FEW_QUARKS 20

/* How much it holds at the most; looked at again and again. */
typedef struct {
  gsize before;
  gsize most;
} Held;

static gboolean
look_cb (gpointer user_data)
{
  Held *held = user_data;
  gsize now = test_count_allocated ();

  held->most = MAX (held->most, now > held->before ? now - held->before : 0);
  return G_SOURCE_CONTINUE;
}

/* In the main loop, with somebody who hears all of it. */
static void
test_heard (gconstpointer data)
{
  const Flood *flood = &floods[GPOINTER_TO_UINT (data)];
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT,
                                    PEER_CALL (send_flood, (gpointer) flood), PEER_ALIVE);
  QmpClient *client = test_peer_open (peer);
  guint n_events = 0, n_errors = 0, n_ticks = 0;
  guint ticker = g_timeout_add (0, tick_cb, &n_ticks);
  guint looker;
  Held held = { test_count_allocated (), 0 };
  guint n_quarks = count_quarks ();

  looker = g_timeout_add (10, look_cb, &held);
  g_signal_connect_swapped (client, "event", G_CALLBACK (tick_cb), &n_events);
  g_signal_connect_swapped (client, "event::NAME_7", G_CALLBACK (tick_cb), &n_events);
  g_signal_connect_swapped (client, "protocol-error", G_CALLBACK (tick_cb), &n_errors);
  test_peer_signal (peer);
  assert_lives (client);
  look_cb (&held);
  g_test_message ("%u events, %u errors, %u turns, at most %zu KiB", n_events, n_errors, n_ticks, held.most / 1024);
  g_assert_cmpuint (held.most, <, ROOM);
  g_assert_cmpuint (n_ticks, >, 0);
  g_assert_cmpuint (count_quarks (), <, n_quarks + FEW_QUARKS);
  g_source_remove (ticker);
  g_source_remove (looker);
  test_peer_close (peer, client);
}

/* During one blocking call, after which nobody runs the main loop. What is kept for its handlers is bounded by what
 * one message may have. */
static void
test_blocking (gconstpointer data)
{
  const Flood *flood = &floods[GPOINTER_TO_UINT (data)];
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_CALL (send_flood, (gpointer) flood),
                                    PEER_ALIVE);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);
  guint n_heard = 0;
  gsize before, after;
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  qmp_client_set_max_message_size (client, 2 * MIB);
  qmp_event_listener_set_max_length (listener, 1000);
  qmp_client_add_listener (client, listener);
  g_signal_connect_swapped (client, "event", G_CALLBACK (tick_cb), &n_heard);
  g_signal_connect_swapped (client, "protocol-error", G_CALLBACK (tick_cb), &n_heard);
  before = test_count_allocated ();
  value = qmp_client_execute (client, "alive", NULL, NULL, &error);
  after = test_count_allocated ();
  g_assert_no_error (error);
  g_assert_cmpuint (n_heard, ==, 0);
  g_test_message ("%zu KiB held", (MAX (after, before) - before) / 1024);
  g_assert_cmpuint (after, <, before + 2 * MIB + ROOM);
  g_assert_cmpuint (qmp_event_listener_get_n_events (listener), <=, 1000);
  test_peer_close (peer, client);
}

/* Large greetings during a blocking call. */
static gboolean
send_greetings (TestPeer *peer,
                gpointer  user_data)
{
  g_autofree char *filler = g_strnfill (MIB, 'x');
  g_autofree char *text = g_strdup_printf ("{\"QMP\": {\"version\": {\"package\": \"%s\"}, \"capabilities\": []}}\r\n",
                                           filler);

  for (guint i = 0; i < (TEST_FEW ? 20 : 100); i++)
    if (!test_peer_send (peer, text, -1))
      return FALSE;
  return TRUE;
}

static void
test_large_greetings (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_CALL (send_greetings, NULL), PEER_ALIVE);
  QmpClient *client = test_peer_open (peer);
  gsize before = test_count_allocated ();
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  qmp_client_set_max_message_size (client, 2 * MIB);
  value = qmp_client_execute (client, "alive", NULL, NULL, &error);
  g_assert_no_error (error);
  /* The text, and the parts of it that are given out. */
  g_assert_cmpuint (test_count_allocated (), <, before + 3 * 2 * MIB + ROOM);
  test_peer_close (peer, client);
}

/* A queue that nobody reads. */
static void
test_unread (void)
{
  const Flood flood = { "", "{\"event\":\"E\",\"data\":{\"n\":@}}", 300000 };
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT,
                                    PEER_CALL (send_flood, (gpointer) &flood), PEER_ALIVE);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);
  gsize before = test_count_allocated ();
  guint n = MANY (300000);

  qmp_client_add_listener (client, listener);
  test_peer_signal (peer);
  assert_lives (client);
  g_assert_cmpuint (qmp_event_listener_get_n_events (listener), ==, MIN (n, 10000));
  g_assert_cmpuint (qmp_event_listener_get_n_dropped (listener), ==, n - MIN (n, 10000));
  /* 10000 events, of a kilobyte each. */
  g_assert_cmpuint (test_count_allocated (), <, before + 10 * MIB + ROOM);
  test_peer_close (peer, client);
}

/* An unlimited queue is bounded by bytes: by those that events cost, not by those of their texts. */
static void
test_unlimited (void)
{
  const Flood flood = { "", "{\"event\":\"E\"}", 200000 };
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT,
                                    PEER_CALL (send_flood, (gpointer) &flood), PEER_ALIVE);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);
  gsize before = test_count_allocated ();

  qmp_event_listener_set_max_length (listener, 0);
  qmp_client_add_listener (client, listener);
  test_peer_signal (peer);
  assert_lives (client);
  g_test_message ("%u events, %zu KiB", qmp_event_listener_get_n_events (listener),
                  (test_count_allocated () - before) / 1024);
  g_assert_cmpuint (test_count_allocated (), <, before + 64 * MIB + ROOM);
  test_peer_close (peer, client);
}

/* A flood that goes on for as long as it takes: who waits for something else is not kept by it. */

typedef struct {
  int           stop; /* atomic */
  GCancellable *cancellable;
} Endless;

static gboolean
send_endless (TestPeer *peer,
              gpointer  user_data)
{
  Endless *endless = user_data;
  g_autoptr (GString) out = g_string_new (NULL);
  g_autofree char *id = NULL;

  if (test_peer_read_command (peer) == NULL)
    return FALSE;
  id = test_peer_pop_id (peer);
  while (out->len < (TEST_FEW ? 4 : 64) * 1024)
    g_string_append (out, "{\"event\":\"E\"}{}x\n");
  for (guint i = 0; !g_atomic_int_get (&endless->stop); i++)
    {
      if (i == 10)
        g_cancellable_cancel (endless->cancellable);
      if (!test_peer_send (peer, out->str, out->len))
        return FALSE;
    }
  return TRUE;
}

static void
test_endless (gboolean blocking,
              int      timeout,
              int      expected)
{
  Endless endless = { FALSE, g_cancellable_new () };
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_CALL (send_endless, &endless), PEER_ALIVE);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpMessage) command = test_message ("{\"execute\": \"a\"}");
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;
  GCancellable *cancellable = timeout == QMP_TIMEOUT_NONE ? endless.cancellable : NULL;

  qmp_message_set_timeout (command, timeout);
  if (blocking)
    {
      value = qmp_client_execute_message (client, command, cancellable, &error);
    }
  else
    {
      qmp_client_execute_message_async (client, command, cancellable, test_result_cb, &result);
      test_spin_until (result != NULL);
      value = qmp_client_execute_message_finish (client, result, &error);
      g_clear_object (&result);
    }
  g_assert_error (error, G_IO_ERROR, expected);
  g_atomic_int_set (&endless.stop, TRUE);
  assert_lives (client);
  test_peer_close (peer, client);
  g_object_unref (endless.cancellable);
}

static void
test_endless_timeout (gconstpointer data)
{
  test_endless (GPOINTER_TO_INT (data), 20, G_IO_ERROR_TIMED_OUT);
}

static void
test_endless_cancelled (gconstpointer data)
{
  test_endless (GPOINTER_TO_INT (data), QMP_TIMEOUT_NONE, G_IO_ERROR_CANCELLED);
}

/* The same reply again and again: the first one counts. */
static gboolean
send_doubles (TestPeer *peer,
              gpointer  user_data)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_autofree char *id = NULL;

  if (test_peer_read_command (peer) == NULL)
    return FALSE;
  id = test_peer_pop_id (peer);
  for (guint i = 0; i < MANY (200000); i++)
    g_string_append_printf (out, "{\"return\":%u,\"id\":%s}", i, id);
  return test_peer_send (peer, out->str, out->len);
}

static void
test_doubles (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_CALL (send_doubles, NULL), PEER_ALIVE);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  value = test_execute (client, "a", &error);
  g_assert_no_error (error);
  test_assert_json (value, "0");
  assert_lives (client);
  test_peer_close (peer, client);
}

/* Its classes are texts. */
static gboolean
send_classes (TestPeer *peer,
              gpointer  user_data)
{
  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *id = NULL;
      g_autofree char *reply = NULL;

      if (test_peer_read_command (peer) == NULL)
        return FALSE;
      id = test_peer_pop_id (peer);
      reply = g_strdup_printf ("{\"error\":{\"class\":\"Class%u\",\"desc\":\"d%u\"},\"id\":%s}", i, i, id);
      if (!test_peer_send (peer, reply, -1))
        return FALSE;
    }
  return TRUE;
}

static void
test_classes (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_CALL (send_classes, NULL));
  QmpClient *client = test_peer_open (peer);
  guint n_quarks = count_quarks ();

  for (guint i = 0; i < 1000; i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (test_execute (client, "a", &error));
      g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_UNKNOWN);
    }
  g_assert_cmpuint (count_quarks (), <, n_quarks + FEW_QUARKS);
  test_peer_close (peer, client);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (floods); i++)
    {
      g_autofree char *heard = g_strdup_printf ("/hostile/floods/heard/%s", floods[i].path);
      g_autofree char *blocking = g_strdup_printf ("/hostile/floods/blocking/%s", floods[i].path);

      g_test_add_data_func (heard, GUINT_TO_POINTER (i), test_heard);
      g_test_add_data_func (blocking, GUINT_TO_POINTER (i), test_blocking);
    }
  g_test_add_func ("/hostile/floods/large-greetings", test_large_greetings);
  g_test_add_func ("/hostile/floods/unread", test_unread);
  g_test_add_func ("/hostile/floods/unlimited", test_unlimited);
  g_test_add_data_func ("/hostile/floods/endless/timeout/async", GINT_TO_POINTER (FALSE), test_endless_timeout);
  g_test_add_data_func ("/hostile/floods/endless/timeout/blocking", GINT_TO_POINTER (TRUE), test_endless_timeout);
  g_test_add_data_func ("/hostile/floods/endless/cancelled/async", GINT_TO_POINTER (FALSE), test_endless_cancelled);
  g_test_add_data_func ("/hostile/floods/endless/cancelled/blocking", GINT_TO_POINTER (TRUE), test_endless_cancelled);
  g_test_add_func ("/hostile/floods/doubles", test_doubles);
  g_test_add_func ("/hostile/floods/classes", test_classes);
  return g_test_run ();
}
