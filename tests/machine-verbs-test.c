/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <signal.h>
#include <string.h>

#include "qmp-enums.h"
#include "test-machine.h"
#include "test-peer.h"

/* What is done with a machine, with real QEMU in each form, and with a peer in an odd order. */

typedef void     (* Start)  (QmpMachine          *vm,
                             GCancellable        *cancellable,
                             GAsyncReadyCallback  callback,
                             gpointer             user_data);
typedef gboolean (* Finish) (QmpMachine          *vm,
                             GAsyncResult        *result,
                             GError             **error);
typedef gboolean (* Block)  (QmpMachine          *vm,
                             GCancellable        *cancellable,
                             GError             **error);
typedef struct {
  Start  start;
  Finish finish;
  Block  block;
} Verb;

#define VERB(name) \
  static const Verb do_##name = { qmp_machine_##name##_async, qmp_machine_##name##_finish, qmp_machine_##name }

VERB (pause);
VERB (resume);
VERB (reset);
VERB (power_down);
VERB (wake_up);
VERB (quit);
VERB (kill);

static gboolean blocking;

static gboolean
run (QmpMachine  *vm,
     const Verb  *verb,
     GError     **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  if (blocking)
    return verb->block (vm, NULL, error);
  verb->start (vm, NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  return verb->finish (vm, result, error);
}

/* The status right afterwards, without a turn of the main loop. */
#define assert_brings(vm, verb, expected)                                      \
  G_STMT_START {                                                               \
    g_autoptr(GError) verb_error = NULL;                                       \
    g_assert_true (run (vm, &verb, &verb_error));                              \
    g_assert_no_error (verb_error);                                            \
    g_assert_cmpstr (qmp_machine_get_status_name (vm), ==, expected);          \
  } G_STMT_END

#define assert_refused(vm, verb, part)                                         \
  G_STMT_START {                                                               \
    g_autoptr(GError) verb_error = NULL;                                       \
    g_assert_false (run (vm, &verb, &verb_error));                             \
    g_assert_error (verb_error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC); \
    test_assert_error_has (verb_error, part);                                  \
  } G_STMT_END

/* What a test is given. */
#define BLOCKING (1 << 0)
#define MOCK     (1 << 1)

/* The preset of a mock, as after a launch that is paused. */
static QmpMachine *
new_of_mock (QmpMock *mock)
{
  g_autoptr(QmpMachine) first = qmp_machine_new (NULL);
  g_autoptr(GError) error = NULL;
  QmpMachine *vm = qmp_machine_new (NULL);

  qmp_mock_listen (mock, NULL, &error);
  g_assert_no_error (error);
  if (qmp_machine_open (first, qmp_mock_get_address (mock), NULL, &error) && qmp_machine_pause (first, NULL, &error))
    qmp_machine_reset (first, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (qmp_client_close (qmp_machine_get_client (first), NULL, NULL));
  qmp_machine_open (vm, qmp_mock_get_address (mock), NULL, &error);
  g_assert_no_error (error);
  return vm;
}

/* The rows of docs/machines.md that a machine without a guest can show: of QEMU, and of a mock. */
static void
test_status (gconstpointer data)
{
  g_autoptr(QmpMock) mock = qmp_mock_new (QMP_MOCK_PRESET_MACHINE);
  QmpMachine *vm;

  blocking = GPOINTER_TO_UINT (data) & BLOCKING;
  vm = GPOINTER_TO_UINT (data) & MOCK ? new_of_mock (mock) : test_machine_new (test_launcher_new_pc ("-S"));
  g_assert_cmpstr (qmp_machine_get_status_name (vm), ==, "prelaunch");
  assert_brings (vm, do_pause, "prelaunch");
  assert_brings (vm, do_resume, "running");
  assert_brings (vm, do_resume, "running");
  g_assert_null (qmp_machine_get_pause_event (vm));
  assert_brings (vm, do_pause, "paused");
  g_assert_cmpstr (qmp_event_get_name (qmp_machine_get_pause_event (vm)), ==, "STOP");
  assert_brings (vm, do_pause, "paused");
  assert_brings (vm, do_reset, "prelaunch");
  assert_brings (vm, do_resume, "running");
  assert_brings (vm, do_reset, "running");
  assert_brings (vm, do_power_down, "running");
  assert_refused (vm, do_wake_up, "suspended");
  test_machine_quit (vm);
}

/* Writes to a port of the machine, as its guest would. */
static void
write_port (QmpMachine *vm,
            const char *port_and_value)
{
  g_autofree char *text = g_strdup_printf ("{\"execute\": \"human-monitor-command\", \"arguments\": "
                                           "{\"command-line\": \"o/w %s\"}}", port_and_value);
  g_autoptr(QmpMessage) message = test_message (text);
  g_autoptr(GError) error = NULL;

  json_node_unref (qmp_client_execute_message (qmp_machine_get_client (vm), message, NULL, &error));
  g_assert_no_error (error);
}

/* Where ACPI has its registers. */
static void
find_acpi (QmpMachine *vm)
{
  g_autoptr(QmpMessage) message = test_message ("{\"execute\": \"human-monitor-command\", \"arguments\": "
                                                "{\"command-line\": \"info mtree\"}}");
  g_autoptr(JsonNode) tree = NULL;
  g_autoptr(GError) error = NULL;

  do
    {
      g_clear_pointer (&tree, json_node_unref);
      tree = qmp_client_execute_message (qmp_machine_get_client (vm), message, NULL, &error);
      g_assert_no_error (error);
    }
  while (!test_tree_has_acpi (json_node_get_string (tree)));
}

static void
test_suspended (gconstpointer data)
{
  QmpMachine *vm;

  blocking = GPOINTER_TO_INT (data);
  vm = test_machine_new (test_launcher_new_pc ());
  find_acpi (vm);
  write_port (vm, "0x604 0x2400");
  test_spin_until (qmp_machine_get_status (vm) == QMP_MACHINE_STATUS_SUSPENDED);
  g_assert_false (qmp_machine_get_running (vm));
  assert_brings (vm, do_wake_up, "running");
  test_machine_quit (vm);
}

/* -no-shutdown: it is turned off, and there. */
static void
test_turned_off (gconstpointer data)
{
  QmpMachine *vm;

  blocking = GPOINTER_TO_INT (data);
  vm = test_machine_new (test_launcher_new_pc ("-no-shutdown"));
  find_acpi (vm);
  write_port (vm, "0x604 0x2000");
  test_spin_until (qmp_machine_get_status (vm) == QMP_MACHINE_STATUS_SHUTDOWN);
  g_assert_cmpstr (qmp_event_get_name (qmp_machine_get_pause_event (vm)), ==, "SHUTDOWN");
  g_assert_true (qmp_machine_get_connected (vm));
  assert_refused (vm, do_resume, "Resetting the Virtual Machine is required");
  assert_brings (vm, do_reset, "prelaunch");
  assert_brings (vm, do_resume, "running");
  test_machine_quit (vm);
}

static void
test_guest_turns_off (void)
{
  QmpMachine *vm = test_machine_new (test_launcher_new_pc ());
  g_autoptr(QmpOutcome) outcome = NULL;

  find_acpi (vm);
  write_port (vm, "0x604 0x2000");
  outcome = test_wait_ended (vm);
  g_assert_cmpint (qmp_outcome_get_reason (outcome), ==, QMP_OUTCOME_REASON_GUEST_SHUTDOWN);
  g_assert_true (qmp_outcome_get_by_guest (outcome));
  g_assert_false (qmp_outcome_get_by_us (outcome));
  g_assert_true (qmp_outcome_get_clean (outcome));
  test_machine_free (vm);
}

static void
test_quit (gconstpointer data)
{
  g_autoptr(QmpMock) mock = qmp_mock_new (QMP_MOCK_PRESET_MACHINE);
  QmpMachine *vm;
  g_autoptr(QmpOutcome) outcome = NULL;
  g_autoptr(GError) error = NULL;

  blocking = GPOINTER_TO_UINT (data) & BLOCKING;
  vm = GPOINTER_TO_UINT (data) & MOCK ? new_of_mock (mock) : test_machine_new (test_launcher_new ());
  g_assert_true (run (vm, &do_quit, &error));
  g_assert_no_error (error);
  outcome = blocking ? qmp_machine_wait_ended (vm, NULL, &error) : test_wait_ended (vm);
  g_assert_true (qmp_outcome_get_by_us (outcome));
  g_assert_cmpint (qmp_outcome_get_reason (outcome), ==, QMP_OUTCOME_REASON_HOST_QMP_QUIT);
  g_assert_true (qmp_outcome_get_clean (outcome));
  test_machine_free (vm);
}

static void
test_kill (gconstpointer data)
{
  QmpMachine *vm;
  g_autoptr(GError) error = NULL;

  blocking = GPOINTER_TO_INT (data);
  vm = test_machine_new (test_launcher_new ());
  /* Also one that does nothing any more. */
  g_assert_cmpint (kill (qmp_machine_get_pid (vm), SIGSTOP), ==, 0);
  g_assert_true (run (vm, &do_kill, &error));
  g_assert_no_error (error);
  g_assert_cmpint (qmp_outcome_get_signal (qmp_machine_get_outcome (vm)), ==, SIGKILL);
  g_assert_true (qmp_outcome_get_by_us (qmp_machine_get_outcome (vm)));
  g_assert_cmpint (qmp_outcome_get_stage (qmp_machine_get_outcome (vm)), ==, QMP_SHUT_DOWN_STAGE_KILLING);
  test_assert_no_children ();
  test_machine_free (vm);
}

static void
test_nothing_runs (gconstpointer data)
{
  QmpMachine *vm = qmp_machine_new (NULL);
  const Verb verbs[] = { do_pause, do_resume, do_reset, do_power_down, do_wake_up, do_quit, do_kill };

  blocking = GPOINTER_TO_INT (data);
  for (gsize i = 0; i < G_N_ELEMENTS (verbs); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_false (run (vm, &verbs[i], &error));
      g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_ENDED);
      test_assert_error_has (error, "No machine runs here");
    }
  test_machine_free (vm);
}

/* --- a peer --- */

#define PEER_READ(status) \
  PEER_EXPECT ("query-status"), PEER_EXPECT ("query-name"), PEER_EXPECT ("query-uuid"), PEER_EXPECT ("query-jobs"), \
  PEER_EXPECT ("migrate-set-capabilities"), PEER_EXPECT ("query-migrate"), \
  PEER_REPLY ("{\"status\": \"" status "\", \"running\": true}"), PEER_REPLY ("{}"), PEER_REPLY ("{}"), \
  PEER_REPLY ("[]"), PEER_REPLY ("{}"), PEER_REPLY ("{}")

static QmpMachine *
open_new (TestPeer *peer)
{
  QmpMachine *vm = qmp_machine_new (NULL);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  qmp_machine_open_async (vm, test_peer_get_address (peer), NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  qmp_machine_open_finish (vm, result, &error);
  g_assert_no_error (error);
  return vm;
}

static void
close_vm (QmpMachine *vm,
          TestPeer   *peer)
{
  if (qmp_client_get_runstate (qmp_machine_get_client (vm)) == QMP_RUNSTATE_RUNNING)
    g_assert_true (qmp_client_close (qmp_machine_get_client (vm), NULL, NULL));
  test_peer_finish (peer);
  test_machine_free (vm);
}

/* Both are written before either is answered. */
static void
test_together (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, PEER_READ ("running"),
                                    PEER_EXPECT ("stop"), PEER_EXPECT ("query-status"),
                                    PEER_EVENT ("STOP"), PEER_REPLY ("{}"), PEER_REPLY ("{\"status\": \"paused\"}"));
  QmpMachine *vm = open_new (peer);

  blocking = FALSE;
  assert_brings (vm, do_pause, "paused");
  close_vm (vm, peer);
}

/* Somebody resumes it right behind: the answer, which is older, is not taken. */
static void
test_overtaken (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, PEER_READ ("running"),
                                    PEER_EXPECT ("stop"), PEER_EXPECT ("query-status"),
                                    PEER_SEND_FOR (PEER_EVENT_TEXT ("STOP") "{\"return\": {}, \"id\": @}"),
                                    PEER_SEND_FOR ("{\"return\": {\"status\": \"paused\"}, \"id\": @}"
                                                   PEER_EVENT_TEXT ("RESUME")),
                                    PEER_EXPECT ("query-status"), PEER_REPLY ("{\"status\": \"running\"}"));
  QmpMachine *vm = open_new (peer);
  g_autoptr(GError) error = NULL;

  blocking = FALSE;
  g_assert_true (run (vm, &do_pause, &error));
  test_spin_until (qmp_machine_get_running (vm) && qmp_client_get_n_pending (qmp_machine_get_client (vm)) == 0);
  close_vm (vm, peer);
}

static void
test_no_reply_to_quit (gconstpointer data)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, PEER_READ ("running"), PEER_EXPECT ("quit"),
                                    PEER_EVENT_DATA ("SHUTDOWN", "{\"guest\": false, \"reason\": \"host-qmp-quit\"}"),
                                    PEER_CLOSE);
  QmpMachine *vm = open_new (peer);
  g_autoptr(QmpOutcome) outcome = NULL;
  g_autoptr(GError) error = NULL;

  blocking = GPOINTER_TO_INT (data);
  g_assert_true (run (vm, &do_quit, &error));
  g_assert_no_error (error);
  outcome = test_wait_ended (vm);
  g_assert_true (qmp_outcome_get_by_us (outcome));
  close_vm (vm, peer);
}

static void
test_refused_to_quit (gconstpointer data)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, PEER_READ ("running"), PEER_EXPECT ("quit"),
                                    PEER_ERROR ("GenericError", "not today"), PEER_WAIT,
                                    PEER_EVENT_DATA ("SHUTDOWN", "{\"guest\": true, \"reason\": \"guest-shutdown\"}"),
                                    PEER_CLOSE);
  QmpMachine *vm = open_new (peer);
  g_autoptr(QmpOutcome) outcome = NULL;

  blocking = GPOINTER_TO_INT (data);
  assert_refused (vm, do_quit, "not today");
  test_peer_signal (peer);
  outcome = test_wait_ended (vm);
  g_assert_false (qmp_outcome_get_by_us (outcome));
  close_vm (vm, peer);
}

static void
test_no_process (gconstpointer data)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, PEER_READ ("running"));
  QmpMachine *vm = open_new (peer);
  g_autoptr(GError) error = NULL;

  blocking = GPOINTER_TO_INT (data);
  g_assert_false (run (vm, &do_kill, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_NO_PROCESS);
  close_vm (vm, peer);
}

static void
test_cancelled (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, PEER_READ ("running"),
                                    PEER_EXPECT ("stop"), PEER_EXPECT ("query-status"), PEER_TELL, PEER_DRAIN);
  QmpMachine *vm = open_new (peer);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  qmp_machine_pause_async (vm, cancellable, test_result_cb, &result);
  test_spin_until (test_peer_get_told (peer) == 1);
  g_cancellable_cancel (cancellable);
  test_spin_until (result != NULL);
  g_assert_false (qmp_machine_pause_finish (vm, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_object (&result);
  close_vm (vm, peer);
}

static gboolean
refuse_stop_cb (QmpClient   *client,
                QmpMessage  *message,
                gpointer     user_data,
                GError     **error)
{
  g_autofree char *name = qmp_message_dup_string (message, "execute", NULL);

  if (g_strcmp0 (name, "stop") != 0)
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "not this one");
  return FALSE;
}

/* The client itself refuses the command, and the query behind it has no time: whichever is told of first. */
static void
test_refused_here (void)
{
  QmpMachine *vm = test_machine_new (test_launcher_new ());
  QmpClient *client = qmp_machine_get_client (vm);
  g_autoptr(GError) error = NULL;

  blocking = FALSE;
  qmp_client_set_command_check (client, refuse_stop_cb, NULL, NULL);
  qmp_client_set_timeout (client, 0);
  g_assert_false (run (vm, &do_pause, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  qmp_client_set_command_check (client, NULL, NULL, NULL);
  qmp_client_set_timeout (client, 30000);
  test_machine_quit (vm);
}

#define add_both(name, function)                                                                  \
  g_test_add_data_func ("/machine-verbs/" name, GINT_TO_POINTER (FALSE), function);               \
  g_test_add_data_func ("/machine-verbs/" name "/blocking", GINT_TO_POINTER (TRUE), function)

#define add_both_mocked(name, function)                                                           \
  g_test_add_data_func ("/machine-verbs/" name "/mock", GUINT_TO_POINTER (MOCK), function);       \
  g_test_add_data_func ("/machine-verbs/" name "/mock/blocking", GUINT_TO_POINTER (MOCK | BLOCKING), function)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  test_warm_up ();

  add_both ("status", test_status);
  add_both_mocked ("status", test_status);
  add_both ("suspended", test_suspended);
  add_both ("turned-off", test_turned_off);
  g_test_add_func ("/machine-verbs/guest-turns-off", test_guest_turns_off);
  add_both ("quit", test_quit);
  add_both_mocked ("quit", test_quit);
  add_both ("kill", test_kill);
  add_both ("nothing-runs", test_nothing_runs);
  g_test_add_func ("/machine-verbs/together", test_together);
  g_test_add_func ("/machine-verbs/overtaken", test_overtaken);
  add_both ("no-reply-to-quit", test_no_reply_to_quit);
  add_both ("refused-to-quit", test_refused_to_quit);
  add_both ("no-process", test_no_process);
  g_test_add_func ("/machine-verbs/cancelled", test_cancelled);
  g_test_add_func ("/machine-verbs/refused-here", test_refused_here);

  return g_test_run ();
}
