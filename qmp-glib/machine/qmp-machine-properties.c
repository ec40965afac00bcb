/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-machine-private.h"

#include "qmp-enums.h"

static void
get_property (GObject    *object,
              guint       property_id,
              GValue     *value,
              GParamSpec *pspec)
{
  QmpMachine *self = QMP_MACHINE (object);

  switch (property_id)
    {
    case QMP_MACHINE_CLIENT:
      g_value_set_object (value, qmp_machine_get_client (self));
      break;
    case QMP_MACHINE_NAME:
      g_value_set_string (value, qmp_machine_get_name (self));
      break;
    case QMP_MACHINE_UUID:
      g_value_set_string (value, qmp_machine_get_uuid (self));
      break;
    case QMP_MACHINE_STATUS:
      g_value_set_enum (value, qmp_machine_get_status (self));
      break;
    case QMP_MACHINE_STATUS_NAME:
      g_value_set_string (value, qmp_machine_get_status_name (self));
      break;
    case QMP_MACHINE_RUNNING:
      g_value_set_boolean (value, qmp_machine_get_running (self));
      break;
    case QMP_MACHINE_PAUSE_EVENT:
      g_value_set_object (value, qmp_machine_get_pause_event (self));
      break;
    case QMP_MACHINE_LINK_ERROR:
      g_value_set_boxed (value, qmp_machine_get_link_error (self));
      break;
    case QMP_MACHINE_CONNECTED:
      g_value_set_boolean (value, qmp_machine_get_connected (self));
      break;
    case QMP_MACHINE_PID:
      g_value_set_int (value, qmp_machine_get_pid (self));
      break;
    case QMP_MACHINE_ALIVE:
      g_value_set_boolean (value, qmp_machine_get_alive (self));
      break;
    case QMP_MACHINE_OUTCOME:
      g_value_set_object (value, qmp_machine_get_outcome (self));
      break;
    case QMP_MACHINE_SHUT_DOWN_STAGE:
      g_value_set_enum (value, qmp_machine_get_shut_down_stage (self));
      break;
    case QMP_MACHINE_MIGRATION:
      g_value_set_object (value, qmp_machine_get_migration (self));
      break;
    case QMP_MACHINE_JOBS:
      g_value_set_object (value, qmp_machine_get_jobs (self));
      break;
    case QMP_MACHINE_PROGRESS_INTERVAL:
      g_value_set_uint (value, qmp_machine_get_progress_interval (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
set_property (GObject      *object,
              guint         property_id,
              const GValue *value,
              GParamSpec   *pspec)
{
  QmpMachine *self = QMP_MACHINE (object);

  switch (property_id)
    {
    case QMP_MACHINE_CLIENT:
      self->client = g_value_dup_object (value);
      break;
    case QMP_MACHINE_PROGRESS_INTERVAL:
      qmp_machine_set_progress_interval (self, g_value_get_uint (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

void
qmp_machine_install_properties (GObjectClass *object_class)
{
  GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->get_property = get_property;
  object_class->set_property = set_property;

  /**
   * QmpMachine:client: (getter get_client)
   *
   * The client that it stands on. Commands that the machine has no method for go over it.
   *
   * Since: 1.0
   */
  qmp_machine_properties[QMP_MACHINE_CLIENT] =
    g_param_spec_object ("client", NULL, NULL, QMP_TYPE_CLIENT,
                         G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_CONSTRUCT_ONLY);

  /**
   * QmpMachine:name: (getter get_name)
   *
   * What QEMU calls the machine: `-name`; `NULL` if it has none, or before it was asked.
   *
   * Since: 1.0
   */
  qmp_machine_properties[QMP_MACHINE_NAME] =
    g_param_spec_string ("name", NULL, NULL, NULL, readable);

  /**
   * QmpMachine:uuid: (getter get_uuid)
   *
   * The UUID of the machine, `-uuid`; `NULL` if it has none, or before it was asked.
   *
   * Since: 1.0
   */
  qmp_machine_properties[QMP_MACHINE_UUID] =
    g_param_spec_string ("uuid", NULL, NULL, NULL, readable);

  /**
   * QmpMachine:status: (getter get_status)
   *
   * Where the machine stands.
   *
   * Known since the machine was launched or opened, until its end. It follows QEMU's events at once and is corrected by what
   * QEMU answers; nothing is polled. See [Machines](machines.html).
   *
   * Since: 1.0
   */
  qmp_machine_properties[QMP_MACHINE_STATUS] =
    g_param_spec_enum ("status", NULL, NULL, QMP_TYPE_MACHINE_STATUS, QMP_MACHINE_STATUS_UNKNOWN, readable);

  /**
   * QmpMachine:status-name: (getter get_status_name)
   *
   * The name that QEMU has for [property@Machine:status], such as `running`; `NULL` if it is not known.
   *
   * Since: 1.0
   */
  qmp_machine_properties[QMP_MACHINE_STATUS_NAME] =
    g_param_spec_string ("status-name", NULL, NULL, NULL, readable);

  /**
   * QmpMachine:running: (getter get_running)
   *
   * Whether the machine runs: [property@Machine:status] is `RUNNING`.
   *
   * Since: 1.0
   */
  qmp_machine_properties[QMP_MACHINE_RUNNING] =
    g_param_spec_boolean ("running", NULL, NULL, FALSE, readable);

  /**
   * QmpMachine:pause-event: (getter get_pause_event)
   *
   * The event that has stopped the machine: `BLOCK_IO_ERROR`, `WATCHDOG`, `GUEST_PANICKED`, `SHUTDOWN`, or `STOP` itself.
   *
   * `NULL` while it runs, and if it was stopped before it was opened.
   *
   * Since: 1.0
   */
  qmp_machine_properties[QMP_MACHINE_PAUSE_EVENT] =
    g_param_spec_object ("pause-event", NULL, NULL, QMP_TYPE_EVENT, readable);

  /**
   * QmpMachine:link-error: (getter get_link_error)
   *
   * How the link has ended last, or while it is kept open ([method@Machine.keep_open]) why it cannot be opened; `NULL` while there
   * is one, before, and when the client was closed by the program.
   *
   * Since: 1.0
   */
  qmp_machine_properties[QMP_MACHINE_LINK_ERROR] =
    g_param_spec_boxed ("link-error", NULL, NULL, G_TYPE_ERROR, readable);

  /**
   * QmpMachine:connected: (getter get_connected)
   *
   * Whether there is a link, and what the machine tells was read over it.
   *
   * It is the last property that changes when a machine is launched or opened.
   *
   * Since: 1.0
   */
  qmp_machine_properties[QMP_MACHINE_CONNECTED] =
    g_param_spec_boolean ("connected", NULL, NULL, FALSE, readable);

  /**
   * QmpMachine:pid: (getter get_pid)
   *
   * The number of the process; 0 if there is none, or it is not known.
   *
   * Since: 1.0
   */
  qmp_machine_properties[QMP_MACHINE_PID] =
    g_param_spec_int ("pid", NULL, NULL, 0, G_MAXINT, 0, readable);

  /**
   * QmpMachine:alive: (getter get_alive)
   *
   * Whether there is a process that has not ended, as far as the machine knows; see [method@Machine.set_process].
   *
   * Since: 1.0
   */
  qmp_machine_properties[QMP_MACHINE_ALIVE] =
    g_param_spec_boolean ("alive", NULL, NULL, FALSE, readable);

  /**
   * QmpMachine:outcome: (getter get_outcome)
   *
   * How the last run has ended, or why it could not be launched; `NULL` before.
   *
   * It stays when the machine is launched again, until that has ended.
   *
   * Since: 1.0
   */
  qmp_machine_properties[QMP_MACHINE_OUTCOME] =
    g_param_spec_object ("outcome", NULL, NULL, QMP_TYPE_OUTCOME, readable);

  /**
   * QmpMachine:shut-down-stage: (getter get_shut_down_stage)
   *
   * How far [method@Machine.shut_down] has gone; `NONE` while nobody shuts the machine down.
   *
   * Since: 1.0
   */
  qmp_machine_properties[QMP_MACHINE_SHUT_DOWN_STAGE] =
    g_param_spec_enum ("shut-down-stage", NULL, NULL, QMP_TYPE_SHUT_DOWN_STAGE, QMP_SHUT_DOWN_STAGE_NONE, readable);

  /**
   * QmpMachine:migration: (getter get_migration)
   *
   * The migration that is under way, or the last one, whoever has started it; `NULL` if there was none.
   *
   * It stays when it has finished, also behind the end of the machine, until another one begins or another machine is launched or
   * opened here. One that the program starts is here when its command has succeeded.
   *
   * Since: 1.0
   */
  qmp_machine_properties[QMP_MACHINE_MIGRATION] =
    g_param_spec_object ("migration", NULL, NULL, QMP_TYPE_MIGRATION, readable);

  /**
   * QmpMachine:jobs: (type GListModel) (getter get_jobs)
   *
   * The jobs that there are, of [class@Job]: from the moment at which QEMU makes one until it has forgotten it, whoever has
   * started it, in the order in which they were seen.
   *
   * Since: 1.0
   */
  qmp_machine_properties[QMP_MACHINE_JOBS] =
    g_param_spec_object ("jobs", NULL, NULL, G_TYPE_LIST_MODEL, readable);

  /**
   * QmpMachine:progress-interval: (getter get_progress_interval) (setter set_progress_interval)
   *
   * How often QEMU is asked how far jobs and a migration are, in milliseconds; 0 (the default) for never.
   *
   * It is one query for all jobs and one for the migration, and only while one is at work.
   *
   * Since: 1.0
   */
  qmp_machine_properties[QMP_MACHINE_PROGRESS_INTERVAL] =
    g_param_spec_uint ("progress-interval", NULL, NULL, 0, G_MAXINT, 0,
                       G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  g_object_class_install_properties (object_class, QMP_MACHINE_N_PROPS, qmp_machine_properties);
}

/**
 * qmp_machine_get_client:
 * @self: a machine
 *
 * Gets [property@Machine:client].
 *
 * Returns: (transfer none): the client
 *
 * Since: 1.0
 */
QmpClient *
qmp_machine_get_client (QmpMachine *self)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), NULL);

  return self->client;
}

/**
 * qmp_machine_get_name:
 * @self: a machine
 *
 * Gets [property@Machine:name].
 *
 * Returns: (nullable): the name
 *
 * Since: 1.0
 */
const char *
qmp_machine_get_name (QmpMachine *self)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), NULL);

  return self->name;
}

/**
 * qmp_machine_get_uuid:
 * @self: a machine
 *
 * Gets [property@Machine:uuid].
 *
 * Returns: (nullable): the UUID
 *
 * Since: 1.0
 */
const char *
qmp_machine_get_uuid (QmpMachine *self)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), NULL);

  return self->uuid;
}

/**
 * qmp_machine_get_status:
 * @self: a machine
 *
 * Gets [property@Machine:status].
 *
 * Returns: the status
 *
 * Since: 1.0
 */
QmpMachineStatus
qmp_machine_get_status (QmpMachine *self)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), QMP_MACHINE_STATUS_UNKNOWN);

  return self->status.value;
}

/**
 * qmp_machine_get_status_name:
 * @self: a machine
 *
 * Gets [property@Machine:status-name].
 *
 * Returns: (nullable): the name
 *
 * Since: 1.0
 */
const char *
qmp_machine_get_status_name (QmpMachine *self)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), NULL);

  return self->status.name;
}

/**
 * qmp_machine_get_running:
 * @self: a machine
 *
 * Gets [property@Machine:running].
 *
 * Returns: whether it runs
 *
 * Since: 1.0
 */
gboolean
qmp_machine_get_running (QmpMachine *self)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), FALSE);

  return self->status.value == QMP_MACHINE_STATUS_RUNNING;
}

/**
 * qmp_machine_get_pause_event:
 * @self: a machine
 *
 * Gets [property@Machine:pause-event].
 *
 * Returns: (transfer none) (nullable): the event
 *
 * Since: 1.0
 */
QmpEvent *
qmp_machine_get_pause_event (QmpMachine *self)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), NULL);

  return self->status.pause_event;
}

/**
 * qmp_machine_get_link_error:
 * @self: a machine
 *
 * Gets [property@Machine:link-error].
 *
 * Returns: (nullable): the error
 *
 * Since: 1.0
 */
const GError *
qmp_machine_get_link_error (QmpMachine *self)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), NULL);

  return self->link_error;
}

/**
 * qmp_machine_get_connected:
 * @self: a machine
 *
 * Gets [property@Machine:connected].
 *
 * Returns: whether it is connected
 *
 * Since: 1.0
 */
gboolean
qmp_machine_get_connected (QmpMachine *self)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), FALSE);

  /* A blocking call of the client's may have seen its end, of which the machine is told later. */
  return self->connected && qmp_client_is_linked (self->client);
}

/**
 * qmp_machine_get_pid:
 * @self: a machine
 *
 * Gets [property@Machine:pid].
 *
 * Returns: the number of the process, or 0
 *
 * Since: 1.0
 */
int
qmp_machine_get_pid (QmpMachine *self)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), 0);

  return self->run != NULL && self->run->process != NULL ? qmp_process_get_pid (self->run->process) : 0;
}

/**
 * qmp_machine_get_alive:
 * @self: a machine
 *
 * Gets [property@Machine:alive].
 *
 * Returns: whether there is a process
 *
 * Since: 1.0
 */
gboolean
qmp_machine_get_alive (QmpMachine *self)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), FALSE);

  return self->run != NULL && self->run->process != NULL;
}

/**
 * qmp_machine_get_outcome:
 * @self: a machine
 *
 * Gets [property@Machine:outcome].
 *
 * Returns: (transfer none) (nullable): the outcome
 *
 * Since: 1.0
 */
QmpOutcome *
qmp_machine_get_outcome (QmpMachine *self)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), NULL);

  return self->outcome;
}

/**
 * qmp_machine_get_shut_down_stage:
 * @self: a machine
 *
 * Gets [property@Machine:shut-down-stage].
 *
 * Returns: the stage
 *
 * Since: 1.0
 */
QmpShutDownStage
qmp_machine_get_shut_down_stage (QmpMachine *self)
{
  g_return_val_if_fail (QMP_IS_MACHINE (self), QMP_SHUT_DOWN_STAGE_NONE);

  return self->run != NULL ? self->run->shutdown.stage : QMP_SHUT_DOWN_STAGE_NONE;
}
