/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "qmp-client-private.h"

#include <glib/gi18n-lib.h>

#include "qmp-error-private.h"
#include "qmp-json-text-private.h"
#include "qmp-json-writer-private.h"
#include "qmp-message-private.h"

/* A command that is about to be issued. */
typedef struct {
  GString     *text;         /* borrowed from the client: the command on the wire */
  guint        serial;
  char        *id_text;      /* owned, nullable */
  gboolean     out_of_band;
  GUnixFDList *fd_list;      /* borrowed, nullable */
  guint        timeout;      /* milliseconds, 0 for none */
  gboolean     silent;       /* success is not answered */

  /* Whoever checks commands may drop the caller's references. Owned, NULL without a check. */
  QmpClient   *client;
  QmpMessage  *message;
  JsonNode    *arguments;
} Request;

/* How long a command that answers nothing on success is waited for when no timeout is set, in milliseconds. */
#define SILENT_TIMEOUT 3000

static void
request_clear (Request *request)
{
  g_free (request->id_text);
  g_clear_object (&request->message);
  g_clear_pointer (&request->arguments, json_node_unref);
  g_clear_object (&request->client);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Request, request_clear)

/* --- what a request is made of --- */

/* One text serves command after command, unless a long one took much memory for it. */
#define SCRATCH_SIZE 128
#define SCRATCH_KEPT 4096

/* From so many bytes on a command may be too large for QEMU. */
#define LARGE (1024 * 1024)

static GString *
take_scratch (QmpClient *self)
{
  if (self->scratch != NULL && self->scratch->allocated_len > SCRATCH_KEPT)
    g_string_free (g_steal_pointer (&self->scratch), TRUE);
  if (self->scratch == NULL)
    self->scratch = g_string_sized_new (SCRATCH_SIZE);
  return g_string_truncate (self->scratch, 0);
}

static gboolean
append_arguments (GString   *text,
                  JsonNode  *arguments,
                  GError   **error)
{
  if (arguments == NULL)
    return TRUE;
  if (!JSON_NODE_HOLDS_OBJECT (arguments))
    {
      g_set_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE,
                   _("A command's arguments must be an object, not %s"), json_node_type_name (arguments));
      return FALSE;
    }
  if (json_object_get_size (json_node_get_object (arguments)) == 0)
    return TRUE;

  g_string_append (text, ",\"arguments\":");
  return qmp_json_append_node (text, arguments, error);
}

/* What no writer looks at, because only something large can have it: more than QEMU's parser takes. It would be
 * answered by errors without id, so that the call would never end. */
static gboolean
check_large (GString  *text,
             GError  **error)
{
  return text->len <= LARGE || qmp_json_check_sendable (text->str, text->len, error);
}

static gboolean
request_init_command (Request     *request,
                      QmpClient   *self,
                      const char  *command,
                      JsonNode    *arguments,
                      GError     **error)
{
  request->text = take_scratch (self);
  request->timeout = self->timeout;
  request->serial = qmp_calls_take_serial (self->calls);

  g_string_append (request->text, "{\"execute\":");
  if (!qmp_json_append_string (request->text, command, -1, error) ||
      !append_arguments (request->text, arguments, error))
    return FALSE;
  g_string_append (request->text, ",\"id\":");
  qmp_json_append_uint64 (request->text, request->serial);
  g_string_append_c (request->text, '}');
  return check_large (request->text, error);
}

/* The message's own id, as the table of calls knows it. */
static gboolean
take_own_id (Request     *request,
             QmpClient   *self,
             QmpMessage  *message,
             GError     **error)
{
  g_autofree char *text = qmp_message_get_member_text (message, "id");

  if (text == NULL)
    return TRUE;

  request->id_text = qmp_call_dup_id_key (text, strlen (text));
  if (qmp_calls_has_id (self->calls, request->id_text))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                   _("A command with the id %s is already waiting for its reply"), text);
      return FALSE;
    }
  return TRUE;
}

static guint
choose_timeout (QmpClient  *self,
                QmpMessage *message)
{
  int timeout = qmp_message_get_timeout (message);

  if (timeout >= 0)
    return timeout;
  if (self->timeout == 0 && !qmp_message_get_success_response (message))
    return SILENT_TIMEOUT;
  return self->timeout;
}

static gboolean
check_has_place (Request  *request,
                 GError  **error)
{
  if (!request->out_of_band || request->id_text != NULL)
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                       _("An out-of-band command is answered out of order and needs an id"));
  return FALSE;
}

static gboolean
request_init_message (Request      *request,
                      QmpClient    *self,
                      QmpMessage   *message,
                      gboolean      keep_id,
                      GError      **error)
{
  gboolean assign_id = qmp_message_get_assign_id (message);
  char serial[16];

  request->text = take_scratch (self);
  request->timeout = choose_timeout (self, message);
  request->silent = !qmp_message_get_success_response (message);
  request->fd_list = qmp_message_get_fd_list (message);
  request->out_of_band = qmp_message_get_out_of_band (message);
  if (!qmp_message_validate (message, error))
    return FALSE;
  if ((keep_id || !assign_id) && !take_own_id (request, self, message, error))
    return FALSE;
  if (!assign_id && !check_has_place (request, error))
    return FALSE;
  if (!assign_id || request->id_text != NULL)
    return qmp_message_append_wire (message, request->text, NULL, error) && check_large (request->text, error);

  request->serial = qmp_calls_take_serial (self->calls);
  g_snprintf (serial, sizeof serial, "%u", request->serial);
  return qmp_message_append_wire (message, request->text, serial, error) && check_large (request->text, error);
}

/* --- issuing --- */

static gboolean
check_link (QmpClient   *self,
            const char  *what,
            GError     **error)
{
  if (!qmp_client_require (self, QMP_RUNSTATE_RUNNING, what, error))
    return FALSE;
  if (self->transport == NULL || self->ending != NULL)
    {
      /* The end is known and about to be delivered. */
      g_set_error_literal (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED,
                           _("The connection has ended: nothing was sent"));
      return FALSE;
    }
  return TRUE;
}

static gboolean
check_fds (QmpClient    *self,
           GUnixFDList  *fd_list,
           GError      **error)
{
  int n_fds = fd_list != NULL ? g_unix_fd_list_get_length (fd_list) : 0;

  if (n_fds > 0 && !qmp_transport_can_send_fds (self->transport))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                           _("File descriptors can only be passed over a Unix socket"));
      return FALSE;
    }
  if (n_fds > QMP_TRANSPORT_MAX_FDS)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _("%d file descriptors are too many for one message"), n_fds);
      return FALSE;
    }
  return TRUE;
}

static gboolean
check_out_of_band (QmpClient  *self,
                   gboolean    out_of_band,
                   GError    **error)
{
  gboolean offered = self->greeting != NULL && qmp_greeting_has_capability (self->greeting, "oob");

  if (!out_of_band || qmp_client_get_out_of_band_active (self))
    return TRUE;

  g_set_error_literal (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE,
                       offered ? _("Cannot execute out of band: the server offers it, but it was not negotiated")
                               : _("Cannot execute out of band: the server does not offer it"));
  return FALSE;
}

/* Asks whoever checks commands. It is their code, so the link is looked at again. */
static gboolean
check_wanted (Request     *request,
              QmpClient   *self,
              QmpMessage  *message,
              const char  *what,
              GError     **error)
{
  if (self->check == NULL)
    return TRUE;

  request->client = g_object_ref (self);
  request->message = g_object_ref (message);
  return qmp_message_validate (message, error) &&
         qmp_client_run_check (self, message, error) &&
         check_link (self, what, error);
}

/* The same for a command that is no message; it is made one only if somebody asks. */
static gboolean
check_command_wanted (Request     *request,
                      QmpClient   *self,
                      const char  *command,
                      JsonNode    *arguments,
                      GError     **error)
{
  g_autoptr(QmpMessage) message = NULL;

  if (self->check == NULL)
    return TRUE;
  message = qmp_message_new_command (command, arguments, error);
  if (message == NULL)
    return FALSE;

  request->arguments = arguments != NULL ? json_node_ref (arguments) : NULL;
  return check_wanted (request, self, message, "execute", error);
}

/* Everything that can be wrong before a byte is sent. */
static gboolean
request_prepare (Request      *request,
                 QmpClient    *self,
                 QmpMessage   *message,
                 QmpCallForm   form,
                 const char   *what,
                 GError      **error)
{
  return check_link (self, what, error) &&
         check_wanted (request, self, message, what, error) &&
         request_init_message (request, self, message, form == QMP_CALL_MESSAGE, error) &&
         check_out_of_band (self, request->out_of_band, error) &&
         check_fds (self, request->fd_list, error);
}

/* Takes the request's id. */
static QmpCall *
issue (QmpClient   *self,
       QmpCallForm  form,
       Request     *request)
{
  GUnixFDList *fd_list = request->fd_list;
  QmpCall *call;

  if (self->agent.active)
    g_string_append_c (request->text, '\n');
  if (fd_list != NULL && g_unix_fd_list_get_length (fd_list) == 0)
    fd_list = NULL;
  call = qmp_calls_issue (self->calls, form, qmp_packet_new (request->text->str, request->text->len, fd_list),
                          request->serial, g_steal_pointer (&request->id_text), request->out_of_band);
  call->owner = self;
  call->silent = request->silent;
  qmp_client_watch_call (self, call);
  return call;
}

QmpCall *
qmp_client_issue_message (QmpClient    *self,
                          QmpMessage   *message,
                          QmpCallForm   form,
                          const char   *what,
                          guint        *timeout,
                          GError      **error)
{
  g_auto(Request) request = { NULL };

  if (!request_prepare (&request, self, message, form, what, error))
    return NULL;

  *timeout = request.timeout;
  return issue (self, form, &request);
}

void
qmp_client_call_done (QmpClient *self,
                      QmpCall   *call)
{
  qmp_clear_source (&call->cancellation);
  if (self->opening != NULL && call == self->opening->negotiation)
    qmp_client_opening_negotiated (self, call);
  else if (call->wait != NULL)
    qmp_client_wait_replied (self, call->wait, call);
  else if (call->task != NULL)
    qmp_client_post_call (self, call);
}

static gboolean
cancelled_cb (GCancellable *cancellable,
              gpointer      user_data)
{
  QmpCall *call = user_data;
  QmpClient *self = call->owner;
  GError *error = NULL;

  g_cancellable_set_error_if_cancelled (cancellable, &error);
  qmp_calls_abandon (self->calls, call, error);
  qmp_client_call_done (self, call);
  if (!self->blocking)
    qmp_client_deliver (self);
  return G_SOURCE_REMOVE;
}

/* --- in the background --- */

static void
start (QmpClient    *self,
       QmpCallForm   form,
       Request      *request,
       GTask        *task,
       gint64        created,
       GCancellable *cancellable)
{
  QmpCall *call = issue (self, form, request);

  call->task = g_object_ref (task);
  call->created = created;
  if (cancellable != NULL)
    call->cancellation = qmp_client_add_home_cancellation (self, cancellable, G_SOURCE_FUNC (cancelled_cb), call);
  if (request->timeout > 0)
    {
      call->deadline = g_get_monotonic_time () + request->timeout * (gint64) 1000;
      qmp_client_watch_deadline (self, call->deadline);
    }
}

static void
start_message (QmpClient           *self,
               QmpMessage          *message,
               QmpCallForm          form,
               const char          *what,
               GCancellable        *cancellable,
               GAsyncReadyCallback  callback,
               gpointer             user_data,
               gpointer             source_tag)
{
  gint64 created;
  g_autoptr(GTask) task = qmp_client_new_task (self, self, callback, user_data, source_tag, &created);
  g_auto(Request) request = { NULL };
  GError *error = NULL;

  if (qmp_client_return_if_cancelled (task, cancellable))
    return;
  if (request_prepare (&request, self, message, form, what, &error))
    start (self, form, &request, task, created, cancellable);
  else
    g_task_return_error (task, error);
}

/* --- blocking --- */

static GError *
timed_out (gpointer data)
{
  return qmp_call_make_timed_out (data);
}

static void
wait_for (QmpClient    *self,
          QmpCall      *call,
          guint         timeout,
          GCancellable *cancellable)
{
  QmpBlockingWait wait;

  qmp_client_wait_begin (self, &wait, timeout > 0 ? (int) MIN (timeout, G_MAXINT) : -1, cancellable);
  while (call->phase != QMP_CALL_DONE)
    {
      GError *error = NULL;

      if (!qmp_client_wait_iterate (self, &wait, timed_out, call, &error) && call->phase != QMP_CALL_DONE)
        qmp_calls_abandon (self->calls, call, g_steal_pointer (&error));
      g_clear_error (&error);
    }
  qmp_client_wait_end (self, &wait);
}

/* Takes the outcome: JsonNode or QmpMessage. */
static gpointer
run (QmpClient     *self,
     QmpCallForm    form,
     Request       *request,
     GCancellable  *cancellable,
     GError       **error)
{
  g_autoptr(QmpCall) call = issue (self, form, request);

  wait_for (self, call, request->timeout, cancellable);
  if (call->error != NULL)
    g_propagate_error (error, g_steal_pointer (&call->error));
  return g_steal_pointer (&call->value);
}

static gpointer
run_message (QmpClient     *self,
             QmpMessage    *message,
             QmpCallForm    form,
             const char    *what,
             GCancellable  *cancellable,
             GError       **error)
{
  g_auto(Request) request = { NULL };

  if (!qmp_client_may_block (self, what, error) ||
      g_cancellable_set_error_if_cancelled (cancellable, error) ||
      !request_prepare (&request, self, message, form, what, error))
    return NULL;
  return run (self, form, &request, cancellable, error);
}

static gpointer
finish (QmpClient     *self,
        GAsyncResult  *result,
        gpointer       source_tag,
        GError       **error)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, source_tag), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* --- the public face --- */

/**
 * qmp_client_execute_async:
 * @self: a client
 * @command: the command's name
 * @arguments: (nullable): its arguments, a node that holds an object
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async) (closure user_data): called when the reply has come, or cannot come any more
 * @user_data: data for @callback
 *
 * Executes a command.
 *
 * Any number of commands may be under way at once; their replies reach their callbacks in the order in
 * which the server sends them, and in their place among the events. @arguments is read before this returns.
 *
 * A call that is cancelled, or not answered within [property@Client:timeout], ends at once; if it was not
 * written yet it never is, else the server may still run it, and its late reply is dropped.
 *
 * See [method@Client.execute_finish] for how it can fail. This is the QMP specification's "Issuing Commands".
 *
 * Since: 1.0
 */
void
qmp_client_execute_async (QmpClient           *self,
                          const char          *command,
                          JsonNode            *arguments,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;
  g_auto(Request) request = { NULL };
  GError *error = NULL;
  gint64 created;

  g_return_if_fail (QMP_IS_CLIENT (self) && qmp_client_is_at_home (self));
  g_return_if_fail (command != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = qmp_client_new_task (self, self, callback, user_data, qmp_client_execute_async, &created);
  if (qmp_client_return_if_cancelled (task, cancellable))
    return;
  if (check_link (self, "execute", &error) &&
      check_command_wanted (&request, self, command, arguments, &error) &&
      request_init_command (&request, self, command, arguments, &error))
    start (self, QMP_CALL_VALUE, &request, task, created, cancellable);
  else
    g_task_return_error (task, error);
}

/**
 * qmp_client_execute_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Ends [method@Client.execute_async].
 *
 * The value is the `return` member of the server's reply: mostly an object, for some commands an array, a
 * string, a number or a boolean. JSON `null` is a node of type null, never C `NULL`. What nodes cannot hold
 * (integers over 2^63-1, `\u0000`) is told in [Limits](limits.html); [method@Client.exchange_async] gives
 * the reply's text.
 *
 * Errors are:
 *
 * - [error@CommandError]: the server answered with an error; the text is its `desc`.
 *   [func@CommandError.get_class] and its sisters tell more;
 * - `QMP_CLIENT_ERROR_STATE`: the client is not `RUNNING`; nothing was sent;
 * - `QMP_CLIENT_ERROR_INTERRUPTED`: the link ended before the reply: the command may or may not have run;
 * - `QMP_PROTOCOL_ERROR_SERIALIZATION`, `QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE`: a name or arguments that
 *   cannot be sent; nothing was sent;
 * - `QMP_PROTOCOL_ERROR_BAD_REPLY`, `QMP_PROTOCOL_ERROR_DESERIALIZATION`, `QMP_PROTOCOL_ERROR_TOO_DEEP`: the
 *   reply came and is unusable; the command has run, and the link lives on;
 * - `G_IO_ERROR_TIMED_OUT`, `G_IO_ERROR_CANCELLED`: given up; the command may or may not run.
 *
 * Returns: (transfer full) (not nullable): what the command returned
 *
 * Since: 1.0
 */
JsonNode *
qmp_client_execute_finish (QmpClient     *self,
                           GAsyncResult  *result,
                           GError       **error)
{
  return finish (self, result, qmp_client_execute_async, error);
}

/**
 * qmp_client_execute:
 * @self: a client
 * @command: the command's name
 * @arguments: (nullable): its arguments, a node that holds an object
 * @cancellable: (nullable): cancels the call
 * @error: where to store an error
 *
 * Executes a command; blocks until its reply has come.
 *
 * The blocking form of [method@Client.execute_async], with the errors of [method@Client.execute_finish]. No
 * main loop is needed, and none is run: nobody else's callback is called meanwhile. Events and the replies to
 * other calls that come meanwhile are delivered afterwards, from the client's main context.
 *
 * ```c
 * g_autoptr(JsonNode) status = qmp_client_execute (vm, "query-status", NULL, NULL, &error);
 * ```
 *
 * Returns: (transfer full) (not nullable): what the command returned
 *
 * Since: 1.0
 */
JsonNode *
qmp_client_execute (QmpClient     *self,
                    const char    *command,
                    JsonNode      *arguments,
                    GCancellable  *cancellable,
                    GError       **error)
{
  g_auto(Request) request = { NULL };

  g_return_val_if_fail (QMP_IS_CLIENT (self) && qmp_client_is_at_home (self), NULL);
  g_return_val_if_fail (command != NULL, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);

  if (!qmp_client_may_block (self, "execute", error) ||
      g_cancellable_set_error_if_cancelled (cancellable, error) ||
      !check_link (self, "execute", error) ||
      !check_command_wanted (&request, self, command, arguments, error) ||
      !request_init_command (&request, self, command, arguments, error))
    return NULL;
  return run (self, QMP_CALL_VALUE, &request, cancellable, error);
}

/**
 * qmp_client_execute_message_async:
 * @self: a client
 * @message: a command
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async) (closure user_data): called when the reply has come, or cannot come any more
 * @user_data: data for @callback
 *
 * Executes a command that is given as a message.
 *
 * This is [method@Client.execute_async] for a command with file descriptors
 * ([property@Message:fd-list]), out of band ([property@Message:out-of-band]), with a timeout of its own
 * ([property@Message:timeout]), or that is answered only when it fails
 * ([property@Message:success-response]). An `id` in @message is replaced, but not without
 * [property@Message:assign-id]. The message may be changed, and sent again, as soon as this returns.
 *
 * Since: 1.0
 */
void
qmp_client_execute_message_async (QmpClient           *self,
                                  QmpMessage          *message,
                                  GCancellable        *cancellable,
                                  GAsyncReadyCallback  callback,
                                  gpointer             user_data)
{
  g_return_if_fail (QMP_IS_CLIENT (self) && qmp_client_is_at_home (self));
  g_return_if_fail (QMP_IS_MESSAGE (message));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  start_message (self, message, QMP_CALL_VALUE, "execute a message", cancellable, callback, user_data,
                 qmp_client_execute_message_async);
}

/**
 * qmp_client_execute_message_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Ends [method@Client.execute_message_async].
 *
 * Errors are those of [method@Client.execute_finish], those of [method@Message.validate], and
 * `G_IO_ERROR_NOT_SUPPORTED`: the message has file descriptors, and the link is no Unix socket; nothing was
 * sent. `QMP_CLIENT_ERROR_STATE` is also that of an out-of-band message when out-of-band execution is not on
 * ([property@Client:out-of-band-active]). Without [property@Message:assign-id] there are `G_IO_ERROR_EXISTS`, as for
 * [method@Client.exchange_finish], and `G_IO_ERROR_INVALID_ARGUMENT`: an out-of-band command without an id.
 *
 * Returns: (transfer full) (not nullable): what the command returned
 *
 * Since: 1.0
 */
JsonNode *
qmp_client_execute_message_finish (QmpClient     *self,
                                   GAsyncResult  *result,
                                   GError       **error)
{
  return finish (self, result, qmp_client_execute_message_async, error);
}

/**
 * qmp_client_execute_message:
 * @self: a client
 * @message: a command
 * @cancellable: (nullable): cancels the call
 * @error: where to store an error
 *
 * Executes a command that is given as a message; blocks until its reply has come.
 *
 * The blocking form of [method@Client.execute_message_async], with the errors of
 * [method@Client.execute_message_finish].
 *
 * Returns: (transfer full) (not nullable): what the command returned
 *
 * Since: 1.0
 */
JsonNode *
qmp_client_execute_message (QmpClient     *self,
                            QmpMessage    *message,
                            GCancellable  *cancellable,
                            GError       **error)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self) && qmp_client_is_at_home (self), NULL);
  g_return_val_if_fail (QMP_IS_MESSAGE (message), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);

  return run_message (self, message, QMP_CALL_VALUE, "execute a message", cancellable, error);
}

/**
 * qmp_client_exchange_async:
 * @self: a client
 * @message: a message
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async) (closure user_data): called when the reply has come, or cannot come any more
 * @user_data: data for @callback
 *
 * Sends a message and gets the whole reply to it.
 *
 * An `id` that is set in @message, any JSON value, is kept; without one the message is given one, or, if it
 * says so ([property@Message:assign-id]), goes out without. Replies are matched by the value of the id,
 * however the server spells it; QEMU for one makes 1 of 1.0. Any number of messages may be under way at once.
 *
 * A server's error is a reply like any other here, not a failure. When the server is silent about a message
 * that is answered only on failure ([property@Message:success-response]), the reply is a message without
 * members.
 *
 * Since: 1.0
 */
void
qmp_client_exchange_async (QmpClient           *self,
                           QmpMessage          *message,
                           GCancellable        *cancellable,
                           GAsyncReadyCallback  callback,
                           gpointer             user_data)
{
  g_return_if_fail (QMP_IS_CLIENT (self) && qmp_client_is_at_home (self));
  g_return_if_fail (QMP_IS_MESSAGE (message));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  start_message (self, message, QMP_CALL_MESSAGE, "exchange", cancellable, callback, user_data,
                 qmp_client_exchange_async);
}

/**
 * qmp_client_exchange_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Ends [method@Client.exchange_async].
 *
 * Errors are those of [method@Client.execute_message_finish] but for [error@CommandError], and
 * `G_IO_ERROR_EXISTS`: the message's id is in use by another that waits for its reply, or was given up and
 * may still be answered; nothing was sent.
 *
 * Returns: (transfer full) (not nullable): the reply, read-only
 *
 * Since: 1.0
 */
QmpMessage *
qmp_client_exchange_finish (QmpClient     *self,
                            GAsyncResult  *result,
                            GError       **error)
{
  return finish (self, result, qmp_client_exchange_async, error);
}

/**
 * qmp_client_exchange:
 * @self: a client
 * @message: a message
 * @cancellable: (nullable): cancels the call
 * @error: where to store an error
 *
 * Sends a message and gets the whole reply to it; blocks until it has come.
 *
 * The blocking form of [method@Client.exchange_async], with the errors of [method@Client.exchange_finish].
 *
 * Returns: (transfer full) (not nullable): the reply, read-only
 *
 * Since: 1.0
 */
QmpMessage *
qmp_client_exchange (QmpClient     *self,
                     QmpMessage    *message,
                     GCancellable  *cancellable,
                     GError       **error)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self) && qmp_client_is_at_home (self), NULL);
  g_return_val_if_fail (QMP_IS_MESSAGE (message), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);

  return run_message (self, message, QMP_CALL_MESSAGE, "exchange", cancellable, error);
}

/**
 * qmp_client_send_fd:
 * @self: a client
 * @fd: a file descriptor
 * @error: where to store an error
 *
 * Sends a file descriptor by itself, beside any command.
 *
 * The server keeps it for the next command that takes one, such as `getfd`. It goes out in its place among the
 * commands, with a space as its one byte. @fd is duplicated and may be closed as soon as this returns. To send a
 * descriptor together with its command, which is simpler and cannot be mixed up, use
 * [property@Message:fd-list].
 *
 * The server keeps one at a time: a second one that it reads replaces the first. With out-of-band execution on
 * ([property@Client:out-of-band-active]) it reads while commands wait for their turn, so there a descriptor is held
 * in the client until all in-band commands before it have been answered, and the in-band commands behind it are
 * held with it. So a descriptor, its `getfd`, another descriptor and its `getfd` may be sent at once, and each
 * `getfd` gets its own. Without out-of-band execution the server does not read ahead, and nothing waits. One that
 * is still held when the link ends is closed.
 *
 * Errors are `QMP_CLIENT_ERROR_STATE` (the client is not `RUNNING`), `QMP_CLIENT_ERROR_INTERRUPTED` (the link
 * has just ended), `G_IO_ERROR_NOT_SUPPORTED` (the link is no Unix socket) and those of duplicating @fd.
 *
 * Returns: `TRUE` if the descriptor was sent, or waits to be sent
 *
 * Since: 1.0
 */
gboolean
qmp_client_send_fd (QmpClient  *self,
                    int         fd,
                    GError    **error)
{
  g_autoptr(GUnixFDList) fd_list = NULL;

  g_return_val_if_fail (QMP_IS_CLIENT (self) && qmp_client_is_at_home (self), FALSE);
  g_return_val_if_fail (fd >= 0, FALSE);

  fd_list = g_unix_fd_list_new ();
  if (!check_link (self, "send a file descriptor", error) ||
      g_unix_fd_list_append (fd_list, fd, error) < 0 ||
      !check_fds (self, fd_list, error))
    return FALSE;

  qmp_calls_issue_fds (self->calls, qmp_packet_new (" ", 1, fd_list));
  qmp_transport_flush (self->transport);
  return TRUE;
}
