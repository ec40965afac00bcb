/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-jobs-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* The commands that have auto-dismiss: so it is since QEMU 3.1, and a schema of 200 KiB need not be read to know it. A new
 * one that is not here is started as well; of a block job the events tell how it has ended. jobs-live-test compares this
 * with the schema of the QEMU that is there. */
static const char * const auto_dismissing[] = {
  "block-commit", "block-stream", "blockdev-backup", "blockdev-mirror", "drive-backup", "drive-mirror", NULL
};

gboolean
qmp_jobs_has_auto_dismiss (const char *command)
{
  return g_strv_contains (auto_dismissing, command);
}

/* These are answered behind the work, which may take any time. */
static const char * const late[] = { "snapshot-delete", "snapshot-load", "snapshot-save", NULL };

typedef struct {
  QmpJobs       *jobs;       /* owned */
  GTask         *task;       /* owned */
  char          *id;
  QmpJobsStart   start;
  QmpJob        *job;        /* nullable, owned: has been started */
  QmpJobsTicket  ticket;
} Start;

static void
start_free (Start *start)
{
  g_clear_object (&start->job);
  g_object_unref (start->task);
  qmp_jobs_unref (start->jobs);
  g_free (start->id);
  g_free (start);
}

/* --- the command --- */

/* The name of the command, nullable, and the ID of its job, nullable. */
static void
read_command (QmpMessage  *command,
              char       **name,
              char       **id)
{
  g_autofree char *oob = qmp_message_dup_string (command, "exec-oob", NULL);

  *name = qmp_message_dup_string (command, "execute", NULL);
  if (*name == NULL)
    *name = g_steal_pointer (&oob);
  *id = qmp_message_dup_string (command, "arguments.job-id", NULL);
}

/* A copy that keeps the job until we have seen how it ended. NULL with error. */
static QmpMessage *
prepare (QmpMessage  *command,
         char       **id,
         GError     **error)
{
  g_autofree char *name = NULL;
  g_autoptr(QmpMessage) own = qmp_message_dup (command);

  read_command (command, &name, id);
  if (*id == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _("The command “%s” has no “job-id”, by which its job would be known"), name != NULL ? name : "");
      return NULL;
    }
  if (name != NULL && g_strv_contains (late, name) && qmp_message_get_timeout (own) == QMP_TIMEOUT_CLIENT)
    qmp_message_set_timeout (own, QMP_TIMEOUT_NONE);
  if (name != NULL && qmp_jobs_has_auto_dismiss (name) &&
      !qmp_message_has_path (own, "arguments.auto-dismiss"))
    {
      g_autofree char *arguments = qmp_message_dup_member_text (own, "arguments");
      g_autofree char *more = g_strconcat ("{\"auto-dismiss\": false, ", strchr (arguments, '{') + 1, NULL);

      if (!qmp_message_set_member_text (own, "arguments", more, error))
        return NULL;
    }
  return g_steal_pointer (&own);
}

static gboolean
deafens (QmpMessage *command)
{
  g_autofree char *name = NULL;
  g_autofree char *id = NULL;

  read_command (command, &name, &id);
  return name != NULL && qmp_jobs_is_deafening (name);
}

/* Of one that is concluded more is asked anyway. */
static gboolean
is_to_be_described (QmpJob *job)
{
  return job->job_type == NULL && !job->gone && job->status != QMP_JOB_STATUS_CONCLUDED;
}

/* --- in the background --- */

static void
return_job (Start *start)
{
  qmp_jobs_tell (start->jobs);
  g_task_return_pointer (start->task, g_steal_pointer (&start->job), g_object_unref);
  start_free (start);
}

static void
described_cb (GObject      *client,
              GAsyncResult *result,
              gpointer      user_data)
{
  Start *start = user_data;
  g_autoptr(JsonNode) reply = qmp_client_execute_message_finish (QMP_CLIENT (client), result, NULL);

  qmp_jobs_answer (start->jobs, start->ticket, reply);
  return_job (start);
}

static void
describe_async (Start *start)
{
  g_autoptr(QmpMessage) query = qmp_jobs_new_query (QMP_TIMEOUT_NONE);

  start->ticket = qmp_jobs_ask (start->jobs);
  qmp_client_execute_message_async (start->jobs->client, query, NULL, described_cb, start);
}

static void
started_cb (GObject      *client,
            GAsyncResult *result,
            gpointer      user_data)
{
  Start *start = user_data;
  GError *error = NULL;
  g_autoptr(JsonNode) reply = qmp_client_execute_message_finish (QMP_CLIENT (client), result, &error);

  start->job = qmp_jobs_adopt (start->jobs, &start->start, error);
  if (start->job == NULL)
    {
      g_task_return_error (start->task, error);
      start_free (start);
    }
  else if (is_to_be_described (start->job) && !qmp_jobs_is_quiet (start->jobs))
    describe_async (start);
  else
    return_job (start);
}

void
qmp_jobs_start_async (QmpJobs      *self,
                      QmpMessage   *command,
                      GCancellable *cancellable,
                      GTask        *task)
{
  g_autoptr(QmpMessage) own = NULL;
  char *id = NULL;
  GError *error = NULL;
  Start *start;

  if (!g_cancellable_set_error_if_cancelled (cancellable, &error))
    own = prepare (command, &id, &error);
  if (own == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      g_free (id);
      return;
    }
  start = g_new0 (Start, 1);
  start->jobs = qmp_jobs_ref (self);
  start->task = task;
  start->id = id;
  start->start.id = id;
  start->start.deafens = deafens (own);
  qmp_jobs_expect (self, &start->start);
  qmp_client_execute_message_async (self->client, own, cancellable, started_cb, start);
}

/* --- blocking --- */

QmpJob *
qmp_jobs_start (QmpJobs       *self,
                QmpMessage    *command,
                GCancellable  *cancellable,
                GError       **error)
{
  g_autofree char *id = NULL;
  g_autoptr(QmpMessage) own = NULL;
  g_autoptr(JsonNode) reply = NULL;
  QmpJobsStart start = { NULL };
  GError *start_error = NULL;
  QmpJob *job;

  if (!g_cancellable_set_error_if_cancelled (cancellable, error))
    own = prepare (command, &id, error);
  if (own == NULL)
    return NULL;
  start.id = id;
  start.deafens = deafens (own);
  qmp_jobs_ref (self);
  qmp_jobs_expect (self, &start);
  reply = qmp_client_execute_message (self->client, own, cancellable, &start_error);
  job = qmp_jobs_adopt (self, &start, start_error);
  if (start_error != NULL)
    g_propagate_error (error, start_error);
  /* It is started, whether or not more can be known of it. */
  if (job != NULL && job->job_type == NULL && !job->gone)
    {
      job->asked = FALSE;
      qmp_jobs_work (self, QMP_TIMEOUT_CLIENT, NULL);
    }
  qmp_jobs_unref (self);
  return job;
}
