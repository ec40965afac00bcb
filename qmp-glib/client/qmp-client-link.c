/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "client/qmp-client-private.h"

#include <glib/gi18n-lib.h>

#include "core/qmp-debug-private.h"
#include "core/qmp-error-private.h"
#include "message/qmp-message-private.h"

gboolean
qmp_client_require_link (QmpClient   *self,
                         const char  *what,
                         GError     **error)
{
  if (!qmp_state_require (&self->state, QMP_RUNSTATE_RUNNING, what, error))
    return FALSE;
  if (self->link == NULL || self->ends.now != NULL)
    {
      /* The end is known and about to be delivered. */
      g_set_error_literal (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED,
                           _("The connection has ended: nothing was sent"));
      return FALSE;
    }
  return TRUE;
}

/* Takes call. */
static void
pair_replied (QmpCall *call)
{
  QmpPairedCall *pair = call->pair;
  GError *error = g_steal_pointer (&call->error);

  qmp_call_free (call);
  qmp_paired_call_replied (pair, error);
}

void
qmp_client_call_done (QmpClient *self,
                      QmpCall   *call)
{
  g_clear_pointer (&call->patience, qmp_patience_free);
  if (call->pair != NULL)
    pair_replied (call);
  else if (call->task != NULL)
    qmp_call_post (call, &self->inbox);
}

/* --- greetings and protocol errors that belong to nobody --- */

/* A greeting that nobody awaits, for its property; an error that belongs to no command, for its signal. */
typedef struct {
  QmpInboxEntry  entry;
  gpointer       data;    /* owned */
} StrayEntry;

static void
post_stray (QmpClient          *self,
            const QmpInboxKind *kind,
            gpointer            data,
            gsize               size)
{
  StrayEntry *stray = g_new (StrayEntry, 1);

  *stray = (StrayEntry) { { .kind = kind, .size = size }, data };
  qmp_inbox_post (&self->inbox, &stray->entry);
}

static void
drop_greeting (QmpInboxEntry *entry,
               gpointer       owner)
{
  g_object_unref (((StrayEntry *) entry)->data);
  g_free (entry);
}

static void
deliver_greeting (QmpInboxEntry *entry,
                  gpointer       owner)
{
  qmp_state_set_greeting (&((QmpClient *) owner)->state, ((StrayEntry *) entry)->data);
  drop_greeting (entry, owner);
}

static const QmpInboxKind greeting_kind = { .deliver = deliver_greeting, .drop = drop_greeting, .limited = TRUE };

static void
emit_protocol_error (QmpClient    *self,
                     const GError *error)
{
  if (qmp_debug_enabled (QMP_DEBUG_STATE))
    {
      g_autofree char *message = qmp_debug_enabled (QMP_DEBUG_SECRETS) ? g_strdup (error->message)
                                                                        : qmp_error_dup_public_message (error);

      qmp_debug (QMP_DEBUG_STATE, "%s", message);
    }
  g_signal_emit (self, qmp_client_signals[QMP_CLIENT_PROTOCOL_ERROR], 0, error);
}

static void
drop_error (QmpInboxEntry *entry,
            gpointer       owner)
{
  g_error_free (((StrayEntry *) entry)->data);
  g_free (entry);
}

static void
deliver_error (QmpInboxEntry *entry,
               gpointer       owner)
{
  emit_protocol_error (owner, ((StrayEntry *) entry)->data);
  drop_error (entry, owner);
}

static const QmpInboxKind error_kind = { .deliver = deliver_error, .drop = drop_error, .limited = TRUE };

/* --- what the link tells --- */

static void
event (gpointer  owner,
       QmpEvent *received)
{
  QmpClient *self = owner;

  qmp_client_relay_event (self, received);
  qmp_event_hub_route (&self->hub, received);
}

static void
greeting (gpointer     owner,
          QmpGreeting *received)
{
  post_stray (owner, &greeting_kind, received, g_bytes_get_size (qmp_message_get_bytes (QMP_MESSAGE (received))));
}

static void
protocol_error (gpointer  owner,
                GError   *error)
{
  post_stray (owner, &error_kind, error, strlen (error->message));
}

static void
call_done (gpointer  owner,
           QmpCall  *call)
{
  if (call->form == QMP_CALL_RELAYED)
    qmp_client_relay_reply (call);
  else
    qmp_client_call_done (owner, call);
}

static void
ended (gpointer      owner,
       const GError *cause)
{
  QmpClient *self = owner;

  if (self->closing != NULL)
    qmp_closing_finish (self->closing);
  else
    qmp_client_end_link (self, cause);
}

static gboolean
hears_wire (gpointer owner)
{
  return g_signal_has_handler_pending (owner, qmp_client_signals[QMP_CLIENT_WIRE], 0, FALSE);
}

/* FALSE while much waits to be delivered: then nothing is read, so that the inbox does not grow when user code takes
 * longer than the server. */
static gboolean
wants_more (gpointer owner)
{
  QmpClient *self = owner;

  /* Within a filter nothing is delivered, and it may wait for what comes. */
  return self->blocking || self->hub.matching || !qmp_inbox_is_full (&self->inbox);
}

static gboolean
is_link_over (QmpClient *self)
{
  return self->ends.now != NULL || (self->opening != NULL && self->opening->error != NULL);
}

static void
settle (QmpClient *self)
{
  qmp_event_hub_match (&self->hub);
  if (self->closing != NULL)
    qmp_closing_look (self->closing);
  if (is_link_over (self))
    qmp_client_drop_link (self);
}

static void
after_dispatch (gpointer owner)
{
  g_autoptr(QmpClient) self = NULL;

  /* A blocking call holds it, and delivers nothing. */
  if (((QmpClient *) owner)->blocking)
    {
      settle (owner);
      return;
    }

  self = g_object_ref (owner);
  settle (self);
  if (!self->blocking)
    qmp_client_deliver (self);
}

const QmpLinkFuncs qmp_client_link_funcs = {
  event, greeting, protocol_error, call_done, ended, hears_wire, wants_more, after_dispatch,
};

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
 * has just ended), `G_IO_ERROR_NOT_SUPPORTED` (the link is not a Unix socket) and those of duplicating @fd.
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

  g_return_val_if_fail (QMP_IS_CLIENT (self), FALSE);
  qmp_client_return_val_if_foreign (self, FALSE, error);
  g_return_val_if_fail (fd >= 0, FALSE);

  fd_list = g_unix_fd_list_new ();
  if (!qmp_client_require_link (self, "send a file descriptor", error) ||
      g_unix_fd_list_append (fd_list, fd, error) < 0 ||
      !qmp_link_check_fds (self->link, fd_list, error))
    return FALSE;

  qmp_calls_issue_fds (self->calls, qmp_packet_new (" ", 1, fd_list));
  qmp_transport_flush (self->link->transport);
  return TRUE;
}
