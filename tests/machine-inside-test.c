/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <signal.h>
#include <string.h>

#include "qmp-enums.h"
#include "test-machine.h"
#include "test-peer.h"

/* What user code does within a machine's operations, from filters and handlers. */

#define PEER_READ(status) \
  PEER_EXPECT ("query-status"), PEER_EXPECT ("query-name"), PEER_EXPECT ("query-uuid"), PEER_EXPECT ("query-jobs"), \
  PEER_EXPECT ("migrate-set-capabilities"), PEER_EXPECT ("query-migrate"), \
  PEER_REPLY ("{\"status\": \"" status "\", \"running\": true}"), PEER_REPLY ("{}"), PEER_REPLY ("{}"), \
  PEER_REPLY ("[]"), PEER_REPLY ("{}"), PEER_REPLY ("{}")

static QmpEventListener *
add_filter (QmpClient          *client,
            QmpEventFilterFunc  filter,
            gpointer            user_data)
{
  g_autoptr(QmpEventMatch) match = qmp_event_match_new (NULL);
  QmpEventListener *listener;

  qmp_event_match_set_filter (match, filter, user_data, NULL);
  listener = qmp_event_listener_new_for_match (match);
  qmp_client_add_listener (client, listener);
  return listener;
}

/* --- what is made in a filter --- */

typedef struct {
  QmpClient     *client;
  QmpMachine    *vm;
  QmpGuestAgent *agent;
} Born;

static gboolean
make_in_filter (QmpEvent *event,
                gpointer  user_data)
{
  Born *born = user_data;

  if (born->vm != NULL)
    return FALSE;
  born->vm = qmp_machine_new (born->client);
  born->agent = qmp_guest_agent_new (born->client);
  return FALSE;
}

static gpointer
drop_elsewhere (gpointer object)
{
  g_object_unref (object);
  return NULL;
}

static void
set_gone (gpointer  gone,
          GObject  *object)
{
  *(gboolean *) gone = TRUE;
}

/* A blocking call with a cancellable has its I/O in a context of its own. What a filter makes meanwhile lives in the program's. */
static void
test_made_inside (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, PEER_EXPECT ("query-block"),
                                    PEER_EVENT ("DEVICE_TRAY_MOVED"), PEER_REPLY ("[]"), PEER_WAIT,
                                    PEER_EVENT ("STOP"), PEER_EXPECT ("query-status"),
                                    PEER_REPLY ("{\"status\": \"paused\"}"), PEER_TELL);
  QmpClient *client = qmp_client_new (NULL);
  Born born = { client };
  g_autoptr(QmpEventListener) listener = add_filter (client, make_in_filter, &born);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GError) error = NULL;
  gboolean gone = FALSE;
  GString *log;

  g_assert_true (qmp_client_open (client, test_peer_get_address (peer), NULL, &error));
  json_node_unref (qmp_client_execute (client, "query-block", NULL, cancellable, &error));
  g_assert_no_error (error);
  g_assert_nonnull (born.vm);
  log = test_machine_log (born.vm);
  test_peer_signal (peer);
  test_spin_until (test_peer_get_told (peer) == 1 && qmp_client_get_n_pending (client) == 0);
  test_assert_log (log, "paused");
  g_object_weak_ref (G_OBJECT (born.agent), set_gone, &gone);
  g_thread_join (g_thread_new ("elsewhere", drop_elsewhere, born.agent));
  test_spin_until (gone);
  g_assert_true (qmp_client_close (client, NULL, NULL));
  test_peer_finish (peer);
  test_machine_free (born.vm);
  qmp_client_remove_listener (client, listener);
  test_client_free (client);
  g_string_free (log, TRUE);
}

/* --- what is disposed of --- */

/* One that greets, negotiates, answers nothing, and tells of an event. */
static const char telling_script[] =
  "exec <&3\n"
  "id () { dd bs=4096 count=1 2>/dev/null | sed 's/.*\"id\": *\\([^,}]*\\).*/\\1/'; }\n"
  "echo '{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 0, \"minor\": 2, \"major\": 9}, \"package\": \"\"},"
  " \"capabilities\": []}}' >&3\n"
  "echo \"{\\\"return\\\": {}, \\\"id\\\": $(id)}\" >&3\n"
  "id > /dev/null\n"
  "echo '{\"event\": \"STOP\", \"timestamp\": {\"seconds\": 1, \"microseconds\": 1}}' >&3\n"
  "exec cat\n";

static gboolean
dispose_in_filter (QmpEvent *event,
                   gpointer  vm)
{
  g_object_run_dispose (vm);
  return FALSE;
}

/* In the middle of a blocking launch: that fails in words, and leaves no process. */
static void
test_disposed_in_launch (void)
{
  const char *argv[] = { "sh", "-c", telling_script, NULL };
  g_autoptr(QmpLauncher) launcher = qmp_launcher_new (argv);
  QmpMachine *vm = qmp_machine_new (NULL);
  QmpClient *client = g_object_ref (qmp_machine_get_client (vm));
  g_autoptr(QmpEventListener) listener = add_filter (client, dispose_in_filter, vm);
  g_autoptr(GError) error = NULL;

  g_assert_false (qmp_machine_launch (vm, launcher, NULL, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_LAUNCH);
  test_assert_error_has (error, "disposed of");
  qmp_client_remove_listener (client, listener);
  test_machine_free (vm);
  test_spin_until (test_has_no_children ());
  test_client_free (client);
}

/* In the middle of waiting for its end, where its process is watched elsewhere. */
static void
test_disposed_in_wait (void)
{
  QmpMachine *vm = test_machine_new (test_launcher_new ());
  QmpClient *client = g_object_ref (qmp_machine_get_client (vm));
  g_autoptr(QmpEventListener) listener = add_filter (client, dispose_in_filter, vm);
  g_autoptr(GError) error = NULL;

  qmp_client_execute_async (client, "stop", NULL, NULL, NULL, NULL);
  g_assert_null (qmp_machine_wait_ended (vm, NULL, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_ENDED);
  qmp_client_remove_listener (client, listener);
  test_spin_until (test_has_no_children ());
  test_spin_until (qmp_client_get_runstate (client) == QMP_RUNSTATE_IDLE);
  test_machine_free (vm);
  test_client_free (client);
}

/* --- what nobody has --- */

static void
ended_cb (QmpMachine *vm,
          QmpOutcome *outcome,
          gboolean   *ended)
{
  *ended = TRUE;
}

/* The process is seen to have ended before its link, and only the run has held the machine: that tells of its end anyway. */
static void
test_link_ends_last (void)
{
  const char *argv[] = {
    "sh", "-c", "qemu-system-x86_64 \"$@\" & exec sleep 1000", "sh",
    "-machine", "none", "-nodefaults", "-display", "none", NULL
  };
  QmpMachine *vm = test_machine_new (qmp_launcher_new (argv));
  QmpClient *client = g_object_ref (qmp_machine_get_client (vm));
  gboolean ended = FALSE;
  gboolean gone = FALSE;

  g_signal_connect (vm, "ended", G_CALLBACK (ended_cb), &ended);
  g_object_weak_ref (G_OBJECT (vm), set_gone, &gone);
  kill (qmp_machine_get_pid (vm), SIGKILL);
  g_object_unref (vm);
  test_spin_until (test_has_no_children ());
  qmp_client_close_async (client, NULL, NULL, NULL);
  test_spin_until (gone);
  g_assert_true (ended);
  test_client_free (client);
}

/* --- one opening and another --- */

static void
launch_cb (QmpClient  *client,
           GParamSpec *pspec,
           gpointer    user_data)
{
  const char *argv[] = { "true", NULL };
  g_autoptr(QmpLauncher) launcher = qmp_launcher_new (argv);
  QmpMachine *vm = g_object_get_data (G_OBJECT (client), "vm");

  if (qmp_client_get_runstate (client) == QMP_RUNSTATE_IDLE)
    qmp_machine_launch_async (vm, launcher, NULL, test_result_cb, user_data);
}

/* The second one fails at once, and the first is under way still: nothing can be launched until its callback. */
static void
test_opened_twice (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_ACCEPT, PEER_WAIT, PEER_CLOSE);
  QmpMachine *vm = qmp_machine_new (NULL);
  QmpClient *client = qmp_machine_get_client (vm);
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;
  g_autoptr(GAsyncResult) launched = NULL;
  g_autoptr(GError) error = NULL;

  g_object_set_data (G_OBJECT (client), "vm", vm);
  qmp_machine_open_async (vm, test_peer_get_address (peer), NULL, test_result_cb, &first);
  qmp_machine_open_async (vm, test_peer_get_address (peer), NULL, test_result_cb, &second);
  test_spin_until (second != NULL);
  g_assert_false (qmp_machine_open_finish (vm, second, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  g_clear_error (&error);
  g_signal_connect (client, "notify::runstate", G_CALLBACK (launch_cb), &launched);
  test_peer_signal (peer);
  test_spin_until (first != NULL && launched != NULL);
  g_assert_false (qmp_machine_open_finish (vm, first, NULL));
  g_assert_false (qmp_machine_launch_finish (vm, launched, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  test_peer_finish (peer);
  g_clear_object (&first);
  g_clear_object (&second);
  g_clear_object (&launched);
  test_machine_free (vm);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  test_warm_up ();

  g_test_add_func ("/machine-inside/made-inside", test_made_inside);
  g_test_add_func ("/machine-inside/disposed/in-launch", test_disposed_in_launch);
  g_test_add_func ("/machine-inside/disposed/in-wait", test_disposed_in_wait);
  g_test_add_func ("/machine-inside/link-ends-last", test_link_ends_last);
  g_test_add_func ("/machine-inside/opened-twice", test_opened_twice);

  return g_test_run ();
}
