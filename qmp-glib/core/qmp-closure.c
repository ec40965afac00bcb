/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/qmp-closure-private.h"

static void
closure_clear (QmpClosure *self)
{
  if (self->destroy != NULL)
    self->destroy (self->user_data);
}

QmpClosure *
qmp_closure_ref (QmpClosure *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
qmp_closure_unref (QmpClosure *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify) closure_clear);
}

void
qmp_closure_set (QmpClosure     **self,
                 GCallback        function,
                 gpointer         user_data,
                 GDestroyNotify   destroy)
{
  g_autoptr(QmpClosure) old = g_steal_pointer (self);

  if (function != NULL)
    {
      *self = g_atomic_rc_box_new (QmpClosure);
      **self = (QmpClosure) { function, user_data, destroy };
    }
  else if (destroy != NULL)
    {
      destroy (user_data);
    }
}
