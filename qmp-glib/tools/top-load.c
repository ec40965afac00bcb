/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "top-load.h"

#include "top-proc.h"

typedef struct {
  int    thread;   /* 0: all of the process */
  gint64 spent;    /* nanoseconds; -1: not known */
} Clock;

struct _TopLoad {
  int     pid;
  gint64  time;      /* at which was looked; 0: never */
  Clock   process;
  GArray *threads;   /* of Clock */
  double  load;
  double  threads_load;
};

TopLoad *
top_load_new (int pid)
{
  TopLoad *self = g_new0 (TopLoad, 1);

  self->pid = pid;
  self->process.spent = -1;
  self->threads = g_array_new (FALSE, FALSE, sizeof (Clock));
  self->load = self->threads_load = -1;
  return self;
}

void
top_load_free (TopLoad *self)
{
  g_array_unref (self->threads);
  g_free (self);
}

int
top_load_get_pid (TopLoad *self)
{
  return self->pid;
}

static gboolean
is_same (TopLoad   *self,
         const int *threads,
         guint      n)
{
  if (n != self->threads->len)
    return FALSE;
  for (guint i = 0; i < n; i++)
    if (g_array_index (self->threads, Clock, i).thread != threads[i])
      return FALSE;
  return TRUE;
}

void
top_load_set_threads (TopLoad   *self,
                      const int *threads,
                      guint      n)
{
  if (is_same (self, threads, n))
    return;
  g_array_set_size (self->threads, 0);
  for (guint i = 0; i < n; i++)
    {
      Clock thread = { threads[i], -1 };

      g_array_append_val (self->threads, thread);
    }
  self->threads_load = -1;
}

/* Adds what was spent since then to sum, which becomes -1 if that is not known. */
static void
look_at (TopLoad *self,
         Clock   *thread,
         gint64  *sum)
{
  gint64 spent = top_proc_read (self->pid, thread->thread);

  if (spent < 0 || thread->spent < 0 || *sum < 0)
    *sum = -1;
  else
    *sum += MAX (0, spent - thread->spent);
  thread->spent = spent;
}

static double
make_load (gint64 nanoseconds,
           gint64 microseconds)
{
  return nanoseconds >= 0 && microseconds > 0 ? nanoseconds / 10.0 / microseconds : -1;
}

void
top_load_look (TopLoad *self,
               gint64   time)
{
  gint64 sum = 0, threads = self->threads->len > 0 ? 0 : -1;

  look_at (self, &self->process, &sum);
  for (guint i = 0; i < self->threads->len; i++)
    look_at (self, &g_array_index (self->threads, Clock, i), &threads);
  self->load = make_load (sum, time - self->time);
  self->threads_load = make_load (threads, time - self->time);
  self->time = time;
}

double
top_load_get (TopLoad *self)
{
  return self->load;
}

double
top_load_get_threads (TopLoad *self)
{
  return self->threads_load;
}
