/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "mock/qmp-tiny-jobs-private.h"

#include "mock/qmp-tiny-value-private.h"

/* The size of a disk of which nothing is known. */
#define SOME_LENGTH (4 * 1024 * 1024)
/* How far a job has come that goes on, in bytes, if there are as many. */
#define SOME_PROGRESS (1024 * 1024)

/* The commands that start a job. */
typedef struct {
  const char *command;
  const char *type;
  gboolean    block;   /* its events are those of a block job too, and it may dismiss itself */
  gboolean    ready;   /* it is ready, and waits to be completed */
  gboolean    drains;  /* it pauses by itself when it begins */
  gboolean    stops;   /* it stops the machine meanwhile */
} Kind;

static const Kind kinds[] = {
  { "blockdev-backup", "backup", .block = TRUE, .drains = TRUE },
  { "drive-backup", "backup", .block = TRUE, .drains = TRUE },
  { "blockdev-mirror", "mirror", .block = TRUE, .ready = TRUE },
  { "drive-mirror", "mirror", .block = TRUE, .ready = TRUE },
  { "block-commit", "commit", .block = TRUE },
  { "block-stream", "stream", .block = TRUE },
  { "blockdev-create", "create" },
  { "snapshot-save", "snapshot-save", .stops = TRUE },
  { "snapshot-load", "snapshot-load", .stops = TRUE },
  { "snapshot-delete", "snapshot-delete" },
};

/* Of what a script says that it starts a job. */
static const Kind unknown_kind = { "", "create" };

typedef struct {
  char        *id;
  const Kind  *kind;
  gboolean     ready;          /* of the kind, or since it is the active layer that is committed */
  const char  *status;
  gint64       length;
  gint64       offset;
  gint64       speed;
  gboolean     auto_finalize;
  gboolean     auto_dismiss;
  gboolean     completing;     /* as soon as it is resumed */
  char        *error;          /* nullable */
} Job;

struct _QmpTinyJobs {
  const QmpTinyJobsFuncs *funcs;
  gpointer                owner;   /* borrowed */
  GPtrArray              *jobs;    /* of Job */
};

static void
job_free (gpointer data)
{
  Job *job = data;

  g_free (job->id);
  g_free (job->error);
  g_free (job);
}

static Job *
find (QmpTinyJobs *self,
      const char  *id)
{
  for (guint i = 0; i < self->jobs->len; i++)
    {
      Job *job = self->jobs->pdata[i];

      if (g_strcmp0 (job->id, id) == 0)
        return job;
    }
  return NULL;
}

static gboolean
is (Job        *job,
    const char *status)
{
  return g_str_equal (job->status, status);
}

/* --- what is told of one --- */

static void
set_status (QmpTinyJobs *self,
            Job         *job,
            const char  *status)
{
  JsonObject *data = json_object_new ();

  job->status = status;
  json_object_set_string_member (data, "status", status);
  json_object_set_string_member (data, "id", job->id);
  self->funcs->emit (self->owner, "JOB_STATUS_CHANGE", data);
}

static void
emit_block (QmpTinyJobs *self,
            Job         *job,
            const char  *name,
            const char  *error)
{
  JsonObject *data;

  if (!job->kind->block)
    return;
  data = json_object_new ();
  json_object_set_string_member (data, "device", job->id);
  json_object_set_int_member (data, "len", job->length);
  json_object_set_int_member (data, "offset", job->offset);
  json_object_set_int_member (data, "speed", job->speed);
  json_object_set_string_member (data, "type", job->kind->type);
  if (error != NULL)
    json_object_set_string_member (data, "error", error);
  self->funcs->emit (self->owner, name, data);
}

static void
emit_block_error (QmpTinyJobs *self,
                  Job         *job)
{
  JsonObject *data;

  if (!job->kind->block)
    return;
  data = json_object_new ();
  json_object_set_string_member (data, "device", job->id);
  json_object_set_string_member (data, "operation", "write");
  json_object_set_string_member (data, "action", "report");
  self->funcs->emit (self->owner, "BLOCK_JOB_ERROR", data);
}

static void
emit_block_pending (QmpTinyJobs *self,
                    Job         *job)
{
  JsonObject *data;

  if (!job->kind->block)
    return;
  data = json_object_new ();
  json_object_set_string_member (data, "type", job->kind->type);
  json_object_set_string_member (data, "id", job->id);
  self->funcs->emit (self->owner, "BLOCK_JOB_PENDING", data);
}

/* --- its life --- */

static void
dismiss (QmpTinyJobs *self,
         Job         *job)
{
  set_status (self, job, "null");
  g_ptr_array_remove (self->jobs, job);
}

static void
conclude (QmpTinyJobs *self,
          Job         *job)
{
  set_status (self, job, "concluded");
  if (job->auto_dismiss)
    dismiss (self, job);
}

static void
finalize (QmpTinyJobs *self,
          Job         *job)
{
  emit_block (self, job, "BLOCK_JOB_COMPLETED", NULL);
  conclude (self, job);
}

static void
succeed (QmpTinyJobs *self,
         Job         *job)
{
  job->offset = job->length;
  set_status (self, job, "waiting");
  set_status (self, job, "pending");
  if (job->auto_finalize)
    finalize (self, job);
  else
    emit_block_pending (self, job);
}

static void
fail (QmpTinyJobs *self,
      Job         *job,
      const char  *desc)
{
  job->error = g_strdup (desc);
  emit_block_error (self, job);
  set_status (self, job, "aborting");
  emit_block (self, job, "BLOCK_JOB_COMPLETED", desc);
  conclude (self, job);
}

static void
cancel (QmpTinyJobs *self,
        Job         *job)
{
  job->error = g_strdup ("Operation canceled");
  set_status (self, job, "aborting");
  emit_block (self, job, "BLOCK_JOB_CANCELLED", NULL);
  conclude (self, job);
}

/* What it does when nobody holds it up. */
static void
go_on (QmpTinyJobs *self,
       Job         *job)
{
  if (job->completing)
    {
      succeed (self, job);
      return;
    }
  if (!is (job, "running"))
    return;
  if (job->speed > 0)
    {
      job->offset = MIN (job->length, SOME_PROGRESS);
      return;
    }
  if (!job->ready)
    {
      succeed (self, job);
      return;
    }
  job->offset = job->length;
  set_status (self, job, "ready");
  emit_block (self, job, "BLOCK_JOB_READY", NULL);
}

/* --- starting one --- */

static const Kind *
find_kind (const char *command)
{
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (kinds[i].command, command))
      return &kinds[i];
  return NULL;
}

/* A drive lends its job its name, a node does not. */
static const char *
read_id (QmpTinyJobs   *self,
         QmpInvocation *invocation)
{
  const char *id = qmp_tiny_get_string (invocation, "job-id");
  const char *device = qmp_tiny_get_string (invocation, "device");

  if (id != NULL || device == NULL)
    return id;
  return self->funcs->length (self->owner, device) < 0 ? device : NULL;
}

static gint64
read_length (QmpTinyJobs   *self,
             QmpInvocation *invocation)
{
  const char *device = qmp_tiny_get_string (invocation, "device");
  gint64 length = device != NULL ? self->funcs->length (self->owner, device) : -1;

  return length < 0 ? SOME_LENGTH : length;
}

/* Without a node above which something stays, it is the active layer that is committed. */
static gboolean
commits_active (QmpInvocation *invocation,
                const Kind    *kind)
{
  return g_str_equal (kind->type, "commit") && qmp_tiny_get_string (invocation, "top") == NULL &&
         qmp_tiny_get_string (invocation, "top-node") == NULL;
}

static Job *
add (QmpTinyJobs   *self,
     const Kind    *kind,
     QmpInvocation *invocation)
{
  Job *job = g_new0 (Job, 1);

  job->id = g_strdup (read_id (self, invocation));
  job->kind = kind;
  job->ready = kind->ready || commits_active (invocation, kind);
  job->length = kind->block ? read_length (self, invocation) : 1;
  job->speed = kind->block ? qmp_tiny_get_int (invocation, "speed", 0) : 0;
  job->auto_finalize = qmp_tiny_get_boolean (invocation, "auto-finalize", TRUE);
  job->auto_dismiss = kind->block && qmp_tiny_get_boolean (invocation, "auto-dismiss", TRUE);
  g_ptr_array_add (self->jobs, job);
  return job;
}

static void
begin (QmpTinyJobs *self,
       Job         *job)
{
  set_status (self, job, "created");
  set_status (self, job, "running");
  if (job->kind->drains)
    {
      set_status (self, job, "paused");
      set_status (self, job, "running");
    }
  if (job->kind->stops && self->funcs->runs (self->owner))
    {
      self->funcs->emit (self->owner, "STOP", NULL);
      self->funcs->emit (self->owner, "RESUME", NULL);
    }
}

/* NULL if that was refused. */
static Job *
start (QmpTinyJobs   *self,
       const Kind    *kind,
       QmpInvocation *invocation)
{
  const char *id = read_id (self, invocation);
  Job *job;

  if (id == NULL)
    {
      qmp_tiny_refuse (invocation, "GenericError", kind->block ? "Invalid job ID ''" : "Parameter 'job-id' is missing");
      return NULL;
    }
  if (find (self, id) != NULL)
    {
      qmp_tiny_refuse (invocation, "GenericError", "Job ID '%s' already in use", id);
      return NULL;
    }
  job = add (self, kind, invocation);
  begin (self, job);
  qmp_tiny_return_nothing (invocation);
  return job;
}

void
qmp_tiny_jobs_fail (QmpTinyJobs   *self,
                    QmpInvocation *invocation,
                    const char    *desc)
{
  const Kind *kind = find_kind (qmp_invocation_get_command (invocation));
  Job *job = start (self, kind != NULL ? kind : &unknown_kind, invocation);

  if (job != NULL)
    fail (self, job, desc);
}

/* --- what is done with one --- */

static void
pause_job (QmpTinyJobs   *self,
           Job           *job,
           QmpInvocation *invocation)
{
  if (is (job, "paused") || is (job, "standby"))
    {
      qmp_tiny_refuse (invocation, "GenericError", "Job is already paused");
      return;
    }
  set_status (self, job, is (job, "ready") ? "standby" : "paused");
  qmp_tiny_return_nothing (invocation);
}

static void
resume_job (QmpTinyJobs   *self,
            Job           *job,
            QmpInvocation *invocation)
{
  if (!is (job, "paused") && !is (job, "standby"))
    {
      qmp_tiny_refuse (invocation, "GenericError", "Can't resume a job that was not paused");
      return;
    }
  set_status (self, job, is (job, "standby") ? "ready" : "running");
  qmp_tiny_return_nothing (invocation);
  go_on (self, job);
}

static void
cancel_job (QmpTinyJobs   *self,
            Job           *job,
            QmpInvocation *invocation)
{
  qmp_tiny_return_nothing (invocation);
  cancel (self, job);
}

/* Without force a mirror that is ready is a copy of this moment, and a success. */
static void
cancel_block_job (QmpTinyJobs   *self,
                  Job           *job,
                  QmpInvocation *invocation)
{
  gboolean force = qmp_tiny_get_boolean (invocation, "force", FALSE);

  if (!force && (is (job, "paused") || is (job, "standby")))
    {
      qmp_tiny_refuse (invocation, "GenericError", "The block job for device '%s' is currently paused", job->id);
      return;
    }
  qmp_tiny_return_nothing (invocation);
  if (is (job, "ready") && !force)
    succeed (self, job);
  else
    cancel (self, job);
}

static void
complete_job (QmpTinyJobs   *self,
              Job           *job,
              QmpInvocation *invocation)
{
  qmp_tiny_return_nothing (invocation);
  job->completing = TRUE;
  if (is (job, "ready"))
    go_on (self, job);
}

static void
finalize_job (QmpTinyJobs   *self,
              Job           *job,
              QmpInvocation *invocation)
{
  finalize (self, job);
  qmp_tiny_return_nothing (invocation);
}

static void
dismiss_job (QmpTinyJobs   *self,
             Job           *job,
             QmpInvocation *invocation)
{
  dismiss (self, job);
  qmp_tiny_return_nothing (invocation);
}

static void
set_speed (QmpTinyJobs   *self,
           Job           *job,
           QmpInvocation *invocation)
{
  job->speed = qmp_tiny_get_int (invocation, "speed", 0);
  qmp_tiny_return_nothing (invocation);
  go_on (self, job);
}

/* The states in which a job takes a verb are QEMU's. */
typedef struct {
  const char  *command;
  const char  *member;     /* that names the job */
  const char  *verb;
  const char  *states;
  void      (* func) (QmpTinyJobs   *self,
                      Job           *job,
                      QmpInvocation *invocation);
} Verb;

#define LIVING "created running paused ready standby"

static const Verb verbs[] = {
  { "job-pause", "id", "pause", LIVING, pause_job },
  { "job-resume", "id", "resume", LIVING, resume_job },
  { "job-cancel", "id", "cancel", LIVING " waiting pending", cancel_job },
  { "job-complete", "id", "complete", "ready standby", complete_job },
  { "job-finalize", "id", "finalize", "pending", finalize_job },
  { "job-dismiss", "id", "dismiss", "concluded", dismiss_job },
  { "block-job-pause", "device", "pause", LIVING, pause_job },
  { "block-job-resume", "device", "resume", LIVING, resume_job },
  { "block-job-cancel", "device", "cancel", LIVING " waiting pending", cancel_block_job },
  { "block-job-complete", "device", "complete", "ready standby", complete_job },
  { "block-job-finalize", "id", "finalize", "pending", finalize_job },
  { "block-job-dismiss", "id", "dismiss", "concluded", dismiss_job },
  { "block-job-set-speed", "device", "set-speed", LIVING, set_speed },
};

static const Verb *
find_verb (const char *command)
{
  for (gsize i = 0; i < G_N_ELEMENTS (verbs); i++)
    if (g_str_equal (verbs[i].command, command))
      return &verbs[i];
  return NULL;
}

static void
refuse_unknown (const Verb    *verb,
                const char    *id,
                QmpInvocation *invocation)
{
  if (g_str_has_prefix (verb->command, "block-"))
    qmp_tiny_refuse (invocation, "DeviceNotActive", "Block job '%s' not found", id);
  else
    qmp_tiny_refuse (invocation, "GenericError", "Job not found");
}

static gboolean
takes (const Verb *verb,
       const char *status)
{
  g_auto(GStrv) states = g_strsplit (verb->states, " ", -1);

  return g_strv_contains ((const char * const *) states, status);
}

static void
do_verb (QmpTinyJobs   *self,
         const Verb    *verb,
         QmpInvocation *invocation)
{
  const char *id = qmp_tiny_get_string (invocation, verb->member);
  Job *job = id != NULL ? find (self, id) : NULL;

  if (id == NULL)
    qmp_tiny_refuse (invocation, "GenericError", "Parameter '%s' is missing", verb->member);
  else if (job == NULL || (g_str_has_prefix (verb->command, "block-") && !job->kind->block))
    refuse_unknown (verb, id, invocation);
  else if (!takes (verb, job->status))
    qmp_tiny_refuse (invocation, "GenericError", "Job '%s' in state '%s' cannot accept command verb '%s'", id, job->status,
                     verb->verb);
  else
    verb->func (self, job, invocation);
}

/* --- lists --- */

static void
list_jobs (QmpTinyJobs   *self,
           QmpInvocation *invocation)
{
  JsonArray *list = json_array_new ();

  for (guint i = 0; i < self->jobs->len; i++)
    {
      Job *job = self->jobs->pdata[i];
      JsonObject *object = json_object_new ();

      json_object_set_int_member (object, "current-progress", job->offset);
      json_object_set_string_member (object, "status", job->status);
      json_object_set_int_member (object, "total-progress", job->length);
      json_object_set_string_member (object, "type", job->kind->type);
      json_object_set_string_member (object, "id", job->id);
      if (job->error != NULL)
        json_object_set_string_member (object, "error", job->error);
      json_array_add_object_element (list, object);
    }
  qmp_tiny_return_array (invocation, list);
}

static JsonObject *
describe_block_job (Job *job)
{
  JsonObject *object = json_object_new ();

  json_object_set_boolean_member (object, "auto-finalize", job->auto_finalize);
  json_object_set_string_member (object, "io-status", "ok");
  json_object_set_string_member (object, "device", job->id);
  json_object_set_boolean_member (object, "auto-dismiss", job->auto_dismiss);
  json_object_set_boolean_member (object, "busy", FALSE);
  json_object_set_int_member (object, "len", job->length);
  json_object_set_int_member (object, "offset", job->offset);
  json_object_set_string_member (object, "status", job->status);
  json_object_set_boolean_member (object, "paused", is (job, "paused") || is (job, "standby"));
  json_object_set_int_member (object, "speed", job->speed);
  json_object_set_boolean_member (object, "ready", is (job, "ready") || is (job, "standby"));
  json_object_set_string_member (object, "type", job->kind->type);
  if (job->error != NULL)
    json_object_set_string_member (object, "error", job->error);
  return object;
}

static void
list_block_jobs (QmpTinyJobs   *self,
                 QmpInvocation *invocation)
{
  JsonArray *list = json_array_new ();

  for (guint i = 0; i < self->jobs->len; i++)
    {
      Job *job = self->jobs->pdata[i];

      if (job->kind->block)
        json_array_add_object_element (list, describe_block_job (job));
    }
  qmp_tiny_return_array (invocation, list);
}

/* --- the jobs --- */

QmpTinyJobs *
qmp_tiny_jobs_new (const QmpTinyJobsFuncs *funcs,
                   gpointer                owner)
{
  QmpTinyJobs *self = g_new0 (QmpTinyJobs, 1);

  self->funcs = funcs;
  self->owner = owner;
  self->jobs = g_ptr_array_new_with_free_func (job_free);
  return self;
}

void
qmp_tiny_jobs_free (QmpTinyJobs *self)
{
  g_ptr_array_unref (self->jobs);
  g_free (self);
}

gboolean
qmp_tiny_jobs_answer (QmpTinyJobs   *self,
                      QmpInvocation *invocation)
{
  const char *command = qmp_invocation_get_command (invocation);
  const Kind *kind = find_kind (command);
  const Verb *verb = find_verb (command);
  Job *job;

  if (kind != NULL)
    {
      job = start (self, kind, invocation);
      if (job != NULL)
        go_on (self, job);
    }
  else if (verb != NULL)
    do_verb (self, verb, invocation);
  else if (g_str_equal (command, "query-jobs"))
    list_jobs (self, invocation);
  else if (g_str_equal (command, "query-block-jobs"))
    list_block_jobs (self, invocation);
  else
    return FALSE;
  return TRUE;
}

/* QEMU leaves none behind when it quits. */
void
qmp_tiny_jobs_cancel_all (QmpTinyJobs *self)
{
  while (self->jobs->len > 0)
    {
      Job *job = self->jobs->pdata[0];

      job->auto_dismiss = TRUE;
      if (is (job, "concluded"))
        {
          dismiss (self, job);
          continue;
        }
      if (is (job, "running"))
        {
          set_status (self, job, "paused");
          set_status (self, job, "running");
        }
      cancel (self, job);
    }
}
