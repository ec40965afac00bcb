/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "client/qmp-client-private.h"

#include <glib/gi18n-lib.h>

/* The blocking forms run no user code but filters, and need no main loop. Where only a socket has to be read and written,
 * that is all they do. For anything else (opening, TLS, an agent's clocks) the link's I/O moves to a context of the
 * library's own for the length of the call: nothing else is attached to it. One for each thread serves all its
 * clients, since it is empty between the calls. */
static GPrivate private_io = G_PRIVATE_INIT ((GDestroyNotify) qmp_io_context_unref);

static QmpIoContext *
get_private_io (void)
{
  QmpIoContext *io = g_private_get (&private_io);

  if (io == NULL)
    {
      io = qmp_io_context_new_private ();
      g_private_set (&private_io, io);
    }
  return io;
}

QmpIoContext *
qmp_client_get_io_context (QmpClient *self)
{
  return self->blocking == QMP_BLOCKING_MOVED ? get_private_io () : self->io;
}

QmpIoContext *
qmp_client_get_owner_io_context (QmpClient *self)
{
  return self->io;
}

gboolean
qmp_client_may_block (QmpClient   *self,
                      const char  *what,
                      GError     **error)
{
  if (self->blocking == QMP_BLOCKING_NONE && !self->hub.matching)
    return TRUE;

  g_set_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE,
               _("Cannot %s: a listener's filter must not block its client"), what);
  return FALSE;
}

static void
move_io (QmpClient    *self,
         QmpIoContext *context)
{
  if (self->link != NULL)
    qmp_link_attach (self->link, context);
  if (self->opening != NULL)
    qmp_opening_attach (self->opening, context);
}

void
qmp_client_begin_blocking (QmpClient *self)
{
  QmpLink *link = qmp_client_get_link (self);

  g_assert (self->blocking == QMP_BLOCKING_NONE);

  self->blocking = QMP_BLOCKING_MOVED;
  qmp_io_context_hold (self->io);
  move_io (self, get_private_io ());
  if (link != NULL)
    qmp_transport_flush (link->transport);
}

/* Is something under way that GIO may do? Within its own callbacks it begins more, which has to end in this context, too.
 * No filter runs meanwhile: there is no link yet. What a filter begins belongs to the program's context. */
static gboolean
gio_works (QmpClient *self)
{
  return self->opening != NULL && qmp_connector_is_under_way (self->opening->connector);
}

void
qmp_client_iterate (QmpClient *self)
{
  GMainContext *context = qmp_io_context_get_main_context (get_private_io ());
  gboolean pushed = gio_works (self);

  if (pushed)
    g_main_context_push_thread_default (context);
  g_main_context_iteration (context, TRUE);
  if (pushed)
    g_main_context_pop_thread_default (context);
}

void
qmp_client_end_blocking (QmpClient *self)
{
  gboolean moved = self->blocking == QMP_BLOCKING_MOVED;

  self->blocking = QMP_BLOCKING_NONE;
  /* What it has left in the inbox is delivered bit by bit. */
  qmp_inbox_spread (&self->inbox);
  if (moved)
    move_io (self, self->io);
  /* Commands may have ended, and nothing was delivered. Long past: at once, but from the owner's context. */
  if (self->stall_watch.stalled)
    qmp_client_watch_deadline (self, 1);
  if (!qmp_inbox_is_empty (&self->inbox) || qmp_state_has_steps (&self->state))
    qmp_inbox_stir (&self->inbox);
  qmp_io_context_release (self->io);
}

/* --- a call that waits for what comes over the wire --- */

/* The caller's own clock and cancellable. */
typedef struct {
  GCancellable *cancellable;  /* borrowed, nullable */
  gboolean      expired;
  gint64        until;        /* of a call that polls: monotonic microseconds, -1 for no limit */
  QmpPatience  *patience;     /* nullable: of a call whose I/O has moved */
} Wait;

/* The loop wakes by it, and asks the cancellable itself. */
static void
give_up (gpointer  operation,
         GError   *error)
{
  Wait *wait = operation;

  if (error == NULL)
    wait->expired = TRUE;
  g_clear_error (&error);
}

static const QmpPatienceFuncs patience_funcs = { NULL, NULL, give_up };

static void
begin_moved (QmpClient *self,
             Wait      *wait,
             int        timeout)
{
  qmp_client_begin_blocking (self);
  wait->patience = qmp_patience_new (&patience_funcs, wait, qmp_client_get_io_context (self), timeout,
                                     wait->cancellable);
  /* Something may have been read on the way. */
  qmp_event_hub_match (&self->hub);
}

/* Without a context. A cancellable would need a descriptor for that, and the process may have run out of them. */
static gboolean
begin_to_poll (QmpClient *self,
               Wait      *wait,
               int        timeout)
{
  QmpLink *link = qmp_client_get_link (self);

  if (link == NULL || !qmp_link_can_iterate (link) || wait->cancellable != NULL)
    return FALSE;

  self->blocking = QMP_BLOCKING_POLLS;
  qmp_io_context_hold (self->io);
  wait->until = timeout >= 0 ? g_get_monotonic_time () + timeout * (gint64) 1000 : -1;
  return TRUE;
}

void
qmp_client_read_rest (QmpClient *self)
{
  QmpLink *link = qmp_client_get_link (self);

  if (link != NULL)
    qmp_transport_read_rest (link->transport);
}

static int
get_remaining (Wait *wait)
{
  gint64 remaining;

  if (wait->until < 0)
    return -1;
  remaining = MAX (wait->until - g_get_monotonic_time (), 0);
  wait->expired = remaining == 0;
  return (int) ((remaining + 999) / 1000);
}

static void
poll_socket (QmpClient *self,
             Wait      *wait)
{
  QmpLink *link = qmp_client_get_link (self);
  QmpTransport *transport = link != NULL ? link->transport : NULL;
  int timeout = get_remaining (wait);

  /* Without a link nothing comes any more but the end of the time. */
  if (transport != NULL && qmp_transport_can_iterate (transport))
    qmp_transport_iterate (transport, timeout);
  else
    g_poll (NULL, 0, timeout);
}

/* FALSE with error when the time is over, after cancellation, or if nothing can come any more. */
static gboolean
wait_once (QmpClient               *self,
           Wait                    *wait,
           const QmpBlockingFuncs  *funcs,
           gpointer                 data,
           GError                 **error)
{
  if (wait->expired)
    {
      g_propagate_error (error, funcs->timed_out (data));
      return FALSE;
    }

  if (self->blocking == QMP_BLOCKING_POLLS)
    poll_socket (self, wait);
  else
    qmp_client_iterate (self);
  if (g_cancellable_set_error_if_cancelled (wait->cancellable, error))
    return FALSE;
  /* What came in time counts. */
  if (wait->expired)
    {
      qmp_client_read_rest (self);
      qmp_event_hub_match (&self->hub);
    }
  return funcs->is_done (data) || funcs->may_come == NULL || funcs->may_come (data, error);
}

static void
end (QmpClient *self)
{
  qmp_client_end_blocking (self);
  if (self->ends.now == NULL)
    return;
  /* What it has come to is told from the main context. */
  qmp_state_hold (&self->state);
  qmp_client_settle_runstate (self);
  qmp_state_release (&self->state);
}

/* --- who has something to do meanwhile --- */

static QmpCompanion
find_companion (QmpClient              *self,
                const QmpBlockingFuncs *funcs)
{
  QmpCompanion companion = self->companion;

  /* Whoever moves what it waits for itself does the rest as well. */
  if (funcs->moved != NULL || companion.funcs == NULL || !companion.funcs->wants (companion.data))
    return (QmpCompanion) { NULL, NULL };
  return companion;
}

void
qmp_client_block (QmpClient              *self,
                  const QmpBlockingFuncs *funcs,
                  gpointer                data,
                  int                     timeout,
                  GCancellable           *cancellable)
{
  Wait wait = { .cancellable = cancellable };
  QmpCompanion companion = find_companion (self, funcs);

  g_object_ref (self);
  if (cancellable != NULL)
    g_object_ref (cancellable);
  if (funcs->moved != NULL || companion.funcs != NULL || !begin_to_poll (self, &wait, timeout))
    begin_moved (self, &wait, timeout);
  if (companion.funcs != NULL)
    companion.funcs->begin (companion.data);
  if (funcs->moved != NULL)
    funcs->moved (data, qmp_client_get_io_context (self));
  /* As the caller held it: the blocking call does now. */
  qmp_io_context_release (self->io);
  while (!funcs->is_done (data))
    {
      GError *error = NULL;

      if (!wait_once (self, &wait, funcs, data, &error) && !funcs->is_done (data))
        funcs->give_up (data, g_steal_pointer (&error));
      g_clear_error (&error);
      if (companion.funcs != NULL)
        companion.funcs->turn (companion.data);
    }
  if (funcs->moved != NULL)
    funcs->moved (data, self->io);
  if (companion.funcs != NULL)
    companion.funcs->end (companion.data);
  g_clear_pointer (&wait.patience, qmp_patience_free);
  end (self);
  g_clear_object (&cancellable);
  qmp_io_context_drop_handed_over (self->io);
  g_object_unref (self);
}

/* --- several clients at once --- */

void
qmp_client_begin_serving (QmpClient *self)
{
  g_object_ref (self);
  qmp_client_begin_blocking (self);
  /* Something may have been read on the way. */
  qmp_event_hub_match (&self->hub);
}

void
qmp_client_end_serving (QmpClient *self)
{
  end (self);
  qmp_io_context_drop_handed_over (self->io);
  g_object_unref (self);
}

void
qmp_client_serve_all (QmpClient *self)
{
  g_main_context_iteration (qmp_io_context_get_main_context (qmp_client_get_io_context (self)), TRUE);
}
