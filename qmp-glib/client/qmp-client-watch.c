/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "client/qmp-client-private.h"

/* Whether the server is slow to answer. The client's deadline is not later than when the oldest command would be too old.
 * While one is, that is looked at before each delivery and after each blocking call. */

void
qmp_client_update_stalled (QmpClient *self,
                           gint64     now)
{
  gint64 next;
  gboolean changed = qmp_stall_watch_look (&self->stall_watch, now, &next);

  if (next != 0)
    qmp_client_watch_deadline (self, next);
  if (changed)
    g_object_notify (G_OBJECT (self), "stalled");
}

/* --- the public face --- */

/**
 * qmp_client_get_stall_time:
 * @self: a client
 *
 * Gets after how long the server counts as stalled.
 *
 * Returns: milliseconds, or [const@TIMEOUT_NONE] for never
 *
 * Since: 1.0
 */
int
qmp_client_get_stall_time (QmpClient *self)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), QMP_TIMEOUT_NONE);

  return self->stall_watch.time;
}

/**
 * qmp_client_set_stall_time:
 * @self: a client
 * @stall_time: milliseconds, or [const@TIMEOUT_NONE] for never
 *
 * Sets after how long the server counts as stalled; see [property@Client:stalled].
 *
 * Commands that wait already when this is turned on are counted from now.
 *
 * Since: 1.0
 */
void
qmp_client_set_stall_time (QmpClient *self,
                           int        stall_time)
{
  gint64 now = g_get_monotonic_time ();

  g_return_if_fail (QMP_IS_CLIENT (self));
  g_return_if_fail (stall_time >= QMP_TIMEOUT_NONE);
  qmp_client_return_if_foreign (self);

  if (self->stall_watch.time == stall_time)
    return;

  qmp_stall_watch_set_time (&self->stall_watch, stall_time, now);
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

  return self->stall_watch.stalled;
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
 * Returns: milliseconds; -1 if no command waits, or [property@Client:stall-time] is not set
 *
 * Since: 1.0
 */
int
qmp_client_get_oldest_wait (QmpClient *self)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), -1);

  return MIN (qmp_stall_watch_get_wait (&self->stall_watch), G_MAXINT);
}
