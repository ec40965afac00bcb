/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "client/qmp-client-private.h"

/* What a program sets; the properties' own texts are in qmp-client-properties.c.
 *
 * A link has a copy of what it is made with, taken when opening begins: await-greeting, negotiate, out-of-band, guest-agent,
 * max-message-size, max-depth. The connection's (tls and its sisters, keep-alive) are looked at when there is one. These
 * reach a link that is there: redact, for what goes over the wire from then on; timeout, for commands from then on; stall-time, at
 * once; close-timeout, for the next close. */

static void
set_flag (QmpClient  *self,
          gboolean   *flag,
          gboolean    value,
          const char *property)
{
  value = !!value;
  if (*flag == value)
    return;

  *flag = value;
  g_object_notify (G_OBJECT (self), property);
}

static void
set_time (QmpClient  *self,
          int        *time,
          int         value,
          const char *property)
{
  if (*time == value)
    return;

  *time = value;
  g_object_notify (G_OBJECT (self), property);
}

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

/* --- opening --- */

/**
 * qmp_client_get_await_greeting:
 * @self: a client
 *
 * Gets whether opening waits for the server's greeting.
 *
 * Returns: `TRUE` if it does
 *
 * Since: 1.0
 */
gboolean
qmp_client_get_await_greeting (QmpClient *self)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), FALSE);

  return self->settings.link.await_greeting;
}

/**
 * qmp_client_set_await_greeting:
 * @self: a client
 * @await_greeting: whether to wait
 *
 * Sets whether opening waits for the server's greeting; see [property@Client:await-greeting].
 *
 * Since: 1.0
 */
void
qmp_client_set_await_greeting (QmpClient *self,
                               gboolean   await_greeting)
{
  g_return_if_fail (QMP_IS_CLIENT (self));
  qmp_client_return_if_foreign (self);

  set_flag (self, &self->settings.link.await_greeting, await_greeting, "await-greeting");
}

/**
 * qmp_client_get_negotiate:
 * @self: a client
 *
 * Gets whether opening negotiates capabilities.
 *
 * Returns: `TRUE` if it does
 *
 * Since: 1.0
 */
gboolean
qmp_client_get_negotiate (QmpClient *self)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), FALSE);

  return self->settings.link.negotiate;
}

/**
 * qmp_client_set_negotiate:
 * @self: a client
 * @negotiate: whether to negotiate
 *
 * Sets whether opening negotiates capabilities; see [property@Client:negotiate].
 *
 * Since: 1.0
 */
void
qmp_client_set_negotiate (QmpClient *self,
                          gboolean   negotiate)
{
  g_return_if_fail (QMP_IS_CLIENT (self));
  qmp_client_return_if_foreign (self);

  set_flag (self, &self->settings.link.negotiate, negotiate, "negotiate");
}

/**
 * qmp_client_get_out_of_band:
 * @self: a client
 *
 * Gets whether out-of-band execution is enabled when the server offers it.
 *
 * Returns: `TRUE` if it is
 *
 * Since: 1.0
 */
gboolean
qmp_client_get_out_of_band (QmpClient *self)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), FALSE);

  return self->settings.link.out_of_band;
}

/**
 * qmp_client_set_out_of_band:
 * @self: a client
 * @out_of_band: whether to enable it
 *
 * Sets whether out-of-band execution is enabled when the server offers it; see
 * [property@Client:out-of-band].
 *
 * Since: 1.0
 */
void
qmp_client_set_out_of_band (QmpClient *self,
                            gboolean   out_of_band)
{
  g_return_if_fail (QMP_IS_CLIENT (self));
  qmp_client_return_if_foreign (self);

  set_flag (self, &self->settings.link.out_of_band, out_of_band, "out-of-band");
}

/**
 * qmp_client_get_guest_agent:
 * @self: a client
 *
 * Gets whether the server is a QEMU guest agent.
 *
 * Returns: `TRUE` if it is
 *
 * Since: 1.0
 */
gboolean
qmp_client_get_guest_agent (QmpClient *self)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), FALSE);

  return self->settings.link.guest_agent;
}

/**
 * qmp_client_set_guest_agent:
 * @self: a client
 * @guest_agent: whether the server is a guest agent
 *
 * Sets whether the server is a QEMU guest agent; see [property@Client:guest-agent].
 *
 * Since: 1.0
 */
void
qmp_client_set_guest_agent (QmpClient *self,
                            gboolean   guest_agent)
{
  g_return_if_fail (QMP_IS_CLIENT (self));
  qmp_client_return_if_foreign (self);

  set_flag (self, &self->settings.link.guest_agent, guest_agent, "guest-agent");
}

/**
 * qmp_client_get_redact:
 * @self: a client
 *
 * Gets whether [signal@Client::wire] leaves secrets out.
 *
 * Returns: `TRUE` if it does
 *
 * Since: 1.0
 */
gboolean
qmp_client_get_redact (QmpClient *self)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), FALSE);

  return self->wire_log.redact;
}

/**
 * qmp_client_set_redact:
 * @self: a client
 * @redact: whether to leave secrets out
 *
 * Sets whether [signal@Client::wire] leaves secrets out; see [property@Client:redact].
 *
 * Since: 1.0
 */
void
qmp_client_set_redact (QmpClient *self,
                       gboolean   redact)
{
  g_return_if_fail (QMP_IS_CLIENT (self));
  qmp_client_return_if_foreign (self);

  if (self->wire_log.redact == (redact != FALSE))
    return;
  self->wire_log.redact = redact != FALSE;
  g_object_notify (G_OBJECT (self), "redact");
}

/**
 * qmp_client_get_keep_alive:
 * @self: a client
 *
 * Gets whether the system looks after the other side of a silent link.
 *
 * Returns: `TRUE` if it does
 *
 * Since: 1.0
 */
gboolean
qmp_client_get_keep_alive (QmpClient *self)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), FALSE);

  return self->settings.connection.keep_alive;
}

/**
 * qmp_client_set_keep_alive:
 * @self: a client
 * @keep_alive: whether the system is to look
 *
 * Sets whether the system looks after the other side of a silent link; see [property@Client:keep-alive].
 *
 * Since: 1.0
 */
void
qmp_client_set_keep_alive (QmpClient *self,
                           gboolean   keep_alive)
{
  g_return_if_fail (QMP_IS_CLIENT (self));
  qmp_client_return_if_foreign (self);

  set_flag (self, &self->settings.connection.keep_alive, keep_alive, "keep-alive");
}

/* --- times and limits --- */

/**
 * qmp_client_get_open_timeout:
 * @self: a client
 *
 * Gets how long opening may take.
 *
 * Returns: milliseconds, or [const@TIMEOUT_NONE]
 *
 * Since: 1.0
 */
int
qmp_client_get_open_timeout (QmpClient *self)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), QMP_TIMEOUT_NONE);

  return self->settings.open_timeout;
}

/**
 * qmp_client_set_open_timeout:
 * @self: a client
 * @open_timeout: milliseconds, or [const@TIMEOUT_NONE]
 *
 * Sets how long opening may take.
 *
 * Since: 1.0
 */
void
qmp_client_set_open_timeout (QmpClient *self,
                             int        open_timeout)
{
  g_return_if_fail (QMP_IS_CLIENT (self));
  g_return_if_fail (open_timeout >= QMP_TIMEOUT_NONE);
  qmp_client_return_if_foreign (self);

  set_time (self, &self->settings.open_timeout, open_timeout, "open-timeout");
}

/**
 * qmp_client_get_close_timeout:
 * @self: a client
 *
 * Gets how long closing tries to write what is queued.
 *
 * Returns: milliseconds, or [const@TIMEOUT_NONE]
 *
 * Since: 1.0
 */
int
qmp_client_get_close_timeout (QmpClient *self)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), QMP_TIMEOUT_NONE);

  return self->settings.close_timeout;
}

/**
 * qmp_client_set_close_timeout:
 * @self: a client
 * @close_timeout: milliseconds, or [const@TIMEOUT_NONE]
 *
 * Sets how long closing tries to write what is queued.
 *
 * Since: 1.0
 */
void
qmp_client_set_close_timeout (QmpClient *self,
                              int        close_timeout)
{
  g_return_if_fail (QMP_IS_CLIENT (self));
  g_return_if_fail (close_timeout >= QMP_TIMEOUT_NONE);
  qmp_client_return_if_foreign (self);

  set_time (self, &self->settings.close_timeout, close_timeout, "close-timeout");
}

/**
 * qmp_client_get_timeout:
 * @self: a client
 *
 * Gets how long a command waits for its reply.
 *
 * Returns: milliseconds, or [const@TIMEOUT_NONE]
 *
 * Since: 1.0
 */
int
qmp_client_get_timeout (QmpClient *self)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), QMP_TIMEOUT_NONE);

  return self->settings.timeout;
}

/**
 * qmp_client_set_timeout:
 * @self: a client
 * @timeout: milliseconds, or [const@TIMEOUT_NONE]
 *
 * Sets how long a command waits for its reply; those under way keep theirs.
 *
 * Since: 1.0
 */
void
qmp_client_set_timeout (QmpClient *self,
                        int        timeout)
{
  g_return_if_fail (QMP_IS_CLIENT (self));
  g_return_if_fail (timeout >= QMP_TIMEOUT_NONE);
  qmp_client_return_if_foreign (self);

  set_time (self, &self->settings.timeout, timeout, "timeout");
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

  return self->settings.link.max_message_size;
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
  qmp_client_return_if_foreign (self);
  g_return_if_fail (max_message_size > 0 && max_message_size <= G_MAXINT);

  self->inbox.max_size = max_message_size;
  set_limit (self, &self->settings.link.max_message_size, max_message_size, "max-message-size");
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

  return self->settings.link.max_depth;
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
  qmp_client_return_if_foreign (self);
  g_return_if_fail (max_depth > 0 && max_depth <= 4096);

  set_limit (self, &self->settings.link.max_depth, max_depth, "max-depth");
}
