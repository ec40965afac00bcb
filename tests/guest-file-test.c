/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "test-agent.h"

/* Files in a guest, played by a scripted agent: whatever goes wrong, what was opened is closed. */

#define OPEN(mode) AGENT_EXPECT ("{'execute': 'guest-file-open', 'arguments': {'path': '/f', 'mode': '" mode "'}}")
#define OPENED(mode) OPEN (mode), AGENT_REPLY ("1000")
#define READ(count) AGENT_EXPECT ("{'execute': 'guest-file-read', 'arguments': {'handle': 1000, 'count': " count "}}")
#define SEEK(offset) \
  AGENT_EXPECT ("{'execute': 'guest-file-seek', 'arguments': {'handle': 1000, 'offset': " offset ", 'whence': 0}}")
#define WRITE(base64) \
  AGENT_EXPECT ("{'execute': 'guest-file-write', 'arguments': {'handle': 1000, 'buf-b64': '" base64 "'}}")
#define CLOSE AGENT_EXPECT ("{'execute': 'guest-file-close', 'arguments': {'handle': 1000}}")
#define CLOSED CLOSE, AGENT_REPLY ("{}")

static GBytes *
read_file (QmpGuestAgent  *agent,
           gconstpointer   blocking,
           gint64          offset,
           gint64          length,
           GCancellable   *cancellable,
           GError        **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  if (GPOINTER_TO_INT (blocking))
    return qmp_guest_agent_read_file (agent, "/f", offset, length, cancellable, error);
  qmp_guest_agent_read_file_async (agent, "/f", offset, length, cancellable, test_result_cb, &result);
  test_spin_until (result != NULL);
  return qmp_guest_agent_read_file_finish (agent, result, error);
}

static gboolean
write_file (QmpGuestAgent       *agent,
            gconstpointer        blocking,
            const char          *text,
            QmpGuestWriteFlags   flags,
            GError             **error)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GBytes) bytes = g_bytes_new_static (text, strlen (text));

  if (GPOINTER_TO_INT (blocking))
    return qmp_guest_agent_write_file (agent, "/f", bytes, flags, NULL, error);
  qmp_guest_agent_write_file_async (agent, "/f", bytes, flags, NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  return qmp_guest_agent_write_file_finish (agent, result, error);
}

/* Until what was sent aside has its answer. */
static void
finish (TestPeer      *peer,
        QmpGuestAgent *agent)
{
  test_spin_until (qmp_client_get_n_pending (qmp_guest_agent_get_client (agent)) == 0);
  test_agent_finish (peer, agent);
}

static void
assert_reads (QmpGuestAgent *agent,
              gconstpointer  blocking,
              gint64         offset,
              gint64         length,
              const char    *text)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) bytes = read_file (agent, blocking, offset, length, NULL, &error);
  gconstpointer data;
  gsize size;

  g_assert_no_error (error);
  data = g_bytes_get_data (bytes, &size);
  g_assert_cmpmem (data, size, text, strlen (text));
}

/* reading */

static void
test_read (gconstpointer blocking)
{
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, OPENED ("rb"),
                                           READ ("262144"), AGENT_REPLY ("{'count': 2, 'buf-b64': 'aGk=', 'eof': false}"),
                                           READ ("262144"), AGENT_REPLY ("{'count': 1, 'buf-b64': 'IQ==', 'eof': true}"),
                                           CLOSED,
                                           OPENED ("rb"),
                                           READ ("262144"), AGENT_REPLY ("{'count': 0, 'buf-b64': '', 'eof': false}"),
                                           CLOSED);

  assert_reads (agent, blocking, 0, -1, "hi!");
  assert_reads (agent, blocking, 0, -1, "");
  finish (peer, agent);
}

static void
test_read_part (gconstpointer blocking)
{
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, OPENED ("rb"), SEEK ("5000000000"),
                                           AGENT_REPLY ("{'position': 5000000000, 'eof': false}"),
                                           READ ("3"), AGENT_REPLY ("{'count': 2, 'buf-b64': 'aGk=', 'eof': false}"),
                                           READ ("1"), AGENT_REPLY ("{'count': 1, 'buf-b64': 'IQ==', 'eof': false}"),
                                           CLOSED,
                                           OPENED ("rb"), CLOSED,
                                           OPENED ("rb"), READ ("262144"),
                                           AGENT_REPLY ("{'count': 2, 'buf-b64': 'aGk=', 'eof': true}"), CLOSED);

  assert_reads (agent, blocking, 5000000000, 3, "hi!");
  assert_reads (agent, blocking, 0, 0, "");
  assert_reads (agent, blocking, 0, G_MAXINT64, "hi");
  finish (peer, agent);
}

/* What was read is good, whatever becomes of the handle. */
static void
test_read_unclosed (gconstpointer blocking)
{
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, OPENED ("rb"),
                                           READ ("262144"), AGENT_REPLY ("{'count': 2, 'buf-b64': 'aGk=', 'eof': true}"),
                                           CLOSE, PEER_ERROR ("GenericError", "no"),
                                           OPENED ("rb"),
                                           READ ("262144"), AGENT_REPLY ("{'count': 2, 'buf-b64': 'aGk=', 'eof': true}"),
                                           CLOSE, PEER_CLOSE);

  assert_reads (agent, blocking, 0, -1, "hi");
  assert_reads (agent, blocking, 0, -1, "hi");
  finish (peer, agent);
}

static void
test_read_refused (gconstpointer blocking)
{
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, OPEN ("rb"), PEER_ERROR ("GenericError", "no such file"),
                                           OPENED ("rb"), READ ("262144"), PEER_ERROR ("GenericError", "is a directory"),
                                           CLOSED,
                                           OPENED ("rb"), SEEK ("7"), PEER_ERROR ("GenericError", "not there"), CLOSED);
  g_autoptr(GError) error = NULL;

  g_assert_null (read_file (agent, blocking, 0, -1, NULL, &error));
  g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC);
  g_assert_cmpstr (error->message, ==, "no such file");
  g_clear_error (&error);
  g_assert_null (read_file (agent, blocking, 0, -1, NULL, &error));
  g_assert_cmpstr (error->message, ==, "is a directory");
  g_clear_error (&error);
  g_assert_null (read_file (agent, blocking, 7, -1, NULL, &error));
  g_assert_cmpstr (error->message, ==, "not there");
  finish (peer, agent);
}

static const char * const absurd[] = {
  "{'count': 3, 'buf-b64': 'aGkh', 'eof': false}",    /* more than was asked for */
  "{'count': 2, 'buf-b64': 7, 'eof': false}",
  "{'count': 2, 'buf-b64': 'aGk=', 'eof': 'no'}",
};

static void
test_read_absurd (gconstpointer blocking)
{
  for (guint i = 0; i < G_N_ELEMENTS (absurd); i++)
    {
      TestPeer *peer;
      QmpGuestAgent *agent = test_agent_start (&peer, OPENED ("rb"), READ ("2"), AGENT_REPLY (absurd[i]), CLOSED);
      g_autoptr(GError) error = NULL;

      g_assert_null (read_file (agent, blocking, 0, 2, NULL, &error));
      g_assert_true (error->domain == QMP_PROTOCOL_ERROR);
      finish (peer, agent);
    }
}

static gboolean
cancel (TestPeer *peer,
        gpointer  cancellable)
{
  g_cancellable_cancel (cancellable);
  return TRUE;
}

/* While a piece is under way: client and agent get in step again, and then it is closed. */
static void
test_read_cancelled (gconstpointer blocking)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, OPENED ("rb"), READ ("262144"), PEER_CALL (cancel, cancellable),
                                           AGENT_FORGET, AGENT_SYNC, CLOSED);
  g_autoptr(GError) error = NULL;

  g_assert_null (read_file (agent, blocking, 0, -1, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  finish (peer, agent);
}

static void
test_read_timed_out (gconstpointer blocking)
{
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, OPENED ("rb"), READ ("262144"), AGENT_FORGET, AGENT_SYNC, CLOSED);
  g_autoptr(GError) error = NULL;

  qmp_client_set_timeout (qmp_guest_agent_get_client (agent), 1000);
  g_assert_null (read_file (agent, blocking, 0, -1, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  /* For what is sent aside. */
  qmp_client_set_timeout (qmp_guest_agent_get_client (agent), QMP_TIMEOUT_NONE);
  finish (peer, agent);
}

/* While it is being opened: the caller is told at once, and the handle that comes later is closed. */
static void
test_open_cancelled (void)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, OPEN ("rb"), PEER_CALL (cancel, cancellable), PEER_WAIT,
                                           AGENT_REPLY ("1000"), PEER_TELL, CLOSED,
                                           OPEN ("rb"), PEER_CALL (cancel, cancellable), PEER_WAIT,
                                           PEER_ERROR ("GenericError", "no such file"), PEER_TELL);
  g_autoptr(GError) error = NULL;

  for (guint i = 0; i < 2; i++)
    {
      g_cancellable_reset (cancellable);
      g_assert_null (read_file (agent, GINT_TO_POINTER (FALSE), 0, -1, cancellable, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_clear_error (&error);
      test_peer_signal (peer);
      test_spin_until (test_peer_get_told (peer) == i + 1);
      test_spin_until (qmp_client_get_n_pending (qmp_guest_agent_get_client (agent)) == 0);
      test_spin_ready ();
    }
  finish (peer, agent);
}

/* The same, and everybody else lets go of the agent meanwhile. */
static void
test_open_dropped (void)
{
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, OPEN ("rb"), PEER_CALL (cancel, cancellable), PEER_WAIT,
                                           AGENT_REPLY ("1000"), CLOSED, PEER_TELL);
  g_autoptr(QmpClient) client = g_object_ref (qmp_guest_agent_get_client (agent));
  g_autoptr(GError) error = NULL;

  g_assert_null (read_file (agent, GINT_TO_POINTER (FALSE), 0, -1, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_object_add_weak_pointer (G_OBJECT (agent), (gpointer *) &agent);
  g_object_unref (agent);
  test_peer_signal (peer);
  test_spin_until (test_peer_get_told (peer) == 1);
  test_spin_until (qmp_client_get_n_pending (client) == 0);
  g_assert_null (agent);
  test_peer_close (peer, g_steal_pointer (&client));
}

/* A handle of one link is not closed in another. */
static void
test_read_hang_up (gconstpointer blocking)
{
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, OPENED ("rb"), READ ("262144"), PEER_CLOSE, AGENT_SYNC);
  QmpClient *client = qmp_guest_agent_get_client (agent);
  g_autoptr(GError) error = NULL;

  g_assert_null (read_file (agent, blocking, 0, -1, NULL, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
  g_clear_error (&error);
  test_spin_until (qmp_client_get_runstate (client) == QMP_RUNSTATE_IDLE);
  test_open (client, test_peer_get_address (peer), &error);
  g_assert_no_error (error);
  finish (peer, agent);
}

static void
test_closed_in_between (gconstpointer blocking)
{
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, PEER_EXPECT_EOF);
  g_autoptr(GError) error = NULL;

  test_close (qmp_guest_agent_get_client (agent), &error);
  g_assert_no_error (error);
  g_assert_null (read_file (agent, blocking, 0, -1, NULL, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  g_clear_error (&error);
  g_assert_false (write_file (agent, blocking, "", QMP_GUEST_WRITE_REPLACE, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  finish (peer, agent);
}

/* writing */

static void
test_write (gconstpointer blocking)
{
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, OPENED ("wb"),
                                           WRITE ("aGkh"), AGENT_REPLY ("{'count': 2, 'eof': false}"),
                                           WRITE ("IQ=="), AGENT_REPLY ("{'count': 1, 'eof': false}"), CLOSED,
                                           OPENED ("ab"), CLOSED);
  g_autoptr(GError) error = NULL;

  g_assert_true (write_file (agent, blocking, "hi!", QMP_GUEST_WRITE_REPLACE, &error));
  g_assert_no_error (error);
  g_assert_true (write_file (agent, blocking, "", QMP_GUEST_WRITE_APPEND, &error));
  g_assert_no_error (error);
  finish (peer, agent);
}

/* The last bytes are written when it is closed: that has to succeed. */
static void
test_write_refused (gconstpointer blocking)
{
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, OPENED ("wb"), WRITE ("aGk="), PEER_ERROR ("GenericError", "full"), CLOSED,
                                           OPENED ("wb"), WRITE ("aGk="), AGENT_REPLY ("{'count': 2, 'eof': false}"),
                                           CLOSE, PEER_ERROR ("GenericError", "full now"));
  g_autoptr(GError) error = NULL;

  g_assert_false (write_file (agent, blocking, "hi", QMP_GUEST_WRITE_REPLACE, &error));
  g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC);
  g_clear_error (&error);
  g_assert_false (write_file (agent, blocking, "hi", QMP_GUEST_WRITE_REPLACE, &error));
  g_assert_cmpstr (error->message, ==, "full now");
  finish (peer, agent);
}

static const char * const absurd_counts[] = {
  "{'count': 0, 'eof': false}",
  "{'count': 3, 'eof': false}",
  "{'count': -1, 'eof': false}",
  "{}",
};

static void
test_write_absurd (gconstpointer blocking)
{
  for (guint i = 0; i < G_N_ELEMENTS (absurd_counts); i++)
    {
      TestPeer *peer;
      QmpGuestAgent *agent = test_agent_start (&peer, OPENED ("wb"), WRITE ("aGk="), AGENT_REPLY (absurd_counts[i]), CLOSED);
      g_autoptr(GError) error = NULL;

      g_assert_false (write_file (agent, blocking, "hi", QMP_GUEST_WRITE_REPLACE, &error));
      g_assert_true (error->domain == QMP_PROTOCOL_ERROR);
      finish (peer, agent);
    }
}

/* No handle, no bytes that are not UTF-8 in a path. */
static void
test_open_absurd (gconstpointer blocking)
{
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, OPEN ("rb"), AGENT_REPLY ("'1000'"));
  g_autoptr(GError) error = NULL;

  g_assert_null (read_file (agent, blocking, 0, -1, NULL, &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE);
  g_clear_error (&error);
  g_assert_null (qmp_guest_agent_read_file (agent, "\xff", 0, -1, NULL, &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
  finish (peer, agent);
}

/* waiting */

static void
test_ready (gconstpointer blocking)
{
  TestPeer *peer;
  QmpGuestAgent *agent = test_agent_start (&peer, PEER_EXPECT ("guest-ping"), AGENT_FORGET, AGENT_SYNC,
                                           PEER_EXPECT ("guest-ping"), PEER_ERROR ("CommandNotFound", "disabled"),
                                           PEER_DRAIN);
  g_autoptr(GError) error = NULL;

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr(GAsyncResult) result = NULL;
      int timeout = i == 0 ? QMP_TIMEOUT_NONE : 100;
      gboolean ready;

      if (GPOINTER_TO_INT (blocking))
        ready = qmp_guest_agent_wait_ready (agent, timeout, NULL, &error);
      else
        {
          qmp_guest_agent_wait_ready_async (agent, timeout, NULL, test_result_cb, &result);
          test_spin_until (result != NULL);
          ready = qmp_guest_agent_wait_ready_finish (agent, result, &error);
        }
      if (i == 0)
        g_assert_no_error (error);
      else
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      g_assert_true (ready == (i == 0));
    }
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
  add ("/guest/file/read", test_read);
  add ("/guest/file/read/part", test_read_part);
  add ("/guest/file/read/unclosed", test_read_unclosed);
  add ("/guest/file/read/refused", test_read_refused);
  add ("/guest/file/read/absurd", test_read_absurd);
  add ("/guest/file/read/cancelled", test_read_cancelled);
  add ("/guest/file/read/timed-out", test_read_timed_out);
  add ("/guest/file/read/hang-up", test_read_hang_up);
  add ("/guest/file/closed", test_closed_in_between);
  g_test_add_func ("/guest/file/open/cancelled", test_open_cancelled);
  g_test_add_func ("/guest/file/open/dropped", test_open_dropped);
  add ("/guest/file/open/absurd", test_open_absurd);
  add ("/guest/file/write", test_write);
  add ("/guest/file/write/refused", test_write_refused);
  add ("/guest/file/write/absurd", test_write_absurd);
  add ("/guest/ready", test_ready);
  return g_test_run ();
}
