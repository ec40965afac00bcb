/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "test-peer.h"
#include "test-server.h"

/* What servers do, and docs/server-behaviours.md lists, as far as no other test shows it. */

/* a socket that is not there yet, or is full */

typedef struct {
  char           *directory;
  char           *path;
  GSocketAddress *address;
  int             listener; /* -1: nobody listens */
} Place;

static void
place_init (Place *self)
{
  *self = (Place) { g_dir_make_tmp ("qmp-place-XXXXXX", NULL), NULL, NULL, -1 };
  self->path = g_build_filename (self->directory, "s", NULL);
  self->address = g_unix_socket_address_new (self->path);
}

static void
place_listen (Place *self,
              int    backlog)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  self->listener = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  g_strlcpy (address.sun_path, self->path, sizeof (address.sun_path));
  g_assert_cmpint (bind (self->listener, (struct sockaddr *) &address, sizeof (address)), ==, 0);
  g_assert_cmpint (listen (self->listener, backlog), ==, 0);
}

/* The next connection, or -1. */
static int
place_accept (Place *self)
{
  return accept4 (self->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

static void
place_clear (Place *self)
{
  if (self->listener >= 0)
    close (self->listener);
  g_unlink (self->path);
  g_rmdir (self->directory);
  g_object_unref (self->address);
  g_free (self->path);
  g_free (self->directory);
}

/* One that sends nothing and is asked nothing. */
static QmpClient *
quiet_client_new (void)
{
  QmpClient *client = qmp_client_new (NULL);

  qmp_client_set_await_greeting (client, FALSE);
  qmp_client_set_negotiate (client, FALSE);
  return client;
}

/* A server that starts later: opening fails at once, and the same client opens when it is there. */
static void
test_not_there_yet (void)
{
  QmpClient *client = quiet_client_new ();
  Place place;
  g_autoptr (GError) error = NULL;

  place_init (&place);
  g_assert_false (test_open (client, G_SOCKET_CONNECTABLE (place.address), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_error (&error);
  place_listen (&place, 1);
  g_assert_true (test_open (client, G_SOCKET_CONNECTABLE (place.address), &error));
  g_assert_no_error (error);
  g_assert_true (test_close (client, &error));
  test_client_free (client);
  place_clear (&place);
}

/* The queue of connections is full, and drains in time: the client has tried again by itself. */
static void
test_backlog_drains (void)
{
  QmpClient *client = quiet_client_new ();
  Place place;
  int other = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int accepted, fd = -1;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  place_init (&place);
  place_listen (&place, 0);
  g_strlcpy (address.sun_path, place.path, sizeof (address.sun_path));
  g_assert_cmpint (connect (other, (struct sockaddr *) &address, sizeof (address)), ==, 0);
  qmp_client_open_async (client, G_SOCKET_CONNECTABLE (place.address), NULL, test_result_cb, &result);
  test_spin_ready ();
  g_assert_null (result);

  accepted = place_accept (&place);
  g_assert_cmpint (accepted, >=, 0);
  test_spin_until ((fd = place_accept (&place)) >= 0);
  test_spin_until (result != NULL);
  g_assert_true (qmp_client_open_finish (client, result, &error));
  g_assert_no_error (error);
  g_assert_true (test_close (client, &error));
  g_clear_object (&result);
  test_client_free (client);
  close (accepted);
  close (fd);
  close (other);
  place_clear (&place);
}

/* text and values */

/* Everything in ASCII, as QEMU writes it, and the same in UTF-8; the members in any order. */
static void
test_text (void)
{
  static const char expected[] = "gr\303\274n \360\237\230\200 \357\277\275";
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE,
                                    PEER_EXPECT ("a"),
                                    PEER_SEND_FOR ("{\"return\": \"gr\\u00fcn \\ud83d\\ude00 \\ufffd\", \"id\": @}\r\n"),
                                    PEER_EXPECT ("a"),
                                    PEER_SEND_FOR ("{\"id\": @, \"return\": \"gr\303\274n \360\237\230\200 \357\277\275\"}\r\n"));
  QmpClient *client = test_peer_open (peer);

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) value = test_execute (client, "a", &error);

      g_assert_no_error (error);
      g_assert_cmpstr (json_node_get_string (value), ==, expected);
    }
  test_peer_close (peer, client);
}

/* data: elements of a list, each with one character. Two million tokens are what QEMU takes at most; beyond, it would
 * answer with errors without id. */
static void
test_too_many_tokens (gconstpointer data)
{
  guint n_elements = GPOINTER_TO_UINT (data);
  gboolean fits = n_elements < 1024 * 1024 - 20;
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_ECHO (0, 0));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (JsonNode) arguments = test_json ("{\"a\": []}");
  JsonArray *array = json_object_get_array_member (json_node_get_object (arguments), "a");
  g_autoptr (QmpMessage) message = NULL;
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (JsonNode) message_value = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) message_error = NULL;

  for (guint i = 0; i < n_elements; i++)
    json_array_add_int_element (array, 0);
  message = qmp_message_new_command ("x", arguments, &error);
  g_assert_no_error (error);
  value = qmp_client_execute (client, "x", arguments, NULL, &error);
  message_value = test_execute_message (client, message, &message_error);
  if (fits)
    {
      g_assert_no_error (error);
      g_assert_no_error (message_error);
    }
  else
    {
      g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
      g_assert_error (message_error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_SERIALIZATION);
    }
  test_peer_close (peer, client);
}

static void
keep_timestamp_cb (QmpClient *client,
                   QmpEvent  *event,
                   GString   *timestamps)
{
  g_string_append_printf (timestamps, "%" G_GINT64_FORMAT " ", qmp_event_get_timestamp (event));
}

#define EVENT_AT(seconds) \
  "{\"timestamp\": {\"seconds\": " seconds ", \"microseconds\": 0}, \"event\": \"RTC_CHANGE\"}\r\n"

/* An event that QEMU has held back carries the time at which it happened: order is order of arrival. */
static void
test_late_event (void)
{
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT,
                                    PEER_SEND (EVENT_AT ("30") EVENT_AT ("10") EVENT_AT ("20")), PEER_EVENT ("END"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpEventListener) listener = TEST_LISTENER ("RTC_CHANGE");
  GString *timestamps = g_string_new (NULL);

  g_signal_connect (client, "event::RTC_CHANGE", G_CALLBACK (keep_timestamp_cb), timestamps);
  qmp_client_add_listener (client, listener);
  test_peer_signal (peer);
  test_spin_until (test_log_has (log, "END"));
  g_assert_cmpstr (timestamps->str, ==, "30000000 10000000 20000000 ");
  for (guint i = 0; i < 3; i++)
    {
      static const gint64 seconds[] = { 30, 10, 20 };
      g_autoptr (QmpEvent) event = qmp_event_listener_try_next (listener);

      g_assert_cmpint (qmp_event_get_timestamp (event), ==, seconds[i] * G_USEC_PER_SEC);
    }
  g_string_free (timestamps, TRUE);
  test_peer_close (peer, client);
}

/* A server that does not read, because it waits until somebody reads what it has to say. */
static void
test_reads_while_writing (void)
{
  g_autofree char *filler = g_strnfill (1000 * 1000, 'x');
  g_autofree char *text = g_strdup_printf ("{\"execute\": \"big\", \"arguments\": {\"a\": \"%s\"}}", filler);
  TestPeer *peer = test_peer_start (TEST_PEER_PAIR, PEER_HANDSHAKE, PEER_WAIT,
                                    PEER_SEND (PEER_EVENT_TEXT ("FIRST")), PEER_WAIT,
                                    PEER_EXPECT ("big"), PEER_REPLY ("1"));
  QmpClient *client = test_peer_open (peer);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (QmpMessage) message = test_message (text);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = NULL;

  qmp_client_execute_message_async (client, message, NULL, test_result_cb, &result);
  test_spin_ready ();
  test_peer_signal (peer);
  test_spin_until (test_log_has (log, "FIRST"));
  g_assert_null (result);
  test_peer_signal (peer);
  test_spin_until (result != NULL);
  value = qmp_client_execute_message_finish (client, result, &error);
  g_assert_no_error (error);
  g_clear_object (&result);
  test_peer_close (peer, client);
}

/* a QEMU with a command line of the test's own */

#define N_MONITORS 2

typedef struct {
  GSubprocess *process;
  Place        places[N_MONITORS];
} Qemu;

static void
die_with_the_test_cb (gpointer user_data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

/* arguments: one string; its descriptors 3 and 4 are sockets that listen at the two places. */
static void
qemu_begin (Qemu             *self,
            GSubprocessFlags  flags,
            const char       *arguments)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (flags);
  g_autofree char *line = g_strconcat ("qemu-system-x86_64 -nodefaults -display none ", arguments, NULL);
  g_auto (GStrv) words = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < N_MONITORS; i++)
    {
      place_init (&self->places[i]);
      place_listen (&self->places[i], 1);
      g_subprocess_launcher_take_fd (launcher, dup (self->places[i].listener), 3 + i);
    }
  g_subprocess_launcher_set_child_setup (launcher, die_with_the_test_cb, NULL, NULL);
  g_assert_true (g_shell_parse_argv (line, NULL, &words, NULL));
  self->process = g_subprocess_launcher_spawnv (launcher, (const char * const *) words, &error);
  g_assert_no_error (error);
}

static QmpClient *
qemu_open (Qemu  *self,
           guint  place)
{
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (GError) error = NULL;

  test_open (client, G_SOCKET_CONNECTABLE (self->places[place].address), &error);
  g_assert_no_error (error);
  return client;
}

/* client: quits, and is freed. */
static void
qemu_end (Qemu      *self,
          QmpClient *client)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = test_execute (client, "quit", &error);

  g_assert_no_error (error);
  test_spin_until (qmp_client_get_runstate (client) == QMP_RUNSTATE_IDLE);
  test_client_free (client);
  g_assert_true (g_subprocess_wait (self->process, NULL, NULL));
  g_assert_cmpint (g_subprocess_get_exit_status (self->process), ==, 0);
  g_object_unref (self->process);
  for (guint i = 0; i < N_MONITORS; i++)
    place_clear (&self->places[i]);
}

/* Twelve bytes of telnet come before the greeting. While it starts, QEMU sometimes drops a client that speaks telnet:
 * the other monitor's greeting says that it has started. */
static void
test_telnet (void)
{
  Qemu qemu;
  QmpClient *client, *other;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = NULL;

  qemu_begin (&qemu, G_SUBPROCESS_FLAGS_NONE,
              "-machine none -S -chardev socket,id=m,fd=3,server=on,wait=off,telnet=on -mon m,mode=control "
              "-chardev socket,id=o,fd=4,server=on,wait=off -mon o,mode=control");
  other = qemu_open (&qemu, 1);
  client = qemu_open (&qemu, 0);
  value = test_execute (client, "query-status", &error);
  g_assert_no_error (error);
  g_assert_true (test_close (other, &error));
  test_client_free (other);
  qemu_end (&qemu, client);
}

/* Two monitors of one machine: what one does, the other hears. */
static void
test_two_monitors (void)
{
  Qemu qemu;
  QmpClient *first, *second;
  g_autoptr (TestLog) log = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = NULL;

  qemu_begin (&qemu, G_SUBPROCESS_FLAGS_NONE,
              "-machine none -S -chardev socket,id=a,fd=3,server=on,wait=off -mon a,mode=control "
              "-chardev socket,id=b,fd=4,server=on,wait=off -mon b,mode=control");
  first = qemu_open (&qemu, 0);
  second = qemu_open (&qemu, 1);
  log = test_log_new (second);
  value = test_execute (first, "cont", &error);
  g_assert_no_error (error);
  test_spin_until (test_log_has (log, "RESUME"));
  g_clear_pointer (&log, test_log_free);
  g_assert_true (test_close (second, &error));
  test_client_free (second);
  qemu_end (&qemu, first);
}

/* Before the machine is made most commands are refused. The monitor is on a pair of pipes, which is not a socket. */
static void
test_preconfig (void)
{
  Qemu qemu;
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (GIOStream) stream = NULL;
  g_autoptr (JsonNode) commands = NULL;
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (JsonNode) status = NULL;
  g_autoptr (GError) error = NULL;

  qemu_begin (&qemu, G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE,
              "-machine none -S -preconfig -qmp stdio");
  stream = g_simple_io_stream_new (g_subprocess_get_stdout_pipe (qemu.process),
                                   g_subprocess_get_stdin_pipe (qemu.process));
  g_assert_true (test_open_stream (client, stream, &error));
  g_clear_object (&stream);
  g_assert_null (test_execute (client, "query-chardev-backends", &error));
  g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC);
  test_assert_error_has (error, "permitted only after machine initialization");
  g_clear_error (&error);
  commands = test_execute (client, "query-commands", &error);
  g_assert_no_error (error);
  value = test_execute (client, "x-exit-preconfig", &error);
  g_assert_no_error (error);
  status = test_execute (client, "query-chardev-backends", &error);
  g_assert_no_error (error);
  qemu_end (&qemu, client);
}

/* a QEMU as the other tests have it */

static void
server_end (TestServer *server,
            QmpClient  *client)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (test_close (client, &error));
  test_client_free (client);
  test_server_free (server);
}

static void
expect_error (QmpClient       *client,
              const char      *command,
              QmpCommandError  code,
              const char      *part)
{
  g_autoptr (QmpMessage) message = test_message (command);
  g_autoptr (GError) error = NULL;

  g_assert_null (test_execute_message (client, message, &error));
  g_assert_error (error, QMP_COMMAND_ERROR, (int) code);
  test_assert_error_has (error, part);
}

static void
expect_value (QmpClient  *client,
              const char *command)
{
  g_autoptr (QmpMessage) message = test_message (command);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = test_execute_message (client, message, &error);

  g_assert_no_error (error);
}

/* Negotiating by hand: refused, done, done once too often. */
static void
test_negotiation (void)
{
  TestServer *server = test_server_new (TEST_SERVER_QEMU);
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (GError) error = NULL;

  qmp_client_set_negotiate (client, FALSE);
  g_assert_true (test_open (client, test_server_get_address (server), &error));
  expect_error (client, "{\"execute\": \"query-status\"}", QMP_COMMAND_ERROR_COMMAND_NOT_FOUND,
                "Expecting capabilities negotiation");
  expect_error (client, "{\"execute\": \"qmp_capabilities\", \"arguments\": {\"enable\": [\"nonsense\"]}}",
                QMP_COMMAND_ERROR_GENERIC, "nonsense");
  expect_value (client, "{\"execute\": \"qmp_capabilities\"}");
  expect_value (client, "{\"execute\": \"query-status\"}");
  expect_error (client, "{\"execute\": \"qmp_capabilities\"}", QMP_COMMAND_ERROR_COMMAND_NOT_FOUND,
                "already complete");
  server_end (server, client);
}

/* Commands that are JSON but no commands: each has its error, with its id. */
static void
test_not_commands (void)
{
  TestServer *server = test_server_new (TEST_SERVER_QEMU);
  QmpClient *client = test_server_open (server);
  static const char * const commands[] = {
    "{\"execute\": \"query-name\", \"extra\": 1}",
    "{\"execute\": \"query-name\", \"arguments\": null}",
    "{\"execute\": \"query-name\", \"arguments\": [1]}",
    "{\"execute\": 5}",
    "{\"hello\": 1}",
    "{\"execute\": \"query-name\", \"exec-oob\": \"query-yank\"}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (QmpMessage) reply = test_exchange (client, commands[i], &error);

      g_assert_no_error (error);
      g_assert_true (qmp_message_has_member (reply, "error"));
      g_assert_true (qmp_message_has_member (reply, "id"));
    }
  expect_value (client, "{\"execute\": \"query-name\"}");
  server_end (server, client);
}

/* What the other monitor would print, line by line. */
static void
test_monitor_text (void)
{
  TestServer *server = test_server_new (TEST_SERVER_QEMU);
  QmpClient *client = test_server_open (server);
  g_autoptr (GError) error = NULL;
  g_autoptr (QmpMessage) message = qmp_message_new_parsed ("human-monitor-command", &error,
                                                           "{'command-line': %s}", "info version");
  g_autoptr (JsonNode) value = test_execute_message (client, message, &error);

  g_assert_no_error (error);
  g_assert_true (g_str_has_suffix (json_node_get_string (value), "\r\n"));
  server_end (server, client);
}

static char *
make_deep_command (guint depth)
{
  g_autofree char *opening = g_strnfill (depth, '[');
  g_autofree char *closing = g_strnfill (depth, ']');

  return g_strdup_printf ("{\"execute\": \"query-name\", \"id\": %s%s}", opening, closing);
}

/* An id as deep as QEMU takes one comes back; one that is deeper makes no message. */
static void
test_deep_id (void)
{
  TestServer *server = test_server_new (TEST_SERVER_QEMU);
  QmpClient *client = test_server_open (server);
  g_autofree char *too_deep = make_deep_command (1024);
  g_autoptr (GBytes) bytes = g_bytes_new (too_deep, strlen (too_deep));
  g_autoptr (GError) error = NULL;

  for (guint depth = 1022; depth <= 1023; depth++)
    {
      g_autofree char *text = make_deep_command (depth);
      g_autoptr (QmpMessage) message = test_message (text);
      g_autoptr (QmpMessage) reply = NULL;

      qmp_message_set_timeout (message, 10000);
      reply = qmp_client_exchange (client, message, NULL, &error);
      g_assert_no_error (error);
      g_assert_true (qmp_message_has_member (reply, "return"));
    }
  g_assert_null (qmp_message_new_from_bytes (bytes, &error));
  g_assert_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_TOO_DEEP);
  expect_value (client, "{\"execute\": \"query-name\"}");
  server_end (server, client);
}

/* Bytes that this library would not send, beside its back: QEMU complains, once or a thousand times, without an id,
 * and both go on. A control character brings QEMU's parser back to its beginning wherever it is. */
static void
test_parse_errors (gconstpointer data)
{
  const char *bytes = data;
  TestServer *server = test_server_new (TEST_SERVER_QEMU_PAIR);
  g_autoptr (GIOStream) stream = test_server_steal_stream (server);
  GSocket *socket = g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream));
  g_autofree char *opening = g_strnfill (1025, '[');
  g_autofree char *closing = g_strnfill (1025, ']');
  g_autofree char *nested = g_strconcat (opening, closing, NULL);
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (TestLog) log = test_log_new (client);
  g_autoptr (GError) error = NULL;

  g_assert_true (test_open_stream (client, stream, &error));
  if (*bytes == '\0')
    bytes = nested;
  g_assert_cmpint (g_socket_send (socket, bytes, strlen (bytes), NULL, NULL), ==, strlen (bytes));
  g_clear_object (&stream);
  expect_value (client, "{\"execute\": \"query-name\"}");
  g_test_message ("%u errors", test_log_count (log, "protocol-error(server-parse)"));
  g_assert_cmpuint (test_log_count (log, "protocol-error(server-parse)"), >=, bytes == nested ? 1000 : 1);
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_RUNNING);
  server_end (server, client);
}

static void
add_fds (QmpMessage *message,
         guint       n_fds)
{
  g_autoptr (GUnixFDList) list = g_unix_fd_list_new ();
  int fd = memfd_create ("qmp-test", MFD_CLOEXEC);

  for (guint i = 0; i < n_fds; i++)
    g_assert_cmpint (g_unix_fd_list_append (list, fd, NULL), >=, 0);
  close (fd);
  qmp_message_set_fd_list (message, list);
}

/* A command takes one descriptor; what else came with it is closed, and left to nobody. */
static void
test_two_fds (void)
{
  TestServer *server = test_server_new (TEST_SERVER_QEMU);
  QmpClient *client = test_server_open (server);
  g_autoptr (QmpMessage) getfd = test_message ("{\"execute\": \"getfd\", \"arguments\": {\"fdname\": \"a\"}}");
  g_autoptr (QmpMessage) digit = test_message ("{\"execute\": \"getfd\", \"arguments\": {\"fdname\": \"1\"}}");
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  add_fds (getfd, 2);
  value = test_execute_message (client, getfd, &error);
  g_assert_no_error (error);
  expect_error (client, "{\"execute\": \"getfd\", \"arguments\": {\"fdname\": \"b\"}}", QMP_COMMAND_ERROR_GENERIC,
                "No file descriptor supplied");
  /* Its descriptor stays with QEMU until the next one comes, or is taken. */
  add_fds (digit, 1);
  g_assert_null (test_execute_message (client, digit, &error));
  g_assert_error (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC);
  g_test_message ("%s", error->message);
  server_end (server, client);
}

/* A command of an earlier client's ends when the next one is there, who gets the reply to it. */

typedef struct {
  gboolean negotiates;
  guint    n_foreign;
} Wire;

static void
watch_wire_cb (QmpClient        *client,
               QmpWireDirection  direction,
               const char       *text,
               Wire             *wire)
{
  if (direction == QMP_WIRE_DIRECTION_SENT)
    wire->negotiates = TRUE;
  else if (strstr (text, "of the first") != NULL)
    wire->n_foreign++;
}

static void
test_previous_client (void)
{
  TestServer *server = test_server_new (TEST_SERVER_QEMU);
  QmpClient *first = test_server_open (server);
  QmpClient *second = qmp_client_new (NULL);
  g_autofree char *fifo = g_build_filename (test_server_get_directory (server), "fifo", NULL);
  g_autofree char *text = g_strdup_printf ("{\"execute\": \"blockdev-add\", \"id\": \"of the first\", \"arguments\": "
                                           "{\"driver\": \"blkdebug\", \"node-name\": \"slow\", \"config\": \"%s\", "
                                           "\"image\": {\"driver\": \"null-co\"}}}", fifo);
  g_autoptr (QmpMessage) message = test_message (text);
  g_autoptr (GAsyncResult) blocked = NULL;
  g_autoptr (GAsyncResult) opened = NULL;
  g_autoptr (GError) error = NULL;
  Wire wire = { FALSE, 0 };
  int fd;

  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  qmp_client_exchange_async (first, message, NULL, test_result_cb, &blocked);
  test_spin_ready ();
  /* Waits until QEMU opens it too. */
  fd = open (fifo, O_WRONLY | O_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  g_assert_true (test_close (first, &error));
  g_assert_null (qmp_client_exchange_finish (first, blocked, &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
  g_clear_error (&error);

  g_signal_connect (second, "wire", G_CALLBACK (watch_wire_cb), &wire);
  qmp_client_open_async (second, test_server_get_address (server), NULL, test_result_cb, &opened);
  /* The greeting comes from another thread of QEMU's than the one that is blocked. */
  test_spin_until (wire.negotiates);
  close (fd);
  test_spin_until (opened != NULL);
  g_assert_true (qmp_client_open_finish (second, opened, &error));
  g_assert_no_error (error);
  expect_value (second, "{\"execute\": \"query-name\"}");
  g_assert_cmpuint (wire.n_foreign, ==, 1);
  g_clear_object (&blocked);
  g_clear_object (&opened);
  test_client_free (first);
  server_end (server, second);
}

/* The storage daemon has commands of its own, and not all of QEMU's. */
static void
test_storage_daemon (void)
{
  TestServer *server = test_server_new (TEST_SERVER_STORAGE_DAEMON);
  QmpClient *client = test_server_open (server);
  static const char * const absent[] = { "human-monitor-command", "query-status", "query-name", "getfd", "yank" };

  g_assert_true (qmp_client_get_out_of_band_active (client));
  for (guint i = 0; i < G_N_ELEMENTS (absent); i++)
    {
      g_autofree char *text = g_strdup_printf ("{\"execute\": \"%s\"}", absent[i]);

      expect_error (client, text, QMP_COMMAND_ERROR_COMMAND_NOT_FOUND, absent[i]);
    }
  expect_value (client, "{\"execute\": \"query-commands\"}");
  server_end (server, client);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/behaviours/not-there-yet", test_not_there_yet);
  g_test_add_func ("/behaviours/backlog-drains", test_backlog_drains);
  g_test_add_func ("/behaviours/text", test_text);
  g_test_add_data_func ("/behaviours/tokens/few", GUINT_TO_POINTER (TEST_FEW ? 10 * 1000 : 1000 * 1000), test_too_many_tokens);
  g_test_add_data_func ("/behaviours/tokens/many", GUINT_TO_POINTER (1024 * 1024), test_too_many_tokens);
  g_test_add_func ("/behaviours/late-event", test_late_event);
  g_test_add_func ("/behaviours/reads-while-writing", test_reads_while_writing);
  g_test_add_func ("/behaviours/qemu/telnet", test_telnet);
  g_test_add_func ("/behaviours/qemu/two-monitors", test_two_monitors);
  g_test_add_func ("/behaviours/qemu/preconfig", test_preconfig);
  g_test_add_func ("/behaviours/qemu/negotiation", test_negotiation);
  g_test_add_func ("/behaviours/qemu/not-commands", test_not_commands);
  g_test_add_func ("/behaviours/qemu/monitor-text", test_monitor_text);
  g_test_add_func ("/behaviours/qemu/deep-id", test_deep_id);
  g_test_add_data_func ("/behaviours/qemu/parse-errors/control", "{\"half\": \"\001", test_parse_errors);
  g_test_add_data_func ("/behaviours/qemu/parse-errors/sentinel", "[[{\"half\377", test_parse_errors);
  g_test_add_data_func ("/behaviours/qemu/parse-errors/nested", "", test_parse_errors);
  g_test_add_func ("/behaviours/qemu/two-fds", test_two_fds);
  g_test_add_func ("/behaviours/qemu/previous-client", test_previous_client);
  g_test_add_func ("/behaviours/storage-daemon/commands", test_storage_daemon);
  return g_test_run ();
}
