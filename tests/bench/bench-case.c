/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-case.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench-server.h"

const char *bench_server_path;
gint64 bench_elapsed;
static gint64 started;

void
bench_begin (void)
{
  started = g_get_monotonic_time ();
}

void
bench_end (void)
{
  bench_elapsed = g_get_monotonic_time () - started;
}

int
bench_connect_to (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  if (connect (fd, (struct sockaddr *) &address, sizeof address) < 0)
    g_error ("connect: %s", g_strerror (errno));
  return fd;
}

int
bench_connect (void)
{
  return bench_server_path != NULL ? bench_connect_to (bench_server_path) : bench_server_start ();
}

char *
bench_listen_somewhere (pid_t *pid)
{
  char *path = g_strdup_printf ("%s/qmp-bench-%d.sock", g_get_tmp_dir (), getpid ());

  unlink (path);
  *pid = bench_server_listen (path);
  return path;
}
