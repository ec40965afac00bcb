/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-server.h"

#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* QEMU 7.2 for x86 sends 207 kB in about a thousand entries. */
#define SCHEMA_ENTRIES 1051
#define SCHEMA_SIZE 206990

#define GREETING                                                                              \
  "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7}, "          \
  "\"package\": \"bench\"}, \"capabilities\": []}}\r\n"
#define EVENT                                                                                 \
  "{\"timestamp\": {\"seconds\": 1700000000, \"microseconds\": 123456}, \"event\": \"STOP\"}\r\n"

#define OTHER_EVENT                                                                           \
  "{\"timestamp\": {\"seconds\": 1700000000, \"microseconds\": 123456}, \"event\": \"RTC_CHANGE\"}\r\n"

static void
write_all (int         fd,
           const char *text,
           gsize       length)
{
  while (length > 0)
    {
      gssize n = write (fd, text, length);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        _exit (0);
      text += n;
      length -= n;
    }
}

char *
bench_server_build_schema (void)
{
  GString *text = g_string_new ("{\"return\": [");

  for (int i = 0; i < SCHEMA_ENTRIES; i++)
    {
      gsize want = (gsize) SCHEMA_SIZE * (i + 1) / SCHEMA_ENTRIES;

      g_string_append_printf (text, "%s{\"name\": \"%d\", \"members\": [", i > 0 ? ", " : "", i);
      for (int member = 0; text->len + 80 < want; member++)
        g_string_append_printf (text, "%s{\"name\": \"member-%d\", \"default\": null, \"type\": \"%d\"}",
                                member > 0 ? ", " : "", member, (i * 7) % 900);
      g_string_append (text, "], \"meta-type\": \"object\"}");
    }
  g_string_append (text, "]");
  return g_string_free (text, FALSE);
}

static void
answer (GString    *out,
        const char *command,
        gsize       length,
        const char *schema)
{
  const char *id = g_strstr_len (command, length, "\"id\":");

  if (g_strstr_len (command, length, "flood") != NULL)
    for (int i = 0; i < BENCH_FLOOD; i++)
      g_string_append (out, EVENT);
  if (g_strstr_len (command, length, "drizzle") != NULL)
    for (int i = 0; i < BENCH_FLOOD; i++)
      g_string_append (out, OTHER_EVENT);
  if (g_strstr_len (command, length, "query-qmp-schema") != NULL)
    g_string_append (out, schema);
  else if (g_strstr_len (command, length, "\"status\"") != NULL)
    g_string_append (out, "{\"return\": {\"status\": \"running\", \"singlestep\": false, \"running\": true}");
  else
    g_string_append (out, "{\"return\": {}");
  if (id != NULL)
    {
      id += strlen ("\"id\":");
      g_string_append (out, ", \"id\": ");
      g_string_append_len (out, id, strcspn (id, "}"));
    }
  g_string_append (out, "}\r\n");
}

/* The clients that are measured send objects within objects nowhere but in qmp_capabilities' enable, so a
 * command ends at the brace that closes its outermost one. */
static gsize
answer_all (GString    *in,
            GString    *out,
            const char *schema)
{
  gsize start = 0;
  int depth = 0;

  for (gsize i = 0; i < in->len; i++)
    {
      if (in->str[i] == '{' && depth++ == 0)
        start = i;
      if (in->str[i] == '}' && --depth == 0)
        {
          answer (out, in->str + start, i + 1 - start, schema);
          start = i + 1;
        }
    }
  return start;
}

static void
serve (int         fd,
       const char *schema)
{
  g_autoptr(GString) in = g_string_sized_new (1 << 20);
  g_autoptr(GString) out = g_string_sized_new (1 << 20);
  gssize n;

  write_all (fd, GREETING, strlen (GREETING));
  while ((n = read (fd, in->str + in->len, in->allocated_len - in->len - 1)) > 0)
    {
      in->len += n;
      in->str[in->len] = '\0';
      g_string_erase (in, 0, answer_all (in, out, schema));
      write_all (fd, out->str, out->len);
      g_string_truncate (out, 0);
    }
  close (fd);
}

int
bench_server_start (void)
{
  int fds[2];

  if (socketpair (AF_UNIX, SOCK_STREAM, 0, fds) < 0)
    g_error ("socketpair: %s", g_strerror (errno));
  if (fork () == 0)
    {
      g_autofree char *schema = bench_server_build_schema ();

      prctl (PR_SET_PDEATHSIG, SIGKILL);
      close (fds[0]);
      serve (fds[1], schema);
      _exit (0);
    }
  close (fds[1]);
  return fds[0];
}

static int
listen_at (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int listening = socket (AF_UNIX, SOCK_STREAM, 0);

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  if (bind (listening, (struct sockaddr *) &address, sizeof address) < 0 || listen (listening, 16) < 0)
    g_error ("%s: %s", path, g_strerror (errno));
  return listening;
}

pid_t
bench_server_listen (const char *path)
{
  int listening = listen_at (path);
  pid_t pid = fork ();

  if (pid == 0)
    {
      g_autofree char *schema = bench_server_build_schema ();

      prctl (PR_SET_PDEATHSIG, SIGKILL);
      for (;;)
        serve (accept (listening, NULL, NULL), schema);
    }
  close (listening);
  return pid;
}

static void
watch (int epoll_fd,
       int fd)
{
  struct epoll_event event = { EPOLLIN, { .fd = fd } };

  if (epoll_ctl (epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
    g_error ("epoll_ctl: %s", g_strerror (errno));
}

static void
greet_next (int epoll_fd,
            int listening)
{
  int fd = accept (listening, NULL, NULL);

  if (fd < 0)
    g_error ("accept: %s", g_strerror (errno));
  watch (epoll_fd, fd);
  write_all (fd, GREETING, strlen (GREETING));
}

/* Each command comes whole: they are small, and no client sends one before it has the reply to the last. */
static void
answer_next (int         fd,
             GString    *in,
             GString    *out,
             const char *schema)
{
  gssize n = read (fd, in->str, in->allocated_len - 1);

  if (n <= 0)
    {
      close (fd);
      return;
    }
  in->len = n;
  in->str[n] = '\0';
  answer_all (in, out, schema);
  write_all (fd, out->str, out->len);
  g_string_truncate (out, 0);
}

static void
serve_all (int listening)
{
  g_autoptr(GString) in = g_string_sized_new (1 << 16);
  g_autoptr(GString) out = g_string_sized_new (1 << 16);
  int epoll_fd = epoll_create1 (0);

  watch (epoll_fd, listening);
  for (;;)
    {
      struct epoll_event events[64];
      int n = epoll_wait (epoll_fd, events, G_N_ELEMENTS (events), -1);

      for (int i = 0; i < n; i++)
        if (events[i].data.fd == listening)
          greet_next (epoll_fd, listening);
        else
          answer_next (events[i].data.fd, in, out, "");
    }
}

pid_t
bench_server_listen_for_all (const char *path)
{
  int listening = listen_at (path);
  pid_t pid = fork ();

  if (pid == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      serve_all (listening);
    }
  close (listening);
  return pid;
}
