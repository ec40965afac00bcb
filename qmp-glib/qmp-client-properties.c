/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "qmp-client-private.h"

#include <glib/gi18n-lib.h>

#include "qmp-debug-private.h"
#include "qmp-enums.h"

#define DEFAULT_OPEN_TIMEOUT 10000
#define DEFAULT_CLOSE_TIMEOUT 5000
/* A guest agent's largest reply, 48 MiB of a file in base64, and what stands around it. */
#define DEFAULT_MAX_MESSAGE_SIZE (65 * 1024 * 1024)
#define DEFAULT_MAX_DEPTH 1024

enum {
  PROP_0,
  PROP_NAME,
  PROP_RUNSTATE,
  PROP_GREETING,
  PROP_AWAIT_GREETING,
  PROP_NEGOTIATE,
  PROP_OUT_OF_BAND,
  PROP_OPEN_TIMEOUT,
  PROP_CLOSE_TIMEOUT,
  PROP_TIMEOUT,
  PROP_MAX_MESSAGE_SIZE,
  PROP_MAX_DEPTH,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static const char *
runstate_to_string (QmpRunstate runstate)
{
  static const char * const names[] = { "IDLE", "CONNECTING", "RUNNING", "DISCONNECTING" };

  return names[runstate];
}

void
qmp_client_set_runstate (QmpClient   *self,
                         QmpRunstate  runstate)
{
  if (self->runstate == runstate)
    return;

  self->runstate = runstate;
  qmp_debug (QMP_DEBUG_STATE, "%s: %s", self->name != NULL ? self->name : "client",
             runstate_to_string (runstate));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_RUNSTATE]);
}

void
qmp_client_set_greeting (QmpClient   *self,
                         QmpGreeting *greeting)
{
  if (g_set_object (&self->greeting, greeting))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_GREETING]);
}

gboolean
qmp_client_require (QmpClient    *self,
                    QmpRunstate   required,
                    const char   *what,
                    GError      **error)
{
  if (self->runstate == required)
    return TRUE;

  g_set_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE,
               _("Cannot %s: the client is %s and must be %s"), what,
               runstate_to_string (self->runstate), runstate_to_string (required));
  return FALSE;
}

static void
get_property (GObject    *object,
              guint       property_id,
              GValue     *value,
              GParamSpec *pspec)
{
  QmpClient *self = QMP_CLIENT (object);

  switch (property_id)
    {
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_RUNSTATE:
      g_value_set_enum (value, self->runstate);
      break;
    case PROP_GREETING:
      g_value_set_object (value, self->greeting);
      break;
    case PROP_AWAIT_GREETING:
      g_value_set_boolean (value, self->await_greeting);
      break;
    case PROP_NEGOTIATE:
      g_value_set_boolean (value, self->negotiate);
      break;
    case PROP_OUT_OF_BAND:
      g_value_set_boolean (value, self->out_of_band);
      break;
    case PROP_OPEN_TIMEOUT:
      g_value_set_uint (value, self->open_timeout);
      break;
    case PROP_CLOSE_TIMEOUT:
      g_value_set_uint (value, self->close_timeout);
      break;
    case PROP_TIMEOUT:
      g_value_set_uint (value, self->timeout);
      break;
    case PROP_MAX_MESSAGE_SIZE:
      g_value_set_uint (value, self->max_message_size);
      break;
    case PROP_MAX_DEPTH:
      g_value_set_uint (value, self->max_depth);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
set_property (GObject      *object,
              guint         property_id,
              const GValue *value,
              GParamSpec   *pspec)
{
  QmpClient *self = QMP_CLIENT (object);

  switch (property_id)
    {
    case PROP_NAME:
      self->name = g_value_dup_string (value);
      break;
    case PROP_AWAIT_GREETING:
      qmp_client_set_await_greeting (self, g_value_get_boolean (value));
      break;
    case PROP_NEGOTIATE:
      qmp_client_set_negotiate (self, g_value_get_boolean (value));
      break;
    case PROP_OUT_OF_BAND:
      qmp_client_set_out_of_band (self, g_value_get_boolean (value));
      break;
    case PROP_OPEN_TIMEOUT:
      qmp_client_set_open_timeout (self, g_value_get_uint (value));
      break;
    case PROP_CLOSE_TIMEOUT:
      qmp_client_set_close_timeout (self, g_value_get_uint (value));
      break;
    case PROP_TIMEOUT:
      qmp_client_set_timeout (self, g_value_get_uint (value));
      break;
    case PROP_MAX_MESSAGE_SIZE:
      qmp_client_set_max_message_size (self, g_value_get_uint (value));
      break;
    case PROP_MAX_DEPTH:
      qmp_client_set_max_depth (self, g_value_get_uint (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

void
qmp_client_install_properties (GObjectClass *object_class)
{
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  const GParamFlags writable = readable | G_PARAM_WRITABLE;

  /**
   * QmpClient:name: (getter get_name)
   *
   * What the program calls this link, for its own use and for debug output.
   *
   * Since: 1.0
   */
  properties[PROP_NAME] =
    g_param_spec_string ("name", NULL, NULL, NULL, writable | G_PARAM_CONSTRUCT_ONLY);

  /**
   * QmpClient:runstate: (getter get_runstate)
   *
   * Where the client stands.
   *
   * Goes `IDLE`, `CONNECTING`, `RUNNING`, `DISCONNECTING`, `IDLE`; from `CONNECTING` straight to
   * `DISCONNECTING` when opening fails. Each step is notified.
   *
   * Since: 1.0
   */
  properties[PROP_RUNSTATE] =
    g_param_spec_enum ("runstate", NULL, NULL, QMP_TYPE_RUNSTATE, QMP_RUNSTATE_IDLE, readable);

  /**
   * QmpClient:greeting: (getter get_greeting)
   *
   * The server's greeting.
   *
   * It is set when the client comes to run, stays readable after the link ended, and is `NULL` from the next
   * opening on until the next greeting.
   *
   * Since: 1.0
   */
  properties[PROP_GREETING] =
    g_param_spec_object ("greeting", NULL, NULL, QMP_TYPE_GREETING, readable);

  /**
   * QmpClient:await-greeting: (getter get_await_greeting) (setter set_await_greeting)
   *
   * Whether opening waits for the server's greeting. Guest agents send none.
   *
   * Looked at when opening begins.
   *
   * Since: 1.0
   */
  properties[PROP_AWAIT_GREETING] =
    g_param_spec_boolean ("await-greeting", NULL, NULL, TRUE, writable);

  /**
   * QmpClient:negotiate: (getter get_negotiate) (setter set_negotiate)
   *
   * Whether opening negotiates capabilities, which implies waiting for the greeting. A server takes no other
   * command before that.
   *
   * Looked at when opening begins.
   *
   * Since: 1.0
   */
  properties[PROP_NEGOTIATE] =
    g_param_spec_boolean ("negotiate", NULL, NULL, TRUE, writable);

  /**
   * QmpClient:out-of-band: (getter get_out_of_band) (setter set_out_of_band)
   *
   * Whether out-of-band execution is enabled when the server offers it.
   *
   * With it on, at most seven other commands are in flight at a time, and one with file descriptors is alone;
   * further ones wait in the client. So an out-of-band command always gets through.
   *
   * Looked at when opening begins. QMP specification, "Out-of-band execution".
   *
   * Since: 1.0
   */
  properties[PROP_OUT_OF_BAND] =
    g_param_spec_boolean ("out-of-band", NULL, NULL, TRUE, writable);

  /**
   * QmpClient:open-timeout: (getter get_open_timeout) (setter set_open_timeout)
   *
   * How long opening may take, in milliseconds; 0 for as long as it takes.
   *
   * Since: 1.0
   */
  properties[PROP_OPEN_TIMEOUT] =
    g_param_spec_uint ("open-timeout", NULL, NULL, 0, G_MAXUINT, DEFAULT_OPEN_TIMEOUT, writable);

  /**
   * QmpClient:close-timeout: (getter get_close_timeout) (setter set_close_timeout)
   *
   * How long closing tries to write what is queued to a server that does not read, in milliseconds; 0 for as
   * long as it takes.
   *
   * Since: 1.0
   */
  properties[PROP_CLOSE_TIMEOUT] =
    g_param_spec_uint ("close-timeout", NULL, NULL, 0, G_MAXUINT, DEFAULT_CLOSE_TIMEOUT, writable);

  /**
   * QmpClient:timeout: (getter get_timeout) (setter set_timeout)
   *
   * How long a command waits for its reply, in milliseconds; 0 for as long as it takes.
   *
   * A message may have a timeout of its own: [property@Message:timeout].
   *
   * Since: 1.0
   */
  properties[PROP_TIMEOUT] =
    g_param_spec_uint ("timeout", NULL, NULL, 0, G_MAXUINT, 0, writable);

  /**
   * QmpClient:max-message-size: (getter get_max_message_size) (setter set_max_message_size)
   *
   * The largest message that is accepted from the server, in bytes.
   *
   * A larger one ends the link with `QMP_PROTOCOL_ERROR_TOO_LARGE`. Looked at when opening begins.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_MESSAGE_SIZE] =
    g_param_spec_uint ("max-message-size", NULL, NULL, 1, G_MAXINT, DEFAULT_MAX_MESSAGE_SIZE, writable);

  /**
   * QmpClient:max-depth: (getter get_max_depth) (setter set_max_depth)
   *
   * How deep objects and arrays may be nested in a message from the server.
   *
   * A message that goes deeper is dropped with `QMP_PROTOCOL_ERROR_TOO_DEEP`, and so fails the command that it
   * answers if that can be told; the link lives on. Looked at when opening begins.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_DEPTH] =
    g_param_spec_uint ("max-depth", NULL, NULL, 1, 4096, DEFAULT_MAX_DEPTH, writable);

  object_class->get_property = get_property;
  object_class->set_property = set_property;
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

void
qmp_client_init_properties (QmpClient *self)
{
  self->await_greeting = TRUE;
  self->negotiate = TRUE;
  self->out_of_band = TRUE;
  self->open_timeout = DEFAULT_OPEN_TIMEOUT;
  self->close_timeout = DEFAULT_CLOSE_TIMEOUT;
  self->max_message_size = DEFAULT_MAX_MESSAGE_SIZE;
  self->max_depth = DEFAULT_MAX_DEPTH;
}

/**
 * qmp_client_get_name:
 * @self: a client
 *
 * Gets what the program calls this link.
 *
 * Returns: (nullable): the name
 *
 * Since: 1.0
 */
const char *
qmp_client_get_name (QmpClient *self)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), NULL);

  return self->name;
}

/**
 * qmp_client_get_runstate:
 * @self: a client
 *
 * Gets where the client stands.
 *
 * Returns: the runstate
 *
 * Since: 1.0
 */
QmpRunstate
qmp_client_get_runstate (QmpClient *self)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), QMP_RUNSTATE_IDLE);

  return self->runstate;
}

/**
 * qmp_client_get_greeting:
 * @self: a client
 *
 * Gets the server's greeting; see [property@Client:greeting].
 *
 * Returns: (transfer none) (nullable): the greeting
 *
 * Since: 1.0
 */
QmpGreeting *
qmp_client_get_greeting (QmpClient *self)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), NULL);

  return self->greeting;
}

static void
set_flag (QmpClient *self,
          gboolean  *flag,
          gboolean   value,
          guint      property_id)
{
  value = !!value;
  if (*flag == value)
    return;

  *flag = value;
  g_object_notify_by_pspec (G_OBJECT (self), properties[property_id]);
}

static void
set_number (QmpClient *self,
            guint     *number,
            guint      value,
            guint      property_id)
{
  if (*number == value)
    return;

  *number = value;
  g_object_notify_by_pspec (G_OBJECT (self), properties[property_id]);
}

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

  return self->await_greeting;
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

  set_flag (self, &self->await_greeting, await_greeting, PROP_AWAIT_GREETING);
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

  return self->negotiate;
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

  set_flag (self, &self->negotiate, negotiate, PROP_NEGOTIATE);
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

  return self->out_of_band;
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

  set_flag (self, &self->out_of_band, out_of_band, PROP_OUT_OF_BAND);
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

  set_number (self, &self->open_timeout, open_timeout, PROP_OPEN_TIMEOUT);
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

  set_number (self, &self->close_timeout, close_timeout, PROP_CLOSE_TIMEOUT);
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

  set_number (self, &self->timeout, timeout, PROP_TIMEOUT);
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

  set_number (self, &self->max_message_size, max_message_size, PROP_MAX_MESSAGE_SIZE);
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

  set_number (self, &self->max_depth, max_depth, PROP_MAX_DEPTH);
}
