/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-screen-private.h"

#include <string.h>
#include <unistd.h>

#include "test-message.h"
#include "test-peer.h"

/* A screen by itself, with a peer as QEMU: which commands there are, in which order, and what is left there.
 * machine-screendump-test.c has real QEMU. */

#define PNG "\x89PNG\r\n\x1a\n"

typedef struct {
  TestPeer     *peer;
  QmpClient    *client;
  QmpIoContext *io;
  QmpJobs      *jobs;
  QmpScreen    *screen;
} Desk;

static void
set_up (Desk           *desk,
        const TestStep *script)
{
  desk->peer = test_peer_start_script (TEST_PEER_UNIX, script);
  desk->client = test_peer_open (desk->peer);
  desk->io = qmp_io_context_get (g_main_context_default ());
  desk->jobs = qmp_jobs_new (desk->client, desk->io);
  desk->screen = qmp_screen_new (desk->client, desk->io, desk->jobs);
}

#define set_up(desk, ...) set_up (desk, (const TestStep[]) { PEER_HANDSHAKE, __VA_ARGS__, PEER_END })

static void
tear_down (Desk *desk)
{
  test_spin_ready ();
  qmp_screen_unref (desk->screen);
  qmp_jobs_leave (desk->jobs);
  qmp_io_context_unref (desk->io);
  if (qmp_client_get_runstate (desk->client) == QMP_RUNSTATE_RUNNING)
    g_assert_true (test_close (desk->client, NULL));
  test_peer_finish (desk->peer);
  test_client_free (desk->client);
}

/* --- the peer --- */

/* Into the descriptor that came last. */
static gboolean
paint (TestPeer *peer,
       gpointer  text)
{
  int fd = test_peer_get_fd (peer, test_peer_get_n_fds (peer) - 1);

  if (write (fd, text, strlen (text)) == (gssize) strlen (text))
    return TRUE;
  return test_peer_fail (peer, "it cannot be written");
}

#define PEER_ADD PEER_EXPECT ("add-fd"), PEER_EXPECT_FD (1), PEER_REPLY ("{\"fdset-id\": 1, \"fd\": 3}")
#define PEER_DUMP(picture) PEER_EXPECT ("screendump"), PEER_CALL (paint, (gpointer) PNG picture), PEER_REPLY ("{}")
#define PEER_REMOVE PEER_EXPECT ("remove-fd"), PEER_REPLY ("{}")

/* --- the program --- */

static void
dump_async (Desk          *desk,
            GCancellable  *cancellable,
            GAsyncResult **result)
{
  qmp_screen_dump_async (desk->screen, NULL, 0, cancellable, g_task_new (NULL, NULL, test_result_cb, result));
}

/* Takes result. */
static void
assert_is (GAsyncResult *result,
           const char   *picture)
{
  g_autofree char *expected = g_strconcat (PNG, picture, NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = g_task_propagate_pointer (G_TASK (result), &error);

  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), expected, strlen (expected));
  g_object_unref (result);
}

static void
assert_dumps (Desk       *desk,
              const char *picture)
{
  GAsyncResult *result = NULL;

  dump_async (desk, NULL, &result);
  test_spin_until (result != NULL);
  assert_is (result, picture);
}

#define assert_fails(desk, domain, code, part)                                 \
  G_STMT_START {                                                               \
    g_autoptr(GAsyncResult) failed = NULL;                                     \
    g_autoptr(GError) dump_error = NULL;                                       \
    dump_async (desk, NULL, &failed);                                          \
    test_spin_until (failed != NULL);                                          \
    g_assert_null (g_task_propagate_pointer (G_TASK (failed), &dump_error));   \
    g_assert_error (dump_error, domain, code);                                 \
    test_assert_error_has (dump_error, part);                                  \
  } G_STMT_END

static void
assert_blocks (Desk       *desk,
               const char *picture)
{
  g_autofree char *expected = g_strconcat (PNG, picture, NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = qmp_screen_dump (desk->screen, NULL, 0, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), expected, strlen (expected));
}

static void
spin_until_idle (Desk *desk)
{
  test_spin_until (qmp_client_get_n_pending (desk->client) == 0);
}

static void
test_running (void)
{
  Desk desk;

  set_up (&desk, PEER_ADD, PEER_DUMP ("one"), PEER_REMOVE, PEER_ADD, PEER_DUMP ("two"), PEER_REMOVE,
          PEER_ADD, PEER_DUMP ("three"), PEER_REMOVE);
  qmp_screen_set_running (desk.screen, TRUE);
  assert_dumps (&desk, "one");
  assert_dumps (&desk, "two");
  assert_blocks (&desk, "three");
  tear_down (&desk);
}

/* It is lent once, written into again, and taken back when it runs. */
static void
test_paused (void)
{
  Desk desk;

  set_up (&desk, PEER_ADD, PEER_DUMP ("a long one"), PEER_DUMP ("short"), PEER_REMOVE);
  assert_dumps (&desk, "a long one");
  assert_dumps (&desk, "short");
  g_assert_nonnull (desk.screen->sets[0].lent);
  qmp_screen_set_running (desk.screen, TRUE);
  test_spin_ready ();
  spin_until_idle (&desk);
  g_assert_null (desk.screen->sets[0].lent);
  g_assert_cmpuint (desk.screen->sets[0].n_stale, ==, 0);
  tear_down (&desk);
}

/* It was taken back too late, which is done again. */
static void
test_stops_meanwhile (void)
{
  Desk desk;
  GAsyncResult *result = NULL;

  set_up (&desk, PEER_ADD, PEER_DUMP ("one"), PEER_EXPECT ("remove-fd"), PEER_TELL, PEER_WAIT, PEER_REPLY ("{}"), PEER_REMOVE);
  qmp_screen_set_running (desk.screen, TRUE);
  dump_async (&desk, NULL, &result);
  test_spin_until (test_peer_get_told (desk.peer) == 1);
  qmp_screen_set_running (desk.screen, FALSE);
  qmp_screen_set_running (desk.screen, TRUE);
  qmp_screen_set_running (desk.screen, FALSE);
  test_peer_signal (desk.peer);
  test_spin_until (result != NULL);
  assert_is (result, "one");
  g_assert_cmpuint (desk.screen->sets[0].n_stale, >, 0);
  qmp_screen_set_running (desk.screen, TRUE);
  test_spin_ready ();
  spin_until_idle (&desk);
  g_assert_cmpuint (desk.screen->sets[0].n_stale, ==, 0);
  tear_down (&desk);
}

/* One at a time: who cancels is told at once, and what was sent is waited for. */
static void
test_queue (void)
{
  Desk desk;
  GCancellable *cancellables[2] = { g_cancellable_new (), g_cancellable_new () };
  GAsyncResult *results[3] = { NULL, NULL, NULL };
  g_autoptr(GError) error = NULL;

  set_up (&desk, PEER_ADD, PEER_EXPECT ("screendump"), PEER_TELL, PEER_WAIT, PEER_CALL (paint, (gpointer) PNG "nobody's"),
          PEER_REPLY ("{}"), PEER_REMOVE, PEER_ADD, PEER_DUMP ("three"), PEER_REMOVE);
  qmp_screen_set_running (desk.screen, TRUE);
  for (guint i = 0; i < 3; i++)
    dump_async (&desk, i < 2 ? cancellables[i] : NULL, &results[i]);
  test_spin_until (test_peer_get_told (desk.peer) == 1);
  for (guint i = 0; i < 2; i++)
    {
      g_cancellable_cancel (cancellables[i]);
      test_spin_until (results[i] != NULL);
      g_assert_null (g_task_propagate_pointer (G_TASK (results[i]), &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_clear_error (&error);
      g_object_unref (results[i]);
      g_object_unref (cancellables[i]);
    }
  g_assert_null (results[2]);
  test_peer_signal (desk.peer);
  test_spin_until (results[2] != NULL);
  assert_is (results[2], "three");
  tear_down (&desk);
}

/* Nobody holds it any more. */
static void
test_dropped (void)
{
  Desk desk;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  g_autoptr(GAsyncResult) result = NULL;
  QmpScreen *screen;
  guint n_fds;

  set_up (&desk, PEER_ADD, PEER_EXPECT ("screendump"), PEER_TELL, PEER_WAIT, PEER_REPLY ("{}"), PEER_REMOVE);
  n_fds = test_count_fds ();
  qmp_screen_set_running (desk.screen, TRUE);
  dump_async (&desk, cancellable, &result);
  test_spin_until (test_peer_get_told (desk.peer) == 1);
  g_cancellable_cancel (cancellable);
  test_spin_until (result != NULL);
  screen = desk.screen;
  desk.screen = qmp_screen_new (desk.client, desk.io, desk.jobs);
  qmp_screen_unref (screen);
  test_peer_signal (desk.peer);
  /* Also the one that the peer has. */
  test_spin_until (test_count_fds () == n_fds + 1);
  spin_until_idle (&desk);
  tear_down (&desk);
}

/* The blocking one has a set of its own, whatever the other has done by then. */
static void
test_between (void)
{
  Desk desk;
  GAsyncResult *result = NULL;

  set_up (&desk, PEER_EXPECT ("add-fd"), PEER_TELL, PEER_EXPECT ("add-fd"), PEER_EXPECT_FD (1), PEER_REPLY ("{}"),
          PEER_REPLY ("{}"), PEER_DUMP ("blocking"), PEER_REMOVE, PEER_EXPECT ("screendump"),
          PEER_ERROR ("GenericError", "no more"), PEER_REMOVE);
  qmp_screen_set_running (desk.screen, TRUE);
  dump_async (&desk, NULL, &result);
  test_spin_until (test_peer_get_told (desk.peer) == 1);
  assert_blocks (&desk, "blocking");
  test_spin_until (result != NULL);
  g_assert_true (g_task_had_error (G_TASK (result)));
  g_object_unref (result);
  tear_down (&desk);
}

static void
test_errors (void)
{
  Desk desk;

  set_up (&desk,
          PEER_EXPECT ("add-fd"), PEER_ERROR ("CommandNotFound", "The command add-fd has not been found"),
          PEER_ADD, PEER_EXPECT ("screendump"), PEER_ERROR ("GenericError", "There is no console"), PEER_REMOVE,
          PEER_ADD, PEER_EXPECT ("screendump"), PEER_ERROR ("GenericError", "Parameter 'format' is unexpected"), PEER_REMOVE,
          PEER_ADD, PEER_EXPECT ("screendump"), PEER_ERROR ("GenericError", "Enable PNG support with libpng for screendump"),
          PEER_REMOVE,
          PEER_ADD, PEER_EXPECT ("screendump"), PEER_REPLY ("{}"), PEER_REMOVE,
          PEER_ADD, PEER_DUMP ("in the end"), PEER_EXPECT ("remove-fd"), PEER_ERROR ("GenericError", "not found"));
  qmp_screen_set_running (desk.screen, TRUE);
  assert_fails (&desk, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_COMMAND_NOT_FOUND, "add-fd");
  assert_fails (&desk, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC, "There is no console");
  assert_fails (&desk, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "as PNG: Parameter 'format' is unexpected");
  assert_fails (&desk, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "libpng");
  assert_fails (&desk, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_FAILED, "not a PNG image");
  assert_dumps (&desk, "in the end");
  tear_down (&desk);
}

/* It may still be done: then it is done into what nobody reads, and is taken back before the next. */
static void
test_too_late (void)
{
  Desk desk;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  set_up (&desk, PEER_EXPECT ("add-fd"), PEER_EXPECT_FD (1), PEER_TELL, PEER_WAIT, PEER_REPLY ("{}"),
          PEER_EXPECT ("screendump"), PEER_WAIT, PEER_REPLY ("{}"), PEER_REMOVE,
          PEER_ADD, PEER_DUMP ("the next"), PEER_REMOVE);
  dump_async (&desk, NULL, &result);
  test_spin_until (test_peer_get_told (desk.peer) == 1);
  qmp_client_set_timeout (desk.client, 1);
  test_peer_signal (desk.peer);
  test_spin_until (result != NULL);
  qmp_client_set_timeout (desk.client, QMP_TIMEOUT_NONE);
  g_assert_null (g_task_propagate_pointer (G_TASK (result), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  test_peer_signal (desk.peer);
  qmp_screen_set_running (desk.screen, TRUE);
  assert_dumps (&desk, "the next");
  tear_down (&desk);
}

#define SNAPSHOT \
  "{\"execute\": \"snapshot-save\", \"arguments\": {\"job-id\": \"s\", \"tag\": \"t\", \"vmstate\": \"d\", \"devices\": []}}"

/* A snapshot of ours has no answer yet; then one of somebody else's is heard of. */
static void
test_snapshot (void)
{
  Desk desk;
  g_autoptr(QmpMessage) command = test_message (SNAPSHOT);
  g_autoptr(GAsyncResult) started = NULL;
  GAsyncResult *result = NULL;

  set_up (&desk, PEER_EXPECT ("snapshot-save"), PEER_ERROR ("GenericError", "no"),
          PEER_EVENT_DATA ("JOB_STATUS_CHANGE", "{\"id\": \"s\", \"status\": \"running\"}"), PEER_EXPECT ("query-jobs"),
          PEER_EXPECT ("add-fd"), PEER_EXPECT_FD (1), PEER_TELL, PEER_WAIT,
          PEER_REPLY ("[{\"id\": \"s\", \"type\": \"snapshot-save\", \"status\": \"running\"}]"),
          PEER_REPLY ("{}"), PEER_EXPECT ("screendump"), PEER_TELL, PEER_WAIT, PEER_CALL (paint, (gpointer) PNG "late"),
          PEER_REPLY ("{}"), PEER_REMOVE);
  qmp_client_set_timeout (desk.client, G_MAXINT);
  g_assert_false (qmp_jobs_may_be_deaf (desk.jobs));
  qmp_jobs_start_async (desk.jobs, command, NULL, g_task_new (NULL, NULL, test_result_cb, &started));
  g_assert_true (qmp_jobs_may_be_deaf (desk.jobs));
  test_spin_until (started != NULL);
  test_spin_until (qmp_jobs_may_be_deaf (desk.jobs));
  qmp_screen_set_running (desk.screen, TRUE);
  dump_async (&desk, NULL, &result);
  for (guint i = 1; i <= 2; i++)
    {
      test_spin_until (test_peer_get_told (desk.peer) == i);
      /* No command has a time limit. */
      g_assert_false (qmp_io_context_hurry (desk.io));
      test_peer_signal (desk.peer);
    }
  test_spin_until (result != NULL);
  assert_is (result, "late");
  tear_down (&desk);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  test_warm_up ();
  g_test_add_func ("/screen/running", test_running);
  g_test_add_func ("/screen/paused", test_paused);
  g_test_add_func ("/screen/stops-meanwhile", test_stops_meanwhile);
  g_test_add_func ("/screen/queue", test_queue);
  g_test_add_func ("/screen/dropped", test_dropped);
  g_test_add_func ("/screen/between", test_between);
  g_test_add_func ("/screen/errors", test_errors);
  g_test_add_func ("/screen/too-late", test_too_late);
  g_test_add_func ("/screen/snapshot", test_snapshot);
  return g_test_run ();
}
