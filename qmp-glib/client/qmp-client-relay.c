/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "client/qmp-client-relay-private.h"

#include "client/qmp-client-private.h"
#include "message/qmp-message-private.h"

void
qmp_client_add_relay (QmpClient           *self,
                      QmpRelay            *relay,
                      const QmpRelayFuncs *funcs,
                      gpointer             owner)
{
  *relay = (QmpRelay) { .link.data = relay, .funcs = funcs, .owner = owner };
  self->relays = g_list_concat (self->relays, &relay->link);
}

void
qmp_client_remove_relay (QmpClient *self,
                         QmpRelay  *relay)
{
  self->relays = g_list_remove_link (self->relays, &relay->link);
}

/* --- what comes --- */

void
qmp_client_relay_event (QmpClient *self,
                        QmpEvent  *event)
{
  for (GList *l = self->relays; l != NULL; l = l->next)
    {
      QmpRelay *relay = l->data;

      relay->funcs->event (relay->owner, event);
    }
}

void
qmp_client_relay_reply (QmpCall *call)
{
  QmpRelay *relay = call->relay;

  if (relay != NULL)
    relay->funcs->reply (relay->owner, call->owner, call->frame);
  qmp_call_free (call);
}

static void
free_relayed (GQueue *calls)
{
  GList *next;

  for (GList *l = calls->head; l != NULL; l = next)
    {
      QmpCall *call = l->data;

      next = l->next;
      if (call->form != QMP_CALL_RELAYED)
        continue;
      g_queue_unlink (calls, l);
      qmp_call_free (call);
    }
}

void
qmp_client_end_relays (QmpClient *self,
                       GQueue    *calls)
{
  free_relayed (calls);
  for (GList *l = self->relays; l != NULL; l = l->next)
    {
      QmpRelay *relay = l->data;

      relay->funcs->ended (relay->owner);
    }
}

/* --- commands --- */

static char *
copy_slice (char         *p,
            QmpJsonSlice  slice)
{
  return slice.length > 0 ? mempcpy (p, slice.text, slice.length) : p;
}

static void
append_command (GString                 *text,
                const QmpRelayedCommand *command,
                guint                    serial)
{
  const char *start = command->out_of_band ? "{\"exec-oob\":" : "{\"execute\":";
  const char *between = command->arguments.length > 0 ? ",\"arguments\":" : "";
  char *p;

  g_string_set_size (text, strlen (start) + command->name.length + strlen (between) + command->arguments.length);
  p = mempcpy (text->str, start, strlen (start));
  p = copy_slice (p, command->name);
  p = mempcpy (p, between, strlen (between));
  copy_slice (p, command->arguments);
  qmp_message_append_id (text, serial);
}

QmpCall *
qmp_client_relay (QmpClient               *self,
                  QmpRelay                *relay,
                  const QmpRelayedCommand *command,
                  gpointer                 data)
{
  QmpRequest request = { .form = QMP_CALL_RELAYED, .out_of_band = command->out_of_band };
  QmpCall *call;

  if (!qmp_client_may_relay (self))
    return NULL;

  if (qmp_link_check_fds (self->link, command->fd_list, NULL))
    request.fd_list = command->fd_list;
  request.text = qmp_calls_take_text (self->calls);
  request.serial = qmp_calls_take_serial (self->calls);
  append_command (request.text, command, request.serial);
  call = qmp_link_issue (self->link, &request);
  call->owner = data;
  call->relay = relay;
  return call;
}

void
qmp_client_forsake (QmpCall *call)
{
  call->relay = NULL;
}

gboolean
qmp_client_may_relay (QmpClient *self)
{
  return qmp_client_is_linked (self) && self->closing == NULL;
}
