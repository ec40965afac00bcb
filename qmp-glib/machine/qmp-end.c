/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-end-private.h"

#include <string.h>

void
qmp_end_clear (QmpEnd *self)
{
  g_clear_pointer (&self->reason, g_free);
}

/* --- events --- */

static void
set_reason (QmpEnd     *self,
            const char *reason,
            gboolean    by_guest)
{
  char *copy = g_strdup (reason);

  g_free (self->reason);
  self->reason = copy;
  self->by_guest = by_guest;
  self->was_told = reason != NULL;
}

static void
note_shutdown (QmpEnd     *self,
               QmpMessage *event)
{
  g_autofree char *reason = qmp_message_dup_string (event, "data.reason", NULL);

  set_reason (self, reason != NULL ? reason : "unknown", qmp_message_get_boolean (event, "data.guest", NULL));
}

/* A watchdog that turns the machine off is all that is heard of it. */
static void
note_watchdog (QmpEnd     *self,
               QmpMessage *event)
{
  g_autofree char *action = qmp_message_dup_string (event, "data.action", NULL);

  if (g_strcmp0 (action, "poweroff") == 0)
    set_reason (self, "watchdog", FALSE);
}

void
qmp_end_event (QmpEnd   *self,
               QmpEvent *event)
{
  const char *name = qmp_event_get_name (event);

  if (strcmp (name, "SHUTDOWN") == 0)
    note_shutdown (self, QMP_MESSAGE (event));
  else if (strcmp (name, "WATCHDOG") == 0)
    note_watchdog (self, QMP_MESSAGE (event));
  else if (strcmp (name, "STOP") == 0)
    /* With -no-shutdown it only stops: the reason stays, should nothing else come. */
    self->was_told = FALSE;
  else if (strcmp (name, "RESUME") == 0 || strcmp (name, "RESET") == 0)
    set_reason (self, NULL, FALSE);
}

void
qmp_end_arrival_failed (QmpEnd *self)
{
  set_reason (self, "migration-failed", FALSE);
}

/* --- the rule of two --- */

static void
wait_for_other (QmpEnd *self,
                gint64  now)
{
  if (self->until == 0)
    self->until = now + QMP_END_PATIENCE;
}

void
qmp_end_process_over (QmpEnd *self,
                      gint64  now)
{
  self->process_over = TRUE;
  wait_for_other (self, now);
}

void
qmp_end_link_over (QmpEnd   *self,
                   gboolean  hung_up,
                   gint64    now)
{
  self->link_over = TRUE;
  if (self->has_process && hung_up)
    wait_for_other (self, now);
}

void
qmp_end_link_begun (QmpEnd *self)
{
  self->link_over = FALSE;
  if (!self->process_over)
    self->until = 0;
}

gboolean
qmp_end_is_over (QmpEnd *self,
                 gint64  now)
{
  if (self->until != 0 && now >= self->until)
    return TRUE;
  return self->link_over && (self->process_over || (!self->has_process && self->was_told));
}
