/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Its inline functions would call themselves here. */
#undef _FORTIFY_SOURCE

#include "test-faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <gmodule.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static __thread const TestFault *current;
static __thread guint n_calls;
static __thread guint n_of_kind[8];
static __thread gsize n_bytes;

void
test_faults_begin (const TestFault *fault)
{
  g_assert (current == NULL);

  n_calls = 0;
  memset (n_of_kind, 0, sizeof (n_of_kind));
  n_bytes = 0;
  current = fault;
}

guint
test_faults_end (void)
{
  current = NULL;
  return n_calls;
}

gsize
test_faults_get_n_bytes (void)
{
  return n_bytes;
}

/* --- what becomes of a call --- */

static gboolean
is_about_call (TestCall call)
{
  return current != NULL && (current->calls & call) != 0;
}

/* The library's wakeups and files go on as ever. */
static gboolean
is_about (TestCall call,
          int      fd)
{
  struct stat info;

  return is_about_call (call) && fstat (fd, &info) == 0 &&
         (S_ISSOCK (info.st_mode) || S_ISFIFO (info.st_mode) || S_ISCHR (info.st_mode));
}

/* Counts a call; TRUE with errno set if it fails. */
static gboolean
fails (TestCall call)
{
  guint nth = n_calls++;
  guint nth_of_kind = n_of_kind[g_bit_nth_lsf (call, -1)]++;

  if (current->code == 0 || nth < current->first || (current->n > 0 && nth >= current->first + current->n) ||
      (current->every_other && nth_of_kind % 2 != 0))
    return FALSE;
  errno = current->code;
  return TRUE;
}

static gsize
shorten (gsize length)
{
  if (current->limit > 0)
    length = MIN (length, current->limit);
  if (current->split > n_bytes)
    length = MIN (length, current->split - n_bytes);
  return length;
}

/* vectors (out): of message, no more than length bytes of them. */
static void
shorten_message (const struct msghdr *message,
                 struct msghdr       *shortened,
                 struct iovec        *vectors)
{
  gsize room = G_MAXSIZE;
  gsize i;

  *shortened = *message;
  room = shorten (room);
  for (i = 0; i < message->msg_iovlen && room > 0; i++)
    {
      vectors[i] = message->msg_iov[i];
      vectors[i].iov_len = MIN (vectors[i].iov_len, room);
      room -= vectors[i].iov_len;
    }
  shortened->msg_iov = vectors;
  shortened->msg_iovlen = i;
}

static gssize
count (gssize n)
{
  n_bytes += MAX (n, 0);
  return n;
}

/* --- the calls --- */

#define REAL(name) ((__typeof__ (&name)) find_real (#name))

static gpointer
find_real (const char *name)
{
  gpointer function = dlsym (RTLD_NEXT, name);

  g_assert (function != NULL);
  return function;
}

G_MODULE_EXPORT ssize_t
recv (int    fd,
      void  *buffer,
      size_t length,
      int    flags)
{
  if (!is_about (TEST_CALL_READ, fd))
    return REAL (recv) (fd, buffer, length, flags);
  return fails (TEST_CALL_READ) ? -1 : count (REAL (recv) (fd, buffer, shorten (length), flags));
}

G_MODULE_EXPORT ssize_t
recvmsg (int            fd,
         struct msghdr *message,
         int            flags)
{
  struct msghdr shortened;
  struct iovec vectors[64];
  gssize n;

  if (!is_about (TEST_CALL_READ, fd))
    return REAL (recvmsg) (fd, message, flags);
  if (fails (TEST_CALL_READ))
    return -1;
  shorten_message (message, &shortened, vectors);
  n = count (REAL (recvmsg) (fd, &shortened, flags));
  message->msg_controllen = shortened.msg_controllen;
  message->msg_namelen = shortened.msg_namelen;
  message->msg_flags = shortened.msg_flags;
  return n;
}

G_MODULE_EXPORT ssize_t
read (int    fd,
      void  *buffer,
      size_t length)
{
  if (!is_about (TEST_CALL_READ, fd))
    return REAL (read) (fd, buffer, length);
  return fails (TEST_CALL_READ) ? -1 : count (REAL (read) (fd, buffer, shorten (length)));
}

G_MODULE_EXPORT ssize_t
send (int         fd,
      const void *buffer,
      size_t      length,
      int         flags)
{
  if (!is_about (TEST_CALL_WRITE, fd))
    return REAL (send) (fd, buffer, length, flags);
  return fails (TEST_CALL_WRITE) ? -1 : count (REAL (send) (fd, buffer, shorten (length), flags));
}

G_MODULE_EXPORT ssize_t
sendmsg (int                  fd,
         const struct msghdr *message,
         int                  flags)
{
  struct msghdr shortened;
  struct iovec vectors[64];

  if (!is_about (TEST_CALL_WRITE, fd))
    return REAL (sendmsg) (fd, message, flags);
  if (fails (TEST_CALL_WRITE))
    return -1;
  shorten_message (message, &shortened, vectors);
  return count (REAL (sendmsg) (fd, &shortened, flags));
}

G_MODULE_EXPORT ssize_t
write (int         fd,
       const void *buffer,
       size_t      length)
{
  if (!is_about (TEST_CALL_WRITE, fd))
    return REAL (write) (fd, buffer, length);
  return fails (TEST_CALL_WRITE) ? -1 : count (REAL (write) (fd, buffer, shorten (length)));
}

G_MODULE_EXPORT ssize_t
writev (int                 fd,
        const struct iovec *vectors,
        int                 n_vectors)
{
  struct msghdr message = { .msg_iov = (struct iovec *) vectors, .msg_iovlen = n_vectors };
  struct msghdr shortened;
  struct iovec shortened_vectors[64];

  if (!is_about (TEST_CALL_WRITE, fd))
    return REAL (writev) (fd, vectors, n_vectors);
  if (fails (TEST_CALL_WRITE))
    return -1;
  shorten_message (&message, &shortened, shortened_vectors);
  return count (REAL (writev) (fd, shortened.msg_iov, shortened.msg_iovlen));
}

G_MODULE_EXPORT int
poll (struct pollfd *entries,
      nfds_t         n_entries,
      int            timeout)
{
  if (is_about_call (TEST_CALL_POLL) && fails (TEST_CALL_POLL))
    return -1;
  return REAL (poll) (entries, n_entries, timeout);
}

G_MODULE_EXPORT int
socket (int domain,
        int type,
        int protocol)
{
  if (is_about_call (TEST_CALL_SOCKET) && fails (TEST_CALL_SOCKET))
    return -1;
  return REAL (socket) (domain, type, protocol);
}

G_MODULE_EXPORT int
connect (int                    fd,
         const struct sockaddr *address,
         socklen_t              length)
{
  if (is_about (TEST_CALL_CONNECT, fd) && fails (TEST_CALL_CONNECT))
    return -1;
  return REAL (connect) (fd, address, length);
}

G_MODULE_EXPORT int
accept (int              fd,
        struct sockaddr *address,
        socklen_t       *length)
{
  if (is_about (TEST_CALL_ACCEPT, fd) && fails (TEST_CALL_ACCEPT))
    return -1;
  return REAL (accept) (fd, address, length);
}

/* What newer GLibs call instead. */
G_MODULE_EXPORT int
accept4 (int              fd,
         struct sockaddr *address,
         socklen_t       *length,
         int              flags)
{
  if (is_about (TEST_CALL_ACCEPT, fd) && fails (TEST_CALL_ACCEPT))
    return -1;
  return REAL (accept4) (fd, address, length, flags);
}
