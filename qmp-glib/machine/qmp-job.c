/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-job-private.h"

#include <glib/gi18n-lib.h>

#include <qmp-glib/qmp-machine.h>

#include "machine/qmp-member-private.h"
#include "qmp-enums.h"

/**
 * QmpJob:
 *
 * A job of QEMU: a backup, a mirror, a snapshot, or whatever else takes its time there.
 *
 * A program does not make jobs. [method@Machine.start_job_async] gives the one that a command has started, and
 * [property@Machine:jobs] lists all that there are, also those that somebody else has started.
 *
 * ```c
 * g_autoptr(QmpMessage) backup = qmp_message_new_parsed ("blockdev-backup", NULL,
 *   "{'job-id': 'backup', 'device': 'disk', 'target': 'copy', 'sync': 'full'}");
 * g_autoptr(QmpJob) job = qmp_machine_start_job (machine, backup, NULL, &error);
 *
 * if (job == NULL || !qmp_job_wait (job, QMP_TIMEOUT_NONE, NULL, &error))
 *   return FALSE;
 * ```
 *
 * ## How it ends
 *
 * QEMU calls a job concluded whether it has succeeded, failed or was cancelled. What has become of it is in
 * [property@Job:error], which is `NULL` for success, and is known when [property@Job:finished] is `TRUE`. A job that was started here is
 * dismissed then, so its ID is free again; one of somebody else's is left to them.
 *
 * A job keeps what is known of it as long as somebody holds it, also when QEMU has forgotten it.
 *
 * ## Progress
 *
 * No event tells how far a job is. [property@Machine:progress-interval] says how often QEMU is asked for that;
 * without it the figures are those of the beginning and of the end.
 *
 * Like its machine a job belongs to the thread that made that.
 *
 * Since: 1.0
 */

enum {
  PROP_0,
  PROP_ID,
  PROP_JOB_TYPE,
  PROP_STATUS,
  PROP_STATUS_NAME,
  PROP_READY,
  PROP_FINISHED,
  PROP_CANCELLED,
  PROP_ERROR,
  PROP_CURRENT,
  PROP_TOTAL,
  PROP_FRACTION,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (QmpJob, qmp_job, G_TYPE_OBJECT)

/* What strerror() says there, and QEMU with it, of a job that was cancelled. */
#define CANCELED "Operation canceled"

/* --- what is known --- */

static void
touch (QmpJob *self,
       guint   property)
{
  self->changed |= 1u << property;
  if (self->owner != NULL)
    self->funcs->touched (self->owner, self);
}

static void
update_finished (QmpJob *self)
{
  if (self->finished || !self->settled || (self->ours && !self->gone))
    return;
  self->finished = TRUE;
  touch (self, PROP_FINISHED);
  touch (self, PROP_FRACTION);
}

/* Takes error, which is nullable. */
static void
settle (QmpJob *self,
        GError *error)
{
  self->settled = TRUE;
  self->error = error;
  self->cancelled = g_error_matches (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_JOB_CANCELLED);
  if (error != NULL)
    touch (self, PROP_ERROR);
  if (self->cancelled)
    touch (self, PROP_CANCELLED);
  update_finished (self);
}

static GError *
new_cancelled (void)
{
  return g_error_new_literal (QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_JOB_CANCELLED, _("The job was cancelled"));
}

/* What query-jobs has said of one that is concluded. text: nullable. */
static void
settle_by_text (QmpJob     *self,
                const char *text)
{
  if (self->was_cancelled || g_strcmp0 (text, CANCELED) == 0)
    settle (self, new_cancelled ());
  else if (text != NULL)
    settle (self, g_error_new_literal (QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_JOB, text));
  else
    settle (self, NULL);
}

/* Without that. Of a job that is not a block job events do not say why it has failed. */
static void
settle_by_events (QmpJob     *self,
                  const char *reason)
{
  if (self->was_cancelled || self->was_completed)
    settle_by_text (self, self->failure);
  else if (self->was_aborting)
    settle (self, g_error_new_literal (QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_JOB,
                                       _("The job has failed, and QEMU did not keep the reason")));
  else if (self->status == QMP_JOB_STATUS_CONCLUDED)
    settle (self, NULL);
  else
    settle (self, g_error_new_literal (QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_LOST, reason));
}

static QmpJobStatus
parse_status (const char *name)
{
  g_autoptr(GEnumClass) values = g_type_class_ref (QMP_TYPE_JOB_STATUS);
  GEnumValue *value = g_enum_get_value_by_nick (values, name);

  return value != NULL ? (QmpJobStatus) value->value : QMP_JOB_STATUS_UNKNOWN;
}

static void
take_status (QmpJob     *self,
             const char *name)
{
  gboolean was_ready = qmp_job_get_ready (self);

  if (g_strcmp0 (self->status_name, name) == 0)
    return;
  g_free (self->status_name);
  self->status_name = g_strdup (name);
  self->status = parse_status (name);
  self->was_aborting |= self->status == QMP_JOB_STATUS_ABORTING;
  touch (self, PROP_STATUS);
  touch (self, PROP_STATUS_NAME);
  if (qmp_job_get_ready (self) != was_ready)
    touch (self, PROP_READY);
}

void
qmp_job_set_status (QmpJob     *self,
                    const char *name)
{
  if (parse_status (name) == QMP_JOB_STATUS_NULL)
    qmp_job_set_gone (self);
  take_status (self, name);
}

void
qmp_job_set_gone (QmpJob *self)
{
  self->gone = TRUE;
  if (!self->settled)
    settle_by_events (self, _("The job is gone, and it is not known how it has ended"));
  update_finished (self);
  if (self->owner != NULL)
    self->funcs->touched (self->owner, self);
}

void
qmp_job_lose (QmpJob     *self,
              const char *reason)
{
  self->gone = TRUE;
  if (!self->settled)
    settle_by_events (self, reason);
  update_finished (self);
  if (self->owner != NULL)
    self->funcs->touched (self->owner, self);
}

void
qmp_job_leave (QmpJob *self)
{
  self->owner = NULL;
  g_clear_object (&self->client);
}

void
qmp_job_set_ours (QmpJob *self)
{
  self->ours = TRUE;
}

static void
take_type (QmpJob     *self,
           const char *job_type)
{
  if (job_type == NULL || self->job_type != NULL)
    return;
  self->job_type = g_strdup (job_type);
  touch (self, PROP_JOB_TYPE);
}

static void
take_figure (QmpJob   *self,
             JsonNode *from,
             const char *name,
             gint64   *figure,
             guint     property)
{
  gint64 value = qmp_member_get_int (from, name, *figure);

  if (value == *figure)
    return;
  *figure = value;
  touch (self, property);
  touch (self, PROP_FRACTION);
}

void
qmp_job_take_event (QmpJob   *self,
                    QmpEvent *event)
{
  const char *name = qmp_event_get_name (event);
  JsonNode *data = qmp_event_get_data (event);

  take_type (self, qmp_member_get_string (data, "type"));
  take_figure (self, data, "offset", &self->current, PROP_CURRENT);
  take_figure (self, data, "len", &self->total, PROP_TOTAL);
  if (g_str_equal (name, "BLOCK_JOB_CANCELLED"))
    self->was_cancelled = TRUE;
  if (!g_str_equal (name, "BLOCK_JOB_COMPLETED"))
    return;
  self->was_completed = TRUE;
  g_free (self->failure);
  self->failure = g_strdup (qmp_member_get_string (data, "error"));
}

void
qmp_job_take_entry (QmpJob   *self,
                    JsonNode *entry)
{
  const char *status = qmp_member_get_string (entry, "status");

  take_type (self, qmp_member_get_string (entry, "type"));
  take_figure (self, entry, "current-progress", &self->current, PROP_CURRENT);
  take_figure (self, entry, "total-progress", &self->total, PROP_TOTAL);
  if (!self->settled && g_strcmp0 (status, "concluded") == 0)
    settle_by_text (self, qmp_member_get_string (entry, "error"));
}

gboolean
qmp_job_is_at_work (QmpJob *self)
{
  return self->status == QMP_JOB_STATUS_RUNNING || self->status == QMP_JOB_STATUS_READY;
}

void
qmp_job_notify (QmpJob *self)
{
  guint changed = self->changed;

  self->changed = 0;
  g_object_freeze_notify (G_OBJECT (self));
  for (guint i = PROP_ID; i < N_PROPS; i++)
    if ((changed & 1u << i) != 0)
      g_object_notify_by_pspec (G_OBJECT (self), properties[i]);
  g_object_thaw_notify (G_OBJECT (self));
}

/* --- the object --- */

static void
get_property (GObject    *object,
              guint       property_id,
              GValue     *value,
              GParamSpec *pspec)
{
  QmpJob *self = QMP_JOB (object);

  switch (property_id)
    {
    case PROP_ID:
      g_value_set_string (value, self->id);
      break;
    case PROP_JOB_TYPE:
      g_value_set_string (value, self->job_type);
      break;
    case PROP_STATUS:
      g_value_set_enum (value, self->status);
      break;
    case PROP_STATUS_NAME:
      g_value_set_string (value, self->status_name);
      break;
    case PROP_READY:
      g_value_set_boolean (value, qmp_job_get_ready (self));
      break;
    case PROP_FINISHED:
      g_value_set_boolean (value, self->finished);
      break;
    case PROP_CANCELLED:
      g_value_set_boolean (value, self->cancelled);
      break;
    case PROP_ERROR:
      g_value_set_boxed (value, self->error);
      break;
    case PROP_CURRENT:
      g_value_set_int64 (value, self->current);
      break;
    case PROP_TOTAL:
      g_value_set_int64 (value, self->total);
      break;
    case PROP_FRACTION:
      g_value_set_double (value, qmp_job_get_fraction (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
qmp_job_finalize (GObject *object)
{
  QmpJob *self = QMP_JOB (object);

  g_assert (self->waits.head == NULL);

  g_clear_object (&self->client);
  g_clear_pointer (&self->io, qmp_io_context_unref);
  g_free (self->id);
  g_free (self->job_type);
  g_free (self->status_name);
  g_free (self->failure);
  g_clear_error (&self->error);

  G_OBJECT_CLASS (qmp_job_parent_class)->finalize (object);
}

static void
install_texts (void)
{
  GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * QmpJob:id: (getter get_id)
   *
   * The name that the job was started with, as `job-id`.
   *
   * Since: 1.0
   */
  properties[PROP_ID] = g_param_spec_string ("id", NULL, NULL, NULL, readable);

  /**
   * QmpJob:job-type: (getter get_job_type)
   *
   * What it does, in QEMU's word: `backup`, `mirror`, `commit`, `stream`, `create`, `snapshot-save` and others.
   *
   * It is `NULL` until QEMU has told it, which is soon after the job was seen first.
   *
   * Since: 1.0
   */
  properties[PROP_JOB_TYPE] = g_param_spec_string ("job-type", NULL, NULL, NULL, readable);

  /**
   * QmpJob:status: (getter get_status)
   *
   * Where it stands.
   *
   * `CONCLUDED` is success, failure and cancellation; `PAUSED` comes and goes without anybody's asking.
   *
   * Since: 1.0
   */
  properties[PROP_STATUS] =
    g_param_spec_enum ("status", NULL, NULL, QMP_TYPE_JOB_STATUS, QMP_JOB_STATUS_UNKNOWN, readable);

  /**
   * QmpJob:status-name: (getter get_status_name)
   *
   * Where it stands, in QEMU's word, whether or not this version of the library knows it.
   *
   * Since: 1.0
   */
  properties[PROP_STATUS_NAME] = g_param_spec_string ("status-name", NULL, NULL, NULL, readable);

  /**
   * QmpJob:error: (getter get_error)
   *
   * Why it has not succeeded, or `NULL`.
   *
   * It is `QMP_MACHINE_ERROR_JOB` with QEMU's text, `QMP_MACHINE_ERROR_JOB_CANCELLED`, or `QMP_MACHINE_ERROR_LOST` when
   * nobody knows what has become of it.
   *
   * Since: 1.0
   */
  properties[PROP_ERROR] = g_param_spec_boxed ("error", NULL, NULL, G_TYPE_ERROR, readable);
}

static void
install_booleans (void)
{
  GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * QmpJob:ready: (getter get_ready)
   *
   * Whether it is ready to be completed, and waits for that. Only mirrors and commits of an active disk become ready.
   *
   * Since: 1.0
   */
  properties[PROP_READY] = g_param_spec_boolean ("ready", NULL, NULL, FALSE, readable);

  /**
   * QmpJob:finished: (getter get_finished)
   *
   * Whether it has ended, with success or not; [property@Job:error] says which.
   *
   * A job that was started by the machine is dismissed by then.
   *
   * Since: 1.0
   */
  properties[PROP_FINISHED] = g_param_spec_boolean ("finished", NULL, NULL, FALSE, readable);

  /**
   * QmpJob:cancelled: (getter get_cancelled)
   *
   * Whether it has ended because it was cancelled, by whomever.
   *
   * QEMU cancels its jobs before it quits. A mirror that is ready and was ended by `block-job-cancel` has succeeded.
   *
   * Since: 1.0
   */
  properties[PROP_CANCELLED] = g_param_spec_boolean ("cancelled", NULL, NULL, FALSE, readable);
}

static void
install_figures (void)
{
  GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * QmpJob:current: (getter get_current)
   *
   * How much is done, of [property@Job:total]: bytes of a block job, otherwise what QEMU pleases.
   *
   * Since: 1.0
   */
  properties[PROP_CURRENT] = g_param_spec_int64 ("current", NULL, NULL, G_MININT64, G_MAXINT64, 0, readable);

  /**
   * QmpJob:total: (getter get_total)
   *
   * How much there is to do, as far as QEMU knows by now; 0 if that is not known. It may grow.
   *
   * Since: 1.0
   */
  properties[PROP_TOTAL] = g_param_spec_int64 ("total", NULL, NULL, G_MININT64, G_MAXINT64, 0, readable);

  /**
   * QmpJob:fraction: (getter get_fraction)
   *
   * How much is done, from 0 to 1: 1 for a job that has succeeded, 0 while nothing is known.
   *
   * Since: 1.0
   */
  properties[PROP_FRACTION] = g_param_spec_double ("fraction", NULL, NULL, 0, 1, 0, readable);
}

static void
qmp_job_class_init (QmpJobClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = get_property;
  object_class->finalize = qmp_job_finalize;
  install_texts ();
  install_booleans ();
  install_figures ();
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

/* One that a program makes by itself is nobody's. */
static void
qmp_job_init (QmpJob *self)
{
  self->id = g_strdup ("");
  self->gone = TRUE;
  self->settled = TRUE;
  self->finished = TRUE;
}

QmpJob *
qmp_job_new (const char        *id,
             QmpClient         *client,
             QmpIoContext      *io,
             const QmpJobFuncs *funcs,
             gpointer           owner)
{
  QmpJob *self = g_object_new (QMP_TYPE_JOB, NULL);

  g_free (self->id);
  self->id = g_strdup (id);
  self->gone = FALSE;
  self->settled = FALSE;
  self->finished = FALSE;
  self->client = g_object_ref (client);
  self->io = qmp_io_context_ref (io);
  self->funcs = funcs;
  self->owner = owner;
  self->thread = g_thread_self ();
  return self;
}

/* --- getters --- */

/**
 * qmp_job_is_owner_thread:
 * @self: a job
 *
 * Tells whether this is the thread that the job belongs to, which is its machine's. May be called in any thread.
 *
 * Returns: `TRUE` if the job's methods may be called here
 *
 * Since: 1.0
 */
gboolean
qmp_job_is_owner_thread (QmpJob *self)
{
  g_return_val_if_fail (QMP_IS_JOB (self), FALSE);

  return self->thread == NULL || self->thread == g_thread_self ();
}

/**
 * qmp_job_get_id: (get-property id)
 * @self: a job
 *
 * Gets the value of [property@Job:id].
 *
 * Returns: (transfer none): its ID
 *
 * Since: 1.0
 */
const char *
qmp_job_get_id (QmpJob *self)
{
  g_return_val_if_fail (QMP_IS_JOB (self), NULL);

  return self->id;
}

/**
 * qmp_job_get_job_type: (get-property job-type)
 * @self: a job
 *
 * Gets the value of [property@Job:job-type].
 *
 * Returns: (transfer none) (nullable): what it does
 *
 * Since: 1.0
 */
const char *
qmp_job_get_job_type (QmpJob *self)
{
  g_return_val_if_fail (QMP_IS_JOB (self), NULL);

  return self->job_type;
}

/**
 * qmp_job_get_status: (get-property status)
 * @self: a job
 *
 * Gets the value of [property@Job:status].
 *
 * Returns: where it stands
 *
 * Since: 1.0
 */
QmpJobStatus
qmp_job_get_status (QmpJob *self)
{
  g_return_val_if_fail (QMP_IS_JOB (self), QMP_JOB_STATUS_UNKNOWN);

  return self->status;
}

/**
 * qmp_job_get_status_name: (get-property status-name)
 * @self: a job
 *
 * Gets the value of [property@Job:status-name].
 *
 * Returns: (transfer none) (nullable): where it stands; `NULL` if that is not known yet
 *
 * Since: 1.0
 */
const char *
qmp_job_get_status_name (QmpJob *self)
{
  g_return_val_if_fail (QMP_IS_JOB (self), NULL);

  return self->status_name;
}

/**
 * qmp_job_get_ready: (get-property ready)
 * @self: a job
 *
 * Gets the value of [property@Job:ready].
 *
 * Returns: `TRUE` if it can be completed
 *
 * Since: 1.0
 */
gboolean
qmp_job_get_ready (QmpJob *self)
{
  g_return_val_if_fail (QMP_IS_JOB (self), FALSE);

  return self->status == QMP_JOB_STATUS_READY || self->status == QMP_JOB_STATUS_STANDBY;
}

/**
 * qmp_job_get_finished: (get-property finished)
 * @self: a job
 *
 * Gets the value of [property@Job:finished].
 *
 * Returns: `TRUE` if it has ended
 *
 * Since: 1.0
 */
gboolean
qmp_job_get_finished (QmpJob *self)
{
  g_return_val_if_fail (QMP_IS_JOB (self), FALSE);

  return self->finished;
}

/**
 * qmp_job_get_cancelled: (get-property cancelled)
 * @self: a job
 *
 * Gets the value of [property@Job:cancelled].
 *
 * Returns: `TRUE` if it has ended because it was cancelled
 *
 * Since: 1.0
 */
gboolean
qmp_job_get_cancelled (QmpJob *self)
{
  g_return_val_if_fail (QMP_IS_JOB (self), FALSE);

  return self->cancelled;
}

/**
 * qmp_job_get_error: (get-property error)
 * @self: a job
 *
 * Gets the value of [property@Job:error].
 *
 * Returns: (transfer none) (nullable): why it has not succeeded
 *
 * Since: 1.0
 */
const GError *
qmp_job_get_error (QmpJob *self)
{
  g_return_val_if_fail (QMP_IS_JOB (self), NULL);

  return self->error;
}

/**
 * qmp_job_get_current: (get-property current)
 * @self: a job
 *
 * Gets the value of [property@Job:current].
 *
 * Returns: how much is done
 *
 * Since: 1.0
 */
gint64
qmp_job_get_current (QmpJob *self)
{
  g_return_val_if_fail (QMP_IS_JOB (self), 0);

  return self->current;
}

/**
 * qmp_job_get_total: (get-property total)
 * @self: a job
 *
 * Gets the value of [property@Job:total].
 *
 * Returns: how much there is to do
 *
 * Since: 1.0
 */
gint64
qmp_job_get_total (QmpJob *self)
{
  g_return_val_if_fail (QMP_IS_JOB (self), 0);

  return self->total;
}

/**
 * qmp_job_get_fraction: (get-property fraction)
 * @self: a job
 *
 * Gets the value of [property@Job:fraction].
 *
 * Returns: how much is done, from 0 to 1
 *
 * Since: 1.0
 */
double
qmp_job_get_fraction (QmpJob *self)
{
  g_return_val_if_fail (QMP_IS_JOB (self), 0);

  if (self->finished && self->error == NULL)
    return 1;
  return self->total > 0 ? CLAMP ((double) self->current / self->total, 0, 1) : 0;
}
