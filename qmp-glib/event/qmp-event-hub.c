/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "event/qmp-event-hub-private.h"

#include <glib/gi18n-lib.h>

#include "event/qmp-event-listener-private.h"
#include "event/qmp-paired-call-private.h"
#include "message/qmp-message-private.h"

/* An event on its way. */
typedef struct {
  QmpInboxEntry  entry;
  QmpEventHub   *hub;         /* borrowed */
  GList          link;        /* in the hub's unmatched; data is this, or NULL once it was matched */
  QmpEvent      *event;       /* owned */
  GSList        *pairs;       /* of QmpPairedCall, owned: armed when it came; once it was matched, ended by it */
  GSList        *recipients;  /* of Recipient, owned */
} Event;

/* A listener that has taken an event, and what is left to be done about that: a history, a pending next. */
typedef struct {
  QmpEventListener *listener;  /* owned */
  QmpPendingNext   *next;      /* owned, nullable: gets the event */
} Recipient;

void
qmp_event_hub_init (QmpEventHub            *self,
                    QmpIoContext           *io,
                    QmpInbox               *inbox,
                    const QmpEventHubFuncs *funcs,
                    gpointer                owner)
{
  *self = (QmpEventHub) { .io = io, .thread = g_thread_self (), .inbox = inbox, .funcs = funcs, .owner = owner };
  self->listeners = g_ptr_array_new_with_free_func (g_object_unref);
}

void
qmp_event_hub_clear (QmpEventHub *self)
{
  g_assert (self->unmatched.head == NULL && self->pairs.head == NULL && !self->matching);

  qmp_event_hub_drop (self);
  g_clear_pointer (&self->listeners, g_ptr_array_unref);
}

/* --- in the inbox --- */

static void
recipient_free (Recipient *recipient)
{
  g_object_unref (recipient->listener);
  g_free (recipient);
}

static void
event_free (Event *self)
{
  if (self->recipients != NULL)
    g_slist_free_full (self->recipients, (GDestroyNotify) recipient_free);
  g_object_unref (self->event);
  g_free (self);
}

static void
deliver (QmpInboxEntry *entry,
         gpointer       owner)
{
  Event *self = QMP_INBOX_GET (entry, Event, entry);
  QmpEventHub *hub = self->hub;

  hub->funcs->emit (hub->owner, self->event);
  for (GSList *l = self->recipients; l != NULL; l = l->next)
    {
      Recipient *recipient = l->data;

      qmp_event_history_add (recipient->listener->history, self->event);
      if (recipient->next != NULL)
        qmp_pending_next_return (recipient->next, self->event, NULL);
    }
  for (GSList *l = self->pairs; l != NULL; l = l->next)
    qmp_paired_call_return (l->data);
  g_slist_free (self->pairs);
  event_free (self);
}

/* The tasks of pending nexts hold their listeners, not the owner: they still get their event. */
static void
drop (QmpInboxEntry *entry,
      gpointer       owner)
{
  Event *self = QMP_INBOX_GET (entry, Event, entry);

  for (GSList *l = self->recipients; l != NULL; l = l->next)
    {
      Recipient *recipient = l->data;

      if (recipient->next != NULL)
        qmp_pending_next_return_later (recipient->next, self->event, NULL);
    }
  if (self->link.data != NULL)
    g_queue_unlink (&self->hub->unmatched, &self->link);
  g_slist_free_full (self->pairs, (GDestroyNotify) qmp_paired_call_unref);
  event_free (self);
}

static gint64
get_created (QmpInboxEntry *entry)
{
  Event *self = QMP_INBOX_GET (entry, Event, entry);
  gint64 created = 0;

  for (GSList *l = self->recipients; l != NULL; l = l->next)
    {
      Recipient *recipient = l->data;

      if (recipient->next != NULL)
        created = MAX (created, recipient->next->entry.created);
    }
  for (GSList *l = self->pairs; l != NULL; l = l->next)
    created = MAX (created, ((QmpPairedCall *) l->data)->entry.created);
  return created;
}

static const QmpInboxKind kind = { .deliver = deliver, .drop = drop, .get_created = get_created };

static GSList *
get_armed (QmpEventHub *self)
{
  GSList *armed = NULL;

  for (GList *l = self->pairs.tail; l != NULL; l = l->prev)
    if (qmp_paired_call_is_armed (l->data))
      armed = g_slist_prepend (armed, g_rc_box_acquire (l->data));
  return armed;
}

void
qmp_event_hub_route (QmpEventHub *self,
                     QmpEvent    *received)
{
  Event *event = g_new (Event, 1);

  *event = (Event) {
    { .kind = &kind, .size = qmp_event_get_size (received) },
    self, { event, NULL, NULL }, received, get_armed (self), NULL,
  };
  g_queue_push_tail_link (&self->unmatched, &event->link);
  qmp_inbox_post (self->inbox, &event->entry);
}

/* --- matching --- */

static void
match_listener (QmpEventHub      *self,
                Event            *event,
                QmpEventListener *listener)
{
  QmpPendingNext *next;
  Recipient *recipient;

  if (listener->hub != self || !qmp_event_listener_match (listener, event->event, &next))
    return;
  if (next == NULL && qmp_event_history_get_max_length (listener->history) == 0)
    return;

  recipient = g_new (Recipient, 1);
  *recipient = (Recipient) { g_object_ref (listener), next };
  event->recipients = g_slist_prepend (event->recipients, recipient);
}

static gboolean
may_filter (QmpEventHub *self,
            guint64      letters)
{
  for (guint i = 0; i < self->listeners->len; i++)
    if (qmp_event_match_may_filter (((QmpEventListener *) g_ptr_array_index (self->listeners, i))->match, letters))
      return TRUE;
  return FALSE;
}

static void
match_listeners (QmpEventHub *self,
                 Event       *event)
{
  guint64 letters = qmp_event_match_get_letters (qmp_event_get_name (event->event));
  GPtrArray *listeners = self->listeners;
  g_autoptr(GPtrArray) held = NULL;

  /* Filters may add and remove listeners: who is there now is asked, unless removed meanwhile. */
  if (may_filter (self, letters))
    {
      listeners = held = g_ptr_array_copy (self->listeners, (GCopyFunc) g_object_ref, NULL);
      g_ptr_array_set_free_func (held, g_object_unref);
    }
  for (guint i = 0; i < listeners->len; i++)
    if (qmp_event_match_may_accept (((QmpEventListener *) g_ptr_array_index (listeners, i))->match, letters))
      match_listener (self, event, g_ptr_array_index (listeners, i));
  event->recipients = g_slist_reverse (event->recipients);
}

/* Keeps those that the event ends. */
static void
match_pairs (Event *event)
{
  GSList *pairs = g_steal_pointer (&event->pairs);

  while (pairs != NULL)
    {
      QmpPairedCall *pair = pairs->data;

      pairs = g_slist_delete_link (pairs, pairs);
      if (qmp_paired_call_match (pair, event->event) && pair->task != NULL)
        event->pairs = g_slist_prepend (event->pairs, pair);
      else
        qmp_paired_call_unref (pair);
    }
  event->pairs = g_slist_reverse (event->pairs);
}

static gboolean
ends_a_call (Event *event)
{
  for (GSList *l = event->recipients; l != NULL; l = l->next)
    if (((Recipient *) l->data)->next != NULL)
      return TRUE;
  return event->pairs != NULL;
}

void
qmp_event_hub_match_new (QmpEventHub *self)
{
  if (self->matching)
    return;

  self->matching = TRUE;
  while (self->unmatched.head != NULL)
    {
      Event *event = g_steal_pointer (&g_queue_pop_head_link (&self->unmatched)->data);

      if (self->listeners->len > 0)
        match_listeners (self, event);
      if (event->pairs != NULL)
        match_pairs (event);
      if (!ends_a_call (event) && !self->funcs->keeps (self->owner, event->event, event->recipients != NULL))
        {
          qmp_inbox_remove (self->inbox, &event->entry);
          event_free (event);
        }
    }
  self->matching = FALSE;
  /* Nothing was delivered meanwhile. */
  qmp_inbox_stir (self->inbox);
}

/* --- listeners --- */

void
qmp_event_hub_add (QmpEventHub      *self,
                   QmpEventListener *listener)
{
  listener->hub = self;
  g_ptr_array_add (self->listeners, g_object_ref (listener));
}

void
qmp_event_hub_remove (QmpEventHub      *self,
                      QmpEventListener *listener)
{
  QmpPendingNext *next;

  while ((next = qmp_event_listener_steal_next (listener)) != NULL)
    qmp_pending_next_post (next, self->inbox, NULL,
                           g_error_new_literal (QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE,
                                                _("The listener was removed from its client")));
  listener->hub = NULL;
  g_ptr_array_remove (self->listeners, listener);
}

static GError *
link_ended (const char *cause)
{
  return g_error_new (QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED,
                      _("The connection ended before the event came: %s"), cause);
}

void
qmp_event_hub_drop (QmpEventHub *self)
{
  g_autoptr(GSList) pending = qmp_event_hub_steal_pending (self);

  for (GSList *l = pending; l != NULL; l = l->next)
    qmp_pending_next_return_later (l->data, NULL, link_ended (_("the client was dropped")));
  for (guint i = 0; i < self->listeners->len; i++)
    ((QmpEventListener *) g_ptr_array_index (self->listeners, i))->hub = NULL;
  g_ptr_array_set_size (self->listeners, 0);
}

/* --- the end of a link --- */

/* All of them first: whose callback is called may wait again. */
GSList *
qmp_event_hub_steal_pending (QmpEventHub *self)
{
  GSList *pending = NULL;

  for (guint i = 0; i < self->listeners->len; i++)
    {
      QmpPendingNext *next;

      while ((next = qmp_event_listener_steal_next (g_ptr_array_index (self->listeners, i))) != NULL)
        pending = g_slist_prepend (pending, next);
    }
  return g_slist_reverse (pending);
}

void
qmp_event_hub_end (QmpEventHub *self)
{
  for (GList *l = self->pairs.head; l != NULL; l = l->next)
    ((QmpPairedCall *) l->data)->link_over = TRUE;
}

void
qmp_event_hub_fail_pending (GSList     *pending,
                            const char *cause)
{
  for (GSList *l = pending; l != NULL; l = l->next)
    qmp_pending_next_return (l->data, NULL, link_ended (cause));
  g_slist_free (pending);
}

/* Those whose commands were not answered fail with these. */
void
qmp_event_hub_fail_pairs (QmpEventHub *self,
                          const char  *cause)
{
  g_autoptr(GPtrArray) ended = g_ptr_array_new_with_free_func ((GDestroyNotify) qmp_paired_call_unref);

  for (GList *l = self->pairs.head; l != NULL; l = l->next)
    {
      QmpPairedCall *pair = l->data;

      if (pair->link_over && pair->call == NULL)
        g_ptr_array_add (ended, g_rc_box_acquire (pair));
    }
  for (guint i = 0; i < ended->len; i++)
    {
      QmpPairedCall *pair = g_ptr_array_index (ended, i);

      /* The callbacks may have done anything. */
      if (!pair->done)
        qmp_paired_call_interrupt (pair, NULL, cause);
    }
}

void
qmp_event_hub_post_failed (QmpEventHub *self,
                           const char  *cause)
{
  g_autoptr(GSList) pending = qmp_event_hub_steal_pending (self);

  for (GSList *l = pending; l != NULL; l = l->next)
    qmp_pending_next_post (l->data, self->inbox, NULL, link_ended (cause));
}
