/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "server/qmp-relay-private.h"

#include <errno.h>
#include <gio/gunixfdlist.h>
#include <glib/gi18n-lib.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "wire/qmp-fd-receive-private.h"
#include "wire/qmp-stream-private.h"

/* What one side may have said that the other has not taken. */
#define MAX_HELD (64 * 1024)

/* Bytes that go out together. */
typedef struct {
  GByteArray  *bytes;
  gsize        n_sent;
  GUnixFDList *fd_list;  /* nullable: goes out with the first byte */
} Piece;

/* What one side says to the other. */
typedef struct {
  GQueue    pieces;   /* of Piece */
  gsize     n_held;   /* bytes in them */
  gboolean  ended;    /* nothing more comes */
  gboolean  told;     /* and the other side knows */
} Lane;

typedef struct {
  QmpRelay     *relay;
  QmpRelaySide  which;
  GIOStream    *stream;
  int           fd;      /* borrowed */
  QmpIoWatch    watch;
  Lane          says;
  gboolean      gone;    /* it does not listen any more either */
} Side;

struct _QmpRelay {
  const QmpRelayFuncs *funcs;
  gpointer             owner;
  Side                 sides[2];
  int                  first;   /* that ended; -1: none has */
};

/* --- pieces --- */

static void
piece_free (Piece *piece)
{
  g_byte_array_unref (piece->bytes);
  g_clear_object (&piece->fd_list);
  g_free (piece);
}

/* fd_list: nullable, taken. */
static void
add_bytes (Lane         *lane,
           const guint8 *bytes,
           gsize         length,
           GUnixFDList  *fd_list)
{
  Piece *piece = g_queue_peek_tail (&lane->pieces);

  if (piece == NULL || fd_list != NULL)
    {
      piece = g_new0 (Piece, 1);
      piece->bytes = g_byte_array_new ();
      piece->fd_list = fd_list;
      g_queue_push_tail (&lane->pieces, piece);
    }
  g_byte_array_append (piece->bytes, bytes, length);
  lane->n_held += length;
}

static void
clear_lane (Lane *lane)
{
  g_queue_clear_full (&lane->pieces, (GDestroyNotify) piece_free);
  lane->n_held = 0;
}

/* --- reading --- */

static Side *
get_other (Side *side)
{
  return &side->relay->sides[1 - side->which];
}

static void
note_end (Side *side)
{
  if (side->relay->first < 0)
    side->relay->first = side->which;
}

/* Whether it has closed its socket, and not only said its last word. */
static gboolean
has_left (Side *side)
{
  struct pollfd entry = { .fd = side->fd };

  return poll (&entry, 1, 0) == 1 && (entry.revents & (POLLHUP | POLLERR)) != 0;
}

static void
see (Side         *side,
     const guint8 *bytes,
     gsize         length,
     GUnixFDList  *fd_list)
{
  guint n_fds = fd_list != NULL ? g_unix_fd_list_get_length (fd_list) : 0;

  if (length == 0)
    return;
  side->relay->funcs->seen (side->relay->owner, side->which, bytes, length, n_fds);
  add_bytes (&side->says, bytes, length, fd_list);
}

/* Descriptors came with the last byte. */
static void
take (Side         *side,
      const guint8 *bytes,
      gsize         length,
      GUnixFDList  *fd_list)
{
  gsize before = fd_list != NULL ? length - 1 : length;

  see (side, bytes, before, NULL);
  see (side, bytes + before, length - before, fd_list);
}

/* Returns whether anything came. */
static gboolean
listen_to (Side *side)
{
  guint8 buffer[16384];
  gboolean any = FALSE;

  while (!side->says.ended && side->says.n_held < MAX_HELD)
    {
      GUnixFDList *fd_list = NULL;
      gssize n = qmp_fd_receive (side->fd, buffer, sizeof (buffer), &fd_list);

      if (n < 0 && errno == EAGAIN)
        return any;
      any = TRUE;
      if (n > 0)
        {
          take (side, buffer, n, fd_list);
          continue;
        }
      side->gone = n < 0 || has_left (side);
      side->says.ended = TRUE;
      note_end (side);
    }
  return any;
}

/* --- writing --- */

static void
fill_control (struct msghdr *message,
              char          *control,
              gsize          size,
              GUnixFDList   *fd_list)
{
  int n_fds;
  const int *fds = g_unix_fd_list_peek_fds (fd_list, &n_fds);
  struct cmsghdr *header;

  message->msg_control = control;
  message->msg_controllen = MIN (size, CMSG_SPACE (n_fds * sizeof (int)));
  header = CMSG_FIRSTHDR (message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN (n_fds * sizeof (int));
  memcpy (CMSG_DATA (header), fds, n_fds * sizeof (int));
}

static gboolean
is_unix (int fd)
{
  struct sockaddr_storage address;
  socklen_t length = sizeof (address);

  return getsockname (fd, (struct sockaddr *) &address, &length) == 0 && address.ss_family == AF_UNIX;
}

/* Over a socket of another kind descriptors are lost. */
static gssize
send_piece (int    fd,
            Piece *piece)
{
  union { char bytes[CMSG_SPACE (QMP_MAX_FDS * sizeof (int))]; struct cmsghdr align; } control = { { 0 } };
  struct iovec vector = { piece->bytes->data + piece->n_sent, piece->bytes->len - piece->n_sent };
  struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
  gssize n;

  if (piece->fd_list != NULL && is_unix (fd))
    fill_control (&message, control.bytes, sizeof (control), piece->fd_list);
  do
    n = sendmsg (fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  return n;
}

/* side does not take anything any more. */
static void
give_up (Side *side)
{
  clear_lane (&get_other (side)->says);
  get_other (side)->says.ended = TRUE;
  side->gone = TRUE;
  note_end (side);
}

static void
write_pieces (Side *side)
{
  Lane *lane = &get_other (side)->says;
  Piece *piece;

  while ((piece = g_queue_peek_head (&lane->pieces)) != NULL)
    {
      gssize n = send_piece (side->fd, piece);

      if (n < 0 && errno != EAGAIN)
        give_up (side);
      if (n < 0)
        return;
      g_clear_object (&piece->fd_list);
      piece->n_sent += n;
      lane->n_held -= n;
      if (piece->n_sent == piece->bytes->len)
        piece_free (g_queue_pop_head (&lane->pieces));
    }
}

/* What the other side has said, and that it has said its last. */
static void
speak_to (Side *side)
{
  Lane *lane = &get_other (side)->says;

  write_pieces (side);
  if (!lane->ended || lane->told || lane->n_held > 0)
    return;
  lane->told = TRUE;
  shutdown (side->fd, SHUT_WR);
}

/* --- the loop --- */

static void
watch (Side *side)
{
  GIOCondition wanted = 0;

  if (!side->says.ended && side->says.n_held < MAX_HELD)
    wanted |= G_IO_IN;
  if (get_other (side)->says.n_held > 0)
    wanted |= G_IO_OUT;
  /* Whoever has said all may still hang up, of which is heard without asking; without a descriptor that is not heard again and
   * again. */
  qmp_io_watch_set_fd (&side->watch, wanted != 0 || (side->says.ended && !side->gone) ? side->fd : -1, wanted);
}

static gboolean
dispatch (gpointer     owner,
          GIOCondition ready)
{
  Side *side = owner;
  QmpRelay *self = side->relay;
  gboolean any = listen_to (side);

  if (side->says.ended && (ready & (G_IO_HUP | G_IO_ERR)) != 0)
    side->gone = TRUE;
  speak_to (get_other (side));
  speak_to (side);
  watch (side);
  watch (get_other (side));
  if (any || qmp_relay_is_over (self, NULL))
    self->funcs->rests (self->owner);
  return FALSE;
}

static const QmpIoFuncs io_funcs = { NULL, dispatch };

/* --- the object --- */

static void
set_up_side (QmpRelay     *self,
             QmpRelaySide  which,
             GIOStream    *stream)
{
  Side *side = &self->sides[which];

  *side = (Side) { .relay = self, .which = which, .stream = g_object_ref (stream), .fd = qmp_stream_get_socket_fd (stream) };
}

QmpRelay *
qmp_relay_new (GIOStream            *client,
               GIOStream            *server,
               QmpIoContext         *io,
               const QmpRelayFuncs  *funcs,
               gpointer              owner,
               GError              **error)
{
  QmpRelay *self;

  if (qmp_stream_get_socket_fd (client) < 0 || qmp_stream_get_socket_fd (server) < 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, _("Only what is said over sockets can be recorded"));
      return NULL;
    }
  self = g_new0 (QmpRelay, 1);
  self->funcs = funcs;
  self->owner = owner;
  self->first = -1;
  set_up_side (self, QMP_RELAY_CLIENT, client);
  set_up_side (self, QMP_RELAY_SERVER, server);
  for (guint i = 0; i < G_N_ELEMENTS (self->sides); i++)
    {
      qmp_io_watch_attach (&self->sides[i].watch, io, &io_funcs, &self->sides[i]);
      watch (&self->sides[i]);
    }
  return self;
}

void
qmp_relay_free (QmpRelay *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->sides); i++)
    {
      Side *side = &self->sides[i];

      qmp_io_watch_detach (&side->watch);
      qmp_stream_close (side->stream);
      g_object_unref (side->stream);
      clear_lane (&side->says);
    }
  g_free (self);
}

gboolean
qmp_relay_is_over (QmpRelay     *self,
                   QmpRelaySide *first)
{
  gboolean over = TRUE;

  for (guint i = 0; i < G_N_ELEMENTS (self->sides); i++)
    {
      Side *side = &self->sides[i];

      /* Whoever has left hears nothing more, and all that he has said was passed on. */
      if (side->says.told && side->gone)
        {
          over = TRUE;
          break;
        }
      over = over && side->says.told;
    }
  if (over && first != NULL)
    *first = self->first;
  return over;
}
