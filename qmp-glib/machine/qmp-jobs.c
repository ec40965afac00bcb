/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-jobs-private.h"

#include <glib/gi18n-lib.h>

#include <qmp-glib/qmp-error.h>

#include "machine/qmp-member-private.h"
#include "machine/qmp-status-private.h"

static const char * const event_names[] = {
  "JOB_STATUS_CHANGE", "BLOCK_JOB_READY", "BLOCK_JOB_PENDING", "BLOCK_JOB_COMPLETED", "BLOCK_JOB_CANCELLED",
  "SHUTDOWN", "SUSPEND_DISK", "GUEST_PANICKED", "WATCHDOG", "RESUME", "RESET", NULL
};

static gboolean
is_linked (QmpJobs *self)
{
  return qmp_client_get_runstate (self->client) == QMP_RUNSTATE_RUNNING;
}

/* --- what a job asks of us --- */

static void
set_due (QmpJobs *self)
{
  self->due = TRUE;
  qmp_io_watch_stir (&self->todo);
}

static void
touched (gpointer  owner,
         QmpJob   *job)
{
  QmpJobs *self = owner;

  if (!job->queued)
    g_queue_push_tail (&self->untold, g_object_ref (job));
  job->queued = TRUE;
  set_due (self);
}

static gboolean
work (gpointer      owner,
      int           timeout,
      GCancellable *cancellable)
{
  return qmp_jobs_work (owner, timeout, cancellable);
}

static void
hold (gpointer owner)
{
  qmp_jobs_ref (owner);
}

static void
release (gpointer owner)
{
  qmp_jobs_unref (owner);
}

static gint64
get_until (gpointer owner)
{
  QmpJobs *self = owner;

  return qmp_jobs_is_quiet (self) ? self->quiet_until : G_MAXINT64;
}

static const QmpJobFuncs job_funcs = { touched, work, hold, release, get_until };

/* --- which there are --- */

/* Of jobs that come and go within blocking calls, in a program that never runs its main loop. */
#define MANY_UNTOLD 64

/* Nobody has the job, so there is nobody to tell. */
static gboolean
is_nobodys (QmpJob *job)
{
  return job->gone && !job->listed && G_OBJECT (job)->ref_count == 1;
}

static void
prune_untold (QmpJobs *self)
{
  GList *next;

  for (GList *l = self->untold.head; l != NULL; l = next)
    {
      QmpJob *job = l->data;

      next = l->next;
      if (!is_nobodys (job))
        continue;
      g_queue_delete_link (&self->untold, l);
      g_object_unref (job);
    }
}

static QmpJob *
add (QmpJobs    *self,
     const char *id)
{
  QmpJob *job = qmp_job_new (id, self->client, self->io, &job_funcs, self);

  if (self->untold.length >= MANY_UNTOLD)
    prune_untold (self);
  job->born = self->now;
  g_hash_table_insert (self->jobs, job->id, job);
  for (GList *l = self->starts.head; l != NULL; l = l->next)
    if (g_str_equal (((QmpJobsStart *) l->data)->id, id))
      {
        g_set_object (&((QmpJobsStart *) l->data)->job, job);
        /* Whoever starts it will ask. */
        job->asked = TRUE;
      }
  if (g_hash_table_remove (self->orphans, id))
    qmp_job_set_ours (job);
  touched (self, job);
  return job;
}

/* It is gone. */
static void
forget (QmpJobs *self,
        QmpJob  *job)
{
  if (self->n_asking > 0)
    g_hash_table_replace (self->gone, g_strdup (job->id), g_memdup2 (&self->now, sizeof self->now));
  g_hash_table_remove (self->jobs, job->id);
}

static void
end (QmpJobs *self,
     QmpJob  *job)
{
  qmp_job_set_gone (job);
  forget (self, job);
}

/* --- what is heard --- */

/* The end of the one before was not heard. */
static gboolean
is_another (QmpJob     *job,
            const char *status)
{
  return g_str_equal (status, "created") && job->status > QMP_JOB_STATUS_CREATED;
}

static void
see_status (QmpJobs    *self,
            const char *id,
            const char *status)
{
  QmpJob *job = g_hash_table_lookup (self->jobs, id);

  if (job != NULL && is_another (job, status))
    {
      end (self, job);
      job = NULL;
    }
  if (job == NULL && g_str_equal (status, "null"))
    return;
  if (job == NULL)
    job = add (self, id);
  job->changed_at = self->now;
  qmp_job_set_status (job, status);
  if (job->gone)
    forget (self, job);
}

/* The end of one whose entry is in an answer that was not delivered yet. */
static gboolean
is_news (QmpJobs    *self,
         const char *name)
{
  return self->n_asking > 0 && (g_str_equal (name, "BLOCK_JOB_COMPLETED") || g_str_equal (name, "BLOCK_JOB_CANCELLED"));
}

/* Events of the server, and not of a job. */
static gboolean
see_end (QmpJobs  *self,
         QmpEvent *event)
{
  if (qmp_status_announces_end (event))
    self->quiet_until = g_get_monotonic_time () + QMP_STATUS_LEAVING_TIME;
  else if (qmp_status_revokes_end (event))
    self->quiet_until = 0;
  else
    return FALSE;
  set_due (self);
  return TRUE;
}

/* Takes none, so that nothing is queued. Also within a blocking call. */
static gboolean
see_event (QmpEvent *event,
           gpointer  user_data)
{
  QmpJobs *self = user_data;
  JsonNode *data = qmp_event_get_data (event);
  const char *status = qmp_member_get_string (data, "status");
  /* "device" is the job's ID, in spite of its name. */
  const char *device = qmp_member_get_string (data, "device");
  const char *id = qmp_member_get_string (data, "id");
  QmpJob *job = device != NULL ? g_hash_table_lookup (self->jobs, device) : NULL;

  if (see_end (self, event))
    return FALSE;
  self->now++;
  if (device != NULL && job == NULL && is_news (self, qmp_event_get_name (event)))
    job = add (self, device);
  if (!g_str_equal (qmp_event_get_name (event), "JOB_STATUS_CHANGE"))
    {
      if (job != NULL)
        qmp_job_take_event (job, event);
    }
  else if (id != NULL && status != NULL)
    see_status (self, id, status);
  return FALSE;
}

/* --- what is asked --- */

QmpMessage *
qmp_jobs_new_query (int timeout)
{
  QmpMessage *message = qmp_message_new_command ("query-jobs", NULL, NULL);

  qmp_message_set_timeout (message, timeout);
  return message;
}

/* Its kind is not known, or how it has ended. */
static gboolean
wants_query (QmpJob *job)
{
  return (job->status == QMP_JOB_STATUS_CONCLUDED && !job->settled) || (job->job_type == NULL && !job->asked);
}

static gboolean
is_to_be_dismissed (QmpJob *job)
{
  return job->ours && job->settled && !job->dismissing;
}

/* The first that is so. */
static QmpJob *
find (QmpJobs    *self,
      gboolean (* is_so) (QmpJob *job))
{
  GHashTableIter iter;
  gpointer job;

  g_hash_table_iter_init (&iter, self->jobs);
  while (g_hash_table_iter_next (&iter, NULL, &job))
    if (is_so (job))
      return job;
  return NULL;
}

/* Also when it is not known whether a job was started: an answer shows it, or there is none. */
static gboolean
has_to_ask (QmpJobs *self)
{
  return find (self, wants_query) != NULL || g_hash_table_size (self->orphans) > 0;
}

gboolean
qmp_jobs_is_deafening (const char *command)
{
  return g_str_has_prefix (command, "snapshot-");
}

/* Of what kind a job is was not asked yet, or is not answered. */
static gboolean
may_deafen (QmpJob *job)
{
  return !job->settled && (job->job_type == NULL || qmp_jobs_is_deafening (job->job_type));
}

gboolean
qmp_jobs_may_be_deaf (QmpJobs *self)
{
  for (GList *l = self->starts.head; l != NULL; l = l->next)
    if (((QmpJobsStart *) l->data)->deafens)
      return TRUE;
  return find (self, may_deafen) != NULL;
}

QmpJobsTicket
qmp_jobs_ask (QmpJobs *self)
{
  GHashTableIter iter;
  gpointer job;

  g_hash_table_iter_init (&iter, self->jobs);
  while (g_hash_table_iter_next (&iter, NULL, &job))
    ((QmpJob *) job)->asked = TRUE;
  self->ticked = FALSE;
  self->n_asking++;
  return self->now++;
}

/* --- what is answered --- */

static gboolean
went_since (QmpJobs       *self,
            const char    *id,
            QmpJobsTicket  ticket)
{
  QmpJobsTicket *at = g_hash_table_lookup (self->gone, id);

  return at != NULL && *at > ticket;
}

/* Of another kind it is another, whose beginning was not heard. */
static QmpJob *
find_for_entry (QmpJobs    *self,
                const char *id,
                JsonNode   *entry)
{
  QmpJob *job = g_hash_table_lookup (self->jobs, id);
  const char *type = qmp_member_get_string (entry, "type");

  if (job == NULL || job->job_type == NULL || type == NULL || g_str_equal (job->job_type, type))
    return job;
  end (self, job);
  return NULL;
}

static void
take_entry (QmpJobs       *self,
            QmpJobsTicket  ticket,
            JsonNode      *entry)
{
  const char *id = qmp_member_get_string (entry, "id");
  const char *status = qmp_member_get_string (entry, "status");
  QmpJob *job;

  if (id == NULL || status == NULL || went_since (self, id, ticket))
    return;
  job = g_hash_table_lookup (self->jobs, id);
  if (job != NULL && job->born > ticket)
    return;
  job = find_for_entry (self, id, entry);
  if (job == NULL)
    {
      job = add (self, id);
      job->asked = TRUE;
    }
  job->listed_at = self->now;
  if (job->changed_at <= ticket)
    qmp_job_set_status (job, status);
  qmp_job_take_entry (job, entry);
}

/* What was there when it was asked, and is not any more, has ended unheard. */
static void
end_unlisted (QmpJobs       *self,
              QmpJobsTicket  ticket)
{
  g_autoptr(GList) jobs = g_hash_table_get_values (self->jobs);

  for (GList *l = jobs; l != NULL; l = l->next)
    {
      QmpJob *job = l->data;

      if (job->born <= ticket && job->listed_at < self->now)
        end (self, job);
    }
}

/* A query behind the command is answered behind it. */
static gboolean
was_answered (gpointer id,
              gpointer started,
              gpointer ticket)
{
  return *(QmpJobsTicket *) started <= *(QmpJobsTicket *) ticket;
}

void
qmp_jobs_answer (QmpJobs       *self,
                 QmpJobsTicket  ticket,
                 JsonNode      *reply)
{
  JsonArray *entries = reply != NULL && JSON_NODE_HOLDS_ARRAY (reply) ? json_node_get_array (reply) : NULL;

  self->now++;
  for (guint i = 0; entries != NULL && i < json_array_get_length (entries); i++)
    take_entry (self, ticket, json_array_get_element (entries, i));
  if (entries != NULL)
    {
      end_unlisted (self, ticket);
      g_hash_table_foreach_remove (self->orphans, was_answered, &ticket);
    }
  self->n_asking--;
  if (self->n_asking == 0)
    g_hash_table_remove_all (self->gone);
}

/* A server that refuses the query never tells: what has concluded ends with what the events have told. */
static void
take_refusal (QmpJobs      *self,
              const GError *error)
{
  g_autoptr(GList) jobs = NULL;

  if (error == NULL || error->domain != QMP_COMMAND_ERROR)
    return;
  g_hash_table_remove_all (self->orphans);
  jobs = g_hash_table_get_values (self->jobs);
  for (GList *l = jobs; l != NULL; l = l->next)
    if (((QmpJob *) l->data)->status == QMP_JOB_STATUS_CONCLUDED && !((QmpJob *) l->data)->settled)
      end (self, l->data);
}

/* --- in the background --- */

typedef struct {
  QmpJobs       *self;    /* owned */
  QmpJobsTicket  ticket;
  QmpJob        *job;     /* nullable, owned: is dismissed */
} Command;

static Command *
command_new (QmpJobs *self,
             QmpJob  *job)
{
  Command *command = g_new0 (Command, 1);

  command->self = qmp_jobs_ref (self);
  command->job = job != NULL ? g_object_ref (job) : NULL;
  return command;
}

static void
command_free (Command *command)
{
  g_clear_object (&command->job);
  qmp_jobs_unref (command->self);
  g_free (command);
}

static void
asked_cb (GObject      *client,
          GAsyncResult *result,
          gpointer      user_data)
{
  Command *command = user_data;
  QmpJobs *self = command->self;
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) reply = qmp_client_execute_message_finish (QMP_CLIENT (client), result, &error);

  self->asking = FALSE;
  qmp_jobs_answer (self, command->ticket, reply);
  take_refusal (self, error);
  self->due = TRUE;
  qmp_jobs_tell (self);
  command_free (command);
}

static void
ask_async (QmpJobs *self)
{
  Command *command = command_new (self, NULL);
  /* A server that saves a snapshot is deaf meanwhile, for as long as that takes. */
  g_autoptr(QmpMessage) query = qmp_jobs_new_query (QMP_TIMEOUT_NONE);

  self->asking = TRUE;
  command->ticket = qmp_jobs_ask (self);
  qmp_client_execute_message_async (self->client, query, NULL, asked_cb, command);
}

static QmpMessage *
new_dismiss (QmpJob *job,
             int     timeout)
{
  QmpMessage *message = qmp_message_new_parsed ("job-dismiss", NULL, "{'id': %s}", job->id);

  qmp_message_set_timeout (message, timeout);
  return message;
}

static void
dismissed_cb (GObject      *client,
              GAsyncResult *result,
              gpointer      user_data)
{
  Command *command = user_data;
  QmpJobs *self = command->self;
  g_autoptr(JsonNode) reply = qmp_client_execute_message_finish (QMP_CLIENT (client), result, NULL);

  /* It is nobody's fault if somebody else has dismissed it. */
  if (!command->job->gone)
    end (self, command->job);
  qmp_jobs_tell (self);
  command_free (command);
}

static void
dismiss_async (QmpJobs *self,
               QmpJob  *job)
{
  g_autoptr(QmpMessage) message = new_dismiss (job, QMP_TIMEOUT_NONE);

  job->dismissing = TRUE;
  qmp_client_execute_message_async (self->client, message, NULL, dismissed_cb, command_new (self, job));
}

/* --- progress --- */

static void
tick (gpointer owner)
{
  g_autoptr(QmpJobs) self = qmp_jobs_ref (owner);

  self->ticked = TRUE;
  self->due = TRUE;
  qmp_jobs_tell (self);
}

static void
set_tick (QmpJobs *self)
{
  gboolean wanted = self->interval > 0 && !self->ticked && find (self, qmp_job_is_at_work) != NULL;

  if (!wanted)
    qmp_io_timer_clear (&self->tick);
  else if (!qmp_io_timer_is_set (&self->tick))
    qmp_io_timer_set (&self->tick, self->io, g_get_monotonic_time () + self->interval * G_TIME_SPAN_MILLISECOND, tick,
                      self);
}

void
qmp_jobs_set_interval (QmpJobs *self,
                       guint    interval)
{
  self->interval = interval;
  self->ticked = FALSE;
  qmp_io_timer_clear (&self->tick);
  set_due (self);
}

/* --- what is to be done --- */

gboolean
qmp_jobs_is_quiet (QmpJobs *self)
{
  return self->quiet_until != 0 && g_get_monotonic_time () < self->quiet_until;
}

static void
stay (gpointer owner)
{
  g_autoptr(QmpJobs) self = qmp_jobs_ref (owner);

  self->quiet_until = 0;
  self->due = TRUE;
  qmp_jobs_tell (self);
}

static void
advance (QmpJobs *self)
{
  QmpJob *job;

  self->due = FALSE;
  qmp_io_timer_clear (&self->stay);
  if (!is_linked (self))
    return;
  if (qmp_jobs_is_quiet (self))
    {
      qmp_io_timer_set (&self->stay, self->io, self->quiet_until, stay, self);
      return;
    }
  if (!self->asking && (self->ticked || has_to_ask (self)))
    ask_async (self);
  while ((job = find (self, is_to_be_dismissed)) != NULL)
    dismiss_async (self, job);
  set_tick (self);
}

/* Handlers may do anything. */
static void
tell_job (QmpJobs *self,
          QmpJob  *job)
{
  job->queued = FALSE;
  /* Whoever follows the list sees each of them, however quick it is. */
  if (!job->listed && job->owner != NULL)
    {
      job->listed = TRUE;
      qmp_job_list_append (self->list, job);
    }
  qmp_job_notify (job);
  if (job->listed && job->gone && !job->queued)
    {
      job->listed = FALSE;
      qmp_job_list_remove (self->list, job);
    }
  qmp_job_tell_waits (job);
  /* Nothing happens to it any more. */
  if (job->gone && !job->queued)
    qmp_job_leave (job);
}

void
qmp_jobs_tell (QmpJobs *self)
{
  g_autoptr(QmpJobs) held = qmp_jobs_ref (self);
  QmpJob *job;

  if (self->due)
    advance (self);
  while ((job = g_queue_pop_head (&self->untold)) != NULL)
    {
      tell_job (self, job);
      g_object_unref (job);
    }
}

static QmpIoNeed
todo_prepare (gpointer owner)
{
  return ((QmpJobs *) owner)->due ? QMP_IO_READY : QMP_IO_SLEEP;
}

static gboolean
todo_dispatch (gpointer     owner,
               GIOCondition ready)
{
  qmp_jobs_tell (owner);
  return FALSE;
}

static const QmpIoFuncs todo_funcs = { todo_prepare, todo_dispatch };

/* What has been seen is told at its place among the events. */
static void
event_cb (QmpClient *client,
          QmpEvent  *event,
          QmpJobs   *self)
{
  qmp_jobs_tell (self);
}

static void
closed_cb (QmpClient    *client,
           const GError *error,
           QmpJobs      *self)
{
  self->quiet_until = 0;
  if (self->left)
    qmp_jobs_lose (self);
  qmp_jobs_tell (self);
}

/* --- blocking --- */

static gboolean
ask (QmpJobs      *self,
     int           timeout,
     GCancellable *cancellable)
{
  g_autoptr(QmpMessage) query = qmp_jobs_new_query (timeout);
  QmpJobsTicket ticket = qmp_jobs_ask (self);
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) reply = qmp_client_execute_message (self->client, query, cancellable, &error);

  qmp_jobs_answer (self, ticket, reply);
  take_refusal (self, error);
  return reply != NULL;
}

static gboolean
dismiss (QmpJobs      *self,
         QmpJob       *job,
         int           timeout,
         GCancellable *cancellable)
{
  g_autoptr(QmpJob) held = g_object_ref (job);
  g_autoptr(QmpMessage) message = new_dismiss (job, timeout);
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) reply = NULL;

  job->dismissing = TRUE;
  reply = qmp_client_execute_message (self->client, message, cancellable, &error);
  if (reply == NULL && error->domain != QMP_COMMAND_ERROR && is_linked (self))
    {
      job->dismissing = FALSE;
      return FALSE;
    }
  if (!job->gone)
    end (self, job);
  return TRUE;
}

gboolean
qmp_jobs_work (QmpJobs      *self,
               int           timeout,
               GCancellable *cancellable)
{
  QmpJob *job;

  if (!is_linked (self) || qmp_jobs_is_quiet (self))
    return FALSE;
  if (has_to_ask (self))
    return ask (self, timeout, cancellable);
  job = find (self, is_to_be_dismissed);
  return job != NULL && dismiss (self, job, timeout, cancellable);
}

/* --- starting --- */

void
qmp_jobs_expect (QmpJobs      *self,
                 QmpJobsStart *start)
{
  start->link.data = start;
  g_queue_push_tail_link (&self->starts, &start->link);
}

/* Nobody waits for the reply any more, and the command may be carried out. What was seen since has come of it; and an ID
 * that was there before was refused. */
static void
leave_start (QmpJobs    *self,
             const char *id,
             QmpJob     *job)
{
  if (job != NULL)
    qmp_job_set_ours (job);
  else if (!g_hash_table_contains (self->jobs, id))
    g_hash_table_replace (self->orphans, g_strdup (id), g_memdup2 (&self->now, sizeof self->now));
}

/* Of what was not sent nothing can come. */
static gboolean
may_be_carried_out (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) ||
         g_error_matches (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_INTERRUPTED);
}

/* The reply says that there is such a job, whatever was heard of it. */
QmpJob *
qmp_jobs_adopt (QmpJobs      *self,
                QmpJobsStart *start,
                const GError *error)
{
  g_autoptr(QmpJob) job = g_steal_pointer (&start->job);

  g_queue_unlink (&self->starts, &start->link);
  set_due (self);
  if (error != NULL)
    {
      if (job != NULL)
        job->asked = FALSE;
      if (may_be_carried_out (error))
        leave_start (self, start->id, job);
      return NULL;
    }
  if (job == NULL)
    g_set_object (&job, g_hash_table_lookup (self->jobs, start->id));
  if (job == NULL)
    job = g_object_ref (add (self, start->id));
  qmp_job_set_ours (job);
  return g_steal_pointer (&job);
}

/* --- the end --- */

void
qmp_jobs_lose (QmpJobs *self)
{
  g_autoptr(GList) jobs = g_hash_table_get_values (self->jobs);

  self->quiet_until = 0;
  g_hash_table_remove_all (self->orphans);
  for (GList *l = jobs; l != NULL; l = l->next)
    {
      qmp_job_lose (l->data, _("There is no link to the machine any more, and it is not known how the job has ended"));
      forget (self, l->data);
    }
}

static gboolean
is_any (QmpJob *job)
{
  return TRUE;
}

static void
leave (QmpJob *job)
{
  qmp_job_leave (job);
  job->queued = FALSE;
  if (!job->gone)
    qmp_job_lose (job, _("Nobody follows the job any more"));
}

static void
drop (QmpJobs *self)
{
  QmpJob *job;

  while ((job = find (self, is_any)) != NULL)
    {
      leave (job);
      g_hash_table_remove (self->jobs, job->id);
    }
  while ((job = g_queue_pop_head (&self->untold)) != NULL)
    {
      leave (job);
      g_object_unref (job);
    }
}

QmpJobs *
qmp_jobs_new (QmpClient    *client,
              QmpIoContext *io)
{
  QmpJobs *self = g_new0 (QmpJobs, 1);
  g_autoptr(QmpEventMatch) match = qmp_event_match_new (event_names);

  self->n_refs = 1;
  self->client = g_object_ref (client);
  self->io = qmp_io_context_ref (io);
  self->list = qmp_job_list_new ();
  self->jobs = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_object_unref);
  self->gone = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->orphans = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->now = 1;
  qmp_io_watch_attach (&self->todo, io, &todo_funcs, self);
  qmp_event_match_set_filter (match, see_event, self, NULL);
  self->listener = qmp_event_listener_new_for_match (match);
  qmp_client_add_listener (client, self->listener);
  self->handlers[0] = g_signal_connect (client, "event::JOB_STATUS_CHANGE", G_CALLBACK (event_cb), self);
  self->handlers[1] = g_signal_connect (client, "closed", G_CALLBACK (closed_cb), self);
  return self;
}

QmpJobs *
qmp_jobs_ref (QmpJobs *self)
{
  self->n_refs++;
  return self;
}

void
qmp_jobs_leave (QmpJobs *self)
{
  self->left = TRUE;
  if (!is_linked (self))
    qmp_jobs_lose (self);
  qmp_jobs_unref (self);
}

void
qmp_jobs_unref (QmpJobs *self)
{
  if (--self->n_refs > 0)
    return;
  g_assert (self->starts.head == NULL);

  g_signal_handler_disconnect (self->client, self->handlers[0]);
  g_signal_handler_disconnect (self->client, self->handlers[1]);
  qmp_client_remove_listener (self->client, self->listener);
  g_object_unref (self->listener);
  qmp_io_watch_detach (&self->todo);
  qmp_io_timer_clear (&self->tick);
  qmp_io_timer_clear (&self->stay);
  drop (self);
  g_hash_table_unref (self->jobs);
  g_hash_table_unref (self->gone);
  g_hash_table_unref (self->orphans);
  g_object_unref (self->list);
  qmp_io_context_unref (self->io);
  g_object_unref (self->client);
  g_free (self);
}
