/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-status-private.h"

#include <string.h>

#include "machine/qmp-member-private.h"
#include "qmp-enums.h"

void
qmp_status_init (QmpStatus            *self,
                 const QmpStatusFuncs *funcs,
                 gpointer              owner)
{
  *self = (QmpStatus) { .funcs = funcs, .owner = owner };
}

void
qmp_status_clear (QmpStatus *self)
{
  g_clear_pointer (&self->name, g_free);
  g_clear_object (&self->pause_event);
  g_clear_object (&self->cause);
}

static void
want (QmpStatus *self)
{
  if (self->wanted)
    return;
  self->wanted = TRUE;
  self->funcs->wants (self->owner);
}

/* --- the value --- */

static QmpMachineStatus
parse (const char *name)
{
  g_autoptr(GEnumClass) values = g_type_class_ref (QMP_TYPE_MACHINE_STATUS);
  GEnumValue *value = g_enum_get_value_by_nick (values, name);

  return value != NULL ? (QmpMachineStatus) value->value : QMP_MACHINE_STATUS_UNKNOWN;
}

/* name: nullable. */
static void
set_name (QmpStatus  *self,
          const char *name)
{
  char *copy;

  if (g_strcmp0 (self->name, name) == 0)
    return;
  copy = g_strdup (name);
  g_free (self->name);
  self->name = copy;
  self->value = name != NULL ? parse (name) : QMP_MACHINE_STATUS_UNKNOWN;
  self->funcs->changed (self->owner);
}

static void
set_pause_event (QmpStatus *self,
                 QmpEvent  *event)
{
  if (g_set_object (&self->pause_event, event))
    self->funcs->changed (self->owner);
}

void
qmp_status_forget (QmpStatus *self)
{
  self->wanted = FALSE;
  self->leaving = FALSE;
  self->migrated = FALSE;
  /* What is under way is of no use any more. */
  self->n_changes++;
  self->last_change = QMP_STATUS_CHANGE_NONE;
  g_clear_object (&self->cause);
  set_pause_event (self, NULL);
  set_name (self, NULL);
}

/* --- what events mean --- */

/* What stops the machine says so in the event before STOP. */
static const struct {
  const char *event;
  const char *action;  /* nullable: any */
  const char *status;
} causes[] = {
  { "BLOCK_IO_ERROR", "stop", "io-error" },
  { "WATCHDOG", "pause", "watchdog" },
  { "GUEST_PANICKED", "pause", "guest-panicked" },
  { "SHUTDOWN", NULL, "shutdown" },
};

/* The status that it makes, or NULL. */
static const char *
find_cause (QmpEvent *event)
{
  g_autofree char *action = qmp_message_dup_string (QMP_MESSAGE (event), "data.action", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (causes); i++)
    if (strcmp (qmp_event_get_name (event), causes[i].event) == 0 &&
        (causes[i].action == NULL || g_strcmp0 (action, causes[i].action) == 0))
      return causes[i].status;
  return NULL;
}

static void
note_stop (QmpStatus *self,
           QmpEvent  *event)
{
  g_autoptr(QmpEvent) cause = g_steal_pointer (&self->cause);

  self->n_changes++;
  self->last_change = QMP_STATUS_CHANGE_STOP;
  set_pause_event (self, cause != NULL ? cause : event);
  set_name (self, cause != NULL ? find_cause (cause) : "paused");
}

static void
note_resume (QmpStatus *self)
{
  self->n_changes++;
  self->last_change = QMP_STATUS_CHANGE_RESUME;
  g_clear_object (&self->cause);
  set_pause_event (self, NULL);
  set_name (self, "running");
}

static gboolean
has_migrated (QmpEvent *event)
{
  static const char * const ends[] = { "completed", "failed", "cancelled", NULL };
  const char *status = qmp_member_get_string (qmp_event_get_data (event), "status");

  return status != NULL && g_strv_contains (ends, status);
}

gboolean
qmp_status_announces_end (QmpEvent *event)
{
  g_autofree char *action = qmp_message_dup_string (QMP_MESSAGE (event), "data.action", NULL);
  const char *name = qmp_event_get_name (event);

  return strcmp (name, "SHUTDOWN") == 0 || strcmp (name, "SUSPEND_DISK") == 0 || g_strcmp0 (action, "poweroff") == 0;
}

gboolean
qmp_status_revokes_end (QmpEvent *event)
{
  const char *name = qmp_event_get_name (event);

  return strcmp (name, "RESUME") == 0 || strcmp (name, "RESET") == 0;
}

static void
set_leaving (QmpStatus *self,
             gboolean   leaving)
{
  if (self->leaving == leaving)
    return;
  self->leaving = leaving;
  /* Whoever was told when is told anew. */
  self->wanted = FALSE;
}

/* After these the status may be another one. */
const char * const qmp_status_events[] = {
  "STOP", "RESUME", "SUSPEND", "SUSPEND_DISK", "WAKEUP", "RESET", "SHUTDOWN", "GUEST_PANICKED", "WATCHDOG", "MIGRATION",
  "BLOCK_IO_ERROR", "DUMP_COMPLETED", NULL
};

void
qmp_status_event (QmpStatus *self,
                  QmpEvent  *event)
{
  const char *name = qmp_event_get_name (event);

  if (!g_strv_contains (qmp_status_events, name))
    return;
  if (strcmp (name, "STOP") == 0)
    note_stop (self, event);
  else if (strcmp (name, "RESUME") == 0)
    note_resume (self);
  else if (find_cause (event) != NULL)
    g_set_object (&self->cause, event);
  else if (strcmp (name, "MIGRATION") == 0 && has_migrated (event))
    self->migrated = TRUE;
  if (qmp_status_announces_end (event))
    set_leaving (self, TRUE);
  else if (qmp_status_revokes_end (event))
    set_leaving (self, FALSE);
  want (self);
}

void
qmp_status_stay (QmpStatus *self)
{
  self->leaving = FALSE;
}

gboolean
qmp_status_is_due (QmpStatus *self)
{
  return self->wanted && !self->asking && !self->leaving;
}

void
qmp_status_note_migrated (QmpStatus *self)
{
  self->migrated = TRUE;
  want (self);
}

/* --- what the server answers --- */

void
qmp_status_want (QmpStatus *self)
{
  self->asking = FALSE;
  want (self);
}

QmpStatusTicket
qmp_status_ask (QmpStatus *self)
{
  self->wanted = FALSE;
  self->asking = TRUE;
  return (QmpStatusTicket) { self->n_changes, ++self->n_asked };
}

/* A later STOP of somebody else is not the RESUME that the caller has asked for, whose machine may have run already. */
static gboolean
is_fresh (QmpStatus       *self,
          QmpStatusTicket  ticket,
          QmpStatusChange  own)
{
  guint n = self->n_changes - ticket.n_changes;

  return n == 0 || (n == 1 && own != QMP_STATUS_CHANGE_NONE && self->last_change == own);
}

gboolean
qmp_status_answer (QmpStatus       *self,
                   QmpStatusTicket  ticket,
                   QmpStatusChange  own,
                   JsonNode        *reply)
{
  const char *name = qmp_member_get_string (reply, "status");

  self->asking = FALSE;
  /* What came meanwhile has waited for that. */
  if (self->wanted)
    self->funcs->wants (self->owner);
  if (name == NULL)
    return FALSE;
  /* A blocking call has taken the answer to a later one before. */
  if (ticket.number < self->answered)
    return TRUE;
  if (!is_fresh (self, ticket, own))
    {
      want (self);
      return FALSE;
    }

  self->answered = ticket.number;
  set_name (self, name);
  if (self->value == QMP_MACHINE_STATUS_RUNNING)
    set_pause_event (self, NULL);
  if (self->value != QMP_MACHINE_STATUS_FINISH_MIGRATE)
    self->migrated = FALSE;
  return TRUE;
}

gboolean
qmp_status_is_settling (QmpStatus *self)
{
  return self->migrated && self->value == QMP_MACHINE_STATUS_FINISH_MIGRATE;
}

gboolean
qmp_status_is_settled (QmpStatus *self)
{
  return !self->wanted && !self->asking && !qmp_status_is_settling (self);
}
