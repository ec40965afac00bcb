/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-agent.h"

/* Freezing and thawing, played by a scripted agent: a guest does not stay frozen because a program forgets it, gives up, or
 * loses the link. */

#define FREEZE AGENT_EXPECT ("{'execute': 'guest-fsfreeze-freeze'}")
#define THAW AGENT_EXPECT ("{'execute': 'guest-fsfreeze-thaw'}")
#define FROZEN FREEZE, AGENT_REPLY ("2")
#define THAWED(count) THAW, AGENT_REPLY (count)

static const char * const two[] = { "/", "/home", NULL };

static gint64
freeze (QmpGuestAgent       *agent,
        gconstpointer        blocking,
        const char * const  *mountpoints,
        int                  lease,
        GCancellable        *cancellable,
        GError             **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  if (GPOINTER_TO_INT (blocking))
    return qmp_guest_agent_freeze (agent, mountpoints, lease, cancellable, error);
  qmp_guest_agent_freeze_async (agent, mountpoints, lease, cancellable, test_result_cb, &result);
  test_spin_until (result != NULL);
  return qmp_guest_agent_freeze_finish (agent, result, error);
}

static gint64
thaw (QmpGuestAgent  *agent,
      gconstpointer   blocking,
      GError        **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  if (GPOINTER_TO_INT (blocking))
    return qmp_guest_agent_thaw (agent, NULL, error);
  qmp_guest_agent_thaw_async (agent, NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  return qmp_guest_agent_thaw_finish (agent, result, error);
}

static void
assert_frozen (QmpGuestAgent *agent,
               gconstpointer  blocking,
               int            lease)
{
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (freeze (agent, blocking, NULL, lease, NULL, &error), ==, 2);
  g_assert_no_error (error);
}

static void
assert_thaw_fails (QmpGuestAgent *agent,
                   gconstpointer  blocking)
{
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (thaw (agent, blocking, &error), ==, -1);
  g_assert_error (error, QMP_GUEST_AGENT_ERROR, QMP_GUEST_AGENT_ERROR_THAWED);
}

/* Until the peer has told so often, and everything has its answer. */
static void
settle (TestPeer      *peer,
        QmpGuestAgent *agent,
        guint          told)
{
  test_spin_until (test_peer_get_told (peer) == told &&
                   qmp_client_get_n_pending (qmp_guest_agent_get_client (agent)) == 0);
  test_spin_ready ();
}

static void
test_thawed (gconstpointer blocking)
{
  TestPeer *peer;
  QmpGuestAgent *agent =
    test_agent_start (&peer, FROZEN, THAWED ("2"),
                      AGENT_EXPECT ("{'execute': 'guest-fsfreeze-freeze-list', 'arguments': {'mountpoints': ['/', '/home']}}"),
                      AGENT_REPLY ("2"), THAWED ("5"), THAWED ("0"));
  g_autoptr(GError) error = NULL;

  assert_frozen (agent, blocking, QMP_TIMEOUT_NONE);
  g_assert_cmpint (thaw (agent, blocking, &error), ==, 2);
  g_assert_no_error (error);
  g_assert_cmpint (freeze (agent, blocking, two, 3600 * 1000, NULL, &error), ==, 2);
  g_assert_no_error (error);
  g_assert_cmpint (thaw (agent, blocking, &error), ==, 5);
  g_assert_no_error (error);
  /* Somebody else may have left it frozen, or not. */
  g_assert_cmpint (thaw (agent, blocking, &error), ==, 0);
  g_assert_no_error (error);
  test_agent_finish (peer, agent);
}

/* The program learns that what it has copied meanwhile is worth nothing; the next time is a new one. */
static void
test_lapsed (gconstpointer blocking)
{
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, FROZEN, THAWED ("2"), PEER_TELL, THAWED ("0"), FROZEN, THAWED ("2"));
  g_autoptr(GError) error = NULL;

  assert_frozen (agent, blocking, 1);
  settle (peer, agent, 1);
  assert_thaw_fails (agent, blocking);
  assert_frozen (agent, blocking, QMP_TIMEOUT_NONE);
  g_assert_cmpint (thaw (agent, blocking, &error), ==, 2);
  g_assert_no_error (error);
  test_agent_finish (peer, agent);
}

static void
test_thawed_by_others (gconstpointer blocking)
{
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, FROZEN, THAWED ("0"));

  assert_frozen (agent, blocking, QMP_TIMEOUT_NONE);
  assert_thaw_fails (agent, blocking);
  test_agent_finish (peer, agent);
}

/* What the agent refuses has frozen nothing. */
static void
test_refused (gconstpointer blocking)
{
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, FREEZE, PEER_ERROR ("GenericError", "frozen already"),
                                           FROZEN, THAW, PEER_ERROR ("GenericError", "no"), THAWED ("2"));
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (freeze (agent, blocking, NULL, 1, NULL, &error), ==, -1);
  g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC);
  g_clear_error (&error);
  assert_frozen (agent, blocking, QMP_TIMEOUT_NONE);
  g_assert_cmpint (thaw (agent, blocking, &error), ==, -1);
  g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC);
  g_clear_error (&error);
  g_assert_cmpint (thaw (agent, blocking, &error), ==, 2);
  test_agent_finish (peer, agent);
}

static gpointer
drop (gpointer agent)
{
  g_object_unref (agent);
  return NULL;
}

/* By the program, or by a collector in another thread. */
static void
test_dropped (gconstpointer elsewhere)
{
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, FROZEN, THAWED ("2"), PEER_TELL);
  QmpClient *client = g_object_ref (qmp_guest_agent_get_client (agent));

  assert_frozen (agent, NULL, QMP_TIMEOUT_NONE);
  test_spin_ready ();
  if (GPOINTER_TO_INT (elsewhere))
    g_thread_join (g_thread_new ("elsewhere", drop, agent));
  else
    drop (agent);
  test_spin_until (test_peer_get_told (peer) == 1 && qmp_client_get_n_pending (client) == 0);
  test_peer_close (peer, client);
}

static gboolean
cancel (TestPeer *peer,
        gpointer  cancellable)
{
  g_cancellable_cancel (cancellable);
  return TRUE;
}

/* The caller is told at once; the agent freezes after all, and is told to thaw. */
static void
test_cancelled (void)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, FREEZE, PEER_CALL (cancel, cancellable), PEER_WAIT, AGENT_REPLY ("2"),
                                           THAWED ("2"), PEER_TELL, THAWED ("0"));
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (freeze (agent, NULL, NULL, QMP_TIMEOUT_NONE, cancellable, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  test_peer_signal (peer);
  settle (peer, agent, 1);
  g_assert_cmpint (thaw (agent, NULL, &error), ==, 0);
  g_assert_no_error (error);
  test_agent_finish (peer, agent);
}

static void
test_cancelled_blocking (void)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, FREEZE, PEER_CALL (cancel, cancellable), AGENT_FORGET, AGENT_SYNC,
                                           THAWED ("2"), PEER_TELL);
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (qmp_guest_agent_freeze (agent, NULL, QMP_TIMEOUT_NONE, cancellable, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  settle (peer, agent, 1);
  test_agent_finish (peer, agent);
}

/* No answer, or one that says nothing. */
static void
test_unclear (gconstpointer blocking)
{
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, FREEZE, AGENT_REPLY ("'two'"), THAWED ("2"), PEER_TELL,
                                           FREEZE, AGENT_FORGET, AGENT_SYNC, THAWED ("2"), PEER_TELL);
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (freeze (agent, blocking, NULL, QMP_TIMEOUT_NONE, NULL, &error), ==, -1);
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE);
  g_clear_error (&error);
  settle (peer, agent, 1);
  qmp_client_set_timeout (qmp_guest_agent_get_client (agent), 1000);
  g_assert_cmpint (freeze (agent, blocking, NULL, QMP_TIMEOUT_NONE, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  qmp_client_set_timeout (qmp_guest_agent_get_client (agent), QMP_TIMEOUT_NONE);
  settle (peer, agent, 2);
  test_agent_finish (peer, agent);
}

static void
open_again (TestPeer      *peer,
            QmpGuestAgent *agent)
{
  QmpClient *client = qmp_guest_agent_get_client (agent);
  g_autoptr(GError) error = NULL;

  test_spin_until (qmp_client_get_runstate (client) == QMP_RUNSTATE_IDLE);
  test_open (client, test_peer_get_address (peer), &error);
  g_assert_no_error (error);
}

/* What cannot be thawed without a link is as soon as there is one again. */
static void
test_hang_up (gconstpointer blocking)
{
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, FREEZE, PEER_CLOSE, AGENT_SYNC, THAWED ("2"), PEER_TELL, THAWED ("0"));
  g_autoptr(GError) error = NULL;

  g_assert_cmpint (freeze (agent, blocking, NULL, QMP_TIMEOUT_NONE, NULL, &error), ==, -1);
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
  g_clear_error (&error);
  open_again (peer, agent);
  settle (peer, agent, 1);
  g_assert_cmpint (thaw (agent, blocking, &error), ==, 0);
  g_assert_no_error (error);
  test_agent_finish (peer, agent);
}

static void
test_hang_up_when_over (gconstpointer blocking)
{
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, FROZEN, THAW, PEER_CLOSE, AGENT_SYNC, THAWED ("2"), PEER_TELL, THAWED ("0"));

  assert_frozen (agent, blocking, 1);
  open_again (peer, agent);
  settle (peer, agent, 1);
  assert_thaw_fails (agent, blocking);
  test_agent_finish (peer, agent);
}

/* An agent that does not answer is told again. */
static void
test_tried_again (void)
{
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, FROZEN, THAW, AGENT_FORGET, AGENT_SYNC, THAWED ("2"), PEER_TELL,
                                           THAWED ("0"));

  assert_frozen (agent, NULL, 1);
  qmp_client_set_timeout (qmp_guest_agent_get_client (agent), 500);
  settle (peer, agent, 1);
  qmp_client_set_timeout (qmp_guest_agent_get_client (agent), QMP_TIMEOUT_NONE);
  assert_thaw_fails (agent, NULL);
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
  add ("/guest/freeze/thawed", test_thawed);
  add ("/guest/freeze/lapsed", test_lapsed);
  add ("/guest/freeze/thawed-by-others", test_thawed_by_others);
  add ("/guest/freeze/refused", test_refused);
  g_test_add_data_func ("/guest/freeze/dropped/here", GINT_TO_POINTER (FALSE), test_dropped);
  g_test_add_data_func ("/guest/freeze/dropped/elsewhere", GINT_TO_POINTER (TRUE), test_dropped);
  g_test_add_func ("/guest/freeze/cancelled/async", test_cancelled);
  g_test_add_func ("/guest/freeze/cancelled/blocking", test_cancelled_blocking);
  add ("/guest/freeze/unclear", test_unclear);
  add ("/guest/freeze/hang-up", test_hang_up);
  add ("/guest/freeze/hang-up-when-over", test_hang_up_when_over);
  g_test_add_func ("/guest/freeze/tried-again", test_tried_again);
  return g_test_run ();
}
