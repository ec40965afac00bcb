/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "link/qmp-opening-private.h"

#include <glib/gi18n-lib.h>

#include "wire/qmp-address-private.h"
#include "wire/qmp-stream-private.h"

QmpOpening *
qmp_opening_new (const QmpOpeningPlan *plan)
{
  QmpOpening *self = g_new0 (QmpOpening, 1);

  self->plan = *plan;
  if (plan->address != NULL)
    g_object_ref (plan->address);
  if (plan->listen_address != NULL)
    g_object_ref (plan->listen_address);
  g_queue_init (&self->closers);
  return self;
}

void
qmp_opening_drop_link (QmpOpening *self)
{
  g_clear_pointer (&self->link, qmp_link_free);
}

void
qmp_opening_free (QmpOpening *self)
{
  g_assert (self->closers.head == NULL);
  g_assert (self->patience == NULL);

  qmp_opening_drop_link (self);
  g_clear_pointer (&self->connector, qmp_connector_free);
  g_clear_object (&self->plan.address);
  g_clear_object (&self->plan.listen_address);
  g_clear_object (&self->greeting);
  g_clear_object (&self->task);
  g_clear_error (&self->error);
  g_free (self);
}

/* --- the outcome --- */

gboolean
qmp_opening_is_decided (QmpOpening *self)
{
  return self->step >= QMP_OPENING_CANCELS;
}

gboolean
qmp_opening_is_done (QmpOpening *self)
{
  return self->step > QMP_OPENING_CANCELS;
}

static void
finish (QmpOpening     *self,
        QmpOpeningStep  step)
{
  self->step = step;
  self->plan.funcs->done (self->plan.owner, self);
}

/* What failed behind connecting does not say with whom. */
static void
name_place (QmpOpening *self)
{
  g_autofree char *name = NULL;

  if (self->link == NULL || self->connector == NULL || g_error_matches (self->error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  name = qmp_address_dup_text (self->plan.address);
  g_prefix_error (&self->error, "%s: ", name);
}

/* Takes error. Only the first outcome counts. */
static void
fail (QmpOpening *self,
      GError     *error)
{
  if (qmp_opening_is_decided (self))
    {
      g_error_free (error);
      return;
    }

  self->error = error;
  name_place (self);
  g_clear_pointer (&self->patience, qmp_patience_free);
  if (self->link != NULL)
    qmp_link_abort (self->link);
  /* The connector still owes its call. */
  self->step = QMP_OPENING_CANCELS;
  if (qmp_connector_is_under_way (self->connector))
    qmp_connector_cancel (self->connector);
  else
    finish (self, QMP_OPENING_FAILED);
}

void
qmp_opening_abort (QmpOpening *self,
                   GError     *error)
{
  if (self->step == QMP_OPENING_OPENED)
    {
      g_clear_error (&self->error);
      self->error = error;
      self->step = QMP_OPENING_FAILED;
      return;
    }
  fail (self, error);
  qmp_opening_drop_link (self);
}

/* --- the handshake --- */

static void
established (gpointer opener)
{
  QmpOpening *self = opener;

  g_clear_pointer (&self->patience, qmp_patience_free);
  g_set_object (&self->greeting, self->link->handshake.greeting);
  self->plan.funcs->opened (self->plan.owner, g_steal_pointer (&self->link));
  finish (self, QMP_OPENING_OPENED);
}

static void
failed (gpointer  opener,
        GError   *error)
{
  fail (opener, error);
}

static const QmpLinkHandshakeFuncs handshake_funcs = { established, failed };

static void
shake_hands (QmpOpening *self,
             GIOStream  *stream)
{
  QmpOpeningPlan *plan = &self->plan;
  GError *error = NULL;

  self->link = qmp_link_new (stream, &plan->settings, plan->calls, plan->log, plan->link_funcs, plan->owner, &error);
  if (self->link == NULL)
    {
      qmp_stream_close (stream);
      fail (self, error);
      return;
    }
  if (self->connector != NULL)
    self->link->tunnel = qmp_connector_steal_tunnel (self->connector);
  if (self->connector != NULL && !qmp_address_is_given (plan->address))
    qmp_transport_own_socket (self->link->transport);
  self->step = QMP_OPENING_HANDSHAKE;
  qmp_link_begin (self->link, self->context, &handshake_funcs, self);
}

/* --- coming by a stream --- */

static void
connected_cb (GIOStream *stream,
              GError    *error,
              gpointer   user_data)
{
  QmpOpening *self = user_data;

  if (self->step == QMP_OPENING_CANCELS)
    {
      g_clear_error (&error);
      finish (self, QMP_OPENING_FAILED);
    }
  else if (stream != NULL)
    {
      shake_hands (self, stream);
    }
  else
    {
      fail (self, error);
    }
}

static void
connect_to_address (QmpOpening *self)
{
  self->step = QMP_OPENING_CONNECTS;
  self->connector = qmp_connector_new (self->plan.address, self->plan.connection, self->context, connected_cb, self);
  qmp_connector_start (self->connector);
}

void
qmp_opening_reach (QmpOpening *self,
                   GIOStream  *peer,
                   gint64      milliseconds)
{
  self->alone = FALSE;
  qmp_patience_set_time (self->patience, self->context, milliseconds);
  if (self->plan.connection->keep_alive)
    qmp_stream_keep_alive (peer);
  shake_hands (self, peer);
}

void
qmp_opening_attach (QmpOpening   *self,
                    QmpIoContext *context)
{
  self->context = context;
  if (self->link != NULL)
    qmp_link_attach (self->link, context);
}

/* --- patience --- */

/* May the connection have been made before this opening? */
static gboolean
is_reused (QmpOpening *self)
{
  return self->connector != NULL ? qmp_address_is_given (self->plan.address) : self->plan.listen_address == NULL;
}

static void
catch_up (gpointer operation)
{
  QmpOpening *self = operation;

  if (self->link != NULL)
    qmp_transport_read_rest (self->link->transport);
}

static GError *
timed_out (gpointer operation)
{
  QmpOpening *self = operation;
  g_autofree char *name = NULL;

  if (self->link != NULL)
    return qmp_link_error_timed_out (self->link, is_reused (self));
  if (self->connector != NULL)
    return qmp_connector_error_timed_out (self->connector);

  name = qmp_address_dup_text (G_SOCKET_CONNECTABLE (self->plan.listen_address));
  return g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("No server connected to %s in time"), name);
}

static void
give_up (gpointer  operation,
         GError   *error)
{
  qmp_opening_abort (operation, error);
}

static const QmpPatienceFuncs patience_funcs = { catch_up, timed_out, give_up };

void
qmp_opening_start (QmpOpening   *self,
                   QmpIoContext *context,
                   gint64        milliseconds,
                   GCancellable *cancellable)
{
  GIOStream *stream = g_steal_pointer (&self->plan.stream);
  GError *error = NULL;

  if (g_cancellable_set_error_if_cancelled (cancellable, &error))
    {
      /* A stream that was given is closed whatever becomes of the opening. */
      if (stream != NULL)
        qmp_stream_close (stream);
      self->alone = self->plan.listen_address != NULL;
      fail (self, error);
      return;
    }

  self->context = context;
  self->patience = qmp_patience_new (&patience_funcs, self, context, milliseconds, cancellable);
  if (stream != NULL)
    {
      shake_hands (self, stream);
    }
  else if (self->plan.address != NULL)
    {
      connect_to_address (self);
    }
  else
    {
      self->step = QMP_OPENING_AWAITS_PEER;
      self->alone = TRUE;
    }
}
