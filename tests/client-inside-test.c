/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test-peer.h"

/* User code within the client's operations: what filters start, what is done at an object's end, the order of what was
 * begun inside; and main loops that are not GLib's. */

#define EVENT(name) "{\"event\": \"" name "\"}\r\n"

static void
say (int         fd,
     const char *text)
{
  g_assert_cmpint (write (fd, text, strlen (text)), ==, strlen (text));
}

/* A link without a handshake, whose far end the test writes to itself. */
static QmpClient *
build_client (int *peer_fd)
{
  QmpClient *client = g_object_new (QMP_TYPE_CLIENT, "await-greeting", FALSE, "negotiate", FALSE, NULL);
  g_autoptr (GIOStream) stream = test_socketpair (peer_fd);

  g_assert_true (qmp_client_open_stream (client, stream, NULL, NULL));
  return client;
}

static void
close_and_free (QmpClient *client,
                int        peer_fd)
{
  g_assert_true (qmp_client_close (client, NULL, NULL));
  test_client_free (client);
  close (peer_fd);
}

/* The ids of the commands that are there to be read; waits for as many. */
static void
read_ids (int    fd,
          guint *ids,
          guint  n_ids)
{
  g_autoptr (GString) text = g_string_new (NULL);
  const char *id = text->str;

  for (guint i = 0; i < n_ids; i++)
    {
      char buffer[4096];

      while ((id = strstr (text->str, "\"id\":")) == NULL)
        {
          gssize n = recv (fd, buffer, sizeof buffer, 0);

          g_assert_cmpint (n, >, 0);
          g_string_append_len (text, buffer, n);
        }
      ids[i] = strtoul (id + strlen ("\"id\":"), NULL, 10);
      g_string_erase (text, 0, id + strlen ("\"id\":") - text->str);
    }
}

static void
answer (int         fd,
        guint       id,
        const char *member,
        const char *behind)
{
  g_autofree char *text = g_strdup_printf ("{%s, \"id\": %u}\r\n%s", member, id, behind);

  say (fd, text);
}

/* --- what a filter starts --- */

typedef struct {
  gboolean          in_call;
  guint             n_ended;
  GIOStream        *stream;
  QmpClient        *born;
  QmpEventListener *alone;
} Starting;

static void
ended_cb (GObject      *object,
          GAsyncResult *result,
          gpointer      user_data)
{
  Starting *starting = user_data;

  g_assert_false (starting->in_call);
  starting->n_ended++;
}

static gboolean
start_in_filter (QmpEvent *event,
                 gpointer  user_data)
{
  Starting *starting = user_data;
  g_autoptr (GFile) file = g_file_new_for_path ("/");

  g_assert_null (g_main_context_get_thread_default ());
  if (starting->born != NULL)
    return TRUE;
  g_file_query_info_async (file, "standard::*", 0, 0, NULL, ended_cb, starting);
  qmp_event_listener_next_async (starting->alone, -1, NULL, ended_cb, starting);
  starting->born = g_object_new (QMP_TYPE_CLIENT, "await-greeting", FALSE, "negotiate", FALSE, NULL);
  qmp_client_open_stream_async (starting->born, starting->stream, NULL, ended_cb, starting);
  return TRUE;
}

/* All of it goes on in the program's main context, in whatever way the call is blocked in. */
static void
test_filter_starts (gconstpointer data)
{
  gboolean with_cancellable = GPOINTER_TO_INT (data);
  int peer_fd, born_fd;
  QmpClient *client = build_client (&peer_fd);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);
  g_autoptr (QmpEventListener) alone = qmp_event_listener_new (NULL);
  g_autoptr (GCancellable) cancellable = with_cancellable ? g_cancellable_new () : NULL;
  g_autoptr (GIOStream) stream = test_socketpair (&born_fd);
  Starting starting = { .stream = stream, .alone = alone };

  qmp_client_add_listener (client, listener);
  test_set_filter (listener, start_in_filter, &starting, NULL);
  say (peer_fd, EVENT ("E") EVENT ("F"));
  starting.in_call = TRUE;
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (QmpEvent) event = qmp_event_listener_next (listener, -1, cancellable, NULL);

      g_assert_nonnull (event);
    }
  starting.in_call = FALSE;
  g_assert_cmpuint (starting.n_ended, ==, 0);
  test_spin_until (starting.n_ended == 3);
  close_and_free (starting.born, born_fd);
  close_and_free (client, peer_fd);
}

typedef struct {
  QmpClient    *client;
  GAsyncResult *result;
} Closing;

static gboolean
close_in_filter (QmpEvent *event,
                 gpointer  user_data)
{
  Closing *closing = user_data;
  g_autofree char *text = g_strnfill (4 * 1024 * 1024, 'x');
  g_autoptr (JsonNode) arguments = test_json ("{}");

  json_object_set_string_member (json_node_get_object (arguments), "text", text);
  qmp_client_execute_async (closing->client, "much", arguments, NULL, NULL, NULL);
  qmp_client_close_async (closing->client, NULL, test_result_cb, &closing->result);
  return FALSE;
}

/* It outlives the blocking call, and so does the clock that ends it. */
static void
test_filter_closes (gconstpointer data)
{
  gboolean with_cancellable = GPOINTER_TO_INT (data);
  int peer_fd;
  QmpClient *client = build_client (&peer_fd);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);
  g_autoptr (GCancellable) cancellable = with_cancellable ? g_cancellable_new () : NULL;
  Closing closing = { client, NULL };
  g_autoptr (GError) error = NULL;

  qmp_client_set_close_timeout (client, 100);
  qmp_client_set_timeout (client, 10);
  qmp_client_add_listener (client, listener);
  test_set_filter (listener, close_in_filter, &closing, NULL);
  say (peer_fd, EVENT ("E"));
  g_assert_null (qmp_client_execute (client, "x", NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  test_spin_until (closing.result != NULL);
  g_assert_false (qmp_client_close_finish (client, closing.result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_IDLE);
  g_clear_object (&closing.result);
  close_and_free (client, peer_fd);
}

typedef struct {
  Starting   starting;
  QmpClient *client;
  TestPeer  *peer;
  gboolean   over;
} Opening;

static gboolean
close_opening_in_filter (QmpEvent *event,
                         gpointer  user_data)
{
  Opening *opening = user_data;

  qmp_client_close_async (opening->client, NULL, ended_cb, &opening->starting);
  return FALSE;
}

static gboolean
open_cb (gpointer user_data)
{
  Opening *opening = user_data;
  g_autoptr (GError) error = NULL;

  opening->starting.in_call = TRUE;
  g_assert_false (qmp_client_open (opening->client, test_peer_get_address (opening->peer), NULL, &error));
  opening->starting.in_call = FALSE;
  opening->over = TRUE;
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  return G_SOURCE_REMOVE;
}

/* Without a timer in the main context nobody has looked at its clock before the call: the task would be older than what
 * GLib says of the source, and GTask would call back at once. */
static void
test_filter_closes_opening (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_ACCEPT, PEER_EVENT ("EARLY"), PEER_EXPECT_EOF);
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);
  Opening opening = { .client = client, .peer = peer };

  qmp_client_add_listener (client, listener);
  test_set_filter (listener, close_opening_in_filter, &opening, NULL);
  g_idle_add (open_cb, &opening);
  while (!opening.over)
    g_main_context_iteration (NULL, FALSE);
  test_spin_until (opening.starting.n_ended == 1);
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_IDLE);
  test_peer_close (peer, client);
}

/* --- an object's end --- */

typedef struct {
  QmpClient        *client;
  QmpEventListener *other;
  gboolean          within;
  gboolean          told;
} Disposing;

static void
add_when_dropped (GObject      *object,
                  GAsyncResult *result,
                  gpointer      user_data)
{
  Disposing *disposing = user_data;
  g_autoptr (GError) error = NULL;

  g_assert_false (disposing->within);
  g_assert_null (qmp_event_listener_next_finish (QMP_EVENT_LISTENER (object), result, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
  if (disposing->client != NULL)
    qmp_client_add_listener (disposing->client, disposing->other);
  disposing->told = TRUE;
}

static gboolean
dispose_cb (gpointer user_data)
{
  Disposing *disposing = user_data;

  disposing->within = TRUE;
  if (disposing->client != NULL)
    g_object_run_dispose (G_OBJECT (disposing->client));
  disposing->within = FALSE;
  return G_SOURCE_REMOVE;
}

/* What is added when all were dropped does not keep a client that is gone. */
static void
test_dispose_adds (void)
{
  int peer_fd;
  QmpClient *client = build_client (&peer_fd);
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);
  g_autoptr (QmpEventListener) other = qmp_event_listener_new (NULL);
  Disposing disposing = { .client = client, .other = other };
  g_autoptr (GError) error = NULL;

  qmp_client_add_listener (client, listener);
  qmp_event_listener_next_async (listener, -1, NULL, add_when_dropped, &disposing);
  test_spin_ready ();
  g_idle_add (dispose_cb, &disposing);
  test_spin_until (disposing.told);
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_IDLE);
  g_assert_finalize_object (client);
  g_assert_null (qmp_event_listener_next (other, 0, NULL, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  close (peer_fd);
}

static gboolean
drop_cb (gpointer user_data)
{
  Disposing *disposing = user_data;

  disposing->within = TRUE;
  g_clear_object (&disposing->client);
  disposing->within = FALSE;
  return G_SOURCE_REMOVE;
}

/* Nobody's callback is called from within the last g_object_unref(). */
static void
test_drop (void)
{
  int peer_fd;
  Disposing disposing = { .client = build_client (&peer_fd) };
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);

  qmp_client_add_listener (disposing.client, listener);
  qmp_event_listener_next_async (listener, -1, NULL, add_when_dropped, &disposing);
  test_spin_ready ();
  g_idle_add (drop_cb, &disposing);
  test_spin_until (disposing.told);
  close (peer_fd);
}

/* --- order --- */

static void
waited_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (qmp_client_execute_and_wait_finish (QMP_CLIENT (object), result, &error));
  g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC);
  test_log_add (user_data, "waited!");
}

/* A command's error does not come in its event's place. */
static void
test_error_behind_reply (void)
{
  int peer_fd;
  QmpClient *client = build_client (&peer_fd);
  TestLog *log = test_log_new (client);
  g_autoptr (QmpEventMatch) wanted = qmp_event_match_new (NULL);
  g_autoptr (QmpEventListener) all = qmp_event_listener_new (NULL);
  g_autoptr (QmpMessage) command = test_message ("{\"execute\": \"w\"}");
  g_autoptr (QmpEvent) event = NULL;
  guint ids[2];

  qmp_client_add_listener (client, all);
  test_log_execute_async (log, "a", client, "a", NULL);
  qmp_client_execute_and_wait_async (client, command, wanted, NULL, waited_cb, log);
  test_spin_ready ();
  read_ids (peer_fd, ids, 2);
  say (peer_fd, EVENT ("E"));
  event = qmp_event_listener_next (all, -1, NULL, NULL);
  g_clear_object (&event);
  answer (peer_fd, ids[0], "\"return\": 1", "");
  answer (peer_fd, ids[1], "\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}", EVENT ("F"));
  event = qmp_event_listener_next (all, -1, NULL, NULL);
  g_assert_cmpstr (qmp_event_get_name (event), ==, "F");
  test_spin_until (test_log_has (log, "F") && test_log_has (log, "waited!"));
  g_assert_cmpstr (test_log_get (log), ==, "E a waited! F");
  test_log_free (log);
  close_and_free (client, peer_fd);
}

typedef struct {
  QmpClient        *client;
  TestLog          *log;
  QmpEventListener *next;
  int               peer_fd;
} Nested;

static gboolean
execute_in_filter (QmpEvent *event,
                   gpointer  user_data)
{
  Nested *nested = user_data;

  test_log_execute_async (nested->log, "reply", nested->client, "x", NULL);
  return TRUE;
}

static void
block_in_event_cb (QmpClient *client,
                   QmpEvent  *event,
                   Nested    *nested)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (QmpEvent) behind = NULL;
  guint until = g_get_monotonic_time () / 1000 + 2;

  /* The blocking call's context is to have a later time than the dispatch that this is in. */
  while (g_get_monotonic_time () / 1000 <= until)
    ;
  say (nested->peer_fd, EVENT ("F"));
  behind = qmp_event_listener_next (nested->next, -1, cancellable, NULL);
  g_assert_nonnull (behind);
}

static gpointer
answer_in_thread (gpointer data)
{
  guint id;

  read_ids (GPOINTER_TO_INT (data), &id, 1);
  answer (GPOINTER_TO_INT (data), id, "\"return\": 1", EVENT ("BEHIND"));
  return NULL;
}

static gboolean
never_cb (gpointer user_data)
{
  g_assert_not_reached ();
}

/* A call from a filter of a blocking call within a callback is newer than the dispatch that delivers its reply. */
static void
test_call_in_filter (void)
{
  int peer_fd;
  QmpClient *client = build_client (&peer_fd);
  g_autoptr (QmpEventListener) first = TEST_LISTENER ("F");
  g_autoptr (QmpEventListener) next = TEST_LISTENER ("BEHIND");
  TestLog *log = test_log_new (client);
  Nested nested = { client, log, next, peer_fd };
  GThread *thread = g_thread_new ("peer", answer_in_thread, GINT_TO_POINTER (peer_fd));
  /* With one about, a context takes its time before it dispatches. */
  guint never = g_timeout_add_seconds (1000, never_cb, NULL);

  qmp_client_add_listener (client, first);
  qmp_client_add_listener (client, next);
  test_set_filter (first, execute_in_filter, &nested, NULL);
  g_signal_connect (client, "event::GO", G_CALLBACK (block_in_event_cb), &nested);
  say (peer_fd, EVENT ("GO"));
  test_spin_until (test_log_has (log, "BEHIND") && test_log_has (log, "reply"));
  g_assert_cmpstr (test_log_get (log), ==, "GO F reply BEHIND");
  g_thread_join (thread);
  g_source_remove (never);
  test_spin_ready ();
  test_log_free (log);
  close_and_free (client, peer_fd);
}

/* --- GTask's rule --- */

typedef struct {
  GTask    *task;
  gint64    created;
  gboolean  returned;
} Returning;

static void
returned_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  ((Returning *) user_data)->returned = TRUE;
}

static gboolean
return_cb (gpointer user_data)
{
  Returning *returning = user_data;
  gint64 now = g_source_get_time (g_main_current_source ());
  gboolean fresh = returning->task == NULL;

  if (fresh)
    {
      returning->task = g_task_new (NULL, NULL, returned_cb, returning);
      returning->created = now;
    }
  else if (now == returning->created)
    return G_SOURCE_CONTINUE;
  g_task_return_boolean (returning->task, TRUE);
  g_assert_true (returning->returned == !fresh);
  return G_SOURCE_REMOVE;
}

static gboolean
make_cb (gpointer user_data)
{
  Returning *returning = user_data;

  returning->task = g_task_new (NULL, NULL, returned_cb, returning);
  returning->created = g_source_get_time (g_main_current_source ());
  g_idle_add (return_cb, returning);
  return G_SOURCE_REMOVE;
}

static gboolean
make_in_other_context_cb (gpointer user_data)
{
  Returning *returning = user_data;

  g_main_context_push_thread_default (g_main_context_default ());
  returning->task = g_task_new (NULL, NULL, returned_cb, returning);
  g_main_context_pop_thread_default (g_main_context_default ());
  returning->created = g_source_get_time (g_main_current_source ());
  return G_SOURCE_REMOVE;
}

static gboolean
return_newer_cb (gpointer user_data)
{
  Returning *returning = user_data;
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GSource) source = g_idle_source_new ();
  gint64 now = g_source_get_time (g_main_current_source ());

  while (g_get_monotonic_time () == now)
    ;
  g_source_set_callback (source, make_in_other_context_cb, returning, NULL);
  g_source_attach (source, context);
  g_main_context_iteration (context, TRUE);
  g_assert_cmpint (returning->created, >, now);
  g_task_return_boolean (returning->task, TRUE);
  g_assert_false (returning->returned);
  return G_SOURCE_REMOVE;
}

/* What delivery relies on: a task that is returned in the iteration that made it, or in one that began before it was
 * made, is put off to an idle; one that was made in an earlier iteration calls back at once. */
static void
test_gtask (void)
{
  Returning same = { NULL }, later = { NULL }, newer = { NULL };

  g_idle_add (return_cb, &same);
  test_spin_until (same.returned);
  g_object_unref (same.task);
  g_idle_add (make_cb, &later);
  test_spin_until (later.returned);
  g_object_unref (later.task);
  g_idle_add (return_newer_cb, &newer);
  test_spin_until (newer.returned);
  g_object_unref (newer.task);
}

/* --- a main loop that is not GLib's --- */

/* Asks the context what to poll, as asyncio's, Qt's and other loops do, which then sleep without holding it. */
static int
query (GPollFD *fds,
       int      n_fds)
{
  GMainContext *context = g_main_context_default ();
  int priority, timeout, n;

  g_assert_true (g_main_context_acquire (context));
  g_main_context_prepare (context, &priority);
  n = g_main_context_query (context, priority, &timeout, fds, n_fds);
  g_main_context_release (context);
  g_assert_cmpint (n, <=, n_fds);
  return n;
}

static void
dispatch (GPollFD *fds,
          int      n_fds)
{
  GMainContext *context = g_main_context_default ();

  g_assert_true (g_main_context_acquire (context));
  g_main_context_check (context, G_MAXINT, fds, n_fds);
  g_main_context_dispatch (context);
  g_main_context_release (context);
}

typedef void (* Waking) (QmpClient        *client,
                         QmpEventListener *listener,
                         int               peer_fd,
                         GAsyncResult    **result);

static void
wake_by_execute (QmpClient         *client,
                 QmpEventListener  *listener,
                 int                peer_fd,
                 GAsyncResult     **result)
{
  qmp_client_execute_async (client, "x", NULL, NULL, test_result_cb, result);
}

static void
wake_by_waiting (QmpClient         *client,
                 QmpEventListener  *listener,
                 int                peer_fd,
                 GAsyncResult     **result)
{
  g_autoptr (QmpMessage) command = test_message ("{\"execute\": \"x\"}");

  qmp_client_execute_and_wait_async (client, command, qmp_event_listener_get_match (listener), NULL, test_result_cb,
                                     result);
}

static void
wake_by_closing (QmpClient         *client,
                 QmpEventListener  *listener,
                 int                peer_fd,
                 GAsyncResult     **result)
{
  qmp_client_close_async (client, NULL, test_result_cb, result);
}

/* What was queued while a blocking call ran. */
static void
wake_by_blocking (QmpClient         *client,
                  QmpEventListener  *listener,
                  int                peer_fd,
                  GAsyncResult     **result)
{
  g_autoptr (QmpEvent) event = NULL;

  say (peer_fd, EVENT ("E") EVENT ("E"));
  qmp_event_listener_next_async (listener, -1, NULL, test_result_cb, result);
  event = qmp_event_listener_next (listener, -1, NULL, NULL);
  g_assert_nonnull (event);
}

static void
wake_by_removing (QmpClient         *client,
                  QmpEventListener  *listener,
                  int                peer_fd,
                  GAsyncResult     **result)
{
  qmp_event_listener_next_async (listener, -1, NULL, test_result_cb, result);
  qmp_client_remove_listener (client, listener);
  qmp_client_add_listener (client, listener);
}

/* One that is in the queue already. */
static void
wake_by_queue (QmpClient         *client,
               QmpEventListener  *listener,
               int                peer_fd,
               GAsyncResult     **result)
{
  qmp_event_listener_next_async (g_object_get_data (G_OBJECT (client), "filled"), -1, NULL, test_result_cb, result);
}

static void
wake_by_opening (QmpClient         *client,
                 QmpEventListener  *listener,
                 int                peer_fd,
                 GAsyncResult     **result)
{
  g_autoptr (GSocketConnectable) nowhere = qmp_address_parse ("/nonexistent/x", NULL);

  g_assert_true (qmp_client_close (client, NULL, NULL));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  qmp_client_open_async (client, nowhere, NULL, test_result_cb, result);
}

static void
wake_by_a_descriptor (QmpClient         *client,
                      QmpEventListener  *listener,
                      int                peer_fd,
                      GAsyncResult     **result)
{
  g_assert_true (qmp_client_send_fd (client, peer_fd, NULL));
}

/* Its poll returns at once: it is not asleep on something that is still to be written or delivered. */
static void
test_foreign_loop (void)
{
  const Waking wakings[] = {
    wake_by_execute, wake_by_waiting, wake_by_closing, wake_by_removing, wake_by_blocking, wake_by_queue, wake_by_opening,
    wake_by_a_descriptor,
  };

  for (guint i = 0; i < G_N_ELEMENTS (wakings); i++)
    {
      int peer_fd;
      QmpClient *client = build_client (&peer_fd);
      g_autoptr (QmpEventListener) listener = TEST_LISTENER ("E");
      g_autoptr (QmpEventListener) filled = TEST_LISTENER ("FILLED");
      GAsyncResult *result = NULL;
      GPollFD fds[16];
      int n_fds;

      qmp_client_add_listener (client, listener);
      qmp_client_add_listener (client, filled);
      g_object_set_data (G_OBJECT (client), "filled", filled);
      say (peer_fd, EVENT ("FILLED"));
      test_spin_until (!qmp_event_listener_is_empty (filled));
      test_spin_ready ();
      n_fds = query (fds, G_N_ELEMENTS (fds));
      wakings[i] (client, listener, peer_fd, &result);
      if (g_poll (fds, n_fds, 0) == 0)
        g_error ("waking %u: the loop sleeps", i);
      dispatch (fds, n_fds);
      qmp_client_close (client, NULL, NULL);
      test_spin_ready ();
      g_clear_object (&result);
      test_client_free (client);
      close (peer_fd);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/inside/filter/starts", GINT_TO_POINTER (FALSE), test_filter_starts);
  g_test_add_data_func ("/inside/filter/starts/cancellable", GINT_TO_POINTER (TRUE), test_filter_starts);
  g_test_add_data_func ("/inside/filter/closes", GINT_TO_POINTER (FALSE), test_filter_closes);
  g_test_add_data_func ("/inside/filter/closes/cancellable", GINT_TO_POINTER (TRUE), test_filter_closes);
  g_test_add_func ("/inside/filter/closes-opening", test_filter_closes_opening);
  g_test_add_func ("/inside/end/dispose-adds", test_dispose_adds);
  g_test_add_func ("/inside/end/drop", test_drop);
  g_test_add_func ("/inside/order/error-behind-reply", test_error_behind_reply);
  g_test_add_func ("/inside/order/call-in-filter", test_call_in_filter);
  g_test_add_func ("/inside/order/gtask", test_gtask);
  g_test_add_func ("/inside/foreign-loop", test_foreign_loop);
  return g_test_run ();
}
