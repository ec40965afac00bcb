/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-share.h"

#include <errno.h>
#include <poll.h>
#include <qmp-glib/qmp-glib.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench-server.h"

#define MAX_CLIENTS 64
#define COMMAND "{\"execute\": \"query-name\", \"id\": 7}\n"
#define NEGOTIATE "{\"execute\": \"qmp_capabilities\"}\n"

static void
fail (const char *what)
{
  g_error ("%s: %s", what, g_strerror (errno));
}

/* --- the process in the middle --- */

static void
copy (int from,
      int to)
{
  char buffer[65536];
  gssize n = read (from, buffer, sizeof buffer);

  if (n <= 0 || write (to, buffer, n) != n)
    _exit (0);
}

static void
copy_for_ever (int client,
               int server)
{
  struct pollfd fds[] = { { client, POLLIN, 0 }, { server, POLLIN, 0 } };

  for (;;)
    {
      if (poll (fds, G_N_ELEMENTS (fds), -1) < 0)
        fail ("poll");
      if (fds[0].revents != 0)
        copy (client, server);
      if (fds[1].revents != 0)
        copy (server, client);
    }
}

static GIOStream *
new_stream (int fd)
{
  g_autoptr(GSocket) socket = g_socket_new_from_fd (fd, NULL);

  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

static void
share_for_ever (int   *clients,
                guint  n_clients,
                int    server)
{
  g_autoptr(QmpClient) client = qmp_client_new (NULL);
  g_autoptr(GIOStream) upstream = new_stream (server);
  g_autoptr(QmpMultiplexer) multiplexer = qmp_multiplexer_new (client);
  g_autoptr(GError) error = NULL;

  if (!qmp_client_open_stream (client, upstream, NULL, &error))
    g_error ("%s", error->message);
  for (guint i = 0; i < n_clients; i++)
    {
      g_autoptr(GIOStream) stream = new_stream (clients[i]);

      if (!qmp_server_add_stream (qmp_multiplexer_get_server (multiplexer), stream, &error))
        g_error ("%s", error->message);
    }
  for (;;)
    g_main_context_iteration (NULL, TRUE);
}

/* --- the clients --- */

/* Reads so many lines. */
static void
read_lines (int   fd,
            guint n)
{
  char buffer[65536];

  while (n > 0)
    {
      gssize length = read (fd, buffer, sizeof buffer);

      if (length <= 0)
        fail ("read");
      for (gssize i = 0; i < length; i++)
        n -= buffer[i] == '\n';
    }
}

static void
write_all (int         fd,
           const char *text,
           gsize       length)
{
  if (write (fd, text, length) != (gssize) length)
    fail ("write");
}

static gint64
get_processor_time (pid_t pid)
{
  struct timespec time;
  clockid_t clock;

  if (clock_getcpuclockid (pid, &clock) != 0 || clock_gettime (clock, &time) < 0)
    fail ("clock");
  return time.tv_sec * G_USEC_PER_SEC + time.tv_nsec / 1000;
}

/* One of them asks for many events, and all get all. */
static void
hear (int   *clients,
      guint  n_clients,
      guint  n_messages)
{
  const char *command = "{\"execute\": \"flood\"}\n";

  for (guint n = 0; n < n_messages; n += BENCH_FLOOD)
    {
      write_all (clients[0], command, strlen (command));
      for (guint i = 0; i < n_clients; i++)
        read_lines (clients[i], BENCH_FLOOD + (i == 0 ? 1 : 0));
    }
}

static void
converse (int   *clients,
          guint  n_clients,
          guint  in_flight,
          guint  n_messages)
{
  g_autoptr(GString) text = g_string_new (NULL);

  if (in_flight == 0)
    {
      hear (clients, n_clients, n_messages);
      return;
    }
  for (guint i = 0; i < in_flight; i++)
    g_string_append (text, COMMAND);
  for (guint n = 0; n < n_messages; n += 2 * in_flight * n_clients)
    {
      for (guint i = 0; i < n_clients; i++)
        write_all (clients[i], text->str, text->len);
      for (guint i = 0; i < n_clients; i++)
        read_lines (clients[i], in_flight);
    }
}

/* --- all of it --- */

static gint64
run (guint    n_messages,
     guint    n_clients,
     guint    in_flight,
     gboolean copies)
{
  int ours[MAX_CLIENTS], theirs[MAX_CLIENTS];
  int server = bench_server_start ();
  gint64 begun, taken;
  pid_t middle;

  for (guint i = 0; i < n_clients; i++)
    {
      int fds[2];

      if (socketpair (AF_UNIX, SOCK_STREAM, 0, fds) < 0)
        fail ("socketpair");
      ours[i] = fds[0];
      theirs[i] = fds[1];
    }
  middle = fork ();
  if (middle == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      if (copies)
        copy_for_ever (theirs[0], server);
      else
        share_for_ever (theirs, n_clients, server);
    }
  for (guint i = 0; i < n_clients; i++)
    {
      read_lines (ours[i], 1);
      write_all (ours[i], NEGOTIATE, strlen (NEGOTIATE));
      read_lines (ours[i], 1);
    }
  converse (ours, n_clients, in_flight, n_messages / 10);
  begun = get_processor_time (middle);
  converse (ours, n_clients, in_flight, n_messages);
  taken = get_processor_time (middle) - begun;
  kill (middle, SIGTERM);
  return taken;
}

gint64
bench_share_run (guint n_messages,
                 guint n_clients,
                 guint in_flight)
{
  return run (n_messages, n_clients, in_flight, FALSE);
}

gint64
bench_share_copy (guint n_messages,
                  guint in_flight)
{
  return run (n_messages, 1, in_flight, TRUE);
}
