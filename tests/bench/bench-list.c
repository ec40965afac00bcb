/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A list of machines: what each takes, and how long a command to one takes while the others are flooded with events.
 *
 * usage: bench-list MACHINES COMMANDS */

#include <malloc.h>
#include <qmp-glib/qmp-glib.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "bench-server.h"

typedef struct {
  guint           n;         /* machines that are flooded */
  char           *folder;
  QmpMachineList *list;      /* theirs, and one more, the last, with a server of its own */
  GMainLoop      *loop;
  guint           n_left;    /* commands that are timed */
  gint64          begun;
  gint64         *times;     /* microseconds of each */
  guint           n_times;
  guint64         n_events;
} Bench;

static QmpMachine *
get_machine (Bench *self,
             guint  i)
{
  g_autoptr(QmpMachineEntry) entry = g_list_model_get_item (G_LIST_MODEL (self->list), i);

  return qmp_machine_entry_get_machine (entry);
}

static QmpClient *
get_client (Bench *self,
            guint  i)
{
  return qmp_machine_get_client (get_machine (self, i));
}

/* One server, by as many names as there are machines. */
static void
fill (Bench *self)
{
  g_autofree char *all = g_build_filename (self->folder, "all", NULL);
  g_autofree char *own = g_build_filename (self->folder, "own", NULL);

  bench_server_listen_for_all (all);
  bench_server_listen (own);
  for (guint i = 0; i <= self->n; i++)
    {
      g_autofree char *name = g_strdup_printf ("%s/%u", self->folder, i);
      g_autoptr(QmpMachineEntry) entry = NULL;

      if (i < self->n && symlink ("all", name) != 0)
        g_error ("%s cannot be made", name);
      entry = qmp_machine_list_add (self->list, i < self->n ? name : own, NULL);
    }
}

static void
await_connected (Bench *self)
{
  for (guint i = 0; i <= self->n; i++)
    while (!qmp_machine_get_connected (get_machine (self, i)))
      g_main_context_iteration (NULL, TRUE);
}

/* --- a command beside a flood --- */

static void
event_cb (QmpClient *client,
          QmpEvent  *event,
          gpointer   user_data)
{
  ((Bench *) user_data)->n_events++;
}

static void
flooded_cb (GObject      *client,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr(JsonNode) reply = qmp_client_execute_finish (QMP_CLIENT (client), result, NULL);

  /* And again. */
  if (reply != NULL)
    qmp_client_execute_async (QMP_CLIENT (client), "drizzle", NULL, NULL, flooded_cb, user_data);
}

static void execute (Bench *self);

static void
answered_cb (GObject      *client,
             GAsyncResult *result,
             gpointer      user_data)
{
  Bench *self = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) reply = qmp_client_execute_finish (QMP_CLIENT (client), result, &error);

  if (reply == NULL)
    g_error ("%s", error->message);
  self->times[self->n_times++] = g_get_monotonic_time () - self->begun;
  if (--self->n_left > 0)
    execute (self);
  else
    g_main_loop_quit (self->loop);
}

static void
execute (Bench *self)
{
  self->begun = g_get_monotonic_time ();
  qmp_client_execute_async (get_client (self, self->n), "query-status", NULL, NULL, answered_cb, self);
}

static int
compare (const void *a,
         const void *b)
{
  gint64 difference = *(const gint64 *) a - *(const gint64 *) b;

  return (difference > 0) - (difference < 0);
}

/* Nanoseconds of the processor, which other work does not change much. */
static gint64
get_processor_time (void)
{
  struct timespec time;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &time);
  return time.tv_sec * G_GINT64_CONSTANT (1000000000) + time.tv_nsec;
}

static void
run (Bench      *self,
     const char *name,
     guint       count)
{
  gint64 begun = g_get_monotonic_time ();
  gint64 processor = get_processor_time ();

  self->n_left = count;
  self->n_times = 0;
  self->n_events = 0;
  execute (self);
  g_main_loop_run (self->loop);
  qsort (self->times, count, sizeof *self->times, compare);
  g_print ("{\"case\": \"%s\", \"machines\": %u, \"commands\": %u, \"median-us\": %" G_GINT64_FORMAT ", \"p99-us\": %"
           G_GINT64_FORMAT ", \"worst-us\": %" G_GINT64_FORMAT ", \"events-per-s\": %.0f, \"processor-ns-per-event\": %.0f}\n",
           name, self->n, count, self->times[count / 2], self->times[count * 99 / 100], self->times[count - 1],
           self->n_events * 1e6 / (g_get_monotonic_time () - begun),
           (get_processor_time () - processor) / (double) MAX (self->n_events, 1));
}

static void
flood (Bench *self)
{
  for (guint i = 0; i < self->n; i++)
    {
      g_signal_connect (get_client (self, i), "event", G_CALLBACK (event_cb), self);
      qmp_client_execute_async (get_client (self, i), "drizzle", NULL, NULL, flooded_cb, self);
    }
}

static void
clean_up (Bench *self)
{
  g_autoptr(GDir) folder = g_dir_open (self->folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *path = g_build_filename (self->folder, name, NULL);

      unlink (path);
    }
  rmdir (self->folder);
}

int
main (int    argc,
      char **argv)
{
  Bench self = { argc == 3 ? (guint) atoi (argv[1]) : 0 };
  guint count = argc == 3 ? (guint) atoi (argv[2]) : 0;
  struct rlimit limit;
  gsize before;

  if (self.n == 0 || count == 0)
    {
      g_printerr ("usage: bench-list MACHINES COMMANDS\n");
      return 2;
    }
  signal (SIGCHLD, SIG_IGN);
  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
  self.folder = g_dir_make_tmp ("qmp-bench-XXXXXX", NULL);
  self.loop = g_main_loop_new (NULL, FALSE);
  self.times = g_new (gint64, count);
  self.list = qmp_machine_list_new ();
  before = mallinfo2 ().uordblks;
  fill (&self);
  await_connected (&self);
  g_print ("{\"case\": \"memory\", \"machines\": %u, \"bytes-each\": %" G_GSIZE_FORMAT "}\n", self.n + 1,
           (mallinfo2 ().uordblks - before) / (self.n + 1));
  run (&self, "quiet", count);
  flood (&self);
  run (&self, "flooded", count);
  clean_up (&self);
  return 0;
}
