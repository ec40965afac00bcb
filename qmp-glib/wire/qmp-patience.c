/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "wire/qmp-patience-private.h"

#include "core/qmp-cancellation-private.h"
#include "core/qmp-source-private.h"

struct _QmpPatience {
  const QmpPatienceFuncs *funcs;
  gpointer                operation;
  QmpIoTimer              timer;
  GSource                *cancellation;  /* nullable */
  gboolean               *freed;         /* nullable: who is to be told */
};

/* FALSE if that has ended the operation: neither self nor operation need be there any more. */
static gboolean
catch_up (QmpPatience *self)
{
  gboolean freed = FALSE;

  if (self->funcs->catch_up == NULL)
    return TRUE;
  self->freed = &freed;
  self->funcs->catch_up (self->operation);
  if (freed)
    return FALSE;
  self->freed = NULL;
  return !qmp_io_timer_is_set (&self->timer);
}

static void
time_is_over (gpointer owner)
{
  QmpPatience *self = owner;

  if (catch_up (self))
    self->funcs->give_up (self->operation,
                          self->funcs->timed_out != NULL ? self->funcs->timed_out (self->operation) : NULL);
}

static gboolean
cancelled_cb (GCancellable *cancellable,
              gpointer      user_data)
{
  QmpPatience *self = user_data;

  self->funcs->give_up (self->operation, qmp_cancellation_make_error (cancellable));
  return G_SOURCE_REMOVE;
}

static GSource *
add_cancellation (QmpPatience  *self,
                  QmpIoContext *context,
                  GCancellable *cancellable)
{
  GSource *source = g_cancellable_source_new (cancellable);

  g_source_set_static_name (source, "[qmp] cancellation");
  /* Before a reply that may have come by now: a cancelled call ends at once. */
  g_source_set_priority (source, G_PRIORITY_HIGH);
  g_source_set_callback (source, G_SOURCE_FUNC (cancelled_cb), self, NULL);
  g_source_attach (source, qmp_io_context_get_main_context (context));
  return source;
}

QmpPatience *
qmp_patience_new (const QmpPatienceFuncs *funcs,
                  gpointer                operation,
                  QmpIoContext           *context,
                  gint64                  milliseconds,
                  GCancellable           *cancellable)
{
  QmpPatience *self = g_new (QmpPatience, 1);

  *self = (QmpPatience) { .funcs = funcs, .operation = operation };
  qmp_patience_set_time (self, context, milliseconds);
  if (cancellable != NULL)
    self->cancellation = add_cancellation (self, context, cancellable);
  return self;
}

void
qmp_patience_free (QmpPatience *self)
{
  qmp_io_timer_clear (&self->timer);
  qmp_clear_source (&self->cancellation);
  if (self->freed != NULL)
    *self->freed = TRUE;
  g_free (self);
}

void
qmp_patience_set_time (QmpPatience  *self,
                       QmpIoContext *context,
                       gint64        milliseconds)
{
  qmp_io_timer_clear (&self->timer);
  if (milliseconds >= 0)
    qmp_io_timer_set (&self->timer, context, g_get_monotonic_time () + milliseconds * 1000, time_is_over, self);
}
