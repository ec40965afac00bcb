/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <gio/gunixfdmessage.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/qmp-relay-private.h"
#include "test-utils.h"
#include "wire/qmp-fd-receive-private.h"
#include "wire/qmp-fd-stream-private.h"

/* Two sockets, of which each is given what the other says. */

typedef struct {
  QmpIoContext *io;
  QmpRelay     *relay;
  int           client;   /* the other ends: whoever is there */
  int           server;
  GString      *seen[2];  /* by side */
  guint         n_fds;
  gboolean      over;
  QmpRelaySide  first;
} Fixture;

static void
seen (gpointer      owner,
      QmpRelaySide  from,
      const guint8 *bytes,
      gsize         length,
      guint         n_fds)
{
  Fixture *self = owner;

  /* Of descriptors it is seen with which byte they came. */
  if (n_fds > 0)
    g_string_append_c (self->seen[from], '#');
  g_string_append_len (self->seen[from], (const char *) bytes, length);
  self->n_fds += n_fds;
}

static void
rests (gpointer owner)
{
  Fixture *self = owner;

  self->over = qmp_relay_is_over (self->relay, &self->first);
  if (self->over)
    g_clear_pointer (&self->relay, qmp_relay_free);
}

static const QmpRelayFuncs funcs = { seen, rests };

static void
set_up (Fixture       *self,
        gconstpointer  data)
{
  g_autoptr(GIOStream) client = test_socketpair (&self->client);
  g_autoptr(GIOStream) server = test_socketpair (&self->server);
  g_autoptr(GError) error = NULL;

  self->io = qmp_io_context_get (g_main_context_default ());
  self->relay = qmp_relay_new (client, server, self->io, &funcs, self, &error);
  g_assert_no_error (error);
  self->seen[0] = g_string_new (NULL);
  self->seen[1] = g_string_new (NULL);
}

static void
hang_up (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

static void
tear_down (Fixture       *self,
           gconstpointer  data)
{
  g_clear_pointer (&self->relay, qmp_relay_free);
  hang_up (&self->client);
  hang_up (&self->server);
  g_string_free (self->seen[0], TRUE);
  g_string_free (self->seen[1], TRUE);
  qmp_io_context_unref (self->io);
}

static void
say (int         fd,
     const char *text)
{
  g_assert_cmpint (send (fd, text, strlen (text), MSG_NOSIGNAL), ==, strlen (text));
}

static void
say_with_fds (int         fd,
              const char *text,
              guint       n_fds)
{
  g_autoptr(GUnixFDList) list = g_unix_fd_list_new ();
  g_autoptr(GSocketControlMessage) message = NULL;
  g_autoptr(GSocket) socket = g_socket_new_from_fd (dup (fd), NULL);
  GOutputVector vector = { text, strlen (text) };

  for (guint i = 0; i < n_fds; i++)
    g_unix_fd_list_append (list, fd, NULL);
  message = g_unix_fd_message_new_with_fd_list (list);
  g_assert_cmpint (g_socket_send_message (socket, NULL, &vector, 1, &message, 1, 0, NULL, NULL), ==, strlen (text));
}

/* What has come to that end, up to length bytes; at least one, or the end. */
static gssize
hear (int     fd,
      char   *buffer,
      gsize   length)
{
  gssize n = -1;

  test_spin_until ((n = recv (fd, buffer, length, MSG_DONTWAIT)) >= 0 || errno != EAGAIN);
  return n;
}

#define assert_hears(fd, text)                                                   \
  G_STMT_START {                                                                 \
    char test_heard[64] = "";                                                    \
    g_assert_cmpint (hear (fd, test_heard, sizeof (test_heard)), ==, strlen (text)); \
    g_assert_cmpstr (test_heard, ==, text);                                      \
  } G_STMT_END

static void
test_both_ways (Fixture       *self,
                gconstpointer  data)
{
  say (self->server, "hello");
  assert_hears (self->client, "hello");
  say (self->client, "{\"a\"");
  assert_hears (self->server, "{\"a\"");
  say (self->client, "\xff \n");
  assert_hears (self->server, "\xff \n");
  g_assert_cmpstr (self->seen[QMP_RELAY_CLIENT]->str, ==, "{\"a\"\xff \n");
  g_assert_cmpstr (self->seen[QMP_RELAY_SERVER]->str, ==, "hello");
  g_assert_false (self->over);
}

/* More than all buffers hold, to somebody who does not read: it waits, and comes whole. */
static void
test_much (Fixture       *self,
           gconstpointer  data)
{
  gsize size = TEST_FEW ? 1024 * 1024 : 8 * 1024 * 1024;
  g_autoptr(GByteArray) said = g_byte_array_sized_new (size);
  g_autoptr(GByteArray) heard = g_byte_array_sized_new (size);
  gsize n_said = 0;

  for (gsize i = 0; i < size; i++)
    g_byte_array_append (said, &(guint8) { g_random_int () }, 1);
  while (heard->len < size)
    {
      gssize n = send (self->client, said->data + n_said, size - n_said, MSG_DONTWAIT | MSG_NOSIGNAL);
      guint8 buffer[65536];

      n_said += MAX (n, 0);
      test_spin_ready ();
      g_assert_cmpuint (n_said - heard->len, <, 2 * 1024 * 1024);
      if (n > 0)
        continue;
      n = recv (self->server, buffer, sizeof (buffer), MSG_DONTWAIT);
      g_byte_array_append (heard, buffer, MAX (n, 0));
    }
  g_assert_cmpmem (heard->data, heard->len, said->data, said->len);
  g_assert_cmpmem (self->seen[QMP_RELAY_CLIENT]->str, self->seen[QMP_RELAY_CLIENT]->len, said->data, said->len);
}

/* With the byte that they came with, whatever was said right before and behind. */
static void
test_descriptors (Fixture       *self,
                  gconstpointer  data)
{
  GString *heard = g_string_new (NULL);
  guint n_fds = test_count_fds ();

  say (self->client, "before ");
  say_with_fds (self->client, "one ", 1);
  say_with_fds (self->client, "two ", 2);
  say (self->client, "behind");
  test_spin_until (self->seen[QMP_RELAY_CLIENT]->len == strlen ("before #one #two behind"));
  g_assert_cmpstr (self->seen[QMP_RELAY_CLIENT]->str, ==, "before #one #two behind");
  g_assert_cmpuint (self->n_fds, ==, 3);
  while (heard->len < strlen ("before one #two ##behind"))
    {
      g_autoptr(GUnixFDList) list = NULL;
      guint8 byte;

      g_assert_cmpint (qmp_fd_receive (self->server, &byte, 1, &list), ==, 1);
      for (int i = 0; list != NULL && i < g_unix_fd_list_get_length (list); i++)
        g_string_append_c (heard, '#');
      g_string_append_c (heard, byte);
    }
  g_assert_cmpstr (heard->str, ==, "before #one ##two behind");
  g_string_free (heard, TRUE);
  test_assert_n_fds (n_fds);
}

/* --- ends --- */

static void
assert_ends (Fixture      *self,
             int           fd,
             QmpRelaySide  first)
{
  char byte;

  g_assert_cmpint (hear (fd, &byte, 1), ==, 0);
  test_spin_until (self->over);
  g_assert_cmpint (self->first, ==, first);
}

static void
test_client_leaves (Fixture       *self,
                    gconstpointer  data)
{
  say (self->client, "last");
  hang_up (&self->client);
  assert_hears (self->server, "last");
  assert_ends (self, self->server, QMP_RELAY_CLIENT);
}

static void
test_server_leaves (Fixture       *self,
                    gconstpointer  data)
{
  say (self->server, "last");
  hang_up (&self->server);
  assert_hears (self->client, "last");
  assert_ends (self, self->client, QMP_RELAY_SERVER);
}

/* Who has said his last may still listen. */
static void
test_half (Fixture       *self,
           gconstpointer  data)
{
  char byte;

  say (self->client, "question");
  shutdown (self->client, SHUT_WR);
  assert_hears (self->server, "question");
  g_assert_cmpint (hear (self->server, &byte, 1), ==, 0);
  g_assert_false (self->over);
  say (self->server, "answer");
  assert_hears (self->client, "answer");
  hang_up (&self->server);
  assert_ends (self, self->client, QMP_RELAY_CLIENT);
}

/* And may leave while nobody says anything. */
static void
test_half_leaves (Fixture       *self,
                  gconstpointer  data)
{
  char byte;

  shutdown (self->client, SHUT_WR);
  g_assert_cmpint (hear (self->server, &byte, 1), ==, 0);
  g_assert_false (self->over);
  hang_up (&self->client);
  assert_ends (self, self->server, QMP_RELAY_CLIENT);
}

/* While so much waits for the server that nothing is read: it is noticed as soon as that is read. */
static void
test_leaves_behind_much (Fixture       *self,
                         gconstpointer  data)
{
  char buffer[65536] = "";
  gsize n_said = 0, n_heard = 0;
  gssize n;

  do
    {
      n = send (self->client, buffer, sizeof (buffer), MSG_DONTWAIT | MSG_NOSIGNAL);
      n_said += MAX (0, n);
      test_spin_ready ();
    }
  while (n > 0);
  hang_up (&self->client);
  test_spin_ready ();
  while ((n = hear (self->server, buffer, sizeof (buffer))) > 0)
    n_heard += n;
  g_assert_cmpuint (n_heard, ==, n_said);
  test_spin_until (self->over);
}

/* What it was told is lost, as without a relay. */
static void
test_deaf (Fixture       *self,
           gconstpointer  data)
{
  hang_up (&self->server);
  say (self->client, "lost");
  test_spin_until (self->over);
  g_assert_cmpint (self->first, ==, QMP_RELAY_SERVER);
}

static void
test_not_sockets (void)
{
  int client_fd, pipe_fds[2];
  g_autoptr(GIOStream) client = test_socketpair (&client_fd);
  g_autoptr(GIOStream) server = NULL;
  g_autoptr(GError) error = NULL;
  QmpIoContext *io = qmp_io_context_get (g_main_context_default ());

  g_assert_true (g_unix_open_pipe (pipe_fds, FD_CLOEXEC, NULL));
  server = qmp_fd_stream_new (pipe_fds[0], pipe_fds[1]);
  g_assert_null (qmp_relay_new (client, server, io, &funcs, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  close (client_fd);
  qmp_io_context_unref (io);
}

#define add(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("/relay/both-ways", test_both_ways);
  add ("/relay/much", test_much);
  add ("/relay/descriptors", test_descriptors);
  add ("/relay/ends/client", test_client_leaves);
  add ("/relay/ends/server", test_server_leaves);
  add ("/relay/ends/half", test_half);
  add ("/relay/ends/half-leaves", test_half_leaves);
  add ("/relay/ends/behind-much", test_leaves_behind_much);
  add ("/relay/ends/deaf", test_deaf);
  g_test_add_func ("/relay/not-sockets", test_not_sockets);

  return g_test_run ();
}
