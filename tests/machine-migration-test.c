/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-machine.h"
#include "test-peer.h"
#include "test-server.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Migrations of a machine: what is told, and when; what servers may do that QEMU 7.2 does not; what a program may do at any
 * moment. migration-test.c has the books, migration-live-test.c the real ones. */

#define M(status) PEER_EVENT_DATA_TEXT ("MIGRATION", "{\"status\": \"" status "\"}")
/* A machine is read anew. */
#define READ_WITH(status, events, migration) \
  PEER_EXPECT ("query-status"), PEER_EXPECT ("query-name"), PEER_EXPECT ("query-uuid"), PEER_EXPECT ("query-jobs"), \
  PEER_EXPECT ("migrate-set-capabilities"), PEER_EXPECT ("query-migrate"), \
  PEER_REPLY ("{\"status\": \"" status "\"}"), PEER_REPLY ("{}"), PEER_REPLY ("{}"), PEER_REPLY ("[]"), \
  events, PEER_REPLY (migration)
#define READ(status) READ_WITH (status, PEER_REPLY ("{}"), "{}")
#define STATUS(status) PEER_REPLY ("{\"status\": \"" status "\"}")
#define NO_EVENTS PEER_ERROR ("GenericError", "There's a migration process in progress")
/* It is started, and nothing but a name is sent before the reply. */
#define STARTED(command) PEER_EXPECT (command), PEER_SEND (M ("setup")), PEER_EXPECT ("query-status"), PEER_REPLY ("{}"), \
  STATUS ("running")

/* --- what the tests share --- */

typedef struct {
  TestPeer     *peer;
  QmpMachine   *vm;
  QmpMigration *migration;
} Desk;

static void
open_desk (Desk     *desk,
           TestPeer *peer)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  *desk = (Desk) { peer, qmp_machine_new (NULL) };
  qmp_machine_open_async (desk->vm, test_peer_get_address (peer), NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  qmp_machine_open_finish (desk->vm, result, &error);
  g_assert_no_error (error);
}

static void
close_desk (Desk *desk)
{
  if (qmp_client_get_runstate (qmp_machine_get_client (desk->vm)) == QMP_RUNSTATE_RUNNING)
    g_assert_true (test_close (qmp_machine_get_client (desk->vm), NULL));
  test_peer_finish (desk->peer);
  g_clear_object (&desk->migration);
  test_machine_free (desk->vm);
}

static void
start (Desk *desk)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  qmp_machine_start_migration_async (desk->vm, "unix:there", NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  desk->migration = qmp_machine_start_migration_finish (desk->vm, result, &error);
  g_assert_no_error (error);
}

static void
assert_waits (Desk *desk,
              int   code)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  qmp_migration_wait_async (desk->migration, QMP_TIMEOUT_NONE, NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  if (qmp_migration_wait_finish (desk->migration, result, &error))
    g_assert_cmpint (code, ==, -1);
  else
    g_assert_error (error, QMP_MACHINE_ERROR, code);
}

/* --- order --- */

static void
finished_cb (QmpMigration *migration,
             GParamSpec   *pspec,
             GString      *log)
{
  g_assert_true (qmp_migration_get_finished (migration));
  g_string_append_printf (log, "%sfinished", log->len > 0 ? " " : "");
}

static void
waited_cb (GObject      *migration,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  if (qmp_migration_wait_finish (QMP_MIGRATION (migration), result, &error))
    g_string_append (user_data, " waited");
  else
    g_string_append_printf (user_data, " waited(%d)", error->code);
}

static void
migration_cb (QmpMachine *vm,
              GParamSpec *pspec,
              GString    *log)
{
  g_string_append_printf (log, "%smigration%s", log->len > 0 ? " " : "",
                          qmp_machine_get_migration (vm) == NULL ? "(none)" : "");
}

static GString *
new_log (QmpMachine   *vm,
         QmpMigration *migration)
{
  GString *log = test_machine_log (vm);

  g_signal_connect (vm, "notify::migration", G_CALLBACK (migration_cb), log);
  if (migration == NULL)
    return log;
  g_signal_connect (migration, "notify::finished", G_CALLBACK (finished_cb), log);
  qmp_migration_wait_async (migration, QMP_TIMEOUT_NONE, NULL, waited_cb, log);
  return log;
}

static QmpMachine *
new_waiting (void)
{
  return test_machine_new (test_launcher_new ("-m", "16", "-incoming", "defer"));
}

static QmpMigration *
start_garbage (QmpMachine *vm)
{
  int fd = memfd_create ("garbage", MFD_CLOEXEC);
  g_autoptr(GError) error = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  QmpMigration *migration;

  g_assert_cmpint (write (fd, "This is not a machine.", 22), ==, 22);
  lseek (fd, 0, SEEK_SET);
  qmp_machine_start_incoming_fd_async (vm, fd, NULL, test_result_cb, &result);
  close (fd);
  test_spin_until (result != NULL);
  migration = qmp_machine_start_incoming_fd_finish (vm, result, &error);
  g_assert_no_error (error);
  return migration;
}

/* It has finished when the process was reaped, and before the end. */
static void
test_order_not_arrived (void)
{
  QmpMachine *vm = new_waiting ();
  QmpMigration *migration = start_garbage (vm);
  GString *log = new_log (vm, migration);

  g_object_unref (test_wait_ended (vm));
  g_assert_cmpstr (strstr (log->str, "closed"), ==,
                   "closed -connected unknown -alive outcome finished waited(8) ended(migration-failed)");
  g_signal_handlers_disconnect_by_data (migration, log);
  g_object_unref (migration);
  test_machine_free (vm);
  g_string_free (log, TRUE);
}

/* What QEMU has said of it comes before the end of the link. */
static void
test_order_quit (void)
{
  QmpMachine *vm = test_machine_new (test_launcher_new ("-m", "16"));
  g_autoptr(QmpMessage) slow = test_message ("{\"execute\": \"migrate-set-parameters\", \"arguments\": {\"max-bandwidth\": 100}}");
  g_autoptr(GError) error = NULL;
  QmpMigration *migration;
  GString *log;

  json_node_unref (test_execute_message (qmp_machine_get_client (vm), slow, &error));
  migration = qmp_machine_start_migration (vm, "exec:cat >/dev/null", NULL, &error);
  g_assert_no_error (error);
  test_spin_until (qmp_migration_get_status (migration) == QMP_MIGRATION_STATUS_ACTIVE);
  log = new_log (vm, migration);
  qmp_machine_quit_async (vm, NULL, NULL, NULL);
  g_object_unref (test_wait_ended (vm));
  g_assert_nonnull (strstr (log->str, "finished waited(9) closed -connected"));
  g_signal_handlers_disconnect_by_data (migration, log);
  g_object_unref (migration);
  test_machine_free (vm);
  g_string_free (log, TRUE);
}

/* The machine's status comes first, and is right when the migration has finished. QEMU 10 is late with it. */
static void
test_order_completed (void)
{
  Desk desk;
  GString *log;

  open_desk (&desk, test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, READ ("running"), STARTED ("migrate"), PEER_WAIT,
                                     PEER_SEND (M ("active") PEER_EVENT_TEXT ("STOP") M ("device") M ("completed")),
                                     PEER_EXPECT ("query-status"), PEER_EXPECT ("query-migrate"),
                                     STATUS ("finish-migrate"),
                                     PEER_REPLY ("{\"status\": \"completed\", \"ram\": {\"total\": 7, \"remaining\": 0}}"),
                                     PEER_EXPECT ("query-status"), STATUS ("finish-migrate"),
                                     PEER_EXPECT ("query-status"), STATUS ("postmigrate")));
  log = new_log (desk.vm, NULL);
  start (&desk);
  g_assert_cmpstr (log->str, ==, "migration");
  g_string_truncate (log, 0);
  g_signal_connect (desk.migration, "notify::finished", G_CALLBACK (finished_cb), log);
  qmp_migration_wait_async (desk.migration, QMP_TIMEOUT_NONE, NULL, waited_cb, log);
  test_spin_until (qmp_client_get_n_pending (qmp_machine_get_client (desk.vm)) == 0);
  test_peer_signal (desk.peer);
  test_spin_until (strstr (log->str, "waited") != NULL);
  g_assert_cmpstr (log->str, ==, "paused finish-migrate postmigrate finished waited");
  g_assert_cmpint (qmp_migration_get_total (desk.migration), ==, 7);
  g_signal_handlers_disconnect_by_data (desk.migration, log);
  g_signal_handlers_disconnect_by_data (desk.vm, log);
  g_signal_handlers_disconnect_by_data (qmp_machine_get_client (desk.vm), log);
  close_desk (&desk);
  g_string_free (log, TRUE);
}

/* The same in a blocking call: it has its clock in there. */
static void
test_blocking_settles (void)
{
  Desk desk;
  g_autoptr(GError) error = NULL;

  open_desk (&desk, test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, READ ("running"), STARTED ("migrate"), PEER_WAIT,
                                     PEER_SEND (M ("active") PEER_EVENT_TEXT ("STOP") M ("completed")),
                                     PEER_EXPECT ("query-migrate"), PEER_REPLY ("{\"status\": \"completed\"}"),
                                     PEER_EXPECT ("query-status"), STATUS ("finish-migrate"),
                                     PEER_EXPECT ("query-status"), STATUS ("finish-migrate"),
                                     PEER_EXPECT ("query-status"), STATUS ("postmigrate")));
  start (&desk);
  test_spin_until (qmp_client_get_n_pending (qmp_machine_get_client (desk.vm)) == 0);
  test_peer_signal (desk.peer);
  g_assert_true (qmp_migration_wait (desk.migration, QMP_TIMEOUT_NONE, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (qmp_machine_get_status (desk.vm), ==, QMP_MACHINE_STATUS_POSTMIGRATE);
  close_desk (&desk);
}

/* What was asked in the background is not answered before the main loop runs: a blocking call asks for itself. */
static void
test_blocking_asks_anew (void)
{
  Desk desk;
  g_autoptr(GError) error = NULL;

  open_desk (&desk, test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, READ ("running"), STARTED ("migrate"), PEER_WAIT,
                                     PEER_SEND (M ("completed")),
                                     PEER_EXPECT ("query-status"), PEER_EXPECT ("query-migrate"), PEER_TELL, PEER_WAIT,
                                     STATUS ("finish-migrate"), PEER_REPLY ("{\"status\": \"completed\"}"),
                                     PEER_EXPECT ("query-migrate"), PEER_REPLY ("{\"status\": \"completed\"}"),
                                     PEER_EXPECT ("query-status"), STATUS ("postmigrate")));
  start (&desk);
  test_spin_until (qmp_client_get_n_pending (qmp_machine_get_client (desk.vm)) == 0);
  test_peer_signal (desk.peer);
  test_spin_until (test_peer_get_told (desk.peer) == 1);
  test_peer_signal (desk.peer);
  g_assert_true (qmp_migration_wait (desk.migration, QMP_TIMEOUT_NONE, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (qmp_machine_get_status (desk.vm), ==, QMP_MACHINE_STATUS_POSTMIGRATE);
  close_desk (&desk);
}

/* --- servers --- */

/* They cannot be switched on while a migration is under way: it is looked at now and then. */
static void
test_no_events (gconstpointer blocking)
{
  Desk desk;
  g_autoptr(GError) error = NULL;

  open_desk (&desk, test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE,
                                     READ_WITH ("running", NO_EVENTS, "{\"status\": \"active\", \"ram\": {}}"),
                                     PEER_EXPECT ("query-migrate"), PEER_REPLY ("{\"status\": \"active\", \"ram\": {}}"),
                                     PEER_EXPECT ("query-migrate"), PEER_REPLY ("{\"status\": \"completed\", \"ram\": {}}"),
                                     PEER_EXPECT ("query-status"), STATUS ("finish-migrate"),
                                     PEER_EXPECT ("query-status"), STATUS ("postmigrate")));
  desk.migration = g_object_ref (qmp_machine_get_migration (desk.vm));
  g_assert_cmpint (qmp_migration_get_direction (desk.migration), ==, QMP_MIGRATION_DIRECTION_OUTGOING);
  if (blocking)
    g_assert_true (qmp_migration_wait (desk.migration, QMP_TIMEOUT_NONE, NULL, &error));
  else
    assert_waits (&desk, -1);
  g_assert_cmpint (qmp_machine_get_status (desk.vm), ==, QMP_MACHINE_STATUS_POSTMIGRATE);
  close_desk (&desk);
}

/* The capability was lost, as of a server without it: it is tried again, and goes without. */
static void
test_no_events_at_start (void)
{
  Desk desk;

  open_desk (&desk, test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, READ_WITH ("running", NO_EVENTS, "{}"),
                                     PEER_EXPECT ("migrate-set-capabilities"), NO_EVENTS,
                                     PEER_EXPECT ("migrate"), PEER_REPLY ("{}"),
                                     PEER_EXPECT ("query-migrate"),
                                     PEER_REPLY ("{\"status\": \"failed\", \"error-desc\": \"No route\"}"),
                                     PEER_EXPECT ("query-status"), STATUS ("running")));
  start (&desk);
  assert_waits (&desk, QMP_MACHINE_ERROR_MIGRATION);
  test_assert_error_has (qmp_migration_get_error (desk.migration), "No route");
  close_desk (&desk);
}

/* A server that does not answer what became of it. */
static void
test_query_refused (void)
{
  Desk desk;

  open_desk (&desk, test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, READ ("running"), STARTED ("migrate"), PEER_WAIT,
                                     PEER_SEND (M ("failed")),
                                     PEER_EXPECT ("query-status"), PEER_EXPECT ("query-migrate"), STATUS ("running"),
                                     PEER_ERROR ("CommandNotFound", "no")));
  start (&desk);
  test_spin_until (qmp_client_get_n_pending (qmp_machine_get_client (desk.vm)) == 0);
  test_peer_signal (desk.peer);
  assert_waits (&desk, QMP_MACHINE_ERROR_MIGRATION);
  close_desk (&desk);
}

/* Only a Unix socket has descriptors. */
static void
test_tcp (gconstpointer blocking)
{
  Desk desk;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  open_desk (&desk, test_peer_start (TEST_PEER_TCP, PEER_HANDSHAKE, READ ("running")));
  if (blocking)
    g_assert_null (qmp_machine_start_migration_fd (desk.vm, 0, NULL, &error));
  else
    {
      qmp_machine_start_migration_fd_async (desk.vm, 0, NULL, test_result_cb, &result);
      test_spin_until (result != NULL);
      g_assert_null (qmp_machine_start_migration_fd_finish (desk.vm, result, &error));
    }
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_null (qmp_machine_get_migration (desk.vm));
  g_clear_object (&result);
  close_desk (&desk);
}

/* --- starting --- */

static void
test_nothing_runs (void)
{
  QmpMachine *vm = qmp_machine_new (NULL);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_null (qmp_machine_start_migration (vm, "unix:there", NULL, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_ENDED);
  g_clear_error (&error);
  qmp_machine_start_incoming_async (vm, "unix:here", NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_null (qmp_machine_start_incoming_finish (vm, result, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_ENDED);
  g_clear_object (&result);
  test_machine_free (vm);
}

/* One at a time. Who does not wait for it any more finds it in the machine. */
static void
test_start_cancelled (void)
{
  Desk desk;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  open_desk (&desk, test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, READ ("running"), PEER_EXPECT ("migrate"), PEER_TELL,
                                     PEER_WAIT, PEER_SEND (M ("setup")), PEER_EXPECT ("query-status"), PEER_REPLY ("{}"),
                                     STATUS ("running"), PEER_TELL));
  qmp_machine_start_migration_async (desk.vm, "unix:there", cancellable, test_result_cb, &result);
  g_assert_null (qmp_machine_start_migration (desk.vm, "unix:there", NULL, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  g_clear_error (&error);
  test_spin_until (test_peer_get_told (desk.peer) == 1);
  g_cancellable_cancel (cancellable);
  test_spin_until (result != NULL);
  g_assert_null (qmp_machine_start_migration_finish (desk.vm, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_null (qmp_machine_get_migration (desk.vm));
  test_peer_signal (desk.peer);
  test_spin_until (test_peer_get_told (desk.peer) == 2 &&
                   qmp_client_get_n_pending (qmp_machine_get_client (desk.vm)) == 0);
  g_assert_nonnull (qmp_machine_get_migration (desk.vm));
  g_clear_object (&result);
  close_desk (&desk);
}

/* The link ends before the reply. */
static void
test_start_interrupted (gconstpointer blocking)
{
  Desk desk;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  open_desk (&desk, test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, READ ("running"), PEER_EXPECT ("migrate"),
                                     PEER_CLOSE));
  if (blocking)
    g_assert_null (qmp_machine_start_migration (desk.vm, "unix:there", NULL, &error));
  else
    {
      qmp_machine_start_migration_async (desk.vm, "unix:there", NULL, test_result_cb, &result);
      test_spin_until (result != NULL);
      g_assert_null (qmp_machine_start_migration_finish (desk.vm, result, &error));
    }
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
  g_assert_null (qmp_machine_get_migration (desk.vm));
  g_clear_object (&result);
  close_desk (&desk);
}

/* --- who holds whom --- */

/* Whoever waits needs no machine, as long as there is a link. */
static void
test_dropped (void)
{
  Desk desk;
  g_autoptr(QmpClient) client = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  open_desk (&desk, test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, READ ("running"), STARTED ("migrate"), PEER_WAIT,
                                     PEER_SEND (M ("cancelled")),
                                     PEER_EXPECT ("query-status"), PEER_EXPECT ("query-migrate"), STATUS ("running"),
                                     PEER_REPLY ("{\"status\": \"cancelled\"}")));
  start (&desk);
  test_spin_until (qmp_client_get_n_pending (qmp_machine_get_client (desk.vm)) == 0);
  client = g_object_ref (qmp_machine_get_client (desk.vm));
  qmp_migration_wait_async (desk.migration, QMP_TIMEOUT_NONE, NULL, test_result_cb, &result);
  g_object_add_weak_pointer (G_OBJECT (desk.vm), (gpointer *) &desk.vm);
  g_object_unref (desk.vm);
  g_assert_nonnull (desk.vm);
  test_peer_signal (desk.peer);
  test_spin_until (result != NULL);
  g_assert_false (qmp_migration_wait_finish (desk.migration, result, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_MIGRATION_CANCELLED);
  test_spin_until (desk.vm == NULL);
  g_assert_true (test_close (client, NULL));
  test_peer_finish (desk.peer);
  g_clear_object (&result);
  g_assert_finalize_object (g_steal_pointer (&desk.migration));
}

/* Without one nobody could open another. */
static void
test_dropped_and_lost (void)
{
  Desk desk;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  open_desk (&desk, test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, READ ("running"), STARTED ("migrate"), PEER_WAIT,
                                     PEER_CLOSE));
  start (&desk);
  test_spin_until (qmp_client_get_n_pending (qmp_machine_get_client (desk.vm)) == 0);
  qmp_migration_wait_async (desk.migration, QMP_TIMEOUT_NONE, NULL, test_result_cb, &result);
  g_object_add_weak_pointer (G_OBJECT (desk.vm), (gpointer *) &desk.vm);
  g_object_unref (desk.vm);
  test_peer_signal (desk.peer);
  test_spin_until (result != NULL && desk.vm == NULL);
  g_assert_false (qmp_migration_wait_finish (desk.migration, result, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_LOST);
  test_peer_finish (desk.peer);
  g_clear_object (&result);
  g_assert_finalize_object (g_steal_pointer (&desk.migration));
}

/* --- in a callback --- */

static void
drop_cb (GObject      *migration,
         GAsyncResult *result,
         gpointer      user_data)
{
  Desk *desk = user_data;

  g_assert_true (qmp_migration_wait_finish (QMP_MIGRATION (migration), result, NULL));
  g_clear_object (&desk->migration);
  g_clear_object (&desk->vm);
}

static void
dispose_cb (QmpMigration *migration,
            GParamSpec   *pspec,
            Desk         *desk)
{
  g_object_run_dispose (G_OBJECT (desk->vm));
}

static TestPeer *
start_peer_that_completes (void)
{
  return test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, READ ("running"), STARTED ("migrate"), PEER_WAIT,
                          PEER_SEND (M ("completed")), PEER_EXPECT ("query-status"), PEER_EXPECT ("query-migrate"),
                          STATUS ("postmigrate"), PEER_REPLY ("{\"status\": \"completed\"}"));
}

static void
test_unref_in_callback (void)
{
  Desk desk;
  g_autoptr(QmpClient) client = NULL;

  open_desk (&desk, start_peer_that_completes ());
  client = g_object_ref (qmp_machine_get_client (desk.vm));
  start (&desk);
  test_spin_until (qmp_client_get_n_pending (client) == 0);
  qmp_migration_wait_async (desk.migration, QMP_TIMEOUT_NONE, NULL, drop_cb, &desk);
  test_peer_signal (desk.peer);
  test_spin_until (desk.vm == NULL);
  g_assert_true (test_close (client, NULL));
  test_peer_finish (desk.peer);
}

/* What is known already is kept. */
static void
test_dispose_in_handler (void)
{
  Desk desk;
  g_autoptr(QmpClient) client = NULL;
  g_autoptr(GAsyncResult) result = NULL;

  open_desk (&desk, start_peer_that_completes ());
  client = g_object_ref (qmp_machine_get_client (desk.vm));
  start (&desk);
  test_spin_until (qmp_client_get_n_pending (client) == 0);
  g_signal_connect (desk.migration, "notify::finished", G_CALLBACK (dispose_cb), &desk);
  qmp_migration_wait_async (desk.migration, QMP_TIMEOUT_NONE, NULL, test_result_cb, &result);
  test_peer_signal (desk.peer);
  test_spin_until (result != NULL);
  g_assert_true (qmp_migration_wait_finish (desk.migration, result, NULL));
  g_assert_true (test_close (client, NULL));
  test_peer_finish (desk.peer);
  g_clear_object (&desk.migration);
  test_machine_free (desk.vm);
}

/* Of what nobody follows any more nobody knows how it ends. */
static void
test_disposed (void)
{
  Desk desk;
  g_autoptr(QmpClient) client = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  open_desk (&desk, test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, READ ("running"), STARTED ("migrate"), PEER_DRAIN));
  client = g_object_ref (qmp_machine_get_client (desk.vm));
  start (&desk);
  test_spin_until (qmp_client_get_n_pending (client) == 0);
  qmp_migration_wait_async (desk.migration, QMP_TIMEOUT_NONE, NULL, test_result_cb, &result);
  g_object_run_dispose (G_OBJECT (desk.vm));
  g_assert_null (result);
  test_spin_until (result != NULL);
  g_assert_false (qmp_migration_wait_finish (desk.migration, result, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_LOST);
  g_clear_error (&error);
  g_assert_false (qmp_migration_wait (desk.migration, QMP_TIMEOUT_NONE, NULL, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_LOST);
  g_assert_true (test_close (client, NULL));
  test_peer_finish (desk.peer);
  g_clear_object (&desk.migration);
  test_machine_free (desk.vm);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  test_warm_up ();

  g_test_add_func ("/machine-migration/order/not-arrived", test_order_not_arrived);
  g_test_add_func ("/machine-migration/order/quit", test_order_quit);
  g_test_add_func ("/machine-migration/order/completed", test_order_completed);
  g_test_add_func ("/machine-migration/blocking/settles", test_blocking_settles);
  g_test_add_func ("/machine-migration/blocking/asks-anew", test_blocking_asks_anew);
  g_test_add_data_func ("/machine-migration/no-events/background", NULL, test_no_events);
  g_test_add_data_func ("/machine-migration/no-events/blocking", GINT_TO_POINTER (TRUE), test_no_events);
  g_test_add_func ("/machine-migration/no-events/at-start", test_no_events_at_start);
  g_test_add_func ("/machine-migration/query-refused", test_query_refused);
  g_test_add_data_func ("/machine-migration/tcp/background", NULL, test_tcp);
  g_test_add_data_func ("/machine-migration/tcp/blocking", GINT_TO_POINTER (TRUE), test_tcp);
  g_test_add_func ("/machine-migration/nothing-runs", test_nothing_runs);
  g_test_add_func ("/machine-migration/start-cancelled", test_start_cancelled);
  g_test_add_data_func ("/machine-migration/start-interrupted/background", NULL, test_start_interrupted);
  g_test_add_data_func ("/machine-migration/start-interrupted/blocking", GINT_TO_POINTER (TRUE), test_start_interrupted);
  g_test_add_func ("/machine-migration/dropped", test_dropped);
  g_test_add_func ("/machine-migration/dropped-and-lost", test_dropped_and_lost);
  g_test_add_func ("/machine-migration/unref-in-callback", test_unref_in_callback);
  g_test_add_func ("/machine-migration/dispose/in-handler", test_dispose_in_handler);
  g_test_add_func ("/machine-migration/dispose/in-the-middle", test_disposed);

  return g_test_run ();
}
