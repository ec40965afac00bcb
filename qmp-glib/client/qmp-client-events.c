/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "client/qmp-client-private.h"

#include <glib/gi18n-lib.h>

#include "event/qmp-event-listener-private.h"

/* A name that nobody has asked for by detail is not made a quark: quarks are never freed. Many events in a row have one name,
 * for which the table of all quarks is not asked again. */
static GQuark
get_detail (QmpClient *self,
            QmpEvent  *event)
{
  const char *name = qmp_event_get_name (event);
  GQuark detail;

  if (self->detail != 0 && strcmp (name, g_quark_to_string (self->detail)) == 0)
    return self->detail;

  detail = g_quark_try_string (name);
  if (detail != 0)
    self->detail = detail;
  return detail;
}

static void
emit (gpointer  owner,
      QmpEvent *event)
{
  g_signal_emit (owner, qmp_client_signals[QMP_CLIENT_EVENT], get_detail (owner, event), event);
}

static gboolean
expects (gpointer   owner,
         GError   **error)
{
  QmpClient *self = owner;

  if (self->opening != NULL ? self->opening->error == NULL : self->ends.now == NULL && self->link != NULL)
    return TRUE;

  if (self->ends.last_cause != NULL)
    {
      g_set_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED,
                   _("No event can come any more, the connection has ended: %s"), self->ends.last_cause);
      return FALSE;
    }
  return qmp_state_require (&self->state, QMP_RUNSTATE_RUNNING, "wait for an event", error);
}

static gboolean
is_heard (QmpClient *self,
          QmpEvent  *event)
{
  GQuark detail = get_detail (self, event);

  return g_signal_has_handler_pending (self, qmp_client_signals[QMP_CLIENT_EVENT], 0, TRUE) ||
         (detail != 0 && g_signal_has_handler_pending (self, qmp_client_signals[QMP_CLIENT_EVENT], detail, TRUE));
}

/* A program that only makes blocking calls never delivers: what is left for handlers and histories that are not
 * there, or too much for those that are, is not kept. */
static gboolean
keeps (gpointer  owner,
       QmpEvent *event,
       gboolean  taken)
{
  QmpClient *self = owner;

  return !self->blocking ||
         (self->inbox.size <= self->inbox.max_size && (taken || is_heard (self, event)));
}

static void
catch_up (gpointer owner)
{
  g_autoptr(QmpClient) self = g_object_ref (owner);

  qmp_client_read_rest (self);
  qmp_event_hub_match (&self->hub);
}

/* Outside of RUNNING the end of the waiting may lie with sources that only the owner's context runs. */
static gboolean
may_block (QmpClient  *self,
           GError    **error)
{
  return expects (self, error) &&
         qmp_client_may_block (self, "wait for an event", error) &&
         qmp_state_require (&self->state, QMP_RUNSTATE_RUNNING, "wait for an event", error);
}

/* A blocking next(). */
typedef struct {
  QmpClient  *client;
  gboolean (* is_done)   (gpointer data);
  GError   *(* timed_out) (gpointer data);
  gpointer    data;
  GError     *error;  /* nullable: it was given up */
} Next;

static gboolean
next_is_done (gpointer data)
{
  Next *next = data;

  return next->error != NULL || next->is_done (next->data);
}

static GError *
next_timed_out (gpointer data)
{
  Next *next = data;

  return next->timed_out (next->data);
}

static gboolean
next_may_come (gpointer   data,
               GError   **error)
{
  return expects (((Next *) data)->client, error);
}

static void
next_give_up (gpointer  data,
              GError   *error)
{
  ((Next *) data)->error = error;
}

static const QmpBlockingFuncs next_funcs = { next_is_done, next_timed_out, next_may_come, next_give_up };

static gboolean
block (gpointer       owner,
       gboolean    (* done) (gpointer data),
       GError     * (* timed_out) (gpointer data),
       gpointer       data,
       int            timeout,
       GCancellable  *cancellable,
       GError       **error)
{
  Next next = { owner, done, timed_out, data, NULL };

  if (!may_block (owner, error))
    return FALSE;

  qmp_io_context_hold (((QmpClient *) owner)->io);
  qmp_client_block (owner, &next_funcs, &next, timeout, cancellable);
  if (next.error == NULL)
    return TRUE;
  g_propagate_error (error, next.error);
  return FALSE;
}

/* The late reply of a command that is given up is dropped. */
static gboolean
abandon (gpointer      owner,
         gpointer      call,
         const GError *error)
{
  QmpClient *self = owner;
  QmpCall *command = call;

  if (qmp_calls_has_ended (self->calls, command))
    return FALSE;

  command->pair = NULL;
  qmp_calls_abandon (self->calls, command, g_error_copy (error));
  qmp_call_free (command);
  return TRUE;
}

const QmpEventHubFuncs qmp_client_hub_funcs = { emit, keeps, expects, catch_up, block, abandon };

/**
 * qmp_client_add_listener:
 * @self: a client
 * @listener: a listener that is with no client
 *
 * Lets a listener hear the events that come from here on.
 *
 * May be done in any [enum@Runstate] and from any callback. The listener stays with the client when the link ends and
 * another is opened, until it is removed. The client holds a reference.
 *
 * Since: 1.0
 */
void
qmp_client_add_listener (QmpClient        *self,
                         QmpEventListener *listener)
{
  g_return_if_fail (QMP_IS_CLIENT (self));
  qmp_client_return_if_foreign (self);
  g_return_if_fail (QMP_IS_EVENT_LISTENER (listener));
  g_return_if_fail (listener->hub == NULL);

  qmp_event_hub_add (&self->hub, listener);
}

/**
 * qmp_client_remove_listener:
 * @self: a client
 * @listener: a listener that was added to @self
 *
 * Lets a listener hear no more events.
 *
 * What is in its queue stays readable. Who waits for an event gets `QMP_CLIENT_ERROR_STATE`.
 *
 * Since: 1.0
 */
void
qmp_client_remove_listener (QmpClient        *self,
                            QmpEventListener *listener)
{
  g_return_if_fail (QMP_IS_CLIENT (self));
  /* Who stands on the client may go with its thread. */
  if (!qmp_io_context_is_entered (self->io))
    qmp_client_return_if_foreign (self);
  g_return_if_fail (QMP_IS_EVENT_LISTENER (listener));
  g_return_if_fail (listener->hub == &self->hub);

  qmp_event_hub_remove (&self->hub, listener);
}
