/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "test-server.h"

/* Real servers that are stopped in each runstate, and then go on or are killed. */

typedef enum {
  BEFORE_GREETING,
  NEGOTIATING,
  RUNNING,
  DISCONNECTING,
  N_MOMENTS,
} Moment;

static const char * const moment_names[] = { "before-greeting", "negotiating", "running", "disconnecting" };

typedef struct {
  TestServer       *server;
  QmpClient        *client;
  TestLog          *log;
  guint             n_pending;
} Scene;

static void
stop_server (Scene *self)
{
  siginfo_t info;

  g_assert_cmpint (kill (test_server_get_pid (self->server), SIGSTOP), ==, 0);
  while (waitid (P_PID, test_server_get_pid (self->server), &info, WSTOPPED) != 0)
    g_assert_cmpint (errno, ==, EINTR);
}

/* --- what is under way when it stops --- */

static void
note (Scene        *self,
      const char   *name,
      const GError *error)
{
  g_autofree char *word = error != NULL ? test_error_word (error) : NULL;

  test_log_add (self->log, "%s%s%s", name, word != NULL ? "!" : "", word != NULL ? word : "");
  self->n_pending--;
}

static void
opened_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr (GError) error = NULL;

  qmp_client_open_finish (QMP_CLIENT (object), result, &error);
  note (user_data, "open", error);
}

static void
closed_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr (GError) error = NULL;

  qmp_client_close_finish (QMP_CLIENT (object), result, &error);
  note (user_data, "close", error);
}

static void
executed_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = qmp_client_execute_message_finish (QMP_CLIENT (object), result, &error);

  note (user_data, "execute", error);
}

static void
waited_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (QmpEvent) event = qmp_client_execute_and_wait_finish (QMP_CLIENT (object), result, &error);

  note (user_data, "wait", error);
}

static void
begin_open (Scene *self)
{
  self->n_pending++;
  qmp_client_open_async (self->client, test_server_get_address (self->server), NULL, opened_cb, self);
}

static void
open_well (Scene *self)
{
  g_autoptr (GError) error = NULL;

  test_open (self->client, test_server_get_address (self->server), &error);
  g_assert_no_error (error);
}

static void
execute (Scene      *self,
         const char *text)
{
  g_autoptr (QmpMessage) message = test_message (text);

  self->n_pending++;
  qmp_client_execute_message_async (self->client, message, NULL, executed_cb, self);
}

/* The last one waits for an event that comes if the server goes on. */
static void
begin_commands (Scene *self)
{
  g_autoptr (QmpMessage) quit = test_message ("{\"execute\": \"quit\"}");
  g_autoptr (QmpEventMatch) shutdown = TEST_MATCH ("SHUTDOWN");

  execute (self, "{\"execute\": \"query-version\"}");
  execute (self, "{\"execute\": \"query-commands\"}");
  self->n_pending++;
  qmp_client_execute_and_wait_async (self->client, quit, shutdown, NULL, waited_cb, self);
}

/* More than fits into the socket, and little enough for QEMU, which reads a byte at a time. */
static void
begin_close (Scene *self)
{
  g_autofree char *filler = g_strnfill (256 * 1024, 'x');
  g_autofree char *text = g_strdup_printf ("{\"execute\": \"query-version\", \"arguments\": {\"x\": \"%s\"}}", filler);

  execute (self, text);
  self->n_pending++;
  qmp_client_set_close_timeout (self->client, QMP_TIMEOUT_NONE);
  qmp_client_close_async (self->client, NULL, closed_cb, self);
}

/* The greeting is there, and the negotiation goes out only when the main loop is about to sleep. */
static void
stop_at_greeting_cb (QmpClient        *client,
                     QmpWireDirection  direction,
                     const char       *text,
                     Scene            *self)
{
  if (direction == QMP_WIRE_DIRECTION_RECEIVED && strstr (text, "\"QMP\"") != NULL)
    {
      stop_server (self);
      test_log_add (self->log, "stopped");
    }
}

/* The server is stopped when this returns. */
static void
reach (Scene  *self,
       Moment  moment)
{
  gulong handler;

  switch (moment)
    {
    case BEFORE_GREETING:
      stop_server (self);
      begin_open (self);
      test_spin_ready ();
      g_assert_cmpint (qmp_client_get_runstate (self->client), ==, QMP_RUNSTATE_CONNECTING);
      break;
    case NEGOTIATING:
      handler = g_signal_connect (self->client, "wire", G_CALLBACK (stop_at_greeting_cb), self);
      begin_open (self);
      test_spin_until (test_log_has (self->log, "stopped"));
      test_spin_ready ();
      g_signal_handler_disconnect (self->client, handler);
      g_assert_cmpint (qmp_client_get_runstate (self->client), ==, QMP_RUNSTATE_CONNECTING);
      break;
    case RUNNING:
      open_well (self);
      stop_server (self);
      begin_commands (self);
      test_spin_ready ();
      g_assert_cmpuint (qmp_client_get_n_pending (self->client), ==, 3);
      break;
    case DISCONNECTING:
      open_well (self);
      stop_server (self);
      begin_close (self);
      test_spin_ready ();
      g_assert_cmpint (qmp_client_get_runstate (self->client), ==, QMP_RUNSTATE_DISCONNECTING);
      break;
    case N_MOMENTS:
      g_assert_not_reached ();
    }
}

/* --- before and behind --- */

static void
scene_init (Scene          *self,
            TestServerKind  kind)
{
  *self = (Scene) { .server = test_server_new (kind), .client = qmp_client_new (NULL) };
  qmp_client_set_open_timeout (self->client, QMP_TIMEOUT_NONE);
  self->log = test_log_new (self->client);
}

/* The same client, with a new server. */
static void
assert_works_again (Scene          *self,
                    TestServerKind  kind)
{
  g_autoptr (TestServer) server = test_server_new (kind);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = NULL;

  test_open (self->client, test_server_get_address (server), &error);
  g_assert_no_error (error);
  value = test_execute (self->client, "query-version", &error);
  g_assert_no_error (error);
  g_assert_nonnull (value);
  g_assert_true (test_close (self->client, &error));
  g_assert_no_error (error);
}

static void
scene_clear (Scene          *self,
             TestServerKind  kind)
{
  test_log_free (self->log);
  assert_works_again (self, kind);
  test_client_free (self->client);
  test_server_free (self->server);
}

static void
check_words (Scene      *self,
             const char *expected)
{
  test_spin_until (self->n_pending == 0 && qmp_client_get_runstate (self->client) == QMP_RUNSTATE_IDLE);
  test_spin_ready ();
  g_assert_cmpstr (test_log_get (self->log), ==, expected);
}

/* --- killed --- */

static const char * const words_when_killed[] = {
  "CONNECTING DISCONNECTING IDLE open!broken-pipe",
  "CONNECTING stopped DISCONNECTING IDLE open!broken-pipe",
  "CONNECTING RUNNING DISCONNECTING execute!interrupted execute!interrupted wait!interrupted IDLE closed(broken-pipe)",
  "CONNECTING RUNNING DISCONNECTING execute!interrupted IDLE closed close!broken-pipe",
};

static void
check_killed (TestServerKind kind,
              Moment         moment)
{
  guint n_fds = test_count_fds ();
  Scene self;

  scene_init (&self, kind);
  reach (&self, moment);
  test_server_kill (self.server);
  test_server_wait (self.server);
  check_words (&self, words_when_killed[moment]);
  scene_clear (&self, kind);
  g_assert_cmpuint (test_count_fds (), ==, n_fds);
}

static void
test_killed (gconstpointer data)
{
  check_killed (TEST_SERVER_QEMU, GPOINTER_TO_UINT (data));
  check_killed (TEST_SERVER_STORAGE_DAEMON, GPOINTER_TO_UINT (data));
}

static gpointer
kill_thread (gpointer data)
{
  test_server_kill (data);
  return NULL;
}

/* The same with calls that block, which are to end by that. */
static void
test_killed_blocking (void)
{
  Scene self;
  g_autoptr (GError) error = NULL;
  GThread *thread;

  scene_init (&self, TEST_SERVER_QEMU);
  stop_server (&self);
  thread = g_thread_new ("kill", kill_thread, self.server);
  g_assert_false (qmp_client_open (self.client, test_server_get_address (self.server), NULL, &error));
  g_thread_join (thread);
  /* It may have been dead already. */
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED))
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  g_clear_error (&error);
  test_server_free (self.server);

  self.server = test_server_new (TEST_SERVER_QEMU);
  open_well (&self);
  stop_server (&self);
  thread = g_thread_new ("kill", kill_thread, self.server);
  g_assert_null (qmp_client_execute (self.client, "query-version", NULL, NULL, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
  g_thread_join (thread);
  g_assert_cmpint (qmp_client_get_runstate (self.client), ==, QMP_RUNSTATE_IDLE);
  scene_clear (&self, TEST_SERVER_QEMU);
}

/* --- going on --- */

static const char * const words_when_continued[] = {
  "CONNECTING RUNNING open DISCONNECTING IDLE closed",
  "CONNECTING stopped RUNNING open DISCONNECTING IDLE closed",
  "CONNECTING RUNNING execute execute SHUTDOWN wait DISCONNECTING IDLE closed(broken-pipe)",
  "CONNECTING RUNNING DISCONNECTING execute!interrupted IDLE closed close",
};

static void
check_continued (TestServerKind kind,
                 Moment         moment)
{
  guint n_fds = test_count_fds ();
  Scene self;

  scene_init (&self, kind);
  reach (&self, moment);
  g_assert_cmpint (kill (test_server_get_pid (self.server), SIGCONT), ==, 0);
  if (moment < RUNNING)
    {
      test_spin_until (self.n_pending == 0);
      g_assert_true (test_close (self.client, NULL));
    }
  check_words (&self, words_when_continued[moment]);
  scene_clear (&self, kind);
  g_assert_cmpuint (test_count_fds (), ==, n_fds);
}

static void
test_continued (gconstpointer data)
{
  check_continued (TEST_SERVER_QEMU, GPOINTER_TO_UINT (data));
  /* It has no event for its end. */
  if (GPOINTER_TO_UINT (data) < RUNNING)
    check_continued (TEST_SERVER_STORAGE_DAEMON, GPOINTER_TO_UINT (data));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  test_warm_up ();

  for (Moment moment = 0; moment < N_MOMENTS; moment++)
    {
      g_autofree char *killed = g_strdup_printf ("/faults/killed/%s", moment_names[moment]);
      g_autofree char *continued = g_strdup_printf ("/faults/stopped/%s", moment_names[moment]);

      g_test_add_data_func (killed, GUINT_TO_POINTER (moment), test_killed);
      g_test_add_data_func (continued, GUINT_TO_POINTER (moment), test_continued);
    }
  g_test_add_func ("/faults/killed/blocking", test_killed_blocking);
  return g_test_run ();
}
