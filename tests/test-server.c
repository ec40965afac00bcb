/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-server.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* The server's end of the monitor, in the server. */
#define SERVER_FD 3
#define SERVER_FD_TEXT "3"
/* Held open by the server as long as it lives. */
#define LIFE_FD 4
/* The second monitor's. */
#define SECOND_FD 5
#define SECOND_FD_TEXT "5"
/* The last monitor's, which says that all of them are served. */
#define READY_FD 6
#define READY_TEXT "socket,id=ready,fd=6"

struct _TestServer {
  TestServerKind      kind;
  QmpMock            *mock;  /* nullable: then there is no process */
  char               *directory;
  char               *path;
  char               *second_path;
  char               *stderr_path;
  GSocketConnectable *address;
  GSocketConnectable *second_address;
  GIOStream          *stream;
  pid_t               pid;
  int                 life; /* reads the end of the stream when the process has ended */
  gboolean            reaped;
  int                 status;
};

/* The listening socket, for the server to inherit. Not blocking: two threads of QEMU's watch it while the
 * monitor moves to its own, and the one that comes second would sleep in accept() for ever. */
static int
server_listen (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int listener = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  g_strlcpy (address.sun_path, path, sizeof (address.sun_path));
  g_assert_cmpint (bind (listener, (struct sockaddr *) &address, sizeof (address)), ==, 0);
  /* As many as QEMU itself lets wait. */
  g_assert_cmpint (listen (listener, 1), ==, 0);
  return listener;
}

static char **
server_dup_arguments (TestServer *self)
{
  static const char qemu[] =
    "qemu-system-x86_64 -machine none -nodefaults -display none -S -chardev ";
  static const char machine[] =
    "qemu-system-x86_64 -machine pc -accel tcg -m 16 -nodefaults -display none -vga std"
    " -device qemu-xhci,id=usb -chardev ";
  static const char second[] =
    " -chardev socket,id=s,fd=" SECOND_FD_TEXT ",server=on,wait=off -mon chardev=s,mode=control";
  static const char daemon[] = "qemu-storage-daemon --chardev ";
  static const char listening[] = "socket,id=m,fd=" SERVER_FD_TEXT ",server=on,wait=off";
  static const char ready[] = " -chardev " READY_TEXT " -mon chardev=ready,mode=control";
  const char *mode = NULL;
  g_autofree char *line = NULL;
  char **arguments = NULL;

  switch (self->kind)
    {
    case TEST_SERVER_QEMU:
      line = g_strconcat (qemu, listening, " -mon chardev=m,mode=control", ready, NULL);
      break;
    case TEST_SERVER_QEMU_PRETTY:
      line = g_strconcat (qemu, listening, " -mon chardev=m,mode=control,pretty=on", ready, NULL);
      break;
    case TEST_SERVER_QEMU_MACHINE:
      line = g_strconcat (machine, listening, " -mon chardev=m,mode=control", second, ready, NULL);
      break;
    case TEST_SERVER_QEMU_PAIR:
      line = g_strconcat (qemu, "socket,id=m,fd=" SERVER_FD_TEXT " -mon chardev=m,mode=control", NULL);
      break;
    case TEST_SERVER_QEMU_CONNECTING:
      line = g_strdup_printf ("%ssocket,id=m,path=%s,reconnect=1 -mon chardev=m,mode=control", qemu, self->path);
      break;
    case TEST_SERVER_STORAGE_DAEMON:
    case TEST_SERVER_STORAGE_DAEMON_PRETTY:
      mode = self->kind == TEST_SERVER_STORAGE_DAEMON_PRETTY ? ",pretty=on" : "";
      line = g_strconcat (daemon, listening, " --monitor chardev=m", mode,
                          " --chardev " READY_TEXT " --monitor chardev=ready", NULL);
      break;
    case TEST_SERVER_MOCK:
      g_assert_not_reached ();
    case TEST_SERVER_GUEST_AGENT:
      /* Socket activation: the environment must name the process itself. */
      line = g_strdup_printf ("sh -c 'PATH=$PATH:/usr/sbin:/sbin LISTEN_PID=$$ LISTEN_FDS=1 "
                              "exec qemu-ga -m unix-listen -p %s -t %s'", self->path, self->directory);
      break;
    }
  g_assert_true (g_shell_parse_argv (line, NULL, &arguments, NULL));
  return arguments;
}

static void
die_with_the_test_cb (gpointer user_data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (getppid () != GPOINTER_TO_INT (user_data))
    _exit (1);
}

static gboolean
server_has_ready (TestServer *self)
{
  return self->kind != TEST_SERVER_QEMU_PAIR && self->kind != TEST_SERVER_QEMU_CONNECTING &&
         self->kind != TEST_SERVER_GUEST_AGENT;
}

/* Waits for a text, or the end, which the test will see. */
static void
server_await_text (int         fd,
                   const char *text)
{
  g_autoptr (GString) seen = g_string_new (NULL);
  struct pollfd entry = { .fd = fd, .events = POLLIN };
  char bytes[512];
  gssize length;
  int n;

  do
    {
      do
        n = poll (&entry, 1, TEST_DEADLINE_SECONDS * 1000);
      while (n < 0 && errno == EINTR);
      g_assert_cmpint (n, ==, 1);
      length = recv (fd, bytes, sizeof (bytes), MSG_DONTWAIT);
      g_string_append_len (seen, bytes, MAX (length, 0));
    }
  while (length > 0 && strstr (seen->str, text) == NULL);
}

/* QEMU's monitors move to a thread of their own, and a client whose connection was accepted before may lose bytes: two
 * threads read it (QEMU 7.2, one time in hundreds on a busy machine). When the last one answers a command all have moved.
 * Its greeting does not say so: the thread takes those that are to move at once from behind. */
void
test_server_await_ready (int fd)
{
  static const char command[] = "{\"execute\": \"qmp_capabilities\"}";

  server_await_text (fd, "QMP");
  /* It may have ended. */
  if (send (fd, command, strlen (command), MSG_NOSIGNAL) > 0)
    server_await_text (fd, "return");
}

static void
server_start (TestServer *self)
{
  g_auto (GStrv) arguments = server_dup_arguments (self);
  g_autoptr (GError) error = NULL;
  int targets[] = { SERVER_FD, LIFE_FD, SECOND_FD, READY_FD };
  int sources[4];
  int life[2];
  g_autoptr (GIOStream) ready = test_socketpair (&sources[3]);
  int stderr_fd = open (self->stderr_path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  GPid pid;

  if (self->kind == TEST_SERVER_QEMU_PAIR)
    self->stream = test_socketpair (&sources[0]);
  else if (self->kind == TEST_SERVER_QEMU_CONNECTING)
    /* It inherits nothing. */
    sources[0] = open ("/dev/null", O_RDWR | O_CLOEXEC);
  else
    sources[0] = server_listen (self->path);
  /* Few have a second monitor. */
  if (self->kind == TEST_SERVER_QEMU_MACHINE)
    sources[2] = server_listen (self->second_path);
  else
    sources[2] = open ("/dev/null", O_RDWR | O_CLOEXEC);
  g_assert_cmpint (pipe2 (life, O_CLOEXEC), ==, 0);
  self->life = life[0];
  sources[1] = life[1];

  g_spawn_async_with_pipes_and_fds (NULL, (const char * const *) arguments, NULL,
                                    G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD,
                                    die_with_the_test_cb, GINT_TO_POINTER (getpid ()),
                                    -1, stderr_fd, stderr_fd, sources, targets, G_N_ELEMENTS (sources),
                                    &pid, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  self->pid = pid;
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    close (sources[i]);
  close (stderr_fd);
  if (server_has_ready (self))
    test_server_await_ready (g_socket_get_fd (g_socket_connection_get_socket (G_SOCKET_CONNECTION (ready))));
}

static void
server_start_mock (TestServer *self)
{
  g_autoptr (GError) error = NULL;

  self->mock = qmp_mock_new (QMP_MOCK_PRESET_MACHINE);
  if (qmp_mock_listen (self->mock, self->address, &error))
    qmp_mock_listen (self->mock, self->second_address, &error);
  g_assert_no_error (error);
}

/* path: nullable, where to connect to. */
static TestServer *
server_new (TestServerKind  kind,
            const char     *path)
{
  TestServer *self = g_new0 (TestServer, 1);
  g_autoptr (GError) error = NULL;

  self->kind = kind;
  self->directory = g_dir_make_tmp ("qmp-server-XXXXXX", &error);
  g_assert_no_error (error);
  self->path = path != NULL ? g_strdup (path) : g_build_filename (self->directory, "qmp", NULL);
  self->second_path = g_build_filename (self->directory, "second", NULL);
  self->stderr_path = g_build_filename (self->directory, "stderr", NULL);
  self->address = G_SOCKET_CONNECTABLE (g_unix_socket_address_new (self->path));
  self->second_address = G_SOCKET_CONNECTABLE (g_unix_socket_address_new (self->second_path));
  if (kind == TEST_SERVER_MOCK)
    server_start_mock (self);
  else
    server_start (self);
  return self;
}

TestServer *
test_server_new (TestServerKind kind)
{
  return server_new (kind, NULL);
}

TestServer *
test_server_new_connecting (const char *path)
{
  return server_new (TEST_SERVER_QEMU_CONNECTING, path);
}

/* Waits with a deadline: the kernel closes the server's end of the pipe. */
int
test_server_wait (TestServer *self)
{
  struct pollfd entry = { .fd = self->life, .events = POLLIN };
  g_autofree char *output = NULL;
  int n;

  if (self->mock != NULL)
    test_spin_until (qmp_mock_get_ended (self->mock));
  if (self->reaped || self->mock != NULL)
    return self->status;
  do
    n = poll (&entry, 1, TEST_DEADLINE_SECONDS * 1000);
  while (n < 0 && errno == EINTR);
  if (n != 1)
    {
      output = test_server_dup_stderr (self);
      g_error ("The server does not end: %s", output);
    }
  g_assert_cmpint (waitpid (self->pid, &self->status, 0), ==, self->pid);
  self->reaped = TRUE;
  return self->status;
}

void
test_server_kill (TestServer *self)
{
  if (self->mock != NULL)
    qmp_mock_close (self->mock);
  else if (!self->reaped)
    kill (self->pid, SIGKILL);
}

static void
remove_directory (const char *path)
{
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *file = g_build_filename (path, name, NULL);

      g_unlink (file);
    }
  g_rmdir (path);
}

void
test_server_free (TestServer *self)
{
  test_server_kill (self);
  test_server_wait (self);
  if (self->mock == NULL)
    close (self->life);
  g_clear_object (&self->mock);
  remove_directory (self->directory);
  g_clear_object (&self->address);
  g_clear_object (&self->second_address);
  g_clear_object (&self->stream);
  g_free (self->directory);
  g_free (self->path);
  g_free (self->second_path);
  g_free (self->stderr_path);
  g_free (self);
}

GSocketConnectable *
test_server_get_address (TestServer *self)
{
  return self->address;
}

GSocketConnectable *
test_server_get_second_address (TestServer *self)
{
  return self->second_address;
}

GIOStream *
test_server_steal_stream (TestServer *self)
{
  g_assert_nonnull (self->stream);
  return g_steal_pointer (&self->stream);
}

QmpMock *
test_server_get_mock (TestServer *self)
{
  return self->mock;
}

pid_t
test_server_get_pid (TestServer *self)
{
  return self->pid;
}

const char *
test_server_get_directory (TestServer *self)
{
  return self->directory;
}

char *
test_server_dup_stderr (TestServer *self)
{
  char *text = NULL;

  if (!g_file_get_contents (self->stderr_path, &text, NULL, NULL))
    return g_strdup ("");
  return text;
}

QmpClient *
test_server_open (TestServer *self)
{
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (GError) error = NULL;

  if (self->kind == TEST_SERVER_GUEST_AGENT)
    {
      qmp_client_set_negotiate (client, FALSE);
      qmp_client_set_await_greeting (client, FALSE);
    }
  if (self->kind == TEST_SERVER_QEMU_PAIR)
    {
      g_autoptr (GIOStream) stream = test_server_steal_stream (self);

      test_open_stream (client, stream, &error);
    }
  else
    {
      test_open (client, self->address, &error);
    }
  if (error != NULL)
    {
      g_autofree char *output = test_server_dup_stderr (self);

      g_test_message ("server: %s", output);
    }
  g_assert_no_error (error);
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_RUNNING);
  return client;
}

void
test_server_close (TestServer *self,
                   QmpClient  *client)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (test_close (client, &error));
  g_assert_no_error (error);
  test_client_free (client);
  test_server_free (self);
}
