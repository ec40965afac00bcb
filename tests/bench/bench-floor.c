/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-floor.h"

#include <errno.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench-case.h"
#include "bench-server.h"

static void
send_text (int         fd,
           const char *text)
{
  if (send (fd, text, strlen (text), MSG_NOSIGNAL) != (gssize) strlen (text))
    g_error ("send: %s", g_strerror (errno));
}

/* Reads until so many lines have come. */
static void
read_lines (int   fd,
            guint n_lines)
{
  static char buffer[65536];

  while (n_lines > 0)
    {
      gssize n = recv (fd, buffer, sizeof buffer, 0);

      if (n <= 0)
        g_error ("recv: %s", g_strerror (errno));
      for (char *p = buffer; (p = memchr (p, '\n', buffer + n - p)) != NULL; p++)
        n_lines--;
    }
}

/* As whoever has more to wait for than one socket must. */
static void
poll_lines (int   fd,
            guint n_lines)
{
  struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

  if (poll (&poll_fd, 1, -1) != 1)
    g_error ("poll: %s", g_strerror (errno));
  read_lines (fd, n_lines);
}

typedef void (* ReadFunc) (int   fd,
                           guint n_lines);

static int
open_floor_with (int      fd,
                 ReadFunc read)
{
  read (fd, 1);
  send_text (fd, "{\"execute\":\"qmp_capabilities\",\"id\":123456789}");
  read (fd, 1);
  return fd;
}

static int
open_floor (int fd)
{
  return open_floor_with (fd, read_lines);
}

static void
send_command (int   fd,
              guint i)
{
  char text[64];

  g_snprintf (text, sizeof text, "{\"execute\":\"query-status\",\"id\":%u}", 10000 + i);
  send_text (fd, text);
}

static void
run_floor (guint    count,
           ReadFunc read)
{
  int fd = open_floor (bench_connect ());

  bench_begin ();
  for (guint i = 0; i < count; i++)
    {
      send_command (fd, i);
      read (fd, 1);
    }
  bench_end ();
}

void
bench_floor_blocking (guint count)
{
  run_floor (count, read_lines);
}

void
bench_floor_poll (guint count)
{
  run_floor (count, poll_lines);
}

typedef struct {
  int        fd;
  guint      to_send;
  GMainLoop *loop;
} FloorLoop;

static gboolean
readable_cb (int          fd,
             GIOCondition ready,
             gpointer     user_data)
{
  FloorLoop *self = user_data;

  read_lines (fd, 1);
  if (--self->to_send > 0)
    send_command (fd, self->to_send);
  else
    g_main_loop_quit (self->loop);
  return G_SOURCE_CONTINUE;
}

/* As a main loop must, with a source of one descriptor. GLib takes that out of what it polls while a source is dispatched
 * that cannot recurse, which costs four system calls more. */
void
bench_floor_loop (guint count)
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  FloorLoop self = { open_floor (bench_connect ()), count, loop };
  g_autoptr(GSource) source = g_unix_fd_source_new (self.fd, G_IO_IN);

  g_source_set_callback (source, G_SOURCE_FUNC (readable_cb), &self, NULL);
  g_source_set_can_recurse (source, TRUE);
  g_source_attach (source, NULL);
  bench_begin ();
  send_command (self.fd, count);
  g_main_loop_run (loop);
  bench_end ();
}

void
bench_floor_pipelined (guint count)
{
  int fd = open_floor (bench_connect ());

  bench_begin ();
  for (guint done = 0; done < count; done += BENCH_IN_FLIGHT)
    {
      g_autoptr(GString) text = g_string_new (NULL);

      for (guint i = 0; i < BENCH_IN_FLIGHT; i++)
        g_string_append_printf (text, "{\"execute\":\"query-status\",\"id\":%u}", 10000 + i);
      send_text (fd, text->str);
      read_lines (fd, BENCH_IN_FLIGHT);
    }
  bench_end ();
}

void
bench_floor_event (guint count)
{
  int fd = open_floor (bench_connect ());

  bench_begin ();
  for (guint done = 0; done < count; done += BENCH_FLOOD)
    {
      send_text (fd, "{\"execute\":\"flood\",\"id\":1}");
      read_lines (fd, BENCH_FLOOD + 1);
    }
  bench_end ();
}

void
bench_floor_schema (guint count)
{
  int fd = open_floor (bench_connect ());

  bench_begin ();
  for (guint i = 0; i < count; i++)
    {
      send_text (fd, "{\"execute\":\"query-qmp-schema\",\"id\":1}");
      read_lines (fd, 1);
    }
  bench_end ();
}

static void
run_floor_open (guint    count,
                ReadFunc read)
{
  pid_t pid;
  g_autofree char *path = bench_listen_somewhere (&pid);

  bench_begin ();
  for (guint i = 0; i < count; i++)
    close (open_floor_with (bench_connect_to (path), read));
  bench_end ();
  unlink (path);
  kill (pid, SIGKILL);
}

void
bench_floor_open (guint count)
{
  run_floor_open (count, read_lines);
}

void
bench_floor_open_poll (guint count)
{
  run_floor_open (count, poll_lines);
}
