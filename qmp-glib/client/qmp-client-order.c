/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "client/qmp-client-order-private.h"

#include <glib/gi18n-lib.h>

#include "message/qmp-message-private.h"

void
qmp_order_clear (QmpOrder *self)
{
  qmp_request_clear (&self->request);
  if (self->client == NULL)
    return;
  g_clear_object (&self->message);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->arguments, json_node_unref);
  g_object_unref (self->client);
}

/* --- what can be wrong --- */

/* FALSE with error, with the command's name, unless it can be sent. The command is given in one of two ways. */
static gboolean
check_link (QmpClient   *client,
            const char  *command,
            QmpMessage  *message,
            const char  *what,
            GError     **error)
{
  g_autofree char *own = NULL;

  if (qmp_client_require_link (client, what, error))
    return TRUE;
  if (command == NULL)
    command = own = qmp_message_dup_command (message);
  /* Translators: goes before what is wrong with a command of that name */
  if (command != NULL)
    g_prefix_error (error, _("“%s”: "), command);
  return FALSE;
}

/* Asks whoever checks commands; what is not a message is made one for that alone. It is user code, so the link is looked at
 * again. */
static gboolean
check_wanted (QmpOrder      *self,
              QmpClient     *client,
              const char    *command,
              JsonNode      *arguments,
              QmpMessage    *message,
              GCancellable  *cancellable,
              const char    *what,
              GError       **error)
{
  if (client->settings.check == NULL)
    return TRUE;

  self->client = g_object_ref (client);
  self->arguments = arguments != NULL ? json_node_ref (arguments) : NULL;
  self->message = message != NULL ? g_object_ref (message) : qmp_message_new_command (command, arguments, error);
  g_set_object (&self->cancellable, cancellable);
  return self->message != NULL && qmp_message_validate (self->message, error) &&
         qmp_client_run_check (client, self->message, error) &&
         check_link (client, NULL, self->message, what, error);
}

gboolean
qmp_order_prepare_command (QmpOrder      *self,
                           QmpClient     *client,
                           const char    *command,
                           JsonNode      *arguments,
                           GCancellable  *cancellable,
                           GError       **error)
{
  return check_link (client, command, NULL, "execute", error) &&
         check_wanted (self, client, command, arguments, NULL, cancellable, "execute", error) &&
         qmp_request_init_command (&self->request, client->calls, command, arguments, client->settings.timeout, error);
}

gboolean
qmp_order_prepare_message (QmpOrder      *self,
                           QmpClient     *client,
                           QmpMessage    *message,
                           QmpCallForm    form,
                           GCancellable  *cancellable,
                           const char    *what,
                           GError       **error)
{
  return check_link (client, NULL, message, what, error) &&
         check_wanted (self, client, NULL, NULL, message, cancellable, what, error) &&
         qmp_request_init_message (&self->request, client->calls, message, form, client->settings.timeout, error) &&
         qmp_link_check (client->link, &self->request, error);
}

gboolean
qmp_order_prepare_parsed (QmpOrder    *self,
                          QmpClient   *client,
                          const char  *command,
                          const char  *format,
                          va_list     *arguments,
                          GError     **error)
{
  return check_link (client, command, NULL, "execute", error) &&
         qmp_request_init_parsed (&self->request, client->calls, command, format, arguments, client->settings.timeout, error);
}

/* --- in the background --- */

QmpCall *
qmp_order_issue (QmpOrder  *self,
                 QmpClient *client)
{
  QmpCall *call = qmp_link_issue (client->link, &self->request);
  gint64 look = qmp_stall_watch_add (&client->stall_watch, call);

  call->owner = client;
  if (look != 0)
    qmp_client_watch_deadline (client, look);
  return call;
}

static void
give_up (gpointer  operation,
         GError   *error)
{
  QmpCall *call = operation;
  g_autoptr(QmpClient) self = g_object_ref (call->owner);

  /* Its end is about to be delivered. */
  if (qmp_calls_has_ended (self->calls, call))
    {
      g_error_free (error);
      return;
    }

  qmp_calls_abandon (self->calls, call, error);
  qmp_client_call_done (self, call);
  if (!self->blocking)
    qmp_client_deliver (self);
}

/* Only the cancellable is watched by it: the times of all calls are in one heap. */
static const QmpPatienceFuncs patience_funcs = { NULL, NULL, give_up };

void
qmp_order_start (QmpOrder     *self,
                 QmpClient    *client,
                 GTask        *task,
                 gint64        created,
                 GCancellable *cancellable)
{
  int timeout = self->request.timeout;
  QmpCall *call = qmp_order_issue (self, client);

  call->task = task;
  call->entry.created = created;
  if (cancellable != NULL)
    call->patience = qmp_patience_new (&patience_funcs, call, client->io, -1, cancellable);
  if (timeout >= 0)
    {
      qmp_calls_set_deadline (client->calls, call, g_get_monotonic_time () + timeout * (gint64) 1000);
      qmp_client_watch_deadline (client, call->deadline.time);
    }
}

/* --- blocking --- */

static gboolean
is_done (gpointer data)
{
  return ((QmpCall *) data)->phase == QMP_CALL_DONE;
}

static GError *
timed_out (gpointer data)
{
  return qmp_call_make_timed_out (data);
}

static void
abandon (gpointer  data,
         GError   *error)
{
  QmpCall *call = data;
  QmpClient *self = call->owner;

  qmp_calls_abandon (self->calls, call, error);
}

static const QmpBlockingFuncs blocking_funcs = { is_done, timed_out, NULL, abandon };

gpointer
qmp_order_run (QmpOrder      *self,
               QmpClient     *client,
               GCancellable  *cancellable,
               GError       **error)
{
  int timeout = self->request.timeout;
  g_autoptr(QmpCall) call = NULL;

  /* This thread writes the command itself: nobody is to be woken for that. */
  qmp_io_context_hold (client->io);
  call = qmp_order_issue (self, client);
  qmp_calls_await (client->calls, call);
  qmp_client_block (client, &blocking_funcs, call, timeout, cancellable);
  if (call->error != NULL)
    g_propagate_error (error, g_steal_pointer (&call->error));
  return g_steal_pointer (&call->value);
}
