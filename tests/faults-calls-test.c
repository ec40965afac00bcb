/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test-faults.h"
#include "test-responder.h"

/* One conversation, with a fault at each of its system calls in turn. Either nothing is to be noticed of it, or
 * everybody is told once, in the documented words, and the client can be opened again. */

typedef enum {
  UNIX,
  TCP,
  PIPES,     /* a stream that is not a socket: GUnixInputStream and GUnixOutputStream */
  N_WIRES,
} Wire;

static const char * const wire_names[] = { "unix", "tcp", "pipes" };

typedef struct {
  Wire           wire;
  gboolean       blocking;
  TestResponder *responder;
  QmpClient     *client;
  TestLog       *log;
  guint          n_pending;
} Conversation;

/* With QMP_TEST_FEW some of the places only. */
static guint
get_step (void)
{
  return TEST_FEW ? 17 : 1;
}

/* --- a conversation --- */

static void
note (Conversation *self,
      const char   *name,
      GError       *error)
{
  g_autofree char *word = error != NULL ? test_error_word (error) : NULL;

  if (word != NULL)
    test_log_add (self->log, "%s!%s", name, word);
  else
    test_log_add (self->log, "%s", name);
}

/* NULL: it has an address. */
static GIOStream *
start_responder (Conversation *self)
{
  GIOStream *stream;

  if (self->wire != PIPES)
    {
      self->responder = test_responder_new (self->wire == TCP ? TEST_RESPONDER_TCP : TEST_RESPONDER_UNIX);
      return NULL;
    }
  self->responder = test_responder_new_pair (TEST_RESPONDER_PIPES, &stream);
  return stream;
}

static QmpMessage *
new_command (Conversation *self)
{
  QmpMessage *command = test_message ("{\"execute\": \"getfd\"}");

  if (self->wire == UNIX)
    {
      int fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
      g_autoptr (GUnixFDList) list = g_unix_fd_list_new_from_array (&fd, 1);

      qmp_message_set_fd_list (command, list);
    }
  return command;
}

static void
first_cb (GObject      *object,
          GAsyncResult *result,
          gpointer      user_data)
{
  Conversation *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = qmp_client_execute_message_finish (QMP_CLIENT (object), result, &error);

  g_assert_true ((value == NULL) == (error != NULL));
  note (self, "first", error);
  self->n_pending--;
}

static void
exchanged_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      user_data)
{
  Conversation *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (QmpMessage) reply = qmp_client_exchange_finish (QMP_CLIENT (object), result, &error);

  g_assert_true ((reply == NULL) == (error != NULL));
  note (self, "exchange", error);
  self->n_pending--;
}

static void
waited_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  Conversation *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (QmpEvent) event = qmp_client_execute_and_wait_finish (QMP_CLIENT (object), result, &error);

  g_assert_true ((event == NULL) == (error != NULL));
  note (self, "wait", error);
  self->n_pending--;
}

static void
talk_in_background (Conversation *self)
{
  g_autoptr (QmpMessage) first = new_command (self);
  g_autoptr (QmpMessage) second = test_message ("{\"execute\": \"query-second\", \"id\": \"x\"}");
  g_autoptr (QmpMessage) third = test_message ("{\"execute\": \"stop\"}");
  g_autoptr (QmpEventMatch) match = TEST_MATCH ("STOP");

  self->n_pending = 3;
  qmp_client_execute_message_async (self->client, first, NULL, first_cb, self);
  qmp_client_exchange_async (self->client, second, NULL, exchanged_cb, self);
  qmp_client_execute_and_wait_async (self->client, third, match, NULL, waited_cb, self);
  test_spin_until (self->n_pending == 0);
}

static void
talk_blocking (Conversation *self)
{
  g_autoptr (QmpMessage) first = new_command (self);
  g_autoptr (QmpMessage) second = test_message ("{\"execute\": \"query-second\", \"id\": \"x\"}");
  g_autoptr (QmpMessage) third = test_message ("{\"execute\": \"stop\"}");
  g_autoptr (QmpEventMatch) match = TEST_MATCH ("STOP");
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (QmpMessage) reply = NULL;
  g_autoptr (QmpEvent) event = NULL;
  GError *error = NULL;

  value = qmp_client_execute_message (self->client, first, NULL, &error);
  note (self, "first", error);
  g_clear_error (&error);
  reply = qmp_client_exchange (self->client, second, NULL, &error);
  note (self, "exchange", error);
  g_clear_error (&error);
  event = qmp_client_execute_and_wait (self->client, third, match, NULL, &error);
  note (self, "wait", error);
  g_clear_error (&error);
}

static gboolean
open_blocking (Conversation  *self,
               GIOStream     *stream,
               GError       **error)
{
  if (stream != NULL)
    return qmp_client_open_stream (self->client, stream, NULL, error);
  return qmp_client_open (self->client, test_responder_get_address (self->responder), NULL, error);
}

static gboolean
open_in_background (Conversation  *self,
                    GIOStream     *stream,
                    GError       **error)
{
  if (stream != NULL)
    return test_open_stream (self->client, stream, error);
  return test_open (self->client, test_responder_get_address (self->responder), error);
}

static void
converse_on (Conversation *self,
             GIOStream    *stream)
{
  g_autoptr (GError) error = NULL;

  if (self->blocking)
    open_blocking (self, stream, &error);
  else
    open_in_background (self, stream, &error);
  note (self, "open", error);
  if (error != NULL)
    return;

  if (self->blocking)
    talk_blocking (self);
  else
    talk_in_background (self);
  if (self->blocking)
    qmp_client_close (self->client, NULL, &error);
  else
    test_close (self->client, &error);
  note (self, "close", error);
}

/* It can be opened again, and what is then said is understood. */
static void
assert_usable (Conversation *self)
{
  g_autoptr (TestResponder) responder = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = NULL;

  g_assert_cmpint (qmp_client_get_runstate (self->client), ==, QMP_RUNSTATE_IDLE);
  responder = test_responder_new (TEST_RESPONDER_UNIX);
  g_assert_true (qmp_client_open (self->client, test_responder_get_address (responder), NULL, &error));
  g_assert_no_error (error);
  value = qmp_client_execute (self->client, "query-name", NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (qmp_client_close (self->client, NULL, &error));
  g_assert_no_error (error);
}

/* Takes the responder: how many descriptors it was given. */
static void
finish_responder (Conversation  *self,
                  char         **words)
{
  g_autofree char *without = *words;

  test_responder_stop (self->responder);
  *words = g_strdup_printf ("%s fds(%u)", without, test_responder_get_n_fds (self->responder));
  test_responder_free (self->responder);
}

/* What was seen of it, and n_calls (out): how many calls the fault was about. Asserts that nothing is left of it. */
static char *
converse (Wire             wire,
          gboolean         blocking,
          const TestFault *fault,
          guint           *n_calls)
{
  guint n_fds = test_count_fds ();
  Conversation self = { .wire = wire, .blocking = blocking, .client = qmp_client_new (NULL) };
  g_autoptr (GIOStream) stream = start_responder (&self);
  char *words;

  self.log = test_log_new (self.client);
  test_faults_begin (fault);
  converse_on (&self, stream);
  *n_calls = test_faults_end ();
  test_spin_ready ();
  words = g_strdup (test_log_get (self.log));
  test_log_free (self.log);
  assert_usable (&self);
  test_client_free (self.client);
  g_clear_object (&stream);
  finish_responder (&self, &words);
  test_assert_n_fds (n_fds);
  return words;
}

/* --- what it should look like --- */

static char *
converse_well (Wire     wire,
               gboolean blocking)
{
  const TestFault none = { 0 };
  guint n_calls;

  return converse (wire, blocking, &none, &n_calls);
}

static void
assert_unnoticed (Wire             wire,
                  gboolean         blocking,
                  const TestFault *fault,
                  const char      *expected,
                  guint           *n_calls)
{
  g_autofree char *words = converse (wire, blocking, fault, n_calls);

  if (!g_str_equal (words, expected))
    g_test_message ("calls 0x%x, errno %d from %u (%u), limit %" G_GSIZE_FORMAT ", split %" G_GSIZE_FORMAT,
                    fault->calls, fault->code, fault->first, fault->n, fault->limit, fault->split);
  g_assert_cmpstr (words, ==, expected);
}

static guint
count_word (char       **words,
            const char  *prefix)
{
  guint n = 0;

  for (guint i = 0; words[i] != NULL; i++)
    n += g_str_has_prefix (words[i], prefix);
  return n;
}

/* Each call is told once; the link's end too, if there was a link; and nothing comes behind that but the close. */
static void
assert_told_once (const char *words)
{
  static const char * const calls[] = { "first", "exchange", "wait", "close" };
  g_auto (GStrv) each = g_strsplit (words, " ", -1);
  gboolean opened = count_word (each, "RUNNING") > 0;
  guint n_closed = 0;

  g_assert_cmpuint (count_word (each, "open"), ==, 1);
  g_assert_cmpuint (count_word (each, "IDLE"), ==, 1);
  for (guint i = 0; i < G_N_ELEMENTS (calls) - 1; i++)
    g_assert_cmpuint (count_word (each, calls[i]), ==, opened ? 1 : 0);
  for (guint i = 0; each[i] != NULL; i++)
    n_closed += g_str_equal (each[i], "closed") || g_str_has_prefix (each[i], "closed(");
  g_assert_cmpuint (n_closed, ==, opened ? 1 : 0);
  g_assert_cmpuint (count_word (each, "protocol-error"), ==, 0);
}

static char *
dup_cause (int code)
{
  g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, g_io_error_from_errno (code), "");

  return test_error_word (error);
}

/* The errors of calls are what the documentation says, and no others. */
static void
assert_errors (const char *words,
               int         code)
{
  g_autofree char *cause = dup_cause (code);
  g_auto (GStrv) each = g_strsplit (words, " ", -1);

  for (guint i = 0; each[i] != NULL; i++)
    {
      const char *error = strchr (each[i], '!');

      if (error == NULL)
        continue;
      if (g_str_has_prefix (each[i], "open!"))
        g_assert_cmpstr (error + 1, ==, cause);
      else if (g_str_has_prefix (each[i], "close!"))
        g_assert_cmpstr (error + 1, ==, "broken-pipe");
      else if (!g_str_equal (error + 1, "interrupted"))
        /* What is begun when the client is idle already. */
        g_assert_cmpstr (error + 1, ==, "state");
    }
}

/* --- faults that are not noticed --- */

typedef struct {
  const char *name;
  TestFault   fault;
} NamedFault;

static const NamedFault unnoticed[] = {
  { "eintr/every-other", { TEST_CALL_WAITING, EINTR, .every_other = TRUE } },
  { "eagain/every-other", { TEST_CALL_READ | TEST_CALL_WRITE, EAGAIN, .every_other = TRUE } },
  { "eagain/accept", { TEST_CALL_ACCEPT, EAGAIN, .every_other = TRUE } },
  { "enobufs/every-other", { TEST_CALL_WRITE, ENOBUFS, .every_other = TRUE } },
  { "short/reads", { TEST_CALL_READ, .limit = 1 } },
  { "short/writes", { TEST_CALL_WRITE, .limit = 1 } },
  { "short/both", { TEST_CALL_READ | TEST_CALL_WRITE, .limit = 1 } },
  { "short/both-and-eintr", { TEST_CALL_WAITING, EINTR, .every_other = TRUE, .limit = 1 } },
  { "short/both-and-eagain", { TEST_CALL_READ | TEST_CALL_WRITE, EAGAIN, .every_other = TRUE, .limit = 1 } },
};

static void
test_unnoticed (gconstpointer data)
{
  const NamedFault *named = data;

  for (Wire wire = 0; wire < N_WIRES; wire++)
    for (int blocking = 0; blocking <= 1; blocking++)
      {
        g_autofree char *expected = converse_well (wire, blocking);
        guint n_calls;

        g_test_message ("%s: %s", wire_names[wire], expected);
        assert_unnoticed (wire, blocking, &named->fault, expected, &n_calls);
        if (!(named->fault.calls & TEST_CALL_ACCEPT) || named->fault.calls == TEST_CALL_WAITING)
          g_assert_cmpuint (n_calls, >, 5);
      }
}

static const NamedFault unnoticed_once[] = {
  { "eintr", { TEST_CALL_WAITING, EINTR } },
  { "eagain/read", { TEST_CALL_READ, EAGAIN } },
  { "eagain/write", { TEST_CALL_WRITE, EAGAIN } },
  { "enobufs", { TEST_CALL_WRITE, ENOBUFS } },
};

/* Once, and three times running, at each call. */
static void
test_unnoticed_once (gconstpointer data)
{
  const NamedFault *named = data;

  for (Wire wire = 0; wire < N_WIRES; wire++)
    for (int blocking = 0; blocking <= 1; blocking++)
      {
        g_autofree char *expected = converse_well (wire, blocking);
        guint n_calls = G_MAXUINT;

        for (guint i = 0; i < n_calls; i++)
          for (guint n = 1; n <= 3; n += 2)
            {
              TestFault fault = named->fault;

              fault.first = i;
              fault.n = n;
              assert_unnoticed (wire, blocking, &fault, expected, &n_calls);
            }
      }
}

/* All that is said is cut into two, at each of its bytes. */
static void
test_split (gconstpointer data)
{
  TestCall calls = GPOINTER_TO_INT (data);

  for (Wire wire = 0; wire < N_WIRES; wire++)
    {
      g_autofree char *expected = converse_well (wire, FALSE);
      gsize n_bytes = G_MAXSIZE;

      for (gsize split = 1; split < n_bytes; split += get_step ())
        {
          const TestFault fault = { calls, .split = split };
          guint n_calls;

          assert_unnoticed (wire, FALSE, &fault, expected, &n_calls);
          n_bytes = test_faults_get_n_bytes ();
        }
      g_assert_cmpuint (n_bytes, >, 130);
    }
}

/* --- faults that end the link --- */

static const struct {
  const char *name;
  TestCall    calls;
  int         code;
} fatal[] = {
  { "read/econnreset", TEST_CALL_READ, ECONNRESET },
  { "read/etimedout", TEST_CALL_READ, ETIMEDOUT },
  { "read/enomem", TEST_CALL_READ, ENOMEM },
  { "read/enobufs", TEST_CALL_READ, ENOBUFS },
  { "read/eio", TEST_CALL_READ, EIO },
  { "write/epipe", TEST_CALL_WRITE, EPIPE },
  { "write/econnreset", TEST_CALL_WRITE, ECONNRESET },
  { "write/enomem", TEST_CALL_WRITE, ENOMEM },
  { "write/etoomanyrefs", TEST_CALL_WRITE, ETOOMANYREFS },
  { "write/emfile", TEST_CALL_WRITE, EMFILE },
};

/* At each call once; and from each call on, always. */
static void
check_fatal (Wire     wire,
             gboolean blocking,
             guint    number,
             gboolean for_ever)
{
  g_autofree char *well = converse_well (wire, blocking);
  guint n_calls;
  guint n_noticed = 0;

  /* Until it comes to its end before that. */
  for (guint i = 0; TRUE; i++)
    {
      const TestFault fault = { fatal[number].calls, fatal[number].code, i, for_ever ? 0 : 1 };
      g_autofree char *words = converse (wire, blocking, &fault, &n_calls);

      if (n_calls <= i)
        break;
      g_test_message ("%s, call %u of %u: %s", wire_names[wire], i, n_calls, words);
      assert_told_once (words);
      assert_errors (words, fatal[number].code);
      n_noticed += !g_str_equal (words, well);
    }
  g_assert_cmpuint (n_noticed, >=, 2);
}

static void
test_fatal (gconstpointer data)
{
  for (Wire wire = 0; wire < N_WIRES; wire++)
    for (int blocking = 0; blocking <= 1; blocking++)
      {
        check_fatal (wire, blocking, GPOINTER_TO_UINT (data), FALSE);
        check_fatal (wire, blocking, GPOINTER_TO_UINT (data), TRUE);
      }
}

/* --- faults when connecting --- */

static const struct {
  const char *name;
  TestCall    calls;
  int         code;
} refusals[] = {
  { "socket/emfile", TEST_CALL_SOCKET, EMFILE },
  { "socket/enfile", TEST_CALL_SOCKET, ENFILE },
  { "socket/enobufs", TEST_CALL_SOCKET, ENOBUFS },
  { "socket/enomem", TEST_CALL_SOCKET, ENOMEM },
  { "connect/econnrefused", TEST_CALL_CONNECT, ECONNREFUSED },
  { "connect/enoent", TEST_CALL_CONNECT, ENOENT },
  { "connect/eacces", TEST_CALL_CONNECT, EACCES },
  { "connect/enomem", TEST_CALL_CONNECT, ENOMEM },
};

static void
test_refused (gconstpointer data)
{
  guint number = GPOINTER_TO_UINT (data);
  const TestFault fault = { refusals[number].calls, refusals[number].code };

  for (Wire wire = UNIX; wire <= TCP; wire++)
    for (int blocking = 0; blocking <= 1; blocking++)
      {
        guint n_calls;
        g_autofree char *words = converse (wire, blocking, &fault, &n_calls);
        g_autofree char *cause = dup_cause (refusals[number].code);
        /* No handler runs within a blocking call. */
        g_autofree char *expected = blocking
          ? g_strdup_printf ("open!%s CONNECTING DISCONNECTING IDLE fds(0)", cause)
          : g_strdup_printf ("CONNECTING DISCONNECTING IDLE open!%s fds(0)", cause);

        g_assert_cmpuint (n_calls, >, 0);
        g_assert_cmpstr (words, ==, expected);
      }
}

/* --- accepting --- */

static void
test_accept_fails (gconstpointer data)
{
  int code = GPOINTER_TO_INT (data);
  const TestFault fault = { TEST_CALL_ACCEPT, code, .n = 1 };
  g_autofree char *directory = g_dir_make_tmp ("qmp-faults-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "s", NULL);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (GError) error = NULL;
  TestResponder *responder;

  g_assert_true (qmp_client_listen (client, G_SOCKET_CONNECTABLE (address), NULL, &error));
  responder = test_responder_new_connecting (address);
  test_faults_begin (&fault);
  g_assert_false (qmp_client_accept (client, NULL, &error));
  g_assert_cmpuint (test_faults_end (), ==, 1);
  g_assert_error (error, G_IO_ERROR, (int) g_io_error_from_errno (code));
  g_clear_error (&error);
  /* The server that could not be taken is still there. */
  g_assert_true (qmp_client_accept (client, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (qmp_client_close (client, NULL, &error));
  test_client_free (client);
  test_responder_free (responder);
  g_rmdir (directory);
}

/* --- no descriptor left --- */

/* Opens while the process can have n_left more descriptors. */
static gboolean
open_without_descriptors (QmpClient           *client,
                          GSocketConnectable  *address,
                          guint                n_left,
                          GError             **error)
{
  struct rlimit usual, low;
  int fillers[256];
  guint n_fillers = 0;
  gboolean success;
  int fd;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &usual), ==, 0);
  low = usual;
  low.rlim_cur = G_N_ELEMENTS (fillers);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &low), ==, 0);
  while ((fd = open ("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
    fillers[n_fillers++] = fd;
  g_assert_cmpint (errno, ==, EMFILE);
  for (guint i = 0; i < n_left; i++)
    close (fillers[--n_fillers]);
  success = qmp_client_open (client, address, NULL, error);
  while (n_fillers > 0)
    close (fillers[--n_fillers]);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &usual), ==, 0);
  return success;
}

/* Fails in words while there are fewer than it needs, and works with so many. The server says nothing. */
static void
check_no_descriptors (GSocketConnectable *address,
                      guint               n_needed)
{
  QmpClient *client = qmp_client_new (NULL);
  guint n_fds = test_count_fds ();
  g_autoptr (GError) error = NULL;

  qmp_client_set_await_greeting (client, FALSE);
  qmp_client_set_negotiate (client, FALSE);
  for (guint n_left = 0; n_left < n_needed; n_left++)
    {
      g_assert_false (open_without_descriptors (client, address, n_left, &error));
      g_assert_nonnull (error);
      g_test_message ("%u left: %s", n_left, error->message);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
      test_assert_error_has (error, g_strerror (EMFILE));
      g_clear_error (&error);
      g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_IDLE);
      test_assert_n_fds (n_fds);
    }
  g_assert_true (open_without_descriptors (client, address, n_needed, &error));
  g_assert_no_error (error);
  g_assert_true (qmp_client_close (client, NULL, &error));
  g_assert_no_error (error);
  test_client_free (client);
}

/* A socket where nobody accepts. */
static GSocket *
listen_at (GSocketAddress *address)
{
  g_autoptr (GError) error = NULL;
  GSocket *socket = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM,
                                  G_SOCKET_PROTOCOL_DEFAULT, &error);

  g_assert_no_error (error);
  g_assert_true (g_socket_bind (socket, address, TRUE, &error));
  g_assert_true (g_socket_listen (socket, &error));
  return socket;
}

static void
test_no_descriptors_tcp (void)
{
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GSocket) socket = listen_at (any);
  g_autoptr (GSocketAddress) address = g_socket_get_local_address (socket, NULL);

  check_no_descriptors (G_SOCKET_CONNECTABLE (address), 1);
}

/* data: what to put between the directory and the file, often. A path that is too long for a socket's address is made
 * short by a descriptor of the file. */
static void
test_no_descriptors_unix (gconstpointer data)
{
  g_autofree char *directory = g_dir_make_tmp ("qmp-faults-XXXXXX", NULL);
  g_autofree char *short_path = g_build_filename (directory, "qmp", NULL);
  g_autoptr (GSocketAddress) any = g_unix_socket_address_new (short_path);
  g_autoptr (GSocket) socket = listen_at (any);
  gboolean is_long = GPOINTER_TO_INT (data);
  g_autofree char *detour = is_long ? g_strnfill (120, '/') : g_strdup ("/");
  g_autofree char *path = g_strconcat (directory, detour, "qmp", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketConnectable) address = qmp_address_parse (path, &error);

  g_assert_no_error (error);
  check_no_descriptors (address, is_long ? 2 : 1);
  g_unlink (short_path);
  g_rmdir (directory);
}

/* A terminal takes two, one for each way, and a third one for a moment. */
static void
test_no_descriptors_device (void)
{
  int terminal = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);
  g_autofree char *text = g_strdup_printf ("fd:%d", terminal);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketConnectable) address = qmp_address_parse (text, &error);

  g_assert_no_error (error);
  check_no_descriptors (address, 3);
  close (terminal);
}

static void
test_no_descriptors_vsock (void)
{
  int probe = socket (AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int code = probe >= 0 ? G_IO_ERROR_TOO_MANY_OPEN_FILES : G_IO_ERROR_NOT_SUPPORTED;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketConnectable) address = qmp_address_parse ("vsock:2:1", &error);
  QmpClient *client = qmp_client_new (NULL);

  if (probe >= 0)
    close (probe);
  g_assert_no_error (error);
  g_assert_false (open_without_descriptors (client, address, 0, &error));
  g_assert_error (error, G_IO_ERROR, code);
  g_clear_error (&error);
  test_client_free (client);
}

/* --- what the kernel itself gives up --- */

/* Descriptors that a server sends unasked are the kernel's to close: the client has no room for them, so that it cannot
 * be filled with them. */
static void
test_descriptors_from_server (void)
{
  const char text[] = "{\"event\": \"A\"}";
  int peer_fd;
  g_autoptr (GIOStream) stream = test_socketpair (&peer_fd);
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (TestLog) log = test_log_new (client);
  union { char bytes[CMSG_SPACE (2 * sizeof (int))]; struct cmsghdr align; } control = { { 0 } };
  struct iovec vector = { (char *) text, strlen (text) };
  struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1,
                            .msg_control = control.bytes, .msg_controllen = sizeof (control) };
  int fds[] = { STDERR_FILENO, STDERR_FILENO };
  guint n_fds;

  qmp_client_set_await_greeting (client, FALSE);
  qmp_client_set_negotiate (client, FALSE);
  g_assert_true (qmp_client_open_stream (client, stream, NULL, NULL));
  n_fds = test_count_fds ();
  control.align.cmsg_level = SOL_SOCKET;
  control.align.cmsg_type = SCM_RIGHTS;
  control.align.cmsg_len = CMSG_LEN (sizeof (fds));
  memcpy (CMSG_DATA (&control.align), fds, sizeof (fds));
  for (guint i = 1; i <= 100; i++)
    {
      g_assert_cmpint (sendmsg (peer_fd, &message, MSG_NOSIGNAL), ==, strlen (text));
      test_spin_until (test_log_count (log, "A") == i);
      g_assert_cmpuint (test_count_fds (), ==, n_fds);
    }
  g_assert_true (qmp_client_close (client, NULL, NULL));
  test_client_free (client);
  close (peer_fd);
}

/* The main loop cannot wait: GLib says so, and tries again. */
static void
test_poll_fails (void)
{
  g_autofree char *expected = converse_well (UNIX, FALSE);
  guint n_calls = G_MAXUINT;

  for (guint i = 0; i < n_calls; i++)
    {
      const TestFault fault = { TEST_CALL_POLL, ENOMEM, i, 1 };
      g_autofree char *words = NULL;

      g_test_expect_message ("GLib", G_LOG_LEVEL_WARNING, "poll(2) failed due to: *");
      words = converse (UNIX, FALSE, &fault, &n_calls);
      if (n_calls <= i)
        break;
      g_test_assert_expected_messages ();
      g_assert_cmpstr (words, ==, expected);
    }
}

/* --- */

static void
add_unnoticed (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (unnoticed); i++)
    {
      g_autofree char *path = g_strdup_printf ("/faults/unnoticed/%s", unnoticed[i].name);

      g_test_add_data_func (path, &unnoticed[i], test_unnoticed);
    }
  for (guint i = 0; i < G_N_ELEMENTS (unnoticed_once); i++)
    {
      g_autofree char *path = g_strdup_printf ("/faults/unnoticed/once/%s", unnoticed_once[i].name);

      g_test_add_data_func (path, &unnoticed_once[i], test_unnoticed_once);
    }
  g_test_add_data_func ("/faults/unnoticed/split/reads", GINT_TO_POINTER (TEST_CALL_READ), test_split);
  g_test_add_data_func ("/faults/unnoticed/split/writes", GINT_TO_POINTER (TEST_CALL_WRITE), test_split);
  g_test_add_func ("/faults/unnoticed/poll-enomem", test_poll_fails);
}

static void
add_ends (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (fatal); i++)
    {
      g_autofree char *path = g_strdup_printf ("/faults/ends/%s", fatal[i].name);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_fatal);
    }
  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      g_autofree char *path = g_strdup_printf ("/faults/open/%s", refusals[i].name);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_refused);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  test_warm_up ();

  add_unnoticed ();
  add_ends ();
  g_test_add_data_func ("/faults/accept/emfile", GINT_TO_POINTER (EMFILE), test_accept_fails);
  g_test_add_data_func ("/faults/accept/enfile", GINT_TO_POINTER (ENFILE), test_accept_fails);
  g_test_add_data_func ("/faults/accept/enobufs", GINT_TO_POINTER (ENOBUFS), test_accept_fails);
  g_test_add_data_func ("/faults/accept/econnaborted", GINT_TO_POINTER (ECONNABORTED), test_accept_fails);
  g_test_add_data_func ("/faults/no-descriptors/unix", GINT_TO_POINTER (FALSE), test_no_descriptors_unix);
  g_test_add_data_func ("/faults/no-descriptors/long-path", GINT_TO_POINTER (TRUE), test_no_descriptors_unix);
  g_test_add_func ("/faults/no-descriptors/tcp", test_no_descriptors_tcp);
  g_test_add_func ("/faults/no-descriptors/device", test_no_descriptors_device);
  g_test_add_func ("/faults/no-descriptors/vsock", test_no_descriptors_vsock);
  g_test_add_func ("/faults/descriptors-from-server", test_descriptors_from_server);
  return g_test_run ();
}
