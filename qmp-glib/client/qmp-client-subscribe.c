/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <qmp-glib/qmp-client.h>

/**
 * qmp_client_subscribe:
 * @self: a client
 * @names: (nullable) (array zero-terminated=1): the names of events; `NULL` for all
 *
 * Makes a listener to the events of these names and adds it.
 *
 * It is [ctor@EventListener.new] and [method@Client.add_listener] in one. The listener hears events until it is taken away
 * with [method@Client.remove_listener]; to let go of it alone does not end that.
 *
 * ```c
 * g_autoptr(QmpEventListener) events = qmp_client_subscribe (vm, (const char *[]) { "STOP", "RESUME", NULL });
 * ```
 *
 * Returns: (transfer full) (not nullable): a new listener
 *
 * Since: 1.0
 */
QmpEventListener *
qmp_client_subscribe (QmpClient          *self,
                      const char * const *names)
{
  QmpEventListener *listener;

  g_return_val_if_fail (QMP_IS_CLIENT (self), NULL);

  listener = qmp_event_listener_new (names);
  qmp_client_add_listener (self, listener);
  return listener;
}
