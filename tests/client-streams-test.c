/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "test-peer.h"
#include "test-responder.h"

/* Streams that are no sockets, with descriptors in blocking mode as everybody makes them, and other sides that really die.
 * SIGPIPE does here what it does in a program that thinks nothing of it: it ends it. */

#define LARGE 300000

static QmpClient *
client_new (void)
{
  QmpClient *client = qmp_client_new (NULL);

  qmp_client_set_negotiate (client, FALSE);
  return client;
}

static QmpMessage *
large_command (void)
{
  g_autofree char *filler = g_strnfill (LARGE, 'x');
  g_autofree char *text = g_strdup_printf ("{\"execute\": \"a\", \"arguments\": {\"x\": \"%s\"}}", filler);

  return test_message (text);
}

/* --- children --- */

typedef enum {
  PIPES,      /* of a GSubprocess */
  FIFOS,
  TERMINAL,
  SOCKETS,    /* by GUnixInputStream and GUnixOutputStream */
  FILTER,     /* a stream over pipes that the library does not know */
  N_KINDS,
} Kind;

static const char * const kind_names[N_KINDS] = { "pipes", "fifos", "terminal", "sockets", "filter" };

typedef struct {
  GSubprocess *process;
  GIOStream   *stream;
  int          output;  /* the stream's, borrowed */
} Child;

static void
die_with_the_test_cb (gpointer user_data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (getppid () != GPOINTER_TO_INT (user_data))
    _exit (1);
}

/* Greets, and neither reads nor writes any more. Takes the descriptors. */
static void
child_spawn (Child *self,
             int    input,
             int    output)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autoptr (GError) error = NULL;

  g_subprocess_launcher_set_child_setup (launcher, die_with_the_test_cb, GINT_TO_POINTER (getpid ()), NULL);
  g_subprocess_launcher_take_stdin_fd (launcher, input);
  g_subprocess_launcher_take_stdout_fd (launcher, output);
  self->process = g_subprocess_launcher_spawn (launcher, &error, "sh", "-c", "printf %s \"$0\"; exec sleep 1000",
                                               PEER_GREETING, NULL);
  g_assert_no_error (error);
}

static void
child_use (Child *self,
           int    input,
           int    output,
           Kind   kind)
{
  g_autoptr (GInputStream) input_stream = g_unix_input_stream_new (input, TRUE);
  g_autoptr (GOutputStream) output_stream = g_unix_output_stream_new (output, TRUE);

  if (kind == FILTER)
    {
      g_autoptr (GCharsetConverter) same = g_charset_converter_new ("UTF-8", "UTF-8", NULL);
      GOutputStream *filter = g_converter_output_stream_new (output_stream, G_CONVERTER (same));

      g_object_unref (output_stream);
      output_stream = filter;
    }
  self->output = output;
  self->stream = g_simple_io_stream_new (input_stream, output_stream);
}

static void
make_pipes (int *there,
            int *back)
{
  g_assert_cmpint (pipe2 (there, O_CLOEXEC), ==, 0);
  g_assert_cmpint (pipe2 (back, O_CLOEXEC), ==, 0);
}

static int
open_fifo (const char *path)
{
  int fd;

  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  /* Nobody waits for the other side so. */
  fd = open (path, O_RDWR | O_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  return fd;
}

/* Their descriptors for one way each, as those of pipes; the names are of no more use. */
static void
make_fifo (int *ends)
{
  g_autofree char *directory = g_dir_make_tmp ("qmp-streams-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "fifo", NULL);
  int both = open_fifo (path);

  ends[0] = open (path, O_RDONLY | O_CLOEXEC);
  ends[1] = open (path, O_WRONLY | O_CLOEXEC);
  close (both);
  g_unlink (path);
  g_rmdir (directory);
}

static void
make_terminal (int *ours,
               int *theirs)
{
  struct termios raw;

  g_assert_cmpint (openpty (theirs, ours, NULL, NULL, NULL), ==, 0);
  tcgetattr (*ours, &raw);
  cfmakeraw (&raw);
  tcsetattr (*ours, TCSANOW, &raw);
  fcntl (*ours, F_SETFD, FD_CLOEXEC);
  fcntl (*theirs, F_SETFD, FD_CLOEXEC);
}

static Child *
child_new (Kind kind)
{
  Child *self = g_new0 (Child, 1);
  int there[2], back[2];

  switch (kind)
    {
    case TERMINAL:
      make_terminal (&there[1], &there[0]);
      back[0] = fcntl (there[1], F_DUPFD_CLOEXEC, 3);
      back[1] = fcntl (there[0], F_DUPFD_CLOEXEC, 3);
      break;
    case SOCKETS:
      g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, there), ==, 0);
      back[0] = fcntl (there[1], F_DUPFD_CLOEXEC, 3);
      back[1] = fcntl (there[0], F_DUPFD_CLOEXEC, 3);
      break;
    case FIFOS:
      make_fifo (there);
      make_fifo (back);
      break;
    case PIPES:
    case FILTER:
    default:
      make_pipes (there, back);
      break;
    }
  child_spawn (self, there[0], back[1]);
  child_use (self, back[0], there[1], kind);
  return self;
}

static void
child_kill (Child *self)
{
  g_subprocess_force_exit (self->process);
  g_subprocess_wait (self->process, NULL, NULL);
}

static void
child_free (Child *self)
{
  child_kill (self);
  g_object_unref (self->process);
  g_object_unref (self->stream);
  g_free (self);
}

static QmpClient *
open_child (Child *child)
{
  QmpClient *client = client_new ();
  g_autoptr (GError) error = NULL;

  g_assert_true (qmp_client_open_stream (client, child->stream, NULL, &error));
  g_assert_no_error (error);
  return client;
}

/* --- a server that is gone --- */

static void
test_dead (gconstpointer data)
{
  Child *child = child_new (GPOINTER_TO_UINT (data));
  QmpClient *client = open_child (child);
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  child_kill (child);
  /* Written before anything is read. */
  value = qmp_client_execute (client, "a", NULL, NULL, &error);
  g_assert_null (value);
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
  g_test_message ("%s", error->message);
  test_client_free (client);
  child_free (child);
}

static void
test_dead_in_background (gconstpointer data)
{
  Child *child = child_new (GPOINTER_TO_UINT (data));
  QmpClient *client = open_child (child);
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  child_kill (child);
  value = test_execute (client, "a", &error);
  g_assert_null (value);
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
  test_spin_until (qmp_client_get_runstate (client) == QMP_RUNSTATE_IDLE);
  test_client_free (client);
  child_free (child);
}

static int n_signals;

static void
count_signal (int number)
{
  n_signals++;
}

static void
fail_to_write (void)
{
  Child *child = child_new (PIPES);
  QmpClient *client = open_child (child);
  g_autoptr (JsonNode) value = NULL;

  child_kill (child);
  value = qmp_client_execute (client, "a", NULL, NULL, NULL);
  g_assert_null (value);
  test_client_free (client);
  child_free (child);
}

/* The signal that the library causes is its own affair; any other is the program's, and so is its mask. */
static void
test_signal_of_the_program (void)
{
  struct sigaction count = { .sa_handler = count_signal };
  sigset_t sigpipe, before, pending;

  n_signals = 0;
  sigaction (SIGPIPE, &count, NULL);
  fail_to_write ();
  g_assert_cmpint (n_signals, ==, 0);

  sigemptyset (&sigpipe);
  sigaddset (&sigpipe, SIGPIPE);
  pthread_sigmask (SIG_BLOCK, &sigpipe, &before);
  fail_to_write ();
  sigpending (&pending);
  g_assert_false (sigismember (&pending, SIGPIPE));
  raise (SIGPIPE);
  fail_to_write ();
  sigpending (&pending);
  g_assert_true (sigismember (&pending, SIGPIPE));
  g_assert_cmpint (n_signals, ==, 0);
  pthread_sigmask (SIG_SETMASK, &before, &pending);
  g_assert_true (sigismember (&pending, SIGPIPE));
  g_assert_cmpint (n_signals, ==, 1);
  signal (SIGPIPE, SIG_DFL);
}

/* --- a server that reads no more --- */

/* A write that blocks would block for ever: the test's own alarm ends it then. */
static void
test_full (gconstpointer data)
{
  Kind kind = GPOINTER_TO_UINT (data);
  Child *child = child_new (kind);
  QmpClient *client = open_child (child);
  int flags = fcntl (child->output, F_GETFL);
  g_autoptr (QmpMessage) command = large_command ();
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_false (flags & O_NONBLOCK);
  /* So that no piece ends where the room does. */
  qmp_client_execute_async (client, "small", NULL, NULL, NULL, NULL);
  qmp_client_set_timeout (client, 20);
  qmp_client_set_close_timeout (client, 20);
  value = qmp_client_execute_message (client, command, NULL, &error);
  g_assert_null (value);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  value = test_execute (client, "b", &error);
  g_assert_null (value);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  g_assert_cmpint (fcntl (child->output, F_GETFL), ==, flags);
  g_assert_false (qmp_client_close (client, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  test_client_free (client);
  child_free (child);
}

/* All of it arrives at a server that does read. */
static void
test_large (gconstpointer data)
{
  gboolean blocking = GPOINTER_TO_INT (data);
  g_autoptr (TestResponder) responder = NULL;
  g_autoptr (GIOStream) stream = NULL;
  QmpClient *client = client_new ();
  g_autoptr (QmpMessage) command = large_command ();
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  responder = test_responder_new_pair (TEST_RESPONDER_PIPES, &stream);
  g_assert_true (qmp_client_open_stream (client, stream, NULL, &error));
  g_assert_no_error (error);
  value = blocking ? qmp_client_execute_message (client, command, NULL, &error)
                   : test_execute_message (client, command, &error);
  g_assert_no_error (error);
  test_assert_json (value, "{}");
  g_assert_true (qmp_client_close (client, NULL, &error));
  test_client_free (client);
}

/* --- a stream that is closed --- */

typedef void (*CloseFunc) (GIOStream *stream);

static void
close_stream (GIOStream *stream)
{
  g_io_stream_close (stream, NULL, NULL);
}

static void
close_socket (GIOStream *stream)
{
  g_socket_close (g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream)), NULL);
}

static void
close_input (GIOStream *stream)
{
  g_input_stream_close (g_io_stream_get_input_stream (stream), NULL, NULL);
}

static void
close_output (GIOStream *stream)
{
  g_output_stream_close (g_io_stream_get_output_stream (stream), NULL, NULL);
}

static GIOStream *
new_unix_stream (int *peer)
{
  int fds[2];
  g_autoptr (GInputStream) input = NULL;
  g_autoptr (GOutputStream) output = NULL;
  int there[2], back[2];

  make_pipes (there, back);
  fds[0] = back[0];
  fds[1] = there[1];
  close (there[0]);
  *peer = back[1];
  input = g_unix_input_stream_new (fds[0], TRUE);
  output = g_unix_output_stream_new (fds[1], TRUE);
  return g_simple_io_stream_new (input, output);
}

static GIOStream *
new_tls_stream (int *peer)
{
  g_autoptr (GIOStream) base = test_socketpair (peer);
  g_autoptr (GError) error = NULL;
  GIOStream *stream = g_tls_client_connection_new (base, NULL, &error);

  g_assert_no_error (error);
  return stream;
}

static void
close_base (GIOStream *stream)
{
  g_autoptr (GIOStream) base = NULL;

  g_object_get (stream, "base-io-stream", &base, NULL);
  g_io_stream_close (base, NULL, NULL);
}

typedef struct {
  const char  *name;
  GIOStream * (*create) (int *peer);
  CloseFunc    close;
} Closed;

static const Closed closed[] = {
  { "socket/stream", test_socketpair, close_stream },
  { "socket/socket", test_socketpair, close_socket },
  { "unix/stream", new_unix_stream, close_stream },
  { "unix/input", new_unix_stream, close_input },
  { "unix/output", new_unix_stream, close_output },
  { "tls/base", new_tls_stream, close_base },
};

static void
test_closed_already (gconstpointer data)
{
  const Closed *kind = data;
  int peer;
  g_autoptr (GIOStream) stream = kind->create (&peer);
  QmpClient *client = client_new ();
  g_autoptr (GError) error = NULL;

  kind->close (stream);
  g_assert_false (qmp_client_open_stream (client, stream, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&error);
  g_assert_false (test_open_stream (client, stream, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_IDLE);
  close (peer);
  test_client_free (client);
}

/* The number of a stream's descriptor is another file's by now, which is not to be touched. */
static void
test_closed_behind_its_back (gconstpointer data)
{
  const Closed *kind = data;
  int peer, victims[2];
  g_autoptr (GIOStream) stream = kind->create (&peer);
  QmpClient *client = client_new ();
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;
  char byte;

  qmp_client_set_await_greeting (client, FALSE);
  g_assert_true (qmp_client_open_stream (client, stream, NULL, &error));
  kind->close (stream);
  /* The kernel gives the lowest numbers that are free. */
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, victims), ==, 0);
  g_assert_cmpint (write (victims[1], "v", 1), ==, 1);
  value = qmp_client_execute (client, "a", NULL, NULL, &error);
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
  test_assert_error_has (error, "closed the stream");
  g_assert_cmpint (recv (victims[1], &byte, 1, MSG_DONTWAIT), <, 0);
  g_assert_cmpint (recv (victims[0], &byte, 1, MSG_DONTWAIT), ==, 1);
  test_spin_until (qmp_client_get_runstate (client) == QMP_RUNSTATE_IDLE);
  g_assert_true (test_fd_is_open (victims[0]) && test_fd_is_open (victims[1]));
  close (victims[0]);
  close (victims[1]);
  close (peer);
  test_client_free (client);
}

/* --- how much is written in one turn --- */

/* A stream that takes all that it is given, after so much time for each piece. */
typedef struct {
  GOutputStream  parent_instance;
  GByteArray    *written;
  guint          n_writes;
  guint          microseconds;
} Taker;

typedef struct {
  GOutputStreamClass parent_class;
} TakerClass;

static void taker_pollable_init (GPollableOutputStreamInterface *iface);

static GType taker_get_type (void);

G_DEFINE_TYPE_WITH_CODE (Taker, taker, G_TYPE_OUTPUT_STREAM,
                         G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM, taker_pollable_init))

static gboolean
taker_is_writable (GPollableOutputStream *stream)
{
  return TRUE;
}

static gssize
taker_write (GPollableOutputStream  *stream,
             const void             *buffer,
             gsize                   length,
             GError                **error)
{
  Taker *self = (Taker *) stream;
  gint64 end = g_get_monotonic_time () + self->microseconds;

  while (g_get_monotonic_time () < end)
    g_thread_yield ();
  g_byte_array_append (self->written, buffer, length);
  self->n_writes++;
  return length;
}

static void
taker_pollable_init (GPollableOutputStreamInterface *iface)
{
  iface->is_writable = taker_is_writable;
  iface->write_nonblocking = taker_write;
}

static void
taker_finalize (GObject *object)
{
  g_byte_array_unref (((Taker *) object)->written);
  G_OBJECT_CLASS (taker_parent_class)->finalize (object);
}

static void
taker_class_init (TakerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = taker_finalize;
}

static void
taker_init (Taker *self)
{
  self->written = g_byte_array_new ();
}

static QmpClient *
open_taker (Taker *taker,
            int   *peer)
{
  int back[2];
  g_autoptr (GInputStream) input = NULL;
  g_autoptr (GIOStream) stream = NULL;
  QmpClient *client = client_new ();

  g_assert_cmpint (pipe2 (back, O_CLOEXEC), ==, 0);
  *peer = back[1];
  input = g_unix_input_stream_new (back[0], TRUE);
  stream = g_simple_io_stream_new (input, G_OUTPUT_STREAM (taker));
  qmp_client_set_await_greeting (client, FALSE);
  g_assert_true (qmp_client_open_stream (client, stream, NULL, NULL));
  return client;
}

static void
assert_in_order (Taker *taker,
                 guint  n)
{
  const char *text = (char *) taker->written->data;
  const char *end = text + taker->written->len;

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *part = g_strdup_printf ("\"c%u\"", i);

      text = memmem (text, end - text, part, strlen (part));
      g_assert_nonnull (text);
    }
}

static gboolean
count_cb (gpointer user_data)
{
  (*(guint *) user_data)++;
  return G_SOURCE_CONTINUE;
}

/* Everybody else has his turn in between, and all goes out in the end. */
static void
check_turns (guint microseconds,
             guint n_commands,
             gsize most_bytes,
             guint most_writes)
{
  Taker *taker = g_object_new (taker_get_type (), NULL);
  int peer;
  QmpClient *client = open_taker (taker, &peer);
  g_autofree char *filler = g_strnfill (LARGE, 'x');
  guint n_turns = 0;
  guint id = g_idle_add_full (G_PRIORITY_DEFAULT, count_cb, &n_turns, NULL);
  gsize all = 0;
  g_autoptr (GAsyncResult) closed_result = NULL;
  g_autoptr (GError) error = NULL;

  taker->microseconds = microseconds;
  for (guint i = 0; i < n_commands; i++)
    {
      g_autofree char *text = g_strdup_printf ("{\"execute\": \"c%u\", \"arguments\": {\"x\": \"%s\"}}", i, filler);
      g_autoptr (QmpMessage) command = test_message (text);

      qmp_client_execute_message_async (client, command, NULL, NULL, NULL);
      all += LARGE;
    }
  while (taker->written->len < all)
    {
      gsize before = taker->written->len;
      guint writes_before = taker->n_writes;
      guint turns_before = n_turns;

      g_main_context_iteration (NULL, FALSE);
      g_assert_cmpuint (taker->written->len - before, <=, most_bytes);
      g_assert_cmpuint (taker->n_writes - writes_before, <=, most_writes);
      g_assert_cmpuint (n_turns, ==, turns_before + 1);
    }
  g_source_remove (id);
  g_assert_true (qmp_client_close (client, NULL, &error));
  g_assert_no_error (error);
  assert_in_order (taker, n_commands);
  close (peer);
  test_client_free (client);
  g_object_unref (taker);
}

static void
test_turns_by_bytes (void)
{
  check_turns (0, 20, 1024 * 1024 + 4096, G_MAXUINT);
}

static void
test_turns_by_time (void)
{
  check_turns (2000, 1, G_MAXSIZE, 2);
}

/* Closing writes all of it, however many turns that takes. */
static void
test_turns_of_closing (gconstpointer data)
{
  gboolean blocking = GPOINTER_TO_INT (data);
  Taker *taker = g_object_new (taker_get_type (), NULL);
  int peer;
  QmpClient *client = open_taker (taker, &peer);
  g_autoptr (QmpMessage) command = large_command ();
  g_autoptr (GError) error = NULL;

  taker->microseconds = 1000;
  qmp_client_execute_message_async (client, command, NULL, NULL, NULL);
  g_assert_true (blocking ? qmp_client_close (client, NULL, &error) : test_close (client, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (taker->written->len, >, LARGE);
  close (peer);
  test_client_free (client);
  g_object_unref (taker);
}

/* --- a forked child that drops what is its parent's --- */

static void
drop_in_child (QmpClient *client)
{
  pid_t pid = fork ();
  int status;

  if (pid == 0)
    {
      g_object_run_dispose (G_OBJECT (client));
      g_object_unref (client);
      /* Under valgrind, what else the parent has is not the child's to free. */
      execlp ("true", "true", NULL);
      _exit (1);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
}

static void
test_fork_link (gconstpointer data)
{
  g_autoptr (TestResponder) responder = NULL;
  g_autoptr (GIOStream) stream = NULL;
  QmpClient *client = client_new ();
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  responder = test_responder_new_pair (GPOINTER_TO_UINT (data), &stream);
  g_assert_true (qmp_client_open_stream (client, stream, NULL, &error));
  g_clear_object (&stream);
  drop_in_child (client);
  value = qmp_client_execute (client, "a", NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (qmp_client_close (client, NULL, &error));
  test_client_free (client);
}

static void
test_fork_listening (void)
{
  g_autofree char *directory = g_dir_make_tmp ("qmp-streams-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "qmp", NULL);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (qmp_client_listen (client, G_SOCKET_CONNECTABLE (address), NULL, &error));
  g_assert_no_error (error);
  drop_in_child (client);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  g_assert_true (qmp_client_close (client, NULL, &error));
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  test_client_free (client);
  g_rmdir (directory);
}

/* --- */

static void
add_tests (void)
{
  for (Kind kind = 0; kind < N_KINDS; kind++)
    {
      g_autofree char *dead = g_strdup_printf ("/client/streams/dead/blocking/%s", kind_names[kind]);
      g_autofree char *background = g_strdup_printf ("/client/streams/dead/background/%s", kind_names[kind]);
      g_autofree char *full = g_strdup_printf ("/client/streams/full/%s", kind_names[kind]);

      g_test_add_data_func (dead, GUINT_TO_POINTER (kind), test_dead);
      g_test_add_data_func (background, GUINT_TO_POINTER (kind), test_dead_in_background);
      g_test_add_data_func (full, GUINT_TO_POINTER (kind), test_full);
    }
  g_test_add_func ("/client/streams/dead/signal-of-the-program", test_signal_of_the_program);
  g_test_add_data_func ("/client/streams/large/blocking", GINT_TO_POINTER (TRUE), test_large);
  g_test_add_data_func ("/client/streams/large/background", GINT_TO_POINTER (FALSE), test_large);
  for (guint i = 0; i < G_N_ELEMENTS (closed); i++)
    {
      g_autofree char *already = g_strconcat ("/client/streams/closed/already/", closed[i].name, NULL);
      g_autofree char *behind = g_strconcat ("/client/streams/closed/behind-its-back/", closed[i].name, NULL);

      g_test_add_data_func (already, &closed[i], test_closed_already);
      g_test_add_data_func (behind, &closed[i], test_closed_behind_its_back);
    }
  g_test_add_data_func ("/client/streams/fork/socket", GUINT_TO_POINTER (TEST_RESPONDER_UNIX), test_fork_link);
  g_test_add_data_func ("/client/streams/fork/pipes", GUINT_TO_POINTER (TEST_RESPONDER_PIPES), test_fork_link);
  g_test_add_func ("/client/streams/fork/listening", test_fork_listening);
  g_test_add_func ("/client/streams/turns/by-bytes", test_turns_by_bytes);
  g_test_add_func ("/client/streams/turns/by-time", test_turns_by_time);
  g_test_add_data_func ("/client/streams/turns/closing/blocking", GINT_TO_POINTER (TRUE), test_turns_of_closing);
  g_test_add_data_func ("/client/streams/turns/closing/background", GINT_TO_POINTER (FALSE), test_turns_of_closing);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  /* A first GSocket ignores it for the whole program, and so does GLib 2.84's first GSubprocess: after that it is as it
   * was again. */
  g_type_class_unref (g_type_class_ref (G_TYPE_SOCKET));
  g_type_class_unref (g_type_class_ref (G_TYPE_SUBPROCESS));
  signal (SIGPIPE, SIG_DFL);
  add_tests ();
  alarm (TEST_DEADLINE_SECONDS);
  return g_test_run ();
}
