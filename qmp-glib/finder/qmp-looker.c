/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "finder/qmp-looker-private.h"

#include "core/qmp-cancellation-private.h"
#include "core/qmp-task-private.h"

/* Somebody who waits. */
typedef struct {
  GQueue  *queue;          /* that it stands in: the looker's, or the look's */
  GTask   *task;
  GSource *cancellation;   /* nullable */
} Waiter;

/* One look in another thread. It belongs to its task, and does not hold the looker. */
typedef struct {
  QmpLooker  *looker;      /* borrowed; NULL when that is gone; of the looker's thread, as are the last two */
  char       *root;
  QmpHolders *holders;     /* nullable: lent by the looker */
  gboolean    outdated;    /* there was a newer one meanwhile */
  GQueue      waiting;     /* of Waiter */
} Look;

struct _QmpLooker {
  QmpIoContext  *io;
  QmpLookerFunc  seen;
  gpointer       owner;      /* borrowed */
  char          *root;
  guint          interval;
  gboolean       thorough;
  gboolean       begun;      /* with the first look, which does not wait */
  QmpIoTimer     timer;
  Look          *look;       /* nullable: is under way */
  QmpHolders    *holders;    /* NULL while a look has them, and at first */
  GQueue         waiting;    /* of Waiter: for the look after this one */
};

static void plan (QmpLooker *self);

/* --- who waits --- */

/* Returns its task. */
static GTask *
waiter_free (Waiter *waiter)
{
  GTask *task = waiter->task;

  if (waiter->cancellation != NULL)
    g_source_destroy (waiter->cancellation);
  g_clear_pointer (&waiter->cancellation, g_source_unref);
  g_queue_remove (waiter->queue, waiter);
  g_free (waiter);
  return task;
}

/* Takes error, which is nullable. */
static void
waiter_return (Waiter *waiter,
               GError *error)
{
  g_autoptr(GTask) task = waiter_free (waiter);

  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static gboolean
cancelled_cb (GCancellable *cancellable,
              gpointer      user_data)
{
  waiter_return (user_data, qmp_cancellation_make_error (cancellable));
  return G_SOURCE_REMOVE;
}

static void
watch_cancellable (QmpLooker *self,
                   Waiter    *waiter)
{
  GCancellable *cancellable = g_task_get_cancellable (waiter->task);

  if (cancellable == NULL)
    return;
  waiter->cancellation = g_cancellable_source_new (cancellable);
  g_source_set_callback (waiter->cancellation, G_SOURCE_FUNC (cancelled_cb), waiter, NULL);
  g_source_attach (waiter->cancellation, qmp_io_context_get_main_context (self->io));
}

void
qmp_looker_wait_async (QmpLooker *self,
                       GTask     *task)
{
  Waiter *waiter = g_new0 (Waiter, 1);

  waiter->task = task;
  waiter->queue = &self->waiting;
  g_queue_push_tail (waiter->queue, waiter);
  watch_cancellable (self, waiter);
  plan (self);
}

static void
move_waiting (GQueue *from,
              GQueue *to)
{
  Waiter *waiter;

  while ((waiter = g_queue_pop_head (from)) != NULL)
    {
      waiter->queue = to;
      g_queue_push_tail (to, waiter);
    }
}

static void
return_all (GQueue       *waiting,
            const GError *error)
{
  while (waiting->length > 0)
    waiter_return (waiting->head->data, error != NULL ? g_error_copy (error) : NULL);
}

/* Those that nobody is left to tell: the main context is gone. */
static void
drop_all (GQueue *waiting)
{
  while (waiting->length > 0)
    g_object_unref (waiter_free (waiting->head->data));
}

/* --- in another thread --- */

static void
look_free (gpointer data)
{
  Look *look = data;

  drop_all (&look->waiting);
  g_clear_pointer (&look->holders, qmp_holders_free);
  g_free (look->root);
  g_free (look);
}

static void
look_in_thread (GTask        *task,
                gpointer      source_object,
                gpointer      task_data,
                GCancellable *cancellable)
{
  Look *look = task_data;
  GError *error = NULL;
  GPtrArray *instances = qmp_scan_run (look->root, NULL, look->holders, &error);

  if (instances != NULL)
    g_task_return_pointer (task, instances, (GDestroyNotify) g_ptr_array_unref);
  else
    g_task_return_error (task, error);
}

static void
looked_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  Look *look = g_task_get_task_data (G_TASK (result));
  QmpLooker *self = look->looker;
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) instances = g_task_propagate_pointer (G_TASK (result), &error);

  if (self == NULL)
    return;
  self->look = NULL;
  if (self->holders == NULL)
    self->holders = g_steal_pointer (&look->holders);
  plan (self);
  if (instances != NULL && !look->outdated)
    self->seen (self->owner, instances);
  /* The looker may be gone. */
  return_all (&look->waiting, error);
}

static void
begin (QmpLooker *self)
{
  Look *look = g_new0 (Look, 1);
  gint64 created;
  g_autoptr(GTask) task = qmp_task_new (qmp_io_context_get_main_context (self->io), NULL, looked_cb, NULL, begin, &created);

  qmp_io_timer_clear (&self->timer);
  look->looker = self;
  look->root = g_strdup (self->root);
  if (self->thorough)
    look->holders = self->holders != NULL ? g_steal_pointer (&self->holders) : qmp_holders_new ();
  move_waiting (&self->waiting, &look->waiting);
  self->look = look;
  self->begun = TRUE;
  g_task_set_task_data (task, look, look_free);
  g_task_run_in_thread (task, look_in_thread);
}

static void
time_cb (gpointer owner)
{
  begin (owner);
}

/* Says when to look next. */
static void
plan (QmpLooker *self)
{
  gint64 delay = self->begun ? (gint64) self->interval * 1000 : 0;

  if (self->look != NULL)
    return;
  if (self->waiting.length > 0)
    begin (self);
  else if (self->interval > 0)
    qmp_io_timer_set (&self->timer, self->io, g_get_monotonic_time () + delay, time_cb, self);
  else
    qmp_io_timer_clear (&self->timer);
}

/* --- the object --- */

QmpLooker *
qmp_looker_new (QmpIoContext  *io,
                QmpLookerFunc  seen,
                gpointer       owner)
{
  QmpLooker *self = g_new0 (QmpLooker, 1);

  self->io = qmp_io_context_ref (io);
  self->seen = seen;
  self->owner = owner;
  self->root = g_strdup ("/proc");
  self->thorough = TRUE;
  return self;
}

void
qmp_looker_free (QmpLooker *self)
{
  if (self->look != NULL)
    self->look->looker = NULL;
  drop_all (&self->waiting);
  qmp_io_timer_clear (&self->timer);
  g_clear_pointer (&self->holders, qmp_holders_free);
  g_free (self->root);
  qmp_io_context_unref (self->io);
  g_free (self);
}

void
qmp_looker_set_root (QmpLooker  *self,
                     const char *root)
{
  g_free (self->root);
  self->root = g_strdup (root);
}

void
qmp_looker_set_interval (QmpLooker *self,
                         guint      interval)
{
  self->interval = interval;
  plan (self);
}

void
qmp_looker_set_thorough (QmpLooker *self,
                         gboolean   thorough)
{
  self->thorough = thorough;
}

GPtrArray *
qmp_looker_look (QmpLooker  *self,
                 GError    **error)
{
  GPtrArray *instances;

  if (self->thorough && self->holders == NULL)
    self->holders = qmp_holders_new ();
  instances = qmp_scan_run (self->root, NULL, self->thorough ? self->holders : NULL, error);
  if (instances == NULL)
    return NULL;
  self->begun = TRUE;
  if (self->look != NULL)
    self->look->outdated = TRUE;
  plan (self);
  return instances;
}
