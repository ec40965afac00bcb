/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs one benchmark and prints one line of JSON: what was done, how often, in how many nanoseconds.
 *
 *   bench CASE COUNT [PATH]
 *   bench serve PATH
 *   bench serve-all PATH
 *
 * With a server of its own, or at PATH with somebody else's.
 *
 * The cases whose names begin with "floor-" do the same bytes in a bare loop of system calls. */

#include <errno.h>
#include <gio/gunixsocketaddress.h>
#include <glib-unix.h>
#include <malloc.h>
#include <poll.h>
#include <qmp-glib/qmp-glib.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench-server.h"
#include "bench-share.h"

#define IN_FLIGHT 1000

typedef struct {
  const char *name;
  void (* run) (guint count);
} Case;

static const char *server_path;  /* nullable: a server of our own */
static gint64 started;
static gint64 elapsed;

static void
begin (void)
{
  started = g_get_monotonic_time ();
}

static void
end (void)
{
  elapsed = g_get_monotonic_time () - started;
}

static void
check (GError *error)
{
  if (error != NULL)
    g_error ("%s", error->message);
}

/* --- the floor --- */

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

static int
connect_to (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  if (connect (fd, (struct sockaddr *) &address, sizeof address) < 0)
    g_error ("connect: %s", g_strerror (errno));
  return fd;
}

static int
connect_server (void)
{
  return server_path != NULL ? connect_to (server_path) : bench_server_start ();
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
  int fd = open_floor (connect_server ());

  begin ();
  for (guint i = 0; i < count; i++)
    {
      send_command (fd, i);
      read (fd, 1);
    }
  end ();
}

static void
floor_blocking (guint count)
{
  run_floor (count, read_lines);
}

static void
floor_poll (guint count)
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
static void
floor_loop (guint count)
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  FloorLoop self = { open_floor (connect_server ()), count, loop };
  g_autoptr(GSource) source = g_unix_fd_source_new (self.fd, G_IO_IN);

  g_source_set_callback (source, G_SOURCE_FUNC (readable_cb), &self, NULL);
  g_source_set_can_recurse (source, TRUE);
  g_source_attach (source, NULL);
  begin ();
  send_command (self.fd, count);
  g_main_loop_run (loop);
  end ();
}

static void
floor_pipelined (guint count)
{
  int fd = open_floor (connect_server ());

  begin ();
  for (guint done = 0; done < count; done += IN_FLIGHT)
    {
      g_autoptr(GString) text = g_string_new (NULL);

      for (guint i = 0; i < IN_FLIGHT; i++)
        g_string_append_printf (text, "{\"execute\":\"query-status\",\"id\":%u}", 10000 + i);
      send_text (fd, text->str);
      read_lines (fd, IN_FLIGHT);
    }
  end ();
}

static void
floor_event (guint count)
{
  int fd = open_floor (connect_server ());

  begin ();
  for (guint done = 0; done < count; done += BENCH_FLOOD)
    {
      send_text (fd, "{\"execute\":\"flood\",\"id\":1}");
      read_lines (fd, BENCH_FLOOD + 1);
    }
  end ();
}

static void
floor_schema (guint count)
{
  int fd = open_floor (connect_server ());

  begin ();
  for (guint i = 0; i < count; i++)
    {
      send_text (fd, "{\"execute\":\"query-qmp-schema\",\"id\":1}");
      read_lines (fd, 1);
    }
  end ();
}

static char *
listen_somewhere (pid_t *pid)
{
  char *path = g_strdup_printf ("%s/qmp-bench-%d.sock", g_get_tmp_dir (), getpid ());

  unlink (path);
  *pid = bench_server_listen (path);
  return path;
}

static void
run_floor_open (guint    count,
                ReadFunc read)
{
  pid_t pid;
  g_autofree char *path = listen_somewhere (&pid);

  begin ();
  for (guint i = 0; i < count; i++)
    close (open_floor_with (connect_to (path), read));
  end ();
  unlink (path);
  kill (pid, SIGKILL);
}

static void
floor_open (guint count)
{
  run_floor_open (count, read_lines);
}

static void
floor_open_poll (guint count)
{
  run_floor_open (count, poll_lines);
}

/* --- what GLib and json-glib take by themselves for what the library's interface is made of --- */

static void
returned_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(JsonNode) value = g_task_propagate_pointer (G_TASK (result), NULL);
}

static void
count_cb (QmpClient *client,
          QmpEvent  *event,
          guint     *n_events)
{
  (*n_events)++;
}

/* A message as an object, emitted with a detail, and nothing else: no bytes, no JSON. */
static void
glib_event (guint count)
{
  g_autoptr(GObject) emitter = g_object_new (G_TYPE_OBJECT, NULL);
  guint signal = g_signal_new ("bench", G_TYPE_OBJECT, G_SIGNAL_RUN_LAST | G_SIGNAL_DETAILED, 0, NULL, NULL, NULL,
                               G_TYPE_NONE, 1, QMP_TYPE_MESSAGE);
  GQuark detail = g_quark_from_string ("STOP");
  guint n_events = 0;

  g_signal_connect (emitter, "bench::STOP", G_CALLBACK (count_cb), &n_events);
  begin ();
  for (guint i = 0; i < count; i++)
    {
      g_autoptr(QmpMessage) message = qmp_message_new ();

      g_signal_emit (emitter, signal, detail, message);
    }
  end ();
}

static void
return_task (GTask *task)
{
  JsonNode *value = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (value, json_object_new ());
  g_task_return_pointer (task, value, (GDestroyNotify) json_node_unref);
  g_object_unref (task);
}

/* A task whose value is {}, returned from another iteration of the main loop, and nothing else. IN_FLIGHT of them at
 * a time, from one source. */
static gboolean
return_tasks (gpointer data)
{
  GQueue *tasks = data;
  GTask *task;

  while ((task = g_queue_pop_head (tasks)) != NULL)
    return_task (task);
  return G_SOURCE_REMOVE;
}

static void
glib_command (guint count)
{
  g_autoptr(QmpClient) client = qmp_client_new (NULL);
  GQueue tasks = G_QUEUE_INIT;

  begin ();
  for (guint i = 0; i < count; i++)
    {
      g_queue_push_tail (&tasks, g_task_new (client, NULL, returned_cb, NULL));
      if (tasks.length < IN_FLIGHT && i + 1 < count)
        continue;
      g_idle_add (return_tasks, &tasks);
      while (tasks.head != NULL)
        g_main_context_iteration (NULL, TRUE);
    }
  end ();
}

/* --- the library --- */

static QmpClient *
open_client (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GSocket) socket = g_socket_new_from_fd (connect_server (), &error);
  g_autoptr(GSocketConnection) stream = g_socket_connection_factory_create_connection (socket);
  QmpClient *client = qmp_client_new (NULL);

  qmp_client_open_stream (client, G_IO_STREAM (stream), NULL, &error);
  check (error);
  return client;
}

static void
run_blocking (QmpClient *client,
              guint      count)
{
  g_autoptr(GError) error = NULL;

  begin ();
  for (guint i = 0; i < count; i++)
    {
      g_autoptr(JsonNode) value = qmp_client_execute (client, "query-status", NULL, NULL, &error);

      check (error);
    }
  end ();
}

static QmpClient *
open_address (const char *path)
{
  g_autoptr(GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr(GError) error = NULL;
  QmpClient *client = qmp_client_new (NULL);

  qmp_client_open (client, G_SOCKET_CONNECTABLE (address), NULL, &error);
  check (error);
  return client;
}

/* Over a socket of the client's own, as programs do. */
static void
blocking (guint count)
{
  pid_t pid = 0;
  g_autofree char *path = server_path == NULL ? listen_somewhere (&pid) : NULL;
  g_autoptr(QmpClient) client = open_address (server_path != NULL ? server_path : path);

  run_blocking (client, count);
  if (pid == 0)
    return;
  unlink (path);
  kill (pid, SIGKILL);
}

/* Over one that it was given. */
static void
blocking_stream (guint count)
{
  g_autoptr(QmpClient) client = open_client ();

  run_blocking (client, count);
}

/* What a program reads of a reply, by nodes and by paths. */
static void
read_status (JsonNode *value)
{
  JsonObject *object = json_node_get_object (value);

  g_assert (json_object_get_boolean_member (object, "running"));
  g_assert (strcmp (json_object_get_string_member (object, "status"), "running") == 0);
}

static void
status_nodes (guint count)
{
  g_autoptr(QmpClient) client = open_client ();
  g_autoptr(GError) error = NULL;

  begin ();
  for (guint i = 0; i < count; i++)
    {
      g_autoptr(JsonNode) value = qmp_client_execute (client, "status", NULL, NULL, &error);

      check (error);
      read_status (value);
    }
  end ();
}

static void
status_lookup (guint count)
{
  g_autoptr(QmpClient) client = open_client ();
  g_autoptr(GError) error = NULL;

  begin ();
  for (guint i = 0; i < count; i++)
    {
      g_autoptr(QmpMessage) reply = qmp_client_execute_parsed (client, NULL, &error, "status", NULL);
      g_autofree char *status = NULL;
      gboolean running;

      check (error);
      qmp_message_lookup (reply, &error, "return.running", "b", &running, "return.status", "s", &status, NULL);
      check (error);
      g_assert (running && strcmp (status, "running") == 0);
    }
  end ();
}

typedef struct {
  guint      to_start;
  guint      to_finish;
  GMainLoop *loop;
  gboolean   reads;  /* the status, which the server answers with then */
} Run;

static void executed_cb (GObject      *source,
                         GAsyncResult *result,
                         gpointer      user_data);

static void
execute_one (QmpClient *client,
             Run       *run)
{
  run->to_start--;
  qmp_client_execute_async (client, run->reads ? "status" : "query-status", NULL, NULL, executed_cb, run);
}

static void
executed_cb (GObject      *source,
             GAsyncResult *result,
             gpointer      user_data)
{
  Run *run = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) value = qmp_client_execute_finish (QMP_CLIENT (source), result, &error);

  check (error);
  if (run->reads)
    read_status (value);
  if (run->to_start > 0)
    execute_one (QMP_CLIENT (source), run);
  if (--run->to_finish == 0)
    g_main_loop_quit (run->loop);
}

/* Keeps in_flight commands under way. */
static void
run_async (guint    count,
           guint    in_flight,
           gboolean reads)
{
  g_autoptr(QmpClient) client = open_client ();
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Run run = { count, count, loop, reads };

  begin ();
  for (guint i = 0; i < in_flight; i++)
    execute_one (client, &run);
  g_main_loop_run (loop);
  end ();
}

static void
async (guint count)
{
  run_async (count, 1, FALSE);
}

static void
status_async (guint count)
{
  run_async (count, 1, TRUE);
}

static void
pipelined (guint count)
{
  run_async (count, IN_FLIGHT, FALSE);
}

static void
status_pipelined (guint count)
{
  run_async (count, IN_FLIGHT, TRUE);
}

static void
event_signal (guint count)
{
  g_autoptr(QmpClient) client = open_client ();
  guint n_events = 0;

  g_signal_connect (client, "event::STOP", G_CALLBACK (count_cb), &n_events);
  begin ();
  while (n_events < count)
    {
      g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
      Run run = { 0, 1, loop };

      qmp_client_execute_async (client, "flood", NULL, NULL, executed_cb, &run);
      g_main_loop_run (loop);
    }
  end ();
}

static void
flooded_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) value = qmp_client_execute_finish (QMP_CLIENT (source), result, &error);

  if (!g_error_matches (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED))
    check (error);
  if (error == NULL)
    qmp_client_execute_async (QMP_CLIENT (source), "flood", NULL, NULL, flooded_cb, NULL);
}

/* Commands one at a time, while another client of the same main loop is flooded with events without an end. */
static void
beside_flood (guint count)
{
  g_autoptr(QmpClient) flooded = open_client ();
  g_autoptr(QmpClient) client = open_client ();
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Run run = { count, count, loop };
  guint n_events = 0;

  g_signal_connect (flooded, "event::STOP", G_CALLBACK (count_cb), &n_events);
  qmp_client_execute_async (flooded, "flood", NULL, NULL, flooded_cb, NULL);
  begin ();
  execute_one (client, &run);
  g_main_loop_run (loop);
  end ();
}

/* Of events that nobody listens for. */
static void
run_drizzle (QmpClient *client,
             guint      count)
{
  begin ();
  for (guint i = 0; i < count; i += BENCH_FLOOD)
    {
      g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
      Run run = { 0, 1, loop };

      qmp_client_execute_async (client, "drizzle", NULL, NULL, executed_cb, &run);
      g_main_loop_run (loop);
    }
  end ();
}

static void
event_nobody (guint count)
{
  g_autoptr(QmpClient) client = open_client ();

  run_drizzle (client, count);
}

static void
event_listener (guint count)
{
  g_autoptr(QmpClient) client = open_client ();
  g_autoptr(QmpEventListener) listener = qmp_event_listener_new (NULL);
  g_autoptr(GError) error = NULL;
  guint n_events = 0;

  qmp_client_add_listener (client, listener);
  begin ();
  while (n_events < count)
    {
      g_autoptr(JsonNode) value = qmp_client_execute (client, "flood", NULL, NULL, &error);
      QmpEvent *event;

      check (error);
      for (; (event = qmp_event_listener_try_next (listener)) != NULL; n_events++)
        g_object_unref (event);
    }
  end ();
}

static QmpMessage *
exchange (QmpClient *client)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpMessage) command = qmp_message_new_command ("query-qmp-schema", NULL, &error);
  QmpMessage *reply = qmp_client_exchange (client, command, NULL, &error);

  check (error);
  return reply;
}

static void
schema_routed (guint count)
{
  g_autoptr(QmpClient) client = open_client ();

  begin ();
  for (guint i = 0; i < count; i++)
    g_object_unref (exchange (client));
  end ();
}

static void
schema_nodes (guint count)
{
  g_autoptr(QmpClient) client = open_client ();
  g_autoptr(QmpMessage) reply = exchange (client);
  GBytes *bytes = qmp_message_get_bytes (reply);

  begin ();
  for (guint i = 0; i < count; i++)
    {
      g_autoptr(QmpMessage) message = qmp_message_new_from_bytes (bytes, NULL);

      qmp_message_get_node (message);
    }
  end ();
}

/* Immutable, as the library's are. */
static void
schema_json_glib (guint count)
{
  g_autoptr(QmpClient) client = open_client ();
  g_autoptr(QmpMessage) reply = exchange (client);
  gsize length;
  const char *text = g_bytes_get_data (qmp_message_get_bytes (reply), &length);

  begin ();
  for (guint i = 0; i < count; i++)
    {
      g_autoptr(JsonParser) parser = json_parser_new_immutable ();

      json_parser_load_from_data (parser, text, length, NULL);
    }
  end ();
}

/* Of a whole message: the reader alone, since a message from bytes builds nothing. */
static void
schema_validated (guint count)
{
  g_autoptr(QmpClient) client = open_client ();
  g_autoptr(QmpMessage) reply = exchange (client);
  GBytes *bytes = qmp_message_get_bytes (reply);

  begin ();
  for (guint i = 0; i < count; i++)
    g_object_unref (qmp_message_new_from_bytes (bytes, NULL));
  end ();
}

static void
open_close (guint count)
{
  pid_t pid;
  g_autofree char *path = listen_somewhere (&pid);
  g_autoptr(GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr(QmpClient) client = qmp_client_new (NULL);
  g_autoptr(GError) error = NULL;

  begin ();
  for (guint i = 0; i < count; i++)
    {
      qmp_client_open (client, G_SOCKET_CONNECTABLE (address), NULL, &error);
      check (error);
      qmp_client_close (client, NULL, &error);
      check (error);
    }
  end ();
  unlink (path);
  kill (pid, SIGKILL);
}

static void
raise_descriptor_limit (void)
{
  struct rlimit limit;

  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
}

/* --- beside many clients that are idle, in the same main loop --- */

static void
fork_for_all (void)
{
  pid_t pid;

  raise_descriptor_limit ();
  if (server_path != NULL)
    return;
  server_path = g_strdup_printf ("%s/qmp-bench-%d.sock", g_get_tmp_dir (), getpid ());
  unlink (server_path);
  pid = bench_server_listen_for_all (server_path);
  g_assert (pid > 0);
}

/* n_active of n_clients have one command each under way. */
static void
run_beside (guint count,
            guint n_active,
            guint n_clients)
{
  g_autoptr(GPtrArray) clients = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Run run = { count, count, loop };

  fork_for_all ();
  for (guint i = 0; i < n_clients; i++)
    g_ptr_array_add (clients, open_client ());
  while (g_main_context_iteration (NULL, FALSE))
    ;
  begin ();
  for (guint i = 0; i < n_active; i++)
    execute_one (g_ptr_array_index (clients, i * (n_clients / n_active)), &run);
  g_main_loop_run (loop);
  end ();
  unlink (server_path);
}

static void
beside_0 (guint count)
{
  run_beside (count, 1, 1);
}

static void
beside_100 (guint count)
{
  run_beside (count, 1, 101);
}

static void
beside_1000 (guint count)
{
  run_beside (count, 1, 1001);
}

static void
beside_10000 (guint count)
{
  run_beside (count, 1, 10001);
}

static void
active_100 (guint count)
{
  run_beside (count, 100, 100);
}

static void
active_100_of_10000 (guint count)
{
  run_beside (count, 100, 10000);
}

static QmpMachine *
open_machine (void)
{
  g_autoptr(GSocketAddress) address = g_unix_socket_address_new (server_path);
  g_autoptr(GError) error = NULL;
  QmpMachine *machine = qmp_machine_new (NULL);

  qmp_machine_open (machine, G_SOCKET_CONNECTABLE (address), NULL, &error);
  check (error);
  return machine;
}

static void
event_machine (guint count)
{
  g_autoptr(QmpMachine) machine = NULL;

  fork_for_all ();
  machine = open_machine ();
  run_drizzle (qmp_machine_get_client (machine), count);
  unlink (server_path);
}

/* In the next ones "ns" are of the processor, not of the clock: see bench-share.h. */

static void
floor_share_1 (guint count)
{
  elapsed = bench_share_copy (count, 1);
}

static void
floor_share_8 (guint count)
{
  elapsed = bench_share_copy (count, 8);
}

static void
share_1 (guint count)
{
  elapsed = bench_share_run (count, 1, 1);
}

static void
share_8 (guint count)
{
  elapsed = bench_share_run (count, 1, 8);
}

static void
share_16_times_8 (guint count)
{
  elapsed = bench_share_run (count, 16, 8);
}

static void
floor_share_event (guint count)
{
  elapsed = bench_share_copy (count, 0);
}

static void
share_event (guint count)
{
  elapsed = bench_share_run (count, 1, 0);
}

static void
share_16_events (guint count)
{
  elapsed = bench_share_run (count, 16, 0);
}

static gsize
get_memory (void)
{
  struct mallinfo2 info = mallinfo2 ();

  return info.uordblks + info.hblkhd;
}

/* Here "ns" are bytes of memory: of the process, for all the clients. */
static void
idle (guint count)
{
  g_autoptr(GPtrArray) clients = g_ptr_array_new_with_free_func (g_object_unref);
  gsize before;

  raise_descriptor_limit ();
  g_object_unref (open_client ());
  before = get_memory ();
  for (guint i = 0; i < count; i++)
    g_ptr_array_add (clients, open_client ());
  elapsed = (get_memory () - before) / 1000;
}

/* The same with machines, and their clients. */
static void
idle_machine (guint count)
{
  g_autoptr(GPtrArray) machines = g_ptr_array_new_with_free_func (g_object_unref);
  gsize before;

  fork_for_all ();
  g_object_unref (open_machine ());
  before = get_memory ();
  for (guint i = 0; i < count; i++)
    g_ptr_array_add (machines, open_machine ());
  while (g_main_context_iteration (NULL, FALSE))
    ;
  elapsed = (get_memory () - before) / 1000;
  unlink (server_path);
}

/* For somebody else's client: serves at a path until it is killed. */
static int
serve (const char *path,
       pid_t    (* listens) (const char *path))
{
  raise_descriptor_limit ();
  listens (path);
  g_print ("listening\n");
  pause ();
  return 0;
}

/* --- */

static const Case cases[] = {
  { "floor-blocking", floor_blocking },
  { "floor-poll", floor_poll },
  { "floor-loop", floor_loop },
  { "floor-pipelined", floor_pipelined },
  { "floor-event", floor_event },
  { "floor-schema", floor_schema },
  { "floor-open", floor_open },
  { "floor-open-poll", floor_open_poll },
  { "glib-event", glib_event },
  { "glib-command", glib_command },
  { "blocking", blocking },
  { "blocking-stream", blocking_stream },
  { "status-nodes", status_nodes },
  { "status-lookup", status_lookup },
  { "status-async", status_async },
  { "status-pipelined", status_pipelined },
  { "async", async },
  { "pipelined", pipelined },
  { "event-signal", event_signal },
  { "event-listener", event_listener },
  { "event-nobody", event_nobody },
  { "event-machine", event_machine },
  { "beside-flood", beside_flood },
  { "schema-routed", schema_routed },
  { "schema-nodes", schema_nodes },
  { "schema-json-glib", schema_json_glib },
  { "schema-validated", schema_validated },
  { "open", open_close },
  { "floor-share-1", floor_share_1 },
  { "floor-share-8", floor_share_8 },
  { "share-1", share_1 },
  { "share-8", share_8 },
  { "share-16x8", share_16_times_8 },
  { "floor-share-event", floor_share_event },
  { "share-event", share_event },
  { "share-16-event", share_16_events },
  { "idle", idle },
  { "idle-machine", idle_machine },
  { "beside-0", beside_0 },
  { "beside-100", beside_100 },
  { "beside-1000", beside_1000 },
  { "beside-10000", beside_10000 },
  { "active-100", active_100 },
  { "active-100-of-10000", active_100_of_10000 },
};

int
main (int    argc,
      char **argv)
{
  guint count = argc >= 3 ? (guint) g_ascii_strtoull (argv[2], NULL, 10) : 0;

  server_path = argc > 3 ? argv[3] : NULL;
  if (argc == 3 && g_str_equal (argv[1], "serve"))
    return serve (argv[2], bench_server_listen);
  if (argc == 3 && g_str_equal (argv[1], "serve-all"))
    return serve (argv[2], bench_server_listen_for_all);

  for (guint i = 0; count > 0 && i < G_N_ELEMENTS (cases); i++)
    if (g_str_equal (argv[1], cases[i].name))
      {
        signal (SIGCHLD, SIG_IGN);
        cases[i].run (count);
        g_print ("{\"case\": \"%s\", \"count\": %u, \"ns\": %" G_GINT64_FORMAT "}\n",
                 argv[1], count, elapsed * 1000);
        return 0;
      }

  g_printerr ("usage: bench CASE COUNT [PATH]\n");
  return 2;
}
