/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire/qmp-io-context-private.h"

#include "test-responder.h"
#include "test-utils.h"

/* The last reference to a client goes in another thread: it comes to its end in its own, whatever it is about. */

#define EVENT "{\"event\": \"E\", \"timestamp\": {\"seconds\": 1, \"microseconds\": 2}}\r\n"

#define N_CLIENTS (g_getenv ("QMP_TEST_FEW") != NULL ? 20 : 2000)

/* --- a client that is watched --- */

typedef struct {
  QmpClient *client;
  GThread   *thread;   /* that makes it */
  GThread   *ended_in;  /* nullable: it still lives */
  int        peer_fd;  /* -1 for none */
} Case;

static void
ended_cb (gpointer  data,
          GObject  *client)
{
  Case *self = data;

  self->ended_in = g_thread_self ();
}

static Case *
case_new (void)
{
  Case *self = g_new (Case, 1);

  *self = (Case) { qmp_client_new (NULL), g_thread_self (), NULL, -1 };
  g_object_weak_ref (G_OBJECT (self->client), ended_cb, self);
  return self;
}

static void
case_free (Case *self)
{
  g_assert_nonnull (self->ended_in);
  if (self->peer_fd >= 0)
    close (self->peer_fd);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Case, case_free)

/* Without a handshake. */
static void
case_open (Case *self)
{
  g_autoptr (GIOStream) stream = test_socketpair (&self->peer_fd);
  g_autoptr (GError) error = NULL;

  qmp_client_set_await_greeting (self->client, FALSE);
  qmp_client_set_negotiate (self->client, FALSE);
  g_assert_true (qmp_client_open_stream (self->client, stream, NULL, &error));
  g_assert_no_error (error);
}

static Case *
case_new_open (void)
{
  Case *self = case_new ();

  case_open (self);
  return self;
}

static void
say (Case       *self,
     const char *text)
{
  g_assert_cmpint (send (self->peer_fd, text, strlen (text), MSG_NOSIGNAL), ==, strlen (text));
}

/* What the client has sent is not looked at, and it may have left something unread. */
static gboolean
has_hung_up (Case *self)
{
  char bytes[1000];
  gssize n;

  do
    n = recv (self->peer_fd, bytes, sizeof bytes, MSG_DONTWAIT);
  while (n > 0);
  return n == 0 || errno == ECONNRESET;
}

static gpointer
unref_thread (gpointer object)
{
  g_object_unref (object);
  return NULL;
}

static void
drop_elsewhere (gpointer object)
{
  g_thread_join (g_thread_new ("unref", unref_thread, object));
}

/* It was handed over, and nothing was done in the other thread. */
static void
assert_ends_here (Case *self)
{
  g_assert_null (self->ended_in);
  g_assert_true (self->peer_fd < 0 || !has_hung_up (self));
  test_spin_until (self->ended_in != NULL);
  g_assert_true (self->ended_in == g_thread_self ());
  g_assert_true (self->peer_fd < 0 || has_hung_up (self));
}

/* --- what it is about --- */

static void
test_idle (void)
{
  g_autoptr (Case) self = case_new ();

  drop_elsewhere (self->client);
  assert_ends_here (self);
}

static void
test_opened (void)
{
  g_autoptr (Case) self = case_new_open ();

  drop_elsewhere (self->client);
  assert_ends_here (self);
}

/* One that has turned into an epoll set of many. */
static void
test_many (void)
{
  Case *cases[20];

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    cases[i] = case_new_open ();
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    drop_elsewhere (cases[i]->client);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      test_spin_until (cases[i]->ended_in != NULL);
      case_free (cases[i]);
    }
}

static void
test_agent (void)
{
  g_autoptr (TestResponder) agent = test_responder_new (TEST_RESPONDER_MUTE);
  g_autoptr (Case) self = case_new ();
  g_autoptr (GError) error = NULL;

  qmp_client_set_guest_agent (self->client, TRUE);
  g_assert_true (qmp_client_open (self->client, test_responder_get_address (agent), NULL, &error));
  g_assert_no_error (error);
  drop_elsewhere (self->client);
  assert_ends_here (self);
}

static void
test_listening (void)
{
  g_autoptr (Case) self = case_new ();
  g_autofree char *directory = g_dir_make_tmp ("qmp-glib-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "socket", NULL);
  g_autoptr (GSocketConnectable) address = qmp_address_parse (path, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (qmp_client_listen (self->client, address, NULL, &error));
  g_assert_no_error (error);
  drop_elsewhere (self->client);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  assert_ends_here (self);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_assert_no_errno (rmdir (directory));
}

static void
not_reached_cb (void)
{
  g_assert_not_reached ();
}

/* Nobody is told of anything any more. */
static void
test_ended (void)
{
  g_autoptr (Case) self = case_new_open ();

  g_signal_connect (self->client, "event", not_reached_cb, NULL);
  g_signal_connect (self->client, "closed", not_reached_cb, NULL);
  g_signal_connect (self->client, "notify", not_reached_cb, NULL);
  say (self, EVENT);
  shutdown (self->peer_fd, SHUT_WR);
  drop_elsewhere (self->client);
  assert_ends_here (self);
}

/* What is under way keeps the client. */
static void
ended_call_cb (GObject      *object,
               GAsyncResult *result,
               gpointer      user_data)
{
  g_assert_cmpint (G_OBJECT (object)->ref_count, >, 0);
  (*(guint *) user_data)++;
}

static void
test_opening (void)
{
  g_autoptr (Case) self = case_new ();
  g_autoptr (GIOStream) stream = test_socketpair (&self->peer_fd);
  guint n_ended = 0;

  qmp_client_open_stream_async (self->client, stream, NULL, ended_call_cb, &n_ended);
  drop_elsewhere (self->client);
  test_spin_ready ();
  g_assert_null (self->ended_in);
  shutdown (self->peer_fd, SHUT_WR);
  test_spin_until (n_ended == 1);
  test_spin_until (self->ended_in != NULL);
  g_assert_true (self->ended_in == g_thread_self ());
}

static void
test_call (void)
{
  g_autoptr (Case) self = case_new_open ();
  guint n_ended = 0;

  qmp_client_execute_async (self->client, "x", NULL, NULL, ended_call_cb, &n_ended);
  drop_elsewhere (self->client);
  test_spin_ready ();
  g_assert_null (self->ended_in);
  shutdown (self->peer_fd, SHUT_WR);
  test_spin_until (n_ended == 1);
  test_spin_until (self->ended_in != NULL);
  g_assert_true (self->ended_in == g_thread_self ());
}

static void
test_closing (void)
{
  g_autoptr (Case) self = case_new_open ();
  guint n_ended = 0;

  qmp_client_close_async (self->client, NULL, ended_call_cb, &n_ended);
  drop_elsewhere (self->client);
  test_spin_until (n_ended == 1);
  test_spin_until (self->ended_in != NULL);
  g_assert_true (self->ended_in == g_thread_self ());
}

/* A result that the program keeps has the last reference. */
static void
test_result (void)
{
  g_autoptr (Case) self = case_new_open ();
  GAsyncResult *result = NULL;

  qmp_client_close_async (self->client, NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  g_object_unref (self->client);
  drop_elsewhere (result);
  g_assert_null (self->ended_in);
  test_spin_until (self->ended_in != NULL);
  g_assert_true (self->ended_in == g_thread_self ());
}

static void
free_cb (gpointer data)
{
  g_assert_true (g_thread_self () == data);
}

static gboolean
accept_all (QmpEvent *event,
            gpointer  user_data)
{
  return TRUE;
}

static QmpEventListener *
listener_new_with_filter (QmpEventFilterFunc filter,
                          gpointer           user_data,
                          GDestroyNotify     destroy)
{
  g_autoptr (QmpEventMatch) match = qmp_event_match_new (NULL);

  qmp_event_match_set_filter (match, filter, user_data, destroy);
  return qmp_event_listener_new_for_match (match);
}

/* Its listeners, what waits for their events, and the program's functions. */
static void
test_listeners (void)
{
  g_autoptr (Case) self = case_new_open ();
  QmpEventListener *listener = listener_new_with_filter (accept_all, g_thread_self (), free_cb);
  g_autoptr (QmpEventListener) waiting = TEST_LISTENER ("X");
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_signal_connect_data (self->client, "event", G_CALLBACK (accept_all), g_thread_self (), (GClosureNotify) free_cb, 0);
  qmp_client_add_listener (self->client, listener);
  qmp_client_add_listener (self->client, waiting);
  qmp_event_listener_next_async (waiting, -1, NULL, test_result_cb, &result);
  drop_elsewhere (listener);
  drop_elsewhere (self->client);
  assert_ends_here (self);
  test_spin_until (result != NULL);
  g_assert_null (qmp_event_listener_next_finish (waiting, result, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
  g_clear_object (&result);
  drop_elsewhere (g_steal_pointer (&waiting));
}

/* A listener that waits is used behind its client's back. */
static void
test_listener_outlives (void)
{
  g_autoptr (Case) self = case_new_open ();
  g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);
  g_autoptr (QmpEvent) event = NULL;
  g_autoptr (GError) error = NULL;

  qmp_client_add_listener (self->client, listener);
  say (self, EVENT);
  drop_elsewhere (self->client);
  /* It was not known yet. The blocking call is the client's last. */
  event = qmp_event_listener_next (listener, -1, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (qmp_event_get_name (event), ==, "E");
  test_spin_until (self->ended_in != NULL);
  g_assert_null (qmp_event_listener_next (listener, -1, NULL, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
}

/* --- where nobody iterates the main context --- */

static void
test_new_client (void)
{
  g_autoptr (Case) self = case_new_open ();
  QmpClient *other;

  drop_elsewhere (self->client);
  other = qmp_client_new (NULL);
  g_assert_true (self->ended_in == g_thread_self ());
  g_assert_true (has_hung_up (self));
  g_assert_finalize_object (other);
}

/* Each of another's blocking calls. */
static void
test_blocking (void)
{
  g_autoptr (TestResponder) server = test_responder_new (TEST_RESPONDER_UNIX);
  QmpClient *other = qmp_client_new (NULL);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (Case) self = case_new_open ();
      g_autoptr (JsonNode) value = NULL;

      drop_elsewhere (self->client);
      g_assert_null (self->ended_in);
      if (i == 0)
        g_assert_true (qmp_client_open (other, test_responder_get_address (server), NULL, &error));
      else if (i == 1)
        value = qmp_client_execute (other, "x", NULL, NULL, &error);
      else
        g_assert_true (qmp_client_close (other, NULL, &error));
      g_assert_no_error (error);
      g_assert_true (self->ended_in == g_thread_self ());
      g_assert_true (has_hung_up (self));
    }
  g_assert_finalize_object (other);
}

/* In the middle of one. */
static gboolean
drop_in_filter (QmpEvent *event,
                gpointer  user_data)
{
  Case *self = user_data;

  drop_elsewhere (g_steal_pointer (&self->client));
  g_assert_null (self->ended_in);
  return TRUE;
}

static void
test_within_blocking (void)
{
  g_autoptr (Case) self = case_new_open ();
  g_autoptr (Case) other = case_new_open ();
  g_autoptr (QmpEventListener) listener = listener_new_with_filter (drop_in_filter, self, NULL);
  g_autoptr (QmpEvent) event = NULL;
  g_autoptr (GError) error = NULL;

  qmp_client_add_listener (other->client, listener);
  say (other, EVENT);
  event = qmp_event_listener_next (listener, -1, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (self->ended_in == g_thread_self ());
  g_object_unref (other->client);
}

/* --- threads that end --- */

static gpointer
context_thread (gpointer data)
{
  Case *self;

  g_main_context_push_thread_default (data);
  self = case_new_open ();
  g_main_context_pop_thread_default (data);
  return self;
}

static gpointer
case_thread (gpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();

  return context_thread (context);
}

/* It has ended before, with its main context: whoever drops the last reference does the rest. */
static void
test_thread_ended (void)
{
  g_autoptr (Case) self = g_thread_join (g_thread_new ("client", case_thread, NULL));

  g_object_unref (self->client);
  g_assert_true (self->ended_in == g_thread_self ());
  g_assert_true (has_hung_up (self));
}

/* Not GLib's locks, which the thread sanitizer does not see. */
typedef struct {
  Case            *self;
  pthread_mutex_t  lock;
  pthread_cond_t   cond;
  guint            step;
} Meeting;

#define MEETING_INIT { NULL, PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0 }

static void
set_step (Meeting *meeting,
          guint    step)
{
  pthread_mutex_lock (&meeting->lock);
  meeting->step = step;
  pthread_cond_broadcast (&meeting->cond);
  pthread_mutex_unlock (&meeting->lock);
}

static void
await_step (Meeting *meeting,
            guint    step)
{
  pthread_mutex_lock (&meeting->lock);
  while (meeting->step != step)
    pthread_cond_wait (&meeting->cond, &meeting->lock);
  pthread_mutex_unlock (&meeting->lock);
}

static gpointer
idle_thread (gpointer data)
{
  Meeting *meeting = data;

  meeting->self = case_thread (NULL);
  set_step (meeting, 1);
  await_step (meeting, 2);
  return NULL;
}

/* Nothing is done while it lives, for it does nothing; then it is, by the thread itself. */
static void
test_thread_ends (void)
{
  Meeting meeting = MEETING_INIT;
  g_autoptr (Case) self = NULL;
  GThread *thread = g_thread_new ("client", idle_thread, &meeting);

  await_step (&meeting, 1);
  self = meeting.self;
  drop_elsewhere (self->client);
  g_assert_null (self->ended_in);
  g_assert_false (has_hung_up (self));
  set_step (&meeting, 2);
  g_thread_join (thread);
  g_assert_nonnull (self->ended_in);
  g_assert_true (has_hung_up (self));
}

static gpointer
iterate_thread (gpointer data)
{
  GMainContext *context = ((gpointer *) data)[0];
  Meeting *meeting = ((gpointer *) data)[1];

  g_main_context_acquire (context);
  set_step (meeting, 1);
  while (meeting->self->ended_in == NULL)
    g_main_context_iteration (context, TRUE);
  g_main_context_release (context);
  return NULL;
}

/* Its main context is run by another: that one does it. */
static void
test_context_moved (void)
{
  Meeting meeting = MEETING_INIT;
  g_autoptr (GMainContext) context = g_main_context_new ();
  gpointer data[] = { context, &meeting };
  g_autoptr (Case) self = meeting.self = g_thread_join (g_thread_new ("client", context_thread, context));
  GThread *thread = g_thread_new ("iterate", iterate_thread, data);

  await_step (&meeting, 1);
  g_object_unref (self->client);
  g_thread_join (thread);
  g_assert_true (self->ended_in != g_thread_self ());
  g_assert_true (has_hung_up (self));
}

/* --- what else can be about --- */

static gpointer
hand_over_thread (gpointer data)
{
  gpointer *arguments = data;

  qmp_client_hand_over (arguments[0], arguments[1]);
  return NULL;
}

static void
hand_over_elsewhere (QmpClient *client,
                     gpointer   object)
{
  gpointer arguments[] = { client, object };

  g_thread_join (g_thread_new ("hand-over", hand_over_thread, arguments));
}

static void
keep_cb (QmpClient  *client,
         QmpEvent   *event,
         QmpClient **kept)
{
  g_set_object (kept, client);
}

/* Whoever has another reference by the time the thread comes to it, keeps it. */
static void
test_other_reference (void)
{
  g_autoptr (Case) self = case_new_open ();
  QmpClient *kept = NULL;
  QmpIoContext *io = qmp_io_context_get (g_main_context_default ());

  g_signal_connect (self->client, "event", G_CALLBACK (keep_cb), &kept);
  hand_over_elsewhere (self->client, g_object_ref (G_OBJECT (self->client)));
  say (self, EVENT);
  test_spin_until (kept != NULL);
  g_object_unref (self->client);
  test_spin_ready ();
  qmp_io_context_hurry (io);
  test_spin_ready ();
  g_assert_null (self->ended_in);
  g_object_unref (kept);
  test_spin_until (self->ended_in != NULL);
  qmp_io_context_unref (io);
}

/* g_object_unref() is over in the other thread before its notifications are thawed in this one. */
static void
test_frozen (void)
{
  g_autoptr (Case) self = case_new_open ();

  g_object_ref (self->client);
  g_object_freeze_notify (G_OBJECT (self->client));
  g_object_unref (self->client);
  drop_elsewhere (self->client);
  test_spin_ready ();
  g_assert_null (self->ended_in);
  g_object_thaw_notify (G_OBJECT (self->client));
  test_spin_until (self->ended_in != NULL);
}

static gpointer
dispose_thread (gpointer object)
{
  g_test_expect_message ("Qmp", G_LOG_LEVEL_CRITICAL, "*g_object_run_dispose() was called in another thread*");
  g_object_run_dispose (object);
  g_test_assert_expected_messages ();
  return NULL;
}

static void
test_run_dispose (void)
{
  g_autoptr (Case) self = case_new_open ();

  g_thread_join (g_thread_new ("dispose", dispose_thread, self->client));
  test_spin_ready ();
  g_assert_null (self->ended_in);
  g_assert_cmpint (qmp_client_get_runstate (self->client), ==, QMP_RUNSTATE_RUNNING);
  g_object_unref (self->client);
  test_spin_until (self->ended_in != NULL);
}

/* For bindings: any object, whatever the client is about, and whoever is left. */
static void
test_object (void)
{
  g_autoptr (Case) self = case_new ();
  GObject *object = g_object_new (G_TYPE_OBJECT, NULL);
  Case watched = { NULL };

  g_object_weak_ref (object, ended_cb, &watched);
  hand_over_elsewhere (self->client, object);
  g_assert_null (watched.ended_in);
  test_spin_until (watched.ended_in != NULL);
  g_assert_true (watched.ended_in == g_thread_self ());
  g_object_unref (self->client);
}

static void
test_object_thread_ended (void)
{
  g_autoptr (Case) self = g_thread_join (g_thread_new ("client", case_thread, NULL));
  GObject *object = g_object_new (G_TYPE_OBJECT, NULL);
  Case watched = { NULL };

  g_object_weak_ref (object, ended_cb, &watched);
  qmp_client_hand_over (self->client, object);
  g_assert_true (watched.ended_in == g_thread_self ());
  g_object_unref (self->client);
}

/* --- what stands on a client --- */

/* make: an object on the client, which it then has alone. */
static void
check_standing (gpointer (* make) (QmpClient *client))
{
  g_autoptr (Case) self = case_new_open ();
  gpointer object = make (self->client);
  Case watched = { NULL };

  g_object_weak_ref (object, ended_cb, &watched);
  g_object_unref (self->client);
  drop_elsewhere (object);
  g_assert_null (watched.ended_in);
  test_spin_until (watched.ended_in != NULL && self->ended_in != NULL);
  g_assert_true (watched.ended_in == g_thread_self ());
  g_assert_true (self->ended_in == g_thread_self ());
}

static gpointer
make_machine (QmpClient *client)
{
  return g_object_new (QMP_TYPE_MACHINE, "client", client, NULL);
}

static void
test_machine (void)
{
  check_standing (make_machine);
}

static gpointer
make_agent (QmpClient *client)
{
  return qmp_guest_agent_new (client);
}

static void
test_guest_agent (void)
{
  check_standing (make_agent);
}

typedef struct {
  gpointer (* make) (QmpClient *client);
  Case       *self;
  gpointer    object;
} Standing;

static gpointer
standing_thread (gpointer data)
{
  Standing *standing = data;

  standing->self = case_new_open ();
  standing->object = standing->make (standing->self->client);
  g_object_unref (standing->self->client);
  return NULL;
}

static void
test_standing_thread_ended (void)
{
  gpointer (* const makes[]) (QmpClient *client) = { make_machine, make_agent };

  for (guint i = 0; i < G_N_ELEMENTS (makes); i++)
    {
      Standing standing = { makes[i], NULL, NULL };

      g_thread_join (g_thread_new ("client", standing_thread, &standing));
      g_object_unref (standing.object);
      g_assert_true (standing.self->ended_in == g_thread_self ());
      case_free (standing.self);
    }
}

/* --- at any moment --- */

static void
ref_cb (QmpClient *client,
        QmpEvent  *event,
        guint     *n_events)
{
  g_object_ref (client);
  (*n_events)++;
  g_object_unref (client);
}

/* While events are coming in, and handlers hold the client for a moment. */
static void
test_flood (void)
{
  guint n_events = 0;

  for (guint i = 0; i < N_CLIENTS; i++)
    {
      g_autoptr (Case) self = case_new_open ();
      g_autoptr (QmpEventListener) listener = qmp_event_listener_new (NULL);
      GThread *thread;

      qmp_client_add_listener (self->client, listener);
      g_signal_connect (self->client, "event", G_CALLBACK (ref_cb), &n_events);
      for (guint j = 0; j < 5; j++)
        say (self, EVENT);
      /* Whether another one is handled is up to the threads. */
      if (i == 0)
        test_spin_until (n_events > 0);
      thread = g_thread_new ("unref", unref_thread, self->client);
      for (guint j = 0; j < i % 8; j++)
        g_main_context_iteration (NULL, FALSE);
      g_thread_join (thread);
      test_spin_until (self->ended_in != NULL);
      g_assert_true (self->ended_in == g_thread_self ());
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/hand-over/idle", test_idle);
  g_test_add_func ("/hand-over/open", test_opened);
  g_test_add_func ("/hand-over/many", test_many);
  g_test_add_func ("/hand-over/agent", test_agent);
  g_test_add_func ("/hand-over/listening", test_listening);
  g_test_add_func ("/hand-over/ended", test_ended);
  g_test_add_func ("/hand-over/opening", test_opening);
  g_test_add_func ("/hand-over/call", test_call);
  g_test_add_func ("/hand-over/closing", test_closing);
  g_test_add_func ("/hand-over/result", test_result);
  g_test_add_func ("/hand-over/listeners", test_listeners);
  g_test_add_func ("/hand-over/listener-outlives", test_listener_outlives);
  g_test_add_func ("/hand-over/new-client", test_new_client);
  g_test_add_func ("/hand-over/blocking", test_blocking);
  g_test_add_func ("/hand-over/within-blocking", test_within_blocking);
  g_test_add_func ("/hand-over/thread-ended", test_thread_ended);
  g_test_add_func ("/hand-over/thread-ends", test_thread_ends);
  g_test_add_func ("/hand-over/context-moved", test_context_moved);
  g_test_add_func ("/hand-over/other-reference", test_other_reference);
  g_test_add_func ("/hand-over/frozen", test_frozen);
  g_test_add_func ("/hand-over/run-dispose", test_run_dispose);
  g_test_add_func ("/hand-over/object", test_object);
  g_test_add_func ("/hand-over/object-thread-ended", test_object_thread_ended);
  g_test_add_func ("/hand-over/machine", test_machine);
  g_test_add_func ("/hand-over/guest-agent", test_guest_agent);
  g_test_add_func ("/hand-over/standing-thread-ended", test_standing_thread_ended);
  g_test_add_func ("/hand-over/flood", test_flood);

  return g_test_run ();
}
