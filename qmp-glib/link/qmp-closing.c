/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "link/qmp-closing-private.h"

#include <glib/gi18n-lib.h>

QmpClosing *
qmp_closing_new (QmpLink               *link,
                 const QmpClosingFuncs *funcs,
                 gpointer               owner)
{
  QmpClosing *self = g_rc_box_new0 (QmpClosing);

  self->link = link;
  self->funcs = funcs;
  self->owner = owner;
  g_queue_init (&self->tasks);
  qmp_link_wind_up (link);
  return self;
}

QmpClosing *
qmp_closing_ref (QmpClosing *self)
{
  return g_rc_box_acquire (self);
}

static void
closing_clear (QmpClosing *self)
{
  g_assert (self->tasks.head == NULL && self->opening == NULL);

  g_clear_pointer (&self->patience, qmp_patience_free);
  g_clear_error (&self->error);
}

void
qmp_closing_unref (QmpClosing *self)
{
  g_rc_box_release_full (self, (GDestroyNotify) closing_clear);
}

void
qmp_closing_finish (QmpClosing *self)
{
  if (self->done)
    return;

  self->done = TRUE;
  g_clear_pointer (&self->patience, qmp_patience_free);
  if (self->error == NULL && qmp_transport_has_lost (self->link->transport))
    self->error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                                       _("The connection ended before all that was queued could be sent"));
  self->link = NULL;
  self->funcs->done (self->owner, self);
}

void
qmp_closing_look (QmpClosing *self)
{
  if (qmp_transport_is_flushed (self->link->transport) && qmp_link_take_leave (self->link))
    qmp_closing_finish (self);
}

void
qmp_closing_flush (QmpClosing *self)
{
  QmpTransport *transport = self->link->transport;

  qmp_closing_ref (self);
  qmp_transport_flush (transport);
  /* Flushing may have read, and found that the link is over. */
  if (!self->done)
    qmp_closing_look (self);
  if (self->done)
    self->funcs->drop (self->owner);
  else
    qmp_transport_tell_flushed (transport);
  qmp_closing_unref (self);
}

/* --- patience --- */

static GError *
timed_out (gpointer operation)
{
  QmpClosing *self = operation;

  /* It was the server that did not take its leave. */
  if (qmp_transport_is_flushed (self->link->transport))
    return NULL;
  return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                              _("The connection was closed before all that was queued could be sent"));
}

static void
give_up (gpointer  operation,
         GError   *error)
{
  QmpClosing *self = operation;
  const QmpClosingFuncs *funcs = self->funcs;
  gpointer owner = self->owner;

  self->error = error;
  qmp_closing_finish (self);
  funcs->drop (owner);
}

static const QmpPatienceFuncs patience_funcs = { NULL, timed_out, give_up };

void
qmp_closing_watch (QmpClosing   *self,
                   QmpIoContext *context,
                   gint64        milliseconds,
                   GCancellable *cancellable)
{
  g_clear_pointer (&self->patience, qmp_patience_free);
  self->patience = qmp_patience_new (&patience_funcs, self, context, milliseconds, cancellable);
}
