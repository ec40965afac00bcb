/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <signal.h>
#include <string.h>

#include "qmp-enums.h"
#include "test-machine.h"
#include "test-server.h"

/* Bringing machines to their end, with real QEMU. Where a stage is to be over its time is short; where it is to do it, long. */

#define LONG 60000

static gboolean blocking;

static QmpOutcome *
shut_down (QmpMachine        *vm,
           QmpShutDownFlags   flags,
           int                ask,
           int                quit,
           GError           **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  if (blocking)
    return qmp_machine_shut_down (vm, flags, ask, quit, NULL, error);
  qmp_machine_shut_down_async (vm, flags, ask, quit, NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  return qmp_machine_shut_down_finish (vm, result, error);
}

static void
log_stage_cb (QmpMachine *vm,
              GParamSpec *pspec,
              GString    *log)
{
  g_autoptr(GEnumClass) stages = g_type_class_ref (QMP_TYPE_SHUT_DOWN_STAGE);
  const char *nick = g_enum_get_value (stages, qmp_machine_get_shut_down_stage (vm))->value_nick;

  if (!g_str_has_suffix (log->str, nick))
    g_string_append_printf (log, " %s", nick);
}

static void
assert_ends (QmpMachine       *vm,
             QmpShutDownFlags  flags,
             int               ask,
             int               quit,
             QmpShutDownStage  stage,
             const char       *stages)
{
  g_autoptr(GString) log = g_string_new (NULL);
  g_autoptr(QmpOutcome) outcome = NULL;
  g_autoptr(GError) error = NULL;

  g_signal_connect (vm, "notify::shut-down-stage", G_CALLBACK (log_stage_cb), log);
  outcome = shut_down (vm, flags, ask, quit, &error);
  g_assert_no_error (error);
  g_assert_cmpint (qmp_outcome_get_stage (outcome), ==, stage);
  g_assert_cmpint (qmp_outcome_get_by_us (outcome), ==, stage > QMP_SHUT_DOWN_STAGE_ASKING);
  g_assert_cmpint (qmp_outcome_get_signal (outcome), ==, stage == QMP_SHUT_DOWN_STAGE_KILLING ? SIGKILL : 0);
  g_assert_cmpint (qmp_machine_get_shut_down_stage (vm), ==, QMP_SHUT_DOWN_STAGE_NONE);
  if (!blocking)
    g_assert_cmpstr (log->str, ==, stages);
  test_assert_no_children ();
  test_spin_ready ();
  test_machine_free (vm);
}

/* A BIOS does not listen. */
static void
test_quits (gconstpointer data)
{
  blocking = GPOINTER_TO_INT (data);
  assert_ends (test_machine_new (test_launcher_new_pc ()), QMP_SHUT_DOWN_PRESS_AGAIN, 700, LONG,
               QMP_SHUT_DOWN_STAGE_QUITTING, " asking quitting none");
}

/* Where nobody can answer nobody is asked. */
static void
test_paused (gconstpointer data)
{
  blocking = GPOINTER_TO_INT (data);
  assert_ends (test_machine_new (test_launcher_new_pc ("-S")), QMP_SHUT_DOWN_NONE, LONG, LONG,
               QMP_SHUT_DOWN_STAGE_QUITTING, " quitting none");
}

static void
test_resumed (gconstpointer data)
{
  blocking = GPOINTER_TO_INT (data);
  assert_ends (test_machine_new (test_launcher_new_pc ("-S")), QMP_SHUT_DOWN_RESUME, 50, LONG,
               QMP_SHUT_DOWN_STAGE_QUITTING, " asking quitting none");
}

static void
test_stopped (gconstpointer data)
{
  QmpMachine *vm = test_machine_new (test_launcher_new ());

  blocking = GPOINTER_TO_INT (data);
  g_assert_cmpint (kill (qmp_machine_get_pid (vm), SIGSTOP), ==, 0);
  assert_ends (vm, QMP_SHUT_DOWN_NONE, 50, 50, QMP_SHUT_DOWN_STAGE_KILLING, " asking quitting killing none");
}

static void
test_no_link (gconstpointer data)
{
  QmpMachine *vm = test_machine_new (test_launcher_new ());

  blocking = GPOINTER_TO_INT (data);
  g_assert_true (qmp_client_close (qmp_machine_get_client (vm), NULL, NULL));
  test_spin_ready ();
  g_assert_true (qmp_machine_get_alive (vm));
  assert_ends (vm, QMP_SHUT_DOWN_NONE, LONG, LONG, QMP_SHUT_DOWN_STAGE_TERMINATING, " terminating none");
}

/* The button works: on a PC that runs, a guest of one handler is the monitor itself. */
static gboolean
answer_powerdown_cb (QmpClient *client,
                     QmpEvent  *event,
                     gpointer   data)
{
  g_autoptr(QmpMessage) message = test_message ("{\"execute\": \"human-monitor-command\", \"arguments\": "
                                                "{\"command-line\": \"o/w 0x604 0x2000\"}}");

  qmp_client_execute_message_async (client, message, NULL, NULL, NULL);
  return FALSE;
}

static gboolean
has_acpi (QmpMachine *vm)
{
  g_autoptr(QmpMessage) message = test_message ("{\"execute\": \"human-monitor-command\", \"arguments\": "
                                                "{\"command-line\": \"info mtree\"}}");
  g_autoptr(JsonNode) tree = qmp_client_execute_message (qmp_machine_get_client (vm), message, NULL, NULL);

  return test_tree_has_acpi (json_node_get_string (tree));
}

static void
test_answers (void)
{
  QmpMachine *vm = test_machine_new (test_launcher_new_pc ());

  blocking = FALSE;
  while (!has_acpi (vm))
    ;
  g_signal_connect (qmp_machine_get_client (vm), "event::POWERDOWN", G_CALLBACK (answer_powerdown_cb), NULL);
  assert_ends (vm, QMP_SHUT_DOWN_NONE, LONG, LONG, QMP_SHUT_DOWN_STAGE_ASKING, " asking none");
}

/* -no-shutdown: it has answered, and is there. */
static void
test_answers_and_stays (void)
{
  QmpMachine *vm = test_machine_new (test_launcher_new_pc ("-no-shutdown"));

  blocking = FALSE;
  while (!has_acpi (vm))
    ;
  g_signal_connect (qmp_machine_get_client (vm), "event::POWERDOWN", G_CALLBACK (answer_powerdown_cb), NULL);
  assert_ends (vm, QMP_SHUT_DOWN_NONE, LONG, LONG, QMP_SHUT_DOWN_STAGE_QUITTING, " asking quitting none");
}

static void
test_ask_only (gconstpointer data)
{
  QmpMachine *vm = test_machine_new (test_launcher_new_pc ());

  blocking = GPOINTER_TO_INT (data);
  for (int i = 0; i < 2; i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (shut_down (vm, QMP_SHUT_DOWN_ASK_ONLY, i == 0 ? 50 : LONG, 0, &error));
      g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_NO_ANSWER);
      g_assert_true (qmp_machine_get_connected (vm));
      g_assert_cmpint (qmp_machine_get_shut_down_stage (vm), ==, QMP_SHUT_DOWN_STAGE_NONE);
      /* The second time nobody can answer. */
      g_assert_true (qmp_machine_pause (vm, NULL, NULL));
    }
  test_machine_quit (vm);
}

/* Two at once: both are told, and the earlier time counts. */
static void
test_joined (void)
{
  QmpMachine *vm = test_machine_new (test_launcher_new_pc ());
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;
  g_autoptr(QmpOutcome) outcome = NULL;
  g_autoptr(QmpOutcome) other = NULL;
  g_autoptr(GError) error = NULL;

  qmp_machine_shut_down_async (vm, QMP_SHUT_DOWN_NONE, LONG, LONG, NULL, test_result_cb, &first);
  qmp_machine_shut_down_async (vm, QMP_SHUT_DOWN_NONE, 20, LONG, NULL, test_result_cb, &second);
  test_spin_until (first != NULL && second != NULL);
  outcome = qmp_machine_shut_down_finish (vm, first, &error);
  g_assert_no_error (error);
  other = qmp_machine_shut_down_finish (vm, second, &error);
  g_assert_true (outcome == other);
  g_assert_cmpint (qmp_outcome_get_stage (outcome), ==, QMP_SHUT_DOWN_STAGE_QUITTING);
  g_clear_object (&first);
  g_clear_object (&second);
  test_machine_free (vm);
}

/* A blocking call goes on with what was begun in the background. */
static void
test_joined_blocking (void)
{
  QmpMachine *vm = test_machine_new (test_launcher_new_pc ());
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(QmpOutcome) outcome = NULL;
  g_autoptr(QmpOutcome) other = NULL;
  g_autoptr(GError) error = NULL;

  qmp_machine_shut_down_async (vm, QMP_SHUT_DOWN_NONE, 20, LONG, NULL, test_result_cb, &first);
  outcome = qmp_machine_wait_ended (vm, NULL, &error);
  g_assert_no_error (error);
  g_assert_null (first);
  test_spin_until (first != NULL);
  other = qmp_machine_shut_down_finish (vm, first, &error);
  g_assert_true (outcome == other);
  g_clear_object (&first);
  test_machine_free (vm);
}

/* A blocking call that is over leaves to the others what is to be done for them. */
static void
test_joined_by_one_who_asks (void)
{
  QmpMachine *vm = test_machine_new (test_launcher_new_pc ());
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(QmpOutcome) outcome = NULL;
  g_autoptr(GError) error = NULL;
  gint64 asked;

  qmp_machine_shut_down_async (vm, QMP_SHUT_DOWN_NONE, 1, LONG, NULL, test_result_cb, &result);
  asked = g_get_monotonic_time ();
  /* Its time is over at once, when that of the other is: the two are seen together, however slow this is. */
  test_wait_until (g_get_monotonic_time () > asked + 2 * G_TIME_SPAN_MILLISECOND);
  g_assert_null (qmp_machine_shut_down (vm, QMP_SHUT_DOWN_ASK_ONLY, 0, 0, NULL, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_NO_ANSWER);
  g_clear_error (&error);
  test_spin_until (result != NULL);
  outcome = qmp_machine_shut_down_finish (vm, result, &error);
  g_assert_no_error (error);
  g_assert_cmpint (qmp_outcome_get_stage (outcome), ==, QMP_SHUT_DOWN_STAGE_QUITTING);
  g_clear_object (&result);
  test_machine_free (vm);
}

/* A monitor that is only to look: what was refused is told, and not waited for. */
static void
test_refused (gconstpointer data)
{
  g_autoptr(QmpMock) mock = qmp_mock_new (QMP_MOCK_PRESET_MACHINE);
  QmpClient *client = qmp_client_new (NULL);
  QmpMachine *vm = qmp_machine_new (client);
  g_autoptr(GError) error = NULL;

  blocking = GPOINTER_TO_INT (data);
  qmp_mock_listen (mock, NULL, &error);
  g_assert_no_error (error);
  for (int i = 0; i < 2; i++)
    qmp_expectation_fails (qmp_mock_expect (mock, "system_powerdown", NULL), "CommandNotFound", "not by you");
  qmp_expectation_fails (qmp_mock_expect (mock, "quit", NULL), "CommandNotFound", "neither that");
  qmp_machine_open (vm, qmp_mock_get_address (mock), NULL, &error);
  g_assert_no_error (error);
  g_assert_null (shut_down (vm, QMP_SHUT_DOWN_ASK_ONLY, LONG, 0, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_NO_ANSWER);
  g_assert_nonnull (strstr (error->message, "not by you"));
  g_clear_error (&error);
  g_assert_null (shut_down (vm, QMP_SHUT_DOWN_NONE, LONG, LONG, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_NO_PROCESS);
  g_assert_nonnull (strstr (error->message, "neither that"));
  g_assert_true (qmp_mock_verify (mock, NULL));
  g_object_unref (client);
  g_object_unref (vm);
  qmp_mock_close (mock);
}

/* With the last of them it stops where it is. */
static void
test_cancelled (void)
{
  QmpMachine *vm = test_machine_new (test_launcher_new_pc ());
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) first = NULL;
  g_autoptr(GAsyncResult) second = NULL;
  g_autoptr(GError) error = NULL;

  qmp_machine_shut_down_async (vm, QMP_SHUT_DOWN_NONE, LONG, LONG, cancellable, test_result_cb, &first);
  qmp_machine_shut_down_async (vm, QMP_SHUT_DOWN_NONE, LONG, LONG, cancellable, test_result_cb, &second);
  g_assert_cmpint (qmp_machine_get_shut_down_stage (vm), ==, QMP_SHUT_DOWN_STAGE_ASKING);
  g_cancellable_cancel (cancellable);
  test_spin_until (first != NULL && second != NULL);
  g_assert_null (qmp_machine_shut_down_finish (vm, first, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (qmp_machine_get_shut_down_stage (vm), ==, QMP_SHUT_DOWN_STAGE_NONE);
  g_clear_error (&error);
  g_assert_null (qmp_machine_shut_down (vm, QMP_SHUT_DOWN_NONE, LONG, LONG, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (qmp_machine_get_connected (vm));
  g_clear_object (&first);
  g_clear_object (&second);
  test_machine_quit (vm);
}

static void
test_nothing_runs (gconstpointer data)
{
  QmpMachine *vm = qmp_machine_new (NULL);
  g_autoptr(GError) error = NULL;

  blocking = GPOINTER_TO_INT (data);
  g_assert_null (shut_down (vm, QMP_SHUT_DOWN_NONE, 10, 10, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_ENDED);
  test_machine_free (vm);
}

static void
test_no_process (gconstpointer data)
{
  g_autoptr(TestServer) server = test_server_new (TEST_SERVER_QEMU);
  QmpMachine *vm = qmp_machine_new (NULL);
  g_autoptr(GError) error = NULL;

  blocking = GPOINTER_TO_INT (data);
  g_assert_true (qmp_machine_open (vm, test_server_get_address (server), NULL, &error));
  g_assert_cmpint (kill (test_server_get_pid (server), SIGSTOP), ==, 0);
  g_assert_null (shut_down (vm, QMP_SHUT_DOWN_NONE, 0, 50, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_NO_PROCESS);
  g_clear_error (&error);
  g_assert_cmpint (kill (test_server_get_pid (server), SIGCONT), ==, 0);
  g_object_unref (shut_down (vm, QMP_SHUT_DOWN_NONE, 0, LONG, &error));
  g_assert_no_error (error);
  test_spin_ready ();
  test_machine_free (vm);
}

/* While it is being launched. */
static void
test_while_launching (void)
{
  const char *argv[] = { "sh", "-c", "exec sleep 1000", NULL };
  g_autoptr(QmpLauncher) launcher = qmp_launcher_new (argv);
  QmpMachine *vm = qmp_machine_new (NULL);
  g_autoptr(GAsyncResult) launched = NULL;
  g_autoptr(GAsyncResult) ended = NULL;
  g_autoptr(QmpOutcome) outcome = NULL;
  g_autoptr(GError) error = NULL;

  qmp_machine_launch_async (vm, launcher, NULL, test_result_cb, &launched);
  qmp_machine_shut_down_async (vm, QMP_SHUT_DOWN_NONE, LONG, LONG, NULL, test_result_cb, &ended);
  test_spin_until (launched != NULL && ended != NULL);
  g_assert_false (qmp_machine_launch_finish (vm, launched, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_LAUNCH);
  g_clear_error (&error);
  outcome = qmp_machine_shut_down_finish (vm, ended, &error);
  g_assert_no_error (error);
  g_assert_cmpint (qmp_outcome_get_signal (outcome), ==, SIGTERM);
  g_clear_object (&launched);
  g_clear_object (&ended);
  test_machine_free (vm);
}

#define add_both(name, function)                                                                  \
  g_test_add_data_func ("/machine-shut-down/" name, GINT_TO_POINTER (FALSE), function);           \
  g_test_add_data_func ("/machine-shut-down/" name "/blocking", GINT_TO_POINTER (TRUE), function)

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  test_warm_up ();

  add_both ("quits", test_quits);
  add_both ("paused", test_paused);
  add_both ("resumed", test_resumed);
  add_both ("stopped", test_stopped);
  add_both ("no-link", test_no_link);
  g_test_add_func ("/machine-shut-down/answers", test_answers);
  g_test_add_func ("/machine-shut-down/answers-and-stays", test_answers_and_stays);
  add_both ("ask-only", test_ask_only);
  g_test_add_func ("/machine-shut-down/joined", test_joined);
  g_test_add_func ("/machine-shut-down/joined-blocking", test_joined_blocking);
  g_test_add_func ("/machine-shut-down/joined-by-one-who-asks", test_joined_by_one_who_asks);
  g_test_add_func ("/machine-shut-down/cancelled", test_cancelled);
  add_both ("nothing-runs", test_nothing_runs);
  add_both ("no-process", test_no_process);
  add_both ("refused", test_refused);
  g_test_add_func ("/machine-shut-down/while-launching", test_while_launching);

  return g_test_run ();
}
