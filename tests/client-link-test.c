/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "test-peer.h"

/* The beginning and the end of the link: each way to fail, each way to end, runstate all along. */

#define FAILED_OPEN "CONNECTING DISCONNECTING IDLE"

/* the end */

static void
keep_error_cb (QmpClient  *client,
               GError     *error,
               GError    **slot)
{
  *slot = error != NULL ? g_error_copy (error) : NULL;
}

static void
test_hang_up (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, PEER_EXPECT_MANY ("a", 4), PEER_CLOSE,
                                    PEER_HANDSHAKE, PEER_EXPECT ("again"), PEER_REPLY ("{}"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 4; i++)
    {
      g_autofree char *name = g_strdup_printf ("%u", i);

      test_log_execute_async (log, name, client, "a", NULL);
    }
  test_spin_until (test_log_has (log, "closed(broken-pipe)"));
  test_spin_ready ();
  g_assert_cmpstr (test_log_get (log), ==,
                   "DISCONNECTING 0!interrupted 1!interrupted 2!interrupted 3!interrupted IDLE closed(broken-pipe)");

  /* The same object opens again. */
  test_log_clear (log);
  g_assert_true (test_open (client, test_peer_get_address (peer), &error));
  g_assert_no_error (error);
  value = test_execute (client, "again", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (test_log_get (log), ==, "CONNECTING RUNNING");
  test_peer_close (peer, client);
}

/* Each pending call says why the link ended. */
static void
test_interrupted_has_cause (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_CLOSE);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (GError) cause = NULL;
  g_autoptr (GError) error = NULL;

  g_signal_connect (client, "closed", G_CALLBACK (keep_error_cb), &cause);
  g_assert_null (test_execute (client, "a", &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
  test_spin_until (cause != NULL);
  g_assert_error (cause, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  g_test_message ("%s", error->message);
  test_assert_error_has (error, cause->message);
  test_peer_close (peer, client);
}

typedef struct {
  const char *last; /* @: id of the call "a" */
  const char *log;
} LastWords;

static const LastWords last_words[] = {
  { PEER_EVENT_TEXT ("E") "{\"return\": {}, \"id\": @}\r\n",
    "E a DISCONNECTING b!interrupted IDLE closed(broken-pipe)" },
  { "{\"return\": {}, \"id\": @}", "a DISCONNECTING b!interrupted IDLE closed(broken-pipe)" },
  { "{\"return\": {}, \"id\": @}" PEER_EVENT_TEXT ("E"),
    "a E DISCONNECTING b!interrupted IDLE closed(broken-pipe)" },
};

/* A reply that was sent just before the hang-up is a reply. */
static void
test_last_words (gconstpointer data)
{
  const LastWords *words = data;
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_EXPECT ("b"),
                                    PEER_SEND_FOR (words->last), PEER_CLOSE);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);

  test_log_execute_async (log, "a", client, "a", NULL);
  test_log_execute_async (log, "b", client, "b", NULL);
  test_spin_until (test_log_has (log, "closed(broken-pipe)"));
  g_assert_cmpstr (test_log_get (log), ==, words->log);
  test_peer_close (peer, client);
}

/* The same with ECONNRESET: the peer left something unread. */
static void
test_last_words_reset (gconstpointer data)
{
  const LastWords *words = data;
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_BYTEWISE, PEER_EXPECT ("a"),
                                    PEER_SEND_FOR (words->last), PEER_RESET);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);

  test_log_execute_async (log, "a", client, "a", NULL);
  test_log_execute_async (log, "b", client, "b", NULL);
  test_spin_until (test_log_has (log, "closed(broken-pipe)"));
  g_assert_cmpstr (test_log_get (log), ==, words->log);
  test_peer_close (peer, client);
}

static QmpMessage *
build_big_command (gsize size)
{
  g_autofree char *filler = g_strnfill (size, 'x');
  g_autofree char *text = g_strdup_printf ("{\"execute\": \"big\", \"arguments\": {\"a\": \"%s\"}}", filler);

  return test_message (text);
}

/* A write that fails must not hide what can still be read. */
static void
test_last_words_write_fails (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_BYTEWISE, PEER_EXPECT ("a"),
                                    PEER_WAIT, PEER_SEND_FOR (last_words[2].last), PEER_RESET, PEER_TELL);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpMessage) big = build_big_command (4 * 1024 * 1024);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  test_log_execute_async (log, "a", client, "a", NULL);
  qmp_client_execute_message_async (client, big, NULL, test_result_cb, &result);
  test_spin_ready ();
  test_peer_signal (peer);
  test_peer_wait_told (peer, 1);
  test_log_execute_async (log, "b", client, "b", NULL);
  test_spin_until (test_log_has (log, "closed(broken-pipe)"));
  g_assert_cmpstr (test_log_get (log), ==, last_words[2].log);
  g_assert_null (qmp_client_execute_message_finish (client, result, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
  g_clear_object (&result);
  test_peer_close (peer, client);
}

static void
test_half_message (gconstpointer data)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("a"),
                                    PEER_SEND_FOR (data), PEER_CLOSE);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);

  test_log_execute_async (log, "a", client, "a", NULL);
  test_spin_until (qmp_client_get_runstate (client) == QMP_RUNSTATE_IDLE);
  test_spin_ready ();
  g_test_message ("%s", test_log_get (log));
  g_assert_cmpuint (test_log_count (log, "a!interrupted"), ==, 1);
  g_assert_cmpuint (test_log_count (log, "closed(broken-pipe)"), ==, 1);
  g_assert_false (test_log_has (log, "a"));
  g_assert_true (g_str_has_suffix (test_log_get (log), "IDLE closed(broken-pipe)"));
  test_peer_close (peer, client);
}

/* The server shuts down only its writing: that is the end too. */
static void
test_half_close (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_SHUTDOWN_WRITE, PEER_EXPECT_EOF);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);

  test_log_execute_async (log, "a", client, "a", NULL);
  test_spin_until (test_log_has (log, "closed(broken-pipe)"));
  g_assert_cmpstr (test_log_get (log), ==, "DISCONNECTING a!interrupted IDLE closed(broken-pipe)");
  test_peer_close (peer, client);
}

/* close */

static void
test_close_states (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, PEER_EXPECT_EOF, PEER_HANDSHAKE, PEER_EXPECT_EOF,
                                    PEER_HANDSHAKE);
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (GError) error = NULL;

  g_assert_true (test_close (client, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (test_log_get (log), ==, "");
  for (guint i = 0; i < 3; i++)
    {
      test_log_clear (log);
      g_assert_true (test_open (client, test_peer_get_address (peer), &error));
      g_assert_no_error (error);
      g_assert_true (test_close (client, &error));
      g_assert_no_error (error);
      g_assert_cmpstr (test_log_get (log), ==, "CONNECTING RUNNING DISCONNECTING IDLE closed");
      g_assert_true (test_close (client, &error));
      test_spin_ready ();
      g_assert_cmpstr (test_log_get (log), ==, "CONNECTING RUNNING DISCONNECTING IDLE closed");
    }
  test_peer_close (peer, client);
}

static void
log_close_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      user_data)
{
  TestLog *log = user_data;
  g_autoptr (GError) error = NULL;

  qmp_client_close_finish (QMP_CLIENT (object), result, &error);
  g_assert_no_error (error);
  test_log_add (log, "close-done");
}

/* What was queued goes out first; calls that wait for a reply end. */
static void
test_close_flushes (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT,
                                    PEER_EXPECT ("big"), PEER_EXPECT ("a"), PEER_EXPECT ("b"), PEER_EXPECT_EOF);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpMessage) big = build_big_command (1024 * 1024);
  g_autoptr (GAsyncResult) result = NULL;

  qmp_client_execute_message_async (client, big, NULL, test_result_cb, &result);
  test_log_execute_async (log, "a", client, "a", NULL);
  test_log_execute_async (log, "b", client, "b", NULL);
  qmp_client_close_async (client, NULL, log_close_cb, log);
  qmp_client_close_async (client, NULL, log_close_cb, log);
  test_peer_signal (peer);
  test_spin_until (test_log_count (log, "close-done") == 2);
  g_assert_cmpstr (test_log_get (log), ==,
                   "DISCONNECTING a!interrupted b!interrupted IDLE closed close-done close-done");
  g_assert_nonnull (result);
  g_clear_object (&result);
  test_peer_close (peer, client);
}

/* A peer that does not read cannot hold us: close has a deadline of its own. */
static void
test_close_stalled (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT, PEER_DRAIN);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpMessage) big = build_big_command (8 * 1024 * 1024);
  g_autoptr (GAsyncResult) call = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  qmp_client_set_close_timeout (client, 20);
  qmp_client_execute_message_async (client, big, NULL, test_result_cb, &call);
  qmp_client_close_async (client, NULL, test_result_cb, &result);
  test_spin_until (result != NULL);
  qmp_client_close_finish (client, result, &error);
  g_test_message ("%s", error != NULL ? error->message : "no error");
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_IDLE);
  g_assert_nonnull (call);
  g_assert_cmpuint (test_log_count (log, "IDLE"), ==, 1);
  test_peer_signal (peer);
  g_clear_object (&call);
  g_clear_object (&result);
  test_peer_close (peer, client);
}

/* With the patience of the caller at an end, close ends at once. */
static void
test_close_cancelled (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT, PEER_DRAIN);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (QmpMessage) big = build_big_command (8 * 1024 * 1024);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) call = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  qmp_client_execute_message_async (client, big, NULL, test_result_cb, &call);
  qmp_client_close_async (client, cancellable, test_result_cb, &result);
  test_spin_ready ();
  g_assert_null (result);
  g_cancellable_cancel (cancellable);
  test_spin_until (result != NULL);
  g_assert_false (qmp_client_close_finish (client, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_peer_signal (peer);
  test_spin_until (call != NULL && qmp_client_get_runstate (client) == QMP_RUNSTATE_IDLE);
  g_clear_object (&call);
  g_clear_object (&result);
  test_peer_close (peer, client);
}

static void
close_on_event_cb (QmpClient *client,
                   QmpEvent  *event,
                   TestLog   *log)
{
  qmp_client_close_async (client, NULL, log_close_cb, log);
}

static void
test_close_in_event (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_EVENT ("E"), PEER_EXPECT_EOF);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);

  g_signal_connect (client, "event", G_CALLBACK (close_on_event_cb), log);
  test_log_execute_async (log, "a", client, "a", NULL);
  test_spin_until (test_log_has (log, "close-done"));
  g_assert_cmpstr (test_log_get (log), ==, "E DISCONNECTING a!interrupted IDLE closed close-done");
  test_peer_close (peer, client);
}

static void
close_in_callback_cb (GObject      *object,
                      GAsyncResult *result,
                      gpointer      user_data)
{
  TestLog *log = user_data;
  g_autoptr (JsonNode) value = qmp_client_execute_finish (QMP_CLIENT (object), result, NULL);

  test_log_add (log, value != NULL ? "first" : "first!");
  qmp_client_close_async (QMP_CLIENT (object), NULL, log_close_cb, log);
}

static void
test_close_in_callback (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_REPLY ("1"),
                                    PEER_EXPECT ("b"), PEER_EXPECT_EOF);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);

  qmp_client_execute_async (client, "a", NULL, NULL, close_in_callback_cb, log);
  test_log_execute_async (log, "b", client, "b", NULL);
  test_spin_until (test_log_has (log, "close-done"));
  g_assert_cmpstr (test_log_get (log), ==, "first DISCONNECTING b!interrupted IDLE closed close-done");
  test_peer_close (peer, client);
}

typedef struct {
  TestPeer     *peer;
  GAsyncResult *result;
} ReopenData;

static void
reopen_on_closed_cb (QmpClient  *client,
                     GError     *error,
                     ReopenData *data)
{
  qmp_client_open_async (client, test_peer_get_address (data->peer), NULL, test_result_cb, &data->result);
}

/* The usual reconnecting program: open again in the handler of "closed". */
static void
test_reopen_in_closed (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_HANDSHAKE, PEER_WAIT, PEER_CLOSE, PEER_HANDSHAKE);
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  ReopenData data = { peer, NULL };
  gulong handler = g_signal_connect (client, "closed", G_CALLBACK (reopen_on_closed_cb), &data);
  g_autoptr (GError) error = NULL;

  test_peer_signal (peer);
  test_spin_until (data.result != NULL);
  g_assert_true (qmp_client_open_finish (client, data.result, &error));
  g_assert_cmpstr (test_log_get (log), ==, "DISCONNECTING IDLE closed(broken-pipe) CONNECTING RUNNING");
  g_signal_handler_disconnect (client, handler);
  g_clear_object (&data.result);
  test_peer_close (peer, client);
}

/* opening that fails */

typedef struct {
  QmpClient    *client;
  TestLog      *log;
  GCancellable *cancellable;
  GAsyncResult *result;
  const char   *expected; /* in the log */
} Opening;

static void
opening_init (Opening  *self,
              TestPeer *peer)
{
  *self = (Opening) { qmp_client_new (NULL), NULL, g_cancellable_new (), NULL, FAILED_OPEN };
  self->log = test_log_new (self->client);
  if (peer != NULL)
    qmp_client_open_async (self->client, test_peer_get_address (peer), self->cancellable,
                           test_result_cb, &self->result);
}

/* Takes everything. */
static GError *
opening_fail (Opening  *self,
              TestPeer *peer)
{
  GError *error = NULL;

  test_spin_until (self->result != NULL);
  g_assert_false (qmp_client_open_finish (self->client, self->result, &error));
  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
  test_spin_ready ();
  g_assert_cmpstr (test_log_get (self->log), ==, self->expected);
  test_log_free (self->log);
  g_clear_object (&self->result);
  g_object_unref (self->cancellable);
  test_client_free (self->client);
  if (peer != NULL)
    test_peer_finish (peer);
  return error;
}

static GError *
fail_to_open (GSocketConnectable *address,
              int                 open_timeout)
{
  Opening opening;

  opening_init (&opening, NULL);
  if (open_timeout > 0)
    qmp_client_set_open_timeout (opening.client, open_timeout);
  qmp_client_open_async (opening.client, address, NULL, test_result_cb, &opening.result);
  return opening_fail (&opening, NULL);
}

static GError *
fail_to_open_path (const char *path)
{
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);

  return fail_to_open (G_SOCKET_CONNECTABLE (address), 0);
}

/* A listening socket whose backlog is 0; path is to be freed and unlinked. */
static int
bind_socket (char **path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  g_autofree char *directory = g_dir_make_tmp ("qmp-link-XXXXXX", NULL);
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  *path = g_build_filename (directory, "s", NULL);
  g_strlcpy (address.sun_path, *path, sizeof (address.sun_path));
  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof (address)), ==, 0);
  return fd;
}

static void
remove_socket (char *path)
{
  g_autofree char *directory = g_path_get_dirname (path);

  g_unlink (path);
  g_rmdir (directory);
  g_free (path);
}

static void
test_absent (void)
{
  g_autoptr (GError) error = fail_to_open_path ("/nonexistent/qmp");

  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  test_assert_error_has (error, "/nonexistent/qmp");
}

static void
test_refused (void)
{
  char *path;
  int fd = bind_socket (&path);
  g_autoptr (GError) error = NULL;

  close (fd);
  error = fail_to_open_path (path);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
  remove_socket (path);
}

static void
test_refused_tcp (void)
{
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GSocket) socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM,
                                             G_SOCKET_PROTOCOL_DEFAULT, NULL);
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GError) error = NULL;

  /* Bound, so that nobody else takes it; not listening. */
  g_assert_true (g_socket_bind (socket, any, FALSE, NULL));
  address = g_socket_get_local_address (socket, NULL);
  error = fail_to_open (G_SOCKET_CONNECTABLE (address), 0);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
}

static void
test_not_a_socket (void)
{
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("qmp-link-XXXXXX", &path, NULL);
  g_autoptr (GError) error = fail_to_open_path (path);

  /* Linux says "refused" to that too; the client knows better. */
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_NOT_A_SOCKET);
  test_assert_error_has (error, path);
  close (fd);
  g_unlink (path);
}

/* The backlog of a monitor that another client holds is full: connect() itself says "try again". */
static void
test_backlog_full (void)
{
  char *path;
  int listener = bind_socket (&path);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr (GPtrArray) sockets = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GError) error = NULL;
  gboolean full = FALSE;

  g_assert_cmpint (listen (listener, 0), ==, 0);
  while (!full)
    {
      GSocket *socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL);

      g_ptr_array_add (sockets, socket);
      g_socket_set_blocking (socket, FALSE);
      full = !g_socket_connect (socket, address, NULL, NULL);
    }
  error = fail_to_open (G_SOCKET_CONNECTABLE (address), 50);
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_BUSY);
  close (listener);
  remove_socket (path);
}

#define HTTP_ANSWER \
  "HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Type: text/html\r\nContent-Length: 30\r\n\r\n" \
  "<html>\r\n<body>no</body></html>\r\n"
#define JSON_ANSWER \
  "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n\r\n{\"error\": \"bad request\"}"

static void
test_web_server (gconstpointer data)
{
  TestPeer *peer = test_peer_start (TEST_PEER_TCP, PEER_SEND (data), PEER_CLOSE);
  Opening opening;
  g_autoptr (GError) error = NULL;

  opening_init (&opening, peer);
  error = opening_fail (&opening, peer);
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_GREETING);
  test_assert_error_has (error, "HTTP/1.1 400 Bad Request");
}

/* Not a greeting, and the server waits for more from us. */
static void
test_no_greeting_in_time (gconstpointer data)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_SEND (data), PEER_EXPECT_EOF);
  g_autoptr (GError) error = fail_to_open (test_peer_get_address (peer), 50);

  test_peer_finish (peer);
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_GREETING);
  test_assert_error_has (error, g_str_has_prefix (data, "login") ? "login:" : "220 mail.example.org ESMTP");
}

static void
test_silent (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_ACCEPT, PEER_EXPECT_EOF);
  g_autoptr (GError) error = fail_to_open (test_peer_get_address (peer), 20);

  test_peer_finish (peer);
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_BUSY);
}

static void
test_negotiation_unanswered (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_GREET, PEER_EXPECT ("qmp_capabilities"), PEER_EXPECT_EOF);
  g_autoptr (GError) error = fail_to_open (test_peer_get_address (peer), 100);

  test_peer_finish (peer);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

static void
test_negotiation_refused (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_GREET, PEER_EXPECT ("qmp_capabilities"),
                                    PEER_ERROR ("CommandNotFound", "not today"));
  Opening opening;
  g_autoptr (GError) error = NULL;

  opening_init (&opening, peer);
  error = opening_fail (&opening, peer);
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_NEGOTIATION);
  test_assert_error_has (error, "not today");
}

static void
test_bad_greeting (gconstpointer data)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_SEND (data), PEER_CLOSE);
  Opening opening;
  g_autoptr (GError) error = NULL;

  opening_init (&opening, peer);
  error = opening_fail (&opening, peer);
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_GREETING);
}

static void
test_hang_up_in_handshake (gconstpointer data)
{
  guint phase = GPOINTER_TO_UINT (data);
  const TestStep scripts[][4] = {
    { PEER_ACCEPT, PEER_CLOSE, PEER_END },
    { PEER_GREET, PEER_CLOSE, PEER_END },
    { PEER_GREET, PEER_EXPECT ("qmp_capabilities"), PEER_CLOSE, PEER_END },
    { PEER_SEND ("{\"QMP\": {\"vers"), PEER_CLOSE, PEER_END },
  };
  TestPeer *peer = test_peer_start_script (TEST_PEER_UNIX, scripts[phase]);
  Opening opening;
  g_autoptr (GError) error = NULL;

  opening_init (&opening, peer);
  error = opening_fail (&opening, peer);
  if (phase < 3)
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
}

static void
test_cancel_opening (gconstpointer data)
{
  guint phase = GPOINTER_TO_UINT (data);
  const TestStep scripts[][5] = {
    { PEER_ACCEPT, PEER_TELL, PEER_EXPECT_EOF, PEER_END },
    { PEER_GREET, PEER_EXPECT ("qmp_capabilities"), PEER_TELL, PEER_EXPECT_EOF, PEER_END },
  };
  TestPeer *peer = test_peer_start_script (TEST_PEER_UNIX, scripts[phase]);
  Opening opening;
  g_autoptr (GError) error = NULL;

  opening_init (&opening, peer);
  test_spin_until (test_peer_get_told (peer) == 1);
  g_cancellable_cancel (opening.cancellable);
  g_assert_null (opening.result);
  error = opening_fail (&opening, peer);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_cancelled_opening (void)
{
  g_autoptr (QmpClient) client = qmp_client_new (NULL);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new ("/nonexistent/qmp");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  qmp_client_open_async (client, G_SOCKET_CONNECTABLE (address), cancellable, test_result_cb, &result);
  test_spin_until (result != NULL);
  g_assert_false (qmp_client_open_finish (client, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_IDLE);
}

static void
test_close_while_opening (gconstpointer data)
{
  guint phase = GPOINTER_TO_UINT (data);
  const TestStep scripts[][5] = {
    { PEER_ACCEPT, PEER_TELL, PEER_EXPECT_EOF, PEER_END },
    { PEER_GREET, PEER_EXPECT ("qmp_capabilities"), PEER_TELL, PEER_EXPECT_EOF, PEER_END },
  };
  TestPeer *peer = test_peer_start_script (TEST_PEER_UNIX, scripts[phase]);
  Opening opening;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) close_error = NULL;

  opening_init (&opening, peer);
  test_spin_until (test_peer_get_told (peer) == 1);
  g_assert_true (test_close (opening.client, &close_error));
  g_assert_no_error (close_error);
  g_assert_cmpint (qmp_client_get_runstate (opening.client), ==, QMP_RUNSTATE_IDLE);
  error = opening_fail (&opening, peer);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* Close in the same breath as open, before anything was done. */
static void
test_close_at_once (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_UNIX, PEER_WAIT);
  Opening opening;
  g_autoptr (GError) error = NULL;

  opening_init (&opening, peer);
  g_assert_true (test_close (opening.client, &error));
  g_assert_no_error (error);
  test_peer_signal (peer);
  error = opening_fail (&opening, peer);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* limits */

static void
test_too_large (void)
{
  g_autofree char *filler = g_strnfill (100 * 1000, 'x');
  g_autofree char *reply = g_strdup_printf ("{\"return\": \"%s\", \"id\": @}\r\n", filler);
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("a"),
                                    PEER_SEND_FOR (reply), PEER_DRAIN);
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (GIOStream) stream = test_peer_steal_stream (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (GError) error = NULL;

  qmp_client_set_max_message_size (client, 70000);
  g_assert_true (test_open_stream (client, stream, &error));
  g_clear_object (&stream);
  test_log_execute_async (log, "a", client, "a", NULL);
  test_spin_until (test_log_has (log, "closed(too-large)"));
  g_assert_cmpstr (test_log_get (log), ==,
                   "CONNECTING RUNNING DISCONNECTING a!interrupted IDLE closed(too-large)");
  test_peer_close (peer, client);
}

/* The other side of the limit. */
static void
test_not_too_large (void)
{
  g_autofree char *filler = g_strnfill (100 * 1000, 'x');
  g_autofree char *reply = g_strdup_printf ("{\"return\": \"%s\", \"id\": @}\r\n", filler);
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_SEND_FOR (reply));
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (GIOStream) stream = test_peer_steal_stream (peer);
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  qmp_client_set_max_message_size (client, 101 * 1000);
  g_assert_true (test_open_stream (client, stream, &error));
  g_clear_object (&stream);
  value = test_execute (client, "a", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (json_node_get_string (value), ==, filler);
  test_peer_close (peer, client);
}

static void
test_too_deep (gconstpointer data)
{
  gboolean id_first = GPOINTER_TO_INT (data);
  g_autofree char *opening = g_strnfill (100 * 1000, '[');
  g_autofree char *closing = g_strnfill (100 * 1000, ']');
  g_autofree char *reply = g_strdup_printf (id_first ? "{\"id\": @, \"return\": %s%s}" : "{\"return\": %s%s, \"id\": @}",
                                            opening, closing);
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("a"), PEER_SEND_FOR (reply),
                                    PEER_EXPECT ("b"), PEER_REPLY ("{}"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = test_execute (client, "a", &error);

  g_assert_null (value);
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_TOO_DEEP);
  g_clear_error (&error);
  value = test_execute (client, "b", &error);
  g_assert_no_error (error);
  test_peer_close (peer, client);
}

/* Rubbish while running is reported and skipped. */
static void
test_junk_while_running (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_EXPECT ("a"),
                                    PEER_SEND ("rubbish here\r\n"), PEER_REPLY ("{}"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);

  test_log_execute_async (log, "a", client, "a", NULL);
  test_spin_until (test_log_has (log, "a"));
  g_assert_true (test_log_has (log, "protocol-error(deserialization)"));
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_RUNNING);
  test_peer_close (peer, client);
}

static void
add_end_tests (void)
{
  g_test_add_func ("/client/link/end/hang-up", test_hang_up);
  g_test_add_func ("/client/link/end/cause", test_interrupted_has_cause);
  for (guint i = 0; i < G_N_ELEMENTS (last_words); i++)
    {
      g_autofree char *path = g_strdup_printf ("/client/link/end/last-words/%u", i);
      g_autofree char *reset_path = g_strdup_printf ("/client/link/end/last-words-reset/%u", i);

      g_test_add_data_func (path, &last_words[i], test_last_words);
      g_test_add_data_func (reset_path, &last_words[i], test_last_words_reset);
    }
  g_test_add_func ("/client/link/end/write-fails", test_last_words_write_fails);
  g_test_add_data_func ("/client/link/end/half/event", "{\"event\": \"E\", \"x\": @", test_half_message);
  g_test_add_data_func ("/client/link/end/half/reply", "{\"id\": @, \"return\": {\"a", test_half_message);
  g_test_add_data_func ("/client/link/end/half/junk", "} @ ", test_half_message);
  g_test_add_func ("/client/link/end/half-close", test_half_close);
  g_test_add_func ("/client/link/too-large", test_too_large);
  g_test_add_func ("/client/link/not-too-large", test_not_too_large);
  g_test_add_data_func ("/client/link/too-deep/id-first", GINT_TO_POINTER (TRUE), test_too_deep);
  g_test_add_data_func ("/client/link/too-deep/id-last", GINT_TO_POINTER (FALSE), test_too_deep);
  g_test_add_func ("/client/link/junk", test_junk_while_running);
}

static void
add_close_tests (void)
{
  g_test_add_func ("/client/link/close/states", test_close_states);
  g_test_add_func ("/client/link/close/flushes", test_close_flushes);
  g_test_add_func ("/client/link/close/stalled", test_close_stalled);
  g_test_add_func ("/client/link/close/cancelled", test_close_cancelled);
  g_test_add_func ("/client/link/close/in-event", test_close_in_event);
  g_test_add_func ("/client/link/close/in-callback", test_close_in_callback);
  g_test_add_func ("/client/link/reopen-in-closed", test_reopen_in_closed);
}

static void
add_open_tests (void)
{
  g_test_add_func ("/client/link/open/absent", test_absent);
  g_test_add_func ("/client/link/open/refused", test_refused);
  g_test_add_func ("/client/link/open/refused-tcp", test_refused_tcp);
  g_test_add_func ("/client/link/open/not-a-socket", test_not_a_socket);
  g_test_add_func ("/client/link/open/backlog-full", test_backlog_full);
  g_test_add_data_func ("/client/link/open/web-server/html", HTTP_ANSWER, test_web_server);
  g_test_add_data_func ("/client/link/open/web-server/json", JSON_ANSWER, test_web_server);
  g_test_add_data_func ("/client/link/open/other-protocol/line", "220 mail.example.org ESMTP\n", test_no_greeting_in_time);
  g_test_add_data_func ("/client/link/open/other-protocol/prompt", "login: ", test_no_greeting_in_time);
  g_test_add_func ("/client/link/open/silent", test_silent);
  g_test_add_func ("/client/link/open/negotiation-unanswered", test_negotiation_unanswered);
  g_test_add_func ("/client/link/open/negotiation-refused", test_negotiation_refused);
  g_test_add_data_func ("/client/link/open/bad-greeting/number", "{\"QMP\": 5}\r\n", test_bad_greeting);
  g_test_add_data_func ("/client/link/open/bad-greeting/null", "{\"QMP\": null}\r\n", test_bad_greeting);
  for (guint i = 0; i < 4; i++)
    {
      g_autofree char *path = g_strdup_printf ("/client/link/open/hang-up/%u", i);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_hang_up_in_handshake);
    }
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *cancel_path = g_strdup_printf ("/client/link/open/cancel/%u", i);
      g_autofree char *close_path = g_strdup_printf ("/client/link/open/close/%u", i);

      g_test_add_data_func (cancel_path, GUINT_TO_POINTER (i), test_cancel_opening);
      g_test_add_data_func (close_path, GUINT_TO_POINTER (i), test_close_while_opening);
    }
  g_test_add_func ("/client/link/open/cancel/before", test_cancelled_opening);
  g_test_add_func ("/client/link/open/close/at-once", test_close_at_once);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  add_end_tests ();
  add_close_tests ();
  add_open_tests ();
  return g_test_run ();
}
