/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "agent/qmp-guest-lease-private.h"

#include <glib/gi18n-lib.h>
#include <qmp-glib/qmp-error.h>
#include <qmp-glib/qmp-guest-agent.h>

/* How long after thawing has failed it is tried again, in milliseconds. */
#define TRY_AGAIN 1000

/* --- its life --- */

void
qmp_guest_lease_init (QmpGuestLease *self,
                      QmpClient     *client,
                      GObject       *owner)
{
  *self = (QmpGuestLease) {
    .client = client,
    .owner = owner,
    .context = g_main_context_ref_thread_default (),
  };
}

static gboolean
is_to_be_thawed (QmpGuestLease *self)
{
  return self->state == QMP_GUEST_LEASE_FROZEN || self->state == QMP_GUEST_LEASE_OVER ||
         self->state == QMP_GUEST_LEASE_UNDOING;
}

static void
clear_timer (QmpGuestLease *self)
{
  if (self->timer == NULL)
    return;
  g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
}

static void
set_state (QmpGuestLease      *self,
           QmpGuestLeaseState  state)
{
  clear_timer (self);
  self->state = state;
  self->serial++;
}

/* What it says to the agent last, for nobody to wait for. A thread that has ended says nothing any more. */
static void
thaw_aside (QmpGuestLease *self)
{
  g_autoptr(QmpMessage) command = NULL;

  if (!qmp_client_is_owner_thread (self->client))
    return;
  command = qmp_message_new_command ("guest-fsfreeze-thaw", NULL, NULL);
  qmp_client_exchange_async (self->client, command, NULL, NULL, NULL);
}

void
qmp_guest_lease_clear (QmpGuestLease *self)
{
  if (is_to_be_thawed (self))
    thaw_aside (self);
  set_state (self, QMP_GUEST_LEASE_NONE);
  g_clear_pointer (&self->context, g_main_context_unref);
}

/* --- thawing by itself --- */

/* Holds the owner until the reply has come. A time that runs does not: it goes with the lease. */
typedef struct {
  GObject       *owner;
  QmpGuestLease *lease;
  guint          serial;
  QmpMessage    *command;
} Try;

static void thaw (QmpGuestLease *self);

static gboolean
time_cb (gpointer user_data)
{
  QmpGuestLease *self = user_data;
  g_autoptr(GObject) owner = g_object_ref (self->owner);

  thaw (self);
  return G_SOURCE_REMOVE;
}

static void
set_timer (QmpGuestLease *self,
           int            milliseconds)
{
  clear_timer (self);
  self->timer = g_timeout_source_new (milliseconds);
  g_source_set_callback (self->timer, time_cb, self, NULL);
  g_source_set_static_name (self->timer, "[qmp-glib] guest agent, freeze lease");
  g_source_attach (self->timer, self->context);
}

static void
try_free (Try *try)
{
  g_object_unref (try->command);
  g_object_unref (try->owner);
  g_free (try);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Try, try_free)

/* An agent that refuses would do so again. Without a link the next one is waited for: see qmp_guest_lease_resume(). */
static void
thawed_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(Try) try = user_data;
  QmpGuestLease *self = try->lease;
  g_autoptr(QmpMessage) reply = qmp_client_exchange_finish (QMP_CLIENT (object), result, NULL);

  if (try->serial != self->serial)
    return;
  if (reply == NULL && qmp_client_get_runstate (self->client) != QMP_RUNSTATE_RUNNING)
    return;
  if (reply == NULL)
    set_timer (self, TRY_AGAIN);
  else if (self->state == QMP_GUEST_LEASE_OVER && qmp_message_check_reply (reply, try->command, NULL))
    set_state (self, QMP_GUEST_LEASE_LAPSED);
  else
    set_state (self, QMP_GUEST_LEASE_NONE);
}

static void
thaw (QmpGuestLease *self)
{
  Try *try = g_new0 (Try, 1);

  if (self->state == QMP_GUEST_LEASE_FROZEN)
    set_state (self, QMP_GUEST_LEASE_OVER);
  clear_timer (self);
  self->serial++;
  try->owner = g_object_ref (self->owner);
  try->lease = self;
  try->serial = self->serial;
  try->command = qmp_message_new_command ("guest-fsfreeze-thaw", NULL, NULL);
  qmp_client_exchange_async (self->client, try->command, NULL, thawed_cb, try);
}

/* --- what the program does --- */

void
qmp_guest_lease_begin (QmpGuestLease *self,
                       gint64         n_frozen,
                       int            time)
{
  set_state (self, QMP_GUEST_LEASE_FROZEN);
  self->n_frozen = n_frozen;
  if (time >= 0)
    set_timer (self, time);
}

void
qmp_guest_lease_undo (QmpGuestLease *self)
{
  gboolean known = self->state != QMP_GUEST_LEASE_NONE && self->state != QMP_GUEST_LEASE_UNDOING;

  /* The program may have frozen before, and asks for that. */
  set_state (self, known ? QMP_GUEST_LEASE_OVER : QMP_GUEST_LEASE_UNDOING);
  thaw (self);
}

void
qmp_guest_lease_resume (QmpGuestLease *self)
{
  if (self->state == QMP_GUEST_LEASE_OVER || self->state == QMP_GUEST_LEASE_UNDOING)
    thaw (self);
}

gboolean
qmp_guest_lease_end (QmpGuestLease  *self,
                     gint64          n_thawed,
                     GError        **error)
{
  gboolean lapsed = self->state == QMP_GUEST_LEASE_LAPSED;
  gboolean gone = is_to_be_thawed (self) && n_thawed == 0 && self->n_frozen > 0;

  set_state (self, QMP_GUEST_LEASE_NONE);
  self->n_frozen = 0;
  if (lapsed)
    g_set_error_literal (error, QMP_GUEST_AGENT_ERROR, QMP_GUEST_AGENT_ERROR_THAWED,
                         _("The guest's file systems were thawed before, because the time was over"));
  else if (gone)
    g_set_error_literal (error, QMP_GUEST_AGENT_ERROR, QMP_GUEST_AGENT_ERROR_THAWED,
                         _("The guest's file systems were thawed before, by somebody else"));
  return !lapsed && !gone;
}
