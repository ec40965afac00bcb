/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "qmp-client-private.h"

/* The accessors of the client's timeouts and limits; the properties are in qmp-client-properties.c. */

static void
set_limit (QmpClient  *self,
           guint      *limit,
           guint       value,
           const char *property)
{
  if (*limit == value)
    return;

  *limit = value;
  g_object_notify (G_OBJECT (self), property);
}

/**
 * qmp_client_get_open_timeout:
 * @self: a client
 *
 * Gets how long opening may take.
 *
 * Returns: milliseconds, 0 for as long as it takes
 *
 * Since: 1.0
 */
guint
qmp_client_get_open_timeout (QmpClient *self)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), 0);

  return self->open_timeout;
}

/**
 * qmp_client_set_open_timeout:
 * @self: a client
 * @open_timeout: milliseconds, 0 for as long as it takes
 *
 * Sets how long opening may take.
 *
 * Since: 1.0
 */
void
qmp_client_set_open_timeout (QmpClient *self,
                             guint      open_timeout)
{
  g_return_if_fail (QMP_IS_CLIENT (self));

  set_limit (self, &self->open_timeout, open_timeout, "open-timeout");
}

/**
 * qmp_client_get_close_timeout:
 * @self: a client
 *
 * Gets how long closing tries to write what is queued.
 *
 * Returns: milliseconds, 0 for as long as it takes
 *
 * Since: 1.0
 */
guint
qmp_client_get_close_timeout (QmpClient *self)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), 0);

  return self->close_timeout;
}

/**
 * qmp_client_set_close_timeout:
 * @self: a client
 * @close_timeout: milliseconds, 0 for as long as it takes
 *
 * Sets how long closing tries to write what is queued.
 *
 * Since: 1.0
 */
void
qmp_client_set_close_timeout (QmpClient *self,
                              guint      close_timeout)
{
  g_return_if_fail (QMP_IS_CLIENT (self));

  set_limit (self, &self->close_timeout, close_timeout, "close-timeout");
}

/**
 * qmp_client_get_timeout:
 * @self: a client
 *
 * Gets how long a command waits for its reply.
 *
 * Returns: milliseconds, 0 for as long as it takes
 *
 * Since: 1.0
 */
guint
qmp_client_get_timeout (QmpClient *self)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), 0);

  return self->timeout;
}

/**
 * qmp_client_set_timeout:
 * @self: a client
 * @timeout: milliseconds, 0 for as long as it takes
 *
 * Sets how long a command waits for its reply; those under way keep theirs.
 *
 * Since: 1.0
 */
void
qmp_client_set_timeout (QmpClient *self,
                        guint      timeout)
{
  g_return_if_fail (QMP_IS_CLIENT (self));

  set_limit (self, &self->timeout, timeout, "timeout");
}

/**
 * qmp_client_get_max_message_size:
 * @self: a client
 *
 * Gets the largest message that is accepted from the server.
 *
 * Returns: bytes
 *
 * Since: 1.0
 */
guint
qmp_client_get_max_message_size (QmpClient *self)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), 0);

  return self->max_message_size;
}

/**
 * qmp_client_set_max_message_size:
 * @self: a client
 * @max_message_size: bytes, from 1 to 2^31-1
 *
 * Sets the largest message that is accepted from the server.
 *
 * Since: 1.0
 */
void
qmp_client_set_max_message_size (QmpClient *self,
                                 guint      max_message_size)
{
  g_return_if_fail (QMP_IS_CLIENT (self));
  g_return_if_fail (max_message_size > 0 && max_message_size <= G_MAXINT);

  set_limit (self, &self->max_message_size, max_message_size, "max-message-size");
}

/**
 * qmp_client_get_max_depth:
 * @self: a client
 *
 * Gets how deep a message from the server may be nested.
 *
 * Returns: levels
 *
 * Since: 1.0
 */
guint
qmp_client_get_max_depth (QmpClient *self)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), 0);

  return self->max_depth;
}

/**
 * qmp_client_set_max_depth:
 * @self: a client
 * @max_depth: levels, from 1 to 4096
 *
 * Sets how deep a message from the server may be nested.
 *
 * Since: 1.0
 */
void
qmp_client_set_max_depth (QmpClient *self,
                          guint      max_depth)
{
  g_return_if_fail (QMP_IS_CLIENT (self));
  g_return_if_fail (max_depth > 0 && max_depth <= 4096);

  set_limit (self, &self->max_depth, max_depth, "max-depth");
}
