/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <sys/socket.h>

#include "test-machine.h"
#include "test-peer.h"

/* D-Bus connections to displays: of a real QEMU, and of a peer that does not authenticate. */

static gboolean blocking;

static GDBusConnection *
open_display (QmpMachine    *vm,
              GCancellable  *cancellable,
              GError       **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  if (blocking)
    return qmp_machine_open_display (vm, cancellable, error);
  qmp_machine_open_display_async (vm, cancellable, test_result_cb, &result);
  test_spin_until (result != NULL);
  return qmp_machine_open_display_finish (vm, result, error);
}

#define assert_fails(vm, cancellable, domain, code, part)                      \
  G_STMT_START {                                                               \
    g_autoptr(GError) open_error = NULL;                                       \
    g_assert_null (open_display (vm, cancellable, &open_error));               \
    g_assert_error (open_error, domain, code);                                 \
    test_assert_error_has (open_error, part);                                  \
  } G_STMT_END

/* The name that the display has for the machine. */
static void
assert_answers (GDBusConnection *display,
                const char      *name)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply = NULL;
  g_autoptr(GVariant) properties = NULL;
  const char *found;

  g_dbus_connection_call (display, NULL, "/org/qemu/Display1/VM", "org.freedesktop.DBus.Properties", "GetAll",
                          g_variant_new ("(s)", "org.qemu.Display1.VM"), G_VARIANT_TYPE ("(a{sv})"),
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  reply = g_dbus_connection_call_finish (display, result, &error);
  g_assert_no_error (error);
  g_variant_get (reply, "(@a{sv})", &properties);
  g_assert_true (g_variant_lookup (properties, "Name", "&s", &found));
  g_assert_cmpstr (found, ==, name);
}

static void
closed_cb (GDBusConnection *display,
           gboolean         vanished,
           GError          *error,
           gpointer         user_data)
{
  *(gboolean *) user_data = TRUE;
}

static void
test_opened (gconstpointer data)
{
  QmpMachine *vm;
  g_autoptr(GDBusConnection) first = NULL;
  g_autoptr(GDBusConnection) second = NULL;
  g_autoptr(GError) error = NULL;
  gboolean closed = FALSE;

  blocking = GPOINTER_TO_INT (data);
  vm = test_machine_new (test_launcher_new_pc ("-name", "shown", "-device", "VGA", "-display", "dbus,p2p=yes"));
  first = open_display (vm, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (g_dbus_connection_get_exit_on_close (first));
  g_signal_connect (first, "closed", G_CALLBACK (closed_cb), &closed);
  assert_answers (first, "shown");
  /* The second one closes the first. */
  second = open_display (vm, NULL, &error);
  g_assert_no_error (error);
  assert_answers (second, "shown");
  test_spin_until (closed);
  closed = FALSE;
  g_signal_connect (second, "closed", G_CALLBACK (closed_cb), &closed);
  test_machine_quit (vm);
  test_spin_until (closed);
}

/* Two at once: QEMU may close either, before it is there or a moment later. Both are told. */
static void
test_two (void)
{
  QmpLauncher *launcher = test_launcher_new_pc ("-name", "shown", "-device", "VGA", "-display", "dbus,p2p=yes");
  g_auto(GStrv) environment = g_environ_unsetenv (g_get_environ (), "G_DEBUG");
  QmpMachine *vm;
  GAsyncResult *results[2] = { NULL, NULL };

  /* QEMU 7.2 has a critical warning for one that it closes before, which would end it. */
  qmp_launcher_set_environment (launcher, (const char * const *) environment);
  vm = test_machine_new (launcher);
  for (guint i = 0; i < 2; i++)
    qmp_machine_open_display_async (vm, NULL, test_result_cb, &results[i]);
  test_spin_until (results[0] != NULL && results[1] != NULL);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr(GDBusConnection) either = qmp_machine_open_display_finish (vm, results[i], NULL);

      g_object_unref (results[i]);
    }
  test_machine_quit (vm);
}

static void
test_no_display (gconstpointer data)
{
  QmpMachine *vm;
  guint n_fds;

  blocking = GPOINTER_TO_INT (data);
  vm = test_machine_new (test_launcher_new ());
  n_fds = test_count_fds ();
  assert_fails (vm, NULL, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_DEVICE_NOT_ACTIVE, "D-Bus display is not in use");
  test_assert_n_fds (n_fds);
  test_machine_quit (vm);
}

/* --- a peer --- */

#define PEER_READ \
  PEER_EXPECT ("query-status"), PEER_EXPECT ("query-name"), PEER_EXPECT ("query-uuid"), PEER_EXPECT ("query-jobs"), \
  PEER_EXPECT ("migrate-set-capabilities"), PEER_EXPECT ("query-migrate"), \
  PEER_REPLY ("{\"status\": \"running\"}"), PEER_REPLY ("{}"), PEER_REPLY ("{}"), PEER_REPLY ("[]"), \
  PEER_REPLY ("{}"), PEER_REPLY ("{}")

#define peer_start(transport, ...) test_peer_start (transport, PEER_HANDSHAKE, PEER_READ, __VA_ARGS__)

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

static gboolean
hang_up (TestPeer *peer,
         gpointer  user_data)
{
  return shutdown (test_peer_get_fd (peer, 0), SHUT_RDWR) == 0 || test_peer_fail (peer, "it cannot be shut down");
}

static void
test_hangs_up (gconstpointer data)
{
  TestPeer *peer = peer_start (TEST_PEER_UNIX, PEER_EXPECT ("getfd"), PEER_EXPECT_FD (1), PEER_REPLY ("{}"),
                               PEER_EXPECT ("add_client"), PEER_REPLY ("{}"), PEER_CALL (hang_up, NULL));
  QmpMachine *vm = open_new (peer);
  g_autoptr(GError) error = NULL;

  blocking = GPOINTER_TO_INT (data);
  g_assert_null (open_display (vm, NULL, &error));
  g_assert_nonnull (error);
  g_assert_true (error->domain == G_IO_ERROR);
  g_assert_false (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
  g_assert_false (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT));
  close_vm (vm, peer);
}

/* From then on it is short. */
static gboolean
shorten (QmpEvent *event,
         gpointer  client)
{
  qmp_client_set_timeout (client, 1);
  return FALSE;
}

/* Nobody authenticates. */
static void
test_silent (gconstpointer data)
{
  TestPeer *peer = peer_start (TEST_PEER_UNIX, PEER_EXPECT ("getfd"), PEER_EXPECT_FD (1), PEER_REPLY ("{}"),
                               PEER_EXPECT ("add_client"), PEER_EVENT ("STOP"), PEER_REPLY ("{}"), PEER_DRAIN);
  QmpMachine *vm = open_new (peer);
  QmpClient *client = qmp_machine_get_client (vm);
  g_autoptr(QmpEventListener) listener = TEST_LISTENER ("STOP");

  blocking = GPOINTER_TO_INT (data);
  qmp_client_set_timeout (client, QMP_TIMEOUT_NONE);
  test_set_filter (listener, shorten, client, NULL);
  qmp_client_add_listener (client, listener);
  assert_fails (vm, NULL, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "The display has not answered in time");
  qmp_client_remove_listener (client, listener);
  close_vm (vm, peer);
}

/* What was given up comes to its end in a thread of GIO's, which the main context is told of. */
static void
end_threads (guint n_fds)
{
  gint64 until = g_get_monotonic_time () + TEST_DEADLINE_SECONDS * G_TIME_SPAN_SECOND;

  while (test_count_fds () != n_fds && g_get_monotonic_time () < until)
    {
      test_spin_ready ();
      g_thread_yield ();
    }
  g_assert_cmpuint (test_count_fds (), ==, n_fds);
}

static gpointer
cancel_thread (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return NULL;
}

/* When QEMU has its end, from another thread. */
static gboolean
cancel (TestPeer *peer,
        gpointer  cancellable)
{
  g_thread_join (g_thread_new ("cancel", cancel_thread, cancellable));
  return TRUE;
}

static void
test_cancelled (gconstpointer data)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  TestPeer *peer = peer_start (TEST_PEER_UNIX, PEER_EXPECT ("getfd"), PEER_EXPECT_FD (1), PEER_REPLY ("{}"),
                               PEER_EXPECT ("add_client"), PEER_REPLY ("{}"), PEER_CALL (cancel, cancellable), PEER_DRAIN);
  QmpMachine *vm = open_new (peer);
  guint n_fds = test_count_fds ();

  blocking = GPOINTER_TO_INT (data);
  assert_fails (vm, cancellable, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  assert_fails (vm, cancellable, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  /* But for that of the peer. */
  end_threads (n_fds + 1);
  close_vm (vm, peer);
}

static void
test_link_ends (gconstpointer data)
{
  TestPeer *peer = peer_start (TEST_PEER_UNIX, PEER_EXPECT ("getfd"), PEER_EXPECT_FD (1), PEER_CLOSE);
  QmpMachine *vm = open_new (peer);

  blocking = GPOINTER_TO_INT (data);
  assert_fails (vm, NULL, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED, "");
  assert_fails (vm, NULL, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE, "");
  close_vm (vm, peer);
}

static void
test_tcp (gconstpointer data)
{
  TestPeer *peer = peer_start (TEST_PEER_TCP, PEER_DRAIN);
  QmpMachine *vm = open_new (peer);

  blocking = GPOINTER_TO_INT (data);
  qmp_client_set_timeout (qmp_machine_get_client (vm), 1);
  assert_fails (vm, NULL, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "");
  close_vm (vm, peer);
}

/* Whoever waits keeps the machine, which may be disposed of anyway. */
static void
opened_cb (GObject      *vm,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GDBusConnection) display = qmp_machine_open_display_finish (QMP_MACHINE (vm), result, &error);

  g_assert_no_error (error);
  g_assert_nonnull (display);
  g_object_run_dispose (vm);
  *(gboolean *) user_data = TRUE;
}

static void
test_disposed (void)
{
  QmpMachine *vm = test_machine_new (test_launcher_new_pc ("-device", "VGA", "-display", "dbus,p2p=yes"));
  g_autoptr(QmpClient) client = g_object_ref (qmp_machine_get_client (vm));
  gboolean done = FALSE;

  qmp_machine_open_display_async (vm, NULL, opened_cb, &done);
  g_object_add_weak_pointer (G_OBJECT (vm), (gpointer *) &vm);
  g_object_unref (vm);
  test_spin_until (done && vm == NULL);
  test_spin_until (qmp_client_get_runstate (client) == QMP_RUNSTATE_IDLE);
}

/* What it tells comes in the main context of the machine, also when it was opened while the thread had another. */
static void
test_own_context (gconstpointer data)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  QmpMachine *vm;
  g_autoptr(GDBusConnection) display = NULL;
  g_autoptr(GError) error = NULL;
  gboolean closed = FALSE;

  blocking = GPOINTER_TO_INT (data);
  g_main_context_push_thread_default (context);
  vm = test_machine_new (test_launcher_new_pc ("-name", "shown", "-device", "VGA", "-display", "dbus,p2p=yes"));
  if (blocking)
    g_main_context_pop_thread_default (context);
  display = open_display (vm, NULL, &error);
  if (blocking)
    g_main_context_push_thread_default (context);
  g_assert_no_error (error);
  g_signal_connect (display, "closed", G_CALLBACK (closed_cb), &closed);
  assert_answers (display, "shown");
  test_machine_quit (vm);
  test_spin_until (closed);
  g_main_context_pop_thread_default (context);
}

static gpointer
foreign_thread (gpointer vm)
{
  g_autoptr(GError) error = NULL;

  g_test_expect_message ("Qmp", G_LOG_LEVEL_CRITICAL, "*called in another thread*");
  g_assert_null (qmp_machine_open_display (vm, NULL, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_THREAD);
  g_test_expect_message ("Qmp", G_LOG_LEVEL_CRITICAL, "*called in another thread*");
  qmp_machine_open_display_async (vm, NULL, test_not_reached_cb, NULL);
  g_test_assert_expected_messages ();
  return NULL;
}

static void
test_foreign (void)
{
  QmpMachine *vm = qmp_machine_new (NULL);

  g_thread_join (g_thread_new ("foreign", foreign_thread, vm));
  test_machine_free (vm);
}

#define add_both(name, function)                                                                  \
  g_test_add_data_func ("/machine-display/" name, GINT_TO_POINTER (FALSE), function);             \
  g_test_add_data_func ("/machine-display/" name "/blocking", GINT_TO_POINTER (TRUE), function)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  test_warm_up ();

  add_both ("opened", test_opened);
  g_test_add_func ("/machine-display/two", test_two);
  add_both ("no-display", test_no_display);
  add_both ("hangs-up", test_hangs_up);
  add_both ("silent", test_silent);
  add_both ("cancelled", test_cancelled);
  add_both ("link-ends", test_link_ends);
  add_both ("tcp", test_tcp);
  g_test_add_func ("/machine-display/disposed", test_disposed);
  add_both ("own-context", test_own_context);
  g_test_add_func ("/machine-display/foreign", test_foreign);

  return g_test_run ();
}
