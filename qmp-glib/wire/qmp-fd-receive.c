/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "wire/qmp-fd-receive-private.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* So many bytes before descriptors are read in one go. */
#define MAX_BYTES 256

/* Descriptors stand with the first byte of what was sent along with them, and the kernel puts into one read what was
 * sent before that, too. So we look first: without room for descriptors the kernel says that there are some, and takes
 * nothing away. It does not say where: it also tells of those that stand behind what was looked at. So then, which is
 * seldom, we read byte by byte. */

static gssize
receive (int            fd,
         struct msghdr *message,
         int            flags)
{
  gssize n;

  do
    n = recvmsg (fd, message, flags | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  while (n < 0 && errno == EINTR);
  return n;
}

/* How much is there, up to size, and do descriptors come with any of it? */
static gssize
peek (int       fd,
      guint8   *buffer,
      gsize     size,
      gboolean *has_fds)
{
  struct iovec vector = { buffer, size };
  struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
  gssize n = receive (fd, &message, MSG_PEEK);

  *has_fds = n > 0 && (message.msg_flags & MSG_CTRUNC) != 0;
  return n;
}

static void
take_fds (struct msghdr  *message,
          GUnixFDList   **fd_list)
{
  for (struct cmsghdr *header = CMSG_FIRSTHDR (message); header != NULL; header = CMSG_NXTHDR (message, header))
    {
      int fds[QMP_MAX_FDS];
      gsize length = header->cmsg_len - CMSG_LEN (0);

      if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS || length > sizeof (fds))
        continue;
      g_clear_object (fd_list);
      memcpy (fds, CMSG_DATA (header), length);
      *fd_list = g_unix_fd_list_new_from_array (fds, length / sizeof (int));
    }
}

static gssize
receive_byte (int           fd,
              guint8       *byte,
              GUnixFDList **fd_list)
{
  union { char bytes[CMSG_SPACE (QMP_MAX_FDS * sizeof (int))]; struct cmsghdr align; } control;
  struct iovec vector = { byte, 1 };
  struct msghdr message = {
    .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof (control),
  };
  gssize n = receive (fd, &message, 0);

  if (n > 0)
    take_fds (&message, fd_list);
  return n;
}

static gssize
receive_to_fds (int           fd,
                guint8       *buffer,
                gsize         size,
                GUnixFDList **fd_list)
{
  gsize n = 0;

  while (n < MIN (size, MAX_BYTES) && *fd_list == NULL && receive_byte (fd, buffer + n, fd_list) == 1)
    n++;
  return n;
}

gssize
qmp_fd_receive (int           fd,
                guint8       *buffer,
                gsize         size,
                GUnixFDList **fd_list)
{
  gboolean has_fds;
  gssize n = peek (fd, buffer, size, &has_fds);

  *fd_list = NULL;
  if (n <= 0)
    return n;
  return has_fds ? receive_to_fds (fd, buffer, n, fd_list) : recv (fd, buffer, n, MSG_DONTWAIT);
}
