/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "client/qmp-client-private.h"

/**
 * qmp_client_hand_over:
 * @self: a client
 * @object: (transfer full): an object
 *
 * Drops a reference to an object in the client's thread. May be called in any thread.
 *
 * It is dropped as soon as nobody else has one, when the client's main context is iterated, a client that belongs to it is
 * made or opened, or a blocking call on one has ended; at once if this is the client's thread, or that has ended.
 *
 * This is for language bindings whose garbage collector runs in any thread. A client itself needs it not, since
 * [method@GObject.Object.unref] of its last reference does the same; but a collector must not clear what the
 * handlers of its signals consist of while its thread may be calling them.
 *
 * Since: 1.0
 */
void
qmp_client_hand_over (QmpClient *self,
                      GObject   *object)
{
  g_return_if_fail (QMP_IS_CLIENT (self));
  g_return_if_fail (G_IS_OBJECT (object));

  if (!qmp_io_context_enter (self->io))
    {
      qmp_io_context_hand_over (self->io, object);
      return;
    }
  g_object_unref (object);
  qmp_io_context_leave (self->io);
}
