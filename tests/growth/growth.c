/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test-utils.h"

/* One thing done for many at once, so that growth.py can count what it costs: four times as many may cost a bit more than
 * four times as much, and not sixteen times.
 *
 * usage: growth CASE N */

static int peer_fd;
static guint n_done;

static QmpClient *
open_silent (void)
{
  QmpClient *client = g_object_new (QMP_TYPE_CLIENT, "await-greeting", FALSE, "negotiate", FALSE, NULL);
  g_autoptr (GIOStream) stream = test_socketpair (&peer_fd);

  g_assert_true (test_open_stream (client, stream, NULL));
  return client;
}

static void
hear (void)
{
  char buffer[65536];

  do
    test_spin_ready ();
  while (recv (peer_fd, buffer, sizeof buffer, MSG_DONTWAIT) > 0);
}

static void
say (const char *text)
{
  g_assert_cmpint (send (peer_fd, text, strlen (text), MSG_NOSIGNAL), ==, strlen (text));
}

static void
done_cb (GObject      *object,
         GAsyncResult *result,
         gpointer      user_data)
{
  n_done++;
}

static void
execute (QmpClient    *client,
         gboolean      assign_id,
         int           timeout,
         GCancellable *cancellable,
         guint         n)
{
  g_autoptr (QmpMessage) command = test_message ("{\"execute\": \"query-status\"}");

  qmp_message_set_assign_id (command, assign_id);
  qmp_message_set_timeout (command, timeout);
  for (guint i = 0; i < n; i++)
    qmp_client_execute_message_async (client, command, cancellable, done_cb, NULL);
  hear ();
}

/* One event for many who wait, or remember. */
static void
tell_many (QmpClient *client,
           guint      n,
           gboolean   history)
{
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (QmpEventListener) listener = TEST_LISTENER ("A");

      qmp_event_listener_set_history_length (listener, history ? 1 : 0);
      qmp_client_add_listener (client, listener);
      if (!history)
        qmp_event_listener_next_async (listener, -1, NULL, done_cb, NULL);
    }
  say ("{\"event\": \"A\"}\r\n");
  while (!history && n_done < n)
    test_iterate ();
  test_spin_ready ();
}

static void
tell_waiters (QmpClient *client,
              guint      n)
{
  tell_many (client, n, FALSE);
}

static void
tell_histories (QmpClient *client,
                guint      n)
{
  tell_many (client, n, TRUE);
}

/* Many that do not expire, and as many behind them that do. */
static void
expire (QmpClient *client,
        guint      n)
{
  execute (client, TRUE, 0, NULL, n);
  execute (client, TRUE, 1, NULL, n);
  while (n_done < n)
    test_iterate ();
}

/* Late replies are to belong to nobody, in their order. */
static void
give_up_without_id (QmpClient *client,
                    guint      n)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  execute (client, FALSE, 0, NULL, n);
  execute (client, FALSE, 0, cancellable, n);
  g_cancellable_cancel (cancellable);
  while (n_done < n)
    test_iterate ();
}

static void
end_link (QmpClient *client,
          guint      n)
{
  execute (client, TRUE, 0, NULL, n);
  qmp_client_close (client, NULL, NULL);
  while (n_done < n)
    test_iterate ();
}

/* Each waits for an event, too. */
static void
end_waits (QmpClient *client,
           guint      n)
{
  g_autoptr (QmpMessage) command = test_message ("{\"execute\": \"query-status\"}");
  g_autoptr (QmpEventMatch) match = TEST_MATCH ("A");

  for (guint i = 0; i < n; i++)
    qmp_client_execute_and_wait_async (client, command, match, NULL, done_cb, NULL);
  hear ();
  qmp_client_close (client, NULL, NULL);
  while (n_done < n)
    test_iterate ();
}

/* A listener that wants one of many values. */
static void
match_one_of_many (QmpClient *client,
                   guint      n)
{
  g_autoptr (QmpEventMatch) match = TEST_MATCH ("A");
  g_autoptr (QmpEventListener) listener = NULL;

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *value = g_strdup_printf ("device%u", n - i);

      qmp_event_match_add_string_member (match, "A", "device", value);
    }
  listener = qmp_event_listener_new_for_match (match);
  qmp_client_add_listener (client, listener);
  say ("{\"event\": \"A\", \"data\": {\"device\": \"device1\"}}\r\n");
  while (qmp_event_listener_is_empty (listener))
    test_iterate ();
}

/* A view goes through the list from its beginning to its end. */
static void
go_through_history (QmpClient *client,
                    guint      n)
{
  g_autoptr (QmpEventListener) listener = TEST_LISTENER ("A");
  GListModel *list = qmp_event_listener_get_history (listener);

  qmp_event_listener_set_history_length (listener, n);
  qmp_client_add_listener (client, listener);
  for (guint i = 0; i < n; i++)
    {
      say ("{\"event\": \"A\"}\r\n");
      if (i % 100 == 99 || i == n - 1)
        while (g_list_model_get_n_items (list) <= i)
          test_iterate ();
    }
  for (guint i = 0; i < n; i++)
    g_object_unref (g_list_model_get_item (list, i));
}

static const struct {
  const char *name;
  void     (* run) (QmpClient *client,
                    guint      n);
} cases[] = {
  { "tell-waiters", tell_waiters },
  { "tell-histories", tell_histories },
  { "expire", expire },
  { "give-up-without-id", give_up_without_id },
  { "end-link", end_link },
  { "end-waits", end_waits },
  { "match-one-of-many", match_one_of_many },
  { "go-through-history", go_through_history },
};

int
main (int    argc,
      char **argv)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    if (argc == 1)
      {
        g_print ("%s\n", cases[i].name);
      }
    else if (g_str_equal (argv[1], cases[i].name))
      {
        cases[i].run (open_silent (), atoi (argv[2]));
        /* The end of the program is not what is counted. */
        _exit (0);
      }
  return argc == 1 ? 0 : 2;
}
