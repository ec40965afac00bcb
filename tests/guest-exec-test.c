/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "test-agent.h"

/* Programs in a guest, played by a scripted agent. */

static const char * const argv[] = { "prog", "a b", NULL };

#define EXEC "{'execute': 'guest-exec', 'arguments': {'path': 'prog', 'arg': ['a b'], 'capture-output': true}}"
#define STATUS "{'execute': 'guest-exec-status', 'arguments': {'pid': 7}}"
#define STARTED AGENT_EXPECT (EXEC), AGENT_REPLY ("{'pid': 7}")
#define RUNS AGENT_EXPECT (STATUS), AGENT_REPLY ("{'exited': false}")

typedef struct {
  const char * const *env;
  GBytes             *input;
  QmpGuestExecFlags   flags;
  int                 timeout;
  GCancellable       *cancellable;
} Order;

static QmpGuestExecResult *
run (QmpGuestAgent  *agent,
     gboolean        blocking,
     const Order    *order,
     GError        **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  if (blocking)
    return qmp_guest_agent_exec (agent, argv, order->env, order->input, order->flags, order->timeout,
                                 order->cancellable, error);
  qmp_guest_agent_exec_async (agent, argv, order->env, order->input, order->flags, order->timeout, order->cancellable,
                              test_result_cb, &result);
  test_spin_until (result != NULL);
  return qmp_guest_agent_exec_finish (agent, result, error);
}

static const Order plain = { .timeout = QMP_TIMEOUT_NONE };

static void
assert_bytes (GBytes     *bytes,
              const char *text)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);

  g_assert_cmpmem (data, size, text, strlen (text));
}

static void
test_runs (gconstpointer data)
{
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, STARTED, RUNS, RUNS, RUNS, AGENT_EXPECT (STATUS),
                                           AGENT_REPLY ("{'exited': true, 'exitcode': 3, 'out-data': 'aGk=', "
                                                        "'err-data': 'bm8=', 'err-truncated': true}"));
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpGuestExecResult) result = run (agent, GPOINTER_TO_INT (data), &plain, &error);
  g_autoptr(GBytes) output = NULL;
  int exit_status;

  g_assert_no_error (error);
  g_object_get (result, "exit-status", &exit_status, "output", &output, NULL);
  g_assert_cmpint (exit_status, ==, 3);
  assert_bytes (output, "hi");
  g_assert_cmpint (qmp_guest_exec_result_get_signal (result), ==, 0);
  assert_bytes (qmp_guest_exec_result_get_error_output (result), "no");
  g_assert_false (qmp_guest_exec_result_get_output_truncated (result));
  g_assert_true (qmp_guest_exec_result_get_error_output_truncated (result));
  g_assert_true (qmp_message_has_path (qmp_guest_exec_result_get_reply (result), "return.exited"));
  test_agent_finish (peer, agent);
}

static void
test_signal (gconstpointer data)
{
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, STARTED, AGENT_EXPECT (STATUS),
                                           AGENT_REPLY ("{'exited': true, 'signal': 9}"));
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpGuestExecResult) result = run (agent, GPOINTER_TO_INT (data), &plain, &error);

  g_assert_no_error (error);
  g_assert_cmpint (qmp_guest_exec_result_get_exit_status (result), ==, -1);
  g_assert_cmpint (qmp_guest_exec_result_get_signal (result), ==, 9);
  assert_bytes (qmp_guest_exec_result_get_output (result), "");
  test_agent_finish (peer, agent);
}

static void
test_arguments (gconstpointer data)
{
  TestPeer *peer;
  QmpGuestAgent *agent =
    test_agent_start (&peer,
                      AGENT_EXPECT ("{'execute': 'guest-exec', 'arguments': {'path': 'prog', 'arg': ['a b'], 'env': ['A=1'], "
                                    "'capture-output': false, 'input-data': 'AGI='}}"),
                      AGENT_REPLY ("{'pid': 7}"), AGENT_EXPECT (STATUS),
                      AGENT_REPLY ("{'exited': true, 'exitcode': 0}"),
                      AGENT_EXPECT ("{'execute': 'guest-exec', 'arguments': {'path': 'prog', 'arg': ['a b'], "
                                    "'capture-output': 'merged'}}"),
                      AGENT_REPLY ("{'pid': 7}"), AGENT_EXPECT (STATUS),
                      AGENT_REPLY ("{'exited': true, 'exitcode': 0, 'out-data': ''}"));
  g_autoptr(GBytes) input = g_bytes_new_static ("\0b", 2);
  const char * const env[] = { "A=1", NULL };
  Order order = { env, input, QMP_GUEST_EXEC_DISCARD_OUTPUT, QMP_TIMEOUT_NONE, NULL };
  Order merged = { .flags = QMP_GUEST_EXEC_MERGE_OUTPUT, .timeout = QMP_TIMEOUT_CLIENT };
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpGuestExecResult) first = run (agent, GPOINTER_TO_INT (data), &order, &error);
  g_autoptr(QmpGuestExecResult) second = run (agent, GPOINTER_TO_INT (data), &merged, &error);

  g_assert_no_error (error);
  g_assert_cmpint (qmp_guest_exec_result_get_exit_status (first), ==, 0);
  assert_bytes (qmp_guest_exec_result_get_output (second), "");
  test_agent_finish (peer, agent);
}

/* The error is the agent's, with the command. */
static void
test_refused (gconstpointer data)
{
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, AGENT_EXPECT (EXEC),
                                           PEER_ERROR ("CommandNotFound", "Command guest-exec has been disabled"));
  g_autoptr(GError) error = NULL;

  g_assert_null (run (agent, GPOINTER_TO_INT (data), &plain, &error));
  g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_COMMAND_NOT_FOUND);
  g_assert_cmpstr (error->message, ==, "Command guest-exec has been disabled");
  g_assert_true (qmp_message_has_path (qmp_command_error_get_sent (error), "arguments.path"));
  test_agent_finish (peer, agent);
}

/* An agent that was restarted in between. */
static void
test_lost (gconstpointer data)
{
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, STARTED, RUNS, AGENT_EXPECT (STATUS),
                                           PEER_ERROR ("GenericError", "PID 7 does not exist"));
  g_autoptr(GError) error = NULL;

  g_assert_null (run (agent, GPOINTER_TO_INT (data), &plain, &error));
  g_assert_error (error, QMP_GUEST_AGENT_ERROR, QMP_GUEST_AGENT_ERROR_LOST);
  test_assert_error_has (error, "process 7");
  test_assert_error_has (error, "PID 7 does not exist");
  test_agent_finish (peer, agent);
}

/* It is started, and then nothing is heard of it until the time is over. */
static void
test_late (gconstpointer data)
{
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, STARTED, PEER_DRAIN);
  Order order = { .timeout = 1000 };
  g_autoptr(GError) error = NULL;

  g_assert_null (run (agent, GPOINTER_TO_INT (data), &order, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  test_assert_error_has (error, "process 7");
  test_agent_finish (peer, agent);
}

/* One command has its time, too. */
static void
test_no_reply (gconstpointer data)
{
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, STARTED, AGENT_EXPECT (STATUS), PEER_DRAIN);
  g_autoptr(GError) error = NULL;

  qmp_client_set_timeout (qmp_guest_agent_get_client (agent), 1000);
  g_assert_null (run (agent, GPOINTER_TO_INT (data), &plain, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  test_agent_finish (peer, agent);
}

static gboolean
cancel (TestPeer *peer,
        gpointer  cancellable)
{
  g_cancellable_cancel (cancellable);
  return TRUE;
}

/* Cancelled by another thread: while a command is under way, in a pause, before anything. */
static void
test_cancelled (gconstpointer data)
{
  gboolean blocking = GPOINTER_TO_INT (data);
  g_autoptr(GCancellable) under_way = g_cancellable_new ();
  g_autoptr(GCancellable) pausing = g_cancellable_new ();
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, AGENT_EXPECT (EXEC), PEER_CALL (cancel, under_way), AGENT_FORGET,
                                           AGENT_SYNC, STARTED, RUNS, RUNS, RUNS, RUNS, RUNS, RUNS, RUNS, RUNS, RUNS,
                                           PEER_CALL (cancel, pausing), PEER_DRAIN);
  Order order = { .timeout = QMP_TIMEOUT_NONE, .cancellable = under_way };
  g_autoptr(GError) error = NULL;

  g_assert_null (run (agent, blocking, &order, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_null (run (agent, blocking, &order, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  order.cancellable = pausing;
  g_assert_null (run (agent, blocking, &order, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_agent_finish (peer, agent);
}

static const char * const absurd[] = {
  "{}",
  "null",
  "7",
  "{'pid': '7'}",
  "{'pid': 1e30}",
  "[]",
};

static const char * const absurd_status[] = {
  "{}",
  "{'exited': 1}",
  "{'exited': true}",
  "{'exited': true, 'exitcode': 4294967296}",
  "{'exited': true, 'exitcode': null}",
  "{'exited': true, 'signal': 0}",
  "{'exited': true, 'signal': 'KILL'}",
  "{'exited': true, 'exitcode': 0, 'out-data': 5}",
  "{'exited': true, 'exitcode': 0, 'err-data': {}}",
};

static void
test_absurd (gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (absurd); i++)
    {
      TestPeer *peer;
      QmpGuestAgent *agent = test_agent_start (&peer, AGENT_EXPECT (EXEC), AGENT_REPLY (absurd[i]));
      g_autoptr(GError) error = NULL;

      g_assert_null (run (agent, GPOINTER_TO_INT (data), &plain, &error));
      g_assert_true (error->domain == QMP_PROTOCOL_ERROR);
      test_agent_finish (peer, agent);
    }
  for (guint i = 0; i < G_N_ELEMENTS (absurd_status); i++)
    {
      TestPeer *peer;
      QmpGuestAgent *agent = test_agent_start (&peer, STARTED, AGENT_EXPECT (STATUS), AGENT_REPLY (absurd_status[i]));
      g_autoptr(GError) error = NULL;

      g_assert_null (run (agent, GPOINTER_TO_INT (data), &plain, &error));
      g_assert_true (error->domain == QMP_PROTOCOL_ERROR);
      test_agent_finish (peer, agent);
    }
}

static void
test_unsendable (gconstpointer data)
{
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, PEER_EXPECT_EOF);
  g_autofree char *zeroes = g_malloc0 (48 * 1024 * 1024);
  g_autoptr(GBytes) input = g_bytes_new_static (zeroes, 48 * 1024 * 1024);
  const char * const env[] = { "A=\xff", NULL };
  Order order = { .input = input, .timeout = QMP_TIMEOUT_NONE };
  g_autoptr(GError) error = NULL;

  g_assert_null (run (agent, GPOINTER_TO_INT (data), &order, &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_TOO_LARGE);
  g_clear_error (&error);
  order = (Order) { .env = env, .timeout = QMP_TIMEOUT_NONE };
  g_assert_null (run (agent, GPOINTER_TO_INT (data), &order, &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
  test_agent_finish (peer, agent);
}

/* The link ends: under way, in a pause, and before. */
static void
test_hang_up (gconstpointer data)
{
  gboolean blocking = GPOINTER_TO_INT (data);
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, STARTED, AGENT_EXPECT (STATUS), PEER_CLOSE);
  g_autoptr(GError) error = NULL;

  g_assert_null (run (agent, blocking, &plain, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
  g_clear_error (&error);
  test_spin_until (qmp_client_get_runstate (qmp_guest_agent_get_client (agent)) == QMP_RUNSTATE_IDLE);
  g_assert_null (run (agent, blocking, &plain, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  test_agent_finish (peer, agent);
}

/* In a pause the client is closed, and opened to another guest: that one is not asked about the first one's process. */
static void
test_reopened (void)
{
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, STARTED, RUNS, RUNS, RUNS, RUNS, RUNS, RUNS, RUNS, PEER_TELL,
                                           PEER_DRAIN, AGENT_SYNC);
  QmpClient *client = qmp_guest_agent_get_client (agent);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  qmp_guest_agent_exec_async (agent, argv, NULL, NULL, QMP_GUEST_EXEC_DEFAULT, QMP_TIMEOUT_NONE, NULL, test_result_cb,
                              &result);
  test_spin_until (test_peer_get_told (peer) == 1);
  /* The last answer is read. */
  test_spin_until (qmp_client_get_n_pending (client) == 0);
  test_close (client, &error);
  g_assert_no_error (error);
  test_open (client, test_peer_get_address (peer), &error);
  g_assert_no_error (error);
  test_spin_until (result != NULL);
  g_assert_null (qmp_guest_agent_exec_finish (agent, result, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
  g_clear_object (&result);
  test_agent_finish (peer, agent);
}

static void
drop_cb (GObject      *object,
         GAsyncResult *result,
         gpointer      user_data)
{
  QmpGuestAgent **agent = user_data;
  g_autoptr(QmpGuestExecResult) outcome = qmp_guest_agent_exec_finish (*agent, result, NULL);

  g_assert_nonnull (outcome);
  qmp_client_close_async (qmp_guest_agent_get_client (*agent), NULL, NULL, NULL);
  g_clear_object (agent);
}

/* The call holds the agent, and that the client. */
static void
test_dropped (void)
{
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, STARTED, RUNS, AGENT_EXPECT (STATUS),
                                           AGENT_REPLY ("{'exited': true, 'exitcode': 0}"));
  QmpGuestAgent *handle = agent;
  QmpClient *client = qmp_guest_agent_get_client (agent);

  g_object_add_weak_pointer (G_OBJECT (agent), (gpointer *) &agent);
  g_object_add_weak_pointer (G_OBJECT (client), (gpointer *) &client);
  qmp_guest_agent_exec_async (handle, argv, NULL, NULL, QMP_GUEST_EXEC_DEFAULT, QMP_TIMEOUT_NONE, NULL, drop_cb, &handle);
  test_spin_until (agent == NULL && client == NULL);
  test_peer_finish (peer);
}

static gboolean
drop_check (QmpClient   *client,
            QmpMessage  *command,
            gpointer     agent,
            GError     **error)
{
  g_clear_object ((QmpGuestAgent **) agent);
  return TRUE;
}

/* Whoever checks commands drops the last reference to the agent, within the first of them. */
static void
test_dropped_inside (gconstpointer data)
{
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, STARTED, RUNS, AGENT_EXPECT (STATUS),
                                           AGENT_REPLY ("{'exited': true, 'exitcode': 0}"));
  QmpGuestAgent *handle = agent;
  QmpClient *client = g_object_ref (qmp_guest_agent_get_client (agent));
  g_autoptr(QmpGuestExecResult) outcome = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_object_add_weak_pointer (G_OBJECT (agent), (gpointer *) &agent);
  qmp_client_set_command_check (client, drop_check, &handle, NULL);
  if (GPOINTER_TO_INT (data))
    outcome = qmp_guest_agent_exec (agent, argv, NULL, NULL, QMP_GUEST_EXEC_DEFAULT, QMP_TIMEOUT_NONE, NULL, &error);
  else
    {
      qmp_guest_agent_exec_async (agent, argv, NULL, NULL, QMP_GUEST_EXEC_DEFAULT, QMP_TIMEOUT_NONE, NULL,
                                  test_result_cb, &result);
      test_spin_until (result != NULL);
      outcome = qmp_guest_agent_exec_finish (agent, result, &error);
      g_clear_object (&result);
    }
  g_assert_no_error (error);
  g_assert_nonnull (outcome);
  g_assert_null (handle);
  test_spin_ready ();
  g_assert_null (agent);
  qmp_client_set_command_check (client, NULL, NULL, NULL);
  test_peer_close (peer, client);
}

/* Whoever checks commands may refuse one: the error is his. */
static gboolean
refuse_check (QmpClient   *client,
              QmpMessage  *command,
              gpointer     name,
              GError     **error)
{
  g_autofree char *asked = qmp_message_dup_string (command, "execute", NULL);

  if (g_strcmp0 (asked, name) != 0)
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "not that one");
  return FALSE;
}

static void
test_refused_inside (gconstpointer data)
{
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, STARTED);
  QmpClient *client = qmp_guest_agent_get_client (agent);
  g_autoptr(GError) error = NULL;

  qmp_client_set_command_check (client, refuse_check, (gpointer) "guest-exec", NULL);
  g_assert_null (run (agent, GPOINTER_TO_INT (data), &plain, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_clear_error (&error);
  qmp_client_set_command_check (client, refuse_check, (gpointer) "guest-exec-status", NULL);
  g_assert_null (run (agent, GPOINTER_TO_INT (data), &plain, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  test_agent_finish (peer, agent);
}

static gpointer
use_elsewhere (gpointer agent)
{
  g_autoptr(GError) error = NULL;

  g_test_expect_message ("Qmp", G_LOG_LEVEL_CRITICAL, "*another thread*");
  qmp_guest_agent_exec_async (agent, argv, NULL, NULL, QMP_GUEST_EXEC_DEFAULT, QMP_TIMEOUT_NONE, NULL,
                              test_not_reached_cb, NULL);
  g_test_assert_expected_messages ();
  g_test_expect_message ("Qmp", G_LOG_LEVEL_CRITICAL, "*another thread*");
  g_assert_null (qmp_guest_agent_exec (agent, argv, NULL, NULL, QMP_GUEST_EXEC_DEFAULT, QMP_TIMEOUT_NONE, NULL, &error));
  g_test_assert_expected_messages ();
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_THREAD);
  return NULL;
}

static void
test_thread (void)
{
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, PEER_EXPECT_EOF);

  g_thread_join (g_thread_new ("elsewhere", use_elsewhere, agent));
  test_agent_finish (peer, agent);
}

static void
add (const char        *path,
     GTestDataFunc      test)
{
  g_autofree char *background = g_strconcat (path, "/async", NULL);
  g_autofree char *blocking = g_strconcat (path, "/blocking", NULL);

  g_test_add_data_func (background, GINT_TO_POINTER (FALSE), test);
  g_test_add_data_func (blocking, GINT_TO_POINTER (TRUE), test);
}

int
main (int   argc,
      char *argv_[])
{
  g_test_init (&argc, &argv_, NULL);
  add ("/guest/exec/runs", test_runs);
  add ("/guest/exec/signal", test_signal);
  add ("/guest/exec/arguments", test_arguments);
  add ("/guest/exec/refused", test_refused);
  add ("/guest/exec/lost", test_lost);
  add ("/guest/exec/late", test_late);
  add ("/guest/exec/no-reply", test_no_reply);
  add ("/guest/exec/cancelled", test_cancelled);
  add ("/guest/exec/absurd", test_absurd);
  add ("/guest/exec/unsendable", test_unsendable);
  add ("/guest/exec/hang-up", test_hang_up);
  g_test_add_func ("/guest/exec/reopened", test_reopened);
  g_test_add_func ("/guest/exec/dropped", test_dropped);
  add ("/guest/exec/dropped-inside", test_dropped_inside);
  add ("/guest/exec/refused-inside", test_refused_inside);
  g_test_add_func ("/guest/exec/thread", test_thread);
  return g_test_run ();
}
