/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "test-machine.h"
#include "test-peer.h"

/* Pictures of a real QEMU's screen, in both forms. screen-test.c has the order of the commands. */

static gboolean blocking;

static GBytes *
dump (QmpMachine  *vm,
      const char  *device,
      guint        head,
      GError     **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  if (blocking)
    return qmp_machine_screendump (vm, device, head, NULL, error);
  qmp_machine_screendump_async (vm, device, head, NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  return qmp_machine_screendump_finish (vm, result, error);
}

/* PNG says its size behind the name of its first chunk. */
static void
assert_picture (QmpMachine *vm,
                const char *device)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = dump (vm, device, 0, &error);
  const guint8 *data;
  gsize length;

  g_assert_no_error (error);
  data = g_bytes_get_data (bytes, &length);
  g_assert_cmpuint (length, >, 64);
  g_assert_cmpmem (data + 12, 4, "IHDR", 4);
  g_assert_cmpuint (data[18] << 8 | data[19], >=, 64);
  g_assert_cmpmem (data + length - 8, 4, "IEND", 4);
}

#define assert_fails(vm, device, head, domain, code, part)                     \
  G_STMT_START {                                                               \
    g_autoptr(GError) dump_error = NULL;                                       \
    g_assert_null (dump (vm, device, head, &dump_error));                      \
    g_assert_error (dump_error, domain, code);                                 \
    test_assert_error_has (dump_error, part);                                  \
  } G_STMT_END

static guint
count_fds (QmpMachine *vm)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/fd", qmp_machine_get_pid (vm));
  g_autoptr(GDir) directory = g_dir_open (path, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (directory) != NULL)
    n++;
  return n;
}

/* How many sets QEMU has, and how many descriptors are in them. */
static void
count_sets (QmpMachine *vm,
            guint      *n_sets,
            guint      *n_fds)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) reply = qmp_client_execute (qmp_machine_get_client (vm), "query-fdsets", NULL, NULL, &error);
  JsonArray *sets;

  g_assert_no_error (error);
  sets = json_node_get_array (reply);
  *n_sets = json_array_get_length (sets);
  *n_fds = 0;
  for (guint i = 0; i < *n_sets; i++)
    *n_fds += json_array_get_length (json_object_get_array_member (json_array_get_object_element (sets, i), "fds"));
}

/* In QEMU, and here. */
typedef struct {
  guint qemu;
  guint own;
} Descriptors;

static Descriptors
count (QmpMachine *vm)
{
  return (Descriptors) { count_fds (vm), test_count_fds () };
}

static void
assert_nothing_left (QmpMachine        *vm,
                     const Descriptors *before,
                     guint              n_sets)
{
  guint sets, fds;

  count_sets (vm, &sets, &fds);
  g_assert_cmpuint (sets, <=, n_sets);
  g_assert_cmpuint (fds, ==, 0);
  /* One that it had for something else may be closed meanwhile. */
  g_assert_cmpuint (count_fds (vm), <=, before->qemu);
  g_assert_cmpuint (test_count_fds (), ==, before->own);
}

static void
test_running (gconstpointer data)
{
  QmpMachine *vm;
  Descriptors before;
  guint n = TEST_FEW ? 10 : 1000;

  blocking = GPOINTER_TO_INT (data);
  /* A small one is a small picture, for a thousand of them. */
  vm = test_machine_new (test_launcher_new_pc ("-device", "bochs-display,xres=64,yres=64"));
  before = count (vm);
  for (guint i = 0; i < n; i++)
    assert_picture (vm, NULL);
  assert_nothing_left (vm, &before, 1);
  test_machine_quit (vm);
}

/* What QEMU 7.2 does not close then is one, and is closed later. */
static void
test_paused (gconstpointer data)
{
  QmpMachine *vm;
  Descriptors before;
  g_autoptr(GError) error = NULL;

  blocking = GPOINTER_TO_INT (data);
  vm = test_machine_new (test_launcher_new_pc ("-S", "-device", "VGA"));
  before = count (vm);
  for (guint i = 0; i < 20; i++)
    assert_picture (vm, NULL);
  g_assert_cmpuint (count_fds (vm), ==, before.qemu + 1);
  g_assert_cmpuint (test_count_fds (), ==, before.own + 2);
  g_assert_true (qmp_machine_resume (vm, NULL, &error));
  if (blocking)
    assert_picture (vm, NULL);
  else
    test_spin_until (test_count_fds () == before.own && qmp_client_get_n_pending (qmp_machine_get_client (vm)) == 0);
  assert_nothing_left (vm, &before, 1);
  test_machine_quit (vm);
}

/* One is under way and others wait, when a blocking one comes. */
static void
test_between (gconstpointer data)
{
  QmpMachine *vm;
  Descriptors before;
  GAsyncResult *results[3] = { NULL, NULL, NULL };
  g_autoptr(GError) error = NULL;

  vm = test_machine_new (GPOINTER_TO_INT (data) ? test_launcher_new_pc ("-S", "-device", "VGA")
                                                : test_launcher_new_pc ("-device", "VGA"));
  before = count (vm);
  for (guint i = 0; i < 3; i++)
    qmp_machine_screendump_async (vm, NULL, 0, NULL, test_result_cb, &results[i]);
  blocking = TRUE;
  assert_picture (vm, NULL);
  assert_picture (vm, NULL);
  test_spin_until (results[0] != NULL && results[1] != NULL && results[2] != NULL);
  for (guint i = 0; i < 3; i++)
    {
      g_bytes_unref (qmp_machine_screendump_finish (vm, results[i], &error));
      g_assert_no_error (error);
      g_object_unref (results[i]);
    }
  g_assert_true (qmp_machine_resume (vm, NULL, &error));
  test_spin_until (test_count_fds () == before.own && qmp_client_get_n_pending (qmp_machine_get_client (vm)) == 0);
  assert_nothing_left (vm, &before, 2);
  test_machine_quit (vm);
}

static void
test_devices (gconstpointer data)
{
  QmpMachine *vm;

  blocking = GPOINTER_TO_INT (data);
  vm = test_machine_new (test_launcher_new_pc ("-device", "VGA,id=first", "-device", "secondary-vga,id=second"));
  assert_picture (vm, "first");
  assert_picture (vm, "second");
  assert_fails (vm, "first", 1, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC, "head 1");
  assert_fails (vm, "third", 0, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_DEVICE_NOT_FOUND, "third");
  assert_fails (vm, NULL, 1, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC, "must be specified together");
  test_machine_quit (vm);
}

static void
test_no_display (gconstpointer data)
{
  QmpMachine *vm;
  Descriptors before;

  blocking = GPOINTER_TO_INT (data);
  vm = test_machine_new (test_launcher_new ());
  before = count (vm);
  assert_fails (vm, NULL, 0, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC, "no console");
  assert_nothing_left (vm, &before, 1);
  test_machine_quit (vm);
}

static void
test_quit (void)
{
  QmpMachine *vm = test_machine_new (test_launcher_new_pc ("-S", "-device", "VGA"));
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  blocking = FALSE;
  assert_picture (vm, NULL);
  qmp_machine_quit_async (vm, NULL, NULL, NULL);
  qmp_machine_screendump_async (vm, NULL, 0, NULL, test_result_cb, &result);
  g_object_unref (test_wait_ended (vm));
  g_assert_nonnull (result);
  g_assert_null (qmp_machine_screendump_finish (vm, result, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
  g_clear_object (&result);
  test_machine_free (vm);
}

#define PEER_READ \
  PEER_EXPECT ("query-status"), PEER_EXPECT ("query-name"), PEER_EXPECT ("query-uuid"), PEER_EXPECT ("query-jobs"), \
  PEER_EXPECT ("migrate-set-capabilities"), PEER_EXPECT ("query-migrate"), \
  PEER_REPLY ("{\"status\": \"running\"}"), PEER_REPLY ("{}"), PEER_REPLY ("{}"), PEER_REPLY ("[]"), \
  PEER_REPLY ("{}"), PEER_REPLY ("{}")

static void
test_tcp (gconstpointer data)
{
  TestPeer *peer = test_peer_start (TEST_PEER_TCP, PEER_HANDSHAKE, PEER_READ);
  QmpMachine *vm = qmp_machine_new (NULL);
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  blocking = GPOINTER_TO_INT (data);
  qmp_machine_open_async (vm, test_peer_get_address (peer), NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  qmp_machine_open_finish (vm, result, &error);
  g_assert_no_error (error);
  g_clear_object (&result);
  assert_fails (vm, NULL, 0, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "");
  g_assert_true (qmp_client_close (qmp_machine_get_client (vm), NULL, NULL));
  test_peer_finish (peer);
  test_machine_free (vm);
}

static void
test_cancelled (void)
{
  QmpMachine *vm = test_machine_new (test_launcher_new_pc ("-device", "VGA"));
  Descriptors before = count (vm);
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GAsyncResult) late = NULL;
  g_autoptr(GError) error = NULL;

  qmp_machine_screendump_async (vm, NULL, 0, cancellable, test_result_cb, &result);
  g_cancellable_cancel (cancellable);
  qmp_machine_screendump_async (vm, NULL, 0, cancellable, test_result_cb, &late);
  test_spin_until (result != NULL && late != NULL);
  g_assert_null (qmp_machine_screendump_finish (vm, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_null (qmp_machine_screendump_finish (vm, late, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_null (qmp_machine_screendump (vm, NULL, 0, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_object (&result);
  g_clear_object (&late);
  blocking = FALSE;
  assert_picture (vm, NULL);
  assert_nothing_left (vm, &before, 2);
  test_machine_quit (vm);
}

static void
dumped_cb (GObject      *vm,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = qmp_machine_screendump_finish (QMP_MACHINE (vm), result, &error);

  g_assert_no_error (error);
  g_assert_nonnull (bytes);
  g_object_run_dispose (vm);
  *(gboolean *) user_data = TRUE;
}

static void
test_disposed (void)
{
  QmpMachine *vm = test_machine_new (test_launcher_new_pc ("-device", "VGA"));
  g_autoptr(QmpClient) client = g_object_ref (qmp_machine_get_client (vm));
  gboolean done = FALSE;

  qmp_machine_screendump_async (vm, NULL, 0, NULL, dumped_cb, &done);
  g_object_add_weak_pointer (G_OBJECT (vm), (gpointer *) &vm);
  g_object_unref (vm);
  test_spin_until (done && vm == NULL);
  /* Nobody has the process any more. */
  test_spin_until (qmp_client_get_runstate (client) == QMP_RUNSTATE_IDLE);
}

static gpointer
foreign_thread (gpointer vm)
{
  g_autoptr(GError) error = NULL;

  g_test_expect_message ("Qmp", G_LOG_LEVEL_CRITICAL, "*called in another thread*");
  g_assert_null (qmp_machine_screendump (vm, NULL, 0, NULL, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_THREAD);
  g_test_expect_message ("Qmp", G_LOG_LEVEL_CRITICAL, "*called in another thread*");
  qmp_machine_screendump_async (vm, NULL, 0, NULL, test_not_reached_cb, NULL);
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

static void
test_nothing_runs (gconstpointer data)
{
  QmpMachine *vm = qmp_machine_new (NULL);

  blocking = GPOINTER_TO_INT (data);
  assert_fails (vm, NULL, 0, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_ENDED, "");
  test_machine_free (vm);
}

#define add_both(name, function)                                                                  \
  g_test_add_data_func ("/machine-screendump/" name, GINT_TO_POINTER (FALSE), function);          \
  g_test_add_data_func ("/machine-screendump/" name "/blocking", GINT_TO_POINTER (TRUE), function)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  test_warm_up ();

  add_both ("running", test_running);
  add_both ("paused", test_paused);
  g_test_add_data_func ("/machine-screendump/between", GINT_TO_POINTER (FALSE), test_between);
  g_test_add_data_func ("/machine-screendump/between/paused", GINT_TO_POINTER (TRUE), test_between);
  add_both ("devices", test_devices);
  add_both ("no-display", test_no_display);
  g_test_add_func ("/machine-screendump/quit", test_quit);
  add_both ("tcp", test_tcp);
  g_test_add_func ("/machine-screendump/cancelled", test_cancelled);
  g_test_add_func ("/machine-screendump/disposed", test_disposed);
  g_test_add_func ("/machine-screendump/foreign", test_foreign);
  add_both ("nothing-runs", test_nothing_runs);

  return g_test_run ();
}
