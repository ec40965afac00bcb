/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-migration-private.h"

#include <glib/gi18n-lib.h>

#include <qmp-glib/qmp-machine.h>

#include "machine/qmp-member-private.h"
#include "qmp-enums.h"

/**
 * QmpMigration:
 *
 * A migration: a machine goes to another QEMU or into a file, or comes from there.
 *
 * A program does not make migrations. [method@Machine.start_migration_async] and [method@Machine.start_incoming_async] give the one that
 * they have started, and [property@Machine:migration] has the last one, whoever has started it.
 *
 * ```c
 * g_autoptr(QmpMigration) migration = qmp_machine_start_migration (machine, "unix:there.sock", NULL, &error);
 *
 * if (migration == NULL || !qmp_migration_wait (migration, QMP_TIMEOUT_NONE, NULL, &error))
 *   return FALSE;
 * ```
 *
 * ## How it ends
 *
 * What has become of it is in [property@Migration:error], which is `NULL` for success, and is known when [property@Migration:finished] is
 * `TRUE`. By then [property@Machine:status] is right, too: QEMU says that a migration is completed before the machine has
 * stopped for good. A machine that has left is `POSTMIGRATE`; it is never resumed by the library, since it runs elsewhere.
 *
 * A QEMU that waits for a machine ends when that does not arrive. Then the migration has finished when its process was reaped, and
 * the error has all that it has said.
 *
 * ## Progress
 *
 * [property@Machine:progress-interval] says how often QEMU is asked how far it is; without it the figures are those of the
 * beginning and of the end.
 *
 * Like its machine a migration belongs to the thread that made that.
 *
 * Since: 1.0
 */

enum {
  PROP_0,
  PROP_DIRECTION,
  PROP_STATUS,
  PROP_STATUS_NAME,
  PROP_FINISHED,
  PROP_ERROR,
  PROP_TOTAL,
  PROP_REMAINING,
  PROP_FRACTION,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (QmpMigration, qmp_migration, G_TYPE_OBJECT)

/* --- what is known --- */

static void
touch (QmpMigration *self,
       guint         property)
{
  self->changed |= 1u << property;
  if (self->owner != NULL)
    self->funcs->touched (self->owner, self);
}

gboolean
qmp_migration_has_ended (QmpMigration *self)
{
  return self->status == QMP_MIGRATION_STATUS_COMPLETED || self->status == QMP_MIGRATION_STATUS_FAILED ||
         self->status == QMP_MIGRATION_STATUS_CANCELLED;
}

gboolean
qmp_migration_is_at_work (QmpMigration *self)
{
  return self->direction == QMP_MIGRATION_DIRECTION_OUTGOING &&
         (self->status == QMP_MIGRATION_STATUS_ACTIVE || self->status == QMP_MIGRATION_STATUS_POSTCOPY_ACTIVE ||
          self->status == QMP_MIGRATION_STATUS_DEVICE);
}

static QmpMigrationStatus
parse_status (const char *name)
{
  g_autoptr(GEnumClass) values = g_type_class_ref (QMP_TYPE_MIGRATION_STATUS);
  GEnumValue *value = g_enum_get_value_by_nick (values, name);

  return value != NULL ? (QmpMigrationStatus) value->value : QMP_MIGRATION_STATUS_UNKNOWN;
}

void
qmp_migration_set_status (QmpMigration *self,
                          const char   *name)
{
  char *copy;

  g_assert (!self->finished);

  if (g_strcmp0 (self->status_name, name) == 0)
    return;
  copy = g_strdup (name);
  g_free (self->status_name);
  self->status_name = copy;
  self->status = parse_status (name);
  touch (self, PROP_STATUS);
  touch (self, PROP_STATUS_NAME);
}

void
qmp_migration_set_direction (QmpMigration          *self,
                             QmpMigrationDirection  direction)
{
  if (self->direction == direction)
    return;
  self->direction = direction;
  touch (self, PROP_DIRECTION);
}

static void
take_figure (QmpMigration *self,
             JsonNode     *from,
             const char   *name,
             gint64       *figure,
             guint         property)
{
  gint64 value = qmp_member_get_int (from, name, *figure);

  if (value == *figure)
    return;
  *figure = value;
  touch (self, property);
  touch (self, PROP_FRACTION);
}

void
qmp_migration_take_answer (QmpMigration *self,
                           JsonNode     *answer)
{
  JsonNode *ram = qmp_member_get (answer, "ram");

  take_figure (self, ram, "total", &self->total, PROP_TOTAL);
  take_figure (self, ram, "remaining", &self->remaining, PROP_REMAINING);
  if (!qmp_migration_has_ended (self))
    return;
  self->described = TRUE;
  g_free (self->reason);
  self->reason = g_strdup (qmp_member_get_string (answer, "error-desc"));
}

/* Takes error, which is nullable. */
static void
finish (QmpMigration *self,
        GError       *error)
{
  double fraction = qmp_migration_get_fraction (self);

  g_assert (!self->finished);

  self->finished = TRUE;
  self->error = error;
  touch (self, PROP_FINISHED);
  if (qmp_migration_get_fraction (self) != fraction)
    touch (self, PROP_FRACTION);
  if (error != NULL)
    touch (self, PROP_ERROR);
}

static GError *
new_cancelled (void)
{
  return g_error_new_literal (QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_MIGRATION_CANCELLED, _("The migration was cancelled"));
}

static GError *
new_failed (const char *reason)
{
  if (reason != NULL)
    return g_error_new (QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_MIGRATION, _("The migration has failed: %s"), reason);
  return g_error_new_literal (QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_MIGRATION,
                              _("The migration has failed, and QEMU does not say why"));
}

void
qmp_migration_finish (QmpMigration *self)
{
  g_assert (qmp_migration_has_ended (self));

  if (self->status == QMP_MIGRATION_STATUS_COMPLETED)
    finish (self, NULL);
  else if (self->status == QMP_MIGRATION_STATUS_CANCELLED)
    finish (self, new_cancelled ());
  else
    finish (self, new_failed (self->reason));
}

/* With all that the process has said, whose last line is not always the cause. */
void
qmp_migration_end (QmpMigration *self,
                   const char   *output)
{
  g_autofree char *said = g_strchomp (g_strdup (output));

  if (self->finished)
    return;
  if (self->status == QMP_MIGRATION_STATUS_COMPLETED || self->reason != NULL)
    qmp_migration_finish (self);
  else if (said[0] == '\0')
    finish (self, g_error_new_literal (QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_MIGRATION,
                                       _("The migration has failed, and the machine has ended")));
  else
    finish (self, g_error_new (QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_MIGRATION, "%s\n%s",
                               _("The migration has failed, and the machine has ended:"), said));
}

/* QEMU cancels its migration before it quits. */
void
qmp_migration_lose (QmpMigration *self,
                    const char   *reason)
{
  if (self->finished)
    return;
  if (qmp_migration_has_ended (self))
    qmp_migration_finish (self);
  else if (self->status == QMP_MIGRATION_STATUS_CANCELLING)
    finish (self, new_cancelled ());
  else
    finish (self, g_error_new_literal (QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_LOST, reason));
}

void
qmp_migration_notify (QmpMigration *self)
{
  guint changed = self->changed;

  self->changed = 0;
  g_object_freeze_notify (G_OBJECT (self));
  for (guint i = PROP_DIRECTION; i < N_PROPS; i++)
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
  QmpMigration *self = QMP_MIGRATION (object);

  switch (property_id)
    {
    case PROP_DIRECTION:
      g_value_set_enum (value, self->direction);
      break;
    case PROP_STATUS:
      g_value_set_enum (value, self->status);
      break;
    case PROP_STATUS_NAME:
      g_value_set_string (value, self->status_name);
      break;
    case PROP_FINISHED:
      g_value_set_boolean (value, self->finished);
      break;
    case PROP_ERROR:
      g_value_set_boxed (value, self->error);
      break;
    case PROP_TOTAL:
      g_value_set_int64 (value, self->total);
      break;
    case PROP_REMAINING:
      g_value_set_int64 (value, self->remaining);
      break;
    case PROP_FRACTION:
      g_value_set_double (value, qmp_migration_get_fraction (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
qmp_migration_finalize (GObject *object)
{
  QmpMigration *self = QMP_MIGRATION (object);

  g_assert (self->waits.head == NULL);

  g_clear_object (&self->client);
  g_clear_pointer (&self->io, qmp_io_context_unref);
  g_free (self->status_name);
  g_free (self->reason);
  g_clear_error (&self->error);

  G_OBJECT_CLASS (qmp_migration_parent_class)->finalize (object);
}

static void
install_words (void)
{
  GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * QmpMigration:direction: (getter get_direction)
   *
   * Whether the machine leaves or arrives.
   *
   * Since: 1.0
   */
  properties[PROP_DIRECTION] =
    g_param_spec_enum ("direction", NULL, NULL, QMP_TYPE_MIGRATION_DIRECTION, QMP_MIGRATION_DIRECTION_UNKNOWN, readable);

  /**
   * QmpMigration:status: (getter get_status)
   *
   * Where it stands.
   *
   * After `COMPLETED`, `FAILED` and `CANCELLED` it does not change any more, and [property@Migration:finished] follows.
   *
   * Since: 1.0
   */
  properties[PROP_STATUS] =
    g_param_spec_enum ("status", NULL, NULL, QMP_TYPE_MIGRATION_STATUS, QMP_MIGRATION_STATUS_UNKNOWN, readable);

  /**
   * QmpMigration:status-name: (getter get_status_name)
   *
   * Where it stands, in QEMU's word, whether or not this version of the library knows it.
   *
   * Since: 1.0
   */
  properties[PROP_STATUS_NAME] = g_param_spec_string ("status-name", NULL, NULL, NULL, readable);

  /**
   * QmpMigration:finished: (getter get_finished)
   *
   * Whether it has ended, with success or not; [property@Migration:error] says which.
   *
   * [property@Machine:status] is what has come of it by then.
   *
   * Since: 1.0
   */
  properties[PROP_FINISHED] = g_param_spec_boolean ("finished", NULL, NULL, FALSE, readable);

  /**
   * QmpMigration:error: (getter get_error)
   *
   * Why it has not succeeded, or `NULL`.
   *
   * It is `QMP_MACHINE_ERROR_MIGRATION` with QEMU's text, `QMP_MACHINE_ERROR_MIGRATION_CANCELLED`, or
   * `QMP_MACHINE_ERROR_LOST` when nobody knows what has become of it.
   *
   * Since: 1.0
   */
  properties[PROP_ERROR] = g_param_spec_boxed ("error", NULL, NULL, G_TYPE_ERROR, readable);
}

static void
install_figures (void)
{
  GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * QmpMigration:total: (getter get_total)
   *
   * How much memory the machine has, in bytes; 0 if that is not known, as of a machine that arrives.
   *
   * Since: 1.0
   */
  properties[PROP_TOTAL] = g_param_spec_int64 ("total", NULL, NULL, G_MININT64, G_MAXINT64, 0, readable);

  /**
   * QmpMigration:remaining: (getter get_remaining)
   *
   * How much of it is to be copied still, in bytes. It grows again when the guest writes into what was copied.
   *
   * Since: 1.0
   */
  properties[PROP_REMAINING] = g_param_spec_int64 ("remaining", NULL, NULL, G_MININT64, G_MAXINT64, 0, readable);

  /**
   * QmpMigration:fraction: (getter get_fraction)
   *
   * How much is done, from 0 to 1: 1 for a migration that has succeeded, 0 while nothing is known.
   *
   * It is what does not remain, of the total. How much was sent says little, since pages of zeros cost nothing.
   *
   * Since: 1.0
   */
  properties[PROP_FRACTION] = g_param_spec_double ("fraction", NULL, NULL, 0, 1, 0, readable);
}

static void
qmp_migration_class_init (QmpMigrationClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = get_property;
  object_class->finalize = qmp_migration_finalize;
  install_words ();
  install_figures ();
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

/* One that a program makes by itself is nobody's. */
static void
qmp_migration_init (QmpMigration *self)
{
  self->finished = TRUE;
}

QmpMigration *
qmp_migration_new (QmpMigrationDirection    direction,
                   QmpClient               *client,
                   QmpIoContext            *io,
                   const QmpMigrationFuncs *funcs,
                   gpointer                 owner)
{
  QmpMigration *self = g_object_new (QMP_TYPE_MIGRATION, NULL);

  self->finished = FALSE;
  self->direction = direction;
  self->client = g_object_ref (client);
  self->io = qmp_io_context_ref (io);
  self->funcs = funcs;
  self->owner = owner;
  return self;
}

/* --- getters --- */

/**
 * qmp_migration_get_direction: (get-property direction)
 * @self: a migration
 *
 * Gets the value of [property@Migration:direction].
 *
 * Returns: whether the machine leaves or arrives
 *
 * Since: 1.0
 */
QmpMigrationDirection
qmp_migration_get_direction (QmpMigration *self)
{
  g_return_val_if_fail (QMP_IS_MIGRATION (self), QMP_MIGRATION_DIRECTION_UNKNOWN);

  return self->direction;
}

/**
 * qmp_migration_get_status: (get-property status)
 * @self: a migration
 *
 * Gets the value of [property@Migration:status].
 *
 * Returns: where it stands
 *
 * Since: 1.0
 */
QmpMigrationStatus
qmp_migration_get_status (QmpMigration *self)
{
  g_return_val_if_fail (QMP_IS_MIGRATION (self), QMP_MIGRATION_STATUS_UNKNOWN);

  return self->status;
}

/**
 * qmp_migration_get_status_name: (get-property status-name)
 * @self: a migration
 *
 * Gets the value of [property@Migration:status-name].
 *
 * Returns: (transfer none) (nullable): where it stands; `NULL` if that is not known yet
 *
 * Since: 1.0
 */
const char *
qmp_migration_get_status_name (QmpMigration *self)
{
  g_return_val_if_fail (QMP_IS_MIGRATION (self), NULL);

  return self->status_name;
}

/**
 * qmp_migration_get_finished: (get-property finished)
 * @self: a migration
 *
 * Gets the value of [property@Migration:finished].
 *
 * Returns: `TRUE` if it has ended
 *
 * Since: 1.0
 */
gboolean
qmp_migration_get_finished (QmpMigration *self)
{
  g_return_val_if_fail (QMP_IS_MIGRATION (self), FALSE);

  return self->finished;
}

/**
 * qmp_migration_get_error: (get-property error)
 * @self: a migration
 *
 * Gets the value of [property@Migration:error].
 *
 * Returns: (transfer none) (nullable): why it has not succeeded
 *
 * Since: 1.0
 */
const GError *
qmp_migration_get_error (QmpMigration *self)
{
  g_return_val_if_fail (QMP_IS_MIGRATION (self), NULL);

  return self->error;
}

/**
 * qmp_migration_get_total: (get-property total)
 * @self: a migration
 *
 * Gets the value of [property@Migration:total].
 *
 * Returns: bytes, or 0
 *
 * Since: 1.0
 */
gint64
qmp_migration_get_total (QmpMigration *self)
{
  g_return_val_if_fail (QMP_IS_MIGRATION (self), 0);

  return self->total;
}

/**
 * qmp_migration_get_remaining: (get-property remaining)
 * @self: a migration
 *
 * Gets the value of [property@Migration:remaining].
 *
 * Returns: bytes
 *
 * Since: 1.0
 */
gint64
qmp_migration_get_remaining (QmpMigration *self)
{
  g_return_val_if_fail (QMP_IS_MIGRATION (self), 0);

  return self->remaining;
}

/**
 * qmp_migration_get_fraction: (get-property fraction)
 * @self: a migration
 *
 * Gets the value of [property@Migration:fraction].
 *
 * Returns: how much is done, from 0 to 1
 *
 * Since: 1.0
 */
double
qmp_migration_get_fraction (QmpMigration *self)
{
  g_return_val_if_fail (QMP_IS_MIGRATION (self), 0);

  if (self->finished && self->error == NULL)
    return 1;
  if (self->total <= 0)
    return 0;
  return CLAMP (((double) self->total - self->remaining) / self->total, 0, 1);
}
