/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-outcome-private.h"

#include "qmp-enums.h"

/**
 * QmpOutcome:
 *
 * How a machine has ended, or why it could not be launched.
 *
 * [property@Machine:outcome] and [signal@Machine::ended] have it. It does not change.
 *
 * Since: 1.0
 */

struct _QmpOutcome {
  GObject           parent_instance;

  QmpOutcomeReason  reason;
  char             *text;
  gboolean          by_guest;
  gboolean          by_us;
  int               exit_status;
  int               signal;
  char             *output;
  gboolean          clean;
  QmpShutDownStage  stage;
};

enum {
  PROP_0,
  PROP_REASON,
  PROP_TEXT,
  PROP_BY_GUEST,
  PROP_BY_US,
  PROP_EXIT_STATUS,
  PROP_SIGNAL,
  PROP_OUTPUT,
  PROP_CLEAN,
  PROP_STAGE,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (QmpOutcome, qmp_outcome, G_TYPE_OBJECT)

static void
qmp_outcome_finalize (GObject *object)
{
  QmpOutcome *self = QMP_OUTCOME (object);

  g_free (self->text);
  g_free (self->output);

  G_OBJECT_CLASS (qmp_outcome_parent_class)->finalize (object);
}

static void
get_property (GObject    *object,
              guint       property_id,
              GValue     *value,
              GParamSpec *pspec)
{
  QmpOutcome *self = QMP_OUTCOME (object);

  switch (property_id)
    {
    case PROP_REASON:
      g_value_set_enum (value, self->reason);
      break;
    case PROP_TEXT:
      g_value_set_string (value, self->text);
      break;
    case PROP_BY_GUEST:
      g_value_set_boolean (value, self->by_guest);
      break;
    case PROP_BY_US:
      g_value_set_boolean (value, self->by_us);
      break;
    case PROP_EXIT_STATUS:
      g_value_set_int (value, self->exit_status);
      break;
    case PROP_SIGNAL:
      g_value_set_int (value, self->signal);
      break;
    case PROP_OUTPUT:
      g_value_set_string (value, self->output);
      break;
    case PROP_CLEAN:
      g_value_set_boolean (value, self->clean);
      break;
    case PROP_STAGE:
      g_value_set_enum (value, self->stage);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
install_properties (GObjectClass *object_class)
{
  GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  /**
   * QmpOutcome:reason: (getter get_reason)
   *
   * Why it has ended, as far as this version of the library knows the reason.
   *
   * Since: 1.0
   */
  properties[PROP_REASON] =
    g_param_spec_enum ("reason", NULL, NULL, QMP_TYPE_OUTCOME_REASON, QMP_OUTCOME_REASON_UNKNOWN, readable);

  /**
   * QmpOutcome:text: (getter get_text)
   *
   * Why it has ended, in QEMU's word, such as `guest-shutdown`, or in one of those that [enum@OutcomeReason] has.
   *
   * Since: 1.0
   */
  properties[PROP_TEXT] =
    g_param_spec_string ("text", NULL, NULL, NULL, readable);

  /**
   * QmpOutcome:by-guest: (getter get_by_guest)
   *
   * Whether the guest has done it, as QEMU says.
   *
   * Since: 1.0
   */
  properties[PROP_BY_GUEST] =
    g_param_spec_boolean ("by-guest", NULL, NULL, FALSE, readable);

  /**
   * QmpOutcome:by-us: (getter get_by_us)
   *
   * Whether the machine was told to quit, or was killed, by a method of [class@Machine] itself.
   *
   * Since: 1.0
   */
  properties[PROP_BY_US] =
    g_param_spec_boolean ("by-us", NULL, NULL, FALSE, readable);

  /**
   * QmpOutcome:exit-status: (getter get_exit_status)
   *
   * The exit status of the process; -1 if a signal has ended it, if nobody knows, and without a process.
   *
   * 0 says nothing: QEMU has it whether the guest has turned itself off, has panicked, or was told to quit.
   *
   * Since: 1.0
   */
  properties[PROP_EXIT_STATUS] =
    g_param_spec_int ("exit-status", NULL, NULL, -1, G_MAXINT, -1, readable);

  /**
   * QmpOutcome:signal: (getter get_signal)
   *
   * The signal that has ended the process; 0 if none has.
   *
   * Since: 1.0
   */
  properties[PROP_SIGNAL] =
    g_param_spec_int ("signal", NULL, NULL, 0, G_MAXINT, 0, readable);

  /**
   * QmpOutcome:output: (getter get_output)
   *
   * The end of what the process has said on its standard error; empty without a process that was launched.
   *
   * Since: 1.0
   */
  properties[PROP_OUTPUT] =
    g_param_spec_string ("output", NULL, NULL, NULL, readable);

  /**
   * QmpOutcome:clean: (getter get_clean)
   *
   * Whether it was an orderly end: QEMU has said why, or was told to quit, and the exit status is 0 as far as there is one.
   *
   * Since: 1.0
   */
  properties[PROP_CLEAN] =
    g_param_spec_boolean ("clean", NULL, NULL, FALSE, readable);

  /**
   * QmpOutcome:stage: (getter get_stage)
   *
   * Which stage of [method@Machine.shut_down] has done it; `NONE` if it was not being shut down.
   *
   * Since: 1.0
   */
  properties[PROP_STAGE] =
    g_param_spec_enum ("stage", NULL, NULL, QMP_TYPE_SHUT_DOWN_STAGE, QMP_SHUT_DOWN_STAGE_NONE, readable);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
qmp_outcome_class_init (QmpOutcomeClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = qmp_outcome_finalize;
  object_class->get_property = get_property;
  install_properties (object_class);
}

static void
qmp_outcome_init (QmpOutcome *self)
{
}

static QmpOutcomeReason
parse_reason (const char *text)
{
  g_autoptr(GEnumClass) reasons = g_type_class_ref (QMP_TYPE_OUTCOME_REASON);
  GEnumValue *value = g_enum_get_value_by_nick (reasons, text);

  return value != NULL ? (QmpOutcomeReason) value->value : QMP_OUTCOME_REASON_UNKNOWN;
}

static const char *
find_reason (const QmpOutcomeFacts *facts)
{
  if (facts->reason != NULL)
    return facts->reason;
  if (facts->process == NULL || !facts->process->known)
    return "lost";
  return facts->process->signal != 0 ? "killed" : "exited";
}

QmpOutcome *
qmp_outcome_new (const QmpOutcomeFacts *facts)
{
  QmpOutcome *self = g_object_new (QMP_TYPE_OUTCOME, NULL);
  gboolean known = facts->process != NULL && facts->process->known;

  self->text = g_strdup (find_reason (facts));
  self->reason = parse_reason (self->text);
  self->by_guest = facts->by_guest;
  self->by_us = facts->by_us;
  self->exit_status = known ? facts->process->exit_status : -1;
  self->signal = known ? facts->process->signal : 0;
  self->output = g_strdup (facts->output != NULL ? facts->output : "");
  self->stage = facts->stage;
  self->clean = (facts->reason != NULL || facts->by_us) && (!known || self->exit_status == 0) &&
                self->reason != QMP_OUTCOME_REASON_MIGRATION_FAILED && self->reason != QMP_OUTCOME_REASON_LOST;
  return self;
}

/* --- the public face --- */

/**
 * qmp_outcome_get_reason:
 * @self: an outcome
 *
 * Gets [property@Outcome:reason].
 *
 * Returns: why
 *
 * Since: 1.0
 */
QmpOutcomeReason
qmp_outcome_get_reason (QmpOutcome *self)
{
  g_return_val_if_fail (QMP_IS_OUTCOME (self), QMP_OUTCOME_REASON_UNKNOWN);

  return self->reason;
}

/**
 * qmp_outcome_get_text:
 * @self: an outcome
 *
 * Gets [property@Outcome:text].
 *
 * Returns: why, in a word
 *
 * Since: 1.0
 */
const char *
qmp_outcome_get_text (QmpOutcome *self)
{
  g_return_val_if_fail (QMP_IS_OUTCOME (self), NULL);

  return self->text;
}

/**
 * qmp_outcome_get_by_guest:
 * @self: an outcome
 *
 * Gets [property@Outcome:by-guest].
 *
 * Returns: whether the guest has done it
 *
 * Since: 1.0
 */
gboolean
qmp_outcome_get_by_guest (QmpOutcome *self)
{
  g_return_val_if_fail (QMP_IS_OUTCOME (self), FALSE);

  return self->by_guest;
}

/**
 * qmp_outcome_get_by_us:
 * @self: an outcome
 *
 * Gets [property@Outcome:by-us].
 *
 * Returns: whether the program has done it
 *
 * Since: 1.0
 */
gboolean
qmp_outcome_get_by_us (QmpOutcome *self)
{
  g_return_val_if_fail (QMP_IS_OUTCOME (self), FALSE);

  return self->by_us;
}

/**
 * qmp_outcome_get_exit_status:
 * @self: an outcome
 *
 * Gets [property@Outcome:exit-status].
 *
 * Returns: the exit status, or -1
 *
 * Since: 1.0
 */
int
qmp_outcome_get_exit_status (QmpOutcome *self)
{
  g_return_val_if_fail (QMP_IS_OUTCOME (self), 0);

  return self->exit_status;
}

/**
 * qmp_outcome_get_signal:
 * @self: an outcome
 *
 * Gets [property@Outcome:signal].
 *
 * Returns: the signal, or 0
 *
 * Since: 1.0
 */
int
qmp_outcome_get_signal (QmpOutcome *self)
{
  g_return_val_if_fail (QMP_IS_OUTCOME (self), 0);

  return self->signal;
}

/**
 * qmp_outcome_get_output:
 * @self: an outcome
 *
 * Gets [property@Outcome:output].
 *
 * Returns: what it has said
 *
 * Since: 1.0
 */
const char *
qmp_outcome_get_output (QmpOutcome *self)
{
  g_return_val_if_fail (QMP_IS_OUTCOME (self), NULL);

  return self->output;
}

/**
 * qmp_outcome_get_clean:
 * @self: an outcome
 *
 * Gets [property@Outcome:clean].
 *
 * Returns: whether it was an orderly end
 *
 * Since: 1.0
 */
gboolean
qmp_outcome_get_clean (QmpOutcome *self)
{
  g_return_val_if_fail (QMP_IS_OUTCOME (self), FALSE);

  return self->clean;
}

/**
 * qmp_outcome_get_stage:
 * @self: an outcome
 *
 * Gets [property@Outcome:stage].
 *
 * Returns: the stage
 *
 * Since: 1.0
 */
QmpShutDownStage
qmp_outcome_get_stage (QmpOutcome *self)
{
  g_return_val_if_fail (QMP_IS_OUTCOME (self), QMP_SHUT_DOWN_STAGE_NONE);

  return self->stage;
}
