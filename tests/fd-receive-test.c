/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test-utils.h"
#include "wire/qmp-fd-receive-private.h"

/* With which byte descriptors come. */

typedef struct {
  int fds[2];
} Fixture;

static void
set_up (Fixture       *self,
        gconstpointer  data)
{
  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, self->fds));
}

static void
tear_down (Fixture       *self,
           gconstpointer  data)
{
  close (self->fds[0]);
  if (self->fds[1] >= 0)
    close (self->fds[1]);
}

/* n times standard error. */
static void
say (Fixture    *self,
     const char *text,
     guint       n)
{
  union { char bytes[CMSG_SPACE (253 * sizeof (int))]; struct cmsghdr align; } control = { { 0 } };
  struct iovec vector = { (char *) text, strlen (text) };
  struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };

  if (n > 0)
    {
      message.msg_control = control.bytes;
      message.msg_controllen = CMSG_SPACE (n * sizeof (int));
      CMSG_FIRSTHDR (&message)->cmsg_level = SOL_SOCKET;
      CMSG_FIRSTHDR (&message)->cmsg_type = SCM_RIGHTS;
      CMSG_FIRSTHDR (&message)->cmsg_len = CMSG_LEN (n * sizeof (int));
      for (guint i = 0; i < n; i++)
        ((int *) CMSG_DATA (CMSG_FIRSTHDR (&message)))[i] = STDERR_FILENO;
    }
  g_assert_cmpint (sendmsg (self->fds[1], &message, 0), ==, strlen (text));
}

/* All reads of at most so many bytes, each with the number of descriptors of its last byte behind it if there are any. */
static char *
hear (Fixture *self,
      gsize    size)
{
  GString *heard = g_string_new (NULL);
  guint8 buffer[512];
  gssize n;

  for (;;)
    {
      g_autoptr(GUnixFDList) fd_list = NULL;

      n = qmp_fd_receive (self->fds[0], buffer, size, &fd_list);
      if (n <= 0)
        break;
      if (heard->len > 0)
        g_string_append_c (heard, '|');
      g_string_append_len (heard, (char *) buffer, n);
      if (fd_list != NULL)
        g_string_append_printf (heard, ":%d", g_unix_fd_list_get_length (fd_list));
    }
  if (n < 0)
    g_assert_cmpint (errno, ==, EAGAIN);
  else
    g_string_append (heard, "|end");
  return g_string_free (heard, FALSE);
}

#define assert_heard(self, size, expected)             \
  G_STMT_START {                                       \
    g_autofree char *heard = hear (self, size);        \
    g_assert_cmpstr (heard, ==, expected);             \
  } G_STMT_END

static void
test_nothing (Fixture       *self,
              gconstpointer  data)
{
  assert_heard (self, 64, "");
  say (self, "abc", 0);
  say (self, "def", 0);
  assert_heard (self, 64, "abcdef");
  say (self, "abc", 0);
  assert_heard (self, 2, "ab|c");
}

static void
test_where (Fixture       *self,
            gconstpointer  data)
{
  say (self, "abc", 1);
  assert_heard (self, 64, "a:1|bc");

  /* The kernel would put what is before it into the same read. */
  say (self, "abc", 0);
  say (self, "d", 0);
  say (self, "efg", 2);
  say (self, "hi", 0);
  assert_heard (self, 64, "abcde:2|fghi");

  say (self, "x", 0);
  say (self, "y", 1);
  say (self, "z", 1);
  assert_heard (self, 64, "xy:1|z:1");
}

static void
test_little_room (Fixture       *self,
                  gconstpointer  data)
{
  say (self, "abc", 0);
  say (self, "defg", 1);
  say (self, "hij", 1);
  assert_heard (self, 2, "ab|cd:1|ef|gh:1|ij");
}

/* More than is read in one go before them. */
static void
test_far (Fixture       *self,
          gconstpointer  data)
{
  g_autofree char *before = g_strnfill (300, '.');
  g_autofree char *expected = g_strdup_printf ("%.256s|%.44sa:1|b", before, before);

  say (self, before, 0);
  say (self, "ab", 1);
  assert_heard (self, 512, expected);
}

static void
test_most (Fixture       *self,
           gconstpointer  data)
{
  say (self, "a", 0);
  say (self, "b", 253);
  assert_heard (self, 64, "ab:253");
}

static void
test_end (Fixture       *self,
          gconstpointer  data)
{
  say (self, "a", 0);
  say (self, "b", 1);
  close (self->fds[1]);
  self->fds[1] = -1;
  assert_heard (self, 64, "ab:1|end");
}

#define ADD(path, function) \
  g_test_add ("/fd-receive/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("nothing", test_nothing);
  ADD ("where", test_where);
  ADD ("little-room", test_little_room);
  ADD ("far", test_far);
  ADD ("most", test_most);
  ADD ("end", test_end);

  return g_test_run ();
}
