/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "mock/qmp-stage-private.h"

#include <unistd.h>

struct _QmpStage {
  const QmpStageFuncs *funcs;
  gpointer             user_data;
  pid_t                pid;       /* whose the thread is */
  GThread             *thread;
  GMainContext        *context;
  GMainLoop           *loop;
  gpointer             actor;     /* the thread's */

  GMutex               lock;
  GCond                done;      /* some call is */
  gboolean             over;      /* no call is taken any more */
};

typedef struct {
  QmpStage     *stage;
  QmpStageFunc  func;
  gpointer      user_data;
  gboolean      done;
} Call;

static gboolean
call_cb (gpointer user_data)
{
  Call *call = user_data;
  QmpStage *self = call->stage;

  call->func (self->actor, call->user_data);
  /* The caller may go on, and the call be gone, as soon as the lock is free. */
  g_mutex_lock (&self->lock);
  call->done = TRUE;
  g_cond_broadcast (&self->done);
  g_mutex_unlock (&self->lock);
  return G_SOURCE_REMOVE;
}

/* Never at once, whoever has the context. */
static void
post (QmpStage    *self,
      GSourceFunc  func,
      gpointer     user_data)
{
  g_autoptr(GSource) source = g_idle_source_new ();

  g_source_set_static_name (source, "[qmp] call into a mock");
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, func, user_data, NULL);
  g_source_attach (source, self->context);
}

static gpointer
run (gpointer data)
{
  QmpStage *self = data;

  g_main_context_push_thread_default (self->context);
  self->actor = self->funcs->enter (self->user_data);
  g_main_loop_run (self->loop);
  self->funcs->leave (self->actor);
  /* What was dropped last is told of in the next turns. */
  while (g_main_context_iteration (self->context, FALSE))
    ;
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

QmpStage *
qmp_stage_new (const QmpStageFuncs *funcs,
               gpointer             user_data)
{
  QmpStage *self = g_atomic_rc_box_new0 (QmpStage);

  self->funcs = funcs;
  self->user_data = user_data;
  self->pid = getpid ();
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  g_mutex_init (&self->lock);
  g_cond_init (&self->done);
  self->thread = g_thread_new ("qmp-mock", run, self);
  return self;
}

QmpStage *
qmp_stage_ref (QmpStage *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
stage_clear (QmpStage *self)
{
  g_assert (self->over || self->pid != getpid ());

  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
  g_cond_clear (&self->done);
  g_mutex_clear (&self->lock);
}

void
qmp_stage_unref (QmpStage *self)
{
  /* A child has the memory, and who knows in what state the thread has left it. */
  if (self->pid == getpid ())
    g_atomic_rc_box_release_full (self, (GDestroyNotify) stage_clear);
}

gboolean
qmp_stage_call (QmpStage     *self,
                QmpStageFunc  func,
                gpointer      user_data)
{
  Call call = { self, func, user_data, FALSE };

  if (self->pid != getpid ())
    return FALSE;

  g_mutex_lock (&self->lock);
  if (!self->over)
    {
      post (self, call_cb, &call);
      while (!call.done)
        g_cond_wait (&self->done, &self->lock);
    }
  g_mutex_unlock (&self->lock);
  return call.done;
}

static gboolean
quit_cb (gpointer user_data)
{
  g_main_loop_quit (user_data);
  return G_SOURCE_REMOVE;
}

/* The call that stops the loop stands behind all that were taken. */
static GThread *
stop (QmpStage *self)
{
  GThread *thread = NULL;

  g_mutex_lock (&self->lock);
  if (!self->over)
    {
      self->over = TRUE;
      post (self, quit_cb, self->loop);
      thread = g_steal_pointer (&self->thread);
    }
  g_mutex_unlock (&self->lock);
  return thread;
}

gboolean
qmp_stage_end (QmpStage *self)
{
  GThread *thread;

  if (self->pid != getpid ())
    return FALSE;
  thread = stop (self);
  if (thread == NULL)
    return FALSE;
  g_thread_join (thread);
  return TRUE;
}
