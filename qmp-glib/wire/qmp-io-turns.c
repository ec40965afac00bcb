/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "wire/qmp-io-turns-private.h"

/* How long a turn goes on with those that are busy, in microseconds. */
#define BUSY_TIME 2000

void
qmp_io_turns_init (QmpIoTurns *self)
{
  *self = (QmpIoTurns) { .busy_time = BUSY_TIME };
}

void
qmp_io_turns_unlist (QmpIoTurns *self,
                     QmpIoWatch *watch)
{
  if (watch->place >= QMP_IO_STIRRED)
    g_queue_unlink (&self->lists[watch->place], &watch->link);
  watch->place = QMP_IO_NOWHERE;
}

void
qmp_io_turns_note (QmpIoTurns   *self,
                   QmpIoWatch   *watch,
                   GIOCondition  ready)
{
  watch->ready |= ready;
  if (watch->place >= QMP_IO_NOTED || watch->place == QMP_IO_IN_PREPARE)
    return;
  qmp_io_turns_unlist (self, watch);
  qmp_io_turns_list (self, watch,
                     watch->is_late ? QMP_IO_NOTED_LATE : watch->is_busy ? QMP_IO_NOTED_BUSY : QMP_IO_NOTED);
}

void
qmp_io_turns_forget (QmpIoTurns *self,
                     QmpIoWatch *watch)
{
  if (self->served == watch)
    self->served = NULL;
  qmp_io_turns_unlist (self, watch);
  watch->ready = 0;
  watch->is_busy = FALSE;
  watch->is_asking = FALSE;
}

/* watch: out of its list. TRUE if it has more to be done at once. */
static gboolean
serve (QmpIoTurns *self,
       QmpIoWatch *watch)
{
  GIOCondition ready = watch->ready;
  gboolean more;

#ifdef QMP_CHECKS
  g_assert (watch->turn != self->number);
  watch->turn = self->number;
#endif
  watch->ready = 0;
  watch->is_asking = FALSE;
  self->served = watch;
  /* Before, since it may be freed; and with one that is stirred already, nobody is woken for the others. */
  qmp_io_turns_list (self, watch, QMP_IO_STIRRED);
  more = watch->funcs->dispatch (watch->owner, ready);
  /* It is not there any more if it was freed, or if a turn within this one was taken. */
  if (self->served == watch)
    watch->is_busy = more;
  self->served = NULL;
  return more;
}

static gboolean
serve_all (QmpIoTurns *self,
           QmpIoPlace  place,
           guint       turn)
{
  gboolean more = FALSE;

  while (self->number == turn && qmp_io_turns_has (self, place))
    if (serve (self, qmp_io_turns_take_first (self, place)))
      more = TRUE;
  return more;
}

gboolean
qmp_io_turns_serve (QmpIoTurns *self,
                    guint       turn)
{
  if (!qmp_io_turns_has (self, QMP_IO_NOTED) && !qmp_io_turns_has (self, QMP_IO_NOTED_BUSY))
    return serve_all (self, QMP_IO_NOTED_LATE, turn);

  return serve_all (self, QMP_IO_NOTED, turn);
}

/* One of them, and others as long as there is time. */
gboolean
qmp_io_turns_serve_busy (QmpIoTurns *self,
                         guint       turn)
{
  gint64 until = self->lists[QMP_IO_NOTED_BUSY].length > 1 ? g_get_monotonic_time () + self->busy_time : 0;
  gboolean more = FALSE;

  while (self->number == turn && qmp_io_turns_has (self, QMP_IO_NOTED_BUSY))
    {
      if (serve (self, qmp_io_turns_take_first (self, QMP_IO_NOTED_BUSY)))
        more = TRUE;
      if (qmp_io_turns_has (self, QMP_IO_NOTED_BUSY) && g_get_monotonic_time () >= until)
        return TRUE;
    }
  return more;
}
