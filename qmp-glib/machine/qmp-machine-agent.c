/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-machine-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <unistd.h>

#include "machine/qmp-member-private.h"

/* The guest's agent, over the channel that the launcher has made. The machine keeps its end, and each client has a duplicate of
 * that: however a client ends, the channel is there. */

#define CHANNEL_ID "qmp-glib-agent"
/* QEMU has the event for a port that has an id, and a port need not have one. */
#define LOOKING_TIME 1000

/* One attempt. */
typedef struct {
  QmpMachine       *self;      /* borrowed: its task, or a blocking caller, holds it */
  guint             run;
  gint64            until;     /* monotonic microseconds; G_MAXINT64 for ever */
  QmpEventListener *listener;  /* of what guests open and close */
  QmpClient        *client;    /* nullable: of the agent */
} Opening;

/* --- how long --- */

static gint64
get_deadline (QmpMachine *self,
              int         timeout)
{
  if (timeout == QMP_TIMEOUT_CLIENT)
    timeout = qmp_client_get_timeout (self->client);
  return timeout == QMP_TIMEOUT_NONE ? G_MAXINT64 : g_get_monotonic_time () + timeout * (gint64) 1000;
}

static int
get_remaining (Opening *opening)
{
  if (opening->until == G_MAXINT64)
    return QMP_TIMEOUT_NONE;
  return (int) CLAMP ((opening->until - g_get_monotonic_time () + 999) / 1000, 0, G_MAXINT);
}

/* How long to wait for an event before it is looked at anyway. */
static int
get_patience (Opening *opening)
{
  int remaining = get_remaining (opening);

  return remaining == QMP_TIMEOUT_NONE ? LOOKING_TIME : MIN (remaining, LOOKING_TIME);
}

/* Nothing came, but there is time left. */
static gboolean
may_look_again (Opening      *opening,
                const GError *error)
{
  return error == NULL || (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) && get_remaining (opening) != 0);
}

static QmpMessage *
make_query (Opening *opening)
{
  QmpMessage *query = qmp_message_new_command ("query-chardev", NULL, NULL);
  int remaining = get_remaining (opening);

  qmp_message_set_timeout (query, remaining == QMP_TIMEOUT_NONE ? QMP_TIMEOUT_CLIENT : remaining);
  return query;
}

/* --- its beginning and its end --- */

static gboolean
require_channel (QmpMachine  *self,
                 GError     **error)
{
  if (self->run == NULL)
    g_set_error_literal (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_ENDED, _("No machine runs here"));
  else if (self->run->agent_fd < 0)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                         _("The machine was not launched with a channel to the guest agent"));
  else if (self->opening_agent)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PENDING, _("The guest agent is being opened already"));
  else
    return TRUE;
  return FALSE;
}

static void
begin (Opening    *opening,
       QmpMachine *self,
       int         timeout)
{
  *opening = (Opening) {
    .self = self,
    .run = self->run->number,
    .until = get_deadline (self, timeout),
    .listener = qmp_event_listener_new ((const char * const []) { "VSERPORT_CHANGE", NULL }),
  };
  qmp_client_add_listener (self->client, opening->listener);
  self->opening_agent = TRUE;
}

static void
end (Opening *opening)
{
  opening->self->opening_agent = FALSE;
  qmp_client_remove_listener (opening->self->client, opening->listener);
  g_object_unref (opening->listener);
  g_clear_object (&opening->client);
}

/* QEMU has the other end of both links. */
static gboolean
has_ended (Opening      *opening,
           const GError *error)
{
  QmpMachine *self = opening->self;

  return self->run == NULL || self->run->number != opening->run ||
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED) ||
         (g_error_matches (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED) && !qmp_client_is_linked (self->client) &&
          g_error_matches (qmp_client_get_last_error (self->client), G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED));
}

/* Takes error: what went wrong, in words that say what it was wanted for. */
static GError *
explain (Opening *opening,
         GError  *error)
{
  GError *explained = NULL;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return error;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    explained = g_error_new_literal (QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_NO_ANSWER,
                                     _("The guest agent has not answered in time"));
  else if (has_ended (opening, error))
    explained = g_error_new_literal (QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_ENDED,
                                     _("The machine has ended, and its guest agent with it"));
  else
    return error;
  g_error_free (error);
  return explained;
}

/* --- what is there --- */

/* Has the guest opened its end? The events tell of devices, whose names are the program's. */
static gboolean
is_open (JsonNode *chardevs)
{
  JsonArray *array = JSON_NODE_HOLDS_ARRAY (chardevs) ? json_node_get_array (chardevs) : NULL;

  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    {
      JsonNode *chardev = json_array_get_element (array, i);

      if (g_strcmp0 (qmp_member_get_string (chardev, "label"), CHANNEL_ID) == 0)
        return qmp_member_get_boolean (chardev, "frontend-open");
    }
  return FALSE;
}

static GIOStream *
make_stream (int      fd,
             GError **error)
{
  int own = fcntl (fd, F_DUPFD_CLOEXEC, 0);
  g_autoptr(GSocket) socket = NULL;

  if (own < 0)
    {
      g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (errno), g_strerror (errno));
      return NULL;
    }
  socket = g_socket_new_from_fd (own, error);
  if (socket == NULL)
    {
      close (own);
      return NULL;
    }
  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

/* A client that is there already has the channel; two would take each other's replies. stream (out): NULL then. */
static gboolean
prepare (Opening    *opening,
         GIOStream **stream,
         GError    **error)
{
  QmpMachine *self = opening->self;

  *stream = NULL;
  if (self->agent != NULL && qmp_client_is_linked (self->agent))
    {
      opening->client = g_object_ref (self->agent);
      return TRUE;
    }
  if (self->run == NULL || self->run->number != opening->run)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, "");
      return FALSE;
    }
  *stream = make_stream (self->run->agent_fd, error);
  if (*stream == NULL)
    return FALSE;
  opening->client = qmp_client_new (NULL);
  qmp_client_set_guest_agent (opening->client, TRUE);
  qmp_client_set_timeout (opening->client, qmp_client_get_timeout (self->client));
  qmp_client_set_open_timeout (opening->client, get_remaining (opening));
  return TRUE;
}

static QmpGuestAgent *
give (Opening *opening)
{
  g_set_weak_pointer (&opening->self->agent, opening->client);
  return qmp_guest_agent_new (opening->client);
}

/* --- in the background --- */

/* Takes task. agent, error: one of them; taken. */
static void
finish (GTask         *task,
        QmpGuestAgent *agent,
        GError        *error)
{
  Opening *opening = g_task_get_task_data (task);

  if (error != NULL)
    error = explain (opening, error);
  end (opening);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, agent, g_object_unref);
  g_object_unref (task);
}

static void
opened_cb (GObject      *client,
           GAsyncResult *result,
           gpointer      user_data)
{
  GTask *task = user_data;
  GError *error = NULL;
  gboolean opened = qmp_client_open_stream_finish (QMP_CLIENT (client), result, &error);

  finish (task, opened ? give (g_task_get_task_data (task)) : NULL, error);
}

static void
ready_cb (GObject      *agent,
          GAsyncResult *result,
          gpointer      user_data)
{
  GError *error = NULL;
  gboolean ready = qmp_guest_agent_wait_ready_finish (QMP_GUEST_AGENT (agent), result, &error);

  finish (user_data, ready ? g_object_ref (QMP_GUEST_AGENT (agent)) : NULL, error);
}

/* Takes task. The guest has opened its end. */
static void
connect_async (GTask *task)
{
  Opening *opening = g_task_get_task_data (task);
  g_autoptr(QmpGuestAgent) agent = NULL;
  g_autoptr(GIOStream) stream = NULL;
  GError *error = NULL;

  if (!prepare (opening, &stream, &error))
    {
      finish (task, NULL, error);
      return;
    }
  if (stream != NULL)
    {
      qmp_client_open_stream_async (opening->client, stream, g_task_get_cancellable (task), opened_cb, task);
      return;
    }
  agent = give (opening);
  qmp_guest_agent_wait_ready_async (agent, get_remaining (opening), g_task_get_cancellable (task), ready_cb, task);
}

static void look_async (GTask *task);

static void
changed_cb (GObject      *listener,
            GAsyncResult *result,
            gpointer      user_data)
{
  GTask *task = user_data;
  GError *error = NULL;
  g_autoptr(QmpEvent) event = qmp_event_listener_next_finish (QMP_EVENT_LISTENER (listener), result, &error);

  if (!may_look_again (g_task_get_task_data (task), error))
    {
      finish (task, NULL, error);
      return;
    }
  g_clear_error (&error);
  look_async (task);
}

static void
looked_cb (GObject      *client,
           GAsyncResult *result,
           gpointer      user_data)
{
  GTask *task = user_data;
  Opening *opening = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr(JsonNode) chardevs = qmp_client_execute_message_finish (QMP_CLIENT (client), result, &error);

  if (chardevs == NULL)
    finish (task, NULL, error);
  else if (is_open (chardevs))
    connect_async (task);
  else
    qmp_event_listener_next_async (opening->listener, get_patience (opening), g_task_get_cancellable (task), changed_cb,
                                   task);
}

/* Takes task. What changes from now on is in the listener. */
static void
look_async (GTask *task)
{
  Opening *opening = g_task_get_task_data (task);
  g_autoptr(QmpMessage) query = make_query (opening);

  qmp_client_execute_message_async (opening->self->client, query, g_task_get_cancellable (task), looked_cb, task);
}

/**
 * qmp_machine_open_agent_async:
 * @self: a machine that was launched with [method@Launcher.add_agent_channel]
 * @timeout: how long to wait: milliseconds, `QMP_TIMEOUT_NONE` for as long as it takes, `QMP_TIMEOUT_CLIENT` for
 *   [property@Client:timeout] of the machine's client
 * @cancellable: (nullable): to cancel it
 * @callback: (scope async) (closure user_data): called when the agent has answered, or will not
 * @user_data: data for @callback
 *
 * Waits for the guest's agent, and opens it.
 *
 * It waits until the guest has opened its end of the channel, of which QEMU has an event if the device has an id, and until
 * the agent answers. So it can be called as soon as the machine is launched. Its client has the [property@Client:timeout] of the machine's client.
 *
 * The channel stays the machine's: an attempt that failed costs nothing, and when the agent's client was closed it can be
 * opened again. While that client is open another call gives another agent on the same client.
 *
 * See [Guest agents](guest-agents.html).
 *
 * Since: 1.0
 */
void
qmp_machine_open_agent_async (QmpMachine          *self,
                              int                  timeout,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  GTask *task;
  Opening *opening;
  GError *error = NULL;

  g_return_if_fail (QMP_IS_MACHINE (self));
  g_return_if_fail (timeout >= QMP_TIMEOUT_CLIENT);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  if (qmp_machine_is_foreign (self, NULL))
    return;

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_source_tag (task, qmp_machine_open_agent_async);
  if (!require_channel (self, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  opening = g_new (Opening, 1);
  begin (opening, self, timeout);
  g_task_set_task_data (task, opening, g_free);
  look_async (task);
}

/**
 * qmp_machine_open_agent_finish:
 * @self: a machine
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Machine.open_agent_async].
 *
 * Errors:
 *
 * - `QMP_MACHINE_ERROR_NO_ANSWER` if the time is over: the guest has not opened the channel, or its agent does not answer;
 * - `QMP_MACHINE_ERROR_ENDED` if nothing runs here, or the machine ends meanwhile;
 * - `G_IO_ERROR_NOT_SUPPORTED` if the machine has no channel: it was opened, or launched without
 *   [method@Launcher.add_agent_channel];
 * - `G_IO_ERROR_PENDING` while another call opens the agent;
 * - `G_IO_ERROR_CANCELLED`;
 * - others of [method@Client.execute] if there is no link to QEMU.
 *
 * Returns: (transfer full): the agent, which answers; `NULL` with @error set
 *
 * Since: 1.0
 */
QmpGuestAgent *
qmp_machine_open_agent_finish (QmpMachine    *self,
                               GAsyncResult  *result,
                               GError       **error)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, qmp_machine_open_agent_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* --- blocking --- */

static gboolean
wait_until_open (Opening       *opening,
                 GCancellable  *cancellable,
                 GError       **error)
{
  for (;;)
    {
      g_autoptr(QmpMessage) query = make_query (opening);
      g_autoptr(JsonNode) chardevs = NULL;
      g_autoptr(QmpEvent) event = NULL;
      g_autoptr(GError) why = NULL;

      chardevs = qmp_client_execute_message (opening->self->client, query, cancellable, error);
      if (chardevs == NULL || is_open (chardevs))
        return chardevs != NULL;
      event = qmp_event_listener_next (opening->listener, get_patience (opening), cancellable, &why);
      if (may_look_again (opening, why))
        continue;
      g_propagate_error (error, g_steal_pointer (&why));
      return FALSE;
    }
}

static QmpGuestAgent *
bring_up (Opening       *opening,
          GCancellable  *cancellable,
          GError       **error)
{
  g_autoptr(QmpGuestAgent) agent = NULL;
  g_autoptr(GIOStream) stream = NULL;

  if (!wait_until_open (opening, cancellable, error) || !prepare (opening, &stream, error))
    return NULL;
  if (stream != NULL)
    return qmp_client_open_stream (opening->client, stream, cancellable, error) ? give (opening) : NULL;
  agent = give (opening);
  return qmp_guest_agent_wait_ready (agent, get_remaining (opening), cancellable, error) ? g_steal_pointer (&agent) : NULL;
}

/**
 * qmp_machine_open_agent:
 * @self: a machine that was launched with [method@Launcher.add_agent_channel]
 * @timeout: how long to wait: milliseconds, `QMP_TIMEOUT_NONE` for as long as it takes, `QMP_TIMEOUT_CLIENT` for
 *   [property@Client:timeout] of the machine's client
 * @cancellable: (nullable): to cancel it
 * @error: return location for an error
 *
 * Waits for the guest's agent, and opens it; blocks until then.
 *
 * The blocking form of [method@Machine.open_agent_async], with the errors of [method@Machine.open_agent_finish].
 *
 * Returns: (transfer full): the agent, which answers; `NULL` with @error set
 *
 * Since: 1.0
 */
QmpGuestAgent *
qmp_machine_open_agent (QmpMachine    *self,
                        int            timeout,
                        GCancellable  *cancellable,
                        GError       **error)
{
  g_autoptr(QmpMachine) held = NULL;
  QmpGuestAgent *agent;
  Opening opening;
  GError *why = NULL;

  g_return_val_if_fail (QMP_IS_MACHINE (self), NULL);
  g_return_val_if_fail (timeout >= QMP_TIMEOUT_CLIENT, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  if (qmp_machine_is_foreign (self, error))
    return NULL;

  if (!qmp_client_may_block (self->client, "open the guest agent", error) || !require_channel (self, error))
    return NULL;
  held = g_object_ref (self);
  begin (&opening, self, timeout);
  agent = bring_up (&opening, cancellable, &why);
  if (agent == NULL)
    g_propagate_error (error, explain (&opening, why));
  end (&opening);
  return agent;
}
