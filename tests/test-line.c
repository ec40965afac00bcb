/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "test-line.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct _TestLine {
  int fd;
};

TestLine *
test_line_new (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  TestLine *self = g_new0 (TestLine, 1);

  self->fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_strlcpy (address.sun_path, path, sizeof (address.sun_path));
  g_assert_no_errno (connect (self->fd, (struct sockaddr *) &address, sizeof (address)));
  return self;
}

TestLine *
test_line_open (const char *path)
{
  TestLine *self = test_line_new (path);
  g_autofree char *greeting = test_line_read (self);

  g_assert_true (g_str_has_prefix (greeting, "{\"QMP\": "));
  test_line_assert_answer (self, "{\"execute\": \"qmp_capabilities\"}", "{\"return\": {}}");
  return self;
}

void
test_line_free (TestLine *self)
{
  close (self->fd);
  g_free (self);
}

void
test_line_say (TestLine   *self,
               const char *text)
{
  g_autofree char *line = g_strconcat (text, "\n", NULL);

  g_assert_cmpint (send (self->fd, line, strlen (line), MSG_NOSIGNAL), ==, strlen (line));
}

static gboolean
is_there (TestLine *self,
          int       timeout)
{
  struct pollfd entry = { .fd = self->fd, .events = POLLIN };

  return poll (&entry, 1, timeout) == 1;
}

gboolean
test_line_has_any (TestLine *self)
{
  return is_there (self, 0);
}

static gssize
receive (TestLine *self,
         char     *buffer,
         gsize     size)
{
  gssize n;

  if (!is_there (self, TEST_DEADLINE_SECONDS * 1000))
    g_error ("The server says nothing");
  errno = 0;
  n = recv (self->fd, buffer, size, 0);
  if (n < 0)
    g_assert_cmpint (errno, ==, ECONNRESET);
  return n;
}

/* {"timestamp": {...}, "event": ... */
static char *
without_time (const char *line)
{
  const char *end;

  if (!g_str_has_prefix (line, "{\"timestamp\""))
    return g_strdup (line);
  end = strstr (line, "}, ");
  g_assert_nonnull (end);
  return g_strconcat ("{", end + strlen ("}, "), NULL);
}

char *
test_line_read (TestLine *self)
{
  g_autoptr(GString) line = g_string_new (NULL);
  char byte;

  while (receive (self, &byte, 1) == 1)
    {
      if (byte == '\n')
        return without_time (g_strchomp (line->str));
      g_string_append_c (line, byte);
    }
  return NULL;
}

char *
test_line_read_all (TestLine *self)
{
  char buffer[64 * 1024];
  gssize n = receive (self, buffer, sizeof (buffer));

  return g_strndup (buffer, MAX (n, 0));
}

char *
test_line_until (TestLine   *self,
                 const char *part)
{
  g_autoptr(GString) lines = g_string_new (NULL);

  while (TRUE)
    {
      g_autofree char *line = test_line_read (self);

      g_assert_nonnull (line);
      g_string_append_printf (lines, "%s\n", line);
      if (strstr (line, part) != NULL)
        return g_string_free (g_steal_pointer (&lines), FALSE);
    }
}
