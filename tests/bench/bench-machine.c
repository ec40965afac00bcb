/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a machine does by itself: processor time of the thread that has it, for each change of its status, each step of a job, and
 * each look of a finder at the processes of this computer. The server is in another thread.
 *
 * usage: bench-machine status|job|finder COUNT */

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <qmp-glib/qmp-glib.h>
#include <time.h>
#include <unistd.h>

/* Changes that one command leads to. */
#define BLINKS 1000

typedef struct {
  char       *path;
  int         listens;  /* atomic */
  guint       n_steps;  /* of its job; the server's */
  QmpMachine *machine;
  guint       n;        /* what is counted */
  guint       wanted;
  GMainLoop  *loop;
} Bench;

static void
check (GError *error)
{
  if (error != NULL)
    g_error ("%s", error->message);
}

/* --- the server --- */

static void
blink (QmpServer *server)
{
  for (guint i = 0; i < BLINKS; i++)
    qmp_server_emit_event (server, i % 2 == 0 ? "STOP" : "RESUME", NULL, NULL);
}

static char *
dup_job (Bench *self)
{
  return g_strdup_printf ("[{\"id\": \"j\", \"type\": \"create\", \"status\": \"running\", \"current-progress\": %u, "
                          "\"total-progress\": 1000000000}]", self->n_steps++);
}

static gboolean
command_cb (QmpServer     *server,
            QmpInvocation *invocation,
            Bench         *self)
{
  const char *command = qmp_invocation_get_command (invocation);
  g_autofree char *job = NULL;

  if (g_str_equal (command, "query-status"))
    return qmp_invocation_return_text (invocation, "{\"status\": \"running\", \"running\": true}", NULL);
  if (g_str_equal (command, "query-jobs"))
    return qmp_invocation_return_text (invocation, job = dup_job (self), NULL);
  if (g_str_equal (command, "blink"))
    blink (server);
  return qmp_invocation_return_text (invocation, "{}", NULL);
}

static gpointer
serve (gpointer data)
{
  Bench *self = data;
  g_autoptr(GMainContext) context = g_main_context_new ();
  g_autoptr(GSocketAddress) address = g_unix_socket_address_new (self->path);
  g_autoptr(QmpServer) server = NULL;
  g_autoptr(GError) error = NULL;

  g_main_context_push_thread_default (context);
  server = qmp_server_new (NULL);
  g_signal_connect (server, "command", G_CALLBACK (command_cb), self);
  qmp_server_listen (server, G_SOCKET_CONNECTABLE (address), &error);
  check (error);
  g_atomic_int_set (&self->listens, TRUE);
  while (TRUE)
    g_main_context_iteration (context, TRUE);
  return NULL;
}

static void
open_machine (Bench *self)
{
  g_autoptr(GSocketAddress) address = NULL;
  g_autoptr(GError) error = NULL;

  self->path = g_strdup_printf ("%s/qmp-bench-%d.sock", g_get_tmp_dir (), getpid ());
  g_unlink (self->path);
  g_thread_unref (g_thread_new ("server", serve, self));
  while (!g_atomic_int_get (&self->listens))
    g_thread_yield ();
  address = g_unix_socket_address_new (self->path);
  self->machine = qmp_machine_new (NULL);
  qmp_machine_open (self->machine, G_SOCKET_CONNECTABLE (address), NULL, &error);
  check (error);
  g_unlink (self->path);
}

/* --- the cases --- */

static gint64
get_time (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * G_GINT64_CONSTANT (1000000000) + now.tv_nsec;
}

static void
count_cb (GObject    *object,
          GParamSpec *pspec,
          Bench      *self)
{
  if (++self->n == self->wanted)
    g_main_loop_quit (self->loop);
}

static void
blinked_cb (GObject      *client,
            GAsyncResult *result,
            gpointer      user_data)
{
  Bench *self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) reply = qmp_client_execute_finish (QMP_CLIENT (client), result, &error);

  check (error);
  if (self->n < self->wanted)
    qmp_client_execute_async (QMP_CLIENT (client), "blink", NULL, NULL, blinked_cb, self);
}

static void
run_status (Bench *self)
{
  open_machine (self);
  g_signal_connect (self->machine, "notify::running", G_CALLBACK (count_cb), self);
  qmp_client_execute_async (qmp_machine_get_client (self->machine), "blink", NULL, NULL, blinked_cb, self);
  g_main_loop_run (self->loop);
}

static void
run_job (Bench *self)
{
  g_autoptr(QmpJob) job = NULL;

  open_machine (self);
  while (g_list_model_get_n_items (qmp_machine_get_jobs (self->machine)) == 0)
    g_main_context_iteration (NULL, TRUE);
  job = g_list_model_get_item (qmp_machine_get_jobs (self->machine), 0);
  g_signal_connect (job, "notify::current", G_CALLBACK (count_cb), self);
  qmp_machine_set_progress_interval (self->machine, 1);
  g_main_loop_run (self->loop);
}

static void
run_finder (Bench *self)
{
  g_autoptr(QmpFinder) finder = qmp_finder_new ();
  g_autoptr(GError) error = NULL;

  for (; self->n < self->wanted; self->n++)
    {
      qmp_finder_refresh (finder, NULL, &error);
      check (error);
    }
}

int
main (int    argc,
      char **argv)
{
  static const struct {
    const char *name;
    void     (* run) (Bench *self);
  } cases[] = { { "status", run_status }, { "job", run_job }, { "finder", run_finder } };
  Bench bench = { .wanted = argc == 3 ? (guint) g_ascii_strtoull (argv[2], NULL, 10) : 0 };
  gint64 begun = get_time ();

  bench.loop = g_main_loop_new (NULL, FALSE);
  for (guint i = 0; bench.wanted > 0 && i < G_N_ELEMENTS (cases); i++)
    if (g_str_equal (argv[1], cases[i].name))
      {
        cases[i].run (&bench);
        g_print ("{\"case\": \"%s\", \"count\": %u, \"ns\": %" G_GINT64_FORMAT "}\n", argv[1], bench.n, get_time () - begun);
        return 0;
      }
  g_printerr ("usage: bench-machine status|job|finder COUNT\n");
  return 2;
}
