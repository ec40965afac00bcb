/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-peer.h"

#include <errno.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

typedef struct {
  int   fd;
  gsize start; /* of the bytes that the system call brought which brought the fd */
  gsize end;
} ReceivedFd;

struct _TestPeer {
  TestPeerTransport   transport;
  TestStep           *script;
  GThread            *thread;
  GIOStream          *stream;  /* the client's end of a pair, until it is stolen */
  char               *directory;
  char               *path;
  GSocketConnectable *address;
  GSocketAddress     *target;  /* nullable: connects there, instead of listening */
  GMainContext       *context; /* the test's, to wake it */

  /* the thread's own */
  const TestStep     *step;
  int                 listener; /* -1: none */
  int                 socket;   /* -1: none */
  gboolean            eof;
  gboolean            bytewise;
  gsize               parsed;   /* so much of received is used up */
  gsize               command_start; /* of the command that was read last */
  JsonNode           *command;
  GQueue              ids;      /* of char *, JSON text; commands without an answer */
  gboolean            failed;

  /* shared */
  GMutex              lock;
  GCond               changed;
  GByteArray         *received;
  GArray             *fds;      /* of ReceivedFd */
  guint               n_signals;
  guint               n_told;
};

gboolean
test_peer_fail (TestPeer   *self,
                const char *format,
                ...)
{
  g_autofree char *text = NULL;
  g_autofree char *message = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  message = g_strdup_printf ("peer, step %d: %s", (int) (self->step - self->script), text);
  if (!self->failed)
    test_report_failure (self->step->file, self->step->line, self->step->name, message);
  self->failed = TRUE;
  return FALSE;
}

/* the socket */

static gboolean
peer_poll (TestPeer *self,
           int       fd,
           short     events)
{
  struct pollfd entry = { .fd = fd, .events = events };
  int n;

  do
    n = poll (&entry, 1, TEST_DEADLINE_SECONDS * 1000);
  while (n < 0 && errno == EINTR);

  if (n > 0)
    return TRUE;
  return test_peer_fail (self, "%s", n == 0 ? "nothing happened until the deadline" : g_strerror (errno));
}

static gboolean
peer_accept (TestPeer *self)
{
  if (self->listener < 0)
    return test_peer_fail (self, "a pair has only one connection");
  if (!peer_poll (self, self->listener, POLLIN))
    return FALSE;
  self->socket = accept4 (self->listener, NULL, NULL, SOCK_CLOEXEC);
  return self->socket >= 0 || test_peer_fail (self, "accept: %s", g_strerror (errno));
}

static gboolean
peer_connect_to_target (TestPeer *self)
{
  struct sockaddr_storage native;
  gssize length = g_socket_address_get_native_size (self->target);
  /* Waits while the queue of connections is full. */
  struct timeval deadline = { .tv_sec = TEST_DEADLINE_SECONDS };

  g_assert_true (g_socket_address_to_native (self->target, &native, sizeof (native), NULL));
  self->socket = socket (native.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt (self->socket, SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof (deadline));
  return connect (self->socket, (struct sockaddr *) &native, length) == 0 ||
         test_peer_fail (self, "connect: %s", g_strerror (errno));
}

static gboolean
peer_connect (TestPeer *self)
{
  if (self->socket >= 0)
    return TRUE;
  if (!(self->target != NULL ? peer_connect_to_target (self) : peer_accept (self)))
    return FALSE;
  self->eof = FALSE;
  self->parsed = self->received->len;
  g_queue_clear_full (&self->ids, g_free);
  return TRUE;
}

static void
peer_disconnect (TestPeer *self)
{
  if (self->socket >= 0)
    close (self->socket);
  self->socket = -1;
}

gboolean
test_peer_send (TestPeer   *self,
                const char *bytes,
                gssize      length)
{
  gsize left = length >= 0 ? (gsize) length : strlen (bytes);

  if (!peer_connect (self))
    return FALSE;
  while (left > 0)
    {
      gssize n = send (self->socket, bytes, left, MSG_NOSIGNAL | MSG_DONTWAIT);

      if (n < 0 && errno == EAGAIN)
        {
          if (!peer_poll (self, self->socket, POLLOUT))
            return FALSE;
          continue;
        }
      if (n < 0)
        return test_peer_fail (self, "send: %s", g_strerror (errno));
      bytes += n;
      left -= n;
    }
  return TRUE;
}

static void
peer_take_fds (TestPeer      *self,
               struct msghdr *header,
               gsize          start,
               gsize          end)
{
  for (struct cmsghdr *part = CMSG_FIRSTHDR (header); part != NULL; part = CMSG_NXTHDR (header, part))
    if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_RIGHTS)
      {
        guint n_fds = (part->cmsg_len - CMSG_LEN (0)) / sizeof (int);

        for (guint i = 0; i < n_fds; i++)
          {
            ReceivedFd received = { .start = start, .end = end };

            memcpy (&received.fd, CMSG_DATA (part) + i * sizeof (int), sizeof (int));
            g_array_append_val (self->fds, received);
          }
      }
}

/* One read. Sets eof. FALSE only at the deadline. */
static gboolean
peer_receive (TestPeer *self)
{
  char buffer[65536];
  char control[CMSG_SPACE (32 * sizeof (int))];
  struct iovec vector = { .iov_base = buffer, .iov_len = self->bytewise ? 1 : sizeof (buffer) };
  struct msghdr header = { .msg_iov = &vector, .msg_iovlen = 1,
                           .msg_control = control, .msg_controllen = sizeof (control) };
  gssize n;

  if (!peer_connect (self) || !peer_poll (self, self->socket, POLLIN))
    return FALSE;
  n = recvmsg (self->socket, &header, MSG_CMSG_CLOEXEC);
  if (n <= 0)
    {
      self->eof = TRUE;
      return TRUE;
    }

  g_mutex_lock (&self->lock);
  peer_take_fds (self, &header, self->received->len, self->received->len + n);
  g_byte_array_append (self->received, (guint8 *) buffer, n);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

/* commands */

/* How far a command has been read, so that one that comes byte by byte is not read again and again. */
typedef struct {
  gsize    position;
  guint    depth;
  gboolean in_string;
} CommandScan;

/* Whether the JSON object is whole; scan->position is its end then. */
static gboolean
peer_scan_command (TestPeer    *self,
                   CommandScan *scan)
{
  while (scan->position < self->received->len)
    {
      guint8 byte = self->received->data[scan->position];

      if (scan->in_string && byte == '\\')
        {
          if (scan->position + 1 == self->received->len)
            return FALSE;
          scan->position++;
        }
      else if (byte == '"')
        scan->in_string = !scan->in_string;
      else if (!scan->in_string && (byte == '{' || byte == '['))
        scan->depth++;
      else if (!scan->in_string && (byte == '}' || byte == ']'))
        scan->depth--;
      scan->position++;
      if (scan->depth == 0)
        return TRUE;
    }
  return FALSE;
}

static gsize
peer_skip_space (TestPeer *self,
                 gsize     position)
{
  while (position < self->received->len && g_ascii_isspace (self->received->data[position]))
    position++;
  return position;
}

/* To the first byte of the next command. At the end of the stream: TRUE with eof set. */
static gboolean
peer_find_command (TestPeer *self)
{
  while (TRUE)
    {
      self->command_start = peer_skip_space (self, self->parsed);
      if (self->command_start < self->received->len)
        break;
      if (self->eof)
        return TRUE;
      if (!peer_receive (self))
        return FALSE;
    }
  if (self->received->data[self->command_start] != '{')
    return test_peer_fail (self, "the client sent what is not a command: %.*s",
                           (int) (self->received->len - self->command_start),
                           self->received->data + self->command_start);
  return TRUE;
}

/* One more command into self->command. At the end of the stream: TRUE with command NULL. */
static gboolean
peer_next_command (TestPeer *self)
{
  CommandScan scan = { 0 };
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  JsonNode *id;

  g_clear_pointer (&self->command, json_node_unref);
  if (!peer_find_command (self))
    return FALSE;
  if (self->command_start == self->received->len)
    return TRUE;
  scan.position = self->command_start;
  while (!peer_scan_command (self, &scan))
    {
      if (self->eof)
        return test_peer_fail (self, "the client hung up inside of a command");
      if (!peer_receive (self))
        return FALSE;
    }

  self->parsed = scan.position;
  text = g_strndup ((char *) self->received->data + self->command_start, self->parsed - self->command_start);
  self->command = json_from_string (text, &error);
  if (self->command == NULL)
    return test_peer_fail (self, "the client sent %s: %s", text, error->message);
  id = json_object_get_member (json_node_get_object (self->command), "id");
  g_queue_push_tail (&self->ids, id != NULL ? json_to_string (id, FALSE) : g_strdup ("null"));
  return TRUE;
}

JsonObject *
test_peer_read_command (TestPeer *self)
{
  if (!peer_next_command (self))
    return NULL;
  if (self->command == NULL)
    {
      test_peer_fail (self, "the client hung up");
      return NULL;
    }
  return json_node_get_object (self->command);
}

gint64
test_peer_read_sync (TestPeer *self)
{
  JsonObject *command;

  while ((self->parsed = peer_skip_space (self, self->parsed)) == self->received->len)
    if (!peer_receive (self))
      return 0;
    else if (self->eof)
      return test_peer_fail (self, "the client hung up");
  if (self->received->data[self->parsed] != 0xff)
    return test_peer_fail (self, "the byte 0xFF was expected");
  self->parsed++;
  command = test_peer_read_command (self);
  if (command == NULL)
    return 0;
  g_free (g_queue_pop_tail (&self->ids));
  if (json_object_has_member (command, "id") ||
      !g_str_equal (json_object_get_string_member_with_default (command, "execute", ""), "guest-sync-delimited"))
    return test_peer_fail (self, "a sync was expected");
  return json_object_get_int_member (json_object_get_object_member (command, "arguments"), "id");
}

static const char *
command_get_name (JsonObject *command)
{
  const char *name = json_object_get_string_member_with_default (command, "execute", NULL);

  return name != NULL ? name : json_object_get_string_member_with_default (command, "exec-oob", "");
}

char *
test_peer_pop_id (TestPeer *self)
{
  char *id = g_queue_pop_head (&self->ids);

  if (id == NULL)
    test_peer_fail (self, "no command waits for an answer");
  return id;
}

/* steps */

/* chunk 0: in one piece. */
static gboolean
peer_send_chunks (TestPeer   *self,
                  const char *text,
                  gsize       chunk)
{
  gsize length = strlen (text);

  if (chunk == 0)
    return test_peer_send (self, text, length);
  for (gsize i = 0; i < length; i += chunk)
    if (!test_peer_send (self, text + i, MIN (chunk, length - i)))
      return FALSE;
  return TRUE;
}

static gboolean
peer_expect (TestPeer   *self,
             const char *name)
{
  JsonObject *command = test_peer_read_command (self);

  if (command == NULL)
    return FALSE;
  if (name != NULL && !g_str_equal (command_get_name (command), name))
    return test_peer_fail (self, "expected %s, the client sent %.*s", name,
                           (int) (self->parsed - self->command_start),
                           self->received->data + self->command_start);
  return TRUE;
}

static gboolean
step_expect_many (TestPeer       *self,
                  const TestStep *step)
{
  for (guint i = 0; i < step->number; i++)
    if (!peer_expect (self, step->text))
      return FALSE;
  return TRUE;
}

static gboolean
peer_send_for (TestPeer   *self,
               const char *template,
               gsize       chunk)
{
  g_autofree char *id = test_peer_pop_id (self);
  g_autoptr (GString) text = g_string_new (template);

  if (id == NULL)
    return FALSE;
  g_string_replace (text, "@", id, 0);
  return peer_send_chunks (self, text->str, chunk);
}

static gboolean
step_reply (TestPeer       *self,
            const TestStep *step)
{
  g_autofree char *text = g_strdup_printf ("{\"return\": %s, \"id\": @}\r\n", step->text);

  return peer_send_for (self, text, 0);
}

static gboolean
step_error (TestPeer       *self,
            const TestStep *step)
{
  g_autofree char *text = NULL;

  text = g_strdup_printf ("{\"id\": @, \"error\": {\"class\": \"%s\", \"desc\": \"%s\"}}\r\n",
                          step->text, step->detail);
  return peer_send_for (self, text, 0);
}

static gboolean
step_negotiate (TestPeer       *self,
                const TestStep *step)
{
  return peer_expect (self, "qmp_capabilities") &&
         peer_send_for (self, "{\"return\": {}, \"id\": @}\r\n", 0);
}

static gboolean
step_reset (TestPeer       *self,
            const TestStep *step)
{
  struct linger linger = { .l_onoff = 1, .l_linger = 0 };

  if (!peer_connect (self))
    return FALSE;
  if (self->transport != TEST_PEER_TCP && !peer_poll (self, self->socket, POLLIN))
    return FALSE;
  setsockopt (self->socket, SOL_SOCKET, SO_LINGER, &linger, sizeof (linger));
  peer_disconnect (self);
  return TRUE;
}

static gboolean
step_wait (TestPeer *self)
{
  gint64 end = g_get_monotonic_time () + TEST_DEADLINE_SECONDS * G_TIME_SPAN_SECOND;
  gboolean in_time = TRUE;

  g_mutex_lock (&self->lock);
  while (self->n_signals == 0 && in_time)
    in_time = g_cond_wait_until (&self->changed, &self->lock, end);
  if (in_time)
    self->n_signals--;
  g_mutex_unlock (&self->lock);
  return in_time || test_peer_fail (self, "the test never signalled");
}

static gboolean
step_tell (TestPeer *self)
{
  g_mutex_lock (&self->lock);
  self->n_told++;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  g_main_context_wakeup (self->context);
  return TRUE;
}

/* Those that came with the bytes from start to end. */
static gboolean
step_expect_fd (TestPeer       *self,
                const TestStep *step)
{
  guint n_fds = 0;

  for (guint i = 0; i < self->fds->len; i++)
    {
      ReceivedFd *received = &g_array_index (self->fds, ReceivedFd, i);

      if (received->end <= self->command_start || received->start >= self->parsed)
        continue;
      n_fds++;
      if (self->bytewise && received->start != self->command_start)
        return test_peer_fail (self, "the descriptor came with byte %d of its command",
                               (int) (received->start - self->command_start));
      if (!self->bytewise && received->end != self->parsed)
        return test_peer_fail (self, "the command with the descriptor was merged with %d bytes more",
                               (int) (received->end - self->parsed));
    }
  return n_fds == step->number ||
         test_peer_fail (self, "%u descriptors with the command, expected %u", n_fds, step->number);
}

static gboolean
step_expect_space_fd (TestPeer *self)
{
  guint n_fds = self->fds->len;
  gsize start = self->parsed;
  ReceivedFd *received;

  g_assert (self->bytewise);
  while (self->received->len == start)
    if (!peer_receive (self))
      return FALSE;
    else if (self->eof)
      return test_peer_fail (self, "the client hung up");

  self->parsed = start + 1;
  if (self->received->data[start] != ' ')
    return test_peer_fail (self, "a space expected, '%c' came", self->received->data[start]);
  /* Whatever was there before this byte came belongs to it only if it came with it. */
  if (self->fds->len == n_fds && n_fds == 0)
    return test_peer_fail (self, "the space brought no descriptor");
  received = &g_array_index (self->fds, ReceivedFd, self->fds->len - 1);
  return received->start == start || test_peer_fail (self, "the space brought no descriptor");
}

static gboolean
step_expect_eof (TestPeer *self)
{
  if (self->socket < 0)
    return TRUE;
  if (!peer_next_command (self))
    return FALSE;
  if (self->command != NULL)
    return test_peer_fail (self, "no command was expected, the client sent %.*s",
                           (int) (self->parsed - self->command_start),
                           self->received->data + self->command_start);
  peer_disconnect (self);
  return TRUE;
}

static gboolean
step_drain (TestPeer *self)
{
  while (!self->eof)
    if (!peer_receive (self))
      return FALSE;
  self->parsed = self->received->len;
  peer_disconnect (self);
  return TRUE;
}

static void
echo_append (TestPeer       *self,
             const TestStep *step,
             guint           n,
             GString        *out)
{
  JsonObject *command = json_node_get_object (self->command);
  JsonNode *arguments = json_object_get_member (command, "arguments");
  g_autofree char *arguments_text = arguments != NULL ? json_to_string (arguments, FALSE) : NULL;
  g_autofree char *id = test_peer_pop_id (self);

  for (guint i = 0; i < step->number; i++)
    g_string_append_printf (out, PEER_EVENT_DATA_TEXT ("ECHO", "{\"n\": %u}"), n);
  g_string_append_printf (out, "{\"return\": {\"command\": \"%s\", \"n\": %u, \"arguments\": %s}, \"id\": %s}\r\n",
                          command_get_name (command), n,
                          arguments_text != NULL ? arguments_text : "null", id);
}

static gboolean
step_echo (TestPeer       *self,
           const TestStep *step)
{
  g_autoptr (GString) out = g_string_new (NULL);

  for (guint n = 0; TRUE; n++)
    {
      if (!peer_next_command (self))
        return FALSE;
      if (self->command == NULL)
        break;
      echo_append (self, step, n, out);
      if (step->number2 == 0 || (n + 1) % step->number2 == 0)
        {
          if (!test_peer_send (self, out->str, out->len))
            return FALSE;
          g_string_truncate (out, 0);
        }
    }
  peer_disconnect (self);
  return TRUE;
}

static gboolean
peer_run_step (TestPeer       *self,
               const TestStep *step)
{
  switch (step->kind)
    {
    case TEST_STEP_ACCEPT: return peer_connect (self);
    case TEST_STEP_SEND: return peer_send_chunks (self, step->text, step->number);
    case TEST_STEP_NEGOTIATE: return step_negotiate (self, step);
    case TEST_STEP_EXPECT: return peer_expect (self, step->text);
    case TEST_STEP_EXPECT_MANY: return step_expect_many (self, step);
    case TEST_STEP_REPLY: return step_reply (self, step);
    case TEST_STEP_ERROR: return step_error (self, step);
    case TEST_STEP_SEND_FOR: return peer_send_for (self, step->text, step->number);
    case TEST_STEP_CLOSE: peer_disconnect (self); return TRUE;
    case TEST_STEP_RESET: return step_reset (self, step);
    case TEST_STEP_SHUTDOWN_WRITE: return shutdown (self->socket, SHUT_WR) == 0;
    case TEST_STEP_WAIT: return step_wait (self);
    case TEST_STEP_TELL: return step_tell (self);
    case TEST_STEP_BYTEWISE: self->bytewise = TRUE; return TRUE;
    case TEST_STEP_EXPECT_FD: return step_expect_fd (self, step);
    case TEST_STEP_EXPECT_SPACE_FD: return step_expect_space_fd (self);
    case TEST_STEP_EXPECT_EOF: return step_expect_eof (self);
    case TEST_STEP_DRAIN: return step_drain (self);
    case TEST_STEP_ECHO: return step_echo (self, step);
    case TEST_STEP_CALL: return step->func (self, step->user_data);
    case TEST_STEP_END: return step_expect_eof (self);
    }
  g_return_val_if_reached (FALSE);
}

/* A test must not count on it that what is sent in two steps comes together: `meson test --setup slowpeer` tells. */
static void
peer_pause (void)
{
  const char *pause = g_getenv ("QMP_TEST_PEER_PAUSE");

  if (pause != NULL)
    g_usleep (g_ascii_strtoull (pause, NULL, 10));
}

static gpointer
peer_thread (gpointer user_data)
{
  TestPeer *self = user_data;

  self->step = self->script;
  while (TRUE)
    {
      peer_pause ();
      if (!peer_run_step (self, self->step))
        {
          test_peer_fail (self, "failed");
          if (self->listener >= 0)
            shutdown (self->listener, SHUT_RDWR);
          break;
        }
      if (self->step->kind == TEST_STEP_END)
        break;
      self->step++;
    }
  peer_disconnect (self);
  g_main_context_wakeup (self->context);
  return NULL;
}

/* the test's side */

static void
peer_listen_unix (TestPeer *self)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  self->directory = g_dir_make_tmp ("qmp-peer-XXXXXX", NULL);
  g_assert_nonnull (self->directory);
  self->path = g_build_filename (self->directory, "qmp", NULL);
  g_strlcpy (address.sun_path, self->path, sizeof (address.sun_path));
  self->listener = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (bind (self->listener, (struct sockaddr *) &address, sizeof (address)), ==, 0);
  self->address = G_SOCKET_CONNECTABLE (g_unix_socket_address_new (self->path));
}

static void
peer_listen_tcp (TestPeer *self)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof (address);

  self->listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (bind (self->listener, (struct sockaddr *) &address, length), ==, 0);
  g_assert_cmpint (getsockname (self->listener, (struct sockaddr *) &address, &length), ==, 0);
  self->address = G_SOCKET_CONNECTABLE (g_inet_socket_address_new_from_string ("127.0.0.1",
                                                                               ntohs (address.sin_port)));
}

static TestPeer *
peer_new (TestPeerTransport  transport,
          const TestStep    *script)
{
  TestPeer *self = g_new0 (TestPeer, 1);
  guint n_steps = 0;

  while (script[n_steps++].kind != TEST_STEP_END)
    ;
  self->script = g_memdup2 (script, n_steps * sizeof (TestStep));
  self->transport = transport;
  self->context = g_main_context_ref_thread_default ();
  self->socket = -1;
  self->listener = -1;
  self->received = g_byte_array_new ();
  self->fds = g_array_new (FALSE, FALSE, sizeof (ReceivedFd));
  g_queue_init (&self->ids);
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  return self;
}

TestPeer *
test_peer_start_script (TestPeerTransport  transport,
                        const TestStep    *script)
{
  TestPeer *self = peer_new (transport, script);

  if (transport == TEST_PEER_PAIR)
    self->stream = test_socketpair (&self->socket);
  else if (transport == TEST_PEER_UNIX)
    peer_listen_unix (self);
  else
    peer_listen_tcp (self);
  if (self->listener >= 0)
    g_assert_cmpint (listen (self->listener, 16), ==, 0);

  self->thread = g_thread_new ("peer", peer_thread, self);
  return self;
}

TestPeer *
test_peer_start_connecting_script (GSocketAddress *address,
                                   const TestStep *script)
{
  gboolean is_unix = g_socket_address_get_family (address) == G_SOCKET_FAMILY_UNIX;
  TestPeer *self = peer_new (is_unix ? TEST_PEER_UNIX : TEST_PEER_TCP, script);

  self->target = g_object_ref (address);
  self->thread = g_thread_new ("peer", peer_thread, self);
  return self;
}

void
test_peer_finish (TestPeer *self)
{
  g_clear_object (&self->stream);
  g_thread_join (self->thread);
  test_check_failure ();

  if (self->listener >= 0)
    close (self->listener);
  if (self->path != NULL)
    g_unlink (self->path);
  if (self->directory != NULL)
    g_rmdir (self->directory);
  for (guint i = 0; i < self->fds->len; i++)
    close (g_array_index (self->fds, ReceivedFd, i).fd);
  g_array_unref (self->fds);
  g_byte_array_unref (self->received);
  g_queue_clear_full (&self->ids, g_free);
  g_clear_pointer (&self->command, json_node_unref);
  g_clear_object (&self->address);
  g_clear_object (&self->target);
  g_main_context_unref (self->context);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self->path);
  g_free (self->directory);
  g_free (self->script);
  g_free (self);
}

GIOStream *
test_peer_steal_stream (TestPeer *self)
{
  g_assert_nonnull (self->stream);
  return g_steal_pointer (&self->stream);
}

GSocketConnectable *
test_peer_get_address (TestPeer *self)
{
  g_assert_nonnull (self->address);
  return self->address;
}

const char *
test_peer_get_path (TestPeer *self)
{
  g_assert_nonnull (self->path);
  return self->path;
}

void
test_peer_signal (TestPeer *self)
{
  g_mutex_lock (&self->lock);
  self->n_signals++;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

guint
test_peer_get_told (TestPeer *self)
{
  guint n_told;

  g_mutex_lock (&self->lock);
  n_told = self->n_told;
  g_mutex_unlock (&self->lock);
  return n_told;
}

void
test_peer_wait_told (TestPeer *self,
                     guint     told)
{
  gint64 end = g_get_monotonic_time () + TEST_DEADLINE_SECONDS * G_TIME_SPAN_SECOND;
  gboolean in_time = TRUE;

  g_mutex_lock (&self->lock);
  while (self->n_told < told && in_time)
    in_time = g_cond_wait_until (&self->changed, &self->lock, end);
  g_mutex_unlock (&self->lock);
  test_check_failure ();
  g_assert_true (in_time);
}

GBytes *
test_peer_dup_received (TestPeer *self)
{
  GBytes *bytes;

  g_mutex_lock (&self->lock);
  bytes = g_bytes_new (self->received->data, self->received->len);
  g_mutex_unlock (&self->lock);
  return bytes;
}

char *
test_peer_dup_text (TestPeer *self)
{
  g_autoptr (GBytes) bytes = test_peer_dup_received (self);

  return g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

guint
test_peer_get_n_fds (TestPeer *self)
{
  guint n_fds;

  g_mutex_lock (&self->lock);
  n_fds = self->fds->len;
  g_mutex_unlock (&self->lock);
  return n_fds;
}

int
test_peer_get_fd (TestPeer *self,
                  guint     index)
{
  int fd = -1;

  g_mutex_lock (&self->lock);
  if (index < self->fds->len)
    fd = g_array_index (self->fds, ReceivedFd, index).fd;
  g_mutex_unlock (&self->lock);
  return fd;
}

QmpClient *
test_peer_open (TestPeer *self)
{
  QmpClient *client = qmp_client_new (NULL);
  g_autoptr (GError) error = NULL;
  gboolean opened;

  if (self->transport == TEST_PEER_PAIR)
    {
      g_autoptr (GIOStream) stream = test_peer_steal_stream (self);

      opened = test_open_stream (client, stream, &error);
    }
  else
    {
      opened = test_open (client, self->address, &error);
    }
  test_check_failure ();
  g_assert_no_error (error);
  g_assert_true (opened);
  g_assert_cmpint (qmp_client_get_runstate (client), ==, QMP_RUNSTATE_RUNNING);
  return client;
}

void
test_peer_close (TestPeer  *self,
                 QmpClient *client)
{
  g_autoptr (GError) error = NULL;

  if (qmp_client_get_runstate (client) != QMP_RUNSTATE_IDLE)
    g_assert_true (test_close (client, &error));
  g_assert_no_error (error);
  test_client_free (client);
  test_peer_finish (self);
}
