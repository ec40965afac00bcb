/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What no program can do without that is linked to the libraries of qmp: it does nothing, or, with the path of a monitor,
 * asks it for query-status by bare system calls.
 *
 *   bench-call [PATH]
 */

#include <gio/gio.h>
#include <json-glib/json-glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char line[4096];

static int
connect_to (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (strlen (path) >= sizeof address.sun_path)
    exit (EXIT_FAILURE);
  strcpy (address.sun_path, path);
  if (connect (fd, (struct sockaddr *) &address, sizeof address) != 0)
    exit (EXIT_FAILURE);
  return fd;
}

/* Returns its length. */
static gsize
read_line (int fd)
{
  gsize length = 0;
  gssize n;

  do
    {
      n = read (fd, line + length, sizeof line - length);
      if (n <= 0)
        exit (EXIT_FAILURE);
      length += n;
    }
  while (line[length - 1] != '\n');
  return length;
}

static void
write_all (int         fd,
           const char *text,
           gsize       length)
{
  if (write (fd, text, length) != (gssize) length)
    exit (EXIT_FAILURE);
}

static void
send_command (int         fd,
              const char *text)
{
  write_all (fd, text, strlen (text));
}

static void
ask (const char *path)
{
  int fd = connect_to (path);

  read_line (fd);
  send_command (fd, "{\"execute\":\"qmp_capabilities\"}");
  read_line (fd);
  send_command (fd, "{\"execute\":\"query-status\"}");
  write_all (STDOUT_FILENO, line, read_line (fd));
}

int
main (int    argc,
      char **argv)
{
  /* So that they are linked. */
  if (argc > 2)
    return g_socket_get_type () == json_node_get_type ();
  if (argc > 1)
    ask (argv[1]);
  return EXIT_SUCCESS;
}
