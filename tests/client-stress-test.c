/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "test-peer.h"

/* Many of everything. */

static void
test_cycles (gconstpointer data)
{
  gboolean blocking = GPOINTER_TO_INT (data);
  guint n_fds = 0;

  for (guint i = 0; i < 200; i++)
    {
      TestPeer *peer = test_peer_start (i % 2 == 0 ? TEST_PEER_UNIX : TEST_PEER_TCP,
                                        PEER_EVENT ("E"), PEER_HANDSHAKE, PEER_ECHO (1, 0));
      QmpClient *client = qmp_client_new (NULL);
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) value = NULL;

      if (blocking)
        {
          g_assert_true (qmp_client_open (client, test_peer_get_address (peer), NULL, &error));
          value = qmp_client_execute (client, "a", NULL, NULL, &error);
        }
      else
        {
          g_assert_true (test_open (client, test_peer_get_address (peer), &error));
          value = test_execute (client, "a", &error);
        }
      g_assert_no_error (error);
      if (i % 3 == 0 && blocking)
        g_assert_true (qmp_client_close (client, NULL, &error));
      else if (i % 3 == 0)
        g_assert_true (test_close (client, &error));
      test_client_free (client);
      test_peer_finish (peer);

      /* The first rounds make what GLib makes once. */
      if (i == 10)
        n_fds = test_count_fds ();
    }
  g_assert_cmpuint (test_count_fds (), ==, n_fds);
}

/* One object, opened again and again. */
static void
test_reopen (void)
{
  g_autoptr (GArray) script = g_array_new (FALSE, FALSE, sizeof (TestStep));
  const TestStep round[] = { PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_REPLY ("{}"), PEER_EXPECT_EOF };
  const TestStep end = PEER_END;
  TestPeer *peer;
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (GError) error = NULL;
  guint n_fds = 0;

  for (guint i = 0; i < 200; i++)
    g_array_append_vals (script, round, G_N_ELEMENTS (round));
  g_array_append_val (script, end);
  peer = test_peer_start_script (TEST_PEER_UNIX, (const TestStep *) script->data);
  for (guint i = 0; i < 200; i++)
    {
      g_autoptr (JsonNode) value = NULL;

      g_assert_true (test_open (client, test_peer_get_address (peer), &error));
      value = test_execute (client, "a", &error);
      g_assert_no_error (error);
      g_assert_true (test_close (client, &error));
      if (i == 10)
        n_fds = test_count_fds ();
    }
  /* The peer may not yet have closed the last one, or the one of round 10. */
  g_assert_cmpuint (test_count_fds (), <=, n_fds + 1);
  test_peer_close (peer, client);
}

#define N_CLIENTS 50
#define N_CALLS 20

typedef struct {
  TestPeer  *peer;
  QmpClient *client;
  guint      n_replies;
  guint      n_events;
} Member;

static void
member_event_cb (QmpClient *client,
                 QmpEvent  *event,
                 Member    *member)
{
  g_assert_cmpuint (member->n_events, ==, member->n_replies);
  member->n_events++;
}

static void
member_reply_cb (GObject      *object,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  Member *member = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = qmp_client_execute_finish (member->client, result, &error);

  g_assert_no_error (error);
  g_assert_cmpint (test_member_int (value, "n"), ==, member->n_replies);
  member->n_replies++;
  if (member->n_replies < N_CALLS)
    qmp_client_execute_async (member->client, "a", NULL, NULL, member_reply_cb, member);
}

static gboolean
all_done (Member *members)
{
  for (guint i = 0; i < N_CLIENTS; i++)
    if (members[i].n_replies < N_CALLS)
      return FALSE;
  return TRUE;
}

static void
test_many_clients (void)
{
  Member members[N_CLIENTS] = { 0 };

  for (guint i = 0; i < N_CLIENTS; i++)
    {
      members[i].peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_ECHO (1, 0));
      members[i].client = test_peer_open (members[i].peer);
      g_signal_connect (members[i].client, "event", G_CALLBACK (member_event_cb), &members[i]);
    }
  for (guint i = 0; i < N_CLIENTS; i++)
    qmp_client_execute_async (members[i].client, "a", NULL, NULL, member_reply_cb, &members[i]);
  test_spin_until (all_done (members));
  for (guint i = 0; i < N_CLIENTS; i++)
    {
      g_assert_cmpuint (members[i].n_events, ==, N_CALLS);
      test_peer_close (members[i].peer, members[i].client);
    }
}

/* A flood of events with commands between: nothing is lost, the loop stays alive. */

#define N_FLOOD 20000

typedef struct {
  guint     n_events;
  guint     n_ticks;
  TestPeer *peer;
} Flood;

static gboolean
send_flood (TestPeer *peer,
            gpointer  user_data)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < N_FLOOD; i++)
    {
      g_string_append_printf (text, PEER_EVENT_DATA_TEXT ("FLOOD", "{\"n\": %u}"), i);
      if (i % 2000 == 1999)
        {
          if (test_peer_read_command (peer) == NULL)
            return FALSE;
          {
            g_autofree char *id = test_peer_pop_id (peer);

            g_string_append_printf (text, "{\"return\": {\"n\": %u}, \"id\": %s}", i + 1, id);
          }
          if (!test_peer_send (peer, text->str, text->len))
            return FALSE;
          g_string_truncate (text, 0);
        }
    }
  return TRUE;
}

static void
flood_event_cb (QmpClient *client,
                QmpEvent  *event,
                Flood     *flood)
{
  g_assert_cmpint (test_member_int (qmp_event_get_data (event), "n"), ==, flood->n_events);
  flood->n_events++;
}

static void
flood_reply_cb (GObject      *object,
                GAsyncResult *result,
                gpointer      user_data)
{
  Flood *flood = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = qmp_client_execute_finish (QMP_CLIENT (object), result, &error);

  g_assert_no_error (error);
  g_assert_cmpint (test_member_int (value, "n"), ==, flood->n_events);
}

static gboolean
tick_cb (gpointer user_data)
{
  ((Flood *) user_data)->n_ticks++;
  return G_SOURCE_CONTINUE;
}

static void
test_flood (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_CALL (send_flood, NULL));
  QmpClient *client = test_peer_open (peer);
  Flood flood = { .peer = peer };
  guint ticker = g_timeout_add (0, tick_cb, &flood);
  gint64 start = g_get_monotonic_time ();

  g_signal_connect (client, "event::FLOOD", G_CALLBACK (flood_event_cb), &flood);
  for (guint i = 0; i < N_FLOOD / 2000; i++)
    qmp_client_execute_async (client, "a", NULL, NULL, flood_reply_cb, &flood);
  test_spin_until (flood.n_events == N_FLOOD);
  g_test_message ("%u events in %d ms, the loop turned %u times for others", N_FLOOD,
                  (int) ((g_get_monotonic_time () - start) / 1000), flood.n_ticks);
  /* Bounded work in one dispatch: a timer that is always due ran many times between. */
  g_assert_cmpuint (flood.n_ticks, >, 10);
  g_source_remove (ticker);
  test_peer_close (peer, client);
}

/* The same flood during one blocking call. */
static void
test_flood_blocking (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_CALL (send_flood, NULL));
  QmpClient *client = test_peer_open (peer);
  Flood flood = { .peer = peer };
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  g_signal_connect (client, "event::FLOOD", G_CALLBACK (flood_event_cb), &flood);
  for (guint i = 1; i < N_FLOOD / 2000; i++)
    qmp_client_execute_async (client, "a", NULL, NULL, flood_reply_cb, &flood);
  value = qmp_client_execute (client, "last", NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (test_member_int (value, "n"), ==, N_FLOOD);
  g_assert_cmpuint (flood.n_events, ==, 0);
  test_spin_until (flood.n_events == N_FLOOD);
  test_peer_close (peer, client);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/client/stress/cycles/async", GINT_TO_POINTER (FALSE), test_cycles);
  g_test_add_data_func ("/client/stress/cycles/blocking", GINT_TO_POINTER (TRUE), test_cycles);
  g_test_add_func ("/client/stress/reopen", test_reopen);
  g_test_add_func ("/client/stress/many-clients", test_many_clients);
  g_test_add_func ("/client/stress/flood", test_flood);
  g_test_add_func ("/client/stress/flood-blocking", test_flood_blocking);
  return g_test_run ();
}
