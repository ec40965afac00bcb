/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "wire/qmp-io-context-private.h"

#include "core/qmp-source-private.h"

/* GLib dispatches nothing of a lower priority, such as drawing a window, while a source is ready. So there is one for
 * whatever comes behind all that: for the turn after one that left something to be done, and for one after so many in a
 * row that had something to do. */
#define PRIORITY_LATER G_PRIORITY_LOW
#define MAX_STREAK 64

/* When to look again whether what was handed over has no other reference any more, in milliseconds: first, and at most. */
#define LOOK_FIRST 1
#define LOOK_LONGEST 1000
/* A thread that ends looks so often. */
#define MAX_YIELDS 1000

#define CHECK_EACH 1024

typedef struct {
  GSource       source;
  QmpIoContext *context;  /* borrowed: the source is destroyed with it */
} IoSource;

struct _QmpIoContext {
  GMainContext *main_context;
  GThread      *thread;           /* borrowed, only compared; NULL once it has ended; atomic */
  guint         n_refs;           /* under the lock */

  GSource      *source;           /* nullable: while there are registrations; so is the next */
  GSource      *later;            /* takes the turn instead, if it is ready */
  guint         n_registrations;  /* watches and timers */
  guint         n_holds;
  gboolean      is_sooner;        /* the first timer was set within a hold */
  gboolean      is_private;       /* the main context is iterated by this thread alone, and polls for the set */
  gboolean      is_woken;         /* since the source was last asked */
  QmpPollSet   *set;
  QmpDeadlines  timers;

  QmpIoTurns    turns;
  guint         depth;            /* of dispatches: while there are any it is not freed */
  guint         streak;           /* iterations in a row that had something to do */
  gboolean      yields;           /* in the next iteration later is ready, and the source is not */
  gboolean      skips;            /* this is it */

  GSList       *handed_over;      /* of GObject, owned: from any thread; atomic */
  GSList       *waiting;          /* of those: somebody else has a reference, too */
  QmpIoTimer    look_again;       /* at them */
  guint         look_delay;       /* milliseconds */
#ifdef QMP_CHECKS
  GQueue        watches;          /* of QmpIoWatch, by their check_links: all */
  guint         n_prepared;
#endif
};

/* The threads' own, of QmpIoContext. What nobody holds any more is freed by its own thread, or when that has ended. */
static void forget_thread (gpointer data);
static GPrivate contexts = G_PRIVATE_INIT (forget_thread);
static GMutex lock;

/* --- noting what is ready --- */

static void
note_entry (QmpPollEntry *entry,
            GIOCondition  ready,
            gpointer      user_data)
{
  qmp_io_turns_note (&((QmpIoContext *) user_data)->turns, (QmpIoWatch *) entry, ready);
}

static QmpIoTimer *
peek_timer (QmpIoContext *self)
{
  return qmp_deadline_owner (qmp_deadlines_peek (&self->timers), QmpIoTimer, deadline);
}

/* Nobody has to be woken by the main context's own thread, which looks here before it sleeps. But a foreign main loop
 * that polls the context's descriptors by itself, as asyncio's and Qt's do, does not hold the context while it sleeps. Once
 * is enough until the source is asked, since that comes before each sleep. */
static void
wake (QmpIoContext *self)
{
  if (self->n_holds > 0 || self->is_private || self->is_woken || g_main_context_is_owner (self->main_context))
    return;

  self->is_woken = TRUE;
  g_main_context_wakeup (self->main_context);
}

/* --- before the main context sleeps --- */

static QmpIoNeed
ask (QmpIoWatch *watch)
{
  return watch->funcs->prepare != NULL ? watch->funcs->prepare (watch->owner) : QMP_IO_SLEEP;
}

/* In a turn each is served once at most: who is ready then is asked again behind it. */
static void
ask_stirred (QmpIoContext *self,
             gboolean      in_turn)
{
  while (qmp_io_turns_has (&self->turns, QMP_IO_STIRRED))
    {
      QmpIoWatch *watch = qmp_io_turns_take_first (&self->turns, QMP_IO_STIRRED);
      QmpIoNeed need;
      gboolean is_ready;

      watch->place = QMP_IO_IN_PREPARE;
      need = ask (watch);
      watch->place = QMP_IO_NOWHERE;
      is_ready = need == QMP_IO_READY || watch->ready != 0;
      if (is_ready && !in_turn)
        qmp_io_turns_note (&self->turns, watch, 0);
      else if (is_ready || need == QMP_IO_AGAIN)
        qmp_io_turns_list (&self->turns, watch, QMP_IO_POSTPONED);
    }
}

static void
ask_noted (QmpIoContext *self,
           QmpIoPlace    place)
{
  for (GList *l = self->turns.lists[place].head; l != NULL; l = l->next)
    {
      QmpIoWatch *watch = l->data;

      if (!watch->is_asking)
        continue;
      watch->is_asking = ask (watch) == QMP_IO_AGAIN;
      if (watch->is_asking)
        self->turns.is_asking = TRUE;
    }
}

/* What somebody has to write does not wait until he is served, which may take many turns. */
static void
ask_all_noted (QmpIoContext *self)
{
  if (!self->turns.is_asking)
    return;

  self->turns.is_asking = FALSE;
  for (QmpIoPlace place = QMP_IO_NOTED; place < QMP_IO_N_PLACES; place++)
    ask_noted (self, place);
}

static void
stir_postponed (QmpIoContext *self)
{
  while (qmp_io_turns_has (&self->turns, QMP_IO_POSTPONED))
    qmp_io_turns_list (&self->turns, qmp_io_turns_take_first (&self->turns, QMP_IO_POSTPONED), QMP_IO_STIRRED);
}

#ifdef QMP_CHECKS
void
qmp_io_context_check (QmpIoContext *self)
{
  g_assert ((self->source != NULL) == (self->n_registrations > 0) && (self->later != NULL) == (self->source != NULL));
  for (GList *l = self->watches.head; l != NULL; l = l->next)
    {
      QmpIoWatch *watch = l->data;

      g_assert (watch->place != QMP_IO_NOWHERE || (watch->ready == 0 && ask (watch) == QMP_IO_SLEEP));
    }
  qmp_deadlines_check (&self->timers);
}
#endif

static void
check_sometimes (QmpIoContext *self)
{
#ifdef QMP_CHECKS
  if (++self->n_prepared % CHECK_EACH == 0)
    qmp_io_context_check (self);
#endif
}

static int
get_timeout (QmpIoContext *self)
{
  QmpIoTimer *timer = peek_timer (self);
  gint64 remaining;

  if (qmp_io_turns_has (&self->turns, QMP_IO_POSTPONED))
    return 0;
  if (timer == NULL)
    return -1;
  remaining = MAX (timer->deadline.time - g_source_get_time (self->source), 0);
  return MIN ((remaining + 999) / 1000, G_MAXINT);
}

static gboolean
is_timer_due (QmpIoContext *self)
{
  QmpIoTimer *timer = peek_timer (self);

  return timer != NULL && timer->deadline.time <= g_source_get_time (self->source);
}

static gboolean
was_handed_any (QmpIoContext *self)
{
  return g_atomic_pointer_get (&self->handed_over) != NULL;
}

static gboolean
prepare (GSource *source,
         int     *timeout)
{
  QmpIoContext *self = ((IoSource *) source)->context;

  self->is_woken = FALSE;
  qmp_poll_set_settle (self->set);
  stir_postponed (self);
  ask_stirred (self, FALSE);
  ask_all_noted (self);
  check_sometimes (self);
  self->skips = self->yields;
  self->yields = FALSE;
  *timeout = get_timeout (self);
  return !self->skips && (qmp_io_turns_has_noted (&self->turns) || is_timer_due (self) || was_handed_any (self));
}

static gboolean
check (GSource *source)
{
  QmpIoContext *self = ((IoSource *) source)->context;

  if (self->skips)
    return FALSE;
  ask_stirred (self, FALSE);
  if (qmp_io_turns_has_noted (&self->turns) || qmp_poll_set_is_ready (self->set) || is_timer_due (self) ||
      was_handed_any (self))
    return TRUE;
  self->streak = 0;
  return FALSE;
}

/* --- a turn --- */

/* Those that are set meanwhile, for a time that has passed already, wait for the next turn. */
static void
expire_timers (QmpIoContext *self,
               guint         turn)
{
  guint n = self->timers.heap != NULL ? self->timers.heap->len : 0;
  QmpIoTimer *timer;

  for (; n > 0 && self->turns.number == turn && is_timer_due (self); n--)
    {
      timer = peek_timer (self);
      qmp_io_timer_clear (timer);
      timer->func (timer->owner);
    }
}

static void
yield (QmpIoContext *self)
{
  self->streak = 0;
  self->yields = TRUE;
}

/* What was said meanwhile goes out before, so that the answer comes while they are served. */
static gboolean
serve_busy (QmpIoContext *self,
            guint         turn)
{
  if (self->turns.number != turn || !qmp_io_turns_has (&self->turns, QMP_IO_NOTED_BUSY))
    return FALSE;

  ask_stirred (self, TRUE);
  return qmp_io_turns_serve_busy (&self->turns, turn);
}

static void
take_turn (QmpIoContext *self)
{
  guint turn = ++self->turns.number;
  gboolean more;

  qmp_poll_set_harvest (self->set);
  expire_timers (self, turn);
  more = qmp_io_turns_serve (&self->turns, turn);
  more = serve_busy (self, turn) || more;
  if (self->turns.number == turn && (more || ++self->streak >= MAX_STREAK))
    yield (self);
}

static void ensure_sources (QmpIoContext *self);

/* User code may drop the last reference. */
static void
dispatch_turn (QmpIoContext *self)
{
  self->depth++;
  if (was_handed_any (self))
    qmp_io_context_drop_handed_over (self);
  if (self->n_registrations > 0)
    take_turn (self);
  self->depth--;
  if (self->n_registrations > 0)
    ensure_sources (self);
  else
    qmp_io_context_unref (qmp_io_context_ref (self));
}

static gboolean
dispatch (GSource    *source,
          GSourceFunc callback,
          gpointer    user_data)
{
  dispatch_turn (((IoSource *) source)->context);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = {
  .prepare = prepare,
  .check = check,
  .dispatch = dispatch,
};

/* The source, which is asked before, has said whether. A ready time would take system calls. */
static gboolean
later_prepare (GSource *source,
               int     *timeout)
{
  *timeout = -1;
  return ((IoSource *) source)->context->skips;
}

static gboolean
later_check (GSource *source)
{
  return ((IoSource *) source)->context->skips;
}

static GSourceFuncs later_funcs = {
  .prepare = later_prepare,
  .check = later_check,
  .dispatch = dispatch,
};

/* --- the source --- */

static GSource *
add_source (QmpIoContext *self,
            GSourceFuncs *funcs,
            const char   *name,
            int           priority)
{
  GSource *source = g_source_new (funcs, sizeof (IoSource));

  ((IoSource *) source)->context = self;
  g_source_set_static_name (source, name);
  g_source_set_priority (source, priority);
  /* A main loop run inside of a callback must still be served. */
  g_source_set_can_recurse (source, TRUE);
  g_source_attach (source, self->main_context);
  return source;
}

static void
create_sources (QmpIoContext *self)
{
  self->yields = FALSE;
  self->source = add_source (self, &source_funcs, "[qmp] I/O", G_PRIORITY_DEFAULT);
  self->later = add_source (self, &later_funcs, "[qmp] I/O, later", PRIORITY_LATER);
  if (!self->is_private)
    qmp_poll_set_set_source (self->set, self->source);
}

static void
drop_sources (QmpIoContext *self)
{
  self->is_woken = FALSE;
  qmp_poll_set_set_source (self->set, NULL);
  qmp_clear_source (&self->source);
  qmp_clear_source (&self->later);
}

/* A callback may destroy g_main_current_source(), meaning one of its own. */
static void
ensure_sources (QmpIoContext *self)
{
  if (self->source != NULL && !g_source_is_destroyed (self->source) && !g_source_is_destroyed (self->later))
    return;

  if (self->source != NULL)
    {
      g_warning ("The program has destroyed the source that does the I/O of all clients of a main context");
      drop_sources (self);
    }
  create_sources (self);
}

static void
add_registration (QmpIoContext *self)
{
  self->n_registrations++;
  ensure_sources (self);
}

static void
remove_registration (QmpIoContext *self)
{
  if (--self->n_registrations == 0)
    drop_sources (self);
}

/* --- its life --- */

static QmpIoContext *
context_new (GMainContext *main_context)
{
  QmpIoContext *self = g_new0 (QmpIoContext, 1);

  self->main_context = g_main_context_ref (main_context);
  self->thread = g_thread_self ();
  self->set = qmp_poll_set_new (note_entry, self);
  qmp_io_turns_init (&self->turns);
  return self;
}

static void
context_free (QmpIoContext *self)
{
  g_assert (self->n_registrations == 0 && self->source == NULL && self->later == NULL);
  g_assert (self->handed_over == NULL && self->waiting == NULL);

  qmp_poll_set_free (self->set);
  qmp_deadlines_clear (&self->timers);
  g_main_context_unref (self->main_context);
  g_free (self);
}

/* Those that nobody holds: the last reference went in another thread. */
static void
sweep (GPtrArray *own)
{
  for (guint i = own->len; i-- > 0;)
    {
      QmpIoContext *self = g_ptr_array_index (own, i);
      gboolean held;

      g_mutex_lock (&lock);
      held = self->n_refs > 0;
      g_mutex_unlock (&lock);
      if (held)
        continue;
      g_ptr_array_remove_index_fast (own, i);
      context_free (self);
    }
}

/* Who is handing something over at this moment has the other reference to it, but not for long. */
static void
drop_for_good (QmpIoContext *self)
{
  qmp_io_context_drop_handed_over (self);
  for (guint i = 0; i < MAX_YIELDS && self->waiting != NULL; i++)
    {
      g_thread_yield ();
      qmp_io_context_drop_handed_over (self);
    }
}

/* The thread ends. Whoever has the main context may do its work from now on. */
static void
forget_thread (gpointer data)
{
  g_autoptr(GPtrArray) own = data;

  sweep (own);
  g_ptr_array_set_free_func (own, (GDestroyNotify) qmp_io_context_unref);
  for (guint i = 0; i < own->len; i++)
    g_atomic_pointer_set (&qmp_io_context_ref (g_ptr_array_index (own, i))->thread, NULL);
  for (guint i = 0; i < own->len; i++)
    drop_for_good (g_ptr_array_index (own, i));
}

static QmpIoContext *
find (GPtrArray    *own,
      GMainContext *main_context)
{
  for (guint i = 0; i < own->len; i++)
    {
      QmpIoContext *self = g_ptr_array_index (own, i);

      if (self->main_context == main_context)
        return self;
    }
  return NULL;
}

QmpIoContext *
qmp_io_context_get (GMainContext *main_context)
{
  GPtrArray *own = g_private_get (&contexts);
  QmpIoContext *self;

  if (own == NULL)
    {
      own = g_ptr_array_new ();
      g_private_set (&contexts, own);
    }
  self = find (own, main_context);
  if (self == NULL)
    {
      sweep (own);
      self = context_new (main_context);
      g_ptr_array_add (own, self);
    }
  return qmp_io_context_ref (self);
}

/* GLib gives it nothing to know the context by. */
static GPrivate private_set = G_PRIVATE_INIT (NULL);

static int
poll_private (GPollFD *fds,
              guint    n_fds,
              int      timeout)
{
  return qmp_poll_set_poll (g_private_get (&private_set), fds, n_fds, timeout);
}

QmpIoContext *
qmp_io_context_new_private (void)
{
  g_autoptr(GMainContext) main_context = g_main_context_new ();
  QmpIoContext *self = qmp_io_context_get (main_context);

  self->is_private = TRUE;
  g_private_set (&private_set, self->set);
  g_main_context_set_poll_func (main_context, poll_private);
  return self;
}

QmpIoContext *
qmp_io_context_ref (QmpIoContext *self)
{
  g_mutex_lock (&lock);
  self->n_refs++;
  g_mutex_unlock (&lock);
  return self;
}

/* Of the thread's own; with the last one its list goes, too. */
static void
forget (QmpIoContext *self)
{
  GPtrArray *own = g_private_get (&contexts);

  g_ptr_array_remove_fast (own, self);
  if (own->len > 0)
    return;
  g_private_set (&contexts, NULL);
  g_ptr_array_unref (own);
}

void
qmp_io_context_unref (QmpIoContext *self)
{
  GThread *thread;
  gboolean is_last;

  g_mutex_lock (&lock);
  is_last = --self->n_refs == 0;
  thread = g_atomic_pointer_get (&self->thread);
  g_mutex_unlock (&lock);
  if (!is_last || (thread != NULL && thread != g_thread_self ()) || self->depth > 0)
    return;

  if (thread != NULL)
    forget (self);
  context_free (self);
}

GMainContext *
qmp_io_context_get_main_context (QmpIoContext *self)
{
  return self->main_context;
}

void
qmp_io_context_hold (QmpIoContext *self)
{
  self->n_holds++;
}

void
qmp_io_context_release (QmpIoContext *self)
{
  if (--self->n_holds > 0)
    return;
  if (qmp_io_turns_has (&self->turns, QMP_IO_STIRRED) || qmp_io_turns_has (&self->turns, QMP_IO_POSTPONED) ||
      qmp_io_turns_has_noted (&self->turns) || self->is_sooner || !qmp_poll_set_is_settled (self->set))
    wake (self);
  self->is_sooner = FALSE;
}

/* --- the last reference in another thread --- */

gboolean
qmp_io_context_enter (QmpIoContext *self)
{
  GThread *thread = g_atomic_pointer_get (&self->thread);

  return thread != NULL ? thread == g_thread_self () : g_main_context_acquire (self->main_context);
}

gboolean
qmp_io_context_is_entered (QmpIoContext *self)
{
  GThread *thread = g_atomic_pointer_get (&self->thread);

  return thread != NULL ? thread == g_thread_self () : g_main_context_is_owner (self->main_context);
}

void
qmp_io_context_leave (QmpIoContext *self)
{
  gboolean has_waiting;

  if (g_atomic_pointer_get (&self->thread) != NULL)
    return;

  has_waiting = self->waiting != NULL;
  g_main_context_release (self->main_context);
  /* What was handed over meanwhile has nobody else to drop it. */
  if ((has_waiting || was_handed_any (self)) && g_main_context_acquire (self->main_context))
    {
      qmp_io_context_drop_handed_over (self);
      g_main_context_release (self->main_context);
    }
}

void
qmp_io_context_hand_over (QmpIoContext *self,
                          GObject      *object)
{
  g_autoptr(GMainContext) main_context = g_main_context_ref (self->main_context);
  GSList *first = g_slist_prepend (NULL, object);

  do
    first->next = g_atomic_pointer_get (&self->handed_over);
  while (!g_atomic_pointer_compare_and_exchange (&self->handed_over, first->next, first));
  g_main_context_wakeup (main_context);
}

static void
look_again_cb (gpointer owner)
{
  qmp_io_context_drop_handed_over (owner);
}

static void
look_again_later (QmpIoContext *self)
{
  self->look_delay = CLAMP (self->look_delay * 2, LOOK_FIRST, LOOK_LONGEST);
  qmp_io_timer_set (&self->look_again, self, g_get_monotonic_time () + self->look_delay * 1000, look_again_cb, self);
}

/* Its own thread may have got another reference meanwhile, and from GLib 2.80 on who handed it over may still have that
 * which he drops. */
G_GNUC_NO_INLINE static void
drop_all (QmpIoContext *self)
{
  GSList *objects = g_atomic_pointer_exchange (&self->handed_over, NULL);

  if (objects != NULL)
    self->look_delay = 0;
  objects = g_slist_concat (objects, g_steal_pointer (&self->waiting));
  qmp_io_timer_clear (&self->look_again);
  while (objects != NULL)
    {
      GObject *object = objects->data;

      objects = g_slist_delete_link (objects, objects);
      if (g_atomic_int_get (&object->ref_count) == 1)
        g_object_unref (object);
      else
        self->waiting = g_slist_prepend (self->waiting, object);
    }
  if (self->waiting != NULL)
    look_again_later (self);
}

/* Most often there are none. */
void
qmp_io_context_drop_handed_over (QmpIoContext *self)
{
  if (was_handed_any (self) || self->waiting != NULL)
    drop_all (self);
}

gboolean
qmp_io_context_hurry (QmpIoContext *self)
{
  GPtrArray *timers = self->timers.heap;

  if (timers == NULL || timers->len == 0)
    return FALSE;
  for (guint i = 0; i < timers->len; i++)
    ((QmpDeadline *) g_ptr_array_index (timers, i))->time = 0;
  return TRUE;
}

void
qmp_io_context_set_max_polled (QmpIoContext *self,
                               guint         max_polled)
{
  qmp_poll_set_set_max_polled (self->set, max_polled);
}

void
qmp_io_context_set_busy_time (QmpIoContext *self,
                              gint64        busy_time)
{
  self->turns.busy_time = busy_time;
}

/* --- watches --- */

void
qmp_io_watch_attach (QmpIoWatch       *watch,
                     QmpIoContext     *context,
                     const QmpIoFuncs *funcs,
                     gpointer          owner)
{
  g_assert (watch->context == NULL);

  watch->entry.poll.fd = -1;
  watch->context = qmp_io_context_ref (context);
  watch->funcs = funcs;
  watch->owner = owner;
  watch->link = (GList) { watch, NULL, NULL };
#ifdef QMP_CHECKS
  watch->check_link = (GList) { watch, NULL, NULL };
  watch->turn = context->turns.number - 1;
  g_queue_push_tail_link (&context->watches, &watch->check_link);
#endif
  add_registration (context);
}

void
qmp_io_watch_detach (QmpIoWatch *watch)
{
  QmpIoContext *context = watch->context;

  if (context == NULL)
    return;

#ifdef QMP_CHECKS
  g_queue_unlink (&context->watches, &watch->check_link);
#endif
  qmp_io_turns_forget (&context->turns, watch);
  qmp_io_watch_set_fd (watch, -1, 0);
  qmp_clear_source (&watch->stream);
  watch->context = NULL;
  remove_registration (context);
  qmp_io_context_unref (context);
}

void
qmp_io_watch_set_fd (QmpIoWatch   *watch,
                     int           fd,
                     GIOCondition  events)
{
  QmpPollSet *set = watch->context->set;

  if (watch->entry.poll.fd == fd && fd >= 0)
    {
      qmp_poll_set_modify (set, &watch->entry, events);
      return;
    }
  if (watch->entry.poll.fd >= 0)
    qmp_poll_set_remove (set, &watch->entry);
  if (fd >= 0)
    qmp_poll_set_add (set, &watch->entry, fd, events);
  /* To remove one may move others. */
  if (!qmp_poll_set_is_settled (set))
    wake (watch->context);
}

void
qmp_io_watch_set_late (QmpIoWatch *watch,
                       gboolean    is_late)
{
  g_assert (watch->place < QMP_IO_NOTED);

  watch->is_late = is_late;
}

void
qmp_io_watch_stir (QmpIoWatch *watch)
{
  QmpIoContext *self = watch->context;
  gboolean was_calm;

  if (self != NULL && watch->place >= QMP_IO_NOTED)
    watch->is_asking = self->turns.is_asking = TRUE;
  if (self == NULL || watch->place != QMP_IO_NOWHERE)
    return;

  was_calm = !qmp_io_turns_has (&self->turns, QMP_IO_STIRRED) && !qmp_io_turns_has (&self->turns, QMP_IO_POSTPONED);
  qmp_io_turns_list (&self->turns, watch, QMP_IO_STIRRED);
  if (was_calm)
    wake (self);
}

void
qmp_io_watch_calm (QmpIoWatch *watch)
{
  if (watch->place == QMP_IO_STIRRED || watch->place == QMP_IO_POSTPONED)
    qmp_io_turns_unlist (&watch->context->turns, watch);
  watch->is_asking = FALSE;
}

/* --- streams without a descriptor --- */

typedef struct {
  GSource     source;
  QmpIoWatch *watch;  /* borrowed: the source is destroyed with it */
} StreamSource;

static gboolean
stream_dispatch (GSource    *source,
                 GSourceFunc callback,
                 gpointer    user_data)
{
  QmpIoWatch *watch = ((StreamSource *) source)->watch;

  qmp_io_turns_note (&watch->context->turns, watch, G_IO_IN | G_IO_OUT);
  dispatch_turn (watch->context);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs stream_funcs = {
  .dispatch = stream_dispatch,
};

static void
create_stream_source (QmpIoWatch *watch)
{
  watch->stream = g_source_new (&stream_funcs, sizeof (StreamSource));
  ((StreamSource *) watch->stream)->watch = watch;
  g_source_set_static_name (watch->stream, "[qmp] stream");
  g_source_set_can_recurse (watch->stream, TRUE);
  g_source_attach (watch->stream, watch->context->main_context);
}

void
qmp_io_watch_add_source (QmpIoWatch *watch,
                         GSource    *source)
{
  if (watch->stream == NULL)
    create_stream_source (watch);
  g_source_set_dummy_callback (source);
  g_source_add_child_source (watch->stream, source);
}

void
qmp_io_watch_remove_source (QmpIoWatch *watch,
                            GSource    *source)
{
  g_source_remove_child_source (watch->stream, source);
}

/* --- timers --- */

void
qmp_io_timer_set (QmpIoTimer    *timer,
                  QmpIoContext  *context,
                  gint64         time,
                  void        (* func) (gpointer owner),
                  gpointer       owner)
{
  qmp_io_timer_clear (timer);
  *timer = (QmpIoTimer) { { time, 0 }, context, func, owner };
  qmp_deadlines_add (&context->timers, &timer->deadline);
  add_registration (context);
  if (peek_timer (context) != timer)
    return;
  context->is_sooner = context->n_holds > 0;
  wake (context);
}

void
qmp_io_timer_clear (QmpIoTimer *timer)
{
  QmpIoContext *context = timer->context;

  if (context == NULL)
    return;

  qmp_deadlines_remove (&context->timers, &timer->deadline);
  timer->context = NULL;
  remove_registration (context);
}
