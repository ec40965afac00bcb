/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "soak-order.h"

#include "soak-count.h"

typedef enum {
  MACHINE_UNKNOWN,
  MACHINE_STOPPED,
  MACHINE_RUNNING,
} Machine;

typedef struct {
  const char *status;
  gboolean    completed;
} Job;

struct _SoakOrder {
  const char *link;
  Machine     machine;
  guint       n_turns;
  gint64      last_time;
  gboolean    complete; /* all events of the server were heard */
  GHashTable *jobs;     /* id -> Job, those that are over too */
  GHashTable *deleted;  /* ids of devices */
};

/* From the documentation of JobStatus in QEMU's schema, and its reference of the events. */
static const struct {
  const char *status;
  const char *next[5];
} legal[] = {
  { "created", { "running", "aborting", "null" } },
  { "running", { "paused", "ready", "waiting", "aborting" } },
  { "paused", { "running" } },
  { "ready", { "standby", "waiting", "aborting" } },
  { "standby", { "ready" } },
  { "waiting", { "pending", "aborting" } },
  { "pending", { "aborting", "concluded" } },
  { "aborting", { "aborting", "concluded" } },
  { "concluded", { "null" } },
  { "null", { NULL } },
};

SoakOrder *
soak_order_new (const char *link)
{
  SoakOrder *self = g_new0 (SoakOrder, 1);

  self->link = link;
  self->jobs = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->deleted = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
soak_order_free (SoakOrder *self)
{
  g_hash_table_unref (self->jobs);
  g_hash_table_unref (self->deleted);
  g_free (self);
}

void
soak_order_begin (SoakOrder *self,
                  gboolean   same_server)
{
  self->machine = MACHINE_UNKNOWN;
  self->complete = !same_server;
  g_hash_table_remove_all (self->jobs);
  if (!same_server)
    g_hash_table_remove_all (self->deleted);
}

/* The machine. */

static void
order_turn (SoakOrder *self,
            Machine    machine)
{
  if (self->machine == machine)
    soak_fail ("%s: two %s in a row", self->link, machine == MACHINE_RUNNING ? "RESUME" : "STOP");
  self->machine = machine;
  self->n_turns++;
}

void
soak_order_check_running (SoakOrder  *self,
                          gboolean    running,
                          const char *reply)
{
  Machine machine = running ? MACHINE_RUNNING : MACHINE_STOPPED;

  if (self->machine != MACHINE_UNKNOWN && self->machine != machine)
    soak_fail ("%s: after the reply to %s the machine is %s, and no event said so", self->link, reply,
               running ? "running" : "stopped");
  self->machine = machine;
}

guint
soak_order_get_n_turns (SoakOrder *self)
{
  return self->n_turns;
}

/* Jobs. */

static guint
find_status (const char *status)
{
  for (guint i = 0; i < G_N_ELEMENTS (legal); i++)
    if (g_str_equal (legal[i].status, status))
      return i;
  soak_fail ("Jobs have no status %s", status);
}

static void
order_add_job (SoakOrder  *self,
               const char *id,
               const char *status)
{
  Job *job = g_new0 (Job, 1);

  if (self->complete && !g_str_equal (status, "created"))
    soak_fail ("%s: job %s begins with %s", self->link, id, status);
  job->status = status;
  g_hash_table_insert (self->jobs, g_strdup (id), job);
}

static void
order_job (SoakOrder  *self,
           const char *id,
           const char *status_text)
{
  const char *status = legal[find_status (status_text)].status;
  Job *job = g_hash_table_lookup (self->jobs, id);

  if (job == NULL)
    {
      order_add_job (self, id, status);
      return;
    }
  if (!g_strv_contains (legal[find_status (job->status)].next, status))
    soak_fail ("%s: job %s went from %s to %s", self->link, id, job->status, status);
  job->status = status;
}

/* QEMU says so between "pending" and "concluded". */
static void
order_job_completed (SoakOrder  *self,
                     const char *id)
{
  Job *job = g_hash_table_lookup (self->jobs, id);

  if (job == NULL && !self->complete)
    return;
  if (job == NULL || job->completed || !g_str_equal (job->status, "pending"))
    soak_fail ("%s: job %s is completed, and was %s", self->link, id,
               job == NULL ? "unknown" : job->completed ? "completed before" : job->status);
  job->completed = TRUE;
}

const char *
soak_order_get_job_status (SoakOrder  *self,
                           const char *id)
{
  Job *job = g_hash_table_lookup (self->jobs, id);

  return job != NULL ? job->status : NULL;
}

/* Devices. */

static void
order_deleted (SoakOrder  *self,
               const char *device)
{
  if (!g_hash_table_add (self->deleted, g_strdup (device)))
    soak_fail ("%s: device %s was deleted twice", self->link, device);
}

gboolean
soak_order_is_deleted (SoakOrder  *self,
                       const char *device)
{
  return g_hash_table_contains (self->deleted, device);
}

/* All of them. */

static void
order_time (SoakOrder *self,
            QmpEvent  *event)
{
  gint64 time = qmp_event_get_timestamp (event);

  if (time < self->last_time)
    soak_fail ("%s: %s is %" G_GINT64_FORMAT " µs older than the event before it", self->link,
               qmp_event_get_name (event), self->last_time - time);
  self->last_time = time;
}

static const char *
get_text (QmpEvent   *event,
          const char *member)
{
  JsonNode *data = qmp_event_get_data (event);

  return json_object_get_string_member_with_default (json_node_get_object (data), member, "");
}

void
soak_order_event (SoakOrder *self,
                  QmpEvent  *event)
{
  const char *name = qmp_event_get_name (event);

  soak_count_event (self->link, name);
  order_time (self, event);
  if (g_str_equal (name, "STOP"))
    order_turn (self, MACHINE_STOPPED);
  else if (g_str_equal (name, "RESUME"))
    order_turn (self, MACHINE_RUNNING);
  else if (g_str_equal (name, "JOB_STATUS_CHANGE"))
    order_job (self, get_text (event, "id"), get_text (event, "status"));
  else if (g_str_equal (name, "BLOCK_JOB_COMPLETED"))
    order_job_completed (self, get_text (event, "device"));
  else if (g_str_equal (name, "DEVICE_DELETED"))
    order_deleted (self, get_text (event, "device"));
}
