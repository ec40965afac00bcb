/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "agent/qmp-guest-operation-private.h"
#include "test-agent.h"

/* One operation alone: its steps, in the background and blocking. Nothing waits for a pause to pass: what is long is
 * cancelled, or out of time. */

#define HOUR (3600 * 1000)

typedef struct {
  QmpGuestOperation operation;
  const char       *script;       /* a letter for each step */
  guint            *n_cleared;
} Steps;

static QmpGuestStep
step (QmpGuestOperation  *operation,
      QmpMessage         *reply,
      GError            **error)
{
  Steps *self = (Steps *) operation;

  switch (*self->script++)
    {
    case 's':
      return qmp_guest_operation_send (operation, qmp_message_new_command ("step", NULL, NULL));
    case 'p':
      return qmp_guest_operation_pause (operation, HOUR);
    case '0':
      return qmp_guest_operation_pause (operation, 0);
    case 'd':
      return qmp_guest_operation_done (operation, g_strdup (reply != NULL ? "replied" : "done"), g_free);
    default:
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "as told");
      return QMP_GUEST_STEP_FAILED;
    }
}

static void
clear (QmpGuestOperation *operation)
{
  (*((Steps *) operation)->n_cleared)++;
}

static const QmpGuestOperationFuncs funcs = { step, NULL, clear };

static char *
run (QmpGuestAgent  *agent,
     gconstpointer   blocking,
     const char     *script,
     int             timeout,
     GCancellable   *cancellable,
     GError        **error)
{
  Steps *self = g_new0 (Steps, 1);
  guint n_cleared = 0;
  g_autoptr(GAsyncResult) result = NULL;
  char *value;

  qmp_guest_operation_init (&self->operation, &funcs, agent, timeout);
  self->script = script;
  self->n_cleared = &n_cleared;
  if (GPOINTER_TO_INT (blocking))
    value = qmp_guest_operation_run (&self->operation, cancellable, error);
  else
    {
      qmp_guest_operation_start (&self->operation, cancellable, test_result_cb, &result, run);
      test_spin_until (result != NULL);
      g_assert_true (g_async_result_is_tagged (result, run));
      value = g_task_propagate_pointer (G_TASK (result), error);
    }
  g_assert_cmpuint (n_cleared, ==, 1);
  return value;
}

static void
test_steps (gconstpointer blocking)
{
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, PEER_EXPECT ("step"), PEER_REPLY ("1"), PEER_EXPECT ("step"),
                                           PEER_REPLY ("2"));
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  g_autoptr(GError) error = NULL;

  first = run (agent, blocking, "s0sd", QMP_TIMEOUT_NONE, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (first, ==, "replied");
  second = run (agent, blocking, "d", QMP_TIMEOUT_NONE, NULL, &error);
  g_assert_cmpstr (second, ==, "done");
  g_assert_null (run (agent, blocking, "0f", QMP_TIMEOUT_NONE, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
  test_agent_finish (peer, agent);
}

static gpointer
cancel (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return NULL;
}

/* A pause is over when it is cancelled, by whomever, and when the time of the whole is over. */
static void
test_pause (gconstpointer blocking)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, PEER_EXPECT_EOF);
  GThread *thread = g_thread_new ("cancel", cancel, cancellable);
  g_autoptr(GError) error = NULL;

  g_assert_null (run (agent, blocking, "pf", QMP_TIMEOUT_NONE, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_thread_join (thread);
  g_assert_null (run (agent, blocking, "pd", QMP_TIMEOUT_NONE, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_null (run (agent, blocking, "ps", 20, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  test_agent_finish (peer, agent);
}

static gboolean
cancel_idle (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return G_SOURCE_REMOVE;
}

/* In the middle of a pause, from the same thread. */
static void
test_pause_cancelled (void)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, PEER_EXPECT_EOF);
  g_autoptr(GError) error = NULL;

  g_idle_add (cancel_idle, cancellable);
  g_assert_null (run (agent, GINT_TO_POINTER (FALSE), "pf", QMP_TIMEOUT_NONE, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_agent_finish (peer, agent);
}

/* What has no time at all is not begun. */
static void
test_no_time (gconstpointer blocking)
{
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, PEER_EXPECT_EOF);
  g_autoptr(GError) error = NULL;

  g_assert_null (run (agent, blocking, "sd", 0, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  test_agent_finish (peer, agent);
}

static void
add (const char    *path,
     GTestDataFunc  test)
{
  g_autofree char *background = g_strconcat (path, "/async", NULL);
  g_autofree char *blocking = g_strconcat (path, "/blocking", NULL);

  g_test_add_data_func (background, GINT_TO_POINTER (FALSE), test);
  g_test_add_data_func (blocking, GINT_TO_POINTER (TRUE), test);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  add ("/guest/operation/steps", test_steps);
  add ("/guest/operation/pause", test_pause);
  g_test_add_func ("/guest/operation/pause/cancelled", test_pause_cancelled);
  add ("/guest/operation/no-time", test_no_time);
  return g_test_run ();
}
