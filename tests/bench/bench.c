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

#include <gio/gunixsocketaddress.h>
#include <malloc.h>
#include <qmp-glib/qmp-glib.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench-case.h"
#include "bench-floor.h"
#include "bench-server.h"
#include "bench-share.h"

typedef struct {
  const char *name;
  void (* run) (guint count);
} Case;

static void
check (GError *error)
{
  if (error != NULL)
    g_error ("%s", error->message);
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
  bench_begin ();
  for (guint i = 0; i < count; i++)
    {
      g_autoptr(QmpMessage) message = qmp_message_new ();

      g_signal_emit (emitter, signal, detail, message);
    }
  bench_end ();
}

static void
return_task (GTask *task)
{
  JsonNode *value = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (value, json_object_new ());
  g_task_return_pointer (task, value, (GDestroyNotify) json_node_unref);
  g_object_unref (task);
}

/* A task whose value is {}, returned from another iteration of the main loop, and nothing else. BENCH_IN_FLIGHT of them at
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

  bench_begin ();
  for (guint i = 0; i < count; i++)
    {
      g_queue_push_tail (&tasks, g_task_new (client, NULL, returned_cb, NULL));
      if (tasks.length < BENCH_IN_FLIGHT && i + 1 < count)
        continue;
      g_idle_add (return_tasks, &tasks);
      while (tasks.head != NULL)
        g_main_context_iteration (NULL, TRUE);
    }
  bench_end ();
}

/* --- the library --- */

static QmpClient *
open_client (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GSocket) socket = g_socket_new_from_fd (bench_connect (), &error);
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

  bench_begin ();
  for (guint i = 0; i < count; i++)
    {
      g_autoptr(JsonNode) value = qmp_client_execute (client, "query-status", NULL, NULL, &error);

      check (error);
    }
  bench_end ();
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
  g_autofree char *path = bench_server_path == NULL ? bench_listen_somewhere (&pid) : NULL;
  g_autoptr(QmpClient) client = open_address (bench_server_path != NULL ? bench_server_path : path);

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

  bench_begin ();
  for (guint i = 0; i < count; i++)
    {
      g_autoptr(JsonNode) value = qmp_client_execute (client, "status", NULL, NULL, &error);

      check (error);
      read_status (value);
    }
  bench_end ();
}

static void
status_lookup (guint count)
{
  g_autoptr(QmpClient) client = open_client ();
  g_autoptr(GError) error = NULL;

  bench_begin ();
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
  bench_end ();
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

  bench_begin ();
  for (guint i = 0; i < in_flight; i++)
    execute_one (client, &run);
  g_main_loop_run (loop);
  bench_end ();
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
  run_async (count, BENCH_IN_FLIGHT, FALSE);
}

static void
status_pipelined (guint count)
{
  run_async (count, BENCH_IN_FLIGHT, TRUE);
}

static void
event_signal (guint count)
{
  g_autoptr(QmpClient) client = open_client ();
  guint n_events = 0;

  g_signal_connect (client, "event::STOP", G_CALLBACK (count_cb), &n_events);
  bench_begin ();
  while (n_events < count)
    {
      g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
      Run run = { 0, 1, loop };

      qmp_client_execute_async (client, "flood", NULL, NULL, executed_cb, &run);
      g_main_loop_run (loop);
    }
  bench_end ();
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
  bench_begin ();
  execute_one (client, &run);
  g_main_loop_run (loop);
  bench_end ();
}

/* Of events that nobody listens for. */
static void
run_drizzle (QmpClient *client,
             guint      count)
{
  bench_begin ();
  for (guint i = 0; i < count; i += BENCH_FLOOD)
    {
      g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
      Run run = { 0, 1, loop };

      qmp_client_execute_async (client, "drizzle", NULL, NULL, executed_cb, &run);
      g_main_loop_run (loop);
    }
  bench_end ();
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
  bench_begin ();
  while (n_events < count)
    {
      g_autoptr(JsonNode) value = qmp_client_execute (client, "flood", NULL, NULL, &error);
      QmpEvent *event;

      check (error);
      for (; (event = qmp_event_listener_try_next (listener)) != NULL; n_events++)
        g_object_unref (event);
    }
  bench_end ();
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

  bench_begin ();
  for (guint i = 0; i < count; i++)
    g_object_unref (exchange (client));
  bench_end ();
}

static void
schema_nodes (guint count)
{
  g_autoptr(QmpClient) client = open_client ();
  g_autoptr(QmpMessage) reply = exchange (client);
  GBytes *bytes = qmp_message_get_bytes (reply);

  bench_begin ();
  for (guint i = 0; i < count; i++)
    {
      g_autoptr(QmpMessage) message = qmp_message_new_from_bytes (bytes, NULL);

      qmp_message_get_node (message);
    }
  bench_end ();
}

/* Immutable, as the library's are. */
static void
schema_json_glib (guint count)
{
  g_autoptr(QmpClient) client = open_client ();
  g_autoptr(QmpMessage) reply = exchange (client);
  gsize length;
  const char *text = g_bytes_get_data (qmp_message_get_bytes (reply), &length);

  bench_begin ();
  for (guint i = 0; i < count; i++)
    {
      g_autoptr(JsonParser) parser = json_parser_new_immutable ();

      json_parser_load_from_data (parser, text, length, NULL);
    }
  bench_end ();
}

/* Of a whole message: the reader alone, since a message from bytes builds nothing. */
static void
schema_validated (guint count)
{
  g_autoptr(QmpClient) client = open_client ();
  g_autoptr(QmpMessage) reply = exchange (client);
  GBytes *bytes = qmp_message_get_bytes (reply);

  bench_begin ();
  for (guint i = 0; i < count; i++)
    g_object_unref (qmp_message_new_from_bytes (bytes, NULL));
  bench_end ();
}

static void
open_close (guint count)
{
  pid_t pid;
  g_autofree char *path = bench_listen_somewhere (&pid);
  g_autoptr(GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr(QmpClient) client = qmp_client_new (NULL);
  g_autoptr(GError) error = NULL;

  bench_begin ();
  for (guint i = 0; i < count; i++)
    {
      qmp_client_open (client, G_SOCKET_CONNECTABLE (address), NULL, &error);
      check (error);
      qmp_client_close (client, NULL, &error);
      check (error);
    }
  bench_end ();
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
  if (bench_server_path != NULL)
    return;
  bench_server_path = g_strdup_printf ("%s/qmp-bench-%d.sock", g_get_tmp_dir (), getpid ());
  unlink (bench_server_path);
  pid = bench_server_listen_for_all (bench_server_path);
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
  bench_begin ();
  for (guint i = 0; i < n_active; i++)
    execute_one (g_ptr_array_index (clients, i * (n_clients / n_active)), &run);
  g_main_loop_run (loop);
  bench_end ();
  unlink (bench_server_path);
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
  g_autoptr(GSocketAddress) address = g_unix_socket_address_new (bench_server_path);
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
  unlink (bench_server_path);
}

/* In the next ones "ns" are of the processor, not of the clock: see bench-share.h. */

static void
floor_share_1 (guint count)
{
  bench_elapsed = bench_share_copy (count, 1);
}

static void
floor_share_8 (guint count)
{
  bench_elapsed = bench_share_copy (count, 8);
}

static void
share_1 (guint count)
{
  bench_elapsed = bench_share_run (count, 1, 1);
}

static void
share_8 (guint count)
{
  bench_elapsed = bench_share_run (count, 1, 8);
}

static void
share_16_times_8 (guint count)
{
  bench_elapsed = bench_share_run (count, 16, 8);
}

static void
floor_share_event (guint count)
{
  bench_elapsed = bench_share_copy (count, 0);
}

static void
share_event (guint count)
{
  bench_elapsed = bench_share_run (count, 1, 0);
}

static void
share_16_events (guint count)
{
  bench_elapsed = bench_share_run (count, 16, 0);
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
  bench_elapsed = (get_memory () - before) / 1000;
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
  bench_elapsed = (get_memory () - before) / 1000;
  unlink (bench_server_path);
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
  { "floor-blocking", bench_floor_blocking },
  { "floor-poll", bench_floor_poll },
  { "floor-loop", bench_floor_loop },
  { "floor-pipelined", bench_floor_pipelined },
  { "floor-event", bench_floor_event },
  { "floor-schema", bench_floor_schema },
  { "floor-open", bench_floor_open },
  { "floor-open-poll", bench_floor_open_poll },
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

  bench_server_path = argc > 3 ? argv[3] : NULL;
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
                 argv[1], count, bench_elapsed * 1000);
        return 0;
      }

  g_printerr ("usage: bench CASE COUNT [PATH]\n");
  return 2;
}
