/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test-utils.h"
#include "wire/qmp-fd-stream-private.h"

/* As much of a text as the log shows. */
#define SHOWN 24

/* --- the owner --- */

static void
note (TestWire   *self,
      const char *word,
      const char *text,
      gsize       length)
{
  if (self->log->len > 0)
    g_string_append_c (self->log, ' ');
  g_string_append (self->log, word);
  if (text == NULL)
    return;

  g_string_append_c (self->log, '(');
  for (gsize i = 0; i < MIN (length, SHOWN) && text[i] != '\n'; i++)
    g_string_append_c (self->log, text[i]);
  g_string_append_c (self->log, ')');
}

static void
begins_cb (gpointer owner)
{
  TestWire *self = owner;

  self->begun = TRUE;
}

static void
received_cb (gpointer             owner,
             QmpJsonReader       *reader,
             QmpJsonReaderResult  kind,
             QmpJsonFrame        *frame)
{
  TestWire *self = owner;

  g_assert_true (self->begun);
  g_assert_false (self->over);
  g_assert_true (kind == QMP_JSON_READER_TEXT || kind == QMP_JSON_READER_JUNK);
  note (self, kind == QMP_JSON_READER_JUNK ? "junk" : frame->fault != NULL ? "fault" : "text", frame->text, frame->length);
  if (self->received != NULL)
    self->received (self, reader, frame);
}

static void
sent_cb (gpointer   owner,
         QmpPacket *packet)
{
  TestWire *self = owner;

  g_assert_true (self->begun);
  g_assert_true (packet->begun);
  note (self, "sent", packet->text, packet->length);
}

static void
ended_cb (gpointer      owner,
          const GError *cause)
{
  TestWire *self = owner;
  g_autofree char *word = test_error_word (cause);

  g_assert_false (self->over);
  self->over = TRUE;
  note (self, "ended", word, strlen (word));
}

static void
after_dispatch_cb (gpointer owner)
{
  TestWire *self = owner;

  self->begun = FALSE;
  if (self->log->len == 0 || self->log->str[self->log->len - 1] != '|')
    note (self, "|", NULL, 0);
  if (self->after_dispatch != NULL)
    self->after_dispatch (self);
}

static gboolean
wants_more_cb (gpointer owner)
{
  return ((TestWire *) owner)->wants_more;
}

static const QmpTransportFuncs owner_funcs = {
  .received = received_cb,
  .ended = ended_cb,
  .after_dispatch = after_dispatch_cb,
  .sent = sent_cb,
  .begins = begins_cb,
  .wants_more = wants_more_cb,
};

/* --- beginning and end --- */

TestWire *
test_wire_new_for_stream (GIOStream *stream,
                          int        peer_fd)
{
  TestWire *self = g_new0 (TestWire, 1);
  g_autoptr(GError) error = NULL;

  self->context = g_main_context_new ();
  self->io = qmp_io_context_get (self->context);
  self->peer_fd = peer_fd;
  self->log = g_string_new (NULL);
  self->wants_more = TRUE;
  self->transport = qmp_transport_new (stream, TEST_WIRE_MAX_SIZE, TEST_WIRE_MAX_DEPTH, &owner_funcs, self, &error);
  g_assert_no_error (error);
  g_object_unref (stream);
  qmp_transport_attach (self->transport, self->io);
  return self;
}

TestWire *
test_wire_new (int type)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GSocket) socket = NULL;
  int fds[2];

  g_assert_no_errno (socketpair (AF_UNIX, type | SOCK_CLOEXEC, 0, fds));
  socket = g_socket_new_from_fd (fds[0], &error);
  g_assert_no_error (error);
  return test_wire_new_for_stream (G_IO_STREAM (g_socket_connection_factory_create_connection (socket)), fds[1]);
}

void
test_wire_close (TestWire *self)
{
  g_clear_pointer (&self->transport, qmp_transport_close);
}

TestWire *
test_wire_new_over_pipes (int *peer_out)
{
  int in[2], out[2];

  g_assert_no_errno (pipe (in));
  g_assert_no_errno (pipe (out));
  *peer_out = out[0];
  return test_wire_new_for_stream (qmp_fd_stream_new (in[0], out[1]), in[1]);
}

void
test_wire_free (TestWire *self)
{
  test_wire_close (self);
  test_wire_hang_up (self);
  qmp_io_context_unref (self->io);
  g_main_context_unref (self->context);
  g_string_free (self->log, TRUE);
  g_free (self);
}

/* --- the other end --- */

void
test_wire_say (TestWire   *self,
               const char *text)
{
  g_assert_cmpint (write (self->peer_fd, text, strlen (text)), ==, strlen (text));
}

char *
test_wire_hear (TestWire *self)
{
  GString *heard = g_string_new (NULL);
  char buffer[65536];
  int type = SOCK_STREAM;
  socklen_t size = sizeof (type);
  gssize n;

  getsockopt (self->peer_fd, SOL_SOCKET, SO_TYPE, &type, &size);
  do
    {
      n = recv (self->peer_fd, buffer, sizeof (buffer), MSG_DONTWAIT);
      if (n > 0)
        g_string_append_len (heard, buffer, n);
    }
  while (n > 0 && type == SOCK_STREAM);
  return g_string_free (heard, FALSE);
}

void
test_wire_hang_up (TestWire *self)
{
  if (self->peer_fd >= 0)
    close (self->peer_fd);
  self->peer_fd = -1;
}

gboolean
test_wire_turn (TestWire *self)
{
  self->begun = FALSE;
  return g_main_context_iteration (self->context, FALSE);
}

/* --- packets --- */

QmpPacket *
test_packet (const char *text)
{
  return qmp_packet_new (text, strlen (text), NULL);
}

QmpPacket *
test_packet_large (gsize length)
{
  g_autofree char *text = g_malloc (length);

  memset (text, ' ', length);
  text[0] = '{';
  text[length - 1] = '}';
  return qmp_packet_new (text, length, NULL);
}

void
test_wire_send (TestWire   *self,
                const char *text)
{
  g_autoptr(QmpPacket) packet = test_packet (text);

  qmp_transport_send (self->transport, packet);
}

QmpPacket *
test_wire_fill (TestWire *self)
{
  QmpPacket *packet = test_packet_large (8 * TEST_WIRE_MAX_SIZE);
  gsize before;

  qmp_transport_send (self->transport, packet);
  /* A flush takes a limited time, in which a slow machine does not fill it. */
  do
    {
      before = packet->written;
      self->begun = FALSE;
      qmp_transport_flush (self->transport);
    }
  while (packet->written > before);
  g_assert_true (packet->begun);
  g_assert_cmpuint (packet->written, <, packet->length);
  return packet;
}

void
test_wire_settle (TestWire *self)
{
  while (test_wire_turn (self) || test_wire_turn (self))
    ;
}

void
test_wire_say_many (TestWire *self,
                    guint     n)
{
  g_autoptr(GString) texts = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    g_string_append_printf (texts, "{\"n\":%9u}\n", i);
  test_wire_say (self, texts->str);
}

guint
test_wire_count (TestWire   *self,
                 const char *word)
{
  guint n = 0;

  for (const char *p = self->log->str; (p = strstr (p, word)) != NULL; p++)
    n++;
  return n;
}

void
test_wire_send_read_first (TestWire   *self,
                           const char *text)
{
  g_autoptr(QmpPacket) packet = test_packet (text);

  packet->read_first = TRUE;
  qmp_transport_send (self->transport, packet);
}

int
test_wire_send_with_fds (TestWire   *self,
                         const char *text,
                         guint       n)
{
  g_autoptr(GUnixFDList) fd_list = g_unix_fd_list_new ();
  g_autoptr(QmpPacket) packet = NULL;
  int fds[2];

  g_assert_no_errno (pipe (fds));
  for (guint i = 0; i < n; i++)
    g_assert_cmpint (g_unix_fd_list_append (fd_list, fds[1], NULL), >=, 0);
  close (fds[1]);
  packet = qmp_packet_new (text, strlen (text), fd_list);
  qmp_transport_send (self->transport, packet);
  return fds[0];
}

void
test_assert_pipe_ended (int fd)
{
  GPollFD pollfd = { fd, G_IO_IN, 0 };

  g_assert_cmpint (g_poll (&pollfd, 1, 0), ==, 1);
  g_assert_cmpint (pollfd.revents, ==, G_IO_HUP);
  close (fd);
}
