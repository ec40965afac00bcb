/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-machine-result-private.h"

/**
 * QmpMachineResult:
 *
 * What has come of one machine, where something was done with all of a [class@MachineList].
 *
 * It does not change.
 *
 * Since: 1.0
 */

struct _QmpMachineResult {
  GObject          parent_instance;

  QmpMachineEntry *entry;
  QmpOutcome      *outcome;  /* nullable */
  GError          *error;    /* nullable */
};

enum {
  PROP_0,
  PROP_ENTRY,
  PROP_OUTCOME,
  PROP_ERROR,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (QmpMachineResult, qmp_machine_result, G_TYPE_OBJECT)

QmpMachineResult *
qmp_machine_result_new (QmpMachineEntry *entry,
                        QmpOutcome      *outcome,
                        GError          *error)
{
  QmpMachineResult *self = g_object_new (QMP_TYPE_MACHINE_RESULT, NULL);

  self->entry = g_object_ref (entry);
  self->outcome = outcome;
  self->error = error;
  return self;
}

static void
get_property (GObject    *object,
              guint       property_id,
              GValue     *value,
              GParamSpec *pspec)
{
  QmpMachineResult *self = QMP_MACHINE_RESULT (object);

  switch (property_id)
    {
    case PROP_ENTRY:
      g_value_set_object (value, self->entry);
      break;
    case PROP_OUTCOME:
      g_value_set_object (value, self->outcome);
      break;
    case PROP_ERROR:
      g_value_set_boxed (value, self->error);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
qmp_machine_result_finalize (GObject *object)
{
  QmpMachineResult *self = QMP_MACHINE_RESULT (object);

  g_clear_object (&self->entry);
  g_clear_object (&self->outcome);
  g_clear_error (&self->error);

  G_OBJECT_CLASS (qmp_machine_result_parent_class)->finalize (object);
}

static void
qmp_machine_result_class_init (QmpMachineResultClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = get_property;
  object_class->finalize = qmp_machine_result_finalize;

  /**
   * QmpMachineResult:entry: (getter get_entry)
   *
   * Which machine it was. It may have left the list since.
   *
   * Since: 1.0
   */
  properties[PROP_ENTRY] = g_param_spec_object ("entry", NULL, NULL, QMP_TYPE_MACHINE_ENTRY, flags);

  /**
   * QmpMachineResult:outcome: (getter get_outcome)
   *
   * How it has ended; `NULL` if that has failed.
   *
   * Since: 1.0
   */
  properties[PROP_OUTCOME] = g_param_spec_object ("outcome", NULL, NULL, QMP_TYPE_OUTCOME, flags);

  /**
   * QmpMachineResult:error: (getter get_error)
   *
   * Why it has failed; `NULL` if it has not.
   *
   * Since: 1.0
   */
  properties[PROP_ERROR] = g_param_spec_boxed ("error", NULL, NULL, G_TYPE_ERROR, flags);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
qmp_machine_result_init (QmpMachineResult *self)
{
}

/**
 * qmp_machine_result_get_entry: (get-property entry)
 * @self: a result
 *
 * Gets which machine it was: see [property@MachineResult:entry].
 *
 * Returns: (transfer none): the entry
 *
 * Since: 1.0
 */
QmpMachineEntry *
qmp_machine_result_get_entry (QmpMachineResult *self)
{
  g_return_val_if_fail (QMP_IS_MACHINE_RESULT (self), NULL);

  return self->entry;
}

/**
 * qmp_machine_result_get_outcome: (get-property outcome)
 * @self: a result
 *
 * Gets how it has ended: see [property@MachineResult:outcome].
 *
 * Returns: (nullable) (transfer none): the outcome
 *
 * Since: 1.0
 */
QmpOutcome *
qmp_machine_result_get_outcome (QmpMachineResult *self)
{
  g_return_val_if_fail (QMP_IS_MACHINE_RESULT (self), NULL);

  return self->outcome;
}

/**
 * qmp_machine_result_get_error: (get-property error)
 * @self: a result
 *
 * Gets why it has failed: see [property@MachineResult:error].
 *
 * Returns: (nullable) (transfer none): the error
 *
 * Since: 1.0
 */
const GError *
qmp_machine_result_get_error (QmpMachineResult *self)
{
  g_return_val_if_fail (QMP_IS_MACHINE_RESULT (self), NULL);

  return self->error;
}
