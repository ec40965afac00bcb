/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qmp-enums.h"
#include "test-machine.h"
#include "test-peer.h"
#include "test-server.h"

/* Opening a machine that runs: real QEMU, and a peer that does things in an odd order. */

static gboolean
open_vm (QmpMachine          *vm,
         GSocketConnectable  *address,
         GError             **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  qmp_machine_open_async (vm, address, NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  return qmp_machine_open_finish (vm, result, error);
}

static QmpMachine *
open_new (GSocketConnectable *address)
{
  QmpMachine *vm = qmp_machine_new (NULL);
  g_autoptr(GError) error = NULL;

  g_assert_true (open_vm (vm, address, &error));
  g_assert_no_error (error);
  return vm;
}

static void
test_qemu (void)
{
  g_autoptr(TestServer) server = test_server_new (TEST_SERVER_QEMU);
  QmpMachine *vm = qmp_machine_new (NULL);
  GString *log = test_machine_log (vm);
  g_autoptr(GError) error = NULL;

  g_assert_true (open_vm (vm, test_server_get_address (server), &error));
  test_assert_log (log, "prelaunch +connected");
  g_assert_false (qmp_machine_get_alive (vm));
  g_assert_cmpint (qmp_machine_get_pid (vm), ==, 0);
  /* A link that ends alone says nothing of the machine. */
  g_assert_true (qmp_client_close (qmp_machine_get_client (vm), NULL, &error));
  test_spin_ready ();
  test_assert_log (log, "closed -connected");
  g_assert_cmpstr (qmp_machine_get_status_name (vm), ==, "prelaunch");
  g_assert_null (qmp_machine_get_link_error (vm));
  g_assert_true (qmp_machine_open (vm, test_server_get_address (server), NULL, &error));
  g_assert_no_error (error);
  test_spin_ready ();
  test_assert_log (log, "+connected");
  qmp_client_execute_async (qmp_machine_get_client (vm), "quit", NULL, NULL, NULL, NULL);
  g_object_unref (test_wait_ended (vm));
  test_assert_log (log, "closed -connected unknown outcome ended(host-qmp-quit)");
  g_assert_cmpint (qmp_outcome_get_exit_status (qmp_machine_get_outcome (vm)), ==, -1);
  g_assert_true (qmp_outcome_get_clean (qmp_machine_get_outcome (vm)));
  test_machine_free (vm);
  g_string_free (log, TRUE);
}

/* Whatever the machine has no method for is seen: here over another monitor. */
static void
test_second_monitor (void)
{
  g_autoptr(TestServer) server = test_server_new (TEST_SERVER_QEMU_MACHINE);
  QmpMachine *vm = open_new (test_server_get_address (server));
  QmpClient *other = qmp_client_new (NULL);
  g_autoptr(GError) error = NULL;

  g_assert_true (qmp_client_open (other, test_server_get_second_address (server), NULL, &error));
  json_node_unref (qmp_client_execute (other, "stop", NULL, NULL, &error));
  test_spin_until (qmp_machine_get_status (vm) == QMP_MACHINE_STATUS_PAUSED);
  json_node_unref (qmp_client_execute (other, "cont", NULL, NULL, &error));
  test_spin_until (qmp_machine_get_running (vm));
  /* 200 of them: the last one counts. */
  for (int i = 0; i < 100; i++)
    {
      qmp_client_execute_async (other, "stop", NULL, NULL, NULL, NULL);
      qmp_client_execute_async (other, "cont", NULL, NULL, NULL, NULL);
    }
  json_node_unref (qmp_client_execute (other, "stop", NULL, NULL, &error));
  test_spin_until (qmp_machine_get_status (vm) == QMP_MACHINE_STATUS_PAUSED &&
                   qmp_client_get_n_pending (qmp_machine_get_client (vm)) == 0);
  g_assert_true (qmp_client_close (other, NULL, NULL));
  test_client_free (other);
  g_assert_true (qmp_client_close (qmp_machine_get_client (vm), NULL, NULL));
  test_machine_free (vm);
}

static void
test_process (void)
{
  g_autoptr(TestServer) server = test_server_new (TEST_SERVER_QEMU);
  QmpMachine *vm = qmp_machine_new (NULL);
  g_autoptr(QmpOutcome) outcome = NULL;
  g_autoptr(GError) error = NULL;
  int fd = pidfd_open (test_server_get_pid (server), 0);

  g_assert_false (qmp_machine_set_process (vm, fd, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_ENDED);
  g_clear_error (&error);
  open_vm (vm, test_server_get_address (server), &error);
  g_assert_no_error (error);
  g_assert_false (qmp_machine_set_process (vm, STDERR_FILENO, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_true (qmp_machine_set_process (vm, fd, &error));
  close (fd);
  g_assert_true (qmp_machine_get_alive (vm));
  g_assert_cmpint (qmp_machine_get_pid (vm), ==, test_server_get_pid (server));
  kill (test_server_get_pid (server), SIGKILL);
  outcome = test_wait_ended (vm);
  /* Its link has ended alone, but the process was seen. */
  g_assert_false (qmp_machine_get_alive (vm));
  g_assert_false (qmp_outcome_get_clean (outcome));
  test_machine_free (vm);
}

/* --- the order of the end, however it comes --- */

typedef struct {
  const char *path;
  gboolean    launched;
  int         signal_number;  /* 0: it is told to quit */
  gboolean    blocks;         /* until it has ended; then all is told */
  const char *reason;
} End;

static const End ends[] = {
  { "opened/killed", FALSE, SIGKILL, FALSE, "killed" },
  { "opened/killed/blocking", FALSE, SIGKILL, TRUE, "killed" },
  { "opened/terminated", FALSE, SIGTERM, FALSE, "host-signal" },
  { "opened/terminated/blocking", FALSE, SIGTERM, TRUE, "host-signal" },
  { "opened/quits", FALSE, 0, FALSE, "host-qmp-quit" },
  { "opened/quits/blocking", FALSE, 0, TRUE, "host-qmp-quit" },
  { "launched/killed", TRUE, SIGKILL, FALSE, "killed" },
  { "launched/killed/blocking", TRUE, SIGKILL, TRUE, "killed" },
  { "launched/terminated", TRUE, SIGTERM, FALSE, "host-signal" },
  { "launched/terminated/blocking", TRUE, SIGTERM, TRUE, "host-signal" },
  { "launched/quits", TRUE, 0, FALSE, "host-qmp-quit" },
  { "launched/quits/blocking", TRUE, 0, TRUE, "host-qmp-quit" },
};

typedef struct {
  const End *end;
  GSource   *turn;
  gboolean   over;
  QmpClient *client;
  GString   *log;
} Ending;

static void
replied_cb (GObject      *client,
            GAsyncResult *result,
            gpointer      user_data)
{
  Ending *ending = user_data;
  g_autoptr(GError) error = NULL;

  g_assert_null (qmp_client_execute_finish (QMP_CLIENT (client), result, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
  g_string_append (ending->log, ending->log->len > 0 ? " replied" : "replied");
}

/* Before the client is served in the same turn: what comes of it is told in the next one at the earliest. */
static gboolean
turn_cb (GSource     *source,
         GSourceFunc  callback,
         gpointer     user_data)
{
  Ending *ending = user_data;

  g_source_set_ready_time (source, -1);
  qmp_client_execute_async (ending->client, "query-name", NULL, NULL, replied_cb, ending);
  ending->over = TRUE;
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs turn_funcs = { .dispatch = turn_cb };

/* The program is held until the process is over, so the loop finds all of the end at once. */
static void
paused_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  Ending *ending = user_data;
  QmpMachine *vm = QMP_MACHINE (object);
  g_autoptr(GError) error = NULL;
  siginfo_t info;

  g_assert_true (qmp_machine_pause_finish (vm, result, &error));
  g_assert_no_error (error);
  g_string_truncate (ending->log, 0);
  if (ending->end->signal_number != 0)
    g_assert_cmpint (kill (qmp_machine_get_pid (vm), ending->end->signal_number), ==, 0);
  else
    json_node_unref (qmp_client_execute (ending->client, "quit", NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (waitid (P_PID, qmp_machine_get_pid (vm), &info, WEXITED | WNOWAIT), ==, 0);
  g_source_set_ready_time (ending->turn, 0);
}

static QmpMachine *
new_with_process (TestServer *server)
{
  QmpMachine *vm = server != NULL ? open_new (test_server_get_address (server)) : test_machine_new (test_launcher_new ());
  g_autoptr(GError) error = NULL;
  int fd;

  if (server == NULL)
    return vm;
  fd = pidfd_open (test_server_get_pid (server), 0);
  g_assert_true (qmp_machine_set_process (vm, fd, &error));
  close (fd);
  return vm;
}

static void
test_order (gconstpointer data)
{
  const End *end = data;
  g_autoptr(TestServer) server = end->launched ? NULL : test_server_new (TEST_SERVER_QEMU);
  g_autoptr(GSource) turn = g_source_new (&turn_funcs, sizeof (GSource));
  Ending ending = { end, turn };
  QmpMachine *vm;
  g_autofree char *expected = g_strdup_printf ("replied closed -connected unknown -alive outcome ended(%s)", end->reason);
  g_autoptr(GError) error = NULL;

  g_source_set_callback (turn, NULL, &ending, NULL);
  g_source_attach (turn, NULL);
  vm = new_with_process (server);
  ending.client = qmp_machine_get_client (vm);
  ending.log = test_machine_log (vm);
  qmp_machine_pause_async (vm, NULL, paused_cb, &ending);
  test_spin_until (ending.over);
  if (end->blocks)
    g_object_unref (qmp_machine_wait_ended (vm, NULL, &error));
  g_assert_no_error (error);
  test_spin_until (strstr (ending.log->str, "ended") != NULL);
  test_assert_log (ending.log, expected);
  g_source_destroy (turn);
  test_machine_free (vm);
}

#define PEER_REFUSE(command) PEER_EXPECT (command), PEER_ERROR ("CommandNotFound", "no")
#define PEER_KNOW_NOTHING \
  PEER_REFUSE ("query-status"), PEER_REFUSE ("query-name"), PEER_REFUSE ("query-uuid"), PEER_REFUSE ("query-jobs"), \
  PEER_REFUSE ("migrate-set-capabilities"), PEER_REFUSE ("query-migrate")

/* It has jobs, and no status. */
static void
test_storage_daemon (void)
{
  g_autoptr(TestServer) server = test_server_new (TEST_SERVER_STORAGE_DAEMON);
  QmpMachine *vm = qmp_machine_new (NULL);
  g_autoptr(QmpMessage) create = qmp_message_new_parsed ("blockdev-create", NULL,
                                                         "{'job-id': 'j', 'options': {'driver': 'file', 'filename': '/no/where',"
                                                         "'size': 512}}");

  for (int blocking = 0; blocking < 2; blocking++)
    {
      g_autoptr(GError) error = NULL;
      g_autoptr(QmpJob) job = NULL;

      g_assert_true (blocking ? qmp_machine_open (vm, test_server_get_address (server), NULL, &error) :
                     open_vm (vm, test_server_get_address (server), &error));
      g_assert_no_error (error);
      g_assert_true (qmp_machine_get_connected (vm));
      g_assert_cmpint (qmp_machine_get_status (vm), ==, QMP_MACHINE_STATUS_UNKNOWN);
      g_assert_null (qmp_machine_get_status_name (vm));
      job = qmp_machine_start_job (vm, create, NULL, &error);
      g_assert_no_error (error);
      g_assert_false (qmp_job_wait (job, QMP_TIMEOUT_NONE, NULL, &error));
      g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_JOB);
      g_clear_error (&error);
      g_assert_false (qmp_machine_pause (vm, NULL, &error));
      g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_COMMAND_NOT_FOUND);
      g_assert_true (qmp_client_close (qmp_machine_get_client (vm), NULL, NULL));
    }
  test_machine_free (vm);
}

static void
test_not_a_machine (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, PEER_KNOW_NOTHING, PEER_EXPECT_EOF, PEER_CLOSE,
                                    PEER_HANDSHAKE, PEER_KNOW_NOTHING, PEER_EXPECT_EOF, PEER_CLOSE);
  QmpMachine *vm = qmp_machine_new (NULL);

  for (int blocking = 0; blocking < 2; blocking++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_false (blocking ? qmp_machine_open (vm, test_peer_get_address (peer), NULL, &error) :
                      open_vm (vm, test_peer_get_address (peer), &error));
      g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_COMMAND_NOT_FOUND);
      test_spin_until (qmp_client_get_runstate (qmp_machine_get_client (vm)) == QMP_RUNSTATE_IDLE);
      g_assert_false (qmp_machine_get_connected (vm));
    }
  test_peer_finish (peer);
  /* Nothing of it is left. */
  {
    g_autoptr(QmpLauncher) launcher = test_launcher_new ();
    g_autoptr(GError) error = NULL;

    g_assert_null (qmp_machine_get_outcome (vm));
    g_assert_true (test_launch (vm, launcher, &error));
    g_assert_no_error (error);
  }
  test_machine_quit (vm);
}

#define PEER_READ(status) \
  PEER_EXPECT ("query-status"), PEER_EXPECT ("query-name"), PEER_EXPECT ("query-uuid"), PEER_EXPECT ("query-jobs"), \
  PEER_EXPECT ("migrate-set-capabilities"), PEER_EXPECT ("query-migrate"), \
  PEER_REPLY ("{\"status\": \"" status "\", \"running\": true}"), PEER_REPLY ("{}"), \
  PEER_REPLY ("{\"UUID\": \"00000000-0000-0000-0000-000000000000\"}"), PEER_REPLY ("[]"), \
  PEER_REPLY ("{}"), PEER_REPLY ("{}")

static void
test_nameless (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, PEER_READ ("running"));
  QmpMachine *vm = open_new (test_peer_get_address (peer));

  g_assert_null (qmp_machine_get_name (vm));
  g_assert_null (qmp_machine_get_uuid (vm));
  g_assert_true (qmp_client_close (qmp_machine_get_client (vm), NULL, NULL));
  test_peer_finish (peer);
  test_machine_free (vm);
}

static void
log_status_cb (QmpMachine *vm,
               GParamSpec *pspec,
               GString    *log)
{
  g_string_append_printf (log, "%s ", qmp_machine_get_status_name (vm));
}

/* An answer from before RESUME does not turn it back: the server is asked again. */
static void
test_old_answer (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, PEER_READ ("running"), PEER_WAIT,
                                    PEER_EVENT ("STOP"), PEER_EXPECT ("query-status"),
                                    PEER_SEND_FOR ("{\"return\": {\"status\": \"paused\", \"running\": false}, \"id\": @}\r\n"
                                                   PEER_EVENT_TEXT ("RESUME")),
                                    PEER_EXPECT ("query-status"), PEER_REPLY ("{\"status\": \"running\"}"), PEER_TELL);
  QmpMachine *vm = open_new (test_peer_get_address (peer));
  g_autoptr(GString) log = g_string_new (NULL);

  g_signal_connect (vm, "notify::status-name", G_CALLBACK (log_status_cb), log);
  test_peer_signal (peer);
  test_spin_until (test_peer_get_told (peer) == 1 && qmp_client_get_n_pending (qmp_machine_get_client (vm)) == 0);
  g_assert_cmpstr (log->str, ==, "paused running ");
  g_assert_true (qmp_client_close (qmp_machine_get_client (vm), NULL, NULL));
  test_peer_finish (peer);
  test_machine_free (vm);
}

/* Many events make one query, and what comes meanwhile one more. */
static void
test_coalesced (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, PEER_READ ("running"), PEER_WAIT,
                                    PEER_SEND (PEER_EVENT_TEXT ("RESET") PEER_EVENT_TEXT ("RESET") PEER_EVENT_TEXT ("RESET")),
                                    PEER_EXPECT ("query-status"), PEER_EVENT ("SUSPEND"), PEER_EVENT ("WAKEUP"),
                                    PEER_REPLY ("{\"status\": \"suspended\"}"),
                                    PEER_EXPECT ("query-status"), PEER_REPLY ("{\"status\": \"levitating\"}"), PEER_TELL);
  QmpMachine *vm = open_new (test_peer_get_address (peer));

  test_peer_signal (peer);
  test_spin_until (test_peer_get_told (peer) == 1 && qmp_client_get_n_pending (qmp_machine_get_client (vm)) == 0);
  g_assert_cmpstr (qmp_machine_get_status_name (vm), ==, "levitating");
  g_assert_cmpint (qmp_machine_get_status (vm), ==, QMP_MACHINE_STATUS_UNKNOWN);
  g_assert_true (qmp_client_close (qmp_machine_get_client (vm), NULL, NULL));
  test_peer_finish (peer);
  test_machine_free (vm);
}

/* QEMU 10: the status settles without an event. */
static void
test_settles (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, PEER_READ ("running"), PEER_WAIT,
                                    PEER_SEND (PEER_EVENT_TEXT ("STOP")
                                               PEER_EVENT_DATA_TEXT ("MIGRATION", "{\"status\": \"completed\"}")),
                                    PEER_EXPECT ("query-status"), PEER_EXPECT ("query-migrate"),
                                    PEER_REPLY ("{\"status\": \"finish-migrate\"}"),
                                    PEER_REPLY ("{\"status\": \"completed\"}"),
                                    PEER_EXPECT ("query-status"), PEER_REPLY ("{\"status\": \"finish-migrate\"}"),
                                    PEER_EXPECT ("query-status"), PEER_REPLY ("{\"status\": \"postmigrate\"}"));
  QmpMachine *vm = open_new (test_peer_get_address (peer));

  test_peer_signal (peer);
  test_spin_until (qmp_machine_get_status (vm) == QMP_MACHINE_STATUS_POSTMIGRATE);
  g_assert_true (qmp_client_close (qmp_machine_get_client (vm), NULL, NULL));
  test_peer_finish (peer);
  test_machine_free (vm);
}

static void
test_refresh (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, PEER_READ ("running"), PEER_READ ("paused"),
                                    PEER_EXPECT ("query-status"), PEER_REPLY ("{\"status\": \"running\"}"),
                                    PEER_EXPECT ("query-name"), PEER_REPLY ("{\"name\": \"new\"}"),
                                    PEER_REFUSE ("query-uuid"), PEER_REFUSE ("query-jobs"),
                                    PEER_REFUSE ("migrate-set-capabilities"), PEER_REFUSE ("query-migrate"));
  QmpMachine *vm = open_new (test_peer_get_address (peer));
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  qmp_machine_refresh_async (vm, NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_true (qmp_machine_refresh_finish (vm, result, &error));
  g_clear_object (&result);
  g_assert_cmpstr (qmp_machine_get_status_name (vm), ==, "paused");
  g_assert_true (qmp_machine_refresh (vm, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (qmp_machine_get_running (vm));
  g_assert_cmpstr (qmp_machine_get_name (vm), ==, "new");
  g_assert_true (qmp_client_close (qmp_machine_get_client (vm), NULL, NULL));
  g_assert_false (qmp_machine_refresh (vm, NULL, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  test_assert_error_has (error, "The machine is not connected");
  test_peer_finish (peer);
  test_machine_free (vm);
}

/* It hangs up while it is read. */
static void
test_hangs_up (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, PEER_EXPECT ("query-status"), PEER_CLOSE,
                                    PEER_HANDSHAKE, PEER_EXPECT ("query-status"), PEER_CLOSE);
  QmpMachine *vm = qmp_machine_new (NULL);

  for (int blocking = 0; blocking < 2; blocking++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_false (blocking ? qmp_machine_open (vm, test_peer_get_address (peer), NULL, &error) :
                      open_vm (vm, test_peer_get_address (peer), &error));
      g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
      g_assert_false (qmp_machine_get_connected (vm));
    }
  test_peer_finish (peer);
  test_machine_free (vm);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  test_warm_up ();

  g_test_add_func ("/machine-open/qemu", test_qemu);
  g_test_add_func ("/machine-open/second-monitor", test_second_monitor);
  g_test_add_func ("/machine-open/process", test_process);
  for (gsize i = 0; i < G_N_ELEMENTS (ends); i++)
    {
      g_autofree char *path = g_strconcat ("/machine-open/order/", ends[i].path, NULL);

      g_test_add_data_func (path, &ends[i], test_order);
    }
  g_test_add_func ("/machine-open/not-a-machine", test_not_a_machine);
  g_test_add_func ("/machine-open/storage-daemon", test_storage_daemon);
  g_test_add_func ("/machine-open/nameless", test_nameless);
  g_test_add_func ("/machine-open/old-answer", test_old_answer);
  g_test_add_func ("/machine-open/coalesced", test_coalesced);
  g_test_add_func ("/machine-open/settles", test_settles);
  g_test_add_func ("/machine-open/refresh", test_refresh);
  g_test_add_func ("/machine-open/hangs-up", test_hangs_up);

  return g_test_run ();
}
