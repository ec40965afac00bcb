/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-responder.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <gio/gunixsocketaddress.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_FDS 8

#define GREETING(capabilities) \
  "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7}, \"package\": \"\"}, " \
  "\"capabilities\": [" capabilities "]}}\r\n"

#define EVENT_TEXT \
  "{\"timestamp\": {\"seconds\": 1700000000, \"microseconds\": 250000}, \"event\": \"STOP\"}\r\n"

#define SCHEMA \
  "[{\"name\": \"stop\", \"meta-type\": \"command\", \"arg-type\": \"0\", \"ret-type\": \"0\"}, " \
  "{\"name\": \"STOP\", \"meta-type\": \"event\", \"arg-type\": \"0\"}, " \
  "{\"name\": \"0\", \"meta-type\": \"object\", \"members\": []}]"

struct _TestResponder {
  TestResponderFlags  flags;
  GThread            *thread;
  char               *directory;
  char               *path;
  GSocketConnectable *address;
  GSocketAddress     *target;    /* nullable: connects there, once */
  int                 listener;  /* -1: none */
  int                 pair;      /* -1: none */
  int                 pipe;      /* -1: none; the other one, to be written to */

  /* the thread's own */
  int                 socket;
  gboolean            left;
  GString            *input;

  /* atomic */
  guint               n_commands;
  guint               n_fds;
};

/* --- sending --- */

static void
say_bytes (TestResponder *self,
           const char    *bytes,
           gsize          length)
{
  gsize step = self->flags & TEST_RESPONDER_SLOW ? 1 : length;

  while (length > 0)
    {
      gssize n = self->pipe >= 0 ? write (self->pipe, bytes, MIN (step, length))
                                 : send (self->socket, bytes, MIN (step, length), MSG_NOSIGNAL);

      if (n < 0 && errno != EINTR)
        return;
      bytes += MAX (n, 0);
      length -= MAX (n, 0);
    }
}

static void
say (TestResponder *self,
     const char    *text)
{
  say_bytes (self, text, strlen (text));
}

static void
reply (TestResponder *self,
       JsonObject    *command,
       const char    *value)
{
  JsonNode *id = json_object_get_member (command, "id");
  g_autofree char *id_text = id != NULL ? json_to_string (id, FALSE) : NULL;
  g_autofree char *text = id != NULL ? g_strdup_printf ("{\"return\": %s, \"id\": %s}\r\n", value, id_text)
                                     : g_strdup_printf ("{\"return\": %s}\r\n", value);

  say (self, text);
}

static void
reply_to_sync (TestResponder *self,
               JsonObject    *command)
{
  JsonObject *arguments = json_object_get_object_member (command, "arguments");
  g_autofree char *text = g_strdup_printf ("\xff{\"return\": %" G_GINT64_FORMAT "}\n",
                                           json_object_get_int_member (arguments, "id"));

  say (self, text);
}

static void
leave (TestResponder *self)
{
  self->left = TRUE;
  if (self->pipe < 0)
    shutdown (self->socket, SHUT_RDWR);
}

static void
answer (TestResponder *self,
        JsonObject    *command)
{
  const char *name = json_object_get_string_member_with_default (command, "execute", "");

  g_atomic_int_inc (&self->n_commands);
  if (g_str_equal (name, "hang"))
    return;
  if (g_str_equal (name, "leave"))
    {
      leave (self);
      return;
    }
  if (g_str_equal (name, "guest-sync-delimited"))
    {
      reply_to_sync (self, command);
      return;
    }
  if (g_str_equal (name, "stop"))
    say (self, EVENT_TEXT);
  if (g_str_equal (name, "junk"))
    say (self, "}}\r\n");
  reply (self, command, g_str_equal (name, "query-qmp-schema") ? SCHEMA : "{}");
}

/* --- receiving --- */

/* Where the first object ends, 0 if it is not there yet. No command here has braces in a string. */
static gsize
find_end (GString *input)
{
  guint depth = 0;

  for (gsize i = 0; i < input->len; i++)
    {
      depth += input->str[i] == '{';
      if (input->str[i] == '}' && --depth == 0)
        return i + 1;
    }
  return 0;
}

static void
answer_all (TestResponder *self)
{
  gsize end;

  while ((end = find_end (self->input)) > 0)
    {
      /* An agent's client says 0xFF before it. */
      const char *start = strchr (self->input->str, '{');
      g_autofree char *text = g_strndup (start, self->input->str + end - start);
      g_autoptr (JsonNode) command = json_from_string (text, NULL);

      if (command == NULL)
        g_error ("The client sent %s", text);
      g_string_erase (self->input, 0, end);
      answer (self, json_node_get_object (command));
    }
}

static void
take_fds (TestResponder *self,
          struct msghdr *message)
{
  for (struct cmsghdr *part = CMSG_FIRSTHDR (message); part != NULL; part = CMSG_NXTHDR (message, part))
    for (guint i = 0; i < (part->cmsg_len - CMSG_LEN (0)) / sizeof (int); i++)
      {
        int fd;

        memcpy (&fd, CMSG_DATA (part) + i * sizeof (int), sizeof (int));
        close (fd);
        g_atomic_int_inc (&self->n_fds);
      }
}

/* FALSE when the client has gone, in whatever way. */
static gboolean
receive (TestResponder *self)
{
  char buffer[65536];
  union { char bytes[CMSG_SPACE (MAX_FDS * sizeof (int))]; struct cmsghdr align; } control;
  struct iovec vector = { buffer, sizeof (buffer) };
  struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1,
                            .msg_control = control.bytes, .msg_controllen = sizeof (control) };
  gssize n;

  if (self->left)
    return FALSE;
  do
    n = self->pipe >= 0 ? read (self->socket, buffer, sizeof (buffer))
                        : recvmsg (self->socket, &message, MSG_CMSG_CLOEXEC);
  while (n < 0 && errno == EINTR);
  if (n <= 0)
    return FALSE;

  if (self->pipe < 0)
    take_fds (self, &message);
  g_string_append_len (self->input, buffer, n);
  return TRUE;
}

/* Takes fd. */
static void
serve (TestResponder *self,
       int            fd)
{
  self->socket = fd;
  self->left = FALSE;
  /* Each piece at once; does nothing to Unix sockets. */
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &(int) { 1 }, sizeof (int));
  g_string_truncate (self->input, 0);
  if (!(self->flags & TEST_RESPONDER_MUTE))
    say (self, self->flags & TEST_RESPONDER_OOB ? GREETING ("\"oob\"") : GREETING (""));
  while (receive (self))
    if (!(self->flags & TEST_RESPONDER_SINK))
      answer_all (self);
  close (fd);
  if (self->pipe >= 0)
    close (self->pipe);
}

/* -1: the client listens no more. */
static int
connect_to_target (TestResponder *self)
{
  struct sockaddr_storage native;
  int fd;

  g_assert_true (g_socket_address_to_native (self->target, &native, sizeof (native), NULL));
  fd = socket (native.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect (fd, (struct sockaddr *) &native, g_socket_address_get_native_size (self->target)) == 0)
    return fd;
  close (fd);
  return -1;
}

/* Its own pipes are to raise none; the client's thread is left as it is. */
static void
block_sigpipe (void)
{
  sigset_t sigpipe;

  sigemptyset (&sigpipe);
  sigaddset (&sigpipe, SIGPIPE);
  pthread_sigmask (SIG_BLOCK, &sigpipe, NULL);
}

static gpointer
responder_thread (gpointer user_data)
{
  TestResponder *self = user_data;
  int fd = self->target != NULL ? connect_to_target (self) : self->pair;

  block_sigpipe ();
  if (fd >= 0)
    serve (self, fd);
  else if (self->listener >= 0)
    while ((fd = accept4 (self->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0 || errno == EINTR || errno == ECONNABORTED)
      if (fd >= 0)
        serve (self, fd);
  return NULL;
}

/* --- the test's side --- */

static TestResponder *
responder_new (TestResponderFlags flags)
{
  TestResponder *self = g_new0 (TestResponder, 1);

  self->flags = flags;
  self->listener = -1;
  self->pair = -1;
  self->pipe = -1;
  self->input = g_string_new (NULL);
  return self;
}

static void
start (TestResponder *self)
{
  self->thread = g_thread_new ("responder", responder_thread, self);
}

static GSocketAddress *
make_address (TestResponder *self)
{
  if (self->flags & TEST_RESPONDER_TCP)
    return g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  self->directory = g_dir_make_tmp ("qmp-responder-XXXXXX", NULL);
  self->path = g_build_filename (self->directory, "qmp", NULL);
  return g_unix_socket_address_new (self->path);
}

TestResponder *
test_responder_new (TestResponderFlags flags)
{
  TestResponder *self = responder_new (flags);
  g_autoptr (GSocketAddress) address = make_address (self);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM,
                                             G_SOCKET_PROTOCOL_DEFAULT, &error);

  g_assert_no_error (error);
  g_socket_bind (socket, address, TRUE, &error);
  g_assert_no_error (error);
  g_socket_listen (socket, &error);
  g_assert_no_error (error);
  self->address = G_SOCKET_CONNECTABLE (g_socket_get_local_address (socket, &error));
  g_assert_no_error (error);
  /* A blocking one of its own. */
  self->listener = dup (g_socket_get_fd (socket));
  g_assert_true (g_unix_set_fd_nonblocking (self->listener, FALSE, NULL));
  start (self);
  return self;
}

TestResponder *
test_responder_new_connecting (GSocketAddress *address)
{
  TestResponder *self = responder_new (TEST_RESPONDER_UNIX);

  self->target = g_object_ref (address);
  start (self);
  return self;
}

static GIOStream *
make_pipes (TestResponder *self)
{
  int there[2], back[2];
  g_autoptr (GInputStream) input = NULL;
  g_autoptr (GOutputStream) output = NULL;

  g_assert_cmpint (pipe2 (there, O_CLOEXEC), ==, 0);
  g_assert_cmpint (pipe2 (back, O_CLOEXEC), ==, 0);
  self->pair = there[0];
  self->pipe = back[1];
  input = g_unix_input_stream_new (back[0], TRUE);
  output = g_unix_output_stream_new (there[1], TRUE);
  return g_simple_io_stream_new (input, output);
}

TestResponder *
test_responder_new_pair (TestResponderFlags   flags,
                         GIOStream          **stream)
{
  TestResponder *self = responder_new (flags);

  *stream = flags & TEST_RESPONDER_PIPES ? make_pipes (self) : test_socketpair (&self->pair);
  start (self);
  return self;
}

void
test_responder_stop (TestResponder *self)
{
  if (self->listener >= 0)
    shutdown (self->listener, SHUT_RDWR);
  g_thread_join (g_steal_pointer (&self->thread));
}

void
test_responder_free (TestResponder *self)
{
  if (self->thread != NULL)
    test_responder_stop (self);
  if (self->listener >= 0)
    close (self->listener);
  if (self->path != NULL)
    g_unlink (self->path);
  if (self->directory != NULL)
    g_rmdir (self->directory);
  g_clear_object (&self->address);
  g_clear_object (&self->target);
  g_string_free (self->input, TRUE);
  g_free (self->path);
  g_free (self->directory);
  g_free (self);
}

GSocketConnectable *
test_responder_get_address (TestResponder *self)
{
  return self->address;
}

const char *
test_responder_get_path (TestResponder *self)
{
  return self->path;
}

guint
test_responder_get_n_commands (TestResponder *self)
{
  return g_atomic_int_get (&self->n_commands);
}

guint
test_responder_get_n_fds (TestResponder *self)
{
  return g_atomic_int_get (&self->n_fds);
}
