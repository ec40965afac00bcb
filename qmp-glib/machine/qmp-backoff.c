/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-backoff-private.h"

void
qmp_backoff_init (QmpBackoff *self,
                  gint64      first,
                  gint64      last)
{
  g_assert (first <= last);

  *self = (QmpBackoff) { first, last, first };
}

void
qmp_backoff_reset (QmpBackoff *self)
{
  self->next = self->first;
}

gint64
qmp_backoff_step (QmpBackoff *self,
                  double      random)
{
  gint64 delay = self->next;

  self->next = delay > self->last / 2 ? self->last : delay * 2;
  return delay - (gint64) ((double) delay / 2 * random);
}
