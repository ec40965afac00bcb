/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "top-sampler.h"

#include "tool-json.h"
#include "top-load.h"

/* Which threads are virtual processors is asked that rarely: it hardly ever changes. */
#define TICKS_OF_THREADS 15
#define MOST_THREADS 1024
/* QEMU is not asked in the moment in which it leaves, where 7.2 hangs for ever. */
#define LEAVING_TIME (2 * G_TIME_SPAN_SECOND)

/* A command under way has a reference, and the owner has one. */
struct _TopSampler {
  QmpMachine    *machine;      /* NULL: it is not wanted any more */
  void        (* answered) (gpointer owner);
  gpointer       owner;
  GCancellable  *cancellable;
  gboolean       busy;
  guint          ticks;        /* until the threads are asked for */
  gint64         quiet_until;  /* of the monotonic clock */
  TopLoad       *load;         /* nullable: of no process here */
  TopBlocks     *blocks;
  TopSample      sample;
};

static void
clear (gpointer data)
{
  TopSampler *self = data;

  g_clear_pointer (&self->load, top_load_free);
  top_blocks_free (self->blocks);
  g_object_unref (self->cancellable);
}

static void
unref (TopSampler *self)
{
  g_rc_box_release_full (self, clear);
}

static void
event_cb (QmpClient  *client,
          QmpEvent   *event,
          TopSampler *self)
{
  self->quiet_until = g_get_monotonic_time () + LEAVING_TIME;
}

/* What was counted before may be another machine's. */
static void
connected_cb (QmpMachine *machine,
              GParamSpec *pspec,
              TopSampler *self)
{
  top_blocks_forget (self->blocks);
  self->sample.has_rates = FALSE;
  self->ticks = 0;
  self->quiet_until = 0;
}

TopSampler *
top_sampler_new (QmpMachine  *machine,
                 void      (* answered) (gpointer owner),
                 gpointer     owner)
{
  TopSampler *self = g_rc_box_new0 (TopSampler);

  self->machine = g_object_ref (machine);
  self->answered = answered;
  self->owner = owner;
  self->cancellable = g_cancellable_new ();
  self->blocks = top_blocks_new ();
  self->sample.load = self->sample.threads_load = -1;
  g_signal_connect (qmp_machine_get_client (machine), "event::SHUTDOWN", G_CALLBACK (event_cb), self);
  g_signal_connect (machine, "notify::connected", G_CALLBACK (connected_cb), self);
  return self;
}

void
top_sampler_free (TopSampler *self)
{
  g_signal_handlers_disconnect_by_data (qmp_machine_get_client (self->machine), self);
  g_signal_handlers_disconnect_by_data (self->machine, self);
  g_clear_object (&self->machine);
  g_cancellable_cancel (self->cancellable);
  unref (self);
}

const TopSample *
top_sampler_get (TopSampler *self)
{
  return &self->sample;
}

gboolean
top_sampler_is_busy (TopSampler *self)
{
  return self->busy;
}

/* --- the processor --- */

static void
look_at_process (TopSampler *self,
                 int         pid,
                 gint64      now)
{
  if (self->load != NULL && top_load_get_pid (self->load) != pid)
    g_clear_pointer (&self->load, top_load_free);
  if (self->load == NULL && pid > 0)
    {
      self->load = top_load_new (pid);
      self->ticks = 0;
    }
  if (self->load != NULL)
    top_load_look (self->load, now);
  self->sample.load = self->load != NULL ? top_load_get (self->load) : -1;
  self->sample.threads_load = self->load != NULL ? top_load_get_threads (self->load) : -1;
}

static void
take_threads (TopSampler *self,
              JsonNode   *reply)
{
  guint n = MIN (tool_json_get_length (reply), MOST_THREADS);
  g_autofree int *threads = g_new (int, n);

  for (guint i = 0; i < n; i++)
    threads[i] = (int) tool_json_get_int (tool_json_get_element (reply, i), "thread-id");
  self->sample.n_threads = n;
  if (self->load != NULL)
    top_load_set_threads (self->load, threads, n);
}

/* --- the commands --- */

static void ask (TopSampler          *self,
                 const char          *command,
                 GAsyncReadyCallback  callback);

/* NULL if there is none. Takes the command's reference, unless another command follows. */
static JsonNode *
finish (TopSampler   *self,
        GObject      *client,
        GAsyncResult *result)
{
  JsonNode *reply = qmp_client_execute_finish (QMP_CLIENT (client), result, NULL);

  self->busy = FALSE;
  return reply;
}

static void
threads_cb (GObject      *client,
            GAsyncResult *result,
            gpointer      user_data)
{
  TopSampler *self = user_data;
  g_autoptr(JsonNode) reply = finish (self, client, result);

  /* Only a machine has them. */
  if (reply != NULL)
    take_threads (self, reply);
  unref (self);
}

static void
stats_cb (GObject      *client,
          GAsyncResult *result,
          gpointer      user_data)
{
  TopSampler *self = user_data;
  g_autoptr(JsonNode) reply = finish (self, client, result);
  gboolean wanted = self->machine != NULL;

  if (reply != NULL)
    self->sample.has_rates = top_blocks_take (self->blocks, reply, g_get_monotonic_time (), &self->sample.rates);
  if (wanted && reply != NULL && self->ticks == 0)
    {
      self->ticks = TICKS_OF_THREADS;
      ask (self, "query-cpus-fast", threads_cb);
    }
  if (wanted)
    self->answered (self->owner);
  unref (self);
}

static void
ask (TopSampler          *self,
     const char          *command,
     GAsyncReadyCallback  callback)
{
  self->busy = TRUE;
  qmp_client_execute_async (qmp_machine_get_client (self->machine), command, NULL, self->cancellable, callback,
                            g_rc_box_acquire (self));
}

void
top_sampler_tick (TopSampler *self,
                  int         pid)
{
  gint64 now = g_get_monotonic_time ();

  look_at_process (self, pid, now);
  if (self->ticks > 0)
    self->ticks--;
  if (!self->busy && now >= self->quiet_until && qmp_machine_get_connected (self->machine))
    ask (self, "query-blockstats", stats_cb);
}
