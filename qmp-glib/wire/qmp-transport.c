/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "wire/qmp-transport-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qmp-error.h"
#include "wire/qmp-fd-receive-private.h"
#include "wire/qmp-pollable-private.h"
#include "wire/qmp-stream-private.h"

/* Packets that go out in one system call. */
#define MAX_VECTORS 64

/* Bytes that are read in one dispatch: what they bring is delivered in the same dispatch, and everybody else's turn comes
 * behind it. Of a text that is larger as much again as there is of it already. */
#define MAX_READ (8 * 1024)

/* What one turn writes, in bytes and in microseconds: a server that reads as fast as we write, or a stream for which
 * much has to be done for each byte, must not keep everybody else from his turn. */
#define MAX_WRITE (1024 * 1024)
#define MAX_WRITE_TIME 2000

/* What is read at most before a packet that wants everything read first, from a stream that cannot tell. */
#define MAX_UNSEEN (1024 * 1024)

/* Held by its owner, and by a dispatch for as long as it runs. */
struct _QmpTransport {
  GIOStream               *stream;
  QmpJsonReader           *reader;
  const QmpTransportFuncs *funcs;
  gpointer                 owner;         /* borrowed; NULL once closed */
  pid_t                    pid;           /* whose the link is: not a forked child's */

  /* A socket is read and written by descriptor, with fd >= 0; any other stream is a pollable. */
  int                      fd;
  QmpIoWatch               watch;
  GSocket                 *socket;        /* borrowed, nullable: the stream's */
  QmpPollable              pollable;
  GUnixFDList             *new_fds;       /* nullable: came with the last byte of what was just read */
  GUnixFDList             *fd_list;       /* nullable: came before, and nobody has taken it */

  GQueue                   queue;         /* of QmpPacket, by their links */
  gsize                    n_unsent;      /* bytes of the packets in the queue that are not begun */
  gsize                    n_written;     /* in this turn */
  GError                  *write_error;   /* nullable; what has come is still read to its end */

  /* There are as many of these as there are links. */
  guint                    is_unix      : 1;
  guint                    is_full      : 1; /* the last read was: there may be more */
  guint                    takes_fds    : 1; /* a Unix socket, whose descriptors somebody wants */
  guint                    paused       : 1; /* nothing is read */
  guint                    reads_bytes  : 1; /* a byte at a time */
  guint                    writes_bytes : 1;
  guint                    gave_out     : 1; /* a frame, since it was last set to FALSE */
  guint                    blocked      : 1; /* the last write would have blocked */
  guint                    read_outside : 1; /* something was read outside of a dispatch */
  guint                    tell_flushed : 1; /* the owner waits for that: after_dispatch when all is written */
  guint                    can_wait     : 1; /* a read without MSG_DONTWAIT waits: nobody else has the socket */
  guint                    waits        : 1; /* the next one does */
  guint                    over         : 1; /* ended was called */
  guint                    lost         : 1; /* something that was queued never went out */
};

static void
transport_clear (QmpTransport *self)
{
  g_assert (self->watch.context == NULL && self->queue.head == NULL);

  g_clear_pointer (&self->reader, qmp_json_reader_free);
  g_clear_error (&self->write_error);
  qmp_pollable_clear (&self->pollable);
  g_clear_object (&self->new_fds);
  g_clear_object (&self->fd_list);
  g_clear_object (&self->stream);
}

static void
transport_unref (QmpTransport *self)
{
  g_rc_box_release_full (self, (GDestroyNotify) transport_clear);
}

/* Drops the queue's reference. */
static void
release (QmpPacket *packet)
{
  packet->queued = FALSE;
  qmp_packet_unref (packet);
}

static void
unqueue_first (QmpTransport *self)
{
  release (g_queue_pop_head_link (&self->queue)->data);
}

static void
unqueue_all (QmpTransport *self)
{
  while (self->queue.head != NULL)
    unqueue_first (self);
  self->n_unsent = 0;
}

/* --- a stream that somebody has closed --- */

/* The stream is the transport's to close. If the program has done so, its descriptor's number may be another file's by
 * now, which is not to be touched. */
static gboolean
fail_if_closed (QmpTransport  *self,
                GError       **error)
{
  if (self->socket != NULL ? !g_socket_is_closed (self->socket) : !qmp_stream_is_closed (self->stream))
    return FALSE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _("The program has closed the stream"));
  return TRUE;
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
  self->n_unsent -= packet->length;
  self->funcs->sent (self->owner, packet);
}

/* Accounts for bytes that went out, over as many packets as they reach. Descriptors went with the first
 * byte: ours are closed, so that a pipe's other end sees its end of file when the server closes it. */
static void
advance (QmpTransport *self,
         gsize         written)
{
  self->n_written += written;
  while (written > 0)
    {
      QmpPacket *packet = self->queue.head->data;
      gsize step = MIN (written, packet->length - packet->written);

      begin (self, packet);
      packet->written += step;
      g_clear_object (&packet->fd_list);
      written -= step;
      if (packet->written == packet->length)
        unqueue_first (self);
    }
}

/* The head packet, and with it those behind that may share a system call: descriptors belong to byte 0
 * of their own packet, so one that carries some goes out alone. */
static guint
gather (QmpTransport *self,
        struct iovec *vectors)
{
  guint n = 0;

  for (GList *l = self->queue.head; l != NULL && n < (self->writes_bytes ? 1 : MAX_VECTORS); l = l->next)
    {
      QmpPacket *packet = l->data;

      if ((packet->fd_list != NULL || packet->read_first) && n > 0)
        break;
      vectors[n].iov_base = packet->text + packet->written;
      vectors[n].iov_len = self->writes_bytes ? 1 : packet->length - packet->written;
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
  union { char bytes[CMSG_SPACE (QMP_MAX_FDS * sizeof (int))]; struct cmsghdr align; } control;
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

/* The same for other streams. */
static gboolean
write_pollable (QmpTransport *self,
                GError      **error)
{
  QmpPacket *head = self->queue.head->data;
  gssize n;

  /* It would have to be given the same bytes again: it cannot be taken back any more. */
  begin (self, head);
  n = qmp_pollable_write (&self->pollable, head->text + head->written, head->length - head->written, error);
  if (n >= 0)
    advance (self, n);
  else
    self->blocked = *error == NULL;
  return n >= 0;
}

/* Asks the watch to tell what there is to be told: that there is something to read, that writing goes on. A socket says in
 * any case that the other side has hung up. */
static void
watch_stream (QmpTransport *self)
{
  if (self->watch.context == NULL)
    return;

  if (self->fd >= 0)
    {
      qmp_io_watch_set_fd (&self->watch, self->fd,
                           (self->paused ? 0 : G_IO_IN) | (self->blocked ? G_IO_OUT : 0));
      return;
    }
  qmp_pollable_watch (&self->pollable, &self->watch, !self->paused, self->blocked);
}

/* A write error does not end the link by itself: what the server sent before it left is still to be
 * read. Reading ends the link then, at the latest when there is nothing more to read. */
static void
fail_writing (QmpTransport *self,
              GError       *error)
{
  self->write_error = error;
  qmp_io_watch_stir (&self->watch);
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
  self->n_unsent += packet->length;
  qmp_io_watch_stir (&self->watch);
}

gboolean
qmp_transport_recall (QmpTransport *self,
                      QmpPacket    *packet)
{
  if (!packet->queued || packet->begun)
    return FALSE;

  g_queue_unlink (&self->queue, &packet->link);
  self->n_unsent -= packet->length;
  release (packet);
  qmp_io_watch_stir (&self->watch);
  return TRUE;
}

gsize
qmp_transport_get_n_unsent (QmpTransport *self)
{
  return self->n_unsent;
}

gboolean
qmp_transport_is_flushed (QmpTransport *self)
{
  return !has_output (self);
}

gboolean
qmp_transport_end_writing (QmpTransport *self)
{
  return self->fd >= 0 && shutdown (self->fd, SHUT_WR) == 0;
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
  qmp_io_watch_stir (&self->watch);
}

int
qmp_transport_get_fd (QmpTransport *self)
{
  return qmp_stream_get_lowest_fd (self->stream);
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

  /* It is watched for one more dispatch, so that what follows from this is done there. */
  self->over = TRUE;
  qmp_io_watch_stir (&self->watch);
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

  while ((result = qmp_json_reader_next (self->reader, &frame)) == QMP_JSON_READER_TEXT ||
         result == QMP_JSON_READER_JUNK)
    {
      self->gave_out = TRUE;
      self->funcs->received (self->owner, self->reader, result, &frame);
    }

  if (result == QMP_JSON_READER_OVERFLOW)
    {
      g_autoptr(GError) error =
        g_error_new_literal (QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_TOO_LARGE,
                             _("The server sent a message that is larger than the property “max-message-size” lets it be"));

      end (self, error);
    }
}

static gssize
read_socket (QmpTransport *self,
             guint8       *buffer,
             gsize         size,
             GError      **error)
{
  int flags = self->waits ? 0 : MSG_DONTWAIT;
  gssize n;

  self->waits = FALSE;
  do
    n = self->takes_fds ? qmp_fd_receive (self->fd, buffer, size, &self->new_fds)
                        : recv (self->fd, buffer, size, flags);
  while (n < 0 && errno == EINTR);
  if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
    {
      int code = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code),
                   _("Could not read from the server: %s"), g_strerror (code));
    }
  return n;
}

/* Returns the number of bytes, 0 at the end of the stream, -1 with error set (G_IO_ERROR_WOULD_BLOCK
 * is left out of error: -1 and no error). */
static gssize
read_bytes (QmpTransport *self,
            guint8       *buffer,
            gsize         size,
            GError      **error)
{
  if (self->fd >= 0)
    return read_socket (self, buffer, size, error);
  return qmp_pollable_read (&self->pollable, buffer, size, error);
}

/* Descriptors belong to what begins with the last byte, and not to what is whole before it. Earlier ones that nobody has
 * taken are closed, as QEMU does. */
static void
take_last_byte (QmpTransport *self,
                guint8        byte)
{
  gsize size;

  g_clear_object (&self->fd_list);
  self->fd_list = g_steal_pointer (&self->new_fds);
  *qmp_json_reader_reserve (self->reader, &size) = byte;
  qmp_json_reader_commit (self->reader, 1);
  give_out_frames (self);
}

static void
take_bytes (QmpTransport *self,
            const guint8 *buffer,
            gsize         n)
{
  guint8 last = buffer[n - 1];

  qmp_json_reader_commit (self->reader, self->new_fds != NULL ? n - 1 : n);
  give_out_frames (self);
  if (self->new_fds != NULL && !self->over)
    take_last_byte (self, last);
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
  guint8 *buffer;
  gssize n;

  if (fail_if_closed (self, &error))
    {
      end_reading (self, error);
      return 0;
    }
  buffer = qmp_json_reader_reserve (self->reader, &size);
  if (self->reads_bytes)
    size = 1;
  else
    size = MIN (size, MAX (qmp_json_reader_get_held (self->reader), MAX_READ));
  n = read_bytes (self, buffer, size, &error);

  self->is_full = n > 0 && (gsize) n == size;
  if (n > 0)
    take_bytes (self, buffer, n);
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
 * is not a socket cannot tell how much that is; it is read until it would block, or has given that many bytes. */
static void
read_all (QmpTransport *self)
{
  int n_bytes;
  gsize n;

  if (self->fd < 0 || ioctl (self->fd, FIONREAD, &n_bytes) < 0)
    n_bytes = MAX_UNSEEN;

  self->read_outside = TRUE;
  qmp_io_watch_stir (&self->watch);
  do
    n_bytes -= n = read_some (self);
  while (n > 0 && n_bytes > 0 && !self->over);
}

void
qmp_transport_read_rest (QmpTransport *self)
{
  if (self->over)
    return;
  self->funcs->begins (self->owner);
  read_all (self);
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

/* until: 0 at first, since most turns are over with their first write. */
static gboolean
has_time (QmpTransport *self,
          gint64       *until)
{
  gint64 now;

  if (!has_output (self))
    return FALSE;
  now = g_get_monotonic_time ();
  if (*until == 0)
    *until = now + MAX_WRITE_TIME;
  return now < *until && self->n_written < MAX_WRITE;
}

static void
flush (QmpTransport *self)
{
  gboolean was_blocked = self->blocked;
  gint64 until = 0;
  GError *error = NULL;

  qmp_io_watch_stir (&self->watch);
  self->blocked = FALSE;
  self->n_written = 0;
  if (has_output (self) && !fail_if_closed (self, &error))
    {
      while (read_before_writing (self) &&
             (self->fd >= 0 ? write_socket (self, &error) : write_pollable (self, &error)) &&
             has_time (self, &until))
        ;
    }
  if (error != NULL)
    fail_writing (self, error);
  if (self->blocked != was_blocked)
    watch_stream (self);
}

void
qmp_transport_flush (QmpTransport *self)
{
  self->funcs->begins (self->owner);
  flush (self);
}

/* --- the watch --- */

/* A TLS stream holds what did not fit, and its source does not know of it. */
static gboolean
holds_more (QmpTransport *self)
{
  return self->fd < 0 && self->is_full;
}

/* Is there something to do whether or not the stream is ready? */
static gboolean
is_ready (QmpTransport *self)
{
  return self->over || (holds_more (self) && !self->paused) || self->read_outside || self->write_error != NULL ||
         (self->tell_flushed && !has_output (self));
}

/* Is there something to be written that is not waiting for the stream? */
static gboolean
can_go_on (QmpTransport *self)
{
  return has_output (self) && !self->blocked;
}

/* Queued packets are written here, right before the context sleeps: as many in one system call as were
 * queued since, and none that was taken back in time. */
static QmpIoNeed
prepare (gpointer owner)
{
  QmpTransport *self = owner;

  if (can_go_on (self))
    qmp_transport_flush (self);
  if (is_ready (self))
    return QMP_IO_READY;
  /* Whatever is left is written in the next iteration. */
  return can_go_on (self) ? QMP_IO_AGAIN : QMP_IO_SLEEP;
}

/* Nothing is read, and what was sent before the other side left has nobody to answer to. */
static void
end_if_gone (QmpTransport *self,
             GIOCondition  ready)
{
  if (ready & (G_IO_HUP | G_IO_ERR) || self->write_error != NULL)
    end_reading (self, self->write_error);
}

/* What follows from a text comes before the next byte is read. */
static gboolean
read_bytewise (QmpTransport *self)
{
  gsize n = 0;

  self->gave_out = FALSE;
  while (n < MAX_READ && !self->gave_out && !self->over && read_some (self) > 0)
    n++;
  return self->gave_out || n == MAX_READ;
}

/* TRUE if the stream has more, as far as that is known. */
static gboolean
handle_readiness (QmpTransport *self,
                  GIOCondition  ready)
{
  self->read_outside = FALSE;
  if (ready & G_IO_OUT && self->blocked)
    flush (self);
  if (self->paused)
    {
      end_if_gone (self, ready);
      return FALSE;
    }
  if (!(ready & ~G_IO_OUT || holds_more (self) || self->write_error != NULL))
    return FALSE;
  if (!self->funcs->wants_more (self->owner))
    return TRUE;
  return self->reads_bytes ? read_bytewise (self) : read_some (self) >= MAX_READ && self->is_full;
}

static void
unwatch (QmpTransport *self)
{
  qmp_io_watch_detach (&self->watch);
  qmp_pollable_unwatch (&self->pollable);
}

/* Within what has begun, by who holds the transport. */
static gboolean
work (QmpTransport *self,
      GIOCondition  ready)
{
  gboolean more = FALSE;

  if (!self->over)
    more = handle_readiness (self, ready);
  self->waits = FALSE;
  if (self->over)
    unwatch (self);
  if (self->owner != NULL)
    self->funcs->after_dispatch (self->owner);
  return more;
}

static gboolean
dispatch (gpointer     owner,
          GIOCondition ready)
{
  QmpTransport *self = g_rc_box_acquire (owner);
  gboolean more;

  self->funcs->begins (self->owner);
  more = work (self, ready);
  transport_unref (self);
  return more;
}

static const QmpIoFuncs watch_funcs = { prepare, dispatch };

void
qmp_transport_attach (QmpTransport *self,
                      QmpIoContext *context)
{
  unwatch (self);
  qmp_io_watch_attach (&self->watch, context, &watch_funcs, self);
  watch_stream (self);
  qmp_io_watch_stir (&self->watch);
}

void
qmp_transport_set_paused (QmpTransport *self,
                          gboolean      paused)
{
  if (self->paused == paused || self->over)
    return;

  self->paused = paused;
  watch_stream (self);
  qmp_io_watch_stir (&self->watch);
}

void
qmp_transport_set_bytewise (QmpTransport *self,
                            gboolean      reads,
                            gboolean      writes)
{
  self->reads_bytes = reads;
  self->writes_bytes = writes;
}

void
qmp_transport_receive_fds (QmpTransport *self)
{
  self->takes_fds = self->is_unix;
}

GUnixFDList *
qmp_transport_steal_fds (QmpTransport *self)
{
  return g_steal_pointer (&self->fd_list);
}

gboolean
qmp_transport_can_iterate (QmpTransport *self)
{
  return self->fd >= 0;
}

void
qmp_transport_own_socket (QmpTransport *self)
{
  self->can_wait = self->fd >= 0 && fcntl (self->fd, F_SETFL, 0) == 0;
}

/* Is there nothing but what comes, and no end of the time? Then the read itself may wait, and need not be preceded by a
 * poll, which is a third of the system calls of a command. */
static gboolean
has_only_to_read (QmpTransport *self,
                  int           timeout)
{
  return timeout < 0 && self->can_wait && !self->blocked && !self->paused && !self->takes_fds && !self->reads_bytes &&
         !is_ready (self) && !can_go_on (self);
}

/* What there is to do; 0: nothing yet. */
static GIOCondition
wait_for_something (QmpTransport *self,
                    int           timeout)
{
  GPollFD fd = { self->fd, G_IO_IN | (self->blocked ? G_IO_OUT : 0), 0 };

  self->waits = has_only_to_read (self, timeout);
  if (self->waits)
    return G_IO_IN;
  g_poll (&fd, 1, is_ready (self) || can_go_on (self) ? 0 : timeout);
  return fd.revents;
}

void
qmp_transport_iterate (QmpTransport *self,
                       int           timeout)
{
  GIOCondition ready;

  g_rc_box_acquire (self);
  self->funcs->begins (self->owner);
  if (can_go_on (self))
    flush (self);
  ready = wait_for_something (self, timeout);
  if (ready != 0 || is_ready (self))
    work (self, ready);
  /* What is done here need not be done again by the context. */
  if (!is_ready (self) && !can_go_on (self))
    qmp_io_watch_calm (&self->watch);
  transport_unref (self);
}

/* --- beginning and end --- */

/* socket: nullable. */
static gboolean
is_unix_socket (GSocket *socket,
                int      fd)
{
  int domain = 0;
  socklen_t size = sizeof (domain);

  if (socket != NULL)
    return g_socket_get_family (socket) == G_SOCKET_FAMILY_UNIX;
  return getsockopt (fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

static void
use_socket (QmpTransport *self,
            int           fd)
{
  self->fd = fd;
  self->socket = qmp_stream_get_socket (self->stream);
  self->is_unix = is_unix_socket (self->socket, fd);
}

static gboolean
use_stream (QmpTransport  *self,
            GError       **error)
{
  int fd;

  if (qmp_stream_is_closed (self->stream))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _("The stream is closed already"));
      return FALSE;
    }
  qmp_stream_set_no_delay (self->stream);
  fd = qmp_stream_get_socket_fd (self->stream);
  if (fd < 0)
    return qmp_pollable_init (&self->pollable, self->stream, error);

  use_socket (self, fd);
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

  self->stream = g_object_ref (stream);
  self->pid = getpid ();
  self->funcs = funcs;
  self->owner = owner;
  self->fd = -1;
  g_queue_init (&self->queue);
  if (!use_stream (self, error))
    {
      transport_unref (self);
      return NULL;
    }
  self->reader = qmp_json_reader_new (max_message_size, max_depth);
  return self;
}

void
qmp_transport_close (QmpTransport *self)
{
  self->owner = NULL;
  self->over = TRUE;
  unwatch (self);
  unqueue_all (self);
  if (self->pid == getpid ())
    qmp_stream_close (self->stream);
  else
    qmp_stream_abandon (self->stream);
  self->fd = -1;
  transport_unref (self);
}
