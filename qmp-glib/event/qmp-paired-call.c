/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "event/qmp-paired-call-private.h"

#include <glib/gi18n-lib.h>
#include <qmp-glib/qmp-error.h>


QmpPairedCall *
qmp_paired_call_new (QmpEventHub      *hub,
                     QmpEventMatch    *match,
                     char             *command,
                     QmpPacket        *packet,
                     gpointer          call,
                     GTask            *task,
                     gint64            created)
{
  QmpPairedCall *self = g_rc_box_new0 (QmpPairedCall);

  self->entry.created = created;
  self->link.data = self;
  self->hub = hub;
  self->match = match;
  self->command = command;
  self->packet = qmp_packet_ref (packet);
  packet->read_first = TRUE;
  self->call = call;
  g_set_object (&self->task, task);
  self->n_places = 2;
  g_queue_push_tail_link (&hub->pairs, &self->link);
  return self;
}

static void
clear (QmpPairedCall *self)
{
  g_clear_pointer (&self->patience, qmp_patience_free);
  g_clear_pointer (&self->packet, qmp_packet_unref);
  g_clear_object (&self->event);
  g_clear_object (&self->task);
  g_clear_error (&self->error);
  g_free (self->command);
  /* Last: its filter is user code, and so is what frees the filter's data. */
  qmp_event_match_free (self->match);
}

void
qmp_paired_call_unref (QmpPairedCall *self)
{
  g_rc_box_release_full (self, (GDestroyNotify) clear);
}

/* --- its places in the inbox --- */

void
qmp_paired_call_return (QmpPairedCall *self)
{
  g_autoptr(GTask) task = NULL;

  if (self->n_places > 0 && --self->n_places == 0)
    task = g_steal_pointer (&self->task);
  if (task != NULL && self->error != NULL)
    g_task_return_error (task, g_steal_pointer (&self->error));
  else if (task != NULL)
    g_task_return_pointer (task, g_steal_pointer (&self->event), g_object_unref);
  qmp_paired_call_unref (self);
}

static void
deliver (QmpInboxEntry *entry,
         gpointer       owner)
{
  QmpPairedCall *self = QMP_INBOX_GET (entry, QmpPairedCall, entry);

  self->posted = FALSE;
  qmp_paired_call_return (self);
}

static void
drop (QmpInboxEntry *entry,
      gpointer       owner)
{
  qmp_paired_call_unref (QMP_INBOX_GET (entry, QmpPairedCall, entry));
}

static const QmpInboxKind kind = { .deliver = deliver, .drop = drop };

/* A blocking caller sees for itself what has become of it. */
static void
post (QmpPairedCall *self)
{
  if (self->task == NULL || self->posted)
    return;

  self->posted = TRUE;
  self->entry.kind = &kind;
  qmp_inbox_post (self->hub->inbox, &((QmpPairedCall *) g_rc_box_acquire (self))->entry);
}

/* --- its end --- */

/* Out of the hub, whose reference goes. error: nullable, taken; the first counts. */
static void
complete (QmpPairedCall *self,
          GError        *error)
{
  self->done = TRUE;
  if (self->error == NULL)
    self->error = error;
  else
    g_clear_error (&error);
  g_clear_pointer (&self->patience, qmp_patience_free);
  g_queue_unlink (&self->hub->pairs, &self->link);
  qmp_paired_call_unref (self);
}

static void
fail (QmpPairedCall *self,
      GError        *error)
{
  /* An event that was taken has its own place still to come, before this one; or has had it. */
  if (self->event == NULL)
    self->n_places = 1;
  post (self);
  complete (self, error);
}

void
qmp_paired_call_replied (QmpPairedCall *self,
                         GError        *error)
{
  self->call = NULL;
  if (error != NULL)
    {
      fail (self, error);
      return;
    }
  post (self);
  if (self->event != NULL)
    complete (self, NULL);
}

GError *
qmp_paired_call_make_ended (QmpPairedCall *self,
                            const char    *cause)
{
  return g_error_new (QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED,
                      _("“%s” was executed, but the connection ended before its event came: %s"),
                      self->command, cause);
}

void
qmp_paired_call_interrupt (QmpPairedCall *self,
                           GError        *error,
                           const char    *cause)
{
  if (error == NULL && self->event == NULL)
    error = qmp_paired_call_make_ended (self, cause);
  self->call = NULL;
  /* No other place is left. */
  self->n_places = 1;
  g_rc_box_acquire (self);
  complete (self, error);
  qmp_paired_call_return (self);
}

/* --- its event --- */

gboolean
qmp_paired_call_is_armed (QmpPairedCall *self)
{
  return !self->link_over && (self->call == NULL || self->packet->begun);
}

static GError *
make_failure (QmpPairedCall *self)
{
  JsonNode *data = qmp_event_get_data (self->event);
  g_autofree char *text = data != NULL ? json_to_string (data, FALSE) : g_strdup ("");

  return g_error_new (QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_FAILURE_EVENT, "%s: %s %s",
                      self->command, qmp_event_get_name (self->event), text);
}

gboolean
qmp_paired_call_match (QmpPairedCall *self,
                       QmpEvent      *event)
{
  if (self->done || self->event != NULL || !qmp_event_match_accepts (self->match, event))
    return FALSE;
  /* The filter may have done anything. */
  if (self->done)
    return FALSE;

  self->event = g_object_ref (event);
  if (qmp_event_match_is_failure (self->match, event))
    self->error = make_failure (self);
  if (self->call == NULL)
    complete (self, NULL);
  return TRUE;
}

/* --- giving up --- */

void
qmp_paired_call_give_up (QmpPairedCall *self,
                         GError        *error)
{
  gpointer call = g_steal_pointer (&self->call);

  if (call != NULL && !self->hub->funcs->abandon (self->hub->owner, call, error))
    {
      /* Its end is about to be delivered. */
      self->call = call;
      g_error_free (error);
      return;
    }
  fail (self, error);
}

static void
give_up (gpointer  operation,
         GError   *error)
{
  qmp_paired_call_give_up (operation, error);
}

GError *
qmp_paired_call_make_timed_out (gpointer data)
{
  QmpPairedCall *self = data;

  return g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                      self->call != NULL ? _("The server did not answer “%s” in time")
                                         : _("“%s” was executed, but no event of those waited for came in time"),
                      self->command);
}

/* It may have had its event. */
static void
catch_up (gpointer operation)
{
  QmpEventHub *hub = ((QmpPairedCall *) operation)->hub;

  hub->funcs->catch_up (hub->owner);
}

static const QmpPatienceFuncs patience_funcs = { catch_up, qmp_paired_call_make_timed_out, give_up };

void
qmp_paired_call_set_patience (QmpPairedCall *self,
                              gint64         milliseconds,
                              GCancellable  *cancellable)
{
  if (milliseconds >= 0 || cancellable != NULL)
    self->patience = qmp_patience_new (&patience_funcs, self, self->hub->io, milliseconds, cancellable);
}
