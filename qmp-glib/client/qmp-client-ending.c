/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "client/qmp-client-private.h"

#include <glib/gi18n-lib.h>

/* The end of a link, from the moment it is known until everybody was told. Reference counted (g_rc_box): each of its
 * two parts in the inbox holds it. */
struct _QmpEnding {
  QmpInboxEntry       begun;           /* before what pended is failed */
  QmpInboxEntry       over;            /* that, and behind it */
  GError             *cause;           /* nullable: our own close */
  GQueue              calls;           /* of QmpCall, owned, by pending_link: what pended, until it is told */
  GSList             *pending;         /* of QmpPendingNext, owned: who waited for an event of that link */
  gboolean            told;            /* those who waited */
};

const GError *
qmp_ending_get_cause (QmpEnding *self)
{
  return self->cause;
}

/* --- what is told --- */

static const char *
get_cause (QmpEnding *ending)
{
  return ending->cause != NULL ? ending->cause->message : _("the client was closed");
}

static void
ending_clear (QmpEnding *ending)
{
  qmp_event_hub_fail_pending (g_steal_pointer (&ending->pending), get_cause (ending));
  g_clear_error (&ending->cause);
  /* Each has a task, which holds the client. */
  g_assert (ending->calls.head == NULL);
}

static void
ending_unref (QmpEnding *ending)
{
  g_rc_box_release_full (ending, (GDestroyNotify) ending_clear);
}

/* Takes call. */
static void
interrupt_pair (QmpCall    *call,
                const char *cause)
{
  QmpPairedCall *pair = call->pair;
  GError *error = g_steal_pointer (&call->error);

  qmp_call_free (call);
  qmp_paired_call_interrupt (pair, error, cause);
}

/* One of those that pended. A callback may run a main loop, which goes on with the rest. */
static gboolean
deliver_interrupted (QmpInboxEntry *entry,
                     gpointer       owner)
{
  QmpEnding *ending = QMP_INBOX_GET (entry, QmpEnding, over);
  GList *link = g_queue_pop_head_link (&ending->calls);
  const char *cause = get_cause (ending);
  QmpCall *call;

  if (link == NULL)
    return FALSE;

  call = link->data;
  g_rc_box_acquire (ending);
  qmp_call_interrupt (call, cause);
  g_clear_pointer (&call->patience, qmp_patience_free);
  if (call->pair != NULL)
    interrupt_pair (call, cause);
  else if (call->task != NULL)
    qmp_call_return (call);
  else
    qmp_call_free (call);
  ending_unref (ending);
  return TRUE;
}

/* Of the next of them. */
static gint64
get_created (QmpInboxEntry *entry)
{
  GList *link = QMP_INBOX_GET (entry, QmpEnding, over)->calls.head;
  QmpCall *call;

  if (link == NULL)
    return 0;
  call = link->data;
  return call->pair != NULL ? call->pair->entry.created : call->entry.created;
}

/* Once. A handler that runs a main loop while the first part of the end is delivered gets to the second. */
static void
tell_who_waits (QmpClient *self,
                QmpEnding *ending)
{
  if (ending->told)
    return;

  ending->told = TRUE;
  qmp_event_hub_fail_pending (g_steal_pointer (&ending->pending), get_cause (ending));
  qmp_event_hub_fail_pairs (&self->hub, get_cause (ending));
}

/* Unless a blocking call or an opening has brought runstate on already. */
static void
deliver_ending (QmpInboxEntry *entry,
                gpointer       owner)
{
  QmpClient *self = owner;
  QmpEnding *ending = QMP_INBOX_GET (entry, QmpEnding, begun);

  if (self->ends.now == ending)
    {
      qmp_client_drop_link (self);
      qmp_state_set_runstate (&self->state, QMP_RUNSTATE_DISCONNECTING);
    }
  tell_who_waits (self, ending);
  ending_unref (ending);
}

static void
drop_ending (QmpInboxEntry *entry,
             gpointer       owner)
{
  ending_unref (QMP_INBOX_GET (entry, QmpEnding, begun));
}

static const QmpInboxKind ending_kind = { .deliver = deliver_ending, .drop = drop_ending };

static void
deliver_ended (QmpInboxEntry *entry,
               gpointer       owner)
{
  QmpClient *self = owner;
  QmpEnding *ending = QMP_INBOX_GET (entry, QmpEnding, over);

  tell_who_waits (self, ending);
  if (self->ends.now == ending)
    qmp_client_settle_runstate (self);
  self->ends.n_untold--;
  g_signal_emit (self, qmp_client_signals[QMP_CLIENT_CLOSED], 0, ending->cause);
  ending_unref (ending);
}

static void
drop_ended (QmpInboxEntry *entry,
            gpointer       owner)
{
  ((QmpClient *) owner)->ends.n_untold--;
  ending_unref (QMP_INBOX_GET (entry, QmpEnding, over));
}

static const QmpInboxKind ended_kind = {
  .deliver = deliver_ended, .drop = drop_ended, .deliver_part = deliver_interrupted, .get_created = get_created,
};

static void
post_ending (QmpClient *self,
             QmpEnding *ending)
{
  ending->begun.kind = &ending_kind;
  qmp_inbox_post (&self->inbox, &ending->begun);
}

static void
post_ended (QmpClient *self,
            QmpEnding *ending)
{
  ending->over.kind = &ended_kind;
  self->ends.n_untold++;
  qmp_inbox_post (&self->inbox, &ending->over);
}

/* A program that only makes blocking calls never delivers: takes both parts out again if they are the last and nobody is
 * to be told. */
static void
unpost (QmpClient *self,
        QmpEnding *ending)
{
  GList *last = self->inbox.entries.tail;

  if (last != &ending->over.link || last->prev != &ending->begun.link ||
      ending->pending != NULL || ending->calls.head != NULL || self->hub.pairs.head != NULL ||
      g_signal_has_handler_pending (self, qmp_client_signals[QMP_CLIENT_CLOSED], 0, TRUE))
    return;

  self->ends.n_untold--;
  qmp_inbox_remove (&self->inbox, &ending->over);
  qmp_inbox_remove (&self->inbox, &ending->begun);
  ending_unref (ending);
  ending_unref (ending);
}

/* --- the end --- */

void
qmp_client_drop_link (QmpClient *self)
{
  if (qmp_client_get_link (self) == NULL)
    return;

  /* Everything that came was shown to them: who still waits, waits in vain. */
  if (self->ends.now != NULL)
    self->ends.now->pending = g_slist_concat (self->ends.now->pending, qmp_event_hub_steal_pending (&self->hub));
  g_clear_pointer (&self->link, qmp_link_free);
  if (self->opening != NULL)
    qmp_opening_drop_link (self->opening);
}

void
qmp_client_end_link (QmpClient    *self,
                     const GError *cause)
{
  QmpEnding *ending = g_rc_box_new0 (QmpEnding);
  const char *why = cause != NULL ? cause->message : _("the client was closed");
  QmpCall *awaited;

  qmp_client_spoil_opening (self, cause);
  ending->cause = cause != NULL ? g_error_copy (cause) : NULL;
  g_free (self->ends.last_cause);
  self->ends.last_cause = g_strdup (why);
  g_clear_error (&self->ends.last_error);
  self->ends.last_error = cause != NULL ? g_error_copy (cause) : NULL;
  self->ends.now = ending;
  /* A server that left and comes again at once waits for the next accept. */
  qmp_listening_rest (self->listening);
  post_ending (self, ending);
  qmp_event_hub_end (&self->hub);
  awaited = qmp_link_end (self->link, why, &ending->calls);
  qmp_client_end_relays (self, &ending->calls);
  if (awaited != NULL)
    qmp_client_call_done (self, awaited);
  post_ended (self, g_rc_box_acquire (ending));
}

void
qmp_client_settle_runstate (QmpClient *self)
{
  QmpEnding *ending = self->ends.now;

  if (ending == NULL)
    return;

  g_rc_box_acquire (ending);
  qmp_client_drop_link (self);
  qmp_state_set_runstate (&self->state, QMP_RUNSTATE_DISCONNECTING);
  /* A handler may have closed the client, and opened it again. */
  if (self->ends.now == ending)
    {
      self->ends.now = NULL;
      qmp_state_set_runstate (&self->state, QMP_RUNSTATE_IDLE);
      unpost (self, ending);
    }
  ending_unref (ending);
}
