/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <malloc.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "test-utils.h"

/* Endurance and numbers. The server is a thread that serves every connection from one epoll loop and allocates
 * nothing while it runs, so that what malloc() says is the client's. Under valgrind there is less of everything
 * (QMP_TEST_FEW): it looks for leaks itself. */

static gboolean
is_few (void)
{
  return TEST_FEW;
}

/* --- the server --- */

#define MAX_LINKS 1100
#define GREETING \
  "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7}, \"package\": \"\"}, " \
  "\"capabilities\": []}}\r\n"
/* As much of a flood as goes out before the other links are looked at again. */
#define FLOOD_CHUNK (16 * 1024)
#define N_STOP 4096

typedef struct {
  gboolean active;
  char     in[512];
  gsize    n_in;
} Link;

typedef struct {
  GThread  *thread;
  int       epoll;
  int       listener;      /* -1 for none */
  int       stop;          /* an eventfd */
  Link      links[N_STOP]; /* by descriptor */
  guint     flood_size;    /* events that the command "flood" brings */
  int       flooding;      /* the link that is flooded, -1 for none */
  guint     n_flooded;
  char      out[FLOOD_CHUNK + 256];
  gsize     n_out;
  gsize     written;       /* of out */
} Server;

static void
server_watch (Server *server,
              int     fd,
              guint   events,
              int     operation)
{
  struct epoll_event event = { .events = events, .data.fd = fd };

  g_assert_cmpint (epoll_ctl (server->epoll, operation, fd, &event), ==, 0);
}

/* Small enough that the socket takes it. */
static void
server_say (int         fd,
            const char *text)
{
  gssize length = strlen (text);
  gssize n = send (fd, text, length, MSG_NOSIGNAL);

  if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
    return;
  g_assert_cmpint (n, ==, length);
}

static void
server_add (Server *server,
            int     fd)
{
  g_assert_cmpint (fd, <, N_STOP);
  server->links[fd] = (Link) { .active = TRUE };
  server_watch (server, fd, EPOLLIN, EPOLL_CTL_ADD);
  server_say (fd, GREETING);
}

static void
server_drop (Server *server,
             int     fd)
{
  server->links[fd].active = FALSE;
  close (fd);
}

/* The library writes the id last. */
static void
server_answer (Server *server,
               int     fd,
               char   *command)
{
  char reply[128];
  char *id = strstr (command, "\"id\":");

  g_assert_nonnull (id);
  if (g_str_has_prefix (command, "{\"execute\":\"flood\""))
    {
      server->flooding = fd;
      server_watch (server, fd, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
    }
  g_snprintf (reply, sizeof reply, "{\"return\": {}, %s\r\n", id);
  server_say (fd, reply);
}

static void
server_read (Server *server,
             int     fd)
{
  Link *link = &server->links[fd];
  gssize n = recv (fd, link->in + link->n_in, sizeof link->in - link->n_in - 1, 0);
  char *end;

  if (n <= 0)
    {
      server_drop (server, fd);
      return;
    }
  link->n_in += n;
  link->in[link->n_in] = '\0';
  while ((end = strchr (link->in, '}')) != NULL)
    {
      char rest[sizeof link->in];

      g_strlcpy (rest, end + 1, sizeof rest);
      end[1] = '\0';
      server_answer (server, fd, link->in);
      g_strlcpy (link->in, rest, sizeof link->in);
      link->n_in = strlen (link->in);
    }
}

static void
server_fill (Server *server)
{
  server->written = 0;
  server->n_out = 0;
  while (server->n_out < FLOOD_CHUNK && server->n_flooded < server->flood_size)
    server->n_out += g_snprintf (server->out + server->n_out, sizeof server->out - server->n_out,
                                 "{\"timestamp\": {\"seconds\": 1700000000, \"microseconds\": 250000}, "
                                 "\"event\": \"FLOOD\", \"data\": {\"n\": %u}}\r\n", server->n_flooded++);
}

static void
server_flood (Server *server,
              int     fd)
{
  gssize n;

  if (server->written == server->n_out)
    server_fill (server);
  if (server->n_out == 0)
    {
      server->flooding = -1;
      server_watch (server, fd, EPOLLIN, EPOLL_CTL_MOD);
      return;
    }
  n = send (fd, server->out + server->written, server->n_out - server->written, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (n >= 0)
    server->written += n;
  else
    g_assert_cmpint (errno, ==, EAGAIN);
}

static gboolean
server_handle (Server             *server,
               struct epoll_event *event)
{
  int fd = event->data.fd;

  if (fd == server->stop)
    return FALSE;
  if (fd == server->listener)
    server_add (server, accept4 (fd, NULL, NULL, SOCK_CLOEXEC));
  else if (event->events & ~EPOLLOUT)
    server_read (server, fd);
  if (event->events & EPOLLOUT && fd == server->flooding)
    server_flood (server, fd);
  return TRUE;
}

static gpointer
server_thread (gpointer user_data)
{
  Server *server = user_data;
  static struct epoll_event events[MAX_LINKS];

  while (TRUE)
    {
      int n = epoll_wait (server->epoll, events, MAX_LINKS, -1);

      for (int i = 0; i < n; i++)
        if (!server_handle (server, &events[i]))
          return NULL;
    }
}

static Server *
server_new (int listener)
{
  Server *server = g_new0 (Server, 1);

  server->listener = listener;
  server->flooding = -1;
  server->epoll = epoll_create1 (EPOLL_CLOEXEC);
  server->stop = eventfd (0, EFD_CLOEXEC);
  server_watch (server, server->stop, EPOLLIN, EPOLL_CTL_ADD);
  if (listener >= 0)
    server_watch (server, listener, EPOLLIN, EPOLL_CTL_ADD);
  return server;
}

static void
server_start (Server *server)
{
  server->thread = g_thread_new ("server", server_thread, server);
}

static void
server_free (Server *server)
{
  const guint64 one = 1;

  g_assert_cmpint (write (server->stop, &one, sizeof one), ==, sizeof one);
  g_thread_join (server->thread);
  for (int fd = 0; fd < N_STOP; fd++)
    if (server->links[fd].active)
      close (fd);
  if (server->listener >= 0)
    close (server->listener);
  close (server->stop);
  close (server->epoll);
  g_free (server);
}

/* In the abstract name space: nothing to remove. */
static int
listen_abstract (const char *text)
{
  struct sockaddr_un name = { .sun_family = AF_UNIX };
  int listener = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  socklen_t length = G_STRUCT_OFFSET (struct sockaddr_un, sun_path) + 1 + strlen (text);

  memcpy (name.sun_path + 1, text, strlen (text));
  g_assert_cmpint (bind (listener, (struct sockaddr *) &name, length), ==, 0);
  g_assert_cmpint (listen (listener, 16), ==, 0);
  return listener;
}

/* What blocking calls have once for all: their main context, with its descriptor. */
static void
warm_up (QmpClient          *client,
         GSocketConnectable *refusing)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (qmp_client_open (client, refusing, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
  test_spin_ready ();
}

/* --- open, execute, close, again and again --- */

#define N_CYCLES 10000
#define N_WARM_UP 1000
/* The smallest piece that malloc() gives is 32 bytes: to leak one in each cycle would be 288000 bytes, one in each
 * tenth 28800. Without a leak no more than nothing is seen; the rest is for what other versions of GLib may hold back.
 * (With ASan there are no figures, but its own report.) */
#define MAX_GROWTH (16 * 1024)

typedef enum {
  CYCLE_NEW_OBJECT,
  CYCLE_SAME_OBJECT,
  CYCLE_BLOCKING,
} CycleKind;

static void
cycle (QmpClient          *client,
       GSocketConnectable *address,
       CycleKind           kind)
{
  g_autoptr (JsonNode) value = NULL;
  g_autoptr (GError) error = NULL;

  if (kind == CYCLE_BLOCKING)
    {
      g_assert_true (qmp_client_open (client, address, NULL, &error));
      value = qmp_client_execute (client, "query-status", NULL, NULL, &error);
      g_assert_no_error (error);
      g_assert_true (qmp_client_close (client, NULL, &error));
      test_spin_ready ();
      return;
    }
  g_assert_true (test_open (client, address, &error));
  value = test_execute (client, "query-status", &error);
  g_assert_no_error (error);
  g_assert_true (test_close (client, &error));
}

static gsize
count_bytes (void)
{
  return mallinfo2 ().uordblks;
}

static void
test_cycles (gconstpointer data)
{
  CycleKind kind = GPOINTER_TO_INT (data);
  guint n_cycles = is_few () ? N_CYCLES / 50 : N_CYCLES;
  guint n_warm_up = is_few () ? N_WARM_UP / 50 : N_WARM_UP;
  g_autofree char *name = g_strdup_printf ("qmp-scale-%d", (int) getpid ());
  g_autoptr (GSocketConnectable) address =
    G_SOCKET_CONNECTABLE (g_unix_socket_address_new_with_type (name, -1, G_UNIX_SOCKET_ADDRESS_ABSTRACT));
  g_autoptr (QmpClient) client = qmp_client_new (NULL);
  Server *server;
  guint n_fds, n_fds_warm = 0;
  gsize warm = 0;
  gssize growth;
  gint64 start = g_get_monotonic_time ();

  warm_up (client, address);
  n_fds = test_count_fds ();
  server = server_new (listen_abstract (name));
  server_start (server);
  for (guint i = 0; i < n_cycles; i++)
    {
      cycle (client, address, kind);
      if (kind != CYCLE_SAME_OBJECT)
        {
          g_assert_finalize_object (client);
          client = qmp_client_new (NULL);
        }
      if (i + 1 == n_warm_up)
        {
          warm = count_bytes ();
          n_fds_warm = test_count_fds ();
        }
    }
  growth = count_bytes () - warm;
  g_test_message ("%u cycles in %d ms; allocated after %u cycles: %zu bytes, after %u: %zu, %zd more", n_cycles,
                  (int) ((g_get_monotonic_time () - start) / 1000), n_warm_up, warm, n_cycles, warm + growth, growth);
  g_test_message ("descriptors: %u at the start, %u with the server's after %u cycles, %u after %u", n_fds,
                  n_fds_warm, n_warm_up, test_count_fds (), n_cycles);
  g_assert_cmpint (growth, <=, MAX_GROWTH);
  /* The server's end of the last link may be about to be closed. */
  g_assert_cmpuint (test_count_fds (), <=, n_fds_warm + 1);
  g_clear_object (&client);
  server_free (server);
  g_assert_cmpuint (test_count_fds (), ==, n_fds);
}

/* --- a thousand clients and a flood --- */

#define N_CLIENTS 1000
#define N_EVENTS 100000
/* The client reads at most 64 KiB and delivers at most 256 of what came in one dispatch, and once more from its
 * second source: see MAX_DELIVERIES in qmp-client-delivery.c. */
#define MAX_EVENTS_PER_TURN 512
/* The reply is read in one turn and delivered in the same, or in the next when its call was made in the same. */
#define MAX_TURNS 2

typedef struct {
  QmpClient *client;
  guint      n_replies;
  /* Since its socket was seen readable; 0 for not readable: */
  guint      turns;
  guint      events_before;
  gint64     since;
} Member;

typedef struct {
  guint          n_members;
  Member        *members;
  struct pollfd *sockets;      /* by member */
  guint          n_events;     /* of the flood, delivered */
  guint          max_turns;
  guint          max_events;   /* that were delivered while another was waiting */
  gint64         max_wait;     /* microseconds */
} Crowd;

static Crowd crowd;

static void
flood_event_cb (QmpClient *client,
                QmpEvent  *event,
                gpointer   user_data)
{
  crowd.n_events++;
}

static void
member_served (Member *member)
{
  if (member->turns == 0)
    return;
  crowd.max_turns = MAX (crowd.max_turns, member->turns);
  crowd.max_events = MAX (crowd.max_events, crowd.n_events - member->events_before);
  crowd.max_wait = MAX (crowd.max_wait, g_get_monotonic_time () - member->since);
  member->turns = 0;
}

static void
member_execute (Member *member);

static void
member_reply_cb (GObject      *object,
                 GAsyncResult *result,
                 gpointer      user_data)
{
  Member *member = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = qmp_client_execute_finish (member->client, result, &error);

  g_assert_no_error (error);
  member->n_replies++;
  member_served (member);
  member_execute (member);
}

/* Without end, while the flood lasts. */
static void
member_execute (Member *member)
{
  guint n_events = is_few () ? N_EVENTS / 50 : N_EVENTS;

  if (crowd.n_events < n_events)
    qmp_client_execute_async (member->client, "query-status", NULL, NULL, member_reply_cb, member);
}

/* Who has something to read before this turn? */
static void
crowd_look (void)
{
  int n = poll (crowd.sockets, crowd.n_members, 0);

  g_assert_cmpint (n, >=, 0);
  for (guint i = 1; i < crowd.n_members; i++)
    {
      Member *member = &crowd.members[i];

      if (member->turns > 0)
        {
          member->turns++;
        }
      else if (crowd.sockets[i].revents & POLLIN)
        {
          member->turns = 1;
          member->events_before = crowd.n_events;
          member->since = g_get_monotonic_time ();
        }
      g_assert_cmpuint (member->turns, <=, MAX_TURNS);
    }
}

static void
crowd_open (Server *server,
            guint   i)
{
  Member *member = &crowd.members[i];
  int peer_fd;
  g_autoptr (GIOStream) stream = test_socketpair (&peer_fd);

  member->client = qmp_client_new (NULL);
  server_add (server, peer_fd);
  crowd.sockets[i] = (struct pollfd) {
    .fd = g_socket_get_fd (g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream))), .events = POLLIN,
  };
  qmp_client_open_stream_async (member->client, stream, NULL, NULL, NULL);
}

static gboolean
all_run (void)
{
  for (guint i = 0; i < crowd.n_members; i++)
    if (qmp_client_get_runstate (crowd.members[i].client) != QMP_RUNSTATE_RUNNING)
      return FALSE;
  return TRUE;
}

static void
flood_reply_cb (GObject      *object,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) value = qmp_client_execute_finish (QMP_CLIENT (object), result, &error);

  g_assert_no_error (error);
}

static void
raise_limit (guint n_fds)
{
  struct rlimit limit;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  if (limit.rlim_cur >= n_fds)
    return;
  limit.rlim_cur = MIN (limit.rlim_max, n_fds);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  g_assert_cmpuint (limit.rlim_cur, >=, n_fds);
}

/* Each step of the flood has the watchdog's time: a busy machine may need more for all of it. */
#define EVENTS_PER_STEP 5000

static void
crowd_flood (guint n_events)
{
  GSource *watchdog = test_watchdog_start (__FILE__, __LINE__, G_STRFUNC, "the flood goes on");
  guint next_step = EVENTS_PER_STEP;
  guint max_per_turn = 0;
  guint n_turns = 0;

  for (guint i = 1; i < crowd.n_members; i++)
    member_execute (&crowd.members[i]);
  qmp_client_execute_async (crowd.members[0].client, "flood", NULL, NULL, flood_reply_cb, NULL);
  while (crowd.n_events < n_events)
    {
      guint before = crowd.n_events;

      crowd_look ();
      test_iterate ();
      max_per_turn = MAX (max_per_turn, crowd.n_events - before);
      n_turns++;
      if (crowd.n_events >= next_step)
        {
          test_watchdog_stop (watchdog);
          watchdog = test_watchdog_start (__FILE__, __LINE__, G_STRFUNC, "the flood goes on");
          next_step += EVENTS_PER_STEP;
        }
    }
  test_watchdog_stop (watchdog);
  g_test_message ("%u turns of the main loop, at most %u events of the flood in one", n_turns, max_per_turn);
  g_assert_cmpuint (max_per_turn, <=, MAX_EVENTS_PER_TURN);
}

static guint
count_fewest_replies (void)
{
  guint fewest = G_MAXUINT;

  for (guint i = 1; i < crowd.n_members; i++)
    fewest = MIN (fewest, crowd.members[i].n_replies);
  return fewest;
}

static gboolean
all_idle (void)
{
  for (guint i = 0; i < crowd.n_members; i++)
    if (qmp_client_get_n_pending (crowd.members[i].client) > 0)
      return FALSE;
  return TRUE;
}

static void
test_crowd (void)
{
  guint n_events = is_few () ? N_EVENTS / 50 : N_EVENTS;
  guint n_fds = test_count_fds ();
  Server *server = server_new (-1);
  gint64 start;

  crowd.n_members = is_few () ? N_CLIENTS / 10 : N_CLIENTS;
  raise_limit (2 * crowd.n_members + 100);
  crowd.members = g_new0 (Member, crowd.n_members);
  crowd.sockets = g_new0 (struct pollfd, crowd.n_members);
  server->flood_size = n_events;
  for (guint i = 0; i < crowd.n_members; i++)
    crowd_open (server, i);
  server_start (server);
  test_spin_until (all_run ());

  g_signal_connect (crowd.members[0].client, "event::FLOOD", G_CALLBACK (flood_event_cb), NULL);
  start = g_get_monotonic_time ();
  crowd_flood (n_events);
  g_test_message ("%u events for one of %u clients in %d ms; each other had at least %u replies meanwhile", n_events,
                  crowd.n_members, (int) ((g_get_monotonic_time () - start) / 1000), count_fewest_replies ());
  g_test_message ("the longest that one with a reply to read had to wait: %u turns, %u events of the flood, %.1f ms",
                  crowd.max_turns, crowd.max_events, crowd.max_wait / 1000.0);
  g_assert_cmpuint (count_fewest_replies (), >=, 2);
  g_assert_cmpuint (crowd.max_turns, >, 0);
  g_assert_cmpuint (crowd.max_events, <=, MAX_TURNS * MAX_EVENTS_PER_TURN);

  test_spin_until (all_idle ());
  for (guint i = 0; i < crowd.n_members; i++)
    test_client_free (crowd.members[i].client);
  server_free (server);
  g_free (crowd.members);
  g_free (crowd.sockets);
  g_assert_cmpuint (test_count_fds (), ==, n_fds);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/client/scale/cycles/new-object", GINT_TO_POINTER (CYCLE_NEW_OBJECT), test_cycles);
  g_test_add_data_func ("/client/scale/cycles/same-object", GINT_TO_POINTER (CYCLE_SAME_OBJECT), test_cycles);
  g_test_add_data_func ("/client/scale/cycles/blocking", GINT_TO_POINTER (CYCLE_BLOCKING), test_cycles);
  g_test_add_func ("/client/scale/crowd", test_crowd);
  return g_test_run ();
}
