/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-machine-private.h"

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>

#include "qmp-enums.h"
#include "test-machine.h"
#include "test-peer.h"
#include "test-server.h"

/* A machine that is kept open: peers that go and come again, and real QEMU. Nothing waits here: the pauses are of
 * microseconds, or longer than any test. */

#define A_UUID "11111111-1111-1111-1111-111111111111"
#define B_UUID "22222222-2222-2222-2222-222222222222"
#define NO_UUID "00000000-0000-0000-0000-000000000000"
#define NEVER (10000 * G_TIME_SPAN_SECOND)

#define PEER_READ(status, uuid, jobs) \
  PEER_EXPECT ("query-status"), PEER_EXPECT ("query-name"), PEER_EXPECT ("query-uuid"), PEER_EXPECT ("query-jobs"), \
  PEER_EXPECT ("migrate-set-capabilities"), PEER_EXPECT ("query-migrate"), \
  PEER_REPLY ("{\"status\": \"" status "\"}"), PEER_REPLY ("{}"), PEER_REPLY ("{\"UUID\": \"" uuid "\"}"), PEER_REPLY (jobs), \
  PEER_REPLY ("{}"), PEER_REPLY ("{}")
#define A_JOB "[{\"id\": \"b\", \"type\": \"backup\", \"status\": \"running\", \"current-progress\": 1, \"total-progress\": 9}]"

static QmpMachine *
new_kept (gint64              delay,
          GSocketConnectable *address)
{
  QmpMachine *vm = qmp_machine_new (NULL);

  qmp_machine_set_keep_delays (vm, delay, delay);
  qmp_machine_keep_open (vm, address);
  return vm;
}

/* Keeps it no more, and drops the last reference. */
static void
leave (QmpMachine *vm)
{
  QmpClient *client = g_object_ref (qmp_machine_get_client (vm));

  qmp_machine_keep_open (vm, NULL);
  qmp_client_close_async (client, NULL, NULL, NULL);
  test_spin_until (qmp_client_get_runstate (client) == QMP_RUNSTATE_IDLE);
  test_machine_free (vm);
  test_client_free (client);
}

static void
set_gone (gpointer  gone,
          GObject  *object)
{
  *(gboolean *) gone = TRUE;
}

static void
count_cb (GObject    *object,
          GParamSpec *pspec,
          guint      *n)
{
  (*n)++;
}

static void
test_again (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, PEER_READ ("running", NO_UUID, "[]"), PEER_WAIT, PEER_CLOSE,
                                    PEER_HANDSHAKE, PEER_READ ("paused", NO_UUID, "[]"));
  QmpMachine *vm = new_kept (1, test_peer_get_address (peer));
  GString *log = test_machine_log (vm);
  guint n_errors = 0;

  g_signal_connect (vm, "notify::link-error", G_CALLBACK (count_cb), &n_errors);
  test_spin_until (qmp_machine_get_connected (vm));
  test_assert_log (log, "running +connected");
  g_assert_cmpuint (n_errors, ==, 0);
  test_peer_signal (peer);
  test_spin_until (qmp_machine_get_status (vm) == QMP_MACHINE_STATUS_PAUSED && qmp_machine_get_connected (vm));
  test_spin_ready ();
  test_assert_log (log, "closed -connected paused +connected");
  /* It was set and taken back. */
  g_assert_null (qmp_machine_get_link_error (vm));
  g_assert_cmpuint (n_errors, ==, 2);
  leave (vm);
  test_peer_finish (peer);
  g_string_free (log, TRUE);
}

static void
count_tries_cb (QmpClient  *client,
                GParamSpec *pspec,
                guint      *n)
{
  if (qmp_client_get_runstate (client) == QMP_RUNSTATE_CONNECTING)
    (*n)++;
}

/* Why is told once, however often it is tried. */
static void
test_refused (void)
{
  g_autofree char *directory = g_dir_make_tmp ("qmp-glib-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "none", NULL);
  g_autoptr(GSocketAddress) address = g_unix_socket_address_new (path);
  QmpMachine *vm = new_kept (1, G_SOCKET_CONNECTABLE (address));
  guint n_errors = 0, n_tries = 0;

  g_signal_connect (vm, "notify::link-error", G_CALLBACK (count_cb), &n_errors);
  g_signal_connect (qmp_machine_get_client (vm), "notify::runstate", G_CALLBACK (count_tries_cb), &n_tries);
  test_spin_until (n_tries > 3);
  g_assert_cmpuint (n_errors, ==, 1);
  g_assert_error (qmp_machine_get_link_error (vm), G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_false (qmp_machine_get_connected (vm));
  leave (vm);
  g_rmdir (directory);
}

/* It accepts, and never greets. */
static void
test_hung (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_ACCEPT, PEER_TELL, PEER_EXPECT_EOF, PEER_CLOSE,
                                    PEER_HANDSHAKE, PEER_READ ("running", NO_UUID, "[]"));
  g_autoptr(QmpIoContext) io = qmp_io_context_get (g_main_context_default ());
  QmpMachine *vm = new_kept (1, test_peer_get_address (peer));

  qmp_client_set_open_timeout (qmp_machine_get_client (vm), G_MAXINT);
  test_spin_until (test_peer_get_told (peer) == 1);
  g_assert_true (qmp_io_context_hurry (io));
  test_spin_until (qmp_machine_get_link_error (vm) != NULL || qmp_machine_get_connected (vm));
  test_spin_until (qmp_machine_get_connected (vm));
  leave (vm);
  test_peer_finish (peer);
}

/* A server that hangs up while it is read, and one that is not a machine: the next try may find another one. */
static void
test_not_read (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, PEER_EXPECT ("query-status"), PEER_CLOSE,
                                    PEER_HANDSHAKE, PEER_EXPECT ("query-status"), PEER_EXPECT ("query-name"),
                                    PEER_EXPECT ("query-uuid"), PEER_EXPECT ("query-jobs"),
                                    PEER_EXPECT ("migrate-set-capabilities"), PEER_EXPECT ("query-migrate"),
                                    PEER_ERROR ("CommandNotFound", "no"), PEER_ERROR ("CommandNotFound", "no"),
                                    PEER_ERROR ("CommandNotFound", "no"), PEER_ERROR ("CommandNotFound", "no"),
                                    PEER_ERROR ("CommandNotFound", "no"), PEER_ERROR ("CommandNotFound", "no"),
                                    PEER_EXPECT_EOF, PEER_CLOSE,
                                    PEER_HANDSHAKE, PEER_READ ("running", NO_UUID, "[]"));
  QmpMachine *vm = new_kept (1, test_peer_get_address (peer));
  GString *log = test_machine_log (vm);

  test_spin_until (qmp_machine_get_connected (vm));
  test_spin_ready ();
  g_assert_true (g_str_has_suffix (log->str, "running +connected"));
  g_assert_null (strstr (log->str, "-connected"));
  leave (vm);
  test_peer_finish (peer);
  g_string_free (log, TRUE);
}

static QmpJob *
take_job (QmpMachine *vm)
{
  return g_list_model_get_item (qmp_machine_get_jobs (vm), 0);
}

/* What was waited for and is gone. */
static void
test_job_gone (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, PEER_READ ("running", A_UUID, A_JOB), PEER_WAIT, PEER_CLOSE,
                                    PEER_HANDSHAKE, PEER_READ ("running", A_UUID, "[]"));
  QmpMachine *vm = new_kept (1, test_peer_get_address (peer));
  g_autoptr(QmpJob) job = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  test_spin_until (qmp_machine_get_connected (vm));
  job = take_job (vm);
  qmp_job_wait_async (job, QMP_TIMEOUT_NONE, NULL, test_result_cb, &result);
  test_peer_signal (peer);
  test_spin_until (result != NULL);
  g_assert_false (qmp_job_wait_finish (job, result, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_LOST);
  g_assert_cmpuint (g_list_model_get_n_items (qmp_machine_get_jobs (vm)), ==, 0);
  test_spin_until (qmp_machine_get_connected (vm));
  leave (vm);
  test_peer_finish (peer);
}

/* Another one is at the address: the one before has ended, and nothing of it is left. */
static void
test_replaced (gconstpointer data)
{
  gboolean kept = GPOINTER_TO_INT (data);
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, PEER_READ ("running", A_UUID, A_JOB), PEER_WAIT, PEER_CLOSE,
                                    PEER_HANDSHAKE, PEER_READ ("paused", B_UUID, A_JOB), PEER_READ ("paused", B_UUID, A_JOB));
  QmpMachine *vm = kept ? new_kept (1, test_peer_get_address (peer)) : qmp_machine_new (NULL);
  GString *log = test_machine_log (vm);
  g_autoptr(QmpJob) job = NULL;
  g_autoptr(QmpJob) other = NULL;

  if (!kept)
    qmp_machine_open_async (vm, test_peer_get_address (peer), NULL, NULL, NULL);
  test_spin_until (qmp_machine_get_connected (vm));
  test_spin_ready ();
  test_assert_log (log, "running +connected");
  job = take_job (vm);
  test_peer_signal (peer);
  if (!kept)
    {
      test_spin_until (!qmp_machine_get_connected (vm) && strstr (log->str, "closed") != NULL);
      qmp_machine_open_async (vm, test_peer_get_address (peer), NULL, NULL, NULL);
    }
  test_spin_until (g_strcmp0 (qmp_machine_get_uuid (vm), B_UUID) == 0 && qmp_machine_get_connected (vm));
  test_spin_ready ();
  test_assert_log (log, "closed -connected unknown outcome ended(lost) paused +connected");
  g_assert_error (qmp_job_get_error (job), QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_LOST);
  other = take_job (vm);
  g_assert_true (other != job);
  g_assert_false (qmp_job_get_finished (other));
  g_clear_object (&other);
  leave (vm);
  test_peer_finish (peer);
  g_string_free (log, TRUE);
}

static void
test_replaced_blocking (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, PEER_READ ("running", A_UUID, A_JOB), PEER_WAIT, PEER_CLOSE,
                                    PEER_HANDSHAKE, PEER_EXPECT ("query-status"), PEER_REPLY ("{\"status\": \"paused\"}"),
                                    PEER_EXPECT ("query-name"), PEER_REPLY ("{}"),
                                    PEER_EXPECT ("query-uuid"), PEER_REPLY ("{\"UUID\": \"" B_UUID "\"}"),
                                    PEER_EXPECT ("query-jobs"), PEER_REPLY ("[]"),
                                    PEER_EXPECT ("migrate-set-capabilities"), PEER_REPLY ("{}"),
                                    PEER_EXPECT ("query-migrate"), PEER_REPLY ("{}"),
                                    PEER_EXPECT ("query-status"), PEER_REPLY ("{\"status\": \"paused\"}"),
                                    PEER_EXPECT ("query-name"), PEER_REPLY ("{}"),
                                    PEER_EXPECT ("query-uuid"), PEER_REPLY ("{\"UUID\": \"" B_UUID "\"}"),
                                    PEER_EXPECT ("query-jobs"), PEER_REPLY ("[]"),
                                    PEER_EXPECT ("migrate-set-capabilities"), PEER_REPLY ("{}"),
                                    PEER_EXPECT ("query-migrate"), PEER_REPLY ("{}"));
  QmpMachine *vm = new_kept (NEVER, test_peer_get_address (peer));
  g_autoptr(GError) error = NULL;

  test_spin_until (qmp_machine_get_connected (vm));
  test_spin_ready ();
  g_assert_false (qmp_machine_open (vm, test_peer_get_address (peer), NULL, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  g_clear_error (&error);
  qmp_machine_keep_open (vm, NULL);
  test_peer_signal (peer);
  test_spin_until (!qmp_machine_get_connected (vm));
  test_spin_until (qmp_client_get_runstate (qmp_machine_get_client (vm)) == QMP_RUNSTATE_IDLE);
  g_assert_true (qmp_machine_open (vm, test_peer_get_address (peer), NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (qmp_machine_get_uuid (vm), ==, B_UUID);
  g_assert_cmpstr (qmp_outcome_get_text (qmp_machine_get_outcome (vm)), ==, "lost");
  g_assert_true (qmp_machine_get_connected (vm));
  leave (vm);
  test_peer_finish (peer);
}

/* --- real QEMU --- */

/* A job has failed and the machine has stopped while nobody looked. */
static void
test_gap (void)
{
  g_autoptr(TestServer) server = test_server_new (TEST_SERVER_QEMU_MACHINE);
  QmpMachine *vm = new_kept (NEVER, test_server_get_address (server));
  QmpClient *client = qmp_machine_get_client (vm);
  QmpClient *other = qmp_client_new (NULL);
  g_autoptr(QmpMessage) disk = test_message ("{\"execute\": \"blockdev-add\", \"arguments\": {\"driver\": \"null-co\", "
                                             "\"node-name\": \"d\", \"size\": 4194304}}");
  g_autoptr(QmpMessage) full = test_message ("{\"execute\": \"blockdev-add\", \"arguments\": {\"driver\": \"blkdebug\", "
                                             "\"node-name\": \"t\", \"inject-error\": [{\"event\": \"none\", "
                                             "\"iotype\": \"write\", \"errno\": 28}], \"image\": {\"driver\": \"null-co\", "
                                             "\"size\": 4194304}}}");
  g_autoptr(QmpMessage) backup = test_message ("{\"execute\": \"blockdev-backup\", \"arguments\": {\"job-id\": \"b\", "
                                               "\"device\": \"d\", \"target\": \"t\", \"sync\": \"full\", "
                                               "\"on-target-error\": \"stop\"}}");
  g_autoptr(QmpMessage) cancel = test_message ("{\"execute\": \"job-cancel\", \"arguments\": {\"id\": \"b\"}}");
  g_autoptr(QmpEventMatch) concluded = TEST_MATCH ("JOB_STATUS_CHANGE");
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(QmpEvent) event = NULL;
  g_autoptr(QmpJob) job = NULL;
  g_autoptr(GError) error = NULL;

  test_spin_until (qmp_machine_get_connected (vm));
  json_node_unref (test_execute_message (client, disk, &error));
  json_node_unref (test_execute_message (client, full, &error));
  job = qmp_machine_start_job (vm, backup, NULL, &error);
  g_assert_no_error (error);
  test_spin_until (qmp_job_get_status (job) == QMP_JOB_STATUS_PAUSED);
  qmp_job_wait_async (job, QMP_TIMEOUT_NONE, NULL, test_result_cb, &result);
  g_assert_true (qmp_client_close (client, NULL, &error));
  test_spin_until (!qmp_machine_get_connected (vm));

  g_assert_true (test_open (other, test_server_get_second_address (server), &error));
  qmp_event_match_add_string_member (concluded, NULL, "status", "concluded");
  event = qmp_client_execute_and_wait (other, cancel, concluded, NULL, &error);
  g_assert_no_error (error);
  json_node_unref (test_execute (other, "stop", &error));
  g_assert_null (result);

  /* It is tried at once. */
  qmp_machine_keep_open (vm, test_server_get_address (server));
  test_spin_until (result != NULL);
  g_assert_false (qmp_job_wait_finish (job, result, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_JOB_CANCELLED);
  test_spin_until (qmp_machine_get_connected (vm));
  g_assert_cmpstr (qmp_machine_get_status_name (vm), ==, "paused");
  g_assert_true (test_close (other, NULL));
  test_client_free (other);
  g_clear_object (&job);
  leave (vm);
}

/* --- user code --- */

typedef struct {
  const char         *signal;
  gboolean            of_client;
  guint               action;
  GSocketConnectable *address;
  QmpMachine         *vm;      /* NULL: it was dropped */
  gboolean            done;
} Act;

static void
do_action (Act *act)
{
  const char *argv[] = { "true", NULL };
  g_autoptr(QmpLauncher) launcher = qmp_launcher_new (argv);

  switch (act->action)
    {
    case 0:
      qmp_machine_keep_open (act->vm, NULL);
      break;
    case 1:
      qmp_machine_keep_open (act->vm, act->address);
      break;
    case 2:
      qmp_machine_open_async (act->vm, act->address, NULL, NULL, NULL);
      break;
    case 3:
      qmp_machine_launch_async (act->vm, launcher, NULL, NULL, NULL);
      break;
    case 4:
      qmp_client_close_async (qmp_machine_get_client (act->vm), NULL, NULL, NULL);
      break;
    case 5:
      g_object_unref (g_steal_pointer (&act->vm));
      break;
    case 6:
      g_object_run_dispose (G_OBJECT (act->vm));
      break;
    default:
      g_assert_not_reached ();
    }
}

#define N_ACTIONS 7

static void
act_cb (GObject    *object,
        GParamSpec *pspec,
        Act        *act)
{
  if (act->done)
    return;
  act->done = TRUE;
  do_action (act);
}

static void
test_inside (gconstpointer data)
{
  static const Act kinds[] = {
    { "notify::link-error", FALSE }, { "notify::connected", FALSE }, { "notify::status-name", FALSE },
    { "notify::runstate", TRUE }, { "notify::runstate", TRUE }
  };
  guint when = GPOINTER_TO_UINT (data);
  g_autoptr(TestServer) server = test_server_new (TEST_SERVER_QEMU);

  for (guint i = 0; i < G_N_ELEMENTS (kinds) * N_ACTIONS; i++)
    {
      Act act = kinds[i / N_ACTIONS];
      QmpMachine *vm = new_kept (1, test_server_get_address (server));
      QmpClient *client = g_object_ref (qmp_machine_get_client (vm));
      gboolean gone = FALSE;

      act.action = i % N_ACTIONS;
      act.address = test_server_get_address (server);
      act.vm = vm;
      g_object_weak_ref (G_OBJECT (vm), set_gone, &gone);
      if (when == 1)
        test_spin_until (qmp_machine_get_connected (vm));
      g_signal_connect (act.of_client ? (gpointer) client : (gpointer) vm, act.signal, G_CALLBACK (act_cb), &act);
      if (when == 1)
        qmp_client_close_async (client, NULL, NULL, NULL);
      /* Some of them are not told of here. */
      test_spin_until (act.done || (when == 0 && qmp_machine_get_connected (vm)) ||
                       (when == 1 && qmp_client_get_runstate (client) == QMP_RUNSTATE_IDLE));
      test_spin_ready ();
      if (act.vm != NULL)
        {
          if (act.action != 6 || !act.done)
            qmp_machine_keep_open (act.vm, NULL);
          act.done = TRUE;
          g_object_unref (act.vm);
        }
      qmp_client_close_async (client, NULL, NULL, NULL);
      test_spin_until (gone && qmp_client_get_runstate (client) == QMP_RUNSTATE_IDLE);
      test_client_free (client);
    }
}

/* While it is kept open nothing else begins there; nor is it held. */
static void
test_refuses (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_ACCEPT, PEER_TELL, PEER_EXPECT_EOF);
  QmpMachine *vm = new_kept (NEVER, test_peer_get_address (peer));
  QmpClient *client = g_object_ref (qmp_machine_get_client (vm));
  g_autoptr(QmpLauncher) launcher = test_launcher_new ();
  g_autoptr(GError) error = NULL;

  g_assert_false (test_launch (vm, launcher, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  test_assert_error_has (error, "kept open");
  test_spin_until (test_peer_get_told (peer) == 1);
  g_assert_finalize_object (vm);
  test_spin_until (qmp_client_get_runstate (client) == QMP_RUNSTATE_IDLE);
  test_peer_finish (peer);
  test_client_free (client);
}

/* --- many --- */

static void
test_many (void)
{
  const guint n = TEST_FEW ? 10 : 100;
  g_autofree TestPeer **peers = g_new (TestPeer *, n);
  g_autofree QmpMachine **vms = g_new (QmpMachine *, n);

  for (guint i = 0; i < n; i++)
    {
      peers[i] = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, PEER_READ ("running", NO_UUID, "[]"), PEER_WAIT, PEER_CLOSE,
                                  PEER_HANDSHAKE, PEER_READ ("paused", NO_UUID, "[]"));
      vms[i] = new_kept (1, test_peer_get_address (peers[i]));
    }
  for (guint i = 0; i < n; i++)
    test_spin_until (qmp_machine_get_connected (vms[i]));
  for (guint i = 0; i < n; i++)
    test_peer_signal (peers[i]);
  for (guint i = 0; i < n; i++)
    test_spin_until (qmp_machine_get_connected (vms[i]) && qmp_machine_get_status (vms[i]) == QMP_MACHINE_STATUS_PAUSED);
  for (guint i = 0; i < n; i++)
    {
      leave (vms[i]);
      test_peer_finish (peers[i]);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  test_warm_up ();

  g_test_add_func ("/machine-keep/again", test_again);
  g_test_add_func ("/machine-keep/refused", test_refused);
  g_test_add_func ("/machine-keep/hung", test_hung);
  g_test_add_func ("/machine-keep/not-read", test_not_read);
  g_test_add_func ("/machine-keep/job-gone", test_job_gone);
  g_test_add_data_func ("/machine-keep/replaced/kept", GINT_TO_POINTER (TRUE), test_replaced);
  g_test_add_data_func ("/machine-keep/replaced/opened", GINT_TO_POINTER (FALSE), test_replaced);
  g_test_add_func ("/machine-keep/replaced/blocking", test_replaced_blocking);
  g_test_add_func ("/machine-keep/gap", test_gap);
  g_test_add_data_func ("/machine-keep/inside/first", GUINT_TO_POINTER (0), test_inside);
  g_test_add_data_func ("/machine-keep/inside/again", GUINT_TO_POINTER (1), test_inside);
  g_test_add_func ("/machine-keep/refuses", test_refuses);
  g_test_add_func ("/machine-keep/many", test_many);

  return g_test_run ();
}
