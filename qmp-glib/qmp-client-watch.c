/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "qmp-client-private.h"

/* Whether the server is slow to answer. The home source looks at the oldest command when that could have become
 * too old, and, while one is, before each delivery and after each blocking call. While nothing is stalled, a deadline is watched that
 * is not later than when the oldest command would be. */

static gint64
get_stall_deadline (QmpClient *self)
{
  QmpCall *oldest = qmp_calls_get_oldest (self->calls);

  if (self->stall_time == 0 || oldest == NULL)
    return 0;
  return oldest->issued + self->stall_time * (gint64) 1000;
}

void
qmp_client_watch_call (QmpClient *self,
                       QmpCall   *call)
{
  qmp_calls_watch (self->calls, call, self->stall_time > 0 ? g_get_monotonic_time () : 0);
  if (self->stall_time > 0 && qmp_calls_get_oldest (self->calls) == call)
    qmp_client_watch_deadline (self, get_stall_deadline (self));
}

void
qmp_client_update_stalled (QmpClient *self,
                           gint64     now)
{
  gint64 deadline = get_stall_deadline (self);
  gboolean stalled = deadline != 0 && deadline <= now;

  if (deadline != 0 && !stalled)
    qmp_client_watch_deadline (self, deadline);
  if (self->stalled == stalled)
    return;

  self->stalled = stalled;
  g_object_notify (G_OBJECT (self), "stalled");
}

void
qmp_client_check_stalled (QmpClient *self)
{
  /* Long past: at once, but from the home source. */
  if (self->stalled)
    qmp_client_watch_deadline (self, 1);
}

/* --- the public face --- */

/* From now on the commands that nobody took the time of are timed, too. */
static void
begin_timing (QmpClient *self,
              gint64     now)
{
  QmpCall *oldest = qmp_calls_get_oldest (self->calls);

  for (GList *l = oldest != NULL ? &oldest->watched_link : NULL; l != NULL; l = l->next)
    {
      QmpCall *call = l->data;

      if (call->issued == 0)
        call->issued = now;
    }
}

/**
 * qmp_client_get_stall_time:
 * @self: a client
 *
 * Gets after how long the server counts as stalled.
 *
 * Returns: milliseconds, 0 for never
 *
 * Since: 1.0
 */
guint
qmp_client_get_stall_time (QmpClient *self)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), 0);

  return self->stall_time;
}

/**
 * qmp_client_set_stall_time:
 * @self: a client
 * @stall_time: milliseconds, 0 for never
 *
 * Sets after how long the server counts as stalled; see [property@Client:stalled].
 *
 * Commands that wait already when this is turned on are counted from now.
 *
 * Since: 1.0
 */
void
qmp_client_set_stall_time (QmpClient *self,
                           guint      stall_time)
{
  gint64 now = g_get_monotonic_time ();

  g_return_if_fail (QMP_IS_CLIENT (self));

  if (self->stall_time == stall_time)
    return;

  self->stall_time = stall_time;
  if (stall_time > 0)
    begin_timing (self, now);
  g_object_freeze_notify (G_OBJECT (self));
  g_object_notify (G_OBJECT (self), "stall-time");
  qmp_client_update_stalled (self, now);
  g_object_thaw_notify (G_OBJECT (self));
}

/**
 * qmp_client_get_stalled:
 * @self: a client
 *
 * Gets whether a command has waited for [property@Client:stall-time]; see [property@Client:stalled].
 *
 * Returns: `TRUE` if one has
 *
 * Since: 1.0
 */
gboolean
qmp_client_get_stalled (QmpClient *self)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), FALSE);

  return self->stalled;
}

/**
 * qmp_client_get_n_pending:
 * @self: a client
 *
 * Gets how many commands wait for their replies.
 *
 * Those that were cancelled or timed out do not count.
 *
 * Returns: the number of commands
 *
 * Since: 1.0
 */
guint
qmp_client_get_n_pending (QmpClient *self)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), 0);

  return qmp_calls_get_n_watched (self->calls);
}

/**
 * qmp_client_get_oldest_wait:
 * @self: a client
 *
 * Gets how long the oldest command that waits for its reply has waited.
 *
 * For a text such as "no answer for 12 seconds" while [property@Client:stalled] is on.
 *
 * Returns: milliseconds; -1 if no command waits, or [property@Client:stall-time] is 0
 *
 * Since: 1.0
 */
gint64
qmp_client_get_oldest_wait (QmpClient *self)
{
  QmpCall *oldest;

  g_return_val_if_fail (QMP_IS_CLIENT (self), -1);

  oldest = qmp_calls_get_oldest (self->calls);
  if (oldest == NULL || self->stall_time == 0)
    return -1;
  return (g_get_monotonic_time () - oldest->issued) / 1000;
}
