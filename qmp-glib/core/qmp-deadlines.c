/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/qmp-deadlines-private.h"

void
qmp_deadlines_clear (QmpDeadlines *self)
{
  g_clear_pointer (&self->heap, g_ptr_array_unref);
}

static QmpDeadline *
get (QmpDeadlines *self,
     guint         index)
{
  return g_ptr_array_index (self->heap, index);
}

static void
put (QmpDeadlines *self,
     guint         index,
     QmpDeadline  *deadline)
{
  g_ptr_array_index (self->heap, index) = deadline;
  deadline->index = index;
}

/* Up from a free place, over those that are later. */
static void
rise (QmpDeadlines *self,
      guint         index,
      QmpDeadline  *deadline)
{
  while (index > 0 && get (self, (index - 1) / 2)->time > deadline->time)
    {
      put (self, index, get (self, (index - 1) / 2));
      index = (index - 1) / 2;
    }
  put (self, index, deadline);
}

/* Down from a free place, over those that are earlier. */
static void
sink (QmpDeadlines *self,
      guint         index,
      QmpDeadline  *deadline)
{
  guint n_deadlines = self->heap->len;
  guint child;

  while ((child = 2 * index + 1) < n_deadlines)
    {
      if (child + 1 < n_deadlines && get (self, child + 1)->time < get (self, child)->time)
        child++;
      if (get (self, child)->time >= deadline->time)
        break;
      put (self, index, get (self, child));
      index = child;
    }
  put (self, index, deadline);
}

void
qmp_deadlines_add (QmpDeadlines *self,
                   QmpDeadline  *deadline)
{
  if (self->heap == NULL)
    self->heap = g_ptr_array_new ();
  g_ptr_array_add (self->heap, deadline);
  rise (self, self->heap->len - 1, deadline);
}

void
qmp_deadlines_remove (QmpDeadlines *self,
                      QmpDeadline  *deadline)
{
  guint index = deadline->index;
  QmpDeadline *last = g_ptr_array_steal_index (self->heap, self->heap->len - 1);

  if (last == deadline)
    return;
  /* The last takes its place, and is too early there, or too late. */
  if (last->time < deadline->time)
    rise (self, index, last);
  else
    sink (self, index, last);
}

QmpDeadline *
qmp_deadlines_peek (QmpDeadlines *self)
{
  return self->heap != NULL && self->heap->len > 0 ? get (self, 0) : NULL;
}

void
qmp_deadlines_check (QmpDeadlines *self)
{
  for (guint i = 0; self->heap != NULL && i < self->heap->len; i++)
    g_assert (get (self, i)->index == i && get (self, i)->time >= get (self, 0)->time);
}
