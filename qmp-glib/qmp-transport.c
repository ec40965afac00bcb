/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "qmp-transport-private.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "qmp-error.h"

/* Packets that go out in one system call. */
#define MAX_VECTORS 64

/* Bytes that are read in one dispatch, but for a text that is larger: what they bring is delivered in the same
 * dispatch, and everybody else's turn comes behind it. */
#define MAX_READ (16 * 1024)
#define LARGE_ROOM (64 * 1024)

/* What is read at the most before a packet that wants everything read first, from a stream that cannot tell. */
#define MAX_UNSEEN (1024 * 1024)

/* How long GIO's thread may wait for a server to take TLS's goodbye. */
#define GOODBYE_SECONDS 2

typedef struct {
  GSource       source;
  QmpTransport *transport;  /* borrowed; NULL once the transport is closed */
} TransportSource;

/* Held by its owner, and by a dispatch for as long as it runs. */
struct _QmpTransport {
  GIOStream               *stream;
  QmpJsonReader           *reader;
  const QmpTransportFuncs *funcs;
  gpointer                 owner;   /* borrowed; NULL once closed */

  GSource                 *source;  /* nullable */

  /* A socket is read and written by descriptor, with fd >= 0; any other stream through GIO's pollable
   * interfaces, whose sources are children of ours. */
  int                      fd;
  gboolean                 is_unix;
  gpointer                 fd_tag;
  GPollableInputStream    *input;
  GPollableOutputStream   *output;
  GSource                 *output_child;  /* nullable: only while writing would block */
  gboolean                 more;          /* the last read of such a stream was a full one */

  GQueue                   queue;         /* of QmpPacket, by their links */
  gboolean                 blocked;       /* the last write would have blocked */
  gboolean                 unsettled;     /* something was read outside of a dispatch */
  gboolean                 tell_flushed;  /* the owner waits for that: settle when all is written */
  GError                  *write_error;   /* nullable; what has come is still read to its end */
  gboolean                 over;          /* ended was called */
  gboolean                 lost;          /* something that was queued never went out */
};

static void
transport_clear (QmpTransport *self)
{
  g_assert (self->source == NULL && self->queue.head == NULL);

  g_clear_pointer (&self->reader, qmp_json_reader_free);
  g_clear_error (&self->write_error);
  g_clear_object (&self->stream);
}

static void
transport_unref (QmpTransport *self)
{
  g_rc_box_release_full (self, (GDestroyNotify) transport_clear);
}

QmpPacket *
qmp_packet_new (const char  *text,
                gsize        length,
                GUnixFDList *fd_list)
{
  QmpPacket *self = g_rc_box_alloc (sizeof (QmpPacket) + length);

  memset (self, 0, sizeof (QmpPacket));
  self->link.data = self;
  self->length = length;
  memcpy (self->text, text, length);
  g_set_object (&self->fd_list, fd_list);
  return self;
}

QmpPacket *
qmp_packet_ref (QmpPacket *self)
{
  return g_rc_box_acquire (self);
}

static void
packet_clear (QmpPacket *self)
{
  g_clear_object (&self->fd_list);
}

void
qmp_packet_unref (QmpPacket *self)
{
  g_rc_box_release_full (self, (GDestroyNotify) packet_clear);
}

/* Out of the queue; drops the queue's reference. */
static void
unqueue (QmpTransport *self,
         QmpPacket    *packet)
{
  g_queue_unlink (&self->queue, &packet->link);
  packet->queued = FALSE;
  qmp_packet_unref (packet);
}

static void
unqueue_all (QmpTransport *self)
{
  while (self->queue.head != NULL)
    unqueue (self, self->queue.head->data);
}

/* --- writing --- */

static gboolean
has_output (QmpTransport *self)
{
  return self->queue.head != NULL;
}

static void
begin (QmpTransport *self,
       QmpPacket    *packet)
{
  if (packet->begun)
    return;

  packet->begun = TRUE;
  self->funcs->sent (self->owner, packet);
}

/* Accounts for bytes that went out, over as many packets as they reach. Descriptors went with the first
 * byte: ours are closed, so that a pipe's other end sees its end of file when the server closes it. */
static void
advance (QmpTransport *self,
         gsize         written)
{
  while (written > 0)
    {
      QmpPacket *packet = self->queue.head->data;
      gsize step = MIN (written, packet->length - packet->written);

      begin (self, packet);
      packet->written += step;
      g_clear_object (&packet->fd_list);
      written -= step;
      if (packet->written == packet->length)
        unqueue (self, packet);
    }
}

/* The head packet, and with it those behind that may share a system call: descriptors belong to byte 0
 * of their own packet, so one that carries some goes out alone. */
static guint
gather (QmpTransport *self,
        struct iovec *vectors)
{
  guint n = 0;

  for (GList *l = self->queue.head; l != NULL && n < MAX_VECTORS; l = l->next)
    {
      QmpPacket *packet = l->data;

      if ((packet->fd_list != NULL || packet->read_first) && n > 0)
        break;
      vectors[n].iov_base = packet->text + packet->written;
      vectors[n].iov_len = packet->length - packet->written;
      n++;
      if (packet->fd_list != NULL)
        break;
    }
  return n;
}

static void
add_fds (struct msghdr *message,
         GUnixFDList   *fd_list)
{
  int n_fds;
  const int *fds = g_unix_fd_list_peek_fds (fd_list, &n_fds);
  struct cmsghdr *header = message->msg_control;

  message->msg_controllen = CMSG_SPACE (n_fds * sizeof (int));
  memset (header, 0, message->msg_controllen);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN (n_fds * sizeof (int));
  memcpy (CMSG_DATA (header), fds, n_fds * sizeof (int));
}

/* One system call's worth. Returns FALSE when no more can be done now: would block, or failed. */
static gboolean
write_socket (QmpTransport *self,
              GError      **error)
{
  struct iovec vectors[MAX_VECTORS];
  union { char bytes[CMSG_SPACE (QMP_TRANSPORT_MAX_FDS * sizeof (int))]; struct cmsghdr align; } control;
  QmpPacket *head = self->queue.head->data;
  struct msghdr message = { .msg_iov = vectors, .msg_iovlen = gather (self, vectors) };
  gssize n;
  int code;

  if (head->fd_list != NULL && head->written == 0)
    {
      message.msg_control = control.bytes;
      add_fds (&message, head->fd_list);
    }

  do
    n = sendmsg (self->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);

  if (n >= 0)
    {
      advance (self, n);
      return TRUE;
    }

  code = errno;
  /* ENOBUFS: the kernel is short of memory for this moment; polling says when it may be tried again. */
  if (code == EAGAIN || code == ENOBUFS)
    self->blocked = TRUE;
  else
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code),
                 _("Could not write to the server: %s"), g_strerror (code));
  return FALSE;
}

/* The same for other streams. After "would block" a TLS stream wants to be given the same bytes again,
 * so a packet counts as begun once it was tried. */
static gboolean
write_pollable (QmpTransport *self,
                GError      **error)
{
  QmpPacket *head = self->queue.head->data;
  gsize length = head->length - head->written;
  g_autoptr(GError) local_error = NULL;
  gssize n;

  /* A record for each byte. QEMU reads one byte of its monitor whenever the socket is readable, and 7.2 does not
   * look whether TLS holds more: the rest of a larger record would lie there until another one comes. */
  if (G_IS_TLS_CONNECTION (self->stream))
    length = 1;

  begin (self, head);
  n = g_pollable_output_stream_write_nonblocking (self->output,
                                                  head->text + head->written,
                                                  length,
                                                  NULL, &local_error);
  if (n >= 0)
    {
      advance (self, n);
      return TRUE;
    }

  if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    self->blocked = TRUE;
  else
    g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/* Asks the source to tell when writing goes on, or no longer to. */
static void
watch_output (QmpTransport *self,
              gboolean      watch)
{
  if (self->source == NULL)
    return;

  if (self->fd_tag != NULL)
    {
      g_source_modify_unix_fd (self->source, self->fd_tag, watch ? G_IO_IN | G_IO_OUT : G_IO_IN);
    }
  else if (watch && self->output_child == NULL)
    {
      self->output_child = g_pollable_output_stream_create_source (self->output, NULL);
      g_source_set_dummy_callback (self->output_child);
      g_source_add_child_source (self->source, self->output_child);
    }
  else if (!watch && self->output_child != NULL)
    {
      g_source_remove_child_source (self->source, self->output_child);
      g_clear_pointer (&self->output_child, g_source_unref);
    }
}

/* A write error does not end the link by itself: what the server sent before it left is still to be
 * read. Reading ends the link then, at the latest when there is nothing more to read. */
static void
fail_writing (QmpTransport *self,
              GError       *error)
{
  self->write_error = error;
  self->lost = has_output (self);
  unqueue_all (self);
}

void
qmp_transport_send (QmpTransport *self,
                    QmpPacket    *packet)
{
  g_assert (!packet->queued);

  if (self->write_error != NULL || self->over)
    return;

  qmp_packet_ref (packet);
  packet->queued = TRUE;
  g_queue_push_tail_link (&self->queue, &packet->link);
}

gboolean
qmp_transport_recall (QmpTransport *self,
                      QmpPacket    *packet)
{
  if (!packet->queued || packet->begun)
    return FALSE;

  unqueue (self, packet);
  return TRUE;
}

gboolean
qmp_transport_is_flushed (QmpTransport *self)
{
  return !has_output (self);
}

gboolean
qmp_transport_has_lost (QmpTransport *self)
{
  return self->lost;
}

void
qmp_transport_tell_flushed (QmpTransport *self)
{
  self->tell_flushed = TRUE;
}

gboolean
qmp_transport_can_send_fds (QmpTransport *self)
{
  return self->is_unix;
}

/* --- reading --- */

static void
end (QmpTransport *self,
     const GError *cause)
{
  if (self->over)
    return;

  /* The source stays for one more dispatch, so that what follows from this is done there. */
  self->over = TRUE;
  self->lost = self->lost || has_output (self);
  unqueue_all (self);
  self->funcs->ended (self->owner, cause);
}

void
qmp_transport_give_out_rest (QmpTransport *self)
{
  QmpJsonFrame frame;

  self->funcs->begins (self->owner);
  if (qmp_json_reader_finish (self->reader, &frame) != QMP_JSON_READER_MORE)
    self->funcs->received (self->owner, self->reader, QMP_JSON_READER_JUNK, &frame);
}

static void
give_out_frames (QmpTransport *self)
{
  QmpJsonReaderResult result;
  QmpJsonFrame frame;

  self->funcs->begins (self->owner);
  while ((result = qmp_json_reader_next (self->reader, &frame)) == QMP_JSON_READER_TEXT ||
         result == QMP_JSON_READER_JUNK)
    self->funcs->received (self->owner, self->reader, result, &frame);

  if (result == QMP_JSON_READER_OVERFLOW)
    {
      g_autoptr(GError) error =
        g_error_new_literal (QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_TOO_LARGE,
                             _("The server sent a message over the limit on size"));

      end (self, error);
    }
}

/* Returns the number of bytes, 0 at the end of the stream, -1 with error set (G_IO_ERROR_WOULD_BLOCK
 * is left out of error: -1 and no error). */
static gssize
read_bytes (QmpTransport *self,
            guint8       *buffer,
            gsize         size,
            GError      **error)
{
  g_autoptr(GError) local_error = NULL;
  gssize n;

  if (self->fd >= 0)
    {
      do
        n = recv (self->fd, buffer, size, MSG_DONTWAIT);
      while (n < 0 && errno == EINTR);
      if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
        {
          int code = errno;

          g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code),
                       _("Could not read from the server: %s"), g_strerror (code));
        }
      return n;
    }

  n = g_pollable_input_stream_read_nonblocking (self->input, buffer, size, NULL, &local_error);
  /* A QEMU that quits says no goodbye in TLS. Messages show by themselves whether they are whole. */
  if (g_error_matches (local_error, G_TLS_ERROR, G_TLS_ERROR_EOF))
    return 0;
  if (n < 0 && !g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    g_propagate_error (error, g_steal_pointer (&local_error));
  return n;
}

/* error: NULL at the end of the stream. */
static void
end_reading (QmpTransport *self,
             const GError *error)
{
  g_autoptr(GError) closed = NULL;

  if (error == NULL)
    closed = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                                  _("The server closed the connection"));
  qmp_transport_give_out_rest (self);
  end (self, error != NULL ? error : closed);
}

/* One read: bounded work in each dispatch, so that a flood on one link starves nobody. Returns how many bytes it
 * was. */
static gsize
read_some (QmpTransport *self)
{
  g_autoptr(GError) error = NULL;
  gsize size;
  guint8 *buffer = qmp_json_reader_reserve (self->reader, &size);
  gssize n;

  if (size <= LARGE_ROOM)
    size = MIN (size, MAX_READ);
  n = read_bytes (self, buffer, size, &error);

  /* A TLS stream holds what did not fit, and its source does not know of it. */
  self->more = self->fd < 0 && n > 0 && (gsize) n == size;
  qmp_json_reader_commit (self->reader, MAX (n, 0));
  if (n > 0)
    give_out_frames (self);
  else if (n == 0 || error != NULL)
    end_reading (self, error);
  else if (self->write_error != NULL)
    end_reading (self, self->write_error);

  if (!self->over)
    qmp_json_reader_trim (self->reader);
  return MAX (n, 0);
}

/* --- flushing --- */

/* What stands in the stream's buffer now, and no more: a server that goes on sending does not keep us. A stream that
 * is no socket cannot tell how much that is; it is read until it would block, or has given that many bytes. */
static void
read_all (QmpTransport *self)
{
  int n_bytes;
  gsize n;

  if (self->fd < 0 || ioctl (self->fd, FIONREAD, &n_bytes) < 0)
    n_bytes = MAX_UNSEEN;

  self->unsettled = TRUE;
  do
    n_bytes -= n = read_some (self);
  while (n > 0 && n_bytes > 0 && !self->over);
}

/* Before the first byte of a packet that wants it; FALSE if the link came to its end with that. */
static gboolean
read_before_writing (QmpTransport *self)
{
  QmpPacket *head = self->queue.head->data;

  if (head->read_first && !head->begun)
    {
      head->read_first = FALSE;
      read_all (self);
    }
  return !self->over;
}

void
qmp_transport_flush (QmpTransport *self)
{
  gboolean was_blocked = self->blocked;
  GError *error = NULL;

  self->blocked = FALSE;
  self->funcs->begins (self->owner);
  while (has_output (self) && read_before_writing (self) &&
         (self->fd >= 0 ? write_socket (self, &error) : write_pollable (self, &error)))
    ;
  if (error != NULL)
    fail_writing (self, error);
  if (self->blocked != was_blocked)
    watch_output (self, self->blocked);
}

/* --- the source --- */

/* Is there something to do whether or not the stream is ready? */
static gboolean
is_ready (QmpTransport *self)
{
  return self->over || self->more || self->unsettled || self->write_error != NULL ||
         (self->tell_flushed && !has_output (self));
}

/* Queued packets are written here, right before the context sleeps: as many in one system call as were
 * queued since, and none that was taken back in time. */
static gboolean
source_prepare (GSource *source,
                int     *timeout)
{
  QmpTransport *self = ((TransportSource *) source)->transport;

  *timeout = -1;
  if (has_output (self) && !self->blocked)
    qmp_transport_flush (self);
  return is_ready (self);
}

static gboolean
source_check (GSource *source)
{
  QmpTransport *self = ((TransportSource *) source)->transport;

  if (is_ready (self))
    return TRUE;
  return self->fd_tag != NULL && g_source_query_unix_fd (source, self->fd_tag) != 0;
}

static void
handle_readiness (QmpTransport *self,
                  GIOCondition  ready)
{
  self->unsettled = FALSE;
  if (ready & G_IO_OUT && self->blocked)
    qmp_transport_flush (self);
  if (ready & ~G_IO_OUT || self->write_error != NULL)
    read_some (self);
}

static void
dispatch (QmpTransport *self,
          GIOCondition  ready)
{
  g_rc_box_acquire (self);
  if (!self->over)
    handle_readiness (self, ready);
  if (self->over && self->source != NULL)
    g_source_destroy (self->source);
  if (self->owner != NULL)
    self->funcs->settled (self->owner);
  transport_unref (self);
}

static gboolean
source_dispatch (GSource    *source,
                 GSourceFunc callback,
                 gpointer    user_data)
{
  QmpTransport *self = ((TransportSource *) source)->transport;

  dispatch (self, self->fd_tag != NULL ? g_source_query_unix_fd (source, self->fd_tag) : G_IO_IN | G_IO_OUT);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = {
  .prepare = source_prepare,
  .check = source_check,
  .dispatch = source_dispatch,
};

static GSource *
create_source (QmpTransport *self)
{
  GSource *source = g_source_new (&source_funcs, sizeof (TransportSource));

  g_source_set_static_name (source, "[qmp] transport");
  /* A main loop run inside of a callback must still be served. */
  g_source_set_can_recurse (source, TRUE);
  ((TransportSource *) source)->transport = self;
  if (self->fd >= 0)
    {
      self->fd_tag = g_source_add_unix_fd (source, self->fd, G_IO_IN);
    }
  else
    {
      g_autoptr(GSource) child = g_pollable_input_stream_create_source (self->input, NULL);

      g_source_set_dummy_callback (child);
      g_source_add_child_source (source, child);
    }
  return source;
}

static void
drop_source (QmpTransport *self)
{
  if (self->source == NULL)
    return;

  g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  g_clear_pointer (&self->output_child, g_source_unref);
  self->fd_tag = NULL;
}

void
qmp_transport_attach (QmpTransport *self,
                      GMainContext *context)
{
  drop_source (self);
  self->source = create_source (self);
  if (self->blocked)
    watch_output (self, TRUE);
  g_source_attach (self->source, context);
}

gboolean
qmp_transport_can_iterate (QmpTransport *self)
{
  return self->fd >= 0;
}

void
qmp_transport_iterate (QmpTransport *self,
                       int           timeout)
{
  GPollFD fd = { self->fd, G_IO_IN, 0 };

  if (has_output (self) && !self->blocked)
    qmp_transport_flush (self);
  if (self->blocked)
    fd.events |= G_IO_OUT;
  if (g_poll (&fd, 1, is_ready (self) ? 0 : timeout) > 0 || is_ready (self))
    dispatch (self, fd.revents);
}

/* --- beginning and end --- */

/* The socket under the stream, if reading and writing it is the same as reading and writing the
 * stream. */
static GSocket *
get_plain_socket (GIOStream *stream)
{
  if (!G_IS_SOCKET_CONNECTION (stream) || G_IS_TCP_WRAPPER_CONNECTION (stream))
    return NULL;
  return g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream));
}

/* The socket that a TLS stream speaks over; nullable. */
static GSocket *
get_socket_below (GIOStream *stream)
{
  g_autoptr(GIOStream) base = NULL;

  if (!G_IS_TLS_CONNECTION (stream))
    return NULL;
  g_object_get (stream, "base-io-stream", &base, NULL);
  return get_plain_socket (base);
}

/* Commands are small and wait for nothing: Nagle's algorithm would hold each second one back. */
static void
set_no_delay (GSocket *socket)
{
  GSocketFamily family = g_socket_get_family (socket);

  if (family == G_SOCKET_FAMILY_IPV4 || family == G_SOCKET_FAMILY_IPV6)
    g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);
}

static void
use_socket (QmpTransport *self,
            GSocket      *socket)
{
  self->fd = g_socket_get_fd (socket);
  self->is_unix = g_socket_get_family (socket) == G_SOCKET_FAMILY_UNIX;
  set_no_delay (socket);
}

static gboolean
use_pollable (QmpTransport *self,
              GError      **error)
{
  GInputStream *input = g_io_stream_get_input_stream (self->stream);
  GOutputStream *output = g_io_stream_get_output_stream (self->stream);
  GSocket *below = get_socket_below (self->stream);

  if (!G_IS_POLLABLE_INPUT_STREAM (input) ||
      !g_pollable_input_stream_can_poll (G_POLLABLE_INPUT_STREAM (input)) ||
      !G_IS_POLLABLE_OUTPUT_STREAM (output) ||
      !g_pollable_output_stream_can_poll (G_POLLABLE_OUTPUT_STREAM (output)))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   _("A stream of type %s cannot be polled, so it cannot carry QMP"),
                   G_OBJECT_TYPE_NAME (self->stream));
      return FALSE;
    }
  self->input = G_POLLABLE_INPUT_STREAM (input);
  self->output = G_POLLABLE_OUTPUT_STREAM (output);
  if (below != NULL)
    set_no_delay (below);
  return TRUE;
}

QmpTransport *
qmp_transport_new (GIOStream               *stream,
                   guint                    max_message_size,
                   guint                    max_depth,
                   const QmpTransportFuncs *funcs,
                   gpointer                 owner,
                   GError                 **error)
{
  QmpTransport *self = g_rc_box_new0 (QmpTransport);
  GSocket *socket = get_plain_socket (stream);

  self->stream = g_object_ref (stream);
  self->funcs = funcs;
  self->owner = owner;
  self->fd = -1;
  g_queue_init (&self->queue);
  if (socket != NULL)
    {
      use_socket (self, socket);
    }
  else if (!use_pollable (self, error))
    {
      transport_unref (self);
      return NULL;
    }
  self->reader = qmp_json_reader_new (max_message_size, max_depth);
  return self;
}

static void
close_in_thread (GTask        *task,
                 gpointer      source_object,
                 gpointer      task_data,
                 GCancellable *cancellable)
{
  g_io_stream_close (task_data, NULL, NULL);
  g_object_unref (task_data);
}

/* Closing a socket does not block; closing anything else may (TLS says goodbye), so that is left to one of GIO's
 * threads, which a server that reads no more does not hold for ever. g_io_stream_close_async() would need a main
 * context that runs afterwards, and the one of a blocking call does not. */
void
qmp_transport_close_stream (GIOStream *stream)
{
  GSocket *below = get_socket_below (stream);
  g_autoptr(GTask) task = NULL;

  if (below != NULL)
    g_socket_set_timeout (below, GOODBYE_SECONDS);
  if (get_plain_socket (stream) != NULL)
    {
      g_io_stream_close (stream, NULL, NULL);
      return;
    }
  task = g_task_new (NULL, NULL, NULL, NULL);
  g_task_set_source_tag (task, qmp_transport_close_stream);
  g_task_set_task_data (task, g_object_ref (stream), NULL);
  g_task_run_in_thread (task, close_in_thread);
}

void
qmp_transport_close (QmpTransport *self)
{
  self->owner = NULL;
  self->over = TRUE;
  drop_source (self);
  unqueue_all (self);
  qmp_transport_close_stream (self->stream);
  self->fd = -1;
  transport_unref (self);
}
