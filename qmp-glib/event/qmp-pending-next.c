/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "event/qmp-pending-next-private.h"

QmpPendingNext *
qmp_pending_next_new (QmpEventListener *listener,
                      GTask            *task,
                      gint64            created)
{
  QmpPendingNext *self = g_new0 (QmpPendingNext, 1);

  self->entry.created = created;
  self->link.data = self;
  self->listener = listener;
  self->task = g_object_ref (task);
  return self;
}

static void
set_outcome (QmpPendingNext *self,
             QmpEvent       *event,
             GError         *error)
{
  g_clear_pointer (&self->patience, qmp_patience_free);
  g_set_object (&self->event, event);
  self->error = error;
}

static void
return_outcome (QmpPendingNext *self)
{
  g_autofree QmpPendingNext *own = self;
  g_autoptr(GTask) task = own->task;

  if (own->event != NULL)
    g_task_return_pointer (task, own->event, g_object_unref);
  else
    g_task_return_error (task, own->error);
}

void
qmp_pending_next_return (QmpPendingNext *self,
                         QmpEvent       *event,
                         GError         *error)
{
  set_outcome (self, event, error);
  return_outcome (self);
}

static gboolean
return_cb (gpointer user_data)
{
  return_outcome (user_data);
  return G_SOURCE_REMOVE;
}

static void
return_later (QmpPendingNext *self)
{
  g_autoptr(GSource) source = g_idle_source_new ();

  g_source_set_static_name (source, "[qmp] next");
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, return_cb, self, NULL);
  g_source_attach (source, g_task_get_context (self->task));
}

void
qmp_pending_next_return_later (QmpPendingNext *self,
                               QmpEvent       *event,
                               GError         *error)
{
  set_outcome (self, event, error);
  return_later (self);
}

/* --- in the inbox --- */

static void
deliver (QmpInboxEntry *entry,
         gpointer       owner)
{
  return_outcome (QMP_INBOX_GET (entry, QmpPendingNext, entry));
}

static void
drop (QmpInboxEntry *entry,
      gpointer       owner)
{
  return_later (QMP_INBOX_GET (entry, QmpPendingNext, entry));
}

static const QmpInboxKind kind = { .deliver = deliver, .drop = drop };

void
qmp_pending_next_post (QmpPendingNext *self,
                       QmpInbox       *inbox,
                       QmpEvent       *event,
                       GError         *error)
{
  set_outcome (self, event, error);
  self->entry.kind = &kind;
  qmp_inbox_post (inbox, &self->entry);
}
