/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-shutdown-private.h"

/* milliseconds: negative for ever. */
static gint64
get_deadline (gint64 now,
              int    milliseconds)
{
  return milliseconds < 0 ? G_MAXINT64 : now + milliseconds * (gint64) 1000;
}

static gboolean
only_asks (QmpShutdownCaller *caller)
{
  return (caller->flags & QMP_SHUT_DOWN_ASK_ONLY) != 0;
}

/* --- callers --- */

void
qmp_shutdown_join (QmpShutdown       *self,
                   QmpShutdownCaller *caller,
                   QmpShutDownFlags   flags,
                   int                ask,
                   int                quit,
                   gint64             now)
{
  *caller = (QmpShutdownCaller) { flags, get_deadline (now, ask), quit };
  g_queue_push_tail (&self->callers, caller);
  if (self->stage > QMP_SHUT_DOWN_STAGE_ASKING && self->stage < QMP_SHUT_DOWN_STAGE_KILLING && !only_asks (caller))
    self->quit_until = MIN (self->quit_until, get_deadline (now, quit));
}

void
qmp_shutdown_leave (QmpShutdown       *self,
                    QmpShutdownCaller *caller)
{
  g_queue_remove (&self->callers, caller);
  if (self->callers.head == NULL)
    *self = (QmpShutdown) { 0 };
}

void
qmp_shutdown_clear (QmpShutdown *self)
{
  g_queue_clear (&self->callers);
  *self = (QmpShutdown) { 0 };
}

static QmpShutDownFlags
get_flags (QmpShutdown *self)
{
  QmpShutDownFlags flags = QMP_SHUT_DOWN_NONE;

  for (GList *l = self->callers.head; l != NULL; l = l->next)
    flags |= ((QmpShutdownCaller *) l->data)->flags;
  return flags;
}

/* When there is more to be done than to ask. */
static gint64
get_ask_until (QmpShutdown *self)
{
  gint64 until = G_MAXINT64;

  for (GList *l = self->callers.head; l != NULL; l = l->next)
    if (!only_asks (l->data))
      until = MIN (until, ((QmpShutdownCaller *) l->data)->ask_until);
  return until;
}

static gboolean
escalates (QmpShutdown *self)
{
  for (GList *l = self->callers.head; l != NULL; l = l->next)
    if (!only_asks (l->data))
      return TRUE;
  return FALSE;
}

static gint64
get_quit_until (QmpShutdown *self,
                gint64       now)
{
  gint64 until = G_MAXINT64;

  for (GList *l = self->callers.head; l != NULL; l = l->next)
    if (!only_asks (l->data))
      until = MIN (until, get_deadline (now, ((QmpShutdownCaller *) l->data)->quit));
  return until;
}

/* --- asking --- */

static gboolean
may_resume (QmpShutdown      *self,
            QmpMachineStatus  status)
{
  return (get_flags (self) & QMP_SHUT_DOWN_RESUME) != 0 &&
         (status == QMP_MACHINE_STATUS_PAUSED || status == QMP_MACHINE_STATUS_PRELAUNCH ||
          status == QMP_MACHINE_STATUS_IO_ERROR || status == QMP_MACHINE_STATUS_WATCHDOG);
}

static gboolean
may_wake (QmpShutdown      *self,
          QmpMachineStatus  status)
{
  return (get_flags (self) & QMP_SHUT_DOWN_WAKE) != 0 && status == QMP_MACHINE_STATUS_SUSPENDED;
}

/* Is there a guest that could answer, or was it asked? With -no-shutdown one that has answered is turned off. */
static gboolean
can_ask (QmpShutdown            *self,
         const QmpShutdownSight *sight)
{
  if (!sight->linked || self->deaf || sight->status == QMP_MACHINE_STATUS_SHUTDOWN)
    return FALSE;
  return self->pressed || sight->status == QMP_MACHINE_STATUS_RUNNING || self->resumed || self->woken ||
         may_resume (self, sight->status) || may_wake (self, sight->status);
}

QmpShutdownCaller *
qmp_shutdown_pop_late (QmpShutdown            *self,
                       const QmpShutdownSight *sight,
                       gint64                  now)
{
  gboolean in_vain = self->deaf || (!self->pressed && !can_ask (self, sight));

  for (GList *l = self->callers.head; l != NULL; l = l->next)
    {
      QmpShutdownCaller *caller = l->data;

      if (!only_asks (caller) || (now < caller->ask_until && !in_vain))
        continue;
      qmp_shutdown_leave (self, caller);
      return caller;
    }
  return NULL;
}

/* A guest that is about to wake up does not hear the button, and nobody knows when it does: it is pressed until it is heard. */
static QmpShutdownStep
press (QmpShutdown *self,
       gint64       now)
{
  gboolean again = self->woken || (!self->pressed && (get_flags (self) & QMP_SHUT_DOWN_PRESS_AGAIN) != 0);

  self->pressed = TRUE;
  self->press_at = again ? now + QMP_SHUTDOWN_PRESS_AGAIN : 0;
  return QMP_SHUTDOWN_PRESS;
}

static QmpShutdownStep
ask (QmpShutdown            *self,
     const QmpShutdownSight *sight,
     gint64                  now)
{
  self->stage = QMP_SHUT_DOWN_STAGE_ASKING;
  if (!self->woken && may_wake (self, sight->status))
    {
      self->woken = TRUE;
      return QMP_SHUTDOWN_WAKE;
    }
  if (!self->resumed && may_resume (self, sight->status))
    {
      self->resumed = TRUE;
      return QMP_SHUTDOWN_RESUME;
    }
  if (self->pressed && (self->press_at == 0 || now < self->press_at))
    return QMP_SHUTDOWN_NOTHING;
  self->press_at = 0;
  return sight->status == QMP_MACHINE_STATUS_RUNNING ? press (self, now) : QMP_SHUTDOWN_NOTHING;
}

/* --- the stages after it --- */

static QmpShutdownStep
kill_it (QmpShutdown            *self,
         const QmpShutdownSight *sight,
         gint64                  now)
{
  if (!sight->has_process || self->stage == QMP_SHUT_DOWN_STAGE_KILLING)
    return QMP_SHUTDOWN_GIVE_UP;
  self->stage = QMP_SHUT_DOWN_STAGE_KILLING;
  self->quit_until = now + QMP_SHUTDOWN_KILL_PATIENCE;
  return QMP_SHUTDOWN_KILL;
}

static QmpShutdownStep
end_it (QmpShutdown            *self,
        const QmpShutdownSight *sight,
        gint64                  now)
{
  gint64 until = get_quit_until (self, now);

  if (until <= now || (!sight->linked && !sight->has_process))
    return kill_it (self, sight, now);
  self->quit_until = until;
  self->stage = sight->linked ? QMP_SHUT_DOWN_STAGE_QUITTING : QMP_SHUT_DOWN_STAGE_TERMINATING;
  return sight->linked ? QMP_SHUTDOWN_QUIT : QMP_SHUTDOWN_TERMINATE;
}

QmpShutdownStep
qmp_shutdown_step (QmpShutdown            *self,
                   const QmpShutdownSight *sight,
                   gint64                  now)
{
  if (self->callers.head == NULL)
    return QMP_SHUTDOWN_NOTHING;
  if (self->stage > QMP_SHUT_DOWN_STAGE_ASKING)
    return now >= self->quit_until ? kill_it (self, sight, now) : QMP_SHUTDOWN_NOTHING;
  if (escalates (self) && (now >= get_ask_until (self) || !can_ask (self, sight)))
    return end_it (self, sight, now);
  return can_ask (self, sight) ? ask (self, sight, now) : QMP_SHUTDOWN_NOTHING;
}

void
qmp_shutdown_refuse (QmpShutdown *self,
                     gint64       now)
{
  if (self->stage == QMP_SHUT_DOWN_STAGE_QUITTING)
    self->quit_until = now;
  else if (self->stage == QMP_SHUT_DOWN_STAGE_ASKING)
    self->deaf = TRUE;
}

gint64
qmp_shutdown_get_until (QmpShutdown *self)
{
  gint64 until = self->stage > QMP_SHUT_DOWN_STAGE_ASKING ? self->quit_until : get_ask_until (self);

  if (self->callers.head == NULL)
    return G_MAXINT64;
  if (self->press_at != 0)
    until = MIN (until, self->press_at);
  for (GList *l = self->callers.head; l != NULL; l = l->next)
    if (only_asks (l->data))
      until = MIN (until, ((QmpShutdownCaller *) l->data)->ask_until);
  return until;
}
