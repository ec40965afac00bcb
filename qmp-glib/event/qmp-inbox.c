/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "event/qmp-inbox-private.h"

#include "core/qmp-task-private.h"

/* Deliveries in one dispatch. A blocking call may have left many. */
#define MAX_DELIVERIES 256
/* How long one dispatch goes on when user code takes its time, in microseconds, if the owner says nothing else. */
#define MAX_TIME 3000

/* A program that only makes blocking calls, and talks to a server that sends junk, is told of the first ones. */
#define MAX_LIMITED 1000

void
qmp_inbox_init (QmpInbox            *self,
                const QmpInboxFuncs *funcs,
                gpointer             owner)
{
  *self = (QmpInbox) { .max_size = G_MAXSIZE, .max_time = MAX_TIME, .funcs = funcs, .owner = owner };
}

static gboolean
has_room (QmpInbox *self)
{
  return self->n_limited < MAX_LIMITED && self->size <= self->max_size;
}

void
qmp_inbox_post (QmpInbox      *self,
                QmpInboxEntry *entry)
{
  if (entry->kind->limited && !has_room (self))
    {
      entry->kind->drop (entry, self->owner);
      return;
    }

  entry->link = (GList) { entry, NULL, NULL };
  g_queue_push_tail_link (&self->entries, &entry->link);
  self->n_new++;
  self->n_limited += entry->kind->limited ? 1 : 0;
  self->size += entry->size;
  if (self->entries.length == 1)
    self->funcs->due (self->owner);
}

static void
discount (QmpInbox      *self,
          QmpInboxEntry *entry)
{
  self->n_limited -= entry->kind->limited ? 1 : 0;
  self->size -= entry->size;
}

void
qmp_inbox_remove (QmpInbox      *self,
                  QmpInboxEntry *entry)
{
  g_queue_unlink (&self->entries, &entry->link);
  discount (self, entry);
}

static void
remove_first (QmpInbox *self)
{
  discount (self, g_queue_pop_head_link (&self->entries)->data);
}

void
qmp_inbox_clear (QmpInbox *self)
{
  while (self->entries.head != NULL)
    {
      QmpInboxEntry *entry = self->entries.head->data;

      remove_first (self);
      g_assert (entry->kind->drop != NULL);
      entry->kind->drop (entry, self->owner);
    }
}

/* --- delivering --- */

/* What comes behind on the wire would overtake it: then delivery itself waits for the next iteration. */
static gboolean
would_be_put_off (QmpInboxEntry *entry)
{
  return qmp_task_would_be_put_off (entry->kind->get_created != NULL ? entry->kind->get_created (entry)
                                                                     : entry->created);
}

static void
deliver_next (QmpInbox      *self,
              QmpInboxEntry *entry)
{
  if (entry->kind->deliver_part != NULL && entry->kind->deliver_part (entry, self->owner))
    return;
  remove_first (self);
  entry->kind->deliver (entry, self->owner);
}

/* User code may take its time: then the rest waits for the next iteration, and everybody else's turn comes before.
 * since: 0 at first. */
static gboolean
is_time_over (QmpInbox *self,
              gint64   *since)
{
  gint64 now = g_get_monotonic_time ();

  if (*since == 0)
    *since = now;
  return now - *since >= self->max_time;
}

/* Re-entered when a callback runs a main loop: each entry leaves the inbox before it is delivered. What one dispatch
 * has read is delivered in the same one, so that the inbox does not grow while a server sends faster than that. The clock
 * is not read for a delivery that is the only one. */
void
qmp_inbox_deliver (QmpInbox *self)
{
  guint budget = MAX (MAX_DELIVERIES, self->n_new);
  gint64 since = 0;
  guint n = 0;

  self->n_new = 0;
  while (self->funcs->prepare (self->owner) && !qmp_inbox_is_empty (self) && n < budget &&
         (n == 0 || !is_time_over (self, &since)) && !would_be_put_off (self->entries.head->data))
    {
      deliver_next (self, self->entries.head->data);
      n++;
    }
}

void
qmp_inbox_spread (QmpInbox *self)
{
  self->n_new = 0;
}

void
qmp_inbox_stir (QmpInbox *self)
{
  self->funcs->due (self->owner);
}

gboolean
qmp_inbox_is_full (QmpInbox *self)
{
  return self->entries.length >= MAX_DELIVERIES;
}
