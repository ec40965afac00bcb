/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "mock/qmp-expectation-private.h"

#include "message/qmp-value-private.h"

/**
 * QmpExpectation:
 *
 * A command that a [class@Mock] is to be sent, and what it answers.
 *
 * [method@Mock.expect] makes one. As long as nothing else is said, the mock answers what its preset has to say, and without
 * that an empty object. The answer may be said at any time before the command comes.
 *
 * Expectations are met in the order in which they were made, each once; [method@Expectation.repeats] takes one out of that. Only
 * commands that some expectation names are looked at: others are the preset's.
 *
 * The methods may be called in any thread.
 *
 * Since: 1.0
 */

struct _QmpExpectation {
  GObject       parent_instance;

  QmpScript    *script;   /* owned */
  QmpStep      *step;     /* the script's */
  QmpStage     *stage;    /* owned */
  QmpStageFunc  release;
  gboolean      told;     /* that it is met */
};

enum {
  PROP_0,
  PROP_COMMAND,
  PROP_MET,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (QmpExpectation, qmp_expectation, G_TYPE_OBJECT)

static void
qmp_expectation_finalize (GObject *object)
{
  QmpExpectation *self = QMP_EXPECTATION (object);

  g_clear_pointer (&self->script, qmp_script_unref);
  g_clear_pointer (&self->stage, qmp_stage_unref);

  G_OBJECT_CLASS (qmp_expectation_parent_class)->finalize (object);
}

static void
qmp_expectation_get_property (GObject    *object,
                              guint       property_id,
                              GValue     *value,
                              GParamSpec *pspec)
{
  QmpExpectation *self = QMP_EXPECTATION (object);

  switch (property_id)
    {
    case PROP_COMMAND:
      g_value_set_string (value, qmp_expectation_get_command (self));
      break;
    case PROP_MET:
      g_value_set_boolean (value, qmp_expectation_get_met (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
qmp_expectation_class_init (QmpExpectationClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->finalize = qmp_expectation_finalize;
  object_class->get_property = qmp_expectation_get_property;

  /**
   * QmpExpectation:command: (getter get_command)
   *
   * The command's name.
   *
   * Since: 1.0
   */
  properties[PROP_COMMAND] = g_param_spec_string ("command", NULL, NULL, NULL, readable);

  /**
   * QmpExpectation:met: (getter get_met)
   *
   * Whether the command has come. Changes are notified in the main context in which the mock was made.
   *
   * Since: 1.0
   */
  properties[PROP_MET] = g_param_spec_boolean ("met", NULL, NULL, FALSE, readable);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
qmp_expectation_init (QmpExpectation *self)
{
}

QmpExpectation *
qmp_expectation_new (QmpScript    *script,
                     QmpStep      *step,
                     QmpStage     *stage,
                     QmpStageFunc  release)
{
  QmpExpectation *self = g_object_new (QMP_TYPE_EXPECTATION, NULL);

  self->script = qmp_script_ref (script);
  self->step = step;
  self->stage = qmp_stage_ref (stage);
  self->release = release;
  return self;
}

void
qmp_expectation_tell (QmpExpectation *self)
{
  if (self->told || !qmp_expectation_get_met (self))
    return;
  self->told = TRUE;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MET]);
}

/* One that a program makes by itself is nobody's. */
#define is_mock(self) (QMP_IS_EXPECTATION (self) && (self)->script != NULL)

/* --- what is answered --- */

static gboolean
can_be_sent (JsonNode *value)
{
  g_autoptr(GString) text = g_string_new (NULL);

  return value == NULL || qmp_value_append (text, "return", value, NULL);
}

/* Takes the last two. The lock is held until done. */
static void
begin_answer (QmpExpectation *self,
              QmpAnswerKind   kind,
              char           *error_class,
              char           *desc)
{
  qmp_script_lock (self->script);
  self->step->kind = kind;
  g_clear_pointer (&self->step->value, json_node_unref);
  g_free (self->step->error_class);
  g_free (self->step->desc);
  self->step->error_class = error_class;
  self->step->desc = desc;
}

/**
 * qmp_expectation_returns:
 * @self: an expectation
 * @value: (nullable): what the command returns; `NULL` for an empty object, as most commands return
 *
 * The command succeeds. What is in @value must be something that JSON can hold; otherwise that is an error of the programmer.
 *
 * Since: 1.0
 */
void
qmp_expectation_returns (QmpExpectation *self,
                         JsonNode       *value)
{
  g_return_if_fail (is_mock (self));
  g_return_if_fail (can_be_sent (value));

  begin_answer (self, QMP_ANSWER_VALUE, NULL, NULL);
  self->step->value = qmp_script_copy_node (value);
  qmp_script_unlock (self->script);
}

/**
 * qmp_expectation_fails:
 * @self: an expectation
 * @error_class: (not nullable): one of QEMU's classes, in UTF-8: `GenericError`, `CommandNotFound`, `DeviceNotActive`,
 *   `DeviceNotFound`, `KVMMissingCap`
 * @desc: (not nullable): what went wrong, in UTF-8
 *
 * The command fails.
 *
 * Since: 1.0
 */
void
qmp_expectation_fails (QmpExpectation *self,
                       const char     *error_class,
                       const char     *desc)
{
  g_return_if_fail (is_mock (self));
  g_return_if_fail (error_class != NULL && desc != NULL);

  begin_answer (self, QMP_ANSWER_ERROR, g_strdup (error_class), g_strdup (desc));
  qmp_script_unlock (self->script);
}

/**
 * qmp_expectation_fails_job:
 * @self: an expectation
 * @desc: (not nullable): what went wrong, in UTF-8
 *
 * The command succeeds and starts a job, which fails at once. Its ID is the command's `job-id`, or its `device`.
 *
 * The events are those of a real job of that kind. It can be asked for and dismissed with the preset
 * `QMP_MOCK_PRESET_MACHINE` alone.
 *
 * Since: 1.0
 */
void
qmp_expectation_fails_job (QmpExpectation *self,
                           const char     *desc)
{
  g_return_if_fail (is_mock (self));
  g_return_if_fail (desc != NULL);

  begin_answer (self, QMP_ANSWER_FAILED_JOB, NULL, g_strdup (desc));
  qmp_script_unlock (self->script);
}

/**
 * qmp_expectation_stays_silent:
 * @self: an expectation
 *
 * The command is never answered. Later ones are.
 *
 * Since: 1.0
 */
void
qmp_expectation_stays_silent (QmpExpectation *self)
{
  g_return_if_fail (is_mock (self));

  begin_answer (self, QMP_ANSWER_NONE, NULL, NULL);
  qmp_script_unlock (self->script);
}

static void
emits (QmpExpectation *self,
       GPtrArray      *events,
       const char     *name,
       JsonNode       *data)
{
  qmp_script_lock (self->script);
  qmp_step_add_event (events, name, data);
  qmp_script_unlock (self->script);
}

/**
 * qmp_expectation_emits_before:
 * @self: an expectation
 * @name: (not nullable): the event's name, in UTF-8
 * @data: (nullable): its data, a node that holds an object
 *
 * An event goes out before the answer, as QEMU's `STOP` goes before the answer to `stop`. Several go out in their order.
 *
 * Since: 1.0
 */
void
qmp_expectation_emits_before (QmpExpectation *self,
                              const char     *name,
                              JsonNode       *data)
{
  g_return_if_fail (is_mock (self));
  g_return_if_fail (name != NULL);
  g_return_if_fail (data == NULL || (JSON_NODE_HOLDS_OBJECT (data) && can_be_sent (data)));

  emits (self, self->step->before, name, data);
}

/**
 * qmp_expectation_emits_after:
 * @self: an expectation
 * @name: (not nullable): the event's name, in UTF-8
 * @data: (nullable): its data, a node that holds an object
 *
 * An event goes out right behind the answer, in one piece with it. Several go out in their order.
 *
 * Since: 1.0
 */
void
qmp_expectation_emits_after (QmpExpectation *self,
                             const char     *name,
                             JsonNode       *data)
{
  g_return_if_fail (is_mock (self));
  g_return_if_fail (name != NULL);
  g_return_if_fail (data == NULL || (JSON_NODE_HOLDS_OBJECT (data) && can_be_sent (data)));

  emits (self, self->step->after, name, data);
}

/**
 * qmp_expectation_breaks:
 * @self: an expectation
 * @fault: what goes wrong
 *
 * Something goes wrong with the client's connection, behind the answer and its events if it has any: see [enum@MockFault].
 *
 * Since: 1.0
 */
void
qmp_expectation_breaks (QmpExpectation *self,
                        QmpMockFault    fault)
{
  g_return_if_fail (is_mock (self));

  qmp_script_lock (self->script);
  self->step->fault = fault;
  qmp_script_unlock (self->script);
}

/* --- when, and how often --- */

/**
 * qmp_expectation_repeats:
 * @self: an expectation
 *
 * The command may come at any time, as often as it likes, or not at all, and is answered in the same way each time. Those that
 * stand in the order go first.
 *
 * Since: 1.0
 */
void
qmp_expectation_repeats (QmpExpectation *self)
{
  g_return_if_fail (is_mock (self));

  qmp_script_lock (self->script);
  self->step->repeats = TRUE;
  qmp_script_unlock (self->script);
}

/**
 * qmp_expectation_holds:
 * @self: an expectation
 *
 * The command is not answered before [method@Expectation.release] is called, and its events do not go out before.
 *
 * Answers keep the order of their commands: those to later commands of the same client wait as well.
 *
 * Since: 1.0
 */
void
qmp_expectation_holds (QmpExpectation *self)
{
  g_return_if_fail (is_mock (self));

  qmp_script_lock (self->script);
  self->step->held = TRUE;
  qmp_script_unlock (self->script);
}

/**
 * qmp_expectation_release:
 * @self: an expectation
 *
 * Answers the command that is held. When it has not come yet it is answered as soon as it comes.
 *
 * Since: 1.0
 */
void
qmp_expectation_release (QmpExpectation *self)
{
  g_return_if_fail (is_mock (self));

  qmp_script_lock (self->script);
  self->step->held = FALSE;
  qmp_script_unlock (self->script);
  qmp_stage_call (self->stage, self->release, self->step);
}

/* --- what came --- */

/**
 * qmp_expectation_get_command: (get-property command)
 * @self: an expectation
 *
 * Gets the value of [property@Expectation:command].
 *
 * Returns: (transfer none) (nullable): the command's name
 *
 * Since: 1.0
 */
const char *
qmp_expectation_get_command (QmpExpectation *self)
{
  g_return_val_if_fail (QMP_IS_EXPECTATION (self), NULL);

  return self->step != NULL ? self->step->command : NULL;
}

/**
 * qmp_expectation_get_met: (get-property met)
 * @self: an expectation
 *
 * Gets the value of [property@Expectation:met].
 *
 * Returns: `TRUE` if the command has come
 *
 * Since: 1.0
 */
gboolean
qmp_expectation_get_met (QmpExpectation *self)
{
  gboolean met;

  g_return_val_if_fail (QMP_IS_EXPECTATION (self), FALSE);

  if (self->script == NULL)
    return FALSE;
  qmp_script_lock (self->script);
  met = self->step->n_met > 0;
  qmp_script_unlock (self->script);
  return met;
}

/**
 * qmp_expectation_dup_message:
 * @self: an expectation
 *
 * Gets the command that has met the expectation, with the file descriptors that came with it ([method@Message.get_fd_list]); the
 * last one if there were several.
 *
 * Returns: (transfer full) (nullable): a copy of it; `NULL` if none has come
 *
 * Since: 1.0
 */
QmpMessage *
qmp_expectation_dup_message (QmpExpectation *self)
{
  QmpMessage *message;

  g_return_val_if_fail (is_mock (self), NULL);

  qmp_script_lock (self->script);
  message = self->step->message != NULL ? qmp_message_dup (self->step->message) : NULL;
  qmp_script_unlock (self->script);
  return message;
}

/**
 * qmp_expectation_wait:
 * @self: an expectation
 * @timeout: how long to wait, in milliseconds, or `QMP_TIMEOUT_NONE`
 * @cancellable: (nullable): to stop waiting, or `NULL`
 * @error: return location for an error
 *
 * Blocks until the command has come. Nothing of the caller's thread goes on meanwhile: this is for a client in another thread,
 * or in another process. Others look at [property@Expectation:met].
 *
 * Errors:
 *
 * - `QMP_MOCK_ERROR_UNEXPECTED`: something else came, as [method@Mock.verify] says;
 * - `QMP_MOCK_ERROR_MISSING`: the mock has ended, and it has not come;
 * - `G_IO_ERROR_TIMED_OUT`: it did not come in time;
 * - `G_IO_ERROR_CANCELLED`: waiting was cancelled.
 *
 * Returns: `TRUE` if it has come
 *
 * Since: 1.0
 */
gboolean
qmp_expectation_wait (QmpExpectation  *self,
                      int              timeout,
                      GCancellable    *cancellable,
                      GError         **error)
{
  g_return_val_if_fail (is_mock (self), FALSE);
  g_return_val_if_fail (timeout >= QMP_TIMEOUT_NONE, FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return qmp_script_wait (self->script, self->step, timeout, cancellable, error);
}
